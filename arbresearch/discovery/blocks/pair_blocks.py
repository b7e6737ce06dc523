"""The statistics of one pair by block, and what one stretch of blocks hands to the next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from arbresearch.core.units import NS_PER_SECOND
from arbresearch.discovery.blocks.scan_kernels import COUNTS, Memory
from arbresearch.discovery.blocks.settings import CAPACITY_STEPS, LAGS_NS, ScoreSettings
from arbresearch.discovery.blocks.settle_types import MONEY, Stock
from arbresearch.edges.arrays import Floats, Times

__all__ = ["VOLATILITY_NS", "Carry", "PairBlocks", "block_columns", "first_carry"]

VOLATILITY_NS: Final = 30 * NS_PER_SECOND
"""Horizon at which the volatilities of two mids are compared."""
_LAG_SUMS: Final = ("square_a", "square_b", "step_ns", "moves_a", "moves_b", "moves")


def block_columns(settings: ScoreSettings) -> tuple[str, ...]:
    """Return what :class:`PairBlocks` holds of each block.

    The sums of :data:`~arbresearch.discovery.scan_kernels.COUNTS` and
    :data:`~arbresearch.discovery.settle_types.MONEY`; ``move_ab_quote`` and ``move_ba_quote``, the cost of bringing
    back the coin that selling on A, on B, moves (NaN where it cannot be); for the latency of the venues (0) and each
    of the settings' ``profit_``, ``alive_``, ``moved_``, ``tilt_``; profit at each size, ``size_``; and the sums
    of lead and lag.
    """
    latencies, lags = range(len(settings.latencies_s) + 1), range(len(LAGS_NS))
    return (
        *COUNTS,
        *MONEY,
        "move_ab_quote",
        "move_ba_quote",
        *(f"{name}_{n}" for name in ("profit", "alive", "moved", "tilt") for n in latencies),
        *(f"size_{n}" for n in range(len(CAPACITY_STEPS))),
        *(f"{name}_{n}" for name in ("product", "square", "known") for n in lags),
        *_LAG_SUMS,
    )


@dataclass(frozen=True, slots=True, eq=False)
class PairBlocks:
    """Statistics of a pair by block, oldest first; blocks without any update are left out.

    Parameters
    ----------
    start_ns : array of int64, shape (blocks,)
        Beginning of each, UTC multiples of the length of a block.
    values : array of float64, shape (blocks, columns)
        See :func:`block_columns`.
    """

    start_ns: Times
    values: Floats

    def __len__(self) -> int:
        """Return the number of blocks."""
        return int(self.start_ns.size)

    def until(self, stop_ns: int) -> PairBlocks:
        """Return the blocks that begin before a moment."""
        last = int(np.searchsorted(self.start_ns, stop_ns))
        return PairBlocks(self.start_ns[:last], self.values[:last])

    def followed_by(self, later: PairBlocks) -> PairBlocks:
        """Return these blocks and then others; those of these that the others replace are dropped."""
        kept = int(np.searchsorted(self.start_ns, later.start_ns[0])) if len(later) else len(self)
        return PairBlocks(
            np.concatenate((self.start_ns[:kept], later.start_ns)),
            np.concatenate((self.values[:kept], later.values)),
        )

    @classmethod
    def empty(cls, settings: ScoreSettings) -> PairBlocks:
        """Return no block."""
        return cls(np.empty(0, np.int64), np.empty((0, len(block_columns(settings)))))


@dataclass(frozen=True, slots=True, eq=False)
class Carry:
    """What the next stretch of a pair needs of those before, and how much had been read for it.

    Parameters
    ----------
    until_ns
        End of the last complete block.
    rows
        Quotes of A and of B before that, by receive time.
    last
        Of each stream the row in force then: recv_ns, bid, bid_size, ask, ask_size; None before its first.
    states, gaps_ns, changed_ns
        See :class:`arbresearch.discovery.scan_kernels.Memory`.
    stock
        See :class:`arbresearch.discovery.settle_types.Stock`: its five arrays.
    """

    until_ns: int
    rows: tuple[int, int]
    last: tuple[tuple[float, ...] | None, tuple[float, ...] | None]
    states: tuple[int, ...]
    gaps_ns: tuple[int, ...]
    changed_ns: tuple[int, ...]
    stock: tuple[tuple[float, ...], ...]

    def as_dict(self) -> dict[str, Any]:
        """Return the values as JSON primitives."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Carry:
        """Build from :meth:`as_dict`, also after JSON."""
        last = tuple(None if one is None else (int(one[0]), *(_real(x) for x in one[1:])) for one in values["last"])
        return cls(
            until_ns=values["until_ns"],
            rows=tuple(values["rows"]),
            last=last,  # type: ignore[arg-type]
            states=tuple(values["states"]),
            gaps_ns=tuple(values["gaps_ns"]),
            changed_ns=tuple(values["changed_ns"]),
            stock=tuple(tuple(one) for one in values["stock"]),
        )

    def memory(self) -> Memory:
        """Return the memory of the scan."""
        return Memory(*(np.array(one, np.int64) for one in (self.states, self.gaps_ns, self.changed_ns)))

    def inventory(self) -> Stock:
        """Return the inventory."""
        tilt, transit, transit_ns, busy_ns, earned = self.stock
        arrives, busy = np.array(transit_ns, np.int64), np.array(busy_ns, np.int64)
        return Stock(np.array(tilt), np.array(transit), arrives, busy, np.array(earned))


def first_carry(start_ns: int, latencies: int) -> Carry:
    """Return the carry before anything was seen."""
    nothing = (0.0,) * latencies
    none = (0,) * latencies
    return Carry(start_ns, (0, 0), (None, None), (0,) * 4, (0,) * 4, (0, 0), (nothing, nothing, none, none, nothing))


def _real(value: Any) -> float:
    return float("nan") if value is None else float(value)
