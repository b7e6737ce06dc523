"""How far beyond a level a watched process is: known constants, and random walks."""

from __future__ import annotations

import math

import numpy as np
import pytest

from arbresearch.core import BadInput, ParameterError
from arbresearch.stats import monitoring_shift
from arbresearch.thresholds import overshoot_bps


@pytest.mark.parametrize(("sigma", "gap"), [(1.0, 1.0), (2.0, 3.0), (0.1, 1e-4)])
def test_equal_gaps_are_the_published_shift(sigma: float, gap: float) -> None:
    assert overshoot_bps(sigma, [gap]) == pytest.approx(0.5825971579 * sigma * math.sqrt(gap), rel=1e-6)
    assert overshoot_bps(sigma, [gap] * 3) == pytest.approx(monitoring_shift(sigma, gap), rel=1e-6)


def test_exponential_gaps_have_laplace_steps() -> None:
    """The excess of a two-sided exponential walk is exponential with the step's own scale, ``sigma sqrt(mean / 2)``."""
    quantiles = -np.log1p(-(np.arange(200_000) + 0.5) / 200_000)
    assert overshoot_bps(3.0, 4.0 * quantiles) == pytest.approx(3.0 * math.sqrt(2.0), rel=2e-3)


def test_uneven_gaps_against_a_walk() -> None:
    """One gap in ten is long; 12,000 walks drawn back to a far level, four standard errors."""
    gaps = np.where(np.arange(10) == 0, 9.0, 0.1)
    rng = np.random.default_rng(4)
    excess = []
    position = np.full(12_000, -30.0)
    for _ in range(4_000):
        position += rng.standard_normal(position.size) * np.sqrt(rng.choice(gaps, position.size))
        over = position >= 0.0
        excess.append(position[over].copy())
        position[over] = -30.0
        position[position < -60.0] = -30.0
    found = np.concatenate(excess)
    assert found.size > 5_000
    error = found.std() / math.sqrt(found.size)
    assert overshoot_bps(1.0, gaps) == pytest.approx(found.mean(), abs=4.0 * error)
    assert found.mean() > monitoring_shift(1.0, float(gaps.mean())) + 4.0 * error


def test_no_gap_no_shift() -> None:
    assert overshoot_bps(2.0, [0.0, 0.0]) == 0.0
    assert overshoot_bps(0.0, [1.0]) == 0.0


def test_refusals() -> None:
    with pytest.raises(BadInput, match="gaps: expected times of zero or more, was none"):
        overshoot_bps(1.0, [])
    with pytest.raises(BadInput, match="gaps"):
        overshoot_bps(1.0, [1.0, -1.0])
    with pytest.raises(ParameterError, match="sigma"):
        overshoot_bps(-1.0, [1.0])
