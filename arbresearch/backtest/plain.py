"""Frozen dataclasses as JSON can hold them, and back."""

from __future__ import annotations

import math
import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from arbresearch.core import BadInput, expected

__all__ = ["from_plain", "to_plain"]

T = TypeVar("T")


def to_plain(value: Any) -> Any:
    """Return dataclasses as dicts, sequences as lists, NaN as None and infinities as ``"inf"`` and ``"-inf"``."""
    if is_dataclass(value):
        return {one.name: to_plain(getattr(value, one.name)) for one in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): to_plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [to_plain(one) for one in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else str(value)
    return value


def from_plain(cls: type[T], plain: object) -> T:
    """Return the dataclass that :func:`to_plain` was given.

    Raises
    ------
    BadInput
        A field is missing, unknown, or not of its type.
    """
    if not isinstance(plain, Mapping):
        raise BadInput(expected(cls.__name__, "an object", type(plain).__name__))
    hints = get_type_hints(cls)
    if set(plain) != set(hints):
        odd = ", ".join(sorted(set(plain) ^ set(hints)))
        raise BadInput(expected(cls.__name__, "exactly its fields", f"missing or unknown: {odd}"))
    return cls(**{name: _value(f"{cls.__name__}.{name}", hint, plain[name]) for name, hint in hints.items()})


def _value(what: str, hint: Any, value: object) -> Any:
    if hint is float and (value is None or value in ("inf", "-inf")):
        return math.nan if value is None else float(str(value))
    if is_dataclass(hint) and isinstance(hint, type):
        return from_plain(hint, value)
    if get_origin(hint) is tuple and isinstance(value, list):
        return tuple(_value(what, get_args(hint)[0], one) for one in value)
    if get_origin(hint) in (Union, types.UnionType):
        return None if value is None else _value(what, get_args(hint)[0], value)
    wanted = {float: (float, int), int: (int,), bool: (bool,)}.get(hint, (str,))
    if not isinstance(value, wanted) or (isinstance(value, bool) and hint is not bool):
        raise BadInput(expected(what, getattr(hint, "__name__", str(hint)), repr(value)))
    return float(value) if hint is float else value
