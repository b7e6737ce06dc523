"""Charts of a directed edge: over time, and how it is distributed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter
from numpy.typing import NDArray

from arbresearch.core import SchemaError, expected
from arbresearch.report import theme
from arbresearch.report.charts._axis import finite_range, numbers, time_axis, times, wrapped
from arbresearch.report.charts._registry import CHARTS, ColumnKind, axes_or_new, chart
from arbresearch.report.envelope import envelope

__all__ = ["plot_edge_distribution", "plot_edge_over_time"]

_LINE = 72
"""Characters of legend that fit the width of a chart."""


@chart("edge_over_time", recv_ns=ColumnKind.TIME)
def plot_edge_over_time(
    frame: pl.DataFrame,
    *,
    series: Mapping[str, str] | None = None,
    thresholds_bps: Sequence[float] = (),
    title: str = "Edge over time",
    points: int = 2000,
    ax: Axes | None = None,
) -> Axes:
    """Draw edges over time, each reduced to its min-max envelope.

    Parameters
    ----------
    frame
        ``recv_ns`` (ns UTC, ascending) and one column of basis points for each series; NaN and null leave a hole.
    series
        Column to label, in drawing order; all columns ending in ``_bps`` by default.
    thresholds_bps
        Levels drawn as dashed lines.
    points
        At most that many points a series are drawn; the exact extremes are among them.
    """
    found = [name for name in frame.columns if name.endswith("_bps")]
    chosen = dict(series) if series else {name: name.removesuffix("_bps").replace("_", " ") for name in found}
    _need(frame, "edge_over_time", chosen)
    axes = axes_or_new(ax)
    moments = times(frame, "recv_ns")
    for (column, label), colour in zip(chosen.items(), theme.PALETTE * len(chosen), strict=False):
        axes.plot(*envelope(moments, numbers(frame, column), points), color=colour, label=label, linewidth=0.9)
    for level in thresholds_bps:
        axes.axhline(level, color=theme.MUTED, linewidth=1.0, linestyle=(0, (4, 3)))
        axes.annotate(
            f"{level:g} bps",
            (1, level),
            xycoords=("axes fraction", "data"),
            xytext=(0, 2),
            textcoords="offset points",
            ha="right",
            va="bottom",
            fontsize=9,
            color=theme.MUTED,
        )
    axes.axhline(0.0, color=theme.MUTED, linewidth=0.8)
    axes.set(title=wrapped(title), ylabel="edge (bps)")
    time_axis(axes)
    if len(chosen) > 1 or series:
        legend_above(axes)
    return axes


@chart("edge_distribution")
def plot_edge_distribution(
    frame: pl.DataFrame,
    *,
    series: Mapping[str, str] | None = None,
    kind: str = "density",
    bins: int = 80,
    title: str = "Edge distribution, gross and net",
    ax: Axes | None = None,
) -> Axes:
    """Draw how edges are distributed: as a histogram (``density``) or as the share above each level (``above``).

    The axis spans all but the outermost 0.1 % of values at each end; what lies outside is counted, not drawn.

    Parameters
    ----------
    frame
        One column of basis points for each series.
    series
        Column to label; ``gross_bps`` and ``net_bps`` by default.
    """
    chosen = dict(series) if series else {"gross_bps": "gross", "net_bps": "net of fees"}
    _need(frame, "edge_distribution", chosen)
    if kind not in ("density", "above"):
        raise SchemaError(expected("chart edge_distribution, kind", "'density' or 'above'", repr(kind)))
    axes = axes_or_new(ax)
    columns = {name: _finite(numbers(frame, name)) for name in chosen}
    low, high = finite_range(np.concatenate(list(columns.values())))
    for (name, label), colour in zip(chosen.items(), theme.PALETTE * len(chosen), strict=False):
        values = columns[name]
        if not len(values):
            continue
        if kind == "density":
            counts, edges = np.histogram(values, bins=np.linspace(low, high, bins + 1))
            axes.stairs(counts / len(values), edges, color=colour, fill=True, alpha=0.22)
            axes.stairs(counts / len(values), edges, color=colour, label=label)
        else:
            levels = np.linspace(low, high, 400)
            above = 1 - np.searchsorted(np.sort(values), levels, side="right") / len(values)
            axes.plot(levels, above, color=colour, label=label, drawstyle="steps-post")
    axes.axvline(0.0, color=theme.MUTED, linewidth=0.9)
    share = "share of updates" if kind == "density" else "share of updates above"
    axes.set(title=wrapped(title), xlabel="edge (bps)", ylabel=share)
    axes.set_xlim(low, high)
    axes.yaxis.set_major_formatter(PercentFormatter(xmax=1.0))
    axes.set_ylim(bottom=0)
    legend_above(axes)
    return axes


def _need(frame: pl.DataFrame, name: str, chosen: Mapping[str, str]) -> None:
    if not chosen:
        has = ", ".join(frame.columns)
        raise SchemaError(expected(f"chart {name}", "at least one column of basis points (*_bps)", has))
    for column in chosen:
        if column not in frame.columns or not (frame.schema[column].is_numeric() or frame.schema[column] == pl.Null):
            raise SchemaError(expected(f"chart {name}", f"a column {column!r} of numbers", dict(frame.schema)))
    CHARTS[name].check(frame)


def _finite(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return values[np.isfinite(values)]


def legend_above(axes: Axes) -> None:
    """Put the legend between title and plot, where it hides nothing, in as few lines as its labels allow."""
    handles, labels = axes.get_legend_handles_labels()
    if handles:
        columns = max(1, min(len(labels), 4, _LINE // (max(map(len, labels)) + 6)))
        axes.legend(
            loc="lower left",
            bbox_to_anchor=(0.0, 1.0),
            ncols=columns,
            borderaxespad=0.0,
            borderpad=0.3,
            handlelength=1.4,
            columnspacing=1.4,
        )
        axes.set_title(axes.get_title("left"), pad=10.0 + 15.0 * -(-len(labels) // columns))
