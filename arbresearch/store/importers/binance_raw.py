"""Raw Binance WebSocket recordings: gzipped (or plain) lines ``<receive ns> <json>``.

Spot and USD-M futures, combined streams (``{"stream": ..., "data": ...}``) or bare messages: ``bookTicker``,
``trade``, ``aggTrade``, diff depth (``depth``, ``depth@100ms``, ``depth@0ms`` ...) and REST depth snapshots
(``lastUpdateId``). Message fields as in the Binance developer documents, "WebSocket Streams" of spot and of
USD-M futures (developers.binance.com, read November 2026).

Each message says by its fields which market it is of (only futures book tickers have ``T``, only futures diffs
``pu``, only spot trades ``M``); a folder of the path named after the other market is refused. Times are
milliseconds, or microseconds on connections that asked for them; told apart by magnitude. ``event_ns`` is the
matching engine's time ``T`` where there is one, else the event time ``E``; spot book tickers have neither.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import polars as pl

from arbresearch.core import NS_PER_MS, ImportFailed, expected
from arbresearch.store.importers.base import Batch, Rejection, Source, register
from arbresearch.store.importers.binance_lines import BinanceLines, Parsed
from arbresearch.store.importers.content import line_blocks, open_content
from arbresearch.store.importers.rebuild import TOP, MarketDepth
from arbresearch.store.importers.wire import Lines, by_magnitude_ns, make_batch, no_rows

__all__ = ["BinanceRaw"]

DEPTH_INTERVAL_MS: Final = 100
"""Least time between two stored books of a symbol, unless the caller says otherwise."""


class BinanceRaw:
    """Raw Binance streams, spot and USD-M, with the book rebuilt from its diffs.

    Of the books, at most one row of ten levels is stored in each interval of the receive clock: the first update
    that falls into it, as it was at its own time. The interval is the option ``depth_interval_ms`` (0 keeps every
    update), 100 ms by default, the pace of the spot stream. Ten levels a side take about 50 bytes a row where a
    quote takes 6 (measured on BTC/USDT), so that the futures stream at its full pace would take as much room as all
    quotes, whose best levels are exact anyway.
    """

    name = "binance-raw"
    doc = (
        "Binance WebSocket lines '<receive ns> <json>', gzipped or plain: book tickers, trades, diffs, REST snapshots."
    )
    extensions: tuple[str, ...] = (".gz", ".txt", ".log")
    options: tuple[str, ...] = ("venue", "symbol", "depth_interval_ms")

    def read(self, source: Source, batch_rows: int) -> Iterator[Batch]:
        """Yield quotes, trades and depth as they come in the file.

        Raises
        ------
        ImportFailed
            If the file is cut or damaged, holds no line of this format, or its first symbol is unknown.
        """
        parser = BinanceLines(source)
        interval_ms = DEPTH_INTERVAL_MS if source.depth_interval_ms is None else source.depth_interval_ms
        reader = _Reader(source, interval_ms * NS_PER_MS)
        with open_content(source.path) as content:
            lines, consumed = None, 0
            for block in line_blocks(content, batch_rows):
                lines, consumed = Lines(block), block.consumed
                yield from reader.batches(parser.parse(block, lines), lines, consumed)
            if lines is not None:
                yield reader.last(parser, lines, consumed)


class _Reader:
    """The books of one file, and what is said at its end."""

    def __init__(self, source: Source, interval_ns: int) -> None:
        self._source = source
        self._venue = pl.lit(source.venue or "binance").alias("venue")
        self._interval_ns = interval_ns
        self._depths: dict[str, MarketDepth] = {}
        self._taken = 0
        self._first_fault: Rejection | None = None

    def batches(self, parsed: Parsed, lines: Lines, consumed: int) -> Iterator[Batch]:
        """Yield what a block held, table by table."""
        quotes = parsed.quotes.with_columns(self._venue)
        yield make_batch("quotes", quotes.drop("update"), lines, consumed, parsed.rejected, parsed.filtered)
        if parsed.trades.height:
            yield make_batch("trades", parsed.trades.with_columns(self._venue), lines, consumed)
        if parsed.messages or self._depths:
            yield self._depth_batch(parsed, lines, consumed)
        self._taken += quotes.height + parsed.trades.height + len(parsed.messages)
        self._first_fault = self._first_fault or next(iter(parsed.rejected), None)

    def last(self, parser: BinanceLines, lines: Lines, consumed: int) -> Batch:
        """Return what is known only at the end: diffs that found no snapshot, and notes."""
        if not self._taken:
            found = repr(self._first_fault.text[:80]) if self._first_fault else "only other streams"
            want = "lines '<receive ns> <json>' of Binance streams"
            raise ImportFailed(expected(str(self._source.path), want, found, "is it another format?"))
        rejected = [one for depth in self._depths.values() for one in depth.end()]
        notes = [self._depth_note(symbol, depth) for symbol, depth in self._depths.items()]
        if parser.aggregates:
            notes.append(f"{parser.aggregates} aggregate trades left out: the single trades are there")
        if parser.unread:
            notes.append(f"streams that are not read: {', '.join(sorted(parser.unread))}")
        return make_batch("depth", no_rows("depth"), lines, consumed, rejected, notes=notes)

    def _depth_note(self, symbol: str, depth: MarketDepth) -> str:
        if not depth.applied:
            return f"{symbol}: no depth, for the file holds no snapshot that its diffs join"
        thinned = f", at most one row in {self._interval_ns // 1_000_000} ms stored" if self._interval_ns else ""
        rebuilt = f"{symbol}: book rebuilt from {depth.applied} depth messages{thinned}; crossed after {depth.crossed}"
        top = f"its top differs from the book ticker of the same update in {depth.disagreed} of {depth.compared}"
        return f"{rebuilt}; {top}"

    def _depth_batch(self, parsed: Parsed, lines: Lines, consumed: int) -> Batch:
        frames, rejected, skipped = [no_rows("depth").drop("venue", "reason")], list[Rejection](), 0
        for symbol in sorted({symbol for symbol, _ in parsed.messages} | set(self._depths)):
            depth = self._depths.setdefault(symbol, MarketDepth(self._interval_ns))
            tickers = parsed.quotes.filter(pl.col("reason").is_null() & (pl.col("symbol") == symbol))
            tops = tickers.select("update", pl.col(TOP).fill_null(float("nan")))
            rows = depth.feed((message for of, message in parsed.messages if of == symbol), tops)
            rejected += rows.rejected
            skipped += rows.skipped
            frames.append(rows.frame.with_columns(pl.lit(symbol).alias("symbol")))
        frame = pl.concat(frames, how="diagonal").with_columns(
            self._venue, pl.lit(None, dtype=pl.String).alias("reason"), by_magnitude_ns("event_ns")
        )
        return make_batch("depth", frame, lines, consumed, rejected, skipped)


register(BinanceRaw())
