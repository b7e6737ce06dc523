"""``arb discover`` as a user types it: what it finds, what it prints, what it refuses."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from io import StringIO
from pathlib import Path
from typing import Any

import orjson
import polars as pl
import pytest
from rich.console import Console
from typer.testing import CliRunner, Result

from arbresearch.cli import app, discover
from arbresearch.cli.discover_tables import board_table, gone, round_sentence
from arbresearch.core import BadInput, ParameterError
from arbresearch.discovery import ArbitrageOpportunityScore, ScoreSettings
from arbresearch.discovery.board.board import BOARD, ScoreBoard
from arbresearch.discovery.board.watch import Board
from arbresearch.sample import SampleSpec, generate
from arbresearch.store import TickStore
from tests.discovery.board.board_rounds import BLOCK, START, ranking_of, refused, viable

SPEC = SampleSpec(symbols=12, days=1, venues=("mexc", "gate"))
RANKED = ["rank", *ArbitrageOpportunityScore.__dataclass_fields__, "legacy_rank"]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """Return a store, and what each pair of it truly is by the name a ranking gives it."""
    folder = tmp_path_factory.mktemp("discover") / "store"
    with TickStore(folder) as store:
        truth = generate(store, SPEC)
    kinds = {}
    for pair in truth.pairs:
        coin, _, perpetual = pair.symbol.partition(":")
        kinds[f"{coin} gate perp-mexc perp" if perpetual else f"{coin} gate-mexc"] = str(pair.kind)
    return folder, kinds


@pytest.fixture(scope="module")
def bare(made: tuple[Path, dict[str, str]], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a store with a few quotes and no instruments."""
    folder = tmp_path_factory.mktemp("bare") / "store"
    with TickStore(made[0]) as source, TickStore(folder) as store:
        for venue in SPEC.venues:
            rows = source.quotes(venue, "ADA/USDT", SPEC.start_ns, SPEC.start_ns + 6 * 3_600 * 10**9)
            store.append("quotes", rows.with_columns(pl.lit(venue).alias("venue"), pl.lit("ADA/USDT").alias("symbol")))
    return folder


@pytest.fixture(autouse=True)
def _no_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in [one for one in os.environ if one.startswith("ARB_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("ARB_WORKERS", "1")


def _run(store: Path, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["discover", "--store", str(store), *arguments], catch_exceptions=False)


def _json(store: Path, *arguments: str) -> dict[str, Any]:
    done = _run(store, *arguments, "--json")
    assert done.exit_code == 0, done.output
    found = orjson.loads(done.stdout)
    assert isinstance(found, dict)
    return found


def test_what_pays_is_found_and_every_trap_is_refused(made: tuple[Path, dict[str, str]]) -> None:
    store, kinds = made
    found = _json(store)
    assert {row["pair"] for row in found["scores"]} == set(kinds)
    assert {row["pair"] for row in found["scores"] if row["viable"]} == {
        p for p, kind in kinds.items() if kind == "pays"
    }
    assert found["candidates"] == len(kinds)
    assert found["viable"] == list(kinds.values()).count("pays") > 0
    assert all(bool(row["reason"]) is not row["viable"] for row in found["scores"])


def test_json_has_one_shape_and_null_for_what_is_not_known(made: tuple[Path, dict[str, str]]) -> None:
    store, kinds = made
    found = _json(store, "--capital", "5000", "--entry-bps", "7", "--latency-ms", "150", "--fees", "gate=10,mexc=5")
    assert list(found) == ["verdict", "candidates", "viable", "settings", "scores", "latency", "capacity", "skipped"]
    for row in found["scores"]:
        assert list(row) == RANKED
        assert row["avg_execution_time_ms"] == 150.0
    nothing = next(row for row in found["scores"] if not row["executed_episodes"])
    assert nothing["final_score"] is None
    assert nothing["standard_error"] is None
    expected = ScoreSettings(capital_quote=5_000.0, notional_quote=500.0, entry_bps=7.0, latency_s=0.15)
    assert found["settings"] == expected.as_dict()
    assert {tuple(row) for row in found["latency"]} == {("pair", "latency_s", "mean_bps_day", "survival")}
    assert {tuple(row) for row in found["capacity"]} == {("pair", "notional_quote", "profit_quote_day", "marginal_bps")}
    assert len(found["latency"]) == len(kinds) * len(expected.latencies_s)
    assert found["skipped"] == []


def test_a_choice_of_pairs_time_and_fees_counts(made: tuple[Path, dict[str, str]]) -> None:
    store, kinds = made
    pays = next(pair.split(" ")[0] for pair, kind in kinds.items() if kind == "pays")
    one = _json(store, "--symbols", pays, "--pairs", "mexc:gate", "--end", "2025-01-06T12:00:00")
    (row,) = one["scores"]
    assert (row["pair"], row["venue_a"], row["candidates"]) == (f"{pays} mexc-gate", "mexc", 1)
    assert row["blocks"] <= 48
    half = _json(store, "--symbols", pays, "--window-days", "0.25")["scores"][0]
    assert half["blocks"] == 24
    dear = _json(store, "--symbols", pays, "--fees", "gate=100,mexc=100")["scores"][0]
    assert (dear["viable"], dear["net_episodes"]) == (False, 0)
    assert dear["reason"] == "fees"


def test_own_fees_of_the_settings_go_before_published_ones(
    made: tuple[Path, dict[str, str]], bare: Path, tmp_path: Path
) -> None:
    def fees_paid(store: Path, *more: str) -> float:
        row = _json(store, "--symbols", "ADA/USDT", *more)["scores"][0]
        return float(row["gross_spread_bps"] - row["avg_spread_bps"])

    published = fees_paid(made[0])
    (tmp_path / "arbresearch.toml").write_text(
        "[fees.gate]\nmaker_bps = 1\ntaker_bps = 1\n[fees.mexc]\nmaker_bps = 2\ntaker_bps = 2\n"
    )
    assert fees_paid(made[0]) == pytest.approx(3.0, abs=0.05)
    assert fees_paid(made[0], "--fees", "gate=2") == pytest.approx(4.0, abs=0.05)
    assert published > 4.5
    assert _json(bare)["scores"][0]["reason"] == "unverified_coin"


def _told(text: str) -> str:
    return re.sub(r"\s+", " ", text)


@pytest.mark.parametrize("width", [100, 220])
def test_tables_say_all_that_matters_whatever_the_width(
    made: tuple[Path, dict[str, str]], monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    store, kinds = made
    monkeypatch.setattr(discover, "stdout", lambda: Console(width=width))
    shown = _run(store)
    assert shown.exit_code == 0
    assert "…" not in shown.stdout
    assert max(len(line) for line in shown.stdout.splitlines()[:-1]) <= width
    found = _json(store)
    told = _told(shown.stdout)
    for row in found["scores"]:
        if row["viable"]:
            assert f"{row['rank']} {row['pair']} {row['final_score']:,.1f} {row['mean_bps_day']:,.1f} " in told
    for reason in {row["reason"] for row in found["scores"] if row["reason"]}:
        assert reason.replace("_", " ") in told
    assert told.rstrip().endswith(found["verdict"])
    every = _told(_run(store, "--all").stdout)
    latency = f" {found['scores'][0]['avg_execution_time_ms']:.0f} ms "
    assert every.count(latency) >= len(kinds)
    assert "more; --top shows more rows" in _run(store, "--all", "--top", "3").stdout


def test_nothing_viable_and_nothing_measured_are_answers(made: tuple[Path, dict[str, str]]) -> None:
    dear = _run(made[0], "--fees", "gate=100,mexc=100")
    assert dear.exit_code == 0
    assert "viable pairs" not in dear.stdout
    assert "pairs compared is viable" in dear.stdout
    later = _run(made[0], "--start", "2026-01-01")
    assert later.exit_code == 0
    assert "no overlap" in later.stdout
    assert f"None of {len(made[1])} pairs could be measured" in later.stdout
    one = _json(made[0], "--start", "2026-01-01", "--symbols", "ADA/USDT")
    assert one["verdict"].startswith("The one pair could not be measured; ADA/USDT gate-mexc: the two streams share no")
    assert (one["scores"], [row["reason"] for row in one["skipped"]]) == ([], ["no_overlap"])


def test_watching_prints_a_line_a_round(made: tuple[Path, dict[str, str]]) -> None:
    store, kinds = made
    done = _run(store, "--watch", "--rounds", "2", "--every", "0", "--json")
    assert done.exit_code == 0, done.output
    rounds = [orjson.loads(line) for line in done.stdout.splitlines()]
    assert [(one["round"], one["changed"]) for one in rounds] == [(1, True), (2, False)]
    assert rounds[0]["as_of_ns"] == SPEC.start_ns + 95 * 900 * 10**9
    assert rounds[0]["board"] == rounds[1]["board"]
    assert {tuple(row) for row in rounds[0]["board"]} == {tuple(BOARD.names())}
    assert {row["state"] for row in rounds[0]["board"]} == {"new"}
    assert [row["pair"] for row in rounds[0]["board"]] == [row["pair"] for row in rounds[0]["scores"]]
    shown = _run(store, "--watch", "--rounds", "2", "--every", "0").stdout
    viable = list(kinds.values()).count("pays")
    assert f"data until 2025-01-06T23:45:00Z, round 1: {viable} of {len(kinds)} pairs viable, {viable} new" in shown
    assert "round 2: nothing new" in shown
    for pair, kind in kinds.items():
        assert (pair in shown) is (kind == "pays")
    assert "why" not in shown


def test_a_round_tells_what_rose_what_fades_and_what_is_gone(store: TickStore) -> None:
    falling = [value + wave for value in (8.0, 6.0, 4.0, 2.0, 1.0) for wave in [0.5, -0.5] * 48]
    a, b, c = (f"{coin}/USDT gate-mexc" for coin in "ABC")
    board = ScoreBoard(store)
    board.update(ranking_of(viable(a, 9.0), viable(b, 5.0), viable(c, 1.0)))
    rows = [viable(b, 6.5, mean_bps_day=4.2), viable(a, 4.0), refused(c, "latency")]
    ranking = ranking_of(*rows, profits={b: falling, a: [1.0]}, end_ns=START + BLOCK)
    seen = Board(2, START + BLOCK, True, board.update(ranking), ranking, ())
    assert round_sentence(seen) == (
        "data until 2024-10-04T00:15:00Z, round 2: 2 of 3 pairs viable, 1 gone, 1 fading, 1 down"
    )
    assert gone(seen) == [f"gone: {c}: gone before an order arrives (because of latency)"]
    console = Console(width=100, record=True, file=StringIO())
    console.print(board_table(seen, 20, False))
    lines = [_told(line).strip() for line in console.export_text().splitlines()]
    assert f"1 +1 {b} fading 6.5 +1.5 1.0 24 % -1.00* 2024-10-04 00:00" in lines
    assert f"2 -1 {a} down 4.0 -5.0 1.0 10 % - 2024-10-04 00:00" in lines
    assert not any(c in line for line in lines)
    assert board_table(seen, None, True).row_count == 3


def test_watching_tells_that_a_board_was_damaged(made: tuple[Path, dict[str, str]]) -> None:
    store, _ = made
    arguments = ["--watch", "--rounds", "1", "--entry-bps", "6"]
    (history,) = _boards_of(store, *arguments)
    rows = pl.read_parquet(history)
    assert rows["viable"].any()
    history.write_bytes(history.read_bytes()[:100])
    done = _run(store, *arguments)
    assert f"the board was damaged and is now {history.with_name('history.damaged-1.parquet')}" in done.stderr
    assert pl.read_parquet(history).equals(rows)


def _boards_of(store: Path, *arguments: str) -> set[Path]:
    before = set(store.glob("_scores/board-*/history.parquet"))
    assert _run(store, *arguments).exit_code == 0
    return set(store.glob("_scores/board-*/history.parquet")) - before


def test_an_interrupt_ends_watching_with_zero(made: tuple[Path, dict[str, str]]) -> None:
    program = [str(Path(sys.executable).with_name("arb")), "discover", "--store", str(made[0]), "--watch", "--json"]
    process = subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert orjson.loads(process.stdout.readline())["round"] == 1
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 0
    assert said == "stopped after 1 round\n"


@pytest.mark.parametrize(
    ("arguments", "kind", "message"),
    [
        (["--pairs", "mexc:okx"], BadInput, "one with quotes in the store: gate, mexc, was 'okx'"),
        (["--pairs", "mexc"], BadInput, "two venue ids such as mexc:gate"),
        (["--symbols", "NOPE/USDT"], BadInput, "symbol: expected one in the store"),
        (["--fees", "gate"], BadInput, "--fees: expected bps by venue such as gate=10,mexc=5, was 'gate'"),
        (["--fees", "gate=ten"], BadInput, "--fees: expected bps by venue"),
        (["--fees", "=5"], BadInput, "--fees: expected bps by venue"),
        (["--fees", "okx=5"], BadInput, "was 'okx'"),
        (["--notional", "9000"], ParameterError, "an order may take a quarter of the capital"),
        (["--window-days", "-1"], ParameterError, "window_days: expected days above zero"),
        (["--end", "nonsense"], ParameterError, "expected ISO 8601"),
        (["--rounds", "3"], BadInput, "--rounds: expected --watch, was 3; leave it out"),
        (["--every", "3"], BadInput, "--every: expected --watch"),
        (["--watch", "--start", "2025-01-06"], BadInput, "--start: expected no --watch"),
        (["--watch", "--every", "-1"], ParameterError, "every_s: expected seconds, zero or more"),
    ],
)
def test_bad_input_is_named(
    made: tuple[Path, dict[str, str]], arguments: list[str], kind: type[Exception], message: str
) -> None:
    done = CliRunner().invoke(app, ["discover", "--store", str(made[0]), *arguments])
    assert isinstance(done.exception, kind)
    assert message in str(done.exception)
    assert getattr(done.exception, "exit_code", None) == 2


def test_fees_that_nobody_gave_are_asked_for(bare: Path) -> None:
    done = CliRunner().invoke(app, ["discover", "--store", str(bare)])
    assert isinstance(done.exception, BadInput)
    assert "fees: expected a taker fee for every stream, was none for gate ADA/USDT, mexc ADA/USDT" in str(
        done.exception
    )
    found = _json(bare, "--fees", "gate=10,mexc=5")
    assert [row["reason"] for row in found["scores"]] == ["unverified_coin"]


def test_help_explains_every_option() -> None:
    shown = _told(CliRunner().invoke(app, ["discover", "--help"], env={"COLUMNS": "200"}).stdout)
    for option in ("--pairs", "--fees", "--window-days", "--watch", "--every", "--rounds", "--top", "--all", "--json"):
        assert option in shown
    assert "asked for, never assumed" in shown
