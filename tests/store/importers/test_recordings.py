"""Real recordings through the shipped mappings: every row arrives, and the prices say what was measured on them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from arbresearch.store import TickStore
from arbresearch.store.importers import import_files

LINK, LUNC, BTC, GATE = "link_binance_huobi_l10", "lunc_mexc_gate_bbo", "binance_btc_spot_perp_depth", "gate_spot_l20"
PRICES = ("bid", "ask")
QUOTE = ("bid", "bid_size", "ask", "ask_size")


@pytest.fixture(scope="module")
def filled(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> TickStore:
    store = TickStore(tmp_path_factory.mktemp("recordings") / "store")
    sets = [
        ("csv", LINK, "orderbook_*.csv", LINK),
        ("parquet", LUNC, "lunc_mexc_spot.parquet", "lunc_mexc_spot"),
        ("parquet", LUNC, "lunc_gateio_futures.parquet", "lunc_gate_perpetual"),
        ("parquet", BTC, "lobdeep_*.parquet", "binance_btc_depth"),
        ("parquet", BTC, "trades_*.parquet", "binance_btc_trades"),
        ("csv", GATE, "orderbooks_*.csv", "gate_spot_orderbooks"),
        ("csv", GATE, "trades_*.csv", "gate_spot_trades"),
        ("csv", "coinbase_triangle_1m", "*.csv", "coinbase_triangle_1m"),
    ]
    for form, folder, pattern, mapping in sets:
        report = import_files(store, form, sorted((shared_data / folder).glob(pattern)), mapping=mapping)
        assert report.rejected == {}, folder
        assert all(one.out_of_order == 0 and one.crossed == 0 for one in report.files), folder
    return store


def _rows(store: TickStore) -> dict[tuple[str, str, str], int]:
    frame = store.coverage().select("table", "venue", "symbol", "rows")
    return {(table, venue, symbol): rows for table, venue, symbol, rows in frame.iter_rows()}


def test_every_row_is_stored(filled: TickStore) -> None:
    rows = _rows(filled)
    for table in ("quotes", "depth"):
        assert rows[table, "binance", "LINK/USDT"] == rows[table, "huobi", "LINK/USDT"] == 7_200
        assert rows[table, "binance", "BTC/USDT"] == rows[table, "binance", "BTC/USDT:USDT"] == 2_559
        assert [rows[table, "gate", f"{coin}/USDT"] for coin in ("BTC", "ETH", "SOL")] == [1_658, 1_536, 1_438]
    assert rows["quotes", "mexc", "LUNC/USDT"] == rows["quotes", "gate", "LUNC/USDT:USDT"] == 10_000
    assert (rows["trades", "binance", "BTC/USDT"], rows["trades", "binance", "BTC/USDT:USDT"]) == (10_215, 11_947)
    assert [rows["trades", "gate", f"{coin}/USDT"] for coin in ("BTC", "ETH", "SOL")] == [606, 917, 250]
    assert [rows["quotes", "coinbase", pair] for pair in ("BTC/USD", "BCH/USD", "BCH/BTC")] == [480] * 3


def test_link_prices_and_times_are_those_of_the_files(filled: TickStore, shared_data: Path) -> None:
    for venue, name in (("binance", "bnc"), ("huobi", "hb")):
        raw = pl.read_csv(shared_data / LINK / f"orderbook_{name}.csv")
        quotes, depth = filled.quotes(venue, "LINK/USDT"), filled.depth(venue, "LINK/USDT")
        assert quotes["bid"].equals(raw["b1"].alias("bid"))
        assert quotes["ask"].equals(raw["a1"].alias("ask"))
        assert quotes["event_ns"].null_count() == 7_200
        np.testing.assert_array_equal(quotes["recv_ns"].to_numpy() // 10**9, np.arange(7_200) + 1_629_417_600)
        for side, column in (("bids", "b"), ("asks", "a")):
            expected = raw.select(f"{column}{level}" for level in range(1, 11)).to_numpy()
            np.testing.assert_array_equal(depth[side].to_numpy(), expected)
        for side, column in (("bid_sizes", "bv"), ("ask_sizes", "av")):
            expected = raw.select(f"{column}{level}" for level in range(1, 11)).to_numpy()
            np.testing.assert_array_equal(depth[side].to_numpy(), expected)


def test_link_edges_are_as_measured(filled: TickStore) -> None:
    one, two = (filled.quotes(venue, "LINK/USDT").select(PRICES).to_numpy() for venue in ("binance", "huobi"))
    best = 1e4 * np.maximum(one[:, 0] / two[:, 1] - 1, two[:, 0] / one[:, 1] - 1)
    assert round(100 * float((best > 0).mean()), 1) == 18.6
    assert round(100 * float((best > 5).mean()), 3) == 0.056
    assert round(float(best.mean()), 1) == -1.0
    assert round(float(np.quantile(best, 0.99)), 1) == 2.2
    assert round(float(best.max()), 1) == 8.0


def test_lunc_quotes_are_those_of_the_files_with_contracts_as_coins(filled: TickStore, shared_data: Path) -> None:
    names = {"bid": "bid_price", "bid_size": "bid_qty", "ask": "ask_price", "ask_size": "ask_qty"}
    for venue, symbol, name, factor in (
        ("mexc", "LUNC/USDT", "lunc_mexc_spot", 1),
        ("gate", "LUNC/USDT:USDT", "lunc_gateio_futures", 10_000),
    ):
        raw = pl.read_parquet(shared_data / LUNC / f"{name}.parquet").sort("timestamp", maintain_order=True)
        found = filled.quotes(venue, symbol)
        assert found["recv_ns"].to_list() == raw["timestamp"].dt.epoch("ns").to_list()
        for ours, theirs in names.items():
            values = raw[theirs] * (factor if ours.endswith("size") else 1)
            np.testing.assert_array_equal(found[ours].to_numpy(), values.to_numpy())


def test_lunc_edges_are_as_measured(filled: TickStore) -> None:
    spot = filled.quotes("mexc", "LUNC/USDT").select("recv_ns", sb="bid", sa="ask")
    swap = filled.quotes("gate", "LUNC/USDT:USDT").select("recv_ns", pb="bid", pa="ask")
    times = pl.concat([spot.select("recv_ns"), swap.select("recv_ns")]).unique().sort("recv_ns")
    merged = times.join_asof(spot, on="recv_ns").join_asof(swap, on="recv_ns").drop_nulls()
    last = min(spot["recv_ns"].max(), swap["recv_ns"].max())
    merged = merged.filter(pl.col("recv_ns") <= last)
    span_s = (merged["recv_ns"].max() - merged["recv_ns"].min()) / 1e9
    assert int(span_s) == 93 * 60 + 19
    sell_spot = 1e4 * (merged["sb"].to_numpy() / merged["pa"].to_numpy() - 1)
    buy_spot = 1e4 * (merged["pb"].to_numpy() / merged["sa"].to_numpy() - 1)
    best = np.maximum(sell_spot, buy_spot)
    shares = [round(100 * float((best > level).mean()), 2) for level in (0, 5, 10, 20, 50)]
    assert shares == pytest.approx([16.2, 5.6, 0.73, 0.15, 0.07], abs=0.051)
    assert [round(float(np.quantile(sell_spot, level)), 1) for level in (0.5, 0.99)] == [-2.8, 8.4]
    assert [round(float(np.quantile(buy_spot, level)), 1) for level in (0.5, 0.99)] == [-11.3, 0.0]


def test_btc_books_have_both_clocks_and_the_edges_measured(filled: TickStore, shared_data: Path) -> None:
    for kind, symbol in (("spot", "BTC/USDT"), ("fut", "BTC/USDT:USDT")):
        (path,) = (shared_data / BTC).glob(f"lobdeep_btc_{kind}_*.parquet")
        raw = pl.read_parquet(path)
        depth = filled.depth("binance", symbol)
        assert depth["recv_ns"].to_list() == (raw["ts_ms"] * 10**6).to_list()
        assert depth["event_ns"].to_list() == (raw["exch_ts_ms"] * 10**6).to_list()
        for ours, theirs in (("bids", "bids_px"), ("ask_sizes", "asks_qty")):
            np.testing.assert_array_equal(depth[ours].to_numpy(), np.stack([row[:10] for row in raw[theirs].to_list()]))
        np.testing.assert_array_equal(filled.quotes("binance", symbol)["ask"].to_numpy(), raw["best_ask"].to_numpy())
    spot = filled.quotes("binance", "BTC/USDT").select("recv_ns", sb="bid", sa="ask")
    swap = filled.quotes("binance", "BTC/USDT:USDT").select("recv_ns", pb="bid", pa="ask")
    times = pl.concat([spot.select("recv_ns"), swap.select("recv_ns")]).unique().sort("recv_ns")
    merged = times.join_asof(spot, on="recv_ns").join_asof(swap, on="recv_ns").drop_nulls()
    sell_spot = 1e4 * (merged["sb"].to_numpy() / merged["pa"].to_numpy() - 1)
    assert round(float(sell_spot.mean()), 1) == 4.8
    assert round(100 * float((sell_spot > 5).mean())) == 33
    assert float((merged["pb"].to_numpy() / merged["sa"].to_numpy() - 1).max()) < 0


def test_gate_books_have_a_gap_and_exact_clocks(filled: TickStore, shared_data: Path) -> None:
    for coin in ("BTC", "ETH", "SOL"):
        raw = pl.read_csv(shared_data / GATE / f"orderbooks_{coin}_USDT.csv", schema_overrides={"timestamp": pl.String})
        quotes = filled.quotes("gate", f"{coin}/USDT")
        seconds = [text.partition(".") for text in raw["timestamp"].to_list()]
        assert quotes["recv_ns"].to_list() == [int(whole + part.ljust(9, "0")) for whole, _, part in seconds]
        assert quotes["event_ns"].to_list() == (raw["exchange_timestamp"] * 10**6).to_list()
        gaps = np.diff(quotes["recv_ns"].to_numpy()) / 1e9
        assert 39 < gaps.max() < 41
        assert (gaps > 20).sum() == 1
        assert 0.1 < float(np.median(gaps)) < 0.12


def test_gate_trades_lie_inside_their_books(filled: TickStore) -> None:
    for coin in ("BTC", "ETH", "SOL"):
        trades, quotes = filled.trades("gate", f"{coin}/USDT"), filled.quotes("gate", f"{coin}/USDT")
        assert set(trades["side"]) == {"buy", "sell"}
        assert trades["event_ns"].null_count() == 0
        assert trades["price"].min() > 0.98 * quotes["bid"].min()
        assert trades["price"].max() < 1.02 * quotes["ask"].max()


def test_coinbase_books_are_whole_ticks_around_the_midpoint(filled: TickStore, shared_data: Path) -> None:
    for pair, decimals in (("BTC-USD", 2), ("BCH-USD", 2), ("BCH-BTC", 5)):
        raw = pl.read_csv(shared_data / "coinbase_triangle_1m" / f"{pair}.csv")
        quotes = filled.quotes("coinbase", pair.replace("-", "/"))
        bid, ask = quotes["bid"].to_numpy(), quotes["ask"].to_numpy()
        assert [float(f"{price:.{decimals}f}") for price in bid] == bid.tolist()
        np.testing.assert_allclose((bid + ask) / 2, raw["midpoint"].to_numpy(), rtol=1e-13)
        np.testing.assert_allclose(ask - bid, raw["spread"].to_numpy(), atol=1e-9)
        assert [float(f"{size:.8f}") for size in quotes["bid_size"]] == quotes["bid_size"].to_list()
        minutes = (quotes["recv_ns"].to_numpy() - 1_565_913_600 * 10**9) / 60e9
        np.testing.assert_array_equal(minutes, np.arange(1, 481))
