"""Bounds of a mean: published values, SciPy, statsmodels, and whether they hold as often as they say."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from arbresearch.core import BadInput, ParameterError
from arbresearch.stats import estimate_mean, lower_confidence_bound, stationary_bootstrap_variance
from tests.stats.slow import PROCESSES, autoregression, draw, slow_newey_west

PROFITS = [12, 8, -3, 15, 7, 9, -6, 11, 14, 5, 2, 10, -1, 13, 6, 8, 4, -9, 16, 9]
"""Basis points a day."""


def coverage(name: str, n: int, seeds: range, **parameters: Any) -> float:
    """Return the share of seeds for which the bound is not above the true mean."""
    truth = PROCESSES[name]
    held = [
        lower_confidence_bound(draw(name, n, np.random.default_rng([n, seed])), **parameters) <= truth for seed in seeds
    ]
    return sum(held) / len(held)


def test_published_bounds() -> None:
    assert estimate_mean(PROFITS).mean == 6.5
    assert lower_confidence_bound(PROFITS, method="t") == pytest.approx(3.8197707504, abs=5e-11)
    assert lower_confidence_bound(PROFITS, method="newey_west", lags=3) == pytest.approx(5.2725434790, abs=5e-11)


def test_the_smaller_of_the_published_bounds_is_that_of_independence() -> None:
    """The profits alternate, so that Newey and West find less error than independence: to be safe, take the smaller."""
    bounds = [lower_confidence_bound(PROFITS, method="t"), lower_confidence_bound(PROFITS, method="newey_west", lags=3)]
    assert min(bounds) == pytest.approx(3.8197707504, abs=5e-11)
    assert np.corrcoef(PROFITS[:-1], PROFITS[1:])[0, 1] < 0.0


def test_student_agrees_with_scipy() -> None:
    for confidence in (0.8, 0.95, 0.999):
        low = stats.ttest_1samp(PROFITS, 0.0, alternative="greater").confidence_interval(confidence).low
        assert lower_confidence_bound(PROFITS, confidence, "t") == pytest.approx(low, rel=1e-12)
    found = estimate_mean(PROFITS, method="t")
    assert 1.0 - found.probability_positive == pytest.approx(
        stats.ttest_1samp(PROFITS, 0.0, alternative="greater").pvalue, rel=1e-9
    )


@pytest.mark.parametrize("lags", [0, 1, 3, 19])
def test_newey_west_agrees_with_statsmodels_and_the_double_sum(lags: int) -> None:
    found = estimate_mean(PROFITS, method="newey_west", lags=lags).standard_error
    model = sm.OLS(PROFITS, np.ones(20)).fit(cov_type="HAC", cov_kwds={"maxlags": lags, "use_correction": False})
    assert found == pytest.approx(float(model.bse[0]), rel=1e-10)
    assert found == pytest.approx(slow_newey_west(PROFITS, lags), rel=1e-10)


def test_newey_west_takes_the_usual_number_of_lags() -> None:
    """4 (20/100)^(2/9) = 2.8: two lags."""
    assert lower_confidence_bound(PROFITS, method="newey_west") == lower_confidence_bound(
        PROFITS, method="newey_west", lags=2
    )


@pytest.mark.parametrize("method", ["t", "newey_west"])
def test_candidates_share_the_error(method: Any) -> None:
    """Ten candidates at 95 % are each held to 99.5 %."""
    shared = lower_confidence_bound(PROFITS, 0.95, method, candidates=10)
    assert shared == pytest.approx(lower_confidence_bound(PROFITS, 0.995, method), rel=1e-12)


def test_candidates_share_the_error_of_the_bootstrap() -> None:
    """Within reach of the resamples the quantile is read off, beyond it is carried on by Student's."""
    values = draw("exponential", 100, np.random.default_rng(1))
    assert lower_confidence_bound(values, 0.95, candidates=2) == lower_confidence_bound(values, 0.975)
    one = estimate_mean(values, 0.99)
    many = estimate_mean(values, 0.99, candidates=100)
    blocks = 100 / one.block_size
    ratio = stats.t.ppf(0.9999, blocks - 1.0) / stats.t.ppf(0.99, blocks - 1.0)
    assert many.mean - many.lower_bound == pytest.approx((one.mean - one.lower_bound) * ratio, rel=1e-9)


@pytest.mark.parametrize("name", ["normal", "exponential", "skewed to losses"])
def test_tail_beyond_the_resamples_is_near_that_of_many_more(name: str) -> None:
    values = draw(name, 168, np.random.default_rng(2))
    near = estimate_mean(values, candidates=250)
    far = estimate_mean(values, candidates=250, resamples=1_000_000)
    assert near.mean - near.lower_bound == pytest.approx(far.mean - far.lower_bound, rel=0.12)


def test_bootstrap_error_is_the_closed_form_and_the_block_size_can_be_given() -> None:
    found = estimate_mean(PROFITS, block_size=2.5)
    assert found.block_size == 2.5
    assert found.standard_error == pytest.approx(math.sqrt(stationary_bootstrap_variance(PROFITS, 2.5)), rel=1e-12)
    assert found.lower_bound != lower_confidence_bound(PROFITS)


def test_bootstrap_agrees_with_student_on_much_normal_data() -> None:
    values = np.random.default_rng(8).normal(1.0, 2.0, 5_000)
    ours, student = estimate_mean(values, block_size=1.0), estimate_mean(values, method="t")
    assert ours.mean - ours.lower_bound == pytest.approx(student.mean - student.lower_bound, rel=0.03)
    assert ours.standard_error == pytest.approx(student.standard_error, rel=0.001)


def test_probability_is_where_the_bound_is_zero() -> None:
    values = draw("exponential", 80, np.random.default_rng(4)) - 0.95
    probability = estimate_mean(values).probability_positive
    assert 0.8 < probability < 0.98
    assert (
        lower_confidence_bound(values, probability + 0.003) < 0.0 < lower_confidence_bound(values, probability - 0.003)
    )


def test_unknown_blocks_are_left_out() -> None:
    holes = np.insert(np.array(PROFITS, dtype=float), [0, 5, 5, 20], math.nan)
    assert estimate_mean(holes) == estimate_mean(PROFITS)
    assert estimate_mean(holes).observations == 20


@pytest.mark.parametrize("method", ["bootstrap", "t", "newey_west"])
def test_too_few_blocks_have_a_mean_but_no_bound(method: Any) -> None:
    found = estimate_mean([*PROFITS[:19], math.nan], method=method)
    assert found.mean == pytest.approx(sum(PROFITS[:19]) / 19)
    assert (found.observations, math.isnan(found.lower_bound), math.isnan(found.probability_positive)) == (
        19,
        True,
        True,
    )
    assert math.isfinite(lower_confidence_bound(PROFITS[:19], method=method, minimum=19))
    assert math.isnan(estimate_mean([], method=method).mean)
    assert math.isnan(lower_confidence_bound([1.0], method=method, minimum=2))


@pytest.mark.parametrize(("value", "probability"), [(0.0, 0.0), (0.1, 1.0), (-0.1, 0.0)])
@pytest.mark.parametrize("method", ["bootstrap", "t", "newey_west"])
def test_a_constant_is_its_own_bound(method: Any, value: float, probability: float) -> None:
    found = estimate_mean([value] * 30, method=method)
    assert (found.lower_bound, found.standard_error, found.probability_positive) == (value, 0.0, probability)


def test_one_rare_loss_leaves_no_bound() -> None:
    """In a third of the resamples the loss is missing and all agree: no bound at 95 %."""
    assert lower_confidence_bound([1.0] * 39 + [-100.0], block_size=1.0) == -math.inf


def test_cancelling_autocovariances_leave_an_error() -> None:
    found = estimate_mean([1.0, -1.0] * 20, method="newey_west", lags=39)
    assert found.standard_error > 0.0
    assert found.lower_bound <= found.mean


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"confidence": 1.0}, "confidence"),
        ({"confidence": math.nan}, "confidence"),
        ({"method": "normal"}, "method: expected bootstrap, t or newey_west, was 'normal'"),
        ({"candidates": 0}, "candidates"),
        ({"method": "newey_west", "lags": -1}, "lags: expected zero or more"),
        ({"method": "newey_west", "lags": 20}, "lags: expected fewer than the 20 values"),
        ({"minimum": 1}, "minimum"),
        ({"resamples": 100}, "resamples"),
        ({"block_size": 0.9}, "block_size"),
        ({"seed": -3}, "seed"),
    ],
)
def test_parameters_out_of_range(parameters: dict[str, Any], words: str) -> None:
    with pytest.raises(ParameterError, match=words):
        lower_confidence_bound(PROFITS, **parameters)


def test_infinite_profit_is_refused() -> None:
    with pytest.raises(BadInput, match="x row 2"):
        lower_confidence_bound([1.0, math.nan, -math.inf])


moderate = st.lists(st.integers(-50, 50).map(float), min_size=20, max_size=60).filter(lambda x: len(set(x)) > 1)


@settings(max_examples=40, deadline=None)
@given(moderate, st.sampled_from([0.5, 2.0, 1024.0]), st.sampled_from(["bootstrap", "t", "newey_west"]))
def test_bounds_scale_with_the_unit(values: list[float], factor: float, method: Any) -> None:
    parameters: dict[str, Any] = {"method": method, "seed": 1, "resamples": 500}
    one = lower_confidence_bound(values, **parameters)
    assert lower_confidence_bound(factor * np.array(values), **parameters) == pytest.approx(
        factor * one, rel=1e-9, abs=1e-9
    )


@settings(max_examples=40, deadline=None)
@given(moderate, st.sampled_from(["bootstrap", "t", "newey_west"]))
def test_more_confidence_and_more_candidates_lower_the_bound(values: list[float], method: Any) -> None:
    parameters: dict[str, Any] = {"method": method, "resamples": 500}
    bounds = [lower_confidence_bound(values, confidence, **parameters) for confidence in (0.5, 0.8, 0.9, 0.95)]
    bounds += [lower_confidence_bound(values, 0.95, candidates=many, **parameters) for many in (2, 10, 500)]
    assert all(later <= earlier + 1e-9 for earlier, later in itertools.pairwise(bounds))


@pytest.mark.parametrize("name", PROCESSES)
def test_bounds_hold_as_often_as_they_say(name: str) -> None:
    """Three days of hourly blocks; the error of the count itself is 0.9 %."""
    assert 0.92 <= coverage(name, 72, range(600), resamples=999) <= 0.98


def test_student_does_not_hold_where_blocks_depend() -> None:
    """What the bootstrap is for, and a sign that the count above can fail."""
    held = [
        lower_confidence_bound(autoregression(np.random.default_rng(seed).standard_normal(72), 0.5), method="t") <= 0.0
        for seed in range(400)
    ]
    assert sum(held) / len(held) < 0.88


@pytest.mark.parametrize("name", ["normal", "half of the blocks empty"])
def test_all_bounds_of_many_candidates_hold_together(name: str) -> None:
    """At 95 %, 30 markets of 50 candidates: three failing would have a chance of under 20 %, six of under 1 %."""
    parameters: dict[str, Any] = {"candidates": 50, "resamples": 1_999}
    failed = sum(coverage(name, 72, range(50 * m, 50 * m + 50), **parameters) < 1.0 for m in range(30))
    assert failed <= 5


@pytest.mark.soak
@pytest.mark.timeout(1_200)
@pytest.mark.parametrize("n", [24, 48, 72, 168, 720])
@pytest.mark.parametrize("name", PROCESSES)
def test_bounds_hold_as_often_as_they_say_over_many_seeds(name: str, n: int) -> None:
    """The error of the count is 0.5 %. Of a single day, bounds of the most skewed hold a little too often."""
    assert 0.92 <= coverage(name, n, range(2_000)) <= (0.98 if n > 24 else 0.985)


@pytest.mark.soak
@pytest.mark.timeout(1_200)
@pytest.mark.parametrize("name", sorted(set(PROCESSES) - {"skewed to losses"}))
def test_all_bounds_of_many_candidates_hold_together_over_many_seeds(name: str) -> None:
    """At 95 %, 60 markets of 200 candidates: eight failing would have a chance of 1 %."""
    parameters: dict[str, Any] = {"candidates": 200}
    failed = sum(coverage(name, 168, range(200 * m, 200 * m + 200), **parameters) < 1.0 for m in range(60))
    assert failed <= 7
