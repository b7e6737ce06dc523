"""From features to a chance: logistic regression, then a rising curve through what happened."""

from __future__ import annotations

import math
from typing import Final, NamedTuple

import numpy as np
import scipy
from numba import njit
from scipy.special import expit

from arbresearch.core import BadInput, expected
from arbresearch.edges.arrays import Bools, Floats, Times
from arbresearch.signals.model import ConfidenceModel

__all__ = ["fit_confidence", "fit_logistic", "fit_rising"]

_SEGMENTS: Final = 5
"""Pieces of time that get their chances from the others, for the rising curve."""
_MOST_KNOTS: Final = 50
_LEAST_A_KNOT: Final = 50
_MOST: Final = 20_000
"""Outcomes that a fit takes: more, of the same stretch of time, say next to nothing new."""
_CLOSE: Final = 1e-7
"""Slope of the mean log loss at which the search ends, per standard deviation of a feature."""


class Weights(NamedTuple):
    """A logistic regression of features as they are; see :class:`~arbresearch.signals.model.ConfidenceModel`."""

    fill: Floats
    weights: Floats
    missing_weights: Floats
    intercept: float

    def chance(self, features: Floats) -> Floats:
        """Return the chance of features, shape (n, F) to (n,)."""
        missing = np.isnan(features)
        known = np.where(missing, self.fill, features)
        return np.asarray(expit(self.intercept + (known * self.weights + missing * self.missing_weights).sum(axis=1)))


def fit_confidence(features: Floats, reverted: Bools, time_ns: Times, purge_ns: int, *, l2: float) -> ConfidenceModel:
    """Fit a model of the chance that a signal reverts in time.

    The weights are those of a logistic regression on everything. The curve that corrects its chances is not
    fitted to chances of what the weights were fitted to: time is cut into five pieces, and each gets those of a
    regression on the others, less what overlaps it (cross-fitting; Platt 1999, Zadrozny and Elkan 2002). Of more than
    20,000 outcomes every second, third and so on is taken.

    Parameters
    ----------
    features : array, shape (n, F)
        NaN where not known.
    reverted : array, shape (n,)
    time_ns : array, shape (n,)
        Rising.
    purge_ns
        How long it takes until an outcome is known.
    l2
        See :func:`fit_logistic`.

    Raises
    ------
    BadInput
        All outcomes are the same.
    """
    step = -(-len(reverted) // _MOST) or 1
    features, reverted, time_ns = features[::step], reverted[::step], time_ns[::step]
    weights = fit_logistic(features, reverted, l2=l2)
    chances = np.full(len(reverted), np.nan)
    pieces = np.array_split(np.arange(len(reverted)), _SEGMENTS)
    for piece in pieces:
        first, last = time_ns[piece[0]] - purge_ns, time_ns[piece[-1]] + purge_ns
        others = (time_ns <= first) | (time_ns >= last)
        if np.unique(reverted[others]).size == 2:
            chances[piece] = fit_logistic(features[others], reverted[others], l2=l2).chance(features[piece])
    scored = ~np.isnan(chances)
    if not scored.any():
        chances, scored = weights.chance(features), np.ones(len(reverted), dtype=np.bool_)
    knots_x, knots_y = fit_rising(chances[scored], reverted[scored])
    return ConfidenceModel(**weights._asdict(), knots_x=knots_x, knots_y=knots_y)


def fit_logistic(features: Floats, reverted: Bools, *, l2: float) -> Weights:
    """Fit a logistic regression and return fill, weights, missing weights and intercept for features as they are.

    Missing features are filled with the median of the known ones, and a flag says that they were. Features and flags
    are standardised; the mean log loss plus ``l2 / 2`` times the sum of squared weights is least; a feature that never
    varies has weight zero.

    Parameters
    ----------
    features : array, shape (n, F)
        NaN where not known.
    reverted : array, shape (n,)
    l2
        Above zero.

    Raises
    ------
    BadInput
        All outcomes are the same.
    """
    if np.unique(reverted).size < 2:
        found = "all of them came back" if len(reverted) and reverted[0] else "none of them came back"
        raise BadInput(expected("outcomes", "some that came back in time and some that did not", found))
    missing = np.isnan(features)
    fill = np.array([np.median(one[~np.isnan(one)]) if not np.isnan(one).all() else 0.0 for one in features.T])
    design = np.hstack([np.where(missing, fill, features), missing.astype(np.float64)])
    centre, spread = design.mean(axis=0), design.std(axis=0)
    varies = spread > 1e-12 * (1.0 + np.abs(centre))
    scale = np.where(varies, spread, 1.0)
    standard = np.where(varies, (design - centre) / scale, 0.0)
    best = _least(np.hstack([np.ones((len(reverted), 1)), standard]), reverted.astype(np.float64), l2)
    slopes = np.where(varies, best[1:] / scale, 0.0)
    width = features.shape[1]
    return Weights(fill, slopes[:width], slopes[width:], float(best[0] - (slopes * centre).sum()))


def fit_rising(chances: Floats, reverted: Bools) -> tuple[Floats, Floats]:
    """Return the knots of a curve that never falls, through the shares that came back by the chance stated.

    Chances are put into bins of equal counts, at most fifty and of fifty outcomes each, whose shares are made to rise
    by isotonic regression (pool adjacent violators, ``scipy.optimize.isotonic_regression``). A share is at least half
    an outcome of its bin from 0 and from 1. Between knots the curve is straight, beyond them level.

    Returns
    -------
    tuple
        Chances stated, strictly rising, and shares, never falling.
    """
    order = np.argsort(chances, kind="stable")
    bins = np.array_split(order, int(np.clip(len(chances) // _LEAST_A_KNOT, 1, _MOST_KNOTS)))
    counts = np.array([one.size for one in bins], dtype=np.float64)
    places = np.array([chances[one].mean() for one in bins])
    shares = np.array([reverted[one].mean() for one in bins])
    shares = np.clip(shares, 0.5 / counts, 1.0 - 0.5 / counts)
    rising = np.asarray(scipy.optimize.isotonic_regression(shares, weights=counts).x)
    level = np.zeros(rising.size, dtype=np.bool_)
    level[1:-1] = (rising[1:-1] == rising[:-2]) & (rising[1:-1] == rising[2:])
    places, rising = places[~level], rising[~level]
    # Bins of equal chances share one place; the last of them knows the most.
    last = np.append(np.diff(places) > 0.0, True)
    return places[last], rising[last]


def _least(design: Floats, reverted: Floats, l2: float) -> Floats:
    width = design.shape[1]
    penalty = np.full(width, l2)
    penalty[0] = 0.0

    def loss(weights: Floats) -> tuple[float, Floats]:
        value, slope, _ = _log_loss(design, reverted, weights, False)
        return value + 0.5 * float((penalty * weights**2).sum()), slope + penalty * weights

    def curvature(weights: Floats) -> Floats:
        return np.asarray(_log_loss(design, reverted, weights, True)[2] + np.diag(penalty))

    found = scipy.optimize.minimize(
        loss, np.zeros(width), jac=True, hess=curvature, method="trust-exact", options={"gtol": _CLOSE}
    )
    return np.asarray(found.x)


@njit(cache=True, error_model="numpy")
def _log_loss(design: Floats, reverted: Floats, weights: Floats, bend: bool) -> tuple[float, Floats, Floats]:
    """Return the mean log loss, its slope, and (where asked for) its curvature.

    Not by BLAS: its threads split sums otherwise on every machine, and wait for each other where other work runs.
    """
    rows, width = design.shape
    value, slope, curvature = 0.0, np.zeros(width), np.zeros((width, width))
    for row in range(rows):
        score = 0.0
        for i in range(width):
            score += design[row, i] * weights[i]
        far = math.exp(-abs(score))
        value += max(score, 0.0) + math.log1p(far) - reverted[row] * score
        chance = 1.0 / (1.0 + far) if score >= 0.0 else far / (1.0 + far)
        gap, both = chance - reverted[row], chance * (1.0 - chance)
        for i in range(width):
            slope[i] += gap * design[row, i]
        if bend:
            for i in range(width):
                part = both * design[row, i]
                for j in range(i + 1):
                    curvature[i, j] += part * design[row, j]
    for i in range(width):
        for j in range(i):
            curvature[j, i] = curvature[i, j]
    return value / rows, slope / rows, curvature / rows
