"""One tree of errors.

Every message says what was expected, what was found, and what to do. ``exit_code`` is what the
command line returns for an error of that kind: 1 failed, 2 bad input, 3 refused for safety.
"""

from __future__ import annotations

from typing import ClassVar

__all__ = [
    "ArbError",
    "BadInput",
    "ImportFailed",
    "MappingError",
    "MissingDependency",
    "NotebookFailed",
    "ParameterError",
    "PipelineError",
    "Refused",
    "SchemaError",
    "SettingsError",
    "StoreBusy",
    "StoreError",
    "StoreVersionError",
    "expected",
]


class ArbError(Exception):
    """Base of everything this package raises on purpose."""

    exit_code: ClassVar[int] = 1


class BadInput(ArbError):
    """The caller gave something that cannot be used; nothing was changed."""

    exit_code: ClassVar[int] = 2


class SchemaError(BadInput):
    """A frame or file does not have the columns, types or values its table requires."""


class MappingError(BadInput):
    """An import mapping is malformed, or does not fit the file it is applied to."""


class ParameterError(BadInput):
    """A notebook, pipeline or function parameter is unknown, of a wrong type or out of range."""


class SettingsError(BadInput):
    """A setting in the environment or in ``arbresearch.toml`` is unknown or malformed."""


class PipelineError(BadInput):
    """A pipeline file is malformed: unknown keys, missing stages, a cycle."""


class MissingDependency(BadInput):
    """An optional package or program is needed and not installed."""


class ImportFailed(BadInput):
    """A file could not be imported; nothing of it was stored."""


class StoreError(ArbError):
    """The store could not be read or written; what was acknowledged before is untouched."""


class StoreVersionError(StoreError):
    """The store was written by a newer version of the file format."""

    exit_code: ClassVar[int] = 2


class StoreBusy(StoreError):
    """Another process holds the lock that this operation needs."""


class NotebookFailed(ArbError):
    """A notebook did not run to its end, or left no valid result."""


class Refused(ArbError):
    """Refused for safety."""

    exit_code: ClassVar[int] = 3


def expected(what: str, want: object, found: object, todo: str = "") -> str:
    """Word a message the way all of them are worded here.

    Parameters
    ----------
    what
        The file, row, column or parameter the message is about.
    want, found
        What was expected and what was there instead.
    todo
        What the reader can do about it; a full clause without its final stop.
    """
    message = f"{what}: expected {want}, was {found}"
    return f"{message}; {todo}" if todo else message
