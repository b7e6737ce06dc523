"""Gross and net edges against hand computation."""

from __future__ import annotations

import math

import numpy as np
import pytest

from arbresearch.core import BadInput, FeeSchedule, Role, net_edge_bps
from arbresearch.edges import align, edges
from tests.edges.slow import quotes

NAN = math.nan
FREE = FeeSchedule(0.0, 0.0)
FEES_A = FeeSchedule(0.0, 0.001)
FEES_B = FeeSchedule(-0.0001, 0.0005)


def test_hand_computed_edges_both_ways() -> None:
    pair = align(quotes([(1, 101.0, 3.0, 102.0, 4.0)]), quotes([(1, 99.0, 5.0, 100.0, 2.0)]))
    row = edges(pair, FEES_A, FEES_B).row(0, named=True)
    assert row["gross_ab_bps"] == pytest.approx(100.0, abs=1e-9)
    assert row["gross_ba_bps"] == pytest.approx(-3.0 / 102.0 * 1e4, abs=1e-9)
    assert row["net_ab_bps"] == pytest.approx(1e4 * (101.0 * 0.999 / (100.0 * 1.0005) - 1.0), abs=1e-9)
    assert row["net_ba_bps"] == pytest.approx(1e4 * (99.0 * 0.9995 / (102.0 * 1.001) - 1.0), abs=1e-9)
    assert row["gross_best_bps"] == row["gross_ab_bps"]
    assert row["net_best_bps"] == row["net_ab_bps"]
    assert row["best_direction"] == "ab"
    assert (row["size_ab"], row["size_ba"]) == (2.0, 4.0)


def test_net_is_the_same_number_as_in_core() -> None:
    random = np.random.default_rng(3)
    prices = random.uniform(0.5, 2.0, (200, 4))
    a = quotes([(i, p[0], 1.0, p[1], 1.0) for i, p in enumerate(prices)])
    b = quotes([(i, p[2], 1.0, p[3], 1.0) for i, p in enumerate(prices)])
    found = edges(align(a, b), FEES_A, FEES_B)
    assert found["net_ab_bps"].to_list() == [net_edge_bps(p[0], p[3], 0.001, 0.0005) for p in prices]
    assert found["net_ba_bps"].to_list() == [net_edge_bps(p[2], p[1], 0.0005, 0.001) for p in prices]
    assert found["gross_ab_bps"].to_list() == [(p[0] - p[3]) / p[3] * 1e4 for p in prices]


def test_best_direction_is_by_net_edge_and_ab_when_equal() -> None:
    a = quotes([(1, 100.0, 1.0, 100.0, 1.0), (2, 100.0, 1.0, 101.0, 1.0)])
    b = quotes([(1, 100.0, 1.0, 100.0, 1.0), (2, 102.0, 1.0, 103.0, 1.0)])
    assert edges(align(a, b), FREE, FREE)["best_direction"].to_list() == ["ab", "ba"]


def test_an_empty_side_leaves_the_other_direction() -> None:
    pair = align(quotes([(1, NAN, NAN, 100.0, 1.0), (2, NAN, NAN, NAN, NAN)]), quotes([(1, 101.0, 6.0, 102.0, 7.0)]))
    found = edges(pair, FREE, FREE)
    first = found.row(0, named=True)
    assert math.isnan(first["gross_ab_bps"])
    assert math.isnan(first["net_ab_bps"])
    assert math.isnan(first["size_ab"])
    assert first["gross_ba_bps"] == first["gross_best_bps"] == pytest.approx(100.0)
    assert (first["best_direction"], first["size_ba"]) == ("ba", 1.0)
    second = found.row(1, named=True)
    assert second.pop("recv_ns") == 2
    assert second.pop("best_direction") is None
    assert all(math.isnan(value) for value in second.values())


def test_stale_rows_have_no_edge() -> None:
    a = quotes([(10, 101.0, 1.0, 102.0, 1.0)])
    b = quotes([(10, 99.0, 1.0, 100.0, 1.0), (15, 99.0, 1.0, 100.0, 1.0), (16, 99.0, 1.0, 100.0, 1.0)])
    assert edges(align(a, b, max_age_ns=5), FREE, FREE)["gross_ab_bps"].is_nan().to_list() == [False, False, True]
    assert edges(align(a, b, max_skew_ns=4), FREE, FREE)["best_direction"].to_list() == ["ab", None, None]


def test_a_maker_leg_rests_at_its_own_side_and_takes_no_size() -> None:
    pair = align(quotes([(1, 101.0, 3.0, 102.0, 4.0)]), quotes([(1, 99.0, 5.0, 100.0, 2.0)]))
    on_a = edges(pair, FEES_A, FEES_B, role_a=Role.MAKER).row(0, named=True)
    assert on_a["gross_ab_bps"] == pytest.approx(200.0, abs=1e-9)
    assert on_a["net_ab_bps"] == pytest.approx(1e4 * (102.0 / (100.0 * 1.0005) - 1.0), abs=1e-9)
    assert on_a["gross_ba_bps"] == pytest.approx((99.0 - 101.0) / 101.0 * 1e4, abs=1e-9)
    assert (on_a["size_ab"], on_a["size_ba"]) == (2.0, 5.0)
    on_b = edges(pair, FEES_A, FEES_B, role_b=Role.MAKER).row(0, named=True)
    assert on_b["net_ab_bps"] == pytest.approx(1e4 * (101.0 * 0.999 / (99.0 * 0.9999) - 1.0), abs=1e-9)
    assert (on_b["size_ab"], on_b["size_ba"]) == (3.0, 4.0)


def test_maker_on_both_sides_is_refused() -> None:
    pair = align(quotes([(1, 101.0, 3.0, 102.0, 4.0)]), quotes([(1, 99.0, 5.0, 100.0, 2.0)]))
    with pytest.raises(BadInput, match="roles: expected at least one taker, was maker on both venues"):
        edges(pair, FREE, FREE, role_a=Role.MAKER, role_b=Role.MAKER)
