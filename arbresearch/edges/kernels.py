"""Compiled loops over the merged rows of two books.

They live in one file on purpose: a compiled function is cached against the file it is written in, so a callee
elsewhere could change without its callers being compiled again.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numba import njit

from arbresearch.edges.arrays import AB, BA, NO_DIRECTION, Bools, EdgeColumns, EpisodeColumns, Floats, Legs, Times

__all__ = ["edge_columns", "price_rows", "profile_hours", "scan_episodes", "states_at"]

_STALE: Final = -(2**63)
_BLOCK: Final = 4096
"""Rows priced at a time, so that prices stay in the processor's cache and need no memory of their own."""
_HOUR_NS: Final = 3_600_000_000_000
_HOURS_PER_WEEK: Final = 168
_EPOCH_HOUR_OF_WEEK: Final = 72
"""1970-01-01 was a Thursday; the week starts on Monday."""


@njit(cache=True, error_model="numpy")
def _edge(net: bool, sell: float, keep: float, buy: float, pay: float) -> float:
    if net:
        return 1e4 * (sell * keep / (buy * pay) - 1.0)
    return (sell - buy) / buy * 1e4


@njit(cache=True, error_model="numpy")
def _larger(ab: float, ba: float) -> tuple[float, bool]:
    """Return the larger of two edges, NaN counting as none, and whether it is the first."""
    if ba > ab or ab != ab:
        return ba, False
    return ab, True


@njit(cache=True, error_model="numpy")
def _smaller_size(size_a: float, size_b: float, take_a: bool, take_b: bool) -> float:
    """Return the smaller displayed size of the legs that take; NaN when one of them is not known."""
    if not take_a:
        return size_b
    if not take_b or size_a < size_b or size_a != size_a:
        return size_a
    return size_b


@njit(cache=True, error_model="numpy")
def _fresh_until(now_ns: int, updated_a: int, updated_b: int, max_age_a: int, max_age_b: int, max_skew: int) -> int:
    """Return the last instant at which both books are fresh, or ``_STALE`` when they are not now."""
    limit = min(updated_a + max_age_a, updated_b + max_age_b)
    if now_ns > limit or abs(updated_a - updated_b) > max_skew:
        return _STALE
    return limit


@njit(cache=True, error_model="numpy")
def price_rows(legs: Legs, direction: int, first: int, last: int, edge: Floats, until: Times) -> None:
    """Fill edge and end of validity of the merged rows from ``first`` to before ``last``.

    The edge is NaN where the books are stale or a side is empty. ``until`` is the next row's instant or, when that
    is earlier, the one at which a book goes stale; a row that is stale already gets ``_STALE``.
    """
    time_ns, row_a, row_b, recv_a, recv_b = legs.time_ns, legs.row_a, legs.row_b, legs.recv_a, legs.recv_b
    sell_a, buy_a, sell_b, buy_b = legs.sell_a, legs.buy_a, legs.sell_b, legs.buy_b
    keep_a, pay_a, keep_b, pay_b, net = legs.keep_a, legs.pay_a, legs.keep_b, legs.pay_b, legs.net
    max_age_a, max_age_b, max_skew = legs.max_age_a, legs.max_age_b, legs.max_skew
    rows = time_ns.size
    for i in range(first, last):
        x = row_a[i]
        y = row_b[i]
        now = time_ns[i]
        limit = _fresh_until(now, recv_a[x], recv_b[y], max_age_a, max_age_b, max_skew)
        ab = np.nan
        ba = np.nan
        if limit != _STALE:
            if direction != BA:
                ab = _edge(net, sell_a[x], keep_a, buy_b[y], pay_b)
            if direction != AB:
                ba = _edge(net, sell_b[y], keep_b, buy_a[x], pay_a)
            limit = min(limit, time_ns[i + 1] if i + 1 < rows else now)
        edge[i - first], _ = _larger(ab, ba)
        until[i - first] = limit


@njit(cache=True, error_model="numpy")
def edge_columns(legs: Legs, out: EdgeColumns) -> None:
    """Fill the edge columns of every merged row."""
    time_ns, row_a, row_b, recv_a, recv_b = legs.time_ns, legs.row_a, legs.row_b, legs.recv_a, legs.recv_b
    sell_a, buy_a, sell_b, buy_b = legs.sell_a, legs.buy_a, legs.sell_b, legs.buy_b
    sell_size_a, buy_size_a, sell_size_b, buy_size_b = (
        legs.sell_size_a,
        legs.buy_size_a,
        legs.sell_size_b,
        legs.buy_size_b,
    )
    keep_a, pay_a, keep_b, pay_b = legs.keep_a, legs.pay_a, legs.keep_b, legs.pay_b
    take_a, take_b = legs.take_a, legs.take_b
    max_age_a, max_age_b, max_skew = legs.max_age_a, legs.max_age_b, legs.max_skew
    gross_ab, gross_ba, gross_best = out.gross_ab, out.gross_ba, out.gross_best
    net_ab, net_ba, net_best = out.net_ab, out.net_ba, out.net_best
    size_ab, size_ba, best = out.size_ab, out.size_ba, out.best
    for i in range(time_ns.size):
        x = row_a[i]
        y = row_b[i]
        fresh = _fresh_until(time_ns[i], recv_a[x], recv_b[y], max_age_a, max_age_b, max_skew) != _STALE
        gross_ab[i] = _edge(False, sell_a[x], 1.0, buy_b[y], 1.0) if fresh else np.nan
        gross_ba[i] = _edge(False, sell_b[y], 1.0, buy_a[x], 1.0) if fresh else np.nan
        net_ab[i] = _edge(True, sell_a[x], keep_a, buy_b[y], pay_b) if fresh else np.nan
        net_ba[i] = _edge(True, sell_b[y], keep_b, buy_a[x], pay_a) if fresh else np.nan
        gross_best[i], _ = _larger(gross_ab[i], gross_ba[i])
        net_best[i], is_ab = _larger(net_ab[i], net_ba[i])
        best[i] = NO_DIRECTION if net_best[i] != net_best[i] else (AB if is_ab else BA)
        has_ab = net_ab[i] == net_ab[i]
        has_ba = net_ba[i] == net_ba[i]
        size_ab[i] = _smaller_size(sell_size_a[x], buy_size_b[y], take_a, take_b) if has_ab else np.nan
        size_ba[i] = _smaller_size(buy_size_a[x], sell_size_b[y], take_a, take_b) if has_ba else np.nan


@njit(cache=True, error_model="numpy")
def scan_episodes(legs: Legs, direction: int, threshold: float, min_gap_ns: int) -> EpisodeColumns:
    """Find the episodes in one pass over the merged rows.

    After an edge has fallen, sums go on as if the gap were to be bridged; what they were at the fall is kept aside
    and is what counts when the gap turns out long enough to end the episode.
    """
    time_ns = legs.time_ns
    rows = time_ns.size
    edges = np.empty(_BLOCK)
    untils = np.empty(_BLOCK, dtype=np.int64)
    count = 0
    start_rows = np.empty(rows, dtype=np.int64)
    ends_ns = np.empty(rows, dtype=np.int64)
    all_updates = np.empty(rows, dtype=np.int64)
    all_censored = np.empty(rows, dtype=np.bool_)
    all_left = np.empty(rows, dtype=np.bool_)
    peaks = np.empty(rows)
    means = np.empty(rows)
    is_open = False
    in_gap = False
    unobserved = True
    left = False
    censored = False
    start_row = 0
    peak = 0.0
    area, span, updates = 0.0, 0, 0
    end_ns, end_area, end_span, end_updates = time_ns[0], 0.0, 0, 0
    for i in range(rows):
        place = i % _BLOCK
        if place == 0:
            price_rows(legs, direction, i, min(i + _BLOCK, rows), edges, untils)
        now = time_ns[i]
        edge = edges[place]
        stale = untils[place] == _STALE
        until = now if stale else untils[place]
        following = time_ns[i + 1] if i + 1 < rows else now
        above = edge > threshold
        if is_open and not in_gap and not above:
            in_gap = True
            censored = stale
            end_ns, end_area, end_span, end_updates = now, area, span, updates
        if in_gap and now - end_ns >= min_gap_ns:
            start_rows[count] = start_row
            ends_ns[count] = end_ns
            all_updates[count] = end_updates
            all_censored[count] = censored
            all_left[count] = left
            peaks[count] = peak
            means[count] = end_area / end_span if end_span > 0 else peak
            count += 1
            is_open = False
            in_gap = False
        if above and not is_open:
            is_open = True
            left = unobserved
            start_row = i
            peak = edge
            area, span, updates = 0.0, 0, 0
        if is_open:
            updates += 1
            if edge == edge:
                area += edge * (until - now)
                span += until - now
            if above:
                peak = max(peak, edge)
                in_gap = until < following
                if in_gap:
                    censored = True
                    end_ns, end_area, end_span, end_updates = until, area, span, updates
        unobserved = stale or until < following
    if is_open:
        if not in_gap:
            censored = True
            end_ns, end_area, end_span, end_updates = time_ns[rows - 1], area, span, updates
        start_rows[count] = start_row
        ends_ns[count] = end_ns
        all_updates[count] = end_updates
        all_censored[count] = censored
        all_left[count] = left
        peaks[count] = peak
        means[count] = end_area / end_span if end_span > 0 else peak
        count += 1
    return EpisodeColumns(
        start_rows[:count].copy(),
        ends_ns[:count].copy(),
        all_updates[:count].copy(),
        all_censored[:count].copy(),
        all_left[:count].copy(),
        peaks[:count].copy(),
        means[:count].copy(),
    )


@njit(cache=True, error_model="numpy")
def states_at(legs: Legs, direction: int, rows: Times, moments_ns: Times) -> tuple[Floats, Floats, Bools]:
    """Return edge, executable size and direction (True: sells on A) at moments that fall into given merged rows.

    Edge and size are NaN where the books are stale at that moment or a side is empty.
    """
    recv_a, recv_b = legs.recv_a, legs.recv_b
    edges = np.full(rows.size, np.nan)
    sizes = np.full(rows.size, np.nan)
    sells_on_a = np.zeros(rows.size, dtype=np.bool_)
    for k in range(rows.size):
        x = legs.row_a[rows[k]]
        y = legs.row_b[rows[k]]
        limit = _fresh_until(moments_ns[k], recv_a[x], recv_b[y], legs.max_age_a, legs.max_age_b, legs.max_skew)
        if limit == _STALE:
            continue
        ab = np.nan
        ba = np.nan
        if direction != BA:
            ab = _edge(legs.net, legs.sell_a[x], legs.keep_a, legs.buy_b[y], legs.pay_b)
        if direction != AB:
            ba = _edge(legs.net, legs.sell_b[y], legs.keep_b, legs.buy_a[x], legs.pay_a)
        edges[k], is_ab = _larger(ab, ba)
        if edges[k] == edges[k]:
            size_a = legs.sell_size_a[x] if is_ab else legs.buy_size_a[x]
            size_b = legs.buy_size_b[y] if is_ab else legs.sell_size_b[y]
            sizes[k] = _smaller_size(size_a, size_b, legs.take_a, legs.take_b)
            sells_on_a[k] = is_ab
    return edges, sizes, sells_on_a


@njit(cache=True, error_model="numpy")
def profile_hours(legs: Legs, direction: int, thresholds: Floats) -> tuple[Times, Times, Floats]:
    """Count updates and nanoseconds above each threshold in each hour of the week.

    Returns updates (168, 1 + thresholds), nanoseconds (same) and the integral of the edge over time in bps times
    nanoseconds (168); column 0 counts every row whose edge is known. Hour 0 is Monday from 00:00 to 01:00 UTC.
    """
    updates = np.zeros((_HOURS_PER_WEEK, thresholds.size + 1), dtype=np.int64)
    spans = np.zeros((_HOURS_PER_WEEK, thresholds.size + 1), dtype=np.int64)
    areas = np.zeros(_HOURS_PER_WEEK)
    time_ns = legs.time_ns
    rows = time_ns.size
    edges = np.empty(_BLOCK)
    untils = np.empty(_BLOCK, dtype=np.int64)
    for i in range(rows):
        place = i % _BLOCK
        if place == 0:
            price_rows(legs, direction, i, min(i + _BLOCK, rows), edges, untils)
        edge = edges[place]
        if edge != edge:
            continue
        now = time_ns[i]
        bucket = (now // _HOUR_NS + _EPOCH_HOUR_OF_WEEK) % _HOURS_PER_WEEK
        updates[bucket, 0] += 1
        for k in range(thresholds.size):
            updates[bucket, k + 1] += edge > thresholds[k]
        while now < untils[place]:
            hour = now // _HOUR_NS
            bucket = (hour + _EPOCH_HOUR_OF_WEEK) % _HOURS_PER_WEEK
            span = min(untils[place], (hour + 1) * _HOUR_NS) - now
            spans[bucket, 0] += span
            areas[bucket] += edge * span
            for k in range(thresholds.size):
                if edge > thresholds[k]:
                    spans[bucket, k + 1] += span
            now += span
    return updates, spans, areas
