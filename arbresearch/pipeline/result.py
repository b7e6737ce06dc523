"""What a notebook concludes: a verdict with its figures, as one small JSON file."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any, Final, Literal

import polars as pl
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from arbresearch.core import NotebookFailed, SchemaError, expected
from arbresearch.pipeline.files import write_atomically
from arbresearch.report.cells import RESULT_MIME
from arbresearch.report.tables import badge

__all__ = ["RESULT_PATH_VARIABLE", "SCHEMA_VERSION", "Figure", "Result", "ResultDisplay", "load_result", "save_result"]

RESULT_PATH_VARIABLE: Final = "ARB_RESULT_PATH"
"""Environment variable that the runner sets: where :func:`save_result` writes. Unset in an interactive session."""

SCHEMA_VERSION: Final = 1
MAX_TABLE_ROWS: Final = 1_000

Scalar = bool | int | float | str | None
Status = Literal["ok", "warn", "no"]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=True)


class Figure(_Frozen):
    """One key figure: the number, its unit, and how it reads.

    A value that is NaN or infinite is stored as null. ``text`` is made of value and unit when it is not given.
    """

    value: Scalar
    unit: str = ""
    text: str = ""
    note: str = ""

    @field_validator("value")
    @classmethod
    def _finite(cls, value: Scalar) -> Scalar:
        return None if isinstance(value, float) and not math.isfinite(value) else value

    @property
    def shown(self) -> str:
        """Return how the figure reads, unit included."""
        if self.text:
            return self.text
        if self.value is None:
            return "–"
        if isinstance(self.value, bool):
            return "yes" if self.value else "no"
        if isinstance(self.value, str):
            number = self.value
        else:
            number = f"{self.value:,d}" if isinstance(self.value, int) else f"{self.value:,.4g}"
        return f"{number} {self.unit}".strip().replace("-", "−" if not isinstance(self.value, str) else "-")


class Result(_Frozen):
    """A notebook's result: one sentence, a status, key figures, and small tables for later stages."""

    schema_version: Literal[1] = SCHEMA_VERSION
    verdict: str = Field(min_length=1, max_length=400)
    status: Status = "ok"
    figures: dict[str, Figure] = Field(default_factory=dict)
    tables: dict[str, list[dict[str, Scalar]]] = Field(default_factory=dict)

    @field_validator("tables")
    @classmethod
    def _bounded(cls, tables: dict[str, list[dict[str, Scalar]]]) -> dict[str, list[dict[str, Scalar]]]:
        for name, rows in tables.items():
            if len(rows) > MAX_TABLE_ROWS:
                raise ValueError(expected(f"table {name!r}", f"at most {MAX_TABLE_ROWS} rows", len(rows)))
        return {
            name: [
                {
                    key: None if isinstance(value, float) and not math.isfinite(value) else value
                    for key, value in row.items()
                }
                for row in rows
            ]
            for name, rows in tables.items()
        }


class ResultDisplay:
    """A result as a notebook shows it; a report shows it in its verdict block instead."""

    def __init__(self, result: Result) -> None:
        self.result = result

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        del include, exclude
        rows = "".join(
            f"<tr><td>{escape(name)}</td><td><b>{escape(figure.shown)}</b></td></tr>"
            for name, figure in self.result.figures.items()
        )
        html = f"<p>{badge(self.result.status)} {escape(self.result.verdict)}</p><table>{rows}</table>"
        return {RESULT_MIME: self.result.model_dump(mode="json"), "text/html": html, "text/plain": repr(self)}

    def __repr__(self) -> str:
        figures = "".join(f"\n  {name}: {figure.shown}" for name, figure in self.result.figures.items())
        return f"{self.result.status}: {self.result.verdict}{figures}"


def save_result(
    verdict: str,
    *,
    status: Status = "ok",
    figures: Mapping[str, Figure | Mapping[str, Scalar] | Scalar] | None = None,
    tables: Mapping[str, pl.DataFrame | list[dict[str, Scalar]]] | None = None,
) -> ResultDisplay:
    """Conclude a notebook; its last call.

    Under the runner the result is written, atomically, where ``ARB_RESULT_PATH`` says; in an interactive session
    nothing is written. Either way it is returned for display.

    Parameters
    ----------
    verdict
        One sentence, 1 to 400 characters: what was found.
    status
        ``ok`` (go on), ``warn`` (with care) or ``no``.
    figures
        Name to figure: ``{"value": 3.2, "unit": "bps", "text": "3.2 bps [2.9, 3.6]", "note": "..."}`` or a bare number.
        Names are shown as they are.
    tables
        Name to a frame or rows of plain values, at most 1,000 each, for later stages (``matrix_from``). One named
        ``index`` is shown in the index of all reports, as it stands.

    Raises
    ------
    SchemaError
        If something is missing, too long or not a plain value.
    """
    given = {
        name: figure if isinstance(figure, (Figure, Mapping)) else {"value": figure}
        for name, figure in (figures or {}).items()
    }
    rows = {
        name: table.to_dicts() if isinstance(table, pl.DataFrame) else table for name, table in (tables or {}).items()
    }
    try:
        result = Result.model_validate({"verdict": verdict, "status": status, "figures": given, "tables": rows})
    except ValidationError as error:
        raise SchemaError(expected("result", "plain values as save_result documents", first_problem(error))) from None
    path = os.environ.get(RESULT_PATH_VARIABLE)
    if path:
        write_atomically(Path(path), result.model_dump_json(indent=2) + "\n")
    return ResultDisplay(result)


def load_result(path: Path) -> Result:
    """Read and check a ``result.json``.

    Raises
    ------
    NotebookFailed
        If there is none, or it is not one.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise NotebookFailed(
            expected(
                "result", f"{path.name} written by save_result", "nothing", "call save_result last in the notebook"
            )
        ) from None
    try:
        return Result.model_validate_json(text)
    except ValidationError as error:
        raise NotebookFailed(expected(f"result {path.name}", "what save_result writes", first_problem(error))) from None


def first_problem(error: ValidationError) -> str:
    """Say in one line what the first problem of a pydantic validation is, and where."""
    problem = error.errors(include_url=False, include_context=False)[0]
    where = ".".join(str(part) for part in problem["loc"])
    found = repr(problem["input"])
    shown = found if len(found) <= 80 else f"{found[:77]}..."
    return f"{where}: {problem['msg']} (found {shown})" if where else f"{problem['msg']} (found {shown})"
