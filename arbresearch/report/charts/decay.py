"""Charts of time: what latency takes from a profit, and how the profit came together."""

from __future__ import annotations

import math

import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

from arbresearch.report import theme
from arbresearch.report.charts._axis import duration_text, labels, numbers, split, time_axis, times, wrapped
from arbresearch.report.charts._registry import ColumnKind, axes_or_new, chart
from arbresearch.report.charts.edges import legend_above
from arbresearch.report.envelope import envelope

__all__ = ["plot_block_profit", "plot_latency_decay"]

_DAY_S = 86_400.0
_MARKERS = ("o", "^", "s", "D", "v", "P", "X")


@chart(
    "latency_decay",
    pair=ColumnKind.TEXT,
    latency_s=ColumnKind.NUMBER,
    mean_bps_day=ColumnKind.NUMBER,
    survival=ColumnKind.NUMBER,
)
def plot_latency_decay(
    frame: pl.DataFrame,
    *,
    latency_s: float = math.nan,
    title: str = "What latency costs",
    ax: Axes | None = None,
) -> Axes:
    """Draw profit a day against latency, and below it the share of episodes that are still open by then.

    Parameters
    ----------
    frame
        ``pair``, ``latency_s``, ``mean_bps_day`` (bps a day on capital) and ``survival`` in [0, 1]; a line a pair,
        seven at most.
    latency_s
        The latency that was assumed, seconds, marked in both; NaN marks nothing.

    Returns
    -------
    matplotlib.axes.Axes
        The upper axes, of profit; the lower ones share its figure.
    """
    upper, lower = split(axes_or_new(ax, 4.8))
    ordered = frame.sort("latency_s", maintain_order=True)
    for pair, colour, mark in zip(labels(frame, "pair"), theme.PALETTE, _MARKERS, strict=False):
        rows = ordered.filter(pl.col("pair").cast(pl.String) == pair)
        for axes, column in ((upper, "mean_bps_day"), (lower, "survival")):
            after, value = envelope(numbers(rows, "latency_s"), numbers(rows, column))
            axes.plot(after, value, color=colour, marker=mark, markersize=4, label=pair)
    reach = np.append(numbers(frame, "latency_s"), latency_s)
    share = numbers(frame, "survival")
    for axes in (upper, lower):
        axes.set_xlim(0.0, 1.04 * np.max(reach, where=np.isfinite(reach), initial=0.1))
        if math.isfinite(latency_s):
            axes.axvline(latency_s, color=theme.MUTED, linewidth=1.0, linestyle=(0, (4, 3)))
    if math.isfinite(latency_s):
        high = np.count_nonzero(share > 0.5) > np.count_nonzero(share <= 0.5)
        lower.annotate(
            f"assumed: {duration_text(latency_s)}", (latency_s, 0.0 if high else 1.0),
            xycoords=("data", "axes fraction"), xytext=(4, 4 if high else -2), textcoords="offset points",
            va="bottom" if high else "top", fontsize=9, color=theme.MUTED,
        )  # fmt: skip
    if not np.isfinite(share).any():
        lower.annotate("no episodes", (0.5, 0.5), xycoords="axes fraction", ha="center", va="center")
    upper.axhline(0.0, color=theme.MUTED, linewidth=0.9)
    upper.set(title=wrapped(title), xlabel="latency of an order (s)", ylabel="bps a day on capital")
    lower.set(title="Episodes still open", xlabel="latency of an order (s)", ylabel="share of episodes")
    lower.set_ylim(0, 1.04)
    lower.yaxis.set_major_formatter(PercentFormatter(xmax=1.0))
    if frame["pair"].n_unique() > 1:
        legend_above(upper)
    return upper


@chart("block_profit", start_ns=ColumnKind.TIME, profit_bps_day=ColumnKind.NUMBER)
def plot_block_profit(
    frame: pl.DataFrame,
    *,
    block_s: float = 900.0,
    mean_bps_day: float = math.nan,
    final_score: float = math.nan,
    title: str = "Profit as it came",
    ax: Axes | None = None,
) -> Axes:
    """Draw the profit of a pair's blocks added up over time, beside what its mean and its lower bound promise.

    Parameters
    ----------
    frame
        ``start_ns`` (ns UTC) and ``profit_bps_day`` (bps a day on capital) of each block; a block whose profit is
        not known adds nothing, neither to the sum nor to the lines.
    block_s
        Length of a block, seconds.
    mean_bps_day, final_score
        Slopes of the two lines, bps a day on capital; NaN draws none.
    """
    axes = axes_or_new(ax)
    rows = frame.sort("start_ns", maintain_order=True)
    profit = numbers(rows, "profit_bps_day")
    known = np.isfinite(profit)
    days = np.cumsum(known) * (block_s / _DAY_S)
    total = np.cumsum(np.where(known, profit, 0.0)) * (block_s / _DAY_S)
    moments = times(rows, "start_ns")
    axes.plot(*envelope(moments, total), color=theme.PALETTE[0], drawstyle="steps-post", label="blocks added up")
    for slope, label, colour, dashes in (
        (mean_bps_day, "mean", theme.PALETTE[2], (0, (5, 2))),
        (final_score, "lower bound", theme.PALETTE[1], (0, (1, 1.5))),
    ):
        if math.isfinite(slope):
            axes.plot(*envelope(moments, slope * days), color=colour, linestyle=dashes, label=label)
    axes.axhline(0.0, color=theme.MUTED, linewidth=0.9)
    axes.set(title=wrapped(title), ylabel="profit so far (bps of capital)")
    time_axis(axes)
    if len(rows):
        legend_above(axes)
    return axes
