"""Times as other people write them, as integer nanoseconds since the epoch, UTC."""

from __future__ import annotations

from typing import Final

import polars as pl

from arbresearch.core import MappingError, expected
from arbresearch.core.units import MAX_NS, MIN_NS
from arbresearch.store.importers.mapping_parts import Clock

__all__ = ["UNIT_NAMES", "looks_like", "read_clock"]

UNIT_NAMES: Final = {"s": "seconds", "ms": "milliseconds", "us": "microseconds", "ns": "nanoseconds"}
_DIGITS: Final = {"s": 9, "ms": 6, "us": 3, "ns": 0}
_ISO: Final = ("%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f%#z", "%Y-%m-%d %H:%M:%S%.f%#z")
_LIMIT: Final = 2**63 - 1


def looks_like(value: float) -> str | None:
    """Return the name of the unit in which a number is a time between 2009 and 2100; None when in none."""
    for unit, digits in _DIGITS.items():
        if MIN_NS <= value * 10**digits < MAX_NS:
            return UNIT_NAMES[unit]
    return None


def read_clock(values: pl.Series, clock: Clock) -> tuple[pl.Series, pl.Series]:
    """Read a column of times.

    Parameters
    ----------
    values
        Text, numbers or typed times as the file has them.
    clock
        Their unit, format and zone. Decimal fractions in text are kept to the nanosecond; floating-point numbers
        are rounded to the microsecond, which is what a double of that size can hold.

    Returns
    -------
    times, reasons
        Int64 nanoseconds (null where missing or bad), and String: ``time_malformed`` where a text is no time,
        ``time_ambiguous`` where the zone has it twice or never, else null.

    Raises
    ------
    MappingError
        If the column's type does not go with the unit.
    """
    if clock.unit in _DIGITS:
        times = _numbers(values, clock)
        ambiguous = pl.repeat(False, len(values), dtype=pl.Boolean, eager=True)
    else:
        naive, aware = _parsed(values, clock)
        zoned = naive.dt.replace_time_zone(clock.zone, ambiguous="null", non_existent="null")
        ambiguous = naive.is_not_null() & zoned.is_null()
        times = aware.fill_null(zoned.dt.epoch("ns"))
    bad = values.is_not_null() & times.is_null()
    reasons = pl.select(
        pl.when(ambiguous).then(pl.lit("time_ambiguous")).when(bad).then(pl.lit("time_malformed"))
    ).to_series()
    return times.rename("times"), reasons.rename("reasons")


def _mismatch(values: pl.Series, clock: Clock, want: str) -> MappingError:
    return MappingError(
        expected(
            f"column {clock.column} with unit {clock.unit!r}",
            want,
            str(values.dtype),
            "correct the unit in the mapping",
        )
    )


def _numbers(values: pl.Series, clock: Clock) -> pl.Series:
    digits = _DIGITS[clock.unit]
    if values.dtype == pl.String:
        whole = values.cast(pl.Int64, strict=False)
        if whole.null_count() == values.null_count():
            nanoseconds = _times(whole, digits)
        else:
            nanoseconds = _fractions(values.str.strip_chars(), digits)
    elif values.dtype.is_integer():
        nanoseconds = _times(values.cast(pl.Int64, strict=False), digits)
    elif values.dtype.is_numeric():
        nanoseconds = _rounded(values.cast(pl.Float64), digits)
    else:
        raise _mismatch(values, clock, "a column of numbers")
    return _shifted(nanoseconds, clock.origin_ns)


def _times(whole: pl.Series, digits: int) -> pl.Series:
    """Multiply by a power of ten; what would not fit stays out of any range instead of wrapping round."""
    bound = _LIMIT // 10**digits
    return pl.select(whole.clip(-bound, bound) * 10**digits).to_series()


def _rounded(values: pl.Series, digits: int) -> pl.Series:
    micro = (values * 10.0 ** (digits - 3)).clip(-_LIMIT / 2e3, _LIMIT / 2e3).round()
    return _times(micro.cast(pl.Int64, strict=False), 3)


def _shifted(nanoseconds: pl.Series, origin_ns: int) -> pl.Series:
    if not origin_ns:
        return nanoseconds
    return pl.select(nanoseconds.clip(-_LIMIT // 2, _LIMIT // 2) + origin_ns).to_series()


def _fractions(text: pl.Series, digits: int) -> pl.Series:
    """Read decimal texts exactly: the whole part and the first digits of the fraction apart."""
    whole = _times(text.str.extract(r"^(\d+)(?:\.\d*)?$", 1).cast(pl.Int64, strict=False), digits)
    fraction = text.str.extract(r"^\d+\.(\d+)$", 1).str.slice(0, digits).str.pad_end(digits, "0")
    rest = fraction.cast(pl.Int64, strict=False) if digits else pl.repeat(0, len(text), dtype=pl.Int64, eager=True)
    exact = pl.select(whole + rest.fill_null(0)).to_series()
    if exact.null_count() == text.null_count():
        return exact
    return exact.fill_null(_rounded(text.cast(pl.Float64, strict=False), digits))


def _parsed(values: pl.Series, clock: Clock) -> tuple[pl.Series, pl.Series]:
    """Return times without a zone, and nanoseconds of those that carry one."""
    if isinstance(values.dtype, pl.Datetime):
        if values.dtype.time_zone is None:
            return values, pl.Series([None] * len(values), dtype=pl.Int64)
        return pl.Series([None] * len(values), dtype=pl.Datetime("ns")), values.dt.epoch("ns")
    if clock.unit != "iso" or values.dtype != pl.String:
        raise _mismatch(values, clock, "a column of text" if clock.unit == "iso" else "a column of times")
    text = values.str.strip_chars()
    naive = pl.Series([None] * len(values), dtype=pl.Datetime("ns"))
    aware = pl.Series([None] * len(values), dtype=pl.Int64)
    for form in (clock.format,) if clock.format is not None else _ISO:
        found = text.str.to_datetime(form, time_unit="ns", strict=False)
        if isinstance(found.dtype, pl.Datetime) and found.dtype.time_zone is not None:
            aware = aware.fill_null(found.dt.epoch("ns"))
        else:
            naive = naive.fill_null(found)
        if (naive.is_null() & aware.is_null()).sum() == values.null_count():
            break
    return naive, aware
