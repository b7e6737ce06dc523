"""From a pair, fees and roles to what the kernels read."""

from __future__ import annotations

import math
from typing import Final, Literal

import polars as pl

from arbresearch.core import BadInput, FeeSchedule, Role, expected
from arbresearch.edges.arrays import AB, BA, BEST, NEVER_NS, Floats, Legs
from arbresearch.edges.pair import Book, Pair

__all__ = ["DIRECTION", "Direction", "check_threshold", "direction_code", "duration_ns", "legs_of"]

Direction = Literal["ab", "ba", "best"]

DIRECTION: Final = pl.Enum(["ab", "ba"])
"""Type of direction columns: ``ab`` sells on A and buys on B, ``ba`` the reverse."""

_CODES: Final = {"ab": AB, "ba": BA, "best": BEST}


def legs_of(pair: Pair, fees_a: FeeSchedule | None, fees_b: FeeSchedule | None, role_a: Role, role_b: Role) -> Legs:
    """Return the arrays, fee factors and limits of a pair; gross when both fees are None.

    A taker is priced at the opposite side of the book, a maker at its own side, where a resting order joins the
    best price.
    """
    if (fees_a is None) != (fees_b is None):
        missing = "fees_a" if fees_a is None else "fees_b"
        raise BadInput(expected("fees", "those of both venues, or neither for gross edges", f"no {missing}"))
    if role_a is Role.MAKER and role_b is Role.MAKER:
        todo = "rest on one venue, take on the other"
        raise BadInput(expected("roles", "at least one taker", "maker on both venues", todo))
    fee_a = 0.0 if fees_a is None else fees_a.rate(role_a)
    fee_b = 0.0 if fees_b is None else fees_b.rate(role_b)
    a, b = pair.book_a, pair.book_b
    return Legs(
        pair.recv_ns,
        pair.row_a,
        pair.row_b,
        a.recv_ns,
        b.recv_ns,
        *_sides(a, role_a),
        *_sides(b, role_b),
        1.0 - fee_a,
        1.0 + fee_a,
        1.0 - fee_b,
        1.0 + fee_b,
        role_a is Role.TAKER,
        role_b is Role.TAKER,
        fees_a is not None,
        NEVER_NS if pair.max_age_a_ns is None else pair.max_age_a_ns,
        NEVER_NS if pair.max_age_b_ns is None else pair.max_age_b_ns,
        NEVER_NS if pair.max_skew_ns is None else pair.max_skew_ns,
    )


def _sides(book: Book, role: Role) -> tuple[Floats, Floats, Floats, Floats]:
    sell, buy = (book.bid, book.bid_size), (book.ask, book.ask_size)
    return (*sell, *buy) if role is Role.TAKER else (*buy, *sell)


def direction_code(direction: Direction) -> int:
    """Return the kernels' number of a direction."""
    if direction not in _CODES:
        todo = "ab sells on A and buys on B"
        raise BadInput(expected("direction", "ab, ba or best", repr(direction), todo))
    return _CODES[direction]


def check_threshold(threshold_bps: float) -> float:
    """Return a threshold as a float when it is a finite number."""
    if isinstance(threshold_bps, bool) or not math.isfinite(threshold_bps):
        raise BadInput(expected("threshold_bps", "a finite number of basis points", repr(threshold_bps)))
    return float(threshold_bps)


def duration_ns(seconds: float, name: str) -> int:
    """Return seconds as whole nanoseconds, when they are finite and not negative."""
    if isinstance(seconds, bool) or not 0.0 <= seconds < NEVER_NS / 1e9:
        raise BadInput(expected(name, "a number of seconds, zero or more", repr(seconds)))
    return round(seconds * 1e9)
