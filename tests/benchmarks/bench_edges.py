"""How fast two books are aligned and priced, against Polars ``join_asof`` and DuckDB ``ASOF JOIN``."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import numpy as np
import polars as pl

from arbresearch.core import FeeSchedule
from arbresearch.edges import Pair, align, edges, episodes
from tests.benchmarks.kit import Figure, bench, median_s, paired

__all__ = ["align_figures", "duckdb_frame", "polars_episodes", "polars_frame", "stream"]

AREA = "edges"
ROWS_A, ROWS_B = 6_000_000, 4_000_000
FEES = FeeSchedule(0.0, 0.0005)
THRESHOLD_BPS = 5.0
ROOT = Path(__file__).resolve().parents[2]
ORDER = (
    "recv_ns",
    *(f"{name}_{venue}" for venue in ("a", "b") for name in ("bid", "ask", "bid_size", "ask_size")),
    "age_a_ns",
    "age_b_ns",
)


def stream(rows: int, seed: int, *, shared_seed: int = 0, day_ns: int = 86_400_000_000_000) -> pl.DataFrame:
    """Return one venue's quotes of a day: a common slow price, a deviation of its own, a tick of 0.01."""
    random = np.random.default_rng(seed)
    start = 1_700_000_000_000_000_000
    recv_ns = np.sort(random.integers(start, start + day_ns, rows))
    steps = np.random.default_rng(shared_seed).normal(0.0, 0.02, 86_400).cumsum()
    common = 100.0 + np.interp(recv_ns - start, np.arange(86_400) * (day_ns / 86_400), steps)
    own = np.interp(recv_ns - start, np.arange(20_000) * (day_ns / 20_000), random.normal(0.0, 0.04, 20_000))
    bid = np.round(common + own, 2)
    return pl.DataFrame(
        {
            "recv_ns": recv_ns,
            "bid": bid,
            "bid_size": random.integers(1, 1_000, rows) / 10.0,
            "ask": np.round(bid + 0.01 * random.integers(1, 4, rows), 2),
            "ask_size": random.integers(1, 1_000, rows) / 10.0,
        }
    )


def polars_frame(a: pl.DataFrame, b: pl.DataFrame) -> pl.DataFrame:
    """Return the merged rows by two backward as-of joins."""
    clock = a.select("recv_ns").merge_sorted(b.select("recv_ns"), key="recv_ns").unique(maintain_order=True)
    start = max(a["recv_ns"][0], b["recv_ns"][0])
    clock = clock.filter(pl.col("recv_ns") >= start).with_columns(pl.col("recv_ns").set_sorted())
    sides = [one.with_columns(updated=pl.col("recv_ns")).with_columns(pl.col("recv_ns").set_sorted()) for one in (a, b)]
    first = clock.join_asof(sides[0], on="recv_ns")
    joined = first.join_asof(sides[1], on="recv_ns", suffix="_b")
    renames = {name: f"{name}_a" for name in ("bid", "bid_size", "ask", "ask_size", "updated")}
    return (
        joined.rename(renames)
        .with_columns(
            age_a_ns=pl.col("recv_ns") - pl.col("updated_a"),
            age_b_ns=pl.col("recv_ns") - pl.col("updated_b"),
        )
        .select(ORDER)
    )


_SQL = """
with clock as (
    select distinct recv_ns from (select recv_ns from a union all select recv_ns from b)
    where recv_ns >= (select greatest((select min(recv_ns) from a), (select min(recv_ns) from b)))
), one as (
    select recv_ns, arg_max(bid, row) bid, arg_max(bid_size, row) bid_size, arg_max(ask, row) ask,
           arg_max(ask_size, row) ask_size
    from (select *, row_number() over () as row from a) group by recv_ns
), two as (
    select recv_ns, arg_max(bid, row) bid, arg_max(bid_size, row) bid_size, arg_max(ask, row) ask,
           arg_max(ask_size, row) ask_size
    from (select *, row_number() over () as row from b) group by recv_ns
)
select clock.recv_ns, x.bid bid_a, x.ask ask_a, x.bid_size bid_size_a, x.ask_size ask_size_a,
       y.bid bid_b, y.ask ask_b, y.bid_size bid_size_b, y.ask_size ask_size_b,
       clock.recv_ns - x.recv_ns age_a_ns, clock.recv_ns - y.recv_ns age_b_ns
from clock asof join {a} x on clock.recv_ns >= x.recv_ns asof join {b} y on clock.recv_ns >= y.recv_ns
order by clock.recv_ns
"""


def duckdb_frame(a: pl.DataFrame, b: pl.DataFrame) -> pl.DataFrame:
    """Return the merged rows by DuckDB's ASOF joins on one thread."""
    unique = a["recv_ns"].n_unique() == a.height and b["recv_ns"].n_unique() == b.height
    with duckdb.connect(config={"threads": 1}) as connection:
        connection.execute("set enable_progress_bar = false")
        connection.register("a", a)
        connection.register("b", b)
        return connection.sql(_SQL.format(a="a" if unique else "one", b="b" if unique else "two")).pl()


def polars_episodes(merged: pl.DataFrame, threshold_bps: float) -> pl.DataFrame:
    """Return the gross episodes of the better direction from merged rows, by runs of equal condition."""
    ab = (pl.col("bid_a") - pl.col("ask_b")) / pl.col("ask_b") * 1e4
    ba = (pl.col("bid_b") - pl.col("ask_a")) / pl.col("ask_a") * 1e4
    following = pl.col("recv_ns").shift(-1).fill_null(pl.col("recv_ns").last())
    rows = merged.with_columns(edge=pl.max_horizontal(ab, ba), until=following).with_columns(
        above=pl.col("edge") > threshold_bps, run=(pl.col("edge") > threshold_bps).rle_id()
    )
    held = pl.col("until") - pl.col("recv_ns")
    return (
        rows.filter("above")
        .group_by("run", maintain_order=True)
        .agg(
            start_ns=pl.col("recv_ns").first(),
            end_ns=pl.col("until").last(),
            peak_bps=pl.col("edge").max(),
            mean_bps=(pl.col("edge") * held).sum() / held.sum(),
            updates=pl.len().cast(pl.Int64),
        )
        .drop("run")
    )


def check(pair: Pair, a: pl.DataFrame, b: pl.DataFrame) -> int:
    """Compare rows and episodes with both others; return how many episodes there are."""
    ours = pair.frame().select(ORDER)
    for name, other in (("polars", polars_frame(a, b)), ("duckdb", duckdb_frame(a, b))):
        if not ours.equals(other):
            raise AssertionError(f"merged rows differ from those of {name}")
    theirs = polars_episodes(ours, THRESHOLD_BPS)
    found = episodes(pair, THRESHOLD_BPS)
    exact = ["start_ns", "end_ns", "peak_bps", "updates"]
    if not found.select(exact).equals(theirs.select(exact)):
        raise AssertionError("episode tables differ")
    if not np.allclose(found["mean_bps"].to_numpy(), theirs["mean_bps"].to_numpy(), rtol=1e-9, atol=1e-9):
        raise AssertionError("mean edges of the episodes differ")
    return found.height


def align_figures(rows_a: int = ROWS_A, rows_b: int = ROWS_B, rounds: int = 5) -> Iterator[Figure]:
    """Compare alignment with the as-of joins, after checking that all give the same rows and episodes."""
    a, b = stream(rows_a, 1), stream(rows_b, 2)
    total = rows_a + rows_b
    pair = align(a, b)
    count = check(pair, a, b)
    mega = total / 1e6
    others: list[tuple[str, Callable[[], object]]] = [
        ("polars join_asof", lambda: polars_frame(a, b)),
        ("duckdb asof join", lambda: duckdb_frame(a, b)),
    ]
    for name, other in others:
        ours_s, theirs_s, ratio = paired(lambda: align(a, b), other, rounds)
        yield Figure(AREA, f"align, {name}", mega / ours_s, "M rows/s", ">= 80", mega / theirs_s, ratio)
        ours_s, theirs_s, ratio = paired(lambda: align(a, b).frame(), other, rounds)
        yield Figure(AREA, f"align and gather a frame, {name}", mega / ours_s, "M rows/s", None, mega / theirs_s, ratio)
    merged = pair.frame()
    ours_s, theirs_s, ratio = paired(
        lambda: episodes(pair, THRESHOLD_BPS), lambda: polars_episodes(merged, THRESHOLD_BPS), rounds
    )
    rows = len(pair) / 1e6
    yield Figure(AREA, "episodes, polars run lengths", rows / ours_s, "M rows/s", None, rows / theirs_s, ratio)
    yield Figure(AREA, "episodes found", float(count), "episodes")
    rate = rows / median_s(lambda: edges(pair, FEES, FEES), rounds)
    yield Figure(AREA, "edges, gross and net, both directions", rate, "M rows/s")


_MEMORY = """
import ctypes, gc, sys
from pathlib import Path
from arbresearch.edges import align
from tests.benchmarks import bench_edges as this

def kib(field):
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(field)).split()[1])

way = {"align": align, "polars": this.polars_frame, "duckdb": this.duckdb_frame}[sys.argv[3]]
way(this.stream(1_000, 1), this.stream(1_000, 2))
a, b = this.stream(int(sys.argv[1]), 1), this.stream(int(sys.argv[2]), 2)
gc.collect()
getattr(ctypes.CDLL(None), "malloc_trim", int)(0)
Path("/proc/self/clear_refs").write_text("5")
before = kib("VmRSS")
kept = way(a, b)
print((kib("VmHWM") - before) / 1024)
"""


def memory_mib(way: str, rows_a: int, rows_b: int) -> float:
    """Return by how many MiB memory peaks above the inputs when a fresh process aligns in a way (Linux only)."""
    command = [sys.executable, "-c", _MEMORY, str(rows_a), str(rows_b), way]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return float(done.stdout)


def memory_figures(rows_a: int = ROWS_A, rows_b: int = ROWS_B) -> Iterator[Figure]:
    """Compare peak memory over the inputs; nothing where the system does not let a process reset its peak."""
    if not Path("/proc/self/clear_refs").exists():
        return
    ours = memory_mib("align", rows_a, rows_b)
    for name in ("polars", "duckdb"):
        theirs = memory_mib(name, rows_a, rows_b)
        yield Figure(AREA, f"peak memory of align, {name}", ours, "MiB", None, theirs, theirs / ours)


@bench(AREA)
def align_bench() -> Iterator[Figure]:
    """Rates on 6 million against 4 million quotes."""
    yield from align_figures()


@bench(AREA)
def memory_bench() -> Iterator[Figure]:
    """Memory on the same."""
    yield from memory_figures()
