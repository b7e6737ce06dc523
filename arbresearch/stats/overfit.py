"""How sure a Sharpe ratio is, and what it is worth after many trials.

Everything is per observation, not per year: a Sharpe ratio is a mean over a standard deviation with ``ddof=1``, and
kurtosis is raw, 3 for the normal distribution.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from scipy.special import ndtr, ndtri

from arbresearch.core import ParameterError, expected

__all__ = ["deflated_sharpe", "expected_maximum_sharpe", "min_track_record_length", "probabilistic_sharpe"]

_EULER: Final = float(np.euler_gamma)


def probabilistic_sharpe(
    sharpe: float, n: float, skew: float = 0.0, kurtosis: float = 3.0, benchmark: float = 0.0
) -> float:
    """Return the probability that the true Sharpe ratio is above a benchmark.

    ``Phi((SR - SR*) sqrt(n - 1) / sqrt(1 - g3 SR + (g4 - 1) / 4 SR^2))`` (Bailey and Lopez de Prado 2012), for
    independent observations: where they are not, give the number of independent ones that they are worth as ``n``.

    Parameters
    ----------
    sharpe, benchmark
        Per observation; see :attr:`arbresearch.stats.Performance.sharpe_per_period`.
    n
        Observations. Fewer than two give NaN.
    skew, kurtosis
        Of the returns; kurtosis raw.

    Returns
    -------
    float
        In [0, 1]. NaN where one of the numbers is NaN, as the Sharpe ratio of a constant series is.

    Raises
    ------
    ParameterError
        An infinite number, a negative count, or a kurtosis under ``1 + skew^2``, which no distribution has.
    """
    _check(sharpe=sharpe, n=n, skew=skew, kurtosis=kurtosis, benchmark=benchmark)
    if n < 0:
        raise ParameterError(expected("n", "a number of observations", n))
    spread = _spread(sharpe, skew, kurtosis)
    above = sharpe - benchmark
    if n < 2 or math.isnan(above + spread + n):
        return math.nan
    if spread == 0.0:
        return 0.5 + 0.5 * float(np.sign(above))
    return float(ndtr(above * math.sqrt((n - 1.0) / spread)))


def expected_maximum_sharpe(trials: float, trials_variance: float) -> float:
    """Return the best Sharpe ratio to expect of trials none of which has any skill.

    ``sqrt(V) ((1 - g) Phi^-1(1 - 1 / N) + g Phi^-1(1 - 1 / (N e)))`` with Euler's constant g (Bailey and Lopez de Prado
    2014): an approximation from extreme values, 8 % low at two normal trials, 2.5 % high at five, 1 % at a hundred.
    One trial is expected to give zero.

    Parameters
    ----------
    trials
        How many were tried, every parameter and symbol counted; may be the effective number of independent ones.
    trials_variance
        Variance of their Sharpe ratios, per observation.

    Returns
    -------
    float
        Per observation; NaN where a number is NaN.

    Raises
    ------
    ParameterError
        Fewer than one trial, a negative variance, or an infinite number.
    """
    _check(trials=trials, trials_variance=trials_variance)
    if trials < 1:
        raise ParameterError(expected("trials", "one or more", trials))
    if trials_variance < 0:
        raise ParameterError(expected("trials_variance", "a variance, zero or more", trials_variance))
    if math.isnan(trials + trials_variance):
        return math.nan
    if trials == 1.0:
        return 0.0
    usual, rare = -float(ndtri(1.0 / trials)), -float(ndtri(1.0 / (trials * math.e)))
    return math.sqrt(trials_variance) * max(0.0, (1.0 - _EULER) * usual + _EULER * rare)


def deflated_sharpe(
    sharpe: float, n: float, trials: float, trials_variance: float, skew: float = 0.0, kurtosis: float = 3.0
) -> float:
    """Return the probability that the best of many trials has skill.

    The probabilistic Sharpe ratio against what the best of as many trials without skill would show (Bailey and Lopez
    de Prado 2014); see :func:`probabilistic_sharpe` and :func:`expected_maximum_sharpe`.

    Parameters
    ----------
    sharpe
        Of the best trial, per observation.
    n
        Observations. Fewer than two give NaN.
    trials, trials_variance
        As for :func:`expected_maximum_sharpe`; too few trials counted flatter the result.
    skew, kurtosis
        Of the best trial's returns; kurtosis raw.

    Returns
    -------
    float
        In [0, 1]; NaN where a number is NaN.

    Raises
    ------
    ParameterError
        As the two functions.
    """
    return probabilistic_sharpe(sharpe, n, skew, kurtosis, expected_maximum_sharpe(trials, trials_variance))


def min_track_record_length(
    sharpe: float, benchmark: float = 0.0, skew: float = 0.0, kurtosis: float = 3.0, confidence: float = 0.95
) -> float:
    """Return how many observations it takes to be sure that a Sharpe ratio is above a benchmark.

    ``1 + (1 - g3 SR + (g4 - 1) / 4 SR^2) (z / (SR - SR*))^2`` (Bailey and Lopez de Prado 2012): at this length
    :func:`probabilistic_sharpe` is the confidence.

    Parameters
    ----------
    sharpe, benchmark
        Per observation.
    skew, kurtosis
        Of the returns; kurtosis raw.
    confidence
        One-sided, at least 0.5 and under 1.

    Returns
    -------
    float
        Observations, not rounded; infinite where the ratio is not above the benchmark; NaN where a number is NaN.

    Raises
    ------
    ParameterError
        An infinite number, a confidence out of its range, or a kurtosis under ``1 + skew^2``.
    """
    _check(sharpe=sharpe, benchmark=benchmark, skew=skew, kurtosis=kurtosis)
    if not 0.5 <= confidence < 1.0:
        raise ParameterError(expected("confidence", "a number from 0.5 to under 1, such as 0.95", confidence))
    spread = _spread(sharpe, skew, kurtosis)
    above = sharpe - benchmark
    if math.isnan(above + spread):
        return math.nan
    if above <= 0.0:
        return math.inf
    return 1.0 + spread * (float(ndtri(confidence)) / above) ** 2


def _spread(sharpe: float, skew: float, kurtosis: float) -> float:
    """Return n times the variance of an estimated Sharpe ratio (Mertens 2002)."""
    # Moments of two values only reach the limit; their rounding may pass it.
    if kurtosis < (1.0 + skew * skew) * (1.0 - 1e-9):
        raise ParameterError(expected("kurtosis", f"1 + skew^2 = {1.0 + skew * skew:.6g} or more, raw", kurtosis))
    return float(np.maximum(0.0, 1.0 - skew * sharpe + 0.25 * (kurtosis - 1.0) * sharpe * sharpe))


def _check(**numbers: float) -> None:
    for name, number in numbers.items():
        if math.isinf(number):
            raise ParameterError(expected(name, "a finite number or NaN", number))
