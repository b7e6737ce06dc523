"""Equity by part, inventory, days and blocks."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from arbresearch.backtest.codes import Asset, TransferState
from arbresearch.backtest.equity import (
    block_length_ns,
    block_profits,
    capital_at_start,
    day_frame,
    equity_frame,
    inventory_frame,
)
from arbresearch.backtest.layout import SAMPLE, TRANSFER
from arbresearch.backtest.market import VenueTape
from arbresearch.backtest.mids import Marks
from arbresearch.core import NS_PER_DAY, NS_PER_HOUR, NS_PER_MINUTE
from tests.backtest.result_kit import MARKET, SPREAD, START_NS, at, hedged_minute, log_of, minute, records, terms_of

MIDDLE = 193.1486 - 280.58 + 99.0 - 0.05 - 0.1115 * 100.5
"""The spread's profit in the second sample."""


def _curve(hours: list[float], spread: list[float]) -> pl.DataFrame:
    times = [START_NS + round(one * NS_PER_HOUR) for one in hours]
    return pl.DataFrame({"time_ns": times, "spread_quote": spread})


def test_capital_is_all_that_was_put_on_all_venues() -> None:
    marks = Marks(MARKET)
    assert capital_at_start(terms_of(), marks) == 2_000.0 + 20.0 * 100.5
    assert capital_at_start(terms_of(hedge=True), marks) == 4_510.0
    assert np.isnan(capital_at_start(terms_of(), Marks((MARKET[0], VenueTape(), VenueTape()))))


def test_profit_is_spread_and_inventory() -> None:
    equity = equity_frame(minute(), Marks(MARKET), terms_of(), 4_010.0)
    assert equity["mark"].to_list() == [100.5, 100.5, 101.25]
    assert equity["spread_quote"].to_list() == pytest.approx([0.0, MIDDLE, SPREAD])
    assert equity["inventory_quote"].to_list() == [0.0, 0.0, 15.0]
    assert equity["hedge_quote"].to_list() == [0.0, 0.0, 0.0]
    assert equity["profit_quote"][-1] == pytest.approx(SPREAD + 15.0)
    assert equity["equity_quote"][-1] == pytest.approx(1_344.6486 + 719.42 - 0.05 + (5.1 + 13.7885) * 101.25)


def test_drawdown_is_of_capital_and_spread_from_the_top() -> None:
    equity = equity_frame(minute(), Marks(MARKET), terms_of(), 4_010.0)
    assert MIDDLE > 0.0
    expected = [0.0, 0.0, (4_010.0 + SPREAD) / (4_010.0 + MIDDLE) - 1.0]
    assert equity["drawdown"].to_list() == pytest.approx(expected)
    from_the_start = equity_frame(minute(), Marks(MARKET), terms_of(), 4_010.0)[2:]
    assert from_the_start["drawdown"][0] < SPREAD / 4_010.0


def test_the_hedge_is_cash_and_position_at_its_own_middle() -> None:
    equity = equity_frame(hedged_minute(), Marks(MARKET), terms_of(hedge=True), 4_510.0)
    assert equity["hedge_quote"].to_list() == pytest.approx([0.0, -29.6])
    assert equity["spread_quote"].to_list() == [0.0, 0.0]
    assert equity["equity_quote"][-1] == pytest.approx(4_510.0 + 15.0 - 29.6)


def test_before_both_books_are_seen_only_cash_counts() -> None:
    late = (VenueTape(book=MARKET[0].book._replace(recv_ns=np.array([at(30), at(60)]))), *MARKET[1:])
    samples = records(SAMPLE, [{"time_ns": at(one), "base_a": 10.0, "base_b": 10.0, "quote_a": 1_000.0, "quote_b":
    1_001.0}
                               for one in (0, 60)])  # fmt: skip
    equity = equity_frame(log_of(samples=samples), Marks(late), terms_of(), 4_010.0)
    assert equity["spread_quote"].to_list() == [1.0, 1.0]
    assert equity["inventory_quote"].to_list() == [0.0, 15.0]


def test_tilt_counts_coin_under_way_where_it_goes() -> None:
    inventory = inventory_frame(minute(), terms_of())
    assert inventory["tilt_base"].to_list() == pytest.approx(
        [0.0, 0.5 * ((12.7985 + 0.99 - 10.0) - (6.1 - 10.0)), 0.5 * ((13.7885 - 10.0) - (5.1 - 10.0))]
    )
    assert inventory["delta_base"].to_list() == pytest.approx([0.0, -0.1115, -1.1115])
    assert inventory["unhedged_quote_s"].to_list() == [0.0, 30.0, 120.0]


def test_coin_of_a_failed_transfer_goes_back() -> None:
    sent = {"asset": Asset.BASE, "origin": 0, "destination": 1, "amount": 2.0, "fee": 0.5, "lost": 0.3}
    refunded = {"state": TransferState.REFUNDED, "ended_ns": at(30), "received": 1.2}
    rows = [
        {**sent, "sent_ns": at(10), "due_ns": at(20), **refunded},
        {**sent, "sent_ns": at(40), "due_ns": at(90), "state": TransferState.IN_TRANSIT, "lost": 0.0},
    ]
    balances = [(9.9, 10.0), (8.0, 10.0), (8.0, 10.0), (9.2, 10.0), (7.2, 10.0), (7.2, 10.0)]
    samples = records(SAMPLE, [{"time_ns": at(10 * one - 1), "base_a": a, "base_b": b}
                               for one, (a, b) in enumerate(balances, start=1)])  # fmt: skip
    log = log_of(transfers=records(TRANSFER, rows), samples=samples)
    tilt = inventory_frame(log, terms_of())["tilt_base"].to_list()
    half = [(0.1, 0.0), (2.0, 1.5), (2.0 - 1.2, 0.0), (0.8, 0.0), (2.8, 1.5), (2.8, 1.5)]
    assert tilt == pytest.approx([0.5 * (away + here) for away, here in half])


def test_delta_of_a_hedged_run_counts_the_position_and_the_target() -> None:
    inventory = inventory_frame(hedged_minute(), terms_of(hedge=True, hedge_target_base=1.0))
    assert inventory["delta_base"].to_list() == [19.0, 4.0]


def test_days_of_utc_with_a_cut_first_and_last() -> None:
    days = day_frame(_curve([6, 23.9, 24, 30, 48.5, 60], [1.0, 3.0, 4.0, 7.0, 5.0, 6.0]), 1_000.0)
    assert days["day"].to_list() == ["2024-01-01", "2024-01-02", "2024-01-03"]
    assert days["spread_quote"].to_list() == [4.0, 3.0, -1.0]
    assert days["share"].to_list() == [0.75, 1.0, 0.5]
    assert days["complete"].to_list() == [False, True, False]
    assert days["spread_return"].to_list() == [0.004, 0.003, -0.001]
    assert (days["start_ns"][0], days["end_ns"][-1]) == (START_NS + 6 * NS_PER_HOUR, START_NS + 60 * NS_PER_HOUR)


def test_a_day_counts_as_complete_from_95_percent_on() -> None:
    enough, short = (day_frame(_curve([0, hours], [0.0, 1.0]), 100.0) for hours in (22.8, 22.7))
    assert enough["complete"].to_list() == [True]
    assert short["complete"].to_list() == [False]


def test_a_run_of_one_moment_at_midnight_is_one_empty_day() -> None:
    days = day_frame(_curve([24], [2.0]), 100.0)
    assert days.select("day", "share", "spread_quote").row(0) == ("2024-01-02", 0.0, 2.0)


def test_whole_blocks_only() -> None:
    equity = _curve([0.1, 0.25, 0.4, 0.5, 0.9], [1.0, 2.0, 5.0, 9.0, 4.0])
    np.testing.assert_array_equal(block_profits(equity, 15 * NS_PER_MINUTE), [7.0, -5.0 + 0.0 + 5.0])
    assert block_profits(_curve([0.1, 0.2], [0.0, 1.0]), 15 * NS_PER_MINUTE).size == 0


def test_blocks_are_longer_in_longer_runs_and_hold_a_sample() -> None:
    assert block_length_ns(0, 10 * NS_PER_DAY, NS_PER_MINUTE) == 15 * NS_PER_MINUTE
    assert block_length_ns(0, 10 * NS_PER_DAY + 1, NS_PER_MINUTE) == NS_PER_HOUR
    assert block_length_ns(0, NS_PER_DAY, 20 * NS_PER_MINUTE) == 30 * NS_PER_MINUTE
