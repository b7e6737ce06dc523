"""Which pairs are worth it: how far venues diverge, which coins they share, and what each candidate truly earns."""

from arbresearch.discovery.board import BoardState, ScoreBoard
from arbresearch.discovery.common_file import load_common_symbols
from arbresearch.discovery.finder import SpotArbitrageCandidateFinder
from arbresearch.discovery.lags import lagged_correlation
from arbresearch.discovery.legacy import legacy_composite_score
from arbresearch.discovery.metrics import PairMetrics, historical_metrics
from arbresearch.discovery.metrics_settings import MetricsSettings
from arbresearch.discovery.overview import Overview, load_pair, pair_overview, venue_matrix
from arbresearch.discovery.pairs import Fees, Markets, StreamPair, choose_pairs, find_fees
from arbresearch.discovery.ranking import Ranking
from arbresearch.discovery.reasons import Reason
from arbresearch.discovery.score import ArbitrageOpportunityScore
from arbresearch.discovery.score_settings import ScoreSettings
from arbresearch.discovery.settings import Basis, OverviewSettings
from arbresearch.discovery.snapshot import edge_shares, snapshot_edges
from arbresearch.discovery.summary import key_figures, result_tables, week_of
from arbresearch.discovery.universe import Universe, discover_common_symbols
from arbresearch.discovery.universe_words import describe_universe, universe_doubts, universe_tables
from arbresearch.discovery.watch import Board
from arbresearch.discovery.withdrawals import withdrawal_fees
from arbresearch.discovery.words import describe, status_of, verdict

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
    "choose_pairs",
    "describe",
    "describe_universe",
    "discover_common_symbols",
    "edge_shares",
    "find_fees",
    "historical_metrics",
    "key_figures",
    "lagged_correlation",
    "legacy_composite_score",
    "load_common_symbols",
    "load_pair",
    "pair_overview",
    "result_tables",
    "snapshot_edges",
    "status_of",
    "universe_doubts",
    "universe_tables",
    "venue_matrix",
    "verdict",
    "week_of",
    "withdrawal_fees",
]
