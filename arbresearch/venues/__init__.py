"""What exchanges are: their networks under one name each, and whether two of them mean the same coin."""

from arbresearch.venues.addresses import AddressRule, comparable_address
from arbresearch.venues.evidence import CoinRegister, Evidence, Relation
from arbresearch.venues.identity import identify, identify_pairs
from arbresearch.venues.networks import (
    canonical_network,
    contract_on,
    map_networks,
    networks_frame,
    unmapped_networks,
)
from arbresearch.venues.spellings import Network, NetworkTable, load_networks, network_table, spelling_key
from arbresearch.venues.symbols import QuoteGroups, Unit, per_coin_ratio, unit_of, with_units
from arbresearch.venues.verdict import Ground, Identity, IdentitySettings, Verdict

__all__ = [
    "AddressRule",
    "CoinRegister",
    "Evidence",
    "Ground",
    "Identity",
    "IdentitySettings",
    "Network",
    "NetworkTable",
    "QuoteGroups",
    "Relation",
    "Unit",
    "Verdict",
    "canonical_network",
    "comparable_address",
    "contract_on",
    "identify",
    "identify_pairs",
    "load_networks",
    "map_networks",
    "network_table",
    "networks_frame",
    "per_coin_ratio",
    "spelling_key",
    "unit_of",
    "unmapped_networks",
    "with_units",
]
