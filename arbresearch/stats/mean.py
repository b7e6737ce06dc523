"""The mean of a short, dependent, skewed series, and what it is at least."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri, stdtr, stdtrit

from arbresearch.core import ParameterError, expected
from arbresearch.stats.bootstrap import default_block_size, resampled, stationary_bootstrap_variance
from arbresearch.stats.series import Floats, dot, known_values

__all__ = ["MeanEstimate", "Method", "estimate_mean", "lower_confidence_bound"]

Method = Literal["bootstrap", "t", "newey_west"]

_TAIL: Final = 100
"""Resamples that must lie beyond a quantile for it to be read off directly."""


@dataclass(frozen=True, slots=True)
class MeanEstimate:
    """What :func:`estimate_mean` returns; all in the unit of the series unless said.

    Parameters
    ----------
    mean
        Of the known values; NaN for none.
    standard_error
        Of the mean, by the method asked for; NaN under the minimum count.
    lower_bound
        One-sided; NaN under the minimum count, minus infinity where the data cannot bound the mean.
    probability_positive
        P(mean > 0), in [0, 1]: the confidence at which the bound of one candidate would be zero. NaN under the
        minimum count.
    observations
        Number of known values.
    block_size
        Mean block length of the bootstrap in observations; NaN for other methods.
    """

    mean: float
    standard_error: float
    lower_bound: float
    probability_positive: float
    observations: int
    block_size: float


def lower_confidence_bound(
    x: npt.ArrayLike,
    confidence: float = 0.95,
    method: Method = "bootstrap",
    candidates: int = 1,
    lags: int | None = None,
    *,
    minimum: int = 20,
    block_size: float | None = None,
    resamples: int = 9_999,
    seed: int | None = None,
) -> float:
    """Return the one-sided lower confidence bound of a mean; see :func:`estimate_mean`."""
    return estimate_mean(
        x,
        confidence,
        method,
        candidates,
        lags,
        minimum=minimum,
        block_size=block_size,
        resamples=resamples,
        seed=seed,
    ).lower_bound


def estimate_mean(
    x: npt.ArrayLike,
    confidence: float = 0.95,
    method: Method = "bootstrap",
    candidates: int = 1,
    lags: int | None = None,
    *,
    minimum: int = 20,
    block_size: float | None = None,
    resamples: int = 9_999,
    seed: int | None = None,
) -> MeanEstimate:
    """Estimate a mean with its error, its lower bound, and the probability that it is positive.

    ``bootstrap``: the studentised stationary bootstrap (Politis and Romano 1994; studentised by blocks, Goetze and
    Kuensch 1996). The bound is the mean less the error times the upper quantile of the resamples' studentised
    means, so that skewness and the error's own error count. ``t``: values taken for independent, Student's quantile.
    ``newey_west``: Bartlett weights (Newey and West 1987), no correction for degrees of freedom, normal quantile.

    Simulated, 95 % bounds of the bootstrap hold in 94 to 98 % of cases with 24 to 720 values, be they normal, skewed
    to either side, half empty, or autocorrelated by .3; with 24 values autocorrelated by .5 in 91 %. Losses rarer
    than the series is long are in no method's reach.

    Where ``candidates`` were compared, each bound holds with ``1 - (1 - confidence) / candidates``, so that all of
    them hold together with ``confidence`` whatever their dependence (Bonferroni). Quantiles beyond the reach of the
    resamples (fewer than 100 lie beyond) are carried on from the outermost one within reach by the ratio of
    Student's quantiles with one degree of freedom less than there are blocks.

    Parameters
    ----------
    x : array-like, shape (n,)
        Profit by block or day, in any unit. NaN is a block without data: it is left out and what follows moves up.
    confidence
        Between 0 and 1, of the bound of one, or of all candidates together.
    method
        As above.
    candidates
        How many were compared, this one counted.
    lags
        Of ``newey_west``; None: ``floor(4 (n / 100)^(2/9))`` (Newey and West 1994).
    minimum
        Fewer known values give NaN.
    block_size
        Mean block length of ``bootstrap`` in observations; None: :func:`arbresearch.stats.block_length`, raised to
        ``1.5 n^(1/3)`` and lowered to ``n / 5``.
    resamples, seed
        Of ``bootstrap``. Without a seed it comes from the values: the same values give the same bound.

    Returns
    -------
    MeanEstimate
        A series that is constant has error zero and is its own bound.

    Raises
    ------
    BadInput
        Not a one-dimensional series of numbers, or one is infinite.
    ParameterError
        A parameter out of its range.
    """
    _check(confidence, method, candidates, lags, minimum, resamples)
    values = known_values(x, "x")
    n = values.size
    if n < max(minimum, 2):
        return MeanEstimate(float(values.mean()) if n else math.nan, math.nan, math.nan, math.nan, n, math.nan)
    mean = float(values.mean())
    if np.ptp(values) == 0.0:
        mean = float(values[0])
        return MeanEstimate(mean, 0.0, mean, float(mean > 0.0), n, math.nan)
    tail = (1.0 - confidence) / candidates
    size = math.nan
    if method == "bootstrap":
        size = default_block_size(values) if block_size is None else block_size
        error, quantile, probability = _bootstrap(values - mean, mean, tail, size, resamples, seed)
    elif method == "t":
        error = float(values.std(ddof=1)) / math.sqrt(n)
        quantile, probability = -float(stdtrit(n - 1, tail)), float(stdtr(n - 1, mean / error))
    else:
        error = _newey_west_error(values - mean, math.floor(4.0 * (n / 100.0) ** (2.0 / 9.0)) if lags is None else lags)
        quantile, probability = -float(ndtri(tail)), float(ndtr(mean / error))
    return MeanEstimate(mean, error, mean - quantile * error, probability, n, size)


def _bootstrap(
    centred: Floats, mean: float, tail: float, size: float, resamples: int, seed: int | None
) -> tuple[float, float, float]:
    _, ratios = resampled(centred, size, resamples, seed)
    error = math.sqrt(max(stationary_bootstrap_variance(centred, size), _least_variance(centred)))
    ratios.sort()
    reached = max(tail, _TAIL / (resamples + 1))
    quantile = float(ratios[min(resamples, math.ceil((resamples + 1) * (1.0 - reached) - 1e-9)) - 1])
    if reached > tail:
        freedom = max(1.0, centred.size / size - 1.0)
        quantile += max(quantile, 0.0) * float(stdtrit(freedom, tail) / stdtrit(freedom, reached) - 1.0)
    below, upto = np.searchsorted(ratios, mean / error, side="left"), np.searchsorted(ratios, mean / error, "right")
    return error, quantile, float(below + upto) / (2.0 * resamples)


def _newey_west_error(centred: Floats, lags: int) -> float:
    n = centred.size
    if lags >= n:
        raise ParameterError(expected("lags", f"fewer than the {n} values", lags))
    total = dot(centred, centred)
    for lag in range(1, lags + 1):
        total += 2.0 * (1.0 - lag / (lags + 1.0)) * dot(centred[lag:], centred[:-lag])
    return math.sqrt(max(total / n**2, _least_variance(centred)))


def _least_variance(centred: Floats) -> float:
    """Return what a variance of the mean is at least, so that cancelling autocovariances leave no zero."""
    return 1e-24 * dot(centred, centred) / centred.size


def _check(confidence: float, method: str, candidates: int, lags: int | None, minimum: int, resamples: int) -> None:
    if not 0.0 < confidence < 1.0:
        raise ParameterError(expected("confidence", "a number between 0 and 1, such as 0.95", confidence))
    if method not in ("bootstrap", "t", "newey_west"):
        raise ParameterError(expected("method", "bootstrap, t or newey_west", repr(method)))
    if candidates < 1:
        raise ParameterError(expected("candidates", "at least one", candidates))
    if lags is not None and lags < 0:
        raise ParameterError(expected("lags", "zero or more", lags))
    if minimum < 2:
        raise ParameterError(expected("minimum", "two values or more", minimum))
    if resamples < 2 * _TAIL:
        raise ParameterError(expected("resamples", f"{2 * _TAIL} or more", resamples))
