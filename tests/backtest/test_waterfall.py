"""The steps from gross to net: counted by hand on one minute, and against the balances of random runs."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from arbresearch.backtest.codes import CashKind, FillReason
from arbresearch.backtest.layout import CASH, FILL, SAMPLE
from arbresearch.backtest.log import RunLog
from arbresearch.backtest.market import VenueTape
from arbresearch.backtest.mids import Marks
from arbresearch.backtest.result import BacktestResult
from arbresearch.backtest.run import run_market
from arbresearch.backtest.terms import RunTerms
from tests.backtest.markets import random_case
from tests.backtest.result_kit import (
    MARKET,
    SPREAD,
    VENUES,
    at,
    book,
    fill,
    hedged_minute,
    log_of,
    minute,
    records,
    terms_of,
)


def _built(log: RunLog, terms: RunTerms | None = None) -> BacktestResult:
    return BacktestResult.build(log, MARKET, terms or terms_of(), symbol="X/USDT", venues=VENUES)


def _steps(result: BacktestResult) -> dict[str, float]:
    return dict(result.waterfall.select("step", "profit_quote").iter_rows())


def test_a_pair_completed_after_its_buying_leg_filled_less() -> None:
    pair = _built(minute()).pairs.row(0, named=True)
    assert pair["outcome"] == "repaired"
    assert pair["one_leg"] is True
    assert (pair["sold"], pair["bought"], pair["notional_quote"]) == (2.0, 2.0, pytest.approx(201.6))
    assert pair["gross_quote"] == pytest.approx(2.0 * (101.0 - 100.0))
    assert pair["missed_quote"] == 0.0
    assert pair["depth_quote"] == pytest.approx(2.0 * ((100.9 - 100.1) - 1.0))
    assert pair["latency_quote"] == pytest.approx(2.0 * ((100.8 - 100.2) - 0.8))
    assert pair["one_leg_quote"] == pytest.approx(0.5 * (100.2 - 100.4))
    assert pair["fees_quote"] == pytest.approx(-(0.2016 + 0.05 + 0.0015 * 100.5))
    assert pair["residual_base"] == pytest.approx(-0.0015)
    assert pair["profit_quote"] == pytest.approx(0.69765)
    assert pair["realised_bps"] == pytest.approx(0.69765 / 201.6 * 1e4)
    assert pair["hold_s"] == 2.0


def test_a_resting_pair_counts_what_its_maker_leg_filled() -> None:
    pair = _built(minute()).pairs.row(1, named=True)
    assert (pair["outcome"], pair["trigger"], pair["mode"]) == ("residual", "exit", "limit_a_sell_market_b_buy")
    assert pair["gross_quote"] == pytest.approx(1.0 * (102.0 - 100.0))
    assert pair["missed_quote"] == pytest.approx(-0.2 * 2.0)
    assert pair["depth_quote"] == pytest.approx(-0.8 * 0.05)
    assert pair["latency_quote"] == pytest.approx(0.8 * 0.05)
    assert pair["fees_quote"] == pytest.approx(0.0102 - 0.09)
    assert pair["one_leg_quote"] == pytest.approx(0.2 * 102.0 - 0.1 * 102.5 - 0.1 * 100.5)
    assert pair["profit_quote"] == pytest.approx(1.6202)


def test_a_pair_that_did_not_fill_missed_its_gross() -> None:
    pair = _built(minute()).pairs.row(2, named=True)
    assert pair["outcome"] == "unfilled"
    assert (pair["gross_quote"], pair["missed_quote"], pair["profit_quote"]) == (0.5, -0.5, 0.0)
    assert np.isnan(pair["realised_bps"])


def test_an_open_pair_is_counted_as_it_stands_at_the_last_mark() -> None:
    pair = _built(minute()).pairs.row(3, named=True)
    assert (pair["outcome"], pair["closed_ns"]) == ("open", None)
    assert np.isnan(pair["hold_s"])
    assert pair["profit_quote"] == pytest.approx(102.0 - 101.25)


def test_steps_add_up_to_the_balances() -> None:
    result = _built(minute())
    steps = _steps(result)
    assert steps["gross"] == pytest.approx(2.0 + 2.0 + 0.5 + 1.6)
    assert steps["missed"] == pytest.approx(-0.4 - 0.5 - 1.6)
    assert steps["maker fees"] == pytest.approx(0.0102)
    assert steps["taker fees"] == pytest.approx(-0.40235 - 0.09)
    assert steps["transfers"] == pytest.approx(-0.01 * 100.5 - 1.0 - 49.5)
    assert steps["residual"] == pytest.approx(-(0.0015 + 0.1 + 0.01) * 0.75)
    assert steps["net"] == pytest.approx(SPREAD, rel=1e-12)
    assert steps["inventory"] == pytest.approx(20.0 * 0.75)
    assert steps["total"] == pytest.approx(SPREAD + 15.0)
    spread = result.waterfall.filter((pl.col("part") == "spread") & ~pl.col("is_sum"))
    assert spread["profit_quote"].sum() == pytest.approx(steps["net"], rel=1e-12)


def test_basis_points_of_notional_and_a_day_on_capital() -> None:
    net = _built(minute()).waterfall.filter(pl.col("step") == "net").row(0, named=True)
    assert net["bps_of_notional"] == pytest.approx(SPREAD / (201.6 + 102.0 + 102.0) * 1e4)
    assert net["bps_day"] == pytest.approx(SPREAD / 4_010.0 * 1_440.0 * 1e4)


def test_the_hedge_stands_apart() -> None:
    steps = _steps(_built(hedged_minute(), terms_of(hedge=True)))
    assert steps["hedge price"] == pytest.approx(2_000.0 - 505.0 - 15.0 * 101.5)
    assert steps["hedge fees"] == pytest.approx(-2.5)
    assert steps["hedge funding"] == 0.4
    assert steps["hedge"] == pytest.approx(-29.6)
    assert steps["net"] == 0.0
    assert steps["total"] == pytest.approx(15.0 - 29.6)


def test_a_hedge_that_is_not_asked_for_counts_nothing() -> None:
    assert _steps(_built(hedged_minute()))["hedge"] == 0.0


def test_liquidation_and_funding_of_a_venue_that_trades() -> None:
    closing = fill(-1, 1, "sell", 10.0, 10.0, 99.5, reason=FillReason.LIQUIDATION, order=-1)
    cash = records(
        CASH,
        [
            {"venue": 1, "kind": CashKind.FUNDING, "time_ns": at(5), "amount": -0.7},
            {"venue": 1, "kind": CashKind.LIQUIDATION_FEE, "time_ns": at(10), "amount": -4.0},
        ],
    )
    sample = {"time_ns": at(60), "base_a": 10.0, "quote_a": 1_000.0, "quote_b": 1_000.0 + 995.0 - 4.7}
    steps = _steps(_built(log_of(fills=records(FILL, [closing]), cash=cash, samples=records(SAMPLE, [sample]))))
    assert steps["funding"] == -0.7
    assert steps["liquidation"] == pytest.approx(10.0 * (99.5 - 100.5) - 4.0)
    assert steps["residual"] == pytest.approx(-10.0 * 0.75)
    assert steps["net"] == pytest.approx(995.0 - 4.7 - 10.0 * 101.25)


@pytest.mark.parametrize("seed", range(60))
def test_random_runs_add_up_to_their_balances(seed: int) -> None:
    market, terms = random_case(seed)
    log = run_market(market, terms)
    result = BacktestResult.build(log, market, terms, symbol="X/USDT", venues=VENUES)
    steps, last = _steps(result), result.equity.row(-1, named=True)
    scale = result.summary.capital_quote + float(log.fills["notional"].sum())
    for step, column in (("net", "spread"), ("inventory", "inventory"), ("hedge", "hedge"), ("total", "profit")):
        assert steps[step] == pytest.approx(last[f"{column}_quote"], abs=1e-12 * scale), step
    parts = ("gross", "missed", "depth", "latency", "fees", "one_leg")
    pairs = result.pairs.select(pl.sum_horizontal(f"{part}_quote" for part in parts) - pl.col("profit_quote"))
    assert pairs.to_series().abs().max() in (None, pytest.approx(0.0, abs=1e-12 * scale))
    assert result.days["spread_quote"].sum() == pytest.approx(last["spread_quote"], abs=1e-12 * scale)


def test_a_middle_is_that_of_the_last_row_that_has_one() -> None:
    gaps = book((1, 10.0, 12.0), (2, np.nan, 12.0), (3, 11.0, 13.0), (3, 12.0, 14.0), (4, 12.0, np.nan))
    marks = Marks((VenueTape(book=gaps), VenueTape(book=book((2, 20.0, 22.0))), VenueTape()))
    mids = marks.mid(0, np.array([at(one) for one in (0.5, 1, 2.5, 3, 9)]))
    np.testing.assert_array_equal(mids, [np.nan, 11.0, 11.0, 13.0, 13.0])
    assert marks.first_mid(0) == 11.0
    assert marks.first_mark() == 0.5 * (11.0 + 21.0)
    assert np.isnan(marks.first_mid(2))
    assert marks.ends(2) == -1
