"""Thresholds over time: what a walk-forward chose, and what a backtest and live trading both follow."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, dataclass, fields
from itertools import pairwise
from math import inf, isnan
from pathlib import Path
from typing import Any, Final, Self

import polars as pl

from arbresearch.core import BadInput, ParameterError, expected, format_ns, parse_ns

__all__ = ["ScheduleRow", "ThresholdSchedule"]

_KIND: Final = "threshold schedule"
_VERSION: Final = 1
_NEVER: Final = "never"
"""How an infinite threshold is written: JSON has no infinity."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleRow:
    """What holds from a time on.

    Parameters
    ----------
    since_ns
        Receive time, nanoseconds; ISO 8601 text is read too.
    sell_a_bps, sell_b_bps
        Net edge that selling on A (on B) and buying on the other venue must exceed where it tilts inventory, basis
        points; infinite: not traded.
    sell_a_exit_bps, sell_b_exit_bps
        The same where the trade brings inventory back.
    order_quote
        Largest notional of one action, quote currency.
    tilt_slope_bps
        By how much the threshold of tilting further is higher when all of the selling venue's coin is gone; linear in
        between.
    max_hold_minutes
        How long inventory may stay tilted; None: as what follows the schedule says.

    Raises
    ------
    ParameterError
        NaN, an infinite loss, an order of nothing, or a slope below zero.
    """

    since_ns: int
    sell_a_bps: float
    sell_b_bps: float
    sell_a_exit_bps: float
    sell_b_exit_bps: float
    order_quote: float
    tilt_slope_bps: float = 0.0
    max_hold_minutes: float | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot be meant; the time becomes nanoseconds."""
        object.__setattr__(self, "since_ns", parse_ns(self.since_ns))
        for name in _THRESHOLDS:
            value = getattr(self, name)
            if isnan(value) or value == -inf:
                raise ParameterError(expected(f"schedule {name}", "basis points, or infinity for no trade", value))
        if not 0.0 < self.order_quote < inf:
            raise ParameterError(expected("schedule order_quote", "a positive finite amount", self.order_quote))
        if not 0.0 <= self.tilt_slope_bps < inf:
            raise ParameterError(expected("schedule tilt_slope_bps", "basis points, 0 or more", self.tilt_slope_bps))
        if self.max_hold_minutes is not None and not 0.0 <= self.max_hold_minutes < inf:
            raise ParameterError(expected("schedule max_hold_minutes", "minutes, 0 or more", self.max_hold_minutes))

    @property
    def trades(self) -> bool:
        """Return whether inventory may be tilted at all."""
        return min(self.sell_a_bps, self.sell_b_bps) < inf


_THRESHOLDS: Final = ("sell_a_bps", "sell_b_bps", "sell_a_exit_bps", "sell_b_exit_bps")


@dataclass(frozen=True, slots=True)
class ThresholdSchedule:
    """Thresholds and sizes that hold from times on.

    Before the first row nothing is traded. A row is in force before anything else of its time; a resting quote or a
    pair under way keeps the threshold it was decided on.

    Parameters
    ----------
    rows
        Rising in time, one or more.

    Raises
    ------
    BadInput
        No row, or times that do not rise.
    """

    rows: tuple[ScheduleRow, ...]

    def __post_init__(self) -> None:
        """Refuse rows out of order."""
        object.__setattr__(self, "rows", tuple(self.rows))
        if not self.rows:
            raise BadInput(expected("schedule", "one row or more", "none"))
        for before, after in pairwise(self.rows):
            if after.since_ns <= before.since_ns:
                found = f"{format_ns(before.since_ns)} before {format_ns(after.since_ns)}"
                raise BadInput(expected("schedule", "rows that rise in time", found, "sort them, each time once"))

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.rows)

    def at(self, time_ns: int) -> ScheduleRow | None:
        """Return what is in force at a time (ns); None before the first row."""
        held = [row for row in self.rows if row.since_ns <= time_ns]
        return held[-1] if held else None

    def frame(self) -> pl.DataFrame:
        """Return one row a row, times as ``since_ns``, infinite thresholds as infinity."""
        names = [one.name for one in fields(ScheduleRow)]
        return pl.DataFrame({name: [getattr(row, name) for row in self.rows] for name in names})

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON primitives, an infinite threshold as ``never``."""
        return {
            "kind": _KIND,
            "version": _VERSION,
            "rows": [
                {
                    one.name: format_ns(row.since_ns, 9) if one.name == "since_ns" else _written(getattr(row, one.name))
                    for one in fields(ScheduleRow)
                }
                for row in self.rows
            ],
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Build a schedule from what :meth:`as_dict` gave.

        Raises
        ------
        BadInput
            Another kind or version, names that are not known or missing, or values out of range.
        """
        if not isinstance(values, Mapping) or values.get("kind") != _KIND or values.get("version") != _VERSION:
            raise BadInput(expected("schedule", f"a {_KIND} of version {_VERSION}", _short(values)))
        return cls(tuple(_row(one, place) for place, one in enumerate(_list(values.get("rows")))))

    def save(self, path: Path) -> None:
        """Write it to a JSON file, whole or not at all."""
        draft = path.with_name(path.name + ".part")
        draft.write_text(json.dumps(self.as_dict(), indent=2) + "\n", encoding="utf-8")
        draft.replace(path)

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read it from a file.

        Raises
        ------
        BadInput
            No such file, or no schedule in it.
        """
        try:
            return cls.from_dict(json.loads(path.read_text(encoding="utf-8")))
        except FileNotFoundError:
            raise BadInput(expected("schedule", "a file", f"no file {path}")) from None
        except (json.JSONDecodeError, UnicodeDecodeError) as error:
            raise BadInput(expected(f"schedule {path.name}", "JSON", str(error))) from None


def _written(value: float | None) -> float | str | None:
    return _NEVER if value == inf else value


def _row(values: Any, place: int) -> ScheduleRow:
    what = f"schedule row {place}"
    known = [one.name for one in fields(ScheduleRow)]
    needed = [one.name for one in fields(ScheduleRow) if one.default is MISSING]
    if not isinstance(values, Mapping) or not set(needed) <= set(values) <= set(known):
        raise BadInput(expected(what, f"the names {', '.join(known)}", _short(values)))
    read: dict[str, Any] = {name: inf if name in _THRESHOLDS and one == _NEVER else one for name, one in values.items()}
    for name, one in read.items():
        if name == "since_ns" or (name == "max_hold_minutes" and one is None):
            continue
        if isinstance(one, bool) or not isinstance(one, int | float):
            raise BadInput(expected(f"{what}, {name}", "a number", repr(one)))
    return ScheduleRow(**read)


def _list(values: Any) -> Iterable[Any]:
    if not isinstance(values, list):
        raise BadInput(expected("schedule rows", "a list", _short(values)))
    return values


def _short(values: Any) -> str:
    return repr(values)[:80]
