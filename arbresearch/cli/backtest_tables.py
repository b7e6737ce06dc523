"""A backtest as tables for a terminal, a hundred columns wide at most."""

from __future__ import annotations

from collections.abc import Iterable

from rich import box
from rich.markup import escape
from rich.table import Table

from arbresearch.backtest.result import BacktestResult
from arbresearch.backtest.summary import BacktestSummary
from arbresearch.backtest.views import assumptions, check_table, cost_table, number, outcome_table, percent
from arbresearch.core import Symbol

__all__ = ["assumption_table", "narrow_table", "pair_table", "verdict_table", "waterfall_table"]


def assumption_table(result: BacktestResult) -> Table:
    """Return what the run assumes."""
    return narrow_table("assumed", ("what", "value"), assumptions(result).iter_rows(), words=("what", "value"))


def waterfall_table(result: BacktestResult) -> Table:
    """Return the steps from gross to all; no rows where nothing filled."""
    quote = Symbol.parse(result.symbol).quote
    steps = cost_table(result) if result.summary.pairs_filled else cost_table(result).head(0)
    rows = (
        (
            row["step"],
            number(row["profit_quote"], 2),
            number(row["bps_of_notional"], 2),
            number(row["bps_day"]),
            row["meaning"],
        )
        for row in steps.iter_rows(named=True)
    )
    names = ("step", f"profit\n{quote}", "bps of\nnotional", "bps a day\non capital", "what it is")
    return narrow_table("from gross to net", names, rows, words=("step", "what it is"))


def pair_table(result: BacktestResult) -> Table:
    """Return what became of the pairs; no rows where none was decided."""
    quote = Symbol.parse(result.symbol).quote
    rows = (
        (
            row["outcome"],
            f"{row['pairs']:,}",
            percent(row["share"]),
            number(row["profit_quote"], 2),
            number(row["hold_s"], 2),
            row["meaning"],
        )
        for row in outcome_table(result).iter_rows(named=True)
    )
    names = ("pairs", "number", "share", f"profit\n{quote}", "open for\ns (median)", "what it is")
    return narrow_table("what became of the pairs", names, rows, words=("pairs", "what it is"))


def verdict_table(summary: BacktestSummary) -> Table:
    """Return the figures against what is wanted of them."""
    rows = check_table(summary).select("figure", "wanted", "found", "at_least", "answer").iter_rows()
    return narrow_table("against what is wanted", ("figure", "wanted", "found", "at least", "answer"), rows,
                  words=("figure", "answer"))  # fmt: skip


def narrow_table(title: str, names: Iterable[str], rows: Iterable[tuple[str, ...]], *, words: tuple[str, ...]) -> Table:
    """Return rows of text as a table without lines between them; columns of words are left-aligned, others right."""
    table = Table(title=title, title_justify="left", header_style="bold", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for name in names:
        table.add_column(name, justify="left" if name in words else "right", overflow="fold")
    for row in rows:
        table.add_row(*map(escape, row))
    return table
