"""How data vendors name venues and symbols, and what they are called here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from arbresearch.core import BadInput, MarketType, expected

__all__ = ["BINANCE_SPOT_QUOTES", "CRYPTO_LAKE", "QUOTES", "TARDIS", "Listing", "listing", "unified_symbol"]

QUOTES: Final = (
    "FDUSD", "USDT", "USDC", "USD1", "USDD", "USDE", "DAI", "USD",
    "EUR", "GBP", "JPY", "KRW", "TRY", "BRL", "BTC", "ETH", "BNB",
)  # fmt: skip
"""Quote currencies a symbol without a separator (``BTCUSDT``) may end in; the longest that fits is taken."""

BINANCE_SPOT_QUOTES: Final = (*(quote for quote in QUOTES if quote != "USD"), "BUSD", "TUSD")
"""The same on Binance spot, which has no dollar market: elsewhere ``DOTUSD`` or ``BNBUSD`` would be misread."""

_ALIASES: Final = {"XBT": "BTC", "XDG": "DOGE"}
_WHOLE: Final = re.compile(r"^(?P<pair>[A-Z0-9]+)(?:[_-](?P<tail>PERP|SWAP|\d{6}))?$")
_SPLIT: Final = re.compile(r"^(?P<base>[A-Z0-9]+)[-_/](?P<quote>[A-Z0-9]+)(?:[-_](?P<tail>PERP|SWAP|\d{6}))?$")
_INVERSE: Final = frozenset({"USD"})


@dataclass(frozen=True, slots=True)
class Listing:
    """One of a vendor's exchange names.

    Parameters
    ----------
    venue
        The ccxt id.
    market
        What the exchange name covers; a symbol's own suffix (``-SWAP``, ``-PERP``, an expiry) overrides it.
    in_contracts
        Whether the vendor's sizes are contracts, to be multiplied by the contract size.
    quotes
        Quote currencies its symbols without a separator may end in.
    """

    venue: str
    market: MarketType = MarketType.SPOT
    in_contracts: bool = False
    quotes: tuple[str, ...] = QUOTES


_SWAP: Final = MarketType.SWAP

TARDIS: Final[Mapping[str, Listing]] = {
    "binance": Listing("binance", quotes=BINANCE_SPOT_QUOTES),
    "binance-futures": Listing("binance", _SWAP),
    "binance-us": Listing("binanceus"),
    "bitget": Listing("bitget"),
    "bitget-futures": Listing("bitget", _SWAP),
    "bitstamp": Listing("bitstamp"),
    "bybit": Listing("bybit", _SWAP),
    "bybit-spot": Listing("bybit"),
    "coinbase": Listing("coinbase"),
    "crypto-com": Listing("cryptocom"),
    "gate-io": Listing("gate"),
    "gate-io-futures": Listing("gate", _SWAP, in_contracts=True),
    "gemini": Listing("gemini"),
    "huobi": Listing("huobi"),
    "huobi-dm-linear-swap": Listing("huobi", _SWAP, in_contracts=True),
    "kraken": Listing("kraken"),
    "kucoin": Listing("kucoin"),
    "mexc": Listing("mexc"),
    "mexc-futures": Listing("mexc", _SWAP, in_contracts=True),
    "okex": Listing("okx"),
    "okex-futures": Listing("okx", MarketType.FUTURE, in_contracts=True),
    "okex-swap": Listing("okx", _SWAP, in_contracts=True),
    "woo-x": Listing("woo"),
}
"""Exchange ids of Tardis.dev (``src/consts.ts`` of its public Node client) that are spot or
linear. Amounts are passed on as the exchange sends them, so they are contracts where the exchange counts contracts.
"""

CRYPTO_LAKE: Final[Mapping[str, Listing]] = {
    "BINANCE": Listing("binance"),
    "BINANCE_FUTURES": Listing("binance", _SWAP),
    "BINANCE_US": Listing("binanceus"),
    "BITSTAMP": Listing("bitstamp"),
    "BYBIT": Listing("bybit"),
    "COINBASE": Listing("coinbase"),
    "GATEIO": Listing("gate"),
    "GATEIO_FUTURES": Listing("gate", _SWAP, in_contracts=True),
    "HUOBI": Listing("huobi"),
    "HUOBI_SWAP": Listing("huobi", _SWAP, in_contracts=True),
    "KRAKEN": Listing("kraken"),
    "KUCOIN": Listing("kucoin"),
    "MEXC": Listing("mexc"),
    "OKX": Listing("okx"),
}
"""Exchange names of Crypto Lake, which are those of the cryptofeed library; perpetuals end in ``-PERP``."""


def listing(vendor: str, table: Mapping[str, Listing], name: str) -> Listing:
    """Return what a vendor's exchange name stands for.

    Raises
    ------
    BadInput
        If it is not known; the message says how to name the venue by hand.
    """
    try:
        return table[name]
    except KeyError:
        raise BadInput(
            expected(
                f"{vendor} exchange",
                f"one of {', '.join(sorted(table))}",
                repr(name),
                "give --venue and --symbol (and --contract-size where sizes are contracts)",
            )
        ) from None


def unified_symbol(raw: str, market: MarketType, quotes: tuple[str, ...] = QUOTES) -> str:
    """Return the unified symbol of a venue's own one.

    Parameters
    ----------
    raw
        Such as ``BTCUSDT``, ``BTC-USDT``, ``BTC_USDT``, ``XBT/USD``, ``BTC-USDT-SWAP``, ``BTC-USDT-PERP`` or
        ``BTCUSDT_240927``, in any case. A suffix decides the market; without one ``market`` does.
    quotes
        What a symbol without a separator may end in; the longest that fits is taken.

    Raises
    ------
    BadInput
        If it cannot be split into base and quote, or is an inverse contract (settled in the base coin), whose
        sizes are no multiple of the base coin.
    """
    text = raw.strip().upper()
    match = _SPLIT.match(text)
    if match is not None and match["quote"] not in ("PERP", "SWAP") and not match["quote"].isdigit():
        base, quote, tail = match["base"], match["quote"], match["tail"]
    else:
        whole = _WHOLE.match(text)
        pair = whole["pair"] if whole else ""
        known = max((one for one in quotes if pair.endswith(one) and len(pair) > len(one)), key=len, default="")
        if whole is None or not known:
            raise BadInput(
                expected(
                    "symbol",
                    "a base and a known quote such as BTCUSDT or BTC-USDT",
                    repr(raw),
                    "give --symbol BASE/QUOTE",
                )
            )
        base, quote, tail = pair.removesuffix(known), known, whole["tail"]
    base, quote = _ALIASES.get(base, base), _ALIASES.get(quote, quote)
    if tail is None and market is MarketType.SPOT:
        return f"{base}/{quote}"
    if quote in _INVERSE:
        raise BadInput(
            expected(
                "symbol",
                "spot or a linear contract",
                f"{raw!r}, an inverse one",
                "its sizes are no multiple of the coin",
            )
        )
    expiry = tail if tail is not None and tail.isdigit() else None
    if market is MarketType.FUTURE and tail is None:
        raise BadInput(
            expected("symbol", "a future with its expiry YYMMDD", repr(raw), "give --symbol BASE/QUOTE:SETTLE-YYMMDD")
        )
    return f"{base}/{quote}:{quote}" + (f"-{expiry}" if expiry else "")
