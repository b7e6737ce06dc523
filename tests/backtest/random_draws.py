"""What random cases are drawn of: their shape, the grid of prices and sizes, and the draws themselves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from arbresearch.core import NS_PER_MS, NS_PER_SECOND

NEW_YEAR_NS = 1_704_067_200 * NS_PER_SECOND
GRID_NS = 50 * NS_PER_MS
MODE_SETS = (
    (1, 1, 1, 1, 1, 1), (1, 1, 0, 0, 0, 0), (0, 0, 1, 1, 1, 1), (0, 0, 1, 0, 0, 1), (0, 0, 0, 1, 1, 0),
    (1, 0, 0, 0, 0, 1), (0, 1, 0, 1, 0, 0), (0, 1, 1, 1, 1, 1), (1, 1, 1, 1, 1, 1),
)  # fmt: skip
LOTS = (
    (0.1, 0.1, 0.1),
    (0.1, 0.5, 0.5),
    (1.0, 10.0, 10.0),
    (0.25, 0.5, 0.5),
    (0.2, 0.3, 0.6),
    (0.0, 0.0, 0.0),
    (100.0, 1.0, 100.0),
)
"""Of A, of B, and common."""
Floats = npt.NDArray[np.float64]
Times = npt.NDArray[np.int64]
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What a case contains at all.

    ``rows`` a venue at most; ``modes`` indexes :data:`MODE_SETS`; ``perpetual`` is a spot venue that is one, -1: none;
    ``calm`` keeps prices still while sizes change and trade, so that orders wait in their queues; ``schedule`` is the
    number of its rows, -1: no schedule; ``tilted`` makes a tilt raise thresholds.
    """

    rows: int
    modes: int
    policy: int = 0
    rebalance: int = 0
    slots: int = 1
    perpetual: int = -1
    hedge: bool = False
    trades: bool = False
    ladders: bool = False
    faults: bool = False
    prompt: bool = False
    limits: bool = False
    calm: bool = False
    schedule: int = -1
    tilted: bool = False


class Grid(NamedTuple):
    """What prices and sizes are multiples of."""

    ticks: tuple[float, float, float]
    lots: tuple[float, float, float]
    common: float
    middle: float
    """Price around which all move."""
    order: float
    """Size of an order, base coin."""


class Random:
    """Draws of a case."""

    def __init__(self, seed: int) -> None:
        self.numpy = np.random.default_rng(seed)

    def one(self, *values: T) -> T:
        return values[int(self.numpy.integers(len(values)))]

    def often(self, probability: float) -> bool:
        return bool(self.numpy.random() < probability)

    def between(self, low: int, high: int, size: Any = None) -> Any:
        return self.numpy.integers(low, high + 1, size)


def grid_of(draw: Random) -> Grid:
    tick = draw.one(0.01, 0.01, 1e-7, 0.5, 5.0)
    lot_a, lot_b, common = draw.one(*LOTS)
    coarse = draw.one(1, 1, 2, 5)
    ticks = (tick, tick * coarse, tick * draw.one(1, 2))
    unit = common or 0.37
    lot_h = draw.one(unit, unit * 2, unit / 2, unit / 100, 0.0)
    return Grid(
        ticks, (lot_a, lot_b, lot_h), common, tick * int(draw.between(3000, 12000)), unit * int(draw.between(1, 6))
    )


def on_grid(counts: Any, step: float) -> Floats:
    """Return multiples of a step as the doubles nearest to the decimals."""
    whole = np.asarray(counts, dtype=np.float64)
    in_one = 1.0 / step
    return whole / round(in_one) if abs(in_one - round(in_one)) < 1e-9 * in_one else whole * step
