"""``arb run``: a notebook or a pipeline, headless, to a published report."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import polars as pl
import structlog
import typer

from arbresearch.cli.common import (
    JsonOption,
    ReportsOption,
    StoreOption,
    print_json,
    reports_path,
    stdout,
    store_path,
    text_table,
)
from arbresearch.core import BadInput, expected
from arbresearch.settings import load_settings
from arbresearch.store import TickStore

if TYPE_CHECKING:
    from arbresearch.pipeline import RunOutcome, StageOutcome

__all__ = ["run"]


def run(
    name: Annotated[str | None, typer.Argument(help="Notebook or pipeline, by name or path; none lists them.")] = None,
    parameters: Annotated[
        list[str] | None, typer.Option("-p", "--parameter", metavar="KEY=VALUE", help="A parameter; may be repeated.")
    ] = None,
    store: StoreOption = None,
    reports: ReportsOption = None,
    workers: Annotated[int | None, typer.Option(help="Stages at a time; the setting 'workers' by default.")] = None,
    timeout: Annotated[float | None, typer.Option(help="Seconds for a notebook's cells; 3600 by default.")] = None,
    keep: Annotated[int | None, typer.Option(help="Keep only this many runs of the notebook.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Run a notebook or pipeline over the store and publish its report; exit with 1 when it fails."""
    from arbresearch.locate import find_pipeline, listed

    if name is None:
        found = listed()
        if as_json:
            print_json(found)
        else:
            rows = [(kind.removesuffix("s"), one) for kind, names in found.items() for one in names]
            stdout().print(text_table("arb run NAME", ("kind", "name"), rows))
        return
    data, out = store_path(store), reports_path(reports)
    with TickStore(data, create=False) as ticks:
        digest = ticks.digest()
    pipeline = find_pipeline(name)
    if pipeline is None:
        if workers is not None:
            raise BadInput(expected("--workers", "a pipeline", f"the notebook {name}", "leave it out"))
        good = _notebook(name, parameters or [], data, out, digest, timeout, keep, as_json)
    else:
        for option, value in (("--timeout", timeout), ("--keep", keep)):
            if value is not None:
                raise BadInput(expected(option, "a notebook", f"the pipeline {name}", "set it in the pipeline's file"))
        good = _pipeline(pipeline, parameters or [], data, out, digest, workers, as_json)
    if not good:
        raise typer.Exit(1)


def _notebook(
    name: str,
    assignments: list[str],
    store: Path,
    reports: Path,
    digest: str,
    timeout: float | None,
    keep: int | None,
    as_json: bool,
) -> bool:
    from arbresearch.locate import find_notebook
    from arbresearch.pipeline import parameters_cell, parse_assignments, run_notebook
    from arbresearch.pipeline.notebook import DEFAULT_TIMEOUT_S

    notebook = find_notebook(name)
    cell = parameters_cell(notebook.path)
    given = parse_assignments(assignments, model=notebook.params_model, defaults=cell)
    outcome = run_notebook(
        notebook.path,
        _with_places(given, store, reports, notebook.parameter_names()),
        out_root=reports,
        name=notebook.name,
        params_model=notebook.params_model,
        data_hash=digest,
        timeout_s=DEFAULT_TIMEOUT_S if timeout is None else timeout,
        check=False,
        keep=keep,
    )
    _remember(store, digest, [outcome])
    if as_json:
        print_json(_as_dict(outcome))
    else:
        typer.echo(f"{outcome.name}: {outcome.failure or (outcome.result and outcome.result.verdict)}")
        typer.echo(f"  {outcome.report} ({outcome.seconds:.1f} s)")
    return outcome.ok


def _pipeline(
    path: Path, assignments: list[str], store: Path, reports: Path, digest: str, workers: int | None, as_json: bool
) -> bool:
    from arbresearch.locate import find_notebook
    from arbresearch.pipeline import load_pipeline, parameters_cell, parse_assignments, run_pipeline

    stages = load_pipeline(path).stages.values()
    cells = [parameters_cell(find_notebook(stage.notebook).path) for stage in stages]
    defaults = {name: value for cell in cells for name, value in cell.items()}
    outcome = run_pipeline(
        path,
        find=find_notebook,
        out_root=reports,
        parameters=_with_places(parse_assignments(assignments, defaults=defaults), store, reports, frozenset(defaults)),
        workers=workers or load_settings().workers,
        data_hash=digest,
        tell=None if as_json else _tell,
    )
    _remember(store, digest, [stage.run for stage in outcome.stages if stage.run is not None])
    if as_json:
        stages_json = [
            {"stage": one.stage, "status": one.status, "reason": one.reason, "run": one.run and _as_dict(one.run)}
            for one in outcome.stages
        ]
        print_json({"name": outcome.name, "ok": outcome.ok, "report": str(outcome.report), "stages": stages_json})
    else:
        typer.echo(f"{outcome.name}: {'done' if outcome.ok else 'FAILED'} in {outcome.seconds:.1f} s, {outcome.report}")
    return outcome.ok


def _with_places(given: Mapping[str, Any], store: Path, reports: Path, names: frozenset[str]) -> dict[str, Any]:
    """Return parameters with the folders of the store and of the reports for those that have them."""
    places = {"store": str(store.absolute()), "reports": str(reports.absolute())}
    return {**{name: place for name, place in places.items() if name in names}, **given}


def _tell(one: StageOutcome) -> None:
    said = one.reason or (one.run.result.verdict if one.run is not None and one.run.result is not None else "")
    typer.echo(f"{one.status:>8}  {one.stage} ({one.seconds:.1f} s): {said}")


def _as_dict(outcome: RunOutcome) -> dict[str, Any]:
    return {
        "name": outcome.name,
        "run_id": outcome.run_id,
        "ok": outcome.ok,
        "failure": outcome.failure,
        "report": str(outcome.report),
        "seconds": outcome.seconds,
        "result": outcome.result.model_dump(mode="json") if outcome.result is not None else None,
    }


def _remember(store: Path, digest: str, outcomes: list[RunOutcome]) -> None:
    """Add the runs to the history that the store keeps."""
    if not outcomes:
        return
    now = time.time_ns()
    rows = [
        {
            "venue": "local",
            "name": one.name,
            "recv_ns": now,
            "run_id": one.run_id,
            "status": "ok" if one.ok else "failed",
            "seconds": one.seconds,
            "verdict": one.result.verdict if one.result is not None else one.failure,
            "data_hash": digest,
            "result": one.result.model_dump_json() if one.result is not None else None,
        }
        for one in outcomes
    ]
    for one in outcomes:
        structlog.get_logger().info("run ended", name=one.name, run_id=one.run_id, ok=one.ok, seconds=one.seconds)
    with TickStore(store, create=False) as ticks:
        ticks.append("runs", pl.DataFrame(rows, infer_schema_length=None))
