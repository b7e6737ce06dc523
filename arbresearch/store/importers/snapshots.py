"""Snapshots of instruments and of withdrawal networks, from the answers of venues."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import orjson
import polars as pl

from arbresearch.core import BadInput, ImportFailed, expected
from arbresearch.core.units import NS_PER_MS
from arbresearch.store.importers.base import Batch, Rejection, Source, register
from arbresearch.store.importers.payloads import Payload, load_payloads
from arbresearch.store.importers.readers import READERS, Reader, Row
from arbresearch.store.schemas import TABLES

__all__ = ["SnapshotFormat"]


@dataclass(frozen=True, slots=True)
class SnapshotFormat:
    """Reads what venues say about themselves; ``primary`` is the table it is asked for.

    Row numbers are the entry's place in the answer, from 1. The instant comes from the caller (``at``), else from
    the recording or the answer itself; a file's date says nothing.
    """

    name: str
    doc: str
    primary: str
    extensions: tuple[str, ...] = (".json", ".json.gz", ".parquet", ".txt")
    options: tuple[str, ...] = ("at",)

    def read(self, source: Source, batch_rows: int) -> Iterator[Batch]:
        """Yield the file's rows; see :class:`arbresearch.store.importers.base.Format`."""
        size = source.path.stat().st_size
        payloads = load_payloads(source.path)
        known = [(payload, reader) for payload in payloads if (reader := self._reader(payload)) is not None]
        if not known:
            kinds = ", ".join(reader.name for reader in READERS if self.primary in reader.tables)
            raise ImportFailed(expected(str(source.path), f"{self.primary} as one of: {kinds}", "nothing of that kind"))
        for payload, reader in known:
            yield from _batches(source, payload, reader, batch_rows, size)

    def _reader(self, payload: Payload) -> Reader | None:
        fitting = (reader for reader in READERS if self.primary in reader.tables)
        return next((reader for reader in fitting if reader.knows(payload.data)), None)


def _instant(source: Source, payload: Payload, reader: Reader) -> int | None:
    if source.at_ns is not None:
        return source.at_ns
    if payload.at_ns is not None:
        return payload.at_ns
    said = reader.time_ms(payload.data)
    return None if said is None else said * NS_PER_MS


def _batches(source: Source, payload: Payload, reader: Reader, batch_rows: int, size: int) -> Iterator[Batch]:
    at_ns = _instant(source, payload, reader)
    rows: dict[str, list[tuple[int, Row]]] = {table: [] for table in reader.tables}
    refused: list[Rejection] = []
    for number, entry in enumerate(reader.entries(payload), start=1):
        try:
            made = list(reader.rows(entry))
        except (BadInput, ValueError, KeyError, TypeError, AttributeError) as error:
            refused.append(Rejection(number, "entry_malformed", f"{error!r} in {_json(entry)}"))
            continue
        for table, row in made:
            when = row.get("recv_ns", at_ns)
            if when is None:
                raise ImportFailed(
                    expected(str(source.path), "the instant it was taken", "an answer that does not say",
                             "give it: --at 2025-04-15T12:00:00Z")
                )  # fmt: skip
            rows[table].append((number, {**row, "recv_ns": when}))
    first = True
    for table in reader.tables:
        for start in range(0, max(1, len(rows[table])), batch_rows):
            some = rows[table][start : start + batch_rows]
            schema = TABLES[table].schema
            values = [{name: row.get(name) for name in schema} for _, row in some]
            frame = pl.DataFrame(values, schema=schema, orient="row")
            numbers = pl.Series([number for number, _ in some], dtype=pl.Int64)
            yield Batch(table, frame, numbers, tuple(refused) if first else (), size)
            first = False


def _json(entry: object) -> str:
    return orjson.dumps(entry, default=str).decode()


register(
    SnapshotFormat("instruments", "what can be traded: Gate pairs and contracts, MEXC exchangeInfo", "instruments")
)
register(
    SnapshotFormat(
        "networks", "withdrawal networks: MEXC coins, Gate fees, Binance and OKX with their books", "networks"
    )
)
