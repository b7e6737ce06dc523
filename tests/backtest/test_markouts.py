"""Where prices went after fills."""

from __future__ import annotations

import math

import numpy as np
import polars as pl
import pytest

from arbresearch.backtest.codes import FillReason
from arbresearch.backtest.frames import fill_frame
from arbresearch.backtest.layout import FILL, SAMPLE
from arbresearch.backtest.log import RunLog
from arbresearch.backtest.market import Market, VenueTape
from arbresearch.backtest.markouts import fill_markouts, markout_frame
from arbresearch.backtest.mids import Marks
from tests.backtest.result_kit import VENUES, at, book, fill, log_of, records

MARKET: Market = (
    VenueTape(book=book((0, 99.0, 101.0), (1.05, 100.0, 102.0), (2.0, 101.0, 103.0), (11.5, 97.0, 99.0))),
    VenueTape(book=book((0, 49.0, 51.0), (5.0, 48.0, 50.0))),
    VenueTape(),
)
"""Middles of A: 100, 101 from 1.05 s, 102 from 2 s, 98 from 11.5 s on; of B: 50, 49 from 5 s on."""


def _log() -> RunLog:
    fills = [
        fill(0, 0, "buy", 1.0, 1.0, 101.0, mid=100.0, maker=True),
        fill(0, 0, "sell", 1.5, 1.0, 100.0, mid=101.0, maker=True),
        fill(0, 1, "sell", 4.5, 1.0, 49.0, mid=50.0, reason=FillReason.HEDGE),
        fill(0, 1, "sell", 4.5, 1.0, 49.0, mid=math.nan, reason=FillReason.HEDGE),
    ]
    return log_of(fills=records(FILL, fills), samples=records(SAMPLE, [{"time_ns": at(12)}]))


@pytest.mark.parametrize(
    ("horizon_s", "expected"),
    [
        (0.1, [100.0, 0.0, 0.0, math.nan]),
        (1.0, [200.0, -1e4 / 101.0, math.nan, math.nan]),
        (10.0, [200.0, 1e4 * 3.0 / 101.0, math.nan, math.nan]),
        (60.0, [math.nan] * 4),
    ],
)
def test_our_way_is_up_after_a_buy_and_down_after_a_sell(horizon_s: float, expected: list[float]) -> None:
    np.testing.assert_allclose(fill_markouts(_log(), Marks(MARKET), horizon_s), expected, rtol=1e-12, atol=1e-12)


def test_a_row_at_the_horizon_itself_counts_and_the_end_of_data_does_not_reach_beyond() -> None:
    found = fill_markouts(_log(), Marks(MARKET), 0.5)
    assert found[1] == pytest.approx(-1e4 / 101.0)
    assert found[2] == pytest.approx(1e4 / 50.0)
    assert math.isnan(fill_markouts(_log(), Marks(MARKET), 0.5 + 1e-9)[2])


def test_means_and_errors_by_role_reason_and_horizon() -> None:
    log = _log()
    table = markout_frame(fill_frame(log, VENUES), log, Marks(MARKET))
    assert table.select("role", "reason").unique().height * 4 == table.height
    maker = table.filter((pl.col("role") == "maker") & (pl.col("horizon_s") == 0.1)).row(0, named=True)
    assert (maker["reason"], maker["fills"], maker["mean_bps"]) == ("leg", 2, pytest.approx(50.0))
    assert maker["standard_error_bps"] == pytest.approx(100.0 / math.sqrt(2.0) / math.sqrt(2.0))
    hedge = table.filter(pl.col("reason") == "hedge")
    assert hedge["horizon_s"].to_list() == [0.1, 1.0, 10.0, 60.0]
    assert hedge["fills"].to_list() == [1, 0, 0, 0]
    assert hedge["mean_bps"].is_nan().to_list() == [False, True, True, True]
    assert hedge["standard_error_bps"].is_nan().all()


def test_without_a_fill_there_is_no_row() -> None:
    log = log_of(samples=records(SAMPLE, [{"time_ns": at(12)}]))
    assert markout_frame(fill_frame(log, VENUES), log, Marks(MARKET)).is_empty()
