"""What the charts of signals draw: their data, their axes, their words."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_hex

from arbresearch.report import plot_confidence_payoff, plot_reliability, plot_signal_context
from arbresearch.report.theme import PALETTE
from tests.report.kit import FRAMES


def _panels(axes: Axes) -> list[Axes]:
    figure = axes.get_figure(root=True)
    assert figure is not None
    return figure.axes


def _labels(axes: Axes) -> list[str]:
    legend = axes.get_legend()
    return [] if legend is None else [text.get_text() for text in legend.get_texts()]


def test_context_draws_edges_bands_and_what_they_rest_on() -> None:
    frame = FRAMES["signal_context"].head(200)
    axes = plot_signal_context(frame, names=("mexc", "gate"), thresholds_bps=(5.0, 5.0))
    edge, rank, trend, life = _panels(axes)
    assert _labels(edge) == ["sell on mexc", "sell on gate", "enter above 5 bps"]
    walk = frame.filter(pl.col("direction") == "ab")["edge_bps"].to_list()
    assert list(np.asarray(edge.lines[0].get_ydata(), dtype=float)) == walk
    band = edge.collections[0].get_paths()[0].vertices[:, 1]  # type: ignore[index]
    assert (float(np.min(band)), float(np.max(band))) == (-6.0, 6.0)
    assert set(np.asarray(rank.lines[1].get_ydata(), dtype=float)) == {0.75}
    assert set(np.asarray(trend.lines[0].get_ydata(), dtype=float)) == {1.5}
    assert set(np.asarray(life.lines[0].get_ydata(), dtype=float)) == {2.0}
    assert life.get_ylabel() == "half-life (min)"
    brief = plot_signal_context(frame.with_columns(half_life_s=pl.lit(3.0)))
    assert _panels(brief)[3].get_ylabel() == "half-life (s)"


def test_context_of_long_spans_is_thinned() -> None:
    axes = plot_signal_context(FRAMES["signal_context"], points=500)
    assert all(len(line.get_xdata()) <= 500 for panel in _panels(axes) for line in panel.lines)


def test_reliability_has_its_diagonal_intervals_and_others() -> None:
    frame = FRAMES["reliability"]
    axes = plot_reliability(frame, others={"plain": frame.with_columns(observed=pl.lit(0.5)), "none": None})
    assert _labels(axes) == ["as stated", "plain", "calibrated, held out"]
    assert list(axes.lines[0].get_ydata()) == [0, 1]
    assert list(axes.lines[1].get_ydata()) == [0.5, 0.5, 0.5]
    (bars,) = axes.containers
    heights = [segment[:, 1].tolist() for segment in bars.lines[2][0].get_segments()]
    assert heights == [pytest.approx(one) for one in ([0.2, 0.3], [0.4, 0.55], [0.9, 0.94])]
    assert axes.get_xlim()[0] < 0.0


def test_reliability_of_the_nearly_certain_is_looked_at_closely() -> None:
    frame = FRAMES["reliability"].with_columns(pl.all() * 0.1 + 0.9)
    axes = plot_reliability(frame)
    assert axes.get_xlim() == axes.get_ylim()
    assert 0.75 < axes.get_xlim()[0] < 0.9
    unknown = frame.with_columns(lower=pl.lit(float("nan")), upper=pl.lit(float("nan")))
    assert plot_reliability(unknown).has_data()


def test_payoff_says_what_is_good_by_colour() -> None:
    upper, lower = _panels(plot_confidence_payoff(FRAMES["confidence_payoff"]))
    assert [bar.get_height() for bar in upper.patches] == [0.5, -3.0]
    assert [to_hex(bar.get_facecolor()) for bar in upper.patches] == [PALETTE[1], PALETTE[2]]
    assert [bar.get_height() for bar in lower.patches] == [-6.0, 1.0]
    assert [to_hex(bar.get_facecolor()) for bar in lower.patches] == [PALETTE[1], PALETTE[2]]
    assert [label.get_text() for label in lower.get_xticklabels()] == ["below 50 %", "50 to 90 %"]
    assert lower.get_ylabel() == "round trip (bps)"
