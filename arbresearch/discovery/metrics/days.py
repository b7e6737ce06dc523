"""The history of one pair, read and measured a UTC day at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from arbresearch.core import MAX_NS, MIN_NS, NS_PER_DAY, FeeSchedule, parse_ns
from arbresearch.discovery.metrics.settings import MetricsSettings
from arbresearch.discovery.metrics.spread_fit import mid_spread_bps, sampled
from arbresearch.discovery.pairs import StreamPair
from arbresearch.edges import (
    LeadLagSums,
    Pair,
    PriceDiscovery,
    align,
    edge_profile,
    edges,
    episodes,
    horizon_sums,
    lead_lag_block,
    price_discovery,
    thinned,
)
from arbresearch.edges.arrays import Floats
from arbresearch.store import Moment, TickStore

__all__ = ["MeasuredDay", "common_span", "days_of", "measure_day", "moves_of"]

_COLUMNS = ("recv_ns", "bid", "bid_size", "ask", "ask_size")
_ALL_BPS = -1e5
"""Under any edge: a price is at least 0, so an edge is above -10,000 bps."""


@dataclass(frozen=True, slots=True, eq=False)
class MeasuredDay:
    """What one day adds to the history of a pair."""

    updates: int
    max_bps: dict[str, float]
    episodes: dict[str, pl.DataFrame]
    hours: dict[str, pl.DataFrame]
    samples: pl.DataFrame
    discovery: PriceDiscovery


def common_span(store: TickStore, pair: StreamPair, start: Moment | None, end: Moment | None) -> tuple[int, int]:
    """Return the first and the last instant in the range between which both were recorded, ns UTC.

    The first is after the last where there is none.

    Raises
    ------
    BadInput
        The store has no such stream.
    """
    first, last = MIN_NS if start is None else parse_ns(start), MAX_NS if end is None else parse_ns(end) - 1
    covered = store.coverage("quotes")
    for venue, symbol in pair.streams:
        found = covered.filter((pl.col("venue") == venue) & (pl.col("symbol") == symbol))
        if not found.height:
            store.quotes(venue, symbol)
        begins, ends = found.select("first_ns", "last_ns").row(0)
        first, last = max(first, begins), min(last, ends)
    return first, last


def days_of(
    store: TickStore, pair: StreamPair, max_age_ns: int, start: Moment | None, end: Moment | None
) -> Iterator[tuple[int, Pair]]:
    """Yield midnight and the aligned books of each UTC day on which both were recorded at the same time.

    A day stands alone: its books are known from their first update in it on.

    Raises
    ------
    BadInput
        The store has no such stream.
    """
    first, last = common_span(store, pair, start, end)
    low, high = MIN_NS if start is None else parse_ns(start), MAX_NS if end is None else parse_ns(end)
    for midnight in range(first - first % NS_PER_DAY, last + 1, NS_PER_DAY):
        bounds = max(low, midnight), min(high, midnight + NS_PER_DAY)
        books = [store.quotes(*stream, *bounds, columns=_COLUMNS) for stream in pair.streams]
        if all(book.height for book in books):
            begins, ends = (np.array([book["recv_ns"][place] for book in books]) for place in (0, -1))
            if begins.max() <= ends.min():
                yield midnight, align(books[0], books[1], max_age_ns=max_age_ns).overlap()


def moves_of(books: Pair, chosen: MetricsSettings) -> tuple[LeadLagSums, Floats]:
    """Return the sums of lead and lag, and those over each horizon, shape (horizons, 4): squares, product, changes."""
    rows = [
        thinned(book.recv_ns, book.bid, book.ask, chosen.spacing_ns, 0, len(book))
        for book in (books.book_a, books.book_b)
    ]
    horizon_ns = round(chosen.volatility_horizon_s * 1e9)
    block = lead_lag_block(*rows[0], *rows[1], chosen.lags_ns, horizon_ns)
    over = [horizon_sums(*rows[0], *rows[1], round(horizon * 1e9)) for horizon in chosen.horizons_s]
    return LeadLagSums.stacked([block], chosen.lags_ns, horizon_ns).total(), np.array(over, dtype=np.float64)


def measure_day(
    books: Pair,
    step_ns: int,
    sample_ns: int,
    fees_a: FeeSchedule,
    fees_b: FeeSchedule,
    chosen: MetricsSettings,
) -> MeasuredDay:
    """Measure one day; both legs are takers. The spread is kept each ``sample_ns``, a multiple of ``step_ns``."""
    found, hours, largest = {}, {}, {}
    for basis, level in (("gross", 0.0), ("net", chosen.entry_bps)):
        charged: dict[str, Any] = {"fees_a": fees_a, "fees_b": fees_b} if basis == "net" else {}
        found[basis] = _episodes(books, level, chosen, charged)
        hours[basis] = edge_profile(books, level, by="hour", **charged)
        # One episode a stretch with an edge, whose peak is the largest at any update in it.
        largest[basis] = _largest(episodes(books, _ALL_BPS, **charged)["peak_bps"])
    grid = sampled(books, step_ns)
    fresh = ~grid.stale
    mid_a, mid_b = (
        np.where(fresh, 0.5 * (bid + ask), np.nan) for bid, ask in ((grid.bid_a, grid.ask_a), (grid.bid_b, grid.ask_b))
    )
    kept = sampled(books, sample_ns)
    samples = edges(kept, fees_a, fees_b).select(
        "recv_ns",
        pl.col("gross_best_bps").alias("gross_bps"),
        pl.col("net_best_bps").alias("net_bps"),
        pl.Series("spread_bps", mid_spread_bps(kept)),
    )
    return MeasuredDay(len(books), largest, found, hours, samples, price_discovery(mid_a, mid_b))


def _episodes(books: Pair, level: float, chosen: MetricsSettings, charged: dict[str, Any]) -> pl.DataFrame:
    """Return the episodes of a day, and the edge after each latency as ``edge_<place>_bps``."""
    later = []
    for place, latency_s in enumerate(chosen.latencies_s):
        listed = episodes(books, level, min_gap_s=chosen.min_gap_s, latency_s=latency_s, **charged)
        later.append(listed["edge_latency_bps"].alias(f"edge_{place}_bps"))
    return listed.select("start_ns", "duration_s", "censored", "left_censored", *later)


def _largest(peaks: pl.Series) -> float:
    return float(peaks.max()) if peaks.len() else float("nan")  # type: ignore[arg-type]
