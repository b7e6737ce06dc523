"""One resting order under one of the three fill rules, the obvious way."""

from __future__ import annotations

from math import isnan, log1p, nan

from tests.backtest.slow_book import floor_lot

TOUCH, QUEUE, THROUGH = range(3)


def share_behind(front: float, back: float, family: int, exponent: float) -> float:
    """Return the published probability that a cancelled unit stood behind: families POWER to FULL_SHARE, 1 to 5."""
    if family == 1:
        over, under = back**exponent, back**exponent + front**exponent
    elif family == 2:
        over, under = log1p(back), log1p(back) + log1p(front)
    elif family == 3:
        over, under = back**exponent, (back + front) ** exponent
    elif family == 4:
        over, under = log1p(back), log1p(back + front)
    else:
        under = (back + front) ** exponent
        over = under - front**exponent
    return over / under if under > 0.0 else 1.0


class Waiting:
    """An order in the queue of its level; sign 1 for a buy, -1 for a sell."""

    def __init__(
        self, *, sign: float, price: float, quantity: float, lot: float, rule: int, family: int, exponent: float
    ) -> None:
        self.sign, self.price, self.quantity, self.lot = sign, price, quantity, lot
        self.rule, self.family, self.exponent = rule, family, exponent
        self.front = self.previous = nan
        self.traded = self.offered = self.filled = 0.0

    def shown(self, best: float, size: float) -> float:
        """Return what the own level shows when the best of the own side is known: NaN behind it."""
        if best == self.price:
            return size
        return 0.0 if (self.price - best) * self.sign > 0.0 else nan

    def arrive(self, best: float, size: float, opposite: float) -> bool:
        """Return whether the order rests, last at its level; post-only refuses it where it would take."""
        if (self.price - opposite) * self.sign >= 0.0:
            return False
        self.front = self.previous = self.shown(best, size)
        return True

    def offer(self, amount: float) -> float:
        """Return what an amount that comes to the order newly fills."""
        if not amount > 0.0:
            return 0.0
        self.offered += amount
        before = self.filled
        after = floor_lot(min(self.quantity, self.offered), self.lot)
        if not after > before:
            return 0.0
        self.filled = after
        return after - before

    def trade(self, price: float, size: float, aggressor: int) -> float:
        beyond = (self.price - price) * self.sign
        if not size > 0.0 or not beyond >= 0.0 or aggressor == self.sign:
            return 0.0
        if beyond > 0.0:
            return self.offer(size)
        grown = 0.0
        if self.rule == TOUCH:
            grown = self.offer(size)
        elif self.rule == QUEUE:
            grown = self.offer(size - self.front)
        if not isnan(self.front):
            self.front = max(self.front - size, 0.0)
        self.traded += size
        return grown

    def book(self, best: float, size: float, opposite: float, opposite_size: float) -> float:
        beyond = (self.price - opposite) * self.sign
        grown = 0.0
        if beyond > 0.0 or (beyond == 0.0 and self.rule != THROUGH):
            grown = self.offer(opposite_size)
        shown = self.shown(best, size)
        if not isnan(shown):
            self.front = self.moved(shown)
            self.previous = shown
            self.traded = 0.0
        return grown

    def moved(self, shown: float) -> float:
        """Return the size in front after the level changed to what is shown."""
        if isnan(self.front):
            return shown
        change = self.previous - shown - self.traded
        if self.family == 0 or change < 0.0:
            return min(self.front, shown)
        back = max(self.previous - self.front, 0.0)
        behind = share_behind(self.front, back, self.family, self.exponent)
        estimate = self.front - (1.0 - behind) * change + min(back - behind * change, 0.0)
        return max(min(estimate, shown), 0.0)
