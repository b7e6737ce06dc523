"""An overview as the small tables and key figures that a report keeps."""

from __future__ import annotations

from math import isfinite
from typing import Any, Final

import polars as pl

from arbresearch.discovery.overview.overview import Overview, venue_matrix
from arbresearch.discovery.overview.words import seconds_text

__all__ = ["key_figures", "result_tables", "week_of"]

_LONGEST: Final = 150
_MONDAY_NS: Final = 4 * 86_400 * 1_000_000_000
"""1970-01-05, a Monday."""


def key_figures(overview: Overview) -> dict[str, dict[str, Any]]:
    """Return what a report puts first: the best pair's figures and how many pairs there are; value, unit, note."""
    best = overview.pairs.row(0, named=True)
    figures: dict[str, tuple[float, str]] = {
        "time with an edge": (100.0 * best["share"], "%"),
        "updates with an edge": (100.0 * best["share_of_updates"], "%"),
        "episodes": (best["episodes"], ""),
        "median life": (best["median_s"], "s"),
        "longest life": (best["longest_s"], "s"),
        "open after latency": (100.0 * best["alive_share"], "%"),
        "mean gross edge": (best["gross_mean_bps"], "bps"),
        "p99 gross edge": (best["gross_p99_bps"], "bps"),
        "largest gross edge": (best["gross_max_bps"], "bps"),
    }
    ever, sound = (overview.pairs.filter(one).height for one in (pl.col("episodes") > 0, pl.col("remark") == ""))
    first: dict[str, dict[str, Any]] = {"first pair": {"value": best["pair"]}}
    if overview.pairs.height > 1:
        first = {
            "pairs": {"value": overview.pairs.height},
            "with an edge": {"value": ever},
            "without a remark": {"value": sound},
            **first,
        }
    return first | {label: _figure(value, unit) for label, (value, unit) in figures.items()}


def result_tables(overview: Overview) -> dict[str, pl.DataFrame]:
    """Return what later stages read, of the first pairs.

    ``best`` has a row a pair with the parameters that run a report on it alone; the others are the overview's own
    pairs, directions and levels, and the first pair's lags and survival; ``matrix`` is that of the venues.
    """
    kept = overview.pairs.head(_LONGEST)
    first = kept["pair"].head(_LONGEST // 6)
    directions = overview.directions.filter(pl.col("pair").is_in(first.implode()))
    levels = overview.levels.filter(pl.col("pair").is_in(first.head(5).implode()))
    best = overview.survival(overview.top).frame
    return {
        "best": kept.select(
            pl.when(pl.col("symbol_a") == pl.col("symbol_b")).then("symbol_a").otherwise("coin").alias("symbols"),
            pl.format("{}:{}", "venue_a", "venue_b").alias("venue_pairs"),
            pl.when(pl.col("symbol_a") == pl.col("symbol_b"))
            .then(pl.lit("same"))
            .otherwise(pl.lit("any"))
            .alias("markets"),
        ),
        "pairs": kept,
        "directions": directions,
        "levels": levels,
        "lags": overview.lags.select(pl.lit(overview.top).alias("pair"), pl.all()),
        "survival": best.select(pl.lit(overview.top).alias("pair"), pl.all()),
        "matrix": venue_matrix(overview),
    }


def week_of(overview: Overview) -> pl.DataFrame:
    """Return the hours of the week, each at a time in it: recv_ns, edge_bps (mean over time), share above threshold."""
    hour = (pl.col("weekday").cast(pl.Int64) - 1) * 24 + pl.col("hour").cast(pl.Int64)
    return overview.hours.select(
        (_MONDAY_NS + hour * 3_600_000_000_000).alias("recv_ns"), pl.col("mean_bps").alias("edge_bps"), "share"
    )


def _figure(value: float, unit: str) -> dict[str, Any]:
    shown: dict[str, Any] = {"value": _rounded(value), "unit": unit}
    if isfinite(value) and unit == "s":
        shown["text"] = seconds_text(value)
    elif isfinite(value) and unit == "bps":
        shown["text"] = f"{value:,.1f} bps".replace("-", "−")
    return shown


def _rounded(value: float) -> float | int | None:
    if isinstance(value, int):
        return value
    return float(f"{value:.6g}") if isfinite(value) else None
