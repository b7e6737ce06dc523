from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from arbresearch.core import BadInput, ParameterError, SchemaError
from arbresearch.store import INSTRUMENTS, NETWORKS
from arbresearch.venues import (
    Evidence,
    Ground,
    Identity,
    IdentitySettings,
    Relation,
    Verdict,
    identify,
    identify_pairs,
)

USDT_ETH = "0xdac17f958d2ee523a2206206994597c13d831ec7"
USDT_BSC = "0x55d398326f99059ff775485246999027b3197955"
OTHER = "0x" + "12" * 20
SETTINGS = IdentitySettings(max_price_gap_bps=100.0, min_return_correlation=0.5, absurd_ratio=2.0)

Row = tuple[str, str, str, str | None]


def networks(*rows: Row) -> pl.DataFrame:
    names = ("venue", "asset", "network", "contract_address")
    return pl.DataFrame([dict(zip(names, row, strict=True)) for row in rows], schema=NETWORKS.schema)


def instruments(*rows: tuple[str, str, str | None]) -> pl.DataFrame:
    names = ("venue", "base", "contract_address")
    return pl.DataFrame([dict(zip(names, row, strict=True)) for row in rows], schema=INSTRUMENTS.schema)


BOTH = instruments(("mexc", "ABC", None), ("gate", "ABC", None))


def judge(table: pl.DataFrame, listed: pl.DataFrame = BOTH, asset: str = "ABC", **more: Any) -> Identity:
    return identify(asset, "mexc", "gate", table, listed, settings=SETTINGS, **more)


def test_the_same_contract_on_a_common_network_verifies_whatever_the_spelling() -> None:
    table = networks(("mexc", "ABC", "Ethereum(ERC20)", USDT_ETH.upper()), ("gate", "ABC", "ETH", USDT_ETH))
    found = judge(table)
    assert found.verdict is Verdict.VERIFIED
    assert found.verified
    assert found.ground is Ground.CONTRACT
    assert found.evidence == (Evidence(Relation.SAME, "ethereum", USDT_ETH, USDT_ETH),)
    assert found.reason == f"the same contract {USDT_ETH} on ethereum"


def test_different_contracts_on_a_common_network_are_different_coins_even_at_one_price() -> None:
    table = networks(("mexc", "ABC", "ERC20", USDT_ETH), ("gate", "ABC", "ETH", OTHER))
    found = judge(table, price_ratio=1.0, return_correlation=0.99)
    assert (found.verdict, found.ground) == (Verdict.DIFFERENT, Ground.CONTRACT)
    assert found.reason == f"different contracts on ethereum: {USDT_ETH} on mexc, {OTHER} on gate"


def test_the_case_of_an_address_matters_where_the_chain_says_so() -> None:
    table = networks(("mexc", "ABC", "TRC20", "TR7NHqjeKQ"), ("gate", "ABC", "TRX", "tr7nhqjekq"))
    assert judge(table).verdict is Verdict.DIFFERENT


def test_contracts_on_networks_that_are_not_common_say_nothing() -> None:
    table = networks(("mexc", "ABC", "ERC20", USDT_ETH), ("gate", "ABC", "BSC", USDT_BSC))
    found = judge(table)
    assert (found.verdict, found.ground, found.evidence) == (Verdict.UNVERIFIED, Ground.NONE, ())
    assert "published by both" in found.reason


def test_contracts_on_unmapped_networks_say_nothing() -> None:
    table = networks(("mexc", "ABC", "AVAX", OTHER), ("gate", "ABC", "AVAX", OTHER))
    assert judge(table).verdict is Verdict.UNVERIFIED


@pytest.mark.parametrize("ratio", [25.0, 1 / 8_237, 2.01])
def test_an_absurd_ratio_contradicts_the_same_contract(ratio: float) -> None:
    table = networks(("mexc", "ABC", "ERC20", USDT_ETH), ("gate", "ABC", "ETH", USDT_ETH))
    found = judge(table, price_ratio=ratio)
    assert (found.verdict, found.ground) == (Verdict.UNVERIFIED, Ground.NONE)
    assert f"price ratio a coin is {ratio:.4g}" in found.reason
    assert judge(table, price_ratio=1.9).verified


MIXED = networks(
    ("mexc", "ABC", "ERC20", USDT_ETH),
    ("gate", "ABC", "ETH", USDT_ETH),
    ("mexc", "ABC", "BSC", USDT_BSC),
    ("gate", "ABC", "BEP20", OTHER),
)


def test_contracts_that_agree_on_one_network_and_differ_on_another_need_prices() -> None:
    found = judge(MIXED)
    assert found.verdict is Verdict.UNVERIFIED
    assert "but different contracts on bnb_smart_chain, and the price ratio is not known" in found.reason
    assert [each.relation for each in found.evidence] == [Relation.DIFFERENT, Relation.SAME]
    assert judge(MIXED, price_ratio=1.0005).verdict is Verdict.UNVERIFIED
    agreed = judge(MIXED, price_ratio=1.0005, return_correlation=0.9)
    assert (agreed.verdict, agreed.ground) == (Verdict.VERIFIED, Ground.CONTRACT)


def test_one_of_several_contracts_on_a_network_is_enough() -> None:
    table = networks(
        ("mexc", "ABC", "ERC20", OTHER),
        ("mexc", "ABC", "Ethereum(ERC20)", USDT_ETH),
        ("gate", "ABC", "ETH", USDT_ETH),
    )
    assert judge(table).evidence == (Evidence(Relation.SAME, "ethereum", USDT_ETH, USDT_ETH),)


def test_the_native_coin_of_a_common_network_verifies_unless_that_is_switched_off() -> None:
    marker = "0x0000000000000000000000000000000000000000"
    table = networks(("mexc", "ETH", "ERC20", None), ("gate", "ETH", "ETH", marker))
    found = judge(table, asset="ETH")
    assert (found.verdict, found.ground) == (Verdict.VERIFIED, Ground.NATIVE)
    assert found.evidence == (Evidence(Relation.NATIVE, "ethereum", None, None),)
    assert judge(table, asset="ETH", price_ratio=40.0).verdict is Verdict.UNVERIFIED
    strict = identify("ETH", "mexc", "gate", table, BOTH, settings=IdentitySettings(accept_native=False))
    assert strict.verdict is Verdict.UNVERIFIED


@pytest.mark.parametrize("address", [USDT_ETH, "0x12"])
def test_a_native_coin_on_one_side_alone_says_nothing(address: str) -> None:
    table = networks(("mexc", "ETH", "ERC20", address), ("gate", "ETH", "ETH", None))
    assert judge(table, asset="ETH").evidence == ()


def test_a_token_without_contract_is_not_native() -> None:
    table = networks(("mexc", "ABC", "ERC20", None), ("gate", "ABC", "ETH", None))
    assert judge(table).verdict is Verdict.UNVERIFIED


@pytest.mark.parametrize(
    ("ratio", "correlation", "reason"),
    [
        (None, 0.9, "the price ratio is not known"),
        (float("nan"), 0.9, "the price ratio is not known"),
        (1.005, None, "the correlation of returns is not known"),
        (1.005, float("nan"), "the correlation of returns is not known"),
        (1.005, 0.49, "the correlation of returns is only 0.49"),
        (1.011, 0.9, "the price ratio a coin is 1.011"),
        (0.989, 0.9, "the price ratio a coin is 0.989"),
    ],
)
def test_prices_that_do_not_suffice(ratio: float | None, correlation: float | None, reason: str) -> None:
    found = judge(networks(), price_ratio=ratio, return_correlation=correlation)
    assert (found.verdict, found.ground) == (Verdict.UNVERIFIED, Ground.NONE)
    assert found.reason.endswith(reason)


def test_prices_verify_on_a_ground_of_their_own() -> None:
    found = judge(networks(), price_ratio=1.009, return_correlation=0.5)
    assert (found.verdict, found.ground) == (Verdict.VERIFIED, Ground.PRICE)
    assert (found.coin_price_ratio, found.return_correlation) == (1.009, 0.5)


def test_a_multiple_is_compared_a_coin() -> None:
    listed = instruments(("mexc", "PEPE", None), ("gate", "1000PEPE", None))
    found = judge(networks(), listed, "PEPE", asset_b="1000PEPE", price_ratio=0.001002, return_correlation=0.8)
    assert (found.verdict, found.ground) == (Verdict.VERIFIED, Ground.PRICE)
    assert found.coin_price_ratio == pytest.approx(1.002)
    whole = judge(networks(), listed, "PEPE", asset_b="1000PEPE", price_ratio=1.002, return_correlation=0.8)
    assert whole.verdict is Verdict.UNVERIFIED


def test_a_multiple_with_the_coins_contract_still_needs_a_price() -> None:
    listed = instruments(("mexc", "PEPE", None), ("gate", "1000PEPE", None))
    table = networks(("mexc", "PEPE", "ERC20", OTHER), ("gate", "PEPE", "ETH", OTHER))
    found = judge(table, listed, "PEPE", asset_b="1000PEPE")
    assert found.verdict is Verdict.UNVERIFIED
    assert "confirms the units of PEPE and 1000PEPE" in found.reason
    known = judge(table, listed, "PEPE", asset_b="1000PEPE", price_ratio=0.00101)
    assert (known.verdict, known.ground) == (Verdict.VERIFIED, Ground.CONTRACT)
    assert judge(table, listed, "PEPE", asset_b="1000PEPE", price_ratio=1.01).verdict is Verdict.UNVERIFIED


@pytest.mark.parametrize(("one", "other"), [("BTC", "WBTC"), ("MATIC", "POL"), ("NEO", "GAS"), ("USDC", "USDC.E")])
def test_wrapped_bridged_and_renamed_coins_are_not_merged(one: str, other: str) -> None:
    listed = instruments(("mexc", one, None), ("gate", other, None))
    table = networks(
        ("mexc", one, "Polygon(MATIC)", None), ("gate", other, "MATIC", None),
        ("mexc", one, "NEO N3", None), ("gate", other, "NEON3", None),
    )  # fmt: skip
    found = judge(table, listed, one, asset_b=other, price_ratio=1.0, return_correlation=1.0)
    assert found.verdict is Verdict.UNVERIFIED
    assert "two tickers" in found.reason


def test_only_a_common_contract_makes_two_tickers_one_coin() -> None:
    table = networks(("mexc", "OLD", "ERC20", OTHER), ("gate", "NEW", "ETH", OTHER))
    found = judge(table, instruments(), "OLD", asset_b="NEW", price_ratio=1.0)
    assert (found.verdict, found.ground) == (Verdict.VERIFIED, Ground.CONTRACT)


def test_a_coin_that_one_venue_does_not_list_is_said_so() -> None:
    found = judge(networks(), instruments(("mexc", "ABC", None)), price_ratio=1.0, return_correlation=1.0)
    assert (found.verdict, found.reason) == (Verdict.UNVERIFIED, "gate lists no ABC")


def test_a_contract_without_network_finds_its_network_at_the_other_venue() -> None:
    listed = instruments(("mexc", "ABC", USDT_ETH.upper().replace("0X", "0x")), ("gate", "ABC", None))
    found = judge(networks(("gate", "ABC", "ETH", USDT_ETH), ("gate", "ABC", "BSC", OTHER)), listed)
    assert found.verified
    assert found.evidence == (Evidence(Relation.SAME, "ethereum", USDT_ETH, USDT_ETH),)


def test_contracts_without_network_verify_when_equal_and_prove_nothing_when_not() -> None:
    equal = judge(networks(), instruments(("mexc", "ABC", USDT_ETH), ("gate", "ABC", USDT_ETH)))
    assert (equal.verdict, equal.evidence) == (
        Verdict.VERIFIED,
        (Evidence(Relation.SAME, None, USDT_ETH, USDT_ETH),),
    )
    unequal = judge(networks(), instruments(("mexc", "ABC", USDT_ETH), ("gate", "ABC", OTHER)))
    assert unequal.verdict is Verdict.UNVERIFIED


def test_a_contract_without_network_does_not_overrule_a_network() -> None:
    table = networks(("mexc", "ABC", "ERC20", USDT_ETH), ("gate", "ABC", "ETH", OTHER))
    listed = instruments(("mexc", "ABC", USDT_BSC), ("gate", "ABC", USDT_BSC))
    assert judge(table, listed).verdict is Verdict.DIFFERENT


def test_many_pairs_are_judged_like_one() -> None:
    table = networks(
        ("mexc", "ABC", "ERC20", USDT_ETH), ("gate", "ABC", "ETH", USDT_ETH),
        ("mexc", "DEF", "ERC20", USDT_ETH), ("gate", "DEF", "ETH", OTHER),
    )  # fmt: skip
    listed = instruments(("mexc", "PEPE", None), ("gate", "1000PEPE", None))
    pairs = pl.DataFrame({
        "asset": ["ABC", "DEF", "PEPE", "XYZ"], "venue_a": ["mexc"] * 4, "venue_b": ["gate"] * 4,
        "asset_b": [None, None, "1000PEPE", None], "price_ratio": [1.0, None, 0.001, None],
        "return_correlation": [None, None, 0.9, None],
    })  # fmt: skip
    found = identify_pairs(pairs, table, listed)
    assert found.select(pairs.columns).equals(pairs)
    assert found["verdict"].to_list() == ["verified", "different", "verified", "unverified"]
    assert found["ground"].to_list() == ["contract", "contract", "price", "none"]
    assert found["network"].to_list() == ["ethereum", "ethereum", None, None]
    assert found["contract_b"].to_list() == [USDT_ETH, OTHER, None, None]
    assert found["reason"][3] == "mexc lists no XYZ and gate lists no XYZ"
    empty = identify_pairs(pairs.clear(), table, listed)
    assert empty.height == 0
    assert empty.schema["verdict"] == pl.String


@pytest.mark.parametrize("ratio", [0.0, -1.0, float("inf")])
def test_a_ratio_that_cannot_be_is_refused(ratio: float) -> None:
    with pytest.raises(BadInput, match="price ratio"):
        judge(networks(), price_ratio=ratio)


def test_a_correlation_that_cannot_be_is_refused() -> None:
    with pytest.raises(BadInput, match="-1 to 1"):
        judge(networks(), return_correlation=1.1)


def test_a_frame_without_contracts_is_refused() -> None:
    with pytest.raises(SchemaError, match=r"frame of networks.*contract_address"):
        judge(networks().drop("contract_address"))
    with pytest.raises(SchemaError, match=r"frame of instruments.*base"):
        judge(networks(), instruments().drop("base"))
    with pytest.raises(SchemaError, match="no venue_b"):
        identify_pairs(pl.DataFrame({"asset": ["A"], "venue_a": ["mexc"]}), networks(), BOTH)


def test_a_venue_that_is_no_id_is_refused_one_by_one_and_in_a_batch() -> None:
    with pytest.raises(BadInput, match="ccxt id"):
        identify("ABC", "MEXC", "gate", networks(), BOTH)
    pairs = pl.DataFrame({"asset": ["ABC"], "venue_a": ["mexc"], "venue_b": ["Gate"]})
    with pytest.raises(BadInput, match="ccxt id"):
        identify_pairs(pairs, networks(), BOTH)


@pytest.mark.parametrize("values", [{"max_price_gap_bps": 0.0}, {"min_return_correlation": 1.5}, {"absurd_ratio": 1.0}])
def test_settings_out_of_range_are_refused(values: dict[str, float]) -> None:
    with pytest.raises(ParameterError, match=next(iter(values))):
        IdentitySettings(**values)  # type: ignore[arg-type]
