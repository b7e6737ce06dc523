"""What levels bring: closed forms where there are some, a solver elsewhere, and step by step on simulated paths."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import solve_bvp

from arbresearch.core import ParameterError
from arbresearch.stats import bertram, zeng_lee
from arbresearch.thresholds import ReversionTerms, best_half_width, theory_rate
from tests.thresholds.paths import reverting, traded

DAY = 86_400.0
ROOT2 = math.sqrt(2.0)


def terms_of(cost: float, *, theta: float = 0.0, kappa: float = 1.0, sd: float = 1.0, shift: float = 0.0) -> Any:
    sigma = sd * math.sqrt(2.0 * kappa)
    return ReversionTerms(theta_bps=theta, kappa=kappa, sigma=sigma, cost_bps=cost, shift_bps=shift)


def test_published_levels_of_zeng_and_lee() -> None:
    """Printed: flip 3.4609720495 at 4.3052740e-4, at the mean 3.4725668718 at 3.0114207e-4."""
    terms = ReversionTerms(theta_bps=3.4241, kappa=0.0237, sigma=0.0081, cost_bps=0.02)
    assert best_half_width(terms) == pytest.approx(0.0368720495, rel=1e-5)
    assert theory_rate(terms, 0.0368720495).rate_bps_day / DAY == pytest.approx(4.3052740e-4, rel=1e-7)
    assert best_half_width(terms, exit_fraction=0.0) == pytest.approx(0.0484668718, rel=1e-5)
    assert theory_rate(terms, 0.0484668718, exit_fraction=0.0).rate_bps_day / DAY == pytest.approx(
        3.0114207e-4, rel=1e-7
    )


@settings(max_examples=25, deadline=None)
@given(st.floats(-2.0, 0.7), st.floats(-6.0, 2.0), st.floats(-2.0, 2.0), st.floats(-50.0, 50.0))
def test_highest_at_the_closed_form(log_cost: float, log_kappa: float, log_sd: float, theta: float) -> None:
    kappa, sd = 10.0**log_kappa, 10.0**log_sd
    terms = terms_of(10.0**log_cost * sd, theta=theta, kappa=kappa, sd=sd)
    flip = zeng_lee(theta, kappa, terms.sigma, terms.cost_bps)
    mean = zeng_lee(theta, kappa, terms.sigma, terms.cost_bps, "mean")
    for levels, out in ((flip, 1.0), (mean, 0.0)):
        best = theory_rate(terms, levels.entry - theta, exit_fraction=out)
        assert best.rate_bps_day == pytest.approx(DAY * levels.rate, rel=1e-6)
        assert best.cycle_s == pytest.approx(levels.cycle_time, rel=1e-6)
        for factor in (0.97, 1.03):
            other = theory_rate(terms, factor * (levels.entry - theta), exit_fraction=out)
            assert other.rate_bps_day < best.rate_bps_day
    assert best_half_width(terms) == pytest.approx(flip.entry - theta, rel=1e-3)


@settings(max_examples=25, deadline=None)
@given(st.floats(0.2, 3.0), st.floats(0.01, 1.0), st.floats(0.001, 100.0))
def test_identities(width: float, cost: float, kappa: float) -> None:
    """Flip is twice Bertram's rate at the same levels; out at the mean is his at twice the cost."""
    sigma = math.sqrt(2.0 * kappa)
    one = bertram(0.0, kappa, sigma, cost)
    terms = terms_of(cost, kappa=kappa)
    assert theory_rate(terms, one.exit).rate_bps_day == pytest.approx(2.0 * DAY * one.rate, rel=1e-9)
    dear = bertram(0.0, kappa, sigma, 2.0 * cost)
    at_mean = theory_rate(terms, dear.exit, exit_fraction=0.0)
    assert at_mean.rate_bps_day == pytest.approx(2.0 * DAY * dear.rate, rel=1e-6)
    scaled = terms_of(7.0 * cost, kappa=kappa, sd=7.0, theta=3.0)
    assert theory_rate(scaled, 7.0 * width, exit_fraction=0.4, skew_bps=3.5).rate_bps_day == pytest.approx(
        7.0 * theory_rate(terms, width, exit_fraction=0.4, skew_bps=0.5).rate_bps_day, rel=1e-6
    )
    mirrored = theory_rate(terms, width, exit_fraction=0.4, skew_bps=-0.5)
    assert mirrored.cycle_s == pytest.approx(theory_rate(terms, width, exit_fraction=0.4, skew_bps=0.5).cycle_s)


@pytest.mark.parametrize("cost", [0.1, 0.5, 1.0])
def test_best_over_standard_deviation_depends_on_cost_over_it(cost: float) -> None:
    """Printed for costs of .1, .5 and 1: .541693, .964318, 1.264449."""
    wanted = {0.1: 0.541693, 0.5: 0.964318, 1.0: 1.264449}[cost]
    for sd, kappa in ((1.0, 1.0), (12.0, 0.002), (0.3, 5.0)):
        assert best_half_width(terms_of(cost * sd, sd=sd, kappa=kappa)) == pytest.approx(wanted * sd, rel=1e-4)


@pytest.mark.parametrize(
    ("width", "out", "skew"), [(1.2, 0.3, 0.0), (0.8, 0.5, 0.6), (1.5, 0.0, -0.4), (0.6, 1.0, 0.9)]
)
def test_time_of_a_cycle_by_solving_the_equations(width: float, out: float, skew: float) -> None:
    """Waits and passages by boundary value problems, the chain of sides by its powers."""

    def solved(low: float, high: float, source: float, ends: tuple[float, float], flat_low: bool, at: float) -> float:
        """Solve u'' - z u' = -source with values at the ends, or u' = 0 far below."""
        z = np.linspace(low, high, 400)
        found = solve_bvp(
            lambda z, u: np.vstack([u[1], z * u[1] - source]),
            lambda a, b: np.array([a[1] if flat_low else a[0] - ends[0], b[0] - ends[1]]),
            z, np.zeros((2, z.size)), tol=1e-8, max_nodes=100_000,
        )  # fmt: skip
        return float(found.sol(at)[0])

    def passage(start: float, level: float) -> float:
        sign = 1.0 if level > start else -1.0
        return solved(-7.0, sign * level, 1.0, (0.0, 0.0), True, sign * start)

    upper, lower = skew + width, skew - width
    out_short, out_long = skew - out * width, skew + out * width
    waits = [solved(lower, upper, 1.0, (0.0, 0.0), False, x) for x in (out_short, out_long)]
    ups = [solved(lower, upper, 0.0, (0.0, 1.0), False, x) for x in (out_short, out_long)]
    chain = np.linalg.matrix_power(np.array([[u, 1.0 - u] for u in ups]) * 0.5 + 0.5 * np.eye(2), 400)[0]
    wanted = chain[0] * (passage(upper, out_short) + waits[0]) + chain[1] * (passage(lower, out_long) + waits[1])
    found = theory_rate(terms_of(0.2), width, exit_fraction=out, skew_bps=skew)
    assert found.cycle_s == pytest.approx(wanted, rel=2e-4)
    assert found.gain_bps == pytest.approx((1.0 + out) * width - 0.2)
    assert found.rate_bps_day == pytest.approx(DAY * found.gain_bps / wanted, rel=2e-4)
    assert found.round_trips_day == pytest.approx(DAY / wanted, rel=2e-4)


@pytest.mark.parametrize(
    ("width", "out", "skew"), [(0.9, 1.0, 0.0), (0.9, 0.0, 0.0), (1.1, 0.5, 0.0), (0.8, 1.0, 0.5), (0.9, 0.4, -0.6)]
)
def test_against_trades_on_a_simulated_path(width: float, out: float, skew: float) -> None:
    """Looks 1/100 of a reversion time apart over 15,000 of them: theory with its shift within 3 %."""
    step, n, cost = 0.01, 1_500_000, 0.4
    y = reverting(n, step, seed=3)[0]
    shift = 0.5826 * math.sqrt(2.0 * step)
    entries, profit = traded(y, skew, width, out * width, cost)
    found = theory_rate(terms_of(cost, shift=shift), width, exit_fraction=out, skew_bps=skew)
    days = n * step / DAY
    assert entries / days == pytest.approx(found.round_trips_day, rel=0.03)
    assert profit / days == pytest.approx(found.rate_bps_day, rel=0.03)
    unwatched = theory_rate(terms_of(cost), width, exit_fraction=out, skew_bps=skew)
    assert abs(entries / days / unwatched.round_trips_day - 1.0) > 0.04


def test_best_is_the_shift_nearer() -> None:
    terms = terms_of(0.5, shift=0.1)
    assert best_half_width(terms) == pytest.approx(zeng_lee(0.0, 1.0, ROOT2, 0.5).entry - 0.1, abs=1e-4)
    assert best_half_width(terms_of(0.5, shift=0.4)) >= 0.0


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"half_width_bps": -1.0}, "half_width_bps"),
        ({"half_width_bps": math.nan}, "half_width_bps"),
        ({"half_width_bps": 0.0}, "half_width_bps: expected above zero where levels are watched all the time"),
        ({"half_width_bps": 1.0, "exit_fraction": 1.1}, "exit_fraction: expected from 0, the centre"),
        ({"half_width_bps": 1.0, "skew_bps": math.inf}, "skew_bps"),
        ({"half_width_bps": 60.0}, "never reached"),
    ],
)
def test_refusals(parameters: dict[str, float], words: str) -> None:
    with pytest.raises(ParameterError, match=words):
        theory_rate(terms_of(0.2), **parameters)
