"""Held against what happened: bins, scores and their parts, against sums written out."""

from __future__ import annotations

import math

import numpy as np
import pytest

from arbresearch.core import BadInput
from arbresearch.edges.arrays import Bools, Floats, Times
from arbresearch.signals.calibration_report import judge_confidence, time_blocks
from arbresearch.signals.study import standard_error

SECOND = 1_000_000_000


def _stated(count: int, seed: int = 5, bend: float = 0.0) -> tuple[Floats, Bools, Times]:
    random = np.random.default_rng(seed)
    chance = random.beta(2.0, 1.5, count)
    happened = random.uniform(size=count) < np.clip(chance + bend * (0.5 - chance), 0.0, 1.0)
    return chance, happened, np.arange(count) * SECOND


def test_bins_and_scores_written_out() -> None:
    chance, happened, times = _stated(997, bend=0.3)
    report = judge_confidence(chance, happened, times, 10 * SECOND)
    ranked = sorted(zip(chance.tolist(), happened.tolist(), strict=True))
    bins, at = [], 0
    for place in range(10):
        size = 100 if place < 7 else 99
        bins.append(ranked[at : at + size])
        at += size
    assert report.table["outcomes"].to_list() == [100] * 7 + [99] * 3
    n = len(ranked)
    base = sum(came for _, came in ranked) / n
    stated = [sum(p for p, _ in one) / len(one) for one in bins]
    seen = [sum(came for _, came in one) / len(one) for one in bins]
    assert report.table["confidence"].to_list() == pytest.approx(stated)
    assert report.table["observed"].to_list() == pytest.approx(seen)
    assert report.table["lowest"].to_list() == [one[0][0] for one in bins]
    assert report.table["highest"].to_list() == [one[-1][0] for one in bins]
    error = sum(len(one) * abs(s - o) for one, s, o in zip(bins, stated, seen, strict=True)) / n
    assert report.ece == pytest.approx(error)
    assert report.brier == pytest.approx(sum((p - came) ** 2 for p, came in ranked) / n)
    likely = sum(math.log(p if came else 1.0 - p) for p, came in ranked)
    assert report.log_loss == pytest.approx(-likely / n)
    assert report.uncertainty == pytest.approx(base * (1.0 - base))
    parts = [len(one) / n for one in bins]
    assert report.reliability == pytest.approx(
        sum(w * (s - o) ** 2 for w, s, o in zip(parts, stated, seen, strict=True))
    )
    assert report.resolution == pytest.approx(sum(w * (o - base) ** 2 for w, o in zip(parts, seen, strict=True)))
    inside = sum(
        (p - s) ** 2 - 2.0 * (p - s) * (came - o)
        for one, s, o in zip(bins, stated, seen, strict=True)
        for p, came in one
    )
    assert report.within == pytest.approx(inside / n)
    assert report.skill == pytest.approx(1.0 - report.brier / report.uncertainty)


def test_of_a_perfect_forecast_only_chance_is_left() -> None:
    found = [judge_confidence(*_stated(4_000, seed), 10 * SECOND) for seed in range(12)]
    assert np.mean([one.ece for one in found]) == pytest.approx(np.mean([one.ece_chance for one in found]), rel=0.2)
    assert all(one.ece_lower <= one.ece <= one.ece_upper for one in found)
    # Independent outcomes: mean of |N(0, p(1-p)/400)| over the bins.
    assert found[0].ece_chance == pytest.approx(0.0175, rel=0.2)


def test_a_wrong_forecast_is_beyond_its_interval() -> None:
    given = _stated(20_000, bend=0.4)
    report = judge_confidence(*given, 10 * SECOND)
    assert report.ece == pytest.approx(0.4 * np.abs(given[0] - 0.5).mean(), rel=0.1)
    assert report.ece_lower > 0.06
    assert report.table["upper"][-1] < report.table["confidence"][-1]


def test_intervals_count_blocks_and_not_outcomes() -> None:
    chance, happened, times = _stated(2_000)
    alone = judge_confidence(chance, happened, times, 10 * SECOND)
    many = judge_confidence(np.repeat(chance, 20), np.repeat(happened, 20), np.repeat(times, 20), 10 * SECOND)
    assert (alone.blocks, many.blocks) == (50, 50)
    assert many.ece_upper - many.ece == pytest.approx(alone.ece_upper - alone.ece, rel=0.15)
    assert math.isnan(judge_confidence(chance[:200], happened[:200], times[:200], 10 * SECOND).ece_upper)


def test_blocks_are_at_most_a_thousand() -> None:
    assert time_blocks(np.arange(100) * SECOND, 5 * SECOND).tolist() == np.repeat(np.arange(5), 20).tolist()
    assert time_blocks(np.arange(10**6), 1).max() <= 1_001
    assert time_blocks(np.array([0, 10**6]), 1).tolist() == [0, 1]


def test_the_error_of_a_mean_is_that_of_its_blocks() -> None:
    """Twenty blocks of equal values: the error of twenty independent ones."""
    values = np.random.default_rng(4).normal(size=20)
    found = standard_error(np.repeat(values, 40), np.arange(800) * SECOND, 10 * SECOND)
    assert found == pytest.approx(values.std(ddof=1) / math.sqrt(20))
    assert math.isnan(standard_error(values, np.arange(20), 10 * SECOND))


def test_what_is_refused() -> None:
    chance, happened, times = _stated(50)
    with pytest.raises(BadInput, match="outcomes: expected at least 10, one for each bin, was 9"):
        judge_confidence(chance[:9], happened[:9], times[:9], SECOND)
    for wrong in (1.5, math.nan):
        with pytest.raises(BadInput, match=f"confidence: expected chances from 0 to 1, was {wrong}"):
            judge_confidence(np.append(chance[1:], wrong), happened, times, SECOND)
