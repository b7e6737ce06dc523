"""The file in which a board keeps its rounds: replaced as a whole, checked when it is read, never lost silently."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from arbresearch.core import StoreError
from arbresearch.store.layout import write_atomically

__all__ = ["ROUNDS", "BoardFile"]

ROUNDS: Final = pl.Schema(
    {
        "as_of_ns": pl.Int64, "pair": pl.String, "rank": pl.Int64, "viable": pl.Boolean, "reason": pl.String,
        "detail": pl.String, "final_score": pl.Float64, "mean_bps_day": pl.Float64, "recent_bps_day": pl.Float64,
        "episodes": pl.Int64, "capacity_quote": pl.Float64, "first_viable_ns": pl.Int64, "rounds_viable": pl.Int64,
    }
)  # fmt: skip
"""Columns of the history, a row a round and pair; rank is null where a pair was not measured in that round."""

_SCOPE: Final = b"scope"
_TYPES: Final = {pl.Int64: pa.int64(), pl.Float64: pa.float64(), pl.String: pa.string(), pl.Boolean: pa.bool_()}
_ARROW: Final = pa.schema([(name, _TYPES[type(dtype)]) for name, dtype in ROUNDS.items()])


class BoardFile:
    """One Parquet file with the checksum of every page.

    Parameters
    ----------
    path
        The file; its folder is made when something is written.
    scope
        What the rounds are about; a file that says otherwise counts as damaged.

    Attributes
    ----------
    set_aside
        Damaged files that were found, under the names they have now.
    """

    def __init__(self, path: Path, scope: bytes) -> None:
        self.path = path
        self.set_aside: tuple[Path, ...] = ()
        self._scope = scope

    def read(self) -> pl.DataFrame:
        """Return the rounds kept, oldest first; none where there is no file.

        A damaged file is renamed, so that nothing replaces it, and listed in ``set_aside``.

        Raises
        ------
        StoreError
            The file is there and cannot be read or renamed.
        """
        try:
            content = self.path.read_bytes()
        except FileNotFoundError:
            return pl.DataFrame(schema=ROUNDS)
        except OSError as error:
            raise StoreError(f"{self.path}: cannot be read ({error})") from error
        frame = self._parsed(content)
        if frame is not None:
            return frame
        self._move()
        return pl.DataFrame(schema=ROUNDS)

    def write(self, frame: pl.DataFrame) -> None:
        """Replace the file in one step; killed at any moment, it leaves the rounds before or these.

        Raises
        ------
        StoreError
            It cannot be written; the rounds before are still there.
        """
        table = frame.select(ROUNDS.names()).to_arrow().cast(_ARROW).replace_schema_metadata({_SCOPE: self._scope})
        sink = pa.BufferOutputStream()
        pq.write_table(table, sink, compression="zstd", write_page_checksum=True)
        try:
            write_atomically(self.path, sink.getvalue().to_pybytes(), temporary=f".{self.path.name}.tmp")
        except OSError as error:
            raise StoreError(f"{self.path}: cannot be written ({error}); free some space and go on") from error

    def _parsed(self, content: bytes) -> pl.DataFrame | None:
        try:
            file: Any = pq.ParquetFile(pa.BufferReader(content), page_checksum_verification=True)
            table = file.read()
            table.validate(full=True)
            if not table.schema.equals(_ARROW) or file.metadata.metadata.get(_SCOPE) != self._scope:
                return None
        except (pa.ArrowException, OSError, ValueError):
            return None
        frame = pl.DataFrame(pl.from_arrow(table))
        return frame if frame["as_of_ns"].is_sorted() else None

    def _move(self) -> None:
        number = 1
        while (aside := self.path.with_suffix(f".damaged-{number}{self.path.suffix}")).exists():
            number += 1
        try:
            self.path.rename(aside)
        except OSError as error:
            raise StoreError(f"{self.path}: damaged, and cannot be set aside ({error}); move it away") from error
        self.set_aside += (aside,)
