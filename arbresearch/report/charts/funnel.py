"""The funnel: what is left after each step that something must survive."""

from __future__ import annotations

import polars as pl
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator

from arbresearch.report import theme
from arbresearch.report.charts._axis import wrapped
from arbresearch.report.charts._registry import ColumnKind, axes_or_new, chart

__all__ = ["plot_funnel"]


@chart("funnel", step=ColumnKind.TEXT, episodes=ColumnKind.COUNT, pairs=ColumnKind.COUNT)
def plot_funnel(frame: pl.DataFrame, *, title: str = "What is left after each step", ax: Axes | None = None) -> Axes:
    """Draw the episodes left at each step as falling bars, with their number and the share of the step before.

    Parameters
    ----------
    frame
        From the top: ``step`` (what was required), ``episodes`` and ``pairs`` that are left.
    """
    axes = axes_or_new(ax, 1.2 + 0.46 * max(3, frame.height))
    former = 0
    rows = frame.select("step", pl.col("episodes", "pairs").fill_null(0)).iter_rows()
    for row, (step, count, pairs) in enumerate(rows):
        last = row + 1 == frame.height
        if former:
            axes.barh(row, former - count, left=count, height=0.34, color=theme.BAD, alpha=0.4)
        axes.barh(row, count, height=0.34, color=theme.PALETTE[2] if last else theme.PALETTE[0])
        left = f" ({_share(count / former)})" if former else ""
        for words, edge, shift in ((str(step), "left", 3), (f"{count:,}{left}, {_pairs(pairs)}", "right", 0)):
            axes.annotate(
                words, (edge == "right", row - 0.2), xycoords=("axes fraction", "data"), xytext=(shift, 0),
                textcoords="offset points", ha=edge, va="bottom", fontsize=9.5,
            )  # fmt: skip
        former = count
    axes.set_yticks(range(frame.height), [f"{row + 1}" for row in range(frame.height)])
    axes.set_ylim(max(frame.height, 1) - 0.6, -0.75)
    axes.set_xlim(0, max([1, *frame["episodes"].fill_null(0)]))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=5))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axes.grid(axis="y", visible=False)
    axes.set(title=wrapped(title), xlabel="episodes left (share of the step before)", ylabel="step")
    return axes


def _pairs(count: int) -> str:
    return "1 pair" if count == 1 else f"{count:,} pairs"


def _share(share: float) -> str:
    percent = 100.0 * share
    return "under 0.1 %" if 0 < percent < 0.1 else f"{percent:.1f} %" if percent < 10 else f"{percent:.0f} %"
