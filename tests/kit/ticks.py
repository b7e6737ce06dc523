"""Small frames for tests of the store."""

from __future__ import annotations

import polars as pl

from arbresearch.core.units import NS_PER_DAY
from arbresearch.store import TickStore

__all__ = ["DAY", "numbers", "part_paths", "quotes", "trade"]

DAY = 20_000 * NS_PER_DAY
"""2024-10-04"""


def quotes(times: list[int], venue: str = "mexc", symbol: str = "A/B", first: int = 0) -> pl.DataFrame:
    """Return quotes at those nanoseconds after midnight, numbered by their bid sizes."""
    count = len(times)
    return pl.DataFrame(
        {
            "venue": [venue] * count,
            "symbol": [symbol] * count,
            "recv_ns": [DAY + time for time in times],
            "bid": [1.0] * count,
            "bid_size": [float(first + i) for i in range(count)],
            "ask": [1.5] * count,
            "ask_size": [1.0] * count,
        },
        schema_overrides={"recv_ns": pl.Int64},
    )


def trade(price: float) -> pl.DataFrame:
    """Return one trade at midnight."""
    return pl.DataFrame({"venue": ["mexc"], "symbol": ["A/B"], "recv_ns": [DAY], "price": [price], "size": [1.0]})


def numbers(store: TickStore, venue: str = "mexc", symbol: str = "A/B") -> list[float]:
    """Return the bid sizes of a stream, by which the quotes are numbered."""
    return [float(x) for x in store.quotes(venue, symbol)["bid_size"]]


def part_paths(store: TickStore) -> list[str]:
    """Return every part file on disk, live or not."""
    return sorted(path.relative_to(store.root).as_posix() for path in store.root.glob("*/venue=*/date=*/*"))
