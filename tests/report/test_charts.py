"""What each chart draws: its data, its axes, its words."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from matplotlib.axes import Axes
from matplotlib.dates import date2num

from arbresearch.core import BadInput, SchemaError
from arbresearch.report import (
    CHARTS,
    draw,
    new_axes,
    panels,
    plot_cost_waterfall,
    plot_coverage,
    plot_edge_by_hour,
    plot_edge_distribution,
    plot_edge_over_time,
    plot_episodes,
    plot_spans,
    plot_survival,
    plot_venue_matrix,
)
from tests.report.kit import FRAMES, HOUR_NS, START_NS


def _grid(axes: Axes) -> np.ma.MaskedArray:
    return np.ma.asarray(axes.collections[0].get_array())


def test_every_chart_has_a_frame_here() -> None:
    assert set(FRAMES) == set(CHARTS)


@pytest.mark.parametrize("name", sorted(FRAMES))
def test_title_and_units_on_both_axes(name: str) -> None:
    axes = draw(name, FRAMES[name])
    assert axes.get_title("left")
    assert axes.get_xlabel()
    assert axes.get_ylabel()
    assert axes.has_data()


@pytest.mark.parametrize("name", sorted(FRAMES))
def test_draws_into_axes_given(name: str) -> None:
    axes = new_axes()
    assert draw(name, FRAMES[name], ax=axes) is axes


@pytest.mark.parametrize("name", sorted(FRAMES))
def test_empty_frame_says_so(name: str) -> None:
    axes = draw(name, FRAMES[name].clear())
    assert "no data" in [text.get_text() for text in axes.texts]
    assert axes.get_xlabel()


@pytest.mark.parametrize("name", sorted(name for name in FRAMES if CHARTS[name].columns))
def test_missing_and_mistyped_columns_are_named(name: str) -> None:
    column = next(iter(CHARTS[name].columns))
    with pytest.raises(SchemaError, match=rf"chart {name}: expected a column '{column}'"):
        draw(name, FRAMES[name].drop(column))
    with pytest.raises(SchemaError, match=rf"chart {name}, column '{column}': expected .*, was (List|Boolean)"):
        draw(name, FRAMES[name].with_columns(pl.lit(True).alias(column)))


def test_unknown_chart_and_foreign_frame() -> None:
    with pytest.raises(BadInput, match=r"chart: expected one of backtest_waterfall, block_profit, .*was 'pie'"):
        draw("pie", pl.DataFrame())
    with pytest.raises(SchemaError, match="expected a polars DataFrame, was dict"):
        draw("episodes", {"duration_s": [1]})  # type: ignore[arg-type]


def test_edge_over_time_keeps_the_spike_and_few_points() -> None:
    count = 100_000
    edge = np.zeros(count)
    edge[77_777] = 150.0
    times = START_NS + np.arange(count) * 1_000_000_000
    frame = pl.DataFrame({"recv_ns": times, "net_bps": edge})
    axes = plot_edge_over_time(frame, series={"net_bps": "net"}, thresholds_bps=[5])
    line = axes.lines[0]
    assert len(line.get_xdata()) <= 2000
    peak = int(np.argmax(line.get_ydata()))
    assert line.get_ydata()[peak] == 150.0
    assert line.get_xdata()[peak] == np.datetime64(int(times[77_777]), "ns")
    assert [text.get_text() for text in axes.texts] == ["5 bps"]


def test_edge_over_time_needs_basis_points() -> None:
    with pytest.raises(SchemaError, match="at least one column of basis points"):
        plot_edge_over_time(pl.DataFrame({"recv_ns": [START_NS], "price": [1.0]}))
    with pytest.raises(SchemaError, match="a column 'nothing_bps' of numbers"):
        plot_edge_over_time(FRAMES["edge_over_time"], series={"nothing_bps": "x"})


def test_edge_distribution_counts_shares() -> None:
    frame = pl.DataFrame({"gross_bps": [-1.0, 1.0, 1.0, 3.0, None], "net_bps": [-2.0, 0.0, 0.0, 2.0, float("nan")]})
    axes = plot_edge_distribution(frame, bins=4)
    gross = axes.patches[1].get_data()
    assert gross.values.sum() == pytest.approx(1.0)
    above = plot_edge_distribution(frame, kind="above")
    line = above.lines[0]
    at = lambda level: line.get_ydata()[np.searchsorted(line.get_xdata(), level)]  # noqa: E731
    assert at(0.0) == 0.75
    assert at(2.0) == 0.25
    with pytest.raises(SchemaError, match="'density' or 'above', was 'pie'"):
        plot_edge_distribution(frame, kind="pie")


def test_edge_by_hour_puts_values_where_they_belong() -> None:
    monday_3h, sunday_23h = START_NS + 3 * HOUR_NS, START_NS + (6 * 24 + 23) * HOUR_NS
    frame = pl.DataFrame(
        {"recv_ns": [monday_3h, monday_3h + 1, sunday_23h, sunday_23h], "edge_bps": [2.0, 4.0, -1.0, float("nan")]}
    )
    grid = _grid(plot_edge_by_hour(frame))
    assert grid.shape == (7, 24)
    assert grid[0, 3] == 3.0
    assert grid[6, 23] == -1.0
    assert grid.count() == 2
    assert _grid(plot_edge_by_hour(frame, statistic="maximum"))[0, 3] == 4.0
    with pytest.raises(SchemaError, match="one of mean, median, p95, maximum, was 'mode'"):
        plot_edge_by_hour(frame, statistic="mode")


def test_venue_matrix_writes_each_value_once() -> None:
    axes = plot_venue_matrix(FRAMES["venue_matrix"], digits=2)
    grid = _grid(axes)
    assert grid[0, 1] == 1.5  # sell binance, buy gate
    assert grid[2, 1] == 8.0  # sell mexc, buy gate
    assert grid.mask.diagonal().all()
    assert sorted(text.get_text() for text in axes.texts) == sorted(["1.50", "−2.00", "0.25", "3.00", "−7.50", "8.00"])
    assert [label.get_text() for label in axes.get_yticklabels()] == ["binance", "gate", "mexc"]
    with pytest.raises(SchemaError, match="several for binance / gate"):
        plot_venue_matrix(pl.concat([FRAMES["venue_matrix"], FRAMES["venue_matrix"].head(1)]))


def test_survival_steps_from_one_with_its_band() -> None:
    axes = plot_survival(FRAMES["survival"], latencies_s=[0.25])
    line = axes.lines[0]
    assert line.get_drawstyle() == "steps-post"
    assert list(line.get_ydata()) == [1.0, 0.8, 0.5, 0.1, 0.1]
    assert list(line.get_xdata()[1:4]) == [0.1, 1.0, 10.0]
    assert axes.get_xscale() == "log"
    band = axes.collections[0].get_paths()[0].vertices
    assert band[:, 1].min() == 0.0
    assert 0.9 in band[:, 1]
    assert "250 ms" in [text.get_text() for text in axes.texts]
    at_zero = pl.DataFrame({"time_s": [0.0, 2.0], "survival": [0.9, 0.4], "lower": [0.8, 0.3], "upper": [1.0, 0.5]})
    assert next(iter(plot_survival(at_zero).lines[0].get_ydata())) == 0.9


def test_survival_by_group() -> None:
    frame = pl.concat([FRAMES["survival"].with_columns(group=pl.lit(name)) for name in ("gate", "mexc")])
    _, names = plot_survival(frame).get_legend_handles_labels()
    assert names == ["gate", "mexc"]


def test_episodes_are_one_image_of_all_points() -> None:
    frame = pl.DataFrame(
        {"duration_s": [0.0, 1.0, 2.0, None], "peak_bps": [6.0, 7.0, 8.0, 9.0], "direction": ["a", "a", "b", "b"]}
    )
    axes = plot_episodes(frame)
    assert all(dots.get_rasterized() for dots in axes.collections)
    points = np.vstack([dots.get_offsets() for dots in axes.collections])
    assert points[:, 1].tolist() == [6.0, 7.0, 8.0]
    assert points[0, 0] == axes.get_xlim()[0]


def test_coverage_grid_and_limit() -> None:
    axes = plot_coverage(FRAMES["coverage"])
    grid = _grid(axes)
    assert grid.tolist() == [[100.0, None, 300.0], [None, 50.0, None]]
    assert axes.get_xlim()[0] == date2num(np.datetime64(START_NS, "ns"))
    many = pl.DataFrame({"stream": [f"s{n}" for n in range(9)], "hour_ns": [START_NS] * 9, "rows": [1] * 9})
    assert plot_coverage(many, limit=4).get_title("left") == "Coverage: the first 4 of 9 streams"


def test_spans_worst_first() -> None:
    axes = plot_spans(FRAMES["spans"])
    assert [label.get_text() for label in axes.get_yticklabels()] == ["mexc A/B", "gate A/B"]
    hours = sorted(round(bar.get_width() * 24, 6) for bars in axes.containers for bar in bars)
    assert hours == [1.0, 1.0, 2.0]


def test_waterfall_ends_at_the_sum() -> None:
    axes = plot_cost_waterfall(FRAMES["cost_waterfall"])
    bars = [(bar.get_x(), bar.get_width()) for bar in axes.patches]
    assert bars == [(0.0, 12.0), (12.0, -10.0), (2.0, -3.0), (0.0, -1.0)]
    assert [text.get_text() for text in axes.texts] == ["12.00", "−10.00", "−3.00", "−1.00"]
    assert plot_cost_waterfall(FRAMES["cost_waterfall"], label="bps a day").get_xlabel() == "bps a day"
    with pytest.raises(SchemaError, match="item 'fees': expected a finite number of basis points, was None"):
        plot_cost_waterfall(pl.DataFrame({"item": ["gross", "fees"], "value_bps": [1.0, None]}))


def test_panels_share_one_figure() -> None:
    first, second = panels(2)
    assert first.figure is second.figure


@pytest.mark.parametrize(
    ("seconds", "corner", "first"),
    [(5_400, "2025-Oct-06", "00:00"), (86_400, "2025", "Oct-06"), (3 * 86_400, "2025-Oct", "06")],
)
def test_time_axis_names_each_day_once(seconds: int, corner: str, first: str) -> None:
    times = START_NS + np.linspace(0, seconds, 50).astype(np.int64) * 1_000_000_000
    axes = draw("clock_offset", pl.DataFrame({"recv_ns": times, "offset_ms": np.arange(50.0)}))
    assert axes.get_xticklabels()[0].get_text() == first
    assert axes.xaxis.get_major_formatter().get_offset() == corner
