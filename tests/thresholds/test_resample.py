"""Joint resamples: the exact variance of the stationary bootstrap, what points share, and intervals of means."""

from __future__ import annotations

import math

import numpy as np
import pytest

from arbresearch.core import BadInput, ParameterError
from arbresearch.stats import estimate_mean, stationary_bootstrap_variance
from arbresearch.stats.bootstrap import default_block_size
from arbresearch.thresholds import bootstrap_rows, bootstrap_weights, joint_block_size, mean_interval, row_weights
from tests.stats.slow import autoregression, draw


def test_rows_run_on_around_the_end() -> None:
    rows = bootstrap_rows(40, 8.0, 2_000, seed=1)
    on = (rows[:, 1:] - rows[:, :-1]) % 40 == 1
    # A new run starts with chance 1/8, and by chance where the last one would have gone on.
    assert on.mean() == pytest.approx(7 / 8 + 1 / 8 / 40, abs=0.004)
    assert np.bincount(rows.ravel(), minlength=40) / rows.size == pytest.approx(np.full(40, 1 / 40), rel=0.08)
    assert not np.array_equal(bootstrap_rows(40, 8.0, 5, seed=1), bootstrap_rows(40, 8.0, 5, seed=2))


def test_weights_are_counts() -> None:
    rows = bootstrap_rows(12, 3.0, 50, seed=3)
    weights = row_weights(rows)
    for row, weight in zip(rows, weights, strict=True):
        assert weight.tolist() == [row.tolist().count(block) / 12 for block in range(12)]
    assert np.array_equal(weights, bootstrap_weights(12, 3.0, 50, seed=3))
    profit = np.random.default_rng(0).normal(size=(12, 4))
    assert weights @ profit == pytest.approx(profit[rows].mean(axis=1))


@pytest.mark.parametrize("block_size", [1.0, 4.0, 20.0])
def test_variance_of_means_is_the_closed_form(block_size: float) -> None:
    values = autoregression(np.random.default_rng(5).standard_normal(120), 0.6)
    means = bootstrap_weights(120, block_size, 20_000, seed=2) @ values
    assert means.var() == pytest.approx(stationary_bootstrap_variance(values, block_size), rel=0.04)
    assert means.mean() == pytest.approx(values.mean(), abs=4.0 * means.std() / math.sqrt(20_000))


def test_what_points_share_stays() -> None:
    """A difference of two equal series is zero in every resample; a constant distance stays."""
    values = np.random.default_rng(1).normal(size=60)
    means = bootstrap_weights(60, 5.0, 200) @ np.column_stack([values, values + 0.25])
    assert means[:, 1] - means[:, 0] == pytest.approx(np.full(200, 0.25))


def test_block_size_is_the_median_of_the_moving_columns() -> None:
    rng = np.random.default_rng(6)
    columns = [autoregression(rng.standard_normal(900), phi) for phi in (0.2, 0.7, 0.9)]
    matrix = np.column_stack([np.zeros(900), *columns])
    assert joint_block_size(matrix) == sorted(default_block_size(one) for one in columns)[1]
    assert joint_block_size(np.zeros((30, 3))) == 1.0
    many = np.repeat(matrix, 50, axis=1)
    assert joint_block_size(many) == joint_block_size(matrix)


def test_interval_of_a_mean_is_two_bounds() -> None:
    values = draw("exponential", 100, np.random.default_rng(1))
    found = mean_interval(values, 0.9)
    assert found.value == pytest.approx(values.mean())
    assert found.low == estimate_mean(values, 0.95).lower_bound
    assert found.high == -estimate_mean(-values, 0.95).lower_bound
    assert mean_interval(values, 0.9, candidates=50).low < found.low < found.value < found.high
    assert math.isnan(mean_interval(values[:10]).low)


def test_interval_of_a_mean_holds_as_often_as_it_says() -> None:
    """Skewed and autocorrelated profits of mean one, 200 seeds; the error of the count is 1.5 %."""
    held = 0
    for seed in range(200):
        found = mean_interval(draw("skewed and autocorrelated", 240, np.random.default_rng([seed, 4])))
        held += found.low <= 1.0 <= found.high
    assert 0.91 <= held / 200 <= 0.985


def test_refusals() -> None:
    for arguments, words in (
        ((1, 1.0), "blocks: expected two or more"),
        ((9, 0.5), "block_size"),
        ((9, 1.0, 0), "resamples"),
        ((9, 1.0, 9, -1), "seed"),
    ):
        with pytest.raises(ParameterError, match=words):
            bootstrap_rows(*arguments)
    with pytest.raises(BadInput, match="profit: expected blocks x grid points"):
        joint_block_size([1.0, 2.0])
    with pytest.raises(BadInput, match="profit of block 1, point 0: expected a finite number, was nan"):
        joint_block_size([[1.0], [math.nan]])
