"""Orders that take: immediate-or-cancel and fill-or-kill against the book they meet on arrival."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from math import inf, isfinite, nan
from typing import Final

import numpy as np
import numpy.typing as npt

from arbresearch.core import NS_PER_SECOND, BadInput, FeeCurrency, FeeSchedule, Quote, Role, SchemaError, Side, expected
from arbresearch.edges.arrays import Floats
from arbresearch.matching.fee_kernels import charge
from arbresearch.matching.impact import SquareRootImpact
from arbresearch.matching.taker_kernels import known_levels, take

__all__ = ["DEPTH_AGE_NS", "DisplayedBook", "TakerFill", "TakerOrder", "TimeInForce", "fee_of"]

DEPTH_AGE_NS: Final = 5 * NS_PER_SECOND
"""How long recorded levels count after they were received, unless another time is given."""

_NOTHING: Final = np.empty(0)


class TimeInForce(StrEnum):
    """What happens to what cannot be filled at once."""

    IOC = "ioc"
    """It is cancelled."""
    FOK = "fok"
    """Nothing is filled unless everything is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TakerOrder:
    """An order that fills on arrival or not at all.

    Parameters
    ----------
    side
        Buy (from asks) or sell (into bids).
    quantity
        Base coin, positive.
    limit
        Worst price accepted, quote per base: the end of the price band. None: any price.
    time_in_force
        IOC or FOK.

    Raises
    ------
    BadInput
        A quantity or limit that is not positive and finite.
    """

    side: Side
    quantity: float
    limit: float | None = None
    time_in_force: TimeInForce = TimeInForce.IOC

    def __post_init__(self) -> None:
        """Refuse quantities and limits that no venue takes."""
        if not 0.0 < self.quantity < inf:
            raise BadInput(expected("order quantity", "a positive finite number", self.quantity))
        if self.limit is not None and not 0.0 < self.limit < inf:
            raise BadInput(expected("order limit", "a positive finite price, or None", self.limit))

    @property
    def worst_price(self) -> float:
        """Return the limit as kernels take it: infinity or 0 where there is none."""
        if self.limit is not None:
            return self.limit
        return inf if self.side is Side.BUY else 0.0


@dataclass(frozen=True, slots=True)
class TakerFill:
    """What an order was filled.

    Parameters
    ----------
    quantity
        Base coin; 0 when nothing filled.
    notional_quote
        Quote currency paid or received, before fees.
    fee_base, fee_quote
        The fee, in one of the two (see :func:`fee_of`).
    """

    quantity: float
    notional_quote: float
    fee_base: float
    fee_quote: float

    @property
    def price(self) -> float:
        """Return the average price before fees, quote per base; NaN when nothing filled."""
        return self.notional_quote / self.quantity if self.quantity > 0.0 else nan


def fee_of(
    fees: FeeSchedule | None, role: Role, side: Side, quantity: float, notional_quote: float
) -> tuple[float, float]:
    """Return the fee of a fill in base coin and in quote currency, one of them 0.

    A schedule paid in what is received charges a buy in base coin. With a fee coin the amount is in quote currency,
    to be converted at the coin's price. None: no fee.
    """
    if fees is None:
        return 0.0, 0.0
    received = fees.paid_in == FeeCurrency.RECEIVED
    base, quote = charge(fees.rate(role), received, side is Side.SELL, float(quantity), float(notional_quote))
    return float(base), float(quote)


class DisplayedBook:
    """One venue's book as last shown, less what own orders took of it since.

    What is displayed can be taken once: a second order before the next update sees what the first one left. Every
    quote or ladder shown is an update and brings back what was taken, for it restates the book.

    Parameters
    ----------
    lot
        Quantity step, base coin; 0: none.
    depth_age_ns
        How long a ladder counts after it was received; later only the best level is known.
    fees
        Of the account; None: no fee.
    impact
        Self-impact; None: none.

    Raises
    ------
    BadInput
        A lot or age that is negative or no number.
    """

    def __init__(
        self,
        *,
        lot: float = 0.0,
        depth_age_ns: int = DEPTH_AGE_NS,
        fees: FeeSchedule | None = None,
        impact: SquareRootImpact | None = None,
    ) -> None:
        self._lot = checked_lot(lot)
        if depth_age_ns < 0:
            raise BadInput(expected("depth_age_ns", "zero or more", depth_age_ns))
        self._depth_age_ns = depth_age_ns
        self._fees = fees
        self._impact = 0.0 if impact is None else impact.per_root_base
        self._quote: Quote | None = None
        self._ladder_ns = -1
        self._ladder: dict[Side, tuple[Floats, Floats]] = {}
        self._used = {side: np.zeros(1) for side in Side}

    def show(self, quote: Quote) -> None:
        """Take in the best bid and ask; the book's next update."""
        self._quote = quote
        self._renew()

    def show_ladder(
        self,
        recv_ns: int,
        bids: npt.ArrayLike,
        bid_sizes: npt.ArrayLike,
        asks: npt.ArrayLike,
        ask_sizes: npt.ArrayLike,
    ) -> None:
        """Take in levels behind the best, shape (levels,) each, best first; the book's next update.

        NaN levels and sizes of zero are skipped, as are levels that the last quote shows to be gone.

        Raises
        ------
        SchemaError
            Prices and sizes of different shapes.
        """
        self._ladder = {Side.SELL: _levels(bids, bid_sizes, "bids"), Side.BUY: _levels(asks, ask_sizes, "asks")}
        self._ladder_ns = recv_ns
        self._renew()

    def take(self, order: TakerOrder, arrival_ns: int) -> TakerFill:
        """Fill an order that arrives now.

        Parameters
        ----------
        order
            Its terms.
        arrival_ns
            In the clock of the updates; decides whether the ladder is too old.

        Returns
        -------
        TakerFill
            Of quantity 0 when nothing can be filled; nothing shown yet is an empty book.
        """
        if self._quote is None:
            return TakerFill(0.0, 0.0, 0.0, 0.0)
        sell = order.side is Side.SELL
        best, best_size = (self._quote.bid, self._quote.bid_size) if sell else (self._quote.ask, self._quote.ask_size)
        young = arrival_ns - self._ladder_ns <= self._depth_age_ns
        levels, amounts = self._ladder.get(order.side, (_NOTHING, _NOTHING)) if young else (_NOTHING, _NOTHING)
        prices, sizes = np.empty(levels.size + 1), np.empty(levels.size + 1)
        count = known_levels(sell, float(best), float(best_size), levels, amounts, prices, sizes)
        filled, notional = take(
            prices, sizes, self._used[order.side], count, sell, float(order.quantity), float(order.worst_price),
            self._lot, order.time_in_force is TimeInForce.FOK, self._impact,
        )  # fmt: skip
        return TakerFill(float(filled), float(notional), *fee_of(self._fees, Role.TAKER, order.side, filled, notional))

    def _renew(self) -> None:
        for side in Side:
            self._used[side] = np.zeros(self._ladder.get(side, (_NOTHING, _NOTHING))[0].size + 1)


def checked_lot(lot: float) -> float:
    """Return a lot as a float; ``BadInput`` when it is negative or not finite."""
    if not (isfinite(lot) and lot >= 0.0):
        raise BadInput(expected("lot", "a finite number of zero or more", lot))
    return float(lot)


def _levels(prices: npt.ArrayLike, sizes: npt.ArrayLike, name: str) -> tuple[Floats, Floats]:
    grid = np.array(prices, dtype=np.float64)
    amounts = np.array(sizes, dtype=np.float64)
    if grid.ndim != 1 or grid.shape != amounts.shape:
        raise SchemaError(
            expected(f"{name} and their sizes", "two rows of one length", f"{grid.shape} and {amounts.shape}")
        )
    return grid, amounts
