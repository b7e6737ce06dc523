"""Optimal levels: published values, the series and integrals they come from, neighbours, and simulated trades."""

from __future__ import annotations

import math
from dataclasses import astuple
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.optimize import minimize, minimize_scalar
from scipy.special import erfi, factorial, gamma, pbdv, psi

from arbresearch.core import ParameterError
from arbresearch.stats import bertram, leung_li, round_trip, zeng_lee

ROOT2 = math.sqrt(2.0)


def test_published_levels_of_bertram() -> None:
    levels = bertram(0.0, 180.967, 0.1538, 0.001)
    assert levels.entry == pytest.approx(-0.0047151767, abs=5e-11)
    assert levels.exit == pytest.approx(0.0047151767, abs=5e-11)
    assert levels.cycle_time == pytest.approx(0.0171223943, abs=5e-11)
    assert levels.cycle_variance == pytest.approx(1.5441687e-4, abs=5e-12)
    assert levels.rate == pytest.approx(0.4923583279, abs=5e-11)
    assert levels.rate_variance == pytest.approx(
        (2.0 * 0.0047151767 - 0.001) ** 2 * 1.5441687e-4 / 0.0171223943**3, rel=1e-7
    )


@pytest.mark.parametrize(("cost", "away"), [(0.1, 0.541693), (0.5, 0.964318), (1.0, 1.264449)])
def test_level_over_standard_deviation_depends_on_cost_over_it(cost: float, away: float) -> None:
    """Standard deviations of 1, .05 and 40."""
    for kappa, sigma in ((0.5, 1.0), (200.0, 1.0), (1.0 / 800.0, 2.0)):
        sd = sigma / math.sqrt(2.0 * kappa)
        assert bertram(3.0, kappa, sigma, cost * sd).exit == pytest.approx(3.0 + away * sd, abs=5.1e-7 * sd)


@pytest.mark.parametrize("cost", [1e-4, 1e-6, 1e-9, 1e-13])
def test_small_costs(cost: float) -> None:
    """The next term of the series, by hand: u^3 (1 - 2 u^2 / 5) is the first one's."""
    first = (1.5 * cost) ** (1.0 / 3.0)
    assert bertram(0.0, 0.5, 1.0, cost).exit == pytest.approx(first, rel=0.3 * first**2 + 1e-12)
    assert bertram(0.0, 0.5, 1.0, cost).exit == pytest.approx(first * (1.0 + first**2 / 15.0), rel=first**4 + 1e-12)


def test_optimum_is_flat() -> None:
    """20 % off costs under 4 %."""
    for cost in (1e-4, 0.01, 0.1, 0.3):
        best = bertram(0.0, 0.5, 1.0, cost)
        for factor in (0.8, 1.2):
            away = factor * best.exit
            assert 0.0 < 1.0 - round_trip(-away, away, 0.0, 0.5, 1.0, cost).rate / best.rate < 0.04


@settings(max_examples=60, deadline=None)
@given(st.floats(-4.0, 1.0), st.floats(-6.0, 4.0), st.floats(-5.0, 3.0))
def test_no_neighbour_is_better(log_cost: float, log_kappa: float, log_sd: float) -> None:
    sd, kappa = 10.0**log_sd, 10.0**log_kappa
    sigma, cost = sd * math.sqrt(2.0 * kappa), 10.0**log_cost * sd
    best = bertram(0.0, kappa, sigma, cost)
    assert all(math.isfinite(one) for one in astuple(best))
    assert best.rate > 0.0
    for low, high in ((1.01, 1.01), (0.99, 0.99), (1.01, 1.0), (1.0, 0.99), (0.99, 1.01)):
        assert round_trip(low * best.entry, high * best.exit, 0.0, kappa, sigma, cost).rate < best.rate


def test_search_finds_the_same_levels() -> None:
    """Both levels free, the time of a cycle by quadrature of the backward equation."""

    def loss(levels: np.ndarray[Any, np.dtype[np.float64]]) -> float:
        time = quad(lambda v: math.sqrt(2.0 * math.pi) * math.exp(0.5 * v * v), *levels)[0]
        return float(-(levels[1] - levels[0] - 0.4) / time)

    found = minimize(loss, np.array([-0.5, 1.5]), method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-14})
    best = bertram(0.0, 0.5, 1.0, 0.4)
    assert (best.entry, best.exit) == pytest.approx(tuple(found.x), abs=1e-5)
    assert 2.0 * best.rate == pytest.approx(-found.fun, rel=1e-9)


@pytest.mark.parametrize(("low", "high"), [(-0.05, 0.05), (-1.0, 1.0), (-2.0, 0.5), (0.2, 1.7), (-3.0, 3.0)])
def test_variance_is_that_of_the_published_series(low: float, high: float) -> None:
    j = np.arange(1, 150)

    def first(z: float) -> float:
        term = gamma(j / 2) * (ROOT2 * z) ** j / factorial(j)
        return float((0.5 * term.sum()) ** 2 - (0.5 * ((-1.0) ** j * term).sum()) ** 2)

    def second(z: float) -> float:
        odd = np.arange(1, 149, 2)
        terms = (psi(odd / 2) - psi(1)) * gamma(odd / 2) * (ROOT2 * z) ** odd / factorial(odd)
        return float(terms.sum())

    wanted = first(high) - first(low) - second(high) + second(low)
    found = round_trip(low, high, 0.0, 1.0, ROOT2, 0.0)
    assert found.cycle_variance == pytest.approx(wanted, rel=1e-9)
    assert found.cycle_time == pytest.approx(math.pi * (erfi(high / ROOT2) - erfi(low / ROOT2)))


def test_published_levels_of_zeng_and_lee() -> None:
    mean = zeng_lee(3.4241, 0.0237, 0.0081, 0.02, rule="mean")
    flip = zeng_lee(3.4241, 0.0237, 0.0081, 0.02)
    assert mean.entry == pytest.approx(3.4725668718, abs=5e-11)
    assert mean.exit == 3.4241
    assert mean.rate == pytest.approx(3.0114207e-4, abs=5e-12)
    assert flip.entry == pytest.approx(3.4609720495, abs=5e-11)
    assert flip.exit == pytest.approx(2.0 * 3.4241 - 3.4609720495, abs=5e-11)
    assert flip.rate == pytest.approx(4.3052740e-4, abs=5e-12)


@settings(max_examples=40, deadline=None)
@given(st.floats(-4.0, 1.0), st.floats(-6.0, 4.0))
def test_flip_is_twice_bertram_and_mean_is_bertram_at_twice_the_cost(log_cost: float, log_kappa: float) -> None:
    kappa, cost = 10.0**log_kappa, 10.0**log_cost
    sigma = math.sqrt(2.0 * kappa)
    one, dear = bertram(1.0, kappa, sigma, cost), bertram(1.0, kappa, sigma, 2.0 * cost)
    flip, mean = zeng_lee(1.0, kappa, sigma, cost), zeng_lee(1.0, kappa, sigma, cost, "mean")
    assert (flip.exit, flip.entry) == (one.entry, one.exit)
    assert flip.rate == 2.0 * one.rate
    assert flip.rate * flip.cycle_time == pytest.approx(flip.entry - flip.exit - cost)
    assert mean.entry == dear.exit
    assert mean.rate == 2.0 * dear.rate
    assert mean.rate * mean.cycle_time == pytest.approx(mean.entry - mean.exit - cost)
    for levels in (flip, mean):
        gain = abs(levels.entry - levels.exit) - cost
        assert levels.rate_variance == pytest.approx(gain**2 * levels.cycle_variance / levels.cycle_time**3)


def test_cycles_of_a_simulated_process() -> None:
    """Steps of 1/500 of a reversion time; the levels stand 0.5826 standard deviations of a step further in."""
    step, paths, steps = 1.0 / 500.0, 400, 60_000
    rng = np.random.default_rng(5)
    phi = math.exp(-step)
    noise, shift = math.sqrt(1.0 - phi * phi), 0.5826 * math.sqrt(2.0 * step)
    flip, mean = zeng_lee(0.0, 1.0, ROOT2, 0.8), zeng_lee(0.0, 1.0, ROOT2, 0.8, "mean")
    z = rng.standard_normal(paths)
    held_flip, held_mean, flips, closes = (np.zeros(paths) for _ in range(4))
    for _ in range(steps):
        z = phi * z + noise * rng.standard_normal(paths)
        wanted = np.where(z > flip.entry - shift, -1.0, np.where(z < flip.exit + shift, 1.0, held_flip))
        flips += wanted != held_flip
        held_flip = wanted
        close = (held_mean != 0.0) & (held_mean * z > -shift)
        closes += close
        held_mean[close] = 0.0
        opens = (held_mean == 0.0) & ~close & (np.abs(z) > mean.entry - shift)
        held_mean[opens] = -np.sign(z[opens])
    time = steps * step
    for count, levels in ((flips, flip), (closes, mean)):
        assert count.mean() == pytest.approx(time / levels.cycle_time, rel=0.03)
        assert count.var() == pytest.approx(time * levels.cycle_variance / levels.cycle_time**3, rel=0.25)


def test_published_levels_of_leung_and_li() -> None:
    levels = leung_li(0.71758, 6.306, math.sqrt(0.00698), 0.05, 0.02)
    assert levels.exit == pytest.approx(0.744361793, abs=5e-10)
    assert levels.entry == pytest.approx(0.651047085, abs=5e-10)
    assert all(math.isnan(one) for one in astuple(levels)[2:])


@pytest.mark.parametrize(("theta", "order", "cost"), [(0.3, 0.1, 0.05), (-0.5, 1.4, 0.2), (4.0, 0.02, 0.01)])
def test_one_trip_is_the_best_one(theta: float, order: float, cost: float) -> None:
    """The discounted gain, by parabolic cylinder functions of scipy, maximised over each level by search."""

    def up(z: float) -> float:
        return float(gamma(order) * math.exp(0.25 * z * z) * pbdv(-order, -z)[0])

    sale = minimize_scalar(lambda z: -(z + theta - cost) / up(z), bounds=(-theta + cost, 5.0), method="bounded")
    value = -float(sale.fun)
    purchase = minimize_scalar(
        lambda z: -(value * up(z) - z - theta - cost) / up(-z), bounds=(-6.0, float(sale.x)), method="bounded"
    )
    levels = leung_li(theta, 1.0, ROOT2, order, cost)
    assert levels.exit - theta == pytest.approx(float(sale.x), abs=2e-4)
    assert levels.entry - theta == pytest.approx(float(purchase.x), abs=2e-4)


@settings(max_examples=60, deadline=None)
@given(st.floats(-6.0, 4.0), st.floats(-4.0, 1.0), st.floats(-30.0, 30.0), st.floats(-3.0, 3.0))
def test_one_trip_at_all_speeds(log_kappa: float, log_cost: float, offset: float, log_sd: float) -> None:
    """Levels straddle both costs, and follow the units of the process and of time."""
    kappa, sd = 10.0**log_kappa, 10.0**log_sd
    cost = 10.0**log_cost
    one = leung_li(offset, kappa, math.sqrt(2.0 * kappa), 0.05, cost)
    assert one.exit - one.entry > 2.0 * cost
    other = leung_li(offset * sd, 60.0 * kappa, sd * math.sqrt(120.0 * kappa), 3.0, cost * sd)
    near = 1e-7 * (1.0 + abs(offset))
    assert (other.entry / sd, other.exit / sd) == pytest.approx((one.entry, one.exit), abs=near)


@settings(max_examples=60, deadline=None)
@given(st.floats(-1e3, 1e3), st.floats(-3.0, 3.0), st.floats(-3.0, 3.0), st.floats(-4.0, 1.0))
def test_levels_move_with_the_units(theta: float, log_scale: float, log_time: float, log_cost: float) -> None:
    scale, time, cost = 10.0**log_scale, 10.0**log_time, 10.0**log_cost
    one, other = bertram(0.0, 1.0, 1.0, cost), bertram(theta, 1.0 / time, scale / math.sqrt(time), scale * cost)
    near = 1e-9 * (abs(theta) + scale)
    assert other.entry == pytest.approx(theta + scale * one.entry, abs=near)
    assert other.exit == pytest.approx(theta + scale * one.exit, abs=near)
    if abs(theta) < 10.0 * scale:
        assert other.cycle_time == pytest.approx(time * one.cycle_time, rel=1e-6)
        assert other.cycle_variance == pytest.approx(time**2 * one.cycle_variance, rel=1e-6)
        assert other.rate == pytest.approx(scale / time * one.rate, rel=1e-6)
        assert other.rate_variance == pytest.approx(scale**2 / time * one.rate_variance, rel=1e-6)


@pytest.mark.parametrize(
    ("call", "arguments", "words"),
    [
        (bertram, (math.nan, 1.0, 1.0, 0.1), "theta: expected a finite number"),
        (bertram, (0.0, 0.0, 1.0, 0.1), "kappa: expected a number from 1e-30"),
        (bertram, (0.0, math.nan, 1.0, 0.1), "kappa"),
        (bertram, (0.0, 1.0, math.inf, 0.1), "sigma"),
        (bertram, (0.0, 1.0, 1.0, 0.0), "cost: expected a finite number above zero"),
        (bertram, (0.0, 0.5, 1.0, 41.0), "cost: expected at most 39.9 stationary sd, was 41; this spread never pays"),
        (zeng_lee, (0.0, 0.5, 1.0, 0.1, "both"), "rule: expected flip or mean, was both"),
        (zeng_lee, (0.0, 0.5, 1.0, 30.0, "mean"), "cost"),
        (round_trip, (1.0, 1.0, 0.0, 0.5, 1.0, 0.1), "buy and sell: expected a level to buy at below"),
        (round_trip, (math.nan, 1.0, 0.0, 0.5, 1.0, 0.1), "buy and sell"),
        (round_trip, (-1.0, 21.0, 0.0, 0.5, 1.0, 0.1), "within 20 stationary sd of theta"),
        (round_trip, (-1.0, 1.0, 0.0, 0.5, 1.0, -0.1), "cost: expected a finite number, zero or more"),
        (leung_li, (0.0, 1.0, 1.0, 0.0, 0.1), "discount"),
        (leung_li, (0.0, 1.0, 1.0, 0.05, 0.0), "cost"),
        (leung_li, (1.0, 1.0, 1e-5, 0.05, 1e-5), "theta: expected within 1e4 stationary sd"),
    ],
)
def test_out_of_range(call: Any, arguments: tuple[Any, ...], words: str) -> None:
    with pytest.raises(ParameterError, match=words):
        call(*arguments)


def test_levels_below_cost_lose() -> None:
    assert round_trip(-0.2, 0.2, 0.0, 0.5, 1.0, 0.5).rate < 0.0
    assert round_trip(-0.2, 0.2, 0.0, 0.5, 1.0, 0.0).rate > 0.0
