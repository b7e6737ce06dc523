"""What a signal costs: an update of a stream, and a batch over recorded books, with four horizons and a calibration.

Before anything is timed, what is said of the stream is compared with the batch, bit for bit.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from types import SimpleNamespace

import numpy as np

from arbresearch.core import FeeSchedule
from arbresearch.edges import Pair, align
from arbresearch.signals import ConfidenceModel, ConfidenceSource, EnhancedSpotArbitrageSignal, SignalSettings
from tests.benchmarks.bench_edges import stream
from tests.benchmarks.kit import Figure, bench, paired
from tests.signals.quote_kit import quotes_of
from tests.signals.signal_kit import assert_same
from tests.signals.signal_kit import stream as said_by_stream

__all__ = ["batch_figures", "update_figures"]

AREA = "signals"
FEES = FeeSchedule(0.0, 1e-4)
SETTINGS = SignalSettings(fees_a=FEES, fees_b=FEES)
ROWS = 2_000_000
UPDATES = 100_000
DENSE_NS = 8_640_000_000_000
"""Two million quotes within it are about 230 a second."""
SPARSE_NS = 518_400_000_000_000
"""And within it about four, as ten million in a month."""


def calibration() -> ConfidenceSource:
    """Return a model of all features and twenty knots."""
    features = 5 * len(SETTINGS.horizons_s)
    model = ConfidenceModel(
        fill=np.full(features, 0.5),
        weights=np.linspace(-0.3, 0.3, features),
        missing_weights=np.full(features, 0.1),
        intercept=0.1,
        knots_x=np.linspace(0.1, 0.9, 20),
        knots_y=np.linspace(0.2, 0.8, 20),
    )
    return SimpleNamespace(model=model, horizons_s=SETTINGS.horizons_s, target_horizon_s=SETTINGS.target_horizon_s)


def pair_of(rows: int, span_ns: int) -> Pair:
    """Return two books of so many quotes together within a time."""
    return align(*(stream(rows // 2, seed, day_ns=span_ns) for seed in (1, 2)))


def batch_figures(rows: int = ROWS, rounds: int = 5) -> Iterator[Figure]:
    """Time batches of quiet and busy hours, all rows and one in a hundred, without and with a calibration."""
    dense, sparse = pair_of(rows, DENSE_NS), pair_of(rows, SPARSE_NS)
    plain, modelled = (EnhancedSpotArbitrageSignal(SETTINGS, one) for one in (None, calibration()))
    cases: list[tuple[str, EnhancedSpotArbitrageSignal, Pair, int, str | None]] = [
        ("batch, 230 quotes/s, every row", plain, dense, 1, ">= 5"),
        ("batch, 230 quotes/s, every row, calibrated", modelled, dense, 1, ">= 5"),
        ("batch, 230 quotes/s, one row in 100", plain, dense, 100, None),
        ("batch, 4 quotes/s, every row", plain, sparse, 1, None),
        ("batch, 4 quotes/s, one row in 100", plain, sparse, 100, None),
    ]
    for name, signal, pair, step, want in cases:

        def run(signal: EnhancedSpotArbitrageSignal = signal, pair: Pair = pair, step: int = step) -> object:
            return signal.batch(pair, step=step)

        seconds, _, _ = paired(run, lambda: None, rounds, clock=time.process_time)
        yield Figure(AREA, name, len(pair) / seconds / 1e6, "M quotes/s/core", want)


def update_figures(updates: int = UPDATES, rounds: int = 5) -> Iterator[Figure]:
    """Time updates of a stream, the result object included, without and with a calibration."""
    pair = pair_of(updates, DENSE_NS // (ROWS // updates))
    quotes = quotes_of(pair)
    for name, source in (("signal update", None), ("signal update, calibrated", calibration())):
        batch = EnhancedSpotArbitrageSignal(SETTINGS, source).batch(pair)
        assert_same(batch, said_by_stream(quotes, SETTINGS, source))

        def run(source: ConfidenceSource | None = source) -> None:
            update = EnhancedSpotArbitrageSignal(SETTINGS, source).update
            for quote in quotes:
                update(quote)

        seconds, _, _ = paired(run, lambda: None, rounds, clock=time.process_time)
        yield Figure(AREA, name, 1e6 * seconds / len(quotes), "us", "<= 5")


@bench(AREA)
def update_bench() -> Iterator[Figure]:
    """Time a stream."""
    yield from update_figures()


@bench(AREA)
def batch_bench() -> Iterator[Figure]:
    """Time batches."""
    yield from batch_figures()
