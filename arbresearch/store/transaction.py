"""A transaction: many bounded appends, one commit; all of it becomes visible or none."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any, Final, Self

import polars as pl

from arbresearch.core import BadInput, StoreError, SystemClock, expected
from arbresearch.core.units import NS_PER_DAY, utc_date
from arbresearch.store.commitlog import Commit, CommitLog, Part
from arbresearch.store.layout import Layout
from arbresearch.store.parts import PartWriter, take_back
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
        self._open = False
        self._lost = False
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
        BadInput
            If the transaction has not begun or has ended.
        """
        if not self._open:
            raise BadInput(expected("transaction", "an open one", "one outside its block", "append inside `with`"))
        schema = table(table_name)
        conforming = conform(schema, frame)
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
        self._lost = True  # until all of it is written
        for venue, piece in _partitions(pl.concat(frames, rechunk=True)):
            self._write(schema, venue, piece.sort(schema.key, "recv_ns", maintain_order=True))
        self._lost = False

    def _write(self, schema: Table, venue: str, piece: pl.DataFrame) -> None:
        date = utc_date(int(piece["recv_ns"][0]))
        part = PartWriter(self._layout, self._writer(), schema, venue, date)
        try:
            part.write(piece)
            self._parts.append((part, part.finish()))
        except BaseException:
            part.discard()
            raise

    def __enter__(self) -> Self:
        """Return the transaction."""
        if self._key == "":
            raise BadInput(expected("key", "a text that names the content", "an empty text"))
        self._open = True
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Commit, or take everything back when the block raised."""
        try:
            if kind is None:
                self._finish()
        except BaseException:
            self._take_back()
            raise
        finally:
            self._open = False
        if kind is not None:
            self._take_back()

    def _finish(self) -> None:
        if self._lost:
            raise StoreError("transaction: a part could not be written, so nothing of it is stored; begin it again")
        for name in list(self._waiting):
            self._flush(table(name))
        if self._parts or self._key is not None:
            added = tuple(part for _, part in self._parts)
            change = Commit("append", SystemClock().now_ns(), add=added, key=self._key, note=self._note)
            self.commit_number = self._log.commit(change, self._writer().name)
            for part, _ in self._parts:
                part.settle()
            self._parts.clear()

    def _take_back(self) -> None:
        self._waiting.clear()
        take_back(self._log, self._parts)
        self._parts.clear()


def _partitions(rows: pl.DataFrame) -> Iterator[tuple[str, pl.DataFrame]]:
    """Cut rows by venue and UTC day."""
    first, last = rows.select(pl.min("recv_ns") // NS_PER_DAY, pl.max("recv_ns").alias("last") // NS_PER_DAY).row(0)
    if first == last and rows["venue"].n_unique() == 1:
        yield str(rows["venue"][0]), rows
        return
    cut = rows.with_columns((pl.col("recv_ns") // NS_PER_DAY).alias("_day"))
    for (venue, _), piece in sorted(cut.partition_by("venue", "_day", as_dict=True).items(), key=lambda one: one[0]):
        yield str(venue), piece.drop("_day")
