"""Fixtures that every part of the suite shares, and which tests share a worker."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from arbresearch.store import TickStore

ROOT: Final = Path(__file__).resolve().parent.parent
SHARED_DATA: Final = ROOT.parent / "shared" / "data"
TOGETHER: Final = {
    "tests/backtest/": "backtest",
    "tests/thresholds/": "backtest",
    "tests/cli/test_backtest.py": "backtest",
    "tests/cli/test_optimize.py": "backtest",
    "tests/cli/test_run.py": "runs",
    "tests/discovery/universe/test_snapshot_universe.py": "snapshots",
    "tests/notebooks/test_daily.py": "daily",
    "tests/notebooks/test_real_recordings.py": "recordings",
    "tests/notebooks/test_weekly.py": "weekly",
    "tests/pipeline/test_notebook.py": "notebook",
    "tests/report/": "report",
    "tests/sample/test_market.py": "sample",
    "tests/signals/": "signals",
    "tests/store/test_crash.py": "crashes",
    "tests/store/importers/test_binance_recording.py": "stored recordings",
    "tests/store/importers/test_recordings.py": "stored recordings",
}
"""Tests that run in one worker, since what they share takes seconds to make; those of the backtest share its
compilation."""


def group_of(nodeid: str) -> str:
    """Return the group of a test, itself where it has none."""
    return next((group for start, group in TOGETHER.items() if nodeid.startswith(start)), nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Hand whole groups to workers, the largest first.

    pytest-xdist 3.8 does so by the mark ``xdist_group``, but not with pytest 9.2 (pytest-xdist issue 1386).
    """
    from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]

    class Groups(LoadScopeScheduling):  # type: ignore[misc]
        def _split_scope(self, nodeid: str) -> str:
            return group_of(nodeid)

    return Groups(config, log) if config.getoption("dist") == "loadgroup" else None


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Return the folder of real recordings, or skip."""
    if not (SHARED_DATA / "README.md").is_file():
        pytest.skip("the recordings are not beside this checkout (../shared/data)")
    return SHARED_DATA


@pytest.fixture
def store(tmp_path: Path) -> Iterator[TickStore]:
    """Return an empty store."""
    with TickStore(tmp_path / "store") as ticks:
        yield ticks
