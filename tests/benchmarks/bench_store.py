"""How small the store is, how fast it decodes, finds, appends and merges, and what memory each takes."""

from __future__ import annotations

import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow.parquet as pq

from arbresearch.core.units import NS_PER_DAY, NS_PER_HOUR
from arbresearch.sample import SampleSpec, generate
from arbresearch.store import TickStore
from tests.benchmarks.kit import Figure, bench, median_s, paired, status_mib

__all__ = ["busy_stream", "decode_figures", "memory_figures", "sample_figures", "write_figures"]

AREA = "store"
ROOT = Path(__file__).resolve().parents[2]
DAY_NS = 19_700 * NS_PER_DAY
FOUR = ["recv_ns", "bid", "bid_size", "ask", "ask_size"]
ROWS = 4_000_000


def busy_stream(rows: int, seed: int = 0) -> pl.DataFrame:
    """Return a day of one book that moves by ticks of 0.01, with both clocks."""
    random = np.random.default_rng(seed)
    recv_ns = DAY_NS + np.sort(random.integers(0, NS_PER_DAY, rows))
    bid = np.round(100.0 + random.normal(0.0, 0.002, rows).cumsum(), 2)
    sizes = np.round(np.exp(random.normal(5.0, 1.0, (2, rows))), 1)
    return pl.DataFrame(
        {
            "recv_ns": recv_ns,
            "event_ns": recv_ns // 1_000_000 * 1_000_000 - 20_000_000,
            "bid": bid,
            "bid_size": sizes[0],
            "ask": np.round(bid + 0.01 * random.integers(1, 4, rows), 2),
            "ask_size": sizes[1],
        }
    ).select(pl.lit("gate").alias("venue"), pl.lit("A/USDT").alias("symbol"), pl.all())


def doubles_bytes(store: TickStore, folder: Path) -> int:
    """Write the quotes of each venue and day as doubles with zstd, sorted the same, and return the bytes."""
    total = 0
    for venue, date in store.sql("SELECT DISTINCT venue, date FROM quotes").iter_rows():
        rows = store.sql(
            "SELECT * EXCLUDE (venue, date) FROM quotes WHERE venue = ? AND date = ? ORDER BY symbol, recv_ns",
            [venue, date],
        )
        path = folder / f"{venue}-{date}.parquet"
        pq.write_table(rows.to_arrow(), path, compression="zstd")
        total += path.stat().st_size
    return total


def sample_figures(spec: SampleSpec | None = None) -> Iterator[Figure]:
    """Measure size and look-ups on the default sample market."""
    with tempfile.TemporaryDirectory() as folder, TickStore(Path(folder) / "store") as store:
        generate(store, spec or SampleSpec())
        store.compact(grace_s=0.0)
        quotes = [part for part in store.parts() if part.table == "quotes"]
        rows = sum(part.rows for part in quotes)
        ours, plain = sum(part.bytes for part in quotes) / rows, doubles_bytes(store, Path(folder)) / rows
        yield Figure(
            AREA, "quotes of the sample, against zstd doubles", ours, "bytes/quote", "<= 10.5", plain, plain / ours
        )
        random = np.random.default_rng(1)
        streams, first = store.streams(), min(part.first_ns for part in quotes)
        hours = [first + int(hour) * NS_PER_HOUR for hour in random.integers(1, 23, 40)]
        picks = [(*streams[int(random.integers(len(streams)))], hour) for hour in hours]

        def look(where: Callable[[], TickStore]) -> float:
            seconds = []
            for venue, symbol, hour in picks:
                begin = time.perf_counter()
                assert where().quotes(venue, symbol, hour, hour + NS_PER_HOUR).height
                seconds.append(time.perf_counter() - begin)
            return statistics.median(seconds) * 1e3

        look(lambda: store)
        yield Figure(AREA, "one symbol and hour of the sample, footers known", look(lambda: store), "ms", "<= 20")
        yield Figure(AREA, "the same, store just opened", look(lambda: TickStore(store.root)), "ms", "<= 20")


def decode_figures(rows: int = ROWS, rounds: int = 5) -> Iterator[Figure]:
    """Measure how fast a day of a busy book is read, on one core, against doubles read by pyarrow."""
    with tempfile.TemporaryDirectory() as folder, TickStore(Path(folder) / "store") as store:
        frame = busy_stream(rows)
        store.append("quotes", frame)
        path = Path(folder) / "doubles.parquet"
        pq.write_table(frame.drop("venue").to_arrow(), path, compression="zstd")
        (part,) = store.parts()
        yield Figure(
            AREA, "a busy book on disk", part.bytes / rows, "bytes/quote", None, path.stat().st_size / rows,
            path.stat().st_size / part.bytes,
        )  # fmt: skip
        for name, columns in (("four columns and time", FOUR), ("both clocks too", [*FOUR, "event_ns"])):
            ours, theirs, ratio = paired(
                lambda columns=columns: store.quotes("gate", "A/USDT", columns=columns),  # type: ignore[misc]
                lambda columns=columns: pl.from_arrow(pq.read_table(path, columns=columns, use_threads=False)),  # type: ignore[misc]
                rounds,
                time.process_time,
            )
            yield Figure(
                AREA, f"decode {name}", rows / ours / 1e6, "M rows/s/core", ">= 20", rows / theirs / 1e6, ratio
            )
        start = DAY_NS + 12 * NS_PER_HOUR
        hour = median_s(lambda: store.quotes("gate", "A/USDT", start, start + NS_PER_HOUR), 9)
        yield Figure(AREA, f"an hour of {rows // 24:,} quotes", hour * 1e3, "ms", "<= 20")


def write_figures(rows: int = ROWS, small: int = 100) -> Iterator[Figure]:
    """Measure appends, large and small, and merging."""
    frame = busy_stream(rows)
    pieces = [frame.slice(start, rows // 4) for start in range(0, rows, rows // 4)]
    with tempfile.TemporaryDirectory() as folder, TickStore(Path(folder) / "store") as store:
        store.append("quotes", frame.head(10))
        seconds = []
        for piece in pieces:
            begin = time.perf_counter()
            store.append("quotes", piece)
            seconds.append(time.perf_counter() - begin)
        yield Figure(AREA, f"append {rows // 4:,} quotes", rows / 4 / statistics.median(seconds) / 1e6, "M rows/s")
        begin = time.perf_counter()
        merged = store.compact(grace_s=0.0)
        yield Figure(AREA, "merge five parts", merged.rows / (time.perf_counter() - begin) / 1e6, "M rows/s")
    with tempfile.TemporaryDirectory() as folder, TickStore(Path(folder) / "store") as store:
        rows_each = 1_000
        seconds = []
        for number in range(small):
            begin = time.perf_counter()
            store.append("quotes", frame.slice(number * rows_each, rows_each))
            seconds.append(time.perf_counter() - begin)
        yield Figure(AREA, "append 1,000 quotes, made durable", statistics.median(seconds) * 1e3, "ms")
        begin = time.perf_counter()
        store.compact(grace_s=0.0)
        yield Figure(AREA, f"merge {small} small parts", (time.perf_counter() - begin) * 1e3, "ms")


def memory_figures(rows: int = ROWS) -> Iterator[Figure]:
    """Measure peak memory above the input; nothing where the system does not let a process reset its peak."""
    if not Path("/proc/self/clear_refs").exists():
        return
    for task, words in (("append", "append"), ("merge", "merge two halves of"), ("read", "read")):
        program = f"from tests.benchmarks.bench_store import peak_mib; print(peak_mib({task!r}, {rows}))"
        out = subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True, capture_output=True, text=True)
        yield Figure(AREA, f"peak memory to {words} {rows:,} quotes of one book", float(out.stdout), "MiB")


def peak_mib(task: str, rows: int) -> float:
    """Do one task and return by how much it raised the peak memory of this process, MiB."""
    folder = tempfile.mkdtemp()
    try:
        with TickStore(Path(folder) / "store") as store:
            frame = busy_stream(rows)
            store.append("quotes", frame.head(1_000).with_columns(pl.lit("mexc").alias("venue")))
            if task == "read":
                store.append("quotes", frame)
            elif task == "merge":
                store.append("quotes", frame[: rows // 2])
                store.append("quotes", frame[rows // 2 :])
            if task != "append":
                del frame
            Path("/proc/self/clear_refs").write_text("5")
            before = status_mib("VmRSS")
            if task == "append":
                store.append("quotes", frame)
            elif task == "merge":
                store.compact(grace_s=0.0)
            else:
                store.quotes("gate", "A/USDT")
            return status_mib("VmHWM") - before
    finally:
        shutil.rmtree(folder)


@bench(AREA)
def size_and_search() -> Iterator[Figure]:
    """Measure the sample market in the store."""
    yield from sample_figures()


@bench(AREA)
def reading() -> Iterator[Figure]:
    """Measure decoding."""
    yield from decode_figures()


@bench(AREA)
def writing() -> Iterator[Figure]:
    """Measure appending and merging."""
    yield from write_figures()
    yield from memory_figures()
