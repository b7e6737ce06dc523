"""Compiled: books on the tick grid, trades against them, both clocks, and deeper levels."""

from __future__ import annotations

from math import ceil, exp, floor
from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from arbresearch.sample.path_kernels import STEP_S
from arbresearch.store.schemas import DEPTH_LEVELS

__all__ = ["books", "clocks", "depths"]

_TRADE_SHARE: Final = 0.12
_SIZE_SD: Final = 0.7
_SIZE_CHANGES: Final = 0.25
_MAKER_SHARE: Final = 0.6
_MAKER_CHANGES: Final = 0.02


@njit(cache=True)
def _draw_units(rng: np.random.Generator, median: float) -> int:
    units = max(1, int(median * exp(_SIZE_SD * rng.standard_normal())))
    step = 1
    while units >= 100 * step:
        step *= 10
    return units // step * step


@njit(cache=True)
def books(
    rng: np.random.Generator, grid: NDArray[np.float64], times: NDArray[np.float64], offsets: NDArray[np.float64],
    repeats: NDArray[np.bool_], log_scale: float, lag_s: float, half_spread: float, median_units: float,
    thin_from: float, thin_units: float,
    prices: NDArray[np.int64], sizes: NDArray[np.int64], trade_sides: NDArray[np.int8], trade_units: NDArray[np.int64],
) -> None:  # fmt: skip
    """Fill in best bid and ask with their sizes at given times, and the trade, if any, that came just before.

    A trade takes from the book as it stood, at most what is shown; the book after it shows that much less when
    the price stands. A size changes with its price and now and then otherwise: either to the standing size of the
    side's market maker, who keeps it for some fifty updates, or to somebody else's. Orders have two significant digits.

    Parameters
    ----------
    rng
        Substream of the stream and the day.
    grid
        The day's efficient log price.
    times
        Increasing, seconds of the day, shape (n,).
    offsets
        Log deviation of this venue at each time, shape (n,).
    repeats
        Whether the venue sends its last book again instead, shape (n,).
    log_scale
        Added to the log price; turns it into ticks.
    lag_s
        How late this venue moves, seconds.
    half_spread
        Mean half spread before rounding outwards to ticks, a fraction of the price.
    median_units
        Median size, lots.
    thin_from, thin_units
        From this absolute deviation on, the side that pays shows at most so many lots.
    prices, sizes
        Filled: bid and ask in ticks, their sizes in lots, shape (n, 2).
    trade_sides, trade_units
        Filled, shape (n,): 0 for no trade, +1 for a buy (at the ask before), -1 for a sell; its size in lots.
    """
    last = grid.size - 1
    bid, ask, bid_units, ask_units = 0, 0, 0, 0
    bid_maker = _draw_units(rng, median_units)
    ask_maker = _draw_units(rng, median_units)
    for index in range(times.size):
        trade_sides[index] = 0
        trade_units[index] = 0
        if index > 0 and repeats[index]:
            prices[index, 0], prices[index, 1] = bid, ask
            sizes[index, 0], sizes[index, 1] = bid_units, ask_units
            continue
        at = max((times[index] - lag_s) / STEP_S, 0.0)
        cell = min(int(at), last - 1)
        efficient = grid[cell] + (at - cell) * (grid[cell + 1] - grid[cell])
        middle = exp(efficient + log_scale + offsets[index])
        half = middle * half_spread * (0.6 + 0.8 * rng.random())
        new_bid = max(1, floor(middle - half))
        new_ask = max(new_bid + 1, ceil(middle + half))
        bid_left, ask_left = bid_units, ask_units
        if index > 0 and rng.random() < _TRADE_SHARE:
            buys = rng.random() < 0.5
            shown = ask_units if buys else bid_units
            taken = min(shown, _draw_units(rng, 0.25 * median_units))
            trade_sides[index] = 1 if buys else -1
            trade_units[index] = taken
            if buys:
                ask_left -= taken
            else:
                bid_left -= taken
        if rng.random() < _MAKER_CHANGES:
            bid_maker = _draw_units(rng, median_units)
            ask_maker = _draw_units(rng, median_units)
        if new_bid != bid or bid_left < 1 or rng.random() < _SIZE_CHANGES:
            bid_left = bid_maker if rng.random() < _MAKER_SHARE else _draw_units(rng, median_units)
        if new_ask != ask or ask_left < 1 or rng.random() < _SIZE_CHANGES:
            ask_left = ask_maker if rng.random() < _MAKER_SHARE else _draw_units(rng, median_units)
        if offsets[index] > thin_from:
            bid_left = min(bid_left, 1 + int(thin_units * rng.random()))
        elif offsets[index] < -thin_from:
            ask_left = min(ask_left, 1 + int(thin_units * rng.random()))
        bid, ask, bid_units, ask_units = new_bid, new_ask, bid_left, ask_left
        prices[index, 0], prices[index, 1] = bid, ask
        sizes[index, 0], sizes[index, 1] = bid_units, ask_units


@njit(cache=True)
def clocks(
    rng: np.random.Generator, times: NDArray[np.float64], together: NDArray[np.bool_], day_ns: int, delay_ns: float,
    jitter_ns: float, skew_ns: float, drift_ns_per_s: float,
    event_ns: NDArray[np.int64], recv_ns: NDArray[np.int64],
) -> None:  # fmt: skip
    """Fill in both clocks: the venue's in whole milliseconds with its skew, ours after the network.

    Messages of one stream arrive in order, so a receive time is never earlier than a microsecond after the one
    before.

    Parameters
    ----------
    rng
        Substream of the stream and the day.
    times
        Increasing, seconds of the day, shape (n,).
    together
        Whether a message travels with the one before (same network delay), shape (n,).
    day_ns
        Midnight, ns UTC.
    delay_ns, jitter_ns
        Shortest delay; mean of the rest, which has a gamma distribution of shape 2.5.
    skew_ns, drift_ns_per_s
        How far the venue's clock is ahead at midnight, and its growth.
    event_ns, recv_ns
        Filled, shape (n,).
    """
    before = np.int64(0)
    delay = delay_ns
    for index in range(times.size):
        elapsed = np.int64(times[index] * 1e9)
        ahead = np.int64(skew_ns + drift_ns_per_s * times[index])
        event_ns[index] = (day_ns + elapsed + ahead) // 1_000_000 * 1_000_000
        if not together[index]:
            delay = delay_ns + jitter_ns / 2.5 * rng.standard_gamma(2.5)
        arrived = day_ns + elapsed + np.int64(delay)
        recv_ns[index] = max(arrived, before + 1_000)
        before = recv_ns[index]


@njit(cache=True)
def depths(
    rng: np.random.Generator, prices: NDArray[np.int64], sizes: NDArray[np.int64], offsets: NDArray[np.float64],
    rows: NDArray[np.int64], median_units: float, mean_gap: float, thin_from: float,
    level_prices: NDArray[np.int64], level_sizes: NDArray[np.int64],
) -> None:  # fmt: skip
    """Fill in ten levels a side under the best ones of chosen rows.

    Parameters
    ----------
    rng
        Substream of the stream and the day.
    prices, sizes, offsets
        What :func:`books` made and was given, shapes (n, 2), (n, 2), (n,).
    rows
        Which rows, shape (m,).
    median_units
        Median size of the second level, lots; it grows with the level.
    mean_gap
        Mean distance between levels, ticks, at least 1.
    thin_from
        As in :func:`books`: beyond it, the second level of the side that pays lies where the first would be
        without the deviation.
    level_prices, level_sizes
        Filled, shape (m, 2, 10): bids then asks, in ticks and lots. A bid that would fall below one tick is 0.
    """
    for row in range(rows.size):
        index = rows[row]
        for side in range(2):
            away = -1 if side == 0 else 1
            price = prices[index, side]
            level_prices[row, side, 0] = price
            level_sizes[row, side, 0] = sizes[index, side]
            if -away * offsets[index] > thin_from:
                price += away * int(prices[index, side] * abs(offsets[index]))
            for level in range(1, DEPTH_LEVELS):
                price += away * (1 + int((mean_gap - 1.0) * rng.standard_exponential()))
                level_prices[row, side, level] = max(price, 0)
                level_sizes[row, side, level] = _draw_units(rng, median_units * (1.0 + 0.3 * level)) if price > 0 else 0
