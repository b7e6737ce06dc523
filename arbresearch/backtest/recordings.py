"""From the store into contiguous arrays, a piece at a time: reading takes little more memory than the arrays."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from math import ceil
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl

from arbresearch.backtest.streams import Stream
from arbresearch.core import MAX_NS, MIN_NS
from arbresearch.edges.pair import frozen
from arbresearch.matching.rows import BookRows, LadderRows, TradeRows, trade_rows
from arbresearch.store import Part, TickStore

__all__ = ["Span", "parts_of", "pieces_of", "read_book", "read_ladder", "read_trades"]

Span = tuple[int, int]
"""Receive times, the first included and the last not."""

_Array = npt.NDArray[Any]
_LEAST: Final = {"quotes": 500_000, "trades": 500_000, "depth": 50_000}
_PIECES: Final = 8
"""A piece that is read at once holds an eighth of the rows, or so many where that is less."""


def parts_of(store: TickStore, table: str, stream: Stream, span: Span) -> list[Part]:
    """Return the parts of a stream that reach into a span of time; from the commit log alone."""
    start_ns, end_ns = span
    found = []
    for part in store.parts():
        if part.table == table and part.venue == stream.venue and stream.symbol in part.keys:
            _, _, first_ns, last_ns = part.keys[stream.symbol]
            if first_ns < end_ns and last_ns >= start_ns:
                found.append(part)
    return found


def pieces_of(store: TickStore, table: str, stream: Stream, span: Span) -> tuple[list[Span], int]:
    """Cut a span into pieces that are read at once, each within a UTC day; also return the most rows there can be."""
    days: dict[str, list[int]] = {}
    for part in parts_of(store, table, stream, span):
        _, count, first_ns, last_ns = part.keys[stream.symbol]
        day = days.setdefault(part.date, [MAX_NS, MIN_NS, 0])
        days[part.date] = [min(day[0], first_ns), max(day[1], last_ns + 1), day[2] + count]
    most = sum(count for _, _, count in days.values())
    rows = max(_LEAST[table], most // _PIECES)
    pieces: list[Span] = []
    for _, (first_ns, stop_ns, count) in sorted(days.items()):
        cuts = max(1, ceil(count / rows))
        edges = [first_ns + (stop_ns - first_ns) * cut // cuts for cut in range(cuts + 1)]
        for start, stop in pairwise(edges):
            low, high = max(start, span[0]), min(stop, span[1])
            if low < high:
                pieces.append((low, high))
    return pieces, most


def read_book(store: TickStore, stream: Stream, span: Span) -> BookRows:
    """Return the quotes of a stream in units of the pair's coin; ``BadInput`` when the store has no such stream."""
    columns = BookRows._fields

    def arrays(frame: pl.DataFrame) -> list[_Array]:
        return [frame[name].to_numpy() for name in columns]

    return BookRows(*_scaled(_read(store, "quotes", stream, span, columns, arrays), stream.unit))


def read_ladder(store: TickStore, stream: Stream, span: Span) -> LadderRows:
    """Return the levels of a stream in units of the pair's coin."""
    columns = LadderRows._fields

    def arrays(frame: pl.DataFrame) -> list[_Array]:
        return [frame[name].to_numpy() for name in columns]

    return LadderRows(*_scaled(_read(store, "depth", stream, span, columns, arrays), stream.unit))


def read_trades(store: TickStore, stream: Stream, span: Span) -> TradeRows:
    """Return the public trades of a stream in units of the pair's coin."""
    columns = ("recv_ns", "price", "size", "side")

    def arrays(frame: pl.DataFrame) -> list[_Array]:
        return list(trade_rows(frame))

    times, price, size, aggressor = _read(store, "trades", stream, span, columns, arrays)
    times, price, size = _scaled([times, price, size], stream.unit)
    return TradeRows(times, price, size, frozen(aggressor))


def _read(
    store: TickStore,
    table: str,
    stream: Stream,
    span: Span,
    columns: Sequence[str],
    arrays: Callable[[pl.DataFrame], list[_Array]],
) -> list[_Array]:
    pieces, most = pieces_of(store, table, stream, span)

    def frames() -> Iterator[list[_Array]]:
        for start, stop in pieces or [span]:
            yield arrays(store.read(table, stream.venue, stream.symbol, start, stop, columns))

    if len(pieces) <= 1:
        return next(frames())
    held: list[_Array] = []
    at = 0
    for piece in frames():
        if not held:
            held = [np.empty((most, *one.shape[1:]), dtype=one.dtype) for one in piece]
        size = piece[0].shape[0]
        if at + size > held[0].shape[0]:  # rows were appended meanwhile
            held = [np.concatenate((one[:at], np.empty_like(new))) for one, new in zip(held, piece, strict=True)]
        for one, new in zip(held, piece, strict=True):
            one[at : at + size] = new
        at += size
    return [one[:at] for one in held]


def _scaled(arrays: list[_Array], unit: float) -> list[_Array]:
    """Divide prices and multiply sizes, which take turns after the times, by the unit; one array after another."""
    for place, one in enumerate(arrays):
        if place and unit != 1.0:
            into = one if one.flags.writeable else np.empty_like(one)
            arrays[place] = np.divide(one, unit, out=into) if place % 2 else np.multiply(one, unit, out=into)
        arrays[place] = frozen(arrays[place])
    return arrays
