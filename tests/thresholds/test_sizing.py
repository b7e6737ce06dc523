"""Sizes: curves of known capacity, search over all curves, growth and drawdowns by hand, and which bound decides."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar

from arbresearch.core import BadInput, ParameterError
from arbresearch.thresholds import (
    VenueRisk,
    bootstrap_rows,
    bootstrap_weights,
    capacity_curve,
    choose_size,
    drawdown_quantile,
    kelly_fraction,
)
from arbresearch.thresholds.capacity import best_size

Floats = npt.NDArray[np.float64]

SIZES = np.array([100.0, 200.0, 400.0, 800.0, 1_600.0])
HOUR = 3_600.0
SAFE: dict[str, Any] = {"default_probability_year": 0.0, "loss_given_default": 0.0}


def profits_of(means: Floats, seed: int = 0, noise: float = 0.05, blocks: int = 400) -> Floats:
    """Return hourly profits of given means a day, with one noise for all in proportion to size."""
    rng = np.random.default_rng(seed)
    shocks = rng.standard_normal((blocks, 1))
    shocks -= shocks.mean()
    return np.asarray(means / 24.0 + noise * shocks * SIZES / 100.0)


def curve_of(profits: Floats) -> Any:
    return capacity_curve(SIZES, profits, HOUR, bootstrap_weights(profits.shape[0], 4.0, 400))


def test_exact_curve_is_kept() -> None:
    """Already concave and rising: 10 a day for each of the first 400, 5 for each more up to 800, then none."""
    means = np.array([10.0, 20.0, 40.0, 60.0, 60.0])
    found = curve_of(profits_of(means))
    assert found.profit_day == pytest.approx(means)
    assert found.fitted_day == pytest.approx(means)
    assert (found.capacity_quote, found.reached) == (800.0, True)
    assert found.at(300.0) == pytest.approx(30.0)
    assert found.at(50.0) == pytest.approx(5.0)
    assert found.at(9_999.0) == pytest.approx(60.0)
    assert (found.standard_error > 0.0).all()


def test_capacity_is_where_more_loses() -> None:
    found = curve_of(profits_of(np.array([10.0, 20.0, 30.0, 22.0, -40.0])))
    assert found.capacity_quote == 400.0
    assert found.fitted_day[-1] == found.fitted_day[2] < 30.0
    rising = curve_of(profits_of(0.1 * SIZES))
    assert (rising.capacity_quote, rising.reached) == (1_600.0, False)
    losing = curve_of(profits_of(-0.1 * SIZES))
    assert (losing.capacity_quote, losing.reached) == (0.0, True)
    assert losing.fitted_day.tolist() == [0.0] * 5


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(-40, 60).map(float), min_size=5, max_size=5))
def test_no_curve_is_nearer(means: list[float]) -> None:
    """Concave and rising; adding any min(x, x_j) comes no nearer, nor does taking some of one that is used."""
    found = curve_of(profits_of(np.array(means)))
    slopes = np.append(np.diff(found.fitted_day, prepend=0.0) / np.diff(SIZES, prepend=0.0), 0.0)
    assert (slopes >= -1e-12).all()
    assert (np.diff(slopes) <= 1e-12).all()
    left = (found.profit_day - found.fitted_day) / found.standard_error**2
    whole = float((1.0 + np.abs(found.profit_day)) / found.standard_error**2 @ SIZES)
    for one, bend in zip(SIZES, -np.diff(slopes), strict=True):
        nearer = float(left @ np.minimum(SIZES, one)) / whole
        assert nearer <= 1e-9
        if bend > 1e-9:
            assert nearer == pytest.approx(0.0, abs=1e-9)


def test_interval_of_the_capacity() -> None:
    """A true kink at 800, clear: known; in noise as large as the profit: not."""
    means = np.array([10.0, 20.0, 40.0, 60.0, 50.0])
    clear, dim = curve_of(profits_of(means, noise=0.01)), curve_of(profits_of(means, noise=1.0))
    assert (clear.capacity_low_quote, clear.capacity_high_quote) == (800.0, 800.0)
    assert dim.capacity_low_quote < dim.capacity_high_quote


def test_best_size_by_trying_all() -> None:
    found = curve_of(profits_of(np.array([10.0, 20.0, 36.0, 60.0, 70.0])))
    for charge in (0.0, 0.03, 0.07, 0.09, 0.2):
        tried = np.linspace(0.0, 1_600.0, 1_601)
        net = [found.at(one) - charge * one for one in tried]
        assert found.at(best_size(found, charge)) - charge * best_size(found, charge) == pytest.approx(max(net))
    assert best_size(found, 0.2) == 0.0


@pytest.mark.parametrize("seed", range(4))
def test_kelly_by_search(seed: int) -> None:
    returns = np.random.default_rng(seed).normal(0.002, 0.03, 500)
    found = kelly_fraction(returns)
    if returns.mean() <= 0.0:
        assert found == 0.0
        return
    wanted = minimize_scalar(
        lambda f: -np.log1p(f * returns).mean(), bounds=(0.0, -0.999 / returns.min()), method="bounded",
        options={"xatol": 1e-9},
    )  # fmt: skip
    assert found == pytest.approx(wanted.x, rel=1e-4)


def test_kelly_by_hand() -> None:
    """Even money won with 60 % of the time: .2 (Kelly 1956)."""
    assert kelly_fraction([1.0] * 6 + [-1.0] * 4) == pytest.approx(0.2)
    assert kelly_fraction([0.01, 0.02]) == math.inf
    assert kelly_fraction([0.01, -0.02]) == 0.0
    assert math.isnan(kelly_fraction([math.nan]))


def test_drawdown_by_walking() -> None:
    profits = np.random.default_rng(5).normal(0.1, 1.0, 60)
    rows = bootstrap_rows(60, 5.0, 300)
    falls = []
    for row in rows:
        equity = peak = worst = 0.0
        for k in row:
            equity += profits[k]
            peak = max(peak, equity)
            worst = max(worst, peak - equity)
        falls.append(worst)
    falls.sort()
    assert drawdown_quantile(profits, rows, 0.9) == pytest.approx(falls[269])
    assert drawdown_quantile(-np.ones(60), rows) == pytest.approx(60.0)
    assert drawdown_quantile(np.ones(60), rows) == 0.0
    assert drawdown_quantile(3.0 * profits, rows, 0.9) == pytest.approx(3.0 * falls[269])


def venues(one: float = 1e6, two: float = 1e6, **risk: float) -> tuple[VenueRisk, ...]:
    return tuple(
        VenueRisk(venue=name, base_quote=0.5 * held, cash_quote=0.5 * held, **(SAFE | risk))
        for name, held in (("one", one), ("two", two))
    )


def chosen(means: Floats, *, noise: float = 0.05, **changes: Any) -> Any:
    plain: dict[str, Any] = {"venues": venues(), "capital_quote": 1e6, "orders_held": 20.0}
    return choose_size(SIZES, profits_of(means, noise=noise), HOUR, **(plain | changes))


MEANS = np.array([10.0, 20.0, 40.0, 60.0, 60.0])


def test_each_bound_decides_in_its_turn() -> None:
    """Of 20 orders held a tenth of a venue's default a year costs a day 20 x .1 / 365 of the size."""
    assert (chosen(MEANS).binding, chosen(MEANS).size_quote) == ("capacity", 800.0)
    little = chosen(MEANS, venues=venues(two=300.0))
    assert (little.binding, little.size_quote) == ("inventory", 150.0)
    risky = chosen(MEANS, venues=venues(default_probability_year=1.0, loss_given_default=1.0))
    # A charge of 20 / 365 = .0548 a day: above the slope of .05 from 400 on, below that of .1 before.
    assert (risky.binding, risky.size_quote) == ("venue default", 400.0)
    assert risky.default_loss_day == pytest.approx(400.0 * 20.0 / 365.0)
    assert risky.profit_day == pytest.approx(40.0)
    worst = chosen(MEANS, capital_quote=4_000.0, drawdown_limit=1.0, venues=venues(one=3e6, loss_given_default=0.8))
    # Three quarters lie on one venue: 20 x .75 x .8 = 12 order sizes are lost, of 2,000.
    assert (worst.binding, worst.size_quote) == ("worst default", pytest.approx(2_000.0 / 12.0))
    steep = chosen(MEANS, noise=0.5, capital_quote=1_000.0, drawdown_limit=0.01)
    assert steep.binding == "drawdown"
    assert 0.0 < steep.size_quote < 800.0
    nothing = chosen(-MEANS)
    assert (nothing.size_quote, nothing.binding) == (0.0, "capacity")


def test_drawdown_bound_is_in_proportion() -> None:
    """Falls are in proportion to size here, so that twice the limit is twice the size."""
    means = 0.0 * SIZES

    def allowed(limit: float, capital: float = 1e4) -> float:
        bounds = chosen(means, drawdown_limit=limit, capital_quote=capital).bounds
        return float(next(one.size_quote for one in bounds if one.name == "drawdown"))

    assert allowed(0.002) == pytest.approx(2.0 * allowed(0.001))
    assert allowed(0.1, 1e9) == pytest.approx(allowed(0.1, 1e8) * 10.0)
    assert allowed(0.1, 1e9) > 1_600.0


def test_kelly_is_shown_and_never_decides() -> None:
    found = chosen(MEANS, capital_quote=1e5)
    kelly = next(one for one in found.bounds if one.name == "kelly")
    assert not kelly.counts
    assert kelly.size_quote == pytest.approx(1_600.0 * found.kelly)
    assert found.kelly == pytest.approx(kelly_fraction(profits_of(MEANS)[:, -1] / 1e5))
    poor = chosen(np.array([10.0, 20.0, 40.0, 60.0, -60.0]))
    assert poor.kelly == 0.0
    assert poor.size_quote > 0.0
    assert {one.name for one in found.bounds} == {
        "capacity", "inventory", "venue default", "worst default", "drawdown", "kelly"
    }  # fmt: skip
    assert found.size_quote == min(one.size_quote for one in found.bounds if one.counts)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"capital_quote": 0.0}, "capital_quote: expected a number above 0"),
        ({"orders_held": -1.0}, "orders_held"),
        ({"drawdown_limit": 1.1}, "drawdown_limit: expected a number above 0 and at most 1"),
        ({"default_limit": math.nan}, "default_limit"),
        ({"venues": ()}, "venues: expected one or more on which something lies"),
        ({"confidence": 1.0}, "confidence"),
    ],
)
def test_parameters_out_of_range(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ParameterError, match=words):
        chosen(MEANS, **changes)


def test_refusals() -> None:
    weights = bootstrap_weights(400, 4.0, 50)
    for sizes in (SIZES[::-1], SIZES[:4], -SIZES):
        with pytest.raises(BadInput, match="sizes_quote: expected 5 sizes above zero that rise"):
            capacity_curve(sizes, profits_of(MEANS), HOUR, weights)
    with pytest.raises(ParameterError, match="block_s"):
        capacity_curve(SIZES, profits_of(MEANS), 0.0, weights)
    with pytest.raises(BadInput, match="weights: expected two or more resamples x 400 blocks"):
        capacity_curve(SIZES, profits_of(MEANS), HOUR, weights[:1])
    with pytest.raises(BadInput, match="rows: expected resamples x 3 blocks"):
        drawdown_quantile([1.0, 2.0, 3.0], bootstrap_rows(4, 1.0, 9))
    with pytest.raises(ParameterError, match="loss_given_default of x: expected a number from 0 to 1, was 2"):
        VenueRisk(venue="x", base_quote=1.0, cash_quote=1.0, default_probability_year=0.1, loss_given_default=2.0)
