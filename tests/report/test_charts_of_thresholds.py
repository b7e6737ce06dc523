"""What the charts of thresholds draw: surfaces and plateaus, walk-forward, over-fitting, sizes, drift."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, QuadMesh

from arbresearch.core import SchemaError
from arbresearch.report import (
    plot_order_sizes,
    plot_out_of_sample,
    plot_overfitting,
    plot_threshold_drift,
    plot_threshold_profile,
    plot_threshold_surface,
    plot_walk_forward,
)
from tests.report.kit import FRAMES, HOUR_NS, START_NS


def _panels(axes: Axes) -> list[Axes]:
    figure = axes.get_figure(root=True)
    assert figure is not None
    return figure.axes


def _bars(axes: Axes) -> list[Any]:
    return list(axes.patches)


def _lines(axes: Axes) -> list[Any]:
    return list(axes.lines)


def _words(axes: Axes) -> list[str]:
    return [text.get_text() for text in axes.texts]


def _labels(axes: Axes) -> list[str]:
    legend = axes.get_legend()
    return [] if legend is None else [text.get_text() for text in legend.get_texts()]


def _outline(axes: Axes) -> set[tuple[tuple[float, float], ...]]:
    """Return the sides of the plateau, each from its lower to its higher end."""
    line = [one for one in axes.collections if isinstance(one, LineCollection)][-1]
    return {tuple(sorted((float(x), float(y)) for x, y in part)) for part in line.get_segments()}


def test_surface_has_a_cell_a_point_and_the_lowest_row_below() -> None:
    axes = plot_threshold_surface(FRAMES["threshold_surface"], other="order size (USDT)")
    (mesh,) = [one for one in axes.collections if isinstance(one, QuadMesh)]
    values: Any = mesh.get_array()
    grid = np.ma.filled(values, np.nan).reshape(3, 4)
    assert grid[0].tolist() == [1.0, 4.0, 5.0, 2.0]
    assert np.isnan(grid[2, 2])
    assert axes.get_ylim()[0] < axes.get_ylim()[1]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["250", "500", "1,000"]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["4.0", "5.0", "6.0", "7.0"]
    assert axes.get_ylabel() == "order size (USDT)"


def test_the_plateau_is_outlined_and_the_choice_is_marked() -> None:
    axes = plot_threshold_surface(FRAMES["threshold_surface"])
    # Cells (1, 1) and (2, 1), column and row: three sides each, none between them.
    around = {((0.5, 0.5), (0.5, 1.5)), ((2.5, 0.5), (2.5, 1.5)), ((0.5, 0.5), (1.5, 0.5)), ((1.5, 0.5), (2.5, 0.5)),
              ((0.5, 1.5), (1.5, 1.5)), ((1.5, 1.5), (2.5, 1.5))}  # fmt: skip
    assert _outline(axes) == around
    (mark,) = [line for line in _lines(axes) if line.get_marker() == "o"]
    assert (list(mark.get_xdata()), list(mark.get_ydata())) == ([1], [1])
    assert _labels(axes) == ["as good as the best", "chosen"]


def test_two_points_at_one_place_are_refused() -> None:
    frame = FRAMES["threshold_surface"]
    with pytest.raises(SchemaError, match="one row for each place"):
        plot_threshold_surface(pl.concat([frame, frame.head(1)]))


def test_profile_marks_choice_plateau_and_closed_form() -> None:
    axes = plot_threshold_profile(FRAMES["threshold_profile"], closed_form_bps=(5.4, 5.0, 6.1))
    upper, lower = _panels(axes)
    assert list(_lines(upper)[0].get_ydata()) == [2.0, 8.0, 9.0, 4.0]
    assert list(_lines(lower)[0].get_ydata()) == [10.0, 40.0, 38.0, 30.0]
    for panel in (upper, lower):
        at = {line.get_label(): line.get_xdata()[0] for line in _lines(panel) if len(line.get_xdata()) == 2}
        assert (at["chosen"], at["best by closed form"]) == (5.0, 5.4)
    assert _words(lower) == ["5.4 bps"]
    assert upper.get_xlim() == lower.get_xlim()


def test_a_profile_without_a_theory_says_so() -> None:
    frame = FRAMES["threshold_profile"].with_columns(theory_bps_day=pl.lit(float("nan")))
    upper, lower = _panels(plot_threshold_profile(frame))
    assert "best by closed form" not in _labels(upper)
    assert _words(lower) == ["nothing reverts, or too slowly to pay"]


def test_folds_show_thresholds_intervals_and_where_nothing_was_traded() -> None:
    upper, lower = _panels(plot_walk_forward(FRAMES["walk_forward"], names=("mexc", "gate perp")))
    assert [list(line.get_ydata()) for line in _lines(upper)] == [[5.0, 5.0], [6.0, 6.0], [-1.0, -1.0], [-2.0, -2.0]]
    assert _labels(upper) == ["sell on mexc", "sell on gate perp"]
    bars = [[sorted(float(y) for _, y in part) for part in one.get_segments()] for one in upper.collections
            if isinstance(one, LineCollection)]  # fmt: skip
    assert bars == [[[4.0, 6.5], [5.5, 7.0]], [[-2.0, 0.5]]]
    assert _words(upper) == ["no trade"]
    assert [bar.get_height() for bar in _bars(lower)] == [20.0, 25.0, 0.0, 12.0, -3.0, 0.0]
    assert _labels(lower) == ["where it was chosen", "on later data"]


def test_the_fan_is_the_mean_times_time() -> None:
    frame = pl.DataFrame({"time_ns": START_NS + np.arange(3) * 24 * HOUR_NS, "profit_bps": [0.0, 3.0, 8.0]})
    axes = plot_out_of_sample(frame, mean_bps_day=(4.0, 1.0, 7.0), confidence=0.9)
    mean = next(line for line in _lines(axes) if line.get_label() == "mean")
    assert list(mean.get_ydata()) == [0.0, 8.0]
    ends = np.asarray(axes.collections[0].get_paths()[0].vertices)[:, 1]
    assert (ends.min(), ends.max()) == (0.0, 14.0)
    assert "mean, 90 % interval" in _labels(axes)
    assert _labels(plot_out_of_sample(frame)) == ["profit"]


def test_splits_below_the_middle_have_their_own_colour() -> None:
    frame = pl.DataFrame(
        {"logit": [-1.0, 0.5, 1.0, 2.0], "in_sample": [1.0, 1.2, 1.1, np.inf], "out_of_sample": [-0.5, 0.2, 0.4, 0.6]}
    )
    upper, lower = _panels(plot_overfitting(frame, probability=0.25))
    low = [bar for bar in _bars(upper) if bar.get_x() + bar.get_width() <= 0.0]
    assert sum(bar.get_height() for bar in low) == pytest.approx(0.25)
    assert sum(bar.get_height() for bar in _bars(upper)) == pytest.approx(1.0)
    assert len({bar.get_facecolor() for bar in _bars(upper)}) == 2
    assert _words(upper) == ["worse than the middle: 25.0 %"]
    promised, kept = _bars(lower)
    assert np.sum(promised.get_data().values) == pytest.approx(1.0)
    assert kept.get_data().edges[0] == -0.5


def test_sizes_show_bounds_within_reach_and_name_those_beyond() -> None:
    axes = plot_order_sizes(
        FRAMES["order_sizes"],
        bounds={"capacity": 1_500.0, "inventory": 2_500.0, "drawdown": float("inf")},
        chosen_quote=1_000.0,
        currency="USDT",
    )
    labels = _labels(axes)
    assert labels[2:] == ["capacity: 1,500", "inventory: 2,500 →", "chosen: 1,000"]
    drawn = {line.get_label(): list(line.get_xdata()) for line in _lines(axes)}
    assert drawn["capacity: 1,500"] == [1_500.0, 1_500.0]
    assert drawn["inventory: 2,500 →"] == []
    assert axes.get_xlabel() == "size of an order (USDT)"
    (bars,) = [one for one in axes.collections if isinstance(one, LineCollection)]
    assert len(bars.get_segments()) == 3


def test_drift_has_a_panel_a_pair_on_one_span_of_time() -> None:
    panels = _panels(plot_threshold_drift(FRAMES["threshold_drift"]))
    assert [panel.get_title(loc="left") for panel in panels] == [
        "Thresholds by week: LUNC/USDT mexc-gate", "SNX/USDT binance-gate",
    ]  # fmt: skip
    assert panels[0].get_xlim() == panels[1].get_xlim()
    assert list(_lines(panels[0])[0].get_ydata()) == [5.0, 5.5, 7.0]
    assert np.isnan(_lines(panels[1])[0].get_ydata()[-1])
    assert len(_panels(plot_threshold_drift(FRAMES["threshold_drift"], limit=1))) == 1
