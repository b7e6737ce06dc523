"""Comma-separated files, plain or compressed, read as a mapping says."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from arbresearch.core import ImportFailed, MappingError, expected
from arbresearch.store.importers.base import Batch, Rejection, Source, register
from arbresearch.store.importers.content import Block, Content, line_blocks, open_content
from arbresearch.store.importers.decode import Decoder
from arbresearch.store.importers.emit import emit
from arbresearch.store.importers.mapping import Mapping
from arbresearch.store.importers.plain import plain_mapping
from arbresearch.store.schemas import Kind

__all__ = ["CsvFormat"]

_MAX_BYTES: Final = 64 << 20
_NEWLINE: Final = ord("\n")
_NUMERIC: Final = (Kind.PRICE, Kind.SIZE, Kind.REAL)


@dataclass(frozen=True, slots=True)
class CsvFormat:
    """Reads csv in blocks of whole lines; a record is one line.

    Numbers become the doubles nearest to their text. A block that is in order is parsed at once; one with a
    ragged line or a text where a number belongs is parsed line by line, so that only the bad lines are refused.
    """

    name: str = "csv"
    doc: str = "comma-separated text (plain, gzip, zip or zstd), columns as a mapping says"
    extensions: tuple[str, ...] = (".csv", ".csv.gz", ".csv.zip")
    options: tuple[str, ...] = ("venue", "symbol", "mapping", "contract_size")

    def read(self, source: Source, batch_rows: int) -> Iterator[Batch]:
        """Yield the file's rows; see :class:`arbresearch.store.importers.base.Format`."""
        with open_content(source.path) as content:
            delimiter = source.mapping.delimiter if source.mapping else ","
            header = source.mapping.header if source.mapping else None
            columns = header if header is not None else _header(source, content, delimiter)
            mapping = source.mapping or plain_mapping(source.path, columns, "csv")
            mapping.check_columns(source.path, columns)
            decoder = Decoder(source, mapping)
            for block in line_blocks(content, batch_rows, _MAX_BYTES):
                raw, rows, refused = _parse(block, columns, mapping)
                yield from emit(decoder, raw, rows, _LineText(block), refused=refused, consumed=block.consumed)
            decoder.finish()


def _header(source: Source, content: Content, delimiter: str) -> tuple[str, ...]:
    line = bytearray()
    while (byte := content.read(1)) not in (b"", b"\n"):
        line += byte
    text = bytes(line).decode("utf-8-sig", errors="replace").rstrip("\r")
    columns = tuple(name.strip() for name in next(csv.reader([text], delimiter=delimiter), []))
    if len(set(columns)) != len(columns):
        twice = sorted({name for name in columns if columns.count(name) > 1})
        raise MappingError(expected(f"{source.path} header", "a name once", f"{', '.join(twice)} more than once"))
    if not any(columns):
        raise ImportFailed(
            expected(f"{source.path} line 1", "column names", "an empty line", "name them in the mapping")
        )
    return columns


def _parse(block: Block, columns: tuple[str, ...], mapping: Mapping) -> tuple[pl.DataFrame, pl.Series, list[Rejection]]:
    wanted = mapping.wanted()
    lines = _orderly_lines(block.data, ord(mapping.delimiter), len(columns))
    if lines is None:
        return _parse_lines(block, columns, mapping)
    types = {name: pl.Float64() if wanted.get(name) in _NUMERIC else pl.String() for name in columns}
    try:
        raw = pl.read_csv(
            block.data, has_header=False, separator=mapping.delimiter, quote_char=None, schema=types,
            columns=[at for at, name in enumerate(columns) if name in wanted],
            null_values=list(mapping.missing) or None,
        )  # fmt: skip
    except pl.exceptions.PolarsError:
        return _parse_lines(block, columns, mapping)
    if raw.height != lines:
        return _parse_lines(block, columns, mapping)
    return raw, pl.int_range(block.first_line, block.first_line + lines, eager=True), []


def _orderly_lines(data: bytes, delimiter: int, width: int) -> int | None:
    """Return the number of lines when each has ``width`` fields and none is quoted or blank; else None."""
    if b'"' in data:
        return None
    codes = np.frombuffer(data, dtype=np.uint8)
    ends = np.flatnonzero(codes == _NEWLINE)
    if not data.endswith(b"\n"):
        ends = np.append(ends, codes.size)
    if width == 1:
        shortest = np.diff(ends, prepend=-1).min()
        return None if shortest < 3 or delimiter in data else ends.size
    marks = np.flatnonzero(codes == delimiter)
    if marks.size != ends.size * (width - 1):
        return None
    first, last = marks[:: width - 1], marks[width - 2 :: width - 1]
    return ends.size if bool((last < ends).all() and (first[1:] > ends[:-1]).all()) else None


def _parse_lines(
    block: Block, columns: tuple[str, ...], mapping: Mapping
) -> tuple[pl.DataFrame, pl.Series, list[Rejection]]:
    """Parse line by line: slower, and able to say which line is wrong."""
    wanted = [(position, name) for position, name in enumerate(columns) if name in mapping.wanted()]
    gaps = {"", *mapping.missing}
    kept: list[list[str | None]] = []
    rows: list[int] = []
    refused: list[Rejection] = []
    texts = block.data.decode("utf-8", errors="replace").split("\n")
    for number, text in enumerate(texts, start=block.first_line):
        line = text.rstrip("\r")
        if not line.strip():
            continue
        fields = next(csv.reader([line], delimiter=mapping.delimiter), [])
        if len(fields) != len(columns):
            refused.append(Rejection(number, "field_count", line))
            continue
        kept.append([None if fields[position] in gaps else fields[position] for position, _ in wanted])
        rows.append(number)
    schema = {name: pl.String() for _, name in wanted}
    return pl.DataFrame(kept, schema=schema, orient="row"), pl.Series(rows, dtype=pl.Int64), refused


class _LineText:
    """Original lines of a block by number; split only when somebody asks."""

    def __init__(self, block: Block) -> None:
        self._block = block
        self._lines: list[bytes] | None = None

    def __call__(self, line: int) -> str:
        if self._lines is None:
            self._lines = self._block.data.split(b"\n")
        return self._lines[line - self._block.first_line].decode("utf-8", errors="replace").rstrip("\r")


register(CsvFormat())
