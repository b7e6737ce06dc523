"""The weekly pipeline: ranking, thresholds of the best, backtests that follow them, and drift, on a small market."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from arbresearch.locate import find_notebook
from arbresearch.params import MODELS, ThresholdsParams
from arbresearch.pipeline import PipelineOutcome, StageOutcome, list_runs, load_pipeline, run_notebook, run_pipeline
from tests.notebooks.reference import ROOT

WEEKLY = ROOT / "pipelines" / "weekly.toml"
SMALL: dict[str, Any] = {
    "widths": 5, "skews": [0.0], "exits": [1.0], "sizes_quote": [500.0], "regimes": [], "resamples": 99,
    "latencies_s": [0.0, 0.5],
}  # fmt: skip


def test_stages_notebooks_and_parameters_fit() -> None:
    pipeline = load_pipeline(WEEKLY)
    assert pipeline.order() == ["discovery", "thresholds", "backtest", "drift"]
    assert pipeline.headline == "drift"
    for stage in pipeline.stages.values():
        notebook = find_notebook(stage.notebook)
        assert notebook.params_model is not None
        notebook.validate(stage.parameters)
    assert pipeline.stages["thresholds"].source == ("discovery", "best")
    assert pipeline.stages["thresholds"].matrix_limit == 5
    assert pipeline.stages["backtest"].source == ("thresholds", "schedules")
    assert pipeline.stages["drift"].needs == ("thresholds",)


def test_a_row_of_the_best_is_parameters_of_a_search() -> None:
    row = {"symbols": "SNX/USDT", "venue_pairs": "gate:mexc", "markets": "same", "pair": "SNX/USDT gate-mexc",
           "candidates": 39}  # fmt: skip
    params = ThresholdsParams(**row)  # type: ignore[arg-type]
    assert (params.symbols, params.venue_pairs, params.candidates) == (["SNX/USDT"], ["gate:mexc"], 39)


@pytest.fixture(scope="module")
def weekly(market: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, PipelineOutcome]:
    """Return the pipeline run on one coin of the small market that pays, and where it was published."""
    out = tmp_path_factory.mktemp("reports")
    parameters = {"store": str(market), "reports": str(out), "symbols": ["ADA/USDT"], "venue_pairs": ["mexc:binance"]}
    return out, run_pipeline(WEEKLY, find=find_notebook, out_root=out, parameters={**parameters, **SMALL})


def _one(weekly: tuple[Path, PipelineOutcome], stage: str) -> StageOutcome:
    (found,) = [one for one in weekly[1].stages if one.stage == stage]
    assert found.run is not None
    assert found.run.result is not None
    return found


@pytest.mark.slow
def test_it_runs_to_its_headline(weekly: tuple[Path, PipelineOutcome]) -> None:
    assert [(one.stage, one.reason) for one in weekly[1].stages if one.status != "ok"] == []
    page = weekly[1].report.read_text()
    assert "One pair in 2025-W02, 1 to trade. Drift takes two weeks of a pair; one week is on record." in page
    index = (weekly[0] / "index.html").read_text()
    assert '<th scope="col">2025-W02</th>' in index
    assert all(one.run is not None and one.run.warnings == () for one in weekly[1].stages)


@pytest.mark.slow
def test_the_backtest_earns_what_the_search_kept(weekly: tuple[Path, PipelineOutcome]) -> None:
    searched, traded = _one(weekly, "thresholds"), _one(weekly, "backtest")
    (row,) = searched.run.result.tables["thresholds"]  # type: ignore[union-attr]
    (summary,) = traded.run.result.tables["summary"]  # type: ignore[union-attr]
    assert summary["pair"] == row["pair"]
    assert summary["pairs_filled"] > 20
    # Read anew from the start of the first fold, the books before it are not there: a block or an order may differ.
    assert summary["mean_bps_day"] == pytest.approx(row["out_of_sample_bps_day"], rel=0.05)
    assert traded.parameters["start"] == searched.run.result.tables["schedules"][0]["start"]  # type: ignore[union-attr]
    page = traded.run.report.read_text()  # type: ignore[union-attr]
    assert "Candles are traded at constant thresholds; this run has a schedule." in page


@pytest.mark.soak
def test_a_second_week_shows_drift(weekly: tuple[Path, PipelineOutcome], tmp_path: Path) -> None:
    (first,) = [run for run in list_runs(weekly[0]) if run.manifest.name == "40_thresholds"]
    for days, moved in ((0, 0.0), (7, 2.5)):
        folder = tmp_path / "40_thresholds" / f"{first.folder.name}-{days}"
        folder.mkdir(parents=True)
        (folder / "manifest.json").write_text((first.folder / "manifest.json").read_text())
        values = json.loads((first.folder / "result.json").read_text())
        (row,) = values["tables"]["thresholds"]
        row["until"] = f"2025-01-{8 + days:02d}T00:00:00.000Z"
        row["sell_a_bps"] += moved
        row["sell_a_high_bps"] = row["sell_a_bps"]
        (folder / "result.json").write_text(json.dumps(values))
    outcome = run_notebook(
        ROOT / "notebooks" / "45_threshold_drift.ipynb",
        {"reports": str(tmp_path)},
        out_root=tmp_path,
        params_model=MODELS["45_threshold_drift"],
    )
    assert outcome.result is not None
    assert "the largest change is +2.5 bps (ADA/USDT" in outcome.result.verdict
    assert "1 of 1 moved beyond its interval" in outcome.result.verdict
    assert outcome.result.status == "warn"
    assert list(outcome.result.tables["index"][0])[1:] == ["2025-W02", "2025-W03"]
    page = outcome.report.read_text()
    assert page.count("<svg") == 1
    assert outcome.warnings == ()
