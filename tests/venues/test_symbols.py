from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from arbresearch.core import BadInput, ParameterError, SchemaError
from arbresearch.venues import QuoteGroups, per_coin_ratio, unit_of, with_units


@pytest.mark.parametrize(
    ("ticker", "base", "multiplier"),
    [
        ("1000PEPE", "PEPE", 1_000),
        ("1000SATS", "SATS", 1_000),
        ("10000LADYS", "LADYS", 10_000),
        ("1000000MOG", "MOG", 1_000_000),
        ("1MBABYDOGE", "BABYDOGE", 1_000_000),
        ("kPEPE", "PEPE", 1_000),
        ("SHIB1000", "SHIB", 1_000),
        ("PEPE", "PEPE", 1),
        ("1INCH", "1INCH", 1),
        ("1000X", "1000X", 1),
        ("1MIL", "1MIL", 1),
        ("PEPE2", "PEPE2", 1),
        ("C98", "C98", 1),
        ("BANANAS31", "BANANAS31", 1),
        ("X1000", "X1000", 1),
        ("1000", "1000", 1),
        ("KNC", "KNC", 1),
        ("WBTC", "WBTC", 1),
        ("BTCB", "BTCB", 1),
        ("MATIC", "MATIC", 1),
        ("币1000", "币1000", 1),
    ],
)
def test_a_ticker_is_read_as_a_multiple_only_where_it_is_one(ticker: str, base: str, multiplier: int) -> None:
    assert unit_of(ticker) == (base, multiplier)


@given(st.text(min_size=1, max_size=12).filter(lambda text: bool(text.strip())))
def test_reading_a_unit_again_is_itself_or_refused_nowhere(ticker: str) -> None:
    base, multiplier = unit_of(ticker)
    assert multiplier >= 1
    assert base in ticker
    assert (multiplier == 1) == (base == ticker)


def test_a_blank_ticker_is_refused() -> None:
    with pytest.raises(BadInput, match="1000PEPE"):
        unit_of(" ")


def test_no_coin_common_to_mexc_and_gate_is_taken_for_a_multiple(shared_data: Path) -> None:
    text = (shared_data / "lunc_mexc_gate_bbo" / "common_symbols_2025-09-21.json").read_text(encoding="utf-8")
    bases = [symbol.split("/")[0] for symbol in json.loads(text)["availability_matrix"]]
    assert len(bases) == 1_217
    assert [base for base in bases if unit_of(base) != (base, 1)] == []


def test_ratios_are_compared_a_coin() -> None:
    assert per_coin_ratio(1_001.0, "1000PEPE", "PEPE") == pytest.approx(1.001)
    assert per_coin_ratio(0.999e-3, "PEPE", "kPEPE") == pytest.approx(0.999)
    assert per_coin_ratio(1_000.0, "1000000MOG", "1000MOG") == pytest.approx(1.0)
    assert per_coin_ratio(1.02, "1000SATS", "1000SATS") == pytest.approx(1.02)


def test_two_coins_have_no_ratio() -> None:
    with pytest.raises(BadInput, match="WBTC and BTC"):
        per_coin_ratio(1.0, "WBTC", "BTC")


def test_units_stand_beside_the_tickers_of_a_frame() -> None:
    frame = pl.DataFrame({"venue": ["binance", "okx"], "base": ["1000SATS", "SATS"]})
    assert with_units(frame).rows() == [("binance", "1000SATS", "SATS", 1_000), ("okx", "SATS", "SATS", 1)]
    assert with_units(frame.clear()).schema["unit_multiplier"] == pl.Int64
    with pytest.raises(SchemaError, match="a column coin"):
        with_units(frame, "coin")


def test_quotes_are_equal_only_when_the_user_says_so() -> None:
    assert not QuoteGroups().equal("USDT", "USDC")
    assert QuoteGroups().equal("USDT", "USDT")
    groups = QuoteGroups.parse(["USDT = USDC=FDUSD", "USD=EUR"])
    assert groups.equal("USDC", "FDUSD")
    assert not groups.equal("USDC", "USD")
    assert [groups.key(one) for one in ("USDC", "FDUSD", "EUR", "BTC")] == ["USDT", "USDT", "USD", "BTC"]


@pytest.mark.parametrize("texts", [["USDT"], ["USDT="], ["USDT=USDT"], ["USDT=USDC", "USDC=USD"], [""]])
def test_groups_that_say_nothing_or_overlap_are_refused(texts: list[str]) -> None:
    with pytest.raises(ParameterError):
        QuoteGroups.parse(texts)
