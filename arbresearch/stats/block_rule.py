"""How long blocks must be so that resamples of a mean keep a series' dependence."""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from arbresearch.stats.series import Floats

__all__ = ["stationary_rule"]

_CALM_LAGS: Final = 5
"""So many correlations in a row must be small before dependence counts as over (or ``log10 n`` of them)."""


def stationary_rule(values: Floats) -> float:
    """Return the block length that minimises the error of the stationary bootstrap's variance, in observations.

    Politis and White (2004), "Automatic block-length selection for the dependent bootstrap", Econometric Reviews 23:53,
    with the constant of Patton, Politis and White (2009), 28:372: ``(2 G^2 / D)^(1/3) n^(1/3)``, G and the long-run
    variance from autocovariances under a flat-top window that ends at twice the lag after which correlations stay
    within ``2 sqrt(log10(n) / n)``, ``D = 2 (long-run variance)^2``; at most ``ceil(min(3 sqrt(n), n / 3))``.
    Correlations are between the two overlapping parts of the series, each with its own variance.

    Parameters
    ----------
    values : array of shape (n,)
        Known values, 11 or more, not all the same.
    """
    n = values.size
    centred = values - values.mean()
    calm = max(_CALM_LAGS, int(math.log10(n)))
    most = math.ceil(math.sqrt(n)) + calm
    products = np.array([centred[lag:] @ centred[: n - lag] for lag in range(most + 1)])
    squares = np.concatenate(([0.0], np.cumsum(centred * centred)))
    lags = np.arange(most + 1)
    later, earlier = squares[n] - squares[lags + 1], squares[n - lags - 1]
    with np.errstate(invalid="ignore", divide="ignore"):
        correlations = np.abs(products) / np.sqrt(later * earlier)
    small = correlations < 2.0 * math.sqrt(math.log10(n) / n)
    runs = np.convolve(small[:most], np.ones(calm, dtype=np.int64), mode="valid") == calm
    over = int(np.argmax(runs)) if runs.any() else most
    width = min(2 * max(over, 1), most)
    inside = lags[1 : width + 1]
    window = np.minimum(1.0, 2.0 * (1.0 - inside / width))
    covariances = products / n
    weighted = 2.0 * window * covariances[inside]
    long_run = float(covariances[0] + weighted.sum())
    bend = float((weighted * inside).sum())
    longest = math.ceil(min(3.0 * math.sqrt(n), n / 3.0))
    if long_run == 0.0:
        return float(longest)
    return min(math.cbrt(bend * bend / (long_run * long_run) * n), float(longest))
