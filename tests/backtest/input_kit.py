"""Small stores for tests of what a run reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import polars as pl

from arbresearch.backtest.conditions import Conditions, conditions_of
from arbresearch.backtest.config import BacktestConfig
from arbresearch.backtest.inputs import Recording
from arbresearch.core import NS_PER_DAY, NS_PER_SECOND, FeeSchedule
from arbresearch.store import TickStore

__all__ = [
    "DAY",
    "add_funding",
    "add_instrument",
    "add_network",
    "add_quotes",
    "add_trades",
    "both_books",
    "conditions",
    "perpetual",
    "told",
]

DAY = 20_000 * NS_PER_DAY
"""2024-10-04"""


def add_quotes(
    store: TickStore,
    venue: str,
    seconds: Sequence[float],
    mids: Sequence[float] | float = 100.0,
    *,
    symbol: str = "A/USDT",
    spread: float = 0.02,
    size: float = 10.0,
    delay_s: float | None = None,
) -> None:
    """Store quotes around mids at those seconds after midnight; the exchange's clock is ``delay_s`` earlier."""
    count = len(seconds)
    prices = [mids] * count if isinstance(mids, float | int) else list(mids)
    recv = [DAY + round(one * NS_PER_SECOND) for one in seconds]
    frame = pl.DataFrame(
        {
            "venue": [venue] * count,
            "symbol": [symbol] * count,
            "recv_ns": recv,
            "event_ns": [None if delay_s is None else one - round(delay_s * NS_PER_SECOND) for one in recv],
            "bid": [one - spread / 2 for one in prices],
            "bid_size": [size] * count,
            "ask": [one + spread / 2 for one in prices],
            "ask_size": [size] * count,
        },
        schema_overrides={"recv_ns": pl.Int64, "event_ns": pl.Int64},
    )
    store.append("quotes", frame)


def both_books(store: TickStore, seconds: Sequence[float] | None = None, **values: Any) -> None:
    """Store the same quotes on MEXC and on Gate, ten minutes of them, and instruments with fees."""
    for venue in ("mexc", "gate"):
        add_quotes(store, venue, range(600) if seconds is None else seconds, **values)
        add_instrument(store, venue)


def add_instrument(
    store: TickStore, venue: str, symbol: str = "A/USDT", second: float = -3600.0, **values: Any
) -> None:
    """Store what a venue says of a market."""
    row: dict[str, Any] = {
        "venue": venue, "symbol": symbol, "recv_ns": DAY + round(second * NS_PER_SECOND), "base": symbol.split("/")[0],
        "quote": "USDT", "market": "swap" if ":" in symbol else "spot", "active": True, "tick": 0.01, "lot": 0.1,
        "min_quantity": 0.1, "min_notional": 5.0, "contract_size": 1.0, "maker_fee": 0.0002, "taker_fee": 0.0005,
    }  # fmt: skip
    store.append("instruments", pl.DataFrame([{**row, **values}]))


def add_trades(store: TickStore, venue: str, seconds: Sequence[float], sizes: Sequence[float], **values: Any) -> None:
    """Store trades of buyers at 100."""
    count = len(seconds)
    frame = {
        "venue": [venue] * count, "symbol": ["A/USDT"] * count, "price": [100.0] * count, "size": list(sizes),
        "recv_ns": [DAY + round(one * NS_PER_SECOND) for one in seconds], "side": ["buy"] * count,
    }  # fmt: skip
    store.append("trades", pl.DataFrame({**frame, **values}))


def add_funding(
    store: TickStore, venue: str, rows: Sequence[tuple[float, float, float | None]], symbol: str = "A/USDT:USDT"
) -> None:
    """Store funding: hour of receipt, rate, and hour at which it is paid."""
    hour = 3_600 * NS_PER_SECOND
    frame = pl.DataFrame(
        {
            "venue": [venue] * len(rows),
            "symbol": [symbol] * len(rows),
            "recv_ns": [DAY + round(at * hour) for at, _, _ in rows],
            "rate": [rate for _, rate, _ in rows],
            "next_ns": [None if due is None else DAY + round(due * hour) for _, _, due in rows],
        },
        schema_overrides={"next_ns": pl.Int64},
    )
    store.append("funding", frame)


def add_network(store: TickStore, venue: str, asset: str, network: str, **values: Any) -> None:
    """Store a network that is open both ways."""
    row: dict[str, Any] = {
        "venue": venue, "asset": asset, "network": network, "recv_ns": DAY - NS_PER_SECOND, "withdraw_open": True,
        "deposit_open": True, "fee": 1.0, "fee_fraction": 0.0, "min_withdraw": 2.0, "min_deposit": 0.5,
        "precision": 0.01, "minutes": 3.0,
    }  # fmt: skip
    store.append("networks", pl.DataFrame([{**row, **values}]))


def conditions(
    store: TickStore, config: BacktestConfig | None = None, own: Mapping[str, FeeSchedule] | None = None, **values: Any
) -> Conditions:
    config = replace(config or BacktestConfig(), **values)
    return conditions_of(Recording.named(store, "A/USDT", config).inputs(config), config, own)


def told(found: Conditions, words: str) -> list[str]:
    return [one for one in found.warnings if words in one]


def perpetual(store: TickStore, **values: Any) -> None:
    add_quotes(store, "gate", range(600), 101.0, symbol="A/USDT:USDT")
    add_instrument(store, "gate", "A/USDT:USDT", **{"contract_size": 2.0, "lot": 2.0, "min_quantity": 2.0, **values})
