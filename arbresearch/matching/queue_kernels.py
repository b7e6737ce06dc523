"""Compiled: what a resting order is filled under three rules at once, event by event.

All of it lives in one file, for a compiled function does not notice a changed callee in another.
"""

from __future__ import annotations

from math import floor, log1p
from typing import Final

import numpy as np
from numba import njit

from arbresearch.edges.arrays import NEVER_NS, Floats, Times
from arbresearch.matching.rows import BookRows, TradeRows
from arbresearch.matching.states import OrderEvent, OrderState, transition_table

__all__ = [
    "FILLED", "FRONT", "FULL_LOG", "FULL_POWER", "FULL_SHARE", "LOG", "NUMBERS", "POWER", "PRICE", "QUANTITY",
    "RISK_AVERSE", "RULES", "advance", "arrive", "cancel", "front_after", "replay", "send_cancel", "shown_at",
    "shown_by_best", "start", "update_book", "update_trade", "would_take",
]  # fmt: skip

RULES: Final = 3
"""Touch, queue, trade-through, in this order wherever something is kept a rule."""

RISK_AVERSE: Final = 0
POWER: Final = 1
LOG: Final = 2
FULL_POWER: Final = 3
FULL_LOG: Final = 4
FULL_SHARE: Final = 5

SIGN: Final = 0
PRICE: Final = 1
QUANTITY: Final = 2
LOT: Final = 3
FAMILY: Final = 4
EXPONENT: Final = 5
FRONT: Final = 6
PREVIOUS: Final = 7
TRADED: Final = 8
OFFERED: Final = 9
FILLED: Final = OFFERED + RULES
NUMBERS: Final = FILLED + RULES
"""How many numbers an order keeps: its terms, its place in the queue, and by rule what was offered and filled."""

_TABLE: Final = transition_table()
_ACCEPT, _REJECT, _FILL_PART, _FILL_REST, _SEND_CANCEL, _CANCEL = (int(one) for one in OrderEvent)
_RESTING, _PARTLY_FILLED, _CANCELLING = (
    int(one) for one in (OrderState.RESTING, OrderState.PARTLY_FILLED, OrderState.CANCELLING)
)


@njit(cache=True, error_model="numpy")
def _floor_to_lot(quantity: float, lot: float) -> float:
    # The same as in taker_kernels: see the head of this file.
    if lot <= 0.0 or quantity != quantity or quantity == np.inf:
        return quantity
    lots = floor(quantity / lot + 1e-9)
    in_one = 1.0 / lot
    if in_one >= 1.5 and abs(in_one - round(in_one)) < 1e-9 * in_one:
        return lots / round(in_one)
    return lots * lot


@njit(cache=True, error_model="numpy")
def _share_behind(front: float, back: float, family: int, exponent: float) -> float:
    """Return the probability that a cancelled unit stood behind the order; 1 where nothing is known either way."""
    if family == POWER:
        weight = back**exponent
        whole = weight + front**exponent
    elif family == LOG:
        weight = log1p(back)
        whole = weight + log1p(front)
    elif family == FULL_POWER:
        weight = back**exponent
        whole = (back + front) ** exponent
    elif family == FULL_LOG:
        weight = log1p(back)
        whole = log1p(back + front)
    else:
        whole = (back + front) ** exponent
        weight = whole - front**exponent
    return weight / whole if whole > 0.0 else 1.0


@njit(cache=True, error_model="numpy")
def front_after(front: float, previous: float, new: float, traded: float, family: int, exponent: float) -> float:
    """Return the size in front of a resting order after its level changed.

    With ``change = previous - new - traded``: a level that grew leaves the front; one that shrank by more than its
    trades lost the rest to cancels, before or behind the order with the probability of the family:
    ``p = f(back) / (f(back) + f(front))`` and ``front - (1 - p) change + min(back - p change, 0)``. The front is never
    above what the level shows. Published as the queue models of hftbacktest (``ProbQueueModel`` with
    ``PowerProbQueueFunc``, ``LogProbQueueFunc``, their variants 2 over ``f(back + front)`` and
    ``PowerProbQueueFunc3``, ``1 - (front / (front + back))^n``; ``RiskAdverseQueueModel``) after Rigtorp (2013),
    "Estimating order queue position". Unlike there a front is never below zero, as cancels fill nobody.

    Parameters
    ----------
    front
        Base coin in front, trades already taken off; NaN where the level was never seen: then all it shows is in
        front.
    previous, new
        What the level showed before and shows now, base coin, the order itself not counted.
    traded
        Base coin traded at the price since ``previous``.
    family
        ``RISK_AVERSE``, ``POWER``, ``LOG``, ``FULL_POWER``, ``FULL_LOG`` or ``FULL_SHARE``.
    exponent
        Of the three families of powers.
    """
    if front != front:
        return new
    change = previous - new - traded
    if family == RISK_AVERSE or change < 0.0:
        return min(front, new)
    back = max(previous - front, 0.0)
    behind = _share_behind(front, back, family, exponent)
    estimate = front - (1.0 - behind) * change + min(back - behind * change, 0.0)
    return max(min(estimate, new), 0.0)


@njit(cache=True, error_model="numpy")
def shown_at(sign: int, price: float, prices: Floats, sizes: Floats, count: int) -> float:
    """Return what a book shows at a price: the size there, 0 where better and worse levels leave it out, else NaN.

    Parameters
    ----------
    sign
        1 for a bid, -1 for an ask.
    price
        Compared exactly, so it must be the same double as in the recording.
    prices, sizes : array of shape (levels,) or longer
        The order's own side, best first; NaN levels are skipped.
    count
        How many levels are known.
    """
    for level in range(count):
        if prices[level] == price:
            return float(sizes[level])
        if (price - prices[level]) * sign > 0.0:
            return 0.0
    return np.nan


@njit(cache=True, error_model="numpy")
def shown_by_best(sign: float, price: float, best: float, size: float) -> float:
    """Return what :func:`shown_at` does when only the best level is known."""
    if best == price:
        return size
    return 0.0 if (price - best) * sign > 0.0 else np.nan


@njit(cache=True, error_model="numpy")
def would_take(sign: float, price: float, opposite: float) -> bool:
    """Return whether an order at a price would trade with the opposite best price; not with an empty side (NaN)."""
    return (price - opposite) * sign >= 0.0


@njit(cache=True, error_model="numpy")
def advance(state: int, event: int) -> int:
    """Return the state after an event, -1 where it cannot happen; the table is that of :mod:`~arbresearch.matching`."""
    return int(_TABLE[state, event])


@njit(cache=True, error_model="numpy")
def start(
    order: Floats, states: Times, sign: int, price: float, quantity: float, lot: float, family: int, exponent: float
) -> None:
    """Write down a new order that is on its way.

    Parameters
    ----------
    order : array of shape (NUMBERS,)
        Filled.
    states : array of shape (RULES,)
        Set to ``SENT``.
    sign
        1 for a buy, -1 for a sell.
    price, quantity, lot
        Quote per base; base coin, floored to the lot (0: none).
    family, exponent
        See :func:`front_after`.
    """
    order[:] = 0.0
    states[:] = 0
    order[SIGN] = sign
    order[PRICE] = price
    order[QUANTITY] = _floor_to_lot(quantity, lot)
    order[LOT] = lot
    order[FAMILY] = family
    order[EXPONENT] = exponent
    order[FRONT] = np.nan
    order[PREVIOUS] = np.nan


@njit(cache=True, error_model="numpy")
def _all(states: Times, event: int) -> None:
    for rule in range(RULES):
        states[rule] = _TABLE[states[rule], event]


@njit(cache=True, error_model="numpy")
def arrive(order: Floats, states: Times, shown: float, opposite: float) -> bool:
    """Let an order arrive: refused where it would take, else last in the queue of its level.

    Parameters
    ----------
    order, states
        Of an order that is on its way; changed.
    shown, opposite
        What its level shows, base coin, and the best price of the other side; NaN where not known or empty.

    Returns
    -------
    bool
        Whether it rests.
    """
    if would_take(order[SIGN], order[PRICE], opposite):
        _all(states, _REJECT)
        return False
    order[FRONT] = shown
    order[PREVIOUS] = shown
    _all(states, _ACCEPT)
    return True


@njit(cache=True, error_model="numpy")
def send_cancel(states: Times) -> None:
    """Send a cancel of an order."""
    _all(states, _SEND_CANCEL)


@njit(cache=True, error_model="numpy")
def cancel(states: Times) -> None:
    """Let a cancel arrive; what is filled stays filled."""
    _all(states, _CANCEL)


@njit(cache=True, error_model="numpy")
def _offer(order: Floats, states: Times, rule: int, amount: float) -> bool:
    state = states[rule]
    if not amount > 0.0 or (state != _RESTING and state != _PARTLY_FILLED and state != _CANCELLING):
        return False
    order[OFFERED + rule] += amount
    filled = _floor_to_lot(min(order[QUANTITY], order[OFFERED + rule]), order[LOT])
    if not filled > order[FILLED + rule]:
        return False
    order[FILLED + rule] = filled
    states[rule] = _TABLE[state, _FILL_REST if filled >= order[QUANTITY] else _FILL_PART]
    return True


@njit(cache=True, error_model="numpy")
def update_trade(order: Floats, states: Times, price: float, size: float, aggressor: int) -> bool:
    """Tell an order of a public trade.

    A trade strictly beyond the order's price would have met the order first: every rule is offered its size. One at
    the price offers its size to touch, and to queue what is left of it when those in front are served. Trades whose
    aggressor is on the order's own side, and sizes that are not positive, change nothing.

    Parameters
    ----------
    price, size
        Quote per base, base coin.
    aggressor
        1: a buyer took, -1: a seller took, 0: not known, taken to be the one who could have hit the order.

    Returns
    -------
    bool
        Whether any rule filled more.
    """
    sign = order[SIGN]
    beyond = (order[PRICE] - price) * sign
    if not size > 0.0 or not beyond >= 0.0 or aggressor == sign:
        return False
    if beyond > 0.0:
        touched = _offer(order, states, 0, size)
        queued = _offer(order, states, 1, size)
        through = _offer(order, states, 2, size)
        return touched or queued or through
    touched = _offer(order, states, 0, size)
    front = order[FRONT]
    queued = _offer(order, states, 1, size - front)
    order[FRONT] = max(front - size, 0.0) if front == front else front
    order[TRADED] += size
    return touched or queued


@njit(cache=True, error_model="numpy")
def update_book(order: Floats, states: Times, shown: float, opposite: float, opposite_size: float) -> bool:
    """Tell an order of an update of the book, and return whether any rule filled more.

    An opposite best price at or beyond the order's would have traded with it: touch and queue are offered what it
    shows, trade-through only when it is strictly beyond. The queue then moves by :func:`front_after`.

    Parameters
    ----------
    shown
        What the order's level shows, base coin; NaN where that is not known: the queue waits.
    opposite, opposite_size
        Best of the other side; NaN where that is empty.
    """
    beyond = (order[PRICE] - opposite) * order[SIGN]
    changed = False
    if beyond >= 0.0:
        touched = _offer(order, states, 0, opposite_size)
        queued = _offer(order, states, 1, opposite_size)
        changed = touched or queued
        if beyond > 0.0 and _offer(order, states, 2, opposite_size):
            changed = True
    if shown == shown:
        order[FRONT] = front_after(
            order[FRONT], order[PREVIOUS], shown, order[TRADED], int(order[FAMILY]), order[EXPONENT]
        )
        order[PREVIOUS] = shown
        order[TRADED] = 0.0
    return changed


@njit(cache=True, error_model="numpy")
def replay(
    order: Floats, states: Times, book: BookRows, trades: TradeRows,
    arrival_ns: int, cancel_sent_ns: int, cancel_ns: int,
) -> tuple[Times, Floats]:  # fmt: skip
    """Run one order over a recorded book and its trades, trades first where both have one time.

    Rows at or before the arrival are in force on arrival; rows up to the cancel's arrival still fill.

    Parameters
    ----------
    order, states
        Of :func:`start`; left as they are at the end.
    book, trades
        Of one stream.
    arrival_ns, cancel_sent_ns, cancel_ns
        In the clock of the rows; the cancel takes effect not before the arrival. ``NEVER_NS`` where none is sent. A
        cancel after the last row counts as arrived: rows that are not there fill nothing.

    Returns
    -------
    tuple of arrays
        When something filled, shape (fills,), and what each rule filled then, base coin, shape (fills, RULES).
    """
    recv_ns, bid, bid_size, ask, ask_size = book
    traded_ns, price, size, aggressor = trades
    sign = order[SIGN]
    bids = sign > 0.0
    own, own_size = (bid, bid_size) if bids else (ask, ask_size)
    other, other_size = (ask, ask_size) if bids else (bid, bid_size)
    row = int(np.searchsorted(recv_ns, arrival_ns, side="right"))
    trade = int(np.searchsorted(traded_ns, arrival_ns, side="right"))
    sent = cancel_sent_ns < arrival_ns
    if sent:
        send_cancel(states)
    known = row > 0
    shown = shown_by_best(sign, order[PRICE], own[row - 1], own_size[row - 1]) if known else np.nan
    times = np.empty(8, dtype=np.int64)
    fills = np.empty((8, RULES))
    count = 0
    before = np.zeros(RULES)
    if arrive(order, states, shown, other[row - 1] if known else np.nan):
        while True:
            is_trade = trade < traded_ns.size and (row >= recv_ns.size or traded_ns[trade] <= recv_ns[row])
            if not is_trade and row >= recv_ns.size:
                break
            now = traded_ns[trade] if is_trade else recv_ns[row]
            if now > cancel_ns:
                break
            if now > cancel_sent_ns and not sent:
                sent = True
                send_cancel(states)
            if is_trade:
                changed = update_trade(order, states, price[trade], size[trade], aggressor[trade])
                trade += 1
            else:
                shown = shown_by_best(sign, order[PRICE], own[row], own_size[row])
                changed = update_book(order, states, shown, other[row], other_size[row])
                row += 1
            if changed:
                if count == times.size:
                    times = np.append(times, np.empty(count, dtype=np.int64))
                    fills = np.concatenate((fills, np.empty((count, RULES))))
                times[count] = now
                for rule in range(RULES):
                    fills[count, rule] = order[FILLED + rule] - before[rule]
                    before[rule] = order[FILLED + rule]
                count += 1
                if states.min() > _CANCELLING:
                    break
    if cancel_ns < NEVER_NS:
        if not sent:
            send_cancel(states)
        cancel(states)
    return times[:count], fills[:count]
