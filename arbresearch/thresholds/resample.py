"""Resamples of block profits in which all grid points share the same blocks."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from arbresearch.core import BadInput, ParameterError, expected
from arbresearch.edges.arrays import Floats
from arbresearch.stats import estimate_mean
from arbresearch.stats.bootstrap import default_block_size
from arbresearch.stats.series import as_series

__all__ = [
    "Interval",
    "Places",
    "bootstrap_rows",
    "bootstrap_weights",
    "check_profit",
    "joint_block_size",
    "mean_interval",
    "quantile_interval",
    "row_weights",
]

Places = npt.NDArray[np.int64]

_COLUMNS: Final = 64


@dataclass(frozen=True, slots=True)
class Interval:
    """A value and its two-sided interval, in the value's unit; NaN where it cannot be told."""

    value: float
    low: float
    high: float
    confidence: float


def check_profit(profit: npt.ArrayLike) -> Floats:
    """Return profits by block and grid point as float64, shape (T, P).

    Raises
    ------
    BadInput
        Not a matrix of finite numbers, or an empty one.
    """
    values = np.asarray(profit, dtype=np.float64)
    if values.ndim != 2 or not values.size:
        raise BadInput(expected("profit", "blocks x grid points, one or more of each", f"shape {values.shape}"))
    if not np.isfinite(values).all():
        block, point = (int(one) for one in np.argwhere(~np.isfinite(values))[0])
        raise BadInput(expected(f"profit of block {block}, point {point}", "a finite number", values[block, point]))
    return values


def joint_block_size(profit: npt.ArrayLike) -> float:
    """Return the mean block length for all points together: the median of what the points' own series ask for.

    Of many points 64 are asked, evenly spread; those whose profit never moves are not.

    Parameters
    ----------
    profit : array-like, shape (T, P)
        By block and point.

    Returns
    -------
    float
        In blocks, one or more; one where no profit moves.
    """
    values = check_profit(profit)
    moving = np.flatnonzero(np.ptp(values, axis=0) > 0.0)
    if not moving.size:
        return 1.0
    asked = moving[np.linspace(0, moving.size - 1, min(_COLUMNS, moving.size)).astype(np.int64)]
    return float(np.median([default_block_size(values[:, k]) for k in asked]))


def bootstrap_rows(blocks: int, block_size: float, resamples: int = 999, seed: int = 0) -> Places:
    """Return which block stands where in each resample of the stationary bootstrap.

    Runs of blocks start anywhere with equal chance, have geometric lengths of mean ``block_size``, go on from the end
    to the beginning, and are cut when as many blocks as there are have been drawn (Politis and Romano 1994).

    Parameters
    ----------
    blocks
        How many there are, two or more.
    block_size
        Mean length of a run, one or more.
    resamples
        Rows, one or more.
    seed
        Of the draws.

    Returns
    -------
    array of int64, shape (resamples, blocks)
        Numbers of blocks.

    Raises
    ------
    ParameterError
        A parameter out of its range.
    """
    if blocks < 2:
        raise ParameterError(expected("blocks", "two or more", blocks))
    if not 1.0 <= block_size < math.inf:
        raise ParameterError(expected("block_size", "blocks, one or more", block_size))
    if resamples < 1:
        raise ParameterError(expected("resamples", "one or more", resamples))
    if seed < 0:
        raise ParameterError(expected("seed", "a number of zero or more", seed))
    rng = np.random.Generator(np.random.SFC64(np.random.SeedSequence(seed)))
    anew = rng.random((resamples, blocks)) < 1.0 / block_size
    anew[:, 0] = True
    starts = rng.integers(0, blocks, (resamples, blocks))
    place = np.arange(blocks)
    since = np.maximum.accumulate(np.where(anew, place, 0), axis=1)
    return np.asarray((np.take_along_axis(starts, since, axis=1) + place - since) % blocks)


def row_weights(rows: Places) -> Floats:
    """Return how much each block counts in each resample, shape of ``rows``; a resample's weights add up to one.

    One row serves all grid points, so that what they have in common stays: ``weights @ profit`` are their resampled
    means.
    """
    resamples, blocks = rows.shape
    apart = rows + np.arange(resamples)[:, None] * blocks
    counts = np.bincount(apart.ravel(), minlength=resamples * blocks).reshape(resamples, blocks)
    return np.asarray(counts / blocks, dtype=np.float64)


def bootstrap_weights(blocks: int, block_size: float, resamples: int = 999, seed: int = 0) -> Floats:
    """Return :func:`row_weights` of :func:`bootstrap_rows`, shape (resamples, blocks)."""
    return row_weights(bootstrap_rows(blocks, block_size, resamples, seed))


def quantile_interval(value: float, resampled: Floats, confidence: float) -> Interval:
    """Return the interval between the tails of resampled values; NaN for none."""
    tail = 0.5 * (1.0 - confidence)
    if not resampled.size:
        return Interval(value, math.nan, math.nan, confidence)
    low, high = np.quantile(resampled, (tail, 1.0 - tail), method="inverted_cdf")
    return Interval(value, float(low), float(high), confidence)


def mean_interval(x: npt.ArrayLike, confidence: float = 0.95, *, candidates: int = 1) -> Interval:
    """Return the two-sided interval of the mean of a series of profits.

    Each end is a one-sided bound at ``(1 + confidence) / 2`` by the studentised stationary bootstrap
    (:func:`arbresearch.stats.estimate_mean`).

    Parameters
    ----------
    x : array-like, shape (n,)
        Profits by block; NaN is left out.
    confidence
        Of both ends together.
    candidates
        How many series it is one of; each is then held to a smaller error.

    Returns
    -------
    Interval
        Ends are NaN with fewer than 20 known values.
    """
    values = as_series(x, "x")
    one_sided = 0.5 + 0.5 * confidence
    low = estimate_mean(values, one_sided, candidates=candidates)
    high = estimate_mean(-values, one_sided, candidates=candidates)
    return Interval(low.mean, low.lower_bound, -high.lower_bound, confidence)
