"""What pays is found, what only seems to is refused by its name, and bounds hold as often as they say."""

from __future__ import annotations

import polars as pl
import pytest
from scipy.stats import binom

from arbresearch.discovery import ScoreSettings
from arbresearch.sample import Kind
from tests.discovery.campaign import (
    NAMED,
    SIZES,
    held,
    judge_market,
    misnamed,
    paying_windows,
    reasons_by_kind,
    recall_by_size,
)

SEEDS = range(101, 121)


def check(judged: pl.DataFrame) -> None:
    """Assert what must hold of every market."""
    found = recall_by_size(judged)
    assert found["recall"].min() >= 0.95  # type: ignore[operator]
    assert found["traps taken"].sum() == 0
    assert found["ordinary taken"].sum() == 0
    wrong = misnamed(judged)
    assert wrong.is_empty(), wrong.to_dicts()
    assert set(NAMED) < set(judged["true"])


@pytest.mark.parametrize(("size", "seed"), [("small", 101), ("small", 102), ("middle", 103)])
def test_what_pays_is_found_and_no_trap_is_taken(size: str, seed: int) -> None:
    check(judge_market(size, seed))


@pytest.mark.parametrize(
    ("trap", "settings", "fees_bps"),
    [
        (Kind.FLICKER, ScoreSettings(latency_s=0.0), {}),
        (Kind.FEES, ScoreSettings(entry_bps=0.0), {"mexc": 0.0, "gate": 0.0}),
        (Kind.FROZEN, ScoreSettings(max_age_s=86_400.0, standing_s=86_400.0), {}),
    ],
)
def test_a_trap_is_taken_once_its_cause_is_gone(
    trap: Kind, settings: ScoreSettings, fees_bps: dict[str, float]
) -> None:
    """A sign that each is refused for its cause and that what is asserted above can fail."""
    judged = judge_market("small", 101, settings, fees_bps).filter(pl.col("true") == trap)
    assert judged["reason"].is_in(list(NAMED[trap])).sum() == 0


@pytest.mark.soak
@pytest.mark.timeout(3_600)
@pytest.mark.parametrize("size", SIZES)
def test_what_pays_is_found_and_no_trap_is_taken_over_many_seeds(size: str, capsys: pytest.CaptureFixture[str]) -> None:
    judged = pl.concat([judge_market(size, seed) for seed in SEEDS])
    with capsys.disabled(), pl.Config(tbl_rows=-1, tbl_cols=-1, tbl_hide_dataframe_shape=True):
        print(f"\n{recall_by_size(judged)}\n{reasons_by_kind(judged)}")
    check(judged)


def test_bounds_cover_the_true_mean_as_often_as_they_say() -> None:
    """One length of disjoint windows of a few pairs; how far a count may be off is that of the binomial."""
    windows = paying_windows([101], days=30, lengths=[1])
    count = windows.height
    assert count == 60
    low, high = binom.ppf(0.001, count, 0.92), binom.ppf(0.999, count, 0.98)
    assert low <= held(windows) <= high
    assert (windows["bound_50"] < windows["bound_1"]).all()


@pytest.mark.soak
@pytest.mark.timeout(3_600)
def test_bounds_cover_the_true_mean_in_92_to_98_percent_of_windows(capsys: pytest.CaptureFixture[str]) -> None:
    windows = paying_windows(SEEDS[:8], days=60, lengths=[1, 2, 3])
    covered = [(pl.col(bound) <= pl.col("true")).mean().alias(bound) for bound in ("bound_1", "bound_50")]
    with capsys.disabled(), pl.Config(tbl_rows=-1, tbl_hide_dataframe_shape=True):
        print(f"\n{windows.group_by('length').agg(pl.len(), *covered).sort('length')}")
    assert windows.height == 16 * (60 + 30 + 20)
    assert 0.92 <= held(windows) / windows.height <= 0.98
    assert held(windows, "bound_50") >= held(windows)
    assert (windows["bound_50"] < windows["bound_1"]).all()
