"""Compiled: an index of all instants of two books, by which many runs over one recording pass what none acts on.

An instant is a step of merging the two books: one row of either, or of both at one time. The index says of each how
many rows are read after it and the ratio of the price sold at to the price bought at, both ways, and of each block of
instants the largest. A stretch then looks only into the blocks in which its own thresholds are reached.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numba import carray, njit

from arbresearch.backtest.compiled import NO, NOBODY, YES, inner
from arbresearch.backtest.log_kernels import pointer
from arbresearch.edges.arrays import NEVER_NS, Floats, Times
from arbresearch.matching.rows import BookRows

__all__ = ["BLOCK", "fill_instants", "skip_listed"]

BLOCK: Final = 64
"""Instants a block."""

_SHIFT: Final = 6
_LOOSE: Final = 1.0 + 2e-7
"""Ratios are kept in single precision, whose relative error is below 1.2e-7."""


@njit(cache=True, error_model="numpy")
def fill_instants(
    recv_a: Times, bid_a: Floats, ask_a: Floats, recv_b: Times, bid_b: Floats, ask_b: Floats,
    rows_a: Any, rows_b: Any, ratio_ab: Any, ratio_ba: Any, most_ab: Any, most_ba: Any,
) -> int:  # fmt: skip
    """Fill in the index and return how many instants there are.

    Parameters
    ----------
    recv_a, bid_a, ask_a, recv_b, bid_b, ask_b
        The two books.
    rows_a, rows_b : int32, shape (rows of A + rows of B,)
        Rows read after an instant, one or more of each.
    ratio_ab, ratio_ba : float32, same shape
        Bid of A over ask of B, and the reverse; 0 where a price is missing.
    most_ab, most_ba : float32, shape (blocks,)
        Largest of a block.
    """
    ia, ib, count = 0, 0, 0
    while ia < recv_a.size or ib < recv_b.size:
        time_a = recv_a[ia] if ia < recv_a.size else NEVER_NS
        time_b = recv_b[ib] if ib < recv_b.size else NEVER_NS
        ia += time_a <= time_b
        ib += time_b <= time_a
        if ia == 0 or ib == 0:
            continue
        ab, ba = bid_a[ia - 1] / ask_b[ib - 1], bid_b[ib - 1] / ask_a[ia - 1]
        ab = ab if ab == ab else 0.0
        ba = ba if ba == ba else 0.0
        rows_a[count], rows_b[count] = ia, ib
        ratio_ab[count], ratio_ba[count] = ab, ba
        block = count >> _SHIFT
        if count & (BLOCK - 1) == 0:
            most_ab[block], most_ba[block] = ab, ba
        else:
            most_ab[block] = max(most_ab[block], np.float32(ab))
            most_ba[block] = max(most_ba[block], np.float32(ba))
        count += 1
    return count


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
    most_ab = carray(pointer(r.instants_at[4]), (blocks,), np.float32)
    most_ba = carray(pointer(r.instants_at[5]), (blocks,), np.float32)
    within = r.bounds
    last_a, last_b = _before(a.recv_ns, ia, limit_ns), _before(b.recv_ns, ib, limit_ns)
    place = _after(rows_a, rows_b, r.instant, ia + ib)
    r.instant = place
    if not (within[0, 0] > 0.0 or within[1, 0] > 0.0):
        return last_a, last_b, NOBODY, NO
    end = _after(rows_a, rows_b, place, last_a + last_b)
    ab, ba = within[0, 0] * _LOOSE, within[1, 0] * _LOOSE
    while place < end:
        block = place >> _SHIFT
        stop = min((block + 1) << _SHIFT, end)
        if most_ab[block] * ab > 1.0 or most_ba[block] * ba > 1.0:
            while place < stop:
                if ratio_ab[place] * ab > 1.0 or ratio_ba[place] * ba > 1.0:
                    row_a, row_b = rows_a[place] - 1, rows_b[place] - 1
                    now_ns = max(a.recv_ns[row_a], b.recv_ns[row_b])
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
    return last_a, last_b, NOBODY, NO
