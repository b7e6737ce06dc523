"""One resting order over a recorded market, under the three rules."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from arbresearch.core import BadInput, expected
from arbresearch.edges.arrays import NEVER_NS
from arbresearch.matching.queue import MakerOrder, Rule
from arbresearch.matching.queue_kernels import replay
from arbresearch.matching.rows import book_rows, trade_rows
from arbresearch.matching.states import OrderState

__all__ = ["Bracket", "resting_bracket"]


@dataclass(frozen=True, slots=True, eq=False)
class Bracket:
    """What an order was filled under each rule.

    Parameters
    ----------
    fills
        One row an event that filled something: recv_ns; touch, queue and through, base coin filled by it. The price is
        that of the order.
    states
        Where the order stands at the end, by rule.
    """

    fills: pl.DataFrame
    states: dict[Rule, OrderState]

    def filled(self, rule: Rule) -> float:
        """Return the base coin filled in all under a rule."""
        return float(self.fills[rule.value].sum())


def resting_bracket(
    quotes: pl.DataFrame,
    trades: pl.DataFrame,
    order: MakerOrder,
    arrival_ns: int,
    *,
    cancel_sent_ns: int | None = None,
    cancel_arrival_ns: int | None = None,
) -> Bracket:
    """Run a resting order over quotes and trades of one stream.

    Rows at or before the arrival are in force on arrival; rows up to and at the cancel's arrival still fill. A trade
    and a quote of one time count in this order. The level of the order is known while it is the best one, or before it.

    Parameters
    ----------
    quotes, trades
        As :class:`~arbresearch.store.TickStore` returns them, rising in recv_ns.
    order
        The terms.
    arrival_ns
        When the order meets the book, in the receive clock
        (:meth:`~arbresearch.matching.VenueLatency.meets_ns`).
    cancel_sent_ns, cancel_arrival_ns
        When a cancel is sent and when it meets the book, the latter not before ``arrival_ns``; None: never.

    Raises
    ------
    SchemaError
        A column is missing, or times go back.
    BadInput
        One time of the cancel without the other, or a cancel that arrives before it was sent or before the order.
    """
    if (cancel_sent_ns is None) != (cancel_arrival_ns is None):
        raise BadInput(expected("cancel", "both of cancel_sent_ns and cancel_arrival_ns, or none", "one"))
    sent = NEVER_NS if cancel_sent_ns is None else cancel_sent_ns
    arrives = NEVER_NS if cancel_arrival_ns is None else cancel_arrival_ns
    if arrives < max(sent, arrival_ns):
        raise BadInput(expected("cancel_arrival_ns", f"{max(sent, arrival_ns)} or later", arrives))
    numbers, states = order.started()
    times, filled = replay(numbers, states, book_rows(quotes), trade_rows(trades), arrival_ns, sent, arrives)
    columns = {rule.value: filled[:, place] for place, rule in enumerate(Rule)}
    fills = pl.DataFrame({"recv_ns": times, **columns})
    return Bracket(fills, {rule: OrderState(int(states[place])) for place, rule in enumerate(Rule)})
