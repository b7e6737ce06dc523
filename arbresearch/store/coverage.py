"""What the store holds, from the commit log alone."""

from __future__ import annotations

import polars as pl

from arbresearch.store.commitlog import LogState

__all__ = ["coverage_frame"]

_SCHEMA = {
    "table": pl.String,
    "venue": pl.String,
    "symbol": pl.String,
    "rows": pl.Int64,
    "first_ns": pl.Int64,
    "last_ns": pl.Int64,
    "parts": pl.Int64,
}


def coverage_frame(state: LogState, table_name: str | None) -> pl.DataFrame:
    """Return one row a (table, venue, symbol): rows, first and last receive time, parts it lies in."""
    rows = [
        (part.table, part.venue, key, count, first, last, 1)
        for part in state.parts.values()
        if table_name in (None, part.table)
        for key, (_, count, first, last) in part.keys.items()
    ]
    frame = pl.DataFrame(rows, schema=_SCHEMA, orient="row")
    return (
        frame.group_by("table", "venue", "symbol")
        .agg(pl.col("rows").sum(), pl.col("first_ns").min(), pl.col("last_ns").max(), pl.col("parts").sum())
        .sort("table", "venue", "symbol")
    )
