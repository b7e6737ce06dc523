"""Compiled: inventory moved between A and B, the hedge held against it, funding, and liquidation."""

from __future__ import annotations

from typing import Any

from arbresearch.backtest.codes import CashKind, EventKind, FillReason, Repair, TransferState
from arbresearch.backtest.compiled import NO, NOBODY, YES, A, B, H, inner, whole
from arbresearch.backtest.layout import LEGS, VENUES
from arbresearch.backtest.ledger_kernels import before_change, buy_free, changed, gap, held, mid, sell_free
from arbresearch.backtest.log_kernels import the_cash, the_fills, the_transfers
from arbresearch.backtest.order_kernels import delay, push, send_order
from arbresearch.backtest.pair_kernels import banded, small
from arbresearch.matching.latency_kernels import uniform_of
from arbresearch.matching.taker_kernels import floor_to_lot
from arbresearch.signals.decision_kernels import fresh

__all__ = ["hedge_delta", "liquidate", "move_inventory", "pay_funding", "refund_arrives", "transfer_arrives"]

_TRANSFER, _REFUND = whole(EventKind.TRANSFER), whole(EventKind.REFUND)
_IN_TRANSIT, _ARRIVED, _FAILED, _REFUNDED = (whole(one) for one in TransferState)
_DELTA, _LIQUIDATION = whole(FillReason.DELTA), whole(FillReason.LIQUIDATION)
_FUNDING, _LIQUIDATION_FEE = whole(CashKind.FUNDING), whole(CashKind.LIQUIDATION_FEE)
_POLICY, _DUE = whole(Repair.POLICY), whole(Repair.DUE)
_SECOND_DRAW = 2**32
_DUST = 1e-9
"""Fraction of all positions below which a delta is what sums of doubles leave over."""


@inner
def _balance(r: Any, asset: int, venue: int) -> float:
    return float(r.base[venue] if asset == 0 else r.quote[venue])


@inner
def _start(r: Any, asset: int, venue: int) -> float:
    return float(r.venues[venue].base_start if asset == 0 else r.venues[venue].quote_start)


@inner
def _credit(r: Any, asset: int, venue: int, amount: float) -> None:
    if asset == 0:
        r.base[venue] += amount
    else:
        r.quote[venue] += amount


@inner
def _wanted(r: Any, asset: int, venue: int, overdue: bool) -> bool:
    have, begun = _balance(r, asset, venue), _start(r, asset, venue)
    if have < r.strategy[0].transfer_trigger * begun:
        return True
    return asset == 0 and overdue and have < begun - max(r.strategy[0].common_lot, 1e-12)


@inner
def _send(r: Any, asset: int, venue: int, now_ns: int) -> bool:
    terms = r.moves[asset, venue]
    origin = 1 - venue
    free = held(r, origin, asset == 0, _balance(r, asset, origin), NOBODY)
    amount = floor_to_lot(min(free, _balance(r, asset, origin) - _start(r, asset, origin)), terms.step)
    fee = terms.fee_fixed + terms.fee_rate * amount
    if not amount > 0.0 or amount < terms.min_amount or not amount > fee:
        return False
    number = r.transfers
    r.transfers += 1
    row = the_transfers(r)[number]
    row.asset, row.origin, row.destination, row.state = asset, origin, venue, _IN_TRANSIT
    row.amount, row.fee, row.lost, row.received = amount, fee, 0.0, 0.0
    row.sent_ns, row.ended_ns = now_ns, 2**62
    row.due_ns = now_ns + delay(r, VENUES * LEGS + 2 * asset + venue, number)
    if asset == 0:
        before_change(r, now_ns)
    _credit(r, asset, origin, -amount)
    r.transit[asset, venue] += amount - fee
    changed(r, origin, now_ns, asset == 0)
    push(r, row.due_ns, _TRANSFER, number, NOBODY)
    return True


@inner
def move_inventory(r: Any, now_ns: int) -> None:
    """Send what a drained venue lacks from the other one, an asset at a time."""
    overdue = r.tilt_sign != 0 and now_ns - r.tilt_since_ns > r.strategy[0].max_hold_ns
    if r.version == r.moved_version and not overdue:
        return
    r.moved_version = r.version
    if r.venues[0].perpetual or r.venues[1].perpetual:
        return
    for asset in range(2):
        if r.transit[asset, 0] != 0.0 or r.transit[asset, 1] != 0.0:
            continue
        for venue in range(2):
            wanted = r.moves[asset, venue].open and _wanted(r, asset, venue, overdue)
            if wanted and _send(r, asset, venue, now_ns):
                break


@inner
def transfer_arrives(r: Any, number: int, now_ns: int) -> None:
    """End a transfer's way: credited, or failed and on its way back."""
    row = the_transfers(r)[number]
    asset, venue, origin = row.asset, row.destination, row.origin
    terms = r.moves[asset, venue]
    sent = row.amount - row.fee
    if asset == 0:
        before_change(r, now_ns)
    r.transit[asset, venue] = 0.0
    if uniform_of(terms.failure_key, number) < terms.failure_probability:
        row.state = _FAILED
        row.lost = terms.loss_given_failure * sent
        r.transit[asset, origin] = sent - row.lost
        changed(r, NOBODY, now_ns, asset == 0)
        if r.transit[asset, origin] == 0.0:
            row.ended_ns = now_ns
            return
        due_ns = now_ns + delay(r, VENUES * LEGS + 2 * asset + venue, number + _SECOND_DRAW)
        push(r, due_ns, _REFUND, number, NOBODY)
        return
    row.state = _ARRIVED
    row.received = sent
    row.ended_ns = now_ns
    _credit(r, asset, venue, sent)
    changed(r, venue, now_ns, asset == 0)


@inner
def refund_arrives(r: Any, number: int, now_ns: int) -> None:
    """Credit what is left of a failed transfer where it came from."""
    row = the_transfers(r)[number]
    asset, origin = row.asset, row.origin
    row.state = _REFUNDED
    row.received = (row.amount - row.fee) - row.lost
    row.ended_ns = now_ns
    if asset == 0:
        before_change(r, now_ns)
    r.transit[asset, origin] = 0.0
    _credit(r, asset, origin, row.received)
    changed(r, origin, now_ns, asset == 0)


@inner
def _cash(r: Any, venue: int, kind: int, amount: float, now_ns: int) -> None:
    row = the_cash(r)[r.cash]
    r.cash += 1
    row.venue, row.kind, row.time_ns, row.amount = venue, kind, now_ns, amount
    r.quote[venue] += amount


@inner
def pay_funding(r: Any, venue: int, rate: float, now_ns: int) -> None:
    """Pay or receive the funding of a perpetual's position."""
    price = mid(r, venue)
    if not r.venues[venue].perpetual or r.base[venue] == 0.0 or price != price:
        return
    _cash(r, venue, _FUNDING, -(r.base[venue] * price * rate), now_ns)
    changed(r, venue, now_ns, NO)


@inner
def liquidate(r: Any, venue: int, now_ns: int) -> None:
    """Close a perpetual's position at the mid when its margin is used up, and stop trading."""
    price = mid(r, venue)
    if not (price > r.liquidation[venue, 1] or price < r.liquidation[venue, 0]):
        return
    position = r.base[venue]
    row = the_fills(r)[r.fills]
    r.fills += 1
    row.order = row.pair = -1
    row.venue, row.reason, row.sell, row.maker = venue, _LIQUIDATION, position > 0.0, False
    row.time_ns = row.known_ns = now_ns
    row.quantity, row.notional, row.mid = abs(position), abs(position) * price, price
    row.fee_base = row.fee_quote = row.fee_coin_quote = 0.0
    before_change(r, now_ns)
    r.quote[venue] += position * price
    r.base[venue] = 0.0
    _cash(r, venue, _LIQUIDATION_FEE, -(abs(position) * price * r.venues[venue].liquidation_rate), now_ns)
    changed(r, venue, now_ns, YES)
    r.halted = True
    r.turn += 1


@inner
def _busy(r: Any) -> bool:
    for number in range(r.strategy[0].max_in_flight):
        slot = r.slots[number]
        if slot.open and (slot.working > 0 or slot.repair == _POLICY or slot.repair == _DUE):
            return True
    return False


@inner
def _blocked(r: Any) -> None:
    r.delta_dirty = 2
    r.delta_row = r.books[2].row


@inner
def hedge_delta(r: Any, now_ns: int) -> None:
    """Bring the delta back into its band, in whole contracts and never beyond its target."""
    terms = r.strategy[0]
    if not terms.hedge or r.halted or r.delta_dirty == 0:
        return
    if r.delta_dirty == 2 and r.books[2].row == r.delta_row:
        return
    if r.delta_working or _busy(r):
        return
    away = gap(r)
    wanted = floor_to_lot(abs(away), r.venues[2].lot)
    dust = _DUST * (abs(r.base[A]) + abs(r.base[B]) + abs(r.base[H]))
    if abs(away) <= max(terms.hedge_band_base, dust) or small(r, H, wanted):
        r.delta_dirty = 0
        return
    book = r.books[2]
    if not fresh(book, now_ns, r.venues[2].max_age_ns, terms.max_unchanged_ns):
        _blocked(r)
        return
    sell = away > 0.0
    limit = banded(r, H, sell, book.bid if sell else book.ask, 1.0)
    if sell:
        funds = sell_free(r, H, NOBODY)
    else:
        funds = buy_free(r, H, NOBODY) / (limit * max(1.0, 1.0 + r.venues[H].taker_rate))
    quantity = floor_to_lot(min(wanted, funds), r.venues[2].lot)
    if small(r, H, quantity):
        _blocked(r)
        return
    r.delta_working = True
    send_order(r, now_ns, NOBODY, NOBODY, H, sell, NO, _DELTA, limit, quantity)
