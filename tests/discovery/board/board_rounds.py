"""Hand-made rankings for boards, and a process that dies at a chosen step of writing one down."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import polars as pl

from arbresearch.discovery.board.board import ScoreBoard
from arbresearch.discovery.scoring.ranking import Ranking
from arbresearch.store import TickStore
from tests.discovery.scoring.hand_made import NOTHING, hand_ranking, score_row
from tests.kit.store_jobs import _Steps

BLOCK: Final = 900 * 10**9
DAY: Final = 96 * BLOCK
START: Final = 20_000 * DAY


def viable(pair: str, score: float = 4.0, **changes: Any) -> dict[str, Any]:
    """Return the row of a viable pair."""
    return score_row(pair, final_score=score, **changes)


def refused(pair: str, reason: str = "fees", **changes: Any) -> dict[str, Any]:
    """Return the row of a pair that was refused."""
    return score_row(pair, **{**NOTHING, "reason": reason, "detail": f"because of {reason}", **changes})


def ranking_of(
    *rows: dict[str, Any],
    profits: dict[str, list[float]] | None = None,
    skipped: list[tuple[str, str, str]] | None = None,
    end_ns: int = START,
    **settings: Any,
) -> Ranking:
    """Return a ranking of these rows in this order, whose blocks of each pair end at ``end_ns``."""
    found = hand_ranking(*rows, candidates=max(1, len(rows)), skipped=skipped, **settings)
    given = profits or {row["pair"]: [1.0] for row in rows}
    blocks = [
        {"pair": pair, "start_ns": end_ns - BLOCK * (len(values) - place), "covered_s": 900.0, "profit_bps_day": value}
        for pair, values in given.items()
        for place, value in enumerate(values)
    ]
    schema = {"pair": pl.String, "start_ns": pl.Int64, "covered_s": pl.Float64, "profit_bps_day": pl.Float64}
    return replace(found, blocks=pl.DataFrame(blocks, schema=schema))


def small_round(number: int) -> Ranking:
    """Return a ranking that is different for every number."""
    return ranking_of(
        viable("A/USDT gate-mexc", float(number)), refused("B/USDT gate-mexc"), end_ns=START + number * BLOCK
    )


def main(folder: str) -> None:
    """Write one round into each prepared store, dying one touch of a file later each time, and print how it ended."""
    for step in range(1, 100):
        child = os.fork()
        if child == 0:
            root = Path(folder, f"store-{step}")
            with TickStore(root) as store:
                board = ScoreBoard(store)
                steps = _Steps(str(root), step)
                steps.begin()
                board.update(small_round(2))
            os._exit(0)
        _, status = os.waitpid(child, 0)
        code = os.waitstatus_to_exitcode(status)
        sys.stdout.write(json.dumps({"step": step, "code": code}) + "\n")
        if code == 0:
            return


if __name__ == "__main__":
    main(sys.argv[1])
