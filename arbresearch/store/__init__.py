"""The tick store: append-only Parquet with a commit log, queried by DuckDB. Only this package speaks SQL."""

from arbresearch.store.commitlog import AlreadyStored, Part
from arbresearch.store.compaction import Compaction
from arbresearch.store.schemas import (
    DEPTH,
    FUNDING,
    INSTRUMENTS,
    NETWORKS,
    QUOTES,
    RUNS,
    TABLES,
    TRADES,
    TRANSFERS,
    Table,
    table,
)
from arbresearch.store.tickstore import Moment, TickStore
from arbresearch.store.transaction import Transaction
from arbresearch.store.validate import check_rows
from arbresearch.store.writers import Dropped

__all__ = [
    "DEPTH",
    "FUNDING",
    "INSTRUMENTS",
    "NETWORKS",
    "QUOTES",
    "RUNS",
    "TABLES",
    "TRADES",
    "TRANSFERS",
    "AlreadyStored",
    "Compaction",
    "Dropped",
    "Moment",
    "Part",
    "Table",
    "TickStore",
    "Transaction",
    "check_rows",
    "table",
]
