"""Charts of how thresholds drift from week to week."""

from __future__ import annotations

import numpy as np
import polars as pl
from matplotlib.axes import Axes

from arbresearch.report import theme
from arbresearch.report.charts._axis import labels, numbers, split, time_axis, times, wrapped
from arbresearch.report.charts._registry import ColumnKind, axes_or_new, chart
from arbresearch.report.charts.edges import legend_above

__all__ = ["plot_threshold_drift"]

_WAYS = (("sell_a", "sell on A", theme.PALETTE[0], -1), ("sell_b", "sell on B", theme.PALETTE[1], 1))
_APART = np.timedelta64(4, "h")


@chart(
    "threshold_drift",
    week_ns=ColumnKind.TIME,
    pair=ColumnKind.TEXT,
    sell_a_bps=ColumnKind.NUMBER,
    sell_a_low_bps=ColumnKind.NUMBER,
    sell_a_high_bps=ColumnKind.NUMBER,
    sell_b_bps=ColumnKind.NUMBER,
    sell_b_low_bps=ColumnKind.NUMBER,
    sell_b_high_bps=ColumnKind.NUMBER,
)
def plot_threshold_drift(
    frame: pl.DataFrame, *, limit: int = 6, title: str = "Thresholds by week", ax: Axes | None = None
) -> Axes:
    """Draw the thresholds of each pair by week with their intervals, pairs below one another.

    Parameters
    ----------
    frame
        A row a pair and week: ``week_ns`` (its first moment), ``pair``, ``sell_a_bps`` and ``sell_b_bps`` with
        ``_low_`` and ``_high_`` of their intervals; what is not known is not drawn.
    limit
        Pairs drawn at most, in their order.

    Returns
    -------
    matplotlib.axes.Axes
        The uppermost axes; those of the other pairs share its figure.
    """
    pairs = labels(frame, "pair")[:limit]
    count = max(len(pairs), 1)
    all_axes = split(axes_or_new(ax, 0.8 + 2.0 * count), count) if count > 1 else (axes_or_new(ax),)
    weeks = times(frame.filter(pl.col("pair").is_in(pairs)), "week_ns")
    for axes, pair in zip(all_axes, pairs or [""], strict=True):
        rows = frame.filter(pl.col("pair") == pair).sort("week_ns")
        for way, name, colour, side in _WAYS:
            moments = times(rows, "week_ns") + side * _APART
            values, low, high = (numbers(rows, f"{way}{part}_bps") for part in ("", "_low", "_high"))
            known = np.isfinite(low) & np.isfinite(high) & np.isfinite(values)
            axes.vlines(moments[known], low[known], high[known], color=colour, linewidth=1.2, alpha=0.8)
            axes.plot(moments, np.where(np.isfinite(values), values, np.nan), color=colour, marker="o", markersize=4.5,
                      label=name)  # fmt: skip
        if len(weeks):
            axes.set_xlim(weeks.min() - np.timedelta64(3, "D"), weeks.max() + np.timedelta64(3, "D"))
        time_axis(axes)
        axes.set(title=pair, ylabel="net edge (bps)", xlabel="week (UTC)")
    all_axes[0].set_title(wrapped(f"{title}: {pairs[0]}" if pairs else title))
    legend_above(all_axes[0])
    return all_axes[0]
