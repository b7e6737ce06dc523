"""Merging two streams: the rule for equal times, lazy columns, limits, and what is refused."""

from __future__ import annotations

import math

import numpy as np
import polars as pl
import pytest

from arbresearch.core import BadInput, SchemaError
from arbresearch.edges import Pair, align
from arbresearch.store.schemas import QUOTES
from tests.edges.slow import quotes

NAN = math.nan
A = quotes([(10, 99.0, 1.0, 100.0, 2.0), (20, 99.5, 3.0, 100.5, 4.0), (40, 98.0, 5.0, 99.0, 6.0)])
B = quotes([(15, 98.5, 7.0, 99.5, 8.0), (20, 98.6, 9.0, 99.6, 10.0), (60, 97.0, 11.0, 98.0, 12.0)])


def test_rows_are_the_distinct_instants_from_the_first_with_both_books() -> None:
    pair = align(A, B)
    assert len(pair) == 4
    assert pair.recv_ns.tolist() == [15, 20, 40, 60]
    assert pair.bid_a.tolist() == [99.0, 99.5, 98.0, 98.0]
    assert pair.ask_a.tolist() == [100.0, 100.5, 99.0, 99.0]
    assert pair.bid_b.tolist() == [98.5, 98.6, 98.6, 97.0]
    assert pair.ask_b.tolist() == [99.5, 99.6, 99.6, 98.0]
    assert pair.bid_size_a.tolist() == [1.0, 3.0, 5.0, 5.0]
    assert pair.ask_size_a.tolist() == [2.0, 4.0, 6.0, 6.0]
    assert pair.bid_size_b.tolist() == [7.0, 9.0, 9.0, 11.0]
    assert pair.ask_size_b.tolist() == [8.0, 10.0, 10.0, 12.0]
    assert pair.age_a_ns.tolist() == [5, 0, 0, 20]
    assert pair.age_b_ns.tolist() == [0, 0, 20, 0]
    assert pair.skew_ns.tolist() == [5, 0, 20, 20]


def test_of_several_rows_of_one_venue_at_one_time_the_last_counts() -> None:
    repeated = quotes(
        [(10, 1.0, 1.0, 2.0, 1.0), (10, 3.0, 1.0, 4.0, 1.0), (30, 5.0, 1.0, 6.0, 1.0), (30, 7.0, 1.0, 8.0, 1.0)]
    )
    pair = align(repeated, quotes([(10, 9.0, 1.0, 10.0, 1.0)] * 2 + [(31, 9.0, 1.0, 10.0, 1.0)]))
    assert pair.recv_ns.tolist() == [10, 30, 31]
    assert pair.bid_a.tolist() == [3.0, 7.0, 7.0]


def test_frame_has_the_columns_in_order() -> None:
    frame = align(A, B, max_age_ns=(15, None), max_skew_ns=10).frame()
    sides = [f"{name}_{venue}" for venue in "ab" for name in ("bid", "ask", "bid_size", "ask_size")]
    assert frame.columns == ["recv_ns", *sides, "age_a_ns", "age_b_ns", "stale_a", "stale_b", "stale"]
    assert frame["stale_a"].to_list() == [False, False, False, True]
    assert frame["stale_b"].to_list() == [False, False, False, False]
    assert frame["stale"].to_list() == [False, False, True, True]
    assert frame["bid_b"].to_list() == [98.5, 98.6, 98.6, 97.0]
    assert not frame.null_count().sum_horizontal().item()


def test_stale_flags_agree_with_the_frame_and_begin_after_the_limit() -> None:
    pair = align(A, B, max_age_ns=20, max_skew_ns=20)
    assert pair.stale.tolist() == [False] * 4
    tighter = align(A, B, max_age_ns=19)
    assert tighter.stale_a.tolist() == [False, False, False, True]
    assert tighter.stale_b.tolist() == [False, False, True, False]
    assert tighter.stale.tolist() == tighter.frame()["stale"].to_list() == [False, False, True, True]


def test_event_ages_are_null_where_the_venue_sends_no_time() -> None:
    a = A.with_columns(event_ns=pl.Series([7, None, 38], dtype=pl.Int64))
    frame = align(a, B).frame(event_ages=True)
    assert frame["event_age_a_ns"].to_list() == [8, None, 2, 22]
    assert frame["event_age_b_ns"].to_list() == [None] * 4
    assert frame.schema["event_age_a_ns"] == frame.schema["event_age_b_ns"] == pl.Int64


def test_a_column_of_nulls_is_a_venue_without_event_times() -> None:
    frame = align(A.with_columns(event_ns=pl.lit(None)), B).frame(event_ages=True)
    assert frame["event_age_a_ns"].to_list() == [None] * 4


def test_overlap_ends_with_the_stream_that_ends_first() -> None:
    pair = align(A, B, max_age_ns=7)
    cut = pair.overlap()
    assert isinstance(cut, Pair)
    assert cut.recv_ns.tolist() == [15, 20, 40]
    assert (cut.max_age_a_ns, cut.max_age_b_ns, cut.max_skew_ns) == (7, 7, None)
    assert cut.bid_a.tolist() == [99.0, 99.5, 98.0]


def test_holds_no_copy_of_prices_and_is_read_only() -> None:
    a = QUOTES.empty().drop("venue", "symbol")
    rows = pl.concat([a, A.with_columns(event_ns=pl.lit(None, pl.Int64)).select(a.columns)])
    pair = align(rows, B)
    assert np.shares_memory(pair.book_a.bid, rows["bid"].to_numpy())
    assert pair.row_a.dtype == pair.row_b.dtype == np.int32
    assert not any(one.flags.writeable for one in (pair.recv_ns, pair.row_a, pair.row_b, pair.book_b.ask))
    with pytest.raises(AttributeError):
        pair.max_skew_ns = 3  # type: ignore[misc]


def test_says_what_it_is() -> None:
    text = repr(align(A, B, max_age_ns=(None, 5)))
    assert text == (
        "Pair(4 updates, 1970-01-01T00:00:00.000Z to 1970-01-01T00:00:00.000Z, max_age_ns=(None, 5), max_skew_ns=None)"
    )


def test_accepts_frames_in_several_chunks() -> None:
    chunked = pl.concat([A[:1], A[1:]], rechunk=False)
    assert chunked.n_chunks() == 2
    assert align(chunked, B).frame().equals(align(A, B).frame())


def test_an_empty_side_is_kept_as_nan() -> None:
    pair = align(quotes([(10, NAN, NAN, 100.0, 1.0)]), quotes([(10, 99.0, 1.0, NAN, NAN)]))
    assert np.isnan(pair.bid_a).tolist() == [True]
    assert np.isnan(pair.ask_b).tolist() == [True]


@pytest.mark.parametrize(
    ("a", "b", "message"),
    [
        (A.drop("ask"), B, "quotes_a: expected columns recv_ns, bid, bid_size, ask, ask_size, was no 'ask'"),
        (A, B.rename({"recv_ns": "time"}), "quotes_b: expected columns .* was no 'recv_ns'"),
        (A.with_columns(pl.col("bid").cast(pl.Int64)), B, "quotes_a bid: expected Float64, was Int64; cast it"),
        (
            A.with_columns(pl.col("recv_ns").cast(pl.Datetime("ns"))),
            B,
            r"quotes_a recv_ns: expected Int64, was Datetime.*; time is nanoseconds UTC",
        ),
        (A, B[[1, 0, 2]], "quotes_b recv_ns row 1: expected a time not before row 0's 20, was 15; sort by recv_ns"),
        (
            A.with_columns(bid=pl.Series([99.0, None, None])),
            B,
            "quotes_a bid row 1: expected a value, was null; NaN marks an empty side",
        ),
        (
            A,
            B.with_columns(recv_ns=pl.Series([None, 20, 60])),
            "quotes_b recv_ns row 0: expected a value, was null; drop",
        ),
        (
            A.with_columns(ask=pl.Series([100.0, 0.0, 1.0])),
            B,
            "quotes_a ask row 1: expected a positive finite price, was 0",
        ),
        (A.with_columns(bid=pl.Series([1.0, 1.0, -2.5])), B, "quotes_a bid row 2: expected a positive .* was -2.5"),
        (A.with_columns(bid=pl.Series([math.inf, 1.0, 1.0])), B, "quotes_a bid row 0: expected a positive .* was inf"),
        (A, B.with_columns(ask_size=pl.Series([1.0, 0.0, -1.0])), "quotes_b ask_size row 2: .* zero or more, was -1"),
        (A, B.with_columns(bid_size=pl.Series([1.0, math.inf, 1.0])), "quotes_b bid_size row 1: .* was inf"),
        (A.with_columns(event_ns=pl.Series([1.0, 2.0, 3.0])), B, "quotes_a event_ns: expected Int64 .* was Float64"),
    ],
)
def test_bad_frames_are_refused_with_side_row_and_value(a: pl.DataFrame, b: pl.DataFrame, message: str) -> None:
    with pytest.raises(SchemaError, match=message):
        align(a, b)


def test_other_kinds_of_frame_are_refused() -> None:
    with pytest.raises(SchemaError, match="quotes_b: expected a polars DataFrame of quotes, was LazyFrame"):
        align(A, B.lazy())  # type: ignore[arg-type]


def test_empty_streams_and_streams_without_overlap_are_refused() -> None:
    with pytest.raises(
        BadInput, match="quotes_b: expected at least one quote, was an empty frame; choose another range"
    ):
        align(A, B[:0])
    late = B.with_columns(pl.col("recv_ns") + 1_000_000_000)
    message = "streams that overlap in time, was a 1970-01-01T00:00:00.000Z to .* and b 1970-01-01T00:00:01.000Z to"
    with pytest.raises(BadInput, match=message):
        align(A, late)
    with pytest.raises(BadInput, match="overlap"):
        align(late, A)


@pytest.mark.parametrize("limit", [-1, 1.5, "1s", True, 2**63])
def test_limits_must_be_whole_nanoseconds(limit: object) -> None:
    with pytest.raises(BadInput, match="max_age_ns: expected a whole number of nanoseconds"):
        align(A, B, max_age_ns=limit)  # type: ignore[arg-type]
    with pytest.raises(BadInput, match="max_skew_ns: expected a whole number of nanoseconds"):
        align(A, B, max_skew_ns=limit)  # type: ignore[arg-type]


def test_limits_come_one_or_two() -> None:
    with pytest.raises(BadInput, match="max_age_ns: expected one number, or one for A and one for B"):
        align(A, B, max_age_ns=(1, 2, 3))  # type: ignore[arg-type]
    assert align(A, B, max_age_ns=np.int64(5)).max_age_b_ns == 5  # type: ignore[arg-type]
