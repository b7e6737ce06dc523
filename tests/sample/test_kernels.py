from __future__ import annotations

from math import log

import numpy as np
import pytest
from numpy.typing import NDArray

from arbresearch.sample.arrival_kernels import arrivals, deviations
from arbresearch.sample.book_kernels import books, clocks, depths
from arbresearch.sample.path_kernels import STEP_S, STEPS_PER_DAY, fill_day, minute_path


def generator(seed: int) -> np.random.Generator:
    return np.random.Generator(np.random.SFC64(seed))


def autocorrelation(values: NDArray[np.float64], lag: int) -> float:
    centred = values - values.mean()
    return float((centred[lag:] * centred[:-lag]).mean() / (centred**2).mean())


@pytest.mark.parametrize(("half_life_s", "sd"), [(5.0, 0.002), (40.0, 1.0)])
def test_deviations_have_the_half_life_and_standard_deviation_asked_for(half_life_s: float, sd: float) -> None:
    times = np.arange(1.0, 400_000.0)
    x = deviations(generator(1), times, log(2) / half_life_s, sd, 0.0, 0.0, 400_000.0)
    slope = (x[1:] * x[:-1]).sum() / (x[:-1] ** 2).sum()
    assert -log(2) / log(slope) == pytest.approx(half_life_s, rel=0.06)
    assert x.std() == pytest.approx(sd, rel=0.03)


def test_deviations_at_irregular_times_decay_by_the_time_between() -> None:
    rng = generator(2)
    times = np.cumsum(rng.exponential(10.0, 200_000))
    x = deviations(generator(3), times, log(2) / 30.0, 1.0, 0.0, 0.0, times[-1] + 1.0)
    gaps = np.diff(times)
    for low, high in ((0.5, 1.5), (9.0, 11.0), (28.0, 32.0)):
        chosen = (gaps > low) & (gaps < high)
        slope = (x[1:] * x[:-1])[chosen].mean() / (x[:-1] ** 2)[chosen].mean()
        assert slope == pytest.approx(0.5 ** (gaps[chosen].mean() / 30.0), abs=0.03)


def test_deviations_start_and_end_where_they_are_told() -> None:
    times = np.linspace(0.001, 999.999, 5_000)
    ends = []
    for seed in range(50):
        x = deviations(generator(seed), times, log(2) / 50.0, 1.0, 3.0, -2.0, 1_000.0)
        assert x[0] == pytest.approx(3.0, abs=0.05)
        assert x[-1] == pytest.approx(-2.0, abs=0.05)
        ends.append(x[2_500])
    assert abs(np.mean(ends)) < 0.5


def test_volatility_clusters_and_its_mean_variance_is_the_one_asked_for() -> None:
    path, volatility, jumps = minute_path(generator(4), 1_440 * 400, 0.03, 0.45, 90.0, 5.0, 0.0014)
    diffusive = np.diff(path) - jumps
    assert path.shape == (1_440 * 400 + 1,)
    assert (diffusive**2).sum() / 400 == pytest.approx(0.03**2, rel=0.06)
    assert np.std(diffusive / volatility) == pytest.approx(1.0, rel=0.01)
    squares = diffusive**2
    assert abs(autocorrelation(diffusive, 1)) < 0.01
    assert autocorrelation(squares, 1) > 0.05
    assert autocorrelation(squares, 60) > 0.03
    assert autocorrelation(np.log(volatility), 90) == pytest.approx(0.5, abs=0.08)


def test_jumps_are_as_many_and_as_large_as_asked_for() -> None:
    _, _, jumps = minute_path(generator(5), 1_440 * 400, 0.03, 0.45, 90.0, 5.0, 0.0014)
    sizes = jumps[jumps != 0]
    assert sizes.size / 400 == pytest.approx(5.0, rel=0.08)
    assert np.abs(sizes).mean() == pytest.approx(0.0014, rel=0.08)
    assert (sizes > 0).mean() == pytest.approx(0.5, abs=0.04)


def test_a_filled_day_passes_through_its_minutes_with_their_volatility() -> None:
    path, volatility, jumps = minute_path(generator(6), 1_440, 0.03, 0.45, 90.0, 20.0, 0.0014)
    assert np.count_nonzero(jumps) > 5
    grid = fill_day(generator(7), path, volatility, jumps)
    assert grid.shape == (STEPS_PER_DAY + 1,)
    assert np.allclose(grid[::240], path, rtol=0, atol=1e-12)
    steps = np.diff(grid).reshape(1_440, 240)
    quiet = jumps == 0
    assert (steps[quiet] ** 2).sum() == pytest.approx((volatility[quiet] ** 2).sum(), rel=0.01)
    assert abs(autocorrelation(steps[quiet].ravel(), 1)) < 0.01
    standard = (steps[quiet] / volatility[quiet, None]).ravel() * np.sqrt(240)
    assert (standard**4).mean() == pytest.approx(2.7, abs=0.05)


def test_a_jump_takes_a_second_and_a_half() -> None:
    jumps = np.array([0.0, 0.01, 0.0])
    path = np.array([0.0, 0.0, 0.01, 0.01])
    grid = fill_day(generator(8), path, np.full(3, 1e-9), jumps)
    moving = np.flatnonzero(np.abs(np.diff(grid)) > 1e-4)
    assert moving.size * STEP_S == 1.5
    assert moving.min() >= 240
    assert moving.max() < 480


def test_arrivals_come_in_bursts_at_the_rate_asked_for() -> None:
    still = np.zeros(STEPS_PER_DAY + 1)
    times = np.empty(300_000)
    counts = []
    for seed in range(5):
        number = arrivals(generator(seed), still, 0.5, 1.0, 0.0, 86_398.0, times)
        assert (np.diff(times[:number]) > 0).all()
        assert times[number - 1] < 86_398.0
        counts.append(np.histogram(times[:number], np.arange(0, 86_401, 10))[0])
    table = np.array(counts)
    assert table.sum(axis=1).mean() == pytest.approx(0.5 * 86_400, rel=0.05)
    assert table.var() / table.mean() > 3.0
    hourly = table.reshape(5, 24, 360).sum(axis=(0, 2))
    assert hourly.max() > 1.4 * hourly.min()


def test_a_book_follows_a_move_after_its_lag() -> None:
    grid = np.zeros(STEPS_PER_DAY + 1)
    grid[200_000:] = 0.01
    times = np.empty(1_000)
    number = arrivals(generator(9), grid, 1e-4, 0.005, 0.4, 86_398.0, times)
    late = times[:number] - 200_000 * STEP_S
    first = late[late >= 0].min()
    assert 0.4 <= first <= 0.4 + STEP_S


def test_too_short_an_array_is_reported() -> None:
    assert arrivals(generator(10), np.zeros(STEPS_PER_DAY + 1), 1.0, 1.0, 0.0, 86_398.0, np.empty(100)) == -1


def test_messages_arrive_in_order_after_the_delay_and_together_when_sent_so() -> None:
    times = np.sort(generator(11).uniform(0, 1_000, 50_000))
    together = np.zeros(times.size, np.bool_)
    together[1::2] = True
    event, recv = np.empty(times.size, np.int64), np.empty(times.size, np.int64)
    day = 1_736_121_600_000_000_000
    clocks(generator(12), times, together, day, 30e6, 5e6, 12e6, 0.0, event, recv)
    assert (np.diff(recv) >= 1_000).all()
    delay_ms = (recv - day) / 1e6 - 1e3 * times
    free = np.diff(recv, prepend=0) > 1_000
    assert delay_ms[free].min() > 30.0
    assert delay_ms[free & ~together].mean() == pytest.approx(35.0, rel=0.03)
    pairs = np.flatnonzero(together & free & np.roll(free, 1))
    assert pairs.size > 10_000
    assert np.abs(delay_ms[pairs] - delay_ms[pairs - 1]).max() < 0.001
    assert ((event - day) / 1e6 == np.floor(1e3 * times + 12.0)).mean() > 0.999


def test_compiled_and_interpreted_kernels_agree() -> None:
    path, volatility, jumps = minute_path(generator(20), 30, 0.03, 0.45, 90.0, 50.0, 0.0014)
    again = minute_path.py_func(generator(20), 30, 0.03, 0.45, 90.0, 50.0, 0.0014)
    for one, other in zip((path, volatility, jumps), again, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12)
    grid = fill_day(generator(21), path, volatility, jumps)
    with np.errstate(over="ignore"):
        np.testing.assert_allclose(grid, fill_day.py_func(generator(21), path, volatility, jumps), atol=1e-14)
    times, slow_times = np.empty(2_000), np.empty(2_000)
    number = arrivals(generator(22), grid, 0.5, 4e-4, 0.1, 1_790.0, times)
    assert number == arrivals.py_func(generator(22), grid, 0.5, 4e-4, 0.1, 1_790.0, slow_times) > 200
    np.testing.assert_allclose(times[:number], slow_times[:number], rtol=1e-12)
    when = times[:number]
    offsets = deviations(generator(23), when, 0.05, 2e-3, 0.0, 0.0, 1_800.0)
    np.testing.assert_allclose(
        offsets, deviations.py_func(generator(23), when, 0.05, 2e-3, 0.0, 0.0, 1_800.0), atol=1e-15
    )
    repeats = np.zeros(number, np.bool_)
    repeats[50:80] = True
    results = []
    for kernel in (books, books.py_func):
        out = (
            np.empty((number, 2), np.int64),
            np.empty((number, 2), np.int64),
            np.empty(number, np.int8),
            np.empty(number, np.int64),
        )
        kernel(generator(24), grid, when, offsets, repeats, log(5_000.0), 0.1, 2e-4, 300.0, 1e-3, 4.0, *out)
        results.append(out)
    for one, other in zip(*results, strict=True):
        assert np.array_equal(one, other)
    prices, sizes = results[0][:2]
    assert (prices[50:80] == prices[49]).all()
    assert (sizes[50:80] == sizes[49]).all()
    rows = np.arange(0, number, 7)
    levels = []
    for kernel in (depths, depths.py_func):
        books_out = np.empty((rows.size, 2, 10), np.int64), np.empty((rows.size, 2, 10), np.int64)
        kernel(generator(25), prices, sizes, offsets, rows, 300.0, 3.0, 1e-3, *books_out)
        levels.append(books_out)
    assert np.array_equal(levels[0][0], levels[1][0])
    assert np.array_equal(levels[0][1], levels[1][1])
    stamps = []
    for kernel in (clocks, clocks.py_func):
        both = np.empty(number, np.int64), np.empty(number, np.int64)
        kernel(generator(26), when, repeats, 1_736_121_600_000_000_000, 3e7, 5e6, 1e6, 1e3, *both)
        stamps.append(both)
    assert np.array_equal(stamps[0], stamps[1])
