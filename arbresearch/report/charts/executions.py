"""Charts of how orders fared: markouts, latency, and the three rules of filling."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

from arbresearch.report import theme
from arbresearch.report.charts._axis import (
    duration_axis,
    duration_text,
    numbers,
    plain,
    split,
    wrapped,
)
from arbresearch.report.charts._registry import ColumnKind, axes_or_new, chart
from arbresearch.report.charts.edges import legend_above

__all__ = ["plot_fill_rule_bracket", "plot_latency_sweep", "plot_markout_curve"]

_MARKERS: Final = ("o", "^", "s", "D", "v", "P", "X")


@chart(
    "markout_curve",
    role=ColumnKind.TEXT,
    reason=ColumnKind.TEXT,
    horizon_s=ColumnKind.NUMBER,
    fills=ColumnKind.COUNT,
    mean_bps=ColumnKind.NUMBER,
    standard_error_bps=ColumnKind.NUMBER,
)
def plot_markout_curve(frame: pl.DataFrame, *, title: str = "Prices after our fills", ax: Axes | None = None) -> Axes:
    """Draw how far the venue's price went our way after fills, with two standard errors each way.

    Parameters
    ----------
    frame
        ``role``, ``reason``, ``horizon_s``, ``fills``, ``mean_bps`` and ``standard_error_bps``; a line a role and
        reason, seven at most, those with most fills first.
    """
    axes = axes_or_new(ax)
    known = frame.filter(pl.col("fills") > 0).with_columns(kind=pl.format("{} {}", "role", "reason"))
    kinds = known.group_by("kind", maintain_order=True).agg(pl.col("fills").max()).sort("fills", descending=True)
    horizons = np.unique(numbers(known, "horizon_s"))
    lowest, highest = (horizons[0], horizons[-1]) if horizons.size else (0.1, 60.0)
    duration_axis(axes, lowest / 1.5, highest * 1.5)
    for place, ((kind, fills), colour, mark) in enumerate(
        zip(kinds.iter_rows(), theme.PALETTE, _MARKERS, strict=False)
    ):
        rows = known.filter(pl.col("kind") == kind).sort("horizon_s")
        error = np.nan_to_num(2.0 * numbers(rows, "standard_error_bps"))
        # Lines side by side, so that their bars do not hide one another.
        after = numbers(rows, "horizon_s") * 1.06 ** (place - 0.5 * (min(kinds.height, 7) - 1))
        axes.errorbar(
            after, numbers(rows, "mean_bps"), yerr=error, color=colour, marker=mark, markersize=4.5, capsize=2.5,
            elinewidth=0.9, label=f"{kind} ({fills:,})",
        )  # fmt: skip
    axes.axhline(0.0, color=theme.MUTED, linewidth=0.9)
    axes.set(title=wrapped(title), xlabel="time after the fill", ylabel="middle moved our way (bps)")
    legend_above(axes)
    return axes


@chart("latency_sweep", latency_s=ColumnKind.NUMBER, bps_day=ColumnKind.NUMBER, both_legs=ColumnKind.NUMBER)
def plot_latency_sweep(
    frame: pl.DataFrame, *, latency_s: float = math.nan, title: str = "Backtest by latency", ax: Axes | None = None
) -> Axes:
    """Draw profit a day against latency, and below it how often both legs filled.

    Parameters
    ----------
    frame
        ``latency_s``, ``bps_day`` (bps a day on capital) and ``both_legs``, the share of pairs whose legs filled
        alike, in [0, 1]; a row a backtest.
    latency_s
        The latency that is assumed elsewhere, seconds, marked in both; NaN marks nothing.

    Returns
    -------
    matplotlib.axes.Axes
        The upper axes, of profit; the lower ones share its figure.
    """
    upper, lower = split(axes_or_new(ax, 4.6))
    rows = frame.sort("latency_s", maintain_order=True)
    latency = numbers(rows, "latency_s")
    for axes, column, colour in ((upper, "bps_day", theme.PALETTE[0]), (lower, "both_legs", theme.PALETTE[2])):
        axes.plot(latency, numbers(rows, column), color=colour, marker="o", markersize=4)
        if math.isfinite(latency_s):
            axes.axvline(latency_s, color=theme.MUTED, linewidth=1.0, linestyle=(0, (4, 3)))
    if math.isfinite(latency_s):
        lower.annotate(
            f"assumed: {duration_text(latency_s)}", (latency_s, 0.0), xycoords=("data", "axes fraction"),
            xytext=(4, 4), textcoords="offset points", va="bottom", fontsize=9, color=theme.MUTED,
        )  # fmt: skip
    upper.axhline(0.0, color=theme.MUTED, linewidth=0.9)
    upper.set(title=wrapped(title), xlabel="latency of an order (s)", ylabel="bps a day on capital")
    lower.set(title="Both legs filled", xlabel="latency of an order (s)", ylabel="share of pairs")
    lower.set_ylim(0, 1.04)
    lower.yaxis.set_major_formatter(PercentFormatter(xmax=1.0))
    return upper


@chart("fill_rule_bracket", rule=ColumnKind.TEXT, bps_day=ColumnKind.NUMBER, fill_ratio=ColumnKind.NUMBER)
def plot_fill_rule_bracket(
    frame: pl.DataFrame, *, title: str = "Profit by rule of filling", ax: Axes | None = None
) -> Axes:
    """Draw the profit of one backtest under each rule by which resting orders fill.

    Parameters
    ----------
    frame
        ``rule``, from the most to the least hopeful, ``bps_day`` (bps a day on capital) and ``fill_ratio`` in [0, 1] of
        resting orders, NaN where none was sent.
    """
    axes = axes_or_new(ax, 1.3 + 0.42 * max(frame.height, 1))
    profit = numbers(frame, "bps_day")
    for row, (value, share) in enumerate(zip(profit, numbers(frame, "fill_ratio"), strict=True)):
        axes.barh(row, value, height=0.58, color=theme.PALETTE[2] if value > 0.0 else theme.PALETTE[1])
        filled = f", {100.0 * share:.0f} % filled" if math.isfinite(share) else ""
        axes.annotate(
            f"{plain(value, 2)}{filled}" if math.isfinite(value) else "not known",
            (max(value, 0.0) if math.isfinite(value) else 0.0, row),
            xytext=(4, 0), textcoords="offset points", va="center", fontsize=9.5,
        )  # fmt: skip
    axes.axvline(0.0, color=theme.MUTED, linewidth=0.9)
    axes.margins(x=0.3)
    axes.set_yticks(range(frame.height), [str(rule) for rule in frame["rule"]])
    axes.set_ylim(max(frame.height, 1) - 0.45, -0.55)
    axes.grid(axis="y", visible=False)
    axes.set(title=wrapped(title), xlabel="profit (bps a day on capital)", ylabel="resting orders fill by")
    return axes
