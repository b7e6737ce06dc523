"""Lead and lag as sums that add: over blocks of time, in any order, without the quotes they came from."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from arbresearch.core import BadInput, ParameterError, expected
from arbresearch.edges.arrays import Floats, Times
from arbresearch.edges.leadlag import cleaned
from arbresearch.edges.leadlag_kernels import BlockSums, lead_lag_block
from arbresearch.edges.leadlag_result import LeadLag, VolatilityRatio, lead_lag_of, volatility_ratio_of

__all__ = ["LeadLagSums", "lead_lag_of_sums", "volatility_ratio_of_sums"]

_SUMMED = ("products", "squares", "known", "square_1", "square_2", "moves_1", "moves_2", "moves")


@dataclass(frozen=True, slots=True, eq=False)
class LeadLagSums:
    """What lead and lag, correlation and the ratio of volatilities of two series are made of.

    Of one block of time, or of several side by side: every array has the shape of the blocks, and ``products``,
    ``squares`` and ``known`` a last axis of lags beside. No change from one block into the next is in them, nor do
    blocks count in which a series has fewer than two rows.

    Parameters
    ----------
    lags_ns : array of int64, shape (lags,)
        Positive where the first series leads.
    horizon_ns
        Of the changes that volatilities are made of.
    products : array of float64, shape (..., lags)
        Sums of the products of all changes that overlap (Hayashi and Yoshida 2005), in the square of x's unit.
    squares : array of float64, shape (..., lags)
        Sums of the squares of each change of the first series times what overlaps of the second.
    known : array of int64, shape (..., lags)
        Blocks in which the spans of both series overlap at the lag.
    square_1, square_2 : array of float64, shape (...)
        Sums of squared changes.
    step_ns : array of int64, shape (...)
        Greatest common divisor of all differences of times, of both series; 0 with fewer than two rows. On a common
        grid it is the grid's step or a multiple of it. One under the smallest lag is no grid for these lags: then 1.
    moves_1, moves_2 : array of float64, shape (...)
        Sums of squared changes over the horizon, on shifted grids.
    moves : array of int64, shape (...)
        How many of these there are.
    """

    lags_ns: Times
    horizon_ns: int
    products: Floats
    squares: Floats
    known: Times
    square_1: Floats
    square_2: Floats
    step_ns: Times
    moves_1: Floats
    moves_2: Floats
    moves: Times

    @classmethod
    def of(
        cls,
        t1: npt.ArrayLike,
        x1: npt.ArrayLike,
        t2: npt.ArrayLike,
        x2: npt.ArrayLike,
        lags_ns: Sequence[int] | npt.ArrayLike,
        horizon_ns: int,
    ) -> LeadLagSums:
        """Sum over one block.

        Parameters
        ----------
        t1, x1, t2, x2
            As :func:`arbresearch.edges.hayashi_yoshida` takes them, times whole numbers.
        lags_ns
            Whole numbers, each once.
        horizon_ns
            Above zero.

        Raises
        ------
        BadInput
            As :func:`arbresearch.edges.lead_lag`, or times or lags that are not whole numbers.
        ParameterError
            A horizon that is not above zero.
        """
        lags = _whole_lags(lags_ns)
        first, second = cleaned(t1, x1, "t1", "x1"), cleaned(t2, x2, "t2", "x2")
        for name, (times, _) in (("t1", first), ("t2", second)):
            if times.dtype != np.int64:
                raise BadInput(expected(name, "whole numbers of nanoseconds", times.dtype))
        if not horizon_ns > 0:
            raise ParameterError(expected("horizon_ns", "a positive time", horizon_ns))
        return cls.stacked([lead_lag_block(*first, *second, lags, int(horizon_ns))], lags, horizon_ns).total()

    @classmethod
    def stacked(cls, blocks: Iterable[BlockSums], lags_ns: Times, horizon_ns: int) -> LeadLagSums:
        """Lay what :func:`arbresearch.edges.lead_lag_block` returned side by side, shape (blocks,)."""
        rows = list(blocks)
        lags = lags_ns.size
        columns: dict[str, npt.NDArray[Any]] = {}
        for name in BlockSums._fields:
            kind = np.int64 if name in ("known", "step_ns", "moves") else np.float64
            shape = (len(rows), lags) if name in ("products", "squares", "known") else (len(rows),)
            columns[name] = np.array([getattr(row, name) for row in rows], dtype=kind).reshape(shape)
        return cls(lags_ns=lags_ns, horizon_ns=int(horizon_ns), **columns)

    def total(self) -> LeadLagSums:
        """Add up all blocks into one, shape ()."""
        axes = tuple(range(self.square_1.ndim))
        summed: dict[str, Any] = {name: np.asarray(getattr(self, name).sum(axis=axes)) for name in _SUMMED}
        return replace(self, step_ns=np.asarray(np.gcd.reduce(self.step_ns, axis=None)), **summed)

    def __add__(self, other: LeadLagSums) -> LeadLagSums:
        """Add block by block; the shapes are broadcast.

        Raises
        ------
        BadInput
            Sums at other lags, or over another horizon.
        """
        if not isinstance(other, LeadLagSums):
            return NotImplemented
        if not np.array_equal(self.lags_ns, other.lags_ns) or self.horizon_ns != other.horizon_ns:
            want = f"lags {self.lags_ns.tolist()} and horizon {self.horizon_ns}"
            found = f"{other.lags_ns.tolist()} and {other.horizon_ns}"
            raise BadInput(expected("sums of lead and lag to add", want, found))
        summed: dict[str, Any] = {name: np.asarray(getattr(self, name) + getattr(other, name)) for name in _SUMMED}
        return replace(self, step_ns=np.asarray(np.gcd(self.step_ns, other.step_ns)), **summed)


def _whole_lags(lags_ns: Sequence[int] | npt.ArrayLike) -> Times:
    """Return lags as an array of whole numbers.

    Raises
    ------
    BadInput
        None, not whole numbers, or one twice.
    """
    lags = np.asarray(lags_ns)
    if lags.ndim != 1 or lags.size == 0 or lags.dtype.kind not in "iu" or np.unique(lags).size != lags.size:
        raise BadInput(expected("lags_ns", "one or more whole numbers, each once", lags_ns))
    return np.ascontiguousarray(lags, dtype=np.int64)


def lead_lag_of_sums(sums: LeadLagSums) -> LeadLag:
    """Find which of two series moves first, from sums; of several blocks, over all together.

    What :func:`arbresearch.edges.lead_lag` finds, lags in nanoseconds. **A positive lag: the first series leads.**
    On a common grid with a step of the smallest lag or more, a lag between two steps would cover both, so it is left
    out: only whole steps are in the result.

    Returns
    -------
    LeadLag
        NaN where no two spans overlap, or a series never moved; without any lag left, all of it.
    """
    one = sums.total()
    lags, step = one.lags_ns, int(one.step_ns)
    sizes = np.abs(lags[lags != 0])
    on_grid = sizes.size > 0 and step >= sizes.min()
    kept = lags % step == 0 if on_grid else np.ones(lags.size, dtype=np.bool_)
    scale = math.sqrt(float(one.square_1) * float(one.square_2))
    known = kept & (one.known > 0) & (scale > 0.0)
    correlations, errors = np.full(lags.size, math.nan), np.full(lags.size, math.nan)
    correlations[known] = one.products[known] / scale
    errors[known] = np.sqrt(one.squares[known]) / scale
    return lead_lag_of(lags[kept], correlations[kept], errors[kept])


def volatility_ratio_of_sums(sums: LeadLagSums) -> VolatilityRatio:
    """Compare the volatilities of two series over the horizon of their sums; of several blocks, over all together."""
    one = sums.total()
    return volatility_ratio_of(float(one.moves_1), float(one.moves_2), int(one.moves))
