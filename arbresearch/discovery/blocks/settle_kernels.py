"""Compiled: what each net episode would have made, with size, latency, one-sided fills, inventory and transfers.

All of it lives in one file, for a compiled function does not notice a changed callee in another.
"""

from __future__ import annotations

from math import floor
from typing import Final

import numpy as np
from numba import njit

from arbresearch.discovery.blocks.scan_kernels import Feed, Starts
from arbresearch.discovery.blocks.settle_types import MONEY, Book, Ladder, Stock, Terms
from arbresearch.edges.arrays import AB, Floats, Times

__all__ = ["settle"]

(
    _NET, _SIZED, _ALIVE, _DONE, _GROSS, _FEES, _DEPTH, _LATENCY, _CAPITAL, _PAID, _EDGE, _GROSS_EDGE, _SLIPPAGE,
    _SCORE, _BEATS, _BEST, _SENT, _CAPTURED,
) = range(len(MONEY))  # fmt: skip

_DRAINED: Final = 0.1
"""A venue that has less than this share of an order left is drained; coin may be moved back then."""


@njit(cache=True, error_model="numpy")
def _levels(
    feed: Feed, ladder: Ladder, bids: bool, moment_ns: int, max_age_ns: int, depth_age_ns: int,
    prices: Floats, sizes: Floats,
) -> int:  # fmt: skip
    """Fill in the levels of one side known at a moment, best first; return how many.

    The best one is that of the last quote; those behind it come from the last recorded ladder while that is young.
    """
    row = np.searchsorted(feed.recv_ns, moment_ns, side="right") - 1
    if row < 0 or moment_ns - feed.recv_ns[row] > max_age_ns:
        return 0
    best = feed.bid[row] if bids else feed.ask[row]
    size = feed.bid_size[row] if bids else feed.ask_size[row]
    if best != best:
        return 0
    count = 0
    if size > 0.0:
        prices[0], sizes[0] = best, size
        count = 1
    place = np.searchsorted(ladder.recv_ns, moment_ns, side="right") - 1
    if place < 0 or moment_ns - ladder.recv_ns[place] > depth_age_ns:
        return count
    for level in range(ladder.bids.shape[1]):
        price = ladder.bids[place, level] if bids else ladder.asks[place, level]
        amount = ladder.bid_sizes[place, level] if bids else ladder.ask_sizes[place, level]
        behind = price < best if bids else price > best
        if behind and amount > 0.0:
            prices[count], sizes[count] = price, amount
            count += 1
    return count


@njit(cache=True, error_model="numpy")
def _walk(prices: Floats, sizes: Floats, count: int, quantity: float) -> tuple[float, float]:
    """Return base coin filled and quote currency exchanged."""
    filled, value = 0.0, 0.0
    for level in range(count):
        part = min(sizes[level], quantity - filled)
        if part <= 0.0:
            break
        filled += part
        value += part * prices[level]
    return filled, value


@njit(cache=True, error_model="numpy")
def _total(sizes: Floats, count: int) -> float:
    total = 0.0
    for level in range(count):
        total += sizes[level]
    return total


@njit(cache=True, error_model="numpy")
def _paying(
    sell_prices: Floats, sell_sizes: Floats, sells: int, buy_prices: Floats, buy_sizes: Floats, buys: int,
    keep: float, pay: float, factor: float,
) -> float:  # fmt: skip
    """Return how much can be traded while the next unit brings in more than ``factor`` times what it costs."""
    i, j = 0, 0
    left_sell = sell_sizes[0] if sells else 0.0
    left_buy = buy_sizes[0] if buys else 0.0
    quantity = 0.0
    while i < sells and j < buys and sell_prices[i] * keep > buy_prices[j] * pay * factor:
        part = min(left_sell, left_buy)
        quantity += part
        left_sell -= part
        left_buy -= part
        if left_sell <= 0.0:
            i += 1
            left_sell = sell_sizes[i] if i < sells else 0.0
        if left_buy <= 0.0:
            j += 1
            left_buy = buy_sizes[j] if j < buys else 0.0
    return quantity


@njit(cache=True, error_model="numpy")
def _orderly(quantity: float, price: float, lot: float, min_quantity: float, min_notional: float) -> float:
    """Return a quantity in whole lots, zero below the smallest order."""
    whole = floor(quantity / lot + 1e-9) * lot if lot > 0.0 else quantity
    return 0.0 if whole <= 0.0 or whole < min_quantity or whole * price < min_notional else whole


@njit(cache=True, error_model="numpy")
def _undo(prices: Floats, sizes: Floats, count: int, quantity: float, last: float) -> float:
    """Return the quote currency exchanged for undoing a quantity; what the levels lack goes at the last price."""
    filled, value = _walk(prices, sizes, count, quantity)
    price = prices[count - 1] if count else last
    return value + (quantity - filled) * price


@njit(cache=True, error_model="numpy")
def _trade(
    seller: Feed, sell_ladder: Ladder, sell_ns: int, keep_sell: float, pay_sell: float,
    buyer: Feed, buy_ladder: Ladder, buy_ns: int, keep_buy: float, pay_buy: float,
    quantity: float, max_age_ns: int, depth_age_ns: int, scratch: Floats,
) -> tuple[float, float, float, float]:  # fmt: skip
    """Send both legs; return profit, base coin moved, quote currency paid for it before fees, and gross edge of it.

    Each leg takes what its book shows on arrival. What one leg fills more than the other is undone at once on its own
    venue, at the opposite side of the same book. A book that is stale or empty then fills nothing.
    """
    sells = _levels(seller, sell_ladder, True, sell_ns, max_age_ns, depth_age_ns, scratch[0], scratch[1])
    buys = _levels(buyer, buy_ladder, False, buy_ns, max_age_ns, depth_age_ns, scratch[2], scratch[3])
    sold, received = _walk(scratch[0], scratch[1], sells, quantity)
    bought, paid = _walk(scratch[2], scratch[3], buys, quantity)
    profit = received * keep_sell - paid * pay_buy
    both = min(sold, bought)
    if sold > both:
        count = _levels(seller, sell_ladder, False, sell_ns, max_age_ns, depth_age_ns, scratch[4], scratch[5])
        worst = scratch[0, 0]
        profit -= _undo(scratch[4], scratch[5], count, sold - both, worst) * pay_sell
        sold, received = _walk(scratch[0], scratch[1], sells, both)
    elif bought > both:
        count = _levels(buyer, buy_ladder, True, buy_ns, max_age_ns, depth_age_ns, scratch[4], scratch[5])
        worst = scratch[2, 0]
        profit += _undo(scratch[4], scratch[5], count, bought - both, worst) * keep_buy
        bought, paid = _walk(scratch[2], scratch[3], buys, both)
    gross_bps = 1e4 * (received / paid - 1.0) if both > 0.0 else np.nan
    return profit, both, paid, gross_bps


@njit(cache=True, error_model="numpy")
def _room(stock: Stock, which: int, sells_on_a: bool, side: float) -> float:
    """Return the base coin that the selling venue holds and the buying one can pay for."""
    tilt, transit = stock.tilt[which], stock.transit[which]
    held = side - tilt + min(transit, 0.0) if sells_on_a else side + tilt - max(transit, 0.0)
    room: float = max(0.0, held)
    return room


@njit(cache=True, error_model="numpy")
def _move(
    stock: Stock, terms: Terms, which: int, now: int, side: float, least: float, sells_on_a: bool, price: float
) -> float:
    """Take in coin that has arrived; send some back when there is no room left and it was earned; return the cost."""
    if stock.transit[which] != 0.0 and now >= stock.transit_ns[which]:
        stock.tilt[which] -= stock.transit[which]
        stock.transit[which] = 0.0
    back = 0 if sells_on_a else 1
    drained = _room(stock, which, sells_on_a, side) < least and stock.transit[which] == 0.0
    cost: float = terms.move_quote[back] + terms.move_coin[back] * price
    if not drained or terms.move_quote[back] < 0.0 or stock.earned[which] <= cost:
        return 0.0
    stock.transit[which] = stock.tilt[which]
    stock.transit_ns[which] = now + terms.move_ns[back]
    stock.earned[which] = 0.0
    return cost


@njit(cache=True, error_model="numpy")
def settle(
    starts: Starts, a: Feed, b: Feed, ladder_a: Ladder, ladder_b: Ladder, terms: Terms, start_ns: int, stop_ns: int,
    block_ns: int, stock: Stock,
) -> Book:  # fmt: skip
    """Act on every net episode once, at its start, and sum up by the block in which it began.

    The decision sees the books of its own instant; each leg meets the book of its venue a latency later. Of one
    latency at most one action is out at a time. Inventory is a quarter of the capital on each venue in coin and as
    much in cash, at the present price.

    Parameters
    ----------
    starts
        In order of time, within the stretch.
    a, b, ladder_a, ladder_b
        Books up to the last arrival.
    terms, stock
        See there; ``stock`` is changed to what is left at the end.
    start_ns, stop_ns, block_ns
        The stretch, a whole number of blocks.
    """
    blocks = (stop_ns - start_ns) // block_ns
    ways = terms.latency_a_ns.size
    book = Book(
        np.zeros((blocks, 18)), np.zeros((blocks, ways)), np.zeros((blocks, ways)), np.zeros((blocks, ways)),
        np.zeros((blocks, ways)), np.zeros((blocks, terms.sizes_quote.size)), np.full(blocks, np.nan),
    )  # fmt: skip
    scratch = np.empty((6, 11))
    reached = 0
    for k in range(starts.time_ns.size):
        now, sells_on_a = starts.time_ns[k], starts.direction[k] == AB
        block = (now - start_ns) // block_ns
        while reached < block:
            _mark(book, a, stock, reached, start_ns + (reached + 1) * block_ns)
            reached += 1
        if sells_on_a:
            _act(book, block, starts, k, a, ladder_a, b, ladder_b, True, terms.keep_a, terms.pay_a, terms.keep_b,
                 terms.pay_b, terms, terms.latency_a_ns, terms.latency_b_ns, stock, scratch)  # fmt: skip
        else:
            _act(book, block, starts, k, b, ladder_b, a, ladder_a, False, terms.keep_b, terms.pay_b, terms.keep_a,
                 terms.pay_a, terms, terms.latency_b_ns, terms.latency_a_ns, stock, scratch)  # fmt: skip
    while reached < blocks:
        _mark(book, a, stock, reached, start_ns + (reached + 1) * block_ns)
        reached += 1
    return book


@njit(cache=True, error_model="numpy")
def _mark(book: Book, a: Feed, stock: Stock, block: int, moment_ns: int) -> None:
    """Write down the tilt at the end of a block, at the last known mid of A."""
    row = np.searchsorted(a.recv_ns, moment_ns, side="left") - 1
    mid = np.nan
    while row >= 0 and mid != mid:
        mid = 0.5 * (a.bid[row] + a.ask[row])
        row -= 1
    book.mid[block] = mid
    for which in range(stock.tilt.size):
        tilt = stock.tilt[which]
        book.tilt[block, which] = tilt * mid if tilt != 0.0 and mid == mid else 0.0


@njit(cache=True, error_model="numpy")
def _act(
    book: Book, block: int, starts: Starts, k: int, seller: Feed, sell_ladder: Ladder, buyer: Feed, buy_ladder: Ladder,
    sells_on_a: bool, keep_sell: float, pay_sell: float, keep_buy: float, pay_buy: float, terms: Terms,
    sell_latency: Times, buy_latency: Times, stock: Stock, scratch: Floats,
) -> None:  # fmt: skip
    now = starts.time_ns[k]
    sell_row = starts.row_a[k] if sells_on_a else starts.row_b[k]
    buy_row = starts.row_b[k] if sells_on_a else starts.row_a[k]
    bid, ask = seller.bid[sell_row], buyer.ask[buy_row]
    money = book.money[block]
    best_bps = 1e4 * (bid * keep_sell / (ask * pay_buy) - 1.0)
    wanted = terms.notional_quote / ask
    sells = _levels(seller, sell_ladder, True, now, terms.max_age_ns, terms.depth_age_ns, scratch[0], scratch[1])
    buys = _levels(buyer, buy_ladder, False, now, terms.max_age_ns, terms.depth_age_ns, scratch[2], scratch[3])
    known = min(_total(scratch[1], sells), _total(scratch[3], buys))
    paying = _paying(
        scratch[0], scratch[1], sells, scratch[2], scratch[3], buys, keep_sell, pay_buy, 1.0
    )  # fmt: skip
    within_half = _paying(
        scratch[0], scratch[1], sells, scratch[2], scratch[3], buys, keep_sell, pay_buy, 1.0 + 0.5e-4 * best_bps
    )  # fmt: skip
    sent = _orderly(min(wanted, paying), bid, terms.lot, terms.min_quantity, terms.min_notional)
    _, received = _walk(scratch[0], scratch[1], sells, sent)
    _, paid = _walk(scratch[2], scratch[3], buys, sent)
    decided = received * keep_sell - paid * pay_buy
    gross = wanted * (bid - ask)
    fees = -wanted * (bid * (1.0 - keep_sell) + ask * (pay_buy - 1.0))
    money[_NET] += 1.0
    money[_GROSS] += gross
    money[_FEES] += fees
    money[_DEPTH] += decided - gross - fees
    money[_SCORE] += min(1.0, within_half / wanted)
    for n in range(terms.sizes_quote.size):
        size = _orderly(min(terms.sizes_quote[n] / ask, known), bid, terms.lot, terms.min_quantity, terms.min_notional)
        profit, _, _, _ = _trade(
            seller, sell_ladder, now + sell_latency[0], keep_sell, pay_sell,
            buyer, buy_ladder, now + buy_latency[0], keep_buy, pay_buy,
            size, terms.max_age_ns, terms.depth_age_ns, scratch,
        )  # fmt: skip
        book.sizes[block, n] += profit
    for which in range(terms.latency_a_ns.size):
        sell_ns, buy_ns = now + sell_latency[which], now + buy_latency[which]
        edge = _edge_at(seller, buyer, sell_ns, buy_ns, keep_sell, pay_buy, terms.max_age_ns)
        book.alive[block, which] += edge > terms.entry - 1.0
        if which == 0:
            money[_SIZED] += sent > 0.0
            money[_ALIVE] += sent > 0.0 and edge > 0.0
        if sent <= 0.0:
            continue
        unlimited, moved, spent, _ = _trade(
            seller, sell_ladder, sell_ns, keep_sell, pay_sell, buyer, buy_ladder, buy_ns, keep_buy, pay_buy,
            sent, terms.max_age_ns, terms.depth_age_ns, scratch,
        )  # fmt: skip
        if which == 0:
            money[_SENT] += 1.0
            money[_LATENCY] += unlimited - decided
            if moved > 0.0:
                money[_SLIPPAGE] += best_bps - 1e4 * unlimited / (spent * pay_buy)
        side = terms.side_quote / ask
        least = max(terms.min_quantity, terms.lot, terms.min_notional / bid, _DRAINED * wanted)
        quantity = 0.0
        if now >= stock.busy_ns[which]:
            book.moved[block, which] += _move(stock, terms, which, now, side, least, sells_on_a, ask)
            held = min(sent, _room(stock, which, sells_on_a, side))
            quantity = _orderly(held, bid, terms.lot, terms.min_quantity, terms.min_notional)
        profit = 0.0
        if quantity > 0.0:
            profit, moved, spent, gross_bps = _trade(
                seller, sell_ladder, sell_ns, keep_sell, pay_sell, buyer, buy_ladder, buy_ns, keep_buy, pay_buy,
                quantity, terms.max_age_ns, terms.depth_age_ns, scratch,
            )  # fmt: skip
            stock.tilt[which] += moved if sells_on_a else -moved
            stock.busy_ns[which] = max(sell_ns, buy_ns)
            stock.earned[which] += profit
            book.profit[block, which] += profit
            if which == 0 and moved > 0.0:
                edge_bps = 1e4 * profit / (spent * pay_buy)
                back = 0 if sells_on_a else 1
                cost_bps = 1e4 * (terms.move_quote[back] + terms.move_coin[back] * ask) / terms.side_quote
                money[_DONE] += 1.0
                money[_CAPTURED] += edge > 0.0
                money[_PAID] += spent
                money[_EDGE] += edge_bps
                money[_GROSS_EDGE] += gross_bps
                money[_BEATS] += terms.move_quote[back] >= 0.0 and edge_bps > cost_bps
                money[_BEST] = max(money[_BEST], profit)
        if which == 0:
            money[_CAPITAL] += profit - unlimited


@njit(cache=True, error_model="numpy")
def _edge_at(
    seller: Feed, buyer: Feed, sell_ns: int, buy_ns: int, keep_sell: float, pay_buy: float, max_age_ns: int
) -> float:
    """Return the net edge at the best prices on arrival, a fraction; NaN where a book is stale or empty."""
    i = np.searchsorted(seller.recv_ns, sell_ns, side="right") - 1
    j = np.searchsorted(buyer.recv_ns, buy_ns, side="right") - 1
    if sell_ns - seller.recv_ns[i] > max_age_ns or buy_ns - buyer.recv_ns[j] > max_age_ns:
        return np.nan
    edge: float = seller.bid[i] * keep_sell / (buyer.ask[j] * pay_buy) - 1.0
    return edge
