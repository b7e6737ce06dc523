"""The product formula: one value by hand, its domain, and the faults for which nothing is decided by it."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arbresearch.core import FeeSchedule, ParameterError, net_edge_bps
from arbresearch.discovery.scoring.legacy import legacy_composite_score

GIVEN: dict[str, float] = {
    "avg_spread_bps": 12.0,
    "opportunity_frequency": 5.0,
    "volume_weighted_spread": 10.0,
    "price_correlation": 0.9,
    "volatility_ratio": 0.8,
    "liquidity_depth_score": 0.5,
    "avg_execution_time_ms": 250.0,
}


def score(**changed: float) -> float:
    return legacy_composite_score(**(GIVEN | changed))


def test_by_hand() -> None:
    """12 * 5 * 10 = 600; times .9 * .2 * .5 = .09; at 250 ms a fifth less."""
    assert score() == pytest.approx(43.2)
    assert score(avg_execution_time_ms=0.0) == pytest.approx(54.0)
    assert score(avg_execution_time_ms=1_000.0) == pytest.approx(27.0)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("name", sorted(GIVEN))
def test_what_is_no_finite_number_is_refused(name: str, value: float) -> None:
    with pytest.raises(ParameterError, match=f"{name}: expected"):
        score(**{name: value})


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("avg_spread_bps", -0.1, "zero or more, was -0.1"),
        ("volume_weighted_spread", -5.0, "zero or more, was -5"),
        ("opportunity_frequency", -1.0, "zero or more"),
        ("avg_execution_time_ms", -1.0, "zero or more"),
        ("price_correlation", 1.01, "a number from -1 to 1, was 1.01"),
        ("price_correlation", -1.01, "a number from -1 to 1"),
        ("liquidity_depth_score", 1.1, "a number from 0 to 1"),
        ("liquidity_depth_score", -0.1, "a number from 0 to 1"),
        ("volatility_ratio", 0.0, "a finite number above zero, was 0"),
        ("volatility_ratio", -0.5, "above zero"),
    ],
)
def test_domain(name: str, value: float, words: str) -> None:
    with pytest.raises(ParameterError, match=f"{name}: expected .*{words}"):
        score(**{name: value})


@given(
    st.fixed_dictionaries(
        {
            "avg_spread_bps": st.floats(0.0, 1e4),
            "opportunity_frequency": st.floats(0.0, 1e4),
            "volume_weighted_spread": st.floats(0.0, 1e4),
            "price_correlation": st.floats(-1.0, 1.0),
            "volatility_ratio": st.floats(1e-3, 1e3),
            "liquidity_depth_score": st.floats(0.0, 1.0),
            "avg_execution_time_ms": st.floats(0.0, 1e6),
        }
    )
)
def test_inside_its_domain_only_the_correlation_has_a_sign(values: dict[str, Any]) -> None:
    found = legacy_composite_score(**values)
    assert math.isfinite(found)
    assert found * values["price_correlation"] >= 0.0
    swapped = legacy_composite_score(**(values | {"volatility_ratio": 1.0 / values["volatility_ratio"]}))
    assert swapped == pytest.approx(found, rel=1e-6, abs=1e-6)


def test_fault_two_losses_would_make_a_gain() -> None:
    """The bare product of two negative spreads is that of two positive ones, so negative spreads are refused."""
    with pytest.raises(ParameterError, match="avg_spread_bps"):
        score(avg_spread_bps=-12.0, volume_weighted_spread=-10.0)


def test_fault_a_perfectly_matched_pair_has_no_score() -> None:
    assert score(volatility_ratio=1.0, price_correlation=1.0, liquidity_depth_score=1.0) == 0.0
    assert score(volatility_ratio=0.5) > score(volatility_ratio=0.99) > 0.0


def test_fault_fees_do_not_matter() -> None:
    """A spread of 12 bps loses money at 10 bps a side, and yet has a score."""
    fee = FeeSchedule.from_bps(10.0, 10.0)
    assert net_edge_bps(100.12, 100.0, fee.taker, fee.taker) < 0.0
    assert score(avg_spread_bps=12.0, volume_weighted_spread=12.0) > 0.0


def test_fault_the_unit_of_the_spread_changes_it_by_a_hundred_million() -> None:
    fractions = score(avg_spread_bps=12.0e-4, volume_weighted_spread=10.0e-4)
    assert score() / fractions == pytest.approx(1e8)


def test_fault_it_does_not_know_how_much_was_seen() -> None:
    """Twice as often at half the spread, both ways measured, ranks below although it earns the same."""
    assert score(opportunity_frequency=10.0, avg_spread_bps=6.0, volume_weighted_spread=5.0) < score()
