"""The best and the worst minute of a run, and the books of that time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from arbresearch.backtest.frames import ACCOUNTS
from arbresearch.backtest.market import Market
from arbresearch.backtest.result import BacktestResult
from arbresearch.core import NS_PER_MINUTE, NS_PER_SECOND, Symbol, format_ns

__all__ = ["Minute", "best_and_worst", "books_of"]

_MARGIN_NS: Final = 5 * NS_PER_SECOND


@dataclass(frozen=True, slots=True, kw_only=True)
class Minute:
    """A minute of UTC by its pairs.

    Parameters
    ----------
    start_ns
        Its beginning.
    pairs
        Decided in it, with any fill.
    profit_quote
        What they came to.
    title
        The same in words.
    """

    start_ns: int
    pairs: int
    profit_quote: float
    title: str

    @property
    def span(self) -> tuple[int, int]:
        """Return what is shown of it: five seconds more at either end."""
        return self.start_ns - _MARGIN_NS, self.start_ns + NS_PER_MINUTE + _MARGIN_NS


def best_and_worst(result: BacktestResult) -> tuple[Minute | None, Minute | None]:
    """Return the minutes whose pairs earned most and least; None where nothing filled, or in one minute only.

    Of equal ones the earlier.
    """
    minutes = (
        result.pairs.filter(pl.col("notional_quote") > 0.0)
        .group_by((pl.col("decided_ns") // NS_PER_MINUTE * NS_PER_MINUTE).alias("start_ns"))
        .agg(pl.len().alias("pairs"), pl.col("profit_quote").sum())
        .sort("profit_quote", "start_ns", descending=[True, False])
    )
    if not minutes.height:
        return None, None
    best = _minute("Best minute", result, minutes.row(0, named=True))
    least = minutes.filter(pl.col("profit_quote") == minutes["profit_quote"][-1]).row(0, named=True)
    return best, _minute("Worst minute", result, least) if minutes.height > 1 else None


def books_of(market: Market, minute: Minute) -> pl.DataFrame:
    """Return the best prices of A and B around a minute.

    Returns
    -------
    polars.DataFrame
        time_ns, account (a, b), bid, ask: the row in force when the time begins, at its beginning; each change; and
        what holds at its end. A book that is not known yet has no rows.
    """
    start_ns, end_ns = minute.span
    parts = []
    for account, tape in zip(ACCOUNTS[:2], market, strict=False):
        book = tape.book
        first, last = np.searchsorted(book.recv_ns, [start_ns, end_ns], side="right")
        rows = np.arange(max(int(first) - 1, 0), int(last))
        if rows.size:
            times = np.append(np.maximum(book.recv_ns[rows], start_ns), end_ns)
            rows = np.append(rows, rows[-1])
            parts.append(
                pl.DataFrame({"time_ns": times, "account": account, "bid": book.bid[rows], "ask": book.ask[rows]})
            )
    empty = pl.DataFrame(schema={"time_ns": pl.Int64, "account": pl.String, "bid": pl.Float64, "ask": pl.Float64})
    return pl.concat([empty, *parts])


def _minute(what: str, result: BacktestResult, row: dict[str, int | float]) -> Minute:
    pairs, profit = int(row["pairs"]), float(row["profit_quote"])
    when = format_ns(int(row["start_ns"]), 0)[:16].replace("T", " ")
    many = "one pair" if pairs == 1 else f"{pairs:,} pairs"
    money = f"{profit:+,.2f} {Symbol.parse(result.symbol).quote}".replace("-", "−")
    return Minute(
        start_ns=int(row["start_ns"]), pairs=pairs, profit_quote=profit, title=f"{what}, {when}: {money} in {many}"
    )
