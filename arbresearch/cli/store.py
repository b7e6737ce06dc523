"""``arb compact``, ``arb coverage``, ``arb sql``: looking after the store and asking it."""

from __future__ import annotations

from typing import Annotated

import structlog
import typer

from arbresearch.cli.common import JsonOption, StoreOption, print_json, progress_bar, stdout, store_path, table_of
from arbresearch.store import TickStore

__all__ = ["compact", "coverage", "say_what_was_dropped", "sql"]


def say_what_was_dropped(store: TickStore) -> None:
    """Tell of unfinished files of writers that died, removed when the store was opened."""
    log = structlog.get_logger()
    for one in store.dropped:
        log.info("unfinished part dropped", store=str(store.root), path=one.path, bytes=one.bytes)
        typer.echo(f"dropped {one.path} ({one.bytes:,} bytes): its writer died before it was committed", err=True)


def compact(
    store: StoreOption = None,
    grace: Annotated[float, typer.Option("--grace", help="Seconds a replaced file is kept for readers.")] = 300.0,
    as_json: JsonOption = False,
) -> None:
    """Merge the parts of each venue and day into one sorted file."""
    with TickStore(store_path(store), create=False) as ticks:
        say_what_was_dropped(ticks)
        with progress_bar("compacting") as update:
            done = ticks.compact(grace_s=grace, progress=update)
    if as_json:
        print_json({name: getattr(done, name) for name in done.__slots__})
    else:
        typer.echo(
            f"{done.parts} parts of {done.partitions} venue days merged, {done.rows:,} rows, "
            f"{done.bytes_before / 1e6:,.1f} MB -> {done.bytes_after / 1e6:,.1f} MB, "
            f"{done.files_removed} old files removed"
        )


def coverage(
    store: StoreOption = None,
    table: Annotated[str | None, typer.Option("--table", help="One table only.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Show what the store holds, a row a stream."""
    with TickStore(store_path(store), create=False) as ticks:
        say_what_was_dropped(ticks)
        frame = ticks.coverage(table)
    if as_json:
        print_json(frame.to_dicts())
    else:
        stdout().print(table_of(frame, f"{store_path(store)}: {frame['rows'].sum():,} rows"))


def sql(
    text: Annotated[str, typer.Argument(help="A query, such as: select venue, count(*) n from quotes group by all")],
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Ask the store in DuckDB's SQL."""
    with TickStore(store_path(store), create=False) as ticks:
        frame = ticks.sql(text)
    if as_json:
        print_json(frame.to_dicts())
    else:
        stdout().print(table_of(frame, f"{frame.height:,} rows"))
