"""What lead and lag and the ratio of two volatilities come to, however their sums were made."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from arbresearch.edges.arrays import Floats

__all__ = ["LeadLag", "VolatilityRatio", "lead_lag_of", "volatility_ratio_of"]


@dataclass(frozen=True, slots=True, eq=False)
class LeadLag:
    """What :func:`lead_lag` returns; lags are in the unit of the times, positive where the first series leads.

    Parameters
    ----------
    best_lag
        Lag of the largest absolute correlation; the shortest of equals. NaN where no correlation is known.
    correlation
        At the best lag.
    ratio
        Lead-lag ratio (Huth and Abergel 2014): the sum of squared correlations at positive lags over that at the
        negative lags that mirror them. Above 1 the first series leads. NaN without mirrored lags.
    lead
        The lag, of those with a mirror, whose squared correlation differs most from its mirror's, with the sign of
        the larger. On a coarse grid the best lag is 0 although one series leads; this one still tells which. NaN
        without mirrored lags, 0 where all mirrors are equal.
    lead_z
        The difference of the two absolute correlations there, in its standard errors; zero or more. The largest of
        several differences was picked, so 3 rather than 2 is evidence.
    lags, correlations, standard_errors
        One a lag asked for, shape (lags,). The errors are those under independence, with the sizes of the moves as
        they are (White 1980); NaN where a correlation is.
    """

    best_lag: float
    correlation: float
    ratio: float
    lead: float
    lead_z: float
    lags: Floats
    correlations: Floats
    standard_errors: Floats


@dataclass(frozen=True, slots=True)
class VolatilityRatio:
    """What :func:`volatility_ratio` returns.

    Parameters
    ----------
    ratio
        ``sigma_1 / sigma_2``: neutral at 1, use ``abs(log(ratio))``. NaN where either never moved or is not known.
    sigma_1, sigma_2
        Root mean square change over the horizon, unit of x; a fraction for log prices.
    changes
        Overlapping changes it rests on; a fifth of them do not overlap.
    """

    ratio: float
    sigma_1: float
    sigma_2: float
    changes: int


def lead_lag_of(lags: npt.NDArray[Any], correlations: Floats, errors: Floats) -> LeadLag:
    """Pick the best lag, the ratio and the lead from the correlation at each lag.

    Parameters
    ----------
    lags : array, shape (lags,)
        Distinct, whole numbers or floats, in any order.
    correlations, errors : array of float64, shape (lags,)
        NaN where not known. They are kept, and made read-only.

    Returns
    -------
    LeadLag
    """
    best = _best(lags, correlations)
    ratio, lead, lead_z = _asymmetry(lags, correlations, errors)
    return LeadLag(
        best_lag=lags[best].item() if best >= 0 else math.nan,
        correlation=float(correlations[best]) if best >= 0 else math.nan,
        ratio=ratio,
        lead=lead,
        lead_z=lead_z,
        lags=_frozen(lags.astype(np.float64)),
        correlations=_frozen(correlations),
        standard_errors=_frozen(errors),
    )


def volatility_ratio_of(sum_1: float, sum_2: float, changes: int) -> VolatilityRatio:
    """Compare two volatilities given the sums of the squares of as many changes over one horizon."""
    if changes == 0:
        return VolatilityRatio(math.nan, math.nan, math.nan, 0)
    sigma_1, sigma_2 = math.sqrt(sum_1 / changes), math.sqrt(sum_2 / changes)
    ratio = sigma_1 / sigma_2 if sigma_1 > 0.0 and sigma_2 > 0.0 else math.nan
    return VolatilityRatio(ratio, sigma_1, sigma_2, changes)


def _best(lags: npt.NDArray[Any], correlations: Floats) -> int:
    known = np.flatnonzero(np.isfinite(correlations))
    if known.size == 0:
        return -1
    order = np.lexsort((lags[known], np.abs(lags[known]), -np.abs(correlations[known])))
    return int(known[order[0]])


def _asymmetry(lags: npt.NDArray[Any], correlations: Floats, errors: Floats) -> tuple[float, float, float]:
    place = {float(lag): i for i, lag in enumerate(lags)}
    pairs = [(i, place[-lag]) for lag, i in place.items() if lag > 0.0 and -lag in place]
    pairs = [(i, j) for i, j in sorted(pairs) if np.isfinite(correlations[i]) and np.isfinite(correlations[j])]
    if not pairs:
        return math.nan, math.nan, math.nan
    after, before = (np.array(side) for side in zip(*pairs, strict=True))
    ahead, behind = correlations[after] ** 2, correlations[before] ** 2
    sum_ahead, sum_behind = float(ahead.sum()), float(behind.sum())
    ratio = sum_ahead / sum_behind if sum_behind > 0.0 else (math.inf if sum_ahead > 0.0 else math.nan)
    differences = np.abs(ahead - behind)
    if differences.max() == 0.0:
        return ratio, 0.0, 0.0
    widest = int(np.lexsort((lags[after], -differences))[0])
    first, second = after[widest], before[widest]
    difference = abs(abs(correlations[first]) - abs(correlations[second]))
    leads = first if ahead[widest] > behind[widest] else second
    return ratio, lags[leads].item(), float(difference / math.hypot(errors[first], errors[second]))


def _frozen(values: Floats) -> Floats:
    values.setflags(write=False)
    return values
