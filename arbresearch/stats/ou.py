"""Mean reversion: the Ornstein-Uhlenbeck process fitted through its exact AR(1) form."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.special import stdtrit

from arbresearch.core import BadInput, ParameterError, expected
from arbresearch.stats.series import Floats, as_series, dot

__all__ = ["OUFit", "fit_ou", "half_life"]

_WANTED_REVERSIONS: Final = 50.0
_FEWEST_PAIRS: Final = 4
_NAN: Final = math.nan


@dataclass(frozen=True, slots=True)
class OUFit:
    """What :func:`fit_ou` returns: ``dX = kappa (theta - X) dt + sigma dW``.

    Times are in the unit of ``dt``. Each ``_low`` and ``_high`` is the two-sided interval of the field before it.
    Where the series does not revert, kappa, theta, sigma, half-life and all that rests on them are NaN and
    ``reason`` says why.

    Parameters
    ----------
    phi
        Autocorrelation from one sample to the next.
    kappa
        Speed of reversion, one over time: ``-ln(phi) / dt``.
    theta
        Level reverted to, unit of x.
    sigma
        Volatility, unit of x per root of time.
    half_life
        ``ln 2 / kappa``; its interval may reach from 0 to infinity.
    stationary_sd
        ``sigma / sqrt(2 kappa)``, unit of x; its relative standard error is near ``1 / sqrt(2 kappa_t)``.
    kappa_t
        kappa times the time observed: how many reversions the fit rests on. 50 or more are wanted.
    kappa_bias
        About how much too large kappa is expected to be, ``4 / T`` for the time T observed (Tang and Chen 2009).
    kappa_coarse, half_life_coarse
        The same from samples ``coarser`` apart. Without noise they agree with kappa and half_life; noise that does
        not last, such as the bounce between bid and ask, lowers kappa_coarse. NaN where there are too few samples
        or the coarser series does not revert.
    noise_z
        By how many standard errors the autocorrelation at the coarser lag exceeds ``phi ** coarser``; normal(0, 1)
        for a process without noise (Hausman 1978; Bartlett's variance). NaN with too few samples.
    pairs
        Consecutive known samples the fit rests on.
    reverts
        Whether phi is between 0 and 1.
    reason
        Why there is no reversion; empty where there is.
    notes
        What to be careful about; empty where nothing is.
    """

    phi: float
    phi_low: float
    phi_high: float
    kappa: float
    kappa_low: float
    kappa_high: float
    theta: float
    theta_low: float
    theta_high: float
    sigma: float
    sigma_low: float
    sigma_high: float
    half_life: float
    half_life_low: float
    half_life_high: float
    stationary_sd: float
    kappa_t: float
    kappa_bias: float
    kappa_coarse: float
    half_life_coarse: float
    noise_z: float
    pairs: int
    reverts: bool
    reason: str
    notes: tuple[str, ...]


def half_life(phi: float, dt: float = 1.0) -> float:
    """Return the time in which a deviation halves, ``-dt ln 2 / ln phi``.

    Exact for samples ``dt`` apart of an Ornstein-Uhlenbeck process; the shortcut ``-ln 2 / (phi - 1)`` is its first
    order only.

    Parameters
    ----------
    phi
        Autocorrelation from one sample to the next.
    dt
        Time between samples.

    Returns
    -------
    float
        In the unit of dt; NaN where phi is not between 0 and 1: nothing reverts, or faster than is sampled.

    Raises
    ------
    ParameterError
        dt is not positive.
    """
    _check_dt(dt)
    return -dt * math.log(2.0) / math.log(phi) if 0.0 < phi < 1.0 else _NAN


def fit_ou(x: npt.ArrayLike, dt: float = 1.0, *, confidence: float = 0.95, coarser: int = 5) -> OUFit:
    """Fit an Ornstein-Uhlenbeck process to samples at equal distances.

    The exact discretisation is ``X_next = theta + phi (X - theta) + e`` with ``phi = exp(-kappa dt)`` and
    ``Var e = sigma^2 (1 - phi^2) / (2 kappa)``; phi and theta by least squares, sigma by maximum likelihood.

    Intervals: that of phi is centred at ``phi + (1 + 3 phi) / n`` (Kendall 1954, for the bias downwards),
    ``(1 + 3 / n)`` times Student's wide, and reaches to phi at least; those of kappa and half_life follow from it,
    those of theta (at that centre) and sigma by the delta method. Simulated coverage of the 95 % interval of
    half_life is 92 to 95 % from kappa_t of 10 on, and 86 to 92 % below.

    Parameters
    ----------
    x : array-like, shape (n,)
        Samples ``dt`` apart. NaN is a sample that is not known: pairs with it are left out.
    dt
        Time between samples, in any unit.
    confidence
        Of the intervals, between 0 and 1.
    coarser
        Distance in samples of the coarser series that ``noise_z`` compares with, two or more.

    Returns
    -------
    OUFit

    Raises
    ------
    BadInput
        Not a one-dimensional series of numbers, an infinite one, fewer than four pairs, or a constant series.
    ParameterError
        A parameter out of its range.
    """
    _check_dt(dt)
    if not 0.0 < confidence < 1.0:
        raise ParameterError(expected("confidence", "a number between 0 and 1, such as 0.95", confidence))
    if coarser < 2:
        raise ParameterError(expected("coarser", "two samples or more", coarser))
    values = as_series(x, "x")
    now, following = _pairs(values, 1)
    if now.size < _FEWEST_PAIRS:
        raise BadInput(expected("x", f"{_FEWEST_PAIRS} pairs of known consecutive samples or more", now.size))
    if np.ptp(now) == 0.0:
        raise BadInput(expected("x", "a series that moves", f"the constant {now[0]}"))
    line = _regress(now, following)
    quantile = -float(stdtrit(now.size - 2, 0.5 - 0.5 * confidence))
    low, high = _phi_interval(line, quantile)
    phi_coarse, noise_z = _coarse(values, line, coarser)
    kappa_coarse = -math.log(phi_coarse) / (coarser * dt) if 0.0 < phi_coarse < 1.0 else _NAN
    coarse = {"kappa_coarse": kappa_coarse, "half_life_coarse": math.log(2.0) / kappa_coarse, "noise_z": noise_z}
    if not 0.0 < line.phi < 1.0:
        return _without_reversion(line, low, high, coarse)
    return _with_reversion(line, low, high, dt, quantile, coarse)


@dataclass(frozen=True, slots=True)
class _Line:
    phi: float
    theta: float
    phi_error: float
    theta_error: float
    residual_variance: float
    pairs: int


def _pairs(values: Floats, lag: int) -> tuple[Floats, Floats]:
    now, later = values[:-lag], values[lag:]
    known = ~(np.isnan(now) | np.isnan(later))
    return now[known], later[known]


def _regress(now: Floats, following: Floats) -> _Line:
    n = now.size
    mean_now, mean_following = float(now.mean()), float(following.mean())
    a, b = now - mean_now, following - mean_following
    square = dot(a, a)
    phi = dot(a, b) / square
    rest = b - phi * a
    squared = dot(rest, rest)
    variance = squared / (n - 2)
    drift = mean_following - mean_now
    theta = mean_now + drift / (1.0 - phi) if phi != 1.0 else _NAN
    # Mean and slope are uncorrelated in least squares. A phi that is too small makes theta look better known.
    slack = 1.0 - _unbiased(phi, n)
    theta_error = math.inf
    if slack > 0.0:
        theta_error = math.sqrt(variance / n / slack**2 + drift**2 / slack**4 * variance / square)
    return _Line(phi, theta, math.sqrt(variance / square), theta_error, squared / n, n)


def _unbiased(phi: float, pairs: int) -> float:
    return phi + (1.0 + 3.0 * phi) / pairs


def _phi_interval(line: _Line, quantile: float) -> tuple[float, float]:
    centre = _unbiased(line.phi, line.pairs)
    half = quantile * line.phi_error * (1.0 + 3.0 / line.pairs)
    return min(centre - half, line.phi), max(centre + half, line.phi)


def _coarse(values: Floats, line: _Line, lag: int) -> tuple[float, float]:
    """Return the autocorrelation at a longer lag, and how far it is above what phi implies."""
    now, later = _pairs(values, lag) if values.size > lag else (values[:0], values[:0])
    if now.size < 10 * lag or np.ptp(now) == 0.0:
        return _NAN, _NAN
    phi, n = line.phi, line.pairs
    found = _regress(now, later).phi
    if not 0.0 < phi < 1.0:
        return found, _NAN
    squared = phi * phi
    bartlett = (1.0 + squared) * (1.0 - squared**lag) / (1.0 - squared) - 2.0 * lag * squared**lag
    implied = lag**2 * squared ** (lag - 1) * (1.0 - squared)
    return found, (found - phi**lag) / math.sqrt((bartlett - implied) / n)


def _without_reversion(line: _Line, low: float, high: float, coarse: dict[str, float]) -> OUFit:
    reason = (
        f"phi is {line.phi:.6g}, one or more: a deviation does not shrink"
        if line.phi >= 1.0
        else f"phi is {line.phi:.6g}, zero or less: what reverts does so within a sample; sample more finely"
    )
    unknown = dict.fromkeys(
        ("kappa", "kappa_low", "kappa_high", "theta", "theta_low", "theta_high", "sigma", "sigma_low", "sigma_high",
         "half_life", "half_life_low", "half_life_high", "stationary_sd", "kappa_t", "kappa_bias"), _NAN,
    )  # fmt: skip
    return OUFit(
        phi=line.phi, phi_low=low, phi_high=high, pairs=line.pairs, reverts=False, reason=reason, notes=(),
        **unknown, **coarse,
    )  # fmt: skip


def _with_reversion(
    line: _Line, low: float, high: float, dt: float, quantile: float, coarse: dict[str, float]
) -> OUFit:
    phi, log_phi = line.phi, math.log(line.phi)
    kappa, kappa_low, kappa_high = -log_phi / dt, *(_kappa(one, dt) for one in (high, low))
    sigma = math.sqrt(line.residual_variance * 2.0 * kappa / (1.0 - phi * phi))
    slope = 1.0 / (phi * log_phi) + 2.0 * phi / (1.0 - phi * phi)
    factor = math.exp(0.5 * quantile * math.sqrt(2.0 / line.pairs + (slope * line.phi_error) ** 2))
    half = quantile * line.theta_error
    time = line.pairs * dt
    return OUFit(
        phi=phi,
        phi_low=low,
        phi_high=high,
        kappa=kappa,
        kappa_low=kappa_low,
        kappa_high=kappa_high,
        theta=line.theta,
        theta_low=line.theta - half,
        theta_high=line.theta + half,
        sigma=sigma,
        sigma_low=sigma / factor,
        sigma_high=sigma * factor,
        half_life=math.log(2.0) / kappa,
        half_life_low=math.log(2.0) / kappa_high,
        half_life_high=math.log(2.0) / kappa_low if kappa_low > 0.0 else math.inf,
        stationary_sd=sigma / math.sqrt(2.0 * kappa),
        kappa_t=kappa * time,
        kappa_bias=4.0 / time,
        pairs=line.pairs,
        reverts=True,
        reason="",
        notes=_notes(kappa * time, coarse["noise_z"], quantile),
        **coarse,
    )


def _kappa(phi: float, dt: float) -> float:
    if phi <= 0.0:
        return math.inf
    return max(0.0, -math.log(phi) / dt)


def _notes(kappa_t: float, noise_z: float, quantile: float) -> tuple[str, ...]:
    notes = []
    if kappa_t < _WANTED_REVERSIONS:
        notes.append(
            f"kappa * T is {kappa_t:.3g}, under {_WANTED_REVERSIONS:g}: kappa is biased up by about "
            f"{400.0 / kappa_t:.0f} %, the half-life looks too short"
        )
    if noise_z > quantile:
        notes.append(
            f"samples further apart revert more slowly (z {noise_z:.1f}): noise makes the half-life look too short; "
            "use the coarser one"
        )
    return tuple(notes)


def _check_dt(dt: float) -> None:
    if not 0.0 < dt < math.inf:
        raise ParameterError(expected("dt", "a positive time between samples", dt))
