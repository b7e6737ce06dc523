from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from arbresearch.sample import Kind, SampleSpec, StreamDay, StreamPlan, plan_market
from arbresearch.sample.streams import coin_grid, stream_day

MS = 1_000_000


@st.composite
def streams(draw: Any, include_depth: bool = False) -> tuple[SampleSpec, StreamPlan, int, StreamDay]:
    spec = SampleSpec(
        seed=draw(st.integers(0, 2**63 - 1)), days=2, symbols=12, quotes_per_day=draw(st.sampled_from([2_000, 10_800]))
    )
    plan = plan_market(spec)
    coin = plan.coins[draw(st.integers(0, 11))]
    stream = draw(st.sampled_from(coin.streams))
    day = draw(st.integers(0, 1))
    grid = coin_grid(spec, coin, day, stream.other_coin)
    return spec, stream, day, stream_day(spec, coin, stream, day, grid, include_depth)


@settings(max_examples=60, deadline=None)
@given(streams())
def test_times_prices_and_sizes_are_what_a_venue_could_send(
    drawn: tuple[SampleSpec, StreamPlan, int, StreamDay],
) -> None:
    spec, stream, day, rows = drawn
    begin = spec.day_ns(day)
    assert (np.diff(rows.recv_ns) >= 1_000).all()
    assert rows.recv_ns[0] >= begin
    assert rows.recv_ns[-1] < begin + 86_400 * 1_000_000_000
    assert (rows.event_ns % MS == 0).all()
    elapsed_days = (rows.recv_ns - spec.start_ns) / 86_400e9
    ahead_ns = MS * (stream.skew_ms + stream.drift_ms_per_day * elapsed_days)
    latency_ns = rows.recv_ns - (rows.event_ns - ahead_ns)
    assert latency_ns.min() > stream.delay_ms * MS - 1_000
    assert np.median(latency_ns) < (stream.delay_ms + 2 * stream.jitter_ms + 1) * MS
    assert (rows.bid > 0).all()
    assert (rows.bid < rows.ask).all()
    assert (rows.bid_size > 0).all()
    assert (rows.ask_size > 0).all()


@settings(max_examples=40, deadline=None)
@given(streams(), st.integers(0, 2**32))
def test_every_price_is_on_the_tick_grid_and_every_size_on_the_lot_grid(
    drawn: tuple[SampleSpec, StreamPlan, int, StreamDay], pick: int
) -> None:
    _, stream, _, rows = drawn
    tick = Decimal(stream.tick_steps).scaleb(-stream.tick_decimals)
    lot = Decimal(1).scaleb(stream.lot_exponent)
    assert float(tick) == stream.tick
    assert float(lot) == stream.lot
    assert str(stream.tick_steps).rstrip("0") in ("1", "2", "5")
    chosen = np.random.default_rng(pick).integers(0, rows.bid.size, 40)
    for prices in (rows.bid[chosen], rows.ask[chosen], rows.trade_price[:40]):
        assert all(Decimal(repr(float(price))) % tick == 0 for price in prices)
    for sizes in (rows.bid_size[chosen], rows.ask_size[chosen], rows.trade_size[:40]):
        assert all(Decimal(repr(float(size))) % lot == 0 for size in sizes)


@settings(max_examples=60, deadline=None)
@given(streams())
def test_trades_take_from_the_book_before_them(drawn: tuple[SampleSpec, StreamPlan, int, StreamDay]) -> None:
    _, _, _, rows = drawn
    assert rows.trade_recv_ns.size > 0.08 * rows.recv_ns.size * (0.5 if drawn[1].kind is Kind.FROZEN else 1.0)
    assert (np.diff(rows.trade_recv_ns) > 0).all()
    before = np.searchsorted(rows.recv_ns, rows.trade_recv_ns, "right") - 1
    assert (before >= 0).all()
    taken_from = np.where(rows.trade_buys, rows.ask[before], rows.bid[before])
    shown = np.where(rows.trade_buys, rows.ask_size[before], rows.bid_size[before])
    assert np.array_equal(rows.trade_price, taken_from)
    assert (rows.trade_size > 0).all()
    assert (rows.trade_size <= shown).all()
    assert np.array_equal(rows.event_ns[before + 1], rows.trade_event_ns)


@settings(max_examples=25, deadline=None)
@given(streams(include_depth=True))
def test_deeper_levels_are_ordered_and_begin_with_the_quote(
    drawn: tuple[SampleSpec, StreamPlan, int, StreamDay],
) -> None:
    _, stream, _, rows = drawn
    depth = rows.depth
    assert depth is not None
    assert depth.bids.shape == depth.ask_sizes.shape == (depth.recv_ns.size, 10)
    at = np.searchsorted(rows.recv_ns, depth.recv_ns)
    assert np.array_equal(rows.recv_ns[at], depth.recv_ns)
    assert np.array_equal(depth.bids[:, 0], rows.bid[at])
    assert np.array_equal(depth.asks[:, 0], rows.ask[at])
    assert np.array_equal(depth.bid_sizes[:, 0], rows.bid_size[at])
    assert np.array_equal(depth.ask_sizes[:, 0], rows.ask_size[at])
    assert (np.diff(depth.asks, axis=1) > 0.9 * stream.tick).all()
    assert (np.diff(depth.bids, axis=1) < -0.9 * stream.tick).all()
    assert (depth.bid_sizes > 0).all()
    assert (depth.ask_sizes > 0).all()
