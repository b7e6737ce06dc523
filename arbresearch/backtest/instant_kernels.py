"""Compiled: an index of instants of two books, by which many runs over one recording pass what none acts on.

An instant is a step of merging the two books: one row of either, or of both at one time. The index says of each how
many rows are read after it and the ratio of the price sold at to the price bought at, both ways, and of each block of
instants the largest and the time it begins. Instants at which neither ratio is large enough may be left out. A stretch
then looks only into the blocks in which its own thresholds are reached.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numba import carray, njit

from arbresearch.backtest.compiled import NO, NOBODY, YES, inner
from arbresearch.backtest.log_kernels import pointer
from arbresearch.edges.arrays import NEVER_NS, Floats, Times
from arbresearch.matching.rows import BookRows

__all__ = ["BLOCK", "fill_blocks", "fill_instants", "skip_listed"]

BLOCK: Final = 64
"""Instants a block."""

_SHIFT: Final = 6
_LOOSE: Final = 1.0 + 2e-7
"""Ratios are kept in single precision, whose relative error is below 1.2e-7."""


@njit(cache=True, error_model="numpy", nogil=True)
def fill_instants(
    recv_a: Times, bid_a: Floats, ask_a: Floats, recv_b: Times, bid_b: Floats, ask_b: Floats,
    ia: int, ib: int, end_a: int, end_b: int, least_ab: float, least_ba: float,
    rows_a: Any, rows_b: Any, ratio_ab: Any, ratio_ba: Any,
) -> int:  # fmt: skip
    """Fill in the instants of a span and return how many there are.

    Parameters
    ----------
    recv_a, bid_a, ask_a, recv_b, bid_b, ask_b
        The two books.
    ia, ib, end_a, end_b
        Rows that come before the span, and before its end.
    least_ab, least_ba
        Instants at which neither ratio is above its own of these are left out; negative: none is.
    rows_a, rows_b : int32, shape (rows of the span,)
        Rows read after an instant, one or more of each.
    ratio_ab, ratio_ba : float32, same shape
        Bid of A over ask of B, and the reverse; 0 where a price is missing.
    """
    count = 0
    time_a = recv_a[ia] if ia < end_a else NEVER_NS
    time_b = recv_b[ib] if ib < end_b else NEVER_NS
    while ia < end_a or ib < end_b:
        on_a, on_b = time_a <= time_b, time_b <= time_a
        ia += on_a
        ib += on_b
        time_a = recv_a[ia] if ia < end_a else NEVER_NS
        time_b = recv_b[ib] if ib < end_b else NEVER_NS
        if ia == 0 or ib == 0:
            continue
        ab, ba = bid_a[ia - 1] / ask_b[ib - 1], bid_b[ib - 1] / ask_a[ia - 1]
        ab = ab if ab == ab else 0.0
        ba = ba if ba == ba else 0.0
        if ab > least_ab or ba > least_ba:
            rows_a[count], rows_b[count] = ia, ib
            ratio_ab[count], ratio_ba[count] = ab, ba
            count += 1
    return count


@njit(cache=True, error_model="numpy")
def fill_blocks(
    recv_a: Times, recv_b: Times, rows_a: Any, rows_b: Any, ratio_ab: Any, ratio_ba: Any,
    since_ns: Times, most_ab: Any, most_ba: Any,
) -> None:  # fmt: skip
    """Fill in the time of the first instant of each block and the largest ratios of it, shape (blocks,)."""
    for block in range(since_ns.size):
        first = block << _SHIFT
        since_ns[block] = max(recv_a[rows_a[first] - 1], recv_b[rows_b[first] - 1])
        ab, ba = ratio_ab[first], ratio_ba[first]
        for place in range(first + 1, min(first + BLOCK, rows_a.size)):
            ab = max(ab, ratio_ab[place])
            ba = max(ba, ratio_ba[place])
        most_ab[block], most_ba[block] = ab, ba


@inner
def _before(times: Times, first: int, limit_ns: int) -> int:
    """Return how many rows come before a time, the first ones known to."""
    step = 1
    low = first
    while low + step <= times.size and times[low + step - 1] < limit_ns:
        low += step
        step *= 2
    high = min(low + step, times.size)
    while low < high:
        middle = (low + high) // 2
        if times[middle] < limit_ns:
            low = middle + 1
        else:
            high = middle
    return low


@inner
def _after(rows_a: Any, rows_b: Any, first: int, read: int) -> int:
    """Return the first instant from one on after which more rows are read."""
    step = 1
    low = first
    while low + step <= rows_a.size and rows_a[low + step - 1] + rows_b[low + step - 1] <= read:
        low += step
        step *= 2
    high = min(low + step, rows_a.size)
    while low < high:
        middle = (low + high) // 2
        if rows_a[middle] + rows_b[middle] <= read:
            low = middle + 1
        else:
            high = middle
    return low


@inner
def skip_listed(
    r: Any, a: BookRows, b: BookRows, ia: int, ib: int, limit_ns: int, open_from_ns: int
) -> tuple[int, int, int, bool]:
    """Do as ``skip_takers`` does, by the index."""
    count = r.instants
    blocks = (count + BLOCK - 1) // BLOCK
    rows_a = carray(pointer(r.instants_at[0]), (count,), np.int32)
    rows_b = carray(pointer(r.instants_at[1]), (count,), np.int32)
    ratio_ab = carray(pointer(r.instants_at[2]), (count,), np.float32)
    ratio_ba = carray(pointer(r.instants_at[3]), (count,), np.float32)
    since_ns = carray(pointer(r.instants_at[4]), (blocks,), np.int64)
    most_ab = carray(pointer(r.instants_at[5]), (blocks,), np.float32)
    most_ba = carray(pointer(r.instants_at[6]), (blocks,), np.float32)
    within = r.bounds
    ab, ba = within[0, 0] * _LOOSE, within[1, 0] * _LOOSE
    if ab > 0.0 or ba > 0.0:
        place = _after(rows_a, rows_b, r.instant, ia + ib)
        r.instant = place
        while place < count:
            block = place >> _SHIFT
            if since_ns[block] >= limit_ns:
                break
            stop = min((block + 1) << _SHIFT, count)
            if most_ab[block] * ab > 1.0 or most_ba[block] * ba > 1.0:
                r.instant = place
                while place < stop:
                    if ratio_ab[place] * ab > 1.0 or ratio_ba[place] * ba > 1.0:
                        row_a, row_b = rows_a[place] - 1, rows_b[place] - 1
                        now_ns = max(a.recv_ns[row_a], b.recv_ns[row_b])
                        if now_ns >= limit_ns:
                            return _before(a.recv_ns, ia, limit_ns), _before(b.recv_ns, ib, limit_ns), NOBODY, NO
                        if now_ns >= open_from_ns:
                            sell_a, buy_b = a.bid[row_a], b.ask[row_b]
                            sell_b, buy_a = b.bid[row_b], a.ask[row_a]
                            if (sell_a * within[0, 0] > buy_b and sell_a >= within[0, 1] and buy_b <= within[0, 2]) or (
                                sell_b * within[1, 0] > buy_a and sell_b >= within[1, 1] and buy_a <= within[1, 2]
                            ):
                                r.instant = place
                                return rows_a[place], rows_b[place], now_ns, YES
                    place += 1
            place = stop
    return _before(a.recv_ns, ia, limit_ns), _before(b.recv_ns, ib, limit_ns), NOBODY, NO
