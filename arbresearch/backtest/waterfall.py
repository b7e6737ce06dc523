"""The cost waterfall: how the gross edge at the decisions became the hedged spread profit, and what else there was."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from arbresearch.backtest.codes import Asset, CashKind, FillReason
from arbresearch.backtest.frames import frame_of
from arbresearch.backtest.log import RunLog
from arbresearch.backtest.mids import Marks, worth
from arbresearch.backtest.pair_accounts import PairAccounts
from arbresearch.backtest.terms import RunTerms
from arbresearch.core import BPS
from arbresearch.edges.arrays import Floats

__all__ = ["waterfall_frame"]

_HEDGE = 2


@dataclass(frozen=True, slots=True)
class _Outside:
    """What changed the balances of A and B outside of pairs: what it was worth then, and what it left to be marked."""

    transfers: float
    funding: float
    liquidation: float
    residual: float


def waterfall_frame(
    log: RunLog,
    accounts: PairAccounts,
    marks: Marks,
    terms: RunTerms,
    *,
    end_ns: int,
    capital_quote: float,
    days: float,
) -> pl.DataFrame:
    """Return the steps from the gross edge to the profit.

    Part ``spread``, sums of pairs first (see :class:`~arbresearch.backtest.pair_accounts.PairAccounts`): gross, missed,
    depth, latency, maker fees, taker fees, one leg. Then transfers (fees and losses; coin at the mark when it was sent
    or lost), funding and liquidation on A and B, and residual: base coin that all these left short or over, from the
    mark it was counted at to that at the end. They add up to ``net``, the hedged spread profit:

        change of quote currency and fee coins on A and B and under way
        + (change of base coin on A and B and under way) * mark at the end

    Part ``inventory`` is what the mark, once known, did to the starting inventory of A and B. Part ``hedge`` is the
    perpetual: price, fees, funding, liquidation, and their sum. ``total`` is net, inventory and hedge.

    Parameters
    ----------
    log, accounts, marks, terms
        Of one run.
    end_ns
        When it ended.
    capital_quote
        What ``bps_day`` is a fraction of.
    days
        Length of the run.

    Returns
    -------
    polars.DataFrame
        step, part, is_sum, profit_quote, bps_of_notional (of pairs' larger legs) and bps_day (a day on capital); NaN
        without notional, capital or length.
    """
    at_end = np.array([end_ns], dtype=np.int64)
    mark = float(marks.mark(at_end)[0])
    outside = _outside(log, marks, mark)
    drift = worth(accounts.residual_base, mark - accounts.settled_mark)
    sums = ("gross", "missed", "depth", "latency", "maker_fees", "taker_fees", "one_leg")
    spread = {name.replace("_", " "): float(getattr(accounts, name).sum()) for name in sums}
    spread["transfers"] = outside.transfers
    spread["funding"] = outside.funding
    spread["liquidation"] = outside.liquidation
    spread["residual"] = float(drift.sum()) + outside.residual
    start = terms.venues[0].base_start + terms.venues[1].base_start
    inventory = 0.0 if np.isnan(mark) else start * (mark - marks.first_mark())
    hedge = _hedge(log, marks, terms, end_ns)
    net, hedged = sum(spread.values()), sum(hedge.values())
    rows = [
        *((name, "spread", False, value) for name, value in spread.items()),
        ("net", "spread", True, net),
        ("inventory", "inventory", False, inventory),
        *((name, "hedge", False, value) for name, value in hedge.items()),
        ("hedge", "hedge", True, hedged),
        ("total", "total", True, net + inventory + hedged),
    ]
    profit = np.array([row[3] for row in rows])
    return frame_of(
        "waterfall",
        step=pl.Series([row[0] for row in rows]),
        part=pl.Series([row[1] for row in rows]),
        is_sum=pl.Series([row[2] for row in rows]),
        profit_quote=profit,
        bps_of_notional=_bps(profit, float(accounts.notional.sum())),
        bps_day=_bps(profit, capital_quote * days),
    )


def _outside(log: RunLog, marks: Marks, mark: float) -> _Outside:
    sent = log.transfers
    is_base = sent["asset"] == Asset.BASE
    at_sent = np.where(is_base, marks.mark(sent["sent_ns"]), 1.0)
    at_due = np.where(is_base, marks.mark(sent["due_ns"]), 1.0)
    price = np.where(is_base, mark, 1.0)
    moved = -worth(sent["fee"], at_sent) - worth(sent["lost"], at_due)
    later = -worth(sent["fee"], price - at_sent) - worth(sent["lost"], price - at_due)

    closed = log.fills[(log.fills["reason"] == FillReason.LIQUIDATION) & (log.fills["venue"] != _HEDGE)]
    signed = np.where(closed["sell"], 1.0, -1.0)
    at_close = marks.mark(closed["time_ns"])
    closing = signed * (closed["notional"] - worth(closed["quantity"], at_close))
    leaves = -signed * worth(closed["quantity"], mark - at_close)

    cash = log.cash[log.cash["venue"] != _HEDGE]
    funding, penalty = (float(cash["amount"][cash["kind"] == kind].sum()) for kind in CashKind)
    return _Outside(
        transfers=float(moved.sum()),
        funding=funding,
        liquidation=float(closing.sum()) + penalty,
        residual=float(later.sum()) + float(leaves.sum()),
    )


def _hedge(log: RunLog, marks: Marks, terms: RunTerms, end_ns: int) -> dict[str, float]:
    if not terms.strategy.hedge:
        return {f"hedge {name}": 0.0 for name in ("price", "fees", "funding", "liquidation")}
    fills = log.fills[log.fills["venue"] == _HEDGE]
    cash = log.cash[log.cash["venue"] == _HEDGE]
    traded = np.where(fills["sell"], fills["notional"], -fills["notional"]).sum()
    now = marks.mid(_HEDGE, np.array([end_ns], dtype=np.int64))
    start = np.array(terms.venues[_HEDGE].base_start)
    held = worth(log.base[_HEDGE : _HEDGE + 1], now)[0] - worth(start, np.array(marks.first_mid(_HEDGE)))
    funding, penalty = (float(cash["amount"][cash["kind"] == kind].sum()) for kind in CashKind)
    return {
        "hedge price": float(traded + held),
        "hedge fees": -float(fills["fee_quote"].sum() + fills["fee_coin_quote"].sum()),
        "hedge funding": funding,
        "hedge liquidation": penalty,
    }


def _bps(profit: Floats, base: float) -> Floats:
    return profit / base / BPS if base > 0.0 else np.full(profit.shape, np.nan)
