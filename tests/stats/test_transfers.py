"""What a transfer is worth: published and worked values, and averages over simulated times."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from arbresearch.core import ParameterError
from arbresearch.stats.transfers import edge_at_arrival, expected_transfer_net, unhedged_transfer_bound

HALF_HOUR = 1.0 / 48.0
"""In days."""


def test_published_bound() -> None:
    assert 1e4 * unhedged_transfer_bound(0.04, HALF_HOUR, HALF_HOUR, 2.0) == pytest.approx(100.0, abs=5e-4)
    assert 1e4 * unhedged_transfer_bound(0.04, HALF_HOUR, 0.0, 2.0) == pytest.approx(87.6123, abs=5e-5)


def test_bound_moves_with_volatility_and_the_unit_of_time() -> None:
    one = unhedged_transfer_bound(0.04, HALF_HOUR, HALF_HOUR, 2.0)
    assert unhedged_transfer_bound(0.08, HALF_HOUR, HALF_HOUR, 2.0) == pytest.approx(2.0 * one)
    assert unhedged_transfer_bound(0.04 / math.sqrt(1_440.0), 30.0, 30.0, 2.0) == pytest.approx(one)
    assert unhedged_transfer_bound(0.0, HALF_HOUR, 0.0, 2.0) == 0.0


def test_worked_transfer() -> None:
    """80 bps with a half-life of 30 min, 20 +- 10 min; 27 bps of fees and slippage, .8 coin at 2.5 of 5,000."""
    edge = edge_at_arrival(80.0, math.log(2.0) / 30.0, 20.0, 10.0)
    assert edge == pytest.approx(51.6623, abs=5e-5)
    coin_bps = 0.8 * 2.5 / 5_000.0 * 1e4
    net = expected_transfer_net(
        edge, 10.0 + 10.0 + 3.0 + 4.0 + coin_bps, p_fail=0.005, loss_bps=200.0, hurdle_bps=20.0 / 1_440.0, mean=20.0
    )
    assert net == pytest.approx(19.2812, abs=5e-5)


@pytest.mark.parametrize(("mean", "sd"), [(20.0, 10.0), (20.0, 40.0), (3.0, 0.1)])
def test_edge_is_the_average_over_simulated_times(mean: float, sd: float) -> None:
    times = np.random.default_rng(1).gamma((mean / sd) ** 2, sd**2 / mean, 400_000)
    slow = 5.0 + (80.0 - 5.0) * np.exp(-0.02 * times)
    wanted = pytest.approx(slow.mean(), abs=5.0 * slow.std() / math.sqrt(slow.size))
    assert edge_at_arrival(80.0, 0.02, mean, sd, level_bps=5.0) == wanted


def test_certain_times_and_edges_that_stay() -> None:
    assert edge_at_arrival(80.0, math.log(2.0) / 30.0, 30.0, 0.0) == pytest.approx(40.0)
    assert edge_at_arrival(80.0, math.log(2.0) / 30.0, 30.0, 1e-3) == pytest.approx(40.0)
    assert edge_at_arrival(80.0, 0.0, 20.0, 10.0) == 80.0
    assert edge_at_arrival(80.0, 0.1, 0.0, 0.0) == 80.0
    assert expected_transfer_net(10.0, 12.0) == -2.0
    assert expected_transfer_net(10.0, 2.0, p_fail=1.0, loss_bps=200.0) == -200.0


@pytest.mark.parametrize(
    ("call", "arguments", "words"),
    [
        (unhedged_transfer_bound, (-0.04, 1.0, 1.0, 2.0), "sigma"),
        (unhedged_transfer_bound, (0.04, math.nan, 1.0, 2.0), "mean"),
        (unhedged_transfer_bound, (0.04, 1.0, -1.0, 2.0), "sd"),
        (unhedged_transfer_bound, (0.04, 1.0, 1.0, 0.0), "risk_aversion: expected a number above zero"),
        (edge_at_arrival, (80.0, -0.1, 1.0, 1.0), "kappa"),
        (edge_at_arrival, (math.nan, 0.1, 1.0, 1.0), "edge_bps"),
        (edge_at_arrival, (80.0, 0.1, 0.0, 1.0), "sd: expected zero where the mean time is"),
        (expected_transfer_net, (math.inf, 0.0), "edge and cost"),
    ],
)
def test_out_of_range(call: Any, arguments: tuple[float, ...], words: str) -> None:
    with pytest.raises(ParameterError, match=words):
        call(*arguments)
    with pytest.raises(ParameterError, match="p_fail"):
        expected_transfer_net(1.0, 0.0, p_fail=1.1)
