"""From a schedule of thresholds to the plain numbers of a run."""

from __future__ import annotations

from typing import Final

import numpy as np

from arbresearch.backtest.terms import ScheduleTerms
from arbresearch.core import NS_PER_MINUTE
from arbresearch.edges.arrays import Floats
from arbresearch.signals.modes import AB, MODES
from arbresearch.signals.schedule import ThresholdSchedule

__all__ = ["by_mode", "scheduled"]

_MOST_NS: Final = 2**62


def by_mode(sell_a_bps: float, sell_b_bps: float) -> Floats:
    """Return a threshold for each of the six modes from those of the two directions, shape (6,)."""
    return np.array([sell_a_bps if mode.direction == AB else sell_b_bps for mode in MODES])


def _hold_ns(minutes: float | None) -> int:
    return -1 if minutes is None else min(_MOST_NS, round(minutes * NS_PER_MINUTE))


def scheduled(schedule: ThresholdSchedule) -> ScheduleTerms:
    """Return the rows of a schedule as tables."""
    rows = schedule.rows
    return ScheduleTerms(
        since_ns=np.array([row.since_ns for row in rows], dtype=np.int64),
        entry_bps=np.stack([by_mode(row.sell_a_bps, row.sell_b_bps) for row in rows]),
        exit_bps=np.stack([by_mode(row.sell_a_exit_bps, row.sell_b_exit_bps) for row in rows]),
        order_quote=np.array([row.order_quote for row in rows]),
        tilt_slope_bps=np.array([row.tilt_slope_bps for row in rows]),
        max_hold_ns=np.array([_hold_ns(row.max_hold_minutes) for row in rows], dtype=np.int64),
    )
