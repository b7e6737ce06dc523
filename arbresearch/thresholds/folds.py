"""Walk-forward folds: choose on what came before, judge on what came after, with nothing shared between the two."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, TypeAlias

from arbresearch.core import NS_PER_HOUR, BadInput, ParameterError, expected, format_ns
from arbresearch.edges.arrays import Bools, Times

__all__ = ["Fold", "FoldKind", "check_folds", "make_folds", "purge_of"]

FoldKind: TypeAlias = Literal["anchored", "rolling"]


@dataclass(frozen=True, slots=True)
class Fold:
    """A time to choose on and a later one to judge on, ends exclusive, nanoseconds UTC."""

    train_start_ns: int
    train_end_ns: int
    test_start_ns: int
    test_end_ns: int

    def train_blocks(self, block_start_ns: Times, block_ns: int) -> Bools:
        """Return which blocks lie wholly in the time to choose on; shape of ``block_start_ns``."""
        return (block_start_ns >= self.train_start_ns) & (block_start_ns + block_ns <= self.train_end_ns)

    def test_blocks(self, block_start_ns: Times, block_ns: int) -> Bools:
        """Return which blocks lie wholly in the time to judge on; shape of ``block_start_ns``."""
        return (block_start_ns >= self.test_start_ns) & (block_start_ns + block_ns <= self.test_end_ns)


def purge_of(max_hold_ns: int, transfer_ns: int = 0) -> int:
    """Return how much must lie between choosing and judging: the longest a position lasts, and its way back.

    Raises
    ------
    ParameterError
        A negative time.
    """
    for name, value in (("max_hold_ns", max_hold_ns), ("transfer_ns", transfer_ns)):
        if value < 0:
            raise ParameterError(expected(name, "nanoseconds, zero or more", value))
    return max_hold_ns + transfer_ns


def make_folds(
    start_ns: int,
    end_ns: int,
    train_ns: int,
    test_ns: int,
    purge_ns: int,
    kind: FoldKind = "rolling",
    *,
    step_ns: int | None = None,
) -> tuple[Fold, ...]:
    """Return all folds that fit into a time, one after the other.

    The first time to judge on starts ``train_ns + purge_ns`` after the start, each further one ``step_ns`` later. The
    time to choose on ends ``purge_ns`` before it, so that no position opened in the one is still open in the other;
    it is ``train_ns`` long (rolling) or reaches back to the start (anchored). What is left at the end and shorter than
    ``test_ns`` is not judged on.

    Parameters
    ----------
    start_ns, end_ns
        Of the data, end exclusive, UTC.
    train_ns, test_ns
        Lengths, above zero.
    purge_ns
        See :func:`purge_of`; zero or more, below ``train_ns``.
    kind
        ``rolling`` or ``anchored``.
    step_ns
        From one fold to the next; None: ``test_ns``, so that times to judge on follow each other without a gap.

    Raises
    ------
    ParameterError
        A length out of its range, another kind, a step under ``test_ns``: times to judge on would overlap and count
        twice.
    BadInput
        Too little data for a single fold.
    """
    step = test_ns if step_ns is None else step_ns
    if kind not in ("rolling", "anchored"):
        raise ParameterError(expected("kind", "rolling or anchored", repr(kind)))
    for name, value in (("train_ns", train_ns), ("test_ns", test_ns)):
        if value <= 0:
            raise ParameterError(expected(name, "nanoseconds above zero", value))
    if purge_ns < 0:
        raise ParameterError(expected("purge_ns", "nanoseconds, zero or more", purge_ns))
    if purge_ns >= train_ns:
        todo = "choose on a longer time, or hold for a shorter one"
        raise ParameterError(expected("purge_ns", f"less than train_ns, {train_ns}", purge_ns, todo))
    if step < test_ns:
        raise ParameterError(expected("step_ns", f"test_ns, {test_ns}, or more", step, "folds would overlap"))
    if end_ns - start_ns < train_ns + purge_ns + test_ns:
        want, found = (one / NS_PER_HOUR for one in (train_ns + purge_ns + test_ns, end_ns - start_ns))
        todo = "take a longer range or shorter folds"
        raise BadInput(expected("data to fold", f"{want:g} h or more for one fold", f"{found:g} h", todo))
    folds = []
    test_start = start_ns + train_ns + purge_ns
    while test_start + test_ns <= end_ns:
        train_end = test_start - purge_ns
        first = start_ns if kind == "anchored" else train_end - train_ns
        folds.append(Fold(first, train_end, test_start, test_start + test_ns))
        test_start += step
    return tuple(folds)


def check_folds(folds: Sequence[Fold], purge_ns: int) -> None:
    """Refuse folds that share what must be apart.

    Raises
    ------
    ParameterError
        No fold, an empty time, one to choose on that ends less than ``purge_ns`` before the one to judge on starts or
        after it, or times to judge on that overlap or are not in order.
    """
    if not folds:
        raise ParameterError(expected("folds", "one or more", "none"))
    for k, fold in enumerate(folds):
        if not (fold.train_start_ns < fold.train_end_ns and fold.test_start_ns < fold.test_end_ns):
            raise ParameterError(expected(f"fold {k}", "times that end after they start", fold))
        if fold.test_start_ns - fold.train_end_ns < purge_ns:
            want = f"a time to judge on from {format_ns(fold.train_end_ns + purge_ns)}, after the purge"
            todo = "what is chosen would know what it is judged on"
            raise ParameterError(expected(f"fold {k}", want, format_ns(fold.test_start_ns), todo))
    for k, (one, other) in enumerate(pairwise(folds)):
        if other.test_start_ns < one.test_end_ns:
            want = f"a time to judge on from {format_ns(one.test_end_ns)}, where fold {k} ends"
            raise ParameterError(expected(f"fold {k + 1}", want, format_ns(other.test_start_ns), "folds overlap"))
