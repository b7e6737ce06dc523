"""Compiled: the life of a pair: opened, hedged when its resting leg fills, repaired when its legs differ, closed."""

from __future__ import annotations

from typing import Any

import numpy as np

from arbresearch.backtest.codes import EventKind, FillReason, OneLegPolicy, Repair
from arbresearch.backtest.compiled import NO, YES, inner, whole
from arbresearch.backtest.ledger_kernels import buy_free, mid, sell_free
from arbresearch.backtest.log_kernels import the_pairs
from arbresearch.backtest.order_kernels import push, send_order, start_cancel
from arbresearch.edges.arrays import NEVER_NS
from arbresearch.matching.taker_kernels import floor_to_lot
from arbresearch.signals.decision_kernels import ceil_to_tick

__all__ = ["banded", "deadline", "last_try", "open_pair", "repair_venue", "set_bounds", "settle", "small", "try_repair"]

_DEADLINE_EVENT = whole(EventKind.DEADLINE)
_LEG, _HEDGE, _COMPLETE, _UNWIND, _DEADLINE = (
    whole(one)
    for one in (FillReason.LEG, FillReason.HEDGE, FillReason.COMPLETE, FillReason.UNWIND, FillReason.DEADLINE)
)
_NONE, _POLICY, _DUE, _LAST = (whole(one) for one in Repair)
_UNWINDS = whole(OneLegPolicy.UNWIND)
_WAITS = whole(OneLegPolicy.HOLD)
_MAKER = np.array([-1, -1, -1, 0, 1, 1, 0])
_SELLER = np.array([-1, 0, 1, 0, 0, 1, 1])


@inner
def small(r: Any, venue: int, quantity: float) -> bool:
    """Return whether a quantity is below what a venue takes as an order."""
    terms = r.venues[venue]
    return quantity <= 0.0 or quantity < terms.min_quantity or quantity * mid(r, venue) < terms.min_notional


@inner
def banded(r: Any, venue: int, sell: bool, price: float, share: float) -> float:
    """Return a price moved against an order by a share of the band, on the tick, never beyond the band."""
    shift = share * r.strategy[0].band_bps * 1e-4
    tick = r.venues[venue].tick
    return ceil_to_tick(price * (1.0 - shift), tick) if sell else floor_to_lot(price * (1.0 + shift), tick)


@inner
def open_pair(r: Any, now_ns: int) -> None:
    """Send what was decided."""
    found = r.decision[0]
    number = 0
    while r.slots[number].open:
        number += 1
    slot = r.slots[number]
    mode = found.mode
    seller = _SELLER[mode]
    buyer = 1 - seller
    maker = _MAKER[mode]
    pair = r.pairs
    r.pairs += 1
    row = the_pairs(r)[pair]
    row.mode, row.trigger = mode, r.triggers[mode - 1]
    row.decided_ns, row.closed_ns = now_ns, NEVER_NS
    row.quantity, row.edge_bps, row.threshold_bps = found.quantity, found.edge_bps, found.threshold_bps
    row.best_sell, row.best_buy = found.best_sell, found.best_buy
    row.plan_sell, row.plan_buy = found.plan_sell, found.plan_buy
    row.sold = row.bought = 0.0
    slot.open = True
    slot.pair, slot.mode, slot.seller, slot.buyer, slot.working = pair, mode, seller, buyer, 0
    slot.maker_order, slot.maker_venue = -1, maker
    slot.maker_live = slot.cancel_sent = False
    slot.sold = slot.bought = 0.0
    slot.repair, slot.tried_row = _NONE, -1
    slot.ref_sell, slot.ref_buy, slot.threshold_bps = found.best_sell, found.best_buy, found.threshold_bps
    slot.hold_base = found.quantity
    slot.extra_venue = -1
    slot.extra_base = slot.extra_quote = 0.0
    r.open_slots += 1
    r.turn += 1
    r.decided_ns = now_ns
    if maker < 0:
        slot.hold_quote = found.quantity * found.buy_limit * max(1.0, 1.0 + r.venues[buyer].taker_rate)
        slot.working = 2
        send_order(r, now_ns, pair, number, seller, YES, NO, _LEG, found.sell_limit, found.quantity)
        send_order(r, now_ns, pair, number, buyer, NO, NO, _LEG, found.buy_limit, found.quantity)
        return
    sells = maker == seller
    price = found.plan_sell if sells else found.plan_buy
    if sells:
        reach = found.worst_hedge * (1.0 + r.strategy[0].band_bps * 1e-4)
        slot.hold_quote = found.quantity * reach * max(1.0, 1.0 + r.venues[buyer].taker_rate)
    else:
        slot.hold_quote = found.quantity * price * max(1.0, 1.0 + r.venues[buyer].maker_rate)
    slot.maker_live = True
    slot.expires_ns = now_ns + r.strategy[0].quote_ttl_ns
    set_bounds(r, slot)
    slot.maker_order = send_order(r, now_ns, pair, number, maker, sells, YES, _LEG, price, found.quantity)
    r.calm_until_ns = -NEVER_NS


@inner
def set_bounds(r: Any, slot: Any) -> None:
    """Note within which prices a resting quote need not be looked at again."""
    sells = slot.maker_venue == slot.seller
    share = r.strategy[0].requote_bps * 1e-4
    own, other = r.books[slot.maker_venue], r.books[1 - slot.maker_venue]
    hedge = other.ask if sells else other.bid
    touch = own.ask if sells else own.bid
    slot.hedge_low, slot.hedge_high = hedge * (1.0 - share), hedge * (1.0 + share)
    slot.touch_low, slot.touch_high = touch * (1.0 - share), touch * (1.0 + share)


@inner
def _close(r: Any, number: int, now_ns: int) -> None:
    slot = r.slots[number]
    the_pairs(r)[slot.pair].closed_ns = now_ns
    slot.open = False
    r.open_slots -= 1
    r.version += 1
    r.turn += 1


@inner
def repair_venue(slot: Any, unwind: bool) -> tuple[int, bool]:
    """Return where an excess is worked off and whether by selling."""
    excess = slot.sold - slot.bought
    if unwind:
        return (slot.seller, False) if excess > 0.0 else (slot.buyer, True)
    return (slot.buyer, False) if excess > 0.0 else (slot.seller, True)


@inner
def _affordable(r: Any, number: int, venue: int, sell: bool, limit: float, wanted: float) -> float:
    """Return how much of a quantity the balances allow, in whole lots."""
    if sell:
        funds = sell_free(r, venue, number)
    else:
        funds = buy_free(r, venue, number) / (limit * max(1.0, 1.0 + r.venues[venue].taker_rate))
    return floor_to_lot(min(wanted, funds), r.venues[venue].lot)


@inner
def _begin_repair(r: Any, number: int, now_ns: int) -> None:
    slot = r.slots[number]
    slot.repair = _POLICY
    push(r, now_ns + r.strategy[0].deadline_ns, _DEADLINE_EVENT, number, slot.pair)
    if slot.maker_live and not slot.cancel_sent:
        start_cancel(r, number, now_ns)
    try_repair(r, number, now_ns)


@inner
def _finish_if_small(r: Any, number: int, now_ns: int) -> bool:
    """Close a pair whose excess is no order any more; return whether the excess is so small."""
    slot = r.slots[number]
    venue, _ = repair_venue(slot, r.strategy[0].policy == _UNWINDS)
    if not small(r, venue, floor_to_lot(abs(slot.sold - slot.bought), r.venues[venue].lot)):
        return False
    if not slot.maker_live:
        _close(r, number, now_ns)
    return True


@inner
def try_repair(r: Any, number: int, now_ns: int) -> None:
    """Send what evens out a pair if its price is there."""
    slot = r.slots[number]
    policy = r.strategy[0].policy
    venue, sell = repair_venue(slot, policy == _UNWINDS)
    slot.tried_row = r.books[venue].row
    if _finish_if_small(r, number, now_ns):
        return
    reference = slot.ref_sell if venue == slot.seller else slot.ref_buy
    limit = banded(r, venue, sell, reference, 0.0 if policy == _WAITS else 1.0)
    quantity = _affordable(r, number, venue, sell, limit, abs(slot.sold - slot.bought))
    if small(r, venue, quantity):
        return
    book = r.books[venue]
    best = book.bid if sell else book.ask
    if not best > 0.0 or (best < limit if sell else best > limit):
        return
    slot.working = 1
    reason = _UNWIND if policy == _UNWINDS else _COMPLETE
    send_order(r, now_ns, slot.pair, number, venue, sell, False, reason, limit, quantity)


@inner
def last_try(r: Any, number: int, now_ns: int) -> None:
    """Undo what is left of an excess at the price that is there, again on every new quote until it is undone."""
    slot = r.slots[number]
    slot.repair = _LAST
    venue, sell = repair_venue(slot, YES)
    book = r.books[venue]
    slot.tried_row = book.row
    excess = abs(slot.sold - slot.bought)
    if small(r, venue, floor_to_lot(excess, r.venues[venue].lot)):
        if not slot.maker_live:
            _close(r, number, now_ns)
        return
    best = book.bid if sell else book.ask
    if not best > 0.0:
        return
    limit = banded(r, venue, sell, best, 1.0)
    quantity = _affordable(r, number, venue, sell, limit, excess)
    if not small(r, venue, quantity):
        slot.working = 1
        send_order(r, now_ns, slot.pair, number, venue, sell, NO, _DEADLINE, limit, quantity)
    elif not slot.maker_live:
        _close(r, number, now_ns)


@inner
def deadline(r: Any, number: int, pair: int, now_ns: int) -> None:
    """Undo what is left of an excess whose time is over."""
    slot = r.slots[number]
    if not slot.open or slot.pair != pair or slot.repair != _POLICY:
        return
    slot.repair = _DUE
    if slot.working == 0:
        last_try(r, number, now_ns)


@inner
def _hedge(r: Any, number: int, now_ns: int) -> None:
    """Send the taker leg for what the resting leg filled."""
    slot = r.slots[number]
    venue = 1 - slot.maker_venue
    sell = slot.maker_venue != slot.seller
    wanted = floor_to_lot(abs(slot.sold - slot.bought), r.venues[venue].lot)
    if small(r, venue, wanted):
        if not slot.maker_live:
            _close(r, number, now_ns)
        return
    book = r.books[venue]
    best = book.bid if sell else book.ask
    if best > 0.0:
        if sell:
            slot.ref_sell = best
        else:
            slot.ref_buy = best
        limit = banded(r, venue, sell, best, 1.0)
        quantity = _affordable(r, number, venue, sell, limit, wanted)
        if not small(r, venue, quantity):
            slot.working = 1
            send_order(r, now_ns, slot.pair, number, venue, sell, NO, _HEDGE, limit, quantity)
            return
    _begin_repair(r, number, now_ns)


@inner
def settle(r: Any, number: int, now_ns: int, hedge_fell_short: bool) -> None:
    """Go on with a pair after something about it became known."""
    slot = r.slots[number]
    row = the_pairs(r)[slot.pair]
    row.sold, row.bought = slot.sold, slot.bought
    if slot.working > 0:
        return
    if slot.repair == _LAST:
        venue, _ = repair_venue(slot, YES)
        excess = floor_to_lot(abs(slot.sold - slot.bought), r.venues[venue].lot)
        if not slot.maker_live and small(r, venue, excess):
            _close(r, number, now_ns)
    elif slot.repair == _DUE:
        last_try(r, number, now_ns)
    elif slot.repair == _POLICY:
        _finish_if_small(r, number, now_ns)
    elif hedge_fell_short:
        _begin_repair(r, number, now_ns)
    elif slot.maker_venue >= 0:
        _hedge(r, number, now_ns)
    elif not _finish_if_small(r, number, now_ns):
        _begin_repair(r, number, now_ns)
