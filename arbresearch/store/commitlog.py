"""The commit log: which parts are live, in one order that all processes agree on.

A commit is one JSON file whose name is its number. It is written aside, made durable, and then given its
name by ``link``, which fails if another process took the number first; the loser reads what was committed
and tries the next number. Every so often the state so far is written as a checkpoint, so that opening a
store stays fast.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import orjson

from arbresearch.core import SchemaError, StoreError, StoreVersionError, expected
from arbresearch.store.layout import Layout, fsync_folder, write_atomically
from arbresearch.store.schemas import FORMAT_VERSION

__all__ = ["AlreadyStored", "Commit", "CommitConflict", "CommitLog", "LogState", "Part"]

CHECKPOINT_EVERY: Final = 64
_COMMIT: Final = re.compile(r"^(\d{20})\.json$")
_CHECKPOINT: Final = re.compile(r"^(\d{20})\.checkpoint\.json$")


class AlreadyStored(SchemaError):
    """A transaction with this key was committed before; nothing was added."""


class CommitConflict(StoreError):
    """Parts that a compaction replaces were replaced by another process first."""


@dataclass(frozen=True, slots=True)
class Part:
    """One live file: where it is, what it holds, and where in it each symbol lies."""

    path: str
    table: str
    venue: str
    date: str
    rows: int
    first_ns: int
    last_ns: int
    bytes: int
    checksum: int
    keys: dict[str, tuple[int, int, int, int]]
    """Symbol (or asset): first row, rows, first time, last time."""
    order: int = 0
    """Number of the commit that brought the rows; rows of equal time keep this order."""


@dataclass(frozen=True, slots=True)
class Commit:
    """What one transaction changes."""

    operation: str
    time_ns: int
    add: tuple[Part, ...] = ()
    remove: tuple[str, ...] = ()
    key: str | None = None
    note: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class LogState:
    """The fold of all commits up to a number."""

    number: int = 0
    parts: dict[str, Part] = field(default_factory=dict)
    keys: dict[str, dict[str, Any]] = field(default_factory=dict)
    removed: dict[str, int] = field(default_factory=dict)
    """Replaced parts whose files may still be there, and when they were replaced."""

    def apply(self, number: int, commit: Commit) -> None:
        """Advance by one commit."""
        for path in commit.remove:
            self.parts.pop(path, None)
            self.removed[path] = commit.time_ns
        for part in commit.add:
            self.parts[part.path] = part if commit.operation == "compact" else replace(part, order=number)
        if commit.key is not None:
            self.keys[commit.key] = {"number": number, "time_ns": commit.time_ns, **commit.note}
        for path in commit.note.get("vacuumed", ()):
            self.removed.pop(path, None)
        self.number = number

    def copy(self) -> LogState:
        """Return a state that can be advanced without touching this one."""
        return LogState(self.number, dict(self.parts), dict(self.keys), dict(self.removed))


def _part_from(raw: dict[str, Any]) -> Part:
    return Part(**{**raw, "keys": {key: tuple(value) for key, value in raw["keys"].items()}})


def _check_format(raw: dict[str, Any], path: Path) -> None:
    if int(raw["format"]) > FORMAT_VERSION:
        raise StoreVersionError(
            expected(str(path), f"format {FORMAT_VERSION} or older", f"format {raw['format']}", "upgrade arbresearch")
        )


class CommitLog:
    """Reads and extends the log below one store."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self.state = LogState()

    def refresh(self) -> LogState:
        """Read what others have committed since, and return the present state."""
        for _ in range(20):
            commits, checkpoints = self._numbers()
            last = max(commits | checkpoints, default=0)
            if last <= self.state.number:
                return self.state
            wanted = range(self.state.number + 1, last + 1)
            if not commits.issuperset(wanted):
                at = max(checkpoints, default=0)
                if at <= self.state.number or not commits.issuperset(range(at + 1, last + 1)):
                    continue  # seen while another process was replacing old commits by a checkpoint
                wanted = range(at + 1, last + 1)
            else:
                at = 0
            try:
                state = self._read_checkpoint(at) if at else self.state.copy()
                for number in wanted:
                    state.apply(number, self._read_commit(number))
            except FileNotFoundError:
                continue
            self.state = state
            return state
        raise StoreError(
            f"log at {self._layout.log}: commits are missing between checkpoints; restore the folder from a backup"
        )

    def commit(self, change: Commit, writer: str) -> int:
        """Make a change durable and visible; return its number.

        Raises
        ------
        AlreadyStored
            If the change has a key that was committed before.
        CommitConflict
            If it replaces parts that are no longer live.
        StoreError
            If the log cannot be written; nothing was committed.
        """
        log = self._layout.log
        temporary = log / f".commit-{writer}.tmp"
        raw = {
            "format": FORMAT_VERSION,
            "operation": change.operation,
            "time_ns": change.time_ns,
            "key": change.key,
            "note": change.note,
            "add": list(change.add),
            "remove": change.remove,
        }
        try:
            with temporary.open("wb") as file:
                file.write(orjson.dumps(raw))
                file.flush()
                os.fsync(file.fileno())
            while True:
                state = self.refresh()
                if change.key is not None and change.key in state.keys:
                    raise AlreadyStored(
                        f"key {change.key}: already stored by commit {state.keys[change.key]['number']}"
                    )
                gone = [path for path in change.remove if path not in state.parts]
                if gone:
                    raise CommitConflict(f"{gone[0]} and {len(gone) - 1} more parts were replaced by another process")
                number = state.number + 1
                try:
                    os.link(temporary, log / f"{number:020d}.json")
                except FileExistsError:
                    continue
                break
            fsync_folder(log)
        except OSError as error:
            raise StoreError(f"log at {log}: cannot be written ({error}); nothing was committed") from error
        finally:
            temporary.unlink(missing_ok=True)
        state = self.state.copy()
        state.apply(number, change)
        self.state = state
        if number % CHECKPOINT_EVERY == 0:
            self._write_checkpoint(state)
        return number

    def _numbers(self) -> tuple[set[int], set[int]]:
        commits, checkpoints = set(), set()
        try:
            names = os.listdir(self._layout.log)
        except OSError as error:
            raise StoreError(f"log at {self._layout.log}: cannot be read ({error})") from error
        for name in names:
            if match := _COMMIT.match(name):
                commits.add(int(match[1]))
            elif match := _CHECKPOINT.match(name):
                checkpoints.add(int(match[1]))
        return commits, checkpoints

    def _load(self, path: Path) -> dict[str, Any]:
        try:
            raw: dict[str, Any] = orjson.loads(path.read_bytes())
            _check_format(raw, path)
        except FileNotFoundError:
            raise
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise StoreError(
                expected(str(path), "a commit as JSON", f"unreadable ({error})", "restore it from a backup")
            ) from error
        return raw

    def _read_commit(self, number: int) -> Commit:
        raw = self._load(self._layout.log / f"{number:020d}.json")
        return Commit(
            operation=raw["operation"],
            time_ns=raw["time_ns"],
            add=tuple(_part_from(part) for part in raw["add"]),
            remove=tuple(raw["remove"]),
            key=raw["key"],
            note=raw["note"],
        )

    def _read_checkpoint(self, number: int) -> LogState:
        raw = self._load(self._layout.log / f"{number:020d}.checkpoint.json")
        parts = (_part_from(part) for part in raw["parts"])
        return LogState(number, {part.path: part for part in parts}, raw["keys"], raw["removed"])

    def _write_checkpoint(self, state: LogState) -> None:
        """Write the state, then drop commits that two checkpoints cover. Failing here loses nothing."""
        _, checkpoints = self._numbers()
        raw = {
            "format": FORMAT_VERSION,
            "parts": list(state.parts.values()),
            "keys": state.keys,
            "removed": state.removed,
        }
        try:
            write_atomically(self._layout.log / f"{state.number:020d}.checkpoint.json", orjson.dumps(raw))
            previous = max((number for number in checkpoints if number < state.number), default=0)
            for name in os.listdir(self._layout.log):
                match = _COMMIT.match(name)
                if (match and int(match[1]) <= previous) or (
                    (older := _CHECKPOINT.match(name)) and int(older[1]) < previous
                ):
                    (self._layout.log / name).unlink(missing_ok=True)
        except OSError:
            return
