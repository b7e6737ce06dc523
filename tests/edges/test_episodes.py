"""Episodes against hand computation."""

from __future__ import annotations

import math

import polars as pl
import pytest

from arbresearch.core import BadInput, FeeSchedule, Role
from arbresearch.edges import Pair, align, episodes
from tests.edges.slow import quotes

NAN = math.nan
S = 1_000_000_000


def pair_of(edges_bps: list[float], *, times_s: list[float] | None = None, **limits: int) -> Pair:
    """Return a pair whose ab edge takes the given values at the given seconds; B updates every time, A once more.

    B's ask stays at 100; A's bid makes the edge. A NaN edge is an empty bid.
    """
    seconds = times_s or [float(i) for i in range(len(edges_bps))]
    moments = [round(s * S) for s in seconds]
    bids = [100.0 * (1.0 + e / 1e4) for e in edges_bps]
    a = quotes([(t, bid, i + 1.0, 200.0, 1.0) for i, (t, bid) in enumerate(zip(moments, bids, strict=True))])
    b = quotes([(t, 50.0, 1.0, 100.0, 100.0) for t in moments])
    return align(a, b, **limits)


def test_hand_computed_episodes() -> None:
    pair = pair_of([0.0, 6.0, 12.0, 6.0, 5.0, 4.0, 8.0, 8.0], times_s=[0, 1, 2, 4, 5, 6, 7, 10])
    found = episodes(pair, 5.5, direction="ab", latency_s=1.5)
    assert found.columns == [
        "direction",
        "start_ns",
        "end_ns",
        "duration_s",
        "peak_bps",
        "mean_bps",
        "size_start",
        "edge_latency_bps",
        "size_latency",
        "updates",
        "censored",
        "left_censored",
    ]
    first, second = found.rows(named=True)
    assert (first["direction"], first["start_ns"], first["end_ns"], first["duration_s"]) == ("ab", 1 * S, 5 * S, 4.0)
    assert first["peak_bps"] == pytest.approx(12.0)
    assert first["mean_bps"] == pytest.approx((6.0 * 1 + 12.0 * 2 + 6.0 * 1) / 4)
    assert (first["size_start"], first["size_latency"], first["updates"]) == (2.0, 3.0, 3)
    assert first["edge_latency_bps"] == pytest.approx(12.0)
    assert (first["censored"], first["left_censored"]) == (False, False)
    assert (second["start_ns"], second["end_ns"], second["updates"], second["censored"]) == (7 * S, 10 * S, 2, True)
    assert second["size_latency"] == 7.0


def test_the_threshold_is_exceeded_strictly() -> None:
    bid, ask = quotes([(0, 101.0, 1.0, 200.0, 1.0)]), quotes([(0, 50.0, 1.0, 100.0, 1.0), (S, 50.0, 1.0, 100.0, 1.0)])
    assert episodes(align(bid, ask), 100.0, direction="ab").height == 0
    assert episodes(align(bid, ask), math.nextafter(100.0, 0.0), direction="ab").height == 1


def test_an_episode_open_at_the_first_row_is_left_censored() -> None:
    found = episodes(pair_of([7.0, 7.0, 1.0, 7.0, 1.0]), 5.0, direction="ab")
    assert found["left_censored"].to_list() == [True, False]
    assert found["duration_s"].to_list() == [2.0, 1.0]


def test_close_episodes_are_one_and_the_gap_counts_with_its_edge() -> None:
    pair = pair_of([0.0, 8.0, 2.0, 8.0, 0.0, 0.0, 9.0, 0.0])
    assert episodes(pair, 5.0, direction="ab", min_gap_s=1.0).height == 3
    found = episodes(pair, 5.0, direction="ab", min_gap_s=1.5)
    assert found["start_ns"].to_list() == [1 * S, 6 * S]
    assert found["end_ns"].to_list() == [4 * S, 7 * S]
    assert found["mean_bps"].to_list() == pytest.approx([(8.0 + 2.0 + 8.0) / 3, 9.0])
    assert found["updates"].to_list() == [3, 1]
    assert found["censored"].to_list() == [False, False]


def test_an_episode_ends_at_the_instant_a_book_goes_stale_not_at_the_next_row() -> None:
    pair = pair_of([0.0, 8.0, 8.0, 0.0], times_s=[0, 1, 10, 11], max_age_ns=2 * S)
    found = episodes(pair, 5.0, direction="ab", latency_s=2.5)
    assert found["start_ns"].to_list() == [1 * S, 10 * S]
    assert found["end_ns"].to_list() == [3 * S, 11 * S]
    assert found["censored"].to_list() == [True, False]
    assert found["left_censored"].to_list() == [False, True]
    assert math.isnan(found["edge_latency_bps"][0])
    assert found["size_latency"][0] == 0.0
    merged = episodes(pair, 5.0, direction="ab", min_gap_s=8.0)
    assert merged["end_ns"].to_list() == [11 * S]
    assert merged["duration_s"].to_list() == [10.0]
    assert merged["mean_bps"].to_list() == pytest.approx([8.0])


def test_one_silent_book_ends_an_episode_while_the_other_keeps_updating() -> None:
    a = quotes([(0, 101.0, 1.0, 102.0, 1.0)])
    b = quotes([(k * S, 99.0, 1.0, 100.0, 1.0) for k in range(6)])
    found = episodes(align(a, b, max_age_ns=(2_500_000_000, None)), 5.0, direction="ab")
    assert found["end_ns"].to_list() == [2_500_000_000]
    assert found["censored"].to_list() == [True]
    assert found["updates"].to_list() == [3]


def test_skew_beyond_its_limit_ends_an_episode_as_censored() -> None:
    a = quotes([(0, 101.0, 1.0, 102.0, 1.0)])
    b = quotes([(0, 99.0, 1.0, 100.0, 1.0), (S, 99.0, 1.0, 100.0, 1.0), (3 * S, 99.0, 1.0, 100.0, 1.0)])
    found = episodes(align(a, b, max_skew_ns=2 * S), 5.0, direction="ab")
    assert found.select("end_ns", "censored").row(0) == (3 * S, True)


def test_an_empty_side_ends_an_episode_that_was_seen_to_end() -> None:
    found = episodes(pair_of([0.0, 8.0, NAN, 8.0, 0.0]), 5.0, direction="ab")
    assert found["end_ns"].to_list() == [2 * S, 4 * S]
    assert found["censored"].to_list() == [False, False]
    assert found["left_censored"].to_list() == [False, False]


def test_latency_looks_at_the_state_then() -> None:
    pair = pair_of([0.0, 8.0, 1.0, 9.0, 0.0], times_s=[0, 1, 2, 3, 4])
    found = episodes(pair, 5.0, direction="ab", latency_s=1.0)
    assert found["edge_latency_bps"].to_list() == pytest.approx([1.0, 0.0], abs=1e-9)
    assert found["size_latency"].to_list() == [0.0, 0.0]
    late = episodes(pair, 5.0, direction="ab", latency_s=2.0)
    assert late["edge_latency_bps"][0] == pytest.approx(9.0)
    assert late["size_latency"][0] == 4.0
    assert math.isnan(late["size_latency"][1])
    assert math.isnan(late["edge_latency_bps"][1])
    now = episodes(pair, 5.0, direction="ab")
    assert now["edge_latency_bps"].to_list() == now["peak_bps"].to_list()
    assert now["size_latency"].to_list() == now["size_start"].to_list() == [2.0, 4.0]


def test_best_takes_the_larger_direction_and_says_which_it_started_with() -> None:
    a = quotes(
        [
            (0, 100.0, 1.0, 100.1, 1.0),
            (S, 101.0, 2.0, 101.1, 1.0),
            (2 * S, 98.0, 1.0, 98.1, 3.0),
            (3 * S, 100.0, 1.0, 100.1, 1.0),
        ]
    )
    b = quotes([(0, 100.0, 5.0, 100.1, 5.0)])
    pair = align(a, b)
    best = episodes(pair, 5.0)
    assert best.select("direction", "start_ns", "end_ns", "size_start").rows() == [("ab", S, 3 * S, 2.0)]
    assert best["peak_bps"][0] == pytest.approx((100.0 - 98.1) / 98.1 * 1e4)
    assert episodes(pair, 5.0, direction="ba").select("direction", "start_ns", "end_ns").rows() == [
        ("ba", 2 * S, 3 * S)
    ]


def test_fees_make_the_edge_net() -> None:
    pair = pair_of([0.0, 25.0, 18.0, 0.0])
    fees = FeeSchedule(0.0, 0.001)
    gross = episodes(pair, 0.0, direction="ab")
    net = episodes(pair, 0.0, direction="ab", fees_a=fees, fees_b=fees)
    assert gross["duration_s"].to_list() == [2.0]
    assert net["duration_s"].to_list() == [1.0]
    assert net["peak_bps"].to_list() == pytest.approx([1e4 * (1.0025 * 0.999 / 1.001 - 1.0)])
    maker = episodes(pair, 0.0, direction="ab", fees_a=fees, fees_b=fees, role_b=Role.MAKER)
    assert maker["peak_bps"][0] == pytest.approx(1e4 * (100.25 * 0.999 / 50.0 - 1.0))


def test_no_episode_gives_an_empty_table_of_the_same_columns() -> None:
    some, none = episodes(pair_of([0.0, 8.0, 0.0]), 5.0), episodes(pair_of([0.0, 8.0, 0.0]), 5e6)
    assert none.height == 0
    assert none.schema == some.schema
    assert some.schema["direction"] == pl.Enum(["ab", "ba"])


def test_one_row_can_be_an_episode_without_duration() -> None:
    found = episodes(pair_of([0.0, 0.0, 8.0]), 5.0, direction="ab")
    assert found.select("duration_s", "updates", "censored").row(0) == (0.0, 1, True)
    assert found["mean_bps"].to_list() == found["peak_bps"].to_list() == pytest.approx([8.0])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"direction": "up"}, "direction: expected ab, ba or best, was 'up'; ab sells on A"),
        ({"threshold_bps": NAN}, "threshold_bps: expected a finite number"),
        ({"threshold_bps": True}, "threshold_bps: expected a finite number"),
        ({"min_gap_s": -1.0}, "min_gap_s: expected a number of seconds, zero or more, was -1.0"),
        ({"latency_s": NAN}, "latency_s: expected a number of seconds"),
        ({"fees_a": FeeSchedule(0.0, 0.0)}, "fees: expected those of both venues, .* was no fees_b"),
        ({"fees_b": FeeSchedule(0.0, 0.0)}, "fees: expected those of both venues, .* was no fees_a"),
    ],
)
def test_bad_arguments_are_refused(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(BadInput, match=message):
        episodes(pair_of([0.0, 8.0]), **{"threshold_bps": 5.0, **arguments})  # type: ignore[arg-type]
