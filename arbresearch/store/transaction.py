"""A transaction: many bounded appends, one commit; all of it becomes visible or none."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Any, Final, Self

import polars as pl

from arbresearch.core import SchemaError, SystemClock, expected
from arbresearch.core.units import NS_PER_DAY, utc_date
from arbresearch.store.commitlog import Commit, CommitLog, Part
from arbresearch.store.layout import Layout
from arbresearch.store.parts import PartWriter
from arbresearch.store.schemas import Table, table
from arbresearch.store.validate import conform, require_valid
from arbresearch.store.writers import Writer

__all__ = ["Transaction"]

BUFFER_ROWS: Final = 1_000_000
"""Rows held back until they fill a part; appends of a transaction are gathered to this before they are written."""


class Transaction:
    """Gathers rows, writes them as parts, and commits them in one step when its block ends.

    Use it as a context manager, through :meth:`arbresearch.store.TickStore.transaction`. If the block raises,
    the parts are removed and the store is as before.
    """

    def __init__(
        self,
        layout: Layout,
        log: CommitLog,
        writer: Callable[[], Writer],
        key: str | None,
        note: dict[str, Any] | None,
    ) -> None:
        self._layout = layout
        self._log = log
        self._writer = writer
        self._key = key
        self._note = dict(note or {})
        self._waiting: dict[str, list[pl.DataFrame]] = {}
        self._waiting_rows: dict[str, int] = {}
        self._parts: list[tuple[PartWriter, Part]] = []
        self.rows: dict[str, int] = {}
        self.commit_number: int | None = None

    def append(self, table_name: str, frame: pl.DataFrame) -> int:
        """Add rows to a table; they are checked now and visible after the commit.

        Parameters
        ----------
        table_name
            One of the tables of :mod:`arbresearch.store.schemas`.
        frame
            Its logical columns; optional ones may be missing. Rows may come in any order.

        Returns
        -------
        int
            Number of rows added.

        Raises
        ------
        SchemaError
            If a column is missing, unknown or of a wrong type, or a row is bad; nothing of the frame is added.
        StoreError
            If a part cannot be written; the whole transaction is then lost, and only it.
        """
        schema = table(table_name)
        conforming = conform(schema, frame.with_columns(pl.col(pl.Float64).fill_nan(None)))
        require_valid(schema, conforming)
        if conforming.height:
            self._waiting.setdefault(table_name, []).append(conforming)
            self._waiting_rows[table_name] = self._waiting_rows.get(table_name, 0) + conforming.height
            self.rows[table_name] = self.rows.get(table_name, 0) + conforming.height
            if self._waiting_rows[table_name] >= BUFFER_ROWS:
                self._flush(schema)
        return conforming.height

    def _flush(self, schema: Table) -> None:
        frames = self._waiting.pop(schema.name, [])
        self._waiting_rows[schema.name] = 0
        if not frames:
            return
        rows = pl.concat(frames, rechunk=True).with_columns((pl.col("recv_ns") // NS_PER_DAY).alias("_day"))
        for (venue, _), piece in sorted(
            rows.partition_by("venue", "_day", as_dict=True).items(), key=lambda item: item[0]
        ):
            self._write(schema, str(venue), _sorted(schema, piece.drop("_day")))

    def _write(self, schema: Table, venue: str, piece: pl.DataFrame) -> None:
        date = utc_date(int(piece["recv_ns"][0]))
        writer = self._writer()
        part = PartWriter(
            self._layout.root, self._layout.partition(schema.name, venue, date), writer.next_part(), schema, venue, date
        )
        try:
            part.write(piece)
            self._parts.append((part, part.finish()))
        except BaseException:
            part.discard()
            raise

    def __enter__(self) -> Self:
        """Return the transaction."""
        if self._key is not None and self._key == "":
            raise SchemaError(expected("key", "a text that names the content", "an empty text"))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Commit, or take everything back when the block raised."""
        try:
            if kind is None:
                for name in list(self._waiting):
                    self._flush(table(name))
                if self._parts or self._key is not None:
                    change = Commit(
                        "append",
                        SystemClock().now_ns(),
                        add=tuple(part for _, part in self._parts),
                        key=self._key,
                        note=self._note,
                    )
                    self.commit_number = self._log.commit(change, self._writer().name)
        except BaseException:
            self._take_back()
            raise
        if kind is not None:
            self._take_back()

    def _take_back(self) -> None:
        for writer, _ in self._parts:
            writer.discard()
        self._parts.clear()
        self._waiting.clear()


def _sorted(schema: Table, piece: pl.DataFrame) -> pl.DataFrame:
    return piece.sort(schema.key, "recv_ns", maintain_order=True)
