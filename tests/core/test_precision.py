"""Flooring to steps: exact for every multiple."""

from __future__ import annotations

import random
from decimal import Decimal, localcontext
from fractions import Fraction
from math import gcd

import numpy as np
import pytest

from arbresearch.core import (
    BadInput,
    Instrument,
    Side,
    Symbol,
    ceil_to_step,
    common_lot,
    decimal_of,
    decimals_of,
    floor_to_step,
    order_quantity,
    quantity_for_notional,
    round_price,
)
from arbresearch.core.precision import exact_product


def random_decimal(rng: random.Random) -> Decimal:
    digits = rng.randint(1, 10 ** rng.randint(1, 18))
    return Decimal(digits).scaleb(-rng.randint(0, 14))


def test_ten_thousand_random_cases_are_floored_and_ceiled_as_defined() -> None:
    rng = random.Random(1)
    for _ in range(10_000):
        value, step = random_decimal(rng) * rng.choice([1, -1]), random_decimal(rng)
        floor, ceiling = floor_to_step(value, step), ceil_to_step(value, step)
        whole = Fraction(floor) / Fraction(step)
        assert whole.denominator == 1
        assert Fraction(floor) <= Fraction(value) < Fraction(floor) + Fraction(step)
        assert Fraction(ceiling) - Fraction(step) < Fraction(value) <= Fraction(ceiling)
        assert (Fraction(ceiling) / Fraction(step)).denominator == 1


def test_ten_thousand_exact_multiples_stay_where_they_are_even_as_floats() -> None:
    rng = random.Random(2)
    for _ in range(10_000):
        places = rng.randint(0, 9)
        step = Decimal(rng.choice([1, 2, 5, 25])).scaleb(-places)
        multiple = step * rng.randint(1, 10**6)
        for given in (multiple, str(multiple), float(multiple), np.float64(multiple)):
            assert floor_to_step(given, step) == multiple
            assert floor_to_step(given, float(step)) == multiple
            assert ceil_to_step(given, str(step)) == multiple


@pytest.mark.parametrize(
    ("value", "step", "floor", "ceiling"),
    [
        (0.3, "0.1", "0.3", "0.3"),
        (0.1 + 0.2, "0.1", "0.3", "0.4"),
        ("0.29999999", "0.1", "0.2", "0.3"),
        (1e-8, "1e-8", "1e-8", "1e-8"),
        (123456.789, "0.01", "123456.78", "123456.79"),
        ("-0.05", "0.1", "-0.1", "0.0"),
        (7, 5, "5", "10"),
        (np.int64(7), np.int32(5), "5", "10"),
        ("9999999999999999999999999999999999999.5", "1", "9999999999999999999999999999999999999", "1e37"),
        (1e22, "1e-18", "1e22", "1e22"),
    ],
)
def test_flooring_by_hand(value: float | str, step: float | str, floor: str, ceiling: str) -> None:
    assert floor_to_step(value, step) == Decimal(floor)
    assert ceil_to_step(value, step) == Decimal(ceiling)


def test_the_callers_decimal_context_changes_nothing() -> None:
    with localcontext() as context:
        context.prec = 3
        assert floor_to_step("123456.789", "0.001") == Decimal("123456.789")
        assert quantity_for_notional("123456.789", "1", "0.001") == Decimal("123456.789")
        assert exact_product(Decimal("1.23456789"), Decimal("9.87654321")) == Decimal("12.1932631112635269")


@pytest.mark.parametrize("step", ["0", "-0.1", 0.0])
def test_a_step_that_is_not_positive_is_refused(step: float | str) -> None:
    with pytest.raises(BadInput, match="step: expected a positive decimal"):
        floor_to_step("1", step)


@pytest.mark.parametrize("value", ["abc", "NaN", "Infinity", float("nan"), float("-inf"), None, [], "1e500", "1e-500"])
def test_what_is_no_ordinary_number_is_refused(value: object) -> None:
    with pytest.raises(BadInput, match="size: expected"):
        decimal_of(value, "size")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("value", "places"), [("1.500", 1), (100, 0), ("1e3", 0), (0.1, 1), ("0.00001230", 7), (1e-8, 8), (0, 0)]
)
def test_decimals_without_trailing_zeros(value: float | str, places: int) -> None:
    assert decimals_of(value) == places


@pytest.mark.parametrize(
    ("first", "second", "lot"),
    [("0.04", "0.06", "0.12"), ("10", "0.001", "10"), (1, 1, "1"), ("0.3", "0.2", "0.6"), (0.1, 0.25, "0.5")],
)
def test_common_lot_by_hand(first: float | str, second: float | str, lot: str) -> None:
    assert common_lot(first, second) == Decimal(lot)


def test_common_lot_is_the_least_common_multiple() -> None:
    rng = random.Random(3)
    for _ in range(5_000):
        lots = [Decimal(rng.randint(1, 10**9)).scaleb(-rng.randint(0, 12)) for _ in range(2)]
        first, second = (Fraction(common_lot(*lots)) / Fraction(lot) for lot in lots)
        assert first.denominator == second.denominator == 1
        assert gcd(first.numerator, second.numerator) == 1  # else a smaller one would do


@pytest.mark.parametrize("lot", [0, "-1"])
def test_a_lot_that_is_not_positive_is_refused(lot: float | str) -> None:
    with pytest.raises(BadInput, match="lot: expected a positive decimal"):
        common_lot("1", lot)


def test_quantity_for_notional_is_the_most_that_the_money_buys() -> None:
    rng = random.Random(4)
    for _ in range(5_000):
        notional, price, lot = (random_decimal(rng) for _ in range(3))
        quantity = Fraction(quantity_for_notional(notional, price, lot))
        assert (quantity / Fraction(lot)).denominator == 1
        assert quantity * Fraction(price) <= Fraction(notional) < (quantity + Fraction(lot)) * Fraction(price)


def test_quantity_for_notional_by_hand() -> None:
    assert quantity_for_notional(100, 3, "0.1") == Decimal("33.3")
    assert quantity_for_notional(0.3, 0.1, 1) == 3
    assert quantity_for_notional(-5, 1, 1) == 0
    with pytest.raises(BadInput, match="price: expected a positive decimal"):
        quantity_for_notional(1, 0, 1)
    with pytest.raises(BadInput, match="lot: expected a positive decimal"):
        quantity_for_notional(1, 1, "-2")


def test_a_limit_price_is_never_worse_than_asked() -> None:
    assert round_price("1.2345", "0.01", Side.BUY) == Decimal("1.23")
    assert round_price("1.2345", "0.01", Side.SELL) == Decimal("1.24")
    assert round_price(0.07, 0.01, Side.SELL) == Decimal("0.07")


def instrument(lot: str, least: str = "0", notional: str = "0") -> Instrument:
    return Instrument("mexc", Symbol("A", "USDT"), Decimal("0.1"), Decimal(lot), Decimal(least), Decimal(notional))


@pytest.mark.parametrize(
    ("quantity", "lots", "expected"),
    [
        ("1.27", [instrument("0.04"), instrument("0.06")], "1.20"),
        ("0.11", [instrument("0.04"), instrument("0.06")], "0"),
        ("5", [instrument("1", least="6")], "0"),
        ("6.9", [instrument("1", least="6")], "6"),
        ("5", [instrument("1", notional="50.1")], "0"),
        ("5", [instrument("1", notional="50")], "5"),
        ("-3", [instrument("1")], "0"),
    ],
)
def test_an_order_is_floored_or_nothing(quantity: str, lots: list[Instrument], expected: str) -> None:
    assert order_quantity(quantity, 10, *lots) == Decimal(expected)


def test_an_order_needs_an_instrument() -> None:
    with pytest.raises(BadInput, match="instruments: expected at least one, was none"):
        order_quantity(1, 1)
