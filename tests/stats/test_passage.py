"""When levels are reached: published values, quadrature, finite differences, and simulated paths."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.linalg import solve_banded
from scipy.special import erfi, log_ndtr
from scipy.stats import norm

from arbresearch.core import ParameterError
from arbresearch.stats import first_passage_time, hit_probability, monitoring_shift, target_before_stop
from arbresearch.stats.hitting import hit_probability_above

ROOT2 = math.sqrt(2.0)
Floats = npt.NDArray[np.float64]


def to_mean(z: float, time: float) -> float:
    return float(2.0 * norm.cdf(-abs(z) / math.sqrt(math.expm1(2.0 * time))))


def crank_nicolson(level: float, time: float, *, cells: int, steps: int) -> tuple[Floats, Floats]:
    """Solve for the chance to come down to a level; four implicit half steps first (Rannacher 1984)."""
    z = np.linspace(level, max(level, 0.0) + 9.0, cells + 1)
    h, inner = z[1] - z[0], z[1:-1]
    below, above = 1.0 / h**2 + inner / (2.0 * h), 1.0 / h**2 - inner / (2.0 * h)
    u = np.zeros(cells - 1)
    step = time / steps
    for dt, weight in [(step / 2.0, 1.0)] * 4 + [(step, 0.5)] * (steps - 2):
        change = -2.0 / h**2 * u
        change[1:] += below[1:] * u[:-1]
        change[:-1] += above[:-1] * u[1:]
        right = u + (1.0 - weight) * dt * change
        right[0] += dt * below[0]
        bands = np.zeros((3, cells - 1))
        bands[0, 1:], bands[1], bands[2, :-1] = -above[:-1], 2.0 / h**2, -below[1:]
        bands *= weight * dt
        bands[1] += 1.0
        u = solve_banded((1, 1), bands, right)
    return z, np.concatenate(([1.0], u, [0.0]))


def simulated_hits(start: float, level: float, time: float, *, steps: int, bridge: bool) -> float:
    """Exact steps; the chance to have crossed between two of them is a Brownian bridge's."""
    rng = np.random.default_rng(11)
    dt = time / steps
    phi = math.exp(-dt)
    noise = math.sqrt(1.0 - phi * phi)
    z, missed = np.full(40_000, start), np.ones(40_000)
    for _ in range(steps):
        after = phi * z + noise * rng.standard_normal(z.size)
        crossed = (after <= level) | (z <= level)
        between = np.exp(-np.maximum(z - level, 0.0) * np.maximum(after - level, 0.0) / dt) if bridge else 0.0
        missed *= np.where(crossed, 0.0, 1.0 - between)
        z = after
    return float(1.0 - missed.mean())


def test_published_probabilities() -> None:
    assert hit_probability(1.0, 1.0, kappa=1.0, sigma=ROOT2) == pytest.approx(0.6923830882, abs=5e-11)
    assert hit_probability(2.0, math.log(2.0), kappa=1.0, sigma=ROOT2) == pytest.approx(0.2482130790, abs=5e-11)
    assert hit_probability(2.0, 1.0, kappa=1.0, sigma=ROOT2, level=0.5) == pytest.approx(0.677174, abs=5e-7)


def test_published_times_and_chances() -> None:
    assert first_passage_time(2.0, 0.5, kappa=1.0, sigma=ROOT2) == pytest.approx(0.9018144696, abs=5e-11)
    assert target_before_stop(2.0, 0.0, 3.0, kappa=1.0, sigma=ROOT2) == pytest.approx(0.8663839123, abs=5e-11)


@pytest.mark.parametrize("time", [1e-9, 1e-4, 0.05, 0.7, 1.2, 4.0, 29.0, 31.0, 60.0])
def test_equation_against_the_closed_form(time: float) -> None:
    z = np.array([1e-5, 0.01, 0.3, 1.0, 2.5, 6.0, 30.0])
    wanted = [to_mean(one, time) for one in z]
    assert hit_probability_above(z, 0.0, time) == pytest.approx(wanted, abs=1e-7)
    assert hit_probability_above(z[:-1], 0.0, time) == pytest.approx(wanted[:-1], abs=1e-7)
    assert hit_probability(z, time, kappa=1.0, sigma=ROOT2) == pytest.approx(wanted, rel=1e-9, abs=1e-300)


@pytest.mark.parametrize("level", [-2.0, -0.7, 0.5, 1.5, 4.0])
@pytest.mark.parametrize("time", [0.1, 1.0, 3.0])
def test_equation_against_finite_differences(level: float, time: float) -> None:
    z, coarse = crank_nicolson(level, time, cells=600, steps=200)
    _, fine = crank_nicolson(level, time, cells=1_200, steps=400)
    best = (4.0 * fine[::2] - coarse) / 3.0
    known = z < level + 5.0
    assert hit_probability_above(z[known][1:], level, time) == pytest.approx(best[known][1:], abs=3e-6)


@pytest.mark.parametrize(("start", "level"), [(2.0, 0.5), (1.0, -3.0), (0.0, -5.0), (4.0, 3.0)])
def test_mean_of_the_distribution_is_the_mean_time(start: float, level: float) -> None:
    """The chance not to be there yet, integrated over the logarithm of time."""
    mean = float(first_passage_time(start, level, kappa=1.0, sigma=ROOT2))
    nodes, weights = np.polynomial.legendre.leggauss(24)
    low, high = math.log(1e-3 * mean), math.log(30.0 * max(mean, 0.5))
    times = np.exp(0.5 * (high - low) * nodes + 0.5 * (high + low))
    left = [1.0 - float(hit_probability(start, one, kappa=1.0, sigma=ROOT2, level=level)) for one in times]
    integral = 0.5 * (high - low) * float(np.dot(weights, times * np.array(left))) + math.exp(low)
    assert integral == pytest.approx(mean, rel=2e-6)


@pytest.mark.parametrize(("start", "level", "time"), [(2.0, 0.5, 1.0), (0.3, -1.0, 2.0), (3.0, 2.0, 0.2)])
def test_probability_against_simulated_paths(start: float, level: float, time: float) -> None:
    """40,000 paths: a standard error of .0025 at most."""
    found = float(hit_probability(start, time, kappa=1.0, sigma=ROOT2, level=level))
    assert simulated_hits(start, level, time, steps=100, bridge=True) == pytest.approx(found, abs=0.008)


def test_watched_from_time_to_time() -> None:
    """Fifty looks: the chance falls by several standard errors, and the shift explains it."""
    process = {"kappa": 1.0, "sigma": ROOT2, "level": 0.5}
    always = float(hit_probability(2.0, 1.0, **process))
    sometimes = float(hit_probability(2.0, 1.0, every=0.02, **process))
    simulated = simulated_hits(2.0, 0.5, 1.0, steps=50, bridge=False)
    assert simulated < always - 0.03
    assert sometimes == pytest.approx(simulated, abs=0.01)
    shift = 0.5826 * ROOT2 * math.sqrt(0.02)
    process["level"] = 0.5 - shift
    assert sometimes == pytest.approx(float(hit_probability(2.0, 1.0, **process)), abs=1e-5)
    above = hit_probability([-2.0, 2.0], 1.0, kappa=1.0, sigma=ROOT2, every=0.02)
    assert above[0] == pytest.approx(above[1], abs=1e-12)
    assert above[0] < to_mean(2.0, 1.0)
    assert monitoring_shift(3.0, 4.0) == pytest.approx(0.5826 * 6.0, abs=2e-5)
    assert monitoring_shift(3.0, 0.0) == 0.0


@pytest.mark.parametrize(
    ("start", "level"), [(2.0, 0.5), (0.5, -0.5), (1.0, 0.999), (-2.0, -6.0), (40.0, 0.0), (3_000.0, 2_000.0)]
)
def test_mean_time_against_quadrature(start: float, level: float) -> None:
    """The published integral, Mills' ratio by the logarithm of the normal distribution."""
    wanted = quad(
        lambda u: math.exp(0.5 * u * u + float(log_ndtr(-u)) + 0.5 * math.log(2.0 * math.pi)),
        level, start, epsabs=0.0, epsrel=1e-10,
    )[0]  # fmt: skip
    assert first_passage_time(start, level, kappa=1.0, sigma=ROOT2) == pytest.approx(wanted, rel=1e-8)
    assert first_passage_time(-start, -level, kappa=1.0, sigma=ROOT2) == pytest.approx(wanted, rel=1e-8)


def test_mean_time_of_simulated_paths() -> None:
    """Up to the mean from below, 0.5826 standard deviations of a step early."""
    rng = np.random.default_rng(3)
    step = 1e-3
    phi = math.exp(-step)
    z, taken = np.full(4_000, -1.0), np.zeros(4_000)
    shift = 0.5826 * math.sqrt(2.0 * step)
    while (alive := z < -shift).any():
        taken[alive] += step
        z[alive] = phi * z[alive] + math.sqrt(1.0 - phi * phi) * rng.standard_normal(int(alive.sum()))
    error = taken.std() / math.sqrt(taken.size)
    assert first_passage_time(-1.0, 0.0, kappa=1.0, sigma=ROOT2) == pytest.approx(taken.mean(), abs=4.0 * error)


def test_mean_times_add_up_and_far_ones_grow_as_the_logarithm() -> None:
    process = {"kappa": 1.0, "sigma": ROOT2}
    whole = first_passage_time(3.0, -2.0, **process)
    assert whole == pytest.approx(first_passage_time(3.0, 0.7, **process) + first_passage_time(0.7, -2.0, **process))
    assert first_passage_time(1e9, 1e6, **process) == pytest.approx(math.log(1e3), rel=1e-9)


@pytest.mark.parametrize(("x", "target", "stop"), [(2.0, 0.0, 3.0), (-1.0, 0.5, -2.0), (0.1, -1.0, 1.0)])
def test_chance_against_the_definition_and_other_order(x: float, target: float, stop: float) -> None:
    process = {"kappa": 0.5, "sigma": 1.0}
    u, good, bad = (one / ROOT2 for one in (x, target, stop))
    wanted = (erfi(bad) - erfi(u)) / (erfi(bad) - erfi(good))
    assert target_before_stop(x, target, stop, **process) == pytest.approx(wanted, rel=1e-12)
    assert target_before_stop(x, stop, target, **process) == pytest.approx(1.0 - wanted, rel=1e-12)


def test_chance_far_from_the_mean() -> None:
    """At 100 standard deviations a step outwards of 1/100 is e times as hard."""
    process = {"kappa": 0.5, "sigma": 1.0}
    assert target_before_stop(0.0, -90.0, 100.0, **process) == pytest.approx(1.0)
    found = target_before_stop([99.99, 99.98, 99.97], 99.0, 100.0, **process)
    assert found == pytest.approx([1.0 - math.exp(-1.0), 1.0 - math.exp(-2.0), 1.0 - math.exp(-3.0)], abs=2e-4)
    assert target_before_stop([-2.0, 4.0, 0.0, 3.0], 0.0, 3.0, **process).tolist() == [1.0, 0.0, 1.0, 0.0]


def test_shapes_and_unknown_values() -> None:
    process = {"kappa": 1.0, "sigma": ROOT2}
    x = np.array([[2.0, math.nan], [0.5, -1.0]])
    for found in (
        hit_probability(x, 1.0, level=0.5, **process),
        first_passage_time(x, 0.5, **process),
        target_before_stop(x, 0.5, 3.0, **process),
    ):
        assert found.shape == (2, 2)
        assert np.isnan(found).tolist() == [[False, True], [False, False]]
    assert hit_probability(x, 1.0, level=0.5, **process)[1, 0] == 1.0
    assert first_passage_time(x, 0.5, **process)[1, 0] == 0.0
    assert hit_probability([0.5, 0.6], 0.0, level=0.5, **process).tolist() == [1.0, 0.0]
    assert hit_probability([], 1.0, **process).size == 0
    assert hit_probability(3.0, 1.0, **process).shape == ()


@settings(max_examples=40, deadline=None)
@given(
    st.floats(-3.0, 3.0), st.floats(-3.0, 3.0), st.floats(0.01, 5.0),
    st.floats(-6.0, 4.0), st.floats(-4.0, 4.0), st.sampled_from([-5.0, 0.0, 7.0]),
)  # fmt: skip
def test_all_move_with_the_units(
    x: float, level: float, time: float, log_kappa: float, log_sd: float, centre: float
) -> None:
    kappa, sd = 10.0**log_kappa, 10.0**log_sd
    plain: dict[str, float] = {"kappa": 1.0, "sigma": ROOT2}
    moved = {"kappa": kappa, "sigma": sd * math.sqrt(2.0 * kappa), "theta": centre * sd}
    where, there, stop = (sd * (one + centre) for one in (x, level, level + 2.0))
    assert hit_probability(where, time / kappa, level=there, **moved) == pytest.approx(
        hit_probability(x, time, level=level, **plain), abs=1e-6
    )
    assert first_passage_time(where, there, **moved) * kappa == pytest.approx(
        first_passage_time(x, level, **plain), rel=1e-6, abs=1e-9
    )
    assert target_before_stop(where, there, stop, **moved) == pytest.approx(
        target_before_stop(x, level, level + 2.0, **plain), abs=1e-9
    )


@settings(max_examples=12, deadline=None)
@given(st.floats(-8.0, 8.0), st.floats(-3.0, 7.0))
def test_probability_falls_with_distance_and_grows_with_time(level: float, log_time: float) -> None:
    z = level + np.array([0.001, 0.1, 1.0, 3.0, 20.0])
    time = 10.0**log_time
    one, more = (hit_probability(z, t, kappa=1.0, sigma=ROOT2, level=level) for t in (time, 1.5 * time))
    assert (np.diff(one) <= 2e-6).all()
    assert (more >= one - 2e-6).all()
    assert one.min() >= 0.0
    assert one.max() <= 1.0


def test_times_beyond_measure() -> None:
    """Neither overflows nor warns: a level at -8 is met once in 4e13 reversion times, one at -29 never."""
    assert hit_probability([0.0], 1e300, kappa=1.0, sigma=ROOT2) == 1.0
    assert hit_probability([0.0], 1e5, kappa=1.0, sigma=ROOT2, level=-29.0) == pytest.approx(0.0, abs=1e-6)
    assert hit_probability([2.0], 1e200, kappa=1.0, sigma=ROOT2, level=1.0) == pytest.approx(1.0, abs=1e-9)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: hit_probability(1.0, -1.0, kappa=1.0, sigma=1.0), "horizon: expected a finite time"),
        (lambda: hit_probability(1.0, 1.0, kappa=1.0, sigma=1.0, every=2.0), "nobody looks in time"),
        (lambda: hit_probability(1.0, 1.0, kappa=1.0, sigma=1.0, level=math.nan), "level: expected a finite"),
        (lambda: hit_probability(99.0, 1.0, kappa=0.5, sigma=1.0, level=31.0), "within 30 stationary sd"),
        (lambda: hit_probability(math.inf, 1.0, kappa=1.0, sigma=1.0), "x: expected finite numbers"),
        (lambda: hit_probability(["a"], 1.0, kappa=1.0, sigma=1.0), "x: expected numbers, was list"),
        (lambda: hit_probability(1.0, 1.0, kappa=0.0, sigma=1.0), "kappa"),
        (lambda: first_passage_time(0.0, 38.0, kappa=0.5, sigma=1.0), "it is never reached"),
        (lambda: first_passage_time(0.0, math.inf, kappa=0.5, sigma=1.0), "level"),
        (lambda: first_passage_time(0.0, 1.0, kappa=0.5, sigma=-1.0), "sigma"),
        (lambda: target_before_stop(0.0, 1.0, 1.0, kappa=0.5, sigma=1.0), "two different levels"),
        (lambda: target_before_stop(0.0, 1.0, math.nan, kappa=0.5, sigma=1.0), "stop"),
        (lambda: monitoring_shift(1.0, -1.0), "every: expected a finite number"),
    ],
)
def test_out_of_range(call: Any, words: str) -> None:
    with pytest.raises(ParameterError, match=words):
        call()
