"""The optimiser on spreads whose truth is known: near the best there is, sure as often as it says, silent on noise."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from arbresearch.backtest import BacktestResult, GridPoint, block_profits, run_grid
from arbresearch.core import NS_PER_DAY, NS_PER_HOUR, BadInput, ParameterError
from arbresearch.signals.schedule import ScheduleRow, ThresholdSchedule
from arbresearch.thresholds import DynamicThresholdOptimizer, OptimalThresholds, OptimizerSettings, theory_rate
from arbresearch.thresholds.directed import DirectedEdges
from arbresearch.thresholds.regimes import hour_states, volatility_states
from tests.thresholds.campaign import SETTINGS, judge_noise, judge_spread, noise_path, optimised
from tests.thresholds.simulated import COIN, PRICE, START_NS, Spread, backtester_of, config_of, inputs_of

DAYS = 3.0
SPREAD = Spread(dt_s=4.0)
QUICK = replace(SETTINGS, widths=12, resamples=299)


@pytest.fixture(scope="module")
def found() -> OptimalThresholds:
    settings = replace(QUICK, regimes=("hour", "volatility", "tilt"), sizes_quote=(2_500.0, 5_000.0, 500_000.0))
    return optimised(SPREAD.path(DAYS, 7), SPREAD.dt_s, settings)


@pytest.mark.parametrize("multiple", [0.6, 1.0, 1.5])
def test_the_closed_form_agrees_with_the_backtester(multiple: float) -> None:
    """20 days, the shift of levels watched every two seconds included; the rate's own error is near 1 %."""
    spread = Spread()
    terms = spread.terms
    width = multiple * 9.407
    threshold = width - 0.5 * terms.cost_bps
    inputs = inputs_of(spread.path(20.0, 1), spread.dt_s)
    conditions = backtester_of(np.zeros(2), 1.0).conditions_of(inputs, config_of())
    point = GridPoint(
        sell_a_bps=threshold, sell_b_bps=threshold, sell_a_exit_bps=threshold, sell_b_exit_bps=threshold,
        order_quote=100.0 * COIN * PRICE, max_hold_ns=2**62,
    )  # fmt: skip
    runs = run_grid(inputs.market, conditions.terms, [point], NS_PER_HOUR)
    promised = theory_rate(terms, width).rate_bps_day * 1e-4 * COIN * PRICE
    assert runs.profit_quote.sum() / 20.0 == pytest.approx(promised, rel=0.03)


def test_chosen_thresholds_are_near_the_best_there_are() -> None:
    judged = judge_spread(range(2), days=5.0)
    assert judged["answer"].to_list() == ["trade"] * 2
    assert judged["reached"].min() >= 0.96  # type: ignore[operator]
    assert judged["efficiency"].is_between(0.8, 1.2).all()
    assert judged["overfitting"].max() < 0.5  # type: ignore[operator]


@pytest.mark.parametrize("kind", ["walk", "jumps", "bounce"])
def test_noise_is_not_traded(kind: str) -> None:
    judged = judge_noise(kind, range(1), days=3.0, dt_s=4.0)  # type: ignore[arg-type]
    assert judged["answer"].to_list() == ["no trade"]


@pytest.mark.soak
def test_campaign() -> None:
    judged = judge_spread(range(60))
    assert judged["reached"].mean() >= 0.96  # type: ignore[operator]
    assert 0.85 <= judged["covered"].mean() <= 1.0  # type: ignore[operator]
    for kind in ("walk", "jumps", "bounce"):
        noise = judge_noise(kind, range(40))  # type: ignore[arg-type]
        assert (noise["answer"] == "no trade").mean() >= 0.95


def test_folds_follow_each_other_and_know_nothing_of_what_they_are_judged_on(found: OptimalThresholds) -> None:
    folds = found.folds
    hold_ns = folds["max_hold_s"].max() * 1e9  # type: ignore[operator]
    assert folds.height == 5
    assert (folds["test_start_ns"] - folds["train_end_ns"] >= hold_ns).all()
    assert (folds["test_start_ns"][1:] == folds["test_end_ns"][:-1]).all()
    rows = found.schedule.rows
    assert [row.since_ns for row in rows] == [*folds["test_start_ns"], found.end_ns]
    for row, fold in zip(rows[:-1], folds.iter_rows(named=True), strict=True):
        assert row.sell_a_bps == fold["sell_a_bps"] if fold["trades"] else row.sell_a_bps == np.inf
    assert rows[-1].sell_a_bps == found.sell_a_bps


def test_later_data_change_no_earlier_fold(found: OptimalThresholds) -> None:
    path = SPREAD.path(DAYS, 7)
    from_row = int((found.folds["test_start_ns"][2] - START_NS) / 1e9 / SPREAD.dt_s)
    path[from_row:] = -2.0 * path[from_row:] + 5.0
    settings = replace(QUICK, sizes_quote=(2_500.0, 5_000.0, 500_000.0))
    other = optimised(path, SPREAD.dt_s, settings)
    names = ["sell_a_bps", "sell_b_bps", "order_quote", "in_sample_bps_day", "closed_form_half_width_bps"]
    assert other.folds.select(names).head(3).equals(found.folds.select(names).head(3))
    assert not other.folds.select(names).tail(1).equals(found.folds.select(names).tail(1))


def test_out_of_sample_is_one_backtest_of_the_schedule(found: OptimalThresholds) -> None:
    kept = found.out_of_sample
    inputs = inputs_of(SPREAD.path(DAYS, 7), SPREAD.dt_s)
    start, end = found.folds["test_start_ns"][0], found.folds["test_end_ns"][-1]
    config = config_of(schedule=found.apply())
    again = backtester_of(np.zeros(2), 1.0).run_inputs(inputs.between(start, end), "SIM/USDT", config)
    assert again.fills.equals(kept.result.fills)
    assert np.array_equal(block_profits(again.equity, kept.block_ns), kept.profit_quote)
    scaled = kept.profit_quote * (1e4 / again.summary.capital_quote * NS_PER_DAY / kept.block_ns)
    assert kept.profit_bps_day.value == pytest.approx(scaled.mean())
    inside = (kept.block_start_ns >= start) & (kept.block_start_ns + kept.block_ns <= end)
    assert inside.all()


def test_figures_belong_together(found: OptimalThresholds) -> None:
    surface = found.surface()
    assert surface.height == found.trials == 12 * 3 * 3
    chosen = surface.row(by_predicate=pl.col("chosen"), named=True)
    assert found.sizing is not None
    assert found.order_quote == min(chosen["order_quote"], found.sizing.size_quote)
    for name in ("sell_a_bps", "sell_b_bps", "sell_a_exit_bps", "sell_b_exit_bps"):
        assert chosen[name] == getattr(found, name)
        assert found.intervals[name].low <= found.intervals[name].high
    assert chosen["plateau"]
    best = surface["smoothed_bps_day"].max()
    assert best - chosen["smoothed_bps_day"] <= chosen["standard_error"] + 1e-9
    # Smoothing only averages: no smoothed value leaves the range of the plain ones, in the same unit.
    assert surface["profit_bps_day"].min() <= surface["smoothed_bps_day"].min()  # type: ignore[operator]
    assert best <= surface["profit_bps_day"].max()
    assert found.trades
    assert found.sizing.size_quote == min(one.size_quote for one in found.sizing.bounds if one.counts)
    assert {one.name for one in found.regimes} == {"hour", "volatility", "tilt"}
    for one in found.regimes:
        assert one.offered == (one.gain_bound_bps_day > 0.0)
        assert bool(one.reason) != one.offered


def test_is_saved_whole(found: OptimalThresholds, tmp_path: Path) -> None:
    folder = found.save(tmp_path / "kept")
    values = json.loads((folder / "thresholds.json").read_text())
    assert values["sell_a_bps"] == found.sell_a_bps
    assert values["trials"] == found.trials
    assert ThresholdSchedule.load(folder / "schedule.json") == found.schedule
    assert BacktestResult.load(folder / "out_of_sample").fills.equals(found.out_of_sample.result.fills)
    assert pl.read_parquet(folder / "surface.parquet").equals(found.surface())
    with pytest.raises(BadInput, match="new or empty folder"):
        found.save(folder)


def test_only_regimes_that_did_better_are_handed_out(found: OptimalThresholds) -> None:
    assert found.apply() == found.schedule
    refused = [one for one in found.regimes if not one.offered]
    assert refused, "a stationary process has no regime"
    with pytest.raises(BadInput, match="did not beat"):
        found.apply(refused[0].name)
    with pytest.raises(BadInput, match="one of constant, hour"):
        found.apply("moon")


def test_a_regime_that_is_there_is_offered() -> None:
    """The spread is alive in one half of each day and far too narrow to trade in the other."""
    spread = Spread(dt_s=10.0, half_life_s=100.0)
    path = spread.path(24.0, 3)
    second = np.arange(path.size) * spread.dt_s + START_NS / 1e9
    alive = second % 86_400 < 43_200
    path[~alive] = 0.62 * path[~alive] + 6.0
    settings = replace(SETTINGS, widths=8, resamples=199, regimes=("hour",), skews=(-1.0, -0.5, 0.0, 0.5, 1.0))
    found = optimised(path, spread.dt_s, settings)
    assert found.regimes[0].offered, found.regimes[0].reason
    assert found.regimes[0].gain_bps_day > 0.0
    assert len(found.apply("hour")) > len(found.apply())


def test_states_are_known_when_their_block_starts() -> None:
    block = NS_PER_HOUR // 4
    rng = np.random.default_rng(5)
    times = START_NS + np.arange(86_400 * 2, dtype=np.int64) * 1_000_000_000
    loud = (np.arange(times.size) // 21_600) % 2
    y = np.cumsum(rng.normal(0.0, 1.0 + 4.0 * loud))
    starts = START_NS + np.arange(1, 192, dtype=np.int64) * block
    states = volatility_states(DirectedEdges(times, y, -y), starts, block)
    at = 120
    changed = y.copy()
    changed[times >= starts[at]] += rng.normal(0.0, 100.0, int((times >= starts[at]).sum()))
    again = volatility_states(DirectedEdges(times, changed, -changed), starts, block)
    assert np.array_equal(states[: at + 1], again[: at + 1])
    assert not np.array_equal(states, again)
    was_loud = loud[np.searchsorted(times, starts - block)] == 1
    assert (states[24:] == was_loud[24:]).mean() > 0.9
    assert hour_states(np.array([0, 6, 12, 18, 24]) * NS_PER_HOUR).tolist() == [0, 1, 2, 3, 0]


def test_a_trend_and_a_constant_are_said_not_fitted() -> None:
    rows = round(DAYS * 86_400 / 4.0)
    trend = optimised(np.linspace(0.0, 60.0, rows) + np.random.default_rng(1).normal(0.0, 0.2, rows), 4.0, QUICK)
    assert trend.answer == "no trade"
    assert trend.fit.levels is None
    assert trend.fit.reason
    still = optimised(np.full(rows, 3.0), 4.0, QUICK)
    assert still.answer == "no trade"
    assert "constant" in still.verdict
    assert np.isnan(still.sell_a_bps)
    assert still.surface().is_empty()
    assert not any(row.trades for row in still.schedule.rows)


def test_more_candidates_make_it_harder() -> None:
    path = SPREAD.path(DAYS, 7)
    alone = optimised(path, SPREAD.dt_s, QUICK)
    many = optimised(path, SPREAD.dt_s, replace(QUICK, candidates=50))
    assert many.trials == 50 * alone.trials
    assert many.out_of_sample.lower_bound_bps_day < alone.out_of_sample.lower_bound_bps_day
    assert many.deflated_sharpe <= alone.deflated_sharpe


def test_a_rolling_walk_forgets() -> None:
    found = optimised(SPREAD.path(DAYS, 7), SPREAD.dt_s, replace(QUICK, walk="rolling"))
    length = found.folds["train_end_ns"] - found.folds["train_start_ns"]
    assert length.n_unique() == 1
    assert found.folds["train_start_ns"].is_sorted()
    assert found.folds["train_start_ns"].n_unique() == found.folds.height


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"trials": 3}, "trials"),
        ({"train_days": 2.999}, "data to fold"),
        ({"train_days": 0.01, "holds_minutes": (30.0,)}, "purge_ns"),
        ({"test_days": 40.0}, "data to fold"),
    ],
)
def test_refuses_what_cannot_be_judged(change: dict[str, object], words: str) -> None:
    settings = replace(QUICK, **change)  # type: ignore[arg-type]
    with pytest.raises((BadInput, ParameterError), match=words):
        optimised(SPREAD.path(DAYS, 7), SPREAD.dt_s, settings)


@pytest.mark.parametrize(
    "change",
    [
        {"walk": "random"}, {"widths": 0}, {"skews": ()}, {"exits": (1.0, 1.0)}, {"exits": (2.0,)},
        {"regimes": ("moon",)}, {"overfit_blocks": 7}, {"confidence": 1.0}, {"sizes_quote": (0.0,)}, {"workers": 0},
    ],
)  # fmt: skip
def test_refuses_settings_that_cannot_be_meant(change: dict[str, object]) -> None:
    with pytest.raises(ParameterError):
        OptimizerSettings(**change)  # type: ignore[arg-type]


def test_own_points_are_chosen_among() -> None:
    """The narrow ones trade far too often, the wide one never: the middle of what is left is near the best."""
    widths = (4.1, 8.0, 9.0, 10.0, 11.0, 60.0)
    points = [
        GridPoint(
            sell_a_bps=one - 4.0, sell_b_bps=one - 4.0, sell_a_exit_bps=one - 4.0, sell_b_exit_bps=one - 4.0,
            order_quote=5_000.0, max_hold_ns=NS_PER_HOUR,
        )
        for one in widths
    ]  # fmt: skip
    optimizer = DynamicThresholdOptimizer(backtester_of(SPREAD.path(DAYS, 7), SPREAD.dt_s))
    found = optimizer.optimize_thresholds("SIM/USDT", config_of(), QUICK, points=points)
    assert found.trials == len(points)
    assert found.sell_a_bps in {4.0, 5.0, 6.0, 7.0}
    assert found.surface()["half_width_bps"].to_numpy() == pytest.approx(widths, abs=0.2)
    assert np.isnan(found.theory_bps_day).all()
    below = replace(points[0], sell_b_bps=-0.2)
    with pytest.raises(ParameterError, match="below cost"):
        optimizer.optimize_thresholds("SIM/USDT", config_of(), QUICK, points=[below])
    with pytest.raises(ParameterError, match="one or more"):
        optimizer.optimize_thresholds("SIM/USDT", config_of(), QUICK, points=[])


def test_refuses_a_schedule_to_start_from() -> None:
    row = ScheduleRow(
        since_ns=START_NS, sell_a_bps=1.0, sell_b_bps=1.0, sell_a_exit_bps=1.0, sell_b_exit_bps=1.0, order_quote=10.0
    )
    config = config_of(schedule=ThresholdSchedule((row,)))
    with pytest.raises(BadInput, match="without a schedule"):
        DynamicThresholdOptimizer(backtester_of(SPREAD.path(DAYS, 7), 4.0)).optimize_thresholds("SIM/USDT", config)


def test_noise_paths_are_what_they_are_called() -> None:
    walk = noise_path("walk", 4.0, 2.0, 1)
    assert np.diff(walk).std() * np.sqrt(43_200) == pytest.approx(40.0, rel=0.05)
    assert np.diff(noise_path("jumps", 4.0, 2.0, 1)).std() * np.sqrt(43_200) == pytest.approx(40.0, rel=0.2)
    assert noise_path("bounce", 4.0, 2.0, 1).std() == pytest.approx(1.0, rel=0.02)
