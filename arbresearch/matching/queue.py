"""A resting order under three rules at once: touch, queue, trade-through.

Against hftbacktest 2.4.4, whose queue models these are: there half a lot of what trades leave over fills a lot, here
only a whole one does; there a trade beyond the price or a crossed book fills the whole order, here at most what it
traded or shows; there cancels may leave a front below zero, here not.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from math import inf
from typing import Final, NamedTuple, Self

import numpy as np
import numpy.typing as npt

from arbresearch.core import BadInput, SchemaError, Side, expected
from arbresearch.matching import queue_kernels as kernels
from arbresearch.matching.states import OrderEvent, OrderState, next_state
from arbresearch.matching.taker import checked_lot

__all__ = ["Filled", "MakerOrder", "QueueFamily", "QueueModel", "RestingOrder", "Rule", "level_shown"]


class Rule(StrEnum):
    """When a resting order counts as filled."""

    TOUCH = "touch"
    """Optimistic: by every trade at its price or beyond."""
    QUEUE = "queue"
    """Base: by what trades leave when those in front are served."""
    THROUGH = "through"
    """Conservative: only by trades strictly beyond its price, or an opposite best price beyond it."""


class QueueFamily(StrEnum):
    """Where the size that a level loses without trades stood: the published models of hftbacktest."""

    RISK_AVERSE = "risk_averse"
    """Behind: only trades move the queue (``RiskAdverseQueueModel``)."""
    POWER = "power"
    """Behind with ``b^n / (b^n + f^n)`` (``PowerProbQueueFunc``)."""
    LOG = "log"
    """Behind with ``log(1+b) / (log(1+b) + log(1+f))`` (``LogProbQueueFunc``)."""
    FULL_POWER = "full_power"
    """Behind with ``b^n / (b+f)^n`` (``PowerProbQueueFunc2``)."""
    FULL_LOG = "full_log"
    """Behind with ``log(1+b) / log(1+b+f)`` (``LogProbQueueFunc2``)."""
    FULL_SHARE = "full_share"
    """Behind with ``1 - (f / (f+b))^n`` (``PowerProbQueueFunc3``)."""


_CODES: Final = {
    QueueFamily.RISK_AVERSE: kernels.RISK_AVERSE,
    QueueFamily.POWER: kernels.POWER,
    QueueFamily.LOG: kernels.LOG,
    QueueFamily.FULL_POWER: kernels.FULL_POWER,
    QueueFamily.FULL_LOG: kernels.FULL_LOG,
    QueueFamily.FULL_SHARE: kernels.FULL_SHARE,
}
_POWERS: Final = frozenset({QueueFamily.POWER, QueueFamily.FULL_POWER, QueueFamily.FULL_SHARE})


@dataclass(frozen=True, slots=True)
class QueueModel:
    """One model of how a queue moves.

    Parameters
    ----------
    family
        Of the probability that a cancelled unit stood behind the order.
    exponent
        ``n`` of the three families of powers, positive; None for the others.

    Raises
    ------
    BadInput
        An exponent missing, out of range, or given where none belongs.
    """

    family: QueueFamily = QueueFamily.RISK_AVERSE
    exponent: float | None = None

    def __post_init__(self) -> None:
        """Refuse an exponent that does not belong."""
        wanted = self.family in _POWERS
        if wanted and (self.exponent is None or not 0.0 < self.exponent < inf):
            raise BadInput(expected(f"exponent of {self.family}", "a positive finite number", self.exponent))
        if not wanted and self.exponent is not None:
            raise BadInput(expected(f"exponent of {self.family}", "None", self.exponent))

    @property
    def code(self) -> int:
        """Return the family as kernels take it."""
        return _CODES[self.family]

    @property
    def power(self) -> float:
        """Return the exponent as kernels take it: 1 where there is none."""
        return 1.0 if self.exponent is None else float(self.exponent)

    def front_after(self, front: float, previous: float, new: float, traded: float = 0.0) -> float:
        """Return the size in front after a level changed from ``previous`` to ``new``, with ``traded`` in between.

        Base coin all; a NaN front is one never seen. See :func:`~arbresearch.matching.queue_kernels.front_after`.
        """
        return float(
            kernels.front_after(float(front), float(previous), float(new), float(traded), self.code, self.power)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class MakerOrder:
    """A post-only limit order.

    Parameters
    ----------
    side
        Buy (a bid) or sell (an ask).
    price
        Quote per base, the very double that the recording has for the level.
    quantity
        Base coin, at least a lot; floored to the lot.
    lot
        Quantity step, base coin; 0: none.
    queue
        How its queue moves.

    Raises
    ------
    BadInput
        A price or quantity that is not positive and finite, a negative lot, or a quantity below the lot.
    """

    side: Side
    price: float
    quantity: float
    lot: float = 0.0
    queue: QueueModel = QueueModel()

    def __post_init__(self) -> None:
        """Refuse what no venue takes."""
        for name in ("price", "quantity"):
            value = getattr(self, name)
            if not 0.0 < value < inf:
                raise BadInput(expected(f"order {name}", "a positive finite number", value))
        if self.quantity < checked_lot(self.lot) * (1.0 - 1e-9):
            raise BadInput(expected("order quantity", f"at least the lot {self.lot:g}", self.quantity))

    def started(self) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
        """Return the arrays that kernels keep of an order that is on its way."""
        numbers, states = np.empty(kernels.NUMBERS), np.empty(kernels.RULES, dtype=np.int64)
        kernels.start(
            numbers, states, self.side.sign, float(self.price), float(self.quantity), float(self.lot),
            self.queue.code, self.queue.power,
        )  # fmt: skip
        return numbers, states


class Filled(NamedTuple):
    """Base coin filled under each rule."""

    touch: float
    queue: float
    through: float


class RestingOrder:
    """One resting order, told of its market event by event; the three rules run side by side.

    Tell it of the trades before the book update that already shows them: a level's change is explained by the trades
    since the one before.

    Parameters
    ----------
    order
        Its terms. It is on its way until :meth:`arrive`.
    """

    def __init__(self, order: MakerOrder) -> None:
        self.order = order
        self._numbers, self._states = order.started()

    @classmethod
    def resting(cls, order: MakerOrder, shown: float, opposite: float) -> Self:
        """Build an order that has arrived; see :meth:`arrive`."""
        made = cls(order)
        made.arrive(shown, opposite)
        return made

    def arrive(self, shown: float, opposite: float) -> bool:
        """Arrive at the venue and return whether the order rests; post-only refuses one that would take.

        Parameters
        ----------
        shown
            What its level displays, base coin, all of it in front; NaN where that is not known.
        opposite
            Best price of the other side; NaN where it is empty.

        Raises
        ------
        BadInput
            If it arrived before.
        """
        self._check(OrderEvent.ACCEPT)
        return bool(kernels.arrive(self._numbers, self._states, float(shown), float(opposite)))

    def trade(self, price: float, size: float, aggressor: Side | None) -> Filled:
        """Take in a public trade and return what it fills.

        An aggressor that is None is taken to be one who could have hit the order. NaN prices or sizes fill nothing. See
        :func:`~arbresearch.matching.queue_kernels.update_trade`.
        """
        before = self.filled
        code = 0 if aggressor is None else aggressor.sign
        kernels.update_trade(self._numbers, self._states, float(price), float(size), code)
        return self._since(before)

    def book(self, shown: float, opposite: float, opposite_size: float) -> Filled:
        """Take in an update of the book and return what it fills.

        Parameters
        ----------
        shown
            What the order's level displays without it, base coin; NaN where that is not known. See
            :func:`level_shown`.
        opposite, opposite_size
            Best of the other side, NaN where it is empty.
        """
        before = self.filled
        kernels.update_book(self._numbers, self._states, float(shown), float(opposite), float(opposite_size))
        return self._since(before)

    def send_cancel(self) -> None:
        """Send a cancel; the order fills until it arrives. ``BadInput`` when one was sent before."""
        self._check(OrderEvent.SEND_CANCEL)
        kernels.send_cancel(self._states)

    def cancel(self) -> None:
        """Let the cancel arrive. ``BadInput`` when none was sent, or the order itself has not arrived."""
        self._check(OrderEvent.CANCEL)
        kernels.cancel(self._states)

    @property
    def filled(self) -> Filled:
        """Return what is filled in all."""
        return Filled(*(float(one) for one in self._numbers[kernels.FILLED : kernels.FILLED + kernels.RULES]))

    @property
    def front(self) -> float:
        """Return the size in front of the order under the queue rule, base coin; NaN where it is not known."""
        return float(self._numbers[kernels.FRONT])

    def state(self, rule: Rule) -> OrderState:
        """Return where the order stands under a rule."""
        return OrderState(int(self._states[list(Rule).index(rule)]))

    def _check(self, event: OrderEvent) -> None:
        for rule in Rule:
            next_state(self.state(rule), event)

    def _since(self, before: Filled) -> Filled:
        return Filled(*(now - then for now, then in zip(self.filled, before, strict=True)))


def level_shown(side: Side, price: float, prices: npt.ArrayLike, sizes: npt.ArrayLike) -> float:
    """Return what the order's own side of a book shows at its price.

    Parameters
    ----------
    side
        Of the order.
    price
        Of the order, compared exactly.
    prices, sizes : array of shape (levels,)
        Bids for a buy, asks for a sell, best first; also one level alone. NaN levels are skipped.

    Returns
    -------
    float
        Base coin; 0 where the price lies before or between known levels, NaN where it lies behind them.

    Raises
    ------
    SchemaError
        Prices and sizes of different shapes.
    """
    grid = np.atleast_1d(np.asarray(prices, dtype=np.float64))
    amounts = np.atleast_1d(np.asarray(sizes, dtype=np.float64))
    if grid.ndim != 1 or grid.shape != amounts.shape:
        raise SchemaError(expected("prices and sizes", "two rows of one length", f"{grid.shape} and {amounts.shape}"))
    return float(kernels.shown_at(side.sign, float(price), grid, amounts, grid.size))
