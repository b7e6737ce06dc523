"""Charts of a walk-forward: thresholds by fold, what was promised and kept, and what later data brought."""

from __future__ import annotations

import math

import numpy as np
import polars as pl
from matplotlib.axes import Axes
from numpy.typing import NDArray

from arbresearch.report import theme
from arbresearch.report.charts._axis import date_numbers, numbers, split, time_axis, times, wrapped
from arbresearch.report.charts._registry import ColumnKind, axes_or_new, chart
from arbresearch.report.charts.edges import legend_above
from arbresearch.report.envelope import envelope

__all__ = ["plot_out_of_sample", "plot_overfitting", "plot_walk_forward"]

_DASHED = (0, (4, 3))
_WAYS = (("sell_a", theme.PALETTE[0]), ("sell_b", theme.PALETTE[1]))
_BINS = 40


@chart(
    "walk_forward",
    test_start_ns=ColumnKind.TIME,
    test_end_ns=ColumnKind.TIME,
    sell_a_bps=ColumnKind.NUMBER,
    sell_a_low_bps=ColumnKind.NUMBER,
    sell_a_high_bps=ColumnKind.NUMBER,
    sell_b_bps=ColumnKind.NUMBER,
    sell_b_low_bps=ColumnKind.NUMBER,
    sell_b_high_bps=ColumnKind.NUMBER,
    in_sample_bps_day=ColumnKind.NUMBER,
    out_of_sample_bps_day=ColumnKind.NUMBER,
)
def plot_walk_forward(
    frame: pl.DataFrame,
    *,
    names: tuple[str, str] = ("A", "B"),
    title: str = "Thresholds over time",
    ax: Axes | None = None,
) -> Axes:
    """Draw the thresholds of each fold with their intervals, and below them what it promised and what it kept.

    Parameters
    ----------
    frame
        A row a fold: the time it is judged on (``test_start_ns`` to ``test_end_ns``), ``sell_a_bps`` and
        ``sell_b_bps`` with ``_low_`` and ``_high_`` of their intervals (NaN: none), ``in_sample_bps_day`` and
        ``out_of_sample_bps_day``. Infinite and unknown thresholds leave a hole: nothing is traded.
    names
        Of A and B.

    Returns
    -------
    matplotlib.axes.Axes
        The upper axes, of thresholds; the lower ones share its figure.
    """
    upper, lower = split(axes_or_new(ax, 5.2))
    starts, ends = (date_numbers(times(frame, name)) for name in ("test_start_ns", "test_end_ns"))
    width = ends - starts
    for place, ((way, colour), name) in enumerate(zip(_WAYS, names, strict=True)):
        values, low, high = (_finite(numbers(frame, f"{way}{part}_bps")) for part in ("", "_low", "_high"))
        label: str | None = f"sell on {name}"
        for start, end, value in zip(starts, ends, values, strict=True):
            if math.isfinite(value):
                upper.plot([start, end], [value, value], color=colour, linewidth=2.2, label=label)
                label = None
        known = np.isfinite(values) & np.isfinite(low) & np.isfinite(high)
        middle = (starts + (0.4 + 0.2 * place) * width)[known]
        upper.vlines(middle, low[known], high[known], color=colour, linewidth=1.1, alpha=0.8)
    traded = np.isfinite(numbers(frame, "sell_a_bps")) | np.isfinite(numbers(frame, "sell_b_bps"))
    for start, size in zip(starts[~traded], width[~traded], strict=True):
        upper.annotate("no trade", (start + 0.5 * size, 0.06), xycoords=("data", "axes fraction"), ha="center",
                       fontsize=9, color=theme.MUTED)  # fmt: skip
    if not traded.any():
        upper.set_yticks([])
    for column, shift, colour, label in (
        ("in_sample_bps_day", 0.1, theme.BAD, "where it was chosen"),
        ("out_of_sample_bps_day", 0.5, theme.PALETTE[2], "on later data"),
    ):
        lower.bar(starts + shift * width, numbers(frame, column), 0.4 * width, align="edge", color=colour, label=label)
    lower.axhline(0.0, color=theme.MUTED, linewidth=0.9)
    for axes in (upper, lower):
        if len(starts):
            axes.set_xlim(starts.min() - 0.03 * (ends.max() - starts.min()), ends.max())
        time_axis(axes)
    upper.set(title=wrapped(title), ylabel="net edge (bps)")
    lower.set(title="Promised and kept", ylabel="of capital (bps a day)")
    legend_above(upper)
    legend_above(lower)
    return upper


@chart("out_of_sample", time_ns=ColumnKind.TIME, profit_bps=ColumnKind.NUMBER)
def plot_out_of_sample(
    frame: pl.DataFrame,
    *,
    mean_bps_day: tuple[float, float, float] = (math.nan, math.nan, math.nan),
    confidence: float = 0.95,
    title: str = "Profit on data that nothing was chosen on",
    ax: Axes | None = None,
) -> Axes:
    """Draw cumulative profit out of sample, and the fan of straight lines that its mean allows.

    Parameters
    ----------
    frame
        ``time_ns`` (rising) and ``profit_bps``, of capital, cumulative from zero.
    mean_bps_day
        Mean a day with its interval; NaN draws no fan.
    confidence
        Of that interval.
    """
    axes = axes_or_new(ax)
    moments, profit = times(frame, "time_ns"), numbers(frame, "profit_bps")
    mean, low, high = mean_bps_day
    if len(moments) and math.isfinite(low) and math.isfinite(high):
        ends = np.array([moments[0], moments[-1]])
        days = np.array([0.0, (moments[-1] - moments[0]) / np.timedelta64(1, "D")])
        axes.fill_between(ends, low * days, high * days, color=theme.PALETTE[2], alpha=0.16, linewidth=0,
                          label=f"mean, {100.0 * confidence:.3g} % interval")  # fmt: skip
        axes.plot(ends, mean * days, color=theme.PALETTE[2], linewidth=1.0, linestyle=_DASHED, label="mean")
    axes.plot(*envelope(moments, profit), color=theme.PALETTE[2], label="profit")
    axes.axhline(0.0, color=theme.MUTED, linewidth=0.9)
    time_axis(axes)
    axes.set(title=wrapped(title), ylabel="of capital (bps, cumulative)")
    legend_above(axes)
    return axes


@chart("overfitting", logit=ColumnKind.NUMBER, in_sample=ColumnKind.NUMBER, out_of_sample=ColumnKind.NUMBER)
def plot_overfitting(
    frame: pl.DataFrame,
    *,
    probability: float = math.nan,
    title: str = "Where the best of one half ranks in the other",
    ax: Axes | None = None,
) -> Axes:
    """Draw how the best setting of one half of the time does in the other half, over all ways to halve it.

    Parameters
    ----------
    frame
        A row a split: ``logit`` of its rank out of sample (zero or less: the lower half), and its Sharpe ratio per
        block ``in_sample`` and ``out_of_sample``; infinite and unknown ratios are left out.
    probability
        Of over-fitting, written into the chart; NaN writes nothing.

    Returns
    -------
    matplotlib.axes.Axes
        The upper axes, of logits; the lower ones share its figure.
    """
    upper, lower = split(axes_or_new(ax, 5.0))
    logits = numbers(frame, "logit")
    logits = logits[np.isfinite(logits)]
    if len(logits):
        reach = 1.02 * max(float(np.abs(logits).max()), 1e-9)
        edges = np.linspace(-reach, reach, _BINS + 1)
        counts, _ = np.histogram(logits, edges)
        colours = [theme.PALETTE[1] if right <= 0.0 else theme.PALETTE[0] for right in edges[1:]]
        upper.bar(edges[:-1], counts / len(logits), np.diff(edges), align="edge", color=colours)
    upper.axvline(0.0, color=theme.INK, linewidth=1.0)
    if math.isfinite(probability):
        upper.annotate(f"worse than the middle: {100.0 * probability:.1f} %", (0.02, 0.94), xycoords="axes fraction",
                       va="top", fontsize=9, color=theme.PALETTE[1])  # fmt: skip
    both = np.concatenate([numbers(frame, "in_sample"), numbers(frame, "out_of_sample")])
    known = both[np.isfinite(both)]
    if len(known):
        edges = np.linspace(known.min(), max(known.max(), known.min() + 1e-9), _BINS + 1)
        for column, colour, label in (
            ("in_sample", theme.BAD, "promised"),
            ("out_of_sample", theme.PALETTE[2], "kept"),
        ):
            values = numbers(frame, column)
            counts, _ = np.histogram(values[np.isfinite(values)], edges)
            lower.stairs(counts / max(counts.sum(), 1), edges, fill=True, color=colour, alpha=0.65, label=label)
    lower.axvline(0.0, color=theme.INK, linewidth=1.0)
    upper.set(title=wrapped(title), xlabel="logit of the rank in the other half", ylabel="share of splits")
    lower.set(title="Sharpe ratio of the best of one half", xlabel="Sharpe ratio per block of time",
              ylabel="share of splits")  # fmt: skip
    legend_above(lower)
    return upper


def _finite(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(np.isfinite(values), values, np.nan)
