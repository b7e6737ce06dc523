"""``arb import``: get recordings into the store."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import structlog
import typer

from arbresearch.cli.common import JsonOption, StoreOption, print_json, progress_bar, stdout, store_path, text_table
from arbresearch.cli.store import say_what_was_dropped
from arbresearch.core import BadInput, expected
from arbresearch.store import TickStore

__all__ = ["import_command"]


def import_command(
    format_name: Annotated[
        str | None, typer.Argument(metavar="FORMAT", help="How the files are written; see --list.")
    ] = None,
    paths: Annotated[list[Path] | None, typer.Argument(metavar="PATH...", help="Files.")] = None,
    store: StoreOption = None,
    venue: Annotated[str | None, typer.Option(help="ccxt venue id of every row.")] = None,
    symbol: Annotated[str | None, typer.Option(help="Unified symbol of every row.")] = None,
    mapping: Annotated[
        str | None, typer.Option(help="Shipped mapping or TOML file that says what the columns are.")
    ] = None,
    contract_size: Annotated[
        float | None, typer.Option(help="Base coin of one contract; sizes are multiplied by it.")
    ] = None,
    at: Annotated[str | None, typer.Option(help="Instant of a snapshot, ISO 8601 UTC.")] = None,
    depth_interval_ms: Annotated[
        int | None, typer.Option(help="Least time between two stored books of a symbol; 0 stores each.")
    ] = None,
    show_list: Annotated[bool, typer.Option("--list", help="List formats and shipped mappings.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Import files, each whole or not at all and once: the same content again adds nothing."""
    from arbresearch.store.importers import import_files

    if show_list:
        _list(as_json)
        return
    if format_name is None or not paths:
        raise BadInput(expected("arb import", "FORMAT PATH...", "too little", "arb import --list shows the formats"))
    with TickStore(store_path(store)) as ticks, progress_bar("importing") as update:
        say_what_was_dropped(ticks)
        report = import_files(
            ticks,
            format_name,
            paths,
            venue=venue,
            symbol=symbol,
            mapping=mapping,
            contract_size=contract_size,
            at=at,
            depth_interval_ms=depth_interval_ms,
            progress=lambda _, done, total: update(done, total),
        )
    for one in report.files:
        structlog.get_logger().info(
            "file imported", path=str(one.path), skipped=one.skipped, accepted=one.accepted, rejected=one.rejected
        )
    if as_json:
        print_json(report.as_dict())
    else:
        typer.echo("\n".join(report.lines()))


def _list(as_json: bool) -> None:
    from arbresearch.store.importers import describe_formats

    formats = describe_formats()
    if as_json:
        print_json([asdict(one) for one in formats])
        return
    shown = [(one.name, one.doc, " ".join(f"--{name.replace('_', '-')}" for name in one.options)) for one in formats]
    stdout().print(text_table("formats", ("format", "what it reads", "options"), shown))
    mappings = [(one.name, name, doc) for one in formats for name, doc in one.mappings]
    stdout().print(text_table("mappings that are shipped", ("format", "--mapping", "what it is"), mappings))
