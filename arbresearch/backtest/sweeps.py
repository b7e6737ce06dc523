"""One backtest run again and again with one assumption changed: latency, and the rule by which resting orders fill."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import nan
from typing import Final

import polars as pl

from arbresearch.backtest.config import BacktestConfig
from arbresearch.backtest.engine import SpotArbitrageBacktester
from arbresearch.backtest.result import BacktestResult
from arbresearch.core import NS_PER_SECOND, BadInput, expected
from arbresearch.matching import Rule

__all__ = ["both_legs_share", "latency_sweep", "median_latency_s", "rule_bracket"]

_RULES: Final = (Rule.TOUCH, Rule.QUEUE, Rule.THROUGH)
"""From the most to the least hopeful."""


def latency_sweep(
    backtester: SpotArbitrageBacktester, symbol: str, config: BacktestConfig, latencies_s: Sequence[float]
) -> pl.DataFrame:
    """Run a backtest at several latencies, the same on all venues, half of it each way.

    Parameters
    ----------
    backtester
        What it has read already is not read again.
    symbol, config
        As :meth:`SpotArbitrageBacktester.run` takes them; latencies of the configuration do not count.
    latencies_s
        From a decision to the book that an order meets, seconds.

    Returns
    -------
    polars.DataFrame
        A row a latency, rising: latency_s, bps_day (spread profit, bps of capital a day), profit_quote_day, pairs
        (decided), both_legs (see :func:`both_legs_share`), fill_ratio (of taker quantity sent), one_leg_rate. NaN where
        nothing was decided or sent.

    Raises
    ------
    BadInput
        As ``run``, or no latency.
    """
    if not latencies_s:
        raise BadInput(expected("latencies_s", "at least one", "none"))
    rows = []
    for latency_s in sorted(set(latencies_s)):
        result = backtester.run(symbol, replace(config, latency_ms=1e3 * latency_s, latencies={}))
        rows.append({"latency_s": float(latency_s), **_outcome(result), "fill_ratio": result.summary.fill_ratio_taker})
    return pl.DataFrame(rows)


def rule_bracket(backtester: SpotArbitrageBacktester, symbol: str, config: BacktestConfig) -> pl.DataFrame:
    """Run a backtest under each rule by which resting orders fill: the bounds, and the estimate between them.

    Parameters
    ----------
    backtester, symbol, config
        As for :func:`latency_sweep`.

    Returns
    -------
    polars.DataFrame
        A row a rule, the most hopeful first: rule, then the columns of :func:`latency_sweep` with fill_ratio of resting
        quantity. No rows where no order may rest.

    Raises
    ------
    BadInput
        As ``run``.
    """
    schema = {"rule": pl.String, **_SCHEMA, "fill_ratio": pl.Float64}
    if not config.makes:
        return pl.DataFrame(schema=schema)
    found = backtester.bracket(symbol, config)
    rows = [
        {"rule": rule.value, **_outcome(found[rule]), "fill_ratio": found[rule].summary.fill_ratio_maker}
        for rule in _RULES
    ]
    return pl.DataFrame(rows, schema=schema)


def both_legs_share(result: BacktestResult) -> float:
    """Return the share of closed pairs whose legs filled alike without a repair; NaN where none closed.

    Resting orders that nothing filled are left out: they promise nothing.
    """
    closed = result.pairs.filter(pl.col("outcome") != "open")
    sent = closed.filter((pl.col("outcome") != "unfilled") | ~pl.col("mode").str.contains("limit"))
    return sent.filter(pl.col("outcome").is_in(["complete", "partial"])).height / sent.height if sent.height else nan


def median_latency_s(result: BacktestResult) -> float:
    """Return the median time from sending an order on A or B to the book that it meets, seconds; NaN without orders."""
    sent = result.orders.filter(pl.col("account") != "h")
    median = (sent["meets_ns"] - sent["sent_ns"]).median()
    return float(median) / NS_PER_SECOND if isinstance(median, int | float) else nan


_SCHEMA: Final = {
    "bps_day": pl.Float64,
    "profit_quote_day": pl.Float64,
    "pairs": pl.Int64,
    "both_legs": pl.Float64,
    "one_leg_rate": pl.Float64,
}


def _outcome(result: BacktestResult) -> dict[str, float | int]:
    summary = result.summary
    day = summary.spread_quote / summary.days if summary.days > 0.0 else nan
    return {
        "bps_day": 1e4 * day / summary.capital_quote if summary.capital_quote > 0.0 else nan,
        "profit_quote_day": day,
        "pairs": summary.pairs,
        "both_legs": both_legs_share(result),
        "one_leg_rate": summary.one_leg_rate,
    }
