"""Notebook 20 on the recordings: what LINK and LUNC say of signals, and that the verdict follows from the numbers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from arbresearch.params import MODELS
from arbresearch.pipeline import RunOutcome, run_notebook
from tests.notebooks.reference import ROOT

pytestmark = pytest.mark.slow


def _tables(outcome: RunOutcome) -> dict[str, list[dict[str, Any]]]:
    tables: dict[str, list[dict[str, Any]]] = json.loads((outcome.folder / "result.json").read_text())["tables"]
    return tables


def _run(store: Path, out: Path, **parameters: Any) -> RunOutcome:
    name = "20_signals"
    outcome = run_notebook(
        ROOT / "notebooks" / f"{name}.ipynb", {"store": str(store), **parameters}, out_root=out,
        params_model=MODELS[name],
    )  # fmt: skip
    page = outcome.report.read_text()
    assert outcome.warnings == ()
    assert len(page.encode()) < 1_500_000
    assert page.count("<svg") >= 2
    return outcome


def test_link_is_never_worth_the_fees_of_the_time(recordings: Path, tmp_path: Path) -> None:
    """Two hours are too short for the defaults, and the largest edge is far below the costs; both are said."""
    outcome = _run(recordings, tmp_path, pair="LINK/USDT binance-huobi", fees_bps={"binance": 10.0, "huobi": 20.0})
    assert outcome.result is not None
    assert outcome.result.status == "no"
    said = outcome.result.verdict
    assert said.startswith("LINK/USDT binance-huobi: the net edge never rose above 5 bps in 1.")
    assert "windows are too few); there was nothing to act on." in said
    (row,) = _tables(outcome)["summary"]
    # The largest gross edge of the files is 8.0 bps; each leg pays its fee.
    assert row["largest_edge_bps"] == pytest.approx(1e4 * (1.00080 * (0.999 / 1.002) - 1.0), abs=0.1)
    assert (row["signals"], row["calibrated"], row["pays"], row["trips"]) == (0, "not enough data", "no", 0)


def test_lunc_before_fees(recordings: Path, tmp_path: Path) -> None:
    """Within a minute, on horizons that an hour and a half can fill, without fees."""
    outcome = _run(
        recordings, tmp_path, pair="LUNC/USDT mexc-gate perp", fees_bps={"mexc": 0.0, "gate": 0.0}, entry_bps=0.0,
        horizons_s=[12.0, 60.0, 120.0, 300.0], target_horizon_s=60.0, shown_hours=1.0,
    )  # fmt: skip
    assert outcome.result is not None
    tables, said = _tables(outcome), outcome.result.verdict
    (row,) = tables["summary"]
    # 16.4 % of the time, as measured on the whole recording.
    assert row["time_share"] == pytest.approx(0.164, abs=0.01)
    assert row["days"] * 24.0 == pytest.approx(93.3 / 60.0 - 60.0 / 3_600.0, abs=0.05)
    bins = tables["reliability"]
    assert len(bins) == 10
    error = sum(one["outcomes"] * abs(one["confidence"] - one["observed"]) for one in bins) / row["held_out"]
    assert row["ece"] == pytest.approx(error)
    wanted = "yes" if row["ece_upper"] <= 0.03 else "no" if row["ece_lower"] > 0.03 else "not enough data"
    assert row["calibrated"] == wanted
    (acted,) = [one for one in tables["acting"] if one["least_confidence"] == 0.8]
    assert (acted["trips"], acted["round_trip_bps"]) == (row["trips"], row["round_trip_bps"])
    bound, mean = row["round_trip_bound_bps"], row["round_trip_bps"]
    assert row["pays"] == ("yes" if bound is not None and bound > 0.0 else "no" if mean <= 0.0 else "not enough data")
    assert outcome.result.status == ("no" if row["pays"] == "no" else "ok" if wanted == "yes" else "warn")
    way = "brought" if row["round_trip_bps"] > 0.0 else "lost"
    assert (
        f"would have {way} {abs(row['round_trip_bps']):.1f} bps a round trip after costs ({row['trips']} trips" in said
    )
    assert len(tables["payoff"]) == 5
    assert sum(one["signals"] for one in tables["payoff"]) == row["held_out"]
