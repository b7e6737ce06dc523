"""From a configuration to plain numbers: fees, lots, balances, delays, transfers, the hedge, and what cannot work."""

from __future__ import annotations

from dataclasses import fields
from math import inf, isnan
from typing import Any

import pytest

from arbresearch.backtest.codes import OneLegPolicy, Rebalance
from arbresearch.backtest.config import TAKER_MODES, BacktestConfig
from arbresearch.backtest.config_parts import (
    Balances,
    InstrumentTerms,
    LatencyModel,
    MarginConfig,
    TransferConfig,
    TransferRoute,
)
from arbresearch.backtest.terms import StrategyTerms
from arbresearch.core import BadInput, FeeSchedule
from arbresearch.core.fees import FeeCurrency
from arbresearch.matching import Leg, QueueFamily, QueueModel, Rule, VenueLatency
from arbresearch.matching.queue_kernels import FULL_SHARE
from arbresearch.signals.modes import MODES
from arbresearch.store import TickStore
from tests.backtest.input_kit import add_instrument, add_quotes, both_books, conditions, perpetual, told

ROUTE = TransferRoute(fee_fixed=2.0, fee_rate=0.001, min_amount=4.0, step=0.5, delay_minutes=(1.0, 2.0))


# -- every field ends in the terms --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "want"),
    [
        ({"position_size_usd": 500.0}, {"order_quote": 500.0}),
        ({"price_band_bps": 3.0}, {"band_bps": 3.0}),
        ({"one_leg": OneLegPolicy.HOLD}, {"policy": 2}),
        ({"deadline_s": 1.5}, {"deadline_ns": 1_500_000_000}),
        ({"max_hold_time_minutes": 2.0}, {"max_hold_ns": 120_000_000_000}),
        ({"rebalance": Rebalance.NONE}, {"rebalance": 0}),
        ({}, {"rebalance": 1, "rebalance_cost_bps": 10.0}),
        ({"rebalance_cost_bps": 4.0}, {"rebalance_cost_bps": 4.0}),
        (
            {"enable_transfers": True, "transfers": TransferConfig(trigger=0.4)},
            {"rebalance": 2, "transfer_trigger": 0.4},
        ),
        ({"max_skew_s": 2.0}, {"max_skew_ns": 2_000_000_000}),
        ({"max_unchanged_s": 3.0}, {"max_unchanged_ns": 3_000_000_000}),
        ({"depth_age_s": 0.5}, {"depth_age_ns": 500_000_000}),
        ({"max_in_flight": 3}, {"max_in_flight": 3}),
        ({"min_interval_s": 0.25}, {"min_interval_ns": 250_000_000}),
        ({"improve_ticks": 2.0, "quote_depth_bps": 4.0}, {"improve_ticks": 2.0, "quote_depth_bps": 4.0}),
        ({"requote_bps": 5.0, "quote_ttl_s": 7.0}, {"requote_bps": 5.0, "quote_ttl_ns": 7_000_000_000}),
        ({"fill_probability": 0.3}, {"fill_probability": 0.3}),
        ({"fill_rule": Rule.TOUCH}, {"fill_rule": 0}),
        ({"fill_rule": Rule.THROUGH}, {"fill_rule": 2}),
        ({"queue": QueueModel(QueueFamily.FULL_SHARE, 2.0)}, {"family": FULL_SHARE, "exponent": 2.0}),
        ({}, {"max_tilt_quote": inf, "max_exposure_quote": inf, "daily_loss_quote": inf}),
        (
            {"max_tilt_quote": 1.0, "max_exposure_quote": 2.0, "daily_loss_quote": 3.0},
            {"max_tilt_quote": 1.0, "max_exposure_quote": 2.0, "daily_loss_quote": 3.0},
        ),
        ({"sample_interval_s": 10.0}, {"sample_ns": 10_000_000_000}),
        ({}, {"hedge": False, "common_lot": 0.1}),
    ],
)
def test_strategy(store: TickStore, values: dict[str, Any], want: dict[str, Any]) -> None:
    both_books(store)
    strategy = conditions(store, **values).terms.strategy
    assert {name: getattr(strategy, name) for name in want} == want


def test_defaults_of_the_terms_are_those_of_the_configuration(store: TickStore) -> None:
    both_books(store)
    strategy = conditions(store).terms.strategy
    assert isnan(strategy.fill_probability)
    own = StrategyTerms(order_quote=1_000.0, common_lot=0.1, rebalance=1, rebalance_cost_bps=10.0, transfer_trigger=0.0)
    for one in fields(StrategyTerms):
        if one.name not in ("fill_probability", "start_ns"):
            assert getattr(strategy, one.name) == getattr(own, one.name), one.name


def test_modes_and_thresholds(store: TickStore) -> None:
    both_books(store)
    terms = conditions(store, modes=(MODES[1], MODES[4]), sell_b_threshold_bps=2.0, sell_b_exit_bps=1.0).terms
    assert terms.enabled == (False, True, False, False, True, False)
    assert terms.entry_bps == (5.0, 2.0, 5.0, 5.0, 2.0, 2.0)
    assert terms.exit_bps == (5.0, 1.0, 5.0, 5.0, 1.0, 1.0)


def test_ages_by_venue(store: TickStore) -> None:
    both_books(store)
    terms = conditions(store, max_age_s=9.0, venue_max_age_s={"gate": 1.0}).terms
    assert [one.max_age_ns for one in terms.venues[:2]] == [9_000_000_000, 1_000_000_000]


def test_names_that_fit_no_stream(store: TickStore) -> None:
    both_books(store)
    for name, value in (
        ("fees", FeeSchedule(0.0, 0.0)), ("latencies", VenueLatency.constant("okx")),
        ("venue_max_age_s", 1.0), ("instruments", InstrumentTerms()),
    ):  # fmt: skip
        with pytest.raises(BadInput, match=f"{name}: expected some of mexc, mexc A/USDT, gate"):
            conditions(store, **{name: {"okx": value}})


# -- fees ---------------------------------------------------------------------------------------------


def test_fees_are_given_then_own_then_published(store: TickStore) -> None:
    both_books(store)
    found = conditions(store)
    assert [(one.maker_rate, one.taker_rate) for one in found.terms.venues[:2]] == [(0.0002, 0.0005)] * 2
    assert "fees of mexc A/USDT: published, maker 2 bps, taker 5 bps" in found.notes
    own = {"mexc": FeeSchedule(0.0, 0.0001), "gate": FeeSchedule(0.0, 0.0002)}
    given = {"gate A/USDT": FeeSchedule(-0.0001, 0.0003), "gate": FeeSchedule(0.01, 0.01)}
    found = conditions(store, own=own, fees=given)
    assert [one.taker_rate for one in found.terms.venues[:2]] == [0.0001, 0.0003]
    assert found.terms.venues[1].maker_rate == -0.0001
    assert any(one.startswith("fees of mexc A/USDT: own account") for one in found.notes)
    assert found.terms.strategy.rebalance_cost_bps == pytest.approx(4.0)


def test_coins_that_fees_are_paid_in(store: TickStore) -> None:
    both_books(store)
    perpetual(store)
    received = FeeSchedule(0.0, 0.001, FeeCurrency.RECEIVED)
    config = BacktestConfig(symbol_b="A/USDT:USDT", fees={"mexc": received, "gate": received})
    venues = conditions(store, config).terms.venues
    assert [one.received for one in venues[:2]] == [True, False]
    paid = {"mexc": FeeSchedule(0.0, 0.001, FeeCurrency.COIN, "MX")}
    assert [one.coin for one in conditions(store, fees=paid).terms.venues[:2]] == [True, False]


def test_fees_not_given(store: TickStore) -> None:
    both_books(store)
    add_quotes(store, "okx", range(600))
    with pytest.raises(BadInput, match=r"fees of okx A/USDT: .*fees not given; give them"):
        conditions(store, venue_b="okx")
    assert conditions(store, venue_b="okx", fees={"okx": FeeSchedule(0.0, 0.0)}).terms.venues[1].taker_rate == 0.0


# -- balances and lots --------------------------------------------------------------------------------


def test_capital_is_split_at_the_first_prices(store: TickStore) -> None:
    both_books(store)
    terms = conditions(store, capital_quote=4_000.0, share_a=0.75, base_share_a=0.1, base_share_b=1.0).terms
    assert [(one.base_start, one.quote_start) for one in terms.venues[:2]] == [
        pytest.approx((3.0, 2_700.0)),
        pytest.approx((10.0, 0.0)),
    ]
    floored = conditions(store, capital_quote=4_001.0).terms.venues[0]
    assert (floored.base_start, floored.quote_start) == (10.0, pytest.approx(1_000.5))
    given = conditions(store, balances_a=Balances(base=7.77, quote=3.0)).terms.venues
    assert (given[0].base_start, given[0].quote_start) == (7.77, 3.0)
    assert (given[1].base_start, given[1].quote_start) == (25.0, 2_500.0)


def test_a_perpetual_starts_without_a_position(store: TickStore) -> None:
    both_books(store)
    perpetual(store)
    config = BacktestConfig(symbol_b="A/USDT:USDT", margin=MarginConfig(leverage=4.0, maintenance_rate=0.02))
    venue = conditions(store, config).terms.venues[1]
    assert (venue.base_start, venue.quote_start) == (0.0, 5_000.0)
    assert (venue.perpetual, venue.leverage, venue.maintenance_rate, venue.liquidation_rate) == (True, 4.0, 0.02, 0.005)
    short = conditions(store, config, balances_b=Balances(base=-3.0, quote=900.0)).terms.venues[1]
    assert (short.base_start, short.quote_start) == (-3.0, 900.0)


def test_impossible_balances(store: TickStore) -> None:
    both_books(store)
    with pytest.raises(BadInput, match="zero or more on a spot venue"):
        conditions(store, balances_a=Balances(base=-1.0, quote=900.0))
    with pytest.raises(BadInput, match="margin: expected None where A and B are spot"):
        conditions(store, margin=MarginConfig())


def test_inventory_below_one_lot(store: TickStore) -> None:
    both_books(store)
    less = Balances(base=0.05, quote=1_000.0)
    with pytest.raises(BadInput, match=r"inventory: .* mexc A/USDT holds 0.05 A, less than an order of 0.1"):
        conditions(store, balances_a=less, balances_b=less)
    (words,) = told(conditions(store, balances_a=less), "at the start nothing can be sold on mexc A/USDT")
    assert "holds 0.05 A, less than an order of 0.1" in words
    with pytest.raises(BadInput, match=r"inventory: .* mexc A/USDT holds 0.05 A"):
        conditions(store, balances_a=less, modes=TAKER_MODES[:1])
    poor = Balances(base=5.0, quote=9.0)
    (words,) = told(conditions(store, balances_b=poor), "at the start nothing can be sold on mexc A/USDT")
    assert "gate A/USDT holds 9 USDT, less than an order costs" in words


def test_steps_and_smallest_orders(store: TickStore) -> None:
    for venue, lot in (("mexc", 0.04), ("gate", 0.06)):
        add_quotes(store, venue, range(60))
        add_instrument(store, venue, lot=lot, min_quantity=0.02)
    found = conditions(store)
    assert found.terms.strategy.common_lot == 0.12
    venue = found.terms.venues[0]
    assert (venue.tick, venue.lot, venue.min_quantity, venue.min_notional) == (0.01, 0.04, 0.02, 5.0)
    own = {"gate": InstrumentTerms(lot=0.02, tick=0.0, min_notional=1.0)}
    found = conditions(store, instruments=own)
    venue = found.terms.venues[1]
    assert (found.terms.strategy.common_lot, venue.tick, venue.min_notional, venue.min_quantity) == (
        0.04,
        0.0,
        1.0,
        0.02,
    )
    assert told(found, "gate A/USDT: tick not known; orders are not rounded to it")


def test_lots_that_are_not_known(store: TickStore) -> None:
    for venue in ("mexc", "gate"):
        add_quotes(store, venue, range(60))
    free = {venue: FeeSchedule(0.0, 0.0) for venue in ("mexc", "gate")}
    found = conditions(store, fees=free)
    assert found.terms.strategy.common_lot == 0.0
    assert told(found, "gate A/USDT: lot and tick not known; orders are not rounded to them")
    one = conditions(store, fees=free, instruments={"mexc": InstrumentTerms(lot=0.5)})
    assert one.terms.strategy.common_lot == 0.5


def test_lots_without_a_sensible_common_multiple(store: TickStore) -> None:
    for venue, lot in (("mexc", 0.9973), ("gate", 1.0)):
        add_quotes(store, venue, range(60))
        add_instrument(store, venue, lot=lot)
    with pytest.raises(BadInput, match=r"common lot: .*was 9973 A, worth 997,300.00 USDT \(lots 0.9973 and 1\)"):
        conditions(store)
    with pytest.raises(BadInput, match="smallest order of mexc A/USDT"):
        conditions(store, instruments={"mexc": InstrumentTerms(lot=1.0, min_quantity=100.0)})


# -- latency ------------------------------------------------------------------------------------------


def test_latency_in_milliseconds_is_a_round_trip(store: TickStore) -> None:
    both_books(store)
    latency = conditions(store, latency_ms=101.0).terms.latencies[0]
    assert latency.meets_ns(1_000, 5) == 1_000 + 101_000_000
    assert latency.known_ns(latency.arrival_ns(0, 5), 5) == 101_000_000
    assert latency.delay_ns(Leg.CANCEL, 0) + latency.delay_ns(Leg.FEED, 0) == 101_000_000


def test_latency_is_measured_or_the_default(store: TickStore) -> None:
    add_quotes(store, "mexc", range(600), delay_s=0.04)
    add_quotes(store, "gate", range(600), delay_s=-1.3)
    for venue in ("mexc", "gate"):
        add_instrument(store, venue)
    found = conditions(store, processing_ms=7.0, default_latency_ms=30.0)
    first, second = found.terms.latencies[:2]
    assert [first.delay_ns(leg, 0) for leg in Leg] == [40_000_000, 47_000_000, 40_000_000, 47_000_000]
    assert second.meets_ns(0, 0) == 30_000_000
    assert told(found, "latency of gate A/USDT: 30 ms by default, for its clock and ours are -1,300 ms apart")
    assert "latency of mexc A/USDT: measured, median 40.0 ms one way, and 7 ms of processing" in found.notes


def test_latency_of_each_order_is_drawn(store: TickStore) -> None:
    for venue in ("mexc", "gate"):
        add_quotes(store, venue, range(300), delay_s=0.04)
        add_quotes(store, venue, range(300, 500), delay_s=0.08)
        add_instrument(store, venue)
    config = BacktestConfig(latency_model=LatencyModel.DISTRIBUTION, processing_ms=0.0)
    latency = conditions(store, config).terms.latencies[0]
    drawn = latency.delays_ns(Leg.ENTRY, range(200))
    assert set(drawn.tolist()) == {40_000_000, 80_000_000}
    other = conditions(store, config, seed=1).terms.latencies[0]
    assert other.delays_ns(Leg.ENTRY, range(200)).tolist() != drawn.tolist()


def test_given_latencies_are_taken(store: TickStore) -> None:
    both_books(store)
    own = VenueLatency.constant("gate", feed_ns=3)
    found = conditions(store, latencies={"gate A/USDT": own})
    assert found.terms.latencies[1] is own
    assert told(found, "latency of mexc A/USDT: 250 ms by default, for its quotes carry no event time")


# -- thresholds ---------------------------------------------------------------------------------------


def test_rounds_that_lose_by_construction(store: TickStore) -> None:
    both_books(store)
    assert not told(conditions(store), "by construction")
    lossy = conditions(store, sell_a_threshold_bps=3.0, sell_b_threshold_bps=4.0, sell_b_exit_bps=-5.0)
    (words,) = told(lossy, "by construction")
    assert words == (
        "selling on A above 3 bps and bringing it back above -5 bps may lose up to 2 bps a round, by construction"
    )
    assert told(conditions(store, modes=TAKER_MODES[:1]), "only selling on A is enabled")
