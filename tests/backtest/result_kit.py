"""A minute of two venues and what was done in it, small enough to count by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from arbresearch.backtest.codes import Asset, CashKind, FillReason, TransferState, Trigger
from arbresearch.backtest.layout import CASH, FILL, ORDER, ORDER_EVENT, PAIR, SAMPLE, TRANSFER
from arbresearch.backtest.log import RunLog
from arbresearch.backtest.market import Market, VenueTape
from arbresearch.backtest.terms import RunTerms, StrategyTerms, VenueTerms
from arbresearch.core import NS_PER_SECOND
from arbresearch.edges.arrays import NEVER_NS
from arbresearch.matching import OrderState, VenueLatency
from arbresearch.matching.rows import BookRows
from arbresearch.signals.modes import Mode

START_NS = 1_704_067_200 * NS_PER_SECOND
"""2024-01-01 00:00 UTC."""
VENUES = ("mexc", "gate", "binance")


def at(seconds: float) -> int:
    """Return a time so many seconds after the start, ns."""
    return START_NS + round(seconds * NS_PER_SECOND)


def book(*rows: tuple[float, float, float]) -> BookRows:
    """Return a book of (seconds, bid, ask) with a size of 10 on both sides."""
    times = np.array([at(row[0]) for row in rows], dtype=np.int64)
    bids, asks = (np.array([row[place] for row in rows]) for place in (1, 2))
    return BookRows(times, bids, np.full(times.size, 10.0), asks, np.full(times.size, 10.0))


def records(dtype: npt.DTypeLike, rows: list[dict[str, Any]], **defaults: Any) -> npt.NDArray[Any]:
    """Return rows of one of the run's tables."""
    table = np.zeros(len(rows), dtype=dtype)
    for place, row in enumerate(rows):
        for name, value in {**defaults, **row}.items():
            table[place][name] = value
    return table


def fill(
    pair: int, venue: int, side: str, seconds: float, quantity: float, price: float, **more: Any
) -> dict[str, Any]:
    """Return a taker fill of a leg without fees, the middle at its price; ``more`` changes it."""
    return {
        "order": pair, "pair": pair, "venue": venue, "sell": side == "sell", "reason": FillReason.LEG, "time_ns":
        at(seconds), "known_ns": at(seconds), "quantity": quantity, "notional": quantity * price, "mid": price, **more,
    }  # fmt: skip


def log_of(**tables: Any) -> RunLog:
    """Return a log of these tables, empty but for them; balances are those of the last sample."""
    dtypes = {
        "orders": ORDER, "order_events": ORDER_EVENT, "fills": FILL, "pairs": PAIR, "transfers": TRANSFER, "cash": CASH,
        "samples": SAMPLE,
    }  # fmt: skip
    full: dict[str, Any] = {
        name: tables[name] if name in tables else np.zeros(0, dtype=dtype) for name, dtype in dtypes.items()
    }
    last = full["samples"][-1]
    held: dict[str, Any] = {
        kind: np.array([last[f"{kind}_{one}"] for one in "abh"]) for kind in ("base", "quote", "coin")
    }
    return RunLog(**full, **held, transit=np.zeros((2, 2)), halted=False, rows=4)


def terms_of(hedge: bool = False, **strategy: Any) -> RunTerms:
    """Return terms with 10 base coin and 1,000 quote currency on A and B, and 500 on the hedge if there is one."""
    venue = VenueTerms(maker_rate=-1e-4, taker_rate=1e-3, lot=0.1, base_start=10.0, quote_start=1_000.0)
    perpetual = VenueTerms(maker_rate=0.0, taker_rate=1e-3, perpetual=True, quote_start=500.0 if hedge else 0.0)
    return RunTerms(
        venues=(venue, venue, perpetual),
        strategy=StrategyTerms(order_quote=200.0, common_lot=0.1, hedge=hedge, **strategy),
        enabled=(True,) * 6,
        entry_bps=(0.0,) * 6,
        exit_bps=(0.0,) * 6,
        latencies=(VenueLatency.constant("mexc"),) * 3,
    )


MARKET: Market = (
    VenueTape(book=book((0, 101.0, 102.0), (60, 102.0, 103.0))),
    VenueTape(book=book((0, 99.0, 100.0), (60, 99.5, 100.5))),
    VenueTape(book=book((0, 100.0, 101.0), (60, 101.0, 102.0))),
)
"""Marks: 100.5, and 101.25 from the end of the minute on; the perpetual's middles: 100.5 and 101.5."""

PAIRS = records(
    PAIR,
    [
        {"mode": Mode.MARKET_A_SELL_MARKET_B_BUY, "decided_ns": at(1), "closed_ns": at(3), "quantity": 2.0,
         "best_sell": 101.0, "best_buy": 100.0, "plan_sell": 100.9, "plan_buy": 100.1, "edge_bps": 60.0},
        {"mode": Mode.LIMIT_A_SELL_MARKET_B_BUY, "decided_ns": at(10), "closed_ns": at(20), "quantity": 3.0,
         "best_sell": 102.0, "best_buy": 100.0, "plan_sell": 102.0, "plan_buy": 100.05, "trigger": Trigger.EXIT},
        {"mode": Mode.MARKET_B_SELL_MARKET_A_BUY, "decided_ns": at(25), "closed_ns": at(26), "quantity": 1.0,
         "best_sell": 100.0, "best_buy": 99.5, "plan_sell": 100.0, "plan_buy": 99.5},
        {"mode": Mode.MARKET_A_SELL_MARKET_B_BUY, "decided_ns": at(58), "closed_ns": NEVER_NS, "quantity": 1.0,
         "best_sell": 102.0, "best_buy": 100.4, "plan_sell": 102.0, "plan_buy": 100.4},
    ],
)  # fmt: skip
"""One completed after a leg filled less, one undone in part after its hedge filled less, one unfilled, one open."""

FILLS = records(
    FILL,
    [
        fill(0, 0, "sell", 1.5, 2.0, 100.8, fee_quote=0.2016, mid=101.5),
        fill(0, 1, "buy", 1.5, 1.5, 100.2, fee_base=0.0015, mid=99.5),
        fill(0, 1, "buy", 2.5, 0.5, 100.4, fee_coin_quote=0.05, reason=FillReason.COMPLETE, mid=99.5),
        fill(1, 0, "sell", 12.0, 1.0, 102.0, fee_quote=-0.0102, maker=True, mid=101.5),
        fill(1, 1, "buy", 13.0, 0.8, 100.0, fee_quote=0.08, reason=FillReason.HEDGE, mid=99.5),
        fill(1, 0, "buy", 15.0, 0.1, 102.5, fee_quote=0.01, reason=FillReason.UNWIND, mid=101.5),
        fill(3, 0, "sell", 59.0, 1.0, 102.0, mid=101.5),
    ],
)

ORDERS = records(
    ORDER,
    [
        {"pair": 0, "venue": 0, "sell": True, "quantity": 2.0, "filled": 2.0, "notional": 201.6, "price": 100.5,
         "state": OrderState.FILLED, "known_ns": at(2)},
        {"pair": 0, "venue": 1, "quantity": 2.0, "filled": 1.5, "notional": 150.3, "price": 100.3,
         "state": OrderState.CANCELLED, "known_ns": at(2)},
        {"pair": 1, "venue": 0, "sell": True, "maker": True, "quantity": 3.0, "filled": 1.0, "notional": 102.0, "price":
        102.0,
         "state": OrderState.CANCELLED, "cancel_sent_ns": at(14), "known_ns": at(15)},
        {"pair": 2, "venue": 0, "quantity": 1.0, "price": 99.5, "state": OrderState.SENT, "known_ns": NEVER_NS},
    ],
    sent_ns=at(1), meets_ns=at(1.5), cancel_sent_ns=NEVER_NS,
)  # fmt: skip

TRANSFERS = records(
    TRANSFER,
    [
        {"asset": Asset.BASE, "origin": 0, "destination": 1, "amount": 1.0, "fee": 0.01, "sent_ns": at(30), "due_ns":
        at(40),
         "state": TransferState.ARRIVED, "received": 0.99, "ended_ns": at(40)},
        {"asset": Asset.QUOTE, "origin": 0, "destination": 1, "amount": 100.0, "fee": 1.0, "sent_ns": at(30), "due_ns":
        at(40),
         "state": TransferState.REFUNDED, "lost": 49.5, "received": 49.5, "ended_ns": at(50)},
    ],
)  # fmt: skip

SAMPLES = records(
    SAMPLE,
    [
        {"time_ns": at(0), "base_a": 10.0, "quote_a": 1_000.0, "base_b": 10.0, "quote_b": 1_000.0},
        {"time_ns": at(35), "base_a": 6.1, "quote_a": 1_193.1486, "base_b": 12.7985, "quote_b": 719.42, "coin_b": -0.05,
         "transit_base": 0.99, "transit_quote": 99.0, "unhedged_quote_s": 30.0, "in_flight": 0},
        {"time_ns": at(60), "base_a": 5.1, "quote_a": 1_344.6486, "base_b": 13.7885, "quote_b": 719.42, "coin_b": -0.05,
         "unhedged_quote_s": 120.0, "in_flight": 1},
    ],
)  # fmt: skip
"""Balances after the fills and transfers above, added up by hand."""

SPREAD = -48.520775
"""``344.6486 - 280.58 - 0.05 - 1.1115 * 101.25``: quote currency, fee coin, and base coin short at the mark."""


def minute() -> RunLog:
    """Return the log of that minute."""
    return log_of(pairs=PAIRS, fills=FILLS, orders=ORDERS, transfers=TRANSFERS, samples=SAMPLES)


def hedged_minute() -> RunLog:
    """Return a minute of the perpetual alone: short 20 at 100 for fees of 2, funding of 0.4, 5 back at 101 for 0.5."""
    fills = records(
        FILL,
        [
            fill(-1, 2, "sell", 1.0, 20.0, 100.0, reason=FillReason.DELTA, fee_quote=2.0),
            fill(-1, 2, "buy", 30.0, 5.0, 101.0, reason=FillReason.DELTA, fee_quote=0.5),
        ],
    )
    cash = records(CASH, [{"venue": 2, "kind": CashKind.FUNDING, "time_ns": at(20), "amount": 0.4}])
    start = {"base_a": 10.0, "quote_a": 1_000.0, "base_b": 10.0, "quote_b": 1_000.0}
    samples = records(
        SAMPLE,
        [
            {"time_ns": at(0), "quote_h": 500.0},
            {"time_ns": at(60), "quote_h": 500.0 + 2_000.0 - 505.0 - 2.5 + 0.4, "base_h": -15.0},
        ],
        **start,
    )
    return log_of(fills=fills, cash=cash, samples=samples)
