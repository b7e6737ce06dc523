"""What every import format gets, yields and is found by."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol, TypeVar, runtime_checkable

import polars as pl

from arbresearch.core import BadInput, expected

if TYPE_CHECKING:
    from arbresearch.store.importers.mapping import Mapping

__all__ = ["OPTIONS", "Batch", "Format", "Rejection", "Source", "formats", "get_format", "register"]

OPTIONS: Final = {
    "venue": "ccxt venue id of every row",
    "symbol": "unified symbol of every row",
    "mapping": "name or path of a mapping file",
    "contract_size": "base coin of one contract; sizes are multiplied by it",
    "depth_interval_ms": "least time between two stored books of a symbol",
    "at": "the instant a snapshot without a time of its own was taken",
}
"""What a caller may say about a file, beside its format. A format lists the ones it understands."""


@dataclass(frozen=True, slots=True)
class Source:
    """One file to import, and what the caller said about it.

    Parameters
    ----------
    path
        The file; open it with :func:`arbresearch.store.importers.content.open_content`.
    venue, symbol
        ccxt venue id and unified symbol when the caller gave them, else None.
    mapping
        The resolved mapping of a declarative format.
    contract_size
        Base coin of one contract; multiplies sizes.
    at_ns
        The instant of a snapshot, nanoseconds since the epoch, UTC.
    depth_interval_ms
        Least time between two stored books of a symbol, milliseconds; 0 stores each, None is the format's default.
    """

    path: Path
    venue: str | None = None
    symbol: str | None = None
    mapping: Mapping | None = None
    contract_size: float | None = None
    at_ns: int | None = None
    depth_interval_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Rejection:
    """A row that is not stored: where it stands in the file, why, and its text.

    ``reason`` is a short code (``time_unit``, ``not_a_number``, ``sequence_gap``) that reports count by.
    """

    line: int
    reason: str
    text: str


@dataclass(frozen=True, slots=True)
class Batch:
    """A bounded piece of one table, as a format yields it.

    Parameters
    ----------
    table
        Name of the table.
    frame
        Logical columns of that table (optional ones may be missing), sizes in base coin. Its rows are checked
        by the caller, so a negative price may stand in it.
    rows
        Int64, one value a row of ``frame``: the line or row number in the file it came from, from 1.
    rejected
        Rows that the format itself refused.
    consumed
        Bytes of the (decompressed) content read so far.
    filtered
        Rows of the file that were left out on purpose since the batch before.
    notes
        Sentences for the report, such as a clock that was filled in; repeated ones are shown once.
    texts
        Gives the original text of the rows of ``frame`` at the given positions; None: their values are shown.
    """

    table: str
    frame: pl.DataFrame
    rows: pl.Series
    rejected: tuple[Rejection, ...] = ()
    consumed: int = 0
    filtered: int = 0
    notes: tuple[str, ...] = ()
    texts: Callable[[Sequence[int]], list[str]] | None = None


@runtime_checkable
class Format(Protocol):
    """A kind of file. One object a format, stateless, handed to :func:`register`."""

    @property
    def name(self) -> str:
        """What it is called on the command line."""

    @property
    def doc(self) -> str:
        """One sentence on what it reads."""

    @property
    def extensions(self) -> tuple[str, ...]:
        """How its files usually end, such as ``.csv.gz``; for people, not enforced."""

    @property
    def options(self) -> tuple[str, ...]:
        """Which of :data:`OPTIONS` it understands; the others are refused."""

    def read(self, source: Source, batch_rows: int) -> Iterator[Batch]:
        """Yield the file's rows in batches of at most about ``batch_rows``, in bounded memory.

        Raises
        ------
        ImportFailed
            If the file as a whole cannot be used; nothing of it is stored then.
        MappingError
            If the mapping does not fit the file.
        """
        ...


_FORMATS: Final[dict[str, Format]] = {}
AnyFormat = TypeVar("AnyFormat", bound=Format)


def register(one: AnyFormat) -> AnyFormat:
    """Make a format known by its name and return it; a second one of the same name replaces the first."""
    unknown = set(one.options) - set(OPTIONS)
    if unknown:
        raise BadInput(expected(f"options of format {one.name}", f"some of {', '.join(OPTIONS)}", sorted(unknown)))
    _FORMATS[one.name] = one
    return one


def formats() -> tuple[Format, ...]:
    """Return every known format, by name."""
    return tuple(_FORMATS[name] for name in sorted(_FORMATS))


def get_format(name: str) -> Format:
    """Return a format by name.

    Raises
    ------
    BadInput
        If there is none of that name; the message lists those there are.
    """
    try:
        return _FORMATS[name]
    except KeyError:
        raise BadInput(expected("import format", f"one of {', '.join(sorted(_FORMATS))}", repr(name))) from None
