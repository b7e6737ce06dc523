"""What a score assumes: capital, size, delays, and how much evidence it wants."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from math import isfinite
from typing import Any, Final

from arbresearch.core import ParameterError, expected
from arbresearch.core.units import NS_PER_DAY, NS_PER_SECOND
from arbresearch.venues import IdentitySettings

__all__ = ["CAPACITY_STEPS", "HORIZON_NS", "LAGS_NS", "ScoreSettings"]

HORIZON_NS: Final = 10 * NS_PER_SECOND
"""A block is complete once data this far beyond its end is there: every order sent within it has arrived by then."""

LAGS_NS: Final = tuple(
    sign * lag for sign, lags in ((-1, (1000, 500, 250, 100)), (1, (0, 100, 250, 500, 1000)))
    for lag in (one * 1_000_000 for one in lags)
)  # fmt: skip
"""Lags at which two prices are compared, nanoseconds; positive: A leads."""

CAPACITY_STEPS: Final = (0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 20.0, 50.0)
"""Sizes at which profit is measured, multiples of the notional of an action."""

_DAY_S: Final = NS_PER_DAY // NS_PER_SECOND


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreSettings:
    """What a score assumes and asks for.

    Parameters
    ----------
    capital_quote
        Capital locked on both venues together, quote currency: half on each, there half coin and half cash.
    notional_quote
        Largest order of one action, quote currency.
    entry_bps
        Net edge that an episode must exceed to be acted on.
    min_gap_s
        Two episodes of one direction closer than this are one, seconds.
    max_age_s
        A book last updated longer ago has no edge, seconds.
    standing_s
        Nor has one that has said the same for longer, however often it repeats it, seconds.
    depth_age_s
        Recorded levels older than this do not count, seconds; the best prices alone are used then.
    latency_s
        Time from a quote that we see to what our order meets in the book that we see, seconds, on both venues. None:
        measured for each venue as twice the median delay of its messages plus ``processing_s``.
    processing_s
        Deciding, signing and the venue's own matching, seconds; added to measured delays.
    default_latency_s
        For venues whose delay is not in the data, seconds.
    latencies_s
        Latencies at which profit and survival are shown, seconds, increasing, at most 10.
    block_s
        Length of the blocks whose profits are resampled, seconds; divides a day.
    min_cover
        Share of a block in which both books must be known and fresh; a block with less does not count.
    min_blocks, min_episodes
        Fewer counting blocks, or fewer executed episodes, give no score.
    confidence
        Of all lower bounds together.
    block_size
        Mean length of the resampled stretches in blocks; None: chosen from the data.
    resamples
        Of the stationary bootstrap.
    seed
        Of the resampling; None: from the data, so that equal data give equal scores.
    min_depth_score
        A pair whose ``liquidity_depth_score`` is below this is not viable.
    one_way_share
        A pair that has nothing left to sell and whose edge is for more than this share of its time in one direction
        is refused as such.
    identity
        When two venues are held to list one coin.

    Raises
    ------
    ParameterError
        If a value is out of its range.
    """

    capital_quote: float = 10_000.0
    notional_quote: float = 1_000.0
    entry_bps: float = 5.0
    min_gap_s: float = 1.0
    max_age_s: float = 60.0
    standing_s: float = 60.0
    depth_age_s: float = 5.0
    latency_s: float | None = None
    processing_s: float = 0.05
    default_latency_s: float = 0.25
    latencies_s: tuple[float, ...] = (0.0, 0.1, 0.25, 0.5, 1.0, 2.0)
    block_s: int = 900
    min_cover: float = 0.5
    min_blocks: int = 20
    min_episodes: int = 30
    confidence: float = 0.95
    block_size: float | None = None
    resamples: int = 9_999
    seed: int | None = None
    min_depth_score: float = 0.5
    one_way_share: float = 0.9
    identity: IdentitySettings = field(default_factory=IdentitySettings)

    def __post_init__(self) -> None:
        """Refuse what cannot be meant."""
        most_latency = HORIZON_NS / NS_PER_SECOND
        ranges: dict[str, tuple[float, float]] = {
            "capital_quote": (1e-9, 1e12), "notional_quote": (1e-9, self.capital_quote / 4.0),
            "entry_bps": (-100.0, 10_000.0), "min_gap_s": (0.0, 3_600.0), "max_age_s": (1e-3, _DAY_S),
            "standing_s": (1e-3, _DAY_S), "depth_age_s": (0.0, _DAY_S), "latency_s": (0.0, most_latency),
            "processing_s": (0.0, most_latency), "default_latency_s": (0.0, most_latency), "min_cover": (1e-9, 1.0),
            "min_depth_score": (0.0, 1.0), "one_way_share": (0.5, 1.0),
        }  # fmt: skip
        for name, (least, most) in ranges.items():
            value = getattr(self, name)
            if value is None and name == "latency_s":
                continue
            if isinstance(value, bool) or not isfinite(value) or not least <= value <= most:
                todo = "an order may take a quarter of the capital" if name == "notional_quote" else ""
                raise ParameterError(expected(name, f"from {least:g} to {most:g}", value, todo))
        if isinstance(self.block_s, bool) or self.block_s != int(self.block_s) or self.block_s < 1:
            raise ParameterError(expected("block_s", "whole seconds", self.block_s))
        if _DAY_S % self.block_s or self.block_s * NS_PER_SECOND < HORIZON_NS:
            raise ParameterError(expected("block_s", "a divisor of a day, 10 s or more, such as 900", self.block_s))
        found = list(self.latencies_s)
        if not 1 <= len(found) <= 10 or found != sorted(set(found)) or not 0 <= found[0] <= found[-1] <= most_latency:
            want = f"1 to 10 increasing seconds from 0 to {most_latency:g}"
            raise ParameterError(expected("latencies_s", want, found))
        for name in ("min_blocks", "min_episodes"):
            if getattr(self, name) < 2:
                raise ParameterError(expected(name, "two or more", getattr(self, name)))
        if not 0.0 < self.confidence < 1.0:
            raise ParameterError(expected("confidence", "a number between 0 and 1, such as 0.95", self.confidence))

    @property
    def block_ns(self) -> int:
        """Return the length of a block, nanoseconds."""
        return self.block_s * NS_PER_SECOND

    @property
    def sizes_quote(self) -> tuple[float, ...]:
        """Return the sizes at which profit is measured, quote currency."""
        return tuple(step * self.notional_quote for step in CAPACITY_STEPS)

    @property
    def to_bps_day(self) -> float:
        """Return what turns the profit of a block in quote currency into basis points of capital a day."""
        return 1e4 / self.capital_quote * (_DAY_S / self.block_s)

    def as_dict(self) -> dict[str, Any]:
        """Return the values as JSON primitives."""
        return {**asdict(self), "latencies_s": list(self.latencies_s)}

    def measured_with(self) -> dict[str, Any]:
        """Return the values that shape the statistics of a block, and not what is concluded from them."""
        conclusions = (
            "min_cover", "min_blocks", "min_episodes", "confidence", "block_size", "resamples", "seed",
            "min_depth_score", "one_way_share", "identity", "latency_s", "processing_s", "default_latency_s",
        )  # fmt: skip
        return {name: value for name, value in self.as_dict().items() if name not in conclusions}
