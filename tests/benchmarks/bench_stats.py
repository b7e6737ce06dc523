"""What a bound, a fit and a lead cost, against arch, statsmodels and SciPy, and plain NumPy."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from arch.bootstrap import StationaryBootstrap
from statsmodels.tsa.ar_model import AutoReg

from arbresearch.edges import hayashi_yoshida, lead_lag, price_discovery
from arbresearch.stats import block_length, estimate_mean, fit_ou, stationary_bootstrap_means
from tests.benchmarks.kit import Figure, bench, median_s, paired

AREA = "stats"
RESAMPLES = 9_999
HOURS = 72
"""Hourly blocks of three days."""
TICKS_A, TICKS_B = 600_000, 400_000

Floats = npt.NDArray[np.float64]
Times = npt.NDArray[np.int64]


def ticks(count: int, seed: int, moving: float) -> tuple[Times, Floats]:
    """Return times within an hour, and log mids of which a share moves."""
    rng = np.random.default_rng(seed)
    times = np.unique(rng.integers(0, 3_600_000_000_000, count))
    steps = rng.standard_normal(times.size) * (rng.random(times.size) < moving)
    return times, 1e-5 * steps.cumsum()


def numpy_hayashi_yoshida(t1: Times, x1: Floats, t2: Times, x2: Floats) -> float:
    """Return the covariance by binary searches."""
    first = np.searchsorted(t2, t1[:-1], side="right") - 1
    last = np.searchsorted(t2, t1[1:], side="left")
    first, last = np.clip(first, 0, t2.size - 1), np.clip(last, 0, t2.size - 1)
    return float(np.diff(x1) @ (x2[last] - x2[first]))


@bench(AREA)
def bootstrap_bench() -> Iterator[Figure]:
    """Bounds of one candidate, and resamples against arch."""
    profits = np.random.default_rng(1).exponential(size=HOURS)
    size = 6.0
    few = 999
    ours_s, theirs_s, ratio = paired(
        lambda: stationary_bootstrap_means(profits, size, few, seed=1),
        lambda: StationaryBootstrap(size, profits, seed=1).apply(np.mean, few),
    )
    rate, theirs = few / ours_s / 1e3, few / theirs_s / 1e3
    yield Figure(AREA, f"resampled means of {HOURS} blocks, arch", rate, "thousand/s", None, theirs, ratio)
    yield Figure(AREA, f"bound of a candidate, {HOURS} blocks", 1e3 * median_s(lambda: estimate_mean(profits)), "ms")
    yield Figure(AREA, f"its block length, {HOURS} blocks", 1e3 * median_s(lambda: block_length(profits)), "ms")
    many = np.random.default_rng(2).exponential(size=2_000)
    yield Figure(AREA, "bound of a candidate, 2,000 blocks", 1e3 * median_s(lambda: estimate_mean(many)), "ms")


@bench(AREA)
def lead_lag_bench() -> Iterator[Figure]:
    """Covariance of two streams against binary searches, and twenty-one lags, where all and where a fifth moves."""
    for moving in (1.0, 0.2):
        one, two = ticks(TICKS_A, 1, moving), ticks(TICKS_B, 2, moving)
        if not np.isclose(hayashi_yoshida(*one, *two)[0], numpy_hayashi_yoshida(*one, *two), rtol=1e-6, atol=1e-12):
            raise AssertionError("covariances differ")
        mega = (one[0].size + two[0].size) / 1e6
        ours_s, theirs_s, ratio = paired(
            lambda one=one, two=two: hayashi_yoshida(*one, *two),
            lambda one=one, two=two: numpy_hayashi_yoshida(*one, *two),
        )
        words = f"{moving:.0%} of ticks move"
        yield Figure(
            AREA, f"hayashi_yoshida, {words}, numpy searches", mega / ours_s, "M ticks/s", None, mega / theirs_s, ratio
        )
        lags = np.arange(-10, 11) * 100_000_000
        lagged_s = median_s(lambda one=one, two=two, lags=lags: lead_lag(*one, *two, lags))
        yield Figure(AREA, f"lead_lag, 21 lags, {words}", mega / lagged_s, "M ticks/s")


@bench(AREA)
def fit_bench() -> Iterator[Figure]:
    """Fit a day of seconds, against statsmodels, and its price discovery."""
    rng = np.random.default_rng(3)
    count = 86_400
    spread = np.zeros(count)
    shocks = rng.standard_normal(count)
    for i in range(1, count):
        spread[i] = 0.95 * spread[i - 1] + shocks[i]
    ours_s, theirs_s, ratio = paired(lambda: fit_ou(spread), lambda: AutoReg(spread, 1).fit())
    yield Figure(AREA, "fit_ou on 86,400 samples, statsmodels AutoReg", 1e3 * ours_s, "ms", None, 1e3 * theirs_s, ratio)
    common = 1e-5 * rng.standard_normal(count).cumsum()
    prices = 100.0 * np.exp(common), 100.0 * np.exp(common + 1e-5 * spread)
    seconds = median_s(lambda: price_discovery(*prices), 3)
    yield Figure(AREA, "price_discovery on 86,400 seconds, lags chosen of 20", 1e3 * seconds, "ms")


if __name__ == "__main__":
    for run in (bootstrap_bench, lead_lag_bench, fit_bench):
        for figure in run():
            sys.stdout.write(f"{figure.name}: {figure.value:.4g} {figure.unit}; {figure.baseline} ({figure.ratio})\n")
