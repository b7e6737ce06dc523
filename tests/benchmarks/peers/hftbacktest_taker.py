"""The taker strategy in our kernel and in hftbacktest on the same quotes: every fill is held against the other's.

``BENCH_PEERS=/path/to/python python -m tests.benchmarks.peers.hftbacktest_taker`` prints a table of fills by class and
the times, and exits with 1 when a difference has no explanation. The classes:

- *same*: same pair, venue, side, time and size, and the price within a billionth (hftbacktest keeps prices as ticks).
- *size used up*: hftbacktest fills against what is displayed again and again until the next quote; with us what one of
  our own orders took is gone until then. A pair that was decided on, or whose orders met, a quote used before.
- *part of a lot*: hftbacktest fills all of a displayed size, with us fills are whole lots.
- *what follows*: pairs sent while the other engine's pair of one of these classes was open, or its pause not over.
- *unexplained*: anything else.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import polars as pl
from rich.console import Console
from rich.table import Table

from arbresearch.backtest.log import RunLog
from arbresearch.backtest.market import Market, VenueTape
from arbresearch.backtest.run import run_market
from arbresearch.backtest.terms import RunTerms, StrategyTerms, VenueTerms
from arbresearch.core import NS_PER_MS, NS_PER_SECOND
from arbresearch.matching import Leg, VenueLatency
from arbresearch.matching.rows import BookRows
from tests.benchmarks.backtest_kit import BUSY, CALM, market_of, terms_of

HERE = Path(__file__).parent
RECORDING = HERE.parents[2].parent / "shared" / "data" / "link_binance_huobi_l10"
CLASSES = ("same", "size used up", "part of a lot", "what follows", "unexplained")


@dataclass(frozen=True, slots=True)
class Case:
    """One comparison."""

    name: str
    market: Market
    terms: RunTerms


@dataclass(frozen=True, slots=True)
class Run:
    """Fills and pairs of one engine, in the order of time."""

    fills: dict[int, list[tuple[int, int, bool, float, float]]]
    """By pair: time, venue, whether sold, price, quantity."""
    decided_ns: np.ndarray[Any, Any]
    closed_ns: np.ndarray[Any, Any]


def recording() -> Market:
    """Return two hours of LINK on Binance and Huobi, second by second."""
    tapes = []
    for name in ("bnc", "hb"):
        frame = pl.read_csv(RECORDING / f"orderbook_{name}.csv", infer_schema_length=None)
        times = frame["timestamp"].str.to_datetime(time_unit="ns").cast(pl.Int64).to_numpy()
        columns = (frame[one].cast(pl.Float64).to_numpy() for one in ("b1", "bv1", "a1", "av1"))
        tapes.append(VenueTape(book=BookRows(np.ascontiguousarray(times), *map(np.ascontiguousarray, columns))))
    return tapes[0], tapes[1], VenueTape()


def recording_terms(latency_ms: float) -> RunTerms:
    """Return terms without fees on the steps of both venues then."""
    venues = [
        VenueTerms(
            maker_rate=0.0, taker_rate=0.0, tick=tick, lot=0.01, min_quantity=0.01, min_notional=5.0, base_start=1e6,
            quote_start=1e8,
        )
        for tick in (0.001, 0.0001)
    ]  # fmt: skip
    delay_ns = round(latency_ms * NS_PER_MS)
    legs = {"feed_ns": delay_ns, "entry_ns": delay_ns, "acknowledgement_ns": delay_ns, "cancel_ns": delay_ns}
    return RunTerms(
        venues=(venues[0], venues[1], venues[0]),
        strategy=StrategyTerms(order_quote=500.0, common_lot=0.01),
        enabled=(True, True, False, False, False, False),
        entry_bps=(1.0,) * 6,
        exit_bps=(1.0,) * 6,
        latencies=tuple(VenueLatency.constant(one, **legs) for one in ("binance", "huobi", "okx")),  # type: ignore[arg-type]
    )


def cases(rows: int, *, only_generated: bool) -> Iterator[Case]:
    """Make the markets: a quiet and a busy one, and the recording where it lies beside the checkout."""
    rich = {"base_start": 1e7, "quote_start": 1e9}
    pause = {"min_interval_ns": NS_PER_SECOND}
    yield Case("quiet market", market_of(CALM, rows), terms_of("12", venue=rich, **pause))
    yield Case("busy market", market_of(BUSY, rows // 5), terms_of("12", venue=rich, **pause))
    if only_generated:
        return
    if RECORDING.exists():
        for latency_ms in (0.0, 100.0, 600.0):
            yield Case(f"LINK recording, {latency_ms:g} ms", recording(), recording_terms(latency_ms))
    else:
        sys.stderr.write(f"no recording is compared: there is no {RECORDING}\n")


def given(terms: RunTerms) -> dict[str, Any]:
    """Return the terms for the other side."""
    a, b, _ = terms.venues
    strategy = terms.strategy
    first = terms.latencies[0]
    feed_ns, entry_ns, answer_ns = (
        int(first.model(leg).sample[0]) for leg in (Leg.FEED, Leg.ENTRY, Leg.ACKNOWLEDGEMENT)
    )
    return {
        "tick": [a.tick, b.tick], "lot": [a.lot, b.lot], "min_quantity": [a.min_quantity, b.min_quantity],
        "min_notional": [a.min_notional, b.min_notional], "fee": [a.taker_rate, b.taker_rate],
        "base": [a.base_start, b.base_start], "quote": [a.quote_start, b.quote_start],
        "threshold_bps": list(terms.entry_bps[:2]), "order_quote": strategy.order_quote,
        "common_lot": strategy.common_lot, "band": strategy.band_bps * 1e-4, "deadline_ns": strategy.deadline_ns,
        "min_interval_ns": strategy.min_interval_ns, "feed_ns": feed_ns, "latencies": [entry_ns, answer_ns],
    }  # fmt: skip


class Other:
    """hftbacktest in its own Python, waiting for the next run."""

    def __init__(self, python: str, case: Case, folder: Path) -> None:
        self._path = folder / "run.npz"
        columns: dict[str, Any] = {
            f"{name}_{place}": column
            for place in range(2)
            for name, column in zip(BookRows._fields, case.market[place].book, strict=True)
        }
        market = folder / "market.npz"
        np.savez(market, terms=json.dumps(given(case.terms)), **columns)
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("NUMBA", "PYTHON"))}
        self._process = subprocess.Popen(
            [python, str(HERE / "hft_side.py"), str(market)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env=environment,
        )  # fmt: skip

    def seconds(self, **changed: Any) -> float:
        """Run once more, with other terms where some are given; return the processor seconds."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps([str(self._path), changed]) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("hftbacktest ended without an answer")
        return float(json.loads(line)["seconds"])

    def run(self, last_ns: int) -> Run:
        """Return what the last run did up to the last quote."""
        found = np.load(self._path)
        fills: dict[int, list[tuple[int, int, bool, float, float]]] = {}
        for pair, venue, sell, time_ns, price, quantity in found["fills"].tolist():
            if time_ns <= last_ns:
                fills.setdefault(pair, []).append((time_ns, venue, sell, price, quantity))
        return Run(fills, found["pairs"]["decided_ns"], found["pairs"]["closed_ns"])

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()


def ours(log: RunLog) -> Run:
    """Return what our kernel did."""
    fills: dict[int, list[tuple[int, int, bool, float, float]]] = {}
    for row in log.fills:
        quantity = float(row["quantity"])
        one = (int(row["time_ns"]), int(row["venue"]), bool(row["sell"]), float(row["notional"]) / quantity, quantity)
        fills.setdefault(int(row["pair"]), []).append(one)
    return Run(fills, log.pairs["decided_ns"], log.pairs["closed_ns"])


def uses(case: Case, log: RunLog) -> tuple[dict[tuple[int, bool, int], int], set[int]]:
    """Return when a quote was first taken from, by venue, whether by selling, and row; and the pairs that met one used.

    hftbacktest knows nothing of such uses.
    """
    rows = [np.searchsorted(case.market[v].book.recv_ns, log.orders["meets_ns"], side="right") - 1 for v in range(2)]
    taken: dict[tuple[int, bool, int], int] = {}
    pairs = set()
    for number in np.argsort(log.orders["meets_ns"], kind="stable").tolist():
        order = log.orders[number]
        place = (int(order["venue"]), bool(order["sell"]), int(rows[order["venue"]][number]))
        if place in taken:
            pairs.add(int(order["pair"]))
        if order["filled"] > 0.0:
            taken.setdefault(place, int(order["meets_ns"]))
    return taken, pairs


def met_fraction(case: Case, log: RunLog) -> set[int]:
    """Return the pairs one of whose orders met a size that is no whole number of lots and less than it wanted."""
    pairs = set()
    for order in log.orders:
        venue = int(order["venue"])
        book, lot = case.market[venue].book, case.terms.venues[venue].lot
        row = int(np.searchsorted(book.recv_ns, order["meets_ns"], side="right")) - 1
        size = float((book.bid_size if order["sell"] else book.ask_size)[row])
        if size < order["quantity"] and abs(size / lot - round(size / lot)) > 1e-6:
            pairs.add(int(order["pair"]))
    return pairs


def alike(one: list[tuple[int, int, bool, float, float]], other: list[tuple[int, int, bool, float, float]]) -> bool:
    """Return whether two pairs were filled alike."""
    return len(one) == len(other) and all(
        a[:3] == b[:3] and abs(a[3] - b[3]) <= 1e-9 * a[3] and abs(a[4] - b[4]) <= 1e-9 * a[4]
        for a, b in zip(sorted(one), sorted(other), strict=True)
    )


def classify(case: Case, log: RunLog, mine: Run, theirs: Run) -> dict[str, list[int]]:
    """Return by class how many pairs there are, and how many fills with us and there."""
    counts = {name: [0, 0, 0] for name in CLASSES}
    (taken, used), fraction = uses(case, log), met_fraction(case, log)
    sides = (mine, theirs)
    numbers = [{int(t): k for k, t in enumerate(side.decided_ns.tolist())} for side in sides]
    pause_ns = case.terms.strategy.min_interval_ns
    differing: list[list[int]] = [[], []]

    def follows(side: int, moment: int) -> bool:
        run, other = sides[1 - side], differing[1 - side]
        return any(
            run.decided_ns[k] <= moment and (moment <= run.closed_ns[k] or moment - run.decided_ns[k] < pause_ns)
            for k in other[-3:]
        )

    def seen_used(moment: int) -> bool:
        """Return whether a quote in force at a decision had been taken from."""
        rows = [int(np.searchsorted(case.market[v].book.recv_ns, moment, side="right")) - 1 for v in range(2)]
        places = [(v, sell, rows[v]) for v in range(2) for sell in (False, True)]
        return any(taken.get(place, moment + 1) <= moment for place in places)

    for moment in sorted(set(numbers[0]) | set(numbers[1])):
        here = [numbers[side].get(moment) for side in range(2)]
        found = [[] if k is None else sides[side].fills.get(k, []) for side, k in enumerate(here)]
        if None not in here and alike(*found):
            name = "same"
        elif here[0] in used or seen_used(moment):
            name = "size used up"
        elif here[0] in fraction:
            name = "part of a lot"
        elif None in here and follows(1 if here[0] is None else 0, moment):
            name = "what follows"
        else:
            name = "unexplained"
        counts[name][0] += 1
        for side, k in enumerate(here):
            counts[name][1 + side] += len(found[side])
            if name != "same" and k is not None:
                differing[side].append(k)
    return counts


def compare(case: Case, python: str, rounds: int) -> tuple[dict[str, list[int]], dict[str, float]]:
    """Run both once, hold their fills against each other, then time them in turn."""
    log = run_market(case.market, case.terms)
    with tempfile.TemporaryDirectory() as folder:
        other = Other(python, case, Path(folder))
        other.seconds()
        last_ns = max(int(case.market[v].book.recv_ns[-1]) for v in range(2))
        counts = classify(case, log, ours(log), other.run(last_ns))
        times = []
        for _ in range(rounds):
            begin = time.process_time()
            run_market(case.market, case.terms)
            times.append((time.process_time() - begin, other.seconds()))
        other.close()
    return counts, {
        "ours_s": median(one for one, _ in times),
        "theirs_s": median(other for _, other in times),
        "ratio": median(other / one for one, other in times),
        "quotes": float(log.rows),
    }


def main() -> int:
    """Compare; return 1 when a difference is not explained."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers", default=os.environ.get("BENCH_PEERS"), help="a Python that has hftbacktest")
    parser.add_argument("--rows", type=int, default=500_000, help="quotes a venue of the generated markets")
    parser.add_argument("--rounds", type=int, default=3, help="how often both are timed")
    parser.add_argument("--json", action="store_true", help="print the times as JSON last; generated markets only")
    options = parser.parse_args()
    if not options.peers:
        parser.error("name a Python that has hftbacktest: --peers or BENCH_PEERS")
    table = Table(title="fills: ours | hftbacktest's")
    for name in ("market", "quotes", *CLASSES, "M quotes/s", "hftbacktest", "ratio"):
        table.add_column(name, justify="left" if name == "market" else "right")
    figures, unexplained = [], 0
    for case in cases(options.rows, only_generated=options.json):
        counts, speed = compare(case, options.peers, options.rounds)
        unexplained += counts["unexplained"][0]
        figures.append({"name": case.name, **speed})
        mega = speed["quotes"] / 1e6
        table.add_row(
            case.name, f"{speed['quotes']:,.0f}", *(f"{mine} | {theirs}" for _, mine, theirs in counts.values()),
            f"{mega / speed['ours_s']:.1f}", f"{mega / speed['theirs_s']:.3f}", f"{speed['ratio']:.1f}",
        )  # fmt: skip
    Console().print(table)
    if options.json:
        sys.stdout.write(json.dumps(figures) + "\n")
    return 1 if unexplained else 0


if __name__ == "__main__":
    sys.exit(main())
