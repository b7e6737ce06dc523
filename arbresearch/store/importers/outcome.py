"""What an import did: figures to print, to test and to keep."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["FileOutcome", "ImportReport"]


@dataclass(frozen=True, slots=True)
class FileOutcome:
    """What became of one file.

    Parameters
    ----------
    path, key
        The file, and the digest of its content together with how it was read.
    skipped
        The same content was stored before; nothing was added.
    accepted, rejected
        Rows stored by table, and rows refused by reason.
    filtered
        Rows that the mapping leaves out on purpose.
    out_of_order, repeated, crossed
        Stored rows whose receive time lies before that of an earlier row of their stream (the store sorts them),
        rows identical to the row before, and books whose bid is above the ask.
    notes
        What a reader should know, such as a clock that was filled in.
    rejects
        Where the rejected rows are kept; None when there are none.
    content_bytes, seconds
        Size unpacked, and time taken.
    """

    path: Path
    key: str
    skipped: bool = False
    accepted: dict[str, int] | None = None
    rejected: dict[str, int] | None = None
    filtered: int = 0
    out_of_order: int = 0
    repeated: int = 0
    crossed: int = 0
    notes: tuple[str, ...] = ()
    rejects: Path | None = None
    content_bytes: int = 0
    seconds: float = 0.0

    def warnings(self) -> tuple[str, ...]:
        """Return sentences for what is odd about the file."""
        found = (
            (self.out_of_order, "rows were out of order; the store sorts them by receive time"),
            (self.repeated, "rows repeat the row before; they are stored"),
            (self.crossed, "books are crossed (bid above ask); they are stored"),
        )
        return tuple(f"{count:_} {text}" for count, text in found if count) + self.notes


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What became of all files of one import."""

    format: str
    files: tuple[FileOutcome, ...]

    @property
    def accepted(self) -> dict[str, int]:
        """Return rows stored, by table."""
        return _sum(one.accepted for one in self.files)

    @property
    def rejected(self) -> dict[str, int]:
        """Return rows refused, by reason."""
        return _sum(one.rejected for one in self.files)

    @property
    def skipped(self) -> int:
        """Return how many files were in the store already."""
        return sum(one.skipped for one in self.files)

    def lines(self) -> list[str]:
        """Return the report as lines of text, a few a file."""
        lines: list[str] = []
        for one in self.files:
            if one.skipped:
                lines.append(f"{one.path}: already imported (same content, same mapping); nothing added")
                continue
            stored = ", ".join(f"{count:_} {table}" for table, count in (one.accepted or {}).items())
            refused = ", ".join(f"{count:_} {reason}" for reason, count in (one.rejected or {}).items())
            lines.append(
                f"{one.path}: {stored} stored" + (f"; rejected {refused} (see {one.rejects})" if refused else "")
            )
            lines += [f"  {text}" for text in one.warnings()]
        return lines

    def as_dict(self) -> dict[str, Any]:
        """Return the report as plain values, for JSON."""
        names = (
            "skipped",
            "accepted",
            "rejected",
            "filtered",
            "out_of_order",
            "repeated",
            "crossed",
            "content_bytes",
            "seconds",
        )
        files = [
            {"path": str(one.path), "key": one.key, "rejects": str(one.rejects) if one.rejects else None}
            | {name: getattr(one, name) for name in names}
            | {"notes": list(one.notes)}
            for one in self.files
        ]
        return {"format": self.format, "accepted": self.accepted, "rejected": self.rejected, "files": files}


def _sum(parts: Any) -> dict[str, int]:
    total: Counter[str] = Counter()
    for part in parts:
        total.update(part or {})
    return dict(total)
