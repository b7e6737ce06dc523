"""The fit of a spread: simulated truth, other packages' sampling, and what must be refused or said."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import polars as pl
import pytest

from arbresearch.core import BadInput, ParameterError
from arbresearch.stats import fit_ou, monitoring_shift, zeng_lee
from arbresearch.thresholds import fit_spread
from arbresearch.thresholds.process import PROBABILITIES
from arbresearch.thresholds.sampling import LADDER_S, edge_series, sample_spread
from tests.thresholds.paths import EPOCH_NS, edges_of, reverting

HALF_LIFE_S = 300.0
KAPPA = math.log(2.0) / HALF_LIFE_S
SD, COST, THETA = 10.0, 5.0, 3.0
SIGMA = SD * math.sqrt(2.0 * KAPPA)


def spread(reversions: float, seed: int, dt_s: float = 5.0) -> tuple[Any, Any, Any]:
    n = int(reversions / KAPPA / dt_s)
    return edges_of(reverting(n, KAPPA * dt_s, seed=seed, theta=THETA, sd=SD)[0], COST, dt_s)


def test_samples_are_those_of_a_join() -> None:
    """Previous values by polars' join in time, and what is too old by its own column."""
    rng = np.random.default_rng(2)
    times = EPOCH_NS + np.sort(rng.integers(0, 400 * 10**9, 300))
    ab, ba = rng.normal(size=300), rng.normal(size=300)
    ab[rng.random(300) < 0.1] = math.nan
    found = sample_spread(edge_series(times, ab, ba), 0.7, max_age_s=3.0)
    grid = pl.DataFrame({"time": found.time_ns}).sort("time")
    rows = pl.DataFrame({"time": times, "ab": ab, "ba": ba, "own": times}).sort("time")
    joined = grid.join_asof(rows, on="time", strategy="backward")
    fresh = (joined["time"] - joined["own"]).to_numpy() <= 3 * 10**9
    wanted = np.where(fresh, 0.5 * (joined["ab"] - joined["ba"]).to_numpy(), math.nan)
    np.testing.assert_array_equal(found.y_bps, wanted)
    np.testing.assert_allclose(found.cost_bps, np.where(fresh, -(joined["ab"] + joined["ba"]).to_numpy(), math.nan))
    assert (np.diff(found.time_ns) == 700_000_000).all()
    assert (found.time_ns % 700_000_000 == 0).all()
    assert found.time_ns[0] >= times[0] > found.time_ns[0] - 700_000_000
    assert np.isnan(found.y_bps).sum() > 0


def test_levels_are_the_closed_form_of_the_fit() -> None:
    found = fit_spread(*spread(400.0, 1))
    assert found.fit is not None
    assert found.levels is not None
    assert found.fit.half_life == pytest.approx(HALF_LIFE_S, rel=0.2)
    assert found.fit.theta == pytest.approx(THETA, abs=2.0)
    assert found.cost_bps == pytest.approx(COST)
    assert found.stationary_sd_bps == pytest.approx(SD, rel=0.15)
    assert 3.0 <= found.fit.half_life / found.dt_s / 10.0 <= 8.0 or found.fit.half_life / found.dt_s >= 10.0
    own = zeng_lee(found.fit.theta, found.fit.kappa, found.fit.sigma, found.cost_bps)
    assert found.levels == own
    assert found.half_width_bps == pytest.approx(own.entry - found.fit.theta)
    assert found.rate_bps_day == pytest.approx(86_400.0 * own.rate)
    assert found.shift_bps == pytest.approx(monitoring_shift(found.fit.sigma, 5.0), rel=1e-6)
    assert found.set_half_width_bps == pytest.approx(found.half_width_bps - found.shift_bps)
    assert found.half_width_low_bps < found.half_width_bps < found.half_width_high_bps
    assert (found.reason, found.reverts) == ("", True)
    terms = found.terms()
    assert (terms.theta_bps, terms.shift_bps) == (found.fit.theta, found.shift_bps)
    assert found.terms(watched=False).shift_bps == 0.0


def test_distance_of_the_samples() -> None:
    """The longest of the ladder with ten in a half-life, by fitting all of them; a given one is kept."""
    times, ab, ba = spread(400.0, 2)
    found = fit_spread(times, ab, ba)
    y = 0.5 * (ab - ba)
    suited = []
    for step in LADDER_S:  # the quotes are 5 s apart
        if step >= 5.0:
            every = y[(-EPOCH_NS // 10**9) % int(step) // 5 :: int(step) // 5]
            suited += [step] if fit_ou(every, step).half_life >= 10.0 * step else []
    assert found.dt_s == max(suited)
    given = fit_spread(times, ab, ba, dt_s=60.0)
    assert given.dt_s == 60.0
    assert given.fit is not None
    assert given.fit.pairs < found.samples


def test_short_noise_moves_to_longer_distances() -> None:
    """Bounce of a tenth of the spread's deviation: with ten samples in a half-life it looks a fifth too short."""
    times, ab, ba = spread(6_000.0, 3)
    noise = np.random.default_rng(9).normal(0.0, 1.0, ab.size)
    clean, noisy = fit_spread(times, ab, ba), fit_spread(times, ab + noise, ba - noise)
    assert clean.fit is not None
    assert noisy.fit is not None
    assert noisy.dt_s > clean.dt_s
    assert noisy.fit.half_life == pytest.approx(HALF_LIFE_S, rel=0.12)
    assert fit_ou((ab + noise)[::2], 10.0).half_life < 0.75 * HALF_LIFE_S


def test_two_processes_at_once_are_said() -> None:
    fast = reverting(200_000, 0.05, seed=4, sd=SD)[0]
    slow = reverting(200_000, 0.0005, seed=5, sd=SD)[0]
    found = fit_spread(*edges_of(fast + slow, COST, 5.0))
    assert any("noise" in one for one in found.notes)


@pytest.mark.parametrize("reversions", [60.0, 250.0])
def test_interval_of_the_half_width_holds_as_often_as_it_says(reversions: float) -> None:
    """250 seeds, the error of the count is 1.4 %; what does not revert for sure has no interval."""
    truth = zeng_lee(0.0, KAPPA, SIGMA, COST).entry
    fits = [fit_spread(*spread(reversions, seed), watch_s=0.0) for seed in range(250)]
    known = [one for one in fits if one.reverts]
    held = [one.half_width_low_bps <= truth <= one.half_width_high_bps for one in known]
    assert len(known) > 240
    assert 0.92 <= sum(held) / len(held) <= 0.985


def test_random_walks_are_not_fitted() -> None:
    """150 of them: 1 % is allowed by the test itself, 4 by chance."""
    found = []
    for seed in range(150):
        y = np.cumsum(np.random.default_rng([7, seed]).standard_normal(8_000))
        found.append(fit_spread(*edges_of(y, COST, 10.0)))
    assert sum(one.reverts for one in found) <= 6
    walks = [one for one in found if not one.reverts]
    assert all("no reversion" in one.reason or "trending" in one.reason for one in walks)
    assert all(math.isnan(one.half_width_bps) and one.levels is None for one in walks)


def test_a_trend_is_said() -> None:
    times, ab, ba = spread(300.0, 6)
    rise = np.linspace(0.0, 60.0, ab.size)
    found = fit_spread(times, ab + rise, ba - rise)
    assert not found.reverts
    assert "trending: the mean moves by" in found.reason or "no reversion" in found.reason
    little = fit_spread(times, ab + 0.02 * rise, ba - 0.02 * rise)
    assert little.reverts
    step = np.where(np.arange(ab.size) < ab.size // 2, 0.0, 25.0)
    broken = fit_spread(times, ab + step, ba - step, dt_s=30.0)
    assert not broken.reverts
    assert "trending: the mean moves by" in broken.reason


def test_constant_and_short_spreads_are_said() -> None:
    times = EPOCH_NS + np.arange(2_000) * 10**9
    still = fit_spread(times, np.full(2_000, -4.0), np.full(2_000, -2.0))
    assert still.reason == "the spread is constant at -1 bps"
    assert (still.cost_bps, still.fit, still.levels, still.y_sd_bps) == (6.0, None, None, 0.0)
    with pytest.raises(BadInput, match="spread: expected one that reverts to a level, was the spread is constant"):
        still.terms()
    stale = fit_spread(times, np.full(2_000, math.nan), np.zeros(2_000))
    assert stale.reason == "too little data: 0 samples are known, 100 are needed"
    assert math.isnan(stale.cost_bps)
    short = fit_spread(*spread(10.0, 1), dt_s=300.0)
    assert "too little data:" in short.reason
    assert "consecutive samples are known, 100 are needed" in short.reason
    one = fit_spread([EPOCH_NS], [1.0], [-2.0])
    assert "too little data" in one.reason


def test_costs_beyond_any_level() -> None:
    y = reverting(20_000, 0.02, seed=1, sd=0.1)[0]
    dear = fit_spread(*edges_of(y, 8.0, 5.0))
    assert "standard deviations of the spread; no level pays for it" in dear.reason
    free = fit_spread(*edges_of(y, -0.5, 5.0))
    assert free.reason == "a round trip costs -0.5 bps: with none to pay ever closer levels are ever better"


def test_figures_of_the_edges_over_time() -> None:
    """Edges in force ten times as long count ten times."""
    rng = np.random.default_rng(8)
    y, gaps = rng.normal(2.0, 5.0, 4_000), np.where(rng.random(4_000) < 0.5, 1, 10)
    cost = np.where(gaps == 10, 4.0, 8.0)
    times = EPOCH_NS + np.cumsum(gaps) * 10**9
    held = np.append(np.diff(times), 0) / 1e9
    found = fit_spread(times, y - 0.5 * cost, -y - 0.5 * cost)
    in_force = np.repeat(np.arange(4_000), held.astype(int))
    assert found.cost_bps == pytest.approx(np.average(cost, weights=held), rel=1e-3)
    assert found.y_median_bps == pytest.approx(np.median(y[in_force]), abs=0.05)
    wanted = np.quantile((y - 0.5 * cost)[in_force], PROBABILITIES)
    assert found.edge_ab_quantiles_bps == pytest.approx(tuple(wanted), abs=0.25)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (([], [], []), "times_ns: expected one or more whole nanoseconds"),
        (([1.5, 2.5], [1.0, 1.0], [1.0, 1.0]), "times_ns"),
        (([1, 2], [1.0], [1.0, 1.0]), "net_ab and net_ba: expected an edge for each of 2 times"),
        (([2, 1], [1.0, 1.0], [1.0, 1.0]), "times_ns row 1: expected a time not before 2, was 1; sort them"),
        (([1, 2], [1.0, math.inf], [1.0, 1.0]), "net_ab row 1: expected a finite edge or NaN, was inf"),
    ],
)
def test_what_is_no_series_of_edges(arguments: Any, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        fit_spread(*arguments)


@pytest.mark.parametrize("parameters", [{"dt_s": 0.0}, {"max_age_s": -1.0}, {"confidence": 1.0}])
def test_parameters_out_of_range(parameters: dict[str, float]) -> None:
    with pytest.raises(ParameterError, match=next(iter(parameters))):
        fit_spread(*spread(100.0, 1), **parameters)


def test_a_long_time_is_sampled_in_stretches_that_are_kept_apart() -> None:
    y = reverting(400_000, 0.02, seed=3, sd=5.0)[0]
    edges = edge_series(*edges_of(y, 4.0, 1.0))
    whole, parts = sample_spread(edges, 1.0), sample_spread(edges, 1.0, most=64_000)
    assert parts.y_bps.size == 64_000
    assert whole.y_bps.size == 400_000
    known = ~np.isnan(parts.y_bps)
    assert np.count_nonzero(~known) == 63 * 5
    # Where both neighbours are known they are neighbours in time, five apart too.
    for lag in (1, 5):
        near = known[lag:] & known[:-lag]
        assert set((parts.time_ns[lag:] - parts.time_ns[:-lag])[near]) == {lag * 1_000_000_000}
    at = np.searchsorted(whole.time_ns, parts.time_ns[known])
    assert np.array_equal(whole.y_bps[at], parts.y_bps[known])
    assert fit_ou(parts.y_bps).kappa == pytest.approx(fit_ou(y).kappa, rel=0.1)
    assert parts.time_ns[0] == whole.time_ns[0]
    assert parts.time_ns[-1] == whole.time_ns[-1]
