"""Markouts: where the venue's price went after our fills."""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl

from arbresearch.backtest.frames import frame_of
from arbresearch.backtest.log import RunLog
from arbresearch.backtest.mids import Marks
from arbresearch.core import BPS, NS_PER_SECOND
from arbresearch.edges.arrays import Floats

__all__ = ["HORIZONS_S", "fill_markouts", "markout_frame"]

HORIZONS_S: Final = (0.1, 1.0, 10.0, 60.0)


def fill_markouts(log: RunLog, marks: Marks, horizon_s: float) -> Floats:
    """Return how far each fill's venue moved our way by so many seconds after it, bps of its middle, shape (fills,).

    Positive: up after a buy, down after a sell. From the middle at the match to that of the last row at or before the
    horizon. NaN where the recording of that venue ends before the horizon, or the book at the match had no middle.
    """
    fills = log.fills
    after = fills["time_ns"] + round(horizon_s * NS_PER_SECOND)
    later = np.full(fills.size, np.nan)
    for venue in range(len(marks.market)):
        chosen = (fills["venue"] == venue) & (after <= marks.ends(venue))
        later[chosen] = marks.mid(venue, after[chosen])
    return np.asarray(np.where(fills["sell"], -1.0, 1.0) * (later / fills["mid"] - 1.0) / BPS)


def markout_frame(fills: pl.DataFrame, log: RunLog, marks: Marks) -> pl.DataFrame:
    """Return the mean markout by role, reason and horizon.

    Parameters
    ----------
    fills
        Frame of the log's fills.
    log, marks
        Of the run.

    Returns
    -------
    polars.DataFrame
        role, reason, horizon_s, fills (whose markout is known), mean_bps (each fill counts the same) and
        standard_error_bps (``sd / sqrt(fills)``, ``ddof=1``, as if fills were independent: NaN for fewer than two).
    """
    parts = [
        fills.select("role", "reason", bps=pl.Series(fill_markouts(log, marks, horizon_s)).fill_nan(None))
        .group_by("role", "reason", maintain_order=True)
        .agg(
            pl.lit(horizon_s).alias("horizon_s"),
            pl.col("bps").count().alias("fills"),
            pl.col("bps").mean().fill_null(float("nan")).alias("mean_bps"),
            (pl.col("bps").std(ddof=1) / pl.col("bps").count().sqrt())
            .fill_null(float("nan"))
            .alias("standard_error_bps"),
        )
        for horizon_s in HORIZONS_S
    ]
    table = pl.concat(parts).sort("role", "reason", "horizon_s")
    return frame_of("markouts", **{name: table[name] for name in table.columns})
