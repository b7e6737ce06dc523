"""Notebooks that are really run: every way to end, and what is published of each."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from arbresearch.core import BadInput, NotebookFailed, ParameterError
from arbresearch.pipeline import Manifest, Notebook, RunOutcome, latest_run, list_runs, run_notebook, run_pipeline
from arbresearch.pipeline.notebook import without_local_paths
from arbresearch.report import external_references
from tests.pipeline.kit import SAVE, QuickParams, write_notebook

LOOK = """
import os, sys, glob
from IPython import get_ipython
connection = get_ipython().kernel.parent.connection_file
print("transport", get_ipython().kernel.parent.transport)
print("socket", get_ipython().kernel.parent.ip)
print("cwd", os.getcwd())
print("figures", os.environ["ARB_FIGURES"])
print("zone", os.environ["TZ"])
print("history", get_ipython().history_manager.hist_file)
"""
FIGURE = """
import polars as pl
from arbresearch.report import plot_cost_waterfall, show
show(plot_cost_waterfall(pl.DataFrame({"item": ["gross", "fees"], "value_bps": [9.0, -4.0]})))
"""


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the reports folder that the runs of this module share."""
    return tmp_path_factory.mktemp("reports")


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory, reports: Path) -> RunOutcome:
    """Run a notebook that succeeds, once."""
    folder = tmp_path_factory.mktemp("work")
    path = write_notebook(folder / "10_quick.ipynb", (LOOK, FIGURE, SAVE))
    before = path.read_bytes()
    outcome = run_notebook(
        path,
        {"threshold_bps": 7},
        out_root=reports,
        params_model=QuickParams,
        data_hash="d1",
        cwd=folder,
        timeout_s=120,
    )
    assert path.read_bytes() == before
    return outcome


def _printed(outcome: RunOutcome) -> dict[str, str]:
    notebook = json.loads((outcome.folder / f"{outcome.name}.ipynb").read_text())
    text = "".join(
        "".join(one["text"]) for cell in notebook["cells"] for one in cell.get("outputs", []) if "text" in one
    )
    return dict(line.split(" ", 1) for line in text.splitlines() if " " in line)


def test_good_run_publishes_everything(good: RunOutcome, reports: Path) -> None:
    assert good.ok
    assert good.result is not None
    assert good.result.figures["edge"].value == 7.0
    assert good.folder.parent == reports / "10_quick"
    assert sorted(one.name for one in good.folder.iterdir()) == [
        "10_quick.ipynb",
        "manifest.json",
        "report.html",
        "result.json",
    ]
    page = good.report.read_text()
    assert external_references(page) == []
    assert "<h1>A question?</h1>" in page
    assert "7 bps" in page
    assert page.count("<svg") == 1
    assert "From gross to net" in page


def test_manifest_says_what_it_was_made_of(good: RunOutcome) -> None:
    manifest = Manifest.model_validate_json((good.folder / "manifest.json").read_text())
    assert manifest.parameters == {"threshold_bps": 7.0, "name": "x"}
    assert manifest.data_hash == "d1"
    assert manifest.status == "ok"
    assert len(manifest.cells_s) == 5
    assert manifest.seconds >= sum(manifest.cells_s.values())
    assert manifest.versions["python"].startswith("3.")
    assert os.uname().nodename not in manifest.text()


def test_kernel_is_its_own(good: RunOutcome) -> None:
    seen = _printed(good)
    assert seen["transport"] == "ipc"
    assert seen["socket"].startswith("/")
    assert not Path(seen["socket"]).parent.exists()
    assert Path(seen["cwd"]).name.startswith("work")
    assert seen["figures"] == "svg"
    assert seen["history"] == ":memory:"


def test_published_notebook_names_no_folder_of_this_machine(good: RunOutcome) -> None:
    text = (good.folder / "10_quick.ipynb").read_text()
    assert "papermill" not in text
    assert '"input_path"' not in text
    assert json.loads(text)["cells"][2]["metadata"]["tags"] == ["injected-parameters"]


def test_failing_cell_keeps_the_good_report(good: RunOutcome, reports: Path, tmp_path: Path) -> None:
    path = write_notebook(tmp_path / "10_quick.ipynb", ("1 + 1", "def f():\n    return {}['absent']\nf()", SAVE))
    with pytest.raises(
        NotebookFailed, match=r"10_quick: cell 5 of 6 \(def f\(\):\): KeyError: 'absent'; see .*report\.html"
    ):
        run_notebook(path, out_root=reports, timeout_s=120)
    runs = [run for run in list_runs(reports) if run.manifest.name == "10_quick"]
    assert [run.manifest.status for run in runs] == ["failed", "ok"]
    page = (runs[0].folder / "report.html").read_text()
    assert 'class="verdict failed"' in page
    assert "KeyError" in page.split('class="meta"')[0]
    assert "\x1b" not in page
    assert "../latest.html" in page
    assert not (runs[0].folder / "result.json").exists()
    latest = latest_run(reports, "10_quick")
    assert latest is not None
    assert latest.folder == good.folder
    assert good.run_id in (reports / "10_quick" / "latest.html").read_text()
    assert "KeyError" in (reports / "index.html").read_text()


@pytest.mark.parametrize(
    ("name", "cells", "why"),
    [
        (
            "killed",
            ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", SAVE),
            r"cell 4 of 5 .*the kernel died \(signal 9\)",
        ),
        ("vanished", (SAVE, "import os; os._exit(0)"), r"cell 5 of 5 .*the kernel died \(exit code 0\)"),
        ("early", ("import sys; sys.exit(0)", SAVE), r"cell 4 of 5 .*the notebook ended early \(SystemExit\)"),
        ("silent", ("1 + 1",), r"all cells ran, but result: expected result\.json written by save_result, was nothing"),
        (
            "slow",
            ("import time; time.sleep(100)", SAVE),
            r"cell 4 of 5 .*expected all cells within 4 s, was still running",
        ),
    ],
)
def test_every_other_way_to_fail(tmp_path: Path, name: str, cells: tuple[str, ...], why: str) -> None:
    path = write_notebook(tmp_path / f"{name}.ipynb", cells)
    outcome = run_notebook(path, out_root=tmp_path / "reports", timeout_s=4 if name == "slow" else 120, check=False)
    assert not outcome.ok
    assert re.match(why, outcome.failure)
    assert outcome.result is None
    assert not (outcome.folder / "result.json").exists()
    page = outcome.report.read_text()
    assert 'class="verdict failed"' in page
    assert external_references(page) == []
    assert "Last good report" not in page
    assert latest_run(tmp_path / "reports", name) is None


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        (
            {"treshold_bps": 1},
            "quick, parameter: expected one of threshold_bps, name, was 'treshold_bps'; did you mean 'threshold_bps'?",
        ),
        ({"threshold_bps": "high"}, "quick, parameters: .*threshold_bps: .*valid number"),
        ({"name": 3}, "name: Input should be a valid string"),
        ({"api_key": "x"}, "give secrets in the environment"),
    ],
)
@pytest.mark.parametrize("model", [QuickParams, None])
def test_bad_parameters_start_no_kernel(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    parameters: dict[str, object],
    message: str,
    model: type[QuickParams] | None,
) -> None:
    def never(*_: object, **__: object) -> None:
        raise AssertionError("a kernel was started")

    monkeypatch.setattr("arbresearch.pipeline.notebook.execute", never)
    path = write_notebook(tmp_path / "quick.ipynb")
    if model is None and "secrets" not in message and "one of" not in message:
        message = f"quick, parameter '{next(iter(parameters))}': expected"
    with pytest.raises(ParameterError, match=message):
        run_notebook(path, parameters, out_root=tmp_path / "reports", params_model=model)
    assert not (tmp_path / "reports").exists()


def test_messages_name_no_folder_of_this_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/home/someone")
    text = f"File {tmp_path}/a.py, then /home/someone/b.py and {sys.prefix}/lib/c.py"
    assert without_local_paths(text) == "File ./a.py, then ~/b.py and <python>/lib/c.py"


def test_missing_notebook(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="notebook: expected a file"):
        run_notebook(tmp_path / "none.ipynb", out_root=tmp_path)


@pytest.fixture(scope="module")
def meeting() -> Callable[[str, str], str]:
    """Return the source of a cell that waits for the other run to be in the same cell."""

    def source(mine: str, other: str) -> str:
        return (
            f"import pathlib, time\npathlib.Path({mine!r}).touch()\nend = time.monotonic() + 60\n"
            f"while not pathlib.Path({other!r}).exists():\n"
            "    assert time.monotonic() < end, 'alone'\n    time.sleep(0.02)"
        )

    return source


def test_two_stages_run_at_the_same_time(tmp_path: Path, meeting: Callable[[str, str], str]) -> None:
    one, other = str(tmp_path / "one"), str(tmp_path / "other")
    write_notebook(tmp_path / "first.ipynb", (meeting(one, other), LOOK, SAVE))
    write_notebook(tmp_path / "second.ipynb", (meeting(other, one), LOOK, SAVE))
    path = tmp_path / "both.toml"
    path.write_text('workers = 2\n[stages.a]\nnotebook = "first"\n[stages.b]\nnotebook = "second"\n')
    outcome = run_pipeline(
        path, find=lambda name: Notebook(name, tmp_path / f"{name}.ipynb"), out_root=tmp_path / "reports"
    )
    assert [stage.reason for stage in outcome.stages] == ["", ""]
    sockets = {_printed(stage.run)["socket"] for stage in outcome.stages if stage.run is not None}
    assert len(sockets) == 2
    assert len(list_runs(tmp_path / "reports")) == 3
    assert {run.manifest.part_of for run in list_runs(tmp_path / "reports")} == {"both", ""}
