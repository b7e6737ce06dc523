"""The arrays that compiled loops read, and how they are made of frames."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import polars as pl

from arbresearch.core import SchemaError, expected
from arbresearch.edges.arrays import Bools, Floats, Times
from arbresearch.edges.pair import frozen

__all__ = [
    "BookRows",
    "LadderRows",
    "TakerRows",
    "TradeRows",
    "book_rows",
    "check_columns",
    "floats_of",
    "ladder_rows",
    "times_of",
    "trade_rows",
]

_AGGRESSOR = {"buy": 1, "sell": -1}


class BookRows(NamedTuple):
    """Updates of one book, rising in time: ns, quote per base and base coin; NaN marks an empty side."""

    recv_ns: Times
    bid: Floats
    bid_size: Floats
    ask: Floats
    ask_size: Floats


class LadderRows(NamedTuple):
    """Recorded levels, rising in time, shape (rows, levels) each, best first; NaN below the last one."""

    recv_ns: Times
    bids: Floats
    bid_sizes: Floats
    asks: Floats
    ask_sizes: Floats


class TradeRows(NamedTuple):
    """Public trades, rising in time: ns, quote per base, base coin; 1 a buyer took, -1 a seller, 0 not known."""

    recv_ns: Times
    price: Floats
    size: Floats
    aggressor: Times


class TakerRows(NamedTuple):
    """Orders in the order of their arrival: when each meets the book, and its terms."""

    meets_ns: Times
    sell: Bools
    quantity: Floats
    limit: Floats
    all_or_nothing: Bools


def book_rows(quotes: pl.DataFrame) -> BookRows:
    """Return the arrays of a quotes frame; nulls become NaN.

    Raises
    ------
    SchemaError
        A column is missing, or recv_ns goes back.
    """
    check_columns(quotes, BookRows._fields, "quotes")
    return BookRows(times_of(quotes["recv_ns"]), *(floats_of(quotes[name]) for name in BookRows._fields[1:]))


def ladder_rows(depth: pl.DataFrame | None) -> LadderRows:
    """Return the arrays of a depth frame, of no rows for None; ``SchemaError`` as :func:`book_rows`."""
    if depth is None:
        none = frozen(np.empty((0, 0)))
        return LadderRows(frozen(np.empty(0, dtype=np.int64)), none, none, none, none)
    check_columns(depth, LadderRows._fields, "depth")
    return LadderRows(times_of(depth["recv_ns"]), *(_grid(depth[name]) for name in LadderRows._fields[1:]))


def trade_rows(trades: pl.DataFrame) -> TradeRows:
    """Return the arrays of a trades frame; ``SchemaError`` as :func:`book_rows`."""
    check_columns(trades, ("recv_ns", "price", "size", "side"), "trades")
    aggressor = trades["side"].cast(pl.String).replace_strict(_AGGRESSOR, default=0, return_dtype=pl.Int64)
    return TradeRows(
        times_of(trades["recv_ns"]), floats_of(trades["price"]), floats_of(trades["size"]), times_of(aggressor)
    )


def check_columns(frame: pl.DataFrame, names: tuple[str, ...], what: str) -> None:
    """Refuse a frame that lacks a column, or whose first named one goes back; ``SchemaError``."""
    missing = [name for name in names if name not in frame.columns]
    if missing:
        raise SchemaError(expected(what, f"columns {', '.join(names)}", f"no {', '.join(missing)}"))
    if frame[names[0]].null_count() or not frame[names[0]].is_sorted():
        raise SchemaError(expected(f"{what} {names[0]}", "rising times", "nulls, or times that go back", "sort it"))


def times_of(column: pl.Series) -> Times:
    """Return a column of whole numbers as a contiguous, read-only array."""
    return frozen(column.to_numpy().astype(np.int64, copy=False))


def floats_of(column: pl.Series) -> Floats:
    """Return a column of numbers as a contiguous, read-only array, NaN for null."""
    return frozen(column.cast(pl.Float64).to_numpy().astype(np.float64, copy=False))


def _grid(column: pl.Series) -> Floats:
    if not isinstance(column.dtype, pl.Array):
        raise SchemaError(expected(f"depth {column.name}", "arrays of one length a row", column.dtype))
    flat = column.explode() if column.len() else pl.Series([], dtype=pl.Float64)
    return floats_of(flat).reshape(column.len(), column.dtype.shape[0])
