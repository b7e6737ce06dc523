"""Binance's public dumps, by hand: both kinds, both markets, with and without a header, both time units."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from arbresearch.core import ImportFailed
from arbresearch.store import TickStore
from arbresearch.store.importers import Batch, Source, import_files
from arbresearch.store.importers.binance_public import BinancePublic

MS = 1_709_251_200_000
TICKER = "update_id,best_bid_price,best_bid_qty,best_ask_price,best_ask_qty,transaction_time,event_time"
AGGREGATE = "agg_trade_id,price,quantity,first_trade_id,last_trade_id,transact_time,is_buyer_maker"
TICKER_ROW = f"9001,61000.1,1.5,61000.2,2.5,{MS},{MS + 4}"
FUTURES_ROW = f"26129,61000.5,0.004,27781,27782,{MS},true"
SPOT_ROW = "3,0.2,50.0,7,7,{time},False,True"


def write(folder: Path, name: str, *lines: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"{name}.csv", "\n".join([*lines, ""]))
    return path


def read(path: Path, rows: int = 1000, **given: str) -> list[Batch]:
    return list(BinancePublic().read(Source(path, **given), rows))  # type: ignore[arg-type]


def only(batches: list[Batch]) -> dict[str, object]:
    (batch,) = batches
    return batch.frame.row(0, named=True)


@pytest.mark.parametrize("header", [[TICKER], []])
def test_book_ticker_is_a_quote_of_the_perpetual(tmp_path: Path, header: list[str]) -> None:
    batches = read(write(tmp_path, "BTCUSDT-bookTicker-2024-03-01", *header, TICKER_ROW))
    assert only(batches) == {
        "venue": "binance", "symbol": "BTC/USDT:USDT", "recv_ns": MS * 1_000_000, "event_ns": MS * 1_000_000,
        "bid": 61000.1, "bid_size": 1.5, "ask": 61000.2, "ask_size": 2.5,
    }  # fmt: skip
    assert batches[0].rows.to_list() == [1 + len(header)]
    assert batches[0].texts([0]) == [TICKER_ROW]
    assert batches[0].notes == ("no receive clock in the dumps: recv_ns is the exchange's time",)


@pytest.mark.parametrize("header", [[AGGREGATE], []])
def test_futures_aggregate_trades(tmp_path: Path, header: list[str]) -> None:
    lines = [*header, FUTURES_ROW, FUTURES_ROW.replace("true", "false")]
    (batch,) = read(write(tmp_path, "ETHUSDC-aggTrades-2024-03", *lines))
    assert batch.table == "trades"
    assert batch.frame.select("symbol", "price", "size", "side", "trade_id", "recv_ns").rows() == [
        ("ETH/USDC:USDC", 61000.5, 0.004, "sell", "26129", MS * 1_000_000),
        ("ETH/USDC:USDC", 61000.5, 0.004, "buy", "26129", MS * 1_000_000),
    ]


@pytest.mark.parametrize(
    ("time", "nanoseconds"), [(MS, MS * 10**6), (1_735_689_600_010_866, 1_735_689_600_010_866_000)]
)
def test_spot_aggregate_trades_in_milli_and_microseconds(tmp_path: Path, time: int, nanoseconds: int) -> None:
    trade = only(read(write(tmp_path, "BTCTUSD-aggTrades-2025-01-01", SPOT_ROW.format(time=time))))
    assert (trade["symbol"], trade["event_ns"], trade["side"], trade["size"]) == ("BTC/TUSD", nanoseconds, "buy", 50.0)


def test_the_folder_tells_futures_without_the_best_match_column_apart(tmp_path: Path) -> None:
    path = write(tmp_path / "futures" / "um" / "daily", "BTCUSDT-aggTrades-2024-03-01", SPOT_ROW.format(time=MS))
    assert only(read(path))["symbol"] == "BTC/USDT:USDT"


def test_a_file_of_another_name_needs_its_symbol(tmp_path: Path) -> None:
    path = write(tmp_path, "mine", TICKER, TICKER_ROW)
    with pytest.raises(
        ImportFailed, match=r"a name such as BTCUSDT-bookTicker-2024-03-01\.zip, was mine\.zip; give --symbol"
    ):
        read(path)
    assert only(read(path, symbol="BTC/USDT:USDT"))["symbol"] == "BTC/USDT:USDT"


def test_a_symbol_that_cannot_be_split_needs_to_be_given(tmp_path: Path) -> None:
    path = write(tmp_path, "BTCUSD_PERP-bookTicker-2024-03-01", TICKER, TICKER_ROW)
    with pytest.raises(ImportFailed, match="an inverse one"):
        read(path)


def test_spot_symbol_for_a_book_ticker_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, "BTCUSDT-bookTicker-2024-03-01", TICKER, TICKER_ROW)
    with pytest.raises(ImportFailed, match="only futures have bookTicker dumps"):
        read(path, symbol="BTC/USDT")


@pytest.mark.parametrize(
    "first", ["open_time,open,high,low,close", "1,2,3", "a,b,c,d,e,f,g", TICKER.replace("qty", "size")]
)
def test_other_columns_are_refused(tmp_path: Path, first: str) -> None:
    with pytest.raises(ImportFailed, match="only bookTicker and aggTrades are read"):
        read(write(tmp_path, "BTCUSDT-bookTicker-2024-03-01", first, TICKER_ROW))


def test_bad_rows_are_refused_with_their_line(tmp_path: Path) -> None:
    lines = [TICKER, TICKER_ROW, TICKER_ROW.replace("61000.1", "x"), "1,2", TICKER_ROW.replace("61000.1", "")]
    (batch,) = read(write(tmp_path, "BTCUSDT-bookTicker-2024-03-01", *lines))
    assert [(one.line, one.reason) for one in batch.rejected] == [
        (3, "not_a_number"),
        (4, "field_count"),
        (5, "field_missing"),
    ]
    assert batch.rejected[1].text == "1,2"
    (trades,) = read(write(tmp_path, "BTCUSDT-aggTrades-2024-03-01", FUTURES_ROW, FUTURES_ROW.replace("true", "maybe")))
    assert [(one.line, one.reason) for one in trades.rejected] == [(2, "side_unknown")]


def test_an_empty_side_is_null(tmp_path: Path) -> None:
    quote = only(read(write(tmp_path, "BTCUSDT-bookTicker-2024-03-01", f"1,0.0,0.0,61000.2,2.5,{MS},{MS}")))
    assert (quote["bid"], quote["bid_size"], quote["ask"]) == (None, None, 61000.2)


def test_seconds_are_refused(tmp_path: Path, store: TickStore) -> None:
    path = write(tmp_path, "BTCUSDT-bookTicker-2024-03-01", *[TICKER_ROW.replace(str(MS), str(MS // 1000))] * 3)
    with pytest.raises(ImportFailed, match="expected times between 2009 and 2100"):
        import_files(store, "binance-public", [path])


def test_damaged_and_empty_files_are_refused(tmp_path: Path, store: TickStore) -> None:
    path = write(tmp_path, "BTCUSDT-bookTicker-2024-03-01", *[TICKER_ROW] * 1000)
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(ImportFailed, match="whole zip file"):
        import_files(store, "binance-public", [path])
    headed = write(tmp_path, "BTCUSDT-bookTicker-2024-03-02", TICKER)
    with pytest.raises(ImportFailed, match="a file with rows"):
        import_files(store, "binance-public", [headed])


def test_import_keeps_every_row_over_blocks(tmp_path: Path, store: TickStore) -> None:
    rows = [f"{number},61000.1,1.5,61000.2,{number + 1},{MS + number},{MS + number}" for number in range(5_000)]
    path = write(tmp_path, "BTCUSDT-bookTicker-2024-03-01", TICKER, *rows)
    report = import_files(store, "binance-public", [path], batch_rows=500)
    assert report.accepted == {"quotes": 5_000}
    assert store.quotes("binance", "BTC/USDT:USDT")["ask_size"].to_list() == [
        float(number + 1) for number in range(5_000)
    ]
    assert "no receive clock" in " ".join(report.lines())
