"""The thresholds of the data check, each with its unit and what it decides."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Final

from arbresearch.core import ParameterError, expected

__all__ = ["QualitySettings"]

_WHOLE: Final = ("min_rows", "outlier_window", "outlier_return", "slice_rows", "listed")
_LEVELLED: Final = ("covered", "crossed", "locked", "one_sided", "stale", "prints", "duplicate")
_SHARES: Final = tuple(f"{name}_{level}" for name in _LEVELLED for level in ("usable", "bad"))


@dataclass(frozen=True, slots=True, kw_only=True)
class QualitySettings:
    """When something counts as a fault, and when faults make a stream usable with care, or bad.

    Of each pair of limits below, ``_usable`` is the level past which a stream is no longer *good*, ``_bad`` the one
    past which it is *bad*. Shares are fractions of rows or of covered time, in [0, 1].

    Parameters
    ----------
    min_rows
        A stream with fewer rows is bad: nothing can be measured on it.
    gap_factor, gap_floor_s
        A gap is a time without a row longer than ``gap_factor`` times the stream's median time between rows, and than
        ``gap_floor_s`` seconds. With arrivals at random, a pause of 50 medians comes once in 2**50 rows;
        real ones come in bursts.
    stale_floor_s, stale_expected
        A stale span is a time without a change of the quote of at least ``stale_floor_s`` seconds in which, by the
        pace of the venue's other streams or of the same coin elsewhere, at least ``stale_expected`` changes were due.
    outlier_window, outlier_window_s, outlier_mads, outlier_floor_bps, outlier_return, outlier_return_s
        An outlier print is a price further from the median of the ``outlier_window`` rows around it than
        ``outlier_mads`` times the stream's median such distance, and than ``outlier_floor_bps``; rows whose window
        is longer than ``outlier_window_s`` seconds are not judged. It is isolated when the
        price is no more than half as far away within ``outlier_return`` rows before it and after it, and the latter
        within ``outlier_return_s`` seconds: a single row of a slow stream may well stand for a real move.
    elsewhere_s
        An outlier is a move of the market when another venue shows one of the same sign within that many seconds.
    clock_bin_s
        Length of the stretches over which clock offsets are summed up; shorter on short recordings.
    delay_usable_s
        Receive time less event time whose 99th percentile is above it makes a stream usable with care.
    negative_usable
        Share of rows received before they happened, by the two clocks, past which the clocks are at fault.
    drift_usable_ppm
        Drift between the clocks, parts per million, past which it is named if its interval excludes zero.
    unordered_usable
        Share of rows whose event time is before that of an earlier row.
    covered_usable, covered_bad
        Share of the time between first and last row outside gaps; lower is worse.
    crossed_usable, crossed_bad, locked_usable, locked_bad, one_sided_usable, one_sided_bad, stale_usable, stale_bad
        Shares of time with bid above ask, bid equal to ask, a side empty, and stale.
    prints_usable, prints_bad
        Share of rows that are isolated outliers seen on no other venue.
    duplicate_usable, duplicate_bad
        Share of rows that repeat another row with the same times and values, or the id of another trade.
    slice_rows
        Rows held in memory at once; longer streams are read slice by slice.
    listed
        Longest lists of gaps, spans and prints kept for one stream, the worst first; counts are always of all.

    Raises
    ------
    ParameterError
        A value out of its range.
    """

    min_rows: int = 100
    gap_factor: float = 50.0
    gap_floor_s: float = 30.0
    stale_floor_s: float = 60.0
    stale_expected: float = 30.0
    outlier_window: int = 21
    outlier_mads: float = 10.0
    outlier_floor_bps: float = 50.0
    outlier_window_s: float = 900.0
    outlier_return: int = 5
    outlier_return_s: float = 10.0
    elsewhere_s: float = 2.0
    clock_bin_s: float = 60.0
    delay_usable_s: float = 2.0
    negative_usable: float = 0.001
    drift_usable_ppm: float = 20.0
    unordered_usable: float = 0.01
    covered_usable: float = 0.995
    covered_bad: float = 0.80
    crossed_usable: float = 0.0001
    crossed_bad: float = 0.01
    locked_usable: float = 0.05
    locked_bad: float = 0.5
    one_sided_usable: float = 0.001
    one_sided_bad: float = 0.1
    stale_usable: float = 0.0
    stale_bad: float = 0.05
    prints_usable: float = 0.0
    prints_bad: float = 0.02
    duplicate_usable: float = 0.001
    duplicate_bad: float = 0.1
    slice_rows: int = 4_000_000
    listed: int = 500

    def __post_init__(self) -> None:
        """Refuse values that mean nothing."""
        for field in fields(self):
            value = getattr(self, field.name)
            number = isinstance(value, int | float) and not isinstance(value, bool)
            if not number or not 0.0 <= value < 1e12:
                raise ParameterError(expected(field.name, "a number, zero or more", repr(value)))
        for name in _WHOLE:
            if not isinstance(getattr(self, name), int):
                raise ParameterError(expected(name, "a whole number", repr(getattr(self, name))))
        for name in _SHARES:
            if not getattr(self, name) <= 1.0:
                raise ParameterError(expected(name, "a share from 0 to 1", getattr(self, name)))
        if self.outlier_window % 2 == 0 or self.outlier_window < 5:
            raise ParameterError(expected("outlier_window", "an odd number of rows, 5 or more", self.outlier_window))
        if not 1 <= self.outlier_return <= self.outlier_window // 2:
            raise ParameterError(expected("outlier_return", "1 to half the outlier_window", self.outlier_return))
        if self.clock_bin_s < 1.0 or self.slice_rows < 1_000:
            found = (self.clock_bin_s, self.slice_rows)
            raise ParameterError(expected("clock_bin_s and slice_rows", "at least 1 s and 1,000 rows", found))
