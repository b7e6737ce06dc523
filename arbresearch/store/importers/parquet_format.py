"""Parquet files, read as a mapping says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import orjson
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from arbresearch.core import ImportFailed, expected
from arbresearch.store.importers.base import Batch, Source, register
from arbresearch.store.importers.decode import Decoder
from arbresearch.store.importers.emit import emit
from arbresearch.store.importers.plain import plain_mapping

__all__ = ["ParquetFormat", "rows_within"]

_BATCH_BYTES: Final = 128 << 20


@dataclass(frozen=True, slots=True)
class ParquetFormat:
    """Reads Parquet in batches of rows, only the columns that are wanted."""

    name: str = "parquet"
    doc: str = "Parquet, columns as a mapping says; list columns for book levels"
    extensions: tuple[str, ...] = (".parquet",)
    options: tuple[str, ...] = ("venue", "symbol", "mapping", "contract_size")

    def read(self, source: Source, batch_rows: int) -> Iterator[Batch]:
        """Yield the file's rows; see :class:`arbresearch.store.importers.base.Format`."""
        size = source.path.stat().st_size
        try:
            with pq.ParquetFile(source.path) as file:
                columns = tuple(file.schema_arrow.names)
                mapping = source.mapping or plain_mapping(source.path, columns, "parquet")
                mapping.check_columns(source.path, columns)
                decoder = Decoder(source, mapping)
                wanted = [name for name in columns if name in mapping.wanted()]
                first, total = 1, max(1, file.metadata.num_rows)
                for batch in file.iter_batches(batch_size=rows_within(file, wanted, batch_rows), columns=wanted):
                    raw = pl.DataFrame(pa.table(batch))
                    rows = pl.int_range(first, first + raw.height, eager=True)
                    first += raw.height
                    consumed = size * (first - 1) // total
                    yield from emit(decoder, raw, rows, _RowText(raw, first - raw.height), consumed=consumed)
                decoder.finish()
        except (pa.ArrowException, OSError) as error:
            raise ImportFailed(
                expected(
                    str(source.path), "a whole Parquet file", f"one that is cut or damaged: {error}", "fetch it again"
                )
            ) from error


def rows_within(file: pq.ParquetFile, columns: list[str], batch_rows: int) -> int:
    """Return how many rows of some columns fit into a batch, by their size unpacked; at most ``batch_rows``.

    A thousand book levels a row make rows of 32 kB; batches are cut by bytes so that memory stays bounded.
    """
    metadata = file.metadata
    wide = 0
    for group in range(metadata.num_row_groups):
        chunks = metadata.row_group(group)
        for index in range(chunks.num_columns):
            chunk = chunks.column(index)
            if chunk.path_in_schema.split(".")[0] in columns:
                wide += max(chunk.total_uncompressed_size, 8 * chunk.num_values)
    width = max(1.0, wide / max(1, metadata.num_rows))
    return int(min(batch_rows, max(1.0, _BATCH_BYTES / width)))


class _RowText:
    """The values of a row as JSON, by its number; lists are cut to what the store keeps."""

    def __init__(self, raw: pl.DataFrame, first: int) -> None:
        self._raw = raw
        self._first = first

    def __call__(self, row: int) -> str:
        values = self._raw.row(row - self._first, named=True)
        short = {name: value[:10] if isinstance(value, list) else value for name, value in values.items()}
        return orjson.dumps(short, default=str).decode()


register(ParquetFormat())
