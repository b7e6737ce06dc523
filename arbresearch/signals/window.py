"""Compiled: the samples of one horizon and direction, in order of time and in order of size."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from arbresearch.edges.arrays import Floats
from arbresearch.signals.compiled import inner
from arbresearch.signals.layout import SORTED
from arbresearch.signals.settings import SAMPLES

__all__ = ["count_below", "count_upto", "push"]

_PLACES: Final = tuple(np.uint64(SORTED >> one) for one in range(1, SORTED.bit_length()))
_S64, _S32, _S16, _S8, _S4, _S2, _S1 = _PLACES


@inner
def _step(ordered: Floats, at: np.uint64, width: np.uint64, value: float) -> np.uint64:
    return at + width if ordered[at + width - _S1] < value else at


@inner
def _step_with(ordered: Floats, at: np.uint64, width: np.uint64, value: float) -> np.uint64:
    return at + width if ordered[at + width - _S1] <= value else at


@inner
def count_below(ordered: Floats, value: float) -> np.uint64:
    """Return how many samples in order are below a value.

    Steps are taken by multiplying with comparisons, not by branching: where a value falls no predictor learns.
    """
    at = _step(ordered, np.uint64(0), _S64, value)
    at = _step(ordered, at, _S32, value)
    at = _step(ordered, at, _S16, value)
    at = _step(ordered, at, _S8, value)
    at = _step(ordered, at, _S4, value)
    at = _step(ordered, at, _S2, value)
    return _step(ordered, at, _S1, value)


@inner
def count_upto(ordered: Floats, value: float) -> np.uint64:
    """Return how many samples in order are not above a value."""
    at = _step_with(ordered, np.uint64(0), _S64, value)
    at = _step_with(ordered, at, _S32, value)
    at = _step_with(ordered, at, _S16, value)
    at = _step_with(ordered, at, _S8, value)
    at = _step_with(ordered, at, _S4, value)
    at = _step_with(ordered, at, _S2, value)
    return _step_with(ordered, at, _S1, value)


@inner
def push(state: Any, direction: int, h: int, value: float) -> None:
    """Let a sample take the place of the oldest one; NaN is one that is not known."""
    ordered = state.sorted[direction, h]
    oldest = state.ring[direction, h, state.at[h]]
    state.ring[direction, h, state.at[h]] = value
    first, last = np.int64(0), np.int64(0)
    if oldest == oldest:
        first = np.int64(count_below(ordered, oldest))
    else:
        first = state.known[direction, h]
        state.known[direction, h] += 1
    if value == value:
        last = np.int64(count_below(ordered, value))
    else:
        last = np.int64(SAMPLES)
        value = np.inf
        state.known[direction, h] -= 1
    if last > first:
        last -= 1
        for place in range(first, last):
            ordered[place] = ordered[place + 1]
    else:
        for place in range(first, last, -1):
            ordered[place] = ordered[place - 1]
    ordered[last] = value
