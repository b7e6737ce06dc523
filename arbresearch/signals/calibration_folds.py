"""Walking forward in time: fitted on what was known, judged on what came later."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from arbresearch.core import NS_PER_SECOND, BadInput, expected, format_ns
from arbresearch.edges.arrays import Bools, Times
from arbresearch.signals.outcomes import Outcomes

__all__ = ["CalibrationFold", "calibration_folds", "check_folds", "separate_windows"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrationFold:
    """A stretch of time to fit on and a later one to judge on; starts included, ends not, nanoseconds UTC."""

    train_start_ns: int
    train_end_ns: int
    test_start_ns: int
    test_end_ns: int

    def train(self, outcomes: Outcomes) -> Bools:
        """Return which candidates were over before the end of what is fitted on."""
        purge_ns = round(outcomes.target_horizon_s * NS_PER_SECOND)
        return (outcomes.time_ns >= self.train_start_ns) & (outcomes.time_ns + purge_ns < self.train_end_ns)

    def test(self, outcomes: Outcomes) -> Bools:
        """Return which candidates began in what is judged on."""
        return (outcomes.time_ns >= self.test_start_ns) & (outcomes.time_ns < self.test_end_ns)


def calibration_folds(outcomes: Outcomes, count: int = 3) -> tuple[CalibrationFold, ...]:
    """Cut the time of outcomes into ``count + 1`` equal parts; each but the first is judged by all before it.

    Raises
    ------
    BadInput
        No outcome, or no fold.
    """
    if count < 1 or not len(outcomes):
        found = f"{count} folds of {len(outcomes):,} outcomes"
        raise BadInput(expected("folds", "one fold or more, and outcomes to put into them", found))
    first, last = int(outcomes.time_ns[0]), int(outcomes.time_ns[-1]) + 1
    bounds = [first + (last - first) * part // (count + 1) for part in range(count + 2)]
    return tuple(
        CalibrationFold(train_start_ns=first, train_end_ns=start, test_start_ns=start, test_end_ns=end)
        for start, end in pairwise(bounds[1:])
    )


def check_folds(folds: Sequence[CalibrationFold]) -> None:
    """Refuse folds that are judged on what they were fitted on, or on the same time twice.

    Raises
    ------
    BadInput
        None is given, one is empty, or two overlap.
    """
    if not folds:
        raise BadInput(expected("folds", "one or more", "none"))
    for place, one in enumerate(folds):
        name = f"fold {place}"
        if one.train_start_ns >= one.train_end_ns or one.test_start_ns >= one.test_end_ns:
            raise BadInput(expected(name, "stretches of time that end after they start", one))
        if one.test_start_ns < one.train_end_ns:
            want = f"judged from {format_ns(one.train_end_ns)} on, where its fit ends"
            todo = "the two overlap: begin later, or fit on less"
            raise BadInput(expected(name, want, f"judged from {format_ns(one.test_start_ns)} on", todo))
    for before, after in pairwise(folds):
        if after.test_start_ns < before.test_end_ns:
            want = f"folds in order of time, the next judged from {format_ns(before.test_end_ns)} on"
            raise BadInput(expected("folds", want, f"from {format_ns(after.test_start_ns)} on: they overlap"))


def separate_windows(outcomes: Outcomes) -> int:
    """Return in how many separate windows of the target horizon, by pair and direction, there is a candidate.

    Candidates of one window share most of what follows, so this is what counts as so many observations.
    """
    window: Times = outcomes.time_ns // round(outcomes.target_horizon_s * NS_PER_SECOND)
    keys = np.stack([outcomes.pair, outcomes.direction, window], axis=1)
    return len(np.unique(keys, axis=0))
