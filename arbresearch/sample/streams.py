"""One stream for one day: the plan and the kernels put together, without a store."""

from __future__ import annotations

from dataclasses import dataclass
from math import log, sqrt
from typing import Final

import numpy as np
from numpy.typing import NDArray

from arbresearch.sample.arrival_kernels import arrivals, deviations
from arbresearch.sample.book_kernels import books, clocks, depths
from arbresearch.sample.incidents import LAST_S, Incidents, plan_incidents
from arbresearch.sample.path_kernels import MINUTES_PER_DAY, fill_day, minute_path
from arbresearch.sample.plan import CoinPlan, StreamPlan, plan_market
from arbresearch.sample.spec import SampleSpec
from arbresearch.sample.substreams import Purpose, substream
from arbresearch.store.schemas import DEPTH_LEVELS

__all__ = ["DAY_S", "DepthDay", "StreamDay", "coin_grid", "requote_move", "simulate_stream", "stream_day"]

DAY_S: Final = 86_400.0
CLUSTER_SD: Final = 0.45
CLUSTER_MINUTES: Final = 90.0
JUMPS_PER_DAY: Final = 5.0
JUMP_SCALE: Final = 0.0014
SPONTANEOUS: Final = 0.856
"""Share of a stream's quotes that no price move forces.

For a requote at ``2 sigma / sqrt(rate)`` a mean gap of one asks for ``(1 - sech(2 sqrt(2 q))) / q = 1``, the mean of
the earlier of an exponential time of rate q and the exit of a Brownian motion: 0.856.
"""
DEPTH_EVERY: Final = 8
_TRADE_BEFORE_NS: Final = 500


@dataclass(frozen=True, slots=True)
class DepthDay:
    """Ten levels a side: times of shape (m,), prices and sizes of shape (m, 10), best first."""

    recv_ns: NDArray[np.int64]
    event_ns: NDArray[np.int64]
    bids: NDArray[np.float64]
    bid_sizes: NDArray[np.float64]
    asks: NDArray[np.float64]
    ask_sizes: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class StreamDay:
    """All that one venue sent about one symbol on one UTC day.

    Prices are in quote per base and sizes in base coin, each the double nearest to its decimal. ``recv_ns`` never
    decreases; ``event_ns`` is the venue's clock in whole milliseconds. Trades lie between the quotes they come from and
    lead to. ``depth`` is None unless it was asked for.
    """

    recv_ns: NDArray[np.int64]
    event_ns: NDArray[np.int64]
    bid: NDArray[np.float64]
    bid_size: NDArray[np.float64]
    ask: NDArray[np.float64]
    ask_size: NDArray[np.float64]
    trade_recv_ns: NDArray[np.int64]
    trade_event_ns: NDArray[np.int64]
    trade_price: NDArray[np.float64]
    trade_size: NDArray[np.float64]
    trade_buys: NDArray[np.bool_]
    depth: DepthDay | None = None


def coin_grid(spec: SampleSpec, coin: CoinPlan, day: int, other: bool = False) -> NDArray[np.float64]:
    """Return the efficient log price of a coin on a day, relative to its price at the start of the span.

    Parameters
    ----------
    spec, coin
        The market and one of its coins.
    day
        Counted from 0.
    other
        Whether to follow the other coin that shares the ticker.

    Returns
    -------
    NDArray
        Shape (345,601,), one value each quarter of a second; a day begins where the one before ended.
    """
    name = f"{coin.coin} (other)" if other else coin.coin
    first, final = day * MINUTES_PER_DAY, (day + 1) * MINUTES_PER_DAY
    path, volatility, jumps = minute_path(
        substream(spec.seed, Purpose.MINUTES, name), final, coin.daily_volatility, CLUSTER_SD, CLUSTER_MINUTES,
        JUMPS_PER_DAY, JUMP_SCALE,
    )  # fmt: skip
    rng = substream(spec.seed, Purpose.SECONDS, name, day)
    grid: NDArray[np.float64] = fill_day(rng, path[first : final + 1], volatility[first:final], jumps[first:final])
    return grid


def simulate_stream(spec: SampleSpec, venue: str, symbol: str, day: int, include_depth: bool = False) -> StreamDay:
    """Simulate one symbol on one venue for one day; the rows are those of the whole market.

    Raises
    ------
    ParameterError
        If the market of the spec has no such stream or day.
    """
    spec.day_ns(day)
    coin, stream = plan_market(spec).find(venue, symbol)
    return stream_day(spec, coin, stream, day, coin_grid(spec, coin, day, stream.other_coin), include_depth)


def requote_move(spec: SampleSpec, coin: CoinPlan) -> float:
    """Return the move of the log price at which a venue requotes: twice a mean gap's standard deviation."""
    return 2.0 * coin.daily_volatility / sqrt(spec.quotes_per_day)


def stream_day(
    spec: SampleSpec,
    coin: CoinPlan,
    stream: StreamPlan,
    day: int,
    grid: NDArray[np.float64],
    include_depth: bool = False,
) -> StreamDay:
    """Simulate one stream for one day on a given efficient price (see :func:`coin_grid`)."""
    key = (stream.symbol, stream.venue, day)
    happenings = plan_incidents(spec, stream, day)
    times = _arrival_times(spec, coin, stream, grid, key)
    times, shifts, repeats, together = _with_incidents(times, happenings)
    offsets = _offsets(spec, stream, day, times) + shifts
    thin_from = 1e-4 * stream.thin_from_bps if stream.thin_from_bps is not None else np.inf
    median_units = max(1.0, stream.median_notional / (stream.price * stream.price_ratio * stream.lot))
    prices, sizes = np.empty((times.size, 2), np.int64), np.empty((times.size, 2), np.int64)
    sides, units = np.empty(times.size, np.int8), np.empty(times.size, np.int64)
    books(
        substream(spec.seed, Purpose.BOOK, *key), grid, times, offsets, repeats,
        log(stream.price * stream.price_ratio / stream.tick), 1e-3 * stream.lag_ms, 1e-4 * stream.half_spread_bps,
        median_units, thin_from, max(stream.thin_units - 1.0, 0.0), prices, sizes, sides, units,
    )  # fmt: skip
    event_ns, recv_ns = np.empty(times.size, np.int64), np.empty(times.size, np.int64)
    clocks(
        substream(spec.seed, Purpose.CLOCKS, *key), times, together, spec.day_ns(day), 1e6 * stream.delay_ms,
        1e6 * stream.jitter_ms, 1e6 * (stream.skew_ms + day * stream.drift_ms_per_day),
        1e6 * stream.drift_ms_per_day / DAY_S, event_ns, recv_ns,
    )  # fmt: skip
    traded = np.flatnonzero(sides)
    buys = sides[traded] > 0
    return StreamDay(
        recv_ns=recv_ns,
        event_ns=event_ns,
        bid=_prices(stream, prices[:, 0]),
        bid_size=_sizes(stream, sizes[:, 0]),
        ask=_prices(stream, prices[:, 1]),
        ask_size=_sizes(stream, sizes[:, 1]),
        trade_recv_ns=recv_ns[traded] - _TRADE_BEFORE_NS,
        trade_event_ns=event_ns[traded],
        trade_price=_prices(stream, np.where(buys, prices[traded - 1, 1], prices[traded - 1, 0])),
        trade_size=_sizes(stream, units[traded]),
        trade_buys=buys,
        depth=_depth_day(spec, stream, key, prices, sizes, offsets, recv_ns, event_ns) if include_depth else None,
    )


def _arrival_times(
    spec: SampleSpec, coin: CoinPlan, stream: StreamPlan, grid: NDArray[np.float64], key: tuple[str, str, int]
) -> NDArray[np.float64]:
    rate = SPONTANEOUS * spec.quotes_per_day / DAY_S
    room = 2 * spec.quotes_per_day
    while True:
        times = np.empty(room)
        rng = substream(spec.seed, Purpose.ARRIVALS, *key)
        count = arrivals(rng, grid, rate, requote_move(spec, coin), 1e-3 * stream.lag_ms, LAST_S, times)
        if count >= 0:
            return times[:count]
        room *= 2


def _with_incidents(
    times: NDArray[np.float64], happenings: Incidents
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_], NDArray[np.bool_]]:
    none = np.zeros(times.size, np.bool_)
    if happenings.from_s.size == 0:
        return times, np.zeros(times.size), none, none
    during = np.searchsorted(happenings.from_s, times, "right") - 1
    inside = (during >= 0) & (times < happenings.until_s[during])
    if happenings.repeats:
        return times, np.zeros(times.size), inside, none
    times = times[~inside]
    if not happenings.shift_bps.any():
        return times, np.zeros(times.size), none[: times.size], none[: times.size]
    added = np.concatenate([happenings.from_s, happenings.until_s])
    merged = np.concatenate([times, added])
    shifts = np.concatenate([np.zeros(times.size), 1e-4 * happenings.shift_bps, np.zeros(happenings.until_s.size)])
    ends = np.arange(merged.size) >= times.size + happenings.from_s.size
    order = np.argsort(merged, kind="stable")
    return merged[order], shifts[order], np.zeros(merged.size, np.bool_), ends[order]


def _offsets(spec: SampleSpec, stream: StreamPlan, day: int, times: NDArray[np.float64]) -> NDArray[np.float64]:
    kappa = log(2.0) / stream.deviation_half_life_s
    sd = 1e-4 * stream.deviation_sd_bps
    decay = np.exp(-kappa * DAY_S)
    ends = substream(spec.seed, Purpose.MIDNIGHTS, stream.symbol, stream.venue).standard_normal(day + 2) * sd
    for midnight in range(1, ends.size):
        ends[midnight] = decay * ends[midnight - 1] + sqrt(1.0 - decay * decay) * ends[midnight]
    rng = substream(spec.seed, Purpose.DEVIATIONS, stream.symbol, stream.venue, day)
    values: NDArray[np.float64] = deviations(rng, times, kappa, sd, ends[day], ends[day + 1], DAY_S)
    return values + 1e-4 * stream.deviation_mean_bps


def _prices(stream: StreamPlan, steps: NDArray[np.int64]) -> NDArray[np.float64]:
    return np.asarray(steps * stream.tick_steps / float(10**stream.tick_decimals), dtype=np.float64)


def _sizes(stream: StreamPlan, lots: NDArray[np.int64]) -> NDArray[np.float64]:
    if stream.lot_exponent >= 0:
        return np.asarray(lots * 10**stream.lot_exponent, dtype=np.float64)
    return np.asarray(lots / float(10**-stream.lot_exponent), dtype=np.float64)


def _depth_day(
    spec: SampleSpec, stream: StreamPlan, key: tuple[str, str, int], prices: NDArray[np.int64],
    sizes: NDArray[np.int64], offsets: NDArray[np.float64], recv_ns: NDArray[np.int64], event_ns: NDArray[np.int64],
) -> DepthDay:  # fmt: skip
    rows = np.arange(0, recv_ns.size, DEPTH_EVERY)
    level_prices = np.empty((rows.size, 2, DEPTH_LEVELS), np.int64)
    level_sizes = np.empty_like(level_prices)
    fair = stream.price * stream.price_ratio
    gap = max(1.0, 0.5e-4 * stream.half_spread_bps * fair / stream.tick)
    depths(
        substream(spec.seed, Purpose.DEPTH, *key), prices, sizes, offsets, rows,
        max(1.0, stream.median_notional / (fair * stream.lot)), gap,
        np.inf if stream.thin_from_bps is None else 1e-4 * stream.thin_from_bps, level_prices, level_sizes,
    )  # fmt: skip
    real_prices, real_sizes = _prices(stream, level_prices), _sizes(stream, level_sizes)
    real_sizes[level_prices == 0] = np.nan
    real_prices[level_prices == 0] = np.nan
    return DepthDay(
        recv_ns[rows], event_ns[rows], real_prices[:, 0], real_sizes[:, 0], real_prices[:, 1], real_sizes[:, 1]
    )
