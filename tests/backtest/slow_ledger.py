"""Balances of the three venues and what follows from them, each worked out anew whenever it is asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, isnan

from arbresearch.backtest.terms import RunTerms
from tests.backtest.slow_book import Book


@dataclass(slots=True)
class Hold:
    """What an open pair reserves: base coin on its seller, quote currency on its buyer, and more for a repair."""

    seller: int
    buyer: int
    base: float
    quote: float
    extra_venue: int = -1
    extra_base: float = 0.0
    extra_quote: float = 0.0

    def cover(self, v: int, sell: bool, quantity: float, price: float, rate: float) -> None:
        """Reserve what an order needs beyond what is reserved there."""
        self.release()
        self.extra_venue = v
        if sell:
            self.extra_base = max(0.0, quantity - (self.base if v == self.seller else 0.0))
        else:
            need = quantity * price * max(1.0, 1.0 + rate)
            self.extra_quote = max(0.0, need - (self.quote if v == self.buyer else 0.0))

    def release(self) -> None:
        self.extra_base = self.extra_quote = 0.0


class Ledger:
    """Balances, what is on its way, and the exposures that are followed from change to change."""

    def __init__(self, terms: RunTerms, books: Sequence[Book], first_ns: int) -> None:
        self.venues, self.strategy, self.books = terms.venues, terms.strategy, books
        self.base_start = [one.base_start for one in terms.venues]
        self.quote_start = [one.quote_start for one in terms.venues]
        self.base, self.quote, self.coin = list(self.base_start), list(self.quote_start), [0.0] * 3
        self.transit = [[0.0, 0.0], [0.0, 0.0]]
        self.holds: list[Hold | None] = [None] * terms.strategy.max_in_flight
        self.tilt_sign, self.tilt_since = 0, first_ns
        self.exposure = self.exposure_mark = self.unhedged_quote_s = 0.0
        self.exposure_ns = first_ns
        self.version = 0
        self.dirty = 1

    @property
    def mark(self) -> float:
        return 0.5 * (self.books[0].mid + self.books[1].mid)

    def equity(self, v: int) -> float:
        return self.quote[v] + self.base[v] * self.books[v].mid + self.coin[v]

    def sell_free(self, v: int, without: int = -1) -> float:
        """Return the base coin that may still be sold, one slot's reservation left out."""
        terms, mid = self.venues[v], self.books[v].mid
        free = self.base[v]
        if terms.perpetual:
            if isnan(mid):
                return 0.0
            free = terms.leverage * self.equity(v) / mid + self.base[v]
        for slot, hold in enumerate(self.holds):
            if hold is None or slot == without:
                continue
            if hold.seller == v:
                free -= hold.base
            if hold.extra_venue == v:
                free -= hold.extra_base
        return max(0.0, free)

    def buy_free(self, v: int, without: int = -1) -> float:
        """Return the quote currency that may still be spent, one slot's reservation left out."""
        terms, mid = self.venues[v], self.books[v].mid
        free = self.quote[v]
        if terms.perpetual:
            if isnan(mid):
                return 0.0
            free = (terms.leverage * self.equity(v) / mid - self.base[v]) * mid
        for slot, hold in enumerate(self.holds):
            if hold is None or slot == without:
                continue
            if hold.buyer == v:
                free -= hold.quote
            if hold.extra_venue == v:
                free -= hold.extra_quote
        return max(0.0, free)

    def funds(self, v: int, sell: bool, limit: float, without: int = -1) -> float:
        """Return the base coin that a taker order at a limit has the funds for."""
        if sell:
            return self.sell_free(v, without)
        return self.buy_free(v, without) / (limit * max(1.0, 1.0 + self.venues[v].taker_rate))

    @property
    def imbalance(self) -> float:
        transit = self.transit[0]
        return ((self.base[0] - self.base_start[0]) + (self.base[1] - self.base_start[1])) + (transit[0] + transit[1])

    @property
    def gap(self) -> float:
        transit = self.transit[0]
        spot = (self.base[0] + self.base[1]) + (transit[0] + transit[1])
        return spot + self.base[2] - self.strategy.hedge_target_base

    @property
    def tilt(self) -> float:
        a, b = (self.base[v] + self.transit[0][v] - self.base_start[v] for v in (0, 1))
        return 0.5 * (b - a)

    @property
    def profit(self) -> float:
        mark = 0.0 if isnan(self.mark) else self.mark
        quote = (self.quote[0] - self.quote_start[0]) + (self.quote[1] - self.quote_start[1])
        transit = self.transit[1][0] + self.transit[1][1]
        return quote + transit + (self.coin[0] + self.coin[1]) + self.imbalance * mark

    def unhedged_at(self, now: int) -> float:
        return self.unhedged_quote_s + self.exposure * self.exposure_mark * (now - self.exposure_ns) / 1e9

    def before_base(self, now: int) -> None:
        """Close the stretch of time over which the present exposure was carried."""
        self.unhedged_quote_s = self.unhedged_at(now)
        self.exposure_ns = now

    def after_base(self, now: int, *, spot: bool) -> None:
        """Follow a change of base coin; ``spot``: on A, on B, or in transit between them."""
        self.exposure = abs(self.gap if self.strategy.hedge else self.imbalance)
        self.exposure_mark = 0.0 if isnan(self.mark) else self.mark
        self.version += 1
        if not spot:
            return
        self.dirty = 1
        tilt = self.tilt
        flat = abs(tilt) < max(self.strategy.common_lot, 1e-12)
        sign = 0 if flat else 1 if tilt > 0.0 else -1
        if sign != self.tilt_sign:
            self.tilt_sign, self.tilt_since = sign, now

    def fill(self, now: int, v: int, *, sell: bool, quantity: float, notional: float, rate: float) -> tuple[float, ...]:
        """Exchange base coin and quote currency; return the fee in base coin, quote currency and fee coin."""
        terms = self.venues[v]
        fee_base = quantity * rate if terms.received and not sell else 0.0
        fee = 0.0 if terms.received and not sell else notional * rate
        self.before_base(now)
        if sell:
            self.base[v] -= quantity
            self.quote[v] += notional
        else:
            self.base[v] += quantity - fee_base
            self.quote[v] -= notional
        if terms.coin:
            self.coin[v] -= fee
        else:
            self.quote[v] -= fee
        self.after_base(now, spot=v < 2)
        return (fee_base, 0.0, fee) if terms.coin else (fee_base, fee, 0.0)

    def liquidation_band(self, v: int) -> tuple[float, float]:
        """Return the mids below and above which a position is closed by the venue."""
        base, quote, rate = self.base[v], self.quote[v] + self.coin[v], self.venues[v].maintenance_rate
        low = -quote / (base * (1.0 - rate)) if base > 0.0 else -inf
        high = quote / (abs(base) * (1.0 + rate)) if base < 0.0 else inf
        return low, high

    def close_position(self, now: int, v: int, mid: float) -> None:
        self.before_base(now)
        self.quote[v] += self.base[v] * mid
        self.base[v] = 0.0
        self.after_base(now, spot=v < 2)
