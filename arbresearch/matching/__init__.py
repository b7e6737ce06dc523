"""How an order fills: delays, taking from the book met on arrival, waiting in a queue. Shared by backtest and paper."""

from arbresearch.matching.arrivals import take_at_arrivals
from arbresearch.matching.bracket import Bracket, resting_bracket
from arbresearch.matching.impact import SquareRootImpact, impact_bps, size_for_edge
from arbresearch.matching.latency import ConstantLatency, Latency, Leg, MeasuredLatency, VenueLatency
from arbresearch.matching.latency_fit import LatencyFit, fit_latency
from arbresearch.matching.latency_kernels import delay_of
from arbresearch.matching.queue import Filled, MakerOrder, QueueFamily, QueueModel, RestingOrder, Rule, level_shown
from arbresearch.matching.states import LIVE, TRANSITIONS, OrderEvent, OrderState, next_state
from arbresearch.matching.taker import DEPTH_AGE_NS, DisplayedBook, TakerFill, TakerOrder, TimeInForce, fee_of

__all__ = [
    "DEPTH_AGE_NS",
    "LIVE",
    "TRANSITIONS",
    "Bracket",
    "ConstantLatency",
    "DisplayedBook",
    "Filled",
    "Latency",
    "LatencyFit",
    "Leg",
    "MakerOrder",
    "MeasuredLatency",
    "OrderEvent",
    "OrderState",
    "QueueFamily",
    "QueueModel",
    "RestingOrder",
    "Rule",
    "SquareRootImpact",
    "TakerFill",
    "TakerOrder",
    "TimeInForce",
    "VenueLatency",
    "delay_of",
    "fee_of",
    "fit_latency",
    "impact_bps",
    "level_shown",
    "next_state",
    "resting_bracket",
    "size_for_edge",
    "take_at_arrivals",
]
