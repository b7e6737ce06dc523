"""Equity over time: the spread's profit apart from the inventory's mark and from the hedge; its days and blocks."""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl

from arbresearch.backtest.codes import Asset, TransferState
from arbresearch.backtest.frames import frame_of
from arbresearch.backtest.log import RunLog
from arbresearch.backtest.mids import Marks, worth
from arbresearch.backtest.terms import RunTerms
from arbresearch.core import NS_PER_DAY, NS_PER_HOUR, NS_PER_MINUTE, utc_date
from arbresearch.edges.arrays import Floats, Times

__all__ = [
    "COMPLETE_SHARE",
    "block_length_ns",
    "block_profits",
    "capital_at_start",
    "day_frame",
    "equity_frame",
    "inventory_frame",
]

COMPLETE_SHARE: Final = 0.95
"""A day counts as complete when the run covers so much of it."""

_FINE_NS: Final = 15 * NS_PER_MINUTE
_FINE_DAYS: Final = 10


def capital_at_start(terms: RunTerms, marks: Marks) -> float:
    """Return what was put on all venues, in quote currency.

    Quote currency of A and B, their base coin at the first mark, and the margin of the hedge. NaN where there is base
    coin and no mark.
    """
    a, b, hedge = terms.venues
    base = worth(np.array(a.base_start + b.base_start), np.array(marks.first_mark()))
    capital = a.quote_start + b.quote_start + float(base)
    if terms.strategy.hedge:
        capital += hedge.quote_start + float(worth(np.array(hedge.base_start), np.array(marks.first_mid(2))))
    return capital


def equity_frame(log: RunLog, marks: Marks, terms: RunTerms, capital_quote: float) -> pl.DataFrame:
    """Return the equity at each sample.

    ``profit_quote = spread_quote + inventory_quote + hedge_quote``, all since the start:

    - spread: change of quote currency and fee coins on A, B and under way, plus the change of base coin there times the
      mark (the hedged spread profit);
    - inventory: starting base coin of A and B times the change of the mark since it was first known;
    - hedge: the perpetual's change of cash, fee coin and position at its middle; 0 without one.

    ``equity_quote`` is capital plus profit. ``drawdown`` is that of capital plus spread from its highest so far,
    capital counted: ``(capital + spread) / highest - 1``, in fractions. NaN where there is no capital. ``mark`` is NaN
    before both books were seen.
    """
    rows, (a, b, _) = log.samples, terms.venues
    times = rows["time_ns"]
    mark = marks.mark(times)
    cash = (rows["quote_a"] - a.quote_start) + (rows["quote_b"] - b.quote_start) + rows["transit_quote"]
    base = (rows["base_a"] - a.base_start) + (rows["base_b"] - b.base_start) + rows["transit_base"]
    spread = cash + (rows["coin_a"] + rows["coin_b"]) + worth(base, mark)
    held = np.full(times.shape, a.base_start + b.base_start)
    since = np.where(np.isnan(mark), 0.0, mark - marks.first_mark())
    inventory, hedge = held * since, _hedge(log, marks, terms)
    profit = spread + inventory + hedge
    top = np.maximum(np.maximum.accumulate(capital_quote + spread), capital_quote)
    drawdown = (capital_quote + spread) / top - 1.0 if capital_quote > 0.0 else np.full(times.shape, np.nan)
    return frame_of(
        "equity",
        time_ns=times,
        mark=mark,
        equity_quote=capital_quote + profit,
        profit_quote=profit,
        spread_quote=spread,
        inventory_quote=inventory,
        hedge_quote=hedge,
        drawdown=drawdown,
    )


def inventory_frame(log: RunLog, terms: RunTerms) -> pl.DataFrame:
    """Return the balances at each sample.

    ``tilt_base`` is half of what B gained less what A gained since the start, base coin on its way counted where it
    goes. ``delta_base`` is all base coin, the perpetual's position counted, less the hedge's target; without a hedge
    less the starting inventory. ``unhedged_quote_s`` adds up its absolute value at the mark over seconds, ``in_flight``
    counts open pairs.
    """
    rows, (a, b, _) = log.samples, terms.venues
    under_way = [_base_on_its_way(log, venue) for venue in (0, 1)]
    tilt = 0.5 * ((rows["base_b"] + under_way[1] - b.base_start) - (rows["base_a"] + under_way[0] - a.base_start))
    all_base = rows["base_a"] + rows["base_b"] + rows["transit_base"]
    if terms.strategy.hedge:
        delta = all_base + rows["base_h"] - terms.strategy.hedge_target_base
    else:
        delta = all_base - (a.base_start + b.base_start)
    copied = ("base_a", "quote_a", "base_b", "quote_b", "base_h", "quote_h", "transit_base", "transit_quote")
    return frame_of(
        "inventory",
        time_ns=rows["time_ns"],
        **{name: rows[name] for name in copied},
        coin_quote=rows["coin_a"] + rows["coin_b"] + rows["coin_h"],
        tilt_base=tilt,
        delta_base=delta,
        unhedged_quote_s=rows["unhedged_quote_s"],
        in_flight=rows["in_flight"],
    )


def day_frame(equity: pl.DataFrame, capital_quote: float) -> pl.DataFrame:
    """Return the spread's profit by day of UTC.

    A day's profit runs from the last sample at or before its midnight to the last at or before the next; the first
    day's begins at the start. ``share`` is how much of the day the run covers; the first and the last are ``complete``
    from :data:`COMPLETE_SHARE` on. ``spread_return`` is the profit over capital, NaN without capital.
    """
    times, spread = equity["time_ns"].to_numpy(), equity["spread_quote"].to_numpy()
    first, last = int(times[0]), int(times[-1])
    midnights = np.arange(first // NS_PER_DAY, max(-(-last // NS_PER_DAY), first // NS_PER_DAY + 1) + 1) * NS_PER_DAY
    profit = np.diff(_spread_at(times, spread, midnights))
    profit[0] += _spread_at(times, spread, midnights[:1])[0]
    start, end = np.maximum(midnights[:-1], first), np.minimum(midnights[1:], last)
    share = (end - start) / NS_PER_DAY
    return frame_of(
        "days",
        day=pl.Series([utc_date(int(one)) for one in midnights[:-1]]),
        start_ns=start,
        end_ns=end,
        share=share,
        complete=share >= COMPLETE_SHARE,
        spread_quote=profit,
        spread_return=profit / capital_quote if capital_quote > 0.0 else np.full(profit.shape, np.nan),
    )


def block_length_ns(first_ns: int, last_ns: int, sample_ns: int) -> int:
    """Return the length of blocks that bounds rest on: 15 minutes, an hour in runs of more than ten days.

    Where samples are further apart than that, it is the least multiple that holds one.
    """
    length = _FINE_NS if last_ns - first_ns <= _FINE_DAYS * NS_PER_DAY else NS_PER_HOUR
    return length * max(1, -(-sample_ns // length))


def block_profits(equity: pl.DataFrame, block_ns: int) -> Floats:
    """Return the spread's profit in each whole block of UTC, shape (blocks,), quote currency; cut ones are left out."""
    times, spread = equity["time_ns"].to_numpy(), equity["spread_quote"].to_numpy()
    first, last = -(-int(times[0]) // block_ns), int(times[-1]) // block_ns
    bounds = np.arange(first, max(last, first) + 1, dtype=np.int64) * block_ns
    return np.diff(_spread_at(times, spread, bounds))


def _spread_at(times: Times, spread: Floats, moments: Times) -> Floats:
    rows = np.searchsorted(times, moments, side="right") - 1
    return np.where(rows >= 0, spread[np.maximum(rows, 0)], 0.0)


def _hedge(log: RunLog, marks: Marks, terms: RunTerms) -> Floats:
    rows = log.samples
    if not terms.strategy.hedge:
        return np.zeros(rows.size)
    start = terms.venues[2]
    began = float(worth(np.array(start.base_start), np.array(marks.first_mid(2))))
    mid = marks.mid(2, rows["time_ns"])
    held = np.where(np.isnan(mid), began, worth(rows["base_h"], mid)) - began
    return np.asarray(rows["quote_h"] - start.quote_start + rows["coin_h"] + held)


def _base_on_its_way(log: RunLog, venue: int) -> Floats:
    """Return base coin under way to a venue at each sample, a failed transfer's rest on its way back."""
    times, sent = log.samples["time_ns"], log.transfers[log.transfers["asset"] == Asset.BASE]
    failed = (sent["state"] == TransferState.FAILED) | (sent["state"] == TransferState.REFUNDED)
    out = sent["amount"] - sent["fee"]
    steps = np.zeros(times.size + 1)
    going = sent["destination"] == venue
    back = failed & (sent["origin"] == venue)
    refunded = back & (sent["state"] == TransferState.REFUNDED)
    # A transfer on its way at the end has no arrival to take out again.
    ended = going & (sent["state"] != TransferState.IN_TRANSIT)
    for chosen, moment, amount in (
        (going, sent["sent_ns"], out),
        (ended, sent["due_ns"], -out),
        (back, sent["due_ns"], out - sent["lost"]),
        (refunded, sent["ended_ns"], sent["lost"] - out),
    ):
        np.add.at(steps, np.searchsorted(times, moment[chosen], side="left"), amount[chosen])
    return np.cumsum(steps)[:-1]
