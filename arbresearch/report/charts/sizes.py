"""Charts of order sizes: what a larger one earns, and what bounds it."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import polars as pl
from matplotlib.axes import Axes

from arbresearch.report import theme
from arbresearch.report.charts._axis import numbers, plain, wrapped
from arbresearch.report.charts._registry import ColumnKind, axes_or_new, chart
from arbresearch.report.charts.edges import legend_above

__all__ = ["plot_order_sizes"]

_STYLES = ((0, (5, 2)), (0, (1, 1.5)), (0, (5, 2, 1, 2)), (0, (8, 3)), (0, (3, 2, 1, 2, 1, 2)))
_COLOURS = (theme.PALETTE[1], theme.PALETTE[3], theme.PALETTE[4], theme.PALETTE[5], theme.PALETTE[6])


@chart(
    "order_sizes",
    order_quote=ColumnKind.NUMBER,
    profit_quote_day=ColumnKind.NUMBER,
    standard_error=ColumnKind.NUMBER,
    fitted_quote_day=ColumnKind.NUMBER,
)
def plot_order_sizes(
    frame: pl.DataFrame,
    *,
    bounds: Mapping[str, float] | None = None,
    chosen_quote: float = math.nan,
    currency: str = "quote",
    title: str = "Profit by order size",
    ax: Axes | None = None,
) -> Axes:
    """Draw profit a day against the size of an order, with what bounds it.

    Parameters
    ----------
    frame
        ``order_quote`` (ascending), ``profit_quote_day`` of the backtests with its ``standard_error`` (NaN: none) and
        ``fitted_quote_day`` of the concave curve through them.
    bounds
        Largest size by what bounds it; those that are not finite are left out, those beyond the sizes tried are
        written with an arrow in the legend and not drawn.
    chosen_quote
        The size that was chosen; NaN marks nothing.
    currency
        Name of the quote currency.
    """
    axes = axes_or_new(ax, 3.4)
    sizes, profit, error = (numbers(frame, name) for name in ("order_quote", "profit_quote_day", "standard_error"))
    known = np.isfinite(error)
    axes.vlines(sizes[known], (profit - 2.0 * error)[known], (profit + 2.0 * error)[known], color=theme.PALETTE[0],
                linewidth=1.1)  # fmt: skip
    axes.plot(sizes, profit, linestyle="", marker="o", markersize=5, color=theme.PALETTE[0],
              label="backtests, 2 standard errors")  # fmt: skip
    axes.plot(sizes, numbers(frame, "fitted_quote_day"), color=theme.PALETTE[0], label="concave fit")
    axes.axhline(0.0, color=theme.MUTED, linewidth=0.9)
    reach = float(sizes.max()) * 1.08 if len(sizes) else 0.0
    found = {name: size for name, size in (bounds or {}).items() if math.isfinite(size)}
    for number, (name, size) in enumerate(found.items()):
        style, colour = _STYLES[number % len(_STYLES)], _COLOURS[number % len(_COLOURS)]
        beyond = size > reach
        label = f"{name}: {plain(size, 0)}{' →' if beyond else ''}"
        axes.plot([] if beyond else [size, size], [] if beyond else [0, 1], transform=axes.get_xaxis_transform(),
                  color=colour, linewidth=1.4, linestyle=style, label=label)  # fmt: skip
    if math.isfinite(chosen_quote):
        axes.axvline(chosen_quote, color=theme.INK, linewidth=2.0, label=f"chosen: {plain(chosen_quote, 0)}")
    if reach > 0.0:
        axes.set_xlim(0.0, reach)
    axes.set(title=wrapped(title), xlabel=f"size of an order ({currency})", ylabel=f"profit ({currency} a day)")
    legend_above(axes)
    return axes
