"""Compiled loop of the test for superior predictive ability."""

from __future__ import annotations

from math import log1p, sqrt

import numpy as np
from numba import njit

from arbresearch.stats.series import Floats

__all__ = ["resample_maxima"]

_NOTHING = 1e-24
"""Square of an error, of the sample's, below which a resample's is rounding noise."""


@njit(cache=True, error_model="numpy")
def resample_maxima(
    rng: np.random.Generator,
    standardised: Floats,
    block_size: float,
    shifts: Floats,
    own_errors: bool,
    maxima: Floats,
) -> None:
    """Fill the largest studentised mean, zero or more, of stationary-bootstrap resamples.

    All strategies are resampled by the same blocks, so that their dependence stays. Values are summed up beforehand: a
    resample costs as many rows as it has blocks. The error of a resample's sum is that of its blocks, ``sqrt(sum (S_j -
    L_j sum / n)^2)`` with their sums S_j and lengths L_j (Goetze and Kuensch 1996).

    Parameters
    ----------
    rng
        Source of randomness.
    standardised
        Values less their mean, divided by the error of the sum, shape (n, strategies): a resample's studentised mean
        is its sum.
    block_size
        Mean length of a block, one or more.
    shifts
        Added to the sums, shape (recentrings, strategies).
    own_errors
        Whether sums are divided by the error of the resample, or by that of the sample, which is one. A resample that
        is one block has no error of its own, and its largest ratio is 0.
    maxima
        Filled; shape (resamples, recentrings).
    """
    n, strategies = standardised.shape
    sums = np.zeros((2 * n + 1, strategies))
    for i in range(2 * n):
        for k in range(strategies):
            sums[i + 1, k] = sums[i, k] + standardised[i % n, k]
    single = block_size <= 1.0
    scale = 0.0 if single else -1.0 / log1p(-1.0 / block_size)
    totals, squares, crossed = np.empty(strategies), np.empty(strategies), np.empty(strategies)
    for r in range(maxima.shape[0]):
        totals[:] = 0.0
        squares[:] = 0.0
        crossed[:] = 0.0
        lengths = 0.0
        left = n
        while left > 0:
            start = int(rng.random() * n)
            length = 1
            if not single:
                length = min(left, 1 + int(scale * rng.standard_exponential()))
            for k in range(strategies):
                block = sums[start + length, k] - sums[start, k]
                totals[k] += block
                squares[k] += block * block
                crossed[k] += length * block
            lengths += length * length
            left -= length
        maxima[r] = 0.0
        if own_errors and lengths == n * n:
            continue
        for k in range(strategies):
            error = 1.0
            if own_errors:
                mean = totals[k] / n
                error = sqrt(max(squares[k] - 2.0 * mean * crossed[k] + mean * mean * lengths, _NOTHING))
            for c in range(shifts.shape[0]):
                maxima[r, c] = max(maxima[r, c], (totals[k] + shifts[c, k]) / error)
