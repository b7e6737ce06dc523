"""Thresholds that depend on a state: the hour, how volatile the spread is, how far inventory is tilted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from arbresearch.backtest import GridPoint, run_grid
from arbresearch.core import NS_PER_DAY, NS_PER_HOUR
from arbresearch.edges.arrays import Floats, Times
from arbresearch.signals.schedule import ScheduleRow, ThresholdSchedule
from arbresearch.thresholds.directed import DirectedEdges
from arbresearch.thresholds.folds import Fold
from arbresearch.thresholds.plateau import choose_plateau
from arbresearch.thresholds.walkforward import Choice, Search, row_of

__all__ = ["Regime", "hour_states", "schedule_by_state", "schedule_by_tilt", "volatility_states"]

States = npt.NDArray[np.int64]

_SESSION_NS: Final = 6 * NS_PER_HOUR
_LOOK_NS: Final = NS_PER_HOUR
_MEMORY_NS: Final = 7 * NS_PER_DAY
_FEWEST: Final = 12
_FEWEST_BLOCKS: Final = 20
_STEPS: Final = 15
"""Changes of the spread a block from which its volatility is measured."""
_SLOPES: Final = (0.25, 0.5, 1.0)
"""Tilt slopes that are tried, as fractions of what a round trip brings."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Regime:
    """Thresholds that depend on a state, judged out of sample beside the constant ones.

    Parameters
    ----------
    name
        ``hour``, ``volatility`` or ``tilt``.
    schedule
        As of :class:`~arbresearch.signals.schedule.ThresholdSchedule`.
    profit_bps_day
        Out of sample, on capital; NaN where it was not run.
    gain_bps_day, gain_bound_bps_day
        Over the constant thresholds, block by block, and the lower bound of it, corrected for how many regimes were
        tried; NaN where it was not run.
    offered
        Whether the bound is above zero.
    reason
        Why it is not offered; empty where it is.
    """

    name: str
    schedule: ThresholdSchedule
    profit_bps_day: float
    gain_bps_day: float
    gain_bound_bps_day: float
    offered: bool
    reason: str


def hour_states(block_start_ns: Times) -> States:
    """Return the quarter of the day of UTC in which each block starts, 0 to 3."""
    return np.asarray(block_start_ns // _SESSION_NS % (NS_PER_DAY // _SESSION_NS))


def volatility_states(edges: DirectedEdges, block_start_ns: Times, block_ns: int) -> States:
    """Return whether the spread was volatile in the hour before each block: 1 where it was, else 0.

    Volatile is above the median of the same figure over the week before. Both are known when the block starts; with
    fewer than twelve earlier figures the state is 0.

    Parameters
    ----------
    edges
        Of the whole recording.
    block_start_ns
        Rising by ``block_ns``, shape (T,).
    block_ns
        Length of a block.
    """
    spread = 0.5 * (edges.net_ab_bps - edges.net_ba_bps)
    looks = max(1, _LOOK_NS // block_ns)
    first = int(block_start_ns[0]) - looks * block_ns
    step = max(1, block_ns // _STEPS)
    grid = first + np.arange((int(block_start_ns[-1]) - first) // step + 1, dtype=np.int64) * step
    rows = np.searchsorted(edges.time_ns, grid, side="left") - 1
    seen = np.where(rows >= 0, spread[np.maximum(rows, 0)], np.nan)
    squares = np.concatenate([[np.nan], np.diff(seen) ** 2])
    known = np.concatenate([[0], np.cumsum(~np.isnan(squares))])
    total = np.concatenate([[0.0], np.cumsum(np.where(np.isnan(squares), 0.0, squares))])
    ends = np.searchsorted(grid, block_start_ns, side="right")
    begins = np.searchsorted(grid, block_start_ns - looks * block_ns, side="right")
    count = known[ends] - known[begins]
    with np.errstate(divide="ignore", invalid="ignore"):
        level = np.sqrt((total[ends] - total[begins]) / count)
    memory = max(_FEWEST, _MEMORY_NS // block_ns)
    states = np.zeros(block_start_ns.size, dtype=np.int64)
    for place in range(block_start_ns.size):
        before = level[max(0, place - memory) : place]
        before = before[np.isfinite(before)]
        if before.size >= _FEWEST and level[place] > np.median(before):
            states[place] = 1
    return states


def schedule_by_state(
    search: Search, folds: Sequence[Fold], choices: Sequence[Choice], block_start_ns: Times, states: States
) -> ThresholdSchedule:
    """Return thresholds chosen for each state on the blocks that were in it, over the times to judge on.

    Where the constant thresholds of a fold do not trade, neither do these; a state with fewer than twenty blocks has
    the constant ones, and one in which even the best of its plateau loses is not traded.

    Parameters
    ----------
    search
        Of the recording.
    folds, choices
        As long; the last fold may be open at its end.
    block_start_ns, states
        Of all blocks of the recording, shape (T,), known when each starts.
    """
    rows: list[ScheduleRow] = []
    for fold, choice in zip(folds, choices, strict=True):
        by_state = _points_by_state(search, choice, block_start_ns, states)
        inside = np.flatnonzero((block_start_ns >= fold.test_start_ns) & (block_start_ns < fold.test_end_ns))
        before = np.flatnonzero(block_start_ns < fold.test_start_ns)
        current = int(states[before[-1]]) if before.size else 0
        rows.append(row_of(fold.test_start_ns, by_state.get(current, choice.point), _size(search)))
        for place in inside:
            state = int(states[place])
            if state != current:
                current = state
                since_ns = int(block_start_ns[place])
                row = row_of(since_ns, by_state.get(state, choice.point), _size(search))
                rows = [*rows[:-1], row] if rows[-1].since_ns == since_ns else [*rows, row]
    return ThresholdSchedule(tuple(rows))


def schedule_by_tilt(search: Search, folds: Sequence[Fold], choices: Sequence[Choice]) -> ThresholdSchedule:
    """Return the constant thresholds with the tilt slope that did best where they were chosen; none where none did."""
    rows = []
    for fold, choice in zip(folds, choices, strict=True):
        point = choice.point
        if point is not None:
            point = _sloped(search, fold, point)
        rows.append(row_of(fold.test_start_ns, point, _size(search)))
    return ThresholdSchedule(tuple(rows))


def _points_by_state(
    search: Search, choice: Choice, block_start_ns: Times, states: States
) -> dict[int, GridPoint | None]:
    runs = choice.runs
    if choice.point is None or runs is None:
        return {}
    places = np.searchsorted(block_start_ns, runs.block_start_ns)
    held = states[np.minimum(places, states.size - 1)]
    found: dict[int, GridPoint | None] = {}
    for state in np.unique(held):
        profit = runs.profit_quote[held == state]
        if profit.shape[0] < _FEWEST_BLOCKS:
            continue
        plateau = choose_plateau(profit, choice.grid.index, resamples=199, seed=search.settings.seed)
        pays = float(plateau.smoothed[plateau.choice]) > 0.0
        found[int(state)] = choice.grid.points[plateau.choice] if pays else None
    return found


def _sloped(search: Search, fold: Fold, point: GridPoint) -> GridPoint:
    part = search.inputs.between(fold.train_start_ns, fold.train_end_ns)
    terms = search.backtester.conditions_of(part, search.config).terms
    gain = point.sell_a_bps + point.sell_b_exit_bps
    tried = [point, *(replace(point, tilt_slope_bps=share * gain) for share in _SLOPES)]
    runs = run_grid(part.market, terms, tried, search.block_ns, workers=search.settings.workers)
    return tried[int(np.argmax(_means(runs.profit_quote)))]


def _means(profit: Floats) -> Floats:
    return np.asarray(profit.mean(axis=0))


def _size(search: Search) -> float:
    return search.sizes_quote[0]
