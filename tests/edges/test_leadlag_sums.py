"""Lead and lag as sums: published values, the double sum over all intervals of each block, whole series, real data."""

from __future__ import annotations

import itertools
import math
from functools import reduce
from operator import add
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arbresearch.core import BadInput, ParameterError
from arbresearch.edges import (
    LeadLagSums,
    hayashi_yoshida,
    horizon_sums,
    lead_lag,
    lead_lag_block,
    lead_lag_of_sums,
    thinned,
    volatility_ratio,
    volatility_ratio_of_sums,
)

Floats = npt.NDArray[np.float64]
Series = tuple[list[int], list[float]]
T1, X1 = [0, 2, 5, 7, 10], [0.0, 1.0, 0.0, 2.0, 3.0]
T2, X2 = [0, 1, 4, 6, 10], [0.0, 0.5, 1.5, 1.0, 2.5]
LAGS = [-7, -2, -1, 0, 1, 2, 7]
SECOND = 1_000_000_000


def slow_sums(one: Series, two: Series, lag: int) -> tuple[float, float, float, float]:
    """Return products, their squares, and both sums of squared changes, every interval against every other."""
    first, second = (
        [(a, b, y - x) for (a, x), (b, y) in itertools.pairwise(zip(*series, strict=True))] for series in (one, two)
    )
    if not (first and second):
        return 0.0, 0.0, 0.0, 0.0
    overlaps = [dx * sum(dy for c, d, dy in second if max(a + lag, c) < min(b + lag, d)) for a, b, dx in first]
    squares = [sum(change**2 for _, _, change in intervals) for intervals in (first, second)]
    return sum(overlaps), sum(value**2 for value in overlaps), squares[0], squares[1]


@st.composite
def series(draw: st.DrawFn) -> Series:
    moments = sorted(draw(st.sets(st.integers(0, 60), max_size=20)))
    levels = st.sampled_from([0.0, 1.0, 1.5, -2.0, 4.0])
    return moments, draw(st.lists(levels, min_size=len(moments), max_size=len(moments)))


blocks = st.lists(st.tuples(series(), series()), min_size=1, max_size=4)


def stacked(parts: list[tuple[Series, Series]], lags: list[int] = LAGS, horizon: int = 10) -> LeadLagSums:
    whole = np.array(lags)
    found = [
        lead_lag_block(
            *(np.array(a, dtype=kind) for pair in both for a, kind in zip(pair, (np.int64, np.float64), strict=True)),
            whole,
            horizon,
        )
        for both in parts
    ]
    return LeadLagSums.stacked(found, whole, horizon)


def test_published_covariance_and_correlation() -> None:
    sums = LeadLagSums.of(T1, X1, T2, X2, [0], 5)
    assert sums.products.tolist() == [4.5]
    assert lead_lag_of_sums(sums).correlation == pytest.approx(0.8783100657, abs=5e-11)


@settings(max_examples=200, deadline=None)
@given(blocks)
def test_sums_over_blocks_equal_the_double_sums(parts: list[tuple[Series, Series]]) -> None:
    sums = stacked(parts)
    assert sums.products.shape == sums.known.shape == (len(parts), len(LAGS))
    for i, lag in enumerate(LAGS):
        slow = np.array([slow_sums(*part, lag) for part in parts])
        fast = np.column_stack((sums.products[:, i], sums.squares[:, i], sums.square_1, sums.square_2))
        assert fast == pytest.approx(slow, rel=1e-12, abs=1e-12)
        spans = [min(len(a[0]), len(b[0])) > 1 and overlap(a[0], b[0], lag) for a, b in parts]
        assert sums.known[:, i].tolist() == spans


def overlap(t1: list[int], t2: list[int], lag: int) -> bool:
    return max(t1[0] + lag, t2[0]) < min(t1[-1] + lag, t2[-1])


@settings(max_examples=200, deadline=None)
@given(series(), series())
def test_one_block_equals_the_whole_series(one: Series, two: Series) -> None:
    """Lags of one step and more; those under a grid's step have their own test."""
    sums = LeadLagSums.of(*one, *two, LAGS, 10)
    found, wanted = lead_lag_of_sums(sums), lead_lag(*one, *two, LAGS)
    kept = np.isin(wanted.lags, found.lags)
    assert kept.all() or sums.step_ns > 1
    for name in ("correlations", "standard_errors"):
        assert getattr(found, name) == pytest.approx(getattr(wanted, name)[kept], rel=1e-12, abs=1e-12, nan_ok=True)
    if kept.all():
        for name in ("ratio", "lead_z"):
            assert getattr(found, name) == pytest.approx(getattr(wanted, name), rel=1e-9, abs=1e-9, nan_ok=True)
    fast, slow = volatility_ratio_of_sums(sums), volatility_ratio(*one, *two, 10)
    if min(len(one[0]), len(two[0])) > 1:
        assert fast.changes == slow.changes
        for name in ("ratio", "sigma_1", "sigma_2"):
            assert getattr(fast, name) == pytest.approx(getattr(slow, name), rel=1e-12, nan_ok=True)


@settings(max_examples=100, deadline=None)
@given(blocks, st.randoms(use_true_random=False))
def test_the_order_of_addition_does_not_matter(parts: list[tuple[Series, Series]], random: Any) -> None:
    together = stacked(parts).total()
    shuffled = random.sample(parts, len(parts))
    one_by_one = reduce(add, [LeadLagSums.of(*a, *b, LAGS, 10) for a, b in shuffled])
    assert one_by_one.products == pytest.approx(together.products, rel=1e-12, abs=1e-12)
    assert one_by_one.squares == pytest.approx(together.squares, rel=1e-12, abs=1e-12)
    for name in ("square_1", "square_2", "moves_1", "moves_2"):
        assert float(getattr(one_by_one, name)) == pytest.approx(float(getattr(together, name)))
    for name in ("known", "step_ns", "moves"):
        assert np.array_equal(getattr(one_by_one, name), getattr(together, name))


@pytest.mark.parametrize(
    ("t1", "t2", "step"),
    [
        ([0, 6, 18], [3, 12], 3),
        ([5, 15, 25], [5, 25], 10),
        ([5, 15, 25], [7, 27], 2),
        ([4], [4], 0),
        ([4], [], 0),
        ([], [], 0),
        ([4, 10], [], 6),
    ],
)
def test_step_of_a_grid_by_hand(t1: list[int], t2: list[int], step: int) -> None:
    sums = LeadLagSums.of(t1, [1.0] * len(t1), t2, [1.0] * len(t2), [0, 1, -1], 10)
    assert sums.step_ns == step
    assert (sums + sums).step_ns == step


def test_a_step_under_the_smallest_lag_is_none() -> None:
    assert LeadLagSums.of([0, 6, 18], [1.0, 2.0, 3.0], [3, 12], [1.0, 2.0], [4, -4], 10).step_ns == 1


def test_lags_between_the_steps_of_a_grid_are_left_out() -> None:
    """A lag of half a step covers both steps beside it: half of the correlation at nought would be seen there."""
    rng = np.random.default_rng(8)
    times = np.arange(500) * SECOND
    path = rng.standard_normal(502).cumsum()
    lags = np.array([-2, -1.5, -1, -0.5, -0.1, 0, 0.1, 0.5, 1, 1.5, 2]) * SECOND
    sums = LeadLagSums.of(times, path[2:], times, path[1:-1], lags.astype(np.int64), 60 * SECOND)
    found = lead_lag_of_sums(sums)
    assert (found.lags / SECOND).tolist() == [-2.0, -1.0, 0.0, 1.0, 2.0]
    assert (found.best_lag, found.lead) == (SECOND, SECOND)
    fine = LeadLagSums.of(times + 1, path[2:], times, path[1:-1], lags.astype(np.int64), 60 * SECOND)
    assert lead_lag_of_sums(fine).lags.size == lags.size
    none = lead_lag_of_sums(LeadLagSums.of(times, path[2:], times, path[1:-1], [SECOND // 2], SECOND))
    assert (none.lags.size, math.isnan(none.best_lag), math.isnan(none.ratio)) == (0, True, True)


def test_sums_of_other_lags_do_not_add() -> None:
    one = LeadLagSums.of(T1, X1, T2, X2, [0, 1], 5)
    with pytest.raises(BadInput, match=r"expected lags \[0, 1\] and horizon 5, was \[0, 2\] and 5"):
        one + LeadLagSums.of(T1, X1, T2, X2, [0, 2], 5)
    with pytest.raises(BadInput, match="horizon"):
        one + LeadLagSums.of(T1, X1, T2, X2, [0, 1], 6)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((T1, X1, T2, X2, [], 5), "lags_ns"),
        ((T1, X1, T2, X2, [0.5], 5), "lags_ns: expected one or more whole numbers"),
        ((T1, X1, T2, X2, [1, 1], 5), "lags_ns"),
        (([0.0, 1.0], [1.0, 2.0], T2, X2, [0], 5), "t1: expected whole numbers of nanoseconds, was float64"),
        ((T1, X1, [3, 2], [0.0, 1.0], [0], 5), "t2 row 1"),
    ],
)
def test_bad_input(arguments: tuple[Any, ...], words: str) -> None:
    with pytest.raises(BadInput, match=words):
        LeadLagSums.of(*arguments)


def test_a_horizon_is_above_zero() -> None:
    with pytest.raises(ParameterError, match="horizon_ns: expected a positive time, was 0"):
        LeadLagSums.of(T1, X1, T2, X2, [0], 0)


def slow_thinned(times: list[int], mids: list[float], spacing: int) -> list[tuple[int, float]]:
    """Return the kept rows, spacing by spacing, from lists of all the rows in each."""
    rows = dict(zip(times, mids, strict=True))
    rows = {time: mid for time, mid in rows.items() if not math.isnan(mid)}
    if not rows:
        return []
    first, last = min(rows), max(rows)
    kept, level = {first: rows[first]}, rows[first]
    for cell in sorted({time // spacing if spacing else time for time in rows}):
        inside = [time for time in rows if (time // spacing if spacing else time) == cell]
        if rows[inside[-1]] != level:
            departed = next(time for time in inside if rows[time] != level)
            before = max(time for time in rows if time < departed)
            onset = max(time for time in inside if rows[time] == rows[inside[-1]] and _starts(rows, time))
            kept[before], level = level, rows[onset]
            kept[onset] = level
    kept[last] = rows[last]
    return sorted(kept.items())


def _starts(rows: dict[int, float], time: int) -> bool:
    earlier = [one for one in rows if one < time]
    return not earlier or rows[max(earlier)] != rows[time]


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 80), st.sampled_from([1.0, 2.0, 3.0, math.nan])), max_size=40).map(sorted),
    st.sampled_from([0, 1, 7, 30]),
    st.integers(0, 5),
)
def test_thinned_rows_equal_those_of_lists(rows: list[tuple[int, float]], spacing: int, skipped: int) -> None:
    times, mids = np.array([row[0] for row in rows], dtype=np.int64), np.array([row[1] for row in rows])
    stop = max(skipped, len(rows) - skipped)
    got_times, got_levels = thinned(times, mids - 0.25, mids + 0.25, spacing, skipped, min(stop, len(rows)))
    inside = slice(skipped, stop)
    wanted = slow_thinned(times[inside].tolist(), mids[inside].tolist(), spacing)
    assert got_times.tolist() == [time for time, _ in wanted]
    assert np.exp(got_levels) == pytest.approx([mid for _, mid in wanted])


@settings(max_examples=100, deadline=None)
@given(series(), series())
def test_without_a_spacing_nothing_is_lost(one: Series, two: Series) -> None:
    mids = np.exp(np.array(one[1]))
    rows = thinned(np.array(one[0], dtype=np.int64), mids, mids, 0, 0, mids.size)
    assert hayashi_yoshida(*rows, *two) == pytest.approx(hayashi_yoshida(*one, *two), nan_ok=True)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 80), st.sampled_from([1.0, 2.0, 3.0])), min_size=1, max_size=40).map(sorted),
    st.sampled_from([5, 20]),
    st.integers(0, 80),
)
def test_no_row_depends_on_what_comes_after_its_spacing(
    rows: list[tuple[int, float]], spacing: int, until: int
) -> None:
    """Cut at the end of a spacing, all but the last row are the same: that one says how far was seen."""
    cut = until - until % spacing
    times, mids = np.array([row[0] for row in rows], dtype=np.int64), np.array([row[1] for row in rows])
    whole = thinned(times, mids, mids, spacing, 0, times.size)
    part = thinned(times, mids, mids, spacing, 0, int(np.searchsorted(times, cut)))
    count = max(0, part[0].size - 1)
    for one, other in zip(part, whole, strict=True):
        assert one[:count].tolist() == other[:count].tolist()


def test_compiled_and_plain_passes_are_the_same() -> None:
    rng = np.random.default_rng(3)
    times = [np.sort(rng.choice(900, 120, replace=False)).astype(np.int64) for _ in range(2)]
    prices = [100.0 + rng.integers(-2, 3, 120).cumsum() for _ in range(2)]
    plain = [thinned.py_func(t, p, p, 20, 0, 120) for t, p in zip(times, prices, strict=True)]
    for t, p, (kept, levels) in zip(times, prices, plain, strict=True):
        fast, fast_levels = thinned(t, p, p, 20, 0, 120)
        assert fast.tolist() == kept.tolist()
        assert fast_levels.tolist() == levels.tolist()
    one = lead_lag_block(*plain[0], *plain[1], np.array([-5, 0, 5]), 50)
    other = lead_lag_block.py_func(*plain[0], *plain[1], np.array([-5, 0, 5]), 50)
    assert all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def test_thinning_keeps_a_lead() -> None:
    """Two views of one path, ten updates a second, one two seconds late; the error is that of the spacing."""
    rng = np.random.default_rng(5)
    steps = np.arange(0, 3_600 * SECOND, SECOND // 10)
    path = 100.0 * np.exp(1e-5 * rng.standard_normal(steps.size).cumsum())
    lags = np.arange(-5, 6) * SECOND
    found = []
    for spacing in (0, SECOND):
        one = thinned(steps + 7, path, path, spacing, 0, path.size)
        two = thinned(steps + 2 * SECOND + 33, path, path, spacing, 0, path.size)
        found.append(lead_lag_of_sums(LeadLagSums.of(*one, *two, lags, 60 * SECOND)))
        assert one[0].size == (path.size if spacing == 0 else 3_601)
    assert [one.best_lag for one in found] == [2 * SECOND, 2 * SECOND]
    assert found[1].correlation > 0.8


def test_link_by_blocks(shared_data: Path) -> None:
    """Eight blocks of a quarter of an hour: Binance leads Huobi by a second, and nothing is said of lags under it."""
    books = []
    for name in ("bnc", "hb"):
        frame = pl.read_csv(shared_data / "link_binance_huobi_l10" / f"orderbook_{name}.csv")
        times = frame["timestamp"].str.to_datetime(time_unit="ns").dt.epoch("ns").to_numpy()
        books.append((times, *(frame[side].cast(pl.Float64).to_numpy() for side in ("b1", "a1"))))
    lags = np.array([-2000, -1000, -500, -100, 0, 100, 500, 1000, 2000]) * 1_000_000
    found = []
    for start in range(0, 7_200, 900):
        one, two = (thinned(*book, SECOND // 10, start, start + 900) for book in books)
        found.append(lead_lag_block(*one, *two, lags, 60 * SECOND))
    sums = LeadLagSums.stacked(found, lags, 60 * SECOND)
    lead = lead_lag_of_sums(sums)
    assert (lead.lags / SECOND).tolist() == [-2.0, -1.0, 0.0, 1.0, 2.0]
    assert lead.correlations[1:4] == pytest.approx([0.03, 0.82, 0.20], abs=0.006)
    assert (lead.best_lag, lead.lead) == (0, SECOND)
    assert lead.lead_z > 5.0
    assert volatility_ratio_of_sums(sums).ratio == pytest.approx(1.0, abs=0.02)


@settings(max_examples=100, deadline=None)
@given(series(), series(), st.integers(1, 30))
def test_changes_over_a_horizon_equal_those_of_lists(one: Series, two: Series, horizon: int) -> None:
    """From every fifth of the horizon on, the last known levels at its beginning and at its end."""
    arrays = [np.array(a, dtype=kind) for pair in (one, two) for a, kind in zip(pair, (np.int64, float), strict=True)]
    changes = []
    if one[0] and two[0]:
        start, end = max(one[0][0], two[0][0]), min(one[0][-1], two[0][-1])
        for k in itertools.count():
            if 5 * (start - end) + k * horizon + 5 * horizon > 0:
                break
            ends = (start + k * horizon // 5, start + (k + 5) * horizon // 5)
            levels = [[[x for t, x in zip(*side, strict=True) if t <= at][-1] for at in ends] for side in (one, two)]
            changes.append([after - before for before, after in levels])
    *sums, count = horizon_sums(*arrays, horizon)
    assert count == len(changes)
    wanted = [sum(a * a for a, _ in changes), sum(b * b for _, b in changes), sum(a * b for a, b in changes)]
    assert sums == pytest.approx(wanted, abs=1e-9)
