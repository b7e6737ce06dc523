"""The figures of a run, each with its definition."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from arbresearch.backtest.codes import FillReason, TransferState
from arbresearch.backtest.equity import block_length_ns, block_profits
from arbresearch.backtest.log import RunLog
from arbresearch.backtest.pair_accounts import PairAccounts
from arbresearch.backtest.plain import from_plain, to_plain
from arbresearch.backtest.terms import RunTerms
from arbresearch.backtest.verdict import (
    Answer,
    Check,
    annual_return_check,
    drawdown_check,
    overall,
    reward_to_risk_check,
    verdict_sentence,
    win_rate_check,
)
from arbresearch.core import BPS, NS_PER_DAY, NS_PER_SECOND
from arbresearch.edges.arrays import Floats
from arbresearch.matching import OrderState
from arbresearch.stats import Performance, lower_confidence_bound, performance

__all__ = ["BacktestSummary", "make_summary"]

_YEAR_DAYS = 365
_HEDGE = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class BacktestSummary:
    """What a run amounts to. Money is quote currency, shares are fractions, unknown figures are NaN.

    Parameters
    ----------
    start_ns, end_ns, days
        First and last sample, ns UTC, and the time between.
    complete_days
        Days of UTC that daily figures rest on: covered by 95 % or more. Others, such as a cut first and last day, count
        in every other figure.
    rows
        Recorded rows that were read, of all tables.
    capital_quote
        What was put on all venues at the first mark: base coin and quote currency of A and B, idle or not, and the
        hedge's margin.
    profit_quote, spread_quote, inventory_quote, hedge_quote
        Profit and its three parts: the hedged spread profit, what the mark did to the starting inventory, and the
        perpetual.
    annual_return
        ``spread_quote / capital_quote * 365 / days``: what is earned a year on capital kept at its size, not
        compounded.
    annual_return_bound
        Its one-sided lower bound: that of the mean of whole blocks (:func:`arbresearch.stats.lower_confidence_bound`,
        stationary bootstrap, 95 %), a year; NaN with fewer than 20 blocks.
    block_s, blocks
        Length of a block (15 minutes, an hour in runs of more than ten days) and number of whole ones.
    mean_bps_day, lower_bound_bps_day
        Mean of the blocks and its bound, bps a day on capital.
    max_drawdown
        Deepest drawdown of capital plus spread profit over all samples, in [-1, 0].
    pairs, pairs_filled, pairs_open
        Decided; with any fill; not closed at the end.
    wins, losses, even_pairs
        Closed pairs with a fill whose profit is above, below, or at zero. A pair is one decision, not a round trip.
    win_rate_pairs
        ``wins / (wins + losses)``: by pair, zeros excluded.
    win_rate_days
        The same of complete days' spread profit: by day, zeros excluded.
    profit_factor, reward_to_risk, expectancy_quote
        By pair: sum of gains over sum of losses; mean gain over mean loss; mean of what is not zero. NaN without
        losses.
    one_leg_rate
        Share of closed pairs with a fill whose legs differed by a common lot or more before any repair.
    fill_ratio_maker, fill_ratio_taker
        Quantity filled over quantity sent on A and B, by role.
    orders, orders_rejected, fills
        Counts, all venues.
    traded_quote
        Notional of all fills on A and B, both sides counted.
    turnover, turnover_day
        ``traded_quote / capital_quote``, in all and a day.
    unhedged_quote_s
        Absolute unhedged coin at the mark, over time: quote currency times seconds.
    unhedged_mean_quote
        The same over the length of the run.
    imbalance_quote
        Base coin that A, B and what is under way have more than at the start, at the last mark: what the spread's
        profit still owes to the coin's price.
    capital_utilisation
        Time average of what open pairs hold, ``quantity (best_sell + best_buy)`` from decision to closing, over
        ``capital_quote``. Idle inventory of both venues is in the capital.
    capital_needed
        Share of capital that the run could not have done without: 1 less the lowest balances of each account in any
        sample, coin at the first mark, over capital. A perpetual's margin counts as needed.
    transfers, transfers_failed, liquidations
        Counts.
    halted
        Whether a liquidation ended trading.
    performance
        Of the complete days' spread profit over capital, 365 a year; a day that loses more than all counts as -1.
    checks
        The figures against what is wanted of them; pairs' profits for win rate and reward to risk.
    answer, verdict
        What annual return and drawdown say together; the same in words, with where the edge went.
    """

    start_ns: int
    end_ns: int
    days: float
    complete_days: int
    rows: int
    capital_quote: float
    profit_quote: float
    spread_quote: float
    inventory_quote: float
    hedge_quote: float
    annual_return: float
    annual_return_bound: float
    block_s: float
    blocks: int
    mean_bps_day: float
    lower_bound_bps_day: float
    max_drawdown: float
    pairs: int
    pairs_filled: int
    pairs_open: int
    wins: int
    losses: int
    even_pairs: int
    win_rate_pairs: float
    win_rate_days: float
    profit_factor: float
    reward_to_risk: float
    expectancy_quote: float
    one_leg_rate: float
    fill_ratio_maker: float
    fill_ratio_taker: float
    orders: int
    orders_rejected: int
    fills: int
    traded_quote: float
    turnover: float
    turnover_day: float
    unhedged_quote_s: float
    unhedged_mean_quote: float
    imbalance_quote: float
    capital_utilisation: float
    capital_needed: float
    transfers: int
    transfers_failed: int
    liquidations: int
    halted: bool
    performance: Performance
    checks: tuple[Check, ...]
    answer: Answer
    verdict: str

    def as_dict(self) -> dict[str, Any]:
        """Return the figures as JSON can hold them: NaN as None, infinite ones as text."""
        plain: dict[str, Any] = to_plain(self)
        return plain

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> BacktestSummary:
        """Return the summary that :meth:`as_dict` was made of; ``BadInput`` where a figure is missing or of no type."""
        return from_plain(cls, plain)


def make_summary(
    log: RunLog,
    terms: RunTerms,
    accounts: PairAccounts,
    equity: pl.DataFrame,
    days: pl.DataFrame,
    waterfall: pl.DataFrame,
    *,
    capital_quote: float,
    first_mark: float,
) -> BacktestSummary:
    """Return the figures of a run from its records and frames; see :class:`BacktestSummary`."""
    start_ns, end_ns = int(equity["time_ns"][0]), int(equity["time_ns"][-1])
    length = (end_ns - start_ns) / NS_PER_DAY
    last = equity.row(-1, named=True)
    block_ns = block_length_ns(start_ns, end_ns, terms.strategy.sample_ns)
    blocks = block_profits(equity, block_ns) * _over(1.0, capital_quote) / BPS * (NS_PER_DAY / block_ns)
    bound = lower_confidence_bound(blocks) if np.isfinite(blocks).all() else math.nan
    annual = _over(last["spread_quote"], capital_quote) * _over(_YEAR_DAYS, length)
    settled = accounts.profit[accounts.filled & ~accounts.is_open]
    gains, losses = settled[settled > 0.0], settled[settled < 0.0]
    daily = days.filter("complete")["spread_return"].to_numpy()
    figures = performance(np.maximum(daily, -1.0), _YEAR_DAYS)
    traded = float(log.fills["notional"][log.fills["venue"] != _HEDGE].sum())
    max_drawdown = float(np.min(equity["drawdown"].to_numpy()))
    checks = (
        annual_return_check(annual, bound * _YEAR_DAYS * BPS),
        drawdown_check(max_drawdown, daily.size),
        win_rate_check(gains.size, losses.size),
        reward_to_risk_check(settled),
    )
    filled = int(accounts.filled.sum())
    unhedged = float(log.samples["unhedged_quote_s"][-1])
    failed = np.isin(log.transfers["state"], (TransferState.FAILED, TransferState.REFUNDED))
    return BacktestSummary(
        start_ns=start_ns,
        end_ns=end_ns,
        days=length,
        complete_days=daily.size,
        rows=log.rows,
        capital_quote=capital_quote,
        profit_quote=last["profit_quote"],
        spread_quote=last["spread_quote"],
        inventory_quote=last["inventory_quote"],
        hedge_quote=last["hedge_quote"],
        annual_return=annual,
        annual_return_bound=bound * _YEAR_DAYS * BPS,
        block_s=block_ns / NS_PER_SECOND,
        blocks=blocks.size,
        mean_bps_day=float(blocks.mean()) if blocks.size else math.nan,
        lower_bound_bps_day=bound,
        max_drawdown=max_drawdown,
        pairs=log.pairs.size,
        pairs_filled=filled,
        pairs_open=int(accounts.is_open.sum()),
        wins=gains.size,
        losses=losses.size,
        even_pairs=settled.size - gains.size - losses.size,
        win_rate_pairs=checks[2].found,
        win_rate_days=figures.win_rate,
        profit_factor=_over(float(gains.sum()), -float(losses.sum())),
        reward_to_risk=_over(_over(float(gains.sum()), gains.size), -_over(float(losses.sum()), losses.size)),
        expectancy_quote=_over(float(settled.sum()), gains.size + losses.size),
        one_leg_rate=_over(float((accounts.uneven & accounts.filled & ~accounts.is_open).sum()), settled.size),
        fill_ratio_maker=_fill_ratio(log, maker=True),
        fill_ratio_taker=_fill_ratio(log, maker=False),
        orders=log.orders.size,
        orders_rejected=int((log.orders["state"] == OrderState.REJECTED).sum()),
        fills=log.fills.size,
        traded_quote=traded,
        turnover=_over(traded, capital_quote),
        turnover_day=_over(_over(traded, capital_quote), length),
        unhedged_quote_s=unhedged,
        unhedged_mean_quote=_over(unhedged, length * NS_PER_DAY / NS_PER_SECOND),
        imbalance_quote=_imbalance(log, terms, last["mark"]),
        capital_utilisation=_utilisation(log, accounts, capital_quote * length),
        capital_needed=1.0 - _over(_idle(log, terms, first_mark), capital_quote),
        transfers=log.transfers.size,
        transfers_failed=int(failed.sum()),
        liquidations=int((log.fills["reason"] == FillReason.LIQUIDATION).sum()),
        halted=bool(log.halted),
        performance=figures,
        checks=checks,
        answer=overall(checks),
        verdict=verdict_sentence(checks, log.pairs.size, filled, waterfall),
    )


def _over(above: float, below: float) -> float:
    return above / below if below != 0.0 else math.nan


def _fill_ratio(log: RunLog, *, maker: bool) -> float:
    rows = log.orders[(log.orders["maker"] == maker) & (log.orders["venue"] != _HEDGE)]
    return _over(float(rows["filled"].sum()), float(rows["quantity"].sum()))


def _imbalance(log: RunLog, terms: RunTerms, mark: float) -> float:
    last = log.samples[-1]
    a, b, _ = terms.venues
    more = (last["base_a"] - a.base_start) + (last["base_b"] - b.base_start) + last["transit_base"]
    return float(more * mark) if more else 0.0


def _utilisation(log: RunLog, accounts: PairAccounts, capital_days: float) -> float:
    pairs = log.pairs
    held = pairs["quantity"] * (pairs["best_sell"] + pairs["best_buy"])
    lengths = (accounts.settled_ns - pairs["decided_ns"]) / NS_PER_DAY
    return _over(float((held * lengths).sum()), capital_days)


def _idle(log: RunLog, terms: RunTerms, first_mark: float) -> float:
    idle = 0.0
    for venue, name in zip(terms.venues[:2], "ab", strict=True):
        if venue.perpetual:
            continue
        base, quote = (_lowest(log.samples[f"{kind}_{name}"], start)
                       for kind, start in (("base", venue.base_start), ("quote", venue.quote_start)))  # fmt: skip
        idle += quote + (base * first_mark if base else 0.0)
    return idle


def _lowest(balances: Floats, start: float) -> float:
    return max(0.0, min(start, float(balances.min())))
