"""Every chart by name, with the columns its frame must have."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

import polars as pl
from matplotlib.axes import Axes

from arbresearch.core import BadInput, SchemaError, expected
from arbresearch.report import theme

__all__ = ["CHARTS", "Chart", "ColumnKind", "axes_or_new", "chart", "draw"]


class ColumnKind(Enum):
    """What a column of a chart's frame holds."""

    TIME = "integer nanoseconds UTC"
    COUNT = "integers"
    NUMBER = "numbers"
    TEXT = "text"
    FLAG = "true or false"

    def accepts(self, dtype: pl.DataType) -> bool:
        """Return whether a Polars type can be drawn as this."""
        if self is ColumnKind.TEXT:
            return dtype in (pl.String, pl.Categorical, pl.Enum)
        if self is ColumnKind.FLAG:
            return dtype == pl.Boolean
        return dtype.is_integer() if self in (ColumnKind.TIME, ColumnKind.COUNT) else dtype.is_numeric()


@dataclass(frozen=True, slots=True)
class Chart:
    """One chart: its function and the columns it needs."""

    name: str
    function: Callable[..., Axes]
    columns: dict[str, ColumnKind]

    def check(self, frame: object) -> pl.DataFrame:
        """Return the frame if it has what the chart needs.

        Raises
        ------
        SchemaError
            Naming the chart, the column, and what was there instead.
        """
        if not isinstance(frame, pl.DataFrame):
            raise SchemaError(expected(f"chart {self.name}", "a polars DataFrame", type(frame).__name__))
        for column, kind in self.columns.items():
            if column not in frame.columns:
                has = ", ".join(frame.columns) or "no columns"
                raise SchemaError(expected(f"chart {self.name}", f"a column {column!r} of {kind.value}", has))
            if not kind.accepts(frame.schema[column]) and frame.schema[column] != pl.Null:
                raise SchemaError(expected(f"chart {self.name}, column {column!r}", kind.value, frame.schema[column]))
        return frame


CHARTS: Final[dict[str, Chart]] = {}


def chart(name: str, **columns: ColumnKind) -> Callable[[Callable[..., Axes]], Callable[..., Axes]]:
    """Register a ``plot_x(frame, *, ax=None)`` function: its frame is checked and it draws under the theme."""

    def register(function: Callable[..., Axes]) -> Callable[..., Axes]:
        entry = Chart(name, function, columns)

        @functools.wraps(function)
        def plot(frame: pl.DataFrame, **options: Any) -> Axes:
            checked = entry.check(frame)
            with theme.context():
                axes: Axes = function(checked, **options)
                if not len(checked):
                    axes.annotate("no data", (0.5, 0.5), xycoords="axes fraction", ha="center", va="center")
                    axes.tick_params(bottom=False, labelbottom=False, left=False, labelleft=False)
            return axes

        CHARTS[name] = Chart(name, plot, columns)
        return plot

    return register


def draw(name: str, frame: pl.DataFrame, **options: Any) -> Axes:
    """Draw a chart by its name.

    Raises
    ------
    BadInput
        For an unknown name.
    SchemaError
        For a frame without the columns the chart needs.
    """
    if name not in CHARTS:
        raise BadInput(expected("chart", f"one of {', '.join(sorted(CHARTS))}", repr(name)))
    return CHARTS[name].function(frame, **options)


def axes_or_new(axes: Axes | None, height_in: float = theme.HEIGHT_IN) -> Axes:
    """Return the axes given, else those of a new figure of that height in inches."""
    return axes if axes is not None else theme.new_axes(height_in)
