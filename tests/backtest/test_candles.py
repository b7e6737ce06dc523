"""The candle trap: closes of candles traded as candle backtests do, counted by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from arbresearch.backtest.candles import candle_trap, closing_prices, first_trap, trade_closes, trap_table
from arbresearch.backtest.config import BacktestConfig
from arbresearch.backtest.engine import SpotArbitrageBacktester
from arbresearch.backtest.terms import RunTerms, VenueTerms
from arbresearch.core import NS_PER_MINUTE, FeeSchedule, ParameterError
from arbresearch.store import TickStore
from tests.backtest.input_kit import DAY, add_instrument, add_quotes, add_trades, both_books
from tests.backtest.result_kit import terms_of

NAN = float("nan")
FREE = {venue: FeeSchedule(0.0, 0.0) for venue in ("mexc", "gate")}
CONFIG = BacktestConfig(fees=FREE, latency_ms=0.0, position_size_usd=500.0, max_unchanged_s=1e6)


def _traded(terms: RunTerms, close_a: list[float], close_b: list[float]) -> list[tuple[int, bool, float, float]]:
    ends = np.arange(len(close_a), dtype=np.int64)
    frame = trade_closes(ends, np.array(close_a), np.array(close_b), terms)
    return [(time, sell, round(many, 9), round(profit, 9)) for time, sell, many, profit in
            frame.select("time_ns", "sell_a", "quantity", "profit_quote").iter_rows()]  # fmt: skip


def test_a_close_is_the_last_price_before_the_end() -> None:
    times, prices = np.array([0, 10, 20], dtype=np.int64), np.array([1.0, 2.0, 3.0])
    ends = np.array([0, 10, 11, 20, 99], dtype=np.int64)
    np.testing.assert_array_equal(closing_prices(times, prices, ends), [NAN, 1.0, 2.0, 2.0, 3.0])
    np.testing.assert_array_equal(closing_prices(times[:0], prices[:0], ends[:2]), [NAN, NAN])


def test_closes_are_traded_either_way_after_fees() -> None:
    # Both fees are 10 bps: 2 (102 x 0.999 - 100 x 1.001) = 3.596, then 2 (101 x 0.999 - 99 x 1.001) = 3.6.
    found = _traded(terms_of(), [100.0, 102.0, NAN, 99.0], [100.0, 100.0, 100.0, 101.0])
    assert found == [(1, True, 2.0, 3.596), (3, False, 2.0, 3.6)]


def test_inventory_runs_out() -> None:
    # B holds 1,000: four times 200.2 for 2.0, and 199.2 buys 1.9; then A has 0.1 and B 9.01 left.
    found = _traded(terms_of(), [102.0] * 7, [100.0] * 7)
    assert [many for _, _, many, _ in found] == [2.0, 2.0, 2.0, 2.0, 1.9]


def test_the_exit_threshold_holds_where_inventory_comes_back() -> None:
    terms = replace(terms_of(), entry_bps=(300.0,) * 6, exit_bps=(0.0,) * 6)
    # 180 bps is below the entry, 379 is not; coming back 1.3 bps will do, once: then it tilts the other way.
    assert _traded(terms, [102.0, 104.0, 99.8, 99.8], [100.0, 100.0, 100.0133, 100.0133]) == [
        (1, True, 2.0, round(2 * (104.0 * 0.999 - 100.0 * 1.001), 9)),
        (2, False, 2.0, round(2 * (100.0133 * 0.999 - 99.8 * 1.001), 9)),
    ]


def test_only_directions_that_are_enabled_and_orders_that_venues_take() -> None:
    one_way = replace(terms_of(), enabled=(False, True, False, False, False, False))
    assert [sell for _, sell, _, _ in _traded(one_way, [102.0, 98.0], [100.0, 100.0])] == [False]
    venue = replace(terms_of().venues[1], min_notional=250.0)
    dear = replace(terms_of(), venues=(terms_of().venues[0], venue, terms_of().venues[2]))
    assert _traded(dear, [102.0], [100.0]) == []


def test_a_perpetual_sells_what_its_margin_carries() -> None:
    spot = replace(terms_of().venues[0], quote_start=10_000.0)
    perpetual = VenueTerms(maker_rate=0.0, taker_rate=0.0, lot=0.1, perpetual=True, leverage=2.0, quote_start=153.0)
    terms = replace(terms_of(), venues=(spot, perpetual, terms_of().venues[2]))
    # Sold at 102: 2 x 153 / 102 = 3.0 in all, 2.0 at once.
    found = _traded(terms, [100.0] * 3, [102.0] * 3)
    assert [(sell, many) for _, sell, many, _ in found] == [(False, 2.0), (False, 1.0)]


@pytest.fixture
def echo(store: TickStore) -> TickStore:
    """Return a store whose books stand at 100 on both venues, while MEXC's last trade was at 100.5."""
    both_books(store)
    add_trades(store, "mexc", [5.0], [1.0], price=[100.5])
    add_trades(store, "gate", [5.0], [1.0])
    return store


def test_candles_report_profit_where_ticks_report_none(echo: TickStore) -> None:
    trap = candle_trap(SpotArbitrageBacktester(echo), "A/USDT", CONFIG)
    # Nine minutes end in the ten that are recorded. MEXC holds 25 coins, 5 are sold a minute: 25 x 0.5 is reported,
    # at the bid of 99.99 and the ask of 100.01 the same trades lose 25 x 0.02.
    assert (trap.name, trap.closes, trap.candles, trap.is_trap) == ("A/USDT mexc-gate", ("last trade",) * 2, 9, True)
    assert trap.trades["time_ns"].to_list() == [DAY + minute * NS_PER_MINUTE for minute in range(1, 6)]
    assert trap.profits == pytest.approx((12.5, -0.5, 0.0))
    assert trap.table["trades"].to_list() == [5, 5, 0]
    assert trap.table["bps_of_notional"].to_list() == pytest.approx([50.0, -2.0, NAN], nan_ok=True)


def test_without_trades_a_close_is_the_last_middle(store: TickStore) -> None:
    add_quotes(store, "mexc", range(600), [100.5 if 300 <= second < 302 else 100.0 for second in range(600)])
    add_quotes(store, "gate", range(600))
    for venue in ("mexc", "gate"):
        add_instrument(store, venue)
    trap = candle_trap(SpotArbitrageBacktester(store), "A/USDT", CONFIG, interval_s=100.5)
    assert trap.closes == ("last middle", "last middle")
    assert trap.trades.is_empty()
    assert trap.profits[2] > 0.0
    assert not trap.is_trap
    # The second 301 of that day, and none other from 300 to 302, is a whole multiple of 73 since 1970.
    whole = candle_trap(SpotArbitrageBacktester(store), "A/USDT", CONFIG, interval_s=73.0)
    assert (DAY // 10**9 + 301) % 73 == 0
    assert whole.trades.select("time_ns", "quantity", "sell_price", "buy_price").rows() == [
        (DAY + 301 * 10**9, 5.0, 100.5, 100.0)
    ]


def test_the_first_trap_by_alphabet(echo: TickStore) -> None:
    for venue in ("mexc", "gate"):
        add_quotes(echo, venue, range(600), symbol="B/USDT")
        add_instrument(echo, venue, "B/USDT")
        add_quotes(echo, venue, range(600), symbol="0/USDT")
        add_instrument(echo, venue, "0/USDT", lot=50.0, min_quantity=50.0)
    config = replace(CONFIG, fees={**FREE, "gate B/USDT": FeeSchedule(0.0, 0.0)})
    engine = SpotArbitrageBacktester(echo)
    found = first_trap(engine, config)
    assert found is not None
    assert found.name == "A/USDT mexc-gate"
    assert first_trap(engine, config, at_most=1) is None
    table = trap_table(found, None)
    assert table["pair"].unique().to_list() == ["A/USDT mexc-gate"]
    assert table.columns == ["pair", "way", "trades", "profit_quote", "bps_of_notional"]
    assert trap_table(None).is_empty()


def test_an_interval_below_a_second_is_refused(echo: TickStore) -> None:
    with pytest.raises(ParameterError, match="interval_s: expected a second or more"):
        candle_trap(SpotArbitrageBacktester(echo), "A/USDT", CONFIG, interval_s=0.5)
