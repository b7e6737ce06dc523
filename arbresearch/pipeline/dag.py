"""Pipelines as TOML: which notebooks, in what order, with what parameters."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from arbresearch.core import ArbError, PipelineError, expected, parse_duration_s

__all__ = ["Pipeline", "Stage", "load_pipeline"]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Stage(_Frozen):
    """One stage: a notebook, run once or once for each row of a matrix.

    Parameters
    ----------
    notebook
        Name of the notebook.
    report
        Name its reports are published under; the notebook's by default.
    depends
        Stages that must have ended well before.
    parameters
        For each of its runs.
    matrix
        A run for each table of parameters, on top of ``parameters``.
    matrix_from
        ``stage.table``: a run for each row of that table in the result of an earlier stage (which it then depends on).
    matrix_map
        Parameter to column of that table; columns of the same name as a parameter by default.
    matrix_limit
        How many rows of it at most, from the top.
    retries
        How often a failed run is tried again.
    timeout
        For the cells of one run: seconds, or text such as ``"20m"``.
    """

    notebook: str
    report: str | None = None
    depends: tuple[str, ...] = ()
    parameters: dict[str, Any] = Field(default_factory=dict)
    matrix: tuple[dict[str, Any], ...] = ()
    matrix_from: str | None = None
    matrix_map: dict[str, str] = Field(default_factory=dict)
    matrix_limit: int | None = Field(default=None, ge=1)
    retries: int = Field(default=0, ge=0, le=10)
    timeout: float = 3600.0

    @field_validator("timeout", mode="before")
    @classmethod
    def _seconds(cls, value: str | float) -> float:
        try:
            seconds = parse_duration_s(value)
        except ArbError as error:
            raise ValueError(str(error)) from None
        if seconds <= 0:
            raise ValueError("expected more than zero")
        return seconds

    @property
    def source(self) -> tuple[str, str] | None:
        """Return the stage and the table of ``matrix_from``."""
        if self.matrix_from is None:
            return None
        stage, _, table = self.matrix_from.rpartition(".")
        return stage, table

    @property
    def needs(self) -> tuple[str, ...]:
        """Return every stage it waits for: ``depends`` and the source of its matrix."""
        names = [*self.depends, *([self.source[0]] if self.source else [])]
        return tuple(dict.fromkeys(names))


class Pipeline(_Frozen):
    """A pipeline file: stages by name, in the order of the file, and parameters for all that know them.

    ``headline`` names the stage whose verdict, status and figures are the pipeline's own, on its page and in the index;
    empty: none, and only runs are counted.
    """

    name: str = ""
    doc: str = ""
    headline: str = ""
    workers: int = Field(default=2, ge=1, le=256)
    parameters: dict[str, Any] = Field(default_factory=dict)
    stages: dict[str, Stage] = Field(min_length=1)

    def order(self) -> list[str]:
        """Return the stages so that each comes after those it needs; else in the order of the file."""
        done: list[str] = []
        left = list(self.stages)
        while left:
            ready = next(name for name in left if set(self.stages[name].needs) <= set(done))
            left.remove(ready)
            done.append(ready)
        return done


def load_pipeline(path: Path) -> Pipeline:
    """Read and check a pipeline file.

    Raises
    ------
    PipelineError
        Naming the file and the key: unknown keys, wrong types, stages that do not exist, a cycle.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise PipelineError(expected("pipeline", "a TOML file", f"no file {path}")) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise PipelineError(expected(f"pipeline {path.name}", "TOML", str(error))) from None
    try:
        pipeline = Pipeline.model_validate({"name": path.stem, **content})
    except ValidationError as error:
        raise PipelineError(_worded(path, error)) from None
    _check_headline(path, pipeline)
    for name, stage in pipeline.stages.items():
        if pipeline.name in (stage.report, stage.notebook):
            want = "a name that none of its reports has"
            raise PipelineError(expected(f"pipeline {path.name}, name", want, repr(pipeline.name)))
        _check_stage(path, pipeline.stages, name, stage)
    _check_cycle(path, pipeline.stages)
    return pipeline


def _check_headline(path: Path, pipeline: Pipeline) -> None:
    name = pipeline.headline
    what = f"pipeline {path.name}, headline"
    if name and name not in pipeline.stages:
        raise PipelineError(expected(what, f"one of {', '.join(pipeline.stages)}", repr(name)))
    if name and (pipeline.stages[name].matrix or pipeline.stages[name].matrix_from):
        raise PipelineError(expected(what, "a stage that runs once", f"{name!r}, which has a matrix"))


def _worded(path: Path, error: ValidationError) -> str:
    problem = error.errors(include_url=False)[0]
    where = ".".join(str(part) for part in problem["loc"])
    what = f"pipeline {path.name}, key {where!r}"
    if problem["type"] != "extra_forbidden":
        return expected(what, problem["msg"], repr(problem["input"]))
    known = list((Stage if problem["loc"][0] == "stages" else Pipeline).model_fields)
    close = difflib.get_close_matches(str(problem["loc"][-1]), known, n=1)
    todo = f"did you mean {close[0]!r}?" if close else ""
    return expected(what, f"one of {', '.join(known)}", repr(problem["loc"][-1]), todo)


def _check_stage(path: Path, stages: Mapping[str, Stage], name: str, stage: Stage) -> None:
    what = f"pipeline {path.name}, stage {name!r}"
    if stage.source is not None and not all(stage.source):
        raise PipelineError(expected(f"{what}, matrix_from", "stage.table", repr(stage.matrix_from)))
    if stage.matrix and stage.matrix_from:
        raise PipelineError(expected(what, "matrix or matrix_from", "both"))
    if (stage.matrix_map or stage.matrix_limit) and not stage.matrix_from:
        raise PipelineError(expected(what, "matrix_from beside matrix_map and matrix_limit", "none"))
    for needed in stage.needs:
        if needed not in stages:
            close = difflib.get_close_matches(needed, stages, n=1)
            todo = f"did you mean {close[0]!r}?" if close else ""
            raise PipelineError(expected(f"{what}, depends", f"one of {', '.join(stages)}", repr(needed), todo))


def _check_cycle(path: Path, stages: Mapping[str, Stage]) -> None:
    done: set[str] = set()

    def visit(name: str, trail: list[str]) -> None:
        if name in trail:
            ring = " -> ".join([*trail[trail.index(name) :], name])
            raise PipelineError(expected(f"pipeline {path.name}, depends", "no cycle", ring))
        if name not in done:
            for needed in stages[name].needs:
                visit(needed, [*trail, name])
            done.add(name)

    for name in stages:
        visit(name, [])
