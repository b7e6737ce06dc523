"""Several backtests side by side, and the minutes of one that are worth looking at."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl

from arbresearch.backtest.frames import ACCOUNTS
from arbresearch.backtest.market import Market
from arbresearch.backtest.result import BacktestResult
from arbresearch.core import NS_PER_MINUTE

__all__ = ["best_and_worst_minute", "books_between", "compare_latencies", "compare_rules"]


def compare_latencies(results: Mapping[float, BacktestResult]) -> pl.DataFrame:
    """Return one row a backtest of the same data at different latencies.

    Parameters
    ----------
    results
        By latency, seconds.

    Returns
    -------
    polars.DataFrame
        latency_s (rising), pairs_filled, one_leg_rate, spread_quote, bps_day (spread profit a day on capital),
        lower_bound_bps_day, and fill_ratio (of all orders on A and B: quantity filled over quantity sent).
    """
    rows = [
        {"latency_s": float(latency), **_figures(results[latency], ("maker", "taker"))} for latency in sorted(results)
    ]
    return pl.DataFrame(rows, schema={"latency_s": pl.Float64, **_SCHEMA})


def compare_rules(results: Mapping[str, BacktestResult]) -> pl.DataFrame:
    """Return one row a backtest of the same data under different rules of filling resting orders.

    Parameters
    ----------
    results
        By rule, from the most to the least hopeful.

    Returns
    -------
    polars.DataFrame
        rule and the columns of :func:`compare_latencies`, with ``fill_ratio`` that of resting orders.
    """
    rows = [{"rule": str(rule), **_figures(result, ("maker",))} for rule, result in results.items()]
    return pl.DataFrame(rows, schema={"rule": pl.String, **_SCHEMA})


def best_and_worst_minute(pairs: pl.DataFrame) -> tuple[int, int] | None:
    """Return where the minutes of UTC begin whose pairs, by decision, earned most and least; None if nothing filled.

    Parameters
    ----------
    pairs
        ``decided_ns``, ``notional_quote`` and ``profit_quote`` of a result's pairs.
    """
    filled = pairs.filter(pl.col("notional_quote") > 0.0)
    if filled.is_empty():
        return None
    minutes = (
        filled.group_by((pl.col("decided_ns") // NS_PER_MINUTE * NS_PER_MINUTE).alias("minute_ns"))
        .agg(pl.col("profit_quote").sum())
        .sort("profit_quote", "minute_ns", descending=[True, False])
    )
    return int(minutes["minute_ns"][0]), int(minutes["minute_ns"][-1])


def books_between(market: Market, start_ns: int, end_ns: int) -> pl.DataFrame:
    """Return the best prices of A and B from one time to another.

    Parameters
    ----------
    market
        What was recorded.
    start_ns, end_ns
        Both included. The row in force at the start is given the start's time, and the one in force at the end is
        repeated there.

    Returns
    -------
    polars.DataFrame
        account (a, b), time_ns, bid and ask, by account and time.
    """
    parts = []
    for account, tape in zip(ACCOUNTS[:2], market[:2], strict=True):
        book = tape.book
        first = max(0, int(np.searchsorted(book.recv_ns, start_ns, side="right")) - 1)
        stop = int(np.searchsorted(book.recv_ns, end_ns, side="right"))
        rows = np.append(np.arange(first, stop), stop - 1) if stop > first else np.arange(0)
        moments = np.clip(book.recv_ns[rows], start_ns, end_ns)
        moments[-1:] = end_ns
        columns = {"time_ns": moments, "bid": book.bid[rows], "ask": book.ask[rows]}
        parts.append(pl.DataFrame(columns).select(pl.lit(account).alias("account"), "time_ns", "bid", "ask"))
    return pl.concat(parts)


_SCHEMA = {
    "pairs_filled": pl.Int64, "one_leg_rate": pl.Float64, "spread_quote": pl.Float64, "bps_day": pl.Float64,
    "lower_bound_bps_day": pl.Float64, "fill_ratio": pl.Float64,
}  # fmt: skip


def _figures(result: BacktestResult, roles: tuple[str, ...]) -> dict[str, float]:
    summary = result.summary
    net = result.waterfall.filter(pl.col("step") == "net")
    sent = result.orders.filter(pl.col("account") != "h", pl.col("role").is_in(roles))
    filled, quantity = (float(sent[name].to_numpy().sum()) for name in ("filled", "quantity"))
    return {
        "pairs_filled": summary.pairs_filled,
        "one_leg_rate": summary.one_leg_rate,
        "spread_quote": summary.spread_quote,
        "bps_day": net["bps_day"][0],
        "lower_bound_bps_day": summary.lower_bound_bps_day,
        "fill_ratio": filled / quantity if quantity else float("nan"),
    }
