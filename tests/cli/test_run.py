"""``arb run``: names, parameters, exit codes, and the history of runs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import nbformat
import orjson
import pytest

from arbresearch import locate
from arbresearch.core import BadInput
from arbresearch.sample import SampleSpec, generate
from arbresearch.store import TickStore
from tests.cli.program import arb

PROGRAM = Path(sys.executable).with_name("arb")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a folder with a store, a notebook that works, and one that fails."""
    folder = tmp_path_factory.mktemp("run")
    with TickStore(folder / "store") as ticks:
        generate(ticks, SampleSpec(days=1, symbols=12, venues=("mexc", "gate"), quotes_per_day=2_000))
    (folder / "notebooks").mkdir()
    for name, code in (("good", "rows = 3"), ("bad", "rows = 1 / 0")):
        parameters = nbformat.v4.new_code_cell('store = ""\nfactor = 2', metadata={"tags": ["parameters"]})
        result = "from arbresearch.pipeline import save_result\nsave_result(f'{rows * factor} rows of {store[-5:]}')"
        book = nbformat.v4.new_notebook(cells=[parameters, *map(nbformat.v4.new_code_cell, (code, result))])
        book.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
        nbformat.write(book, folder / "notebooks" / f"{name}.ipynb")
    return folder


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [one for one in os.environ if one.startswith("ARB_")]:
        monkeypatch.delenv(name)


def _run(place: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [PROGRAM, "run", *arguments, "--store", "store", "--reports", "reports"]
    return subprocess.run(command, capture_output=True, text=True, cwd=place, env={**os.environ, "COLUMNS": "200"})


def test_a_notebook_runs_with_its_parameters_and_is_remembered(place: Path) -> None:
    done = _run(place, "good", "-p", "factor=5", "--json")
    assert done.returncode == 0, done.stderr
    answer = orjson.loads(done.stdout)
    assert answer["result"]["verdict"] == "15 rows of store"
    assert Path(answer["report"]).is_file()
    with TickStore(place / "store") as ticks:
        remembered = ticks.sql("select name, status, verdict, run_id from runs where run_id = ?", [answer["run_id"]])
    assert remembered.rows() == [("good", "ok", "15 rows of store", answer["run_id"])]


def test_a_failed_run_exits_with_one_and_says_which_cell(place: Path) -> None:
    done = _run(place, "bad")
    assert done.returncode == 1
    assert "ZeroDivisionError" in done.stdout
    assert "reports" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nothing",), "expected one of"),
        (("good", "-p", "facto=1"), "did you mean 'factor'?"),
        (("good", "-p", "factor=many"), "factor"),
        (("good", "--workers", "2"), "--workers"),
    ],
)
def test_what_cannot_be_run_is_refused(
    place: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    said: str,
) -> None:
    monkeypatch.chdir(place)
    done = arb(monkeypatch, capsys, "run", *arguments, "--store", "store", "--reports", "reports")
    assert done.returncode == 2
    assert said in done.stderr


def test_names_are_listed(place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(place)
    listed = orjson.loads(arb(monkeypatch, capsys, "run", "--json", "--store", "store").stdout)
    assert listed["notebooks"][:2] == ["bad", "good"]
    assert {"00_data_quality", "10_discovery"} <= set(listed["notebooks"])
    assert "daily" in listed["pipelines"]


def test_an_installed_package_brings_its_notebooks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "site" / "arbresearch"
    (package / "_notebooks").mkdir(parents=True)
    (package / "_notebooks" / "inside.ipynb").write_text("{}")
    monkeypatch.setattr(locate, "_PACKAGE", package)
    monkeypatch.chdir(tmp_path)
    assert locate.find_notebook("inside").path == package / "_notebooks" / "inside.ipynb"
    with pytest.raises(BadInput, match="expected one of inside"):
        locate.find_notebook("outside")
