"""What inventory is held against and moved by, from a configuration to plain numbers: impact, hedge, transfers."""

from __future__ import annotations

from dataclasses import replace

import pytest

from arbresearch.backtest.codes import Asset
from arbresearch.backtest.config import BacktestConfig
from arbresearch.backtest.config_parts import (
    HedgeConfig,
    ImpactConfig,
    InstrumentTerms,
    MarginConfig,
    TransferConfig,
    TransferRoute,
)
from arbresearch.backtest.terms import VenueTerms
from arbresearch.core import BadInput, FeeSchedule
from arbresearch.store import TickStore
from tests.backtest.input_kit import add_network, add_quotes, both_books, conditions, perpetual, told

ROUTE = TransferRoute(fee_fixed=2.0, fee_rate=0.001, min_amount=4.0, step=0.5, delay_minutes=(1.0, 2.0))


# -- impact -------------------------------------------------------------------------------------------


def test_impact_by_the_square_root_law(store: TickStore) -> None:
    both_books(store)
    impact = ImpactConfig(coefficient=0.5, sigma_daily_bps=200.0, volume_daily_base=10_000.0)
    venues = conditions(store, impact=impact).terms.venues
    assert venues[0].impact == pytest.approx(0.5 * 0.02 / 100.0)
    assert conditions(store).terms.venues[0].impact == 0.0


# -- hedge --------------------------------------------------------------------------------------------


def test_hedge(store: TickStore) -> None:
    both_books(store)
    perpetual(store)
    hedge = HedgeConfig(venue="gate", band_contracts=1.5, target_base=10.0, margin=MarginConfig(leverage=2.0))
    found = conditions(store, hedge=hedge)
    venue, strategy = found.terms.venues[2], found.terms.strategy
    assert (strategy.hedge, strategy.hedge_target_base, strategy.hedge_band_base) == (True, 10.0, 3.0)
    assert (venue.perpetual, venue.leverage, venue.lot, venue.base_start) == (True, 2.0, 2.0, 0.0)
    assert venue.quote_start == pytest.approx(40.0 * 101.0)
    assert venue.taker_rate == 0.0005
    assert conditions(store).terms.venues[2] == VenueTerms(maker_rate=0.0, taker_rate=0.0)
    small = conditions(store, hedge=replace(hedge, margin_quote=100.0))
    assert told(small, "a margin of 100.00 cannot carry a hedge of 4,040.00")
    with pytest.raises(BadInput, match="margin_quote"):
        conditions(store, hedge=replace(hedge, target_base=50.0))


def test_a_hedge_that_is_not_always_quoted(store: TickStore) -> None:
    both_books(store)
    perpetual(store)
    assert not told(conditions(store, hedge=HedgeConfig(venue="gate")), "hedge data are missing")
    add_quotes(store, "okx", [0, 100, 101, 102], symbol="A/USDT:USDT")
    config = BacktestConfig(hedge=HedgeConfig(venue="okx"), fees={"okx": FeeSchedule(0.0, 0.0)}, max_age_s=20.0)
    (words,) = told(conditions(store, config), "hedge data are missing")
    assert "for 93.0% of the time" in words


def test_contracts_are_the_lot_of_a_perpetual(store: TickStore) -> None:
    both_books(store)
    perpetual(store, lot=2.0)
    hedge = HedgeConfig(venue="gate")
    own = {"gate A/USDT:USDT": InstrumentTerms(lot=0.0, contract_size=5.0)}
    found = conditions(store, hedge=hedge, instruments=own).terms
    assert (found.venues[2].lot, found.strategy.hedge_band_base) == (5.0, 5.0)
    unknown = {"gate A/USDT:USDT": InstrumentTerms(lot=0.0, contract_size=0.0)}
    assert told(conditions(store, hedge=hedge, instruments=unknown), "its contract size is not known")


# -- transfers ----------------------------------------------------------------------------------------


def test_given_routes_hold_both_ways(store: TickStore) -> None:
    both_books(store)
    moving = TransferConfig(base=ROUTE, quote=ROUTE, failure_probability=0.1, loss_given_failure=0.5)
    moves = conditions(store, enable_transfers=True, transfers=moving).terms.transfers
    keys = set()
    for asset in Asset:
        for destination in range(2):
            one = moves[asset][destination]
            assert one is not None
            assert (one.fee_fixed, one.fee_rate, one.min_amount, one.step) == (2.0, 0.001, 4.0, 0.5)
            assert one.delays_ns == (60_000_000_000, 120_000_000_000)
            assert (one.failure_probability, one.loss_given_failure) == (0.1, 0.5)
            keys.add(one.key)
    assert len(keys) == 4
    again = conditions(store, enable_transfers=True, transfers=moving, seed=1).terms.transfers
    assert keys.isdisjoint(one.key for way in again for one in way if one is not None)


def test_the_cheapest_network_that_both_have_open(store: TickStore) -> None:
    both_books(store)
    for venue, tron, ether in (("mexc", "TRC20", "ERC20"), ("gate", "TRX", "ETH")):
        add_network(store, venue, "USDT", tron, fee=1.0, minutes=3.0)
        add_network(store, venue, "USDT", ether, fee=0.2, minutes=9.0, deposit_open=venue == "mexc")
        add_network(store, venue, "A", ether, fee=0.5, fee_fraction=0.01 if venue == "mexc" else None, minutes=None)
    add_network(store, "gate", "USDT", "No such chain", fee=0.0)
    add_network(store, "mexc", "USDT", "No such chain", fee=0.0)
    found = conditions(store, enable_transfers=True, transfers=TransferConfig(default_minutes=20.0))
    to_a, to_b = found.terms.transfers[Asset.QUOTE]
    assert to_a is not None
    assert to_b is not None
    assert (to_a.fee_fixed, to_a.delays_ns) == (0.2, (14 * 60_000_000_000,))
    assert (to_b.fee_fixed, to_b.min_amount, to_b.step, to_b.delays_ns) == (1.0, 2.0, 0.01, (8 * 60_000_000_000,))
    assert "USDT from gate to mexc: over ethereum, fee 0.2 and 0 bps, 14 minutes" in found.notes
    base = found.terms.transfers[Asset.BASE][1]
    assert base is not None
    assert (base.fee_fixed, base.fee_rate, base.delays_ns) == (0.5, 0.01, (25 * 60_000_000_000,))


def test_networks_that_are_not_there(store: TickStore) -> None:
    both_books(store)
    perpetual(store)
    found = conditions(store, enable_transfers=True)
    assert found.terms.transfers == ((None, None), (None, None))
    assert len(told(found, "no network is known to be open on both venues")) == 4
    assert told(
        conditions(store, BacktestConfig(symbol_b="A/USDT:USDT", enable_transfers=True)),
        "transfers need two spot venues",
    )
