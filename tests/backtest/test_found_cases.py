"""Cases in which kernel and slow engine once differed, or both went wrong, each as small as it gets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from arbresearch.backtest.codes import FillReason, OneLegPolicy, Rebalance, TransferState
from arbresearch.backtest.log import RunLog
from arbresearch.backtest.market import Market, VenueTape
from arbresearch.backtest.run import run_market
from arbresearch.backtest.terms import RunTerms, TransferTerms
from arbresearch.core import NS_PER_MS, NS_PER_SECOND
from arbresearch.matching import VenueLatency
from arbresearch.signals.modes import Mode
from tests.backtest.by_hand import NOON_NS, A, B, H, ms, tape, terms
from tests.backtest.slow_engine import slow_run

Engine = Callable[[Market, RunTerms], RunLog]


@pytest.fixture(params=[slow_run, run_market], ids=["slow", "kernel"])
def engine(request: pytest.FixtureRequest) -> Engine:
    run: Engine = request.param
    return run


def prompt(run: RunTerms) -> RunTerms:
    """Return terms without any delay."""
    a, b, h = (VenueLatency.constant(name) for name in ("mexc", "gate", "okx"))
    return replace(run, latencies=(a, b, h))


def test_a_sample_at_the_last_row_is_taken_once(engine: Engine) -> None:
    """The slow engine took the one that is due and the one of the end."""
    book = tape((0, 99.0, 1.0, 99.1, 1.0), (2000, 99.0, 1.0, 99.1, 1.0))
    log = engine((book, book, VenueTape()), terms(strategy={"sample_ns": NS_PER_SECOND, "start_ns": NOON_NS}))
    assert ms(log.samples["time_ns"]) == [0, 1000, 2000]


def test_exposure_is_marked_with_all_earlier_rows_of_its_time(engine: Engine) -> None:
    """The kernel marked a maker fill on B with the first of two rows of A that had the same time."""
    a = tape(
        (0, 99.98, 5.0, 100.00, 5.0),
        (500, 99.0, 5.0, 99.02, 5.0),
        (500, 99.97, 5.0, 99.99, 5.0),
        (1500, 99.0, 1.0, 99.1, 1.0),
    )
    b = tape((100, 100.10, 1.0, 100.20, 1.0), (500, 100.20, 3.0, 100.22, 1.0))
    run = terms(Mode.LIMIT_B_SELL_MARKET_A_BUY, strategy={"fill_rule": 0, "order_quote": 100.3})
    log = engine((a, b, VenueTape()), run)
    fill, hedge = log.fills[:2]
    assert (*ms([fill["time_ns"], hedge["time_ns"]]), fill["venue"], hedge["venue"]) == (500, 575, B, A)
    mark = 0.5 * (99.98 + 100.21)
    assert log.samples["unhedged_quote_s"][-1] == pytest.approx(1.0 * mark * 0.075, rel=1e-12)


def test_repair_starts_from_the_price_at_which_the_hedge_was_tried(engine: Engine) -> None:
    """The kernel kept the price of the decision when there were no funds for the hedge."""
    a = tape(
        (0, 100.10, 1.0, 100.20, 2.0), (350, 100.10, 1.0, 100.20, 2.0), (2000, 99.0, 1.0, 99.02, 1.0),
        trades=[(300, 100.25, 9.0, 1)],
    )  # fmt: skip
    b = tape((0, 99.98, 2.0, 100.00, 5.0), (200, 100.05, 2.0, 100.25, 5.0), (350, 99.98, 2.0, 100.00, 5.0))
    rules = {"requote_bps": 50.0, "order_quote": 100.3, "policy": OneLegPolicy.COMPLETE}
    run = prompt(terms(Mode.LIMIT_A_SELL_MARKET_B_BUY, strategy=rules))
    poor = replace(run.venues[B], quote_start=100.3, min_quantity=1.0)
    log = engine((a, b, VenueTape()), replace(run, venues=(run.venues[A], poor, run.venues[H])))
    first = log.orders[log.orders["pair"] == 0]
    assert first["reason"].tolist() == [FillReason.LEG, FillReason.DEADLINE], "100.25 and ten bps is more than there is"
    assert first["price"].tolist() == [100.20, pytest.approx(100.30)]
    assert ms(first["sent_ns"]) == [0, 1300]


def test_hedge_leaves_what_rounding_left(engine: Engine) -> None:
    """Without contracts and delays both engines hedged a gap of 3e-17 for ever, since adding it changed nothing."""
    book = tape((0, 99.0, 9.0, 99.1, 9.0), (100, 99.0, 9.0, 99.1, 9.0))
    run = prompt(terms(strategy={"hedge": True, "hedge_target_base": 0.1}))
    a, b, h = run.venues
    few = (replace(a, base_start=0.1), replace(b, base_start=0.3), replace(h, base_start=-1.8, lot=0.0))
    log = engine((book, book, book), replace(run, venues=few))
    assert (log.fills["reason"].tolist(), log.fills["quantity"].tolist()) == ([FillReason.DELTA], [1.5])
    gap = (log.base[A] + log.base[B]) + log.base[H] - 0.1
    assert 0.0 < abs(gap) < 1e-16


def test_hedge_meets_the_book_of_its_time(engine: Engine) -> None:
    """The kernel hedged with a later row of the perpetual when a trade came between two quotes of A and B."""
    a = tape((0, 99.98, 5.0, 100.00, 5.0), (900, 99.98, 5.0, 100.00, 5.0))
    b = tape(
        (0, 100.10, 1.0, 100.20, 1.0), (400, 100.10, 1.0, 100.20, 1.0), (900, 100.10, 1.0, 100.20, 1.0),
        trades=[(450, 100.25, 9.0, 1)],
    )  # fmt: skip
    h = tape(
        (0, 99.9, 50.0, 100.1, 50.0), (400, 100.9, 50.0, 101.1, 50.0), (500, 102.9, 50.0, 103.1, 50.0),
        (600, 103.9, 50.0, 104.1, 50.0),
    )  # fmt: skip
    rules = {"hedge": True, "hedge_target_base": 20.0, "hedge_band_base": 0.05, "order_quote": 100.3}
    run = prompt(terms(Mode.LIMIT_B_SELL_MARKET_A_BUY, strategy=rules))
    late = VenueLatency.constant("gate", acknowledgement_ns=300 * NS_PER_MS)
    run = replace(run, latencies=(run.latencies[A], late, run.latencies[H]))
    log = engine((a, b, h), run)
    assert ms(log.fills["time_ns"][:2]) == [450, 450]
    assert log.fills["reason"][:2].tolist() == [FillReason.LEG, FillReason.DELTA]
    assert log.fills["notional"][1] == 101.1


def test_transfer_of_which_nothing_is_left_ends_when_it_fails(engine: Engine) -> None:
    """A refund of nothing wiped out the next transfer to the same venue."""
    a = tape((100, 101.00, 1.0, 101.02, 1.0), (200, 100.0, 1.0, 100.02, 1.0), trades=[(5000, 100.0, 1.0, 1)])
    b = tape((0, 99.98, 2.0, 100.00, 2.0))
    rules = {"rebalance": Rebalance.TRANSFER, "transfer_trigger": 0.95}
    gone = TransferTerms(delays_ns=(NS_PER_SECOND,), failure_probability=1.0, loss_given_failure=1.0)
    run = replace(terms(Mode.MARKET_A_SELL_MARKET_B_BUY, strategy=rules), transfers=((gone, None), (None, None)))
    log = engine((a, b, VenueTape()), run)
    (one,) = log.transfers
    assert (one["state"], one["amount"], one["lost"], one["received"]) == (TransferState.FAILED, 1.0, 1.0, 0.0)
    assert ms([one["sent_ns"], one["ended_ns"]]) == [200, 1200]
    assert log.base[:2].tolist() == [9.0, 10.0]
    assert not log.transit.any()


def test_deadline_is_tried_again_at_each_row_until_nothing_is_left(engine: Engine) -> None:
    """One try for the displayed size left the rest of an excess open for good."""
    a = tape(
        (100, 101.00, 1.0, 101.02, 0.2), (2000, 101.00, 1.0, 101.05, 0.3), (2200, 101.00, 1.0, 101.05, 5.0),
        (3000, 99.0, 1.0, 99.1, 1.0),
    )  # fmt: skip
    b = tape((0, 99.98, 2.0, 100.00, 1.0), (108, 99.98, 2.0, 100.00, 0.4), (300, 99.98, 2.0, 101.0, 5.0))
    run = terms(Mode.MARKET_A_SELL_MARKET_B_BUY, strategy={"policy": OneLegPolicy.HOLD})
    log = engine((a, b, VenueTape()), run)
    tries = log.orders[log.orders["reason"] == FillReason.DEADLINE]
    assert ms(tries["sent_ns"]) == [1155, 2000, 2200]
    assert tries["filled"].tolist() == pytest.approx([0.2, 0.3, 0.1])
    assert tries["price"].tolist() == [101.12, 101.15, 101.15]
    assert (ms([log.pairs[0]["closed_ns"]]), log.pairs[0]["bought"]) == ([2250], pytest.approx(1.0))


def test_a_quote_at_its_very_support_has_edge_enough(engine: Engine) -> None:
    """Whether a quote whose edge is the threshold but for rounding was sent was a matter of rounding."""
    book_a = tape((0, 100.0, 5.0, 100.05, 5.0), (100, 100.0, 5.0, 100.05, 5.0))
    for price in (100.0, 99.99, 99.98, 99.97, 99.96):
        book_b = tape((0, price - 0.02, 5.0, price, 5.0))
        run = terms(Mode.LIMIT_A_SELL_MARKET_B_BUY, strategy={"quote_depth_bps": 50.0})
        a, b, h = run.venues
        run = replace(run, venues=(replace(a, tick=0.0), b, h), entry_bps=(0.0,) * 6)
        log = engine((book_a, book_b, VenueTape()), run)
        assert log.pairs["edge_bps"].tolist() == [pytest.approx(0.0, abs=1e-9)], price
        assert log.pairs["plan_sell"][0] == pytest.approx(price * 1.001, rel=1e-12)
