"""What a signal refuses, and what it says where numbers are missing."""

from __future__ import annotations

from dataclasses import replace
from math import isnan, nan
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from arbresearch.core import BadInput, FeeSchedule
from arbresearch.signals import ConfidenceModel, EnhancedSpotArbitrageSignal, Mode, SignalSettings, VenueQuote
from tests.signals.quote_kit import SETTINGS, START_NS, pair_of, random_quotes
from tests.signals.signal_kit import some_calibration

SECOND = 1_000_000_000
WIDE = replace(SETTINGS, max_age_s=3_600.0, max_skew_s=3_600.0)


def _fed(values: Any, settings: SignalSettings = WIDE) -> Any:
    """Return what is said after a second each of these bids on A, against a book on B that stands still."""
    signal = EnhancedSpotArbitrageSignal(settings)
    said = signal.update(VenueQuote("b", START_NS, 99.9, 1.0, 100.0, 1.0))
    for second, bid in enumerate(values):
        said = signal.update(VenueQuote("a", START_NS + second * SECOND, bid, 1.0, bid + 0.05, 1.0))
    return said


def test_nothing_is_said_before_there_is_enough() -> None:
    said = _fed(100.0 + 0.01 * np.sin(np.arange(5)))
    assert said.primary_signal is Mode.HOLD
    assert not said.ready
    for both in said.horizons:
        for one in both:
            assert isnan(one.percentile)
            assert isnan(one.mean)
    assert len(said.notes) == 8
    assert "too little data" in said.notes[0]
    later = _fed(100.0 + 0.01 * np.sin(np.arange(40)))
    assert [one[0].ready for one in later.horizons] == [True, True, True, False]
    assert [note.split(",")[0] for note in later.notes] == ["60 s", "60 s"]


def test_a_constant_edge_has_no_z_score() -> None:
    said = _fed([100.0] * 80)
    for both in said.horizons:
        for one in both:
            assert one.ready
            assert one.sd == 0.0
            assert one.percentile == 0.5
            assert isnan(one.z_score)
            assert isnan(one.reversion_probability)
            assert "constant" in one.note
    assert said.primary_signal is Mode.HOLD


def test_a_trending_edge_does_not_revert() -> None:
    said = _fed(100.0 + 0.01 * np.arange(80))
    for both in said.horizons:
        assert both[0].ready
        assert isnan(both[0].kappa)
        assert isnan(both[0].reversion_probability)
        assert "no reversion" in both[0].note
        assert both[0].trend_t > 5.0
        assert both[1].trend_t < -5.0
    assert max(said.edge_bps) > SETTINGS.sell_a_bps
    assert said.primary_signal is Mode.HOLD


def test_a_long_gap_is_caught_up_with() -> None:
    signal = EnhancedSpotArbitrageSignal(SETTINGS)
    quotes = random_quotes(0, 400)
    for quote in quotes:
        signal.update(quote)
    years = quotes[-1].recv_ns + 3 * 365 * 86_400 * SECOND
    said = signal.update(VenueQuote("a", years, 100.0, 1.0, 100.01, 1.0))
    assert said.direction == -1
    assert not any(one.ready for both in said.horizons for one in both)
    assert "signal_state" in signal.state().split(b"\n")[0].decode()


@pytest.mark.parametrize(
    ("quote", "message"),
    [
        (VenueQuote("c", START_NS, 1.0, 1.0, 2.0, 1.0), "venue: expected a or b"),  # type: ignore[arg-type]
        (VenueQuote("a", START_NS - 1, 1.0, 1.0, 2.0, 1.0), "recv_ns: expected .* or later"),
        (VenueQuote("a", START_NS, 0.0, 1.0, 2.0, 1.0), "prices: expected positive"),
        (VenueQuote("a", START_NS, 1.0, 1.0, np.inf, 1.0), "prices: expected positive"),
    ],
)
def test_bad_quotes_are_refused_and_change_nothing(quote: VenueQuote, message: str) -> None:
    signal = EnhancedSpotArbitrageSignal(SETTINGS)
    signal.update(VenueQuote("b", START_NS, 1.0, 1.0, nan, 1.0))
    before = signal.state()
    with pytest.raises(BadInput, match=message):
        signal.update(quote)
    assert signal.state() == before


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"horizons_s": (60, 30), "target_horizon_s": 60}, "rising"),
        ({"horizons_s": (60, 60), "target_horizon_s": 60}, "rising"),
        ({"horizons_s": (), "target_horizon_s": 60}, "1 to 8 horizons"),
        ({"horizons_s": (7,), "target_horizon_s": 7}, "120 whole nanoseconds"),
        ({"horizons_s": (0,), "target_horizon_s": 0}, "above 0"),
        ({"target_horizon_s": 61}, "one of"),
        ({"sell_a_bps": nan}, "finite"),
        ({"min_confidence": 1.1}, "from 0 to 1"),
        ({"max_age_s": -1.0}, "max_age_s"),
    ],
)
def test_settings_that_cannot_be_meant(values: dict[str, Any], message: str) -> None:
    fees = FeeSchedule(0.0, 1e-3)
    with pytest.raises(BadInput, match=message):
        SignalSettings(**({"fees_a": fees, "fees_b": fees} | values))


def test_settings_are_kept_as_json_types() -> None:
    assert SignalSettings.from_dict(SETTINGS.as_dict()) == SETTINGS
    with pytest.raises(BadInput, match="signal settings"):
        SignalSettings.from_dict(SETTINGS.as_dict() | {"speed": 1})


@pytest.mark.parametrize(
    "changed",
    [{"horizons_s": (6, 12, 30, 120)}, {"max_age_s": 5.0}, {"max_skew_s": 5.0}, {"fees_a": FeeSchedule(0.0, 2e-4)}],
)
def test_a_state_of_other_settings_is_refused(changed: dict[str, Any]) -> None:
    state = EnhancedSpotArbitrageSignal(SETTINGS).state()
    with pytest.raises(BadInput, match="state: expected one with"):
        EnhancedSpotArbitrageSignal.resume(replace(SETTINGS, **changed), state)


def test_thresholds_may_change_with_a_state() -> None:
    signal = EnhancedSpotArbitrageSignal(SETTINGS)
    quotes = random_quotes(0, 500)
    for quote in quotes[:-1]:
        signal.update(quote)
    never = replace(SETTINGS, sell_a_bps=1e6, sell_b_bps=1e6)
    said = EnhancedSpotArbitrageSignal.resume(never, signal.state()).update(quotes[-1])
    assert said.primary_signal is Mode.HOLD
    assert repr(said.horizons) == repr(signal.update(quotes[-1]).horizons)


def test_states_that_are_none() -> None:
    state = EnhancedSpotArbitrageSignal(SETTINGS).state()
    head, _, body = state.partition(b"\n")
    damaged = bytearray(state)
    damaged[-1] ^= 1
    newer = head.replace(b'"signal_state": 1', b'"signal_state": 2') + b"\n" + body
    for bad, message in (
        (b"", "saved state"), (b"[]\n", "saved state"), (bytes(damaged), "damaged"), (state[:-8], "damaged"),
        (newer, "version 2"),
    ):  # fmt: skip
        with pytest.raises(BadInput, match=message):
            EnhancedSpotArbitrageSignal.resume(SETTINGS, bad)


def test_calibrations_of_other_horizons_are_refused() -> None:
    other = some_calibration(replace(SETTINGS, target_horizon_s=30))
    with pytest.raises(BadInput, match="calibration: expected horizons of 6, 12, 30, 60 s with the target 12 s"):
        EnhancedSpotArbitrageSignal(SETTINGS, other)
    short = some_calibration(replace(SETTINGS, horizons_s=(6, 12)))
    wrong = SimpleNamespace(model=short.model, horizons_s=SETTINGS.horizons_s, target_horizon_s=12)
    with pytest.raises(BadInput, match="calibration"):
        EnhancedSpotArbitrageSignal(SETTINGS, wrong)


def test_batches_refuse_masks_that_do_not_fit() -> None:
    pair = pair_of(random_quotes(1, 100))
    signal = EnhancedSpotArbitrageSignal(SETTINGS)
    with pytest.raises(BadInput, match="a mask of the"):
        signal.batch(pair, rows=np.ones(3, dtype=np.bool_))
    for step, rows in ((0, None), (2, np.ones(len(pair), dtype=np.bool_))):
        with pytest.raises(BadInput, match="step"):
            signal.batch(pair, step=step, rows=rows)
    with pytest.raises(BadInput, match="horizon_s: expected one of"):
        signal.batch(pair).frame(7)


def test_models_that_are_none() -> None:
    good: dict[str, Any] = {
        "fill": np.zeros(5), "weights": np.zeros(5), "missing_weights": np.zeros(5), "intercept": 0.0,
        "knots_x": np.array([0.2, 0.4]), "knots_y": np.array([0.1, 0.3]),
    }  # fmt: skip
    ConfidenceModel(**good)
    for changed in (
        {"fill": np.zeros(4)}, {"weights": np.zeros(10)}, {"intercept": nan}, {"knots_x": np.array([0.4, 0.4])},
        {"knots_y": np.array([0.3, 0.1])}, {"knots_y": np.array([0.3, 1.1])}, {"knots_y": np.array([0.3])},
        {"weights": np.array([0.0, 0.0, 0.0, 0.0, np.inf])}, {"knots_x": np.zeros(0), "knots_y": np.zeros(0)},
    ):  # fmt: skip
        with pytest.raises(BadInput):
            ConfidenceModel(**(good | changed))
    with pytest.raises(BadInput, match="rows of 5 features"):
        ConfidenceModel(**good).predict(np.zeros((3, 4)))


def test_a_model_by_hand() -> None:
    model = ConfidenceModel(
        fill=np.array([1.0, 0.5, 0.0, 0.0, 1.0]),
        weights=np.array([1.0, 2.0, 0.0, 0.0, -1.0]),
        missing_weights=np.array([0.5, 0.0, 0.0, 0.0, 0.0]),
        intercept=-1.0,
        knots_x=np.array([0.25, 0.75]),
        knots_y=np.array([0.1, 0.9]),
    )
    features = np.array([[0.0, 0.5, nan, 3.0, 0.0], [nan, nan, 0.0, 0.0, nan], [-5.0, 0.0, 0.0, 0.0, 0.0], [9.0] * 5])
    score = 1.0 - 1.0 + 1.0 + 0.5 - 1.0
    middle = 1.0 / (1.0 + np.exp(-score))
    wanted = [0.5, 0.1 + 0.8 * (middle - 0.25) / 0.5, 0.1, 0.9]
    assert model.predict(features).tolist() == pytest.approx(wanted, rel=1e-14)
