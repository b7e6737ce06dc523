"""Volatility and volume of a day, for the price impact of own orders."""

from __future__ import annotations

from math import sqrt
from typing import Final

import numpy as np

from arbresearch.backtest.market import VenueTape
from arbresearch.backtest.recordings import Span, parts_of, pieces_of
from arbresearch.backtest.streams import Stream
from arbresearch.core import NS_PER_DAY, NS_PER_MINUTE, BadInput, expected
from arbresearch.matching.rows import BookRows
from arbresearch.store import TickStore

__all__ = ["daily_volatility_bps", "daily_volume_base"]

_MINUTES_A_DAY: Final = NS_PER_DAY // NS_PER_MINUTE


def daily_volatility_bps(book: BookRows) -> float:
    """Return the volatility of a day: the root of the mean square of log returns by the minute, scaled by its root.

    Minutes that begin without both sides of the book, or with the quote of the minute before, are left out.

    Raises
    ------
    BadInput
        Fewer than two minutes have a price that can be compared.
    """
    if book.recv_ns.size:
        grid = np.arange(book.recv_ns[0], book.recv_ns[-1] + 1, NS_PER_MINUTE)
        rows = np.unique(np.searchsorted(book.recv_ns, grid, side="right") - 1)
        mids = 0.5 * (book.bid[rows] + book.ask[rows])
        minutes = np.maximum(1.0, np.diff(book.recv_ns[rows]) / NS_PER_MINUTE)
        returns = np.diff(np.log(np.where(mids > 0.0, mids, np.nan))) / np.sqrt(minutes)
        known = returns[np.isfinite(returns)]
        if known.size > 1:
            return float(1e4 * sqrt(float(np.mean(known**2)) * _MINUTES_A_DAY))
    raise BadInput(expected("volatility for the impact", "quotes over three minutes", "fewer", "give sigma_daily_bps"))


def daily_volume_base(store: TickStore, stream: Stream, span: Span, tape: VenueTape) -> float:
    """Return the coin traded in a day, from the trades of a span; those already read are not read again.

    Raises
    ------
    BadInput
        No trades were recorded within the span.
    """
    parts = parts_of(store, "trades", stream, span)
    if tape.trades.recv_ns.size:
        total = float(tape.trades.size.sum())
    else:
        pieces = pieces_of(store, "trades", stream, span)[0] if parts else []
        sizes = (
            store.read("trades", stream.venue, stream.symbol, *piece, columns=["recv_ns", "size"]) for piece in pieces
        )
        total = sum(float(one["size"].sum()) for one in sizes) * stream.unit
    if not total > 0.0:
        todo = "give volume_daily_base, or import trades"
        raise BadInput(expected(f"volume of {stream.name} for the impact", "recorded trades", "none", todo))
    return total * NS_PER_DAY / (span[1] - span[0])
