from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from arbresearch.sample import Kind, SampleSpec, StreamDay, plan_market, simulate_stream, venue_frames
from arbresearch.sample.streams import coin_grid, stream_day
from arbresearch.sample.substreams import Purpose, substream

SPEC = SampleSpec(seed=5, days=2, symbols=12)


def assert_same(first: StreamDay, second: StreamDay) -> None:
    for field in fields(StreamDay):
        one, other = getattr(first, field.name), getattr(second, field.name)
        if field.name != "depth":
            assert one.tobytes() == other.tobytes(), field.name


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others() -> None:
    first = simulate_stream(SPEC, "gate", "ETH/USDT", 1)
    assert_same(first, simulate_stream(SampleSpec(seed=5, days=2, symbols=12), "gate", "ETH/USDT", 1))
    other = simulate_stream(replace(SPEC, seed=6), "gate", "ETH/USDT", 1)
    assert not np.array_equal(first.recv_ns[:100], other.recv_ns[:100])


def test_a_stream_made_alone_is_the_stream_of_the_whole() -> None:
    plan = plan_market(SPEC)
    whole = [frame for name, frame in venue_frames(plan, plan.coins, 1) if name == "quotes"]
    everything = pl.concat(whole)
    assert everything["symbol"].n_unique() == 12 + 3
    for _, stream in plan.streams():
        mine = everything.filter(pl.col("venue") == stream.venue, pl.col("symbol") == stream.symbol)
        alone = simulate_stream(SPEC, stream.venue, stream.symbol, 1)
        columns = ("recv_ns", "event_ns", "bid", "bid_size", "ask", "ask_size")
        assert_frame_equal(mine.select(columns), pl.DataFrame({name: getattr(alone, name) for name in columns}))


def test_frames_of_one_coin_are_those_of_the_whole() -> None:
    plan = plan_market(SPEC)
    coin = plan.coins[0]
    whole = list(venue_frames(plan, plan.coins, 0))
    alone = list(venue_frames(plan, [coin], 0))
    assert {name for name, _ in alone} == {"quotes", "trades", "depth", "funding"}
    for table in ("quotes", "trades", "depth", "funding"):
        all_rows = pl.concat(frame for name, frame in whole if name == table)
        its_rows = pl.concat(frame for name, frame in alone if name == table)
        assert_frame_equal(all_rows.filter(pl.col("symbol").str.starts_with("BTC/")), its_rows)


def test_a_longer_span_begins_with_the_shorter_one() -> None:
    longer = replace(SPEC, days=4)
    for coin, stream in plan_market(SPEC).streams():
        if coin.kind in (Kind.BAD_PRINT, Kind.FROZEN, Kind.PAYS, Kind.IDENTITY):
            alone = simulate_stream(SPEC, stream.venue, stream.symbol, 1)
            assert_same(alone, simulate_stream(longer, stream.venue, stream.symbol, 1))


def test_prices_go_on_where_the_day_before_ended() -> None:
    plan = plan_market(SPEC)
    for coin in plan.coins:
        before, after = coin_grid(SPEC, coin, 0), coin_grid(SPEC, coin, 1)
        assert before[-1] == pytest.approx(after[0], abs=1e-12)
        for stream in coin.streams:
            if not stream.other_coin:
                last = stream_day(SPEC, coin, stream, 0, before)
                first = stream_day(SPEC, coin, stream, 1, after)
                assert first.recv_ns[0] > last.recv_ns[-1]
                assert first.bid[0] == pytest.approx(last.bid[-1], rel=0.005)


def test_substreams_are_independent_of_each_other() -> None:
    draws = [
        substream(7, Purpose.BOOK, "BTC/USDT", "gate", 0),
        substream(7, Purpose.BOOK, "BTC/USDT", "gate", 1),
        substream(7, Purpose.BOOK, "BTC/USDT", "mexc", 0),
        substream(7, Purpose.BOOK, "ETH/USDT", "gate", 0),
        substream(7, Purpose.CLOCKS, "BTC/USDT", "gate", 0),
        substream(8, Purpose.BOOK, "BTC/USDT", "gate", 0),
    ]
    table = np.array([rng.standard_normal(20_000) for rng in draws])
    correlation = np.corrcoef(table)
    assert np.abs(correlation[~np.eye(len(draws), dtype=bool)]).max() < 0.03
