"""Receive time less event time: its level, its spread, its drift, and rows that arrive before they happen."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import nan

import numpy as np
import polars as pl

from arbresearch.core.units import NS_PER_MS, NS_PER_SECOND
from arbresearch.store.quality.kernels import Times
from arbresearch.store.quality.slices import NO_EVENT, Slice

__all__ = ["Clocks", "Drift"]

_POINTS = 300
_FEWEST = 10
_SCHEMA = {
    "recv_ns": pl.Int64, "rows": pl.Int64,
    "offset_min_ms": pl.Float64, "offset_ms": pl.Float64, "offset_p99_ms": pl.Float64,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Drift:
    """A line through the smallest offsets of stretches of time, by the median of all slopes.

    Slope in parts per million with its 95 % interval; positive when the local clock gains on the exchange's. NaN with
    fewer than ten stretches.
    """

    ppm: float = nan
    low_ppm: float = nan
    high_ppm: float = nan
    level_ms: float = nan
    origin_ns: int = 0

    def at_ms(self, recv_ns: pl.Expr) -> pl.Expr:
        """Return the line at given times."""
        return self.level_ms + (recv_ns - self.origin_ns).cast(pl.Float64) / NS_PER_MS * self.ppm * 1e-6


@dataclass(slots=True)
class Clocks:
    """Sums up offsets over stretches of receive time; rows without an event time count as such and no more."""

    bin_ns: int
    stride: int
    rows: int = 0
    stamped: int = 0
    negative: int = 0
    unordered: int = 0
    repeated: int = 0
    _latest: int = NO_EVENT
    _last: int = NO_EVENT
    _bins: list[pl.DataFrame] = field(default_factory=list)
    _sample: list[Times] = field(default_factory=list)

    def add(self, part: Slice) -> None:
        """Take in the next rows."""
        self.rows += len(part)
        known = part.event_ns != NO_EVENT
        recv, event = part.recv_ns[known], part.event_ns[known]
        if not event.size:
            return
        offset = recv - event
        before = np.concatenate([[self._latest], event[:-1]])
        self.unordered += int((event < np.maximum.accumulate(before)).sum())
        self.repeated += int((event == np.concatenate([[self._last], event[:-1]])).sum())
        self.stamped += event.size
        self.negative += int((offset < 0).sum())
        self._latest = max(self._latest, int(event.max()))
        self._last = int(event[-1])
        self._sample.append(offset[:: self.stride])
        ms = pl.col("offset").cast(pl.Float64) / NS_PER_MS
        self._bins.append(
            pl.DataFrame({"recv_ns": recv // self.bin_ns * self.bin_ns, "offset": offset})
            .group_by("recv_ns", maintain_order=True)
            .agg(
                pl.len().cast(pl.Int64).alias("rows"),
                ms.min().alias("offset_min_ms"),
                ms.median().alias("offset_ms"),
                ms.quantile(0.99, "linear").alias("offset_p99_ms"),
            )
        )

    def frame(self, drift: Drift) -> pl.DataFrame:
        """Return a row a stretch: recv_ns (its start), rows, least, median and 99th percentile offset, drift_ms."""
        bins = pl.concat([pl.DataFrame(schema=_SCHEMA), *self._bins])
        return bins.with_columns(drift.at_ms(pl.col("recv_ns") + self.bin_ns // 2).alias("drift_ms"))

    def offsets_ms(self) -> tuple[float, float, float]:
        """Return the least, median and 99th percentile offset of all rows; NaN without event times."""
        if not self._sample:
            return nan, nan, nan
        sample = np.concatenate(self._sample)
        least = min(float(one["offset_min_ms"].min()) for one in self._bins)  # type: ignore[arg-type]
        median, high = np.quantile(sample, [0.5, 0.99]) / NS_PER_MS
        return least, float(median), float(high)

    def drift(self) -> Drift:
        """Fit the drift; the least offset of a stretch is the one least delayed by the network.

        Slope by Theil (1950) and Sen (1968), with Sen's interval.
        """
        from scipy.stats import theilslopes

        bins = pl.concat([pl.DataFrame(schema=_SCHEMA), *self._bins])
        width = max(1, -(-bins.height // _POINTS))
        points = (
            bins.with_columns((pl.int_range(pl.len()) // width).alias("group"))
            .sort("group", "offset_min_ms", maintain_order=True)
            .unique("group", keep="first", maintain_order=True)
        )
        if points.height < _FEWEST:
            return Drift()
        origin = int(points["recv_ns"][0])
        seconds = (points["recv_ns"].to_numpy() + self.bin_ns // 2 - origin) / NS_PER_SECOND
        slope, level, low, high = theilslopes(points["offset_min_ms"].to_numpy() * 1e-3, seconds, alpha=0.95)
        return Drift(float(slope) * 1e6, float(low) * 1e6, float(high) * 1e6, float(level) * 1e3, origin)
