"""Processes are killed while they append and merge; nothing acknowledged is lost and nothing is half there."""

from __future__ import annotations

import random
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from arbresearch.store import TickStore
from tests.kit.aftermath import Aftermath, examine, live_paths, part_files
from tests.kit.nursery import Nursery
from tests.kit.store_jobs import note, quotes_of, read_notes


@pytest.fixture(scope="module")
def warm() -> Iterator[Nursery]:
    """Keep one warm process for all tests."""
    with Nursery() as one:
        yield one


@pytest.fixture
def nursery(warm: Nursery) -> Iterator[Nursery]:
    """Return that process; what a test leaves running ends with it."""
    yield warm
    warm.clear()


def campaign(nursery: Nursery, folder: Path, append_kills: int, compact_kills: int, seed: int) -> Aftermath:
    """Kill two writers and a compactor in turn at random moments while a reader watches."""
    rng = random.Random(seed)
    root = folder / "store"
    notes = [folder / f"{name}.notes" for name in ("first", "second", "compactor", "reader")]
    kills = ["append"] * append_kills + ["compact"] * compact_kills
    rng.shuffle(kills)
    assert nursery.run("append", root=str(root), notes=str(notes[0]), first=1, stop=2) == 0
    began = time.monotonic()
    assert nursery.run("append", root=str(root), notes=str(notes[0]), first=2, stop=4) == 0
    longest_s = min(1.5 * (time.monotonic() - began), 0.6)
    incarnation = 0

    def writer(slot: int) -> int:
        nonlocal incarnation
        incarnation += 1
        return nursery.start("append", root=str(root), notes=str(notes[slot]), first=1_000 * incarnation)

    def compactor() -> int:
        return nursery.start("compact", root=str(root), notes=str(notes[2]), seed=rng.randrange(10**6))

    writers = [writer(0), writer(1)]
    merging = compactor()
    reader = nursery.start("read", root=str(root), notes=str(notes[3]))
    for kill in kills:
        time.sleep(rng.uniform(0.0, longest_s))
        if kill == "append":
            slot = rng.randrange(2)
            assert nursery.kill(writers[slot]) == -9
            writers[slot] = writer(slot)
        else:
            assert nursery.kill(merging) == -9
            merging = compactor()
    time.sleep(longest_s)
    for pid in (*writers, merging):
        assert nursery.kill(pid) == -9
    Path(f"{notes[3]}.stop").touch()
    assert nursery.wait(reader) == 0
    assert read_notes(notes[3]), "the reader saw nothing"
    return examine(root, notes)


def test_killed_writers_and_compactors_lose_nothing(nursery: Nursery, tmp_path: Path) -> None:
    found = campaign(nursery, tmp_path, append_kills=12, compact_kills=6, seed=11)
    assert found.stored > 0
    assert found.present >= found.stored


@pytest.mark.soak
def test_a_hundred_killed_appends_and_fifty_killed_merges_lose_nothing(nursery: Nursery, tmp_path: Path) -> None:
    found = campaign(nursery, tmp_path, append_kills=100, compact_kills=50, seed=23)
    print(found)
    assert found.stored > 100
    assert found.dropped_before + found.dropped_at_end > 0


@pytest.mark.parametrize("task", ["append", "open"])
def test_a_crash_before_any_touch_of_a_file_loses_nothing(nursery: Nursery, tmp_path: Path, task: str) -> None:
    root, notes = tmp_path / "store", tmp_path / "notes"
    place = {"root": str(root), "notes": str(notes)}
    crashes = 0
    assert nursery.run("append", **place, first=1, stop=3) == 0
    for step in range(1, 200):
        batch = 10 * step
        if task == "open":
            _begin(notes, batch + 1)
            assert nursery.run("crash_at", **place, task="append", die_at=20, batch=batch + 1) == -9
        _begin(notes, batch)
        status = nursery.run("crash_at", **place, task=task, die_at=step, batch=batch)
        if status == 0:
            break
        assert status == -9
        crashes += 1
    assert read_notes(notes)[-1]["finished"] == task
    found = examine(root, [notes])
    assert crashes > 10
    assert found.dropped_before > 0


def test_a_crash_before_any_touch_of_a_file_while_merging_changes_no_row(nursery: Nursery, tmp_path: Path) -> None:
    prepared, notes = tmp_path / "prepared", tmp_path / "notes"
    with TickStore(prepared) as store:
        for batch in (1, 2):
            store.append("quotes", quotes_of(batch).filter(pl.col("venue") == "gate"))
        digest = store.digest()
    for step in range(1, 200):
        root = tmp_path / f"store-{step}"
        shutil.copytree(prepared, root)
        status = nursery.run("crash_at", root=str(root), notes=str(notes), task="compact", die_at=step)
        live, replaced = live_paths(root)
        orphans = set(part_files(root)) - live - replaced
        with TickStore(root) as store:
            assert store.digest() == digest
            assert {one.path for one in store.dropped} == orphans
            assert sum(store.quotes("gate", symbol).height for _, symbol in store.streams()) == 2 * (6 + 7)
            store.compact(grace_s=0.0)
            assert set(part_files(root)) == {part.path for part in store.parts()}
            assert store.digest() == digest
        if status == 0:
            break
        assert status == -9
    assert read_notes(notes)[-1]["finished"] == "compact"
    assert step > 20


def _begin(notes: Path, batch: int) -> None:
    note(notes, begun=batch)


@pytest.mark.parametrize(
    ("task", "limits"),
    [("append", [0, 1, 100, 1_000, 2_000, 3_000]), ("commit", [10_000, 15_000]), ("compact", [0, 500, 1_000, 2_000])],
)
def test_a_full_disk_leaves_the_store_as_it_was(nursery: Nursery, tmp_path: Path, task: str, limits: list[int]) -> None:
    root, notes = tmp_path / "store", tmp_path / "notes"
    place = {"root": str(root), "notes": str(notes)}
    assert nursery.run("append", **place, first=1, stop=4) == 0
    before = live_paths(root)
    files = part_files(root)
    for number, limit in enumerate(limits):
        assert nursery.run("limited", **place, task=task, limit=limit, batch=100 + number) == 0
        outcome = read_notes(notes)[-1]["outcome"]
        assert outcome.startswith("StoreError")
        assert ("nothing was committed" if task == "commit" else "cannot be written") in outcome
        assert live_paths(root) == before
        assert part_files(root) == files
    _begin(notes, 200)
    assert nursery.run("limited", **place, task=task, limit=1_000_000, batch=200) == 0
    assert read_notes(notes)[-1]["outcome"] == "done"
    if task != "compact":
        note(notes, stored=200)
    examine(root, [notes])


def test_a_store_may_be_used_on_both_sides_of_a_fork(nursery: Nursery, tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    assert nursery.run("forked", root=str(tmp_path / "store"), notes=str(notes)) == 0
    found = examine(tmp_path / "store", [notes])
    assert (found.stored, found.present, found.dropped_at_end) == (2, 2, 0)
