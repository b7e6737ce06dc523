"""Sharpe ratios after doubt and after many trials: printed values, SciPy, simulation, and what must hold of any."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, stats

from arbresearch.core import ParameterError
from arbresearch.stats import (
    deflated_sharpe,
    expected_maximum_sharpe,
    min_track_record_length,
    performance,
    probabilistic_sharpe,
)

ratios = st.floats(-3.0, 3.0)
counts = st.integers(2, 5_000)
moments = st.floats(-4.0, 4.0).flatmap(
    lambda skew: st.tuples(st.just(skew), st.floats(0.01, 20.0).map(lambda more: 1.0 + skew * skew + more))
)


def test_printed_probabilistic_sharpe() -> None:
    """Monthly hedge fund index, Bailey and Lopez de Prado (2012)."""
    assert probabilistic_sharpe(0.458, 24, -2.448, 10.164) == pytest.approx(0.9133611, abs=5e-8)


def test_printed_deflated_sharpe() -> None:
    """Bailey and Lopez de Prado (2014) print .1132 and .9004 for 250 days a year."""
    sharpe, variance = 2.5 / math.sqrt(250), 0.5 / 250
    assert expected_maximum_sharpe(100, variance) == pytest.approx(0.1131720, abs=5e-8)
    assert deflated_sharpe(sharpe, 1250, 100, variance, -3.0, 10.0) == pytest.approx(0.9003968, abs=5e-8)


def test_printed_track_record_length() -> None:
    """An annual ratio of 2 against 1 from daily data, 250 days a year (Bailey and Lopez de Prado 2012: 2.73 years)."""
    days = min_track_record_length(2.0 / math.sqrt(250), 1.0 / math.sqrt(250))
    assert days / 250 == pytest.approx(2.7311878, abs=5e-8)


@pytest.mark.parametrize(("trials", "apart"), [(2, 0.08), (5, 0.026), (10, 0.024), (100, 0.01), (5_000, 0.003)])
def test_expected_maximum_is_near_the_exact_one(trials: int, apart: float) -> None:
    """The mean of the largest of normals by quadrature: n x phi(x) Phi(x)^(n - 1)."""
    exact, _ = integrate.quad(
        lambda x: trials * x * stats.norm.pdf(x) * stats.norm.cdf(x) ** (trials - 1), -10, 10, points=[0.0, 4.0]
    )
    assert expected_maximum_sharpe(trials, 1.0) == pytest.approx(exact, rel=apart)


def test_one_trial_is_expected_to_give_nothing() -> None:
    assert expected_maximum_sharpe(1, 0.3) == 0.0
    assert expected_maximum_sharpe(1.05, 0.3) == 0.0
    assert deflated_sharpe(0.1, 100, 1, 0.3, -1.0, 5.0) == probabilistic_sharpe(0.1, 100, -1.0, 5.0)


def test_uniform_where_there_is_no_skill() -> None:
    """Of skewed returns with a Sharpe ratio of .1, the probability that it is above .1 is uniform."""
    rng = np.random.default_rng(8)
    shape = 4.0
    draws = 0.01 * ((rng.gamma(shape, size=(4_000, 400)) - shape) / math.sqrt(shape) + 0.1)
    found = [
        probabilistic_sharpe(one.sharpe_per_period, 400, one.skewness, one.kurtosis, 0.1)
        for one in map(performance, draws)
    ]
    normal = [probabilistic_sharpe(performance(one).sharpe_per_period, 400, benchmark=0.1) for one in draws]
    assert np.mean(np.array(found) > 0.95) == pytest.approx(0.05, abs=0.012)
    assert np.mean(np.array(found) < 0.05) == pytest.approx(0.05, abs=0.012)
    assert np.std(normal) < np.std(found) - 0.005


@given(ratios, counts, moments)
def test_one_half_at_its_own_ratio(sharpe: float, n: int, moment: tuple[float, float]) -> None:
    assert probabilistic_sharpe(sharpe, n, *moment, benchmark=sharpe) == 0.5


@given(ratios, counts, moments, ratios, st.floats(0.0, 2.0))
def test_a_higher_benchmark_is_harder(
    sharpe: float, n: int, moment: tuple[float, float], benchmark: float, more: float
) -> None:
    easy = probabilistic_sharpe(sharpe, n, *moment, benchmark=benchmark)
    assert 0.0 <= probabilistic_sharpe(sharpe, n, *moment, benchmark=benchmark + more) <= easy <= 1.0


@given(ratios, counts, ratios)
def test_skill_and_its_lack_mirror_each_other(sharpe: float, n: int, skew: float) -> None:
    kurtosis = 3.0 + skew * skew
    ours = probabilistic_sharpe(sharpe, n, skew, kurtosis)
    assert ours == pytest.approx(1.0 - probabilistic_sharpe(-sharpe, n, -skew, kurtosis), abs=1e-12)


@given(st.floats(0.01, 1.0), counts, st.integers(0, 5_000), moments)
def test_more_observations_make_surer(sharpe: float, n: int, more: int, moment: tuple[float, float]) -> None:
    assert probabilistic_sharpe(sharpe, n + more, *moment) >= probabilistic_sharpe(sharpe, n, *moment)


@given(st.floats(0.05, 2.0), st.floats(0.0, 0.04), moments, st.floats(0.5, 0.999))
def test_at_the_least_length_the_probability_is_the_confidence(
    sharpe: float, benchmark: float, moment: tuple[float, float], confidence: float
) -> None:
    n = min_track_record_length(sharpe, benchmark, *moment, confidence=confidence)
    if n >= 2.0:
        assert probabilistic_sharpe(sharpe, n, *moment, benchmark=benchmark) == pytest.approx(confidence, abs=1e-9)


@given(st.floats(1.0, 1e6), st.floats(0.0, 1e6), st.floats(0.0, 2.0), ratios)
def test_more_trials_deflate_more(trials: float, more: float, variance: float, sharpe: float) -> None:
    assert expected_maximum_sharpe(trials + more, variance) >= expected_maximum_sharpe(trials, variance) - 1e-12
    few = deflated_sharpe(sharpe, 100, trials, variance)
    assert deflated_sharpe(sharpe, 100, trials + more, variance) <= few + 1e-12


@given(st.floats(1.0, 1e6), st.floats(0.0, 2.0), st.floats(0.0, 10.0))
def test_the_expected_maximum_scales_with_the_ratios(trials: float, variance: float, times: float) -> None:
    scaled = expected_maximum_sharpe(trials, variance * times**2)
    assert scaled == pytest.approx(times * expected_maximum_sharpe(trials, variance), rel=1e-9, abs=1e-150)


def test_what_is_not_known_stays_unknown() -> None:
    for found in (
        probabilistic_sharpe(math.nan, 100),
        probabilistic_sharpe(0.1, 1),
        probabilistic_sharpe(0.1, 0),
        probabilistic_sharpe(0.1, 100, math.nan),
        probabilistic_sharpe(0.1, 100, benchmark=math.nan),
        expected_maximum_sharpe(math.nan, 1.0),
        expected_maximum_sharpe(1, math.nan),
        deflated_sharpe(0.1, 100, 10, math.nan),
        min_track_record_length(math.nan),
        min_track_record_length(0.1, kurtosis=math.nan),
    ):
        assert math.isnan(found)


def test_never_long_enough_at_or_under_the_benchmark() -> None:
    assert min_track_record_length(0.1, 0.1) == math.inf
    assert min_track_record_length(-0.1) == math.inf
    assert min_track_record_length(0.1, confidence=0.5) == 1.0


def test_two_values_only() -> None:
    """Returns of 0 and 1, half of each: no skew, kurtosis 1, so that the estimate's spread is one."""
    assert probabilistic_sharpe(0.1, 101, 0.0, 1.0) == pytest.approx(stats.norm.cdf(1.0), rel=1e-12)
    skew = 2.0
    assert probabilistic_sharpe(1.0, 10, skew, 1.0 + skew**2) == 1.0
    assert probabilistic_sharpe(1.0, 10, skew, 1.0 + skew**2, benchmark=1.0) == 0.5
    assert probabilistic_sharpe(1.0, 10, skew, 1.0 + skew**2, benchmark=2.0) == 0.0


def test_parameters_out_of_range() -> None:
    with pytest.raises(ParameterError, match="sharpe: expected a finite number or NaN, was inf"):
        probabilistic_sharpe(math.inf, 100)
    with pytest.raises(ParameterError, match="n: expected a number of observations, was -1"):
        probabilistic_sharpe(0.1, -1)
    with pytest.raises(ParameterError, match=r"kurtosis: expected 1 \+ skew\^2 = 5 or more, raw, was 0"):
        probabilistic_sharpe(0.1, 100, 2.0, 0.0)
    with pytest.raises(ParameterError, match="trials: expected one or more, was 0"):
        expected_maximum_sharpe(0, 1.0)
    with pytest.raises(ParameterError, match="trials_variance"):
        deflated_sharpe(0.1, 100, 10, -1.0)
    with pytest.raises(ParameterError, match="confidence"):
        min_track_record_length(0.1, confidence=0.4)
    with pytest.raises(ParameterError, match="confidence"):
        min_track_record_length(0.1, confidence=1.0)
