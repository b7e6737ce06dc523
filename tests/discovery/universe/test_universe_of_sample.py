"""The universe of a simulated market: against its truth, recounts in SQL and in Python, and turned around."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from arbresearch.discovery import choose_pairs
from arbresearch.discovery.universe.universe import discover_common_symbols
from arbresearch.sample import SampleSpec, Truth, generate
from arbresearch.store import TickStore
from arbresearch.venues import canonical_network, contract_on


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> tuple[TickStore, Truth]:
    """Return a small simulated market with perpetuals, false twins and lists of networks, and the truth about it."""
    store = TickStore(tmp_path_factory.mktemp("market"))
    return store, generate(store, SampleSpec(seed=11, days=1, symbols=25, quotes_per_day=2_000, include_depth=False))


@pytest.fixture
def market(simulated: tuple[TickStore, Truth]) -> TickStore:
    """Return its store."""
    return simulated[0]


def test_false_twins_and_shut_ways_of_the_sample(simulated: tuple[TickStore, Truth]) -> None:
    store, truth = simulated
    kinds = {(one.symbol, frozenset((one.venue_a, one.venue_b))): one.kind for one in truth.pairs}
    found = {(row["symbol_a"], frozenset((row["venue_a"], row["venue_b"]))): row
             for row in discover_common_symbols(store).pairs.iter_rows(named=True)}  # fmt: skip
    assert set(kinds) <= set(found)
    assert {key for key in kinds if found[key]["identity"] != "verified"} == {
        key for key, kind in kinds.items() if kind == "identity"
    }
    ways = [
        {found[key]["open_ab"] > 0, found[key]["open_ba"] > 0} for key, kind in kinds.items() if kind == "deposit_shut"
    ]
    assert ways
    assert all(False in open_ways for open_ways in ways)


@pytest.mark.parametrize("markets", ["same", "any"])
def test_pairs_to_measure_are_those_of_the_streams(market: TickStore, markets: Any) -> None:
    found = discover_common_symbols(market, markets=markets).stream_pairs()
    assert len(set(found)) == len(found)
    assert set(found) == set(choose_pairs(market, markets=markets))


def test_pairs_of_the_sample_recounted_in_sql(market: TickStore) -> None:
    found = discover_common_symbols(market)
    counted = market.sql(
        """
        select a.venue as venue_a, b.venue as venue_b, a.symbol
        from instruments a join instruments b using (symbol)
        where a.venue < b.venue and a.active and b.active order by all
        """
    )
    mine = found.pairs.select("venue_a", "venue_b", pl.col("symbol_a").alias("symbol"))
    assert mine.sort(pl.all()).rows() == counted.rows()
    overlap = market.sql(
        """
        with spans as (select venue, symbol, min(recv_ns) f, max(recv_ns) l from quotes group by all)
        select a.venue, b.venue, a.symbol, (least(a.l, b.l) - greatest(a.f, b.f)) / 3.6e12 as h
        from spans a join spans b using (symbol) where a.venue < b.venue order by 1, 2, 3
        """
    )
    hours = found.pairs.sort("venue_a", "venue_b", "symbol_a")["overlap_h"].to_list()
    assert hours == pytest.approx(overlap["h"].to_list())


def test_open_networks_of_the_sample_recounted_in_python(market: TickStore) -> None:
    found = discover_common_symbols(market)
    table = [
        {**row, "name": canonical_network(row["venue"], row["asset"], row["network"])}
        for row in market.networks().iter_rows(named=True)
    ]
    for pair in found.pairs.iter_rows(named=True):
        here, there = (
            [
                row
                for row in table
                if (row["venue"], row["asset"]) == (pair[f"venue_{side}"], pair["coin"]) and row["name"]
            ]
            for side in "ab"
        )
        met = [(x, y) for x in here for y in there if x["name"] == y["name"]]
        keys = [[contract_on(one["name"], one["contract_address"]) for one in both] for both in met]
        sound = [both for both, (x, y) in zip(met, keys, strict=True) if not (x and y and x != y)]
        assert pair["networks"] == sorted({x["name"] for x, _ in sound})
        assert pair["open_ab"] == sum(bool(x["withdraw_open"] and y["deposit_open"]) for x, y in sound)
        assert pair["open_ba"] == sum(bool(y["withdraw_open"] and x["deposit_open"]) for x, y in sound)
        fees = [x["fee"] for x, y in sound if x["withdraw_open"] and y["deposit_open"] and x["fee"] is not None]
        assert pair["fee_ab"] == min(fees, default=None)


@pytest.mark.parametrize("markets", ["same", "any"])
def test_the_order_of_rows_says_nothing(market: TickStore, tmp_path: Path, markets: Any) -> None:
    wanted = discover_common_symbols(market, markets=markets)
    ends = pl.concat(
        market.quotes(*stream).gather([0, -1]).with_columns(venue=pl.lit(stream[0]), symbol=pl.lit(stream[1]))
        for stream in market.streams()
    )
    tables = {"instruments": market.instruments(), "networks": market.networks(), "quotes": ends}
    for seed in range(2):
        with TickStore(tmp_path / str(seed)) as other:
            for name, frame in tables.items():
                rows = frame.sample(fraction=1.0, shuffle=True, seed=seed)
                for piece in rows.iter_slices(1 + rows.height // 2):
                    other.append(name, piece)
            found = discover_common_symbols(other, markets=markets)
        for name in ("symbols", "pairs", "unmapped", "alone", "venues"):
            assert getattr(found, name).equals(getattr(wanted, name)), name


def test_a_and_b_are_mirrored(market: TickStore) -> None:
    one, other = (discover_common_symbols(market, order).pairs for order in (("gate", "mexc"), ("mexc", "gate")))
    swapped = {f"{name}_{x}": f"{name}_{y}" for name in ("venue", "symbol", "base", "kind", "unit", "contract_size")
               for x, y in ("ab", "ba")}  # fmt: skip
    swapped |= {f"{name}_{x}": f"{name}_{x[::-1]}" for name in ("open", "unknown", "network", "fee", "fee_fraction")
                for x in ("ab", "ba")}  # fmt: skip
    left_out = ["pair", "identity_reason"]
    mirrored = other.drop(left_out).rename(swapped).select(one.drop(left_out).columns)
    assert mirrored.with_columns((1 / pl.col("price_factor")).alias("price_factor")).equals(one.drop(left_out))
    assert set(one["identity"]) >= {"verified", "different"}
