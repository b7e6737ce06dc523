"""Which pairs are worth it: for now an overview of how often, how far and how long two venues diverge."""

from arbresearch.discovery.lags import lagged_correlation
from arbresearch.discovery.overview import Overview, load_pair, pair_overview, venue_matrix
from arbresearch.discovery.pairs import Fees, Markets, StreamPair, choose_pairs, find_fees
from arbresearch.discovery.settings import Basis, OverviewSettings
from arbresearch.discovery.summary import key_figures, result_tables, week_of
from arbresearch.discovery.words import describe, status_of, verdict

__all__ = [
    "Basis",
    "Fees",
    "Markets",
    "Overview",
    "OverviewSettings",
    "StreamPair",
    "choose_pairs",
    "describe",
    "find_fees",
    "key_figures",
    "lagged_correlation",
    "load_pair",
    "pair_overview",
    "result_tables",
    "status_of",
    "venue_matrix",
    "verdict",
    "week_of",
]
