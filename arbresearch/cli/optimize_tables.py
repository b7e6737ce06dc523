"""Thresholds as tables for a terminal, a hundred columns wide at most where names are short."""

from __future__ import annotations

from rich.table import Table

from arbresearch.backtest.views import money, number
from arbresearch.cli.backtest_tables import narrow_table
from arbresearch.core import format_ns
from arbresearch.thresholds import views
from arbresearch.thresholds.result import OptimalThresholds

__all__ = ["folds", "process", "regimes", "sizes", "skill", "thresholds"]


def thresholds(found: OptimalThresholds) -> Table:
    """Return what to use after the data, with intervals; no rows where there is nothing."""
    names = ("what", "value", f"{views.sure(found)} interval", "what it is")
    return narrow_table("thresholds", names, views.threshold_table(found).iter_rows(), words=("what", "what it is"))


def process(found: OptimalThresholds) -> Table:
    """Return the fitted process and the closed form."""
    names = ("what", "value", "what it is")
    return narrow_table("the spread", names, views.process_table(found).iter_rows(), words=("what", "what it is"))


def folds(found: OptimalThresholds) -> Table:
    """Return the walk forward: thresholds, promise and what was kept."""
    rows = (
        (
            str(row["fold"]),
            format_ns(row["test_start_ns"], 0)[:16].replace("T", " "),
            number(row["sell_a_bps"]),
            number(row["sell_b_bps"]),
            money(row["order_quote"]),
            number(row["in_sample_bps_day"]),
            number(row["out_of_sample_bps_day"]),
            f"{row['pairs']:,}",
            row["reason"],
        )
        for row in views.fold_table(found).iter_rows(named=True)
    )
    a, b = views.sides(found)
    names = ("fold", "judged from", f"sell on\n{a}", f"sell on\n{b}", "order",
             "promised\nbps a day", "kept\nbps a day", "pairs", "why not traded")  # fmt: skip
    return narrow_table("walk forward", names, rows, words=("why not traded",))


def skill(found: OptimalThresholds) -> Table:
    """Return what was promised and kept, and the odds that it is luck."""
    names = ("what", "value", "what it is")
    return narrow_table("luck or skill", names, views.skill_table(found).iter_rows(), words=("what", "what it is"))


def regimes(found: OptimalThresholds) -> Table:
    """Return the thresholds that depend on a state; no rows where nothing was traded."""
    rows = (
        (row["regime"], number(row["profit_bps_day"]), number(row["gain_bps_day"]), number(row["gain_bound_bps_day"]),
         row["offered"], row["reason"])
        for row in views.regime_table(found).iter_rows(named=True)
    )  # fmt: skip
    names = ("depends on", "kept\nbps a day", "gain\nbps a day", "gain,\nat least", "offered", "why not")
    return narrow_table("thresholds by state", names, rows, words=("depends on", "offered", "why not"))


def sizes(found: OptimalThresholds) -> Table:
    """Return what bounds the order size; no rows where nothing was tried."""
    names = ("bound", "size", "", "what it rests on")
    rows = views.size_table(found).iter_rows()
    return narrow_table("order size", names, rows, words=("bound", "", "what it rests on"))
