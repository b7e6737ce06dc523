"""What was recorded of the three venues, as arrays that the kernel reads in one pass."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeVar

import numpy as np

from arbresearch.edges.arrays import Floats, Times
from arbresearch.matching.rows import BookRows, LadderRows, TradeRows

__all__ = ["FundingRows", "Market", "VenueTape", "market_between", "no_book", "no_funding", "no_ladder", "no_trades"]


_Rows = TypeVar("_Rows", bound=tuple[Any, ...])


class FundingRows(NamedTuple):
    """Payments of funding, rising in time: ns, and the fraction of the position's value that longs pay."""

    recv_ns: Times
    rate: Floats


def no_book() -> BookRows:
    """Return a book without a row."""
    return BookRows(np.empty(0, dtype=np.int64), np.empty(0), np.empty(0), np.empty(0), np.empty(0))


def no_trades() -> TradeRows:
    """Return no trades."""
    return TradeRows(np.empty(0, dtype=np.int64), np.empty(0), np.empty(0), np.empty(0, dtype=np.int64))


def no_ladder() -> LadderRows:
    """Return no levels."""
    none = np.empty((0, 0))
    return LadderRows(np.empty(0, dtype=np.int64), none, none, none, none)


def no_funding() -> FundingRows:
    """Return no funding."""
    return FundingRows(np.empty(0, dtype=np.int64), np.empty(0))


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueTape:
    """All that was recorded of one market, each table rising in receive time.

    Parameters
    ----------
    book, trades, ladder, funding
        Best prices; public trades; levels; funding. Those that were not recorded have no rows.
    """

    book: BookRows = field(default_factory=no_book)
    trades: TradeRows = field(default_factory=no_trades)
    ladder: LadderRows = field(default_factory=no_ladder)
    funding: FundingRows = field(default_factory=no_funding)


Market = tuple[VenueTape, VenueTape, VenueTape]
"""A, B, and the perpetual that hedges."""


def market_between(market: Market, start_ns: int, end_ns: int) -> Market:
    """Return what was received in a span, the first time included and the last not; nothing is copied."""

    def cut(rows: _Rows) -> _Rows:
        first, last = np.searchsorted(rows[0], [start_ns, end_ns])
        return type(rows)(*(one[first:last] for one in rows))

    a, b, hedge = (
        VenueTape(book=cut(one.book), trades=cut(one.trades), ladder=cut(one.ladder), funding=cut(one.funding))
        for one in market
    )
    return a, b, hedge
