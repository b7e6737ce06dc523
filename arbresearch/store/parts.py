"""Part files: writing one whole, reading the piece that is asked for."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final
from zlib import crc32

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from arbresearch.core import StoreError, StoreVersionError, expected
from arbresearch.store.checksum import MODULUS, row_checksum
from arbresearch.store.commitlog import CommitLog, Part
from arbresearch.store.layout import Layout, fsync_folder, make_folder
from arbresearch.store.physical import column_encodings, decode_columns, encode_frame, flat_frame, needed_columns
from arbresearch.store.schemas import FORMAT_VERSION, Table
from arbresearch.store.writers import Writer

__all__ = ["PartReader", "PartWriter", "frame_checksum", "take_back"]

GROUP_ROWS: Final = 65_536
"""Row groups end at a symbol once they have half of this, and never hold more than twice this."""
ENCODED_GROUPS: Final = 16
"""So many row groups are encoded at once; more would only take memory."""


def frame_checksum(table: Table, frame: pl.DataFrame) -> int:
    """Return the order-independent checksum of a conforming frame (see :mod:`arbresearch.store.checksum`)."""
    flat = flat_frame(table, frame).with_columns(pl.col(pl.Float64).fill_nan(None))
    return row_checksum(flat.to_arrow(), flat.columns)


class PartWriter:
    """Writes the sorted rows of one table, venue and day to one file, piece by piece."""

    def __init__(self, layout: Layout, owner: Writer, table: Table, venue: str, date: str) -> None:
        self._owner = owner
        self._path = layout.partition(table.name, venue, date) / owner.next_part()
        self._table = table
        self._waiting: list[pl.DataFrame] = []
        self._waiting_rows = 0
        self._keys: dict[str, tuple[int, int, int, int]] = {}
        self._writer: pq.ParquetWriter | None = None
        self._file: Any = None
        relative = self._path.relative_to(layout.root).as_posix()
        self._part = Part(relative, table.name, venue, date, 0, 2**63 - 1, 0, 0, 0, 0, self._keys)

    def _failed(self, error: OSError) -> StoreError:
        return StoreError(f"{self._path}: cannot be written ({error}); free some space or choose another store")

    def write(self, frame: pl.DataFrame) -> None:
        """Add rows (conforming, sorted by key and time, keys after those written before)."""
        self._waiting.append(frame)
        self._waiting_rows += frame.height
        if self._waiting_rows >= GROUP_ROWS // 2:
            self._flush()

    def _flush(self) -> None:
        frame = pl.concat(self._waiting, rechunk=True)
        self._waiting.clear()
        self._waiting_rows = 0
        for piece in frame.iter_slices(ENCODED_GROUPS * GROUP_ROWS):
            self._encode(piece)

    def _encode(self, frame: pl.DataFrame) -> None:
        data = encode_frame(self._table, frame)
        runs = frame[self._table.key].rle().struct.unnest()
        counts, stops = runs["len"].to_list(), runs["len"].cast(pl.Int64).cum_sum()
        try:
            if self._writer is None:
                self._open(data)
            for start, stop in _groups(counts):
                self._writer_of().write_table(data.slice(start, stop - start), row_group_size=stop - start)
        except OSError as error:
            raise self._failed(error) from error
        times = frame["recv_ns"]
        firsts, lasts = times.gather(stops - runs["len"]).to_list(), times.gather(stops - 1).to_list()
        rows = self._part.rows
        for key, count, first, last in zip(runs["value"], counts, firsts, lasts, strict=True):
            before = self._keys.get(key)
            self._keys[key] = (before[0], before[1] + count, before[2], last) if before else (rows, count, first, last)
            rows += count
        self._part = replace(
            self._part,
            rows=rows,
            first_ns=min(self._part.first_ns, *firsts),
            last_ns=max(self._part.last_ns, *lasts),
            checksum=(self._part.checksum + frame_checksum(self._table, frame)) % MODULUS,
        )

    def _writer_of(self) -> pq.ParquetWriter:
        assert self._writer is not None  # noqa: S101 - opened by write
        return self._writer

    def _open(self, data: pa.Table) -> None:
        dictionary, encodings = column_encodings(self._table, data)
        make_folder(self._path.parent)
        metadata = {"arbresearch.format": str(FORMAT_VERSION), "arbresearch.table": self._table.name}
        self._file = self._path.open("wb")
        self._writer = pq.ParquetWriter(
            self._file,
            data.schema.with_metadata(metadata),
            compression="zstd",
            use_dictionary=dictionary,
            column_encoding=encodings,
            write_statistics=True,
            write_page_checksum=True,
        )

    def finish(self) -> Part:
        """Make the file durable and return what it holds."""
        if self._waiting:
            self._flush()
        try:
            self._writer_of().close()
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            fsync_folder(self._path.parent)
            footer = _footer_bytes(self._path)
            return replace(self._part, bytes=self._path.stat().st_size, footer_crc=crc32(footer))
        except OSError as error:
            raise self._failed(error) from error

    def settle(self) -> None:
        """Note that a commit names the file."""
        self._owner.settle(self._path.name)

    def discard(self) -> None:
        """Remove the file; nothing of it was ever visible."""
        for one in (self._writer, self._file):
            try:
                if one is not None:
                    one.close()
            except (OSError, ValueError, pa.ArrowException):
                continue  # it is removed whatever state it is in
        try:
            self._path.unlink(missing_ok=True)
        except OSError:
            return  # swept once this writer has ended
        self._owner.settle(self._path.name)


def take_back(log: CommitLog, written: Iterable[tuple[PartWriter, Part]]) -> None:
    """Remove finished parts after a commit that raised, unless it went through and only its end was interrupted."""
    try:
        named = log.refresh()
    except StoreError:
        return  # not known: they stay, and are swept once their writer has ended if no commit names them
    for writer, part in written:
        if part.path in named.parts or part.path in named.removed:
            writer.settle()
        else:
            writer.discard()


def _footer_bytes(path: Path) -> bytes:
    """Return what a Parquet file ends with: its footer, the footer's length and the magic word."""
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - 8))
        length = int.from_bytes(file.read(4), "little") + 8
        file.seek(max(0, size - length))
        return file.read()


def _groups(counts: list[int]) -> Iterator[tuple[int, int]]:
    """Cut rows into row groups at symbol boundaries, so that one symbol is read without its neighbours."""
    start = stop = 0
    for count in counts:
        stop += count
        if stop - start < GROUP_ROWS // 2:
            continue
        while stop - start > 2 * GROUP_ROWS:
            yield start, start + GROUP_ROWS
            start += GROUP_ROWS
        yield start, stop
        start = stop
    if stop > start:
        yield start, stop


class PartReader:
    """Reads pieces of parts; remembers the footers of those read last."""

    def __init__(self, root: Path, remember: int = 256) -> None:
        self._root = root
        self._remember = remember
        self._footers: OrderedDict[str, pq.FileMetaData] = OrderedDict()
        self._lock = threading.Lock()

    def _footer(self, part: Part) -> pq.FileMetaData:
        with self._lock:
            footer = self._footers.get(part.path)
            if footer is not None:
                self._footers.move_to_end(part.path)
                return footer
        content = _footer_bytes(self._root / part.path)
        if crc32(content) != part.footer_crc:
            raise OSError("its footer is not what was written")
        footer = pq.read_metadata(pa.BufferReader(content))
        version = int((footer.metadata or {}).get(b"arbresearch.format", b"0"))
        if version > FORMAT_VERSION:
            raise StoreVersionError(
                expected(part.path, f"format {FORMAT_VERSION} or older", f"format {version}", "upgrade arbresearch")
            )
        with self._lock:
            self._footers[part.path] = footer
            while len(self._footers) > self._remember:
                self._footers.popitem(last=False)
        return footer

    def rows_before(self, table: Table, part: Part, key: str, moment_ns: int) -> int:
        """Count the rows of one key with recv_ns < moment; reads the shorter side of it, none where it is outside."""
        _, rows, first_ns, last_ns = part.keys[key]
        if moment_ns <= first_ns:
            return 0
        if moment_ns > last_ns:
            return rows
        if moment_ns - first_ns < last_ns - moment_ns:
            return self.read(table, part, ["recv_ns"], key, first_ns, moment_ns).height
        return rows - self.read(table, part, ["recv_ns"], key, moment_ns, last_ns + 1).height

    def read(
        self, table: Table, part: Part, names: list[str], key: str | None, start_ns: int, stop_ns: int
    ) -> pl.DataFrame:
        """Read the named logical columns of one key (None: all) with start <= recv_ns < stop.

        Raises
        ------
        FileNotFoundError
            If the part was replaced and its file removed meanwhile; read the log again.
        StoreError
            If the file is damaged.
        """
        first, count = (0, part.rows)
        if key is not None:
            if key not in part.keys:
                return decode_columns(table, names, _empty(table, names))
            first, count = part.keys[key][:2]
        columns = needed_columns(table, [*names, "recv_ns"])
        try:
            footer = self._footer(part)
            groups, begin = _row_groups(footer, first, first + count, start_ns, stop_ns)
            if not groups:
                return decode_columns(table, names, _empty(table, names))
            with pq.ParquetFile(
                self._root / part.path, metadata=footer, memory_map=True, page_checksum_verification=True
            ) as file:
                data = file.read_row_groups(groups, columns=list(dict.fromkeys(columns)), use_threads=False)
        except FileNotFoundError:
            raise
        except (OSError, pa.ArrowException) as error:
            raise StoreError(
                expected(
                    part.path, "a Parquet file as it was written", f"damaged ({error})", "restore it from a backup"
                )
            ) from error
        held = sum(footer.row_group(group).num_rows for group in groups)
        low, high = max(first, begin), min(first + count, begin + held)
        data = data.slice(low - begin, high - low)
        times = data.column("recv_ns").to_numpy()
        if key is not None:
            left, right = times.searchsorted([start_ns, stop_ns])
            if (left, right) != (0, len(times)):
                data = data.slice(int(left), int(right - left))
        elif part.first_ns < start_ns or part.last_ns >= stop_ns:
            data = data.filter(pa.array((times >= start_ns) & (times < stop_ns)))
        return decode_columns(table, names, data)


def _empty(table: Table, names: list[str]) -> pa.Table:
    data = encode_frame(table, table.empty())
    return data.select(needed_columns(table, names))


def _row_groups(footer: pq.FileMetaData, first: int, stop: int, start_ns: int, stop_ns: int) -> tuple[list[int], int]:
    """Return the contiguous row groups that can hold the rows and times asked for, and the first row of the first."""
    position = footer.schema.names.index("recv_ns")
    groups: list[int] = []
    begin = row = 0
    for group in range(footer.num_row_groups):
        held = footer.row_group(group)
        following = row + held.num_rows
        if following > first and row < stop:
            statistics = held.column(position).statistics
            outside = statistics is not None and (statistics.max < start_ns or statistics.min >= stop_ns)
            if not outside:
                if not groups:
                    begin = row
                groups.extend(range(groups[-1] + 1 if groups else group, group + 1))
        row = following
    return groups, begin
