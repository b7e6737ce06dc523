"""The overview of pairs against slow, obvious computations, and on a market whose truth is known."""

from __future__ import annotations

import math
import re

import numpy as np
import polars as pl
import pytest

from arbresearch.core import BadInput, FeeSchedule, ParameterError
from arbresearch.discovery import (
    Overview,
    OverviewSettings,
    choose_pairs,
    describe,
    find_fees,
    key_figures,
    lagged_correlation,
    pair_overview,
    result_tables,
    status_of,
    venue_matrix,
    verdict,
    week_of,
)
from arbresearch.edges import align
from arbresearch.params import DiscoveryParams
from arbresearch.sample import SampleSpec, Truth, generate
from arbresearch.store import TickStore
from tests.store.quality_kit import SECOND, START, fill, quotes

FREE = FeeSchedule(0.0, 0.0)


def _overview(store: TickStore, fee_bps: float = 0.0, **chosen: object) -> Overview:
    pairs = choose_pairs(store)
    fees = find_fees(store, pairs, {venue: fee_bps for pair in pairs for venue in (pair.venue_a, pair.venue_b)})
    return pair_overview(store, pairs, fees, OverviewSettings(**chosen))  # type: ignore[arg-type]


def _walk(store: TickStore, rows: int = 400, symbol: str = "AAA/USDT") -> tuple[pl.DataFrame, pl.DataFrame]:
    rng = np.random.default_rng(5)
    frames = []
    for venue in ("gate", "mexc"):
        at = np.sort(rng.uniform(0, 600, rows))
        mid = 100.0 + np.cumsum(rng.normal(0, 0.02, rows))
        frames.append(quotes(at, venue=venue, mid=mid, symbol=symbol))
    fill(store, *frames)
    return frames[0], frames[1]


def _slow(one: pl.DataFrame, two: pl.DataFrame, fee: float) -> pl.DataFrame:
    """Join each update of either book to the last of the other, up to where the first ends; both edges net of fees."""
    columns = ["bid", "ask"]
    a = one.select("recv_ns", *(pl.col(name).alias(f"{name}_a") for name in columns))
    b = two.select("recv_ns", *(pl.col(name).alias(f"{name}_b") for name in columns))
    both = pl.concat([a.join_asof(b, on="recv_ns"), b.join_asof(a, on="recv_ns").select(*a.columns, "bid_b", "ask_b")])
    end = min(a["recv_ns"][-1], b["recv_ns"][-1])
    keep, pay = 1 - fee, 1 + fee
    return (
        both.drop_nulls()
        .sort("recv_ns")
        .filter(pl.col("recv_ns") <= end)
        .with_columns(
            (1e4 * (pl.col("bid_a") * keep / (pl.col("ask_b") * pay) - 1)).alias("ab"),
            (1e4 * (pl.col("bid_b") * keep / (pl.col("ask_a") * pay) - 1)).alias("ba"),
        )
        .with_columns(
            pl.max_horizontal("ab", "ba").alias("best"),
            (pl.col("recv_ns").shift(-1) - pl.col("recv_ns")).fill_null(0).alias("held"),
        )
    )


@pytest.mark.parametrize("fee_bps", [0.0, 3.0])
def test_figures_of_a_pair(store: TickStore, fee_bps: float) -> None:
    slow = _slow(*_walk(store), fee_bps * 1e-4)
    found = _overview(store, fee_bps, threshold_bps=2.0, levels_bps=(0.0, 5.0), max_age_s=None)
    row = found.pairs.row(0, named=True)
    assert row["updates"] == slow.height
    assert row["fees_bps"] == pytest.approx(2 * fee_bps)
    total = slow["held"].sum()
    assert row["hours"] == pytest.approx(total / 3600e9)
    assert row["share"] == pytest.approx(slow.filter(pl.col("best") > 2.0)["held"].sum() / total)
    assert row["share_of_updates"] == pytest.approx((slow["best"] > 2.0).mean())
    above = (slow["best"] > 2.0).cast(pl.Int8)
    assert row["episodes"] == (above.diff().fill_null(above[0]) == 1).sum()
    assert row["peak_bps"] == pytest.approx(slow["best"].max())
    for direction in ("ab", "ba", "best"):
        line = found.directions.filter((pl.col("direction") == direction) & (pl.col("basis") == "net")).row(
            0, named=True
        )
        values = slow[direction]
        assert line["mean_bps"] == pytest.approx(values.mean())
        assert line["median_bps"] == pytest.approx(values.median())
        assert line["p99_bps"] == pytest.approx(values.quantile(0.99, "linear"))
        assert line["time_mean_bps"] == pytest.approx((values * slow["held"]).sum() / total)
        for level, updates, time in found.levels.filter(
            (pl.col("direction") == direction) & (pl.col("basis") == "net")
        ).select("threshold_bps", "share_of_updates", "share_of_time").iter_rows():  # fmt: skip
            assert updates == pytest.approx((values > level).mean())
            assert time == pytest.approx(slow.filter(values > level)["held"].sum() / total)


def test_means_at_the_updates_of_one_side(store: TickStore) -> None:
    one, two = _walk(store)
    slow = _slow(one, two, 0.0)
    line = _overview(store, max_age_s=None).directions.filter(pl.col("direction") == "ab").row(0, named=True)
    at_a = slow.filter(pl.col("recv_ns").is_in(one["recv_ns"].implode()))["ab"].mean()
    at_b = slow.filter(pl.col("recv_ns").is_in(two["recv_ns"].implode()))["ab"].mean()
    assert (line["mean_at_a_bps"], line["mean_at_b_bps"]) == (pytest.approx(at_a), pytest.approx(at_b))
    assert at_a != pytest.approx(at_b)


def _flat(store: TickStore, *, mid: float | np.ndarray, venue: str = "mexc", at: np.ndarray | None = None) -> None:
    moments = np.arange(0, 2_000, 1.0) if at is None else at
    fill(store, quotes(moments, venue="gate"), quotes(moments, venue=venue, mid=mid))


def _remark(store: TickStore, **chosen: object) -> str:
    return str(_overview(store, 0.0, **chosen).pairs["remark"][0])


def test_an_edge_in_both_directions_has_no_remark(store: TickStore) -> None:
    moments = np.arange(0, 2_000, 1.0)
    _flat(store, mid=np.where(moments // 100 % 2 == 0, 101.0, 99.0))
    found = _overview(store)
    assert found.pairs["remark"].to_list() == [""]
    assert found.pairs["one_way_share"][0] == pytest.approx(0.5, abs=0.01)
    assert status_of(found) == "ok"


def test_remarks_on_what_only_seems_an_edge(store: TickStore) -> None:
    _flat(store, mid=101.0)
    assert _remark(store) == "one way: sell mexc"
    assert _remark(store, thin_quote=1e6) == "thin: 100 on the book; one way: sell mexc"
    assert _remark(store, threshold_bps=500.0) == "never above the threshold"
    assert _remark(store, other_coin_ratio=1.005) == "another coin? prices differ by a factor of 1.01"


def test_a_short_edge(store: TickStore) -> None:
    moments = np.arange(0, 2_000, 0.25)
    fill(
        store,
        quotes(moments, venue="gate"),
        quotes(moments, venue="mexc", mid=np.where(np.arange(8_000) % 400 == 9, 102.0, 100.0)),
    )
    assert _remark(store) == "over within 500 ms; one way: sell mexc"
    assert _remark(store, latency_s=0.1) == "one way: sell mexc"


def test_an_edge_against_a_book_that_stands_still(store: TickStore) -> None:
    moments = np.arange(0, 2_000, 1.0)
    still = quotes(moments, venue="mexc", mid=101.0).with_columns(
        pl.lit(3.0).alias("bid_size"), pl.lit(3.0).alias("ask_size")
    )
    fill(store, quotes(moments, venue="gate"), still)
    assert _remark(store) == "a book stands still; one way: sell mexc"


def test_stale_books_have_no_edge(store: TickStore) -> None:
    sparse = np.r_[np.arange(0, 500, 1.0), np.arange(1_500, 2_000, 1.0)]
    fill(store, quotes(np.arange(0, 2_000, 1.0), venue="gate"), quotes(sparse, venue="mexc", mid=101.0))
    limited, whole = _overview(store, max_age_s=60.0), _overview(store, max_age_s=None)
    assert limited.pairs["hours"][0] * 3600 == pytest.approx(1_999 - 941)
    assert whole.pairs["hours"][0] * 3600 == pytest.approx(1_999)
    assert limited.episodes["censored"].to_list() == [True, True]
    assert limited.pairs["stale_share"][0] == pytest.approx(0.47, abs=0.005)


def test_pairs_without_overlap_are_skipped(store: TickStore) -> None:
    at = np.arange(0, 500, 1.0)
    fill(store, quotes(at), quotes(at, venue="mexc"), quotes(at + 10_000, venue="okx"))
    found = _overview(store)
    assert found.pairs["pair"].to_list() == ["AAA/USDT gate-mexc"]
    assert set(found.skipped["pair"]) == {"AAA/USDT gate-okx", "AAA/USDT mexc-okx"}
    assert found.skipped["reason"].str.contains("streams that overlap in time").all()
    assert "2 pairs could not be measured" in describe(found)


def test_nothing_to_measure(store: TickStore) -> None:
    at = np.arange(0, 500, 1.0)
    fill(store, quotes(at), quotes(at + 10_000, venue="okx"))
    with pytest.raises(BadInput, match="pairs: expected two streams with quotes at the same time, was"):
        _overview(store)


def test_venue_matrix(store: TickStore) -> None:
    at = np.arange(0, 1_000, 1.0)
    for symbol, mids in (("AAA/USDT", (100.0, 101.0)), ("BBB/USDT", (101.0, 100.0)), ("CCC/USDT", (100.0, 100.5))):
        fill(
            store,
            *(
                quotes(at, venue=venue, symbol=symbol, mid=mid)
                for venue, mid in zip(("gate", "mexc"), mids, strict=True)
            ),
        )
    fill(store, quotes(at, venue="gate", symbol="DDD/USDT", mid=3.0), quotes(at, venue="mexc", symbol="DDD/USDT"))
    matrix = venue_matrix(_overview(store, levels_bps=(0.0, 75.0)))
    assert matrix.select("sell_venue", "buy_venue", "pairs", "best", "best_value").rows() == [
        ("gate", "mexc", 3, "BBB/USDT gate-mexc", 1.0),
        ("mexc", "gate", 3, "AAA/USDT gate-mexc", 1.0),
    ]
    assert matrix["value"].to_list() == pytest.approx([1 / 3, 2 / 3])
    higher = venue_matrix(_overview(store, levels_bps=(0.0, 75.0)), basis="gross", threshold_bps=75.0)
    assert higher["value"].to_list() == pytest.approx([1 / 3, 1 / 3])
    with pytest.raises(BadInput, match=r"one of the levels \[0.0, 75.0\], was 10"):
        venue_matrix(_overview(store, levels_bps=(75.0,)), threshold_bps=10.0)


def test_lead_and_lag() -> None:
    rng = np.random.default_rng(2)
    steps = rng.normal(0, 0.02, 3_000)
    mid = 100.0 + np.cumsum(steps)
    late = np.concatenate([mid[:2], mid[:-2]])
    at = np.arange(3_000, dtype=np.float64)
    pair = align(quotes(at, mid=mid), quotes(at, venue="mexc", mid=late))
    found = lagged_correlation(pair, step_s=1.0, lags=3)
    assert found["lag_s"].to_list() == [-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0]
    assert found["correlation"][5] > 0.999
    assert found["correlation"].gather([0, 1, 2, 3, 4, 6]).abs().max() < 0.08
    slow = np.corrcoef(np.diff(np.log(mid))[:-1], np.diff(np.log(late))[1:])[0, 1]
    assert found["correlation"][4] == pytest.approx(slow, abs=1e-6)
    with pytest.raises(ParameterError, match="step_s"):
        lagged_correlation(pair, step_s=0.0)


def test_hours_of_the_week(store: TickStore) -> None:
    at = np.arange(0, 7_200, 2.0)
    fill(store, quotes(at), quotes(at, venue="mexc", mid=np.where(at < 5_400, 101.0, 99.0)))
    found = _overview(store, basis="gross")
    week = week_of(found)
    moments = pl.from_epoch("recv_ns", time_unit="ns")
    assert week.select(moments.dt.weekday().alias("day"), moments.dt.hour().alias("hour")).rows() == [
        (3, 0),
        (3, 1),
    ]  # 2025-01-01 was a Wednesday
    assert week["share"].to_list() == [1.0, 1.0]
    assert week["edge_bps"][0] == pytest.approx(1e4 * (100.99 - 100.01) / 100.01)


@pytest.mark.parametrize(
    "wrong",
    [{"levels_bps": ()}, {"latencies_s": (2.0, 1.0)}, {"max_age_s": 0.0}, {"latency_s": -1.0}, {"lag_step_s": 0.0}],
)
def test_settings_that_mean_nothing(wrong: dict[str, object]) -> None:
    with pytest.raises(ParameterError, match=next(iter(wrong))):
        OverviewSettings(**wrong)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> tuple[TickStore, Truth, Overview]:
    """Return a small market, its truth and its overview."""
    store = TickStore(tmp_path_factory.mktemp("market"))
    truth = generate(store, SampleSpec(seed=7, days=1, symbols=12, quotes_per_day=6_000, include_depth=False))
    pairs = choose_pairs(store)
    return store, truth, pair_overview(store, pairs, find_fees(store, pairs))


def test_what_pays_is_what_carries_no_remark(market: tuple[TickStore, Truth, Overview]) -> None:
    _, truth, found = market
    kinds = {(one.symbol, frozenset((one.venue_a, one.venue_b))): one.kind for one in truth.pairs}
    sound = found.pairs.filter(pl.col("remark") == "")
    assert sound.height == sum(one.kind == "pays" for one in truth.pairs)
    assert {
        kinds[row["symbol_a"], frozenset((row["venue_a"], row["venue_b"]))] for row in sound.iter_rows(named=True)
    } == {"pays"}


def test_the_reports_own_tables(market: tuple[TickStore, Truth, Overview]) -> None:
    store, _, found = market
    tables = result_tables(found)
    assert all(frame.height <= 1_000 for frame in tables.values())
    for row in tables["best"].head(5).iter_rows(named=True):
        params = DiscoveryParams(**row)
        (pair,) = choose_pairs(store, venue_pairs=params.venue_pairs, symbols=params.symbols, markets=params.markets)
        assert pair.name in found.pairs["pair"].head(5)
    figures = key_figures(found)
    assert figures["first pair"]["value"] == found.top
    assert figures["pairs"]["value"] == found.pairs.height
    assert figures["time with an edge"]["value"] == pytest.approx(100 * found.pairs["share"][0], rel=1e-4)


def test_frames_for_charts(market: tuple[TickStore, Truth, Overview]) -> None:
    _, _, found = market
    curves = found.lifetimes(2)
    assert curves["group"].unique(maintain_order=True).to_list() == found.pairs["pair"].head(2).to_list()
    for _, curve in curves.group_by("group"):
        assert curve["time_s"].is_sorted()
        assert curve["survival"].is_sorted(descending=True)
        assert curve.height <= 202
    assert found.shown_episodes(pairs=2, rows=100).height <= 100
    assert set(found.shown_episodes(pairs=2)["direction"]) == set(found.pairs["pair"].head(2))
    best = found.best_episodes(5)
    earned = (best["duration_s"] * best["mean_bps"]).to_list()
    assert earned == sorted(earned, reverse=True)
    shares = found.shares_of(found.top)
    assert shares.columns == ["direction", "threshold_bps", "gross_updates", "gross_time", "net_updates", "net_time"]
    assert (shares["net_time"] <= shares["gross_time"] + 1e-12).all()
    assert shares["direction"].unique(maintain_order=True)[2] == "the better of both"


def test_words(market: tuple[TickStore, Truth, Overview]) -> None:
    _, _, found = market
    best = found.pairs.row(0, named=True)
    ever = found.pairs.filter(pl.col("episodes") > 0).height
    said = verdict(found)
    assert said.startswith(f"{ever} of {found.pairs.height} pairs had a net edge above zero, ")
    assert (
        f"most often {best['pair']}: {100 * best['share']:.1f} % of the time in {best['episodes']:,} episodes" in said
    )
    assert len(said) <= 400
    text = describe(found)
    assert f"{best['gross_max_bps']:,.1f} at most. Taking on both sides costs {best['fees_bps']:.3g} bps" in text
    assert not re.search(r"\bnan\b", text)


def test_words_where_there_is_no_edge(store: TickStore) -> None:
    _flat(store, mid=100.0)
    found = _overview(store, 10.0)
    assert status_of(found) == "no"
    assert verdict(found).startswith(
        "None of one pair ever had a net edge above zero; the nearest, AAA/USDT gate-mexc, came to −22.0"
    )
    assert math.isnan(found.pairs["median_s"][0])
    assert not re.search(r"\bnan\b", describe(found))
    assert found.lifetimes().is_empty()
    assert key_figures(found)["median life"]["value"] is None


def test_a_range_of_time(store: TickStore) -> None:
    _walk(store)
    pairs = choose_pairs(store)
    fees = find_fees(store, pairs, {"gate": 0.0, "mexc": 0.0})
    seen: list[tuple[int, int]] = []
    found = pair_overview(
        store, pairs, fees, start=START + 100 * SECOND, end=START + 200 * SECOND, progress=lambda *at: seen.append(at)
    )
    assert seen == [(1, 1)]
    assert found.first["recv_ns"].is_between(START + 100 * SECOND, START + 200 * SECOND).all()
