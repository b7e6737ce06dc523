"""Two books side by side: aligned updates, gross and net edges, episodes, lifetimes and depth."""

from arbresearch.edges.align import align
from arbresearch.edges.depth import (
    Executable,
    Walk,
    executable,
    executable_books,
    slippage_bps,
    walk,
    walk_books,
)
from arbresearch.edges.discovery_share import (
    PriceDiscovery,
    component_share,
    information_share_bounds,
    makarov_schoar,
    price_discovery,
)
from arbresearch.edges.edge import edges
from arbresearch.edges.episodes import episodes
from arbresearch.edges.leadlag import LeadLag, VolatilityRatio, hayashi_yoshida, lead_lag, volatility_ratio
from arbresearch.edges.leadlag_kernels import BlockSums, horizon_sums, lead_lag_block, lead_lag_blocks, thinned
from arbresearch.edges.leadlag_sums import LeadLagSums, lead_lag_of_sums, volatility_ratio_of_sums
from arbresearch.edges.legs import DIRECTION, Direction
from arbresearch.edges.pair import Book, Pair
from arbresearch.edges.profile import edge_profile, time_share
from arbresearch.edges.survival import Survival, survival

__all__ = [
    "DIRECTION",
    "BlockSums",
    "Book",
    "Direction",
    "Executable",
    "LeadLag",
    "LeadLagSums",
    "Pair",
    "PriceDiscovery",
    "Survival",
    "VolatilityRatio",
    "Walk",
    "align",
    "component_share",
    "edge_profile",
    "edges",
    "episodes",
    "executable",
    "executable_books",
    "hayashi_yoshida",
    "horizon_sums",
    "information_share_bounds",
    "lead_lag",
    "lead_lag_block",
    "lead_lag_blocks",
    "lead_lag_of_sums",
    "makarov_schoar",
    "price_discovery",
    "slippage_bps",
    "survival",
    "thinned",
    "time_share",
    "volatility_ratio",
    "volatility_ratio_of_sums",
    "walk",
    "walk_books",
]
