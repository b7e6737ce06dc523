"""Running a pipeline: stages in parallel processes, each as soon as what it needs has ended well."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from arbresearch.core import ArbError, ParameterError, PipelineError, expected
from arbresearch.pipeline.dag import Pipeline, Stage, load_pipeline
from arbresearch.pipeline.executors import Executor, LocalProcesses
from arbresearch.pipeline.notebook import Notebook, RunOutcome, run_notebook
from arbresearch.pipeline.parameters import refuse_unknown
from arbresearch.pipeline.summary import publish_summary

__all__ = ["PipelineOutcome", "StageOutcome", "Task", "run_pipeline", "run_task"]


@dataclass(frozen=True, slots=True)
class Task:
    """One run of one stage, as it is handed to a worker."""

    stage: str
    notebook: Notebook
    report: str
    parameters: dict[str, Any]
    timeout_s: float
    out_root: Path
    data_hash: str | None
    part_of: str
    cwd: Path
    place: int = 0


@dataclass(frozen=True, slots=True)
class StageOutcome:
    """One run of a stage: ``ok``, ``failed`` or ``skipped``, and why; ``place`` is its row of the matrix, from 0."""

    stage: str
    report: str
    status: Literal["ok", "failed", "skipped"]
    reason: str = ""
    attempts: int = 0
    seconds: float = 0.0
    parameters: dict[str, Any] = field(default_factory=dict)
    run: RunOutcome | None = None
    place: int = 0


@dataclass(frozen=True, slots=True)
class PipelineOutcome:
    """What came of a pipeline: its page, and its runs by stage in the order of the stages."""

    name: str
    folder: Path
    report: Path
    stages: tuple[StageOutcome, ...]
    seconds: float

    @property
    def ok(self) -> bool:
        """Return whether nothing failed."""
        return all(stage.status != "failed" for stage in self.stages)


def run_task(task: Task) -> RunOutcome:
    """Run one task; the function that workers call."""
    return run_notebook(
        task.notebook.path,
        task.parameters,
        out_root=task.out_root,
        name=task.report,
        params_model=task.notebook.params_model,
        timeout_s=task.timeout_s,
        data_hash=task.data_hash,
        part_of=task.part_of,
        cwd=task.cwd,
        check=False,
    )


def run_pipeline(
    path: Path,
    *,
    find: Callable[[str], Notebook],
    out_root: Path,
    parameters: Mapping[str, Any] | None = None,
    workers: int | None = None,
    data_hash: str | None = None,
    cwd: Path | None = None,
    executor: Executor | None = None,
    tell: Callable[[StageOutcome], None] | None = None,
) -> PipelineOutcome:
    """Run a pipeline and publish its summary; a run that fails is in the outcome, not raised.

    Every stage's parameters are checked before the first one runs. A stage whose need failed is skipped, and says
    because of which; stages that do not depend on it go on.

    Parameters
    ----------
    path
        The TOML file.
    find
        Notebook by name.
    out_root
        The reports folder.
    parameters
        On top of the file's own for all stages; each goes to the stages whose notebook has it.
    workers
        Stages at a time; the file's figure by default.
    data_hash
        Digest of the data, for every manifest.
    cwd
        Working directory of the kernels; that of this process by default.
    executor
        Where stages run; processes of this machine by default.
    tell
        Called with each outcome as it comes.

    Raises
    ------
    PipelineError
        If the file is malformed, or a stage does not fit its notebook.
    """
    pipeline = load_pipeline(path)
    work = _Work(
        path,
        pipeline,
        find,
        dict(parameters or {}),
        Path(out_root).resolve(),
        data_hash,
        (cwd or Path.cwd()).resolve(),
        tell,
    )
    work.check()
    started_ns = time.time_ns()
    with ExitStack() as stack:
        work.run(executor or stack.enter_context(LocalProcesses(workers or pipeline.workers)))
    stages = tuple(outcome for name in pipeline.order() for outcome in work.outcomes[name])
    seconds = (time.time_ns() - started_ns) / 1e9
    folder, report = publish_summary(path, pipeline, stages, work.shared, work.out_root, started_ns, seconds, data_hash)
    return PipelineOutcome(pipeline.name, folder, report, stages, seconds)


class _Work:
    """The state of one pipeline run."""

    def __init__(
        self,
        path: Path,
        pipeline: Pipeline,
        find: Callable[[str], Notebook],
        parameters: dict[str, Any],
        out_root: Path,
        data_hash: str | None,
        cwd: Path,
        tell: Callable[[StageOutcome], None] | None,
    ) -> None:
        self.path, self.pipeline, self.out_root, self.data_hash, self.cwd, self.tell = (
            path,
            pipeline,
            out_root,
            data_hash,
            cwd,
            tell,
        )
        self.shared = {**pipeline.parameters, **parameters}
        self.notebooks = {name: find(stage.notebook) for name, stage in pipeline.stages.items()}
        self.outcomes: dict[str, list[StageOutcome]] = {}
        self._expected: dict[str, int] = {}
        self._running: dict[Future[RunOutcome], tuple[Task, int, float]] = {}

    def check(self) -> None:
        """Check all that can be known before anything runs."""
        known = {name: notebook.parameter_names() for name, notebook in self.notebooks.items()}
        for name in self.shared:
            if not any(name in names for names in known.values()):
                raise PipelineError(
                    expected(
                        f"pipeline {self.path.name}, parameter {name!r}",
                        "known to one of its notebooks",
                        "known to none",
                    )
                )
        for name, stage in self.pipeline.stages.items():
            mapped = [key for key in stage.matrix_map if key not in known[name]]
            if mapped:
                want = f"one of {', '.join(sorted(known[name]))}"
                raise PipelineError(
                    expected(f"pipeline {self.path.name}, stage {name!r}, matrix_map", want, repr(mapped[0]))
                )
            try:
                if stage.matrix_from:
                    refuse_unknown(self._parameters(name, stage, {}), known[name], stage.notebook)
                for row in () if stage.matrix_from else stage.matrix or ({},):
                    self.notebooks[name].validate(self._parameters(name, stage, row))
            except ParameterError as error:
                raise PipelineError(f"pipeline {self.path.name}, stage {name!r}: {error}") from None

    def _parameters(self, name: str, stage: Stage, row: Mapping[str, Any]) -> dict[str, Any]:
        names = self.notebooks[name].parameter_names()
        return {**{key: value for key, value in self.shared.items() if key in names}, **stage.parameters, **row}

    def run(self, executor: Executor) -> None:
        """Start what can start, until everything has an outcome."""
        waiting = self.pipeline.order()
        while waiting or self._running:
            for name in list(waiting):
                if all(self._ended(needed) for needed in self.pipeline.stages[name].needs):
                    waiting.remove(name)
                    self._begin(name, executor)
            if self._running:
                for future in wait(self._running, return_when=FIRST_COMPLETED).done:
                    self._finish(future, executor)

    def _ended(self, name: str) -> bool:
        return name in self._expected and len(self.outcomes[name]) == self._expected[name]

    def _begin(self, name: str, executor: Executor) -> None:
        stage = self.pipeline.stages[name]
        self.outcomes[name] = []
        bad = next((one for need in stage.needs for one in self.outcomes[need] if self._stops(one)), None)
        if bad is not None:
            self._expected[name] = 1
            word = "failed" if bad.status == "failed" else "was skipped"
            self._record(
                StageOutcome(name, stage.report or stage.notebook, "skipped", f"skipped because {bad.stage} {word}")
            )
            return
        try:
            tasks = [self._task(name, stage, row, place) for place, row in enumerate(self._rows(stage))]
        except ArbError as error:
            self._expected[name] = 1
            self._record(StageOutcome(name, stage.report or stage.notebook, "failed", str(error)))
            return
        self._expected[name] = len(tasks) or 1
        if not tasks:
            self._record(
                StageOutcome(
                    name, stage.report or stage.notebook, "skipped", f"nothing to run: {stage.matrix_from} has no rows"
                )
            )
        for task in tasks:
            self._submit(task, 1, executor)

    @staticmethod
    def _stops(outcome: StageOutcome) -> bool:
        return outcome.status == "failed" or outcome.reason.startswith("skipped because")

    def _rows(self, stage: Stage) -> list[dict[str, Any]]:
        if stage.source is None:
            return list(stage.matrix) or [{}]
        source, table = stage.source
        rows: list[dict[str, Any]] = []
        for outcome in self.outcomes[source]:
            if outcome.run is not None and outcome.run.result is not None:
                tables = outcome.run.result.tables
                if table not in tables:
                    raise PipelineError(
                        expected(f"result of {source}", f"a table {table!r}", ", ".join(tables) or "no tables")
                    )
                rows.extend(tables[table])
        return [self._mapped(stage, row) for row in rows[: stage.matrix_limit]]

    def _mapped(self, stage: Stage, row: Mapping[str, Any]) -> dict[str, Any]:
        if not stage.matrix_map:
            names = next(
                self.notebooks[name] for name, one in self.pipeline.stages.items() if one is stage
            ).parameter_names()
            return {key: value for key, value in row.items() if key in names}
        missing = [column for column in stage.matrix_map.values() if column not in row]
        if missing:
            raise PipelineError(expected(f"table {stage.matrix_from}", f"a column {missing[0]!r}", ", ".join(row)))
        return {key: row[column] for key, column in stage.matrix_map.items()}

    def _task(self, name: str, stage: Stage, row: Mapping[str, Any], place: int) -> Task:
        parameters = self.notebooks[name].validate(self._parameters(name, stage, row))
        report = stage.report or stage.notebook
        return Task(
            name,
            self.notebooks[name],
            report,
            parameters,
            stage.timeout,
            self.out_root,
            self.data_hash,
            self.pipeline.name,
            self.cwd,
            place,
        )

    def _submit(self, task: Task, attempt: int, executor: Executor) -> None:
        self._running[executor.submit(run_task, task)] = (task, attempt, time.monotonic())

    def _finish(self, future: Future[RunOutcome], executor: Executor) -> None:
        task, attempt, began = self._running.pop(future)
        try:
            run: RunOutcome | None = future.result()
            reason = run.failure if run else ""
        except ArbError as error:
            run, reason = None, str(error)
        if reason and attempt <= self.pipeline.stages[task.stage].retries:
            self._submit(task, attempt + 1, executor)
            return
        seconds = time.monotonic() - began
        status: Literal["ok", "failed"] = "failed" if reason else "ok"
        self._record(
            StageOutcome(
                task.stage, task.report, status, reason, attempt, seconds, task.parameters, run, place=task.place
            )
        )

    def _record(self, outcome: StageOutcome) -> None:
        self.outcomes[outcome.stage].append(outcome)
        # Rows of a matrix end in any order; later stages and the page take them in that of the matrix.
        self.outcomes[outcome.stage].sort(key=lambda one: one.place)
        if self.tell is not None:
            self.tell(outcome)
