"""One order over recorded rows: an obvious queue as oracle, the bracket's order, no look-ahead, consumption."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arbresearch.core import BadInput, SchemaError, Side
from arbresearch.matching import (
    Bracket,
    MakerOrder,
    OrderState,
    QueueFamily,
    QueueModel,
    RestingOrder,
    Rule,
    level_shown,
    resting_bracket,
)
from tests.matching.slow import NAN, BookEvent, Event, SlowQueue, TradeEvent, in_order

LOT = 0.25
ENDS = 40
SIZES = st.integers(0, 16).map(lambda eighths: eighths * 0.125)
PRICES = st.integers(398, 402).map(lambda quarters: quarters * 0.25)
SPREADS = st.integers(1, 4).map(lambda quarters: quarters * 0.25)
TIMES = st.integers(0, ENDS)
BOOKS = st.builds(
    lambda time, bid, spread, bid_size, ask_size, empty: BookEvent(
        time, NAN if empty == 1 else bid, bid_size, NAN if empty == 2 else bid + spread, ask_size
    ),
    TIMES, PRICES, SPREADS, SIZES, SIZES, st.sampled_from([0, 0, 0, 0, 0, 0, 1, 2]),
)  # fmt: skip
TRADES = st.builds(TradeEvent, TIMES, PRICES, SIZES, st.sampled_from(["buy", "sell", None]))
EVENTS = st.lists(st.one_of(BOOKS, TRADES), max_size=40)
MODELS = st.sampled_from(
    [
        (QueueModel(), 1),
        (QueueModel(QueueFamily.POWER, 1.0), 1),
        (QueueModel(QueueFamily.POWER, 2.0), 2),
        (QueueModel(QueueFamily.LOG), 1),
        (QueueModel(QueueFamily.FULL_POWER, 2.0), 2),
        (QueueModel(QueueFamily.FULL_LOG), 1),
        (QueueModel(QueueFamily.FULL_SHARE, 3.0), 3),
    ]
)
SIDES = st.sampled_from(list(Side))
QUANTITIES = st.integers(1, 12).map(lambda lots: lots * LOT)
CANCELS = st.one_of(st.none(), st.integers(0, 25))


def frames(events: Sequence[Event]) -> tuple[pl.DataFrame, pl.DataFrame]:
    ordered = in_order(events)
    quotes = [one for one in ordered if isinstance(one, BookEvent)]
    trades = [one for one in ordered if isinstance(one, TradeEvent)]
    floats = ("bid", "bid_size", "ask", "ask_size")
    return (
        pl.DataFrame(quotes, schema={"recv_ns": pl.Int64} | dict.fromkeys(floats, pl.Float64), orient="row"),
        pl.DataFrame(
            trades,
            schema={"recv_ns": pl.Int64, "price": pl.Float64, "size": pl.Float64, "side": pl.String},
            orient="row",
        ),
    )


def run(events: Sequence[Event], order: MakerOrder, arrival: int, cancel: int | None = None) -> Bracket:
    return resting_bracket(*frames(events), order, arrival, cancel_sent_ns=cancel, cancel_arrival_ns=cancel)


def order_of(side: Side, quantity: float, model: QueueModel) -> MakerOrder:
    return MakerOrder(side=side, price=100.0, quantity=quantity, lot=LOT, queue=model)


@settings(deadline=None)
@given(EVENTS, SIDES, QUANTITIES, MODELS, st.integers(0, 15), CANCELS)
def test_fills_are_those_of_an_obvious_queue(
    events: list[Event], side: Side, quantity: float, model: tuple[QueueModel, int], arrival: int, after: int | None
) -> None:
    cancel = None if after is None else arrival + after
    got = run(events, order_of(side, quantity, model[0]), arrival, cancel)
    slow = SlowQueue(side, 100.0, quantity, LOT, model[0].family.value, model[1])
    wanted = [(time, *(float(done[rule.value]) for rule in Rule)) for time, done in slow.run(events, arrival, cancel)]
    assert got.fills.rows() == wanted


@settings(deadline=None)
@given(EVENTS, SIDES, QUANTITIES, MODELS, st.integers(0, 15), CANCELS)
def test_touch_is_never_behind_queue_nor_queue_behind_trade_through(
    events: list[Event], side: Side, quantity: float, model: tuple[QueueModel, int], arrival: int, after: int | None
) -> None:
    fills = run(events, order_of(side, quantity, model[0]), arrival, None if after is None else arrival + after).fills
    sums = [list(accumulate(fills[rule.value].to_list())) for rule in Rule]
    for touch, queue, through in zip(*sums, strict=True):
        assert quantity >= touch >= queue >= through


@settings(deadline=None)
@given(EVENTS, SIDES, QUANTITIES, MODELS)
def test_one_event_fills_no_more_than_it_traded_or_showed_since_the_last_fill(
    events: list[Event], side: Side, quantity: float, model: tuple[QueueModel, int]
) -> None:
    order = RestingOrder.resting(order_of(side, quantity, model[0]), 1.0, NAN)
    offered = 0.0
    for event in in_order(events):
        offered += tell(order, event)
        assert order.filled.touch <= min(quantity, offered) + 1e-12


def tell(order: RestingOrder, event: Event) -> float:
    """Tell an order of an event and return what the event traded or showed at prices the order accepts."""
    terms = order.order
    sign = terms.side.sign
    if isinstance(event, TradeEvent):
        order.trade(event.price, event.size, None if event.aggressor is None else Side(event.aggressor))
        hits = (terms.price - event.price) * sign >= 0 and event.aggressor != terms.side.value
        return event.size if hits else 0.0
    buys = terms.side is Side.BUY
    best, size = (event.bid, event.bid_size) if buys else (event.ask, event.ask_size)
    opposite, there = (event.ask, event.ask_size) if buys else (event.bid, event.bid_size)
    order.book(level_shown(terms.side, terms.price, best, size), opposite, there)
    return there if (terms.price - opposite) * sign >= 0 else 0.0


@settings(deadline=None)
@given(EVENTS, SIDES, QUANTITIES, MODELS)
def test_an_order_told_event_by_event_fills_as_the_arrays_do(
    events: list[Event], side: Side, quantity: float, model: tuple[QueueModel, int]
) -> None:
    terms = order_of(side, quantity, model[0])
    order = RestingOrder.resting(terms, NAN, NAN)
    got = []
    for event in in_order(events):
        before = order.filled
        tell(order, event)
        if order.filled != before:
            got.append((event.time, *(now - then for now, then in zip(order.filled, before, strict=True))))
    bracket = run(events, terms, -1)
    assert bracket.fills.rows() == got
    assert bracket.states == {rule: order.state(rule) for rule in Rule}


@settings(deadline=None)
@given(EVENTS, EVENTS, SIDES, QUANTITIES, MODELS, st.integers(0, ENDS), CANCELS)
def test_what_comes_later_changes_nothing_before(
    events: list[Event],
    other: list[Event],
    side: Side,
    quantity: float,
    model: tuple[QueueModel, int],
    cut: int,
    cancel: int | None,
) -> None:
    order = order_of(side, quantity, model[0])
    spliced = [one for one in events if one.time <= cut] + [one for one in other if one.time > cut]
    early = pl.col("recv_ns") <= cut
    first, second = (run(one, order, 0, cancel).fills.filter(early) for one in (events, spliced))
    assert first.equals(second)


def test_sequence_of_five_events() -> None:
    events: list[Event] = [
        BookEvent(0, 100.0, 5.0, 100.1, 1.0),
        TradeEvent(1, 100.0, 3.0, "sell"),
        BookEvent(2, 100.0, 1.5, 100.1, 1.0),
        TradeEvent(3, 100.0, 1.0, "sell"),
        TradeEvent(4, 100.0, 2.0, "sell"),
        TradeEvent(5, 99.99, 1.0, "sell"),
    ]
    bracket = run(events, order_of(Side.BUY, 1.0, QueueModel()), 0)
    assert bracket.fills.rows() == [(1, 1.0, 0.0, 0.0), (4, 0.0, 1.0, 0.0), (5, 0.0, 0.0, 1.0)]
    assert [bracket.filled(rule) for rule in Rule] == [1.0, 1.0, 1.0]


def test_a_trade_counts_before_the_book_that_shows_it() -> None:
    events: list[Event] = [
        BookEvent(0, 100.0, 2.0, 100.5, 1.0),
        BookEvent(5, 100.0, 1.0, 100.5, 1.0),
        TradeEvent(5, 100.0, 1.0, "sell"),
        TradeEvent(6, 100.0, 1.0, "sell"),
        TradeEvent(7, 100.0, 0.5, "sell"),
    ]
    model = QueueModel(QueueFamily.POWER, 1.0)
    assert run(events, order_of(Side.BUY, 1.0, model), 0).fills["queue"].to_list() == [0.0, 0.0, 0.5][1:]


def test_fills_between_sending_and_arrival_of_a_cancel() -> None:
    events: list[Event] = [BookEvent(0, 100.0, 0.0, 100.5, 1.0)]
    events += [TradeEvent(time, 100.0, 0.25, "sell") for time in (10, 20, 30, 31, 40)]
    quotes, trades = frames(events)
    order = order_of(Side.BUY, 5.0, QueueModel())
    bracket = resting_bracket(quotes, trades, order, 5, cancel_sent_ns=15, cancel_arrival_ns=30)
    assert bracket.fills["recv_ns"].to_list() == [10, 20, 30]
    assert bracket.filled(Rule.QUEUE) == 0.75
    assert set(bracket.states.values()) == {OrderState.CANCELLED}
    early = resting_bracket(quotes, trades, order, 5, cancel_sent_ns=2, cancel_arrival_ns=10)
    assert early.fills["recv_ns"].to_list() == [10]
    late = resting_bracket(quotes, trades, order, 5, cancel_sent_ns=50, cancel_arrival_ns=60)
    assert (late.filled(Rule.QUEUE), set(late.states.values())) == (1.25, {OrderState.CANCELLED})


def test_a_refused_order_fills_nothing() -> None:
    events: list[Event] = [BookEvent(0, 99.5, 1.0, 100.0, 1.0), TradeEvent(1, 99.0, 5.0, "sell")]
    bracket = run(events, order_of(Side.BUY, 1.0, QueueModel()), 0, cancel=3)
    assert bracket.fills.is_empty()
    assert set(bracket.states.values()) == {OrderState.REJECTED}


def test_many_fills_are_all_kept() -> None:
    events: list[Event] = [BookEvent(0, 100.0, 0.0, 100.5, 1.0)]
    events += [TradeEvent(time, 100.0, 0.25, "sell") for time in range(1, 101)]
    bracket = run(events, order_of(Side.BUY, 30.0, QueueModel()), 0)
    assert bracket.fills["recv_ns"].to_list() == list(range(1, 101))
    assert (bracket.filled(Rule.QUEUE), bracket.states[Rule.QUEUE]) == (25.0, OrderState.PARTLY_FILLED)


def test_bad_input_is_refused() -> None:
    quotes, trades = frames(
        [BookEvent(0, 99.0, 1.0, 100.5, 1.0), TradeEvent(1, 99.0, 1.0, None), TradeEvent(2, 99.0, 1.0, None)]
    )
    order = order_of(Side.BUY, 1.0, QueueModel())
    with pytest.raises(BadInput, match="both"):
        resting_bracket(quotes, trades, order, 5, cancel_sent_ns=6)
    with pytest.raises(BadInput, match="cancel_arrival_ns"):
        resting_bracket(quotes, trades, order, 5, cancel_sent_ns=3, cancel_arrival_ns=4)
    with pytest.raises(SchemaError, match="no side"):
        resting_bracket(quotes, trades.drop("side"), order, 0)
    with pytest.raises(SchemaError, match="trades recv_ns"):
        resting_bracket(quotes, trades.reverse(), order, 0)
