"""What the commands share: options, consoles, a progress bar, tables, JSON."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, TypeAlias

import orjson
import polars as pl
import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from arbresearch.core import format_ns
from arbresearch.settings import load_settings

__all__ = [
    "JsonOption",
    "ReportsOption",
    "StoreOption",
    "print_json",
    "progress_bar",
    "reports_path",
    "stderr",
    "stdout",
    "store_path",
    "table_of",
    "text_table",
]

StoreOption: TypeAlias = Annotated[
    Path | None, typer.Option("--store", help="Root of the tick store.", show_default="the setting 'store'")
]
ReportsOption: TypeAlias = Annotated[
    Path | None, typer.Option("--reports", help="Where runs are published.", show_default="the setting 'reports'")
]
JsonOption: TypeAlias = Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")]


def stdout() -> Console:
    """Return a console on standard output; wide where that is no terminal, so that nothing is cut."""
    return Console(width=None if sys.stdout.isatty() else 220)


def stderr() -> Console:
    """Return a console on standard error."""
    return Console(stderr=True)


def store_path(option: Path | None) -> Path:
    """Return the store that was named, or the setting."""
    return option if option is not None else load_settings().store


def reports_path(option: Path | None) -> Path:
    """Return the reports folder that was named, or the setting."""
    return option if option is not None else load_settings().reports


def print_json(value: Any) -> None:
    """Print a value as JSON on standard output; NaN becomes null."""
    options = orjson.OPT_INDENT_2 | orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS
    sys.stdout.write(orjson.dumps(value, option=options, default=str).decode() + "\n")


@contextmanager
def progress_bar(what: str) -> Iterator[Callable[[float, float], None]]:
    """Show a bar on standard error while the block runs; yields ``update(done, total)``.

    Nothing is shown where standard error is not a terminal.
    """
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=stderr(), transient=True, disable=not sys.stderr.isatty()) as progress:
        task = progress.add_task(what, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)


def table_of(frame: pl.DataFrame, title: str, limit: int = 40) -> Table:
    """Return a Polars frame as a table for a terminal; ``*_ns`` columns are shown as UTC times."""
    shown = Table(title=title, title_justify="left", header_style="bold", caption_justify="left")
    for name, dtype in frame.schema.items():
        moment = name.endswith("_ns")
        shown.add_column(
            name.removesuffix("_ns") if moment else name,
            justify="right" if dtype.is_numeric() and not moment else "left",
        )
    for row in frame.head(limit).iter_rows(named=True):
        shown.add_row(*(_cell(name, value) for name, value in row.items()))
    if frame.height > limit:
        shown.caption = f"{frame.height - limit:,} more rows; --json has them all"
    return shown


def text_table(title: str, names: Sequence[str], rows: Iterable[Sequence[str]]) -> Table:
    """Return rows of plain text as a table for a terminal; long cells are folded."""
    shown = Table(title=title, title_justify="left", header_style="bold")
    for name in names:
        shown.add_column(name, overflow="fold")
    for row in rows:
        shown.add_row(*map(escape, row))
    return shown


def _cell(name: str, value: Any) -> str:
    if value is None:
        return "-"
    if name.endswith("_ns") and isinstance(value, int):
        return format_ns(value, 0)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.4g}"
    return str(value)
