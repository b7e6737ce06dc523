"""Charts of signals: their context over time, whether confidence means what it says, and what it pays."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator, PercentFormatter

from arbresearch.report import theme
from arbresearch.report.charts._axis import numbers, split, time_axis, times, wrapped
from arbresearch.report.charts._registry import ColumnKind, axes_or_new, chart
from arbresearch.report.charts.edges import legend_above
from arbresearch.report.envelope import envelope

__all__ = ["plot_confidence_payoff", "plot_reliability", "plot_signal_context"]

_RANKS = 240
"""Points of a rank that are drawn: it goes from end to end within a few samples."""
_MINUTE_S = 60.0
_CORNER = 0.3
"""Chances that all lie above this are drawn without the empty part of the square."""
_DASHED = (0, (4, 3))
_WAYS = (("ab", "sell A", theme.PALETTE[0]), ("ba", "sell B", theme.PALETTE[1]))


@chart(
    "signal_context",
    recv_ns=ColumnKind.TIME,
    direction=ColumnKind.TEXT,
    edge_bps=ColumnKind.NUMBER,
    mean_bps=ColumnKind.NUMBER,
    sd_bps=ColumnKind.NUMBER,
    percentile=ColumnKind.NUMBER,
    trend_t=ColumnKind.NUMBER,
    half_life_s=ColumnKind.NUMBER,
)
def plot_signal_context(
    frame: pl.DataFrame,
    *,
    names: tuple[str, str] = ("A", "B"),
    thresholds_bps: tuple[float, float] | None = None,
    title: str = "Edges and their context",
    points: int = 1_500,
    ax: Axes | None = None,
) -> Axes:
    """Draw both net edges with the band of a horizon, and below it their percentile, trend and half-life.

    Parameters
    ----------
    frame
        A row an update and direction: ``recv_ns`` (rising), ``direction`` (``ab`` sells on A, ``ba`` on B),
        ``edge_bps``, ``mean_bps`` and ``sd_bps`` of the horizon, ``percentile`` in [0, 1], ``trend_t`` and
        ``half_life_s``; NaN and null leave a hole.
    names
        Of A and B.
    thresholds_bps
        Of selling on A and on B, drawn as dashed lines.
    points
        At most that many points a line are drawn; the exact extremes are among them.

    Returns
    -------
    matplotlib.axes.Axes
        The uppermost axes, of edges; the lower ones share its figure.
    """
    edge, rank, trend, life = all_axes = split(axes_or_new(ax, 8.6), 4)
    lives = numbers(frame, "half_life_s")
    unit, unit_s = ("min", 60.0) if np.isfinite(lives).any() and np.nanmedian(lives) >= _MINUTE_S else ("s", 1.0)
    for (way, _, colour), name in zip(_WAYS, names, strict=True):
        rows = frame.filter(pl.col("direction") == way)
        moments, mean, sd = times(rows, "recv_ns"), numbers(rows, "mean_bps"), numbers(rows, "sd_bps")
        step = max(1, -(-rows.height // points))
        edge.fill_between(
            moments[::step], (mean - 2.0 * sd)[::step], (mean + 2.0 * sd)[::step], color=colour, alpha=0.16, linewidth=0
        )
        edge.plot(*envelope(moments, numbers(rows, "edge_bps"), points), color=colour, linewidth=0.8,
                  label=f"sell on {name}")  # fmt: skip
        edge.plot(moments[::step], mean[::step], color=colour, linewidth=1.0, linestyle=_DASHED)
        few = max(1, -(-rows.height // _RANKS))
        rank.plot(moments[::few], numbers(rows, "percentile")[::few], color=colour, linewidth=0.8)
        trend.plot(moments[::step], numbers(rows, "trend_t")[::step], color=colour, linewidth=1.0)
        life.plot(moments[::step], numbers(rows, "half_life_s")[::step] / unit_s, color=colour, linewidth=1.0)
    for level in sorted(set(thresholds_bps or ())):
        label = f"enter above {level:g} bps"
        edge.axhline(level, color=theme.INK, linewidth=1.0, linestyle=(0, (1, 2)), label=label)
    edge.axhline(0.0, color=theme.MUTED, linewidth=0.8)
    trend.axhline(0.0, color=theme.MUTED, linewidth=0.8)
    for level in (-2.0, 2.0):
        trend.axhline(level, color=theme.MUTED, linewidth=0.8, linestyle=_DASHED)
    edge.set(title=wrapped(title), ylabel="net edge (bps)")
    rank.set(title="Rank of the present edge", ylabel="percentile", ylim=(-0.02, 1.02))
    rank.yaxis.set_major_formatter(PercentFormatter(xmax=1.0))
    trend.set(title="Trend", ylabel="t-value of the slope")
    life.set(title="Half-life of the fitted process", ylabel=f"half-life ({unit})")
    _log_where_wide(life)
    for axes in all_axes:
        time_axis(axes)
        axes.set_xlim(edge.get_xlim())
    legend_above(edge)
    return edge


@chart(
    "reliability",
    confidence=ColumnKind.NUMBER,
    observed=ColumnKind.NUMBER,
    lower=ColumnKind.NUMBER,
    upper=ColumnKind.NUMBER,
)
def plot_reliability(
    frame: pl.DataFrame,
    *,
    name: str = "calibrated, held out",
    others: Mapping[str, pl.DataFrame | None] | None = None,
    title: str = "Does confidence mean what it says?",
    ax: Axes | None = None,
) -> Axes:
    """Draw the share of signals that came back against the confidence that was stated, by bins.

    Parameters
    ----------
    frame
        ``confidence`` (mean of the bin), ``observed`` and its interval ``lower`` and ``upper``, all in [0, 1]; NaN
        where there is no interval.
    name
        Of it in the legend.
    others
        Name to ``confidence`` and ``observed`` of other forecasts, drawn without intervals; None is left out.
    """
    axes = axes_or_new(ax, 4.4)
    axes.plot([0, 1], [0, 1], color=theme.MUTED, linewidth=1.0, linestyle=_DASHED, label="as stated")
    stated, seen = numbers(frame, "confidence"), numbers(frame, "observed")
    error = np.nan_to_num(np.stack([seen - numbers(frame, "lower"), numbers(frame, "upper") - seen]))
    lowest = [stated, seen - error[0]]
    known = {key: one for key, one in (others or {}).items() if one is not None}
    for (key, other), colour, mark in zip(known.items(), theme.PALETTE[1:], "s^Dv", strict=False):
        x, y = numbers(other, "confidence"), numbers(other, "observed")
        axes.plot(x, y, color=colour, marker=mark, markersize=4, linewidth=1.0, label=key)
        lowest += [x, y]
    axes.errorbar(
        stated, seen, yerr=np.maximum(error, 0.0), color=theme.PALETTE[0], marker="o", markersize=5, capsize=2.5,
        elinewidth=0.9, label=name, zorder=3,
    )  # fmt: skip
    values = np.concatenate(lowest)
    low = float(np.nanmin(values)) if np.isfinite(values).any() else 0.0
    # As much of the square as there is something in: where nearly all come back, that is its upper corner.
    low = max(0.0, np.floor(10.0 * (low - 0.02)) / 10.0) if low > _CORNER else 0.0
    pad = 0.02 * (1.0 - low)
    axes.set(
        title=wrapped(title), xlabel="confidence stated", ylabel="share that came back in time",
        xlim=(low - pad, 1.0 + pad), ylim=(low - pad, 1.0 + pad), aspect="equal",
    )  # fmt: skip
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))
        axis.set_major_formatter(PercentFormatter(xmax=1.0, decimals=0))
    axes.legend(loc="upper left")
    return axes


@chart(
    "confidence_payoff",
    bucket=ColumnKind.TEXT,
    signals=ColumnKind.COUNT,
    change_bps=ColumnKind.NUMBER,
    round_trip_bps=ColumnKind.NUMBER,
    change_error_bps=ColumnKind.NUMBER,
    round_trip_error_bps=ColumnKind.NUMBER,
)
def plot_confidence_payoff(frame: pl.DataFrame, *, title: str = "What confidence pays", ax: Axes | None = None) -> Axes:
    """Draw by confidence how far the edge fell afterwards, and what entering and leaving brought after all costs.

    Parameters
    ----------
    frame
        From the least confident: ``bucket``, ``signals``, ``change_bps`` (mean change of the edge), ``round_trip_bps``
        (mean) and the half width of their intervals, ``change_error_bps`` and ``round_trip_error_bps``; NaN for none.

    Returns
    -------
    matplotlib.axes.Axes
        The upper axes, of the change; the lower ones share its figure.
    """
    upper, lower = split(axes_or_new(ax, 5.2))
    places = np.arange(frame.height)
    for axes, column in ((upper, "change"), (lower, "round_trip")):
        value = numbers(frame, f"{column}_bps")
        good = value < 0.0 if column == "change" else value > 0.0
        axes.bar(
            places, np.nan_to_num(value), width=0.62, yerr=np.nan_to_num(numbers(frame, f"{column}_error_bps")),
            color=np.where(good, theme.PALETTE[2], theme.PALETTE[1]).tolist(), ecolor=theme.INK, capsize=2.5,
            error_kw={"elinewidth": 0.9},
        )  # fmt: skip
        axes.axhline(0.0, color=theme.MUTED, linewidth=0.9)
        axes.grid(axis="x", visible=False)
        axes.set_xticks(places, [str(one) for one in frame["bucket"]])
        axes.set_xlim(-0.6, max(frame.height, 1) - 0.4)
    upper.set(title=wrapped(title), xlabel="confidence", ylabel="edge, later less now (bps)")
    lower.set(title="In and out again, net of all costs", xlabel="confidence", ylabel="round trip (bps)")
    return upper


def _log_where_wide(axes: Axes) -> None:
    values = np.concatenate([np.asarray(line.get_ydata(), dtype=np.float64) for line in axes.lines] or [np.empty(0)])
    known = values[np.isfinite(values) & (values > 0.0)]
    if known.size and known.max() > 30.0 * known.min():
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(numticks=5))
        axes.yaxis.set_minor_locator(NullLocator())
        axes.yaxis.set_major_formatter("{x:g}")
