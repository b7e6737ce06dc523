"""The book of a stream at one instant: its best prices, and the levels below them where depth is known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from arbresearch.store import TickStore
from arbresearch.store.schemas import DEPTH_LEVELS

__all__ = ["LatestBook", "latest_book"]

_Levels = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class LatestBook:
    """A book at one instant.

    Parameters
    ----------
    recv_ns
        When its best prices were received; None where there is no quote that is young enough.
    bids, bid_sizes, asks, ask_sizes : array of shape (1 + DEPTH_LEVELS,)
        Best first, quote per base and base coin; NaN where there is no level.
    """

    recv_ns: int | None
    bids: _Levels
    bid_sizes: _Levels
    asks: _Levels
    ask_sizes: _Levels


def latest_book(store: TickStore, venue: str, symbol: str, now_ns: int, max_age_ns: int, *, deep: bool) -> LatestBook:
    """Read the last quote at or before an instant, with the deeper levels of the last depth row.

    Levels of the depth row that are not worse than the quote's best price are left out: the quote is what holds there.

    Parameters
    ----------
    store, venue, symbol
        Whose book.
    now_ns
        Receive time, included.
    max_age_ns
        Rows that are older at the instant than this are not used.
    deep
        Whether the store has depth of the stream.

    Raises
    ------
    BadInput
        If there is no such stream.
    """
    span = (now_ns - max_age_ns, now_ns + 1)
    quotes = store.quotes(venue, symbol, *span).tail(1)
    sides = {name: np.full(1 + DEPTH_LEVELS, np.nan) for name in ("bids", "bid_sizes", "asks", "ask_sizes")}
    if quotes.is_empty():
        return LatestBook(None, **sides)
    best = quotes.row(0, named=True)
    for name, value in sides.items():
        value[0] = best[name.removesuffix("s")]
    rows = store.depth(venue, symbol, *span).tail(1) if deep else None
    if rows is not None and rows.height:
        below = {name: rows[name].to_numpy()[0] for name in sides}
        for name, worse in (("bid", below["bids"] < best["bid"]), ("ask", below["asks"] > best["ask"])):
            for kind in (f"{name}s", f"{name}_sizes"):
                sides[kind][1:] = np.where(worse, below[kind], np.nan)
    return LatestBook(int(best["recv_ns"]), **sides)
