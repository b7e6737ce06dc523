"""Confidence that means what it says: of signals given p, about p reverted in time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final

import numpy as np

from arbresearch.core import NS_PER_SECOND, BadInput, Clock, ParameterError, SystemClock, expected
from arbresearch.edges.arrays import Bools, Floats
from arbresearch.signals.batch import SignalBatch
from arbresearch.signals.calibration_file import read_calibration, write_calibration
from arbresearch.signals.calibration_fit import fit_confidence
from arbresearch.signals.calibration_folds import (
    CalibrationFold,
    calibration_folds,
    check_folds,
    separate_windows,
)
from arbresearch.signals.calibration_report import CalibrationReport, judge_confidence
from arbresearch.signals.model import ConfidenceModel
from arbresearch.signals.outcomes import Outcomes, label_outcomes, pool_outcomes
from arbresearch.signals.settings import SignalSettings

__all__ = ["Calibration", "HeldOut", "outcomes_of", "walk_forward"]

LEAST_WINDOWS: Final = 40
"""Separate windows of the target horizon that a fit takes at least."""
L2: Final = 1e-3


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HeldOut:
    """Chances for outcomes that were later than all that they were fitted on.

    Parameters
    ----------
    outcomes
        Of the later stretches of all folds, in order of time.
    confidence : array, shape (n,)
        What was stated for each.
    """

    outcomes: Outcomes
    confidence: Floats

    def report(self) -> CalibrationReport:
        """Hold the chances against what happened."""
        return _judged(self.outcomes, self.confidence)

    def plain_report(self) -> CalibrationReport:
        """Do the same for the chance by the fitted process alone; one half where no process could be fitted."""
        return _judged(self.outcomes, np.where(np.isnan(self.outcomes.plain), 0.5, self.outcomes.plain))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Calibration:
    """A model of confidence with what it was fitted to, and how it did on later data.

    Parameters
    ----------
    model
        Features to chance.
    horizons_s, target_horizon_s, min_z, l2
        What it was fitted with; it fits signals of the same horizons.
    made_ns
        When, nanoseconds UTC.
    data_hash
        Of all outcomes and features that were used.
    start_ns, end_ns
        First and last candidate.
    pairs
        Names of the pairs.
    outcomes, base_rate
        How many, and the share that came back.
    held_out
        Figures of walking forward, see :meth:`CalibrationReport.as_dict`; empty where it was not done.
    """

    model: ConfidenceModel
    horizons_s: tuple[float, ...]
    target_horizon_s: float
    min_z: float
    l2: float
    made_ns: int
    data_hash: str
    start_ns: int
    end_ns: int
    pairs: tuple[str, ...]
    outcomes: int
    base_rate: float
    held_out: dict[str, Any]

    @classmethod
    def fit(
        cls,
        data: Outcomes | SignalBatch | Sequence[SignalBatch],
        *,
        l2: float = L2,
        folds: int = 3,
        held_out: CalibrationReport | None = None,
        clock: Clock | None = None,
    ) -> Calibration:
        """Fit to everything given, and say how the same recipe did when it walked forward.

        Parameters
        ----------
        data
            Outcomes, or batches of one pair or more with every row.
        l2
            Weight of squared weights beside the mean log loss, features standardised; above zero.
        folds
            Stretches of time that are judged by what was before; 0: none is, and ``held_out`` is empty.
        held_out
            What walking forward over the same outcomes said, where that was done already.
        clock
            For ``made_ns``; None: the machine's.

        Raises
        ------
        BadInput
            Too few outcomes, all of them alike, or batches of different settings.
        ParameterError
            ``l2`` is not above zero.
        """
        outcomes = outcomes_of(data)
        model = _fitted(outcomes, l2)
        if held_out is None and folds:
            held_out = walk_forward(outcomes, calibration_folds(outcomes, folds), l2=l2).report()
        return cls(
            model=model,
            horizons_s=outcomes.horizons_s,
            target_horizon_s=outcomes.target_horizon_s,
            min_z=outcomes.min_z,
            l2=l2,
            made_ns=(SystemClock() if clock is None else clock).now_ns(),
            data_hash=_hash_of(outcomes),
            start_ns=int(outcomes.time_ns[0]),
            end_ns=int(outcomes.time_ns[-1]),
            pairs=outcomes.names,
            outcomes=len(outcomes),
            base_rate=float(outcomes.reverted.mean()),
            held_out={} if held_out is None else held_out.as_dict(),
        )

    def predict(self, features: Floats) -> Floats:
        """Return the chance of features, shape (n, F) to (n,); the same number as a signal gives.

        Raises
        ------
        BadInput
            They are those of other horizons.
        """
        return self.model.predict(features)

    def evaluate(self, data: Outcomes | SignalBatch | Sequence[SignalBatch]) -> CalibrationReport:
        """Hold its chances against outcomes that it was not fitted to.

        Raises
        ------
        BadInput
            The outcomes are those of other horizons, or began before the last it was fitted to was known.
        """
        outcomes = outcomes_of(data)
        self._check(outcomes.horizons_s, outcomes.target_horizon_s)
        known_ns = self.end_ns + round(self.target_horizon_s * NS_PER_SECOND)
        if len(outcomes) and outcomes.time_ns[0] <= known_ns:
            todo = "fit it on an earlier stretch: what it was fitted to proves nothing"
            raise BadInput(expected("outcomes", f"such as began after {known_ns}", int(outcomes.time_ns[0]), todo))
        return _judged(outcomes, self.predict(outcomes.features))

    def check(self, settings: SignalSettings) -> None:
        """Refuse settings whose horizons are others than those that it was fitted with.

        Raises
        ------
        BadInput
            Naming both.
        """
        self._check(settings.horizons_s, settings.target_horizon_s)

    def save(self, path: Path | str) -> None:
        """Write it as a small JSON file, whole or not at all.

        Raises
        ------
        StoreError
            It cannot be written.
        """
        fields = {name: getattr(self, name) for name in self.__slots__ if name != "model"}
        write_calibration(Path(path), fields, self.model)

    @classmethod
    def load(cls, path: Path | str) -> Calibration:
        """Read what :meth:`save` wrote.

        Raises
        ------
        BadInput
            There is no such file, or it is of another version.
        StoreError
            It is damaged.
        """
        fields, model = read_calibration(Path(path))
        return cls(**fields, model=model)

    def _check(self, horizons_s: tuple[float, ...], target_horizon_s: float) -> None:
        own = (self.horizons_s, self.target_horizon_s)
        if own != (horizons_s, target_horizon_s):
            want, found = (f"{', '.join(f'{one:g}' for one in many)} s, target {target:g} s"
                           for many, target in (own, (horizons_s, target_horizon_s)))  # fmt: skip
            raise BadInput(expected("horizons", f"those of the calibration, {want}", found, "calibrate anew"))


def walk_forward(outcomes: Outcomes, folds: Sequence[CalibrationFold], *, l2: float = L2) -> HeldOut:
    """State the confidence of outcomes by fits on earlier ones alone.

    Raises
    ------
    BadInput
        Folds overlap, or a fold has too few outcomes, or only such as are alike, to fit on; none is left to judge.
    """
    check_folds(folds)
    rows, stated = [], []
    for fold in folds:
        later = np.flatnonzero(fold.test(outcomes))
        model = _fitted(outcomes.take(fold.train(outcomes)), l2)
        rows.append(later)
        stated.append(model.predict(outcomes.features[later]))
    chosen = np.concatenate(rows)
    if not chosen.size:
        raise BadInput(expected("folds", "outcomes to judge on", "none", "take more data or fewer folds"))
    return HeldOut(outcomes=outcomes.take(chosen), confidence=np.concatenate(stated))


def outcomes_of(data: Outcomes | SignalBatch | Sequence[SignalBatch]) -> Outcomes:
    """Return the outcomes of batches, pooled; outcomes as they are."""
    if isinstance(data, Outcomes):
        return data
    batches = [data] if isinstance(data, SignalBatch) else list(data)
    return pool_outcomes([label_outcomes(one) for one in batches])


def _fitted(outcomes: Outcomes, l2: float) -> ConfidenceModel:
    if not 0.0 < l2 < np.inf:
        raise ParameterError(expected("l2", "a number above zero", l2))
    windows = separate_windows(outcomes)
    if windows < LEAST_WINDOWS:
        horizon = f"{outcomes.target_horizon_s:g} s"
        want = f"outcomes in at least {LEAST_WINDOWS} separate windows of {horizon}"
        found = f"{len(outcomes):,} outcomes in {windows}"
        raise BadInput(expected("calibration", want, found, "take more data, more pairs or shorter horizons"))
    purge_ns = round(outcomes.target_horizon_s * NS_PER_SECOND)
    return fit_confidence(outcomes.features, outcomes.reverted, outcomes.time_ns, purge_ns, l2=l2)


def _judged(outcomes: Outcomes, confidence: Floats) -> CalibrationReport:
    horizon_ns = round(outcomes.target_horizon_s * NS_PER_SECOND)
    return judge_confidence(confidence, outcomes.reverted, outcomes.time_ns, horizon_ns)


def _hash_of(outcomes: Outcomes) -> str:
    digest = blake2b(digest_size=16)
    columns: tuple[Floats | Bools, ...] = (outcomes.features, outcomes.reverted)
    for values in (outcomes.time_ns, outcomes.direction, outcomes.pair, *columns):
        digest.update(np.ascontiguousarray(values).tobytes())
    return digest.hexdigest()
