"""The envelope keeps exact extremes and never more points than asked for."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from arbresearch.core import BadInput
from arbresearch.report import envelope

_VALUES = st.floats(-1e9, 1e9) | st.just(float("nan"))


@given(st.integers(1, 400).flatmap(lambda size: arrays(np.float64, size, elements=_VALUES)), st.integers(8, 60))
def test_points_are_own_points_in_order_with_the_extremes(y: np.ndarray, points: int) -> None:
    x = np.arange(len(y)) * 3
    kept_x, kept_y = envelope(x, y, points)
    assert len(kept_x) == len(kept_y) <= max(points, 1)
    assert np.all(np.diff(kept_x) > 0)
    np.testing.assert_array_equal(kept_y, y[kept_x // 3])
    assert kept_x[0] == 0
    assert kept_x[-1] == x[-1]
    if not np.all(np.isnan(y)):
        assert np.nanmin(kept_y) == np.nanmin(y)
        assert np.nanmax(kept_y) == np.nanmax(y)


@given(st.integers(50, 300), st.integers(8, 40))
def test_every_piece_keeps_its_own_extremes(size: int, points: int) -> None:
    y = np.random.default_rng(size).normal(size=size)
    kept, _ = envelope(np.arange(size), y, points)
    if size > points:
        bounds = [size * piece // ((points - 2) // 2) for piece in range((points - 2) // 2 + 1)]
        for low, high in pairwise(bounds):
            assert low + int(np.argmin(y[low:high])) in kept
            assert low + int(np.argmax(y[low:high])) in kept


def test_short_series_is_unchanged() -> None:
    x, y = np.arange(10), np.arange(10.0)
    kept_x, kept_y = envelope(x, y, 10)
    assert kept_x is x
    assert kept_y is y


def test_a_long_hole_stays_a_hole() -> None:
    y = np.ones(1000)
    y[400:600] = np.nan
    x, kept = envelope(np.arange(1000), y, 50)
    inside = (x >= 420) & (x < 580)
    assert inside.any()
    assert np.isnan(kept[inside]).all()


def test_shapes_and_points_are_checked() -> None:
    with pytest.raises(BadInput, match=r"one length, was shapes \(3,\) and \(4,\)"):
        envelope(np.arange(3), np.arange(4.0))
    with pytest.raises(BadInput, match="points: expected at least 8, was 2"):
        envelope(np.arange(3), np.arange(3.0), 2)
