"""Compiled passes over two series observed at different times."""

from __future__ import annotations

from math import gcd, log
from typing import Any, Final, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from arbresearch.edges.arrays import Floats, Times

__all__ = [
    "SUBGRIDS",
    "BlockSums",
    "Changes",
    "first_fault",
    "horizon_sums",
    "lead_lag_block",
    "lead_lag_blocks",
    "overlap_sums",
    "thinned",
]

SUBGRIDS: Final = 5
"""Grids, shifted against each other, on which changes over a horizon are taken (Zhang and others 2005)."""


class Changes(NamedTuple):
    """The intervals in which a level changed: each from one observation to the next, in order.

    ``begins`` and ``ends`` are times, shape (k,); ``levels`` is the level before the first change and after each,
    shape (k + 1,). Intervals without a change add nothing to any product and are left out.
    """

    begins: NDArray[Any]
    ends: NDArray[Any]
    levels: Floats


@njit(cache=True, error_model="numpy")
def first_fault(times: NDArray[Any], values: Floats) -> tuple[int, int, bool]:
    """Return the first row out of order or not finite in time, the first infinite value, -1 for none.

    The third says whether a value is NaN or a time repeats, so that rows must be left out.
    """
    infinite = -1
    doubtful = False
    for i in range(times.size):
        if (i > 0 and not times[i] >= times[i - 1]) or times[i] - times[i] != 0:
            return i, infinite, doubtful
        if i > 0 and times[i] == times[i - 1]:
            doubtful = True
        if values[i] != values[i]:
            doubtful = True
        elif infinite < 0 and values[i] - values[i] != 0.0:
            infinite = i
    return -1, infinite, doubtful


@njit(cache=True, error_model="numpy")
def overlap_sums(one: Changes, two: Changes, lag: Any, tolerance: Any) -> tuple[float, float]:
    """Sum over the changes of one series their products with what overlaps of the other, ``lag`` later.

    The changes of the other that overlap an interval are consecutive, so they add up to the difference of two
    levels: before the first that ends after its beginning, and after the last that begins before its end.

    Parameters
    ----------
    one, two
        Times of one type with ``lag`` and ``tolerance``.
    lag
        Added to the times of the first.
    tolerance
        Intervals that overlap by no more only touch; for the rounding of float times.

    Returns
    -------
    covariance, square
        Sum of the products, and sum of their squares.
    """
    begins, ends, levels = two.begins, two.ends, two.levels
    count = begins.size
    covariance = 0.0
    square = 0.0
    ended = 0
    begun = 0
    for i in range(one.begins.size):
        start = one.begins[i] + lag + tolerance
        stop = one.ends[i] + lag - tolerance
        while ended < count and ends[ended] <= start:
            ended += 1
        while begun < count and begins[begun] < stop:
            begun += 1
        if begun > ended:
            product = (one.levels[i + 1] - one.levels[i]) * (levels[begun] - levels[ended])
            covariance += product
            square += product * product
    return covariance, square


class BlockSums(NamedTuple):
    """What :func:`lead_lag_block` returns: the sums of :class:`arbresearch.edges.LeadLagSums` over one block."""

    products: Floats
    squares: Floats
    known: Times
    square_1: float
    square_2: float
    step_ns: int
    moves_1: float
    moves_2: float
    moves: int


@njit(cache=True, error_model="numpy")
def _changed(times: Times, levels: Floats) -> Changes:
    begins = np.empty(times.size, dtype=np.int64)
    ends = np.empty(times.size, dtype=np.int64)
    kept = np.empty(times.size)
    kept[0] = levels[0]
    count = 0
    for i in range(1, times.size):
        if levels[i] != levels[i - 1]:
            begins[count] = times[i - 1]
            ends[count] = times[i]
            count += 1
            kept[count] = levels[i]
    return Changes(begins[:count], ends[:count], kept[: count + 1])


@njit(cache=True, error_model="numpy")
def _sum_of_squares(levels: Floats) -> float:
    total = 0.0
    for i in range(1, levels.size):
        change = levels[i] - levels[i - 1]
        total += change * change
    return total


@njit(cache=True, error_model="numpy")
def _smallest(lags_ns: Times) -> int:
    smallest = 0
    for lag in lags_ns:
        if lag != 0 and (smallest == 0 or abs(lag) < smallest):
            smallest = abs(lag)
    return smallest


@njit(cache=True, error_model="numpy")
def _step(times: Times, step: int, smallest: int) -> int:
    """Return the common divisor of a step and all gaps between times, or any number under the smallest lag."""
    for i in range(1, times.size):
        if 0 < step < smallest:
            break
        gap = times[i] - times[i - 1]
        if step == 0 or gap % step != 0:
            step = gcd(step, gap)
    return step


@njit(cache=True, error_model="numpy")
def _common_step(t1: Times, t2: Times, lags_ns: Times) -> int:
    smallest = _smallest(lags_ns)
    step = _step(t2, _step(t1, 0, smallest), smallest)
    if t1.size > 0 and t2.size > 0:
        step = gcd(step, abs(t1[0] - t2[0]))
    return 1 if 0 < step < smallest else step


@njit(cache=True, error_model="numpy")
def horizon_sums(t1: Times, x1: Floats, t2: Times, x2: Floats, horizon_ns: int) -> tuple[float, float, float, int]:
    """Sum squares and products of the changes of two series over one horizon, from each fifth of it on.

    Of the last known levels, over the time in which both are observed. On a horizon shorter than both update, their
    correlation fades (Epps 1979); that of overlapping changes does not.

    Parameters
    ----------
    t1, x1, t2, x2
        As :func:`lead_lag_block` takes them.
    horizon_ns
        Above zero.

    Returns
    -------
    square_1, square_2, product, changes
        Sums, and how many changes they are of; zeros where the common time is shorter than the horizon.
    """
    if t1.size == 0 or t2.size == 0:
        return 0.0, 0.0, 0.0, 0
    start = max(t1[0], t2[0])
    steps = (min(t1[-1], t2[-1]) - start) * SUBGRIDS // horizon_ns
    if steps < SUBGRIDS:
        return 0.0, 0.0, 0.0, 0
    last_1 = np.empty(SUBGRIDS)
    last_2 = np.empty(SUBGRIDS)
    square_1 = square_2 = product = 0.0
    row_1 = row_2 = 0
    for k in range(steps + 1):
        moment = start + k * horizon_ns // SUBGRIDS
        while row_1 + 1 < t1.size and t1[row_1 + 1] <= moment:
            row_1 += 1
        while row_2 + 1 < t2.size and t2[row_2 + 1] <= moment:
            row_2 += 1
        place = k % SUBGRIDS
        if k >= SUBGRIDS:
            change_1 = x1[row_1] - last_1[place]
            change_2 = x2[row_2] - last_2[place]
            square_1 += change_1 * change_1
            square_2 += change_2 * change_2
            product += change_1 * change_2
        last_1[place] = x1[row_1]
        last_2[place] = x2[row_2]
    return square_1, square_2, product, steps + 1 - SUBGRIDS


@njit(cache=True, error_model="numpy")
def lead_lag_block(t1: Times, x1: Floats, t2: Times, x2: Floats, lags_ns: Times, horizon_ns: int) -> BlockSums:
    """Sum over one block of time what lead and lag and the ratio of volatilities are made of.

    Compiled and unchecked; :meth:`arbresearch.edges.LeadLagSums.of` checks.

    Parameters
    ----------
    t1, t2 : array of int64, shapes (n,) and (m,)
        Times, ns, strictly ascending.
    x1, x2 : array of float64, shapes (n,) and (m,)
        Finite levels, usually logarithms of mid prices.
    lags_ns : array of int64, shape (lags,)
        Added to the times of the first series.
    horizon_ns
        Above zero: of the changes that volatilities are made of.

    Returns
    -------
    BlockSums
        Zeros where a series has fewer than two rows, save ``step_ns``.
    """
    products = np.zeros(lags_ns.size)
    squares = np.zeros(lags_ns.size)
    known = np.zeros(lags_ns.size, dtype=np.int64)
    step = _common_step(t1, t2, lags_ns)
    if t1.size < 2 or t2.size < 2:
        return BlockSums(products, squares, known, 0.0, 0.0, step, 0.0, 0.0, 0)
    one = _changed(t1, x1)
    two = _changed(t2, x2)
    for i in range(lags_ns.size):
        lag = lags_ns[i]
        if max(t1[0] + lag, t2[0]) < min(t1[-1] + lag, t2[-1]):
            known[i] = 1
            products[i], squares[i] = overlap_sums(one, two, lag, np.int64(0))
    square_1 = _sum_of_squares(one.levels)
    square_2 = _sum_of_squares(two.levels)
    moves_1, moves_2, _, moves = horizon_sums(t1, x1, t2, x2, horizon_ns)
    return BlockSums(products, squares, known, square_1, square_2, step, moves_1, moves_2, moves)


@njit(cache=True, error_model="numpy")
def lead_lag_blocks(
    recv_1: Times, bid_1: Floats, ask_1: Floats, recv_2: Times, bid_2: Floats, ask_2: Floats,
    edges_ns: Times, spacing_ns: int, lags_ns: Times, horizon_ns: int,
) -> Floats:  # fmt: skip
    """Sum over each of several blocks of two books; see :func:`thinned` and :func:`lead_lag_block`.

    Parameters
    ----------
    recv_1, bid_1, ask_1, recv_2, bid_2, ask_2
        Two books, as :func:`thinned` takes them.
    edges_ns : array of int64, shape (blocks + 1,)
        Where the blocks begin, and the last one ends.
    spacing_ns, lags_ns, horizon_ns
        See there.

    Returns
    -------
    array of float64, shape (blocks, 3 lags + 6)
        Products, squares and known of each lag, then the other fields of :class:`BlockSums` in their order.
    """
    blocks, lags = edges_ns.size - 1, lags_ns.size
    found = np.empty((blocks, 3 * lags + 6))
    cuts_1, cuts_2 = np.searchsorted(recv_1, edges_ns), np.searchsorted(recv_2, edges_ns)
    for block in range(blocks):
        t1, x1 = thinned(recv_1, bid_1, ask_1, spacing_ns, cuts_1[block], cuts_1[block + 1])
        t2, x2 = thinned(recv_2, bid_2, ask_2, spacing_ns, cuts_2[block], cuts_2[block + 1])
        sums = lead_lag_block(t1, x1, t2, x2, lags_ns, horizon_ns)
        found[block, :lags] = sums.products
        found[block, lags : 2 * lags] = sums.squares
        found[block, 2 * lags : 3 * lags] = sums.known
        found[block, 3 * lags] = sums.square_1
        found[block, 3 * lags + 1] = sums.square_2
        found[block, 3 * lags + 2] = sums.step_ns
        found[block, 3 * lags + 3] = sums.moves_1
        found[block, 3 * lags + 4] = sums.moves_2
        found[block, 3 * lags + 5] = sums.moves
    return found


@njit(cache=True, error_model="numpy")
def _end(time: Any, spacing_ns: int) -> Any:
    return time - time % spacing_ns + spacing_ns if spacing_ns > 0 else time + 1


@njit(cache=True, error_model="numpy")
def thinned(times: Times, bid: Floats, ask: Floats, spacing_ns: int, start: int, stop: int) -> tuple[Times, Floats]:
    """Return a book's mid reduced to one change in each spacing of time, as logarithms.

    Spacings begin at whole multiples of ``spacing_ns``. Where the last mid of one differs from the last before it,
    two rows stand for all: the last of the old mid before the first change in it, and the first of the new mid
    after the last change in it. So a change keeps the interval in which it came about, and a mid that came back
    within its spacing did not change. The first and the last known row are kept. No row depends on one past the
    end of its spacing.

    Parameters
    ----------
    times : array of int64, shape (n,)
        Receive times, ns, not decreasing; of equal times the last counts.
    bid, ask : array of float64, shape (n,)
        Best prices; NaN is an empty side, and such a row is passed over.
    spacing_ns
        Zero keeps every change.
    start, stop
        Row numbers: ``times[start:stop]`` is read.

    Returns
    -------
    times, levels : arrays of int64 and float64, shape (k,)
        Strictly ascending; what :func:`lead_lag_block` takes.
    """
    kept = np.empty(2 * max(0, stop - start), dtype=np.int64)
    levels = np.empty(kept.size)
    count = 0
    level = np.nan  # of the last spacing
    same = np.int64(0)  # last time seen with it, before any other in this spacing
    now = np.nan
    since = np.int64(0)  # first time of the present mid
    until = np.int64(0)  # last time of it
    ends = np.int64(0)  # end of the present spacing
    moved = False
    for i in range(start, stop):
        time = times[i]
        mid = 0.5 * (bid[i] + ask[i])
        if mid != mid or (i + 1 < stop and times[i + 1] == time):
            continue
        if level != level:
            level = now = mid
            kept[0], levels[0], count = time, mid, 1
            since = until = same = time
            ends = _end(time, spacing_ns)
            continue
        if time >= ends:
            if moved and now != level:
                if same > kept[count - 1]:
                    kept[count], levels[count] = same, level
                    count += 1
                kept[count], levels[count] = since, now
                count += 1
                level = now
            moved = False
            same = until
            ends = _end(time, spacing_ns)
        if mid != now:
            since = time
            now = mid
        until = time
        if mid != level:
            moved = True
        elif not moved:
            same = time
    if moved and now != level:
        if same > kept[count - 1]:
            kept[count], levels[count] = same, level
            count += 1
        kept[count], levels[count] = since, now
        count += 1
    if count > 0 and until > kept[count - 1]:
        kept[count], levels[count] = until, now
        count += 1
    for i in range(count):
        levels[i] = log(levels[i])
    return kept[:count].copy(), levels[:count].copy()
