"""Lots, delays and one venue's book, the obvious way: plain numbers, lists, one thing after the other."""

from __future__ import annotations

from math import ceil, floor, inf, isnan, nan, sqrt

from arbresearch.backtest.market import VenueTape
from arbresearch.backtest.terms import VenueTerms

MASK = (1 << 64) - 1
Levels = list[tuple[float, float]]


def rounded(count: float, step: float) -> float:
    """Return a number of steps, by dividing where one is a whole number of steps."""
    in_one = 1.0 / step
    if in_one >= 1.5 and abs(in_one - round(in_one)) < 1e-9 * in_one:
        return count / round(in_one)
    return count * step


def floor_lot(quantity: float, lot: float) -> float:
    if lot <= 0.0 or isnan(quantity) or quantity == inf:
        return quantity
    return rounded(floor(quantity / lot + 1e-9), lot)


def ceil_lot(price: float, tick: float) -> float:
    if tick <= 0.0 or isnan(price) or price == inf:
        return price
    return rounded(ceil(price / tick - 1e-9), tick)


def shifted(price: float, fraction: float, sell: bool, tick: float) -> float:
    """Return the worst price accepted: beyond a price by a fraction, rounded to the tick on the inner side."""
    if sell:
        return ceil_lot(price * (1.0 - fraction), tick)
    return floor_lot(price * (1.0 + fraction), tick)


def uniform(key: int, number: int) -> float:
    """Return output ``number`` of SplitMix64 started at ``key``, in [0, 1)."""
    mixed = (key + (number + 1) * 0x9E3779B97F4A7C15) & MASK
    mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & MASK
    mixed ^= mixed >> 31
    return float(mixed >> 11) * 2.0**-53


def draw(delays: list[int], key: int, number: int) -> int:
    return delays[int(uniform(key, number) * len(delays))]


def take(
    levels: Levels, used: list[float], *, sell: bool, quantity: float, limit: float, lot: float, impact: float
) -> tuple[float, float]:
    """Fill what the levels within the limit still have, in whole lots; raise what is used of them."""
    wanted = floor_lot(quantity, lot)
    if not wanted > 0.0:
        return 0.0, 0.0
    against = -1.0 if sell else 1.0
    moved = 1.0 + against * impact * sqrt(wanted) if impact > 0.0 else 1.0
    good = 0
    there = 0.0
    for place, (price, size) in enumerate(levels):
        if (price * moved - limit) * against > 0.0:
            break
        good += 1
        there += max(size - used[place], 0.0)
    filled = floor_lot(min(wanted, there), lot)
    if not filled > 0.0:
        return 0.0, 0.0
    left, notional = filled, 0.0
    for place, (price, size) in enumerate(levels[:good]):
        part = min(left, max(size - used[place], 0.0))
        used[place] += part
        notional += part * price
        left -= part
        if left <= 0.0:
            break
    return filled, notional * (1.0 + against * impact * sqrt(filled))


class Book:
    """What is in force on a venue, and what own orders have taken of it since its last row."""

    def __init__(self, tape: VenueTape, terms: VenueTerms) -> None:
        self.terms = terms
        self.rows = list(zip(*(column.tolist() for column in tape.book), strict=True))
        self.ladder = list(zip(*(column.tolist() for column in tape.ladder), strict=True))
        self.width = tape.ladder.bids.shape[1] + 1
        self.row = self.rung = -1
        self.recv_ns = self.changed_ns = self.ladder_ns = 0
        self.bid = self.bid_size = self.ask = self.ask_size = nan
        self.forget()

    def forget(self) -> None:
        self.used = {True: [0.0] * self.width, False: [0.0] * self.width}

    def show(self, row: int) -> None:
        recv_ns, *numbers = self.rows[row]
        before = (self.bid, self.bid_size, self.ask, self.ask_size)
        if self.row < 0 or any(one != other for one, other in zip(numbers, before, strict=True)):
            self.changed_ns = recv_ns
        self.row, self.recv_ns = row, recv_ns
        self.bid, self.bid_size, self.ask, self.ask_size = numbers
        self.forget()

    def show_ladder(self, rung: int) -> None:
        self.rung, self.ladder_ns = rung, self.ladder[rung][0]
        self.forget()

    @property
    def mid(self) -> float:
        return 0.5 * (self.bid + self.ask)

    def best(self, sell: bool) -> float:
        """Return the best price of the side that a sell, or a buy, takes; NaN where there is none."""
        return self.bid if sell else self.ask

    def levels(self, sell: bool, now: int, depth_age_ns: int) -> Levels:
        """Return the known levels that a sell (the bids), or a buy (the asks), takes, best first."""
        best, size = (self.bid, self.bid_size) if sell else (self.ask, self.ask_size)
        if isnan(best):
            return []
        known = [(best, size)] if size > 0.0 else []
        if self.rung >= 0 and now - self.ladder_ns <= depth_age_ns:
            _, bids, bid_sizes, asks, ask_sizes = self.ladder[self.rung]
            prices, sizes = (bids, bid_sizes) if sell else (asks, ask_sizes)
            for price, there in zip(prices, sizes, strict=True):
                if (price < best if sell else price > best) and there > 0.0:
                    known.append((price, there))
        return known

    def free(self, sell: bool, now: int, depth_age_ns: int) -> Levels:
        """Return the known levels with what is left of them, those with nothing left out."""
        used = self.used[sell]
        left = [
            (price, max(size - used[i], 0.0)) for i, (price, size) in enumerate(self.levels(sell, now, depth_age_ns))
        ]
        return [(price, size) for price, size in left if size > 0.0]

    def fresh(self, now: int, max_unchanged_ns: int) -> bool:
        return (
            self.row >= 0
            and self.bid > 0.0
            and self.ask > self.bid
            and now - self.recv_ns <= self.terms.max_age_ns
            and now - self.changed_ns <= max_unchanged_ns
        )
