"""What a backtest assumes; every field is part of the result."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, Self

from arbresearch.backtest.codes import OneLegPolicy, Rebalance
from arbresearch.backtest.config_checks import ALIASES, check_config
from arbresearch.backtest.config_json import from_primitives, to_primitives
from arbresearch.backtest.config_parts import (
    Balances,
    HedgeConfig,
    ImpactConfig,
    InstrumentTerms,
    LatencyModel,
    MarginConfig,
    ModeThresholds,
    TransferConfig,
)
from arbresearch.core import FeeSchedule, parse_ns
from arbresearch.matching import QueueFamily, QueueModel, Rule, VenueLatency
from arbresearch.signals.modes import AB, MODES, Mode
from arbresearch.signals.schedule import ThresholdSchedule
from arbresearch.store import Moment

__all__ = ["DEFAULT_CAPITAL_QUOTE", "DEFAULT_THRESHOLD_BPS", "TAKER_MODES", "BacktestConfig"]

TAKER_MODES: Final = (Mode.MARKET_A_SELL_MARKET_B_BUY, Mode.MARKET_B_SELL_MARKET_A_BUY)
DEFAULT_CAPITAL_QUOTE: Final = 10_000.0
DEFAULT_THRESHOLD_BPS: Final = 5.0

_QUEUE: Final = QueueModel(QueueFamily.POWER, 1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class BacktestConfig:
    """Two venues, when to trade between them, with what, and what that is subject to.

    Mappings by venue take a ccxt id (``gate``) or, first choice, a venue and a symbol (``gate LUNC/USDT:USDT``).

    Parameters
    ----------
    venue_a, venue_b
        ccxt ids; the same twice holds two symbols of one venue against each other.
    symbol_b
        Unified symbol on B where it is another than on A, such as a perpetual or ``1000PEPE/USDT``; None: the same.
    start, end
        Receive times, start included and end not: nanoseconds, ISO 8601 text or a datetime. None: from the first to
        the last time at which both venues have quotes.
    modes
        Those that may be used, see :class:`~arbresearch.signals.Mode`; trades are read only for modes with a maker.
    sell_a_threshold_bps, sell_b_threshold_bps
        Net edge that selling on A (on B) and buying on the other venue must exceed, basis points; None: 5.
    sell_a_exit_bps, sell_b_exit_bps
        The same where the trade brings inventory back towards the start; None: as the threshold before ("flip").
    mexc_threshold_bps, gateio_threshold_bps
        Other names for the threshold of selling on MEXC and on Gate, whichever of A and B they are.
    overrides
        Thresholds of single modes.
    schedule
        Thresholds, order size and tilt slope over time, instead of constant ones; before its first row nothing is
        traded. None: the constant ones of this configuration.
    tilt_slope_bps
        By how much the threshold of tilting inventory further is higher when all of the selling venue's coin is gone,
        linear in between, basis points.
    position_size_usd
        Largest notional of one action, quote currency; a schedule has its own.
    max_hold_time_minutes
        How long inventory may stay tilted; past it a reverse trade may cost ``rebalance_cost_bps``, or a transfer of
        coin is wanted.
    capital_quote
        Worth of what both venues hold at the start, at their first mid prices, quote currency; None: 10,000.
    share_a
        Fraction of the capital on A.
    base_share_a, base_share_b
        Fraction of a venue's capital that is coin, floored to its lot; a perpetual starts without a position.
    balances_a, balances_b
        What a venue holds instead; with both, no capital may be given.
    fees
        By venue. Where none is given: those of the account the backtester knows, then those the venue published.
    latency_ms
        From a decision to the book that the order meets, milliseconds, constant on all venues, half of it each way.
    latencies
        Models by venue, instead. With neither, delays are measured from the two clocks of each venue's quotes.
    latency_model
        What is made of measured delays.
    processing_ms
        Of deciding, signing and the venue's order entry, milliseconds; added to measured delays.
    default_latency_ms
        As ``latency_ms``, for a venue whose delay is not in the data.
    seed
        Of drawn delays and of transfers that fail.
    one_leg
        What is done when one leg filled more than the other.
    price_band_bps
        How far beyond the price seen an order may fill, and a repair be sent, basis points.
    deadline_s
        After which an excess is undone at any price within the band, seconds.
    max_age_s
        A quote last received longer ago is none, seconds.
    venue_max_age_s
        The same by venue, instead.
    max_skew_s
        Quotes of the two venues received further apart are no signal, seconds.
    max_unchanged_s
        A book that has stood still for longer is no signal, however often it was repeated, seconds.
    use_depth
        Whether recorded levels count; without, only the best price is known.
    depth_age_s
        Levels received longer ago are not known, seconds.
    max_in_flight
        Pairs that may be open at once, 1 to 16.
    min_interval_s
        Between two decisions to trade, seconds.
    improve_ticks
        How far inside the spread a resting order is quoted, ticks; below zero: behind the best.
    quote_depth_bps
        How far behind the best price it may be where costs demand it, basis points.
    requote_bps
        It is looked at anew when a price it rests on has moved by more, basis points.
    quote_ttl_s
        And cancelled after so long, seconds.
    fill_rule
        When a resting order counts as filled: touch and through are the bounds, queue is the estimate.
    queue
        How its queue moves, for the rule ``queue``.
    fill_probability
        By which the profit of a maker mode is weighed in choosing among modes; None: the share filled so far.
    impact
        Own price impact; None: none.
    max_tilt_quote, max_exposure_quote, daily_loss_quote
        Largest tilt of inventory between the venues, largest unhedged excess of one leg at which new pairs are begun,
        and loss since midnight UTC at which trading stops for the day, quote currency; None: no limit.
    rebalance
        How inventory comes back; None: by transfers if ``enable_transfers``, else by reverse trades.
    enable_transfers
        Whether coin and quote currency may be moved between the venues; None: as ``rebalance`` says.
    rebalance_cost_bps
        What a reverse trade past the maximum hold may cost, basis points; None: both taker fees.
    transfers
        Their terms; None: the defaults of :class:`TransferConfig` where transfers are enabled.
    hedge
        A perpetual that hedges the coin; None: none.
    margin
        Of A or B where it is a perpetual; None: the defaults of :class:`MarginConfig`.
    instruments
        Steps and smallest orders by venue, instead of those of the store's ``instruments`` table.
    sample_interval_s
        Between two rows of equity and inventory, seconds.

    Raises
    ------
    ParameterError
        A value out of range, or two that contradict each other.
    """

    venue_a: str = "mexc"
    venue_b: str = "gate"
    symbol_b: str | None = None
    start: Moment | None = None
    end: Moment | None = None
    modes: tuple[Mode, ...] = TAKER_MODES
    sell_a_threshold_bps: float | None = None
    sell_b_threshold_bps: float | None = None
    sell_a_exit_bps: float | None = None
    sell_b_exit_bps: float | None = None
    mexc_threshold_bps: float | None = None
    gateio_threshold_bps: float | None = None
    overrides: tuple[ModeThresholds, ...] = ()
    schedule: ThresholdSchedule | None = None
    tilt_slope_bps: float = 0.0
    position_size_usd: float = 1_000.0
    max_hold_time_minutes: float = 1_440.0
    capital_quote: float | None = None
    share_a: float = 0.5
    base_share_a: float = 0.5
    base_share_b: float = 0.5
    balances_a: Balances | None = None
    balances_b: Balances | None = None
    fees: Mapping[str, FeeSchedule] = field(default_factory=dict)
    latency_ms: float | None = None
    latencies: Mapping[str, VenueLatency] = field(default_factory=dict)
    latency_model: LatencyModel = LatencyModel.MEDIAN
    processing_ms: float = 50.0
    default_latency_ms: float = 250.0
    seed: int = 0
    one_leg: OneLegPolicy = OneLegPolicy.COMPLETE
    price_band_bps: float = 10.0
    deadline_s: float = 5.0
    max_age_s: float = 60.0
    venue_max_age_s: Mapping[str, float] = field(default_factory=dict)
    max_skew_s: float = 60.0
    max_unchanged_s: float = 60.0
    use_depth: bool = True
    depth_age_s: float = 5.0
    max_in_flight: int = 1
    min_interval_s: float = 0.0
    improve_ticks: float = 0.0
    quote_depth_bps: float = 0.0
    requote_bps: float = 1.0
    quote_ttl_s: float = 60.0
    fill_rule: Rule = Rule.QUEUE
    queue: QueueModel = _QUEUE
    fill_probability: float | None = None
    impact: ImpactConfig | None = None
    max_tilt_quote: float | None = None
    max_exposure_quote: float | None = None
    daily_loss_quote: float | None = None
    rebalance: Rebalance | None = None
    enable_transfers: bool | None = None
    rebalance_cost_bps: float | None = None
    transfers: TransferConfig | None = None
    hedge: HedgeConfig | None = None
    margin: MarginConfig | None = None
    instruments: Mapping[str, InstrumentTerms] = field(default_factory=dict)
    sample_interval_s: float = 60.0

    def __post_init__(self) -> None:
        """Refuse what cannot be meant; times become nanoseconds."""
        for name in ("start", "end"):
            if getattr(self, name) is not None:
                object.__setattr__(self, name, parse_ns(getattr(self, name)))
        for name in ("modes", "overrides"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        check_config(self)
        for name in ("fees", "latencies", "venue_max_age_s", "instruments"):
            object.__setattr__(self, name, dict(getattr(self, name)))

    @property
    def entry_bps(self) -> tuple[float, float]:
        """Return the thresholds of selling on A and of selling on B."""
        return self._threshold(self.sell_a_threshold_bps, self.venue_a), self._threshold(
            self.sell_b_threshold_bps, self.venue_b
        )

    @property
    def exit_bps(self) -> tuple[float, float]:
        """Return those that hold where the trade brings inventory back."""
        entry_a, entry_b = self.entry_bps
        exit_a, exit_b = self.sell_a_exit_bps, self.sell_b_exit_bps
        return entry_a if exit_a is None else exit_a, entry_b if exit_b is None else exit_b

    def mode_thresholds(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """Return entry and exit thresholds of the six modes in their order, overrides included."""
        own = {one.mode: one for one in self.overrides}
        entry, leave = [], []
        for mode in MODES:
            one = own.get(mode)
            side = 0 if mode.direction == AB else 1
            entry.append(self.entry_bps[side] if one is None else one.entry_bps)
            leave.append(
                self.exit_bps[side] if one is None else one.entry_bps if one.exit_bps is None else one.exit_bps
            )
        return tuple(entry), tuple(leave)

    @property
    def largest_order_quote(self) -> float:
        """Return the largest notional that one action may ever have, quote currency."""
        return self.position_size_usd if self.schedule is None else max(row.order_quote for row in self.schedule.rows)

    @property
    def rebalancing(self) -> Rebalance:
        """Return how inventory comes back."""
        if self.rebalance is not None:
            return self.rebalance
        return Rebalance.TRANSFER if self.enable_transfers else Rebalance.REVERSE

    @property
    def moving(self) -> TransferConfig | None:
        """Return the terms of transfers; None where there are none."""
        if self.rebalancing is not Rebalance.TRANSFER:
            return None
        return TransferConfig() if self.transfers is None else self.transfers

    @property
    def makes(self) -> bool:
        """Return whether orders may rest."""
        return any(mode.maker >= 0 for mode in self.modes)

    def with_thresholds(self, sell_a: float, sell_b: float, exit_a: float | None, exit_b: float | None) -> Self:
        """Return the same with other thresholds of the two directions, whatever names they were given by."""
        return replace(
            self,
            sell_a_threshold_bps=sell_a,
            sell_b_threshold_bps=sell_b,
            sell_a_exit_bps=exit_a,
            sell_b_exit_bps=exit_b,
            mexc_threshold_bps=None,
            gateio_threshold_bps=None,
        )

    def as_dict(self) -> dict[str, Any]:
        """Return the values as JSON primitives."""
        values: dict[str, Any] = to_primitives(self)
        return values

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Build a configuration from what :meth:`as_dict` gave, or from some of its names; the others are defaults.

        Raises
        ------
        ParameterError
            A name that is not known, or a value out of range.
        """
        return from_primitives(cls, values, "backtest configuration")

    def _threshold(self, given: float | None, venue: str) -> float:
        named = [getattr(self, name) for name, venues in ALIASES.items() if venue in venues]
        found = next((one for one in (given, *named) if one is not None), DEFAULT_THRESHOLD_BPS)
        return float(found)
