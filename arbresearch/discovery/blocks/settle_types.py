"""What settling an episode reads and fills: levels, terms, inventory, and sums."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from arbresearch.edges.arrays import Floats, Times

__all__ = ["MONEY", "Book", "Ladder", "Stock", "Terms", "empty_ladder"]

MONEY: Final = (
    "net_episodes", "sized_episodes", "alive_episodes", "executed_episodes", "gross_quote", "fees_quote",
    "depth_quote", "latency_quote", "capital_quote", "paid_quote", "edge_bps", "gross_edge_bps", "slippage_bps",
    "depth_score", "beats_transfer", "best_quote", "sent_episodes", "captured_episodes",
)  # fmt: skip
"""What is summed of the episodes that began in each block, at the latency of the venues.

Episodes with a net edge above the entry; of these, with the smallest order on the books; with a net edge above zero on
arrival; executed. Quote currency: gross edge of the wanted size, fees on it, what smaller books, latency and
inventory take from it, notional bought. Sums over executed episodes of net edge and of gross edge at the fill in bps,
and over sent ones of slippage; sum over net episodes of the depth score; executed ones whose edge exceeds the cost of
a transfer; profit of the best executed one; episodes for which an order of the wanted or a smaller size was possible
without limits of inventory; executed ones with a net edge above zero on arrival.
"""


class Ladder(NamedTuple):
    """Recorded levels of one stream, shape (books, 10) each but the times; no rows where none were recorded."""

    recv_ns: Times
    bids: Floats
    bid_sizes: Floats
    asks: Floats
    ask_sizes: Floats


class Terms(NamedTuple):
    """What trading is subject to; A and B in the order of the pair.

    Latencies have the shape (1 + latencies,): first what the venues need, then the ones to be shown. ``move_coin`` in
    base coin and ``move_quote`` in quote currency are together the cost, and ``move_ns`` the time, of bringing an
    excess of coin back: first from B to A, then from A to B; a negative ``move_quote`` says that it cannot be done.
    """

    keep_a: float
    pay_a: float
    keep_b: float
    pay_b: float
    entry: float
    notional_quote: float
    side_quote: float
    lot: float
    min_quantity: float
    min_notional: float
    latency_a_ns: Times
    latency_b_ns: Times
    sizes_quote: Floats
    max_age_ns: int
    depth_age_ns: int
    move_coin: Floats
    move_quote: Floats
    move_ns: Times


class Stock(NamedTuple):
    """Inventory at each latency, shape (1 + latencies,) each: carried from one stretch to the next.

    ``tilt`` is the coin that B has more and A less than at the start, base coin; ``transit`` what of it is on its way
    from B to A, ``transit_ns`` when it arrives; ``busy_ns`` until when an order is out; ``earned`` what was made
    since coin was last moved, quote currency.
    """

    tilt: Floats
    transit: Floats
    transit_ns: Times
    busy_ns: Times
    earned: Floats


class Book(NamedTuple):
    """Where settled episodes are summed up, by block.

    ``money`` (blocks, :data:`MONEY`); ``profit``, ``alive``, ``moved`` and ``tilt`` (blocks, 1 + latencies): profit
    before transfers in quote currency, episodes whose net edge still exceeds the entry, cost of transfers in quote
    currency, tilt at the end of the block in quote currency; ``sizes`` (blocks, sizes): profit at each size without
    limits of inventory; ``mid`` (blocks,): the last known mid of A at the end of the block, NaN before any.
    """

    money: Floats
    profit: Floats
    alive: Floats
    moved: Floats
    tilt: Floats
    sizes: Floats
    mid: Floats


def empty_ladder() -> Ladder:
    """Return a ladder without books."""
    nothing = np.empty((0, 10))
    return Ladder(np.empty(0, np.int64), nothing, nothing, nothing, nothing)
