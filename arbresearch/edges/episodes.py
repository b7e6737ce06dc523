"""Episodes: stretches of time in which a directed edge exceeds a threshold."""

from __future__ import annotations

import numpy as np
import polars as pl

from arbresearch.core import FeeSchedule, Role
from arbresearch.edges.arrays import AB, BA, Floats, Legs, Times
from arbresearch.edges.kernels import scan_episodes, states_at
from arbresearch.edges.legs import DIRECTION, Direction, check_threshold, direction_code, duration_ns, legs_of
from arbresearch.edges.pair import Pair

__all__ = ["episodes"]


def episodes(
    pair: Pair,
    threshold_bps: float,
    *,
    direction: Direction = "best",
    fees_a: FeeSchedule | None = None,
    fees_b: FeeSchedule | None = None,
    role_a: Role = Role.TAKER,
    role_b: Role = Role.TAKER,
    min_gap_s: float = 0.0,
    latency_s: float = 0.0,
) -> pl.DataFrame:
    """List the episodes of an edge above a threshold.

    An episode begins at the update at which the edge first exceeds the threshold (strictly) and lasts until the
    update at which it falls to or below it, or a side it needs is empty. It is **censored** when its end was not
    seen: it ends at the instant a book went stale, or at the last update of the pair. It is **left-censored** when
    its beginning was not seen: the edge was above already at the first row, or at the first fresh row after a
    stale stretch. Two episodes less than ``min_gap_s`` apart are one, censored as the later is.

    Parameters
    ----------
    pair
        Aligned books with their staleness limits.
    threshold_bps
        In basis points, net with fees and gross without.
    direction
        ``ab`` sells on A and buys on B, ``ba`` the reverse, ``best`` the larger of the two at every instant.
    fees_a, fees_b
        Both, for net edges; neither, for gross ones.
    role_a, role_b
        As in :func:`arbresearch.edges.edges`.
    min_gap_s
        Gap in seconds below which two episodes are merged.
    latency_s
        Delay in seconds after the start at which size and edge are looked up again.

    Returns
    -------
    polars.DataFrame
        One row an episode, by start:

        - direction: ``ab`` or ``ba``, that of the edge at the start
        - start_ns, end_ns, duration_s
        - peak_bps: largest edge
        - mean_bps: mean edge weighted by time, over the time at which it is known (gaps that were merged count
          with the edge they had); the peak where no time passed
        - size_start: smaller displayed size of the legs that take at the start, base coin
        - edge_latency_bps: edge at start + latency; NaN where it is not known
        - size_latency: executable size then; 0 where the edge does not exceed the threshold or the books are
          stale, NaN past the end of the data
        - updates: merged updates from the start until before the end
        - censored, left_censored

    Raises
    ------
    BadInput
        An unknown direction, a threshold or duration that is no number, one venue's fees without the other's.

    """
    threshold, code = check_threshold(threshold_bps), direction_code(direction)
    gap_ns, latency_ns = duration_ns(min_gap_s, "min_gap_s"), duration_ns(latency_s, "latency_s")
    legs = legs_of(pair, fees_a, fees_b, role_a, role_b)
    found = scan_episodes(legs, code, threshold, gap_ns)
    start_ns = pair.recv_ns[found.start_row]
    _, size_start, sells_on_a = states_at(legs, code, found.start_row, start_ns)
    edge_latency, size_latency = _later(legs, code, threshold, start_ns + latency_ns)
    return pl.DataFrame(
        {
            "direction": pl.Series(np.where(sells_on_a, AB, BA).astype(np.uint8)).cat.to(DIRECTION),
            "start_ns": start_ns,
            "end_ns": found.end_ns,
            "duration_s": (found.end_ns - start_ns) / 1e9,
            "peak_bps": found.peak,
            "mean_bps": found.mean,
            "size_start": size_start,
            "edge_latency_bps": edge_latency,
            "size_latency": size_latency,
            "updates": found.updates,
            "censored": found.censored,
            "left_censored": found.left_censored,
        }
    )


def _later(legs: Legs, code: int, threshold: float, moments_ns: Times) -> tuple[Floats, Floats]:
    rows = np.searchsorted(legs.time_ns, moments_ns, side="right") - 1
    edge, size, _ = states_at(legs, code, rows, moments_ns)
    size = np.where(edge > threshold, size, 0.0)
    unknown = moments_ns > legs.time_ns[-1]
    edge[unknown] = np.nan
    size[unknown] = np.nan
    return edge, size
