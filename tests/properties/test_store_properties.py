"""The store against the obvious: one frame that is sorted and filtered."""

from __future__ import annotations

import tempfile
from pathlib import Path
from unittest.mock import patch

import polars as pl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from arbresearch.core.units import NS_PER_DAY
from arbresearch.store import QUOTES, TickStore

DAY = 20_000 * NS_PER_DAY
TIMES = st.one_of(
    st.integers(DAY, DAY + 20),
    st.integers(DAY + NS_PER_DAY - 5, DAY + NS_PER_DAY + 5),
    st.integers(DAY, DAY + 3 * NS_PER_DAY),
)
PRICES = st.one_of(st.none(), st.integers(1, 10**6).map(lambda n: n / 1000), st.floats(1e-6, 1e9))
ROWS = st.tuples(
    st.sampled_from(["mexc", "gate"]),
    st.sampled_from(["A/B", "C/B", "D/B:B"]),
    TIMES,
    st.one_of(st.none(), TIMES),
    PRICES,
    PRICES,
)
STEPS = st.lists(
    st.one_of(st.lists(ROWS, min_size=1, max_size=25), st.just("compact"), st.just("reopen"), st.just("free")),
    min_size=1,
    max_size=8,
)
ALL = ["recv_ns", "event_ns", "bid", "bid_size", "ask", "ask_size"]


def frame_of(rows: list[tuple[object, ...]], first: int) -> pl.DataFrame:
    """Return quotes numbered by their sizes, so that two of the same time can be told apart."""
    records = [
        {
            "venue": venue,
            "symbol": symbol,
            "recv_ns": recv,
            "event_ns": event,
            "bid": bid,
            "bid_size": None if bid is None else float(first + number),
            "ask": ask,
            "ask_size": None if ask is None else float(first + number),
        }
        for number, (venue, symbol, recv, event, bid, ask) in enumerate(rows)
    ]
    return pl.DataFrame(records, schema=QUOTES.schema)


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(STEPS, TIMES, TIMES, st.lists(st.sampled_from(ALL), unique=True, min_size=1), st.sampled_from([1, 2, 8, 65_536]))
def test_the_store_is_one_sorted_frame(
    steps: list[list[tuple[object, ...]] | str], start: int, end: int, columns: list[str], group_rows: int
) -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        patch("arbresearch.store.parts.GROUP_ROWS", group_rows),
        patch("arbresearch.store.compaction.SPAN_ROWS", group_rows + 1),
    ):
        oracle = QUOTES.empty()
        root = Path(folder) / "store"
        store, watcher = TickStore(root), TickStore(root)
        for step in steps:
            if isinstance(step, list):
                frame = frame_of(step, oracle.height)
                assert store.append("quotes", frame) == frame.height
                oracle = pl.concat([oracle, frame])
            elif step == "reopen":
                store.close()
                store = TickStore(root)
                assert store.dropped == ()
            else:
                digest = store.digest()
                store.compact(grace_s=0.0 if step == "free" else 300.0)
                assert store.digest() == digest == watcher.digest()
        check(watcher, oracle, start, end, columns)
        check_sql(store, oracle)
        store.close()
        watcher.close()


def check(store: TickStore, oracle: pl.DataFrame, start: int, end: int, columns: list[str]) -> None:
    ordered = oracle.sort("recv_ns", maintain_order=True)
    coverage = (
        oracle.group_by("venue", "symbol")
        .agg(
            pl.len().cast(pl.Int64).alias("rows"),
            pl.min("recv_ns").alias("first_ns"),
            pl.max("recv_ns").alias("last_ns"),
        )
        .sort("venue", "symbol")
    )
    assert store.coverage("quotes").drop("table", "parts").equals(coverage)
    assert store.streams() == list(coverage.select("venue", "symbol").iter_rows())
    for venue, symbol in store.streams():
        stream = (
            ordered.filter(venue=venue, symbol=symbol)
            .with_columns(pl.col(pl.Float64).fill_null(float("nan")))
            .select(ALL)
        )
        assert store.quotes(venue, symbol).equals(stream)
        for low, high in ((start, None), (None, end), (start, end)):
            wanted = stream
            if low is not None:
                wanted = wanted.filter(pl.col("recv_ns") >= low)
            if high is not None:
                wanted = wanted.filter(pl.col("recv_ns") < high)
            assert store.quotes(venue, symbol, low, high).equals(wanted)
            assert store.quotes(venue, symbol, low, high, columns).equals(wanted.select(columns))


def check_sql(store: TickStore, oracle: pl.DataFrame) -> None:
    keys = ["venue", "symbol", "recv_ns", "event_ns", "bid", "bid_size", "ask", "ask_size"]
    rows = store.sql(f"SELECT {', '.join(keys)} FROM quotes")
    assert rows.sort(keys, nulls_last=True).equals(oracle.sort(keys, nulls_last=True))
