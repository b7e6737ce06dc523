"""Random small markets and terms on coarse grids, where ties, crossings, gaps and shortages are common."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, nan
from typing import Any, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt
from hypothesis import strategies as st

from arbresearch.backtest.codes import OneLegPolicy, Rebalance
from arbresearch.backtest.market import FundingRows, Market, VenueTape, no_funding, no_ladder, no_trades
from arbresearch.backtest.terms import RunTerms, StrategyTerms, TransferTerms, VenueTerms
from arbresearch.core import NS_PER_DAY, NS_PER_MS, NS_PER_SECOND
from arbresearch.matching import ConstantLatency, MeasuredLatency, VenueLatency
from arbresearch.matching.latency import Latency
from arbresearch.matching.rows import BookRows, LadderRows, TradeRows

NEW_YEAR_NS = 1_704_067_200 * NS_PER_SECOND
GRID_NS = 50 * NS_PER_MS
MODE_SETS = (
    (1, 1, 1, 1, 1, 1), (1, 1, 0, 0, 0, 0), (0, 0, 1, 1, 1, 1), (0, 0, 1, 0, 0, 1), (0, 0, 0, 1, 1, 0),
    (1, 0, 0, 0, 0, 1), (0, 1, 0, 1, 0, 0), (0, 1, 1, 1, 1, 1), (1, 1, 1, 1, 1, 1),
)  # fmt: skip
LOTS = (
    (0.1, 0.1, 0.1),
    (0.1, 0.5, 0.5),
    (1.0, 10.0, 10.0),
    (0.25, 0.5, 0.5),
    (0.2, 0.3, 0.6),
    (0.0, 0.0, 0.0),
    (100.0, 1.0, 100.0),
)
"""Of A, of B, and common."""
Floats = npt.NDArray[np.float64]
Times = npt.NDArray[np.int64]
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What a case contains at all.

    ``rows`` a venue at most; ``modes`` indexes :data:`MODE_SETS`; ``perpetual`` is a spot venue that is one, -1: none.
    """

    rows: int
    modes: int
    policy: int = 0
    rebalance: int = 0
    slots: int = 1
    perpetual: int = -1
    hedge: bool = False
    trades: bool = False
    ladders: bool = False
    faults: bool = False
    prompt: bool = False
    limits: bool = False


class Case(NamedTuple):
    """A market and what a run of it is subject to."""

    market: Market
    terms: RunTerms


class Grid(NamedTuple):
    """What prices and sizes are multiples of."""

    ticks: tuple[float, float, float]
    lots: tuple[float, float, float]
    common: float
    middle: float
    """Price around which all move."""
    order: float
    """Size of an order, base coin."""


class Random:
    """Draws of a case."""

    def __init__(self, seed: int) -> None:
        self.numpy = np.random.default_rng(seed)

    def one(self, *values: T) -> T:
        return values[int(self.numpy.integers(len(values)))]

    def often(self, probability: float) -> bool:
        return bool(self.numpy.random() < probability)

    def between(self, low: int, high: int, size: Any = None) -> Any:
        return self.numpy.integers(low, high + 1, size)


def random_shape(seed: int) -> Shape:
    draw = Random(seed)
    return Shape(
        rows=int(draw.between(50, 150)),
        modes=int(draw.between(0, len(MODE_SETS) - 1)),
        policy=draw.one(*OneLegPolicy),
        rebalance=draw.one(*Rebalance, Rebalance.TRANSFER),
        slots=draw.one(1, 1, 2, 3),
        perpetual=draw.one(-1, -1, -1, -1, -1, 0, 1),
        hedge=draw.often(0.4),
        trades=draw.often(0.85),
        ladders=draw.often(0.5),
        faults=draw.often(0.5),
        prompt=draw.often(0.2),
        limits=draw.often(0.25),
    )


def shapes() -> st.SearchStrategy[Shape]:
    """Draw shapes that shrink towards few rows and nothing special."""
    return st.builds(
        Shape,
        rows=st.integers(2, 150),
        modes=st.integers(0, len(MODE_SETS) - 1),
        policy=st.integers(0, 2),
        rebalance=st.integers(0, 2),
        slots=st.integers(1, 3),
        perpetual=st.sampled_from([-1, 0, 1]),
        hedge=st.booleans(),
        trades=st.booleans(),
        ladders=st.booleans(),
        faults=st.booleans(),
        prompt=st.booleans(),
        limits=st.booleans(),
    )


def cases() -> st.SearchStrategy[tuple[int, Shape]]:
    return st.tuples(st.integers(0, 2**32 - 1), shapes())


def case_of(seed: int, shape: Shape) -> Case:
    draw = Random(seed)
    grid = grid_of(draw)
    market = market_of(draw, grid, shape)
    first_ns = min(int(tape.book.recv_ns[0]) for tape in market if tape.book.recv_ns.size)
    return Case(market, terms_of(draw, grid, shape, first_ns))


def random_case(seed: int) -> Case:
    return case_of(seed, random_shape(seed + 2**32))


def random_market(seed: int) -> Market:
    return random_case(seed).market


def random_terms(seed: int) -> RunTerms:
    return random_case(seed).terms


def grid_of(draw: Random) -> Grid:
    tick = draw.one(0.01, 0.01, 1e-7, 0.5, 5.0)
    lot_a, lot_b, common = draw.one(*LOTS)
    coarse = draw.one(1, 1, 2, 5)
    ticks = (tick, tick * coarse, tick * draw.one(1, 2))
    unit = common or 0.37
    lot_h = draw.one(unit, unit * 2, unit / 2, unit / 100)
    return Grid(
        ticks, (lot_a, lot_b, lot_h), common, tick * int(draw.between(3000, 12000)), unit * int(draw.between(1, 6))
    )


def on_grid(counts: Any, step: float) -> Floats:
    """Return multiples of a step as the doubles nearest to the decimals."""
    whole = np.asarray(counts, dtype=np.float64)
    in_one = 1.0 / step
    return whole / round(in_one) if abs(in_one - round(in_one)) < 1e-9 * in_one else whole * step


def market_of(draw: Random, grid: Grid, shape: Shape) -> Market:
    first_ns = NEW_YEAR_NS + draw.one(NS_PER_DAY // 2, NS_PER_DAY - 4 * NS_PER_SECOND, NS_PER_DAY - NS_PER_SECOND, 0)
    length = max(shape.rows, 2)
    path = np.cumsum(draw.numpy.normal(0.0, draw.one(0.3, 1.0, 3.0), 4 * length))
    if draw.often(0.3):
        path += np.linspace(0.0, draw.one(-60.0, 60.0), path.size)
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
    book = book_of(draw, grid, v, times, path)
    if shape.faults:
        book = with_faults(draw, book)
    trades = trades_of(draw, grid, v, book) if shape.trades and v < 2 else no_trades()
    ladder = ladder_of(draw, grid, v, book) if shape.ladders else no_ladder()
    funding = no_funding()
    if v == 2 or v == shape.perpetual:
        moments = np.sort(draw.numpy.choice(book.recv_ns, draw.between(0, 4)) + draw.one(0, 1, GRID_NS))
        funding = FundingRows(moments, draw.between(-5, 5, moments.size) * 1e-3)
    return VenueTape(book=book, trades=trades, ladder=ladder, funding=funding)


def book_of(draw: Random, grid: Grid, v: int, times: Times, path: Floats) -> BookRows:
    count = times.size
    tick, finest = grid.ticks[v], grid.ticks[0]
    places = np.minimum((times - times[0]) // GRID_NS, path.size - 1)
    wide = draw.one(2.0, 4.0, 8.0) * max(1.0, 0.5 * grid.ticks[1] / finest)
    own = draw.numpy.normal(0.0, wide, count)
    own = np.where(draw.numpy.random(count) < 0.5, own, draw.one(-2.0, 0.0, 2.0) * wide)
    hold = np.maximum.accumulate(np.where(draw.numpy.random(count) < draw.one(0.3, 0.7, 1.0), np.arange(count), 0))
    bids = np.round((grid.middle + (path[places[hold]] + own[hold]) * finest) / tick).astype(np.int64)
    asks = bids + draw.between(1, draw.one(1, 2, 5), count)[hold]
    sizes = size_of(draw, grid, v, (2, count))[:, hold]
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


def trades_of(draw: Random, grid: Grid, v: int, book: BookRows) -> TradeRows:
    """Return trades at, near and beyond the prices in force, at the times of rows and between."""
    rows = np.sort(draw.between(0, book.recv_ns.size - 1, int(book.recv_ns.size * draw.one(0.5, 1.5, 3.0))))
    times = book.recv_ns[rows] + draw.between(0, 1, rows.size) * draw.one(0, GRID_NS)
    order = np.argsort(times, kind="stable")
    bought = draw.numpy.random(rows.size) < 0.5
    near = np.where(bought, book.ask[rows], book.bid[rows])
    near = np.where(np.isnan(near), grid.middle, near)
    tick = grid.ticks[v]
    away = draw.between(-1, draw.one(2, 6), rows.size) * np.where(bought, 1, -1)
    price = on_grid(np.round(near / tick) + away, tick)
    size = size_of(draw, grid, v, rows.size) * draw.one(1.0, 3.0)
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


def terms_of(draw: Random, grid: Grid, shape: Shape, first_ns: int) -> RunTerms:
    venues = tuple(venue_terms(draw, grid, shape, v) for v in range(3))
    a, b, h = venues
    wild = (12_000.0, -12_000.0) if draw.often(0.05) else ()
    entry = tuple(draw.one(0.0, 0.0, 1.0, 3.0, -2.0, -6.0, *wild) for _ in range(6))
    leave = tuple(draw.one(0.0, -1.0, -4.0, -10.0, 1.0, *wild) for _ in range(6))
    seed = int(draw.between(0, 10**6))
    latencies = [latency(draw, name, seed, prompt=shape.prompt) for name in ("mexc", "gate", "okx")]
    transfers = tuple(
        tuple(transfer(draw, grid, asset) if draw.often(0.85) else None for _ in range(2)) for asset in range(2)
    )
    return RunTerms(
        venues=(a, b, h),
        strategy=strategy_terms(draw, grid, shape, first_ns, a.base_start + b.base_start + h.base_start),
        enabled=tuple(bool(one) for one in MODE_SETS[shape.modes]),
        entry_bps=entry,
        exit_bps=leave,
        latencies=(latencies[0], latencies[1], latencies[2]),
        transfers=((transfers[0][0], transfers[0][1]), (transfers[1][0], transfers[1][1])),
    )


def venue_terms(draw: Random, grid: Grid, shape: Shape, v: int) -> VenueTerms:
    perpetual = v == 2 or v == shape.perpetual
    maker = draw.one(0.0, 0.0, 1e-4, -1e-4, 2e-4)
    lot = grid.lots[v]
    minimum = draw.one(0.0, 0.0, lot, 2.0 * lot)
    base = grid.order * draw.one(1.1, 2.0, 3.0, 10.0, 10.0, 30.0)
    quote = grid.order * grid.middle * draw.one(1.1, 2.0, 3.0, 10.0, 10.0, 30.0)
    maintenance = 0.0
    if perpetual:
        maintenance = draw.one(0.0, 0.01)
        base = grid.order * draw.one(0.0, 0.0, -3.0, 4.0, 0.35)
        close = draw.often(0.35) and base != 0.0
        room = 1.0 + draw.one(0.001, 0.004, 0.01) if base < 0.0 else -1.0 + draw.one(0.001, 0.004, 0.01)
        edge = abs(base) * grid.middle * room * (1.0 + maintenance if base < 0.0 else 1.0 - maintenance)
        quote = edge if close else quote - min(base, 0.0) * grid.middle
    return VenueTerms(
        maker_rate=maker,
        taker_rate=draw.one(0.0, 0.0, 0.0, 1e-4, 2e-4, 5e-4),
        received=not perpetual and draw.often(0.3),
        coin=draw.often(0.2),
        tick=0.0 if draw.often(0.07) else grid.ticks[v],
        lot=lot,
        min_quantity=minimum,
        min_notional=draw.one(0.0, 0.0, 0.15 * grid.order * grid.middle),
        perpetual=perpetual,
        leverage=draw.one(1.0, 3.0, 20.0),
        maintenance_rate=maintenance,
        liquidation_rate=draw.one(0.0, 0.005),
        max_age_ns=draw.one(1, 2, 5, 60) * NS_PER_SECOND if shape.faults else 60 * NS_PER_SECOND,
        impact=draw.one(0.0, 0.0, 0.0, 5e-5 / grid.order**0.5),
        base_start=base,
        quote_start=quote,
    )


def latency(draw: Random, venue: str, seed: int, *, prompt: bool) -> VenueLatency:
    if prompt:
        return VenueLatency.constant(venue)
    slowest = draw.one(1, 2, 4, 12)

    def leg() -> Latency:
        if draw.often(0.5):
            return ConstantLatency(int(draw.between(0, slowest)) * GRID_NS)
        odd = draw.one(0, 0, 1)
        return MeasuredLatency(tuple(int(one) * GRID_NS + odd for one in draw.between(0, slowest, 3)))

    return VenueLatency(venue=venue, feed=leg(), entry=leg(), acknowledgement=leg(), cancel=leg(), seed=seed)


def transfer(draw: Random, grid: Grid, asset: int) -> TransferTerms:
    unit = grid.order * (1.0 if asset == 0 else grid.middle)
    return TransferTerms(
        fee_fixed=draw.one(0.0, 0.02) * unit,
        fee_rate=draw.one(0.0, 0.001),
        min_amount=draw.one(0.0, 0.3) * unit,
        step=draw.one(0.0, grid.common),
        delays_ns=tuple(int(one) * GRID_NS for one in draw.between(0, 60, draw.between(1, 3))),
        key=int(draw.between(0, 2**62)),
        failure_probability=draw.one(0.0, 0.4, 1.0),
        loss_given_failure=draw.one(0.0, 0.5, 1.0),
    )


def strategy_terms(draw: Random, grid: Grid, shape: Shape, first_ns: int, held: float) -> StrategyTerms:
    order_quote = grid.order * grid.middle * draw.one(1.01, 1.01, 1.4)
    limits = shape.limits
    return StrategyTerms(
        order_quote=order_quote,
        common_lot=grid.common,
        band_bps=draw.one(0.0, 2.0, 10.0, 50.0),
        policy=shape.policy,
        deadline_ns=draw.one(0, 4, 20, 100) * GRID_NS,
        max_hold_ns=draw.one(10, 40, 10**6) * GRID_NS,
        rebalance=shape.rebalance,
        rebalance_cost_bps=draw.one(0.0, 5.0, 20.0),
        transfer_trigger=draw.one(0.25, 0.6, 0.95),
        max_skew_ns=draw.one(4, 20, 10**4) * GRID_NS if shape.faults else 60 * NS_PER_SECOND,
        max_unchanged_ns=draw.one(10, 40, 10**4) * GRID_NS if shape.faults else 60 * NS_PER_SECOND,
        depth_age_ns=draw.one(0, 20, 200) * GRID_NS,
        max_in_flight=shape.slots,
        min_interval_ns=draw.one(0, 0, 1, 10) * GRID_NS,
        improve_ticks=draw.one(0.0, 0.0, 1.0, -1.0),
        quote_depth_bps=draw.one(0.0, 5.0, 50.0),
        requote_bps=draw.one(0.0, 1.0, 4.0),
        quote_ttl_ns=draw.one(4, 40, 400) * GRID_NS,
        fill_probability=draw.one(nan, nan, 0.5, 1.0),
        fill_rule=int(draw.between(0, 2)),
        family=int(draw.between(0, 5)),
        exponent=draw.one(1.0, 2.0, 0.5, 3.0),
        max_tilt_quote=draw.one(inf, 2.5) * order_quote if limits else inf,
        max_exposure_quote=draw.one(inf, 0.5) * order_quote if limits else inf,
        daily_loss_quote=draw.one(1e-5, 1e-4, 1e-3) * order_quote if limits else inf,
        hedge=shape.hedge,
        hedge_target_base=draw.one(0.0, held, held + grid.order),
        hedge_band_base=grid.order * draw.one(0.0, 0.6, 2.0),
        sample_ns=draw.one(7, 20, 61) * GRID_NS,
        start_ns=draw.one(0, first_ns - 3 * GRID_NS, first_ns + 9 * GRID_NS),
    )
