"""Crypto Lake parquet, by hand: both column styles, every table."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from arbresearch.core import ImportFailed
from arbresearch.store import TickStore
from arbresearch.store.importers import Batch, Source, import_files
from arbresearch.store.importers.crypto_lake import CryptoLake

NS = 1_664_582_400_000_000_000
FOLDER = Path("exchange=BINANCE") / "symbol=BTC-USDT" / "dt=2022-10-01"


def book(*tops: tuple[float, float], levels: int = 20, **more: Any) -> pl.DataFrame:
    rows = []
    for number, (bid, ask) in enumerate(tops):
        row: dict[str, Any] = {
            "received_time": datetime.fromtimestamp(NS // 10**9 + number, UTC),
            "origin_time": datetime.fromtimestamp(NS // 10**9 + number - 1, UTC),
            "sequence_number": number,
        }
        for level in range(levels):
            row |= {
                f"bid_{level}_price": bid - level, f"bid_{level}_size": level + 1.0,
                f"ask_{level}_price": ask + level, f"ask_{level}_size": level + 2.0,
            }  # fmt: skip
        rows.append(row | more)
    return pl.DataFrame(rows)


def stored_trades(**changes: Any) -> pl.DataFrame:
    columns: dict[str, Any] = {
        "side": ["buy", "sell"], "amount": [0.5, 0.25], "price": [100.5, 100.0], "id": ["7", "8"],
        "timestamp": [NS, NS + 5], "receipt_timestamp": [NS + 1, NS + 9],
    }  # fmt: skip
    return pl.DataFrame(columns | changes)


def write(frame: pl.DataFrame, path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    frame.write_parquet(path)
    return path


def read(path: Path, rows: int = 1000, **given: Any) -> list[Batch]:
    return list(CryptoLake().read(Source(path, **given), rows))


def rows(batches: list[Batch], table: str) -> list[dict[str, Any]]:
    return [row for one in batches if one.table == table for row in one.frame.iter_rows(named=True)]


def test_stored_trades_take_their_market_from_the_folders(tmp_path: Path) -> None:
    trades = rows(read(write(stored_trades(), tmp_path / FOLDER / "1.snappy.parquet")), "trades")
    assert trades[0] == {
        "venue": "binance", "symbol": "BTC/USDT", "recv_ns": NS + 1, "event_ns": NS,
        "price": 100.5, "size": 0.5, "side": "buy", "trade_id": "7",
    }  # fmt: skip
    assert [row["side"] for row in trades] == ["buy", "sell"]


def test_trades_saved_from_the_client_have_other_names(tmp_path: Path) -> None:
    frame = stored_trades(
        exchange="BINANCE_FUTURES", symbol="ETH-USDT-PERP", receipt_timestamp=[NS + 2_000, NS + 9_000]
    ).rename({"amount": "quantity", "id": "trade_id", "timestamp": "origin_time", "receipt_timestamp": "received_time"})
    named = frame.with_columns(
        (pl.col("origin_time", "received_time") // 1000).cast(pl.Datetime("us")), pl.col("side").cast(pl.Categorical)
    )
    (first, _) = rows(read(write(named, tmp_path / "a.parquet")), "trades")
    assert first["symbol"] == "ETH/USDT:USDT"
    assert (first["recv_ns"], first["event_ns"]) == (NS + 2_000, NS)


def test_missing_origin_time_is_null(tmp_path: Path) -> None:
    frame = stored_trades(timestamp=[0, None])
    assert [row["event_ns"] for row in rows(read(write(frame, tmp_path / FOLDER / "a.parquet")), "trades")] == [
        None,
        None,
    ]


def test_book_gives_ten_levels_and_quotes_when_the_top_changes(tmp_path: Path) -> None:
    batches = read(write(book((100, 101), (100, 101), (99, 101)), tmp_path / FOLDER / "a.parquet"))
    depth = rows(batches, "depth")
    assert len(depth) == 3
    assert depth[2]["bids"] == [99.0 - level for level in range(10)]
    assert depth[2]["ask_sizes"] == [level + 2.0 for level in range(10)]
    assert depth[0]["recv_ns"] == NS
    assert [(row["recv_ns"], row["event_ns"], row["bid"], row["bid_size"]) for row in rows(batches, "quotes")] == [
        (NS, NS - 10**9, 100.0, 1.0), (NS + 2 * 10**9, NS + 10**9, 99.0, 1.0),
    ]  # fmt: skip


def test_quotes_remember_the_top_between_batches(tmp_path: Path) -> None:
    path = write(book(*[(100 - number // 3, 101) for number in range(30)]), tmp_path / FOLDER / "a.parquet")
    assert rows(read(path, rows=2), "quotes") == rows(read(path), "quotes")
    assert len(rows(read(path, rows=2), "quotes")) == 10
    assert [row for one in read(path, rows=4) if one.table == "depth" for row in one.rows] == list(range(1, 31))


def test_level_1_gives_only_quotes(tmp_path: Path) -> None:
    batches = read(write(book((100, 101), levels=1), tmp_path / FOLDER / "a.parquet"))
    assert {one.table for one in batches} == {"quotes"}
    assert len(rows(batches, "quotes")) == 1


def test_levels_in_the_wrong_order_are_refused(tmp_path: Path) -> None:
    frame = book((100, 101), (100, 101)).with_columns(bid_3_price=pl.Series([97.0, 98.5]))
    batches = read(write(frame, tmp_path / FOLDER / "a.parquet"))
    assert [(one.line, one.reason) for batch in batches for one in batch.rejected] == [(2, "levels_unordered")]
    assert len(rows(batches, "depth")) == 1


def test_missing_levels_are_null(tmp_path: Path) -> None:
    frame = book((100, 101)).with_columns(
        pl.lit(None, dtype=pl.Float64).alias(f"ask_{level}_{part}") for level in range(20) for part in ("price", "size")
    )
    batches = read(write(frame, tmp_path / FOLDER / "a.parquet"))
    assert rows(batches, "depth")[0]["asks"] == [None] * 10
    assert rows(batches, "quotes")[0]["ask"] is None


def test_funding(tmp_path: Path) -> None:
    frame = pl.DataFrame(
        {
            "received_time": [NS], "origin_time": [NS - 3], "rate": [0.0001],
            "mark_price": [19_400.5], "next_funding_time": [NS + 8], "predicted_rate": [0.0002],
            "exchange": ["BINANCE_FUTURES"], "symbol": ["BTC-USDT-PERP"],
        }
    )  # fmt: skip
    assert rows(read(write(frame, tmp_path / "a.parquet")), "funding") == [
        {
            "venue": "binance", "symbol": "BTC/USDT:USDT", "recv_ns": NS, "event_ns": NS - 3, "rate": 0.0001,
            "next_ns": NS + 8, "mark_price": 19_400.5,
        }
    ]  # fmt: skip


def test_mixed_symbols_are_refused(tmp_path: Path) -> None:
    frame = stored_trades(symbol=["BTC-USDT", "ETH-USDT"], exchange="BINANCE")
    with pytest.raises(ImportFailed, match="expected one market, was 'BTC-USDT', 'ETH-USDT'; split the file"):
        read(write(frame, tmp_path / "a.parquet"))
    with pytest.raises(ImportFailed, match="expected one market"):
        read(tmp_path / "a.parquet", rows=1)


def test_unknown_exchange_or_none_says_what_to_give(tmp_path: Path) -> None:
    path = write(stored_trades(), tmp_path / "a.parquet")
    with pytest.raises(ImportFailed, match="give --venue and --symbol"):
        read(path)
    assert rows(read(path, venue="mexc", symbol="BTC/USDT"), "trades")[0]["venue"] == "mexc"


def test_contracts_need_their_size(tmp_path: Path) -> None:
    path = write(
        stored_trades(exchange="GATEIO_FUTURES", symbol="BTC-USDT-PERP", amount=[123.0, 1.0]), tmp_path / "a.parquet"
    )
    with pytest.raises(ImportFailed, match="give --contract-size"):
        read(path)
    assert [row["size"] for row in rows(read(path, contract_size=0.0001), "trades")] == [0.0123, 0.0001]


@pytest.mark.parametrize(
    "frame",
    [
        pl.DataFrame({"a": [1]}),
        stored_trades().drop("receipt_timestamp"),
        stored_trades().drop("side"),
        pl.DataFrame({"received_time": [NS], "price": [1.0], "size": [1.0], "side_is_bid": [True]}),
    ],
)
def test_other_columns_are_refused(tmp_path: Path, frame: pl.DataFrame) -> None:
    with pytest.raises(ImportFailed, match="other tables of Crypto Lake are not read"):
        read(write(frame, tmp_path / FOLDER / "a.parquet"))


def test_times_of_another_type_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ImportFailed, match="integer nanoseconds or a timestamp, was Float64"):
        read(write(stored_trades(timestamp=[1.0, 2.0]), tmp_path / FOLDER / "a.parquet"))


def test_cut_empty_and_wrong_unit_files_are_refused(tmp_path: Path, store: TickStore) -> None:
    path = write(stored_trades(), tmp_path / FOLDER / "a.parquet")
    wrong = write(stored_trades(receipt_timestamp=[NS // 10**6] * 2), tmp_path / FOLDER / "b.parquet")
    with pytest.raises(ImportFailed, match="times between 2009 and 2100"):
        import_files(store, "crypto-lake", [wrong])
    none = write(stored_trades().clear(), tmp_path / FOLDER / "c.parquet")
    with pytest.raises(ImportFailed, match="a file with rows"):
        import_files(store, "crypto-lake", [none])
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(ImportFailed, match="whole Parquet file"):
        import_files(store, "crypto-lake", [path])
    with pytest.raises(ImportFailed, match="cut, damaged or missing"):
        read(path)


def test_import_stores_and_refuses_rows(tmp_path: Path, store: TickStore) -> None:
    path = write(stored_trades(price=[100.5, -1.0]), tmp_path / FOLDER / "a.parquet")
    report = import_files(store, "crypto-lake", [path])
    assert (report.accepted, report.rejected) == ({"trades": 1}, {"price_not_positive": 1})
    report = import_files(store, "crypto-lake", [write(book((100, 101), (99, 101)), tmp_path / FOLDER / "b.parquet")])
    assert report.accepted == {"depth": 2, "quotes": 2}
    assert store.trades("binance", "BTC/USDT")["size"].to_list() == [0.5]
    assert store.depth("binance", "BTC/USDT")["bids"].to_list()[1][:2] == [99.0, 98.0]
