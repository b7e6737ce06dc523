"""At which lags, horizons and steps the history of one pair is measured."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite

import numpy as np

from arbresearch.core import NS_PER_DAY, NS_PER_SECOND, ParameterError, expected
from arbresearch.edges.arrays import Times

__all__ = ["MetricsSettings"]


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricsSettings:
    """What :func:`arbresearch.discovery.metrics.historical_metrics` measures.

    Parameters
    ----------
    entry_bps
        Net edge above which net episodes are counted; gross ones are those above 0.
    max_age_s
        A book last updated longer ago has no edge and no price, seconds.
    min_gap_s
        Two episodes closer than this are one, seconds.
    latencies_s
        Delays at which survival is given, seconds, increasing.
    lags_s
        Lags above zero, seconds, increasing; each is taken to both sides, and nought beside.
    horizons_s
        Horizons at which volatilities and the correlation of sampled changes are compared, seconds, increasing.
    volatility_horizon_s
        The one of them whose ratio is the pair's own.
    step_s
        Step of the grid on which price discovery and the spread are sampled, seconds; data that come on a coarser
        grid have that one's.
    most_samples
        Of the spread: over a longer time its step is a multiple of ``step_s``.
    confidence
        Of all intervals, two-sided.

    Raises
    ------
    ParameterError
        A value out of its range.
    """

    entry_bps: float = 5.0
    max_age_s: float = 60.0
    min_gap_s: float = 0.0
    latencies_s: tuple[float, ...] = (0.0, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0)
    lags_s: tuple[float, ...] = (0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0)
    horizons_s: tuple[float, ...] = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0)
    volatility_horizon_s: float = 60.0
    step_s: float = 1.0
    most_samples: int = 500_000
    confidence: float = 0.95

    def __post_init__(self) -> None:
        """Refuse what cannot be measured."""
        for name, least in (("latencies_s", 0.0), ("lags_s", 1e-6), ("horizons_s", 1e-3)):
            values = list(getattr(self, name))
            if not values or values != sorted(set(values)) or not least <= values[0] <= values[-1] <= 86_400.0:
                raise ParameterError(expected(name, f"increasing seconds from {least:g} to 86400", values))
        if self.volatility_horizon_s not in self.horizons_s:
            want = f"one of horizons_s, {list(self.horizons_s)}"
            raise ParameterError(expected("volatility_horizon_s", want, self.volatility_horizon_s))
        if not isfinite(self.entry_bps):
            raise ParameterError(expected("entry_bps", "basis points", self.entry_bps))
        for name, least, most in (
            ("max_age_s", 1e-3, 86_400.0),
            ("min_gap_s", 0.0, 86_400.0),
            ("step_s", 1e-2, 3_600.0),
        ):
            if not least <= getattr(self, name) <= most:
                raise ParameterError(expected(name, f"seconds from {least:g} to {most:g}", getattr(self, name)))
        if NS_PER_DAY % self.step_ns:
            raise ParameterError(expected("step_s", "seconds that divide a day, such as 1", self.step_s))
        if self.most_samples < 1_000:
            raise ParameterError(expected("most_samples", "a thousand or more", self.most_samples))
        if not 0.0 < self.confidence < 1.0:
            raise ParameterError(expected("confidence", "a number between 0 and 1, such as 0.95", self.confidence))

    @property
    def lags_ns(self) -> Times:
        """Return the lags to both sides and nought, nanoseconds, increasing."""
        ahead = np.array([_ns(one) for one in self.lags_s], dtype=np.int64)
        return np.concatenate((-ahead[::-1], [0], ahead))

    @property
    def spacing_ns(self) -> int:
        """Return the spacing to which changes of price are thinned: half of the shortest lag and horizon."""
        return _ns(min(self.lags_s[0], self.horizons_s[0])) // 2

    @property
    def step_ns(self) -> int:
        """Return the step of the grid, nanoseconds."""
        return _ns(self.step_s)

    @property
    def max_age_ns(self) -> int:
        """Return the limit of age, nanoseconds."""
        return _ns(self.max_age_s)


def _ns(seconds: float) -> int:
    return round(seconds * NS_PER_SECOND)
