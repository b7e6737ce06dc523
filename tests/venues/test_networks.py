from __future__ import annotations

import itertools

import ccxt
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from arbresearch.core import BadInput, MappingError, SchemaError
from arbresearch.sample.catalog import NETWORKS, VENUES
from arbresearch.venues import (
    AddressRule,
    canonical_network,
    load_networks,
    map_networks,
    network_table,
    networks_frame,
    spelling_key,
    unmapped_networks,
)

SAMPLE_NAMES = {
    "ETH": "ethereum", "TRX": "tron", "BSC": "bnb_smart_chain", "SOL": "solana", "ARBITRUM": "arbitrum_one",
    "MATIC": "polygon", "BASE": "base", "OPTIMISM": "optimism", "AVAXC": "avalanche_c", "BTC": "bitcoin",
}  # fmt: skip


@pytest.mark.parametrize(
    ("venue", "asset", "spelling", "network"),
    [
        ("mexc", "USDT", "BEP20(BSC)", "bnb_smart_chain"),
        ("mexc", "USDT", "BNB Smart Chain(BEP20)", "bnb_smart_chain"),
        ("bybit", "USDT", "BSC (BEP20)", "bnb_smart_chain"),
        ("mexc", "USDT", "Avalanche C Chain(AVAX CCHAIN)", "avalanche_c"),
        ("mexc", "BTC", "BTC-BSC", "bnb_smart_chain"),
        ("okx", "ETH", "ETH-ERC20", "ethereum"),
        ("okx", "USDT", "USDT-TRC20", "tron"),
        ("okx", "USDT", "usdt-Arbitrum One", "arbitrum_one"),
        ("okx", "ETH", "ETHK-OKTC", "oktc"),
        ("okx", "ETH", "Arbitrum One", "arbitrum_one"),
        ("gate", "USDT", "ETH/ERC20", "ethereum"),
        ("gate", "ETH", "ARBEVM", "arbitrum_one"),
        ("binance", "BTC", "BTC(SegWit)", "bitcoin"),
        ("binance", "ORDI", "ORDI-BRC20", "bitcoin_brc20"),
        ("binance", "USDT", "KAVAEVM", "kava_evm"),
        ("binance", "CFX", "CFX", "conflux_core"),
        ("okx", "CFX", "CFX_EVM", "conflux_espace"),
        ("kucoin", "AVAX", "avax", "avalanche_x"),
        ("huobi", "USDT", "OPT", "optimism"),
    ],
)
def test_a_spelling_is_understood(venue: str, asset: str, spelling: str, network: str) -> None:
    assert canonical_network(venue, asset, spelling) == network


@pytest.mark.parametrize(
    ("venue", "asset", "spelling"),
    [
        ("gate", "AVAX", "AVAX"),
        ("kucoin", "CFX", "cfx"),
        ("gate", "BNB", "BNB"),
        ("mexc", "LUNA", "LUNA"),
        ("gate", "USDT", "ZKSYNC"),
        ("okx", "NEO", "NEO"),
        ("okx", "USDC", "Polygon (Bridged)"),
        ("okx", "VELODROME", "Optimism (V2)"),
        ("okx", "METIS", "Metis (Token Transfer)"),
        ("okx", "CELO", "CELO-TOKEN"),
        ("okx", "USDT", "BTC-TRC20"),
        ("mexc", "USDT", "Tron(BEP20)"),
        ("mexc", "USDT", "no such chain"),
        ("mexc", "USDT", "币ETH"),
        ("mexc", "USDT", ""),
        ("mexc", "", "-"),
        ("mexc", "USDT", "USDT-"),
    ],
)
def test_what_is_unknown_or_ambiguous_is_not_guessed(venue: str, asset: str, spelling: str) -> None:
    assert canonical_network(venue, asset, spelling) is None


def test_a_venue_that_is_no_id_is_refused() -> None:
    with pytest.raises(BadInput, match="ccxt id"):
        canonical_network("Gate.io", "USDT", "ETH")


@given(st.text(max_size=30))
def test_a_key_of_a_key_is_itself(text: str) -> None:
    key = spelling_key(text)
    assert spelling_key(key) == key
    assert key == "" or (key.isascii() and key.isalnum() and key == key.lower())


KNOWN = [(network.id, alias) for network in network_table().networks.values() for alias in network.aliases]


@given(st.sampled_from(KNOWN), st.data())
def test_case_blanks_and_hyphens_do_not_matter(known: tuple[str, str], data: st.DataObject) -> None:
    network, alias = known
    marks = data.draw(st.lists(st.sampled_from(["", " ", "-", "_", "."]), min_size=len(alias), max_size=len(alias)))
    upper = data.draw(st.lists(st.booleans(), min_size=len(alias), max_size=len(alias)))
    changed = "".join(
        (one.upper() if high else one.lower()) + mark for one, mark, high in zip(alias, marks, upper, strict=True)
    )
    assert canonical_network("somewhere", "XYZ", changed) == network


def test_no_two_networks_share_a_spelling_on_any_venue() -> None:
    table = network_table()
    venues = {venue for network in table.networks.values() for venue in network.venue_aliases} | {"elsewhere"}
    for venue in venues:
        spellings = {
            network.id: {spelling_key(one) for one in (*network.aliases, *network.venue_aliases.get(venue, ()))}
            for network in table.networks.values()
        }
        for one, other in itertools.combinations(spellings, 2):
            assert not spellings[one] & spellings[other], (venue, one, other)


def test_the_table_says_where_it_is_from_and_when_it_was_reviewed() -> None:
    table = network_table()
    assert table.reviewed == "2026-11-22"
    assert any("ccxt" in source for source in table.sources)
    assert len({network.name for network in table.networks.values()}) == len(table.networks)
    assert table.networks["xrp_ledger"].memo
    assert not table.networks["ethereum"].memo
    assert table.networks["ton"].addresses is AddressRule.TON


def test_the_table_as_a_frame_has_a_row_a_network() -> None:
    frame = networks_frame()
    assert frame["network"].to_list() == list(network_table().networks)
    row = frame.row(by_predicate=pl.col("network") == "tron", named=True)
    assert row == {
        "network": "tron", "name": "Tron", "native": ["TRX"], "memo": False, "addresses": "exact",
        "aliases": ["Tron", "TRX", "TRC20"],
    }  # fmt: skip


def test_what_ccxt_calls_by_one_code_on_several_venues_is_one_network_here() -> None:
    differing = {"BRC20", "DOT"}  # Bybit and KuCoin say BTC for BRC20; MEXC's DOT is on the asset hub
    found: dict[str, dict[str, str]] = {}
    for venue in ("binance", "okx", "mexc", "gate", "bybit", "kucoin", "bitget", "htx"):
        for code, spelling in getattr(ccxt, venue)().options["networks"].items():
            network = canonical_network(venue, "", spelling)
            if network is not None:
                found.setdefault(code, {})[venue] = network
    compared = {code: set(networks.values()) for code, networks in found.items() if len(networks) > 1}
    assert len(compared) > 80
    assert {code for code, networks in compared.items() if len(networks) > 1} == differing


@pytest.mark.parametrize("venue", sorted(VENUES))
def test_every_spelling_of_the_sample_market_is_mapped(venue: str) -> None:
    for network in NETWORKS:
        spelling = network.spellings.get(venue, network.name)
        assert canonical_network(venue, "XYZ", spelling) == SAMPLE_NAMES[network.name], spelling


def test_frames_are_mapped_row_by_row_and_the_rest_is_listed() -> None:
    frame = pl.DataFrame({
        "venue": ["okx", "mexc", "okx", "okx", "gate"],
        "asset": ["USDC", "BTC", "USDC", "USDT", "ABC"],
        "network": ["Polygon (Bridged)", "BEP20(BSC)", "Polygon", "Polygon (Bridged)", "NOWHERE"],
        "fee": [1.0, 2.0, 3.0, 4.0, 5.0],
    })  # fmt: skip
    mapped = map_networks(frame)
    assert mapped.drop("network_canonical").equals(frame)
    assert mapped["network_canonical"].to_list() == [None, "bnb_smart_chain", "polygon", None, None]
    assert unmapped_networks(frame).rows() == [
        ("okx", "Polygon (Bridged)", 2, ["USDC", "USDT"]),
        ("gate", "NOWHERE", 1, ["ABC"]),
    ]


def test_an_empty_frame_stays_empty() -> None:
    empty = pl.DataFrame(schema={"venue": pl.String, "asset": pl.String, "network": pl.String})
    assert map_networks(empty).schema["network_canonical"] == pl.String
    assert unmapped_networks(empty).height == 0


def test_a_frame_without_assets_is_refused() -> None:
    with pytest.raises(SchemaError, match="was no asset"):
        map_networks(pl.DataFrame({"venue": ["okx"], "network": ["ERC20"]}))


HEAD = 'reviewed = "2026-01-01"\nsources = ["x"]\n[networks]\n'


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ('a = { name = "A", aliases = ["X-1"] }\nb = { name = "B", aliases = ["x 1"] }', "b spelling 'x 1'.* was a"),
        (
            'a = { name = "A", venues = { gate = ["X"] } }\nb = { name = "B", venues = { gate = ["x"] } }',
            "b gate spelling 'x'",
        ),
        ('a = { name = "A", venues = { gate = ["B"] } }\nb = { name = "B" }', "a gate spelling 'B'.* was b"),
        ('a = { name = "A", aliases = ["-"] }', "spelling '-'"),
        ('a = { name = "A", alias = ["X"] }', r"networks\.a\.alias"),
        ('a = { name = "A", addresses = "base58" }', "addresses"),
        ("a = {", "TOML"),
    ],
)
def test_a_malformed_or_ambiguous_table_is_refused(lines: str, message: str) -> None:
    with pytest.raises(MappingError, match=message):
        load_networks(HEAD + lines, "table.toml")


def test_one_spelling_may_mean_two_networks_on_two_venues() -> None:
    table = load_networks(
        HEAD + 'a = { name = "A", venues = { gate = ["X"] } }\nb = { name = "B", venues = { okx = ["X"] } }'
    )
    assert [table.find(venue, "", "x") for venue in ("gate", "okx", "mexc")] == ["a", "b", None]
