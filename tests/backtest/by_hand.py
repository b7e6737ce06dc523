"""What scenarios worked out by hand are built of: venues as rows, times in ms, terms that are easy to reckon with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from arbresearch.backtest.market import FundingRows, VenueTape
from arbresearch.backtest.terms import RunTerms, StrategyTerms, VenueTerms
from arbresearch.core import NS_PER_MS, NS_PER_SECOND
from arbresearch.matching import VenueLatency
from arbresearch.matching.rows import BookRows, TradeRows
from arbresearch.signals.modes import MODES, Mode

NOON_NS = (1_704_067_200 + 43_200) * NS_PER_SECOND
A, B, H = range(3)


def ns(ms: float) -> int:
    return NOON_NS + round(ms * NS_PER_MS)


def ms(times: Any) -> list[float]:
    return [(int(time) - NOON_NS) / NS_PER_MS for time in times]


def columns(rows: Sequence[Sequence[float]], width: int) -> list[np.ndarray[Any, Any]]:
    table = np.array(rows, dtype=np.float64).reshape(len(rows), width)
    times = np.array([ns(one) for one in table[:, 0]], dtype=np.int64)
    return [times, *(np.ascontiguousarray(column) for column in table.T[1:])]


def tape(
    *book: Sequence[float], trades: Sequence[Sequence[float]] = (), funding: Sequence[Sequence[float]] = ()
) -> VenueTape:
    """Return a venue: rows of ms, bid, size, ask, size; trades of ms, price, size, aggressor; funding of ms, rate."""
    moments, price, size, aggressor = columns(trades, 4)
    return VenueTape(
        book=BookRows(*columns(book, 5)),
        trades=TradeRows(moments, price, size, aggressor.astype(np.int64)),
        funding=FundingRows(*columns(funding, 2)),
    )


def terms(*modes: Mode, rates: tuple[float, float] = (0.0, 0.001), strategy: dict[str, Any] | None = None) -> RunTerms:
    """Return terms of two equal venues with lots of 0.1, ticks of 0.01, and delays that differ."""
    venue = VenueTerms(
        maker_rate=rates[0], taker_rate=rates[1], tick=0.01, lot=0.1, base_start=10.0, quote_start=1000.0
    )
    hedge = replace(venue, lot=1.0, perpetual=True, leverage=5.0, base_start=0.0)
    base = StrategyTerms(order_quote=100.0, common_lot=0.1, band_bps=10.0, deadline_ns=NS_PER_SECOND)
    enabled = tuple(mode in modes for mode in MODES)
    delays = {"feed_ns": 10 * NS_PER_MS, "entry_ns": 20 * NS_PER_MS, "acknowledgement_ns": 30 * NS_PER_MS}
    return RunTerms(
        venues=(venue, venue, hedge),
        strategy=replace(base, **(strategy or {})),
        enabled=enabled,
        entry_bps=(1.0,) * 6,
        exit_bps=(1.0,) * 6,
        latencies=(
            VenueLatency.constant("mexc", cancel_ns=40 * NS_PER_MS, **delays),
            VenueLatency.constant(
                "gate", feed_ns=5 * NS_PER_MS, entry_ns=5 * NS_PER_MS, acknowledgement_ns=50 * NS_PER_MS
            ),
            VenueLatency.constant("okx"),
        ),
    )
