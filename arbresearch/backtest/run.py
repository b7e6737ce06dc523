"""Runs the kernel over a market: makes its record, lengthens its logs, and hands out what it wrote."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from arbresearch.backtest.instants import Instants
from arbresearch.backtest.kernel import DONE, advance
from arbresearch.backtest.layout import MOST_QUEUED, RUN
from arbresearch.backtest.log import Records, RunLog
from arbresearch.backtest.log_kernels import LOGS
from arbresearch.backtest.market import Market, VenueTape
from arbresearch.backtest.terms import Delays, RunTerms
from arbresearch.core import NS_PER_DAY, ArbError
from arbresearch.edges.arrays import NEVER_NS

__all__ = ["Runs", "run_market"]

_FIRST_ROWS: Final = 32_768
_WHOLE: Final = ("recv_ns", "aggressor")
_QUEUE_AT: Final = RUN.fields["queue"][1]  # type: ignore[index]
_KEPT: Final = (slice(0, _QUEUE_AT), slice(_QUEUE_AT + RUN["queue"].itemsize, RUN.itemsize))
"""The bytes of a record without the queue, most of it, in which nothing counts beyond ``queued``."""


def run_market(market: Market, terms: RunTerms, instants: Instants | None = None) -> RunLog:
    """Run a strategy over a recorded market, event by event.

    Parameters
    ----------
    market
        A, B and the hedge; every table rising in receive time.
    terms
        Of the venues and the strategy.
    instants
        The index of this market; where many runs are made of it, it saves them reading what none acts on. The result
        is the same.

    Returns
    -------
    RunLog
        What happened. For a market without a row nothing did.

    Raises
    ------
    ArbError
        If more comes due at once than a run can hold: terms that send orders without end.
    """
    runs = Runs(market, terms, instants)
    runs.go()
    return runs.log()


class Runs:
    """Runs over one market, one after another, that share its tables and the memory of their logs.

    Parameters
    ----------
    market, terms, instants
        As of :func:`run_market`; a run may change what it likes of the record made of the terms.

    Attributes
    ----------
    record : records of dtype RUN, shape (1,)
        Where the last run stands.
    logs
        Its logs by name; as many rows of each are written as the record's field of that name says.
    """

    def __init__(self, market: Market, terms: RunTerms, instants: Instants | None = None) -> None:
        self._delays = terms.delays()
        self._schedule = None if terms.schedule is None else terms.schedule.records()
        self._instants = instants
        self._start = _first(market, terms, self._delays)
        self._tables = [_address(self._start, venue, tape) for venue, tape in enumerate(market)]
        _plan(self._start, self._schedule, instants)
        self.record = self._start.copy()
        self.logs = {name: np.zeros(_FIRST_ROWS, dtype=dtype) for name, dtype in LOGS.items()}

    def go(self, change: Callable[[Any], None] | None = None) -> None:
        """Make a run; ``change`` may edit its record before it begins.

        Raises
        ------
        ArbError
            As :func:`run_market`.
        """
        for name, rows in self.logs.items():
            rows.view(np.uint8)[: int(self.record[0][name]) * rows.dtype.itemsize] = 0
        for part in _KEPT:
            self.record.view(np.uint8)[part] = self._start.view(np.uint8)[part]
        if change is not None:
            change(self.record[0])
        if int(self.record[0]["last_ns"]) == NEVER_NS:
            return
        while True:
            kept = [*self.logs.values(), self._delays.values]
            self.record[0]["log_at"] = [one.ctypes.data for one in kept]
            self.record[0]["log_rows"] = [one.size for one in kept]
            if advance(self.record) == DONE:
                break
            self.logs = {name: _longer(rows, int(self.record[0][name])) for name, rows in self.logs.items()}
        if self.record[0]["overflow"]:
            raise ArbError(
                f"more than {MOST_QUEUED} orders, answers and transfers were under way at once, or one moment made "
                "thousands of orders; raise min_interval_s, or lower the latencies and the deadline of one-leg repairs"
            )

    def rows(self, name: str) -> Records:
        """Return what the last run wrote to a log; the memory is used again by the next."""
        return self.logs[name][: int(self.record[0][name])]

    def log(self) -> RunLog:
        """Return a copy of all that the last run left."""
        r = self.record[0]
        began = int(r["last_ns"]) != NEVER_NS
        return RunLog(
            **{name: self.rows(name).copy() for name in LOGS},
            base=r["base"].copy(),
            quote=r["quote"].copy(),
            coin=r["coin"].copy(),
            transit=r["transit"].copy(),
            halted=bool(r["halted"]),
            rows=int(r["tape_rows"].sum()) if began else 0,
        )


def _first(market: Market, terms: RunTerms, delays: Delays) -> npt.NDArray[Any]:
    """Return the record of a run that has not begun."""
    run = np.zeros(1, dtype=RUN)
    r = run[0]
    r["venues"], r["strategy"], r["moves"] = terms.venue_rows(), terms.strategy_rows(), terms.transfer_rows()
    r["enabled"], r["entry_bps"], r["exit_bps"] = terms.thresholds()
    r["delay_places"], r["delay_keys"] = delays.places, delays.keys
    for field in ("bid", "bid_size", "ask", "ask_size"):
        r["books"][field] = np.nan
    for field in ("row", "rung", "used_row", "used_rung"):
        r["books"][field] = -1
    r["ladder_prices"] = np.nan
    r["base"] = [one.base_start for one in terms.venues]
    r["quote"] = [one.quote_start for one in terms.venues]
    r["liquidation"] = (-np.inf, np.inf)
    times = [rows.recv_ns for one in market for rows in (one.book, one.trades, one.ladder, one.funding)]
    first_ns = min((int(one[0]) for one in times if one.size), default=NEVER_NS)
    r["next_due_ns"] = NEVER_NS
    r["next_sample_ns"] = terms.strategy.start_ns or first_ns
    limited = terms.strategy.daily_loss_quote < np.inf
    r["midnight_ns"] = (first_ns // NS_PER_DAY + 1) * NS_PER_DAY if limited else NEVER_NS
    r["decided_ns"] = -NEVER_NS
    r["exposure_ns"] = first_ns
    r["last_ns"] = max((int(one[-1]) for one in times if one.size), default=NEVER_NS)
    r["moved_version"] = r["bounds_turn"] = -1
    r["delta_dirty"] = 1
    for venue, one in enumerate(terms.venues):
        base = one.base_start
        if one.perpetual and base:
            kept = one.quote_start
            r["liquidation"][venue] = (
                -kept / (base * (1.0 - one.maintenance_rate)) if base > 0.0 else -np.inf,
                kept / (abs(base) * (1.0 + one.maintenance_rate)) if base < 0.0 else np.inf,
            )
    return run


def _plan(run: Records, schedule: Records | None, instants: Instants | None) -> None:
    """Write down where the schedule and the index lie."""
    r = run[0]
    r["schedule_ns"] = NEVER_NS
    if schedule is not None and schedule.size:
        r["schedule_at"], r["schedule_rows"] = schedule.ctypes.data, schedule.size
        r["schedule_ns"] = schedule["since_ns"][0]
    if instants is not None:
        r["instants_at"], r["instants"] = [one.ctypes.data for one in instants], instants.rows_a.size


def _address(run: Records, venue: int, tape: VenueTape) -> list[npt.NDArray[Any]]:
    """Write down where a venue's tables lie, and return the arrays that must live as long as the run."""
    tables: list[NamedTuple] = [tape.book, tape.trades, tape.ladder, tape.funding]
    arrays = [
        np.ascontiguousarray(one, dtype=np.int64 if name in _WHOLE else np.float64)
        for table in tables
        for name, one in zip(table._fields, table, strict=True)
    ]
    run[0]["tape_at"][venue] = [one.ctypes.data for one in arrays]
    run[0]["tape_rows"][venue] = [table[0].size for table in tables]
    run[0]["tape_levels"][venue] = tape.ladder.bids.shape[1]
    return arrays


def _longer(rows: Records, written: int) -> Records:
    """Return twice as long a log with the same rows; their bytes are copied, for copying field by field is slow."""
    longer = np.zeros(2 * rows.size, dtype=rows.dtype)
    longer.view(np.uint8)[: written * rows.dtype.itemsize] = rows.view(np.uint8)[: written * rows.dtype.itemsize]
    return longer
