"""Compiled: the logs, reached by their addresses.

A run's record holds where its logs lie. Handed from function to function as arrays they would cost more than what is
done with them: each hand-over counts references, with atomic instructions, and copies seven descriptions.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numba import carray, types
from numba.core import cgutils
from numba.extending import intrinsic

from arbresearch.backtest.compiled import inner
from arbresearch.backtest.layout import CASH, FILL, ORDER, ORDER_EVENT, PAIR, SAMPLE, TRANSFER

__all__ = [
    "LOGS", "all_delays", "pointer", "room",
    "the_cash", "the_fills", "the_order_events", "the_orders", "the_pairs", "the_samples",
    "the_transfers",
]  # fmt: skip

LOGS: Final = {
    "orders": ORDER, "order_events": ORDER_EVENT, "fills": FILL, "pairs": PAIR, "transfers": TRANSFER, "cash": CASH,
    "samples": SAMPLE,
}  # fmt: skip
"""The tables, in the order of ``RUN``'s ``log_at`` and ``log_rows``."""

_DELAYS: Final = len(LOGS)


@intrinsic
def pointer(typing_context: Any, address: Any) -> Any:  # noqa: ARG001 - the signature numba wants
    """Read a number as an address."""

    def generate(_: Any, builder: Any, __: Any, arguments: Any) -> Any:
        return builder.inttoptr(arguments[0], cgutils.voidptr_t)

    return types.voidptr(address), generate


@inner
def the_orders(r: Any) -> Any:
    """Return the log of orders."""
    return carray(pointer(r.log_at[0]), (r.log_rows[0],), ORDER)


@inner
def the_order_events(r: Any) -> Any:
    """Return the log of the states that orders went through."""
    return carray(pointer(r.log_at[1]), (r.log_rows[1],), ORDER_EVENT)


@inner
def the_fills(r: Any) -> Any:
    """Return the log of fills."""
    return carray(pointer(r.log_at[2]), (r.log_rows[2],), FILL)


@inner
def the_pairs(r: Any) -> Any:
    """Return the log of pairs."""
    return carray(pointer(r.log_at[3]), (r.log_rows[3],), PAIR)


@inner
def the_transfers(r: Any) -> Any:
    """Return the log of transfers."""
    return carray(pointer(r.log_at[4]), (r.log_rows[4],), TRANSFER)


@inner
def the_cash(r: Any) -> Any:
    """Return the log of cash that no fill explains."""
    return carray(pointer(r.log_at[5]), (r.log_rows[5],), CASH)


@inner
def the_samples(r: Any) -> Any:
    """Return the samples of balances."""
    return carray(pointer(r.log_at[6]), (r.log_rows[6],), SAMPLE)


@inner
def all_delays(r: Any) -> Any:
    """Return all delays, ns."""
    return carray(pointer(r.log_at[_DELAYS]), (r.log_rows[_DELAYS],), np.int64)


@inner
def room(r: Any, spare: int) -> bool:
    """Return whether every log holds so many more rows."""
    return bool(
        r.orders + spare <= r.log_rows[0]
        and r.order_events + spare <= r.log_rows[1]
        and r.fills + spare <= r.log_rows[2]
        and r.pairs + spare <= r.log_rows[3]
        and r.transfers + spare <= r.log_rows[4]
        and r.cash + spare <= r.log_rows[5]
        and r.samples + spare <= r.log_rows[6]
    )
