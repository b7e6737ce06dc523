"""When to act: the decision between the six modes and holding, shared by backtest and live trading."""

from arbresearch.signals.decision import Decision, DecisionTerms, Holdings, Level, VenueRules, decide
from arbresearch.signals.decision_kernels import ceil_to_tick, net_bps
from arbresearch.signals.modes import AB, BA, MODES, Mode

__all__ = [
    "AB",
    "BA",
    "MODES",
    "Decision",
    "DecisionTerms",
    "Holdings",
    "Level",
    "Mode",
    "VenueRules",
    "ceil_to_tick",
    "decide",
    "net_bps",
]
