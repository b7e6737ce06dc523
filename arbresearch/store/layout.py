"""Where things lie below a store's root, and which format version they have.

    <root>/store.json                                         format version, when it was made
    <root>/<table>/venue=<v>/date=<YYYY-MM-DD>/part-<writer>-<n>.parquet
    <root>/_log/<20 digits>.json, <20 digits>.checkpoint.json  commits: which parts are live
    <root>/_writers/<writer>.lock                             held by a writer while it lives
    <root>/_locks/<name>.lock                                 held while the log is extended or parts are merged

A part counts only from the commit that names it on. Names that start with an underscore are the store's own.
"""

from __future__ import annotations

import fcntl
import os
import re
from pathlib import Path
from typing import Final
from uuid import uuid4

import orjson

from arbresearch.core import BadInput, StoreError, StoreVersionError, SystemClock, expected, format_ns
from arbresearch.store.schemas import FORMAT_VERSION

__all__ = ["Layout", "fsync_folder", "make_folder", "write_atomically"]

_PART: Final = re.compile(r"^part-(?P<writer>[0-9a-f]{12})-\d+\.parquet$")


def fsync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def make_folder(folder: Path) -> None:
    """Make a folder and its parents, and make their names durable."""
    missing = [one for one in (folder, *folder.parents) if not one.is_dir()]
    folder.mkdir(parents=True, exist_ok=True)
    for one in missing:
        fsync_folder(one.parent)


def write_atomically(path: Path, content: bytes, temporary: str | None = None) -> None:
    """Replace a file in one step: readers see the old or the new content, never a part.

    Parameters
    ----------
    path, content
        The file, and all of what it shall hold.
    temporary
        Name of the file that is written first, in the same folder; None makes up one that nobody else uses.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(temporary or f".{path.name}.{uuid4().hex[:12]}.tmp")
    try:
        with aside.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(path)
        fsync_folder(path.parent)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise


class Layout:
    """The paths below one root."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.meta = root / "store.json"
        self.log = root / "_log"
        self.writers = root / "_writers"
        self.locks = root / "_locks"

    @classmethod
    def open(cls, root: str | Path, *, create: bool = True) -> Layout:
        """Open or make a store.

        Raises
        ------
        StoreVersionError
            If the store was written in a newer format.
        BadInput
            If there is no store and none is to be made, or the folder holds something else.
        """
        if str(root).startswith(("s3://", "gs://", "abfs://", "http://", "https://")):
            raise BadInput(
                expected(
                    "store", "a folder on a local or mounted file system", str(root), "mount the bucket, or sync it"
                )
            )
        path = Path(root).expanduser().absolute()
        layout = cls(path)
        if layout.meta.is_file():
            layout._check_version()
        elif not create:
            raise BadInput(
                expected(
                    "store", "an existing store", f"nothing at {path}", "make one with `arb sample` or `arb import`"
                )
            )
        elif path.exists() and (not path.is_dir() or any(path.iterdir())) and not layout.log.is_dir():
            raise BadInput(
                expected(
                    "store", "an empty or new folder, or a store", f"{path} with other files", "choose another folder"
                )
            )
        else:
            layout._create()
        return layout

    def _create(self) -> None:
        try:
            for folder in (self.log, self.writers, self.locks):
                make_folder(folder)
            handle = os.open(self.locks / "create.lock", os.O_CREAT | os.O_RDWR, 0o644)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX)
                if not self.meta.is_file():
                    content = orjson.dumps({"format": FORMAT_VERSION, "created": format_ns(SystemClock().now_ns())})
                    write_atomically(self.meta, content, temporary=".store.json.tmp")
            finally:
                os.close(handle)
        except OSError as error:
            raise StoreError(f"store at {self.root}: cannot be made: {error}") from error

    def _check_version(self) -> None:
        try:
            version = int(orjson.loads(self.meta.read_bytes())["format"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise StoreError(
                expected(
                    str(self.meta),
                    'JSON with a whole number "format"',
                    f"unreadable ({error})",
                    "restore it from a backup",
                )
            ) from error
        if version > FORMAT_VERSION:
            raise StoreVersionError(
                expected(
                    f"store at {self.root}",
                    f"format {FORMAT_VERSION} or older",
                    f"format {version}",
                    "upgrade arbresearch",
                )
            )

    def partition(self, table: str, venue: str, date: str) -> Path:
        """Return the folder of one venue and day of a table."""
        return self.root / table / f"venue={venue}" / f"date={date}"

    def part_name(self, writer: str, number: int) -> str:
        """Return the file name of a writer's n-th part."""
        return f"part-{writer}-{number}.parquet"

    def all_parts(self) -> list[tuple[str, str]]:
        """Return (path relative to the root, writer) of every part file there is, live or not."""
        found = []
        for path in self.root.glob("*/venue=*/date=*/part-*.parquet"):
            match = _PART.match(path.name)
            if match:
                found.append((path.relative_to(self.root).as_posix(), match["writer"]))
        return sorted(found)
