"""Parameters of the scoring notebook."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from arbresearch.discovery.blocks.settings import ScoreSettings
from arbresearch.params.base import Bps, PairParams, Seconds

__all__ = ["ScoringParams"]


class ScoringParams(PairParams):
    """Parameters of ``15_scoring``.

    Parameters
    ----------
    venue_pairs
        Such as ``mexc:gate``, the first being A; empty: every two venues.
    symbols
        Unified symbols; one of spot means the coin, perpetual included; empty: all that two venues share.
    markets
        ``same``: one symbol on two venues; ``any``: also spot against perpetual.
    start, end
        Receive times, ISO 8601 UTC, start included and end not; None: open.
    fees_bps
        As for ``10_discovery``.
    capital_quote
        Capital locked on both venues together, quote currency.
    notional_quote
        Largest order of one action, quote currency.
    entry_bps
        Net edge that an episode must exceed to be acted on, basis points.
    latency_s
        From a quote to an order in the book, seconds; None: measured for each venue.
    latencies_s
        Latencies at which profit and survival are shown, seconds.
    block_minutes
        Length of the blocks of time whose profits are resampled, minutes; divides a day.
    confidence
        Of all lower bounds together.
    pairs_shown
        Longest tables and charts, pairs.
    pair
        Name of the pair of the tear sheet; empty: the best of the ranking.
    candidates
        Among how many pairs those ranked were chosen; None: those that are ranked.
    workers
        Processes that measure pairs.
    """

    capital_quote: Annotated[float, Field(gt=0, le=1e12)] = 10_000.0
    notional_quote: Annotated[float, Field(gt=0, le=1e12)] = 1_000.0
    entry_bps: Bps = 5.0
    latency_s: Seconds | None = None
    latencies_s: Annotated[list[Seconds], Field(min_length=1, max_length=10)] = Field(
        default=[0.0, 0.1, 0.25, 0.5, 1.0, 2.0]
    )
    block_minutes: Annotated[int, Field(ge=1, le=1_440)] = 15
    confidence: Annotated[float, Field(gt=0, lt=1)] = 0.95
    pairs_shown: Annotated[int, Field(ge=1, le=500)] = 20
    pair: str = ""
    candidates: Annotated[int, Field(ge=1)] | None = None
    workers: Annotated[int, Field(ge=1, le=256)] = 1

    def settings(self) -> ScoreSettings:
        """Return what a score assumes.

        Raises
        ------
        ParameterError
            The order is too large for the capital, or the block does not divide a day.
        """
        return ScoreSettings(
            capital_quote=self.capital_quote,
            notional_quote=self.notional_quote,
            entry_bps=self.entry_bps,
            latency_s=self.latency_s,
            latencies_s=tuple(sorted(set(self.latencies_s))),
            block_s=60 * self.block_minutes,
            confidence=self.confidence,
        )
