"""The life of one order at the venue, as a table of transitions."""

from __future__ import annotations

from enum import IntEnum
from typing import Final

import numpy as np

from arbresearch.core import BadInput, expected

__all__ = ["LIVE", "TRANSITIONS", "OrderEvent", "OrderState", "next_state", "transition_table"]


class OrderState(IntEnum):
    """Where an order stands."""

    SENT = 0
    """On its way to the venue."""
    SENT_CANCELLING = 1
    """On its way, and a cancel behind it."""
    RESTING = 2
    """In the book, nothing filled."""
    PARTLY_FILLED = 3
    """In the book, some of it filled."""
    CANCELLING = 4
    """In the book, a cancel on its way; it still fills."""
    FILLED = 5
    """All of it filled."""
    CANCELLED = 6
    """Taken out of the book with something left."""
    REJECTED = 7
    """Refused on arrival: as a post-only order it would have taken."""

    @property
    def final(self) -> bool:
        """Return whether nothing can fill any more."""
        return self >= OrderState.FILLED


class OrderEvent(IntEnum):
    """What happens to an order."""

    ACCEPT = 0
    """It arrives and goes into the book."""
    REJECT = 1
    """It arrives and would take: post-only refuses it."""
    FILL_PART = 2
    """Some of what was left is filled."""
    FILL_REST = 3
    """All that was left is filled."""
    SEND_CANCEL = 4
    """We send a cancel, perhaps not knowing yet what has happened."""
    CANCEL = 5
    """The cancel arrives."""


_S, _E = OrderState, OrderEvent

TRANSITIONS: Final[dict[tuple[OrderState, OrderEvent], OrderState]] = {
    (_S.SENT, _E.ACCEPT): _S.RESTING,
    (_S.SENT, _E.REJECT): _S.REJECTED,
    (_S.SENT, _E.SEND_CANCEL): _S.SENT_CANCELLING,
    (_S.SENT_CANCELLING, _E.ACCEPT): _S.CANCELLING,
    (_S.SENT_CANCELLING, _E.REJECT): _S.REJECTED,
    (_S.RESTING, _E.FILL_PART): _S.PARTLY_FILLED,
    (_S.RESTING, _E.FILL_REST): _S.FILLED,
    (_S.RESTING, _E.SEND_CANCEL): _S.CANCELLING,
    (_S.PARTLY_FILLED, _E.FILL_PART): _S.PARTLY_FILLED,
    (_S.PARTLY_FILLED, _E.FILL_REST): _S.FILLED,
    (_S.PARTLY_FILLED, _E.SEND_CANCEL): _S.CANCELLING,
    (_S.CANCELLING, _E.FILL_PART): _S.CANCELLING,
    (_S.CANCELLING, _E.FILL_REST): _S.FILLED,
    (_S.CANCELLING, _E.CANCEL): _S.CANCELLED,
    (_S.FILLED, _E.SEND_CANCEL): _S.FILLED,
    (_S.FILLED, _E.CANCEL): _S.FILLED,
    (_S.REJECTED, _E.SEND_CANCEL): _S.REJECTED,
    (_S.REJECTED, _E.CANCEL): _S.REJECTED,
}
"""What follows from what; pairs that are not here cannot happen. A cancel that comes too late changes nothing."""

LIVE: Final = frozenset({OrderState.RESTING, OrderState.PARTLY_FILLED, OrderState.CANCELLING})
"""States in which an order fills."""


def next_state(state: OrderState, event: OrderEvent) -> OrderState:
    """Return the state after an event.

    Raises
    ------
    BadInput
        If the event cannot happen in this state.
    """
    try:
        return TRANSITIONS[state, event]
    except KeyError:
        possible = ", ".join(one.name for before, one in TRANSITIONS if before == state) or "no event"
        raise BadInput(expected(f"event of an order that is {state.name}", possible, event.name)) from None


def transition_table() -> np.ndarray[tuple[int, int], np.dtype[np.int64]]:
    """Return the table for compiled code, shape (states, events); -1 where an event cannot happen."""
    table = np.full((len(OrderState), len(OrderEvent)), -1, dtype=np.int64)
    for (state, event), after in TRANSITIONS.items():
        table[state, event] = after
    return table
