"""A study of signals as the frames that a report draws and lists."""

from __future__ import annotations

from math import isfinite
from typing import Final

import numpy as np
import polars as pl

from arbresearch.core import NS_PER_SECOND
from arbresearch.edges.arrays import Floats
from arbresearch.signals.batch import SignalBatch
from arbresearch.signals.calibration_report import CalibrationReport
from arbresearch.signals.study import SignalStudy, act, standard_error
from arbresearch.stats import estimate_mean

__all__ = [
    "acting_table",
    "context_view",
    "error_table",
    "horizon_table",
    "number",
    "payoff_table",
    "percent",
    "reliability_curves",
]

BUCKETS: Final = 5
_WAYS: Final = ("ab", "ba")
_NARROW: Final = 0.015
"""Width of a bucket below which its limits need a decimal to differ."""
_CUTS: Final = (0.0, 0.5, 0.7, 0.8, 0.9, 0.95)
_TRENDING: Final = 2.0
"""t-value from which a slope counts as a trend."""


def context_view(batch: SignalBatch, hours: float) -> pl.DataFrame:
    """Return the context of the target horizon around the largest net edge for which it is ready.

    Returns
    -------
    polars.DataFrame
        A row an update and direction, ``hours`` of them at most: recv_ns, direction, edge_bps, mean_bps, sd_bps,
        percentile, trend_t, half_life_s. Empty where the target horizon was never ready.
    """
    target = batch.settings.target
    at, known = batch.context_row[:, target], batch.contexts[target].ready.any(axis=1)
    ready = np.flatnonzero(np.append(known, False)[at])
    highest = np.nanmax(np.where(np.isnan(batch.z_score[ready, :, target]), -np.inf, batch.edge_bps[ready]), axis=1,
                        initial=-np.inf)  # fmt: skip
    if not np.isfinite(highest).any():
        return _around(batch, slice(0, 0))
    middle = batch.recv_ns[ready[int(np.argmax(highest))]]
    half_ns = round(0.5 * 3_600 * NS_PER_SECOND * hours)
    # As much of the stretch as there is: it moves in where it would reach over an end.
    latest = max(int(batch.recv_ns[-1]) - 2 * half_ns, int(batch.recv_ns[ready[0]]))
    start = min(max(int(middle) - half_ns, int(batch.recv_ns[ready[0]])), latest)
    first, last = np.searchsorted(batch.recv_ns, [start, start + 2 * half_ns])
    return _around(batch, slice(int(first), int(last)))


def horizon_table(batch: SignalBatch, names: tuple[str, str] = ("A", "B")) -> pl.DataFrame:
    """Return what the horizons say, a row a horizon and direction; medians over the cells that are ready.

    Returns
    -------
    polars.DataFrame
        horizon_s, sell_on (one of the names), cells (that are ready), ready (share of updates), mean_bps, sd_bps,
        half_life_s (median), reverts (share of cells with a half-life), trending (share with a t-value beyond 2),
        variance_ratio.
    """
    rows = []
    for place, horizon in enumerate(batch.settings.horizons_s):
        context = batch.contexts[place]
        for side, name in enumerate(names):
            known = context.ready[:, side]
            of = {source: getattr(context, source)[known, side] for source in _MEDIANS}
            at = batch.context_row[:, place]
            ready = known[at[at >= 0]].sum() / len(batch) if len(batch) else np.nan
            rows.append(
                {
                    "horizon_s": float(horizon),
                    "sell_on": name,
                    "cells": int(known.sum()),
                    "ready": float(ready),
                    **{column: _median(of[source]) for source, column in _MEDIANS.items()},
                    "reverts": _share(np.isfinite(of["half_life_s"])),
                    "trending": _share(np.abs(of["trend_t"]) > _TRENDING),
                }
            )
    return pl.DataFrame(rows).drop("trend")


_MEDIANS: Final = {
    "mean": "mean_bps", "sd": "sd_bps", "half_life_s": "half_life_s", "variance_ratio": "variance_ratio",
    "trend_t": "trend",
}  # fmt: skip


def payoff_table(study: SignalStudy) -> pl.DataFrame:
    """Return how the confidence of the pair's held-out stretched edges paid, in five buckets of equal counts.

    Returns
    -------
    polars.DataFrame
        bucket (its confidence, text), signals, confidence (mean), reverted (share), change_bps (mean change of the edge
        over the target horizon), round_trip_bps (mean of entering and leaving, net), above_costs (how many were above
        the threshold), and change_error_bps and round_trip_error_bps: 1.96 standard errors, from blocks of time.
    """
    schema = {"bucket": pl.String, "signals": pl.Int64, "above_costs": pl.Int64} | dict.fromkeys(_SHOWN, pl.Float64)
    if study.own is None or len(study.own.outcomes) < BUCKETS:
        return pl.DataFrame(schema=schema)
    outcomes, stated, settings = study.own.outcomes, study.own.confidence, study.batch.settings
    limits = np.where(outcomes.direction == 0, settings.sell_a_bps, settings.sell_b_bps)
    order = np.argsort(stated, kind="stable")
    rows = []
    for part in np.array_split(order, BUCKETS):
        low, high = stated[part[0]], stated[part[-1]]
        digits = 0 if high - low > _NARROW else 1
        row: dict[str, object] = {
            "bucket": f"{100.0 * low:.{digits}f} to {100.0 * high:.{digits}f} %",
            "signals": part.size,
            "above_costs": int((outcomes.edge_bps[part] > limits[part]).sum()),
            "confidence": float(stated[part].mean()),
            "reverted": float(outcomes.reverted[part].mean()),
        }
        for name in ("change", "round_trip"):
            values = getattr(outcomes, f"{name}_bps")[part]
            known = ~np.isnan(values)
            error = standard_error(values[known], outcomes.time_ns[part][known], settings.target_ns)
            row |= {f"{name}_bps": _mean(values[known]), f"{name}_error_bps": 1.96 * error}
        rows.append(row)
    return pl.DataFrame(rows, schema=schema)


_SHOWN: Final = (
    "confidence", "reverted", "change_bps", "round_trip_bps", "change_error_bps", "round_trip_error_bps",
)  # fmt: skip


def acting_table(study: SignalStudy) -> pl.DataFrame:
    """Return what acting on signals above costs would have brought, by the least confidence asked for.

    Returns
    -------
    polars.DataFrame
        least_confidence, trips, won (share above zero), reverted (share), held_s (median), round_trip_bps (mean, net of
        all costs), at_least_bps (lower bound with 95 % confidence, NaN with fewer than 20), total_bps.
    """
    rows = []
    for least in sorted({*_CUTS, study.high_confidence}):
        trips = act(study, least)
        values = trips["round_trip_bps"].to_numpy()
        rows.append(
            {
                "least_confidence": least,
                "trips": trips.height,
                "won": _share(values > 0.0),
                "reverted": _share(trips["reverted"].to_numpy()),
                "held_s": _median(trips["held_s"].to_numpy()),
                "round_trip_bps": _mean(values),
                "at_least_bps": estimate_mean(values).lower_bound,
                "total_bps": float(values.sum()),
            }
        )
    return pl.DataFrame(rows)


def reliability_curves(study: SignalStudy) -> dict[str, pl.DataFrame | None]:
    """Return what is drawn beside the reliability of all pairs: of this pair, where there are others, and plain."""
    alone = len(study.outcomes.names) == 1 or study.own_report is None
    return {
        "this pair, held out": None if alone or study.own_report is None else study.own_report.table,
        "fitted process alone": None if study.plain is None else study.plain.table,
    }


def error_table(study: SignalStudy) -> pl.DataFrame:
    """Return how well confidence agrees with what happened: figure, then all pairs, this pair, and the process alone.

    Texts; empty where nothing was calibrated.
    """
    reports = (study.report, study.own_report, study.plain)
    if study.report is None:
        return pl.DataFrame(schema=dict.fromkeys(("figure", "all", "own", "plain", "meaning"), pl.String))
    rows = [(name, *("–" if one is None else text(one) for one in reports), meaning) for name, text, meaning in _ERRORS]
    return pl.DataFrame(rows, schema=["figure", "all", "own", "plain", "meaning"], orient="row")


def number(value: float | None, digits: int = 1) -> str:
    """Return a number as text; a dash where it is not known."""
    return "–" if value is None or not isfinite(value) else f"{value:,.{digits}f}".replace("-", "−")


def percent(share: float | None, digits: int = 1) -> str:
    """Return a share as text in percent; a dash where it is not known."""
    return "–" if share is None or not isfinite(share) else f"{number(100.0 * share, digits)} %"


def _points(report: CalibrationReport) -> str:
    interval = f" [{number(100 * report.ece_lower)}, {number(100 * report.ece_upper)}]"
    return f"{number(100 * report.ece)}{interval if isfinite(report.ece_lower) else ''} points"


_ERRORS: Final = (
    ("calibration error", _points, "mean distance between what was stated and what happened, ten bins; 95 % interval"),
    ("the same by chance", lambda one: f"{number(100 * one.ece_chance)} points", "what a perfect forecast would show"),
    ("Brier score", lambda one: number(one.brier, 4), "mean squared error of the chance; lower is better"),
    ("– reliability", lambda one: number(one.reliability, 4), "part of it from wrong chances"),
    ("– resolution", lambda one: number(one.resolution, 4), "what telling signals apart takes off"),
    ("– uncertainty", lambda one: number(one.uncertainty, 4), "of always saying the base rate"),
    ("– within bins", lambda one: number(one.within, 4), "what differences inside bins add"),
    ("skill", lambda one: percent(one.skill), "how much better than always saying the base rate"),
    ("log loss", lambda one: number(one.log_loss, 4), "punishes being sure and wrong"),
    ("came back", lambda one: percent(one.base_rate), "base rate"),
    ("outcomes", lambda one: f"{one.outcomes:,} in {one.blocks:,} blocks", "held out; blocks of time are what counts"),
)


def _around(batch: SignalBatch, rows: slice) -> pl.DataFrame:
    target = batch.settings.target
    context, at = batch.contexts[target], batch.context_row[rows, target]
    columns: dict[str, object] = {
        "recv_ns": np.repeat(batch.recv_ns[rows], 2),
        "direction": np.tile(np.array(_WAYS), at.size),
        "edge_bps": batch.edge_bps[rows].ravel(),
    }
    for name, source in (
        ("mean_bps", "mean"),
        ("sd_bps", "sd"),
        ("trend_t", "trend_t"),
        ("half_life_s", "half_life_s"),
    ):
        # A row of NaN at the end is what the place -1, no context yet, points at.
        columns[name] = np.vstack([getattr(context, source), np.full((1, 2), np.nan)])[at].ravel()
    columns["percentile"] = batch.percentile[rows, :, target].ravel()
    return pl.DataFrame(columns)


def _median(values: Floats) -> float:
    known = values[~np.isnan(values)]
    return float(np.median(known)) if known.size else np.nan


def _mean(values: Floats) -> float:
    return float(values.mean()) if values.size else np.nan


def _share(flags: object) -> float:
    values = np.asarray(flags, dtype=np.float64)
    return float(values.mean()) if values.size else np.nan
