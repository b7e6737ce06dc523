"""Charts of a grid of thresholds: its surface with the plateau, and a cut through it beside the theory."""

from __future__ import annotations

import math

import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from numpy.typing import NDArray

from arbresearch.core import SchemaError, expected
from arbresearch.report import theme
from arbresearch.report.charts._axis import numbers, plain, split, wrapped
from arbresearch.report.charts._registry import ColumnKind, axes_or_new, chart
from arbresearch.report.charts.edges import legend_above
from arbresearch.report.charts.matrices import fill_cells

__all__ = ["plot_threshold_profile", "plot_threshold_surface"]

_DASHED = (0, (4, 3))
_MOST_TICKS = 8


@chart(
    "threshold_surface",
    half_width_bps=ColumnKind.NUMBER,
    other=ColumnKind.NUMBER,
    profit_bps_day=ColumnKind.NUMBER,
    plateau=ColumnKind.FLAG,
    chosen=ColumnKind.FLAG,
)
def plot_threshold_surface(
    frame: pl.DataFrame,
    *,
    other: str = "order size (quote)",
    digits: int = 0,
    title: str = "Profit by threshold and size",
    ax: Axes | None = None,
) -> Axes:
    """Draw profit over half width and one other dimension of a grid, the plateau outlined, the choice marked.

    Parameters
    ----------
    frame
        A row a point: ``half_width_bps``, ``other``, ``profit_bps_day``, ``plateau`` (as good as the best) and
        ``chosen``; places without a row stay grey.
    other, digits
        Name of the other dimension with its unit, and decimals of its values.

    Raises
    ------
    SchemaError
        Two rows at one place.
    """
    if frame.select("half_width_bps", "other").is_duplicated().any():
        raise SchemaError(expected("chart threshold_surface", "one row for each place", "several for one"))
    widths, others = (np.unique(numbers(frame, name)) for name in ("half_width_bps", "other"))
    column, row = (np.searchsorted(values, numbers(frame, name))
                   for values, name in ((widths, "half_width_bps"), (others, "other")))  # fmt: skip
    grid = np.full((len(others), len(widths)), np.nan)
    grid[row, column] = numbers(frame, "profit_bps_day")
    inside = np.zeros(grid.shape, dtype=bool)
    inside[row, column] = frame["plateau"].fill_null(value=False).to_numpy()
    axes = axes_or_new(ax, 1.6 + 0.3 * min(max(len(others), 3), 10))
    fill_cells(axes, grid, "profit (bps a day)")
    axes.invert_yaxis()
    axes.add_collection(LineCollection(_outline(inside), colors="white", linewidths=4.0))
    axes.add_collection(LineCollection(_outline(inside), colors=theme.INK, linewidths=1.8, label="as good as the best"))
    chosen = frame["chosen"].fill_null(value=False).to_numpy()
    axes.plot(column[chosen], row[chosen], linestyle="", marker="o", markersize=9, markerfacecolor="white",
              markeredgecolor=theme.INK, markeredgewidth=1.8, label="chosen")  # fmt: skip
    _ticks(axes, widths, others, digits)
    axes.set(title=wrapped(title), xlabel="half width of the band (bps)", ylabel=other)
    legend_above(axes)
    return axes


@chart(
    "threshold_profile",
    half_width_bps=ColumnKind.NUMBER,
    profit_bps_day=ColumnKind.NUMBER,
    lower=ColumnKind.NUMBER,
    upper=ColumnKind.NUMBER,
    theory_bps_day=ColumnKind.NUMBER,
    plateau=ColumnKind.FLAG,
    chosen=ColumnKind.FLAG,
)
def plot_threshold_profile(
    frame: pl.DataFrame,
    *,
    closed_form_bps: tuple[float, float, float] = (math.nan, math.nan, math.nan),
    title: str = "Profit by half width",
    ax: Axes | None = None,
) -> Axes:
    """Draw what was earned against the half width of the band, and below it what the closed form says.

    Parameters
    ----------
    frame
        ``half_width_bps`` (ascending), ``profit_bps_day`` (on capital) with ``lower`` and ``upper`` of its interval,
        ``theory_bps_day`` (of the notional tilted), ``plateau`` and ``chosen``; NaN draws nothing.
    closed_form_bps
        The half width the closed form would set, with its interval; NaN marks nothing.

    Returns
    -------
    matplotlib.axes.Axes
        The upper axes, of what was earned; the lower ones share its figure.
    """
    upper, lower = split(axes_or_new(ax, 5.4))
    widths, chosen = numbers(frame, "half_width_bps"), frame["chosen"].fill_null(value=False).to_numpy()
    plateau = widths[frame["plateau"].fill_null(value=False).to_numpy()]
    low, high = numbers(frame, "lower"), numbers(frame, "upper")
    upper.fill_between(widths, low, high, color=theme.PALETTE[0], alpha=0.18, linewidth=0, label="interval")
    theory, best = numbers(frame, "theory_bps_day"), closed_form_bps[0]
    for axes, values, colour, name in (
        (upper, numbers(frame, "profit_bps_day"), theme.PALETTE[0], "backtests"),
        (lower, theory, theme.PALETTE[1], "closed form"),
    ):
        axes.plot(widths, values, color=colour, marker="o", markersize=3.5, label=name)
        axes.axhline(0.0, color=theme.MUTED, linewidth=0.9)
        if len(plateau):
            axes.axvspan(plateau.min(), plateau.max(), color=theme.INK, alpha=0.07, linewidth=0, label="plateau")
        for width in widths[chosen]:
            axes.axvline(width, color=theme.INK, linewidth=1.3, label="chosen")
        if math.isfinite(best):
            axes.axvline(best, color=theme.PALETTE[1], linewidth=1.2, linestyle=_DASHED, label="best by closed form")
    _span(lower, closed_form_bps, widths)
    upper.set(title=wrapped(title), xlabel="half width of the band (bps)", ylabel="of capital (bps a day)")
    lower.set(title="Closed form, watched as often as quotes came",
              xlabel="half width of the band (bps)", ylabel="of notional (bps a day)")  # fmt: skip
    lower.set_xlim(upper.get_xlim())
    if len(theory) and not np.isfinite(theory).any():
        lower.annotate("nothing reverts, or too slowly to pay", (0.5, 0.5), xycoords="axes fraction", ha="center",
                       color=theme.MUTED)  # fmt: skip
    legend_above(upper)
    return upper


def _span(axes: Axes, closed_form_bps: tuple[float, float, float], widths: NDArray[np.float64]) -> None:
    """Shade the interval of the closed form's half width, as far as the grid reaches."""
    best, low, high = closed_form_bps
    if not (math.isfinite(best) and math.isfinite(low)) or not len(widths):
        return
    ends = max(low, widths.min()), min(high, widths.max())
    if ends[0] < ends[1]:
        axes.axvspan(*ends, color=theme.PALETTE[1], alpha=0.15, linewidth=0)
    axes.annotate(
        f"{plain(best, 1)} bps", (best, 0), xycoords=("data", "axes fraction"), xytext=(4, 14),
        textcoords="offset points", va="bottom", fontsize=9, color=theme.PALETTE[1],
    )  # fmt: skip


def _ticks(axes: Axes, widths: NDArray[np.float64], others: NDArray[np.float64], digits: int) -> None:
    step = max(1, math.ceil(len(widths) / _MOST_TICKS))
    places = np.arange(0, len(widths), step)
    axes.set_xticks(places, [plain(float(widths[place]), 1) for place in places])
    axes.set_yticks(range(len(others)), [plain(float(value), digits) for value in others])


def _outline(inside: NDArray[np.bool_]) -> list[list[tuple[float, float]]]:
    """Return the sides at which cells that are inside end, as lines between the corners of cells."""
    lines: list[list[tuple[float, float]]] = []
    padded = np.pad(inside, 1)
    for row, column in np.argwhere(padded[:, 1:] != padded[:, :-1]):
        lines.append([(column - 0.5, row - 1.5), (column - 0.5, row - 0.5)])
    for row, column in np.argwhere(padded[1:] != padded[:-1]):
        lines.append([(column - 1.5, row - 0.5), (column - 0.5, row - 0.5)])
    return lines
