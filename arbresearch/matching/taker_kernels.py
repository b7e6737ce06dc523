"""Compiled: what an order takes from the book it meets.

All of it lives in one file, for a compiled function does not notice a changed callee in another.
"""

from __future__ import annotations

from math import floor, sqrt

import numpy as np
from numba import njit

from arbresearch.edges.arrays import Floats, Times
from arbresearch.matching.rows import BookRows, LadderRows, TakerRows

__all__ = ["floor_to_lot", "known_levels", "take", "take_rows"]


@njit(cache=True, error_model="numpy")
def floor_to_lot(quantity: float, lot: float) -> float:
    """Return the largest multiple of a lot that is not above a quantity but for rounding.

    A billionth of a lot short of a multiple counts as the multiple. Where one is a whole number of lots (0.1, 0.0025)
    the result is the double nearest to the exact decimal. A lot of 0 leaves the quantity as it is; NaN gives NaN.
    """
    if lot <= 0.0 or quantity != quantity or quantity == np.inf:
        return quantity
    lots = floor(quantity / lot + 1e-9)
    in_one = 1.0 / lot
    if in_one >= 1.5 and abs(in_one - round(in_one)) < 1e-9 * in_one:
        return lots / round(in_one)
    return lots * lot


@njit(cache=True, error_model="numpy")
def known_levels(
    sell: bool, best: float, best_size: float, prices: Floats, sizes: Floats, out_prices: Floats, out_sizes: Floats
) -> int:
    """Write down the levels of one side that are known, best first, and return how many.

    The first is that of the last quote; those behind it come from a recorded ladder (with no entries where none is
    recorded), of which levels that are not behind the quote are out of date and left out.

    Parameters
    ----------
    sell
        Whether the side is the bids (what a sell takes).
    best, best_size
        Of the last quote. A NaN best is an empty side: no level is known. A size that is NaN or zero is no level.
    prices, sizes : array of shape (levels,)
        The ladder, best first; NaN levels and sizes of zero are skipped.
    out_prices, out_sizes : array of shape (levels + 1,) or longer
        Filled.
    """
    if best != best:
        return 0
    count = 0
    if best_size > 0.0:
        out_prices[0], out_sizes[0] = best, best_size
        count = 1
    for level in range(prices.size):
        behind = prices[level] < best if sell else prices[level] > best
        if behind and sizes[level] > 0.0:
            out_prices[count], out_sizes[count] = prices[level], sizes[level]
            count += 1
    return count


@njit(cache=True, error_model="numpy")
def take(
    prices: Floats, sizes: Floats, used: Floats, count: int, sell: bool, quantity: float, limit: float, lot: float,
    all_or_nothing: bool, impact: float,
) -> tuple[float, float]:  # fmt: skip
    """Fill an order at once against what is displayed and not yet used, within its limit, in whole lots.

    Parameters
    ----------
    prices, sizes : array of shape (levels,) or longer
        Levels of the side that is taken, best first, quote per base and base coin.
    used : array of the same shape
        Base coin that earlier orders took of each level since the book's last update; raised by what this one takes.
        The caller sets it to zero on each update.
    count
        How many levels there are.
    sell
        Whether the order sells, into bids.
    quantity
        Wanted, base coin; what is below a lot is left out.
    limit
        Worst price the order accepts; infinity for a buy, or 0 for a sell, is no limit.
    lot
        Quantity step, base coin; 0: none.
    all_or_nothing
        Fill-or-kill: nothing unless all can be filled. Otherwise immediate-or-cancel.
    impact
        Self-impact: the price moves against the order by ``impact * sqrt(base filled)``, a fraction. Levels count as
        within the limit only if they would be after the shift of the whole order. 0: none.

    Returns
    -------
    tuple of float
        Base coin filled, and quote currency paid or received before fees. Both 0 when nothing fills: also for a
        quantity or limit that is NaN.
    """
    wanted = floor_to_lot(quantity, lot)
    if not wanted > 0.0:
        return 0.0, 0.0
    against = -1.0 if sell else 1.0
    shifted = 1.0 + against * impact * sqrt(wanted) if impact > 0.0 else 1.0
    within = 0
    there = 0.0
    while within < count and (prices[within] * shifted - limit) * against <= 0.0:
        there += max(sizes[within] - used[within], 0.0)
        within += 1
    filled = floor_to_lot(min(wanted, there), lot)
    if not filled > 0.0 or (all_or_nothing and filled < wanted):
        return 0.0, 0.0
    left = filled
    notional = 0.0
    for level in range(within):
        part = min(left, max(sizes[level] - used[level], 0.0))
        used[level] += part
        notional += part * prices[level]
        left -= part
        if left <= 0.0:
            break
    return filled, notional * (1.0 + against * impact * sqrt(filled))


@njit(cache=True, error_model="numpy")
def take_rows(
    book: BookRows, ladder: LadderRows, orders: TakerRows, lot: float, depth_age_ns: int, impact: float
) -> tuple[Floats, Floats, Times]:
    """Let orders meet a recorded book one after another, each at its arrival.

    The row in force is the last one at or before the arrival. A quote or a ladder that arrives is an update: what was
    used before is there again. A ladder counts for ``depth_age_ns`` after it was received.

    Returns
    -------
    tuple of arrays of shape (orders,)
        Base coin filled, quote currency exchanged before fees, and the quote row met (-1: none yet).
    """
    most = ladder.bids.shape[1] + 1
    prices = np.empty(most)
    sizes = np.empty(most)
    used = np.zeros((2, most))
    filled = np.zeros(orders.meets_ns.size)
    notional = np.zeros(orders.meets_ns.size)
    met = np.full(orders.meets_ns.size, -1, dtype=np.int64)
    row = -1
    rung = -1
    nothing = np.empty(0)
    for order in range(orders.meets_ns.size):
        moment = orders.meets_ns[order]
        updated = False
        while row + 1 < book.recv_ns.size and book.recv_ns[row + 1] <= moment:
            row += 1
            updated = True
        while rung + 1 < ladder.recv_ns.size and ladder.recv_ns[rung + 1] <= moment:
            rung += 1
            updated = True
        if updated:
            used[:] = 0.0
        if row < 0:
            continue
        met[order] = row
        sell = orders.sell[order]
        deep = rung >= 0 and moment - ladder.recv_ns[rung] <= depth_age_ns
        best = book.bid[row] if sell else book.ask[row]
        best_size = book.bid_size[row] if sell else book.ask_size[row]
        levels = nothing
        amounts = nothing
        if deep:
            levels = ladder.bids[rung] if sell else ladder.asks[rung]
            amounts = ladder.bid_sizes[rung] if sell else ladder.ask_sizes[rung]
        count = known_levels(sell, best, best_size, levels, amounts, prices, sizes)
        filled[order], notional[order] = take(
            prices, sizes, used[1 if sell else 0], count, sell, orders.quantity[order], orders.limit[order], lot,
            orders.all_or_nothing[order], impact,
        )  # fmt: skip
    return filled, notional, met
