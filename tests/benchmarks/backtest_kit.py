"""The market and the terms on which backtests are timed: two venues around one price, apart from it now and then."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.signal import lfilter

from arbresearch.backtest.log import RunLog
from arbresearch.backtest.market import Market, VenueTape
from arbresearch.backtest.run import run_market
from arbresearch.backtest.terms import RunTerms, StrategyTerms, VenueTerms
from arbresearch.core import NS_PER_DAY, NS_PER_MS, NS_PER_SECOND
from arbresearch.matching import VenueLatency
from arbresearch.matching.rows import BookRows, TradeRows
from tests.backtest.compare import differences
from tests.backtest.slow_engine import slow_run

__all__ = ["BUSY", "CALM", "MONTHLY", "Regime", "check_with_slow_engine", "market_of", "part_of", "terms_of"]

START_NS = 1_704_067_200 * NS_PER_SECOND
TICK, LOT = 0.01, 0.1
_GRID_NS = 100 * NS_PER_MS

Floats = npt.NDArray[np.float64]
Times = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Regime:
    """How far the venues stray from the common price.

    ``wander_bps`` is the standard deviation of what each venue's price is always off by, ``jumps`` how often a day a
    venue is far off and comes back with ``back_s``, and ``jump_bps`` the mean of how far.
    """

    wander_bps: float
    jumps: int
    jump_bps: float
    back_s: float = 2.0


CALM = Regime(0.7, 400, 15.0)
"""An edge above the costs some hundred times a day."""
BUSY = Regime(4.0, 20_000, 15.0)
"""An edge above the costs most of the time."""
MONTHLY = Regime(0.7, 60, 15.0)
"""An edge above the costs some ninety times a day."""


def _off(random: np.random.Generator, regime: Regime, days: int) -> Floats:
    """Return by what fraction a venue's price is off, on a grid of so many days."""
    many = days * NS_PER_DAY // _GRID_NS + 2
    step_s = _GRID_NS / NS_PER_SECOND
    stays = np.exp(-0.2 * step_s)
    drawn = random.normal(0.0, regime.wander_bps * 1e-4 * np.sqrt(1.0 - stays**2), many)
    back = np.exp(-step_s / regime.back_s)
    jumped = np.zeros(many)
    jumps = regime.jumps * days
    places = random.integers(0, many, jumps)
    np.add.at(
        jumped,
        places,
        random.choice([-1.0, 1.0], jumps) * random.exponential(regime.jump_bps * 1e-4, jumps),
    )
    return np.asarray(lfilter([1.0], [1.0, -stays], drawn) + lfilter([1.0], [1.0, -back], jumped))


def market_of(regime: Regime, rows: int, trades: int = 0, *, days: int = 1, seed: int = 1) -> Market:
    """Return so many quotes and trades a venue over some days, and no hedge.

    The common price follows a random walk of 4 % a day; spreads are one to three ticks of a basis point; most quotes
    change a size only. Trades happen at the best prices, by either side, and mostly are small.
    """
    random = np.random.default_rng(seed)
    seconds = np.arange(days * NS_PER_DAY // NS_PER_SECOND + 2)
    common = 100.0 * np.exp(np.cumsum(random.normal(0.0, 0.04 / np.sqrt(86_400.0), seconds.size)))
    tapes = []
    for _ in range(2):
        times = np.sort(random.integers(0, days * NS_PER_DAY, rows))
        at_s = times / NS_PER_SECOND
        price = np.interp(at_s, seconds, common)
        off = _off(random, regime, days)
        price *= 1.0 + np.interp(at_s, np.arange(off.size) * (_GRID_NS / NS_PER_SECOND), off)
        bid = np.floor(price / TICK) / round(1.0 / TICK)
        wide = np.repeat(random.integers(1, 4, rows // 64 + 1), 64)[:rows]
        ask = np.asarray(np.round(bid + wide * TICK, 2), dtype=np.float64)
        sizes = [random.integers(5, 500, rows) / 10.0 for _ in range(2)]
        book = BookRows(START_NS + times, bid, sizes[0], ask, sizes[1])
        tapes.append(VenueTape(book=book, trades=_trades(random, book, trades)))
    return tapes[0], tapes[1], VenueTape()


def _trades(random: np.random.Generator, book: BookRows, many: int) -> TradeRows:
    met = np.sort(random.integers(0, book.recv_ns.size, many))
    buys = random.random(many) < 0.5
    size = np.maximum(np.round(random.exponential(2.0, many), 1), LOT)
    return TradeRows(book.recv_ns[met], np.where(buys, book.ask[met], book.bid[met]), size, np.where(buys, 1, -1))


def terms_of(
    modes: str,
    *,
    threshold_bps: float = 2.0,
    latency_ms: float = 20.0,
    venue: Mapping[str, Any] | None = None,
    **strategy: Any,
) -> RunTerms:
    """Return terms of trading modes by their numbers ("12": both legs taker), with fees and 20 ms of latency."""
    first = VenueTerms(
        maker_rate=0.0, taker_rate=4e-4, tick=TICK, lot=LOT, min_quantity=LOT, min_notional=5.0,
        **({"base_start": 1_000.0, "quote_start": 100_000.0} | dict(venue or {})),
    )  # fmt: skip
    delay_ns = round(latency_ms * NS_PER_MS)

    def latency(name: str) -> VenueLatency:
        return VenueLatency.constant(
            name, feed_ns=delay_ns, entry_ns=delay_ns, acknowledgement_ns=delay_ns, cancel_ns=delay_ns
        )

    return RunTerms(
        venues=(first, replace(first, taker_rate=5e-4), first),
        strategy=StrategyTerms(order_quote=500.0, common_lot=LOT, **strategy),
        enabled=tuple(str(number) in modes for number in range(1, 7)),
        entry_bps=(threshold_bps,) * 6,
        exit_bps=(threshold_bps,) * 6,
        latencies=(latency("mexc"), latency("gate"), latency("binance")),
    )


def part_of(market: Market, start_ns: int, end_ns: int) -> Market:
    """Return what was received in a span: the first time included, the last not."""

    def cut(rows: Any) -> Any:
        first, last = np.searchsorted(rows.recv_ns, [start_ns, end_ns])
        return type(rows)(*(np.ascontiguousarray(one[first:last]) for one in rows))

    a, b, h = (
        VenueTape(book=cut(one.book), trades=cut(one.trades), ladder=cut(one.ladder), funding=cut(one.funding))
        for one in market
    )
    return a, b, h


def check_with_slow_engine(market: Market, terms: RunTerms, log: RunLog, fills: int = 4) -> int:
    """Run both engines on the quotes around the middle fill of a run; return how many fills they agree on.

    The slice is 6,000 quotes of A long, and twice as long again until it has so many fills.

    Raises
    ------
    AssertionError
        They write different logs, or there are too few fills to tell.
    """
    times = market[0].book.recv_ns
    middle = int(np.searchsorted(times, log.fills["time_ns"][log.fills.size // 2])) if log.fills.size else 0
    for rows in (6_000, 12_000, 24_000, 48_000):
        first = min(max(middle - rows // 2, 0), times.size - 1)
        part = part_of(market, int(times[first]), int(times[min(first + rows, times.size - 1)]))
        ours = run_market(part, terms)
        if ours.fills.size >= fills:
            break
    else:
        raise AssertionError(f"only {ours.fills.size} fills to compare in {rows} quotes of A")
    found = differences(ours, slow_run(part, terms))
    if found:
        raise AssertionError(f"kernel and slow engine differ: {found[0]}")
    return int(ours.fills.size)
