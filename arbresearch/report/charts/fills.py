"""Fills over the two books that they were met in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from arbresearch.core import SchemaError, expected
from arbresearch.report import theme
from arbresearch.report.charts._axis import date_numbers, labels, numbers, time_axis, times, wrapped
from arbresearch.report.charts._registry import Chart, ColumnKind, axes_or_new, chart
from arbresearch.report.envelope import envelope

__all__ = ["plot_fills_over_books"]

_AS_DECIDED: Final = ("leg", "hedge")
_NEAR_X: Final = 0.16
_NEAR_Y: Final = 0.06
"""Shares of the axes that a word takes."""
_FILLS: Final = {
    "time_ns": ColumnKind.TIME,
    "account": ColumnKind.TEXT,
    "side": ColumnKind.TEXT,
    "role": ColumnKind.TEXT,
    "reason": ColumnKind.TEXT,
    "price": ColumnKind.NUMBER,
}


@chart(
    "fills_over_books",
    time_ns=ColumnKind.TIME,
    account=ColumnKind.TEXT,
    bid=ColumnKind.NUMBER,
    ask=ColumnKind.NUMBER,
)
def plot_fills_over_books(
    frame: pl.DataFrame,
    *,
    fills: pl.DataFrame | None = None,
    names: Mapping[str, str] | None = None,
    title: str = "Fills over both books",
    ax: Axes | None = None,
) -> Axes:
    """Draw best bids and asks of two books as bands, and the fills on them.

    A fill points up for a buy and down for a sale, is filled for a taker and hollow for a maker, in the colour of its
    book; one that repaired a leg has a ring and its reason beside it.

    Parameters
    ----------
    frame
        ``time_ns``, ``account`` (whose book), ``bid`` and ``ask``, each holding until the book's next row.
    fills
        ``time_ns``, ``account``, ``side`` (buy, sell), ``role`` (maker, taker), ``reason`` and ``price``; those of
        other accounts and outside of the books' time are left out.
    names
        What accounts are called in the legend; themselves by default.
    """
    axes = axes_or_new(ax, 3.6)
    accounts = labels(frame, "account")[:2]
    for account, colour in zip(accounts, theme.PALETTE, strict=False):
        rows = frame.filter(pl.col("account") == account).sort("time_ns", maintain_order=True)
        moments = times(rows, "time_ns")
        bid, ask = numbers(rows, "bid"), numbers(rows, "ask")
        axes.fill_between(moments, bid, ask, step="post", color=colour, alpha=0.15, linewidth=0.0)
        for side in (bid, ask):
            axes.plot(*envelope(moments, side), color=colour, linewidth=0.9, drawstyle="steps-post")
    shown = _inside(frame, fills, accounts)
    for row in shown.iter_rows(named=True):
        _mark(axes, row, theme.PALETTE[accounts.index(row["account"])])
    _name_repairs(axes, shown)
    axes.ticklabel_format(axis="y", style="plain", useOffset=False)
    axes.set(title=wrapped(title), ylabel="price (quote)")
    time_axis(axes)
    _explain(axes, [(names or {}).get(account, account) for account in accounts], shown)
    return axes


def _inside(books: pl.DataFrame, fills: pl.DataFrame | None, accounts: list[str]) -> pl.DataFrame:
    if fills is None:
        return pl.DataFrame(schema=dict.fromkeys(_FILLS, pl.String))
    checked = Chart("fills_over_books, fills", plot_fills_over_books, _FILLS).check(fills)
    first, last = books["time_ns"].min(), books["time_ns"].max()
    return checked.filter(pl.col("account").is_in(accounts), pl.col("time_ns").is_between(first, last))


def _mark(axes: Axes, fill: dict[str, Any], colour: str) -> None:
    if fill["side"] not in ("buy", "sell"):
        raise SchemaError(expected("chart fills_over_books, side", "buy or sell", repr(fill["side"])))
    moment = np.datetime64(fill["time_ns"], "ns")
    axes.plot(
        [moment], [fill["price"]], marker="^" if fill["side"] == "buy" else "v", markersize=8, linestyle="none",
        color=colour, markerfacecolor=colour if fill["role"] == "taker" else "#ffffff", markeredgewidth=1.3, zorder=4,
    )  # fmt: skip
    if fill["reason"] not in _AS_DECIDED:
        axes.plot(
            [moment], [fill["price"]], marker="o", markersize=15, linestyle="none", markerfacecolor="none",
            markeredgecolor=theme.INK, markeredgewidth=1.1, zorder=4,
        )  # fmt: skip


def _name_repairs(axes: Axes, fills: pl.DataFrame) -> None:
    """Write the reason beside each repair, but not where it would lie on the one before."""
    (left, right), (low, high) = axes.get_xlim(), axes.get_ylim()
    last: tuple[float, float] | None = None
    for fill in fills.filter(~pl.col("reason").is_in(_AS_DECIDED)).sort("time_ns").iter_rows(named=True):
        moment = np.datetime64(fill["time_ns"], "ns")
        across = (float(date_numbers(np.array([moment]))[0]) - left) / (right - left)
        place = across, (fill["price"] - low) / (high - low)
        if last is None or abs(place[0] - last[0]) > _NEAR_X or abs(place[1] - last[1]) > _NEAR_Y:
            axes.annotate(
                fill["reason"],
                (moment, fill["price"]),
                xytext=(9, 9),
                textcoords="offset points",
                va="center",
                fontsize=9,
            )
            last = place


def _explain(axes: Axes, names: list[str], fills: pl.DataFrame) -> None:
    handles = [
        Line2D([], [], color=colour, linewidth=5, alpha=0.5, label=name)
        for name, colour in zip(names, theme.PALETTE, strict=False)
    ]
    for side, mark in (("buy", "^"), ("sell", "v")):
        for role, face in (("taker", theme.MUTED), ("maker", "#ffffff")):
            if not fills.filter((pl.col("side") == side) & (pl.col("role") == role)).is_empty():
                handles.append(
                    Line2D(
                        [], [], color=theme.MUTED, marker=mark, markersize=7, linestyle="none", markerfacecolor=face,
                        label=f"{side}, {role}",
                    )
                )  # fmt: skip
    if handles:
        columns = 4 if len(handles) == 4 else 3
        axes.legend(
            handles=handles, loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=columns, borderaxespad=0.0,
            borderpad=0.3, handlelength=1.4, columnspacing=1.4,
        )  # fmt: skip
        axes.set_title(axes.get_title("left"), pad=10.0 + 15.0 * -(-len(handles) // columns))
