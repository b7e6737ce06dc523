"""What a pair of trading levels brings, and the Ornstein-Uhlenbeck process it rests on."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from arbresearch.core import ParameterError, expected

__all__ = ["FURTHEST_SD", "Levels", "check_cost", "stationary_sd"]

FURTHEST_SD: Final = 20.0
"""Levels further from theta, in stationary standard deviations, are reached once in about 1e87 reversion times."""

_LEAST: Final = 1e-30
_MOST: Final = 1e30


@dataclass(frozen=True, slots=True)
class Levels:
    """Levels to trade at, and what they bring in the long run.

    Parameters
    ----------
    entry, exit
        Levels of the process, its unit.
    cycle_time
        Expected time from one entry to the next, unit ``1 / kappa``.
    cycle_variance
        Variance of that time, its unit squared.
    rate
        Expected gain after cost per unit of time, over many cycles.
    rate_variance
        Of the gain after cost over a long time T, per T: over T the average gain per unit of time has variance
        ``rate_variance / T``. Independent cycles of one gain each (renewal theory): ``gain^2 V[cycle] / E[cycle]^3``.

    Notes
    -----
    The last four are NaN where the levels are those of a single trade; see :func:`arbresearch.stats.leung_li`.
    """

    entry: float
    exit: float
    cycle_time: float = math.nan
    cycle_variance: float = math.nan
    rate: float = math.nan
    rate_variance: float = math.nan


def stationary_sd(theta: float, kappa: float, sigma: float) -> float:
    """Return ``sigma / sqrt(2 kappa)``, unit of the process, after a check of its parameters.

    Raises
    ------
    ParameterError
        theta is not finite, or kappa or sigma is not a number from 1e-30 to 1e30.
    """
    if not math.isfinite(theta):
        raise ParameterError(expected("theta", "a finite number", theta))
    for name, value in (("kappa", kappa), ("sigma", sigma)):
        if not _LEAST <= value <= _MOST:
            raise ParameterError(expected(name, f"a number from {_LEAST:g} to {_MOST:g}, above zero", value))
    return sigma / math.sqrt(2.0 * kappa)


def check_cost(cost: float) -> None:
    """Raise ParameterError for a cost that is not above zero: without one, ever closer levels are ever better."""
    if not 0.0 < cost < math.inf:
        raise ParameterError(expected("cost", "a finite number above zero", cost))
