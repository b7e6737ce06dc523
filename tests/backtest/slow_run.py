"""The state of a slow run and what can be done to orders: send, arrive, rest, fill, cancel."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from math import nan
from typing import Any

from arbresearch.backtest.codes import CashKind, EventKind, FillReason, Repair
from arbresearch.backtest.market import Market
from arbresearch.backtest.terms import RunTerms
from arbresearch.edges.arrays import NEVER_NS
from arbresearch.matching import LIVE, TRANSITIONS, Leg, OrderEvent, OrderState
from arbresearch.signals.modes import MODES, Mode
from tests.backtest.slow_book import Book, draw, floor_lot, take
from tests.backtest.slow_ledger import Ledger
from tests.backtest.slow_queue import Waiting


@dataclass(slots=True)
class Order:
    """An order; the first fields are those of its log."""

    pair: int
    slot: int
    venue: int
    sell: bool
    maker: bool
    reason: FillReason
    price: float
    quantity: float
    sent_ns: int
    meets_ns: int
    cancel_sent_ns: int
    cancel_meets_ns: int
    known_ns: int
    filled: float
    notional: float
    state: OrderState
    number: int
    delays: tuple[int, int, int, int]
    waiting: Waiting | None = None

    @property
    def answer_ns(self) -> int:
        """Return how long after matching we hear of it, in the clock of received rows."""
        feed, _, acknowledgement, _ = self.delays
        return max(acknowledgement - feed, 0)


@dataclass(slots=True)
class Pair:
    """A pair, as its log."""

    mode: int
    trigger: int
    decided_ns: int
    closed_ns: int
    quantity: float
    edge_bps: float
    threshold_bps: float
    best_sell: float
    best_buy: float
    plan_sell: float
    plan_buy: float
    sold: float
    bought: float


@dataclass(slots=True)
class Transfer:
    """A transfer, as its log."""

    asset: int
    origin: int
    destination: int
    amount: float
    fee: float
    sent_ns: int
    due_ns: int
    state: int
    lost: float
    received: float
    ended_ns: int


@dataclass(slots=True)
class Slot:
    """An open pair."""

    index: int
    pair: int
    mode: Mode
    seller: int
    buyer: int
    threshold: float
    ref_sell: float
    ref_buy: float
    working: int = 0
    maker_order: int = -1
    maker_live: bool = False
    cancel_sent: bool = False
    sold: float = 0.0
    bought: float = 0.0
    repair: Repair = Repair.NONE
    tried_row: int = -1
    hedge_range: tuple[float, float] = (nan, nan)
    touch_range: tuple[float, float] = (nan, nan)
    expires_ns: int = 0

    @property
    def excess(self) -> float:
        return self.sold - self.bought


@dataclass(slots=True)
class Counts:
    """How maker orders of a mode ended."""

    ended: int = 0
    share: float = 0.0


@dataclass(slots=True)
class Run:
    """Everything a run knows."""

    terms: RunTerms
    books: list[Book]
    ledger: Ledger
    now: int
    heap: list[tuple[int, int, EventKind, int, int]] = field(default_factory=list)
    sequence: int = 0
    orders: list[Order] = field(default_factory=list)
    order_events: list[tuple[Any, ...]] = field(default_factory=list)
    fills: list[tuple[Any, ...]] = field(default_factory=list)
    pairs: list[Pair] = field(default_factory=list)
    transfers: list[Transfer] = field(default_factory=list)
    cash: list[tuple[Any, ...]] = field(default_factory=list)
    samples: list[tuple[Any, ...]] = field(default_factory=list)
    slots: list[Slot | None] = field(default_factory=list)
    counts: dict[Mode, Counts] = field(default_factory=lambda: {mode: Counts() for mode in MODES})
    paused: bool = False
    halted: bool = False
    day_profit: float = 0.0
    decided_ns: int | None = None
    moved_version: int = -1
    delta_dirty_row: int | None = None
    delta_working: bool = False
    streams: list[list[tuple[list[int], int]]] = field(default_factory=list)

    @classmethod
    def begin(cls, market: Market, terms: RunTerms, first_ns: int) -> Run:
        books = [Book(tape, one) for tape, one in zip(market, terms.venues, strict=True)]
        streams = [[(one.model(leg).sample.tolist(), one.key(leg)) for leg in Leg] for one in terms.latencies]
        slots: list[Slot | None] = [None] * terms.strategy.max_in_flight
        return cls(terms, books, Ledger(terms, books, first_ns), first_ns, slots=slots, streams=streams)

    def push(self, due_ns: int, kind: EventKind, ref: int, pair: int = -1) -> None:
        heapq.heappush(self.heap, (due_ns, self.sequence, kind, ref, pair))
        self.sequence += 1

    def open_slots(self) -> list[Slot]:
        return [slot for slot in self.slots if slot is not None]

    def small(self, quantity: float, v: int) -> bool:
        terms = self.terms.venues[v]
        if quantity <= 0.0 or quantity < terms.min_quantity:
            return True
        return quantity * self.books[v].mid < terms.min_notional

    def lots(self, quantity: float, v: int) -> float:
        return floor_lot(quantity, self.terms.venues[v].lot)

    def note(self, order: Order) -> None:
        self.order_events.append((order.number, self.now, int(order.state), order.filled))

    def step(self, order: Order, event: OrderEvent) -> None:
        order.state = TRANSITIONS[order.state, event]
        self.note(order)

    def send(
        self,
        slot: Slot | None,
        v: int,
        *,
        sell: bool,
        quantity: float,
        price: float,
        reason: FillReason,
        maker: bool = False,
    ) -> Order:
        """Send an order; a slot's taker order counts as working until its end is known."""
        number = len(self.orders)
        feed, entry, acknowledgement, cancel = (draw(delays, key, number) for delays, key in self.streams[v])
        order = Order(
            -1 if slot is None else slot.pair, -1 if slot is None else slot.index, v, sell, maker, reason,
            price, self.lots(quantity, v), self.now, self.now + entry + feed, NEVER_NS, NEVER_NS, NEVER_NS,
            0.0, 0.0, OrderState.SENT, number, (feed, entry, acknowledgement, cancel),
        )  # fmt: skip
        self.orders.append(order)
        self.note(order)
        self.push(order.meets_ns, EventKind.ARRIVE, number)
        if slot is not None and not maker:
            slot.working += 1
            held = self.ledger.holds[slot.index]
            if reason != FillReason.LEG and held is not None:
                held.cover(v, sell, order.quantity, price, self.terms.venues[v].taker_rate)
        return order

    def arrive(self, order: Order) -> None:
        if order.maker:
            self.arrive_maker(order)
        else:
            self.arrive_taker(order)

    def arrive_taker(self, order: Order) -> None:
        v, book = order.venue, self.books[order.venue]
        _, entry, acknowledgement, _ = order.delays
        known_ns = max(order.sent_ns + entry + acknowledgement, order.meets_ns)
        filled = notional = 0.0
        if book.row >= 0:
            levels = book.levels(order.sell, self.now, self.terms.strategy.depth_age_ns)
            filled, notional = take(
                levels, book.used[order.sell], sell=order.sell, quantity=order.quantity, limit=order.price,
                lot=book.terms.lot, impact=book.terms.impact,
            )  # fmt: skip
        if filled > 0.0:
            self.fill(order, filled, notional, self.terms.venues[v].taker_rate, known_ns)
        if filled >= order.quantity:
            order.state = OrderState.FILLED
        else:
            if filled > 0.0:
                order.state = OrderState.PARTLY_FILLED
                self.note(order)
            order.state = OrderState.CANCELLED
        self.note(order)
        self.push(known_ns, EventKind.KNOWN, order.number)

    def arrive_maker(self, order: Order) -> None:
        book, rules = self.books[order.venue], self.terms.strategy
        order.waiting = Waiting(
            sign=-1.0 if order.sell else 1.0, price=order.price, quantity=order.quantity, lot=book.terms.lot,
            rule=rules.fill_rule, family=rules.family, exponent=rules.exponent,
        )  # fmt: skip
        own, size = (book.ask, book.ask_size) if order.sell else (book.bid, book.bid_size)
        if order.waiting.arrive(own, size, book.best(order.sell)):
            self.step(order, OrderEvent.ACCEPT)
            return
        self.step(order, OrderEvent.REJECT)
        _, entry, acknowledgement, _ = order.delays
        self.push(max(order.sent_ns + entry + acknowledgement, self.now), EventKind.KNOWN, order.number)

    def resting(self, v: int) -> list[Order]:
        """Return the live maker orders on a venue in slot order."""
        orders = [self.orders[slot.maker_order] for slot in self.open_slots() if slot.maker_order >= 0]
        return [one for one in orders if one.venue == v and one.state in LIVE]

    def fill_maker(self, order: Order, quantity: float) -> None:
        if not quantity > 0.0:
            return
        known_ns = self.now + order.answer_ns
        self.fill(order, quantity, quantity * order.price, self.terms.venues[order.venue].maker_rate, known_ns)
        done = order.filled >= order.quantity
        self.step(order, OrderEvent.FILL_REST if done else OrderEvent.FILL_PART)
        self.push(known_ns, EventKind.FILL_KNOWN, len(self.fills) - 1)
        if done:
            self.push(known_ns, EventKind.KNOWN, order.number)

    def fill(self, order: Order, quantity: float, notional: float, rate: float, known_ns: int) -> None:
        v = order.venue
        fees = self.ledger.fill(self.now, v, sell=order.sell, quantity=quantity, notional=notional, rate=rate)
        if order.waiting is None:
            order.filled, order.notional = quantity, notional
        else:
            order.filled, order.notional = order.waiting.filled, order.notional + notional
        self.fills.append((
            order.number, order.pair, v, order.sell, order.maker, int(order.reason), self.now, known_ns,
            quantity, notional, *fees, self.books[v].mid,
        ))  # fmt: skip

    def send_cancel(self, slot: Slot) -> None:
        order = self.orders[slot.maker_order]
        slot.cancel_sent = True
        order.cancel_sent_ns = self.now
        feed, _, _, cancel = order.delays
        order.cancel_meets_ns = max(self.now + cancel + feed, order.meets_ns)
        if not order.state.final:
            self.step(order, OrderEvent.SEND_CANCEL)
        self.push(order.cancel_meets_ns, EventKind.CANCEL, order.number)

    def cancel(self, order: Order) -> None:
        if order.state.final:
            return
        self.step(order, OrderEvent.CANCEL)
        self.push(self.now + order.answer_ns, EventKind.KNOWN, order.number)

    def pay(self, v: int, kind: CashKind, amount: float) -> None:
        self.ledger.quote[v] += amount
        self.ledger.version += 1
        self.cash.append((v, int(kind), self.now, amount))

    def liquidate(self, v: int) -> None:
        """Close a perpetual's position where the venue would."""
        mid, base = self.books[v].mid, self.ledger.base[v]
        low, high = self.ledger.liquidation_band(v)
        if not (mid < low or mid > high):
            return
        notional = abs(base) * mid
        self.ledger.close_position(self.now, v, mid)
        self.fills.append((
            -1, -1, v, base > 0.0, False, int(FillReason.LIQUIDATION), self.now, self.now,
            abs(base), notional, 0.0, 0.0, 0.0, mid,
        ))  # fmt: skip
        self.pay(v, CashKind.LIQUIDATION_FEE, -(notional * self.terms.venues[v].liquidation_rate))
        self.halted = True
