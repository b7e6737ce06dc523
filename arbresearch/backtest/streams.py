"""Which streams a run reads: A, B, and the perpetual that hedges."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from arbresearch.backtest.config import BacktestConfig
from arbresearch.core import BadInput, MarketType, Symbol, expected
from arbresearch.venues import unit_of

__all__ = ["Stream", "Streams", "check_names", "named", "streams_of"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Stream:
    """One market of one venue.

    Parameters
    ----------
    venue, symbol
        ccxt id and unified symbol.
    unit
        By what its prices are divided, and its sizes multiplied, to be those of the pair's base coin; 1 unless the
        ticker is a multiple of the other's.
    """

    venue: str
    symbol: str
    unit: float = 1.0

    @property
    def name(self) -> str:
        """Return venue and symbol as mappings and messages write them."""
        return f"{self.venue} {self.symbol}"

    @property
    def perpetual(self) -> bool:
        """Return whether coin held is a position, with margin instead of a balance."""
        return Symbol.parse(self.symbol).market is not MarketType.SPOT


@dataclass(frozen=True, slots=True, kw_only=True)
class Streams:
    """The streams of a run; ``hedge`` None where there is none. ``base`` is what all sizes are counted in."""

    a: Stream
    b: Stream
    hedge: Stream | None
    base: str
    quote: str
    warnings: tuple[str, ...] = ()

    @property
    def all(self) -> tuple[Stream, ...]:
        """Return A, B and, where there is one, the hedge."""
        return (self.a, self.b) if self.hedge is None else (self.a, self.b, self.hedge)


def streams_of(symbol: str, config: BacktestConfig) -> Streams:
    """Return the streams that a symbol and a configuration name.

    Raises
    ------
    BadInput
        No symbol, two symbols that are not of one coin, the same stream twice, or a contract that is settled in
        another currency than its quote.
    """
    symbols = [symbol, config.symbol_b or symbol]
    venues = [config.venue_a, config.venue_b]
    first = Symbol.parse(symbol)
    if config.hedge is not None:
        symbols.append(config.hedge.symbol or f"{first.base}/{first.quote}:{first.quote}")
        venues.append(config.hedge.venue)
    read = [Symbol.parse(one) for one in symbols]
    units = [unit_of(one.base) for one in read]
    for text, one, unit in zip(symbols, read, units, strict=True):
        if unit.base != units[0].base:
            raise BadInput(expected("symbols", f"units of one coin as {symbol}", text))
        if one.settle not in (None, one.quote):
            todo = "contracts settled in coin are not supported"
            raise BadInput(expected(f"symbol {text}", f"one settled in {one.quote}", one.settle, todo))
    least = min(unit.multiplier for unit in units)
    streams = [
        Stream(venue, text, unit.multiplier / least) for venue, text, unit in zip(venues, symbols, units, strict=True)
    ]
    if len({(one.venue, one.symbol) for one in streams}) < len(streams):
        raise BadInput(expected("streams", "different ones", " and ".join(one.name for one in streams)))
    quotes = sorted({one.quote for one in read})
    told = (f"quote currencies {' and '.join(quotes)} are taken for equal",) if len(quotes) > 1 else ()
    base = next(one.base for one, unit in zip(read, units, strict=True) if unit.multiplier == least)
    return Streams(
        a=streams[0],
        b=streams[1],
        hedge=streams[2] if len(streams) > 2 else None,
        base=base,
        quote=first.quote,
        warnings=told,
    )


def named(values: Mapping[str, T], stream: Stream) -> T | None:
    """Return what a mapping says of a stream: of venue and symbol first, then of the venue; None: nothing."""
    return values.get(stream.name, values.get(stream.venue))


def check_names(what: str, values: Mapping[str, object], streams: Streams) -> None:
    """Refuse names in a mapping that fit none of the streams; ``BadInput``."""
    known = [name for one in streams.all for name in (one.venue, one.name)]
    for name in values:
        if name not in known:
            raise BadInput(expected(what, f"some of {', '.join(dict.fromkeys(known))}", repr(name)))
