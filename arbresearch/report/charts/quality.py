"""Charts of data quality: what there is, where it has holes, and what the clocks say."""

from __future__ import annotations

import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from arbresearch.core.units import NS_PER_HOUR
from arbresearch.report import theme
from arbresearch.report.charts._axis import date_numbers, labels, numbers, time_axis, times, wrapped
from arbresearch.report.charts._registry import ColumnKind, axes_or_new, chart
from arbresearch.report.charts.edges import legend_above
from arbresearch.report.envelope import envelope

__all__ = ["plot_clock_offset", "plot_coverage", "plot_spans"]


@chart("coverage", stream=ColumnKind.TEXT, hour_ns=ColumnKind.TIME, rows=ColumnKind.COUNT)
def plot_coverage(frame: pl.DataFrame, *, limit: int = 40, title: str = "Coverage", ax: Axes | None = None) -> Axes:
    """Draw how many rows each stream has in each hour; hours without a row stay grey.

    Parameters
    ----------
    frame
        ``stream``, ``hour_ns`` (start of the hour, ns UTC) and ``rows``.
    limit
        At most that many streams are drawn, in order of first appearance; the title says when some are left out.
    """
    streams = labels(frame, "stream")
    shown = streams[:limit]
    if len(streams) > limit:
        title = f"{title}: the first {limit} of {len(streams)} streams"
    axes = axes_or_new(ax, _coverage_height_in(len(shown)))
    if shown:
        rows = frame.filter(pl.col("stream").cast(pl.String).is_in(shown))
        hours = rows["hour_ns"].cast(pl.Int64).to_numpy() // NS_PER_HOUR
        first, count = int(hours.min()), int(hours.max() - hours.min()) + 1
        position = {stream: index for index, stream in enumerate(shown)}
        grid = np.zeros((len(shown), count))
        lines = np.array([position[str(one)] for one in rows["stream"]], dtype=np.int64)
        np.add.at(grid, (lines, (hours - first).astype(np.int64)), rows["rows"].cast(pl.Float64).to_numpy())
        least = max(1.0, float(grid[grid > 0].min(initial=grid.max())))
        edges = date_numbers(((first + np.arange(count + 1)) * NS_PER_HOUR).astype("datetime64[ns]"))
        image = axes.pcolormesh(
            edges,
            np.arange(len(shown) + 1) - 0.5,
            np.ma.masked_less(grid, 1),
            cmap=theme.SEQUENTIAL.with_extremes(bad=theme.BAD),
            norm=LogNorm(least, max(2 * least, float(grid.max()))),
            rasterized=True,
        )
        bar = axes.figure.colorbar(image, ax=axes, pad=0.02, aspect=6.5 * _coverage_height_in(len(shown)))
        bar.set_label("rows an hour")
        bar.ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        bar.ax.yaxis.set_minor_locator(NullLocator())
        bar.ax.yaxis.set_major_formatter(FuncFormatter(lambda rows, _: f"{rows:,.0f}"))
        bar.outline.set_visible(False)
    axes.set_yticks(range(len(shown)), shown, fontsize=8.5)
    axes.invert_yaxis()
    axes.grid(visible=False)
    axes.set(title=wrapped(title), ylabel="stream")
    time_axis(axes)
    return axes


def _coverage_height_in(streams: int) -> float:
    return 1.5 + 0.2 * max(4, streams)


@chart("spans", stream=ColumnKind.TEXT, start_ns=ColumnKind.TIME, end_ns=ColumnKind.TIME, kind=ColumnKind.TEXT)
def plot_spans(
    frame: pl.DataFrame, *, limit: int = 30, title: str = "Gaps and stale spans", ax: Axes | None = None
) -> Axes:
    """Draw spans of time by stream, a colour for each kind: gaps, stale, crossed and the like.

    Parameters
    ----------
    frame
        ``stream``, ``start_ns``, ``end_ns`` (ns UTC) and ``kind``.
    limit
        At most that many streams are drawn, those with the longest total first.
    """
    length = (pl.col("end_ns") - pl.col("start_ns")).sum().alias("total_ns")
    totals = (
        frame.group_by("stream", maintain_order=True).agg(length).sort("total_ns", descending=True, maintain_order=True)
    )
    streams = [str(one) for one in totals["stream"]]
    shown = streams[:limit]
    if len(streams) > limit:
        title = f"{title}: the worst {limit} of {len(streams)} streams"
    axes = axes_or_new(ax, 1.45 + 0.24 * max(2, len(shown)))
    position = {stream: index for index, stream in enumerate(shown)}
    kinds = labels(frame, "kind")
    for kind, colour in zip(kinds, theme.PALETTE * len(kinds), strict=False):
        rows = frame.filter((pl.col("kind").cast(pl.String) == kind) & pl.col("stream").cast(pl.String).is_in(shown))
        if len(rows):
            start, end = date_numbers(times(rows, "start_ns")), date_numbers(times(rows, "end_ns"))
            heights = [position[str(stream)] for stream in rows["stream"]]
            axes.barh(
                heights, end - start, left=start, height=0.62, color=colour, edgecolor=colour, linewidth=0.8, label=kind
            )
    axes.set_yticks(range(len(shown)), shown, fontsize=8.5)
    axes.set_ylim(max(len(shown), 1) - 0.5, -0.5)
    axes.grid(axis="y", visible=False)
    axes.set(title=wrapped(title), ylabel="stream")
    axes.xaxis_date("UTC")
    time_axis(axes)
    legend_above(axes)
    return axes


@chart("clock_offset", recv_ns=ColumnKind.TIME, offset_ms=ColumnKind.NUMBER)
def plot_clock_offset(
    frame: pl.DataFrame, *, title: str = "Receive time less event time", points: int = 2000, ax: Axes | None = None
) -> Axes:
    """Draw the offset between two clocks over time, and its drift where the frame has one.

    Parameters
    ----------
    frame
        ``recv_ns`` (ns UTC, ascending) and ``offset_ms``; optional ``drift_ms``, the fitted line at the same times,
        and ``stream``, a colour for each.
    """
    axes = axes_or_new(ax)
    streams = labels(frame, "stream") if "stream" in frame.columns else [""]
    for stream, colour in zip(streams, theme.PALETTE * len(streams), strict=False):
        rows = frame.filter(pl.col("stream").cast(pl.String) == stream) if stream else frame
        offset = envelope(times(rows, "recv_ns"), numbers(rows, "offset_ms"), points)
        axes.plot(*offset, color=colour, linewidth=0.8, alpha=0.75, label=stream or "offset")
        if "drift_ms" in rows.columns:
            drift = envelope(times(rows, "recv_ns"), numbers(rows, "drift_ms"), points)
            name = "drift" if stream == streams[-1] else "_nolegend_"
            axes.plot(*drift, color=theme.INK, linestyle=(0, (5, 2)), linewidth=1.6, label=name)
    axes.set(title=wrapped(title), ylabel="offset (ms)")
    time_axis(axes)
    if len(streams) > 1 or "drift_ms" in frame.columns:
        legend_above(axes)
    return axes
