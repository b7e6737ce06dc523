"""Profit by order size: what more size still adds, and where it adds nothing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy

from arbresearch.core import BadInput, ParameterError, expected
from arbresearch.edges.arrays import Floats
from arbresearch.thresholds.resample import check_profit, quantile_interval

__all__ = ["CapacityCurve", "best_size", "capacity_curve"]

_SECONDS_A_DAY = 86_400.0


@dataclass(frozen=True, slots=True, eq=False)
class CapacityCurve:
    """Profit a day by order size; quote currency.

    Parameters
    ----------
    sizes_quote : array of float64, shape (K,)
        Order sizes, rising.
    profit_day : array of float64, shape (K,)
        Measured.
    standard_error : array of float64, shape (K,)
        Of it, over the resamples.
    fitted_day : array of float64, shape (K,)
        The nearest curve through nothing at no size that never falls and rises ever less.
    capacity_quote
        Where that curve stops rising; the largest size where it still does there. 0: no size earns.
    capacity_low_quote, capacity_high_quote
        Quantiles of the same over the resamples.
    reached
        Whether the curve stops rising within the sizes.
    """

    sizes_quote: Floats
    profit_day: Floats
    standard_error: Floats
    fitted_day: Floats
    capacity_quote: float
    capacity_low_quote: float
    capacity_high_quote: float
    reached: bool

    def at(self, size_quote: float) -> float:
        """Return the fitted profit a day of a size, straight between sizes and flat beyond the largest."""
        return float(np.interp(size_quote, [0.0, *self.sizes_quote], [0.0, *self.fitted_day]))


def capacity_curve(
    sizes_quote: npt.ArrayLike,
    block_profits: npt.ArrayLike,
    block_s: float,
    weights: Floats,
    *,
    confidence: float = 0.95,
) -> CapacityCurve:
    """Return profit a day by order size, and the size from which more brings nothing.

    The curve is ``sum_j b_j min(x, x_j)`` with all b_j zero or more: concave, never falling, nothing at nothing. The
    b_j are found by least squares without negative ones (Lawson and Hanson 1974), each size weighed by the inverse of
    its variance over the resamples. Marginal profit is zero beyond the largest size with b_j above zero.

    Parameters
    ----------
    sizes_quote : array-like, shape (K,)
        Order sizes, rising, above zero.
    block_profits : array-like, shape (T, K)
        By block and size, quote currency.
    block_s
        Length of a block, seconds.
    weights : array of float64, shape (B, T)
        Resamples; see :func:`arbresearch.thresholds.resample.bootstrap_weights`.
    confidence
        Of the interval of the capacity.

    Raises
    ------
    BadInput
        Arrays that do not fit together, sizes that do not rise, fewer than two resamples.
    ParameterError
        A length or a confidence out of its range.
    """
    sizes, profits = np.asarray(sizes_quote, dtype=np.float64), check_profit(block_profits)
    if sizes.shape != (profits.shape[1],) or not sizes[0] > 0.0 or not np.all(np.diff(sizes) > 0.0):
        raise BadInput(expected("sizes_quote", f"{profits.shape[1]} sizes above zero that rise", sizes))
    if weights.ndim != 2 or weights.shape[0] < 2 or weights.shape[1] != profits.shape[0]:
        raise BadInput(expected("weights", f"two or more resamples x {profits.shape[0]} blocks", weights.shape))
    if not block_s > 0.0:
        raise ParameterError(expected("block_s", "seconds above zero", block_s))
    if not 0.0 < confidence < 1.0:
        raise ParameterError(expected("confidence", "a number between 0 and 1, such as 0.95", confidence))
    a_day = _SECONDS_A_DAY / block_s
    measured, resampled = a_day * profits.mean(axis=0), a_day * (weights @ profits)
    errors = resampled.std(axis=0, ddof=1)
    # A size whose profit never moves would otherwise count without bound.
    scale = 1.0 / np.maximum(errors, max(1e-6 * float(errors.max()), 1e-12))
    shapes = np.minimum(sizes[:, None], sizes[None, :])
    slopes = _slopes(shapes, measured, scale)
    ends = np.array([_end(sizes, _slopes(shapes, row, scale)) for row in resampled])
    capacity = _end(sizes, slopes)
    interval = quantile_interval(capacity, ends, confidence)
    return CapacityCurve(
        sizes, measured, errors, np.asarray(shapes @ slopes), capacity, interval.low, interval.high,
        bool(capacity < sizes[-1]),
    )  # fmt: skip


def best_size(curve: CapacityCurve, charge_day: float) -> float:
    """Return the size at which the fitted profit less a charge per unit of size is highest; 0 where none is worth it.

    Parameters
    ----------
    curve
        Profit a day by size.
    charge_day
        Per unit of order size and day, such as the expected loss by default of a venue.
    """
    sizes = np.concatenate(([0.0], curve.sizes_quote))
    net = np.concatenate(([0.0], curve.fitted_day)) - charge_day * sizes
    return float(sizes[int(np.argmax(net))])


def _slopes(shapes: Floats, profit: Floats, scale: Floats) -> Floats:
    # Ends where the sum is a rounding error were never asked for.
    found, _ = scipy.optimize.nnls(shapes * scale[:, None], profit * scale)
    return np.asarray(np.where(found > 1e-12 * max(float(found.max()), 1e-300), found, 0.0))


def _end(sizes: Floats, slopes: Floats) -> float:
    used = np.flatnonzero(slopes)
    return float(sizes[used[-1]]) if used.size else 0.0
