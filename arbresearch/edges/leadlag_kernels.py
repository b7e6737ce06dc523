"""Compiled passes over two series observed at different times."""

from __future__ import annotations

from typing import Any, NamedTuple

from numba import njit
from numpy.typing import NDArray

from arbresearch.edges.arrays import Floats

__all__ = ["Changes", "first_fault", "overlap_sums"]


class Changes(NamedTuple):
    """The intervals in which a level changed: each from one observation to the next, in order.

    ``begins`` and ``ends`` are times, shape (k,); ``levels`` is the level before the first change and after each,
    shape (k + 1,). Intervals without a change add nothing to any product and are left out.
    """

    begins: NDArray[Any]
    ends: NDArray[Any]
    levels: Floats


@njit(cache=True, error_model="numpy")
def first_fault(times: NDArray[Any], values: Floats) -> tuple[int, int, bool]:
    """Return the first row out of order or not finite in time, the first infinite value, -1 for none.

    The third says whether a value is NaN or a time repeats, so that rows must be left out.
    """
    infinite = -1
    doubtful = False
    for i in range(times.size):
        if (i > 0 and not times[i] >= times[i - 1]) or times[i] - times[i] != 0:
            return i, infinite, doubtful
        if i > 0 and times[i] == times[i - 1]:
            doubtful = True
        if values[i] != values[i]:
            doubtful = True
        elif infinite < 0 and values[i] - values[i] != 0.0:
            infinite = i
    return -1, infinite, doubtful


@njit(cache=True, error_model="numpy")
def overlap_sums(one: Changes, two: Changes, lag: Any, tolerance: Any) -> tuple[float, float]:
    """Sum over the changes of one series their products with what overlaps of the other, ``lag`` later.

    The changes of the other that overlap an interval are consecutive, so they add up to the difference of two
    levels: before the first that ends after its beginning, and after the last that begins before its end.

    Parameters
    ----------
    one, two
        Times of one type with ``lag`` and ``tolerance``.
    lag
        Added to the times of the first.
    tolerance
        Intervals that overlap by no more only touch; for the rounding of float times.

    Returns
    -------
    covariance, square
        Sum of the products, and sum of their squares.
    """
    begins, ends, levels = two.begins, two.ends, two.levels
    count = begins.size
    covariance = 0.0
    square = 0.0
    ended = 0
    begun = 0
    for i in range(one.begins.size):
        start = one.begins[i] + lag + tolerance
        stop = one.ends[i] + lag - tolerance
        while ended < count and ends[ended] <= start:
            ended += 1
        while begun < count and begins[begun] < stop:
            begun += 1
        if begun > ended:
            product = (one.levels[i + 1] - one.levels[i]) * (levels[begun] - levels[ended])
            covariance += product
            square += product * product
    return covariance, square
