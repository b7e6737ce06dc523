"""The history of a pair: days made by hand against slow computations, a planted lead, and real recordings."""

from __future__ import annotations

import json
import math
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from arbresearch.core import NS_PER_DAY, BadInput, FeeSchedule, ParameterError
from arbresearch.discovery.metrics.history import PairMetrics, historical_metrics
from arbresearch.discovery.metrics.settings import MetricsSettings
from arbresearch.discovery.pairs import StreamPair
from arbresearch.edges import Pair, align, edges, episodes, hayashi_yoshida, price_discovery, survival, volatility_ratio
from arbresearch.sample import SampleSpec, generate
from arbresearch.store import TickStore
from arbresearch.store.importers import import_files
from tests.store.quality_kit import SECOND, START, fill, quotes

PAIR = StreamPair("gate", "AAA/USDT", "mexc", "AAA/USDT")
FREE, TEN = FeeSchedule(0.0, 0.0), FeeSchedule.from_bps(10.0, 10.0)
DAYS = (0, 1, 3)
"""Days after START on which the market below is recorded."""
LATE_S = 2.0


def market(store: TickStore) -> TickStore:
    """Fill an hour of each of three days: mexc shows gate's mid two seconds late, and wanders about it."""
    rng = np.random.default_rng(9)
    for day in DAYS:
        path = 100.0 + 0.02 * rng.standard_normal(36_100).cumsum()
        for venue, late in (("gate", 0.0), ("mexc", LATE_S)):
            at = np.round(np.sort(rng.choice(np.arange(100, 36_000), 3_000, replace=False)) * 0.1, 1)
            mid = path[np.round((at - late) * 10.0).astype(int)] + rng.normal(0.0, 0.005, at.size)
            fill(store, quotes(86_400.0 * day + at, venue=venue, mid=mid))
    return store


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> TickStore:
    return market(TickStore(tmp_path_factory.mktemp("planted")))


@pytest.fixture(scope="module")
def found(planted: TickStore) -> PairMetrics:
    return historical_metrics(planted, PAIR, fees_a=FREE, fees_b=TEN)


def by_day(store: TickStore) -> list[Pair]:
    """Align each day by itself."""
    aligned = []
    for day in DAYS:
        bounds = START + day * NS_PER_DAY, START + (day + 1) * NS_PER_DAY
        frames = [
            frame.filter((pl.col("recv_ns") >= bounds[0]) & (pl.col("recv_ns") < bounds[1]))
            for frame in (store.quotes(*stream) for stream in PAIR.streams)
        ]
        aligned.append(align(*frames, max_age_ns=60 * SECOND).overlap())
    return aligned


def log_mids(pair: Pair) -> list[Any]:
    return [
        values for book in (pair.book_a, pair.book_b) for values in (book.recv_ns, np.log(0.5 * (book.bid + book.ask)))
    ]


def test_the_planted_leader_is_named(found: PairMetrics) -> None:
    assert (found.leader, found.lead_s) == ("gate", LATE_S)
    assert found.lead.best_lag == LATE_S * SECOND
    assert found.lead.ratio > 5.0
    assert found.price_leader == "gate"
    assert found.component_share > 0.5
    assert math.isnan(found.grid_s)


def test_turned_around_it_is_the_same_leader(planted: TickStore, found: PairMetrics) -> None:
    turned = historical_metrics(planted, StreamPair("mexc", "AAA/USDT", "gate", "AAA/USDT"), fees_a=TEN, fees_b=FREE)
    assert (turned.leader, turned.lead_s, turned.price_leader) == ("gate", LATE_S, "gate")
    assert turned.correlation == pytest.approx(found.correlation)
    assert turned.volatility_ratio == pytest.approx(1.0 / found.volatility_ratio)
    assert turned.component_share == pytest.approx(1.0 - found.component_share)
    assert (turned.gross_episodes, turned.net_episodes) == (found.gross_episodes, found.net_episodes)


def test_days_and_spans(planted: TickStore, found: PairMetrics) -> None:
    days = by_day(planted)
    assert (found.days, found.updates) == (3, sum(len(day) for day in days))
    assert (found.start_ns, found.end_ns) == (int(days[0].recv_ns[0]), int(days[-1].recv_ns[-1]))
    assert found.hours == pytest.approx(sum(int(day.recv_ns[-1] - day.recv_ns[0]) for day in days) / 3.6e12)
    assert found.discovery["day"].to_list() == ["2025-01-01", "2025-01-02", "2025-01-04"]


def test_correlation_and_volatilities_are_those_of_the_days_together(planted: TickStore, found: PairMetrics) -> None:
    covariance = square_a = square_b = 0.0
    sigmas = []
    for day in by_day(planted):
        series = log_mids(day)
        covariance += hayashi_yoshida(*series)[0]
        square_a += float(np.square(np.diff(series[1])).sum())
        square_b += float(np.square(np.diff(series[3])).sum())
        over = volatility_ratio(*series, 60 * SECOND)
        sigmas.append((over.changes, over.sigma_1**2, over.sigma_2**2))
    assert found.correlation == pytest.approx(covariance / math.sqrt(square_a * square_b))
    weights, one, two = np.array(sigmas).T
    assert found.volatility_ratio == pytest.approx(math.sqrt((weights @ one) / (weights @ two)))
    last = found.horizons.row(-1, named=True)
    assert last["horizon_s"] == 60.0
    assert last["volatility_ratio"] == pytest.approx(found.volatility_ratio)
    assert last["changes"] == weights.sum()


def test_correlation_of_samples_fades_and_that_of_overlaps_does_not(tmp_path: Path) -> None:
    """One path seen at random times (Epps): sampled every 0.2 s little is left, at 60 s nearly all."""
    rng = np.random.default_rng(2)
    path = 100.0 * np.exp(1e-4 * rng.standard_normal(36_001).cumsum())
    with TickStore(tmp_path) as store:
        for venue in ("gate", "mexc"):
            at = np.round(np.sort(rng.choice(36_001, 7_000, replace=False)) * 0.1, 1)
            fill(store, quotes(at, venue=venue, mid=path[np.round(at * 10.0).astype(int)]))
        seen = historical_metrics(store, PAIR, fees_a=FREE, fees_b=FREE)
    sampled = dict(seen.horizons.select("horizon_s", "correlation").iter_rows())
    assert sampled[0.2] < 0.4 < 0.95 < sampled[60.0]
    assert seen.correlation == pytest.approx(1.0, abs=0.1)
    assert seen.leader == ""
    assert math.isnan(seen.lead_s)


def test_edges_are_those_of_each_day(planted: TickStore, found: PairMetrics) -> None:
    days = by_day(planted)
    for basis, level, charged in (("gross", 0.0, {}), ("net", 5.0, {"fees_a": FREE, "fees_b": TEN})):
        listed = pl.concat([episodes(day, level, **charged) for day in days])
        largest = max(edges(day, FREE, TEN)[f"{basis}_best_bps"].max() for day in days)
        lives = survival(listed, MetricsSettings().latencies_s)
        assert getattr(found, f"{basis}_episodes") == listed.height
        assert listed.height > 20
        assert getattr(found, f"{basis}_max_bps") == pytest.approx(largest)
        assert getattr(found, f"{basis}_median_s") == pytest.approx(lives.median_s)
        assert getattr(found, f"{basis}_longest_s") == listed["duration_s"].max()
        mine = found.survival.filter(pl.col("basis") == basis)
        assert mine["survival"].to_list() == pytest.approx(lives.frame["survival"].to_list())
        for place, latency_s in enumerate((0.0, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0)):
            later = pl.concat([episodes(day, level, latency_s=latency_s, **charged) for day in days])
            assert mine["edge_bps"][place] == pytest.approx(later["edge_latency_bps"].fill_nan(None).mean())


def test_hours_of_the_day(planted: TickStore, found: PairMetrics) -> None:
    """All is recorded between midnight and one; the mean there is that over time."""
    frame = found.hour_profile
    assert frame["hour"].to_list() == list(range(24))
    assert frame["seconds"][1:].to_list() == [0.0] * 23
    assert frame["gross_mean_bps"][1:].is_nan().all()
    area = above = total = 0.0
    for day in by_day(planted):
        best = edges(day, FREE, TEN)["gross_best_bps"].to_numpy()[:-1]
        held = np.diff(day.recv_ns) / 1e9
        area, above, total = area + best @ held, above + held[best > 0.0].sum(), total + held.sum()
    assert frame["gross_mean_bps"][0] == pytest.approx(area / total)
    assert frame["gross_share"][0] == pytest.approx(above / total)
    assert frame["net_mean_bps"][0] == pytest.approx(frame["gross_mean_bps"][0] - 10.0, abs=0.5)
    assert frame["net_share"][0] < frame["gross_share"][0]


def test_quantiles_are_those_of_every_second(planted: TickStore, found: PairMetrics) -> None:
    gross, spread = [], []
    for day in by_day(planted):
        moments = np.arange(-(-day.recv_ns[0] // SECOND) * SECOND, day.recv_ns[-1] + 1, SECOND)
        rows = np.searchsorted(day.recv_ns, moments, side="right") - 1
        gross.append(edges(day, FREE, TEN)["gross_best_bps"].to_numpy()[rows])
        spread.append(1e4 * np.log((day.bid_a + day.ask_a) / (day.bid_b + day.ask_b))[rows])
    at = found.quantiles["quantile"].to_numpy()
    assert found.quantiles["gross_bps"].to_numpy() == pytest.approx(np.quantile(np.concatenate(gross), at))
    assert found.quantiles["spread_bps"].to_numpy() == pytest.approx(np.quantile(np.concatenate(spread), at))
    assert found.hour_profile["spread_mean_bps"][0] == pytest.approx(np.concatenate(spread).mean())
    assert found.hour_profile["spread_sd_bps"][0] == pytest.approx(np.concatenate(spread).std(ddof=1))


def test_price_discovery_is_the_mean_of_the_days(planted: TickStore, found: PairMetrics) -> None:
    single = []
    for day in by_day(planted):
        moments = np.arange(-(-day.recv_ns[0] // SECOND) * SECOND, day.recv_ns[-1] + 1, SECOND)
        rows = np.searchsorted(day.recv_ns, moments, side="right") - 1
        single.append(price_discovery((day.bid_a + day.ask_a)[rows], (day.bid_b + day.ask_b)[rows]))
    steps = np.array([one.steps for one in single])
    for name in ("component_share", "information_low", "information_high"):
        values = np.array([getattr(one, name) for one in single])
        assert getattr(found, name) == pytest.approx((steps * values).sum() / steps.sum())
    errors = np.array([one.component_share_error for one in single])
    assert found.component_share_error == pytest.approx(math.sqrt(((steps * errors) ** 2).sum()) / steps.sum())


def test_a_range_is_kept(planted: TickStore, found: PairMetrics) -> None:
    """From the second day on, to the middle of its hour."""
    part = historical_metrics(planted, PAIR, start="2025-01-02", end="2025-01-02T00:30:00", fees_a=FREE, fees_b=TEN)
    assert part.days == 1
    assert START + NS_PER_DAY <= part.start_ns < part.end_ns < START + NS_PER_DAY + 1_800 * SECOND
    assert part.gross_episodes < found.gross_episodes


def test_over_a_long_time_the_spread_is_sampled_less_often(planted: TickStore, found: PairMetrics) -> None:
    """Three days and an hour are 262,800 s: in 100,000 samples each is three apart."""
    seldom = historical_metrics(planted, PAIR, MetricsSettings(most_samples=100_000), fees_a=FREE, fees_b=TEN)
    assert found.spread.fit is not None
    assert seldom.spread.fit is not None
    assert found.spread.fit.pairs == pytest.approx(3 * seldom.spread.fit.pairs, rel=0.01)
    assert seldom.component_share == found.component_share
    hour = historical_metrics(
        planted, PAIR, MetricsSettings(most_samples=100_000), START, START + NS_PER_DAY, fees_a=FREE, fees_b=TEN
    )
    assert hour.spread.fit is not None
    assert hour.spread.fit.pairs == pytest.approx(found.spread.fit.pairs / 3.0, rel=0.01)


def test_everything_can_be_written_as_json(found: PairMetrics) -> None:
    text = json.dumps(found.as_dict(), allow_nan=False)
    again = json.loads(text)
    assert set(again) == {one.name for one in fields(found)}
    assert again["pair"] == "AAA/USDT gate-mexc"
    assert again["lead"]["best_lag_s"] == LATE_S
    assert again["grid_s"] is None
    assert again["hour_profile"][5]["gross_mean_bps"] is None
    assert len(again["lags"]) == 21
    assert {row["lag_s"] for row in again["lags"]} >= {-0.1, 0.0, 2.0}


def test_data_on_a_coarse_grid_say_nothing_of_what_lies_between(tmp_path: Path) -> None:
    """A quote a minute: no lag under a minute, no horizon either, and price discovery in steps of a minute."""
    rng = np.random.default_rng(4)
    mid = 100.0 + 0.1 * rng.standard_normal(1_000).cumsum()
    with TickStore(tmp_path) as store:
        for venue in ("gate", "mexc"):
            fill(store, quotes(60.0 * np.arange(1_000), venue=venue, mid=mid + 0.05 * rng.standard_normal(1_000)))
        seen = historical_metrics(store, PAIR, fees_a=FREE, fees_b=FREE)
    assert (seen.grid_s, seen.leader) == (60.0, "")
    assert seen.lags["lag_s"].to_list() == [0.0]
    assert seen.horizons.filter(~pl.col("correlation").is_nan())["horizon_s"].to_list() == [60.0]
    assert seen.discovery["steps"][0] <= 1_000
    assert seen.spread.step_s == 60.0


def test_books_that_stand_still_leave_nothing_to_say(tmp_path: Path) -> None:
    with TickStore(tmp_path) as store:
        fill(store, quotes(np.arange(0.0, 600.0, 1.3)), quotes(np.arange(0.0, 600.0, 1.7), venue="mexc"))
        seen = historical_metrics(store, PAIR, fees_a=FREE, fees_b=FREE)
    assert (seen.leader, seen.price_leader, seen.gross_episodes) == ("", "", 0)
    unknown = (seen.correlation, seen.volatility_ratio, seen.component_share, seen.lead_s, seen.spread.half_life_s)
    assert all(math.isnan(one) for one in unknown)
    assert seen.discovery_reason.startswith("on no day can it be told")
    assert "a series that moves" in seen.spread.reason
    assert json.dumps(seen.as_dict(), allow_nan=False)


@pytest.mark.parametrize(
    ("chosen", "words"),
    [
        ({"start": "2025-01-03", "end": "2025-01-04"}, "AAA/USDT gate-mexc: expected a day with quotes of both"),
        ({"pair": StreamPair("gate", "AAA/USDT", "binance", "AAA/USDT")}, "binance"),
    ],
)
def test_nothing_to_measure(planted: TickStore, chosen: dict[str, Any], words: str) -> None:
    with pytest.raises(BadInput, match=words):
        historical_metrics(planted, **({"pair": PAIR} | chosen), fees_a=FREE, fees_b=FREE)


def test_two_streams_on_one_day_at_different_times_do_not_meet(tmp_path: Path) -> None:
    with TickStore(tmp_path) as store:
        fill(store, quotes(np.arange(0.0, 100.0)), quotes(np.arange(200.0, 300.0), venue="mexc"))
        with pytest.raises(BadInput, match="none in the range"):
            historical_metrics(store, PAIR, fees_a=FREE, fees_b=FREE)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"lags_s": ()}, "lags_s"),
        ({"lags_s": (1.0, 0.5)}, "lags_s: expected increasing seconds"),
        ({"lags_s": (0.0, 0.5)}, "lags_s"),
        ({"horizons_s": (1.0, math.nan)}, "horizons_s"),
        ({"latencies_s": (-1.0,)}, "latencies_s"),
        ({"volatility_horizon_s": 7.0}, "volatility_horizon_s: expected one of horizons_s"),
        ({"entry_bps": math.nan}, "entry_bps"),
        ({"max_age_s": 0.0}, "max_age_s"),
        ({"min_gap_s": -1.0}, "min_gap_s"),
        ({"step_s": 7.0}, "step_s: expected seconds that divide a day"),
        ({"step_s": math.nan}, "step_s"),
        ({"most_samples": 10}, "most_samples"),
        ({"confidence": 1.0}, "confidence"),
    ],
)
def test_settings_out_of_range(values: dict[str, Any], words: str) -> None:
    with pytest.raises(ParameterError, match=words):
        MetricsSettings(**values)


@pytest.fixture(scope="module")
def link(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> PairMetrics:
    """Return Binance (A) and Huobi (B) LINK/USDT at 10 bps a side."""
    folder = shared_data / "link_binance_huobi_l10"
    with TickStore(tmp_path_factory.mktemp("link")) as store:
        for venue, name in (("binance", "bnc"), ("huobi", "hb")):
            import_files(
                store, "csv", [folder / f"orderbook_{name}.csv"], venue=venue, symbol="LINK/USDT",
                mapping="link_binance_huobi_l10",
            )  # fmt: skip
        pair = StreamPair("binance", "LINK/USDT", "huobi", "LINK/USDT")
        return historical_metrics(store, pair, MetricsSettings(entry_bps=0.0), fees_a=TEN, fees_b=TEN)


def test_link_binance_leads_by_a_second(link: PairMetrics) -> None:
    assert (link.leader, link.lead_s, link.grid_s) == ("binance", 1.0, 1.0)
    assert link.lead.lead_z > 5.0
    at = dict(link.lags.select("lag_s", "correlation").iter_rows())
    assert list(at) == [-5.0, -3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0, 5.0]
    assert [at[-1.0], at[0.0], at[1.0]] == pytest.approx([0.03, 0.82, 0.20], abs=0.005)
    assert link.correlation == at[0.0]
    assert link.volatility_ratio == pytest.approx(1.0, abs=0.02)


def test_link_edges_are_gone_after_a_second_and_under_the_fees(link: PairMetrics) -> None:
    assert (link.gross_episodes, link.gross_median_s, link.gross_longest_s) == (750, 1.0, 27.0)
    assert link.gross_max_bps == pytest.approx(8.0, abs=0.05)
    assert link.net_episodes == 0
    assert link.net_max_bps < -10.0
    gross = link.survival.filter(pl.col("basis") == "gross")
    edge = dict(gross.select("latency_s", "edge_bps").iter_rows())
    alive = dict(gross.select("latency_s", "survival").iter_rows())
    assert edge[0.0] > 0.0 > edge[1.0]
    assert alive[1.0] < 0.5 < alive[0.5]
    share = link.hour_profile.filter(pl.col("seconds") > 0.0)
    total = (share["gross_share"] * share["seconds"]).sum() / share["seconds"].sum()
    assert total == pytest.approx(0.186, abs=0.001)
    at = dict(link.quantiles.select("quantile", "gross_bps").iter_rows())
    assert at[0.99] == pytest.approx(2.2, abs=0.05)


def test_link_what_the_seconds_do_not_tell(link: PairMetrics) -> None:
    """Both move within one second, so the bounds are wide; and noise outlasts the reversion of the spread."""
    assert link.price_leader == ""
    assert link.information_low < 0.2 < 0.8 < link.information_high
    assert link.spread.reason.startswith("noise hides it")


@pytest.mark.slow
def test_simulated_markets_are_measured_as_they_were_made(tmp_path: Path) -> None:
    """Every leader that is named leads, and half-lives that are told are near the truth, over pairs of all kinds."""
    spec = SampleSpec(seed=3, days=1, symbols=12, quotes_per_day=43_200, include_depth=False, include_swaps=False)
    with TickStore(tmp_path) as store:
        truth = generate(store, spec)
        named, told = [], []
        for made in truth.pairs:
            if made.kind not in ("pays", "deposit_shut") and made.symbol not in ("BTC/USDT", "ETH/USDT"):
                continue
            pair = StreamPair(made.venue_a, made.symbol, made.venue_b, made.symbol)
            seen = historical_metrics(store, pair, fees_a=TEN, fees_b=TEN)
            if seen.leader:
                named.append((seen.leader, made.venue_a if made.lag_ms > 0.0 else made.venue_b))
                assert 0.25 * abs(made.lag_ms) < 1e3 * seen.lead_s < 4.0 * abs(made.lag_ms)
            if not seen.spread.reason:
                told.append(seen.spread.half_life_s / made.half_life_s)
    assert len(named) >= 4
    assert all(leader == leads for leader, leads in named)
    assert len(told) >= 4
    assert all(0.7 < ratio < 1.3 for ratio in told)
