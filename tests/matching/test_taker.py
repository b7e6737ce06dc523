"""Taking from a displayed book: printed values, bands, consumption, and an obvious book as oracle."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arbresearch.core import BadInput, FeeCurrency, FeeSchedule, Quote, Role, SchemaError, Side, floor_to_step
from arbresearch.edges import slippage_bps
from arbresearch.matching import (
    DisplayedBook,
    SquareRootImpact,
    TakerFill,
    TakerOrder,
    TimeInForce,
    fee_of,
    take_at_arrivals,
)
from arbresearch.matching.queue_kernels import _floor_to_lot
from arbresearch.matching.taker_kernels import floor_to_lot, take
from tests.matching.slow import SlowTaker

NAN = math.nan
ASKS, ASK_SIZES = [100.0, 100.1, 100.5], [1.0, 2.0, 5.0]
BIDS, BID_SIZES = [99.0, 98.5, 98.0], [1.0, 2.0, 5.0]


def book(**terms: Any) -> DisplayedBook:
    shown = DisplayedBook(**terms)
    shown.show(Quote(0, None, BIDS[0], BID_SIZES[0], ASKS[0], ASK_SIZES[0]))
    shown.show_ladder(0, BIDS, BID_SIZES, ASKS, ASK_SIZES)
    return shown


def buy(quantity: float, limit: float | None = None, force: TimeInForce = TimeInForce.IOC) -> TakerOrder:
    return TakerOrder(side=Side.BUY, quantity=quantity, limit=limit, time_in_force=force)


def test_walk_of_four() -> None:
    fill = book().take(buy(4.0), 0)
    assert fill.quantity == 4.0
    assert fill.price == pytest.approx(100.175, abs=1e-12)
    assert slippage_bps(fill.price, 100.0) == pytest.approx(17.5, abs=1e-9)


def test_sells_walk_down_the_bids() -> None:
    fill = book().take(TakerOrder(side=Side.SELL, quantity=4.0), 0)
    assert (fill.quantity, fill.notional_quote) == (4.0, 99.0 + 2.0 * 98.5 + 98.0)


def test_the_band_ends_the_walk_and_its_end_belongs_to_it() -> None:
    assert book().take(buy(4.0, 100.1), 0) == TakerFill(3.0, 300.2, 0.0, 0.0)
    assert book().take(buy(4.0, 100.0999), 0) == TakerFill(1.0, 100.0, 0.0, 0.0)
    assert book().take(buy(4.0, 99.9), 0).quantity == 0.0
    assert book().take(TakerOrder(side=Side.SELL, quantity=9.0, limit=98.5), 0).quantity == 3.0


def test_fill_or_kill_is_all_or_nothing() -> None:
    assert book().take(buy(3.0, 100.1, TimeInForce.FOK), 0).quantity == 3.0
    shown = book()
    assert shown.take(buy(3.5, 100.1, TimeInForce.FOK), 0) == TakerFill(0.0, 0.0, 0.0, 0.0)
    assert shown.take(buy(3.0, 100.1), 0).quantity == 3.0, "a killed order takes nothing"


def test_displayed_size_is_taken_once_an_update() -> None:
    shown = book()
    assert shown.take(buy(2.0), 0).notional_quote == pytest.approx(100.0 + 100.1)
    assert shown.take(buy(2.0), 0).notional_quote == pytest.approx(100.1 + 100.5)
    assert shown.take(TakerOrder(side=Side.SELL, quantity=1.0), 0).notional_quote == 99.0, "the other side is untouched"
    assert shown.take(buy(9.0), 0).quantity == 4.0
    assert shown.take(buy(1.0), 0).quantity == 0.0
    shown.show(Quote(1, None, 99.0, 1.0, 100.0, 1.0))
    assert shown.take(buy(9.0), 1).quantity == 8.0


def test_without_a_young_ladder_only_the_top_is_known() -> None:
    shown = book(depth_age_ns=10)
    assert shown.take(buy(9.0), 10).quantity == 8.0
    assert book(depth_age_ns=10).take(buy(9.0), 11).quantity == 1.0


def test_levels_that_the_quote_shows_to_be_gone_are_not_taken() -> None:
    shown = book()
    shown.show(Quote(1, None, 99.0, 1.0, 100.1, 0.5))
    fill = shown.take(buy(9.0), 1)
    assert fill.quantity == 5.5
    assert fill.notional_quote == pytest.approx(0.5 * 100.1 + 5.0 * 100.5)


def test_an_empty_side_fills_nothing() -> None:
    shown = book()
    shown.show(Quote(1, None, 99.0, 1.0, NAN, NAN))
    fill = shown.take(buy(1.0), 1)
    assert fill.quantity == 0.0
    assert math.isnan(fill.price)
    assert DisplayedBook().take(buy(1.0), 0).quantity == 0.0


def test_whole_lots_only() -> None:
    shown = DisplayedBook(lot=0.1)
    shown.show(Quote(0, None, 99.0, 1.0, 100.0, 0.35))
    assert shown.take(buy(0.3), 0).quantity == 0.3
    assert shown.take(buy(0.3), 0).quantity == 0.0, "half a lot is left"
    assert book(lot=3.0).take(buy(8.0), 0).quantity == 6.0
    assert book(lot=3.0).take(buy(2.9), 0).quantity == 0.0


@pytest.mark.parametrize("lot", ["0.1", "0.01", "0.0025", "0.00001", "0.2", "0.03", "1", "3", "10", "1000"])
def test_floors_are_those_of_exact_decimals(lot: str) -> None:
    for count in (0, 1, 2, 3, 7, 29, 333, 99_999):
        exact = count * Decimal(lot)
        for above in (Decimal(0), Decimal(lot) / 2):
            wanted = float(exact + above)
            got = floor_to_lot(wanted, float(lot))
            assert got == pytest.approx(float(floor_to_step(wanted, lot)), rel=1e-15)
            assert _floor_to_lot(wanted, float(lot)) == got
    assert floor_to_lot(0.1 + 0.2, 0.1) == 0.3
    assert floor_to_lot(0.7, 0.0) == 0.7
    assert math.isnan(floor_to_lot(NAN, 0.1))


def test_impact_moves_the_price_and_narrows_the_band() -> None:
    law = SquareRootImpact(sigma_daily_bps=300.0, volume_daily_base=1e4)
    fill = book(impact=law).take(buy(1.0), 0)
    assert fill.price == pytest.approx(100.0 * (1.0 + 3.0e-4), abs=1e-10)
    four = book(impact=law).take(buy(4.0), 0)
    assert four.price == pytest.approx(100.175 * (1.0 + 6.0e-4), abs=1e-10)
    sold = book(impact=law).take(TakerOrder(side=Side.SELL, quantity=1.0), 0)
    assert sold.price == pytest.approx(99.0 * (1.0 - 3.0e-4), abs=1e-10)
    assert book(impact=law).take(buy(1.0, 100.02), 0).quantity == 0.0
    part = book(impact=law).take(buy(4.0, 100.1), 0)
    assert (part.quantity, part.price) == (1.0, pytest.approx(100.03, abs=1e-10)), "what fills pays for itself alone"
    assert book(impact=law).take(buy(1.0, 100.031), 0).quantity == 1.0


def test_fees_by_role_and_coin() -> None:
    plain = FeeSchedule.from_bps(2.0, 10.0)
    received = FeeSchedule(0.0002, 0.001, FeeCurrency.RECEIVED)
    assert book(fees=plain).take(buy(1.0), 0) == TakerFill(1.0, 100.0, 0.0, 0.1)
    assert book(fees=received).take(buy(1.0), 0) == TakerFill(1.0, 100.0, 0.001, 0.0)
    for fees in (plain, received, FeeSchedule(-0.0001, 0.001, FeeCurrency.COIN, "GT")):
        for role in Role:
            for side in Side:
                currency, amount = fees.charge(role, side, Decimal(3), Decimal(50), "BASE", "QUOTE")
                base, quote = fee_of(fees, role, side, 3.0, 150.0)
                assert (base if currency == "BASE" else quote) == pytest.approx(float(amount))
                assert (quote if currency == "BASE" else base) == 0.0
    assert fee_of(None, Role.TAKER, Side.BUY, 3.0, 150.0) == (0.0, 0.0)


def test_kernels_fill_nothing_for_nan() -> None:
    prices, sizes = np.array([100.0]), np.array([1.0])
    for quantity, limit in ((NAN, 101.0), (1.0, NAN), (-1.0, 101.0)):
        assert take(prices, sizes, np.zeros(1), 1, False, quantity, limit, 0.0, False, 0.0) == (0.0, 0.0)


def test_bad_orders_are_refused() -> None:
    with pytest.raises(BadInput, match="quantity"):
        buy(NAN)
    with pytest.raises(BadInput, match="limit"):
        buy(1.0, -5.0)
    with pytest.raises(BadInput, match="lot"):
        DisplayedBook(lot=-0.1)
    with pytest.raises(BadInput, match="depth_age_ns"):
        DisplayedBook(depth_age_ns=-1)
    with pytest.raises(SchemaError, match="bids"):
        DisplayedBook().show_ladder(0, [1.0], [1.0, 2.0], [2.0], [1.0])


QUARTERS = st.integers(1, 24).map(lambda quarters: quarters * 0.25)
SIZES = st.integers(0, 12).map(lambda eighths: eighths * 0.125)


@st.composite
def markets(draw: st.DrawFn) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Draw quotes, ladders and orders on a coarse grid, so that sums of doubles are exact and ties are common."""
    rows = draw(st.integers(1, 6))
    times = sorted(draw(st.lists(st.integers(0, 20), min_size=rows, max_size=rows)))
    bids = [draw(st.integers(38, 42)) * 0.25 for _ in times]
    quotes = pl.DataFrame(
        {
            "recv_ns": times,
            "bid": [draw(st.sampled_from([one, one, one, NAN])) for one in bids],
            "bid_size": [draw(SIZES) for _ in times],
            "ask": [one + 0.25 * draw(st.integers(1, 3)) for one in bids],
            "ask_size": [draw(SIZES) for _ in times],
        }
    )
    moments = sorted(draw(st.lists(st.integers(0, 20), max_size=3)))
    tops = [draw(st.integers(38, 42)) for _ in moments]
    depth = pl.DataFrame(
        {
            "recv_ns": moments,
            "bids": [[0.25 * (top - level) for level in range(4)] for top in tops],
            "bid_sizes": [[draw(SIZES) for _ in range(4)] for _ in tops],
            "asks": [[0.25 * (top + 1 + level) for level in range(4)] for top in tops],
            "ask_sizes": [[draw(SIZES) for _ in range(4)] for _ in tops],
        },
        schema={"recv_ns": pl.Int64}
        | dict.fromkeys(("bids", "bid_sizes", "asks", "ask_sizes"), pl.Array(pl.Float64, 4)),
    )
    arrivals = sorted(draw(st.lists(st.integers(0, 22), min_size=1, max_size=8)))
    orders = pl.DataFrame(
        {
            "meets_ns": arrivals,
            "side": [draw(st.sampled_from(["buy", "sell"])) for _ in arrivals],
            "quantity": [draw(QUARTERS) for _ in arrivals],
            "limit": [draw(st.one_of(st.none(), st.integers(37, 44).map(lambda one: 0.25 * one))) for _ in arrivals],
            "time_in_force": [draw(st.sampled_from(["ioc", "fok"])) for _ in arrivals],
        },
        schema_overrides={"limit": pl.Float64},
    )
    return quotes, depth, orders


def known(quotes: pl.DataFrame, depth: pl.DataFrame, moment: int, side: Side, age: int) -> list[tuple[float, float]]:
    """List the levels an order may take, by looking through all rows."""
    before = [row for row in quotes.iter_rows(named=True) if row["recv_ns"] <= moment]
    ladders = [row for row in depth.iter_rows(named=True) if row["recv_ns"] <= moment]
    name, sizes, sign = ("ask", "ask_sizes", 1) if side is Side.BUY else ("bid", "bid_sizes", -1)
    if not before or math.isnan(before[-1][name]):
        return []
    best = before[-1][name]
    levels = [(best, before[-1][f"{name}_size"])]
    if ladders and moment - ladders[-1]["recv_ns"] <= age:
        rungs = zip(ladders[-1][f"{name}s"], ladders[-1][sizes], strict=True)
        levels += [rung for rung in rungs if (rung[0] - best) * sign > 0]
    return levels


def updates(quotes: pl.DataFrame, depth: pl.DataFrame, moment: int) -> tuple[int, int]:
    return quotes.filter(pl.col("recv_ns") <= moment).height, depth.filter(pl.col("recv_ns") <= moment).height


@settings(deadline=None)
@given(markets(), st.sampled_from([0.25, 0.5, 1.0]), st.integers(0, 8))
def test_fills_are_those_of_an_obvious_book(
    market: tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame], lot: float, age: int
) -> None:
    quotes, depth, orders = market
    fills = take_at_arrivals(quotes, orders, depth=depth, lot=lot, depth_age_ns=age)
    slow = {side: SlowTaker(Fraction(lot)) for side in Side}
    state: tuple[object, ...] = ()
    for order, fill in zip(orders.iter_rows(named=True), fills.iter_rows(named=True), strict=True):
        moment = order["meets_ns"]
        if updates(quotes, depth, moment) != state:
            state = updates(quotes, depth, moment)
            eaten = {side: dict[Fraction, Fraction]() for side in Side}
        side = Side(order["side"])
        levels = known(quotes, depth, moment, side, age)
        slow[side].show(levels)
        for level in slow[side].levels:
            level[1] -= eaten[side].get(level[0], Fraction(0))
        there = {level[0]: level[1] for level in slow[side].levels}
        filled, paid = slow[side].take(side, order["quantity"], order["limit"], order["time_in_force"] == "fok")
        for price, size in slow[side].levels:
            eaten[side][price] = eaten[side].get(price, Fraction(0)) + there[price] - size
        assert (fill["filled"], fill["notional_quote"]) == (filled, paid)
        met = quotes.filter(pl.col("recv_ns") <= moment)
        assert fill["book_ns"] == (met["recv_ns"][-1] if met.height else None)


@settings(deadline=None)
@given(markets(), st.sampled_from([0.25, 0.5]))
def test_one_book_object_fills_as_the_arrays_do(
    market: tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame], lot: float
) -> None:
    quotes, depth, orders = market
    fees = FeeSchedule(0.0, 0.001, FeeCurrency.RECEIVED)
    law = SquareRootImpact(sigma_daily_bps=200.0, volume_daily_base=1e3)
    fills = take_at_arrivals(quotes, orders, depth=depth, lot=lot, depth_age_ns=5, fees=fees, impact=law)
    shown = DisplayedBook(lot=lot, depth_age_ns=5, fees=fees, impact=law)
    events = [(row["recv_ns"], 0, row) for row in quotes.iter_rows(named=True)]
    events += [(row["recv_ns"], 1, row) for row in depth.iter_rows(named=True)]
    events += [(row["meets_ns"], 2, row) for row in orders.iter_rows(named=True)]
    got = []
    for moment, kind, row in sorted(events, key=lambda one: one[:2]):
        if kind == 0:
            shown.show(Quote(moment, None, row["bid"], row["bid_size"], row["ask"], row["ask_size"]))
        elif kind == 1:
            shown.show_ladder(moment, row["bids"], row["bid_sizes"], row["asks"], row["ask_sizes"])
        else:
            order = TakerOrder(
                side=Side(row["side"]),
                quantity=row["quantity"],
                limit=row["limit"],
                time_in_force=TimeInForce(row["time_in_force"]),
            )
            fill = shown.take(order, moment)
            got.append((fill.quantity, fill.notional_quote, fill.fee_base, fill.fee_quote))
            if fill.quantity > 0.0 and row["limit"] is not None:
                beyond = fill.price - row["limit"] if row["side"] == "buy" else row["limit"] - fill.price
                assert beyond <= 1e-12
    assert got == fills.select("filled", "notional_quote", "fee_base", "fee_quote").rows()


@settings(deadline=None)
@given(markets(), markets(), st.integers(0, 20))
def test_what_comes_after_the_arrival_does_not_matter(
    market: tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame],
    other: tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame],
    cut: int,
) -> None:
    quotes, depth, orders = market
    late = [pl.concat([one.filter(pl.col("recv_ns") <= cut), two.filter(pl.col("recv_ns") > cut)])
            for one, two in ((quotes, other[0]), (depth, other[1]))]  # fmt: skip
    early = orders.filter(pl.col("meets_ns") <= cut).height
    fills = take_at_arrivals(quotes, orders, depth=depth).head(early)
    assert take_at_arrivals(late[0], orders, depth=late[1]).head(early).equals(fills)


@settings(deadline=None)
@given(markets())
def test_ten_times_the_prices_is_ten_times_the_money(market: tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]) -> None:
    quotes, depth, orders = market
    scaled = take_at_arrivals(
        quotes.with_columns(pl.col("bid", "ask") * 10.0),
        orders.with_columns(pl.col("limit") * 10.0),
        depth=depth.with_columns((pl.col(name) * 10.0).cast(pl.Array(pl.Float64, 4)) for name in ("bids", "asks")),
    )
    plain = take_at_arrivals(quotes, orders, depth=depth)
    assert scaled["filled"].to_list() == plain["filled"].to_list()
    assert scaled["notional_quote"].to_list() == pytest.approx((plain["notional_quote"] * 10.0).to_list(), rel=1e-12)


def test_bad_frames_are_refused() -> None:
    quotes = pl.DataFrame({"recv_ns": [2, 1], "bid": 1.0, "bid_size": 1.0, "ask": 2.0, "ask_size": 1.0})
    orders = pl.DataFrame({"meets_ns": [1], "side": ["buy"], "quantity": [1.0]})
    good = quotes.sort("recv_ns")
    assert take_at_arrivals(good, orders)["filled"].to_list() == [1.0]
    with pytest.raises(SchemaError, match="rising"):
        take_at_arrivals(quotes, orders)
    with pytest.raises(SchemaError, match="no ask"):
        take_at_arrivals(good.drop("ask"), orders)
    with pytest.raises(BadInput, match="side"):
        take_at_arrivals(good, orders.with_columns(side=pl.lit("long")))
    with pytest.raises(BadInput, match="quantity"):
        take_at_arrivals(good, orders.with_columns(quantity=pl.lit(-1.0)))
    with pytest.raises(BadInput, match="limit"):
        take_at_arrivals(good, orders.with_columns(limit=pl.lit(0.0)))
    with pytest.raises(BadInput, match="time_in_force"):
        take_at_arrivals(good, orders.with_columns(time_in_force=pl.lit("gtc")))
    with pytest.raises(BadInput, match="depth_age_ns"):
        take_at_arrivals(good, orders, depth_age_ns=-1)
    with pytest.raises(SchemaError, match="arrays"):
        take_at_arrivals(
            good,
            orders,
            depth=good.rename({"bid": "bids", "bid_size": "bid_sizes", "ask": "asks", "ask_size": "ask_sizes"}),
        )
