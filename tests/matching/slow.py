"""Obvious versions of taking and of waiting in a queue: exact fractions, lists, one thing after the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from math import floor, isnan, log
from typing import NamedTuple

from arbresearch.core import Side

NAN = float("nan")
RULES = ("touch", "queue", "through")


class BookEvent(NamedTuple):
    """The best of both sides from a time on."""

    time: int
    bid: float
    bid_size: float
    ask: float
    ask_size: float


class TradeEvent(NamedTuple):
    """A public trade; the aggressor is a side or None."""

    time: int
    price: float
    size: float
    aggressor: str | None


Event = BookEvent | TradeEvent


def in_order(events: Sequence[Event]) -> list[Event]:
    """Sort by time, trades before books."""
    return sorted(events, key=lambda one: (one.time, isinstance(one, BookEvent)))


class SlowTaker:
    """One side of a displayed book as a list of levels that orders eat away."""

    def __init__(self, lot: Fraction) -> None:
        self.lot = lot
        self.levels: list[list[Fraction]] = []

    def show(self, levels: Sequence[tuple[float, float]]) -> None:
        self.levels = [[Fraction(price), Fraction(size)] for price, size in levels if not isnan(price) and size > 0]

    def take(self, side: Side, quantity: float, limit: float | None, kill: bool) -> tuple[Fraction, Fraction]:
        """Take lot by lot from the best level that is good enough and has something left; a lot may span levels."""
        good = [
            level
            for level in self.levels
            if limit is None or (level[0] <= Fraction(limit) if side is Side.BUY else level[0] >= Fraction(limit))
        ]
        wanted = Fraction(quantity) // self.lot
        there = sum((size for _, size in good), Fraction(0)) // self.lot
        lots = min(wanted, there)
        if kill and there < wanted:
            return Fraction(0), Fraction(0)
        paid = Fraction(0)
        for _ in range(lots):
            missing = self.lot
            for level in good:
                part = min(missing, level[1])
                level[1] -= part
                missing -= part
                paid += part * level[0]
        return lots * self.lot, paid


def share_behind(family: str, exponent: int) -> Callable[[Fraction, Fraction], Fraction]:
    """Return the probability that a cancelled unit was behind, as the six families are published."""

    def power(x: Fraction) -> Fraction:
        return x**exponent

    def logarithm(x: Fraction) -> Fraction:
        return Fraction(log(1 + x))

    def probability(front: Fraction, back: Fraction) -> Fraction:
        if front + back == 0:
            return Fraction(1)
        if family == "full_share":
            return 1 - power(front / (front + back))
        weight = logarithm if family.endswith("log") else power
        under = weight(back + front) if family.startswith("full") else weight(back) + weight(front)
        return weight(back) / under

    return probability


class SlowQueue:
    """A resting order that remembers its whole history and works out its place anew whenever it is asked."""

    def __init__(self, side: Side, price: float, quantity: float, lot: float, family: str, exponent: int) -> None:
        self.side, self.price, self.lot = side, Fraction(price), Fraction(lot)
        self.quantity = Fraction(quantity)
        self.family = family
        self.share = share_behind(family, exponent)
        self.history: list[tuple[str, Fraction]] = []

    def beyond(self, one: float, other: Fraction) -> bool:
        """Whether a price lies beyond another: below for a bid, above for an ask."""
        return Fraction(one) < other if self.side is Side.BUY else Fraction(one) > other

    def shown(self, book: BookEvent) -> Fraction | None:
        best, size = (book.bid, book.bid_size) if self.side is Side.BUY else (book.ask, book.ask_size)
        if isnan(best):
            return None
        if Fraction(best) == self.price:
            return Fraction(size)
        return Fraction(0) if self.beyond(best, self.price) else None

    def front(self) -> Fraction | None:
        """Go through the history of what the level showed and what traded there."""
        front: Fraction | None = None
        previous = traded = Fraction(0)
        for what, amount in self.history:
            if what == "trade":
                traded += amount
                front = None if front is None else max(front - amount, Fraction(0))
                continue
            if front is None:
                front = amount
            else:
                change = previous - amount - traded
                if self.family == "risk_averse" or change < 0:
                    front = min(front, amount)
                else:
                    back = previous - front
                    behind = self.share(front, back)
                    ahead = (1 - behind) * change
                    from_behind = behind * change
                    over = max(from_behind - back, Fraction(0))
                    front = max(min(front - ahead - over, amount), Fraction(0))
            previous, traded = amount, Fraction(0)
        return front

    def run(self, events: Sequence[Event], arrival: int, cancel: int | None) -> list[tuple[int, dict[str, Fraction]]]:
        """Return what each event filled by rule; nothing at all when the order is refused."""
        offered = dict.fromkeys(RULES, Fraction(0))
        filled = dict.fromkeys(RULES, Fraction(0))
        fills = []
        ordered = in_order(events)
        books = [one for one in ordered if isinstance(one, BookEvent) and one.time <= arrival]
        if books:
            opposite = books[-1].ask if self.side is Side.BUY else books[-1].bid
            if not isnan(opposite) and not self.beyond(float(self.price), Fraction(opposite)):
                return []
            first = self.shown(books[-1])
            if first is not None:
                self.history.append(("level", first))
        for event in ordered:
            if event.time <= arrival or (cancel is not None and event.time > cancel):
                continue
            for rule, amount in self.offers(event).items():
                offered[rule] += amount
            done = {}
            for rule in RULES:
                most = min(offered[rule], self.quantity)
                whole = floor(most / self.lot + Fraction(1, 10**9)) * self.lot
                done[rule] = whole - filled[rule]
                filled[rule] = whole
            if any(done.values()):
                fills.append((event.time, done))
        return fills

    def offers(self, event: Event) -> dict[str, Fraction]:
        nothing = Fraction(0)
        if isinstance(event, TradeEvent):
            if event.aggressor == self.side.value or event.size <= 0:
                return {}
            size = Fraction(event.size)
            if self.beyond(event.price, self.price):
                return dict.fromkeys(RULES, size)
            if Fraction(event.price) != self.price:
                return {}
            front = self.front()
            self.history.append(("trade", size))
            return {"touch": size, "queue": nothing if front is None else max(size - front, nothing)}
        opposite, there = (event.ask, event.ask_size) if self.side is Side.BUY else (event.bid, event.bid_size)
        level = self.shown(event)
        if level is not None:
            self.history.append(("level", level))
        if isnan(opposite):
            return {}
        if self.beyond(opposite, self.price):
            return dict.fromkeys(RULES, Fraction(there))
        if Fraction(opposite) == self.price:
            return {"touch": Fraction(there), "queue": Fraction(there)}
        return {}
