"""What every benchmark shares: a registry, figures, and paired timing."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

__all__ = ["BENCHES", "Figure", "bench", "median_s", "paired", "status_mib"]


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured number.

    ``want`` is the figure aimed at (None: none stated), ``baseline`` the same quantity of the thing compared
    with, in the same unit, and ``ratio`` the median over pairs of this against it.
    """

    area: str
    name: str
    value: float
    unit: str
    want: str | None = None
    baseline: float | None = None
    ratio: float | None = None


BENCHES: dict[str, list[Callable[[], Iterable[Figure]]]] = {}


def bench(area: str) -> Callable[[Callable[[], Iterable[Figure]]], Callable[[], Iterable[Figure]]]:
    """Register a benchmark under an area; it yields figures."""

    def register(function: Callable[[], Iterable[Figure]]) -> Callable[[], Iterable[Figure]]:
        BENCHES.setdefault(area, []).append(function)
        return function

    return register


def _seconds(function: Callable[[], object], clock: Callable[[], float] = time.perf_counter) -> float:
    gc.collect()
    gc.disable()
    start = clock()
    function()
    elapsed = clock() - start
    gc.enable()
    return elapsed


def median_s(function: Callable[[], object], rounds: int = 5) -> float:
    """Return the median seconds of a call after one warm-up."""
    function()
    return statistics.median(_seconds(function) for _ in range(rounds))


def paired(
    ours: Callable[[], object],
    theirs: Callable[[], object],
    rounds: int = 5,
    clock: Callable[[], float] = time.perf_counter,
) -> tuple[float, float, float]:
    """Time two calls in turn; return the median seconds of each and the median of theirs over ours.

    With ``time.process_time`` as the clock it is what they use of the processors, for rates a core.
    """
    ours()
    theirs()
    pairs = [(_seconds(ours, clock), _seconds(theirs, clock)) for _ in range(rounds)]
    return (
        statistics.median(one for one, _ in pairs),
        statistics.median(other for _, other in pairs),
        statistics.median(other / one for one, other in pairs),
    )


def status_mib(field: str) -> float:
    """Return a field of this process's memory (``VmRSS`` now, ``VmHWM`` the peak), MiB; Linux only.

    Not ``ru_maxrss``, which a process inherits from the one that started it.
    """
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(field)).split()[1]) / 1024
