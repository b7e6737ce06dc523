"""One pair in detail, as tables: the fields of its score, its costs, and what its history says."""

from __future__ import annotations

from math import isfinite, isnan, nan
from types import MappingProxyType
from typing import Final

import polars as pl

from arbresearch.core import NS_PER_SECOND
from arbresearch.discovery.metrics.history import PairMetrics
from arbresearch.discovery.overview.words import seconds_text
from arbresearch.discovery.pairs import StreamPair
from arbresearch.discovery.scoring.ranking import Ranking
from arbresearch.discovery.scoring.words import quote_of, row_of

__all__ = ["SCORE_FIELDS", "block_profits", "metrics_table", "score_fields", "stream_pair", "waterfall"]

SCORE_FIELDS: Final = MappingProxyType(
    {
        "final_score": ("bps a day", "lower bound of the mean, corrected for all pairs compared"),
        "mean_bps_day": ("bps a day", "mean net profit of a block on the capital, as if it went on for a day"),
        "standard_error": ("bps a day", "of that mean, from the stationary bootstrap"),
        "probability_positive": ("%", "share of resampled means above zero"),
        "blocks": ("", "blocks with both books long enough to count"),
        "covered_hours": ("h", "time with both books in those blocks"),
        "episodes": ("", "executed episodes, those close to each other counted once"),
        "avg_spread_bps": ("bps", "mean net edge of executed episodes, at the prices met"),
        "gross_spread_bps": ("bps", "the same before fees"),
        "opportunity_frequency": ("1/h", "episodes with a net edge above the entry, an hour"),
        "volume_weighted_spread": ("bps", "profit over what was bought, all executed episodes together"),
        "price_correlation": ("", "Hayashi-Yoshida correlation of mid returns at the best lag"),
        "price_lag_s": ("s", "that lag; positive where A moves first"),
        "lead_lag_ratio": ("", "how much more A's past says about B than the reverse; 1 is even"),
        "volatility_ratio": ("", "volatility of A's mid over B's; 1 is even"),
        "liquidity_depth_score": ("", "executable within half the edge over the order, at most 1"),
        "avg_execution_time_ms": ("ms", "time from a quote that we see to our order in the book"),
        "survival_at_latency": ("%", "episodes still above the entry by then"),
        "slippage_impact_bps": ("bps", "what the best prices promised at the decision less what the orders met"),
        "transfer_viability_score": ("%", "probability that a rebalancing transfer leaves a profit"),
        "capacity_quote": ("quote", "order at which profit is all but largest"),
        "legacy_score": ("", "the product formula, for comparison alone"),
    }
)
"""Unit and meaning of each field of a score, in the order of a tear sheet."""

_COSTS: Final = MappingProxyType(
    {
        "gross edge": "gross_bps_day",
        "fees": "fees_bps_day",
        "depth": "depth_bps_day",
        "latency": "latency_bps_day",
        "capital": "capital_bps_day",
        "rebalancing": "rebalance_bps_day",
    }
)


def score_fields(ranking: Ranking, pair: str) -> pl.DataFrame:
    """List the fields of one pair's score: field (its name), value (text with its unit), meaning."""
    row = row_of(ranking, pair)
    units = {name: quote_of(row) if unit == "quote" else unit for name, (unit, _) in SCORE_FIELDS.items()}
    floor = {"capacity_quote"} if row["capacity_is_floor"] else set()
    return pl.DataFrame(
        [
            {
                "field": name,
                "value": ("at least " if name in floor else "") + _shown(row[name], units[name]),
                "meaning": meaning,
            }
            for name, (_, meaning) in SCORE_FIELDS.items()
        ]
    )


def waterfall(ranking: Ranking, pair: str) -> pl.DataFrame:
    """Return item and value_bps (a day on capital) from a pair's gross edge through its costs; they add to the mean.

    Empty where there never was anything to take apart.
    """
    row = row_of(ranking, pair)
    values = {item: row[column] for item, column in _COSTS.items()}
    known = any(values.values()) and all(isfinite(value) for value in values.values())
    return pl.DataFrame(
        [{"item": item, "value_bps": value} for item, value in values.items()] if known else [],
        schema={"item": pl.String, "value_bps": pl.Float64},
    )


def stream_pair(ranking: Ranking, pair: str) -> StreamPair:
    """Return the two streams of a pair."""
    row = row_of(ranking, pair)
    return StreamPair(row["venue_a"], row["symbol_a"], row["venue_b"], row["symbol_b"])


def block_profits(ranking: Ranking, pair: str) -> pl.DataFrame:
    """Return start_ns, covered_s and profit_bps_day of one pair's blocks."""
    return ranking.blocks.filter(pl.col("pair") == pair).drop("pair").sort("start_ns")


def metrics_table(metrics: PairMetrics) -> pl.DataFrame:
    """List what the history of a pair says of who leads and whether the spread reverts: figure, value (text), says."""
    pair, lead, fit = metrics.pair, metrics.lead, metrics.spread.fit
    first = f"{metrics.leader} moves first" if metrics.leader else "none clearly moves first"
    made = f"the price is made on {metrics.price_leader}" if metrics.price_leader else "not told which venue makes it"
    rows = [
        ("correlation", _number(metrics.correlation), "Hayashi-Yoshida, both at once"),
        ("best correlation", _number(lead.correlation), _shifted(lead.best_lag / NS_PER_SECOND)),
        ("lead", _time(metrics.lead_s), first),
        ("lead-lag ratio", _number(lead.ratio), f"above 1: {pair.side_a} leads {pair.side_b}"),
        ("volatility ratio", _number(metrics.volatility_ratio), f"{pair.side_a} over {pair.side_b}"),
        (
            "component share",
            f"{_number(metrics.component_share)} ± {_number(metrics.component_share_error)}",
            metrics.discovery_reason or f"weight of {pair.side_a} in the common price; {made}",
        ),
        (
            "information share",
            f"{_number(metrics.information_low)} to {_number(metrics.information_high)}",
            f"bounds for {pair.side_a} (Hasbrouck)",
        ),
        (
            "half-life",
            _time(metrics.spread.half_life_s),
            metrics.spread.reason or "in which half of a deviation is gone",
        ),
        (
            "its interval",
            _interval(metrics.spread.half_life_low_s, metrics.spread.half_life_high_s),
            "; ".join(fit.notes) if fit and fit.notes else f"of samples {_time(metrics.spread.step_s)} apart",
        ),
        ("level", _bps(fit.theta if fit else nan), f"to which {pair.side_a} over {pair.side_b} returns"),
        ("spread around it", _bps(fit.stationary_sd if fit else nan), "standard deviation in the long run"),
    ]
    return pl.DataFrame(rows, schema=["figure", "value", "says"], orient="row")


def _shown(value: float | None, unit: str) -> str:
    if value is None or not isfinite(value):
        return "–"
    if isinstance(value, int):
        return f"{value:,} {unit}".strip()
    number = f"{100.0 * value:,.1f}" if unit == "%" else f"{value:,.0f}" if abs(value) >= 1_000 else f"{value:.3g}"
    return f"{number} {unit}".strip().replace("-", "−")


def _number(value: float) -> str:
    return f"{value:.2f}".replace("-", "−") if isfinite(value) else "–"


def _bps(value: float) -> str:
    return f"{_number(value)} bps" if isfinite(value) else "–"


def _shifted(lag_s: float) -> str:
    if not isfinite(lag_s):
        return "at no lag"
    return f"B taken {seconds_text(abs(lag_s))} {'after' if lag_s > 0 else 'before'} A" if lag_s else "both at once"


def _interval(low_s: float, high_s: float) -> str:
    return "–" if isnan(low_s) else f"{_time(low_s)} to {_time(high_s)}"


def _time(seconds: float) -> str:
    if not isfinite(seconds):
        return "unlimited" if seconds > 0 else "–"
    return seconds_text(seconds) if seconds else "0 s"
