"""The rolling board: against rounds worked out by hand, on damaged files, after kills, and over a store that grows."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
from math import isnan
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal
from scipy.stats import ttest_ind

from arbresearch.core import BadInput, ParameterError
from arbresearch.discovery import ScoreSettings
from arbresearch.discovery.board.board import BOARD, ScoreBoard, end_of_data
from arbresearch.discovery.board.board_file import ROUNDS
from arbresearch.discovery.board.decline import decline, has_fallen
from arbresearch.store import TickStore
from tests.discovery.board.board_rounds import BLOCK, DAY, START, ranking_of, refused, small_round, viable

A, B, C, D = (f"{coin}/USDT gate-mexc" for coin in "ABCD")
ROOT = Path(__file__).resolve().parents[2]
NAN = float("nan")


def _rows(table: pl.DataFrame, *names: str) -> dict[str, tuple[Any, ...]]:
    return {row[0]: row[1:] for row in table.select("pair", *names).iter_rows()}


def test_the_first_round_is_all_new(store: TickStore) -> None:
    table = ScoreBoard(store).update(ranking_of(viable(A, 4.0), refused(B)))
    assert table.schema == BOARD
    assert _rows(table, "rank", "previous_rank", "change", "state", "viable", "reason") == {
        A: (1, None, None, "new", True, ""),
        B: (2, None, None, "new", False, "fees"),
    }
    assert _rows(table, "first_viable_ns", "rounds_viable") == {A: (START, 1), B: (None, 0)}
    assert isnan(table["previous_score"][0])
    assert isnan(table["score_change"][0])


def test_places_scores_and_states_are_those_worked_out_by_hand(store: TickStore) -> None:
    board = ScoreBoard(store)
    board.update(ranking_of(viable(A, 9.0), viable(B, 5.0), refused(C), refused(D, "latency")))
    later = ranking_of(viable(B, 8.0), viable(D, 7.5), viable(A, 6.0), refused(C), end_ns=START + BLOCK)
    table = board.update(later)
    assert table["pair"].to_list() == [B, D, A, C]
    assert _rows(table, "rank", "previous_rank", "change", "state", "score_change") == {
        B: (1, 2, 1, "up", 3.0),
        D: (2, 4, 2, "new", pytest.approx(NAN, nan_ok=True)),
        A: (3, 1, -2, "down", -3.0),
        C: (4, 3, -1, "down", pytest.approx(NAN, nan_ok=True)),
    }
    again = board.update(ranking_of(viable(B, 8.0), viable(D, 7.0), viable(A, 6.0), refused(C), end_ns=START + DAY))
    assert set(again["state"]) == {"same"}
    assert _rows(again, "score_change", "first_viable_ns", "rounds_viable") == {
        B: (0.0, START, 3),
        D: (-0.5, START + BLOCK, 2),
        A: (0.0, START, 3),
        C: (pytest.approx(NAN, nan_ok=True), None, 0),
    }


def test_what_was_viable_is_gone_with_its_reason_until_it_is_back(store: TickStore) -> None:
    board = ScoreBoard(store)
    told = []
    rounds: list[dict[str, Any]] = [
        {"rows": [viable(A), viable(B), viable(C), viable(D)]},
        {"rows": [viable(D), refused(A, "latency")], "skipped": [(B, "no_overlap", "gate went silent")]},
        {"rows": [viable(D), viable(C), refused(A, "fees"), refused(B, "thin")]},
        {"rows": [viable(A), viable(B), viable(C), viable(D)]},
    ]
    for number, one in enumerate(rounds):
        ranking = ranking_of(*one["rows"], skipped=one.get("skipped"), end_ns=START + number * BLOCK)
        told.append(_rows(board.update(ranking), "rank", "state", "reason", "detail", "rounds_viable"))
    assert told[1] == {
        D: (1, "up", "", "", 2),
        A: (2, "gone", "latency", "because of latency", 1),
        B: (None, "gone", "no_overlap", "gate went silent", 1),
        C: (None, "gone", "not_compared", "not among the pairs compared", 1),
    }
    assert told[2] == {
        D: (1, "same", "", "", 3),
        C: (2, "back", "", "", 2),
        A: (3, "gone", "fees", "because of fees", 1),
        B: (4, "gone", "thin", "because of thin", 1),
    }
    assert {pair: row[1] for pair, row in told[3].items()} == {A: "back", B: "back", C: "down", D: "down"}


def test_a_pair_that_never_was_viable_and_is_not_ranked_is_not_on_the_board(store: TickStore) -> None:
    board = ScoreBoard(store)
    board.update(ranking_of(viable(A), refused(B)))
    table = board.update(ranking_of(viable(A), skipped=[(B, "no_quotes", "none")], end_ns=START + BLOCK))
    assert table["pair"].to_list() == [A]
    table = board.update(ranking_of(viable(A), refused(B), end_ns=START + 2 * BLOCK))
    assert _rows(table, "previous_rank", "state")[B] == (None, "new")


def test_a_round_with_no_new_data_takes_the_place_of_the_last(store: TickStore) -> None:
    board = ScoreBoard(store)
    board.update(small_round(1))
    first = board.update(small_round(2))
    content = board.path.read_bytes()
    assert_frame_equal(board.update(small_round(2)), first)
    assert board.path.read_bytes() == content
    other = board.update(ranking_of(viable(B, 1.0), viable(A, 0.5), end_ns=START + 2 * BLOCK))
    assert _rows(other, "previous_rank", "change", "rounds_viable") == {B: (2, 1, 1), A: (1, -1, 2)}
    assert board.history()["as_of_ns"].to_list() == [START + BLOCK] * 2 + [START + 2 * BLOCK] * 2


def test_the_same_rounds_give_the_same_bytes(tmp_path: Path) -> None:
    written = []
    for name in ("one", "other"):
        board = ScoreBoard(TickStore(tmp_path / name))
        for number in (1, 2, 3):
            board.update(small_round(number))
        written.append((board.path.name, board.path.parent.name, board.path.read_bytes()))
    assert written[0] == written[1]


def test_only_the_last_rounds_are_kept_and_counts_go_on(store: TickStore) -> None:
    board = ScoreBoard(store, rounds=3)
    for number in range(1, 8):
        table = board.update(small_round(number))
    assert board.history()["as_of_ns"].unique().sort().to_list() == [START + n * BLOCK for n in (5, 6, 7)]
    assert _rows(table, "first_viable_ns", "rounds_viable")[A] == (START + BLOCK, 7)
    assert board.history().schema == ROUNDS


def test_another_scope_or_other_settings_are_another_board(store: TickStore) -> None:
    boards = [
        ScoreBoard(store),
        ScoreBoard(store, ScoreSettings(entry_bps=6.0)),
        ScoreBoard(store, scope={"symbols": ["A/USDT"]}),
        ScoreBoard(store, recent_days=2.0),
    ]
    assert len({board.path for board in boards}) == 4
    assert ScoreBoard(store, scope={"symbols": ["A/USDT"]}).path == boards[2].path
    boards[0].update(small_round(1))
    assert boards[2].history().is_empty()


def test_what_cannot_be_a_round_is_refused_and_changes_nothing(store: TickStore) -> None:
    board = ScoreBoard(store)
    board.update(small_round(2))
    before = board.path.read_bytes()
    with pytest.raises(BadInput, match=r"until 2024-10-04T00:30:00Z or later.*was until 2024-10-04T00:15:00Z"):
        board.update(small_round(1))
    with pytest.raises(BadInput, match="made with the settings of the board"):
        board.update(ranking_of(viable(A), end_ns=START + DAY, entry_bps=7.0))
    with pytest.raises(BadInput, match="at least one complete block"):
        board.update(ranking_of(profits={"none": []}))
    assert board.path.read_bytes() == before
    assert end_of_data(ranking_of(profits={"none": []})) is None


@pytest.mark.parametrize("wrong", [{"rounds": 1}, {"recent_days": 0.0}, {"recent_days": NAN}])
def test_parameters_out_of_range_are_refused(store: TickStore, wrong: dict[str, Any]) -> None:
    with pytest.raises(ParameterError, match=next(iter(wrong))):
        ScoreBoard(store, **wrong)


def test_recent_mean_decay_and_trend_of_days_by_hand(store: TickStore) -> None:
    days = [4.0, 3.0, 1.0, 2.0]
    values = [value + wave for value in days for wave in [0.5, -0.5] * 48]
    values[0] = 1e9  # of the oldest day less than half counts, so it has no say in the trend
    values[1:60] = [NAN] * 59
    full = [value + wave for value in days for wave in [0.5, -0.5] * 48]
    rows = [viable(A, mean_bps_day=2.5), viable(B, mean_bps_day=-1.0), viable(C, mean_bps_day=2.5), viable(D)]
    profits = {A: full, B: full, C: values, D: [NAN] * 96}
    table = ScoreBoard(store).update(ranking_of(*rows, profits=profits))
    found = _rows(table, "recent_bps_day", "decay", "trend", "trend_p")
    assert found[A] == pytest.approx((2.0, 0.8, -2 / 3, 1 / 3))  # five of six pairs of days fall: 8 of 24 orders
    assert found[B][:3] == pytest.approx((2.0, NAN, -2 / 3), nan_ok=True)
    assert found[C] == pytest.approx((2.0, 0.8, -1 / 3, 1.0))  # of three days two pairs fall and one rises
    assert found[D] == pytest.approx((NAN,) * 4, nan_ok=True)
    assert set(table["state"]) == {"new"}
    half = decline(ranking_of(rows[0], profits={A: full}), START, recent_days=0.5)
    assert half["recent_bps_day"].to_list() == pytest.approx([2.0])
    two = decline(ranking_of(rows[0], profits={A: full}), START, recent_days=2.0)
    assert two["recent_bps_day"].to_list() == pytest.approx([1.5])


def test_a_pair_fades_when_it_earns_less_than_before_and_not_when_it_only_wavers(store: TickStore) -> None:
    rng = np.random.default_rng(3)
    before, steady, fallen = rng.gamma(1.0, 4.0, 5 * 96), rng.gamma(1.0, 4.0, 96), rng.gamma(1.0, 1.0, 96)
    profits = {
        A: [*before, *steady],
        B: [*before, *fallen],
        C: [*before, *fallen],
        D: [*before, *fallen[:10], *[NAN] * 86],
    }
    board = ScoreBoard(store)
    rows = [viable(A), viable(B), viable(D), refused(C)]
    first = board.update(ranking_of(*rows, profits=profits))
    assert _rows(first, "state") == {A: ("new",), B: ("fading",), C: ("new",), D: ("new",)}
    rows = [viable(B), viable(A), viable(D), refused(C)]
    then = board.update(ranking_of(*rows, profits=profits, end_ns=START + BLOCK))
    assert _rows(then, "state") == {A: ("down",), B: ("fading",), C: ("same",), D: ("same",)}


def test_a_fall_is_seen_where_welch_sees_it_in_independent_values() -> None:
    rng = np.random.default_rng(11)
    settings = ScoreSettings(resamples=1_999)
    clear = {True: 0, False: 0}
    for _ in range(120):
        earlier, recent = rng.normal(1.0, 1.0, 300), rng.normal(1.0 - rng.uniform(0.0, 0.8), 2.0, 96)
        p = float(ttest_ind(recent, earlier, equal_var=False, alternative="less").pvalue)
        if p < 0.01 or p > 0.12:
            clear[p < 0.01] += 1
            assert has_fallen(recent, earlier, settings, 1) is (p < 0.01), p
        if p > 0.01:
            assert not has_fallen(recent, earlier, settings, 50)
    assert min(clear.values()) > 20


def _damage(path: Path, how: str) -> bytes:
    content = path.read_bytes()
    inside = content.index(b"\x28\xb5\x2f\xfd") + 6  # a zstd frame: rows
    damaged = {
        "cut": content[: len(content) // 2],
        "empty": b"",
        "text": b"no rounds here",
        "of another board": content.replace(b'"version":1', b'"version":0'),
        "flipped": content[:inside] + bytes([content[inside] ^ 1]) + content[inside + 1 :],
    }[how]
    assert damaged != content
    path.write_bytes(damaged)
    return damaged


@pytest.mark.parametrize("how", ["cut", "empty", "text", "of another board", "flipped"])
def test_a_damaged_file_is_set_aside_and_told(store: TickStore, how: str) -> None:
    board = ScoreBoard(store)
    for number in (1, 2):
        board.update(small_round(number))
        damaged = _damage(board.path, how)
        table = board.update(small_round(number + 1))
        assert set(table["state"]) == {"new"}
        assert len(board.set_aside) == number
        assert board.set_aside[-1].name == f"history.damaged-{number}.parquet"
        assert board.set_aside[-1].read_bytes() == damaged
    assert board.history()["as_of_ns"].unique().to_list() == [START + 3 * BLOCK]


def test_no_flipped_bit_passes_for_other_rounds(store: TickStore) -> None:
    board = ScoreBoard(store)
    for number in (1, 2, 3):
        board.update(small_round(number))
    content, rounds = board.path.read_bytes(), board.history()
    rng = random.Random(5)
    set_aside = 0
    for _ in range(400):
        place = rng.randrange(len(content))
        flipped = content[:place] + bytes([content[place] ^ (1 << rng.randrange(8))]) + content[place + 1 :]
        board.path.write_bytes(flipped)
        found = board.history()
        if found.is_empty():
            set_aside += 1
            assert board.set_aside[-1].read_bytes() == flipped
            board.set_aside[-1].unlink()
        else:
            assert_frame_equal(found, rounds)
    assert set_aside > 200


def test_a_kill_before_any_touch_of_a_file_leaves_the_rounds_before_or_these(tmp_path: Path) -> None:
    with TickStore(tmp_path / "prepared") as store:
        ScoreBoard(store).update(small_round(1))
    for step in range(1, 30):
        shutil.copytree(tmp_path / "prepared", tmp_path / f"store-{step}")
    command = [sys.executable, "-m", "tests.discovery.board.board_rounds", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    deaths = [json.loads(line) for line in done.stdout.splitlines()]
    assert deaths[-1]["code"] == 0
    assert {death["code"] for death in deaths[:-1]} == {-9}
    ends = []
    for death in deaths:
        with TickStore(tmp_path / f"store-{death['step']}") as store:
            board = ScoreBoard(store)
            history = board.history()
            ends.append(history["as_of_ns"].to_list()[-1])
            table = board.update(small_round(2))
            assert board.set_aside == ()
            assert _rows(table, "score_change", "rounds_viable")[A] == (1.0, 2)
            assert [path.name for path in board.path.parent.iterdir()] == ["history.parquet"]
    assert ends == sorted(ends)
    assert set(ends) == {START + BLOCK, START + 2 * BLOCK}
    assert len(ends) > 4
