"""Shares of time and updates above thresholds against hand computation."""

from __future__ import annotations

import pytest

from arbresearch.core import BadInput, FeeSchedule, parse_ns
from arbresearch.edges import align, edge_profile, time_share
from tests.edges.slow import quotes

S = 1_000_000_000
FRIDAY_2355 = parse_ns("2024-08-09T23:55:00")


def steps(start_ns: int, moves: list[tuple[float, float]], **limits: int) -> object:
    a = quotes([(start_ns + round(at * S), 100.0 * (1.0 + bps / 1e4), 1.0, 200.0, 1.0) for at, bps in moves])
    b = quotes([(start_ns + round(at * S), 50.0, 1.0, 100.0, 1.0) for at, _ in moves])
    return align(a, b, **limits)


def test_hand_computed_shares() -> None:
    pair = steps(FRIDAY_2355, [(0, 1.0), (1, 6.0), (4, 12.0), (5, 1.0), (10, 9.0)])
    found = time_share(pair, [0.0, 5.0, 10.0], direction="ab")
    assert found["threshold_bps"].to_list() == [0.0, 5.0, 10.0]
    assert found["updates"].to_list() == [5, 5, 5]
    assert found["seconds"].to_list() == [10.0] * 3
    assert found["share_of_updates"].to_list() == [1.0, 0.6, 0.2]
    assert found["share_of_time"].to_list() == [1.0, 0.4, 0.1]
    assert found["mean_bps"].to_list() == pytest.approx([(1.0 + 6.0 * 3 + 12.0 + 1.0 * 5) / 10] * 3)


def test_one_threshold_may_be_a_number() -> None:
    assert time_share(steps(0, [(0, 1.0), (1, 6.0)]), 5.0, direction="ab").height == 1


def test_stale_time_counts_neither_way() -> None:
    pair = steps(FRIDAY_2355, [(0, 9.0), (10, 1.0), (11, 1.0)], max_age_ns=2 * S)
    row = time_share(pair, 5.0, direction="ab").row(0, named=True)
    assert (row["seconds"], row["updates"]) == (3.0, 3)
    assert row["share_of_time"] == pytest.approx(2.0 / 3.0)


def test_time_is_split_at_midnight_and_into_the_next_week_day() -> None:
    pair = steps(FRIDAY_2355, [(0, 9.0), (600, 1.0), (900, 1.0)])
    by_hour = edge_profile(pair, 5.0, direction="ab")
    assert by_hour["hour"].to_list() == list(range(24))
    known = by_hour.filter(by_hour["updates"] + by_hour["seconds"] > 0)
    assert known.select("hour", "updates", "seconds", "share_of_time").rows() == [
        (0, 2, 600.0, 0.5),
        (23, 1, 300.0, 1.0),
    ]
    assert by_hour["share_of_time"].is_nan().sum() == 22
    by_weekday = edge_profile(pair, 5.0, by="weekday", direction="ab")
    assert by_weekday["seconds"].to_list() == [0.0, 0.0, 0.0, 0.0, 300.0, 600.0, 0.0]
    both = edge_profile(pair, [0.0, 5.0], by="hour_of_week", direction="ab")
    assert both.height == 336
    assert both.filter(both["updates"] > 0).select("weekday", "hour", "threshold_bps", "share_of_time").rows() == [
        (5, 23, 0.0, 1.0),
        (5, 23, 5.0, 1.0),
        (6, 0, 0.0, 1.0),
        (6, 0, 5.0, 0.5),
    ]


def test_fees_lower_the_edge() -> None:
    pair = steps(0, [(0, 25.0), (1, 15.0), (2, 0.0)])
    fees = FeeSchedule(0.0, 0.001)
    assert time_share(pair, 0.0, direction="ab")["share_of_time"].to_list() == [1.0]
    assert time_share(pair, 0.0, direction="ab", fees_a=fees, fees_b=fees)["share_of_time"].to_list() == [0.5]


def test_bad_arguments_are_refused() -> None:
    pair = steps(0, [(0, 1.0)])
    with pytest.raises(BadInput, match="thresholds_bps: expected at least one threshold"):
        time_share(pair, [])
    with pytest.raises(BadInput, match="threshold_bps: expected a finite number"):
        time_share(pair, [1.0, float("nan")])
    with pytest.raises(BadInput, match="by: expected hour, weekday or hour_of_week, was 'day'"):
        edge_profile(pair, 1.0, by="day")  # type: ignore[arg-type]
