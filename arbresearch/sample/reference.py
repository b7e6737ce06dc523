"""The slow tables of the sample market: instruments, networks, funding; one snapshot or three rows a day."""

from __future__ import annotations

from hashlib import sha256
from math import floor, log10
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from arbresearch.core.units import NS_PER_HOUR, NS_PER_MS
from arbresearch.sample.catalog import NETWORKS, Network
from arbresearch.sample.path_kernels import STEP_S
from arbresearch.sample.plan import QUOTE, CoinPlan, Kind, MarketPlan, StreamPlan
from arbresearch.sample.substreams import Purpose, substream
from arbresearch.store.schemas import FUNDING, INSTRUMENTS
from arbresearch.store.schemas import NETWORKS as NETWORKS_TABLE

__all__ = ["FUNDING_HOURS", "funding_rows", "instruments_frame", "networks_frame"]

FUNDING_HOURS: Final = (0, 8, 16)
_SHUT_SHARE: Final = 0.04
_NATIVE: Final = {"BTC": "BTC", "ETH": "ETH", "SOL": "SOL"}
_HOMES: Final = {
    "BTC": ("BTC", "BSC"), "ETH": ("ETH", "ARBITRUM", "OPTIMISM", "BASE"), "SOL": ("SOL", "BSC"),
    QUOTE: ("TRX", "ETH", "BSC", "SOL", "ARBITRUM", "MATIC"),
}  # fmt: skip
_TOKEN_NETWORKS: Final = tuple(network for network in NETWORKS if network.name not in ("BTC", "TRX"))


def instruments_frame(plan: MarketPlan, day: int) -> pl.DataFrame:
    """Return what every venue lists on a day, as of its midnight."""
    rows = [_instrument(plan, coin, stream, day) for coin, stream in plan.streams()]
    return pl.DataFrame(rows, schema=INSTRUMENTS.schema)


def _instrument(plan: MarketPlan, coin: CoinPlan, stream: StreamPlan, day: int) -> dict[str, Any]:
    home = _homes(plan, coin.coin)[0]
    return {
        "venue": stream.venue,
        "symbol": stream.symbol,
        "recv_ns": plan.spec.day_ns(day),
        "base": coin.coin,
        "quote": QUOTE,
        "settle": QUOTE if stream.swap else None,
        "market": "swap" if stream.swap else "spot",
        "active": True,
        "tick": stream.tick,
        "lot": stream.lot,
        "min_quantity": stream.lot,
        "min_notional": stream.min_notional,
        "contract_size": stream.lot if stream.swap else 1.0,
        "maker_fee": stream.maker_fee,
        "taker_fee": stream.taker_fee,
        "contract_address": None if stream.swap else _address(coin.coin, home, stream),
    }


def networks_frame(plan: MarketPlan, day: int) -> pl.DataFrame:
    """Return over which networks each venue moves each coin on a day, as of its midnight.

    Each venue has the home network of a coin and most of its other ones, in its own spelling. Now and then a network
    other than the home one is shut for a day; where a shut deposit is planted, all networks of that coin on that
    venue are, every day.
    """
    spots = [(coin.price, stream) for coin, stream in plan.streams() if not stream.swap]
    rows = [row for price, stream in spots for row in _networks(plan, stream.coin, price, stream.venue, stream, day)]
    rows += [row for venue in plan.spec.venues for row in _networks(plan, QUOTE, 1.0, venue, None, day)]
    return pl.DataFrame(rows, schema=NETWORKS_TABLE.schema)


def _networks(
    plan: MarketPlan, coin: str, price: float, venue: str, stream: StreamPlan | None, day: int
) -> list[dict[str, Any]]:
    spec = plan.spec
    shut = stream is not None and stream.kind is Kind.DEPOSIT_SHUT
    rows = []
    for place, network in enumerate(_homes(plan, coin)):
        fixed = substream(spec.seed, Purpose.NETWORKS, coin, venue, network.name)
        offered, spread = fixed.random() < 0.85, fixed.uniform(0.6, 1.6)
        if place and not offered:
            continue
        luck = substream(spec.seed, Purpose.NETWORKS, coin, venue, network.name, day).random(2)
        closed = [shut or bool(place and value < _SHUT_SHARE) for value in luck]
        fee = _two_digits(network.fee_usd * spread / price)
        rows.append({
            "venue": venue,
            "asset": coin,
            "network": network.spellings.get(venue, network.name),
            "recv_ns": spec.day_ns(day),
            "withdraw_open": not closed[0],
            "deposit_open": not closed[1],
            "fee": fee,
            "fee_fraction": 0.0,
            "min_withdraw": 2.0 * fee,
            "max_withdraw": _two_digits(2e6 / price),
            "min_deposit": 0.1 * fee,
            "precision": 1e-8,
            "confirmations": network.confirmations,
            "minutes": network.minutes,
            "memo": False,
            "contract_address": _address(coin, network, stream),
        })  # fmt: skip
    return rows


def _homes(plan: MarketPlan, coin: str) -> tuple[Network, ...]:
    if coin in _HOMES:
        return tuple(network for name in _HOMES[coin] for network in NETWORKS if network.name == name)
    rng = substream(plan.spec.seed, Purpose.NETWORKS, coin)
    chosen = rng.permutation(len(_TOKEN_NETWORKS))[: 2 + int(rng.integers(3))]
    return tuple(_TOKEN_NETWORKS[int(index)] for index in chosen)


def _address(coin: str, network: Network, stream: StreamPlan | None) -> str | None:
    """Return the token contract; None for a native coin, and where a venue with another coin hides it."""
    if _NATIVE.get(coin) == network.name:
        return None
    other = stream is not None and stream.other_coin
    if other and stream is not None and stream.variant % 3 == 2:
        return None
    digest = sha256(f"{coin} {network.name} {'other' if other else ''}".encode()).hexdigest()
    return f"0x{digest[:40]}"


def _two_digits(value: float) -> float:
    return round(value, 1 - floor(log10(value)))


def funding_rows(plan: MarketPlan, stream: StreamPlan, day: int, grid: NDArray[np.float64]) -> pl.DataFrame:
    """Return the funding of a perpetual on a day: at 0, 8 and 16 h, for the eight hours that begin then.

    The rate is the usual 1 bp plus a fifth of the premium over spot, within 5 bps; mark and index are on the tick grid.
    """
    rng = substream(plan.spec.seed, Purpose.FUNDING, stream.symbol, stream.venue, day)
    midnight = plan.spec.day_ns(day)
    due = np.array([midnight + hour * NS_PER_HOUR for hour in FUNDING_HOURS], np.int64)
    index = stream.price * np.exp(grid[[int(hour * 3_600 / STEP_S) for hour in FUNDING_HOURS]])
    premium_bps = stream.deviation_mean_bps + stream.deviation_sd_bps * rng.standard_normal(due.size)
    mark = index * (1.0 + 1e-4 * premium_bps)
    open_interest = np.round(5e7 / index * np.exp(0.1 * rng.standard_normal(due.size)) / stream.lot)
    columns = {
        "venue": [stream.venue] * due.size,
        "symbol": [stream.symbol] * due.size,
        "recv_ns": due + int(stream.delay_ms * NS_PER_MS) + rng.integers(0, 5 * NS_PER_MS, due.size),
        "event_ns": due,
        "rate": np.round(1e-4 * np.clip(1.0 + 0.2 * premium_bps, -5.0, 5.0), 8),
        "next_ns": due + 8 * NS_PER_HOUR,
        "mark_price": np.round(mark / stream.tick) * stream.tick_steps / float(10**stream.tick_decimals),
        "index_price": np.round(index / stream.tick) * stream.tick_steps / float(10**stream.tick_decimals),
        "open_interest": open_interest * stream.lot,
    }
    return pl.DataFrame(columns, schema=FUNDING.schema)
