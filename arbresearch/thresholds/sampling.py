"""A spread sampled at equal distances: the quote in force at each instant, and the distance to take."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from arbresearch.core import NS_PER_SECOND, BadInput, ParameterError, expected
from arbresearch.edges.arrays import Floats, Times

__all__ = ["LADDER_S", "MOST_SAMPLES", "EdgeSeries", "SpreadSamples", "edge_series", "sample_spread"]

LADDER_S: Final = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0)
"""Distances between samples that are tried, seconds."""
MOST_SAMPLES: Final = 2_000_000
"""Samples beyond which only stretches are taken: a parameter is known to a thousandth by then."""

_STRETCHES: Final = 64
_SEPARATED: Final = 5
"""As far as the coarser lag that noise is told by."""


@dataclass(frozen=True, slots=True, eq=False)
class EdgeSeries:
    """Both directed net edges at every update, bps; NaN where there is none."""

    time_ns: Times
    net_ab_bps: Floats
    net_ba_bps: Floats

    @property
    def span_s(self) -> float:
        """Return the time from the first update to the last, seconds."""
        return float(self.time_ns[-1] - self.time_ns[0]) / NS_PER_SECOND


@dataclass(frozen=True, slots=True, eq=False)
class SpreadSamples:
    """A spread at equal distances.

    Parameters
    ----------
    time_ns : array of int64, shape (n,)
        Multiples of the distance since the epoch, UTC.
    y_bps : array of float64, shape (n,)
        Half the difference of the edges, ``(net_ab - net_ba) / 2``: what reverts. NaN where not known.
    cost_bps : array of float64, shape (n,)
        Minus the sum of the edges: what a round trip costs, both spreads and all four fees. NaN where not known.
    """

    time_ns: Times
    y_bps: Floats
    cost_bps: Floats


def edge_series(times_ns: npt.ArrayLike, net_ab_bps: npt.ArrayLike, net_ba_bps: npt.ArrayLike) -> EdgeSeries:
    """Return the edges after a check.

    Raises
    ------
    BadInput
        Arrays that are empty or of different lengths, times that go back, or an infinite edge.
    """
    times = np.asarray(times_ns)
    ab, ba = (np.asarray(one, dtype=np.float64) for one in (net_ab_bps, net_ba_bps))
    if times.ndim != 1 or not times.size or times.dtype.kind not in "iu":
        raise BadInput(expected("times_ns", "one or more whole nanoseconds", f"{times.dtype}, shape {times.shape}"))
    if ab.shape != times.shape or ba.shape != times.shape:
        raise BadInput(expected("net_ab and net_ba", f"an edge for each of {times.size} times", (ab.shape, ba.shape)))
    if np.any(times[1:] < times[:-1]):
        row = int(np.argmax(times[1:] < times[:-1])) + 1
        raise BadInput(expected(f"times_ns row {row}", f"a time not before {times[row - 1]}", times[row], "sort them"))
    for name, values in (("net_ab", ab), ("net_ba", ba)):
        infinite = np.isinf(values)
        if infinite.any():
            row = int(infinite.argmax())
            raise BadInput(expected(f"{name} row {row}", "a finite edge or NaN", values[row]))
    return EdgeSeries(times.astype(np.int64, copy=False), ab, ba)


def sample_spread(
    edges: EdgeSeries, dt_s: float, *, max_age_s: float = 60.0, most: int = MOST_SAMPLES
) -> SpreadSamples:
    """Return the spread at multiples of a distance since the epoch, from the last update at or before each.

    Parameters
    ----------
    edges
        Both directed edges.
    dt_s
        Distance, seconds; a whole number of nanoseconds is taken.
    max_age_s
        A sample whose last update is older is not known, seconds.
    most
        How many samples are taken at most: of a longer time, 64 stretches evenly spread over it. The first five of
        each further stretch are NaN, so that none is taken for the successor of one before the gap.

    Raises
    ------
    ParameterError
        A distance or an age that is not above zero.
    """
    for name, value in (("dt_s", dt_s), ("max_age_s", max_age_s)):
        if not 0.0 < value < math.inf:
            raise ParameterError(expected(name, "seconds above zero", value))
    step = max(1, round(dt_s * NS_PER_SECOND))
    first, last = -(-int(edges.time_ns[0]) // step), int(edges.time_ns[-1]) // step
    length = max(_SEPARATED + 1, most // _STRETCHES)
    if last - first + 1 <= length * _STRETCHES:
        length = last - first + 1
        grid = np.arange(first, last + 1, dtype=np.int64) * step
    else:
        starts = first + np.linspace(0, last - first + 1 - length, _STRETCHES).astype(np.int64)
        grid = (starts[:, None] + np.arange(length)).ravel() * step
    rows = np.searchsorted(edges.time_ns, grid, side="right") - 1
    ab, ba = edges.net_ab_bps[rows], edges.net_ba_bps[rows]
    old = grid - edges.time_ns[rows] > max_age_s * NS_PER_SECOND
    place = np.arange(grid.size)
    old |= (place >= length) & (place % length < _SEPARATED)
    y, cost = 0.5 * (ab - ba), -(ab + ba)
    y[old] = np.nan
    cost[old] = np.nan
    return SpreadSamples(grid, y, cost)
