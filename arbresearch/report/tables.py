"""Frames as HTML tables: units in the header, sensible rounding, nothing unescaped."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

import polars as pl

from arbresearch.core import SchemaError, expected, format_ns
from arbresearch.report.display import HtmlDisplay

__all__ = ["BADGES", "Column", "badge", "table"]

BADGES: Final = {
    "ok": ("ok", "✓ ok"),
    "warn": ("warn", "! caution"),
    "no": ("no", "✕ no"),
    "failed": ("failed", "✕ failed"),
    "skipped": ("skipped", "– skipped"),
    "good": ("ok", "✓ good"),
    "usable": ("warn", "! with care"),
    "bad": ("no", "✕ bad"),
}
"""Text of a verdict to its style and its label: a mark besides the colour."""

_UNITS: Final = {
    "bps": "bps",
    "ns": "UTC",
    "us": "µs",
    "ms": "ms",
    "s": "s",
    "h": "h",
    "d": "d",
    "quote": "quote",
    "base": "base",
    "share": "%",
    "bytes": "bytes",
}
_LONG: Final = 36
"""Characters from which a text is broken into lines."""

_VERDICTS: Final = frozenset({"verdict", "status"})


@dataclass(frozen=True, slots=True)
class Column:
    """How one column is shown; what is left out follows from its name and type.

    Parameters
    ----------
    title
        Header; the name without its unit suffix and with spaces by default.
    unit
        Shown below the header; from the suffix (``_bps _ns _ms _s _h _quote _base _share``) by default.
        ``%`` multiplies by 100; ``UTC`` writes nanoseconds as a time.
    digits
        Decimals; by the size of the numbers by default.
    """

    title: str | None = None
    unit: str | None = None
    digits: int | None = None


def badge(verdict: str) -> str:
    """Return the badge of a verdict word; other text is returned escaped."""
    if verdict not in BADGES:
        return escape(verdict)
    style, label = BADGES[verdict]
    return f'<span class="badge {style}">{label}</span>'


def table(
    frame: pl.DataFrame,
    *,
    columns: Mapping[str, Column] | Sequence[str] | None = None,
    caption: str = "",
    limit: int = 50,
) -> HtmlDisplay:
    """Show a frame as a table, in notebooks and in reports.

    Numbers are aligned right and rounded by column; null and NaN read "–"; columns named ``verdict`` or ``status``
    become badges; ``_ns`` columns of integers become times.

    Parameters
    ----------
    frame
        Any frame.
    columns
        Which columns and in what order, with how they are shown; all of them by default.
    caption
        A line above the table.
    limit
        Rows shown; a note says how many there are besides.

    Raises
    ------
    SchemaError
        For a column the frame does not have.
    """
    chosen = columns if isinstance(columns, Mapping) else {name: Column() for name in columns or frame.columns}
    for name in chosen:
        if name not in frame.columns:
            raise SchemaError(expected("table column", f"one of {', '.join(frame.columns)}", repr(name)))
    shown = frame.head(limit)
    heads, texts, classes = [], [], []
    for name, style in chosen.items():
        title, unit = _heading(name, style)
        numeric = frame.schema[name].is_numeric()
        cells = _cells(shown[name], name, unit, style.digits)
        text = shown.schema[name] == pl.String and name not in _VERDICTS
        longest = shown[name].str.len_chars().max() if text else 0
        long = isinstance(longest, int) and longest > _LONG
        classes.append(' class="number"' if numeric else ' class="words"' if long else "")
        below = f"<small>{escape(unit)}</small>" if unit else ""
        heads.append(f'<th{classes[-1]} scope="col">{escape(title)}{below}</th>')
        texts.append(cells)
    body = "".join(
        f"<tr>{''.join(f'<td{style}>{text}</td>' for style, text in zip(classes, row, strict=True))}</tr>"
        for row in zip(*texts, strict=True)
    )
    left_out = len(frame) - len(shown)
    note = f'<p class="note">{left_out:,} more rows are not shown.</p>' if left_out else ""
    if not len(frame):
        note = '<p class="note">No rows.</p>'
    head = f"<caption>{escape(caption)}</caption>" if caption else ""
    inner = f"{head}<thead><tr>{''.join(heads)}</tr></thead><tbody>{body}</tbody>"
    html = f'<div class="table"><table class="frame">{inner}</table></div>{note}'
    return HtmlDisplay(html, f"{caption}\n{shown}" if caption else str(shown))


def _heading(name: str, style: Column) -> tuple[str, str]:
    stem, _, suffix = name.rpartition("_")
    unit = _UNITS.get(suffix, "") if stem else ""
    title = (stem if unit else name).replace("_", " ")
    return style.title if style.title is not None else title, style.unit if style.unit is not None else unit


def _cells(values: pl.Series, name: str, unit: str, digits: int | None) -> list[str]:
    if unit == "UTC" and values.dtype.is_integer():
        return ["–" if value is None else format_ns(value, digits or 0)[:-1].replace("T", " ") for value in values]
    if values.dtype.is_numeric():
        return _numbers(values.cast(pl.Float64), unit, digits, whole=values.dtype.is_integer())
    if values.dtype == pl.Boolean:
        return ["–" if value is None else "yes" if value else "no" for value in values]
    if name in _VERDICTS:
        return ["–" if value is None else badge(str(value)) for value in values]
    return ["–" if value is None else escape(str(value)) for value in values]


def _numbers(values: pl.Series, unit: str, digits: int | None, *, whole: bool) -> list[str]:
    scale = 100 if unit == "%" else 1
    numbers = [None if value is None or not math.isfinite(value) else value * scale for value in values]
    if digits is None:
        digits = 0 if whole and unit != "%" else _digits([abs(number) for number in numbers if number])
    return ["–" if number is None else f"{number:,.{digits}f}".replace("-", "−") for number in numbers]


def _digits(sizes: list[float]) -> int:
    """Choose decimals that give the middle value of a column about three significant digits."""
    if not sizes:
        return 0
    middle = sorted(sizes)[len(sizes) // 2]
    return min(10, max(0, 2 - math.floor(math.log10(middle))))
