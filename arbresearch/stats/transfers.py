"""What a transfer between two venues is worth while prices move and edges fade."""

from __future__ import annotations

from math import exp, isfinite, sqrt

from arbresearch.core import ParameterError, expected

__all__ = ["edge_at_arrival", "expected_transfer_net", "unhedged_transfer_bound"]


def unhedged_transfer_bound(sigma: float, mean: float, sd: float, risk_aversion: float) -> float:
    """Return the edge below which an unhedged transfer does not pay for its price risk.

    Hautsch, Scheuch and Voigt (2024), isoelastic utility to fourth order, time T until the coin can be sold:
    ``d = (sigma / 2) sqrt(g E[T] + sqrt(g^2 E[T]^2 + 2 g (g + 1) (g + 2) E[T^2]))``. It bounds the unhedged transfer,
    not trading from inventory on both venues.

    Parameters
    ----------
    sigma
        Volatility of the price, a fraction per root of time.
    mean, sd
        Of the time, in the unit of ``sigma``.
    risk_aversion
        Relative, g above zero; 2 is common.

    Returns
    -------
    float
        A fraction of the price.

    Raises
    ------
    ParameterError
        A value that is negative or not finite, or no risk aversion.
    """
    _check(sigma=sigma, mean=mean, sd=sd, risk_aversion=risk_aversion)
    if risk_aversion == 0.0:
        raise ParameterError(expected("risk_aversion", "a number above zero, such as 2", risk_aversion))
    g, second = risk_aversion, sd**2 + mean**2
    inner = sqrt((g * mean) ** 2 + 2.0 * g * (g + 1.0) * (g + 2.0) * second)
    return 0.5 * sigma * sqrt(g * mean + inner)


def edge_at_arrival(edge_bps: float, kappa: float, mean: float, sd: float, level_bps: float = 0.0) -> float:
    """Return the edge expected when a transfer arrives, of one that reverts while it is under way.

    ``level + (edge - level) E[exp(-kappa T)]`` for a time T with a Gamma distribution; at ``sd`` 0 the time is certain.
    Over the distribution it is more than at the mean time (Jensen).

    Parameters
    ----------
    edge_bps
        Now, basis points.
    kappa
        Speed of reversion, one over time: ``ln 2 / half-life``; see :func:`arbresearch.stats.fit_ou`.
    mean, sd
        Of the time, in the unit of kappa.
    level_bps
        What the edge reverts to, basis points.

    Raises
    ------
    ParameterError
        A speed or time that is negative or not finite, or an edge that is not finite.
    """
    _check(kappa=kappa, mean=mean, sd=sd)
    if not isfinite(edge_bps + level_bps):
        raise ParameterError(expected("edge_bps and level_bps", "finite numbers", (edge_bps, level_bps)))
    if mean == 0.0 and sd > 0.0:
        raise ParameterError(expected("sd", "zero where the mean time is", sd))
    left = exp(-kappa * mean) if sd == 0.0 else (1.0 + kappa * sd**2 / mean) ** -((mean / sd) ** 2)
    return level_bps + (edge_bps - level_bps) * left


def expected_transfer_net(
    edge_at_arrival_bps: float,
    cost_bps: float,
    *,
    p_fail: float = 0.0,
    loss_bps: float = 0.0,
    hurdle_bps: float = 0.0,
    mean: float = 0.0,
) -> float:
    """Return what a transfer is expected to leave, ``(1 - p) (edge - cost) - p loss - hurdle E[T]``, basis points.

    Parameters
    ----------
    edge_at_arrival_bps
        See :func:`edge_at_arrival`.
    cost_bps
        Fees and slippage of both trades and the withdrawal fee, of notional.
    p_fail, loss_bps
        Chance that the transfer fails, and what is lost then.
    hurdle_bps, mean
        What capital under way has to earn a unit of time, and the mean time.

    Raises
    ------
    ParameterError
        A chance outside [0, 1], or a value that is negative (costs and edges may be) or not finite.
    """
    _check(p_fail=p_fail, loss_bps=loss_bps, hurdle_bps=hurdle_bps, mean=mean)
    if p_fail > 1.0:
        raise ParameterError(expected("p_fail", "a chance from 0 to 1", p_fail))
    if not isfinite(edge_at_arrival_bps + cost_bps):
        raise ParameterError(expected("edge and cost", "finite numbers", (edge_at_arrival_bps, cost_bps)))
    return (1.0 - p_fail) * (edge_at_arrival_bps - cost_bps) - p_fail * loss_bps - hurdle_bps * mean


def _check(**values: float) -> None:
    for name, value in values.items():
        if not (isfinite(value) and value >= 0.0):
            raise ParameterError(expected(name, "a finite number, zero or more", value))
