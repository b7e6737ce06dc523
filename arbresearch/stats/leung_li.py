"""Leung and Li's levels: one discounted round trip, for a decision that is taken once."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import scipy
from scipy.special import gammaln

from arbresearch.core import ParameterError, expected
from arbresearch.stats.levels import Levels, stationary_sd

__all__ = ["leung_li"]

_DROP: Final = 42.0
"""Of the logarithm of an integrand, where the rest is below what a float64 holds."""
_STEPS: Final = 10
"""Of the trapezoidal rule in one standard deviation of the integrand's peak."""


def leung_li(theta: float, kappa: float, sigma: float, discount: float, cost: float) -> Levels:
    """Return where to buy, and where to sell again, for the highest expected discounted gain of one round trip.

    For one-shot decisions, such as a transfer; for turnover see :func:`arbresearch.stats.bertram`. With
    ``F(x) = Gamma(q) exp(z^2 / 4) D_{-q}(-z)``, ``q = discount / kappa``, ``z = (x - theta) / s``, and G its mirror
    image, the sale solves ``F = (x - cost) F'``, and the purchase ``G (V' - 1) = G' (V - x - cost)`` for the value V
    of a coin held. F is integrated as ``int u^(q-1) exp(z u - u^2 / 2) du`` on a logarithmic scale and F' is that
    integral at q + 1, so that no difference is taken and nothing overflows.

    Parameters
    ----------
    theta
        Mean of the process.
    kappa
        Speed of reversion, one over time.
    sigma
        Volatility, unit of the process per root of time.
    discount
        Rate of discount, one over time, above zero; from 1e-9 to 1e5 times kappa.
    cost
        Of each of the two trades, unit of the process; from 1e-6 to 1e4 stationary standard deviations s.

    Returns
    -------
    Levels
        ``entry``, to buy at or below, and ``exit``, to sell at or above. The fields of a cycle are NaN.

    Raises
    ------
    ParameterError
        theta not finite, kappa or sigma not from 1e-30 to 1e30, a discount or a cost out of its range, or theta
        further from zero than 1e4 s.

    References
    ----------
    Leung and Li (2015), Optimal mean reversion trading with transaction costs and stop-loss exit, International
    Journal of Theoretical and Applied Finance 18, 1550020.
    """
    sd = stationary_sd(theta, kappa, sigma)
    order = discount / kappa
    if not 1e-9 <= order <= 1e5:
        raise ParameterError(expected("discount", "from 1e-9 to 1e5 times kappa, above zero", discount))
    if not 1e-6 * sd <= cost <= 1e4 * sd:
        raise ParameterError(expected("cost", "from 1e-6 to 1e4 stationary sd", f"{cost / sd:.6g}", "check the units"))
    if not abs(theta) <= 1e4 * sd:
        raise ParameterError(expected("theta", "within 1e4 stationary sd of zero", f"{theta / sd:.6g}"))
    sale = _sale(order, (theta - cost) / sd)
    purchase = _purchase(order, sale, (theta - cost) / sd, (theta + cost) / sd)
    return Levels(theta + purchase * sd, theta + sale * sd)


def _sale(order: float, offset: float) -> float:
    """Solve ``(z + offset) F' = F``; the ratio F / F' falls from infinity to zero, so there is one solution."""

    def condition(z: float) -> float:
        return z + offset - _ratio(order, z)

    low, step = -offset, 1.0
    while condition(low + step) < 0.0:
        low, step = low + step, 2.0 * step
    return float(scipy.optimize.brentq(condition, low, low + step, xtol=1e-13, rtol=1e-14))


def _purchase(order: float, sale: float, offset_out: float, offset_in: float) -> float:
    """Solve ``(V' - 1) G = G' (V - x - cost)`` below the sale."""
    log_value = math.log(sale + offset_out) - _log_f(order, sale)

    def gain(z: float) -> float:
        return math.exp(log_value + _log_f(order, z)) - z - offset_in

    def condition(z: float) -> float:
        slope = math.exp(log_value + _log_f(order + 1.0, z))
        return (slope - 1.0) * _ratio(order, -z) + gain(z)

    # Buying above the break-even level loses at once; far below it only the coming rise counts.
    high, step = sale, 1.0
    while condition(high - step) <= 0.0:
        high, step = high - step, 2.0 * step
    return float(scipy.optimize.brentq(condition, high - step, high, xtol=1e-13, rtol=1e-14))


def _ratio(order: float, z: float) -> float:
    """Return F / F', the scale over which the discounted chance to reach a level changes."""
    return math.exp(_log_f(order, z) - _log_f(order + 1.0, z))


def _log_f(order: float, z: float) -> float:
    """Return the logarithm of ``int_0^inf u^(order-1) exp(z u - u^2 / 2) du``.

    Small orders: integrated by parts where z is not positive, ``q F_q = F_{q+2} - z F_{q+1}``, and else as the value
    at z = 0 and the rest. All parts are positive, so nothing cancels.
    """
    if order >= 1.0:
        return _log_integral(order, z, 0.0)
    if z <= 0.0:
        second = _log_integral(order + 2.0, z, 0.0)
        if z < 0.0:
            second = float(np.logaddexp(second, math.log(-z) + _log_integral(order + 1.0, z, 0.0)))
        return second - math.log(order)
    start = (0.5 * order - 1.0) * math.log(2.0) + float(gammaln(0.5 * order))
    return float(np.logaddexp(start, _log_integral(order, z, 1.0)))


def _log_integral(order: float, z: float, less: float) -> float:
    """Return the logarithm of ``int exp(order t + z e^t - e^(2t) / 2) (1 - less exp(-z e^t)) dt`` over all t.

    By the trapezoidal rule, which converges exponentially for such integrands.
    """
    root = math.hypot(z, 2.0 * math.sqrt(order))
    peak = math.log(0.5 * (z + root) if z >= 0.0 else 2.0 * order / (root - z))
    width = 1.0 / math.sqrt(order + math.exp(2.0 * peak))
    step = min(width, 1.0) / _STEPS
    left, right = width, width
    while _exponent(order, z, less, peak) - _exponent(order, z, less, peak - left) < _DROP:
        left *= 1.5
    while _exponent(order, z, less, peak) - _exponent(order, z, less, peak + right) < _DROP:
        right *= 1.5
    t = peak + np.arange(-math.ceil(left / step), math.ceil(right / step) + 1) * step
    u = np.exp(t)
    exponents = order * t + z * u - 0.5 * u * u
    if less:
        exponents += np.log(-np.expm1(-z * u))
    top = float(exponents.max())
    return top + math.log(step * float(np.exp(exponents - top).sum()))


def _exponent(order: float, z: float, less: float, t: float) -> float:
    u = math.exp(t)
    value = order * t + z * u - 0.5 * u * u
    return value + math.log(-math.expm1(-z * u)) if less else value
