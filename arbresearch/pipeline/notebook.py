"""One notebook from parameters to a published report."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel

from arbresearch.core import BadInput, NotebookFailed, expected, format_ns
from arbresearch.pipeline import manifest as made_of
from arbresearch.pipeline.kernel import Execution, execute
from arbresearch.pipeline.manifest import Manifest
from arbresearch.pipeline.parameters import parameters_cell, validate_parameters
from arbresearch.pipeline.publish import REPORT, check_name, draft, key_figures, publish
from arbresearch.pipeline.result import RESULT_PATH_VARIABLE, Result, load_result
from arbresearch.report.display import FIGURES_VARIABLE
from arbresearch.report.html import RunHeader, render_report
from arbresearch.report.sanitize import strip_ansi

__all__ = ["Notebook", "RunOutcome", "run_notebook"]

DEFAULT_TIMEOUT_S: Final = 3_600.0


@dataclass(frozen=True, slots=True)
class Notebook:
    """A notebook that can be run by name: its file, and the model of its parameters if it has one."""

    name: str
    path: Path
    params_model: type[BaseModel] | None = None

    def validate(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Return the parameters checked and completed; :class:`ParameterError` says what is wrong."""
        defaults = parameters_cell(self.path)
        return validate_parameters(parameters, model=self.params_model, defaults=defaults, what=self.name)

    def parameter_names(self) -> frozenset[str]:
        """Return the names of its parameters."""
        return frozenset(self.params_model.model_fields if self.params_model else parameters_cell(self.path))


@dataclass(frozen=True, slots=True)
class RunOutcome:
    """What came of a run: where it is published, and its result or why there is none."""

    name: str
    run_id: str
    folder: Path
    failure: str
    result: Result | None
    seconds: float
    warnings: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Return whether every cell completed and the result is valid."""
        return not self.failure

    @property
    def report(self) -> Path:
        """Return the path of the page."""
        return self.folder / REPORT


def run_notebook(
    path: Path,
    parameters: Mapping[str, Any] | None = None,
    *,
    out_root: Path,
    name: str | None = None,
    params_model: type[BaseModel] | None = None,
    timeout_s: float = DEFAULT_TIMEOUT_S,
    data_hash: str | None = None,
    part_of: str = "",
    cwd: Path | None = None,
    keep: int | None = None,
    check: bool = True,
) -> RunOutcome:
    """Run a notebook headless and publish its report, also when it fails.

    Parameters
    ----------
    path
        The notebook, with one cell tagged ``parameters``; it is never changed.
    parameters
        Name to value; the rest have their defaults.
    out_root
        The reports folder; the run is published as ``<out_root>/<name>/<utc>_<hash>/``.
    name
        Name of the report; the file's stem by default.
    params_model
        Frozen pydantic model of the parameters. Without one, names and types follow the parameters cell.
    timeout_s
        For all cells together.
    data_hash
        Digest of the data it reads, for header and manifest.
    part_of
        Name of the pipeline it runs in.
    cwd
        Working directory of the kernel; that of this process by default.
    keep
        How many runs of this name are kept; all by default.
    check
        Whether a failed run raises.

    Returns
    -------
    RunOutcome

    Raises
    ------
    ParameterError
        Before anything is run: an unknown parameter, a wrong type, the name of a secret.
    NotebookFailed
        With ``check``: a cell raised, ended early, outlasted the time-out or killed the kernel, or there is no valid
        ``result.json``. The message says which cell and why and where the failure page is.
    """
    path, out_root = Path(path), Path(out_root).resolve()
    if not path.is_file():
        raise BadInput(expected("notebook", "a file", path))
    report_name = check_name(name or path.stem)
    checked = Notebook(report_name, path, params_model).validate(parameters or {})
    started_ns = time.time_ns()
    source_hash = made_of.content_hash(path)
    with draft(out_root, report_name) as folder:
        execution = execute(
            path, checked, environment=_environment(folder), cwd=(cwd or Path.cwd()).resolve(), timeout_s=timeout_s
        )
        result, failure = _conclude(folder, execution)
        manifest = Manifest(
            name=report_name,
            run_id=made_of.run_id(started_ns, source_hash, checked, data_hash),
            status="failed" if failure else "ok",
            failure=failure,
            started_ns=started_ns,
            started=format_ns(started_ns),
            seconds=round(execution.seconds, 3),
            cells_s=execution.cells_s,
            parameters=checked,
            versions=made_of.versions(),
            lock_hash=made_of.lock_hash(),
            git_revision=made_of.git_revision(),
            data_hash=data_hash,
            source_hash=source_hash,
            part_of=part_of,
        )
        page = render_report(execution.notebook, _header(manifest, result, execution.traceback, out_root))
        manifest = manifest.model_copy(update={"warnings": list(page.warnings)})
        (folder / REPORT).write_text(page.html, encoding="utf-8", newline="\n")
        _write_notebook(folder / f"{report_name}.ipynb", execution.notebook)
        target = publish(folder, out_root, manifest, keep=keep)
    outcome = RunOutcome(report_name, target.name, target, failure, result, execution.seconds, page.warnings)
    if failure and check:
        raise NotebookFailed(f"{report_name}: {failure}; see {outcome.report}")
    return outcome


def _environment(folder: Path) -> dict[str, str]:
    return {
        RESULT_PATH_VARIABLE: str(folder / "result.json"),
        FIGURES_VARIABLE: "svg",
        "MPLBACKEND": "agg",
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
        "TZ": os.environ.get("TZ", "UTC"),
    }


def _conclude(folder: Path, execution: Execution) -> tuple[Result | None, str]:
    """Return the result, or why the run failed; a failed run leaves no result behind."""
    path = folder / "result.json"
    if execution.failure:
        path.unlink(missing_ok=True)
        return None, without_local_paths(execution.failure)
    try:
        return load_result(path), ""
    except NotebookFailed as error:
        path.unlink(missing_ok=True)
        return None, f"all cells ran, but {error}"


def _header(manifest: Manifest, result: Result | None, traceback: str, out_root: Path) -> RunHeader:
    links = [("All reports", "../../index.html")]
    if result is None and (out_root / manifest.name / "latest.html").is_file():
        links.append(("Last good report", "../latest.html"))
    return RunHeader(
        name=manifest.name,
        run_id=manifest.run_id,
        started_ns=manifest.started_ns,
        seconds=manifest.seconds,
        status=result.status if result else "failed",
        verdict=result.verdict if result else "",
        figures=key_figures(result) if result else (),
        parameters=manifest.parameters,
        versions=manifest.versions,
        data_hash=manifest.data_hash,
        failure=manifest.failure,
        traceback=without_local_paths(strip_ansi(traceback)),
        manifest=manifest.text(),
        links=links,
    )


def without_local_paths(text: str) -> str:
    """Shorten the folders of this machine in a text that is published."""
    for folder, short in (
        (sys.prefix, "<python>"),
        (sys.base_prefix, "<python>"),
        (str(Path.cwd()), "."),
        (str(Path.home()), "~"),
    ):
        if len(folder) > 1:
            text = text.replace(folder + os.sep, short + os.sep)
    return text


def _write_notebook(path: Path, notebook: Any) -> None:
    """Write the executed notebook without what papermill notes of this machine."""
    content = json.loads(json.dumps(notebook))
    for holder in (content, *content["cells"]):
        holder["metadata"].pop("papermill", None)
    for cell in content["cells"]:
        for output in cell.get("outputs", ()):
            if output["output_type"] == "error":
                output["traceback"] = [without_local_paths(line) for line in output["traceback"]]
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8", newline="\n")
