"""How much of what a search found is due to its having searched."""

from __future__ import annotations

from dataclasses import dataclass
from math import nan, sqrt

import numpy as np

from arbresearch.core import NS_PER_DAY
from arbresearch.edges.arrays import Floats
from arbresearch.stats import (
    BacktestOverfitting,
    SuperiorAbility,
    backtest_overfitting,
    deflated_sharpe,
    superior_predictive_ability,
)
from arbresearch.thresholds.resample import bootstrap_weights, joint_block_size
from arbresearch.thresholds.settings import OptimizerSettings
from arbresearch.thresholds.walkforward import Choice

__all__ = ["SearchStatistics", "search_statistics"]


@dataclass(frozen=True, slots=True, eq=False)
class SearchStatistics:
    """Sharpe ratio of the chosen point (daily), and what is left of it when the search is allowed for.

    NaN and None where nothing was tried, or where the blocks are too few or profit never moved.
    """

    sharpe_day: float
    deflated_sharpe: float
    overfitting: BacktestOverfitting | None
    superior: SuperiorAbility | None


def search_statistics(choice: Choice, settings: OptimizerSettings, trials: int) -> SearchStatistics:
    """Return the statistics of a search over a grid.

    Sharpe ratios are of block profits. The deflated one counts every trial. Its variance of Sharpe ratios without skill
    is the median of the bootstrap variances of the points' own, not the variance between points: these differ by what
    they are, thresholds too low losing for sure, and that is no luck. One over it is how many independent blocks there
    are. The probability of over-fitting and Hansen's test are of the grid's points as they are.
    """
    if choice.runs is None or choice.plateau is None:
        return SearchStatistics(nan, nan, None, None)
    profit = choice.runs.profit_quote
    moves = np.ptp(profit, axis=0) > 0.0
    chosen = profit[:, choice.plateau.choice]
    sharpe = float(chosen.mean() / chosen.std(ddof=1)) if np.ptp(chosen) > 0.0 else nan
    blocks = _even(profit.shape[0] // 2, settings.overfit_blocks)
    several = int(moves.sum()) > 1
    return SearchStatistics(
        sharpe_day=sharpe * sqrt(NS_PER_DAY / choice.runs.block_ns),
        deflated_sharpe=_deflated(chosen, sharpe, _null_variance(profit[:, moves], settings), trials),
        overfitting=backtest_overfitting(profit[:, moves], blocks) if several and blocks >= 2 else None,
        superior=superior_predictive_ability(profit[:, moves], resamples=settings.resamples, seed=settings.seed)
        if moves.any()
        else None,
    )


def _null_variance(profit: Floats, settings: OptimizerSettings) -> float:
    """Return the median over points of the bootstrap variance of a Sharpe ratio; NaN where nothing moves."""
    if not profit.shape[1]:
        return nan
    weights = bootstrap_weights(profit.shape[0], joint_block_size(profit), settings.resamples, settings.seed)
    scaled = (profit - profit.mean(axis=0)) / profit.std(axis=0)
    means = weights @ scaled
    spread = np.sqrt(np.maximum(weights @ scaled**2 - means**2, 0.0))
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = means / spread
    known = np.isfinite(ratios).all(axis=0)
    return float(np.median(ratios[:, known].var(axis=0, ddof=1))) if known.any() else nan


def _deflated(chosen: Floats, sharpe: float, variance: float, trials: int) -> float:
    if sharpe != sharpe or not variance > 0.0:
        return nan
    centred = (chosen - chosen.mean()) / chosen.std()
    skew, kurtosis = float((centred**3).mean()), float((centred**4).mean())
    return deflated_sharpe(sharpe, min(float(chosen.size), 1.0 / variance), trials, variance, skew, kurtosis)


def _even(most: int, wanted: int) -> int:
    found = min(most, wanted)
    return found - found % 2
