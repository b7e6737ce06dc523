"""What is wrong with recorded streams: times that go back, rows that are there twice, one recording imported twice."""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl
from numba import njit

from arbresearch.backtest.market import Market, VenueTape
from arbresearch.core import BadInput, expected
from arbresearch.edges.arrays import Floats, Times

__all__ = ["check_market", "event_faults", "repeats", "tape_faults"]

_TWICE: Final = {"quotes": 0.01, "trades": 0.2}
"""Shares that may repeat the row before: feeds say some quotes twice, and venues split fills into equal trades."""
_REPEATED: Final = 0.05
_BACK: Final = 0.02


@njit(cache=True, error_model="numpy")
def repeats(recv_ns: Times, one: Floats, two: Floats, three: Floats, four: Floats) -> int:
    """Count the rows that equal the one before in time and all four values."""
    count = 0
    for row in range(1, recv_ns.size):
        if (
            recv_ns[row] == recv_ns[row - 1]
            and one[row] == one[row - 1]
            and two[row] == two[row - 1]
            and three[row] == three[row - 1]
            and four[row] == four[row - 1]
        ):
            count += 1
    return count


@njit(cache=True, error_model="numpy")
def _first_back(recv_ns: Times) -> int:
    for row in range(1, recv_ns.size):
        if recv_ns[row] < recv_ns[row - 1]:
            return row
    return -1


def check_market(market: Market, names: tuple[str, ...]) -> None:
    """Refuse streams whose times go back; ``BadInput`` names the first such row.

    Streams from the store are in order; those that were put together otherwise may not be.
    """
    for tape, name in zip(market, names, strict=False):
        for table, rows in (
            ("quotes", tape.book), ("trades", tape.trades), ("depth", tape.ladder), ("funding", tape.funding),
        ):  # fmt: skip
            row = _first_back(rows.recv_ns)
            if row >= 0:
                found = f"{rows.recv_ns[row]} after {rows.recv_ns[row - 1]} in row {row}"
                raise BadInput(expected(f"{table} of {name}", "receive times that never go back", found, "sort them"))


def tape_faults(tape: VenueTape, name: str) -> tuple[str, ...]:
    """Say how many quotes and trades are there twice, at one time and with the same values."""
    told = []
    trades = tape.trades
    side = trades.aggressor.astype(np.float64)
    found = {
        "quotes": (int(repeats(*tape.book)), tape.book.recv_ns.size),
        "trades": (int(repeats(trades.recv_ns, trades.price, trades.size, side, side)), trades.recv_ns.size),
    }
    for table, (count, rows) in found.items():
        if count > _TWICE[table] * rows:
            todo = "check that no recording was imported twice (arb check)"
            told.append(f"{name}: {count:,} of {rows:,} {table} repeat the one before at the same time; {todo}")
    return tuple(told)


def event_faults(rows: pl.DataFrame, name: str) -> tuple[str, ...]:
    """Say whether a stretch of quotes looks like one recording imported twice, or like one that is out of order.

    Parameters
    ----------
    rows
        ``recv_ns``, ``event_ns`` and the four values, rising in receive time.
    name
        Of the stream.

    Returns
    -------
    tuple of str
        Nothing for a stream without the exchange's clock.
    """
    stamped = rows.drop_nulls("event_ns")
    if stamped.height < 2:
        return ()
    same = ["event_ns", "bid", "bid_size", "ask", "ask_size"]
    arrivals = stamped.group_by(same).agg(pl.col("recv_ns").n_unique().alias("arrivals"))
    repeated = int((arrivals["arrivals"] - 1).sum())
    if repeated > _REPEATED * stamped.height:
        todo = "one recording may be there twice; remove one of them"
        share = f"{repeated / stamped.height:.0%}"
        return (f"{name}: {share} of the quotes looked at arrive again with the same event time and values; {todo}",)
    latest = stamped["event_ns"].cum_max()
    back = int((stamped["event_ns"] < latest).sum())
    if back > _BACK * stamped.height:
        share = f"{back / stamped.height:.0%}"
        return (f"{name}: {share} of the quotes looked at are older, by the exchange's clock, than one before them",)
    return ()
