"""The square-root law against printed values and a search for the best size."""

from __future__ import annotations

import math

import pytest
from scipy.optimize import minimize_scalar

from arbresearch.core import BadInput
from arbresearch.matching import SquareRootImpact, impact_bps, size_for_edge


def test_impact_of_a_ten_thousandth_of_the_volume() -> None:
    assert impact_bps(1_000.0, 10_000_000.0, 300.0) == pytest.approx(3.0, abs=1e-12)
    assert SquareRootImpact(sigma_daily_bps=300.0, volume_daily_base=1e4).shift_bps(1.0) == pytest.approx(3.0)


def test_size_for_an_edge_of_ten() -> None:
    assert size_for_edge(10.0, 300.0, 10_000_000.0) == pytest.approx(4_938.27, abs=0.005)


@pytest.mark.parametrize(("edge", "sigma", "coefficient"), [(10.0, 300.0, 1.0), (4.0, 500.0, 0.7), (25.0, 80.0, 1.5)])
def test_size_is_where_profit_is_largest(edge: float, sigma: float, coefficient: float) -> None:
    volume = 2_000_000.0
    best = minimize_scalar(
        lambda size: -size * (edge - coefficient * sigma * math.sqrt(size / volume)),
        bounds=(0.0, volume),
        method="bounded",
        options={"xatol": 1e-6},
    )
    assert size_for_edge(edge, sigma, volume, coefficient) == pytest.approx(best.x, rel=1e-5)


def test_no_edge_has_no_size_and_nan_stays() -> None:
    assert size_for_edge(0.0, 300.0, 1e6) == 0.0
    assert size_for_edge(-3.0, 300.0, 1e6) == 0.0
    assert math.isnan(size_for_edge(math.nan, 300.0, 1e6))
    assert math.isnan(impact_bps(math.nan, 1e6, 300.0))


def test_numbers_out_of_range_are_refused() -> None:
    with pytest.raises(BadInput, match="volume"):
        impact_bps(1.0, 0.0, 300.0)
    with pytest.raises(BadInput, match="volatility"):
        SquareRootImpact(sigma_daily_bps=math.nan, volume_daily_base=1.0)
    with pytest.raises(BadInput, match="quantity"):
        impact_bps(-1.0, 1.0, 300.0)
    with pytest.raises(BadInput, match="coefficient"):
        SquareRootImpact(sigma_daily_bps=1.0, volume_daily_base=1.0, coefficient=-1.0)
    with pytest.raises(BadInput, match="no size is best"):
        size_for_edge(1.0, 1.0, 1.0, 0.0)
