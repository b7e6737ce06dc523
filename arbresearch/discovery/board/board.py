"""A rolling board of scores: who rose, who fell, which edges fade and which are gone."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from hashlib import sha256
from math import isfinite
from pathlib import Path
from typing import Any, Final

import orjson
import polars as pl

from arbresearch.core import BadInput, ParameterError, expected, format_ns
from arbresearch.discovery.blocks.cache import CACHE_FOLDER
from arbresearch.discovery.blocks.settings import ScoreSettings
from arbresearch.discovery.board.board_file import ROUNDS, BoardFile
from arbresearch.discovery.board.decline import decline
from arbresearch.discovery.scoring.ranking import Ranking
from arbresearch.store import TickStore
from arbresearch.store.layout import Layout
from arbresearch.store.writers import exclusive

__all__ = ["BOARD", "BoardState", "ScoreBoard", "end_of_data"]

_VERSION: Final = 1
"""Raised whenever the same rankings would give other rounds."""

BOARD: Final = pl.Schema(
    {
        "rank": pl.Int64, "previous_rank": pl.Int64, "change": pl.Int64, "pair": pl.String, "state": pl.String,
        "viable": pl.Boolean, "reason": pl.String, "detail": pl.String, "final_score": pl.Float64,
        "previous_score": pl.Float64, "score_change": pl.Float64, "mean_bps_day": pl.Float64,
        "recent_bps_day": pl.Float64, "decay": pl.Float64, "trend": pl.Float64, "trend_p": pl.Float64,
        "episodes": pl.Int64, "capacity_quote": pl.Float64, "first_viable_ns": pl.Int64, "rounds_viable": pl.Int64,
    }
)  # fmt: skip
"""Columns of a board; see :meth:`ScoreBoard.update`."""


class BoardState(StrEnum):
    """What became of a pair since the round before; the first that holds."""

    GONE = "gone"
    """Was viable in some round and is not any more."""
    BACK = "back"
    """Viable again, and was not in the round before."""
    FADING = "fading"
    """Viable, but of late it earned significantly less than before."""
    NEW = "new"
    """Viable, or ranked, for the first time, or ranked again."""
    UP = "up"
    DOWN = "down"
    SAME = "same"


class ScoreBoard:
    """The last rounds of ranking the same pairs under the same assumptions, kept in the store's folder ``_scores``.

    A round is named by the time at which its data end, never by the clock of the machine: the same data give the
    same board. Several processes may update one board.

    Parameters
    ----------
    store
        Whose pairs are ranked.
    settings
        With which they are; the defaults when None.
    scope
        JSON values that say what else shapes the rankings, such as the pairs chosen, the window and fees. Another
        choice of settings or scope is another board.
    rounds
        So many are kept.
    recent_days
        What counts as of late, days.

    Raises
    ------
    ParameterError
        If a value is out of its range.
    """

    def __init__(
        self,
        store: TickStore,
        settings: ScoreSettings | None = None,
        *,
        scope: Mapping[str, Any] | None = None,
        rounds: int = 500,
        recent_days: float = 1.0,
    ) -> None:
        if isinstance(rounds, bool) or rounds < 2:
            raise ParameterError(expected("rounds", "two or more, for a board compares", rounds))
        if not (isfinite(recent_days) and recent_days > 0.0):
            raise ParameterError(expected("recent_days", "days above zero", recent_days))
        self.settings = settings or ScoreSettings()
        self._rounds = rounds
        self._recent_days = recent_days
        about = {"version": _VERSION, "settings": self.settings.as_dict(), "scope": dict(scope or {}),
                 "recent_days": recent_days}  # fmt: skip
        text = orjson.dumps(about, option=orjson.OPT_SORT_KEYS)
        self._name = f"board-{sha256(text).hexdigest()[:16]}"
        self._layout = Layout.open(store.root, create=False)
        self._file = BoardFile(store.root / CACHE_FOLDER / self._name / "history.parquet", text)

    @property
    def path(self) -> Path:
        """Return the file in which the rounds are kept."""
        return self._file.path

    @property
    def set_aside(self) -> tuple[Path, ...]:
        """Return the damaged files that were found, under the names they have now; their rounds do not count."""
        return self._file.set_aside

    def history(self) -> pl.DataFrame:
        """Return the rounds kept, oldest first: :data:`arbresearch.discovery.board_file.ROUNDS`.

        Raises
        ------
        StoreBusy
            Another process is updating the board.
        """
        with exclusive(self._layout, self._name):
            return self._file.read()

    def update(self, ranking: Ranking, as_of_ns: int | None = None) -> pl.DataFrame:
        """Add a round and return the present board.

        A round whose data end where those of the last one did takes its place. A board of 500 rounds of 1,200 pairs
        is about 15 MB.

        Parameters
        ----------
        ranking
            Made with the board's settings.
        as_of_ns
            Where its data end, ns UTC; None: :func:`end_of_data`.

        Returns
        -------
        polars.DataFrame
            A row a pair that was ranked or was ever viable, in the order of rank, those not ranked last.

            - rank, previous_rank: null where it was not ranked; change: places won, positive is up.
            - state: a :class:`BoardState`; viable, reason, detail, final_score, mean_bps_day, episodes and
              capacity_quote as in the ranking; previous_score and score_change, bps a day.
            - recent_bps_day, trend, trend_p: see :func:`arbresearch.discovery.decline.decline`; decay: recent over
              window mean, NaN where the mean is not positive.
            - first_viable_ns: end of the data of the first round in which it was viable, null where it never was;
              rounds_viable: in how many rounds it was.

        Raises
        ------
        BadInput
            The ranking has other settings or no complete block, or its data end before those of the last round.
        StoreBusy
            Another process is updating the board.
        StoreError
            It cannot be written; the rounds before are still there.
        """
        if ranking.settings != self.settings:
            raise BadInput(expected("ranking", "one made with the settings of the board", "one made with others"))
        end_ns = end_of_data(ranking) if as_of_ns is None else as_of_ns
        if end_ns is None:
            raise BadInput(expected("ranking", "at least one complete block of one pair", "none"))
        course = decline(ranking, end_ns, self._recent_days)
        with exclusive(self._layout, self._name):
            history = self._file.read()
            last_ns = history["as_of_ns"].max()
            if isinstance(last_ns, int) and end_ns < last_ns:
                want = f"data until {format_ns(last_ns, 0)} or later, as in the round before"
                raise BadInput(expected("ranking", want, f"until {format_ns(end_ns, 0)}"))
            earlier = history.filter(pl.col("as_of_ns") < end_ns)
            previous = earlier.filter(pl.col("as_of_ns") == pl.col("as_of_ns").max())
            present = _round(ranking, course, previous, end_ns)
            kept = pl.concat([earlier, present.select(ROUNDS.names())])
            ends = kept["as_of_ns"].unique().sort()
            kept = kept.filter(pl.col("as_of_ns") >= ends[max(0, ends.len() - self._rounds)])
            if not kept.equals(history):
                self._file.write(kept)
        return _compared(present)


def end_of_data(ranking: Ranking) -> int | None:
    """Return the end of the last complete block of any pair, ns UTC; None where there is no block."""
    last = ranking.blocks["start_ns"].max()
    return last + ranking.settings.block_ns if isinstance(last, int) else None


def _round(ranking: Ranking, course: pl.DataFrame, previous: pl.DataFrame, end_ns: int) -> pl.DataFrame:
    """Return the rows of a round: pairs that are ranked, and those that were viable once and now are not ranked."""
    names = ("pair", "rank", "viable", "reason", "detail", "final_score", "mean_bps_day", "episodes", "capacity_quote")
    ranked = ranking.scores.select(names)
    before = previous.select(
        "pair",
        pl.col("rank").alias("previous_rank"),
        pl.col("viable").alias("was_viable"),
        pl.col("final_score").alias("previous_score"),
        pl.col("first_viable_ns").alias("since_ns"),
        pl.col("rounds_viable").alias("rounds_before"),
    )
    lost = before.filter(pl.col("since_ns").is_not_null() & ~pl.col("pair").is_in(ranked["pair"].implode()))
    told = lost.select("pair").join(ranking.skipped, on="pair", how="left", maintain_order="left")
    absent = told.select(
        "pair",
        pl.lit(False).alias("viable"),
        pl.col("reason").fill_null("not_compared"),
        pl.col("detail").fill_null("not among the pairs compared"),
        *(pl.lit(float("nan")).alias(name) for name in ("final_score", "mean_bps_day", "capacity_quote")),
        pl.lit(0, pl.Int64).alias("episodes"),
    )
    rows = pl.concat([ranked, absent], how="diagonal").join(before, on="pair", how="left", maintain_order="left")
    joined = rows.join(course, on="pair", how="left", maintain_order="left").with_columns(
        pl.lit(end_ns, pl.Int64).alias("as_of_ns"),
        *(pl.col(name).fill_null(float("nan")) for name in ("recent_bps_day", "trend", "trend_p", "previous_score")),
        pl.col("was_viable", "fading").fill_null(False),
        (pl.col("rounds_before").fill_null(0) + pl.col("viable")).cast(pl.Int64).alias("rounds_viable"),
        pl.coalesce("since_ns", pl.when("viable").then(pl.lit(end_ns, pl.Int64))).alias("first_viable_ns"),
    )
    return joined.sort("rank", "pair", nulls_last=True, maintain_order=True)


def _compared(present: pl.DataFrame) -> pl.DataFrame:
    ever, moved = pl.col("since_ns").is_not_null(), pl.col("previous_rank") - pl.col("rank")
    state = (
        pl.when(~pl.col("viable") & ever).then(pl.lit(BoardState.GONE.value))
        .when(pl.col("viable") & ever & ~pl.col("was_viable")).then(pl.lit(BoardState.BACK.value))
        .when("fading").then(pl.lit(BoardState.FADING.value))
        .when(pl.col("viable") & ~ever | pl.col("previous_rank").is_null()).then(pl.lit(BoardState.NEW.value))
        .when(moved > 0).then(pl.lit(BoardState.UP.value))
        .when(moved < 0).then(pl.lit(BoardState.DOWN.value))
        .otherwise(pl.lit(BoardState.SAME.value))
    )  # fmt: skip
    mean = pl.col("mean_bps_day")
    return present.with_columns(
        moved.alias("change"),
        state.alias("state"),
        (pl.col("final_score") - pl.col("previous_score")).alias("score_change"),
        pl.when(mean > 0.0).then(pl.col("recent_bps_day") / mean).otherwise(float("nan")).alias("decay"),
    ).select(pl.col(name).cast(dtype) for name, dtype in BOARD.items())
