"""Units: nanoseconds since the epoch in UTC, and basis points of notional."""

from __future__ import annotations

import math
import re
from datetime import UTC, date, datetime
from operator import index
from typing import Final, SupportsIndex

from arbresearch.core.errors import ParameterError, expected

__all__ = [
    "BPS",
    "MAX_NS",
    "MIN_NS",
    "NS_PER_DAY",
    "NS_PER_HOUR",
    "NS_PER_MINUTE",
    "NS_PER_MS",
    "NS_PER_SECOND",
    "NS_PER_US",
    "format_ns",
    "parse_duration_s",
    "parse_ns",
    "time_unit_guess",
    "utc_date",
]

BPS: Final = 1e-4
"""One basis point as a fraction of notional."""

NS_PER_US: Final = 1_000
NS_PER_MS: Final = 1_000_000
NS_PER_SECOND: Final = 1_000_000_000
NS_PER_MINUTE: Final = 60 * NS_PER_SECOND
NS_PER_HOUR: Final = 3_600 * NS_PER_SECOND
NS_PER_DAY: Final = 86_400 * NS_PER_SECOND

MIN_NS: Final = 1_230_768_000 * NS_PER_SECOND
"""2009-01-01: no market this package knows is older."""
MAX_NS: Final = 4_102_444_800 * NS_PER_SECOND
"""2100-01-01: later than this is a wrong unit, not a time."""

_FRACTION: Final = re.compile(r"([^.,]*(?:\d{2}:\d{2}:\d{2}|[T ]\d{6}))[.,](\d{1,9})(?!\d)([^.,]*)")
_DURATION: Final = re.compile(r"^\s*(\d+(?:\.\d+)?)\s*(ns|us|ms|s|m|min|h|d)?\s*$")
_DURATION_S: Final = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0}


def parse_duration_s(text: str | float) -> float:
    """Read a duration such as ``"90s"``, ``"1.5h"``, ``"250ms"`` or a number of seconds.

    Returns
    -------
    float
        Seconds, never negative.

    Raises
    ------
    ParameterError
        If the text is not a number with one of the units ns, us, ms, s, m, min, h, d, or the number is negative
        or not finite.
    """
    if not isinstance(text, str) and math.isfinite(text) and text >= 0:
        return float(text)
    match = _DURATION.match(str(text))
    if match is None:
        raise ParameterError(
            expected("duration", "a number with ns, us, ms, s, m, h or d, such as 90s or 1.5h", repr(text))
        )
    return float(match[1]) * _DURATION_S[match[2] or "s"]


def parse_ns(value: str | SupportsIndex | datetime | date) -> int:
    """Read a point in time as nanoseconds since the epoch.

    Parameters
    ----------
    value
        An integer (already nanoseconds; NumPy's too), a ``datetime`` (naive means UTC), a ``date`` (its midnight),
        or ISO 8601 text. Fractions of a second are kept to the nanosecond.

    Raises
    ------
    ParameterError
        If the text is no ISO 8601 time, or the result lies outside 2009 to 2100 (a wrong unit).
    """
    if isinstance(value, bool):
        raise ParameterError(expected("time", "ISO 8601 text, a datetime or integer nanoseconds", repr(value)))
    if isinstance(value, datetime):
        nanoseconds = _datetime_ns(value)
    elif isinstance(value, date):
        nanoseconds = _datetime_ns(datetime(value.year, value.month, value.day, tzinfo=UTC))
    elif isinstance(value, str):
        nanoseconds = _iso_ns(value)
    else:
        try:
            nanoseconds = index(value)
        except TypeError:
            raise ParameterError(
                expected("time", "ISO 8601 text, a datetime or integer nanoseconds", repr(value))
            ) from None
    if not MIN_NS <= nanoseconds < MAX_NS:
        raise ParameterError(
            expected("time", "nanoseconds between 2009 and 2100", repr(value), f"it {time_unit_guess(nanoseconds)}")
        )
    return nanoseconds


def _datetime_ns(value: datetime) -> int:
    moment = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * NS_PER_SECOND + since.microseconds * NS_PER_US


def _iso_ns(text: str) -> int:
    stripped = text.strip()
    match = _FRACTION.fullmatch(stripped)
    whole, fraction = (match[1] + match[3], int(match[2].ljust(9, "0"))) if match else (stripped, 0)
    try:
        if "." in whole or "," in whole:
            raise ValueError("a fraction of something else than a second, or finer than nanoseconds")
        return _datetime_ns(datetime.fromisoformat(whole)) + fraction
    except ValueError:
        raise ParameterError(
            expected("time", "ISO 8601 such as 2025-10-11T04:18:33", repr(text), "write it so, or give nanoseconds")
        ) from None


def time_unit_guess(value: float) -> str:
    """Say what unit a number that is no nanosecond time between 2009 and 2100 looks like."""
    for name, factor in (("seconds", NS_PER_SECOND), ("milliseconds", NS_PER_MS), ("microseconds", NS_PER_US)):
        if MIN_NS <= value * factor < MAX_NS:
            return f"looks like {name}: give that time unit, or multiply by {factor:_}"
    return "is no time in seconds, milliseconds, microseconds or nanoseconds between 2009 and 2100"


def format_ns(nanoseconds: int, digits: int = 3) -> str:
    """Write nanoseconds as ISO 8601 UTC with ``digits`` (0 to 9) decimals of a second, truncated."""
    seconds, rest = divmod(int(nanoseconds), NS_PER_SECOND)
    text = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{text}.{rest:09d}"[: len(text) + 1 + digits] + "Z" if digits else text + "Z"


def utc_date(nanoseconds: int) -> str:
    """Return the UTC calendar day of a time as ``YYYY-MM-DD``."""
    return datetime.fromtimestamp(int(nanoseconds) // NS_PER_SECOND, UTC).strftime("%Y-%m-%d")
