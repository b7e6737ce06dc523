"""Running a pipeline: order, matrices, retries and what a failure stops; workers are played by a script."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest

from arbresearch.core import ParameterError, PipelineError
from arbresearch.pipeline import Notebook, PipelineOutcome, Result, RunOutcome, WorkerDied, run_pipeline
from arbresearch.pipeline.publish import list_runs
from arbresearch.pipeline.runner import Task
from arbresearch.report import external_references
from tests.pipeline.kit import QuickParams, write_notebook

Script = Callable[[Task], RunOutcome]


class Played:
    """An executor that answers at once by a script, and remembers what it was asked."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def submit(self, _function: Callable[..., Any], /, *args: Any) -> Future[Any]:
        task: Task = args[0]
        self.asked.append((task.stage, task.parameters))
        future: Future[Any] = Future()
        try:
            future.set_result(self.script(task))
        except Exception as error:
            future.set_exception(error)
        return future


def _good(task: Task, result: Result | None = None) -> RunOutcome:
    found = result or Result(verdict=f"{task.stage} done")
    return RunOutcome(task.report, f"run-{task.stage}", task.out_root / task.report / "x", "", found, 1.0)


def _bad(task: Task) -> RunOutcome:
    return RunOutcome(task.report, "run-bad", task.out_root / task.report / "x", "cell 3 of 4: boom", None, 1.0)


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., tuple[PipelineOutcome, Played]]:
    """Return a function that runs a pipeline text by a script."""
    notebook = write_notebook(tmp_path / "n.ipynb")

    def go(text: str, script: Script = _good, **options: Any) -> tuple[PipelineOutcome, Played]:
        path = tmp_path / "demo.toml"
        path.write_text(text)
        played = Played(script)
        outcome = run_pipeline(
            path,
            find=lambda name: Notebook(name, notebook, QuickParams),
            out_root=tmp_path / "reports",
            executor=played,
            **options,
        )
        return outcome, played

    return go


def _statuses(outcome: PipelineOutcome) -> list[tuple[str, str]]:
    return [(stage.stage, stage.status) for stage in outcome.stages]


CHAIN = """
[stages.c]
notebook = "n"
depends = ["b"]
[stages.a]
notebook = "n"
[stages.b]
notebook = "n"
depends = ["a"]
[stages.other]
notebook = "n"
"""


def test_stages_run_after_what_they_need(run: Any) -> None:
    outcome, played = run(CHAIN)
    order = [stage for stage, _ in played.asked]
    assert order.index("a") < order.index("b") < order.index("c")
    assert outcome.ok
    assert _statuses(outcome) == [("a", "ok"), ("b", "ok"), ("c", "ok"), ("other", "ok")]


def test_a_failure_skips_what_depends_on_it_and_nothing_else(run: Any) -> None:
    told: list[str] = []
    outcome, played = run(
        CHAIN, lambda task: _bad(task) if task.stage == "a" else _good(task), tell=lambda one: told.append(one.stage)
    )
    assert not outcome.ok
    assert sorted(stage for stage, _ in played.asked) == ["a", "other"]
    assert _statuses(outcome) == [("a", "failed"), ("b", "skipped"), ("c", "skipped"), ("other", "ok")]
    assert [stage.reason for stage in outcome.stages] == [
        "cell 3 of 4: boom",
        "skipped because a failed",
        "skipped because b was skipped",
        "",
    ]
    assert sorted(told) == ["a", "b", "c", "other"]


def test_a_dead_worker_is_a_failure_of_its_stage(run: Any) -> None:
    def die(task: Task) -> RunOutcome:
        if task.stage == "a":
            raise WorkerDied("worker process: expected an answer, was none (signal 9)")
        return _good(task)

    outcome, _ = run(CHAIN, die)
    assert outcome.stages[0].reason.endswith("(signal 9)")
    assert outcome.stages[3].status == "ok"


def test_retries_count_attempts(run: Any) -> None:
    failures = iter([True, True, False])
    text = '[stages.a]\nnotebook = "n"\nretries = 2'
    outcome, played = run(text, lambda task: _bad(task) if next(failures) else _good(task))
    assert outcome.ok
    assert len(played.asked) == 3
    assert outcome.stages[0].attempts == 3
    outcome, played = run(text, _bad)
    assert not outcome.ok
    assert len(played.asked) == 3
    assert "(3 attempts)" in outcome.report.read_text()


def test_matrix_and_shared_parameters(run: Any) -> None:
    text = """
    parameters = { threshold_bps = 2.0, name = "shared" }
    [stages.a]
    notebook = "n"
    parameters = { name = "mine" }
    matrix = [{ threshold_bps = 7.0 }, {}]
    """
    _, played = run(text, parameters={"threshold_bps": 3.0})
    assert played.asked == [
        ("a", {"threshold_bps": 7.0, "name": "mine"}),
        ("a", {"threshold_bps": 3.0, "name": "mine"}),
    ]


FROM = """
[stages.score]
notebook = "n"
[stages.deep]
notebook = "n"
matrix_from = "score.top"
{more}
[stages.after]
notebook = "n"
depends = ["deep"]
"""


def _scored(rows: list[dict[str, Any]]) -> Script:
    return lambda task: (
        _good(task, Result(verdict="scored", tables={"top": rows})) if task.stage == "score" else _good(task)
    )


def test_matrix_from_the_result_of_a_stage(run: Any) -> None:
    rows = [{"name": "A", "score": 2}, {"name": "B", "score": 1}]
    _, played = run(FROM.format(more=""), _scored(rows))
    assert [parameters["name"] for stage, parameters in played.asked if stage == "deep"] == ["A", "B"]
    _, played = run(FROM.format(more='matrix_map = { threshold_bps = "score" }\nmatrix_limit = 1'), _scored(rows))
    assert [parameters for stage, parameters in played.asked if stage == "deep"] == [
        {"threshold_bps": 2.0, "name": "x"}
    ]


def test_matrix_from_gathers_the_rows_of_all_runs_of_a_stage(run: Any) -> None:
    text = """
    [stages.find]
    notebook = "n"
    matrix = [{ name = "A" }, { name = "B" }, { name = "C" }]
    [stages.deep]
    notebook = "n"
    matrix_from = "find.top"
    """
    rows = {"A": [{"name": "a1"}, {"name": "a2"}], "B": [], "C": [{"name": "c1"}]}

    def script(task: Task) -> RunOutcome:
        found = rows.get(task.parameters["name"])
        return _good(task, None if found is None else Result(verdict="found", tables={"top": found}))  # type: ignore[dict-item]

    outcome, played = run(text, script)
    assert outcome.ok
    assert [parameters["name"] for stage, parameters in played.asked if stage == "deep"] == ["a1", "a2", "c1"]


HEADLINE = """
headline = "last"
[stages.first]
notebook = "n"
[stages.last]
notebook = "n"
depends = ["first"]
"""


def test_the_headline_is_the_pipelines_own(run: Any, tmp_path: Path) -> None:
    told = Result(
        verdict="two moved.",
        status="warn",
        figures={"moved": {"value": 2}},  # type: ignore[dict-item]
        tables={"index": [{"pair": "X", "2025-W02": "3.0 / 2.0", "2025-W03": None}]},
    )
    outcome, _ = run(HEADLINE, lambda task: _good(task, told if task.stage == "last" else None))
    (kept,) = list_runs(tmp_path / "reports")
    assert kept.result is not None
    assert kept.result.verdict == "two moved. 2 runs of 2 stages: 2 ok."
    assert kept.result.status == "warn"
    assert list(kept.result.figures) == ["moved", "ok"]
    page = outcome.report.read_text()
    assert "two moved." in page
    assert re.search(r'<th scope="col">2025-W02</th>', page)
    assert "<td>3.0 / 2.0</td><td>–</td>" in page
    long = told.model_copy(update={"verdict": "x" * 390})
    run(HEADLINE, lambda task: _good(task, long if task.stage == "last" else None))
    newest = list_runs(tmp_path / "reports")[0]
    assert newest.result is not None
    assert newest.result.verdict == "x" * 390


def test_a_headline_that_failed_is_none(run: Any, tmp_path: Path) -> None:
    outcome, _ = run(HEADLINE, lambda task: _bad(task) if task.stage == "last" else _good(task))
    assert not outcome.ok
    (kept,) = list_runs(tmp_path / "reports")
    assert not kept.ok
    assert "boom" in outcome.report.read_text()


def test_matrix_without_rows_stops_nobody(run: Any) -> None:
    outcome, _ = run(FROM.format(more=""), _scored([]))
    assert outcome.ok
    assert _statuses(outcome) == [("score", "ok"), ("deep", "skipped"), ("after", "ok")]
    assert outcome.stages[1].reason == "nothing to run: score.top has no rows"


def test_matrix_that_does_not_fit_fails_its_stage(run: Any) -> None:
    outcome, _ = run(FROM.format(more=""))
    assert outcome.stages[1].reason == "result of score: expected a table 'top', was no tables"
    outcome, _ = run(FROM.format(more='matrix_map = { name = "symbol" }'), _scored([{"name": "A"}]))
    assert outcome.stages[1].reason == "table score.top: expected a column 'symbol', was name"
    outcome, _ = run(FROM.format(more=""), _scored([{"threshold_bps": "high"}]))
    assert "threshold_bps" in outcome.stages[1].reason
    assert outcome.stages[2].reason == "skipped because deep failed"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[stages.a]\nnotebook = "n"\nparameters = { nam = "x" }', "stage 'a': n, parameter: .*did you mean 'name'?"),
        ('[stages.a]\nnotebook = "n"\nmatrix = [{ threshold_bps = "x" }]', "stage 'a': n, parameters: .*threshold_bps"),
        (
            'parameters = { zzz = 1 }\n[stages.a]\nnotebook = "n"',
            "parameter 'zzz': expected known to one of its notebooks",
        ),
        (
            '[stages.s]\nnotebook="n"\n[stages.a]\nnotebook="n"\nmatrix_from="s.t"\nmatrix_map={zzz="x"}',
            "matrix_map: expected one of name",
        ),
        ('[stages.s]\nnotebook="n"\n[stages.a]\nnotebook="n"\nmatrix_from="s.t"\nparameters={zzz=1}', "was 'zzz'"),
    ],
)
def test_parameters_are_checked_before_anything_runs(run: Any, text: str, message: str) -> None:
    asked: list[str] = []

    def remember(task: Task) -> RunOutcome:
        asked.append(task.stage)
        return _good(task)

    with pytest.raises((PipelineError, ParameterError), match=message):
        run(text, remember)
    assert asked == []


def test_summary_page_and_index_entry(run: Any, tmp_path: Path) -> None:
    outcome, _ = run(CHAIN, lambda task: _bad(task) if task.stage == "a" else _good(task))
    page = outcome.report.read_text()
    assert external_references(page) == []
    assert "4 runs of 4 stages: 1 ok, 2 failed" not in page
    assert "4 runs of 4 stages: 1 ok, 1 failed, 2 skipped." in page
    assert 'href="../../n/run-bad/report.html">a</a>' in page
    assert re.findall(r'class="badge (\w+)"', page) == ["failed", "failed", "skipped", "skipped", "ok"]
    entry = list_runs(tmp_path / "reports")[0].manifest
    assert (entry.kind, entry.name, entry.status) == ("pipeline", "demo", "failed")
    assert entry.failure == "a: cell 3 of 4: boom"
    assert [record.status for record in entry.stages] == ["failed", "skipped", "skipped", "ok"]
    good, _ = run(CHAIN)
    assert good.folder.name in (tmp_path / "reports" / "demo" / "latest.html").read_text()
