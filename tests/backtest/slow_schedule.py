"""What the strategy goes by at a time: its own terms, or the last row of its schedule."""

from __future__ import annotations

from dataclasses import dataclass

from arbresearch.backtest.terms import RunTerms
from arbresearch.signals.modes import AB, Mode
from tests.backtest.slow_ledger import Ledger


@dataclass(slots=True)
class InForce:
    """Thresholds of the six modes, the size of an order, what a tilt adds, and how long it may stay."""

    entry_bps: list[float]
    exit_bps: list[float]
    order_quote: float
    tilt_slope_bps: float
    max_hold_ns: int


def in_force(terms: RunTerms, now: int) -> InForce:
    """Return what holds at a time: of the rows that have begun by then the last, before them the terms' own."""
    own = terms.strategy
    found = InForce(list(terms.entry_bps), list(terms.exit_bps), own.order_quote, own.tilt_slope_bps, own.max_hold_ns)
    schedule = terms.schedule
    if schedule is None:
        return found
    columns = schedule.since_ns, schedule.entry_bps, schedule.exit_bps, schedule.order_quote, schedule.tilt_slope_bps
    for row, (since_ns, entry, leave, order_quote, slope) in enumerate(
        zip(*(column.tolist() for column in columns), strict=True)
    ):
        if since_ns <= now:
            hold = -1 if schedule.max_hold_ns is None else int(schedule.max_hold_ns[row])
            found = InForce(entry, leave, order_quote, slope, found.max_hold_ns if hold < 0 else hold)
    return found


def entry_threshold(rules: InForce, mode: Mode, ledger: Ledger) -> float:
    """Return from where a mode is entered that does not reduce the tilt: higher the further it is tilted already."""
    entry, start = rules.entry_bps[mode - 1], ledger.base_start[mode.seller]
    further = ledger.tilt_sign == (1 if mode.direction == AB else -1)
    if not further or start <= 0.0:
        return entry
    return entry + rules.tilt_slope_bps * min(1.0, abs(ledger.tilt) / start)
