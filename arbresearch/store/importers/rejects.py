"""Rejected rows, kept beside the store so that somebody can look at them."""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final, TextIO

from arbresearch.store.importers.base import Rejection

__all__ = ["HEADER", "MAX_TEXT", "RejectsFile"]

HEADER: Final = ("line", "table", "reason", "text")
MAX_TEXT: Final = 2_000
"""Longer texts are cut; a line of a thousand book levels says nothing more at its end."""


class RejectsFile:
    """A csv of line number, table, reason and original text that appears whole or not at all.

    Nothing is created until the first rejection. :meth:`publish` makes the file visible under its name,
    :meth:`discard` removes what was written.
    """

    def __init__(self, folder: Path, utc: str, name: str, key: str) -> None:
        safe = re.sub(r"[^\w.\-]+", "_", name)
        self._target = folder / f"{utc}_{safe}_{key[:8]}.csv"
        self._partial = folder / f".{self._target.name}.{os.getpid()}.partial"
        self._file: TextIO | None = None
        self.count = 0

    def add(self, table: str, rejections: Iterable[Rejection]) -> None:
        """Append rejected rows of one table."""
        for one in rejections:
            if self._file is None:
                self._partial.parent.mkdir(parents=True, exist_ok=True)
                self._file = self._partial.open("w", encoding="utf-8", newline="")
                csv.writer(self._file).writerow(HEADER)
            csv.writer(self._file).writerow((one.line, table, one.reason, one.text[:MAX_TEXT]))
            self.count += 1

    def publish(self) -> Path | None:
        """Finish the file and return its path; None when nothing was rejected."""
        if self._file is None:
            return None
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        self._file = None
        if self._target.exists():
            self._target = self._target.with_stem(f"{self._target.stem}_{os.getpid()}")
        self._partial.replace(self._target)
        return self._target

    def discard(self) -> None:
        """Remove what was written, published or not."""
        if self._file is not None:
            self._file.close()
            self._file = None
            self._partial.unlink(missing_ok=True)
        elif self.count:
            self._target.unlink(missing_ok=True)
