"""Simulated spreads with known parameters, and what trading levels on them brings, step by step."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from scipy.signal import lfilter

__all__ = ["EPOCH_NS", "edges_of", "reverting", "traded"]

Floats = npt.NDArray[np.float64]
Times = npt.NDArray[np.int64]

EPOCH_NS = 1_700_000_000_000_000_000


def reverting(n: int, step: float, *, seed: int, theta: float = 0.0, sd: float = 1.0, paths: int = 1) -> Floats:
    """Return exact samples of stationary processes, ``step`` reversion times apart, shape (paths, n)."""
    rng = np.random.default_rng([seed, n])
    phi = math.exp(-step)
    shocks = rng.standard_normal((paths, n)) * math.sqrt(1.0 - phi * phi)
    shocks[:, 0] = rng.standard_normal(paths)
    return np.asarray(theta + sd * lfilter([1.0], [1.0, -phi], shocks, axis=1))


def edges_of(y: Floats, cost: float | Floats, dt_s: float) -> tuple[Times, Floats, Floats]:
    """Return times and both directed edges of a spread at equal distances."""
    times = EPOCH_NS + np.round(np.arange(y.size) * dt_s * 1e9).astype(np.int64)
    return times, y - 0.5 * cost, -y - 0.5 * cost


def traded(y: Floats, centre: float, enter: float, leave: float, cost: float) -> tuple[int, float]:
    """Return entries and profit of one unit at most on either side, each trade at the value seen."""
    held, entries, cash = 0, 0, 0.0
    for one in y:
        if (held == -1 and one <= centre - leave) or (held == 1 and one >= centre + leave):
            cash += held * one - 0.5 * cost
            held = 0
        if held == 0 and abs(one - centre) >= enter:
            held = -1 if one > centre else 1
            cash -= held * one + 0.5 * cost
            entries += 1
    return entries, cash + held * float(y[-1])
