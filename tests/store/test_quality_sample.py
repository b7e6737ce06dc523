"""The data check against the faults that are planted in a simulated market."""

from __future__ import annotations

import polars as pl
import pytest

from arbresearch.sample import SampleSpec, Truth, generate
from arbresearch.store import TickStore
from arbresearch.store.quality import QualityReport, check_store

SPEC = SampleSpec(seed=7, days=1, symbols=12, quotes_per_day=6_000, include_depth=False)


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> tuple[Truth, QualityReport]:
    """Return the truth of a small market and the check of its quotes."""
    with TickStore(tmp_path_factory.mktemp("market")) as store:
        truth = generate(store, SPEC)
        return truth, check_store(store, tables=["quotes"])


def _planted(truth: Truth, kind: str) -> tuple[str | None, str]:
    pair = next(one for one in truth.pairs if one.kind == kind)
    return pair.odd_venue, pair.symbol


def test_the_frozen_feed_stands_still_and_no_other_does(market: tuple[Truth, QualityReport]) -> None:
    truth, report = market
    assert set(report.stale.select("venue", "symbol").rows()) == {_planted(truth, "frozen")}
    assert report.stale.height == 5
    assert report.stale["duration_s"].is_between(850.0, 2_500.0).all()


def test_the_bad_print_is_found_on_its_venue(market: tuple[Truth, QualityReport]) -> None:
    truth, report = market
    far = report.prints.filter(pl.col("isolated") & (pl.col("distance_bps").abs() > 200.0))
    assert set(far.select("venue", "symbol").rows()) == {_planted(truth, "bad_print")}
    assert far["recv_ns"].n_unique() == 1
    assert not far["elsewhere"].any()


def test_the_flickers_are_lone_prices(market: tuple[Truth, QualityReport]) -> None:
    truth, report = market
    venue, symbol = _planted(truth, "flicker")
    row = report.streams.filter((pl.col("venue") == venue) & (pl.col("symbol") == symbol)).row(0, named=True)
    assert row["lone_prints"] > 80
    assert report.streams["lone_prints"].sum() - row["lone_prints"] < 15


def test_clocks_are_measured(market: tuple[Truth, QualityReport]) -> None:
    _, report = market
    assert report.streams["negative_share"].max() == 0.0
    medians = dict(report.clock_table().select("venue", "offset_median_ms").iter_rows())
    assert medians["binance"] < medians["mexc"]
    assert medians["binance"] < medians["gate"]
    assert report.offsets()["stream"].n_unique() == 3


def test_most_streams_are_good(market: tuple[Truth, QualityReport]) -> None:
    _, report = market
    assert report.count("good") > 0.75 * report.streams.height
    assert report.count("bad") <= 2
    assert report.status() == "warn"
