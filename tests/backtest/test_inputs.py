"""What is read from a store: arrays, spans, clocks, funding, and what is said of bad data."""

from __future__ import annotations

from dataclasses import replace
from math import sqrt
from typing import Any

import numpy as np
import polars as pl
import pytest

from arbresearch.backtest import recordings
from arbresearch.backtest.config import BacktestConfig
from arbresearch.backtest.config_parts import HedgeConfig, ImpactConfig
from arbresearch.backtest.daily import daily_volatility_bps
from arbresearch.backtest.faults import check_market
from arbresearch.backtest.funding import payments_of
from arbresearch.backtest.inputs import Inputs, Recording
from arbresearch.backtest.market import VenueTape
from arbresearch.backtest.recordings import pieces_of, read_book, read_ladder, read_trades
from arbresearch.backtest.streams import Stream, streams_of
from arbresearch.core import NS_PER_DAY, NS_PER_HOUR, NS_PER_SECOND, BadInput
from arbresearch.matching.rows import BookRows, TradeRows
from arbresearch.signals.modes import MODES
from arbresearch.store import TickStore
from tests.backtest.input_kit import DAY, add_funding, add_instrument, add_quotes, add_trades, both_books

MAKERS = BacktestConfig(modes=MODES)
HEDGED = BacktestConfig(hedge=HedgeConfig(venue="gate"))


def inputs(store: TickStore, config: BacktestConfig | None = None, symbol: str = "A/USDT") -> Inputs:
    config = config or BacktestConfig()
    return Recording.named(store, symbol, config).inputs(config)


def told(found: Inputs, words: str) -> list[str]:
    return [one for one in found.warnings if words in one]


def perpetual(store: TickStore, seconds: Any = range(600), **values: Any) -> None:
    add_quotes(store, "gate", seconds, symbol="A/USDT:USDT", **values)
    add_instrument(store, "gate", "A/USDT:USDT", contract_size=10.0)


# -- arrays -------------------------------------------------------------------------------------------


def test_pieces_give_what_one_reading_gives(store: TickStore, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(5)
    for _ in range(3):
        seconds = np.sort(rng.uniform(0.0, 3 * 86_400.0, 4_000)).round(3)
        add_quotes(store, "mexc", seconds.tolist(), rng.uniform(90, 110, seconds.size).tolist())
    stream = Stream("mexc", "A/USDT")
    span = (DAY + 10_000 * NS_PER_SECOND, DAY + 200_000 * NS_PER_SECOND)
    monkeypatch.setattr(recordings, "_LEAST", {"quotes": 500})
    monkeypatch.setattr(recordings, "_PIECES", 40)
    pieces, most = pieces_of(store, "quotes", stream, span)
    assert len(pieces) > 10
    assert all(one[0] // NS_PER_DAY == (one[1] - 1) // NS_PER_DAY for one in pieces)
    want = store.quotes("mexc", "A/USDT", *span)
    assert most >= want.height
    got = read_book(store, stream, span)
    for name in BookRows._fields:
        array = getattr(got, name)
        assert array.flags.c_contiguous
        assert not array.flags.writeable
        assert (array == want[name].to_numpy()).all(), name


def test_units_of_a_multiple_ticker(store: TickStore) -> None:
    add_quotes(store, "mexc", [1, 2], 2.0, symbol="PEPE/USDT")
    add_quotes(store, "gate", [1, 2], 2_000.0, symbol="1000PEPE/USDT:USDT", size=3.0)
    add_instrument(store, "gate", "1000PEPE/USDT:USDT", contract_size=5.0, tick=0.5, lot=5.0)
    found = inputs(store, BacktestConfig(symbol_b="1000PEPE/USDT:USDT"), "PEPE/USDT")
    book = found.market[1].book
    assert found.streams.base == "PEPE"
    assert book.bid[0] == pytest.approx(1.99999)
    assert book.ask_size[0] == 3_000.0
    listed = found.listed[1]
    assert (listed.tick, listed.lot, listed.contract_size) == (0.0005, 5_000.0, 5_000.0)
    assert found.first_mids == pytest.approx((2.0, 2.0))


def test_trades_and_levels(store: TickStore) -> None:
    both_books(store)
    add_trades(store, "mexc", [3.0, 4.0, 5.0], [1.0, 2.0, 4.0], side=["buy", "sell", None])
    levels = {name: [[1.0] * 10] for name in ("bids", "bid_sizes", "asks", "ask_sizes")}
    kinds = dict.fromkeys(levels, pl.Array(pl.Float64, 10))
    row = pl.DataFrame({"venue": "mexc", "symbol": "A/USDT", "recv_ns": [DAY + 7], **levels}, schema_overrides=kinds)
    store.append("depth", row)
    span = (DAY, DAY + NS_PER_DAY)
    trades = read_trades(store, Stream("mexc", "A/USDT", 2.0), span)
    assert trades.aggressor.tolist() == [1, -1, 0]
    assert trades.price.tolist() == [50.0] * 3
    assert trades.size.tolist() == [2.0, 4.0, 8.0]
    assert read_ladder(store, Stream("mexc", "A/USDT"), span).bids.shape == (1, 10)
    for config, rows in ((BacktestConfig(), (0, 1)), (MAKERS, (3, 1)), (replace(MAKERS, use_depth=False), (3, 0))):
        tape = inputs(store, config).market[0]
        assert (tape.trades.recv_ns.size, tape.ladder.recv_ns.size) == rows
    assert told(inputs(store, MAKERS), "gate A/USDT: no trades were recorded")
    assert not told(inputs(store), "no trades")


def test_all_arrays_are_of_one_kind(store: TickStore) -> None:
    both_books(store)
    for tape in inputs(store).market:
        for rows in (tape.book, tape.trades, tape.ladder, tape.funding):
            assert not any(array.flags.writeable for array in rows)


def test_the_same_data_are_read_once(store: TickStore, monkeypatch: pytest.MonkeyPatch) -> None:
    both_books(store)
    add_trades(store, "mexc", [3.0], [1.0])
    add_trades(store, "gate", [3.0], [1.0])
    asked: list[str] = []
    read = TickStore.read

    def counted(self: TickStore, table: str, *values: Any, **more: Any) -> pl.DataFrame:
        asked.append(table)
        return read(self, table, *values, **more)

    monkeypatch.setattr(TickStore, "read", counted)
    recording = Recording.named(store, "A/USDT", BacktestConfig())
    first = recording.inputs(BacktestConfig())
    assert asked
    asked.clear()
    other = BacktestConfig(sell_a_threshold_bps=1.0, latency_ms=3.0, position_size_usd=50.0, enable_transfers=True)
    assert recording.inputs(other).market[0].book.bid.ctypes.data == first.market[0].book.bid.ctypes.data
    assert not asked
    recording.inputs(MAKERS)
    assert set(asked) == {"trades"}


# -- spans --------------------------------------------------------------------------------------------


def test_open_ends_are_where_both_are_quoted(store: TickStore) -> None:
    add_quotes(store, "mexc", range(100, 500))
    add_quotes(store, "gate", range(200, 700))
    found = inputs(store)
    assert found.span == (DAY + 200 * NS_PER_SECOND, DAY + 499 * NS_PER_SECOND + 1)
    assert found.start_ns == DAY + 200 * NS_PER_SECOND
    cut = inputs(store, BacktestConfig(start=DAY + 250 * NS_PER_SECOND, end=DAY + 260 * NS_PER_SECOND))
    assert cut.market[0].book.recv_ns.tolist() == [DAY + second * NS_PER_SECOND for second in range(250, 260)]
    assert cut.rows == 20


def test_data_that_do_not_reach_the_ends(store: TickStore) -> None:
    both_books(store)
    found = inputs(store, BacktestConfig(start=DAY - 2 * NS_PER_HOUR, end=DAY + NS_PER_DAY))
    assert len(told(found, "quotes begin at 2024-10-04T00:00:00Z")) == 2
    assert len(told(found, "quotes end at 2024-10-04T00:09:59Z")) == 2


@pytest.mark.parametrize(
    ("config", "symbol", "words"),
    [
        (BacktestConfig(), "B/USDT", "quotes of mexc B/USDT: expected a stream in the store"),
        (BacktestConfig(venue_b="okx"), "A/USDT", "quotes of okx A/USDT: expected a stream in the store"),
        (BacktestConfig(venue_b="mexc"), "A/USDT", "streams: expected different ones"),
        (BacktestConfig(symbol_b="B/USDT"), "A/USDT", "units of one coin as A/USDT"),
        (BacktestConfig(symbol_b="A/USDT:A"), "A/USDT", "settled in USDT"),
        (BacktestConfig(), "A-USDT", "BASE/QUOTE"),
        (BacktestConfig(start=DAY + NS_PER_DAY), "A/USDT", "quotes of both at the same time"),
        (HEDGED, "A/USDT", "hedge data of gate A/USDT:USDT: expected a stream in the store"),
    ],
)
def test_streams_that_are_not_there(store: TickStore, config: BacktestConfig, symbol: str, words: str) -> None:
    both_books(store)
    with pytest.raises(BadInput, match=words):
        inputs(store, config, symbol)


def test_streams_that_share_no_time(store: TickStore) -> None:
    add_quotes(store, "mexc", range(10))
    add_quotes(store, "gate", range(20, 30))
    with pytest.raises(BadInput, match="quotes of both at the same time"):
        inputs(store)


def test_hedge_without_rows_in_the_span(store: TickStore) -> None:
    both_books(store)
    perpetual(store, range(1_000, 1_010))
    with pytest.raises(BadInput, match="hedge data of gate A/USDT:USDT: expected at least one row"):
        inputs(store, HEDGED)


def test_a_book_without_prices(store: TickStore) -> None:
    both_books(store, mids=float("nan"), size=float("nan"))
    with pytest.raises(BadInput, match="a row with bid and ask"):
        inputs(store)


def test_other_quote_currencies_are_said(store: TickStore) -> None:
    assert streams_of("A/USDT", BacktestConfig(symbol_b="A/USDC")).warnings == (
        "quote currencies USDC and USDT are taken for equal",
    )


# -- bad data -----------------------------------------------------------------------------------------


def test_unsorted_streams_are_refused() -> None:
    times, ones = np.array([5, 7, 6]), np.ones(3)
    sound, back = TradeRows(np.sort(times), ones, ones, times), TradeRows(times, ones, ones, times)
    check_market((VenueTape(trades=sound), VenueTape(), VenueTape()), ("mexc A/USDT",))
    with pytest.raises(BadInput, match=r"trades of gate A/USDT: .* was 6 after 7 in row 2"):
        check_market((VenueTape(), VenueTape(trades=back), VenueTape()), ("mexc A/USDT", "gate A/USDT"))
    book = BookRows(times, ones, ones, ones, ones)
    with pytest.raises(BadInput, match="quotes of mexc A/USDT"):
        check_market((VenueTape(book=book), VenueTape(), VenueTape()), ("mexc A/USDT",))


def test_rows_that_are_there_twice(store: TickStore) -> None:
    both_books(store)
    assert not told(inputs(store), "repeat")
    add_quotes(store, "gate", range(300))
    assert told(inputs(store), "gate A/USDT: 300 of 900 quotes repeat the one before at the same time")
    for seconds in (range(100), range(100)):
        add_trades(store, "mexc", seconds, [1.0] * 100)
    assert told(inputs(store, MAKERS), "mexc A/USDT: 100 of 200 trades repeat")


def test_one_recording_imported_twice_with_other_arrivals(store: TickStore) -> None:
    rng = np.random.default_rng(3)
    mids = rng.uniform(99, 101, 600).tolist()
    both_books(store, mids=mids, delay_s=0.05)
    assert not told(inputs(store), "arrive again")
    late = [second + 0.02 for second in range(600)]
    add_quotes(store, "gate", late, mids, delay_s=0.07)
    (words,) = told(inputs(store), "arrive again")
    assert words.startswith("gate A/USDT: 50% of the quotes looked at")


def test_a_stream_out_of_order_by_the_exchange_clock(store: TickStore) -> None:
    both_books(store, delay_s=0.05)
    add_quotes(store, "mexc", [second + 0.5 for second in range(100)], 100.5, delay_s=2.0)
    (words,) = told(inputs(store), "older, by the exchange's clock")
    assert words.startswith("mexc A/USDT: 14%")


# -- clocks -------------------------------------------------------------------------------------------


def test_delays_are_medians_of_the_two_clocks(store: TickStore) -> None:
    add_quotes(store, "mexc", range(60), delay_s=0.04)
    add_quotes(store, "mexc", range(60, 80), delay_s=0.9)
    add_quotes(store, "gate", range(80), delay_s=-1.27)
    measured, apart = inputs(store).clocks
    assert measured.median_ns == 40_000_000
    assert measured.delays is not None
    assert sorted(set(measured.delays.delays_ns)) == [40_000_000, 900_000_000]
    assert (apart.median_ns, apart.delays) == (-1_270_000_000, None)


def test_long_streams_are_sampled(store: TickStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("arbresearch.backtest.clocks._ROWS", 10)
    both_books(store, delay_s=0.05)
    asked: list[int] = []
    read = TickStore.read

    def counted(self: TickStore, table: str, *values: Any, **more: Any) -> pl.DataFrame:
        frame = read(self, table, *values, **more)
        asked.append(frame.height)
        return frame

    monkeypatch.setattr(TickStore, "read", counted)
    found = inputs(store)
    assert found.clocks[0].median_ns == 50_000_000
    *stretches, book_a, book_b = sorted(asked)
    assert (book_a, book_b) == (600, 600)
    assert len(stretches) == 8
    assert all(9 <= rows <= 10 for rows in stretches)


# -- funding ------------------------------------------------------------------------------------------


def test_payments_are_the_last_announcement_before_they_are_due() -> None:
    rows = pl.DataFrame(
        {"recv_ns": [1, 5, 8, 9, 12, 30], "rate": [0.1, 0.2, 0.3, 0.4, 0.5, 0.6], "next_ns": [8, 8, 8, 16, 16, None]}
    )
    paid = payments_of(rows)
    assert paid.recv_ns.tolist() == [8, 16, 30]
    assert paid.rate.tolist() == [0.3, 0.5, 0.6]
    late = rows.with_columns(pl.lit(0).alias("next_ns"))
    assert payments_of(late).recv_ns.size == 0


def test_funding_within_the_span_and_its_gaps(store: TickStore) -> None:
    hours = [0.001, 8.001, 16.001, 40.0]
    seconds = [3_600 * hour for hour in range(48)]
    for venue in ("mexc", "gate"):
        add_quotes(store, venue, seconds)
    perpetual(store, seconds)
    found = inputs(store, HEDGED)
    assert told(found, "gate A/USDT:USDT: no funding was recorded")
    add_funding(store, "gate", [(hour, 0.001 * (1 + place), hour // 8 * 8 + 8) for place, hour in enumerate(hours)])
    found = inputs(store, HEDGED)
    paid = found.market[2].funding
    assert paid.recv_ns.tolist() == [DAY + hour * NS_PER_HOUR for hour in (8, 16, 24)]
    assert paid.rate.tolist() == pytest.approx([0.001, 0.002, 0.003])
    (words,) = told(found, "funding is missing")
    assert "every 8 h: nothing 2024-10-05T00:00:00Z to 2024-10-05T23:00:00Z" in words


# -- impact -------------------------------------------------------------------------------------------


def test_volatility_and_volume_of_a_day(store: TickStore) -> None:
    rng = np.random.default_rng(9)
    path = 100.0 * np.exp(np.cumsum(rng.normal(0.0, 1e-4, 1_440)))
    seconds = [60.0 * minute for minute in range(1_440)]
    both_books(store, seconds=seconds, mids=path.tolist())
    add_trades(store, "mexc", seconds, [2.0] * 1_440)
    add_trades(store, "gate", seconds, [3.0] * 1_440)
    found = inputs(store, BacktestConfig(impact=ImpactConfig()))
    want = 1e4 * sqrt(np.mean(np.diff(np.log(path)) ** 2) * 1_440)
    days = (found.span[1] - found.span[0]) / NS_PER_DAY
    for day, volume in zip(found.daily, (2_880.0, 4_320.0), strict=True):
        assert day is not None
        assert day.sigma_bps == pytest.approx(want, rel=1e-9)
        assert day.volume_base == pytest.approx(volume / days, rel=1e-9)
    made = inputs(store, replace(MAKERS, impact=ImpactConfig(sigma_daily_bps=5.0)))
    assert made.daily[0] is not None
    assert (made.daily[0].sigma_bps, made.daily[0].volume_base) == pytest.approx((5.0, 2_880.0 / days))
    assert found.daily != (None, None)
    assert inputs(store).daily == (None, None)


def test_impact_without_trades_or_prices(store: TickStore) -> None:
    both_books(store)
    with pytest.raises(BadInput, match=r"volume of mexc A/USDT for the impact.*give volume_daily_base"):
        inputs(store, BacktestConfig(impact=ImpactConfig()))
    with pytest.raises(BadInput, match="give sigma_daily_bps"):
        daily_volatility_bps(BookRows(np.array([1, 2]), *(np.ones(2) for _ in range(4))))


def test_instruments_as_of_the_start(store: TickStore) -> None:
    add_quotes(store, "mexc", range(60))
    add_quotes(store, "gate", range(60))
    add_instrument(store, "mexc", second=-10, lot=1.0)
    add_instrument(store, "mexc", second=-5, lot=2.0, taker_fee=None, maker_fee=None)
    add_instrument(store, "mexc", second=30, lot=4.0)
    found = inputs(store)
    assert found.listed[0].lot == 2.0
    assert found.listed[0].published is None
    assert (found.listed[1].lot, found.listed[1].tick) == (0.0, 0.0)
    add_instrument(store, "gate", second=40, lot=8.0)
    add_instrument(store, "gate", second=50, lot=16.0)
    found = inputs(store)
    assert found.listed[1].lot == 8.0
    assert told(found, "gate A/USDT: its lots, ticks and fees were published after the start")
