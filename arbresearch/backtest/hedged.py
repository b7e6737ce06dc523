"""How a hedge fared: delta against its band, what it cost, and how far the perpetual was from liquidation."""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl

from arbresearch.backtest.market import Market
from arbresearch.backtest.mids import Marks
from arbresearch.backtest.result import BacktestResult
from arbresearch.backtest.terms import RunTerms
from arbresearch.backtest.views import money, number, percent
from arbresearch.core import Symbol

__all__ = ["hedge_frame", "hedge_table"]

_NEVER: Final = float("inf")


def hedge_frame(result: BacktestResult, market: Market, terms: RunTerms) -> pl.DataFrame:
    """Return the hedge at each sample.

    Returns
    -------
    polars.DataFrame
        time_ns; delta_base; base_h, the perpetual's position; outside, whether delta is beyond its band; distance, by
        how much the perpetual's middle would have to move against the position for the account to be liquidated, a
        fraction (infinite without a position, NaN before the first quote; a fee coin is not counted). No rows without
        a hedge.
    """
    rows = result.inventory.select("time_ns", "delta_base", "base_h", "quote_h")
    if not result.venues[2]:
        return rows.head(0).select("time_ns", "delta_base", "base_h", outside=pl.lit(False), distance=pl.lit(0.0))
    mid = Marks(market).mid(2, rows["time_ns"].to_numpy())
    base, quote = rows["base_h"].to_numpy(), rows["quote_h"].to_numpy()
    keep = 1.0 - np.sign(base) * terms.venues[2].maintenance_rate
    with np.errstate(divide="ignore", invalid="ignore"):
        liquidated = -quote / (base * keep)
        distance = np.where(base == 0.0, _NEVER, np.abs(np.maximum(liquidated, 0.0) / mid - 1.0))
    distance = np.where((base > 0.0) & (liquidated <= 0.0), _NEVER, distance)
    outside = np.abs(rows["delta_base"].to_numpy()) > terms.strategy.hedge_band_base
    return rows.select("time_ns", "delta_base", "base_h", outside=pl.Series(outside), distance=pl.Series(distance))


def hedge_table(result: BacktestResult, market: Market, terms: RunTerms) -> pl.DataFrame:
    """List what a hedge came to: figure, value, meaning; no rows without one."""
    frame = hedge_frame(result, market, terms)
    if not frame.height:
        return pl.DataFrame(schema={"figure": pl.String, "value": pl.String, "meaning": pl.String})
    coin, quote = Symbol.parse(result.symbol).base, Symbol.parse(result.symbol).quote
    parts = dict(result.waterfall.filter(pl.col("part") == "hedge").select("step", "profit_quote").iter_rows())
    orders = result.orders.filter(pl.col("account") == "h").height
    beside = money(result.summary.inventory_quote + parts["hedge"])
    rows = [
        ("band", f"± {number(terms.strategy.hedge_band_base, 4)} {coin}", "within it nothing is traded"),
        ("outside of it", percent(_mean(frame["outside"])), "share of samples"),
        ("largest delta", f"{number(_most(frame['delta_base'].abs()), 4)} {coin}", "coin not offset, at any sample"),
        ("orders", f"{orders:,}", "sent to the perpetual"),
        ("price", f"{money(parts['hedge price'])} {quote}", "what the perpetual's price brought"),
        ("fees", f"{money(parts['hedge fees'])} {quote}", "of hedging"),
        ("funding", f"{money(parts['hedge funding'])} {quote}", "received, or paid where below zero"),
        (
            "nearest to liquidation",
            percent(_least(frame["distance"])),
            "move of the perpetual's price that would do it",
        ),
        ("inventory and hedge", f"{beside} {quote}", "together: near zero where the hedge is good"),
    ]
    return pl.DataFrame(rows, schema=["figure", "value", "meaning"], orient="row")


def _mean(values: pl.Series) -> float:
    return float(values.to_numpy().mean())


def _most(values: pl.Series) -> float:
    return float(np.nanmax(values.to_numpy()))


def _least(values: pl.Series) -> float:
    return float(np.nanmin(values.to_numpy()))
