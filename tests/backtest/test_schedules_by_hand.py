"""Schedules and tilt slopes worked out by hand, for the slow engine and for the kernel."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import inf

import numpy as np
import pytest

from arbresearch.backtest.codes import Trigger
from arbresearch.backtest.log import RunLog
from arbresearch.backtest.market import Market, VenueTape
from arbresearch.backtest.run import run_market
from arbresearch.backtest.terms import RunTerms, ScheduleTerms
from arbresearch.matching import OrderState
from arbresearch.signals.modes import MODES, Mode
from tests.backtest.by_hand import A, ms, ns, tape, terms
from tests.backtest.slow_engine import slow_run

Engine = Callable[[Market, RunTerms], RunLog]


@pytest.fixture(params=[slow_run, run_market], ids=["slow", "kernel"])
def engine(request: pytest.FixtureRequest) -> Engine:
    run: Engine = request.param
    return run


def rows(*rows: tuple[int, float, float], exit_bps: float = 1.0, slope_bps: float = 0.0) -> ScheduleTerms:
    """Return rows of a time, the threshold of every mode, and the size of an order."""
    since, entry, sizes = zip(*rows, strict=True)
    shape = (len(rows), len(MODES))
    return ScheduleTerms(
        since_ns=np.array(since, dtype=np.int64),
        entry_bps=np.broadcast_to(np.array(entry)[:, None], shape).copy(),
        exit_bps=np.full(shape, exit_bps),
        order_quote=np.array(sizes),
        tilt_slope_bps=np.full(len(rows), slope_bps),
    )


def sold_on_a() -> Market:
    """Return rows of A at 100, 400 and 700 ms: all pay 79.8 bps."""
    a = tape(*((at, 101.00, 5.0, 101.02, 5.0) for at in (100, 400, 700)))
    return a, tape((0, 99.98, 5.0, 100.00, 5.0)), VenueTape()


def taker(entry_bps: float, schedule: ScheduleTerms | None) -> RunTerms:
    run = terms(Mode.MARKET_A_SELL_MARKET_B_BUY)
    return replace(run, entry_bps=(entry_bps,) * len(MODES), schedule=schedule)


def test_a_row_holds_for_the_quote_of_its_very_time(engine: Engine) -> None:
    log = engine(sold_on_a(), taker(inf, rows((ns(100), 3.0, 50.0))))
    assert ms(log.pairs["decided_ns"]) == [100, 400, 700]
    assert log.pairs["threshold_bps"].tolist() == [3.0] * 3
    assert log.pairs["quantity"].tolist() == [0.5] * 3, "fifty for coins at a hundred"


def test_a_row_does_not_hold_a_nanosecond_earlier(engine: Engine) -> None:
    log = engine(sold_on_a(), taker(inf, rows((ns(100) + 1, 3.0, 50.0))))
    assert ms(log.pairs["decided_ns"]) == [400, 700]


def test_a_row_between_quotes_decides_nothing_itself(engine: Engine) -> None:
    log = engine(sold_on_a(), taker(1.0, rows((ns(250), 2.0, 70.0), (ns(550), 80.0, 70.0))))
    assert ms(log.pairs["decided_ns"]) == [100, 400]
    assert log.pairs["threshold_bps"].tolist() == [1.0, 2.0]
    assert log.pairs["quantity"].tolist() == [1.0, 0.7]


def test_a_direction_with_an_infinite_threshold_is_not_traded(engine: Engine) -> None:
    log = engine(sold_on_a(), taker(1.0, rows((ns(300), inf, 100.0), (ns(600), 1.0, 100.0))))
    assert ms(log.pairs["decided_ns"]) == [100, 700]


def test_of_the_rows_before_the_start_the_last_holds(engine: Engine) -> None:
    early = rows((ns(-2000), inf, 10.0), (ns(-1000), 2.0, 60.0), (ns(10**6), inf, 10.0))
    log = engine(sold_on_a(), taker(1.0, early))
    assert log.pairs["threshold_bps"].tolist() == [2.0] * 3
    assert log.pairs["quantity"].tolist() == [0.6] * 3


def test_a_row_at_the_time_of_an_order_leaves_the_order_alone(engine: Engine) -> None:
    """The legs meet the books at 110 and 130 ms, and the pair closes at 155."""
    never = rows(*((ns(at), inf, 1.0) for at in (110, 130, 155)))
    log = engine(sold_on_a(), taker(1.0, never))
    assert log.fills["quantity"].tolist() == [1.0, 1.0]
    assert ms(log.pairs["closed_ns"]) == [155]


def test_a_resting_quote_keeps_its_threshold(engine: Engine) -> None:
    """At 300 ms the hedge costs 2 bps more: whether the quote is still right is asked by its own terms."""
    a = tape((100, 100.10, 1.0, 100.20, 2.0), (900, 100.10, 1.0, 100.20, 2.0), trades=[(400, 100.21, 9.0, 1)])
    b = tape((0, 99.98, 2.0, 100.00, 5.0), (300, 99.98, 2.0, 100.02, 5.0))
    run = terms(Mode.LIMIT_A_SELL_MARKET_B_BUY, strategy={"order_quote": 100.3})
    log = engine((a, b, VenueTape()), replace(run, schedule=rows((ns(200), inf, 100.3))))
    assert (log.pairs["threshold_bps"].tolist(), log.pairs["sold"].tolist()) == ([1.0], [1.0])
    assert ms(log.pairs["decided_ns"]) == [100], "the row at 900 ms would pay as the first did"
    assert log.orders["state"].tolist() == [OrderState.FILLED] * 2


def tilting() -> Market:
    """Return three moments at which A sells, and one at which B does."""
    a = tape(
        (100, 101.00, 5.0, 101.02, 5.0), (400, 101.00, 5.0, 101.02, 5.0), (700, 101.00, 5.0, 101.02, 5.0),
        (1000, 99.00, 5.0, 99.02, 5.0),
    )  # fmt: skip
    return a, tape((0, 99.98, 5.0, 100.00, 5.0), (1000, 99.98, 5.0, 100.00, 5.0)), VenueTape()


def thresholds(log: RunLog) -> list[tuple[float, Trigger, float]]:
    columns = ms(log.pairs["decided_ns"]), log.pairs["trigger"].tolist(), log.pairs["threshold_bps"].tolist()
    return [(time, Trigger(trigger), value) for time, trigger, value in zip(*columns, strict=True)]


def sloped(base_start: float, *, perpetual: bool = False, slope_bps: float = 50.0) -> RunTerms:
    run = terms(
        Mode.MARKET_A_SELL_MARKET_B_BUY, Mode.MARKET_B_SELL_MARKET_A_BUY, strategy={"tilt_slope_bps": slope_bps}
    )
    a = replace(run.venues[A], base_start=base_start, perpetual=perpetual, leverage=5.0)
    return replace(run, venues=(a, *run.venues[1:]), exit_bps=(-2.0,) * len(MODES))


def test_each_coin_of_tilt_raises_the_threshold_and_none_the_way_back(engine: Engine) -> None:
    """One coin of ten is a tenth of 50 bps."""
    assert thresholds(engine(tilting(), sloped(10.0))) == [
        (100, Trigger.ENTRY, 1.0), (400, Trigger.ENTRY, 6.0), (700, Trigger.ENTRY, 11.0), (1000, Trigger.EXIT, -2.0),
    ]  # fmt: skip


def test_a_threshold_beyond_the_edge_stops_what_tilts_further(engine: Engine) -> None:
    """The second coin would need 1 + 800 / 10 bps, more than the 79.8 there are."""
    assert [time for time, _, _ in thresholds(engine(tilting(), sloped(10.0, slope_bps=800.0)))] == [100, 1000]


def test_a_tilt_beyond_what_was_there_counts_as_all_of_it(engine: Engine) -> None:
    found = thresholds(engine(tilting(), sloped(0.5, perpetual=True)))
    assert found[:3] == [(100, Trigger.ENTRY, 1.0), (400, Trigger.ENTRY, 51.0), (700, Trigger.ENTRY, 51.0)]


@pytest.mark.parametrize("base_start", [0.0, -1.0])
def test_nothing_is_added_where_nothing_was_there(engine: Engine, base_start: float) -> None:
    found = thresholds(engine(tilting(), sloped(base_start, perpetual=True)))
    assert found[:3] == [(time, Trigger.ENTRY, 1.0) for time in (100, 400, 700)]


def test_the_slope_is_that_of_the_row(engine: Engine) -> None:
    run = replace(sloped(10.0), schedule=rows((ns(500), 3.0, 100.0), exit_bps=-5.0, slope_bps=20.0))
    assert thresholds(engine(tilting(), run)) == [
        (100, Trigger.ENTRY, 1.0), (400, Trigger.ENTRY, 6.0), (700, Trigger.ENTRY, 7.0), (1000, Trigger.EXIT, -5.0),
    ]  # fmt: skip
