"""One compiled step serves both: a stream and a batch say the same, and nothing later changes what was said."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from arbresearch.core import BadInput
from arbresearch.edges import edges
from arbresearch.signals import EnhancedSpotArbitrageSignal, features_of
from tests.signals.quote_kit import SETTINGS, pair_of, random_quotes
from tests.signals.signal_kit import assert_same, some_calibration, stream


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("calibrated", [False, True])
def test_stream_is_batch(seed: int, calibrated: bool) -> None:
    quotes = random_quotes(seed, 1_000)
    calibration = some_calibration(SETTINGS) if calibrated else None
    resume_at = np.random.default_rng(seed).choice(len(quotes), 25, replace=False).tolist()
    batch = EnhancedSpotArbitrageSignal(SETTINGS, calibration).batch(pair_of(quotes))
    assert batch.calibrated == calibrated
    assert_same(batch, stream(quotes, SETTINGS, calibration))
    assert_same(batch, stream(quotes, SETTINGS, calibration, resume_at))


def test_state_after_a_batch_is_that_of_the_stream() -> None:
    quotes = random_quotes(7)
    signal = EnhancedSpotArbitrageSignal(SETTINGS)
    for quote in quotes[:1_000]:
        signal.update(quote)
    batch = signal.batch(pair_of(quotes[:1_000]))
    resumed = EnhancedSpotArbitrageSignal.resume(SETTINGS, batch.state)
    assert [signal.update(one) for one in quotes[1_000:]] == [resumed.update(one) for one in quotes[1_000:]]


def test_a_state_may_be_taken_up_with_a_calibration() -> None:
    quotes = random_quotes(0, 400)
    plain = EnhancedSpotArbitrageSignal(SETTINGS)
    for quote in quotes:
        plain.update(quote)
    calibration = some_calibration(SETTINGS)
    again = quotes[-1]
    said = EnhancedSpotArbitrageSignal.resume(SETTINGS, plain.state(), calibration).update(again)
    batch = EnhancedSpotArbitrageSignal(SETTINGS, calibration).batch(pair_of(quotes))
    assert said.calibrated
    assert said.confidence_score == batch.confidence[-1, said.direction]
    assert said.confidence_score != plain.update(again).confidence_score


@pytest.mark.parametrize("cut", [200, 700, 1_300])
def test_later_quotes_change_nothing(cut: int) -> None:
    quotes, others = random_quotes(3), random_quotes(4)
    later = quotes[cut].recv_ns + 1
    changed = [*quotes[: cut + 1], *(one._replace(recv_ns=max(one.recv_ns, later)) for one in others[cut + 1 :])]
    signal = EnhancedSpotArbitrageSignal(SETTINGS)
    one, other = signal.batch(pair_of(quotes)), signal.batch(pair_of(changed))
    rows = int(np.searchsorted(one.recv_ns, quotes[cut].recv_ns, side="right"))
    assert 0 < rows < len(one)
    for name in ("edge_bps", "percentile", "z_score", "reversion_probability", "confidence", "primary_signal"):
        assert getattr(one, name)[:rows].tobytes() == getattr(other, name)[:rows].tobytes()
        assert getattr(one, name)[rows:].tobytes() != getattr(other, name)[rows:].tobytes()


def test_some_rows_are_those_of_all() -> None:
    pair = pair_of(random_quotes(5))
    signal = EnhancedSpotArbitrageSignal(SETTINGS, some_calibration(SETTINGS))
    every = signal.batch(pair)
    mask = np.random.default_rng(2).random(len(pair)) < 0.2
    for part, rows in ((signal.batch(pair, step=7), np.arange(0, len(pair), 7)), (signal.batch(pair, rows=mask), mask)):
        assert part.state == every.state
        assert part.row.tolist() == np.arange(len(pair))[rows].tolist()
        for name in ("recv_ns", "percentile", "z_score", "reversion_probability", "confidence", "primary_signal"):
            assert getattr(part, name).tobytes() == getattr(every, name)[rows].tobytes()
        for h in range(4):
            assert part.context(SETTINGS.horizons_s[h]).height <= every.context(SETTINGS.horizons_s[h]).height
            assert features_of(part, 0).tobytes() == features_of(every, 0)[rows].tobytes()
    assert signal.batch(pair, rows=np.zeros(len(pair), dtype=np.bool_)).frame().height == 0


def test_batch_prices_as_edges_do() -> None:
    quotes = random_quotes(6)
    batch = EnhancedSpotArbitrageSignal(SETTINGS).batch(pair_of(quotes))
    limited = pair_of(quotes)
    stale = (limited.age_a_ns > 4e9) | (limited.age_b_ns > 4e9) | (limited.skew_ns > 3e9)
    found = edges(limited, SETTINGS.fees_a, SETTINGS.fees_b)
    for side, name in enumerate(("net_ab_bps", "net_ba_bps")):
        want = np.where(stale, np.nan, found[name].to_numpy())
        np.testing.assert_array_equal(batch.edge_bps[:, side], want)
    assert stale.any()
    frame = batch.frame()
    assert frame["edge_ab_bps"].to_numpy().tobytes() == batch.edge_bps[:, 0].tobytes()
    assert frame["ready_ab"].any()
    assert not frame["ready_ab"].all()


def test_features_and_confidence_are_those_of_the_model() -> None:
    calibration = some_calibration(SETTINGS)
    batch = EnhancedSpotArbitrageSignal(SETTINGS, calibration).batch(pair_of(random_quotes(9)))
    for direction in range(2):
        features = features_of(batch, direction)
        assert features.shape == (len(batch), 20)
        said = np.flatnonzero(~np.isnan(batch.confidence[:, direction]))
        assert said.size > 200
        assert calibration.model.predict(features[said]).tobytes() == batch.confidence[said, direction].tobytes()
        chance = batch.reversion_probability[:, direction]
        with np.errstate(divide="ignore"):
            wanted = np.clip(np.log(chance / (1.0 - chance)), -8.0, 8.0)
        np.testing.assert_allclose(features[:, 3::5], wanted, rtol=1e-12)
        np.testing.assert_array_equal(features[:, 0::5], np.clip(batch.z_score[:, direction], -8.0, 8.0))
        np.testing.assert_array_equal(features[:, 1::5], batch.percentile[:, direction])


def test_files_keep_the_state(tmp_path: Path) -> None:
    quotes = random_quotes(2, 900)
    signal = EnhancedSpotArbitrageSignal(SETTINGS)
    empty = len(signal.state())
    for quote in quotes[:700]:
        signal.update(quote)
    assert len(signal.state()) == empty
    path = tmp_path / "signal.state"
    signal.save(path)
    loaded = EnhancedSpotArbitrageSignal.load(path, SETTINGS)
    assert [signal.update(one) for one in quotes[700:]] == [loaded.update(one) for one in quotes[700:]]
    with pytest.raises(BadInput, match="no file"):
        EnhancedSpotArbitrageSignal.load(tmp_path / "none", SETTINGS)
