"""Compiled: which of the measured delays an order meets, from its number alone."""

from __future__ import annotations

from typing import Final

import numpy as np
from numba import njit

from arbresearch.edges.arrays import Times

__all__ = ["delay_of", "delays_of", "uniform_of"]

_STEP: Final = np.uint64(0x9E3779B97F4A7C15)
_FIRST: Final = np.uint64(0xBF58476D1CE4E5B9)
_SECOND: Final = np.uint64(0x94D049BB133111EB)
_ONE: Final = np.uint64(1)
_27: Final = np.uint64(27)
_30: Final = np.uint64(30)
_31: Final = np.uint64(31)
_11: Final = np.uint64(11)
_UNIT: Final = 2.0**-53


@njit(cache=True, error_model="numpy")
def uniform_of(key: int | np.uint64, number: int) -> float:
    """Draw a number from 0 to 1, 1 excluded: the same one for the same key and number (see :func:`delay_of`)."""
    mixed = np.uint64(key) + (np.uint64(number) + _ONE) * _STEP
    mixed = (mixed ^ (mixed >> _30)) * _FIRST
    mixed = (mixed ^ (mixed >> _27)) * _SECOND
    mixed = mixed ^ (mixed >> _31)
    return float(mixed >> _11) * _UNIT


@njit(cache=True, error_model="numpy")
def delay_of(delays: Times, key: int | np.uint64, number: int) -> int:
    """Draw one of the delays for an order: the same one for the same key and number, whatever was drawn before.

    The draw is output ``number`` of SplitMix64 started at ``key`` (Steele, Lea, Flood 2014, "Fast splittable
    pseudorandom number generators", OOPSLA), reached directly rather than by drawing those before it.

    Parameters
    ----------
    delays : array of shape (delays,)
        Nanoseconds; one of them is a constant delay. At least one.
    key
        Names the stream of draws, 0 to ``2**64 - 1``.
    number
        Of the order, zero or more.

    Returns
    -------
    int
        Nanoseconds.
    """
    return int(delays[int(uniform_of(key, number) * delays.size)])


@njit(cache=True, error_model="numpy")
def delays_of(delays: Times, key: int | np.uint64, numbers: Times) -> Times:
    """Draw one delay for each of many orders; see :func:`delay_of`."""
    drawn = np.empty(numbers.size, dtype=np.int64)
    for row in range(numbers.size):
        drawn[row] = delay_of(delays, key, numbers[row])
    return drawn
