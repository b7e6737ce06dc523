"""Fixtures that every part of the suite shares."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from arbresearch.store import TickStore

ROOT = Path(__file__).resolve().parent.parent
SHARED_DATA = ROOT.parent / "shared" / "data"


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
