"""Two books side by side: which row of each is in force at every instant at which either changed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, TypeVar, cast

import numpy as np
import numpy.typing as npt
import polars as pl

from arbresearch.core import format_ns
from arbresearch.edges.arrays import Bools, Floats, Rows, Times
from arbresearch.edges.merge import gather_into

__all__ = ["Book", "Pair", "frozen"]

_Array = TypeVar("_Array", bound=npt.NDArray[Any])


def frozen(values: _Array) -> _Array:
    """Return a contiguous, read-only view of an array (a copy only when it is not contiguous)."""
    view = np.ascontiguousarray(values).view()
    view.setflags(write=False)
    return cast(_Array, view)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Book:
    """The updates of one book as arrays, in the order in which they are in force.

    Prices are quote per base, sizes base coin, NaN marks an empty side. ``event_ns`` is the exchange's clock,
    null where there is none, or None when the stream has no such column.
    """

    recv_ns: Times
    bid: Floats
    bid_size: Floats
    ask: Floats
    ask_size: Floats
    event_ns: pl.Series | None = None

    def __len__(self) -> int:
        """Return the number of updates."""
        return int(self.recv_ns.size)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Pair:
    """Two quote streams merged: one row an instant at which either book was updated.

    Only the time and two row numbers are held; prices, sizes and ages are gathered when asked for, each call
    giving a new array of one value a row. Build it with :func:`arbresearch.edges.align`.

    Parameters
    ----------
    recv_ns : array of int64
        Instants in nanoseconds UTC, strictly increasing.
    row_a, row_b : array of int32 or int64
        Row of each book that is in force from that instant on.
    book_a, book_b
        The streams.
    max_age_a_ns, max_age_b_ns
        A book whose last update is older than this is stale; None: never.
    max_skew_ns
        Books whose last updates are further apart than this are stale; None: never.
    """

    recv_ns: Times
    row_a: Rows
    row_b: Rows
    book_a: Book
    book_b: Book
    max_age_a_ns: int | None = None
    max_age_b_ns: int | None = None
    max_skew_ns: int | None = None

    def __len__(self) -> int:
        """Return the number of merged updates."""
        return int(self.recv_ns.size)

    def __repr__(self) -> str:
        """Return the number of updates, the span and the limits."""
        span = f"{format_ns(int(self.recv_ns[0]))} to {format_ns(int(self.recv_ns[-1]))}" if len(self) else "empty"
        limits = f"max_age_ns=({self.max_age_a_ns}, {self.max_age_b_ns}), max_skew_ns={self.max_skew_ns}"
        return f"Pair({len(self)} updates, {span}, {limits})"

    @property
    def bid_a(self) -> Floats:
        """Return the best bid on A, quote per base; NaN when that side is empty."""
        return _gathered(self.book_a.bid, self.row_a)

    @property
    def ask_a(self) -> Floats:
        """Return the best ask on A, quote per base; NaN when that side is empty."""
        return _gathered(self.book_a.ask, self.row_a)

    @property
    def bid_size_a(self) -> Floats:
        """Return the size at the best bid on A, base coin."""
        return _gathered(self.book_a.bid_size, self.row_a)

    @property
    def ask_size_a(self) -> Floats:
        """Return the size at the best ask on A, base coin."""
        return _gathered(self.book_a.ask_size, self.row_a)

    @property
    def bid_b(self) -> Floats:
        """Return the best bid on B, quote per base; NaN when that side is empty."""
        return _gathered(self.book_b.bid, self.row_b)

    @property
    def ask_b(self) -> Floats:
        """Return the best ask on B, quote per base; NaN when that side is empty."""
        return _gathered(self.book_b.ask, self.row_b)

    @property
    def bid_size_b(self) -> Floats:
        """Return the size at the best bid on B, base coin."""
        return _gathered(self.book_b.bid_size, self.row_b)

    @property
    def ask_size_b(self) -> Floats:
        """Return the size at the best ask on B, base coin."""
        return _gathered(self.book_b.ask_size, self.row_b)

    @property
    def age_a_ns(self) -> Times:
        """Return how long ago A's book was last updated, by the receive clock."""
        return self._age(self.book_a, self.row_a)

    @property
    def age_b_ns(self) -> Times:
        """Return how long ago B's book was last updated, by the receive clock."""
        return self._age(self.book_b, self.row_b)

    @property
    def skew_ns(self) -> Times:
        """Return the time between the last updates of the two books, never negative."""
        return _skew(self.age_a_ns, self.age_b_ns)

    @property
    def stale_a(self) -> Bools:
        """Return whether A's book is older than its limit at the row's instant."""
        return _over(self.age_a_ns, self.max_age_a_ns)

    @property
    def stale_b(self) -> Bools:
        """Return whether B's book is older than its limit at the row's instant."""
        return _over(self.age_b_ns, self.max_age_b_ns)

    @property
    def stale(self) -> Bools:
        """Return whether there is no usable pair of books at the row's instant: an age or the skew is over its limit.

        A book also goes stale between two rows; episodes and shares of time end at that instant.
        """
        return self.stale_a | self.stale_b | _over(self.skew_ns, self.max_skew_ns)

    def overlap(self) -> Pair:
        """Return the rows up to the last update of the stream that ends first.

        Past it one book is only what was last heard of it, which without an age limit looks like a lasting edge.
        """
        end = min(self.book_a.recv_ns[-1], self.book_b.recv_ns[-1])
        rows = int(np.searchsorted(self.recv_ns, end, side="right"))
        return replace(self, recv_ns=self.recv_ns[:rows], row_a=self.row_a[:rows], row_b=self.row_b[:rows])

    def frame(self, *, event_ages: bool = False) -> pl.DataFrame:
        """Return the merged updates as a frame.

        Parameters
        ----------
        event_ages
            Add ``event_age_a_ns`` and ``event_age_b_ns``: the row's instant less the exchange's own time of the
            book in force, null where the venue sends none. It contains the offset between the two clocks.

        Returns
        -------
        polars.DataFrame
            recv_ns; bid, ask, bid_size and ask_size of each venue; age_a_ns, age_b_ns; stale_a, stale_b, stale.
        """
        columns: dict[str, object] = {"recv_ns": self.recv_ns}
        for venue in ("a", "b"):
            for name in ("bid", "ask", "bid_size", "ask_size"):
                columns[f"{name}_{venue}"] = getattr(self, f"{name}_{venue}")
        age_a, age_b = self.age_a_ns, self.age_b_ns
        stale_a, stale_b = _over(age_a, self.max_age_a_ns), _over(age_b, self.max_age_b_ns)
        stale = stale_a | stale_b
        if self.max_skew_ns is not None:
            stale |= _over(_skew(age_a, age_b), self.max_skew_ns)
        columns |= {"age_a_ns": age_a, "age_b_ns": age_b, "stale_a": stale_a, "stale_b": stale_b, "stale": stale}
        if event_ages:
            columns["event_age_a_ns"] = self._event_age(self.book_a, self.row_a)
            columns["event_age_b_ns"] = self._event_age(self.book_b, self.row_b)
        return pl.DataFrame(columns)

    def _age(self, book: Book, rows: Rows) -> Times:
        updated = np.empty_like(self.recv_ns)
        gather_into(book.recv_ns, rows, updated)
        return np.subtract(self.recv_ns, updated, out=updated)

    def _event_age(self, book: Book, rows: Rows) -> pl.Series:
        if book.event_ns is None:
            return pl.repeat(None, len(self), dtype=pl.Int64, eager=True)
        return pl.Series(self.recv_ns) - book.event_ns.gather(rows)


def _gathered(values: Floats, rows: Rows) -> Floats:
    result = np.empty(rows.size)
    gather_into(values, rows, result)
    return result


def _skew(age_a: Times, age_b: Times) -> Times:
    skew: Times = age_a - age_b
    np.abs(skew, out=skew)
    return skew


def _over(values: Times, limit: int | None) -> Bools:
    return np.zeros(values.size, dtype=np.bool_) if limit is None else values > limit
