"""Hayashi-Yoshida, lead and lag: published values, the double sum over all intervals, simulated and real leads."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arbresearch.core import BadInput, ParameterError
from arbresearch.edges import hayashi_yoshida, lead_lag, volatility_ratio
from arbresearch.edges.leadlag_kernels import Changes, first_fault, overlap_sums

Floats = npt.NDArray[np.float64]
T1, X1 = [0, 2, 5, 7, 10], [0, 1, 0, 2, 3]
T2, X2 = [0, 1, 4, 6, 10], [0, 0.5, 1.5, 1, 2.5]
SECOND = 1_000_000_000


def slow_intervals(times: Sequence[float], values: Sequence[float]) -> list[tuple[float, float, float]]:
    """Return (begin, end, change) of each interval; NaN is left out, of equal times the last counts."""
    kept = {time: value for time, value in zip(times, values, strict=True) if not math.isnan(value)}
    points = list(kept.items())
    return [(a, b, y - x) for (a, x), (b, y) in itertools.pairwise(points)]


def slow_hayashi_yoshida(
    t1: Sequence[float], x1: Sequence[float], t2: Sequence[float], x2: Sequence[float], lag: float = 0.0
) -> tuple[float, float, float]:
    """Return covariance, correlation and error by comparing every interval with every other."""
    one, two = slow_intervals(t1, x1), slow_intervals(t2, x2)
    pairs = [(dx, dy) for a, b, dx in one for c, d, dy in two if max(a + lag, c) < min(b + lag, d)]
    if not pairs:
        return math.nan, math.nan, math.nan
    covariance = sum(dx * dy for dx, dy in pairs)
    scale = math.sqrt(sum(dx * dx for _, _, dx in one) * sum(dy * dy for _, _, dy in two))
    square = sum(sum(dx * dy for c, d, dy in two if max(a + lag, c) < min(b + lag, d)) ** 2 for a, b, dx in one)
    return (covariance, covariance / scale, math.sqrt(square) / scale) if scale else (covariance, math.nan, math.nan)


def close(found: float, wanted: float) -> bool:
    return (math.isnan(found) and math.isnan(wanted)) or found == pytest.approx(wanted, rel=1e-9, abs=1e-9)


def delayed(seed: int, lead: int, n: int = 4_000, span: int = 20_000) -> tuple[Any, Floats, Any, Floats]:
    """Return a random walk seen at random times, and the same seen ``lead`` later at other random times."""
    rng = np.random.default_rng(seed)
    path = rng.standard_normal(span).cumsum()
    t1, t2 = (np.sort(rng.choice(np.arange(abs(lead), span - abs(lead)), n, replace=False)) for _ in range(2))
    return t1, path[t1], t2, path[t2 - lead]


def test_published_covariance_and_correlation() -> None:
    covariance, correlation = hayashi_yoshida(T1, X1, T2, X2)
    assert covariance == 4.5
    assert correlation == pytest.approx(0.8783100657, abs=5e-11)


def test_the_result_is_the_same_from_both_sides_and_for_floats() -> None:
    assert hayashi_yoshida(T2, X2, T1, X1) == pytest.approx(hayashi_yoshida(T1, X1, T2, X2))
    as_floats = hayashi_yoshida(
        np.array(T1, dtype=float), X1, pl.Series([float(t) for t in T2]), pl.Series([float(x) for x in X2])
    )
    assert as_floats == hayashi_yoshida(T1, X1, T2, X2)


def test_correlation_is_not_bounded_by_one() -> None:
    """Two changes that each overlap both of the other: 4 over the root of 2 times 2."""
    covariance, correlation = hayashi_yoshida([0, 2, 4], [0, 1, 2], [1, 3, 5], [0, 1, 2])
    assert (covariance, correlation) == (3.0, 1.5)


times = st.lists(st.integers(0, 40), min_size=0, max_size=25).map(sorted)
levels = st.sampled_from([0.0, 1.0, 1.5, -2.0, 4.0, math.nan])


@st.composite
def series(draw: st.DrawFn) -> tuple[list[int], list[float]]:
    moments = draw(times)
    return moments, draw(st.lists(levels, min_size=len(moments), max_size=len(moments)))


@settings(max_examples=300, deadline=None)
@given(series(), series(), st.integers(-12, 12), st.booleans())
def test_every_lag_equals_the_double_sum(
    one: tuple[list[int], list[float]], two: tuple[list[int], list[float]], lag: int, floats: bool
) -> None:
    """Whole times, and the same as decimal floats, whose sums are rounded: those that touch still only touch."""
    wanted = slow_hayashi_yoshida(*one, *two, lag)
    scale = 0.1 if floats else 1
    found = lead_lag([t * scale for t in one[0]], one[1], [t * scale for t in two[0]], two[1], [lag * scale])
    assert close(float(found.correlations[0]), wanted[1])
    assert close(float(found.standard_errors[0]), wanted[2])
    both = hayashi_yoshida(*one, *two)
    plain = slow_hayashi_yoshida(*one, *two)
    assert close(both[0], plain[0])
    assert close(both[1], plain[1])


@settings(max_examples=100, deadline=None)
@given(series(), series(), st.integers(1, 10))
def test_turning_the_series_around_turns_the_lags_around(
    one: tuple[list[int], list[float]], two: tuple[list[int], list[float]], reach: int
) -> None:
    lags = np.arange(-reach, reach + 1)
    there, back = lead_lag(*one, *two, lags), lead_lag(*two, *one, lags)
    assert there.correlations == pytest.approx(back.correlations[::-1], nan_ok=True, abs=1e-12)


def test_compiled_and_plain_passes_are_the_same() -> None:
    t1, x1, t2, x2 = delayed(1, 3, n=200, span=600)
    one, two = (Changes(t[:-1], t[1:], x) for t, x in ((t1, x1), (t2, x2)))
    for lag in (-5, 0, 3):
        arguments = (one, two, np.int64(lag), np.int64(0))
        assert overlap_sums(*arguments) == overlap_sums.py_func(*arguments)
    assert first_fault.py_func(t1, x1) == first_fault(t1, x1) == (-1, -1, False)


@pytest.mark.parametrize("lead", [7, -7, 0])
def test_a_known_lead_is_found(lead: int) -> None:
    """Positive: the first series leads."""
    found = lead_lag(*delayed(2, lead), np.arange(-15, 16))
    assert found.best_lag == lead
    assert found.correlation > 0.8
    if lead:
        assert found.lead == lead
        assert found.lead_z > 5.0
        assert (found.ratio > 4.0) if lead > 0 else (found.ratio < 0.25)
    else:
        assert 0.5 < found.ratio < 2.0
    assert hayashi_yoshida(*delayed(2, 0))[1] > 2.0 * abs(hayashi_yoshida(*delayed(2, 7))[1])


def test_independent_series_lead_nothing() -> None:
    t1, x1, _, _ = delayed(3, 0)
    _, _, t2, x2 = delayed(4, 0)
    found = lead_lag(t1, x1, t2, x2, np.arange(-10, 11))
    assert np.abs(found.correlations).max() < 5.0 * found.standard_errors.max()
    assert found.lead_z < 4.0


def test_standard_errors_are_those_of_independent_series() -> None:
    """Over many independent pairs, the correlation divided by its error spreads by one."""
    ratios = []
    for seed in range(200):
        t1, x1, _, _ = delayed(2 * seed + 100, 0, n=300, span=2_000)
        _, _, t2, x2 = delayed(2 * seed + 101, 0, n=300, span=2_000)
        found = lead_lag(t1, x1, t2, x2, [0])
        ratios.append(found.correlations[0] / found.standard_errors[0])
    assert 0.85 < np.std(ratios) < 1.15


def test_no_epps_effect() -> None:
    """Sampled on a grid finer than the ticks the correlation fades; that of overlapping intervals does not."""
    t1, x1, t2, x2 = delayed(5, 0, n=2_000)
    grid = np.arange(max(t1[0], t2[0]), min(t1[-1], t2[-1]))
    a, b = (np.diff(x[np.searchsorted(t, grid, side="right") - 1]) for t, x in ((t1, x1), (t2, x2)))
    assert np.corrcoef(a, b)[0, 1] < 0.4
    assert hayashi_yoshida(t1, x1, t2, x2)[1] > 0.85


def test_hand_computed_ratio_and_lead() -> None:
    """On a grid the correlations at whole steps are those of the changes: 1, 2, -1 against 3, 1, 2, and so on."""
    t = [0, 1, 2, 3]
    x, y = [0.0, 1.0, 3.0, 2.0], [0.0, 3.0, 4.0, 6.0]
    found = lead_lag(t, x, t, y, [1, -1, 0])
    scale = math.sqrt(6.0 * 14.0)
    assert found.correlations == pytest.approx([(1 * 1 + 2 * 2) / scale, (2 * 3 - 1 * 1) / scale, (3 + 2 - 2) / scale])
    assert found.ratio == pytest.approx(1.0)
    assert (found.best_lag, found.lead, found.lead_z) == (-1, 0.0, 0.0)
    assert found.lags.tolist() == [1.0, -1.0, 0.0]
    ahead = lead_lag(t, x, t, [0.0, 0.0, 1.0, 3.0], [1, -1])
    assert ahead.correlations == pytest.approx([5.0 / math.sqrt(30.0), -1.0 / math.sqrt(30.0)])
    assert (ahead.ratio, ahead.lead) == (pytest.approx(25.0), 1)


def test_lags_without_a_mirror_give_no_ratio() -> None:
    found = lead_lag(T1, X1, T2, X2, [0, 1, 2])
    assert math.isnan(found.ratio)
    assert math.isnan(found.lead)
    assert math.isnan(found.lead_z)
    assert found.best_lag == 1


def test_lags_between_whole_times_are_not_rounded() -> None:
    base = 1_700_000_000_000_000_000
    t1, t2 = np.array(T1) + base, np.array(T2) + base
    wanted = slow_hayashi_yoshida(T1, X1, T2, X2, 2.5)[1]
    assert wanted != pytest.approx(slow_hayashi_yoshida(T1, X1, T2, X2, 2.0)[1])
    assert wanted != pytest.approx(slow_hayashi_yoshida(T1, X1, T2, X2, 3.0)[1])
    found = lead_lag(t1, X1, t2, X2, [2.5])
    assert found.correlations[0] == pytest.approx(wanted)
    assert found.best_lag == 2.5


def test_nanoseconds_are_compared_exactly() -> None:
    """Intervals that overlap by one nanosecond in the year 2023, a thousandth of what a float could tell."""
    base = 1_700_000_000_000_000_000
    assert hayashi_yoshida([base, base + 10], [0, 1], [base + 9, base + 20], [0, 2]) == (2.0, 1.0)
    assert math.isnan(hayashi_yoshida([base, base + 10], [0, 1], [base + 10, base + 20], [0, 2])[0])


@pytest.mark.parametrize(
    ("t1", "x1", "t2", "x2"),
    [
        ([], [], T2, X2),
        ([3], [1.0], T2, X2),
        (T1, [math.nan] * 5, T2, X2),
        ([0, 1, 2], [1.0, 2.0, 3.0], [2, 3, 4], [1.0, 2.0, 3.0]),
        ([0, 1, 2], [1.0, 2.0, 3.0], [7.5, 8.5], [1.0, 2.0]),
    ],
)
def test_nothing_in_common_is_not_zero(t1: Any, x1: Any, t2: Any, x2: Any) -> None:
    assert all(math.isnan(one) for one in hayashi_yoshida(t1, x1, t2, x2))
    found = lead_lag(t1, x1, t2, x2, [0])
    assert math.isnan(found.best_lag)
    assert math.isnan(found.correlation)


def test_a_series_that_never_moves_has_no_correlation() -> None:
    covariance, correlation = hayashi_yoshida(T1, [2.0] * 5, T2, X2)
    assert covariance == 0.0
    assert math.isnan(correlation)


@pytest.mark.parametrize(
    ("t1", "x1", "words"),
    [
        ([0, 2, 1], [1.0, 2.0, 3.0], "t1 row 2: expected finite, ascending times, was 1"),
        ([0.0, math.nan], [1.0, 2.0], "t1 row 1"),
        ([0.0, math.inf], [1.0, 2.0], "t1 row 1"),
        ([0, 1], [1.0, math.inf], "x1 row 1: expected a finite number or NaN, was inf"),
        ([0, 1], [1.0], r"shapes \(2,\) and \(1,\)"),
        (["a", "b"], [1.0, 2.0], "t1: expected times as whole numbers or floats"),
        ([0, 1], ["a", "b"], "t1 and x1: expected numbers"),
    ],
)
def test_bad_series(t1: Any, x1: Any, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        hayashi_yoshida(t1, x1, T2, X2)
    with pytest.raises(BadInput, match=words.replace("t1", "t2").replace("x1", "x2")):
        hayashi_yoshida(T2, X2, t1, x1)


@pytest.mark.parametrize("lags", [[], [math.nan], [1, 1], "ab", [[1]]])
def test_bad_lags(lags: Any) -> None:
    with pytest.raises(BadInput, match="lags"):
        lead_lag(T1, X1, T2, X2, lags)


def slow_volatility(times: Sequence[float], values: Sequence[float], start: float, end: float, horizon: float) -> float:
    """Take changes over the horizon from every fifth of it on."""
    changes = []
    for k in range(10_000):
        begin = start + k * horizon / 5.0
        if begin + horizon > end + 1e-9:
            break
        levels = [
            [x for t, x in zip(times, values, strict=True) if t <= moment + 1e-9][-1]
            for moment in (begin, begin + horizon)
        ]
        changes.append(levels[1] - levels[0])
    return math.sqrt(sum(change**2 for change in changes) / len(changes))


@pytest.mark.parametrize("horizon", [2, 2.5, 5])
@pytest.mark.parametrize("kind", [int, float])
def test_volatility_ratio_by_hand(horizon: float, kind: type) -> None:
    found = volatility_ratio([kind(t) for t in T1], X1, [kind(t) for t in T2], X2, horizon)
    wanted = [slow_volatility(t, x, 0, 10, horizon) for t, x in ((T1, X1), (T2, X2))]
    assert found.sigma_1 == pytest.approx(wanted[0])
    assert found.sigma_2 == pytest.approx(wanted[1])
    assert found.ratio == pytest.approx(wanted[0] / wanted[1])
    assert found.changes == math.floor(10 / horizon * 5) - 4


def test_volatility_ratio_of_a_path_seen_twice_is_one() -> None:
    """Although one is watched ten times as often, and twice the path is twice as volatile."""
    rng = np.random.default_rng(6)
    path = rng.standard_normal(50_000).cumsum()
    often, seldom = np.arange(50_000), np.sort(rng.choice(50_000, 5_000, replace=False))
    assert volatility_ratio(often, path, seldom, path[seldom], 200).ratio == pytest.approx(1.0, abs=0.02)
    assert volatility_ratio(often, 2.0 * path, seldom, path[seldom], 200).ratio == pytest.approx(2.0, abs=0.04)


def test_no_volatility_ratio() -> None:
    short = volatility_ratio(T1, X1, T2, X2, 11)
    assert (short.changes, math.isnan(short.ratio), math.isnan(short.sigma_1)) == (0, True, True)
    still = volatility_ratio(T1, X1, T2, [1.0] * 5, 2)
    assert (still.sigma_2, math.isnan(still.ratio)) == (0.0, True)
    assert math.isnan(volatility_ratio([], [], T2, X2, 1).ratio)
    assert math.isnan(volatility_ratio([0, 1], [0, 1], [5, 6], [0, 1], 0.1).ratio)
    with pytest.raises(ParameterError, match="horizon: expected a positive time, was 0"):
        volatility_ratio(T1, X1, T2, X2, 0)
    with pytest.raises(ParameterError, match="steps of a fifth"):
        volatility_ratio([0, SECOND], [0, 1], [0, SECOND], [0, 1], 1)


@pytest.fixture(scope="module")
def link(shared_data: Path) -> tuple[Any, Floats, Any, Floats]:
    """Logarithms of LINK/USDT mids on Binance and Huobi, each second."""
    found: list[Any] = []
    for name in ("bnc", "hb"):
        frame = pl.read_csv(shared_data / "link_binance_huobi_l10" / f"orderbook_{name}.csv")
        found.append(frame["timestamp"].str.to_datetime(time_unit="ns").dt.epoch("ns").to_numpy())
        found.append(np.log(0.5 * (frame["b1"].cast(pl.Float64) + frame["a1"].cast(pl.Float64)).to_numpy()))
    return found[0], found[1], found[2], found[3]


def test_binance_leads_huobi_by_a_second(link: tuple[Any, Floats, Any, Floats]) -> None:
    found = lead_lag(*link, np.arange(-5, 6) * SECOND)
    at = dict(zip((found.lags / SECOND).tolist(), found.correlations.tolist(), strict=True))
    assert at[0.0] == pytest.approx(0.82, abs=0.005)
    assert at[1.0] == pytest.approx(0.20, abs=0.005)
    assert at[-1.0] == pytest.approx(0.03, abs=0.005)
    assert found.best_lag == 0
    assert found.lead == SECOND
    assert found.lead_z > 5.0
    assert found.ratio > 10.0


def test_link_is_as_volatile_on_both(link: tuple[Any, Floats, Any, Floats]) -> None:
    assert volatility_ratio(*link, 60 * SECOND).ratio == pytest.approx(1.0, abs=0.02)
