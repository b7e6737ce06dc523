"""Books rebuilt from a table of level changes, a row a level (``incremental_book_L2``)."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import polars as pl

from arbresearch.store.importers.book import OrderBook, depth_columns
from arbresearch.store.importers.sequence import BEFORE_SNAPSHOT
from arbresearch.store.importers.wire import no_rows

__all__ = ["LevelBooks"]

_MARKET = ("venue", "symbol")
_MESSAGE = ("venue", "symbol", "recv_ns")


@dataclass(slots=True)
class _Market:
    book: OrderBook = field(default_factory=OrderBook)
    started: bool = False
    in_snapshot: bool = False


@dataclass(slots=True)
class LevelBooks:
    """The books of one file. Rows of a market with the same receive time are one message.

    A snapshot row that follows a row that is none empties the book first. Changes before the first snapshot are
    refused as ``before_snapshot``.
    """

    _markets: dict[tuple[str, str], _Market] = field(default_factory=dict)
    _held: pl.DataFrame | None = None

    def feed(self, changes: pl.DataFrame) -> pl.DataFrame:
        """Apply changes in order and return rows of depth, one a message, with ``line`` and ``reason``.

        Parameters
        ----------
        changes
            ``line``, ``reason``, ``venue``, ``symbol``, ``recv_ns``, ``event_ns``, ``is_snapshot``, ``is_bid``,
            ``price``, ``amount``; rows with a reason are passed on. The last message is held back until it is
            known to be complete.
        """
        columns = ["line", *_MESSAGE, "event_ns", "is_snapshot", "is_bid", "price", "amount"]
        good = changes.filter(pl.col("reason").is_null()).select(columns)
        joined = good if self._held is None else pl.concat([self._held, good])
        bad = changes.filter(pl.col("reason").is_not_null()).select("line", "reason", *_MESSAGE, "event_ns")
        if joined.is_empty():
            return _with(no_rows("depth"), bad)
        runs = joined["recv_ns"].rle_id()
        complete = runs < int(runs[-1])
        self._held = joined.filter(~complete)
        return _with(self._apply(joined.filter(complete)), bad)

    def end(self) -> pl.DataFrame:
        """Return the rows of the message that was held back."""
        held, self._held = self._held, None
        return no_rows("depth") if held is None else self._apply(held)

    def _apply(self, rows: pl.DataFrame) -> pl.DataFrame:
        parts = [no_rows("depth")]
        for names, part in rows.partition_by(*_MARKET, as_dict=True, maintain_order=True).items():
            market = self._markets.setdefault((str(names[0]), str(names[1])), _Market())
            parts.append(_replay(market, part))
        return pl.concat(parts, how="diagonal").sort("line", maintain_order=True)


def _replay(market: _Market, part: pl.DataFrame) -> pl.DataFrame:
    """Apply one market's complete messages."""
    early = pl.DataFrame()
    if not market.started:
        start = int(part["is_snapshot"].arg_max() or 0) if part["is_snapshot"].any() else part.height
        early = part.head(start).select("line", *_MESSAGE, "event_ns", reason=pl.lit(BEFORE_SNAPSHOT))
        part = part.slice(start)
        market.started = not part.is_empty()
    if part.is_empty():
        return early
    pieces = part.select(pl.struct("recv_ns", "is_snapshot").rle_id()).to_series().to_numpy()
    starts = np.concatenate([[0], np.flatnonzero(np.diff(pieces)) + 1, [part.height]]).astype(np.int64)
    snapshot = part["is_snapshot"].to_numpy()[starts[:-1]]
    before = np.concatenate([[market.in_snapshot], snapshot[:-1]])
    market.in_snapshot = bool(snapshot[-1])
    last = starts[1:] - 1
    recv = part["recv_ns"].to_numpy()[last]
    emit = np.append(recv[1:] != recv[:-1], True)
    replay = market.book.replay(
        starts,
        snapshot & ~before,
        emit,
        part["is_bid"].to_numpy(),
        part["price"].to_numpy(),
        part["amount"].to_numpy(),
    )
    head = part.select("line", *_MESSAGE, "event_ns").select(pl.all().gather(last[emit]))
    depth = head.with_columns(reason=pl.lit(None, dtype=pl.String), **depth_columns(replay.depth))
    return depth if early.is_empty() else pl.concat([early, depth], how="diagonal")


def _with(depth: pl.DataFrame, bad: pl.DataFrame) -> pl.DataFrame:
    return depth if bad.is_empty() else pl.concat([depth, bad], how="diagonal")
