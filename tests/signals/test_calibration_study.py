"""A pair's signals as a whole: counted, acted on and told, against loops over the same rows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from arbresearch.core import BadInput, FeeSchedule
from arbresearch.signals.batch import SignalBatch
from arbresearch.signals.outcomes import Outcomes, label_outcomes
from arbresearch.signals.study import (
    SignalStudy,
    above_costs,
    act,
    calibrated_answer,
    pays_answer,
    study_signals,
)
from arbresearch.signals.views import (
    acting_table,
    context_view,
    error_table,
    horizon_table,
    payoff_table,
    reliability_curves,
)
from arbresearch.signals.words import (
    describe_acting,
    describe_calibration,
    describe_signals,
    signal_caveats,
    signal_figures,
    signal_status,
    signal_tables,
    signal_verdict,
)
from tests.signals.test_outcomes import SECOND, SETTINGS, make_batch

FREE = FeeSchedule(maker=0.0, taker=0.0)
OPEN = replace(SETTINGS, fees_a=FREE, fees_b=FREE, sell_a_bps=3.0, sell_b_bps=4.0)


@pytest.fixture(scope="module")
def batch() -> SignalBatch:
    """Return signals whose thresholds are passed now and then."""
    return make_batch(5, 8_000, OPEN, 3_600)


@pytest.fixture(scope="module")
def study(batch: SignalBatch) -> SignalStudy:
    """Return a study of them."""
    return study_signals(batch, label_outcomes(batch, name="X"), "X", folds=2, high_confidence=0.6)


def test_how_often_an_edge_is_above_costs(batch: SignalBatch) -> None:
    frame = batch.frame()
    begun, on_ns, watched_ns = 0, 0, 0
    before = [False, False]
    for row, later in zip(frame.iter_rows(named=True), [*frame["recv_ns"][1:], frame["recv_ns"][-1]], strict=True):
        lasted = min(later - row["recv_ns"], 5 * SECOND)
        known = [row[f"ready_{way}"] and not np.isnan(row[f"edge_{way}_bps"]) for way in ("ab", "ba")]
        now = [known[0] and row["edge_ab_bps"] > 3.0, known[1] and row["edge_ba_bps"] > 4.0]
        begun += sum(one and not other for one, other in zip(now, before, strict=True))
        on_ns, watched_ns, before = on_ns + lasted * any(now), watched_ns + lasted * any(known), now
    found = above_costs(batch)
    assert begun > 20
    assert found == (begun, pytest.approx(on_ns / watched_ns), pytest.approx(watched_ns / (86_400 * SECOND)))


def test_one_round_trip_at_a_time(study: SignalStudy) -> None:
    assert study.own is not None
    found, stated, free, wanted = study.own.outcomes, study.own.confidence, 0.0, []
    for place in range(len(found)):
        limit = (3.0, 4.0)[found.direction[place]]
        good = found.edge_bps[place] > limit and stated[place] >= 0.6
        if good and found.hoped_bps[place] > 0.0 and found.time_ns[place] >= free:
            wanted.append((found.time_ns[place], found.round_trip_bps[place]))
            free = found.time_ns[place] + round(found.held_s[place] * SECOND)
    trips = act(study, 0.6)
    assert trips.select("time_ns", "round_trip_bps").rows() == wanted
    assert len(wanted) > 3
    table = acting_table(study)
    assert table["least_confidence"].to_list() == [0.0, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95]
    row = table.row(2, named=True)
    values = [value for _, value in wanted]
    assert (row["trips"], row["total_bps"]) == (len(wanted), pytest.approx(sum(values)))
    assert row["won"] == pytest.approx(np.mean(np.array(values) > 0.0))
    assert study.result.mean == pytest.approx(np.mean(values))
    assert (np.diff(table["trips"]) <= 0).all()


def test_three_answers(study: SignalStudy) -> None:
    report = study.report
    assert report is not None
    answers = {
        (0.0, 0.03): "yes", (0.02, 0.04): "not enough data", (0.031, 0.05): "no", (np.nan, np.nan): "not enough data",
    }  # fmt: skip
    for (lower, upper), answer in answers.items():
        assert calibrated_answer(replace(report, ece_lower=lower, ece_upper=upper)) == answer
    assert calibrated_answer(None) == "not enough data"
    bound, mean = study.result.lower_bound, study.result.mean
    assert pays_answer(study) == ("yes" if bound > 0.0 else "no" if mean <= 0.0 else "not enough data")
    never = replace(OPEN, sell_a_bps=1e4, sell_b_bps=1e4)
    idle = replace(study, batch=replace(study.batch, settings=never))
    assert (above_costs(idle.batch)[0], pays_answer(idle), signal_status(idle)) == (0, "no", "no")
    assert "the net edge never rose above 10000 bps" in signal_verdict(idle)
    assert signal_verdict(idle).endswith("there was nothing to act on.")


def test_views_are_of_the_same_rows(study: SignalStudy, batch: SignalBatch) -> None:
    view = context_view(batch, 0.05)
    span = int(view["recv_ns"][-1]) - int(view["recv_ns"][0])
    assert 170 * SECOND < span <= 180 * SECOND
    frame = batch.frame().filter(pl.col("recv_ns").is_between(view["recv_ns"][0], view["recv_ns"][-1]))
    for way in ("ab", "ba"):
        part = view.filter(pl.col("direction") == way)
        for name in ("percentile", "trend_t", "half_life_s"):
            np.testing.assert_array_equal(part[name], frame[f"{name}_{way}"])
        np.testing.assert_array_equal(part["mean_bps"], frame[f"mean_{way}"])
    ready = batch.frame().filter("ready_ab", "ready_ba")
    assert view["edge_bps"].max() == max(ready["edge_ab_bps"].max(), ready["edge_ba_bps"].max())  # type: ignore[type-var]
    table = horizon_table(batch, ("mexc", "gate"))
    assert table["sell_on"].to_list() == ["mexc", "gate"] * 2
    context = batch.context(60).filter("ready_ba")
    assert table["half_life_s"][3] == pytest.approx(context["half_life_s_ba"].drop_nans().median())
    assert table["trending"][3] == pytest.approx((context["trend_t_ba"].abs() > 2.0).mean())
    assert payoff_table(study)["signals"].sum() == len(study.own.outcomes)  # type: ignore[union-attr]
    assert next(iter(reliability_curves(study).values())) is None
    assert error_table(study)["all"].to_list() == error_table(study)["own"].to_list()


def test_words_follow_from_the_numbers(study: SignalStudy) -> None:
    begun, share, _ = above_costs(study.batch)
    said, report, result = signal_verdict(study), study.report, study.result
    assert report is not None
    assert said.startswith(f"X: the net edge rose above 3 or 4 bps {begun:,} times in ")
    assert f"for {100 * share:.2f} % of the time" in said
    assert f"(held-out error {100 * report.ece:.1f} points)" in said
    way = "lost" if result.mean < 0.0 else "brought"
    assert f"have {way} {abs(result.mean):.1f} bps a round trip after costs ({result.observations} trips" in said
    assert len(said) < 400
    sure, pays = calibrated_answer(report), pays_answer(study)
    assert signal_status(study) == ("no" if pays == "no" else "ok" if (sure, pays) == ("yes", "yes") else "warn")
    assert "without latency" in said
    (row,) = signal_tables(study)["summary"]
    assert (row["signals"], row["ece"], row["trips"]) == (begun, report.ece, result.observations)
    assert signal_figures(study)["calibration error"]["text"] == f"{100 * report.ece:.1f} points"
    for text in (describe_signals(study), describe_acting(study), describe_calibration(study), signal_caveats(study)):
        assert "nan" not in text
        assert "None" not in text


def test_too_little_is_said_and_nothing_invented(batch: SignalBatch) -> None:
    found = label_outcomes(batch, name="X")
    few: Outcomes = found.take(found.time_ns < found.time_ns[0] + 60 * SECOND)
    study = study_signals(batch, few, "X")
    assert (study.report, study.own, study.calibration) == (None, None, None)
    assert "40 separate windows of 12 s" in study.reason
    assert "could not be calibrated" in signal_verdict(study)
    assert "so there was no confidence to act on" in signal_verdict(study)
    assert "Nothing could be calibrated" in describe_calibration(study)
    assert (act(study, 0.0).height, payoff_table(study).height, error_table(study).height) == (0, 0, 0)
    assert signal_status(study) == "warn"
    assert signal_tables(study)["reliability"] == []
    none = study_signals(batch, found.take(found.time_ns < 0), "X")
    assert "no stretched edge was watched to its end" in signal_verdict(none)
    same = study_signals(batch, found.take(found.reverted), "X")
    assert "100.0 % of the stretched edges came back in time" in signal_verdict(same)
    with pytest.raises(BadInput, match="pair: expected one of X, was 'Y'"):
        study_signals(batch, found, "Y")
