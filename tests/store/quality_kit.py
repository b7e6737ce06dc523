"""Planted streams for the tests of the data check, and slow, obvious versions of what it measures."""

from __future__ import annotations

import statistics
from itertools import pairwise
from typing import Any

import numpy as np
import polars as pl

from arbresearch.store import TickStore

START = 1_735_689_600_000_000_000
"""2025-01-01 00:00 UTC."""
SECOND = 1_000_000_000


def quotes(
    recv_s: Any,
    *,
    venue: str = "gate",
    symbol: str = "AAA/USDT",
    mid: Any = 100.0,
    delay_ms: Any = 50.0,
    step: float = 0.01,
) -> pl.DataFrame:
    """Return quotes at given seconds after START whose size changes with each row."""
    at = np.asarray(recv_s, dtype=np.float64)
    rows = at.size
    middle = np.broadcast_to(np.asarray(mid, dtype=np.float64), rows)
    recv = START + (at * SECOND).astype(np.int64)
    event = recv - (np.broadcast_to(np.asarray(delay_ms, dtype=np.float64), rows) * 1e6).astype(np.int64)
    return pl.DataFrame(
        {
            "venue": [venue] * rows,
            "symbol": [symbol] * rows,
            "recv_ns": recv,
            "event_ns": event,
            "bid": np.round(middle - step, 6),
            "bid_size": 1.0 + np.arange(rows) % 7,
            "ask": np.round(middle + step, 6),
            "ask_size": 2.0 + np.arange(rows) % 5,
        }
    )


def fill(store: TickStore, *frames: pl.DataFrame, table: str = "quotes") -> TickStore:
    """Append frames and return the store."""
    for frame in frames:
        store.append(table, frame)
    return store


def slow_distance_bps(values: list[float], half: int) -> list[float]:
    """Return each value's distance in bps from the median of the values at most ``half`` places away."""
    found = []
    for place, value in enumerate(values):
        near = [one for one in values[max(0, place - half) : place + half + 1] if one == one]
        found.append((value / statistics.median(near) - 1.0) * 1e4 if value == value else float("nan"))
    return found


def slow_gaps(recv_ns: list[int], factor: float, floor_s: float) -> list[tuple[int, int]]:
    """Return the pauses longer than the floor and than a multiple of the median pause."""
    pauses = list(pairwise(recv_ns))
    if not pauses:
        return []
    limit = max(floor_s, factor * statistics.median(two - one for one, two in pauses) / SECOND)
    return [(one, two) for one, two in pauses if (two - one) / SECOND > limit]


def slow_time_share(recv_ns: list[int], here: list[bool], cap_s: float) -> float:
    """Return the share of time in which a state held, each row counting until the next, at most the cap."""
    held = [min(two - one, cap_s * SECOND) for one, two in pairwise(recv_ns)]
    return sum(time for time, state in zip(held, here, strict=False) if state) / sum(held)


def slow_spans(
    rows: list[tuple[int, tuple[float, ...]]], floor_s: float
) -> tuple[int, int, list[tuple[int, int, int]]]:
    """Return changes, repeats and the spans (start, end, repeated rows) without a change of at least the floor."""
    changes, repeats, spans = 0, 0, []
    since, silent, last = rows[0][0], 0, None
    for time, values in rows:
        if values != last:
            if last is not None and (time - since) / SECOND >= floor_s:
                spans.append((since, time, silent))
            changes, since, silent, last = changes + 1, time, 0, values
        else:
            repeats, silent = repeats + 1, silent + 1
    if (rows[-1][0] - since) / SECOND >= floor_s:
        spans.append((since, rows[-1][0], silent))
    return changes, repeats, spans
