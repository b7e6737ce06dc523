"""Compiled loops over the levels of books, one row a book."""

from __future__ import annotations

import numpy as np
from numba import njit

from arbresearch.edges.arrays import Bools, Floats

__all__ = ["disordered_row", "match_rows", "walk_rows"]


@njit(cache=True, error_model="numpy")
def walk_rows(prices: Floats, sizes: Floats, wanted: Floats, by_notional: bool) -> tuple[Floats, Floats, Floats]:
    """Return filled base, quote exchanged and best price of each row; levels that are not known are skipped."""
    rows, levels = prices.shape
    filled = np.zeros(rows)
    quote = np.zeros(rows)
    best = np.full(rows, np.nan)
    for row in range(rows):
        left = wanted[row]
        for level in range(levels):
            price = prices[row, level]
            size = sizes[row, level]
            if not (price == price and size > 0.0):
                continue
            if best[row] != best[row]:
                best[row] = price
            if left <= 0.0:
                break
            if by_notional:
                whole = price * size
                part = left / price if left < whole else size
                left = left - whole if left > whole else 0.0
            else:
                part = min(left, size)
                left -= part
            filled[row] += part
            quote[row] += part * price
    return filled, quote, best


@njit(cache=True, error_model="numpy")
def match_rows(
    bids: Floats,
    bid_sizes: Floats,
    asks: Floats,
    ask_sizes: Floats,
    keep: float,
    pay: float,
    threshold: float,
    most: Floats,
) -> tuple[Floats, Floats, Floats, Bools]:
    """Sell into bids and buy from asks, best level against best, while the next unit's edge exceeds a threshold.

    Returns the quantity, the quote sold for and bought for before fees, and whether the books ran out of levels
    while the edge still exceeded the threshold.
    """
    rows = bids.shape[0]
    quantity = np.zeros(rows)
    sold = np.zeros(rows)
    bought = np.zeros(rows)
    exhausted = np.zeros(rows, dtype=np.bool_)
    for row in range(rows):
        i = -1
        j = -1
        bid_left = 0.0
        ask_left = 0.0
        while quantity[row] < most[row]:
            while bid_left <= 0.0 and i + 1 < bids.shape[1]:
                i += 1
                known = bids[row, i] == bids[row, i] and bid_sizes[row, i] > 0.0
                bid_left = bid_sizes[row, i] if known else 0.0
            while ask_left <= 0.0 and j + 1 < asks.shape[1]:
                j += 1
                known = asks[row, j] == asks[row, j] and ask_sizes[row, j] > 0.0
                ask_left = ask_sizes[row, j] if known else 0.0
            if bid_left <= 0.0 or ask_left <= 0.0:
                exhausted[row] = quantity[row] > 0.0
                break
            bid = bids[row, i]
            ask = asks[row, j]
            if not 1e4 * (bid * keep / (ask * pay) - 1.0) > threshold:
                break
            part = min(min(bid_left, ask_left), most[row] - quantity[row])
            quantity[row] += part
            sold[row] += part * bid
            bought[row] += part * ask
            bid_left -= part
            ask_left -= part
    return quantity, sold, bought, exhausted


@njit(cache=True, error_model="numpy")
def disordered_row(prices: Floats, sizes: Floats, sign: int) -> tuple[int, int]:
    """Return the first row and level that no book can have; (-1, -1) when there is none.

    A price or size that is not positive and finite, apart from NaN and from sizes of zero, or a price that is better
    than the one before it. ``sign`` is 1 for asks (rising), -1 for bids (falling), 0 for whichever each row is.
    """
    for row in range(prices.shape[0]):
        direction = sign
        last = np.nan
        for level in range(prices.shape[1]):
            price = prices[row, level]
            size = sizes[row, level]
            if price <= 0.0 or price == np.inf or size < 0.0 or size == np.inf:
                return row, level
            if price != price:
                continue
            if direction == 0 and price != last and last == last:
                direction = 1 if price > last else -1
            if (price - last) * direction < 0.0:
                return row, level
            last = price
    return -1, -1
