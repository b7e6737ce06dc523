"""Parameters of the notebook about thresholds."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from arbresearch.backtest.codes import Rebalance
from arbresearch.backtest.config import BacktestConfig
from arbresearch.backtest.names import member_named
from arbresearch.core import FeeSchedule
from arbresearch.discovery import ScoreSettings, StreamPair
from arbresearch.params.base import PairParams
from arbresearch.params.choice import choose_for
from arbresearch.store import TickStore
from arbresearch.thresholds.settings import OptimizerSettings

__all__ = ["ThresholdsParams"]

_Money = Annotated[float, Field(gt=0, le=1e12)]
_Days = Annotated[float, Field(gt=0, le=36_500)]
_Few = Annotated[int, Field(ge=1, le=1_000)]
_SHARED = ("capital_quote", "base_share", "latency_s", "max_age_s", "price_band_bps", "rebalance")


class ThresholdsParams(PairParams):
    """Parameters of ``40_thresholds``.

    Parameters
    ----------
    pair, symbols, venue_pairs, markets, start, end, fees_bps
        As for ``30_backtest``.
    candidates
        How many pairs were compared before this one was chosen, itself counted; bounds and trials allow for it. None:
        those of the ranking, or 1 where a pair is named.
    capital_quote, base_share, latency_s, price_band_bps, max_age_s, rebalance
        As for ``30_backtest``.
    notional_quote
        Order size about which sizes are tried, quote currency.
    walk
        ``anchored``: each time to choose on reaches back to the start; ``rolling``: all are as long.
    train_days, test_days
        Lengths of the times to choose and to judge on, days; None: half of the data, and a fifth of what remains.
    widths
        How many half widths are tried.
    skews
        Where levels are centred, off the level reverted to, stationary standard deviations.
    exits
        Where inventory is brought back: 1 at the opposite level, 0 at the level reverted to; below 1 an order is not
        cut to what is tilted.
    sizes_quote
        Order sizes, quote currency; None: a quarter, half, once and twice ``notional_quote``.
    holds_minutes
        How long inventory may stay tilted, minutes; None: a day, but no longer than a twentieth of the data.
    regimes
        Of ``hour``, ``volatility``, ``tilt``: thresholds that depend on it are tried beside constant ones.
    resamples
        Of the bootstrap.
    confidence
        Of all intervals and bounds.
    drawdown_limit
        Largest drawdown, a fraction of the capital.
    venue_default_year, loss_given_default
        Probability that a venue defaults within a year, and what of the holdings there is lost then.
    workers
        Threads that run the grid.
    seed
        Of the bootstrap.
    """

    pair: str = ""
    candidates: Annotated[int, Field(ge=1)] | None = None
    capital_quote: _Money = 10_000.0
    base_share: Annotated[float, Field(ge=0, le=1)] = 0.5
    notional_quote: _Money = 1_000.0
    latency_s: Annotated[float, Field(ge=0, le=3_600)] | None = None
    price_band_bps: Annotated[float, Field(ge=0, le=1_000)] = 10.0
    max_age_s: Annotated[float, Field(gt=0, le=86_400)] = 60.0
    rebalance: Literal["reverse", "transfer", "none"] = "reverse"
    walk: Literal["anchored", "rolling"] = "anchored"
    train_days: _Days | None = None
    test_days: _Days | None = None
    widths: Annotated[int, Field(ge=2, le=1_000)] = 20
    skews: Annotated[list[float], Field(min_length=1, max_length=21)] = Field(default=[-0.5, 0.0, 0.5])
    exits: Annotated[list[Annotated[float, Field(ge=0, le=1)]], Field(min_length=1, max_length=21)] = Field(
        default=[1.0]
    )
    sizes_quote: Annotated[list[_Money], Field(min_length=1, max_length=100)] | None = None
    holds_minutes: Annotated[list[Annotated[float, Field(ge=0, le=1e6)]], Field(min_length=1, max_length=20)] | None = (
        None
    )
    regimes: list[Literal["hour", "volatility", "tilt"]] = Field(default=["hour", "volatility", "tilt"])
    resamples: Annotated[int, Field(ge=99, le=100_000)] = 999
    confidence: Annotated[float, Field(ge=0.5, lt=1)] = 0.95
    drawdown_limit: Annotated[float, Field(gt=0, le=1)] = 0.1
    venue_default_year: Annotated[float, Field(ge=0, le=1)] = 0.02
    loss_given_default: Annotated[float, Field(ge=0, le=1)] = 1.0
    workers: Annotated[int, Field(ge=1, le=256)] = 1
    seed: Annotated[int, Field(ge=0)] = 0

    @field_validator("regimes", mode="before")
    @classmethod
    def _one_regime(cls, value: object) -> object:
        return [value] if isinstance(value, str) and value else value

    def choose(self, ticks: TickStore) -> tuple[StreamPair, int]:
        """Return the pair whose thresholds are searched for, and among how many it was chosen.

        Raises
        ------
        BadInput
            The store does not have it, or has none to choose among, or fees are not known.
        """
        settings = ScoreSettings(
            capital_quote=self.capital_quote, notional_quote=self.notional_quote, latency_s=self.latency_s
        )
        return choose_for(self, ticks, settings)

    def config(self, pair: StreamPair) -> BacktestConfig:
        """Return what the backtests of a pair assume beside thresholds and sizes."""
        return BacktestConfig(
            venue_a=pair.venue_a,
            venue_b=pair.venue_b,
            symbol_b=None if pair.symbol_b == pair.symbol_a else pair.symbol_b,
            start=self.start,
            end=self.end,
            position_size_usd=self.notional_quote,
            capital_quote=self.capital_quote,
            base_share_a=self.base_share,
            base_share_b=self.base_share,
            fees={name: FeeSchedule.from_bps(fee, fee, tier="given") for name, fee in self.fees_bps.items()},
            latency_ms=None if self.latency_s is None else 1e3 * self.latency_s,
            price_band_bps=self.price_band_bps,
            max_age_s=self.max_age_s,
            rebalance=member_named(Rebalance, self.rebalance, "rebalance"),
        )

    def optimizer(self, candidates: int = 1) -> OptimizerSettings:
        """Return the grid and how it is judged, for one of so many pairs that were compared.

        Raises
        ------
        ParameterError
            Values that repeat, or are out of range.
        """
        return OptimizerSettings(
            walk=self.walk,
            train_days=self.train_days,
            test_days=self.test_days,
            widths=self.widths,
            skews=tuple(self.skews),
            exits=tuple(self.exits),
            sizes_quote=None if self.sizes_quote is None else tuple(self.sizes_quote),
            holds_minutes=None if self.holds_minutes is None else tuple(self.holds_minutes),
            regimes=tuple(self.regimes),
            resamples=self.resamples,
            confidence=self.confidence,
            candidates=candidates,
            venue_default_year=self.venue_default_year,
            loss_given_default=self.loss_given_default,
            drawdown_limit=self.drawdown_limit,
            workers=self.workers,
            seed=self.seed,
        )

    def shared(self) -> dict[str, Any]:
        """Return the parameters that a backtest which follows the thresholds must have alike."""
        return {name: getattr(self, name) for name in _SHARED}
