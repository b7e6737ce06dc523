"""Random terms that small markets trade under."""

from __future__ import annotations

from math import inf, nan

from arbresearch.backtest.terms import RunTerms, StrategyTerms, TransferTerms, VenueTerms
from arbresearch.core import NS_PER_SECOND
from arbresearch.matching import ConstantLatency, MeasuredLatency, VenueLatency
from arbresearch.matching.latency import Latency
from tests.backtest.random_draws import GRID_NS, MODE_SETS, Grid, Random, Shape


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
        base = grid.order * (draw.one(0.0, 0.35, 0.35, 0.8) if shape.tilted else draw.one(0.0, 0.0, -3.0, 4.0, 0.35))
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
        tilt_slope_bps=draw.one(0.0, 2.0, 7.0, 60.0) if shape.tilted else 0.0,
    )
