"""The figures of a run and its verdict, counted by hand or by an independent library."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from scipy.stats import binomtest

from arbresearch.backtest.codes import FillReason
from arbresearch.backtest.layout import FILL, PAIR, SAMPLE
from arbresearch.backtest.log import RunLog
from arbresearch.backtest.market import VenueTape
from arbresearch.backtest.plain import from_plain, to_plain
from arbresearch.backtest.result import BacktestResult
from arbresearch.backtest.summary import BacktestSummary
from arbresearch.backtest.verdict import (
    Check,
    annual_return_check,
    drawdown_check,
    overall,
    reward_to_risk_bound,
    reward_to_risk_check,
    win_rate_bound,
    win_rate_check,
)
from arbresearch.core import NS_PER_HOUR, BadInput
from arbresearch.signals.modes import Mode
from arbresearch.stats import lower_confidence_bound
from tests.backtest.result_kit import MARKET, SPREAD, START_NS, VENUES, at, fill, log_of, minute, records, terms_of


def _result(log: RunLog) -> BacktestResult:
    return BacktestResult.build(log, MARKET, terms_of(), symbol="X/USDT", venues=VENUES)


def _hours(profits: list[float]) -> BacktestResult:
    """Return a run in which the spread earns so much in each hour, in cash on A."""
    total = np.concatenate(([0.0], np.cumsum(profits)))
    rows = [{"time_ns": START_NS + hour * NS_PER_HOUR, "quote_a": 1_000.0 + one} for hour, one in enumerate(total)]
    samples = records(SAMPLE, rows, base_a=10.0, base_b=10.0, quote_b=1_000.0)
    return BacktestResult.build(
        log_of(samples=samples), MARKET, terms_of(sample_ns=NS_PER_HOUR), symbol="X/USDT", venues=VENUES
    )


def test_counts_and_shares_of_pairs() -> None:
    summary = _result(minute()).summary
    assert (summary.pairs, summary.pairs_filled, summary.pairs_open) == (4, 3, 1)
    assert (summary.wins, summary.losses, summary.even_pairs) == (2, 0, 0)
    assert summary.win_rate_pairs == 1.0
    assert summary.expectancy_quote == pytest.approx((0.69765 + 1.6202) / 2.0)
    assert math.isnan(summary.profit_factor)
    assert summary.one_leg_rate == 1.0
    assert summary.fill_ratio_taker == pytest.approx((2.0 + 1.5 + 0.0) / (2.0 + 2.0 + 1.0))
    assert summary.fill_ratio_maker == pytest.approx(1.0 / 3.0)
    assert (summary.orders, summary.fills, summary.transfers, summary.transfers_failed) == (4, 7, 2, 1)


def test_money_turnover_and_exposure() -> None:
    summary = _result(minute()).summary
    traded = 201.6 + 150.3 + 50.2 + 102.0 + 80.0 + 10.25 + 102.0
    assert summary.capital_quote == 4_010.0
    assert summary.spread_quote == pytest.approx(SPREAD)
    assert summary.profit_quote == pytest.approx(SPREAD + 15.0)
    assert summary.traded_quote == pytest.approx(traded)
    assert summary.turnover_day == pytest.approx(traded / 4_010.0 * 1_440.0)
    assert summary.annual_return == pytest.approx(SPREAD / 4_010.0 * 1_440.0 * 365.0)
    assert summary.imbalance_quote == pytest.approx(-1.1115 * 101.25)
    assert summary.unhedged_quote_s == 120.0
    assert summary.unhedged_mean_quote == pytest.approx(2.0)


def test_utilisation_counts_idle_inventory_of_both_venues() -> None:
    summary = _result(minute()).summary
    held = 2.0 * 201.0 * 2.0 + 3.0 * 202.0 * 10.0 + 1.0 * 199.5 * 1.0 + 1.0 * 202.4 * 2.0
    assert summary.capital_utilisation == pytest.approx(held / (4_010.0 * 60.0))


def test_capital_needed_is_what_left_its_account_at_some_time() -> None:
    summary = _result(minute()).summary
    idle = 1_000.0 + 5.1 * 100.5 + 719.42 + 10.0 * 100.5
    assert summary.capital_needed == pytest.approx(1.0 - idle / 4_010.0)


def test_gains_and_losses_by_pair_leave_out_zeros() -> None:
    sales = [103.0, 101.0, 100.0, 98.0]
    pairs = records(
        PAIR,
        [{"closed_ns": at(one + 1), "decided_ns": at(one)} for one in range(4)],
        mode=Mode.MARKET_A_SELL_MARKET_B_BUY, quantity=1.0, best_sell=100.0, best_buy=100.0, plan_sell=100.0,
        plan_buy=100.0,
    )  # fmt: skip
    fills = [one for pair, price in enumerate(sales)
             for one in (fill(pair, 0, "sell", pair, 1.0, price), fill(pair, 1, "buy", pair, 1.0, 100.0))]  # fmt: skip
    sample = {"time_ns": at(60), "base_a": 6.0, "quote_a": 1_402.0, "base_b": 14.0, "quote_b": 600.0}
    log = log_of(pairs=pairs, fills=records(FILL, fills), samples=records(SAMPLE, [sample]))
    summary = _result(log).summary
    assert (summary.wins, summary.losses, summary.even_pairs) == (2, 1, 1)
    assert summary.win_rate_pairs == pytest.approx(2.0 / 3.0)
    assert summary.profit_factor == pytest.approx(4.0 / 2.0)
    assert summary.reward_to_risk == pytest.approx(2.0 / 2.0)
    assert summary.expectancy_quote == pytest.approx(2.0 / 3.0)
    assert summary.one_leg_rate == 0.0


def test_days_and_blocks_of_a_run_of_two_days() -> None:
    profits = [0.4 * (hour % 5) - 0.5 for hour in range(24)] + [0.1] * 24
    result = _hours(profits)
    summary = result.summary
    assert (summary.complete_days, summary.blocks, summary.block_s) == (2, 48, 3_600.0)
    daily = np.array([sum(profits[:24]), sum(profits[24:])]) / 4_010.0
    assert summary.performance.mean == pytest.approx(daily.mean())
    assert summary.win_rate_days == float((daily > 0).mean())
    bps_day = np.array(profits) / 4_010.0 * 1e4 * 24.0
    assert summary.mean_bps_day == pytest.approx(bps_day.mean())
    assert summary.lower_bound_bps_day == pytest.approx(lower_confidence_bound(bps_day, seed=1), rel=0.05)
    assert summary.annual_return_bound == pytest.approx(summary.lower_bound_bps_day * 365.0 / 1e4)
    assert summary.annual_return == pytest.approx(sum(profits) / 4_010.0 / 2.0 * 365.0)
    equity = 4_010.0 + np.concatenate(([0.0], np.cumsum(profits)))
    assert summary.max_drawdown == pytest.approx(float((equity / np.maximum.accumulate(equity) - 1.0).min()))


def test_too_few_blocks_give_no_bound() -> None:
    summary = _hours([1.0] * 19).summary
    assert summary.blocks == 19
    assert math.isnan(summary.lower_bound_bps_day)
    assert summary.complete_days == 0
    assert math.isnan(summary.performance.sharpe)


def test_a_day_that_loses_more_than_all_counts_as_minus_one() -> None:
    summary = _hours([-200.0] * 24).summary
    assert summary.performance.total_return == -1.0
    assert summary.spread_quote == -4_800.0
    assert summary.answer == "no"


def test_annual_return_needs_its_bound_to_say_yes() -> None:
    assert annual_return_check(0.30, 0.16).answer == "yes"
    assert annual_return_check(0.30, 0.15).answer == "not enough data"
    assert annual_return_check(0.30, math.nan).answer == "not enough data"
    assert annual_return_check(0.15, math.nan).answer == "no"
    assert annual_return_check(math.nan, math.nan).answer == "not enough data"
    words = annual_return_check(0.3, -0.051).words
    assert words == "annual return: 30.00 % (lower bound -5.10 %), wanted above 15.00 %: not enough data"


def test_a_drawdown_that_did_not_come_needs_days() -> None:
    assert drawdown_check(-0.10, 365).answer == "no"
    assert drawdown_check(-0.05, 19).answer == "not enough data"
    assert drawdown_check(-0.05, 20).answer == "yes"
    assert drawdown_check(-0.0, 20).words.startswith("drawdown: 0.00 %")
    assert drawdown_check(0.0, 20).words.startswith("drawdown: 0.00 %")


@pytest.mark.parametrize(("wins", "losses"), [(1, 0), (7, 3), (700, 300), (0, 5), (50, 50)])
def test_win_rate_bound_is_exact(wins: int, losses: int) -> None:
    interval = binomtest(wins, wins + losses, alternative="greater").proportion_ci(0.95, method="exact")
    assert win_rate_bound(wins, losses) == pytest.approx(interval.low, abs=1e-12)


def test_win_rate_answers() -> None:
    assert win_rate_check(700, 300).answer == "yes"
    assert win_rate_check(7, 3).answer == "not enough data"
    assert win_rate_check(60, 40).answer == "not enough data"
    assert win_rate_check(40, 60).answer == "no"
    assert win_rate_check(600, 400).found == 0.6
    assert win_rate_check(0, 0).answer == "not enough data"
    assert math.isnan(win_rate_bound(0, 0))


def test_reward_to_risk_bound_holds_as_often_as_it_says() -> None:
    random = np.random.default_rng(4)
    held = sum(
        reward_to_risk_bound(random.exponential(2.0, 60), random.exponential(1.0, 40)) < 2.0 for _ in range(1_000)
    )
    assert 930 <= held <= 985


def test_reward_to_risk_bound_of_certain_losses_is_students_of_the_wins() -> None:
    wins = np.arange(1.0, 31.0)
    error = wins.std(ddof=1) / math.sqrt(30)
    assert reward_to_risk_bound(wins, np.full(25, 2.0)) == pytest.approx((wins.mean() - 1.6448536269514722 * error) / 2)
    assert math.isnan(reward_to_risk_bound(wins, np.ones(19)))
    assert math.isnan(reward_to_risk_bound(wins, np.array([0.01] * 19 + [50.0])))


def test_reward_to_risk_answers() -> None:
    assert reward_to_risk_check(np.array([3.0] * 20 + [-1.0] * 20)).answer == "yes"
    assert reward_to_risk_check(np.array([3.0, -1.0])).answer == "not enough data"
    assert reward_to_risk_check(np.array([1.0, -1.0])).answer == "not enough data"
    assert reward_to_risk_check(np.array([1.0] * 20 + [-1.0] * 20)).answer == "no"
    assert reward_to_risk_check(np.array([-1.0])).found == 0.0
    assert reward_to_risk_check(np.array([-1.0] * 19)).answer == "not enough data"
    assert reward_to_risk_check(np.array([-1.0] * 20)).answer == "no"
    assert reward_to_risk_check(np.array([1.0, 2.0])).answer == "not enough data"


def test_one_no_is_no_and_only_all_yes_is_yes() -> None:
    yes, no, unknown = annual_return_check(1.0, 0.9), annual_return_check(0.0, 0.0), drawdown_check(0.0, 0)
    assert overall((yes, drawdown_check(0.0, 365))) == "yes"
    assert overall((yes, unknown)) == "not enough data"
    assert overall((unknown, no)) == "no"
    assert overall((yes, drawdown_check(-0.2, 3))) == "no"


def test_a_signals_figures_do_not_decide() -> None:
    signal = win_rate_check(40, 60)
    assert signal.answer == "no"
    assert overall((annual_return_check(1.0, 0.9), drawdown_check(0.0, 365), signal)) == "yes"


def test_the_verdict_of_nothing_says_why() -> None:
    nothing = _hours([0.0] * 30).summary
    assert nothing.answer == "no"
    assert nothing.verdict == (
        "no (annual return): annual return: 0.00 % (lower bound 0.00 %), wanted above 15.00 %; "
        "no pair was decided, for no net edge passed its threshold"
    )


def test_what_cost_most_is_named() -> None:
    summary = _result(minute()).summary
    gross, net, transfers = (one / 405.6 * 1e4 for one in (6.1, SPREAD, 51.505))
    assert summary.verdict.endswith(
        f"; 3 pairs: of {gross:.2f} bps gross transfers cost {transfers:.2f}, {net:.2f} are left"
    )


def test_json_holds_unknown_and_infinite_figures() -> None:
    summary = replace(_hours([1.0] * 30).summary, profit_factor=math.inf)
    plain = json.loads(json.dumps(summary.as_dict(), allow_nan=False))
    assert plain["profit_factor"] == "inf"
    assert plain["one_leg_rate"] is None
    assert plain["performance"]["drawdown_start"] is None
    back = BacktestSummary.from_dict(plain)
    assert back.profit_factor == math.inf
    assert math.isnan(back.one_leg_rate)
    assert back.performance.drawdown_start is None
    assert isinstance(back.checks[0], Check)
    assert back.as_dict() == summary.as_dict()


def test_figures_of_a_wrong_type_are_refused() -> None:
    plain = _hours([1.0] * 30).summary.as_dict()
    with pytest.raises(BadInput, match="missing or unknown: pairs"):
        BacktestSummary.from_dict({name: one for name, one in plain.items() if name != "pairs"})
    with pytest.raises(BadInput, match=r"BacktestSummary\.pairs: expected int, was 'many'"):
        BacktestSummary.from_dict({**plain, "pairs": "many"})
    with pytest.raises(BadInput, match=r"BacktestSummary\.halted: expected bool, was 0"):
        BacktestSummary.from_dict({**plain, "halted": 0})
    with pytest.raises(BadInput, match="Check: expected an object, was int"):
        from_plain(Check, 3)


def test_plain_reaches_into_what_is_nested() -> None:
    found = to_plain({"a": (1, [math.nan, {"b": -math.inf}]), 2: None})
    assert found == {"a": [1, [None, {"b": "-inf"}]], "2": None}


def test_without_a_mark_nothing_is_known_and_nothing_breaks() -> None:
    samples = records(
        SAMPLE, [{"time_ns": at(0)}, {"time_ns": at(60)}], base_a=10.0, base_b=10.0, quote_a=1e3, quote_b=1e3
    )
    alone = (MARKET[0], VenueTape(), VenueTape())
    result = BacktestResult.build(log_of(samples=samples), alone, terms_of(), symbol="X/USDT", venues=VENUES)
    summary = result.summary
    assert (summary.spread_quote, summary.inventory_quote, summary.answer) == (0.0, 0.0, "not enough data")
    assert math.isnan(summary.capital_quote)
    assert math.isnan(summary.annual_return)
    assert result.waterfall["profit_quote"].to_list() == [0.0] * result.waterfall.height
    assert result.equity["mark"].is_nan().all()


def test_liquidations_are_counted() -> None:
    closing = fill(-1, 1, "sell", 10.0, 10.0, 99.5, reason=FillReason.LIQUIDATION)
    sample = {"time_ns": at(60), "base_a": 10.0, "quote_a": 1_000.0, "quote_b": 1_995.0}
    log = log_of(fills=records(FILL, [closing]), samples=records(SAMPLE, [sample]))
    result = _result(replace(log, halted=True))
    assert (result.summary.liquidations, result.summary.halted) == (1, True)
    assert "a position was liquidated, and trading ended there" in result.warnings
    assert result.pairs.filter(pl.col("pair") >= 0).is_empty()
