"""The daily pipeline: quality, discovery, scoring, and the tear sheets of the best, on a small market."""

from __future__ import annotations

from pathlib import Path

import pytest

from arbresearch.locate import find_notebook
from arbresearch.params import MODELS, BacktestParams, ScoringParams
from arbresearch.pipeline import PipelineOutcome, StageOutcome, load_pipeline, run_notebook, run_pipeline
from tests.notebooks.reference import ROOT

DAILY = ROOT / "pipelines" / "daily.toml"


def test_stages_notebooks_and_parameters_fit() -> None:
    pipeline = load_pipeline(DAILY)
    assert pipeline.order() == ["quality", "discovery", "scoring", "tear_sheets", "backtest"]
    for stage in pipeline.stages.values():
        notebook = find_notebook(stage.notebook)
        assert notebook.params_model is not None
        notebook.validate(stage.parameters)
    assert pipeline.stages["tear_sheets"].source == ("scoring", "best")
    assert pipeline.stages["tear_sheets"].matrix_limit == 5
    assert pipeline.stages["backtest"].source == ("scoring", "best")
    assert pipeline.stages["backtest"].matrix_limit == 3


def test_a_row_of_the_best_is_parameters_of_a_tear_sheet_and_of_a_backtest() -> None:
    row = {"symbols": "SNX/USDT", "venue_pairs": "gate:mexc", "markets": "same", "pair": "SNX/USDT gate-mexc",
           "candidates": 39}  # fmt: skip
    params = ScoringParams(**row)  # type: ignore[arg-type]
    assert (params.symbols, params.venue_pairs, params.candidates) == (["SNX/USDT"], ["gate:mexc"], 39)
    traded = BacktestParams(**row)  # type: ignore[arg-type]
    assert (traded.symbols, traded.pair, traded.candidates) == (["SNX/USDT"], "SNX/USDT gate-mexc", 39)


@pytest.fixture(scope="module")
def daily(market: Path, tmp_path_factory: pytest.TempPathFactory) -> PipelineOutcome:
    """Return the pipeline run on two coins of the small market, one that pays and one that only seems to."""
    pairs = ["mexc:binance", "gate:binance"]
    parameters = {"store": str(market), "symbols": ["ADA/USDT", "LTC/USDT"], "venue_pairs": pairs}
    return run_pipeline(DAILY, find=find_notebook, out_root=tmp_path_factory.mktemp("reports"), parameters=parameters)


def _runs(daily: PipelineOutcome, stage: str) -> list[StageOutcome]:
    return [one for one in daily.stages if one.stage == stage]


@pytest.mark.slow
def test_it_runs_and_ends_in_tear_sheets_of_the_viable_pairs(daily: PipelineOutcome) -> None:
    assert [(one.stage, one.reason) for one in daily.stages if one.status != "ok"] == []
    (scoring,) = _runs(daily, "scoring")
    assert scoring.run is not None
    assert scoring.run.result is not None
    best = scoring.run.result.tables["best"]
    assert {row["symbols"] for row in best} == {"ADA/USDT"}
    assert len(best) >= 2
    sheets = _runs(daily, "tear_sheets")
    assert {one.parameters["pair"] for one in sheets} == {row["pair"] for row in best[:5]}
    assert daily.report.exists()


@pytest.mark.slow
def test_bounds_of_tear_sheets_are_those_of_the_ranking(daily: PipelineOutcome) -> None:
    (scoring,) = _runs(daily, "scoring")
    assert scoring.run is not None
    assert scoring.run.result is not None
    ranked = {row["pair"]: row for row in scoring.run.result.tables["scores"]}
    for one in _runs(daily, "tear_sheets"):
        assert one.run is not None
        assert one.run.result is not None
        (row,) = one.run.result.tables["scores"]
        for name in ("final_score", "mean_bps_day", "viable", "executed_episodes"):
            assert row[name] == ranked[row["pair"]][name]
        assert one.run.result.verdict.startswith(row["pair"])
        assert one.run.warnings == ()
        assert len(one.run.report.read_bytes()) < 1_500_000


@pytest.mark.slow
def test_the_best_are_traded_event_by_event(daily: PipelineOutcome) -> None:
    (scoring,) = _runs(daily, "scoring")
    assert scoring.run is not None
    assert scoring.run.result is not None
    best = scoring.run.result.tables["best"][:3]
    runs = _runs(daily, "backtest")
    assert [one.parameters["pair"] for one in runs] == [row["pair"] for row in best]
    for one in runs:
        assert one.run is not None
        assert one.run.result is not None
        (row,) = one.run.result.tables["summary"]
        assert (row["pair"], row["candidates"]) == (
            one.parameters["pair"],
            scoring.run.result.figures["pairs compared"].value,
        )
        assert row["pairs_filled"] > 0
        assert [rule["rule"] for rule in one.run.result.tables["fill_rules"]] == ["touch", "queue", "through"]
        net = next(step for step in one.run.result.tables["waterfall"] if step["step"] == "net")
        assert net["profit_quote"] == pytest.approx(row["spread_quote"])
        assert one.run.warnings == ()
        page = one.run.report.read_text()
        assert len(page.encode()) < 1_500_000
        assert 8 <= page.count("<svg") <= 10


@pytest.mark.slow
def test_a_backtest_of_a_pair_that_does_not_trade_says_no(market: Path, tmp_path: Path) -> None:
    outcome = run_notebook(
        ROOT / "notebooks" / "30_backtest.ipynb",
        {"store": str(market), "pair": "BTC/USDT mexc-gate"},
        out_root=tmp_path,
        params_model=MODELS["30_backtest"],
    )
    assert outcome.result is not None
    assert outcome.result.status == "no"
    assert outcome.result.verdict.endswith("no pair was decided: no net edge passed its threshold.")
    assert outcome.warnings == ()
    page = outcome.report.read_text()
    assert "these thresholds cannot trade" in page
    assert "Here both legs take." in page
    closes, books, ticks = outcome.result.tables["candles"][:3]
    assert closes["profit_quote"] >= 0.0 >= books["profit_quote"]
    assert ticks["profit_quote"] == 0.0


@pytest.mark.slow
def test_a_tear_sheet_of_a_refused_pair_says_why(market: Path, tmp_path: Path) -> None:
    outcome = run_notebook(
        ROOT / "notebooks" / "15_scoring.ipynb",
        {"store": str(market), "symbols": "LTC/USDT", "pair": "LTC/USDT gate-mexc", "candidates": 39},
        out_root=tmp_path,
        params_model=MODELS["15_scoring"],
    )
    assert outcome.result is not None
    lead = "LTC/USDT gate-mexc, one of 39 pairs compared, is refused: gone before an order arrives; it earned −"
    assert outcome.result.verdict.startswith(lead)
    assert outcome.result.status == "no"
    assert outcome.result.tables["best"] == []
    assert [row["reason"] for row in outcome.result.tables["refusals"]].count("latency") == 1
    assert outcome.warnings == ()
    page = outcome.report.read_text()
    assert "still pay after" in page
    assert 6 <= page.count("<svg") <= 7
