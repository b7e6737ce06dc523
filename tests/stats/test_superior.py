"""Superior predictive ability against arch on studentised columns, a slow version, and its own size and power."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from arch.bootstrap import SPA
from hypothesis import given, settings
from hypothesis import strategies as st

from arbresearch.core import BadInput, ParameterError
from arbresearch.stats import block_length, superior_predictive_ability
from arbresearch.stats.superior_kernels import resample_maxima
from tests.stats.slow import autoregression, slow_variance

Floats = npt.NDArray[np.float64]


def market(seed: int, n: int = 120, means: tuple[float, ...] = (0.1, 0.0, -0.1, -0.9, 0.05)) -> Floats:
    """Return dependent strategies with a common part, autocorrelated, the later ones ever more volatile."""
    rng = np.random.default_rng(seed)
    common = rng.standard_normal(n)
    own = np.column_stack([autoregression(rng.standard_normal(n), 0.3) for _ in means])
    return (0.7 * common[:, None] + own + np.array(means)) * 2.0 ** np.arange(len(means))


def slow_blocks(n: int, block_size: float, rng: np.random.Generator) -> list[list[int]]:
    """Return the rows of a resample, block by block."""
    blocks, left = [], n
    while left > 0:
        start, length = int(rng.integers(n)), min(left, int(rng.geometric(1.0 / block_size)))
        blocks.append([(start + i) % n for i in range(length)])
        left -= length
    return blocks


def slow_p_values(
    matrix: Floats, block_size: float, resamples: int, errors: str, seed: int
) -> tuple[list[float], float]:
    """Follow Hansen (2005), section 3, step by step; return lower, consistent and upper p-value, and the statistic."""
    n, strategies = matrix.shape
    rng = np.random.default_rng(seed)
    means = [sum(column) / n for column in matrix.T.tolist()]
    omega = [math.sqrt(n * slow_variance(column, block_size)) for column in matrix.T.tolist()]
    statistic = max(0.0, *(math.sqrt(n) * means[k] / omega[k] for k in range(strategies)))
    threshold = [-omega[k] * math.sqrt(2.0 * math.log(math.log(n)) / n) for k in range(strategies)]
    recentred = [
        [max(0.0, one) for one in means],
        [one if one >= threshold[k] else 0.0 for k, one in enumerate(means)],
        means,
    ]
    above = [0, 0, 0]
    for _ in range(resamples):
        blocks = slow_blocks(n, block_size, rng)
        star = matrix[np.concatenate(blocks)].mean(axis=0).tolist()
        own = omega
        if errors == "resample":
            off = np.array([matrix[block].sum(axis=0) - len(block) * np.array(star) for block in blocks])
            own = np.sqrt((off**2).sum(axis=0) / n).tolist()
        if errors == "resample" and len(blocks) == 1:
            continue
        for way, centres in enumerate(recentred):
            highest = max(0.0, *(math.sqrt(n) * (star[k] - centres[k]) / own[k] for k in range(strategies)))
            above[way] += highest > statistic
    return [count / resamples for count in above], statistic


def error_of(p: float, *resamples: int) -> float:
    return 4.0 * math.sqrt(max(p * (1.0 - p), 0.002) * sum(1.0 / one for one in resamples))


@pytest.mark.parametrize("errors", ["resample", "sample"])
@pytest.mark.parametrize(("seed", "block_size"), [(2, 1.0), (4, 3.5), (3, 8.0)])
def test_p_values_of_the_slow_version(seed: int, block_size: float, errors: Any) -> None:
    matrix = market(seed, n=40)
    found = superior_predictive_ability(matrix, block_size=block_size, errors=errors)
    wanted, statistic = slow_p_values(matrix, block_size, 3_000, errors, seed)
    assert found.statistic == pytest.approx(statistic, rel=1e-9)
    for ours, theirs in zip((found.p_lower, found.p_consistent, found.p_upper), wanted, strict=True):
        assert 0.01 < theirs < 0.99
        assert ours == pytest.approx(theirs, abs=error_of(theirs, 3_000, 9_999))


@pytest.mark.parametrize(("seed", "block_size"), [(4, 1), (5, 4), (6, 10)])
def test_arch_agrees_once_columns_are_studentised(seed: int, block_size: int) -> None:
    """Its differences are losses of the benchmark less losses of the strategies; with unit errors it has no choice."""
    matrix = market(seed)
    omega = np.array([math.sqrt(120 * slow_variance(column, block_size)) for column in matrix.T.tolist()])
    test = SPA(np.zeros(120), -matrix / omega, block_size=block_size, reps=4_000, seed=seed)
    test.compute()
    found = superior_predictive_ability(matrix, block_size=block_size, errors="sample")
    ours = {"lower": found.p_lower, "consistent": found.p_consistent, "upper": found.p_upper}
    for name, theirs in test.pvalues.items():
        assert ours[name] == pytest.approx(theirs, abs=error_of(theirs, 4_000, 9_999)), name


def test_a_volatile_strategy_does_not_drown_the_others() -> None:
    """What arch 8.0.0 says with studentize=True of the same columns, and with False: it divides in neither case."""
    rng = np.random.default_rng(3)
    matrix = np.column_stack([0.02 + 0.05 * rng.standard_normal(200), 5.0 * rng.standard_normal((200, 10))])
    found = superior_predictive_ability(matrix, block_size=2)
    raw = []
    for studentize in (True, False):
        test = SPA(np.zeros(200), -matrix, block_size=2, reps=500, seed=1, studentize=studentize)
        test.compute()
        raw.append(test.pvalues.tolist())
    assert found.best == 0
    assert found.p_upper < 0.001
    assert raw[0] == raw[1]
    assert min(raw[0]) > 0.1


def test_ways_of_recentring_are_ordered() -> None:
    """A strategy that is clearly worse counts in the upper p-value alone, one a little worse in both but the lower."""
    matrix = market(7, n=300, means=(0.3, 0.0, 0.0, -0.9, -0.9, -0.9))
    found = superior_predictive_ability(matrix)
    assert found.p_lower < found.p_consistent < found.p_upper


def test_rejects_no_more_often_than_it_says() -> None:
    """Twelve strategies without skill, of deviations from 1 to 2,048, 600 seeds: 5 % with an error of .9 %."""
    shares = {}
    for errors in ("resample", "sample"):
        found = [
            superior_predictive_ability(
                market(seed, n=150, means=(0.0,) * 12),
                errors=errors,  # type: ignore[arg-type]
                block_size=8.0,
                resamples=399,
            ).p_consistent
            for seed in range(1_000, 1_600)
        ]
        shares[errors] = float(np.mean(np.array(found) <= 0.05)), float(np.mean(np.array(found) <= 0.2))
    assert 0.005 <= shares["resample"][0] <= 0.055
    assert 0.15 <= shares["resample"][1] <= 0.26
    assert shares["sample"][0] > 0.1


def test_finds_skill_among_many() -> None:
    found = [
        superior_predictive_ability(market(seed, n=200, means=(0.0, 0.5, *[0.0] * 10)), resamples=499)
        for seed in range(40)
    ]
    assert np.mean([one.p_consistent <= 0.05 for one in found]) > 0.8
    assert np.mean([one.best == 1 for one in found]) > 0.8


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32), st.lists(st.floats(0.01, 100.0), min_size=5, max_size=5), st.permutations(range(5)))
def test_size_and_order_of_columns_do_not_matter(seed: int, sizes: list[float], order: list[int]) -> None:
    matrix = market(seed, n=60)
    ours = superior_predictive_ability(matrix, block_size=3.0, resamples=200)
    theirs = superior_predictive_ability((matrix * sizes)[:, order], block_size=3.0, resamples=200)
    assert theirs.statistic == pytest.approx(ours.statistic, rel=1e-9)
    for name in ("p_lower", "p_consistent", "p_upper"):
        assert getattr(theirs, name) == pytest.approx(getattr(ours, name), abs=1.01 / 201)
    assert ours.best == -1 if theirs.best == -1 else ours.best == order[theirs.best]


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 5))
def test_p_values_are_ordered_for_any_strategies(seed: int, strategies: int) -> None:
    found = superior_predictive_ability(market(seed, n=60)[:, :strategies], resamples=200)
    assert 1 / 201 <= found.p_lower <= found.p_consistent <= found.p_upper <= 1.0


def test_benchmark_is_taken_off() -> None:
    matrix, benchmark = market(9), market(10)[:, 0]
    assert superior_predictive_ability(matrix, benchmark) == superior_predictive_ability(matrix - benchmark[:, None])
    assert superior_predictive_ability(matrix, 0.25) == superior_predictive_ability(matrix - 0.25)


def test_block_size_is_the_median_of_the_columns() -> None:
    """Persistent strategies ask for more than the floor of 1.5 n^(1/3); the one that never moves is not asked."""
    rng = np.random.default_rng(6)
    columns = [autoregression(rng.standard_normal(900), phi) for phi in (0.7, 0.8, 0.9)]
    found = superior_predictive_ability(np.column_stack([*columns, np.zeros(900)]), resamples=50)
    assert found.block_size == pytest.approx(sorted(block_length(one) for one in columns)[1])


def test_no_strategy_better_than_the_benchmark() -> None:
    matrix = market(1)
    found = superior_predictive_ability(matrix - matrix.mean(axis=0) - 0.01)
    assert (found.p_lower, found.p_consistent, found.p_upper, found.statistic, found.best) == (1.0, 1.0, 1.0, 0.0, -1)


def test_strategies_that_do_not_move() -> None:
    """Idle ones and constant losses take no part; a constant gain decides alone."""
    matrix = market(2)
    still = np.column_stack([np.zeros(120), np.full(120, -0.1), matrix])
    alone, beside = superior_predictive_ability(matrix, block_size=3), superior_predictive_ability(still, block_size=3)
    assert (beside.p_lower, beside.p_consistent, beside.p_upper) == (alone.p_lower, alone.p_consistent, alone.p_upper)
    assert beside.best == alone.best + 2
    idle = superior_predictive_ability(np.column_stack([np.zeros(120), np.full(120, -0.1)]))
    assert (idle.p_consistent, idle.statistic, idle.best) == (1.0, 0.0, -1)
    gain = superior_predictive_ability(np.column_stack([matrix, np.full(120, 0.1)]), resamples=999)
    assert (gain.p_lower, gain.p_consistent, gain.p_upper) == (0.001, 0.001, 0.001)
    assert (gain.statistic, gain.best) == (math.inf, 5)


def test_rows_that_are_not_known_are_left_out_for_all() -> None:
    matrix, benchmark = market(3), market(4)[:, 0]
    holes, steps = np.insert(matrix, [0, 50], 9.0, axis=0), np.insert(benchmark, [0, 50], 9.0)
    holes[0, 2] = math.nan
    steps[51] = math.nan
    assert superior_predictive_ability(holes, steps) == superior_predictive_ability(matrix, benchmark)


def test_too_few_rows_say_nothing() -> None:
    found = superior_predictive_ability(market(1, n=19))
    assert math.isnan(found.p_consistent)
    assert math.isnan(found.statistic)
    assert (found.best, found.observations, found.strategies) == (-1, 19, 5)
    assert superior_predictive_ability(market(1, n=20)).p_consistent > 0.0


def test_same_seed_gives_the_same() -> None:
    matrix = market(5)
    assert superior_predictive_ability(matrix) == superior_predictive_ability(matrix)
    ours, theirs = (superior_predictive_ability(matrix, resamples=500, seed=seed) for seed in (1, 2))
    assert ours.p_consistent != theirs.p_consistent


@pytest.mark.parametrize("own_errors", [True, False])
def test_compiled_and_plain_resamples_are_the_same(own_errors: bool) -> None:
    centred = market(8, n=30)
    centred -= centred.mean(axis=0)
    shifts = np.array([[0.0, -1.0, 0.5, 0.0, 0.0], [0.0] * 5])
    results = []
    for function in (resample_maxima, resample_maxima.py_func):
        maxima = np.empty((20, 2))
        function(np.random.Generator(np.random.SFC64(9)), centred, 2.5, shifts, own_errors, maxima)
        results.append(maxima)
    np.testing.assert_allclose(results[0], results[1], rtol=1e-12)


def test_what_is_refused() -> None:
    matrix = market(1)
    with pytest.raises(BadInput, match=r"benchmark: expected a number or 120 observations, was shape \(3,\)"):
        superior_predictive_ability(matrix, [1.0, 2.0, 3.0])
    with pytest.raises(BadInput, match=r"matrix: expected observations x strategies, one or more, was shape \(120,\)"):
        superior_predictive_ability(matrix[:, 0])
    with pytest.raises(BadInput, match="one or more"):
        superior_predictive_ability(np.empty((30, 0)))
    with pytest.raises(BadInput, match="matrix and benchmark: expected numbers"):
        superior_predictive_ability([["a"]])
    with pytest.raises(BadInput, match="benchmark: expected finite numbers or NaN"):
        superior_predictive_ability(matrix, math.inf)
    with pytest.raises(BadInput, match="matrix row 7, column 0: expected a finite number"):
        superior_predictive_ability(np.where(np.arange(600).reshape(120, 5) == 35, math.inf, matrix))
    with pytest.raises(ParameterError, match=r"block_size: expected at most a fifth of the 120 known rows, was 24\.5"):
        superior_predictive_ability(matrix, block_size=24.5)
    for parameters in (
        {"errors": "none"},
        {"block_size": 0.5},
        {"block_size": math.nan},
        {"resamples": 0},
        {"seed": -1},
    ):
        with pytest.raises(ParameterError, match=next(iter(parameters))):
            superior_predictive_ability(matrix, **parameters)  # type: ignore[arg-type]
