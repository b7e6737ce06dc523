"""``arb doctor``: say whether this installation is fit, what is missing and how to get it."""

from __future__ import annotations

from dataclasses import asdict

import typer
from rich.markup import escape
from rich.table import Table

from arbresearch.cli.common import JsonOption, print_json, stdout
from arbresearch.doctor import State, examine
from arbresearch.settings import load_settings

__all__ = ["doctor"]

_COLOURS = {State.OK: "green", State.WARN: "yellow", State.FAIL: "red"}


def doctor(as_json: JsonOption = False) -> None:
    """Check versions, store, disk, clock and caches; exit with 1 when something has to be mended."""
    findings = examine(load_settings())
    if as_json:
        print_json([asdict(one) for one in findings])
    else:
        shown = Table(header_style="bold", show_lines=False)
        for name in ("what", "state", "found", "what to do"):
            shown.add_column(name, overflow="fold")
        for one in findings:
            shown.add_row(one.what, f"[{_COLOURS[one.state]}]{one.state}[/]", escape(one.found), escape(one.todo))
        stdout().print(shown)
    if any(one.state is State.FAIL for one in findings):
        raise typer.Exit(1)
