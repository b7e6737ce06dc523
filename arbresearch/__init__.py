"""Cross-exchange spot arbitrage: research, honest backtests and execution, from notebooks."""

__version__ = "0.1.0"
