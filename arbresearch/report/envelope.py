"""Fewer points, same picture: a min-max envelope of a long series."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from arbresearch.core import BadInput, expected

__all__ = ["envelope"]


def envelope(
    x: NDArray[np.generic], y: NDArray[np.float64], points: int = 2000
) -> tuple[NDArray[np.generic], NDArray[np.float64]]:
    """Reduce a series to at most ``points`` of its own points, keeping its exact extremes.

    The series is cut into equal counts; of each piece the lowest and the highest point are kept, in their order.
    The first and the last point are kept as well, and a piece that is all NaN keeps one of them, so that a hole
    in the line stays a hole.

    Parameters
    ----------
    x
        Shape (n,), any type, in drawing order.
    y
        Shape (n,), may hold NaN.
    points
        The largest number of points returned; at least 8.

    Returns
    -------
    tuple
        The kept ``x`` and ``y``; both unchanged when n is at most ``points``.

    Raises
    ------
    BadInput
        If the shapes differ or ``points`` is below 8.
    """
    if x.shape != y.shape or x.ndim != 1:
        shapes = f"shapes {x.shape} and {y.shape}"
        raise BadInput(expected("series", "two one-dimensional arrays of one length", shapes))
    if points < 8:
        raise BadInput(expected("points", "at least 8", points))
    count = len(y)
    if count <= points:
        return x, y
    pieces = (points - 2) // 2
    bounds = np.linspace(0, count, pieces + 1).astype(np.int64)
    starts = bounds[:-1]
    missing = np.isnan(y)
    piece = np.repeat(np.arange(pieces), np.diff(bounds))
    lowest = _first_position(np.where(missing, np.inf, y), np.minimum, starts, piece)
    highest = _first_position(np.where(missing, -np.inf, y), np.maximum, starts, piece)
    kept = np.unique(np.concatenate([lowest, highest, np.array([0, count - 1])]))
    return x[kept], y[kept]


def _first_position(
    y: NDArray[np.float64], extreme: np.ufunc, starts: NDArray[np.int64], piece: NDArray[np.int64]
) -> NDArray[np.int64]:
    best = extreme.reduceat(y, starts)
    hits = np.flatnonzero(y == best[piece])
    _, first = np.unique(piece[hits], return_index=True)
    return hits[first]
