"""Charts of episodes: how long they last, and how high they go."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter
from numpy.typing import NDArray

from arbresearch.report import theme
from arbresearch.report.charts._axis import duration_axis, duration_text, labels, numbers, wrapped
from arbresearch.report.charts._registry import ColumnKind, axes_or_new, chart
from arbresearch.report.charts.edges import legend_above

__all__ = ["plot_episodes", "plot_survival"]


@chart(
    "survival", time_s=ColumnKind.NUMBER, survival=ColumnKind.NUMBER, lower=ColumnKind.NUMBER, upper=ColumnKind.NUMBER
)
def plot_survival(
    frame: pl.DataFrame,
    *,
    latencies_s: Sequence[float] = (),
    title: str = "How long an edge lasts",
    ax: Axes | None = None,
) -> Axes:
    """Draw Kaplan-Meier survival curves with their interval bands over a logarithmic time axis.

    Parameters
    ----------
    frame
        ``time_s`` (ascending), ``survival``, ``lower``, ``upper`` in [0, 1]; each value holds from its time on.
        With a text column ``group``, a curve for each. Rows at time 0 set the level at the left edge.
    latencies_s
        Latencies marked with a vertical line.
    """
    axes = axes_or_new(ax)
    positive = frame.filter(pl.col("time_s") > 0)["time_s"]
    marks = [latency for latency in latencies_s if latency > 0]
    low = min([float(positive.min() or 1.0), *marks]) / 1.5  # type: ignore[arg-type]
    high = max([float(positive.max() or 1.0), *marks]) * 1.1  # type: ignore[arg-type]
    groups = labels(frame, "group") if "group" in frame.columns else [""]
    for group, colour in zip(groups, theme.PALETTE * len(groups), strict=False):
        rows = frame.filter(pl.col("group").cast(pl.String) == group) if group else frame
        if not len(rows):
            continue
        time, *curves = _steps(rows, low, high)
        axes.fill_between(time, curves[1], curves[2], step="post", color=colour, alpha=0.18, linewidth=0)
        axes.plot(time, curves[0], drawstyle="steps-post", color=colour, label=group or "survival, 95 % interval")
    for latency in marks:
        axes.axvline(latency, color=theme.MUTED, linewidth=1.0, linestyle=(0, (4, 3)))
        axes.annotate(
            duration_text(latency),
            (latency, 1),
            xycoords=("data", "axes fraction"),
            xytext=(3, -2),
            textcoords="offset points",
            va="top",
            fontsize=9,
            color=theme.MUTED,
        )
    duration_axis(axes, low, high)
    axes.set_ylim(0, 1.02)
    axes.yaxis.set_major_formatter(PercentFormatter(xmax=1.0))
    axes.set(title=wrapped(title), xlabel="time after the start of an episode (log)", ylabel="share still open")
    if len(frame):
        legend_above(axes)
    return axes


@chart("episodes", duration_s=ColumnKind.NUMBER, peak_bps=ColumnKind.NUMBER)
def plot_episodes(frame: pl.DataFrame, *, title: str = "Episodes: duration and peak", ax: Axes | None = None) -> Axes:
    """Scatter episodes by duration and peak edge; the points are an image inside the SVG.

    Parameters
    ----------
    frame
        ``duration_s`` and ``peak_bps``; with a text column ``direction``, a colour for each. Durations of zero are
        drawn at the left edge.
    """
    axes = axes_or_new(ax)
    rows = frame.filter(pl.col("duration_s").is_not_null() & pl.col("peak_bps").is_not_null())
    positive = rows.filter(pl.col("duration_s") > 0)["duration_s"]
    low = float(positive.min() or 1.0) / 1.5  # type: ignore[arg-type]
    high = float(positive.max() or 1.0) * 1.5  # type: ignore[arg-type]
    groups = labels(rows, "direction") if "direction" in rows.columns else [""]
    markers = ("o", "^", "s", "D")
    for index, (group, colour) in enumerate(zip(groups, theme.PALETTE * len(groups), strict=False)):
        chosen = rows.filter(pl.col("direction").cast(pl.String) == group) if group else rows
        if len(chosen):
            axes.scatter(
                np.maximum(numbers(chosen, "duration_s"), low),
                numbers(chosen, "peak_bps"),
                s=14,
                alpha=0.45,
                linewidths=0,
                color=colour,
                marker=markers[index % 4],
                label=group or None,
                rasterized=True,
            )
    duration_axis(axes, low, high)
    axes.set(title=wrapped(title), xlabel="duration (log)", ylabel="peak edge (bps)")
    legend_above(axes)
    return axes


def _steps(rows: pl.DataFrame, low: float, high: float) -> tuple[NDArray[np.float64], ...]:
    """Extend each curve to both ends of the axis: what holds before the first step, and after the last."""
    ordered = rows.sort("time_s")
    columns = [numbers(ordered, name) for name in ("survival", "lower", "upper")]
    time = numbers(ordered, "time_s")
    before = time <= 0
    starts = [column[before][-1] if before.any() else 1.0 for column in columns]
    extended = [
        np.concatenate([[start], column[~before], [column[-1]]]) for start, column in zip(starts, columns, strict=True)
    ]
    return np.concatenate([[low], time[~before], [high]]), *extended
