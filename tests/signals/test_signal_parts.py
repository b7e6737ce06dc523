"""The parts of the signal against libraries and hand computation."""

from __future__ import annotations

import numpy as np
import pytest
from arch.unitroot import VarianceRatio
from numba import njit
from scipy.stats import norm

from arbresearch.core import FeeSchedule
from arbresearch.signals import EnhancedSpotArbitrageSignal, SignalSettings, VenueQuote
from arbresearch.signals.reversion import reversion_chance
from arbresearch.stats import fit_ou, hit_probability
from tests.signals.slow_signal import mid_rank, variance_ratio_of

FREE = FeeSchedule(0.0, 0.0)
SETTINGS = SignalSettings(
    fees_a=FREE, fees_b=FREE, horizons_s=(120,), target_horizon_s=120, max_age_s=600, max_skew_s=600
)
SECOND = 1_000_000_000
START_NS = 1_700_000_041 * SECOND


@njit
def _chances(u: np.ndarray) -> np.ndarray:
    out = np.empty(u.size)
    for i in range(u.size):
        out[i] = reversion_chance(u[i])
    return out


def test_reversion_chance_is_within_its_error() -> None:
    u = np.concatenate([np.linspace(0.0, 10.0, 200_001), [1e-12, 50.0, 1e300]])
    assert np.abs(_chances(u) - 2.0 * norm.sf(u)).max() < 3e-9
    assert _chances(np.array([-1.0, 0.0, -0.0, -np.inf])).tolist() == [1.0] * 4
    assert np.isnan(_chances(np.array([np.nan])))[0]


def _said(edges: np.ndarray, last: float) -> tuple[EnhancedSpotArbitrageSignal, object]:
    """Return a signal whose 120 samples of selling on A are these edges, a second apart, and what it says last."""
    signal = EnhancedSpotArbitrageSignal(SETTINGS)
    for place in range(-1, edges.size):
        edge = edges[max(place, 0)]
        now_ns = START_NS + place * SECOND - (1 if place >= 0 else 0)
        signal.update(VenueQuote("b", now_ns, 99.0, 1.0, 100.0, 1.0))
        signal.update(VenueQuote("a", now_ns, 100.0 * (1.0 + edge / 1e4), 1.0, 200.0, 1.0))
    end_ns = START_NS + (edges.size - 1) * SECOND
    return signal, signal.update(VenueQuote("a", end_ns, 100.0 * (1.0 + last / 1e4), 1.0, 200.0, 1.0))


def _process(seed: int) -> np.ndarray:
    random = np.random.default_rng(seed)
    edges = np.zeros(120)
    for i in range(1, 120):
        edges[i] = 0.85 * edges[i - 1] + random.standard_normal()
    return 3.0 + edges


@pytest.mark.parametrize("seed", range(5))
def test_numbers_of_a_known_window(seed: int) -> None:
    edges = _process(seed)
    last = 3.0 + 2.0 * edges.std()
    one = _said(edges, last)[1].horizons[0][0]
    fit = fit_ou(edges, 1.0)
    assert one.ready
    assert one.context_ns == START_NS + 119 * SECOND
    assert one.mean == pytest.approx(edges.mean(), rel=1e-9)
    assert one.sd == pytest.approx(edges.std(ddof=1), rel=1e-9)
    assert one.z_score == pytest.approx((last - edges.mean()) / edges.std(ddof=1), rel=1e-8)
    assert one.percentile == mid_rank(edges.tolist(), last)
    wanted = (fit.phi, fit.kappa, fit.theta, fit.stationary_sd, fit.half_life)
    assert (one.phi, one.kappa, one.theta, one.stationary_sd, one.half_life_s) == pytest.approx(wanted, rel=1e-7)
    chance = hit_probability(last, 120.0, kappa=fit.kappa, sigma=fit.sigma, theta=fit.theta)
    assert one.reversion_probability == pytest.approx(float(chance), abs=1e-7)
    assert one.variance_ratio == pytest.approx(VarianceRatio(edges, lags=10, overlap=True, debiased=True).vr, rel=1e-7)


def test_the_slow_variance_ratio_is_that_of_arch() -> None:
    edges = _process(9)
    assert variance_ratio_of(edges.tolist()) == pytest.approx(VarianceRatio(edges, lags=10).vr, rel=1e-12)


def test_mid_rank_of_the_methods() -> None:
    assert mid_rank([1, 2, 2, 3, 4], 2) == 0.4
    edges = np.repeat([1.0, 2.0, 2.0, 3.0, 4.0], 24)
    assert _said(edges, 2.0)[1].horizons[0][0].percentile == pytest.approx(0.4, abs=1e-15)


def test_trend_in_basis_points_an_hour() -> None:
    edges = 0.01 * np.arange(120) + 1e-4 * np.random.default_rng(0).standard_normal(120)
    one = _said(edges, 1.0)[1].horizons[0][0]
    assert one.slope_bps_per_hour == pytest.approx(36.0, rel=1e-3)
    assert one.trend_t > 100.0
