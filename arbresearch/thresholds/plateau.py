"""The part of a surface that is as good as its peak, and the point to choose in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import scipy

from arbresearch.core import BadInput, expected
from arbresearch.edges.arrays import Bools, Floats
from arbresearch.thresholds.resample import Places, bootstrap_weights, check_profit, joint_block_size

__all__ = ["DIMENSIONS", "Lattice", "Plateau", "ResampledSurface", "choose_plateau", "find_plateau", "smoothed_surface"]

DIMENSIONS: Final = ("width", "skew", "exit", "size", "hold")
"""What grid points differ in."""

_SIDE_WEIGHT: Final = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class Plateau:
    """What :func:`find_plateau` returns; points are numbers of grid points.

    Parameters
    ----------
    choice
        The member in the middle of the plateau: the one to use.
    peak
        With the highest smoothed value.
    members : array of bool, shape (P,)
        Which points are as good as the peak, and joined to it by such points.
    smoothed : array of float64, shape (P,)
        Values averaged with their neighbours.
    standard_error : array of float64, shape (P,)
        Of the difference between the peak and each point.
    value_error : array of float64, shape (P,)
        Of each smoothed value itself.
    at_edge
        Sides of the grid at which the plateau ends because the grid does, such as ``width high``: the best may lie
        beyond.
    """

    choice: int
    peak: int
    members: Bools
    smoothed: Floats
    standard_error: Floats
    value_error: Floats
    at_edge: tuple[str, ...]


class Lattice:
    """Grid points at their places; places without a point are neither averaged over nor crossed.

    Parameters
    ----------
    index : array of int64, shape (P, dimensions)
        Place of each point, from 0 along each dimension.

    Raises
    ------
    BadInput
        No point, a negative place, or two points at one place.
    """

    def __init__(self, index: npt.ArrayLike) -> None:
        places = np.asarray(index)
        if places.ndim != 2 or not places.size or places.dtype.kind not in "iu":
            raise BadInput(expected("index", "whole numbers, points x dimensions", f"shape {places.shape}"))
        if places.min() < 0:
            raise BadInput(expected("index", "places from zero on", int(places.min())))
        # Dimensions in which nothing differs only cost time.
        _, ranks = zip(*(np.unique(column, return_inverse=True) for column in places.T), strict=True)
        self.index: Places = np.stack(ranks, axis=1).astype(np.int64)
        self.shape: tuple[int, ...] = tuple(int(one) + 1 for one in self.index.max(axis=0))
        self._cells: Places = np.ravel_multi_index(tuple(self.index.T), self.shape).astype(np.int64)
        self._known = np.zeros(int(np.prod(self.shape)), dtype=bool)
        self._known[self._cells] = True
        if int(self._known.sum()) != places.shape[0]:
            raise BadInput(expected("index", "one place for each point", "two points at one place"))
        self._weight = self._spread(self._known[None, :].astype(np.float64))[0]

    @property
    def points(self) -> int:
        """Return how many points there are."""
        return int(self._cells.size)

    def smooth(self, rows: Floats) -> Floats:
        """Return rows of values averaged with their neighbours, weights 1/2, 1, 1/2 along each dimension.

        Neighbours that do not exist are left out of the average. Linear, so that means of smoothed rows are smoothed
        means.

        Parameters
        ----------
        rows : array of float64, shape (R, P)
        """
        dense = np.zeros((rows.shape[0], self._known.size))
        dense[:, self._cells] = rows
        spread = self._spread(dense)
        return np.asarray(spread[:, self._cells] / self._weight[self._cells])

    def joined(self, good: Bools, to: int) -> Bools:
        """Return which points are joined to one by neighbours along the dimensions that are all good."""
        dense = np.zeros(self._known.size, dtype=bool)
        dense[self._cells] = good
        labels, _ = scipy.ndimage.label(dense.reshape(self.shape))
        found = labels.ravel()[self._cells]
        return np.asarray(found == found[to])

    def _spread(self, rows: Floats) -> Floats:
        values = rows.reshape(rows.shape[0], *self.shape)
        for axis, length in enumerate(self.shape, start=1):
            if length == 1:
                continue
            ahead = [slice(None)] * values.ndim
            behind = ahead.copy()
            ahead[axis], behind[axis] = slice(1, None), slice(None, -1)
            total = values.copy()
            total[tuple(ahead)] += _SIDE_WEIGHT * values[tuple(behind)]
            total[tuple(behind)] += _SIDE_WEIGHT * values[tuple(ahead)]
            values = total
        return np.asarray(values.reshape(rows.shape))


class ResampledSurface:
    """Smoothed means of a grid in resamples, and how well differences between points are known.

    Parameters
    ----------
    resampled : array of float64, shape (B, P)
        Smoothed means of resamples, B two or more.
    """

    def __init__(self, resampled: Floats) -> None:
        if resampled.ndim != 2 or resampled.shape[0] < 2:
            raise BadInput(expected("resampled", "two or more resamples x points", f"shape {resampled.shape}"))
        self.means = resampled
        self._centred = resampled - resampled.mean(axis=0)
        self.variance = _variance(self._centred)
        self._known: dict[int, Floats] = {}

    def errors(self, peak: int) -> Floats:
        """Return the standard error of the difference between a point and each point, shape (P,)."""
        if peak not in self._known:
            apart = self._centred - self._centred[:, peak, None]
            self._known[peak] = np.sqrt(_variance(apart))
        return self._known[peak]


def find_plateau(
    smoothed: Floats, surface: ResampledSurface, lattice: Lattice, names: Sequence[str] = DIMENSIONS
) -> Plateau:
    """Return the plateau around the peak of a smoothed surface, and the point in its middle.

    A point is as good as the peak where its value is lower by no more than one bootstrap standard error of the
    difference; what both have in common counts for nothing in it. Of these points those joined to the peak are the
    plateau. The choice is the member nearest to the plateau's centre, members weighted by how far above the worst
    of them they are; of several as near, the one with the highest value.

    Parameters
    ----------
    smoothed : array of float64, shape (P,)
        Smoothed means.
    surface
        Their resamples.
    lattice
        Places of the points.
    names
        Of the dimensions, in the lattice's order.

    Raises
    ------
    BadInput
        Arrays that do not fit together.
    """
    shapes = (smoothed.shape, surface.means.shape[1:], (lattice.points,), len(names))
    if shapes != ((lattice.points,), (lattice.points,), (lattice.points,), len(lattice.shape)):
        raise BadInput(expected("smoothed, surface, lattice and names", "as many points and dimensions", shapes))
    peak = int(np.argmax(smoothed))
    error = surface.errors(peak)
    members = lattice.joined(smoothed >= smoothed[peak] - error, peak)
    choice = _middle(smoothed, members, lattice)
    return Plateau(choice, peak, members, smoothed, error, np.sqrt(surface.variance), _edges(members, lattice, names))


def choose_plateau(
    profit: npt.ArrayLike,
    index: npt.ArrayLike,
    *,
    weights: Floats | None = None,
    resamples: int = 999,
    seed: int = 0,
    names: Sequence[str] = DIMENSIONS,
) -> Plateau:
    """Return the plateau of the mean profits of a grid.

    Parameters
    ----------
    profit : array-like, shape (T, P)
        By block and point.
    index : array-like of int, shape (P, dimensions)
        Place of each point.
    weights : array of float64, shape (B, T)
        Resamples as :func:`arbresearch.thresholds.resample.bootstrap_weights` gives them; None: ``resamples`` of them
        at the block length of :func:`arbresearch.thresholds.resample.joint_block_size`.
    resamples, seed
        Where no weights are given.
    names
        Of the dimensions.

    Raises
    ------
    BadInput
        Arrays that do not fit together or hold what is not finite.
    """
    values, lattice = check_profit(profit), Lattice(index)
    if weights is None:
        weights = bootstrap_weights(values.shape[0], joint_block_size(values), resamples, seed)
    smoothed, surface = smoothed_surface(values, lattice, weights)
    return find_plateau(smoothed, surface, lattice, names)


def smoothed_surface(profit: Floats, lattice: Lattice, weights: Floats) -> tuple[Floats, ResampledSurface]:
    """Return smoothed means of a grid, and those of resamples.

    Raises
    ------
    BadInput
        Profits, lattice and weights that do not fit together.
    """
    if profit.shape[1] != lattice.points:
        raise BadInput(expected("profit", f"a column for each of {lattice.points} points", profit.shape))
    if weights.ndim != 2 or weights.shape[1] != profit.shape[0]:
        raise BadInput(expected("weights", f"resamples x {profit.shape[0]} blocks", weights.shape))
    return lattice.smooth(profit.mean(axis=0)[None, :])[0], ResampledSurface(lattice.smooth(weights @ profit))


def _variance(centred: Floats) -> Floats:
    return np.asarray(np.einsum("bp,bp->p", centred, centred) / (centred.shape[0] - 1))


def _middle(smoothed: Floats, members: Bools, lattice: Lattice) -> int:
    numbers = np.flatnonzero(members)
    values = smoothed[numbers]
    above = values - values.min()
    weight = above if above.max() > 0.0 else np.ones_like(values)
    places = lattice.index[numbers].astype(np.float64)
    centre = weight @ places / weight.sum()
    distance = np.abs(places - centre).sum(axis=1)
    nearest = distance <= distance.min() + 1e-9
    return int(numbers[nearest][np.argmax(values[nearest])])


def _edges(members: Bools, lattice: Lattice, names: Sequence[str]) -> tuple[str, ...]:
    found = []
    for dimension, (name, length) in enumerate(zip(names, lattice.shape, strict=True)):
        if length > 1:
            places = lattice.index[members, dimension]
            found += [f"{name} low"] * bool((places == 0).any()) + [f"{name} high"] * bool((places == length - 1).any())
    return tuple(found)
