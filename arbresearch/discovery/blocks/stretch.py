"""A pair's quotes and levels, read a day at a time and handed out in stretches of whole blocks within a day."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import ceil
from typing import Final

import numpy as np
import polars as pl

from arbresearch.core.units import NS_PER_DAY
from arbresearch.discovery.blocks.scan_kernels import Feed
from arbresearch.discovery.blocks.settings import HORIZON_NS, ScoreSettings
from arbresearch.discovery.blocks.settle_types import Ladder, empty_ladder
from arbresearch.discovery.pairs import StreamPair
from arbresearch.store import TickStore

__all__ = ["Rates", "Row", "Stretch", "Tape", "daily_rates"]

Row = tuple[int, float, float, float, float]
"""recv_ns, bid, bid_size, ask, ask_size."""

Rates = Mapping[tuple[str, str, str], float]
"""Rows a day by table, venue and symbol."""

_QUOTES: Final = ("recv_ns", "bid", "bid_size", "ask", "ask_size")
_LEVELS: Final = ("recv_ns", "bids", "bid_sizes", "asks", "ask_sizes")
_COVER: Final = ("table", "venue", "symbol", "rows", "first_ns", "last_ns")
_MOST_QUOTES: Final = 6_500_000
_MOST_BOOKS: Final = 1_000_000
"""A piece that is read at once holds about so many rows at most; the rest of a busy day is read after it."""


def daily_rates(store: TickStore) -> dict[tuple[str, str, str], float]:
    """Return (table, venue, symbol) to rows a day of every stream of quotes and levels; read from the commit log."""
    found = {}
    cover = store.coverage().filter(pl.col("table").is_in(["quotes", "depth"]))
    for table, venue, symbol, rows, first_ns, last_ns in cover.select(_COVER).iter_rows():
        found[table, venue, symbol] = rows / max(1.0, (last_ns - first_ns) / NS_PER_DAY)
    return found


@dataclass(frozen=True, slots=True, eq=False)
class Stretch:
    """Whole blocks of a pair within one UTC day.

    Parameters
    ----------
    start_ns, stop_ns
        Where they begin and end.
    feeds
        Quotes of A and B: the last one before the beginning, those within, and those up to the last arrival.
    ladders
        Recorded levels, the same.
    rows
        Quotes of A and B within.
    """

    start_ns: int
    stop_ns: int
    feeds: tuple[Feed, Feed]
    ladders: tuple[Ladder, Ladder]
    rows: tuple[int, int]

    def last(self, side: int) -> Row | None:
        """Return the row of A (0) or B (1) in force at the end; None before the first."""
        feed = self.feeds[side]
        row = int(np.searchsorted(feed.recv_ns, self.stop_ns)) - 1
        return None if row < 0 else _row(feed, row)


class Tape:
    """Reads a pair from one moment to another.

    Parameters
    ----------
    store, pair
        Where and what to read.
    last
        The rows in force at the beginning, None where there is none.
    settings
        Length of a block.
    start_ns, stop_ns
        A whole number of blocks apart.
    rates
        See :func:`daily_rates`.
    """

    def __init__(
        self,
        store: TickStore,
        pair: StreamPair,
        last: tuple[Row | tuple[float, ...] | None, ...],
        settings: ScoreSettings,
        start_ns: int,
        stop_ns: int,
        rates: Rates,
    ) -> None:
        self._store, self._pair, self._settings = store, pair, settings
        self._start_ns, self._stop_ns = start_ns, stop_ns
        self._units = pair.units
        self._feeds = [_feed_of(one) for one in last]
        self._rates = rates
        self._deep = [("depth", *stream) in rates for stream in pair.streams]
        self._ladders = [empty_ladder(), empty_ladder()]

    def stretches(self) -> Iterator[Stretch]:
        """Read piece by piece and hand out every complete stretch."""
        begun = self._start_ns
        piece_ns = self._piece_ns()
        read_to = begun
        limit = self._stop_ns + HORIZON_NS
        while begun < self._stop_ns:
            upto = min((read_to // piece_ns + 1) * piece_ns, limit)
            self._read(read_to, upto)
            read_to = upto
            ready = self._stop_ns if read_to >= limit else self._whole(read_to - HORIZON_NS)
            while begun < ready:
                stop = min(ready, (begun // NS_PER_DAY + 1) * NS_PER_DAY)
                yield self._cut(begun, stop)
                self._forget(stop)
                begun = stop

    def _whole(self, moment_ns: int) -> int:
        return moment_ns // self._settings.block_ns * self._settings.block_ns

    def _piece_ns(self) -> int:
        """Return how much time is read at once: a day, or the fraction of one that holds a bearable number of rows."""
        most = {"quotes": _MOST_QUOTES, "depth": _MOST_BOOKS}
        loads = [
            self._rates.get((table, *stream), 0.0) / rows
            for table, rows in most.items()
            for stream in self._pair.streams
        ]
        pieces = max(1, ceil(max(loads)))
        hours = next(n for n in (1, 2, 3, 4, 6, 8, 12, 24) if n >= min(pieces, 24))
        return NS_PER_DAY // hours

    def _read(self, start_ns: int, stop_ns: int) -> None:
        for side, (venue, symbol) in enumerate(self._pair.streams):
            unit = self._units[side]
            frame = self._store.quotes(venue, symbol, start_ns, stop_ns, columns=list(_QUOTES))
            self._feeds[side] = _joined(self._feeds[side], _quotes(frame, unit))
            if self._deep[side]:
                levels = self._store.depth(venue, symbol, start_ns, stop_ns)
                self._ladders[side] = _stacked(self._ladders[side], _ladder(levels, unit))

    def _cut(self, start_ns: int, stop_ns: int) -> Stretch:
        feeds, ladders, rows = [], [], []
        for feed, ladder in zip(self._feeds, self._ladders, strict=True):
            first, inside, after = np.searchsorted(feed.recv_ns, [start_ns, stop_ns, stop_ns + HORIZON_NS])
            rows.append(int(inside - first))
            feeds.append(_piece(feed, max(0, int(first) - 1), int(after)))
            begin, end = np.searchsorted(ladder.recv_ns, [start_ns, stop_ns + HORIZON_NS])
            ladders.append(_books(ladder, max(0, int(begin) - 1), int(end)))
        return Stretch(start_ns, stop_ns, (feeds[0], feeds[1]), (ladders[0], ladders[1]), (rows[0], rows[1]))

    def _forget(self, before_ns: int) -> None:
        """Let go of what no later stretch needs; where little is kept it is copied, for a view would hold all."""
        for side in range(2):
            feed, ladder = self._feeds[side], self._ladders[side]
            first = max(0, int(np.searchsorted(feed.recv_ns, before_ns)) - 1)
            self._feeds[side] = _piece(feed, first, feed.recv_ns.size, copied=_little(first, feed.recv_ns.size))
            begin = max(0, int(np.searchsorted(ladder.recv_ns, before_ns)) - 1)
            self._ladders[side] = _books(ladder, begin, ladder.recv_ns.size, copied=_little(begin, ladder.recv_ns.size))


def _row(feed: Feed, row: int) -> Row:
    recv_ns, *values = (column[row].item() for column in feed)
    return (int(recv_ns), *values)


def _little(first: int, size: int) -> bool:
    return size - first < size // 2


def _piece(feed: Feed, first: int, last: int, *, copied: bool = False) -> Feed:
    times, reals = feed.recv_ns[first:last], [values[first:last] for values in feed[1:]]
    return Feed(times.copy(), *(one.copy() for one in reals)) if copied else Feed(times, *reals)


def _books(ladder: Ladder, first: int, last: int, *, copied: bool = False) -> Ladder:
    times, reals = ladder.recv_ns[first:last], [values[first:last] for values in ladder[1:]]
    return Ladder(times.copy(), *(one.copy() for one in reals)) if copied else Ladder(times, *reals)


def _feed_of(row: Row | tuple[float, ...] | None) -> Feed:
    columns = [[] for _ in range(5)] if row is None else [[value] for value in row]
    return Feed(np.array(columns[0], np.int64), *(np.array(one, np.float64) for one in columns[1:]))


def _quotes(frame: pl.DataFrame, unit: float) -> Feed:
    columns = [np.ascontiguousarray(frame[name].to_numpy()) for name in _QUOTES]
    if unit != 1.0:
        columns[1:] = [columns[1] / unit, columns[2] * unit, columns[3] / unit, columns[4] * unit]
    return Feed(*columns)


def _ladder(frame: pl.DataFrame, unit: float) -> Ladder:
    columns = [np.ascontiguousarray(frame[name].to_numpy()) for name in _LEVELS]
    if unit != 1.0:
        columns[1:] = [columns[1] / unit, columns[2] * unit, columns[3] / unit, columns[4] * unit]
    return Ladder(*columns)


def _joined(one: Feed, other: Feed) -> Feed:
    if not one.recv_ns.size:
        return other
    return Feed(*(np.concatenate((before, after)) for before, after in zip(one, other, strict=True)))


def _stacked(one: Ladder, other: Ladder) -> Ladder:
    if not one.recv_ns.size:
        return other
    return Ladder(*(np.concatenate((before, after)) for before, after in zip(one, other, strict=True)))
