"""What holds in every run, whatever the market and the terms: nothing comes from nowhere, and nothing from later."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arbresearch.backtest.codes import FillReason, TransferState
from arbresearch.backtest.log import RunLog
from arbresearch.backtest.market import Market, VenueTape
from arbresearch.backtest.run import run_market
from arbresearch.backtest.terms import RunTerms, StrategyTerms, VenueTerms
from arbresearch.core import NS_PER_MS, NS_PER_SECOND
from arbresearch.matching import OrderState, VenueLatency
from arbresearch.matching.rows import BookRows
from tests.backtest import transforms
from tests.backtest.audits import AUDITS, faults
from tests.backtest.compare import differences
from tests.backtest.markets import Case, Shape, case_of, cases, plain_case, random_case

some = settings(max_examples=150, deadline=None)
Drawn = tuple[int, Shape]


@settings(max_examples=250, deadline=None)
@given(cases())
def test_logs_hold_together(drawn: Drawn) -> None:
    """Every audit of every run: conservation, overdrafts, fees, limits, displayed sizes, states, sums."""
    case = case_of(*drawn)
    assert faults(run_market(*case), case) == {}


@pytest.mark.parametrize("seed", [468, 820, 2620, 5472, 5650, 8567, 8931, 13599, 15775, 16352, 17892])
def test_nothing_is_spent_twice(seed: int) -> None:
    """Once free was what a repair under way needs on the other venue, and a rebate in coin; one hedged dust forever."""
    case = plain_case(seed)
    log = run_market(*case)
    assert log.orders.size > 0
    assert faults(log, case) == {}


def _drop_fill(log: RunLog, _: Case) -> RunLog:
    place = int(np.argmax(log.fills["quantity"]))
    return replace(log, fills=np.delete(log.fills, place))


def _edit(table: str, column: str, change: Callable[[Any], Any], pick: Callable[[Any], Any]) -> Any:
    def wrong(log: RunLog, case: Case) -> RunLog:
        rows = getattr(log, table).copy()
        place = np.flatnonzero(pick(rows))[-1]
        rows[place][column] = change(rows[place][column])
        return replace(log, **{table: rows})

    return wrong


def _poor(log: RunLog, case: Case) -> RunLog:
    """Tell of a sale of all that is held, a second time."""
    sales = np.flatnonzero(log.fills["sell"] & (log.fills["venue"] < 2))
    again = log.fills[sales[:1]].copy()
    again["quantity"] = case.terms.venues[int(again["venue"][0])].base_start + 1.0
    return replace(log, fills=np.concatenate([log.fills, again]))


def _paid_on_spot(log: RunLog, case: Case) -> RunLog:
    cash = log.cash.copy()
    cash[0]["venue"] = next(place for place, one in enumerate(case.terms.venues) if not one.perpetual)
    return replace(log, cash=cash)


def _takes(rows: Any) -> Any:
    return ~rows["maker"]


def _rests(rows: Any) -> Any:
    return rows["maker"]


def _bought_at_rest(rows: Any) -> Any:
    return rows["maker"] & ~rows["sell"] & (rows["filled"] > 0.0)


def _any(rows: Any) -> Any:
    return np.ones(rows.size, dtype=np.bool_)


FORGERIES: dict[str, tuple[str, Any]] = {
    "a fill is missing": ("balances", _drop_fill),
    "a sample is off by a billionth": ("balances", _edit("samples", "quote_a", lambda x: x * (1 + 1e-9), _any)),
    "cash is not booked": ("balances", _edit("cash", "amount", lambda x: 2.0 * x, lambda rows: rows["amount"] != 0.0)),
    "a transfer brings more": (
        "balances",
        _edit("transfers", "received", lambda x: x * 1.001, lambda rows: rows["state"] == TransferState.ARRIVED),
    ),
    "a refund brings more than was sent": (
        "transfers",
        _edit("transfers", "amount", lambda x: x * 0.999, lambda rows: rows["state"] == TransferState.REFUNDED),
    ),
    "more is sold than held": ("overdrafts", _poor),
    "a fee is lower": ("fees", _edit("fills", "fee_quote", lambda x: 0.999 * x, lambda r: r["fee_quote"] > 0)),
    "funding is on a spot venue": ("cash", _paid_on_spot),
    "a pair counts a fill twice": ("sums", _edit("pairs", "sold", lambda x: 2.0 * x, lambda rows: rows["sold"] > 0.0)),
    "an order counts a fill twice": ("sums", _edit("orders", "filled", lambda x: 2 * x, lambda r: r["filled"] > 0.0)),
    "a taker fills beyond its limit": ("limits", _edit("fills", "notional", lambda x: x * 1.1, lambda r: ~r["sell"])),
    "a maker fills better than its limit": ("limits", _edit("fills", "notional", lambda x: x * (1 + 1e-9), _rests)),
    "a taker fills better than displayed": ("displayed", _edit("fills", "notional", lambda x: x * (1 + 1e-6), _takes)),
    "a taker fills more than displayed": ("displayed", _edit("fills", "quantity", lambda x: 50.0 * x, _takes)),
    "a maker fills more than was traded": ("offered", _edit("fills", "quantity", lambda x: 50.0 * x, _rests)),
    "a maker fills when nothing happens": ("offered", _edit("fills", "time_ns", lambda x: x - 1, _rests)),
    "an order crosses": ("post-only", _edit("orders", "price", lambda _: 1e9, _bought_at_rest)),
    "a cancelled order is filled": (
        "lives",
        _edit("order_events", "state", lambda _: OrderState.FILLED, lambda rows: rows["state"] == OrderState.CANCELLED),
    ),
    "an order is filled before it is sent": (
        "lives",
        _edit("order_events", "time_ns", lambda x: x - 10 * NS_PER_SECOND, lambda rows: rows["filled"] > 0.0),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FORGERIES)
def test_forged_logs_are_noticed(name: str) -> None:
    """Each audit can fail: a true log passes it, and the same log with one number wrong does not."""
    audit, forge = FORGERIES[name]
    tried = 0
    for seed in range(300):
        case = random_case(seed)
        log = run_market(*case)
        try:
            wrong = forge(log, case)
        except (IndexError, ValueError):  # nothing of the kind in this run
            continue
        assert AUDITS[audit](log, case) == []
        assert AUDITS[audit](wrong, case), f"seed {seed}"
        tried += 1
        if tried == 5:
            return
    pytest.fail(f"only {tried} runs had what is forged")


@some
@given(cases(), st.floats(0.0, 1.0))
def test_what_comes_later_changes_nothing_before(drawn: Drawn, part: float) -> None:
    """Neither where the recording ends nor what it says after a time is felt before it."""
    case = case_of(*drawn)
    times = transforms.row_times(case.market)
    last_ns = int(times[int(part * (times.size - 1))])
    known = transforms.until(run_market(*case), last_ns)
    other = transforms.until(run_market(transforms.changed_after(case.market, last_ns), case.terms), last_ns)
    assert [name for name in known if not _equal(known[name], other[name])] == []
    short = transforms.until(run_market(transforms.cut(case.market, last_ns), case.terms), last_ns)
    samples = known["samples.time_ns"].size
    assert short["samples.time_ns"].size - samples in (0, 1)  # a run ends with a sample
    parts = {name: rows[:samples] if name.startswith("samples.") else rows for name, rows in short.items()}
    assert [name for name in known if not _equal(known[name], parts[name])] == []


def test_a_look_ahead_is_noticed() -> None:
    """Rows that arrive when the row before them was due tell what comes: then later data do change earlier fills."""
    seen = 0
    for seed in range(20):
        case = plain_case(seed)
        times = transforms.row_times(case.market)
        last_ns = int(times[times.size // 2])
        early = _early(case.market), _early(transforms.changed_after(case.market, last_ns))
        one, two = (transforms.until(run_market(market, case.terms), last_ns) for market in early)
        seen += any(not _equal(one[name], two[name]) for name in one)
    assert seen > 10


@some
@given(cases(), st.sampled_from([10.0, 0.1]))
def test_scaled_prices_scale_the_profit(drawn: Drawn, factor: float) -> None:
    """Prices, ticks, quote balances and limits times ten: the same coins, and ten times the money."""
    case = transforms.on_halves(case_of(*drawn))
    log = run_market(*case)
    other = run_market(*transforms.scaled(case, factor))
    assert transforms.unlike(other, transforms.times_factor(log, factor)) == []


@some
@given(cases())
def test_mirrored_venues_mirror_the_result(drawn: Drawn) -> None:
    """Which venue is called A decides nothing but ties, of which there are none here; to the last bit."""
    case = transforms.apart(case_of(*drawn))
    mirror = transforms.mirror_of(run_market(*case))
    assert differences(run_market(*transforms.mirrored(case)), mirror) == []


def test_transformed_runs_trade() -> None:
    """The properties above say something: their runs trade, and unlike terms give unlike logs."""
    fills, unlike = 0, 0
    for seed in range(40):
        case = transforms.on_halves(random_case(seed))
        log = run_market(*case)
        fills += log.fills.size
        a, b, h = (replace(one, taker_rate=one.taker_rate + 1e-4) for one in case.terms.venues)
        dearer = replace(case.terms, venues=(a, b, h))
        unlike += bool(transforms.unlike(run_market(case.market, dearer), log))
        apart = transforms.apart(random_case(seed))
        other = run_market(*transforms.mirrored(apart))
        unlike += bool(log.fills.size and differences(other, run_market(*apart)))
    assert fills > 200
    assert unlike > 40


@some
@given(cases(), st.booleans())
def test_wide_thresholds_never_trade(drawn: Drawn, free: bool) -> None:
    """Above the largest ratio of any two prices there is no edge; free and prompt changes nothing about it."""
    market, terms = case_of(*drawn)
    prices = [one for tape in market[:2] for one in (*_prices(tape), *_levels(tape))]
    found = np.concatenate([one.ravel() for one in prices])
    found = found[np.isfinite(found) & (found > 0.0)]
    widest = 1e4 * (1.1 * found.max(initial=1.0) / found.min(initial=1.0) - 1.0) + 100.0
    strategy = replace(terms.strategy, rebalance=0, hedge=False, quote_depth_bps=0.0)
    a, b, h = (replace(one, taker_rate=0.0, maker_rate=0.0) for one in terms.venues)
    venues = (a, b, h) if free else terms.venues
    prompt = (VenueLatency.constant("mexc"),) * 3 if free else terms.latencies
    wide = replace(
        terms,
        venues=venues,
        strategy=strategy,
        latencies=prompt,
        entry_bps=(widest,) * 6,
        exit_bps=(widest,) * 6,
        schedule=transforms.with_thresholds(terms.schedule, widest),
    )
    log = run_market(market, wide)
    assert (log.pairs.size, log.orders.size) == (0, 0)
    assert set(log.fills["reason"].tolist()) <= {FillReason.LIQUIDATION}


steps = st.lists(st.integers(0, 40), min_size=1, max_size=12)


@settings(max_examples=120, deadline=None)
@given(steps, steps, st.sampled_from([0, 30, 250]), st.lists(st.integers(1, 45), min_size=2, max_size=8, unique=True))
def test_higher_thresholds_never_add_pairs(up: list[int], down: list[int], delay_ms: int, ticks: list[int]) -> None:
    """One episode, rising and falling once; without delay, a pair is decided on each row above the threshold."""
    bump = [*sorted(up), 41, *sorted(down, reverse=True)]
    counts = []
    for tick in sorted(ticks):
        log = run_market(*_episode(bump, 1e4 * (tick - 0.5) / 10_000.0, delay_ms))
        counts.append(log.pairs.size)
        if delay_ms == 0:
            assert log.pairs.size == sum(one >= tick for one in bump)
    assert counts == sorted(counts, reverse=True)
    assert (counts[-1] > 0) == (max(ticks) <= max(bump))


def _episode(bump: list[int], threshold_bps: float, delay_ms: int) -> Case:
    """Return a market in which A's bid is over B's ask of 10,000 by so many ticks of 1, each for 100 ms."""
    times = np.arange(len(bump) + 2) * 100 * NS_PER_MS + NS_PER_SECOND
    over = np.array([0, *bump, 0], dtype=np.float64)
    size = np.full(times.size, 5.0)
    a = VenueTape(book=BookRows(times, 10_000.0 + over, size, 10_001.0 + over, size))
    b = VenueTape(book=BookRows(times, np.full(times.size, 9_999.0), size, np.full(times.size, 10_000.0), size))
    venue = VenueTerms(maker_rate=0.0, taker_rate=0.0, tick=1.0, lot=1.0, base_start=1e6, quote_start=1e12)
    latency = VenueLatency.constant(
        "mexc", entry_ns=delay_ms * NS_PER_MS, feed_ns=0, acknowledgement_ns=delay_ms * NS_PER_MS
    )
    return Case(
        (a, b, VenueTape()),
        RunTerms(
            venues=(venue, venue, venue),
            strategy=StrategyTerms(order_quote=10_000.5, common_lot=1.0, band_bps=1_000.0),
            enabled=(True, False, False, False, False, False),
            entry_bps=(threshold_bps,) * 6,
            exit_bps=(threshold_bps,) * 6,
            latencies=(latency,) * 3,
        ),
    )


def _early(market: Market) -> Market:
    """Return a market each of whose rows is received when the one before it was."""
    a, b, h = (
        transforms.tape_with(tape, lambda rows: type(rows)(np.append(rows.recv_ns[:1], rows.recv_ns[:-1]), *rows[1:]))
        for tape in market
    )
    return a, b, h


def _prices(tape: VenueTape) -> tuple[Any, ...]:
    return tape.book.bid, tape.book.ask


def _levels(tape: VenueTape) -> tuple[Any, ...]:
    return tape.ladder.bids, tape.ladder.asks


def _equal(one: Any, other: Any) -> bool:
    return one.shape == other.shape and np.array_equal(one, other, equal_nan=one.dtype.kind == "f")
