"""The chance to reach a level by a time: the backward equation, solved by collocation."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

import numpy as np
import scipy
from scipy.special import erfc

from arbresearch.core import ParameterError, expected
from arbresearch.stats.series import Floats

__all__ = ["hit_probability_above"]

_FURTHEST: Final = 30.0
_NEAR_POINTS: Final = 56
_FAR_POINTS: Final = (65, 128)
"""Near the mean, and elsewhere. BLAS splits a product of matrices among threads from 65 rows on, which costs more time
than it saves where other work runs beside."""
_LONG: Final = 30.0
"""The modes of the process die at rates about one apart: by then all but the slowest are below 1e-12 of it."""
_ITERATIONS: Final = 30
_WIDTH: Final = 9.0
"""Where erfc has fallen to 1e-36, and with the drift of the near solution to less than 1e-16."""


def hit_probability_above(z: Floats, level: float, time: float) -> Floats:
    """Return the chance to come down to a level within a time, for ``dZ = -Z dt + sqrt(2) dW``.

    ``u_t = u_zz - z u_z`` with ``u(level, t) = 1`` and ``u(z, 0) = 0``. The jump in the corner is removed by the
    variable ``eta = (z - level) / g`` with ``g = sqrt(2 (exp(2 t) - 1))``, in which the solution is smooth from the
    start, and for a level of zero ``erfc(eta)`` at all times: ``g (2 + g^2) u_g = u_ee + (2 eta - level g) u_e``.
    From where the layer at the level has grown as wide as the drift there lets it, ``1 - u`` goes on in z itself,
    over ``arcsinh``, with the exponential of the collocation matrix, and after 30 times ``1 / kappa`` with the rate of
    its slowest mode: exact in time, however long it is.

    Parameters
    ----------
    z : array, shape (n,)
        Above the level, in stationary standard deviations.
    level
        Within 30 of the mean.
    time
        In units of ``1 / kappa``, above zero.

    Returns
    -------
    numpy.ndarray, shape (n,)
        Absolute error below 1e-6 for z within 40 of the mean and times up to 1e6: against the closed form at the mean,
        mean first passage times, finite differences, and the same with more points.

    Raises
    ------
    ParameterError
        A level further out.
    """
    if not abs(level) <= _FURTHEST:
        raise ParameterError(expected("level", f"within {_FURTHEST:g} stationary sd of theta", f"{level:.6g}"))
    scale = 1.0 / (1.0 + abs(level))
    switch = 0.5 * math.log1p(0.5 * (4.0 * scale) ** 2)
    near = _near(level, scale, min(time, switch))
    result = near(z) if time <= switch else 1.0 - _far(z, level, scale, near, time - switch)
    return np.asarray(np.clip(result, 0.0, 1.0))


def _near(level: float, scale: float, time: float) -> Callable[[Floats], Floats]:
    """Solve in eta over ``ln g``; return the solution at the time, as a function of z."""
    end = math.sqrt(2.0 * math.expm1(2.0 * time))
    start = min(1e-4 * scale, end)
    eta, slope = _chebyshev(_NEAR_POINTS, _WIDTH)
    # The first two terms of the solution's series in g.
    values = erfc(eta) * (1.0 + 0.5 * level * start * eta)
    if end > start:
        curve = slope @ slope
        drift = 2.0 * eta[:, None] * slope
        steady, moving = (curve + drift)[1:-1], (-level * slope)[1:-1]

        def matrix(log_g: float) -> Floats:
            g = math.exp(log_g)
            return np.asarray((steady + g * moving) / (2.0 + g * g))

        solution = scipy.integrate.solve_ivp(
            lambda log_g, inner: (whole := matrix(log_g))[:, 1:-1] @ inner + whole[:, 0],
            (math.log(start), math.log(end)),
            values[1:-1],
            method="Radau",
            jac=lambda log_g, _: matrix(log_g)[:, 1:-1],
            t_eval=[math.log(end)],
            rtol=1e-8,
            atol=1e-10,
        )
        values = np.concatenate(([1.0], solution.y[:, -1], [0.0]))
    polynomial = scipy.interpolate.BarycentricInterpolator(eta, values)

    def at(z: Floats) -> Floats:
        where = (z - level) / end
        return np.where(where < _WIDTH, polynomial(np.minimum(where, _WIDTH)), 0.0)

    return at


def _far(z: Floats, level: float, scale: float, near: Callable[[Floats], Floats], time: float) -> Floats:
    """Go on from the near solution for a time; return the chance not to reach the level."""
    # Beyond the last point of interest what is unknown drifts in with the backward equation only against exp(-z^2/2).
    last = max(float(z.max()), 0.0) + 8.0
    count = _FAR_POINTS[not -6.0 <= level <= 3.0 or last > 16.0]
    y, slope_y = _chebyshev(count, math.asinh((last - level) / scale))
    points = level + scale * np.sinh(y)
    slope = slope_y / (scale * np.cosh(y))[:, None]
    generator = slope @ slope - points[:, None] * slope
    generator[-1] = -points[-1] * slope[-1]
    inner = generator[1:, 1:]
    left = scipy.linalg.expm(min(time, _LONG) * inner) @ (1.0 - near(points[1:]))
    if time > _LONG:
        left *= math.exp(-_slowest(inner) * (time - _LONG))
    values = np.concatenate(([0.0], left))
    return np.asarray(scipy.interpolate.BarycentricInterpolator(y, values)(np.arcsinh((z - level) / scale)))


def _slowest(generator: Floats) -> float:
    """Return the rate at which the last mode dies, by inverse iteration: an exponential would blur one near zero."""
    factors = scipy.linalg.lu_factor(generator)
    mode, growth = np.ones(len(generator)), 1.0
    for _ in range(_ITERATIONS):
        mode = scipy.linalg.lu_solve(factors, -mode)
        growth = float(mode[-1])
        mode /= growth
    return max(0.0, 1.0 / growth)


def _chebyshev(count: int, length: float) -> tuple[Floats, Floats]:
    """Return points from 0 to a length and the matrix that takes values there to slopes (Trefethen 2000, chapter 6)."""
    angle = np.pi * np.arange(count) / (count - 1)
    points = length * np.sin(0.5 * angle) ** 2
    weights = np.where(np.arange(count) % 2, -1.0, 1.0)
    weights[[0, -1]] *= 2.0
    # Differences of cosines as products of sines, which do not cancel.
    total, rest = angle[:, None] + angle, angle[:, None] - angle
    apart = length * np.sin(0.5 * total) * np.sin(0.5 * rest) + np.eye(count)
    matrix = weights[:, None] / weights / apart
    np.fill_diagonal(matrix, 0.0)
    np.fill_diagonal(matrix, -matrix.sum(axis=1))
    return points, matrix
