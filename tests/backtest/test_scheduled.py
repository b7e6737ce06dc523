"""Backtests that follow a schedule: configured, run, and described; against runs with constant thresholds."""

from __future__ import annotations

import json
from dataclasses import replace
from math import inf
from typing import Any

import numpy as np
import polars as pl
import pytest

from arbresearch.backtest.config import BacktestConfig
from arbresearch.backtest.config_parts import ModeThresholds
from arbresearch.backtest.engine import SpotArbitrageBacktester
from arbresearch.backtest.names import modes_named
from arbresearch.backtest.result import BacktestResult
from arbresearch.backtest.scheduled import by_mode, scheduled
from arbresearch.backtest.views import assumptions
from arbresearch.core import NS_PER_SECOND, FeeSchedule, ParameterError
from arbresearch.signals.modes import Mode
from arbresearch.signals.schedule import ScheduleRow, ThresholdSchedule
from arbresearch.store import TickStore
from tests.backtest.input_kit import DAY, add_instrument, add_quotes

CONFIG = BacktestConfig(
    fees={venue: FeeSchedule(0.0, 0.0) for venue in ("mexc", "gate")},
    latency_ms=0.0,
    max_unchanged_s=1e6,
    min_interval_s=0.0,
    capital_quote=1e5,
)
EDGE_BPS = 1e4 * (100.49 / 100.01 - 1.0)
"""What selling where it is dear brings."""


def row(second: float, sell_a_bps: float = 20.0, size: float = 100.0, **values: Any) -> ScheduleRow:
    whole: dict[str, Any] = {"sell_b_bps": 20.0, "sell_a_exit_bps": sell_a_bps, "sell_b_exit_bps": 20.0, **values}
    since_ns = DAY + round(second * NS_PER_SECOND)
    return ScheduleRow(since_ns=since_ns, sell_a_bps=sell_a_bps, order_quote=size, **whole)


@pytest.fixture
def dear(store: TickStore) -> SpotArbitrageBacktester:
    """MEXC 50 bps above Gate for ten seconds of every minute, Gate as much above MEXC for the ten after."""
    for venue, first in (("mexc", 10), ("gate", 20)):
        add_quotes(store, venue, range(600), [100.5 if first <= one % 60 < first + 10 else 100.0 for one in range(600)])
        add_instrument(store, venue)
    return SpotArbitrageBacktester(store)


def following(backtester: SpotArbitrageBacktester, *rows: ScheduleRow, **values: Any) -> BacktestResult:
    return backtester.run("A/USDT", replace(CONFIG, schedule=ThresholdSchedule(rows), **values))


def seconds(result: BacktestResult) -> list[int]:
    return [(one - DAY) // NS_PER_SECOND for one in result.pairs["decided_ns"]]


def wide(first: int, last: int) -> list[int]:
    """Return the seconds of a span at which one venue is dear."""
    return [one for one in range(first, last) if 10 <= one % 60 < 30]


def test_nothing_is_traded_before_the_first_row(dear: SpotArbitrageBacktester) -> None:
    assert seconds(following(dear, row(315.0))) == wide(315, 600)
    assert seconds(following(dear, row(-5.0))) == wide(0, 600)
    assert seconds(following(dear, row(600.0))) == []


def test_thresholds_are_followed(dear: SpotArbitrageBacktester) -> None:
    result = following(dear, row(0.0), row(120.0, 60.0), row(240.0, inf), row(360.0))
    found = seconds(result)
    on_a = [one for one, mode in zip(found, result.pairs["mode"], strict=True) if mode == "market_a_sell_market_b_buy"]
    assert on_a == [one for one in range(600) if 10 <= one % 60 < 20 and not 120 <= one < 360]
    assert [one for one in found if one not in on_a] == [one for one in range(600) if 20 <= one % 60 < 30]


def test_a_row_holds_from_its_very_time_on(dear: SpotArbitrageBacktester) -> None:
    """The quotes of second 75 are decided on by the row of that second, and not by one that begins a ns later."""
    just_after = replace(row(75.0, 90.0, sell_b_bps=90.0, sell_b_exit_bps=90.0), since_ns=row(75.0).since_ns + 1)
    assert seconds(following(dear, row(0.0), row(75.0, 90.0, sell_b_bps=90.0, sell_b_exit_bps=90.0)))[-1] == 74
    assert seconds(following(dear, row(0.0), just_after))[-1] == 75


def test_order_sizes_are_followed(dear: SpotArbitrageBacktester) -> None:
    """A hundred buys 0.9 coins at 100.01 in lots of 0.1, three hundred 2.9."""
    result = following(dear, row(0.0), row(300.0, size=300.0))
    quantity = dict(zip(seconds(result), result.pairs["quantity"], strict=True))
    assert {value for at, value in quantity.items() if at < 300} == {0.9}
    assert {value for at, value in quantity.items() if at >= 300} == {2.9}


def equal(one: BacktestResult, other: BacktestResult) -> bool:
    return one.pairs.equals(other.pairs) and one.fills.equals(other.fills) and one.equity.equals(other.equity)


def test_one_row_is_the_same_as_constant_thresholds(dear: SpotArbitrageBacktester) -> None:
    levels: dict[str, Any] = {"sell_a_exit_bps": -3.0, "sell_b_exit_bps": 4.0}
    constant = replace(
        CONFIG, sell_a_threshold_bps=20.0, sell_b_threshold_bps=30.0, position_size_usd=150.0, tilt_slope_bps=200.0,
        **levels,
    )  # fmt: skip
    alone = dear.run("A/USDT", constant)
    assert alone.pairs.height > 20
    one = row(0.0, size=150.0, sell_b_bps=30.0, tilt_slope_bps=200.0, **levels)
    assert equal(following(dear, one), alone)
    assert equal(following(dear, one, position_size_usd=999.0), alone)


def test_equal_rows_are_one(dear: SpotArbitrageBacktester) -> None:
    rows = [row(float(second)) for second in range(0, 600, 7)]
    assert equal(following(dear, *rows), following(dear, rows[0]))


def test_rows_in_turn_are_runs_in_turn(dear: SpotArbitrageBacktester) -> None:
    """Up to the second row all is as without it; after it each pair is as in a run that began with these terms."""
    first, second = row(0.0), row(300.0, 60.0, 200.0, sell_b_bps=10.0, sell_b_exit_bps=10.0)
    whole, before, after = (
        following(dear, *rows).pairs.drop("pair") for rows in ((first, second), (first,), (second,))
    )
    cut = pl.col("decided_ns") < second.since_ns
    assert whole.filter(cut).equals(before.filter(cut))
    assert whole.filter(~cut).height > 20
    same = ["decided_ns", "mode", "quantity", "edge_bps", "threshold_bps"]
    assert whole.filter(~cut).select(same).equals(after.select(same))


def test_a_longest_hold_of_a_row_replaces_the_constant_one(dear: SpotArbitrageBacktester) -> None:
    """With a threshold no edge reaches the other way, only an overdue tilt is brought back, at what that may cost."""
    never: dict[str, Any] = {"sell_b_bps": inf, "sell_b_exit_bps": inf}
    late: dict[str, Any] = {"rebalance_cost_bps": 100.0, "max_hold_time_minutes": 1_000.0}
    kept = following(dear, row(0.0, **never), **late)
    assert set(kept.pairs["mode"]) == {"market_a_sell_market_b_buy"}
    brought = following(dear, row(0.0, max_hold_minutes=1.0, **never), **late)
    back = [
        one
        for one, mode in zip(seconds(brought), brought.pairs["mode"], strict=True)
        if mode == "market_b_sell_market_a_buy"
    ]
    assert back[0] == 80, "tilted since second 10; from 70 to 79 selling on A is worth more"


def thresholds_of(result: BacktestResult) -> list[float]:
    return result.pairs["threshold_bps"].to_list()


def test_a_tilt_slope_raises_each_further_threshold(dear: SpotArbitrageBacktester) -> None:
    """Each 0.9 coins that are gone raise it by as much of 200 bps as they are of the coins at the start."""
    slope = 200.0
    flat, steep = (
        following(dear, row(0.0, tilt_slope_bps=one, sell_b_bps=inf, sell_b_exit_bps=inf)) for one in (0.0, slope)
    )
    start = flat.inventory["base_a"][0]
    assert set(thresholds_of(flat)) == {20.0}
    assert thresholds_of(steep) == pytest.approx([20.0 + slope * 0.9 * k / start for k in range(steep.pairs.height)])
    assert steep.pairs.height == 1 + int((EDGE_BPS - 20.0) / (slope * 0.9 / start)) < flat.pairs.height
    assert min(steep.pairs["edge_bps"] - steep.pairs["threshold_bps"]) > 0.0


def test_a_tilt_slope_of_the_configuration_is_that_of_a_row(dear: SpotArbitrageBacktester) -> None:
    never: dict[str, Any] = {"sell_b_exit_bps": inf, "sell_b_bps": inf, "sell_a_exit_bps": 20.0}
    steep = following(dear, row(0.0, tilt_slope_bps=200.0, **never))
    levels: dict[str, Any] = {"sell_a_threshold_bps": 20.0, "sell_b_threshold_bps": 9_999.0, "position_size_usd": 100.0}
    assert equal(dear.run("A/USDT", replace(CONFIG, tilt_slope_bps=200.0, **levels)), steep)


SCHEDULE = ThresholdSchedule((row(0.0), row(60.0, inf, sell_b_bps=inf), row(120.0, tilt_slope_bps=3.0)))


@pytest.mark.parametrize(
    "values",
    [
        {"sell_a_threshold_bps": 5.0},
        {"sell_b_threshold_bps": 0.0},
        {"sell_a_exit_bps": 0.0},
        {"sell_b_exit_bps": -1.0},
        {"mexc_threshold_bps": 5.0},
        {"gateio_threshold_bps": 0.0},
        {"overrides": (ModeThresholds(mode=Mode.MARKET_A_SELL_MARKET_B_BUY, entry_bps=1.0),)},
        {"tilt_slope_bps": 1.0},
    ],
    ids=lambda values: next(iter(values)),
)
def test_constant_terms_beside_a_schedule_are_refused(values: dict[str, Any]) -> None:
    with pytest.raises(ParameterError, match=f"{next(iter(values))}: expected none beside a schedule"):
        BacktestConfig(schedule=SCHEDULE, **values)


@pytest.mark.parametrize("values", [{"schedule": SCHEDULE.as_dict()}, {"schedule": (row(0.0),)}])
def test_what_is_no_schedule_is_refused(values: dict[str, Any]) -> None:
    with pytest.raises(ParameterError, match="schedule: expected a ThresholdSchedule"):
        BacktestConfig(**values)


@pytest.mark.parametrize("slope", [-1.0, inf, float("nan"), "2"])
def test_slopes_that_mean_nothing(slope: Any) -> None:
    with pytest.raises(ParameterError, match="tilt_slope_bps"):
        BacktestConfig(tilt_slope_bps=slope)


def test_it_survives_json() -> None:
    for config in (replace(CONFIG, schedule=SCHEDULE), replace(CONFIG, tilt_slope_bps=7.5), CONFIG):
        text = json.dumps(config.as_dict(), allow_nan=False)
        assert BacktestConfig.from_dict(json.loads(text)) == config
    assert replace(CONFIG, schedule=SCHEDULE) != CONFIG


def test_thresholds_by_mode_are_those_of_the_seller() -> None:
    assert by_mode(1.0, 2.0).tolist() == [1.0, 2.0, 1.0, 1.0, 2.0, 2.0]
    found = scheduled(SCHEDULE)
    assert found.since_ns.tolist() == [one.since_ns for one in SCHEDULE.rows]
    assert found.entry_bps[1].tolist() == [inf] * 6
    np.testing.assert_array_equal(found.tilt_slope_bps, [0.0, 0.0, 3.0])
    np.testing.assert_array_equal(found.order_quote, [100.0] * 3)


def test_the_largest_order_is_that_of_any_row(dear: SpotArbitrageBacktester) -> None:
    config = replace(CONFIG, schedule=ThresholdSchedule((row(0.0), row(60.0, size=700.0))), position_size_usd=1e6)
    assert config.largest_order_quote == 700.0
    assert CONFIG.largest_order_quote == CONFIG.position_size_usd
    small = replace(config, schedule=ThresholdSchedule((row(0.0, size=4.0), row(60.0, size=4.5))))
    with pytest.raises(Exception, match=r"worth at most an order of 4\.5"):
        dear.run("A/USDT", small)


def test_the_assumptions_name_it(dear: SpotArbitrageBacktester) -> None:
    told = dict(assumptions(following(dear, *SCHEDULE.rows)).iter_rows())
    assert told["thresholds"] == "a schedule of 3 rows from 2024-10-04 00:00 on, 2 of them trade"
    assert "net edge above, to tilt inventory" not in told
    sloped = dear.run("A/USDT", replace(CONFIG, tilt_slope_bps=7.5))
    assert dict(assumptions(sloped).iter_rows())["higher when all coin is gone"] == "by 7.5 bps"


def test_rows_that_may_lose_are_told(dear: SpotArbitrageBacktester) -> None:
    losing = [row(0.0, 5.0, sell_b_exit_bps=-9.0), row(60.0, 5.0, sell_b_exit_bps=-11.0), row(120.0)]
    told = following(dear, *losing).warnings
    assert "2 of the 3 rows of the schedule may lose up to 6 bps a round, by construction" in told
    assert not [one for one in following(dear, row(0.0)).warnings if "by construction" in one]


def test_a_schedule_that_never_trades_says_so(dear: SpotArbitrageBacktester) -> None:
    never = following(dear, row(0.0, inf, sell_b_bps=inf, sell_b_exit_bps=inf))
    assert "nothing was traded: the schedule never allowed it" in never.warnings
    high = following(dear, row(0.0, 80.0, sell_b_bps=90.0), row(60.0, 70.0, sell_b_bps=inf))
    (told,) = (one for one in high.warnings if "cannot trade" in one)
    assert "threshold is 70 bps" in told


def test_resting_quotes_follow_it(dear: SpotArbitrageBacktester) -> None:
    """Offers on MEXC are made at both thresholds, each while its row holds."""
    makers = modes_named(["maker"])
    result = following(
        dear, row(0.0, -80.0, sell_b_bps=inf, sell_b_exit_bps=inf), row(300.0, inf, sell_b_bps=-80.0), modes=makers
    )
    found = result.pairs.select("decided_ns", "mode")
    early = found.filter(pl.col("decided_ns") < DAY + 300 * NS_PER_SECOND)["mode"].unique().to_list()
    late = found.filter(pl.col("decided_ns") >= DAY + 300 * NS_PER_SECOND)["mode"].unique().to_list()
    assert early
    assert late
    assert all("a_sell" in one for one in early)
    assert all("b_sell" in one for one in late)
