"""The models of notebook parameters: what they refuse, and where they find the store."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from arbresearch.backtest.codes import OneLegPolicy, Rebalance
from arbresearch.backtest.config import BacktestConfig
from arbresearch.backtest.config_parts import HedgeConfig
from arbresearch.core import BadInput, FeeSchedule, ParameterError, format_ns
from arbresearch.discovery import SpotArbitrageCandidateFinder, StreamPair
from arbresearch.discovery.blocks.settings import ScoreSettings
from arbresearch.matching import Rule
from arbresearch.params import (
    MODELS,
    BacktestParams,
    DataQualityParams,
    DiscoveryParams,
    ScoringParams,
    SignalsParams,
    ThresholdDriftParams,
    ThresholdsParams,
)
from arbresearch.pipeline import validate_parameters
from arbresearch.signals.modes import Mode
from arbresearch.store import TickStore
from arbresearch.thresholds import OptimizerSettings
from tests.backtest.input_kit import add_instrument, add_quotes


@pytest.mark.parametrize(
    ("name", "given", "message"),
    [
        ("10_discovery", {"venue_pair": "mexc:gate"}, r"'venue_pair'; did you mean 'venue_pairs'\?"),
        ("00_data_quality", {"threshold_bps": 5.0}, "parameter: expected one of store"),
        ("10_discovery", {"threshold_bps": "much"}, r"threshold_bps: .*valid number.*'much'"),
        ("10_discovery", {"fees_bps": {"gate": "cheap"}}, r"fees_bps\.gate"),
        ("10_discovery", {"basis": "grosss"}, "basis: .*'net' or 'gross'"),
        ("10_discovery", {"levels_bps": []}, "levels_bps"),
        ("10_discovery", {"quote_groups": ["USDT"]}, "quote_groups: .*two or more currencies such as USDT=USDC"),
        ("10_discovery", {"start": "yesterday"}, "start: .*ISO 8601"),
        ("00_data_quality", {"end": "1970-01-02"}, "end: .*between 2009 and 2100"),
        ("00_data_quality", {"streams_shown": 0}, "streams_shown"),
        ("00_data_quality", {"gap_floor_s": float("inf")}, "gap_floor_s"),
        ("15_scoring", {"capital_quote": 0}, "capital_quote"),
        ("15_scoring", {"confidence": 1.0}, "confidence"),
        ("15_scoring", {"block_minutes": 7.5}, "block_minutes: .*integer"),
        ("15_scoring", {"latencies_s": []}, "latencies_s"),
        ("15_scoring", {"candidates": 0}, "candidates"),
        ("15_scoring", {"workers": 0}, "workers"),
        ("20_signals", {"horizons_s": []}, "horizons_s"),
        ("20_signals", {"high_confidence": 1.5}, "high_confidence"),
        ("20_signals", {"folds": 0}, "folds"),
        ("20_signals", {"max_age_s": 0}, "max_age_s"),
        ("30_backtest", {"capital_quote": 0}, "capital_quote"),
        ("30_backtest", {"modes": ["hope"]}, "modes: .*one of taker, maker, all.*'hope'"),
        ("30_backtest", {"modes": []}, "modes"),
        ("30_backtest", {"hedge": "gate LUNC/USDT"}, "hedge: .*a perpetual such as"),
        ("30_backtest", {"one_leg": "pray"}, "one_leg: .*'complete', 'unwind' or 'hold'"),
        ("30_backtest", {"fill_rule": "always"}, "fill_rule"),
        ("30_backtest", {"latencies_s": [0.1]}, "latencies_s"),
        ("30_backtest", {"max_in_flight": 17}, "max_in_flight"),
        ("30_backtest", {"candle_minutes": 0}, "candle_minutes"),
        ("30_backtest", {"base_share": 1.5}, "base_share"),
        ("30_backtest", {"schedule": "{}"}, "schedule: .*a threshold schedule of version 1"),
        ("30_backtest", {"schedule": "{nonsense"}, "schedule"),
        ("40_thresholds", {"walk": "random"}, "walk: .*'anchored' or 'rolling'"),
        ("40_thresholds", {"widths": 1}, "widths"),
        ("40_thresholds", {"exits": [2.0]}, "exits"),
        ("40_thresholds", {"regimes": ["moon"]}, "regimes"),
        ("40_thresholds", {"sizes_quote": [0.0]}, "sizes_quote"),
        ("40_thresholds", {"confidence": 1.0}, "confidence"),
        ("45_threshold_drift", {"weeks": 0}, "weeks"),
        ("45_threshold_drift", {"reprots": "x"}, r"'reprots'; did you mean 'reports'\?"),
    ],
)
def test_what_is_refused(name: str, given: dict[str, object], message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        validate_parameters(given, model=MODELS[name], what=name)


def test_one_text_will_do_for_a_list() -> None:
    params = DiscoveryParams(venue_pairs="mexc:gate", symbols="LUNC/USDT")  # type: ignore[arg-type]
    assert (params.venue_pairs, params.symbols) == (["mexc:gate"], ["LUNC/USDT"])
    assert DataQualityParams(venues="gate").venues == ["gate"]  # type: ignore[arg-type]


def test_what_the_universe_is_asked_for() -> None:
    params = DiscoveryParams(
        venue_pairs=["mexc:gate", "gate:okx"], symbols=["LUNC/USDT"], markets="any", quote_groups="USDT=USDC"  # type: ignore[arg-type]
    )  # fmt: skip
    asked = params.universe()
    assert (asked["venues"], asked["symbols"], asked["markets"]) == (["mexc", "gate", "okx"], ["LUNC/USDT"], "any")
    assert asked["quote_groups"].equal("USDC", "USDT")
    assert not DiscoveryParams().universe()["quote_groups"].equal("USDC", "USDT")


def test_thresholds_reach_the_settings() -> None:
    quality = DataQualityParams(gap_floor_s=7.0, gap_factor=9.0, stale_floor_s=11.0, outlier_floor_bps=13.0).settings()
    assert (quality.gap_floor_s, quality.gap_factor, quality.stale_floor_s, quality.outlier_floor_bps) == (7, 9, 11, 13)
    found = DiscoveryParams(
        basis="gross", threshold_bps=3.0, levels_bps=[1.0], max_age_s=None, latencies_s=[2.0, 1.0]
    ).settings()
    assert (found.basis, found.threshold_bps, found.levels_bps, found.max_age_s) == ("gross", 3.0, (1.0,), None)
    assert found.latencies_s == (1.0, 2.0)


def test_assumptions_reach_the_score() -> None:
    score = ScoringParams(
        capital_quote=5e4, notional_quote=2e3, entry_bps=3.0, latency_s=0.4, latencies_s=[1.0, 0.0, 1.0],
        block_minutes=30, confidence=0.9,
    ).settings()  # fmt: skip
    assert (score.capital_quote, score.notional_quote, score.entry_bps, score.latency_s) == (5e4, 2e3, 3.0, 0.4)
    assert (score.latencies_s, score.block_s, score.confidence) == ((0.0, 1.0), 1_800, 0.9)


def test_assumptions_reach_the_backtest() -> None:
    pair = StreamPair("gate", "PEPE/USDT", "binance", "1000PEPE/USDT")
    config = BacktestParams(
        start="2025-01-06", end="2025-01-07", fees_bps={"gate": 9.0}, capital_quote=5e3, base_share=0.25,
        notional_quote=200.0, entry_bps=7.0, exit_bps=1.0, modes="all", one_way=True, latency_s=0.3, one_leg="hold",  # type: ignore[arg-type]
        price_band_bps=3.0, max_age_s=9.0, max_in_flight=2, max_hold_minutes=30.0, rebalance="none", fill_rule="touch",
        hedge="gate", hedge_band_contracts=4.0, daily_loss_quote=11.0,
    ).config(pair)  # fmt: skip
    assert config == BacktestConfig(
        venue_a="gate", venue_b="binance", symbol_b="1000PEPE/USDT", start="2025-01-06", end="2025-01-07",
        modes=(Mode.MARKET_A_SELL_MARKET_B_BUY, Mode.LIMIT_A_SELL_MARKET_B_BUY, Mode.MARKET_A_SELL_LIMIT_B_BUY),
        sell_a_threshold_bps=7.0, sell_b_threshold_bps=7.0, sell_a_exit_bps=1.0, sell_b_exit_bps=1.0,
        position_size_usd=200.0, max_hold_time_minutes=30.0, capital_quote=5e3, base_share_a=0.25, base_share_b=0.25,
        fees={"gate": FeeSchedule.from_bps(9, 9, tier="given")}, latency_ms=300.0, one_leg=OneLegPolicy.HOLD,
        price_band_bps=3.0, max_age_s=9.0, max_in_flight=2, rebalance=Rebalance.NONE, fill_rule=Rule.TOUCH,
        hedge=HedgeConfig(venue="gate", band_contracts=4.0), daily_loss_quote=11.0,
    )  # fmt: skip


def test_defaults_are_those_of_a_backtest() -> None:
    plain = BacktestParams().config(StreamPair("mexc", "A/USDT", "gate", "A/USDT"))
    given = {"sell_a_threshold_bps": 5.0, "sell_b_threshold_bps": 5.0, "capital_quote": 10_000.0,
             "rebalance": Rebalance.REVERSE}  # fmt: skip
    assert plain == replace(BacktestConfig(), **given)  # type: ignore[arg-type]


ROW = {"since_ns": "2025-01-06T00:00:00Z", "sell_a_bps": 3.0, "sell_b_bps": "never", "sell_a_exit_bps": 1.0,
       "sell_b_exit_bps": 1.0, "order_quote": 250.0}  # fmt: skip


def test_a_schedule_is_a_file_or_its_json_and_replaces_thresholds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = json.dumps({"kind": "threshold schedule", "version": 1, "rows": [ROW]})
    (tmp_path / "schedule.json").write_text(text)
    (tmp_path / "notebooks").mkdir()
    monkeypatch.chdir(tmp_path / "notebooks")
    pair = StreamPair("mexc", "A/USDT", "gate", "A/USDT")
    for given in (text, str(tmp_path / "schedule.json"), "schedule.json"):
        config = BacktestParams(schedule=given, entry_bps=9.0).config(pair)
        assert config.schedule is not None
        (row,) = config.schedule.rows
        assert (row.sell_a_bps, row.sell_b_bps, row.order_quote) == (3.0, float("inf"), 250.0)
        assert config.sell_a_threshold_bps is None
    with pytest.raises(BadInput, match="schedule: expected a file, was no file"):
        BacktestParams(schedule="elsewhere.json").config(pair)


def test_thresholds_reach_the_search() -> None:
    params = ThresholdsParams(
        fees_bps={"gate": 9.0}, start="2025-01-06", end="2025-01-07", capital_quote=5e3, base_share=0.25,
        notional_quote=200.0, latency_s=0.3, price_band_bps=3.0, max_age_s=9.0, rebalance="none", walk="rolling",
        train_days=2.0, test_days=0.5, widths=7, skews=[0.0], exits=[0.5], sizes_quote=[50.0, 100.0],
        holds_minutes=[30.0], regimes="tilt", resamples=199, confidence=0.9, drawdown_limit=0.2,
        venue_default_year=0.01, loss_given_default=0.5, workers=2, seed=3,
    )  # type: ignore[arg-type]  # fmt: skip
    assert params.config(StreamPair("mexc", "A/USDT", "gate", "A/USDT:USDT")) == BacktestConfig(
        venue_a="mexc", venue_b="gate", symbol_b="A/USDT:USDT", start="2025-01-06", end="2025-01-07",
        position_size_usd=200.0, capital_quote=5e3, base_share_a=0.25, base_share_b=0.25,
        fees={"gate": FeeSchedule.from_bps(9, 9, tier="given")}, latency_ms=300.0, price_band_bps=3.0, max_age_s=9.0,
        rebalance=Rebalance.NONE,
    )  # fmt: skip
    assert params.optimizer(4) == OptimizerSettings(
        walk="rolling", train_days=2.0, test_days=0.5, widths=7, skews=(0.0,), exits=(0.5,), sizes_quote=(50.0, 100.0),
        holds_minutes=(30.0,), regimes=("tilt",), resamples=199, confidence=0.9, candidates=4, drawdown_limit=0.2,
        venue_default_year=0.01, loss_given_default=0.5, workers=2, seed=3,
    )  # fmt: skip
    alike = BacktestParams(**params.shared())
    assert (alike.capital_quote, alike.base_share, alike.latency_s, alike.rebalance) == (5e3, 0.25, 0.3, "none")


def test_defaults_are_those_of_the_optimiser() -> None:
    assert ThresholdsParams().optimizer() == OptimizerSettings()


def test_the_reports_that_were_named_the_setting_and_one_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("named", "set", "reports", "notebooks"):
        (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path / "notebooks")
    monkeypatch.delenv("ARB_REPORTS", raising=False)
    assert ThresholdDriftParams(reports=str(tmp_path / "named")).folder() == tmp_path / "named"
    assert ThresholdDriftParams().folder().resolve() == tmp_path / "reports"
    monkeypatch.setenv("ARB_REPORTS", str(tmp_path / "set"))
    assert ThresholdDriftParams().folder() == tmp_path / "set"


@pytest.fixture
def two_coins(store: TickStore) -> TickStore:
    """Return a store of MEXC and Gate with one coin that stands still and one that goes back and forth on MEXC."""
    seconds = range(0, 12 * 3_600, 20)
    for venue in ("mexc", "gate"):
        add_quotes(store, venue, seconds)
        moved = [100.5 if second // 600 % 2 else 99.5 for second in seconds]
        add_quotes(store, venue, seconds, moved if venue == "mexc" else 100.0, symbol="B/USDT")
        for symbol in ("A/USDT", "B/USDT"):
            add_instrument(store, venue, symbol)
    return store


def test_a_pair_by_name_either_way_round(two_coins: TickStore) -> None:
    for name, venues in (("A/USDT mexc-gate", ("mexc", "gate")), ("A/USDT gate-mexc", ("gate", "mexc"))):
        pair, compared = BacktestParams(pair=name).choose(two_coins)
        assert (pair.symbol_a, (pair.venue_a, pair.venue_b), compared) == ("A/USDT", venues, 1)
    assert BacktestParams(pair="A/USDT mexc-gate", candidates=39).choose(two_coins)[1] == 39
    with pytest.raises(BadInput, match="pair: expected one of the store: A/USDT gate-mexc, was 'A/USDT mexc-okx'"):
        BacktestParams(pair="A/USDT mexc-okx").choose(two_coins)
    with pytest.raises(BadInput, match="A/USDT gate-mexc, B/USDT gate-mexc, was 'C'"):
        BacktestParams(pair="C").choose(two_coins)


def test_without_a_name_the_first_of_the_ranking(two_coins: TickStore) -> None:
    ranking = SpotArbitrageCandidateFinder(two_coins).rank()
    pair, compared = BacktestParams().choose(two_coins)
    assert (pair.name, compared) == (ranking.scores["pair"][0], 2)
    assert BacktestParams(symbols=["A/USDT"]).choose(two_coins)[0].symbol_a == "A/USDT"
    assert BacktestParams(candidates=7).choose(two_coins)[1] == 7


def test_assumptions_reach_the_signal(two_coins: TickStore) -> None:
    later = int(two_coins.quotes("gate", "A/USDT")["recv_ns"][0]) + 6 * 3_600 * 10**9
    params = SignalsParams(
        pair="A/USDT mexc-gate", fees_bps={"gate": 9.0, "mexc A/USDT": 3.0, "mexc B/USDT": 4.0}, entry_bps=7.0,
        horizons_s=[60.0, 120.0], target_horizon_s=120.0, max_age_s=30.0, max_skew_s=20.0, start=format_ns(later),
    )  # fmt: skip
    pair, _ = params.choose(two_coins)
    found = params.settings(two_coins, pair)
    assert (found.fees_a.taker, found.fees_b.taker) == (pytest.approx(0.0003), pytest.approx(0.0009))
    assert (found.horizons_s, found.target_horizon_s, found.sell_a_bps, found.sell_b_bps) == ((60.0, 120.0), 120, 7, 7)
    books = params.books(two_coins, pair)
    assert (books.max_age_a_ns, books.max_age_b_ns, books.max_skew_ns) == (30 * 10**9, 30 * 10**9, 20 * 10**9)
    assert books.recv_ns[0] == later
    assert [one.name for one in params.pooled(two_coins, pair)] == ["A/USDT mexc-gate", "B/USDT mexc-gate"]
    assert len(params.model_copy(update={"calibration_pairs": 1}).pooled(two_coins, pair)) == 1
    with pytest.raises(BadInput, match=r"fees_bps: expected a venue of the store \(gate, mexc\).*was 'okx'"):
        SignalsParams(fees_bps={"okx": 1.0}).settings(two_coins, pair)
    assert SignalsParams().choose(two_coins)[1] == 2


def test_an_order_too_large_for_the_capital_is_refused() -> None:
    with pytest.raises(ParameterError, match=r"notional_quote: .*was 9000"):
        ScoringParams(notional_quote=9_000.0).settings()
    with pytest.raises(ParameterError, match="block_s: expected a divisor of a day"):
        ScoringParams(block_minutes=7).settings()


def test_defaults_are_those_of_the_settings() -> None:
    assert DataQualityParams().settings() == type(DataQualityParams().settings())()
    assert ScoringParams().settings() == ScoreSettings()


def test_the_store_that_was_named_the_setting_and_one_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("named", "set", "data/store"):
        TickStore(tmp_path / name).close()
    (tmp_path / "notebooks").mkdir()
    monkeypatch.chdir(tmp_path / "notebooks")
    monkeypatch.delenv("ARB_STORE", raising=False)
    assert DataQualityParams(store=str(tmp_path / "named")).open_store().root == tmp_path / "named"
    assert DataQualityParams(store="named").open_store().root.resolve() == tmp_path / "named"
    assert DataQualityParams().open_store().root.resolve() == tmp_path / "data" / "store"
    monkeypatch.setenv("ARB_STORE", str(tmp_path / "set"))
    assert DataQualityParams().open_store().root == tmp_path / "set"


def test_a_store_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"an existing store, was nothing at .*nowhere"):
        DataQualityParams(store=str(tmp_path / "nowhere")).open_store()


def test_fees_of_ones_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARB_FEES", '{"gate": {"maker_bps": 1, "taker_bps": 5}}')
    assert DiscoveryParams().own_fees()["gate"].taker == pytest.approx(0.0005)
