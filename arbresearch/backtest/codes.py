"""The small vocabularies of a backtest, as numbers that kernels and logs share."""

from __future__ import annotations

from enum import IntEnum

__all__ = [
    "Asset",
    "CashKind",
    "EventKind",
    "FillReason",
    "OneLegPolicy",
    "Rebalance",
    "Repair",
    "TransferState",
    "Trigger",
]


class OneLegPolicy(IntEnum):
    """What is done when one leg filled more than the other."""

    COMPLETE = 0
    """Send what is missing again, up to a band beyond the price it was decided at."""
    UNWIND = 1
    """Undo the excess on the venue that filled, up to a band beyond the price it was decided at."""
    HOLD = 2
    """Wait for the price it was decided at, without a band."""


class Rebalance(IntEnum):
    """How inventory comes back."""

    NONE = 0
    """Only by edges of the other direction."""
    REVERSE = 1
    """Past the maximum hold, by the other direction at what rebalancing may cost."""
    TRANSFER = 2
    """By moving coin and quote currency between the venues."""


class FillReason(IntEnum):
    """Why an order was sent."""

    LEG = 0
    """A leg of a pair as it was decided."""
    HEDGE = 1
    """The taker leg sent when the maker leg had filled."""
    COMPLETE = 2
    """The missing leg, sent again."""
    UNWIND = 3
    """The excess, undone by policy."""
    DEADLINE = 4
    """The excess, undone when its deadline had come."""
    DELTA = 5
    """The futures hedge."""
    LIQUIDATION = 6
    """A position closed by the venue."""


class Trigger(IntEnum):
    """Which threshold a pair was decided on."""

    ENTRY = 0
    EXIT = 1
    RELAXED = 2


class Repair(IntEnum):
    """Where a pair with an excess stands."""

    NONE = 0
    POLICY = 1
    DUE = 2
    LAST = 3


class EventKind(IntEnum):
    """What comes due."""

    ARRIVE = 0
    KNOWN = 1
    FILL_KNOWN = 2
    CANCEL = 3
    DEADLINE = 4
    TRANSFER = 5
    REFUND = 6


class TransferState(IntEnum):
    """Where a transfer stands."""

    IN_TRANSIT = 0
    ARRIVED = 1
    FAILED = 2
    REFUNDED = 3


class Asset(IntEnum):
    """What is moved."""

    BASE = 0
    QUOTE = 1


class CashKind(IntEnum):
    """Cash that no fill explains."""

    FUNDING = 0
    LIQUIDATION_FEE = 1
