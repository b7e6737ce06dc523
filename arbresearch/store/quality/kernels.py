"""Compiled loops of the data check: distances from a rolling median, and whether a price came back."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
from numba import njit

__all__ = ["Floats", "Times", "median_distance_bps", "returned"]

Floats = npt.NDArray[np.float64]
Times = npt.NDArray[np.int64]

_BPS: Final = 1e4


@njit(cache=True)
def median_distance_bps(values: Floats, half: int, out: Floats, median: Floats) -> None:
    """Fill each row's distance in bps from the median of the rows at most ``half`` away, and that median.

    The window is cut at the ends of the array; NaN values are no part of it and their distance is NaN.
    """
    rows = values.size
    window = np.empty(2 * half + 1)
    held = 0
    for i in range(-half, rows):
        leaves = i - half - 1
        if leaves >= 0 and values[leaves] == values[leaves]:
            low, high = 0, held
            while low < high:
                middle = (low + high) // 2
                if window[middle] < values[leaves]:
                    low = middle + 1
                else:
                    high = middle
            for k in range(low, held - 1):
                window[k] = window[k + 1]
            held -= 1
        enters = i + half
        if enters < rows and values[enters] == values[enters]:
            place = held
            while place > 0 and window[place - 1] > values[enters]:
                window[place] = window[place - 1]
                place -= 1
            window[place] = values[enters]
            held += 1
        if i >= 0:
            if values[i] != values[i]:
                out[i] = np.nan
                median[i] = np.nan
            else:
                middle_value = 0.5 * (window[(held - 1) // 2] + window[held // 2])
                median[i] = middle_value
                out[i] = (values[i] / middle_value - 1.0) * _BPS


@njit(cache=True)
def returned(values: Floats, median: Floats, rows: Times, reach: int, out: Times) -> None:
    """Fill, for each of some rows, the row at which the price was back to half its distance, or -1.

    Back means: within ``reach`` rows before and within ``reach`` rows after, a price at most half as far from the
    row's median, or on its other side. The row given is the first such one after.
    """
    for k in range(rows.size):
        i = rows[k]
        out[k] = -1
        distance = values[i] - median[i]
        before = False
        for j in range(max(i - reach, 0), i):
            before = before or (values[j] - median[i]) / distance <= 0.5
        if before:
            for j in range(i + 1, min(i + reach + 1, values.size)):
                if (values[j] - median[i]) / distance <= 0.5:
                    out[k] = j
                    break
