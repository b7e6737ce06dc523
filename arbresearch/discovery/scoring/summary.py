"""A ranking as the small tables and key figures that a report keeps and later stages read."""

from __future__ import annotations

from math import isfinite
from typing import Any, Final

import polars as pl

from arbresearch.discovery.scoring.ranking import Ranking
from arbresearch.discovery.scoring.words import choose_pair, quote_of, reason_words, row_of, sure_of

__all__ = [
    "funnel",
    "ranking_figures",
    "ranking_tables",
    "refusals",
    "refused",
    "score_table",
]

_LONGEST: Final = 150
_EXAMPLES: Final = 3

_STEPS: Final = (
    ("gross edge above zero", "raw_episodes"),
    ("net of fees above {entry:g} bps", "net_episodes"),
    ("the books hold the smallest order", "sized_episodes"),
    ("still above zero when the order arrives", "alive_episodes"),
    ("coin and cash were there, too", "captured_episodes"),
)


def funnel(ranking: Ranking, pair: str = "") -> pl.DataFrame:
    """Count what is left at each step from a gross edge to a viable pair.

    Parameters
    ----------
    ranking
        Of any pairs.
    pair
        Of this one alone; all together by default.

    Returns
    -------
    polars.DataFrame
        step, episodes (left after it) and pairs (that have any left); the last step keeps viable pairs only. A pair
        has at no step more than at the one before, though one long episode before fees may hold several after them.
    """
    rows = ranking.scores.filter(pl.col("pair") == pair) if pair else ranking.scores
    columns = [column for _, column in _STEPS]
    left = rows.select(
        "viable", *(pl.min_horizontal(columns[: place + 1]).alias(name) for place, name in enumerate(columns))
    )
    counts = [(step.format(entry=ranking.settings.entry_bps), left[column]) for step, column in _STEPS]
    counts.append(("the pair is viable", left.filter("viable")[columns[-1]]))
    return pl.DataFrame(
        [{"step": step, "episodes": int(many.sum()), "pairs": int((many > 0).sum())} for step, many in counts],
        schema={"step": pl.String, "episodes": pl.Int64, "pairs": pl.Int64},
    )


def refusals(ranking: Ranking) -> pl.DataFrame:
    """Count why pairs were refused or could not be measured, the commonest first: reason, why, pairs, examples."""
    columns = ("pair", "reason", "detail")
    given = pl.concat([ranking.scores.filter(~pl.col("viable")).select(columns), ranking.skipped.select(columns)])
    counted = given.group_by("reason", maintain_order=True).agg(
        pl.len().alias("pairs"), pl.col("pair").head(_EXAMPLES).str.join(", ").alias("examples")
    )
    return counted.sort("pairs", descending=True, maintain_order=True).select(
        "reason", _worded("reason").alias("why"), "pairs", "examples"
    )


def refused(ranking: Ranking, each: int | None = None) -> pl.DataFrame:
    """List refused pairs and those not measured, the commonest reason first: why, pair, detail, mean_bps_day.

    Parameters
    ----------
    ranking
        Its order is kept within a reason.
    each
        So many of each reason; all by default.
    """
    columns = ("pair", "reason", "detail", "mean_bps_day")
    skipped = ranking.skipped.with_columns(pl.lit(None, pl.Float64).alias("mean_bps_day")).select(columns)
    rows = pl.concat([ranking.scores.filter(~pl.col("viable")).select(columns), skipped])
    place = pl.int_range(pl.len()).over("reason")
    kept = rows if each is None else rows.filter(place < each)
    order = refusals(ranking).select("reason", "why").with_row_index("place")
    return (
        kept.join(order, on="reason", maintain_order="left")
        .sort("place", maintain_order=True)
        .select("why", "pair", "detail", "mean_bps_day")
    )


def score_table(ranking: Ranking) -> pl.DataFrame:
    """Return the scores with two columns more: profit_quote_day (the mean on the capital) and outcome (short words)."""
    return ranking.scores.with_columns(
        (pl.col("mean_bps_day") * (ranking.settings.capital_quote / 1e4)).alias("profit_quote_day"),
        pl.when("viable").then(pl.lit("viable")).otherwise(pl.col("reason").str.replace_all("_", " ")).alias("outcome"),
    )


def ranking_figures(ranking: Ranking, pair: str = "") -> dict[str, dict[str, Any]]:
    """Return what a report puts first: how many pairs are viable, and the chosen pair's figures; value, unit, note."""
    row = row_of(ranking, choose_pair(ranking, pair))
    viable = int(ranking.scores["viable"].sum())
    share = ranking.settings.capital_quote / 1e4
    currency = quote_of(row)
    sure = f"{100.0 * ranking.settings.confidence:g} % confidence, {ranking.candidates:,} compared"
    counts: dict[str, dict[str, Any]] = {
        "pairs compared": {"value": ranking.candidates},
        "viable": {"value": viable},
        "not measured": {"value": ranking.skipped.height},
    }
    return ({} if pair else counts) | {
        ("pair" if pair else "best pair" if viable else "first pair"): {"value": row["pair"]},
        "lower bound": _figure(row["final_score"], "bps a day", sure),
        "mean": _figure(row["mean_bps_day"], "bps a day", "on capital"),
        "P(mean > 0)": {"value": _known(row["probability_positive"]), "text": sure_of(row)},
        "profit a day": _figure(row["mean_bps_day"] * share, currency, f"on {ranking.settings.capital_quote:,.0f}"),
        "profit a day, at least": _figure(row["final_score"] * share, currency, sure),
        "executed episodes": _figure(row["executed_episodes"], ""),
        "both books": _figure(row["covered_hours"], "h"),
        "capacity": _figure(row["capacity_quote"], currency, "at least" if row["capacity_is_floor"] else "an order"),
    }


def ranking_tables(ranking: Ranking, pair: str = "", markets: str = "same") -> dict[str, pl.DataFrame]:
    """Return what later stages read.

    ``best`` has a row a viable pair with the parameters that run its tear sheet alone, the number of candidates
    among them, so that its bound stays corrected for the choice. The others are the first scores, the refusals, the
    funnel, and latency and capacity of the chosen pair.
    """
    chosen = choose_pair(ranking, pair)
    same = pl.col("symbol_a") == pl.col("symbol_b")
    best = ranking.scores.filter("viable").head(_LONGEST)
    return {
        "best": best.select(
            pl.when(same).then("symbol_a").otherwise("coin").alias("symbols"),
            pl.format("{}:{}", "venue_a", "venue_b").alias("venue_pairs"),
            pl.lit(markets).alias("markets"),
            "pair",
            pl.lit(ranking.candidates, pl.Int64).alias("candidates"),
        ),
        "scores": ranking.scores.head(_LONGEST),
        "refusals": refusals(ranking),
        "funnel": funnel(ranking, pair),
        "latency": ranking.latency.filter(pl.col("pair") == chosen),
        "capacity": ranking.capacity.filter(pl.col("pair") == chosen),
    }


def _worded(column: str) -> pl.Expr:
    return pl.col(column).map_elements(reason_words, return_dtype=pl.String)


def _known(value: float) -> float | None:
    return value if isfinite(value) else None


def _figure(value: float | None, unit: str, note: str = "") -> dict[str, Any]:
    if value is None or not isfinite(value):
        return {"value": None, "unit": unit, "note": note}
    if isinstance(value, int):
        return {"value": value, "unit": unit, "note": note}
    number = f"{value:,.0f}" if abs(value) >= 1_000 else f"{value:,.1f}" if abs(value) >= 10 else f"{value:,.2f}"
    return {
        "value": float(f"{value:.6g}"), "unit": unit, "text": f"{number} {unit}".strip().replace("-", "−"), "note": note
    }  # fmt: skip
