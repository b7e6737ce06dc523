"""Performance figures against empyrical-reloaded and quantstats, SciPy, walks by hand, and what must hold of any."""

from __future__ import annotations

import math
from dataclasses import fields

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

from arbresearch.core import BadInput, ParameterError
from arbresearch.stats import Performance, performance

PRINTED = [0.012, -0.004, 0.007, 0, -0.011, 0.005, 0.009, -0.002, 0.003, -0.006, 0.004, 0.008]

returns = st.lists(st.floats(-0.9, 2.0).map(lambda one: round(one, 4)), min_size=1, max_size=40)


def heavy_tailed() -> list[float]:
    draws = np.round(np.random.RandomState(5).standard_t(4, size=250) * 0.01 + 0.0005, 6)
    draws[::17] = 0.0
    return [float(one) for one in draws]


def slow_drawdowns(rows: list[float]) -> list[tuple[float, int, int, int | None, int]]:
    """Walk along the equity; return depth, start, bottom, end and length of each drawdown, in order."""
    equity = [1.0]
    for one in rows:
        equity.append(equity[-1] * (1.0 + one))
    found: list[tuple[float, int, int, int | None, int]] = []
    top, i = 0, 1
    while i < len(equity):
        if equity[i] >= equity[top]:
            top = i
            i += 1
            continue
        bottom, end = i, i
        while end < len(equity) and equity[end] < equity[top]:
            if equity[end] < equity[bottom]:
                bottom = end
            end += 1
        over = end < len(equity)
        length = (end if over else len(equity) - 1) - top
        found.append((equity[bottom] / equity[top] - 1.0, top, bottom, end if over else None, length))
        i = end
    return found


def test_printed_figures() -> None:
    found = performance(PRINTED)
    assert found.sharpe == pytest.approx(5.8287863, abs=5e-8)
    assert found.sortino == pytest.approx(10.3635652, abs=5e-8)
    assert found.max_drawdown == pytest.approx(-0.011, rel=1e-12)


@pytest.mark.parametrize(
    ("rows", "figures"),
    [
        (
            PRINTED,
            {
                "sharpe": 5.828786282420253,
                "sortino": 10.363565216298253,
                "calmar": 101.9004627742776,
                "annual_return": 1.1209050905170712,
                "volatility": 0.13045883479380602,
                "total_return": 0.025026149148674293,
                "win_rate": 0.6363636363636364,
                "profit_factor": 2.0869565217391304,
                "reward_to_risk": 1.192546583850932,
                "average_win": 0.0068571428571428585,
                "average_loss": -0.00575,
            },
        ),
        (
            heavy_tailed(),
            {
                "sharpe": -0.47600067680820135,
                "sortino": -0.5847889437175249,
                "calmar": -0.7286780370747974,
                "annual_return": -0.18263186302783208,
                "volatility": 0.3162613150246811,
                "total_return": -0.12901209157453397,
                "max_drawdown": -0.25063451035383033,
                "win_rate": 0.5234042553191489,
                "profit_factor": 0.9240488986316868,
                "reward_to_risk": 0.8414103792418614,
                "average_win": 0.010198975609756099,
                "average_loss": -0.012121285714285715,
            },
        ),
    ],
    ids=["printed", "heavy-tailed"],
)
def test_empyrical_and_quantstats_agree(rows: list[float], figures: dict[str, float]) -> None:
    """Values of empyrical-reloaded 0.7.1 (annualization=365) and quantstats 0.0.86 (periods=365) for daily returns.

    The first six and the drawdown are of both, which agree to 13 digits; the others are of quantstats.
    """
    found = performance(rows)
    for name, value in figures.items():
        assert getattr(found, name) == pytest.approx(value, rel=1e-11), name


def test_the_largest_drawdown_lies_where_quantstats_finds_it() -> None:
    """Its drawdown_details from 1 January on: 2 February to 7 September, the last day, 218 days, bottom 2 September.

    It names days under water. Equity index i is the end of day i: under water from 33 on, so the top is 32.
    """
    found = performance(heavy_tailed())
    assert (found.drawdown_start, found.drawdown_bottom, found.drawdown_end) == (32, 245, None)
    assert found.drawdown_periods == found.longest_drawdown_periods == 218


def test_moments_agree_with_scipy() -> None:
    rows = heavy_tailed()
    found = performance(rows)
    assert found.skewness == pytest.approx(stats.skew(rows), rel=1e-10)
    assert found.kurtosis == pytest.approx(stats.kurtosis(rows, fisher=False), rel=1e-10)


def test_figures_by_hand() -> None:
    """Equity 1, 1.5, .75, .75, .9, 1.8, 1.35: half is lost from index 1 to 2 and back at 5."""
    found = performance([0.5, -0.5, 0.0, 0.2, 1.0, -0.25], periods_per_year=6)
    assert (found.observations, found.periods_per_year) == (6, 6)
    assert found.mean == pytest.approx(0.95 / 6)
    assert found.annual_return_simple == pytest.approx(0.95)
    assert found.total_return == pytest.approx(0.35)
    assert found.annual_return == pytest.approx(0.35)
    assert found.calmar == pytest.approx(0.7)
    assert found.max_drawdown == -0.5
    assert (found.drawdown_start, found.drawdown_bottom, found.drawdown_end) == (1, 2, 5)
    assert (found.drawdown_periods, found.longest_drawdown_periods) == (4, 4)
    assert (found.wins, found.losses, found.win_rate) == (3, 2, 0.6)
    assert found.profit_factor == pytest.approx(1.7 / 0.75)
    assert (found.average_win, found.average_loss) == (pytest.approx(1.7 / 3), -0.375)
    assert found.reward_to_risk == pytest.approx(1.7 / 3 / 0.375)
    assert found.expectancy == pytest.approx(0.19)
    assert (found.best, found.worst) == (1.0, -0.5)
    assert found.sharpe_per_period * math.sqrt(6) == pytest.approx(found.sharpe)
    assert found.sortino == pytest.approx(0.95 / 6 / math.sqrt((0.25 + 0.0625) / 6) * math.sqrt(6))


def test_start_equity_counts_for_the_drawdown() -> None:
    found = performance([-0.25, 0.1, -0.5])
    assert found.max_drawdown == pytest.approx(0.75 * 1.1 * 0.5 - 1.0)
    assert (found.drawdown_start, found.drawdown_bottom, found.drawdown_end) == (0, 3, None)
    assert (found.drawdown_periods, found.longest_drawdown_periods) == (3, 3)


def test_the_longest_drawdown_may_be_another() -> None:
    """Half is lost and made good at once; later a sixteenth is lost for three periods and not made good."""
    found = performance([-0.5, 1.0, 0.0, -0.0625, 0.0, 0.0])
    assert (found.drawdown_start, found.drawdown_bottom, found.drawdown_end) == (0, 1, 2)
    assert (found.drawdown_periods, found.longest_drawdown_periods) == (2, 3)


@given(returns)
def test_drawdown_is_the_deepest_of_a_walk(rows: list[float]) -> None:
    found, wanted = performance(rows), slow_drawdowns(rows)
    if not wanted:
        assert (found.max_drawdown, found.drawdown_start, found.longest_drawdown_periods) == (0.0, None, 0)
        return
    depth, start, bottom, end, length = min(wanted, key=lambda one: one[0])
    assert found.max_drawdown == depth
    assert (found.drawdown_start, found.drawdown_bottom, found.drawdown_end) == (start, bottom, end)
    assert found.drawdown_periods == length
    assert found.longest_drawdown_periods == max(one[4] for one in wanted)


@given(returns, st.floats(0.01, 0.99), st.floats(1.0, 1e5))
def test_what_does_not_depend_on_size(rows: list[float], times: float, periods: float) -> None:
    assume(np.ptp(rows) > 0.0)
    ours, theirs = performance(rows, periods), performance(np.array(rows) * times, periods)
    for name in ("sharpe", "sharpe_per_period", "sortino", "win_rate", "profit_factor", "reward_to_risk"):
        assert getattr(ours, name) == pytest.approx(getattr(theirs, name), rel=1e-9, abs=1e-9, nan_ok=True)
    for name in ("skewness", "kurtosis"):
        assert getattr(ours, name) == pytest.approx(getattr(theirs, name), rel=1e-6, abs=1e-6)
    for name in ("mean", "volatility", "expectancy", "annual_return_simple", "best", "worst"):
        assert getattr(ours, name) * times == pytest.approx(getattr(theirs, name), rel=1e-9, abs=1e-12, nan_ok=True)


@given(returns)
def test_bounds_and_identities(rows: list[float]) -> None:
    found = performance(rows)
    assert -1.0 < found.max_drawdown <= 0.0
    assert found.worst <= found.mean + 1e-12
    assert found.mean <= found.best + 1e-12
    assert found.total_return == pytest.approx(math.prod(1.0 + one for one in rows) - 1.0, rel=1e-9, abs=1e-12)
    assert found.kurtosis >= 1.0 + found.skewness**2 - 1e-6 or math.isnan(found.kurtosis)
    if found.wins and found.losses:
        assert found.profit_factor == pytest.approx(found.reward_to_risk * found.wins / found.losses)
        loss = (1.0 - found.win_rate) * found.average_loss
        assert found.expectancy == pytest.approx(found.win_rate * found.average_win + loss, abs=1e-12)


@given(returns, st.lists(st.integers(0, 39), max_size=6))
def test_what_is_not_known_counts_for_no_figure_but_lengths(rows: list[float], places: list[int]) -> None:
    holes = np.insert(rows, [min(one, len(rows)) for one in places], math.nan)
    ours, theirs = performance(holes), performance(rows)
    lengths = {"drawdown_start", "drawdown_bottom", "drawdown_end", "drawdown_periods", "longest_drawdown_periods"}
    for field in fields(Performance):
        one, other = getattr(ours, field.name), getattr(theirs, field.name)
        if field.name not in lengths:
            assert one == other or (math.isnan(one) and math.isnan(other)), field.name
    still = performance(np.nan_to_num(holes))
    assert {getattr(ours, one) == getattr(still, one) for one in lengths} == {True}


def test_nothing_known() -> None:
    for rows in ([], [math.nan, math.nan]):
        found = performance(rows)
        assert (found.observations, found.wins, found.losses, found.max_drawdown) == (0, 0, 0, 0.0)
        for name in ("mean", "sharpe", "sortino", "calmar", "total_return", "annual_return", "win_rate", "best"):
            assert math.isnan(getattr(found, name)), name
        assert math.isnan(found.volatility)


def test_one_return_has_no_deviation() -> None:
    found = performance([0.01])
    assert found.mean == 0.01
    assert math.isnan(found.volatility)
    assert math.isnan(found.sharpe)
    assert math.isnan(found.kurtosis)


def test_all_zero() -> None:
    found = performance([0.0] * 10)
    assert (found.total_return, found.annual_return, found.volatility, found.max_drawdown) == (0.0, 0.0, 0.0, 0.0)
    assert (found.wins, found.losses) == (0, 0)
    for name in (
        "sharpe",
        "sortino",
        "calmar",
        "win_rate",
        "profit_factor",
        "reward_to_risk",
        "expectancy",
        "kurtosis",
    ):
        assert math.isnan(getattr(found, name)), name


@pytest.mark.parametrize("value", [0.1, 0.0003, -0.07])
def test_a_constant_series_has_no_sharpe_ratio(value: float) -> None:
    """Ten times .1 has a standard deviation of 1.5e-17 in floating point: a ratio of it would be nonsense."""
    found = performance([value] * 10)
    assert found.volatility == 0.0
    for name in ("sharpe", "sharpe_per_period", "skewness", "kurtosis", "reward_to_risk"):
        assert math.isnan(getattr(found, name)), name
    assert found.win_rate == float(value > 0.0)
    assert found.profit_factor == 0.0 if value < 0.0 else math.isnan(found.profit_factor)
    assert found.sortino == pytest.approx(-math.sqrt(365)) if value < 0.0 else math.isnan(found.sortino)


def test_all_is_lost_and_stays_so() -> None:
    found = performance([0.5, -1.0, 0.5, 2.0])
    assert (found.max_drawdown, found.total_return, found.annual_return, found.calmar) == (-1.0, -1.0, -1.0, -1.0)
    assert (found.drawdown_start, found.drawdown_bottom, found.drawdown_end) == (1, 2, None)
    assert found.drawdown_periods == 3


def test_a_year_of_short_periods_may_be_more_than_a_number_holds() -> None:
    found = performance([0.01, 0.02, -0.01], periods_per_year=365 * 24 * 60)
    assert found.annual_return == math.inf
    assert found.calmar == math.inf
    assert math.isfinite(found.annual_return_simple)


def test_returns_out_of_range() -> None:
    with pytest.raises(BadInput, match=r"returns row 1: expected -1 \(all lost\) or more, was -1.5"):
        performance([0.1, -1.5])
    with pytest.raises(BadInput, match="returns row 0: expected a finite number"):
        performance([math.inf])
    with pytest.raises(BadInput, match="one-dimensional"):
        performance([[0.1]])
    with pytest.raises(BadInput, match="infinite equity"):
        performance([1e300, 1e300])
    for periods in (0, -1, math.nan, math.inf):
        with pytest.raises(ParameterError, match="periods_per_year"):
            performance([0.1], periods)
