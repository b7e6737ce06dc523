"""Kaplan-Meier against hand computation and against SciPy."""

from __future__ import annotations

import math
import warnings

import numpy as np
import polars as pl
import pytest
from scipy import stats

from arbresearch.core import BadInput, SchemaError
from arbresearch.edges import survival


def lifetimes(durations: list[float], censored: list[bool], **columns: list[bool]) -> pl.DataFrame:
    return pl.DataFrame(
        {"duration_s": durations, "censored": censored, **columns}, schema_overrides={"duration_s": pl.Float64}
    )


HAND = lifetimes([1.0, 2.0, 2.0, 3.0, 4.0, 5.0], [False, False, True, False, True, False])


def test_hand_computed_curve() -> None:
    """Six at risk: 5/6 after 1 s, times 4/5 after 2 s, times 2/3 after 3 s, and 0 after 5 s."""
    result = survival(HAND, [0.0, 0.5, 1.0, 2.0, 2.9, 3.0, 4.0, 5.0])
    expected = [1.0, 1.0, 5 / 6, 2 / 3, 2 / 3, 4 / 9, 4 / 9, 0.0]
    assert result.frame["survival"].to_list() == pytest.approx(expected, rel=1e-14)
    assert result.frame["at_risk"].to_list() == [6, 6, 6, 5, 3, 3, 2, 1]
    greenwood = 1 / (6 * 5) + 1 / (5 * 4) + 1 / (3 * 2)
    assert result.frame["variance"][5] == pytest.approx((4 / 9) ** 2 * greenwood, rel=1e-13)
    width = 1.959963984540054 * math.sqrt(greenwood) / abs(math.log(4 / 9))
    assert result.frame["low"][5] == pytest.approx((4 / 9) ** math.exp(width), rel=1e-12)
    assert result.frame["high"][5] == pytest.approx((4 / 9) ** math.exp(-width), rel=1e-12)
    assert (result.median_s, result.episodes, result.ended, result.censored, result.left_out) == (3.0, 6, 4, 2, 0)
    assert result.steps["ended"].to_list() == [1, 1, 1, 0, 1]
    assert result.steps["censored"].to_list() == [0, 1, 0, 1, 0]


def test_interval_is_undefined_at_one_and_at_zero() -> None:
    result = survival(HAND, [0.5, 5.0])
    assert result.frame["low"].is_nan().to_list() == result.frame["high"].is_nan().to_list() == [True, True]
    assert result.frame["variance"].to_list() == [0.0, 0.0]


@pytest.mark.parametrize("seed", range(8))
def test_agrees_with_scipy(seed: int) -> None:
    random = np.random.default_rng(seed)
    count = int(random.integers(5, 200))
    durations = np.round(random.exponential(3.0, count), 1)
    censored = random.random(count) < 0.3
    data = stats.CensoredData(uncensored=durations[~censored], right=durations[censored])
    sf = stats.ecdf(data).sf
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        interval = sf.confidence_interval(0.9, method="log-log")
    result = survival(lifetimes(durations.tolist(), censored.tolist()), sf.quantiles.tolist(), confidence=0.9)
    assert result.frame["survival"].to_numpy() == pytest.approx(sf.probabilities, abs=1e-12)
    inside = (sf.probabilities > 0.0) & (sf.probabilities < 1.0)
    assert result.frame["low"].to_numpy()[inside] == pytest.approx(interval.low.probabilities[inside], abs=1e-10)
    assert result.frame["high"].to_numpy()[inside] == pytest.approx(interval.high.probabilities[inside], abs=1e-10)


def test_without_censoring_it_is_the_plain_share_that_lasts_longer() -> None:
    durations = [1.0, 1.0, 2.0, 3.0, 5.0, 8.0, 13.0, 21.0]
    latencies = [0.0, 1.0, 1.5, 4.0, 8.0, 20.9, 21.0, 100.0]
    result = survival(lifetimes(durations, [False] * 8), latencies)
    shares = [sum(d > latency for d in durations) / 8 for latency in latencies]
    assert result.frame["survival"].to_list() == pytest.approx(shares, abs=1e-15)
    assert result.median_s == 3.0


def test_nothing_is_claimed_past_a_censored_longest_observation() -> None:
    result = survival(lifetimes([1.0, 4.0], [False, True]), [4.0, 4.1])
    assert result.frame["survival"][0] == 0.5
    assert math.isnan(result.frame["survival"][1])
    assert result.frame["at_risk"].to_list() == [1, 0]
    assert result.median_s == 1.0


def test_a_median_that_is_not_reached_is_nan() -> None:
    result = survival(lifetimes([1.0, 4.0, 4.0], [False, True, True]), [1.0])
    assert math.isnan(result.median_s)
    assert math.isnan(result.median_high_s)


def test_median_interval_brackets_the_median() -> None:
    """For 101 equally spaced ends the 95 % interval of the median is close to the binomial one, 40 to 60."""
    result = survival(lifetimes([float(i) for i in range(1, 102)], [False] * 101), [1.0])
    assert result.median_s == 51.0
    assert result.median_low_s == pytest.approx(41.0, abs=1.5)
    assert result.median_high_s == pytest.approx(61.0, abs=1.5)


def test_episodes_whose_start_was_not_seen_are_left_out() -> None:
    frame = lifetimes([1.0, 2.0, 9.0], [False, False, True], left_censored=[False, False, True])
    result = survival(frame, [1.0])
    assert (result.episodes, result.left_out, result.censored) == (2, 1, 0)
    assert result.frame["survival"].to_list() == [0.5]


def test_no_episodes_give_no_estimate() -> None:
    result = survival(lifetimes([], []).with_columns(pl.col("censored").cast(pl.Boolean)), [0.0, 1.0])
    assert result.frame["survival"].is_nan().to_list() == [True, True]
    assert result.frame["at_risk"].to_list() == [0, 0]
    assert math.isnan(result.median_s)
    assert result.steps.height == 0


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (HAND.drop("censored"), "episodes: expected columns duration_s and censored, was no 'censored'"),
        (HAND.with_columns(duration_s=pl.Series([1.0, 2.0, -3.0, 1.0, 1.0, 1.0])), "episodes duration_s: .* was -3.0"),
        (
            HAND.with_columns(duration_s=pl.Series([1.0, math.nan, 3.0, 1.0, 1.0, 1.0])),
            "finite seconds, zero or more, was nan",
        ),
        (
            HAND.with_columns(duration_s=pl.Series([1.0, None, 3.0, 1.0, 1.0, 1.0])),
            "duration_s row 1: expected a value, was null",
        ),
    ],
)
def test_bad_frames_are_refused(frame: pl.DataFrame, message: str) -> None:
    with pytest.raises(SchemaError, match=message):
        survival(frame, [1.0])


def test_bad_latencies_and_confidence_are_refused() -> None:
    with pytest.raises(BadInput, match=r"latencies_s: expected seconds, zero or more, was -1\.0"):
        survival(HAND, [1.0, -1.0])
    with pytest.raises(BadInput, match="latencies_s: expected seconds, zero or more, was nan"):
        survival(HAND, [math.nan])
    with pytest.raises(BadInput, match="confidence: expected a number between 0 and 1"):
        survival(HAND, [1.0], confidence=95)
