"""The universe of common symbols, on small markets written by hand and against recounts in SQL and in plain Python."""

from __future__ import annotations

import json
from typing import Any

import polars as pl
import pytest

from arbresearch.core import BadInput
from arbresearch.discovery.universe.routes import transfer_routes
from arbresearch.discovery.universe.universe import Universe, discover_common_symbols
from arbresearch.discovery.universe.universe_words import describe_universe, universe_doubts, universe_tables
from arbresearch.store import NETWORKS, TickStore
from arbresearch.venues import QuoteGroups
from tests.discovery.universe.told import lone_of, names_of
from tests.store.quality_kit import START, fill, quotes

DAY = 86_400 * 1_000_000_000
AAVE = "0x7fc66500c84a76ad7e9c93437bfc5ac33e2ddae9"
UNI = "0x1f9840a85d5af5bf1d1762f925bdaddc4201f984"
Row = dict[str, Any]


def _instrument(venue: str, symbol: str, *, at: int = START, **more: object) -> Row:
    base, _, rest = symbol.partition("/")
    quote, _, settle = rest.partition(":")
    market = "spot" if not settle else "future" if "-" in settle else "swap"
    row = {"venue": venue, "symbol": symbol, "recv_ns": at, "base": base, "quote": quote, "market": market}
    return {**row, "settle": settle or None, "active": True, "tick": 0.01, "lot": 0.1, "contract_size": 1.0, **more}


def _network(venue: str, asset: str, network: str, **more: object) -> Row:
    row = {"venue": venue, "asset": asset, "network": network, "recv_ns": START, "withdraw_open": True}
    return {**row, "deposit_open": True, "fee": 1.0, **more}


def _fill(store: TickStore, instruments: list[Row], networks: list[Row] | None = None) -> TickStore:
    store.append("instruments", pl.DataFrame(instruments, infer_schema_length=None))
    if networks:
        store.append("networks", pl.DataFrame(networks, infer_schema_length=None))
    return store


def _listed(store: TickStore, *markets: str) -> TickStore:
    """List markets such as ``gate AAA/USDT``."""
    return _fill(store, [_instrument(*market.split(" ")) for market in markets])


def test_three_venues_and_what_they_share(store: TickStore) -> None:
    _listed(store, "okx AAA/USDT", "gate AAA/USDT", "mexc AAA/USDT", "okx BBB/USDT", "mexc BBB/USDT", "gate CCC/USDT")
    found = discover_common_symbols(store)
    columns = ("coin", "quote", "venues", "venue_count", "symbols", "pairs")
    assert found.symbols.select(columns).rows() == [
        ("AAA", "USDT", ["gate", "mexc", "okx"], 3, ["gate AAA/USDT", "mexc AAA/USDT", "okx AAA/USDT"], 3),
        ("BBB", "USDT", ["mexc", "okx"], 2, ["mexc BBB/USDT", "okx BBB/USDT"], 1),
    ]
    assert names_of(found) == ["AAA/USDT gate-mexc", "AAA/USDT gate-okx", "AAA/USDT mexc-okx", "BBB/USDT mexc-okx"]
    assert lone_of(found) == {"gate CCC/USDT": ("one_venue", "only gate lists CCC")}
    counted = found.venues.select("venue", "instruments", "tradable", "streams", "common", "coins", "alone").rows()
    assert counted == [("gate", 2, 2, 0, 1, 1, 1), ("mexc", 2, 2, 0, 2, 2, 0), ("okx", 2, 2, 0, 2, 2, 0)]
    shared = found.by_venue_pair().select("venue_a", "venue_b", "coins", "unverified", "known_routes").rows()
    assert shared == [("mexc", "okx", 2, 2, 0), ("gate", "mexc", 1, 1, 0), ("gate", "okx", 1, 1, 0)]
    assert not found.pairs["quoted"].any()
    assert found.pairs["overlap_h"].null_count() == 4
    assert found.stream_pairs() == ()


def test_the_venues_asked_for_and_their_order(store: TickStore) -> None:
    _listed(store, "okx AAA/USDT", "gate AAA/USDT", "mexc AAA/USDT")
    assert names_of(discover_common_symbols(store, ["okx", "gate"])) == ["AAA/USDT okx-gate"]
    with pytest.raises(BadInput, match="venue: expected one with instruments or quotes in the store: gate, mexc, okx"):
        discover_common_symbols(store, ["okx", "kraken"])
    with pytest.raises(BadInput, match="venues: expected each venue once"):
        discover_common_symbols(store, ["okx", "okx"])


def test_quotes_are_equal_only_when_it_is_said(store: TickStore) -> None:
    _listed(store, "gate AAA/USDC", "mexc AAA/USDT", "gate BBB/USDT", "mexc BBB/USDT", "mexc BBB/USDC")
    apart = discover_common_symbols(store)
    assert names_of(apart) == ["BBB/USDT gate-mexc"]
    assert lone_of(apart) == {
        "gate AAA/USDC": ("other_quote", "another quote elsewhere: mexc AAA/USDT"),
        "mexc AAA/USDT": ("other_quote", "another quote elsewhere: gate AAA/USDC"),
        "mexc BBB/USDC": ("other_quote", "another quote elsewhere: gate BBB/USDT"),
    }
    equal = discover_common_symbols(store, quote_groups=QuoteGroups.parse(["USDT=USDC"]))
    assert names_of(equal) == ["AAA/USDC gate-AAA/USDT mexc", "BBB/USDT gate-BBB/USDC mexc", "BBB/USDT gate-mexc"]
    assert equal.symbols.select("coin", "quote", "currencies").rows() == [
        ("AAA", "USDT", ["USDC", "USDT"]), ("BBB", "USDT", ["USDC", "USDT"]),
    ]  # fmt: skip
    assert equal.alone.is_empty()


def test_multiples_of_a_coin_meet_but_do_not_compare_as_they_are(store: TickStore) -> None:
    native = [_network(venue, "PEPE", "ERC20", contract_address=AAVE) for venue in ("gate", "mexc")]
    _fill(store, [_instrument("gate", "1000PEPE/USDT"), _instrument("mexc", "PEPE/USDT")], native)
    found = discover_common_symbols(store)
    row = found.pairs.row(0, named=True)
    assert (row["coin"], row["unit_a"], row["unit_b"], row["comparable"]) == ("PEPE", 1_000, 1, False)
    assert 0.012 * row["price_factor"] == pytest.approx(0.000012)
    assert (row["identity"], row["networks"]) == ("unverified", ["ethereum"])
    assert row["identity_reason"].endswith("but no price ratio confirms the units of 1000PEPE and PEPE")
    assert found.symbols["units"].to_list() == [[1, 1_000]]
    at = range(0, 3_600, 10)
    fill(store, quotes(at, venue="gate", symbol="1000PEPE/USDT"), quotes(at, venue="mexc", symbol="PEPE/USDT"))
    quoted = discover_common_symbols(store)
    assert quoted.pairs["overlap_h"].to_list() == pytest.approx([3_590 / 3_600])
    assert [pair.name for pair in quoted.stream_pairs()] == ["1000PEPE/USDT gate-mexc PEPE/USDT"]


def test_contract_sizes_are_carried(store: TickStore) -> None:
    gate = _instrument("gate", "LUNC/USDT:USDT", contract_size=10_000.0)
    _fill(store, [gate, _instrument("mexc", "LUNC/USDT:USDT", contract_size=1_000.0)])
    row = discover_common_symbols(store).pairs.row(0, named=True)
    assert (row["contract_size_a"], row["contract_size_b"], row["comparable"]) == (10_000.0, 1_000.0, True)
    assert row["pair"] == "LUNC/USDT gate perp-mexc perp"


def test_spot_and_perpetual(store: TickStore) -> None:
    _listed(
        store, "gate AAA/USDT", "gate AAA/USDT:USDT", "mexc AAA/USDT:USDT", "mexc BBB/USDT", "okx BBB/USDT:USDT",
        "gate AAA/USD:AAA", "okx AAA/USD:USD", "gate AAA/USDT:USDT-250328", "okx AAA/USDT:USDT-250328",
    )  # fmt: skip
    same = discover_common_symbols(store)
    assert names_of(same) == ["AAA/USDT gate perp-mexc perp", "AAA/USDT gate perp-okx perp"]
    assert same.pairs["symbol_a"].to_list() == ["AAA/USDT:USDT", "AAA/USDT:USDT-250328"]
    reasons = {market: reason for market, (reason, _) in lone_of(same).items()}
    assert reasons == dict.fromkeys(
        ("gate AAA/USDT", "mexc BBB/USDT", "okx BBB/USDT:USDT", "gate AAA/USD:AAA", "okx AAA/USD:USD"), "other_market"
    )
    both = discover_common_symbols(store, ["gate", "mexc"], markets="any")
    on_one = both.pairs.filter(pl.col("venue_a") == pl.col("venue_b"))
    assert on_one.select("symbol_a", "venue_a", "symbol_b", "venue_b").rows() == [
        ("AAA/USDT", "gate", "AAA/USDT:USDT", "gate"),
        ("AAA/USDT", "gate", "AAA/USDT:USDT-250328", "gate"),
        ("AAA/USDT:USDT", "gate", "AAA/USDT:USDT-250328", "gate"),
    ]  # fmt: skip
    assert both.pairs.filter(pl.col("venue_b") == "mexc").height == 3
    assert both.pairs.filter(pl.col("venue_a") == pl.col("venue_b"))["networks_common"].null_count() == 3


def test_only_what_is_traded_now(store: TickStore) -> None:
    old, new = START, START + 3 * DAY
    _fill(
        store,
        [
            *(_instrument(venue, "AAA/USDT", at=at) for venue in ("gate", "mexc") for at in (old, new)),
            *(_instrument(venue, "BBB/USDT", at=old) for venue in ("gate", "mexc")),
            _instrument("gate", "CCC/USDT", at=new, active=False), _instrument("mexc", "CCC/USDT", at=new),
        ],
    )  # fmt: skip
    found = discover_common_symbols(store)
    assert names_of(found) == ["AAA/USDT gate-mexc"]
    assert lone_of(found) == {
        "gate BBB/USDT": ("gone", "not in the snapshot of 2025-01-04, last in that of 2025-01-01"),
        "mexc BBB/USDT": ("gone", "not in the snapshot of 2025-01-04, last in that of 2025-01-01"),
        "gate CCC/USDT": ("inactive", "gate accepts no orders"),
        "mexc CCC/USDT": ("one_venue", "no orders are taken elsewhere: gate CCC/USDT"),
    }
    then = discover_common_symbols(store, at=new - 1)
    assert names_of(then) == ["AAA/USDT gate-mexc", "BBB/USDT gate-mexc"]
    with pytest.raises(BadInput, match=r"instruments at or before .*: the first snapshot is of 2025-01-01T00:00:00Z"):
        discover_common_symbols(store, at=old - 1)


def test_streams_without_instruments(store: TickStore) -> None:
    at = range(0, 7_200, 10)
    fill(store, quotes(at, venue="gate"), quotes([one + 3_600 for one in at], venue="mexc"))
    with pytest.raises(BadInput, match=r"was none in the store; import .*or go on from the quote streams alone"):
        discover_common_symbols(store)
    found = discover_common_symbols(store, without_instruments=True)
    row = found.pairs.row(0, named=True)
    assert (row["pair"], row["listed"], row["quoted"], row["identity"]) == (
        "AAA/USDT gate-mexc",
        False,
        True,
        "unverified",
    )
    assert row["overlap_h"] == pytest.approx(3_590 / 3_600)
    assert [pair.name for pair in found.stream_pairs()] == ["AAA/USDT gate-mexc"]
    assert found.venues.select("instruments", "streams", "unlisted").rows() == [(0, 1, 1)] * 2
    assert "**Missing: instruments of gate, mexc.**" in describe_universe(found)
    _listed(store, "gate AAA/USDT", "okx AAA/USDT")
    mixed = discover_common_symbols(store)
    assert mixed.pairs.select("pair", "listed", "quoted").rows() == [
        ("AAA/USDT gate-mexc", False, True), ("AAA/USDT gate-okx", True, False), ("AAA/USDT mexc-okx", False, False),
    ]  # fmt: skip
    assert "**Missing: instruments of mexc.**" in describe_universe(mixed)


def test_an_empty_store(store: TickStore) -> None:
    with pytest.raises(
        BadInput, match="store: expected instruments or quotes of some venue, was neither; import a snap"
    ):
        discover_common_symbols(store, without_instruments=True)


def test_streams_that_never_ran_together(store: TickStore) -> None:
    fill(store, quotes([0, 10], venue="gate"), quotes([20, 30], venue="mexc"), quotes([30, 40], venue="okx"))
    found = discover_common_symbols(store, without_instruments=True)
    assert found.pairs.select("pair", "overlaps", "overlap_h").rows() == [
        ("AAA/USDT gate-mexc", False, 0.0), ("AAA/USDT gate-okx", False, 0.0), ("AAA/USDT mexc-okx", True, 0.0),
    ]  # fmt: skip
    assert [pair.name for pair in found.stream_pairs()] == ["AAA/USDT mexc-okx"]


def test_some_symbols_only(store: TickStore) -> None:
    _listed(store, "gate AAA/USDT", "gate AAA/USDT:USDT", "mexc AAA/USDT", "gate BBB/USDT", "mexc BBB/USDT")
    found = discover_common_symbols(store, symbols=["AAA/USDT"])
    assert names_of(found) == ["AAA/USDT gate-mexc"]
    assert list(lone_of(found)) == ["gate AAA/USDT:USDT"]
    with pytest.raises(BadInput, match="symbol: expected one that a venue lists: AAA/USDT"):
        discover_common_symbols(store, symbols=["CCC/USDT"])


def _moved(store: TickStore) -> Universe:
    networks = [
        _network("gate", "AAVE", "ETH", contract_address=AAVE, fee=0.02),
        _network("mexc", "AAVE", "ERC20", contract_address=f"0x{AAVE[2:].upper()}", fee=0.01, deposit_open=False),
        _network("gate", "AAVE", "BSC", contract_address=UNI, fee=0.001),
        _network("mexc", "AAVE", "BEP20(BSC)", contract_address=AAVE, fee=0.001),
        _network("gate", "AAVE", "MATIC", fee=0.005, fee_fraction=0.001),
        _network("mexc", "AAVE", "Polygon", fee=0.003, withdraw_open=None),
        _network("gate", "AAVE", "Moonbase Nine"),
        _network("gate", "UNI", "ETH", contract_address=UNI), _network("mexc", "UNI", "ETH", contract_address=AAVE),
        _network("gate", "BTC", "BTC"), _network("mexc", "BTC", "Bitcoin", withdraw_open=False, fee=None),
        _network("gate", "ONE", "ETH"),
    ]  # fmt: skip
    coins = ("AAVE", "UNI", "BTC", "ONE")
    return discover_common_symbols(
        _fill(store, [_instrument(venue, f"{coin}/USDT") for coin in coins for venue in ("gate", "mexc")], networks)
    )


def test_networks_of_a_pair(store: TickStore) -> None:
    found = _moved(store)
    rows = {row["coin"]: row for row in found.pairs.iter_rows(named=True)}
    aave = rows["AAVE"]
    assert (aave["networks"], aave["networks_common"], aave["networks_clash"]) == (["ethereum", "polygon"], 2, 1)
    assert (aave["open_ab"], aave["unknown_ab"], aave["network_ab"], aave["fee_ab"]) == (1, 0, "polygon", 0.005)
    assert aave["fee_fraction_ab"] == 0.001
    assert (aave["open_ba"], aave["unknown_ba"], aave["network_ba"], aave["fee_ba"]) == (1, 1, "polygon", 0.003)
    bitcoin = rows["BTC"]
    assert (bitcoin["networks"], bitcoin["open_ab"], bitcoin["open_ba"], bitcoin["unknown_ba"]) == (
        ["bitcoin"],
        1,
        0,
        0,
    )
    assert (bitcoin["network_ba"], bitcoin["fee_ba"]) == (None, None)
    assert rows["ONE"]["networks_common"] is None
    assert rows["UNI"]["networks"] == []
    verdicts = {coin: (row["identity"], row["identity_ground"]) for coin, row in rows.items()}
    assert verdicts == {
        "AAVE": ("unverified", "none"), "BTC": ("verified", "native"), "ONE": ("unverified", "none"),
        "UNI": ("different", "contract"),
    }  # fmt: skip
    assert found.unmapped.select("venue", "network", "rows").rows() == [("gate", "Moonbase Nine", 1)]
    shared = found.by_venue_pair().row(0, named=True)
    assert [shared[name] for name in ("verified", "different", "unverified")] == [1, 1, 2]
    assert [shared[name] for name in ("known_routes", "both_ways", "one_way", "shut", "unsaid")] == [2, 1, 1, 0, 0]


def test_networks_whose_state_is_not_said() -> None:
    def row(venue: str, **more: object) -> Row:
        return {**_network(venue, "AAVE", "ETH"), "withdraw_open": None, "deposit_open": None, **more}

    networks = pl.DataFrame([row("gate"), row("mexc", deposit_open=False)], schema=NETWORKS.schema)
    coins = pl.DataFrame([{"venue_a": "gate", "asset_a": "AAVE", "venue_b": "mexc", "asset_b": "AAVE"}])
    found = transfer_routes(coins, networks).row(0, named=True)
    assert (found["open_ab"], found["unknown_ab"], found["fee_ab"]) == (0, 0, None)
    assert (found["open_ba"], found["unknown_ba"], found["fee_ba"]) == (0, 1, 1.0)


def test_words_and_tables(store: TickStore) -> None:
    found = _moved(store)
    text = describe_universe(found)
    assert text.startswith("**gate, mexc** have 4 coins in common: 4 pairs of markets, none with quotes of both")
    assert (
        "1 of 4 pairs verified (1 as the native coin of a common network), 1 **different coins under one ticker** (UNI)"
        in text
    )
    assert "Of 2 pairs whose networks both venues publish: 1 open in both directions, 1 in one direction only." in text
    assert "On 1 of them some common network carries two contracts" in text
    assert "gate Moonbase Nine" in text
    doubts = universe_doubts(found)
    assert doubts["market"].to_list() == ["UNI/USDT gate-mexc", "AAVE/USDT gate-mexc", "ONE/USDT gate-mexc"]
    json.dumps({name: frame.to_dicts() for name, frame in universe_tables(found).items()})


def test_nothing_in_common(store: TickStore) -> None:
    _listed(store, "gate AAA/USDT", "mexc BBB/USDT")
    found = discover_common_symbols(store)
    assert found.pairs.is_empty()
    assert found.symbols.is_empty()
    assert describe_universe(found).startswith("**gate, mexc have no coin in common.**")
    assert universe_doubts(found)["doubt"].to_list() == ["listed by one venue only"] * 2
