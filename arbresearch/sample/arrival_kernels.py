"""Compiled: when books change, and by how much a venue stands off the efficient price then."""

from __future__ import annotations

from math import exp, pi, sin, sqrt
from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from arbresearch.sample.path_kernels import STEP_S

__all__ = ["CALM_RATE", "arrivals", "deviations"]

_CALM_S: Final = 60.0
_BURST_S: Final = 4.0
_BURST: Final = 12.0
CALM_RATE: Final = (_CALM_S + _BURST_S) / (_CALM_S + _BURST * _BURST_S)
"""Rate in a calm as a multiple of the mean rate, so that calms and bursts average to one."""


@njit(cache=True)
def arrivals(
    rng: np.random.Generator, grid: NDArray[np.float64], rate: float, move: float, lag_s: float,
    until_s: float, times: NDArray[np.float64],
) -> int:  # fmt: skip
    """Fill in the times at which one book changes within a day.

    A Markov-modulated Poisson process (calms of a minute, bursts of 4 s at twelve times the rate) with a daily
    season; and whenever the efficient price has moved by ``move`` since the last change, the book follows within
    a fraction of a second after its lag.

    Parameters
    ----------
    rng
        Substream of the stream and the day.
    grid
        The day's efficient log price, one value each :data:`~arbresearch.sample.path_kernels.STEP_S`.
    rate
        Mean rate of spontaneous changes, 1/s.
    move
        Move of the log price that makes the venue requote.
    lag_s
        How much later than the efficient price this venue moves, seconds.
    until_s
        No change after this, seconds of the day.
    times
        Filled from the front, increasing, seconds of the day.

    Returns
    -------
    int
        Number of times; -1 when ``times`` was too short.
    """
    count = 0
    now = 0.0
    seen = grid[0]
    burst = False
    phase_end = _CALM_S * rng.standard_exponential()
    season = 1.0
    level = CALM_RATE
    scan = 1
    last = grid.size - 1
    while True:
        due = now + rng.standard_exponential() / (rate * season * level)
        spontaneous = due <= phase_end
        if not spontaneous:
            due = phase_end
        known = min(int((due - lag_s) / STEP_S), last)
        while scan <= known and abs(grid[scan] - seen) <= move:
            scan += 1
        moved = scan <= known
        now = max(now, scan * STEP_S + lag_s + 0.2 * STEP_S * rng.random()) if moved else due
        if now >= until_s:
            return count
        if moved or spontaneous:
            if count == times.size:
                return -1
            times[count] = now
            count += 1
            seen = grid[min(max(int((now - lag_s) / STEP_S), 0), last)]
            scan = max(scan, int((now - lag_s) / STEP_S) + 1)
        if not moved and not spontaneous:
            burst = not burst
            level = CALM_RATE * _BURST if burst else CALM_RATE
            phase_end = now + (_BURST_S if burst else _CALM_S) * rng.standard_exponential()
            turn = 2.0 * pi * now / 86400.0
            season = 1.0 + 0.35 * sin(turn - 2.3) + 0.12 * sin(2.0 * turn)


@njit(cache=True)
def deviations(
    rng: np.random.Generator, times: NDArray[np.float64], kappa: float, sd: float, first: float, final: float,
    final_s: float,
) -> NDArray[np.float64]:  # fmt: skip
    """Simulate an Ornstein-Uhlenbeck process around zero exactly at given times, between two known ends.

    Parameters
    ----------
    rng
        Substream of the stream and the day.
    times
        Increasing, seconds, within (0, ``final_s``).
    kappa, sd
        Speed of reversion, 1/s, and stationary standard deviation.
    first, final
        Values at 0 and at ``final_s``.
    final_s
        End of the day, seconds.

    Returns
    -------
    NDArray
        Shape of ``times``: free motion from ``first``, corrected by what it misses ``final`` by in proportion to
        the covariance with the end, ``sinh(kappa t) / sinh(kappa T)``.
    """
    values = np.empty(times.size)
    state = first
    before = 0.0
    for index in range(times.size + 1):
        now = times[index] if index < times.size else final_s
        decay = exp(-kappa * (now - before))
        state = decay * state + sd * sqrt(max(1.0 - decay * decay, 0.0)) * rng.standard_normal()
        before = now
        if index < times.size:
            values[index] = state
    missed = final - state
    whole = 1.0 - exp(-2.0 * kappa * final_s)
    index = times.size - 1
    while index >= 0 and kappa * (final_s - times[index]) < 40.0:
        share = exp(-kappa * (final_s - times[index])) * (1.0 - exp(-2.0 * kappa * times[index])) / whole
        values[index] += missed * share
        index -= 1
    return values
