"""Which depth messages of a Binance market may be applied to its book, and in what order.

Rules from "How to manage a local order book correctly", Binance developer documents for spot and for USD-M
futures (developers.binance.com, read November 2026):

* diffs are kept until a REST snapshot arrives; those that end at or before it are stale;
* spot: each diff applied has ``U <= last + 1 <= u``;
* futures: the first diff has ``pu <= last <= u``, each later one ``pu == last``. The document asks for
  ``U <= last`` of the first; a snapshot may also fall between two diffs, and then ``pu <= last < U`` shows
  that nothing is missing;
* anything else is a gap: the book is unknown until the next snapshot.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

__all__ = ["BEFORE_SNAPSHOT", "SEQUENCE_GAP", "DepthMessage", "DepthSequence", "Ruling"]

BEFORE_SNAPSHOT: Final = "before_snapshot"
SEQUENCE_GAP: Final = "sequence_gap"

_KEPT: Final = 4096
"""Diffs kept while waiting for a snapshot: minutes of the fastest stream."""


@dataclass(frozen=True, slots=True)
class DepthMessage:
    """One depth message: where it stood, when it came, which updates it holds and the levels it sets.

    Parameters
    ----------
    line, text
        Line number in the file, and the line.
    recv_ns, event_ns
        Receive time, and exchange time or None.
    first, final
        ``U`` and ``u``; both ``lastUpdateId`` of a snapshot.
    previous
        ``pu`` of a futures diff, None on spot.
    snapshot
        Whether it replaces the book.
    is_bid, prices, amounts
        Shape (changes,): finite prices above zero, amounts of zero or more.
    """

    line: int
    text: bytes
    recv_ns: int
    event_ns: int | None
    first: int
    final: int
    previous: int | None
    snapshot: bool
    is_bid: npt.NDArray[np.bool_]
    prices: npt.NDArray[np.float64]
    amounts: npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Ruling:
    """What to do after a message: apply some (in order), refuse some, skip some that change nothing.

    ``apply`` may hold older messages than the one ruled on: diffs that waited for their snapshot. The book is
    known at the moment of the message ruled on, after the last of them.
    """

    apply: tuple[DepthMessage, ...] = ()
    refuse: tuple[tuple[DepthMessage, str], ...] = ()
    skipped: int = 0


class DepthSequence:
    """The state of one market's depth stream: waiting for a snapshot, or in sequence."""

    __slots__ = ("_fresh", "_last", "_lost", "_waiting")

    def __init__(self) -> None:
        self._last: int | None = None
        self._fresh = False
        self._lost = BEFORE_SNAPSHOT
        self._waiting: deque[DepthMessage] = deque()

    @property
    def in_sequence(self) -> bool:
        """Return whether the book is known."""
        return self._last is not None

    def rule(self, message: DepthMessage) -> Ruling:
        """Decide on the next message of the file."""
        return self._on_snapshot(message) if message.snapshot else self._on_diff(message)

    def end(self) -> tuple[tuple[DepthMessage, str], ...]:
        """Return the diffs that waited for a snapshot which never came."""
        left = tuple((message, self._lost) for message in self._waiting)
        self._waiting.clear()
        return left

    def _on_snapshot(self, snapshot: DepthMessage) -> Ruling:
        if self.in_sequence and not self._fresh:
            return Ruling(skipped=1)
        self._last, self._fresh = snapshot.final, True
        apply: list[DepthMessage] = [snapshot]
        refuse: list[tuple[DepthMessage, str]] = []
        waiting, self._waiting = self._waiting, deque()
        for diff in waiting:
            verdict = self._verdict(diff)
            if verdict == "apply":
                apply.append(diff)
                self._last, self._fresh = diff.final, False
            elif verdict == "stale":
                refuse.append((diff, self._lost))
            else:
                refuse += [(message, SEQUENCE_GAP) for message in apply]
                apply.clear()
                self._drop()
                self._waiting.append(diff)
        return Ruling(tuple(apply), tuple(refuse))

    def _on_diff(self, diff: DepthMessage) -> Ruling:
        match self._verdict(diff):
            case "apply":
                self._last, self._fresh = diff.final, False
                return Ruling((diff,))
            case "stale":
                return Ruling(skipped=1)
            case "gap":
                self._drop()
        self._waiting.append(diff)
        if len(self._waiting) <= _KEPT:
            return Ruling()
        return Ruling(refuse=((self._waiting.popleft(), self._lost),))

    def _drop(self) -> None:
        self._last, self._lost = None, SEQUENCE_GAP

    def _verdict(self, diff: DepthMessage) -> str:
        last = self._last
        if last is None:
            return "unknown"
        if diff.previous is None:
            if diff.final <= last:
                return "stale"
            return "apply" if diff.first <= last + 1 else "gap"
        if diff.final < last or (diff.final == last and not self._fresh):
            return "stale"
        return "apply" if (diff.previous <= last if self._fresh else diff.previous == last) else "gap"
