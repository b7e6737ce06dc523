"""Compiled loops of combinatorially symmetric cross-validation."""

from __future__ import annotations

from math import inf, isinf, sqrt

import numpy as np
import numpy.typing as npt
from numba import njit

from arbresearch.stats.series import Floats

__all__ = ["cross_validate"]

_TIE = 1e-10
"""Relative distance under which two Sharpe ratios are one, so that the same strategy in another size ties."""
_STILL = 1e-24
"""Share of the squared mean under which a variance is rounding noise."""


@njit(cache=True, error_model="numpy")
def cross_validate(
    means: Floats,
    squares: Floats,
    counts: Floats,
    halves: npt.NDArray[np.bool_],
    ranks: Floats,
    inside: Floats,
    outside: Floats,
) -> None:
    """Choose the best strategy in each half of the blocks and rank it in the other half.

    Parameters
    ----------
    means, squares
        Mean, and sum of squared deviations from it, by strategy and block: shape (strategies, blocks).
    counts
        Observations of each block.
    halves
        Which blocks are in the first half, shape (splits / 2, blocks): each row is used both ways round.
    ranks, inside, outside
        Filled; shape (splits,). Rank of the best in sample among all strategies out of sample, 1 the worst, ties
        sharing the mean of their ranks; its Sharpe ratio in and out of sample. Where several are best in sample the
        mean over them.
    """
    strategies = means.shape[0]
    first, second = np.empty(strategies), np.empty(strategies)
    for i in range(halves.shape[0]):
        for k in range(strategies):
            first[k] = sharpe_of(means[k], squares[k], counts, halves[i], True)
            second[k] = sharpe_of(means[k], squares[k], counts, halves[i], False)
        ranks[2 * i], inside[2 * i], outside[2 * i] = judge(first, second)
        ranks[2 * i + 1], inside[2 * i + 1], outside[2 * i + 1] = judge(second, first)


@njit(cache=True, error_model="numpy")
def sharpe_of(means: Floats, squares: Floats, counts: Floats, half: npt.NDArray[np.bool_], wanted: bool) -> float:
    """Return the Sharpe ratio over some blocks.

    Parts are put together as in Chan, Golub and LeVeque (1979): without cancellation, so that a strategy that did
    nothing has no variance. Without variance it is 0 for a mean of zero and infinite with the sign of any other.
    """
    n = 0.0
    total = 0.0
    for b in range(counts.size):
        if half[b] == wanted:
            n += counts[b]
            total += counts[b] * means[b]
    mean = total / n
    square = 0.0
    for b in range(counts.size):
        if half[b] == wanted:
            square += squares[b] + counts[b] * (means[b] - mean) ** 2
    if square <= _STILL * n * mean * mean:
        return 0.0 if mean == 0.0 else inf if mean > 0.0 else -inf
    return mean / sqrt(square / (n - 1.0))


@njit(cache=True, error_model="numpy")
def judge(inside: Floats, outside: Floats) -> tuple[float, float, float]:
    """Return the rank out of sample, and the Sharpe ratios in and out of sample, of the best in sample."""
    best = inside.max()
    ordered = np.sort(outside)
    winners = 0
    ranks = 0.0
    total = 0.0
    for k in range(inside.size):
        if inside[k] >= best - slack(best):
            found = outside[k]
            below = np.searchsorted(ordered, found - slack(found), side="left")
            upto = np.searchsorted(ordered, found + slack(found), side="right")
            winners += 1
            ranks += 0.5 * (below + upto + 1)
            total += found
    return ranks / winners, best, total / winners


@njit(cache=True, error_model="numpy")
def slack(ratio: float) -> float:
    """Return by how much a ratio may differ from this one and still tie."""
    return 0.0 if isinf(ratio) else _TIE * abs(ratio)
