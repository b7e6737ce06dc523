"""A pair's signals looked at as a whole: how often, how well calibrated, and whether acting on them paid."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import polars as pl

from arbresearch.core import NS_PER_DAY, NS_PER_SECOND, BadInput, expected
from arbresearch.edges.arrays import Bools, Floats, Times
from arbresearch.signals.batch import SignalBatch
from arbresearch.signals.calibration import Calibration, HeldOut, walk_forward
from arbresearch.signals.calibration_folds import calibration_folds
from arbresearch.signals.calibration_report import LEAST_BLOCKS, CalibrationReport, time_blocks
from arbresearch.signals.outcomes import Outcomes
from arbresearch.stats import MeanEstimate, estimate_mean

__all__ = [
    "WANTED_ERROR",
    "Answer",
    "SignalStudy",
    "above_costs",
    "act",
    "calibrated_answer",
    "pays_answer",
    "standard_error",
    "study_signals",
]

Answer = Literal["yes", "no", "not enough data"]

WANTED_ERROR = 0.03
"""Expected calibration error up to which confidence counts as calibrated."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SignalStudy:
    """What :func:`study_signals` found.

    Parameters
    ----------
    name
        Of the pair.
    batch
        Its signals.
    outcomes
        Of the pairs that confidence was calibrated on.
    held_out, own
        Chances and outcomes of later stretches: of all pairs, and of this one; None where nothing was calibrated.
    report, plain, own_report
        How well they agree: of all pairs calibrated, of all by the fitted process alone, of this pair; None likewise,
        and ``own_report`` also where this pair has too few outcomes.
    calibration
        Fitted to all outcomes, for signals to come; None likewise.
    reason
        Why nothing was calibrated; else empty.
    high_confidence
        From which on a signal is acted on.
    """

    name: str
    batch: SignalBatch
    outcomes: Outcomes
    held_out: HeldOut | None
    own: HeldOut | None
    report: CalibrationReport | None
    plain: CalibrationReport | None
    own_report: CalibrationReport | None
    calibration: Calibration | None
    reason: str
    high_confidence: float

    @property
    def trades(self) -> pl.DataFrame:
        """Return the round trips of acting on high confidence; see :func:`act`."""
        return act(self, self.high_confidence)

    @property
    def result(self) -> MeanEstimate:
        """Return the mean of those round trips, basis points after all costs, with its lower bound."""
        return estimate_mean(self.trades["round_trip_bps"].to_numpy())


def study_signals(
    batch: SignalBatch, outcomes: Outcomes, name: str, *, folds: int = 3, high_confidence: float = 0.8
) -> SignalStudy:
    """Calibrate walking forward, and hold what was stated against what happened.

    Parameters
    ----------
    batch
        Signals of one pair.
    outcomes
        Of this pair and others, named.
    name
        Of the pair.
    folds
        Stretches of time that are judged by what was before.
    high_confidence
        From which on a signal is acted on.

    Raises
    ------
    BadInput
        The pair is not among those of the outcomes.
    """
    if name not in outcomes.names:
        raise BadInput(expected("pair", f"one of {', '.join(outcomes.names)}", repr(name)))
    held_out = own = report = plain = own_report = calibration = None
    reason = ""
    try:
        held_out = walk_forward(outcomes, calibration_folds(outcomes, folds))
        report, plain = held_out.report(), held_out.plain_report()
        calibration = Calibration.fit(outcomes, held_out=report)
        mine = held_out.outcomes.pair == outcomes.names.index(name)
        own = HeldOut(outcomes=held_out.outcomes.take(mine), confidence=held_out.confidence[mine])
        own_report = own.report() if len(own.outcomes) >= len(report.table) else None
    except BadInput as error:
        reason = str(error)
    return SignalStudy(
        name=name,
        batch=batch,
        outcomes=outcomes,
        held_out=held_out,
        own=own,
        report=report,
        plain=plain,
        own_report=own_report,
        calibration=calibration,
        reason=reason,
        high_confidence=high_confidence,
    )


def above_costs(batch: SignalBatch) -> tuple[int, float, float]:
    """Return how many times a net edge rose above its threshold, for what share of the time, and days watched.

    Both directions are counted. An edge holds until the next update, and no longer than a quote may be old. Times at
    which the target horizon is not ready or books are stale are not watched.
    """
    settings, at = batch.settings, batch.context_row[:, batch.settings.target]
    # A row of False at the end is what the place -1, no context yet, points at.
    ready = np.vstack([batch.contexts[settings.target].ready, np.zeros((1, 2), dtype=np.bool_)])[at]
    watched = (ready & ~np.isnan(batch.edge_bps)).any(axis=1)
    lasted = np.minimum(np.diff(batch.recv_ns, append=batch.recv_ns[-1:]), settings.max_age_ns)
    on = ready & (batch.edge_bps > np.array([settings.sell_a_bps, settings.sell_b_bps]))
    begun = int((on[1:] & ~on[:-1]).sum()) + int(on[:1].sum())
    total = int(lasted[watched].sum())
    return begun, float(lasted[on.any(axis=1)].sum()) / total if total else 0.0, total / NS_PER_DAY


def act(study: SignalStudy, least_confidence: float) -> pl.DataFrame:
    """Return the round trips of acting on every held-out signal of the pair, one at a time.

    In when the edge is stretched and above its threshold, what is hoped for is above zero (see
    :class:`~arbresearch.signals.outcomes.Outcomes`), and the confidence is at least ``least_confidence``; out, by the
    other direction, when the edge is back at the mean of the entry or the target horizon is over; then in again.

    Returns
    -------
    polars.DataFrame
        time_ns, direction, confidence, edge_bps (net, at the entry), held_s, reverted, round_trip_bps (both net edges).
    """
    names = ("time_ns", "direction", "edge_bps", "held_s", "reverted", "round_trip_bps")
    if study.own is None:
        kinds = (pl.Int64, pl.Int64, pl.Float64, pl.Float64, pl.Boolean, pl.Float64)
        return pl.DataFrame(schema=dict(zip(names, kinds, strict=True)) | {"confidence": pl.Float64})
    found, settings = study.own.outcomes, study.batch.settings
    enough = np.where(found.direction == 0, settings.sell_a_bps, settings.sell_b_bps)
    wanted = (found.edge_bps > enough) & (found.hoped_bps > 0.0) & (study.own.confidence >= least_confidence)
    wanted &= ~np.isnan(found.round_trip_bps)
    rows = _one_at_a_time(found.time_ns, found.held_s, wanted)
    columns = {name: getattr(found, name)[rows] for name in names}
    return pl.DataFrame(columns | {"confidence": study.own.confidence[rows]})


def calibrated_answer(report: CalibrationReport | None) -> Answer:
    """Return whether the calibration error is within :data:`WANTED_ERROR`, as far as its interval tells."""
    if report is None or np.isnan(report.ece_upper):
        return "not enough data"
    if report.ece_upper <= WANTED_ERROR:
        return "yes"
    return "no" if report.ece_lower > WANTED_ERROR else "not enough data"


def pays_answer(study: SignalStudy) -> Answer:
    """Return whether acting on high confidence paid: a lower bound above zero, a mean of zero or less, or neither."""
    result = study.result
    if result.lower_bound > 0.0:
        return "yes"
    nothing = not above_costs(study.batch)[0]
    return "no" if result.mean <= 0.0 or nothing else "not enough data"


def standard_error(values: Floats, time_ns: Times, horizon_ns: int) -> float:
    """Return the standard error of a mean whose values depend on each other within blocks of four target horizons.

    Of the ratio of block sums to block counts (Cochran 1977, section 6.3); NaN with fewer than eight blocks.
    """
    block = time_blocks(time_ns, horizon_ns)
    blocks = int(block.max(initial=-1)) + 1
    if blocks < LEAST_BLOCKS:
        return float("nan")
    rest = np.bincount(block, values - values.mean(), blocks)
    return float(np.sqrt((rest**2).sum() * blocks / (blocks - 1.0)) / values.size)


def _one_at_a_time(time_ns: Times, held_s: Floats, wanted: Bools) -> Times:
    rows, free_ns = [], -1
    for row in np.flatnonzero(wanted):
        if time_ns[row] >= free_ns:
            rows.append(row)
            free_ns = int(time_ns[row]) + round(held_s[row] * NS_PER_SECOND)
    return np.array(rows, dtype=np.int64)
