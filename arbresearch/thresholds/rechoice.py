"""How well the chosen point is known: the choice made again in every resample."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from arbresearch.core import BadInput, ParameterError, expected
from arbresearch.edges.arrays import Floats
from arbresearch.thresholds.plateau import DIMENSIONS, Lattice, Plateau, find_plateau, smoothed_surface
from arbresearch.thresholds.resample import Interval, check_profit, quantile_interval

__all__ = ["ChoiceIntervals", "choice_intervals"]


@dataclass(frozen=True, slots=True, eq=False)
class ChoiceIntervals:
    """What :func:`choice_intervals` returns.

    Parameters
    ----------
    plateau
        Of all blocks.
    chosen : array of int64, shape (B,)
        The point chosen in each resample; empty where that was not asked for.
    intervals
        Of the choice's coordinates, one a dimension; ends are NaN where that was not asked for.
    """

    plateau: Plateau
    chosen: npt.NDArray[np.int64]
    intervals: tuple[Interval, ...]


def choice_intervals(
    profit: npt.ArrayLike,
    index: npt.ArrayLike,
    coordinates: npt.ArrayLike,
    weights: Floats,
    *,
    confidence: float = 0.95,
    again: bool = True,
    names: Sequence[str] = DIMENSIONS,
) -> ChoiceIntervals:
    """Choose by all blocks and again in each resample, and take the quantiles of what was chosen.

    In a resample peak, plateau and middle are found anew; the errors of differences stay those of all resamples.

    Parameters
    ----------
    profit : array-like, shape (T, P)
        By block and point.
    index : array-like of int, shape (P, dimensions)
        Place of each point.
    coordinates : array-like, shape (P, dimensions)
        What the point is in each dimension, any unit: half width, order size and so on.
    weights : array of float64, shape (B, T)
        Resamples; see :func:`arbresearch.thresholds.resample.bootstrap_weights`.
    confidence
        Of the intervals.
    again
        Whether to choose in the resamples too, most of the work; False: the choice by all blocks only.
    names
        Of the dimensions.

    Raises
    ------
    BadInput
        Arrays that do not fit together or hold what is not finite.
    ParameterError
        A confidence out of its range.
    """
    if not 0.0 < confidence < 1.0:
        raise ParameterError(expected("confidence", "a number between 0 and 1, such as 0.95", confidence))
    values, lattice = check_profit(profit), Lattice(index)
    at = np.asarray(coordinates, dtype=np.float64)
    if at.shape != lattice.index.shape:
        raise BadInput(expected("coordinates", f"shape {lattice.index.shape}, as the index", at.shape))
    smoothed, surface = smoothed_surface(values, lattice, weights)
    plateau = find_plateau(smoothed, surface, lattice, names)
    rows = surface.means if again else surface.means[:0]
    chosen = np.array([find_plateau(row, surface, lattice, names).choice for row in rows], dtype=np.int64)
    intervals = tuple(
        quantile_interval(float(at[plateau.choice, k]), at[chosen, k], confidence) for k in range(at.shape[1])
    )
    return ChoiceIntervals(plateau, chosen, intervals)
