"""The commit log: which parts are live, in one order that all processes agree on.

A commit is one JSON file whose name is its number. It is written aside, made durable, and then given its
name by ``link``, which fails if another process took the number first; the loser reads what was committed
and tries the next number. Every so often the state so far is written as a checkpoint, so that opening a
store stays fast, and the commits it covers are removed. A number must not become free while somebody is about
to link it, so a commit holds the log's lock shared, and commits are removed only while nobody holds it.
"""

from __future__ import annotations

import fcntl
import os
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar

import orjson

from arbresearch.core import BadInput, SchemaError, StoreError, StoreVersionError, expected
from arbresearch.store.layout import Layout, fsync_folder, write_atomically
from arbresearch.store.schemas import FORMAT_VERSION

__all__ = ["AlreadyStored", "Commit", "CommitConflict", "CommitLog", "LogState", "Part"]

T = TypeVar("T")
CHECKPOINT_EVERY: Final = 64
_COMMIT: Final = re.compile(r"^(\d{20})\.json$")
_CHECKPOINT: Final = re.compile(r"^(\d{20})\.checkpoint\.json$")


class AlreadyStored(SchemaError):
    """A transaction with this key was committed before; nothing was added."""


class CommitConflict(StoreError):
    """Parts that a compaction replaces were replaced by another process first."""


@dataclass(frozen=True, slots=True)
class Part:
    """One live file: where it is, what it holds, and where in it each symbol lies.

    ``checksum`` is that of its rows (see :mod:`arbresearch.store.checksum`), ``footer_crc`` the CRC-32 of the
    bytes that Parquet ends a file with; its pages carry their own.
    """

    path: str
    table: str
    venue: str
    date: str
    rows: int
    first_ns: int
    last_ns: int
    bytes: int
    checksum: int
    footer_crc: int
    keys: dict[str, tuple[int, int, int, int]]
    """Symbol (or asset): first row, rows, first time, last time."""
    order: int = 0
    """Number of the commit that brought the rows; rows of equal time keep this order."""

    @property
    def arrival(self) -> tuple[int, int]:
        """Return what parts of one venue and day are ordered by: the commit, and the place within it."""
        return self.order, int(self.path.removesuffix(".parquet").rsplit("-", 1)[1])


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
            self.keys[commit.key] = {**commit.note, "number": number, "time_ns": commit.time_ns}
        if commit.operation == "vacuum":
            for path in commit.note["vacuumed"]:
                self.removed.pop(path, None)
        self.number = number

    def copy(self) -> LogState:
        """Return a state that can be advanced without touching this one."""
        return LogState(self.number, dict(self.parts), dict(self.keys), dict(self.removed))


def _require_fits(change: Commit, state: LogState) -> None:
    if change.key is not None and change.key in state.keys:
        raise AlreadyStored(f"key {change.key}: already stored by commit {state.keys[change.key]['number']}")
    gone = [path for path in change.remove if path not in state.parts]
    if gone:
        raise CommitConflict(f"{gone[0]} and {len(gone) - 1} more parts were replaced by another process")


def _part_from(raw: dict[str, Any]) -> Part:
    return Part(**{**raw, "keys": {key: tuple(value) for key, value in raw["keys"].items()}})


def _commit_from(raw: dict[str, Any]) -> Commit:
    return Commit(
        operation=raw["operation"],
        time_ns=raw["time_ns"],
        add=tuple(_part_from(part) for part in raw["add"]),
        remove=tuple(raw["remove"]),
        key=raw["key"],
        note=raw["note"],
    )


def _state_from(number: int, raw: dict[str, Any]) -> LogState:
    parts = (_part_from(part) for part in raw["parts"])
    return LogState(number, {part.path: part for part in parts}, raw["keys"], raw["removed"])


def _check_format(raw: dict[str, Any], path: Path) -> None:
    if int(raw["format"]) > FORMAT_VERSION:
        raise StoreVersionError(
            expected(str(path), f"format {FORMAT_VERSION} or older", f"format {raw['format']}", "upgrade arbresearch")
        )


class CommitLog:
    """Reads and extends the log below one store."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._reading = threading.Lock()
        self._committing = threading.Lock()
        self.state = LogState()

    def refresh(self) -> LogState:
        """Read what others have committed since, and return the present state."""
        with self._reading:
            return self._refresh()

    def _refresh(self) -> LogState:
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
            If the log cannot be written. Nothing was committed, unless the message says that the commit is visible.
        """
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
            content = orjson.dumps(raw)
        except TypeError as error:
            raise BadInput(expected("note", "values that JSON can hold", str(error))) from None
        with self._committing:
            number = self._link(change, content, writer)
            try:
                fsync_folder(self._layout.log)
            except OSError as error:
                raise StoreError(
                    f"log at {self._layout.log}: commit {number} is visible, but may not outlast a power cut ({error})"
                ) from error
            state = self.refresh()
            if number % CHECKPOINT_EVERY == 0:
                self._write_checkpoint(state, writer)
        return number

    def _link(self, change: Commit, content: bytes, writer: str) -> int:
        log = self._layout.log
        temporary = log / f".commit-{writer}.tmp"
        try:
            with temporary.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            while True:
                with self._held(fcntl.LOCK_SH):
                    state = self.refresh()
                    _require_fits(change, state)
                    try:
                        os.link(temporary, log / f"{state.number + 1:020d}.json")
                    except FileExistsError:
                        continue
                    return state.number + 1
        except OSError as error:
            raise StoreError(f"log at {log}: cannot be written ({error}); nothing was committed") from error
        finally:
            temporary.unlink(missing_ok=True)

    @contextmanager
    def _held(self, how: int) -> Iterator[None]:
        """Hold the log's lock, shared or exclusive, for a block."""
        handle = os.open(self._layout.locks / "log.lock", os.O_CREAT | os.O_RDWR, 0o644)
        try:
            fcntl.flock(handle, how)
            yield
        finally:
            os.close(handle)

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

    def _load(self, path: Path, make: Callable[[dict[str, Any]], T]) -> T:
        try:
            raw = orjson.loads(path.read_bytes())
            _check_format(raw, path)
            return make(raw)
        except FileNotFoundError:
            raise
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise StoreError(
                expected(str(path), "a commit as JSON", f"unreadable ({error!r})", "restore it from a backup")
            ) from error

    def _read_commit(self, number: int) -> Commit:
        return self._load(self._layout.log / f"{number:020d}.json", _commit_from)

    def _read_checkpoint(self, number: int) -> LogState:
        return self._load(self._layout.log / f"{number:020d}.checkpoint.json", partial(_state_from, number))

    def _write_checkpoint(self, state: LogState, writer: str) -> None:
        """Write the state, then drop commits that two checkpoints cover. Failing here loses nothing."""
        raw = {
            "format": FORMAT_VERSION,
            "parts": list(state.parts.values()),
            "keys": state.keys,
            "removed": state.removed,
        }
        try:
            _, checkpoints = self._numbers()
            target = self._layout.log / f"{state.number:020d}.checkpoint.json"
            write_atomically(target, orjson.dumps(raw), temporary=f".checkpoint-{writer}.tmp")
            previous = max((number for number in checkpoints if number < state.number), default=0)
            with self._held(fcntl.LOCK_EX | fcntl.LOCK_NB):
                for name in os.listdir(self._layout.log):
                    match = _COMMIT.match(name)
                    if (match and int(match[1]) <= previous) or (
                        (older := _CHECKPOINT.match(name)) and int(older[1]) < previous
                    ):
                        (self._layout.log / name).unlink(missing_ok=True)
        except (OSError, StoreError):
            return
