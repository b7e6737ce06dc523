"""Raw Binance recordings: every message kind by hand, and bad input."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import orjson
import polars as pl
import pytest

from arbresearch.core import BadInput, ImportFailed
from arbresearch.store import TickStore
from arbresearch.store.importers import import_files
from tests.store.importers.wire_kit import (
    MS,
    RECV,
    SPOT_SNAPSHOT,
    levels,
    notes,
    read,
    refused,
    rows,
    spot_diff,
    spot_ticker,
    stream,
    swap_diff,
    write,
)


def test_spot_book_ticker_has_no_event_time(tmp_path: Path) -> None:
    batches = read(write(tmp_path / "btcusdt.gz", [spot_ticker(5, "10.10000000", "1.5", "10.20000000", "2")]))
    assert rows(batches, "quotes").to_dicts() == [
        {
            "venue": "binance", "symbol": "BTC/USDT", "recv_ns": RECV, "event_ns": None,
            "bid": 10.1, "bid_size": 1.5, "ask": 10.2, "ask_size": 2.0,
        }
    ]  # fmt: skip


def test_futures_book_ticker_has_the_engine_time_and_the_perpetual_symbol(tmp_path: Path) -> None:
    ticker = stream(
        "bookTicker", e="bookTicker", u=1, s="1000SHIBUSDT", b="0.02", B="5", a="0.03", A="6", T=MS, E=MS + 3
    )
    quote = rows(read(write(tmp_path / "a.gz", [ticker])), "quotes").row(0, named=True)
    assert (quote["symbol"], quote["event_ns"]) == ("1000SHIB/USDT:USDT", MS * 1_000_000)


def test_an_empty_side_is_null(tmp_path: Path) -> None:
    quote = rows(read(write(tmp_path / "a.gz", [spot_ticker(1, "0.00000000", "0.00000000", "7", "1")])), "quotes").row(
        0, named=True
    )
    assert (quote["bid"], quote["bid_size"], quote["ask"]) == (None, None, 7.0)


def test_trades_of_both_markets(tmp_path: Path) -> None:
    spot = stream("trade", e="trade", E=MS + 1, s="ETHBTC", t=7, p="0.05", q="2.5", T=MS, m=True, M=True)
    swap = stream("trade", e="trade", E=MS + 1, T=MS, s="ETHUSDT", t=8, p="2500.1", q="0.006", X="MARKET", m=False)
    trades = rows(read(write(tmp_path / "a.gz", [spot, swap])), "trades")
    assert trades.select("symbol", "price", "size", "side", "trade_id", "event_ns").rows() == [
        ("ETH/BTC", 0.05, 2.5, "sell", "7", MS * 1_000_000),
        ("ETH/USDT:USDT", 2500.1, 0.006, "buy", "8", MS * 1_000_000),
    ]


def test_aggregate_trades_count_only_where_there_are_no_single_ones(tmp_path: Path) -> None:
    single = stream("trade", e="trade", E=MS, s="BTCUSDT", t=7, p="1", q="2", T=MS, m=True, M=True)
    aggregate = stream("aggTrade", e="aggTrade", E=MS, s="BTCUSDT", a=3, p="1", q="2", f=7, l=7, T=MS, m=False, M=True)
    alone = rows(read(write(tmp_path / "a.gz", [aggregate])), "trades")
    assert alone.select("trade_id", "side").rows() == [("3", "buy")]
    both = read(write(tmp_path / "b.gz", [aggregate, single]))
    assert rows(both, "trades")["trade_id"].to_list() == ["7"]
    assert sum(one.filtered for one in both) == 1
    assert "1 aggregate trades left out" in notes(both)
    other = stream("aggTrade", e="aggTrade", E=MS, s="ETHUSDT", a=4, p="1", q="2", f=7, l=7, T=MS, m=False, M=True)
    assert rows(read(write(tmp_path / "c.gz", [other, single])), "trades")["trade_id"].to_list() == ["4", "7"]


def test_times_in_microseconds_are_told_apart(tmp_path: Path) -> None:
    trade = stream("trade", e="trade", E=MS * 1000, s="BTCUSDT", t=7, p="1", q="2", T=MS * 1000 + 5, m=True, M=True)
    assert rows(read(write(tmp_path / "a.gz", [trade])), "trades")["event_ns"].to_list() == [MS * 1_000_000 + 5_000]


def test_bare_messages_are_known_by_their_fields(tmp_path: Path) -> None:
    messages = [
        spot_ticker(1, "1", "1", "2", "1"),
        spot_diff(101, 102, [], []),
        SPOT_SNAPSHOT,
        {"result": None, "id": 1},
    ]
    bare = [one.get("data", one) for one in messages]
    batches = read(write(tmp_path / "plain.log", bare, packed=False))
    assert (rows(batches, "quotes").height, rows(batches, "depth").height) == (1, 1)
    assert not refused(batches)


def test_spot_book_is_rebuilt_from_snapshot_and_diffs(tmp_path: Path) -> None:
    batches = read(
        write(
            tmp_path / "btcusdt.gz",
            [
                spot_diff(90, 95, [["1.0", "9.0"]], []),
                SPOT_SNAPSHOT,
                spot_diff(96, 101, [["10.1", "4.0"], ["9.9", "0.0"]], []),
                spot_diff(102, 103, [], [["10.2", "0"], ["10.3", "5.0"], ["77.7", "0"]]),
            ],
        )
    )
    assert levels(batches) == [
        ([10.0, 9.9], [1.0, 2.0], [10.2], [3.0]),
        ([10.1, 10.0], [4.0, 1.0], [10.2], [3.0]),
        ([10.1, 10.0], [4.0, 1.0], [10.3], [5.0]),
    ]
    depth = rows(batches, "depth")
    assert depth["recv_ns"].to_list() == [RECV + 1_000_000, RECV + 2_000_000, RECV + 3_000_000]
    assert depth["event_ns"].to_list() == [None, (MS + 101) * 1_000_000, (MS + 103) * 1_000_000]
    assert list(refused(batches)) == [(1, "before_snapshot")]


def test_diffs_that_came_before_their_snapshot_are_applied_when_it_comes(tmp_path: Path) -> None:
    batches = read(write(tmp_path / "a.gz", [spot_diff(101, 102, [["10.1", "4"]], []), SPOT_SNAPSHOT]))
    assert levels(batches) == [([10.1, 10.0, 9.9], [4.0, 1.0, 2.0], [10.2], [3.0])]
    assert rows(batches, "depth").select("recv_ns", "event_ns").rows() == [(RECV + 1_000_000, (MS + 102) * 1_000_000)]


def test_snapshot_on_the_first_line_waits_for_its_symbol(tmp_path: Path) -> None:
    batches = read(write(tmp_path / "a.gz", [SPOT_SNAPSHOT, spot_diff(101, 102, [["10.1", "4"]], [])]))
    assert levels(batches) == [
        ([10.0, 9.9], [1.0, 2.0], [10.2], [3.0]),
        ([10.1, 10.0, 9.9], [4.0, 1.0, 2.0], [10.2], [3.0]),
    ]
    assert rows(batches, "depth")["recv_ns"].to_list() == [RECV, RECV + 1_000_000]


def test_gap_loses_the_book_until_a_snapshot(tmp_path: Path) -> None:
    later = {"lastUpdateId": 200, "bids": [["8", "1"]], "asks": [["9", "1"]]}
    batches = read(
        write(
            tmp_path / "a.gz",
            [
                spot_diff(100, 100, [], []), SPOT_SNAPSHOT, spot_diff(105, 106, [["10.1", "4"]], []),
                spot_diff(107, 108, [], []), later, spot_diff(200, 201, [["8", "2"]], []),
            ],
        )
    )  # fmt: skip
    assert levels(batches)[1:] == [([8.0], [1.0], [9.0], [1.0]), ([8.0], [2.0], [9.0], [1.0])]
    assert list(refused(batches)) == [(1, "before_snapshot"), (3, "sequence_gap"), (4, "sequence_gap")]
    assert refused(batches)[3, "sequence_gap"].startswith(f"{RECV + 2_000_000} {{")


def test_futures_book_follows_pu(tmp_path: Path) -> None:
    snapshot = {"lastUpdateId": 100, "E": MS, "T": MS - 7, "bids": [["10", "1"]], "asks": [["11", "1"]]}
    batches = read(
        write(
            tmp_path / "a.gz",
            [
                swap_diff(80, 90, 79, [], []), snapshot, swap_diff(95, 110, 90, [["10", "2"]], []),
                swap_diff(300, 310, 110, [["10", "3"]], []), swap_diff(400, 410, 399, [["10", "4"]], []),
            ],
        )
    )  # fmt: skip
    assert [row[1] for row in levels(batches)] == [[1.0], [2.0], [3.0]]
    assert rows(batches, "depth")["event_ns"][0] == (MS - 7) * 1_000_000
    assert list(refused(batches)) == [(1, "before_snapshot"), (5, "sequence_gap")]
    assert set(rows(batches, "depth")["symbol"]) == {"BTC/USDT:USDT"}


def test_depth_is_thinned_to_the_first_update_of_each_interval(tmp_path: Path) -> None:
    diffs = [spot_diff(101 + number, 101 + number, [["10", str(number + 1)]], []) for number in range(10)]
    path = write(tmp_path / "a.gz", [spot_diff(1, 1, [], []), SPOT_SNAPSHOT, *diffs], step_ns=40_000_000)
    every = rows(read(path), "depth")
    assert every.height == 11
    thinned = rows(read(path, every_ms=100), "depth")
    first_of_each = every.filter(
        ~(pl.col("recv_ns") // 100_000_000).is_duplicated() | (pl.col("recv_ns") // 100_000_000).is_first_distinct()
    )
    assert thinned.equals(first_of_each)
    assert thinned.height == 5


def test_a_top_that_differs_from_the_book_ticker_of_the_same_update_is_counted(tmp_path: Path) -> None:
    batches = read(
        write(
            tmp_path / "a.gz",
            [
                spot_ticker(101, "10.1", "4", "10.2", "3"),
                SPOT_SNAPSHOT,
                spot_diff(101, 101, [["10.1", "4"]], []),
                spot_diff(102, 102, [["10.1", "5"]], []),
                spot_ticker(102, "10.1", "6", "10.2", "3"),
            ],
        )
    )
    assert "differs from the book ticker of the same update in 1 of 2" in notes(batches)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (f"{RECV} {{not json", "not_json"),
        ("no time", "not_json"),
        (f"{RECV}", "not_a_message"),
        (f'{RECV} {{"stream":"btcusdt@trade","data":{{"e":"trade","s":"BTCUSDT"}}}}', "field_missing"),
        (f'{RECV} {{"stream":"btcusdt@bookTicker","data":[1]}}', "not_a_message"),
        (f'{RECV} {{"hello":1}}', "message_unknown"),
        (f'{RECV} {{"u":1,"s":"BTCUSDT","b":"x","B":"1","a":"2","A":"1"}}', "not_a_number"),
        (f'{RECV} {{"u":1,"s":"NOQUOTE","b":"1","B":"1","a":"2","A":"1"}}', "symbol_unknown"),
        (f'{RECV} {{"e":"depthUpdate","E":{MS},"s":"BTCUSDT","U":1,"u":2,"b":[["1"]],"a":[]}}', "level_malformed"),
        (f'{RECV} {{"e":"depthUpdate","E":{MS},"s":"BTCUSDT","U":1,"u":2,"b":[["-1","1"]],"a":[]}}', "level_malformed"),
        (
            f'{RECV} {{"e":"depthUpdate","E":{MS},"s":"BTCUSDT","U":1,"u":2,"b":[["1","nan"]],"a":[]}}',
            "level_malformed",
        ),
    ],
)
def test_a_bad_line_is_refused_with_its_number_and_text(tmp_path: Path, line: str, reason: str) -> None:
    good = spot_ticker(1, "1", "1", "2", "1")
    batches = read(write(tmp_path / "a.gz", [good, line, good]))
    assert refused(batches) == {(2, reason): line}
    assert rows(batches, "quotes").height == 2


def test_prices_that_are_no_prices_are_left_to_the_check_of_rows(tmp_path: Path, store: TickStore) -> None:
    good = [spot_ticker(1, "1", "1", "2", "1")] * 3
    path = write(tmp_path / "a.gz", [*good, spot_ticker(2, "-1", "1", "2", "1"), spot_ticker(3, "nan", "1", "2", "1")])
    report = import_files(store, "binance-raw", [path])
    assert report.accepted == {"quotes": 3}
    assert report.rejected == {"price_not_positive": 1, "not_a_number": 1}
    kept = pl.read_csv(report.files[0].rejects)
    assert kept["line"].to_list() == [4, 5]
    assert '"b":"-1"' in kept["text"][0]


def test_other_streams_are_left_out_and_named(tmp_path: Path) -> None:
    partial = {"stream": "btcusdt@depth20@100ms", "data": {"lastUpdateId": 1, "bids": [], "asks": []}}
    candle = {"stream": "btcusdt@kline_1m", "data": {"e": "kline", "s": "BTCUSDT"}}
    batches = read(write(tmp_path / "a.gz", [spot_ticker(1, "1", "1", "2", "1"), partial, candle]))
    assert sum(one.filtered for one in batches) == 2
    assert "streams that are not read: depth20@100ms, kline_1m" in notes(batches)
    assert not refused(batches)


def test_two_symbols_are_two_streams(tmp_path: Path) -> None:
    path = write(
        tmp_path / "a.gz",
        [
            spot_ticker(1, "1", "1", "2", "1"), spot_ticker(2, "3", "1", "4", "1", symbol="ETHUSDT"),
            spot_diff(1, 2, [], [], symbol="ETHUSDT"), SPOT_SNAPSHOT,
        ],
    )  # fmt: skip
    batches = read(path)
    assert rows(batches, "quotes")["symbol"].to_list() == ["BTC/USDT", "ETH/USDT"]
    assert list(refused(batches)) == [(4, "snapshot_ambiguous"), (3, "before_snapshot")]
    only = read(path, symbol="ETH/USDT")
    assert rows(only, "quotes")["bid"].to_list() == [3.0]
    assert (1, "symbol_mixed") in refused(only)


def test_given_symbol_names_one_that_is_not_known(tmp_path: Path) -> None:
    ticker = spot_ticker(1, "1", "1", "2", "1", symbol="ABCXYZ")
    path = write(tmp_path / "a.gz", [ticker])
    with pytest.raises(ImportFailed, match="'ABCXYZ'; give --symbol"):
        read(path)
    assert rows(read(path, symbol="ABC/XYZ"), "quotes")["symbol"].to_list() == ["ABC/XYZ"]
    with pytest.raises(ImportFailed, match="lines '<receive ns> <json>'"):
        read(path, symbol="ABC/XYZ:XYZ")


def test_a_folder_that_contradicts_the_messages_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "usdm" / "btcusdt.gz", [spot_ticker(1, "1", "1", "2", "1")])
    with pytest.raises(
        ImportFailed, match="expected a futures market, as its folder says, was messages of a spot market"
    ):
        read(path)
    assert rows(read(write(tmp_path / "spot" / "b.gz", [spot_ticker(1, "1", "1", "2", "1")])), "quotes").height == 1


def test_truncated_gzip_stores_nothing(tmp_path: Path, store: TickStore) -> None:
    path = write(tmp_path / "a.gz", [spot_ticker(number, "1", "1", "2", str(number)) for number in range(1, 20_000)])
    path.write_bytes(path.read_bytes()[:-500])
    with pytest.raises(ImportFailed, match=r"a\.gz: expected a whole gzip file, was cut or damaged after [\d_]+ lines"):
        import_files(store, "binance-raw", [path])
    assert store.coverage().is_empty()


@pytest.mark.parametrize("content", [b"", gzip.compress(b"")], ids=["plain", "gzip"])
def test_empty_file_is_refused(tmp_path: Path, store: TickStore, content: bytes) -> None:
    path = tmp_path / "a.gz"
    path.write_bytes(content)
    with pytest.raises(ImportFailed, match="empty file"):
        import_files(store, "binance-raw", [path])


def test_another_format_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("recv_ns,bid\n1,2\n")
    with pytest.raises(ImportFailed, match="is it another format"):
        read(path)


def test_receive_clock_in_milliseconds_is_refused(tmp_path: Path, store: TickStore) -> None:
    line = spot_ticker(1, "1", "1", "2", "1")
    path = write(tmp_path / "a.gz", [f"{MS} {orjson.dumps(line).decode()}"] * 3)
    with pytest.raises(ImportFailed, match="times between 2009 and 2100"):
        import_files(store, "binance-raw", [path])


def test_blocks_do_not_show(tmp_path: Path) -> None:
    def pair(number: int) -> list[dict[str, Any]]:
        price = f"{10 + number % 7 / 100:.2f}"
        diff = spot_diff(
            101 + number,
            101 + number,
            [["10.00", str(number + 1)], [price, str(number % 3)]],
            [["10.2", str(number + 5)]],
        )
        return [diff, spot_ticker(number, price, "1", "11", "1")]

    messages = [spot_diff(1, 1, [], []), SPOT_SNAPSHOT, *(one for number in range(2_000) for one in pair(number))]
    path = write(tmp_path / "a.gz", messages)
    small, large = read(path, rows=100), read(path, rows=1_000_000)
    assert len(small) > 10
    for table in ("quotes", "depth"):
        assert rows(small, table).equals(rows(large, table))
    assert rows(small, "depth").height == 2_001
    assert refused(small) == refused(large)
    consumed = [one.consumed for one in small]
    assert consumed == sorted(consumed)
    assert consumed[-1] == len(gzip.decompress(path.read_bytes()))


def test_the_depth_interval_is_an_option_of_the_import(tmp_path: Path) -> None:
    with TickStore(tmp_path / "store") as ticks:
        with pytest.raises(BadInput, match="depth_interval_ms: expected a whole number of milliseconds"):
            import_files(ticks, "binance-raw", [tmp_path / "x.gz"], depth_interval_ms=-1)
        with pytest.raises(BadInput, match="depth_interval_ms is the least time"):
            import_files(ticks, "tardis", [tmp_path / "x.gz"], depth_interval_ms=0)
