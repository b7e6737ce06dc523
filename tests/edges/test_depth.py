"""Walking books against hand computation."""

from __future__ import annotations

import math

import numpy as np
import polars as pl
import pytest

from arbresearch.core import BadInput, FeeSchedule, SchemaError
from arbresearch.edges import executable, executable_books, slippage_bps, walk, walk_books

NAN = math.nan
ASKS, SIZES = [100.0, 100.1, 100.5], [1.0, 2.0, 5.0]


def test_walk_of_four_through_three_asks() -> None:
    vwap, filled = walk(ASKS, SIZES, 4.0)
    assert vwap == pytest.approx(100.175, abs=1e-12)
    assert filled == 4.0
    assert slippage_bps(vwap, ASKS[0]) == pytest.approx(17.5, abs=1e-9)


def test_walk_down_bids() -> None:
    vwap, filled = walk([100.0, 99.9, 99.5], SIZES, 4.0)
    assert (vwap, filled) == (pytest.approx(99.825, abs=1e-12), 4.0)
    assert slippage_bps(vwap, 100.0) == pytest.approx(17.5, abs=1e-9)


def test_too_little_depth_is_said() -> None:
    assert walk(ASKS, SIZES, 20.0) == (pytest.approx((100.0 + 200.2 + 502.5) / 8.0), 8.0)
    frame = walk_books([ASKS, ASKS], [SIZES, SIZES], [8.0, 8.1])
    assert frame["complete"].to_list() == [True, False]
    assert frame["filled"].to_list() == [8.0, 8.0]


def test_unknown_levels_and_empty_ones_are_skipped() -> None:
    assert walk([NAN, 100.0, 100.2, 100.4, NAN], [5.0, 1.0, NAN, 0.0, NAN], 2.0) == (100.0, 1.0)
    vwap, filled = walk([NAN], [NAN], 1.0)
    assert math.isnan(vwap)
    assert filled == 0.0
    row = walk_books([[NAN, 100.0, 101.0]], [[1.0, 1.0, 1.0]], 2.0).row(0, named=True)
    assert row["slippage_bps"] == pytest.approx(50.0)


def test_nothing_wanted_is_nothing_filled() -> None:
    vwap, filled = walk(ASKS, SIZES, 0.0)
    assert math.isnan(vwap)
    assert filled == 0.0


def test_spending_a_notional() -> None:
    frame = walk_books([ASKS, ASKS], [SIZES, SIZES], notional=[250.1, 1e6])
    assert frame["filled"].to_list() == pytest.approx([1.0 + 150.1 / 100.1, 8.0])
    assert frame["notional"].to_list() == pytest.approx([250.1, 802.7])
    assert frame["vwap"].to_list() == pytest.approx([250.1 / (1.0 + 150.1 / 100.1), 802.7 / 8.0])
    assert frame["complete"].to_list() == [True, False]


def test_takes_columns_of_a_store_frame() -> None:
    frame = pl.DataFrame({"asks": [ASKS, [99.0, NAN, NAN]], "ask_sizes": [SIZES, [9.0, NAN, NAN]]}).cast(
        pl.Array(pl.Float64, 3)
    )
    found = walk_books(frame["asks"], frame["ask_sizes"], 4.0)
    assert found["vwap"].to_list() == pytest.approx([100.175, 99.0])
    assert found.columns == ["vwap", "filled", "notional", "slippage_bps", "complete"]


def test_hand_computed_executable_size() -> None:
    """1.0 at 102 on 100, then 0.5 at 101 on 100, 1.5 at 101 on 100.4; 101 on 101.2 no longer pays."""
    found = executable([102.0, 101.0], [1.0, 4.0], [100.0, 100.4, 101.2], [1.5, 1.5, 9.0])
    assert found.quantity == 3.0
    assert found.sell_vwap == pytest.approx((102.0 + 202.0) / 3.0)
    assert found.buy_vwap == pytest.approx((150.0 + 150.6) / 3.0)
    assert found.profit_quote == pytest.approx(304.0 - 300.6)
    assert found.edge_bps == pytest.approx((304.0 / 300.6 - 1.0) * 1e4)
    assert not found.exhausted


def test_threshold_and_fees_shrink_the_executable_size() -> None:
    books = ([102.0, 101.0], [1.0, 4.0], [100.0, 100.4, 101.2], [1.5, 1.5, 9.0])
    assert executable(*books, threshold_bps=60.0).quantity == 1.5
    assert executable(*books, threshold_bps=150.0).quantity == 1.0
    assert executable(*books, threshold_bps=201.0).quantity == 0.0
    fee = FeeSchedule(0.0, 0.002)
    paid = executable(*books, sell_fees=fee, buy_fees=fee)
    assert paid.quantity == 3.0
    assert paid.profit_quote == pytest.approx(304.0 * 0.998 - 300.6 * 1.002)
    dear = executable(*books, sell_fees=FeeSchedule(0.0, 0.008), buy_fees=fee)
    assert dear.quantity == 1.5 - 0.5
    assert dear.profit_quote == pytest.approx(102.0 * 0.992 - 100.0 * 1.002)


def test_executable_says_when_the_books_were_the_bound() -> None:
    deep = executable([102.0], [5.0], [100.0, 101.0], [1.0, 2.0])
    assert (deep.quantity, deep.exhausted) == (3.0, True)
    bounded = executable([102.0], [5.0], [100.0, 101.0], [1.0, 2.0], max_quantity=2.5)
    assert (bounded.quantity, bounded.exhausted) == (2.5, False)


def test_no_edge_is_no_trade() -> None:
    found = executable([99.0], [1.0], [100.0], [1.0])
    assert (found.quantity, found.profit_quote, found.exhausted) == (0.0, 0.0, False)
    assert math.isnan(found.edge_bps)
    assert math.isnan(found.sell_vwap)
    empty = executable([NAN], [NAN], [100.0], [1.0])
    assert (empty.quantity, empty.exhausted) == (0.0, False)


def test_many_books_at_once_are_each_as_alone() -> None:
    bids, asks = np.array([[102.0, 101.0], [99.0, 98.0]]), np.array([[100.0, 100.4, 101.2], [100.0, 101.0, NAN]])
    bid_sizes, ask_sizes = np.array([[1.0, 4.0], [1.0, 1.0]]), np.array([[1.5, 1.5, 9.0], [1.0, 1.0, NAN]])
    found = executable_books(bids, bid_sizes, asks, ask_sizes)
    assert found["quantity"].to_list() == [3.0, 0.0]
    assert found["profit_quote"].to_list() == pytest.approx([3.4, 0.0])


@pytest.mark.parametrize(
    ("prices", "sizes", "message"),
    [
        (
            [100.0, 100.5, 100.1],
            SIZES,
            "prices level 2: expected positive finite prices, best first, .* was price 100.1",
        ),
        ([100.0, 100.1, -1.0], SIZES, "prices level 2: .* was price -1.0 size 5.0"),
        ([100.0, math.inf], [1.0, 1.0], "prices level 1"),
        (ASKS, [1.0, -2.0, 5.0], "prices level 1: .* size -2.0; NaN marks a level that is not there"),
        (ASKS, [1.0, 2.0], r"prices and their sizes: expected arrays of one shape \(levels,\), was \(3,\) and \(2,\)"),
        ([ASKS], [SIZES], r"arrays of one shape \(levels,\), was \(1, 3\)"),
    ],
)
def test_impossible_books_are_refused(prices: list[float], sizes: list[float], message: str) -> None:
    with pytest.raises(SchemaError, match=message):
        walk(prices, sizes, 1.0)


def test_refusals_name_book_and_side() -> None:
    with pytest.raises(SchemaError, match="prices row 1 level 2: expected"):
        walk_books([ASKS, [100.0, 100.5, 100.1]], [SIZES, SIZES], 1.0)
    with pytest.raises(SchemaError, match="bids level 1: expected positive finite prices, falling"):
        executable([99.0, 100.0], [1.0, 1.0], [101.0], [1.0])
    with pytest.raises(SchemaError, match="asks level 1: expected positive finite prices, rising"):
        executable([99.0], [1.0], [101.0, 100.0], [1.0, 1.0])
    with pytest.raises(SchemaError, match="bids and asks: expected 1 books each, was 2"):
        executable_books([[1.0]], [[1.0]], [[1.0], [1.0]], [[1.0], [1.0]])


def test_bad_amounts_are_refused() -> None:
    with pytest.raises(BadInput, match=r"quantity: expected finite numbers of zero or more, was -1\.0"):
        walk(ASKS, SIZES, -1.0)
    with pytest.raises(BadInput, match="quantity: expected one number, or one for each of 1 books"):
        walk_books([ASKS], [SIZES], [1.0, 2.0])
    with pytest.raises(BadInput, match="either quantity or notional, was neither"):
        walk_books([ASKS], [SIZES])
    with pytest.raises(BadInput, match="either quantity or notional, was both"):
        walk_books([ASKS], [SIZES], 1.0, notional=1.0)
    with pytest.raises(BadInput, match="max_quantity: expected finite numbers"):
        executable([99.0], [1.0], [101.0], [1.0], max_quantity=NAN)
    with pytest.raises(BadInput, match="threshold_bps: expected a finite number"):
        executable([99.0], [1.0], [101.0], [1.0], threshold_bps=NAN)
