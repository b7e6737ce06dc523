"""The taker strategy in hftbacktest, run by the Python that has it: ``python hft_side.py MARKET.npz``.

The strategy is written for hftbacktest from its description, not ported from the kernel. Each line on the standard
input is JSON, a file and terms that differ from those of the market, and asks for a run; fills and pairs are written to
the file, and the seconds answered as a line of JSON.
"""

import json
import sys
import time
from typing import NamedTuple

import numpy as np
from hftbacktest import (
    BUY_EVENT,
    DEPTH_EVENT,
    EXCH_EVENT,
    LIMIT,
    LOCAL_EVENT,
    SELL_EVENT,
    BacktestAsset,
    HashMapMarketDepthBacktest,
)
from hftbacktest.order import EXPIRED, FILLED, IOC
from hftbacktest.types import event_dtype
from numba import njit

FAR = 2**62
LONG = 2**60
IDLE, LEGS, COMPLETE, LAST = range(4)
FILL = np.dtype(
    [("pair", "i8"), ("venue", "i8"), ("sell", "?"), ("time_ns", "i8"), ("price", "f8"), ("quantity", "f8")]
)
PAIR = np.dtype([("decided_ns", "i8"), ("closed_ns", "i8"), ("quantity", "f8")])


class Terms(NamedTuple):
    """Of the run; arrays are of A and B."""

    tick: np.ndarray
    lot: np.ndarray
    min_quantity: np.ndarray
    min_notional: np.ndarray
    fee: np.ndarray
    base: np.ndarray
    quote: np.ndarray
    threshold_bps: np.ndarray
    order_quote: float
    common_lot: float
    band: float
    deadline_ns: int
    min_interval_ns: int
    feed_ns: int


def events_of(recv_ns, bid, bid_size, ask, ask_size, feed_ns):
    """Return quotes as depth events that leave one level a side: the old one out, the new one in."""
    bid_moved = np.r_[True, bid[1:] != bid[:-1]]
    ask_moved = np.r_[True, ask[1:] != ask[:-1]]
    bid_set = bid_moved | np.r_[True, bid_size[1:] != bid_size[:-1]]
    ask_set = ask_moved | np.r_[True, ask_size[1:] != ask_size[:-1]] | ~bid_set
    out_bid, out_ask = bid_moved.copy(), ask_moved.copy()
    out_bid[0] = out_ask[0] = False
    zero = np.zeros(bid.size)
    flags = DEPTH_EVENT | EXCH_EVENT | LOCAL_EVENT
    columns = [
        (out_bid, BUY_EVENT, np.r_[0.0, bid[:-1]], zero),
        (out_ask, SELL_EVENT, np.r_[0.0, ask[:-1]], zero),
        (bid_set, BUY_EVENT, bid, bid_size),
        (ask_set, SELL_EVENT, ask, ask_size),
    ]
    kept = np.stack([one[0] for one in columns], axis=1).ravel()
    events = np.zeros(int(kept.sum()), dtype=event_dtype)
    events["ev"] = np.tile(np.array([flags | one[1] for one in columns], dtype=np.uint64), bid.size)[kept]
    events["px"] = np.stack([one[2] for one in columns], axis=1).ravel()[kept]
    events["qty"] = np.stack([one[3] for one in columns], axis=1).ravel()[kept]
    events["local_ts"] = np.repeat(recv_ns, 4)[kept]
    events["exch_ts"] = events["local_ts"] - feed_ns
    return events


@njit(cache=False, error_model="numpy")
def down(value, step):
    return np.floor(value / step + 1e-9) * step


@njit(cache=False, error_model="numpy")
def limit_of(t, venue, sell, price):
    tick = t.tick[venue]
    if sell:
        return np.ceil(price * (1.0 - t.band) / tick - 1e-9) * tick
    return down(price * (1.0 + t.band), tick)


@njit(cache=False, error_model="numpy")
def small(t, venue, quantity, middle):
    return (
        quantity <= 0.0 or quantity < t.min_quantity[venue] * (1.0 - 1e-12) or quantity * middle < t.min_notional[venue]
    )


@njit(cache=False, error_model="numpy")
def wish(t, seller, bid, ask, size, base, quote):
    """Return quantity, profit: what selling into the bid and buying at the ask is worth; 0 for nothing."""
    buyer = 1 - seller
    keep, pay = 1.0 - t.fee[seller], 1.0 + t.fee[buyer]
    if not 1e4 * (bid * keep / (ask * pay) - 1.0) > t.threshold_bps[seller]:
        return 0.0, 0.0
    quantity = min(min(t.order_quote / ask, base), size)
    quantity = down(min(quantity, quote / (ask * (1.0 + t.band) * pay)), t.common_lot)
    if small(t, seller, quantity, bid) or small(t, buyer, quantity, ask):
        return 0.0, 0.0
    return quantity, quantity * (bid * keep - ask * pay)


@njit(cache=False, error_model="numpy")
def send(hbt, t, number, venue, sell, limit, quantity):
    quantity = down(quantity, t.lot[venue])
    if sell:
        hbt.submit_sell_order(venue, number, limit, quantity, IOC, LIMIT, False)
    else:
        hbt.submit_buy_order(venue, number, limit, quantity, IOC, LIMIT, False)


@njit(cache=False, error_model="numpy")
def trade(hbt, t, recv_a, recv_b, fills, pairs):
    """Trade until the end of the data; return how many fills and pairs were written."""
    read = np.zeros(2, dtype=np.int64)
    base, quote = t.base.copy(), t.quote.copy()
    ids, places, sells = np.zeros(2, dtype=np.int64), np.zeros(2, dtype=np.int64), np.zeros(2, dtype=np.bool_)
    references = np.zeros(2)
    working, state, number = 0, IDLE, 0
    done, opened = 0, 0
    sold, bought = 0.0, 0.0
    seller = 0
    decided_ns, deadline_ns = -FAR, FAR
    now = 0
    tried = -1
    while True:
        wait = deadline_ns - now if deadline_ns < FAR else LONG
        if hbt.wait_next_feed(True, wait) == 1:
            return done, opened
        now = hbt.current_timestamp
        quoted = False
        while read[0] < recv_a.size and recv_a[read[0]] <= now:
            quoted = quoted or recv_a[read[0]] == now
            read[0] += 1
        while read[1] < recv_b.size and recv_b[read[1]] <= now:
            quoted = quoted or recv_b[read[1]] == now
            read[1] += 1
        bids = np.array([hbt.depth(0).best_bid, hbt.depth(1).best_bid])
        asks = np.array([hbt.depth(0).best_ask, hbt.depth(1).best_ask])
        middles = 0.5 * (bids + asks)
        told = False
        if working > 0:
            known = 0
            for k in range(working):
                order = hbt.orders(places[k]).get(ids[k])
                if order.status == FILLED or order.status == EXPIRED:
                    known += 1
            if known == working:
                for k in range(working):
                    v = places[k]
                    order = hbt.orders(v).get(ids[k])
                    quantity = order.qty - order.leaves_qty
                    if quantity > 1e-12:
                        fills[done].pair, fills[done].venue, fills[done].sell = opened - 1, v, sells[k]
                        fills[done].time_ns = order.exch_timestamp + t.feed_ns
                        fills[done].price, fills[done].quantity = order.exec_price, quantity
                        done += 1
                        value = quantity * order.exec_price
                        if sells[k]:
                            sold += quantity
                            base[v] -= quantity
                            quote[v] += value * (1.0 - t.fee[v])
                        else:
                            bought += quantity
                            base[v] += quantity
                            quote[v] -= value * (1.0 + t.fee[v])
                hbt.clear_inactive_orders(0)
                hbt.clear_inactive_orders(1)
                working = 0
                told = True
        if state == COMPLETE and now >= deadline_ns:
            deadline_ns = FAR
            state = LAST
            tried = -1
        if state != IDLE and working == 0:
            buyer = 1 - seller
            excess = sold - bought
            if state == LEGS:
                venue = buyer if excess > 0.0 else seller
                if small(t, venue, down(abs(excess), t.lot[venue]), middles[venue]):
                    state = IDLE
                    pairs[opened - 1].closed_ns = now
                else:
                    state = COMPLETE
                    deadline_ns = now + t.deadline_ns
                    tried = -1
            if state >= COMPLETE:
                if state == COMPLETE:
                    venue, sell = (buyer, False) if excess > 0.0 else (seller, True)
                else:
                    venue, sell = (seller, False) if excess > 0.0 else (buyer, True)
                quantity = down(abs(excess), t.lot[venue])
                row = read[venue] - 1
                if small(t, venue, quantity, middles[venue]):
                    if told or row != tried:
                        state = IDLE
                        deadline_ns = FAR
                        pairs[opened - 1].closed_ns = now
                elif row != tried and (quoted or tried == -1):
                    tried = row
                    best = bids[venue] if sell else asks[venue]
                    limit = limit_of(t, venue, sell, references[venue] if state == COMPLETE else best)
                    within = best >= limit * (1.0 - 1e-12) if sell else best <= limit * (1.0 + 1e-12)
                    if within:
                        send(hbt, t, number, venue, sell, limit, quantity)
                        ids[0], places[0], sells[0] = number, venue, sell
                        number += 1
                        working = 1
        if not quoted or state != IDLE or now - decided_ns < t.min_interval_ns:
            continue
        if not (bids[0] > 0.0 and asks[0] > bids[0] and bids[1] > 0.0 and asks[1] > bids[1]):
            continue
        best_quantity, best_profit = 0.0, 0.0
        for v in range(2):
            size = min(hbt.depth(v).best_bid_qty, hbt.depth(1 - v).best_ask_qty)
            quantity, profit = wish(t, v, bids[v], asks[1 - v], size, base[v], quote[1 - v])
            if quantity > 0.0 and (best_quantity == 0.0 or profit > best_profit):
                best_quantity, best_profit, seller = quantity, profit, v
        if best_quantity == 0.0:
            continue
        buyer = 1 - seller
        references[seller], references[buyer] = bids[seller], asks[buyer]
        sold, bought = 0.0, 0.0
        send(hbt, t, number, seller, True, limit_of(t, seller, True, bids[seller]), best_quantity)
        send(hbt, t, number + 1, buyer, False, limit_of(t, buyer, False, asks[buyer]), best_quantity)
        ids[0], ids[1] = number, number + 1
        places[0], places[1] = seller, buyer
        sells[0], sells[1] = True, False
        number += 2
        working, state, decided_ns = 2, LEGS, now
        pairs[opened].decided_ns, pairs[opened].closed_ns, pairs[opened].quantity = now, FAR, best_quantity
        opened += 1


def terms_of(options):
    return Terms(**{k: np.array(v, dtype=float) if isinstance(v, list) else v for k, v in options.items()})


def main():
    """Run the market once for each line that comes in."""
    given = np.load(sys.argv[1])
    options = json.loads(str(given["terms"]))
    latencies = options.pop("latencies")
    given_terms = terms_of(options)
    events = [
        events_of(
            *(given[f"{name}_{place}"] for name in ("recv_ns", "bid", "bid_size", "ask", "ask_size")),
            given_terms.feed_ns,
        )
        for place in range(2)
    ]
    fills, pairs = np.zeros(2_000_000, dtype=FILL), np.zeros(1_000_000, dtype=PAIR)
    for line in sys.stdin:
        path, changed = json.loads(line)
        terms = terms_of({**options, **changed})
        assets = [
            BacktestAsset()
            .data(events[v])
            .linear_asset(1.0)
            .constant_order_latency(*latencies)
            .risk_adverse_queue_model()
            .partial_fill_exchange()
            .trading_value_fee_model(0.0, terms.fee[v])
            .tick_size(terms.tick[v])
            .lot_size(terms.lot[v] * 1e-3)
            for v in range(2)
        ]
        hbt = HashMapMarketDepthBacktest(assets)
        begin = time.process_time()
        done, opened = trade(hbt, terms, given["recv_ns_0"], given["recv_ns_1"], fills, pairs)
        seconds = time.process_time() - begin
        hbt.close()
        np.savez(path, fills=fills[:done], pairs=pairs[:opened])
        print(json.dumps({"seconds": seconds, "events": sum(one.size for one in events)}), flush=True)


if __name__ == "__main__":
    main()
