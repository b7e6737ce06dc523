"""Capacity: what a larger order earns, and from which size on it earns nothing more."""

from __future__ import annotations

import math

import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter

from arbresearch.report import theme
from arbresearch.report.charts._axis import numbers, plain, split, wrapped
from arbresearch.report.charts._registry import ColumnKind, axes_or_new, chart
from arbresearch.report.envelope import envelope

__all__ = ["plot_capacity"]


@chart(
    "capacity",
    notional_quote=ColumnKind.NUMBER,
    profit_quote_day=ColumnKind.NUMBER,
    marginal_bps=ColumnKind.NUMBER,
)
def plot_capacity(
    frame: pl.DataFrame,
    *,
    capacity_quote: float = math.nan,
    is_floor: bool = False,
    title: str = "Capacity",
    ax: Axes | None = None,
) -> Axes:
    """Draw profit a day and marginal profit against the notional of an order, below one another.

    Parameters
    ----------
    frame
        ``notional_quote`` (ascending), ``profit_quote_day`` (quote currency a day) and ``marginal_bps`` (of the last
        unit of notional).
    capacity_quote
        The notional at which marginal profit is zero, marked in both; NaN and 0 mark nothing.
    is_floor
        Whether the recorded books ended before the profit did: the mark then reads "at least".

    Returns
    -------
    matplotlib.axes.Axes
        The upper axes, of profit; the lower ones share its figure.
    """
    upper, lower = split(axes_or_new(ax, 4.6))
    notional = numbers(frame, "notional_quote")
    for axes, column, colour in (
        (upper, "profit_quote_day", theme.PALETTE[0]),
        (lower, "marginal_bps", theme.PALETTE[1]),
    ):
        axes.plot(*envelope(notional, numbers(frame, column)), color=colour, marker="o", markersize=3.5)
        axes.axhline(0.0, color=theme.MUTED, linewidth=0.9)
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))
        positive = notional[notional > 0]
        if len(positive) > 1 and positive.max() > 30.0 * positive.min():
            axes.set_xscale("log")
            axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))
        if capacity_quote > 0.0 and math.isfinite(capacity_quote):
            axes.axvline(capacity_quote, color=theme.MUTED, linewidth=1.0, linestyle=(0, (4, 3)))
    if capacity_quote > 0.0 and math.isfinite(capacity_quote):
        words = f"{'at least ' if is_floor else ''}{plain(capacity_quote, 0)}"
        right = len(notional) > 0 and capacity_quote > np.nanmedian(notional)
        lower.annotate(
            words, (capacity_quote, 1), xycoords=("data", "axes fraction"), xytext=(-4 if right else 4, -2),
            textcoords="offset points", ha="right" if right else "left", va="top", fontsize=9, color=theme.MUTED,
        )  # fmt: skip
    upper.set(title=wrapped(f"{title}: profit a day"), xlabel="notional of an order (quote)", ylabel="quote a day")
    lower.set(title="Profit of the last unit", xlabel="notional of an order (quote)", ylabel="marginal profit (bps)")
    return upper
