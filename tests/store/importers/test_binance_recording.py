"""The real Binance recordings: what is known of them holds after an import."""

from __future__ import annotations

import gzip
import re
from collections import Counter
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from arbresearch.store import TickStore
from arbresearch.store.importers import import_files

FILES = {
    "spot/btcusdt_20240808.gz": ("BTC/USDT", 28_040, 9_757),
    "spot/btcusdt_20240809.gz": ("BTC/USDT", 45_134, 10_147),
    "spot/ethusdt_20240808.gz": ("ETH/USDT", 24_077, 6_106),
    "spot/ethusdt_20240809.gz": ("ETH/USDT", 34_681, 8_409),
    "usdm/btcusdt_20240808.gz": ("BTC/USDT:USDT", 66_089, 21_313),
    "usdm/ethusdt_20240808.gz": ("ETH/USDT:USDT", 53_992, 14_076),
}
"""Lines of each kind, counted with grep."""


@pytest.fixture(scope="module")
def recorded(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[TickStore, Any]:
    store = TickStore(tmp_path_factory.mktemp("raw") / "store")
    report = import_files(store, "binance-raw", [shared_data / "binance_bookticker_raw" / name for name in FILES])
    return store, report


def test_recording_every_ticker_and_trade_is_stored(recorded: tuple[TickStore, Any], shared_data: Path) -> None:
    store, report = recorded
    for outcome, (name, (symbol, tickers, trades)) in zip(report.files, FILES.items(), strict=True):
        lines = gzip.decompress((shared_data / "binance_bookticker_raw" / name).read_bytes())
        assert (lines.count(b'@bookTicker"'), lines.count(b'@trade"')) == (tickers, trades)
        assert (outcome.accepted["quotes"], outcome.accepted["trades"]) == (tickers, trades)
        assert outcome.out_of_order == outcome.crossed == 0
        assert (symbol.endswith(":USDT")) == name.startswith("usdm")
    quotes = Counter(dict(store.coverage("quotes").group_by("symbol").agg(pl.col("rows").sum()).iter_rows()))
    assert quotes == sum((Counter({symbol: tickers}) for symbol, tickers, _ in FILES.values()), Counter())


def test_recording_no_crossed_book_and_a_monotone_receive_clock(recorded: tuple[TickStore, Any]) -> None:
    store, _ = recorded
    for symbol in {symbol for symbol, _, _ in FILES.values()}:
        quotes = store.quotes("binance", symbol)
        assert (quotes["bid"] < quotes["ask"]).all()
        assert quotes["recv_ns"].is_sorted()
        assert quotes["event_ns"].is_null().all() == (":" not in symbol)


def test_recording_the_local_clock_runs_behind(recorded: tuple[TickStore, Any]) -> None:
    store, _ = recorded
    quotes = store.quotes("binance", "BTC/USDT:USDT")
    assert (quotes["recv_ns"] - quotes["event_ns"]).median() == pytest.approx(-1.27e9, abs=0.01e9)


@pytest.mark.parametrize(("base", "bps"), [("BTC", 3.8), ("ETH", 4.4)])
def test_recording_selling_spot_and_buying_the_perpetual(
    recorded: tuple[TickStore, Any], base: str, bps: float
) -> None:
    store, _ = recorded
    swap = store.quotes("binance", f"{base}/USDT:USDT").select("recv_ns", "ask")
    spot = store.quotes("binance", f"{base}/USDT", end=int(swap["recv_ns"][-1])).select("recv_ns", "bid")
    both = spot.join_asof(swap, on="recv_ns").drop_nulls()
    assert round(both.select(((pl.col("bid") / pl.col("ask") - 1) * 1e4).mean()).item(), 1) == bps


def test_recording_the_rebuilt_top_is_the_book_ticker_of_the_same_update(recorded: tuple[TickStore, Any]) -> None:
    _, report = recorded
    compared = {}
    for outcome, name in zip(report.files, FILES, strict=True):
        found = [re.search(r"crossed after (\d+);.* in (\d+) of (\d+)", note) for note in outcome.notes]
        for one in filter(None, found):
            compared[name] = tuple(int(part) for part in one.groups())
    assert {name: (crossed, differ) for name, (crossed, differ, _) in compared.items()} == {
        name: (0, 0) for name in FILES if "0809" not in name
    }
    assert all(count > 500 for _, _, count in compared.values())


def test_recording_diffs_without_a_snapshot_are_counted(recorded: tuple[TickStore, Any]) -> None:
    _, report = recorded
    counts = {name: outcome.rejected for outcome, name in zip(report.files, FILES, strict=True)}
    assert counts["spot/btcusdt_20240809.gz"] == {"before_snapshot": 3_044}
    assert counts["spot/ethusdt_20240809.gz"] == {"before_snapshot": 3_036}
    assert all(
        set(one) == {"before_snapshot"} and one["before_snapshot"] < 10
        for name, one in counts.items()
        if "0809" not in name
    )


def test_recording_depth_top_is_the_last_quote_before_it(recorded: tuple[TickStore, Any]) -> None:
    store, _ = recorded
    depth = store.depth("binance", "BTC/USDT:USDT").select(
        "event_ns", bid=pl.col("bids").arr.get(0), ask=pl.col("asks").arr.get(0)
    )
    quotes = (
        store.quotes("binance", "BTC/USDT:USDT").select("event_ns", quoted_bid="bid", quoted_ask="ask").sort("event_ns")
    )
    both = depth.drop_nulls().sort("event_ns").join_asof(quotes, on="event_ns").drop_nulls()
    same = both.filter((pl.col("bid") == pl.col("quoted_bid")) & (pl.col("ask") == pl.col("quoted_ask")))
    assert both.height > 3_000
    assert same.height / both.height > 0.95
