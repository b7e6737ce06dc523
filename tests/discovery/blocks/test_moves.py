"""Bringing coin back: the cheapest open network both ways, day by day, and what is not known or shut."""

from __future__ import annotations

import polars as pl
import pytest

from arbresearch.core.units import NS_PER_DAY, NS_PER_HOUR
from arbresearch.discovery import StreamPair
from arbresearch.discovery.blocks.moves import MoveTable
from arbresearch.store import TickStore

DAY = 20_000 * NS_PER_DAY
PAIR = StreamPair("gate", "ARB/USDT", "mexc", "ARB/USDT")
COLUMNS = ("venue", "asset", "network", "recv_ns", "withdraw_open", "deposit_open", "fee", "fee_fraction", "minutes")


def table(*rows: tuple[object, ...]) -> MoveTable:
    kinds = {"fee": pl.Float64, "fee_fraction": pl.Float64, "minutes": pl.Float64}
    return MoveTable(pl.DataFrame(list(rows), schema=COLUMNS, orient="row", schema_overrides=kinds))


USDT = [
    ("gate", "USDT", "TRX", DAY, True, True, 1.5, 0.0, 2.0),
    ("mexc", "USDT", "TRC20", DAY, True, True, 1.0, 0.0, 3.0),
]
COIN = [
    ("gate", "ARB", "ARBEVM", DAY, True, True, 0.4, 0.0, 4.0),
    ("gate", "ARB", "ETH", DAY, True, True, 5.0, 0.0, 13.0),
    ("mexc", "ARB", "ARB", DAY, True, True, 0.3, 0.0, None),
    ("mexc", "ARB", "ERC20", DAY, True, True, 0.2, 0.001, 13.0),
]


def test_coin_goes_one_way_and_cash_the_other_over_the_cheapest_networks() -> None:
    coins, costs, times = table(*USDT, *COIN).both_ways(PAIR, DAY + NS_PER_HOUR, 2_500.0)
    assert coins == [0.2, 0.4]
    assert costs == pytest.approx([1.5 + 0.001 * 2_500.0, 1.0])
    assert [one / 6e10 for one in times] == [13.0, 4.0]


def test_a_network_shut_at_either_end_is_no_way() -> None:
    shut = [(*row[:4], row[4], row[0] != "gate", *row[6:]) for row in COIN]
    coins, costs, _ = table(*USDT, *shut).both_ways(PAIR, DAY, 2_500.0)
    assert (coins[0], costs[0]) == (0.0, -1.0)
    assert costs[1] > 0.0
    no_cash = table(*COIN).both_ways(PAIR, DAY, 2_500.0)[1]
    assert no_cash == [-1.0, -1.0]


def test_only_what_was_known_at_midnight_counts() -> None:
    later = [(*row[:3], DAY + 2 * NS_PER_DAY + 1, row[4], False, *row[6:]) for row in COIN]
    moves = table(*USDT, *COIN, *later)
    assert moves.both_ways(PAIR, DAY + 2 * NS_PER_DAY + NS_PER_HOUR, 1.0)[1][0] > 0.0
    assert moves.both_ways(PAIR, DAY + 3 * NS_PER_DAY, 1.0)[1] == [-1.0, -1.0]
    assert moves.both_ways(PAIR, DAY - 1, 1.0)[1] == [-1.0, -1.0]


def test_nothing_moves_a_perpetual_and_a_multiple_is_its_coin() -> None:
    perp = StreamPair("gate", "ARB/USDT", "mexc", "ARB/USDT:USDT")
    many = StreamPair("gate", "1000ARB/USDT", "mexc", "ARB/USDT")
    moves = table(*USDT, *COIN)
    assert moves.both_ways(perp, DAY, 1.0)[1] == [-1.0, -1.0]
    assert moves.both_ways(many, DAY, 1.0)[0] == [0.2, 0.4]


def test_a_store_without_networks_has_no_way(store: TickStore) -> None:
    assert MoveTable.of(store).both_ways(PAIR, DAY, 1.0)[1] == [-1.0, -1.0]
