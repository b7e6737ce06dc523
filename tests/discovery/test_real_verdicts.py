"""Verdicts on real recordings: a famous lead that cannot be earned, and a crash night that looks like a business."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from arbresearch.discovery import Ranking, ScoreSettings, SpotArbitrageCandidateFinder
from arbresearch.store import TickStore
from arbresearch.store.importers import import_files


@pytest.fixture(scope="module")
def recorded(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TickStore]:
    """Return two hours of LINK on Binance and Huobi with ten levels, and 93 minutes of LUNC on MEXC and Gate."""
    link, lunc = shared_data / "link_binance_huobi_l10", shared_data / "lunc_mexc_gate_bbo"
    with TickStore(tmp_path_factory.mktemp("recorded") / "store") as store:
        for venue, name in (("binance", "orderbook_bnc.csv"), ("huobi", "orderbook_hb.csv")):
            import_files(store, "csv", [link / name], mapping="link_binance_huobi_l10", venue=venue)
        import_files(store, "parquet", [lunc / "lunc_mexc_spot.parquet"], mapping="lunc_mexc_spot")
        import_files(store, "parquet", [lunc / "lunc_gateio_futures.parquet"], mapping="lunc_gate_perpetual")
        yield store


def ranked(store: TickStore, fees_bps: dict[str, float], symbol: str, **changes: object) -> Ranking:
    settings = ScoreSettings(block_s=300, min_blocks=15, **changes)  # type: ignore[arg-type]
    finder = SpotArbitrageCandidateFinder(store, settings, fees_bps=fees_bps, cached=False)
    return finder.rank([symbol], markets="any")


def test_link_is_under_the_fees(recorded: TickStore) -> None:
    score = ranked(recorded, {"binance": 10.0, "huobi": 20.0}, "LINK/USDT").score("LINK/USDT binance-huobi")
    assert (score.viable, score.reason, score.net_episodes) == (False, "fees", 0)
    assert score.raw_episodes > 600
    assert (score.identity, score.identity_ground) == ("verified", "price")
    assert (score.price_lag_s, round(score.price_correlation, 2)) == (1.0, 0.82)
    assert score.lead_lag_ratio > 10.0


def test_link_is_gone_after_a_second_even_without_fees(recorded: TickStore) -> None:
    ranking = ranked(
        recorded, {"binance": 0.0, "huobi": 0.0}, "LINK/USDT", entry_bps=0.0, latency_s=1.0, latencies_s=(0.0, 1.0, 2.0)
    )
    score = ranking.score("LINK/USDT binance-huobi")
    assert (score.viable, score.reason) == (False, "latency")
    assert score.survival_at_latency == pytest.approx(0.36, abs=0.03)
    assert score.gross_bps_day + score.depth_bps_day > 0.0 > score.mean_bps_day
    means = ranking.latency["mean_bps_day"].to_list()
    assert means[0] > 0.0 > means[1] > means[2]


def test_lunc_is_counted_in_coins_and_refused(recorded: TickStore) -> None:
    ranking = ranked(recorded, {"mexc": 5.0, "gate": 5.0}, "LUNC/USDT")
    score = ranking.score("LUNC/USDT gate perp-mexc")
    assert not score.viable
    assert score.reason in ("fees", "latency")
    assert 0.9 < score.volatility_ratio < 1.1
    assert score.probability_positive != score.probability_positive or score.probability_positive < 0.5
    # Contracts taken for coins would show ten thousand times less and fill no order at all.
    assert score.sized_episodes == score.net_episodes > 10
    assert 0.01 < score.liquidity_depth_score < 0.2
    assert score.mean_bps_day < 0.0
    covered = ranking.blocks.select(pl.col("covered_s").sum()).item()
    assert 80 * 60 < covered < 93 * 60
