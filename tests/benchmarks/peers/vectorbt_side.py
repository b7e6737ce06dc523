"""A grid of takers in vectorbt, run by the Python that has it: ``python vectorbt_side.py MARKET.npz``.

The net edges of every instant are worked out before the clock starts. Each setting is a group of two columns, A and B;
the order function sells on one and buys on the other where the edge is above the threshold, at most once a pause. The
seconds of a run of all settings and the pairs of each are answered as a line of JSON.

What vectorbt's one pass over rows leaves out: latency, the sizes that are displayed and that own orders use up, lots
and smallest orders, balances by venue, legs that fill apart, the longest hold, and quotes that are stale.
"""

import json
import sys
import time

import numpy as np
import vectorbt as vbt
from numba import njit
from vectorbt.portfolio.nb import order_nb, order_nothing_nb


@njit(cache=False)
def order(c, edges, bid, ask, times, threshold_bps, order_quote, fee, pause_ns, last_ns, seller):
    point, venue = c.col // 2, c.col % 2
    if venue == 0:
        seller[point] = -1
        if times[c.i] - last_ns[point] >= pause_ns:
            for one in range(2):
                if edges[c.i, one] > threshold_bps[point, one] and (
                    seller[point] < 0 or edges[c.i, one] > edges[c.i, seller[point]]
                ):
                    seller[point] = one
            if seller[point] >= 0:
                last_ns[point] = times[c.i]
    if seller[point] < 0:
        return order_nothing_nb()
    quantity = order_quote[point] / ask[c.i, 1 - seller[point]]
    if seller[point] == venue:
        return order_nb(size=-quantity, price=bid[c.i, venue], fees=fee[venue])
    return order_nb(size=quantity, price=ask[c.i, venue], fees=fee[venue])


def main():
    """Run all settings once to compile, then once more on the clock."""
    given = np.load(sys.argv[1])
    terms = json.loads(str(given["terms"]))
    times = np.union1d(given["recv_ns_0"], given["recv_ns_1"])
    times = times[times >= max(given["recv_ns_0"][0], given["recv_ns_1"][0])]
    rows = [np.searchsorted(given[f"recv_ns_{venue}"], times, side="right") - 1 for venue in range(2)]
    bid, ask = (np.stack([given[f"{side}_{v}"][rows[v]] for v in range(2)], axis=1) for side in ("bid", "ask"))
    fee = np.array(terms["fee"])
    edges = np.stack(
        [1e4 * (bid[:, v] * (1.0 - fee[v]) / (ask[:, 1 - v] * (1.0 + fee[1 - v])) - 1.0) for v in range(2)], axis=1
    )
    threshold_bps, order_quote = given["threshold_bps"], given["order_quote"]
    points = order_quote.size
    close = np.tile(0.5 * (bid + ask), points)

    def run():
        last_ns, seller = np.full(points, -(2**62)), np.full(points, -1)
        begin = time.process_time()
        found = vbt.Portfolio.from_order_func(
            close, order, edges, bid, ask, times, threshold_bps, order_quote, fee, terms["min_interval_ns"], last_ns,
            seller, group_by=np.repeat(np.arange(points), 2), cash_sharing=True, init_cash=1e12, max_orders=4_000_000,
            update_value=False,
        )  # fmt: skip
        records = found.order_records
        return time.process_time() - begin, np.bincount(records["col"] // 2, minlength=points) // 2

    run()
    seconds, pairs = run()
    print(json.dumps({"seconds": seconds, "pairs": pairs.tolist()}), flush=True)


if __name__ == "__main__":
    main()
