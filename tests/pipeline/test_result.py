"""Results: what is written, what is refused, what is read back."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from arbresearch.core import NotebookFailed, SchemaError
from arbresearch.pipeline import Figure, load_result, save_result
from arbresearch.pipeline.result import RESULT_PATH_VARIABLE
from arbresearch.report.cells import RESULT_MIME


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return where results go, as under the runner."""
    target = tmp_path / "result.json"
    monkeypatch.setenv(RESULT_PATH_VARIABLE, str(target))
    return target


def test_round_trip(path: Path) -> None:
    table = pl.DataFrame({"symbol": ["A/B"], "score": [0.5], "bad": [float("nan")]})
    shown = save_result(
        "Found one.",
        status="warn",
        figures={"edge": {"value": 3.25, "unit": "bps"}, "rows": 12000},
        tables={"top": table},
    )
    result = load_result(path)
    assert result == shown.result
    assert result.status == "warn"
    assert result.figures["edge"].shown == "3.25 bps"
    assert result.figures["rows"].shown == "12,000"
    assert result.tables["top"] == [{"symbol": "A/B", "score": 0.5, "bad": None}]
    assert json.loads(path.read_text())["schema_version"] == 1
    assert list(path.parent.iterdir()) == [path]


def test_interactive_session_writes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(RESULT_PATH_VARIABLE, raising=False)
    monkeypatch.chdir(tmp_path)
    shown = save_result("Found <one>.", figures={"edge": 1})
    assert list(tmp_path.iterdir()) == []
    bundle = shown._repr_mimebundle_()
    assert bundle[RESULT_MIME]["verdict"] == "Found <one>."
    assert "Found &lt;one&gt;." in bundle["text/html"]
    assert repr(shown) == "ok: Found <one>.\n  edge: 1"


@pytest.mark.parametrize(
    ("figure", "shown"),
    [
        (Figure(value=None), "–"),
        (Figure(value=float("inf"), unit="bps"), "–"),
        (Figure(value=-1234.5678), "−1,235"),
        (Figure(value=True), "yes"),
        (Figure(value="a-b"), "a-b"),
        (Figure(value=0.00001234, unit="USDT"), "1.234e−05 USDT"),
        (Figure(value=2.0, unit="bps", text="2.0 bps [1.5, 2.5]"), "2.0 bps [1.5, 2.5]"),
    ],
)
def test_figures_read_well(figure: Figure, shown: str) -> None:
    assert figure.shown == shown


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"verdict": ""}, "verdict: String should have at least 1 character"),
        ({"verdict": "x" * 401}, "verdict: String should have at most 400 characters"),
        ({"verdict": "x", "status": "great"}, "status: Input should be 'ok', 'warn' or 'no'"),
        ({"verdict": "x", "figures": {"a": {"value": 1, "units": "bps"}}}, "figures.a.units: Extra inputs"),
        ({"verdict": "x", "figures": {"a": [1]}}, "figures.a.value"),
        ({"verdict": "x", "tables": {"t": [{"a": 1}] * 1001}}, "table 't': expected at most 1000 rows, was 1001"),
    ],
)
def test_malformed_results_are_refused(path: Path, arguments: dict[str, object], message: str) -> None:
    with pytest.raises(SchemaError, match="result: expected plain values") as caught:
        save_result(**arguments)  # type: ignore[arg-type]
    assert message in str(caught.value)
    assert not path.exists()


def test_reading_says_what_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    with pytest.raises(
        NotebookFailed, match=r"expected result\.json written by save_result, was nothing; call save_result"
    ):
        load_result(path)
    path.write_text('{"verdict": "x", "schema_version": 2}')
    with pytest.raises(NotebookFailed, match="schema_version"):
        load_result(path)
    path.write_text('{"verdict": "x"')
    with pytest.raises(NotebookFailed, match="Invalid JSON"):
        load_result(path)
