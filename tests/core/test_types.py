"""Symbols, venues, instruments, quotes, fees, clocks and errors."""

from __future__ import annotations

import dataclasses
import inspect
from decimal import Decimal
from math import isnan, nan
from typing import Any

import numpy as np
import pytest

from arbresearch.core import (
    ArbError,
    BadInput,
    FeeCurrency,
    FeeSchedule,
    Instrument,
    ManualClock,
    MarketType,
    Quote,
    Refused,
    Role,
    Side,
    StoreVersionError,
    Symbol,
    SystemClock,
    check_venue,
    errors,
    expected,
    net_edge_bps,
)


@pytest.mark.parametrize(
    ("text", "symbol", "market"),
    [
        ("LUNC/USDT", Symbol("LUNC", "USDT"), MarketType.SPOT),
        ("LUNC/USDT:USDT", Symbol("LUNC", "USDT", "USDT"), MarketType.SWAP),
        ("BTC/USD:BTC-251226", Symbol("BTC", "USD", "BTC", "251226"), MarketType.FUTURE),
        ("1000SATS/USDT", Symbol("1000SATS", "USDT"), MarketType.SPOT),
        ("A-B/USDT", Symbol("A-B", "USDT"), MarketType.SPOT),
    ],
)
def test_symbols_are_read_and_written(text: str, symbol: Symbol, market: MarketType) -> None:
    assert Symbol.parse(text) == symbol
    assert str(symbol) == text
    assert symbol.market is market


@pytest.mark.parametrize(
    "text",
    ["", "LUNCUSDT", "LUNC/", "/USDT", "LUNC/USDT:", "LUNC /USDT", "A/B/C", "A/B:C-2512", "LUNC/USDT\n", "A/B:C\n"],
)
def test_what_is_no_symbol_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match="symbol: expected BASE/QUOTE or BASE/QUOTE:SETTLE"):
        Symbol.parse(text)


@pytest.mark.parametrize("venue", ["mexc", "gate", "binance_us", "1inch"])
def test_venues(venue: str) -> None:
    assert check_venue(venue) == venue


@pytest.mark.parametrize("venue", ["", "MEXC", "gate.io", "a/b", "..", "mexc\n", "_a"])
def test_what_is_no_venue_is_refused(venue: str) -> None:
    with pytest.raises(BadInput, match="venue: expected a ccxt id"):
        check_venue(venue)


@pytest.mark.parametrize(
    ("field", "value"),
    [("tick", "0"), ("lot", "-1"), ("contract_size", "NaN"), ("min_quantity", "-1"), ("min_notional", "Infinity")],
)
def test_an_instrument_with_impossible_steps_is_refused(field: str, value: str) -> None:
    steps = {"tick": Decimal("0.1"), "lot": Decimal(1), field: Decimal(value)}
    with pytest.raises(BadInput, match=f"mexc A/B {field}: expected a"):
        Instrument("mexc", Symbol("A", "B"), **steps)  # type: ignore[arg-type]


def test_values_cannot_be_changed() -> None:
    quote = Quote(1, None, 1.0, 2.0, 1.5, 2.0)
    with pytest.raises(dataclasses.FrozenInstanceError):
        quote.bid = 2.0  # type: ignore[misc]


def test_quotes() -> None:
    quote = Quote(1, None, 1.0, 2.0, 1.5, 2.0)
    assert quote.mid == 1.25
    assert not quote.crossed
    assert Quote(1, None, 1.5, 2.0, 1.0, 2.0).crossed
    empty = Quote(1, 1, nan, nan, 1.0, 2.0)
    assert isnan(empty.mid)
    assert not empty.crossed


def test_sides() -> None:
    assert (Side.BUY.sign, Side.SELL.sign) == (1, -1)
    assert Side.BUY.opposite is Side.SELL
    assert Side.SELL.opposite is Side.BUY


def test_a_fee_is_taken_in_the_coin_it_is_said_to_be_taken_in() -> None:
    two, price = Decimal(2), Decimal("3.5")
    quote = FeeSchedule(0.0, 0.001)
    assert quote.charge(Role.TAKER, Side.BUY, two, price, "A", "USDT") == ("USDT", Decimal("0.007"))
    assert quote.charge(Role.MAKER, Side.BUY, two, price, "A", "USDT") == ("USDT", Decimal(0))
    received = FeeSchedule(-0.0001, 0.001, FeeCurrency.RECEIVED)
    assert received.charge(Role.TAKER, Side.BUY, two, price, "A", "USDT") == ("A", Decimal("0.002"))
    assert received.charge(Role.TAKER, Side.SELL, two, price, "A", "USDT") == ("USDT", Decimal("0.007"))
    assert received.charge(Role.MAKER, Side.SELL, two, price, "A", "USDT") == ("USDT", Decimal("-0.0007"))
    coin = FeeSchedule(0.001, 0.0015, FeeCurrency.COIN, "GT")
    assert coin.charge(Role.TAKER, Side.BUY, two, price, "A", "USDT") == ("GT", Decimal("0.0105"))


def test_a_fee_does_not_depend_on_how_role_and_side_are_spelled() -> None:
    schedule: Any = FeeSchedule(0.001, 0.002, paid_in="received")  # type: ignore[arg-type]
    assert schedule.rate("maker") == 0.001
    assert schedule.charge("taker", "buy", Decimal(1), Decimal(10), "A", "USDT") == ("A", Decimal("0.002"))


def test_a_fee_is_not_rounded() -> None:
    quantity, price = Decimal("123456789.123456789"), Decimal("0.000123456789123456")
    _, fee = FeeSchedule(0.0, np.float64(0.00075)).charge(Role.TAKER, Side.SELL, quantity, price, "A", "B")
    digits = 123456789123456789 * 123456789123456 * 75
    assert fee == Decimal(f"{digits}e-32")
    assert len(str(digits)) > 28


@pytest.mark.parametrize(("maker", "taker"), [(0.1, 0.001), (0.001, 10.0), (-0.02, 0.0), (nan, 0.0)])
def test_fees_that_look_like_percent_or_bps_are_refused(maker: float, taker: float) -> None:
    with pytest.raises(BadInput, match=r"fee: expected a fraction such as 0\.001 for 10 bps"):
        FeeSchedule(maker, taker)


def test_a_fee_coin_goes_with_fees_paid_in_it() -> None:
    with pytest.raises(BadInput, match="fee coin: expected a coin exactly when paid_in is 'coin'"):
        FeeSchedule(0.0, 0.0, FeeCurrency.COIN)
    with pytest.raises(BadInput, match="fee coin"):
        FeeSchedule(0.0, 0.0, FeeCurrency.QUOTE, "GT")


def test_fees_from_basis_points() -> None:
    schedule = FeeSchedule.from_bps(-1, 7.5, tier="vip1")
    assert schedule.maker == pytest.approx(-1e-4)
    assert schedule.taker == pytest.approx(7.5e-4)
    assert schedule.tier == "vip1"


def test_the_net_edge_is_what_is_left_of_a_round_trip() -> None:
    # Buy one coin for 100 plus 0.1 %, sell it for 101 less 0.2 %: 100.798 out of 100.1.
    assert net_edge_bps(101, 100, 0.002, 0.001) == pytest.approx((100.798 / 100.1 - 1) * 1e4)
    assert net_edge_bps(100, 100, 0.0, 0.0) == 0.0
    assert isnan(net_edge_bps(nan, 100, 0.0, 0.0))


def test_the_clock_that_is_turned_by_hand() -> None:
    clock = ManualClock(5)
    assert (clock.now_ns(), clock.monotonic_ns()) == (5, 5)
    assert clock.advance(10) == 15
    assert clock.now_ns() == 15
    with pytest.raises(BadInput, match="clock step: expected zero or more nanoseconds, was -1"):
        clock.advance(-1)
    assert clock.now_ns() == 15


def test_the_machines_clock_goes_forward() -> None:
    clock = SystemClock()
    first, second = clock.monotonic_ns(), clock.monotonic_ns()
    assert second >= first
    assert clock.now_ns() > 1_700_000_000 * 10**9


def test_every_error_is_of_the_one_tree_and_has_an_exit_code() -> None:
    classes = [one for _, one in inspect.getmembers(errors, inspect.isclass) if one.__module__ == errors.__name__]
    assert set(errors.__all__) == {one.__name__ for one in classes} | {"expected"}
    assert all(issubclass(one, ArbError) for one in classes)
    assert all(one.exit_code == 2 for one in classes if issubclass(one, BadInput))
    assert {one.exit_code for one in classes} == {1, 2, 3}
    assert (ArbError.exit_code, Refused.exit_code, StoreVersionError.exit_code) == (1, 3, 2)


def test_messages_say_what_was_expected_found_and_to_do() -> None:
    assert expected("tick", "a positive decimal", -1) == "tick: expected a positive decimal, was -1"
    assert expected("a", "b", "c", "do d") == "a: expected b, was c; do d"
