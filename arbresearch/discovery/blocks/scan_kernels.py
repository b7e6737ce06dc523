"""Compiled: one pass over two books, from the first quote of a stretch to the last, for everything a score counts.

The two streams are merged on the fly: nothing is kept a row, so memory does not grow with the number of quotes.
All of it lives in one file, for a compiled function does not notice a changed callee in another.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numba import njit

from arbresearch.edges.arrays import Floats, Times

__all__ = ["COUNTS", "Feed", "Memory", "Rules", "Scan", "Starts", "new_memory", "scan"]

COUNTS: Final = (
    "covered_ns", "updates", "gross_ns", "net_ab_ns", "net_ba_ns", "standing_ns", "raw_episodes",
    "value_ab_ns", "value_ba_ns", "gross_bps_ns",
)  # fmt: skip
"""What is summed in each block.

Nanoseconds with both books known and fresh; merged updates; nanoseconds with a gross edge above zero in some
direction, with a net edge above the entry in each, and with one that is only there against a book that stands still or
is silent while the other goes on; episodes of a gross edge above zero; integrals over time of bid A over ask B, of
bid B over ask A, and of the gross edge in bps while it is above zero.
"""
_COVERED, _UPDATES, _GROSS, _NET_AB, _NET_BA, _STANDING, _RAW, _VALUE_AB, _VALUE_BA, _GROSS_BPS = range(10)

_CLOSED, _OPEN, _GAP = 0, 1, 2
_NEVER: Final = 2**62


class Feed(NamedTuple):
    """One stream of quotes, sorted by receive time; NaN marks an empty side."""

    recv_ns: Times
    bid: Floats
    bid_size: Floats
    ask: Floats
    ask_size: Floats


class Rules(NamedTuple):
    """Stretch and blocks, factors after fees, threshold, gap, and when a book is stale or stands still.

    ``keep`` is one less the fee, ``pay`` one plus the fee, ``entry`` one plus the threshold as a fraction.
    """

    start_ns: int
    stop_ns: int
    block_ns: int
    keep_a: float
    pay_a: float
    keep_b: float
    pay_b: float
    entry: float
    min_gap_ns: int
    max_age_ns: int
    standing_ns: int


class Memory(NamedTuple):
    """What one stretch hands to the next.

    State and last end of the four episodes gross ab, gross ba, net ab, net ba, shape (4,); and since when the first
    row of either book has said what it says, shape (2,), after the scan that of the row in force at its end.
    """

    states: Times
    gaps_ns: Times
    changed_ns: Times


class Starts(NamedTuple):
    """Where net episodes began: instant, direction, and the row of each book in force."""

    time_ns: Times
    direction: Times
    row_a: Times
    row_b: Times


class Scan(NamedTuple):
    """Sums of each block, shape (blocks, counts), and the beginnings of net episodes."""

    sums: Floats
    starts: Starts


def new_memory(first_a_ns: int, first_b_ns: int) -> Memory:
    """Return the memory before anything was seen; each book says what it says since its first row."""
    return Memory(np.zeros(4, np.int64), np.zeros(4, np.int64), np.array([first_a_ns, first_b_ns], np.int64))


@njit(cache=True, error_model="numpy")
def _differ(x: float, y: float) -> bool:
    """Return whether two values differ, NaN being equal to NaN."""
    return x != y and (x == x or y == y)


@njit(cache=True, error_model="numpy")
def _step(
    states: Times, gaps: Times, which: int, above: bool, now: int, limit: int, over: int, min_gap_ns: int
) -> bool:
    """Advance one episode over a row that holds from ``now``; return whether an episode begins.

    ``limit`` is the last instant at which the row is fresh, ``over`` when the next one comes.
    """
    if not above:
        if states[which] == _OPEN:
            states[which] = _GAP
            gaps[which] = now
        return False
    begins: bool = states[which] == _CLOSED or (states[which] == _GAP and now - gaps[which] >= min_gap_ns)
    states[which] = _OPEN
    if limit < over:
        states[which] = _GAP
        gaps[which] = limit
    return begins


@njit(cache=True, error_model="numpy")
def _expire(states: Times, gaps: Times, limit: int, over: int) -> None:
    """End what a row from before the stretch left open, when it grows stale before the next row."""
    for which in range(4):
        if states[which] == _OPEN and limit < over:
            states[which] = _GAP
            gaps[which] = limit


@njit(cache=True, error_model="numpy")
def _spread(sums: Floats, rules: Rules, start: int, stop: int, column: int) -> None:
    """Add the nanoseconds between two instants to the blocks they lie in."""
    now = start
    while now < stop:
        block = (now - rules.start_ns) // rules.block_ns
        upto = min(stop, rules.start_ns + (block + 1) * rules.block_ns)
        sums[block, column] += upto - now
        now = upto


@njit(cache=True, error_model="numpy")
def scan(a: Feed, b: Feed, rules: Rules, memory: Memory) -> Scan:
    """Merge two feeds and sum up every block of a stretch.

    Parameters
    ----------
    a, b
        At least one row each; rows before the stretch are what was in force (at most one of each book counts), rows
        after it are left alone.
    rules
        ``stop_ns - start_ns`` is a whole number of blocks.
    memory
        Of the stretch before; changed to that of this one.

    Returns
    -------
    Scan
        A row from before the stretch begins no episode. Edges are above a threshold strictly; a stale or standing
        book and an empty side have none.
    """
    blocks = (rules.stop_ns - rules.start_ns) // rules.block_ns
    sums = np.zeros((blocks, 10))
    room, found = 2 * (a.recv_ns.size + b.recv_ns.size), 0
    times, ways = np.empty(room, dtype=np.int64), np.empty(room, dtype=np.int64)
    rows_a, rows_b = np.empty(room, dtype=np.int64), np.empty(room, dtype=np.int64)
    recv_a, recv_b = a.recv_ns, b.recv_ns
    size_a, size_b = recv_a.size, recv_b.size
    keep_a, keep_b = rules.keep_a, rules.keep_b
    enter_a, enter_b = rules.pay_a * rules.entry, rules.pay_b * rules.entry
    start_ns, stop_ns = rules.start_ns, rules.stop_ns
    changed_a, changed_b = memory.changed_ns[0], memory.changed_ns[1]
    i, j = 0, 0
    now = max(recv_a[0], recv_b[0])
    next_a = recv_a[1] if size_a > 1 else _NEVER
    next_b = recv_b[1] if size_b > 1 else _NEVER
    covered, gross_time, net_ab_time, net_ba_time, value_ab, value_ba, gross_bps = (
        0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0,
    )  # fmt: skip
    updates, raw, before = 0, 0, 0
    block, block_end = 0, start_ns + rules.block_ns
    states, gaps = memory.states, memory.gaps_ns
    any_row = now < stop_ns
    bids_a, asks_a, bid_sizes_a, ask_sizes_a = a.bid, a.ask, a.bid_size, a.ask_size
    bids_b, asks_b, bid_sizes_b, ask_sizes_b = b.bid, b.ask, b.bid_size, b.ask_size
    bid_a, ask_a, bid_size_a, ask_size_a = bids_a[0], asks_a[0], bid_sizes_a[0], ask_sizes_a[0]
    bid_b, ask_b, bid_size_b, ask_size_b = bids_b[0], asks_b[0], bid_sizes_b[0], ask_sizes_b[0]
    while now < stop_ns:
        while next_a <= now:
            i += 1
            bid, ask, bid_size, ask_size = bids_a[i], asks_a[i], bid_sizes_a[i], ask_sizes_a[i]
            if (
                _differ(bid, bid_a)
                or _differ(ask, ask_a)
                or _differ(bid_size, bid_size_a)
                or _differ(ask_size, ask_size_a)
            ):
                changed_a = next_a
            bid_a, ask_a, bid_size_a, ask_size_a = bid, ask, bid_size, ask_size
            next_a = recv_a[i + 1] if i + 1 < size_a else _NEVER
        while next_b <= now:
            j += 1
            bid, ask, bid_size, ask_size = bids_b[j], asks_b[j], bid_sizes_b[j], ask_sizes_b[j]
            if (
                _differ(bid, bid_b)
                or _differ(ask, ask_b)
                or _differ(bid_size, bid_size_b)
                or _differ(ask_size, ask_size_b)
            ):
                changed_b = next_b
            bid_b, ask_b, bid_size_b, ask_size_b = bid, ask, bid_size, ask_size
            next_b = recv_b[j + 1] if j + 1 < size_b else _NEVER
        over = min(next_a, next_b, stop_ns)
        since = max(now, start_ns)
        if since >= block_end:
            _flush(
                sums, block, covered, updates, gross_time, net_ab_time, net_ba_time, raw, value_ab, value_ba, gross_bps
            )
            covered, gross_time, net_ab_time, net_ba_time, value_ab, value_ba, gross_bps = (
        0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0,
    )  # fmt: skip
            updates, raw = 0, 0
            block = (since - start_ns) // rules.block_ns
            block_end = start_ns + (block + 1) * rules.block_ns
        fresh = min(recv_a[i], recv_b[j]) + rules.max_age_ns
        limit = min(fresh, min(changed_a, changed_b) + rules.standing_ns)
        gross_ab, gross_ba = bid_a > ask_b, bid_b > ask_a
        net_ab, net_ba = bid_a * keep_a > ask_b * enter_b, bid_b * keep_b > ask_a * enter_a
        if now < start_ns:
            _expire(states, gaps, limit, over)
            before = -1
        else:
            updates += 1
            above = (gross_ab | gross_ba << 1 | net_ab << 2 | net_ba << 3) if now <= limit else 0
            if above != before or limit < over:
                raw += _step(states, gaps, 0, above & 1 != 0, now, limit, over, rules.min_gap_ns)
                raw += _step(states, gaps, 1, above & 2 != 0, now, limit, over, rules.min_gap_ns)
                for way in range(2):
                    if _step(states, gaps, 2 + way, above & (4 << way) != 0, now, limit, over, rules.min_gap_ns):
                        times[found], ways[found], rows_a[found], rows_b[found] = now, way, i, j
                        found += 1
                before = above if limit >= over else -1
        held = min(over, limit)
        if held > since:
            inverse = 1.0 / (ask_a * ask_b)
            in_ab, in_ba = bid_a * ask_a * inverse, bid_b * ask_b * inverse
            if in_ab == in_ab and in_ba == in_ba:
                while since < held:
                    if since == block_end:
                        _flush(
                            sums, block, covered, updates, gross_time, net_ab_time, net_ba_time, raw, value_ab,
                            value_ba, gross_bps,
                        )  # fmt: skip
                        covered, gross_time, net_ab_time, net_ba_time, value_ab, value_ba, gross_bps = (
                            0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0,
                        )  # fmt: skip
                        updates, raw = 0, 0
                        block += 1
                        block_end += rules.block_ns
                    span = float(min(held, block_end) - since)
                    covered += span
                    value_ab += in_ab * span
                    value_ba += in_ba * span
                    if gross_ab or gross_ba:
                        gross_time += span
                        gross_bps += span * 1e4 * (max(in_ab, in_ba) - 1.0)
                    if net_ab or net_ba:
                        net_ab_time += span if net_ab else 0.0
                        net_ba_time += span if net_ba else 0.0
                    since = min(held, block_end)
        if limit < over and (net_ab or net_ba):
            heard = max(recv_a[i], recv_b[j]) + rules.max_age_ns
            _spread(sums, rules, max(now, start_ns, limit), min(over, heard), _STANDING)
        now = over if over < stop_ns else _NEVER
    if any_row:
        _flush(sums, block, covered, updates, gross_time, net_ab_time, net_ba_time, raw, value_ab, value_ba, gross_bps)
    memory.changed_ns[0] = changed_a
    memory.changed_ns[1] = changed_b
    starts = Starts(times[:found].copy(), ways[:found].copy(), rows_a[:found].copy(), rows_b[:found].copy())
    return Scan(sums, starts)


@njit(cache=True, error_model="numpy")
def _flush(
    sums: Floats, block: int, covered: float, updates: int, gross: float, net_ab: float, net_ba: float, raw: int,
    value_ab: float, value_ba: float, gross_bps: float,
) -> None:  # fmt: skip
    """Add what was summed of one block to its row."""
    sums[block, _COVERED] += covered
    sums[block, _UPDATES] += updates
    sums[block, _GROSS] += gross
    sums[block, _NET_AB] += net_ab
    sums[block, _NET_BA] += net_ba
    sums[block, _RAW] += raw
    sums[block, _VALUE_AB] += value_ab
    sums[block, _VALUE_BA] += value_ba
    sums[block, _GROSS_BPS] += gross_bps
