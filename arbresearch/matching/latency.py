"""How long messages take: constant or measured delays, of four legs a venue.

All times are in the receive clock, the one that compares across venues. A row stamped ``recv_ns`` shows what the
venue's book was one feed delay earlier. An order sent at ``t`` therefore reaches the venue at ``t + entry`` and
meets the book that is seen, in the receive clock, at ``t + entry + feed``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import blake2b
from operator import index
from typing import Self

import numpy as np
import numpy.typing as npt

from arbresearch.core import NS_PER_HOUR, BadInput, check_venue, expected
from arbresearch.edges.arrays import Times
from arbresearch.matching.latency_kernels import delay_of, delays_of

__all__ = ["ConstantLatency", "Latency", "Leg", "MeasuredLatency", "VenueLatency"]

_LONGEST_NS = NS_PER_HOUR


class Leg(StrEnum):
    """Which message is under way."""

    FEED = "feed"
    """From the venue's book to us: a quote or a public trade."""
    ENTRY = "entry"
    """A new order from us to the venue's matching."""
    ACKNOWLEDGEMENT = "acknowledgement"
    """From matching back to us: accepted, filled, refused or cancelled."""
    CANCEL = "cancel"
    """A cancel from us to the venue's matching."""


@dataclass(frozen=True, slots=True)
class ConstantLatency:
    """The same delay always.

    Parameters
    ----------
    delay_ns
        Nanoseconds, zero to an hour.

    Raises
    ------
    BadInput
        A delay that is no whole number, negative, or longer than an hour.
    """

    delay_ns: int

    def __post_init__(self) -> None:
        """Refuse what is no delay."""
        object.__setattr__(self, "delay_ns", _delay(self.delay_ns))

    @property
    def sample(self) -> Times:
        """Return the delays to draw from, ns, shape (1,)."""
        return np.array([self.delay_ns], dtype=np.int64)

    @property
    def mean_ns(self) -> float:
        """Return the mean delay."""
        return float(self.delay_ns)

    def quantile_ns(self, probability: float) -> float:
        """Return the delay; ``BadInput`` for a probability outside 0 to 1."""
        _check_probability(probability)
        return float(self.delay_ns)


@dataclass(frozen=True, slots=True)
class MeasuredLatency:
    """An empirical distribution of delays; each order draws one of them.

    Parameters
    ----------
    delays_ns
        One or more delays in nanoseconds, zero to an hour each; kept in rising order, so models of the same delays are
        equal.

    Raises
    ------
    BadInput
        No delay, or one that is no whole number, negative, or longer than an hour.
    """

    delays_ns: tuple[int, ...]
    _sample: Times = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Sort, refuse what is no delay, and keep the array that kernels draw from."""
        ordered = tuple(sorted(_delay(one) for one in self.delays_ns))
        if not ordered:
            raise BadInput(expected("delays_ns", "at least one measured delay", "none"))
        sample = np.array(ordered, dtype=np.int64)
        sample.setflags(write=False)
        object.__setattr__(self, "delays_ns", ordered)
        object.__setattr__(self, "_sample", sample)

    @property
    def sample(self) -> Times:
        """Return the delays to draw from, ns, rising, read-only."""
        return self._sample

    @property
    def mean_ns(self) -> float:
        """Return the mean of the delays."""
        return float(self._sample.mean())

    def quantile_ns(self, probability: float) -> float:
        """Return the quantile of the delays, linear between them; ``BadInput`` for a probability outside 0 to 1."""
        _check_probability(probability)
        return float(np.quantile(self._sample, probability))


Latency = ConstantLatency | MeasuredLatency
"""A model of one leg's delay."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueLatency:
    """The delays of one venue.

    Each order draws its delays by its number: the same seed, venue, leg and number give the same delay whatever other
    orders do. Draws are independent, so of two orders the later may overtake the earlier one.

    Parameters
    ----------
    venue
        ccxt id; venues draw apart from each other under the same seed.
    feed, entry, acknowledgement, cancel
        Models of the four legs (see :class:`Leg`).
    seed
        Of the draws, zero or more.

    Raises
    ------
    BadInput
        A venue that is no ccxt id, a leg that is no model, or a negative seed.
    """

    venue: str
    feed: Latency
    entry: Latency
    acknowledgement: Latency
    cancel: Latency
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse what is no venue, no model or no seed."""
        check_venue(self.venue)
        for leg in Leg:
            model = getattr(self, leg.value)
            if not isinstance(model, Latency):
                raise BadInput(
                    expected(f"{self.venue} {leg.value}", "a ConstantLatency or MeasuredLatency", repr(model))
                )
        if not isinstance(self.seed, int) or isinstance(self.seed, bool) or self.seed < 0:
            raise BadInput(expected("seed", "a whole number of zero or more", repr(self.seed)))

    @classmethod
    def constant(
        cls, venue: str, *, feed_ns: int = 0, entry_ns: int = 0, acknowledgement_ns: int = 0, cancel_ns: int = 0
    ) -> Self:
        """Build constant delays, in nanoseconds."""
        return cls(
            venue=venue,
            feed=ConstantLatency(feed_ns),
            entry=ConstantLatency(entry_ns),
            acknowledgement=ConstantLatency(acknowledgement_ns),
            cancel=ConstantLatency(cancel_ns),
        )

    @classmethod
    def from_feed(cls, venue: str, feed: Latency, *, processing_ns: int = 0, seed: int = 0) -> Self:
        """Assume that messages to the venue, and answers, take as long as quotes from it.

        Parameters
        ----------
        venue
            ccxt id.
        feed
            Of the quote feed, such as :func:`~arbresearch.matching.fit_latency` finds it.
        processing_ns
            Of deciding and signing on our side and of the venue's order entry; added to orders and cancels.
        seed
            Of the draws.
        """
        extra = _delay(processing_ns)
        sending: Latency
        if isinstance(feed, ConstantLatency):
            sending = ConstantLatency(feed.delay_ns + extra)
        else:
            sending = MeasuredLatency(tuple(one + extra for one in feed.delays_ns))
        return cls(venue=venue, feed=feed, entry=sending, acknowledgement=feed, cancel=sending, seed=seed)

    def model(self, leg: Leg) -> Latency:
        """Return the model of a leg."""
        model: Latency = getattr(self, leg.value)
        return model

    def key(self, leg: Leg) -> int:
        """Return the number that names the leg's draws to :func:`~arbresearch.matching.delay_of`, below ``2**64``."""
        text = f"{self.seed} {self.venue} {leg.value}"
        return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big")

    def delay_ns(self, leg: Leg, number: int) -> int:
        """Return the delay of a leg for an order by its number."""
        return int(delay_of(self.model(leg).sample, np.uint64(self.key(leg)), _number(number)))

    def delays_ns(self, leg: Leg, numbers: Iterable[int] | npt.NDArray[np.int64]) -> Times:
        """Return the delays of a leg for many orders, shape (numbers,)."""
        wanted = np.asarray(numbers if isinstance(numbers, np.ndarray) else list(numbers), dtype=np.int64)
        if wanted.ndim != 1 or (wanted.size and int(wanted.min()) < 0):
            raise BadInput(expected("order numbers", "a row of whole numbers of zero or more", numbers))
        drawn: Times = delays_of(self.model(leg).sample, np.uint64(self.key(leg)), wanted)
        return drawn

    def seen_ns(self, event_ns: int, number: int) -> int:
        """Return when we see what the venue's book was at ``event_ns`` (in our clock)."""
        return event_ns + self.delay_ns(Leg.FEED, number)

    def arrival_ns(self, sent_ns: int, number: int) -> int:
        """Return when an order reaches the venue, in our clock."""
        return sent_ns + self.delay_ns(Leg.ENTRY, number)

    def meets_ns(self, sent_ns: int, number: int) -> int:
        """Return the receive time up to which rows are in force when an order sent at ``sent_ns`` arrives."""
        return self.seen_ns(self.arrival_ns(sent_ns, number), number)

    def known_ns(self, done_ns: int, number: int) -> int:
        """Return when we hear of what matching did at ``done_ns`` (in our clock)."""
        return done_ns + self.delay_ns(Leg.ACKNOWLEDGEMENT, number)

    def cancel_arrival_ns(self, sent_ns: int, cancelled_ns: int, number: int) -> int:
        """Return when a cancel takes effect: on its arrival, and not before the order it cancels arrived.

        Parameters
        ----------
        sent_ns, cancelled_ns
            When the order and its cancel were sent.
        number
            Of the order.
        """
        return max(cancelled_ns + self.delay_ns(Leg.CANCEL, number), self.arrival_ns(sent_ns, number))


def _delay(value: int) -> int:
    try:
        delay = -1 if isinstance(value, bool) else index(value)
    except TypeError:
        delay = -1
    if not 0 <= delay <= _LONGEST_NS:
        raise BadInput(expected("delay", "whole nanoseconds from zero to an hour", repr(value)))
    return delay


def _number(value: int) -> int:
    if value < 0:
        raise BadInput(expected("order number", "zero or more", value))
    return value


def _check_probability(value: float) -> None:
    if not 0.0 <= value <= 1.0:
        raise BadInput(expected("probability", "a number from 0 to 1", value))
