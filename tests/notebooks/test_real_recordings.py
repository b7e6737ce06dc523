"""Both notebooks on real recordings give the facts that were measured on them with independent code."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from arbresearch.params import MODELS
from arbresearch.pipeline import RunOutcome, run_notebook
from tests.notebooks.reference import ROOT

pytestmark = pytest.mark.slow

Rows = list[dict[str, Any]]
QUICK = {"widths": 6, "skews": [0.0], "sizes_quote": [100.0, 500.0], "regimes": ["tilt"], "resamples": 99}
FEES = {"binance": 10.0, "huobi": 20.0, "mexc": 5.0, "gate": 5.0}


def _run(name: str, store: Path, out: Path, **parameters: object) -> RunOutcome:
    return run_notebook(
        ROOT / "notebooks" / f"{name}.ipynb",
        {"store": str(store), **parameters},
        out_root=out,
        params_model=MODELS[name],
    )


def _tables(outcome: RunOutcome) -> dict[str, Rows]:
    tables: dict[str, Rows] = json.loads((outcome.folder / "result.json").read_text())["tables"]
    return tables


def _one(rows: Rows, **wanted: object) -> dict[str, Any]:
    found = [row for row in rows if all(row[name] == value for name, value in wanted.items())]
    assert len(found) == 1, (wanted, len(found))
    return found[0]


@pytest.fixture(scope="module")
def quality(recordings: Path, tmp_path_factory: pytest.TempPathFactory) -> RunOutcome:
    """Return notebook 00 on LINK, LUNC, Gate spot and Binance BTC depth."""
    return _run("00_data_quality", recordings, tmp_path_factory.mktemp("reports"))


@pytest.fixture(scope="module")
def discovery(recordings: Path, tmp_path_factory: pytest.TempPathFactory) -> RunOutcome:
    """Return notebook 10 on every pair of those sets, spot against perpetual too, before fees."""
    pairs = ["mexc:gate", "binance:huobi", "binance:binance", "binance:gate"]
    return _run(
        "10_discovery", recordings, tmp_path_factory.mktemp("reports"),
        venue_pairs=pairs, markets="any", basis="gross", fees_bps=FEES, max_age_s=None,
    )  # fmt: skip


@pytest.fixture(scope="module")
def raw_quality(raw_recording: Path, tmp_path_factory: pytest.TempPathFactory) -> RunOutcome:
    """Return notebook 00 on the raw Binance streams."""
    return _run("00_data_quality", raw_recording, tmp_path_factory.mktemp("reports"))


@pytest.fixture(scope="module")
def raw_discovery(raw_recording: Path, tmp_path_factory: pytest.TempPathFactory) -> RunOutcome:
    """Return notebook 10 on the raw Binance streams: spot against perpetual."""
    return _run(
        "10_discovery", raw_recording, tmp_path_factory.mktemp("reports"),
        venue_pairs=["binance:binance"], markets="any", basis="gross", fees_bps={"binance": 10.0},
    )  # fmt: skip


def _share(tables: dict[str, Rows], pair: str, level: float, direction: str = "best") -> tuple[float, float]:
    row = _one(tables["levels"], pair=pair, direction=direction, basis="gross", threshold_bps=level)
    return 100.0 * row["share_of_updates"], 100.0 * row["share_of_time"]


def test_link_binance_huobi(quality: RunOutcome, discovery: RunOutcome) -> None:
    for venue in ("binance", "huobi"):
        row = _one(_tables(quality)["streams"], table="quotes", venue=venue, symbol="LINK/USDT")
        assert (row["rows"], row["crossed_rows"], row["one_sided_rows"], row["gaps"]) == (7_200, 0, 0, 0)
        assert row["verdict"] == "good"
    tables, pair = _tables(discovery), "LINK/USDT binance-huobi"
    assert _share(tables, pair, 0.0)[0] == pytest.approx(18.6, abs=0.05)
    assert _share(tables, pair, 5.0)[0] == pytest.approx(0.056, abs=0.0005)
    assert _share(tables, pair, 10.0)[0] == 0.0
    row = _one(tables["pairs"], pair=pair)
    assert row["gross_mean_bps"] == pytest.approx(-1.0, abs=0.05)
    assert row["gross_p99_bps"] == pytest.approx(2.2, abs=0.05)
    assert row["gross_max_bps"] == pytest.approx(8.0, abs=0.05)
    assert (row["episodes"], row["median_s"], row["longest_s"]) == (750, 1.0, 27.0)


def test_binance_leads_huobi(recordings: Path, tmp_path: Path) -> None:
    outcome = _run("10_discovery", recordings, tmp_path, symbols=["LINK/USDT"], basis="gross",
                   fees_bps={"binance": 10.0, "huobi": 20.0})  # fmt: skip
    assert outcome.result is not None
    assert outcome.result.verdict == (
        "LINK/USDT binance-huobi had a gross edge above zero 18.6 % of the time in 750 episodes, median 1 s, "
        "longest 27 s, at most 8.0 bps."
    )
    lags = {row["lag_s"]: row["correlation"] for row in _tables(outcome)["lags"]}
    assert [lags[lag] for lag in (0.0, 1.0, -1.0)] == pytest.approx([0.82, 0.20, 0.03], abs=0.005)
    assert "binance moves first" in outcome.report.read_text()
    figures = outcome.result.figures
    assert figures["episodes"].value == 750
    assert figures["largest gross edge"].value == pytest.approx(8.0, abs=0.05)


def test_lunc_mexc_gate(discovery: RunOutcome) -> None:
    tables, pair = _tables(discovery), "LUNC/USDT mexc-gate perp"
    row = _one(tables["pairs"], pair=pair)
    assert row["hours"] * 3_600 == pytest.approx(93 * 60 + 19, abs=1.0)
    updates = [_share(tables, pair, level)[0] for level in (0.0, 5.0, 10.0, 20.0, 50.0)]
    assert updates == pytest.approx([16.2, 5.6, 0.73, 0.15, 0.07], abs=0.05)
    assert updates[2:] == pytest.approx([0.73, 0.15, 0.07], abs=0.005)
    assert _share(tables, pair, 0.0)[1] == pytest.approx(16.4, abs=0.05)
    sells = {way: _one(tables["directions"], pair=pair, direction=way, basis="gross") for way in ("ab", "ba")}
    assert (sells["ab"]["sell_venue"], sells["ab"]["buy_venue"]) == ("mexc", "gate perp")
    assert sells["ab"]["median_bps"] == pytest.approx(-2.8, abs=0.05)
    assert sells["ab"]["p99_bps"] == pytest.approx(8.4, abs=0.05)
    assert sells["ba"]["median_bps"] == pytest.approx(-11.3, abs=0.05)
    assert sells["ba"]["p99_bps"] == pytest.approx(0.0, abs=0.05)


def test_lunc_prints_are_found_and_are_moves_of_the_market(quality: RunOutcome) -> None:
    tables = _tables(quality)
    streams = [_one(tables["streams"], table="quotes", venue=venue, symbol=symbol)
               for venue, symbol in (("mexc", "LUNC/USDT"), ("gate", "LUNC/USDT:USDT"))]  # fmt: skip
    assert [round(row["median_interval_s"], 2) for row in streams] == [0.54, 0.82]
    assert all(row["rows"] == 10_000 and row["gaps"] == 0 for row in streams)
    assert all(row["isolated_prints"] > 20 and row["lone_prints"] == 0 for row in streams)
    prints = [row for row in tables["prints"] if row["symbol"].startswith("LUNC") and row["isolated"]]
    assert sum(100.0 <= abs(row["distance_bps"]) <= 205.0 for row in prints) >= 15
    assert all(row["elsewhere"] for row in prints)
    assert max(row["recv_ns"] for row in prints) - min(row["recv_ns"] for row in prints) < 60e9


def test_binance_btc_depth(quality: RunOutcome, discovery: RunOutcome) -> None:
    rows = [_one(_tables(quality)["streams"], table="depth", venue="binance", symbol=symbol)
            for symbol in ("BTC/USDT", "BTC/USDT:USDT")]  # fmt: skip
    assert all(row["crossed_rows"] == 0 for row in rows)
    assert [row["offset_median_ms"] for row in rows] == pytest.approx([187.0, 201.0], abs=0.5)
    tables, pair = _tables(discovery), "BTC/USDT binance-binance perp"
    sell_spot = _one(tables["directions"], pair=pair, direction="ab", basis="gross")
    assert (sell_spot["sell_venue"], sell_spot["buy_venue"]) == ("binance", "binance perp")
    assert sell_spot["mean_bps"] == pytest.approx(4.8, abs=0.05)
    assert _share(tables, pair, 5.0, "ab")[0] == pytest.approx(33.0, abs=0.5)
    assert _share(tables, pair, 0.0, "ba") == (0.0, 0.0)


def test_the_gap_of_the_gate_recording(quality: RunOutcome) -> None:
    tables = _tables(quality)
    gaps = [row for row in tables["gaps"] if row["venue"] == "gate" and row["table"] in ("quotes", "depth")]
    assert len(gaps) == 6
    assert all(row["duration_s"] == pytest.approx(40.0, abs=0.5) for row in gaps)
    assert all(row["moved_on_venue"] == 0 for row in gaps)
    row = _one(tables["streams"], table="quotes", venue="gate", symbol="BTC/USDT")
    assert row["median_interval_s"] == pytest.approx(0.110, abs=0.006)
    assert row["reasons"].startswith("one gap of 40.3 s: 81.7 % of the time is covered")


def test_sets_of_different_days_are_not_paired(discovery: RunOutcome) -> None:
    assert {row["coin"] for row in _tables(discovery)["pairs"]} == {"LINK/USDT", "LUNC/USDT", "BTC/USDT"}
    assert "pairs could not be measured" in discovery.report.read_text()


def test_the_universe_says_what_is_missing(discovery: RunOutcome) -> None:
    tables, page = _tables(discovery), discovery.report.read_text()
    assert "Missing: instruments of mexc, gate, binance, huobi." in page
    assert "Missing: networks of mexc, gate, binance, huobi." in page
    row = _one(tables["universe"], venue_a="binance", venue_b="huobi")
    assert (row["pairs"], row["unverified"], row["quoted"], row["known_routes"]) == (1, 1, 1, 0)
    assert {row["identity"] for row in tables["verdicts"]} == {"unverified"}
    lone = {row["market"]: row["doubt"] for row in tables["doubts"] if row["doubt"] not in ("different", "unverified")}
    assert lone == {"gate ETH/USDT": "listed by one venue only", "gate SOL/USDT": "listed by one venue only"}


def test_the_local_clock_of_the_raw_recording(raw_quality: RunOutcome) -> None:
    rows = _tables(raw_quality)["streams"]
    stamped = [row for row in rows if row["event_share"]]
    assert {row["table"] for row in stamped} == {"quotes", "trades", "depth"}
    assert [round(row["clock_behind_s"], 2) for row in stamped] == [1.27] * len(stamped)
    assert all("the local clock runs 1.27 s behind the exchange's" in row["reasons"] for row in stamped)
    spot = [row for row in rows if row["table"] == "quotes" and row["symbol"].endswith("/USDT")]
    assert [row["event_share"] for row in spot] == [0.0, 0.0]
    assert all(not row["crossed_rows"] for row in rows)
    assert raw_quality.result is not None
    assert raw_quality.result.figures["local clock behind by"].shown == "1.27 s"


def test_spot_against_perpetual_of_the_raw_recording(raw_discovery: RunOutcome) -> None:
    directions = _tables(raw_discovery)["directions"]
    means = [_one(directions, pair=f"{coin}/USDT binance-binance perp", direction="ab", basis="gross")["mean_at_a_bps"]
             for coin in ("BTC", "ETH")]  # fmt: skip
    assert means == pytest.approx([3.8, 4.4], abs=0.05)


def test_reports_are_small_and_complete(quality: RunOutcome, discovery: RunOutcome, raw_quality: RunOutcome) -> None:
    for outcome in (quality, discovery, raw_quality):
        assert outcome.warnings == ()
        page = outcome.report.read_text()
        assert len(page.encode()) < 1_500_000
        assert page.count("<svg") >= 2


def test_fees_must_be_given(recordings: Path, tmp_path: Path) -> None:
    outcome = run_notebook(
        ROOT / "notebooks" / "10_discovery.ipynb", {"store": str(recordings), "symbols": ["LINK/USDT"]},
        out_root=tmp_path, params_model=MODELS["10_discovery"], check=False,
    )  # fmt: skip
    assert "fees: expected a taker fee for every stream, was none for binance LINK/USDT" in outcome.failure


def test_no_level_pays_on_link(recordings: Path, tmp_path: Path) -> None:
    outcome = _run("40_thresholds", recordings, tmp_path, pair="LINK/USDT binance-huobi",
                   fees_bps={"binance": 10.0, "huobi": 20.0}, **QUICK)  # fmt: skip
    assert outcome.result is not None
    assert outcome.result.status == "no"
    # Fees of 60 bps a round trip, against edges whose best moment in two hours is 8 bps before any fee.
    cost = outcome.result.figures["cost of a round trip"].value
    assert isinstance(cost, float)
    assert cost > 60.0
    assert "no level pays" in outcome.result.verdict
    (row,) = _tables(outcome)["thresholds"]
    assert (row["answer"], row["sell_a_bps"], row["out_of_sample_bps_day"]) == ("no trade", None, 0.0)
    assert _tables(outcome)["schedules"] == []
    assert outcome.warnings == ()


def test_what_was_chosen_on_lunc_is_not_traded(recordings: Path, tmp_path: Path) -> None:
    outcome = _run("40_thresholds", recordings, tmp_path, pair="LUNC/USDT mexc-gate perp",
                   fees_bps={"mexc": 5.0, "gate": 5.0}, **QUICK)  # fmt: skip
    assert outcome.result is not None
    assert outcome.result.status == "no"
    (row,) = _tables(outcome)["thresholds"]
    assert row["answer"] == "no trade"
    assert all(fold["in_sample_bound_bps_day"] is None or not fold["trades"] or fold["in_sample_bound_bps_day"] > 0.0
               for fold in _tables(outcome)["folds"])  # fmt: skip
    assert not row["lower_bound_bps_day"] or row["lower_bound_bps_day"] <= 0.0
    assert "LUNC/USDT mexc-gate perp: no trade" in outcome.result.verdict
    assert outcome.warnings == ()
    assert 5 <= outcome.report.read_text().count("<svg") <= 6
