"""Compiled: a robust slope through the means of cells."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from scipy.special import ndtri

from arbresearch.signals.compiled import inner
from arbresearch.signals.settings import CELLS

__all__ = ["theil_sen"]

_FEWEST: Final = 3
_QUANTILE: Final = float(ndtri(0.975))


@inner
def _ranked(engine: Any, count: int) -> None:
    """Put the slopes in order: each goes to the place that the number of smaller ones names."""
    slopes, ranked, ranks = engine.slopes, engine.ranked, engine.ranks
    for i in range(count):
        ranks[i] = 0
    for i in range(count):
        value = slopes[i]
        larger = np.int64(0)
        for j in range(i):
            below = np.int64(value < slopes[j])
            ranks[j] += below
            larger += below
        ranks[i] += i - larger
    for i in range(count):
        ranked[ranks[i]] = slopes[i]


@inner
def theil_sen(engine: Any) -> tuple[float, float]:
    """Return the median slope of all pairs of known cells, a cell, and its t-value.

    The standard error is the width of the 95 % interval of the slope over that of a normal one, ``2 * 1.96``; the
    interval is Sen's (1968, Journal of the American Statistical Association 63, 1379-1389, equation 2.6, with his
    correction for ties), made of order statistics of the slopes. Means of neighbouring cells of a spread are alike, so
    a t-value of 2 happens far more often than once in twenty: it tells strong trends from weak ones and is no test.

    Returns
    -------
    tuple
        NaN with fewer than three known cells; the t-value NaN where slope and error are both zero, infinite where
        only the error is.
    """
    cells, slopes = engine.cells, engine.slopes
    count = 0
    known = 0
    tied = np.int64(0)
    for i in range(CELLS):
        value = cells[i]
        if value != value:
            continue
        known += 1
        same = np.int64(0)
        for j in range(CELLS):
            same += np.int64(cells[j] == value)
            if j > i and cells[j] == cells[j]:
                slopes[count] = (cells[j] - value) / (j - i)
                count += 1
        tied += (same - 1) * (2 * same + 5)
    if known < _FEWEST:
        return np.nan, np.nan
    _ranked(engine, count)
    ranked = engine.ranked
    slope = 0.5 * (ranked[(count - 1) // 2] + ranked[count // 2])
    spread = _QUANTILE * np.sqrt((known * (known - 1) * (2 * known + 5) - tied) / 18.0)
    high = min(round(0.5 * (count + spread)), count - 1)
    low = max(round(0.5 * (count - spread)) - 1, 0)
    error = (ranked[high] - ranked[low]) / (2.0 * _QUANTILE)
    return slope, slope / error
