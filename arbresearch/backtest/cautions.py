"""What cannot work, or will not do what it seems to: lots, balances, thresholds."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf

from arbresearch.backtest.config import BacktestConfig
from arbresearch.backtest.listed import Listed
from arbresearch.backtest.market import Market
from arbresearch.backtest.reach import best_ratios, reachable_bps
from arbresearch.backtest.streams import Streams
from arbresearch.backtest.terms import RunTerms, VenueTerms
from arbresearch.core import BadInput, common_lot, expected
from arbresearch.signals.modes import MODES
from arbresearch.signals.schedule import ThresholdSchedule

__all__ = ["check_lots", "check_orders", "check_reach", "check_thresholds"]


def check_lots(
    streams: Streams,
    listed: Sequence[Listed],
    venues: Sequence[VenueTerms],
    mids: Sequence[float],
    config: BacktestConfig,
) -> tuple[float, list[str]]:
    """Return the quantity step that both venues take, and what is not known of it.

    Raises
    ------
    BadInput
        One step, or the smallest order of a venue, is worth more than an action may be.
    """
    warnings = []
    for stream, known, terms in zip(streams.all, listed, venues, strict=True):
        unknown = [name for name, step in (("lot", terms.lot), ("tick", known.tick)) if step <= 0.0]
        if unknown:
            what = "orders are not rounded to it" if len(unknown) == 1 else "orders are not rounded to them"
            warnings.append(f"{stream.name}: {' and '.join(unknown)} not known; {what}")
    lots = [terms.lot for terms in venues[:2]]
    lot = float(common_lot(*lots)) if min(lots) > 0.0 else max(lots)
    most, price = config.largest_order_quote, max(mids[:2])
    if lot * price > most:
        found = f"{lot:g} {streams.base}, worth {lot * price:,.2f} {streams.quote} (lots {lots[0]:g} and {lots[1]:g})"
        raise BadInput(expected("common lot", f"worth at most an order of {most:g}", found, "raise position_size_usd"))
    for stream, terms in zip((streams.a, streams.b), venues, strict=False):
        least = max(terms.min_quantity * price, terms.min_notional)
        if least > most:
            want = f"worth at most an order of {most:g}"
            raise BadInput(expected(f"smallest order of {stream.name}", want, f"{least:,.2f} {streams.quote}"))
    return lot, warnings


def check_orders(
    streams: Streams, venues: Sequence[VenueTerms], mids: Sequence[float], lot: float, config: BacktestConfig
) -> list[str]:
    """Say which enabled direction cannot trade at the start: no coin on one venue, or no money on the other.

    Raises
    ------
    BadInput
        None of them can.
    """
    pair = (streams.a, streams.b)
    missing = {}
    for seller in sorted({mode.seller for mode in config.modes}):
        sell, buy, price = venues[seller], venues[1 - seller], mids[1 - seller]
        least = max(lot, sell.min_quantity, buy.min_quantity, buy.min_notional / price)
        cost = least * price * (1.0 + buy.taker_rate)
        why = []
        if not sell.perpetual and sell.base_start < max(least, 1e-12):
            why.append(f"{pair[seller].name} holds {sell.base_start:g} {streams.base}, less than an order of {least:g}")
        if buy.quote_start * (buy.leverage if buy.perpetual else 1.0) <= cost:
            why.append(f"{pair[1 - seller].name} holds {buy.quote_start:g} {streams.quote}, less than an order costs")
        missing[seller] = why
    if all(missing.values()):
        todo = "raise capital_quote, or give balances_a and balances_b"
        found = "; ".join(dict.fromkeys(one for why in missing.values() for one in why))
        raise BadInput(expected("inventory", "an order's worth of coin and money", found, todo))
    return [
        f"at the start nothing can be sold on {pair[seller].name}: {'; '.join(why)}"
        for seller, why in missing.items()
        if why
    ]


def check_thresholds(config: BacktestConfig) -> list[str]:
    """Say which round of an entry and its exit may lose money by construction: their net edges add up to a loss."""
    if config.schedule is not None:
        return _check_rows(config.schedule)
    told = []
    entry, leave = config.mode_thresholds()
    for out, name in ((0, "A"), (1, "B")):
        opens = [entry[place] for place, mode in enumerate(MODES) if mode in config.modes and mode.direction == out]
        closes = [leave[place] for place, mode in enumerate(MODES) if mode in config.modes and mode.direction != out]
        if opens and closes and min(opens) + min(closes) < 0.0:
            told.append(
                f"selling on {name} above {min(opens):g} bps and bringing it back above {min(closes):g} bps may lose "
                f"up to {-(min(opens) + min(closes)):g} bps a round, by construction"
            )
        if opens and not closes:
            told.append(f"only selling on {name} is enabled; it ends when the coin there is sold")
    return told


def _check_rows(schedule: ThresholdSchedule) -> list[str]:
    rounds = [min(row.sell_a_bps + row.sell_b_exit_bps, row.sell_b_bps + row.sell_a_exit_bps) for row in schedule.rows]
    losing = sum(one < 0.0 for one in rounds)
    if not losing:
        return []
    most = -min(rounds)
    return [
        f"{losing} of the {len(schedule)} rows of the schedule may lose up to {most:g} bps a round, by construction"
    ]


def check_reach(market: Market, terms: RunTerms) -> list[str]:
    """Say of a run that decided on nothing whether its thresholds are above every edge that ever occurred."""
    ratios = best_ratios(market[0].book, market[1].book)
    edges = {mode: reachable_bps(mode, ratios, terms) for mode in MODES if terms.enabled[int(mode) - 1]}
    lowest = terms.entry_bps if terms.schedule is None else tuple(terms.schedule.entry_bps.min(axis=0))
    if min(lowest[int(mode) - 1] for mode in edges) == inf:
        return ["nothing was traded: the schedule never allowed it"]
    over = {mode: edge - lowest[int(mode) - 1] for mode, edge in edges.items()}
    best = max(over, key=lambda mode: (over[mode] == over[mode], over[mode]))
    edge, entry = edges[best], lowest[int(best) - 1]
    if edge != edge:
        return ["nothing was traded: the two books never had prices at the same time"]
    largest = (
        f"the largest net edge that ever occurred was {edge:.2f} bps ({best.name}), its threshold is {entry:g} bps"
    )
    if over[best] <= 0.0:
        return [f"these thresholds cannot trade: {largest}"]
    why = "quotes were stale or too far apart in time, or sizes below the smallest order"
    return [f"nothing was traded although {largest}: {why}"]
