"""Random quotes of two venues, and what they look like as frames."""

from __future__ import annotations

from math import nan

import numpy as np
import polars as pl

from arbresearch.core import NS_PER_SECOND, FeeSchedule
from arbresearch.edges import Pair, align
from arbresearch.signals import SignalSettings, VenueQuote

START_NS = 1_700_000_000 * NS_PER_SECOND + 123_456_789
SETTINGS = SignalSettings(
    fees_a=FeeSchedule(0.0, 1e-4),
    fees_b=FeeSchedule(-1e-4, 3e-4),
    horizons_s=(6, 12, 30, 60),
    target_horizon_s=12,
    sell_a_bps=1.0,
    sell_b_bps=0.5,
    min_confidence=0.3,
    max_age_s=4.0,
    max_skew_s=3.0,
)


def random_quotes(seed: int, count: int = 1500) -> list[VenueQuote]:
    """Return quotes of both venues: common and own moves, a coarse tick, one-sided books, several at one time, gaps.

    Some gaps leave books stale, some are longer than a window. A third of the seeds trend, a third stand still for a
    while.
    """
    random = np.random.default_rng(seed)
    steps = random.choice([0, 1, 30, 200, 700], count, p=[0.05, 0.05, 0.2, 0.5, 0.2]) * random.random(count)
    steps[random.random(count) < 0.004] = 5_000
    steps[random.integers(count // 2, count)] = 90_000
    times = START_NS + np.cumsum(np.round(steps * 1e6).astype(np.int64))
    mids = np.full(2, 100.0)
    quotes = []
    for i in range(count):
        if not (seed % 3 == 1 and count // 3 < i < count // 2):
            mids += 0.002 * random.standard_normal() + (0.0005 * i / count if seed % 3 == 2 else 0.0)
            mids[0] += 0.1 * (mids[1] - mids[0]) + 0.03 * random.standard_normal()
        venue = int(random.random() < 0.4)
        bid = round(mids[venue], 2)
        ask = round(bid + 0.01 * random.integers(1, 4), 2)
        if random.random() < 0.02:
            bid = nan
        if random.random() < 0.02:
            ask = nan
        quotes.append(VenueQuote("ab"[venue], int(times[i]), bid, 1.0, ask, 2.0))
    return quotes


def frame_of(quotes: list[VenueQuote], venue: str) -> pl.DataFrame:
    """Return one venue's quotes as the store gives them."""
    schema = {"recv_ns": pl.Int64, **dict.fromkeys(("bid", "bid_size", "ask", "ask_size"), pl.Float64)}
    return pl.DataFrame([one[1:] for one in quotes if one.venue == venue], schema=schema, orient="row")


def pair_of(quotes: list[VenueQuote]) -> Pair:
    """Return both venues' quotes aligned."""
    return align(frame_of(quotes, "a"), frame_of(quotes, "b"))


def quotes_of(pair: Pair) -> list[VenueQuote]:
    """Return the quotes of a pair's books in the order of time, A's first at one time."""
    rows = []
    for order, book in enumerate((pair.book_a, pair.book_b)):
        columns = (book.recv_ns, book.bid, book.bid_size, book.ask, book.ask_size)
        rows += [(int(row[0]), order, *map(float, row[1:])) for row in zip(*columns, strict=True)]
    rows.sort(key=lambda row: row[:2])
    last = int(pair.recv_ns[-1])
    return [VenueQuote("ab"[row[1]], row[0], *row[2:]) for row in rows if row[0] <= last]
