"""What a run leaves behind: one record array a table, and the balances at the end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy.typing as npt

from arbresearch.edges.arrays import Floats

__all__ = ["Records", "RunLog"]

Records = npt.NDArray[Any]
"""Rows of one of the dtypes of :mod:`arbresearch.backtest.layout`."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RunLog:
    """Everything that happened in a run, in the order in which it did.

    Parameters
    ----------
    orders, order_events, fills, pairs, transfers, cash, samples
        Rows of the dtypes of the same names in :mod:`arbresearch.backtest.layout`; an order's, pair's or transfer's
        number is its row.
    base, quote, coin
        Balances of A, B and the hedge at the end, shape (3,) each.
    transit
        What is on its way, shape (2 assets, 2 destinations).
    halted
        Whether a liquidation ended trading.
    rows
        Recorded rows that were read, of all tables.
    """

    orders: Records
    order_events: Records
    fills: Records
    pairs: Records
    transfers: Records
    cash: Records
    samples: Records
    base: Floats
    quote: Floats
    coin: Floats
    transit: Floats
    halted: bool
    rows: int
