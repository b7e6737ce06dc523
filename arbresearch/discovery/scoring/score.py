"""The score of one candidate: what it earns, how sure that is, and everything it rests on."""

from __future__ import annotations

from dataclasses import dataclass
from math import isnan, nan
from typing import Any, Final

from arbresearch.core import ParameterError
from arbresearch.discovery.blocks.settings import ScoreSettings
from arbresearch.discovery.pairs import StreamPair
from arbresearch.discovery.scoring.evidence import Evidence
from arbresearch.discovery.scoring.legacy import legacy_composite_score
from arbresearch.discovery.scoring.reasons import refusal
from arbresearch.venues import Verdict

__all__ = ["ArbitrageOpportunityScore", "make_score"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ArbitrageOpportunityScore:
    """What one pair is worth; NaN where the data do not say.

    Money is net of taker fees of both legs, of what orders meet a latency after the decision, of books that hold less
    than wanted, of legs that fill unequally, of inventory that runs out, and of bringing coin back. Per day means per
    24 hours of blocks that count; *on capital* means over the capital locked on both venues.

    Parameters
    ----------
    pair, coin, venue_a, symbol_a, venue_b, symbol_b
        Name and streams. ``coin`` is base and quote.
    viable
        Whether ``final_score`` is above zero, the coin is verified to be the same, and the books are deep enough.
    reason, detail
        Key and words of why not; empty where viable.
    final_score
        Lower confidence bound of ``mean_bps_day``, corrected for all ``candidates`` compared: bps of capital a day.
        NaN with too few blocks or executed episodes.
    mean_bps_day, standard_error, probability_positive
        Mean net profit, bps of capital a day; its error, same unit; P(mean > 0), in [0, 1].
    candidates, blocks, covered_hours, episodes
        Pairs compared; blocks that count; hours with both books fresh; executed declustered episodes.
    avg_spread_bps
        Mean net executable edge over executed episodes, bps.
    gross_spread_bps
        The same before fees, bps.
    opportunity_frequency
        Episodes with a net edge above the entry per hour of covered time, 1/h.
    volume_weighted_spread
        Net profit over notional bought, bps.
    price_correlation
        Lag-corrected Hayashi-Yoshida correlation of mid returns; no unit, about -1 to 1 but not bounded by it.
    price_lag_s, lead_lag_ratio
        By how long A leads, seconds (negative: B leads); the ratio is above 1 where A leads, no unit.
    volatility_ratio
        Volatility of A's mid over B's at a common horizon; no unit, neutral at 1.
    liquidity_depth_score
        ``min(1, notional executable within half the edge / wanted notional)``, mean over net episodes; in [0, 1].
    avg_execution_time_ms
        The longer latency of the two venues, milliseconds.
    survival_at_latency
        Share of net episodes whose edge still exceeds the entry then, in [0, 1].
    slippage_impact_bps
        Mean of what the best prices at the decision promised less what orders met on arrival, both legs, bps.
    transfer_viability_score
        P(the edge of an executed episode exceeds the cost of a transfer that brings the coin back), in [0, 1]; NaN
        where no open network is common.
    capacity_quote, capacity_is_floor
        Notional of an action beyond which more adds nothing, quote currency; and whether recorded books ended before
        profit did, so that it may be more.
    legacy_score
        :func:`legacy_composite_score` of gross figures, for comparison only; NaN outside its domain.
    identity, identity_ground
        Verdict on the coin, and what it rests on.
    gross_bps_day, fees_bps_day, depth_bps_day, latency_bps_day, capital_bps_day, rebalance_bps_day
        Waterfall, bps of capital a day: costs are negative, the sum is ``mean_bps_day``.
    raw_episodes, net_episodes, sized_episodes, alive_episodes, captured_episodes
        Funnel: gross edge above zero, net edge above the entry, smallest order on the books, net edge above zero on
        arrival, inventory there too.
    executed_episodes
        Those acted on, whatever the edge on arrival; the same as ``episodes``.
    """

    pair: str
    coin: str
    venue_a: str
    symbol_a: str
    venue_b: str
    symbol_b: str
    viable: bool
    reason: str
    detail: str
    final_score: float
    mean_bps_day: float
    standard_error: float
    probability_positive: float
    candidates: int
    blocks: int
    covered_hours: float
    episodes: int
    avg_spread_bps: float
    gross_spread_bps: float
    opportunity_frequency: float
    volume_weighted_spread: float
    price_correlation: float
    price_lag_s: float
    lead_lag_ratio: float
    volatility_ratio: float
    liquidity_depth_score: float
    avg_execution_time_ms: float
    survival_at_latency: float
    slippage_impact_bps: float
    transfer_viability_score: float
    capacity_quote: float
    capacity_is_floor: bool
    legacy_score: float
    identity: str
    identity_ground: str
    gross_bps_day: float
    fees_bps_day: float
    depth_bps_day: float
    latency_bps_day: float
    capital_bps_day: float
    rebalance_bps_day: float
    raw_episodes: int
    net_episodes: int
    sized_episodes: int
    alive_episodes: int
    captured_episodes: int
    executed_episodes: int

    @property
    def waterfall(self) -> dict[str, float]:
        """Return from gross to net: item to bps of capital a day; the sum is the mean."""
        return {name: getattr(self, f"{name}_bps_day") for name in _WATERFALL}

    @property
    def funnel(self) -> dict[str, int]:
        """Return the stages an episode passes, with how many passed."""
        return {name: getattr(self, f"{name}_episodes") for name in _FUNNEL}

    def as_dict(self) -> dict[str, Any]:
        """Return the fields as JSON values, NaN as None."""
        values = ((name, getattr(self, name)) for name in self.__dataclass_fields__)
        return {name: None if isinstance(one, float) and isnan(one) else one for name, one in values}


_WATERFALL: Final = ("gross", "fees", "depth", "latency", "capital", "rebalance")
_FUNNEL: Final = ("raw", "net", "sized", "alive", "captured")
_SAME: Final = (
    "final_score", "mean_bps_day", "standard_error", "probability_positive", "blocks", "covered_hours",
    "avg_spread_bps", "gross_spread_bps", "opportunity_frequency", "volume_weighted_spread", "price_correlation",
    "price_lag_s", "lead_lag_ratio", "volatility_ratio", "liquidity_depth_score", "survival_at_latency",
    "slippage_impact_bps", "transfer_viability_score", "capacity_quote", "capacity_is_floor",
    *(f"{name}_bps_day" for name in _WATERFALL), *(f"{name}_episodes" for name in _FUNNEL), "executed_episodes",
)  # fmt: skip


def make_score(
    pair: StreamPair,
    evidence: Evidence,
    settings: ScoreSettings,
    candidates: int,
    verdict: Verdict,
    ground: str,
    why: str,
) -> ArbitrageOpportunityScore:
    """Judge the evidence on one pair.

    Parameters
    ----------
    pair, evidence, settings
        What was measured and the limits.
    candidates
        Pairs compared.
    verdict, ground, why
        Whether the coin is the same on both venues, what that rests on, and one sentence.
    """
    reason, detail = refusal(evidence, verdict, why, settings)
    return ArbitrageOpportunityScore(
        pair=pair.name,
        coin=pair.coin,
        venue_a=pair.venue_a,
        symbol_a=pair.symbol_a,
        venue_b=pair.venue_b,
        symbol_b=pair.symbol_b,
        viable=reason is None,
        reason="" if reason is None else str(reason),
        detail=detail,
        candidates=candidates,
        episodes=evidence.executed_episodes,
        avg_execution_time_ms=1e3 * evidence.latency_s,
        legacy_score=_legacy(evidence),
        identity=str(verdict),
        identity_ground=ground,
        **{name: getattr(evidence, name) for name in _SAME},
    )


def _legacy(found: Evidence) -> float:
    try:
        return legacy_composite_score(
            avg_spread_bps=found.quoted_spread_bps,
            opportunity_frequency=found.raw_frequency,
            volume_weighted_spread=found.quoted_spread_bps,
            price_correlation=max(-1.0, min(1.0, found.price_correlation)),
            volatility_ratio=found.volatility_ratio,
            liquidity_depth_score=found.liquidity_depth_score,
            avg_execution_time_ms=1e3 * found.latency_s,
        )
    except ParameterError:
        return nan
