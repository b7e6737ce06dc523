"""What goes wrong on a planted stream within a day: flickers, a bad print, frozen stretches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from arbresearch.sample.plan import Kind, StreamPlan
from arbresearch.sample.spec import SampleSpec
from arbresearch.sample.substreams import Purpose, substream

__all__ = ["FLICKERS_PER_DAY", "LAST_S", "Incidents", "plan_incidents"]

LAST_S: Final = 86_398.0
"""No book changes in the last two seconds of a day, so that whatever is received belongs to it."""

FLICKERS_PER_DAY: Final = 160
_EMPTY: Final = np.empty(0)


@dataclass(frozen=True, slots=True)
class Incidents:
    """Incidents of one stream and day, in seconds of the day.

    Parameters
    ----------
    from_s, until_s
        Start and end of each, shape (n,), increasing and apart.
    shift_bps
        By how much the book stands off during each; 0 for a frozen stretch, shape (n,).
    repeats
        Whether the frozen venue goes on sending its last book; otherwise it is silent.
    """

    from_s: NDArray[np.float64]
    until_s: NDArray[np.float64]
    shift_bps: NDArray[np.float64]
    repeats: bool = False


def plan_incidents(spec: SampleSpec, stream: StreamPlan, day: int) -> Incidents:
    """Return what happens to a stream on a day; empty for most."""
    rng = substream(spec.seed, Purpose.INCIDENTS, stream.coin, stream.venue, day)
    if stream.kind is Kind.FLICKER:
        slots = np.arange(FLICKERS_PER_DAY) * (LAST_S - 120.0) / FLICKERS_PER_DAY + 60.0
        start = slots + rng.uniform(0.0, 400.0, FLICKERS_PER_DAY)
        until = start + rng.uniform(0.010, 0.080, FLICKERS_PER_DAY)
        signs = np.where(rng.random(FLICKERS_PER_DAY) < 0.5, -1.0, 1.0)
        return Incidents(start, until, signs * rng.uniform(45.0, 80.0, FLICKERS_PER_DAY))
    if stream.kind is Kind.BAD_PRINT:
        if day != 0:
            return Incidents(_EMPTY, _EMPTY, _EMPTY)
        start = rng.uniform(7_200.0, 79_200.0, 1)
        sign = 1.0 if rng.random() < 0.5 else -1.0
        return Incidents(start, start + rng.uniform(1.0, 3.0, 1), sign * rng.uniform(300.0, 900.0, 1))
    if stream.kind is Kind.FROZEN:
        count = 5
        start = np.arange(count) * LAST_S / count + rng.uniform(600.0, 14_000.0, count)
        return Incidents(start, start + rng.uniform(900.0, 2_400.0, count), np.zeros(count), stream.variant % 2 == 1)
    return Incidents(_EMPTY, _EMPTY, _EMPTY)
