"""Publication: whole or not at all, in order, and never two in one place."""

from __future__ import annotations

import multiprocessing
import os
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from arbresearch.core import BadInput, format_ns
from arbresearch.pipeline import latest_run, list_runs, prune, rebuild_index
from arbresearch.pipeline.files import lock, write_atomically
from arbresearch.pipeline.manifest import Manifest, run_id, versions
from arbresearch.pipeline.publish import draft, publish
from arbresearch.pipeline.result import Result

START_NS = 1_760_156_313_000_000_000


def _publish(
    root: Path, name: str, second: int, *, ok: bool = True, keep: int | None = None, tables: Any = None
) -> Path:
    started = START_NS + second * 10**9
    manifest = Manifest(
        name=name,
        run_id=run_id(started, "source", {"second": second}, "data"),
        status="ok" if ok else "failed",
        failure="" if ok else "cell 2 of 3: boom",
        started_ns=started,
        started=format_ns(started),
        seconds=1.5,
    )
    with draft(root, name) as folder:
        (folder / "report.html").write_text(f"<h1>{name} {second}</h1>")
        if ok:
            (folder / "result.json").write_text(
                Result(verdict=f"verdict {second}", tables=tables or {}).model_dump_json()
            )
        return publish(folder, root, manifest, keep=keep)


def _order(root: Path) -> list[str]:
    below = (root / "index.html").read_text().split("All runs")[1]
    return re.findall(r'href="([^"]+)/report.html"', below)


def test_folder_is_named_by_time_and_inputs(tmp_path: Path) -> None:
    first = _publish(tmp_path, "quality", 0)
    assert re.fullmatch(r"20251011T041833Z_[0-9a-f]{8}", first.name)
    assert sorted(one.name for one in first.iterdir()) == ["manifest.json", "report.html", "result.json"]
    assert first.stat().st_mode & 0o777 == 0o755
    assert run_id(START_NS, "a", {"x": 1}, None) != run_id(START_NS, "a", {"x": 2}, None)
    assert run_id(START_NS, "a", {"x": 1}, None) == run_id(START_NS, "a", {"x": 1}, None)


def test_the_table_named_index_of_the_latest_good_run_is_in_the_index(tmp_path: Path) -> None:
    for second, text in ((0, "old"), (10, "new & <b>")):
        table = {"index": [{"pair": "X", "week": text}, {"pair": "Y", "week": None}]}
        _publish(tmp_path, "drift", second, tables=table)
    _publish(tmp_path, "drift", 20, ok=False)
    page = (tmp_path / "index.html").read_text()
    assert page.count('<th scope="col">week</th>') == 1
    assert "<td>X</td><td>new &amp; &lt;b&gt;</td>" in page
    assert "<td>Y</td><td>–</td>" in page
    assert "<td>old</td>" not in page


def test_same_second_same_inputs_get_a_number(tmp_path: Path) -> None:
    names = [_publish(tmp_path, "quality", 0).name for _ in range(3)]
    assert names[1:] == [f"{names[0]}-2", f"{names[0]}-3"]
    assert len(list_runs(tmp_path)) == 3


def test_index_is_newest_first_whatever_the_order_of_publication(tmp_path: Path) -> None:
    published = {second: _publish(tmp_path, name, second) for name, second in (("b", 20), ("a", 30), ("a", 10))}
    want = [f"{path.parent.name}/{path.name}" for _, path in sorted(published.items(), reverse=True)]
    assert _order(tmp_path) == want


def test_failed_run_keeps_the_good_report(tmp_path: Path) -> None:
    good = _publish(tmp_path, "quality", 0)
    _publish(tmp_path, "quality", 5, ok=False)
    latest = latest_run(tmp_path, "quality")
    assert latest is not None
    assert latest.folder == good
    assert f"{good.name}/report.html" in (tmp_path / "quality" / "latest.html").read_text()
    assert "cell 2 of 3: boom" in (tmp_path / "index.html").read_text()
    assert latest_run(tmp_path, "other") is None


def test_earlier_run_published_later_is_not_the_latest(tmp_path: Path) -> None:
    newer = _publish(tmp_path, "quality", 9)
    _publish(tmp_path, "quality", 1)
    assert newer.name in (tmp_path / "quality" / "latest.html").read_text()


def test_half_written_and_foreign_folders_are_passed_over(tmp_path: Path) -> None:
    good = _publish(tmp_path, "quality", 0)
    (tmp_path / "bench").mkdir()
    (tmp_path / "bench" / "bench.json").write_text("[]")
    hidden = tmp_path / "quality" / ".draft-x"
    shutil.copytree(good, hidden)
    broken = tmp_path / "quality" / "broken"
    broken.mkdir()
    (broken / "manifest.json").write_text('{"name": "quality"')
    assert [run.folder for run in list_runs(tmp_path)] == [good]
    rebuild_index(tmp_path)
    assert len(_order(tmp_path)) == 1


def test_an_interrupted_draft_leaves_nothing(tmp_path: Path) -> None:
    def interrupted() -> None:
        with draft(tmp_path, "quality") as folder:
            (folder / "report.html").write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert list((tmp_path / "quality").iterdir()) == []


def test_good_run_without_its_result_shows_as_failed(tmp_path: Path) -> None:
    folder = _publish(tmp_path, "quality", 0)
    (folder / "result.json").unlink()
    rebuild_index(tmp_path)
    assert "no result" in (tmp_path / "index.html").read_text()
    assert latest_run(tmp_path, "quality") is None


def test_retention_keeps_the_newest_and_the_last_good(tmp_path: Path) -> None:
    good = _publish(tmp_path, "quality", 0)
    bad = [_publish(tmp_path, "quality", second, ok=False) for second in (1, 2, 3)]
    other = _publish(tmp_path, "other", 0)
    assert prune(tmp_path, 2) == [bad[0]]
    assert {run.folder for run in list_runs(tmp_path)} == {good, *bad[1:], other}
    assert bad[0].name not in (tmp_path / "index.html").read_text()
    last = _publish(tmp_path, "quality", 9, keep=1)
    assert [run.folder for run in list_runs(tmp_path) if run.manifest.name == "quality"] == [last]
    with pytest.raises(BadInput, match="keep: expected at least 1, was 0"):
        prune(tmp_path, 0)


def test_abandoned_drafts_go_after_a_day(tmp_path: Path) -> None:
    _publish(tmp_path, "quality", 0)
    old, young = tmp_path / "quality" / ".draft-old", tmp_path / "quality" / ".draft-young"
    for folder in (old, young):
        folder.mkdir()
    os.utime(old, (1_000_000_000, 1_000_000_000))
    _publish(tmp_path, "quality", 1)
    assert not old.exists()
    assert young.exists()
    os.utime(young, (1_000_000_000, 1_000_000_000))
    prune(tmp_path, 5)
    assert not young.exists()


@pytest.mark.parametrize("name", ["", "../x", ".hidden", "a/b", "x" * 101, "a b"])
def test_names_are_folders(tmp_path: Path, name: str) -> None:
    with pytest.raises(BadInput, match="report name"), draft(tmp_path, name):
        pass


def _publish_several(root: str, name: str) -> None:
    for second in range(10):
        _publish(Path(root), name, second)


def test_many_publish_at_once(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_publish_several, args=(str(tmp_path), name)) for name in ("a", "b", "a")]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(120)
    assert [worker.exitcode for worker in workers] == [0, 0, 0]
    assert len(_order(tmp_path)) == len(list_runs(tmp_path)) == 30
    assert not [one for one in tmp_path.rglob("*") if one.name.endswith(".tmp") or one.name.startswith(".draft-")]


def test_atomic_write_keeps_the_old_file_on_failure(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    write_atomically(path, "old")
    with pytest.raises(UnicodeEncodeError):
        write_atomically(path, "new \ud800")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_lock_is_let_go(tmp_path: Path) -> None:
    for _ in range(2):
        with lock(tmp_path / ".lock"):
            pass


def test_versions_name_what_it_stands_on() -> None:
    assert {"python", "arbresearch", "polars", "duckdb", "papermill"} <= set(versions())
