"""Showing it: charts and tables take frames, a template takes executed notebooks; every page stands alone."""

from arbresearch.report.charts import (
    CHARTS,
    draw,
    plot_block_profit,
    plot_capacity,
    plot_clock_offset,
    plot_cost_waterfall,
    plot_coverage,
    plot_edge_by_hour,
    plot_edge_distribution,
    plot_edge_over_time,
    plot_episodes,
    plot_funnel,
    plot_latency_decay,
    plot_rank_comparison,
    plot_ranking,
    plot_spans,
    plot_survival,
    plot_venue_matrix,
)
from arbresearch.report.display import FigureDisplay, HtmlDisplay, show
from arbresearch.report.envelope import envelope
from arbresearch.report.html import KeyFigure, Page, RunHeader, external_references, render_report
from arbresearch.report.pages import RunCard, StageRow, render_index, render_pipeline, render_redirect
from arbresearch.report.tables import Column, badge, table
from arbresearch.report.theme import new_axes, panels

__all__ = [
    "CHARTS",
    "Column",
    "FigureDisplay",
    "HtmlDisplay",
    "KeyFigure",
    "Page",
    "RunCard",
    "RunHeader",
    "StageRow",
    "badge",
    "draw",
    "envelope",
    "external_references",
    "new_axes",
    "panels",
    "plot_block_profit",
    "plot_capacity",
    "plot_clock_offset",
    "plot_cost_waterfall",
    "plot_coverage",
    "plot_edge_by_hour",
    "plot_edge_distribution",
    "plot_edge_over_time",
    "plot_episodes",
    "plot_funnel",
    "plot_latency_decay",
    "plot_rank_comparison",
    "plot_ranking",
    "plot_spans",
    "plot_survival",
    "plot_venue_matrix",
    "render_index",
    "render_pipeline",
    "render_redirect",
    "render_report",
    "show",
    "table",
]
