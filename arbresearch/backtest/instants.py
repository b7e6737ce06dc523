"""An index of the instants of two books, made once and used by many runs."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from arbresearch.backtest.instant_kernels import BLOCK, fill_blocks, fill_instants
from arbresearch.backtest.market import Market
from arbresearch.edges.arrays import Times

__all__ = ["Instants", "index_of"]

_MOST_ROWS: Final = 2**31 - 1
_ALL: Final = (-1.0, -1.0)


class Instants(NamedTuple):
    """Rows read after each instant, the two ratios there; of each block the time it begins and the largest ratios.

    Of shape (instants,) the first four, (blocks,) the others. See :mod:`arbresearch.backtest.instant_kernels`.
    """

    rows_a: npt.NDArray[Any]
    rows_b: npt.NDArray[Any]
    ratio_ab: npt.NDArray[Any]
    ratio_ba: npt.NDArray[Any]
    since_ns: Times
    most_ab: npt.NDArray[Any]
    most_ba: npt.NDArray[Any]


def index_of(market: Market, least: tuple[float, float] = _ALL, *, workers: int = 1) -> Instants | None:
    """Return the index of a market, 16 bytes an instant; None where there are too many rows for it.

    Parameters
    ----------
    market
        Whose two books are read.
    least
        Of the bid of A over the ask of B, and of the reverse: instants at which neither is above are left out, and
        serve no run that would act on them. By default there are all from the first at which both books have a row.
    workers
        Threads, each for a part of the time.
    """
    a, b = market[0].book, market[1].book
    if not a.recv_ns.size or not b.recv_ns.size or a.recv_ns.size + b.recv_ns.size > _MOST_ROWS:
        return None
    books: list[Any] = [np.ascontiguousarray(one) for one in (a.recv_ns, a.bid, a.ask, b.recv_ns, b.bid, b.ask)]
    spans = _spans(books[0], books[3], workers)

    def listed(span: tuple[int, int, int, int]) -> list[npt.NDArray[Any]]:
        rows = span[2] - span[0] + span[3] - span[1]
        kept: list[Any] = [np.empty(rows, dtype=dtype) for dtype in (np.int32, np.int32, np.float32, np.float32)]
        given: list[Any] = [*books, *span, *least]
        count = fill_instants(*given, *kept)
        return [one[:count] for one in kept]

    with ThreadPoolExecutor(len(spans)) as pool:
        parts = list(pool.map(listed, spans))
    columns = parts[0] if len(parts) == 1 else [np.concatenate(one) for one in zip(*parts, strict=True)]
    blocks = -(-columns[0].size // BLOCK)
    ends: list[Any] = [np.empty(blocks, dtype=dtype) for dtype in (np.int64, np.float32, np.float32)]
    fill_blocks(books[0], books[3], *columns, *ends)
    return Instants(*columns, *ends)


def _spans(recv_a: Times, recv_b: Times, workers: int) -> list[tuple[int, int, int, int]]:
    """Divide the rows of two books at common times: rows before each part and before its end."""
    inner = recv_a[[recv_a.size * part // workers for part in range(1, workers)]]
    cuts_a = [0, *np.searchsorted(recv_a, inner).tolist(), recv_a.size]
    cuts_b = [0, *np.searchsorted(recv_b, inner).tolist(), recv_b.size]
    return [(cuts_a[k], cuts_b[k], cuts_a[k + 1], cuts_b[k + 1]) for k in range(workers)]
