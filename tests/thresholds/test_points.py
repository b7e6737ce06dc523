"""Grids of thresholds: economics by hand, theory of each point, and what lies below cost."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from arbresearch.backtest.grid import GridPoint
from arbresearch.core import BadInput, ParameterError
from arbresearch.thresholds import (
    check_point,
    default_widths,
    fit_spread,
    theory_points,
    theory_rate,
    threshold_grid,
    user_grid,
)
from tests.thresholds.paths import edges_of, reverting

FIT = fit_spread(*edges_of(reverting(40_000, 0.02, seed=1, theta=4.0, sd=10.0)[0], 6.0, 5.0))
TRADED: dict[str, Any] = {"sizes": (100.0, 500.0), "holds_ns": (0, 60 * 10**9)}


def point(**changes: float) -> GridPoint:
    plain: dict[str, Any] = {
        "sell_a_bps": 5.0, "sell_b_bps": 3.0, "sell_a_exit_bps": 1.0, "sell_b_exit_bps": -2.0,
        "order_quote": 100.0, "max_hold_ns": 0,
    }  # fmt: skip
    return GridPoint(**(plain | changes))


def test_thresholds_by_hand() -> None:
    """With y = net_ab + C / 2 an edge above its threshold is a spread above theta + a, and so on."""
    grid = threshold_grid(FIT, widths=(0.5, 1.0), skews=(0.0, 0.5), exits=(1.0, 0.25), **TRADED)
    half, theta, sd = 0.5 * FIT.cost_bps, FIT.theta_bps, FIT.stationary_sd_bps
    assert len(grid.points) == 2 * 2 * 2 * 2 * 2
    for one, (width, skew, out, size, hold_s) in zip(grid.points, grid.coordinates, strict=True):
        centre = theta + skew
        assert one.sell_a_bps + half == pytest.approx(centre + width)
        assert -(one.sell_b_bps + half) == pytest.approx(centre - width)
        assert -(one.sell_b_exit_bps + half) == pytest.approx(centre - out * width)
        assert one.sell_a_exit_bps + half == pytest.approx(centre + out * width)
        assert one.sell_a_bps + one.sell_b_exit_bps == pytest.approx((1.0 + out) * width - FIT.cost_bps)
        assert (one.order_quote, one.max_hold_ns) == (size, hold_s * 1e9)
        check_point(one)
    assert set(grid.half_width_bps) == {half + m * (FIT.half_width_bps - half) for m in (0.5, 1.0)}
    assert set(grid.skew_bps) == {0.0, 0.5 * sd}
    assert len({tuple(one) for one in grid.index.tolist()}) == len(grid.points)
    for column, values in zip(grid.index.T, grid.coordinates.T, strict=True):
        assert len(set(zip(column.tolist(), values.tolist(), strict=True))) == len(set(column.tolist()))


def test_usual_widths() -> None:
    widths = default_widths(FIT, 12)
    assert len(widths) == 12
    assert widths[0] == pytest.approx(0.1)
    assert np.diff(np.log(widths)) == pytest.approx(np.full(11, np.diff(np.log(widths))[0]))
    assert widths[-1] >= 3.0
    grid = threshold_grid(FIT, **TRADED)
    assert set(grid.half_width_bps) == {p for p in grid.half_width_bps if p > 0.5 * FIT.cost_bps}
    assert len(set(grid.half_width_bps)) == 20
    assert grid.half_width_bps.max() >= 2.4 * FIT.stationary_sd_bps
    assert len(set(threshold_grid(FIT, widths=7, **TRADED).half_width_bps)) == 7


def test_points_that_bring_nothing_are_left_out() -> None:
    """Out at the centre a half width must exceed the whole cost."""
    grid = threshold_grid(FIT, exits=(0.0, 1.0), **TRADED)
    out = grid.coordinates[:, 2]
    assert grid.half_width_bps[out == 0.0].min() > FIT.cost_bps
    assert grid.half_width_bps[out == 1.0].min() < FIT.cost_bps
    assert all(one.sell_a_bps + one.sell_b_exit_bps > 0.0 for one in grid.points)


def test_theory_of_each_point() -> None:
    grid = threshold_grid(FIT, skews=(-0.25, 0.0, 0.25), exits=(0.5, 1.0), **TRADED)
    found = theory_points(FIT, grid, watched=False)
    for k in range(0, len(grid.points), 37):
        width, skew, out = grid.coordinates[k, :3]
        wanted = theory_rate(FIT.terms(watched=False), width, exit_fraction=out, skew_bps=skew).rate_bps_day
        assert found[k] == pytest.approx(wanted)
    plain = (grid.skew_bps == 0.0) & (grid.coordinates[:, 2] == 1.0)
    best = grid.half_width_bps[plain][found[plain].argmax()]
    assert best == pytest.approx(FIT.half_width_bps, rel=0.15)
    assert found[plain].max() == pytest.approx(FIT.rate_bps_day, rel=0.02)
    watched, narrow = theory_points(FIT, grid), grid.half_width_bps < FIT.half_width_bps - FIT.shift_bps
    assert (watched > found)[plain & narrow].all()
    assert (watched < found)[plain & (grid.half_width_bps > FIT.half_width_bps)].all()


def test_quantiles_where_nothing_reverts() -> None:
    """A random walk: equal quantiles of both edges, only what is above cost, no theory."""
    y = np.cumsum(np.random.default_rng(3).standard_normal(40_000))
    found = fit_spread(*edges_of(y, 6.0, 5.0))
    grid = threshold_grid(found, exits=(0.5, 1.0), skews=(0.0,), **TRADED)
    assert not found.reverts
    assert grid.points
    for one in grid.points:
        check_point(one)
    flips = [one for one, out in zip(grid.points, grid.coordinates[:, 2], strict=True) if out == 1.0]
    pairs = [(one.sell_a_bps, one.sell_b_bps) for one in flips]
    wanted = list(zip(found.edge_ab_quantiles_bps, found.edge_ba_quantiles_bps, strict=True))
    assert all(any(pair == pytest.approx(other) for other in wanted) for pair in pairs)
    assert np.isnan(theory_points(found, grid)).all()


def test_no_point_where_no_level_is_above_cost() -> None:
    y = np.full(5_000, 2.0)
    grid = threshold_grid(fit_spread(*edges_of(y, 6.0, 5.0)), **TRADED)
    assert (grid.points, grid.index.shape, grid.coordinates.shape) == ((), (0, 5), (0, 5))
    assert grid.reason == "no level above cost: the spread is constant at 2 bps"
    unknown = fit_spread(*edges_of(np.full(5_000, math.nan), 6.0, 5.0))
    assert "too little data" in threshold_grid(unknown, **TRADED).reason
    with pytest.raises(BadInput, match="spread"):
        default_widths(unknown)


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"sell_a_bps": -3.0}, "sell_a_bps + sell_b_bps"),
        ({"sell_b_exit_bps": -5.0}, "sell_a_bps + sell_b_exit_bps"),
        ({"sell_a_exit_bps": -3.5}, "sell_b_bps + sell_a_exit_bps"),
        ({"sell_a_bps": math.inf, "sell_b_bps": -math.inf}, "sell_a_bps + sell_b_bps"),
    ],
)
def test_thresholds_below_cost_are_refused(changes: dict[str, float], name: str) -> None:
    check_point(point())
    check_point(point(sell_a_bps=math.inf, sell_b_bps=math.inf))
    with pytest.raises(ParameterError, match=r"expected above 0 bps.*thresholds below cost") as caught:
        check_point(point(**changes))
    assert name in str(caught.value)
    with pytest.raises(ParameterError, match="thresholds below cost"):
        user_grid([point(), point(**changes)], 6.0)


def test_points_that_were_given() -> None:
    """Those of a grid get their places and coordinates back, skews counted from zero."""
    grid = threshold_grid(FIT, widths=(0.5, 1.0, 2.0), skews=(0.0, 0.5), exits=(0.5, 1.0), **TRADED)
    mine = user_grid(grid.points, FIT.cost_bps)
    assert mine.index.tolist() == grid.index.tolist()
    assert mine.half_width_bps == pytest.approx(grid.half_width_bps)
    assert mine.skew_bps == pytest.approx(grid.skew_bps + FIT.theta_bps)
    assert mine.coordinates[:, 2:] == pytest.approx(grid.coordinates[:, 2:])
    with pytest.raises(ParameterError, match="points: expected one or more"):
        user_grid([], 6.0)
    with pytest.raises(ParameterError, match="points: expected each once"):
        user_grid([point(), point()], 6.0)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"widths": (0.0, 1.0)}, "widths: expected finite numbers above 0, was 0"),
        ({"widths": 1}, "count: expected two or more"),
        ({"widths": ()}, "widths: expected one or more values, each once"),
        ({"skews": (0.0, 0.0)}, "skews: expected one or more values, each once"),
        ({"skews": (math.nan,)}, "skews"),
        ({"exits": (1.2,)}, "exits: expected finite numbers from 0 to 1"),
        ({"sizes": (-1.0,)}, "sizes"),
        ({"holds_ns": (-1,)}, "holds_ns"),
    ],
)
def test_parameters_out_of_range(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ParameterError, match=words):
        threshold_grid(FIT, **(TRADED | changes))


def test_unreverting_fit_needs_quantiles() -> None:
    bare = replace(FIT, levels=None, edge_ab_quantiles_bps=(), edge_ba_quantiles_bps=(), reason="said")
    assert threshold_grid(bare, **TRADED).reason == "no level above cost: said"
