"""Sampling two books on a grid, and the fit of their distance: slow versions, simulated reversion, and noise."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arbresearch.discovery.metrics.spread_fit import fit_spread, mid_spread_bps, sampled
from arbresearch.edges import Pair, align
from arbresearch.stats import fit_ou
from tests.stats.slow import autoregression

SECOND = 1_000_000_000


def books(times: list[int], mids: list[float]) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "recv_ns": pl.Series(times, dtype=pl.Int64),
            "bid": [mid - 0.5 for mid in mids],
            "bid_size": [1.0] * len(mids),
            "ask": [mid + 0.5 for mid in mids],
            "ask_size": [1.0] * len(mids),
        }
    )


streams = st.lists(st.integers(0, 60), min_size=1, max_size=15).map(sorted)


@settings(max_examples=200, deadline=None)
@given(streams, streams, st.integers(1, 15), st.integers(1, 20))
def test_a_sample_is_what_was_last_known(a: list[int], b: list[int], step: int, age: int) -> None:
    mids_a, mids_b = [100.0 + i for i in range(len(a))], [200.0 + i for i in range(len(b))]
    if max(a[0], b[0]) > min(a[-1], b[-1]):
        return
    pair = align(books(a, mids_a), books(b, mids_b), max_age_ns=age).overlap()
    grid = sampled(pair, step)
    wanted: list[tuple[int, float]] = []
    for moment in range(max(a[0], b[0]), min(a[-1], b[-1]) + 1):
        if moment % step == 0:
            known = [[i for i, time in enumerate(times) if time <= moment][-1] for times in (a, b)]
            fresh = moment - a[known[0]] <= age and moment - b[known[1]] <= age
            spread = 1e4 * math.log(mids_a[known[0]] / mids_b[known[1]])
            wanted.append((moment, spread if fresh else math.nan))
    assert grid.recv_ns.tolist() == [moment for moment, _ in wanted]
    assert mid_spread_bps(grid) == pytest.approx([spread for _, spread in wanted], nan_ok=True)


def test_nothing_to_sample() -> None:
    pair = align(books([3, 5], [1.0, 1.0]), books([2, 6], [1.0, 1.0])).overlap()
    assert len(sampled(pair, 7)) == 0
    empty = Pair(pair.recv_ns[:0], pair.row_a[:0], pair.row_b[:0], pair.book_a, pair.book_b)
    assert len(sampled(empty, 7)) == 0


def reverting(half_life: float, n: int, seed: int) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return samples one apart of a process with variance one."""
    return autoregression(np.random.default_rng(seed).standard_normal(n), 0.5 ** (1.0 / half_life))


def times(n: int, step_ns: int = SECOND) -> np.ndarray[Any, np.dtype[np.int64]]:
    return 7 * step_ns + step_ns * np.arange(n)


def test_without_noise_it_is_the_plain_fit() -> None:
    values = reverting(20.0, 20_000, 1)
    found, plain = fit_spread(times(values.size, 2 * SECOND), values, 2 * SECOND), fit_ou(values, 2.0)
    assert found.fit == plain
    assert (found.step_s, found.reason) == (2.0, "")
    assert found.half_life_low_s < 40.0 < found.half_life_high_s
    assert found.half_life_s == plain.half_life


def test_missing_samples_are_not_bridged() -> None:
    """Two stretches far apart: the pairs are those of each, as in a regression over both."""
    values = reverting(5.0, 400, 2)
    at = times(400)
    at[200:] += 1_000 * SECOND
    found = fit_spread(at, values, SECOND)
    now, following = np.delete(values[:-1], 199), np.delete(values[1:], 199)
    assert found.fit is not None
    assert found.fit.pairs == 398
    assert found.fit.phi == pytest.approx(np.polyfit(now, following, 1)[0])


@pytest.mark.parametrize("seed", range(4))
def test_noise_is_stepped_over(seed: int) -> None:
    """Half of the variance is noise: sample by sample the half-life seems a few seconds, and is 300."""
    values = reverting(300.0, 100_000, seed) + np.random.default_rng(seed + 50).standard_normal(100_000)
    found = fit_spread(times(values.size), values, SECOND)
    assert fit_ou(values).half_life < 5.0
    assert found.reason != "" or (found.step_s >= 16.0 and found.half_life_s > 100.0)
    small = reverting(300.0, 100_000, seed) + 0.1 * np.random.default_rng(seed + 50).standard_normal(100_000)
    assert fit_ou(small).half_life < 100.0
    told = fit_spread(times(small.size), small, SECOND)
    assert told.reason == ""
    assert told.step_s > 1.0
    assert told.half_life_s == pytest.approx(300.0, rel=0.25)


def test_where_noise_is_most_of_it_no_half_life_is_told() -> None:
    """A moving average over a slow reversion: most of what is left a step later is gone after two."""
    shocks = np.random.default_rng(3).standard_normal(20_001)
    values = shocks[1:] + 0.9 * shocks[:-1] + 0.8 * reverting(50.0, 20_000, 4)
    found = fit_spread(times(values.size), values, SECOND)
    assert found.reason.startswith("noise hides it: ")
    assert found.reason.endswith(" s at steps of 1 s, longer at longer steps")
    assert all(math.isnan(one) for one in (found.half_life_s, found.half_life_low_s, found.half_life_high_s))
    assert found.fit == fit_ou(values)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ([], "no instant at which both books are fresh"),
        ([1.0, 2.0, 1.5], "4 pairs of known consecutive samples"),
        ([math.nan] * 50, "4 pairs of known consecutive samples"),
        ([2.5] * 50, "a series that moves"),
        ([float(2**i) for i in range(20)], "a deviation does not shrink"),
        ([1.0, -1.0] * 20 + [1.3], "zero or less"),
    ],
)
def test_what_the_data_do_not_tell_has_a_reason(values: list[float], words: str) -> None:
    found = fit_spread(times(len(values)), np.array(values), SECOND)
    assert words in found.reason
    assert math.isnan(found.half_life_s)


def test_a_few_reversions_tell_no_half_life() -> None:
    """One and a half half-lives are about one reversion."""
    found = fit_spread(times(3_000), reverting(2_000.0, 3_000, 6), SECOND)
    assert found.fit is not None
    assert found.fit.kappa_t < 14.1
    assert found.reason == f"only {found.fit.kappa_t:.2g} reversions seen, as chance may show"
    assert math.isnan(found.half_life_s)


def test_intervals_hold_about_as_often_as_they_say() -> None:
    """200 seeds, half-lives of 8 samples; the error of the count is 1.5 %."""
    fits = [fit_spread(times(2_000), reverting(8.0, 2_000, seed), SECOND) for seed in range(200)]
    held = [one.half_life_low_s <= 8.0 <= one.half_life_high_s for one in fits if not one.reason]
    assert len(held) > 190
    assert 0.9 <= sum(held) / len(held) <= 0.985


def test_a_random_walk_seldom_has_a_half_life() -> None:
    """5 % of them, by the table of Fuller; the error of the count is 1.1 %."""
    walks = [np.random.default_rng(seed).standard_normal(1_000).cumsum() for seed in range(400)]
    told = [fit_spread(times(1_000), walk, SECOND).reason == "" for walk in walks]
    assert 0.015 < sum(told) / len(told) < 0.085
