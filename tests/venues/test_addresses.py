from __future__ import annotations

import pytest

from arbresearch.core import BadInput
from arbresearch.venues import AddressRule, comparable_address, contract_on

USDT_TON = "0:b113a994b5024a16719f69139328eb759596c38a25f59028b146fecdc3621dfe"


@pytest.mark.parametrize(
    ("rule", "one", "other"),
    [
        ("evm", "0xdAC17F958D2ee523a2206206994597C13D831ec7", "0XDAC17F958D2EE523A2206206994597C13D831EC7"),
        ("evm", "ronin:0b7007c13325c48911f73a2dad5fa5dcbf808adc", "0x0B7007C13325C48911F73A2DAD5FA5DCBF808ADC"),
        ("hex", "0x0357B0b7", "0x357b0b7"),
        ("hex", "0x002::sui::SUI", "0x2::sui::SUI"),
        ("ton", "EQCxE6mUtQJKFnGfaROTKOt1lZbDiiX1kCixRv7Nw2Id_sDs", USDT_TON),
        ("ton", "EQCxE6mUtQJKFnGfaROTKOt1lZbDiiX1kCixRv7Nw2Id/sDs", USDT_TON.upper()),
        ("exact", " TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t", "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t "),
    ],
)
def test_spellings_of_one_address_are_equal(rule: str, one: str, other: str) -> None:
    first = comparable_address(one, AddressRule(rule))
    assert first is not None
    assert first == comparable_address(other, AddressRule(rule))


@pytest.mark.parametrize(
    ("rule", "one", "other"),
    [
        ("exact", "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t", "tr7nhqjekqxgtci8q8zy4pl8otszgjlj6t"),
        ("hex", "0x2::sui::SUI", "0x2::sui::Sui"),
        ("evm", "0x55d398326f99059ff775485246999027b3197955", "0x55d398326f99059ff775485246999027b3197956"),
    ],
)
def test_addresses_that_differ_stay_different(rule: str, one: str, other: str) -> None:
    assert comparable_address(one, AddressRule(rule)) != comparable_address(other, AddressRule(rule))


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        ("evm", None),
        ("exact", ""),
        ("exact", "   "),
        ("evm", "0x55d3"),
        ("evm", "TN3W4H6rK2ce4vX9YnFQHwKENnHjoxbm9"),
        ("hex", "sui"),
        ("ton", "EQCxE6mUtQJKFnGfaROTKOt1lZbDiiX1kCixRv7Nw2Id_sDt"),
        ("ton", "not an address"),
    ],
)
def test_what_is_no_address_is_no_evidence(rule: str, text: str | None) -> None:
    assert comparable_address(text, AddressRule(rule)) is None


@pytest.mark.parametrize(
    ("network", "marker"),
    [
        ("ethereum", "0xEeeeeEeeeEeEeeEeEeEeeEEEeeeeEeeeeeeeEEeE"),
        ("base", "0x0000000000000000000000000000000000000000"),
        ("polygon", "0x0000000000000000000000000000000000001010"),
        ("sui", "0x2::sui::SUI"),
    ],
)
def test_a_marker_of_the_native_coin_is_no_contract(network: str, marker: str) -> None:
    assert contract_on(network, marker) is None


def test_a_contract_keeps_the_rule_of_its_network() -> None:
    assert contract_on("bnb_smart_chain", "0x55D3_".replace("_", "9" * 36)) == "0x55d3" + "9" * 36
    assert contract_on("solana", "Es9vMFrzaC") == "Es9vMFrzaC"


def test_an_unknown_network_is_refused() -> None:
    with pytest.raises(BadInput, match="canonical id such as ethereum, was 'ERC20'"):
        contract_on("ERC20", "0x1")
