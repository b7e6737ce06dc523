"""Price discovery: published values, statsmodels, and simulated venues of which one is known to lead."""

from __future__ import annotations

import itertools
import math
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pytest
import statsmodels.api as sm
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.tsa.vector_ar.vecm import VECM

from arbresearch.core import BadInput, ParameterError
from arbresearch.edges import component_share, information_share_bounds, makarov_schoar, price_discovery

Floats = npt.NDArray[np.float64]


def error_correcting(n: int, alpha: tuple[float, float], seed: int, correlation: float = 0.3) -> tuple[Floats, Floats]:
    """Return two prices that move towards each other at given speeds, with lagged moves of their own."""
    rng = np.random.default_rng(seed)
    shocks = rng.multivariate_normal([0.0, 0.0], [[1.0, correlation], [correlation, 1.0]], n) * 1e-4
    logs = np.zeros((n, 2))
    for t in range(2, n):
        error = logs[t - 1, 0] - logs[t - 1, 1]
        logs[t] = logs[t - 1] + np.array(alpha) * error + 0.1 * (logs[t - 1] - logs[t - 2]) + shocks[t]
    prices = 100.0 * np.exp(logs)
    return prices[:, 0], prices[:, 1]


def slow_shares(alpha: tuple[float, float], omega: Any) -> list[float]:
    """Return the first venue's share for either order, by Cholesky factors of the matrix in that order."""
    weights = np.array([alpha[1], -alpha[0]])
    shares = []
    for order in itertools.permutations((0, 1)):
        factor = np.linalg.cholesky(np.asarray(omega, dtype=float)[np.ix_(order, order)])
        parts = (weights[list(order)] @ factor) ** 2
        shares.append(parts[order.index(0)] / parts.sum())
    return sorted(shares)


def test_published_shares() -> None:
    assert component_share((-0.1, 0.3)) == pytest.approx((0.75, 0.25))
    assert information_share_bounds((-0.1, 0.3), [[1, 0.5], [0.5, 2]]) == pytest.approx((0.5625, 0.875))


@given(st.floats(-1.0, 1.0), st.floats(-1.0, 1.0), st.floats(0.01, 10.0), st.floats(0.01, 10.0), st.floats(-0.95, 0.95))
def test_bounds_are_those_of_both_orders(first: float, second: float, one: float, other: float, linked: float) -> None:
    if abs(second - first) < 1e-3:
        return
    both = linked * math.sqrt(one * other)
    low, high = information_share_bounds((first, second), [[one, both], [both, other]])
    assert [low, high] == pytest.approx(slow_shares((first, second), [[one, both], [both, other]]), rel=1e-6, abs=1e-9)
    assert -1e-12 <= low <= high <= 1.0 + 1e-12
    turned = information_share_bounds((-second, -first), [[other, both], [both, one]])
    assert turned == pytest.approx((1.0 - high, 1.0 - low), abs=1e-9)


def test_uncorrelated_innovations_have_one_share() -> None:
    low, high = information_share_bounds((-0.2, 0.2), [[4.0, 0.0], [0.0, 1.0]])
    assert low == pytest.approx(0.8)
    assert high == pytest.approx(0.8)


def test_no_shares_without_correction() -> None:
    assert all(math.isnan(one) for one in component_share((0.2, 0.2)))
    assert all(math.isnan(one) for one in information_share_bounds((0.2, 0.2), [[1, 0], [0, 1]]))
    assert all(math.isnan(one) for one in information_share_bounds((-0.2, math.nan), [[1, 0], [0, 1]]))


@pytest.mark.parametrize("omega", [[[1.0]], [[1, 2], [2, 1]], [[1, 0.5], [0.1, 1]], [[0, 0], [0, 1]]])
def test_what_is_no_covariance(omega: Any) -> None:
    with pytest.raises(BadInput, match="omega"):
        information_share_bounds((-0.1, 0.3), omega)
    with pytest.raises(BadInput, match="alpha: expected two numbers, was 3"):
        component_share((0.1, 0.2, 0.3))


@pytest.mark.parametrize("lags", [0, 1, 4])
def test_equations_agree_with_least_squares_of_statsmodels(lags: int) -> None:
    p1, p2 = error_correcting(800, (-0.1, 0.3), 1)
    logs = np.log(np.column_stack((p1, p2)))
    moves = np.diff(logs, axis=0)
    error = (logs[:, 0] - logs[:, 1])[lags:-1]
    lagged = [moves[lags - k : len(moves) - k] for k in range(1, lags + 1)]
    regressors = sm.add_constant(np.column_stack([error, *lagged]))
    models = [sm.OLS(moves[lags:, i], regressors).fit() for i in range(2)]
    found = price_discovery(p1, p2, lags)
    assert found.alpha == pytest.approx([float(model.params[1]) for model in models], rel=1e-8)
    assert found.alpha_errors == pytest.approx([float(model.bse[1]) for model in models], rel=1e-8)
    rest = np.column_stack([model.resid for model in models])
    assert found.innovation_correlation == pytest.approx(
        (rest[:, 0] @ rest[:, 1]) / math.sqrt((rest[:, 0] @ rest[:, 0]) * (rest[:, 1] @ rest[:, 1])), rel=1e-8
    )
    assert [found.information_low, found.information_high] == pytest.approx(slow_shares(found.alpha, rest.T @ rest))
    assert found.component_share == pytest.approx(found.alpha[1] / (found.alpha[1] - found.alpha[0]))
    assert (found.lags, found.steps) == (lags, 799 - lags)


def test_agrees_with_the_error_correction_model_of_statsmodels() -> None:
    """There the error is estimated too; over 20,000 steps it comes out as first less second."""
    p1, p2 = error_correcting(20_000, (-0.1, 0.3), 2)
    model = VECM(1e4 * np.log(np.column_stack((p1, p2))), k_ar_diff=1, coint_rank=1, deterministic="co").fit()
    assert model.beta[1, 0] == pytest.approx(-1.0, abs=1e-3)
    found = price_discovery(p1, p2, 1)
    assert found.alpha == pytest.approx(model.alpha[:, 0].tolist(), abs=2e-3)
    shares = slow_shares((model.alpha[0, 0], model.alpha[1, 0]), model.sigma_u)
    assert [found.information_low, found.information_high] == pytest.approx(shares, abs=0.01)


def test_known_shares_are_found_within_their_error() -> None:
    ratios = []
    for seed in range(100):
        found = price_discovery(*error_correcting(1_500, (-0.05, 0.15), seed), 1)
        ratios.append((found.component_share - 0.75) / found.component_share_error)
    assert abs(np.mean(ratios)) < 0.4
    assert 0.8 < np.std(ratios) < 1.25


def test_the_number_of_lags_is_chosen() -> None:
    """One lag made the prices; one is found, and few where there is none."""
    assert price_discovery(*error_correcting(4_000, (-0.1, 0.3), 3)).lags == 1
    p1, p2 = error_correcting(4_000, (-0.1, 0.3), 3)
    slowed = np.convolve(p1, np.ones(4) / 4.0, "valid")
    assert price_discovery(slowed, p2[3:]).lags > 3


def test_unknown_instants_take_their_steps_with_them() -> None:
    p1, p2 = error_correcting(600, (-0.1, 0.3), 4)
    p1[300] = math.nan
    found = price_discovery(p1, p2, 2)
    assert found.steps == 597 - 4
    assert found.component_share == pytest.approx(0.75, abs=0.2)


@pytest.mark.parametrize(
    ("p1", "p2"),
    [
        ([100.0] * 300, [100.0 + 0.1 * (i % 7) for i in range(300)]),
        ([100.0 + 0.1 * (i % 7) for i in range(300)], [100.0 + 0.1 * (i % 7) for i in range(300)]),
        ([1.0, 2.0, 3.0], [1.0, 2.0, 3.0]),
        ([], []),
        ([math.nan] * 300, [100.0 + 0.1 * (i % 7) for i in range(300)]),
    ],
)
@pytest.mark.parametrize("lags", [None, 0, 1])
def test_nothing_to_tell(p1: list[float], p2: list[float], lags: int | None) -> None:
    found = price_discovery(p1, p2, lags)
    assert math.isnan(found.component_share)
    assert math.isnan(found.information_low)
    assert math.isnan(found.alpha[0])


def test_a_delayed_copy_cannot_be_told() -> None:
    """The second is the first one step later: its error is the first's last move, and no weight can be told."""
    p1, _ = error_correcting(500, (-0.1, 0.3), 5)
    assert math.isnan(price_discovery(p1[1:], p1[:-1], 1).component_share)
    assert price_discovery(p1[1:], p1[:-1] * (1.0 + 1e-6 * np.sin(np.arange(499) ** 2)), 0).component_share > 0.9


@pytest.mark.parametrize(
    ("p1", "p2", "words"),
    [
        ([1.0, 2.0], [1.0], "two series of one length"),
        ([1.0, 0.0], [1.0, 1.0], "p1 row 1: expected positive finite prices or NaN, was 0"),
        ([1.0, 1.0], [-1.0, 1.0], "p2 row 0"),
        ([1.0, math.inf], [1.0, 1.0], "p1 row 1"),
    ],
)
def test_bad_prices(p1: list[float], p2: list[float], words: str) -> None:
    with pytest.raises(BadInput, match=words):
        price_discovery(p1, p2)


def test_bad_lags() -> None:
    with pytest.raises(ParameterError, match="lags"):
        price_discovery([1.0], [1.0], -1)


def test_arbitrage_index() -> None:
    assert makarov_schoar([100, 101, 100.5]) == pytest.approx(1.01)
    minutes = [[100.0, 101.0, 100.5], [200.0, math.nan, 206.0], [math.nan, 5.0, math.nan], [7.0, 7.0, 7.0]]
    assert makarov_schoar(minutes) == pytest.approx((1.01 + 1.03 + 1.0) / 3.0)
    assert math.isnan(makarov_schoar([5.0]))
    assert math.isnan(makarov_schoar([[math.nan, 1.0]] * 3))
    assert math.isnan(makarov_schoar([]))
    with pytest.raises(BadInput, match="prices row 1"):
        makarov_schoar([[1.0, 2.0], [0.0, 1.0]])
    with pytest.raises(BadInput, match="minutes by venues"):
        makarov_schoar([[[1.0]]])


def test_both_venues_of_link_correct(shared_data: Path) -> None:
    """Binance and Huobi LINK/USDT mids each second: both move towards each other, and Binance is not behind."""
    mids = []
    for name in ("bnc", "hb"):
        frame = pl.read_csv(shared_data / "link_binance_huobi_l10" / f"orderbook_{name}.csv")
        mids.append(0.5 * (frame["b1"].cast(pl.Float64) + frame["a1"].cast(pl.Float64)).to_numpy())
    found = price_discovery(*mids, 1)
    assert found.alpha[0] < -2.0 * found.alpha_errors[0]
    assert found.alpha[1] > 2.0 * found.alpha_errors[1]
    assert found.component_share > 0.5
    assert found.information_low < 0.5 < found.information_high
    ratios = np.maximum(*mids) / np.minimum(*mids)
    assert makarov_schoar(np.column_stack(mids)) == pytest.approx(float(ratios.mean()), rel=1e-12)
