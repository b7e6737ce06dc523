"""Published statistics: bounds of a mean, mean reversion, what transfers cost. Pure: arrays in, numbers out."""

from arbresearch.stats.bootstrap import block_length, stationary_bootstrap_means, stationary_bootstrap_variance
from arbresearch.stats.mean import MeanEstimate, estimate_mean, lower_confidence_bound
from arbresearch.stats.ou import OUFit, fit_ou, half_life
from arbresearch.stats.transfers import edge_at_arrival, expected_transfer_net, unhedged_transfer_bound

__all__ = [
    "MeanEstimate",
    "OUFit",
    "block_length",
    "edge_at_arrival",
    "estimate_mean",
    "expected_transfer_net",
    "fit_ou",
    "half_life",
    "lower_confidence_bound",
    "stationary_bootstrap_means",
    "stationary_bootstrap_variance",
    "unhedged_transfer_bound",
]
