"""The bound of a run that was chosen among several."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from arbresearch.backtest.config import BacktestConfig
from arbresearch.backtest.engine import SpotArbitrageBacktester
from arbresearch.backtest.judged import judged, status_of_answer
from arbresearch.backtest.result import BacktestResult
from arbresearch.core import NS_PER_MINUTE, FeeSchedule, ParameterError
from arbresearch.stats import lower_confidence_bound
from arbresearch.store import TickStore
from tests.backtest.input_kit import add_instrument, add_quotes
from tests.backtest.result_kit import MARKET, VENUES, minute, terms_of

FREE = {venue: FeeSchedule(0.0, 0.0) for venue in ("mexc", "gate")}


@pytest.fixture
def six_hours(store: TickStore) -> BacktestResult:
    """Return a run over six hours in which MEXC is dear for a minute, and cheap for another, at odd times."""
    seconds = range(0, 6 * 3_600 + 1, 20)
    draws = np.random.default_rng(11).random(len(seconds))
    mids = [100.5 if one > 0.97 else 99.5 if one < 0.03 else 100.0 for one in draws]
    add_quotes(store, "mexc", seconds, mids)
    add_quotes(store, "gate", seconds)
    for venue in ("mexc", "gate"):
        add_instrument(store, venue)
    config = BacktestConfig(fees=FREE, latency_ms=0.0, max_unchanged_s=1e6)
    return SpotArbitrageBacktester(store).run("A/USDT", config)


def test_the_bound_allows_for_all_that_were_compared(six_hours: BacktestResult) -> None:
    quarter = 15 * NS_PER_MINUTE
    ends = six_hours.equity.filter(pl.col("time_ns") % quarter == 0).sort("time_ns")["spread_quote"].to_numpy()
    assert ends.size == 25
    profits = np.diff(ends) / six_hours.summary.capital_quote * 1e4 * 96.0
    found = judged(six_hours, 40)
    # The draws of the bootstrap hang on the last digits of what it is given.
    assert found.lower_bound_bps_day == pytest.approx(lower_confidence_bound(profits, candidates=40), rel=0.04)
    assert found.lower_bound_bps_day < six_hours.summary.lower_bound_bps_day
    assert found.annual_return_bound == pytest.approx(found.lower_bound_bps_day * 365e-4)
    assert found.checks[0].lower_bound == found.annual_return_bound
    assert found.checks[1:] == six_hours.summary.checks[1:]
    assert f"lower bound {100.0 * found.annual_return_bound:.2f} %" in found.verdict
    for name in ("annual_return", "spread_quote", "mean_bps_day", "performance", "pairs"):
        assert getattr(found, name) == getattr(six_hours.summary, name)


def test_enough_candidates_take_the_answer_away(six_hours: BacktestResult) -> None:
    assert six_hours.summary.checks[0].answer == "yes"
    assert judged(six_hours, 10**9).checks[0].answer == "not enough data"


def test_one_candidate_changes_nothing_and_none_is_refused(six_hours: BacktestResult) -> None:
    assert judged(six_hours) is six_hours.summary
    with pytest.raises(ParameterError, match="candidates: expected one or more, was 0"):
        judged(six_hours, 0)


def test_without_blocks_there_is_no_bound() -> None:
    result = BacktestResult.build(minute(), MARKET, terms_of(), symbol="A/USDT", venues=VENUES)
    assert np.isnan(judged(result, 5).annual_return_bound)


def test_marks_of_answers() -> None:
    assert [status_of_answer(one) for one in ("yes", "not enough data", "no")] == ["ok", "warn", "no"]
