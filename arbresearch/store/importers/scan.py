"""Fast reading of the commonest Binance lines: one compiled pass over a block of bytes.

It takes combined-stream lines of bookTicker, trade and diff depth that are written as Binance writes them (plain
decimals, no escapes, no spaces) with their fields in any order, and leaves every other line to the parser that
knows JSON. What it takes it reads to the same numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

__all__ = ["DIFF", "QUOTE", "SLOW", "TRADE", "Ints", "Scanned", "scan"]

SLOW: Final = 0
QUOTE: Final = 1
TRADE: Final = 2
DIFF: Final = 3

_QUOTE_MARK: Final = ord('"')
_COMMA: Final = ord(",")
_COLON: Final = ord(":")
_SPACE: Final = ord(" ")
_POINT: Final = ord(".")
_ZERO: Final = ord("0")
_OPEN: Final = ord("[")
_SHUT: Final = ord("]")
_END: Final = ord("}")
_AT: Final = ord("@")
_BACKSLASH: Final = ord("\\")
_EXACT: Final = 2**53
_MOST_DIGITS: Final = 18
_NONE: Final = -1

Bytes = npt.NDArray[np.uint8]
Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

_STREAM: Final[Bytes] = np.frombuffer(b'{"stream":"', dtype=np.uint8)
_DATA: Final[Bytes] = np.frombuffer(b'","data":{', dtype=np.uint8)
_BOOK_TICKER: Final[Bytes] = np.frombuffer(b"@bookTicker", dtype=np.uint8)
_TRADE_NAME: Final[Bytes] = np.frombuffer(b"@trade", dtype=np.uint8)
_DEPTH_NAME: Final[Bytes] = np.frombuffer(b"@depth", dtype=np.uint8)
_TEN: Final[Floats] = np.array([float(10**k) for k in range(_MOST_DIGITS + 1)])


class Scanned(NamedTuple):
    """What a block's lines say; arrays of one value a line unless said otherwise.

    ``fields`` is Int64 of shape (lines, 9): receive time, E, T, update or trade id, U, pu, m (1: buyer is maker),
    whether ``M`` is there, place of the market in the table; -1 where a field is not. ``numbers`` is Float64 (lines,
    4): bid, its size, ask, its size, or price and size. ``levels`` is Int64 (lines, 3): where a diff's levels begin
    in ``prices`` and ``amounts``, how many bids, how many asks.
    """

    kind: npt.NDArray[np.int8]
    fields: Ints
    numbers: Floats
    levels: Ints
    prices: Floats
    amounts: Floats


@njit(cache=True)
def _follows(data: Bytes, at: int, end: int, word: Bytes) -> bool:
    if at + word.size > end:
        return False
    same = True
    for place in range(word.size):
        same = same and data[at + place] == word[place]
    return same


@njit(cache=True)
def _integer(data: Bytes, at: int, end: int) -> tuple[int, int]:
    """Return an integer without sign, -1 where there is none or it does not fit, and where it ends."""
    value = np.int64(0)
    first = at
    while at < end and _ZERO <= data[at] <= _ZERO + 9:
        value = value * 10 + (np.int64(data[at]) - _ZERO)
        at += 1
    if at == first or at - first > _MOST_DIGITS + 1 or value < 0:
        return _NONE, at
    return int(value), at


@njit(cache=True)
def _decimal(data: Bytes, at: int, end: int, ten: Floats) -> tuple[float, int]:
    """Return the double nearest to the plain decimal from ``at`` to a closing quote; nan where it cannot be sure."""
    mantissa, scale, kept, digits, pointed = np.int64(0), 0, 0, 0, False
    while at < end:
        byte = data[at]
        if byte == _POINT:
            if pointed:
                return np.nan, at
            pointed = True
        elif _ZERO <= byte <= _ZERO + 9:
            digits += 1
            if pointed:
                scale += 1
            if byte == _ZERO and pointed:
                at += 1
                continue
            shift = scale - kept if pointed else 1
            if digits > _MOST_DIGITS or shift > _MOST_DIGITS:
                return np.nan, at
            for _ in range(shift):
                mantissa *= 10
            mantissa += np.int64(byte) - _ZERO
            kept = scale
        else:
            break
        at += 1
    if not digits or at >= end or data[at] != _QUOTE_MARK or mantissa > _EXACT:
        return np.nan, at
    return mantissa / ten[kept], at


@njit(cache=True)
def _levels(data: Bytes, at: int, end: int, ten: Floats, prices: Floats, amounts: Floats, used: int) -> tuple[int, int]:
    """Read ``[["p","q"],...]`` from its first bracket; return how many levels are used then (-1: no), and the place."""
    at += 1
    if at < end and data[at] == _SHUT:
        return used, at + 1
    while at + 1 < end and data[at] == _OPEN and data[at + 1] == _QUOTE_MARK:
        price, at = _decimal(data, at + 2, end, ten)
        if not price > 0.0 or at + 2 >= end or data[at + 1] != _COMMA or data[at + 2] != _QUOTE_MARK:
            return _NONE, at
        amount, at = _decimal(data, at + 3, end, ten)
        if not amount >= 0.0 or at + 2 >= end or data[at + 1] != _SHUT:
            return _NONE, at
        prices[used], amounts[used] = price, amount
        used += 1
        at += 2
        if data[at] == _SHUT:
            return used, at + 1
        if data[at] != _COMMA:
            return _NONE, at
        at += 1
    return _NONE, at


@njit(cache=True)
def _market(data: Bytes, first: int, end: int, swap: bool, names: Bytes, bounds: Ints, swaps: Bytes) -> int:
    """Return the place of a symbol in the table of known ones; -1 for another."""
    for place in range(swaps.size):
        begin = bounds[place]
        if bounds[place + 1] - begin == end - first and (swaps[place] == 1) == swap:
            same = True
            for offset in range(end - first):
                same = same and data[first + offset] == names[begin + offset]
            if same:
                return place
    return _NONE


@njit(cache=True)
def _line(
    data: Bytes,
    at: int,
    end: int,
    fields: Ints,
    numbers: Floats,
    levels: Ints,
    prices: Floats,
    amounts: Floats,
    used: int,
    ten: Floats,
    words: tuple[Bytes, Bytes, Bytes, Bytes, Bytes],
    names: Bytes,
    bounds: Ints,
    swaps: Bytes,
) -> int:
    """Read one line into its row of the arrays; return its kind."""
    fields[:] = _NONE
    fields[0], at = _integer(data, at, end)
    if fields[0] < 0 or at >= end or data[at] != _SPACE or not _follows(data, at + 1, end, words[0]):
        return SLOW
    at += 1 + words[0].size
    while at < end and data[at] != _AT and data[at] != _QUOTE_MARK:
        at += 1
    if _follows(data, at, end, words[2]):
        kind, at = QUOTE, at + words[2].size
    elif _follows(data, at, end, words[3]):
        kind, at = TRADE, at + words[3].size
    elif _follows(data, at, end, words[4]):
        kind, at = DIFF, at + words[4].size
        if at < end and data[at] == _AT:
            at += 1
            while at < end and _ZERO <= data[at] <= _ZERO + 9:
                at += 1
            if at + 1 < end and data[at] == ord("m") and data[at + 1] == ord("s"):
                at += 2
    else:
        return SLOW
    if not _follows(data, at, end, words[1]):
        return SLOW
    at += words[1].size
    seen, bids, asks, named, named_end = 0, _NONE, _NONE, _NONE, _NONE
    while at + 3 < end and data[at] == _QUOTE_MARK:
        key = data[at + 1]
        if data[at + 2] == _QUOTE_MARK and data[at + 3] == _COLON:
            at += 4
        elif key == ord("p") and data[at + 2] == ord("u") and data[at + 3] == _QUOTE_MARK:
            key, at = np.uint8(1), at + 5
        else:
            return SLOW
        if at >= end:
            return SLOW
        byte = data[at]
        if byte == _QUOTE_MARK:
            at += 1
            slot = _NONE
            if kind == QUOTE:
                slot = (
                    0
                    if key == ord("b")
                    else 1
                    if key == ord("B")
                    else 2
                    if key == ord("a")
                    else 3
                    if key == ord("A")
                    else -1
                )
            elif kind == TRADE:
                slot = 0 if key == ord("p") else 1 if key == ord("q") else -1
            if slot >= 0:
                numbers[slot], at = _decimal(data, at, end, ten)
                if np.isnan(numbers[slot]):
                    return SLOW
                seen |= 1 << slot
            else:
                first = at
                while at < end and data[at] != _QUOTE_MARK:
                    if data[at] == _BACKSLASH:
                        return SLOW
                    at += 1
                if key == ord("s"):
                    named, named_end = first, at
            at += 1
        elif byte == _OPEN:
            if kind != DIFF or not (key == ord("b") or key == ord("a")):
                return SLOW
            if (key == ord("b")) != (bids < 0):
                return SLOW
            before = used
            used, at = _levels(data, at, end, ten, prices, amounts, used)
            if used < 0:
                return SLOW
            if key == ord("b"):
                levels[0], bids = before, used - before
            else:
                asks = used - before
        elif _ZERO <= byte <= _ZERO + 9:
            number, at = _integer(data, at, end)
            if number < 0:
                return SLOW
            if key == ord("E"):
                fields[1] = number
            elif key == ord("T"):
                fields[2] = number
            elif key == ord("u") or key == ord("t"):
                fields[3] = number
            elif key == ord("U"):
                fields[4] = number
            elif key == 1:
                fields[5] = number
        elif byte == ord("t") or byte == ord("f"):
            if key == ord("m"):
                fields[6] = 1 if byte == ord("t") else 0
            elif key == ord("M"):
                fields[7] = 1
            at += 4 if byte == ord("t") else 5
        else:
            return SLOW
        if at >= end:
            return SLOW
        if data[at] == _COMMA:
            at += 1
        elif data[at] == _END:
            break
        else:
            return SLOW
    levels[1], levels[2] = bids, asks
    if at + 2 != end or data[at] != _END or data[at + 1] != _END or named < 0 or fields[3] < 0:
        return SLOW
    swap = fields[2] >= 0 if kind == QUOTE else fields[7] < 0 if kind == TRADE else fields[5] >= 0
    fields[8] = _market(data, named, named_end, swap, names, bounds, swaps)
    if fields[8] < 0:
        return SLOW
    if kind == QUOTE:
        return QUOTE if seen == 15 else SLOW
    if kind == TRADE:
        return TRADE if seen == 3 and fields[2] >= 0 and fields[6] >= 0 else SLOW
    return DIFF if bids >= 0 and asks >= 0 and fields[4] >= 0 and fields[1] >= 0 else SLOW


@njit(cache=True)
def _scan(
    data: Bytes,
    ends: Ints,
    kind: npt.NDArray[np.int8],
    fields: Ints,
    numbers: Floats,
    levels: Ints,
    prices: Floats,
    amounts: Floats,
    ten: Floats,
    words: tuple[Bytes, Bytes, Bytes, Bytes, Bytes],
    names: Bytes,
    bounds: Ints,
    swaps: Bytes,
) -> None:
    used, start = 0, 0
    for line in range(ends.size):
        kind[line] = _line(
            data, start, ends[line], fields[line], numbers[line], levels[line], prices, amounts, used, ten, words,
            names, bounds, swaps,
        )  # fmt: skip
        if kind[line] == DIFF:
            used = levels[line, 0] + levels[line, 1] + levels[line, 2]
        start = ends[line] + 1


def scan(data: bytes, markets: Sequence[tuple[str, bool]]) -> Scanned:
    """Read the lines of a block; a last line without a line end is a line.

    Parameters
    ----------
    data
        Whole lines.
    markets
        The symbols to take, as the venue writes them, and whether the futures market is meant; lines of others
        are left as :data:`SLOW`.
    """
    codes: Bytes = np.frombuffer(data, dtype=np.uint8)
    ends = np.flatnonzero(codes == ord("\n")).astype(np.int64)
    if not data.endswith(b"\n"):
        ends = np.append(ends, codes.size)
    names = [name.encode() for name, _ in markets]
    room = data.count(b'["') + 1
    result = Scanned(
        np.empty(ends.size, dtype=np.int8),
        np.empty((ends.size, 9), dtype=np.int64),
        np.empty((ends.size, 4)),
        np.empty((ends.size, 3), dtype=np.int64),
        np.empty(room),
        np.empty(room),
    )
    _scan(
        codes,
        ends,
        *result,
        _TEN,
        (_STREAM, _DATA, _BOOK_TICKER, _TRADE_NAME, _DEPTH_NAME),
        np.frombuffer(b"".join(names), dtype=np.uint8),
        np.cumsum([0, *map(len, names)], dtype=np.int64),
        np.array([swap for _, swap in markets], dtype=np.uint8),
    )
    return result
