"""Parameters of the notebooks: one frozen model each, unknown names refused.

A notebook's cell tagged ``parameters`` has the same names and defaults; what they mean is written there and here.
"""

from __future__ import annotations

from typing import Final

from pydantic import BaseModel

from arbresearch.params.backtest import BacktestParams
from arbresearch.params.base import NotebookParams
from arbresearch.params.data_quality import DataQualityParams
from arbresearch.params.discovery import DiscoveryParams
from arbresearch.params.scoring import ScoringParams
from arbresearch.params.signals import SignalsParams
from arbresearch.params.threshold_drift import ThresholdDriftParams
from arbresearch.params.thresholds import ThresholdsParams

__all__ = [
    "MODELS",
    "BacktestParams",
    "DataQualityParams",
    "DiscoveryParams",
    "NotebookParams",
    "ScoringParams",
    "SignalsParams",
    "ThresholdDriftParams",
    "ThresholdsParams",
]

MODELS: Final[dict[str, type[BaseModel]]] = {
    "00_data_quality": DataQualityParams,
    "10_discovery": DiscoveryParams,
    "15_scoring": ScoringParams,
    "20_signals": SignalsParams,
    "30_backtest": BacktestParams,
    "40_thresholds": ThresholdsParams,
    "45_threshold_drift": ThresholdDriftParams,
}
"""Notebook to the model of its parameters."""
