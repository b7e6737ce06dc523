"""Prices and sizes as integers with a decimal exponent, and back, without losing a bit.

A double that was written with at most about fifteen digits is ``units / 10**exponent`` with both operands
exact, and IEEE division then returns the very same double. Rows for which that does not hold (sums such as
0.1 + 0.2, seventeen digits, absurdly large or small) keep the 64 bits of each double as they are; their
exponent is ``RAW_MARK``.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
from numba import njit

__all__ = ["MAX_EXPONENT", "RAW_MARK", "decode", "encode"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
ExponentArray = npt.NDArray[np.int8]

MAX_EXPONENT: Final = 15
"""Largest exponent tried by division; 10**22 is the last exact power of ten, fifteen digits the useful limit."""
RAW_MARK: Final = 127
"""Exponent of rows whose units are the bits of the doubles."""

_POWERS: Final[FloatArray] = np.array([float(10**k) for k in range(MAX_EXPONENT + 1)])
_LIMIT: Final = float(2**53)


@njit(cache=True)
def _needed(value: float, start: int, powers: FloatArray, limit: float) -> int:
    """Return the least exponent at or above ``start`` that holds the value exactly; -1 when none does."""
    if np.isnan(value):
        return start
    for exponent in range(start, powers.size):
        scaled = value * powers[exponent]
        if abs(scaled) > limit:
            return -1
        if np.rint(scaled) / powers[exponent] == value:
            return exponent
    return -1


@njit(cache=True)
def _group_exponents(values: FloatArray, groups: IntArray, count: int, powers: FloatArray, limit: float) -> IntArray:
    """Return for each group the least exponent that holds all its ordinary values."""
    best = np.zeros(count, dtype=np.int64)
    for row in range(values.shape[0]):
        group = groups[row]
        for column in range(values.shape[1]):
            exponent = _needed(values[row, column], best[group], powers, limit)
            if exponent > best[group]:
                best[group] = exponent
    return best


@njit(cache=True)
def _encode(
    values: FloatArray, groups: IntArray, best: IntArray, powers: FloatArray, limit: float
) -> tuple[IntArray, ExponentArray, npt.NDArray[np.bool_]]:
    rows, columns = values.shape
    units = np.zeros((columns, rows), dtype=np.int64)
    exponents = np.zeros(rows, dtype=np.int8)
    odd = np.zeros(rows, dtype=np.bool_)
    for row in range(rows):
        exponent = best[groups[row]]
        for attempt in range(2):
            power = powers[exponent]
            fits = True
            for column in range(columns):
                value = values[row, column]
                if np.isnan(value):
                    units[column, row] = 0
                    continue
                scaled = value * power
                if abs(scaled) > limit:
                    fits = False
                    break
                whole = np.rint(scaled)
                if whole / power != value:
                    fits = False
                    break
                units[column, row] = np.int64(whole)
            if fits:
                exponents[row] = exponent
                break
            if attempt == 1:
                odd[row] = True
                break
            exponent = 0
            for column in range(columns):
                found = _needed(values[row, column], exponent, powers, limit)
                if found < 0:
                    odd[row] = True
                    break
                exponent = found
            if odd[row]:
                break
    return units, exponents, odd


def encode(values: FloatArray, groups: IntArray) -> tuple[IntArray, ExponentArray]:
    """Encode doubles as integer units that share one exponent a row.

    Parameters
    ----------
    values
        (n, k) doubles; NaN is allowed and gets units 0 (the caller keeps the null).
    groups
        (n,) group number of each row (rows of one symbol share an exponent where they can).

    Returns
    -------
    units, exponents
        (k, n) int64 and (n,) int8 such that :func:`decode` returns ``values`` to the last bit, but for negative
        zero, which becomes zero.
    """
    if values.shape[0] == 0:
        return np.zeros((values.shape[1], 0), dtype=np.int64), np.zeros(0, dtype=np.int8)
    dense = np.ascontiguousarray(values)
    best = _group_exponents(dense, groups, int(groups.max()) + 1, _POWERS, _LIMIT)
    units, exponents, odd = _encode(dense, groups, best, _POWERS, _LIMIT)
    if odd.any():
        raw = dense[odd]
        units[:, odd] = np.where(np.isnan(raw), 0, (raw + 0.0).view(np.int64)).T
        exponents[odd] = RAW_MARK
    return units, exponents


def decode(units: IntArray, exponents: ExponentArray, nulls: npt.NDArray[np.bool_] | None = None) -> FloatArray:
    """Decode one column of units; the inverse of :func:`encode`.

    Parameters
    ----------
    units, exponents
        (n,) as stored.
    nulls
        (n,) True where the value is missing; those become NaN.
    """
    if units.size == 0:
        return np.zeros(0, dtype=np.float64)
    low, high = int(exponents.min()), int(exponents.max())
    if high == RAW_MARK:
        raw = exponents == RAW_MARK
        values = units / _POWERS[np.where(raw, 0, exponents)]
        values[raw] = units[raw].view(np.float64)
    elif low == high:
        values = units / _POWERS[low]
    else:
        values = units / _POWERS[exponents]
    if nulls is not None:
        values[nulls] = np.nan
    return np.asarray(values, dtype=np.float64)
