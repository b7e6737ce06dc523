"""The fit of a mean-reverting process: published values, NumPy, statsmodels, and simulated truth."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.tsa.ar_model import AutoReg
from statsmodels.tsa.arima.model import ARIMA

from arbresearch.core import BadInput, ParameterError
from arbresearch.stats import OUFit, fit_ou, half_life
from tests.stats.slow import autoregression

EXAMPLE = [3, 2.4, 2.1, 1.2, 1.5, 0.9, 0.2, 0.5, -0.1, 0.3, -0.4, 0.1]


def simulated(phi: float, n: int, seed: int) -> np.ndarray[Any, np.dtype[np.float64]]:
    return autoregression(np.random.default_rng([n, seed]).standard_normal(n), phi)


def test_published_fit() -> None:
    fit = fit_ou(EXAMPLE, dt=1.0)
    assert fit.phi == pytest.approx(0.7320643106, abs=5e-11)
    assert fit.kappa == pytest.approx(0.3118869128, abs=5e-11)
    assert fit.theta == pytest.approx(0.0705915652, abs=5e-11)
    assert fit.sigma == pytest.approx(0.4849794440, abs=5e-11)
    assert fit.half_life == pytest.approx(2.2224311186, abs=5e-11)
    assert (fit.pairs, fit.reverts, fit.reason) == (11, True, "")


def test_published_half_life() -> None:
    assert half_life(0.9) == pytest.approx(6.578813, abs=5e-7)
    assert half_life(0.9) < 6.931472 - 0.35, "the shortcut of first order"
    assert half_life(0.5, dt=60.0) == pytest.approx(60.0)
    assert [math.isnan(half_life(phi)) for phi in (1.0, 1.2, 0.0, -0.3, math.nan)] == [True] * 5
    with pytest.raises(ParameterError, match="dt: expected a positive time between samples, was 0"):
        half_life(0.9, 0)


def test_derived_fields() -> None:
    fit = fit_ou(EXAMPLE, dt=0.5)
    whole = fit_ou(EXAMPLE)
    assert fit.phi == whole.phi
    assert fit.kappa == pytest.approx(2.0 * whole.kappa)
    assert fit.half_life == pytest.approx(0.5 * whole.half_life)
    assert fit.sigma == pytest.approx(math.sqrt(2.0) * whole.sigma)
    assert fit.stationary_sd == pytest.approx(whole.sigma / math.sqrt(2.0 * whole.kappa))
    assert fit.kappa_t == pytest.approx(11 * 0.3118869128)
    assert fit.kappa_bias == pytest.approx(4.0 / 5.5)
    assert fit.notes == (
        "kappa * T is 3.43, under 50: kappa is biased up by about 117 %, the half-life looks too short",
    )


def test_interval_of_phi_by_hand() -> None:
    """Least squares by NumPy; Student's 97.5 % point with nine degrees of freedom is 2.262157."""
    now, following = np.array(EXAMPLE[:-1]), np.array(EXAMPLE[1:])
    (phi, _), covariance = np.polyfit(now, following, 1, cov=True)
    fit = fit_ou(EXAMPLE)
    half = 2.262157163 * math.sqrt(covariance[0, 0]) * (1.0 + 3.0 / 11.0)
    assert fit.phi_high == pytest.approx(phi + (1.0 + 3.0 * phi) / 11.0 + half, rel=1e-8)
    assert fit.phi_low == pytest.approx(phi + (1.0 + 3.0 * phi) / 11.0 - half, rel=1e-8)
    assert (fit.kappa_low, fit.half_life_high) == (0.0, math.inf)
    assert fit.half_life_low == pytest.approx(-math.log(2.0) / math.log(fit.phi_low))


def test_agrees_with_statsmodels() -> None:
    values = simulated(0.9, 500, 1) + 4.0
    model = AutoReg(values, 1).fit()
    fit = fit_ou(values)
    assert fit.phi == pytest.approx(float(model.params[1]), rel=1e-10)
    assert fit.theta == pytest.approx(float(model.params[0] / (1.0 - model.params[1])), rel=1e-10)
    spread = math.sqrt(float(model.sigma2) * 2.0 * fit.kappa / (1.0 - fit.phi**2))
    assert fit.sigma == pytest.approx(spread, rel=1e-10)


def test_agrees_with_maximum_likelihood_of_statsmodels() -> None:
    """The first and last sample count otherwise: of the order of one over the number of samples, five for the mean."""
    values = simulated(0.8, 3_000, 5) - 2.0
    fit, (constant, phi, variance) = fit_ou(values), ARIMA(values, order=(1, 0, 0)).fit().params
    assert fit.phi == pytest.approx(phi, abs=2.0 / 3_000)
    assert fit.theta == pytest.approx(constant, abs=10.0 / 3_000)
    assert fit.sigma == pytest.approx(math.sqrt(variance * 2.0 * -math.log(phi) / (1.0 - phi**2)), rel=2.0 / 3_000)
    assert fit.half_life == pytest.approx(-math.log(2.0) / math.log(phi), rel=0.01)


def test_agrees_with_least_squares_of_statsmodels() -> None:
    """Student's interval of a slope, moved by Kendall's bias and made wider by three over the number of pairs."""
    values = simulated(0.7, 400, 6)
    model = sm.OLS(values[1:], sm.add_constant(values[:-1])).fit()
    fit, n = fit_ou(values, confidence=0.9), 399
    low, high = model.conf_int(0.1)[1]
    centre, half = model.params[1] + (1.0 + 3.0 * model.params[1]) / n, 0.5 * (high - low) * (1.0 + 3.0 / n)
    assert fit.phi == pytest.approx(model.params[1], rel=1e-10)
    assert (fit.phi_low, fit.phi_high) == pytest.approx((centre - half, centre + half), rel=1e-9)


def test_unknown_samples_break_pairs_and_nothing_else() -> None:
    """The pairs on both sides of a hole are used, the two that touch it are not."""
    holes = [*EXAMPLE[:6], math.nan, *EXAMPLE[6:]]
    fit = fit_ou(holes)
    now, following = np.array(EXAMPLE[:5] + EXAMPLE[6:-1]), np.array(EXAMPLE[1:6] + EXAMPLE[7:])
    phi, constant = np.polyfit(now, following, 1)
    assert fit.pairs == 10
    assert fit.phi == pytest.approx(phi)
    assert fit.theta == pytest.approx(constant / (1.0 - phi))


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ([1.0, 2.0, 4.0, 8.0, 16.0, 32.1], "one or more: a deviation does not shrink"),
        ([1.0, 2.0, 3.0, 4.0, 5.0, 6.0], "one or more"),
        ([1.0, -1.0, 1.1, -1.0, 0.9, -1.2, 1.0], "zero or less: what reverts does so within a sample"),
    ],
)
def test_no_reversion_is_said(values: list[float], words: str) -> None:
    fit = fit_ou(values)
    assert not fit.reverts
    assert words in fit.reason
    unknown = (fit.kappa, fit.theta, fit.sigma, fit.half_life, fit.half_life_low, fit.half_life_high, fit.kappa_t)
    assert all(math.isnan(one) for one in unknown)
    assert fit.phi_low <= fit.phi <= fit.phi_high


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ([2.0] * 30, "expected a series that moves, was the constant 2.0"),
        ([1.0, 2.0, 1.5, 1.2], "expected 4 pairs of known consecutive samples or more, was 3"),
        ([1.0, math.nan] * 20, "was 0"),
        ([1.0, 2.0, math.inf, 1.0, 2.0], "x row 2"),
    ],
)
def test_what_cannot_be_fitted(values: list[float], words: str) -> None:
    with pytest.raises(BadInput, match=words):
        fit_ou(values)


@pytest.mark.parametrize("parameters", [{"dt": -1.0}, {"dt": math.inf}, {"confidence": 0.0}, {"coarser": 1}])
def test_parameters_out_of_range(parameters: dict[str, Any]) -> None:
    with pytest.raises(ParameterError, match=next(iter(parameters))):
        fit_ou(EXAMPLE, **parameters)


def test_noise_is_found() -> None:
    """A level that halves in 14 samples, watched through noise as large as itself."""
    clean = simulated(0.95, 4_000, 2)
    noisy = clean + np.random.default_rng(3).standard_normal(4_000)
    without, through = fit_ou(clean), fit_ou(noisy)
    assert without.notes == ()
    assert without.half_life_coarse == pytest.approx(without.half_life, rel=0.1)
    assert through.half_life < 3.0
    assert through.noise_z > 10.0
    assert through.half_life_coarse > 2.0 * through.half_life
    assert "noise makes the half-life look too short" in through.notes[-1]


def test_coarser_series_is_that_of_every_fifth_sample() -> None:
    """All five series of every fifth sample taken together, each pair once."""
    values = simulated(0.9, 1_000, 4)
    phi = np.polyfit(values[:-5], values[5:], 1)[0]
    fit = fit_ou(values, dt=2.0, coarser=5)
    assert fit.kappa_coarse == pytest.approx(-math.log(phi) / 10.0)
    assert fit.half_life_coarse == pytest.approx(math.log(2.0) / fit.kappa_coarse)
    short = fit_ou(values[:40])
    assert math.isnan(short.noise_z)
    assert math.isnan(short.kappa_coarse)


def test_noise_statistic_is_standard_normal_without_noise() -> None:
    found = np.array([fit_ou(simulated(0.8, 1_000, seed)).noise_z for seed in range(300)])
    assert abs(found.mean()) < 0.3
    assert 0.85 < found.std() < 1.15


@pytest.mark.parametrize(("phi", "n"), [(0.5, 200), (0.9, 300), (0.98, 1_500)])
def test_intervals_hold_about_as_often_as_they_say(phi: float, n: int) -> None:
    """400 seeds; the error of the count is 1.1 %."""
    fits: list[OUFit] = [fit_ou(simulated(phi, n, seed)) for seed in range(400)]
    kappa = -math.log(phi)
    truths = {"phi": phi, "kappa": kappa, "theta": 0.0, "sigma": math.sqrt(2.0 * kappa), "half_life": half_life(phi)}
    for name, truth in truths.items():
        held = [getattr(fit, f"{name}_low") <= truth <= getattr(fit, f"{name}_high") for fit in fits]
        assert 0.9 <= sum(held) / len(held) <= 0.985, name


def test_bias_of_kappa_is_about_what_is_said() -> None:
    fits = [fit_ou(simulated(0.9, 200, seed)) for seed in range(600)]
    excess = np.mean([fit.kappa for fit in fits]) + math.log(0.9)
    assert excess == pytest.approx(fits[0].kappa_bias, rel=0.35)


def test_error_of_the_stationary_deviation_is_as_published() -> None:
    """``1 / sqrt(2 kappa T)`` of it: 5 % at 200 reversion times, over 500 seeds."""
    found = np.array([fit_ou(simulated(0.9, 1_900, seed)).stationary_sd for seed in range(500)])
    assert found.std() / found.mean() == pytest.approx(1.0 / math.sqrt(2.0 * 1_899 * -math.log(0.9)), rel=0.1)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(-100, 100).map(float), min_size=6, max_size=40),
    st.sampled_from([0.01, 3.0]),
    st.sampled_from([-7.0, 0.0, 1000.0]),
)
def test_fit_moves_with_the_unit(values: list[float], factor: float, shift: float) -> None:
    if len(set(values[:-1])) == 1:
        with pytest.raises(BadInput):
            fit_ou(values)
        return
    one, other = fit_ou(values), fit_ou(factor * np.array(values) + shift)
    assert other.phi == pytest.approx(one.phi, rel=1e-6, abs=1e-6)
    if one.reverts and 1e-3 < one.phi < 0.999:
        assert other.kappa == pytest.approx(one.kappa, rel=1e-4)
        assert other.sigma == pytest.approx(factor * one.sigma, rel=1e-4, abs=1e-9)
        assert other.theta == pytest.approx(factor * one.theta + shift, rel=1e-4, abs=1e-4)
        assert one.kappa_low <= one.kappa <= one.kappa_high
        assert one.half_life_low <= one.half_life <= one.half_life_high
        assert one.theta_low <= one.theta <= one.theta_high
        assert one.sigma_low <= one.sigma <= one.sigma_high
