"""Random and hand-made books for tests of the scoring kernels."""

from __future__ import annotations

import numpy as np
import polars as pl

from arbresearch.discovery.blocks.scan_kernels import Feed
from arbresearch.discovery.blocks.settle_types import Ladder, Terms

SECOND = 1_000_000_000


def feed(rows: list[tuple[float, float, float, float, float]]) -> Feed:
    """Return a feed from (second, bid, bid_size, ask, ask_size) rows."""
    columns = [np.array(one, np.float64) for one in zip(*rows, strict=True)]
    return Feed(np.round(columns[0] * SECOND).astype(np.int64), *columns[1:])


def frame(one: Feed) -> pl.DataFrame:
    """Return a feed as the store would give it."""
    return pl.DataFrame(dict(zip(("recv_ns", "bid", "bid_size", "ask", "ask_size"), one, strict=True)))


def random_feeds(seed: int, rows: int = 400, span_s: float = 1_800.0, pause: bool = True) -> tuple[Feed, Feed]:
    """Return two books around one wandering price; with equal times, repeated books, empty sides and silences."""
    rng = np.random.default_rng(seed)
    path = np.cumsum(rng.normal(0.0, 2e-4, 4_000))
    made = []
    for side in range(2):
        times = np.sort(rng.choice(int(span_s * 10), rows)) / 10.0 + (0.0 if side == 0 else 5.0)
        if pause:
            quiet = rng.uniform(0.2, 0.7) * span_s
            times = times[(times < quiet) | (times > quiet + 150.0)]
        mid = 100.0 * np.exp(path[(times / span_s * 3_000).astype(int)] + rng.normal(0.0, 6e-4, times.size))
        bid, ask = np.round(mid * 0.9998, 2), np.round(mid * 1.0002, 2)
        sizes = rng.integers(1, 9, (2, times.size)).astype(float)
        stands = rng.random(times.size) < 0.3
        for i in np.flatnonzero(stands):
            if i:
                bid[i], ask[i], sizes[:, i] = bid[i - 1], ask[i - 1], sizes[:, i - 1]
        empty = rng.random(times.size) < 0.03
        bid[empty], sizes[0, empty] = np.nan, np.nan
        made.append(Feed(np.round(times * SECOND).astype(np.int64), bid, sizes[0], ask, sizes[1]))
    return made[0], made[1]


def ladder(rows: list[tuple[float, list[tuple[float, float]], list[tuple[float, float]]]]) -> Ladder:
    """Return recorded levels from (second, bids, asks) rows of (price, size) levels."""
    times = np.array([round(row[0] * SECOND) for row in rows], np.int64)
    sides = [np.full((len(rows), 10), np.nan) for _ in range(4)]
    for n, (_, bids, asks) in enumerate(rows):
        for first, levels in ((0, bids), (2, asks)):
            for level, (price, size) in enumerate(levels):
                sides[first][n, level], sides[first + 1][n, level] = price, size
    return Ladder(times, *sides)


def terms(**changes: object) -> Terms:
    """Return terms without fees, lots, minimum or ways to move coin; one latency of a second on both venues."""
    values: dict[str, object] = {
        "keep_a": 1.0, "pay_a": 1.0, "keep_b": 1.0, "pay_b": 1.0, "entry": 1.0, "notional_quote": 1_000.0,
        "side_quote": 10_000.0, "lot": 0.0, "min_quantity": 0.0, "min_notional": 0.0,
        "latency_a_ns": np.array([SECOND]), "latency_b_ns": np.array([SECOND]),
        "sizes_quote": np.array([500.0, 1_000.0]),
        "max_age_ns": 60 * SECOND, "depth_age_ns": 5 * SECOND,
        "move_coin": np.array([0.0, 0.0]), "move_quote": np.array([-1.0, -1.0]),
        "move_ns": np.array([0, 0]),
    }  # fmt: skip
    return Terms(**{**values, **changes})  # type: ignore[arg-type]
