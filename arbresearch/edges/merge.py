"""Compiled loops over whole columns: the merge of two clocks, gathering, and checks."""

from __future__ import annotations

import numpy as np
from numba import njit

from arbresearch.edges.arrays import Floats, Rows, Times

__all__ = ["first_bad_price", "first_bad_size", "first_unsorted", "gather_into", "merge_clocks"]


Numbers = Floats | Times


@njit(cache=True)
def merge_clocks(a: Times, b: Times, i: int, j: int, time_ns: Times, row_a: Rows, row_b: Rows) -> int:
    """Write each distinct time once with the last row of either clock at or before it; return how many.

    ``i`` and ``j`` are the first rows not yet in force. A row that repeats a time overwrites the output row of that
    time, so the last row of each clock wins and the order between the clocks cannot matter. Steps are taken by
    adding comparisons, not by branching: which clock moves next is a coin toss that no predictor learns.
    """
    last = np.int64(-(2**63))
    k = -1
    while i < a.size and j < b.size:
        moment = min(a[i], b[j])
        i += a[i] <= moment
        j += b[j] <= moment
        k += moment != last
        last = moment
        time_ns[k] = moment
        row_a[k] = i - 1
        row_b[k] = j - 1
    while i < a.size:
        moment = a[i]
        i += 1
        k += moment != last
        last = moment
        time_ns[k] = moment
        row_a[k] = i - 1
        row_b[k] = j - 1
    while j < b.size:
        moment = b[j]
        j += 1
        k += moment != last
        last = moment
        time_ns[k] = moment
        row_a[k] = i - 1
        row_b[k] = j - 1
    return k + 1


@njit(cache=True)
def gather_into(values: Numbers, rows: Rows, out: Numbers) -> None:
    """Fill ``out`` with the values of the given rows."""
    for i in range(rows.size):
        out[i] = values[rows[i]]


@njit(cache=True)
def first_unsorted(times: Times) -> int:
    """Return the first row that is earlier than the one before it; -1 when there is none."""
    wrong = 0
    for i in range(1, times.size):
        wrong += times[i] < times[i - 1]
    if wrong:
        for i in range(1, times.size):
            if times[i] < times[i - 1]:
                return i
    return -1


@njit(cache=True)
def first_bad_price(values: Floats) -> int:
    """Return the first row that is neither NaN nor positive and finite; -1 when there is none."""
    wrong = 0
    for i in range(values.size):
        wrong += (values[i] <= 0.0) | (values[i] == np.inf)
    if wrong:
        for i in range(values.size):
            if values[i] <= 0.0 or values[i] == np.inf:
                return i
    return -1


@njit(cache=True)
def first_bad_size(values: Floats) -> int:
    """Return the first row that is neither NaN nor finite and at least zero; -1 when there is none."""
    wrong = 0
    for i in range(values.size):
        wrong += (values[i] < 0.0) | (values[i] == np.inf)
    if wrong:
        for i in range(values.size):
            if values[i] < 0.0 or values[i] == np.inf:
                return i
    return -1
