"""Times as other people write them."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from arbresearch.core import MappingError
from arbresearch.store.importers.clocks import looks_like, read_clock
from arbresearch.store.importers.mapping_parts import Clock

NS = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}


def _ns(moment: datetime) -> int:
    return int(moment.timestamp()) * 10**9 + moment.microsecond * 1_000


@given(
    st.sampled_from(["s", "ms", "us", "ns"]), st.integers(0, 2 * 10**9), st.integers(0, 9), st.integers(0, 10**9 - 1)
)
def test_decimal_texts_are_exact_to_the_nanosecond(unit: str, whole: int, places: int, digits: int) -> None:
    fraction = f"{digits:09d}"[:places]
    text = f"{whole}.{fraction}" if places else str(whole)
    times, reasons = read_clock(pl.Series([text, "12.5"]), Clock(column="t", unit=unit))
    assert times[0] == int(Decimal(text) * NS[unit])
    assert reasons[0] is None


def test_integers_doubles_and_odd_texts() -> None:
    clock = Clock(column="t", unit="s")
    assert read_clock(pl.Series([1756903691]), clock)[0].to_list() == [1756903691 * 10**9]
    assert read_clock(pl.Series([1756903691.2486422]), clock)[0].to_list() == [1756903691248642 * 1000]
    times, reasons = read_clock(pl.Series(["1.7569036e9", "soon", None, " 17 "]), clock)
    assert times.to_list() == [1756903600 * 10**9, None, None, 17 * 10**9]
    assert reasons.to_list() == [None, "time_malformed", None, None]


def test_a_number_too_large_for_its_unit_does_not_wrap_round() -> None:
    for values in (pl.Series([1_628_000_000_000_000_000]), pl.Series(["1628000000000000000"]), pl.Series([1.6e18])):
        times, _ = read_clock(values, Clock(column="t", unit="s"))
        assert times[0] > 4_102_444_800 * 10**9


def test_origin_is_added() -> None:
    clock = Clock(column="t", unit="us", origin="2019-08-16T00:00:00Z")
    assert read_clock(pl.Series(["60000000.0"]), clock)[0][0] == _ns(datetime(2019, 8, 16, 0, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2021-08-20 00:00:01", datetime(2021, 8, 20, 0, 0, 1, tzinfo=UTC)),
        ("2021-08-20T00:00:01.250", datetime(2021, 8, 20, 0, 0, 1, 250_000, tzinfo=UTC)),
        ("2021-08-20T00:00:01.5Z", datetime(2021, 8, 20, 0, 0, 1, 500_000, tzinfo=UTC)),
        ("2021-08-20T02:00:01+02:00", datetime(2021, 8, 20, 0, 0, 1, tzinfo=UTC)),
    ],
)
def test_iso_texts(text: str, moment: datetime) -> None:
    times, reasons = read_clock(pl.Series([text, None]), Clock(column="t", unit="iso"))
    assert times.to_list() == [_ns(moment), None]
    assert reasons.to_list() == [None, None]


def test_a_zone_is_that_of_the_wall_clock_and_its_gaps_are_said() -> None:
    clock = Clock(column="t", unit="iso", format="%d.%m.%Y %H:%M", zone="Europe/Berlin")
    texts = ["01.07.2025 12:00", "01.12.2025 12:00", "30.03.2025 02:30", "26.10.2025 02:30", "soon"]
    times, reasons = read_clock(pl.Series(texts), clock)
    berlin = ZoneInfo("Europe/Berlin")
    summer, winter = (_ns(datetime(2025, month, 1, 12, tzinfo=berlin)) for month in (7, 12))
    assert times.to_list() == [summer, winter, None, None, None]
    assert reasons.to_list() == [None, None, "time_ambiguous", "time_ambiguous", "time_malformed"]


def test_typed_times_with_and_without_a_zone() -> None:
    noon = datetime(2025, 7, 1, 12)
    clock = Clock(column="t", unit="datetime", zone="Europe/Berlin")
    naive = pl.Series([noon]).cast(pl.Datetime("ms"))
    assert read_clock(naive, clock)[0][0] == _ns(noon.replace(tzinfo=ZoneInfo("Europe/Berlin")))
    assert read_clock(naive.dt.replace_time_zone("UTC"), clock)[0][0] == _ns(noon.replace(tzinfo=UTC))


def test_a_type_that_does_not_go_with_the_unit_is_a_mapping_error() -> None:
    with pytest.raises(MappingError, match=r"column t with unit 'datetime': expected a column of times, was Int64"):
        read_clock(pl.Series([1]), Clock(column="t", unit="datetime"))
    with pytest.raises(MappingError, match="a column of numbers"):
        read_clock(pl.Series([datetime(2025, 1, 1)]), Clock(column="t", unit="ms"))


def test_units_are_recognised_by_magnitude() -> None:
    moment = 1_628_000_000
    assert [looks_like(moment * 10**power) for power in (0, 3, 6, 9)] == [
        "seconds",
        "milliseconds",
        "microseconds",
        "nanoseconds",
    ]
    assert looks_like(60.0) is None
