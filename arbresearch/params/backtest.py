"""Parameters of the backtest notebook."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import orjson
from pydantic import Field, field_validator

from arbresearch.backtest.codes import OneLegPolicy, Rebalance
from arbresearch.backtest.config import BacktestConfig
from arbresearch.backtest.names import hedge_named, member_named, modes_named
from arbresearch.core import ArbError, FeeSchedule
from arbresearch.discovery import ScoreSettings, StreamPair
from arbresearch.matching import Rule
from arbresearch.params.base import Bps, PairParams, Seconds
from arbresearch.params.choice import choose_for
from arbresearch.signals.schedule import ThresholdSchedule
from arbresearch.store import TickStore

__all__ = ["BacktestParams"]

_Money = Annotated[float, Field(gt=0, le=1e12)]


class BacktestParams(PairParams):
    """Parameters of ``30_backtest``.

    Parameters
    ----------
    pair
        Name of the pair that is traded, such as ``LUNC/USDT mexc-gate``: the coin, then A and B; a perpetual is marked
        ``perp``. Empty: the first of the ranking by score that ``arb discover`` makes of those below.
    symbols
        Unified symbols to choose among; one of spot means the coin, perpetual included; empty: all.
    venue_pairs
        Such as ``mexc:gate``, to choose among; empty: every two venues.
    markets
        What is chosen among where no pair is named. ``same``: one symbol on two venues; ``any``: also spot against
        perpetual.
    candidates
        How many pairs and settings were compared before this one was chosen, itself counted; lower bounds allow for
        it. None: those of the ranking, or 1 where a pair is named.
    start, end
        Receive times, ISO 8601 UTC, start included and end not; None: open.
    fees_bps
        Fee of both roles by venue or by venue and symbol, basis points; for those not named, the settings' own fees
        count, then the published ones of the instruments table, else the notebook fails.
    capital_quote
        Worth of what both venues hold at the start, quote currency.
    base_share
        Fraction of each venue's capital that is coin.
    notional_quote
        Largest order of one action, quote currency.
    entry_bps, exit_bps
        Net edge that a trade must exceed where it tilts inventory and where it brings it back, basis points; exit None:
        as entry.
    schedule
        Thresholds and order sizes over time, as ``arb optimize`` and ``40_thresholds`` leave them: a file, or its JSON;
        ``entry_bps`` does not count then. Empty: none.
    modes
        ``taker`` (both legs take), ``maker`` (one leg rests), ``all``, or names of modes.
    one_way
        Whether only A sells.
    latency_s
        From a decision to the book that an order meets, seconds; None: measured for each venue.
    latencies_s
        Latencies of the sweep, seconds.
    one_leg
        What is done when one leg filled more than the other.
    price_band_bps
        How far beyond the price seen an order may fill, basis points.
    max_age_s
        A quote last received longer ago is none, seconds.
    max_in_flight
        Pairs that may be open at once.
    max_hold_minutes
        How long inventory may stay tilted.
    rebalance
        How inventory comes back after that, or when it runs out.
    fill_rule
        When a resting order counts as filled.
    hedge
        Venue of the perpetual that hedges the coin, such as ``gate`` or ``gate LUNC/USDT:USDT``; empty: none.
    hedge_band_contracts
        Nothing is hedged while delta is within so many contracts.
    daily_loss_quote
        Loss since midnight UTC at which trading stops for the day, quote currency; None: no limit.
    candle_minutes
        Length of the candles that are held against ticks, minutes.
    """

    pair: str = ""
    candidates: Annotated[int, Field(ge=1)] | None = None
    capital_quote: _Money = 10_000.0
    base_share: Annotated[float, Field(ge=0, le=1)] = 0.5
    notional_quote: _Money = 1_000.0
    entry_bps: Bps = 5.0
    exit_bps: Bps | None = None
    schedule: str = ""
    modes: Annotated[list[str], Field(min_length=1, max_length=6)] = Field(default=["taker"])
    one_way: bool = False
    latency_s: Annotated[float, Field(ge=0, le=3_600)] | None = None
    latencies_s: Annotated[list[Annotated[float, Field(ge=0, le=60)]], Field(min_length=2, max_length=12)] = Field(
        default=[0.0, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0]
    )
    one_leg: Literal["complete", "unwind", "hold"] = "complete"
    price_band_bps: Annotated[float, Field(ge=0, le=1_000)] = 10.0
    max_age_s: Seconds = 60.0
    max_in_flight: Annotated[int, Field(ge=1, le=16)] = 1
    max_hold_minutes: Annotated[float, Field(ge=0, le=1e6)] = 1_440.0
    rebalance: Literal["reverse", "transfer", "none"] = "reverse"
    fill_rule: Literal["touch", "queue", "through"] = "queue"
    hedge: str = ""
    hedge_band_contracts: Annotated[float, Field(ge=0, le=1e9)] = 1.0
    daily_loss_quote: _Money | None = None
    candle_minutes: Annotated[int, Field(ge=1, le=1_440)] = 1

    @field_validator("modes", mode="before")
    @classmethod
    def _one_mode(cls, value: object) -> object:
        return [value] if isinstance(value, str) else value

    @field_validator("modes")
    @classmethod
    def _modes(cls, value: list[str]) -> list[str]:
        try:
            modes_named(value)
        except ArbError as error:
            raise ValueError(str(error)) from None
        return value

    @field_validator("schedule")
    @classmethod
    def _schedule(cls, value: str) -> str:
        if value.lstrip().startswith("{"):
            _read(value)
        return value

    @field_validator("hedge")
    @classmethod
    def _hedge(cls, value: str) -> str:
        try:
            hedge_named(value)
        except ArbError as error:
            raise ValueError(str(error)) from None
        return value

    def choose(self, ticks: TickStore) -> tuple[StreamPair, int]:
        """Return the pair that is traded, and among how many it was chosen.

        Raises
        ------
        BadInput
            The store does not have it, or has none to choose among, or fees are not known.
        """
        settings = ScoreSettings(
            capital_quote=self.capital_quote,
            notional_quote=self.notional_quote,
            entry_bps=self.entry_bps,
            latency_s=self.latency_s,
        )
        return choose_for(self, ticks, settings)

    def config(self, pair: StreamPair) -> BacktestConfig:
        """Return what a backtest of a pair assumes.

        Raises
        ------
        BadInput
            A schedule whose file is not there, or that is none.
        """
        return BacktestConfig(
            venue_a=pair.venue_a,
            venue_b=pair.venue_b,
            symbol_b=None if pair.symbol_b == pair.symbol_a else pair.symbol_b,
            start=self.start,
            end=self.end,
            modes=modes_named(self.modes, one_way=self.one_way),
            sell_a_threshold_bps=None if self.schedule else self.entry_bps,
            sell_b_threshold_bps=None if self.schedule else self.entry_bps,
            sell_a_exit_bps=self.exit_bps,
            sell_b_exit_bps=self.exit_bps,
            schedule=_read(self.schedule) if self.schedule else None,
            position_size_usd=self.notional_quote,
            max_hold_time_minutes=self.max_hold_minutes,
            capital_quote=self.capital_quote,
            base_share_a=self.base_share,
            base_share_b=self.base_share,
            fees={name: FeeSchedule.from_bps(fee, fee, tier="given") for name, fee in self.fees_bps.items()},
            latency_ms=None if self.latency_s is None else 1e3 * self.latency_s,
            one_leg=member_named(OneLegPolicy, self.one_leg, "one_leg"),
            price_band_bps=self.price_band_bps,
            max_age_s=self.max_age_s,
            max_in_flight=self.max_in_flight,
            rebalance=member_named(Rebalance, self.rebalance, "rebalance"),
            fill_rule=Rule(self.fill_rule),
            hedge=hedge_named(self.hedge, band_contracts=self.hedge_band_contracts),
            daily_loss_quote=self.daily_loss_quote,
        )


def _read(text: str) -> ThresholdSchedule:
    """Read a schedule from JSON or from a file of it; a relative one is looked for here, then one up."""
    if not text.lstrip().startswith("{"):
        path = Path(text)
        return ThresholdSchedule.load(path if path.exists() else Path("..") / path)
    try:
        return ThresholdSchedule.from_dict(orjson.loads(text))
    except (orjson.JSONDecodeError, ArbError) as error:
        raise ValueError(str(error)) from None
