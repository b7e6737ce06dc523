"""Sweeps: the same run with one assumption changed, against runs made one by one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import polars as pl
import pytest

from arbresearch.backtest.config import BacktestConfig
from arbresearch.backtest.engine import SpotArbitrageBacktester
from arbresearch.backtest.names import modes_named
from arbresearch.backtest.result import BacktestResult
from arbresearch.backtest.sweeps import both_legs_share, latency_sweep, median_latency_s, rule_bracket
from arbresearch.core import BadInput, FeeSchedule
from arbresearch.matching import Rule
from arbresearch.store import TickStore
from tests.backtest.input_kit import add_instrument, add_quotes, add_trades
from tests.backtest.result_kit import MARKET, VENUES, minute, terms_of

FREE = {venue: FeeSchedule(0.0, 0.0) for venue in ("mexc", "gate")}
CONFIG = BacktestConfig(fees=FREE, position_size_usd=500.0, max_unchanged_s=1e6, sell_b_threshold_bps=100.0)


@pytest.fixture
def rich(store: TickStore) -> TickStore:
    """Return a store where MEXC bids 100.49 while Gate asks 100.01, once, for two seconds."""
    add_quotes(store, "mexc", range(600), [100.5 if 300 <= second < 302 else 100.0 for second in range(600)])
    add_quotes(store, "gate", range(600))
    for venue in ("mexc", "gate"):
        add_instrument(store, venue)
    return store


def test_latencies_as_if_run_one_by_one(rich: TickStore) -> None:
    sweep = latency_sweep(SpotArbitrageBacktester(rich), "A/USDT", CONFIG, [2.5, 0.0, 2.5, 1.0])
    assert sweep["latency_s"].to_list() == [0.0, 1.0, 2.5]
    for row in sweep.iter_rows(named=True):
        alone = SpotArbitrageBacktester(rich).run("A/USDT", replace(CONFIG, latency_ms=1e3 * row["latency_s"]))
        assert row["pairs"] == alone.pairs.height
        assert row["profit_quote_day"] == pytest.approx(alone.equity["spread_quote"][-1] / alone.summary.days)
        assert row["bps_day"] == pytest.approx(row["profit_quote_day"] / alone.summary.capital_quote * 1e4)
    # At once both legs fill; after two and a half seconds MEXC bids 99.99 again.
    assert sweep["both_legs"].to_list()[0] == 1.0
    assert sweep["both_legs"].to_list()[2] == 0.0
    assert sweep["one_leg_rate"].to_list()[2] == 1.0
    assert sweep["fill_ratio"].to_list()[0] == 1.0


def test_a_sweep_reads_nothing_again(rich: TickStore, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = SpotArbitrageBacktester(rich)
    engine.run("A/USDT", CONFIG)

    def refuse(*_: Any, **__: Any) -> pl.DataFrame:
        raise AssertionError

    monkeypatch.setattr(TickStore, "read", refuse)
    assert latency_sweep(engine, "A/USDT", CONFIG, [0.0, 0.5]).height == 2


def test_no_latency_is_refused(rich: TickStore) -> None:
    with pytest.raises(BadInput, match="latencies_s: expected at least one"):
        latency_sweep(SpotArbitrageBacktester(rich), "A/USDT", CONFIG, [])


def test_rules_as_if_run_one_by_one(rich: TickStore) -> None:
    add_trades(rich, "mexc", [float(second) for second in range(1, 600)], [3.0] * 599, side=["buy"] * 599)
    makers = replace(CONFIG, modes=modes_named(["maker"]), sell_a_threshold_bps=-50.0, sell_b_threshold_bps=-50.0)
    engine = SpotArbitrageBacktester(rich)
    bracket = rule_bracket(engine, "A/USDT", makers)
    assert bracket["rule"].to_list() == ["touch", "queue", "through"]
    for row in bracket.iter_rows(named=True):
        alone = engine.run("A/USDT", replace(makers, fill_rule=Rule(row["rule"])))
        assert row["fill_ratio"] == pytest.approx(alone.summary.fill_ratio_maker, nan_ok=True)
        assert row["pairs"] == alone.pairs.height > 0
    assert bracket["fill_ratio"].to_list() == sorted(bracket["fill_ratio"].to_list(), reverse=True)
    none = rule_bracket(engine, "A/USDT", CONFIG)
    assert none.is_empty()
    assert none.schema == bracket.schema


def test_shares_and_latency_of_a_run_counted_by_hand() -> None:
    result = BacktestResult.build(minute(), MARKET, terms_of(), symbol="A/USDT", venues=VENUES)
    assert both_legs_share(result) == 0.0
    outcomes = pl.DataFrame(
        {
            "outcome": ["complete", "partial", "repaired", "unfilled", "unfilled", "open"],
            "mode": ["market_a_sell_market_b_buy"] * 4 + ["limit_a_sell_market_b_buy"] * 2,
        }
    )
    # Open ones and resting orders that nothing filled are left out: two of four.
    assert both_legs_share(replace(result, pairs=outcomes)) == 0.5
    assert median_latency_s(result) == 0.5
