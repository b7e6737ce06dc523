"""Prices and sizes on disk are the doubles that were given, in frames and in SQL."""

from __future__ import annotations

import random
from decimal import Decimal

import numpy as np
import polars as pl
import pytest

from arbresearch.store import TickStore
from arbresearch.store.exact import RAW_MARK, decode, encode

NS = 1_760_156_313_000_000_000
ODD = [
    0.1 + 0.2,
    1 / 3,
    2**53 - 1.0,
    2.0**60,
    1e18,
    123456789.12345678,
    1e-17,
    1e300,
    5e-324,
    5e-16,
    1.7976931348623157,
    1e15 + 0.5,
]
EVEN = [0.0, 1.0, 0.00001234, 67123.45, 1e-15, 999999.999999, 4.0, 123456789.0, 0.07, 1e12]


def quotes(prices: list[float], sizes: list[float], symbol: str = "A/B") -> pl.DataFrame:
    count = len(prices)
    return pl.DataFrame(
        {
            "venue": ["mexc"] * count,
            "symbol": [symbol] * count,
            "recv_ns": [NS + i for i in range(count)],
            "bid": prices,
            "bid_size": sizes,
            "ask": prices,
            "ask_size": sizes,
        }
    )


def test_shared_exponent_of_a_group_and_own_exponent_of_the_odd_row() -> None:
    values = np.array([[1.25, 2.5], [3.0, 4.125], [7.0, 1e-12], [1e15, 2e15], [0.1 + 0.2, 1.0]])
    units, exponents = encode(values, np.zeros(5, dtype=np.int64))
    assert exponents.tolist() == [12, 12, 12, 0, RAW_MARK]
    assert units[:, 3].tolist() == [10**15, 2 * 10**15]
    assert units[:, 4].tolist() == [0x3FD3333333333334, 0x3FF0000000000000]
    assert np.column_stack([decode(one, exponents) for one in units]).tolist() == values.tolist()


def test_groups_do_not_disturb_each_other() -> None:
    values = np.array([[1.5], [1e-8], [2.5]])
    _, exponents = encode(values, np.array([0, 1, 0]))
    assert exponents.tolist() == [1, 8, 1]


def test_nothing_and_only_missing_values() -> None:
    units, exponents = encode(np.zeros((0, 2)), np.zeros(0, dtype=np.int64))
    assert units.shape == (2, 0)
    assert decode(units[0], exponents).size == 0
    units, exponents = encode(np.full((3, 1), np.nan), np.zeros(3, dtype=np.int64))
    assert np.isnan(decode(units[0], exponents, np.full(3, True))).all()


@pytest.mark.parametrize("compacted", [False, True])
def test_frames_and_sql_return_every_double_to_the_bit(store: TickStore, compacted: bool) -> None:
    rng = random.Random(7)
    prices = [abs(x) for x in ODD + EVEN if x > 0] + [rng.random() for _ in range(50)]
    prices += [round(rng.random() * 10 ** rng.randint(0, 6), rng.randint(0, 8)) or 1.0 for _ in range(500)]
    sizes = [rng.choice([0.0, 1.0, 0.1 + 0.2, 1e-9, 33.25, 2.0**55, 3 * 0.0001, 1e25]) for _ in prices]
    half = len(prices) // 2
    store.append("quotes", quotes(prices[:half], sizes[:half]))
    store.append("quotes", quotes(prices[half:], sizes[half:]).with_columns(pl.col("recv_ns") + half))
    if compacted:
        store.compact()
    frame = store.quotes("mexc", "A/B")
    assert frame["bid"].to_list() == frame["ask"].to_list() == prices
    assert frame["bid_size"].to_list() == frame["ask_size"].to_list() == sizes
    table = store.sql("SELECT bid, bid_size, ask, ask_size FROM quotes ORDER BY recv_ns")
    assert table.equals(frame.select(table.columns))


def test_depth_and_trades_too(store: TickStore) -> None:
    levels = [0.1 + 0.2 + i / 3 for i in range(10)]
    sizes = [1e-9 * (i + 1) for i in range(8)] + [None, None]
    prices = [*levels[:8], None, None]
    store.append(
        "depth",
        pl.DataFrame(
            {"venue": ["gate"], "symbol": ["A/B"], "recv_ns": [NS]}
            | {name: pl.Series([prices], dtype=pl.Array(pl.Float64, 10)) for name in ("bids", "asks")}
            | {name: pl.Series([sizes], dtype=pl.Array(pl.Float64, 10)) for name in ("bid_sizes", "ask_sizes")}
        ),
    )
    row = store.depth("gate", "A/B").row(0, named=True)
    assert list(row["bids"][:8]) == list(row["asks"][:8]) == levels[:8]
    assert list(row["bid_sizes"][:8]) == sizes[:8]
    assert np.isnan(row["bids"][8:]).all()
    spread = store.sql("SELECT * FROM depth").row(0, named=True)
    assert [spread[f"asks_{i}"] for i in range(10)] == prices
    assert [spread[f"ask_sizes_{i}"] for i in range(10)] == sizes
    store.append(
        "trades",
        pl.DataFrame({"venue": ["gate"], "symbol": ["A/B"], "recv_ns": [NS], "price": [1 / 3], "size": [1e-18]}),
    )
    assert store.trades("gate", "A/B").select("price", "size").row(0) == (1 / 3, 1e-18)
    assert store.sql("SELECT price, size FROM trades").row(0) == (1 / 3, 1e-18)


def test_decimal_and_integer_columns_become_the_nearest_double(store: TickStore) -> None:
    rng = random.Random(8)
    prices = [Decimal(rng.randint(1, 10**17)).scaleb(-rng.randint(0, 18)) for _ in range(300)]
    frame = quotes([1.0] * 300, [2.0] * 300).with_columns(
        pl.Series("bid", prices, dtype=pl.Decimal(38, 18)), pl.Series("ask_size", range(300), dtype=pl.UInt32)
    )
    store.append("quotes", frame)
    assert store.quotes("mexc", "A/B")["bid"].to_list() == [float(price) for price in prices]
    assert store.quotes("mexc", "A/B")["ask_size"].to_list() == list(range(300))


def test_negative_zero_becomes_zero_and_can_be_merged(store: TickStore) -> None:
    for _ in range(2):
        store.append("quotes", quotes([1.0, 2.0], [-0.0, 1.0]))
    digest = store.digest()
    store.compact()
    assert store.digest() == digest
    assert str(store.quotes("mexc", "A/B")["bid_size"][0]) == "0.0"


def test_negative_zero_beside_a_sum_becomes_zero_too() -> None:
    units, exponents = encode(np.array([[0.1 + 0.2, -0.0]]), np.zeros(1, dtype=np.int64))
    assert exponents.tolist() == [RAW_MARK]
    assert str(decode(units[1], exponents)[0]) == "0.0"
