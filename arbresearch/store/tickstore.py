"""The store of ticks: append, read, ask in SQL, compact."""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, Self, TypeVar

import polars as pl

from arbresearch.core import BadInput, StoreError, expected, parse_ns
from arbresearch.store.checksum import MODULUS
from arbresearch.store.commitlog import CommitLog, LogState, Part
from arbresearch.store.compaction import Compaction, compact
from arbresearch.store.coverage import coverage_frame
from arbresearch.store.layout import Layout
from arbresearch.store.parts import PartReader
from arbresearch.store.reading import merged, names_of, unknown_stream
from arbresearch.store.schemas import table
from arbresearch.store.transaction import Transaction
from arbresearch.store.views import Views
from arbresearch.store.writers import Dropped, Writer, exclusive, sweep

__all__ = ["Moment", "TickStore"]

Moment = int | str | datetime | date
"""Integer nanoseconds, ISO 8601 text, a datetime or a date."""

T = TypeVar("T")
_ATTEMPTS = 10


class TickStore:
    """Append-only Parquet files with a commit log; safe for several processes at once.

    Parameters
    ----------
    root
        Folder of the store; made when it is missing.
    create
        Whether a missing store may be made.

    Attributes
    ----------
    dropped
        Unfinished files of writers that died, found and removed on opening. They were never acknowledged.

    Raises
    ------
    StoreVersionError
        If a newer version of the package wrote the store.
    """

    def __init__(self, root: str | Path, *, create: bool = True) -> None:
        self._layout = Layout.open(root, create=create)
        self.root = self._layout.root
        self._log = CommitLog(self._layout)
        self._reader = PartReader(self.root)
        self._writer: Writer | None = None
        self._views: Views | None = None
        self._lock = threading.RLock()
        self.dropped: tuple[Dropped, ...] = tuple(sweep(self._layout, self._log))
        self._log.refresh()

    # -- writing ----------------------------------------------------------------------------------

    def append(self, table_name: str, frame: pl.DataFrame, *, key: str | None = None) -> int:
        """Store a frame, whole or not at all.

        Parameters
        ----------
        table_name
            One of ``quotes trades depth funding instruments networks transfers runs``.
        frame
            The table's logical columns (see :mod:`arbresearch.store.schemas`); optional ones may be missing,
            NaN and null both mean missing. Sizes are in base coin. Rows may come in any order.
        key
            Names the content: a second append with the same key is refused, so a repeat adds nothing.

        Returns
        -------
        int
            Rows stored. They are durable when this returns.

        Raises
        ------
        SchemaError
            If the frame does not fit the table, naming the column, row and value.
        AlreadyStored
            If ``key`` was stored before.
        StoreError
            If it cannot be written; the store is as before.
        """
        with self.transaction(key=key) as transaction:
            return transaction.append(table_name, frame)

    def transaction(self, *, key: str | None = None, note: Mapping[str, Any] | None = None) -> Transaction:
        """Begin a transaction: several appends that become visible in one step when its block ends.

        Parameters
        ----------
        key
            Names the content; committing a key twice raises :class:`~arbresearch.store.AlreadyStored`.
        note
            JSON values kept with the key, such as the name of the imported file.
        """
        return Transaction(self._layout, self._log, self._writer_of_this_process, key, dict(note or {}))

    def compact(self, *, grace_s: float = 300.0, progress: Callable[[int, int], None] | None = None) -> Compaction:
        """Merge the parts of each venue and day into one sorted file, while others read and append.

        Parameters
        ----------
        grace_s
            Replaced files are removed once they have been replaced for this long, so that readers in the
            middle of one can finish.
        progress
            Called with partitions done and in all.

        Raises
        ------
        StoreBusy
            If another process is compacting.
        StoreError
            If it cannot be written; what was merged before is kept, the rest is as before.
        """
        with exclusive(self._layout, "compact"):
            return compact(self._layout, self._log, self._reader, self._writer_of_this_process, grace_s, progress)

    def _writer_of_this_process(self) -> Writer:
        with self._lock:
            if self._writer is None or self._writer.pid != os.getpid():
                self._writer = Writer(self._layout)
                weakref.finalize(self, self._writer.close)
            return self._writer

    # -- reading ----------------------------------------------------------------------------------

    def quotes(
        self,
        venue: str,
        symbol: str,
        start: Moment | None = None,
        end: Moment | None = None,
        columns: Sequence[str] | None = None,
    ) -> pl.DataFrame:
        """Return the quotes of one book, oldest first.

        Parameters
        ----------
        venue, symbol
            ccxt venue id and unified symbol.
        start, end
            Receive times, start included and end not; None is open.
        columns
            Some of the columns below; None is all.

        Returns
        -------
        polars.DataFrame
            ``recv_ns event_ns`` Int64 (event null where the venue sends none) and ``bid bid_size ask ask_size``
            Float64, sizes in base coin, NaN where a side is empty. Rows of equal time keep their order of arrival.

        Raises
        ------
        BadInput
            If the store has no such stream, naming those it has.
        """
        return self.read("quotes", venue, symbol, start, end, columns)

    def trades(self, venue: str, symbol: str, start: Moment | None = None, end: Moment | None = None) -> pl.DataFrame:
        """Return public trades: ``recv_ns event_ns price size side trade_id``; see :meth:`quotes`."""
        return self.read("trades", venue, symbol, start, end)

    def depth(self, venue: str, symbol: str, start: Moment | None = None, end: Moment | None = None) -> pl.DataFrame:
        """Return books: ``recv_ns event_ns`` and ``bids bid_sizes asks ask_sizes``; see :meth:`quotes`.

        The last four are arrays of ten Float64, best level first, NaN where there is no such level.
        """
        return self.read("depth", venue, symbol, start, end)

    def funding(self, venue: str, symbol: str, start: Moment | None = None, end: Moment | None = None) -> pl.DataFrame:
        """Return ``recv_ns event_ns rate next_ns mark_price index_price open_interest``; see :meth:`quotes`."""
        return self.read("funding", venue, symbol, start, end)

    def read(
        self,
        table_name: str,
        venue: str,
        key: str,
        start: Moment | None = None,
        end: Moment | None = None,
        columns: Sequence[str] | None = None,
    ) -> pl.DataFrame:
        """Return the rows of one stream of any table, oldest first; see :meth:`quotes`.

        ``key`` is the symbol, or the asset where the table is about assets. The columns ``venue`` and the key
        are left out.
        """
        schema = table(table_name)
        names = names_of(schema, columns)
        start_ns = parse_ns(start) if start is not None else -(2**63)
        stop_ns = parse_ns(end) if end is not None else 2**63 - 1

        def pieces(state: LogState) -> pl.DataFrame:
            parts = [
                part
                for part in state.parts.values()
                if part.table == table_name and part.venue == venue and key in part.keys
            ]
            if not parts:
                raise BadInput(unknown_stream(state, schema, venue, key))
            wanted = [p for p in parts if p.keys[key][3] >= start_ns and p.keys[key][2] < stop_ns]
            wanted.sort(key=lambda part: part.arrival)
            return merged([self._reader.read(schema, p, names, key, start_ns, stop_ns) for p in wanted], schema, names)

        frame = self._with_state(pieces)
        return frame if columns is None or "recv_ns" in columns else frame.drop("recv_ns")

    def count(self, table_name: str, venue: str, key: str, start: Moment | None, end: Moment | None) -> int:
        """Count the rows of one stream with start <= recv_ns < end; 0 where there is no such stream.

        Mostly from the commit log: of a part only the piece beside a bound that falls into it is read.
        """
        bounds = [-(2**63) if start is None else parse_ns(start), 2**63 - 1 if end is None else parse_ns(end)]

        def counted(state: LogState) -> int:
            parts = [p for p in state.parts.values() if p.table == table_name and p.venue == venue and key in p.keys]
            low, high = (sum(self._reader.rows_before(table(table_name), p, key, at) for p in parts) for at in bounds)
            return max(0, high - low)

        return self._with_state(counted)

    def instruments(self, at: Moment | None = None) -> pl.DataFrame:
        """Return the latest row of each (venue, symbol) at or before ``at`` (None: the latest of all)."""
        return self._latest("instruments", ["venue", "symbol"], at)

    def networks(self, at: Moment | None = None) -> pl.DataFrame:
        """Return the latest row of each (venue, asset, network) at or before ``at`` (None: the latest of all)."""
        return self._latest("networks", ["venue", "asset", "network"], at)

    def _latest(self, table_name: str, keys: list[str], at: Moment | None) -> pl.DataFrame:
        schema = table(table_name)
        stop_ns = parse_ns(at) + 1 if at is not None else 2**63 - 1
        names = [name for name in schema.names if name != "venue"]

        def pieces(state: LogState) -> pl.DataFrame:
            parts = [p for p in state.parts.values() if p.table == table_name and p.first_ns < stop_ns]
            parts.sort(key=lambda part: part.arrival)
            frames = [
                self._reader.read(schema, part, names, None, -(2**63), stop_ns).with_columns(
                    pl.lit(part.venue).alias("venue")
                )
                for part in parts
            ]
            rows = pl.concat(frames) if frames else schema.empty()
            ordered = rows.select(schema.names).sort("recv_ns", maintain_order=True)
            return ordered.unique(keys, keep="last", maintain_order=True).sort(keys)

        return self._with_state(pieces)

    def sql(self, text: str, params: Sequence[Any] | Mapping[str, Any] | None = None) -> pl.DataFrame:
        """Run a DuckDB query over views of every table.

        The views have the logical columns of :mod:`arbresearch.store.schemas` and ``date``; columns of levels are
        spread as ``bids_0`` to ``bids_9``; missing values are NULL. Filters on ``venue``, ``date``, ``symbol`` and
        ``recv_ns`` reach the files.

        Parameters
        ----------
        text
            One query.
        params
            Values for ``?`` or ``$name``.

        Raises
        ------
        BadInput
            If the query is not valid.
        """

        def run(state: LogState) -> pl.DataFrame:
            with self._lock:
                if self._views is None or self._views.pid != os.getpid():
                    self._views = Views(self.root)
                return self._views.query(state, text, params)

        return self._with_state(run)

    def coverage(self, table_name: str | None = None) -> pl.DataFrame:
        """Return what the store holds, a row a stream: ``table venue symbol rows first_ns last_ns parts``.

        Read from the commit log, without opening a file. ``symbol`` is the asset where a table is about assets.
        """
        if table_name is not None:
            table(table_name)
        return coverage_frame(self._log.refresh(), table_name)

    def streams(self, table_name: str = "quotes") -> list[tuple[str, str]]:
        """Return the (venue, symbol) pairs that a table holds, sorted."""
        return [(venue, symbol) for venue, symbol in self.coverage(table_name).select("venue", "symbol").iter_rows()]

    def has_key(self, key: str) -> bool:
        """Say whether a transaction with this key was committed."""
        return key in self._log.refresh().keys

    def key_note(self, key: str) -> dict[str, Any]:
        """Return the note of a committed key; :class:`BadInput` when there is none."""
        keys = self._log.refresh().keys
        if key not in keys:
            raise BadInput(expected("key", "one that was committed", repr(key)))
        return dict(keys[key])

    def parts(self) -> list[Part]:
        """Return the live parts, oldest commit first."""
        return sorted(self._log.refresh().parts.values(), key=lambda part: (*part.arrival, part.path))

    def digest(self, venue: str | None = None) -> str:
        """Return a digest of the data held; compaction and the order of appends do not change it.

        The history of runs is left out: a report must not change what it was made from.
        """
        sums: dict[tuple[str, str, str], int] = {}
        for part in self._log.refresh().parts.values():
            if part.table != "runs" and venue in (None, part.venue):
                place = (part.table, part.venue, part.date)
                sums[place] = (sums.get(place, 0) + part.checksum) % MODULUS
        text = "\n".join(f"{'/'.join(place)} {value:016x}" for place, value in sorted(sums.items()))
        return sha256(text.encode()).hexdigest()[:16]

    def _with_state(self, use: Callable[[LogState], T]) -> T:
        """Use a state; begin again when a compaction removed one of its files meanwhile."""
        for _ in range(_ATTEMPTS):
            state = self._log.refresh()
            try:
                return use(state)
            except FileNotFoundError as error:
                missing = error
                if self._log.refresh().number == state.number:
                    break
        raise StoreError(
            expected(
                f"store at {self.root}",
                "every part that the log names",
                f"one is missing ({missing})",
                "restore it from a backup",
            )
        )

    # -- lifetime ---------------------------------------------------------------------------------

    def close(self) -> None:
        """Release the writer's lock and the connection; the store can be used again all the same.

        The lock of an open transaction is held until that has ended.
        """
        with self._lock:
            if self._writer is not None:
                self._writer.close()
                self._writer = None
            if self._views is not None:
                self._views.close()
                self._views = None

    def __enter__(self) -> Self:
        """Return the store."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()

    def __repr__(self) -> str:
        """Return what it is and how much it holds."""
        parts = self._log.state.parts.values()
        return f"TickStore({str(self.root)!r}: {sum(part.rows for part in parts):,} rows in {len(parts)} parts)"
