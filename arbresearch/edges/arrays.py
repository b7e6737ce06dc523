"""The arrays and numbers that the compiled loops read and fill."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

__all__ = [
    "AB",
    "BA",
    "BEST",
    "NEVER_NS",
    "NO_DIRECTION",
    "Bools",
    "Bytes",
    "EdgeColumns",
    "EpisodeColumns",
    "Floats",
    "Legs",
    "Rows",
    "Times",
]

Floats = npt.NDArray[np.float64]
Times = npt.NDArray[np.int64]
Rows = npt.NDArray[np.int32] | npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]
Bools = npt.NDArray[np.bool_]

AB: Final = 0
BA: Final = 1
BEST: Final = 2
NO_DIRECTION: Final = 2

NEVER_NS: Final = 2**62
"""A limit that no age reaches; added to a time before 2100 it still fits 64 bits."""


class Legs(NamedTuple):
    """What every kernel reads: merged rows, and the price, size and fee of each possible leg.

    ``row_a`` and ``row_b`` point into the arrays of their own book. ``keep`` is one minus the fee (what a sale
    leaves), ``pay`` one plus the fee; ``take`` says whether a leg takes displayed size; ``net`` whether fees count.
    """

    time_ns: Times
    row_a: Rows
    row_b: Rows
    recv_a: Times
    recv_b: Times
    sell_a: Floats
    sell_size_a: Floats
    buy_a: Floats
    buy_size_a: Floats
    sell_b: Floats
    sell_size_b: Floats
    buy_b: Floats
    buy_size_b: Floats
    keep_a: float
    pay_a: float
    keep_b: float
    pay_b: float
    take_a: bool
    take_b: bool
    net: bool
    max_age_a: int
    max_age_b: int
    max_skew: int


class EdgeColumns(NamedTuple):
    """One value a merged row, NaN where there is no edge; ``best`` is :data:`NO_DIRECTION` there."""

    gross_ab: Floats
    gross_ba: Floats
    net_ab: Floats
    net_ba: Floats
    gross_best: Floats
    net_best: Floats
    best: Bytes
    size_ab: Floats
    size_ba: Floats


class EpisodeColumns(NamedTuple):
    """One value an episode."""

    start_row: Times
    end_ns: Times
    updates: Times
    censored: Bools
    left_censored: Bools
    peak: Floats
    mean: Floats
