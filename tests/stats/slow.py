"""What the stats package computes, written once more so that it is obviously right, and processes with known means."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

__all__ = ["PROCESSES", "autoregression", "draw", "slow_newey_west", "slow_resample", "slow_variance"]

Floats = npt.NDArray[np.float64]


def slow_resample(values: Sequence[float], block_size: float, rng: np.random.Generator) -> list[float]:
    """Walk through the series; at each step start anew with chance one over the block size."""
    n = len(values)
    place = int(rng.integers(n))
    drawn = []
    for _ in range(n):
        drawn.append(values[place])
        place = int(rng.integers(n)) if rng.random() < 1.0 / block_size else (place + 1) % n
    return drawn


def slow_variance(values: Sequence[float], block_size: float) -> float:
    """Add up the covariance of every two places of a resample, itself an average over all starts."""
    n = len(values)
    mean = sum(values) / n
    total = 0.0
    for i in range(n):
        for j in range(n):
            together = (1.0 - 1.0 / block_size) ** abs(i - j)
            shared = sum((values[s] - mean) * (values[(s + abs(i - j)) % n] - mean) for s in range(n)) / n
            total += together * shared
    return total / n**2


def slow_newey_west(values: Sequence[float], lags: int) -> float:
    """Return the error of the mean from its double sum over all pairs at most ``lags`` apart."""
    n = len(values)
    mean = sum(values) / n
    total = 0.0
    for i in range(n):
        for j in range(n):
            weight = 1.0 - abs(i - j) / (lags + 1.0)
            if weight > 0.0:
                total += weight * (values[i] - mean) * (values[j] - mean)
    return math.sqrt(total) / n


def autoregression(shocks: Floats, phi: float) -> Floats:
    """Return a stationary AR(1) of variance one from standard normal shocks."""
    values = np.empty(shocks.size)
    values[0] = shocks[0]
    for i in range(1, shocks.size):
        values[i] = phi * values[i - 1] + math.sqrt(1.0 - phi * phi) * shocks[i]
    return values


PROCESSES = {
    "normal": 0.0,
    "autocorrelated .3": 0.0,
    "exponential": 1.0,
    "skewed to losses": -1.0,
    "skewed and autocorrelated": 1.0,
    "half of the blocks empty": 0.5,
    "empty in runs": 0.5,
}
"""Processes of block profits by name, with their true means."""


def draw(name: str, n: int, rng: np.random.Generator) -> Floats:
    """Return n blocks of one of :data:`PROCESSES`."""
    if name == "normal":
        return rng.standard_normal(n)
    if name == "autocorrelated .3":
        return autoregression(rng.standard_normal(n), 0.3)
    if name == "exponential":
        return rng.exponential(size=n)
    if name == "skewed to losses":
        return -rng.exponential(size=n)
    if name == "skewed and autocorrelated":
        # Squares of a normal autoregression: chi-squared with one degree of freedom, autocorrelated .3.
        return autoregression(rng.standard_normal(n), 0.3**0.5) ** 2
    if name == "half of the blocks empty":
        return rng.exponential(size=n) * (rng.random(n) < 0.5)
    return rng.exponential(size=n) * (autoregression(rng.standard_normal(n), 0.5) > 0.0)
