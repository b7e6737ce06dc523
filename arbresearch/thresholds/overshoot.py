"""How far beyond a level a process is when it is first seen there, for looks at any distances."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import numpy.typing as npt

from arbresearch.core import BadInput, ParameterError, expected
from arbresearch.edges.arrays import Floats
from arbresearch.stats.series import known_values

__all__ = ["overshoot_bps"]

_BINS: Final = 500
_REACH: Final = 14.0
_NODES: Final = 401


def overshoot_bps(sigma: float, gaps: npt.ArrayLike) -> float:
    """Return how much further out a level seems to be when it is watched at times that lie unequal gaps apart.

    A diffusion seen at independent gaps is a random walk with symmetric steps. Its mean excess over a far level is
    ``-(1 / pi) int_0^inf log(2 (1 - g(t)) / (v t^2)) / t^2 dt`` with the steps' characteristic function g and variance
    v (Siegmund 1985, Sequential Analysis, chapter X, for steps without skew).
    Equal gaps give :func:`arbresearch.stats.monitoring_shift`, exponential ones ``sigma sqrt(mean gap / 2)``. Levels
    of a mean-reverting process act that much further out as long as gaps are well below ``1 / kappa``.

    Parameters
    ----------
    sigma
        Volatility, unit of the process (bps) per root of time; zero or more.
    gaps : array-like, shape (n,)
        Times between looks, zero or more; NaN is left out. Gaps are taken as drawn from these, independently.

    Returns
    -------
    float
        In the unit of the process; 0 where all gaps are 0.

    Raises
    ------
    BadInput
        No known gap, or one that is negative or infinite.
    ParameterError
        sigma negative or not finite.
    """
    if not 0.0 <= sigma < math.inf:
        raise ParameterError(expected("sigma", "a finite number, zero or more", sigma))
    known = known_values(gaps, "gaps")
    if not known.size or known.min() < 0.0:
        raise BadInput(expected("gaps", "times of zero or more", "none" if not known.size else known.min()))
    mean = float(known.mean())
    if mean == 0.0:
        return 0.0
    return sigma * math.sqrt(mean) * _standard_excess(_grouped(known) / mean)


def _grouped(gaps: Floats) -> Floats:
    """Return means of equally many gaps each, in order of size, where there are more than are needed."""
    if gaps.size <= _BINS:
        return gaps
    edges = np.linspace(0, gaps.size, _BINS + 1).astype(np.int64)
    groups: Floats = np.add.reduceat(np.sort(gaps), edges[:-1]) / np.diff(edges)
    # Groups differ by one in size; without this the mean would not be one.
    return np.asarray(groups * (gaps.mean() / groups.mean()))


def _standard_excess(ratios: Floats) -> float:
    """Integrate over ``log t``; the ends are ``mean(r^2) / 4`` near zero and ``log(t^2 / 2)`` far out."""
    log_t = np.linspace(-_REACH, _REACH, _NODES)
    square = np.exp(2.0 * log_t)
    missed = np.array([-np.expm1(-0.5 * one * ratios).mean() for one in square])
    inner = -np.log(2.0 * missed / square) * np.exp(-log_t)
    low = math.exp(-_REACH) * float((ratios * ratios).mean()) / 4.0
    high = (2.0 * _REACH - math.log(2.0) + 2.0) * math.exp(-_REACH)
    return (float(np.trapezoid(inner, log_t)) + low + high) / math.pi
