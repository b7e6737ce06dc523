"""What the charts of a ranking and of one score draw: their data, their marks, their words."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from arbresearch.core import BadInput, SchemaError
from arbresearch.report import (
    plot_block_profit,
    plot_capacity,
    plot_funnel,
    plot_latency_decay,
    plot_rank_comparison,
    plot_ranking,
    show,
)
from arbresearch.report.svg import figure_svg
from tests.report.kit import FRAMES, HOUR_NS, START_NS


def _words(axes: Axes) -> list[str]:
    return [text.get_text() for text in axes.texts]


def _below(axes: Axes) -> Axes:
    """Return the axes that were put below."""
    figure = axes.get_figure(root=True)
    assert figure is not None
    (other,) = [one for one in figure.axes if one is not axes]
    return other


def _lines(axes: Axes, label: str) -> tuple[list[float], list[float]]:
    (line,) = [one for one in axes.lines if one.get_label() == label]
    return list(line.get_xdata()), list(line.get_ydata())


def test_ranking_has_mean_and_bound_of_each_pair_best_on_top() -> None:
    axes = plot_ranking(FRAMES["ranking"])
    names = [label.get_text() for label in axes.get_yticklabels()]
    assert names == ["LUNC/USDT mexc-gate", "LINK/USDT binance-mexc", "SNX/USDT binance-gate"]
    bottom, top = axes.get_ylim()
    assert bottom > 2 > 0 > top
    assert _lines(axes, "viable") == ([12.0, 7.0], [0, 1])
    assert _lines(axes, "refused") == ([3.0], [2])
    bars = [tuple(segment[:, 0]) for bars in axes.collections for segment in bars.get_segments()]
    assert bars == [(8.0, 12.0), (2.5, 7.0), (-1.0, 3.0)]
    (right,) = axes.child_axes
    assert [label.get_text() for label in right.get_yticklabels()] == ["> 99.9 %", "99.1 %", "70.0 %"]


def test_ranking_tells_refused_pairs_by_shape_and_not_by_colour_alone() -> None:
    lines = {line.get_label(): line for line in plot_ranking(FRAMES["ranking"]).lines}
    assert lines["viable"].get_marker() != lines["refused"].get_marker()
    assert lines["refused"].get_markerfacecolor() == "none"


def test_ranking_says_how_many_are_left_out_and_marks_zero() -> None:
    axes = plot_ranking(FRAMES["ranking"], limit=2)
    assert axes.get_title("left") == "Mean and lower bound, first 2 of 3"
    assert len(axes.get_yticks()) == 2
    assert [0.0, 0.0] in [list(line.get_xdata()) for line in axes.lines]


def test_a_refused_giant_is_an_arrow_and_does_not_hide_the_rest() -> None:
    giant = FRAMES["ranking"].with_columns(
        mean_bps_day=pl.Series([12.0, 7.0, 170_680.0, -9_000.0]), final_score=pl.Series([8.0, 2.5, 5e4, -1e4])
    )
    axes = plot_ranking(giant)
    low, high = axes.get_xlim()
    assert -2.0 < low < 0.0
    assert 12.0 < high < 14.0
    assert {"170,680 →", "← −9,000"} <= set(_words(axes))
    none = plot_ranking(
        giant.with_columns(viable=pl.lit(False)).tail(3).with_columns(mean_bps_day=pl.Series([7.0, 170_680.0, 5.0]))
    )
    assert "170,680 →" in _words(none)
    assert none.get_xlim()[1] < 10.0


def test_ranking_of_a_pair_without_a_bound_shows_its_mean() -> None:
    frame = FRAMES["ranking"].head(1).with_columns(final_score=pl.lit(float("nan")), viable=pl.lit(False))
    axes = plot_ranking(frame)
    assert _lines(axes, "refused") == ([12.0], [0])
    figure_svg(show(axes).figure)


def test_rank_comparison_ranks_those_with_both_anew() -> None:
    axes = plot_rank_comparison(FRAMES["rank_comparison"])
    # A B C E F have both: ours 1..5; theirs 2 6 1 3 4 become 2 5 1 3 4.
    assert _lines(axes, "viable") == ([2.0, 5.0], [1.0, 2.0])
    assert _lines(axes, "refused") == ([1.0, 3.0, 4.0], [3.0, 4.0, 5.0])
    # Spearman: 1 - 6 (1 + 9 + 4 + 1 + 1) / (5 x 24) = 0.2; Kendall: 6 of 10 pairs in order, 4 not: 0.2.
    title = " ".join(axes.get_title("left").split())
    assert title == "Rank against the legacy formula: Spearman 0.20, Kendall 0.20, 5 pairs"


def test_rank_comparison_names_the_outliers() -> None:
    axes = plot_rank_comparison(FRAMES["rank_comparison"], labelled=2)
    assert _words(axes) == ["B/USDT gate-mexc", "C/USDT gate-mexc"]
    same = FRAMES["rank_comparison"].with_columns(pl.col("rank").alias("legacy_rank"))
    assert _words(plot_rank_comparison(same)) == []
    assert "Spearman 1.00, Kendall 1.00" in " ".join(plot_rank_comparison(same).get_title("left").split())


def test_rank_comparison_keeps_names_apart() -> None:
    count = 40
    frame = pl.DataFrame(
        {
            "pair": [f"P{number}" for number in range(count)],
            "rank": range(1, count + 1),
            "legacy_rank": [*range(count, count - 3, -1), *range(1, count - 2)],
        }
    )
    heights = sorted(text.xy[1] for text in plot_rank_comparison(frame, labelled=3).texts)
    assert len(heights) == 3
    assert min(np.diff(heights)) >= count / 18.0 - 1e-9
    low = frame.select("pair", pl.col("rank").alias("legacy_rank"), pl.col("legacy_rank").alias("rank"))
    heights = sorted(text.xy[1] for text in plot_rank_comparison(low, labelled=3).texts)
    assert min(np.diff(heights)) >= count / 18.0 - 1e-9
    assert heights[-1] <= count


def test_rank_comparison_of_two_pairs_claims_nothing() -> None:
    axes = plot_rank_comparison(FRAMES["rank_comparison"].head(2))
    assert "too few to correlate (2)" in " ".join(axes.get_title("left").split())


def test_funnel_bars_fall_and_are_counted() -> None:
    axes = plot_funnel(FRAMES["funnel"])
    bars = [(bar.get_x(), bar.get_width()) for bar in axes.patches]
    assert bars == [(0.0, 1200.0), (300.0, 900.0), (0.0, 300.0), (3.0, 297.0), (0.0, 3.0)]
    assert _words(axes) == [
        "gross", "1,200, 20 pairs", "net of fees", "300 (25 %), 6 pairs", "executed", "3 (1.0 %), 1 pair",
    ]  # fmt: skip
    bottom, top = axes.get_ylim()
    assert bottom > top


def test_funnel_of_nothing_and_of_almost_nothing() -> None:
    nothing = pl.DataFrame({"step": ["gross", "net"], "episodes": [0, 0], "pairs": [0, 0]})
    assert _words(plot_funnel(nothing)) == ["gross", "0, 0 pairs", "net", "0, 0 pairs"]
    little = pl.DataFrame({"step": ["gross", "net"], "episodes": [100_000, 1], "pairs": [9, 1]})
    assert _words(plot_funnel(little))[-1] == "1 (under 0.1 %), 1 pair"


def test_capacity_marks_where_the_last_unit_earns_nothing() -> None:
    upper = plot_capacity(FRAMES["capacity"], capacity_quote=6_700.0)
    lower = _below(upper)
    assert list(upper.lines[0].get_ydata()) == [1.0, 8.0, 15.0, 14.0]
    assert list(lower.lines[0].get_ydata()) == [10.0, 7.0, 1.0, -2.0]
    for axes in (upper, lower):
        assert [6_700.0, 6_700.0] in [list(line.get_xdata()) for line in axes.lines]
        assert axes.get_xlabel() == "notional of an order (quote)"
        assert axes.get_xscale() == "log"
    assert _words(lower) == ["6,700"]
    assert _words(_below(plot_capacity(FRAMES["capacity"], capacity_quote=1e4, is_floor=True))) == ["at least 10,000"]
    for nothing in (float("nan"), 0.0):
        lower = _below(plot_capacity(FRAMES["capacity"], capacity_quote=nothing))
        assert (_words(lower), len(lower.lines)) == ([], 2)


def test_latency_decay_has_profit_above_and_survival_below() -> None:
    upper = plot_latency_decay(FRAMES["latency_decay"], latency_s=0.3)
    lower = _below(upper)
    assert _lines(upper, "LUNC/USDT mexc-gate") == ([0.0, 0.5, 2.0], [20.0, 9.0, -1.0])
    assert _lines(lower, "LINK/USDT binance-mexc") == ([0.0, 0.5, 2.0], [1.0, 0.9, 0.8])
    assert upper.lines[0].get_marker() != upper.lines[1].get_marker()
    for axes in (upper, lower):
        assert [0.3, 0.3] in [list(line.get_xdata()) for line in axes.lines]
    assert _words(lower) == ["assumed: 300 ms"]


def test_latency_decay_without_an_episode_says_so() -> None:
    frame = FRAMES["latency_decay"].with_columns(mean_bps_day=pl.lit(0.0), survival=pl.lit(float("nan")))
    upper = plot_latency_decay(frame, latency_s=3.0)
    lower = _below(upper)
    assert _words(lower) == ["assumed: 3 s", "no episodes"]
    assert upper.get_xlim() == lower.get_xlim() == (0.0, pytest.approx(3.12))
    figure_svg(show(upper).figure)


def test_latencies_are_drawn_in_order() -> None:
    shuffled = FRAMES["latency_decay"].head(3).reverse()
    assert _lines(plot_latency_decay(shuffled), "LUNC/USDT mexc-gate")[0] == [0.0, 0.5, 2.0]


def test_block_profit_adds_up_and_leaves_out_what_is_not_known() -> None:
    frame = pl.DataFrame(
        {"start_ns": START_NS + np.arange(4) * 6 * HOUR_NS, "profit_bps_day": [8.0, float("nan"), None, 4.0]}
    )
    axes = plot_block_profit(frame, block_s=6 * 3_600.0, mean_bps_day=6.0, final_score=-2.0)
    assert _lines(axes, "blocks added up")[1] == [2.0, 2.0, 2.0, 3.0]
    assert _lines(axes, "mean")[1] == [1.5, 1.5, 1.5, 3.0]
    assert _lines(axes, "lower bound")[1] == [-0.5, -0.5, -0.5, -1.0]
    labels = {line.get_label() for line in plot_block_profit(frame).lines}
    assert not labels & {"mean", "lower bound"}


def test_a_year_of_blocks_is_few_points_and_a_small_file() -> None:
    count = 35_040
    profit = np.random.default_rng(2).normal(5.0, 50.0, count)
    frame = pl.DataFrame({"start_ns": START_NS + np.arange(count) * HOUR_NS // 4, "profit_bps_day": profit})
    axes = plot_block_profit(frame, mean_bps_day=5.0, final_score=3.0)
    assert max(len(line.get_xdata()) for line in axes.lines) <= 2_000
    assert axes.lines[0].get_ydata()[-1] == pytest.approx(profit.sum() / 96.0)
    assert len(figure_svg(show(axes).figure)) < 120_000


def test_two_panels_need_a_place_to_share() -> None:
    free = Figure().add_axes((0.1, 0.1, 0.8, 0.8))
    with pytest.raises(BadInput, match="ax: expected axes of a figure's grid"):
        plot_capacity(FRAMES["capacity"], ax=free)


def test_viable_must_be_true_or_false() -> None:
    with pytest.raises(SchemaError, match="column 'viable': expected true or false, was Int64"):
        plot_ranking(FRAMES["ranking"].with_columns(viable=pl.lit(1, pl.Int64)))
