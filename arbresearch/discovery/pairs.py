"""Which streams to hold against each other, and what trading on each costs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, combinations
from typing import Final, Literal

import polars as pl

from arbresearch.core import BadInput, FeeSchedule, check_venue, expected
from arbresearch.store import TickStore
from arbresearch.venues import unit_of

__all__ = ["Fees", "Markets", "StreamPair", "choose_pairs", "find_fees"]

Markets = Literal["same", "any"]

Fees = Mapping[tuple[str, str], FeeSchedule]
"""Schedule of each (venue, symbol)."""

_NAMED: Final = 6


@dataclass(frozen=True, slots=True, order=True)
class StreamPair:
    """Two streams of one coin: A and B, each a venue and a symbol."""

    venue_a: str
    symbol_a: str
    venue_b: str
    symbol_b: str

    @property
    def coin(self) -> str:
        """Return base and quote, the same for spot and perpetual."""
        return self.symbol_a.split(":")[0]

    @property
    def name(self) -> str:
        """Return how tables and charts write it: ``LUNC/USDT mexc-gate``, a perpetual marked ``perp``.

        Where B's coin or currency is written otherwise, it follows: ``PEPE/USDT gate-binance 1000PEPE/USDT``.
        """
        other = self.symbol_b.split(":")[0]
        return f"{self.coin} {self.side_a}-{self.side_b}" + ("" if other == self.coin else f" {other}")

    @property
    def units(self) -> tuple[float, float]:
        """Return by what prices of A and of B are divided, and sizes multiplied, to be of the same unit of the coin.

        (1, 1) unless one ticker is a multiple of the other: 1000 of one PEPE are one 1000PEPE.
        """
        many = [unit_of(symbol.split("/")[0]).multiplier for _, symbol in self.streams]
        return many[0] / min(many), many[1] / min(many)

    @property
    def side_a(self) -> str:
        """Return the venue of A, marked where it is a perpetual."""
        return _marked(self.venue_a, self.symbol_a)

    @property
    def side_b(self) -> str:
        """Return the venue of B, marked where it is a perpetual."""
        return _marked(self.venue_b, self.symbol_b)

    @property
    def streams(self) -> tuple[tuple[str, str], tuple[str, str]]:
        """Return (venue, symbol) of A and of B."""
        return (self.venue_a, self.symbol_a), (self.venue_b, self.symbol_b)


def _marked(venue: str, symbol: str) -> str:
    return f"{venue} perp" if ":" in symbol else venue


def choose_pairs(
    store: TickStore, *, venue_pairs: Sequence[str] = (), symbols: Sequence[str] = (), markets: Markets = "same"
) -> tuple[StreamPair, ...]:
    """Pair up the quote streams of a store.

    Parameters
    ----------
    store
        Where the streams are.
    venue_pairs
        Such as ``mexc:gate``, the first being A; ``binance:binance`` holds spot against perpetual on one venue.
        None given: every two venues, in alphabetical order.
    symbols
        Unified symbols; one of spot such as ``LUNC/USDT`` means the coin, perpetual included. None given: all.
    markets
        ``same``: one symbol on two venues; ``any``: also spot against perpetual, on two venues or on one.

    Returns
    -------
    tuple of StreamPair
        By coin, venues and symbols; spot is A where both are on one venue.

    Raises
    ------
    BadInput
        A venue pair is malformed, a venue or symbol is not in the store, or nothing is left.
    """
    streams = store.streams("quotes")
    venues = sorted({venue for venue, _ in streams})
    wanted = _venue_pairs(venue_pairs, venues)
    known = {symbol for _, symbol in streams} | {symbol.split(":")[0] for _, symbol in streams}
    for symbol in symbols:
        if symbol not in known:
            raise BadInput(expected("symbol", f"one in the store: {_some(sorted(known))}", repr(symbol)))
    asked = set(symbols)
    kept = [one for one in streams if not asked or one[1] in asked or one[1].split(":")[0] in asked]
    by_coin: dict[str, list[tuple[str, str]]] = {}
    for venue, symbol in sorted(kept):
        by_coin.setdefault(symbol.split(":")[0], []).append((venue, symbol))
    found = []
    for one, other in chain.from_iterable(combinations(same, 2) for same in by_coin.values()):
        if markets == "any" or one[1] == other[1]:
            if (one[0], other[0]) in wanted:
                found.append(StreamPair(*one, *other))
            elif (other[0], one[0]) in wanted:
                found.append(StreamPair(*other, *one))
    if not found:
        asked_for = f"{_some(symbols) or 'any symbol'} on {_some(venue_pairs) or 'any two venues'}"
        todo = "markets = 'any' holds spot against perpetual too" if markets == "same" else "import more venues"
        raise BadInput(expected("pairs", f"two streams of one coin: {asked_for}", "none in the store", todo))
    return tuple(sorted(found, key=lambda pair: (pair.coin, pair)))


def _venue_pairs(given: Sequence[str], venues: Sequence[str]) -> set[tuple[str, str]]:
    if not given:
        return {(one, other) for one in venues for other in venues if one <= other}
    found = set()
    for text in given:
        first, sign, second = text.partition(":")
        if not sign or not first or not second:
            raise BadInput(expected("venue pair", "two venue ids such as mexc:gate", repr(text)))
        for venue in (first, second):
            if check_venue(venue) not in venues:
                raise BadInput(expected("venue", f"one with quotes in the store: {_some(venues)}", repr(venue)))
        found.add((first, second))
    return found


def find_fees(
    store: TickStore,
    pairs: Iterable[StreamPair],
    fees_bps: Mapping[str, float] | None = None,
    own: Mapping[str, FeeSchedule] | None = None,
    instruments: pl.DataFrame | None = None,
) -> dict[tuple[str, str], FeeSchedule]:
    """Find the fees of every stream; they are never assumed.

    Parameters
    ----------
    store
        Its ``instruments`` table holds published fees.
    pairs
        Pairs whose fees are needed.
    fees_bps
        Taker fee in basis points by venue (``gate``) or by venue and symbol (``gate LUNC/USDT:USDT``, first choice).
    own
        Fees of one's own account by venue, the second choice; the published ones are the third.
    instruments
        As :meth:`TickStore.instruments` gives them; None: read from the store.

    Returns
    -------
    dict
        (venue, symbol) to schedule. A fee given in ``fees_bps`` holds for both roles.

    Raises
    ------
    BadInput
        Fees are missing, or ``fees_bps`` names a stream that none of the pairs has.
    """
    given, account = dict(fees_bps or {}), dict(own or {})
    streams = sorted({stream for pair in pairs for stream in pair.streams})
    names = {venue for venue, _ in streams} | {f"{venue} {symbol}" for venue, symbol in streams}
    for name in given:
        if name not in names:
            raise BadInput(expected("fees_bps", f"venues or streams of the pairs: {_some(sorted(names))}", repr(name)))
    listed = store.instruments() if instruments is None else instruments
    table = listed.select("venue", "symbol", "maker_fee", "taker_fee")
    published = {
        (venue, symbol): FeeSchedule(maker, taker, tier="published")
        for venue, symbol, maker, taker in table.iter_rows()
        if maker is not None and taker is not None
    }
    found, missing = {}, []
    for venue, symbol in streams:
        fee_bps = given.get(f"{venue} {symbol}", given.get(venue))
        if fee_bps is not None:
            found[venue, symbol] = FeeSchedule.from_bps(fee_bps, fee_bps, tier="given")
        elif venue in account:
            found[venue, symbol] = account[venue]
        elif (venue, symbol) in published:
            found[venue, symbol] = published[venue, symbol]
        else:
            missing.append(f"{venue} {symbol}")
    if missing:
        todo = 'give them, such as fees_bps = {"gate": 10}, or import an instruments snapshot'
        raise BadInput(expected("fees", "a taker fee for every stream", f"none for {_some(missing)}", todo))
    return found


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more
