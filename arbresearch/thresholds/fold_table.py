"""What was chosen on each fold, what it promised and what was kept of it."""

from __future__ import annotations

from collections.abc import Sequence
from math import nan

import numpy as np
import polars as pl

from arbresearch.core import NS_PER_DAY, NS_PER_SECOND
from arbresearch.thresholds.plan import Plan
from arbresearch.thresholds.result import OutOfSample
from arbresearch.thresholds.walkforward import Choice

__all__ = ["FIELDS", "fold_frame"]

FIELDS = ("sell_a_bps", "sell_b_bps", "sell_a_exit_bps", "sell_b_exit_bps", "order_quote")
"""Of a point, that are thresholds or the size."""


def fold_frame(plan: Plan, choices: Sequence[Choice], kept: OutOfSample, confidence: float) -> pl.DataFrame:
    """Return one row a fold: its times (ns), what was chosen, what that promised and kept (bps a day), trades, reason.

    NaN where nothing was chosen.
    """
    rows = []
    capital, decided = kept.result.summary.capital_quote, kept.result.pairs["decided_ns"].to_numpy()
    for number, (fold, choice) in enumerate(zip(plan.folds, choices, strict=True)):
        inside = fold.test_blocks(kept.block_start_ns, kept.block_ns)
        profit = kept.profit_quote[inside] * (1e4 / capital * NS_PER_DAY / kept.block_ns)
        point = choice.point
        coordinates = [nan] * 5 if choice.plateau is None else choice.grid.coordinates[choice.plateau.choice]
        values = {name: nan if point is None else getattr(point, name) for name in FIELDS}
        bands = {
            f"{name.removesuffix('_bps')}_{end}_bps": nan
            if point is None
            else getattr(choice.interval(name, confidence), end)
            for name in ("sell_a_bps", "sell_b_bps")
            for end in ("low", "high")
        }
        fit = choice.fit
        rows.append(
            {
                "fold": number,
                "train_start_ns": fold.train_start_ns,
                "train_end_ns": fold.train_end_ns,
                "test_start_ns": fold.test_start_ns,
                "test_end_ns": fold.test_end_ns,
                "trades": point is not None,
                **values,
                "max_hold_s": nan if point is None else point.max_hold_ns / NS_PER_SECOND,
                **bands,
                "half_width_bps": float(coordinates[0]),
                "skew_bps": float(coordinates[1]),
                "exit_fraction": float(coordinates[2]),
                "closed_form_half_width_bps": fit.half_width_bps,
                "cost_bps": fit.cost_bps,
                "half_life_s": fit.fit.half_life if fit.fit is not None else nan,
                "points": len(choice.grid.points),
                "in_sample_bps_day": choice.profit_bps_day,
                "in_sample_bound_bps_day": choice.bound_bps_day,
                "out_of_sample_bps_day": float(profit.mean()) if profit.size else nan,
                "pairs": int(np.count_nonzero((decided >= fold.test_start_ns) & (decided < fold.test_end_ns))),
                "reason": choice.reason,
            }
        )
    return pl.DataFrame(rows, infer_schema_length=None)
