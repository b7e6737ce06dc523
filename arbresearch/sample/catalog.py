"""What the simulated venues look like: fees, clocks, spellings of networks, and the coins they list."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Final

__all__ = ["COMMON_COINS", "MAX_SYMBOLS", "NETWORKS", "VENUES", "Network", "VenueProfile", "coin_names"]


@dataclass(frozen=True, slots=True)
class VenueProfile:
    """How one simulated venue charges and how far away it is.

    Parameters
    ----------
    maker, taker, swap_maker, swap_taker
        Fees of the lowest tier as fractions, spot and perpetual.
    min_notional
        Smallest order, quote currency.
    delay_ms, jitter_ms
        Shortest network delay to us, and the mean of the gamma distributed rest.
    skew_ms, drift_ms_per_day
        How far the venue's clock is ahead of ours at the start, and how fast that grows.
    lag_ms
        How long after the efficient price its books move, at most; the leader's are zero.
    """

    maker: float
    taker: float
    swap_maker: float
    swap_taker: float
    min_notional: float
    delay_ms: float
    jitter_ms: float
    skew_ms: float
    drift_ms_per_day: float
    lag_ms: float


VENUES: Final[dict[str, VenueProfile]] = {
    "mexc": VenueProfile(0.0, 0.0005, 0.0001, 0.0004, 5.0, 34.0, 6.0, -8.0, 1.5, 260.0),
    "gate": VenueProfile(0.001, 0.001, 0.0002, 0.0005, 3.0, 47.0, 8.0, 15.0, -2.5, 320.0),
    "binance": VenueProfile(0.001, 0.001, 0.0002, 0.0005, 5.0, 21.0, 4.0, 2.0, 0.4, 0.0),
    "okx": VenueProfile(0.0008, 0.001, 0.0002, 0.0005, 5.0, 27.0, 5.0, -3.0, 0.8, 60.0),
    "bybit": VenueProfile(0.001, 0.001, 0.0002, 0.00055, 5.0, 38.0, 5.0, 5.0, -0.6, 90.0),
    "kucoin": VenueProfile(0.001, 0.001, 0.0002, 0.0006, 3.0, 55.0, 9.0, 22.0, 3.0, 380.0),
    "bitget": VenueProfile(0.001, 0.001, 0.0002, 0.0006, 5.0, 42.0, 7.0, -12.0, 2.0, 300.0),
    "huobi": VenueProfile(0.002, 0.002, 0.0002, 0.0005, 5.0, 61.0, 9.0, 30.0, -4.0, 400.0),
}
"""Profiles by ccxt id. Fees are published ones of the lowest tiers; the rest is plausible, not measured."""


@dataclass(frozen=True, slots=True)
class Network:
    """One network: what it costs to leave over it, and how each venue spells it."""

    name: str
    fee_usd: float
    confirmations: int
    minutes: float
    spellings: dict[str, str]


NETWORKS: Final[tuple[Network, ...]] = (
    Network(
        "ETH",
        3.2,
        64,
        13.0,
        {"mexc": "ERC20", "okx": "ERC20", "kucoin": "ERC20", "bitget": "ERC20", "bybit": "ERC20"},
    ),
    Network(
        "TRX",
        1.1,
        20,
        2.0,
        {"mexc": "TRC20", "okx": "TRC20", "kucoin": "TRC20", "bitget": "TRC20", "huobi": "TRC20"},
    ),
    Network(
        "BSC",
        0.25,
        15,
        1.5,
        {"mexc": "BEP20(BSC)", "kucoin": "BEP20", "bitget": "BEP20", "bybit": "BSC (BEP20)", "huobi": "BEP20"},
    ),
    Network("SOL", 0.12, 32, 1.0, {"okx": "Solana", "bybit": "Solana"}),
    Network(
        "ARBITRUM",
        0.3,
        12,
        4.0,
        {"mexc": "ARB", "gate": "ARBEVM", "okx": "Arbitrum One", "bitget": "ArbitrumOne", "huobi": "ARB"},
    ),
    Network("MATIC", 0.2, 300, 8.0, {"okx": "Polygon", "bitget": "Polygon", "kucoin": "Polygon POS"}),
    Network("BASE", 0.15, 36, 3.0, {"gate": "BASEEVM", "okx": "Base"}),
    Network("OPTIMISM", 0.25, 36, 4.0, {"mexc": "OP", "gate": "OPETH", "okx": "Optimism", "huobi": "OPT"}),
    Network("AVAXC", 0.3, 12, 2.0, {"mexc": "AVAX_CCHAIN", "gate": "AVAX_C", "okx": "Avalanche C-Chain"}),
    Network("BTC", 6.0, 2, 25.0, {"okx": "Bitcoin", "kucoin": "Bitcoin"}),
)
"""A venue that is not named in ``spellings`` uses the plain name."""

COMMON_COINS: Final[dict[str, float]] = {
    "BTC": 97_000.0, "ETH": 3_400.0, "SOL": 190.0, "XRP": 2.3, "DOGE": 0.32, "ADA": 0.9, "AVAX": 38.0, "LINK": 21.0,
    "LTC": 105.0, "DOT": 6.8, "PEPE": 1.8e-5, "SHIB": 2.1e-5, "LUNC": 1.1e-4, "NEAR": 5.1,
    "UNI": 13.5, "AAVE": 310.0, "ATOM": 6.4, "FIL": 5.2, "ARB": 0.74, "OP": 1.8, "INJ": 21.0, "SUI": 4.3,
    "APT": 9.1, "SEI": 0.41, "TIA": 4.9, "JUP": 0.84, "WIF": 1.7, "GALA": 0.036, "SAND": 0.56,
    "MANA": 0.48, "CRV": 0.9, "MKR": 1_500.0, "SNX": 2.0, "COMP": 72.0, "GMT": 0.15, "SLP": 0.0034, "ENJ": 0.22,
    "CHZ": 0.08, "KAS": 0.12, "MX": 3.4, "NKN": 0.084, "RDNT": 0.06, "KNC": 0.55, "HAI": 0.019, "ALEPH": 0.11,
    "YFI": 8_200.0,
}  # fmt: skip
"""Coins by their usual ticker with a plausible price in USDT; further ones are invented."""

_SYLLABLES: Final = ("BA", "DE", "FI", "GO", "KU", "LA", "ME", "NI", "PO", "RU", "SA", "TE", "VI", "ZO")
MAX_SYMBOLS: Final = len(COMMON_COINS) + len(_SYLLABLES) ** 3


def coin_names(count: int) -> tuple[str, ...]:
    """Return the first ``count`` coin tickers: the common ones, then invented ones such as ``BADEFI``.

    At most :data:`MAX_SYMBOLS` exist; fewer are returned when more are asked for.
    """
    invented = ("".join(three) for three in product(_SYLLABLES, repeat=3))
    names = [*COMMON_COINS, *invented] if count > len(COMMON_COINS) else [*COMMON_COINS]
    return tuple(names[:count])
