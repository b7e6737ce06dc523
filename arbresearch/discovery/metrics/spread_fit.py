"""Whether the distance between two prices of one coin reverts, and how fast."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from arbresearch.core import NS_PER_SECOND, BadInput
from arbresearch.edges import Pair
from arbresearch.edges.arrays import Floats, Times
from arbresearch.stats import OUFit, fit_ou

__all__ = ["SpreadFit", "fit_spread", "mid_spread_bps", "sampled"]

_NOISY_Z: Final = 3.0
"""Standard errors by which samples further apart must revert more slowly for noise to be seen."""
_LEAST_PHI: Final = 0.5
"""Less is left of a deviation one step on where it halves within a step: noise does the same."""
_FEWEST: Final = 200
_FEWEST_REVERSIONS: Final = 14.1
"""A series that never reverts shows as many in 5 % of cases (Fuller 1976, table 8.5.1: n (phi - 1) with a mean)."""


@dataclass(frozen=True, slots=True)
class SpreadFit:
    """What :func:`fit_spread` returns.

    Parameters
    ----------
    fit
        In basis points and seconds; None where nothing could be fitted. Its notes say where few reversions were seen
        (``kappa_t`` under 50) and its ``noise_z`` how much noise there is at its step.
    step_s
        Between the samples of the fit, seconds.
    half_life_s, half_life_low_s, half_life_high_s
        Seconds, with interval; NaN where there is a reason.
    reason
        Why the data do not tell the half-life; empty where they do.
    """

    fit: OUFit | None
    step_s: float
    half_life_s: float
    half_life_low_s: float
    half_life_high_s: float
    reason: str


def sampled(pair: Pair, step_ns: int) -> Pair:
    """Return the state of both books at each whole multiple of a step.

    A row is what was last known at its instant, so ages and staleness are those of the instant. No row depends on a
    later update.
    """
    if not len(pair):
        return pair
    first, last = int(pair.recv_ns[0]), int(pair.recv_ns[-1])
    moments = np.arange(-(-first // step_ns) * step_ns, last + 1, step_ns, dtype=np.int64)
    rows = np.searchsorted(pair.recv_ns, moments, side="right") - 1
    return replace(pair, recv_ns=moments, row_a=pair.row_a[rows], row_b=pair.row_b[rows])


def mid_spread_bps(pair: Pair) -> Floats:
    """Return by how much A's mid is above B's, ``1e4 ln(mid_A / mid_B)``; NaN where a book is stale or one-sided."""
    ratio = (pair.bid_a + pair.ask_a) / (pair.bid_b + pair.ask_b)
    return np.where(pair.stale, np.nan, 1e4 * np.log(ratio))


def fit_spread(times_ns: Times, spread_bps: Floats, step_ns: int, *, confidence: float = 0.95) -> SpreadFit:
    """Fit a mean-reverting process to samples of a spread, as far apart as it takes for noise not to be seen.

    Prices that are a moment old, and mids that jump between ticks, put noise on a spread that is gone a sample later,
    so that it seems to revert fast. Where samples further apart revert more slowly (``noise_z`` of
    :class:`arbresearch.stats.OUFit`), every second one is left out and the fit made again. Where noise is still seen
    when a deviation halves within a step, it cannot be told from reversion.

    Parameters
    ----------
    times_ns : array of int64, shape (n,)
        Whole multiples of the step, strictly ascending; those between that are missing are not known.
    spread_bps : array of float64, shape (n,)
        NaN is not known.
    step_ns
        Between samples.
    confidence
        Of the intervals.

    Returns
    -------
    SpreadFit
    """
    step_s = step_ns / NS_PER_SECOND
    if times_ns.size == 0:
        return _untold(None, step_s, "no instant at which both books are fresh")
    places = (times_ns - times_ns[0]) // step_ns
    values = np.full(int(places[-1]) + 1, np.nan)
    values[places] = spread_bps
    finest: OUFit | None = None
    try:
        finest = fit = fit_ou(values, step_s, confidence=confidence)
        every = 1
        while fit.reverts and fit.noise_z > _NOISY_Z and fit.phi >= _LEAST_PHI and fit.pairs >= 2 * _FEWEST:
            every *= 2
            fit = fit_ou(values[::every], every * step_s, confidence=confidence)
    except BadInput as error:
        return _untold(finest, step_s, str(error))
    if not finest.reverts:
        return _untold(finest, step_s, finest.reason)
    if not fit.reverts or fit.noise_z > _NOISY_Z or (every > 1 and fit.phi < _LEAST_PHI):
        reason = f"noise hides it: {finest.half_life:.3g} s at steps of {step_s:g} s, longer at longer steps"
        return _untold(finest, step_s, reason)
    if fit.kappa_t < _FEWEST_REVERSIONS:
        return _untold(fit, every * step_s, f"only {fit.kappa_t:.2g} reversions seen, as chance may show")
    return SpreadFit(fit, every * step_s, fit.half_life, fit.half_life_low, fit.half_life_high, "")


def _untold(fit: OUFit | None, step_s: float, reason: str) -> SpreadFit:
    return SpreadFit(fit, step_s, math.nan, math.nan, math.nan, reason)
