"""Aligned rows and episodes against Polars as-of joins and DuckDB ASOF joins, row by row."""

from __future__ import annotations

import polars as pl
import pytest

from arbresearch.edges import align, episodes
from tests.benchmarks.bench_edges import ORDER, align_figures, duckdb_frame, polars_episodes, polars_frame, stream


@pytest.mark.parametrize("span_ns", [86_400_000_000_000, 3_000])
def test_rows_are_those_of_the_joins(span_ns: int) -> None:
    """The short span puts many rows of both venues on the same instants."""
    a, b = stream(4_000, 5, day_ns=span_ns), stream(2_500, 6, day_ns=span_ns)
    ours = align(a, b).frame().select(ORDER)
    assert ours.equals(polars_frame(a, b))
    assert ours.equals(duckdb_frame(a, b))
    assert (ours.height < 3_100) == (span_ns == 3_000)


def test_episodes_are_those_of_runs_in_a_frame() -> None:
    pair = align(stream(6_000, 7), stream(4_000, 8))
    for threshold in (0.0, 2.0, 5.0):
        wanted = polars_episodes(pair.frame(), threshold)
        found = episodes(pair, threshold)
        assert wanted.height > 100
        exact = ["start_ns", "end_ns", "peak_bps", "updates"]
        assert found.select(exact).equals(wanted.select(exact))
        assert found["mean_bps"].to_list() == pytest.approx(wanted["mean_bps"].to_list(), rel=1e-9)


def test_the_benchmark_checks_before_it_times() -> None:
    figures = list(align_figures(3_000, 2_000, rounds=1))
    assert {one.area for one in figures} == {"edges"}
    assert all(one.value > 0.0 for one in figures)
    assert pl.Series([one.name for one in figures]).is_unique().all()
