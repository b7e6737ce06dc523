"""Stores that the notebook tests share: a small simulated market, and the recordings."""

from __future__ import annotations

from pathlib import Path

import pytest

from arbresearch.store import TickStore
from arbresearch.store.importers import import_files
from tests.notebooks.reference import make_market


@pytest.fixture(scope="session")
def market(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the store of the small market."""
    return make_market(tmp_path_factory.mktemp("market") / "store")


@pytest.fixture(scope="session")
def recordings(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a store with LINK, LUNC, Gate spot and Binance BTC depth: sets that share no stream."""
    root = tmp_path_factory.mktemp("recordings") / "store"
    link, lunc = shared_data / "link_binance_huobi_l10", shared_data / "lunc_mexc_gate_bbo"
    btc, gate = shared_data / "binance_btc_spot_perp_depth", shared_data / "gate_spot_l20"
    with TickStore(root) as store:
        for venue, name in (("binance", "orderbook_bnc.csv"), ("huobi", "orderbook_hb.csv")):
            import_files(store, "csv", [link / name], mapping="link_binance_huobi_l10", venue=venue)
        import_files(store, "parquet", [lunc / "lunc_mexc_spot.parquet"], mapping="lunc_mexc_spot")
        import_files(store, "parquet", [lunc / "lunc_gateio_futures.parquet"], mapping="lunc_gate_perpetual")
        import_files(store, "parquet", sorted(btc.glob("lobdeep_*.parquet")), mapping="binance_btc_depth")
        import_files(store, "csv", sorted(gate.glob("orderbooks_*.csv")), mapping="gate_spot_orderbooks")
        import_files(store, "csv", sorted(gate.glob("trades_*.csv")), mapping="gate_spot_trades")
    return root


@pytest.fixture(scope="session")
def raw_recording(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a store with the raw Binance streams of 2024."""
    root = tmp_path_factory.mktemp("raw") / "store"
    with TickStore(root) as store:
        import_files(store, "binance-raw", sorted((shared_data / "binance_bookticker_raw").glob("*/*.gz")))
    return root
