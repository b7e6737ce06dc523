"""Charts of cells: edge by hour and weekday, edge by pair of venues."""

from __future__ import annotations

import math

import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.colors import Colormap, Normalize, TwoSlopeNorm
from numpy.typing import NDArray

from arbresearch.core import SchemaError, expected
from arbresearch.report import theme
from arbresearch.report.charts._axis import WEEKDAYS, contrast_text, labels, wrapped
from arbresearch.report.charts._registry import ColumnKind, axes_or_new, chart

__all__ = ["STATISTICS", "fill_cells", "plot_edge_by_hour", "plot_venue_matrix"]

STATISTICS = {
    "mean": pl.Expr.mean,
    "median": pl.Expr.median,
    "p95": lambda column: column.quantile(0.95, "linear"),
    "maximum": pl.Expr.max,
}
"""What :func:`plot_edge_by_hour` can show of each hour."""


@chart("edge_by_hour", recv_ns=ColumnKind.TIME, edge_bps=ColumnKind.NUMBER)
def plot_edge_by_hour(
    frame: pl.DataFrame,
    *,
    statistic: str = "mean",
    label: str = "",
    title: str = "Edge by hour and weekday",
    ax: Axes | None = None,
) -> Axes:
    """Draw a statistic of the edge in each hour of each weekday, UTC.

    Parameters
    ----------
    frame
        ``recv_ns`` (ns UTC) and ``edge_bps``; NaN and null are left out; hours without a value stay grey.
    statistic
        One of ``STATISTICS``: mean, median, p95, maximum.
    label
        Of the colours; the statistic of the edge in bps by default.
    """
    if statistic not in STATISTICS:
        raise SchemaError(expected("chart edge_by_hour, statistic", f"one of {', '.join(STATISTICS)}", repr(statistic)))
    moment = pl.from_epoch("recv_ns", time_unit="ns")
    cells = (
        frame.select(
            (moment.dt.weekday().cast(pl.Int64) - 1).alias("weekday"),
            moment.dt.hour().cast(pl.Int64).alias("hour"),
            pl.col("edge_bps").cast(pl.Float64).fill_nan(None),
        )
        .drop_nulls()
        .group_by("weekday", "hour")
        .agg(STATISTICS[statistic](pl.col("edge_bps")).alias("value"))
    )
    grid = np.full((7, 24), np.nan)
    grid[cells["weekday"].to_numpy(), cells["hour"].to_numpy()] = cells["value"].to_numpy()
    axes = axes_or_new(ax, 2.9)
    fill_cells(axes, grid, label or f"{statistic} edge (bps)")
    axes.set_xticks(np.arange(0, 24, 3), [f"{hour:02d}" for hour in range(0, 24, 3)])
    axes.set_yticks(range(7), WEEKDAYS)
    axes.set(title=wrapped(title), xlabel="hour of day (UTC)", ylabel="weekday")
    return axes


@chart("venue_matrix", sell_venue=ColumnKind.TEXT, buy_venue=ColumnKind.TEXT, value=ColumnKind.NUMBER)
def plot_venue_matrix(
    frame: pl.DataFrame,
    *,
    unit: str = "bps",
    digits: int = 1,
    title: str = "Edge by pair of venues",
    ax: Axes | None = None,
) -> Axes:
    """Draw one number for each pair of venues, written into its cell.

    Parameters
    ----------
    frame
        ``sell_venue``, ``buy_venue`` and ``value``, one row a pair; pairs without a row stay grey.
    unit, digits
        Unit of the value and decimals written.

    Raises
    ------
    SchemaError
        If a pair has two rows.
    """
    twice = frame.filter(pl.struct("sell_venue", "buy_venue").is_duplicated())
    if len(twice):
        pair = " / ".join(str(twice[name][0]) for name in ("sell_venue", "buy_venue"))
        raise SchemaError(expected("chart venue_matrix", "one row for each pair of venues", f"several for {pair}"))
    venues = sorted({*labels(frame, "sell_venue"), *labels(frame, "buy_venue")})
    position = {venue: index for index, venue in enumerate(venues)}
    grid = np.full((len(venues), len(venues)), np.nan)
    for sell, buy, value in frame.select("sell_venue", "buy_venue", pl.col("value").cast(pl.Float64)).iter_rows():
        grid[position[sell], position[buy]] = np.nan if value is None else value
    axes = axes_or_new(ax, 1.4 + 0.42 * max(3, len(venues)))
    norm, colours = fill_cells(axes, grid, unit)
    for (row, column), value in np.ndenumerate(grid):
        if math.isfinite(value):
            ink = contrast_text(value, norm, colours)
            axes.text(
                column, row, f"{value:.{digits}f}".replace("-", "−"), ha="center", va="center", color=ink, fontsize=10
            )
    axes.set_xticks(range(len(venues)), venues)
    axes.set_yticks(range(len(venues)), venues)
    axes.set(title=wrapped(title), xlabel="venue that buys", ylabel="venue that sells")
    return axes


def fill_cells(axes: Axes, grid: NDArray[np.float64], unit: str) -> tuple[Normalize, Colormap]:
    """Fill cells, the first row on top; colours diverge at zero where the values do; return what made them."""
    finite = grid[np.isfinite(grid)]
    low, high = (float(finite.min()), float(finite.max())) if len(finite) else (0.0, 1.0)
    reach = max(abs(low), abs(high), 1e-9)
    norm: Normalize
    if low < 0 < high:
        norm, colours = TwoSlopeNorm(0.0, -reach, reach), theme.DIVERGING
    elif high <= 0:
        norm, colours = Normalize(-reach, reach), theme.DIVERGING
    else:
        norm, colours = Normalize(low, high if high > low else low + 1.0), theme.SEQUENTIAL
    colours = colours.with_extremes(bad=theme.BAD)
    if grid.size:
        rows, columns = (np.arange(size + 1) - 0.5 for size in grid.shape)
        image = axes.pcolormesh(
            columns, rows, np.ma.masked_invalid(grid), cmap=colours, norm=norm, edgecolors="white", linewidth=0.6
        )
        image.set_rasterized(grid.size > 400)
        bar = axes.figure.colorbar(image, ax=axes, pad=0.02, aspect=18)
        bar.set_label(unit)
        bar.outline.set_visible(False)
    axes.invert_yaxis()
    axes.grid(visible=False)
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)
    return norm, colours
