"""Which mode to take, and what a resting order may cost: the rules of the strategy, one candidate after the other."""

from __future__ import annotations

from dataclasses import dataclass
from math import nan

from arbresearch.backtest.terms import StrategyTerms, VenueTerms
from arbresearch.signals.modes import MODES, Mode
from tests.backtest.slow_book import Levels, ceil_lot, floor_lot, shifted


@dataclass(slots=True)
class Side:
    """A venue as the decision sees it."""

    terms: VenueTerms
    bid: float
    ask: float
    bids: Levels
    asks: Levels
    sell_free: float
    buy_free: float


@dataclass(slots=True)
class Choice:
    """A candidate: what is sold and bought, at what, and what it is expected to bring."""

    mode: Mode
    size: float
    edge_bps: float
    profit: float
    plan_sell: float
    plan_buy: float
    sell_limit: float
    buy_limit: float
    hedge_worst: float = nan


def net_bps(sell: float, buy: float, keep: float, pay: float) -> float:
    return 1e4 * (sell * keep / (buy * pay) - 1.0)


def walk(levels: Levels, size: float) -> tuple[float, float]:
    """Return the average and the worst price of a size taken from the best level on."""
    left, total, value, worst = size, 0.0, 0.0, nan
    for price, there in levels:
        part = min(left, there)
        total += part
        value += part * price
        worst = price
        left -= part
        if left <= 0.0:
            break
    return value / total, worst


def matched(bids: Levels, asks: Levels, keep: float, pay: float, threshold: float, cap: float) -> tuple[float, float]:
    """Return what both sides offer each other above a threshold, up to a cap, and the last ask that belongs to it."""
    left_bids, left_asks = [size for _, size in bids], [size for _, size in asks]
    i = j = 0
    total, last_buy = 0.0, nan
    while i < len(bids) and j < len(asks) and total < cap:
        if not net_bps(bids[i][0], asks[j][0], keep, pay) > threshold:
            break
        part = min(left_bids[i], left_asks[j], cap - total)
        total += part
        last_buy = asks[j][0]
        left_bids[i] -= part
        left_asks[j] -= part
        if left_bids[i] <= 0.0:
            i += 1
        if left_asks[j] <= 0.0:
            j += 1
    return total, last_buy


def within_band(levels: Levels, best: float, band: float, sell: bool) -> float:
    """Return what is free on a side up to a band beyond its best price."""
    total = 0.0
    for price, size in levels:
        if price >= best * (1.0 - band) if sell else price <= best * (1.0 + band):
            total += size
    return total


DUST = 1e-9


def allowed(size: float, price: float, terms: VenueTerms) -> bool:
    return size >= terms.min_quantity and size * price >= terms.min_notional


def taker_pair(mode: Mode, s: Side, b: Side, threshold: float, headroom: float, rules: StrategyTerms) -> Choice | None:
    keep, pay, band = 1.0 - s.terms.taker_rate, 1.0 + b.terms.taker_rate, rules.band_bps * 1e-4
    cap = min(rules.order_quote / b.ask, s.sell_free, headroom)
    total, last_buy = matched(s.bids, b.asks, keep, pay, threshold, cap)
    if total <= 0.0:
        return None
    size = floor_lot(min(total, b.buy_free / (last_buy * (1.0 + band) * max(1.0, pay))), rules.common_lot)
    if size <= 0.0 or size * b.ask < DUST * rules.order_quote:
        return None
    sell, worst_sell = walk(s.bids, size)
    buy, worst_buy = walk(b.asks, size)
    if not allowed(size, sell, s.terms) or not allowed(size, buy, b.terms):
        return None
    edge = net_bps(sell, buy, keep, pay)
    if not edge > threshold:
        return None
    profit = size * (sell * keep - buy * pay)
    limits = shifted(worst_sell, band, True, s.terms.tick), shifted(worst_buy, band, False, b.terms.tick)
    return Choice(mode, size, edge, profit, sell, buy, *limits)


def sell_bound(s: Side, rules: StrategyTerms) -> float:
    return max(s.ask - rules.improve_ticks * s.terms.tick, s.bid + s.terms.tick)


def buy_bound(b: Side, rules: StrategyTerms) -> float:
    return min(b.bid + rules.improve_ticks * b.terms.tick, b.ask - b.terms.tick)


def same_level(price: float, best: float, tick: float) -> float:
    """Return the best price itself where a price differs from it by rounding alone."""
    return best if abs(price - best) <= 1e-6 * tick else price


def maker_sell(s: Side, b: Side, average: float, threshold: float, rules: StrategyTerms) -> tuple[float, float] | None:
    """Return where to rest a sell that is hedged by buying at an average price, and its edge; None: nowhere."""
    keep, pay, target = 1.0 - s.terms.maker_rate, 1.0 + b.terms.taker_rate, threshold * 1e-4
    if keep - target <= 0.0:
        return None
    support = max(average * pay / (keep - target), average * pay * (1.0 + target) / keep)
    price = same_level(ceil_lot(max(support, sell_bound(s, rules)), s.terms.tick), s.ask, s.terms.tick)
    if price > s.ask * (1.0 + rules.quote_depth_bps * 1e-4) or price <= s.bid:
        return None
    edge = net_bps(price, average, keep, pay)
    return (price, edge) if edge > threshold - 1e-9 else None


def maker_buy(s: Side, b: Side, average: float, threshold: float, rules: StrategyTerms) -> tuple[float, float] | None:
    """Return where to rest a buy that is hedged by selling at an average price, and its edge; None: nowhere."""
    keep, pay, target = 1.0 - s.terms.taker_rate, 1.0 + b.terms.maker_rate, threshold * 1e-4
    bound = buy_bound(b, rules)
    if pay + target <= 0.0 or 1.0 + target <= 0.0 or not bound > 0.0:
        return None
    support = min(average * keep / (pay + target), average * keep / (pay * (1.0 + target)))
    price = same_level(floor_lot(min(support, bound), b.terms.tick), b.bid, b.terms.tick)
    if price < b.bid * (1.0 - rules.quote_depth_bps * 1e-4) or price >= b.ask or price <= 0.0:
        return None
    edge = net_bps(average, price, keep, pay)
    return (price, edge) if edge > threshold - 1e-9 else None


def maker_sell_pair(
    mode: Mode, s: Side, b: Side, threshold: float, headroom: float, probability: float, rules: StrategyTerms
) -> Choice | None:
    pay, band = 1.0 + b.terms.taker_rate, rules.band_bps * 1e-4
    bound = sell_bound(s, rules)
    paid_for = b.buy_free / (b.ask * (1.0 + band) * max(1.0, pay))
    displayed = within_band(b.asks, b.ask, band, sell=False)
    size = min(rules.order_quote / bound, s.sell_free, headroom, displayed, paid_for)
    size = floor_lot(size, rules.common_lot)
    if size <= 0.0 or not allowed(size, bound, s.terms) or not allowed(size, b.ask, b.terms):
        return None
    if size * b.ask < DUST * rules.order_quote:
        return None
    average, worst = walk(b.asks, size)
    quoted = maker_sell(s, b, average, threshold, rules)
    if quoted is None:
        return None
    price, edge = quoted
    profit = size * (price * (1.0 - s.terms.maker_rate) - average * pay) * probability
    return Choice(mode, size, edge, profit, price, average, price, nan, worst)


def maker_buy_pair(
    mode: Mode, s: Side, b: Side, threshold: float, headroom: float, probability: float, rules: StrategyTerms
) -> Choice | None:
    keep, pay, band = 1.0 - s.terms.taker_rate, 1.0 + b.terms.maker_rate, rules.band_bps * 1e-4
    bound = buy_bound(b, rules)
    if not bound > 0.0:
        return None
    displayed = within_band(s.bids, s.bid, band, sell=True)
    size = min(rules.order_quote / bound, b.buy_free / (bound * max(1.0, pay)), s.sell_free, headroom, displayed)
    size = floor_lot(size, rules.common_lot)
    if size <= 0.0 or not allowed(size, bound, b.terms) or not allowed(size, s.bid, s.terms):
        return None
    if size * b.ask < DUST * rules.order_quote:
        return None
    average, worst = walk(s.bids, size)
    quoted = maker_buy(s, b, average, threshold, rules)
    if quoted is None:
        return None
    price, edge = quoted
    profit = size * (average * keep - price * pay) * probability
    return Choice(mode, size, edge, profit, average, price, nan, price, worst)


def choose(
    sides: tuple[Side, Side],
    thresholds: dict[Mode, float],
    probabilities: dict[Mode, float],
    headroom: tuple[float, float],
    rules: StrategyTerms,
) -> Choice | None:
    """Return the candidate with the most expected profit, the first of equals; modes without a threshold are out."""
    best: Choice | None = None
    for mode in MODES:
        if mode not in thresholds:
            continue
        s, b, room, threshold = sides[mode.seller], sides[mode.buyer], headroom[mode.direction], thresholds[mode]
        if mode.maker < 0:
            choice = taker_pair(mode, s, b, threshold, room, rules)
        elif mode.maker == mode.seller:
            choice = maker_sell_pair(mode, s, b, threshold, room, probabilities[mode], rules)
        else:
            choice = maker_buy_pair(mode, s, b, threshold, room, probabilities[mode], rules)
        if choice is not None and (best is None or choice.profit > best.profit):
            best = choice
    return best
