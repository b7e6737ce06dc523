"""Compiled: balances, what of them is free, and what they are worth."""

from __future__ import annotations

from typing import Any

import numpy as np

from arbresearch.backtest.codes import Rebalance
from arbresearch.backtest.compiled import NO, YES, A, B, inner, whole

__all__ = [
    "before_change", "buy_free", "changed", "equity", "exposed", "gap", "held", "imbalance", "mark", "mid", "profit",
    "sell_free", "set_liquidation", "tilt",
]  # fmt: skip

_REVERSE = whole(Rebalance.REVERSE)


@inner
def mid(r: Any, venue: int) -> float:
    """Return the mid of the book in force, NaN before the first row."""
    book = r.books[venue]
    return float(0.5 * (book.bid + book.ask))


@inner
def mark(r: Any) -> float:
    """Return the mean of the mids of A and B, at which base coin is valued."""
    return 0.5 * (mid(r, A) + mid(r, B))


@inner
def imbalance(r: Any) -> float:
    """Return the base coin on A, B and under way, less what there was at the beginning."""
    kept = (r.base[0] - r.venues[0].base_start) + (r.base[1] - r.venues[1].base_start)
    return float(kept + (r.transit[0, 0] + r.transit[0, 1]))


@inner
def gap(r: Any) -> float:
    """Return the delta, base coin, less its target."""
    spot = (r.base[0] + r.base[1]) + (r.transit[0, 0] + r.transit[0, 1])
    return float(spot + r.base[2] - r.strategy[0].hedge_target_base)


@inner
def tilt(r: Any) -> float:
    """Return how much base coin was shifted from A to B since the beginning; what is under way counts as arrived."""
    on_a = r.base[0] + r.transit[0, 0] - r.venues[0].base_start
    on_b = r.base[1] + r.transit[0, 1] - r.venues[1].base_start
    return float(0.5 * (on_b - on_a))


@inner
def profit(r: Any) -> float:
    """Return the hedged spread profit, quote currency: the starting inventory's own gain or loss is not in it."""
    cash = (r.quote[0] - r.venues[0].quote_start) + (r.quote[1] - r.venues[1].quote_start)
    price = mark(r)
    coin = imbalance(r) * price if price == price else 0.0
    return float(cash + (r.transit[1, 0] + r.transit[1, 1]) + (r.coin[0] + r.coin[1]) + coin)


@inner
def equity(r: Any, venue: int) -> float:
    """Return the margin balance of a perpetual with its open profit, quote currency."""
    return float(r.quote[venue] + r.base[venue] * mid(r, venue) + r.coin[venue])


@inner
def held(r: Any, venue: int, sells: bool, free: float, but: int) -> float:
    """Return what is free when open pairs, but one, keep what they reserved."""
    for number in range(r.strategy[0].max_in_flight):
        slot = r.slots[number]
        if not slot.open or number == but:
            continue
        if sells:
            if slot.seller == venue:
                free -= slot.hold_base
            if slot.extra_venue == venue:
                free -= slot.extra_base
        else:
            if slot.buyer == venue:
                free -= slot.hold_quote
            if slot.extra_venue == venue:
                free -= slot.extra_quote
    return max(0.0, free)


@inner
def sell_free(r: Any, venue: int, but: int) -> float:
    """Return the base coin that may be sold on a venue; leverage limits it on a perpetual."""
    terms = r.venues[venue]
    if not terms.perpetual:
        return held(r, venue, YES, r.base[venue], but)
    price = mid(r, venue)
    if price != price:
        return 0.0
    return held(r, venue, YES, terms.leverage * equity(r, venue) / price + r.base[venue], but)


@inner
def buy_free(r: Any, venue: int, but: int) -> float:
    """Return the quote currency that may be spent on a venue; leverage limits it on a perpetual."""
    terms = r.venues[venue]
    if not terms.perpetual:
        return held(r, venue, NO, r.quote[venue], but)
    price = mid(r, venue)
    if price != price:
        return 0.0
    return held(r, venue, NO, (terms.leverage * equity(r, venue) / price - r.base[venue]) * price, but)


@inner
def exposed(r: Any, now_ns: int) -> float:
    """Return unhedged notional times seconds up to a moment."""
    return float(r.unhedged_quote_s + r.exposure * r.exposure_mark * (now_ns - r.exposure_ns) / 1e9)


@inner
def before_change(r: Any, now_ns: int) -> None:
    """Count the exposure up to a change of base coin."""
    r.unhedged_quote_s = exposed(r, now_ns)


@inner
def set_liquidation(r: Any, venue: int) -> None:
    """Work out between which prices a perpetual's position is safe."""
    terms = r.venues[venue]
    if not terms.perpetual:
        return
    base = r.base[venue]
    quote = r.quote[venue] + r.coin[venue]
    r.liquidation[venue, 0] = -quote / (base * (1.0 - terms.maintenance_rate)) if base > 0.0 else -np.inf
    r.liquidation[venue, 1] = quote / (abs(base) * (1.0 + terms.maintenance_rate)) if base < 0.0 else np.inf


@inner
def changed(r: Any, venue: int, now_ns: int, base_moved: bool) -> None:
    """Follow a change of balances: tilt, exposure, hedge and liquidation prices; ``venue`` -1 for what is under way."""
    r.version += 1
    r.turn += 1
    if venue >= 0:
        set_liquidation(r, venue)
    if not base_moved:
        return
    if venue != 2:
        r.delta_dirty = 1
        shift = tilt(r)
        sign = 0
        if not abs(shift) < max(r.strategy[0].common_lot, 1e-12):
            sign = 1 if shift > 0.0 else -1
        if sign != r.tilt_sign:
            r.tilt_sign = sign
            r.tilt_since_ns = now_ns
    r.exposure = abs(gap(r) if r.strategy[0].hedge else imbalance(r))
    price = mark(r)
    r.exposure_mark = price if price == price else 0.0
    r.exposure_ns = now_ns
