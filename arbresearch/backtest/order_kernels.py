"""Compiled: what is due when, and the life of single orders: sent, arrived, filled, cancelled, known."""

from __future__ import annotations

from typing import Any

import numpy as np

from arbresearch.backtest.codes import EventKind, FillReason
from arbresearch.backtest.compiled import YES, A, inner, whole
from arbresearch.backtest.layout import LEGS, MOST_QUEUED
from arbresearch.backtest.ledger_kernels import before_change, changed, mid
from arbresearch.backtest.log_kernels import all_delays, the_fills, the_order_events, the_orders
from arbresearch.edges.arrays import NEVER_NS
from arbresearch.matching.fee_kernels import charge
from arbresearch.matching.latency_kernels import delay_of
from arbresearch.matching.queue_kernels import (
    FILLED,
    PRICE,
    advance,
    arrive,
    cancel,
    send_cancel,
    shown_by_best,
    start,
)  # fmt: skip
from arbresearch.matching.states import OrderEvent, OrderState
from arbresearch.matching.taker_kernels import floor_to_lot, known_levels, take

__all__ = [
    "arrive_order",
    "cancel_arrives",
    "delay",
    "levels_of",
    "maker_filled",
    "pop",
    "push",
    "send_order",
    "start_cancel",
]

_ARRIVE, _KNOWN, _FILL_KNOWN, _CANCEL = (
    whole(one) for one in (EventKind.ARRIVE, EventKind.KNOWN, EventKind.FILL_KNOWN, EventKind.CANCEL)
)
_SENT, _RESTING, _PARTLY, _FILLED, _CANCELLED, _REJECTED = (
    whole(one)
    for one in (
        OrderState.SENT,
        OrderState.RESTING,
        OrderState.PARTLY_FILLED,
        OrderState.FILLED,
        OrderState.CANCELLED,
        OrderState.REJECTED,
    )
)
_LEG = whole(FillReason.LEG)
_SEND_CANCEL = whole(OrderEvent.SEND_CANCEL)
_FEED, _ENTRY, _ACKNOWLEDGEMENT, _CANCEL_LEG = (whole(one) for one in range(LEGS))


@inner
def _before(one: Any, other: Any) -> bool:
    return bool(one.due_ns < other.due_ns or (one.due_ns == other.due_ns and one.sequence < other.sequence))


@inner
def push(r: Any, due_ns: int, kind: int, ref: int, pair: int) -> None:
    """Put down what is due, in a heap by time and then by the order in which it was put down."""
    if r.queued >= MOST_QUEUED:
        r.overflow = True
        return
    place = r.queued
    r.queued += 1
    entry = r.queue[place]
    entry.due_ns = due_ns
    entry.sequence = r.sequence
    entry.kind = kind
    entry.ref = ref
    entry.pair = pair
    r.sequence += 1
    while place > 0:
        above = (place - 1) // 2
        if not _before(r.queue[place], r.queue[above]):
            break
        _swap(r, place, above)
        place = above
    r.next_due_ns = r.queue[0].due_ns


@inner
def _swap(r: Any, one: int, other: int) -> None:
    first, second = r.queue[one], r.queue[other]
    due_ns, sequence, kind, ref, pair = first.due_ns, first.sequence, first.kind, first.ref, first.pair
    first.due_ns, first.sequence, first.kind = second.due_ns, second.sequence, second.kind
    first.ref, first.pair = second.ref, second.pair
    second.due_ns, second.sequence, second.kind, second.ref, second.pair = due_ns, sequence, kind, ref, pair


@inner
def pop(r: Any) -> tuple[int, int, int, int]:
    """Take out what is due first: time, kind, what it is about, and its pair."""
    first = r.queue[0]
    due_ns, kind, ref, pair = first.due_ns, first.kind, first.ref, first.pair
    r.queued -= 1
    _swap(r, A, r.queued)
    place = 0
    while True:
        least = place
        for below in (2 * place + 1, 2 * place + 2):
            if below < r.queued and _before(r.queue[below], r.queue[least]):
                least = below
        if least == place:
            break
        _swap(r, place, least)
        place = least
    r.next_due_ns = r.queue[0].due_ns if r.queued > 0 else NEVER_NS
    return due_ns, kind, ref, pair


@inner
def delay(r: Any, stream: int, number: int) -> int:
    """Draw a delay, ns."""
    first, many = r.delay_places[stream, 0], r.delay_places[stream, 1]
    return delay_of(all_delays(r)[first : first + many], r.delay_keys[stream], number)


@inner
def _note(r: Any, order: int, now_ns: int, state: int, filled: float) -> None:
    row = the_order_events(r)[r.order_events]
    row.order = order
    row.time_ns = now_ns
    row.state = state
    row.filled = filled
    r.order_events += 1
    the_orders(r)[order].state = state


@inner
def _reserve(r: Any, number: int, venue: int, sell: bool, quantity: float, price: float) -> None:
    """Keep what a repair needs beyond what its pair has reserved there from being spent otherwise."""
    slot = r.slots[number]
    slot.extra_venue = venue
    slot.extra_base = slot.extra_quote = 0.0
    if sell:
        slot.extra_base = max(0.0, quantity - (slot.hold_base if venue == slot.seller else 0.0))
    else:
        need = quantity * price * max(1.0, 1.0 + r.venues[venue].taker_rate)
        slot.extra_quote = max(0.0, need - (slot.hold_quote if venue == slot.buyer else 0.0))
    r.turn += 1


@inner
def send_order(
    r: Any, now_ns: int, pair: int, slot: int, venue: int, sell: bool, maker: bool, reason: int,
    price: float, quantity: float,
) -> int:  # fmt: skip
    """Send an order and return its number."""
    number = r.orders
    r.orders += 1
    order = the_orders(r)[number]
    order.pair, order.slot, order.venue, order.reason = pair, slot, venue, reason
    order.sell, order.maker = sell, maker
    order.price, order.quantity = price, floor_to_lot(quantity, r.venues[venue].lot)
    order.sent_ns = now_ns
    feed = delay(r, venue * LEGS + _FEED, number)
    order.meets_ns = now_ns + delay(r, venue * LEGS + _ENTRY, number) + feed
    order.cancel_sent_ns = order.cancel_meets_ns = order.known_ns = NEVER_NS
    order.filled = order.notional = 0.0
    if maker:
        terms = r.strategy[0]
        start(
            r.makers[slot], r.maker_states[slot], -1 if sell else 1, price, quantity, r.venues[venue].lot, terms.family,
            terms.exponent,
        )  # fmt: skip
    elif slot >= 0 and reason != _LEG:
        _reserve(r, slot, venue, sell, order.quantity, price)
    _note(r, number, now_ns, _SENT, 0.0)
    push(r, order.meets_ns, _ARRIVE, number, pair)
    return int(number)


@inner
def levels_of(r: Any, venue: int, side: int, now_ns: int, prices: Any, sizes: Any) -> int:
    """Fill in the known levels of bids (0) or asks (1); what is used of them is forgotten when the book has moved."""
    book = r.books[venue]
    if book.used_row != book.row or book.used_rung != book.rung:
        r.used[venue] = 0.0
        book.used_row = book.row
        book.used_rung = book.rung
    bids = side == 0
    best = book.bid if bids else book.ask
    size = book.bid_size if bids else book.ask_size
    deep = book.rung >= 0 and now_ns - book.ladder_ns <= r.strategy[0].depth_age_ns
    many = r.ladder_prices.shape[2] if deep else 0
    return known_levels(
        bids, best, size, r.ladder_prices[venue, side, :many], r.ladder_sizes[venue, side, :many], prices, sizes
    )


@inner
def _book_fill(r: Any, number: int, now_ns: int, known_ns: int, quantity: float, notional: float, rate: float) -> None:
    order = the_orders(r)[number]
    venue = order.venue
    terms = r.venues[venue]
    row = the_fills(r)[r.fills]
    r.fills += 1
    row.order, row.pair, row.venue, row.reason = number, order.pair, venue, order.reason
    row.sell, row.maker = order.sell, order.maker
    row.time_ns, row.known_ns = now_ns, known_ns
    row.quantity, row.notional = quantity, notional
    row.mid = mid(r, venue)
    fee_base, fee_quote = charge(rate, terms.received, order.sell, quantity, notional)
    row.fee_base = fee_base
    row.fee_quote = 0.0 if terms.coin else fee_quote
    row.fee_coin_quote = fee_quote if terms.coin else 0.0
    before_change(r, now_ns)
    if order.sell:
        r.base[venue] -= quantity
        r.quote[venue] += notional
    else:
        r.base[venue] += quantity - fee_base
        r.quote[venue] -= notional
    if terms.coin:
        r.coin[venue] -= fee_quote
    else:
        r.quote[venue] -= fee_quote
    order.filled += quantity
    order.notional += notional
    changed(r, venue, now_ns, YES)


@inner
def _arrive_taker(r: Any, number: int, now_ns: int) -> None:
    order = the_orders(r)[number]
    venue = order.venue
    terms = r.venues[venue]
    entry = delay(r, venue * LEGS + _ENTRY, number)
    known_ns = max(order.sent_ns + entry + delay(r, venue * LEGS + _ACKNOWLEDGEMENT, number), now_ns)
    side = 0 if order.sell else 1
    filled = 0.0
    if r.books[venue].row >= 0:
        count = levels_of(r, venue, side, now_ns, r.take_prices, r.take_sizes)
        filled, notional = take(
            r.take_prices, r.take_sizes, r.used[venue, side], count, order.sell, order.quantity, order.price, terms.lot,
            False, terms.impact,
        )  # fmt: skip
        if filled > 0.0:
            _book_fill(r, number, now_ns, known_ns, filled, notional, terms.taker_rate)
    if filled > 0.0 and filled >= order.quantity:
        _note(r, number, now_ns, _FILLED, filled)
    else:
        if filled > 0.0:
            _note(r, number, now_ns, _PARTLY, filled)
        _note(r, number, now_ns, _CANCELLED, filled)
    push(r, known_ns, _KNOWN, number, order.pair)


@inner
def _answer(r: Any, number: int, venue: int) -> int:
    """Return how much later than it is seen in the book an order's event is known."""
    acknowledgement = delay(r, venue * LEGS + _ACKNOWLEDGEMENT, number)
    return max(acknowledgement - delay(r, venue * LEGS + _FEED, number), 0)


@inner
def _arrive_maker(r: Any, number: int, now_ns: int) -> None:
    order = the_orders(r)[number]
    slot, venue = order.slot, order.venue
    book = r.books[venue]
    sign = -1.0 if order.sell else 1.0
    shown = opposite = np.nan
    if book.row >= 0:
        own = book.ask if order.sell else book.bid
        shown = shown_by_best(sign, order.price, own, book.ask_size if order.sell else book.bid_size)
        opposite = book.bid if order.sell else book.ask
    if arrive(r.makers[slot], r.maker_states[slot], shown, opposite):
        r.resting[venue] += 1
        _note(r, number, now_ns, r.maker_states[slot, r.strategy[0].fill_rule], 0.0)
        return
    _note(r, number, now_ns, _REJECTED, 0.0)
    entry = delay(r, venue * LEGS + _ENTRY, number)
    answered_ns = order.sent_ns + entry + delay(r, venue * LEGS + _ACKNOWLEDGEMENT, number)
    push(r, max(answered_ns, now_ns), _KNOWN, number, order.pair)


@inner
def arrive_order(r: Any, number: int, now_ns: int) -> None:
    """Let an order meet the book in force."""
    if the_orders(r)[number].maker:
        _arrive_maker(r, number, now_ns)
    else:
        _arrive_taker(r, number, now_ns)


@inner
def maker_filled(r: Any, slot: int, now_ns: int) -> None:
    """Book what a resting order was filled more under the rule that counts, if anything."""
    number = r.slots[slot].maker_order
    order = the_orders(r)[number]
    rule = r.strategy[0].fill_rule
    quantity = r.makers[slot, FILLED + rule] - order.filled
    if not quantity > 0.0:
        return
    price = r.makers[slot, PRICE]
    venue = order.venue
    known_ns = now_ns + _answer(r, number, venue)
    filled = r.makers[slot, FILLED + rule]
    _book_fill(r, number, now_ns, known_ns, quantity, quantity * price, r.venues[venue].maker_rate)
    order.filled = filled
    state = r.maker_states[slot, rule]
    _note(r, number, now_ns, state, filled)
    push(r, known_ns, _FILL_KNOWN, r.fills - 1, order.pair)
    if state == _FILLED:
        r.resting[venue] -= 1
        push(r, known_ns, _KNOWN, number, order.pair)


@inner
def start_cancel(r: Any, slot: int, now_ns: int) -> None:
    """Send a cancel of a pair's resting order."""
    number = r.slots[slot].maker_order
    order = the_orders(r)[number]
    rule = r.strategy[0].fill_rule
    r.slots[slot].cancel_sent = True
    order.cancel_sent_ns = now_ns
    under_way = delay(r, order.venue * LEGS + _CANCEL_LEG, number)
    feed = delay(r, order.venue * LEGS + _FEED, number)
    order.cancel_meets_ns = max(now_ns + under_way + feed, order.meets_ns)
    if r.maker_states[slot, rule] < _FILLED:
        _note(r, number, now_ns, advance(r.maker_states[slot, rule], _SEND_CANCEL), order.filled)
    send_cancel(r.maker_states[slot])
    push(r, order.cancel_meets_ns, _CANCEL, number, order.pair)


@inner
def cancel_arrives(r: Any, number: int, now_ns: int) -> None:
    """Take an order out of the book unless it is out already."""
    order = the_orders(r)[number]
    if order.state >= _FILLED:
        return
    cancel(r.maker_states[order.slot])
    r.resting[order.venue] -= 1
    _note(r, number, now_ns, _CANCELLED, order.filled)
    push(r, now_ns + _answer(r, number, order.venue), _KNOWN, number, order.pair)
