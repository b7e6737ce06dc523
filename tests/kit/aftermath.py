"""What is true of a store after processes that wrote to it were killed; reads the files without the package."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from arbresearch.store import TickStore
from tests.kit.store_jobs import halves, read_notes

__all__ = ["Aftermath", "examine", "live_paths", "part_files"]


@dataclass(frozen=True, slots=True)
class Aftermath:
    """What was found."""

    stored: int
    begun: int
    present: int
    unacknowledged_present: int
    dropped_before: int
    dropped_at_end: int


def part_files(root: Path) -> dict[str, int]:
    """Return path and size of every part file on disk."""
    return {path.relative_to(root).as_posix(): path.stat().st_size for path in root.glob("*/venue=*/date=*/*")}


def live_paths(root: Path) -> tuple[set[str], set[str]]:
    """Return the paths that are live, and those that were replaced and whose files may still be there."""
    live: set[str] = set()
    replaced: set[str] = set()
    checkpoints = sorted((root / "_log").glob("*.checkpoint.json"))
    at = 0
    if checkpoints:
        at = int(checkpoints[-1].name[:20])
        state = json.loads(checkpoints[-1].read_text())
        live, replaced = {part["path"] for part in state["parts"]}, set(state["removed"])
    for path in sorted((root / "_log").glob("*.json")):
        if path.name.endswith(".checkpoint.json") or int(path.name[:20]) <= at:
            continue
        commit = json.loads(path.read_text())
        live |= {part["path"] for part in commit["add"]}
        live -= set(commit["remove"])
        replaced |= set(commit["remove"])
        replaced -= set(commit["note"].get("vacuumed", ()))
    return live, replaced


def examine(root: Path, notes: list[Path]) -> Aftermath:
    """Open the store as the first after the crashes and check everything that was promised."""
    entries = [entry for path in notes for entry in read_notes(path)]
    stored = {entry["stored"] for entry in entries if "stored" in entry}
    begun = {entry["begun"] for entry in entries if "begun" in entry}
    dropped_before = {path for entry in entries for path, _ in entry.get("dropped", ())}

    live, replaced = live_paths(root)
    files = part_files(root)
    orphans = {path: size for path, size in files.items() if path not in live | replaced}
    assert live <= set(files), f"live parts are missing: {live - set(files)}"
    assert not dropped_before & live, "a part was dropped and is live"

    with TickStore(root) as store:
        assert {one.path: one.bytes for one in store.dropped} == orphans, "not all that was dropped is told"
        present, broken = halves(store)
        assert not broken, f"batches that are neither whole nor gone: {broken}"
        assert stored <= present, f"acknowledged batches are gone: {stored - present}"
        assert present <= begun, f"batches from nowhere: {present - begun}"
        twice = store.sql(
            "SELECT venue, date, bid, bid_size, count(*) n FROM quotes GROUP BY ALL HAVING n > 1 "
            "UNION ALL SELECT venue, date, price, size, count(*) n FROM trades GROUP BY ALL HAVING n > 1"
        )
        assert twice.is_empty(), f"rows are there twice: {twice}"
        assert all(store.has_key(f"batch {batch}") for batch in present)
        digest = store.digest()
        store.compact(grace_s=0.0)
        assert store.digest() == digest
        assert halves(store) == (present, [])
        dropped_at_end = len(store.dropped)

    live, replaced = live_paths(root)
    assert set(part_files(root)) == live
    assert not replaced
    strangers = [path for path in root.rglob("*") if path.is_file() and not _known(path)]
    assert not strangers, f"files were left behind: {strangers}"
    return Aftermath(len(stored), len(begun), len(present), len(present - stored), len(dropped_before), dropped_at_end)


def _known(path: Path) -> bool:
    if path.parent.name == "_log":
        return path.suffix == ".json" and path.name[:20].isdigit()
    return path.name == "store.json" or path.parent.name == "_locks" or path.suffix == ".parquet"
