"""What would have happened: two venues and a hedge, event by event, with the trader's bad moments in it."""

from arbresearch.backtest.candles import CandleTrap, candle_trap, first_trap, trap_table
from arbresearch.backtest.codes import Asset, CashKind, FillReason, OneLegPolicy, Rebalance, TransferState, Trigger
from arbresearch.backtest.config import BacktestConfig
from arbresearch.backtest.config_parts import (
    Balances,
    HedgeConfig,
    ImpactConfig,
    InstrumentTerms,
    LatencyModel,
    MarginConfig,
    ModeThresholds,
    TransferConfig,
    TransferRoute,
)
from arbresearch.backtest.engine import SpotArbitrageBacktester
from arbresearch.backtest.equity import block_profits
from arbresearch.backtest.grid import GridPoint, GridRuns, run_grid
from arbresearch.backtest.inputs import Inputs
from arbresearch.backtest.instants import Instants, index_of
from arbresearch.backtest.judged import judged
from arbresearch.backtest.log import RunLog
from arbresearch.backtest.market import FundingRows, Market, VenueTape, market_between
from arbresearch.backtest.result import BacktestResult
from arbresearch.backtest.run import run_market
from arbresearch.backtest.summary import BacktestSummary
from arbresearch.backtest.sweeps import latency_sweep, rule_bracket
from arbresearch.backtest.terms import RunTerms, ScheduleTerms, StrategyTerms, TransferTerms, VenueTerms

__all__ = [
    "Asset",
    "BacktestConfig",
    "BacktestResult",
    "BacktestSummary",
    "Balances",
    "CandleTrap",
    "CashKind",
    "FillReason",
    "FundingRows",
    "GridPoint",
    "GridRuns",
    "HedgeConfig",
    "ImpactConfig",
    "Inputs",
    "Instants",
    "InstrumentTerms",
    "LatencyModel",
    "MarginConfig",
    "Market",
    "ModeThresholds",
    "OneLegPolicy",
    "Rebalance",
    "RunLog",
    "RunTerms",
    "ScheduleTerms",
    "SpotArbitrageBacktester",
    "StrategyTerms",
    "TransferConfig",
    "TransferRoute",
    "TransferState",
    "TransferTerms",
    "Trigger",
    "VenueTape",
    "VenueTerms",
    "block_profits",
    "candle_trap",
    "first_trap",
    "index_of",
    "judged",
    "latency_sweep",
    "market_between",
    "rule_bracket",
    "run_grid",
    "run_market",
    "trap_table",
]
