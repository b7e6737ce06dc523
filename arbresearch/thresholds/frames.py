"""What an optimisation found as the frames that charts take."""

from __future__ import annotations

from typing import Final, Literal

import numpy as np
import polars as pl

from arbresearch.core import NS_PER_DAY
from arbresearch.thresholds.plateau import DIMENSIONS
from arbresearch.thresholds.result import OptimalThresholds

__all__ = [
    "closed_form_bps",
    "cumulative_frame",
    "mean_bps_day",
    "out_of_sample_days",
    "profile_frame",
    "size_bounds",
    "size_frame",
    "split_frame",
    "surface_frame",
]

_COLUMNS: Final = {"skew": "skew_bps", "exit": "exit_fraction", "size": "order_quote", "hold": "max_hold_s"}
_SURFACE: Final = {"half_width_bps": pl.Float64, "other": pl.Float64, "profit_bps_day": pl.Float64,
                   "plateau": pl.Boolean, "chosen": pl.Boolean}  # fmt: skip
_PROFILE: Final = {**dict.fromkeys(("half_width_bps", "profit_bps_day", "lower", "upper", "theory_bps_day"),
                                   pl.Float64), "plateau": pl.Boolean, "chosen": pl.Boolean}  # fmt: skip
_SIZES: Final = dict.fromkeys(("order_quote", "profit_quote_day", "standard_error", "fitted_quote_day"), pl.Float64)
_SPLITS: Final = dict.fromkeys(("logit", "in_sample", "out_of_sample"), pl.Float64)
_STANDARD_ERRORS: Final = 2.0


def surface_frame(found: OptimalThresholds, other: Literal["skew", "exit", "size", "hold"] = "size") -> pl.DataFrame:
    """Return the cut through the grid at the choice that varies half width and one other dimension.

    Returns
    -------
    polars.DataFrame
        half_width_bps, other (bps, fraction, quote currency or seconds), profit_bps_day (averaged with neighbours),
        plateau, chosen; no rows where nothing was tried.
    """
    cut = _cut(found, "width", other)
    if cut.is_empty():
        return pl.DataFrame(schema=_SURFACE)
    smoothed = pl.col("smoothed_bps_day").alias("profit_bps_day")
    chosen = cut.select("half_width_bps", pl.col(_COLUMNS[other]).alias("other"), smoothed, "plateau", "chosen")
    return chosen.sort("other", "half_width_bps")


def profile_frame(found: OptimalThresholds) -> pl.DataFrame:
    """Return the cut through the grid at the choice that varies the half width alone.

    Returns
    -------
    polars.DataFrame
        half_width_bps, profit_bps_day with lower and upper (two standard errors), theory_bps_day, plateau, chosen.
    """
    cut = _cut(found, "width")
    if cut.is_empty():
        return pl.DataFrame(schema=_PROFILE)
    profit, reach = pl.col("profit_bps_day"), _STANDARD_ERRORS * pl.col("profit_error_bps_day")
    ends = (profit - reach).alias("lower"), (profit + reach).alias("upper")
    return cut.select("half_width_bps", profit, *ends, "theory_bps_day", "plateau", "chosen").sort("half_width_bps")


def cumulative_frame(found: OptimalThresholds) -> pl.DataFrame:
    """Return profit out of sample added up: time_ns (ends of blocks) and profit_bps of capital, from zero."""
    kept = found.out_of_sample
    if not kept.profit_quote.size:
        return pl.DataFrame(schema={"time_ns": pl.Int64, "profit_bps": pl.Float64})
    scale = 1e4 / kept.result.summary.capital_quote
    times = np.append(kept.block_start_ns[:1], kept.block_start_ns + kept.block_ns)
    return pl.DataFrame(
        {"time_ns": times, "profit_bps": np.append(0.0, np.cumsum(kept.profit_quote)) * scale},
        schema={"time_ns": pl.Int64, "profit_bps": pl.Float64},
    )


def split_frame(found: OptimalThresholds) -> pl.DataFrame:
    """Return one row a way to halve the data: logit, and Sharpe ratio of the best in_sample and out_of_sample."""
    over = found.overfitting
    if over is None:
        return pl.DataFrame(schema=_SPLITS)
    return pl.DataFrame(
        {"logit": over.logits, "in_sample": over.in_sample, "out_of_sample": over.out_of_sample}, schema=_SPLITS
    )


def size_frame(found: OptimalThresholds) -> pl.DataFrame:
    """Return one row an order size: order_quote, profit_quote_day with standard_error, and fitted_quote_day."""
    if found.sizing is None:
        return pl.DataFrame(schema=_SIZES)
    curve = found.sizing.curve
    return pl.DataFrame(
        {
            "order_quote": curve.sizes_quote,
            "profit_quote_day": curve.profit_day,
            "standard_error": curve.standard_error,
            "fitted_quote_day": curve.fitted_day,
        },
        schema=_SIZES,
    )


def out_of_sample_days(found: OptimalThresholds) -> float:
    """Return how long thresholds were judged on later data, days."""
    kept = found.out_of_sample
    return kept.profit_quote.size * kept.block_ns / NS_PER_DAY


def closed_form_bps(found: OptimalThresholds) -> tuple[float, float, float]:
    """Return the half width that the closed form would set with its interval, bps; NaN where nothing reverts.

    The interval is that of the levels, moved by what they act further out.
    """
    fit = found.fit
    moved = fit.set_half_width_bps - fit.half_width_bps
    return fit.set_half_width_bps, fit.half_width_low_bps + moved, fit.half_width_high_bps + moved


def mean_bps_day(found: OptimalThresholds) -> tuple[float, float, float]:
    """Return mean profit out of sample with its interval, bps of capital a day."""
    one = found.out_of_sample.profit_bps_day
    return one.value, one.low, one.high


def size_bounds(found: OptimalThresholds) -> dict[str, float]:
    """Return the largest order by what bounds it, quote currency; Kelly's, which does not count, is not among them."""
    return {} if found.sizing is None else {one.name: one.size_quote for one in found.sizing.bounds if one.counts}


def _cut(found: OptimalThresholds, *varied: str) -> pl.DataFrame:
    """Return the points that differ from the choice in the named dimensions only."""
    if found.grid is None or found.plateau is None:
        return pl.DataFrame()
    index = found.grid.index
    held = [place for place, name in enumerate(DIMENSIONS) if name not in varied]
    same = (index[:, held] == index[found.plateau.choice, held]).all(axis=1)
    return found.surface().filter(pl.Series(same))
