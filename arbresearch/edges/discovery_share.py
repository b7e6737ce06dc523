"""Price discovery: on which of two venues the price is made, and how far prices of one coin lie apart."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt
from numba import njit

from arbresearch.core import BadInput, ParameterError, expected
from arbresearch.edges.arrays import Floats

__all__ = ["PriceDiscovery", "component_share", "information_share_bounds", "makarov_schoar", "price_discovery"]

_MOST_LAGS: Final = 20
_ROWS_A_COEFFICIENT: Final = 10
_COLLINEAR: Final = 1e-6
"""Share of a column's size below which what others leave of it is rounding noise."""

_Matrix: TypeAlias = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class PriceDiscovery:
    """What :func:`price_discovery` returns; shares are the first venue's, the second has one less them.

    Parameters
    ----------
    component_share
        Gonzalo and Granger (1995): the first venue's weight in the common price. Outside [0, 1] where a venue moves
        away from the other; NaN where neither moves towards the other.
    component_share_error
        Its standard error by the delta method. With errors of .2 and more the share says nothing.
    information_low, information_high
        Hasbrouck (1995): bounds of the share of the common price's variance that comes from the first venue. Far
        apart where both move within one step; take a shorter one.
    alpha
        Speed at which each log price moves when the first is above the second by one, per step: the first is
        negative and the second positive where both correct.
    alpha_errors
        Their standard errors.
    innovation_correlation
        Of the two venues' unforeseen moves in the same step.
    lags
        Lagged moves in the model.
    steps
        Steps it rests on; with fewer than ten a coefficient all is NaN.
    """

    component_share: float
    component_share_error: float
    information_low: float
    information_high: float
    alpha: tuple[float, float]
    alpha_errors: tuple[float, float]
    innovation_correlation: float
    lags: int
    steps: int


def component_share(alpha: Sequence[float]) -> tuple[float, float]:
    """Return each venue's weight in the common price, ``(a2, -a1) / (a2 - a1)``.

    Gonzalo and Granger (1995); Booth, So and Tse (1999). The venue that corrects less leads.

    Parameters
    ----------
    alpha
        Speeds of error correction of both, for the error "first less second".

    Returns
    -------
    first, second
        They add up to one; outside [0, 1] where a venue moves away from the other. NaN where the speeds are equal or
        NaN.
    """
    first, second = _two(alpha, "alpha")
    gap = second - first
    return (second / gap, -first / gap) if gap != 0.0 else (math.nan, math.nan)


def information_share_bounds(alpha: Sequence[float], omega: npt.ArrayLike) -> tuple[float, float]:
    """Return the bounds of the first venue's information share over both orderings of the venues.

    Hasbrouck (1995): the share of the variance of the common price's innovations that is attributed to the venue,
    when what both have in common is attributed to the one (by Cholesky factors) or to the other.

    Parameters
    ----------
    alpha
        As in :func:`component_share`.
    omega : array-like, shape (2, 2)
        Covariance of the innovations.

    Returns
    -------
    low, high
        The second venue's are one less high and one less low. NaN where the speeds are equal or something is NaN.

    Raises
    ------
    BadInput
        Omega is not a symmetric, positive semidefinite matrix of two rows with positive variances.
    """
    first, second = _two(alpha, "alpha")
    matrix = np.asarray(omega, dtype=np.float64)
    if matrix.shape != (2, 2):
        raise BadInput(expected("omega", "two rows of two", f"shape {matrix.shape}"))
    one, both, other = float(matrix[0, 0]), float(matrix[0, 1]), float(matrix[1, 1])
    if second - first == 0.0 or not math.isfinite(first + second + one + both + other):
        return math.nan, math.nan
    if not (one > 0.0 and other > 0.0 and both**2 <= one * other * (1.0 + 1e-12) and math.isclose(both, matrix[1, 0])):
        raise BadInput(expected("omega", "a covariance matrix with positive variances", matrix.tolist()))
    # The common price moves by second * e1 - first * e2, whatever the scale.
    total = second**2 * one - 2.0 * first * second * both + first**2 * other
    last = second**2 * max(0.0, one - both**2 / other)
    leading = (second * one - first * both) ** 2 / one
    shares = last / total, leading / total
    return min(shares), max(shares)


def price_discovery(p1: npt.ArrayLike, p2: npt.ArrayLike, lags: int | None = None) -> PriceDiscovery:
    """Measure on which of two venues the price of one coin is made.

    A vector error correction model of both log prices, with the error "first less second" given rather than
    estimated, for the venues trade one coin (Hasbrouck 1995):
    ``dp_i = c_i + alpha_i (p1 - p2)_before + sum_k (g_ik dp1_k + h_ik dp2_k) + e_i``, by least squares.

    Parameters
    ----------
    p1, p2 : array-like, shape (n,)
        Positive prices at the same instants, equally far apart, such as mids each second. NaN is an instant without
        a price: steps that need it are left out.
    lags
        Lagged moves of each; None: the number from 1 to 20 with the least Schwarz criterion, on the steps common to
        all.

    Returns
    -------
    PriceDiscovery
        NaN everywhere with too few steps, where a price or the difference of both never moved, and where one price
        is a copy of the other's past, so that no weight can be told.

    Raises
    ------
    BadInput
        Lengths differ, or a price is infinite, zero or negative.
    ParameterError
        Negative lags.
    """
    if lags is not None and lags < 0:
        raise ParameterError(expected("lags", "zero or more", lags))
    logs = _log_prices(p1, p2)
    chosen = _least_schwarz(logs) if lags is None else lags
    rows = _rows(logs, chosen)
    nan, steps = math.nan, rows.shape[0]
    fitted = _fit(rows)
    if fitted is None:
        return PriceDiscovery(nan, nan, nan, nan, (nan, nan), (nan, nan), nan, chosen, steps)
    alpha, omega, spread = fitted
    low, high = information_share_bounds(alpha, omega)
    return PriceDiscovery(
        component_share=component_share(alpha)[0],
        component_share_error=_share_error(alpha, omega * spread),
        information_low=low,
        information_high=high,
        alpha=alpha,
        alpha_errors=(math.sqrt(omega[0, 0] * spread), math.sqrt(omega[1, 1] * spread)),
        innovation_correlation=float(omega[0, 1] / math.sqrt(omega[0, 0] * omega[1, 1])),
        lags=chosen,
        steps=steps,
    )


def makarov_schoar(prices: npt.ArrayLike) -> float:
    """Return the arbitrage index: the highest over the lowest price across venues, averaged over the rows.

    Makarov and Schoar (2020), each row a minute, the average over a day. 1 where all venues agree.

    Parameters
    ----------
    prices : array-like, shape (venues,) or (minutes, venues)
        Of one coin in one currency. NaN is a venue without a price; minutes with fewer than two prices are left out.

    Returns
    -------
    float
        NaN where no minute has two prices.

    Raises
    ------
    BadInput
        Not such an array, or a price is infinite, zero or negative.
    """
    table = np.asarray(prices, dtype=np.float64)
    if table.ndim not in (1, 2):
        raise BadInput(expected("prices", "venues, or minutes by venues", f"shape {table.shape}"))
    table = np.atleast_2d(table)
    _check_prices(table, "prices")
    table = table[np.count_nonzero(~np.isnan(table), axis=1) >= 2]
    if table.size == 0:
        return math.nan
    return float(np.mean(np.nanmax(table, axis=1) / np.nanmin(table, axis=1)))


def _two(alpha: Sequence[float], name: str) -> tuple[float, float]:
    if len(alpha) != 2:
        raise BadInput(expected(name, "two numbers", f"{len(alpha)}"))
    return float(alpha[0]), float(alpha[1])


def _check_prices(values: Floats, name: str) -> None:
    bad = ~np.isnan(values) & ~((values > 0.0) & np.isfinite(values))
    if bad.any():
        row = int(np.argwhere(bad)[0][0])
        raise BadInput(expected(f"{name} row {row}", "positive finite prices or NaN", values[bad][0]))


def _log_prices(p1: npt.ArrayLike, p2: npt.ArrayLike) -> _Matrix:
    first, second = np.asarray(p1, dtype=np.float64), np.asarray(p2, dtype=np.float64)
    if first.ndim != 1 or first.shape != second.shape:
        raise BadInput(expected("p1 and p2", "two series of one length", f"shapes {first.shape} and {second.shape}"))
    _check_prices(first, "p1")
    _check_prices(second, "p2")
    return np.log(np.column_stack((first, second)))


def _rows(logs: _Matrix, lags: int) -> _Matrix:
    """Return one row a step with all known, less the means: both moves, the error before, lagged moves."""
    moves = np.diff(logs, axis=0)
    steps = max(0, moves.shape[0] - lags)
    table = np.empty((steps, 3 + 2 * lags))
    for lag in range(lags + 1):
        column = 1 + 2 * lag if lag else 0
        table[:, column : column + 2] = moves[lags - lag : lags - lag + steps]
    table[:, 2] = (logs[:, 0] - logs[:, 1])[lags : lags + steps]
    known = np.isfinite(table).all(axis=1)
    table = table[known]
    return table - table.mean(axis=0) if len(table) else table


@njit(cache=True, error_model="numpy")
def _products(table: _Matrix) -> _Matrix:
    """Return the sums of products of all columns, added row by row: BLAS would add as its threads happen to be."""
    rows, width = table.shape
    sums = np.zeros((width, width))
    for i in range(rows):
        for j in range(width):
            for k in range(width):
                sums[j, k] += table[i, j] * table[i, k]
    return sums


def _scaled(table: _Matrix) -> tuple[_Matrix, Floats] | None:
    """Return correlations of the columns and the roots of their squares; None with few rows or an idle column."""
    if table.shape[0] < _ROWS_A_COEFFICIENT * table.shape[1]:
        return None
    sums = _products(table)
    norms = np.sqrt(np.diag(sums))
    if norms.min() <= _COLLINEAR * norms[:2].max():
        return None
    return sums / np.outer(norms, norms), norms


def _fit(table: _Matrix) -> tuple[tuple[float, float], _Matrix, float] | None:
    """Return alpha, innovation covariance, and what alpha's covariance is in units of that; None if not told."""
    scaled = _scaled(table)
    if scaled is None:
        return None
    correlations, norms = scaled
    gram, cross, total = correlations[2:, 2:], correlations[2:, :2], correlations[:2, :2]
    if np.linalg.eigvalsh(gram)[0] < _COLLINEAR**2:
        return None
    coefficients = np.linalg.solve(gram, cross)
    rest = total - cross.T @ coefficients
    if np.diag(rest).min() < _COLLINEAR**2:
        return None
    freedom = table.shape[0] - gram.shape[0] - 1
    omega = 0.5 * (rest + rest.T) * np.outer(norms[:2], norms[:2]) / freedom
    first, second = coefficients[0] * norms[:2] / norms[2]
    return (float(first), float(second)), omega, float(np.linalg.inv(gram)[0, 0] / norms[2] ** 2)


def _least_schwarz(logs: _Matrix) -> int:
    most = min(_MOST_LAGS, (logs.shape[0] // _ROWS_A_COEFFICIENT - 4) // 2)
    if most < 2:
        return 1
    table = _rows(logs, most)
    scaled = _scaled(table)
    if scaled is None:
        return 1
    # One matrix of products serves every number of lags, for their columns come first.
    correlations, steps = scaled[0], table.shape[0]
    best, least = 1, math.inf
    for lags in range(1, most + 1):
        width = 3 + 2 * lags
        gram, cross = correlations[2:width, 2:width], correlations[2:width, :2]
        found = np.linalg.lstsq(gram, cross, rcond=None)[0]
        sign, logarithm = np.linalg.slogdet(correlations[:2, :2] - cross.T @ found)
        score = float(logarithm) + 2.0 * width * math.log(steps) / steps
        if sign > 0.0 and score < least:
            best, least = lags, score
    return best


def _share_error(alpha: tuple[float, float], covariance: _Matrix) -> float:
    gap = alpha[1] - alpha[0]
    if gap == 0.0:
        return math.nan
    slope = np.array([alpha[1], -alpha[0]]) / gap**2
    return math.sqrt(float(slope @ covariance @ slope))
