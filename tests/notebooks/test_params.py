"""The models of notebook parameters: what they refuse, and where they find the store."""

from __future__ import annotations

from pathlib import Path

import pytest

from arbresearch.core import BadInput, ParameterError
from arbresearch.discovery.blocks.settings import ScoreSettings
from arbresearch.params import MODELS, DataQualityParams, DiscoveryParams, ScoringParams
from arbresearch.pipeline import validate_parameters
from arbresearch.store import TickStore


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
