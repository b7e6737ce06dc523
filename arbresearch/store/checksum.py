"""A checksum of rows that does not depend on their order or on how they are spread over files.

Each row is mixed to 64 bits and the bits are added up, so the checksum of a store is the sum of those of its
parts, and compaction must leave it as it was. It finds loss and doubling; it is no defence against forgery.
"""

from __future__ import annotations

from hashlib import blake2b

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from numba import njit

__all__ = ["MODULUS", "row_checksum"]

MODULUS = 2**64
_WordArray = npt.NDArray[np.uint64]


@njit(cache=True)
def _mix(hashes: _WordArray, words: _WordArray, salt: np.uint64) -> None:
    """Fold one column into the running hash of each row (the finaliser of splitmix64)."""
    for row in range(hashes.size):
        z = (hashes[row] ^ words[row]) + salt
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        hashes[row] = z ^ (z >> np.uint64(31))


@njit(cache=True)
def _hash_texts(offsets: npt.NDArray[np.int64], data: npt.NDArray[np.uint8], out: _WordArray) -> None:
    """Hash each text (FNV-1a, 64 bits)."""
    for row in range(out.size):
        value = np.uint64(0xCBF29CE484222325)
        for position in range(offsets[row], offsets[row + 1]):
            value = (value ^ np.uint64(data[position])) * np.uint64(0x100000001B3)
        out[row] = value


def _words(column: pa.Array) -> _WordArray:
    """Return 64 bits for each value; all ones for null."""
    if pa.types.is_dictionary(column.type):
        values = _words(column.dictionary)
        codes = column.indices.fill_null(0).to_numpy(zero_copy_only=False)
        words = values[codes] if len(values) else np.zeros(len(column), dtype=np.uint64)
    elif pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        plain = column.cast(pa.large_string())
        words = np.zeros(len(plain), dtype=np.uint64)
        _, offsets, data = plain.buffers()
        ends = np.frombuffer(offsets, dtype=np.int64)[plain.offset : plain.offset + len(plain) + 1]
        _hash_texts(ends, np.frombuffer(data or b"", dtype=np.uint8), words)
    elif pa.types.is_floating(column.type):
        # Adding zero makes negative zero zero, as encoding does.
        words = (column.fill_null(0.0).to_numpy(zero_copy_only=False) + 0.0).view(np.uint64)
    elif pa.types.is_boolean(column.type):
        words = column.fill_null(False).to_numpy(zero_copy_only=False).astype(np.uint64)
    else:
        words = column.fill_null(0).to_numpy(zero_copy_only=False).astype(np.int64).view(np.uint64).copy()
    if column.null_count:
        words = np.where(column.is_null().to_numpy(zero_copy_only=False), np.uint64(MODULUS - 1), words)
    return words


def row_checksum(table: pa.Table, names: list[str]) -> int:
    """Return the sum over rows, modulo 2**64, of a hash of the named columns (their order does not matter)."""
    hashes = np.zeros(table.num_rows, dtype=np.uint64)
    for name in sorted(names):
        salt = np.uint64(int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), "little"))
        column = table.column(name).combine_chunks()
        _mix(hashes, _words(column), salt)
    with np.errstate(over="ignore"):
        return int(hashes.sum(dtype=np.uint64)) if hashes.size else 0
