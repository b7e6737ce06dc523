"""Charts of what a backtest earned: equity by part, under water, and where the gross edge went."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

from arbresearch.core import SchemaError, expected
from arbresearch.report import theme
from arbresearch.report.charts._axis import numbers, split, time_axis, times, wrapped
from arbresearch.report.charts._registry import ColumnKind, axes_or_new, chart
from arbresearch.report.charts.costs import plot_cost_waterfall
from arbresearch.report.charts.edges import legend_above
from arbresearch.report.envelope import envelope

__all__ = ["plot_backtest_waterfall", "plot_equity_curve"]

_DASHED: Final = (0, (5, 2))
_DOTTED: Final = (0, (1, 1.5))
_PARTS: Final[tuple[tuple[str, str, str, Any], ...]] = (
    ("profit_quote", "total", theme.INK, "-"),
    ("spread_quote", "spread", theme.PALETTE[0], "-"),
    ("inventory_quote", "inventory at the mark", theme.PALETTE[4], _DASHED),
    ("hedge_quote", "hedge", theme.PALETTE[3], _DOTTED),
)
_UNITS: Final = {"bps_of_notional": "bps of notional", "bps_day": "bps a day on capital", "profit_quote": "quote"}


@chart(
    "equity_curve",
    time_ns=ColumnKind.TIME,
    profit_quote=ColumnKind.NUMBER,
    spread_quote=ColumnKind.NUMBER,
    inventory_quote=ColumnKind.NUMBER,
    hedge_quote=ColumnKind.NUMBER,
    drawdown=ColumnKind.NUMBER,
)
def plot_equity_curve(
    frame: pl.DataFrame, *, currency: str = "quote", title: str = "Spread profit", ax: Axes | None = None
) -> Axes:
    """Draw the spread's profit alone, then all parts of the profit, then how far the spread was under water.

    Parameters
    ----------
    frame
        ``time_ns``, profits since the start in quote currency (``profit_quote`` is the sum of the parts), and
        ``drawdown`` from the highest point so far, a fraction in [-1, 0]. A part that is zero throughout is not drawn.
    currency
        Name of the quote currency.

    Returns
    -------
    matplotlib.axes.Axes
        The uppermost axes; the others share its figure.
    """
    upper, middle, lower = split(axes_or_new(ax, 6.6), 3)
    rows = frame.sort("time_ns", maintain_order=True)
    moments = times(rows, "time_ns")
    upper.plot(*envelope(moments, numbers(rows, "spread_quote")), color=theme.PALETTE[0])
    for column, label, colour, dashes in _PARTS:
        profit = numbers(rows, column)
        if column in ("profit_quote", "spread_quote") or np.any(profit != 0.0):
            middle.plot(*envelope(moments, profit), color=colour, linestyle=dashes, label=label)
    after, depth = envelope(moments, numbers(rows, "drawdown"))
    lower.fill_between(after, depth, 0.0, color=theme.PALETTE[1], alpha=0.3, linewidth=0.0)
    lower.plot(after, depth, color=theme.PALETTE[1], linewidth=0.9)
    deepest = np.nanmin(depth, initial=0.0)
    lower.set_ylim(1.08 * min(deepest, -1e-4), 0.0)
    lower.yaxis.set_major_formatter(PercentFormatter(xmax=1.0))
    for axes in (upper, middle, lower):
        axes.axhline(0.0, color=theme.MUTED, linewidth=0.9)
        time_axis(axes)
    upper.set(title=wrapped(title), ylabel=f"profit ({currency})")
    middle.set(title="All parts of the profit", ylabel=f"profit ({currency})")
    lower.set(title="Spread profit under water", ylabel="below its top")
    legend_above(middle)
    return upper


@chart(
    "backtest_waterfall",
    step=ColumnKind.TEXT,
    part=ColumnKind.TEXT,
    is_sum=ColumnKind.FLAG,
    profit_quote=ColumnKind.NUMBER,
)
def plot_backtest_waterfall(
    frame: pl.DataFrame,
    *,
    unit: str = "bps_of_notional",
    currency: str = "quote",
    title: str = "From gross to net",
    ax: Axes | None = None,
) -> Axes:
    """Draw how the gross edge at the decisions became the hedged spread profit; steps of nothing are left out.

    Parameters
    ----------
    frame
        ``step``, ``part``, ``is_sum`` and ``profit_quote`` of a backtest's waterfall; the steps of part ``spread`` are
        drawn from the top.
    unit
        Column to draw: ``bps_of_notional``, ``bps_day`` or ``profit_quote``.
    currency
        Name of the quote currency.

    Raises
    ------
    SchemaError
        Another unit, or a step that is not a finite number.
    """
    if unit not in _UNITS:
        raise SchemaError(expected("chart backtest_waterfall, unit", f"one of {', '.join(_UNITS)}", repr(unit)))
    steps = frame.filter((pl.col("part") == "spread") & ~pl.col("is_sum"))
    shown = steps.filter((pl.col("profit_quote") != 0.0) | (pl.int_range(pl.len()) == 0))
    items = shown.select(pl.col("step").alias("item"), pl.col(unit).alias("value_bps"))
    label = f"profit ({currency if unit == 'profit_quote' else _UNITS[unit]})"
    return plot_cost_waterfall(items, label=label, title=title, ax=axes_or_new(ax, 1.3 + 0.36 * (items.height + 1)))
