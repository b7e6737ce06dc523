"""The same market and terms cut short, changed later, scaled, and with the venues' places taken by each other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import log2, sqrt
from typing import Any, Final, TypeVar

import numpy as np

from arbresearch.backtest.log import Records, RunLog
from arbresearch.backtest.market import Market, VenueTape
from arbresearch.backtest.terms import RunTerms, ScheduleTerms, TransferTerms, VenueTerms
from arbresearch.core import NS_PER_MS
from arbresearch.edges.arrays import NEVER_NS, Floats
from tests.backtest.markets import Case

T = TypeVar("T")
MIRRORED: Final = (1, 0, 4, 5, 2, 3)
"""Places of the modes with A and B exchanged."""
LOT: Final = 0.01
STATIC: Final = {
    "orders": ("pair", "slot", "venue", "sell", "maker", "reason", "price", "quantity", "sent_ns", "meets_ns"),
    "pairs": (
        "mode", "trigger", "decided_ns", "quantity", "edge_bps", "threshold_bps", "best_sell", "best_buy",
        "plan_sell", "plan_buy",
    ),
    "transfers": ("asset", "origin", "destination", "amount", "fee", "sent_ns", "due_ns"),
}  # fmt: skip
"""What is known of a row when it is written."""
ENDS: Final = {"orders": "cancel_sent_ns", "pairs": "closed_ns", "transfers": "ended_ns"}
BEGINS: Final = {
    "orders": "sent_ns", "order_events": "time_ns", "fills": "time_ns", "pairs": "decided_ns", "transfers": "sent_ns",
    "cash": "time_ns", "samples": "time_ns",
}  # fmt: skip


def tape_with(tape: VenueTape, change: Callable[[Any], Any]) -> VenueTape:
    """Return a tape with every table changed."""
    return VenueTape(
        book=change(tape.book), trades=change(tape.trades), ladder=change(tape.ladder), funding=change(tape.funding)
    )


def row_times(market: Market) -> Any:
    """Return the times at which anything was recorded, rising, once each."""
    return np.unique(np.concatenate([
        rows.recv_ns for one in market for rows in (one.book, one.trades, one.ladder, one.funding)
    ]))  # fmt: skip


def cut(market: Market, last_ns: int) -> Market:
    """Return the market with nothing after a time."""

    def before(rows: Any) -> Any:
        kept = rows.recv_ns <= last_ns
        return type(rows)(*(np.ascontiguousarray(one[kept]) for one in rows))

    a, b, h = (tape_with(tape, before) for tape in market)
    return a, b, h


def changed_after(market: Market, last_ns: int) -> Market:
    """Return the market with every number after a time another; times stay."""

    def other(rows: Any) -> Any:
        later = rows.recv_ns > last_ns
        columns: list[Any] = [np.array(one) for one in rows]
        for place, column in enumerate(columns[1:], start=1):
            if column.dtype.kind == "f":
                column[later] *= 1.07 if place % 2 else 0.4
        return type(rows)(*columns)

    a, b, h = (tape_with(tape, other) for tape in market)
    return a, b, h


def until(log: RunLog, last_ns: int) -> dict[str, Records]:
    """Return what was settled by a time: its rows without what came later, and what had ended by then."""
    found = {}
    for name, begins in BEGINS.items():
        rows = getattr(log, name)
        rows = rows[rows[begins] <= last_ns]
        for column in STATIC.get(name, rows.dtype.names):
            found[f"{name}.{column}"] = rows[column].copy()
        if name in ENDS:
            ends = rows[ENDS[name]]
            found[f"{name}.{ENDS[name]}"] = np.where(ends <= last_ns, ends, NEVER_NS)
    return found


def scaled(case: Case, factor: float) -> Case:
    """Return a case with every price and amount of quote currency times a factor."""

    def times(tape: VenueTape) -> VenueTape:
        book, trades, ladder = tape.book, tape.trades, tape.ladder
        return VenueTape(
            book=book._replace(bid=book.bid * factor, ask=book.ask * factor),
            trades=trades._replace(price=trades.price * factor),
            ladder=ladder._replace(bids=ladder.bids * factor, asks=ladder.asks * factor),
            funding=tape.funding,
        )

    terms = case.terms
    strategy = terms.strategy
    a, b, h = (times(tape) for tape in case.market)
    venue_a, venue_b, venue_h = (_scaled_venue(one, factor) for one in terms.venues)
    quotes = tuple(None if one is None else _scaled_transfer(one, factor) for one in terms.transfers[1])
    limits = ("order_quote", "max_tilt_quote", "max_exposure_quote", "daily_loss_quote")
    return Case(
        (a, b, h),
        replace(
            terms,
            venues=(venue_a, venue_b, venue_h),
            strategy=replace(strategy, **{name: getattr(strategy, name) * factor for name in limits}),
            schedule=_scheduled(terms, order_quote=lambda sizes: sizes * factor),
            transfers=(terms.transfers[0], (quotes[0], quotes[1])),
        ),
    )


def _scaled_venue(terms: VenueTerms, factor: float) -> VenueTerms:
    names = ("tick", "min_notional", "quote_start")
    return replace(terms, **{name: getattr(terms, name) * factor for name in names})


def _scaled_transfer(terms: TransferTerms, factor: float) -> TransferTerms:
    return replace(terms, **{name: getattr(terms, name) * factor for name in ("fee_fixed", "min_amount", "step")})


def on_halves(case: Case) -> Case:
    """Return a case on ticks of five over a power of two, whose prices times ten and by ten are exact doubles.

    Fees and bands are made unlike any ratio of prices, so that no comparison is a tie which rounding would decide.
    """
    finest = min((one.tick for one in case.terms.venues if one.tick > 0.0), default=0.0) or _finest(case.market)
    unit = 5.0 * 2.0 ** round(log2(finest / 5.0))
    case = scaled(case, unit / finest)

    def rounded(prices: Floats) -> Floats:
        whole: Floats = np.round(prices / unit) * unit
        return whole

    def snapped(tape: VenueTape) -> VenueTape:
        book, trades, ladder = tape.book, tape.trades, tape.ladder
        return VenueTape(
            book=book._replace(bid=rounded(book.bid), ask=rounded(book.ask)),
            trades=trades._replace(price=rounded(trades.price)),
            ladder=ladder._replace(bids=rounded(ladder.bids), asks=rounded(ladder.asks)),
            funding=tape.funding,
        )

    a, b, h = (snapped(tape) for tape in case.market)
    return Case((a, b, h), generic(case.terms, unit))


def generic(terms: RunTerms, unit: float = 0.0) -> RunTerms:
    """Return terms without ties: fees, bands and thresholds a little off, each by another irrational amount.

    With a unit, ticks become multiples of it, and whoever has no step gets one: without a tick a resting order may be
    worth just its threshold, and without a lot sizes end in what rounding leaves.
    """
    a, b, h = (
        replace(
            one,
            maker_rate=one.maker_rate + 1e-7 * sqrt(2.0 + place),
            taker_rate=one.taker_rate + 1e-7 * sqrt(7.0 + place),
            tick=max(round(one.tick / unit), 1) * unit if unit else one.tick,
            lot=one.lot or LOT if unit else one.lot,
        )
        for place, one in enumerate(terms.venues)
    )
    strategy = terms.strategy
    off = {
        name: getattr(strategy, name) + 1e-3 * sqrt(place)
        for place, name in enumerate(("band_bps", "requote_bps", "quote_depth_bps"), start=2)
    }
    if unit:
        off["common_lot"] = strategy.common_lot or LOT
    entry, leave = (
        tuple(one + 1e-3 * sqrt(first + place) for place, one in enumerate(bps))
        for first, bps in ((13, terms.entry_bps), (23, terms.exit_bps))
    )
    places = np.arange(len(terms.entry_bps))
    schedule = _scheduled(
        terms,
        entry_bps=lambda rows: rows + 1e-3 * np.sqrt(13 + places),
        exit_bps=lambda rows: rows + 1e-3 * np.sqrt(23 + places),
    )
    return replace(
        terms,
        venues=(a, b, h),
        strategy=replace(strategy, **off),
        entry_bps=entry,
        exit_bps=leave,
        schedule=schedule,
    )


def apart(case: Case) -> Case:
    """Return a case in which no two venues have rows at one time, nor profits that are equal."""

    def moved(tape: VenueTape, by_ns: int) -> VenueTape:
        return tape_with(tape, lambda rows: type(rows)(rows.recv_ns + by_ns, *rows[1:]))

    a, b, h = case.market
    return Case((a, moved(b, 11 * NS_PER_MS), moved(h, 23 * NS_PER_MS)), generic(case.terms))


def mirrored(case: Case) -> Case:
    """Return a case with A and B in each other's place."""
    a, b, h = case.market
    terms = case.terms
    return Case(
        (b, a, h),
        replace(
            terms,
            venues=(terms.venues[1], terms.venues[0], terms.venues[2]),
            latencies=(terms.latencies[1], terms.latencies[0], terms.latencies[2]),
            enabled=_exchanged(terms.enabled),
            entry_bps=_exchanged(terms.entry_bps),
            exit_bps=_exchanged(terms.exit_bps),
            schedule=_scheduled(terms, entry_bps=_mirrored_rows, exit_bps=_mirrored_rows),
            transfers=(
                (terms.transfers[0][1], terms.transfers[0][0]),
                (terms.transfers[1][1], terms.transfers[1][0]),
            ),
        ),
    )


def mirror_of(log: RunLog) -> RunLog:
    """Return a log as the mirrored case should have written it."""
    tables = {name: getattr(log, name).copy() for name in BEGINS}
    for name, column in (
        ("orders", "venue"), ("fills", "venue"), ("cash", "venue"), ("transfers", "origin"),
        ("transfers", "destination"),
    ):  # fmt: skip
        tables[name][column] = np.array([1, 0, 2])[tables[name][column]]
    tables["pairs"]["mode"] = np.array([0, *(1 + place for place in MIRRORED)])[tables["pairs"]["mode"]]
    samples = tables["samples"]
    for kind in ("mid", "base", "quote", "coin"):
        samples[f"{kind}_a"], samples[f"{kind}_b"] = samples[f"{kind}_b"].copy(), samples[f"{kind}_a"].copy()
    swap = [1, 0, 2]
    return replace(
        log,
        **tables,
        base=log.base[swap],
        quote=log.quote[swap],
        coin=log.coin[swap],
        transit=np.ascontiguousarray(log.transit[:, ::-1]),
    )


def _scheduled(terms: RunTerms, **changes: Callable[[Floats], Floats]) -> ScheduleTerms | None:
    """Return the schedule with some of its columns changed."""
    schedule = terms.schedule
    if schedule is None:
        return None
    changed: dict[str, Any] = {name: change(getattr(schedule, name)) for name, change in changes.items()}
    return replace(schedule, **changed)


def with_thresholds(schedule: ScheduleTerms | None, bps: float) -> ScheduleTerms | None:
    """Return a schedule all of whose thresholds are the same."""
    if schedule is None:
        return None
    wide = np.full_like(schedule.entry_bps, bps)
    return replace(schedule, entry_bps=wide, exit_bps=wide)


def _mirrored_rows(rows: Floats) -> Floats:
    return np.ascontiguousarray(rows[:, list(MIRRORED)])


def _exchanged(values: tuple[T, ...]) -> tuple[T, ...]:
    return tuple(values[place] for place in MIRRORED)


def _finest(market: Market) -> float:
    """Return a step for a market that has none: a ten-thousandth of a price."""
    return float(np.nanmin(market[0].book.ask if market[0].book.ask.size else market[1].book.ask)) / 10_000.0


_PRICED: Final = {
    "orders": ("price", "notional"),
    "fills": ("notional", "fee_quote", "fee_coin_quote", "mid"),
    "pairs": ("best_sell", "best_buy", "plan_sell", "plan_buy"),
    "cash": ("amount",),
    "samples": (
        *(f"{kind}_{one}" for kind in ("mid", "quote", "coin") for one in "abh"), "transit_quote", "unhedged_quote_s",
    ),
}  # fmt: skip


def times_factor(log: RunLog, factor: float) -> RunLog:
    """Return a log as the scaled case should have written it, but for rounding."""
    tables = {name: getattr(log, name).copy() for name in BEGINS}
    for name, columns in _PRICED.items():
        for column in columns:
            tables[name][column] *= factor
    quotes = tables["transfers"]["asset"] == 1
    for column in ("amount", "fee", "lost", "received"):
        tables["transfers"][column][quotes] *= factor
    transit = log.transit * np.array([[1.0], [factor]])
    return replace(log, **tables, quote=log.quote * factor, coin=log.coin * factor, transit=transit)


def unlike(one: RunLog, other: RunLog) -> list[str]:
    """Return the columns in which two logs differ by more than rounding."""
    found = []
    for name in BEGINS:
        mine, theirs = getattr(one, name), getattr(other, name)
        if mine.size != theirs.size:
            found.append(f"{name}: {mine.size} rows, not {theirs.size}")
            continue
        for column in mine.dtype.names:
            found += [f"{name}.{column}"] if _apart(mine[column], theirs[column]) else []
    return found + [
        name for name in ("base", "quote", "coin", "transit") if _apart(getattr(one, name), getattr(other, name))
    ]


def _apart(one: Floats, other: Floats) -> bool:
    if one.dtype.kind != "f":
        return not np.array_equal(one, other)
    size = float(np.nanmax(np.abs(one), initial=0.0))
    return not np.allclose(one, other, rtol=0.0, atol=1e-9 * max(size, 1e-300), equal_nan=True)
