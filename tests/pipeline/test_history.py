"""What earlier runs found, gathered from their folders."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from arbresearch.core import format_ns
from arbresearch.pipeline import table_history
from arbresearch.pipeline.manifest import Manifest
from arbresearch.pipeline.publish import draft, publish
from arbresearch.pipeline.result import Result

START_NS = 1_760_156_313_000_000_000


def _publish(root: Path, name: str, second: int, rows: list[dict[str, Any]] | None, *, ok: bool = True) -> None:
    started = START_NS + second * 10**9
    manifest = Manifest(
        name=name, run_id=f"run-{second}", status="ok" if ok else "failed", started_ns=started,
        started=format_ns(started), seconds=1.0,
    )  # fmt: skip
    with draft(root, name) as folder:
        (folder / "report.html").write_text("x")
        if ok:
            tables = {} if rows is None else {"found": rows}
            (folder / "result.json").write_text(Result(verdict="x", tables=tables).model_dump_json())
        publish(folder, root, manifest)


def test_rows_of_all_good_runs_of_a_name_oldest_first(tmp_path: Path) -> None:
    _publish(tmp_path, "a", 20, [{"pair": "X", "edge": 2.0}, {"pair": "Y", "edge": None}])
    _publish(tmp_path, "a", 10, [{"pair": "X", "edge": 1, "more": "text"}])
    _publish(tmp_path, "a", 30, None)
    _publish(tmp_path, "a", 40, None, ok=False)
    _publish(tmp_path, "b", 50, [{"pair": "Z"}])
    found = table_history(tmp_path, "a", "found")
    assert found.columns == ["run_id", "started_ns", "pair", "edge", "more"]
    assert found.rows() == [
        ("run-10", START_NS + 10 * 10**9, "X", 1.0, "text"),
        ("run-20", START_NS + 20 * 10**9, "X", 2.0, None),
        ("run-20", START_NS + 20 * 10**9, "Y", None, None),
    ]


def test_nothing_on_record_is_an_empty_frame(tmp_path: Path) -> None:
    assert table_history(tmp_path / "nowhere", "a", "found").is_empty()
    _publish(tmp_path, "a", 0, [])
    assert table_history(tmp_path, "a", "found").columns == []
