"""Whether thresholds are to be traded, and the sentence that says so."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from math import isnan
from typing import Literal

from arbresearch.thresholds.resample import Interval

__all__ = ["judge"]

Answer = Literal["trade", "no trade", "unclear"]


def judge(
    *,
    profit: Interval,
    lower_bound: float,
    overfitting: float,
    folds: int,
    reasons: Sequence[str],
    pairs: int,
) -> tuple[Answer, str]:
    """Return the answer and a sentence.

    Traded is what was kept out of sample with confidence: the one-sided lower bound of profit on capital is above
    zero, and over-fitting is less likely than not.

    Parameters
    ----------
    profit
        Out of sample, basis points a day with its interval.
    lower_bound
        One-sided, corrected for what was compared; NaN where there are too few blocks.
    overfitting
        Probability that the best in sample is in the lower half out of sample; NaN where it is not known.
    folds
        How many there were.
    reasons
        Of the folds in which nothing was traded.
    pairs
        Begun out of sample.
    """
    if len(reasons) == folds:
        why, _ = Counter(reasons).most_common(1)[0]
        return "no trade", f"No trade: {why}."
    kept = f"out of sample {profit.value:+.2f} bps a day on capital"
    if not pairs:
        return "no trade", "No trade: the thresholds chosen on earlier data were never reached on later data."
    if isnan(lower_bound):
        return "unclear", f"Unclear: {kept}, on too little data to bound it."
    known = f"{kept}, at least {lower_bound:+.2f} with confidence"
    if lower_bound > 0.0:
        if overfitting >= 0.5:
            told = f"the best setting of one half of the data is a bad one of the other in {overfitting:.0%} of cuts"
            return "unclear", f"Unclear: {known}, but {told}."
        return "trade", f"Trade: {known}."
    if profit.value > 0.0:
        return "no trade", f"No trade: {known}; it may be luck."
    return "no trade", f"No trade: {known}; what was chosen did not pay on later data."
