"""What is wrong with rows themselves: crossed, locked and one-sided books, repeats, spans without a change."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import polars as pl

from arbresearch.core.units import NS_PER_SECOND
from arbresearch.store.quality.kernels import Floats, Times
from arbresearch.store.quality.settings import QualitySettings
from arbresearch.store.quality.slices import Slice

__all__ = ["Books", "Changes", "Identifiers", "Share"]

_Bools = npt.NDArray[np.bool_]
_LOOK_BACK = 16
_IDS_KEPT = 10_000
_NO_SPANS = np.empty((0, 3), dtype=np.int64)


@dataclass(slots=True)
class Share:
    """Rows in a state, and the time until the rows after them."""

    rows: int = 0
    held_ns: int = 0


@dataclass(slots=True)
class Books:
    """Counts crossed, locked and one-sided rows. A state holds until the next row, at most ``gap_floor_s``."""

    settings: QualitySettings
    crossed: Share = field(default_factory=Share)
    locked: Share = field(default_factory=Share)
    one_sided: Share = field(default_factory=Share)
    held_ns: int = 0
    _last: tuple[int, float, float] | None = None

    def add(self, part: Slice) -> None:
        """Take in the next rows."""
        recv, bid, ask = part.recv_ns, part.values[0], part.values[2]
        if self._last is not None:
            recv = np.concatenate([[self._last[0]], recv])
            bid, ask = np.concatenate([[self._last[1]], bid]), np.concatenate([[self._last[2]], ask])
        held = np.minimum(np.diff(recv), round(self.settings.gap_floor_s * NS_PER_SECOND))
        self.held_ns += int(held.sum())
        states = ((self.crossed, bid > ask), (self.locked, bid == ask), (self.one_sided, np.isnan(bid) | np.isnan(ask)))
        for share, here in states:
            share.rows += int(here[recv.size - len(part) :].sum())
            share.held_ns += int(held[here[:-1]].sum())
        self._last = (int(recv[-1]), float(bid[-1]), float(ask[-1]))

    def share_of_time(self, share: Share) -> float:
        """Return the share of the time held by rows; NaN when no time passed."""
        return share.held_ns / self.held_ns if self.held_ns else float("nan")


@dataclass(slots=True)
class Changes:
    """Tells rows that say something new from rows that repeat: exact duplicates, and long spans without a change."""

    settings: QualitySettings
    duplicates: int = 0
    repeats: int = 0
    changes: int = 0
    _tail: tuple[Floats | Times, ...] = ()
    _since: tuple[int, int] = (0, 0)
    _last_ns: int = 0
    _spans: list[Times] = field(default_factory=list)

    def add(self, part: Slice) -> Times:
        """Take in the next rows and return the receive times of those that say something new."""
        columns: tuple[Floats | Times, ...] = (part.recv_ns, part.event_ns, *part.values)
        held = 0
        if self._tail:
            held = self._tail[0].size
            columns = tuple(np.concatenate([old, new]) for old, new in zip(self._tail, columns, strict=True))
        new = ~_equal_to(columns[2:], 1)
        self.duplicates += int(self._duplicates(columns)[held:].sum())
        rows = np.flatnonzero(new[held:]) + held
        self.changes += rows.size
        self.repeats += len(part) - rows.size
        times: Times = columns[0][rows].astype(np.int64)
        before = int(rows[0]) - held if rows.size else len(part)
        self._note_spans(times, np.diff(np.append(rows, columns[0].size)) - 1, before)
        self._last_ns = int(part.recv_ns[-1])
        self._tail = tuple(column[-_LOOK_BACK:].copy() for column in columns)
        return times

    @staticmethod
    def _duplicates(columns: tuple[Floats | Times, ...]) -> _Bools:
        found = np.zeros(columns[0].size, dtype=np.bool_)
        for back in range(1, _LOOK_BACK + 1):
            same_time = _equal_to(columns[:1], back)
            if not same_time.any():
                break
            found |= same_time & _equal_to(columns[1:], back)
        return found

    def _note_spans(self, times: Times, repeats_after: Times, repeats_before: int) -> None:
        start_ns, repeats = self._since
        starts, ends = np.append(start_ns, times[:-1]), times
        between = np.append(repeats + repeats_before, repeats_after[:-1])
        if times.size:
            long = (ends - starts >= self.settings.stale_floor_s * NS_PER_SECOND) & (starts > 0)
            self._spans.append(np.column_stack([starts, ends, between[: ends.size]])[long])
            self._since = (int(times[-1]), int(repeats_after[-1]))
        else:
            self._since = (start_ns, repeats + repeats_before)

    def spans(self) -> Times:
        """Return start, end and repeated rows of each span without a change of ``stale_floor_s``, shape (n, 3)."""
        start_ns, repeats = self._since
        spans = np.concatenate([_NO_SPANS, *self._spans])
        if self._last_ns - start_ns >= self.settings.stale_floor_s * NS_PER_SECOND:
            spans = np.vstack([spans, [start_ns, self._last_ns, repeats]])
        return spans


@dataclass(slots=True)
class Identifiers:
    """Counts trade ids that came before: within a slice, and among the last ids of the one before."""

    known: int = 0
    repeated: int = 0
    _tail: pl.Series = field(default_factory=lambda: pl.Series(dtype=pl.String))

    def add(self, ids: pl.Series) -> None:
        """Take in the next ids; nulls are none."""
        new = ids.drop_nulls()
        both = pl.concat([self._tail, new])
        self.known += new.len()
        self.repeated += (both.len() - both.n_unique()) - (self._tail.len() - self._tail.n_unique())
        self._tail = both.tail(_IDS_KEPT)


def _equal_to(columns: tuple[Floats | Times, ...], back: int) -> _Bools:
    """Say of each row whether it equals the row ``back`` rows before; NaN equals NaN."""
    same = np.ones(columns[0].size, dtype=np.bool_)
    same[:back] = False
    for column in columns:
        now, then = column[back:], column[: max(column.size - back, 0)]
        equal = now == then
        if column.dtype == np.float64:
            equal |= np.isnan(now) & np.isnan(then)
        same[back:] &= equal
    return same
