"""Orders held against what was displayed and traded; every check returns what is wrong, nothing where all is right."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from math import sqrt

import numpy as np

from arbresearch.backtest.codes import FillReason
from arbresearch.backtest.log import Records, RunLog
from arbresearch.backtest.market import Market, VenueTape
from arbresearch.backtest.terms import RunTerms
from arbresearch.edges.arrays import Times
from arbresearch.matching import TRANSITIONS, OrderState

CLOSE = 1e-9
ROUNDING = 1e-12
TAKER_LIVES = (
    (OrderState.SENT,),
    (OrderState.SENT, OrderState.FILLED),
    (OrderState.SENT, OrderState.CANCELLED),
    (OrderState.SENT, OrderState.PARTLY_FILLED, OrderState.CANCELLED),
)
STEPS = {(before, after) for (before, _), after in TRANSITIONS.items()}


def limit_faults(log: RunLog) -> list[str]:
    """Find fills beyond their order's limit, and resting orders that fill at another price than their own."""
    found = []
    for row, fill in enumerate(log.fills):
        if fill["reason"] == FillReason.LIQUIDATION:
            continue
        price, limit = fill["notional"] / fill["quantity"], log.orders[fill["order"]]["price"]
        worse = (limit - price if fill["sell"] else price - limit) > ROUNDING * limit
        if fill["notional"] != fill["quantity"] * limit if fill["maker"] else worse:
            found.append(f"fill {row} at {price!r} for a limit of {limit!r}")
    return found


def display_faults(log: RunLog, market: Market, terms: RunTerms) -> list[str]:
    """Let every taker fill eat the levels that were displayed when it met them, each level once an update."""
    found = []
    left: dict[tuple[int, ...], dict[float, float]] = {}
    for row, fill in enumerate(log.fills):
        if fill["maker"] or fill["reason"] == FillReason.LIQUIDATION:
            continue
        venue, now, sell = int(fill["venue"]), int(fill["time_ns"]), bool(fill["sell"])
        tape = market[venue]
        levels = list(_levels(tape, now, sell, terms.strategy.depth_age_ns))
        update = (venue, int(sell), _last(tape.book.recv_ns, now), _last(tape.ladder.recv_ns, now))
        there = left.setdefault(update, {})
        moved = 1.0 + (-1.0 if sell else 1.0) * terms.venues[venue].impact * sqrt(fill["quantity"])
        limit = log.orders[fill["order"]]["price"]
        wanted, notional = float(fill["quantity"]), 0.0
        for price, size in levels:
            part = min(wanted, there.setdefault(price, size))
            beyond = (limit - price * moved if sell else price * moved - limit) > ROUNDING * limit
            if part <= 0.0 or beyond:
                continue
            there[price] -= part
            notional += part * price
            wanted -= part
        shown, worth = sum(size for _, size in levels), sum(price * size for price, size in levels)
        if wanted > CLOSE * fill["quantity"] + ROUNDING * shown:
            found.append(f"fill {row}: {wanted!r} of {fill['quantity']!r} was not displayed within {limit!r}")
        elif abs(notional * moved - fill["notional"]) > CLOSE * fill["notional"] + ROUNDING * worth:
            found.append(f"fill {row}: {fill['notional']!r} for what was displayed at {notional * moved!r}")
    return found


def offer_faults(log: RunLog, market: Market, terms: RunTerms) -> list[str]:
    """Find resting orders that fill more than was traded or shown at their price and beyond since they arrived."""
    found = []
    strict = terms.strategy.fill_rule == 2
    for number, order in enumerate(log.orders):
        fills = log.fills[log.fills["order"] == number] if order["maker"] else log.fills[:0]
        if not fills.size:
            continue
        times, sizes = _offers(market[order["venue"]], order, strict=strict)
        for fill in fills:
            until = fills["quantity"][fills["time_ns"] <= fill["time_ns"]].sum()
            if fill["time_ns"] not in times or until > sizes[times <= fill["time_ns"]].sum() * (1.0 + CLOSE):
                found.append(f"order {number} had filled {until!r} at {fill['time_ns']}, which was not offered")
    return found


def post_only_faults(log: RunLog, market: Market) -> list[str]:
    """Find orders that rested although they would have taken, and refused ones that would not."""
    found = []
    kinds = (OrderState.RESTING, OrderState.CANCELLING, OrderState.REJECTED)
    for event in log.order_events[np.isin(log.order_events["state"], kinds)]:
        order = log.orders[event["order"]]
        if event["time_ns"] != order["meets_ns"] or event["filled"] > 0.0:
            continue
        book = market[order["venue"]].book
        row = _last(book.recv_ns, int(order["meets_ns"]))
        other = (book.bid if order["sell"] else book.ask)[row] if row >= 0 else np.nan
        takes = bool(order["price"] <= other if order["sell"] else order["price"] >= other)
        if takes != (event["state"] == OrderState.REJECTED):
            found.append(f"order {event['order']} at {order['price']!r} against {other!r}: {event}")
    return found


def life_faults(log: RunLog) -> list[str]:
    """Find orders whose states do not follow from each other, or are not those of their times and fills."""
    found = []
    for number, order in enumerate(log.orders):
        events = log.order_events[log.order_events["order"] == number]
        states = tuple(OrderState(int(one)) for one in events["state"])
        filled = events["filled"]
        if order["maker"]:
            legal = states[:1] == (OrderState.SENT,) and all(step in STEPS for step in pairwise(states))
        else:
            legal = states in TAKER_LIVES
        times = all(events["time_ns"][place] == _moment(order, state, log) for place, state in _timed(order, states))
        rising = (np.diff(events["time_ns"]) >= 0).all() and (np.diff(filled) >= 0.0).all()
        whole = (states[-1] == OrderState.FILLED) == bool(order["filled"] >= order["quantity"])
        ends = bool(states[-1] == order["state"] and filled[-1] == order["filled"])
        if not (legal and times and rising and whole and ends) or order["filled"] > order["quantity"]:
            found.append(f"order {number} {order}: {[one.name for one in states]} {filled} {events['time_ns']}")
    for name, column in (
        ("fills", "time_ns"),
        ("order_events", "time_ns"),
        ("samples", "time_ns"),
        ("cash", "time_ns"),
    ):
        if (np.diff(getattr(log, name)[column]) < 0).any():
            found.append(f"{name} go back in time")
    return found


def _timed(order: Records, states: tuple[OrderState, ...]) -> Iterator[tuple[int, OrderState]]:
    """Yield the places of states whose time is written in the order; of several, the first."""
    for state in (OrderState.SENT, OrderState.RESTING, OrderState.REJECTED, OrderState.CANCELLED):
        if state in states:
            yield states.index(state), state


def _moment(order: Records, state: OrderState, log: RunLog) -> int:
    if state == OrderState.SENT:
        return int(order["sent_ns"])
    late = state == OrderState.CANCELLED and order["maker"]
    return int(order["cancel_meets_ns"] if late else order["meets_ns"])


def _last(times: Times, now: int) -> int:
    return int(np.searchsorted(times, now, side="right")) - 1


def _levels(tape: VenueTape, now: int, sell: bool, age_ns: int) -> Iterator[tuple[float, float]]:
    """Yield the levels that an order meets, best first."""
    row, rung = _last(tape.book.recv_ns, now), _last(tape.ladder.recv_ns, now)
    if row < 0:
        return
    best = float((tape.book.bid if sell else tape.book.ask)[row])
    size = float((tape.book.bid_size if sell else tape.book.ask_size)[row])
    if best == best and size > 0.0:
        yield best, size
    if best == best and rung >= 0 and now - tape.ladder.recv_ns[rung] <= age_ns:
        prices = (tape.ladder.bids if sell else tape.ladder.asks)[rung]
        sizes = (tape.ladder.bid_sizes if sell else tape.ladder.ask_sizes)[rung]
        for price, amount in zip(prices.tolist(), sizes.tolist(), strict=True):
            if (price < best if sell else price > best) and amount > 0.0:
                yield price, amount


def _offers(tape: VenueTape, order: Records, *, strict: bool) -> tuple[Times, Records]:
    """Return when and how much was traded or shown at (strict: beyond) an order's price after it had arrived."""
    sign = -1.0 if order["sell"] else 1.0
    trades, book = tape.trades, tape.book
    beyond = (order["price"] - trades.price) * sign
    hit = (beyond > 0.0 if strict else beyond >= 0.0) & (trades.size > 0.0) & (trades.aggressor != sign)
    other, size = (book.bid, book.bid_size) if order["sell"] else (book.ask, book.ask_size)
    across = (order["price"] - other) * sign
    crossed = (across > 0.0 if strict else across >= 0.0) & (size > 0.0)
    times = np.concatenate([trades.recv_ns[hit], book.recv_ns[crossed]])
    sizes = np.concatenate([trades.size[hit], size[crossed]])
    later = times > order["meets_ns"]
    return times[later], sizes[later]
