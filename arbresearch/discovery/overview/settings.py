"""What an overview measures, and when it makes a remark."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from arbresearch.core import ParameterError, expected

__all__ = ["Basis", "OverviewSettings"]

Basis = Literal["net", "gross"]


@dataclass(frozen=True, slots=True, kw_only=True)
class OverviewSettings:
    """What is measured.

    Parameters
    ----------
    basis
        Whether ``threshold_bps``, episodes and lifetimes are about net or gross edges.
    threshold_bps
        An episode is a stretch with the edge above it.
    levels_bps
        Further levels, whose shares of updates and time are measured.
    max_age_s
        A book last updated longer ago than this many seconds is stale and has no edge; None: never.
    min_gap_s
        Episodes closer than this are one, seconds.
    latency_s
        Time from a quote to an order on the book, seconds: episodes carry edge and size that much after their start.
    latencies_s
        Delays at which survival is given, seconds, increasing.
    lag_step_s
        Step of the grid on which lead and lag of the first pair are measured, seconds.
    standing_s, standing_share
        A book that has said the same for longer than ``standing_s`` seconds stands still, however often it says so; a
        remark is made when more than ``standing_share`` of the time above the threshold is against such a book.
    one_way_share, rare_share, fleeting_share, thin_quote, other_coin_ratio
        When a remark is made on a pair: more than this share of the time above the threshold in one direction; less
        than this share of the time above it; less than this share of episodes open after ``latency_s``; the median
        executable value of an episode below this, quote currency; prices apart by more than this factor throughout.

    Raises
    ------
    ParameterError
        No level or no latency, or one out of range.
    """

    basis: Basis = "net"
    threshold_bps: float = 0.0
    levels_bps: tuple[float, ...] = (0.0, 5.0, 10.0, 20.0, 50.0)
    max_age_s: float | None = 60.0
    min_gap_s: float = 0.0
    latency_s: float = 0.5
    latencies_s: tuple[float, ...] = (0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0)
    lag_step_s: float = 1.0
    standing_s: float = 60.0
    standing_share: float = 0.5
    one_way_share: float = 0.95
    rare_share: float = 0.0005
    fleeting_share: float = 0.1
    thin_quote: float = 25.0
    other_coin_ratio: float = 1.2

    def __post_init__(self) -> None:
        """Refuse what cannot be measured."""
        if not self.levels_bps:
            raise ParameterError(expected("levels_bps", "at least one level in basis points", "none"))
        if not self.latencies_s or min(self.latencies_s) < 0 or list(self.latencies_s) != sorted(self.latencies_s):
            raise ParameterError(expected("latencies_s", "increasing seconds, zero or more", list(self.latencies_s)))
        if not 0 <= self.latency_s < float("inf"):
            raise ParameterError(expected("latency_s", "seconds, zero or more", self.latency_s))
        if not 0 < self.lag_step_s < float("inf"):
            raise ParameterError(expected("lag_step_s", "seconds above zero", self.lag_step_s))
        if self.max_age_s is not None and self.max_age_s <= 0:
            raise ParameterError(expected("max_age_s", "seconds above zero, or none", self.max_age_s))

    @property
    def max_age_ns(self) -> int | None:
        """Return the limit of age in nanoseconds."""
        return None if self.max_age_s is None else round(self.max_age_s * 1e9)
