"""What earlier runs found: a table of their results, run by run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl

from arbresearch.pipeline.publish import list_runs

__all__ = ["table_history"]


def table_history(root: Path, name: str, table: str) -> pl.DataFrame:
    """Return the rows of one table of all good runs of a name, oldest run first.

    Parameters
    ----------
    root
        The reports folder; one that is not there has no runs.
    name
        That the runs are published under.
    table
        Of their results; runs without it are passed over.

    Returns
    -------
    polars.DataFrame
        ``run_id`` and ``started_ns``, then the table's columns, null where a run did not have them; no columns at all
        where there is no row.
    """
    rows: list[dict[str, Any]] = []
    for run in reversed(list_runs(root)):
        if run.manifest.name == name and run.ok and run.result is not None:
            made = {"run_id": run.folder.name, "started_ns": run.manifest.started_ns}
            rows += [{**made, **row} for row in run.result.tables.get(table, [])]
    return pl.DataFrame(rows, infer_schema_length=None)
