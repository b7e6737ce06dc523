"""Logistic regression and the rising curve, against statsmodels, a plain search, and pooling by hand."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from scipy.optimize import minimize

from arbresearch.core import BadInput
from arbresearch.edges.arrays import Bools, Floats
from arbresearch.signals.calibration_fit import fit_confidence, fit_logistic, fit_rising


def _data(count: int, width: int = 5, seed: int = 1) -> tuple[Floats, Bools]:
    random = np.random.default_rng(seed)
    features = random.normal(size=(count, width)) * np.arange(1.0, width + 1.0) + 0.5
    chance = 1.0 / (1.0 + np.exp(-(0.8 * features[:, 0] - 0.3 * features[:, 1] + 0.4)))
    return features, random.uniform(size=count) < chance


def test_without_penalty_it_is_that_of_statsmodels() -> None:
    features, reverted = _data(3_000)
    found = fit_logistic(features, reverted, l2=1e-12)
    other = sm.Logit(reverted.astype(float), sm.add_constant(features)).fit(disp=0)
    assert [found.intercept, *found.weights] == pytest.approx(list(other.params), abs=1e-6)
    assert found.missing_weights.tolist() == [0.0] * 5
    np.testing.assert_allclose(found.chance(features), other.predict(), atol=1e-7)


def test_the_penalty_is_on_standardised_weights() -> None:
    features, reverted = _data(400, 3)
    features[::9, 1] = np.nan
    found = fit_logistic(features, reverted, l2=0.1)
    filled = np.where(np.isnan(features), np.nanmedian(features, axis=0), features)
    columns = np.column_stack([filled, np.isnan(features[:, 1])]).astype(float)
    columns = (columns - columns.mean(0)) / columns.std(0)

    def loss(w: Floats) -> float:
        scores = w[0] + columns @ w[1:]
        return float(np.mean(np.log1p(np.exp(scores)) - reverted * scores) + 0.05 * (w[1:] ** 2).sum())

    best = minimize(loss, np.zeros(5), method="Nelder-Mead", options={"maxfev": 20_000, "xatol": 1e-9, "fatol": 1e-14})
    chance = 1.0 / (1.0 + np.exp(-(best.x[0] + columns @ best.x[1:])))
    np.testing.assert_allclose(found.chance(features), chance, atol=1e-6)
    assert found.fill.tolist() == np.nanmedian(features, axis=0).tolist()
    assert np.flatnonzero(found.missing_weights).tolist() == [1]


def test_what_never_varies_or_is_never_known_weighs_nothing() -> None:
    features, reverted = _data(500, 3)
    features[:, 1], features[:, 2] = 7.0, np.nan
    found = fit_logistic(features, reverted, l2=1e-3)
    assert found.weights[0] > 0.1
    assert found.weights[1:].tolist() == found.missing_weights.tolist()[1:] == [0.0, 0.0]
    assert found.fill[2] == 0.0


def test_one_class_is_refused() -> None:
    features, reverted = _data(100)
    for same, words in ((np.ones_like(reverted), "all of them came back"), (np.zeros_like(reverted), "none of them")):
        with pytest.raises(BadInput, match=f"outcomes: expected some that came back in time .*was {words}"):
            fit_logistic(features, same, l2=1e-3)


def _pooled(values: list[float], weights: list[float]) -> list[float]:
    """Pool adjacent violators, the way it is told."""
    blocks = [[value, weight, 1] for value, weight in zip(values, weights, strict=True)]
    place = 0
    while place < len(blocks) - 1:
        if blocks[place][0] > blocks[place + 1][0]:
            (a, wa, na), (b, wb, nb) = blocks[place], blocks.pop(place + 1)
            blocks[place] = [(a * wa + b * wb) / (wa + wb), wa + wb, na + nb]
            place = max(place - 1, 0)
        else:
            place += 1
    return [value for value, _, many in blocks for _ in range(int(many))]


def test_the_curve_is_that_of_pooling_by_hand() -> None:
    random = np.random.default_rng(2)
    chances = np.sort(random.uniform(size=1_000))
    reverted = random.uniform(size=1_000) < np.clip(chances + 0.15 * np.sin(20.0 * chances), 0.0, 1.0)
    x, y = fit_rising(chances, reverted)
    parts = np.array_split(np.arange(1_000), 20)
    shares = [float(np.clip(reverted[one].mean(), 0.01, 0.99)) for one in parts]
    wanted, places = np.array(_pooled(shares, [50.0] * 20)), np.array([chances[one].mean() for one in parts])
    np.testing.assert_allclose(np.interp(places, x, y), wanted, atol=1e-12)
    assert (np.diff(x) > 0.0).all()
    assert (np.diff(y) >= 0.0).all()
    assert len(x) < 20


def test_a_curve_through_one_chance_and_few_outcomes() -> None:
    x, y = fit_rising(np.full(300, 0.4), np.arange(300) % 3 == 0)
    assert (x.tolist(), y.tolist()) == ([pytest.approx(0.4)], [pytest.approx(1 / 3, abs=0.01)])
    x, y = fit_rising(np.array([0.2, 0.8]), np.array([True, True]))
    assert y.tolist() == [0.75]


def test_overconfident_chances_are_drawn_in() -> None:
    """Many useless features and little data: the regression is too sure of itself, the model is not."""
    random = np.random.default_rng(3)
    known, later = random.normal(size=(300, 40)), random.normal(size=(20_000, 40))
    labels = [random.uniform(size=len(one)) < 1.0 / (1.0 + np.exp(-one[:, 0])) for one in (known, later)]
    times = np.arange(300) * 1_000
    model = fit_confidence(known, labels[0], times, 500, l2=1e-6)
    plain = fit_logistic(known, labels[0], l2=1e-6).chance(later)
    errors = [float(((one - labels[1]) ** 2).mean()) for one in (plain, model.predict(later))]
    assert errors[1] < errors[0] - 0.01
    assert model.horizons == 8
