"""An order book rebuilt from absolute level changes: replay many messages in one compiled call.

Each side is an array of keys in ascending order with the best level *last* (key = price of a bid, minus the
price of an ask), so a change near the touch moves few elements. Nothing here knows a venue: which messages
may be applied is decided by :mod:`arbresearch.store.importers.sequence`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl
from numba import njit

from arbresearch.store.schemas import DEPTH_LEVELS

__all__ = ["FloatArray", "OrderBook", "Replay", "depth_columns", "set_level"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

_ROOM: Final = 4096
"""Levels a side that a new book has room for."""
_CHUNK: Final = 65_536
"""Level changes replayed in one compiled call; bounds the room that must be kept free."""


@njit(cache=True)
def set_level(keys: FloatArray, sizes: FloatArray, count: int, key: float, size: float) -> int:
    """Put, change or (size 0) remove one level of a side; return how many levels it then has.

    Parameters
    ----------
    keys, sizes
        Shape (room,), the first ``count`` used, keys strictly ascending; changed in place. There must be room
        for one more.
    """
    low, high = 0, count
    while low < high:
        middle = (low + high) >> 1
        if keys[middle] < key:
            low = middle + 1
        else:
            high = middle
    present = low < count and keys[low] == key
    if size > 0.0:
        if not present:
            for place in range(count, low, -1):
                keys[place] = keys[place - 1]
                sizes[place] = sizes[place - 1]
            keys[low] = key
            count += 1
        sizes[low] = size
    elif present:
        count -= 1
        for place in range(low, count):
            keys[place] = keys[place + 1]
            sizes[place] = sizes[place + 1]
    return count


@njit(cache=True)
def _replay(
    keys: FloatArray,
    sizes: FloatArray,
    counts: IntArray,
    starts: IntArray,
    resets: BoolArray,
    emit: BoolArray,
    is_bid: BoolArray,
    prices: FloatArray,
    amounts: FloatArray,
    tops: FloatArray,
    depth: FloatArray,
) -> None:
    """Apply messages in order; fill ``tops`` for each and ``depth`` for those to emit. State is changed in place."""
    row = 0
    for message in range(resets.size):
        if resets[message]:
            counts[:] = 0
        for change in range(starts[message], starts[message + 1]):
            side = 0 if is_bid[change] else 1
            key = prices[change] if side == 0 else -prices[change]
            counts[side] = set_level(keys[side], sizes[side], counts[side], key, amounts[change])
        for side in range(2):
            best = counts[side] - 1
            sign = 1.0 if side == 0 else -1.0
            tops[message, 2 * side] = sign * keys[side, best] if best >= 0 else np.nan
            tops[message, 2 * side + 1] = sizes[side, best] if best >= 0 else np.nan
            if emit[message]:
                for level in range(depth.shape[2]):
                    place = best - level
                    depth[row, 2 * side, level] = sign * keys[side, place] if place >= 0 else np.nan
                    depth[row, 2 * side + 1, level] = sizes[side, place] if place >= 0 else np.nan
        if emit[message]:
            row += 1


@dataclass(frozen=True, slots=True)
class Replay:
    """What a book looked like while messages were applied.

    Parameters
    ----------
    tops
        Float64 of shape (messages, 4): bid, bid size, ask, ask size **after** each message; NaN for an empty side.
    depth
        Float64 of shape (emitted messages, 4, levels): bids, bid sizes, asks, ask sizes, best first, NaN past
        the last level.
    """

    tops: FloatArray
    depth: FloatArray


class OrderBook:
    """One book of one market, both sides, any number of levels.

    Parameters
    ----------
    levels
        How many levels a side :meth:`replay` writes out.
    """

    __slots__ = ("_counts", "_keys", "_sizes", "levels")

    def __init__(self, levels: int = DEPTH_LEVELS) -> None:
        self.levels = levels
        self._keys: FloatArray = np.empty((2, _ROOM))
        self._sizes: FloatArray = np.empty((2, _ROOM))
        self._counts: IntArray = np.zeros(2, dtype=np.int64)

    @property
    def counts(self) -> tuple[int, int]:
        """Return how many bid and ask levels the book holds."""
        return int(self._counts[0]), int(self._counts[1])

    def clear(self) -> None:
        """Forget every level."""
        self._counts[:] = 0

    def replay(
        self,
        starts: IntArray,
        resets: BoolArray,
        emit: BoolArray,
        is_bid: BoolArray,
        prices: FloatArray,
        amounts: FloatArray,
    ) -> Replay:
        """Apply messages in order and say what the book was after each.

        Parameters
        ----------
        starts
            Int64 of shape (messages + 1,): message ``m`` is the changes ``starts[m]`` up to ``starts[m + 1]``.
        resets
            Bool of shape (messages,): whether the book is emptied before the message (a snapshot).
        emit
            Bool of shape (messages,): whether its depth is wanted.
        is_bid, prices, amounts
            Shape (changes,): side, price (finite, above zero) and the new amount at it; 0 removes the level.
        """
        messages = resets.size
        tops = np.empty((messages, 4))
        depth = np.empty((int(emit.sum()), 4, self.levels))
        first, row = 0, 0
        while first < messages:
            last = max(first + 1, int(np.searchsorted(starts, starts[first] + _CHUNK, side="right")) - 1)
            last = min(last, messages)
            part = slice(first, last)
            rows = int(emit[part].sum())
            self._reserve(int(starts[last] - starts[first]))
            _replay(
                self._keys, self._sizes, self._counts, starts[first : last + 1], resets[part], emit[part],
                is_bid, prices, amounts, tops[part], depth[row : row + rows],
            )  # fmt: skip
            first, row = last, row + rows
        return Replay(tops, depth)

    def _reserve(self, more: int) -> None:
        need = int(self._counts.max()) + more
        room = self._keys.shape[1]
        if need <= room:
            return
        room = max(need, 2 * room)
        for name in ("_keys", "_sizes"):
            wider: FloatArray = np.empty((2, room))
            held = getattr(self, name)
            wider[:, : held.shape[1]] = held
            setattr(self, name, wider)


def depth_columns(depth: FloatArray) -> dict[str, pl.Series]:
    """Return the four level columns of the depth table for an array of shape (rows, 4, ten levels)."""
    dtype = pl.Array(pl.Float64, depth.shape[2])
    names = ("bids", "bid_sizes", "asks", "ask_sizes")
    return {
        name: pl.Series(name, np.ascontiguousarray(depth[:, index, :]), dtype=dtype) for index, name in enumerate(names)
    }
