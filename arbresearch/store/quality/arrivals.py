"""When rows arrive: pace, gaps, and how much of each hour is covered. Also what the two clocks say."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import polars as pl

from arbresearch.core.units import NS_PER_HOUR, NS_PER_SECOND
from arbresearch.store.quality.kernels import Times
from arbresearch.store.quality.settings import QualitySettings
from arbresearch.store.quality.slices import Slice

__all__ = ["Arrivals", "covered_ns"]

_NONE = np.empty((0, 2), dtype=np.int64)


@dataclass(slots=True)
class Arrivals:
    """Counts rows by hour and keeps every pause that may turn out to be a gap."""

    settings: QualitySettings
    stride: int
    rows: int = 0
    first_ns: int = 0
    last_ns: int = 0
    _hours: dict[int, int] = field(default_factory=dict)
    _pauses: list[Times] = field(default_factory=list)
    _intervals: list[Times] = field(default_factory=list)

    def add(self, part: Slice) -> None:
        """Take in the next rows."""
        recv = part.recv_ns
        if self.rows:
            recv = np.concatenate([[self.last_ns], recv])
        else:
            self.first_ns = int(recv[0])
        interval = np.diff(recv)
        long = np.flatnonzero(interval > self.settings.gap_floor_s * NS_PER_SECOND)
        self._pauses.append(np.column_stack([recv[long], recv[long + 1]]))
        self._intervals.append(interval[:: self.stride])
        hours, counts = np.unique(part.recv_ns // NS_PER_HOUR, return_counts=True)
        for hour, count in zip(hours.tolist(), counts.tolist(), strict=True):
            self._hours[hour] = self._hours.get(hour, 0) + count
        self.rows += len(part)
        self.last_ns = int(recv[-1])

    @property
    def median_interval_s(self) -> float:
        """Return the median time between rows; NaN with fewer than two."""
        intervals = np.concatenate(self._intervals) if self._intervals else np.empty(0)
        return float(np.median(intervals)) / NS_PER_SECOND if intervals.size else float("nan")

    @property
    def threshold_s(self) -> float:
        """Return how long a pause must be to count as a gap."""
        median = self.median_interval_s
        floor = self.settings.gap_floor_s
        return floor if median != median else max(floor, self.settings.gap_factor * median)

    def gaps(self) -> Times:
        """Return start and end of each gap, shape (n, 2)."""
        pauses = np.concatenate([_NONE, *self._pauses])
        found: Times = pauses[pauses[:, 1] - pauses[:, 0] > self.threshold_s * NS_PER_SECOND]
        return found

    def hours(self) -> pl.DataFrame:
        """Return a row for each hour from the first to the last row: hour_ns, rows, covered_share of the hour."""
        hours = np.arange(self.first_ns // NS_PER_HOUR, self.last_ns // NS_PER_HOUR + 1)
        edges = np.append(hours, hours[-1] + 1) * NS_PER_HOUR
        covered = np.diff(covered_ns(edges, self.first_ns, self.last_ns, self.gaps()))
        rows = [self._hours.get(hour, 0) for hour in hours.tolist()]
        return pl.DataFrame({"hour_ns": hours * NS_PER_HOUR, "rows": rows, "covered_share": covered / NS_PER_HOUR})


def covered_ns(at: Times, first_ns: int, last_ns: int, gaps: Times) -> Times:
    """Return the covered time up to each moment: between first and last row and outside gaps."""
    inside = np.clip(at, first_ns, last_ns)
    lengths = np.concatenate([[0], np.cumsum(gaps[:, 1] - gaps[:, 0])])
    begun = np.searchsorted(gaps[:, 0], inside, side="right")
    over = np.zeros_like(inside)
    if gaps.size:
        latest = gaps[np.maximum(begun - 1, 0)]
        over = np.where(begun > 0, np.maximum(latest[:, 1] - inside, 0), 0)
    result: Times = inside - first_ns - lengths[begun] + over
    return result
