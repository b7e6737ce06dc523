"""How a pair's profit goes on: its mean of late, whether it has fallen, and which way its days go."""

from __future__ import annotations

from math import nan, sqrt
from typing import Final

import numpy as np
import polars as pl

from arbresearch.core.units import NS_PER_DAY
from arbresearch.discovery.blocks.settings import ScoreSettings
from arbresearch.discovery.scoring.ranking import Ranking
from arbresearch.edges.arrays import Floats
from arbresearch.stats import estimate_mean

__all__ = ["decline", "has_fallen"]

_DAYS: Final = 3
"""Fewer days have no trend."""
_FULL: Final = 0.5
"""A day counts once this share of its blocks does."""
_MOST: Final = 1_440
"""Longer series are averaged over neighbours before they are resampled."""


def decline(ranking: Ranking, as_of_ns: int, recent_days: float) -> pl.DataFrame:
    """Say of every pair of a ranking how its profit goes on.

    Parameters
    ----------
    ranking
        Its blocks are the window.
    as_of_ns
        End of the data, ns UTC. Days are the 24 hours that end there, the 24 before, and so on.
    recent_days
        What counts as of late, days before ``as_of_ns``.

    Returns
    -------
    polars.DataFrame
        pair; recent_bps_day, NaN without blocks that count; trend and trend_p, Kendall's tau of the daily means
        against time and its two-sided p value, NaN with fewer than three days of which half counts or where all are
        equal; fading: whether :func:`has_fallen` holds, asked of viable pairs alone.
    """
    since = as_of_ns - round(recent_days * NS_PER_DAY)
    viable = set(ranking.viable["pair"])
    full = _FULL * NS_PER_DAY / ranking.settings.block_ns
    rows = []
    known = ranking.blocks.filter(pl.col("profit_bps_day").is_not_nan())
    by_pair = known.partition_by("pair", as_dict=True)
    for (name,), blocks in by_pair.items():
        starts, profits = blocks["start_ns"].to_numpy(), blocks["profit_bps_day"].to_numpy()
        late = starts >= since
        recent = float(profits[late].mean()) if late.any() else nan
        fading = name in viable and has_fallen(profits[late], profits[~late], ranking.settings, len(viable))
        rows.append((name, recent, *_trend((as_of_ns - 1 - starts) // NS_PER_DAY, profits, full), fading))
    schema = {"pair": pl.String, "recent_bps_day": pl.Float64, "trend": pl.Float64, "trend_p": pl.Float64,
              "fading": pl.Boolean}  # fmt: skip
    return pl.DataFrame(rows, schema=schema, orient="row")


def has_fallen(recent: Floats, earlier: Floats, settings: ScoreSettings, candidates: int) -> bool:
    """Say whether the recent mean is significantly below the earlier one, and so below that of the whole window.

    The lower bound of ``mean(earlier) - mean(recent)`` is above zero. It is put together from the bounds of the two
    means (Zou and Donner 2008, *Construction of confidence limits about effect measures*, Statistics in Medicine 27):
    the difference less ``sqrt((mean_e - lower_e)^2 + (upper_r - mean_r)^2)``, each by the studentised stationary
    bootstrap of :func:`arbresearch.stats.estimate_mean`, so that neither dependence from block to block nor the
    skewness of profits passes for a decline.

    Parameters
    ----------
    recent, earlier
        Profits of blocks that count, in any unit.
    settings
        Confidence, fewest blocks (of either part; with fewer there is no decline), and the resampling.
    candidates
        How many pairs are asked together; the confidence holds for all of them.
    """
    if min(recent.size, earlier.size) < settings.min_blocks or recent.mean() >= earlier.mean():
        return False
    margins = []
    for values in (earlier, -recent):
        bound = estimate_mean(
            _averaged(values),
            settings.confidence,
            candidates=candidates,
            minimum=settings.min_blocks,
            block_size=settings.block_size,
            resamples=settings.resamples,
            seed=settings.seed,
        )
        margins.append(bound.mean - bound.lower_bound)
    return bool(earlier.mean() - recent.mean() > sqrt(margins[0] ** 2 + margins[1] ** 2))


def _averaged(values: Floats) -> Floats:
    together = -(-values.size // _MOST)
    means: Floats = values[values.size % together :].reshape(-1, together).mean(axis=1)
    return means


def _trend(days_ago: np.ndarray, profits: Floats, full: float) -> tuple[float, float]:
    days, place, counts = np.unique(days_ago, return_inverse=True, return_counts=True)
    enough = counts >= full
    if enough.sum() < _DAYS:
        return nan, nan
    means = np.bincount(place, profits) / counts
    from scipy.stats import kendalltau  # a second of import that workers need not pay

    found = kendalltau(-days[enough], means[enough])
    return float(found.statistic), float(found.pvalue)
