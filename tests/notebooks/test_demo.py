"""The pipeline that ``make report`` runs."""

from __future__ import annotations

from arbresearch.locate import find_notebook
from arbresearch.params import DiscoveryParams
from arbresearch.pipeline import load_pipeline
from tests.notebooks.reference import ROOT


def test_stages_notebooks_and_parameters_fit() -> None:
    pipeline = load_pipeline(ROOT / "pipelines" / "demo.toml")
    assert pipeline.order() == ["quality", "discovery", "best"]
    for stage in pipeline.stages.values():
        notebook = find_notebook(stage.notebook)
        assert notebook.params_model is not None
        notebook.validate(stage.parameters)


def test_the_best_pairs_come_from_a_table_that_discovery_writes() -> None:
    best = load_pipeline(ROOT / "pipelines" / "demo.toml").stages["best"]
    assert best.source == ("discovery", "best")
    row = {"symbols": "SNX/USDT", "venue_pairs": "gate:mexc", "markets": "same"}
    assert DiscoveryParams(**row).symbols == ["SNX/USDT"]  # type: ignore[arg-type]
