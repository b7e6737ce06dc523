"""The reviewed table of networks: read from TOML, checked, and looked up by a venue's own spelling."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from types import MappingProxyType
from typing import Final

from pydantic import BaseModel, ConfigDict, ValidationError

from arbresearch.core import MappingError, check_venue, expected
from arbresearch.venues.addresses import EVM_MARKERS, AddressRule, comparable_address

__all__ = ["Network", "NetworkTable", "load_networks", "network_table", "spelling_key"]

_FILE: Final = "networks.toml"
_BRACKETS: Final = re.compile(r"(?P<outer>[^()\[\]]+?)\s*[(\[](?P<inner>[^()\[\]]+)[)\]]")


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    aliases: tuple[str, ...] = ()
    venues: dict[str, tuple[str, ...]] = {}
    native: tuple[str, ...] = ()
    memo: bool = False
    addresses: AddressRule = AddressRule.EXACT
    markers: tuple[str, ...] = ()


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    reviewed: str
    sources: tuple[str, ...]
    same_venue: dict[str, str] = {}
    networks: dict[str, _Entry]


@dataclass(frozen=True, slots=True)
class Network:
    """One network.

    Parameters
    ----------
    id, name
        Canonical id such as ``arbitrum_one``, and the usual name.
    aliases
        Spellings that mean it on every venue, as written in the table; the name is the first.
    venue_aliases
        Further spellings, by ccxt id of the venue where they mean it.
    native
        Tickers of the coins that need no contract there.
    memo
        Whether deposits at exchanges usually carry a memo or tag; a venue's own flag goes before it.
    addresses
        How contract addresses are compared.
    markers
        Comparable addresses that stand for the native coin.
    """

    id: str
    name: str
    aliases: tuple[str, ...]
    venue_aliases: Mapping[str, tuple[str, ...]]
    native: tuple[str, ...]
    memo: bool
    addresses: AddressRule
    markers: frozenset[str]


@dataclass(frozen=True, slots=True)
class NetworkTable:
    """All networks, and which spelling means which.

    Parameters
    ----------
    reviewed, sources
        Day of the last review, ``YYYY-MM-DD``, and what it was checked against.
    networks
        By canonical id.
    everywhere
        Key of a spelling to canonical id, for all venues.
    by_venue
        The same for one venue each.
    same_venue
        Other ids of venues to the one in ``by_venue``.
    """

    reviewed: str
    sources: tuple[str, ...]
    networks: Mapping[str, Network]
    everywhere: Mapping[str, str]
    by_venue: Mapping[str, Mapping[str, str]]
    same_venue: Mapping[str, str]

    def find(self, venue: str, asset: str, spelling: str) -> str | None:
        """Return the canonical id of a venue's spelling, None when it is unknown or ambiguous."""
        here = self.by_venue.get(self.same_venue.get(venue, venue), {})
        return self._find(here, asset, spelling)

    def _find(self, here: Mapping[str, str], asset: str, spelling: str) -> str | None:
        key = spelling_key(spelling)
        whole = here.get(key) or self.everywhere.get(key)
        if whole is not None:
            return whole
        if asset and spelling.casefold().startswith(f"{asset.casefold()}-"):
            return self._find(here, "", spelling[len(asset) + 1 :])
        bracketed = _BRACKETS.fullmatch(spelling.strip())
        parts = bracketed.group("outer", "inner") if bracketed else spelling.split("/")
        found = {self._find(here, asset, part) for part in parts} if len(parts) == 2 else set()
        return found.pop() if len(found) == 1 else None


def spelling_key(text: str) -> str:
    """Return a spelling without case, blanks and punctuation; empty where letters outside ASCII are left.

    Applying it again changes nothing.
    """
    letters = "".join(one for one in unicodedata.normalize("NFKC", text).lower() if one.isalnum())
    return letters if letters.isascii() else ""


def load_networks(text: str, name: str = _FILE) -> NetworkTable:
    """Read a table of networks from TOML text.

    Raises
    ------
    MappingError
        If it is malformed, or one spelling means two networks on one venue.
    """
    try:
        file = _File.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise MappingError(expected(name, "TOML", str(error))) from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise MappingError(expected(f"{name} {where}", first["msg"], repr(first.get("input")))) from None
    networks = {one: _network(one, entry) for one, entry in file.networks.items()}
    everywhere: dict[str, str] = {}
    for network in networks.values():
        _enter(everywhere, network.aliases, network.id, f"{name} {network.id}")
    by_venue: dict[str, dict[str, str]] = {}
    for network in networks.values():
        for venue, spellings in network.venue_aliases.items():
            where = f"{name} {network.id} {check_venue(venue)}"
            _enter(by_venue.setdefault(venue, {}), spellings, network.id, where, everywhere)
    return NetworkTable(
        file.reviewed,
        file.sources,
        MappingProxyType(networks),
        MappingProxyType(everywhere),
        MappingProxyType({venue: MappingProxyType(keys) for venue, keys in by_venue.items()}),
        MappingProxyType(file.same_venue),
    )


def _network(identity: str, entry: _Entry) -> Network:
    markers = {comparable_address(one, entry.addresses) for one in entry.markers}
    if entry.addresses is AddressRule.EVM:
        markers |= EVM_MARKERS
    return Network(
        identity,
        entry.name,
        (entry.name, *entry.aliases),
        MappingProxyType(entry.venues),
        entry.native,
        entry.memo,
        entry.addresses,
        frozenset(one for one in markers if one is not None),
    )


def _enter(
    keys: dict[str, str], spellings: tuple[str, ...], network: str, where: str, others: Mapping[str, str] | None = None
) -> None:
    for spelling in spellings:
        key = spelling_key(spelling)
        taken = keys.get(key, (others or {}).get(key, network))
        if not key or taken != network:
            todo = "list it under the venues where it is clear, or nowhere"
            raise MappingError(expected(f"{where} spelling {spelling!r}", "one that means nothing else", taken, todo))
        keys[key] = network


@lru_cache(maxsize=1)
def network_table() -> NetworkTable:
    """Return the reviewed table that comes with the package."""
    return load_networks((files("arbresearch.venues") / _FILE).read_text(encoding="utf-8"))
