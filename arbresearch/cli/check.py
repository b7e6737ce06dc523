"""``arb check``: say whether the data is good enough to be believed."""

from __future__ import annotations

from typing import Annotated

import polars as pl
import typer

from arbresearch.cli.common import JsonOption, StoreOption, print_json, progress_bar, stdout, store_path, table_of
from arbresearch.cli.store import say_what_was_dropped
from arbresearch.store import TickStore

__all__ = ["check"]

_SHOWN = (
    "table",
    "venue",
    "symbol",
    "verdict",
    "rows",
    "covered_share",
    "gaps",
    "crossed_rows",
    "stale_spans",
    "reasons",
)


def check(
    store: StoreOption = None,
    venues: Annotated[str, typer.Option(help="Venue ids, comma separated; all by default.")] = "",
    symbols: Annotated[str, typer.Option(help="Symbols, comma separated; all by default.")] = "",
    start: Annotated[str | None, typer.Option(help="From, ISO 8601 UTC.")] = None,
    end: Annotated[str | None, typer.Option(help="Until (not included), ISO 8601 UTC.")] = None,
    show_all: Annotated[bool, typer.Option("--all", help="Show good streams too.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Check coverage, gaps, crossed books, stale spans, outliers, duplicates and clocks of every stream."""
    from arbresearch.store.quality import check_store

    with TickStore(store_path(store), create=False) as ticks, progress_bar("checking") as update:
        say_what_was_dropped(ticks)
        report = check_store(
            ticks, venues=_listed(venues), symbols=_listed(symbols), start=start, end=end, progress=update
        )
    if as_json:
        print_json(report.as_dict())
        return
    streams = report.worst()
    shown = streams if show_all else streams.filter(pl.col("verdict") != "good")
    if shown.height:
        stdout().print(table_of(shown.select(_SHOWN), "streams that are not good" if not show_all else "streams"))
    typer.echo(report.sentence())


def _listed(text: str) -> list[str] | None:
    return [one.strip() for one in text.split(",") if one.strip()] or None
