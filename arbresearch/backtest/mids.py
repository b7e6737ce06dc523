"""What a coin was worth at any time: the middle of a book, and the mark of both."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from arbresearch.backtest.market import Market
from arbresearch.edges.arrays import Floats, Times
from arbresearch.matching.rows import BookRows

__all__ = ["Marks", "worth"]


@dataclass(frozen=True, slots=True)
class Marks:
    """Prices to count balances at, from the recorded books.

    A middle of a book is that of the last row at or before a time whose two sides are numbers; of rows of one time the
    last counts. The mark is the mean of A's and B's.

    Parameters
    ----------
    market
        The three venues.
    """

    market: Market

    def mid(self, venue: int, times: Times) -> Floats:
        """Return the middle of a venue's book at times (ns), shape of ``times``; NaN before the first."""
        return _mids(self.market[venue].book, times)

    def mark(self, times: Times) -> Floats:
        """Return the mark at times (ns), shape of ``times``; NaN before both books have a middle."""
        return 0.5 * (self.mid(0, times) + self.mid(1, times))

    def first_mid(self, venue: int) -> float:
        """Return the first middle of a venue's book; NaN if there is none."""
        row = _first(self.market[venue].book)
        return float("nan") if row < 0 else float(_middle(self.market[venue].book, np.array([row]))[0])

    def first_mark(self) -> float:
        """Return the mark at the first time at which both books have a middle; NaN if there is none."""
        rows = [_first(self.market[venue].book) for venue in (0, 1)]
        if min(rows) < 0:
            return float("nan")
        both = max(self.market[venue].book.recv_ns[row] for venue, row in zip((0, 1), rows, strict=True))
        return float(self.mark(np.array([both], dtype=np.int64))[0])

    def ends(self, venue: int) -> int:
        """Return the time of the last row of a venue's book, ns; -1 if there is none."""
        times = self.market[venue].book.recv_ns
        return int(times[-1]) if times.size else -1


def worth(base: Floats, price: Floats) -> Floats:
    """Return what base coin is worth at a price; none is worth 0 at any, even one that is not known (NaN)."""
    return np.where(base == 0.0, 0.0, base * price)


def _middle(book: BookRows, rows: Times) -> Floats:
    return np.asarray(0.5 * (book.bid[rows] + book.ask[rows]))


def _first(book: BookRows) -> int:
    for start in range(0, book.recv_ns.size, 4_096):
        known = np.flatnonzero(np.isfinite(book.bid[start : start + 4_096] + book.ask[start : start + 4_096]))
        if known.size:
            return start + int(known[0])
    return -1


def _mids(book: BookRows, times: Times) -> Floats:
    rows = np.searchsorted(book.recv_ns, times, side="right") - 1
    found = np.full(rows.shape, np.nan)
    there = rows >= 0
    found[there] = _middle(book, rows[there])
    if np.isnan(found[there]).any():
        known = np.flatnonzero(np.isfinite(book.bid + book.ask))
        places = np.searchsorted(known, rows, side="right") - 1
        there = places >= 0
        found[there] = _middle(book, known[places[there]])
    return found
