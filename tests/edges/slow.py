"""What the edges package computes, written once more so that it is obviously right: plain Python, no arrays."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import polars as pl

NAN = math.nan
HOUR_NS = 3_600_000_000_000


class Row(NamedTuple):
    """One quote."""

    recv_ns: int
    bid: float
    bid_size: float
    ask: float
    ask_size: float


class Merged(NamedTuple):
    """One merged update."""

    recv_ns: int
    a: Row
    b: Row


class Terms(NamedTuple):
    """Fees by venue (None: gross), and the limits."""

    fee_a: float | None = None
    fee_b: float | None = None
    max_age_a: int | None = None
    max_age_b: int | None = None
    max_skew: int | None = None


GROSS = Terms()


@dataclass
class Segment:
    """A stretch of time in which nothing changes; ``edge`` is None where the books are stale."""

    start_ns: int
    end_ns: int
    edge: float | None
    row: Merged
    is_update: bool


def quotes(rows: Sequence[Sequence[float]]) -> pl.DataFrame:
    """Return a frame from (recv_ns, bid, bid_size, ask, ask_size) rows."""
    columns = list(zip(*rows, strict=True)) if rows else [()] * 5
    times = pl.Series("recv_ns", columns[0], dtype=pl.Int64)
    reals = [pl.Series(n, c, dtype=pl.Float64) for n, c in zip(Row._fields[1:], columns[1:], strict=True)]
    return pl.DataFrame([times, *reals])


def last_at(rows: Sequence[Row], now_ns: int) -> Row | None:
    """Return the last row in stored order among those at or before an instant."""
    found = None
    for row in rows:
        if row.recv_ns <= now_ns:
            found = row
    return found


def slow_align(a: Sequence[Row], b: Sequence[Row]) -> list[Merged]:
    """Look up both books at every instant at which either changed."""
    merged = []
    for now in sorted({row.recv_ns for row in [*a, *b]}):
        one, other = last_at(a, now), last_at(b, now)
        if one is not None and other is not None:
            merged.append(Merged(now, one, other))
    return merged


def is_stale(now_ns: int, a: Row, b: Row, terms: Terms) -> bool:
    """Apply the three limits."""
    old_a = terms.max_age_a is not None and now_ns - a.recv_ns > terms.max_age_a
    old_b = terms.max_age_b is not None and now_ns - b.recv_ns > terms.max_age_b
    apart = terms.max_skew is not None and abs(a.recv_ns - b.recv_ns) > terms.max_skew
    return old_a or old_b or apart


def directed(a: Row, b: Row, direction: str, terms: Terms) -> tuple[float, float, str]:
    """Return edge, size and direction of taking on both sides; NaN where a side is empty."""
    if direction == "best":
        both = [directed(a, b, one, terms) for one in ("ab", "ba")]
        known = [one for one in both if not math.isnan(one[0])]
        return max(known, key=lambda one: one[0]) if known else both[0]
    if direction == "ab":
        sell, buy, sell_fee, buy_fee, size = a.bid, b.ask, terms.fee_a, terms.fee_b, (a.bid_size, b.ask_size)
    else:
        sell, buy, sell_fee, buy_fee, size = b.bid, a.ask, terms.fee_b, terms.fee_a, (b.bid_size, a.ask_size)
    if math.isnan(sell) or math.isnan(buy):
        return NAN, NAN, direction
    smaller = NAN if any(math.isnan(one) for one in size) else min(size)
    if sell_fee is None or buy_fee is None:
        return (sell - buy) / buy * 1e4, smaller, direction
    return 1e4 * (sell * (1.0 - sell_fee) / (buy * (1.0 + buy_fee)) - 1.0), smaller, direction


def slow_segments(merged: Sequence[Merged], direction: str, terms: Terms) -> list[Segment]:
    """Cut time at every update and at every instant at which a book goes stale."""
    segments = []
    for place, row in enumerate(merged):
        following = merged[place + 1].recv_ns if place + 1 < len(merged) else row.recv_ns
        if is_stale(row.recv_ns, row.a, row.b, terms):
            segments.append(Segment(row.recv_ns, following, None, row, True))
            continue
        edge = directed(row.a, row.b, direction, terms)[0]
        ends = [following]
        ends += [] if terms.max_age_a is None else [row.a.recv_ns + terms.max_age_a]
        ends += [] if terms.max_age_b is None else [row.b.recv_ns + terms.max_age_b]
        segments.append(Segment(row.recv_ns, min(ends), edge, row, True))
        if min(ends) < following:
            segments.append(Segment(min(ends), following, None, row, False))
    return segments


def slow_episodes(
    merged: Sequence[Merged],
    threshold: float,
    *,
    direction: str = "best",
    terms: Terms = GROSS,
    min_gap_ns: int = 0,
    latency_ns: int = 0,
) -> list[dict[str, object]]:
    """Find runs of segments above the threshold, join those that are close, and describe each."""
    segments = slow_segments(merged, direction, terms)
    above = [one.edge is not None and one.edge > threshold for one in segments]
    runs: list[list[int]] = []
    for place, yes in enumerate(above):
        if yes and place and above[place - 1]:
            runs[-1][1] = place
        elif yes:
            runs.append([place, place])
    joined: list[list[int]] = []
    for first, last in runs:
        if joined and segments[first].start_ns - segments[joined[-1][1]].end_ns < min_gap_ns:
            joined[-1][1] = last
        else:
            joined.append([first, last])
    return [_described(segments, merged, *run, threshold, direction, terms, latency_ns) for run in joined]


def _described(
    segments: list[Segment],
    merged: Sequence[Merged],
    first: int,
    last: int,
    threshold: float,
    direction: str,
    terms: Terms,
    latency_ns: int,
) -> dict[str, object]:
    inside = segments[first : last + 1]
    known = [
        (one.edge, one.end_ns - one.start_ns) for one in inside if one.edge is not None and not math.isnan(one.edge)
    ]
    area = 0.0
    for edge, held in known:
        area += edge * held
    passed = sum(held for _, held in known)
    peak = max(edge for edge, _ in known)
    start = segments[first]
    _, size, sense = directed(start.row.a, start.row.b, direction, terms)
    moment = start.start_ns + latency_ns
    edge_then, size_then = NAN, NAN
    if moment <= merged[-1].recv_ns:
        then = next(one for one in reversed(merged) if one.recv_ns <= moment)
        size_then = 0.0
        if not is_stale(moment, then.a, then.b, terms):
            edge_then, shown, _ = directed(then.a, then.b, direction, terms)
            size_then = shown if edge_then > threshold else 0.0
    return {
        "direction": sense,
        "start_ns": start.start_ns,
        "end_ns": segments[last].end_ns,
        "duration_s": (segments[last].end_ns - start.start_ns) / 1e9,
        "peak_bps": peak,
        "mean_bps": area / passed if passed else peak,
        "size_start": size,
        "edge_latency_bps": edge_then,
        "size_latency": size_then,
        "updates": sum(one.is_update for one in inside),
        "censored": last + 1 == len(segments) or segments[last + 1].edge is None,
        "left_censored": first == 0 or segments[first - 1].edge is None,
    }


def slow_profile(
    merged: Sequence[Merged], threshold: float, *, direction: str, terms: Terms
) -> dict[tuple[int, int], tuple[int, int, int, int]]:
    """Return updates, updates above, nanoseconds and nanoseconds above by (weekday, hour), by walking the calendar."""
    result: dict[tuple[int, int], tuple[int, int, int, int]] = {}

    def add(now_ns: int, *amounts: int) -> None:
        moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(hours=now_ns // HOUR_NS)
        key = (moment.isoweekday(), moment.hour)
        result[key] = tuple(x + y for x, y in zip(result.get(key, (0, 0, 0, 0)), amounts, strict=True))  # type: ignore[assignment]

    for one in slow_segments(merged, direction, terms):
        if one.edge is None or math.isnan(one.edge):
            continue
        above = one.edge > threshold
        add(one.start_ns, 1, int(above), 0, 0)
        now = one.start_ns
        while now < one.end_ns:
            stop = min(one.end_ns, (now // HOUR_NS + 1) * HOUR_NS)
            add(now, 0, 0, stop - now, (stop - now) * above)
            now = stop
    return result


def slow_walk(prices: Sequence[float], sizes: Sequence[float], quantity: float) -> tuple[float, float]:
    """Take level after level; return the quote paid and the base filled."""
    paid, filled, left = 0.0, 0.0, quantity
    for price, size in zip(prices, sizes, strict=True):
        if math.isnan(price) or math.isnan(size):
            continue
        part = min(left, size)
        filled += part
        paid += part * price
        left -= part
    return paid, filled


def slow_executable(
    bids: Sequence[tuple[float, int]], asks: Sequence[tuple[float, int]], keep: float, pay: float, threshold: float
) -> tuple[int, float]:
    """Lay out whole units one by one, best against best; return how many pay and the profit of them."""
    sells = [price for price, size in bids for _ in range(size)]
    buys = [price for price, size in asks for _ in range(size)]
    count, profit = 0, 0.0
    for sell, buy in zip(sells, buys, strict=False):
        if not 1e4 * (sell * keep / (buy * pay) - 1.0) > threshold:
            break
        count += 1
        profit += sell * keep - buy * pay
    return count, profit
