"""Values as other people write them: numbers, flags, sizes in contracts, midpoints, levels."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import numpy as np
import polars as pl

from arbresearch.core import MappingError, expected
from arbresearch.store.importers.mapping_parts import Levels, MidSpread
from arbresearch.store.schemas import DEPTH_LEVELS, Kind

__all__ = ["as_kind", "level_array", "level_columns", "mark", "mid_spread", "on_tick", "scaled"]


def scaled(values: pl.Series, factor: Decimal | None) -> pl.Series:
    """Multiply by a decimal and return the doubles nearest to the decimal products, to fifteen digits.

    Products below 1e-8 are rounded at the 22nd decimal place, the last power of ten that a double holds exactly, where
    that is not more than rounding errors away.
    """
    if factor is None:
        return values
    whole, decimals = _fraction(factor)
    raw = values.to_numpy() * whole / 10.0**decimals
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        places = 14.0 - np.floor(np.log10(np.abs(raw)))
        usable = np.isfinite(places) & (places >= 0)
        power = 10.0 ** np.where(usable, np.minimum(places, 22.0), 0.0)
        rounded = np.rint(raw * power) / power
        usable &= (places <= 22) | (np.abs(rounded - raw) <= 4.0 * np.spacing(np.abs(raw)))
    result = pl.Series(values.name, np.where(usable, rounded, raw))
    return pl.select(pl.when(values.is_not_null()).then(result)).to_series().rename(values.name)


def on_tick(values: pl.Series, tick: Decimal) -> tuple[pl.Series, pl.Series]:
    """Round to multiples of a decimal tick, each the double nearest to the decimal.

    Returns
    -------
    rounded, off
        The multiples, and which values were farther than a thousandth of a tick from one. Null stays null.
    """
    whole, places = _fraction(tick)
    # NumPy divides; Polars multiplies by the reciprocal of a constant, which is a bit off in the last place.
    steps = values.to_numpy() * 10.0**places / whole
    rounded = pl.Series(values.name, np.rint(steps) * whole / 10.0**places)
    off = pl.Series(np.abs(steps - np.rint(steps)) > 1e-3)
    return pl.select(pl.when(values.is_not_null()).then(rounded)).to_series().rename(values.name), off


def _fraction(number: Decimal) -> tuple[int, int]:
    """Return a positive decimal as a whole number over a power of ten."""
    _, digits, exponent = number.normalize().as_tuple()
    return int("".join(map(str, digits))) * 10 ** max(0, int(exponent)), max(0, -int(exponent))


def mark(bad: pl.Series, code: str) -> pl.Series:
    """Return a code where a flag is set, null elsewhere (null flags count as not set)."""
    return pl.select(pl.when(bad.fill_null(False)).then(pl.lit(code))).to_series()


def _numbers(values: pl.Series) -> tuple[pl.Series, pl.Series]:
    bare = values.str.strip_chars() if values.dtype == pl.String() else values
    numbers = bare.cast(pl.Float64, strict=False)
    return numbers, mark(values.is_not_null() & numbers.is_null(), "not_a_number")


def as_kind(values: pl.Series, kind: Kind, translate: dict[str, Any] | None) -> tuple[pl.Series, pl.Series]:
    """Read a column as a kind of logical column, after translating its texts; also say what is no such value."""
    fine = pl.repeat(None, len(values), dtype=pl.String, eager=True)
    if translate is not None:
        text = values.cast(pl.String)
        if kind is Kind.FLAG:
            return text.replace_strict(translate, default=None, return_dtype=pl.Boolean), fine
        translated = text.replace({key: str(value) for key, value in translate.items()})
        return as_kind(translated, kind, None)
    match kind:
        case Kind.TEXT:
            return values.cast(pl.String), fine
        case Kind.SIDE:
            return values.cast(pl.String).str.to_lowercase(), fine
        case Kind.FLAG:
            words = {"true": True, "1": True, "false": False, "0": False}
            text = values.cast(pl.String).str.to_lowercase()
            return text.replace_strict(words, default=None, return_dtype=pl.Boolean), fine
        case Kind.COUNT:
            counts = values.cast(pl.Int64, strict=False)
            return counts, mark(values.is_not_null() & counts.is_null(), "not_a_number")
        case _:
            return _numbers(values)


def mid_spread(raw: pl.DataFrame, spec: MidSpread) -> tuple[dict[str, pl.Series], pl.Series]:
    """Return bid and ask of midpoint and spread, and ``off_tick`` where they are no multiples of the tick."""
    mid, bad_mid = _numbers(raw[spec.mid])
    spread, bad_spread = _numbers(raw[spec.spread])
    bid, off_bid = on_tick(mid - spread / 2, spec.tick)
    ask, off_ask = on_tick(mid + spread / 2, spec.tick)
    off = mark(off_bid | off_ask, "off_tick")
    return {"bid": bid, "ask": ask}, pl.select(pl.coalesce(bad_mid, bad_spread, off)).to_series()


def level_columns(raw: pl.DataFrame, levels: Levels, name: str) -> tuple[list[pl.Series], list[pl.Series]]:
    """Return the kept levels of one side as Float64 columns, best first, and reasons against rows."""
    if not levels.listed:
        pairs = [_numbers(raw[column]) for column in levels.columns(name, DEPTH_LEVELS)]
        return [found for found, _ in pairs], [bad for _, bad in pairs]
    if not isinstance(raw.schema[name], pl.List | pl.Array):
        raise MappingError(expected(f"column {name}", "a list of numbers a row", str(raw.schema[name])))
    kept = raw[name].cast(pl.List(pl.Float64))
    return [kept.list.get(level, null_on_oob=True) for level in range(min(levels.count, DEPTH_LEVELS))], []


def level_array(name: str, parts: Sequence[pl.Series]) -> pl.Series:
    """Return levels as one column of arrays; missing ones are null."""
    height = len(parts[0])
    gap = pl.repeat(None, height, dtype=pl.Float64, eager=True)
    padded = [*parts, *([gap] * (DEPTH_LEVELS - len(parts)))]
    frame = pl.DataFrame([part.rename(str(level)) for level, part in enumerate(padded)])
    return frame.select(pl.concat_arr(frame.columns).alias(name)).to_series()
