"""Gross and net edges of a pair, in both directions."""

from __future__ import annotations

import numpy as np
import polars as pl

from arbresearch.core import FeeSchedule, Role
from arbresearch.edges.arrays import NO_DIRECTION, EdgeColumns
from arbresearch.edges.kernels import edge_columns
from arbresearch.edges.legs import DIRECTION, legs_of
from arbresearch.edges.pair import Pair

__all__ = ["edges"]


def edges(
    pair: Pair,
    fees_a: FeeSchedule,
    fees_b: FeeSchedule,
    *,
    role_a: Role = Role.TAKER,
    role_b: Role = Role.TAKER,
) -> pl.DataFrame:
    """Price both directions at every merged update.

    With best bid b and ask a, and f the fee of the role as a fraction::

        gross_ab_bps = (b_A - a_B) / a_B * 1e4
        net_ab_bps   = 1e4 * (b_A (1 - f_A) / (a_B (1 + f_B)) - 1)

    and the reverse for ``ba`` (sell on B, buy on A). A maker leg rests at its own side's best price, so a maker
    on A sells at a_A and buys at b_A, in the gross edge too.

    Parameters
    ----------
    pair
        Aligned books with their staleness limits.
    fees_a, fees_b
        Schedules of the two venues.
    role_a, role_b
        Whether the leg on that venue takes or rests; not maker on both.

    Returns
    -------
    polars.DataFrame
        recv_ns; gross_ab_bps, gross_ba_bps, net_ab_bps, net_ba_bps; gross_best_bps and net_best_bps, the larger of
        the two directions; best_direction (``ab`` or ``ba``, by net edge, ab when equal, null without an edge);
        size_ab and size_ba, the smaller displayed size of the legs that take, base coin. NaN where a book is stale
        or a side that is needed is empty.

    Raises
    ------
    BadInput
        Both roles are maker.
    """
    legs = legs_of(pair, fees_a, fees_b, role_a, role_b)
    rows = len(pair)
    out = EdgeColumns(
        gross_ab=np.empty(rows),
        gross_ba=np.empty(rows),
        net_ab=np.empty(rows),
        net_ba=np.empty(rows),
        gross_best=np.empty(rows),
        net_best=np.empty(rows),
        best=np.empty(rows, dtype=np.uint8),
        size_ab=np.empty(rows),
        size_ba=np.empty(rows),
    )
    edge_columns(legs, out)
    best = pl.Series(out.best)
    return pl.DataFrame(
        {
            "recv_ns": pair.recv_ns,
            "gross_ab_bps": out.gross_ab,
            "gross_ba_bps": out.gross_ba,
            "net_ab_bps": out.net_ab,
            "net_ba_bps": out.net_ba,
            "gross_best_bps": out.gross_best,
            "net_best_bps": out.net_best,
            "best_direction": best.set(best == NO_DIRECTION, None).cat.to(DIRECTION),
            "size_ab": out.size_ab,
            "size_ba": out.size_ba,
        }
    )
