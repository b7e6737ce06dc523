"""Small notebooks made on the spot, and their models."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
from pydantic import BaseModel, ConfigDict

__all__ = ["QUICK", "QuickParams", "write_notebook"]

PARAMETERS = "threshold_bps = 5.0  # bps\nname = 'x'  # a label\n"
SAVE = """
from arbresearch.pipeline.result import save_result
save_result('done', figures={'edge': {'value': threshold_bps, 'unit': 'bps'}})
""".strip()
QUICK = ("1 + 1", SAVE)


class QuickParams(BaseModel):
    """Parameters of the small notebooks."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    threshold_bps: float = 5.0
    name: str = "x"


def write_notebook(
    path: Path, cells: tuple[str, ...] = QUICK, parameters: str = PARAMETERS, title: str = "A question?"
) -> Path:
    """Write a notebook with a title, a parameters cell and the code cells given."""
    new = nbformat.v4
    made: list[Any] = [new.new_markdown_cell(f"# {title}")]
    made.append(new.new_code_cell(parameters, metadata={"tags": ["parameters"]}))
    made.extend(new.new_code_cell(source) for source in cells)
    for number, cell in enumerate(made):
        cell.id = f"cell-{number}"
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(new.new_notebook(cells=made, metadata={"kernelspec": kernel}), path)
    return path
