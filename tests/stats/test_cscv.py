"""Combinatorial cross-validation against printed values, every split counted by hand, and what must not matter."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import rankdata

from arbresearch.core import BadInput, ParameterError
from arbresearch.stats import backtest_overfitting, backtest_overfitting_probability
from arbresearch.stats import cscv_kernels as kernels

Floats = npt.NDArray[np.float64]

PRINTED = np.array(
    [
        [math.sin(0.7 * t * (j + 1) + j) / 100 + 0.001 * j * math.cos(t / 9) + 0.0004 * j for j in range(6)]
        for t in range(48)
    ]
)

shapes = st.tuples(st.sampled_from([2, 4, 6, 8]), st.integers(2, 6), st.integers(0, 30), st.integers(0, 2**32))


def draw(shape: tuple[int, int, int, int]) -> tuple[Floats, int]:
    """Return returns that no two strategies share, and the number of blocks."""
    blocks, strategies, more, seed = shape
    return np.random.default_rng(seed).standard_normal((2 * blocks + more, strategies)), blocks


def slow_splits(matrix: Floats, blocks: int) -> list[tuple[float, float, float]]:
    """Return logit, and Sharpe ratio in and out of sample of the best in sample, of each split."""
    longer = matrix.shape[0] % blocks
    edges = np.cumsum([0] + [matrix.shape[0] // blocks + (b < longer) for b in range(blocks)])
    found = []
    for chosen in combinations(range(blocks), blocks // 2):
        mask = np.zeros(matrix.shape[0], dtype=bool)
        for b in chosen:
            mask[edges[b] : edges[b + 1]] = True
        inside, outside = (half.mean(axis=0) / half.std(axis=0, ddof=1) for half in (matrix[mask], matrix[~mask]))
        best = int(inside.argmax())
        share = rankdata(outside)[best] / (matrix.shape[1] + 1)
        found.append((math.log(share / (1.0 - share)), float(inside[best]), float(outside[best])))
    return found


@pytest.mark.parametrize(("blocks", "wanted"), [(4, 0.6666667), (8, 0.6857143)])
def test_printed_probabilities(blocks: int, wanted: float) -> None:
    assert backtest_overfitting_probability(PRINTED, blocks) == pytest.approx(wanted, abs=5e-8)


@settings(max_examples=60, deadline=None)
@given(shapes)
def test_every_split_counted_by_hand(shape: tuple[int, int, int, int]) -> None:
    matrix, blocks = draw(shape)
    found, wanted = backtest_overfitting(matrix, blocks), sorted(slow_splits(matrix, blocks))
    ours = sorted(zip(found.logits, found.in_sample, found.out_of_sample, strict=True))
    assert found.splits == len(wanted) == math.comb(blocks, blocks // 2)
    # Equal logits are ordered by ratios that differ in their last digits between the two ways.
    for column in range(3):
        assert sorted(one[column] for one in ours) == pytest.approx(sorted(one[column] for one in wanted), rel=1e-9)
    assert found.probability == np.mean([logit <= 1e-12 for logit, _, _ in wanted])
    assert found.loss_probability == np.mean([outside < 0.0 for _, _, outside in wanted])


@settings(max_examples=60, deadline=None)
@given(shapes, st.randoms(use_true_random=False))
def test_order_of_columns_does_not_matter(shape: tuple[int, int, int, int], random: object) -> None:
    """Nor with strategies that are equal, do nothing, or differ in size only."""
    matrix, blocks = draw(shape)
    matrix = np.column_stack([matrix, 3.0 * matrix[:, 0], matrix[:, -1], np.zeros(len(matrix)), np.zeros(len(matrix))])
    order = list(range(matrix.shape[1]))
    random.shuffle(order)  # type: ignore[attr-defined]
    ours, theirs = backtest_overfitting(matrix, blocks), backtest_overfitting(matrix[:, order], blocks)
    assert ours.probability == theirs.probability
    np.testing.assert_allclose(ours.logits, theirs.logits, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(ours.out_of_sample, theirs.out_of_sample, rtol=1e-9, atol=1e-12)


@settings(max_examples=40, deadline=None)
@given(shapes, st.floats(0.01, 100.0))
def test_size_does_not_matter(shape: tuple[int, int, int, int], times: float) -> None:
    matrix, blocks = draw(shape)
    assert backtest_overfitting_probability(matrix * times, blocks) == backtest_overfitting_probability(matrix, blocks)


@settings(max_examples=40, deadline=None)
@given(shapes, st.randoms(use_true_random=False))
def test_order_of_blocks_does_not_matter(shape: tuple[int, int, int, int], random: object) -> None:
    matrix, blocks = draw(shape)
    parts = np.split(matrix[: len(matrix) // blocks * blocks], blocks)
    before = backtest_overfitting_probability(np.concatenate(parts), blocks)
    random.shuffle(parts)  # type: ignore[attr-defined]
    assert backtest_overfitting_probability(np.concatenate(parts), blocks) == before


def test_skill_is_found_and_chance_is_one_half() -> None:
    rng = np.random.default_rng(2)
    chance = [backtest_overfitting_probability(rng.standard_normal((200, 20)), 8) for _ in range(200)]
    assert np.mean(chance) == pytest.approx(0.5, abs=0.06)
    skilled = rng.standard_normal((200, 20))
    skilled[:, 7] += 0.5
    found = backtest_overfitting(skilled, 8)
    assert found.probability == 0.0
    assert found.loss_probability == 0.0
    assert np.median(found.out_of_sample) == pytest.approx(0.5, abs=0.15)


def test_what_gains_in_one_half_and_loses_in_the_other_is_over_fitted() -> None:
    wave = np.tile([1.0, 2.0], 10) * np.repeat([1.0, -1.0], 10)
    found = backtest_overfitting(np.column_stack([wave, -wave]), 2)
    assert found.probability == 1.0
    assert found.loss_probability == 1.0
    assert found.out_of_sample.tolist() == pytest.approx((-found.in_sample).tolist())


def test_ties_by_hand() -> None:
    """Two strategies equal everywhere, a third worse in both halves: ranks 2.5 of 3, logit ln(2.5 / 1.5)."""
    good = np.tile([1.0, 3.0], 4)
    found = backtest_overfitting(np.column_stack([good, good, good - 2.5]), 2)
    assert found.logits.tolist() == pytest.approx([math.log(2.5 / 1.5)] * 2)
    assert found.probability == 0.0


def test_several_best_share_their_ranks_out_of_sample() -> None:
    """Two idle strategies tie at zero in the first half; later one gains and one loses: ranks 3 and 1, 2 on average."""
    idle, gains, loses = np.zeros(4), np.array([1.0, 2.0, 1.0, 2.0]), np.array([-2.0, -1.0, -2.0, -1.0])
    matrix = np.column_stack([np.concatenate([idle, gains]), np.concatenate([idle, loses]), np.tile([-1.0, 0.9], 4)])
    found = backtest_overfitting(matrix, 2)
    first = int(np.flatnonzero(found.in_sample == 0.0)[0])
    assert found.logits[first] == pytest.approx(0.0, abs=1e-12)
    assert found.out_of_sample[first] == pytest.approx(0.0, abs=1e-12)


def test_strategies_that_never_trade_have_nothing_to_show() -> None:
    found = backtest_overfitting(np.zeros((20, 3)), 4)
    assert found.probability == 1.0
    assert (found.logits == 0.0).all()
    assert (found.out_of_sample == 0.0).all()


def test_a_constant_gain_is_the_best_there_can_be() -> None:
    matrix = np.column_stack([np.random.default_rng(0).standard_normal(40), np.full(40, 0.1), np.full(40, -0.1)])
    found = backtest_overfitting(matrix, 4)
    assert found.probability == 0.0
    assert np.isposinf(found.in_sample).all()
    assert np.isposinf(found.out_of_sample).all()


def test_a_large_mean_costs_no_digits() -> None:
    """Returns about 1e6 with a deviation of one: squares without centring would lose twelve digits."""
    matrix = np.random.default_rng(4).standard_normal((64, 3)) + 1e6
    found, wanted = backtest_overfitting(matrix, 8), slow_splits(matrix, 8)
    assert sorted(found.in_sample) == pytest.approx(sorted(one[1] for one in wanted), rel=1e-7)


def test_rows_that_are_not_known_are_left_out_for_all() -> None:
    holes = np.insert(PRINTED, [0, 5, 48], math.nan, axis=0)
    holes[[0, 6, 50], 1:] = 7.0
    found = backtest_overfitting(holes, 8)
    assert found.probability == backtest_overfitting_probability(PRINTED, 8)
    assert (found.observations, found.strategies) == (48, 6)


def test_compiled_and_plain_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    matrix = np.column_stack([PRINTED, PRINTED[:, 0], np.zeros(48)])
    compiled = backtest_overfitting(matrix, 4)
    for name in ("sharpe_of", "judge", "slack"):
        monkeypatch.setattr(kernels, name, getattr(kernels, name).py_func)
    monkeypatch.setattr("arbresearch.stats.cscv.cross_validate", kernels.cross_validate.py_func)
    plain = backtest_overfitting(matrix, 4)
    assert plain.logits.tolist() == compiled.logits.tolist()
    assert plain.in_sample.tolist() == pytest.approx(compiled.in_sample.tolist(), rel=1e-12)
    assert plain.out_of_sample.tolist() == pytest.approx(compiled.out_of_sample.tolist(), rel=1e-12)


@pytest.mark.parametrize("blocks", [0, 1, 3, 22, -2])
def test_blocks_out_of_range(blocks: int) -> None:
    with pytest.raises(ParameterError, match="blocks: expected an even number from 2 to 20"):
        backtest_overfitting_probability(PRINTED, blocks)


def test_what_is_no_matrix_of_strategies_is_refused() -> None:
    with pytest.raises(ParameterError, match="blocks: expected at most 3, two of the 7 known rows for each, was 4"):
        backtest_overfitting_probability(PRINTED[:7], 4)
    with pytest.raises(BadInput, match="matrix: expected two strategies or more, one a column, was 1"):
        backtest_overfitting_probability(PRINTED[:, :1], 4)
    with pytest.raises(BadInput, match=r"observations x strategies, was shape \(48,\)"):
        backtest_overfitting_probability(PRINTED[:, 0], 4)
    with pytest.raises(BadInput, match="matrix row 3, column 2: expected a finite number or NaN, was inf"):
        backtest_overfitting_probability(np.where(PRINTED[3, 2] == PRINTED, math.inf, PRINTED), 4)
    with pytest.raises(BadInput, match="matrix: expected a matrix of numbers"):
        backtest_overfitting_probability([["a"]], 4)  # type: ignore[list-item]
