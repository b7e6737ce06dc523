"""Walking forward: nothing is judged by what was fitted to it, nor by outcomes that were still open."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from arbresearch.core import BadInput
from arbresearch.edges.arrays import Times
from arbresearch.signals.calibration_folds import (
    CalibrationFold,
    calibration_folds,
    check_folds,
    separate_windows,
)
from arbresearch.signals.outcomes import Outcomes

SECOND = 1_000_000_000


def outcomes(times: Times, pair: Times | None = None) -> Outcomes:
    """Return candidates at given times of which nothing else matters."""
    nothing = np.zeros(times.size)
    return Outcomes(
        time_ns=times,
        direction=np.arange(times.size) % 2,
        pair=np.zeros_like(times) if pair is None else pair,
        features=np.zeros((times.size, 5)),
        plain=nothing,
        edge_bps=nothing,
        hoped_bps=nothing,
        reverted=nothing > 0.0,
        held_s=nothing,
        change_bps=nothing,
        round_trip_bps=nothing,
        names=("X", "Y"),
        horizons_s=(10.0,),
        target_horizon_s=10.0,
        min_z=1.0,
        latency_s=0.0,
    )


FOUND = outcomes(np.arange(0, 401) * SECOND)


def test_equal_stretches_each_judged_by_all_before() -> None:
    folds = calibration_folds(FOUND, 3)
    check_folds(folds)
    assert [int(one.test(FOUND).sum()) for one in folds] == [100, 100, 101]
    judged = np.stack([one.test(FOUND) for one in folds]).sum(axis=0)
    assert judged.tolist() == [0] * 100 + [1] * 301
    for one in folds:
        last = FOUND.time_ns[one.train(FOUND)].max()
        first = FOUND.time_ns[one.test(FOUND)].min()
        assert first - last == 11 * SECOND
        assert FOUND.time_ns[one.train(FOUND)].min() == 0


@pytest.mark.parametrize(
    ("bounds", "words"),
    [
        ([], "folds: expected one or more, was none"),
        (
            [(0, 50, 40, 90)],
            r"fold 0: expected judged from .*00:50.000Z on, where its fit ends.*00:40.000Z on; the",
        ),
        ([(0, 50, 50, 90), (0, 60, 80, 120)], r"expected folds in order of time, the next judged from .*01:30.000Z on"),
        ([(0, 50, 90, 90)], "fold 0: expected stretches of time that end after they start"),
    ],
)
def test_folds_that_overlap_are_refused(bounds: list[tuple[int, int, int, int]], words: str) -> None:
    names = ("train_start_ns", "train_end_ns", "test_start_ns", "test_end_ns")
    folds = [
        CalibrationFold(**{name: one * SECOND for name, one in zip(names, values, strict=True)}) for values in bounds
    ]
    with pytest.raises(BadInput, match=words):
        check_folds(folds)


def test_no_fold_and_nothing_to_fold() -> None:
    with pytest.raises(BadInput, match=r"folds: expected one fold or more.*was 0 folds of 401 outcomes"):
        calibration_folds(FOUND, 0)
    with pytest.raises(BadInput, match="was 3 folds of 0 outcomes"):
        calibration_folds(FOUND.take(FOUND.time_ns < 0), 3)


def test_windows_are_those_of_time_pair_and_direction() -> None:
    """41 windows of ten seconds in two directions, of which the last has one; and again in another pair."""
    assert separate_windows(FOUND) == 81
    assert separate_windows(outcomes(np.tile(FOUND.time_ns, 2), np.repeat([0, 1], 401))) == 81 + 81
    assert separate_windows(replace(FOUND, target_horizon_s=1_000.0)) == 2
    assert separate_windows(FOUND.take(FOUND.time_ns < 0)) == 0
