"""``arb backtest`` as a user types it: what it finds, what it prints, what it saves, what it refuses."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import orjson
import pytest
from rich.console import Console
from typer.testing import CliRunner, Result

from arbresearch.backtest.codes import OneLegPolicy
from arbresearch.backtest.config import BacktestConfig
from arbresearch.backtest.engine import SpotArbitrageBacktester
from arbresearch.backtest.result import BacktestResult
from arbresearch.cli import app, backtest
from arbresearch.core import BadInput, FeeSchedule, ParameterError
from arbresearch.matching import Rule
from arbresearch.sample import SampleSpec, generate
from arbresearch.signals.modes import Mode
from arbresearch.store import TickStore

SPEC = SampleSpec(symbols=12, days=1, venues=("mexc", "gate"), quotes_per_day=4_000)
Made = tuple[Path, str, str]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Return a store, a symbol that pays between its venues, and one that does not."""
    folder = tmp_path_factory.mktemp("backtest") / "store"
    with TickStore(folder) as store:
        truth = generate(store, SPEC)
    kinds = {str(pair.kind): pair.symbol for pair in reversed(truth.pairs) if ":" not in pair.symbol}
    return folder, kinds["pays"], kinds["none"]


@pytest.fixture(autouse=True)
def _no_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in [one for one in os.environ if one.startswith("ARB_")]:
        monkeypatch.delenv(name)


def _run(made: Made, *arguments: str, symbol: str = "") -> Result:
    named = ["--symbol", symbol or made[1], "--sell-venue", "mexc", "--buy-venue", "gate"]
    return CliRunner().invoke(app, ["backtest", "--store", str(made[0]), *named, *arguments], catch_exceptions=False)


def _json(made: Made, *arguments: str, symbol: str = "") -> dict[str, Any]:
    done = _run(made, *arguments, "--json", symbol=symbol)
    assert done.exit_code == 0, done.output
    found = orjson.loads(done.stdout)
    assert isinstance(found, dict)
    return found


def _told(text: str) -> str:
    return re.sub(r"\s+", " ", text)


def test_what_pays_and_what_does_not(made: Made) -> None:
    good, bad = _json(made), _json(made, symbol=made[2])
    assert good["summary"]["spread_quote"] > 0.0
    assert good["summary"]["pairs_filled"] > 20
    assert good["verdict"].startswith(f"{made[1]} mexc-gate: too little data to tell (open: drawdown).")
    assert (bad["summary"]["pairs"], bad["answer"]) == (0, "no")
    assert any("cannot trade" in one for one in bad["warnings"])


def test_json_is_the_run_itself(made: Made) -> None:
    found = _json(made)
    config = BacktestConfig(
        sell_a_threshold_bps=5.0, sell_b_threshold_bps=5.0, capital_quote=1e4, enable_transfers=False
    )
    with TickStore(made[0], create=False) as store:
        run = SpotArbitrageBacktester(store).run(made[1], config)
    assert list(found) == ["pair", "verdict", "answer", "candidates", "summary", "waterfall", "days", "markouts",
                           "settings", "notes", "warnings", "digest"]  # fmt: skip
    assert found["settings"] == config.as_dict()
    assert found["summary"] == orjson.loads(orjson.dumps(run.summary.as_dict()))
    assert [row["profit_quote"] for row in found["waterfall"]] == run.waterfall["profit_quote"].to_list()
    assert found["digest"] == run.digest


def test_options_reach_the_run(made: Made) -> None:
    settings = _json(
        made, "--threshold-bps", "7", "--reverse-threshold-bps", "3", "--exit-bps", "1", "--one-way", "--size", "500",
        "--modes", "taker,limit_a_sell_market_b_buy", "--capital", "8000", "--latency-ms", "150", "--one-leg", "unwind",
        "--price-band-bps", "4", "--max-age-s", "30", "--in-flight", "2", "--max-hold-minutes", "90", "--fill-rule",
        "through", "--daily-loss", "25", "--fees", "gate=8,mexc=0/4", "--start", "2025-01-06T06:00:00", "--end",
        "2025-01-06T12:00:00",
    )["settings"]  # fmt: skip
    expected = BacktestConfig(
        sell_a_threshold_bps=7.0, sell_b_threshold_bps=3.0, sell_a_exit_bps=1.0, sell_b_exit_bps=1.0,
        modes=(Mode.MARKET_A_SELL_MARKET_B_BUY, Mode.LIMIT_A_SELL_MARKET_B_BUY), position_size_usd=500.0,
        capital_quote=8e3, latency_ms=150.0, one_leg=OneLegPolicy.UNWIND, price_band_bps=4.0, max_age_s=30.0,
        max_in_flight=2, max_hold_time_minutes=90.0, fill_rule=Rule.THROUGH, daily_loss_quote=25.0,
        enable_transfers=False, start="2025-01-06T06:00:00", end="2025-01-06T12:00:00",
        fees={"gate": FeeSchedule.from_bps(8, 8, tier="given"), "mexc": FeeSchedule.from_bps(0, 4, tier="given")},
    )  # fmt: skip
    assert settings == expected.as_dict()
    moved = _json(made, "--transfers", "--end", "2025-01-06T03:00:00")
    assert moved["settings"]["enable_transfers"] is True


def test_candidates_lower_the_bound_alone(made: Made) -> None:
    one, many = _json(made), _json(made, "--candidates", "50")
    assert many["summary"]["lower_bound_bps_day"] < one["summary"]["lower_bound_bps_day"]
    assert many["summary"]["spread_quote"] == one["summary"]["spread_quote"]
    assert "50 compared" in many["verdict"]


def test_own_fees_of_the_settings_go_before_published_ones(made: Made, tmp_path: Path) -> None:
    (tmp_path / "arbresearch.toml").write_text("[fees.gate]\nmaker_bps = 1\ntaker_bps = 1\n")
    notes = _json(made)["notes"]
    assert f"fees of gate {made[1]}: own account, maker 1 bps, taker 1 bps" in notes
    assert any(one.startswith(f"fees of mexc {made[1]}: published") for one in notes)


@pytest.mark.parametrize("width", [100, 220])
def test_tables_say_all_that_matters_whatever_the_width(
    made: Made, monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    monkeypatch.setattr(backtest, "stdout", lambda: Console(width=width))
    shown = _run(made)
    assert shown.exit_code == 0
    assert "…" not in shown.stdout
    assert max(len(line) for line in shown.stdout.splitlines()[:-1]) <= width
    found, told = _json(made), _told(shown.stdout)
    for step in ("gross", "taker fees", "net", "total"):
        profit = next(row["profit_quote"] for row in found["waterfall"] if row["step"] == step)
        assert f" {step} {profit:,.2f} ".replace("-", "−") in told
    assert "against what is wanted" in told
    assert "what became of the pairs" in told
    assert told.rstrip().endswith(found["verdict"])


def test_nothing_to_trade_is_an_answer(made: Made) -> None:
    done = _run(made, symbol=made[2])
    assert done.exit_code == 0
    assert "! these thresholds cannot trade" in done.stdout
    assert "from gross to net" not in done.stdout
    assert "what became of the pairs" not in done.stdout
    assert done.stdout.rstrip().endswith("no pair was decided: no net edge passed its threshold.")


def test_a_result_is_saved_once(made: Made, tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    done = _run(made, "--out", str(folder))
    assert f"saved in {folder}" in done.stdout.replace("\n", "")
    kept = BacktestResult.load(folder)
    assert kept.symbol == made[1]
    assert kept.summary.pairs == _json(made)["summary"]["pairs"]
    again = CliRunner().invoke(app, ["backtest", "--store", str(made[0]), "--symbol", made[1], "--sell-venue", "mexc",
                                     "--buy-venue", "gate", "--out", str(folder)])  # fmt: skip
    assert isinstance(again.exception, BadInput)
    assert "--out: expected a folder that is not there yet" in str(again.exception)


@pytest.mark.parametrize(
    ("arguments", "kind", "message"),
    [
        (["--buy-venue", "okx"], BadInput, "quotes of okx .*: expected a stream in the store"),
        (["--buy-venue", "mexc"], BadInput, "streams: expected different ones"),
        (["--symbol", "NOPE/USDT"], BadInput, "quotes of mexc NOPE/USDT"),
        (["--modes", "hope"], ParameterError, "mode: expected one of taker, maker, all"),
        (["--modes", ","], ParameterError, "modes: expected at least one"),
        (["--fees", "gate"], BadInput, "--fees: expected bps by venue such as gate=10,mexc=0/5, was 'gate'"),
        (["--fees", "gate=a/5"], BadInput, "--fees: expected bps by venue"),
        (["--fees", "=5"], BadInput, "--fees: expected bps by venue"),
        (["--fees", "okx=5"], BadInput, "fees: expected some of"),
        (["--hedge", "gate LUNC/USDT"], ParameterError, "symbol of the hedge: expected a perpetual"),
        (["--hedge", "gate"], BadInput, "hedge data of gate"),
        (["--size", "-5"], ParameterError, "position_size_usd: expected a number"),
        (["--end", "nonsense"], ParameterError, "expected ISO 8601"),
        (["--start", "2026-01-01"], BadInput, "expected quotes of both at the same time"),
    ],
)
def test_bad_input_is_named(made: Made, arguments: list[str], kind: type[Exception], message: str) -> None:
    given = {"--symbol": made[1], "--sell-venue": "mexc", "--buy-venue": "gate", "--store": str(made[0])}
    given |= dict([arguments])
    done = CliRunner().invoke(app, ["backtest", *(text for pair in given.items() for text in pair)])
    assert isinstance(done.exception, kind)
    assert re.search(message, str(done.exception))
    assert getattr(done.exception, "exit_code", None) == 2


def test_what_must_be_given() -> None:
    done = CliRunner().invoke(app, ["backtest", "--symbol", "A/USDT"])
    assert done.exit_code == 2
    assert "--sell-venue" in done.output


def test_help_explains_every_option() -> None:
    shown = _told(CliRunner().invoke(app, ["backtest", "--help"], env={"COLUMNS": "200"}).stdout)
    for option in ("--symbol", "--sell-venue", "--buy-venue", "--one-way", "--modes", "--one-leg", "--hedge", "--json",
                   "--transfers", "--fill-rule", "--latency-ms", "--candidates", "--out"):  # fmt: skip
        assert option in shown
    assert "asked for, never assumed" in shown
