"""The rebuilt book against a dictionary, and the rules of which messages enter it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arbresearch.store.importers import book as book_module
from arbresearch.store.importers.book import OrderBook, depth_columns, set_level
from arbresearch.store.importers.sequence import DepthMessage, DepthSequence

LEVELS = 3
PRICES = [0.5, 0.51, 0.52, 1.0, 1.1, 99.9, 100.0]

changes = st.tuples(st.booleans(), st.sampled_from(PRICES), st.sampled_from([0.0, 1.0, 2.5, 1e-8]))
messages = st.lists(st.tuples(st.booleans(), st.booleans(), st.lists(changes, max_size=6)), min_size=1, max_size=25)


class SlowBook:
    """Two dictionaries, sorted whenever somebody looks."""

    def __init__(self) -> None:
        self.sides: tuple[dict[float, float], dict[float, float]] = ({}, {})

    def apply(self, reset: bool, of: list[tuple[bool, float, float]]) -> None:
        if reset:
            self.sides = ({}, {})
        for is_bid, price, amount in of:
            side = self.sides[0 if is_bid else 1]
            side.pop(price, None)
            if amount:
                side[price] = amount

    def rows(self, levels: int) -> list[list[float]]:
        best = [sorted(self.sides[0].items(), reverse=True), sorted(self.sides[1].items())]
        filled = [(side + [(float("nan"), float("nan"))] * levels)[:levels] for side in best]
        return [[level[part] for level in side] for side in filled for part in (0, 1)]


def arrays(given_messages: list[tuple[bool, bool, list[tuple[bool, float, float]]]]) -> tuple[np.ndarray, ...]:
    flat = [change for _, _, of in given_messages for change in of]
    starts = np.concatenate([[0], np.cumsum([len(of) for _, _, of in given_messages])]).astype(np.int64)
    return (
        starts,
        np.array([reset for reset, _, _ in given_messages]),
        np.array([emit for _, emit, _ in given_messages]),
        np.array([one[0] for one in flat], dtype=bool),
        np.array([one[1] for one in flat], dtype=float),
        np.array([one[2] for one in flat], dtype=float),
    )


@settings(max_examples=300, deadline=None)
@given(messages, st.sampled_from([1, 2, 7, 1000]))
def test_replay_is_what_two_sorted_dictionaries_say(
    given_messages: list[tuple[bool, bool, list[tuple[bool, float, float]]]], chunk: int
) -> None:
    slow, expected_tops, expected_depth = SlowBook(), [], []
    for reset, emit, of in given_messages:
        slow.apply(reset, of)
        rows = slow.rows(LEVELS)
        expected_tops.append([side[0] for side in rows])
        if emit:
            expected_depth.append(rows)
    fast = OrderBook(LEVELS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(book_module, "_CHUNK", chunk)
        replay = fast.replay(*arrays(given_messages))
    np.testing.assert_array_equal(replay.tops, np.array(expected_tops))
    np.testing.assert_array_equal(replay.depth, np.array(expected_depth).reshape(-1, 4, LEVELS))
    assert fast.counts == (len(slow.sides[0]), len(slow.sides[1]))


@given(st.lists(st.tuples(st.sampled_from(PRICES), st.sampled_from([0.0, 1.0, 2.0])), max_size=40))
def test_set_level_in_python_keeps_keys_ascending_and_sizes_beside_them(of: list[tuple[float, float]]) -> None:
    keys, sizes, count, slow = np.empty(10), np.empty(10), 0, {}
    for key, size in of:
        count = set_level.py_func(keys, sizes, count, key, size)
        slow.pop(key, None)
        if size:
            slow[key] = size
    assert list(zip(keys[:count].tolist(), sizes[:count].tolist(), strict=True)) == sorted(slow.items())


def test_book_grows_beyond_its_first_room_and_remembers_between_calls() -> None:
    book, count = OrderBook(), 10_000
    prices = np.arange(1, count + 1) / 100
    ones, yes = np.ones(count), np.array([True])
    book.replay(np.array([0, count]), yes, ~yes, np.ones(count, dtype=bool), prices, ones)
    assert book.counts == (count, 0)
    nothing = np.empty(0)
    replay = book.replay(np.array([0, 0]), ~yes, yes, nothing.astype(bool), nothing, nothing)
    assert replay.depth[0, 0].tolist() == [100.0, 99.99, 99.98, 99.97, 99.96, 99.95, 99.94, 99.93, 99.92, 99.91]
    assert np.isnan(replay.depth[0, 2]).all()
    book.clear()
    assert book.counts == (0, 0)


def test_depth_columns_are_arrays_of_ten_best_first() -> None:
    depth = np.arange(80, dtype=float).reshape(2, 4, 10)
    columns = depth_columns(depth)
    assert columns["bids"][0].to_list() == list(range(10))
    assert columns["ask_sizes"][1].to_list() == list(range(70, 80))


def message(first: int, final: int, previous: int | None = None, *, snapshot: bool = False) -> DepthMessage:
    one = np.ones(1)
    return DepthMessage(final, b"", final, None, first, final, previous, snapshot, one > 0, one, one)


def snapshot(last: int) -> DepthMessage:
    return message(last, last, snapshot=True)


def ends(of: tuple[DepthMessage, ...]) -> list[int]:
    return [one.final for one in of]


def test_spot_diffs_that_waited_are_joined_to_the_snapshot_and_stale_ones_refused() -> None:
    sequence = DepthSequence()
    for diff in (message(1, 4), message(5, 9), message(10, 12), message(13, 13)):
        assert sequence.rule(diff).apply == ()
    ruling = sequence.rule(snapshot(10))
    assert ends(ruling.apply) == [10, 12, 13]
    assert [(one.final, reason) for one, reason in ruling.refuse] == [(4, "before_snapshot"), (9, "before_snapshot")]
    assert ends(sequence.rule(message(14, 20)).apply) == [20]


@pytest.mark.parametrize(("first", "final"), [(11, 11), (9, 12), (11, 40)])
def test_spot_first_diff_straddles_the_snapshot(first: int, final: int) -> None:
    sequence = DepthSequence()
    sequence.rule(snapshot(10))
    assert ends(sequence.rule(message(first, final)).apply) == [final]


def test_spot_gap_drops_the_book_until_the_next_snapshot() -> None:
    sequence = DepthSequence()
    sequence.rule(snapshot(10))
    assert ends(sequence.rule(message(11, 12)).apply) == [12]
    assert sequence.rule(message(14, 15)).apply == ()
    assert not sequence.in_sequence
    assert sequence.rule(message(16, 17)).apply == ()
    ruling = sequence.rule(snapshot(16))
    assert ends(ruling.apply) == [16, 17]
    assert [(one.final, reason) for one, reason in ruling.refuse] == [(15, "sequence_gap")]
    assert sequence.end() == ()


def test_snapshot_older_than_the_diffs_that_wait_joins_nothing() -> None:
    sequence = DepthSequence()
    sequence.rule(message(50, 60))
    ruling = sequence.rule(snapshot(10))
    assert ruling.apply == ()
    assert [(one.final, reason) for one, reason in ruling.refuse] == [(10, "sequence_gap")]
    assert [(one.final, reason) for one, reason in sequence.end()] == [(60, "sequence_gap")]


def test_repeated_diffs_and_snapshots_in_sequence_change_nothing() -> None:
    sequence = DepthSequence()
    sequence.rule(snapshot(10))
    sequence.rule(message(11, 12))
    for repeated in (message(11, 12), message(10, 11), snapshot(12), snapshot(99)):
        ruling = sequence.rule(repeated)
        assert (ruling.apply, ruling.refuse, ruling.skipped) == ((), (), 1)
    assert ends(sequence.rule(message(13, 13)).apply) == [13]


@pytest.mark.parametrize(("first", "final", "previous"), [(95, 105, 90), (103, 110, 99), (103, 110, 100)])
def test_futures_first_diff_leaves_nothing_between_it_and_the_snapshot(first: int, final: int, previous: int) -> None:
    sequence = DepthSequence()
    sequence.rule(snapshot(100))
    assert ends(sequence.rule(message(first, final, previous)).apply) == [final]


def test_futures_diffs_continue_by_pu_though_ids_jump() -> None:
    sequence = DepthSequence()
    sequence.rule(snapshot(100))
    assert ends(sequence.rule(message(95, 120, 90)).apply) == [120]
    assert ends(sequence.rule(message(500, 510, 120)).apply) == [510]
    assert sequence.rule(message(520, 530, 515)).apply == ()
    assert not sequence.in_sequence


def test_futures_first_diff_after_a_hole_is_a_gap() -> None:
    sequence = DepthSequence()
    sequence.rule(snapshot(100))
    assert sequence.rule(message(103, 110, 101)).apply == ()
    assert not sequence.in_sequence


def test_what_waits_is_bounded() -> None:
    sequence = DepthSequence()
    refused = [one for number in range(5_000) for one in sequence.rule(message(number, number)).refuse]
    assert len(refused) == 5_000 - 4_096
    assert {reason for _, reason in refused} == {"before_snapshot"}
    assert len(sequence.end()) == 4_096
