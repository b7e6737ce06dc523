"""Tardis.dev files of every data type, by hand."""

from __future__ import annotations

import gzip
from pathlib import Path

import polars as pl
import pytest

from arbresearch.core import BadInput, ImportFailed, MarketType
from arbresearch.store import TickStore
from arbresearch.store.importers import Batch, Source, import_files
from arbresearch.store.importers.names import CRYPTO_LAKE, TARDIS, listing, unified_symbol
from arbresearch.store.importers.tardis import Tardis

US = 1_700_000_000_000_000
HEAD = "exchange,symbol,timestamp,local_timestamp"
QUOTES = f"{HEAD},ask_amount,ask_price,bid_price,bid_amount"
TRADES = f"{HEAD},id,side,price,amount"
TICKER = f"{HEAD},funding_timestamp,funding_rate,predicted_funding_rate,open_interest,last_price,index_price,mark_price"
CHANGES = f"{HEAD},is_snapshot,side,price,amount"


def snapshots(levels: int) -> str:
    parts = (
        f"{side}[{level}].{part}"
        for level in range(levels)
        for side in ("asks", "bids")
        for part in ("price", "amount")
    )
    return ",".join([HEAD, *parts])


def write(path: Path, header: str, *lines: str) -> Path:
    path.write_bytes(gzip.compress("\n".join([header, *lines, ""]).encode()))
    return path


def read(path: Path, rows: int = 1000, **given: object) -> list[Batch]:
    return list(Tardis().read(Source(path, **given), rows))  # type: ignore[arg-type]


def rows(batches: list[Batch], table: str) -> list[dict[str, object]]:
    return [row for one in batches if one.table == table for row in one.frame.iter_rows(named=True)]


def refused(batches: list[Batch]) -> list[tuple[int, str]]:
    return sorted((one.line, one.reason) for batch in batches for one in batch.rejected)


def at(offset: int, exchange: str = "binance", symbol: str = "BTCUSDT") -> str:
    return f"{exchange},{symbol},{US + offset},{US + offset + 3}"


def test_quotes_have_both_clocks_in_nanoseconds(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv.gz", QUOTES, f"{at(0)},1.5,101,100,2.5", f"{at(9)},,,100,2")
    full, half = rows(read(path), "quotes")
    assert full == {
        "venue": "binance", "symbol": "BTC/USDT", "event_ns": US * 1000, "recv_ns": (US + 3) * 1000,
        "ask_size": 1.5, "ask": 101.0, "bid": 100.0, "bid_size": 2.5,
    }  # fmt: skip
    assert (half["ask"], half["ask_size"], half["bid"]) == (None, None, 100.0)


def test_trades_name_the_aggressor(tmp_path: Path) -> None:
    lines = [
        f"{at(0)},77,buy,100.5,0.1",
        f"{at(1)},,sell,100,0.2",
        f"{at(2)},x9,unknown,99,0.3",
        f"{at(3)},1,up,99,0.3",
    ]
    batches = read(write(tmp_path / "a.csv.gz", TRADES, *lines))
    trades = rows(batches, "trades")
    assert [(row["trade_id"], row["side"], row["price"], row["size"]) for row in trades] == [
        ("77", "buy", 100.5, 0.1), (None, "sell", 100.0, 0.2), ("x9", None, 99.0, 0.3),
    ]  # fmt: skip
    assert refused(batches) == [(5, "side_unknown")]


def test_derivative_ticker_is_funding(tmp_path: Path) -> None:
    where = at(0, "binance-futures")
    lines = [f"{where},{US + 10},0.0001,0.0002,123.5,100,101,102", f"{where},,,,123.5,100,101,102"]
    batches = read(write(tmp_path / "a.csv.gz", TICKER, *lines))
    (funding,) = rows(batches, "funding")
    assert funding == {
        "venue": "binance", "symbol": "BTC/USDT:USDT", "event_ns": US * 1000, "recv_ns": (US + 3) * 1000,
        "next_ns": (US + 10) * 1000, "rate": 0.0001, "open_interest": 123.5, "index_price": 101.0, "mark_price": 102.0,
    }  # fmt: skip
    assert sum(one.filtered for one in batches) == 1
    assert "rows without a funding rate are left out" in batches[0].notes


@pytest.mark.parametrize("levels", [5, 25])
def test_book_snapshots_give_ten_levels_and_quotes_when_the_top_changes(tmp_path: Path, levels: int) -> None:
    def line(offset: int, best_bid: int) -> str:
        return ",".join(
            [at(offset), *(f"{101 + level},{level + 1},{best_bid - level},{level + 0.5}" for level in range(levels))]
        )

    batches = read(write(tmp_path / "a.csv.gz", snapshots(levels), line(0, 100), line(5, 100), line(9, 99)))
    first = rows(batches, "depth")[0]
    shown = min(levels, 10)
    assert first["asks"] == [101.0 + level for level in range(shown)] + [None] * (10 - shown)
    assert first["bid_sizes"] == [level + 0.5 for level in range(shown)] + [None] * (10 - shown)
    assert len(rows(batches, "depth")) == 3
    assert [(row["event_ns"], row["bid"], row["bid_size"], row["ask"]) for row in rows(batches, "quotes")] == [
        (US * 1000, 100.0, 0.5, 101.0), ((US + 9) * 1000, 99.0, 0.5, 101.0),
    ]  # fmt: skip


def test_a_snapshot_with_missing_levels_has_null_levels(tmp_path: Path) -> None:
    empty_asks = ",".join([at(0), *(f",,{100 - level},1" for level in range(5))])
    batches = read(write(tmp_path / "a.csv.gz", snapshots(5), empty_asks))
    assert rows(batches, "depth")[0]["asks"] == [None] * 10
    assert rows(batches, "quotes")[0]["ask"] is None


def test_incremental_book_is_rebuilt_a_row_a_receive_time(tmp_path: Path) -> None:
    lines = [
        f"{at(0)},false,bid,1,1",
        f"{at(1)},true,bid,100,1", f"{at(1)},true,bid,99,2", f"{at(1)},true,ask,101,3", f"{at(1)},true,ask,102,0",
        f"{at(2)},false,bid,100,0", f"{at(2)},false,ask,101,5",
        f"{at(3)},false,bid,98,7",
        f"{at(4)},true,bid,50,1", f"{at(4)},true,ask,51,1",
    ]  # fmt: skip
    batches = read(write(tmp_path / "a.csv.gz", CHANGES, *lines))
    books = [
        {name: [value for value in row[name] if value == value] for name in ("bids", "bid_sizes", "asks", "ask_sizes")}
        for row in rows(batches, "depth")
    ]
    assert books == [
        {"bids": [100, 99], "bid_sizes": [1, 2], "asks": [101], "ask_sizes": [3]},
        {"bids": [99], "bid_sizes": [2], "asks": [101], "ask_sizes": [5]},
        {"bids": [99, 98], "bid_sizes": [2, 7], "asks": [101], "ask_sizes": [5]},
        {"bids": [50], "bid_sizes": [1], "asks": [51], "ask_sizes": [1]},
    ]
    assert [row["recv_ns"] for row in rows(batches, "depth")] == [(US + 3 + offset) * 1000 for offset in (1, 2, 3, 4)]
    assert [(row["bid"], row["bid_size"], row["ask"], row["ask_size"]) for row in rows(batches, "quotes")] == [
        (100, 1, 101, 3), (99, 2, 101, 5), (50, 1, 51, 1),
    ]  # fmt: skip
    assert refused(batches) == [(2, "before_snapshot")]


def test_bad_changes_are_refused_and_the_others_applied(tmp_path: Path) -> None:
    lines = [
        f"{at(1)},true,bid,100,1", f"{at(1)},true,ask,101,1", f"{at(2)},false,bid,-5,1", f"{at(2)},false,bid,99,-1",
        f"{at(2)},false,mid,99,1", f"{at(2)},perhaps,bid,99,1", f"{at(2)},false,bid,x,1", f"{at(2)},false,bid,98,4",
    ]  # fmt: skip
    batches = read(write(tmp_path / "a.csv.gz", CHANGES, *lines))
    assert refused(batches) == [
        (4, "price_not_positive"), (5, "size_negative"), (6, "side_unknown"), (7, "flag_unknown"), (8, "not_a_number"),
    ]  # fmt: skip
    assert rows(batches, "depth")[-1]["bids"][:2] == [100.0, 98.0]


def test_messages_and_tops_survive_block_borders(tmp_path: Path) -> None:
    lines = [f"{at(0)},true,bid,100,1", f"{at(0)},true,ask,200,1"]
    for step in range(1, 3_000):
        lines += [
            f"{at(step)},false,bid,{100 + step % 50},{step % 3}",
            f"{at(step)},false,ask,{200 - step % 40},{step % 4}",
        ]
    path = write(tmp_path / "a.csv.gz", CHANGES, *lines)
    small, large = read(path, rows=10), read(path, rows=1_000_000)
    assert len(small) > 8
    assert len(rows(small, "depth")) == 3_000
    for table in ("depth", "quotes"):
        found = [pl.concat([one.frame for one in batches if one.table == table]) for batches in (small, large)]
        assert found[0].equals(found[1])


def test_grouped_files_hold_many_symbols(tmp_path: Path) -> None:
    lines = [
        f"{at(0, 'binance-futures', 'BTCUSDT')},1,101,100,1", f"{at(1, 'binance-futures', 'ETHUSDT')},1,11,10,1",
        f"{at(2, 'binance-futures', 'BTCUSDT_240927')},1,12,11,1", f"{at(3, 'binance-futures', 'WHAT')},1,12,11,1",
    ]  # fmt: skip
    batches = read(write(tmp_path / "a.csv.gz", QUOTES, *lines))
    assert [row["symbol"] for row in rows(batches, "quotes")] == [
        "BTC/USDT:USDT",
        "ETH/USDT:USDT",
        "BTC/USDT:USDT-240927",
    ]
    assert refused(batches) == [(5, "symbol_unknown")]


def test_mixed_symbols_under_one_given_symbol_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv.gz", QUOTES, f"{at(0)},1,101,100,1", f"{at(1, symbol='ETHUSDT')},1,11,10,1")
    with pytest.raises(ImportFailed, match="expected one symbol, since --symbol is given, was ETHUSDT beside BTCUSDT"):
        read(path, symbol="BTC/USDT")


def test_contracts_need_their_size(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv.gz", QUOTES, f"{at(0, 'gate-io-futures', 'BTC_USDT')},3,101,100,123")
    with pytest.raises(ImportFailed, match="expected base coins, was contracts; give --contract-size"):
        read(path)
    (quote,) = rows(read(path, contract_size=0.0001), "quotes")
    assert (quote["venue"], quote["symbol"]) == ("gate", "BTC/USDT:USDT")
    assert (quote["bid_size"], quote["ask_size"]) == (0.0123, 0.0003)


def test_unknown_exchange_says_what_to_give(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv.gz", QUOTES, f"{at(0, 'mtgox')},1,101,100,1")
    with pytest.raises(ImportFailed, match="was 'mtgox'; give --venue and --symbol"):
        read(path)
    (quote,) = rows(read(path, venue="mtgox", symbol="BTC/USDT"), "quotes")
    assert (quote["venue"], quote["symbol"]) == ("mtgox", "BTC/USDT")


@pytest.mark.parametrize("header", ["a,b,c", f"{HEAD},price", f"{QUOTES},more", QUOTES.replace("ask_price", "asked")])
def test_unknown_columns_are_refused(tmp_path: Path, header: str) -> None:
    path = write(tmp_path / "a.csv.gz", header, at(0))
    with pytest.raises(
        ImportFailed, match=r"line 1: expected exchange,symbol,timestamp,local_timestamp and then one of"
    ):
        read(path)


def test_ragged_lines_are_refused_with_their_number(tmp_path: Path) -> None:
    good = f"{at(0)},1,101,100,1"
    batches = read(
        write(tmp_path / "a.csv.gz", QUOTES, good, f"{at(1)},1,101", good, f"{good},9", "", f"{at(2)},1,oops,100,1")
    )
    assert refused(batches) == [(3, "field_count"), (5, "field_count"), (7, "not_a_number")]
    assert len(rows(batches, "quotes")) == 2


@pytest.mark.parametrize("unit", [1_000_000, 1_000, 1 / 1_000])
def test_wrong_time_unit_is_refused(tmp_path: Path, store: TickStore, unit: float) -> None:
    time = int(US / unit)
    path = write(tmp_path / "a.csv.gz", QUOTES, *[f"binance,BTCUSDT,{time},{time},1,101,100,1"] * 3)
    with pytest.raises(ImportFailed, match="expected times between 2009 and 2100, was 3 that are not"):
        import_files(store, "tardis", [path])


def test_cut_and_empty_files_are_refused(tmp_path: Path, store: TickStore) -> None:
    path = write(tmp_path / "a.csv.gz", QUOTES, *(f"{at(number)},1,101,100,{number}" for number in range(20_000)))
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(ImportFailed, match="expected a whole gzip file"):
        import_files(store, "tardis", [path])
    with pytest.raises(ImportFailed, match="expected a file with rows, was one without any"):
        import_files(store, "tardis", [write(tmp_path / "b.csv.gz", QUOTES)])
    assert store.coverage().is_empty()


def test_import_stores_rows_and_keeps_rejects(tmp_path: Path, store: TickStore) -> None:
    lines = [f"{at(number)},1,101,100,{number + 1}" for number in range(5)]
    path = write(tmp_path / "a.csv.gz", QUOTES, *lines, f"{at(9)},1,-101,100,1", f"{at(10)},1,101,100,")
    report = import_files(store, "tardis", [path])
    assert report.accepted == {"quotes": 5}
    assert report.rejected == {"price_not_positive": 1, "half_side": 1}
    assert f"{at(9)},1,-101,100,1" in report.files[0].rejects.read_text()
    assert store.quotes("binance", "BTC/USDT")["bid_size"].to_list() == [1.0, 2.0, 3.0, 4.0, 5.0]
    assert import_files(store, "tardis", [path]).skipped == 1


@pytest.mark.parametrize(
    ("raw", "market", "symbol"),
    [
        ("BTCUSDT", "spot", "BTC/USDT"), ("btc-usdt", "spot", "BTC/USDT"), ("BTC_USDT", "swap", "BTC/USDT:USDT"),
        ("XBT/USD", "spot", "BTC/USD"), ("BTC-USDT-SWAP", "swap", "BTC/USDT:USDT"),
        ("BTC-USDT-PERP", "spot", "BTC/USDT:USDT"), ("BTC-USDT-240927", "future", "BTC/USDT:USDT-240927"),
        ("ETHBTC", "spot", "ETH/BTC"), ("DOTUSD", "spot", "DOT/USD"), ("BTCFDUSD", "spot", "BTC/FDUSD"),
        ("USDCUSDT", "spot", "USDC/USDT"), ("1000PEPEUSDC", "swap", "1000PEPE/USDC:USDC"),
    ],
)  # fmt: skip
def test_symbols_of_venues(raw: str, market: str, symbol: str) -> None:
    assert unified_symbol(raw, MarketType(market)) == symbol


@pytest.mark.parametrize(
    ("raw", "market"),
    [("WHAT", "spot"), ("", "spot"), ("BTCUSD", "swap"), ("BTCUSD_PERP", "swap"), ("BTC-USDT", "future")],
)
def test_symbols_that_are_refused(raw: str, market: str) -> None:
    with pytest.raises(BadInput, match="expected"):
        unified_symbol(raw, MarketType(market))


def test_exchange_names_lead_to_ccxt_ids() -> None:
    import ccxt

    ids = {one.venue for table in (TARDIS, CRYPTO_LAKE) for one in table.values()}
    assert ids - {"huobi"} <= set(ccxt.exchanges)  # which now calls it htx
    assert listing("Tardis", TARDIS, "okex-swap").venue == "okx"


def test_books_of_a_grouped_file_are_kept_apart(tmp_path: Path) -> None:
    eth = "ETHUSDT"
    lines = [
        f"{at(0)},true,bid,100,1", f"{at(0, symbol=eth)},true,bid,10,1", f"{at(0)},true,ask,101,1",
        f"{at(0, symbol=eth)},true,ask,11,1", f"{at(1, symbol=eth)},false,bid,10,0", f"{at(2)},false,bid,100.5,1",
    ]  # fmt: skip
    quotes = rows(read(write(tmp_path / "a.csv.gz", CHANGES, *lines)), "quotes")
    assert [(row["symbol"], row["bid"], row["ask"]) for row in quotes] == [
        ("BTC/USDT", 100.0, 101.0), ("ETH/USDT", 10.0, 11.0), ("ETH/USDT", None, 11.0), ("BTC/USDT", 100.5, 101.0),
    ]  # fmt: skip
