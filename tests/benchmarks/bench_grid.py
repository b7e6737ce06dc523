"""What many settings over one recording cost: a grid of a thousand on ten million quotes, and a whole walk forward.

In the run that is timed, fifty settings drawn at random are run alone as well and must come out the same to the last
bit. ``BENCH_PEERS=/path/to/python make bench`` runs a small grid in hftbacktest, ``BENCH_VECTORBT=/path/to/python`` in
vectorbt; see ``tests/benchmarks/peers``.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from statistics import median

import numpy as np
import orjson

from arbresearch.backtest.config import BacktestConfig
from arbresearch.backtest.engine import SpotArbitrageBacktester
from arbresearch.backtest.equity import block_profits, capital_at_start, equity_frame
from arbresearch.backtest.grid import GridPoint, GridRuns, run_grid
from arbresearch.backtest.instants import index_of
from arbresearch.backtest.market import Market
from arbresearch.backtest.mids import Marks
from arbresearch.backtest.run import run_market
from arbresearch.backtest.terms import RunTerms
from arbresearch.core import NS_PER_DAY, NS_PER_HOUR, NS_PER_SECOND
from arbresearch.store import TickStore
from arbresearch.thresholds import DynamicThresholdOptimizer, OptimizerSettings
from tests.benchmarks.backtest_kit import MONTHLY, market_of, terms_of
from tests.benchmarks.bench_backtest import CONFIG, ROOT, SYMBOL, make_store
from tests.benchmarks.kit import Figure, bench

__all__ = ["grid_figures", "grid_of", "peer_figures", "walk_figures"]

AREA = "grid"
ROWS = 5_000_000
DAYS = 30
CHECKED = 50
LATENCIES_MS = {0.0: "<= 2", 20.0: "<= 6"}


def grid_of(widths: int = 40) -> tuple[GridPoint, ...]:
    """Return five times as many thresholds as half widths, in five sizes; every round trip pays."""
    return tuple(
        GridPoint(
            sell_a_bps=width + skew, sell_b_bps=width - skew, sell_a_exit_bps=width + skew,
            sell_b_exit_bps=width - skew, order_quote=size, max_hold_ns=NS_PER_DAY,
        )
        for width in np.linspace(0.5, 20.0, widths).tolist()
        for skew in (-0.4, -0.2, 0.0, 0.2, 0.4)
        for size in (100.0, 200.0, 500.0, 1_000.0, 2_000.0)
    )  # fmt: skip


def check_alone(market: Market, terms: RunTerms, runs: GridRuns, places: list[int]) -> float:
    """Run settings alone and hold them against the grid; return the seconds of a run.

    Raises
    ------
    AssertionError
        Pairs, fills or the profit of any block differ.
    """
    marks = Marks(market)
    seconds = []
    for place in places:
        own = runs.points[place].applied(terms)
        timed = replace(own.strategy, sample_ns=runs.block_ns, start_ns=int(runs.block_start_ns[0]))
        begin = time.perf_counter()
        log = run_market(market, replace(own, strategy=timed))
        seconds.append(time.perf_counter() - begin)
        equity = equity_frame(log, marks, terms, capital_at_start(terms, marks))
        profit = block_profits(equity, runs.block_ns)
        found = (log.pairs.size, float(log.fills["notional"].sum()), profit.tolist())
        if found != (runs.pairs[place], runs.notional_quote[place], runs.profit_quote[:, place].tolist()):
            raise AssertionError(f"point {place} of the grid differs from its own run")
    return median(seconds)


def grid_figures(rows: int = ROWS, rounds: int = 3, workers: int = 2) -> Iterator[Figure]:
    """Time the grid on a month of so many quotes a venue, without latency and with; a round makes its own index."""
    market, points = market_of(MONTHLY, rows, days=DAYS), grid_of()
    random = np.random.default_rng(7)
    for latency_ms, want in LATENCIES_MS.items():
        terms = terms_of("12", latency_ms=latency_ms, min_interval_ns=NS_PER_SECOND)
        run_grid(market, terms, points[:2], NS_PER_HOUR, workers=workers)
        seconds, used = [], []
        for _ in range(rounds):
            begin, used_begin = time.perf_counter(), time.process_time()
            runs = run_grid(market, terms, points, NS_PER_HOUR, workers=workers)
            seconds.append(time.perf_counter() - begin)
            used.append(time.process_time() - used_begin)
        alone_s = check_alone(market, terms, runs, random.choice(len(points), CHECKED, replace=False).tolist())
        name = f"grid of {len(points):,}, {2 * rows / 1e6:g} M quotes, {latency_ms:g} ms"
        whole_s = alone_s * len(points)
        yield Figure(AREA, f"{name}, two cores", median(seconds), "s", want, whole_s, whole_s / median(seconds))
        yield Figure(AREA, f"{name}: processor time", median(used), "s")
        yield Figure(AREA, f"{name}: pairs a run", float(runs.pairs.mean()), "pairs")
        yield Figure(AREA, f"{name}: runs alone that are the same", float(CHECKED), "runs")
    begin = time.perf_counter()
    index_of(market, workers=workers)
    yield Figure(AREA, "index of all instants", time.perf_counter() - begin, "s")


def walk_figures(root: Path, rows: int = ROWS) -> Iterator[Figure]:
    """Time the optimiser on a month of so many quotes a venue, from the store to the result."""
    make_store(root, market_of(MONTHLY, rows, days=DAYS)).close()
    config: BacktestConfig = replace(CONFIG, sell_a_threshold_bps=None, sell_b_threshold_bps=None)
    with TickStore(root, create=False) as store:
        begin, used = time.perf_counter(), time.process_time()
        optimizer = DynamicThresholdOptimizer(SpotArbitrageBacktester(store))
        found = optimizer.optimize_thresholds(SYMBOL, config, OptimizerSettings(workers=2))
        seconds, used = time.perf_counter() - begin, time.process_time() - used
    if not found.pairs.any():
        raise RuntimeError("the stored month has no edges to trade")
    name = f"walk forward of {DAYS} days, {2 * rows / 1e6:g} M quotes"
    yield Figure(AREA, name, seconds, "s", "<= 60")
    yield Figure(AREA, f"{name}: processor time", used, "s")
    yield Figure(AREA, f"{name}: points", float(found.pairs.size), "points")
    yield Figure(AREA, f"{name}: folds", float(found.folds.height), "folds")


def peer_figures(rows: int = 250_000) -> Iterator[Figure]:
    """Compare with other programs on a small grid; nothing without ``BENCH_PEERS`` and ``BENCH_VECTORBT``."""
    if not (os.environ.get("BENCH_PEERS") or os.environ.get("BENCH_VECTORBT")):
        sys.stderr.write("other grids are not compared: neither BENCH_PEERS nor BENCH_VECTORBT names a Python\n")
        return
    command = [sys.executable, "-m", "tests.benchmarks.peers.grid_peers", "--json", "--rows", str(rows)]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    for one in orjson.loads(done.stdout.splitlines()[-1]):
        name = f"{one['name']}: 1,000 points, extrapolated from {one['points']}"
        yield Figure(AREA, name, one["ours_s"], "s", None, one["theirs_s"], one["ratio"])


@bench(AREA)
def grid_bench() -> Iterator[Figure]:
    """Time grids on arrays."""
    yield from grid_figures()


@bench(AREA)
def walk_bench() -> Iterator[Figure]:
    """Time the optimiser from a store."""
    with tempfile.TemporaryDirectory() as folder:
        yield from walk_figures(Path(folder) / "month")


@bench(AREA)
def peer_bench() -> Iterator[Figure]:
    """Compare with hftbacktest and vectorbt."""
    yield from peer_figures()
