"""Charts of what was held: inventory by venue, the hedge's delta, and what was open to the price."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import polars as pl
from matplotlib.axes import Axes
from numpy.typing import NDArray

from arbresearch.report import theme
from arbresearch.report.charts._axis import finite_range, numbers, plain, split, time_axis, times, wrapped
from arbresearch.report.charts._registry import Chart, ColumnKind, axes_or_new, chart
from arbresearch.report.charts.edges import legend_above
from arbresearch.report.envelope import envelope

__all__ = ["plot_hedge_path", "plot_inventory_path", "plot_unhedged_exposure"]

_DENSE: Final = 400
_STRETCHES: Final = 200
_CASH: Final = {"account": ColumnKind.TEXT, "time_ns": ColumnKind.TIME, "amount_quote": ColumnKind.NUMBER}


@chart(
    "inventory_path",
    time_ns=ColumnKind.TIME,
    base_a=ColumnKind.NUMBER,
    base_b=ColumnKind.NUMBER,
    quote_a=ColumnKind.NUMBER,
    quote_b=ColumnKind.NUMBER,
    transit_base=ColumnKind.NUMBER,
    transit_quote=ColumnKind.NUMBER,
)
def plot_inventory_path(
    frame: pl.DataFrame,
    *,
    names: tuple[str, str] = ("A", "B"),
    base: str = "base",
    quote: str = "quote",
    title: str = "Inventory",
    ax: Axes | None = None,
) -> Axes:
    """Draw coin on both venues and under way over time, and below it quote currency.

    Of more than 400 samples the mean of each of 200 stretches is drawn, and a band from the lowest to the highest.

    Parameters
    ----------
    frame
        ``time_ns`` and balances; what is under way is drawn where there is any.
    names
        Of the two venues.
    base, quote
        Names of coin and currency.

    Returns
    -------
    matplotlib.axes.Axes
        The upper axes, of coin; the lower ones share its figure.
    """
    upper, lower = split(axes_or_new(ax, 4.8))
    rows = frame.sort("time_ns", maintain_order=True)
    moments = times(rows, "time_ns")
    for axes, kind in ((upper, "base"), (lower, "quote")):
        for account, name, colour in zip("ab", names, theme.PALETTE, strict=False):
            held = numbers(rows, f"{kind}_{account}")
            _draw(axes, moments, held, colour, name)
        under_way = numbers(rows, f"transit_{kind}")
        if np.any(under_way != 0.0):
            axes.plot(
                *envelope(moments, under_way), color=theme.PALETTE[2], linestyle=(0, (1, 1.5)), label="under way",
                drawstyle="steps-post",
            )  # fmt: skip
        if not np.any(numbers(rows, f"{kind}_a") < 0.0) and not np.any(numbers(rows, f"{kind}_b") < 0.0):
            axes.set_ylim(bottom=0.0)
        time_axis(axes)
    upper.set(title=wrapped(f"{title}: {base}"), ylabel=f"held ({base})")
    lower.set(title=wrapped(f"{title}: {quote}"), ylabel=f"held ({quote})")
    legend_above(upper)
    return upper


@chart("hedge_path", time_ns=ColumnKind.TIME, delta_base=ColumnKind.NUMBER, base_h=ColumnKind.NUMBER)
def plot_hedge_path(
    frame: pl.DataFrame,
    *,
    band_base: float = math.nan,
    cash: pl.DataFrame | None = None,
    base: str = "base",
    currency: str = "quote",
    title: str = "Delta and its band",
    ax: Axes | None = None,
) -> Axes:
    """Draw delta and the band it is kept in, the perpetual's position, and funding received.

    The axis of delta spans all but the outermost 0.5 % at each end, and the band; what lies beyond is told in words.

    Parameters
    ----------
    frame
        ``time_ns``, ``delta_base`` (all coin and the position, less the target) and ``base_h`` (the position).
    band_base
        Half of the band's width; NaN draws none.
    cash
        ``account``, ``time_ns`` and ``amount_quote`` of payments; those of account ``h`` are added up. None leaves the
        third panel out.
    base, currency
        Names of coin and currency.

    Returns
    -------
    matplotlib.axes.Axes
        The uppermost axes, of delta; the others share its figure.
    """
    panels = split(axes_or_new(ax, 4.6 if cash is None else 6.6), 2 if cash is None else 3)
    rows = frame.sort("time_ns", maintain_order=True)
    moments = times(rows, "time_ns")
    delta = numbers(rows, "delta_base")
    _draw(panels[0], moments, delta, theme.PALETTE[0])
    _reach(panels[0], delta, band_base)
    if math.isfinite(band_base):
        panels[0].axhspan(-band_base, band_base, color=theme.PALETTE[2], alpha=0.15, linewidth=0.0)
        panels[0].annotate(
            f"band ±{band_base:g}", (1.0, band_base), xycoords=("axes fraction", "data"), xytext=(0, 2),
            textcoords="offset points", ha="right", va="bottom", fontsize=9, color=theme.MUTED,
        )  # fmt: skip
    _draw(panels[1], moments, numbers(rows, "base_h"), theme.PALETTE[3])
    panels[0].set(title=wrapped(title), ylabel=f"delta ({base})")
    panels[1].set(title="Position of the perpetual", ylabel=f"position ({base})")
    if cash is not None:
        paid = Chart("hedge_path, cash", plot_hedge_path, _CASH).check(cash)
        paid = paid.filter(pl.col("account") == "h").sort("time_ns", maintain_order=True)
        ends = moments[[0, -1]] if len(moments) else moments
        after = np.concatenate((ends[:1], times(paid, "time_ns"), ends[1:]))
        total = np.concatenate((np.zeros(len(ends[:1])), np.cumsum(numbers(paid, "amount_quote"))))
        total = np.concatenate((total, total[-1:])) if len(ends) else total
        panels[2].plot(*envelope(after, total), color=theme.PALETTE[4], drawstyle="steps-post")
        panels[2].set(title="Funding and penalties, added up", ylabel=f"received ({currency})")
    for axes in panels:
        axes.axhline(0.0, color=theme.MUTED, linewidth=0.9)
        time_axis(axes)
        if len(moments) > 1:
            axes.set_xlim(moments[0], moments[-1])
    return panels[0]


@chart("unhedged_exposure", time_ns=ColumnKind.TIME, unhedged_quote_s=ColumnKind.NUMBER)
def plot_unhedged_exposure(
    frame: pl.DataFrame, *, currency: str = "quote", title: str = "Open to the price", ax: Axes | None = None
) -> Axes:
    """Draw the unhedged notional between samples, on average over each interval.

    Parameters
    ----------
    frame
        ``time_ns`` and ``unhedged_quote_s``: absolute unhedged coin at the mark, added up over seconds.
    currency
        Name of the quote currency.
    """
    axes = axes_or_new(ax)
    rows = frame.sort("time_ns", maintain_order=True)
    moments, added = times(rows, "time_ns"), numbers(rows, "unhedged_quote_s")
    seconds = np.diff(moments).astype(np.float64) / 1e9
    apart = seconds > 0.0
    mean = np.diff(added)[apart] / seconds[apart]
    held = np.concatenate((mean, mean[-1:]))
    since = np.concatenate((moments[:-1][apart], moments[-1:])) if len(mean) else moments[:0]
    axes.plot(*envelope(since, held), color=theme.PALETTE[1], drawstyle="steps-post", linewidth=1.0)
    axes.set_ylim(bottom=0.0)
    axes.set(title=wrapped(title), ylabel=f"unhedged notional ({currency})")
    time_axis(axes)
    return axes


def _reach(axes: Axes, delta: NDArray[np.float64], band_base: float) -> None:
    low, high = finite_range(delta, 0.005)
    low, high = np.nanmin([low, -band_base]), np.nanmax([high, band_base])
    room = 0.25 * (high - low)
    axes.set_ylim(low - room, high + room)
    outside = delta[(delta < low - room) | (delta > high + room)]
    if outside.size:
        farthest = outside[np.argmax(np.abs(outside))]
        words = f"beyond in {outside.size} of {delta.size} samples, up to {plain(float(farthest), 4)}"
        axes.annotate(
            words, (0.0, 1.0), xycoords="axes fraction",
            xytext=(4, -2), textcoords="offset points", va="top", fontsize=9, color=theme.MUTED,
        )  # fmt: skip


def _draw(
    axes: Axes, moments: NDArray[np.datetime64], held: NDArray[np.float64], colour: str, label: str | None = None
) -> None:
    if len(held) <= _DENSE:
        axes.plot(moments, held, color=colour, label=label, drawstyle="steps-post")
        return
    starts = np.linspace(0, len(held), _STRETCHES + 1).astype(np.int64)[:-1]
    mean = np.add.reduceat(held, starts) / np.diff(np.append(starts, len(held)))
    lowest, highest = np.minimum.reduceat(held, starts), np.maximum.reduceat(held, starts)
    axes.fill_between(moments[starts], lowest, highest, step="post", color=colour, alpha=0.18, linewidth=0.0)
    axes.plot(moments[starts], mean, color=colour, label=label, drawstyle="steps-post")
