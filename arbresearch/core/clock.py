"""Clocks: wall time for stamps, monotonic time for waiting, and one that tests turn by hand."""

from __future__ import annotations

import time
from typing import Protocol

from arbresearch.core.errors import BadInput, expected

__all__ = ["Clock", "ManualClock", "SystemClock"]


class Clock(Protocol):
    """What anything that needs the time is given."""

    def now_ns(self) -> int:
        """Return wall time in nanoseconds since the epoch, UTC."""
        ...

    def monotonic_ns(self) -> int:
        """Return nanoseconds that never go back; only differences mean something."""
        ...


class SystemClock:
    """The machine's own clocks."""

    def now_ns(self) -> int:
        """Return wall time in nanoseconds since the epoch, UTC."""
        return time.time_ns()

    def monotonic_ns(self) -> int:
        """Return the monotonic clock in nanoseconds."""
        return time.monotonic_ns()


class ManualClock:
    """A clock that stands still until it is moved; for tests and for replay in virtual time."""

    def __init__(self, start_ns: int = 0) -> None:
        self._now_ns = start_ns

    def now_ns(self) -> int:
        """Return the time it was set to."""
        return self._now_ns

    def monotonic_ns(self) -> int:
        """Return the same time; it never goes back."""
        return self._now_ns

    def advance(self, nanoseconds: int) -> int:
        """Move forward and return the new time.

        Raises
        ------
        BadInput
            If asked to go back.
        """
        if nanoseconds < 0:
            raise BadInput(expected("clock step", "zero or more nanoseconds", nanoseconds))
        self._now_ns += nanoseconds
        return self._now_ns
