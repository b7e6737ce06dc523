"""What is counted while a file is imported, and when the file as a whole is refused."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from arbresearch.core import ImportFailed, expected
from arbresearch.store.importers.base import Batch

__all__ = ["Tally", "crossed_books"]

_BOOKS = ("quotes", "depth")


def crossed_books(table: str, frame: pl.DataFrame) -> pl.Series:
    """Return which rows of quotes or depth have a bid above the ask; never where a side is empty."""
    if table == "quotes":
        expression = pl.col("bid") > pl.col("ask")
    else:
        expression = pl.col("bids").arr.get(0, null_on_oob=True) > pl.col("asks").arr.get(0, null_on_oob=True)
    return frame.select(expression.fill_null(False).alias("crossed")).to_series()


@dataclass(slots=True)
class Tally:
    """Running counts of one file; memory does not grow with the file.

    A row that is refused for two tables for the same reason is counted once.
    """

    path: Path
    accepted: Counter[str] = field(default_factory=Counter)
    rejected: Counter[str] = field(default_factory=Counter)
    notes: dict[str, None] = field(default_factory=dict)
    filtered: int = 0
    out_of_order: int = 0
    repeated: int = 0
    crossed: Counter[str] = field(default_factory=Counter)
    _piece: int = -1
    _counted: set[tuple[int, str]] = field(default_factory=set)
    _latest: dict[tuple[str, ...], int] = field(default_factory=dict)
    _last: dict[str, pl.DataFrame] = field(default_factory=dict)

    def batch(self, batch: Batch) -> None:
        """Count what a format says of a batch beside its rows."""
        self.filtered += batch.filtered
        self.notes |= dict.fromkeys(batch.notes)
        if batch.consumed != self._piece:
            self._piece, self._counted = batch.consumed, set()
        fresh = {(one.line, one.reason) for one in batch.rejected} - self._counted
        self.rejected.update(reason for _, reason in fresh)
        self._counted |= fresh

    def stored(self, table: str, key: str, frame: pl.DataFrame) -> None:
        """Count rows that go into the store; ``key`` is what streams are told apart by beside the venue."""
        if frame.height == 0:
            return
        self.accepted[table] += frame.height
        if table in _BOOKS:
            self.crossed[table] += int(crossed_books(table, frame).sum())
        self.out_of_order += self._late(table, key, frame)
        joined = pl.concat([self._last[table], frame]) if table in self._last else frame
        same = pl.all_horizontal(pl.all().eq_missing(pl.all().shift(1)))
        self.repeated += int(joined.select(same.slice(1)).to_series().sum()) if joined.height > 1 else 0
        self._last[table] = frame.tail(1)

    def _late(self, table: str, key: str, frame: pl.DataFrame) -> int:
        streams = ["venue", key]
        times = frame.select(*streams, "recv_ns")
        so_far = pl.col("recv_ns").cum_max().shift(1)
        late = 0
        for names, part in times.partition_by(streams, as_dict=True, maintain_order=True).items():
            stream = (table, *(str(name) for name in names))
            before = self._latest.get(stream)
            bound = so_far.fill_null(before) if before is not None else so_far
            late += int(part.select((pl.col("recv_ns") < bound).fill_null(False).sum()).item())
            highest = int(part.select(pl.col("recv_ns").max()).item())
            self._latest[stream] = highest if before is None else max(before, highest)
        return late

    def refuse_whole(self) -> None:
        """Refuse the file when its rows taken together make no sense.

        Raises
        ------
        ImportFailed
            If there is no row, every row was rejected, most times are no times, or most books are crossed.
        """
        stored, refused = self.accepted.total(), self.rejected.total()
        if stored + refused + self.filtered == 0:
            raise ImportFailed(expected(str(self.path), "a file with rows", "one without any", "leave it out"))
        if 2 * self.rejected["time_unit"] > stored + refused:
            raise ImportFailed(
                expected(str(self.path), "times between 2009 and 2100", f"{self.rejected['time_unit']:_} that are not",
                         "the time unit is not what the format takes it for")
            )  # fmt: skip
        if stored == 0 and refused:
            reasons = ", ".join(f"{count:_} {reason}" for reason, count in self.rejected.items())
            raise ImportFailed(expected(str(self.path), "rows that can be stored", f"none; rejected {reasons}"))
        for table, crossed in self.crossed.items():
            stored_here = self.accepted[table]
            if 2 * crossed > stored_here:
                found = f"{crossed:_} of {stored_here:_} rows crossed"
                raise ImportFailed(
                    expected(f"{self.path} ({table})", "bids below asks", found, "bid and ask columns swapped?")
                )
