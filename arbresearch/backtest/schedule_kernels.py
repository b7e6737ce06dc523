"""Compiled: terms that change with time."""

from __future__ import annotations

from typing import Any

from numba import carray

from arbresearch.backtest.compiled import inner
from arbresearch.backtest.layout import SCHEDULE
from arbresearch.backtest.log_kernels import pointer
from arbresearch.edges.arrays import NEVER_NS

__all__ = ["next_terms"]


@inner
def next_terms(r: Any) -> None:
    """Put the next row of the schedule into force."""
    rows = carray(pointer(r.schedule_at), (r.schedule_rows,), SCHEDULE)
    row = rows[r.schedule_row]
    for place in range(6):
        r.entry_bps[place] = row.entry_bps[place]
        r.exit_bps[place] = row.exit_bps[place]
    terms = r.strategy[0]
    terms.order_quote = row.order_quote
    terms.tilt_slope_bps = row.tilt_slope_bps
    if row.max_hold_ns >= 0:
        terms.max_hold_ns = row.max_hold_ns
    r.schedule_row += 1
    r.schedule_ns = rows[r.schedule_row].since_ns if r.schedule_row < r.schedule_rows else NEVER_NS
    r.turn += 1
