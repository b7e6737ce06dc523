"""The figures of a run as a table, each with what it means."""

from __future__ import annotations

import polars as pl

from arbresearch.backtest.result import BacktestResult
from arbresearch.backtest.summary import BacktestSummary
from arbresearch.backtest.sweeps import median_latency_s
from arbresearch.backtest.views import money, number, percent, seconds
from arbresearch.core import Symbol

__all__ = ["figure_table"]

_MEANINGS = {
    "spread profit": "what trading earned, the coin's own price taken out",
    "inventory": "the coin's own rise or fall on what was held at the start",
    "hedge": "price, fees and funding of the perpetual",
    "annual return": "spread profit over capital, 365 days, not compounded",
    "annual return, at least": "lower bound, 95 % confidence, all that were compared together",
    "mean of a day": "of whole blocks, on capital",
    "mean of a day, at least": "lower bound of the same (stationary bootstrap of the blocks)",
    "blocks": "number and length",
    "deepest drawdown": "of capital plus spread profit, at any sample",
    "win rate by pair": "a pair is one decision, not a round trip; zeros are left out",
    "win rate by day": "of complete days",
    "profit factor": "sum of gains over sum of losses, by pair",
    "reward to risk": "mean gain over mean loss, by pair",
    "expectancy": "mean of the pairs that made or lost anything",
    "Sharpe, Sortino, Calmar": "of complete days, a year; – where no day was lost or days are too few",
    "turnover a day": "notional of all fills over capital",
    "capital in orders": "what open pairs hold, on average, over capital; idle inventory is capital, too",
    "capital needed": "1 less the lowest balances, over capital: what the run could not have done without",
    "one-leg rate": "pairs whose legs differed before any repair",
    "fill ratio of takers": "quantity filled over quantity sent",
    "fill ratio of makers": "the same of resting orders",
    "unhedged, on average": "coin not offset, at the mark",
    "latency": "median, from sending an order to the book it met",
    "orders, fills, refused": "on all venues; refused: a resting order that would have taken",
    "transfers, failed": "between the venues",
    "recorded rows": "of all tables that were read",
}


def figure_table(result: BacktestResult, summary: BacktestSummary) -> pl.DataFrame:
    """List the figures of a run.

    Parameters
    ----------
    result
        Of the run.
    summary
        Its figures as judged, see :func:`arbresearch.backtest.judged.judged`.

    Returns
    -------
    polars.DataFrame
        figure, value (text with its unit, a dash where it is not known) and meaning.
    """
    quote, daily = Symbol.parse(result.symbol).quote, summary.performance
    values = {
        "spread profit": f"{money(summary.spread_quote)} {quote}",
        "inventory": f"{money(summary.inventory_quote)} {quote}",
        "hedge": f"{money(summary.hedge_quote)} {quote}",
        "annual return": percent(summary.annual_return),
        "annual return, at least": percent(summary.annual_return_bound),
        "mean of a day": f"{number(summary.mean_bps_day)} bps",
        "mean of a day, at least": f"{number(summary.lower_bound_bps_day)} bps",
        "blocks": f"{summary.blocks:,} of {seconds(summary.block_s)}",
        "deepest drawdown": percent(-summary.max_drawdown),
        "win rate by pair": f"{percent(summary.win_rate_pairs)} ({summary.wins:,} won, {summary.losses:,} lost)",
        "win rate by day": f"{percent(summary.win_rate_days)} ({summary.complete_days:,} days)",
        "profit factor": number(summary.profit_factor, 2),
        "reward to risk": number(summary.reward_to_risk, 2),
        "expectancy": f"{money(summary.expectancy_quote)} {quote}",
        "Sharpe, Sortino, Calmar": ", ".join(number(one) for one in (daily.sharpe, daily.sortino, daily.calmar)),
        "turnover a day": f"{number(summary.turnover_day, 2)} x",
        "capital in orders": percent(summary.capital_utilisation, 3),
        "capital needed": percent(summary.capital_needed),
        "one-leg rate": percent(summary.one_leg_rate, 2),
        "fill ratio of takers": percent(summary.fill_ratio_taker, 2),
        "fill ratio of makers": percent(summary.fill_ratio_maker, 2),
        "unhedged, on average": f"{money(summary.unhedged_mean_quote)} {quote}",
        "latency": seconds(median_latency_s(result)),
        "orders, fills, refused": f"{summary.orders:,}, {summary.fills:,}, {summary.orders_rejected:,}",
        "transfers, failed": f"{summary.transfers:,}, {summary.transfers_failed:,}",
        "recorded rows": f"{summary.rows:,}",
    }
    rows = [(name, value, _MEANINGS[name]) for name, value in values.items()]
    return pl.DataFrame(rows, schema=["figure", "value", "meaning"], orient="row")
