"""Random small markets on coarse grids, where ties, crossings, gaps and shortages are common."""

from __future__ import annotations

from math import nan
from typing import Any

import numpy as np

from arbresearch.backtest.market import FundingRows, Market, VenueTape, no_funding, no_ladder, no_trades
from arbresearch.core import NS_PER_DAY, NS_PER_SECOND
from arbresearch.matching.rows import BookRows, LadderRows, TradeRows
from tests.backtest.random_draws import GRID_NS, NEW_YEAR_NS, Floats, Grid, Random, Shape, Times, on_grid


def market_of(draw: Random, grid: Grid, shape: Shape) -> Market:
    first_ns = NEW_YEAR_NS + draw.one(NS_PER_DAY // 2, NS_PER_DAY - 4 * NS_PER_SECOND, NS_PER_DAY - NS_PER_SECOND, 0)
    length = max(shape.rows, 2)
    path = np.cumsum(draw.numpy.normal(0.0, draw.one(0.3, 1.0, 3.0), 4 * length))
    if draw.often(0.3):
        path += np.linspace(0.0, draw.one(-60.0, 60.0), path.size)
    if shape.calm:
        path[:] = 0.0
    missing = draw.one(0, 1) if shape.faults and draw.often(0.02) else -1
    tapes = []
    for v in range(3):
        if v == missing or (v == 2 and not (shape.hedge or draw.often(0.1))):
            tapes.append(VenueTape())
            continue
        count = max(int(length * draw.one(1.0, 0.7, 0.4)), 2)
        times = times_of(draw, first_ns, count, gaps=shape.faults)
        tapes.append(tape_of(draw, grid, shape, v, times, path))
    a, b, h = tapes
    return a, b, h


def times_of(draw: Random, first_ns: int, count: int, *, gaps: bool) -> Times:
    """Return rising times on the grid, many of them equal, some far apart."""
    steps = draw.between(0, draw.one(2, 4, 8), count)
    if gaps:
        steps[draw.numpy.random(count) < 0.03] = draw.one(60, 200)
    if draw.often(0.8):
        steps[0] = draw.between(0, 2)
    times: Times = first_ns + np.cumsum(steps).astype(np.int64) * GRID_NS
    return times


def tape_of(draw: Random, grid: Grid, shape: Shape, v: int, times: Times, path: Floats) -> VenueTape:
    book = book_of(draw, grid, shape, v, times, path)
    if shape.faults:
        book = with_faults(draw, book)
    trades = trades_of(draw, grid, shape, v, book) if shape.trades and v < 2 else no_trades()
    ladder = ladder_of(draw, grid, v, book) if shape.ladders else no_ladder()
    funding = no_funding()
    if v == 2 or v == shape.perpetual:
        moments = np.sort(draw.numpy.choice(book.recv_ns, draw.between(0, 4)) + draw.one(0, 1, GRID_NS))
        funding = FundingRows(moments, (draw.between(-5, 4, moments.size) + 0.5) * 1e-3)
    return VenueTape(book=book, trades=trades, ladder=ladder, funding=funding)


def book_of(draw: Random, grid: Grid, shape: Shape, v: int, times: Times, path: Floats) -> BookRows:
    count = times.size
    tick, finest = grid.ticks[v], grid.ticks[0]
    places = np.minimum((times - times[0]) // GRID_NS, path.size - 1)
    wide = draw.one(2.0, 4.0, 8.0) * max(1.0, 0.5 * grid.ticks[1] / finest)
    own = draw.numpy.normal(0.0, wide, count)
    moved = draw.numpy.random(count) < (0.02 if shape.calm else 0.5)
    own = np.where(moved, own, (draw.one(-2.0, -1.0, 1.0, 2.0) if shape.calm else draw.one(-2.0, 0.0, 2.0)) * wide)
    hold = np.maximum.accumulate(np.where(draw.numpy.random(count) < draw.one(0.3, 0.7, 1.0), np.arange(count), 0))
    bids = np.round((grid.middle + (path[places[hold]] + own[hold]) * finest) / tick).astype(np.int64)
    spread = draw.between(1, draw.one(1, 2, 5), count)
    asks = bids + (spread[0] if shape.calm else spread[hold])
    sizes = size_of(draw, grid, v, (2, count))
    if not shape.calm:
        sizes = sizes[:, hold]
    columns = on_grid(bids, tick), sizes[0], on_grid(asks, tick), sizes[1]
    return BookRows(times, *map(np.ascontiguousarray, columns))


def size_of(draw: Random, grid: Grid, v: int, shape: Any) -> Floats:
    step = grid.lots[v] or 0.13
    most = max(int(grid.order * draw.one(0.7, 1.5, 4.0) / step), 1)
    sizes = on_grid(draw.between(1, most, shape), step)
    return sizes * draw.one(1.0, 1.0, 1.0, 1.0, 1.0, 0.3)


def with_faults(draw: Random, book: BookRows) -> BookRows:
    """Return empty sides, sizes of zero, crossed and locked rows, here and there."""
    columns = [np.array(column) for column in book[1:]]
    kinds = draw.numpy.random(book.recv_ns.size)
    for low, names in ((0.0, (0, 1)), (0.025, (2, 3)), (0.05, (0, 1, 2, 3))):
        for column in names:
            columns[column][(kinds >= low) & (kinds < low + 0.025)] = nan
    columns[1][(kinds > 0.08) & (kinds < 0.1)] = 0.0
    columns[3][(kinds > 0.09) & (kinds < 0.11)] = 0.0
    locked = (kinds > 0.12) & (kinds < 0.14)
    columns[2][locked] = columns[0][locked]
    return BookRows(book.recv_ns, *columns)


def trades_of(draw: Random, grid: Grid, shape: Shape, v: int, book: BookRows) -> TradeRows:
    """Return trades at, near and beyond the prices in force, at the times of rows and between."""
    rows = np.sort(draw.between(0, book.recv_ns.size - 1, int(book.recv_ns.size * draw.one(0.5, 1.5, 3.0))))
    times = book.recv_ns[rows] + draw.between(0, 1, rows.size) * draw.one(0, GRID_NS)
    order = np.argsort(times, kind="stable")
    bought = draw.numpy.random(rows.size) < 0.5
    near = np.where(bought, book.ask[rows], book.bid[rows])
    near = np.where(np.isnan(near), grid.middle, near)
    tick = grid.ticks[v]
    away = draw.between(-1, draw.one(2, 6), rows.size) * np.where(bought, 1, -1)
    if shape.calm:
        away[draw.numpy.random(rows.size) < 0.9] = 0
    price = on_grid(np.round(near / tick) + away, tick)
    size = size_of(draw, grid, v, rows.size) * (draw.one(0.1, 0.5) if shape.calm else draw.one(1.0, 3.0))
    size[draw.numpy.random(rows.size) < 0.02] = 0.0
    aggressor = np.where(draw.numpy.random(rows.size) < 0.2, 0, np.where(bought, 1, -1)).astype(np.int64)
    return TradeRows(times[order], price[order], size[order], aggressor[order])


def ladder_of(draw: Random, grid: Grid, v: int, book: BookRows) -> LadderRows:
    """Return some levels of some rows, the best ones too, a few missing or empty."""
    levels = int(draw.between(1, 4))
    rows = np.sort(draw.between(0, book.recv_ns.size - 1, int(draw.between(1, book.recv_ns.size))))
    tick = grid.ticks[v]
    behind = np.cumsum(draw.between(1, 3, (2, rows.size, levels)), axis=2) - draw.one(0, 1)
    bids = on_grid(np.round(book.bid[rows, None] / tick) - behind[0], tick)
    asks = on_grid(np.round(book.ask[rows, None] / tick) + behind[1], tick)
    sizes = size_of(draw, grid, v, (2, rows.size, levels))
    for prices, amounts in ((bids, sizes[0]), (asks, sizes[1])):
        amounts[draw.numpy.random(amounts.shape) < 0.05] = 0.0
        if levels > 1:
            gone = draw.numpy.random(rows.size) < 0.2
            prices[gone, levels - 1] = nan
            amounts[gone, levels - 1] = nan
    return LadderRows(book.recv_ns[rows], *map(np.ascontiguousarray, (bids, sizes[0], asks, sizes[1])))
