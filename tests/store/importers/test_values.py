"""Sizes in contracts, prices on a tick, translated texts."""

from __future__ import annotations

from decimal import Decimal

import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from arbresearch.core import MappingError
from arbresearch.store.importers.mapping_parts import Levels
from arbresearch.store.importers.values import as_kind, level_columns, on_tick, scaled
from arbresearch.store.schemas import Kind


@example(1, 4, "0.00003")
@example(9_999_999, 4, "0.00003")
@given(st.integers(0, 10**7), st.integers(0, 4), st.sampled_from(["10000", "0.0001", "0.01", "100", "2.5", "0.00003"]))
def test_contracts_become_the_double_nearest_to_the_decimal_product(units: int, places: int, factor: str) -> None:
    size = Decimal(units).scaleb(-places)
    found = scaled(pl.Series([float(size), None]), Decimal(factor)).to_list()
    assert found == [float(size * Decimal(factor)), None]


def test_sizes_without_a_factor_are_untouched() -> None:
    values = pl.Series([0.1 + 0.2, 1e-17])
    assert scaled(values, None) is values


@given(st.integers(1, 10**8), st.sampled_from(["0.01", "0.00001", "0.05", "5"]), st.floats(-4e-4, 4e-4))
def test_prices_go_to_the_nearest_multiple_of_the_tick(steps: int, tick: str, noise: float) -> None:
    exact = Decimal(steps) * Decimal(tick)
    rounded, off = on_tick(pl.Series([float(exact) + noise * float(tick), None]), Decimal(tick))
    assert rounded.to_list() == [float(exact), None]
    assert off[0] is False


def test_a_price_between_ticks_is_noticed() -> None:
    _, off = on_tick(pl.Series([100.004, 100.0]), Decimal("0.01"))
    assert off.to_list() == [True, False]


def test_kinds_of_text() -> None:
    assert as_kind(pl.Series(["BUY", "Sell"]), Kind.SIDE, None)[0].to_list() == ["buy", "sell"]
    assert as_kind(pl.Series([True, False]), Kind.SIDE, {"true": "sell", "false": "buy"})[0].to_list() == [
        "sell",
        "buy",
    ]
    assert as_kind(pl.Series(["yes", "no", "?"]), Kind.FLAG, {"yes": True, "no": False})[0].to_list() == [
        True,
        False,
        None,
    ]
    assert as_kind(pl.Series(["1", "false"]), Kind.FLAG, None)[0].to_list() == [True, False]
    counts, reasons = as_kind(pl.Series(["3", "x", None]), Kind.COUNT, None)
    assert (counts.to_list(), reasons.to_list()) == ([3, None, None], [None, "not_a_number", None])
    prices, reasons = as_kind(pl.Series(["3.5", "1,000"]), Kind.PRICE, None)
    assert (prices.to_list(), reasons.to_list()) == ([3.5, None], [None, "not_a_number"])


def test_list_levels_need_a_list_column() -> None:
    levels = Levels(bids="b", bid_sizes="bs", asks="a", ask_sizes="as")
    with pytest.raises(MappingError, match="column b: expected a list of numbers a row, was Float64"):
        level_columns(pl.DataFrame({"b": [1.0]}), levels, "b")
