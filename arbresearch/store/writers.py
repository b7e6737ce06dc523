"""Who is writing: each writing process holds a lock, so that what a dead one left can be told from work in hand."""

from __future__ import annotations

import fcntl
import os
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
    """The identity under which this process writes; its lock is held until :meth:`close`."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
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
        self.parts += 1
        return self._layout.part_name(self.name, self.parts)

    def close(self) -> None:
        """Give the identity up; only after every part was committed or removed."""
        if self._handle >= 0:
            if os.getpid() == self.pid:
                self._path.unlink(missing_ok=True)
            os.close(self._handle)
            self._handle = -1


def _same_file(path: Path, handle: int) -> bool:
    try:
        return os.stat(path).st_ino == os.fstat(handle).st_ino
    except FileNotFoundError:
        return False


def sweep(layout: Layout, log: CommitLog) -> list[Dropped]:
    """Remove what dead writers left unfinished, and return it.

    A writer is dead when its lock can be taken. Only then is the log read again: from there on that writer
    commits nothing, so its parts that no commit names belong to nobody.
    """
    dead: dict[str, int] = {}
    try:
        for path in sorted(layout.writers.glob("*.lock")):
            handle = os.open(path, os.O_RDWR)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(handle)
                continue
            if _same_file(path, handle):
                dead[path.stem] = handle
            else:
                os.close(handle)
    except FileNotFoundError:
        pass  # another process swept it first
    except PermissionError:
        return []  # a store that may only be read is left as it is
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
            (layout.log / f".commit-{writer}.tmp").unlink(missing_ok=True)
            (layout.writers / f"{writer}.lock").unlink(missing_ok=True)
    except OSError as error:
        raise StoreError(f"store at {layout.root}: cannot be cleaned after a crash ({error})") from error
    finally:
        for handle in dead.values():
            os.close(handle)
    return dropped


class exclusive:  # noqa: N801 - reads as a statement: with exclusive(layout, "compact"):
    """Hold a named lock of the store for a block; :class:`StoreBusy` when another process holds it."""

    def __init__(self, layout: Layout, name: str) -> None:
        self._layout = layout
        self._name = name
        self._handle = -1

    def __enter__(self) -> None:
        self._layout.locks.mkdir(parents=True, exist_ok=True)
        self._handle = os.open(self._layout.locks / f"{self._name}.lock", os.O_CREAT | os.O_RDWR, 0o644)
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._handle)
            raise StoreBusy(
                f"store at {self._layout.root}: another process is doing '{self._name}'; wait for it"
            ) from None

    def __exit__(self, *_: object) -> None:
        os.close(self._handle)
