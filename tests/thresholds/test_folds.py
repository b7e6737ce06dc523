"""Walk-forward folds: by hand, by properties, and those that must be refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from arbresearch.core import BadInput, ParameterError
from arbresearch.thresholds import Fold, check_folds, make_folds, purge_of


def test_rolling_and_anchored_by_hand() -> None:
    assert make_folds(100, 200, 40, 20, 5) == (Fold(100, 140, 145, 165), Fold(120, 160, 165, 185))
    assert make_folds(100, 200, 40, 20, 5, "anchored") == (Fold(100, 140, 145, 165), Fold(100, 160, 165, 185))
    assert make_folds(100, 165, 40, 20, 5) == (Fold(100, 140, 145, 165),)
    assert make_folds(0, 100, 40, 10, 0, step_ns=25) == (
        Fold(0, 40, 40, 50),
        Fold(25, 65, 65, 75),
        Fold(50, 90, 90, 100),
    )


@given(
    st.integers(-1000, 1000), st.integers(1, 300), st.integers(1, 60), st.integers(0, 400), st.integers(0, 60),
    st.integers(0, 2_000), st.sampled_from(["rolling", "anchored"]),
)  # fmt: skip
def test_nothing_is_shared(start: int, train: int, test: int, purge: int, more: int, length: int, kind: Any) -> None:
    end = start + length
    if purge >= train or length < train + test + purge:
        with pytest.raises((ParameterError, BadInput)):
            make_folds(start, end, train, test, purge, kind)
        return
    folds = make_folds(start, end, train, test, purge, kind, step_ns=test + more)
    check_folds(folds, purge)
    judged = np.zeros(length, dtype=int)
    for fold in folds:
        assert start <= fold.train_start_ns
        assert fold.train_end_ns - fold.train_start_ns >= train
        assert fold.test_start_ns - fold.train_end_ns == purge
        assert fold.test_end_ns <= end
        judged[fold.test_start_ns - start : fold.test_end_ns - start] += 1
    assert judged.max() == 1
    assert end - folds[-1].test_end_ns < test + more
    if not more:
        assert judged.sum() == len(folds) * test == folds[-1].test_end_ns - folds[0].test_start_ns


def test_blocks_lie_wholly_inside() -> None:
    fold = Fold(5, 40, 45, 70)
    starts = np.arange(0, 100, 10)
    assert starts[fold.train_blocks(starts, 10)].tolist() == [10, 20, 30]
    assert starts[fold.test_blocks(starts, 10)].tolist() == [50, 60]


def test_purge_is_the_longest_hold_and_the_way_back() -> None:
    assert purge_of(60, 45) == 105
    assert purge_of(60) == 60
    with pytest.raises(ParameterError, match="transfer_ns"):
        purge_of(60, -1)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((0, 100, 0, 10, 0), "train_ns: expected nanoseconds above zero"),
        ((0, 100, 10, 0, 0), "test_ns"),
        ((0, 100, 10, 10, -1), "purge_ns: expected nanoseconds, zero or more"),
        ((0, 100, 10, 10, 10), "purge_ns: expected less than train_ns, 10, was 10; choose on a longer time"),
        ((0, 100, 10, 10, 1, "both"), "kind: expected rolling or anchored, was 'both'"),
    ],
)
def test_parameters_out_of_range(arguments: Any, words: str) -> None:
    with pytest.raises(ParameterError, match=words):
        make_folds(*arguments)


def test_overlap_and_too_little_data_are_refused() -> None:
    with pytest.raises(ParameterError, match="step_ns: expected test_ns, 20, or more, was 10; folds would overlap"):
        make_folds(0, 500, 50, 20, 0, step_ns=10)
    hour = 3_600 * 10**9
    with pytest.raises(BadInput, match="data to fold: expected 61 h or more for one fold, was 60 h; take a longer"):
        make_folds(0, 60 * hour, 48 * hour, 12 * hour, hour)


@pytest.mark.parametrize(
    ("folds", "words"),
    [
        ([], "folds: expected one or more"),
        (
            [Fold(0, 10, 20, 30), Fold(10, 20, 29, 40)],
            "fold 1: expected a time to judge on from .*fold 0 ends.*overlap",
        ),
        ([Fold(0, 10, 14, 30)], "fold 0: expected a time to judge on from .* would know what it is judged on"),
        ([Fold(20, 40, 10, 20)], "fold 0"),
        ([Fold(10, 10, 20, 30)], "fold 0: expected times that end after they start"),
    ],
)
def test_folds_that_share_are_refused(folds: list[Fold], words: str) -> None:
    with pytest.raises(ParameterError, match=words):
        check_folds(folds, 5)
