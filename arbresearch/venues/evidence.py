"""What venues publish about their coins: contracts by canonical network, and where two venues agree."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Self, TypeVar

import polars as pl

from arbresearch.core import SchemaError, expected
from arbresearch.venues.addresses import AddressRule, comparable_address
from arbresearch.venues.networks import contract_on, map_networks
from arbresearch.venues.spellings import network_table
from arbresearch.venues.symbols import unit_of

__all__ = ["CoinRegister", "Evidence", "Relation"]

_Coin = tuple[str, str]
_T = TypeVar("_T")


class Relation(StrEnum):
    """What one network says about two coins."""

    SAME = "same"
    NATIVE = "native"
    DIFFERENT = "different"


@dataclass(frozen=True, slots=True)
class Evidence:
    """What one network says about two coins.

    Parameters
    ----------
    relation
        The same contract, the native coin on both sides (of one ticker: NEO and GAS are both native), or different
        contracts.
    network
        Canonical id; None when neither venue says to which network its contract belongs.
    contract_a, contract_b
        Addresses in comparable form; None for a native coin. Where a venue has several on one network, the first in
        order of the alphabet, the common one before all.
    """

    relation: Relation
    network: str | None
    contract_a: str | None
    contract_b: str | None


@dataclass(frozen=True, slots=True)
class CoinRegister:
    """What is published of every (venue, asset).

    Parameters
    ----------
    contracts
        Canonical network to the contract addresses there, in comparable form.
    natives
        Networks on which the coin is native and no contract is given.
    loose
        Contract addresses given without a network (by the instruments table).
    listed
        Every (venue, asset) that occurs at all.
    """

    contracts: dict[_Coin, dict[str, set[str]]]
    natives: dict[_Coin, set[str]]
    loose: dict[_Coin, set[str]]
    listed: set[_Coin]

    @classmethod
    def of(cls, networks: pl.DataFrame, instruments: pl.DataFrame) -> Self:
        """Collect from frames of the ``networks`` and ``instruments`` tables; unmapped networks are left out.

        Raises
        ------
        SchemaError
            If a column is missing.
        """
        _need(networks, "networks", ("venue", "asset", "network", "contract_address"))
        _need(instruments, "instruments", ("venue", "base", "contract_address"))
        contracts: dict[_Coin, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
        natives: dict[_Coin, set[str]] = defaultdict(set)
        loose: dict[_Coin, set[str]] = defaultdict(set)
        listed: set[_Coin] = set()
        table = network_table().networks
        columns = ("venue", "asset", "network_canonical", "contract_address")
        for venue, asset, network, address in map_networks(networks).select(columns).iter_rows():
            listed.add((venue, asset))
            contract = contract_on(network, address) if network else None
            if contract:
                contracts[venue, asset][network].add(contract)
            elif network and asset in table[network].native and _means_native(network, address):
                natives[venue, asset].add(network)
        for venue, base, address in instruments.select("venue", "base", "contract_address").iter_rows():
            listed.add((venue, base))
            if address and address.strip():
                loose[venue, base].add(address.strip())
        return cls({coin: dict(found) for coin, found in contracts.items()}, dict(natives), dict(loose), listed)

    def knows(self, venue: str, asset: str) -> bool:
        """Return whether the venue lists the asset, or the coin of which it is a multiple."""
        return bool({(venue, asset), (venue, unit_of(asset).base)} & self.listed)

    def compare(self, one: _Coin, other: _Coin) -> tuple[Evidence, ...]:
        """Return what the common networks say about two coins, sorted by network.

        A contract without a network is used only where no network decides, and only for agreement: unequal addresses
        may belong to two networks.
        """
        found = self._on_networks(one, other)
        if any(each.relation is not Relation.NATIVE for each in found):
            return found
        return found + self._without_network(one, other)

    def _on_networks(self, one: _Coin, other: _Coin) -> tuple[Evidence, ...]:
        a, b = _of(self.contracts, one) or {}, _of(self.contracts, other) or {}
        found = []
        for network in a.keys() & b.keys():
            common = sorted(a[network] & b[network])
            first, second = (common * 2)[:2] if common else (min(a[network]), min(b[network]))
            found.append(Evidence(Relation.SAME if common else Relation.DIFFERENT, network, first, second))
        if unit_of(one[1]).base == unit_of(other[1]).base:
            natives = (_of(self.natives, one) or set()) & (_of(self.natives, other) or set())
            found += [Evidence(Relation.NATIVE, network, None, None) for network in natives - a.keys() - b.keys()]
        return tuple(sorted(found, key=lambda each: each.network or ""))

    def _without_network(self, one: _Coin, other: _Coin) -> tuple[Evidence, ...]:
        a, b = _of(self.loose, one) or set(), _of(self.loose, other) or set()
        found = {network: min(each) for network, each in self._placed(one, b)}
        found |= {network: min(each) for network, each in self._placed(other, a)}
        if not found:
            both = {_unplaced(each) for each in a} & {_unplaced(each) for each in b}
            return tuple(Evidence(Relation.SAME, None, each, each) for each in sorted(both)[:1])
        return tuple(Evidence(Relation.SAME, network, found[network], found[network]) for network in sorted(found))

    def _placed(self, coin: _Coin, loose: set[str]) -> list[tuple[str, set[str]]]:
        """Return on which networks of a coin an address that was given without one is its contract."""
        here = (_of(self.contracts, coin) or {}).items()
        matches = [(network, known & {contract_on(network, each) for each in loose}) for network, known in here]
        return [(network, {each for each in common if each}) for network, common in matches if common]


def _of(values: Mapping[_Coin, _T], coin: _Coin) -> _T | None:
    venue, asset = coin
    return values.get(coin) or values.get((venue, unit_of(asset).base))


def _means_native(network: str, address: str | None) -> bool:
    """Return whether a venue gives no address, or one that stands for the native coin; not one it garbled."""
    known = network_table().networks[network]
    return not (address or "").strip() or comparable_address(address, known.addresses) in known.markers


def _unplaced(address: str) -> str:
    return comparable_address(address, AddressRule.EVM) or address


def _need(frame: pl.DataFrame, name: str, columns: tuple[str, ...]) -> None:
    missing = [one for one in columns if one not in frame.columns]
    if missing:
        raise SchemaError(expected(f"frame of {name}", f"columns {', '.join(columns)}", f"no {', '.join(missing)}"))
