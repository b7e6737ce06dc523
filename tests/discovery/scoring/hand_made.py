"""Rankings written down by hand, so that what is said of them can be checked without measuring anything."""

from __future__ import annotations

from typing import Any, Final

import polars as pl

from arbresearch.discovery import Ranking, ScoreSettings

__all__ = ["NOTHING", "hand_ranking", "score_row"]

NAN: Final = float("nan")

NOTHING: Final[dict[str, Any]] = {
    **dict.fromkeys(
        ("net_episodes", "sized_episodes", "alive_episodes", "executed_episodes", "captured_episodes", "episodes"), 0
    ),
    **dict.fromkeys(
        ("mean_bps_day", "gross_bps_day", "fees_bps_day", "depth_bps_day", "latency_bps_day", "capital_bps_day",
         "rebalance_bps_day"),
        0.0,
    ),
    **dict.fromkeys(
        ("final_score", "standard_error", "probability_positive", "survival_at_latency", "capacity_quote"), NAN
    ),
}  # fmt: skip
"""Of a pair that never had a net edge."""


def score_row(pair: str, **changes: Any) -> dict[str, Any]:
    """Return a row of scores of a viable pair, changed as asked; its waterfall ends at its mean."""
    coin, _, venues = pair.partition(" ")
    first, _, second = venues.partition("-")
    mean = changes.get("mean_bps_day", 10.0)
    row: dict[str, Any] = {
        "pair": pair, "coin": coin, "venue_a": first, "symbol_a": coin, "venue_b": second, "symbol_b": coin,
        "viable": not changes.get("reason"), "reason": "", "detail": "",
        "final_score": 4.0, "mean_bps_day": mean, "standard_error": 2.0, "probability_positive": 0.99,
        "blocks": 96, "covered_hours": 24.0, "episodes": 150,
        "avg_spread_bps": 9.0, "gross_spread_bps": 29.0, "opportunity_frequency": 6.25, "volume_weighted_spread": 8.5,
        "price_correlation": 0.95, "price_lag_s": 0.5, "lead_lag_ratio": 1.4, "volatility_ratio": 1.02,
        "liquidity_depth_score": 0.9, "avg_execution_time_ms": 250.0, "survival_at_latency": 0.8,
        "slippage_impact_bps": 1.1, "transfer_viability_score": 0.4, "capacity_quote": 2_500.0,
        "capacity_is_floor": False, "legacy_score": NAN, "legacy_rank": None,
        "identity": "verified", "identity_ground": "contract address",
        "gross_bps_day": mean + 30.0, "fees_bps_day": -20.0, "depth_bps_day": -4.0, "latency_bps_day": -3.0,
        "capital_bps_day": -2.0, "rebalance_bps_day": -1.0,
        "raw_episodes": 1_000, "net_episodes": 400, "sized_episodes": 300, "alive_episodes": 200,
        "executed_episodes": 150, "captured_episodes": 150,
    }  # fmt: skip
    return {**row, **changes}


def hand_ranking(
    *rows: dict[str, Any], candidates: int, skipped: list[tuple[str, str, str]] | None = None, **settings: Any
) -> Ranking:
    """Return a ranking of these rows in this order."""
    ranked = [{"rank": place + 1, **row} for place, row in enumerate(rows)]
    names = list(score_row("A/USDT gate-mexc"))
    scores = pl.DataFrame(ranked, infer_schema_length=None) if ranked else pl.DataFrame(schema=["rank", *names])
    first = rows[0]["pair"] if rows else ""
    return Ranking(
        settings=ScoreSettings(**settings),
        candidates=candidates,
        scores=scores,
        latency=pl.DataFrame({"pair": [first] * 2, "latency_s": [0.0, 1.0], "mean_bps_day": [9.0, 1.0],
                              "survival": [1.0, 0.2]}),
        capacity=pl.DataFrame({"pair": [first] * 2, "notional_quote": [500.0, 1_000.0],
                               "profit_quote_day": [5.0, 8.0], "marginal_bps": [10.0, 6.0]}),
        blocks=pl.DataFrame({"pair": [first], "start_ns": [1_759_708_800_000_000_000], "covered_s": [900.0],
                             "profit_bps_day": [12.0]}),
        skipped=pl.DataFrame(skipped or [], schema=["pair", "reason", "detail"], orient="row",
                             schema_overrides=dict.fromkeys(("pair", "reason", "detail"), pl.String)),
    )  # fmt: skip
