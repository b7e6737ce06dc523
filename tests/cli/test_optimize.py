"""``arb optimize`` as a user types it: what it finds, prints, saves and refuses, and that a backtest follows it."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import orjson
import pytest
from typer.testing import CliRunner, Result

from arbresearch.backtest.config import BacktestConfig
from arbresearch.backtest.engine import SpotArbitrageBacktester
from arbresearch.cli import app
from arbresearch.core import BadInput, ParameterError
from arbresearch.sample import SampleSpec, generate
from arbresearch.signals.schedule import ThresholdSchedule
from arbresearch.store import TickStore
from arbresearch.thresholds import DynamicThresholdOptimizer, OptimizerSettings

SPEC = SampleSpec(symbols=12, days=1, venues=("mexc", "gate"), quotes_per_day=4_000)
SMALL = ("--widths", "6", "--sizes", "500,1000", "--regimes", "tilt", "--resamples", "99", "--workers", "1")
Made = tuple[Path, str, str]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Return a store, a symbol that pays between its venues, and one that does not."""
    folder = tmp_path_factory.mktemp("optimize") / "store"
    with TickStore(folder) as store:
        truth = generate(store, SPEC)
    kinds = {str(pair.kind): pair.symbol for pair in reversed(truth.pairs) if ":" not in pair.symbol}
    return folder, kinds["pays"], kinds["none"]


@pytest.fixture(autouse=True)
def _no_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in [one for one in os.environ if one.startswith("ARB_")]:
        monkeypatch.delenv(name)


def _run(made: Made, *arguments: str, symbol: str = "", command: str = "optimize") -> Result:
    named = ["--symbol", symbol or made[1], "--sell-venue", "mexc", "--buy-venue", "gate"]
    return CliRunner().invoke(app, [command, "--store", str(made[0]), *named, *arguments], catch_exceptions=False)


def _json(made: Made, *arguments: str, **options: str) -> dict[str, Any]:
    done = _run(made, *arguments, "--json", **options)
    assert done.exit_code == 0, done.output
    found = orjson.loads(done.stdout)
    assert isinstance(found, dict)
    return found


def test_what_pays_is_found_saved_and_followed(made: Made, tmp_path: Path) -> None:
    done = _run(made, *SMALL, "--out", str(tmp_path / "kept"))
    assert done.exit_code == 0
    text = re.sub(r"\s+", " ", done.stdout)
    for title in ("thresholds", "the spread", "walk forward", "luck or skill", "thresholds by state", "order size"):
        assert title in text
    assert f"{made[1]} mexc-gate: trade: out of sample +" in text
    assert "saved in" in text
    files = {one.name for one in (tmp_path / "kept").iterdir()}
    assert {"thresholds.json", "schedule.json", "surface.parquet", "folds.parquet"} <= files
    saved = orjson.loads((tmp_path / "kept" / "thresholds.json").read_bytes())
    schedule = ThresholdSchedule.load(tmp_path / "kept" / "schedule.json")
    followed = _json(made, "--schedule", str(tmp_path / "kept" / "schedule.json"), command="backtest")
    assert ThresholdSchedule.from_dict(followed["settings"]["schedule"]) == schedule
    # Before its first row the schedule trades nothing, so the whole day has what was kept out of sample, and a little
    # more after the last fold.
    assert followed["summary"]["pairs"] >= saved["out_of_sample"]["pairs"] > 0


def test_json_is_what_the_optimiser_finds(made: Made) -> None:
    found = _json(made, *SMALL)
    config = BacktestConfig(venue_a="mexc", venue_b="gate", capital_quote=1e4, enable_transfers=False)
    settings = OptimizerSettings(widths=6, sizes_quote=(500.0, 1_000.0), regimes=("tilt",), resamples=99)
    with TickStore(made[0], create=False) as store:
        same = DynamicThresholdOptimizer(SpotArbitrageBacktester(store)).optimize_thresholds(made[1], config, settings)
    assert found["answer"] == "trade"
    assert {key: found[key] for key in same.as_dict()} == orjson.loads(orjson.dumps(same.as_dict()))
    assert found["sentence"].startswith(f"{made[1]} mexc-gate: trade")


def test_what_does_not_pay_is_not_traded(made: Made) -> None:
    found = _json(made, *SMALL, symbol=made[2])
    assert found["answer"] == "no trade"
    assert found["out_of_sample"]["pairs"] == 0


def test_options_reach_the_search(made: Made) -> None:
    settings = _json(
        made, "--widths", "4", "--sizes", "700", "--holds-minutes", "20,40", "--regimes", "none", "--resamples", "120",
        "--workers", "1", "--walk", "rolling", "--train-days", "0.4", "--test-days", "0.1", "--confidence", "0.9",
        "--candidates", "3", "--trials", "5000",
    )["settings"]  # fmt: skip
    wanted = {
        "widths": 4, "sizes_quote": [700.0], "holds_minutes": [20.0, 40.0], "regimes": [], "resamples": 120,
        "walk": "rolling", "train_days": 0.4, "test_days": 0.1, "confidence": 0.9, "candidates": 3, "trials": 5_000,
        "workers": 1,
    }  # fmt: skip
    assert {name: settings[name] for name in wanted} == wanted


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--sizes", "much"), "--sizes: expected numbers such as 250,500, was 'much'"),
        (("--trials", "3"), "trials: expected"),
        (("--train-days", "30"), "expected"),
        (("--regimes", "moon"), "regimes: expected some of hour, volatility, tilt"),
    ],
)
def test_what_cannot_be_meant_is_refused(made: Made, arguments: tuple[str, ...], message: str) -> None:
    with pytest.raises((BadInput, ParameterError), match=re.escape(message)):
        _run(made, *SMALL, *arguments)


def test_a_folder_that_is_there_is_refused_before_anything_runs(made: Made, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="--out: expected a folder that is not there yet"):
        _run(made, *SMALL, "--out", str(tmp_path))


def test_thresholds_beside_a_schedule_are_refused(made: Made, tmp_path: Path) -> None:
    row = {"since_ns": "2025-01-06", **dict.fromkeys(("sell_a_bps", "sell_b_bps", "sell_a_exit_bps",
           "sell_b_exit_bps"), 5.0), "order_quote": 500.0}  # fmt: skip
    ThresholdSchedule.from_dict({"kind": "threshold schedule", "version": 1, "rows": [row]}).save(tmp_path / "s.json")
    with pytest.raises(ParameterError, match="expected none beside a schedule"):
        _run(made, "--schedule", str(tmp_path / "s.json"), "--threshold-bps", "4", command="backtest")
    with pytest.raises(BadInput, match="schedule: expected a file, was no file"):
        _run(made, "--schedule", str(tmp_path / "none.json"), command="backtest")
