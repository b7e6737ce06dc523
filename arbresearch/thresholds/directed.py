"""The two directed net edges of a recorded market, at every instant at which one of its books changed."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from arbresearch.backtest import Market, RunTerms, index_of
from arbresearch.core import BadInput, expected
from arbresearch.edges.arrays import Floats, Times

__all__ = ["DirectedEdges", "directed_edges"]


class DirectedEdges(NamedTuple):
    """Times (ns, not decreasing) and net edges in bps of selling on A and on B, shape (n,) each; NaN: one side only."""

    time_ns: Times
    net_ab_bps: Floats
    net_ba_bps: Floats

    def between(self, start_ns: int, end_ns: int) -> DirectedEdges:
        """Return those of a span, the first time included and the last not."""
        first, last = np.searchsorted(self.time_ns, [start_ns, end_ns])
        return DirectedEdges(self.time_ns[first:last], self.net_ab_bps[first:last], self.net_ba_bps[first:last])


def directed_edges(market: Market, terms: RunTerms) -> DirectedEdges:
    """Return the net edges of taking both legs, at the fees of the terms.

    Raises
    ------
    BadInput
        A and B were never both quoted.
    """
    instants = index_of(market)
    if instants is None or not instants.rows_a.size:
        raise BadInput(expected("market", "quotes of both venues", "none at the same time"))
    a, b = market[0].book, market[1].book
    row_a, row_b = instants.rows_a - 1, instants.rows_b - 1
    sell = [1.0 - one.taker_rate for one in terms.venues]
    buy = [1.0 + one.taker_rate for one in terms.venues]
    return DirectedEdges(
        time_ns=np.maximum(a.recv_ns[row_a], b.recv_ns[row_b]),
        net_ab_bps=_net(a.bid[row_a], b.ask[row_b], sell[0], buy[1]),
        net_ba_bps=_net(b.bid[row_b], a.ask[row_a], sell[1], buy[0]),
    )


def _net(bid: Floats, ask: Floats, keep: float, pay: float) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        found = 1e4 * (bid * keep / (ask * pay) - 1.0)
    return np.where((bid > 0.0) & (ask > 0.0), found, np.nan)
