"""Compiled: what a window of samples says of mean, trend, and reversion; computed when a cell completes."""

from __future__ import annotations

from math import expm1, log, sqrt
from typing import Any, Final

import numpy as np

from arbresearch.signals.compiled import inner
from arbresearch.signals.layout import CELL
from arbresearch.signals.settings import CELLS, SAMPLES
from arbresearch.signals.trend import theil_sen

__all__ = ["look"]

_NS_PER_HOUR: Final = 3.6e12
_FEWEST_PAIRS: Final = 4
_WITHIN: Final = 0.5 + 1e-9
"""Of the range of the samples, about its middle; the rest is for rounding."""


@inner
def _forget(state: Any, direction: int, h: int, context: Any) -> None:
    context.ready = False
    context.mean = context.sd = context.slope_bps_per_hour = context.trend_t = context.variance_ratio = np.nan
    context.phi = context.kappa = context.theta = context.stationary_sd = context.half_life_s = np.nan
    state.mean[direction, h] = state.sd[direction, h] = state.theta[direction, h] = state.reach[direction, h] = np.nan


@inner
def _moments(state: Any, direction: int, h: int, context: Any) -> bool:
    """Fill mean and standard deviation from the samples in order; return whether they differ."""
    ordered = state.sorted[direction, h]
    known = state.known[direction, h]
    if ordered[0] == ordered[known - 1]:
        context.mean = state.mean[direction, h] = ordered[0]
        context.sd = 0.0
        return False
    a, b, c, d = 0.0, 0.0, 0.0, 0.0
    whole = known - known % 4
    for i in range(0, whole, 4):
        a += ordered[i]
        b += ordered[i + 1]
        c += ordered[i + 2]
        d += ordered[i + 3]
    for i in range(whole, known):
        a += ordered[i]
    mean = ((a + b) + (c + d)) / known
    a, b, c, d = 0.0, 0.0, 0.0, 0.0
    for i in range(0, whole, 4):
        a += (ordered[i] - mean) * (ordered[i] - mean)
        b += (ordered[i + 1] - mean) * (ordered[i + 1] - mean)
        c += (ordered[i + 2] - mean) * (ordered[i + 2] - mean)
        d += (ordered[i + 3] - mean) * (ordered[i + 3] - mean)
    for i in range(whole, known):
        a += (ordered[i] - mean) * (ordered[i] - mean)
    context.mean = state.mean[direction, h] = mean
    context.sd = state.sd[direction, h] = sqrt(((a + b) + (c + d)) / (known - 1))
    return True


@inner
def _unroll(engine: Any, direction: int, h: int, mean: float) -> None:
    """Write the samples in order of time less their mean, 0 where not known, with 1 for known and 0 for not."""
    state = engine.state
    ring = state.ring[direction, h]
    window, known = engine.window, engine.known
    place = state.at[h]
    for i in range(SAMPLES - place):
        window[i] = ring[place + i] - mean
    for i in range(place):
        window[SAMPLES - place + i] = ring[i] - mean
    for i in range(SAMPLES):
        ok = window[i] == window[i]
        known[i] = 1.0 if ok else 0.0
        window[i] = window[i] if ok else 0.0


@inner
def _cells(engine: Any) -> None:
    """Fill the means of the cells; those of cells that stand still at one value are exactly alike."""
    window, known, cells = engine.window, engine.known, engine.cells
    for cell in range(CELLS):
        total, count, anchor = 0.0, 0.0, 0.0
        for i in range(cell * CELL, (cell + 1) * CELL):
            anchor = window[i] if known[i] > 0.0 else anchor
        for i in range(cell * CELL, (cell + 1) * CELL):
            total += (window[i] - anchor) * known[i]
            count += known[i]
        cells[cell] = anchor + total / count


@inner
def _increments(engine: Any, lag: int, drift: float) -> float:
    """Return the sum of squares of the known increments over a lag, less their drift."""
    window, known = engine.window, engine.known
    a, b = 0.0, 0.0
    last = SAMPLES - lag
    for i in range(0, last - 1, 2):
        one = (window[i + lag] - window[i] - drift) * known[i] * known[i + lag]
        other = (window[i + lag + 1] - window[i + 1] - drift) * known[i + 1] * known[i + lag + 1]
        a += one * one
        b += other * other
    if last % 2:
        one = (window[last - 1 + lag] - window[last - 1] - drift) * known[last - 1] * known[last - 1 + lag]
        a += one * one
    return a + b


@inner
def _variance_ratio(engine: Any, pairs: float, drift: float, short: float) -> float:
    """Return the variance of increments over a cell against that of ten times those over a sample.

    Overlapping and corrected for bias: Lo and MacKinlay (1988, Review of Financial Studies 1, 41-66); with samples
    missing, of the increments that are known.
    """
    known = engine.known
    longer = 0.0
    for i in range(SAMPLES - CELL):
        longer += known[i] * known[i + CELL]
    if not (pairs > CELL and longer > 0.0):
        return np.nan
    variance = _increments(engine, CELL, CELL * drift) / (CELL * longer * (1.0 - CELL / pairs))
    return variance / (short / (pairs - 1.0))


@inner
def _reversion(engine: Any, direction: int, h: int, context: Any) -> None:
    """Fill the mean-reverting process of exact discretisation by least squares, as ``fit_ou`` does, and the ratio.

    A level to revert to beyond all samples is that of a trend: then there is no process.
    """
    window, known = engine.window, engine.known
    pairs, now, following, moved, square, product, later = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    for i in range(SAMPLES - 1):
        here, there, both = window[i], window[i + 1], known[i] * known[i + 1]
        pairs += both
        now += here * both
        following += there * both
        moved += (there - here) * both
        square += here * here * both
        product += here * there
        later += there * there * both
    if pairs < _FEWEST_PAIRS:
        return
    drift = moved / pairs
    short = _increments(engine, 1, drift)
    if short == 0.0:
        # It jumped while it was not known, or rose by the same from sample to sample: a deviation does not shrink.
        context.phi = 1.0
        return
    context.variance_ratio = _variance_ratio(engine, pairs, drift, short)
    spread = square - now * now / pairs
    shared = product - now * following / pairs
    phi = shared / spread
    context.phi = phi
    if not 0.0 < phi < 1.0:
        return
    noise = (later - following * following / pairs - phi * shared) / pairs
    if not noise > 0.0:
        return
    theta = context.mean + now / pairs + drift / (1.0 - phi)
    ordered = engine.state.sorted[direction, h]
    lowest, highest = ordered[0], ordered[engine.state.known[direction, h] - 1]
    if abs(theta - 0.5 * (lowest + highest)) > _WITHIN * (highest - lowest):
        return
    speed = -log(phi)
    context.kappa = speed / (1e-9 * engine.terms.spacing_ns[h])
    context.half_life_s = log(2.0) / context.kappa
    context.theta = engine.state.theta[direction, h] = theta
    context.stationary_sd = sqrt(noise / (1.0 - phi * phi))
    engine.state.reach[direction, h] = context.stationary_sd * sqrt(expm1(2.0 * speed * SAMPLES))


@inner
def look(engine: Any, direction: int, h: int) -> None:
    """Renew the context of a horizon and direction; all of it is NaN while the window is not ready."""
    state = engine.state
    context = engine.numbers.context[direction, h]
    _forget(state, direction, h, context)
    if state.taken[h] < SAMPLES or 2 * state.known[direction, h] < SAMPLES:
        return
    context.ready = True
    moves = _moments(state, direction, h, context)
    _unroll(engine, direction, h, context.mean)
    _cells(engine)
    slope, context.trend_t = theil_sen(engine)
    context.slope_bps_per_hour = slope * (_NS_PER_HOUR / (CELL * engine.terms.spacing_ns[h]))
    if moves:
        _reversion(engine, direction, h, context)
