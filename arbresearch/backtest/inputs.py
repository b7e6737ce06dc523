"""What a run reads from the store: the market as arrays, and what was known of its venues."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import polars as pl

from arbresearch.backtest.clocks import ClockSample, sample_clocks
from arbresearch.backtest.codes import Rebalance
from arbresearch.backtest.config import BacktestConfig
from arbresearch.backtest.daily import daily_volatility_bps, daily_volume_base
from arbresearch.backtest.faults import check_market, tape_faults
from arbresearch.backtest.funding import read_funding
from arbresearch.backtest.listed import Listed, listed_of
from arbresearch.backtest.market import FundingRows, Market, VenueTape, market_between, no_funding, no_ladder, no_trades
from arbresearch.backtest.recordings import Span, parts_of, read_book, read_ladder, read_trades
from arbresearch.backtest.streams import Stream, Streams, streams_of
from arbresearch.core import NS_PER_HOUR, BadInput, expected, format_ns
from arbresearch.edges.pair import frozen
from arbresearch.matching.rows import BookRows, LadderRows, TradeRows
from arbresearch.store import TickStore

__all__ = ["Daily", "Inputs", "Recording"]

_LATE_NS: Final = NS_PER_HOUR


@dataclass(frozen=True, slots=True)
class Daily:
    """Volatility of a day in basis points, and base coin traded in one."""

    sigma_bps: float
    volume_base: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Inputs:
    """The market and what is known of it, whatever thresholds, fees or delays a run assumes.

    Parameters
    ----------
    streams
        A, B and the hedge.
    span
        Receive times that were read: the first included, the last not.
    market
        All arrays contiguous and read-only; trades only for modes with a maker, levels only where they are used.
    listed
        What each venue said of its market, one a stream.
    first_mids
        First price of each stream, quote per base.
    clocks
        Delays of each stream, measured.
    daily
        Of each stream; None unless own price impact asks for it.
    networks
        The store's networks as of the start; None unless transfers are enabled.
    digest
        Of the store's data.
    warnings
        What is wrong with the data.
    """

    streams: Streams
    span: Span
    market: Market
    listed: tuple[Listed, ...]
    first_mids: tuple[float, ...]
    clocks: tuple[ClockSample, ...]
    daily: tuple[Daily | None, ...]
    networks: pl.DataFrame | None
    digest: str
    warnings: tuple[str, ...]

    @property
    def start_ns(self) -> int:
        """Return the first time at which both A and B have been quoted."""
        return int(max(tape.book.recv_ns[0] for tape in self.market[:2]))

    def between(self, start_ns: int, end_ns: int) -> Inputs:
        """Return the inputs of a part of the span, with the prices of its beginning; nothing is read or copied.

        Measured delays and what is wrong with the data stay those of the whole span.

        Raises
        ------
        BadInput
            The part is not inside the span, or a stream has no quote with two sides in it.
        """
        if not self.span[0] <= start_ns < end_ns <= self.span[1]:
            want = f"a part of {format_ns(self.span[0])} to {format_ns(self.span[1])}"
            raise BadInput(expected("span", want, f"{format_ns(start_ns)} to {format_ns(end_ns)}"))
        market = market_between(self.market, start_ns, end_ns)
        names = [one.name for one in self.streams.all]
        for tape, name in zip(market, names, strict=False):
            if not tape.book.recv_ns.size:
                found = f"none from {format_ns(start_ns)} to {format_ns(end_ns)}"
                raise BadInput(expected(f"quotes of {name}", "at least one row", found))
        mids = tuple(_first_mid(tape.book, name) for tape, name in zip(market, names, strict=False))
        return replace(self, span=(start_ns, end_ns), market=market, first_mids=mids)

    @property
    def rows(self) -> int:
        """Return how many rows of all tables the market has."""
        return sum(
            rows.recv_ns.size for tape in self.market for rows in (tape.book, tape.trades, tape.ladder, tape.funding)
        )


class Recording:
    """Reads the streams of one symbol and span, each table once; what was read is kept for the next run."""

    def __init__(self, store: TickStore, streams: Streams, span: Span, digest: str) -> None:
        self.key = (streams, span, digest)
        self._store, self._streams, self._span, self._digest = store, streams, span, digest
        self._kept: dict[tuple[Any, ...], Any] = {}

    @classmethod
    def named(cls, store: TickStore, symbol: str, config: BacktestConfig) -> Recording:
        """Find the streams and the span, without reading them.

        Raises
        ------
        BadInput
            A stream that the store does not have, or two that share no time.
        """
        streams = streams_of(symbol, config)
        return cls(store, streams, _span(store, streams, config), store.digest())

    def inputs(self, config: BacktestConfig) -> Inputs:
        """Return what a configuration needs, reading only what has not been read.

        Raises
        ------
        BadInput
            A stream without quotes in the span, or without a price.
        """
        streams = self._streams.all
        tapes = [self._tape(one, config) for one in streams]
        market = (tapes[0], tapes[1], tapes[2] if len(tapes) > 2 else _frozen(VenueTape()))
        listed, unlisted = self._once(("listed",), lambda: listed_of(self._store, streams, self._span[0]))
        clocks = tuple(
            self._once(("clocks", one), lambda one=one: sample_clocks(self._store, one, self._span)) for one in streams
        )
        warnings = [*self._streams.warnings, *unlisted]
        for one, tape, clock in zip(streams, tapes, clocks, strict=True):
            warnings += [*self._told(one, tape, config), *clock.warnings]
        return Inputs(
            streams=self._streams,
            span=self._span,
            market=market,
            listed=tuple(listed),
            first_mids=tuple(self._once(("mid", one), lambda b=t.book, n=one.name: _first_mid(b, n))
                             for one, t in zip(streams, tapes, strict=True)),
            clocks=clocks,
            daily=tuple(self._daily(one, tape, config) for one, tape in zip(streams, tapes, strict=True)),
            networks=self._networks(config),
            digest=self._digest,
            warnings=tuple(dict.fromkeys([*warnings, *self._late(tapes)])),
        )  # fmt: skip

    def _tape(self, stream: Stream, config: BacktestConfig) -> VenueTape:
        store, span = self._store, self._span
        book = self._once(("quotes", stream), lambda: read_book(store, stream, span))
        if not book.recv_ns.size:
            what = "hedge data" if stream is self._streams.hedge else "quotes"
            found = f"none from {format_ns(span[0])} to {format_ns(span[1])}"
            raise BadInput(expected(f"{what} of {stream.name}", "at least one row", found))
        trades, ladder = no_trades(), no_ladder()
        if config.makes and stream is not self._streams.hedge and parts_of(store, "trades", stream, span):
            trades = self._once(("trades", stream), lambda: read_trades(store, stream, span))
        if config.use_depth and parts_of(store, "depth", stream, span):
            ladder = self._once(("depth", stream), lambda: read_ladder(store, stream, span))
        funding = no_funding()
        if stream.perpetual:
            funding, _ = self._once(("funding", stream), lambda: read_funding(store, stream, span))
        return _frozen(VenueTape(book=book, trades=trades, ladder=ladder, funding=funding))

    def _told(self, stream: Stream, tape: VenueTape, config: BacktestConfig) -> list[str]:
        tables = (tape.trades.recv_ns.size > 0, tape.ladder.recv_ns.size > 0)

        def checked() -> tuple[str, ...]:
            check_market((tape, VenueTape(), VenueTape()), (stream.name,))
            return tape_faults(tape, stream.name)

        told = list(self._once(("faults", stream, tables), checked))
        if config.makes and stream is not self._streams.hedge and not tables[0]:
            told.append(f"{stream.name}: no trades were recorded; resting orders fill only where the book crosses them")
        if stream.perpetual:
            told += self._kept["funding", stream][1]
        return told

    def _late(self, tapes: list[VenueTape]) -> list[str]:
        """Say which streams do not reach to the ends of the span."""
        told = []
        for stream, tape in zip(self._streams.all, tapes, strict=True):
            first, last = int(tape.book.recv_ns[0]), int(tape.book.recv_ns[-1])
            if first - self._span[0] > _LATE_NS:
                told.append(f"{stream.name}: quotes begin at {format_ns(first, 0)}, after the start of the run")
            if self._span[1] - last > _LATE_NS:
                told.append(f"{stream.name}: quotes end at {format_ns(last, 0)}, before the end of the run")
        return told

    def _daily(self, stream: Stream, tape: VenueTape, config: BacktestConfig) -> Daily | None:
        impact = config.impact
        if impact is None:
            return None
        sigma, volume = impact.sigma_daily_bps, impact.volume_daily_base
        if sigma is None:
            sigma = self._once(("sigma", stream), lambda: daily_volatility_bps(tape.book))
        if volume is None:
            volume = self._once(("volume", stream), lambda: daily_volume_base(self._store, stream, self._span, tape))
        return Daily(sigma, volume)

    def _networks(self, config: BacktestConfig) -> pl.DataFrame | None:
        if config.rebalancing is not Rebalance.TRANSFER:
            return None
        frame: pl.DataFrame = self._once(("networks",), lambda: self._store.networks(self._span[0]))
        return frame

    def _once(self, key: tuple[Any, ...], make: Any) -> Any:
        if key not in self._kept:
            self._kept[key] = make()
        return self._kept[key]


def _span(store: TickStore, streams: Streams, config: BacktestConfig) -> Span:
    """Return the times asked for; where they are open, from the first to the last at which A and B are both quoted."""
    cover = {
        (venue, symbol): (first, last)
        for venue, symbol, first, last in store.coverage("quotes")
        .select("venue", "symbol", "first_ns", "last_ns")
        .iter_rows()
    }
    for one in streams.all:
        if (one.venue, one.symbol) not in cover:
            what = "hedge data" if one is streams.hedge else "quotes"
            near = ", ".join(
                f"{venue} {symbol}" for venue, symbol in cover if venue == one.venue or symbol == one.symbol
            )
            raise BadInput(
                expected(f"{what} of {one.name}", "a stream in the store", f"none; near it are {near or 'none'}")
            )
    held = [cover[one.venue, one.symbol] for one in (streams.a, streams.b)]
    start = config.start if isinstance(config.start, int) else max(first for first, _ in held)
    end = config.end if isinstance(config.end, int) else min(last for _, last in held) + 1
    if end <= start or any(last < start or first >= end for first, last in held):
        found = " and ".join(f"{format_ns(first, 0)} to {format_ns(last, 0)}" for first, last in held)
        want = f"quotes of both at the same time from {format_ns(start, 0)} to {format_ns(end, 0)}"
        raise BadInput(expected(f"{streams.a.name} and {streams.b.name}", want, found))
    return start, end


def _frozen(tape: VenueTape) -> VenueTape:
    """Return a tape whose arrays are all read-only, those without rows too: kernels are compiled for one type."""
    book, trades, ladder, funding = tape.book, tape.trades, tape.ladder, tape.funding
    return VenueTape(
        book=BookRows(frozen(book.recv_ns), *(frozen(one) for one in book[1:])),
        trades=TradeRows(frozen(trades.recv_ns), frozen(trades.price), frozen(trades.size), frozen(trades.aggressor)),
        ladder=LadderRows(frozen(ladder.recv_ns), *(frozen(one) for one in ladder[1:])),
        funding=FundingRows(frozen(funding.recv_ns), frozen(funding.rate)),
    )


def _first_mid(book: BookRows, name: str) -> float:
    mids = 0.5 * (book.bid[:1] + book.ask[:1])
    if not np.isfinite(mids[0]):
        rows = np.flatnonzero(np.isfinite(book.bid) & np.isfinite(book.ask))
        if not rows.size:
            raise BadInput(expected(f"quotes of {name}", "a row with bid and ask", "none"))
        mids = 0.5 * (book.bid[rows[:1]] + book.ask[rows[:1]])
    return float(mids[0])
