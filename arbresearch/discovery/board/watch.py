"""Ranking again and again while data come in."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Final

import polars as pl

from arbresearch.core import ParameterError, StoreBusy, expected
from arbresearch.discovery.board.board import BOARD, ScoreBoard, end_of_data
from arbresearch.discovery.scoring.ranking import Ranking

__all__ = ["Board", "follow"]

_ATTEMPTS: Final = 10
_PAUSE_S: Final = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class Board:
    """One round of watching.

    Parameters
    ----------
    round
        Counted from 1 in this run.
    as_of_ns
        End of the last complete block of the data, ns UTC; None where there is none yet.
    changed
        Whether the table differs from that of the round before of this run; true in the first.
    table
        See :meth:`arbresearch.discovery.ScoreBoard.update`; no rows where no block is complete.
    ranking
        What was ranked.
    set_aside
        Damaged files of earlier rounds that were found so far, under the names they have now.
    """

    round: int
    as_of_ns: int | None
    changed: bool
    table: pl.DataFrame
    ranking: Ranking
    set_aside: tuple[Path, ...]


def follow(
    rank: Callable[[], Ranking],
    board: ScoreBoard,
    *,
    every_s: float = 60.0,
    rounds: int | None = None,
    sleep: Callable[[float], object] = time.sleep,
) -> Iterator[Board]:
    """Rank, update the board and yield it, round after round.

    Whatever was measured is kept at once, so that it may be ended at any moment. Ctrl-C while it measures or waits
    ends the iteration. A board that another process is updating is tried again, ten times a second apart; every other
    error is raised, for it needs somebody to do something.

    Parameters
    ----------
    rank
        Makes a ranking of what the store holds now.
    board
        Where rounds are kept.
    every_s
        From the beginning of a round to that of the next, seconds; a round that takes longer is followed at once.
    rounds
        So many; None: without end.
    sleep
        Waits so many seconds.

    Raises
    ------
    ParameterError
        A value is out of its range; at once, not in the first round.
    """
    if not (isfinite(every_s) and every_s >= 0.0):
        raise ParameterError(expected("every_s", "seconds, zero or more", every_s))
    if rounds is not None and (isinstance(rounds, bool) or rounds < 1):
        raise ParameterError(expected("rounds", "one or more, or none for without end", rounds))
    return _rounds(rank, board, every_s, rounds, sleep)


def _rounds(
    rank: Callable[[], Ranking],
    board: ScoreBoard,
    every_s: float,
    rounds: int | None,
    sleep: Callable[[float], object],
) -> Iterator[Board]:
    done, last = 0, None
    try:
        while True:
            began = time.monotonic()
            ranking = rank()
            as_of_ns = end_of_data(ranking)
            table = pl.DataFrame(schema=BOARD) if as_of_ns is None else _patiently(board, ranking, sleep)
            done += 1
            yield Board(done, as_of_ns, last is None or not table.equals(last), table, ranking, board.set_aside)
            if done == rounds:
                return
            last = table
            sleep(max(0.0, every_s - (time.monotonic() - began)))
    except KeyboardInterrupt:
        return


def _patiently(board: ScoreBoard, ranking: Ranking, sleep: Callable[[float], object]) -> pl.DataFrame:
    for _ in range(_ATTEMPTS - 1):
        try:
            return board.update(ranking)
        except StoreBusy:
            sleep(_PAUSE_S)
    return board.update(ranking)
