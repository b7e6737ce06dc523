"""What a signal says at one update."""

from __future__ import annotations

from dataclasses import dataclass
from math import nan
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from arbresearch.signals.layout import NUMBERS
from arbresearch.signals.modes import AB, BA, Mode
from arbresearch.signals.settings import SignalSettings

__all__ = ["EnhancedArbitrageSignal", "HorizonSignal"]

_NAMES: Final = ("sell on A", "sell on B")


@dataclass(frozen=True, slots=True, kw_only=True)
class HorizonSignal:
    """What one horizon says of one direction. Before it is ready every number is NaN.

    Parameters
    ----------
    horizon_s, direction
        Seconds; :data:`~arbresearch.signals.AB` or :data:`~arbresearch.signals.BA`.
    ready
        Whether the window lay after the first sample, and half of its samples were known, when its last cell (a
        twelfth of the horizon) completed.
    percentile
        Mid-rank of the edge among the samples, in [0, 1].
    z_score
        Standard deviations of the samples above their mean; NaN where all samples are the same.
    reversion_probability
        That the edge comes down to ``theta`` within the horizon; 1 where it is not above. NaN where nothing reverts.
    context_ns
        End of the last completed cell, nanoseconds UTC, from whose window all that follows is; 0: none yet.
    mean, sd
        Of the samples, basis points.
    slope_bps_per_hour, trend_t
        Theil-Sen slope through the means of twelve cells, and its t-value.
    variance_ratio
        Of increments over ten samples against ten times that of one; below 1 for what reverts, 1 for a random walk.
    phi
        Autocorrelation from one sample to the next.
    kappa, theta, stationary_sd, half_life_s
        Speed of reversion, one a second; level reverted to and standard deviation about it, basis points; seconds.
        NaN where nothing reverts: phi is not between 0 and 1, or theta would lie beyond all samples, as in a trend.
    """

    horizon_s: float
    direction: int
    ready: bool
    percentile: float
    z_score: float
    reversion_probability: float
    context_ns: int
    mean: float
    sd: float
    slope_bps_per_hour: float
    trend_t: float
    variance_ratio: float
    phi: float
    kappa: float
    theta: float
    stationary_sd: float
    half_life_s: float

    @property
    def note(self) -> str:
        """Return why a number is missing; empty where none is."""
        if not self.ready:
            return "too little data: a full window has not passed yet, or less than half of its samples are known"
        if self.sd == 0.0:
            return "the edge is constant: no z-score and no reversion"
        if self.kappa != self.kappa:
            if 0.0 < self.phi < 1.0:
                return "no reversion: a trend, whose level to revert to would lie beyond all samples"
            return f"no reversion: phi is {self.phi:.6g}, not between 0 and 1"
        return "" if self.z_score == self.z_score else "the edge is not known now: stale books or an empty side"


class EnhancedArbitrageSignal:
    """What the signal says at one update: read-only, taken from a copy of its record when asked for.

    The primary direction is the one with the larger net edge, selling on A where both are equal.
    """

    __slots__ = ("_bytes", "_settings")

    def __init__(self, record: bytes, settings: SignalSettings) -> None:
        self._bytes = record
        self._settings = settings

    def __eq__(self, other: object) -> bool:
        """Return whether both say the same, to the last bit."""
        if not isinstance(other, EnhancedArbitrageSignal):
            return NotImplemented
        return self._bytes == other._bytes and self._settings == other._settings

    def __hash__(self) -> int:
        """Return a hash of what it says."""
        return hash(self._bytes)

    def __repr__(self) -> str:
        """Return signal, edges and confidence."""
        ab, ba = self.edge_bps
        return (
            f"EnhancedArbitrageSignal({self.primary_signal.name} at {self.time_ns}, edges {ab:.2f} and {ba:.2f} bps, "
            f"percentile {self.spread_percentile:.3f}, confidence {self.confidence_score:.3f})"
        )

    @property
    def _numbers(self) -> npt.NDArray[Any]:
        return np.frombuffer(self._bytes, dtype=NUMBERS)

    def _primary(self, field: str) -> float:
        row, direction = self._numbers[0], self.direction
        return float(row[field][direction, self._settings.target]) if direction >= 0 else nan

    @property
    def time_ns(self) -> int:
        """Return when the quote was received, nanoseconds UTC."""
        return int(self._numbers["time_ns"][0])

    @property
    def primary_signal(self) -> Mode:
        """Return the taker mode of the primary direction where it is to be taken, HOLD otherwise.

        It is where the net edge exceeds its threshold, the target horizon is ready and the confidence is known and
        not below its minimum.
        """
        return Mode(int(self._numbers["primary_signal"][0]))

    @property
    def direction(self) -> int:
        """Return the primary direction, :data:`~arbresearch.signals.AB` or ``BA``; -1 where there is no edge."""
        return int(self._numbers["direction"][0])

    @property
    def edge_bps(self) -> tuple[float, float]:
        """Return the net edges of selling on A and on B, basis points; NaN where books are stale or one-sided."""
        ab, ba = self._numbers["edge_bps"][0]
        return float(ab), float(ba)

    @property
    def ready(self) -> bool:
        """Return whether the target horizon is ready in the primary direction."""
        direction = self.direction
        return direction >= 0 and bool(self._numbers["context"]["ready"][0, direction, self._settings.target])

    @property
    def spread_percentile(self) -> float:
        """Return the percentile of the edge in the target horizon, in [0, 1]; NaN before it is ready."""
        return self._primary("percentile")

    @property
    def trend_strength(self) -> float:
        """Return the t-value of the trend in the target horizon; NaN before it is ready."""
        row, direction = self._numbers[0], self.direction
        return float(row["context"]["trend_t"][direction, self._settings.target]) if direction >= 0 else nan

    @property
    def mean_reversion_probability(self) -> float:
        """Return the chance, by the fitted process, to come down to the mean within the target horizon; NaN: none."""
        return self._primary("reversion_probability")

    @property
    def confidence_score(self) -> float:
        """Return the confidence of the primary direction, in [0, 1]; NaN before it is ready.

        Calibrated where the signal has a calibration; otherwise the chance of reversion itself.
        """
        direction = self.direction
        return float(self._numbers["confidence"][0, direction]) if direction >= 0 else nan

    @property
    def calibrated(self) -> bool:
        """Return whether the confidence is that of a calibration."""
        return bool(self._numbers["calibrated"][0])

    @property
    def horizons(self) -> tuple[tuple[HorizonSignal, HorizonSignal], ...]:
        """Return all numbers, by horizon in rising order and by direction, AB first."""
        places = range(len(self._settings.horizons_s))
        return tuple((self._horizon(place, AB), self._horizon(place, BA)) for place in places)

    @property
    def notes(self) -> tuple[str, ...]:
        """Return what is missing and why, one line a horizon and direction; empty where nothing is."""
        return tuple(
            f"{one.horizon_s:g} s, {_NAMES[one.direction]}: {one.note}"
            for both in self.horizons
            for one in both
            if one.note
        )

    def _horizon(self, place: int, direction: int) -> HorizonSignal:
        row = self._numbers[0]
        context = row["context"][direction, place]
        names = (name for name in _OF_CONTEXT if name != "ready")
        return HorizonSignal(
            horizon_s=self._settings.horizons_s[place],
            direction=direction,
            ready=bool(context["ready"]),
            percentile=float(row["percentile"][direction, place]),
            z_score=float(row["z_score"][direction, place]),
            reversion_probability=float(row["reversion_probability"][direction, place]),
            context_ns=int(row["context_ns"][place]),
            **{name: float(context[name]) for name in names},
        )


_OF_CONTEXT: Final = tuple(name for name in (NUMBERS["context"].base.names or ()) if name in HorizonSignal.__slots__)
"""What a context and a :class:`HorizonSignal` both have."""
