"""The signal against a slow version of itself, on random quotes."""

from __future__ import annotations

import numpy as np
import pytest

from arbresearch.signals import EnhancedSpotArbitrageSignal, Mode
from tests.signals.quote_kit import SETTINGS, random_quotes
from tests.signals.slow_signal import SlowSignal

CONTEXT = (
    "mean", "sd", "slope_bps_per_hour", "trend_t", "variance_ratio", "phi", "kappa", "theta", "stationary_sd",
    "half_life_s",
)  # fmt: skip
NUMBERS = ("percentile", "z_score")


@pytest.mark.parametrize("seed", range(6))
def test_every_number_is_that_of_the_slow_signal(seed: int) -> None:
    quotes = random_quotes(seed)
    slow = SlowSignal(quotes, SETTINGS)
    signal = EnhancedSpotArbitrageSignal(SETTINGS)
    compared = set(np.random.default_rng(seed).choice(len(quotes), 40, replace=False).tolist())
    ready = 0
    for row, quote in enumerate(quotes):
        said = signal.update(quote)
        if row not in compared:
            continue
        assert said.time_ns == quote.recv_ns
        assert said.edge_bps == pytest.approx(slow.edges(row + 1, quote.recv_ns), rel=1e-12, nan_ok=True)
        for both in said.horizons:
            for one in both:
                want = slow.say(row, one.horizon_s, one.direction)
                assert one.ready == want.context.ready
                ready += one.ready
                for name in CONTEXT:
                    found = getattr(one, name)
                    assert found == pytest.approx(getattr(want.context, name), rel=1e-6, abs=1e-9, nan_ok=True), name
                assert one.percentile == pytest.approx(want.percentile, abs=1e-15, nan_ok=True)
                assert one.z_score == pytest.approx(want.z_score, rel=1e-7, abs=1e-9, nan_ok=True)
                chance = want.reversion_probability
                assert one.reversion_probability == pytest.approx(chance, abs=1e-7, nan_ok=True)
    assert ready > 100


@pytest.mark.parametrize("seed", range(3))
def test_primary_signal_follows_from_the_numbers(seed: int) -> None:
    signal = EnhancedSpotArbitrageSignal(SETTINGS)
    target = SETTINGS.horizons_s.index(SETTINGS.target_horizon_s)
    thresholds = (SETTINGS.sell_a_bps, SETTINGS.sell_b_bps)
    modes = (Mode.MARKET_A_SELL_MARKET_B_BUY, Mode.MARKET_B_SELL_MARKET_A_BUY)
    seen = set()
    for quote in random_quotes(seed):
        said = signal.update(quote)
        edges = [-np.inf if np.isnan(one) else one for one in said.edge_bps]
        primary = -1 if max(edges) == -np.inf else int(edges[1] > edges[0])
        assert said.direction == primary
        seen.add(said.primary_signal)
        if primary < 0:
            assert said.primary_signal is Mode.HOLD
            assert not said.ready
            assert np.isnan(said.confidence_score)
            continue
        one = said.horizons[target][primary]
        assert said.ready == one.ready
        assert said.spread_percentile == pytest.approx(one.percentile, abs=0, nan_ok=True)
        assert said.trend_strength == pytest.approx(one.trend_t, abs=0, nan_ok=True)
        assert said.mean_reversion_probability == pytest.approx(one.reversion_probability, abs=0, nan_ok=True)
        assert said.confidence_score == pytest.approx(one.reversion_probability, abs=0, nan_ok=True)
        acts = one.ready and edges[primary] > thresholds[primary] and one.reversion_probability >= 0.3
        assert said.primary_signal is (modes[primary] if acts else Mode.HOLD)
    assert len(seen) == 3
