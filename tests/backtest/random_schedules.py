"""Random schedules: few rows, where they are most likely to be seen a moment too early or too late."""

from __future__ import annotations

from math import inf

import numpy as np

from arbresearch.backtest.market import Market
from arbresearch.backtest.run import run_market
from arbresearch.backtest.terms import RunTerms, ScheduleTerms
from arbresearch.core import NS_PER_DAY
from tests.backtest.random_draws import GRID_NS, Floats, Grid, Random, Shape, Times


def schedule_of(draw: Random, grid: Grid, shape: Shape, market: Market, terms: RunTerms) -> ScheduleTerms | None:
    """Return as many rows as the shape asks for, None where it asks for none."""
    if shape.schedule < 0:
        return None
    rows = shape.schedule
    entry = draw.numpy.choice([0.0, 1.0, 3.0, -2.0, -6.0, -12.0], (rows, 6))
    leave = draw.numpy.choice([0.0, -1.0, -4.0, -10.0, 1.0], (rows, 6))
    for thresholds in (entry, leave):
        thresholds[draw.numpy.random((rows, 6)) < draw.one(0.0, 0.1, 0.3)] = inf
        thresholds[draw.numpy.random(rows) < 0.07] = inf
    return ScheduleTerms(
        since_ns=since_of(draw, rows, market, terms),
        entry_bps=entry,
        exit_bps=leave,
        order_quote=grid.order * grid.middle * draw.numpy.choice([1.01, 0.4, 2.5], rows),
        tilt_slope_bps=slopes(draw, shape, rows),
        max_hold_ns=draw.one(None, draw.numpy.choice([-1, 0, 5 * GRID_NS, 30 * GRID_NS, 10**6 * GRID_NS], rows)),
    )


def slopes(draw: Random, shape: Shape, rows: int) -> Floats:
    """Return what a tilt adds to thresholds, zero where the shape has no slopes."""
    found: Floats = draw.numpy.choice([0.0, 2.0, 7.0, 60.0], rows)
    return found if shape.tilted else np.zeros(rows)


def recorded(market: Market) -> Times:
    """Return all times at which something was recorded."""
    tables = [rows for tape in market for rows in (tape.trades, tape.ladder, tape.book, tape.funding)]
    times: Times = np.unique(np.concatenate([rows.recv_ns for rows in tables]))
    return times


def since_of(draw: Random, rows: int, market: Market, terms: RunTerms) -> Times:
    """Return rising times: of recorded rows, of decisions and events of a run without a schedule, beside and before."""
    times = recorded(market)
    log = run_market(market, terms)
    due = np.setdiff1d(log.order_events["time_ns"], times)
    places = [one for one in (times, log.pairs["decided_ns"], due) if one.size]
    found: set[int] = set()
    while len(found) < rows:
        some = draw.one(*places)
        place = int(some[int(draw.between(0, some.size - 1))])
        before = int(times[0]) - int(draw.one(1, GRID_NS, 3 * NS_PER_DAY))
        found.add(draw.one(place, place, place, place - 1, place + 1, place + GRID_NS // 2, before))
    return np.array(sorted(found), dtype=np.int64)
