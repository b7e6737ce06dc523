"""What each venue's answers about instruments and networks mean, a function each.

A reader gets the JSON of one answer, says whether it knows it, and yields a row an entry. A value that is missing is
None; one that should be a number and is not raises ``ValueError`` and the entry is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from arbresearch.core import MarketType, Symbol
from arbresearch.store.importers.names import QUOTES, unified_symbol
from arbresearch.store.importers.payloads import Payload

__all__ = ["READERS", "Reader", "Row"]

Row = dict[str, Any]

_QUOTES: Final = (*QUOTES, "AUD")


@dataclass(frozen=True, slots=True)
class Reader:
    """One kind of answer: how it is known, and how its entries become rows of which tables."""

    name: str
    tables: tuple[str, ...]
    knows: Callable[[Any], bool]
    entries: Callable[[Payload], Iterator[Any]]
    rows: Callable[[Any], Iterator[tuple[str, Row]]]
    time_ms: Callable[[Any], int | None] = lambda _: None


def _number(value: Any) -> Decimal | None:
    if value is None or value == "":
        return None
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        raise ValueError(f"not a number: {value!r}") from None
    if not number.is_finite():
        raise ValueError(f"not a finite number: {value!r}")
    return number


def _real(value: Any) -> float | None:
    number = _number(value)
    return None if number is None else float(number)


def _positive(value: Any) -> float | None:
    number = _real(value)
    return number if number is not None and number > 0 else None


def _step(decimals: Any) -> float:
    places = _number(decimals)
    if places is None:
        raise ValueError("no number of decimals")
    return float(Decimal(1).scaleb(-int(places)))


def _times(first: Any, second: Decimal) -> float | None:
    number = _number(first)
    return None if number is None else float(number * second)


def _percent(value: Any) -> float | None:
    number = _number(value)
    return None if number is None else float(number / 100)


def _objects(*names: str) -> Callable[[Any], bool]:
    def knows(data: Any) -> bool:
        first = data[0] if isinstance(data, list) and data else data
        return isinstance(first, dict) and all(name in first for name in names)

    return knows


def _each(payload: Payload) -> Iterator[Any]:
    if isinstance(payload.data, list):
        yield from payload.data
    else:
        yield payload.data


def _gate_pair(one: Any) -> Iterator[tuple[str, Row]]:
    # Gate API v4 GET /spot/currency_pairs: fee is a percentage, precision and amount_precision are decimals.
    yield (
        "instruments",
        {
            "venue": "gate",
            "symbol": f"{one['base']}/{one['quote']}",
            "base": one["base"],
            "quote": one["quote"],
            "market": "spot",
            "active": one.get("trade_status") == "tradable",
            "tick": _step(one["precision"]),
            "lot": _step(one["amount_precision"]),
            "min_quantity": _real(one.get("min_base_amount")),
            "min_notional": _real(one.get("min_quote_amount")),
            "contract_size": 1.0,
            "maker_fee": _percent(one.get("fee")),
            "taker_fee": _percent(one.get("fee")),
        },
    )


def _gate_contract(one: Any) -> Iterator[tuple[str, Row]]:
    # Gate API v4 GET /futures/usdt/contracts: base = contracts x quanto_multiplier; fractions of a contract
    # (enable_decimal) step by order_size_min.
    base, quote = one["name"].split("_")[:2]
    size = _number(one["quanto_multiplier"])
    if size is None or size <= 0:
        raise ValueError(f"no linear contract: quanto_multiplier {one['quanto_multiplier']!r}")
    least = one.get("order_size_min")
    step = _number(least) if one.get("enable_decimal") and least is not None else Decimal(1)
    yield (
        "instruments",
        {
            "venue": "gate",
            "symbol": f"{base}/{quote}:{quote}",
            "base": base,
            "quote": quote,
            "settle": quote,
            "market": "swap",
            "active": not one.get("in_delisting", False),
            "tick": _real(one["order_price_round"]),
            "lot": _times(step, size),
            "min_quantity": _times(least, size),
            "contract_size": float(size),
            "maker_fee": _real(one.get("maker_fee_rate")),
            "taker_fee": _real(one.get("taker_fee_rate")),
        },
    )


def _gate_withdrawals(one: Any) -> Iterator[tuple[str, Row]]:
    # Gate API v4 GET /wallet/withdraw_status: fixed fee and percentage by chain.
    fixed = one.get("withdraw_fix_on_chains") or {}
    percent = one.get("withdraw_percent_on_chains") or {}
    for chain in dict.fromkeys([*fixed, *percent]):
        yield (
            "networks",
            {
                "venue": "gate",
                "asset": one["currency"],
                "network": chain,
                "fee": _real(fixed.get(chain)),
                "fee_fraction": _percent(str(percent[chain]).rstrip("%")) if chain in percent else None,
                "min_withdraw": _real(one.get("withdraw_amount_mini")),
                "max_withdraw": _real(one.get("withdraw_eachtime_limit")),
            },
        )


def _mexc_symbol(one: Any) -> Iterator[tuple[str, Row]]:
    # MEXC spot v3 GET /api/v3/exchangeInfo: precisions are decimals; baseSizePrecision is the smallest order in the
    # base coin and quoteAmountPrecision the smallest in quote currency, 0 meaning none.
    yield (
        "instruments",
        {
            "venue": "mexc",
            "symbol": f"{one['baseAsset']}/{one['quoteAsset']}",
            "base": one["baseAsset"],
            "quote": one["quoteAsset"],
            "market": "spot",
            "active": str(one.get("status")) in ("1", "ENABLED") and one.get("isSpotTradingAllowed", True) is True,
            "tick": _step(one["quotePrecision"]),
            "lot": _step(one["baseAssetPrecision"]),
            "min_quantity": _positive(one.get("baseSizePrecision")),
            "min_notional": _positive(one.get("quoteAmountPrecision")),
            "contract_size": 1.0,
            "maker_fee": _real(one.get("makerCommission")),
            "taker_fee": _real(one.get("takerCommission")),
            "contract_address": one.get("contractAddress") or None,
        },
    )


def _mexc_coin(one: Any) -> Iterator[tuple[str, Row]]:
    # MEXC spot v3 GET /api/v3/capital/config/getall: netWork is the id that withdrawals take, network its long name;
    # withdrawIntegerMultiple is a number of decimals in some answers ("8") and a step in others ("0.000001").
    for chain in one["networkList"]:
        multiple = _number(chain.get("withdrawIntegerMultiple"))
        whole = multiple is not None and multiple >= 1
        tips = f"{chain.get('depositTips') or ''} {chain.get('withdrawTips') or ''}".upper()
        yield (
            "networks",
            {
                "venue": "mexc",
                "asset": one["coin"],
                "network": chain.get("netWork") or chain["network"],
                "withdraw_open": chain.get("withdrawEnable"),
                "deposit_open": chain.get("depositEnable"),
                "fee": _real(chain.get("withdrawFee")),
                "min_withdraw": _real(chain.get("withdrawMin")),
                "max_withdraw": _real(chain.get("withdrawMax")),
                "precision": _step(multiple) if whole else None if multiple is None else float(multiple),
                "confirmations": None if chain.get("minConfirm") is None else int(chain["minConfirm"]),
                "memo": True if "MEMO" in tips else None,
                "contract_address": chain.get("contract") or None,
            },
        )


def _flat_network(one: Any) -> Iterator[tuple[str, Row]]:
    yield (
        "networks",
        {
            "venue": one["exchange"].lower(),
            "asset": _coin(one["symbol"]),
            "network": one["network"],
            "fee": _real(one["withdraw_fee"]),
            "min_withdraw": _real(one["min_withdraw"]),
        },
    )


def _pair(symbol: str) -> str:
    return unified_symbol(symbol, MarketType.SPOT, _QUOTES)


def _coin(symbol: str) -> str:
    return Symbol.parse(_pair(symbol)).base


def _books_entries(payload: Payload) -> Iterator[Any]:
    for symbol, venues in payload.data.items():
        for venue, one in venues.items():
            yield {"symbol": symbol, "venue": venue.lower(), **one}


def _books(one: Any) -> Iterator[tuple[str, Row]]:
    # Five levels a side as a flat list: price, size, price, size, best first.
    venue, coin = one["venue"], _coin(one["symbol"])
    for chain in one.get("network") or ():
        yield (
            "networks",
            {
                "venue": venue,
                "asset": coin,
                "network": chain["name"],
                "fee": _real(chain.get("fee")),
                "min_withdraw": _real(chain.get("minWd")),
            },
        )
    sides = {"bids": one.get("bid") or [], "asks": one.get("ask") or []}
    if not any(sides.values()):
        return
    levels: Row = {}
    for name, flat in sides.items():
        pairs = flat if flat and isinstance(flat[0], list) else list(zip(flat[::2], flat[1::2], strict=True))
        padded = [(_real(price), _real(size)) for price, size in pairs][:10]
        padded += [(None, None)] * (10 - len(padded))
        levels[name] = [price for price, _ in padded]
        levels[f"{name[:-1]}_sizes"] = [size for _, size in padded]
    common = {"venue": venue, "symbol": _pair(one["symbol"])}
    yield "depth", {**common, **levels}
    yield (
        "quotes",
        {
            **common,
            "bid": levels["bids"][0],
            "bid_size": levels["bid_sizes"][0],
            "ask": levels["asks"][0],
            "ask_size": levels["ask_sizes"][0],
        },
    )


def _own(table: str) -> Callable[[Any], Iterator[tuple[str, Row]]]:
    def rows(one: Any) -> Iterator[tuple[str, Row]]:
        yield table, dict(one)

    return rows


def _is_books(data: Any) -> bool:
    if not isinstance(data, dict) or not data:
        return False
    first = next(iter(data.values()))
    return isinstance(first, dict) and any(
        isinstance(one, dict) and {"bid", "ask", "network"} <= set(one) for one in first.values()
    )


READERS: Final[tuple[Reader, ...]] = (
    Reader("gate spot pairs", ("instruments",), _objects("id", "base", "quote", "amount_precision"), _each, _gate_pair),
    Reader(
        "gate contracts",
        ("instruments",),
        _objects("name", "quanto_multiplier", "order_price_round"),
        _each,
        _gate_contract,
    ),
    Reader(
        "gate withdrawal fees", ("networks",), _objects("currency", "withdraw_fix_on_chains"), _each, _gate_withdrawals
    ),
    Reader(
        "mexc exchangeInfo",
        ("instruments",),
        _objects("symbols", "serverTime"),
        lambda payload: iter(payload.data["symbols"]),
        _mexc_symbol,
        lambda data: int(data["serverTime"]),
    ),
    Reader("mexc coin configuration", ("networks",), _objects("coin", "networkList"), _each, _mexc_coin),
    Reader("books and networks of several venues", ("networks", "depth", "quotes"), _is_books, _books_entries, _books),
    Reader(
        "flat networks", ("networks",), _objects("symbol", "exchange", "network", "withdraw_fee"), _each, _flat_network
    ),
    Reader(
        "instruments table", ("instruments",), _objects("venue", "symbol", "tick", "lot"), _each, _own("instruments")
    ),
    Reader("networks table", ("networks",), _objects("venue", "asset", "network"), _each, _own("networks")),
)
"""Every kind of answer that is understood; the first that knows it is taken."""
