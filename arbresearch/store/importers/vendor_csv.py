"""Comma-separated files of a data vendor: a known header, no quoting, one record a line."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from arbresearch.store.importers.base import Rejection
from arbresearch.store.importers.content import Block, Content
from arbresearch.store.importers.wire import Lines, reject_when

__all__ = ["read_fields", "read_header"]


def read_header(content: Content) -> tuple[str, ...]:
    """Read the first line and return its fields."""
    line = bytearray()
    while (byte := content.read(1)) not in (b"", b"\n"):
        line += byte
    return tuple(name.strip() for name in bytes(line).decode("utf-8-sig", "replace").rstrip("\r").split(","))


def read_fields(
    block: Block, lines: Lines, columns: Mapping[str, type[pl.DataType]]
) -> tuple[pl.DataFrame, list[Rejection]]:
    """Read a block of records.

    Parameters
    ----------
    columns
        Name and type (String, Int64 or Float64) of each field, in the order of the file.

    Returns
    -------
    frame, refused
        The fields with ``line`` and ``reason`` (``not_a_number`` or null), an empty field as null; and the lines
        with a wrong number of fields.
    """
    frame = _at_once(block, columns)
    if frame is None:
        return _one_by_one(lines, columns)
    line = pl.int_range(block.first_line, block.first_line + frame.height, eager=True)
    return frame.with_columns(line.alias("line"), pl.lit(None, dtype=pl.String).alias("reason")), []


def _at_once(block: Block, columns: Mapping[str, type[pl.DataType]]) -> pl.DataFrame | None:
    count = block.data.count(b"\n") + (not block.data.endswith(b"\n"))
    if block.data.count(b",") != count * (len(columns) - 1):
        return None
    try:
        frame = pl.read_csv(block.data, has_header=False, quote_char=None, schema=columns)
    except pl.exceptions.PolarsError:
        return None
    return frame if frame.height == count else None


def _one_by_one(lines: Lines, columns: Mapping[str, type[pl.DataType]]) -> tuple[pl.DataFrame, list[Rejection]]:
    kept: list[list[str | None]] = []
    places: list[int] = []
    refused: list[Rejection] = []
    for number, line in enumerate(lines.lines, lines.first):
        text = line.decode("utf-8", "replace").rstrip("\r")
        if not text:
            continue
        fields = text.split(",")
        if len(fields) != len(columns):
            refused.append(Rejection(number, "field_count", lines.text(number)))
            continue
        kept.append([field or None for field in fields])
        places.append(number)
    raw = pl.DataFrame(kept, schema=dict.fromkeys(columns, pl.String), orient="row").with_columns(
        pl.Series("line", places, dtype=pl.Int64)
    )
    typed = [name for name, dtype in columns.items() if dtype != pl.String]
    cast = raw.with_columns(pl.col(name).cast(columns[name], strict=False) for name in typed)
    bad = pl.any_horizontal(pl.col(name).is_not_null() & cast[name].is_null() for name in typed)
    return cast.with_columns(raw.select(reject_when([(bad, "not_a_number")])).to_series()), refused
