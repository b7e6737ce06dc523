"""The frames of a result: their columns and types, each a first-class schema."""

from __future__ import annotations

from typing import Final

import polars as pl

__all__ = ["TABLES"]

_I, _F, _S, _B = pl.Int64(), pl.Float64(), pl.String(), pl.Boolean()

TABLES: Final[dict[str, pl.Schema]] = {
    "fills": pl.Schema({
        "fill": _I, "order": _I, "pair": _I, "time_ns": _I, "known_ns": _I, "account": _S, "venue": _S, "side": _S,
        "role": _S, "reason": _S, "price": _F, "quantity": _F, "notional_quote": _F, "fee_base": _F, "fee_quote": _F,
        "fee_coin_quote": _F, "mid": _F,
    }),
    "orders": pl.Schema({
        "order": _I, "pair": _I, "account": _S, "venue": _S, "side": _S, "role": _S, "reason": _S, "limit": _F,
        "quantity": _F, "filled": _F, "average_price": _F, "sent_ns": _I, "meets_ns": _I, "cancel_sent_ns": _I,
        "known_ns": _I, "state": _S,
    }),
    "order_events": pl.Schema({"order": _I, "time_ns": _I, "state": _S, "filled": _F}),
    "pairs": pl.Schema({
        "pair": _I, "mode": _S, "trigger": _S, "decided_ns": _I, "closed_ns": _I, "outcome": _S, "quantity": _F,
        "edge_bps": _F, "threshold_bps": _F, "best_sell": _F, "best_buy": _F, "plan_sell": _F, "plan_buy": _F,
        "sold": _F, "bought": _F, "residual_base": _F, "one_leg": _B, "notional_quote": _F, "gross_quote": _F,
        "missed_quote": _F, "depth_quote": _F, "latency_quote": _F, "fees_quote": _F, "one_leg_quote": _F,
        "profit_quote": _F, "realised_bps": _F, "hold_s": _F,
    }),
    "equity": pl.Schema({
        "time_ns": _I, "mark": _F, "equity_quote": _F, "profit_quote": _F, "spread_quote": _F, "inventory_quote": _F,
        "hedge_quote": _F, "drawdown": _F,
    }),
    "inventory": pl.Schema({
        "time_ns": _I, "base_a": _F, "quote_a": _F, "base_b": _F, "quote_b": _F, "base_h": _F, "quote_h": _F,
        "coin_quote": _F, "transit_base": _F, "transit_quote": _F, "tilt_base": _F, "delta_base": _F,
        "unhedged_quote_s": _F, "in_flight": _I,
    }),
    "days": pl.Schema({
        "day": _S, "start_ns": _I, "end_ns": _I, "share": _F, "complete": _B, "spread_quote": _F, "spread_return": _F,
    }),
    "waterfall": pl.Schema({
        "step": _S, "part": _S, "is_sum": _B, "profit_quote": _F, "bps_of_notional": _F, "bps_day": _F,
    }),
    "markouts": pl.Schema({
        "role": _S, "reason": _S, "horizon_s": _F, "fills": _I, "mean_bps": _F, "standard_error_bps": _F,
    }),
    "transfers": pl.Schema({
        "transfer": _I, "asset": _S, "origin": _S, "destination": _S, "amount": _F, "fee": _F, "sent_ns": _I,
        "due_ns": _I, "state": _S, "lost": _F, "received": _F, "ended_ns": _I,
    }),
    "cash": pl.Schema({"account": _S, "venue": _S, "kind": _S, "time_ns": _I, "amount_quote": _F}),
}  # fmt: skip
"""Columns by frame. Times are ns UTC, null where there is none; a number that is not known is NaN; accounts are ``a``,
``b`` and ``h`` (the hedge), for A and B may be two markets of one venue; names of enumerations are in lower case."""
