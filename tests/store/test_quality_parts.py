"""The parts of the data check against slow, obvious versions; and that slices of a stream give what the whole gives."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arbresearch.core import ParameterError
from arbresearch.store.quality import QualitySettings, duration_text
from arbresearch.store.quality.arrivals import Arrivals, covered_ns
from arbresearch.store.quality.books import Books, Changes
from arbresearch.store.quality.clocks import Clocks
from arbresearch.store.quality.kernels import median_distance_bps, returned
from arbresearch.store.quality.prints import Prints
from arbresearch.store.quality.slices import NO_EVENT, Slice, Stream
from tests.store.quality_kit import SECOND, START, slow_distance_bps, slow_gaps, slow_spans, slow_time_share

HOUR = 3_600 * SECOND
PRICES = st.sampled_from([99.0, 100.0, 100.5, 101.0, 150.0, math.nan])


def _slice(recv: list[int], values: list[tuple[float, ...]], event: list[int] | None = None) -> Slice:
    columns = tuple(np.array(column, dtype=np.float64) for column in zip(*values, strict=True))
    stamps = np.array(event if event is not None else [NO_EVENT] * len(recv), dtype=np.int64)
    return Slice(np.array(recv, dtype=np.int64), stamps, columns)


def _cut(whole: Slice, at: list[int]) -> list[Slice]:
    bounds = [0, *sorted(set(at) & set(range(1, len(whole)))), len(whole)]
    return [
        Slice(whole.recv_ns[a:b], whole.event_ns[a:b], tuple(one[a:b] for one in whole.values))
        for a, b in pairwise(bounds)
    ]


STEPS = st.lists(st.sampled_from([0, 1, 5, 20, 40, 90, 4000]), min_size=2, max_size=60)
CUTS = st.lists(st.integers(1, 59), max_size=4)


def _times(steps: list[int]) -> list[int]:
    return [START + int(one) * SECOND for one in np.cumsum(steps)]


@settings(max_examples=60, deadline=None)
@given(st.lists(PRICES, min_size=1, max_size=40), st.integers(1, 6))
def test_distance_from_a_rolling_median(values: list[float], half: int) -> None:
    array = np.array(values)
    for kernel in (median_distance_bps, median_distance_bps.py_func):
        found, median = np.empty(array.size), np.empty(array.size)
        kernel(array, half, found, median)
        np.testing.assert_allclose(found, slow_distance_bps(values, half), atol=1e-9)


def test_a_price_that_came_back_and_one_that_stayed() -> None:
    values = np.array([100.0, 100.0, 103.0, 103.0, 100.2, 100.0, 105.0, 105.0, 105.0, 105.0])
    rows, median = np.array([2, 3, 6]), np.full(10, 100.0)
    for kernel in (returned, returned.py_func):
        back = np.empty(3, dtype=np.int64)
        kernel(values, median, rows, 2, back)
        assert back.tolist() == [4, 4, -1]


def test_a_print_on_the_first_row_has_no_before() -> None:
    back = np.empty(1, dtype=np.int64)
    returned(np.array([110.0, 100.0, 100.0]), np.full(3, 100.0), np.array([0]), 2, back)
    assert back.tolist() == [-1]


@settings(max_examples=80, deadline=None)
@given(STEPS, CUTS)
def test_gaps_and_hours(steps: list[int], cuts: list[int]) -> None:
    recv = _times(steps)
    chosen = QualitySettings(gap_factor=10.0, gap_floor_s=30.0)
    arrivals = Arrivals(chosen, 1)
    for part in _cut(_slice(recv, [(1.0,)] * len(recv)), cuts):
        arrivals.add(part)
    gaps = slow_gaps(recv, 10.0, 30.0)
    assert [tuple(one) for one in arrivals.gaps().tolist()] == gaps
    for hour, rows, share in arrivals.hours().iter_rows():
        inside = [t for t in recv if hour <= t < hour + HOUR]
        covered = max(0, min(hour + HOUR, recv[-1]) - max(hour, recv[0]))
        covered -= sum(max(0, min(end, hour + HOUR) - max(start, hour)) for start, end in gaps)
        assert rows == len(inside)
        assert share == pytest.approx(covered / HOUR, abs=1e-12)


def test_covered_time_inside_a_gap_stands_still() -> None:
    gaps = np.array([[10, 20], [30, 50]])
    at = np.array([0, 5, 10, 15, 20, 25, 40, 60, 99])
    assert covered_ns(at, 5, 60, gaps).tolist() == [0, 0, 5, 5, 5, 10, 15, 25, 25]


@settings(max_examples=80, deadline=None)
@given(STEPS, st.data(), CUTS)
def test_crossed_locked_and_one_sided(steps: list[int], data: st.DataObject, cuts: list[int]) -> None:
    recv = _times(steps)
    books = data.draw(st.lists(st.tuples(PRICES, PRICES), min_size=len(recv), max_size=len(recv)))
    counted = Books(QualitySettings(gap_floor_s=30.0))
    for part in _cut(_slice(recv, [(bid, 1.0, ask, 1.0) for bid, ask in books]), cuts):
        counted.add(part)
    states = {
        "crossed": [bid > ask for bid, ask in books],
        "locked": [bid == ask for bid, ask in books],
        "one_sided": [bid != bid or ask != ask for bid, ask in books],
    }
    for name, here in states.items():
        share = getattr(counted, name)
        assert share.rows == sum(here)
        if recv[-1] > recv[0]:
            assert counted.share_of_time(share) == pytest.approx(slow_time_share(recv, here, 30.0))


@settings(max_examples=80, deadline=None)
@given(STEPS, st.data(), CUTS)
def test_changes_and_spans_without_one(steps: list[int], data: st.DataObject, cuts: list[int]) -> None:
    recv = _times(steps)
    values = data.draw(st.lists(st.sampled_from([(1.0,), (2.0,)]), min_size=len(recv), max_size=len(recv)))
    counted = Changes(QualitySettings(stale_floor_s=60.0))
    times = [counted.add(part) for part in _cut(_slice(recv, values), cuts)]
    changes, repeats, spans = slow_spans(list(zip(recv, values, strict=True)), 60.0)
    assert (counted.changes, counted.repeats) == (changes, repeats)
    assert sum(one.size for one in times) == changes
    assert [tuple(one) for one in counted.spans().tolist()] == spans


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 1), st.integers(0, 1)), min_size=1, max_size=14), CUTS)
def test_duplicates_are_rows_seen_before_at_that_time(rows: list[tuple[int, int, int]], cuts: list[int]) -> None:
    ordered = sorted(rows, key=lambda row: row[0])
    counted = Changes(QualitySettings())
    stream = _slice(
        [START + row[0] for row in ordered], [(float(row[2]),) for row in ordered], [START + row[1] for row in ordered]
    )
    for part in _cut(stream, cuts):
        counted.add(part)
    assert counted.duplicates == len(ordered) - len(set(ordered))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(-50, 50) | st.none(), min_size=2, max_size=40), CUTS)
def test_event_times(offsets: list[int | None], cuts: list[int]) -> None:
    recv = [START + 20_000_000 * place for place in range(len(offsets))]
    event = [NO_EVENT if off is None else at - off * 1_000_000 for at, off in zip(recv, offsets, strict=True)]
    counted = Clocks(SECOND, 1)
    for part in _cut(_slice(recv, [(1.0,)] * len(recv), event), cuts):
        counted.add(part)
    known = [one for one in event if one != NO_EVENT]
    assert counted.stamped == len(known)
    assert counted.negative == sum(off is not None and off < 0 for off in offsets)
    assert counted.unordered == sum(one < max(known[:place]) for place, one in enumerate(known) if place)
    assert counted.repeated == sum(one == two for one, two in pairwise(known))
    if known:
        sizes = sorted(off for off in offsets if off is not None)
        least, median, _ = counted.offsets_ms()
        assert least == pytest.approx(sizes[0])
        assert median == pytest.approx(float(np.median(sizes)))


@pytest.mark.parametrize(("ppm", "jitter_ms"), [(100.0, 1.0), (-35.0, 5.0), (0.0, 2.0)])
def test_a_planted_drift_is_found_within_its_interval(ppm: float, jitter_ms: float) -> None:
    rng = np.random.default_rng(3)
    seconds = np.arange(0, 7_200, 0.5)
    offset = 40e6 + ppm * 1e-6 * seconds * SECOND + rng.exponential(jitter_ms * 1e6, seconds.size)
    recv = START + (seconds * SECOND).astype(np.int64)
    counted = Clocks(60 * SECOND, 1)
    counted.add(Slice(recv, recv - offset.astype(np.int64), (seconds,)))
    drift = counted.drift()
    assert drift.low_ppm <= ppm <= drift.high_ppm
    assert drift.high_ppm - drift.low_ppm < 2.0 * jitter_ms
    line = counted.frame(drift)["drift_ms"]
    assert line[-1] - line[0] == pytest.approx(ppm * 1e-6 * 7_140 * 1e3, abs=0.5 * jitter_ms)


def test_too_few_stretches_give_no_drift() -> None:
    counted = Clocks(60 * SECOND, 1)
    recv = START + np.arange(0, 300, 1) * SECOND
    counted.add(Slice(recv, recv - 5, (recv.astype(np.float64),)))
    assert math.isnan(counted.drift().ppm)


@settings(max_examples=40, deadline=None)
@given(st.sets(st.integers(0, 119), max_size=6), CUTS)
def test_slices_do_not_change_the_outliers(places: set[int], cuts: list[int]) -> None:
    price = 100.0 + 0.01 * (np.arange(120) % 5)
    price[sorted(places)] *= 1.02
    recv = START + np.arange(120) * SECOND
    whole = Slice(recv, np.full(120, NO_EVENT), (price, price, price + 0.02, price))
    found = []
    for parts in ([whole], _cut(whole, cuts)):
        prints = Prints(QualitySettings(), Stream("quotes", "gate", "AAA/USDT", 120, int(recv[0]), int(recv[-1])))
        for part in parts:
            prints.add(part)
        found.append(prints.finish().sort("recv_ns", "side"))
    assert found[0].equals(found[1])
    assert set(found[0]["recv_ns"]) == {int(recv[one]) for one in places}


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0123, "12.3 ms"),
        (0.9999, "1 s"),
        (1.27, "1.27 s"),
        (40.3, "40.3 s"),
        (119.0, "119 s"),
        (180.0, "3 min"),
        (9000, "2.5 h"),
    ],
)
def test_durations_in_words(seconds: float, text: str) -> None:
    assert duration_text(seconds) == text


@pytest.mark.parametrize(
    "wrong",
    [
        {"gap_floor_s": -1.0},
        {"outlier_window": 10},
        {"outlier_return": 11},
        {"stale_bad": 1.5},
        {"min_rows": 2.5},
        {"slice_rows": 10},
    ],
)
def test_settings_that_mean_nothing_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ParameterError, match=next(iter(wrong))):
        QualitySettings(**wrong)  # type: ignore[arg-type]
