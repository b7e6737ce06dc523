"""The commit log: checkpoints, readers that lag, races for a number, and commits that are cut off at their end."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

import arbresearch.store.commitlog as commitlog
from arbresearch.core import StoreError
from arbresearch.store import TickStore
from arbresearch.store.commitlog import Commit, CommitConflict, CommitLog
from arbresearch.store.layout import Layout
from tests.kit.ticks import numbers, part_paths, quotes


def names(store: TickStore) -> list[str]:
    return sorted(path.name for path in (store.root / "_log").iterdir())


def test_old_commits_give_way_to_checkpoints_and_lagging_readers_follow(
    store: TickStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commitlog, "CHECKPOINT_EVERY", 4)
    lagging, further = TickStore(store.root), TickStore(store.root)
    for number in range(30):
        store.append("quotes", quotes([number], first=number), key=f"key {number}")
        if number == 9:
            assert len(numbers(further)) == 10
    checkpoints, commits = (f"{number:020d}.checkpoint.json" for number in (24, 28)), range(25, 31)
    assert names(store) == sorted([*checkpoints, *(f"{number:020d}.json" for number in commits)])
    expected = [float(number) for number in range(30)]
    fresh = TickStore(store.root)
    for one in (store, lagging, further, fresh):
        assert numbers(one) == expected
        assert all(one.has_key(f"key {number}") for number in range(30))
        assert one.digest() == store.digest()
        one.close()


def test_a_checkpoint_remembers_what_is_to_be_freed(store: TickStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commitlog, "CHECKPOINT_EVERY", 1)
    for number in range(3):
        store.append("quotes", quotes([number], first=number))
    store.compact()
    with TickStore(store.root) as fresh:
        assert len(part_paths(fresh)) == 4
        assert fresh.compact(grace_s=0.0).files_removed == 3
        assert numbers(fresh) == [0.0, 1.0, 2.0]
    assert len(part_paths(store)) == 1


def test_many_commits_with_the_checkpoints_of_everyday(store: TickStore) -> None:
    log = CommitLog(Layout.open(store.root))
    for number in range(200):
        assert log.commit(Commit("append", number, key=f"key {number}"), "writer") == number + 1
    assert len(names(store)) == 200 - 128 + 2
    assert CommitLog(Layout.open(store.root)).refresh().keys.keys() == {f"key {number}" for number in range(200)}


def test_a_number_does_not_become_free_while_somebody_is_about_to_take_it(
    store: TickStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The slow writer has seen commit 1 and stops; the quick one commits 2 to 30 and covers them by checkpoints."""
    monkeypatch.setattr(commitlog, "CHECKPOINT_EVERY", 3)
    layout = Layout.open(store.root)
    slow, quick = CommitLog(layout), CommitLog(layout)
    slow.commit(Commit("append", 0, key="first"), "slow")
    link = os.link
    overtaken = False

    def link_late(source: Path, target: Path) -> None:
        nonlocal overtaken
        if not overtaken:
            overtaken = True
            for number in range(2, 31):
                quick.commit(Commit("append", number, key=f"quick {number}"), "quick")
        link(source, target)

    monkeypatch.setattr(os, "link", link_late)
    assert slow.commit(Commit("append", 99, key="slow"), "slow") == 31
    monkeypatch.setattr(os, "link", link)
    for number in range(32, 40):
        quick.commit(Commit("append", number, key=f"quick {number}"), "quick")
    seen = CommitLog(layout).refresh()
    assert seen.number == 39
    assert {"first", "slow", "quick 2", "quick 30", "quick 39"} <= seen.keys.keys()
    assert len(names(store)) < 12


def test_a_commit_that_replaces_what_is_gone_is_a_conflict(store: TickStore) -> None:
    store.append("quotes", quotes([1]))
    log = CommitLog(Layout.open(store.root))
    with pytest.raises(CommitConflict, match=r"and 0 more parts were replaced by another process"):
        log.commit(Commit("compact", 0, remove=("quotes/part-x-1.parquet",)), "writer")
    assert log.refresh().number == 1
    assert not [name for name in names(store) if name.endswith(".tmp")]


def fail_after_link(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    link = os.link

    def interrupted(source: Path, target: Path) -> None:
        link(source, target)
        raise error

    monkeypatch.setattr(os, "link", interrupted)


def failing_fsync(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(folder: Path) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(commitlog, "fsync_folder", refuse)


def append(store: TickStore) -> None:
    store.append("quotes", quotes([9], first=9))


def compact(store: TickStore) -> None:
    store.compact(grace_s=0.0)


@pytest.mark.parametrize(("change", "rows"), [(append, [0.0, 1.0, 9.0]), (compact, [0.0, 1.0])])
def test_an_interrupt_just_after_the_commit_keeps_its_parts(
    store: TickStore, monkeypatch: pytest.MonkeyPatch, change: Callable[[TickStore], None], rows: list[float]
) -> None:
    append_two(store)
    with monkeypatch.context() as patched:
        fail_after_link(patched, KeyboardInterrupt())
        with pytest.raises(KeyboardInterrupt):
            change(store)
    check_rows_and_files(store, rows)


@pytest.mark.parametrize(("change", "rows"), [(append, [0.0, 1.0, 9.0]), (compact, [0.0, 1.0])])
def test_a_commit_that_may_not_be_durable_is_told_and_kept(
    store: TickStore, monkeypatch: pytest.MonkeyPatch, change: Callable[[TickStore], None], rows: list[float]
) -> None:
    append_two(store)
    with monkeypatch.context() as patched:
        failing_fsync(patched)
        with pytest.raises(StoreError, match="commit 3 is visible, but may not outlast"):
            change(store)
    check_rows_and_files(store, rows)


@pytest.mark.parametrize("change", [append, compact])
def test_a_commit_that_failed_takes_its_parts_along(
    store: TickStore, monkeypatch: pytest.MonkeyPatch, change: Callable[[TickStore], None]
) -> None:
    append_two(store)

    def refuse(source: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "link", refuse)
        with pytest.raises(StoreError, match=r"No space left.*; nothing was committed"):
            change(store)
    assert len(part_paths(store)) == 2
    check_rows_and_files(store, [0.0, 1.0])


def test_parts_of_unknown_fate_stay_until_their_writer_has_ended(
    store: TickStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise StoreError("the log cannot be read")

    store.append("quotes", quotes([0]))
    with monkeypatch.context() as patched:
        patched.setattr(CommitLog, "refresh", refuse)
        with pytest.raises(StoreError, match="the log cannot be read"):
            append(store)
    assert len(part_paths(store)) == 2
    with TickStore(store.root) as other:
        assert other.dropped == ()
    assert len(part_paths(store)) == 2
    assert numbers(store) == [0.0]


def append_two(store: TickStore) -> None:
    for number in range(2):
        store.append("quotes", quotes([number], first=number))


def check_rows_and_files(store: TickStore, rows: list[float]) -> None:
    assert numbers(store) == rows
    with TickStore(store.root) as other:
        assert numbers(other) == rows
        other.compact(grace_s=0.0)
        assert numbers(other) == rows
        assert part_paths(other) == [other.parts()[0].path]
    assert numbers(store) == rows
    store.close()
    assert not list((store.root / "_writers").iterdir())
    assert not [name for name in names(store) if name.endswith(".tmp")]
