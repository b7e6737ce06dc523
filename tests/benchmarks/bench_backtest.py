"""What a backtest costs: quotes a second with fees, latency and all logs, from arrays, from Parquet, from nothing.

Before anything is timed the same market and terms run through the slow engine of the tests, on a slice.
``BENCH_PEERS=/path/to/python make bench`` compares with hftbacktest as well; see ``tests/benchmarks/peers``.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

import orjson
import polars as pl

from arbresearch.backtest.config import BacktestConfig
from arbresearch.backtest.engine import SpotArbitrageBacktester
from arbresearch.backtest.log import RunLog
from arbresearch.backtest.market import Market
from arbresearch.backtest.run import run_market
from arbresearch.backtest.terms import RunTerms
from arbresearch.core import NS_PER_MS, NS_PER_SECOND, FeeSchedule
from arbresearch.store import TickStore
from tests.benchmarks.backtest_kit import BUSY, CALM, LOT, TICK, check_with_slow_engine, market_of, terms_of
from tests.benchmarks.kit import Figure, bench, paired, status_mib

__all__ = [
    "CONFIG",
    "kernel_figures",
    "make_store",
    "measure_memory",
    "peer_figures",
    "process_figures",
    "store_figures",
]

AREA = "backtest"
ROOT = Path(__file__).resolve().parents[2]
ROWS = 5_000_000
SYMBOL = "A/USDT"
CONFIG = BacktestConfig(
    fees={"mexc": FeeSchedule(0.0, 4e-4), "gate": FeeSchedule(0.0, 5e-4)},
    latency_ms=20.0,
    sell_a_threshold_bps=2.0,
    sell_b_threshold_bps=2.0,
    position_size_usd=500.0,
    min_interval_s=1.0,
)
OUT_OF_REACH_BPS = 1e4


def _timed(market: Market, terms: RunTerms, rounds: int) -> tuple[RunLog, int, float, float]:
    """Check a run with the slow engine, then time it, and one that trades nothing.

    Returns
    -------
    tuple
        Its log, how many fills were compared, and the seconds of the two.
    """
    log = run_market(market, terms)
    same = check_with_slow_engine(market, terms, log)
    idle = terms_of("12", threshold_bps=OUT_OF_REACH_BPS)
    ours_s, idle_s, _ = paired(
        lambda: run_market(market, terms), lambda: run_market(market, idle), rounds, clock=time.process_time
    )
    return log, same, ours_s, idle_s


def kernel_figures(rows: int = ROWS, rounds: int = 5) -> Iterator[Figure]:
    """Time the kernel on quiet and busy markets of so many quotes a venue, and what an opened pair costs."""
    second: dict[str, Any] = {"min_interval_ns": NS_PER_SECOND}
    cases: list[tuple[str, Market, RunTerms, str | None]] = [
        ("takers, quiet market", market_of(CALM, rows), terms_of("12", **second), ">= 100"),
        ("takers, busy market", market_of(BUSY, rows // 5), terms_of("12"), None),
        ("makers, quiet market", market_of(CALM, rows * 4 // 5, rows // 5), terms_of("3456", **second), ">= 30"),
        ("makers, busy market", market_of(BUSY, rows // 5, rows // 20), terms_of("3456"), None),
    ]
    for name, market, terms, want in cases:
        log, same, ours_s, idle_s = _timed(market, terms, rounds)
        mega = log.rows / 1e6
        unit = "M events/s/core" if name.startswith("makers") else "M quotes/s/core"
        yield Figure(AREA, name, mega / ours_s, unit, want, mega / idle_s, idle_s / ours_s)
        yield Figure(AREA, f"{name}: pairs a million", log.pairs.size / mega, "pairs")
        yield Figure(AREA, f"{name}: orders a million", log.orders.size / mega, "orders")
        yield Figure(AREA, f"{name}: time a pair", 1e6 * (ours_s - idle_s) / log.pairs.size, "us")
        yield Figure(AREA, f"{name}: fills as by the slow engine", float(same), "fills")


def make_store(root: Path, market: Market) -> TickStore:
    """Store the quotes of a market, with instruments."""
    store = TickStore(root)
    for venue, tape in zip(("mexc", "gate"), market, strict=False):
        columns = dict(zip(tape.book._fields, tape.book, strict=True))
        frame = pl.DataFrame(
            {"venue": venue, "symbol": SYMBOL, "event_ns": tape.book.recv_ns - 20 * NS_PER_MS, **columns}
        )
        store.append("quotes", frame)
        listed: dict[str, Any] = {
            "venue": venue, "symbol": SYMBOL, "recv_ns": int(tape.book.recv_ns[0]) - NS_PER_SECOND, "base": "A",
            "quote": "USDT", "market": "spot", "active": True, "tick": TICK, "lot": LOT, "min_quantity": LOT,
            "min_notional": 5.0, "contract_size": 1.0, "maker_fee": 0.0, "taker_fee": 5e-4,
        }  # fmt: skip
        store.append("instruments", pl.DataFrame([listed]))
    store.compact(grace_s=0)
    return store


def store_figures(root: Path, rows: int, rounds: int = 5) -> Iterator[Figure]:
    """Time a run from Parquet to the result, and again with what was read kept."""
    with TickStore(root, create=False) as store:
        kept = SpotArbitrageBacktester(store)
        result = kept.run(SYMBOL, CONFIG)
        if not result.summary.pairs:
            raise RuntimeError("the stored market has no edges to trade")
        whole_s, again_s, _ = paired(
            lambda: SpotArbitrageBacktester(store).run(SYMBOL, CONFIG),
            lambda: kept.run(SYMBOL, CONFIG),
            rounds,
            clock=time.process_time,
        )
    mega = 2 * rows / 1e6
    yield Figure(
        AREA, "Parquet to result", mega / whole_s, "M quotes/s/core", ">= 14", mega / again_s, again_s / whole_s
    )
    yield Figure(AREA, "another run on the same data", 1e3 * again_s, "ms")
    yield Figure(AREA, "pairs in it", float(result.summary.pairs), "pairs")


_COLD = """
import json, sys
from arbresearch.backtest.config import BacktestConfig
from arbresearch.backtest.engine import SpotArbitrageBacktester
from arbresearch.store import TickStore
config = BacktestConfig.from_dict(json.loads(sys.argv[3]))
assert SpotArbitrageBacktester(TickStore(sys.argv[1], create=False)).run(sys.argv[2], config).summary.pairs
"""

_MEMORY = """
import sys
from tests.benchmarks.bench_backtest import measure_memory
print(*measure_memory(*sys.argv[1:]))
"""


def measure_memory(small: str, large: str) -> tuple[float, float]:
    """Run a small store, then a large one; return by how much memory peaks in the second, and its arrays, MiB."""
    SpotArbitrageBacktester(TickStore(small, create=False)).run(SYMBOL, CONFIG)
    engine = SpotArbitrageBacktester(TickStore(large, create=False))
    Path("/proc/self/clear_refs").write_text("5")
    before = status_mib("VmRSS")
    engine.run(SYMBOL, CONFIG)
    peak = status_mib("VmHWM") - before
    market = engine.load(SYMBOL, CONFIG).market
    arrays = sum(column.nbytes for tape in market for column in (*tape.book, *tape.trades, *tape.ladder))
    return peak, arrays / 2**20


def _python(program: str, *values: str) -> str:
    command = [sys.executable, "-c", program, *values]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout


def process_figures(small: Path, large: Path, rounds: int = 3) -> Iterator[Figure]:
    """Time a fresh process up to its first result, and measure the memory of a large run, each in its own process."""
    asked = (str(small), SYMBOL, orjson.dumps(CONFIG.as_dict()).decode())
    _python(_COLD, *asked)
    seconds = []
    for _ in range(rounds):
        begin = time.perf_counter()
        _python(_COLD, *asked)
        seconds.append(time.perf_counter() - begin)
    yield Figure(AREA, "fresh process to first result, warm caches", median(seconds), "s", "<= 3")
    if not Path("/proc/self/clear_refs").exists():
        return
    peak, arrays = (float(one) for one in _python(_MEMORY, str(small), str(large)).split())
    yield Figure(AREA, "peak memory of a run, over its arrays", peak, "MiB", "<= 1.5 x", arrays, peak / arrays)


def peer_figures(rows: int = 2_000_000, rounds: int = 3) -> Iterator[Figure]:
    """Compare with hftbacktest on the same ticks and strategy, every fill too; nothing without ``BENCH_PEERS``."""
    if not os.environ.get("BENCH_PEERS"):
        sys.stderr.write("hftbacktest is not compared: BENCH_PEERS does not name a Python that has it\n")
        return
    command = [sys.executable, "-m", "tests.benchmarks.peers.hftbacktest_taker", "--json"]
    command += ["--rows", str(rows), "--rounds", str(rounds)]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    wants = {"quiet market": ">= 75 x"}
    for case in orjson.loads(done.stdout.splitlines()[-1]):
        name, mega = case["name"], case["quotes"] / 1e6
        rates = mega / case["ours_s"], mega / case["theirs_s"]
        yield Figure(
            AREA, f"takers, hftbacktest, {name}", rates[0], "M quotes/s/core", wants.get(name), rates[1], case["ratio"]
        )


@bench(AREA)
def kernel_bench() -> Iterator[Figure]:
    """Time the kernel on arrays."""
    yield from kernel_figures()


@bench(AREA)
def store_bench() -> Iterator[Figure]:
    """Time runs from a store, in this process and in fresh ones."""
    with tempfile.TemporaryDirectory() as folder:
        small, large = Path(folder) / "small", Path(folder) / "large"
        make_store(small, market_of(CALM, 50_000)).close()
        make_store(large, market_of(CALM, ROWS)).close()
        yield from store_figures(large, ROWS)
        yield from process_figures(small, large)


@bench(AREA)
def peer_bench() -> Iterator[Figure]:
    """Compare with hftbacktest."""
    yield from peer_figures()
