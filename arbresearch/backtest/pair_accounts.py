"""What each pair came to, from the gross edge at its decision to its profit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from arbresearch.backtest.codes import FillReason, Trigger
from arbresearch.backtest.frames import frame_of, names_of, times_or_null
from arbresearch.backtest.log import Records, RunLog
from arbresearch.backtest.mids import Marks, worth
from arbresearch.core import BPS, NS_PER_SECOND
from arbresearch.edges.arrays import NEVER_NS, Bools, Floats, Times
from arbresearch.signals.modes import Mode

__all__ = ["PairAccounts", "pair_accounts", "pair_frame"]

_OPEN, _UNFILLED, _COMPLETE, _PARTIAL, _REPAIRED, _RESIDUAL = range(6)
_OUTCOMES = ("open", "unfilled", "complete", "partial", "repaired", "residual")


@dataclass(frozen=True, slots=True, kw_only=True)
class PairAccounts:
    """One value a pair, shape (pairs,); quote currency unless said.

    The legs of a pair are its fills as decided, at the hedge of a maker leg, and at completion; *matched* is the
    smaller of what the selling and what the buying leg filled. A leg's price is the average of its fills other than
    completions, or what was planned if there are none.

    Parameters
    ----------
    sold, bought
        All fills, base coin.
    residual_base
        Bought less what was taken as fees, less sold: base coin that the pair leaves.
    settled_ns, settled_mark
        When it closed, or the end of the run, and the mark then, which ``residual_base`` is counted at.
    matched
        Base coin.
    notional
        Of the larger leg.
    gross
        Best bid less best ask at the decision (the own price for a resting leg), times the size aimed at: what was
        decided where both legs take, what filled where one rests, for a resting order promises nothing before.
    missed
        The same difference, times the size aimed at that was not matched; negative for an edge that is lost.
    depth
        Planned average prices against best ones, on what was matched.
    latency
        Prices of the legs against those planned, on what was matched: the book met was another.
    maker_fees, taker_fees
        Negative where they were paid; base coin taken counts at ``settled_mark``.
    one_leg
        What the excess of a leg came to: completion against the leg's price, undoing it, or the mark of what is left.
    profit
        ``gross + missed + depth + latency + maker_fees + taker_fees + one_leg``: cash in less cash out less fees,
        plus ``residual_base`` at its mark.
    filled, uneven, is_open
        Whether anything filled; whether the legs, before any repair, differed by a common lot or more; whether the run
        ended before it closed.
    """

    sold: Floats
    bought: Floats
    residual_base: Floats
    settled_ns: Times
    settled_mark: Floats
    matched: Floats
    notional: Floats
    gross: Floats
    missed: Floats
    depth: Floats
    latency: Floats
    maker_fees: Floats
    taker_fees: Floats
    one_leg: Floats
    profit: Floats
    filled: Bools
    uneven: Bools
    is_open: Bools


def pair_accounts(log: RunLog, marks: Marks, end_ns: int, common_lot: float) -> PairAccounts:
    """Return what each pair came to.

    Parameters
    ----------
    log
        Of the run.
    marks
        Of the market it ran on.
    end_ns
        When the run ended; pairs that are open then are counted as they stand.
    common_lot
        Base coin; legs that differ by less are even.
    """
    pairs = log.pairs
    fills = log.fills[log.fills["pair"] >= 0]
    is_open = pairs["closed_ns"] >= NEVER_NS
    settled_ns = np.where(is_open, end_ns, pairs["closed_ns"])
    mark = marks.mark(settled_ns)
    sums = _Sums(fills, pairs.size)
    sell, maker, every = fills["sell"], fills["maker"], np.ones(fills.size, dtype=np.bool_)
    first, leg = fills["reason"] <= FillReason.HEDGE, fills["reason"] <= FillReason.COMPLETE
    sold, bought = sums.of("quantity", sell), sums.of("quantity", ~sell)
    first_sold, first_bought = sums.of("quantity", sell & first), sums.of("quantity", ~sell & first)
    price_sell = _price(sums.of("notional", sell & first), first_sold, pairs["plan_sell"])
    price_buy = _price(sums.of("notional", ~sell & first), first_bought, pairs["plan_buy"])
    matched = np.minimum(sums.of("quantity", sell & leg), sums.of("quantity", ~sell & leg))
    aimed = _aimed(pairs, first_sold, first_bought)
    touch, plan = pairs["best_sell"] - pairs["best_buy"], pairs["plan_sell"] - pairs["plan_buy"]
    repaired = sums.of("notional", sell & ~first) - sums.of("notional", ~sell & ~first)
    excess = (first_sold - matched) * price_sell - (first_bought - matched) * price_buy
    residual = bought - sums.of("fee_base", every) - sold
    fees = [-_fees(sums, role, mark) for role in (maker, ~maker)]
    cash = sums.of("notional", sell) - sums.of("notional", ~sell)
    paid = sums.of("fee_quote", every) + sums.of("fee_coin_quote", every)
    return PairAccounts(
        sold=sold,
        bought=bought,
        residual_base=residual,
        settled_ns=settled_ns,
        settled_mark=mark,
        matched=matched,
        notional=np.maximum(sums.of("notional", sell & leg), sums.of("notional", ~sell & leg)),
        gross=aimed * touch,
        missed=(matched - aimed) * touch,
        depth=matched * (plan - touch),
        latency=matched * ((price_sell - price_buy) - plan),
        maker_fees=fees[0],
        taker_fees=fees[1],
        one_leg=excess + repaired + worth(bought - sold, mark),
        profit=cash - paid + worth(residual, mark),
        filled=(sold > 0.0) | (bought > 0.0),
        uneven=~_even(first_sold, first_bought, pairs["quantity"], common_lot),
        is_open=is_open,
    )


def pair_frame(log: RunLog, accounts: PairAccounts, common_lot: float) -> pl.DataFrame:
    """Return the pairs with their accounts.

    ``outcome`` is open (at the end), unfilled, complete (all of it, both legs), partial (both legs, less of it),
    repaired (one leg filled more and was made even) or residual (it was not). ``one_leg`` is whether the legs differed
    by a common lot or more before repair. ``realised_bps`` is profit over ``notional_quote``, NaN where nothing filled,
    and ``hold_s`` the time from decision to closing, NaN while open.
    """
    pairs = log.pairs
    even = _even(accounts.sold, accounts.bought, pairs["quantity"], common_lot)
    whole = _even(accounts.matched, pairs["quantity"], pairs["quantity"], common_lot)
    outcome = np.select(
        [accounts.is_open, ~accounts.filled, accounts.uneven & even, accounts.uneven, whole],
        [_OPEN, _UNFILLED, _REPAIRED, _RESIDUAL, _COMPLETE],
        _PARTIAL,
    )
    some = accounts.notional > 0.0
    realised = np.divide(accounts.profit, accounts.notional, out=np.full(pairs.size, np.nan), where=some) / BPS
    hold_s = np.where(accounts.is_open, np.nan, (accounts.settled_ns - pairs["decided_ns"]) / NS_PER_SECOND)
    copied = ("quantity", "edge_bps", "threshold_bps", "best_sell", "best_buy", "plan_sell", "plan_buy")
    return frame_of(
        "pairs",
        pair=np.arange(pairs.size),
        mode=names_of(Mode, pairs["mode"]),
        trigger=names_of(Trigger, pairs["trigger"]),
        decided_ns=pairs["decided_ns"],
        closed_ns=times_or_null(pairs["closed_ns"]),
        outcome=pl.Series(list(_OUTCOMES), dtype=pl.String).gather(outcome),
        **{name: pairs[name] for name in copied},
        sold=accounts.sold,
        bought=accounts.bought,
        residual_base=accounts.residual_base,
        one_leg=accounts.uneven,
        notional_quote=accounts.notional,
        gross_quote=accounts.gross,
        missed_quote=accounts.missed,
        depth_quote=accounts.depth,
        latency_quote=accounts.latency,
        fees_quote=accounts.maker_fees + accounts.taker_fees,
        one_leg_quote=accounts.one_leg,
        profit_quote=accounts.profit,
        realised_bps=realised,
        hold_s=hold_s,
    )


@dataclass(frozen=True, slots=True)
class _Sums:
    fills: Records
    pairs: int

    def of(self, field: str, chosen: npt.NDArray[np.bool_]) -> Floats:
        """Return the sum of a field over the chosen fills of each pair."""
        weights = self.fills[field][chosen]
        return np.bincount(self.fills["pair"][chosen], weights=weights, minlength=self.pairs).astype(np.float64)


def _fees(sums: _Sums, role: npt.NDArray[np.bool_], mark: Floats) -> Floats:
    return sums.of("fee_quote", role) + sums.of("fee_coin_quote", role) + worth(sums.of("fee_base", role), mark)


def _price(notional: Floats, quantity: Floats, planned: Floats) -> Floats:
    return np.divide(notional, quantity, out=np.array(planned, dtype=np.float64), where=quantity > 0.0)


def _aimed(pairs: Records, sold: Floats, bought: Floats) -> Floats:
    mode = pairs["mode"]
    rests_selling = (mode == Mode.LIMIT_A_SELL_MARKET_B_BUY) | (mode == Mode.LIMIT_B_SELL_MARKET_A_BUY)
    takes = (mode == Mode.MARKET_A_SELL_MARKET_B_BUY) | (mode == Mode.MARKET_B_SELL_MARKET_A_BUY)
    return np.where(takes, pairs["quantity"], np.where(rests_selling, sold, bought))


def _even(one: Floats, other: Floats, quantity: Floats, common_lot: float) -> Bools:
    # Sums of fills carry rounding errors.
    return np.asarray(np.abs(one - other) < np.maximum((1.0 - 1e-9) * common_lot, 1e-9 * quantity))
