"""The plateau: smoothing, joining and the middle against slow versions, by hand, and what is chosen again."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arbresearch.core import BadInput, ParameterError
from arbresearch.thresholds import (
    Lattice,
    ReversionTerms,
    bootstrap_weights,
    choice_intervals,
    choose_plateau,
    joint_block_size,
    theory_rate,
)
from tests.thresholds.paths import reverting

Floats = npt.NDArray[np.float64]


def places_of(*lengths: int) -> Any:
    return np.array(list(itertools.product(*(range(one) for one in lengths))))


def slow_smooth(values: list[float], places: list[tuple[int, ...]]) -> list[float]:
    """Average each point with all points at most one step away in every dimension, half the weight a step."""
    known = dict(zip(places, values, strict=True))
    out = []
    for place in places:
        total = weight = 0.0
        for steps in itertools.product((-1, 0, 1), repeat=len(place)):
            other = tuple(a + b for a, b in zip(place, steps, strict=True))
            if other in known:
                share = 0.5 ** sum(map(abs, steps))
                total += share * known[other]
                weight += share
        out.append(total / weight)
    return out


def slow_joined(good: list[bool], places: list[tuple[int, ...]], to: int) -> list[bool]:
    """Walk from a point to all it can reach."""
    reached = {to}
    while True:
        more = {
            i for i, place in enumerate(places)
            if good[i] and i not in reached
            and any(sum(abs(a - b) for a, b in zip(place, places[j], strict=True)) == 1 for j in reached)
        }  # fmt: skip
        if not more:
            return [i in reached for i in range(len(places))]
        reached |= more


@settings(max_examples=40, deadline=None)
@given(st.sampled_from([(5,), (4, 3), (3, 1, 4), (2, 3, 2, 2)]), st.integers(0, 2**32), st.floats(0.0, 0.5))
def test_smoothing_and_joining_against_slow_versions(lengths: tuple[int, ...], seed: int, missing: float) -> None:
    rng = np.random.default_rng(seed)
    places = places_of(*lengths)
    places = places[rng.permutation(len(places))]
    places = places[rng.random(len(places)) >= missing]
    if not len(places):
        return
    lattice = Lattice(places)
    listed = [tuple(map(int, one)) for one in lattice.index]
    rows = rng.normal(size=(3, len(places)))
    wanted = [slow_smooth(row.tolist(), listed) for row in rows]
    assert lattice.smooth(rows) == pytest.approx(np.array(wanted))
    good = rng.random(len(places)) < 0.7
    to = int(rng.integers(len(places)))
    good[to] = True
    assert lattice.joined(good, to).tolist() == slow_joined(good.tolist(), listed, to)


def test_plateau_by_hand() -> None:
    """Noise all points share does not widen it; a second hill as high, behind a valley, is not part of it."""
    height = np.array([0.0, 4.0, 6.0, 6.1, 6.0, 4.0, 0.0, 0.0, 6.0, 6.0, 6.0, 0.0])
    rng = np.random.default_rng(1)
    own = np.zeros((200, 12))
    own[:, 1:] = 0.6 * rng.standard_normal((200, 11))
    own -= own.mean(axis=0)
    profit = height + own + 50.0 * rng.standard_normal((200, 1))
    found = choose_plateau(profit, places_of(12), names=["width"])
    assert found.peak == 3
    assert found.choice == 3
    assert found.members.tolist() == [False] * 3 + [True] + [False] * 8
    wide = choose_plateau(height + 30.0 * own, places_of(12), names=["width"])
    assert {2, 3, 4} <= set(np.flatnonzero(wide.members).tolist())
    assert not wide.members[9]
    smoothed = slow_smooth(profit.mean(axis=0).tolist(), [(i,) for i in range(12)])
    assert found.smoothed == pytest.approx(smoothed)
    assert found.standard_error[3] == 0.0
    assert found.value_error == pytest.approx(np.full(12, 50.0 / math.sqrt(200)), rel=0.35)
    assert found.at_edge == ()


def test_middle_and_not_the_peak() -> None:
    """A flat top from 2 to 8 with a spike at its left end."""
    height = np.array([0.0, 0.0, 5.2, 5.0, 5.0, 5.0, 5.0, 5.0, 5.0, 0.0, 0.0])
    rng = np.random.default_rng(3)
    found = choose_plateau(height + 8.0 * rng.standard_normal((300, 11)), places_of(11), names=["width"])
    assert 4 <= found.choice <= 7


def test_edge_of_the_grid_is_said() -> None:
    rising = np.arange(6.0)[None, :] + 0.1 * np.random.default_rng(0).standard_normal((50, 6))
    places = np.stack([np.arange(6), np.zeros(6, dtype=int)], axis=1)
    assert choose_plateau(rising, places, names=["width", "skew"]).at_edge == ("width high",)
    assert choose_plateau(rising[:, ::-1], places, names=["width", "skew"]).at_edge == ("width low",)


def test_points_that_never_trade() -> None:
    found = choose_plateau(np.zeros((30, 6)), places_of(6), names=["width"])
    assert found.members.all()
    assert found.at_edge == ("width low", "width high")
    assert found.choice in (2, 3)


def surface(seed: int, blocks: int, widths: Floats, means: Floats) -> Floats:
    """Return block profits with given means, and errors that neighbours share."""
    apart = np.abs(np.log(widths[:, None] / widths[None, :]))
    mixed = np.linalg.cholesky(np.exp(-apart) + 1e-9 * np.eye(widths.size))
    shocks = reverting(blocks, -math.log(0.2), seed=seed, paths=widths.size).T
    return np.asarray(means + 1.5 * means.max() * shocks @ mixed.T)


def test_choice_is_near_the_best_and_its_interval_holds() -> None:
    """The process's own rates: 96 % of the best on average, the best within the interval in 53 and more of 60.

    Over 150 other seeds it was in 98 %; under 53 of 60 have a chance of 1 % at 95 %.
    """
    terms = ReversionTerms(theta_bps=0.0, kappa=0.01, sigma=math.sqrt(2.0), cost_bps=6.0)
    widths = np.geomspace(3.3, 25.0, 16)
    rates = np.array([theory_rate(terms, one).rate_bps_day for one in widths])
    best = widths[rates.argmax()]
    places = np.arange(16)[:, None]
    reached, held = [], 0
    for seed in range(60):
        profit = surface(seed, 480, widths, rates)
        weights = bootstrap_weights(480, joint_block_size(profit), 199, seed)
        found = choice_intervals(profit, places, widths[:, None], weights, names=["width"])
        reached.append(rates[found.plateau.choice] / rates.max())
        interval = found.intervals[0]
        assert interval.value == widths[found.plateau.choice]
        assert interval.low <= interval.high
        held += interval.low <= best <= interval.high
    assert np.mean(reached) >= 0.96
    assert held >= 53


def test_choice_again_is_optional() -> None:
    profit = np.random.default_rng(1).normal(size=(60, 5)) + np.array([0.0, 1.0, 2.0, 1.0, 0.0])
    weights = bootstrap_weights(60, 4.0, 99)
    both = choice_intervals(profit, places_of(5), np.arange(5.0)[:, None], weights, names=["width"])
    once = choice_intervals(profit, places_of(5), np.arange(5.0)[:, None], weights, names=["width"], again=False)
    assert once.plateau.choice == both.plateau.choice == 2
    assert both.chosen.shape == (99,)
    assert (once.chosen.size, math.isnan(once.intervals[0].low), once.intervals[0].value) == (0, True, 2.0)
    assert choose_plateau(profit, places_of(5), weights=weights, names=["width"]).choice == 2


def test_resamples_are_chosen_like_the_sample() -> None:
    """Each row of weights is a sample of its own, but for the errors."""
    profit = np.random.default_rng(2).normal(size=(80, 7)) * 0.5 + [0.0, 1.0, 2.0, 2.1, 2.0, 1.0, 0.0]
    weights = bootstrap_weights(80, 3.0, 50)
    found = choice_intervals(profit, places_of(7), np.arange(7.0)[:, None], weights, names=["width"])
    lattice = Lattice(places_of(7))
    means = weights @ profit
    for row, choice in zip(lattice.smooth(means), found.chosen, strict=True):
        peak = int(row.argmax())
        error = (lattice.smooth(means)[:, [peak]] - lattice.smooth(means)).std(axis=0, ddof=1)
        members = slow_joined((row >= row[peak] - error).tolist(), [(i,) for i in range(7)], peak)
        assert members[choice]


@pytest.mark.parametrize(
    ("index", "words"),
    [
        (np.zeros((0, 2), dtype=int), "index: expected whole numbers, points x dimensions"),
        ([[0.5]], "index"),
        ([[0], [-1]], "index: expected places from zero on, was -1"),
        ([[0, 1], [0, 1]], "index: expected one place for each point, was two points at one place"),
    ],
)
def test_what_is_no_lattice(index: Any, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        Lattice(index)


def test_arrays_that_do_not_fit() -> None:
    with pytest.raises(BadInput, match="profit: expected a column for each of 3 points"):
        choose_plateau(np.zeros((9, 2)), places_of(3), names=["width"])
    with pytest.raises(BadInput, match="as many points and dimensions"):
        choose_plateau(np.zeros((9, 3)), places_of(3))
    with pytest.raises(BadInput, match="weights: expected resamples x 9 blocks"):
        choose_plateau(np.zeros((9, 3)), places_of(3), weights=np.ones((5, 8)), names=["width"])
    with pytest.raises(BadInput, match="resampled: expected two or more"):
        choose_plateau(np.zeros((9, 3)), places_of(3), resamples=1, names=["width"])
    weights = bootstrap_weights(9, 2.0, 10)
    with pytest.raises(BadInput, match="coordinates"):
        choice_intervals(np.zeros((9, 3)), places_of(3), np.zeros((2, 1)), weights, names=["width"])
    with pytest.raises(ParameterError, match="confidence"):
        choice_intervals(np.zeros((9, 3)), places_of(3), np.zeros((3, 1)), weights, names=["width"], confidence=1.0)
