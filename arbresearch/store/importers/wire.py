"""What the formats of data vendors share: lines with their text, times by magnitude, rows split from rejects."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import polars as pl

from arbresearch.core.units import MAX_NS, MIN_NS
from arbresearch.store.importers.base import Batch, Rejection
from arbresearch.store.importers.content import Block
from arbresearch.store.schemas import table

__all__ = [
    "Lines",
    "by_magnitude_ns",
    "empty_side",
    "line_text",
    "make_batch",
    "micros_ns",
    "no_rows",
    "numbers",
    "reject_when",
]

_TEXT: Final = 400
"""Characters of a refused line that are kept."""
_NO_TIME: Final = 0
"""Stands for a number that is no time in the unit it should be in; the check of rows calls it time_unit."""


class Lines:
    """The lines of a block, by their number in the file."""

    __slots__ = ("first", "lines")

    def __init__(self, block: Block) -> None:
        self.first = block.first_line
        self.lines = block.data.split(b"\n")

    def text(self, line: int) -> str:
        """Return a line as text, cut to a length a report can show."""
        return line_text(self.raw(line)) if line >= self.first else f"(line {line}, read earlier)"

    def raw(self, line: int) -> bytes:
        """Return a line; empty when it was in an earlier block."""
        return self.lines[line - self.first] if line >= self.first else b""


def line_text(line: bytes) -> str:
    """Return a line as text, cut to a length a report can show."""
    text = line[: 4 * _TEXT].decode("utf-8", "replace").rstrip("\r")
    return text if len(text) <= _TEXT else text[:_TEXT] + "..."


def numbers(values: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Return the doubles that texts say, and where a text is there that says none (Boolean); ``nan`` is none."""
    result = values.cast(pl.Float64, strict=False).fill_nan(None)
    return result, values.is_not_null() & result.is_null()


def by_magnitude_ns(column: str) -> pl.Expr:
    """Read an integer time in milliseconds or microseconds, whichever puts it between 2009 and 2100.

    Thirteen digits are milliseconds and sixteen microseconds; no number is a time of those years in both. One
    that is neither (seconds, say) becomes 0, which the check of rows refuses as ``time_unit``. Null stays null.
    """
    value = pl.col(column)
    return (
        pl.when(value.is_between(MIN_NS // 1_000_000, MAX_NS // 1_000_000))
        .then(value * 1_000_000)
        .when(value.is_between(MIN_NS // 1_000, MAX_NS // 1_000))
        .then(value * 1_000)
        .when(value.is_not_null())
        .then(pl.lit(_NO_TIME, dtype=pl.Int64))
    )


def micros_ns(column: str) -> pl.Expr:
    """Read an integer time in microseconds; one outside 2009 to 2100 becomes 0, refused as ``time_unit``."""
    value = pl.col(column)
    return (
        pl.when(value.is_between(MIN_NS // 1_000, MAX_NS // 1_000))
        .then(value * 1_000)
        .when(value.is_not_null())
        .then(pl.lit(_NO_TIME, dtype=pl.Int64))
    )


def empty_side(price: str, size: str) -> tuple[pl.Expr, pl.Expr]:
    """Return price and size of a side, both null where the venue writes an empty one as price 0 and size 0."""
    empty = (pl.col(price) == 0) & (pl.col(size) == 0)
    return tuple(pl.when(~empty.fill_null(False)).then(pl.col(one)).alias(one) for one in (price, size))  # type: ignore[return-value]


def reject_when(rules: Sequence[tuple[pl.Expr, str]]) -> pl.Expr:
    """Return the first reason whose condition holds, null where none does, as column ``reason``."""
    return pl.coalesce([pl.when(bad.fill_null(False)).then(pl.lit(code)) for bad, code in rules]).alias("reason")


def no_rows(name: str) -> pl.DataFrame:
    """Return an empty frame of a table with the extra columns of :func:`make_batch`."""
    return table(name).empty().with_columns(line=pl.lit(None, dtype=pl.Int64), reason=pl.lit(None, dtype=pl.String))


def make_batch(
    name: str,
    frame: pl.DataFrame,
    lines: Lines,
    consumed: int,
    rejected: Sequence[Rejection] = (),
    filtered: int = 0,
    notes: Sequence[str] = (),
) -> Batch:
    """Turn a frame with the extra columns ``line`` and ``reason`` (null: fine) into a batch."""
    bad = frame.filter(pl.col("reason").is_not_null())
    refused = [Rejection(line, reason, lines.text(line)) for line, reason in bad.select("line", "reason").iter_rows()]
    good = frame.filter(pl.col("reason").is_null())
    rows = good["line"].cast(pl.Int64)
    return Batch(
        name,
        good.drop("line", "reason"),
        rows,
        tuple(sorted([*rejected, *refused], key=lambda one: one.line)),
        consumed,
        filtered,
        tuple(notes),
        lambda places: [lines.text(int(rows[place])) for place in places],
    )
