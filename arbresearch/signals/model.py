"""The confidence of a signal: a logistic model of its context, mapped by an isotonic curve; compiled."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, isfinite, log
from typing import TYPE_CHECKING, Final, Protocol

import numpy as np
from numba import njit

from arbresearch.core import BadInput, expected
from arbresearch.edges.arrays import Floats, Rows, Times
from arbresearch.edges.pair import frozen

if TYPE_CHECKING:
    from arbresearch.signals.batch import SignalBatch

__all__ = [
    "CLIP", "FEATURES_PER_HORIZON", "MOST_KNOTS", "ConfidenceModel", "ConfidenceSource", "clipped", "confidence_of",
    "features_of", "logit",
]  # fmt: skip

FEATURES_PER_HORIZON: Final = 5
"""In this order: z-score, percentile, t-value of the trend, logit of the reversion probability, variance ratio."""
CLIP: Final = 8.0
"""Features are cut at this on either side, the variance ratio at 0 as well."""
_SURE: Final = 1.0 / (1.0 + exp(-CLIP))
MOST_KNOTS: Final = 512
"""Of the isotonic curve."""


@njit(cache=True, error_model="numpy")
def clipped(value: float, least: float) -> float:
    """Return a value within ``least`` and :data:`CLIP`; NaN stays NaN."""
    if value > CLIP:
        return CLIP
    if value < least:
        return least
    return value


@njit(cache=True, error_model="numpy")
def logit(probability: float) -> float:
    """Return ``ln(p / (1 - p))`` within :data:`CLIP`; NaN stays NaN."""
    if probability >= _SURE:
        return CLIP
    if probability <= 1.0 - _SURE:
        return -CLIP
    return log(probability / (1.0 - probability))


@njit(cache=True, error_model="numpy")
def confidence_of(
    features: Floats, count: int, fill: Floats, weights: Floats, missing_weights: Floats, intercept: float,
    knots_x: Floats, knots_y: Floats, knots: int,
) -> float:  # fmt: skip
    """Return the confidence of one set of features.

    Parameters
    ----------
    features : array, shape (F,) or longer
        As :func:`features_of` gives them; NaN where not known.
    count
        How many of them count, F.
    fill, weights, missing_weights, intercept, knots_x, knots_y
        As in :class:`ConfidenceModel`; arrays may be longer.
    knots
        How many knots count, one or more.

    Returns
    -------
    float
        In [0, 1].
    """
    score = intercept
    for i in range(count):
        value = features[i]
        if value == value:
            score += weights[i] * value
        else:
            score += weights[i] * fill[i] + missing_weights[i]
    probability = 1.0 / (1.0 + exp(-score))
    if not probability > knots_x[0]:
        return float(knots_y[0])
    left, right = 0, knots
    while right - left > 1:
        middle = (left + right) >> 1
        if knots_x[middle] < probability:
            left = middle
        else:
            right = middle
    if right == knots:
        return float(knots_y[left])
    part = (probability - knots_x[left]) / (knots_x[right] - knots_x[left])
    return float(knots_y[left] + (knots_y[right] - knots_y[left]) * part)


@njit(cache=True, error_model="numpy")
def _predict(
    features: Floats, fill: Floats, weights: Floats, missing_weights: Floats, intercept: float, knots_x: Floats,
    knots_y: Floats, out: Floats,
) -> None:  # fmt: skip
    for row in range(out.size):
        out[row] = confidence_of(
            features[row], fill.size, fill, weights, missing_weights, intercept, knots_x, knots_y, knots_x.size
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ConfidenceModel:
    """A logistic model of F features, and the curve that calibrates what it says.

    ``score = intercept + sum(weights * x)`` with, for a feature that is NaN, ``fill`` in its place and its
    ``missing_weights`` added; ``p = 1 / (1 + exp(-score))``; the confidence is p on the curve through the knots,
    linear between them and constant beyond the first and the last.

    Parameters
    ----------
    fill, weights, missing_weights : array, shape (F,)
        F is :data:`FEATURES_PER_HORIZON` times the horizons.
    intercept
        Log odds where every weighted feature is zero.
    knots_x : array, shape (K,)
        Probabilities of the logistic model, rising; K from 1 to :data:`MOST_KNOTS`.
    knots_y : array, shape (K,)
        Calibrated probabilities, not falling, in [0, 1].

    Raises
    ------
    BadInput
        Shapes that do not fit, a number that is not finite, or knots out of order or range.
    """

    fill: Floats
    weights: Floats
    missing_weights: Floats
    intercept: float
    knots_x: Floats
    knots_y: Floats

    def __post_init__(self) -> None:
        """Hold read-only copies, and refuse what is no model."""
        for name in ("fill", "weights", "missing_weights", "knots_x", "knots_y"):
            values = np.array(getattr(self, name), dtype=np.float64)
            if values.ndim != 1 or not values.size or not np.isfinite(values).all():
                raise BadInput(expected(name, "one or more finite numbers in a row", f"shape {values.shape}"))
            object.__setattr__(self, name, frozen(values))
        count, knots = self.fill.size, self.knots_x.size
        if count % FEATURES_PER_HORIZON or not count == self.weights.size == self.missing_weights.size:
            want = f"three arrays of one length, a multiple of {FEATURES_PER_HORIZON}"
            found = f"{count}, {self.weights.size} and {self.missing_weights.size}"
            raise BadInput(expected("fill, weights and missing_weights", want, found))
        if not isfinite(self.intercept):
            raise BadInput(expected("intercept", "a finite number", self.intercept))
        if knots != self.knots_y.size or knots > MOST_KNOTS:
            found = f"{knots} and {self.knots_y.size}"
            raise BadInput(expected("knots_x and knots_y", f"as many of both, {MOST_KNOTS} at most", found))
        if not (np.diff(self.knots_x) > 0.0).all():
            raise BadInput(expected("knots_x", "rising numbers", self.knots_x))
        if (np.diff(self.knots_y) < 0.0).any() or self.knots_y[0] < 0.0 or self.knots_y[-1] > 1.0:
            raise BadInput(expected("knots_y", "numbers from 0 to 1 that do not fall", self.knots_y))

    @property
    def horizons(self) -> int:
        """Return for how many horizons it is."""
        return int(self.fill.size) // FEATURES_PER_HORIZON

    def predict(self, features: Floats) -> Floats:
        """Return the confidence of each row of features.

        Parameters
        ----------
        features : array, shape (n, F)
            NaN where not known.

        Returns
        -------
        numpy.ndarray, shape (n,)
            In [0, 1]: to the last bit what a signal with this model says.

        Raises
        ------
        BadInput
            Another number of features.
        """
        rows = np.ascontiguousarray(features, dtype=np.float64)
        if rows.ndim != 2 or rows.shape[1] != self.fill.size:
            raise BadInput(expected("features", f"rows of {self.fill.size} features", f"shape {rows.shape}"))
        out = np.empty(len(rows))
        _predict(
            rows, self.fill, self.weights, self.missing_weights, self.intercept, self.knots_x, self.knots_y, out
        )  # fmt: skip
        return out


class ConfidenceSource(Protocol):
    """What a signal takes its confidence from: a model, and the horizons whose features it was fitted to."""

    @property
    def model(self) -> ConfidenceModel:
        """Return the model."""
        ...

    @property
    def horizons_s(self) -> tuple[float, ...]:
        """Return the horizons, seconds."""
        ...

    @property
    def target_horizon_s(self) -> float:
        """Return by when a signal was to have reverted, seconds."""
        ...


@njit(cache=True, error_model="numpy")
def _horizon_features(
    rows: Times, directions: Times, z_score: Floats, percentile: Floats, reversion: Floats, context: Rows,
    trend_t: Floats, variance_ratio: Floats, out: Floats,
) -> None:  # fmt: skip
    for i in range(rows.size):
        row, direction = rows[i], directions[i]
        place = context[row]
        out[i, 0] = clipped(z_score[row, direction], -CLIP)
        out[i, 1] = percentile[row, direction]
        out[i, 2] = clipped(trend_t[place, direction], -CLIP) if place >= 0 else np.nan
        out[i, 3] = logit(reversion[row, direction])
        out[i, 4] = clipped(variance_ratio[place, direction], 0.0) if place >= 0 else np.nan


def features_of(batch: SignalBatch, direction: int | Times, rows: Times | None = None) -> Floats:
    """Return the features of signals: what the confidence is computed from.

    Parameters
    ----------
    batch
        As :meth:`arbresearch.signals.EnhancedSpotArbitrageSignal.batch` gives it.
    direction : int, or array of int, shape (m,)
        :data:`~arbresearch.signals.AB` or :data:`~arbresearch.signals.BA`, of all rows or of each.
    rows : array of int, shape (m,)
        Rows of the batch; None for all of them.

    Returns
    -------
    numpy.ndarray, shape (m, F)
        Horizon by horizon the five of :data:`FEATURES_PER_HORIZON`; NaN where not known, such as the whole horizon
        before it is ready.
    """
    wanted = np.arange(len(batch), dtype=np.int64) if rows is None else np.asarray(rows, dtype=np.int64)
    directions = np.broadcast_to(np.asarray(direction, dtype=np.int64), wanted.shape)
    out = np.empty((wanted.size, len(batch.contexts) * FEATURES_PER_HORIZON))
    for h, context in enumerate(batch.contexts):
        _horizon_features(
            wanted, directions, batch.z_score[:, :, h], batch.percentile[:, :, h],
            batch.reversion_probability[:, :, h], batch.context_row[:, h], context.trend_t, context.variance_ratio,
            out[:, h * FEATURES_PER_HORIZON : (h + 1) * FEATURES_PER_HORIZON],
        )  # fmt: skip
    return out
