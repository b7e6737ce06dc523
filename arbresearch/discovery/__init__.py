"""Which pairs are worth it: how far venues diverge, which coins they share, and what each candidate truly earns."""

from arbresearch.discovery.blocks.settings import ScoreSettings
from arbresearch.discovery.board.board import BoardState, ScoreBoard
from arbresearch.discovery.board.watch import Board
from arbresearch.discovery.finder import SpotArbitrageCandidateFinder
from arbresearch.discovery.metrics.history import PairMetrics, historical_metrics
from arbresearch.discovery.metrics.settings import MetricsSettings
from arbresearch.discovery.overview.lags import lagged_correlation
from arbresearch.discovery.overview.overview import Overview, load_pair, pair_overview, venue_matrix
from arbresearch.discovery.overview.settings import Basis, OverviewSettings
from arbresearch.discovery.overview.summary import key_figures, result_tables, week_of
from arbresearch.discovery.overview.words import describe, status_of, verdict
from arbresearch.discovery.pairs import Fees, Markets, StreamPair, choose_pairs, find_fees
from arbresearch.discovery.scoring.legacy import legacy_composite_score
from arbresearch.discovery.scoring.ranking import Ranking
from arbresearch.discovery.scoring.reasons import Reason
from arbresearch.discovery.scoring.score import ArbitrageOpportunityScore
from arbresearch.discovery.scoring.summary import (
    funnel,
    ranking_figures,
    ranking_tables,
    refusals,
    refused,
    score_table,
)
from arbresearch.discovery.scoring.tear_sheet import block_profits, metrics_table, score_fields, stream_pair, waterfall
from arbresearch.discovery.scoring.words import (
    choose_pair,
    describe_comparison,
    describe_pair,
    describe_ranking,
    ranking_status,
    ranking_verdict,
    reason_words,
)
from arbresearch.discovery.universe.common_file import load_common_symbols
from arbresearch.discovery.universe.snapshot import edge_shares, snapshot_edges
from arbresearch.discovery.universe.universe import Universe, discover_common_symbols
from arbresearch.discovery.universe.universe_words import describe_universe, universe_doubts, universe_tables
from arbresearch.discovery.universe.withdrawals import withdrawal_fees

__all__ = [
    "ArbitrageOpportunityScore",
    "Basis",
    "Board",
    "BoardState",
    "Fees",
    "Markets",
    "MetricsSettings",
    "Overview",
    "OverviewSettings",
    "PairMetrics",
    "Ranking",
    "Reason",
    "ScoreBoard",
    "ScoreSettings",
    "SpotArbitrageCandidateFinder",
    "StreamPair",
    "Universe",
    "block_profits",
    "choose_pair",
    "choose_pairs",
    "describe",
    "describe_comparison",
    "describe_pair",
    "describe_ranking",
    "describe_universe",
    "discover_common_symbols",
    "edge_shares",
    "find_fees",
    "funnel",
    "historical_metrics",
    "key_figures",
    "lagged_correlation",
    "legacy_composite_score",
    "load_common_symbols",
    "load_pair",
    "metrics_table",
    "pair_overview",
    "ranking_figures",
    "ranking_status",
    "ranking_tables",
    "ranking_verdict",
    "reason_words",
    "refusals",
    "refused",
    "result_tables",
    "score_fields",
    "score_table",
    "snapshot_edges",
    "status_of",
    "stream_pair",
    "universe_doubts",
    "universe_tables",
    "venue_matrix",
    "verdict",
    "waterfall",
    "week_of",
    "withdrawal_fees",
]
