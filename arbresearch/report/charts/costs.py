"""The cost waterfall: from what a spread promises to what it leaves."""

from __future__ import annotations

import math

import polars as pl
from matplotlib.axes import Axes

from arbresearch.core import SchemaError, expected
from arbresearch.report import theme
from arbresearch.report.charts._axis import wrapped
from arbresearch.report.charts._registry import ColumnKind, axes_or_new, chart

__all__ = ["plot_cost_waterfall"]


@chart("cost_waterfall", item=ColumnKind.TEXT, value_bps=ColumnKind.NUMBER)
def plot_cost_waterfall(
    frame: pl.DataFrame,
    *,
    total: str = "net",
    label: str = "edge (bps)",
    title: str = "From gross to net",
    ax: Axes | None = None,
) -> Axes:
    """Draw how costs take a gross edge down to a net one.

    Parameters
    ----------
    frame
        ``item`` and ``value_bps``, from the top: the first row is the gross edge, every later one a signed change
        (a cost is negative). The last bar, named by ``total``, is their sum.
    label
        Of the values, with their unit.

    Raises
    ------
    SchemaError
        If a value is null or not finite: a sum of unknowns would be drawn as if it were known.
    """
    items = [str(item) for item in frame["item"]]
    values = frame["value_bps"].cast(pl.Float64).to_list()
    for item, value in zip(items, values, strict=True):
        if value is None or not math.isfinite(value):
            what = f"chart cost_waterfall, item {item!r}"
            raise SchemaError(expected(what, "a finite number of basis points", value))
    axes = axes_or_new(ax, 1.3 + 0.36 * (len(items) + 1))
    level, bars = 0.0, []
    for index, value in enumerate(values):
        colour = theme.PALETTE[0] if index == 0 else theme.PALETTE[1] if value < 0 else theme.PALETTE[2]
        bars.append((level, value, colour))
        level += value
    if bars:
        bars.append((0.0, level, theme.PALETTE[2] if level > 0 else theme.PALETTE[1]))
        items.append(total)
    for row, (start, value, colour) in enumerate(bars):
        axes.barh(row, value, left=start, height=0.62, color=colour)
        if row + 1 < len(bars):
            axes.plot([start + value] * 2, [row - 0.31, row + 1.31], color=theme.MUTED, linewidth=0.8)
        text = f"{value:,.2f}" if row in (0, len(bars) - 1) else f"{value:+,.2f}"
        axes.annotate(
            text.replace("-", "−"),
            (max(start, start + value), row),
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
            fontsize=9.5,
        )
    axes.axvline(0.0, color=theme.MUTED, linewidth=0.9)
    axes.margins(x=0.13)
    axes.set_yticks(range(len(items)), items)
    axes.set_ylim(max(len(bars), 1) - 0.45, -0.55)
    axes.grid(axis="y", visible=False)
    axes.set(title=wrapped(title), xlabel=label, ylabel="item")
    return axes
