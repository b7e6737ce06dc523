"""Published statistics: bootstrap bounds of a mean, and mean reversion. Pure: arrays in, numbers out."""

from arbresearch.stats.bootstrap import block_length, stationary_bootstrap_means, stationary_bootstrap_variance
from arbresearch.stats.mean import MeanEstimate, estimate_mean, lower_confidence_bound
from arbresearch.stats.ou import OUFit, fit_ou, half_life

__all__ = [
    "MeanEstimate",
    "OUFit",
    "block_length",
    "estimate_mean",
    "fit_ou",
    "half_life",
    "lower_confidence_bound",
    "stationary_bootstrap_means",
    "stationary_bootstrap_variance",
]
