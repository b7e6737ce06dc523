"""The content of a file: decompressed on the way, counted, and identified whatever it is packed in."""

from __future__ import annotations

import gzip
import hashlib
import io
import sys
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol, cast

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from arbresearch.core import ImportFailed, expected

__all__ = ["BLOCK_BYTES", "Block", "Content", "content_digest", "line_blocks", "open_content"]

BLOCK_BYTES: Final = 16 << 20
"""How much text is read at a time."""

_SAMPLE_BYTES: Final = 1 << 16
_PIECE_BYTES: Final = 1 << 18
_DIGEST_ROWS: Final = 1 << 12
_BROKEN: Final = (EOFError, zlib.error, gzip.BadGzipFile, zipfile.BadZipFile, OSError)


class _Readable(Protocol):
    def read1(self, size: int, /) -> bytes: ...

    def close(self) -> None: ...


class Content(io.RawIOBase):
    """A readable stream of a file's decompressed bytes that counts them.

    A damaged or cut archive raises :class:`ImportFailed`, naming the file and how far it could be read.
    """

    def __init__(self, path: Path, inner: _Readable, packed: str) -> None:
        super().__init__()
        self._path = path
        self._inner = inner
        self._packed = packed
        self.consumed = 0
        self.lines = 0

    def readable(self) -> bool:
        """Return True."""
        return True

    def read(self, size: int = -1) -> bytes:
        """Return up to ``size`` bytes (all there are when negative); empty at the end."""
        pieces: list[bytes] = []
        left = size if size >= 0 else sys.maxsize
        while left > 0 and (piece := self._piece(min(left, _PIECE_BYTES))):
            pieces.append(piece)
            left -= len(piece)
        return b"".join(pieces)

    def _piece(self, size: int) -> bytes:
        try:
            data = self._inner.read1(size)
        except _BROKEN as error:
            found = f"cut or damaged after {self.lines:_} lines ({self.consumed:_} bytes unpacked): {error}"
            raise ImportFailed(
                expected(
                    str(self._path), f"a whole {self._packed} file", found, "fetch it again; nothing of it was stored"
                )
            ) from error
        self.consumed += len(data)
        self.lines += data.count(b"\n")
        return data

    def readinto(self, buffer: object) -> int:
        """Fill a writable buffer and return how many bytes were put there."""
        view = memoryview(buffer).cast("B")  # type: ignore[arg-type]
        data = self.read(len(view))
        view[: len(data)] = data
        return len(data)

    def close(self) -> None:
        """Close the file underneath."""
        self._inner.close()
        super().close()


@contextmanager
def open_content(path: Path) -> Iterator[Content]:
    """Open a file for reading, unpacked if its first bytes say it is gzip, zip (one member) or zstd.

    Raises
    ------
    ImportFailed
        If the file does not exist, is empty, is a zip of several files, or is cut or damaged.
    """
    try:
        with path.open("rb") as file:
            head = file.read(4)
    except OSError as error:
        raise ImportFailed(expected(str(path), "a readable file", error.strerror)) from error
    if not head:
        raise ImportFailed(expected(str(path), "a file with rows", "an empty file", "fetch it again or leave it out"))
    inner, packed = _unpacked(path, head)
    with Content(path, inner, packed) as content:
        yield content


def _unpacked(path: Path, head: bytes) -> tuple[_Readable, str]:
    if head[:2] == b"\x1f\x8b":
        return gzip.open(path, "rb"), "gzip"
    if head == b"\x28\xb5\x2f\xfd":
        return pa.CompressedInputStream(pa.OSFile(str(path)), "zstd"), "zstd"
    if head == b"PK\x03\x04":
        try:
            archive = zipfile.ZipFile(path)
        except zipfile.BadZipFile as error:
            raise ImportFailed(
                expected(str(path), "a whole zip file", f"one that is cut or damaged: {error}", "fetch it again")
            ) from error
        members = [member for member in archive.infolist() if not member.is_dir()]
        if len(members) != 1:
            raise ImportFailed(
                expected(str(path), "a zip of one file", f"{len(members)} files in it", "unpack it and give the files")
            )
        return cast("_Readable", archive.open(members[0])), "zip"
    return path.open("rb"), "plain"


@dataclass(frozen=True, slots=True)
class Block:
    """Some whole lines of a text file: their bytes, the number of the first, and how far the file is read."""

    data: bytes
    first_line: int
    consumed: int


def line_blocks(content: Content, lines: int | None = None, block_bytes: int = BLOCK_BYTES) -> Iterator[Block]:
    """Yield the rest of a text in blocks of whole lines, numbering lines from 1.

    A last line without a line end is a line. Memory is bounded by ``block_bytes`` and the longest line. With
    ``lines``, blocks hold about that many, judged by the first 64 kB, and never more than ``block_bytes``.
    """
    rest, line, size = b"", content.lines + 1, block_bytes if lines is None else _SAMPLE_BYTES
    while data := content.read(size):
        cut = data.rfind(b"\n") + 1
        if not cut:
            rest += data
            continue
        whole, rest = rest + data[:cut], data[cut:]
        count = whole.count(b"\n")
        yield Block(whole, line, content.consumed - len(rest))
        line += count
        if lines is not None:
            size = min(max(len(whole) * lines // count, _SAMPLE_BYTES), block_bytes)
    if rest:
        yield Block(rest, line, content.consumed)


def content_digest(path: Path) -> tuple[str, int]:
    """Return the SHA-256 of what a file holds, and its size unpacked.

    Renaming or repacking a file does not change the digest: text is hashed unpacked, Parquet by its columns
    and values, whatever its codec and row groups.

    Raises
    ------
    ImportFailed
        If the file is missing, empty, cut or damaged.
    """
    digest = hashlib.sha256()
    with open_content(path) as content:
        head = content.read(4)
        if head == b"PAR1":
            return _parquet_digest(path), path.stat().st_size
        digest.update(head)
        while data := content.read(BLOCK_BYTES):
            digest.update(data)
        if not content.consumed:
            raise ImportFailed(
                expected(str(path), "a file with rows", "an archive of an empty file", "fetch it again or leave it out")
            )
        return digest.hexdigest(), content.consumed


def _parquet_digest(path: Path) -> str:
    digest = hashlib.sha256()
    try:
        with pq.ParquetFile(path) as file:
            digest.update(str(file.schema_arrow.remove_metadata()).encode())
            for batch in file.iter_batches(batch_size=_DIGEST_ROWS):
                # A copy by index has zeros where values are null; as read there is whatever was in memory.
                plain = batch.replace_schema_metadata(None).take(pa.array(np.arange(batch.num_rows)))
                digest.update(plain.serialize())
    except (pa.ArrowException, OSError) as error:
        raise ImportFailed(
            expected(str(path), "a whole Parquet file", f"one that is cut or damaged: {error}", "fetch it again")
        ) from error
    return digest.hexdigest()
