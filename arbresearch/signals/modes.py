"""The six ways of sending the two legs, and holding."""

from __future__ import annotations

from enum import IntEnum
from typing import Final

__all__ = ["AB", "BA", "MODES", "Mode"]

AB: Final = 0
"""Direction: sell on A, buy on B."""
BA: Final = 1
"""Direction: sell on B, buy on A."""


class Mode(IntEnum):
    """Which leg is sent where and how; ``LIMIT`` rests as a maker, ``MARKET`` takes at once or when the other fills."""

    HOLD = 0
    MARKET_A_SELL_MARKET_B_BUY = 1
    MARKET_B_SELL_MARKET_A_BUY = 2
    LIMIT_A_SELL_MARKET_B_BUY = 3
    MARKET_A_SELL_LIMIT_B_BUY = 4
    LIMIT_B_SELL_MARKET_A_BUY = 5
    MARKET_B_SELL_LIMIT_A_BUY = 6

    @property
    def direction(self) -> int:
        """Return :data:`AB` or :data:`BA`; -1 for HOLD."""
        return _DIRECTION[self]

    @property
    def seller(self) -> int:
        """Return the venue that sells, 0 (A) or 1 (B); -1 for HOLD."""
        return _DIRECTION[self]

    @property
    def buyer(self) -> int:
        """Return the venue that buys, 0 (A) or 1 (B); -1 for HOLD."""
        return 1 - _DIRECTION[self] if self else -1

    @property
    def maker(self) -> int:
        """Return the venue where an order rests, 0 (A) or 1 (B); -1 where both legs take."""
        return _MAKER[self]


_DIRECTION: Final = (-1, AB, BA, AB, AB, BA, BA)
_MAKER: Final = (-1, -1, -1, 0, 1, 1, 0)

MODES: Final = tuple(one for one in Mode if one is not Mode.HOLD)
"""The six modes in the order in which ties are decided."""
