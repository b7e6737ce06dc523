"""Watching: rounds over a store that grows, interrupts, and a board that others update."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from arbresearch.core import BadInput, ParameterError, StoreBusy
from arbresearch.discovery import ScoreSettings, SpotArbitrageCandidateFinder
from arbresearch.discovery.blocks.measure_blocks import measure_blocks
from arbresearch.discovery.blocks.pair_blocks import Carry
from arbresearch.discovery.board.board import BOARD, ScoreBoard
from arbresearch.discovery.board.watch import Board, follow
from arbresearch.discovery.scoring import crew
from arbresearch.sample import SampleSpec, generate
from arbresearch.store import TickStore
from arbresearch.store.layout import Layout
from arbresearch.store.writers import exclusive
from tests.discovery.board.board_rounds import BLOCK, START, ranking_of, small_round

A, B, C, D = (f"{coin}/USDT gate-mexc" for coin in "ABCD")
HOUR = 4 * BLOCK
NAN = float("nan")


def _watched(rankings: list[Any], board: ScoreBoard, **more: Any) -> Iterator[Board]:
    left = iter(rankings)
    return follow(lambda: next(left), board, **more)


def test_watching_ends_after_its_rounds_and_waits_between_them(store: TickStore) -> None:
    waited: list[float] = []
    rankings = [small_round(1), small_round(1), small_round(2)]
    found = list(_watched(rankings, ScoreBoard(store), every_s=30.0, rounds=3, sleep=waited.append))
    assert [(one.round, one.as_of_ns, one.changed) for one in found] == [
        (1, START + BLOCK, True),
        (2, START + BLOCK, False),
        (3, START + 2 * BLOCK, True),
    ]
    assert len(waited) == 2
    assert all(20.0 < one <= 30.0 for one in waited)


def test_watching_begins_before_a_block_is_complete(store: TickStore) -> None:
    nothing = ranking_of(profits={"none": []}, skipped=[(A, "no_overlap", "no block yet")])
    first, then = _watched([nothing, small_round(1)], ScoreBoard(store), every_s=0.0, rounds=2)
    assert (first.as_of_ns, first.table.height, first.table.schema) == (None, 0, BOARD)
    assert then.changed
    assert then.table.height == 2


def test_an_interrupt_ends_watching_and_an_error_is_raised(store: TickStore) -> None:
    def interrupted(_: float) -> None:
        raise KeyboardInterrupt

    rankings = [small_round(number) for number in (1, 2, 3)]
    assert len(list(_watched(rankings, ScoreBoard(store), sleep=interrupted))) == 1

    def fails() -> Any:
        raise BadInput("fees are missing")

    with pytest.raises(BadInput, match="fees are missing"):
        next(follow(fails, ScoreBoard(store)))
    for wrong in ({"every_s": -1.0}, {"every_s": NAN}, {"rounds": 0}):
        with pytest.raises(ParameterError, match=next(iter(wrong))):
            _watched(rankings, ScoreBoard(store), **wrong)


def test_a_board_that_another_process_updates_is_tried_again(store: TickStore) -> None:
    board = ScoreBoard(store)
    held = exclusive(Layout.open(store.root), board.path.parent.name)
    waited: list[float] = []

    def wait(seconds: float) -> None:
        waited.append(seconds)
        if len(waited) == 3:
            held.__exit__()

    held.__enter__()
    with pytest.raises(StoreBusy):
        board.history()
    (found,) = _watched([small_round(1)], board, rounds=1, sleep=wait)
    assert found.table.height == 2
    assert len(waited) == 3
    with held, pytest.raises(StoreBusy):
        list(_watched([small_round(2)], board, rounds=1, sleep=lambda _: None))


def _copy(source: TickStore, target: TickStore, first_ns: int, stop_ns: int) -> None:
    with target.transaction() as transaction:
        for table in ("quotes", "depth"):
            for venue, symbol in source.streams(table):
                rows = source.read(table, venue, symbol, first_ns, stop_ns)
                if rows.height:
                    named = rows.with_columns(pl.lit(venue).alias("venue"), pl.lit(symbol).alias("symbol"))
                    transaction.append(table, named)


def test_over_a_store_that_grows_only_what_is_new_is_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = SampleSpec(symbols=12, days=1, venues=("mexc", "gate"), quotes_per_day=3_000)
    source, grown = TickStore(tmp_path / "source"), TickStore(tmp_path / "grown")
    generate(source, spec)
    grown.append("instruments", source.instruments())
    grown.append("networks", source.networks())
    hours = [8, 9, 9, 14]
    _copy(source, grown, spec.start_ns, spec.start_ns + 8 * HOUR)
    spans: list[tuple[int, int]] = []

    def spied(*given: Any) -> Any:
        place = next(number for number, one in enumerate(given) if isinstance(one, Carry))
        spans.append((given[place].until_ns, given[place + 1]))
        return measure_blocks(*given)

    monkeypatch.setattr(crew, "measure_blocks", spied)
    at = iter(range(1, len(hours)))

    def grow(_: float) -> None:
        spans.clear()
        number = next(at)
        start, stop = (spec.start_ns + hours[number - 1] * HOUR, spec.start_ns + hours[number] * HOUR)
        if stop > start:
            _copy(source, grown, start, stop)

    settings = ScoreSettings(min_episodes=5, resamples=499)
    finder = SpotArbitrageCandidateFinder(grown, settings)
    measured = []
    for board in finder.watch(every_s=0.0, rounds=4, recent_days=0.125, sleep=grow):
        hour = hours[board.round - 1]
        end_ns = spec.start_ns + hour * HOUR - BLOCK  # of the last block nobody knows yet that nothing more comes
        assert board.as_of_ns == end_ns
        assert board.changed is (board.round != 3)
        measured.append({(stop - first) // BLOCK for first, stop in spans})
        afresh = SpotArbitrageCandidateFinder(grown, settings, cached=False).rank(window_days=14.0)
        ranked = board.table.filter(pl.col("rank").is_not_null())
        columns = ["rank", "pair", "viable", "final_score", "mean_bps_day", "episodes"]
        assert_frame_equal(ranked.select(columns), afresh.scores.select(columns))
        since = end_ns - 3 * HOUR
        late = afresh.blocks.filter(pl.col("start_ns") >= since, pl.col("profit_bps_day").is_not_nan())
        means = dict(late.group_by("pair").agg(pl.col("profit_bps_day").mean()).iter_rows())
        for pair, recent in ranked.select("pair", "recent_bps_day").iter_rows():
            assert recent == pytest.approx(means[pair], abs=1e-9)
    assert measured == [{31}, {4}, set(), {20}]
    assert board.table["viable"].any()
