"""Times to the nanosecond, durations, and what a wrong unit looks like."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta, timezone

import numpy as np
import pytest

from arbresearch.core import ParameterError, format_ns, parse_duration_s, parse_ns, utc_date

# date -u -d '2025-10-11T04:18:33' +%s
SECONDS = 1_760_156_313


@pytest.mark.parametrize(
    ("value", "nanoseconds"),
    [
        ("2025-10-11T04:18:33", SECONDS * 10**9),
        ("2025-10-11 04:18:33Z", SECONDS * 10**9),
        ("2025-10-11T04:18:33.1", SECONDS * 10**9 + 100_000_000),
        ("2025-10-11T04:18:33,000000001", SECONDS * 10**9 + 1),
        ("2025-10-11T04:18:33.123456789Z", SECONDS * 10**9 + 123_456_789),
        ("2025-10-11T06:18:33.123456789+02:00", SECONDS * 10**9 + 123_456_789),
        ("20251011T041833.123456789", SECONDS * 10**9 + 123_456_789),
        (" 2025-10-11T04:18 ", (SECONDS - 33) * 10**9),
        ("2025-10-11", 1_760_140_800 * 10**9),
        (date(2025, 10, 11), 1_760_140_800 * 10**9),
        (datetime(2025, 10, 11, 4, 18, 33, 250), SECONDS * 10**9 + 250_000),
        (datetime(2025, 10, 11, 4, 18, 33, tzinfo=UTC), SECONDS * 10**9),
        (datetime(2025, 10, 11, 0, 18, 33, tzinfo=timezone(timedelta(hours=-4))), SECONDS * 10**9),
        (SECONDS * 10**9 + 7, SECONDS * 10**9 + 7),
        (np.int64(SECONDS * 10**9 + 7), SECONDS * 10**9 + 7),
    ],
)
def test_a_time_is_read_to_the_nanosecond(value: str | int | datetime | date, nanoseconds: int) -> None:
    found = parse_ns(value)
    assert found == nanoseconds
    assert type(found) is int


def test_written_and_read_again_it_is_the_same_time() -> None:
    rng = random.Random(5)
    for _ in range(1_000):
        nanoseconds = rng.randrange(1_230_768_000 * 10**9, 4_102_444_800 * 10**9)
        assert parse_ns(format_ns(nanoseconds, 9)) == nanoseconds
        assert format_ns(nanoseconds, 6)[:-1] == str(np.datetime64(nanoseconds // 1000, "us"))


@pytest.mark.parametrize(
    "value",
    [
        "yesterday",
        "",
        "2025-10-11T04:18:33.1234567891",
        "2025-10-11T04:18.5",
        "2025-10-11T04.5",
        "2025-10-11.5",
        "2025-13-01",
        True,
        1.5,
        None,
    ],
)
def test_what_is_no_time_is_refused(value: object) -> None:
    with pytest.raises(ParameterError, match="time: expected ISO 8601"):
        parse_ns(value)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("value", "unit"),
    [(SECONDS, "seconds"), (SECONDS * 10**3, "milliseconds"), (SECONDS * 10**6, "microseconds")],
)
def test_a_wrong_unit_is_named(value: int, unit: str) -> None:
    with pytest.raises(ParameterError, match=f"looks like {unit}: give that time unit, or multiply by"):
        parse_ns(value)


@pytest.mark.parametrize("value", [0, -SECONDS * 10**9, 10**20, "1999-01-01", "2100-01-01"])
def test_a_time_outside_the_age_of_these_markets_is_refused(value: int | str) -> None:
    with pytest.raises(ParameterError, match="between 2009 and 2100"):
        parse_ns(value)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90s", 90.0),
        ("1.5h", 5400.0),
        ("250ms", 0.25),
        ("10 us", 1e-5),
        ("5ns", 5e-9),
        ("2m", 120.0),
        ("2min", 120.0),
        ("1d", 86400.0),
        ("7", 7.0),
        (7, 7.0),
        (0.5, 0.5),
        (1e-7, 1e-7),
        (0, 0.0),
    ],
)
def test_durations(text: str | float, seconds: float) -> None:
    assert parse_duration_s(text) == pytest.approx(seconds, rel=1e-15)


@pytest.mark.parametrize("text", ["", "-1s", "1 week", "h", -1, float("nan"), float("inf"), "1e3s"])
def test_what_is_no_duration_is_refused(text: str | float) -> None:
    with pytest.raises(ParameterError, match="duration: expected a number with ns, us, ms, s, m, h or d"):
        parse_duration_s(text)


@pytest.mark.parametrize(
    ("digits", "text"),
    [
        (0, "2025-10-11T04:18:33Z"),
        (3, "2025-10-11T04:18:33.999Z"),
        (9, "2025-10-11T04:18:33.999999999Z"),
    ],
)
def test_decimals_are_truncated_not_rounded(digits: int, text: str) -> None:
    assert format_ns(SECONDS * 10**9 + 999_999_999, digits) == text


def test_the_day_is_the_utc_day() -> None:
    midnight = 1_760_140_800 * 10**9
    assert utc_date(midnight) == "2025-10-11"
    assert utc_date(midnight - 1) == "2025-10-10"
