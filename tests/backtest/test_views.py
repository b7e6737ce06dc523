"""The tables that a report shows of a run, against what was counted by hand."""

from __future__ import annotations

from dataclasses import replace

import polars as pl
import pytest

from arbresearch.backtest.codes import OneLegPolicy
from arbresearch.backtest.config import BacktestConfig
from arbresearch.backtest.figures import figure_table
from arbresearch.backtest.names import hedge_named, modes_named
from arbresearch.backtest.result import BacktestResult
from arbresearch.backtest.views import (
    assumptions,
    check_table,
    cost_table,
    money,
    number,
    order_table,
    outcome_table,
    percent,
    seconds,
)
from tests.backtest.result_kit import MARKET, SPREAD, VENUES, minute, terms_of

NAN = float("nan")
CONFIG = BacktestConfig(
    sell_a_threshold_bps=7.0, sell_b_threshold_bps=3.0, sell_b_exit_bps=-2.0, one_leg=OneLegPolicy.UNWIND,
    modes=modes_named(["all"]), hedge=hedge_named("binance", band_contracts=2.0), max_hold_time_minutes=1_500.0,
    daily_loss_quote=50.0,
)  # fmt: skip
RESULT = BacktestResult.build(
    minute(), MARKET, terms_of(), symbol="A/USDT", venues=VENUES, config=CONFIG.as_dict(),
    notes=["fees of mexc A/USDT: given, maker 1 bps, taker 2 bps", "no colon here"],
)  # fmt: skip


@pytest.mark.parametrize(
    ("text", "want"),
    [
        (number(-1_234.56), "−1,234.6"), (number(NAN), "–"), (number(None), "–"), (number(2.0, 0), "2"),
        (money(999.994), "999.99"), (money(-12_345.6), "−12,346"), (money(None), "–"), (money(NAN), "–"),
        (percent(0.012345), "1.23 %"), (percent(-0.5), "−50.0 %"), (percent(23.33), "2,333 %"), (percent(NAN), "–"),
        (percent(0.15, 0), "15 %"), (seconds(0.1394), "139 ms"), (seconds(0.0), "0 ms"), (seconds(59.0), "59 s"),
        (seconds(60.0), "1 min"), (seconds(5_400.0), "1.5 h"), (seconds(NAN), "–"),
    ],
)  # fmt: skip
def test_numbers_as_text(text: str, want: str) -> None:
    assert text == want


def test_assumptions_are_those_of_the_run() -> None:
    found = dict(assumptions(RESULT).iter_rows())
    assert found["A and B"] == "mexc A/USDT and gate A/USDT"
    assert found["time"] == "2024-01-01 00:00 to 2024-01-01 00:01 UTC, 0.00 days"
    assert found["modes"] == "all six: both legs take, or one of them rests"
    assert found["net edge above, to tilt inventory"] == "7 selling on A, 3 on B bps"
    assert found["net edge above, to bring it back"] == "7 selling on A, -2 on B bps"
    # 20 coins at the first mark of 100.5, and 2,000.
    assert found["capital"] == "4,010 USDT, 50.1 % in coin"
    assert found["where one leg fills more"] == "the excess is undone; undone after 5 s"
    assert found["inventory comes back"] == "by the other direction at rebalancing cost, after 1,500 min of tilt"
    assert found["a day ends at a loss of"] == "50.00 USDT"
    assert found["resting orders fill by"] == "queue"
    assert found["hedge"] == "perpetual on binance, band 2 contracts"
    assert found["fees of mexc A/USDT"] == "given, maker 1 bps, taker 2 bps"
    assert found["note"] == "no colon here"
    plain = dict(assumptions(replace(RESULT, config={})).iter_rows())
    assert plain["modes"] == "both legs take, either direction"
    assert (plain["resting orders fill by"], plain["hedge"]) == ("no order rests", "none")
    assert plain["a day ends at a loss of"] == "no limit"
    one = replace(RESULT, config=BacktestConfig(modes=modes_named(["taker"], one_way=True)).as_dict())
    assert dict(assumptions(one).iter_rows())["modes"] == "market a sell market b buy"


def test_what_became_of_pairs() -> None:
    rows = {row[0]: row[1:4] for row in outcome_table(RESULT).iter_rows()}
    counts = {name: pairs for name, (pairs, _, _) in rows.items()}
    assert counts == {"repaired": 1, "residual": 1, "unfilled": 1, "open": 1}
    assert rows["repaired"][1] == 0.25
    profits = RESULT.pairs["profit_quote"].to_list()
    assert [rows[name][2] for name in ("repaired", "residual", "open")] == pytest.approx(
        [profits[0], profits[1], profits[3]]
    )


def test_orders_by_venue_role_and_reason() -> None:
    table = order_table(RESULT)
    assert table.columns == ["venue", "role", "why", "orders", "filled", "not_filled", "rejected"]
    assert table.rows() == [
        ("mexc", "maker", "leg as decided", 1, pytest.approx(1 / 3), 0, 0),
        ("mexc", "taker", "leg as decided", 2, pytest.approx(2 / 3), 1, 0),
        ("gate", "taker", "leg as decided", 1, 0.75, 0, 0),
    ]


def test_costs_add_up_and_are_explained() -> None:
    table = cost_table(RESULT)
    values = dict(table.select("step", "profit_quote").iter_rows())
    assert values["net"] == pytest.approx(SPREAD)
    steps = [value for step, value in values.items() if step not in ("net", "inventory", "total")]
    assert sum(steps) == pytest.approx(SPREAD)
    assert values["total"] == pytest.approx(values["net"] + values["inventory"])
    assert "liquidation" not in values
    assert table["meaning"].null_count() == 0


def test_every_step_and_every_reason_has_a_meaning() -> None:
    whole = replace(RESULT, waterfall=RESULT.waterfall.with_columns(profit_quote=pl.lit(1.0)))
    assert cost_table(whole).height == RESULT.waterfall.height
    assert cost_table(whole)["meaning"].null_count() == 0


def test_checks_as_they_were_answered() -> None:
    table = check_table(RESULT.summary)
    assert table["figure"].to_list() == ["annual return", "drawdown", "win rate", "reward to risk"]
    assert table["wanted"].to_list() == ["above 15.0 %", "under 10.0 %", "above 60.0 %", "above 2.00"]
    assert table["answer"].to_list() == [one.answer for one in RESULT.summary.checks]
    assert set(zip(table["answer"], table["status"], strict=True)) <= {
        ("yes", "ok"), ("no", "no"), ("not enough data", "warn")
    }  # fmt: skip


def test_figures_with_their_units_and_meanings() -> None:
    table = figure_table(RESULT, RESULT.summary)
    found = dict(table.select("figure", "value").iter_rows())
    assert found["spread profit"] == "−48.52 USDT"
    assert found["latency"] == "500 ms"
    assert found["orders, fills, refused"] == "4, 7, 0"
    assert found["transfers, failed"] == "2, 1"
    assert found["mean of a day, at least"] == "– bps"
    assert table["meaning"].str.len_chars().min() > 5  # type: ignore[operator]
