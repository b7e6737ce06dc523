"""The largest edges that two books ever offered."""

from __future__ import annotations

from math import inf, nan
from typing import NamedTuple

from numba import njit

from arbresearch.backtest.terms import RunTerms
from arbresearch.core import net_edge_bps
from arbresearch.edges.arrays import Floats, Times
from arbresearch.matching.rows import BookRows
from arbresearch.signals.modes import AB, Mode

__all__ = ["Ratios", "best_ratios", "reachable_bps"]


class Ratios(NamedTuple):
    """Largest ratios of a price on one venue to one on the other, of books in force at one time; NaN: never both."""

    bid_a_ask_b: float
    bid_b_ask_a: float
    ask_a_ask_b: float
    ask_b_ask_a: float
    bid_a_bid_b: float
    bid_b_bid_a: float


def best_ratios(book_a: BookRows, book_b: BookRows) -> Ratios:
    """Return the largest ratios over all updates, whatever the age of the quotes; crossed books are left out."""
    found = _best(book_a.recv_ns, book_a.bid, book_a.ask, book_b.recv_ns, book_b.bid, book_b.ask)
    return Ratios(*(nan if one == -inf else one for one in found))


def reachable_bps(mode: Mode, ratios: Ratios, terms: RunTerms) -> float:
    """Return the largest net edge that a mode could have had; a resting order as far from the best as is allowed.

    NaN where the books never had prices at one time.
    """
    seller, buyer = terms.venues[mode.seller], terms.venues[mode.buyer]
    sell_a = mode.direction == AB
    deep = 1e-4 * terms.strategy.quote_depth_bps
    if mode.maker < 0:
        ratio, sell_fee, buy_fee = ratios[0 if sell_a else 1], seller.taker_rate, buyer.taker_rate
    elif mode.maker == mode.seller:
        ratio = ratios[2 if sell_a else 3] * (1.0 + deep)
        sell_fee, buy_fee = seller.maker_rate, buyer.taker_rate
    else:
        ratio = ratios[4 if sell_a else 5] / (1.0 - deep)
        sell_fee, buy_fee = seller.taker_rate, buyer.maker_rate
    return net_edge_bps(ratio, 1.0, sell_fee, buy_fee)


@njit(cache=True, error_model="numpy")
def _best(
    time_a: Times, bid_a: Floats, ask_a: Floats, time_b: Times, bid_b: Floats, ask_b: Floats
) -> tuple[float, float, float, float, float, float]:
    best = (-inf, -inf, -inf, -inf, -inf, -inf)
    a = b = 0
    while a < time_a.size or b < time_b.size:
        now = min(
            time_a[a] if a < time_a.size else time_b[b],
            time_b[b] if b < time_b.size else time_a[a],
        )
        while a < time_a.size and time_a[a] <= now:
            a += 1
        while b < time_b.size and time_b[b] <= now:
            b += 1
        if a == 0 or b == 0:
            continue
        low_a, high_a, low_b, high_b = bid_a[a - 1], ask_a[a - 1], bid_b[b - 1], ask_b[b - 1]
        if 0.0 < low_a < high_a and 0.0 < low_b < high_b:
            best = (
                max(best[0], low_a / high_b),
                max(best[1], low_b / high_a),
                max(best[2], high_a / high_b),
                max(best[3], high_b / high_a),
                max(best[4], low_a / low_b),
                max(best[5], low_b / low_a),
            )
    return best
