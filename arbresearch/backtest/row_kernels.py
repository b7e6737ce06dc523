"""Compiled: recorded rows come into force: books, ladders, and what they mean for resting orders."""

from __future__ import annotations

from typing import Any

import numpy as np

from arbresearch.backtest.compiled import inner, whole
from arbresearch.backtest.layout import MOST_LEVELS
from arbresearch.backtest.move_kernels import liquidate
from arbresearch.backtest.order_kernels import maker_filled
from arbresearch.matching.queue_kernels import PRICE, shown_by_best, update_book, update_trade
from arbresearch.matching.rows import BookRows, LadderRows
from arbresearch.matching.states import OrderState

__all__ = ["book_row", "bring", "ladder_row", "rests_on", "trade_row"]

_RESTING, _CANCELLING = whole(OrderState.RESTING), whole(OrderState.CANCELLING)


@inner
def _same(rows: BookRows, one: int, other: int) -> bool:
    return bool(
        rows.bid[one] == rows.bid[other]
        and rows.ask[one] == rows.ask[other]
        and rows.bid_size[one] == rows.bid_size[other]
        and rows.ask_size[one] == rows.ask_size[other]
    )


@inner
def bring(r: Any, venue: int, rows: BookRows, row: int) -> None:
    """Put a row into force, and find out since when the book says the same."""
    book = r.books[venue]
    if row < 0 or book.row == row:
        return
    first = row
    while first > book.row and first > 0 and _same(rows, first, first - 1):
        first -= 1
    if first > book.row:
        book.changed_ns = rows.recv_ns[first]
    book.row = row
    book.recv_ns = rows.recv_ns[row]
    book.bid, book.bid_size = rows.bid[row], rows.bid_size[row]
    book.ask, book.ask_size = rows.ask[row], rows.ask_size[row]


@inner
def ladder_row(r: Any, venue: int, rows: LadderRows, row: int) -> None:
    """Put a ladder into force."""
    book = r.books[venue]
    book.rung = row
    book.ladder_ns = rows.recv_ns[row]
    r.ladder_prices[venue] = np.nan
    r.ladder_sizes[venue] = 0.0
    for level in range(min(MOST_LEVELS, rows.bids.shape[1])):
        r.ladder_prices[venue, 0, level] = rows.bids[row, level]
        r.ladder_sizes[venue, 0, level] = rows.bid_sizes[row, level]
        r.ladder_prices[venue, 1, level] = rows.asks[row, level]
        r.ladder_sizes[venue, 1, level] = rows.ask_sizes[row, level]


@inner
def rests_on(r: Any, number: int, venue: int) -> bool:
    """Return whether an open pair has an order in the book of a venue."""
    slot = r.slots[number]
    state = r.maker_states[number, r.strategy[0].fill_rule]
    live = _RESTING <= state <= _CANCELLING
    return bool(slot.open and slot.maker_live and slot.maker_venue == venue and live)


@inner
def trade_row(r: Any, venue: int, price: float, size: float, aggressor: int, now_ns: int) -> None:
    """Tell the orders that rest on a venue of a trade."""
    if r.resting[venue] == 0:
        return
    for number in range(r.strategy[0].max_in_flight):
        if rests_on(r, number, venue) and update_trade(
            r.makers[number], r.maker_states[number], price, size, aggressor
        ):
            maker_filled(r, number, now_ns)


@inner
def book_row(r: Any, venue: int, now_ns: int) -> None:
    """Tell the orders that rest on a venue, and a position there, of the row that came into force."""
    book = r.books[venue]
    if r.resting[venue] > 0:
        for number in range(r.strategy[0].max_in_flight):
            if not rests_on(r, number, venue):
                continue
            sells = r.slots[number].maker_venue == r.slots[number].seller
            own, own_size = (book.ask, book.ask_size) if sells else (book.bid, book.bid_size)
            other, other_size = (book.bid, book.bid_size) if sells else (book.ask, book.ask_size)
            shown = shown_by_best(-1.0 if sells else 1.0, r.makers[number, PRICE], own, own_size)
            if update_book(r.makers[number], r.maker_states[number], shown, other, other_size):
                maker_filled(r, number, now_ns)
    if r.venues[venue].perpetual:
        liquidate(r, venue, now_ns)
