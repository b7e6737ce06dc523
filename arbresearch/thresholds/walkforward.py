"""One time to choose on: the process fitted, the grid run, the plateau found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import inf, nan
from typing import Final

import numpy as np

from arbresearch.backtest import BacktestConfig, GridPoint, GridRuns, Inputs, SpotArbitrageBacktester, run_grid
from arbresearch.core import NS_PER_DAY, NS_PER_MINUTE
from arbresearch.edges.arrays import Floats
from arbresearch.signals.schedule import ScheduleRow
from arbresearch.stats import estimate_mean
from arbresearch.thresholds.directed import directed_edges
from arbresearch.thresholds.plateau import Plateau
from arbresearch.thresholds.points import ThresholdGrid, threshold_grid, user_grid
from arbresearch.thresholds.process import SpreadFit, fit_spread
from arbresearch.thresholds.rechoice import ChoiceIntervals, choice_intervals
from arbresearch.thresholds.resample import Interval, bootstrap_weights, joint_block_size, quantile_interval
from arbresearch.thresholds.settings import OptimizerSettings
from arbresearch.thresholds.sized import sized, smallest_order_quote
from arbresearch.thresholds.sizing import Sizing

__all__ = ["Choice", "Search", "row_of"]

_FEWEST_BLOCKS: Final = 20
_NONE: Final = np.empty(0)


@dataclass(frozen=True, slots=True, eq=False)
class Choice:
    """What was chosen on a time.

    Parameters
    ----------
    fit
        Of the spread there.
    grid
        What was tried; without a point where nothing can pay, and ``reason`` says why.
    runs, plateau
        What it brought; None where nothing was tried.
    again
        The choice made again in every resample.
    error_bps_day
        Bootstrap standard error of what each point brought, shape (points,).
    sizing
        What bounds the order size at the chosen thresholds; None where nothing was tried.
    point
        To trade at, its order no larger than all bounds allow; None: not to trade.
    profit_bps_day, bound_bps_day
        What the chosen point brought on capital, and the one-sided lower bound of it; NaN where nothing was tried.
    reason
        Why it is not traded; empty where it is.
    """

    fit: SpreadFit
    grid: ThresholdGrid
    runs: GridRuns | None
    plateau: Plateau | None
    again: ChoiceIntervals | None
    error_bps_day: Floats
    sizing: Sizing | None
    point: GridPoint | None
    profit_bps_day: float
    bound_bps_day: float
    reason: str

    def interval(self, name: str, confidence: float) -> Interval:
        """Return the interval of one field of the chosen point over the resamples; NaN where nothing was chosen."""
        if self.again is None or self.plateau is None:
            return Interval(nan, nan, nan, confidence)
        values = np.array([getattr(one, name) for one in self.grid.points], dtype=np.float64)
        return quantile_interval(float(values[self.plateau.choice]), values[self.again.chosen], confidence)

    def scaled(self, profit_quote: Floats) -> Floats:
        """Return profits by block as basis points of the capital a day."""
        if self.runs is None:
            return np.full(profit_quote.shape, nan)
        return np.asarray(profit_quote * (1e4 / self.runs.capital_quote * NS_PER_DAY / self.runs.block_ns))


class Search:
    """Chooses thresholds on parts of one recording.

    Parameters
    ----------
    backtester
        Whose fees count.
    inputs
        The whole recording.
    config
        What is assumed beside thresholds, sizes and holds.
    settings
        The grid and the bootstrap.
    sizes_quote, holds_ns
        Order sizes and longest holds that are tried.
    block_ns
        In which profit is counted.
    points
        To choose among instead of a grid around the closed form.

    Attributes
    ----------
    edges
        Both directed edges of the whole recording.
    """

    def __init__(
        self,
        backtester: SpotArbitrageBacktester,
        inputs: Inputs,
        config: BacktestConfig,
        settings: OptimizerSettings,
        *,
        sizes_quote: tuple[float, ...],
        holds_ns: tuple[int, ...],
        block_ns: int,
        points: Sequence[GridPoint] | None = None,
    ) -> None:
        self.backtester, self.inputs, self.config, self.settings = backtester, inputs, config, settings
        self.sizes_quote, self.holds_ns, self.block_ns = sizes_quote, holds_ns, block_ns
        self.points = tuple(points or ())
        self.edges = directed_edges(inputs.market, backtester.conditions_of(inputs, config).terms)

    def choose(self, start_ns: int, end_ns: int, *, resamples: int) -> Choice:
        """Choose on a time.

        A point is traded where its mean profit on the very blocks it was chosen on is above zero with the confidence
        of the settings; that is little asked, and what is kept of it later is another matter.

        Raises
        ------
        BadInput
            No quotes there.
        """
        part = self.inputs.between(start_ns, end_ns)
        terms = self.backtester.conditions_of(part, self.config).terms
        fit = fit_spread(*self.edges.between(start_ns, end_ns), max_age_s=self.config.max_age_s)
        grid = self._grid(fit)
        if not grid.points:
            return Choice(fit, grid, None, None, None, _NONE, None, None, nan, nan, fit.reason or grid.reason)
        runs = run_grid(part.market, terms, grid.points, self.block_ns, workers=self.settings.workers)
        profit = runs.profit_quote
        if profit.shape[0] < _FEWEST_BLOCKS:
            told = f"{profit.shape[0]} blocks of profit, {_FEWEST_BLOCKS} are needed to choose"
            return Choice(fit, grid, None, None, None, _NONE, None, None, nan, nan, told)
        weights = bootstrap_weights(profit.shape[0], joint_block_size(profit), resamples, self.settings.seed)
        found = choice_intervals(profit, grid.index, grid.coordinates, weights, confidence=self.settings.confidence)
        plateau = found.plateau
        scale = 1e4 / runs.capital_quote * NS_PER_DAY / self.block_ns
        mean = estimate_mean(scale * profit[:, plateau.choice], self.settings.confidence)
        errors = scale * (weights @ profit).std(axis=0, ddof=1)
        reason = self._why_not(fit, runs, mean.lower_bound)
        sizing = sized(part, terms, grid, runs, plateau, self.settings, max(self.sizes_quote))
        least = smallest_order_quote(part, terms)
        if not reason and not sizing.size_quote >= least:
            reason = f"the {sizing.binding} bound allows no order that the venues take"
        point = None if reason else _within(grid.points[plateau.choice], sizing)
        return Choice(fit, grid, runs, plateau, found, errors, sizing, point, mean.mean, mean.lower_bound, reason)

    def _grid(self, fit: SpreadFit) -> ThresholdGrid:
        if self.points:
            return user_grid(self.points, fit.cost_bps)
        return threshold_grid(
            fit,
            widths=self.settings.widths,
            skews=self.settings.skews,
            exits=self.settings.exits,
            sizes=self.sizes_quote,
            holds_ns=self.holds_ns,
        )

    def _why_not(self, fit: SpreadFit, runs: GridRuns, bound: float) -> str:
        if not runs.pairs.any():
            return "no setting of the grid ever traded"
        if not bound > 0.0:
            return fit.reason or "no setting is sure to pay even where it was chosen"
        return ""


def _within(point: GridPoint, sizing: Sizing) -> GridPoint:
    return replace(point, order_quote=min(point.order_quote, sizing.size_quote))


def row_of(since_ns: int, point: GridPoint | None, order_quote: float) -> ScheduleRow:
    """Return a point as a row of a schedule; None: nothing is traded, whatever the order size."""
    if point is None:
        return ScheduleRow(
            since_ns=since_ns, sell_a_bps=inf, sell_b_bps=inf, sell_a_exit_bps=inf, sell_b_exit_bps=inf,
            order_quote=order_quote,
        )  # fmt: skip
    return ScheduleRow(
        since_ns=since_ns,
        sell_a_bps=point.sell_a_bps,
        sell_b_bps=point.sell_b_bps,
        sell_a_exit_bps=point.sell_a_exit_bps,
        sell_b_exit_bps=point.sell_b_exit_bps,
        order_quote=point.order_quote,
        tilt_slope_bps=point.tilt_slope_bps,
        max_hold_minutes=point.max_hold_ns / NS_PER_MINUTE,
    )
