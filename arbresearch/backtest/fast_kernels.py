"""Compiled: the stretches in which nothing happens but quotes, read as fast as they come.

A stretch ends before anything else is due, or at the first instant at which the full step might do something. The
tests here may send an instant to the full step in vain, never the other way round.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from arbresearch.backtest.codes import Rebalance, Repair
from arbresearch.backtest.compiled import NO, NOBODY, YES, A, B, H, inner, whole
from arbresearch.backtest.ledger_kernels import buy_free, sell_free
from arbresearch.backtest.row_kernels import rests_on
from arbresearch.backtest.tape_kernels import the_book, the_trades
from arbresearch.edges.arrays import NEVER_NS, Floats, Times
from arbresearch.matching.queue_kernels import FRONT, PREVIOUS, PRICE, TRADED, shown_by_best, update_book, update_trade
from arbresearch.matching.rows import BookRows, TradeRows
from arbresearch.matching.taker_kernels import floor_to_lot

__all__ = ["bounds", "may_act", "skip_all", "skip_takers", "watched"]

_REVERSE, _TRANSFER = whole(Rebalance.REVERSE), whole(Rebalance.TRANSFER)
_POLICY, _LAST = whole(Repair.POLICY), whole(Repair.LAST)
_LOOSE = 1.0 + 1e-9
_TOUCH, _QUEUE = whole(0), whole(1)
"""Places of the rules: touch, queue, trade-through."""
_SELLER = np.array([-1, 0, 1, 0, 0, 1, 1])
_MAKER = np.array([-1, -1, -1, 0, 1, 1, 0])


@inner
def _factor(r: Any, mode: int, late: bool) -> float:
    """Return by what a mode's sell price must be multiplied to exceed its buy price, a little too much."""
    terms = r.strategy[0]
    seller, maker = _SELLER[mode], _MAKER[mode]
    lowest = r.entry_bps[mode - 1]
    if r.tilt_sign != 0 and seller == (1 if r.tilt_sign > 0 else 0):
        lowest = r.exit_bps[mode - 1]
        if late:
            lowest = min(lowest, -terms.rebalance_cost_bps)
    sold, bought = r.venues[seller], r.venues[1 - seller]
    keep = 1.0 - (sold.maker_rate if maker == seller else sold.taker_rate)
    pay = 1.0 + (bought.maker_rate if maker == 1 - seller else bought.taker_rate)
    deeper = terms.quote_depth_bps * 1e-4
    if maker == seller:
        keep *= 1.0 + deeper
    elif maker >= 0:
        pay *= max(1.0 - deeper, 0.0)
    least = pay * (1.0 + lowest * 1e-4)
    return _LOOSE * keep / least if least > 0.0 else np.inf


@inner
def bounds(r: Any, now_ns: int) -> bool:
    """Work out outside of which prices no mode can act, when something has changed; return whether any may.

    ``r.bounds[mode - 1]``: the factor by which the sell price must be multiplied to exceed the buy price, taken at
    its present threshold and loosened a little; the least price at which what may be sold is an order; the highest at
    which what may be spent is one. A factor of 0 is a mode that cannot act. They hold until ``r.bounds_until_ns``,
    from which on a tilt has stayed too long.
    """
    if r.bounds_turn == r.turn and now_ns < r.bounds_until_ns:
        return bool(r.opens)
    r.bounds_turn = r.turn
    r.bounds_until_ns = NEVER_NS
    late = NO
    if r.strategy[0].rebalance == _REVERSE and r.tilt_sign != 0:
        late = now_ns - r.tilt_since_ns > r.strategy[0].max_hold_ns
        if not late:
            r.bounds_until_ns = r.tilt_since_ns + r.strategy[0].max_hold_ns + 1
    r.bounds[:] = 0.0
    r.opens = False
    terms = r.strategy[0]
    if r.halted or r.paused or r.open_slots >= terms.max_in_flight:
        return False
    for mode in range(1, 7):
        if not r.enabled[mode - 1]:
            continue
        seller, maker = _SELLER[mode], _MAKER[mode]
        sold, bought = r.venues[seller], r.venues[1 - seller]
        place = r.bounds[mode - 1]
        place[0] = _factor(r, mode, late)
        place[2] = np.inf
        if not sold.perpetual:
            free = sell_free(r, seller, NOBODY)
            if not floor_to_lot(free, terms.common_lot) > 0.0:
                place[0] = 0.0
            elif maker != seller:
                place[1] = sold.min_notional / free / _LOOSE
        if not bought.perpetual:
            funds = buy_free(r, 1 - seller, NOBODY)
            if funds * _LOOSE < bought.min_notional or funds <= 0.0:
                place[0] = 0.0
            elif maker != 1 - seller and terms.common_lot > 0.0:
                place[2] = funds / (terms.common_lot * (1.0 + bought.taker_rate)) * _LOOSE
    for number in range(terms.max_in_flight):
        slot = r.slots[number]
        if slot.open and slot.maker_venue >= 0:
            r.bounds[slot.mode - 1, 0] = 0.0
    for place in range(6):
        if r.bounds[place, 0] > 0.0:
            r.opens = True
    return bool(r.opens)


@inner
def watched(r: Any) -> tuple[bool, bool]:
    """Return whether every quote needs the full step, and whether resting quotes are managed."""
    terms = r.strategy[0]
    always = terms.rebalance == _TRANSFER and not r.halted and r.version != r.moved_version
    manages = False
    if r.open_slots > 0:
        for number in range(terms.max_in_flight):
            slot = r.slots[number]
            if not slot.open:
                continue
            if (slot.repair == _POLICY or slot.repair == _LAST) and slot.working == 0:
                always = True
            if slot.maker_live and not slot.cancel_sent:
                manages = True
                if r.halted or r.paused:
                    always = True
    return always, manages


@inner
def _crosses(within: Floats, place: int, sell: float, buy: float) -> bool:
    return bool(sell * within[place, 0] > buy and sell >= within[place, 1] and buy <= within[place, 2])


@inner
def _any_crosses(within: Floats, bid_a: float, ask_a: float, bid_b: float, ask_b: float) -> bool:
    """Return whether any of the six modes may have an edge at these prices."""
    return (
        _crosses(within, 0, bid_a, ask_b)
        or _crosses(within, 1, bid_b, ask_a)
        or _crosses(within, 2, ask_a, ask_b)
        or _crosses(within, 3, bid_a, bid_b)
        or _crosses(within, 4, ask_b, ask_a)
        or _crosses(within, 5, bid_b, bid_a)
    )


@inner
def may_act(r: Any, now_ns: int) -> bool:
    """Return whether a mode may be called for at the books in force."""
    if not bounds(r, now_ns):
        return False
    a, b = r.books[A], r.books[B]
    return _any_crosses(r.bounds, a.bid, a.ask, b.bid, b.ask)


@inner
def skip_takers(
    a: BookRows, b: BookRows, ia: int, ib: int, limit_ns: int, within: Floats, open_from_ns: int
) -> tuple[int, int, int, bool]:
    """Read quotes until one of two directed edges may be worth taking, or a time is reached.

    Returns
    -------
    tuple
        Rows read of A and B, the time of the last instant, and whether it needs the full step.
    """
    recv_a, bid_a, ask_a = a.recv_ns, a.bid, a.ask
    recv_b, bid_b, ask_b = b.recv_ns, b.bid, b.ask
    time_a = recv_a[ia] if ia < recv_a.size else NEVER_NS
    time_b = recv_b[ib] if ib < recv_b.size else NEVER_NS
    ab, ba = within[0, 0], within[1, 0]
    now_ns = NOBODY
    while True:
        moment = min(time_a, time_b)
        if moment >= limit_ns:
            return ia, ib, now_ns, False
        ia += time_a <= moment
        ib += time_b <= moment
        time_a = recv_a[ia] if ia < recv_a.size else NEVER_NS
        time_b = recv_b[ib] if ib < recv_b.size else NEVER_NS
        now_ns = moment
        crosses = bid_a[ia - 1] * ab > ask_b[ib - 1] or bid_b[ib - 1] * ba > ask_a[ia - 1]
        if crosses and moment >= open_from_ns:
            if _crosses(within, 0, bid_a[ia - 1], ask_b[ib - 1]):
                return ia, ib, now_ns, True
            if _crosses(within, 1, bid_b[ib - 1], ask_a[ia - 1]):
                return ia, ib, now_ns, True


@inner
def _fills(r: Any, venue: int, bid: float, bid_size: float, ask: float, ask_size: float) -> bool:
    """Let the orders of a venue follow a row, or return True when it may fill one: then nothing is done.

    A row that says the same of an order's level as the last one changes nothing for it.
    """
    many = r.strategy[0].max_in_flight
    for number in range(many):
        if rests_on(r, number, venue):
            price = r.makers[number, PRICE]
            if bid >= price if r.slots[number].seller == venue else ask <= price:
                return True
    for number in range(many):
        if not rests_on(r, number, venue):
            continue
        price = r.makers[number, PRICE]
        if r.slots[number].seller == venue:
            shown, other, other_size = shown_by_best(-1.0, price, ask, ask_size), bid, bid_size
        else:
            shown, other, other_size = shown_by_best(1.0, price, bid, bid_size), ask, ask_size
        if shown == shown and (shown != r.makers[number, PREVIOUS] or r.makers[number, TRADED] != 0.0):
            update_book(r.makers[number], r.maker_states[number], shown, other, other_size)
    return False


@inner
def _moves(r: Any, bid_a: float, ask_a: float, bid_b: float, ask_b: float, now_ns: int) -> bool:
    """Return whether a resting quote may have to be cancelled or moved."""
    if now_ns > r.calm_until_ns or not (bid_a > 0.0 and ask_a > bid_a and bid_b > 0.0 and ask_b > bid_b):
        return True
    for number in range(r.strategy[0].max_in_flight):
        slot = r.slots[number]
        if not (slot.open and slot.maker_live) or slot.cancel_sent:
            continue
        sells = slot.maker_venue == slot.seller
        on_a = slot.maker_venue == 0
        if sells:
            touch, hedge = (ask_a, ask_b) if on_a else (ask_b, ask_a)
        else:
            touch, hedge = (bid_a, bid_b) if on_a else (bid_b, bid_a)
        if (
            now_ns >= slot.expires_ns
            or not slot.hedge_low <= hedge <= slot.hedge_high
            or not slot.touch_low <= touch <= slot.touch_high
        ):
            return True
    return False


@inner
def _trade_fills(r: Any, venue: int, price: float, size: float, aggressor: int) -> bool:
    """Let orders that rest on a venue follow a trade, or return True when it may fill one: then nothing is done."""
    rule = r.strategy[0].fill_rule
    many = r.strategy[0].max_in_flight
    for number in range(many):
        if not rests_on(r, number, venue):
            continue
        sign = -1 if venue == r.slots[number].seller else 1
        beyond = (r.makers[number, PRICE] - price) * sign
        if not size > 0.0 or aggressor == sign or not beyond >= 0.0:
            continue
        if beyond > 0.0 or rule == _TOUCH or (rule == _QUEUE and not size <= r.makers[number, FRONT]):
            return True
    for number in range(many):
        if rests_on(r, number, venue):
            update_trade(r.makers[number], r.maker_states[number], price, size, aggressor)
    return False


@inner
def _hedge_waits(r: Any, rows: BookRows, place: int) -> bool:
    """Return whether a quote of the hedge may lead to an order or to a liquidation."""
    middle = 0.5 * (rows.bid[place] + rows.ask[place])
    tries = r.strategy[0].hedge and r.delta_dirty == 2 and not r.halted
    return bool(tries or middle < r.liquidation[H, 0] or middle > r.liquidation[H, 1])


@inner
def _pass_others(r: Any, upto_ns: int, ta: int, tb: int, ih: int) -> tuple[int, int, int, bool]:
    """Pass over trades and quotes of the hedge in their order up to a time, or up to one that may matter.

    Returns
    -------
    tuple
        Rows read of the trades of A and B and of the hedge's quotes, and whether the next one may matter.
    """
    h, trades_a, trades_b = the_book(r, H), the_trades(r, A), the_trades(r, B)
    while True:
        time_a = trades_a.recv_ns[ta] if ta < trades_a.recv_ns.size else NEVER_NS
        time_b = trades_b.recv_ns[tb] if tb < trades_b.recv_ns.size else NEVER_NS
        time_h = h.recv_ns[ih] if ih < h.recv_ns.size else NEVER_NS
        first_ns = min(time_a, time_b, time_h)
        if first_ns > upto_ns:
            return ta, tb, ih, False
        if time_a == first_ns:
            if r.resting[A] > 0 and _trade_fills(r, A, trades_a.price[ta], trades_a.size[ta], trades_a.aggressor[ta]):
                return ta, tb, ih, True
            ta += 1
        elif time_b == first_ns:
            if r.resting[B] > 0 and _trade_fills(r, B, trades_b.price[tb], trades_b.size[tb], trades_b.aggressor[tb]):
                return ta, tb, ih, True
            tb += 1
        else:
            if _hedge_waits(r, h, ih):
                return ta, tb, ih, True
            ih += 1


@inner
def _next(one: Times, i: int, other: Times, j: int, third: Times, k: int) -> int:
    """Return the time of the first row of three tables that was not read."""
    first = one[i] if i < one.size else NEVER_NS
    second = other[j] if j < other.size else NEVER_NS
    last = third[k] if k < third.size else NEVER_NS
    return min(first, second, last)


@inner
def skip_all(
    r: Any, a: BookRows, b: BookRows, h: BookRows, trades_a: TradeRows, trades_b: TradeRows, limit_ns: int, opens: bool,
    always: bool, manages: bool, margins: bool,
) -> tuple[int, int, int, bool]:  # fmt: skip
    """Do the same with all that may happen: resting orders and trades, positions on margin, a hedge, all six modes.

    A time at which a venue has several rows is left to the full step, for which of them come first matters.
    """
    recv_a, recv_b = a.recv_ns, b.recv_ns
    cursors = r.cursors
    within = r.bounds
    ia, ib, ta, tb, ih = cursors[2], cursors[6], cursors[0], cursors[4], cursors[10]
    time_a = recv_a[ia] if ia < recv_a.size else NEVER_NS
    time_b = recv_b[ib] if ib < recv_b.size else NEVER_NS
    open_from_ns = r.decided_ns + r.strategy[0].min_interval_ns
    overdue_ns = NEVER_NS
    if r.strategy[0].rebalance == _TRANSFER and r.tilt_sign != 0 and not r.halted:
        overdue_ns = r.tilt_since_ns + r.strategy[0].max_hold_ns
    rests_a, rests_b = r.resting[A] > 0, r.resting[B] > 0
    low_a, high_a = r.liquidation[A, 0], r.liquidation[A, 1]
    low_b, high_b = r.liquidation[B, 0], r.liquidation[B, 1]
    now_ns = NOBODY
    hit = NO
    other_ns = _next(trades_a.recv_ns, ta, trades_b.recv_ns, tb, h.recv_ns, ih)
    while True:
        moment = min(time_a, time_b)
        if other_ns <= moment:
            upto_ns = min(moment, limit_ns - 1)
            ta, tb, ih, counts = _pass_others(r, upto_ns, ta, tb, ih)
            if counts:
                break
            other_ns = _next(trades_a.recv_ns, ta, trades_b.recv_ns, tb, h.recv_ns, ih)
        if moment >= limit_ns:
            break
        on_a = time_a <= moment
        on_b = time_b <= moment
        ia += on_a
        ib += on_b
        time_a = recv_a[ia] if ia < recv_a.size else NEVER_NS
        time_b = recv_b[ib] if ib < recv_b.size else NEVER_NS
        if time_a == moment or time_b == moment:
            ia -= on_a
            ib -= on_b
            break
        now_ns = moment
        bid_a, ask_a = a.bid[ia - 1], a.ask[ia - 1]
        bid_b, ask_b = b.bid[ib - 1], b.ask[ib - 1]
        if (
            always
            or moment > overdue_ns
            or (rests_a and on_a and _fills(r, A, bid_a, a.bid_size[ia - 1], ask_a, a.ask_size[ia - 1]))
            or (rests_b and on_b and _fills(r, B, bid_b, b.bid_size[ib - 1], ask_b, b.ask_size[ib - 1]))
            or (manages and _moves(r, bid_a, ask_a, bid_b, ask_b, moment))
        ):
            hit = YES
            break
        if margins:
            mid_a, mid_b = 0.5 * (bid_a + ask_a), 0.5 * (bid_b + ask_b)
            if mid_a < low_a or mid_a > high_a or mid_b < low_b or mid_b > high_b:
                hit = YES
                break
        if opens and moment >= open_from_ns and _any_crosses(within, bid_a, ask_a, bid_b, ask_b):
            hit = YES
            break
    cursors[0], cursors[4], cursors[10] = ta, tb, ih
    return ia, ib, now_ns, hit
