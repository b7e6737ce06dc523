"""What all tests of the backtest run under."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _short_logs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Begin with logs that runs outgrow, since a step asks for 4,096 free rows; and small ones are made sooner."""
    monkeypatch.setattr("arbresearch.backtest.run._FIRST_ROWS", 4_150)
