"""Parameters of the discovery notebook."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from arbresearch.core import ArbError
from arbresearch.discovery import OverviewSettings
from arbresearch.params.base import Bps, PairParams, Seconds
from arbresearch.venues import QuoteGroups

__all__ = ["DiscoveryParams"]


class DiscoveryParams(PairParams):
    """Parameters of ``10_discovery``.

    Parameters
    ----------
    venue_pairs
        Such as ``mexc:gate``, the first being A; empty: every two venues.
    symbols
        Unified symbols; one of spot means the coin, perpetual included; empty: all that two venues share.
    markets
        ``same``: one symbol on two venues; ``any``: also spot against perpetual.
    quote_groups
        Quote currencies that count as equal in the universe of common symbols, such as ``USDT=USDC``; edges are
        measured between equal symbols only.
    start, end
        Receive times, ISO 8601 UTC, start included and end not; None: open.
    fees_bps
        Taker fee by venue or by venue and symbol, basis points; for those not named, the settings' own fees count,
        then the published ones of the instruments table, else the notebook fails.
    basis
        Whether threshold, episodes and lifetimes are about the ``net`` or the ``gross`` edge.
    threshold_bps
        An episode is a stretch with the edge above it, basis points.
    levels_bps
        Levels in the table of shares, basis points.
    max_age_s
        A book older than this has no edge, seconds; None: never.
    min_gap_s
        Episodes closer than this are one, seconds.
    latency_s
        Time from a quote to an order on the book, seconds.
    latencies_s
        Delays at which survival is shown, seconds.
    lag_step_s
        Step of the grid on which lead and lag are measured, seconds.
    pairs_shown
        Longest tables, pairs.
    """

    quote_groups: list[str] = Field(default=[])
    basis: Literal["net", "gross"] = "net"
    threshold_bps: Bps = 0.0
    levels_bps: Annotated[list[Bps], Field(min_length=1, max_length=20)] = Field(default=[0.0, 5.0, 10.0, 20.0, 50.0])
    max_age_s: Annotated[float, Field(gt=0)] | None = 60.0
    min_gap_s: Seconds = 0.0
    latency_s: Seconds = 0.5
    latencies_s: Annotated[list[Seconds], Field(min_length=1, max_length=20)] = Field(
        default=[0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0]
    )
    lag_step_s: Annotated[float, Field(gt=0, le=86_400)] = 1.0
    pairs_shown: Annotated[int, Field(ge=1, le=500)] = 20

    @field_validator("quote_groups")
    @classmethod
    def _groups(cls, value: list[str]) -> list[str]:
        try:
            QuoteGroups.parse(value)
        except ArbError as error:
            raise ValueError(str(error)) from None
        return value

    def settings(self) -> OverviewSettings:
        """Return what is measured."""
        return OverviewSettings(
            basis=self.basis,
            threshold_bps=self.threshold_bps,
            levels_bps=tuple(self.levels_bps),
            max_age_s=self.max_age_s,
            min_gap_s=self.min_gap_s,
            latency_s=self.latency_s,
            latencies_s=tuple(sorted(self.latencies_s)),
            lag_step_s=self.lag_step_s,
        )

    def universe(self) -> dict[str, Any]:
        """Return what the universe of common symbols is asked for: the venues, symbols and markets measured."""
        return {
            "venues": list(dict.fromkeys(venue for pair in self.venue_pairs for venue in pair.split(":"))),
            "quote_groups": QuoteGroups.parse(self.quote_groups),
            "markets": self.markets,
            "symbols": self.symbols,
            "without_instruments": True,
        }
