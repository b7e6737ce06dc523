"""Parameters of the signals notebook."""

from __future__ import annotations

from typing import Annotated

import polars as pl
from pydantic import Field

from arbresearch.core import NS_PER_SECOND, BadInput, expected
from arbresearch.discovery import ScoreSettings, StreamPair, choose_pairs, find_fees
from arbresearch.edges import Pair, align
from arbresearch.params.base import Bps, PairParams
from arbresearch.params.choice import choose_for
from arbresearch.signals.batch import SignalBatch
from arbresearch.signals.outcomes import Outcomes, label_outcomes, pool_outcomes
from arbresearch.signals.settings import MOST_HORIZONS, SignalSettings
from arbresearch.signals.signal import EnhancedSpotArbitrageSignal
from arbresearch.store import TickStore

__all__ = ["SignalsParams"]

_Age = Annotated[float, Field(gt=0, le=86_400)]
_COLUMNS = ["recv_ns", "bid", "bid_size", "ask", "ask_size"]


class SignalsParams(PairParams):
    """Parameters of ``20_signals``.

    Parameters
    ----------
    pair, symbols, venue_pairs, markets, start, end, fees_bps
        As for ``30_backtest``.
    candidates
        How many pairs were compared before this one was chosen, itself counted. None: those of the ranking, or 1 where
        a pair is named.
    horizons_s
        Of the context, seconds, rising.
    target_horizon_s
        One of them: the time within which a signal is to come back.
    entry_bps
        Net edge of either direction above which it is a signal, basis points.
    high_confidence
        From which on a signal is acted on in the verdict.
    latency_s
        From a quote to the books that orders meet, seconds.
    max_age_s, max_skew_s
        A quote received longer ago is none; quotes received further apart make no edge; seconds.
    calibration_pairs
        How many pairs of the same venues confidence is calibrated on, the chosen one counted.
    folds
        Stretches of time that are judged by what was before.
    shown_hours
        Length of the stretch of time that is drawn in detail, hours.
    """

    pair: str = ""
    candidates: Annotated[int, Field(ge=1)] | None = None
    horizons_s: Annotated[list[Annotated[float, Field(gt=0)]], Field(min_length=1, max_length=MOST_HORIZONS)] = Field(
        default=[60.0, 300.0, 900.0, 3_600.0]
    )
    target_horizon_s: Annotated[float, Field(gt=0)] = 900.0
    entry_bps: Bps = 5.0
    high_confidence: Annotated[float, Field(ge=0, le=1)] = 0.8
    latency_s: Annotated[float, Field(ge=0, le=3_600)] = 0.5
    max_age_s: _Age = 60.0
    max_skew_s: _Age = 60.0
    calibration_pairs: Annotated[int, Field(ge=1, le=1_000)] = 12
    folds: Annotated[int, Field(ge=1, le=100)] = 3
    shown_hours: Annotated[float, Field(gt=0, le=10_000)] = 4.0

    def choose(self, ticks: TickStore) -> tuple[StreamPair, int]:
        """Return the pair that is looked at, and among how many it was chosen.

        Raises
        ------
        BadInput
            The store does not have it, or has none to choose among, or fees are not known.
        """
        return choose_for(self, ticks, ScoreSettings(entry_bps=self.entry_bps))

    def pooled(self, ticks: TickStore, chosen: StreamPair) -> tuple[StreamPair, ...]:
        """Return the pairs that confidence is calibrated on: the chosen one, then others of its venues by name."""
        venues = f"{chosen.venue_a}:{chosen.venue_b}"
        same = choose_pairs(ticks, venue_pairs=[venues], markets="any")
        alike = [one for one in same if one != chosen and _kinds(one) == _kinds(chosen)]
        return (chosen, *alike[: self.calibration_pairs - 1])

    def settings(self, ticks: TickStore, pair: StreamPair) -> SignalSettings:
        """Return what the signal of a pair depends on.

        Raises
        ------
        BadInput
            Its fees are not known, or horizons that cannot be.
        """
        fees = find_fees(ticks, [pair], self._fees_of(ticks, pair), self.own_fees())
        return SignalSettings(
            fees_a=fees[pair.streams[0]],
            fees_b=fees[pair.streams[1]],
            horizons_s=tuple(self.horizons_s),
            target_horizon_s=self.target_horizon_s,
            sell_a_bps=self.entry_bps,
            sell_b_bps=self.entry_bps,
            max_age_s=self.max_age_s,
            max_skew_s=self.max_skew_s,
        )

    def books(self, ticks: TickStore, pair: StreamPair) -> Pair:
        """Read and align the two streams of a pair, prices of one unit of the coin, up to where the first one ends.

        Raises
        ------
        BadInput
            A stream has no quotes in the range, or the two do not overlap in time.
        """
        books = (
            _in_units(ticks.quotes(*stream, self.start, self.end, _COLUMNS), unit)
            for stream, unit in zip(pair.streams, pair.units, strict=True)
        )
        age_ns, skew_ns = (round(one * NS_PER_SECOND) for one in (self.max_age_s, self.max_skew_s))
        return align(*books, max_age_ns=age_ns, max_skew_ns=skew_ns).overlap()

    def batch(self, ticks: TickStore, pair: StreamPair) -> SignalBatch:
        """Return the signals of a pair, one at every update, not calibrated."""
        return EnhancedSpotArbitrageSignal(self.settings(ticks, pair)).batch(self.books(ticks, pair))

    def outcomes(self, ticks: TickStore, pairs: tuple[StreamPair, ...]) -> Outcomes:
        """Return what became of the stretched edges of several pairs."""
        return pool_outcomes(
            [label_outcomes(self.batch(ticks, one), name=one.name, latency_s=self.latency_s) for one in pairs]
        )

    def _fees_of(self, ticks: TickStore, pair: StreamPair) -> dict[str, float]:
        """Return those of the fees given that a pair can use; others are for the ranking or for other pairs."""
        streams = ticks.streams("quotes")
        known = {venue for venue, _ in streams} | {f"{venue} {symbol}" for venue, symbol in streams}
        for name in self.fees_bps:
            if name not in known:
                venues = ", ".join(sorted({venue for venue, _ in streams}))
                raise BadInput(
                    expected("fees_bps", f"a venue of the store ({venues}) or one of its streams", repr(name))
                )
        names = {name for venue, symbol in pair.streams for name in (venue, f"{venue} {symbol}")}
        return {name: fee for name, fee in self.fees_bps.items() if name in names}


def _kinds(pair: StreamPair) -> tuple[bool, bool]:
    return ":" in pair.symbol_a, ":" in pair.symbol_b


def _in_units(quotes: pl.DataFrame, unit: float) -> pl.DataFrame:
    if unit == 1.0:
        return quotes
    return quotes.with_columns(pl.col("bid", "ask") / unit, pl.col("bid_size", "ask_size") * unit)
