"""Compiled: what is looked at again on every quote: resting orders, excesses, transfers, and whether to act anew."""

from __future__ import annotations

from typing import Any

import numpy as np

from arbresearch.backtest.codes import OneLegPolicy, Rebalance, Repair, Trigger
from arbresearch.backtest.compiled import NOBODY, YES, A, B, inner, whole
from arbresearch.backtest.fast_kernels import may_act
from arbresearch.backtest.ledger_kernels import buy_free, imbalance, mark, profit, sell_free, tilt
from arbresearch.backtest.log_kernels import the_orders
from arbresearch.backtest.move_kernels import move_inventory
from arbresearch.backtest.order_kernels import levels_of, start_cancel
from arbresearch.backtest.pair_kernels import last_try, open_pair, repair_venue, set_bounds, try_repair
from arbresearch.signals.decision_kernels import SUPPORTED_BPS, choose, net_bps, quote_price, synchronous, walk

__all__ = ["decision_step"]

_POLICY, _LAST = whole(Repair.POLICY), whole(Repair.LAST)
_UNWINDS = whole(OneLegPolicy.UNWIND)
_REVERSE, _TRANSFER = whole(Rebalance.REVERSE), whole(Rebalance.TRANSFER)
_ENTRY, _EXIT, _RELAXED = (whole(one) for one in Trigger)
_SELLER = np.array([-1, 0, 1, 0, 0, 1, 1])
_MAKER = np.array([-1, -1, -1, 0, 1, 1, 0])


@inner
def _free_levels(r: Any, venue: int, side: int, now_ns: int) -> int:
    """Fill in the levels of one side of A or B less what we used of them."""
    prices, sizes = r.level_prices[venue, side], r.level_sizes[venue, side]
    count = levels_of(r, venue, side, now_ns, prices, sizes)
    for level in range(count):
        sizes[level] = max(sizes[level] - r.used[venue, side, level], 0.0)
    r.counts[venue, side] = count
    return count


@inner
def _still_right(r: Any, slot: Any, left: float, price: float, now_ns: int) -> bool:
    """Return whether a resting quote would be placed again at its price for what is left of it."""
    sells = slot.maker_venue == slot.seller
    taker = 1 - slot.maker_venue
    side = 1 if sells else 0
    count = _free_levels(r, taker, side, now_ns)
    book = r.books[taker]
    band = r.strategy[0].band_bps * 1e-4
    reach = book.ask * (1.0 + band) if sells else book.bid * (1.0 - band)
    against = 1.0 if sells else -1.0
    shown = 0.0
    for level in range(count):
        if (r.level_prices[taker, side, level] - reach) * against <= 0.0:
            shown += r.level_sizes[taker, side, level]
    vwap, _ = walk(r.level_prices[taker, side], r.level_sizes[taker, side], count, min(left, shown))
    wanted = quote_price(sells, r.books, r.venues, r.strategy, slot.maker_venue, vwap, slot.threshold_bps)
    if wanted != price:
        return False
    own, other = r.venues[slot.maker_venue], r.venues[taker]
    if sells:
        edge = net_bps(price, vwap, 1.0 - own.maker_rate, 1.0 + other.taker_rate)
    else:
        edge = net_bps(vwap, price, 1.0 - other.taker_rate, 1.0 + own.maker_rate)
    return bool(edge > slot.threshold_bps - SUPPORTED_BPS)


@inner
def _watch_quote(r: Any, number: int, now_ns: int, calm: bool) -> None:
    slot = r.slots[number]
    sells = slot.maker_venue == slot.seller
    own, other = r.books[slot.maker_venue], r.books[1 - slot.maker_venue]
    hedge = other.ask if sells else other.bid
    touch = own.ask if sells else own.bid
    if r.halted or r.paused or not calm or now_ns >= slot.expires_ns:
        start_cancel(r, number, now_ns)
        return
    if slot.hedge_low <= hedge <= slot.hedge_high and slot.touch_low <= touch <= slot.touch_high:
        return
    order = the_orders(r)[slot.maker_order]
    if _still_right(r, slot, order.quantity - order.filled, order.price, now_ns):
        set_bounds(r, slot)
    else:
        start_cancel(r, number, now_ns)


@inner
def _calm_until(r: Any) -> int:
    """Return how long both books stay fresh and synchronous if nothing but newer valid quotes come."""
    terms = r.strategy[0]
    until = min(r.books[0].recv_ns, r.books[1].recv_ns) + terms.max_skew_ns
    for venue in range(2):
        book = r.books[venue]
        until = min(until, book.recv_ns + r.venues[venue].max_age_ns, book.changed_ns + terms.max_unchanged_ns)
    return int(until)


@inner
def _attend(r: Any, now_ns: int) -> None:
    if r.open_slots == 0:
        return
    calm = synchronous(r.books, r.venues, r.strategy, now_ns)
    r.calm_until_ns = _calm_until(r)
    for number in range(r.strategy[0].max_in_flight):
        slot = r.slots[number]
        if not slot.open:
            continue
        if slot.repair == _POLICY and slot.working == 0:
            venue, _ = repair_venue(slot, r.strategy[0].policy == _UNWINDS)
            if r.books[venue].row != slot.tried_row:
                try_repair(r, number, now_ns)
        elif slot.repair == _LAST and slot.working == 0:
            venue, _ = repair_venue(slot, YES)
            if r.books[venue].row != slot.tried_row:
                last_try(r, number, now_ns)
        if slot.open and slot.maker_live and not slot.cancel_sent:
            _watch_quote(r, number, now_ns, calm)


@inner
def _set_thresholds(r: Any, now_ns: int) -> None:
    terms = r.strategy[0]
    late = terms.rebalance == _REVERSE and r.tilt_sign != 0 and now_ns - r.tilt_since_ns > terms.max_hold_ns
    for place in range(6):
        reduces = r.tilt_sign != 0 and _SELLER[place + 1] == (1 if r.tilt_sign > 0 else 0)
        r.thresholds[place] = r.exit_bps[place] if reduces else r.entry_bps[place]
        r.triggers[place] = _EXIT if reduces else _ENTRY
        reach = r.venues[_SELLER[place + 1]].base_start
        if r.tilt_sign != 0 and not reduces and terms.tilt_slope_bps > 0.0 and reach > 0.0:
            r.thresholds[place] += terms.tilt_slope_bps * min(1.0, abs(tilt(r)) / reach)
        if reduces and late:
            r.thresholds[place] = min(r.exit_bps[place], -terms.rebalance_cost_bps)
            r.triggers[place] = _RELAXED


@inner
def _set_probabilities(r: Any) -> None:
    terms = r.strategy[0]
    for place in range(6):
        r.allowed[place] = r.enabled[place]
        r.probabilities[place] = 1.0
        if _MAKER[place + 1] < 0:
            continue
        r.probabilities[place] = terms.fill_probability
        if terms.fill_probability != terms.fill_probability:
            r.probabilities[place] = (1.0 + r.share[place]) / (2.0 + r.ended[place])
    for number in range(r.strategy[0].max_in_flight):
        slot = r.slots[number]
        if slot.open and slot.maker_venue >= 0:
            r.allowed[slot.mode - 1] = False


@inner
def _set_headroom(r: Any) -> None:
    most = r.strategy[0].max_tilt_quote
    r.headroom[0] = r.headroom[1] = np.inf
    if most < np.inf:
        room = most / mark(r)
        shift = tilt(r)
        r.headroom[0] = max(0.0, room - shift)
        r.headroom[1] = max(0.0, room + shift)


@inner
def _act(r: Any, now_ns: int) -> None:
    """Open a pair if one is called for."""
    terms = r.strategy[0]
    if now_ns - r.decided_ns < terms.min_interval_ns or not may_act(r, now_ns):
        return
    if not abs(imbalance(r) * mark(r)) <= terms.max_exposure_quote:
        return
    _set_thresholds(r, now_ns)
    _set_probabilities(r)
    _set_headroom(r)
    for venue in range(2):
        _free_levels(r, venue, A, now_ns)
        _free_levels(r, venue, B, now_ns)
        r.sell_free[venue] = sell_free(r, venue, NOBODY)
        r.buy_free[venue] = buy_free(r, venue, NOBODY)
    mode = choose(
        now_ns, r.books, r.level_prices, r.level_sizes, r.counts, r.sell_free, r.buy_free, r.allowed, r.thresholds,
        r.probabilities, r.headroom, r.venues, r.strategy, r.decision,
    )  # fmt: skip
    if mode == 0:
        return
    if profit(r) - r.day_profit <= -terms.daily_loss_quote:
        r.paused = True
        r.turn += 1
    else:
        open_pair(r, now_ns)


@inner
def decision_step(r: Any, now_ns: int) -> None:
    """Do all that a quote of A or B calls for."""
    _attend(r, now_ns)
    if r.strategy[0].rebalance == _TRANSFER and not r.halted:
        move_inventory(r, now_ns)
    _act(r, now_ns)
