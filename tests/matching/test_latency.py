"""Delays: the published generator, one delay an order, four legs, fits."""

from __future__ import annotations

import pickle

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare

from arbresearch.core import NS_PER_HOUR, NS_PER_MS, BadInput, SchemaError
from arbresearch.matching import ConstantLatency, Leg, MeasuredLatency, VenueLatency, delay_of, fit_latency
from arbresearch.store import TickStore

MEASURED = MeasuredLatency((40, 10, 30, 20))


def gate(seed: int = 3, venue: str = "gate") -> VenueLatency:
    wide = MeasuredLatency(tuple(range(1_000)))
    return VenueLatency(venue=venue, feed=wide, entry=wide, acknowledgement=wide, cancel=wide, seed=seed)


def test_draws_are_those_of_splitmix64() -> None:
    published = [
        6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431, 16408922859458223821,
    ]  # fmt: skip
    places = np.arange(2**20, dtype=np.int64)
    assert [delay_of(places, np.uint64(1234567), number) for number in range(5)] == [one >> 44 for one in published]


def test_an_order_keeps_its_delay_whatever_else_is_drawn() -> None:
    alone = gate().delay_ns(Leg.ENTRY, 17)
    model = gate()
    for number in (5, 900, 17, 3):
        model.delay_ns(Leg.CANCEL, number)
        model.delay_ns(Leg.ENTRY, number)
    assert model.delay_ns(Leg.ENTRY, 17) == alone
    assert gate().delays_ns(Leg.ENTRY, np.arange(40))[17] == alone
    assert gate().delays_ns(Leg.ENTRY, [17]).tolist() == [alone]


def test_seeds_venues_and_legs_draw_apart() -> None:
    streams = {
        tuple(model.delays_ns(leg, range(20)).tolist())
        for model in (gate(), gate(seed=4), gate(venue="mexc"))
        for leg in Leg
    }
    assert len(streams) == 12


def test_each_delay_is_as_likely() -> None:
    counts = np.bincount(gate().delays_ns(Leg.FEED, np.arange(100_000)) // 50, minlength=20)
    assert chisquare(counts).pvalue > 1e-3


def test_moments_of_the_models() -> None:
    assert MEASURED.delays_ns == (10, 20, 30, 40)
    assert MEASURED.mean_ns == 25.0
    assert [MEASURED.quantile_ns(one) for one in (0.0, 0.5, 0.9, 1.0)] == pytest.approx([10.0, 25.0, 37.0, 40.0])
    assert (ConstantLatency(7).mean_ns, ConstantLatency(7).quantile_ns(0.99)) == (7.0, 7.0)
    assert not MEASURED.sample.flags.writeable


def test_models_of_the_same_delays_are_equal_and_survive_pickling() -> None:
    assert MeasuredLatency((10, 20, 30, 40)) == MEASURED
    assert hash(MEASURED) == hash(MeasuredLatency((10, 20, 30, 40)))
    assert MeasuredLatency((10, 20, 30, 41)) != MEASURED
    again = pickle.loads(pickle.dumps(gate()))
    assert again == gate()
    assert again.delay_ns(Leg.ENTRY, 5) == gate().delay_ns(Leg.ENTRY, 5)


def test_times_of_one_order() -> None:
    venue = VenueLatency.constant("mexc", feed_ns=1, entry_ns=20, acknowledgement_ns=300, cancel_ns=4_000)
    assert venue.seen_ns(50_000, 0) == 50_001
    assert venue.arrival_ns(50_000, 0) == 50_020
    assert venue.meets_ns(50_000, 0) == 50_021
    assert venue.known_ns(50_020, 0) == 50_320
    assert venue.cancel_arrival_ns(50_000, 50_010, 0) == 54_010


def test_a_cancel_does_not_overtake_its_order() -> None:
    venue = VenueLatency.constant("mexc", entry_ns=1_000, cancel_ns=10)
    assert venue.cancel_arrival_ns(50_000, 50_100, 0) == 51_000


def test_a_feed_stands_for_all_legs() -> None:
    venue = VenueLatency.from_feed("gate", MEASURED, processing_ns=5, seed=1)
    assert venue.entry == venue.cancel == MeasuredLatency((15, 25, 35, 45))
    assert venue.acknowledgement == venue.feed == MEASURED
    assert VenueLatency.from_feed("gate", ConstantLatency(3), processing_ns=4).entry == ConstantLatency(7)


@settings(deadline=None)
@given(st.lists(st.integers(0, NS_PER_HOUR), min_size=1, max_size=20), st.integers(0, 2**62))
def test_a_draw_is_one_of_the_delays(delays: list[int], number: int) -> None:
    model = MeasuredLatency(tuple(delays))
    venue = VenueLatency.from_feed("gate", ConstantLatency(0))
    assert delay_of(model.sample, np.uint64(venue.key(Leg.FEED)), number) in delays


@pytest.mark.parametrize("delay", [-1, NS_PER_HOUR + 1, 1.5, True, "3", None])
def test_what_is_no_delay_is_refused(delay: object) -> None:
    with pytest.raises(BadInput, match="delay"):
        ConstantLatency(delay)  # type: ignore[arg-type]
    with pytest.raises(BadInput, match="delay"):
        MeasuredLatency((5, delay))  # type: ignore[arg-type]


def test_bad_models_are_refused() -> None:
    one = ConstantLatency(1)
    with pytest.raises(BadInput, match="at least one"):
        MeasuredLatency(())
    with pytest.raises(BadInput, match="probability"):
        MEASURED.quantile_ns(1.5)
    with pytest.raises(BadInput, match="ccxt id"):
        VenueLatency.constant("Gate.io")
    with pytest.raises(BadInput, match="gate entry"):
        VenueLatency(venue="gate", feed=one, entry=5, acknowledgement=one, cancel=one)  # type: ignore[arg-type]
    with pytest.raises(BadInput, match="seed"):
        gate(seed=-1)
    with pytest.raises(BadInput, match="order number"):
        gate().delay_ns(Leg.FEED, -1)
    with pytest.raises(BadInput, match="order numbers"):
        gate().delays_ns(Leg.FEED, [3, -1])


def test_fit_of_a_stored_stream(store: TickStore) -> None:
    start = 1_760_000_000 * 10**9
    delays_ms = [5, 9, 7, 30, 6]
    frame = pl.DataFrame(
        {
            "venue": ["gate"] * 6,
            "symbol": ["LUNC/USDT"] * 6,
            "recv_ns": [start + i * 10**9 for i in range(6)],
            "event_ns": [*(start + i * 10**9 - one * NS_PER_MS for i, one in enumerate(delays_ms)), None],
            "bid": [1.0] * 6,
            "bid_size": [1.0] * 6,
            "ask": [1.1] * 6,
            "ask_size": [1.0] * 6,
        }
    )
    store.append("quotes", frame)
    fit = fit_latency(store.quotes("gate", "LUNC/USDT"))
    assert fit.latency == MeasuredLatency(tuple(one * NS_PER_MS for one in delays_ms))
    assert (fit.rows, fit.stamped, fit.negative, fit.clock_offset_ns) == (6, 5, 0, 0)


def clocks(offsets: list[int]) -> pl.DataFrame:
    event = [10**12 + 1_000 * i for i in range(len(offsets))]
    return pl.DataFrame({"event_ns": event, "recv_ns": [a + b for a, b in zip(event, offsets, strict=True)]})


def test_fit_with_clocks_that_disagree() -> None:
    ahead = fit_latency(clocks([-30, -10, 20, 50]))
    assert (ahead.latency.delays_ns, ahead.clock_offset_ns, ahead.negative) == ((0, 20, 50, 80), -30, 0)
    known = fit_latency(clocks([-30, -10, 20, 50]), clock_offset_ns=-20)
    assert (known.latency.delays_ns, known.clock_offset_ns, known.negative) == ((0, 10, 40, 70), -20, 1)


def test_fit_keeps_the_shape_of_many_delays() -> None:
    offsets = np.random.default_rng(5).gamma(2.0, 1e6, 50_000).astype(np.int64)
    fit = fit_latency(clocks(offsets.tolist()), points=1_001)
    assert len(fit.latency.delays_ns) == 1_001
    assert fit.latency.delays_ns[0] == offsets.min()
    assert fit.latency.delays_ns[-1] == offsets.max()
    for share in (0.1, 0.5, 0.9, 0.99):
        assert fit.latency.quantile_ns(share) == pytest.approx(np.quantile(offsets, share), rel=2e-3)


def test_fit_refuses_what_it_cannot_use() -> None:
    with pytest.raises(SchemaError, match="event_ns"):
        fit_latency(pl.DataFrame({"recv_ns": [1]}))
    with pytest.raises(BadInput, match="ConstantLatency"):
        fit_latency(
            pl.DataFrame({"recv_ns": [1], "event_ns": [None]}, schema={"recv_ns": pl.Int64, "event_ns": pl.Int64})
        )
    with pytest.raises(BadInput, match="clock_offset_ns"):
        fit_latency(clocks([5, 6, 7]), clock_offset_ns=100)
    with pytest.raises(BadInput, match="points"):
        fit_latency(clocks([5, 6, 7]), points=1)
