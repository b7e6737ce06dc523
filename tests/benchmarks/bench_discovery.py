"""What finding candidates costs: a busy pair, a universe, one more hour, a bound, and the symbols of many venues.

``BENCH_SYMBOLS=1200 make bench`` takes the universe of the full size: 200 million quotes and 2 GB in
``.cache/bench``, made once in some minutes; ``make clean`` removes them.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from itertools import product
from pathlib import Path
from statistics import median
from typing import Any
from unittest.mock import patch

import numpy as np
import orjson
import polars as pl
import psutil

from arbresearch.core.units import NS_PER_DAY, NS_PER_HOUR
from arbresearch.discovery import SpotArbitrageCandidateFinder, discover_common_symbols
from arbresearch.discovery.blocks import measure_blocks
from arbresearch.discovery.scoring import crew
from arbresearch.sample import CoinPlan, MarketPlan, SampleSpec, generate, plan_market, venue_frames
from arbresearch.sample.reference import instruments_frame, networks_frame
from arbresearch.stats import estimate_mean
from arbresearch.store import TickStore
from tests.benchmarks.bench_edges import stream
from tests.benchmarks.kit import Figure, bench, median_s, status_mib

__all__ = ["hour_figures", "measure_universe", "pair_figures", "symbols_figures", "universe_figures"]

AREA = "discovery"
ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / ".cache" / "bench"
ROWS_A, ROWS_B = 6_000_000, 4_000_000
PARTS = (
    (TickStore, "quotes", "decode"),
    (measure_blocks, "scan", "scan"),
    (measure_blocks, "lead_lag_blocks", "lead and lag"),
    (measure_blocks, "settle", "settle"),
    (crew, "gather_evidence", "evidence"),
)


@contextmanager
def metered(spent: dict[str, float]) -> Iterator[None]:
    """Add up the processor time of the parts of scoring."""

    def timed(function: Callable[..., Any], label: str) -> Callable[..., Any]:
        def call(*values: Any, **named: Any) -> Any:
            begin = time.process_time()
            found = function(*values, **named)
            spent[label] = spent.get(label, 0.0) + time.process_time() - begin
            return found

        return call

    with ExitStack() as stack:
        for owner, name, label in PARTS:
            stack.enter_context(patch.object(owner, name, timed(getattr(owner, name), label)))
        yield


def pair_figures(rows_a: int = ROWS_A, rows_b: int = ROWS_B, rounds: int = 5) -> Iterator[Figure]:
    """Score one busy pair from its Parquet files, by processor time, and say where the time goes."""
    with tempfile.TemporaryDirectory() as folder, TickStore(Path(folder) / "store") as store:
        for venue, rows, seed in (("gate", rows_a, 1), ("mexc", rows_b, 2)):
            named = stream(rows, seed).select(pl.lit(venue).alias("venue"), pl.lit("A/USDT").alias("symbol"), pl.all())
            store.append("quotes", named)
        fees = {"gate": 0.0, "mexc": 5.0}
        finder = SpotArbitrageCandidateFinder(store, fees_bps=fees, cached=False)
        finder.rank()
        seconds, splits = [], []
        for _ in range(rounds):
            spent: dict[str, float] = {}
            begin = time.process_time()
            with metered(spent):
                ranking = finder.rank()
            seconds.append(time.process_time() - begin)
            splits.append(spent)
        if ranking.scores["executed_episodes"].item() < 100:
            raise RuntimeError("the pair has no edges to settle")
    mega = (rows_a + rows_b) / 1e6
    yield Figure(AREA, f"score one pair of {mega:.3g} M quotes", mega / median(seconds), "M quotes/s/core", ">= 10")
    for _, _, label in PARTS:
        yield Figure(AREA, f"of that, {label}", 1e3 * median(one[label] for one in splits), "ms")
    rest = median(total - sum(one.values()) for total, one in zip(seconds, splits, strict=True))
    yield Figure(AREA, "of that, all else", 1e3 * rest, "ms")


def universe_spec(symbols: int) -> SampleSpec:
    """Return one day of so many symbols on two venues at one quote a second and venue."""
    return SampleSpec(
        symbols=symbols, days=1, venues=("mexc", "gate"), quotes_per_day=86_400, include_depth=False,
        include_swaps=False,
    )  # fmt: skip


def universe_store(symbols: int) -> Path:
    """Return the folder of that market, made when it is not there yet."""
    root = CACHE / f"universe-{symbols}"
    with TickStore(root) as store:
        generate(store, universe_spec(symbols))
    return root


def measure_universe(root: str, workers: int) -> dict[str, float]:
    """Rank a store in this process; return seconds, processor seconds, pairs, quotes, and peak memory of all, MiB."""
    mine = psutil.Process()
    peaks: dict[int, float] = {}

    def look(done: int, of: int) -> None:
        if done % 20 and done < of:
            return
        for child in mine.children(recursive=True):
            try:
                lines = Path(f"/proc/{child.pid}/status").read_text().splitlines()
            except OSError:
                continue
            peak = next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM")), 0.0)
            peaks[child.pid] = max(peak, peaks.get(child.pid, 0.0))

    store = TickStore(root, create=False)
    before, begin = os.times(), time.perf_counter()
    ranking = SpotArbitrageCandidateFinder(store, workers=workers, cached=False).rank(progress=look)
    seconds, after = time.perf_counter() - begin, os.times()
    return {
        "seconds": seconds,
        "processor": sum(after[:4]) - sum(before[:4]),
        "pairs": ranking.scores.height,
        "viable": ranking.viable.height,
        "quotes": float(store.coverage("quotes")["rows"].sum()),
        "peak": status_mib("VmHWM") + sum(peaks.values()),
    }


def _alone(root: Path, workers: int) -> dict[str, float]:
    """Measure in a process of its own."""
    program = (
        "if __name__ == '__main__':\n"
        "    import orjson, sys\n"
        "    from tests.benchmarks.bench_discovery import measure_universe\n"
        "    sys.stdout.buffer.write(orjson.dumps(measure_universe(sys.argv[1], int(sys.argv[2]))))\n"
    )
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "measure.py"
        script.write_text(program)
        command = [sys.executable, str(script), str(root), str(workers)]
        paths = {**os.environ, "PYTHONPATH": str(ROOT)}
        out = subprocess.run(command, cwd=ROOT, env=paths, check=True, capture_output=True)
    found: dict[str, float] = orjson.loads(out.stdout)
    return found


def universe_figures(symbols: int) -> Iterator[Figure]:
    """Rank a whole market from its files, with one worker and with two."""
    root = universe_store(symbols)
    _alone(root, 1)
    one, two = _alone(root, 1), _alone(root, 2)
    name = f"universe of {one['pairs']:,.0f} pairs, {one['quotes'] / 1e6:,.0f} M quotes"
    yield Figure(AREA, f"{name}, one worker", one["seconds"], "s")
    yield Figure(AREA, f"{name}, one worker", one["quotes"] / one["processor"] / 1e6, "M quotes/s/core")
    yield Figure(AREA, f"{name}, one worker, peak memory", one["peak"], "MiB", "< 1,500")
    yield Figure(AREA, f"{name}, two workers", two["seconds"], "s")
    yield Figure(AREA, f"{name}, two workers and their parent, peak memory", two["peak"], "MiB", "< 1,500")
    yield Figure(AREA, f"{name}, two workers against one", one["seconds"] / two["seconds"], "times", ">= 1.8")


def hour_figures(days: int = 56, coins: int = 4) -> Iterator[Figure]:
    """Score some coins over a history at one quote a second, then again with one more hour.

    Days are merged and the hours of the last half day are not, as in a store that is written to.
    """
    spec = SampleSpec(
        symbols=12, days=days + 1, venues=("mexc", "gate"), quotes_per_day=86_400, include_depth=False,
        include_swaps=False,
    )  # fmt: skip
    plan = plan_market(spec)
    chosen = plan.coins[3 : 3 + coins]
    with tempfile.TemporaryDirectory() as folder, TickStore(Path(folder) / "store") as store:
        store.append("instruments", instruments_frame(plan, 0))
        store.append("networks", networks_frame(plan, 0))
        for day in range(days):
            store.append("quotes", _day(plan, chosen, day))
        store.compact(grace_s=0.0)
        midnight, today = spec.day_ns(days), _day(plan, chosen, days)
        hours = [
            today.filter(pl.col("recv_ns").is_between(begin, begin + NS_PER_HOUR, closed="left"))
            for begin in range(midnight, midnight + 13 * NS_PER_HOUR, NS_PER_HOUR)
        ]
        for hour in hours[:-1]:
            store.append("quotes", hour)
        finder = SpotArbitrageCandidateFinder(store)
        SpotArbitrageCandidateFinder(store, cached=False).rank(end=spec.day_ns(1))
        full, first = _processor_s(finder.rank)
        store.append("quotes", hours[-1])
        again, second = _processor_s(finder.rank)
        blocks = [int(ranking.blocks["covered_s"].len()) for ranking in (first, second)]
        if blocks[1] - blocks[0] != 4 * coins:
            raise RuntimeError(f"an hour of {coins} pairs has four blocks each, blocks went from {blocks}")
    yield Figure(AREA, f"{coins} pairs over {days}.5 days at a quote a second", full, "s")
    yield Figure(AREA, "again with one more hour", 1e3 * again, "ms")
    yield Figure(AREA, "again with one more hour, share of the full cost", 100.0 * again / full, "%", "< 2")


def _day(plan: MarketPlan, coins: Sequence[CoinPlan], day: int) -> pl.DataFrame:
    return pl.concat([frame for name, frame in venue_frames(plan, coins, day) if name == "quotes"])


def _processor_s(function: Callable[[], Any]) -> tuple[float, Any]:
    begin = time.process_time()
    found = function()
    return time.process_time() - begin, found


def symbols_figures(coins: int = 5_000, venues: int = 5) -> Iterator[Figure]:
    """Find what venues have in common."""
    names = ("binance", "bybit", "gate", "mexc", "okx")[:venues]
    start = 20_000 * NS_PER_DAY
    places = [(venue, f"C{coin:04d}", f"0x{coin:040x}") for venue, coin in product(names, range(coins))]
    listed = pl.DataFrame(places, schema=["venue", "base", "contract_address"], orient="row").with_columns(
        pl.format("{}/USDT", "base").alias("symbol"), pl.lit(start).alias("recv_ns"), pl.lit("USDT").alias("quote"),
        pl.lit(None, pl.String).alias("settle"), pl.lit("spot").alias("market"), pl.lit(True).alias("active"),
        pl.lit(0.01).alias("tick"), pl.lit(0.1).alias("lot"), pl.lit(1.0).alias("contract_size"),
    )  # fmt: skip
    moved = pl.concat(
        [
            listed.select(
                "venue", pl.col("base").alias("asset"), pl.lit(network).alias("network"), "recv_ns",
                pl.lit(True).alias("withdraw_open"), pl.lit(True).alias("deposit_open"), pl.lit(1.0).alias("fee"),
                "contract_address",
            )
            for network in ("ERC20", "BSC")
        ]
    )  # fmt: skip
    with tempfile.TemporaryDirectory() as folder, TickStore(Path(folder) / "store") as store:
        store.append("instruments", listed)
        store.append("networks", moved)
        found = discover_common_symbols(store).pairs.height
        if found != coins * venues * (venues - 1) // 2:
            raise RuntimeError(f"{found} pairs")
        seconds = median_s(lambda: discover_common_symbols(store), 3)
    yield Figure(AREA, f"symbols of {coins:,} coins on {venues} venues, {found:,} pairs", seconds, "s")


@bench(AREA)
def pair_bench() -> Iterator[Figure]:
    """Score one busy pair."""
    yield from pair_figures()


@bench(AREA)
def universe_bench() -> Iterator[Figure]:
    """Rank a tenth of the universe, or as much as is asked for."""
    yield from universe_figures(int(os.environ.get("BENCH_SYMBOLS", "120")))


@bench(AREA)
def hour_bench() -> Iterator[Figure]:
    """Score again after an hour."""
    yield from hour_figures()


@bench(AREA)
def bound_bench() -> Iterator[Figure]:
    """Time the lower bound of a candidate: two days of blocks, and the most that is resampled."""
    for blocks in (192, 1_440):
        profits = np.random.default_rng(blocks).exponential(size=blocks) - 0.2
        seconds = median_s(partial(estimate_mean, profits, candidates=1_200))
        yield Figure(AREA, f"bound of one of 1,200 candidates, {blocks:,} blocks", 1e3 * seconds, "ms")


@bench(AREA)
def symbols_bench() -> Iterator[Figure]:
    """Find the symbols of many venues."""
    yield from symbols_figures()
