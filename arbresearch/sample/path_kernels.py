"""Compiled: the efficient log price, first by the minute over the whole span, then bridged to a quarter second."""

from __future__ import annotations

from math import exp, log, sqrt
from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["MINUTES_PER_DAY", "STEPS_PER_DAY", "STEPS_PER_MINUTE", "STEP_S", "fill_day", "minute_path"]

STEP_S: Final = 0.25
"""Grid of the efficient price within a day, seconds; between grid points it is linear."""
STEPS_PER_MINUTE: Final = 240
MINUTES_PER_DAY: Final = 1_440
STEPS_PER_DAY: Final = STEPS_PER_MINUTE * MINUTES_PER_DAY

_JUMP_MINUTES: Final = 1.0 / MINUTES_PER_DAY


@njit(cache=True)
def minute_path(
    rng: np.random.Generator, minutes: int, daily_vol: float, cluster_sd: float, cluster_minutes: float,
    jumps_per_day: float, jump_scale: float,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:  # fmt: skip
    """Simulate the log price at every minute, with its volatility and its jumps.

    The logarithm of volatility is a stationary Ornstein-Uhlenbeck process, which makes volatility cluster; its
    level is set so that the mean variance of a day is ``daily_vol ** 2``. Jumps are Poisson with Laplace sizes.
    Minutes are drawn in order, so a longer span begins with a shorter one.

    Parameters
    ----------
    rng
        Substream of the coin.
    minutes
        Number of minutes.
    daily_vol
        Standard deviation of a day's diffusive log return, a fraction.
    cluster_sd, cluster_minutes
        Stationary standard deviation of log volatility, and its half-life in minutes.
    jumps_per_day, jump_scale
        Expected number a day, and the scale of the Laplace distribution, a fraction.

    Returns
    -------
    path, volatility, jumps
        Log price relative to the start, shape (minutes + 1,); standard deviation of a minute's diffusive
        return, shape (minutes,); sum of a minute's jumps, shape (minutes,), zero for most.
    """
    path = np.zeros(minutes + 1)
    volatility = np.empty(minutes)
    jumps = np.zeros(minutes)
    decay = exp(-log(2.0) / cluster_minutes)
    kick = cluster_sd * sqrt(1.0 - decay * decay)
    base = daily_vol / sqrt(1440.0)
    state = cluster_sd * rng.standard_normal()
    for minute in range(minutes):
        volatility[minute] = base * exp(state - cluster_sd * cluster_sd)
        step = volatility[minute] * rng.standard_normal()
        if rng.random() < jumps_per_day * _JUMP_MINUTES:
            size = jump_scale * rng.standard_exponential()
            jumps[minute] = size if rng.random() < 0.5 else -size
        path[minute + 1] = path[minute] + step + jumps[minute]
        state = decay * state + kick * rng.standard_normal()
    return path, volatility, jumps


@njit(cache=True)
def fill_day(
    rng: np.random.Generator, path: NDArray[np.float64], volatility: NDArray[np.float64], jumps: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Bridge a day's minutes to a grid of :data:`STEP_S`.

    Within a minute the diffusive part is a Brownian bridge of that minute's volatility between its two ends. Its
    increments are sums of four uniform 16-bit numbers (kurtosis 2.7), which is normal enough after a few steps
    and three times as fast. A jump is a ramp of 1.5 s at a random place of its minute.

    Parameters
    ----------
    rng
        Substream of the coin and the day.
    path, volatility, jumps
        The day's slices of what :func:`minute_path` returned, shapes (m + 1,), (m,), (m,).

    Returns
    -------
    NDArray
        Log price, shape (240 m + 1,); every 240th value is the minute's.
    """
    minutes = volatility.size
    grid = np.empty(minutes * STEPS_PER_MINUTE + 1)
    walk = np.empty(STEPS_PER_MINUTE + 1)
    walk[0] = 0.0
    mask = np.uint64(0xFFFF)
    shift = np.uint64(16)
    unit = 1.0 / sqrt(4.0 * (65536.0 * 65536.0 - 1.0) / 12.0)
    grid[0] = path[0]
    for minute in range(minutes):
        bits = np.uint64(rng.random() * 9007199254740992.0)
        scale = volatility[minute] * unit / sqrt(240.0)
        total = 0.0
        for step in range(STEPS_PER_MINUTE):
            # SplitMix64 (Steele, Lea, Flood 2014), seeded anew each minute.
            bits += np.uint64(0x9E3779B97F4A7C15)
            mixed = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
            mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
            mixed = mixed ^ (mixed >> np.uint64(31))
            four = (mixed & mask) + ((mixed >> shift) & mask)
            four += ((mixed >> np.uint64(32)) & mask) + (mixed >> np.uint64(48))
            total += (float(four) - 131070.0) * scale
            walk[step + 1] = total
        first = minute * STEPS_PER_MINUTE
        slope = (path[minute + 1] - jumps[minute] - path[minute] - total) / 240.0
        for step in range(1, STEPS_PER_MINUTE + 1):
            grid[first + step] = path[minute] + walk[step] + slope * step
        if jumps[minute] != 0.0:
            at = int(rng.random() * 230.0)
            for step in range(1, STEPS_PER_MINUTE + 1):
                grid[first + step] += jumps[minute] * min(max((step - at) / 6.0, 0.0), 1.0)
    return grid
