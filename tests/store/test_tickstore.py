"""Appending, transactions, reading back, snapshots, and what the store says of itself."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from math import isnan
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import arbresearch.store.transaction as transaction_module
from arbresearch.core import BadInput, SchemaError, StoreBusy, StoreError
from arbresearch.core.units import NS_PER_DAY, NS_PER_SECOND
from arbresearch.store import TickStore
from arbresearch.store.layout import Layout
from arbresearch.store.parts import PartReader
from arbresearch.store.writers import exclusive
from tests.kit.ticks import DAY, numbers, part_paths, quotes, trade


def test_rows_come_back_sorted_and_typed(store: TickStore) -> None:
    assert store.append("quotes", quotes([5, 1, 3])) == 3
    frame = store.quotes("mexc", "A/B")
    assert frame.schema == {
        "recv_ns": pl.Int64,
        "event_ns": pl.Int64,
        "bid": pl.Float64,
        "bid_size": pl.Float64,
        "ask": pl.Float64,
        "ask_size": pl.Float64,
    }
    assert frame["recv_ns"].to_list() == [DAY + 1, DAY + 3, DAY + 5]
    assert numbers(store) == [1.0, 2.0, 0.0]
    assert frame["event_ns"].null_count() == 3


@pytest.mark.parametrize("compacted", [False, True])
def test_rows_of_equal_time_keep_the_order_they_came_in(store: TickStore, compacted: bool) -> None:
    for first in range(0, 40, 4):
        store.append("quotes", quotes([7, 7, 9, 7], first=first))
        if compacted and first % 12 == 0:
            store.compact(grace_s=0.0)
    at_seven = [float(first + i) for first in range(0, 40, 4) for i in (0, 1, 3)]
    at_nine = [float(first + 2) for first in range(0, 40, 4)]
    assert numbers(store) == at_seven + at_nine


def test_rows_of_one_transaction_keep_their_order_over_many_parts(
    store: TickStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transaction_module, "BUFFER_ROWS", 2)
    with store.transaction() as transaction:
        for first in range(0, 24, 2):
            transaction.append("quotes", quotes([7, 7], first=first))
    assert len(store.parts()) == 12
    assert numbers(store) == [float(i) for i in range(24)]
    store.compact()
    assert len(store.parts()) == 1
    assert numbers(store) == [float(i) for i in range(24)]


def test_many_rows_of_few_times_keep_their_order(store: TickStore) -> None:
    times = [(number * 7919) % 5 for number in range(3_000)]
    for start in range(0, 3_000, 1_000):
        store.append("quotes", quotes(times[start : start + 1_000], first=start))
    ordered = [float(number) for time in range(5) for number in range(3_000) if times[number] == time]
    assert numbers(store) == ordered
    store.compact()
    assert numbers(store) == ordered


def test_rows_that_are_the_same_are_all_kept(store: TickStore) -> None:
    for _ in range(3):
        store.append("quotes", quotes([1, 1]))
    store.compact()
    assert store.quotes("mexc", "A/B").height == 6


def test_ranges_include_their_start_and_not_their_end(store: TickStore) -> None:
    store.append("quotes", quotes([0, NS_PER_SECOND, 2 * NS_PER_SECOND, NS_PER_DAY]))
    one, two = DAY + NS_PER_SECOND, DAY + 2 * NS_PER_SECOND

    def found(start: object, end: object) -> list[float]:
        return store.quotes("mexc", "A/B", start, end)["bid_size"].to_list()  # type: ignore[arg-type]

    assert found(one, two) == [1.0]
    assert found("2024-10-04T00:00:01", "2024-10-04T00:00:02Z") == [1.0]
    assert found("2024-10-04T00:00:01.000000001", None) == [2.0, 3.0]
    assert found(datetime(2024, 10, 4, 0, 0, 1, tzinfo=UTC), datetime(2024, 10, 4, 0, 0, 2)) == [1.0]
    assert found(None, date(2024, 10, 5)) == [0.0, 1.0, 2.0]
    assert found(np.int64(two), None) == [2.0, 3.0]
    assert found(two, one) == []
    assert found(DAY + 5 * NS_PER_DAY, None) == []
    assert store.quotes("mexc", "A/B", two, one).schema == store.quotes("mexc", "A/B").schema


def test_columns_come_in_the_order_asked_for(store: TickStore) -> None:
    store.append("quotes", quotes([1, 2]))
    assert store.quotes("mexc", "A/B", columns=["ask", "bid"]).columns == ["ask", "bid"]
    assert store.quotes("mexc", "A/B", columns=["event_ns", "recv_ns"]).columns == ["event_ns", "recv_ns"]
    with pytest.raises(SchemaError, match="quotes column: expected one of venue, symbol"):
        store.quotes("mexc", "A/B", columns=["mid"])
    with pytest.raises(BadInput, match="columns: expected columns other than those that name the stream, was 'symbol'"):
        store.quotes("mexc", "A/B", columns=["symbol"])


def test_an_unknown_stream_is_told_from_an_empty_range(store: TickStore) -> None:
    with pytest.raises(BadInput, match="quotes of mexc A/B: expected a stream in the store, was none; it has nothing"):
        store.quotes("mexc", "A/B")
    store.append("quotes", quotes([1]))
    store.append("quotes", quotes([1], symbol="C/D", venue="gate"))
    with pytest.raises(BadInput, match=r"it has gate C/D, mexc A/B"):
        store.quotes("okx", "E/F")
    with pytest.raises(BadInput, match=r"trades of mexc A/B: .* it has nothing"):
        store.trades("mexc", "A/B")
    assert store.quotes("mexc", "A/B", DAY + 5).is_empty()


def test_a_frame_over_venues_and_days_becomes_one_commit(store: TickStore) -> None:
    frame = pl.concat([quotes([1, NS_PER_DAY], venue) for venue in ("mexc", "gate", "okx")])
    assert store.append("quotes", frame) == 6
    assert [(part.venue, part.date, part.rows) for part in sorted(store.parts(), key=lambda p: (p.venue, p.date))] == [
        (venue, day, 1) for venue in ("gate", "mexc", "okx") for day in ("2024-10-04", "2024-10-05")
    ]
    assert len(list((store.root / "_log").glob("*.json"))) == 1


def test_nothing_is_written_for_nothing(store: TickStore) -> None:
    assert store.append("quotes", quotes([])) == 0
    assert not list((store.root / "_log").iterdir())


def test_merging_makes_one_part_a_venue_and_day(store: TickStore) -> None:
    for first in range(4):
        store.append(
            "quotes", pl.concat([quotes([first, NS_PER_DAY], v, s) for v in ("mexc", "gate") for s in ("A/B", "C/D")])
        )
    digest, before = store.digest(), store.sql("SELECT * FROM quotes ORDER BY ALL")
    calls: list[tuple[int, int]] = []
    done = store.compact(progress=lambda now, whole: calls.append((now, whole)))
    assert (done.partitions, done.parts, done.rows, done.files_removed) == (4, 16, 32, 0)
    assert done.bytes_after < done.bytes_before
    assert calls == [(0, 4), (1, 4), (2, 4), (3, 4), (4, 4)]
    assert len(store.parts()) == 4
    assert len(part_paths(store)) == 20
    assert store.digest() == digest
    assert store.sql("SELECT * FROM quotes ORDER BY ALL").equals(before)
    assert store.compact(grace_s=0.0).files_removed == 16
    assert len(part_paths(store)) == 4
    again = store.compact()
    assert (again.partitions, again.files_removed) == (0, 0)


def test_rows_that_come_while_others_are_merged_stay_behind_them(store: TickStore) -> None:
    other = TickStore(store.root)
    for first in range(2):
        store.append("quotes", quotes([7], first=first))

    def append_meanwhile(done: int, whole: int) -> None:
        if done == 0:
            other.append("quotes", quotes([7], first=2))

    store.compact(progress=append_meanwhile)
    assert len(store.parts()) == 2
    assert numbers(store) == numbers(other) == [0.0, 1.0, 2.0]
    store.compact()
    assert len(store.parts()) == 1
    assert numbers(store) == numbers(other) == [0.0, 1.0, 2.0]
    other.close()


@pytest.mark.parametrize("spoil", [lambda rows: rows[:-1], lambda rows: rows.with_columns(pl.col("bid") * 2)])
def test_a_merge_that_would_lose_or_change_rows_replaces_nothing(
    store: TickStore, monkeypatch: pytest.MonkeyPatch, spoil: Callable[[pl.DataFrame], pl.DataFrame]
) -> None:
    for first in range(2):
        store.append("quotes", quotes([1, 2], first=2 * first))
    before = part_paths(store)
    read = PartReader.read

    def wrong(self: PartReader, *arguments: Any) -> pl.DataFrame:
        return spoil(read(self, *arguments))

    with monkeypatch.context() as patched:
        patched.setattr(PartReader, "read", wrong)
        with pytest.raises(StoreError, match="merged rows differ from those of the parts; nothing was replaced"):
            store.compact(grace_s=0.0)
    assert part_paths(store) == before
    assert numbers(store) == [0.0, 2.0, 1.0, 3.0]


def test_only_one_merges_at_a_time(store: TickStore) -> None:
    busy = pytest.raises(StoreBusy, match="another process is doing 'compact'; wait for it")
    with exclusive(Layout.open(store.root), "compact"), busy:
        store.compact()
    assert store.compact().parts == 0


def test_the_digest_tells_contents_apart(store: TickStore, tmp_path: Path) -> None:
    empty = store.digest()
    store.append("quotes", quotes([1, 2]))
    first = store.digest()
    other = TickStore(tmp_path / "other")
    other.append("quotes", quotes([2], first=1))
    assert len({empty, first, other.digest()}) == 3
    other.append("quotes", quotes([1]))
    assert other.digest() == first
    other.append("quotes", quotes([1], venue="gate"))
    assert other.digest() != first
    assert other.digest("mexc") == store.digest("mexc")
    other.append("quotes", quotes([1]))
    assert other.digest("mexc") != store.digest("mexc")
    other.close()


def test_coverage_is_read_from_the_log_alone(store: TickStore) -> None:
    store.append("quotes", quotes([3, NS_PER_DAY + 1]))
    store.append("quotes", quotes([1]))
    store.append("trades", trade(1.0))
    for path in part_paths(store):
        (store.root / path).unlink()
    assert store.coverage().rows() == [
        ("quotes", "mexc", "A/B", 3, DAY + 1, DAY + NS_PER_DAY + 1, 3),
        ("trades", "mexc", "A/B", 1, DAY, DAY, 1),
    ]
    assert store.coverage("depth").is_empty()
    assert store.streams("trades") == [("mexc", "A/B")]
    with pytest.raises(SchemaError, match="table: expected one of"):
        store.coverage("candles")


def instrument(symbol: str, day: int, tick: float, venue: str = "mexc") -> dict[str, object]:
    return {
        "venue": venue,
        "symbol": symbol,
        "recv_ns": DAY + day * NS_PER_DAY,
        "base": "A",
        "quote": "B",
        "market": "spot",
        "active": True,
        "tick": tick,
        "lot": 1.0,
    }


@pytest.mark.parametrize("compacted", [False, True])
def test_the_latest_snapshot_at_a_time(store: TickStore, compacted: bool) -> None:
    store.append(
        "instruments", pl.DataFrame([instrument("A/B", 2, 0.3), instrument("A/B", 0, 0.1), instrument("C/D", 1, 0.5)])
    )
    store.append("instruments", pl.DataFrame([instrument("A/B", 1, 0.2), instrument("A/B", 1, 0.7, "gate")]))
    store.append("instruments", pl.DataFrame([instrument("A/B", 1, 0.25)]))
    if compacted:
        store.compact(grace_s=0.0)

    def ticks(at: object = None) -> list[tuple[str, str, float]]:
        return store.instruments(at=at).select("venue", "symbol", "tick").rows()  # type: ignore[arg-type,return-value]

    assert ticks() == [("gate", "A/B", 0.7), ("mexc", "A/B", 0.3), ("mexc", "C/D", 0.5)]
    assert ticks(DAY + NS_PER_DAY) == [("gate", "A/B", 0.7), ("mexc", "A/B", 0.25), ("mexc", "C/D", 0.5)]
    assert ticks("2024-10-04") == [("mexc", "A/B", 0.1)]
    assert ticks(DAY - 1) == []
    assert store.instruments().columns[:3] == ["venue", "symbol", "recv_ns"]
    assert store.networks().is_empty()


def test_networks_are_told_apart(store: TickStore) -> None:
    rows = [
        {"venue": "mexc", "asset": "A", "network": name, "recv_ns": DAY + time, "fee": fee, "withdraw_open": is_open}
        for name, time, fee, is_open in [("ERC20", 0, 1.0, True), ("TRC20", 0, 2.0, None), ("ERC20", 5, 3.0, False)]
    ]
    store.append("networks", pl.DataFrame(rows))
    found = store.networks().select("network", "fee", "withdraw_open").rows()
    assert found == [("ERC20", 3.0, False), ("TRC20", 2.0, None)]
    assert store.networks(at=DAY)["fee"].to_list() == [1.0, 2.0]


def test_two_stores_on_one_folder_see_each_other(store: TickStore) -> None:
    other = TickStore(store.root)
    store.append("quotes", quotes([1], first=1))
    other.append("quotes", quotes([2], first=2))
    assert numbers(store) == numbers(other) == [1.0, 2.0]
    assert store.digest() == other.digest()
    other.compact(grace_s=0.0)
    assert numbers(store) == [1.0, 2.0]
    assert store.sql("SELECT count(*) FROM quotes").item() == 2
    assert store.dropped == other.dropped == ()
    other.close()


def test_a_store_can_be_used_again_after_it_was_closed(store: TickStore) -> None:
    store.append("quotes", quotes([1]))
    store.close()
    assert not list((store.root / "_writers").iterdir())
    store.append("quotes", quotes([2], first=1))
    assert numbers(store) == [0.0, 1.0]
    assert store.sql("SELECT count(*) FROM quotes").item() == 2
    assert "2 rows in 2 parts" in repr(store)


def test_an_empty_side_is_nan(store: TickStore) -> None:
    store.append(
        "quotes",
        quotes([1]).with_columns(pl.lit(None, pl.Float64).alias("ask"), pl.lit(None, pl.Float64).alias("ask_size")),
    )
    row = store.quotes("mexc", "A/B").row(0, named=True)
    assert isnan(row["ask"])
    assert isnan(row["ask_size"])
    assert row["bid"] == 1.0


@pytest.mark.parametrize("compacted", [False, True])
def test_counts_are_those_of_the_rows_read(store: TickStore, compacted: bool) -> None:
    rng = np.random.default_rng(3)
    for part in range(5):
        times = np.sort(rng.integers(part * NS_PER_DAY // 3, (part + 2) * NS_PER_DAY // 3, 300))
        store.append("quotes", quotes(times.tolist()))
        store.append("quotes", quotes(times[:50].tolist(), symbol="C/D"))
    if compacted:
        store.compact(grace_s=0.0)
    every = store.quotes("mexc", "A/B")["recv_ns"].to_numpy()
    bounds = [None, *(int(one) for one in rng.integers(DAY - 10**12, DAY + 2 * NS_PER_DAY, 12)), int(every[7])]
    for start in bounds:
        for end in bounds:
            held = (every >= (start or 0)) & (every < (2**63 - 1 if end is None else end))
            assert store.count("quotes", "mexc", "A/B", start, end) == int(held.sum())
    assert store.count("quotes", "mexc", "X/Y", None, None) == 0
