"""What a stream says, beside what a batch says, bit for bit."""

from __future__ import annotations

from collections.abc import Collection
from types import SimpleNamespace

import numpy as np

from arbresearch.signals import (
    ConfidenceModel,
    ConfidenceSource,
    EnhancedArbitrageSignal,
    EnhancedSpotArbitrageSignal,
    SignalBatch,
    SignalSettings,
    VenueQuote,
)
from arbresearch.signals.layout import NUMBERS

CONTEXT = (
    "ready", "mean", "sd", "slope_bps_per_hour", "trend_t", "variance_ratio", "phi", "kappa", "theta",
    "stationary_sd", "half_life_s",
)  # fmt: skip


def some_calibration(settings: SignalSettings, seed: int = 1) -> ConfidenceSource:
    """Return a calibration with arbitrary numbers."""
    random = np.random.default_rng(seed)
    features = 5 * len(settings.horizons_s)
    model = ConfidenceModel(
        fill=random.standard_normal(features),
        weights=0.3 * random.standard_normal(features),
        missing_weights=random.standard_normal(features),
        intercept=0.2,
        knots_x=np.array([0.05, 0.3, 0.31, 0.6, 0.9]),
        knots_y=np.array([0.1, 0.2, 0.4, 0.4, 0.95]),
    )
    return SimpleNamespace(model=model, horizons_s=settings.horizons_s, target_horizon_s=settings.target_horizon_s)


def stream(
    quotes: list[VenueQuote],
    settings: SignalSettings,
    calibration: ConfidenceSource | None = None,
    resume_at: Collection[int] = (),
) -> list[EnhancedArbitrageSignal]:
    """Return what is said after the last quote of each time from the first with both books on.

    After the rows of ``resume_at`` the signal is put away and taken up again from its state.
    """
    signal = EnhancedSpotArbitrageSignal(settings, calibration)
    said = []
    seen: set[str] = set()
    for row, quote in enumerate(quotes):
        last = signal.update(quote)
        seen.add(quote.venue)
        if len(seen) == 2 and (row + 1 == len(quotes) or quotes[row + 1].recv_ns > quote.recv_ns):
            said.append(last)
        if row in resume_at:
            signal = EnhancedSpotArbitrageSignal.resume(settings, signal.state(), calibration)
    return said


def assert_same(batch: SignalBatch, said: list[EnhancedArbitrageSignal]) -> None:
    """Fail unless the signals of a batch are those said, to the last bit; the records of the signals are compared."""
    records = np.frombuffer(b"".join(one._bytes for one in said), dtype=NUMBERS)
    assert len(batch) == len(records)
    horizons = len(batch.settings.horizons_s)
    _same(batch.recv_ns, records["time_ns"])
    _same(batch.primary_signal, records["primary_signal"].astype(np.int8))
    _same(batch.edge_bps, records["edge_bps"])
    _same(batch.confidence, records["confidence"])
    for name in ("percentile", "z_score", "reversion_probability"):
        _same(getattr(batch, name), records[name][:, :, :horizons])
    for h in range(horizons):
        place = batch.context_row[:, h]
        some, none = records[place >= 0], records[place < 0]
        _same(batch.contexts[h].time_ns[place[place >= 0]], some["context_ns"][:, h])
        assert not none["context"]["ready"][:, :, h].any()
        for name in CONTEXT:
            _same(getattr(batch.contexts[h], name)[place[place >= 0]], some["context"][name][:, :, h])


def _same(found: np.ndarray, want: np.ndarray) -> None:
    assert found.dtype == want.dtype
    assert np.ascontiguousarray(found).tobytes() == np.ascontiguousarray(want).tobytes()
