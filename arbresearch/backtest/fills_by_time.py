"""Compiled: what fills alone make of the balances, at given times."""

from __future__ import annotations

from typing import Any

from numba import njit

from arbresearch.edges.arrays import Floats, Times

__all__ = ["spread_at"]


@njit(cache=True, error_model="numpy", nogil=True)
def spread_at(fills: Any, times: Times, mark: Floats, base_start: Floats, quote_start: Floats, spread: Floats) -> None:
    """Fill in the hedged spread profit at times, for a run in which nothing but fills on A and B changes a balance.

    Amounts are added in the order in which the run adds them, so that every sum is the same to the last bit.

    Parameters
    ----------
    fills : records of dtype FILL
        Of a run, in its order.
    times, mark : array of shape (times,)
        Rising, ns, and what a base coin is worth then, NaN where it is not known.
    base_start, quote_start : array of shape (2,)
        Balances at the beginning.
    spread : array of shape (times,)
        Filled: quote currency; NaN where base coin was gained or lost and its worth is not known.
    """
    base, quote = base_start.copy(), quote_start.copy()
    coin_a = coin_b = 0.0
    row = 0
    for place in range(times.size):
        while row < fills.size and fills[row].time_ns <= times[place]:
            fill = fills[row]
            if fill.sell:
                base[fill.venue] -= fill.quantity
                quote[fill.venue] += fill.notional
            else:
                base[fill.venue] += fill.quantity - fill.fee_base
                quote[fill.venue] -= fill.notional
            quote[fill.venue] -= fill.fee_quote
            if fill.venue == 0:
                coin_a -= fill.fee_coin_quote
            else:
                coin_b -= fill.fee_coin_quote
            row += 1
        cash = (quote[0] - quote_start[0]) + (quote[1] - quote_start[1])
        gained = (base[0] - base_start[0]) + (base[1] - base_start[1])
        worth = 0.0 if gained == 0.0 else gained * mark[place]
        spread[place] = cash + (coin_a + coin_b) + worth
