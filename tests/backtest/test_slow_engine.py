"""Scenarios worked out by hand, for the slow engine and for the kernel."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import nan
from typing import Any

import numpy as np
import pytest

from arbresearch.backtest.codes import Asset, CashKind, FillReason, OneLegPolicy, Rebalance, TransferState, Trigger
from arbresearch.backtest.log import RunLog
from arbresearch.backtest.market import Market, VenueTape
from arbresearch.backtest.run import run_market
from arbresearch.backtest.terms import RunTerms, TransferTerms
from arbresearch.core import NS_PER_SECOND
from arbresearch.edges.arrays import NEVER_NS
from arbresearch.matching import OrderState
from arbresearch.matching.rows import LadderRows
from arbresearch.signals.modes import Mode
from tests.backtest.by_hand import A, B, H, ms, ns, tape, terms
from tests.backtest.slow_engine import slow_run

Engine = Callable[[Market, RunTerms], RunLog]


@pytest.fixture(params=[slow_run, run_market], ids=["slow", "kernel"])
def engine(request: pytest.FixtureRequest) -> Engine:
    run: Engine = request.param
    return run


def test_taker_pair_meets_the_book_at_arrival(engine: Engine) -> None:
    a = tape((100, 101.00, 1.0, 101.02, 1.0), (120, 100.95, 3.0, 101.02, 1.0), (1000, 100.0, 1.0, 100.02, 1.0))
    b = tape((0, 99.98, 2.0, 100.00, 2.0))
    log = engine((a, b, VenueTape()), terms(Mode.MARKET_A_SELL_MARKET_B_BUY))
    (pair,) = log.pairs
    assert (pair["mode"], pair["trigger"], pair["quantity"]) == (1, Trigger.ENTRY, 1.0)
    assert pair["edge_bps"] == pytest.approx(79.82017982017982, rel=1e-12), "101 * 0.999 / (100 * 1.001) - 1"
    assert (pair["best_sell"], pair["plan_sell"], pair["plan_buy"]) == (101.0, 101.0, 100.0)
    assert ms([pair["decided_ns"], pair["closed_ns"]]) == [100, 155]
    assert log.orders["price"].tolist() == [100.90, 100.10]
    assert ms(log.orders["meets_ns"]) == [130, 110]
    assert ms(log.orders["known_ns"]) == [150, 155]
    assert log.fills["venue"].tolist() == [B, A]
    assert ms(log.fills["time_ns"]) == [110, 130]
    assert log.fills["notional"].tolist() == [100.0, 100.95]
    assert log.fills["fee_quote"].tolist() == pytest.approx([0.1, 0.10095], rel=1e-12)
    assert log.fills["mid"].tolist() == pytest.approx([99.99, 100.985], rel=1e-12)
    assert log.base.tolist() == [9.0, 11.0, 0.0]
    assert log.quote.tolist() == pytest.approx([1100.84905, 899.9, 1000.0], rel=1e-14)
    assert log.samples["unhedged_quote_s"][-1] == pytest.approx(0.02 * (101.01 + 99.99) / 2 * 1.0, rel=0.01)


def one_leg(policy: OneLegPolicy, engine: Engine) -> RunLog:
    a = tape((100, 101.00, 1.0, 101.02, 1.0), (2000, 101.00, 1.0, 101.05, 2.0))
    b = tape(
        (0, 99.98, 2.0, 100.00, 1.0), (108, 99.98, 2.0, 100.00, 0.4), (300, 99.98, 2.0, 100.05, 0.3),
        (500, 99.98, 2.0, 100.08, 5.0),
    )  # fmt: skip
    market = (a, b, VenueTape())
    return engine(market, terms(Mode.MARKET_A_SELL_MARKET_B_BUY, strategy={"policy": policy, "max_in_flight": 1}))


def fills_of_first_pair(log: RunLog) -> list[tuple[Any, ...]]:
    mine = log.fills[log.fills["pair"] == 0]
    return [
        (*ms([one["time_ns"]]), int(one["venue"]), int(one["reason"]), float(one["quantity"]), float(one["notional"]))
        for one in mine
    ]


LEGS = [(110.0, B, FillReason.LEG, 0.4, 40.0), (130.0, A, FillReason.LEG, 1.0, 101.0)]


def test_missing_leg_is_completed_within_the_band(engine: Engine) -> None:
    log = one_leg(OneLegPolicy.COMPLETE, engine)
    first, second, third, fourth = fills_of_first_pair(log)
    assert [first, second] == [(110.0, B, 0, 0.4, pytest.approx(40.0)), LEGS[1]]
    assert third == (310.0, B, FillReason.COMPLETE, pytest.approx(0.3), pytest.approx(30.015))
    assert fourth == (510.0, B, FillReason.COMPLETE, pytest.approx(0.3), pytest.approx(30.024))
    tries = log.orders[(log.orders["pair"] == 0) & (log.orders["reason"] == FillReason.COMPLETE)]
    assert ms(tries["sent_ns"]) == [155, 300, 500], "the first finds what its own leg left: nothing"
    assert tries["price"].tolist() == [100.1] * 3
    assert tries["state"].tolist() == [OrderState.CANCELLED, OrderState.CANCELLED, OrderState.FILLED]
    assert ms([log.pairs[0]["closed_ns"]]) == [555]
    assert (log.pairs[0]["sold"], log.pairs[0]["bought"]) == (1.0, pytest.approx(1.0))


def test_excess_is_unwound_where_it_filled(engine: Engine) -> None:
    log = one_leg(OneLegPolicy.UNWIND, engine)
    *legs, undone = fills_of_first_pair(log)
    assert len(legs) == 2
    assert undone == (185.0, A, FillReason.UNWIND, pytest.approx(0.6), pytest.approx(60.612))
    assert ms([log.pairs[0]["closed_ns"]]) == [205]
    assert log.orders[log.orders["reason"] == FillReason.UNWIND]["price"].tolist() == [101.1]


def test_excess_is_held_until_its_deadline(engine: Engine) -> None:
    log = one_leg(OneLegPolicy.HOLD, engine)
    *legs, undone = fills_of_first_pair(log)
    assert len(legs) == 2
    assert undone == (1185.0, A, FillReason.DEADLINE, pytest.approx(0.6), pytest.approx(60.612))
    assert ms([log.pairs[0]["closed_ns"]]) == [1205]
    tries = log.orders[log.orders["reason"] == FillReason.COMPLETE]
    assert (tries["price"].tolist(), tries["filled"].tolist()) == ([100.0], [0.0])
    assert log.orders[log.orders["reason"] == FillReason.DEADLINE]["price"].tolist() == [101.12]


def test_maker_leg_waits_its_turn_and_is_hedged_when_known(engine: Engine) -> None:
    trades = [(400, 100.20, 2.0, 1), (500, 100.20, 0.4, 1), (600, 100.20, 9.0, -1), (700, 100.21, 5.0, 1)]
    a = tape((100, 100.10, 1.0, 100.20, 2.0), (2000, 99.0, 1.0, 99.02, 1.0), trades=trades)
    b = tape((0, 99.98, 2.0, 100.00, 5.0))
    log = engine((a, b, VenueTape()), terms(Mode.LIMIT_A_SELL_MARKET_B_BUY, strategy={"order_quote": 100.3}))
    (pair,) = log.pairs
    assert (pair["quantity"], pair["plan_sell"], pair["plan_buy"]) == (1.0, 100.20, 100.0)
    assert pair["edge_bps"] == pytest.approx(1e4 * (100.2 / 100.1 - 1.0), rel=1e-9)
    assert [(*ms([one["time_ns"], one["known_ns"]]), one["venue"], one["reason"]) for one in log.fills] == [
        (500, 520, A, FillReason.LEG), (530, 575, B, FillReason.HEDGE),
        (700, 720, A, FillReason.LEG), (730, 775, B, FillReason.HEDGE),
    ]  # fmt: skip
    assert log.fills["quantity"].tolist() == pytest.approx([0.4, 0.4, 0.6, 0.6])
    assert log.fills["maker"].tolist() == [True, False, True, False]
    assert log.orders["price"].tolist() == [100.20, 100.10, 100.10]
    events = log.order_events[log.order_events["order"] == 0]
    assert events["state"].tolist() == [
        OrderState.SENT, OrderState.RESTING, OrderState.PARTLY_FILLED, OrderState.FILLED,
    ]  # fmt: skip
    assert ms(events["time_ns"]) == [100, 130, 500, 700]
    assert ms([pair["closed_ns"]]) == [775], "the second hedge was sent 720; entry takes 5, its answer 50"


def test_maker_order_goes_when_the_hedge_price_moves(engine: Engine) -> None:
    a = tape((100, 100.10, 1.0, 100.20, 2.0), (2000, 99.0, 1.0, 99.02, 1.0))
    b = tape((0, 99.98, 2.0, 100.00, 5.0), (300, 100.08, 2.0, 100.10, 5.0))
    log = engine((a, b, VenueTape()), terms(Mode.LIMIT_A_SELL_MARKET_B_BUY))
    first = log.orders[0]
    assert (first["state"], first["filled"]) == (OrderState.CANCELLED, 0.0)
    assert ms([first["cancel_sent_ns"], first["cancel_meets_ns"], first["known_ns"]]) == [300, 350, 370]
    assert ms([log.pairs[0]["closed_ns"]]) == [370]


def moved(failure: float) -> RunTerms:
    run = terms(Mode.MARKET_A_SELL_MARKET_B_BUY, strategy={"rebalance": Rebalance.TRANSFER, "transfer_trigger": 0.95})
    back = TransferTerms(
        fee_fixed=0.1, fee_rate=0.1, delays_ns=(NS_PER_SECOND,), failure_probability=failure, loss_given_failure=0.5
    )
    return replace(run, transfers=((back, None), (None, None)))


def transfer_market() -> Market:
    a = tape((100, 101.00, 1.0, 101.02, 1.0), (200, 100.0, 1.0, 100.02, 1.0), trades=[(5000, 100.0, 1.0, 1)])
    return a, tape((0, 99.98, 2.0, 100.00, 2.0)), VenueTape()


def test_transfer_brings_back_what_was_sold(engine: Engine) -> None:
    log = engine(transfer_market(), moved(0.0))
    (one,) = log.transfers
    assert (one["asset"], one["origin"], one["destination"], one["state"]) == (Asset.BASE, B, A, TransferState.ARRIVED)
    assert (one["amount"], one["fee"], one["received"]) == (1.0, pytest.approx(0.2), pytest.approx(0.8))
    assert ms([one["sent_ns"], one["due_ns"], one["ended_ns"]]) == [200, 1200, 1200]
    assert log.base[:2].tolist() == pytest.approx([9.8, 10.0])
    assert not log.transit.any()


def test_failed_transfer_comes_back_smaller(engine: Engine) -> None:
    log = engine(transfer_market(), moved(1.0))
    (one,) = log.transfers
    assert (one["state"], one["lost"], one["received"]) == (
        TransferState.REFUNDED, pytest.approx(0.4), pytest.approx(0.4),
    )  # fmt: skip
    assert ms([one["due_ns"], one["ended_ns"]]) == [1200, 2200]
    assert log.base[:2].tolist() == pytest.approx([9.0, 10.4])


def hedged(**venue: Any) -> RunTerms:
    run = terms(strategy={"hedge": True, "hedge_target_base": 0.0, "hedge_band_base": 0.5})
    a, b, h = run.venues
    return replace(run, venues=(replace(a, base_start=3.3), replace(b, base_start=4.4), replace(h, **venue)))


def test_hedge_sells_whole_contracts_and_is_paid_funding(engine: Engine) -> None:
    h = tape((50, 100.0, 4.0, 100.2, 9.0), (300, 100.0, 9.0, 100.2, 9.0), funding=[(400, 0.001)])
    a, b = tape((0, 99.0, 1.0, 99.1, 1.0), (900, 99.0, 1.0, 99.1, 1.0)), tape((0, 99.0, 1.0, 99.1, 1.0))
    log = engine((a, b, h), hedged())
    assert [(*ms([one["time_ns"]]), one["reason"], one["quantity"], one["notional"]) for one in log.fills] == [
        (50, FillReason.DELTA, 4.0, 400.0), (300, FillReason.DELTA, 3.0, 300.0),
    ]  # fmt: skip
    assert log.orders["quantity"].tolist() == [7.0, 3.0], "7.7 coins are seven contracts"
    assert log.orders["price"].tolist() == [99.9, 99.9]
    (paid,) = log.cash
    assert (paid["kind"], paid["amount"]) == (CashKind.FUNDING, pytest.approx(7.0 * 100.1 * 0.001))
    assert log.quote[H] == pytest.approx(1000.0 + 700.0 - 0.7 + 0.7007)
    assert log.base[H] == -7.0


def test_position_is_closed_where_its_margin_ends(engine: Engine) -> None:
    h = tape((0, 99.9, 9.0, 100.1, 9.0), (100, 100.9, 9.0, 101.1, 9.0), (200, 101.9, 9.0, 102.1, 9.0))
    a, b = tape((0, 99.0, 1.0, 99.1, 1.0), (900, 99.0, 1.0, 99.1, 1.0)), tape((0, 99.0, 1.0, 99.1, 1.0))
    short = hedged(base_start=-7.7, quote_start=7.7 * 101.5 * 1.01, maintenance_rate=0.01, liquidation_rate=0.002)
    log = engine((a, b, h), short)
    (fill,) = log.fills
    assert (fill["reason"], fill["sell"], fill["quantity"]) == (FillReason.LIQUIDATION, False, 7.7)
    assert (*ms([fill["time_ns"]]), fill["notional"]) == (200, pytest.approx(7.7 * 102.0))
    assert log.halted
    assert log.cash["kind"].tolist() == [CashKind.LIQUIDATION_FEE]
    assert log.quote[H] == pytest.approx(7.7 * (101.5 * 1.01 - 102.0) - 7.7 * 102.0 * 0.002)
    assert log.base[H] == 0.0


def test_orders_that_are_on_their_way_at_the_end_stay_so(engine: Engine) -> None:
    a = tape((100, 101.00, 1.0, 101.02, 1.0))
    log = engine((a, tape((0, 99.98, 2.0, 100.00, 2.0)), VenueTape()), terms(Mode.MARKET_A_SELL_MARKET_B_BUY))
    assert log.orders["state"].tolist() == [OrderState.SENT] * 2
    assert [log.pairs[0]["closed_ns"], *log.orders["known_ns"]] == [NEVER_NS] * 3
    assert log.fills.size == 0


def test_an_empty_side_is_no_signal_and_a_deep_ladder_is_walked(engine: Engine) -> None:
    a = tape((100, 101.00, 1.0, nan, nan), (200, 101.00, 0.3, 101.02, 1.0), (900, 100.0, 1.0, 100.1, 1.0))
    prices = np.array([[101.00, 100.90, 100.10]]), np.array([[101.02, 101.03, 101.04]])
    sizes = np.array([[0.3, 0.5, 9.0]]), np.array([[1.0, 1.0, 1.0]])
    ladder = LadderRows(np.array([ns(150)]), prices[0], sizes[0], prices[1], sizes[1])
    run = terms(Mode.MARKET_A_SELL_MARKET_B_BUY)
    market = (replace(a, ladder=ladder), tape((0, 99.98, 2.0, 100.00, 2.0)), VenueTape())
    log = engine(market, replace(run, entry_bps=(20.0,) * 6))
    pair = log.pairs[0]
    assert ms([pair["decided_ns"]]) == [200]
    assert pair["quantity"] == 0.8, "the third level has a gross edge of 10 bps, less than fees and threshold"
    assert pair["plan_sell"] == pytest.approx((0.3 * 101.0 + 0.5 * 100.9) / 0.8)
    assert log.orders["price"].tolist()[0] == 100.80, "100.90 less ten bps is 100.7991"
