"""What to simulate: one frozen, validated object that names a whole market."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import Any, Final, Self

from arbresearch.core import MAX_NS, ParameterError, expected, parse_ns
from arbresearch.core.units import NS_PER_DAY
from arbresearch.sample.catalog import MAX_SYMBOLS, VENUES, coin_names

__all__ = ["GENERATOR_VERSION", "MIN_SYMBOLS", "SampleSpec"]

GENERATOR_VERSION: Final = 1
"""Raised whenever the same spec would give other data; part of the key that makes generation idempotent."""

MIN_SYMBOLS: Final = 12
_MAX_DAYS: Final = 3_650
_MIN_QUOTES, _MAX_QUOTES = 2_000, 2_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleSpec:
    """A simulated market, named completely by its values.

    Parameters
    ----------
    seed
        Any integer from 0; the same seed gives the same bytes.
    days
        Whole UTC days, 1 to 3,650. A longer span begins with exactly the days of a shorter one.
    symbols
        Number of spot coins, from 12 (every trap once); BTC, ETH and SOL are the first.
    venues
        At least two of the ids in :data:`arbresearch.sample.catalog.VENUES`, each once.
    start
        First day, ``YYYY-MM-DD``, UTC.
    quotes_per_day
        Expected quotes a stream (one venue, one symbol) and day, 2,000 to 2,000,000. Quiet and violent days
        differ from it; 60 symbols on 3 venues over 3 days come to about 6 million with the default.
    include_depth
        Whether ten-level books of a handful of symbols are made too.
    include_swaps
        Whether BTC, ETH and SOL have perpetuals with funding on the first and the last venue.

    Raises
    ------
    ParameterError
        If a value is out of its range.
    """

    seed: int = 7
    days: int = 3
    symbols: int = 60
    venues: tuple[str, ...] = ("mexc", "gate", "binance")
    start: str = "2025-01-06"
    quotes_per_day: int = 10_800
    include_depth: bool = True
    include_swaps: bool = True

    def __post_init__(self) -> None:
        """Refuse what cannot be simulated."""
        _whole("seed", self.seed, 0, 2**63 - 1)
        _whole("days", self.days, 1, _MAX_DAYS)
        _whole("symbols", self.symbols, MIN_SYMBOLS, MAX_SYMBOLS, "fewer cannot hold every trap, more have no names")
        _whole("quotes_per_day", self.quotes_per_day, _MIN_QUOTES, _MAX_QUOTES)
        for name in ("include_depth", "include_swaps"):
            if not isinstance(getattr(self, name), bool):
                raise ParameterError(expected(name, "true or false", repr(getattr(self, name))))
        object.__setattr__(self, "venues", _venues(self.venues))
        if not isinstance(self.start, str) or not re.fullmatch(r"\d{4}-\d{2}-\d{2}", self.start):
            raise ParameterError(expected("start", "a day such as 2025-01-06", repr(self.start)))
        if self.start_ns + (self.days + 1) * NS_PER_DAY >= MAX_NS:
            found = f"{self.days} days from {self.start}"
            raise ParameterError(expected("start", "a span that ends before 2100", found))

    @property
    def start_ns(self) -> int:
        """Return midnight of the first day, ns UTC."""
        return parse_ns(self.start)

    @property
    def coins(self) -> tuple[str, ...]:
        """Return the tickers, in the order of the symbols."""
        return coin_names(self.symbols)

    @property
    def key(self) -> str:
        """Return the text under which the store remembers that this market is already there."""
        flags = f"depth{int(self.include_depth)}-swaps{int(self.include_swaps)}"
        return (
            f"sample-v{GENERATOR_VERSION}-seed{self.seed}-{self.start}-{self.days}d-{self.symbols}x"
            f"{'+'.join(self.venues)}-{self.quotes_per_day}q-{flags}"
        )

    def day_ns(self, day: int) -> int:
        """Return midnight of a day, counted from 0, ns UTC; :class:`ParameterError` outside the span."""
        _whole("day", day, 0, self.days - 1)
        return self.start_ns + day * NS_PER_DAY

    def as_dict(self) -> dict[str, Any]:
        """Return the values as JSON primitives."""
        return {**asdict(self), "venues": list(self.venues)}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """Build a spec from :meth:`as_dict`; :class:`ParameterError` names what is unknown or missing."""
        names = set(cls.__dataclass_fields__)
        if set(values) != names:
            raise ParameterError(expected("sample spec", f"exactly {sorted(names)}", sorted(values)))
        return cls(**{**values, "venues": tuple(values["venues"])})


def _whole(name: str, value: object, low: int, high: int, todo: str = "") -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise ParameterError(expected(name, f"a whole number from {low:,} to {high:,}", repr(value), todo))


def _venues(venues: object) -> tuple[str, ...]:
    if isinstance(venues, str) or not isinstance(venues, tuple | list):
        raise ParameterError(expected("venues", "a list of venue ids such as mexc, gate", repr(venues)))
    for venue in venues:
        if venue not in VENUES:
            raise ParameterError(expected("venue", f"one of {', '.join(VENUES)}", repr(venue)))
    if len(set(venues)) != len(venues):
        raise ParameterError(expected("venues", "each once", ", ".join(venues)))
    if len(venues) < 2:
        raise ParameterError(expected("venues", "two or more", ", ".join(venues) or "none"))
    return tuple(venues)
