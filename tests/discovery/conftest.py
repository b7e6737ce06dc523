"""Markets that several tests of discovery read."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from arbresearch.discovery import Ranking, ScoreSettings, SpotArbitrageCandidateFinder
from arbresearch.sample import SampleSpec, generate
from arbresearch.store import TickStore

SPEC = SampleSpec(seed=5, symbols=12, days=1, venues=("gate", "mexc"))


@pytest.fixture(scope="session")
def market(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TickStore]:
    """Return a day of twelve coins on two venues; read only."""
    with TickStore(tmp_path_factory.mktemp("market") / "store") as store:
        generate(store, SPEC)
        yield store


@pytest.fixture(scope="session")
def ranked(market: TickStore) -> Ranking:
    """Return the ranking of that market under default settings."""
    return SpotArbitrageCandidateFinder(market, ScoreSettings(), cached=False).rank()
