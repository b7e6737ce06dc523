"""An index of the instants of two books, made once and used by many runs."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from arbresearch.backtest.instant_kernels import BLOCK, fill_instants
from arbresearch.backtest.market import Market

__all__ = ["Instants", "index_of"]

_MOST_ROWS: Final = 2**31 - 1


class Instants(NamedTuple):
    """Rows read after each instant, the two ratios there, and the largest of each block.

    Of shape (instants,) the first four, (blocks,) the others. See :mod:`arbresearch.backtest.instant_kernels`.
    """

    rows_a: npt.NDArray[Any]
    rows_b: npt.NDArray[Any]
    ratio_ab: npt.NDArray[Any]
    ratio_ba: npt.NDArray[Any]
    most_ab: npt.NDArray[Any]
    most_ba: npt.NDArray[Any]


def index_of(market: Market) -> Instants | None:
    """Return the index of a market, 16 bytes a row of its books; None where there are too many rows for it."""
    a, b = market[0].book, market[1].book
    rows = a.recv_ns.size + b.recv_ns.size
    if not a.recv_ns.size or not b.recv_ns.size or rows > _MOST_ROWS:
        return None
    read = [np.empty(rows, dtype=np.int32) for _ in range(2)]
    ratios = [np.empty(rows, dtype=np.float32) for _ in range(2)]
    most = [np.empty(-(-rows // BLOCK), dtype=np.float32) for _ in range(2)]
    books = (a.recv_ns, a.bid, a.ask, b.recv_ns, b.bid, b.ask)
    contiguous: list[Any] = [np.ascontiguousarray(one) for one in books]
    count = fill_instants(*contiguous, *read, *ratios, *most)
    blocks = -(-count // BLOCK)
    return Instants(*(one[:count] for one in (*read, *ratios)), *(one[:blocks] for one in most))
