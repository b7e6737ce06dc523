"""The ``arb`` program: its commands, and what it exits with."""

from __future__ import annotations

import sys
import time
from typing import Annotated

import structlog
import typer

import arbresearch
from arbresearch.cli import backtest, check, discover, doctor, importing, optimize, run, sample, store
from arbresearch.cli.common import stderr
from arbresearch.core import ArbError
from arbresearch.logs import configure_logging
from arbresearch.settings import load_settings

__all__ = ["app", "main"]

app = typer.Typer(
    name="arb",
    help="Research and trade price differences of one coin between exchanges.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.command("sample")(sample.sample)
app.command("import")(importing.import_command)
app.command("check")(check.check)
app.command("compact")(store.compact)
app.command("coverage")(store.coverage)
app.command("sql")(store.sql)
app.command("discover")(discover.discover)
app.command("backtest")(backtest.backtest)
app.command("optimize")(optimize.optimize)
app.command("run")(run.run)
app.command("doctor")(doctor.doctor)


def _version(value: bool) -> None:
    if value:
        typer.echo(f"arbresearch {arbresearch.__version__}")
        raise typer.Exit


@app.callback()
def _start(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    del version
    configure_logging(load_settings())


def main() -> None:
    """Run ``arb``; exit with 0 done, 1 failed, 2 bad input, 3 refused for safety."""
    began = time.monotonic()
    code = _exit_code()
    if structlog.is_configured():
        seconds = round(time.monotonic() - began, 3)
        structlog.get_logger().info("command ended", arguments=sys.argv[1:], exit_code=code, seconds=seconds)
    sys.exit(code)


def _exit_code() -> int:
    try:
        answer = app(standalone_mode=False)
        return answer if isinstance(answer, int) else 0  # what a command's typer.Exit said
    except ArbError as error:
        stderr().print(f"[bold red]error[/]: {type(error).__name__}: ", end="")
        stderr().print(str(error), markup=False, highlight=False, soft_wrap=True)
        return error.exit_code
    except (KeyboardInterrupt, typer.Abort):
        stderr().print("stopped")
        return 130
    except Exception as error:
        show = getattr(error, "show", None)  # click's own errors: unknown options, missing arguments
        if show is None:
            raise
        show()
        return 2
