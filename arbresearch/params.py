"""Parameters of the notebooks: one frozen model each, unknown names refused.

A notebook's cell tagged ``parameters`` has the same names and defaults; what they mean is written there and here.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from arbresearch.core import ArbError, FeeSchedule, parse_ns
from arbresearch.discovery import OverviewSettings
from arbresearch.discovery.blocks.settings import ScoreSettings
from arbresearch.settings import load_settings
from arbresearch.store import TickStore
from arbresearch.store.quality import QualitySettings
from arbresearch.venues import QuoteGroups

__all__ = ["MODELS", "DataQualityParams", "DiscoveryParams", "NotebookParams", "ScoringParams"]

_Seconds = Annotated[float, Field(ge=0, le=86_400 * 365)]
_Bps = Annotated[float, Field(ge=-10_000, le=10_000, allow_inf_nan=False)]


class NotebookParams(BaseModel):
    """What every notebook that reads a store has.

    Parameters
    ----------
    store
        Folder of the tick store; empty: the setting ``store`` (``ARB_STORE``, else ``data/store``).
    symbols, start, end
        See the models below. Where a list of texts is wanted, one text will do.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    store: str = ""
    symbols: list[str] = []
    start: str | None = None
    end: str | None = None

    @field_validator("symbols", "venues", "venue_pairs", "quote_groups", mode="before", check_fields=False)
    @classmethod
    def _one_or_several(cls, value: object) -> object:
        return [value] if isinstance(value, str) and value else value

    @field_validator("start", "end")
    @classmethod
    def _moment(cls, value: str | None) -> str | None:
        try:
            return value if value is None or parse_ns(value) else None
        except ArbError as error:
            raise ValueError(str(error)) from None

    def open_store(self) -> TickStore:
        """Open the store; a relative folder is looked for here, then one up, for Jupyter starts in the notebook's.

        Raises
        ------
        BadInput
            If there is none.
        """
        path = Path(self.store) if self.store else load_settings().store
        above = Path("..") / path
        return TickStore(above if not path.exists() and above.exists() else path, create=False)


class DataQualityParams(NotebookParams):
    """Parameters of ``00_data_quality``.

    Parameters
    ----------
    venues, symbols
        Only these; empty: all.
    start, end
        Receive times, ISO 8601 UTC, start included and end not; None: open.
    streams_shown
        Longest tables and charts, streams.
    gap_floor_s
        Shortest pause that may be a gap, seconds.
    gap_factor
        And how many times the stream's median time between rows it must be.
    stale_floor_s
        Shortest time without a change that may be stale, seconds.
    outlier_floor_bps
        Least distance of an outlying price from the median around it, basis points.
    """

    venues: list[str] = []
    streams_shown: Annotated[int, Field(ge=1, le=500)] = 30
    gap_floor_s: _Seconds = 30.0
    gap_factor: Annotated[float, Field(ge=1, le=1e6)] = 50.0
    stale_floor_s: _Seconds = 60.0
    outlier_floor_bps: Annotated[float, Field(gt=0, le=10_000)] = 50.0

    def settings(self) -> QualitySettings:
        """Return the thresholds of the check."""
        return QualitySettings(
            gap_floor_s=self.gap_floor_s,
            gap_factor=self.gap_factor,
            stale_floor_s=self.stale_floor_s,
            outlier_floor_bps=self.outlier_floor_bps,
        )


class _PairParams(NotebookParams):
    """What every notebook that holds two streams against each other has; see the models below."""

    venue_pairs: list[str] = []
    markets: Literal["same", "any"] = "same"
    fees_bps: dict[str, Annotated[float, Field(ge=-100, le=500)]] = {}

    def own_fees(self) -> dict[str, FeeSchedule]:
        """Return the fees of one's own account from the settings, by venue."""
        return {venue: fees.schedule() for venue, fees in load_settings().fees.items()}


class DiscoveryParams(_PairParams):
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

    quote_groups: list[str] = []
    basis: Literal["net", "gross"] = "net"
    threshold_bps: _Bps = 0.0
    levels_bps: Annotated[list[_Bps], Field(min_length=1, max_length=20)] = [0.0, 5.0, 10.0, 20.0, 50.0]
    max_age_s: Annotated[float, Field(gt=0)] | None = 60.0
    min_gap_s: _Seconds = 0.0
    latency_s: _Seconds = 0.5
    latencies_s: Annotated[list[_Seconds], Field(min_length=1, max_length=20)] = [
        0.1,
        0.25,
        0.5,
        1.0,
        2.0,
        5.0,
        10.0,
        30.0,
    ]
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


class ScoringParams(_PairParams):
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
    entry_bps: _Bps = 5.0
    latency_s: _Seconds | None = None
    latencies_s: Annotated[list[_Seconds], Field(min_length=1, max_length=10)] = [0.0, 0.1, 0.25, 0.5, 1.0, 2.0]
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


MODELS: Final[dict[str, type[NotebookParams]]] = {
    "00_data_quality": DataQualityParams,
    "10_discovery": DiscoveryParams,
    "15_scoring": ScoringParams,
}
"""Notebook to the model of its parameters."""
