"""What a configuration means, what it refuses, and that it survives JSON."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from typing import Any

import pytest

from arbresearch.backtest.codes import OneLegPolicy, Rebalance
from arbresearch.backtest.config import TAKER_MODES, BacktestConfig
from arbresearch.backtest.config_parts import (
    Balances,
    HedgeConfig,
    ImpactConfig,
    InstrumentTerms,
    LatencyModel,
    MarginConfig,
    ModeThresholds,
    TransferConfig,
    TransferRoute,
)
from arbresearch.core import BadInput, FeeSchedule, ParameterError
from arbresearch.core.fees import FeeCurrency
from arbresearch.matching import MeasuredLatency, QueueFamily, QueueModel, Rule, VenueLatency
from arbresearch.signals.modes import MODES, Mode


def test_known_names_mean_the_direction_that_sells_on_the_venue() -> None:
    config = BacktestConfig(venue_a="gate", venue_b="mexc", mexc_threshold_bps=7.0, gateio_threshold_bps=3.0)
    assert config.entry_bps == (3.0, 7.0)
    assert config.exit_bps == (3.0, 7.0)
    assert BacktestConfig(mexc_threshold_bps=7.0).entry_bps == (7.0, 5.0)
    assert BacktestConfig(venue_a="binance", venue_b="gateio", gateio_threshold_bps=2.0).entry_bps == (5.0, 2.0)


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"mexc_threshold_bps": 1.0, "sell_a_threshold_bps": 1.0}, "either it or sell_a_threshold_bps"),
        ({"gateio_threshold_bps": 1.0, "sell_b_threshold_bps": 2.0}, "either it or sell_b_threshold_bps"),
        ({"mexc_threshold_bps": 1.0, "venue_a": "binance"}, "exactly one of the venues to be mexc"),
        ({"mexc_threshold_bps": 1.0, "venue_b": "mexc", "symbol_b": "A/B:B"}, "exactly one of the venues"),
    ],
)
def test_known_names_are_refused_where_they_are_not_clear(values: dict[str, Any], told: str) -> None:
    with pytest.raises(ParameterError, match=told):
        BacktestConfig(**values)


def test_thresholds_of_modes() -> None:
    config = BacktestConfig(
        modes=MODES,
        sell_a_threshold_bps=4.0,
        sell_b_threshold_bps=6.0,
        sell_a_exit_bps=-1.0,
        overrides=(
            ModeThresholds(mode=Mode.LIMIT_A_SELL_MARKET_B_BUY, entry_bps=9.0),
            ModeThresholds(mode=Mode.LIMIT_B_SELL_MARKET_A_BUY, entry_bps=8.0, exit_bps=2.0),
        ),
    )
    entry, leave = config.mode_thresholds()
    assert entry == (4.0, 6.0, 9.0, 4.0, 8.0, 6.0)
    assert leave == (-1.0, 6.0, 9.0, -1.0, 2.0, 6.0)
    other = config.with_thresholds(1.0, 2.0, None, 0.5)
    assert (other.entry_bps, other.exit_bps) == ((1.0, 2.0), (1.0, 0.5))
    named = BacktestConfig(mexc_threshold_bps=9.0).with_thresholds(1.0, 2.0, None, None)
    assert named.entry_bps == (1.0, 2.0)


@pytest.mark.parametrize(
    ("values", "want"),
    [
        ({}, Rebalance.REVERSE),
        ({"enable_transfers": True}, Rebalance.TRANSFER),
        ({"enable_transfers": False}, Rebalance.REVERSE),
        ({"rebalance": Rebalance.NONE}, Rebalance.NONE),
        ({"rebalance": Rebalance.TRANSFER, "enable_transfers": True}, Rebalance.TRANSFER),
    ],
)
def test_how_inventory_comes_back(values: dict[str, Any], want: Rebalance) -> None:
    config = BacktestConfig(**values)
    assert config.rebalancing is want
    assert (config.moving is not None) == (want is Rebalance.TRANSFER)


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"venue_a": "MEXC"}, "ccxt id"),
        ({"symbol_b": "LUNC"}, "BASE/QUOTE"),
        ({"start": "2025-01-02", "end": "2025-01-01"}, "after the start"),
        ({"start": 1_700_000_000}, "seconds"),
        ({"modes": ()}, "one or more of the six"),
        ({"modes": (Mode.HOLD,)}, "one or more of the six"),
        ({"modes": (*TAKER_MODES, *TAKER_MODES)}, "each once"),
        ({"modes": (1, 2)}, "modes: expected"),
        ({"position_size_usd": 0.0}, "position_size_usd"),
        ({"position_size_usd": float("nan")}, "position_size_usd"),
        ({"position_size_usd": True}, "position_size_usd"),
        ({"position_size_usd": "1000"}, "position_size_usd"),
        ({"max_hold_time_minutes": -1.0}, "max_hold_time_minutes"),
        ({"capital_quote": -5.0}, "capital_quote"),
        ({"capital_quote": 5.0, "balances_a": Balances(), "balances_b": Balances()}, "None with balances of both"),
        ({"share_a": 1.5}, "share_a"),
        ({"fees": {"mexc": 0.001}}, "fees of mexc"),
        ({"fees": FeeSchedule(0.0, 0.0)}, "a mapping by venue"),
        ({"latency_ms": 10.0, "latencies": {"mexc": VenueLatency.constant("mexc")}}, "None where latencies"),
        ({"latencies": {"mexc": 10.0}}, "latencies of mexc"),
        ({"venue_max_age_s": {"mexc": -1.0}}, "venue_max_age_s of mexc"),
        ({"max_in_flight": 0}, "max_in_flight"),
        ({"max_in_flight": 2.5}, "a whole number"),
        ({"seed": -1}, "seed"),
        ({"use_depth": 1}, "True or False"),
        ({"one_leg": "complete"}, "OneLegPolicy"),
        ({"fill_rule": None}, "a Rule"),
        ({"overrides": (ModeThresholds(mode=MODES[5], entry_bps=1.0),)}, "modes that are enabled"),
        ({"overrides": (ModeThresholds(mode=MODES[0], entry_bps=1.0),) * 2}, "each mode once"),
        ({"enable_transfers": True, "rebalance": Rebalance.NONE}, "the same as rebalance says"),
        ({"enable_transfers": False, "rebalance": Rebalance.TRANSFER}, "the same as rebalance says"),
        ({"transfers": TransferConfig()}, "None where transfers are not enabled"),
        ({"enable_transfers": True, "rebalance_cost_bps": 3.0}, "only reverse trades"),
        ({"fill_probability": 1.5}, "fill_probability"),
        ({"sell_a_threshold_bps": 20_000.0}, "sell_a_threshold_bps"),
    ],
)
def test_what_is_refused(values: dict[str, Any], told: str) -> None:
    with pytest.raises(BadInput, match=told):
        BacktestConfig(**values)


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: ModeThresholds(mode=Mode.HOLD, entry_bps=1.0), "HOLD"),
        (lambda: MarginConfig(leverage=10.0, maintenance_rate=0.1), "below 1 / leverage"),
        (lambda: MarginConfig(leverage=0.5), "leverage"),
        (lambda: HedgeConfig(venue="gate", symbol="LUNC/USDT"), "a perpetual"),
        (lambda: HedgeConfig(venue="gate", band_contracts=-1.0), "band_contracts"),
        (lambda: HedgeConfig(venue="gate", margin_quote=0.0), "margin_quote"),
        (lambda: TransferRoute(delay_minutes=()), "at least one delay"),
        (lambda: TransferConfig(trigger=2.0), "trigger"),
        (lambda: TransferConfig(base=3.0), "route of base"),  # type: ignore[arg-type]
        (lambda: ImpactConfig(sigma_daily_bps=0.0), "sigma_daily_bps"),
        (lambda: InstrumentTerms(lot=-1.0), "lot"),
        (lambda: Balances(quote=-1.0), "quote currency"),
    ],
)
def test_what_parts_refuse(make: Any, told: str) -> None:
    with pytest.raises(ParameterError, match=told):
        make()


EVERYTHING = BacktestConfig(
    venue_a="binance",
    venue_b="gate",
    symbol_b="1000PEPE/USDT:USDT",
    start="2025-01-06T01:00:00",
    end=1_736_200_000_000_000_000,
    modes=MODES,
    sell_a_threshold_bps=1.5,
    gateio_threshold_bps=2.5,
    sell_a_exit_bps=-3.0,
    overrides=(ModeThresholds(mode=Mode.LIMIT_A_SELL_MARKET_B_BUY, entry_bps=9.0),),
    balances_a=Balances(base=3.0, quote=4.0),
    fees={"gate": FeeSchedule(-0.0001, 0.001, FeeCurrency.COIN, "GT", "vip3")},
    latencies={"gate": VenueLatency.from_feed("gate", MeasuredLatency((3, 1, 2)), processing_ns=7, seed=5)},
    latency_model=LatencyModel.DISTRIBUTION,
    seed=2**40,
    one_leg=OneLegPolicy.UNWIND,
    venue_max_age_s={"gate": 3.0},
    use_depth=False,
    fill_rule=Rule.THROUGH,
    queue=QueueModel(QueueFamily.LOG),
    fill_probability=0.25,
    impact=ImpactConfig(coefficient=0.5),
    max_tilt_quote=100.0,
    rebalance=Rebalance.TRANSFER,
    transfers=TransferConfig(base=TransferRoute(fee_fixed=1.0, delay_minutes=(3.0, 9.5))),
    hedge=HedgeConfig(venue="binance", symbol="PEPE/USDT:USDT", margin=MarginConfig(leverage=5.0)),
    margin=MarginConfig(maintenance_rate=0.02),
    instruments={"gate": InstrumentTerms(lot=10.0)},
)


def test_json_gives_back_the_same() -> None:
    text = json.dumps(EVERYTHING.as_dict(), allow_nan=False)
    assert BacktestConfig.from_dict(json.loads(text)) == EVERYTHING
    assert json.loads(text)["modes"][2] == "limit_a_sell_market_b_buy"
    assert json.loads(text)["one_leg"] == "unwind"
    assert BacktestConfig.from_dict({}) == BacktestConfig()
    assert set(EVERYTHING.as_dict()) == {one.name for one in fields(BacktestConfig)}


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"treshold": 1}, "'treshold'"),
        ({"hedge": {"venue": "gate", "size": 1}}, "backtest configuration hedge.*'size'"),
        ({"hedge": {}}, "a value for venue"),
        ({"hedge": 3}, "an object"),
        ({"modes": "all"}, "a list"),
        ({"modes": ["limit"]}, "one of hold, market_a"),
        ({"one_leg": "wait"}, "complete, unwind, hold"),
        ({"fees": [1]}, "an object"),
    ],
)
def test_json_of_another_shape_is_refused(values: dict[str, Any], told: str) -> None:
    with pytest.raises(ParameterError, match=told):
        BacktestConfig.from_dict(values)


def test_constructor_refuses_unknown_names() -> None:
    with pytest.raises(TypeError, match="treshold"):
        BacktestConfig(treshold=1)  # type: ignore[call-arg]


def test_a_change_does_not_reach_into_the_configuration() -> None:
    fees = {"mexc": FeeSchedule(0.0, 0.0)}
    config = BacktestConfig(fees=fees)
    fees["gate"] = FeeSchedule(0.0, 0.0)
    assert list(config.fees) == ["mexc"]
    assert replace(config, seed=1).fees == config.fees
