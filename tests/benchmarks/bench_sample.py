"""How fast the sample market is made: one core, without and with the store, and what a part of it needs in memory."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import polars as pl

from arbresearch.sample import SampleSpec, coin_grid, generate, plan_market, stream_day, venue_frames
from arbresearch.store import TickStore
from tests.benchmarks.kit import Figure, bench, median_s, status_mib

__all__ = ["memory_figures", "rate_figures", "store_figures"]

AREA = "sample"
ROOT = Path(__file__).resolve().parents[2]


def simulate(spec: SampleSpec) -> int:
    """Simulate a day of every stream and return the number of quotes."""
    quotes = 0
    for coin in plan_market(spec).coins:
        grid = coin_grid(spec, coin, 0)
        for stream in coin.streams:
            its_grid = coin_grid(spec, coin, 0, other=True) if stream.other_coin else grid
            quotes += stream_day(spec, coin, stream, 0, its_grid).recv_ns.size
    return quotes


def frames(spec: SampleSpec) -> int:
    """Simulate a day into frames of all tables and return the number of quotes."""
    plan = plan_market(spec)
    return sum(frame.height for name, frame in venue_frames(plan, plan.coins, 0) if name == "quotes")


def rate_figures(rounds: int = 5) -> Iterator[Figure]:
    """Measure quotes a second on one core, nothing written."""
    spec = SampleSpec(days=1)
    quotes = simulate(spec)
    rate = quotes / median_s(lambda: simulate(spec), rounds) / 1e6
    yield Figure(AREA, "simulate 186 streams of 10,800 quotes a day", rate, "M quotes/s/core", ">= 2")
    busy = SampleSpec(days=1, symbols=12, quotes_per_day=86_400)
    rate = simulate(busy) / median_s(lambda: simulate(busy), rounds) / 1e6
    yield Figure(AREA, "simulate 42 streams of 86,400 quotes a day", rate, "M quotes/s/core", ">= 2")
    rate = quotes / median_s(lambda: frames(spec), rounds) / 1e6
    yield Figure(AREA, "simulate into frames, with trades and depth", rate, "M quotes/s/core")


def store_figures() -> Iterator[Figure]:
    """Measure the whole default market into an empty store."""
    with tempfile.TemporaryDirectory() as folder:
        store = TickStore(Path(folder) / "store", create=True)
        begin = time.perf_counter()
        generate(store, SampleSpec())
        seconds = time.perf_counter() - begin
        rows = {
            table: int(count)
            for table, count in store.coverage().group_by("table").agg(pl.col("rows").sum()).iter_rows()
        }
        size = sum(path.stat().st_size for path in (Path(folder) / "store" / "quotes").rglob("*.parquet"))
    yield Figure(AREA, "default market into a store", rows["quotes"] / seconds / 1e6, "M quotes/s")
    yield Figure(AREA, "default market into a store", seconds, "s")
    yield Figure(AREA, "quotes of the default market", rows["quotes"] / 1e6, "M", "about 6")
    yield Figure(AREA, "default market on disk", size / rows["quotes"], "bytes/quote", "<= 10.5")


def memory_figures() -> Iterator[Figure]:
    """Measure the peak memory of the same market in a process of its own."""
    program = "from tests.benchmarks.bench_sample import peak_mib; print(peak_mib())"
    out = subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True, capture_output=True, text=True)
    yield Figure(AREA, "default market into a store, peak memory", float(out.stdout), "MiB")


def peak_mib() -> float:
    """Generate the default market and return the most memory this process had, MiB."""
    with tempfile.TemporaryDirectory() as folder:
        generate(TickStore(Path(folder) / "store", create=True), SampleSpec())
    return status_mib("VmHWM")


@bench(AREA)
def rate_bench() -> Iterator[Figure]:
    """Measure rates without a store."""
    yield from rate_figures()


@bench(AREA)
def store_bench() -> Iterator[Figure]:
    """Measure the default market, end to end."""
    yield from store_figures()
    yield from memory_figures()
