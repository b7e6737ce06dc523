"""Spellings that real venues sent."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from arbresearch.store import INSTRUMENTS, NETWORKS
from arbresearch.venues import canonical_network, identify, map_networks, unmapped_networks

QUOTES = r"(USDT|USDC|FDUSD|BTC|BNB|EUR|TRY|BRL|AUD|USD)$"


@pytest.fixture
def snapshot(shared_data: Path) -> pl.DataFrame:
    frame = pl.read_parquet(shared_data / "binance_okx_l5_snapshot" / "withdraw_networks.parquet")
    asset = pl.col("symbol").str.replace(QUOTES, "")
    return frame.select(pl.col("exchange").str.to_lowercase().alias("venue"), asset.alias("asset"), "network")


def test_the_snapshot_is_mapped_but_for_a_handful_that_are_listed(snapshot: pl.DataFrame) -> None:
    mapped = map_networks(snapshot)
    assert mapped.height == 1_188
    assert mapped["network"].n_unique() == 157
    assert mapped["network_canonical"].is_not_null().mean() == pytest.approx(1_178 / 1_188)
    assert unmapped_networks(snapshot).select("venue", "network", "rows").rows() == [
        ("binance", "Avalanche", 3),
        ("okx", "Chiliz Chain", 3),
        ("okx", "CELO-TOKEN", 1),
        ("okx", "Metis (Token Transfer)", 1),
        ("okx", "Optimism (V2)", 1),
        ("okx", "Polygon (Bridged)", 1),
    ]


def test_networks_that_are_one_on_both_venues_meet(snapshot: pl.DataFrame) -> None:
    mapped = map_networks(snapshot)
    counted = mapped.group_by("network_canonical", "venue").len().pivot("venue", index="network_canonical")
    columns = ("network_canonical", "binance", "okx")
    common = {network: (binance, okx) for network, binance, okx in counted.drop_nulls().select(columns).rows()}
    assert common["ethereum"] == (184, 143)
    assert common["solana"] == (40, 37)
    assert common["xrp_ledger"] == (6, 6)
    assert common["internet_computer"] == (3, 3)
    assert common["kaia"] == (1, 1)
    assert common["qtum"] == (1, 1)


def test_coins_of_the_snapshot_are_put_on_networks_where_they_can_be(snapshot: pl.DataFrame) -> None:
    mapped = map_networks(snapshot).unique()
    homes = {"XRP": "xrp_ledger", "DOGE": "dogecoin", "ADA": "cardano", "HBAR": "hedera", "EGLD": "multiversx"}
    for asset, home in homes.items():
        rows = mapped.filter(pl.col("asset") == asset, pl.col("network_canonical") == home)
        assert set(rows["venue"]) == {"binance", "okx"}, asset


def test_mexc_and_gate_spellings_are_mapped(shared_data: Path) -> None:
    folder = shared_data / "venue_payloads" / "recorded"
    coins = json.loads((folder / "mexc_capital_config_getall_raw.json").read_text(encoding="utf-8"))
    for coin in coins:
        for network in coin["networkList"]:
            long, short = (canonical_network("mexc", coin["coin"], network[name]) for name in ("network", "netWork"))
            assert long == short
            assert long is not None, network["network"]
    gate = json.loads((folder / "gate_raw.json").read_text(encoding="utf-8"))
    chains = [chain["name"] for chain in gate["GET /spot/currencies (USDT chains, some)"]["chains"]]
    assert [canonical_network("gate", "USDT", chain) for chain in chains] == [
        "ethereum", "algorand", "arbitrum_one", "bnb_smart_chain", "solana", "tron",
    ]  # fmt: skip


def test_tether_is_the_same_coin_on_mexc_and_gate(shared_data: Path) -> None:
    folder = shared_data / "venue_payloads" / "recorded"
    coins = json.loads((folder / "mexc_capital_config_getall_raw.json").read_text(encoding="utf-8"))
    gate = json.loads((folder / "gate_raw.json").read_text(encoding="utf-8"))
    rows = [
        {"venue": "mexc", "asset": coin["coin"], "network": one["network"], "contract_address": one["contract"]}
        for coin in coins
        for one in coin["networkList"]
    ]
    rows += [
        {"venue": "gate", "asset": "USDT", "network": one["name"], "contract_address": one["addr"]}
        for one in gate["GET /spot/currencies (USDT chains, some)"]["chains"]
    ]
    found = identify("USDT", "mexc", "gate", pl.DataFrame(rows, schema=NETWORKS.schema), INSTRUMENTS.empty())
    assert found.verified
    assert [(each.network, each.relation.value) for each in found.evidence] == [
        ("bnb_smart_chain", "same"), ("solana", "same"), ("tron", "same"),
    ]  # fmt: skip
