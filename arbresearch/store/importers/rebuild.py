"""One Binance market's depth while a file is read: sequence, book, thinned output, and a check of its top."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import polars as pl

from arbresearch.store.importers.base import Rejection
from arbresearch.store.importers.book import FloatArray, OrderBook, depth_columns
from arbresearch.store.importers.sequence import DepthMessage, DepthSequence
from arbresearch.store.importers.wire import line_text

__all__ = ["TOP", "DepthRows", "MarketDepth"]

TOP: Final = ("bid", "bid_size", "ask", "ask_size")

_KEPT: Final = 5_000
"""Tops kept for comparison with the other stream's of the same update, which may come a little later."""


@dataclass(frozen=True, slots=True)
class DepthRows:
    """Rows of the depth table with their line, and what was refused or skipped on the way to them."""

    frame: pl.DataFrame
    rejected: list[Rejection]
    skipped: int


@dataclass(slots=True)
class MarketDepth:
    """Rebuilds the book of one market from its depth messages.

    Parameters
    ----------
    interval_ns
        At most one row in each interval of the receive clock, the first update in it; 0 for every update.
    """

    interval_ns: int
    applied: int = 0
    compared: int = 0
    disagreed: int = 0
    crossed: int = 0
    _sequence: DepthSequence = field(default_factory=DepthSequence)
    _book: OrderBook = field(default_factory=OrderBook)
    _cell: int = -1
    _tops: pl.DataFrame = field(default_factory=lambda: _no_tops())
    _tickers: pl.DataFrame = field(default_factory=lambda: _no_tops())

    def feed(self, messages: Iterable[DepthMessage], tickers: pl.DataFrame) -> DepthRows:
        """Take the next messages of the file, and the book tickers that came with them.

        Parameters
        ----------
        messages
            In the order of the file.
        tickers
            ``update`` and the columns of :data:`TOP`, to compare the rebuilt top of the same update with.
        """
        applied: list[DepthMessage] = []
        emit: list[bool] = []
        rows: list[tuple[int, int, int | None]] = []
        rejected: list[Rejection] = []
        skipped = 0
        for message in messages:
            ruling = self._sequence.rule(message)
            skipped += ruling.skipped
            rejected += [Rejection(one.line, reason, line_text(one.text)) for one, reason in ruling.refuse]
            if not ruling.apply:
                continue
            wanted = self._wanted(message.recv_ns)
            applied += ruling.apply
            emit += [False] * (len(ruling.apply) - 1) + [wanted]
            if wanted:
                rows.append((message.line, message.recv_ns, ruling.apply[-1].event_ns))
        frame, tops = self._replay(applied, emit, rows)
        self._compare(tops, tickers)
        return DepthRows(frame, rejected, skipped)

    def end(self) -> list[Rejection]:
        """Return the diffs for which no snapshot came."""
        return [Rejection(one.line, reason, line_text(one.text)) for one, reason in self._sequence.end()]

    def _wanted(self, recv_ns: int) -> bool:
        if not self.interval_ns:
            return True
        cell = recv_ns // self.interval_ns
        fresh = cell != self._cell
        self._cell = cell
        return fresh

    def _replay(
        self, applied: list[DepthMessage], emit: list[bool], rows: list[tuple[int, int, int | None]]
    ) -> tuple[pl.DataFrame, pl.DataFrame]:
        if not applied:
            return _depth_frame([], np.empty((0, 4, self._book.levels))), _no_tops()
        starts = np.concatenate([[0], np.cumsum([message.prices.size for message in applied])]).astype(np.int64)
        replay = self._book.replay(
            starts,
            np.array([message.snapshot for message in applied]),
            np.array(emit),
            np.concatenate([message.is_bid for message in applied]),
            np.concatenate([message.prices for message in applied]),
            np.concatenate([message.amounts for message in applied]),
        )
        self.applied += len(applied)
        self.crossed += int((replay.tops[:, 0] >= replay.tops[:, 2]).sum())
        tops = pl.DataFrame(
            {"update": [message.final for message in applied]}
            | {name: replay.tops[:, place] for place, name in enumerate(TOP)},
            schema=_no_tops().schema,
        )
        return _depth_frame(rows, replay.depth), tops

    def _compare(self, tops: pl.DataFrame, tickers: pl.DataFrame) -> None:
        """Count tops and tickers of the same update, each pair once, also where they came in different blocks."""
        fresh = pl.lit(True).alias("fresh")
        ours = pl.concat([self._tops.with_columns(~fresh), tops.with_columns(fresh)])
        theirs = pl.concat([self._tickers.with_columns(~fresh), tickers.with_columns(fresh)])
        pairs = ours.join(theirs, on="update").filter(pl.col("fresh") | pl.col("fresh_right"))
        differ = pl.any_horizontal(pl.col(name).ne_missing(pl.col(f"{name}_right")) for name in TOP)
        self.compared += pairs.height
        self.disagreed += pairs.filter(differ).height
        self._tops = ours.drop("fresh").tail(_KEPT)
        self._tickers = theirs.drop("fresh").tail(_KEPT)


def _no_tops() -> pl.DataFrame:
    return pl.DataFrame(schema={"update": pl.Int64} | dict.fromkeys(TOP, pl.Float64))


def _depth_frame(rows: list[tuple[int, int, int | None]], depth: FloatArray) -> pl.DataFrame:
    head = pl.DataFrame(rows, schema={"line": pl.Int64, "recv_ns": pl.Int64, "event_ns": pl.Int64}, orient="row")
    return head.with_columns(**depth_columns(depth))
