"""What a configuration may say, and what contradicts itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, Final

from arbresearch.backtest.codes import OneLegPolicy, Rebalance
from arbresearch.backtest.config_parts import (
    Balances,
    HedgeConfig,
    ImpactConfig,
    InstrumentTerms,
    LatencyModel,
    MarginConfig,
    ModeThresholds,
    TransferConfig,
    check_number,
    check_type,
)
from arbresearch.backtest.layout import MOST_SLOTS
from arbresearch.core import FeeSchedule, ParameterError, Symbol, check_venue, expected
from arbresearch.matching import QueueModel, Rule, VenueLatency
from arbresearch.signals.modes import MODES, Mode
from arbresearch.signals.schedule import ThresholdSchedule

if TYPE_CHECKING:
    from arbresearch.backtest.config import BacktestConfig

__all__ = ["ALIASES", "check_config"]

_DAY_S: Final = 86_400.0
_FAR: Final = 1e15
ALIASES: Final = {"mexc_threshold_bps": ("mexc",), "gateio_threshold_bps": ("gate", "gateio")}
_RANGES: Final[dict[str, tuple[float, float]]] = {
    "position_size_usd": (1e-9, _FAR), "max_hold_time_minutes": (0.0, 1e7), "share_a": (0.0, 1.0),
    "base_share_a": (0.0, 1.0), "base_share_b": (0.0, 1.0), "processing_ms": (0.0, 3.6e6),
    "default_latency_ms": (0.0, 3.6e6), "price_band_bps": (0.0, 5_000.0), "deadline_s": (0.0, _DAY_S),
    "max_age_s": (0.0, 1e7), "max_skew_s": (0.0, 1e7), "max_unchanged_s": (0.0, 1e7), "depth_age_s": (0.0, _DAY_S),
    "min_interval_s": (0.0, 1e7), "improve_ticks": (-1e6, 1e6), "quote_depth_bps": (0.0, 5_000.0),
    "requote_bps": (0.0, 5_000.0), "quote_ttl_s": (0.0, 1e7), "sample_interval_s": (1e-3, 1e7),
    "tilt_slope_bps": (0.0, 10_000.0),
}  # fmt: skip
_OPTIONAL: Final[dict[str, tuple[float, float]]] = {
    "capital_quote": (1e-9, _FAR), "latency_ms": (0.0, 3.6e6), "fill_probability": (0.0, 1.0),
    "max_tilt_quote": (0.0, _FAR), "max_exposure_quote": (0.0, _FAR), "daily_loss_quote": (0.0, _FAR),
    "rebalance_cost_bps": (-10_000.0, 10_000.0),
    **dict.fromkeys(
        ("sell_a_threshold_bps", "sell_b_threshold_bps", "sell_a_exit_bps", "sell_b_exit_bps", *ALIASES),
        (-10_000.0, 10_000.0),
    ),
}  # fmt: skip

_SCHEDULED: Final = (
    "sell_a_threshold_bps", "sell_b_threshold_bps", "sell_a_exit_bps", "sell_b_exit_bps", *ALIASES, "overrides",
    "tilt_slope_bps",
)  # fmt: skip


def check_config(config: BacktestConfig) -> None:
    """Refuse what cannot be meant; ``ParameterError``."""
    _check_markets(config)
    for name, (least, most) in _RANGES.items():
        check_number(name, getattr(config, name), least, most)
    for name, (least, most) in _OPTIONAL.items():
        if getattr(config, name) is not None:
            check_number(name, getattr(config, name), least, most)
    _check_kinds(config)
    _check_mappings(config)
    _check_aliases(config)
    _check_contradictions(config)


def _check_markets(config: BacktestConfig) -> None:
    check_venue(config.venue_a)
    check_venue(config.venue_b)
    if config.symbol_b is not None:
        Symbol.parse(config.symbol_b)
    if isinstance(config.start, int) and isinstance(config.end, int) and config.end <= config.start:
        raise ParameterError(expected("end", "a time after the start", config.end))
    for mode in config.modes:
        check_type("modes", mode, Mode, f"some of {', '.join(one.name for one in MODES)}")
    if not config.modes or Mode.HOLD in config.modes or len(set(config.modes)) < len(config.modes):
        found = [mode.name for mode in config.modes]
        raise ParameterError(expected("modes", "one or more of the six, each once", found, "HOLD is always allowed"))


def _check_kinds(config: BacktestConfig) -> None:
    kinds: dict[str, tuple[type, str]] = {
        "balances_a": (Balances, "Balances"), "balances_b": (Balances, "Balances"),
        "latency_model": (LatencyModel, "a LatencyModel"), "one_leg": (OneLegPolicy, "a OneLegPolicy"),
        "use_depth": (bool, "True or False"), "fill_rule": (Rule, "a Rule"), "queue": (QueueModel, "a QueueModel"),
        "impact": (ImpactConfig, "an ImpactConfig"), "rebalance": (Rebalance, "a Rebalance"),
        "enable_transfers": (bool, "True or False"), "transfers": (TransferConfig, "a TransferConfig"),
        "schedule": (ThresholdSchedule, "a ThresholdSchedule"),
        "hedge": (HedgeConfig, "a HedgeConfig"), "margin": (MarginConfig, "a MarginConfig"),
    }  # fmt: skip
    defaults = {"latency_model", "one_leg", "use_depth", "fill_rule", "queue"}
    for name, (kind, want) in kinds.items():
        if getattr(config, name) is not None or name in defaults:
            check_type(name, getattr(config, name), kind, want)
    for name, least, most in (("max_in_flight", 1, MOST_SLOTS), ("seed", 0, 2**63)):
        check_type(name, getattr(config, name), int, "a whole number")
        check_number(name, getattr(config, name), least, most)


def _check_mappings(config: BacktestConfig) -> None:
    mappings: dict[str, tuple[type | tuple[type, ...], str]] = {
        "fees": (FeeSchedule, "a FeeSchedule"), "latencies": (VenueLatency, "a VenueLatency"),
        "venue_max_age_s": ((int, float), "seconds"), "instruments": (InstrumentTerms, "an InstrumentTerms"),
    }  # fmt: skip
    for name, (kinds_of, want) in mappings.items():
        check_type(name, getattr(config, name), Mapping, "a mapping by venue")
        for key, one in getattr(config, name).items():
            check_type(f"{name} of {key}", one, kinds_of, want)
    for key, one in config.venue_max_age_s.items():
        check_number(f"venue_max_age_s of {key}", one, 0.0, 1e7)
    for thresholds in config.overrides:
        check_type("overrides", thresholds, ModeThresholds, "ModeThresholds")


def _check_aliases(config: BacktestConfig) -> None:
    plain = {"sell_a_threshold_bps": config.venue_a, "sell_b_threshold_bps": config.venue_b}
    for alias, venues in ALIASES.items():
        if getattr(config, alias) is None:
            continue
        meant = [name for name, venue in plain.items() if venue in venues]
        if len(meant) != 1:
            found = f"{config.venue_a} and {config.venue_b}"
            todo = "use sell_a_threshold_bps and sell_b_threshold_bps"
            raise ParameterError(expected(alias, f"exactly one of the venues to be {venues[0]}", found, todo))
        if getattr(config, meant[0]) is not None:
            raise ParameterError(expected(alias, f"either it or {meant[0]}", "both", "they mean the same threshold"))


def _check_contradictions(config: BacktestConfig) -> None:
    if config.schedule is not None:
        left = {one.name: one.default for one in fields(config)}
        given = [name for name in _SCHEDULED if getattr(config, name) != left[name]]
        if given:
            todo = "a schedule has its own; leave the constant ones out"
            raise ParameterError(expected(given[0], "none beside a schedule", getattr(config, given[0]), todo))
    modes = [one.mode for one in config.overrides]
    for mode in modes:
        if modes.count(mode) > 1:
            raise ParameterError(expected("overrides", "each mode once", mode.name))
        if mode not in config.modes:
            raise ParameterError(expected("overrides", "modes that are enabled", mode.name, "add it to modes"))
    if config.capital_quote is not None and config.balances_a is not None and config.balances_b is not None:
        raise ParameterError(expected("capital_quote", "None with balances of both venues", config.capital_quote))
    if config.latency_ms is not None and config.latencies:
        raise ParameterError(expected("latency_ms", "None where latencies are given", config.latency_ms))
    if (
        config.rebalance is not None
        and config.enable_transfers is not None
        and config.enable_transfers != (config.rebalance is Rebalance.TRANSFER)
    ):
        found = f"{config.enable_transfers} with rebalance {config.rebalance.name.lower()}"
        raise ParameterError(expected("enable_transfers", "the same as rebalance says", found, "give one of the two"))
    if config.transfers is not None and config.rebalancing is not Rebalance.TRANSFER:
        todo = "set enable_transfers, or leave the terms out"
        raise ParameterError(expected("transfers", "None where transfers are not enabled", "terms", todo))
    if config.rebalance_cost_bps is not None and config.rebalancing is not Rebalance.REVERSE:
        todo = "only reverse trades have this cost"
        raise ParameterError(expected("rebalance_cost_bps", "None", config.rebalance_cost_bps, todo))
