"""What a backtest says: the answer, its reasons, and no more than the data hold."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import polars as pl
import pytest

from arbresearch.backtest.candles import CandleTrap
from arbresearch.backtest.result import BacktestResult
from arbresearch.backtest.summary import BacktestSummary
from arbresearch.backtest.words import (
    backtest_figures,
    backtest_status,
    backtest_tables,
    backtest_verdict,
    describe_backtest,
    describe_data,
    describe_latency,
    describe_trap,
    run_name,
)
from arbresearch.pipeline import save_result
from tests.backtest.result_kit import MARKET, VENUES, minute, terms_of

RESULT = BacktestResult.build(minute(), MARKET, terms_of(), symbol="A/USDT", venues=VENUES, warnings=["take care"])
NAN = float("nan")


def _judged(**changes: Any) -> BacktestSummary:
    found = RESULT.summary
    checks = tuple(replace(one, answer=changes.pop(one.name.replace(" ", "_"), one.answer)) for one in found.checks)
    return replace(found, checks=checks, **changes)


def test_names_as_pairs_are_written() -> None:
    assert run_name(RESULT) == "A/USDT mexc-gate"
    perpetual = replace(RESULT, config={"symbol_b": "A/USDT:USDT"})
    assert run_name(perpetual) == "A/USDT mexc-gate perp"
    assert run_name(replace(RESULT, config={"symbol_b": "1000A/USDT"})) == "A/USDT mexc-gate 1000A/USDT"


def test_no_with_its_reason() -> None:
    summary = _judged(answer="no", annual_return="no", drawdown="not enough data")
    told = backtest_verdict(RESULT, summary, 7)
    assert told.startswith("A/USDT mexc-gate: it falls short of what is wanted (annual return). ")
    # The only minute: 48.52 lost of 4,010 at the start.
    assert "3 pairs in 0.0 hours lost 48.52 USDT on 4,010: " in told
    assert "without a bound (7 compared)" in told
    assert backtest_status(summary) == "no"


def test_yes_and_not_enough_data() -> None:
    good = _judged(
        answer="yes", annual_return="yes", drawdown="yes", annual_return_bound=0.2, spread_quote=12.0, days=400.0
    )
    told = backtest_verdict(RESULT, good)
    assert told.startswith(
        "A/USDT mexc-gate: it meets what is wanted. 3 pairs in 400.0 days earned 12.00 USDT on 4,010: "
    )
    assert "at least 20.0 % with 95 % confidence (one candidate)" in told
    assert backtest_status(good) == "ok"
    open_ = _judged(answer="not enough data", annual_return="yes", drawdown="not enough data")
    assert "too little data to tell (open: drawdown). " in backtest_verdict(RESULT, open_)
    assert backtest_status(open_) == "warn"


def test_nothing_decided_and_nothing_filled() -> None:
    none = _judged(answer="no", annual_return="no", drawdown="no", pairs=0, pairs_filled=0, days=3.0)
    told = "In 3.0 days no pair was decided: no net edge passed its threshold."
    assert backtest_verdict(RESULT, none).endswith(f"(annual return, drawdown). {told}")
    assert describe_backtest(RESULT, none).endswith(told)
    unfilled = replace(none, pairs=4)
    assert backtest_verdict(RESULT, unfilled).endswith("Of 4 pairs decided in 3.0 days none filled.")


def test_words_in_a_few_paragraphs() -> None:
    told = describe_backtest(RESULT, RESULT.summary, 3)
    assert "Wanted are more than 15 % a year and a drawdown under 10 %, which decide" in told
    assert "a win rate above 60 % and a reward to risk of 2." in told
    assert "without a bound, for that takes 20 whole blocks" in told
    # Twenty coins at 101.25 that were worth 100.5.
    assert "did to the inventory, 15.00 USDT, is counted apart" in told
    assert "4 pairs were decided and 3 filled" in told
    assert "met a book 500 ms after" in told
    assert "No complete day says little" in told
    bounded = replace(RESULT.summary, lower_bound_bps_day=-3.25, complete_days=1)
    assert "at least **−3.2** with 95 % confidence (3 compared)" in describe_backtest(RESULT, bounded, 3)
    assert "1 complete day says little" in describe_backtest(RESULT, bounded, 3)


def test_warnings_are_told() -> None:
    assert "- take care\n" in f"{describe_data(RESULT)}\n"
    assert describe_data(replace(RESULT, warnings=())) == "4 recorded rows. No warning."


def test_latency_from_end_to_end() -> None:
    sweep = pl.DataFrame({"latency_s": [0.0, 2.0], "pairs": [9, 8], "bps_day": [12.34, -1.0], "both_legs": [1.0, 0.5]})
    told = describe_latency(sweep, 0.25)
    assert told.startswith("From 0 ms to 2 s the profit goes from **12.3 to −1.0** bps a day")
    assert told.endswith("from 100.0 % to 50.0 %. In the run itself the median order met a book after 250 ms.")
    assert describe_latency(sweep, NAN).endswith("50.0 %.")
    assert describe_latency(sweep.with_columns(pairs=0), 0.25) == "No pair was decided at any latency."


def test_a_trap_in_a_sentence() -> None:
    table = pl.DataFrame({"way": ["c", "b", "t"], "trades": [5, 5, 0], "profit_quote": [12.5, -0.5, 0.0],
                          "bps_of_notional": [50.0, -2.0, NAN]})  # fmt: skip
    trap = CandleTrap(symbol="A/USDT", venues=("mexc", "gate"), interval_s=60.0, closes=("last trade", "last middle"),
                      candles=9, trades=pl.DataFrame(), table=table)  # fmt: skip
    told = describe_trap(trap)
    assert "on closes of 1 min (the last trade and the last middle of each) makes 5 trades" in told
    assert "reports **12.50 USDT**" in told
    assert "come to **−0.50 USDT**. On ticks no pair fills: **0.00 USDT**." in told
    assert describe_trap(None) == ""


def test_figures_and_tables_are_what_a_result_holds() -> None:
    sweep = pl.DataFrame({"latency_s": [0.0]})
    tables = backtest_tables(RESULT, RESULT.summary, latency=sweep, bracket=sweep.head(0), traps=[None], candidates=9)
    figures = backtest_figures(RESULT, RESULT.summary, 9)
    shown = save_result(backtest_verdict(RESULT, RESULT.summary, 9), figures=figures, tables=tables).result
    (row,) = shown.tables["summary"]
    assert (row["pair"], row["candidates"], row["pairs_filled"]) == ("A/USDT mexc-gate", 9, 3)
    assert row["spread_quote"] == pytest.approx(RESULT.summary.spread_quote)
    assert [one["figure"] for one in shown.tables["checks"]][:2] == ["annual return", "drawdown"]
    assert len(shown.tables["waterfall"]) == RESULT.waterfall.height
    assert (shown.tables["candles"], shown.tables["warnings"][0]) == ([], {"warning": "take care"})
    assert figures["profit a day, at least"] == {"value": None, "text": "–", "note": "95 % confidence, 9 compared"}
    assert shown.figures["spread profit"].shown == "−48.52 USDT"
