"""Bertram's levels: the most gain per unit of time from entering at one level and leaving at the other."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise

import scipy
from scipy.special import dawsn, erfcx, erfi

from arbresearch.core import ParameterError, expected
from arbresearch.stats.levels import FURTHEST_SD, Levels, check_cost, stationary_sd

__all__ = ["bertram", "optimal_distance", "passage_variance", "round_trip"]


def bertram(theta: float, kappa: float, sigma: float, cost: float) -> Levels:
    """Return the levels with the highest expected gain per unit of time, entry below theta and exit above.

    They lie ``d`` stationary standard deviations s from theta, where ``u = d / sqrt 2`` solves
    ``u - dawsn(u) = cost / (2 sqrt 2 s)``: the first-order condition ``exp(u^2)(2 u - cost / (sqrt 2 s)) =
    sqrt(pi) erfi(u)`` divided by its exponential. At small cost d is near ``(3 cost / 2 s)^(1/3)``. The maximum is
    flat: a level 20 % off loses under 4 % of the rate.

    Parameters
    ----------
    theta
        Mean of the process.
    kappa
        Speed of reversion, one over time.
    sigma
        Volatility, unit of the process per root of time.
    cost
        Of the round trip, unit of the process, above zero.

    Returns
    -------
    Levels
        A cycle is from entry to exit and back to entry. Mirrored about theta, the same levels are those of a short.

    Raises
    ------
    ParameterError
        theta not finite, kappa or sigma not from 1e-30 to 1e30, a cost that is not above zero, or one (about 39.9 s)
        that no level within 20 s of theta pays for best.

    References
    ----------
    Bertram (2010), Analytic solutions for optimal statistical arbitrage trading, Physica A 389, 2234-2243.
    """
    sd = stationary_sd(theta, kappa, sigma)
    away = sd * optimal_distance(cost, sd)
    return round_trip(theta - away, theta + away, theta, kappa, sigma, cost)


def round_trip(buy: float, sell: float, theta: float, kappa: float, sigma: float, cost: float) -> Levels:
    """Return what buying at one level and selling at a higher one brings, over and over.

    ``E[T] = (pi / kappa)(erfi(M / sqrt 2) - erfi(A / sqrt 2))`` for levels A and M in stationary standard deviations
    from theta. The variance is that of the whole cycle, by integrating that of the two passages, which are
    independent, instead of Bertram's series, whose terms cancel far from theta.

    Parameters
    ----------
    buy, sell
        Levels, unit of the process; buy below sell.
    theta, kappa, sigma, cost
        As in :func:`bertram`; the cost may be zero here, and above what a trip brings: the rate is negative then.

    Raises
    ------
    ParameterError
        As :func:`bertram`, or buy is not below sell, or one of them lies further than 20 s from theta.
    """
    sd = stationary_sd(theta, kappa, sigma)
    if not 0.0 <= cost < math.inf:
        raise ParameterError(expected("cost", "a finite number, zero or more", cost))
    if not buy < sell:
        raise ParameterError(expected("buy and sell", "a level to buy at below the one to sell at", (buy, sell)))
    low, high = (buy - theta) / sd, (sell - theta) / sd
    if not max(-low, high, low, -high) <= FURTHEST_SD * (1.0 + 1e-12):
        raise ParameterError(
            expected("buy and sell", f"levels within {FURTHEST_SD:g} stationary sd of theta", (low, high))
        )
    time = math.pi / kappa * float(erfi(high / math.sqrt(2.0)) - erfi(low / math.sqrt(2.0)))
    variance = (passage_variance(low, high) + passage_variance(-high, -low)) / kappa**2
    rate = (sell - buy - cost) / time
    return Levels(buy, sell, time, variance, rate, rate**2 * variance / time)


def optimal_distance(cost: float, sd: float) -> float:
    """Return Bertram's distance of both levels from the mean, in stationary standard deviations; see :func:`bertram`.

    Raises
    ------
    ParameterError
        As :func:`bertram` for the cost.
    """
    check_cost(cost)
    wanted = cost / sd / (2.0 * math.sqrt(2.0))
    furthest = FURTHEST_SD / math.sqrt(2.0)
    if not wanted <= _gap(furthest):
        most = 2.0 * math.sqrt(2.0) * _gap(furthest)
        raise ParameterError(
            expected("cost", f"at most {most:.4g} stationary sd", f"{cost / sd:.6g}", "this spread never pays for it")
        )
    # The gap is below 2 u^3 / 3 and above u - 0.5411, the highest value of Dawson's function.
    least = max(wanted, 0.999 * (1.5 * wanted) ** (1.0 / 3.0))
    root = float(
        scipy.optimize.brentq(lambda u: _gap(u) - wanted, least, furthest, xtol=1e-300, rtol=1e-14, maxiter=200)
    )
    return math.sqrt(2.0) * root


def passage_variance(low: float, high: float) -> float:
    """Return the variance of the time from a level to a higher one, in units of ``1 / kappa^2``.

    ``(2 pi)^(3/2) int_-inf^high f(v) (K(high) - K(max(low, v))) dv`` with ``K(z) = erfi(z / sqrt 2)`` and
    ``f(v) = exp(v^2 / 2) Phi(v)^2``: the backward equation of the second moment, integrated once by parts. All terms
    are positive; the relative error is about 1e-10.

    Parameters
    ----------
    low, high
        Levels less the mean, in stationary standard deviations; within 20 of it.
    """
    top = float(erfi(high / math.sqrt(2.0)))
    whole = top - float(erfi(low / math.sqrt(2.0)))
    reach = min(low, 0.0) - 12.0
    before = _integral(_density, reach, low)
    after = _integral(lambda v: _density(v) * (top - float(erfi(v / math.sqrt(2.0)))), low, high)
    return 2.0 * math.pi * math.sqrt(2.0 * math.pi) * (whole * before + after)


def _gap(u: float) -> float:
    """Return ``u - dawsn(u)``, by its series where the difference would lose digits."""
    if u > 0.1:
        return u - float(dawsn(u))
    square = u * u
    return u * square * (2 / 3 - square * (4 / 15 - square * (8 / 105 - square * (16 / 945 - square * 32 / 10_395))))


def _density(v: float) -> float:
    """Return ``exp(v^2 / 2) Phi(v)^2``."""
    scaled = 0.5 * float(erfcx(-v / math.sqrt(2.0)))
    return scaled * scaled * math.exp(-0.5 * v * v)


def _integral(function: Callable[[float], float], low: float, high: float) -> float:
    middle = [v for v in (-2.0, 0.0, high - 1.0) if low < v < high]
    edges = [low, *sorted(middle), high]
    return math.fsum(
        scipy.integrate.quad(function, one, other, epsabs=0.0, epsrel=1e-11, limit=200)[0]
        for one, other in pairwise(edges)
    )
