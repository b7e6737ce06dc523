"""Published statistics: bounds of a mean, mean reversion, what transfers cost. Pure: arrays in, numbers out."""

from arbresearch.stats.bertram import bertram, round_trip
from arbresearch.stats.bootstrap import block_length, stationary_bootstrap_means, stationary_bootstrap_variance
from arbresearch.stats.cscv import BacktestOverfitting, backtest_overfitting, backtest_overfitting_probability
from arbresearch.stats.leung_li import leung_li
from arbresearch.stats.levels import Levels
from arbresearch.stats.mean import MeanEstimate, estimate_mean, lower_confidence_bound
from arbresearch.stats.ou import OUFit, fit_ou, half_life
from arbresearch.stats.overfit import (
    deflated_sharpe,
    expected_maximum_sharpe,
    min_track_record_length,
    probabilistic_sharpe,
)
from arbresearch.stats.passage import first_passage_time, hit_probability, monitoring_shift, target_before_stop
from arbresearch.stats.performance import Performance, performance
from arbresearch.stats.superior import SuperiorAbility, superior_predictive_ability
from arbresearch.stats.transfers import edge_at_arrival, expected_transfer_net, unhedged_transfer_bound
from arbresearch.stats.zeng_lee import zeng_lee

__all__ = [
    "BacktestOverfitting",
    "Levels",
    "MeanEstimate",
    "OUFit",
    "Performance",
    "SuperiorAbility",
    "backtest_overfitting",
    "backtest_overfitting_probability",
    "bertram",
    "block_length",
    "deflated_sharpe",
    "edge_at_arrival",
    "estimate_mean",
    "expected_maximum_sharpe",
    "expected_transfer_net",
    "first_passage_time",
    "fit_ou",
    "half_life",
    "hit_probability",
    "leung_li",
    "lower_confidence_bound",
    "min_track_record_length",
    "monitoring_shift",
    "performance",
    "probabilistic_sharpe",
    "round_trip",
    "stationary_bootstrap_means",
    "stationary_bootstrap_variance",
    "superior_predictive_ability",
    "target_before_stop",
    "unhedged_transfer_bound",
    "zeng_lee",
]
