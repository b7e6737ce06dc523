"""Compiled: one pass over everything that was recorded, and everything that comes due in between."""

from __future__ import annotations

from typing import Any, Final

from numba import njit

from arbresearch.backtest.codes import EventKind, FillReason, Rebalance
from arbresearch.backtest.compiled import NO, YES, A, B, H, inner, sources_number, whole
from arbresearch.backtest.fast_kernels import bounds, skip_all, skip_takers, watched
from arbresearch.backtest.instant_kernels import skip_listed
from arbresearch.backtest.layout import VENUES
from arbresearch.backtest.ledger_kernels import exposed, mid, profit
from arbresearch.backtest.log import Records
from arbresearch.backtest.log_kernels import room, the_fills, the_orders, the_samples
from arbresearch.backtest.move_kernels import hedge_delta, pay_funding, refund_arrives, transfer_arrives
from arbresearch.backtest.order_kernels import arrive_order, cancel_arrives, pop
from arbresearch.backtest.pair_kernels import deadline, settle
from arbresearch.backtest.quote_kernels import decision_step
from arbresearch.backtest.row_kernels import book_row, bring, ladder_row, trade_row
from arbresearch.backtest.schedule_kernels import next_terms
from arbresearch.backtest.tape_kernels import the_book, the_funding, the_ladder, the_trades
from arbresearch.core.units import NS_PER_DAY
from arbresearch.edges.arrays import NEVER_NS, Times

__all__ = ["DONE", "FULL", "advance"]

DONE = 0
FULL = 1
"""A log is nearly full: call again with longer ones."""

_ARRIVE, _KNOWN, _FILL_KNOWN, _CANCEL, _DEADLINE, _TRANSFER, _REFUND = (whole(one) for one in EventKind)
_TRANSFERS = whole(Rebalance.TRANSFER)
_DELTA, _HEDGE = whole(FillReason.DELTA), whole(FillReason.HEDGE)
_SPARE = 4096
"""Rows of each log that are kept free for one instant."""
_LEAST = 256
"""And for one event or recorded row of it; an instant that leaves less was without end, and the run is given up."""


@inner
def _known(r: Any, number: int, now_ns: int) -> None:
    order = the_orders(r)[number]
    order.known_ns = now_ns
    if order.reason == _DELTA:
        r.delta_working = False
        r.delta_dirty = 1 if order.filled >= order.quantity else 2
        r.delta_row = r.books[2].row
        return
    slot = r.slots[order.slot]
    short = NO
    if order.maker:
        slot.maker_live = False
        r.ended[slot.mode - 1] += 1.0
        r.share[slot.mode - 1] += order.filled / order.quantity
    else:
        slot.working -= 1
        slot.extra_base = slot.extra_quote = 0.0
        r.turn += 1
        if order.sell:
            slot.sold += order.filled
        else:
            slot.bought += order.filled
        short = order.reason == _HEDGE and order.filled < order.quantity
    settle(r, order.slot, now_ns, short)


@inner
def _fill_known(r: Any, number: int, now_ns: int) -> None:
    fill = the_fills(r)[number]
    place = the_orders(r)[fill.order].slot
    slot = r.slots[place]
    if fill.sell:
        slot.sold += fill.quantity
    else:
        slot.bought += fill.quantity
    settle(r, place, now_ns, NO)


@inner
def _events_at(r: Any, now_ns: int) -> None:
    """Let everything happen that is due."""
    while r.next_due_ns <= now_ns:
        if r.overflow or not room(r, _LEAST):
            r.overflow = True
            r.queued = 0
            r.next_due_ns = NEVER_NS
            return
        _, kind, ref, pair = pop(r)
        if kind == _ARRIVE:
            arrive_order(r, ref, now_ns)
        elif kind == _KNOWN:
            _known(r, ref, now_ns)
        elif kind == _FILL_KNOWN:
            _fill_known(r, ref, now_ns)
        elif kind == _CANCEL:
            cancel_arrives(r, ref, now_ns)
        elif kind == _DEADLINE:
            deadline(r, ref, pair, now_ns)
        elif kind == _TRANSFER:
            transfer_arrives(r, ref, now_ns)
        elif kind == _REFUND:
            refund_arrives(r, ref, now_ns)


@inner
def _instant(r: Any, now_ns: int, quoted: bool) -> None:
    """Do what follows when all rows of a time are in force."""
    _events_at(r, now_ns)
    if quoted:
        decision_step(r, now_ns)
        _events_at(r, now_ns)
    hedge_delta(r, now_ns)


@inner
def _sample(r: Any, now_ns: int) -> None:
    row = the_samples(r)[r.samples]
    r.samples += 1
    row.time_ns = now_ns
    row.mid_a, row.mid_b, row.mid_h = mid(r, A), mid(r, B), mid(r, H)
    row.base_a, row.base_b, row.base_h = r.base[0], r.base[1], r.base[2]
    row.quote_a, row.quote_b, row.quote_h = r.quote[0], r.quote[1], r.quote[2]
    row.coin_a, row.coin_b, row.coin_h = r.coin[0], r.coin[1], r.coin[2]
    row.transit_base = r.transit[0, 0] + r.transit[0, 1]
    row.transit_quote = r.transit[1, 0] + r.transit[1, 1]
    row.unhedged_quote_s = exposed(r, now_ns)
    row.in_flight = r.open_slots


@inner
def _until(r: Any, before_ns: int) -> bool:
    """Let happen what is due before a time, and take samples; return False when the logs are full."""
    while True:
        timer_ns = min(r.next_sample_ns, r.midnight_ns - 1, r.schedule_ns - 1)
        if r.next_due_ns < before_ns and r.next_due_ns <= timer_ns:
            _instant(r, r.next_due_ns, NO)
        elif timer_ns < before_ns:
            if r.next_sample_ns == timer_ns:
                _sample(r, timer_ns)
                r.next_sample_ns += r.strategy[0].sample_ns
            elif r.schedule_ns - 1 == timer_ns:
                next_terms(r)
            else:
                r.day_profit = profit(r)
                r.paused = False
                r.turn += 1
                r.midnight_ns += NS_PER_DAY
        else:
            return True
        if r.overflow or not room(r, _SPARE):
            return False


@inner
def _time(times: Times, place: int) -> int:
    return times[place] if place < times.size else NEVER_NS


@inner
def _advance(r: Any) -> int:
    """Go on until the last row, or until a log is nearly full."""
    a, b, h = the_book(r, A), the_book(r, B), the_book(r, H)
    trades_a, trades_b = the_trades(r, A), the_trades(r, B)
    ladder_a, ladder_b, ladder_h = the_ladder(r, A), the_ladder(r, B), the_ladder(r, H)
    funding_a, funding_b, funding_h = the_funding(r, A), the_funding(r, B), the_funding(r, H)
    place = r.cursors
    rests = r.enabled[2] or r.enabled[3] or r.enabled[4] or r.enabled[5]
    margins = r.venues[A].perpetual or r.venues[B].perpetual
    plain = not (rests or margins) and trades_a.recv_ns.size + trades_b.recv_ns.size + h.recv_ns.size == 0
    while True:
        if r.overflow:
            return DONE
        if not room(r, _SPARE):
            return FULL
        other_ns = min(
            _time(ladder_a.recv_ns, place[1]),
            _time(ladder_b.recv_ns, place[5]),
            _time(ladder_h.recv_ns, place[9]),
            _time(funding_a.recv_ns, place[3]),
            _time(funding_b.recv_ns, place[7]),
            _time(funding_h.recv_ns, place[11]),
        )
        quoted = NO
        if place[2] > 0 and place[6] > 0:
            opens = bounds(r, min(_time(a.recv_ns, place[2]), _time(b.recv_ns, place[6])))
            limit_ns = min(other_ns, r.next_due_ns, r.next_sample_ns + 1, r.midnight_ns, r.bounds_until_ns)
            limit_ns = min(limit_ns, r.schedule_ns)
            always, manages = watched(r)
            overdue = r.strategy[0].rebalance == _TRANSFERS and r.tilt_sign != 0
            if plain and not (always or overdue):
                open_from_ns = r.decided_ns + r.strategy[0].min_interval_ns
                if r.instants > 0:
                    ia, ib, now_ns, hit = skip_listed(r, a, b, place[2], place[6], limit_ns, open_from_ns)
                else:
                    ia, ib, now_ns, hit = skip_takers(a, b, place[2], place[6], limit_ns, r.bounds, open_from_ns)
            else:
                ia, ib, now_ns, hit = skip_all(
                    r, a, b, h, trades_a, trades_b, limit_ns, opens, always, manages, margins
                )
            place[2], place[6] = ia, ib
            bring(r, H, h, place[10] - 1)
            if hit:
                on_a, on_b = a.recv_ns[ia - 1] == now_ns, b.recv_ns[ib - 1] == now_ns
                bring(r, B, b, ib - 2 if on_b else ib - 1)
                bring(r, A, a, ia - 1)
                if on_a:
                    book_row(r, A, now_ns)
                bring(r, B, b, ib - 1)
                if on_b:
                    book_row(r, B, now_ns)
                if _time(a.recv_ns, ia) > now_ns and _time(b.recv_ns, ib) > now_ns:
                    _instant(r, now_ns, YES)
                    continue
            else:
                bring(r, A, a, ia - 1)
                bring(r, B, b, ib - 1)
        other_ns = min(
            other_ns, _time(trades_a.recv_ns, place[0]), _time(trades_b.recv_ns, place[4]), _time(h.recv_ns, place[10])
        )
        now_ns = min(other_ns, min(_time(a.recv_ns, place[2]), _time(b.recv_ns, place[6])))
        if now_ns == NEVER_NS:
            break
        if not _until(r, now_ns):
            return DONE if r.overflow else FULL
        for venue in range(VENUES):
            first = 4 * venue
            if venue < 2:
                made = trades_a if venue == 0 else trades_b
                while _time(made.recv_ns, place[first]) == now_ns:
                    row = place[first]
                    place[first] += 1
                    r.overflow = r.overflow or not room(r, _LEAST)
                    if r.overflow:
                        return DONE
                    trade_row(r, venue, made.price[row], made.size[row], made.aggressor[row], now_ns)
            ladder = ladder_a if venue == 0 else (ladder_b if venue == 1 else ladder_h)
            while _time(ladder.recv_ns, place[first + 1]) == now_ns:
                ladder_row(r, venue, ladder, place[first + 1])
                place[first + 1] += 1
            rows = a if venue == 0 else (b if venue == 1 else h)
            while _time(rows.recv_ns, place[first + 2]) == now_ns:
                bring(r, venue, rows, place[first + 2])
                place[first + 2] += 1
                r.overflow = r.overflow or not room(r, _LEAST)
                if r.overflow:
                    return DONE
                quoted = quoted or venue < 2
                book_row(r, venue, now_ns)
            paid = funding_a if venue == 0 else (funding_b if venue == 1 else funding_h)
            while _time(paid.recv_ns, place[first + 3]) == now_ns:
                pay_funding(r, venue, paid.rate[place[first + 3]], now_ns)
                place[first + 3] += 1
        _instant(r, now_ns, quoted)
    if not _until(r, r.last_ns + 1):
        return DONE if r.overflow else FULL
    if r.samples == 0 or the_samples(r)[r.samples - 1].time_ns != r.last_ns:
        _sample(r, r.last_ns)
    return DONE


def _kept_as(sources: int) -> Any:
    """Compile the pass under a number of its sources: numba keeps a function by its own file and its free variables."""

    @njit(cache=True, error_model="numpy", nogil=True)
    def numbered(run: Any) -> int:
        return _advance(run[0]) if sources >= 0 else FULL

    return numbered


_compiled: Final = _kept_as(sources_number())


def advance(run: Records) -> int:
    """Go on until the last row, or until a log is nearly full.

    Parameters
    ----------
    run : records of dtype RUN, shape (1,)
        Where the run stands; changed. It holds the addresses of the recorded tables, the logs and the delays, whose
        arrays the caller must keep.

    Returns
    -------
    int
        ``DONE`` or ``FULL``.
    """
    return int(_compiled(run))
