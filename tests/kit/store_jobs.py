"""What the children of a nursery do to a store: append, merge, read, crash at a chosen step, run out of disk.

A batch is one transaction over three tables, two venues and two days. Its number is the bid of its quotes and the
price of its trades, so that whoever reads the store can tell whether a batch is there whole.
"""

from __future__ import annotations

import json
import os
import random
import resource
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

import arbresearch.store.commitlog as commitlog
from arbresearch.core import StoreBusy, StoreError
from arbresearch.core.units import NS_PER_DAY, NS_PER_SECOND
from arbresearch.store import TickStore
from arbresearch.store.checksum import row_checksum
from arbresearch.store.exact import decode, encode

__all__ = ["JOBS", "batch_rows", "note", "read_notes", "store_batch", "warm"]

DAY_NS = 20_000 * NS_PER_DAY
VENUES = ("mexc", "gate")
TRADES = 3


def batch_rows(batch: int) -> int:
    """Return how many quotes a batch has on each venue and day."""
    return 5 + batch % 37


def note(path: str | Path, **entry: Any) -> None:
    """Add a line to a file that outlives the process that wrote it."""
    handle = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o644)
    try:
        os.write(handle, (json.dumps(entry) + "\n").encode())
        os.fsync(handle)
    finally:
        os.close(handle)


def read_notes(path: Path) -> list[dict[str, Any]]:
    """Return the lines of such a file."""
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def warm() -> None:
    """Compile and import what every child needs, without touching Polars."""
    import duckdb
    import pyarrow as pa

    units, exponents = encode(np.ones((4, 2)), np.zeros(4, np.int64))
    decode(units[0], exponents)
    row_checksum(pa.table({"symbol": ["a"], "recv_ns": [1], "bid": [1.0]}), ["symbol", "recv_ns", "bid"])
    assert duckdb.__version__


def quotes_of(batch: int) -> pl.DataFrame:
    """Return the quotes of a batch."""
    rows = batch_rows(batch)
    number = np.arange(rows)
    frames = [
        pl.DataFrame(
            {
                "venue": [venue] * rows,
                "symbol": [f"C{batch % 3}/USDT"] * rows,
                "recv_ns": DAY_NS + day * NS_PER_DAY + batch * NS_PER_SECOND + number,
                "bid": np.full(rows, float(batch)),
                "bid_size": number.astype(float),
                "ask": np.full(rows, batch + 0.5),
                "ask_size": np.full(rows, float(day)),
            }
        )
        for venue in VENUES
        for day in (0, 1)
    ]
    return pl.concat(frames)


def trades_of(batch: int) -> pl.DataFrame:
    """Return the trades of a batch."""
    return pl.DataFrame(
        {
            "venue": [VENUES[0]] * TRADES,
            "symbol": ["T/USDT"] * TRADES,
            "recv_ns": [DAY_NS + batch * NS_PER_SECOND + i for i in range(TRADES)],
            "price": [float(batch)] * TRADES,
            "size": [i + 1.0 for i in range(TRADES)],
        }
    )


def store_batch(store: TickStore, batch: int, padding: int = 0) -> None:
    """Store one batch in one transaction, whose commit is longer than its parts when it is padded."""
    with store.transaction(key=f"batch {batch}", note={"padding": "x" * padding}) as transaction:
        transaction.append("quotes", quotes_of(batch))
        transaction.append("trades", trades_of(batch))


def open_noting(root: str, notes: str) -> TickStore:
    """Open a store and write down what it dropped."""
    store = TickStore(root)
    if store.dropped:
        note(notes, dropped=[[one.path, one.bytes] for one in store.dropped])
    return store


def append(root: str, notes: str, first: int, stop: int | None = None) -> None:
    """Store batches one after another, writing each down before and after."""
    store = open_noting(root, notes)
    batch = first
    while stop is None or batch < stop:
        note(notes, begun=batch)
        store_batch(store, batch)
        note(notes, stored=batch)
        batch += 1
    store.close()


def compact(root: str, notes: str, seed: int) -> None:
    """Merge again and again, freeing replaced files after a random short while."""
    rng = random.Random(seed)
    store = open_noting(root, notes)
    while True:
        try:
            done = store.compact(grace_s=rng.choice([0.0, 0.02, 0.2]))
        except StoreBusy:
            time.sleep(0.005)
            continue
        if done.parts:
            note(notes, merged=done.parts)


WHOLE_BATCHES = """
    SELECT batch, sum(quotes) AS quotes, sum(trades) AS trades FROM (
        SELECT CAST(bid AS BIGINT) AS batch, count(*) AS quotes, 0 AS trades FROM quotes GROUP BY ALL
        UNION ALL
        SELECT CAST(price AS BIGINT), 0, count(*) FROM trades GROUP BY ALL
    ) GROUP BY batch ORDER BY batch
"""


def halves(store: TickStore) -> tuple[set[int], list[tuple[Any, ...]]]:
    """Return the batches that are in the store, and those of them that are not there whole, seen in one query."""
    seen = store.sql(WHOLE_BATCHES)
    broken = [row for row in seen.iter_rows() if row[1:] != (4 * batch_rows(row[0]), TRADES)]
    return set(seen["batch"].to_list()), broken


def read(root: str, notes: str) -> None:
    """Read until told to stop; batches never come in half and never go away."""
    store = TickStore(root)
    before: set[int] = set()
    rounds = 0
    while not Path(f"{notes}.stop").exists():
        batches, broken = halves(store)
        assert not broken, f"half a batch is visible: {broken}"
        assert before <= batches, f"batches went away: {before - batches}"
        for venue, symbol in store.streams():
            frame = store.quotes(venue, symbol, columns=["recv_ns", "bid", "bid_size"])
            assert frame["recv_ns"].is_sorted()
            rows = frame.group_by("bid").agg(pl.len(), pl.col("bid_size").n_unique().alias("distinct"))
            wrong = [row for row in rows.iter_rows() if row[1] != 2 * batch_rows(int(row[0])) or row[2] * 2 != row[1]]
            assert not wrong, f"rows of a batch missing or doubled: {wrong}"
        before = batches
        rounds += 1
        note(notes, rounds=rounds, batches=len(batches))


class _Steps:
    """Counts what a process does to files, and ends it with SIGKILL before a chosen step."""

    EVENTS = frozenset({"open", "os.link", "os.remove", "os.rename", "os.mkdir", "os.truncate"})

    def __init__(self, root: str, die_at: int) -> None:
        self._root = root
        self._die_at = die_at
        self.count = 0

    def begin(self) -> None:
        """Count from here on."""
        fsync = os.fsync

        def counted(handle: int) -> None:
            self.step()
            fsync(handle)

        os.fsync = counted
        sys.addaudithook(self._hook)

    def _hook(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event in self.EVENTS and any(
            isinstance(one, str | os.PathLike) and str(one).startswith(self._root) for one in arguments
        ):
            self.step()

    def step(self) -> None:
        self.count += 1
        if self.count == self._die_at:
            os.kill(os.getpid(), signal.SIGKILL)


def crash_at(root: str, notes: str, task: str, die_at: int, batch: int = 0) -> None:
    """Do one task and die before its n-th touch of a file; reaching the end is written down."""
    commitlog.CHECKPOINT_EVERY = 2  # type: ignore[misc]
    steps = _Steps(root, die_at)
    if task == "open":
        steps.begin()
    store = open_noting(root, notes)
    if task != "open":
        steps.begin()
    if task == "append":
        store_batch(store, batch)
    elif task == "compact":
        store.compact(grace_s=0.0)
    store.close()
    note(notes, finished=task, steps=steps.count)


def limited(root: str, notes: str, task: str, limit: int, batch: int = 0) -> None:
    """Do one task under a limit of file size, and write down how it ended."""
    store = open_noting(root, notes)
    store.sql("SELECT 1")
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    outcome = "done"
    try:
        if task == "compact":
            store.compact(grace_s=0.0)
        else:
            store_batch(store, batch, padding=20_000 if task == "commit" else 0)
    except StoreError as error:
        outcome = f"{type(error).__name__}: {error}"
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    note(notes, outcome=outcome, batch=batch)
    store.close()


def forked(root: str, notes: str) -> None:
    """Write to a store, and let a child that inherited it write as well and end first."""
    store = TickStore(root)
    writer = store._writer_of_this_process()
    child = os.fork()
    if child == 0:
        note(notes, begun=2)
        store_batch(store, 2)
        note(notes, stored=2)
        store.close()
        writer.close()  # as the finaliser of what it inherited does at exit
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert status == 0
    locks = [path.stem for path in Path(root, "_writers").iterdir()]
    assert locks == [writer.name], "the child must give up its own lock, and only that"
    with TickStore(root) as other:
        assert other.dropped == ()
    note(notes, begun=1)
    store_batch(store, 1)
    note(notes, stored=1)
    store.close()


JOBS: dict[str, Callable[..., None]] = {one.__name__: one for one in (append, compact, crash_at, forked, limited, read)}
