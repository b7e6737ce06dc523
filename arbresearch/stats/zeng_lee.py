"""Zeng and Lee's levels: always in the market, or on either side of the mean and out at it."""

from __future__ import annotations

from typing import Literal, TypeAlias

from arbresearch.core import ParameterError, expected
from arbresearch.stats.bertram import optimal_distance, round_trip
from arbresearch.stats.levels import Levels, stationary_sd

__all__ = ["ExitRule", "zeng_lee"]

ExitRule: TypeAlias = Literal["flip", "mean"]


def zeng_lee(theta: float, kappa: float, sigma: float, cost: float, rule: ExitRule = "flip") -> Levels:
    """Return the levels with the highest expected gain per unit of time when both sides of theta are traded.

    ``flip``: sell at the upper level, there buy back at the lower one and hold the opposite, and so on: always in
    the market. The levels are Bertram's, the rate exactly twice his: each passage earns what his whole cycle does.
    ``mean``: enter at whichever level is reached first, leave at theta. The level is Bertram's at twice the cost and
    the rate twice what he earns there at that cost: he waits on one side only.

    Parameters
    ----------
    theta, kappa, sigma
        As in :func:`arbresearch.stats.bertram`.
    cost
        Of a round trip, unit of the process, above zero; a flip is one round trip.
    rule
        When to leave.

    Returns
    -------
    Levels
        ``entry`` is the upper level, of the short; the long's is its mirror image about theta. ``exit`` is the lower
        level, or theta. A cycle is from one entry to the next on either side: one passage between the levels, or
        the wait and the way back to theta.

    Raises
    ------
    ParameterError
        As :func:`arbresearch.stats.bertram` (at twice the cost for ``mean``), or another rule.

    References
    ----------
    Zeng and Lee (2014), Pairs trading: optimal thresholds and profitability, Quantitative Finance 14, 1881-1893.
    """
    if rule not in ("flip", "mean"):
        raise ParameterError(expected("rule", "flip or mean", rule))
    sd = stationary_sd(theta, kappa, sigma)
    counted = cost if rule == "flip" else 2.0 * cost
    away = sd * optimal_distance(counted, sd)
    both = round_trip(theta - away, theta + away, theta, kappa, sigma, counted)
    rate, rate_variance = 2.0 * both.rate, 4.0 * both.rate_variance
    if rule == "flip":
        time, variance = 0.5 * both.cycle_time, 0.5 * both.cycle_variance
        return Levels(theta + away, theta - away, time, variance, rate, rate_variance)
    # Passage P from one level to the other, first exit A from theta, way back B: by symmetry 0 -> d takes A, and P
    # once more half of the time, so that E[A + B] = E[P] / 2 and V[A + B] = V[P] / 2 - E[P]^2 / 4.
    time = 0.25 * both.cycle_time
    variance = 0.25 * both.cycle_variance - time**2
    return Levels(theta + away, theta, time, variance, rate, rate**2 * variance / time)
