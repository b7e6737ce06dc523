"""A simulated market of several venues whose truth is known: what pays, what only seems to, and why."""

from arbresearch.sample.market import Progress, depth_symbols, generate, is_stored, venue_frames
from arbresearch.sample.plan import TRAPS, CoinPlan, Kind, MarketPlan, StreamPlan, plan_market
from arbresearch.sample.spec import SampleSpec
from arbresearch.sample.streams import DepthDay, StreamDay, coin_grid, simulate_stream, stream_day
from arbresearch.sample.truth import TRUTH_FILE, PairTruth, Truth, load_truth, truth_of

__all__ = [
    "TRAPS",
    "TRUTH_FILE",
    "CoinPlan",
    "DepthDay",
    "Kind",
    "MarketPlan",
    "PairTruth",
    "Progress",
    "SampleSpec",
    "StreamDay",
    "StreamPlan",
    "Truth",
    "coin_grid",
    "depth_symbols",
    "generate",
    "is_stored",
    "load_truth",
    "plan_market",
    "simulate_stream",
    "stream_day",
    "truth_of",
    "venue_frames",
]
