"""Block length and resamples against arch, against a slow version, and against hand computation."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from arch.bootstrap import StationaryBootstrap, optimal_block_length
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import lfilter
from scipy.stats import ks_2samp

from arbresearch.core import BadInput, ParameterError
from arbresearch.stats import block_length, stationary_bootstrap_means, stationary_bootstrap_variance
from arbresearch.stats.bootstrap import default_block_size
from arbresearch.stats.bootstrap_kernels import resample
from tests.stats.slow import autoregression, slow_resample, slow_variance

SERIES = autoregression(np.random.default_rng(11).standard_normal(60), 0.4) + 0.3


def test_block_length_of_the_published_example() -> None:
    shocks = np.random.RandomState(0).standard_normal(10_100)
    values = np.zeros(10_100)
    for i in range(1, values.size):
        values[i] = 0.3 * values[i - 1] + shocks[i]
    assert block_length(values[100:]) == pytest.approx(13.635665, abs=5e-7)


def test_block_length_leaves_out_what_is_not_known() -> None:
    holes = np.insert(SERIES, [0, 7, 7, 60], math.nan)
    assert block_length(holes) == block_length(SERIES)
    assert block_length(list(SERIES)) == block_length(SERIES)


@pytest.mark.parametrize("values", [[], [1.0], [1.0, 2.0] * 5, [3.0] * 40, [math.nan] * 40])
def test_no_block_length_for_few_values_or_a_constant(values: list[float]) -> None:
    assert math.isnan(block_length(values))


def test_eleven_values_are_enough() -> None:
    assert block_length([1.0, 4.0, 2.0, 5.0, 3.0, 9.0, 1.0, 7.0, 2.0, 2.0, 8.0]) > 0.0


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ([1.0, math.inf], "x row 1: expected a finite number or NaN, was inf"),
        ([[1.0, 2.0]], r"shape \(1, 2\)"),
        (["a", "b"], "expected numbers"),
    ],
)
def test_what_is_no_series_is_refused(values: list[object], words: str) -> None:
    with pytest.raises(BadInput, match=words):
        block_length(values)  # type: ignore[arg-type]


def test_block_size_in_use_lies_between_floor_and_ceiling() -> None:
    """White noise gets 1.5 times the cube root, a short series a fifth of it, a long slow one the rule's own."""
    rng = np.random.default_rng(3)
    noise = rng.standard_normal(216)
    assert block_length(noise) < 9.0
    assert default_block_size(noise) == pytest.approx(9.0)
    assert default_block_size(noise[:20]) == 4.0
    between = autoregression(rng.standard_normal(2_000), 0.8)
    assert default_block_size(between) == pytest.approx(block_length(between))
    assert default_block_size(np.array([1.0, 2.0, 4.0])) == 1.0


@pytest.mark.parametrize("block_size", [1.0, 3.5, 12.0, 200.0])
def test_variance_in_closed_form(block_size: float) -> None:
    values = SERIES[:25].tolist()
    assert stationary_bootstrap_variance(values, block_size) == pytest.approx(
        slow_variance(values, block_size), rel=1e-10
    )


def test_variance_of_blocks_of_one_is_that_of_independent_values() -> None:
    assert stationary_bootstrap_variance([1.0, 2.0, 6.0], 1.0) == pytest.approx((4.0 + 1.0 + 9.0) / 9.0)
    assert math.isnan(stationary_bootstrap_variance([math.nan], 2.0))
    assert stationary_bootstrap_variance([5.0], 2.0) == 0.0


@pytest.mark.parametrize("block_size", [1, 4, 15])
def test_means_have_the_distribution_of_arch(block_size: int) -> None:
    ours = stationary_bootstrap_means(SERIES, block_size, 20_000, seed=1)
    theirs = StationaryBootstrap(block_size, SERIES, seed=2).apply(np.mean, 4_000)[:, 0]
    assert ks_2samp(ours, theirs).pvalue > 0.01
    assert ours.std() == pytest.approx(math.sqrt(stationary_bootstrap_variance(SERIES, block_size)), rel=0.02)
    assert ours.mean() == pytest.approx(SERIES.mean(), abs=4.0 * ours.std() / math.sqrt(ours.size))


@pytest.mark.parametrize("block_size", [1.0, 2.5, 9.0])
def test_means_have_the_distribution_of_the_slow_version(block_size: float) -> None:
    rng = np.random.default_rng(5)
    values = SERIES[:30].tolist()
    slow = [sum(slow_resample(values, block_size, rng)) / 30 for _ in range(3_000)]
    assert ks_2samp(stationary_bootstrap_means(values, block_size, 20_000, seed=3), slow).pvalue > 0.01


@pytest.mark.parametrize("block_size", [1, 4, 15])
def test_variance_agrees_with_arch(block_size: int) -> None:
    """Its variance over 3,000 resamples, whose own relative error is 2.6 %."""
    theirs = StationaryBootstrap(block_size, SERIES, seed=7).cov(np.mean, 3_000)
    assert stationary_bootstrap_variance(SERIES, block_size) == pytest.approx(float(np.squeeze(theirs)), rel=0.1)


def test_a_wrong_block_size_would_be_noticed() -> None:
    ours = stationary_bootstrap_means(SERIES, 1.5, 20_000, seed=1)
    theirs = StationaryBootstrap(4, SERIES, seed=2).apply(np.mean, 4_000)[:, 0]
    assert ks_2samp(ours, theirs).pvalue < 1e-4


def test_studentised_means_of_resamples_are_those_of_their_blocks() -> None:
    """Blocks of one: the error of a resample's mean is its standard deviation over the root of n."""
    centred = SERIES - SERIES.mean()
    means, ratios = np.empty(50), np.empty(50)
    resample(np.random.Generator(np.random.SFC64(4)), centred, 1.0, means, ratios)
    again = np.random.Generator(np.random.SFC64(4))
    for mean, ratio in zip(means, ratios, strict=True):
        drawn = [centred[int(again.random() * centred.size)] for _ in range(centred.size)]
        assert mean == pytest.approx(np.mean(drawn), rel=1e-9, abs=1e-12)
        assert ratio == pytest.approx(np.mean(drawn) / (np.std(drawn) / math.sqrt(len(drawn))), rel=1e-9, abs=1e-9)


def test_compiled_and_plain_resamples_are_the_same() -> None:
    centred = SERIES - SERIES.mean()
    results = []
    for function in (resample, resample.py_func):
        means, ratios = np.empty(40), np.empty(40)
        function(np.random.Generator(np.random.SFC64(9)), centred, 5.5, means, ratios)
        results.append((means.tolist(), ratios.tolist()))
    assert results[0] == results[1]


def test_resamples_without_spread() -> None:
    """One loss among gains: a resample without it has no error; one block over everything says nothing."""
    values = np.array([1.0] * 19 + [-100.0])
    means, ratios = np.empty(500), np.empty(500)
    resample(np.random.Generator(np.random.SFC64(1)), values - values.mean(), 1.0, means, ratios)
    spared = means > 5.0
    assert 0.3 < spared.mean() < 0.42
    assert np.isposinf(ratios[spared]).all()
    assert np.isfinite(ratios[~spared]).all()
    resample(np.random.Generator(np.random.SFC64(1)), values - values.mean(), 1e9, means, ratios)
    assert (ratios == 0.0).all()


def test_same_values_give_same_resamples_in_any_thread() -> None:
    alone = [stationary_bootstrap_means(SERIES + shift, 4.0, 500).tolist() for shift in range(4)]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda shift: stationary_bootstrap_means(SERIES + shift, 4.0, 500).tolist(), range(4)))
    assert alone == together
    assert stationary_bootstrap_means(SERIES, 4.0, 500, seed=1).tolist() != alone[0]


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=30), st.floats(1.0, 40.0), st.integers(0, 2**32))
def test_means_lie_within_the_values(values: list[float], block_size: float, seed: int) -> None:
    means = stationary_bootstrap_means(values, block_size, 50, seed)
    slack = 1e-9 * (1.0 + max(map(abs, values)))
    assert means.min() >= min(values) - slack
    assert means.max() <= max(values) + slack


def test_parameters_out_of_range() -> None:
    assert np.isnan(stationary_bootstrap_means([math.nan], 2.0, 3)).all()
    with pytest.raises(ParameterError, match="block_size: expected observations, one or more"):
        stationary_bootstrap_means(SERIES, 0.5)
    with pytest.raises(ParameterError, match="resamples"):
        stationary_bootstrap_means(SERIES, 2.0, 0)
    with pytest.raises(ParameterError, match="seed"):
        stationary_bootstrap_means(SERIES, 2.0, 10, seed=-1)
    with pytest.raises(ParameterError, match="block_size"):
        stationary_bootstrap_variance(SERIES, math.nan)


@pytest.mark.parametrize("seed", range(40))
def test_block_length_is_that_of_arch(seed: int) -> None:
    """Series of 11 to 900 values, from alternating to nearly a random walk, some of whole numbers."""
    random = np.random.default_rng(seed)
    series = lfilter([1.0], [1.0, -random.uniform(-0.95, 0.99)], random.normal(size=random.integers(11, 900)))
    if seed % 4 == 0:
        series = np.round(2.0 * series)
    with np.errstate(invalid="ignore", divide="ignore"):
        expected = float(optimal_block_length(series)["stationary"].iloc[0])
    assert block_length(series) == pytest.approx(expected, rel=1e-9)
