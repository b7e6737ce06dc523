"""Who is writing: each writing process holds a lock, so that what a dead one left can be told from work in hand."""

from __future__ import annotations

import errno
import fcntl
import os
import threading
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from arbresearch.core import StoreBusy, StoreError
from arbresearch.store.commitlog import CommitLog
from arbresearch.store.layout import Layout

__all__ = ["Dropped", "Writer", "exclusive", "sweep"]


@dataclass(frozen=True, slots=True)
class Dropped:
    """An unfinished file of a writer that died: it was never acknowledged, and is gone."""

    path: str
    bytes: int


class Writer:
    """The identity under which this process writes.

    Its lock is held until :meth:`close`, and beyond while parts are neither committed nor removed: whoever can
    take the lock removes such parts.
    """

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._mutex = threading.Lock()
        self._closing = False
        self._unsettled: set[str] = set()
        self.pid = os.getpid()
        self.parts = 0
        try:
            layout.writers.mkdir(parents=True, exist_ok=True)
            while True:
                self.name = uuid4().hex[:12]
                self._path = layout.writers / f"{self.name}.lock"
                self._handle = os.open(self._path, os.O_CREAT | os.O_RDWR, 0o644)
                fcntl.flock(self._handle, fcntl.LOCK_EX)
                if _same_file(self._path, self._handle):
                    break
                os.close(self._handle)  # a sweep took the file for that of a dead writer before it was locked
        except OSError as error:
            raise StoreError(f"store at {layout.root}: cannot be written ({error})") from error

    def next_part(self) -> str:
        """Return the file name of the next part."""
        with self._mutex:
            self.parts += 1
            name = self._layout.part_name(self.name, self.parts)
            self._unsettled.add(name)
            return name

    def settle(self, name: str) -> None:
        """Note that a part was committed, or its file removed."""
        with self._mutex:
            self._unsettled.discard(name)
            self._release()

    def close(self) -> None:
        """Give the identity up, at once or when the last part is settled."""
        with self._mutex:
            self._closing = True
            self._release()

    def _release(self) -> None:
        ours = os.getpid() == self.pid
        if self._closing and self._handle >= 0 and not (ours and self._unsettled):
            if ours:
                self._path.unlink(missing_ok=True)
            os.close(self._handle)
            self._handle = -1


def _same_file(path: Path, handle: int) -> bool:
    try:
        return path.stat().st_ino == os.fstat(handle).st_ino
    except FileNotFoundError:
        return False


def sweep(layout: Layout, log: CommitLog) -> list[Dropped]:
    """Remove what dead writers left unfinished, and return it.

    A writer is dead when its lock can be taken. Only then is the log read again: from there on that writer
    commits nothing, so its parts that no commit names belong to nobody.
    """
    dead = {path.stem: handle for path in sorted(layout.writers.glob("*.lock")) if (handle := _taken(path)) is not None}
    if not dead:
        return []
    dropped = []
    try:
        state = log.refresh()
        for relative, writer in layout.all_parts():
            if writer in dead and relative not in state.parts and relative not in state.removed:
                path = layout.root / relative
                dropped.append(Dropped(relative, path.stat().st_size))
                path.unlink(missing_ok=True)
        for writer in dead:
            for kind in ("commit", "checkpoint"):
                (layout.log / f".{kind}-{writer}.tmp").unlink(missing_ok=True)
            (layout.writers / f"{writer}.lock").unlink(missing_ok=True)
    except OSError as error:
        raise StoreError(f"store at {layout.root}: cannot be cleaned after a crash ({error})") from error
    finally:
        for handle in dead.values():
            os.close(handle)
    return dropped


def _taken(path: Path) -> int | None:
    """Take the lock of a dead writer; None when it lives, was swept by another process, or may only be read."""
    try:
        handle = os.open(path, os.O_RDWR)
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.EACCES, errno.EPERM, errno.EROFS):
            return None
        raise StoreError(f"{path}: cannot be opened ({error})") from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        return None
    if not _same_file(path, handle):
        os.close(handle)
        return None
    return handle


class exclusive:  # noqa: N801 - reads as a statement: with exclusive(layout, "compact"):
    """Hold a named lock of the store for a block; :class:`StoreBusy` when another process holds it."""

    def __init__(self, layout: Layout, name: str) -> None:
        self._layout = layout
        self._name = name
        self._handle = -1

    def __enter__(self) -> None:
        try:
            self._handle = os.open(self._layout.locks / f"{self._name}.lock", os.O_CREAT | os.O_RDWR, 0o644)
        except OSError as error:
            raise StoreError(f"store at {self._layout.root}: cannot be written ({error})") from error
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._handle)
            raise StoreBusy(
                f"store at {self._layout.root}: another process is doing '{self._name}'; wait for it"
            ) from None

    def __exit__(self, *_: object) -> None:
        fcntl.flock(self._handle, fcntl.LOCK_UN)  # a process forked meanwhile shares the handle
        os.close(self._handle)
