"""What the axes of several charts share: times, durations, and colours of cells."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from typing import Final

import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.colors import Colormap, Normalize
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter, date2num
from matplotlib.ticker import FixedLocator, FuncFormatter, Locator, NullLocator
from numpy.typing import NDArray

from arbresearch.core import BadInput, expected

__all__ = [
    "WEEKDAYS",
    "contrast_text",
    "date_numbers",
    "duration_axis",
    "duration_text",
    "finite_range",
    "labels",
    "numbers",
    "plain",
    "split",
    "time_axis",
    "times",
    "wrapped",
]

WEEKDAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")

_DURATIONS_S: Final = (1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0, 60.0, 600.0, 3600.0, 36000.0, 86400.0, 864000.0)


class _Dates(ConciseDateFormatter):
    """Short labels whose corner leaves the day to the labels where those name it."""

    _labels_name_days = False

    def format_ticks(self, values: Sequence[float]) -> list[str]:
        labels: list[str] = super().format_ticks(values)  # type: ignore[no-untyped-call]
        self._labels_name_days = any("-" in label for label in labels)
        return labels

    def get_offset(self) -> str:
        corner: str = super().get_offset()  # type: ignore[no-untyped-call]
        names_day = corner.count("-") == 2 and self._labels_name_days
        return corner.partition("-")[0] if names_day else corner


def times(frame: pl.DataFrame, column: str) -> NDArray[np.datetime64]:
    """Return a column of nanoseconds as datetime64, shape (n,)."""
    return frame[column].cast(pl.Int64).to_numpy().astype("datetime64[ns]")


def numbers(frame: pl.DataFrame, column: str) -> NDArray[np.float64]:
    """Return a column as float64, shape (n,), null as NaN."""
    return np.asarray(frame[column].cast(pl.Float64).fill_null(float("nan")).to_numpy(), dtype=np.float64)


def time_axis(axes: Axes) -> None:
    """Format the horizontal axis as time in UTC, with as few words as the span allows."""
    locator: Locator = AutoDateLocator(minticks=3, maxticks=7)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(_Dates(locator))  # type: ignore[no-untyped-call]
    axes.set_xlabel("time (UTC)")


def duration_text(seconds: float) -> str:
    """Write a duration in its natural unit: 250 ms, 10 s, 1 min, 1 h, 1 d."""
    for unit, size in (("d", 86400.0), ("h", 3600.0), ("min", 60.0), ("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= size * (1 - 1e-9):
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds * 1e9:.3g} ns"


def duration_axis(axes: Axes, lowest_s: float, highest_s: float) -> None:
    """Make the horizontal axis a logarithmic one of seconds with ticks people know."""
    low, high = lowest_s, max(highest_s, lowest_s * 1.5)
    axes.set_xscale("log")
    axes.set_xlim(low, high)
    inside = [tick for tick in _DURATIONS_S if low <= tick <= high]
    step = max(1, math.ceil(len(inside) / 7))
    ticks = inside[::step] or [low, high]
    axes.xaxis.set_major_locator(FixedLocator(ticks))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: duration_text(value)))


def date_numbers(moments: NDArray[np.datetime64]) -> NDArray[np.float64]:
    """Return times as the day numbers that matplotlib draws bars and cells at."""
    return np.asarray(date2num(moments), dtype=np.float64)  # type: ignore[no-untyped-call]


def finite_range(values: NDArray[np.floating], share: float = 0.001) -> tuple[float, float]:
    """Return the range that all but ``share`` of the finite values at each end lie in; (0, 1) when there are none.

    Of fewer values than one over ``share`` none is left out.
    """
    finite = values[np.isfinite(values)]
    if not len(finite):
        return 0.0, 1.0
    outside = share if len(finite) * share >= 1 else 0.0
    low, high = np.quantile(finite, [outside, 1 - outside])
    if low == high:
        pad = max(abs(float(low)) * 0.05, 0.5)
        return float(low) - pad, float(high) + pad
    return float(low), float(high)


def contrast_text(value: float, norm: Normalize, colours: Colormap) -> str:
    """Return black or white, whichever reads better on the colour of a cell."""
    red, green, blue, _ = colours(norm(value))
    return "#000000" if 0.299 * red + 0.587 * green + 0.114 * blue > 0.55 else "#ffffff"


def plain(number: float, digits: int) -> str:
    """Write a number with a true minus sign and thousands apart."""
    return f"{number:,.{digits}f}".replace("-", "−")


def split(axes: Axes, parts: int = 2) -> tuple[Axes, ...]:
    """Share the place of axes with new ones below them, all as high; return them from the top, the given ones first.

    Raises
    ------
    BadInput
        The axes have no place in a grid to give.
    """
    place, figure = axes.get_subplotspec(), axes.get_figure(root=True)
    if place is None or figure is None:
        raise BadInput(expected("ax", "axes of a figure's grid, as new_axes and panels make them", repr(axes)))
    grid = place.subgridspec(parts, 1)
    axes.set_subplotspec(grid[0])
    return axes, *(figure.add_subplot(grid[row]) for row in range(1, parts))


def wrapped(title: str) -> str:
    """Break a title that is wider than a figure."""
    return textwrap.fill(title, 50)


def labels(frame: pl.DataFrame, column: str) -> list[str]:
    """Return the distinct texts of a column in order of first appearance."""
    return [str(value) for value in frame[column].unique(maintain_order=True)]
