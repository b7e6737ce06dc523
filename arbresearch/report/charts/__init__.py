"""Charts: ``plot_x(frame, *, ax=None) -> Axes`` of polars frames, each with a title and units on both axes.

``CHARTS`` names them all with the columns they need; ``draw(name, frame)`` draws one by name.
"""

from arbresearch.report.charts._registry import CHARTS, Chart, ColumnKind, draw
from arbresearch.report.charts.capacity import plot_capacity
from arbresearch.report.charts.costs import plot_cost_waterfall
from arbresearch.report.charts.decay import plot_block_profit, plot_latency_decay
from arbresearch.report.charts.drift import plot_threshold_drift
from arbresearch.report.charts.edges import plot_edge_distribution, plot_edge_over_time
from arbresearch.report.charts.executions import (
    plot_fill_rule_bracket,
    plot_latency_sweep,
    plot_markout_curve,
)
from arbresearch.report.charts.fills import plot_fills_over_books
from arbresearch.report.charts.funnel import plot_funnel
from arbresearch.report.charts.holdings import plot_hedge_path, plot_inventory_path, plot_unhedged_exposure
from arbresearch.report.charts.lifetimes import plot_episodes, plot_survival
from arbresearch.report.charts.matrices import plot_edge_by_hour, plot_venue_matrix
from arbresearch.report.charts.quality import plot_clock_offset, plot_coverage, plot_spans
from arbresearch.report.charts.ranking import plot_rank_comparison, plot_ranking
from arbresearch.report.charts.results import plot_backtest_waterfall, plot_equity_curve
from arbresearch.report.charts.signals import plot_confidence_payoff, plot_reliability, plot_signal_context
from arbresearch.report.charts.sizes import plot_order_sizes
from arbresearch.report.charts.surfaces import plot_threshold_profile, plot_threshold_surface
from arbresearch.report.charts.walkforward import plot_out_of_sample, plot_overfitting, plot_walk_forward

__all__ = [
    "CHARTS",
    "Chart",
    "ColumnKind",
    "draw",
    "plot_backtest_waterfall",
    "plot_block_profit",
    "plot_capacity",
    "plot_clock_offset",
    "plot_confidence_payoff",
    "plot_cost_waterfall",
    "plot_coverage",
    "plot_edge_by_hour",
    "plot_edge_distribution",
    "plot_edge_over_time",
    "plot_episodes",
    "plot_equity_curve",
    "plot_fill_rule_bracket",
    "plot_fills_over_books",
    "plot_funnel",
    "plot_hedge_path",
    "plot_inventory_path",
    "plot_latency_decay",
    "plot_latency_sweep",
    "plot_markout_curve",
    "plot_order_sizes",
    "plot_out_of_sample",
    "plot_overfitting",
    "plot_rank_comparison",
    "plot_ranking",
    "plot_reliability",
    "plot_signal_context",
    "plot_spans",
    "plot_survival",
    "plot_threshold_drift",
    "plot_threshold_profile",
    "plot_threshold_surface",
    "plot_unhedged_exposure",
    "plot_venue_matrix",
    "plot_walk_forward",
]
