"""Frozen dataclasses to JSON primitives and back, by their annotations."""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum, IntEnum
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from arbresearch.core import ParameterError, expected
from arbresearch.signals.schedule import ThresholdSchedule

__all__ = ["from_primitives", "to_primitives"]

T = TypeVar("T")


def to_primitives(value: Any) -> Any:
    """Return a value as JSON primitives: dataclasses and mappings as objects, enums as lower-case text."""
    if isinstance(value, ThresholdSchedule):
        return value.as_dict()
    if is_dataclass(value) and not isinstance(value, type):
        return {one.name: to_primitives(getattr(value, one.name)) for one in fields(value) if one.init}
    if isinstance(value, IntEnum):
        return value.name.lower()
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {str(name): to_primitives(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [to_primitives(one) for one in value]
    return value


def from_primitives(kind: type[T], values: Mapping[str, Any], what: str) -> T:
    """Build a dataclass from what :func:`to_primitives` gave, or from a part of it.

    Raises
    ------
    ParameterError
        A name that the dataclass does not have, one that is missing, or a value of another shape.
    """
    if not isinstance(values, Mapping):
        raise ParameterError(expected(what, f"an object of the fields of {kind.__name__}", repr(values)))
    known = {one.name: one for one in fields(kind) if one.init}  # type: ignore[arg-type]
    unknown = sorted(set(values) - set(known))
    if unknown:
        raise ParameterError(expected(what, f"names of {', '.join(known)}", ", ".join(map(repr, unknown))))
    missing = [
        name for name, one in known.items()
        if name not in values and one.default is MISSING and one.default_factory is MISSING
    ]  # fmt: skip
    if missing:
        raise ParameterError(expected(what, f"a value for {', '.join(missing)}", "none"))
    hints = get_type_hints(kind)
    return kind(**{name: _value(hints[name], one, f"{what} {name}") for name, one in values.items()})


def _value(kind: Any, value: Any, what: str) -> Any:
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        return _either(inner, value, what)
    if origin is tuple:
        if not isinstance(value, list | tuple):
            raise ParameterError(expected(what, "a list", repr(value)))
        return tuple(_value(inner[0], one, what) for one in value)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        if not isinstance(value, Mapping):
            raise ParameterError(expected(what, "an object", repr(value)))
        return {name: _value(inner[1], one, f"{what} {name}") for name, one in value.items()}
    if isinstance(kind, type) and issubclass(kind, Enum):
        return _member(kind, value, what)
    if kind is ThresholdSchedule:
        return value if isinstance(value, ThresholdSchedule) else ThresholdSchedule.from_dict(value)
    if is_dataclass(kind) and isinstance(kind, type):
        return value if isinstance(value, kind) else from_primitives(kind, value, what)
    return value


def _either(kinds: tuple[Any, ...], value: Any, what: str) -> Any:
    """Take the first dataclass whose fields have all the names, or the only kind that is not None."""
    if value is None and type(None) in kinds:
        return None
    left = [kind for kind in kinds if kind is not type(None)]
    if isinstance(value, Mapping):
        for kind in left:
            if is_dataclass(kind) and set(value) <= {one.name for one in fields(kind)}:
                return _value(kind, value, what)
    return _value(left[0], value, what)


def _member(kind: type[Enum], value: Any, what: str) -> Enum:
    if isinstance(value, kind):
        return value
    for one in kind:
        if isinstance(value, str) and value.lower() in (one.name.lower(), str(one.value).lower()):
            return one
    names = ", ".join(one.name.lower() if isinstance(one, IntEnum) else str(one.value) for one in kind)
    raise ParameterError(expected(what, f"one of {names}", repr(value)))
