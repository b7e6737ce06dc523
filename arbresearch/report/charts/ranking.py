"""Charts of a ranking: every candidate with its bound, and how two rankings differ."""

from __future__ import annotations

import math
import textwrap
from typing import Final

import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator
from numpy.typing import NDArray

from arbresearch.report import theme
from arbresearch.report.charts._axis import numbers, plain, wrapped
from arbresearch.report.charts._registry import ColumnKind, axes_or_new, chart
from arbresearch.report.charts.edges import legend_above

__all__ = ["plot_rank_comparison", "plot_ranking"]

_NARROW: Final = 36
"""Characters of title that fit beside the names of pairs."""

_FAR: Final = 10.0
"""Means so many times that of the middle row are not let widen the axis."""

_LINES: Final = 18.0
"""Lines of small text that fit the height of a comparison."""

_LEAST_COMPARED: Final = 3
"""Fewer ranks than these are not correlated: of two it is 1 or -1 whatever they are."""


@chart(
    "ranking",
    pair=ColumnKind.TEXT,
    viable=ColumnKind.FLAG,
    mean_bps_day=ColumnKind.NUMBER,
    final_score=ColumnKind.NUMBER,
    probability_positive=ColumnKind.NUMBER,
)
def plot_ranking(
    frame: pl.DataFrame, *, limit: int = 30, title: str = "Mean and lower bound", ax: Axes | None = None
) -> Axes:
    """Draw the mean profit of each pair with its lower bound, a line a pair, in the order given from the top.

    Parameters
    ----------
    frame
        ``pair``, ``viable``, ``mean_bps_day`` and its lower bound ``final_score`` (bps a day on capital), and
        ``probability_positive`` in [0, 1], written at the right. Pairs without a mean are left out; one without a
        bound has its mean alone. The axis spans the viable pairs, without any all that are not far beyond the
        middle one; what lies outside it is an arrow at its edge, with its value.
    limit
        Pairs drawn; the title says how many there are in all.
    """
    known = frame.filter(pl.col("mean_bps_day").is_not_null() & pl.col("mean_bps_day").cast(pl.Float64).is_not_nan())
    rows = known.head(limit)
    axes = axes_or_new(ax, 1.5 + 0.25 * max(3, rows.height))
    place = np.arange(rows.height)
    mean, bound = numbers(rows, "mean_bps_day"), numbers(rows, "final_score")
    viable = rows["viable"].fill_null(value=False).to_numpy()
    low, high = _span(mean, bound, viable)
    beyond = (mean > high) | (mean < low)
    for chosen, colour, mark, label in (
        (viable, theme.PALETTE[0], "o", "viable"),
        (~viable & ~beyond, theme.MUTED, "D", "refused"),
    ):
        if not chosen.any():
            continue
        face = colour if mark == "o" else "none"
        axes.hlines(place[chosen], bound[chosen], mean[chosen], color=colour, linewidth=1.3)
        axes.plot(bound[chosen], place[chosen], linestyle="", marker="|", markersize=8, color=colour)
        axes.plot(
            mean[chosen], place[chosen], linestyle="", marker=mark, markersize=5.5,
            markerfacecolor=face, markeredgecolor=colour, label=label,
        )  # fmt: skip
    for index in np.flatnonzero(beyond):
        right = mean[index] > high
        words = plain(mean[index], 0)
        axes.annotate(
            f"{words} →" if right else f"← {words}", (1.0 if right else 0.0, index),
            xycoords=("axes fraction", "data"), xytext=(-2 if right else 2, 0), textcoords="offset points",
            ha="right" if right else "left", va="center", fontsize=9, color=theme.MUTED,
        )  # fmt: skip
    axes.axvline(0.0, color=theme.MUTED, linewidth=0.9)
    axes.set_xlim(low, high)
    axes.set_yticks(place, [str(pair) for pair in rows["pair"]])
    right = axes.secondary_yaxis("right")
    right.set_yticks(place, [_percent(share) for share in numbers(rows, "probability_positive")])
    right.tick_params(length=0)
    right.spines["right"].set_visible(False)
    axes.annotate("P(mean > 0)", (1.02, 1.0), xycoords="axes fraction", va="bottom", fontsize=9, color=theme.MUTED)
    axes.set_ylim(max(rows.height, 1) - 0.4, -0.6)
    axes.grid(axis="y", visible=False)
    shown = title if known.height <= limit else f"{title}, first {limit} of {known.height}"
    axes.set(title=textwrap.fill(shown, _NARROW), xlabel="bps a day on capital", ylabel="pair")
    legend_above(axes)
    return axes


@chart("rank_comparison", pair=ColumnKind.TEXT, rank=ColumnKind.NUMBER, legacy_rank=ColumnKind.NUMBER)
def plot_rank_comparison(
    frame: pl.DataFrame, *, labelled: int = 4, title: str = "Rank against the legacy formula", ax: Axes | None = None
) -> Axes:
    """Scatter the ranks of the same pairs under two formulas; the title has Spearman's and Kendall's correlation.

    Ranks are taken anew among the pairs that have both, 1 being the best.

    Parameters
    ----------
    frame
        ``pair``, ``rank`` and ``legacy_rank`` (numbers, 1 the best; null or NaN where a formula gives none); with a
        column ``viable``, filled marks are viable pairs.
    labelled
        So many pairs, those whose ranks differ most, are named.
    """
    both = frame.filter(
        pl.all_horizontal(
            pl.col(name).is_not_null() & pl.col(name).cast(pl.Float64).is_not_nan() for name in ("rank", "legacy_rank")
        )
    ).with_columns(pl.col("rank", "legacy_rank").rank("average"))
    axes = axes_or_new(ax, 4.4)
    ours, theirs = numbers(both, "rank"), numbers(both, "legacy_rank")
    last = max(2.0, float(both.height))
    axes.plot([1.0, last], [1.0, last], color=theme.MUTED, linewidth=0.9, linestyle=(0, (4, 3)))
    known = "viable" in both.columns
    viable = both["viable"].fill_null(value=False).to_numpy() if known else np.ones(both.height, dtype=bool)
    for chosen, colour, mark, label in (
        (viable, theme.PALETTE[0], "o", "viable"),
        (~viable, theme.MUTED, "D", "refused"),
    ):
        if chosen.any():
            face = colour if mark == "o" else "none"
            axes.plot(
                theirs[chosen], ours[chosen], linestyle="", marker=mark, markersize=6,
                markerfacecolor=face, markeredgecolor=colour, label=label if known else None,
            )  # fmt: skip
    _name_furthest(axes, both["pair"].to_list(), theirs, ours, labelled, last)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(FixedLocator(np.unique(np.linspace(1.0, last, 7).round()).tolist()))
    margin = 0.05 * last + 0.5
    axes.set_xlim(1.0 - margin, last + margin)
    axes.set_ylim(last + margin, 1.0 - margin)
    axes.set(
        title=wrapped(f"{title}: {_agreement(ours, theirs)}"),
        xlabel="rank by the legacy formula (1 = best)",
        ylabel="rank by the lower bound (1 = best)",
    )
    legend_above(axes)
    return axes


def _span(mean: NDArray[np.float64], bound: NDArray[np.float64], viable: NDArray[np.bool_]) -> tuple[float, float]:
    """Return the range of the axis, with some room: of the viable rows, else of what is not far from the middle."""
    values = np.concatenate([mean, bound])
    if viable.any():
        values = values[np.tile(viable, 2)]
    elif mean.any():
        values = values[np.abs(values) <= _FAR * np.median(np.abs(mean[mean != 0.0]))]
    finite = np.append(values[np.isfinite(values)], 0.0)
    low, high = float(finite.min()), float(finite.max())
    room = 0.06 * (high - low) or 1.0
    return low - room, high + room


def _name_furthest(
    axes: Axes, pairs: list[str], across: NDArray[np.float64], down: NDArray[np.float64], count: int, last: float
) -> None:
    """Write the names of the pairs furthest from the diagonal, none on another and none below the last rank."""
    furthest = np.argsort(-np.abs(down - across), kind="stable")[:count]
    chosen = sorted((int(one) for one in furthest if down[one] != across[one]), key=lambda one: down[one])
    heights = [float(down[one]) for one in chosen]
    apart = last / _LINES
    for place in range(1, len(heights)):
        heights[place] = max(heights[place], heights[place - 1] + apart)
    lowest = last
    for place in reversed(range(len(heights))):
        heights[place] = min(heights[place], lowest)
        lowest = heights[place] - apart
    for one, height in zip(chosen, heights, strict=True):
        left = across[one] > (1.0 + last) / 2.0
        axes.annotate(
            pairs[one], (across[one], height), xytext=(-6 if left else 6, 0), textcoords="offset points",
            ha="right" if left else "left", va="center", fontsize=9, color=theme.INK,
        )  # fmt: skip


def _percent(share: float) -> str:
    if not math.isfinite(share):
        return "–"
    return "> 99.9 %" if share > 0.999 else f"{100.0 * share:.1f} %"


def _agreement(ours: NDArray[np.float64], theirs: NDArray[np.float64]) -> str:
    from scipy.stats import kendalltau, spearmanr  # half a second that only this chart needs

    if len(ours) < _LEAST_COMPARED or len(set(ours)) == 1 or len(set(theirs)) == 1:
        return f"too few to correlate ({len(ours)})"
    spearman, kendall = spearmanr(ours, theirs).statistic, kendalltau(ours, theirs).statistic
    return f"Spearman {plain(spearman, 2)}, Kendall {plain(kendall, 2)}, {len(ours)} pairs"
