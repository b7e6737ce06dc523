"""Backtests side by side, and the minutes worth looking at."""

from __future__ import annotations

import math
from dataclasses import replace

import polars as pl
import pytest

from arbresearch.backtest.compare import best_and_worst_minute, books_between, compare_latencies, compare_rules
from arbresearch.backtest.market import Market, VenueTape
from arbresearch.backtest.result import BacktestResult
from tests.backtest.result_kit import MARKET, SPREAD, VENUES, at, book, log_of, minute, terms_of


@pytest.fixture
def busy() -> BacktestResult:
    return BacktestResult.build(minute(), MARKET, terms_of(), symbol="X/USDT", venues=VENUES)


@pytest.fixture
def idle() -> BacktestResult:
    log = log_of(samples=minute().samples[:1])
    return BacktestResult.build(log, MARKET, terms_of(), symbol="X/USDT", venues=VENUES)


def test_latencies_rise_and_all_orders_count(busy: BacktestResult, idle: BacktestResult) -> None:
    table = compare_latencies({2.0: idle, 0: busy})
    assert table["latency_s"].to_list() == [0.0, 2.0]
    first, second = table.rows(named=True)
    assert first["fill_ratio"] == pytest.approx((2.0 + 1.5 + 1.0) / (2.0 + 2.0 + 3.0 + 1.0))
    assert first["spread_quote"] == pytest.approx(SPREAD)
    assert first["bps_day"] == pytest.approx(SPREAD / 4_010.0 * 1_440.0 * 1e4)
    assert (first["pairs_filled"], first["one_leg_rate"]) == (3, 1.0)
    assert (second["pairs_filled"], second["spread_quote"]) == (0, 0.0)
    assert math.isnan(second["fill_ratio"])


def test_rules_keep_their_order_and_count_resting_orders(busy: BacktestResult, idle: BacktestResult) -> None:
    table = compare_rules({"touch": busy, "queue": idle})
    assert table["rule"].to_list() == ["touch", "queue"]
    assert table["fill_ratio"][0] == pytest.approx(1.0 / 3.0)


def test_orders_of_the_hedge_do_not_count(busy: BacktestResult) -> None:
    hedge = busy.orders.head(1).with_columns(account=pl.lit("h"), quantity=pl.lit(1e6))
    more = replace(busy, orders=pl.concat([busy.orders, hedge]))
    assert compare_latencies({0.0: more})["fill_ratio"][0] == pytest.approx(4.5 / 8.0)


def test_of_nothing_there_is_an_empty_table() -> None:
    assert compare_latencies({}).is_empty()
    assert "bps_day" in compare_rules({}).columns


def test_best_and_worst_minute_by_what_their_pairs_earned() -> None:
    pairs = pl.DataFrame(
        {
            "decided_ns": [at(5), at(50), at(70), at(130), at(190), at(250)],
            "notional_quote": [1.0, 1.0, 1.0, 1.0, 0.0, 1.0],
            "profit_quote": [2.0, 2.0, 3.0, -1.0, -9.0, -1.0],
        }
    )
    assert best_and_worst_minute(pairs) == (at(0), at(240))
    assert best_and_worst_minute(pairs.filter(pl.col("notional_quote") == 0.0)) is None


def test_books_hold_from_the_start_to_the_end() -> None:
    a = book((0, 10.0, 11.0), (30, 12.0, 13.0), (60, 14.0, 15.0), (61, 16.0, 17.0))
    market: Market = (VenueTape(book=a), VenueTape(book=book((50, 20.0, 21.0))), VenueTape())
    table = books_between(market, at(10), at(60))
    assert table.filter(pl.col("account") == "a").select("time_ns", "bid", "ask").rows() == [
        (at(10), 10.0, 11.0),
        (at(30), 12.0, 13.0),
        (at(60), 14.0, 15.0),
        (at(60), 14.0, 15.0),
    ]
    assert table.filter(pl.col("account") == "b")["time_ns"].to_list() == [at(50), at(60)]
    assert books_between(market, at(10), at(40))["account"].unique().to_list() == ["a"]
    assert books_between((VenueTape(), VenueTape(), VenueTape()), at(0), at(1)).is_empty()
