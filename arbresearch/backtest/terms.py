"""What a run is subject to, in plain numbers: exactly what the kernel reads."""

from __future__ import annotations

from dataclasses import dataclass, fields
from math import inf, nan
from typing import Any

import numpy as np
import numpy.typing as npt

from arbresearch.backtest.layout import SCHEDULE, STRATEGY, TRANSFER_TERMS, VENUE, VENUES
from arbresearch.core import NS_PER_DAY, NS_PER_MINUTE, NS_PER_SECOND, BadInput, expected
from arbresearch.edges.arrays import Bools, Floats, Times
from arbresearch.matching import DEPTH_AGE_NS, Leg, VenueLatency
from arbresearch.matching.queue_kernels import POWER
from arbresearch.signals.modes import MODES

__all__ = ["Delays", "RunTerms", "ScheduleTerms", "StrategyTerms", "TransferTerms", "VenueTerms"]


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueTerms:
    """Terms of one venue and market.

    Parameters
    ----------
    maker_rate, taker_rate
        Fees as fractions of notional; negative is a rebate.
    received
        Whether a buy's fee is taken from the coin it brings in; never on a perpetual.
    coin
        Whether fees are paid in a fee coin, counted at their worth in quote currency apart from the balance.
    tick, lot
        Price and quantity step, quote per base and base coin; 0: none. A perpetual's lot is its contract size.
    min_quantity, min_notional
        Smallest order, base coin and quote currency.
    perpetual
        Whether the balance of base coin is a position: it may be negative, and leverage limits it instead.
    leverage, maintenance_rate, liquidation_rate
        Of a perpetual: largest position over equity; the margin below which it is closed and what that costs,
        fractions of the position's value.
    max_age_ns
        A quote last received longer ago is no quote.
    impact
        Own price impact, a fraction per root of a base coin.
    base_start, quote_start
        Balances at the beginning.
    """

    maker_rate: float
    taker_rate: float
    received: bool = False
    coin: bool = False
    tick: float = 0.0
    lot: float = 0.0
    min_quantity: float = 0.0
    min_notional: float = 0.0
    perpetual: bool = False
    leverage: float = 1.0
    maintenance_rate: float = 0.0
    liquidation_rate: float = 0.0
    max_age_ns: int = 60 * NS_PER_SECOND
    impact: float = 0.0
    base_start: float = 0.0
    quote_start: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferTerms:
    """Terms of moving one asset from one venue to the other.

    Parameters
    ----------
    fee_fixed, fee_rate
        In the asset, and a fraction of the amount.
    min_amount, step
        Smallest amount and its step; 0: none.
    delays_ns
        Measured or assumed times to arrival, one or more; each transfer draws one.
    key
        Names the draws.
    failure_probability, loss_given_failure
        How often it fails, and the fraction that is lost then; the rest comes back after a second delay.
    """

    fee_fixed: float = 0.0
    fee_rate: float = 0.0
    min_amount: float = 0.0
    step: float = 0.0
    delays_ns: tuple[int, ...] = (30 * NS_PER_MINUTE,)
    key: int = 0
    failure_probability: float = 0.0
    loss_given_failure: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategyTerms:
    """Terms of the strategy; see :class:`~arbresearch.backtest.BacktestConfig`, from which they are made."""

    order_quote: float
    common_lot: float = 0.0
    band_bps: float = 10.0
    policy: int = 0
    deadline_ns: int = 5 * NS_PER_SECOND
    max_hold_ns: int = NS_PER_DAY
    rebalance: int = 0
    rebalance_cost_bps: float = 0.0
    transfer_trigger: float = 0.25
    max_skew_ns: int = 60 * NS_PER_SECOND
    max_unchanged_ns: int = 60 * NS_PER_SECOND
    depth_age_ns: int = DEPTH_AGE_NS
    max_in_flight: int = 1
    min_interval_ns: int = 0
    improve_ticks: float = 0.0
    quote_depth_bps: float = 0.0
    requote_bps: float = 1.0
    quote_ttl_ns: int = 60 * NS_PER_SECOND
    fill_probability: float = nan
    fill_rule: int = 1
    family: int = POWER
    exponent: float = 1.0
    max_tilt_quote: float = inf
    max_exposure_quote: float = inf
    daily_loss_quote: float = inf
    hedge: bool = False
    hedge_target_base: float = 0.0
    hedge_band_base: float = 0.0
    sample_ns: int = NS_PER_MINUTE
    start_ns: int = 0
    tilt_slope_bps: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ScheduleTerms:
    """Terms that replace those of the strategy from a time on, before anything else of that time.

    Pairs that are open keep the threshold they were opened at.

    Parameters
    ----------
    since_ns
        Rising, shape (rows,).
    entry_bps, exit_bps
        Of the six modes, shape (rows, 6); infinite: no trade that way, but for the relaxed one past the maximum hold.
    order_quote, tilt_slope_bps
        Shape (rows,).
    max_hold_ns
        Shape (rows,), -1: as before; None: all as before.
    """

    since_ns: Times
    entry_bps: Floats
    exit_bps: Floats
    order_quote: Floats
    tilt_slope_bps: Floats
    max_hold_ns: Times | None = None

    def __post_init__(self) -> None:
        """Refuse tables of unlike shapes and times that do not rise; ``BadInput``."""
        rows = self.since_ns.size
        shapes = {"entry_bps": (rows, len(MODES)), "exit_bps": (rows, len(MODES)), "order_quote": (rows,)}
        for name, shape in {**shapes, "tilt_slope_bps": (rows,), "max_hold_ns": (rows,)}.items():
            if name == "max_hold_ns" and self.max_hold_ns is None:
                continue
            if getattr(self, name).shape != shape:
                raise BadInput(expected(f"schedule {name}", f"shape {shape}", getattr(self, name).shape))
        if (np.diff(self.since_ns) <= 0).any():
            raise BadInput(expected("schedule since_ns", "rising times", "some that do not rise"))

    def records(self) -> npt.NDArray[Any]:
        """Return the rows as records, shape (rows,)."""
        rows = np.zeros(self.since_ns.size, dtype=SCHEDULE)
        for one in fields(self):
            value = getattr(self, one.name)
            rows[one.name] = -1 if value is None else value
        return rows


@dataclass(frozen=True, slots=True)
class Delays:
    """The delays of all venues and transfers in one array.

    Parameters
    ----------
    values
        Nanoseconds, shape (all,).
    places
        Offset and number, shape (VENUES * LEGS + 4, 2): a venue's four legs one after another, then the transfers of
        base and of quote currency, each to A and to B.
    keys
        Of the draws, shape (VENUES * LEGS + 4,).
    """

    values: Times
    places: Times
    keys: npt.NDArray[np.uint64]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunTerms:
    """Everything a run is subject to but the market.

    Parameters
    ----------
    venues
        A, B, and the perpetual that hedges (any terms where ``strategy.hedge`` is False).
    strategy
        Of the strategy.
    enabled, entry_bps, exit_bps
        Of the six modes in the order of :data:`~arbresearch.signals.MODES`.
    latencies
        Of the three venues.
    transfers
        ``transfers[asset][destination]``; None: closed.
    schedule
        Terms that replace the thresholds, the order size and the tilt slope from times on; None: they stay.
    """

    venues: tuple[VenueTerms, VenueTerms, VenueTerms]
    strategy: StrategyTerms
    enabled: tuple[bool, ...]
    entry_bps: tuple[float, ...]
    exit_bps: tuple[float, ...]
    latencies: tuple[VenueLatency, VenueLatency, VenueLatency]
    transfers: tuple[
        tuple[TransferTerms | None, TransferTerms | None], tuple[TransferTerms | None, TransferTerms | None]
    ] = (
        (None, None),
        (None, None),
    )
    schedule: ScheduleTerms | None = None

    def __post_init__(self) -> None:
        """Refuse terms of another number of modes; ``BadInput``."""
        for name in ("enabled", "entry_bps", "exit_bps"):
            if len(getattr(self, name)) != len(MODES):
                raise BadInput(expected(name, f"one value for each of the {len(MODES)} modes", getattr(self, name)))

    def venue_rows(self) -> npt.NDArray[Any]:
        """Return the venues as records, shape (VENUES,)."""
        rows = np.zeros(VENUES, dtype=VENUE)
        for row, terms in zip(rows, self.venues, strict=True):
            for one in fields(terms):
                row[one.name] = getattr(terms, one.name)
        return rows

    def strategy_rows(self) -> npt.NDArray[Any]:
        """Return the strategy as a record, shape (1,)."""
        rows = np.zeros(1, dtype=STRATEGY)
        for one in fields(self.strategy):
            rows[0][one.name] = getattr(self.strategy, one.name)
        return rows

    def transfer_rows(self) -> npt.NDArray[Any]:
        """Return the transfers as records, shape (2 assets, 2 destinations)."""
        rows = np.zeros((2, 2), dtype=TRANSFER_TERMS)
        for asset in range(2):
            for destination in range(2):
                terms = self.transfers[asset][destination]
                if terms is not None:
                    rows[asset, destination] = (
                        True, terms.fee_fixed, terms.fee_rate, terms.min_amount, terms.step,
                        terms.failure_probability, terms.loss_given_failure, terms.key ^ 0x5DEECE66D,
                    )  # fmt: skip
        return rows

    def delays(self) -> Delays:
        """Return all delays in one array."""
        samples: list[Times] = []
        keys: list[int] = []
        for latency in self.latencies:
            for leg in Leg:
                samples.append(latency.model(leg).sample)
                keys.append(latency.key(leg))
        for terms in (one for asset in self.transfers for one in asset):
            samples.append(np.array([0] if terms is None else terms.delays_ns, dtype=np.int64))
            keys.append(0 if terms is None else terms.key)
        sizes = np.array([one.size for one in samples], dtype=np.int64)
        places = np.stack([np.cumsum(sizes) - sizes, sizes], axis=1)
        return Delays(np.concatenate(samples), places, np.array(keys, dtype=np.uint64))

    def thresholds(self) -> tuple[Bools, Floats, Floats]:
        """Return what is enabled, entry and exit thresholds, shape (6,) each."""
        return (
            np.array(self.enabled, dtype=np.bool_),
            np.array(self.entry_bps, dtype=np.float64),
            np.array(self.exit_bps, dtype=np.float64),
        )
