"""Compiled: the recorded tables, reached by their addresses as the logs are."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import carray

from arbresearch.backtest.compiled import inner
from arbresearch.backtest.log_kernels import pointer
from arbresearch.backtest.market import FundingRows
from arbresearch.matching.rows import BookRows, LadderRows, TradeRows

__all__ = ["the_book", "the_funding", "the_ladder", "the_trades"]


@inner
def _times(r: Any, venue: int, column: int, rows: int) -> Any:
    return carray(pointer(r.tape_at[venue, column]), (rows,), np.int64)


@inner
def _numbers(r: Any, venue: int, column: int, rows: int) -> Any:
    return carray(pointer(r.tape_at[venue, column]), (rows,), np.float64)


@inner
def _levels(r: Any, venue: int, column: int, rows: int) -> Any:
    return carray(pointer(r.tape_at[venue, column]), (rows, r.tape_levels[venue]), np.float64)


@inner
def the_book(r: Any, venue: int) -> BookRows:
    """Return the best prices that were recorded of a venue."""
    rows = r.tape_rows[venue, 0]
    return BookRows(
        _times(r, venue, 0, rows),
        _numbers(r, venue, 1, rows),
        _numbers(r, venue, 2, rows),
        _numbers(r, venue, 3, rows),
        _numbers(r, venue, 4, rows),
    )


@inner
def the_trades(r: Any, venue: int) -> TradeRows:
    """Return the trades that were recorded of a venue."""
    rows = r.tape_rows[venue, 1]
    return TradeRows(
        _times(r, venue, 5, rows), _numbers(r, venue, 6, rows), _numbers(r, venue, 7, rows), _times(r, venue, 8, rows)
    )


@inner
def the_ladder(r: Any, venue: int) -> LadderRows:
    """Return the levels that were recorded of a venue."""
    rows = r.tape_rows[venue, 2]
    return LadderRows(
        _times(r, venue, 9, rows),
        _levels(r, venue, 10, rows),
        _levels(r, venue, 11, rows),
        _levels(r, venue, 12, rows),
        _levels(r, venue, 13, rows),
    )


@inner
def the_funding(r: Any, venue: int) -> FundingRows:
    """Return the funding of a venue."""
    rows = r.tape_rows[venue, 3]
    return FundingRows(_times(r, venue, 14, rows), _numbers(r, venue, 15, rows))
