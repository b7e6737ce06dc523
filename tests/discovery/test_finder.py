"""The finder on a small market: determinism, resuming, what it refuses and asks for, and no look at later data."""

from __future__ import annotations

import math
from itertools import pairwise
from pathlib import Path

import polars as pl
import pytest

from arbresearch.core import BadInput, FeeSchedule, ParameterError
from arbresearch.core.units import NS_PER_HOUR
from arbresearch.discovery import Ranking, ScoreSettings, SpotArbitrageCandidateFinder, StreamPair
from arbresearch.discovery.blocks.cache import CACHE_FOLDER
from arbresearch.sample import truth_of
from arbresearch.store import TickStore
from tests.discovery.conftest import SPEC

PAIRS = ["gate:mexc"]


def text(ranking: Ranking) -> str:
    frames = (ranking.scores, ranking.latency, ranking.capacity, ranking.blocks, ranking.skipped)
    return "\n".join(frame.write_json() for frame in frames)


def copied(market: TickStore, root: Path, *, until_ns: int | None = None, since_ns: int | None = None,
           only: set[str] | None = None, into: TickStore | None = None, tables: bool = True) -> TickStore:  # fmt: skip
    """Return a store with a range of the market's quotes and levels, and all of its other tables."""
    store = into or TickStore(root)
    for table in ("quotes", "depth"):
        for venue, symbol in market.streams(table):
            if only is None or symbol in only:
                rows = market.read(table, venue, symbol, since_ns, until_ns)
                if rows.height:
                    named = rows.with_columns(pl.lit(venue).alias("venue"), pl.lit(symbol).alias("symbol"))
                    store.append(table, named)
    if tables:
        store.append("instruments", market.instruments())
        store.append("networks", market.networks())
    return store


def some(market: TickStore) -> set[str]:
    """Return a few symbols: two that pay, a trap of latency, one with levels."""
    truth = truth_of(SPEC)
    named = [pair.symbol for kind in ("pays", "flicker", "deposit_shut") for pair in truth.of_kind(kind)]
    return {*named, "BTC/USDT"}


def test_exactly_what_pays_is_viable_and_every_trap_has_its_name(ranked: Ranking) -> None:
    truth = truth_of(SPEC)
    wanted = {
        "bad_print": {"isolated_print"}, "deposit_shut": {"one_way"}, "fees": {"fees", "never_crosses"},
        "flicker": {"latency"}, "frozen": {"frozen_book"}, "identity": {"different_coin", "unverified_coin"},
        "thin": {"thin"},
    }  # fmt: skip
    for row in ranked.scores.iter_rows(named=True):
        if ":" in row["symbol_a"]:
            continue
        kind = str(truth.pair(row["symbol_a"], row["venue_a"], row["venue_b"]).kind)
        assert row["viable"] == (kind == "pays"), row
        assert row["reason"] in wanted.get(kind, {"", "fees", "never_crosses"}), row
    assert ranked.viable.height == len(truth.of_kind("pays")) == 2


def test_the_waterfall_adds_up_and_the_funnel_narrows(ranked: Ranking) -> None:
    for name in ranked.scores["pair"]:
        score = ranked.score(name)
        assert sum(score.waterfall.values()) == pytest.approx(score.mean_bps_day, abs=1e-6 * abs(score.gross_bps_day))
        raw, net, sized, alive, captured = score.funnel.values()
        assert net >= sized >= alive >= captured
        assert captured <= score.executed_episodes <= sized
        assert raw >= net or score.reason in ("different_coin", "unverified_coin", "one_way")


def test_a_ranking_is_its_scores_in_order(ranked: Ranking) -> None:
    scores = list(ranked)
    assert len(ranked) == len(scores) == ranked.scores.height
    assert [one.pair for one in scores] == ranked.scores["pair"].to_list()
    assert [one.viable for one in scores] == sorted((one.viable for one in scores), reverse=True)
    assert scores[0] == ranked.score(scores[0].pair)


def test_the_mean_is_that_of_the_blocks(ranked: Ranking) -> None:
    blocks = ranked.blocks.group_by("pair").agg(pl.col("profit_bps_day").drop_nans().mean().alias("mean"))
    both = ranked.scores.join(blocks, on="pair")
    assert both.height == ranked.scores.height
    for mean, wanted in both.select("mean_bps_day", "mean").iter_rows():
        assert mean == pytest.approx(wanted, abs=1e-9)


def test_the_latency_of_the_venues_lies_within_the_sweep(ranked: Ranking) -> None:
    best = ranked.scores.row(0, named=True)
    sweep = ranked.latency.filter(pl.col("pair") == best["pair"])
    assert sweep["latency_s"].to_list() == [0.0, 0.1, 0.25, 0.5, 1.0, 2.0]
    assert sweep["survival"].is_sorted(descending=True)
    assert sweep["survival"][0] == 1.0
    near = sweep.filter(pl.col("latency_s").is_in([0.1, 0.25]))["mean_bps_day"]
    assert near[1] * 0.97 < best["mean_bps_day"] < near[0] * 1.03


def test_neither_workers_nor_cache_nor_a_second_time_changes_a_byte(market: TickStore, tmp_path: Path) -> None:
    store = copied(market, tmp_path / "store", only=some(market))
    plain = text(SpotArbitrageCandidateFinder(store, cached=False).rank())
    assert text(SpotArbitrageCandidateFinder(store, workers=2).rank()) == plain
    assert text(SpotArbitrageCandidateFinder(store).rank()) == plain
    assert list((store.root / CACHE_FOLDER).rglob("*.blocks"))


def test_data_that_come_by_the_hour_give_what_all_at_once_gives(market: TickStore, tmp_path: Path) -> None:
    symbols = some(market)
    start = SPEC.start_ns
    store = None
    cuts = [0.0, 7.3, 7.9, 8.0, 16.6, 24.0]
    for first, last in pairwise(cuts):
        since, until = start + round(first * NS_PER_HOUR), start + round(last * NS_PER_HOUR)
        store = copied(market, tmp_path / "grown", since_ns=since, until_ns=until, only=symbols, into=store,
                       tables=store is None)  # fmt: skip
        grown = SpotArbitrageCandidateFinder(store).rank()
    whole = copied(market, tmp_path / "whole", only=symbols)
    assert text(grown) == text(SpotArbitrageCandidateFinder(whole, cached=False).rank())


def test_late_rows_for_a_measured_time_are_noticed(market: TickStore, tmp_path: Path) -> None:
    symbol = truth_of(SPEC).of_kind("pays")[0].symbol
    store = copied(market, tmp_path / "store", only={symbol}, until_ns=SPEC.start_ns + 6 * NS_PER_HOUR)
    before = text(SpotArbitrageCandidateFinder(store).rank())
    hole = market.quotes("gate", symbol, SPEC.start_ns + NS_PER_HOUR, SPEC.start_ns + NS_PER_HOUR + 10**9 * 600)
    late = hole.with_columns(
        pl.col("recv_ns") + 1,
        pl.col("bid", "ask") * 1.004,
        pl.lit("gate").alias("venue"),
        pl.lit(symbol).alias("symbol"),
    )
    store.append("quotes", late)
    after = text(SpotArbitrageCandidateFinder(store).rank())
    assert after != before
    assert after == text(SpotArbitrageCandidateFinder(store, cached=False).rank())


@pytest.mark.parametrize("damage", ["rows", "state", "longer"])
def test_a_damaged_cache_counts_as_none(market: TickStore, tmp_path: Path, damage: str) -> None:
    symbol = truth_of(SPEC).of_kind("pays")[0].symbol
    store = copied(market, tmp_path / "store", only={symbol}, until_ns=SPEC.start_ns + 6 * NS_PER_HOUR)
    before = text(SpotArbitrageCandidateFinder(store).rank())
    [rows] = (store.root / CACHE_FOLDER).rglob("*.blocks")
    [state] = (store.root / CACHE_FOLDER).rglob("*.json")
    if damage == "rows":
        data = bytearray(rows.read_bytes())
        data[100] ^= 1
        rows.write_bytes(data)
    elif damage == "state":
        state.write_text("{")
    else:
        rows.write_bytes(rows.read_bytes() + b"half a row that was being written")
    assert text(SpotArbitrageCandidateFinder(store).rank()) == before


def test_no_block_depends_on_what_comes_ten_seconds_after_it(market: TickStore, tmp_path: Path) -> None:
    symbols = some(market)
    cut = SPEC.start_ns + 9 * NS_PER_HOUR
    whole = SpotArbitrageCandidateFinder(copied(market, tmp_path / "a", only=symbols), cached=False).rank()
    early = copied(market, tmp_path / "b", only=symbols, until_ns=cut + 10 * 10**9)
    for venue, symbol in market.streams("quotes"):
        if symbol in symbols:
            swapped = market.quotes(venue, symbol, cut + 10 * 10**9).with_columns(
                pl.col("bid") * 1.5, pl.col("ask") * 1.6, pl.lit(venue).alias("venue"), pl.lit(symbol).alias("symbol")
            )
            early.append("quotes", swapped)
    other = SpotArbitrageCandidateFinder(early, cached=False).rank()
    keys = ["pair", "start_ns"]
    before, after = (one.blocks.filter(pl.col("start_ns") < cut).sort(keys) for one in (whole, other))
    assert before.height > 30 * len(symbols)
    assert before.equals(after, null_equal=True)


def test_a_multiple_of_a_coin_scores_like_the_coin(market: TickStore, tmp_path: Path) -> None:
    deep = {symbol for _, symbol in market.streams("depth")}
    symbol = next(pair.symbol for pair in truth_of(SPEC).of_kind("pays") if pair.symbol not in deep)
    settings = ScoreSettings(seed=1)
    base = symbol.split("/")[0]
    many = f"1000{base}/USDT"
    until = SPEC.start_ns + 12 * NS_PER_HOUR
    plain = copied(market, tmp_path / "plain", only={symbol}, until_ns=until)
    scaled = copied(market, tmp_path / "scaled", only={symbol}, until_ns=until, tables=False)
    rows = market.quotes("mexc", symbol, None, until).with_columns(
        pl.col("bid", "ask") * 1_000.0, pl.col("bid_size", "ask_size") / 1_000.0,
        pl.lit("mexc").alias("venue"), pl.lit(many).alias("symbol"),
    )  # fmt: skip
    scaled.append("quotes", rows)
    named = (pl.col("venue") == "mexc") & (pl.col("symbol") == symbol)
    listed = market.instruments()
    thousand = listed.filter(named).with_columns(
        pl.lit(many).alias("symbol"), pl.lit(f"1000{base}").alias("base"), pl.col("tick") * 1_000.0,
        pl.col("lot", "min_quantity") / 1_000.0,
    )  # fmt: skip
    scaled.append("instruments", pl.concat([listed.filter(~named), thousand]))
    scaled.append("networks", market.networks())
    one = SpotArbitrageCandidateFinder(plain, settings, cached=False).rank().scores.row(0, named=True)
    pair = StreamPair("gate", symbol, "mexc", many)
    other = SpotArbitrageCandidateFinder(scaled, settings, cached=False).rank(pairs=[pair]).scores.row(0, named=True)
    assert other["pair"] == f"{symbol} gate-mexc {many}"
    assert other["identity"] == "verified"
    for name in ("final_score", "mean_bps_day", "executed_episodes", "capacity_quote", "price_correlation"):
        assert other[name] == pytest.approx(one[name], rel=1e-6), name


def test_a_start_begins_anew_and_a_window_only_counts_later_blocks(market: TickStore) -> None:
    symbol = truth_of(SPEC).of_kind("pays")[0].symbol
    finder = SpotArbitrageCandidateFinder(market, cached=False)
    noon = SPEC.start_ns + 12 * NS_PER_HOUR
    late = finder.rank([symbol], start=noon)
    assert late.blocks["start_ns"].min() == noon
    window = finder.rank([symbol], window_days=0.25)
    whole = finder.rank([symbol])
    joined = window.blocks.join(whole.blocks, on="start_ns", suffix="_whole")
    assert joined.height == window.blocks.height == 24
    assert joined["profit_bps_day"].to_list() == joined["profit_bps_day_whole"].to_list()
    early = finder.rank([symbol], end=noon)
    assert early.blocks["start_ns"].max() == noon - 900 * 10**9


def test_more_candidates_lower_the_bound_and_nothing_else(market: TickStore) -> None:
    symbol = truth_of(SPEC).of_kind("pays")[0].symbol
    finder = SpotArbitrageCandidateFinder(market, cached=False)
    alone, many = (finder.rank([symbol], candidates=count).scores.row(0, named=True) for count in (1, 500))
    assert many["final_score"] < alone["final_score"]
    assert {name for name in alone if alone[name] != many[name] and alone[name] == alone[name]} == {
        "final_score", "candidates"
    }  # fmt: skip
    with pytest.raises(ParameterError, match="candidates"):
        finder.rank(candidates=3)


def test_fees_are_asked_for(market: TickStore, tmp_path: Path) -> None:
    store = copied(market, tmp_path / "store", only={"BTC/USDT"}, tables=False)
    with pytest.raises(BadInput, match=r"fees.*gate BTC/USDT.*fees_bps"):
        SpotArbitrageCandidateFinder(store).rank()
    given = SpotArbitrageCandidateFinder(store, fees_bps={"gate": 10.0, "mexc": 5.0}).rank()
    assert given.scores["identity"].to_list() == ["verified"]
    own = {"gate": FeeSchedule(0.0, 0.001), "mexc": FeeSchedule(0.0, 0.0005)}
    assert text(SpotArbitrageCandidateFinder(store, own_fees=own, cached=False).rank()) == text(given)
    with pytest.raises(BadInput, match="binance"):
        SpotArbitrageCandidateFinder(store, fees_bps={"binance": 10.0}).rank()


def test_what_cannot_be_measured_is_said(market: TickStore, tmp_path: Path) -> None:
    store = copied(market, tmp_path / "store", only={"BTC/USDT"}, until_ns=SPEC.start_ns + 6 * NS_PER_HOUR)
    rows = market.quotes("gate", "ETH/USDT", None, SPEC.start_ns + 3 * NS_PER_HOUR)
    later = market.quotes("mexc", "ETH/USDT", SPEC.start_ns + 4 * NS_PER_HOUR)
    for venue, frame in (("gate", rows), ("mexc", later)):
        store.append("quotes", frame.with_columns(pl.lit(venue).alias("venue"), pl.lit("ETH/USDT").alias("symbol")))
    finder = SpotArbitrageCandidateFinder(store, cached=False)
    ranking = finder.rank()
    assert ranking.scores["pair"].to_list() == ["BTC/USDT gate-mexc"]
    assert ranking.skipped.select("pair", "reason").rows() == [("ETH/USDT gate-mexc", "no_overlap")]
    assert ranking.candidates == 2
    missing = finder.rank(pairs=[StreamPair("gate", "BTC/USDT", "mexc", "BTC/USDT:USDT")])
    assert missing.skipped["reason"].to_list() == ["no_quotes"]
    assert "mexc BTC/USDT:USDT" in missing.skipped["detail"][0]
    with pytest.raises(BadInput, match="ETH/USDT"):
        finder.score("ETH/USDT", "gate:mexc")
    with pytest.raises(BadInput, match="XYZ/USDT"):
        finder.rank(["XYZ/USDT"])
    with pytest.raises(BadInput, match="nowhere"):
        finder.rank(venue_pairs=["gate:nowhere"])


def test_too_little_time_is_a_verdict_and_no_zero(market: TickStore) -> None:
    symbol = truth_of(SPEC).of_kind("pays")[0].symbol
    ranking = SpotArbitrageCandidateFinder(market, cached=False).rank([symbol], end=SPEC.start_ns + 3 * NS_PER_HOUR)
    score = ranking.score(ranking.scores["pair"][0])
    assert (score.reason, score.blocks, score.viable) == ("too_few_blocks", 12, False)
    assert math.isnan(score.final_score)
    assert score.mean_bps_day > 0.0
    assert score.as_dict()["final_score"] is None


def test_a_day_without_quotes_leaves_a_hole_and_nothing_else(market: TickStore, tmp_path: Path) -> None:
    symbol = truth_of(SPEC).of_kind("pays")[0].symbol
    store = copied(market, tmp_path / "store", only={symbol}, until_ns=SPEC.start_ns + 6 * NS_PER_HOUR)
    shift = 48 * NS_PER_HOUR
    for venue in ("gate", "mexc"):
        moved = market.quotes(venue, symbol, SPEC.start_ns + 6 * NS_PER_HOUR, SPEC.start_ns + 14 * NS_PER_HOUR)
        store.append("quotes", moved.with_columns(
            pl.col("recv_ns", "event_ns") + shift, pl.lit(venue).alias("venue"), pl.lit(symbol).alias("symbol")
        ))  # fmt: skip
    ranking = SpotArbitrageCandidateFinder(store, cached=False).rank()
    counted = ranking.blocks.filter(pl.col("profit_bps_day").is_not_nan())
    assert ranking.scores["blocks"][0] == counted.height == 24 + 31
    inside = counted.filter(
        pl.col("start_ns").is_between(SPEC.start_ns + 6 * NS_PER_HOUR, SPEC.start_ns + 53 * NS_PER_HOUR)
    )
    assert inside.height == 0
    assert ranking.scores["covered_hours"][0] == pytest.approx(13.75, abs=0.4)


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"notional_quote": 5_000.0}, "notional_quote"),
        ({"capital_quote": -1.0}, "capital_quote"),
        ({"block_s": 7_000}, "block_s"),
        ({"latencies_s": (1.0, 0.5)}, "latencies_s"),
        ({"latency_s": 11.0}, "latency_s"),
        ({"min_blocks": 1}, "min_blocks"),
        ({"confidence": 95.0}, "confidence"),
        ({"entry_bps": float("nan")}, "entry_bps"),
    ],
)
def test_settings_out_of_range_are_named(changes: dict[str, object], name: str) -> None:
    with pytest.raises(ParameterError, match=name):
        ScoreSettings(**changes)  # type: ignore[arg-type]


def test_workers_must_be_one_or_more(market: TickStore) -> None:
    with pytest.raises(ParameterError, match="workers"):
        SpotArbitrageCandidateFinder(market, workers=0)
