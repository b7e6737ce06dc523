"""Compiled: which of the six modes two books, costs, thresholds and inventory call for, and at what size and prices.

Records are read by the names of their fields, so any dtype that has them will do.
"""

from __future__ import annotations

from math import ceil
from typing import Any, Final

import numpy as np
from numba import njit

from arbresearch.edges.arrays import Bools, Floats, Times
from arbresearch.matching.taker_kernels import floor_to_lot

__all__ = [
    "DECISION",
    "SUPPORTED_BPS",
    "ceil_to_tick",
    "choose",
    "fresh",
    "net_bps",
    "quote_price",
    "synchronous",
    "walk",
]

DECISION: Final = np.dtype([
    ("mode", np.int64), ("quantity", np.float64), ("edge_bps", np.float64), ("profit_quote", np.float64),
    ("threshold_bps", np.float64), ("best_sell", np.float64), ("best_buy", np.float64), ("plan_sell", np.float64),
    ("plan_buy", np.float64), ("sell_limit", np.float64), ("buy_limit", np.float64), ("worst_hedge", np.float64),
], align=True)  # fmt: skip
"""What is decided: mode, base coin, bps, quote currency, prices in quote per base; all 0 for HOLD."""

_SAME: Final = 1e-6
"""Fraction of a tick within which two prices are one: recorded ones need not be the double nearest to a multiple."""

_DUST: Final = 1e-9
"""Fraction of the largest order below which a size is what sums of doubles leave over where no lot is known."""

SUPPORTED_BPS: Final = 1e-9
"""By how much rounding may leave the edge of a quote at the very price its hedge supports below its threshold."""

_BID: Final = 0
_ASK: Final = 1
_SELLER: Final = np.array([-1, 0, 1, 0, 0, 1, 1])
_MAKER: Final = np.array([-1, -1, -1, 0, 1, 1, 0])


@njit(cache=True, error_model="numpy")
def net_bps(sell: float, buy: float, keep: float, pay: float) -> float:
    """Return the net edge in bps: what a sale leaves over what a purchase costs; NaN in, NaN out."""
    return 1e4 * (sell * keep / (buy * pay) - 1.0)


@njit(cache=True, error_model="numpy")
def ceil_to_tick(price: float, tick: float) -> float:
    """Return the smallest multiple of a tick that is not below a price but for rounding; 0 leaves it as it is."""
    if tick <= 0.0 or price != price or price == np.inf:
        return price
    ticks = ceil(price / tick - 1e-9)
    in_one = 1.0 / tick
    if in_one >= 1.5 and abs(in_one - round(in_one)) < 1e-9 * in_one:
        return ticks / round(in_one)
    return ticks * tick


@njit(cache=True, error_model="numpy")
def fresh(book: Any, now_ns: int, max_age_ns: int, max_unchanged_ns: int) -> bool:
    """Return whether a book has two sides that do not meet, was received lately, and changed lately."""
    return bool(
        book.bid > 0.0
        and book.ask > book.bid
        and now_ns - book.recv_ns <= max_age_ns
        and now_ns - book.changed_ns <= max_unchanged_ns
    )


@njit(cache=True, error_model="numpy")
def synchronous(books: Any, venues: Any, strategy: Any, now_ns: int) -> bool:
    """Return whether both books are fresh and were received close enough to each other."""
    terms = strategy[0]
    return (
        fresh(books[0], now_ns, venues[0].max_age_ns, terms.max_unchanged_ns)
        and fresh(books[1], now_ns, venues[1].max_age_ns, terms.max_unchanged_ns)
        and abs(books[0].recv_ns - books[1].recv_ns) <= terms.max_skew_ns
    )


@njit(cache=True, error_model="numpy")
def walk(prices: Floats, sizes: Floats, count: int, quantity: float) -> tuple[float, float]:
    """Return the mean price of a quantity taken from levels, best first, and the worst price touched.

    NaN where the levels hold nothing or the quantity is zero; where they hold less, the mean is of what they hold.
    """
    left = quantity
    value = 0.0
    done = 0.0
    worst = np.nan
    for level in range(count):
        part = min(left, sizes[level])
        if part <= 0.0:
            continue
        value += part * prices[level]
        done += part
        worst = prices[level]
        left -= part
        if left <= 0.0:
            break
    return value / done if done > 0.0 else np.nan, worst


@njit(cache=True, error_model="numpy")
def _shown_within(prices: Floats, sizes: Floats, count: int, limit: float, against: float) -> float:
    shown = 0.0
    for level in range(count):
        if (prices[level] - limit) * against <= 0.0:
            shown += max(sizes[level], 0.0)
    return shown


@njit(cache=True, error_model="numpy")
def quote_price(
    sells: bool, books: Any, venues: Any, strategy: Any, maker: int, vwap: float, threshold_bps: float
) -> float:
    """Return the price of a resting quote that the hedge supports, NaN where there is none.

    A quote to sell is never below what buying at ``vwap`` on the other venue costs with fees and the threshold, one
    to buy never above what selling there leaves (both readings of the threshold hold: on the price and on the edge).
    It joins its own best price, or improves it by so many ticks, never crosses its own book, and is not placed deeper
    than the strategy allows.
    """
    terms = strategy[0]
    own = venues[maker]
    other = venues[1 - maker]
    book = books[maker]
    threshold = threshold_bps * 1e-4
    if sells:
        keep = 1.0 - own.maker_rate
        pay = 1.0 + other.taker_rate
        if keep - threshold <= 0.0:
            return np.nan
        support = max(vwap * pay / (keep - threshold), vwap * pay * (1.0 + threshold) / keep)
        first = max(book.ask - terms.improve_ticks * own.tick, book.bid + own.tick)
        price = ceil_to_tick(max(support, first), own.tick)
        if abs(price - book.ask) <= _SAME * own.tick:
            price = book.ask
        if not price <= book.ask * (1.0 + terms.quote_depth_bps * 1e-4) or price <= book.bid:
            return np.nan
        return float(price)
    keep = 1.0 - other.taker_rate
    pay = 1.0 + own.maker_rate
    if pay + threshold <= 0.0 or 1.0 + threshold <= 0.0:
        return np.nan
    support = min(vwap * keep / (pay + threshold), vwap * keep / (pay * (1.0 + threshold)))
    first = min(book.bid + terms.improve_ticks * own.tick, book.ask - own.tick)
    price = floor_to_lot(min(support, first), own.tick)
    if abs(price - book.bid) <= _SAME * own.tick:
        price = book.bid
    if not price >= book.bid * (1.0 - terms.quote_depth_bps * 1e-4) or price >= book.ask or price <= 0.0:
        return np.nan
    return price


@njit(cache=True, error_model="numpy")
def _enough(quantity: float, price: float, terms: Any) -> bool:
    return quantity > 0.0 and quantity >= terms.min_quantity and quantity * price >= terms.min_notional


@njit(cache=True, error_model="numpy")
def _both_take(
    seller: int, books: Any, prices: Floats, sizes: Floats, counts: Times, sell_free: float, buy_free: float,
    threshold: float, headroom: float, venues: Any, strategy: Any, out: Any,
) -> bool:  # fmt: skip
    terms = strategy[0]
    buyer = 1 - seller
    sold, bought = venues[seller], venues[buyer]
    keep = 1.0 - sold.taker_rate
    pay = 1.0 + bought.taker_rate
    band = terms.band_bps * 1e-4
    cap = min(min(terms.order_quote / books[buyer].ask, sell_free), headroom)
    bids, asks = counts[seller, _BID], counts[buyer, _ASK]
    i, j = 0, 0
    left_bid = sizes[seller, _BID, 0] if bids > 0 else 0.0
    left_ask = sizes[buyer, _ASK, 0] if asks > 0 else 0.0
    total = 0.0
    last_buy = np.nan
    while i < bids and j < asks and total < cap:
        if left_bid <= 0.0:
            i += 1
            left_bid = sizes[seller, _BID, i] if i < bids else 0.0
            continue
        if left_ask <= 0.0:
            j += 1
            left_ask = sizes[buyer, _ASK, j] if j < asks else 0.0
            continue
        if not net_bps(prices[seller, _BID, i], prices[buyer, _ASK, j], keep, pay) > threshold:
            break
        part = min(min(left_bid, left_ask), cap - total)
        total += part
        last_buy = prices[buyer, _ASK, j]
        left_bid -= part
        left_ask -= part
    if not total > 0.0:
        return False
    quantity = floor_to_lot(min(total, buy_free / (last_buy * (1.0 + band) * max(1.0, pay))), terms.common_lot)
    if not quantity > 0.0 or quantity * books[buyer].ask < _DUST * terms.order_quote:
        return False
    plan_sell, worst_sell = walk(prices[seller, _BID], sizes[seller, _BID], bids, quantity)
    plan_buy, worst_buy = walk(prices[buyer, _ASK], sizes[buyer, _ASK], asks, quantity)
    if not (_enough(quantity, plan_sell, sold) and _enough(quantity, plan_buy, bought)):
        return False
    edge = net_bps(plan_sell, plan_buy, keep, pay)
    if not edge > threshold:
        return False
    out.quantity = quantity
    out.edge_bps = edge
    out.profit_quote = quantity * (plan_sell * keep - plan_buy * pay)
    out.best_sell = books[seller].bid
    out.best_buy = books[buyer].ask
    out.plan_sell = plan_sell
    out.plan_buy = plan_buy
    out.sell_limit = ceil_to_tick(worst_sell * (1.0 - band), sold.tick)
    out.buy_limit = floor_to_lot(worst_buy * (1.0 + band), bought.tick)
    out.worst_hedge = np.nan
    return True


@njit(cache=True, error_model="numpy")
def _one_rests(
    maker: int, sells: bool, books: Any, prices: Floats, sizes: Floats, counts: Times, maker_free: float,
    taker_free: float, threshold: float, headroom: float, probability: float, venues: Any, strategy: Any, out: Any,
) -> bool:  # fmt: skip
    terms = strategy[0]
    taker = 1 - maker
    own, other = venues[maker], venues[taker]
    book = books[maker]
    band = terms.band_bps * 1e-4
    side = _ASK if sells else _BID
    best = books[taker].ask if sells else books[taker].bid
    reach = best * (1.0 + band) if sells else best * (1.0 - band)
    levels = counts[taker, side]
    shown = _shown_within(prices[taker, side], sizes[taker, side], levels, reach, 1.0 if sells else -1.0)
    if sells:
        first = max(book.ask - terms.improve_ticks * own.tick, book.bid + own.tick)
        affordable = min(maker_free, taker_free / (reach * max(1.0, 1.0 + other.taker_rate)))
    else:
        first = min(book.bid + terms.improve_ticks * own.tick, book.ask - own.tick)
        affordable = min(maker_free / (first * max(1.0, 1.0 + own.maker_rate)), taker_free)
    if not first > 0.0:
        return False
    quantity = min(min(terms.order_quote / first, affordable), min(headroom, shown))
    quantity = floor_to_lot(quantity, terms.common_lot)
    if not (_enough(quantity, first, own) and _enough(quantity, best, other)):
        return False
    if quantity * (best if sells else book.ask) < _DUST * terms.order_quote:
        return False
    vwap, worst = walk(prices[taker, side], sizes[taker, side], levels, quantity)
    price = quote_price(sells, books, venues, strategy, maker, vwap, threshold)
    if price != price:
        return False
    plan_sell = price if sells else vwap
    plan_buy = vwap if sells else price
    keep = 1.0 - (own.maker_rate if sells else other.taker_rate)
    pay = 1.0 + (other.taker_rate if sells else own.maker_rate)
    edge = net_bps(plan_sell, plan_buy, keep, pay)
    if not edge > threshold - SUPPORTED_BPS:
        return False
    out.quantity = quantity
    out.edge_bps = edge
    out.profit_quote = quantity * (plan_sell * keep - plan_buy * pay) * probability
    out.best_sell = price if sells else best
    out.best_buy = best if sells else price
    out.plan_sell = plan_sell
    out.plan_buy = plan_buy
    out.sell_limit = price if sells else np.nan
    out.buy_limit = np.nan if sells else price
    out.worst_hedge = worst
    return True


@njit(cache=True, error_model="numpy")
def choose(
    now_ns: int, books: Any, prices: Floats, sizes: Floats, counts: Times, sell_free: Floats, buy_free: Floats,
    allowed: Bools, thresholds: Floats, probabilities: Floats, headroom: Floats, venues: Any, strategy: Any, out: Any,
) -> int:  # fmt: skip
    """Decide on one mode, or to hold.

    Parameters
    ----------
    now_ns
        When.
    books : records, shape (2,) or longer
        ``bid``, ``ask``, ``recv_ns``, ``changed_ns`` of A and B.
    prices, sizes : array of shape (2 venues, 2 sides, levels)
        Levels of bids (0) and asks (1), best first, quote per base and base coin not used by ourselves.
    counts : array of shape (2, 2)
        How many levels are known.
    sell_free, buy_free : array of shape (2,) or longer
        Base coin that may be sold, quote currency that may be spent, by venue.
    allowed, thresholds, probabilities : array of shape (6,)
        By mode: whether it may be taken, what the net edge must exceed in bps, how likely a resting order fills.
    headroom : array of shape (2,)
        Base coin that may be shifted by selling on A, and by selling on B.
    venues, strategy : records
        With the fields of the terms of :mod:`arbresearch.signals.decision`.
    out : records of dtype DECISION, shape (2,)
        The first is filled; the second is working space.

    Returns
    -------
    int
        The mode, 0 for HOLD.
    """
    out[0] = out[1]
    best = out[0]
    trial = out[1]
    best.mode = 0
    if not synchronous(books, venues, strategy, now_ns):
        return 0
    for mode in range(1, 7):
        if not allowed[mode - 1]:
            continue
        seller = _SELLER[mode]
        buyer = 1 - seller
        maker = _MAKER[mode]
        threshold = thresholds[mode - 1]
        room = headroom[seller]
        if maker < 0:
            found = _both_take(
                seller, books, prices, sizes, counts, sell_free[seller], buy_free[buyer], threshold, room, venues,
                strategy, trial,
            )  # fmt: skip
        else:
            sells = maker == seller
            maker_free = sell_free[seller] if sells else buy_free[buyer]
            taker_free = buy_free[buyer] if sells else sell_free[seller]
            found = _one_rests(
                maker, sells, books, prices, sizes, counts, maker_free, taker_free, threshold, room,
                probabilities[mode - 1], venues, strategy, trial,
            )  # fmt: skip
        if found and (best.mode == 0 or trial.profit_quote > best.profit_quote):
            out[0] = out[1]
            best.mode = mode
            best.threshold_bps = threshold
    return int(best.mode)
