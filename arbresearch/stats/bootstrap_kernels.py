"""Compiled loops of the stationary bootstrap."""

from __future__ import annotations

from math import log1p, sqrt

import numpy as np
from numba import njit

from arbresearch.stats.series import Floats

__all__ = ["resample"]

_NOTHING = 1e-24
"""Share of the sample's variance below which a resample's is rounding noise."""


@njit(cache=True, error_model="numpy")
def resample(rng: np.random.Generator, centred: Floats, block_size: float, means: Floats, ratios: Floats) -> None:
    """Fill mean and studentised mean of stationary-bootstrap resamples of a centred series.

    A resample is made of blocks that start anywhere with equal chance, have geometric lengths of mean
    ``block_size``, run on from the end to the beginning, and are cut when as many values as the series has are
    drawn (Politis and Romano 1994). With the series summed up beforehand a block costs one subtraction, so a
    resample costs as many steps as it has blocks.

    The error of a resample's mean is that of its blocks, ``sqrt(sum (S_j - L_j mean)^2) / n`` with the sums S_j and
    lengths L_j of the blocks (Goetze and Kuensch 1996). The ratio is 0 for a resample that is one block, and
    infinite with the sign of the mean where all blocks agree.

    Parameters
    ----------
    rng
        Source of randomness.
    centred
        Values less their mean, shape (n,).
    block_size
        Mean length of a block, one or more.
    means, ratios
        Filled; shape (resamples,).
    """
    n = centred.size
    sums = np.empty(2 * n + 1)
    sums[0] = 0.0
    square = 0.0
    for i in range(2 * n):
        sums[i + 1] = sums[i] + centred[i % n]
    for i in range(n):
        square += centred[i] * centred[i]
    nothing = _NOTHING * square * n
    single = block_size <= 1.0
    scale = 0.0 if single else -1.0 / log1p(-1.0 / block_size)
    block_sums = np.empty(n)
    block_lengths = np.empty(n)
    for r in range(means.size):
        left = n
        blocks = 0
        total = 0.0
        while left > 0:
            start = int(rng.random() * n)
            length = 1
            if not single:
                length = min(left, 1 + int(scale * rng.standard_exponential()))
            block = sums[start + length] - sums[start]
            block_sums[blocks] = block
            block_lengths[blocks] = length
            blocks += 1
            total += block
            left -= length
        mean = total / n
        spread = 0.0
        for j in range(blocks):
            off = block_sums[j] - block_lengths[j] * mean
            spread += off * off
        means[r] = mean
        if blocks == 1 or total * total <= nothing:
            ratios[r] = 0.0
        elif spread <= nothing:
            ratios[r] = np.inf if mean > 0.0 else -np.inf
        else:
            ratios[r] = total / sqrt(spread)
