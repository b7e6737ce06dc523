"""Parameters of the data quality notebook."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from arbresearch.params.base import NotebookParams, Seconds
from arbresearch.store.quality import QualitySettings

__all__ = ["DataQualityParams"]


class DataQualityParams(NotebookParams):
    """Parameters of ``00_data_quality``.

    Parameters
    ----------
    venues, symbols
        Only these; empty: all.
    start, end
        Receive times, ISO 8601 UTC, start included and end not; None: open.
    streams_shown
        Longest tables and charts, streams.
    gap_floor_s
        Shortest pause that may be a gap, seconds.
    gap_factor
        And how many times the stream's median time between rows it must be.
    stale_floor_s
        Shortest time without a change that may be stale, seconds.
    outlier_floor_bps
        Least distance of an outlying price from the median around it, basis points.
    """

    venues: list[str] = Field(default=[])
    streams_shown: Annotated[int, Field(ge=1, le=500)] = 30
    gap_floor_s: Seconds = 30.0
    gap_factor: Annotated[float, Field(ge=1, le=1e6)] = 50.0
    stale_floor_s: Seconds = 60.0
    outlier_floor_bps: Annotated[float, Field(gt=0, le=10_000)] = 50.0

    def settings(self) -> QualitySettings:
        """Return the thresholds of the check."""
        return QualitySettings(
            gap_floor_s=self.gap_floor_s,
            gap_factor=self.gap_factor,
            stale_floor_s=self.stale_floor_s,
            outlier_floor_bps=self.outlier_floor_bps,
        )
