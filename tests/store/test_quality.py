"""The data check on planted faults, through the store."""

from __future__ import annotations

import numpy as np
import orjson
import polars as pl
import pytest

from arbresearch.core import BadInput
from arbresearch.store import TickStore
from arbresearch.store.quality import PARTS, QualityReport, QualitySettings, check_store, describe
from arbresearch.store.quality.books import Identifiers
from tests.store.quality_kit import SECOND, START, fill, quotes


def _row(
    report: QualityReport, symbol: str = "AAA/USDT", venue: str = "gate", table: str = "quotes"
) -> dict[str, object]:
    here = (pl.col("symbol") == symbol) & (pl.col("venue") == venue) & (pl.col("table") == table)
    return report.streams.filter(here).row(0, named=True)


def test_a_clean_stream_is_good(store: TickStore) -> None:
    report = check_store(fill(store, quotes(np.arange(0, 7_200, 2.0))))
    row = _row(report)
    assert row["verdict"] == "good"
    assert row["reasons"] == "no fault found"
    assert (row["rows"], row["span_s"], row["covered_share"], row["median_interval_s"]) == (3_600, 7_198.0, 1.0, 2.0)
    assert row["rows_per_hour"] == pytest.approx(3_600 / 7_198 * 3_600)
    assert row["offset_median_ms"] == pytest.approx(50.0)
    assert report.hours["rows"].to_list() == [1_800, 1_800]
    assert report.hours["covered_share"].to_list() == pytest.approx([1.0, 3_598 / 3_600])
    assert report.sentence().startswith("1 good, 0 usable with care, 0 bad: 3,600 rows in 1 streams, 2025-01-01 00:00")
    assert report.status() == "ok"


def test_an_empty_store_has_nothing_to_check(store: TickStore) -> None:
    report = check_store(store)
    assert report.streams.is_empty()
    assert report.sentence() == "There is nothing to check: no stream matches."
    assert report.status() == "no"
    assert report.key_figures() == {}
    assert report.coverage().is_empty()
    assert report.spans().is_empty()


def test_a_gap_of_one_stream_and_of_the_whole_venue(store: TickStore) -> None:
    at = np.arange(0, 3_600, 1.0)
    holed = at[(at < 1_000) | (at > 1_060)]
    both = at[(at < 2_000) | (at >= 2_300)]
    mine = np.intersect1d(holed, both)
    report = check_store(fill(store, quotes(mine), quotes(both, symbol="BBB/USDT")))
    gaps = report.gaps.filter(pl.col("symbol") == "AAA/USDT").sort("start_ns")
    assert gaps["duration_s"].to_list() == [62.0, 301.0]
    assert gaps["start_ns"].to_list() == [START + 999 * SECOND, START + 1_999 * SECOND]
    assert gaps["moved_on_venue"].to_list() == [61, 0]
    row = _row(report)
    assert row["covered_share"] == pytest.approx(1 - 363 / 3_599)
    assert row["verdict"] == "usable"
    gap, still = str(row["reasons"]).split("; ")
    assert gap == "2 gaps, the longest 5.02 min: 89.9 % of the time is covered"
    assert still == "stood still for 62 s, while its neighbours moved (1.7 % of the time)"
    assert report.spans()["kind"].to_list().count("gap") == 2


def test_a_stream_that_is_mostly_gap_is_bad(store: TickStore) -> None:
    row = _row(check_store(fill(store, quotes(np.r_[np.arange(0, 200), np.arange(2_000, 2_200)]))))
    assert row["verdict"] == "bad"
    assert "one gap of 30 min" in str(row["reasons"])


def test_crossed_locked_and_one_sided_books(store: TickStore) -> None:
    frame = quotes(np.arange(0, 1_000, 1.0)).with_row_index("row")
    row, bid = pl.col("row"), pl.col("bid")
    frame = frame.with_columns(
        pl.when(row < 10).then(bid + 1.0).when(row.is_between(10, 29)).then(pl.col("ask")).otherwise(bid).alias("bid"),
    ).with_columns(
        *(
            pl.when(row.is_between(30, 34)).then(None).otherwise(pl.col(name)).alias(name)
            for name in ("ask", "ask_size")
        )
    )
    found = _row(check_store(fill(store, frame.drop("row"))))
    assert (found["crossed_rows"], found["locked_rows"], found["one_sided_rows"]) == (10, 20, 5)
    assert found["crossed_time_share"] == pytest.approx(10 / 999)
    assert found["locked_time_share"] == pytest.approx(20 / 999)
    assert found["one_sided_time_share"] == pytest.approx(5 / 999)
    assert found["verdict"] == "bad"
    assert "bid above ask in 10 rows (1.0 % of the time)" in str(found["reasons"])


@pytest.mark.parametrize("repeats", [True, False])
def test_a_quote_that_stands_still_while_others_move(store: TickStore, repeats: bool) -> None:
    at = np.arange(0, 3_600, 2.0)
    frozen = (at > 1_000) & (at <= 1_600)
    frame = quotes(at)
    if repeats:
        last = frame.row(500, named=True)
        held = [pl.when(pl.Series(frozen)).then(pl.lit(last[name])).otherwise(pl.col(name)).alias(name) for name in
                ("bid", "bid_size", "ask", "ask_size")]  # fmt: skip
        frame = frame.with_columns(held)
    else:
        frame = frame.filter(~pl.Series(frozen))
    report = check_store(fill(store, frame, quotes(at, venue="mexc"), quotes(at, symbol="BBB/USDT")))
    span = report.stale.row(0, named=True)
    assert report.stale.height == 1
    assert (span["venue"], span["symbol"], span["kind"]) == ("gate", "AAA/USDT", "repeats" if repeats else "silent")
    assert span["start_ns"] == START + 1_000 * SECOND
    assert span["duration_s"] == 602.0
    assert span["repeats"] == (300 if repeats else 0)
    assert span["moved_elsewhere"] == pytest.approx(300, abs=1)
    assert span["due"] == pytest.approx(300, rel=0.25)
    row = _row(report)
    assert row["verdict"] == "bad"
    assert "stood still for 10 min, while its neighbours moved (16.7 % of the time)" in str(row["reasons"])
    assert _row(report, venue="mexc")["verdict"] == "good"


def test_a_market_that_is_quiet_everywhere_is_not_stale(store: TickStore) -> None:
    at = np.r_[np.arange(0, 1_000, 1.0), np.arange(1_500, 2_500, 1.0)]
    report = check_store(fill(store, quotes(at), quotes(at, venue="mexc")))
    assert report.stale.is_empty()
    assert report.gaps["moved_on_venue"].to_list() == [0, 0]


def test_a_slow_stream_beside_a_fast_one_is_not_stale(store: TickStore) -> None:
    slow, fast = quotes(np.arange(0, 36_000, 200.0)), quotes(np.arange(0, 36_000, 1.0), symbol="BBB/USDT")
    report = check_store(fill(store, slow, fast))
    assert report.stale.is_empty()
    assert _row(report)["gaps"] == 0


def _jump(at: np.ndarray, first: int, rows: int, factor: float) -> np.ndarray:
    price = np.full(at.size, 100.0) + 0.01 * (np.arange(at.size) % 3)
    price[first : first + rows] *= factor
    return price


def test_a_lone_print_and_a_move_that_another_venue_shows(store: TickStore) -> None:
    at = np.arange(0, 2_000, 1.0)
    lone, shared = _jump(at, 500, 2, 1.015), _jump(at, 1_500, 2, 0.99)
    report = check_store(
        fill(
            store,
            quotes(at, mid=lone + shared - 100.0),
            quotes(at + 0.4, venue="mexc", mid=shared, symbol="AAA/USDT:USDT"),
        )
    )
    row = _row(report)
    assert (row["outlier_prints"], row["isolated_prints"], row["lone_prints"], row["shared_prints"]) == (8, 8, 2, 4)
    assert row["furthest_lone_bps"] == pytest.approx(150.0, abs=3.0)
    assert (
        row["reasons"] == f"2 lone prices, up to {row['furthest_lone_bps']:.0f} bps away, confirmed by no other venue"
    )
    other = _row(report, symbol="AAA/USDT:USDT", venue="mexc")
    assert other["verdict"] == "good"
    assert other["lone_prints"] == 0
    assert "a move of the market, seen elsewhere too" in str(other["reasons"])
    found = report.print_table()
    assert set(found.filter(~pl.col("elsewhere"))["recv_ns"]) == {START + 500 * SECOND, START + 501 * SECOND}
    assert set(found["back_s"]) == {1.0, 2.0}


def test_a_step_and_a_trend_are_no_outliers(store: TickStore) -> None:
    at = np.arange(0, 2_000, 1.0)
    price = np.where(at < 1_000, 100.0, 103.0) * np.exp(at * 1e-4)
    row = _row(check_store(fill(store, quotes(at, mid=price))))
    assert row["isolated_prints"] == 0
    assert row["verdict"] == "good"


def test_prices_that_come_back_late_are_not_isolated(store: TickStore) -> None:
    at = np.arange(0, 24_000, 12.0)
    row = _row(check_store(fill(store, quotes(at, mid=_jump(at, 900, 2, 1.02)))))
    assert row["outlier_prints"] == 4
    assert row["isolated_prints"] == 0


def test_duplicates_and_repeated_trade_ids(store: TickStore) -> None:
    frame = quotes(np.arange(0, 500, 1.0))
    fill(store, frame, frame.head(20))
    trades = frame.select(
        "venue", "symbol", "recv_ns", "event_ns", pl.col("bid").alias("price"), pl.col("bid_size").alias("size"),
        pl.format("t{}", pl.int_range(pl.len()) // 2).alias("trade_id"),
    )  # fmt: skip
    fill(store, trades, table="trades")
    report = check_store(store)
    assert _row(report)["duplicate_rows"] == 20
    assert "20 duplicate rows (3.8 %)" in str(_row(report)["reasons"])
    row = _row(report, table="trades")
    assert row["duplicate_rows"] == 250
    assert row["verdict"] == "bad"
    assert row["crossed_rows"] is None


def test_a_local_clock_that_is_behind(store: TickStore) -> None:
    report = check_store(fill(store, quotes(np.arange(0, 600, 1.0), delay_ms=-1_270.0)))
    row = _row(report)
    assert row["clock_behind_s"] == pytest.approx(1.27)
    assert row["negative_share"] == 1.0
    assert row["verdict"] == "usable"
    assert "the local clock runs 1.27 s behind the exchange's: 100.0" in str(row["reasons"])
    assert report.key_figures()["local clock behind by"]["text"] == "1.27 s"


def test_unsteady_stamps_drift_and_late_rows(store: TickStore) -> None:
    at = np.arange(0, 7_200, 1.0)
    drifting = 50.0 + at * 0.1
    late = np.where(np.arange(at.size) % 40 == 0, 3_000.0, 20.0)
    early = np.where(np.arange(at.size) % 100 == 0, -5.0, 20.0)
    report = check_store(
        fill(
            store,
            quotes(at, delay_ms=drifting),
            quotes(at, symbol="BBB/USDT", delay_ms=late),
            quotes(at, symbol="CCC/USDT", delay_ms=early),
        )
    )
    assert "the clocks drift by +100 ppm (+100 to +100)" in str(_row(report)["reasons"])
    behind = str(_row(report, "BBB/USDT")["reasons"])
    assert "one row in a hundred is over 3 s late" in behind
    assert "2.5 % of rows carry an event time before that of an earlier row" in behind
    assert "clock or time stamps unsteady: 1.0 % of rows arrive before they happen" in str(
        _row(report, "CCC/USDT")["reasons"]
    )


def test_depth_is_checked_at_its_best_level(store: TickStore) -> None:
    frame = quotes(np.arange(0, 300, 1.0))
    levels = [
        pl.concat_arr(
            [pl.col(side) + sign * 0.01 * level for level in range(3)] + [pl.lit(None, pl.Float64)] * 7
        ).alias(f"{side}s")
        for side, sign in (("bid", -1), ("ask", 1))
    ]
    sizes = [
        pl.concat_arr([pl.col(f"{side}_size")] * 3 + [pl.lit(None, pl.Float64)] * 7).alias(f"{side}_sizes")
        for side in ("bid", "ask")
    ]
    crossed = pl.when(pl.int_range(pl.len()) == 7).then(pl.col("bid") + 5.0).otherwise(pl.col("bid")).alias("bid")
    fill(
        store,
        frame.with_columns(crossed).select("venue", "symbol", "recv_ns", "event_ns", *levels, *sizes),
        table="depth",
    )
    row = _row(check_store(store), table="depth")
    assert (row["rows"], row["crossed_rows"], row["one_sided_rows"], row["repeated_rows"]) == (300, 1, 0, 0)


def test_too_few_rows_are_bad(store: TickStore) -> None:
    row = _row(check_store(fill(store, quotes(np.arange(0, 99, 1.0)))))
    assert (row["verdict"], row["reasons"]) == ("bad", "only 99 rows, of at least 100")


def test_slices_do_not_change_the_figures(store: TickStore) -> None:
    rng = np.random.default_rng(11)
    at = np.cumsum(rng.exponential(1.0, 9_000))
    at[5_000:] += 120.0
    price = 100.0 * np.exp(np.cumsum(rng.normal(0, 2e-5, at.size)))
    price[2_000] *= 1.01
    fill(store, quotes(at, mid=price), quotes(at, mid=price, venue="mexc"))
    whole = check_store(store, QualitySettings())
    cut = check_store(store, QualitySettings(slice_rows=1_000))
    assert whole.streams.equals(cut.streams)
    assert whole.gaps.equals(cut.gaps)
    assert whole.hours.equals(cut.hours)
    assert whole.prints.equals(cut.prints)
    assert whole.clocks.equals(cut.clocks)
    assert _row(whole)["gaps"] == 1


def test_only_what_was_asked_for(store: TickStore) -> None:
    at = np.arange(0, 3_600, 1.0)
    fill(store, quotes(at), quotes(at, venue="mexc"), quotes(at, symbol="BBB/USDT"))
    report = check_store(
        store, venues=["gate"], symbols=["AAA/USDT"], start="2025-01-01T00:10:00", end="2025-01-01T00:20:00"
    )
    assert report.streams.select("venue", "symbol", "rows").rows() == [("gate", "AAA/USDT", 600)]
    assert check_store(store, start="2025-02-01").streams.is_empty()
    for wrong in ({"venues": ["okx"]}, {"symbols": ["ZZZ/USDT"]}, {"tables": ["funding"]}):
        with pytest.raises(BadInput, match=next(iter(wrong.values()))[0]):
            check_store(store, **wrong)  # type: ignore[arg-type]


def test_progress_and_json(store: TickStore) -> None:
    at = np.arange(0, 300, 1.0)
    seen: list[tuple[int, int]] = []
    report = check_store(
        fill(store, quotes(at), quotes(at, venue="mexc")), progress=lambda done, total: seen.append((done, total))
    )
    assert seen == [(1, 2), (2, 2)]
    read = orjson.loads(orjson.dumps(report.as_dict()))
    assert read["counts"] == {"good": 2, "usable": 0, "bad": 0, "rows": 600, "streams": 2}
    assert read["streams"][0]["offset_median_ms"] == pytest.approx(50.0)
    assert read["settings"]["gap_floor_s"] == 30.0
    assert all(row.keys() >= {"verdict", "reasons"} for row in read["streams"])


def test_trade_ids_that_return_in_a_later_slice() -> None:
    ids = Identifiers()
    for part in (["a", "b", None], ["b", "c", "c"], ["a", "d"]):
        ids.add(pl.Series(part, dtype=pl.String))
    assert (ids.known, ids.repeated) == (7, 3)


def test_words_of_each_part(store: TickStore) -> None:
    at = np.arange(0, 2_000, 1.0)
    assert {part: describe(check_store(store), part)[:8] for part in PARTS}["gaps"] == "There ar"
    clean = check_store(fill(store, quotes(at)))
    assert describe(clean, "gaps") == "**None**: no gap, and no quote that stood still, in one stream."
    assert describe(clean, "books") == "**None**: every one of 2,000 books has a bid below its ask."
    assert describe(clean, "prints") == "**None**: no price jumped far away and came back."
    assert describe(clean, "clocks") == "Rows arrive 50 ms after they happened, in the middle stream."
    holed = quotes(
        at[(at < 500) | (at > 700)], symbol="BBB/USDT", delay_ms=-30.0, mid=_jump(np.arange(1_799), 900, 1, 1.02)
    )
    crossed = holed.with_columns(pl.when(pl.int_range(pl.len()) < 3).then(200.0).otherwise("bid").alias("bid"))
    faulty = check_store(fill(store, crossed))
    both = "**one gap and one span in which a quote stood still** in 1 of 2 streams, the longest 3.37 min."
    assert describe(faulty, "gaps") == f"{both} A silent span may be a gap as well."
    assert describe(faulty, "books") == "**3 crossed** of 3,799 books."
    assert describe(faulty, "prints") == "**one row with a lone price**, in one stream, up to 199 bps away."
    assert describe(faulty, "clocks") == "**The local clock runs 30 ms behind** the exchange's, in one stream."
    with pytest.raises(BadInput, match="part: expected one of gaps, books, prints, clocks, was 'all'"):
        describe(faulty, "all")
