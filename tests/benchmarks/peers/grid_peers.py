"""A grid in our kernel, in hftbacktest and in vectorbt, on the same quotes.

``BENCH_PEERS=/path/to/python BENCH_VECTORBT=/path/to/python python -m tests.benchmarks.peers.grid_peers`` prints the
processor seconds of 1,000 settings on one core. Ours are run, 1,000 of them; the others run a small part of the same
grid, and their seconds are extrapolated. hftbacktest trades as we do (see ``hftbacktest_taker``), with latency;
vectorbt knows neither latency nor what is displayed (see ``vectorbt_side.py``), so ours is timed without latency there.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from arbresearch.backtest.grid import GridPoint, GridRuns, run_grid
from arbresearch.backtest.market import Market
from arbresearch.backtest.terms import RunTerms
from arbresearch.core import NS_PER_DAY, NS_PER_MINUTE, NS_PER_SECOND
from arbresearch.matching.rows import BookRows
from tests.benchmarks.backtest_kit import CALM, market_of, terms_of
from tests.benchmarks.peers.hftbacktest_taker import HERE, Case, Other, given

POINTS = 1_000
PAUSE_NS = NS_PER_SECOND


def grid_of(points: int) -> tuple[GridPoint, ...]:
    """Return thresholds from half a basis point to twenty, both ways, in five sizes."""
    return tuple(
        GridPoint(
            sell_a_bps=level, sell_b_bps=level, sell_a_exit_bps=level, sell_b_exit_bps=level, order_quote=size,
            max_hold_ns=NS_PER_DAY,
        )
        for level in np.linspace(0.5, 20.0, points // 5).tolist()
        for size in (100.0, 200.0, 500.0, 1_000.0, 2_000.0)
    )  # fmt: skip


def ours(market: Market, terms: RunTerms, few: Sequence[GridPoint]) -> tuple[float, GridRuns]:
    """Return the processor seconds of the whole grid on one core, and what a few settings did."""
    seconds = []
    for _ in range(4):
        begin = time.process_time()
        run_grid(market, terms, grid_of(POINTS), 15 * NS_PER_MINUTE)
        seconds.append(time.process_time() - begin)
    return median(seconds[1:]), run_grid(market, terms, few, 15 * NS_PER_MINUTE)


def with_hftbacktest(python: str, market: Market, terms: RunTerms, few: Sequence[GridPoint]) -> tuple[float, list[int]]:
    """Return the processor seconds of a few settings, and their pairs."""
    with tempfile.TemporaryDirectory() as folder:
        other = Other(python, Case("grid", market, terms), Path(folder))
        last_ns = max(int(one.book.recv_ns[-1]) for one in market[:2])
        other.seconds()
        seconds, pairs = 0.0, []
        for point in few:
            levels = [point.sell_a_bps, point.sell_b_bps]
            seconds += other.seconds(threshold_bps=levels, order_quote=point.order_quote)
            pairs.append(other.run(last_ns).decided_ns.size)
        other.close()
    return seconds, pairs


def with_vectorbt(python: str, market: Market, terms: RunTerms, few: Sequence[GridPoint]) -> tuple[float, list[int]]:
    """Return the same of vectorbt."""
    columns: dict[str, Any] = {
        f"{name}_{place}": column
        for place in range(2)
        for name, column in zip(BookRows._fields, market[place].book, strict=True)
    }
    levels = np.array([[one.sell_a_bps, one.sell_b_bps] for one in few])
    sizes = np.array([one.order_quote for one in few])
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("NUMBA", "PYTHON"))}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "market.npz"
        np.savez(path, terms=json.dumps(given(terms)), threshold_bps=levels, order_quote=sizes, **columns)
        command = [python, str(HERE / "vectorbt_side.py"), str(path)]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, env=environment)
    answer = json.loads(done.stdout.splitlines()[-1])
    return float(answer["seconds"]), list(answer["pairs"])


def main() -> int:
    """Compare with those that are named."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hftbacktest", default=os.environ.get("BENCH_PEERS"), help="a Python that has hftbacktest")
    parser.add_argument("--vectorbt", default=os.environ.get("BENCH_VECTORBT"), help="a Python that has vectorbt")
    parser.add_argument("--rows", type=int, default=250_000, help="quotes a venue of the generated market")
    parser.add_argument("--points", type=int, default=10, help="settings that the others run")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON last")
    options = parser.parse_args()
    if not (options.hftbacktest or options.vectorbt):
        parser.error("name a Python that has one of them: --hftbacktest, --vectorbt, BENCH_PEERS or BENCH_VECTORBT")
    market, few = market_of(CALM, options.rows), grid_of(options.points)
    table = Table(title=f"{POINTS:,} settings on {2 * options.rows:,} quotes, one core; others from {len(few)}")
    for name in ("other", "latency", "ours, s", "theirs, s (extrapolated)", "ratio", "our pairs", "their pairs"):
        table.add_column(name, justify="left" if name == "other" else "right")
    figures = []
    for name, python, latency_ms, run in (
        ("hftbacktest", options.hftbacktest, 20.0, with_hftbacktest),
        ("vectorbt", options.vectorbt, 0.0, with_vectorbt),
    ):
        if not python:
            continue
        rich = {"base_start": 1e7, "quote_start": 1e9}
        terms = terms_of("12", latency_ms=latency_ms, venue=rich, min_interval_ns=PAUSE_NS)
        mine_s, found = ours(market, terms, few)
        seconds, pairs = run(python, market, terms, few)
        theirs_s = seconds * POINTS / len(few)
        figures.append(
            {"name": name, "points": len(few), "ours_s": mine_s, "theirs_s": theirs_s, "ratio": theirs_s / mine_s}
        )
        table.add_row(
            name, f"{latency_ms:g} ms", f"{mine_s:.3f}", f"{theirs_s:,.0f}", f"{theirs_s / mine_s:,.0f}",
            f"{found.pairs.sum():,}", f"{sum(pairs):,}",
        )  # fmt: skip
    Console().print(table)
    if options.json:
        sys.stdout.write(json.dumps(figures) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
