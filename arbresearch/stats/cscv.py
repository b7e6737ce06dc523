"""The probability that the best of many backtests is over-fitted, by combinatorially symmetric cross-validation."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import Final

import numpy as np
import numpy.typing as npt

from arbresearch.core import BadInput, ParameterError, expected
from arbresearch.stats.cscv_kernels import cross_validate
from arbresearch.stats.matrix import known_rows
from arbresearch.stats.series import Floats

__all__ = ["BacktestOverfitting", "backtest_overfitting", "backtest_overfitting_probability"]

_MOST_BLOCKS: Final = 20
"""184,756 splits; two blocks more are four times as many."""


@dataclass(frozen=True, slots=True, eq=False)
class BacktestOverfitting:
    """What :func:`backtest_overfitting` returns; arrays have one value a split, in no meaningful order.

    Parameters
    ----------
    probability
        Share of splits whose best strategy in sample is in the lower half out of sample (logit zero or less).
    loss_probability
        Share of splits whose best strategy in sample has a negative Sharpe ratio out of sample.
    logits
        ``ln(w / (1 - w))`` of the relative rank ``w = rank / (strategies + 1)`` out of sample.
    in_sample, out_of_sample
        Sharpe ratio of the best in sample, per observation: what was promised and what was kept. Infinite where
        returns do not vary within a half; NaN where ratios of several best ones are infinite both ways.
    splits, strategies, observations
        How many; rows that are not known are not counted.
    """

    probability: float
    loss_probability: float
    logits: Floats
    in_sample: Floats
    out_of_sample: Floats
    splits: int
    strategies: int
    observations: int


def backtest_overfitting_probability(matrix: npt.ArrayLike, blocks: int) -> float:
    """Return the probability of backtest overfitting; see :func:`backtest_overfitting`."""
    return backtest_overfitting(matrix, blocks).probability


def backtest_overfitting(matrix: npt.ArrayLike, blocks: int) -> BacktestOverfitting:
    """Choose among strategies on each half of the blocks and see how the choice does on the other half.

    Bailey, Borwein, Lopez de Prado and Zhu (2017), with the Sharpe ratio (``ddof=1``) as the measure: rows are cut into
    consecutive blocks, and each of the ``C(blocks, blocks / 2)`` choices of half of them is a sample. Strategies that
    tie share their ranks. Without any skill the probability is near one half; it is nearer to one where what does
    well in one half does badly in the other, as it must when all strategies share the same total.

    Parameters
    ----------
    matrix : array-like, shape (observations, strategies)
        Returns or profits; every strategy that was tried. A row with a NaN is left out for all, and what follows
        moves up. A strategy without any result in a half has a Sharpe ratio of 0 there.
    blocks
        Even, 2 to 20; 16 is common. Where they do not divide the rows, the first blocks have one row more.

    Returns
    -------
    BacktestOverfitting

    Raises
    ------
    BadInput
        Not a matrix of numbers, an infinite one, or fewer than two strategies.
    ParameterError
        An odd number of blocks or one out of range, or fewer than two known rows for each.
    """
    rows = known_rows(matrix, "matrix")
    observations, strategies = rows.shape
    if strategies < 2:
        raise BadInput(expected("matrix", "two strategies or more, one a column", strategies))
    if blocks % 2 or not 2 <= blocks <= _MOST_BLOCKS:
        raise ParameterError(expected("blocks", f"an even number from 2 to {_MOST_BLOCKS}", blocks))
    if observations < 2 * blocks:
        want = f"at most {observations // 2}, two of the {observations} known rows for each"
        raise ParameterError(expected("blocks", want, blocks, "use fewer blocks or more rows"))
    parts = np.array_split(rows, blocks)
    means = np.column_stack([part.mean(axis=0) for part in parts])
    squares = np.column_stack([((part - part.mean(axis=0)) ** 2).sum(axis=0) for part in parts])
    halves = _halves(blocks)
    splits = 2 * halves.shape[0]
    ranks, inside, outside = np.empty(splits), np.empty(splits), np.empty(splits)
    counts = np.array([part.shape[0] for part in parts], dtype=np.float64)
    cross_validate(means, squares, counts, halves, ranks, inside, outside)
    return BacktestOverfitting(
        probability=float((2.0 * ranks <= strategies + 1).mean()),
        loss_probability=float((outside < 0.0).mean()),
        logits=np.log(ranks / (strategies + 1.0 - ranks)),
        in_sample=inside,
        out_of_sample=outside,
        splits=splits,
        strategies=strategies,
        observations=observations,
    )


def _halves(blocks: int) -> npt.NDArray[np.bool_]:
    """Return the halves that hold the first block; the others are their complements."""
    chosen = np.array(list(combinations(range(1, blocks), blocks // 2 - 1)), dtype=np.intp)
    halves = np.zeros((chosen.shape[0], blocks), dtype=np.bool_)
    halves[:, 0] = True
    np.put_along_axis(halves, chosen, True, axis=1)
    return halves
