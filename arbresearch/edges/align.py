"""Merge two asynchronous quote streams into every update with both books."""

from __future__ import annotations

import operator
from typing import Final

import numpy as np
import polars as pl

from arbresearch.core import BadInput, SchemaError, expected, format_ns
from arbresearch.edges.arrays import NEVER_NS, Rows, Times
from arbresearch.edges.merge import first_bad_price, first_bad_size, first_unsorted, merge_clocks
from arbresearch.edges.pair import Book, Pair, frozen

__all__ = ["align"]

_COLUMNS: Final[dict[str, pl.DataType]] = {
    "recv_ns": pl.Int64(),
    "bid": pl.Float64(),
    "bid_size": pl.Float64(),
    "ask": pl.Float64(),
    "ask_size": pl.Float64(),
}
_INT32_ROWS: Final = 2**31


def align(
    quotes_a: pl.DataFrame,
    quotes_b: pl.DataFrame,
    *,
    max_age_ns: int | tuple[int | None, int | None] | None = None,
    max_skew_ns: int | None = None,
) -> Pair:
    """Merge two quote streams into one row for each distinct receive time at which either book was updated.

    A row is the state after **all** updates of that instant: rows of the two venues with equal times become one
    row, and of several rows of one venue with equal times the last in stored order counts. So the order in which
    simultaneous rows of different venues are given cannot matter. Rows start at the first instant at which both
    books exist and run to the last update of either (:meth:`Pair.overlap` cuts where the first stream ends). No
    row depends on a later one.

    Parameters
    ----------
    quotes_a, quotes_b : polars.DataFrame
        As :meth:`arbresearch.store.TickStore.quotes` gives them: recv_ns (Int64, ns UTC, not decreasing), bid,
        bid_size, ask, ask_size (Float64, NaN for an empty side, never null), and event_ns (Int64 or null) where
        there is one. Other columns are ignored.
    max_age_ns
        A book is stale once its last update is **older** than this; one number for both, or one each. None: never.
    max_skew_ns
        The pair is stale while the last updates of the two books are further apart than this. None: never.

    Returns
    -------
    Pair
        Holds the merged clock and two row numbers; everything else is gathered on demand.

    Raises
    ------
    SchemaError
        A column is missing or of another type, has a null, or recv_ns goes back; a price is zero, negative or
        infinite, or a size negative or infinite.
    BadInput
        A stream is empty, the two do not overlap in time, or a limit is not a whole number of zero or more.
    """
    book_a, book_b = _book(quotes_a, "a"), _book(quotes_b, "b")
    ages = max_age_ns if isinstance(max_age_ns, tuple) else (max_age_ns, max_age_ns)
    if len(ages) != 2:
        raise BadInput(expected("max_age_ns", "one number, or one for A and one for B", repr(max_age_ns)))
    limits = (_limit(ages[0], "max_age_ns"), _limit(ages[1], "max_age_ns"), _limit(max_skew_ns, "max_skew_ns"))
    a, b = book_a.recv_ns, book_b.recv_ns
    start = max(a[0], b[0])
    if a[-1] < start or b[-1] < start:
        spans = [f"{side} {format_ns(int(one[0]))} to {format_ns(int(one[-1]))}" for side, one in (("a", a), ("b", b))]
        todo = "take a range in which both venues were recorded"
        raise BadInput(expected("quotes_a and quotes_b", "streams that overlap in time", " and ".join(spans), todo))
    i, j = int(np.searchsorted(a, start)), int(np.searchsorted(b, start))
    capacity = a.size - i + b.size - j
    time_ns = np.empty(capacity, dtype=np.int64)
    row_a, row_b = _row_numbers(a, capacity), _row_numbers(b, capacity)
    rows = merge_clocks(a, b, i, j, time_ns, row_a, row_b)
    return Pair(frozen(time_ns[:rows]), frozen(row_a[:rows]), frozen(row_b[:rows]), book_a, book_b, *limits)


def _row_numbers(clock: Times, capacity: int) -> Rows:
    return np.empty(capacity, dtype=np.int32) if clock.size < _INT32_ROWS else np.empty(capacity, dtype=np.int64)


def _limit(value: int | None, name: str) -> int | None:
    if value is None:
        return None
    try:
        limit = operator.index(value)
    except TypeError:
        limit = -1
    if isinstance(value, bool) or not 0 <= limit < NEVER_NS:
        raise BadInput(expected(name, "a whole number of nanoseconds, zero or more, or None", repr(value)))
    return limit


def _book(quotes: pl.DataFrame, side: str) -> Book:
    name = f"quotes_{side}"
    if not isinstance(quotes, pl.DataFrame):
        raise SchemaError(expected(name, "a polars DataFrame of quotes", type(quotes).__name__))
    for column, dtype in _COLUMNS.items():
        if column not in quotes.columns:
            todo = "give what TickStore.quotes returns, or rename your columns to these"
            raise SchemaError(expected(name, f"columns {', '.join(_COLUMNS)}", f"no {column!r}", todo))
        if quotes.schema[column] != dtype:
            todo = "time is nanoseconds UTC" if column == "recv_ns" else "cast it"
            raise SchemaError(expected(f"{name} {column}", dtype, quotes.schema[column], todo))
    if not quotes.height:
        raise BadInput(expected(name, "at least one quote", "an empty frame", "choose another range, symbol or venue"))
    for column in _COLUMNS:
        if quotes[column].null_count():
            todo = "drop the row" if column == "recv_ns" else "NaN marks an empty side, or drop the row"
            row = quotes[column].is_null().arg_true()[0]
            raise SchemaError(expected(f"{name} {column} row {row}", "a value", "null", todo))
    event = quotes["event_ns"] if "event_ns" in quotes.columns else None
    if event is not None and event.dtype not in (pl.Int64(), pl.Null()):
        raise SchemaError(expected(f"{name} event_ns", "Int64 nanoseconds UTC", event.dtype, "cast it or leave it out"))
    arrays = {column: frozen(quotes[column].to_numpy()) for column in _COLUMNS}
    book = Book(**arrays, event_ns=None if event is None else event.cast(pl.Int64))
    _check_values(book, name)
    return book


def _check_values(book: Book, name: str) -> None:
    row = first_unsorted(book.recv_ns)
    if row >= 0:
        want = f"a time not before row {row - 1}'s {book.recv_ns[row - 1]}"
        raise SchemaError(expected(f"{name} recv_ns row {row}", want, book.recv_ns[row], "sort by recv_ns, stably"))
    for column in ("bid", "ask"):
        values = getattr(book, column)
        row = first_bad_price(values)
        if row >= 0:
            todo = "NaN marks an empty side, or drop the row"
            raise SchemaError(expected(f"{name} {column} row {row}", "a positive finite price", values[row], todo))
    for column in ("bid_size", "ask_size"):
        values = getattr(book, column)
        row = first_bad_size(values)
        if row >= 0:
            todo = "NaN marks an empty side, or drop the row"
            want = "a finite size of zero or more"
            raise SchemaError(expected(f"{name} {column} row {row}", want, values[row], todo))
