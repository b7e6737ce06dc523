"""The small steps of reading one stream: its columns, its order, and what to say when it is not there."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from arbresearch.core import BadInput, expected
from arbresearch.store.commitlog import LogState
from arbresearch.store.schemas import Table

__all__ = ["merged", "names_of", "unknown_stream"]


def names_of(schema: Table, columns: Sequence[str] | None) -> list[str]:
    """Return the logical columns to read: time always, all others when none are named."""
    if columns is None:
        return [name for name in schema.names if name not in ("venue", schema.key)]
    for name in columns:
        schema.column(name)
        if name in ("venue", schema.key):
            raise BadInput(expected("columns", "columns other than those that name the stream", repr(name)))
    return list(dict.fromkeys([*(("recv_ns",) if "recv_ns" not in columns else ()), *columns]))


def merged(pieces: list[pl.DataFrame], schema: Table, names: list[str]) -> pl.DataFrame:
    """Put the pieces of a stream, in order of arrival, into the order of time."""
    if not pieces:
        return schema.empty().select(names)
    if len(pieces) == 1:
        return pieces[0]
    frame = pl.concat(pieces, rechunk=True)
    return frame if frame["recv_ns"].is_sorted() else frame.sort("recv_ns", maintain_order=True)


def unknown_stream(state: LogState, schema: Table, venue: str, key: str) -> str:
    """Return what to say when a stream is not there, naming near ones."""
    streams = sorted({(p.venue, k) for p in state.parts.values() if p.table == schema.name for k in p.keys})
    near = [f"{v} {k}" for v, k in streams if v == venue or k == key]
    there = ", ".join((near or [f"{v} {k}" for v, k in streams])[:8]) or "nothing"
    more = f" and {len(streams)} streams in all" if len(streams) > 8 else ""
    return expected(f"{schema.name} of {venue} {key}", "a stream in the store", f"none; it has {there}{more}")
