"""Calibrated on earlier days of the sample market, judged on later; and the file it is kept in."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from arbresearch.core import BadInput, ManualClock, ParameterError, StoreError
from arbresearch.core.units import NS_PER_DAY
from arbresearch.discovery import choose_pairs
from arbresearch.params import SignalsParams
from arbresearch.sample import SampleSpec, generate
from arbresearch.signals.batch import SignalBatch
from arbresearch.signals.calibration import Calibration, HeldOut, walk_forward
from arbresearch.signals.calibration_folds import CalibrationFold, calibration_folds
from arbresearch.signals.outcomes import Outcomes, label_outcomes, pool_outcomes
from arbresearch.signals.settings import SignalSettings
from arbresearch.signals.signal import EnhancedSpotArbitrageSignal
from arbresearch.store import TickStore

PARAMS = SignalsParams(horizons_s=[60.0, 300.0], target_horizon_s=60.0)
SPEC = SampleSpec(
    seed=7, days=2, symbols=12, venues=("mexc", "gate"), quotes_per_day=6_000, include_depth=False, include_swaps=False
)


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TickStore]:
    """Return two days of the sample market."""
    with TickStore(tmp_path_factory.mktemp("sample") / "store") as store:
        generate(store, SPEC)
        yield store


@pytest.fixture(scope="module")
def batches(market: TickStore) -> list[SignalBatch]:
    """Return the signals of six pairs."""
    return [PARAMS.batch(market, pair) for pair in choose_pairs(market)[:6]]


@pytest.fixture(scope="module")
def outcomes(batches: Sequence[SignalBatch]) -> Outcomes:
    """Return what became of all their stretched edges."""
    return pool_outcomes([label_outcomes(one, name=str(place)) for place, one in enumerate(batches)])


@pytest.fixture(scope="module")
def days(outcomes: Outcomes) -> CalibrationFold:
    """Fit on the first day, judge on the second."""
    first = SPEC.start_ns
    return CalibrationFold(
        train_start_ns=first,
        train_end_ns=first + NS_PER_DAY,
        test_start_ns=first + NS_PER_DAY,
        test_end_ns=first + 2 * NS_PER_DAY,
    )


@pytest.fixture(scope="module")
def held_out(outcomes: Outcomes, days: CalibrationFold) -> HeldOut:
    """Return the second day as the first saw it."""
    return walk_forward(outcomes, [days])


def test_of_signals_given_p_about_p_came_back(held_out: HeldOut) -> None:
    report = held_out.report()
    assert report.outcomes > 20_000
    assert 0.5 < report.base_rate < 0.95
    assert report.ece <= 0.03
    assert report.ece_upper <= 0.03
    # It tells signals apart, and the fitted process alone would not do.
    assert report.table["observed"][-1] - report.table["observed"][0] > 0.25
    assert report.skill > 0.1
    assert held_out.plain_report().ece > 2.0 * report.ece


def test_later_data_never_change_earlier_confidence(
    outcomes: Outcomes, days: CalibrationFold, held_out: HeldOut
) -> None:
    """The second day turned upside down, but for its features: what was stated for its first half stays to the bit."""
    changed = replace(
        outcomes, reverted=np.where(outcomes.time_ns >= days.test_start_ns, ~outcomes.reverted, outcomes.reverted)
    )
    noon = days.test_start_ns + NS_PER_DAY // 2
    later = CalibrationFold(
        train_start_ns=days.train_start_ns, train_end_ns=noon, test_start_ns=noon, test_end_ns=days.test_end_ns
    )
    found = walk_forward(changed, [replace(days, test_end_ns=noon), later])
    first = found.outcomes.time_ns < noon
    np.testing.assert_array_equal(found.confidence[first], held_out.confidence[first])
    assert np.abs(found.confidence[~first] - held_out.confidence[~first]).mean() > 0.1


def test_outcomes_that_are_open_when_a_fold_begins_are_left_out(
    outcomes: Outcomes, days: CalibrationFold, held_out: HeldOut
) -> None:
    """The last minute of the first day is known only on the second: it may say anything."""
    open_then = (outcomes.time_ns < days.train_end_ns) & (outcomes.time_ns >= days.train_end_ns - 60_000_000_000)
    assert open_then.sum() > 5
    changed = replace(outcomes, reverted=np.where(open_then, ~outcomes.reverted, outcomes.reverted))
    np.testing.assert_array_equal(walk_forward(changed, [days]).confidence, held_out.confidence)


@pytest.fixture(scope="module")
def calibration(outcomes: Outcomes) -> Calibration:
    """Return one of both days."""
    return Calibration.fit(outcomes, folds=0, clock=ManualClock(1_234_567_890_123_456_789))


def test_a_signal_states_what_the_calibration_predicts(
    market: TickStore, outcomes: Outcomes, calibration: Calibration, tmp_path: Path
) -> None:
    """Written to a file and read again, and in a batch: the same numbers to the last bit."""
    calibration.save(tmp_path / "confidence.json")
    read = Calibration.load(tmp_path / "confidence.json")
    for name in calibration.__slots__:
        if name != "model":
            assert getattr(read, name) == getattr(calibration, name), name
    np.testing.assert_array_equal(read.predict(outcomes.features), calibration.predict(outcomes.features))
    assert (tmp_path / "confidence.json").stat().st_size < 20_000
    pair = choose_pairs(market)[0]
    settings = PARAMS.settings(market, pair)
    read.check(settings)
    batch = EnhancedSpotArbitrageSignal(settings, read).batch(PARAMS.books(market, pair))
    found = label_outcomes(batch)
    assert batch.calibrated
    stated = batch.confidence[np.searchsorted(batch.recv_ns, found.time_ns), found.direction]
    np.testing.assert_array_equal(stated, calibration.predict(found.features))


def test_how_it_did_is_kept_with_it(outcomes: Outcomes, tmp_path: Path) -> None:
    some = outcomes.take(outcomes.pair == 0)
    made = Calibration.fit(some, folds=2)
    assert made.held_out == walk_forward(some, calibration_folds(some, 2)).report().as_dict()
    made.save(tmp_path / "confidence.json")
    assert Calibration.load(tmp_path / "confidence.json").held_out == made.held_out


def test_batches_and_their_outcomes_give_one_calibration(batches: Sequence[SignalBatch]) -> None:
    pooled = pool_outcomes([label_outcomes(one) for one in batches[:2]])
    one, other = Calibration.fit(batches[:2], folds=0), Calibration.fit(pooled, folds=0)
    assert (one.data_hash, one.held_out, one.outcomes) == (other.data_hash, {}, len(pooled))
    np.testing.assert_array_equal(one.model.weights, other.model.weights)
    flipped = replace(pooled, reverted=np.append(pooled.reverted[:-1], not pooled.reverted[-1]))
    assert Calibration.fit(flipped, folds=0).data_hash != one.data_hash


def test_evaluation_is_on_later_data_alone(outcomes: Outcomes, days: CalibrationFold, held_out: HeldOut) -> None:
    early = outcomes.take(days.train(outcomes))
    calibration = Calibration.fit(early, folds=0)
    later = outcomes.take(outcomes.time_ns > calibration.end_ns + 60_000_000_000)
    assert calibration.evaluate(later).ece == pytest.approx(held_out.report().ece, abs=1e-3)
    with pytest.raises(BadInput, match=r"outcomes: expected such as began after .*proves nothing"):
        calibration.evaluate(outcomes)


def test_what_cannot_be_calibrated(
    outcomes: Outcomes, batches: Sequence[SignalBatch], calibration: Calibration
) -> None:
    few = outcomes.take(outcomes.time_ns < outcomes.time_ns[0] + 120_000_000_000)
    with pytest.raises(BadInput, match=r"calibration: expected outcomes in at least 40 separate windows of 60 s, was"):
        Calibration.fit(few, folds=0)
    with pytest.raises(BadInput, match=r"outcomes: expected some that came back in time .*none of them"):
        Calibration.fit(outcomes.take(~outcomes.reverted), folds=0)
    with pytest.raises(BadInput, match=r"outcomes: expected some that came back in time .*all of them"):
        Calibration.fit(outcomes.take(outcomes.reverted))
    with pytest.raises(ParameterError, match="l2: expected a number above zero, was 0"):
        Calibration.fit(outcomes, l2=0.0)
    with pytest.raises(BadInput, match=r"horizons: expected .*60, 300 s, target 60 s, was 60, 300 s, target 300 s"):
        calibration.check(replace(batches[0].settings, target_horizon_s=300))
    with pytest.raises(BadInput, match=r"horizons: expected those of the calibration.*calibrate anew"):
        calibration.evaluate(replace(outcomes, horizons_s=(60.0, 900.0)))
    with pytest.raises(BadInput, match="features: expected rows of 10 features"):
        calibration.predict(outcomes.features[:, :5])
    with pytest.raises(BadInput, match="horizons"):
        EnhancedSpotArbitrageSignal(replace(batches[0].settings, horizons_s=(60, 900)), calibration)


def test_files_that_cannot_be_read(calibration: Calibration, tmp_path: Path) -> None:
    path = tmp_path / "confidence.json"
    with pytest.raises(BadInput, match="expected a calibration file, was nothing; fit one and save it"):
        Calibration.load(path)
    calibration.save(path)
    content = json.loads(path.read_text())
    path.write_text(json.dumps(content | {"format": 99}))
    with pytest.raises(BadInput, match="expected format 1, was format 99; calibrate anew"):
        Calibration.load(path)
    for damage in ("{", "[]", json.dumps({**content, "model": {}}), json.dumps({**content, "made": "tomorrow"})):
        path.write_text(damage)
        with pytest.raises(StoreError, match="calibrate anew"):
            Calibration.load(path)
    with pytest.raises(StoreError, match="cannot be written"):
        calibration.save(tmp_path / "nowhere" / "confidence.json")


def test_settings_of_the_notebook_are_those_of_the_signal(batches: Sequence[SignalBatch]) -> None:
    own = batches[0].settings
    plain = SignalSettings(fees_a=own.fees_a, fees_b=own.fees_b)
    defaults = SignalsParams()
    assert tuple(defaults.horizons_s) == plain.horizons_s
    for name in ("target_horizon_s", "max_age_s", "max_skew_s"):
        assert getattr(defaults, name) == getattr(plain, name)
    assert defaults.entry_bps == plain.sell_a_bps == plain.sell_b_bps
