"""When a mean-reverting process reaches a level: how likely by a time, after how long, and which of two first."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.special import dawsn, erfc, erfcx, erfi

from arbresearch.core import ParameterError, expected
from arbresearch.stats.hitting import hit_probability_above
from arbresearch.stats.levels import stationary_sd
from arbresearch.stats.series import Floats

__all__ = ["first_passage_time", "hit_probability", "monitoring_shift", "target_before_stop"]

_MONITORING: Final = 0.5825971579390106
"""-zeta(1/2) / sqrt(2 pi): Broadie, Glasserman and Kou (1997), Mathematical Finance 7, 325-349."""
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(96)


def hit_probability(
    x: npt.ArrayLike,
    horizon: float,
    *,
    kappa: float,
    sigma: float,
    theta: float = 0.0,
    level: float | None = None,
    every: float = 0.0,
) -> Floats:
    """Return the probability that the process, now at x, reaches a level within a time.

    To the mean ``2 Phi(-|x - theta| sqrt(2 kappa) / (sigma sqrt(exp(2 kappa T) - 1)))``; to other levels the backward
    equation is solved numerically, with an absolute error below 1e-6 for x within 40 stationary standard
    deviations of theta (see :func:`arbresearch.stats.hitting.hit_probability_above`).

    Parameters
    ----------
    x : array-like, any shape
        Where the process is, its unit. NaN gives NaN.
    horizon
        Time T, zero or more.
    kappa
        Speed of reversion, one over time.
    sigma
        Volatility, unit of x per root of time.
    theta
        Mean of the process.
    level
        To reach, unit of x; None for theta.
    every
        Time between two looks at the process; 0 for a continuous watch. The level then lies as much further out as
        :func:`monitoring_shift` says: good to about 0.01 for steps well below ``1 / kappa``.

    Returns
    -------
    numpy.ndarray, shape of x
        In [0, 1]; 1 where x is at the level.

    Raises
    ------
    ParameterError
        theta or the level not finite, kappa or sigma not from 1e-30 to 1e30, a negative or infinite horizon, ``every``
        longer than the horizon or negative, x infinite, or a level further from theta than 30 stationary standard
        deviations.
    """
    sd = stationary_sd(theta, kappa, sigma)
    if not 0.0 <= horizon < math.inf:
        raise ParameterError(expected("horizon", "a finite time, zero or more", horizon))
    if not 0.0 <= every <= horizon:
        raise ParameterError(expected("every", f"from 0 to the horizon {horizon:g}", every, "nobody looks in time"))
    target = (_finite("level", theta if level is None else level) - theta) / sd
    scaled = (_points(x) - theta) / sd
    shift = monitoring_shift(sigma, every) / sd
    result = np.where(np.isnan(scaled), np.nan, 1.0)
    for side in (1.0, -1.0):
        beyond = side * scaled > side * target
        if beyond.any():
            result[beyond] = _from_above(side * scaled[beyond], side * target - shift, kappa * horizon)
    return result


def first_passage_time(x: npt.ArrayLike, level: float, *, kappa: float, sigma: float, theta: float = 0.0) -> Floats:
    """Return the expected time until the process, now at x, first reaches a level.

    From above it is ``(sqrt(2 pi) / kappa) int_b^z exp(u^2 / 2)(1 - Phi(u)) du`` over stationary standard deviations
    from theta, from below its mirror image (Ricciardi and Sato 1988, Journal of Applied Probability 25, 43-57). The
    integrand is a scaled complementary error function; its part across theta is integrated in closed form, so that
    the relative error is about 1e-12.

    Parameters
    ----------
    x : array-like, any shape
        Where the process is, its unit. NaN gives NaN.
    level
        To reach, unit of x.
    kappa, sigma, theta
        As in :func:`hit_probability`.

    Returns
    -------
    numpy.ndarray, shape of x
        Time, unit ``1 / kappa``; 0 where x is at the level.

    Raises
    ------
    ParameterError
        theta, the level or an x not finite, kappa or sigma not from 1e-30 to 1e30, or a level so far (about 37 s)
        on the other side of theta that the time is beyond what a float64 holds.
    """
    sd = stationary_sd(theta, kappa, sigma)
    target = (_finite("level", level) - theta) / sd
    scaled = (_points(x) - theta) / sd
    result = np.where(np.isnan(scaled), np.nan, 0.0)
    for side in (1.0, -1.0):
        beyond = side * scaled > side * target
        if beyond.any():
            result[beyond] = _time_down(side * scaled[beyond], side * target)
    result /= kappa
    if np.isinf(result).any():
        raise ParameterError(
            expected("level", "within about 37 stationary sd beyond theta", f"{target:.6g}", "it is never reached")
        )
    return result


def target_before_stop(
    x: npt.ArrayLike, target: float, stop: float, *, kappa: float, sigma: float, theta: float = 0.0
) -> Floats:
    """Return the probability that the process, now at x, reaches the target before the stop.

    ``(erfi(stop) - erfi(x)) / (erfi(stop) - erfi(target))`` with arguments ``(. - theta) sqrt(kappa) / sigma``: the
    scale function of the process (Karlin and Taylor 1981, A second course in stochastic processes, section 15.3),
    taken relative to its largest value so that it cannot overflow.

    Parameters
    ----------
    x : array-like, any shape
        Where the process is, its unit. NaN gives NaN.
    target, stop
        Levels, unit of x, in either order.
    kappa, sigma, theta
        As in :func:`hit_probability`.

    Returns
    -------
    numpy.ndarray, shape of x
        In [0, 1]; 1 at or beyond the target, 0 at or beyond the stop.

    Raises
    ------
    ParameterError
        theta, a level or an x not finite, kappa or sigma not from 1e-30 to 1e30, or target and stop the same.
    """
    sd = stationary_sd(theta, kappa, sigma)
    root = sd * math.sqrt(2.0)
    good, bad = ((_finite(name, value) - theta) / root for name, value in (("target", target), ("stop", stop)))
    if good == bad:
        raise ParameterError(expected("target and stop", "two different levels", (target, stop)))
    points = np.clip((_points(x) - theta) / root, min(good, bad), max(good, bad))
    largest = max(abs(good), abs(bad))

    def scale(z: npt.ArrayLike) -> Floats:
        values = np.asarray(z, dtype=np.float64)
        return np.asarray(np.exp((np.abs(values) - largest) * (np.abs(values) + largest)) * dawsn(values))

    return np.asarray(np.clip((scale(bad) - scale(points)) / (scale(bad) - scale(good)), 0.0, 1.0))


def monitoring_shift(sigma: float, every: float) -> float:
    """Return how much further out a level seems to be when it is watched only from time to time.

    ``0.5826 sigma sqrt(every)``, with 0.5826 for ``-zeta(1/2) / sqrt(2 pi)`` (Broadie, Glasserman and Kou 1997).

    Parameters
    ----------
    sigma
        Volatility, unit of the process per root of time.
    every
        Time between two looks; 0 for a continuous watch.

    Returns
    -------
    float
        In the unit of the process.

    Raises
    ------
    ParameterError
        A value that is negative or not finite.
    """
    for name, value in (("sigma", sigma), ("every", every)):
        if not 0.0 <= value < math.inf:
            raise ParameterError(expected(name, "a finite number, zero or more", value))
    return _MONITORING * sigma * math.sqrt(every)


def _points(x: npt.ArrayLike) -> Floats:
    try:
        values = np.asarray(x, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ParameterError(expected("x", "numbers", type(x).__name__)) from error
    if np.isinf(values).any():
        raise ParameterError(expected("x", "finite numbers or NaN", "an infinite one"))
    return values


def _finite(name: str, value: float) -> float:
    if not math.isfinite(value):
        raise ParameterError(expected(name, "a finite number", value))
    return value


def _from_above(z: Floats, level: float, time: float) -> Floats:
    """Return the chance to come down to a level within a time, in stationary standard deviations and 1 / kappa."""
    if time == 0.0:
        return np.zeros_like(z)
    if level != 0.0:
        return hit_probability_above(z, level, time)
    left = math.exp(-time) / math.sqrt(-2.0 * math.expm1(-2.0 * time))
    return np.asarray(erfc(z * left))


def _time_down(z: Floats, level: float) -> Floats:
    """Integrate ``sqrt(pi) erfcx(w)`` over ``w = z / sqrt 2``; below zero it is ``2 exp(w^2) - erfcx(-w)``."""
    high, low = z / math.sqrt(2.0), level / math.sqrt(2.0)
    above = _smooth_integral(np.full_like(high, max(low, 0.0)), np.maximum(high, 0.0))
    near, far = np.maximum(-high, 0.0), max(-low, 0.0)
    with np.errstate(over="ignore", invalid="ignore"):
        steep = np.where(near < far, erfi(far) - erfi(near), 0.0)
    below = math.sqrt(math.pi) * steep - _smooth_integral(near, np.full_like(near, far))
    return math.sqrt(math.pi) * (above + below)


def _smooth_integral(low: Floats, high: Floats) -> Floats:
    """Integrate ``erfcx`` from low to high, both zero or more, by Gauss and Legendre over ``arcsinh w``."""
    start, end = np.arcsinh(low), np.arcsinh(np.maximum(high, low))
    half, middle = 0.5 * (end - start), 0.5 * (end + start)
    t = middle[..., None] + half[..., None] * _NODES
    return np.asarray(half * ((erfcx(np.sinh(t)) * np.cosh(t)) @ _WEIGHTS))
