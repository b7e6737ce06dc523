"""When to act, how large, and how sure one can be: best levels, their grid, plateau, folds, resamples and sizes."""

from arbresearch.thresholds.capacity import CapacityCurve, capacity_curve
from arbresearch.thresholds.folds import Fold, check_folds, make_folds, purge_of
from arbresearch.thresholds.optimizer import DynamicThresholdOptimizer
from arbresearch.thresholds.overshoot import overshoot_bps
from arbresearch.thresholds.plateau import DIMENSIONS, Lattice, Plateau, choose_plateau, find_plateau
from arbresearch.thresholds.points import (
    ThresholdGrid,
    check_point,
    default_widths,
    theory_points,
    threshold_grid,
    user_grid,
)
from arbresearch.thresholds.process import SpreadFit, fit_spread
from arbresearch.thresholds.rechoice import ChoiceIntervals, choice_intervals
from arbresearch.thresholds.regimes import Regime
from arbresearch.thresholds.resample import (
    Interval,
    bootstrap_rows,
    bootstrap_weights,
    joint_block_size,
    mean_interval,
    row_weights,
)
from arbresearch.thresholds.result import OptimalThresholds, OutOfSample
from arbresearch.thresholds.settings import REGIMES, OptimizerSettings
from arbresearch.thresholds.sizing import SizeBound, Sizing, VenueRisk, choose_size, drawdown_quantile, kelly_fraction
from arbresearch.thresholds.theory import ReversionTerms, TheoryRate, best_half_width, theory_rate

__all__ = [
    "DIMENSIONS",
    "REGIMES",
    "CapacityCurve",
    "ChoiceIntervals",
    "DynamicThresholdOptimizer",
    "Fold",
    "Interval",
    "Lattice",
    "OptimalThresholds",
    "OptimizerSettings",
    "OutOfSample",
    "Plateau",
    "Regime",
    "ReversionTerms",
    "SizeBound",
    "Sizing",
    "SpreadFit",
    "TheoryRate",
    "ThresholdGrid",
    "VenueRisk",
    "best_half_width",
    "bootstrap_rows",
    "bootstrap_weights",
    "capacity_curve",
    "check_folds",
    "check_point",
    "choice_intervals",
    "choose_plateau",
    "choose_size",
    "default_widths",
    "drawdown_quantile",
    "find_plateau",
    "fit_spread",
    "joint_block_size",
    "kelly_fraction",
    "make_folds",
    "mean_interval",
    "overshoot_bps",
    "purge_of",
    "row_weights",
    "theory_points",
    "theory_rate",
    "threshold_grid",
    "user_grid",
]
