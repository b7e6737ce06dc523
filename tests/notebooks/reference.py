"""The market on which reference cells are computed, and how to write them anew.

``python -m tests.notebooks.reference`` runs every notebook on it and stores the outputs of its reference cells.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any, Final

import nbformat
from nbclient import NotebookClient

from arbresearch.sample import SampleSpec, generate
from arbresearch.store import TickStore

__all__ = ["NOTEBOOKS", "REFERENCE", "ROOT", "make_market", "refresh", "tags"]

ROOT: Final = Path(__file__).resolve().parents[2]
NOTEBOOKS: Final = sorted((ROOT / "notebooks").glob("*.ipynb"))
REFERENCE: Final = "nbval-check-output"

_SPEC: Final = SampleSpec(seed=7, days=1, symbols=12, quotes_per_day=2_000, include_depth=False)


def make_market(root: Path) -> Path:
    """Write the small market into an empty store and return its folder."""
    with TickStore(root) as store:
        generate(store, _SPEC)
    return root


def tags(cell: Any) -> list[str]:
    """Return the tags of a cell."""
    return list(cell.metadata.get("tags", []))


def refresh(path: Path, store: Path) -> None:
    """Run a notebook and store the outputs of its reference cells in it."""
    text = path.read_text(encoding="utf-8")
    stored, run = nbformat.reads(text, as_version=4), nbformat.reads(text, as_version=4)
    os.environ["ARB_STORE"], os.environ["ARB_REPORTS"] = str(store), str(store.parent / "reports")
    NotebookClient(run, timeout=300, resources={"metadata": {"path": str(path.parent)}}).execute()
    for cell, done in zip(stored.cells, run.cells, strict=True):
        if REFERENCE in tags(cell):
            cell["outputs"], cell["execution_count"] = done.outputs, done.execution_count
    nbformat.write(stored, path)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        market = make_market(Path(folder) / "store")
        for one in NOTEBOOKS:
            refresh(one, market)
