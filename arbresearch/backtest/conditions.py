"""From a configuration and what is known of the venues to the plain numbers of a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import inf, nan
from typing import Final

import numpy as np

from arbresearch.backtest.cautions import check_lots, check_orders, check_thresholds
from arbresearch.backtest.clocks import latency_of
from arbresearch.backtest.config import DEFAULT_CAPITAL_QUOTE, BacktestConfig
from arbresearch.backtest.config_parts import Balances, HedgeConfig, MarginConfig
from arbresearch.backtest.inputs import Inputs
from arbresearch.backtest.listed import Listed
from arbresearch.backtest.moves import transfer_terms
from arbresearch.backtest.scheduled import scheduled
from arbresearch.backtest.streams import Stream, check_names, named
from arbresearch.backtest.terms import RunTerms, StrategyTerms, VenueTerms
from arbresearch.core import NS_PER_MINUTE, NS_PER_SECOND, BadInput, FeeCurrency, FeeSchedule, expected
from arbresearch.matching import Rule, SquareRootImpact
from arbresearch.matching.taker_kernels import floor_to_lot
from arbresearch.signals.modes import MODES

__all__ = ["Conditions", "conditions_of", "fees_of"]

_MOST_NS: Final = 2**62
_UNQUOTED: Final = 0.01
"""Share of the time for which a hedge may be without a fresh quote before it is said."""
_RULES: Final = tuple(Rule)
_NO_TRADE: Final = (inf,) * len(MODES)


@dataclass(frozen=True, slots=True)
class Conditions:
    """The terms of a run, where they come from, and what is doubtful about them."""

    terms: RunTerms
    notes: tuple[str, ...]
    warnings: tuple[str, ...]


def conditions_of(
    inputs: Inputs, config: BacktestConfig, own_fees: Mapping[str, FeeSchedule] | None = None
) -> Conditions:
    """Return the terms of a run.

    Parameters
    ----------
    inputs
        As :class:`~arbresearch.backtest.inputs.Recording` reads them for this configuration.
    config
        What is assumed.
    own_fees
        Of one's own accounts by venue; the second choice after those of the configuration.

    Raises
    ------
    BadInput
        Fees that are nowhere, names that fit no stream, lots above the order size, or nothing to trade with.
    """
    streams = inputs.streams
    for what in ("fees", "latencies", "venue_max_age_s", "instruments"):
        check_names(what, getattr(config, what), streams)
    if config.margin is not None and not (streams.a.perpetual or streams.b.perpetual):
        raise BadInput(expected("margin", "None where A and B are spot", "terms", "those of a hedge are in its own"))
    listed = [
        one.overridden(named(config.instruments, stream))
        for one, stream in zip(inputs.listed, streams.all, strict=True)
    ]
    notes, warnings = [], [*inputs.warnings]
    venues, latencies = [], []
    for place, (stream, known) in enumerate(zip(streams.all, listed, strict=True)):
        fees, source = fees_of(stream, known, config, own_fees or {})
        latency, told = latency_of(stream, config, inputs.clocks[place])
        notes += [f"fees of {stream.name}: {source}, maker {1e4 * fees.maker:g} bps, taker {1e4 * fees.taker:g} bps"]
        (warnings if "default" in told else notes).append(told)
        margin = config.hedge.margin if stream is streams.hedge and config.hedge else config.margin or MarginConfig()
        venues.append(_venue(stream, known, fees, margin, config, _impact(inputs, config, place)))
        latencies.append(latency)
    venues[:2] = _funded(inputs, config, venues)
    lot, doubts = check_lots(streams, listed, venues, inputs.first_mids, config)
    warnings += doubts
    warnings += check_orders(streams, venues, inputs.first_mids, lot, config)
    warnings += check_thresholds(config)
    hedge = config.hedge
    if hedge is not None:
        venues[2], doubts = _margined(inputs, hedge, venues, listed[2])
        warnings += doubts
    else:
        venues.append(VenueTerms(maker_rate=0.0, taker_rate=0.0))
        latencies.append(latencies[1])
    moves, routes, doubts = transfer_terms(inputs, config, venues)
    entry, leave = config.mode_thresholds() if config.schedule is None else (_NO_TRADE, _NO_TRADE)
    terms = RunTerms(
        venues=(venues[0], venues[1], venues[2]),
        strategy=_strategy(inputs, config, venues, lot, listed[2] if hedge is not None else None),
        enabled=tuple(mode in config.modes for mode in MODES),
        entry_bps=entry,
        exit_bps=leave,
        latencies=(latencies[0], latencies[1], latencies[2]),
        transfers=moves,
        schedule=None if config.schedule is None else scheduled(config.schedule),
    )
    return Conditions(terms, (*notes, *routes), tuple(dict.fromkeys([*warnings, *doubts])))


def fees_of(
    stream: Stream, listed: Listed, config: BacktestConfig, own_fees: Mapping[str, FeeSchedule]
) -> tuple[FeeSchedule, str]:
    """Return the fees of a stream and where they come from; they are never assumed.

    Raises
    ------
    BadInput
        There are none.
    """
    published = listed.published
    for fees, source in ((named(config.fees, stream), "given"), (named(own_fees, stream), "own account")):
        if fees is not None:
            return fees, source
    if published is None:
        todo = f'give them, such as fees={{"{stream.venue}": FeeSchedule.from_bps(10, 10)}}, or import instruments'
        raise BadInput(expected(f"fees of {stream.name}", "a maker and a taker fee", "fees not given", todo))
    return published, "published"


def _venue(
    stream: Stream, listed: Listed, fees: FeeSchedule, margin: MarginConfig, config: BacktestConfig, impact: float
) -> VenueTerms:
    perpetual = stream.perpetual
    age_s = named(config.venue_max_age_s, stream)
    return VenueTerms(
        maker_rate=fees.maker,
        taker_rate=fees.taker,
        received=fees.paid_in == FeeCurrency.RECEIVED and not perpetual,
        coin=fees.paid_in == FeeCurrency.COIN,
        tick=listed.tick,
        lot=listed.lot or (listed.contract_size if perpetual else 0.0),
        min_quantity=listed.min_quantity,
        min_notional=listed.min_notional,
        perpetual=perpetual,
        leverage=margin.leverage if perpetual else 1.0,
        maintenance_rate=margin.maintenance_rate if perpetual else 0.0,
        liquidation_rate=margin.liquidation_rate if perpetual else 0.0,
        max_age_ns=_ns(config.max_age_s if age_s is None else age_s),
        impact=impact,
    )


def _impact(inputs: Inputs, config: BacktestConfig, place: int) -> float:
    day = inputs.daily[place]
    if config.impact is None or day is None:
        return 0.0
    law = SquareRootImpact(
        sigma_daily_bps=day.sigma_bps, volume_daily_base=day.volume_base, coefficient=config.impact.coefficient
    )
    return law.per_root_base


def _funded(inputs: Inputs, config: BacktestConfig, venues: list[VenueTerms]) -> list[VenueTerms]:
    """Split the capital: per venue into coin, floored to its lot, and quote currency."""
    capital = DEFAULT_CAPITAL_QUOTE if config.capital_quote is None else config.capital_quote
    plan = (
        (config.balances_a, config.share_a, config.base_share_a),
        (config.balances_b, 1.0 - config.share_a, config.base_share_b),
    )
    found = []
    for terms, mid, (given, share, base_share) in zip(venues[:2], inputs.first_mids[:2], plan, strict=True):
        worth = capital * share
        base = 0.0 if terms.perpetual else float(floor_to_lot(worth * base_share / mid, terms.lot))
        held = Balances(base=base, quote=max(0.0, worth - base * mid)) if given is None else given
        if held.base < 0.0 and not terms.perpetual:
            raise BadInput(expected("balance of base coin", "zero or more on a spot venue", held.base))
        found.append(replace(terms, base_start=held.base, quote_start=held.quote))
    return found


def _margined(
    inputs: Inputs, hedge: HedgeConfig, venues: list[VenueTerms], listed: Listed
) -> tuple[VenueTerms, list[str]]:
    stream, mid = inputs.streams.all[2], inputs.first_mids[2]
    worth = abs(venues[0].base_start + venues[1].base_start - hedge.target_base) * mid
    margin = worth if hedge.margin_quote is None else hedge.margin_quote
    if margin <= 0.0:
        raise BadInput(
            expected("margin_quote", "a positive number", margin, "there is no coin whose worth could be taken")
        )
    told = []
    if not (listed.contract_size or listed.lot):
        told.append(f"{stream.name}: its contract size is not known; the hedge is not rounded to contracts")
    if margin * hedge.margin.leverage < worth:
        told.append(
            f"{stream.name}: a margin of {margin:,.2f} cannot carry a hedge of {worth:,.2f}; part of it stays open"
        )
    start_ns, end_ns = inputs.start_ns, inputs.span[1]
    times = np.clip(inputs.market[2].book.recv_ns, start_ns, end_ns)
    pauses = np.diff(times, prepend=start_ns, append=end_ns)
    unquoted = float((pauses[pauses > venues[2].max_age_ns] - venues[2].max_age_ns).sum()) / max(1, end_ns - start_ns)
    if unquoted > _UNQUOTED:
        told.append(f"{stream.name}: hedge data are missing for {unquoted:.1%} of the time, when nothing can be hedged")
    return replace(venues[2], quote_start=margin), told


def _strategy(
    inputs: Inputs, config: BacktestConfig, venues: list[VenueTerms], lot: float, hedged: Listed | None
) -> StrategyTerms:
    hedge = config.hedge
    cost = config.rebalance_cost_bps
    return StrategyTerms(
        order_quote=config.position_size_usd,
        common_lot=lot,
        band_bps=config.price_band_bps,
        policy=int(config.one_leg),
        deadline_ns=_ns(config.deadline_s),
        max_hold_ns=min(_MOST_NS, round(config.max_hold_time_minutes * NS_PER_MINUTE)),
        rebalance=int(config.rebalancing),
        rebalance_cost_bps=1e4 * (venues[0].taker_rate + venues[1].taker_rate) if cost is None else cost,
        transfer_trigger=0.0 if config.moving is None else config.moving.trigger,
        max_skew_ns=_ns(config.max_skew_s),
        max_unchanged_ns=_ns(config.max_unchanged_s),
        depth_age_ns=_ns(config.depth_age_s),
        max_in_flight=config.max_in_flight,
        min_interval_ns=_ns(config.min_interval_s),
        improve_ticks=config.improve_ticks,
        quote_depth_bps=config.quote_depth_bps,
        requote_bps=config.requote_bps,
        quote_ttl_ns=_ns(config.quote_ttl_s),
        fill_probability=nan if config.fill_probability is None else config.fill_probability,
        fill_rule=_RULES.index(config.fill_rule),
        family=config.queue.code,
        exponent=config.queue.power,
        max_tilt_quote=inf if config.max_tilt_quote is None else config.max_tilt_quote,
        max_exposure_quote=inf if config.max_exposure_quote is None else config.max_exposure_quote,
        daily_loss_quote=inf if config.daily_loss_quote is None else config.daily_loss_quote,
        hedge=hedge is not None,
        hedge_target_base=0.0 if hedge is None else hedge.target_base,
        hedge_band_base=0.0
        if hedge is None or hedged is None
        else hedge.band_contracts * (hedged.contract_size or hedged.lot),
        sample_ns=_ns(config.sample_interval_s),
        start_ns=inputs.start_ns,
        tilt_slope_bps=config.tilt_slope_bps,
    )


def _ns(seconds: float) -> int:
    return min(_MOST_NS, round(seconds * NS_PER_SECOND))
