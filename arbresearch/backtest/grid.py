"""Many runs of one strategy over one recording: the same market, other thresholds, sizes and holding times."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from math import inf
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl

from arbresearch.backtest.codes import Rebalance
from arbresearch.backtest.equity import capital_at_start
from arbresearch.backtest.fills_by_time import spread_at
from arbresearch.backtest.instants import Instants, index_of
from arbresearch.backtest.market import Market
from arbresearch.backtest.mids import Marks, worth
from arbresearch.backtest.run import Runs
from arbresearch.backtest.scheduled import by_mode
from arbresearch.backtest.terms import RunTerms
from arbresearch.core import BadInput, ParameterError, expected
from arbresearch.edges.arrays import NEVER_NS, Floats, Times

__all__ = ["GridPoint", "GridRuns", "run_grid"]

_LEAST_BLOCKS: Final = 1
_LOOSE: Final = 1.0 - 1e-6
"""The index holds a little too much rather than too little."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GridPoint:
    """One setting of a grid.

    Parameters
    ----------
    sell_a_bps, sell_b_bps
        Net edge that selling on A (on B) must exceed where it tilts inventory, basis points; infinite: not traded.
    sell_a_exit_bps, sell_b_exit_bps
        The same where the trade brings inventory back.
    order_quote
        Largest notional of one action, quote currency.
    max_hold_ns
        How long inventory may stay tilted.
    tilt_slope_bps
        By how much the threshold of tilting further is higher when all of the selling venue's coin is gone.
    """

    sell_a_bps: float
    sell_b_bps: float
    sell_a_exit_bps: float
    sell_b_exit_bps: float
    order_quote: float
    max_hold_ns: int
    tilt_slope_bps: float = 0.0

    def __post_init__(self) -> None:
        """Refuse NaN, an order of nothing, and negative times and slopes; ``ParameterError``."""
        for name in ("sell_a_bps", "sell_b_bps", "sell_a_exit_bps", "sell_b_exit_bps"):
            if np.isnan(getattr(self, name)):
                raise ParameterError(expected(name, "basis points, or infinity for no trade", "NaN"))
        if not 0.0 < self.order_quote < np.inf:
            raise ParameterError(expected("order_quote", "a positive finite amount", self.order_quote))
        if self.max_hold_ns < 0:
            raise ParameterError(expected("max_hold_ns", "0 or more", self.max_hold_ns))
        if not 0.0 <= self.tilt_slope_bps < np.inf:
            raise ParameterError(expected("tilt_slope_bps", "basis points, 0 or more", self.tilt_slope_bps))

    def applied(self, terms: RunTerms) -> RunTerms:
        """Return the terms of a single run with this setting."""
        return replace(
            terms,
            entry_bps=tuple(by_mode(self.sell_a_bps, self.sell_b_bps)),
            exit_bps=tuple(by_mode(self.sell_a_exit_bps, self.sell_b_exit_bps)),
            strategy=replace(
                terms.strategy,
                order_quote=self.order_quote,
                max_hold_ns=self.max_hold_ns,
                tilt_slope_bps=self.tilt_slope_bps,
            ),
        )


@dataclass(frozen=True, slots=True, eq=False)
class GridRuns:
    """What each setting of a grid brought, block by block.

    Parameters
    ----------
    points
        The P settings.
    block_ns
        Length of a block.
    block_start_ns
        Starts of the T whole blocks of UTC, shape (T,).
    profit_quote
        Hedged spread profit of each block, quote currency, shape (T, P).
    pairs, both_legs
        Pairs that were begun, and those in which both legs filled the same amount above zero, shape (P,).
    notional_quote
        Of all fills, both legs counted, shape (P,).
    tilt_base
        Base coin shifted from A to B at the end, shape (P,).
    capital_quote
        What was put on all venues.
    """

    points: tuple[GridPoint, ...]
    block_ns: int
    block_start_ns: Times
    profit_quote: Floats
    pairs: Times
    both_legs: Times
    notional_quote: Floats
    tilt_base: Floats
    capital_quote: float

    @property
    def profit_bps_day(self) -> Floats:
        """Return mean profit on capital, basis points a day, shape (P,)."""
        days = self.block_start_ns.size * self.block_ns / 86_400e9
        return np.asarray(1e4 * self.profit_quote.sum(axis=0) / days / self.capital_quote)

    def frame(self) -> pl.DataFrame:
        """Return one row a setting: its fields, profit_bps_day, pairs, both_legs, notional_quote, tilt_base."""
        names = [name for name in GridPoint.__slots__ if name != "max_hold_ns"]
        columns: dict[str, Any] = {name: [getattr(one, name) for one in self.points] for name in names}
        return pl.DataFrame(
            {
                **columns,
                "max_hold_s": [one.max_hold_ns / 1e9 for one in self.points],
                "profit_bps_day": self.profit_bps_day,
                "pairs": self.pairs,
                "both_legs": self.both_legs,
                "notional_quote": self.notional_quote,
                "tilt_base": self.tilt_base,
            }
        )


def run_grid(
    market: Market,
    terms: RunTerms,
    points: Sequence[GridPoint],
    block_ns: int,
    *,
    workers: int = 1,
    instants: Instants | None = None,
) -> GridRuns:
    """Run each setting of a grid over a market.

    Instants at which no setting could act are passed by an index of both books (takers only; other modes read every
    row). Every number is that of :func:`~arbresearch.backtest.run.run_market` with ``point.applied(terms)`` and samples
    at the ends of blocks.

    Parameters
    ----------
    market, terms
        As of ``run_market``; the thresholds, order size, holding time and tilt slope of the terms are not used, and
        they have no schedule.
    points
        One setting or more.
    block_ns
        Length of the blocks of UTC in which profit is counted.
    workers
        Threads; the compiled pass does not hold the interpreter.
    instants
        The index of all instants of this market where it is known; None: one is made of those that these settings need.

    Returns
    -------
    GridRuns
        In the order of ``points``.

    Raises
    ------
    BadInput
        No point, terms with a schedule, or a market shorter than a block.
    ParameterError
        A block or a number of workers that is not positive.
    """
    points = tuple(points)
    if not points:
        raise BadInput(expected("points", "one setting or more", "none"))
    if terms.schedule is not None:
        raise BadInput(expected("terms", "none with a schedule: a grid has thresholds of its own", "a schedule"))
    for name, value in (("block_ns", block_ns), ("workers", workers)):
        if value < 1:
            raise ParameterError(expected(name, "one or more", value))
    bounds = _bounds(market, block_ns)
    if instants is None and _takes(terms):
        instants = index_of(market, _least(terms, points), workers=workers)
    marks = Marks(market)
    marked = marks.mark(bounds)
    shares = [points[first::workers] for first in range(min(workers, len(points)))]
    with ThreadPoolExecutor(len(shares)) as pool:
        done = list(pool.map(lambda share: _run_share(market, terms, share, bounds, marked, instants), shares))
    profit = np.empty((bounds.size - 1, len(points)))
    rows = np.empty((len(points), 4))
    for first, (some, figures) in enumerate(done):
        profit[:, first :: len(shares)] = some
        rows[first :: len(shares)] = figures
    return GridRuns(
        points=points,
        block_ns=block_ns,
        block_start_ns=bounds[:-1],
        profit_quote=profit,
        pairs=rows[:, 0].astype(np.int64),
        both_legs=rows[:, 1].astype(np.int64),
        notional_quote=rows[:, 2].copy(),
        tilt_base=rows[:, 3].copy(),
        capital_quote=capital_at_start(terms, marks),
    )


def _takes(terms: RunTerms) -> bool:
    return not any(terms.enabled[2:]) and not terms.strategy.hedge


def _only_fills(terms: RunTerms) -> bool:
    """Return whether nothing but fills on A and B changes their balances."""
    moves = terms.strategy.rebalance == Rebalance.TRANSFER
    return not (terms.strategy.hedge or moves or any(one.perpetual for one in terms.venues[:2]))


def _least(terms: RunTerms, points: Sequence[GridPoint]) -> tuple[float, float]:
    """Return what the price sold at over the price bought at must exceed for any setting to act, both ways."""
    relaxed = -terms.strategy.rebalance_cost_bps if terms.strategy.rebalance == Rebalance.REVERSE else inf
    lowest = (
        min(relaxed, *(min(one.sell_a_bps, one.sell_a_exit_bps) for one in points)),
        min(relaxed, *(min(one.sell_b_bps, one.sell_b_exit_bps) for one in points)),
    )
    a, b, _ = terms.venues
    costs = ((1.0 + b.taker_rate) / (1.0 - a.taker_rate), (1.0 + a.taker_rate) / (1.0 - b.taker_rate))
    ab, ba = (cost * (1.0 + bps * 1e-4) * _LOOSE for cost, bps in zip(costs, lowest, strict=True))
    return ab, ba


def _bounds(market: Market, block_ns: int) -> Times:
    """Return the bounds of all whole blocks between the first and the last recorded row."""
    times = [rows.recv_ns for one in market for rows in (one.book, one.trades, one.ladder, one.funding)]
    ends = [(int(one[0]), int(one[-1])) for one in times if one.size]
    if not ends:
        raise BadInput(expected("market", "rows", "none"))
    first, last = -(-min(one[0] for one in ends) // block_ns), max(one[1] for one in ends) // block_ns
    if last - first < _LEAST_BLOCKS:
        todo = "take shorter blocks or a longer span"
        raise BadInput(expected("market", f"a whole block of {block_ns / 1e9:g} s", "a shorter recording", todo))
    return np.arange(first, last + 1, dtype=np.int64) * block_ns


def _run_share(
    market: Market,
    terms: RunTerms,
    points: Sequence[GridPoint],
    bounds: Times,
    marked: Floats,
    instants: Instants | None,
) -> tuple[Floats, Floats]:
    """Return the profit of each block, shape (blocks, points), and four figures a point."""
    plain = _only_fills(terms)
    start_ns = NEVER_NS if plain else int(bounds[0])
    block_ns = int(bounds[1] - bounds[0])
    runs = Runs(
        market, replace(terms, strategy=replace(terms.strategy, sample_ns=block_ns, start_ns=start_ns)), instants
    )
    base, quote = (np.array([getattr(one, name) for one in terms.venues[:2]]) for name in ("base_start", "quote_start"))
    profit = np.empty((bounds.size - 1, len(points)))
    figures = np.empty((len(points), 4))
    spread = np.empty(bounds.size)
    for place, point in enumerate(points):
        runs.go(lambda record, point=point: _set(record, point))  # type: ignore[misc]
        if plain:
            spread_at(runs.rows("fills"), bounds, marked, base, quote, spread)
        else:
            samples = runs.rows("samples")
            spread = _spread(samples[np.searchsorted(samples["time_ns"], bounds, side="right") - 1], marked, terms)
        profit[:, place] = np.diff(spread)
        pairs, fills = runs.rows("pairs"), runs.rows("fills")
        figures[place, 0] = pairs.size
        figures[place, 1] = np.count_nonzero((pairs["sold"] == pairs["bought"]) & (pairs["sold"] > 0.0))
        figures[place, 2] = fills["notional"].sum()
        r = runs.record[0]
        a, b = r["venues"]["base_start"][:2]
        transit = r["transit"][0]
        figures[place, 3] = 0.5 * ((r["base"][1] + transit[1] - b) - (r["base"][0] + transit[0] - a))
    return profit, figures


def _set(record: Any, point: GridPoint) -> None:
    record["entry_bps"] = by_mode(point.sell_a_bps, point.sell_b_bps)
    record["exit_bps"] = by_mode(point.sell_a_exit_bps, point.sell_b_exit_bps)
    strategy = record["strategy"]
    strategy["order_quote"] = point.order_quote
    strategy["max_hold_ns"] = point.max_hold_ns
    strategy["tilt_slope_bps"] = point.tilt_slope_bps


def _spread(rows: npt.NDArray[Any], marked: Floats, terms: RunTerms) -> Floats:
    """Return the hedged spread profit at samples, as :func:`~arbresearch.backtest.equity.equity_frame` does."""
    a, b, _ = terms.venues
    cash = (rows["quote_a"] - a.quote_start) + (rows["quote_b"] - b.quote_start) + rows["transit_quote"]
    base = (rows["base_a"] - a.base_start) + (rows["base_b"] - b.base_start) + rows["transit_base"]
    return np.asarray(cash + (rows["coin_a"] + rows["coin_b"]) + worth(base, marked))
