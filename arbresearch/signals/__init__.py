"""When to act: the decision between the six modes and holding, shared by backtest and live trading."""

from arbresearch.signals.batch import ContextTable, SignalBatch
from arbresearch.signals.calibration import Calibration, HeldOut, walk_forward
from arbresearch.signals.calibration_report import CalibrationReport, judge_confidence
from arbresearch.signals.decision import Decision, DecisionTerms, Holdings, Level, VenueRules, decide
from arbresearch.signals.decision_kernels import ceil_to_tick, net_bps
from arbresearch.signals.model import FEATURES_PER_HORIZON, ConfidenceModel, ConfidenceSource, features_of
from arbresearch.signals.modes import AB, BA, MODES, Mode
from arbresearch.signals.outcomes import Outcomes, label_outcomes, pool_outcomes
from arbresearch.signals.result import EnhancedArbitrageSignal, HorizonSignal
from arbresearch.signals.schedule import ScheduleRow, ThresholdSchedule
from arbresearch.signals.settings import SignalSettings, VenueQuote
from arbresearch.signals.signal import EnhancedSpotArbitrageSignal

__all__ = [
    "AB",
    "BA",
    "FEATURES_PER_HORIZON",
    "MODES",
    "Calibration",
    "CalibrationReport",
    "ConfidenceModel",
    "ConfidenceSource",
    "ContextTable",
    "Decision",
    "DecisionTerms",
    "EnhancedArbitrageSignal",
    "EnhancedSpotArbitrageSignal",
    "HeldOut",
    "Holdings",
    "HorizonSignal",
    "Level",
    "Mode",
    "Outcomes",
    "ScheduleRow",
    "SignalBatch",
    "SignalSettings",
    "ThresholdSchedule",
    "VenueQuote",
    "VenueRules",
    "ceil_to_tick",
    "decide",
    "features_of",
    "judge_confidence",
    "label_outcomes",
    "net_bps",
    "pool_outcomes",
    "walk_forward",
]
