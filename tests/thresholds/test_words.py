"""What an optimisation says: its frames, tables, words and figures, on a spread that pays and on one that does not."""

from __future__ import annotations

from dataclasses import replace
from math import isnan

import numpy as np
import orjson
import polars as pl
import pytest

from arbresearch.discovery import StreamPair
from arbresearch.params import BacktestParams, ThresholdsParams
from arbresearch.pipeline import save_result
from arbresearch.thresholds import frames, views, words
from arbresearch.thresholds.resample import Interval
from arbresearch.thresholds.result import OptimalThresholds
from tests.thresholds.campaign import SETTINGS, noise_path, optimised
from tests.thresholds.simulated import Spread

SPREAD = Spread(dt_s=4.0)
QUICK = replace(SETTINGS, widths=8, resamples=199, regimes=("tilt",))


@pytest.fixture(scope="module")
def found() -> OptimalThresholds:
    return optimised(SPREAD.path(2.0, 7), SPREAD.dt_s, replace(QUICK, sizes_quote=(2_500.0, 5_000.0)))


@pytest.fixture(scope="module")
def nothing() -> OptimalThresholds:
    return optimised(noise_path("bounce", 1.0, 4.0, 1), 4.0, QUICK)


def _cells(frame: pl.DataFrame, key: str, value: str) -> dict[str, str]:
    return dict(frame.select(key, value).iter_rows())


def test_cuts_go_through_the_choice(found: OptimalThresholds) -> None:
    surface = found.surface()
    chosen = surface.row(by_predicate=pl.col("chosen"), named=True)
    same = surface.filter(pl.col("skew_bps") == chosen["skew_bps"])
    sizes = frames.surface_frame(found, "size")
    assert sizes["other"].unique().to_list() == [2_500.0, 5_000.0]
    assert sorted(sizes["profit_bps_day"]) == sorted(same["smoothed_bps_day"])
    skews = frames.surface_frame(found, "skew")
    assert skews["other"].n_unique() == 3
    assert skews.height == 3 * 8
    profile = frames.profile_frame(found)
    line = same.filter(pl.col("order_quote") == chosen["order_quote"]).sort("half_width_bps")
    assert profile["half_width_bps"].to_list() == line["half_width_bps"].to_list()
    assert profile["theory_bps_day"].to_list() == line["theory_bps_day"].to_list()
    reach = (profile["upper"] - profile["lower"]).to_numpy()
    assert reach == pytest.approx(4.0 * line["profit_error_bps_day"].to_numpy())
    for cut in (sizes, skews, profile):
        assert cut["chosen"].sum() == 1
        assert cut.filter("chosen")["half_width_bps"].to_list() == [chosen["half_width_bps"]]


def test_profit_out_of_sample_adds_up(found: OptimalThresholds) -> None:
    kept = found.out_of_sample
    path = frames.cumulative_frame(found)
    assert path["profit_bps"][0] == 0.0
    total = kept.profit_quote.sum() * 1e4 / kept.result.summary.capital_quote
    assert path["profit_bps"][-1] == pytest.approx(total)
    days = (path["time_ns"][-1] - path["time_ns"][0]) / 86_400e9
    assert days == pytest.approx(frames.out_of_sample_days(found))
    assert total / days == pytest.approx(frames.mean_bps_day(found)[0])


def test_the_closed_form_is_marked_where_it_would_be_set(found: OptimalThresholds) -> None:
    value, low, high = frames.closed_form_bps(found)
    assert value == found.fit.set_half_width_bps
    assert low < value < high
    assert high - low == pytest.approx(found.fit.half_width_high_bps - found.fit.half_width_low_bps)


def test_splits_and_sizes(found: OptimalThresholds) -> None:
    splits = frames.split_frame(found)
    assert found.overfitting is not None
    assert (splits["logit"] <= 0.0).mean() == pytest.approx(found.overfitting.probability)
    assert frames.size_frame(found)["order_quote"].to_list() == [2_500.0, 5_000.0]
    assert found.sizing is not None
    bounds = frames.size_bounds(found)
    assert "kelly" not in bounds
    assert min(bounds.values()) == found.sizing.size_quote


def test_tables_are_what_was_found(found: OptimalThresholds) -> None:
    told = replace(
        found,
        intervals={**found.intervals, "sell_a_bps": Interval(6.25, -1.04, 8.0, 0.95),
                   "max_hold_minutes": Interval(90.0, 90.0, 90.0, 0.95)},
        trials=1_234, deflated_sharpe=0.5, efficiency=0.714,
        out_of_sample=replace(found.out_of_sample, profit_bps_day=Interval(5.04, 3.0, 7.0, 0.95)),
    )  # fmt: skip
    table = views.threshold_table(told)
    assert table.row(0)[:3] == ("sell on mexc, buy on gate", "6.2 bps", "−1.0 to 8.0")
    assert table.row(5)[:3] == ("longest hold", "1.5 h", "1.5 h to 1.5 h")
    skill = _cells(views.skill_table(told), "figure", "value")
    assert skill["kept on later data"] == "5.0 bps (3.0 to 7.0)"
    assert skill["kept of the promise"] == "71 %"
    assert skill["settings tried"] == "1,234"
    assert skill["deflated Sharpe"] == "50.0 %"
    process = _cells(views.process_table(found), "figure", "value")
    assert process["best half width"].startswith(f"{found.fit.half_width_bps:.1f} bps (")
    assert views.fold_table(found)["fold"].to_list() == list(range(1, found.folds.height + 1))
    assert views.size_table(found)["binding"].to_list().count("binds") == 1
    (regime,) = views.regime_table(found).iter_rows(named=True)
    assert (regime["regime"], regime["offered"]) == ("tilt", "yes" if found.regimes[0].offered else "no")


def test_the_verdict_follows_from_the_answer(found: OptimalThresholds) -> None:
    assert found.answer == "trade"
    sentence = words.threshold_verdict(found)
    assert sentence.startswith("SIM/USDT mexc-gate: trade: out of sample ")
    assert f"Sell on mexc above {found.sell_a_bps:.1f} bps net" in sentence
    assert len(sentence) <= 400
    assert words.threshold_status(found) == "ok"
    assert "The table says what to use" in words.describe_thresholds(found)
    refused = replace(found, answer="no trade", verdict="No trade: it may be luck.")
    assert "Sell on" not in words.threshold_verdict(refused)
    assert f"promised {found.in_sample_bps_day:.1f} bps a day" in words.threshold_verdict(refused)
    assert words.threshold_status(refused) == "no"
    assert "not to be traded" in words.describe_thresholds(refused)
    assert words.threshold_status(replace(found, answer="unclear")) == "warn"
    figures = words.threshold_figures(found)
    assert figures["sell on mexc above"]["value"] == pytest.approx(found.sell_a_bps, rel=1e-5)
    assert figures["kept of it"]["value"] == pytest.approx(found.efficiency, rel=1e-5)


def test_what_was_not_tried_is_said(nothing: OptimalThresholds) -> None:
    sentence = words.threshold_verdict(nothing)
    assert sentence.startswith("SIM/USDT mexc-gate: no trade: ")
    assert words.threshold_status(nothing) == "no"
    assert "Nothing was traded out of sample" in words.describe_regimes(nothing)
    assert views.threshold_table(nothing).is_empty() == (nothing.plateau is None)
    assert words.describe_doubts(nothing).count("\n- ") >= 1
    tables = words.threshold_tables(nothing)
    assert tables["schedules"] == []
    (row,) = list(tables["thresholds"])
    assert isinstance(row, dict)
    assert row["answer"] == "no trade"
    empty = replace(nothing, grid=None, plateau=None, overfitting=None, sizing=None, regimes=())
    for frame in (frames.surface_frame(empty), frames.profile_frame(empty), frames.split_frame(empty),
                  frames.size_frame(empty), views.size_table(empty), views.threshold_table(empty)):  # fmt: skip
        assert frame.is_empty()
        assert pl.Null not in frame.dtypes
    assert "order" not in words.threshold_figures(empty)
    assert words.describe_surface(empty).startswith("**Nothing was tried")
    assert "Too little" in words.describe_overfitting(empty)
    assert words.describe_sizing(empty).startswith("Nothing was tried")


def test_a_spread_that_does_not_revert_is_said_to_be_one(found: OptimalThresholds) -> None:
    assert "The spread reverts." in words.describe_process(found)
    trending = replace(found, fit=replace(found.fit, levels=None, reason="the mean moves"))
    assert "**Nothing to start from: the mean moves.**" in words.describe_process(trending)
    assert _cells(views.process_table(trending), "figure", "value")["half-life"] == "–"


def test_a_row_is_parameters_of_a_backtest_that_follows(found: OptimalThresholds) -> None:
    shared = ThresholdsParams(capital_quote=7_000.0, latency_s=0.5).shared()
    tables = words.threshold_tables(found, candidates=9, shared=shared)
    (row,) = list(tables["schedules"])
    assert isinstance(row, dict)
    params = BacktestParams(**row)
    assert (params.pair, params.candidates, params.capital_quote) == ("SIM/USDT mexc-gate", 9, 7_000.0)
    config = params.config(StreamPair("mexc", "SIM/USDT", "gate", "SIM/USDT"))
    assert config.schedule == found.schedule
    assert config.latency_ms == 500.0
    result = save_result("x", tables=tables)
    assert result.result.tables["schedules"][0]["schedule"] == orjson.dumps(found.schedule.as_dict()).decode()


def test_the_row_of_a_week_has_its_intervals(found: OptimalThresholds) -> None:
    row = words.threshold_row(found)
    for side in ("a", "b"):
        interval = found.intervals[f"sell_{side}_bps"]
        assert (row[f"sell_{side}_low_bps"], row[f"sell_{side}_high_bps"]) == (interval.low, interval.high)
    assert row["out_of_sample_bps_day"] == found.out_of_sample.profit_bps_day.value
    assert row["from"] < row["until"]
    missing = words.threshold_row(replace(found, intervals={}, overfitting=None))
    assert isnan(missing["sell_a_bps"])
    assert missing["overfitting"] is None
    assert np.isfinite(row["overfitting"])
