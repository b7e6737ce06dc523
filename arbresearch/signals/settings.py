"""What the signal of one pair of venues depends on, and the quotes it is given."""

from __future__ import annotations

from dataclasses import dataclass, fields
from math import isfinite
from typing import Any, Final, Literal, NamedTuple

from arbresearch.core import NS_PER_SECOND, BadInput, FeeCurrency, FeeSchedule, expected

__all__ = ["CELLS", "MOST_HORIZONS", "SAMPLES", "SignalSettings", "VenueQuote"]

SAMPLES: Final = 120
"""A horizon is looked at through as many samples, at equal distances."""
CELLS: Final = 12
"""And its trend through the means of as many cells of ten samples."""
MOST_HORIZONS: Final = 8

_LONGEST_S: Final = 366 * 86_400


class VenueQuote(NamedTuple):
    """Best bid and ask of one of the two venues, as they were received.

    ``recv_ns`` is nanoseconds UTC in our clock; prices quote per base, sizes base coin; NaN marks an empty side.
    """

    venue: Literal["a", "b"]
    recv_ns: int
    bid: float
    bid_size: float
    ask: float
    ask_size: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalSettings:
    """What the signal of one pair of venues depends on.

    Parameters
    ----------
    fees_a, fees_b
        Of the account on the two venues; both legs take.
    horizons_s
        Seconds, rising, up to eight; each must divide into 120 samples a whole number of nanoseconds apart.
    target_horizon_s
        One of them: the one by which a signal is to have reverted.
    sell_a_bps, sell_b_bps
        What the net edge of selling on A and of selling on B must exceed to signal, basis points.
    min_confidence
        What the confidence must reach to signal, in [0, 1].
    max_age_s
        A quote received longer ago is no quote.
    max_skew_s
        Quotes of the two venues received further apart make no edge.

    Raises
    ------
    BadInput
        A number that is not finite or out of its range, horizons that do not rise or cannot be divided.
    """

    fees_a: FeeSchedule
    fees_b: FeeSchedule
    horizons_s: tuple[float, ...] = (60, 300, 900, 3600)
    target_horizon_s: float = 900
    sell_a_bps: float = 5.0
    sell_b_bps: float = 5.0
    min_confidence: float = 0.0
    max_age_s: float = 60.0
    max_skew_s: float = 60.0

    def __post_init__(self) -> None:
        """Refuse what cannot be meant."""
        object.__setattr__(self, "horizons_s", tuple(self.horizons_s))
        if not 1 <= len(self.horizons_s) <= MOST_HORIZONS:
            want = f"1 to {MOST_HORIZONS} horizons"
            raise BadInput(expected("horizons_s", want, len(self.horizons_s)))
        for horizon in self.horizons_s:
            if not 0.0 < horizon <= _LONGEST_S:
                raise BadInput(expected("horizons_s", f"seconds above 0, up to {_LONGEST_S}", horizon))
            if horizon * NS_PER_SECOND % SAMPLES:
                todo = f"take multiples of {SAMPLES} ns, such as whole tenths of a minute"
                raise BadInput(expected("horizons_s", f"what divides into {SAMPLES} whole nanoseconds", horizon, todo))
        if any(b <= a for a, b in zip(self.horizons_s, self.horizons_s[1:], strict=False)):
            raise BadInput(expected("horizons_s", "rising numbers of seconds", self.horizons_s))
        if self.target_horizon_s not in self.horizons_s:
            raise BadInput(expected("target_horizon_s", f"one of {self.horizons_s}", self.target_horizon_s))
        for name in ("sell_a_bps", "sell_b_bps"):
            if not isfinite(getattr(self, name)):
                raise BadInput(expected(name, "a finite number of basis points", getattr(self, name)))
        if not 0.0 <= self.min_confidence <= 1.0:
            raise BadInput(expected("min_confidence", "a number from 0 to 1", self.min_confidence))
        for name in ("max_age_s", "max_skew_s"):
            if not 0.0 <= getattr(self, name) <= _LONGEST_S:
                raise BadInput(expected(name, f"seconds from 0 to {_LONGEST_S}", getattr(self, name)))

    @property
    def horizons_ns(self) -> tuple[int, ...]:
        """Return the horizons in nanoseconds."""
        return tuple(round(one * NS_PER_SECOND) for one in self.horizons_s)

    @property
    def target(self) -> int:
        """Return which of the horizons is the target, from 0."""
        return self.horizons_s.index(self.target_horizon_s)

    @property
    def target_ns(self) -> int:
        """Return the target horizon in nanoseconds."""
        return self.horizons_ns[self.target]

    @property
    def max_age_ns(self) -> int:
        """Return the longest age of a quote in nanoseconds."""
        return round(self.max_age_s * NS_PER_SECOND)

    @property
    def max_skew_ns(self) -> int:
        """Return how far apart two quotes may be received, in nanoseconds."""
        return round(self.max_skew_s * NS_PER_SECOND)

    @property
    def sampling(self) -> dict[str, Any]:
        """Return what samples and contexts depend on, as JSON types; thresholds and the target are not part of it."""
        return {
            "taker_fees": [self.fees_a.taker, self.fees_b.taker],
            "horizons_ns": list(self.horizons_ns),
            "max_age_ns": self.max_age_ns,
            "max_skew_ns": self.max_skew_ns,
        }

    def as_dict(self) -> dict[str, Any]:
        """Return the settings as JSON types."""
        values = {one.name: getattr(self, one.name) for one in fields(self)}
        for name in ("fees_a", "fees_b"):
            fees = values[name]
            values[name] = {one.name: getattr(fees, one.name) for one in fields(fees)}
            values[name]["paid_in"] = fees.paid_in.value
        return values | {"horizons_s": list(self.horizons_s)}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> SignalSettings:
        """Build settings from what :meth:`as_dict` returns.

        Raises
        ------
        BadInput
            An unknown or missing name, or what the constructor refuses.
        """
        try:
            fees = {name: dict(values[name]) for name in ("fees_a", "fees_b")}
            schedules = {
                name: FeeSchedule(**(one | {"paid_in": FeeCurrency(one.get("paid_in", FeeCurrency.QUOTE))}))
                for name, one in fees.items()
            }
            return cls(**(values | schedules))
        except (KeyError, TypeError, ValueError) as error:
            names = ", ".join(one.name for one in fields(cls))
            raise BadInput(expected("signal settings", names, repr(error))) from None
