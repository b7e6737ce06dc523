"""Pipeline files: what is read, what is refused, and where."""

from __future__ import annotations

from pathlib import Path

import pytest

from arbresearch.core import PipelineError
from arbresearch.pipeline import load_pipeline


def _load(tmp_path: Path, text: str) -> object:
    path = tmp_path / "demo.toml"
    path.write_text(text)
    return load_pipeline(path)


def test_a_full_file(tmp_path: Path) -> None:
    path = tmp_path / "demo.toml"
    path.write_text("""
        doc = "All of it."
        workers = 3
        parameters = { store = "data/store" }
        [stages.deep]
        notebook = "30_backtest"
        matrix_from = "scoring.top"
        matrix_map = { symbol = "symbol", sell_venue = "venue" }
        matrix_limit = 5
        [stages.scoring]
        notebook = "15_scoring"
        report = "scores"
        depends = ["quality"]
        timeout = "20m"
        retries = 2
        [stages.quality]
        notebook = "00_data_quality"
        matrix = [{ venue = "gate" }, { venue = "mexc" }]
    """)
    pipeline = load_pipeline(path)
    assert pipeline.name == "demo"
    assert pipeline.order() == ["quality", "scoring", "deep"]
    assert pipeline.stages["scoring"].timeout == 1200.0
    assert pipeline.stages["deep"].source == ("scoring", "top")
    assert pipeline.stages["deep"].needs == ("scoring",)
    assert pipeline.stages["quality"].matrix == ({"venue": "gate"}, {"venue": "mexc"})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[stages.a]\nnotebok = 'x'", "key 'stages.a.notebook'|key 'stages.a.notebok'"),
        (
            "[stages.a]\nnotebook = 'x'\ndepend = ['b']",
            "key 'stages.a.depend': expected one of notebook, .*did you mean 'depends'?",
        ),
        ("steps = 1\n[stages.a]\nnotebook = 'x'", "demo.toml, key 'steps': expected one of name, doc, .*, was 'steps'"),
        ("", "key 'stages': expected Field required"),
        ("[stages]", "key 'stages': expected Dictionary should have at least 1 item"),
        ("[stages.a]\nnotebook = 5", "key 'stages.a.notebook': expected Input should be a valid string, was 5"),
        ("[stages.a]\nnotebook = 'x'\nretries = -1", "key 'stages.a.retries'"),
        ("[stages.a]\nnotebook = 'x'\ntimeout = 'soon'", "key 'stages.a.timeout': .*a number with ns, us"),
        ("[stages.a]\nnotebook = 'x'\ntimeout = 0", "more than zero"),
        (
            "[stages.a]\nnotebook = 'x'\ndepends = ['qualty']\n[stages.quality]\nnotebook = 'y'",
            "stage 'a', depends: expected one of a, quality, was 'qualty'; did you mean 'quality'?",
        ),
        ("[stages.a]\nnotebook = 'x'\nmatrix_from = 'b.top'", "stage 'a', depends: expected one of a, was 'b'"),
        ("[stages.a]\nnotebook = 'x'\nmatrix_from = 'top'", "matrix_from: expected stage.table, was 'top'"),
        ("[stages.a]\nnotebook = 'x'\nmatrix_limit = 2", "expected matrix_from beside"),
        (
            "[stages.a]\nnotebook='x'\n[stages.b]\nnotebook='x'\nmatrix_from='a.t'\nmatrix=[{p=1}]",
            "expected matrix or matrix_from, was both",
        ),
        ("headline = 'b'\n[stages.a]\nnotebook = 'x'", "headline: expected one of a, was 'b'"),
        (
            "headline = 'a'\n[stages.a]\nnotebook = 'x'\nmatrix = [{}]",
            "headline: expected a stage that runs once, was 'a', which has a matrix",
        ),
        ("[stages.a]\nnotebook = 'x'\ndepends = ['a']", "expected no cycle, was a -> a"),
        (
            "[stages.a]\nnotebook='x'\ndepends=['c']\n[stages.b]\nnotebook='x'\ndepends=['a']\n[stages.c]\nnotebook='x'\ndepends=['b']",
            "expected no cycle, was a -> c -> b -> a",
        ),
        ("name = 'x'\n[stages.a]\nnotebook = 'x'", "name: expected a name that none of its reports has, was 'x'"),
        ("[stages.a\nnotebook", "pipeline demo.toml: expected TOML"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(PipelineError, match=message) as caught:
        _load(tmp_path, text)
    assert "demo.toml" in str(caught.value)


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(PipelineError, match="pipeline: expected a TOML file, was no file"):
        load_pipeline(tmp_path / "none.toml")
