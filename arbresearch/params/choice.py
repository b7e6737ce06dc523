"""Which pair a notebook about one pair is about: the one that is named, else the best of the store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from arbresearch.core import BadInput, FeeSchedule, expected
from arbresearch.discovery import (
    Markets,
    ScoreSettings,
    SpotArbitrageCandidateFinder,
    StreamPair,
    choose_pair,
    choose_pairs,
    stream_pair,
)
from arbresearch.store import Moment, TickStore

__all__ = ["best_pair", "choose_for", "named_pair"]

_NAMED = 6


class _Choosing(Protocol):
    """Parameters that say which pair a notebook is about."""

    @property
    def pair(self) -> str: ...
    @property
    def candidates(self) -> int | None: ...
    @property
    def symbols(self) -> Sequence[str]: ...
    @property
    def venue_pairs(self) -> Sequence[str]: ...
    @property
    def markets(self) -> Markets: ...
    @property
    def start(self) -> Moment | None: ...
    @property
    def end(self) -> Moment | None: ...
    @property
    def fees_bps(self) -> Mapping[str, float]: ...
    def own_fees(self) -> Mapping[str, FeeSchedule]: ...


def choose_for(params: _Choosing, store: TickStore, settings: ScoreSettings) -> tuple[StreamPair, int]:
    """Return the pair that parameters name, else the best of the store, and among how many it was chosen.

    Parameters
    ----------
    params
        Of a notebook about one pair.
    store
        Where its quotes are.
    settings
        By which the store's pairs are ranked where none is named.

    Raises
    ------
    BadInput
        The store does not have it, or has none to choose among, or fees are not known.
    """
    if params.pair:
        chosen = named_pair(store, params.pair, symbols=params.symbols, venue_pairs=params.venue_pairs)
        return chosen, params.candidates or 1
    found, compared = best_pair(
        store,
        settings,
        fees_bps=params.fees_bps,
        own_fees=params.own_fees(),
        symbols=params.symbols,
        venue_pairs=params.venue_pairs,
        markets=params.markets,
        start=params.start,
        end=params.end,
    )
    return found, compared if params.candidates is None else params.candidates


def named_pair(
    store: TickStore, name: str, *, symbols: Sequence[str] = (), venue_pairs: Sequence[str] = ()
) -> StreamPair:
    """Return the pair of a store that a name such as ``LUNC/USDT mexc-gate`` means, either venue being A.

    Parameters
    ----------
    store
        Where its quotes are.
    name
        As :attr:`StreamPair.name` writes it.
    symbols, venue_pairs
        What is looked through; empty: everything.

    Raises
    ------
    BadInput
        The store has no such pair.
    """
    found = choose_pairs(store, symbols=symbols, venue_pairs=venue_pairs, markets="any")
    turned = (StreamPair(one.venue_b, one.symbol_b, one.venue_a, one.symbol_a) for one in found)
    known = {one.name: one for one in (*turned, *found)}
    if name not in known:
        near = [one.name for one in found if one.coin == name.split(" ")[0]] or [one.name for one in found]
        more = f" and {len(near) - _NAMED} more" if len(near) > _NAMED else ""
        raise BadInput(expected("pair", f"one of the store: {', '.join(near[:_NAMED])}{more}", repr(name)))
    return known[name]


def best_pair(
    store: TickStore,
    settings: ScoreSettings,
    *,
    fees_bps: Mapping[str, float],
    own_fees: Mapping[str, FeeSchedule],
    symbols: Sequence[str] = (),
    venue_pairs: Sequence[str] = (),
    markets: Markets = "same",
    start: Moment | None = None,
    end: Moment | None = None,
) -> tuple[StreamPair, int]:
    """Return the first pair of the ranking by score, and how many were compared.

    Parameters
    ----------
    store, settings, fees_bps, own_fees
        As :class:`~arbresearch.discovery.SpotArbitrageCandidateFinder` takes them.
    symbols, venue_pairs, markets, start, end
        As its ``rank`` takes them.

    Raises
    ------
    BadInput
        Nothing could be measured, or fees are missing.
    """
    finder = SpotArbitrageCandidateFinder(store, settings, fees_bps=fees_bps, own_fees=own_fees)
    ranking = finder.rank(symbols, venue_pairs, markets=markets, start=start, end=end)
    return stream_pair(ranking, choose_pair(ranking)), ranking.candidates
