"""Covariance, lead and lag of two prices that are observed at different times."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from arbresearch.core import BadInput, ParameterError, expected
from arbresearch.edges.arrays import Floats
from arbresearch.edges.leadlag_kernels import SUBGRIDS, Changes, first_fault, overlap_sums
from arbresearch.edges.leadlag_result import LeadLag, VolatilityRatio, lead_lag_of, volatility_ratio_of

__all__ = ["LeadLag", "VolatilityRatio", "cleaned", "hayashi_yoshida", "lead_lag", "volatility_ratio"]

_MOST_MOMENTS: Final = 20_000_000
_ROUNDING: Final = 8.0 * float(np.finfo(np.float64).eps)


def hayashi_yoshida(t1: npt.ArrayLike, x1: npt.ArrayLike, t2: npt.ArrayLike, x2: npt.ArrayLike) -> tuple[float, float]:
    """Return covariance and correlation of two series observed at different times.

    Hayashi and Yoshida (2005): the sum of the products of all changes whose intervals overlap. It needs no common
    grid, so it does not fade as ticks are taken finer (Epps 1979) nor depend on how gaps are filled. Intervals that
    only touch do not overlap. The correlation divides by the roots of both sums of squared changes; it is not
    bounded by one. A delay between the series and noise lower it: see :func:`lead_lag`.

    Parameters
    ----------
    t1, t2 : array-like, shapes (n,) and (m,)
        Times in one unit, ascending: whole numbers such as nanoseconds (compared exactly) or floats. Of equal times
        in one series the last counts.
    x1, x2 : array-like, shapes (n,) and (m,)
        Levels, usually logarithms of mid prices. NaN is an observation left out: the change bridges it.

    Returns
    -------
    covariance, correlation
        Covariance over the whole time, in the product of the units. Both are NaN where no two changes overlap or a
        series has fewer than two observations; the correlation also where one never moved.

    Raises
    ------
    BadInput
        Lengths differ, times descend, or a time or value is infinite.
    """
    sums = _Sums.of(t1, x1, t2, x2)
    covariance, correlation, _ = sums.at(np.int64(0) if sums.exact else 0.0)
    return covariance, correlation


def lead_lag(
    t1: npt.ArrayLike, x1: npt.ArrayLike, t2: npt.ArrayLike, x2: npt.ArrayLike, lags: Sequence[float] | npt.ArrayLike
) -> LeadLag:
    """Find which of two series moves first, and by how much.

    Hoffmann, Rosenbaum and Yoshida (2013): the Hayashi-Yoshida correlation of the first series with the second one
    taken ``lag`` later, at each lag. **A positive lag: the first series leads.** Each lag costs one pass over both.

    Parameters
    ----------
    t1, x1, t2, x2
        As in :func:`hayashi_yoshida`.
    lags
        In the unit of the times, any order; include both signs of each for the ratio and the lead. For
        observations on a common grid take whole steps: a lag between two steps covers both, and its correlation is
        the sum of theirs.

    Returns
    -------
    LeadLag

    Raises
    ------
    BadInput
        As :func:`hayashi_yoshida`; no lag, a lag that is not finite, or one that is asked for twice.
    """
    asked = np.asarray(lags)
    if asked.dtype.kind not in "iuf" or asked.ndim != 1 or asked.size == 0 or not np.isfinite(asked).all():
        raise BadInput(expected("lags", "one or more finite numbers", lags))
    if np.unique(asked).size != asked.size:
        raise BadInput(expected("lags", "each lag once", lags))
    sums = _Sums.of(t1, x1, t2, x2, whole=bool((asked == np.round(asked)).all()))
    found = [sums.at(lag) for lag in asked.astype(np.int64 if sums.exact else np.float64)]
    correlations = np.array([one[1] for one in found])
    errors = np.array([one[2] for one in found])
    return lead_lag_of(asked, correlations, errors)


def volatility_ratio(
    t1: npt.ArrayLike, x1: npt.ArrayLike, t2: npt.ArrayLike, x2: npt.ArrayLike, horizon: float
) -> VolatilityRatio:
    """Compare the volatilities of two series over one horizon.

    Changes over the horizon of the last known levels, on five grids shifted against each other and taken together
    (Zhang, Mykland and Ait-Sahalia 2005), over the time both are observed. A venue that updates more often looks
    more volatile tick by tick, so take a horizon several times as long as both update.

    Parameters
    ----------
    t1, x1, t2, x2
        As in :func:`hayashi_yoshida`.
    horizon
        In the unit of the times.

    Returns
    -------
    VolatilityRatio
        NaN where the common time is shorter than the horizon.

    Raises
    ------
    BadInput
        As :func:`hayashi_yoshida`.
    ParameterError
        A horizon that is not positive, or so short that the common time has over twenty million steps of a fifth.
    """
    if not 0.0 < horizon < math.inf:
        raise ParameterError(expected("horizon", "a positive time", horizon))
    sums = _Sums.of(t1, x1, t2, x2)
    if min(sums.t1.size, sums.t2.size) == 0:
        return volatility_ratio_of(0.0, 0.0, 0)
    start = max(sums.t1[0], sums.t2[0])
    steps = math.floor(float(min(sums.t1[-1], sums.t2[-1]) - start) / horizon * SUBGRIDS * (1.0 + _ROUNDING))
    if steps > _MOST_MOMENTS:
        raise ParameterError(expected("horizon", f"at most {_MOST_MOMENTS:,} steps of a fifth", f"{steps:,}"))
    if steps < SUBGRIDS:
        return volatility_ratio_of(0.0, 0.0, 0)
    offsets = np.arange(steps + 1) * (horizon / SUBGRIDS)
    whole = np.floor(offsets * (1.0 + _ROUNDING))
    moments = start + (whole.astype(np.int64) if sums.exact else offsets + sums.tolerance)
    sum_1, sum_2 = (
        _sum_of_squares(values[np.searchsorted(times, moments, side="right") - 1])
        for times, values in ((sums.t1, sums.x1), (sums.t2, sums.x2))
    )
    return volatility_ratio_of(sum_1, sum_2, steps + 1 - SUBGRIDS)


def _sum_of_squares(levels: Floats) -> float:
    return float(np.square(levels[SUBGRIDS:] - levels[:-SUBGRIDS]).sum())


@dataclass(frozen=True, slots=True, eq=False)
class _Sums:
    """Two cleaned series on one clock, and the intervals in which they changed."""

    t1: npt.NDArray[Any]
    x1: Floats
    t2: npt.NDArray[Any]
    x2: Floats
    one: Changes
    two: Changes
    scale: float
    tolerance: float
    exact: bool

    @classmethod
    def of(
        cls, t1: npt.ArrayLike, x1: npt.ArrayLike, t2: npt.ArrayLike, x2: npt.ArrayLike, *, whole: bool = True
    ) -> _Sums:
        """Clean two series; keep whole times whole unless lags between them are to be compared."""
        times_1, levels_1 = cleaned(t1, x1, "t1", "x1")
        times_2, levels_2 = cleaned(t2, x2, "t2", "x2")
        both_whole, tolerance = times_1.dtype == times_2.dtype == np.dtype(np.int64), 0.0
        exact = both_whole and whole
        if not exact:
            if both_whole and times_1.size and times_2.size:
                origin = min(times_1[0], times_2[0])
                times_1, times_2 = times_1 - origin, times_2 - origin
            times_1, times_2 = times_1.astype(np.float64), times_2.astype(np.float64)
            ends = [abs(float(times[place])) for times in (times_1, times_2) if times.size for place in (0, -1)]
            tolerance = _ROUNDING * max(ends, default=0.0)
        one, two = _changes(times_1, levels_1), _changes(times_2, levels_2)
        scale = math.sqrt(_squares(one) * _squares(two))
        return cls(times_1, levels_1, times_2, levels_2, one, two, scale, tolerance, exact)

    def at(self, lag: Any) -> tuple[float, float, float]:
        """Return covariance, correlation, and its standard error under independence."""
        tolerance = np.int64(0) if self.exact else self.tolerance
        if min(self.t1.size, self.t2.size) < 2:
            return math.nan, math.nan, math.nan
        if max(self.t1[0] + lag, self.t2[0]) + tolerance >= min(self.t1[-1] + lag, self.t2[-1]):
            return math.nan, math.nan, math.nan
        covariance, square = overlap_sums(self.one, self.two, lag, tolerance)
        if self.scale == 0.0:
            return covariance, math.nan, math.nan
        return covariance, covariance / self.scale, math.sqrt(square) / self.scale


def _changes(times: npt.NDArray[Any], levels: Floats) -> Changes:
    moved = np.flatnonzero(levels[1:] != levels[:-1])
    return Changes(times[moved], times[moved + 1], np.concatenate((levels[:1], levels[moved + 1])))


def _squares(changes: Changes) -> float:
    return float(np.square(np.diff(changes.levels)).sum())


def cleaned(
    times: npt.ArrayLike, values: npt.ArrayLike, time_name: str, value_name: str
) -> tuple[npt.NDArray[Any], Floats]:
    """Return times as int64 or float64, strictly ascending, and finite values; errors as :func:`hayashi_yoshida`."""
    try:
        moments, levels = np.asarray(times), np.ascontiguousarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise BadInput(expected(f"{time_name} and {value_name}", "numbers", str(error))) from error
    if moments.size == 0:
        moments = moments.astype(np.int64)
    if moments.dtype.kind not in "iuf":
        raise BadInput(expected(time_name, "times as whole numbers or floats", moments.dtype))
    moments = np.ascontiguousarray(moments, dtype=np.float64 if moments.dtype.kind == "f" else np.int64)
    if moments.ndim != 1 or moments.shape != levels.shape:
        found = f"shapes {moments.shape} and {levels.shape}"
        raise BadInput(expected(f"{time_name} and {value_name}", "two series of one length", found))
    descends, infinite, doubtful = first_fault(moments, levels)
    if descends >= 0:
        raise BadInput(expected(f"{time_name} row {descends}", "finite, ascending times", moments[descends], "sort"))
    if infinite >= 0:
        raise BadInput(expected(f"{value_name} row {infinite}", "a finite number or NaN", levels[infinite]))
    if doubtful:
        known = ~np.isnan(levels)
        moments, levels = moments[known], levels[known]
        last = np.ones(moments.size, dtype=np.bool_)
        last[:-1] = moments[1:] != moments[:-1]
        moments, levels = moments[last], levels[last]
    return moments, levels
