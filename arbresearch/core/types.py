"""The vocabulary: symbols, instruments, quotes. Immutable values, exact decimals, no I/O."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Final, Self

from arbresearch.core.errors import BadInput, expected

__all__ = ["Instrument", "MarketType", "Quote", "Side", "Symbol", "check_venue"]

_SYMBOL: Final = re.compile(
    r"^(?P<base>[^\s/:]+)/(?P<quote>[^\s/:\-]+)(?::(?P<settle>[^\s/:\-]+)(?:-(?P<expiry>\d{6}))?)?$"
)
_VENUE: Final = re.compile(r"^[a-z0-9][a-z0-9_]*$")


class Side(StrEnum):
    """Side of an order or of a trade's aggressor."""

    BUY = "buy"
    SELL = "sell"

    @property
    def sign(self) -> int:
        """Return +1 for a buy and -1 for a sell."""
        return 1 if self is Side.BUY else -1

    @property
    def opposite(self) -> Side:
        """Return the other side."""
        return Side.SELL if self is Side.BUY else Side.BUY


class MarketType(StrEnum):
    """Kind of market, in ccxt's words."""

    SPOT = "spot"
    SWAP = "swap"
    FUTURE = "future"


def check_venue(venue: str) -> str:
    """Return the venue id unchanged when it is one: lower case letters, digits and underscores.

    Raises
    ------
    BadInput
        Otherwise; the ids are ccxt's (``mexc``, ``gate``, ``binance``, ``okx``).
    """
    if not _VENUE.fullmatch(venue):
        raise BadInput(expected("venue", "a ccxt id such as mexc, gate or binance (lower case)", repr(venue)))
    return venue


@dataclass(frozen=True, slots=True, order=True)
class Symbol:
    """A unified market symbol: ``LUNC/USDT`` for spot, ``LUNC/USDT:USDT`` for a linear perpetual."""

    base: str
    quote: str
    settle: str | None = None
    expiry: str | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a unified symbol.

        Raises
        ------
        BadInput
            If the text is not ``BASE/QUOTE``, ``BASE/QUOTE:SETTLE`` or ``BASE/QUOTE:SETTLE-YYMMDD``.
        """
        match = _SYMBOL.fullmatch(text)
        if match is None:
            raise BadInput(
                expected("symbol", "BASE/QUOTE or BASE/QUOTE:SETTLE such as LUNC/USDT or LUNC/USDT:USDT", repr(text))
            )
        return cls(match["base"], match["quote"], match["settle"], match["expiry"])

    @property
    def market(self) -> MarketType:
        """Return what kind of market the symbol names."""
        if self.settle is None:
            return MarketType.SPOT
        return MarketType.SWAP if self.expiry is None else MarketType.FUTURE

    def __str__(self) -> str:
        """Return the unified symbol."""
        tail = "" if self.settle is None else f":{self.settle}" + (f"-{self.expiry}" if self.expiry else "")
        return f"{self.base}/{self.quote}{tail}"


@dataclass(frozen=True, slots=True)
class Instrument:
    """What can be traded, and in which steps.

    Parameters
    ----------
    venue, symbol
        ccxt venue id and unified symbol.
    tick
        Price step, in quote per base.
    lot
        Quantity step, in base coin (contracts are converted by ``contract_size`` before they get here).
    min_quantity
        Smallest order, in base coin.
    min_notional
        Smallest order, in quote currency.
    contract_size
        Base coin of one contract; 1 on spot.
    active
        Whether the venue accepts orders.
    """

    venue: str
    symbol: Symbol
    tick: Decimal
    lot: Decimal
    min_quantity: Decimal = Decimal(0)
    min_notional: Decimal = Decimal(0)
    contract_size: Decimal = Decimal(1)
    active: bool = True

    def __post_init__(self) -> None:
        """Refuse steps that are not positive and minima that are negative."""
        for name in ("tick", "lot", "contract_size"):
            value = getattr(self, name)
            if not (value.is_finite() and value > 0):
                raise BadInput(expected(f"{self.venue} {self.symbol} {name}", "a positive decimal", value))
        for name in ("min_quantity", "min_notional"):
            value = getattr(self, name)
            if not (value.is_finite() and value >= 0):
                raise BadInput(expected(f"{self.venue} {self.symbol} {name}", "a decimal of zero or more", value))


@dataclass(frozen=True, slots=True)
class Quote:
    """Best bid and ask of one book, prices in quote currency and sizes in base coin, with both clocks.

    ``event_ns`` is the exchange's clock and ``None`` where it sends none; ``recv_ns`` is ours, and the only
    one that compares across venues. NaN marks an empty side.
    """

    recv_ns: int
    event_ns: int | None
    bid: float
    bid_size: float
    ask: float
    ask_size: float

    @property
    def mid(self) -> float:
        """Return the mean of bid and ask; NaN when a side is empty."""
        return 0.5 * (self.bid + self.ask)

    @property
    def crossed(self) -> bool:
        """Return whether the bid is above the ask; False when a side is empty."""
        return self.bid > self.ask
