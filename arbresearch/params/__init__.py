"""Parameters of the notebooks: one frozen model each, unknown names refused.

A notebook's cell tagged ``parameters`` has the same names and defaults; what they mean is written there and here.
"""

from __future__ import annotations

from typing import Final

from arbresearch.params.backtest import BacktestParams
from arbresearch.params.base import NotebookParams
from arbresearch.params.data_quality import DataQualityParams
from arbresearch.params.discovery import DiscoveryParams
from arbresearch.params.scoring import ScoringParams

__all__ = ["MODELS", "BacktestParams", "DataQualityParams", "DiscoveryParams", "NotebookParams", "ScoringParams"]

MODELS: Final[dict[str, type[NotebookParams]]] = {
    "00_data_quality": DataQualityParams,
    "10_discovery": DiscoveryParams,
    "15_scoring": ScoringParams,
    "30_backtest": BacktestParams,
}
"""Notebook to the model of its parameters."""
