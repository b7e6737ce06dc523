"""The backtester from a store to a result."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import polars as pl
import pytest

from arbresearch.backtest.config import BacktestConfig
from arbresearch.backtest.config_parts import ModeThresholds
from arbresearch.backtest.engine import SpotArbitrageBacktester
from arbresearch.backtest.reach import best_ratios
from arbresearch.core import BadInput, FeeSchedule
from arbresearch.matching import Rule
from arbresearch.matching.rows import book_rows
from arbresearch.signals.modes import MODES
from arbresearch.store import TickStore
from tests.backtest.input_kit import add_instrument, add_quotes, add_trades, both_books

FREE = {venue: FeeSchedule(0.0, 0.0) for venue in ("mexc", "gate")}
CONFIG = BacktestConfig(fees=FREE, latency_ms=0.0, position_size_usd=500.0, max_unchanged_s=1e6)


@pytest.fixture
def rich(store: TickStore) -> TickStore:
    """Return a store where MEXC bids 100.49 while Gate asks 100.01, once, for two seconds."""
    add_quotes(store, "mexc", range(600), [100.5 if 300 <= second < 302 else 100.0 for second in range(600)])
    add_quotes(store, "gate", range(600))
    for venue in ("mexc", "gate"):
        add_instrument(store, venue)
    return store


def test_one_edge_is_taken(rich: TickStore) -> None:
    result = SpotArbitrageBacktester(rich).run("A/USDT", replace(CONFIG, sell_b_threshold_bps=100.0))
    fills = result.fills.sort("venue", "fill")
    assert fills["venue"].to_list() == ["gate", "gate", "mexc", "mexc"]
    assert fills["quantity"].to_list() == [4.9, 4.9, 4.9, 4.9]
    assert fills["price"].to_list() == pytest.approx([100.01, 100.01, 100.49, 100.49])
    assert result.summary.spread_quote == pytest.approx(2 * 4.9 * 0.48, abs=0.05)
    assert result.config == replace(CONFIG, sell_b_threshold_bps=100.0).as_dict()
    assert BacktestConfig.from_dict(result.config) == replace(CONFIG, sell_b_threshold_bps=100.0)
    assert result.digest == rich.digest()


def test_latency_lets_the_edge_go(rich: TickStore) -> None:
    engine = SpotArbitrageBacktester(rich)
    late = engine.run("A/USDT", replace(CONFIG, latency_ms=2_500.0, sell_b_threshold_bps=100.0))
    assert late.summary.pairs > 0
    sold = late.fills.filter(pl.col("venue") == "mexc", pl.col("side") == "sell")
    assert sold.is_empty()


def test_runs_on_the_same_data_read_once(rich: TickStore, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    read = TickStore.read

    def counted(self: TickStore, table: str, *values: Any, **more: Any) -> pl.DataFrame:
        asked.append(table)
        return read(self, table, *values, **more)

    monkeypatch.setattr(TickStore, "read", counted)
    engine = SpotArbitrageBacktester(rich)
    engine.run("A/USDT", CONFIG)
    assert asked
    asked.clear()
    for threshold in (1.0, 10.0):
        engine.run("A/USDT", replace(CONFIG, sell_a_threshold_bps=threshold, latency_ms=threshold))
    assert not asked
    add_quotes(rich, "gate", [700.0])
    add_quotes(rich, "mexc", [700.0])
    assert engine.load("A/USDT", CONFIG).market[0].book.recv_ns.size == 601


def test_own_fees_come_before_published_ones(rich: TickStore) -> None:
    engine = SpotArbitrageBacktester(rich, own_fees=FREE)
    result = engine.run("A/USDT", replace(CONFIG, fees={}))
    assert result.fills["fee_quote"].to_list() == [0.0] * 4
    assert any(one.startswith("fees of gate A/USDT: own account") for one in result.notes)


def test_thresholds_above_every_edge(rich: TickStore) -> None:
    engine = SpotArbitrageBacktester(rich)
    result = engine.run("A/USDT", replace(CONFIG, sell_a_threshold_bps=60.0, sell_b_threshold_bps=60.0))
    assert result.fills.is_empty()
    want = 1e4 * (100.49 / 100.01 - 1.0)
    (words,) = [one for one in result.warnings if "these thresholds cannot trade" in one]
    assert f"largest net edge that ever occurred was {want:.2f} bps (MARKET_A_SELL_MARKET_B_BUY)" in words
    assert "its threshold is 60 bps" in words


def test_nothing_traded_for_another_reason(rich: TickStore) -> None:
    """Gate says the same for five minutes, so it is no market when MEXC moves away from it."""
    result = SpotArbitrageBacktester(rich).run("A/USDT", replace(CONFIG, max_unchanged_s=60.0))
    assert result.fills.is_empty()
    (words,) = [one for one in result.warnings if "nothing was traded although the largest net edge" in one]
    assert "quotes were stale" in words


def test_reach_of_resting_orders(rich: TickStore) -> None:
    fees = {"mexc": FeeSchedule(0.0001, 0.0005), "gate": FeeSchedule(0.0002, 0.0006)}
    for mode, want in (
        (MODES[2], 100.51 * (1 + 3e-4) * (1 - 0.0001) / (100.01 * (1 + 0.0006))),
        (MODES[3], 100.49 * (1 - 0.0005) / (99.99 * (1 - 3e-4) * (1 + 0.0002))),
    ):
        config = replace(
            CONFIG,
            fees=fees,
            modes=(mode,),
            quote_depth_bps=3.0,
            overrides=(ModeThresholds(mode=mode, entry_bps=100.0),),
        )
        result = SpotArbitrageBacktester(rich).run("A/USDT", config)
        (words,) = [one for one in result.warnings if "cannot trade" in one]
        assert f"was {1e4 * (want - 1):.2f} bps ({mode.name})" in words


def test_best_ratios_skip_what_is_no_market() -> None:
    def book(*rows: tuple[int, float, float]) -> Any:
        times, bids, asks = zip(*rows, strict=True)
        ones = [1.0] * len(rows)
        return book_rows(pl.DataFrame({"recv_ns": times, "bid": bids, "bid_size": ones, "ask": asks, "ask_size": ones}))

    crossed, nan = (2, 9.0, 8.0), float("nan")
    found = best_ratios(book((1, 4.0, 5.0), crossed, (3, nan, 5.0), (4, 4.0, 5.0)), book((1, 2.0, 3.0), (4, 1.0, 2.0)))
    assert found == pytest.approx((2.0, 0.4, 2.5, 0.6, 4.0, 0.5))
    never = best_ratios(book((1, 4.0, 5.0)), book((1, nan, nan)))
    assert all(one != one for one in never)


def test_bracket_of_resting_orders(store: TickStore) -> None:
    both_books(store)
    for venue in ("mexc", "gate"):
        add_trades(store, venue, [100.5, 200.5], [3.0, 30.0], price=[100.01, 100.01])
    config = replace(CONFIG, modes=MODES[2:3], sell_a_threshold_bps=-5.0, quote_ttl_s=1_000.0)
    found = SpotArbitrageBacktester(store).bracket("A/USDT", config)
    made = {rule: float(one.fills.filter(pl.col("role") == "maker")["quantity"].sum()) for rule, one in found.items()}
    assert list(made) == list(Rule)
    assert made[Rule.TOUCH] >= made[Rule.QUEUE] >= made[Rule.THROUGH]
    assert made[Rule.TOUCH] > 0.0
    assert made[Rule.THROUGH] == 0.0


def test_errors_reach_the_caller(rich: TickStore) -> None:
    engine = SpotArbitrageBacktester(rich)
    with pytest.raises(BadInput, match="quotes of okx A/USDT"):
        engine.run("A/USDT", replace(CONFIG, venue_b="okx", fees={}))
    with pytest.raises(BadInput, match="common lot"):
        engine.run("A/USDT", replace(CONFIG, position_size_usd=1.0))


def test_defaults_are_mexc_and_gate(rich: TickStore) -> None:
    result = SpotArbitrageBacktester(rich).run("A/USDT")
    assert result.venues == ("mexc", "gate", "")
    assert result.config == BacktestConfig().as_dict()
