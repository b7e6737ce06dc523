"""What a mapping can say: levels, lists, midpoints, trades, filters, several tables, two clocks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from arbresearch.store import TickStore
from arbresearch.store.importers import import_files, load_mapping, parquet_format
from arbresearch.store.importers.base import Source
from arbresearch.store.importers.csv_format import CsvFormat
from arbresearch.store.importers.parquet_format import ParquetFormat
from tests.store.importers.kit import HEADER, START_MS, good_lines, rejects_of, write_lines, write_mapping

HEAD = """
doc = "a test"
format = "{format}"
venue = "gate"
symbol = "A/USDT:USDT"
recv = {{ column = "t", unit = "ms" }}
"""

LEVELS = """
size_multiplier = "0.1"
[levels]
bids = "b{i}"
bid_sizes = "bv{i}"
asks = "a{i}"
ask_sizes = "av{i}"
first = 0
count = COUNT
into = ["depth", "quotes"]
"""


def _numbered(count: int) -> tuple[str, str]:
    header = ",".join(["t", *(f"{side}{level}" for side in ("b", "bv", "a", "av") for level in range(count))])
    values = [100 - level for level in range(count)] + [level + 1 for level in range(count)]
    values += [101 + level for level in range(count)] + [level + 11 for level in range(count)]
    return header, ",".join([str(START_MS), *map(str, values)])


@pytest.mark.parametrize("count", [5, 10, 13])
def test_numbered_levels_feed_depth_and_quotes(store: TickStore, tmp_path: Path, count: int) -> None:
    header, line = _numbered(count)
    mapping = write_mapping(tmp_path, HEAD.format(format="csv") + LEVELS.replace("COUNT", str(count)))
    report = import_files(store, "csv", [write_lines(tmp_path / "a.csv", line, header=header)], mapping=mapping)
    assert report.accepted == {"depth": 1, "quotes": 1}
    depth, kept = store.depth("gate", "A/USDT:USDT"), min(count, 10)
    gaps = [np.nan] * (10 - kept)
    np.testing.assert_array_equal(depth["bids"][0].to_numpy(), [*(100.0 - level for level in range(kept)), *gaps])
    np.testing.assert_array_equal(
        depth["ask_sizes"][0].to_numpy(), [*((level + 11) / 10 for level in range(kept)), *gaps]
    )
    assert store.quotes("gate", "A/USDT:USDT").select("bid", "bid_size", "ask", "ask_size").row(0) == (
        100,
        0.1,
        101,
        1.1,
    )


def test_a_bad_level_is_refused_once_and_named_for_both_tables(store: TickStore, tmp_path: Path) -> None:
    header, line = _numbered(5)
    lines = [line, line.replace(",99,", ",nan,"), line.replace(",98,", ",,"), line.replace(",97,", ",x,"), line]
    lines = [text.replace(str(START_MS), str(START_MS + row)) for row, text in enumerate(lines)]
    mapping = write_mapping(tmp_path, HEAD.format(format="csv") + LEVELS.replace("COUNT", "5"))
    report = import_files(store, "csv", [write_lines(tmp_path / "a.csv", *lines, header=header)], mapping=mapping)
    assert report.accepted == {"depth": 2, "quotes": 2}
    assert report.rejected == {"price_not_finite": 1, "half_side": 1, "not_a_number": 1}
    assert report.files[0].rejects is not None
    rows = [(row["line"], row["table"], row["reason"]) for row in rejects_of(report.files[0].rejects)]
    reasons = {"3": "price_not_finite", "4": "half_side", "5": "not_a_number"}
    assert sorted(rows) == sorted(
        (line, table, reason) for line, reason in reasons.items() for table in ("depth", "quotes")
    )


def test_list_levels_are_cut_and_padded(store: TickStore, tmp_path: Path) -> None:
    long, short = [100.0 - 0.5 * level for level in range(12)], [99.0]
    frame = pl.DataFrame(
        {
            "t": [START_MS, START_MS + 1],
            "b": [long, short],
            "bs": [[1.0] * 12, [2.0]],
            "a": [[200 - price for price in long], []],
            "as": [[3.0] * 12, []],
        }
    )
    frame.write_parquet(tmp_path / "a.parquet")
    text = HEAD.format(format="parquet") + '[levels]\nbids = "b"\nbid_sizes = "bs"\nasks = "a"\nask_sizes = "as"\n'
    report = import_files(store, "parquet", [tmp_path / "a.parquet"], mapping=write_mapping(tmp_path, text))
    assert report.accepted == {"depth": 2, "quotes": 2}
    depth = store.depth("gate", "A/USDT:USDT")
    np.testing.assert_array_equal(depth["bids"][0].to_numpy(), long[:10])
    np.testing.assert_array_equal(depth["bids"][1].to_numpy(), [99.0, *[np.nan] * 9])
    assert np.isnan(store.quotes("gate", "A/USDT:USDT")["ask"][1])


def test_midpoint_and_spread(store: TickStore, tmp_path: Path) -> None:
    text = HEAD.format(format="csv") + (
        '[tables.quotes]\ncolumns = { bid_size = "x", ask_size = "y" }\n'
        'mid_spread = { mid = "m", spread = "s", tick = "0.01" }\n'
    )
    lines = [f"{START_MS},10284.805,1.610000000000582,1,2", f"{START_MS + 1},10284.8051,0.02,1,2"]
    path = write_lines(tmp_path / "a.csv", *lines, header="t,m,s,x,y")
    report = import_files(store, "csv", [path], mapping=write_mapping(tmp_path, text))
    assert report.rejected == {"off_tick": 1}
    assert store.quotes("gate", "A/USDT:USDT").select("bid", "ask").row(0) == (10284.0, 10285.61)


def test_trades_with_sides_filters_and_an_exchange_clock_alone(store: TickStore, tmp_path: Path) -> None:
    text = HEAD.format(format="csv").replace("recv =", "event =") + (
        'filter = [{ column = "kind", keep = ["T"] }, { column = "flag", drop = ["1"] }]\n'
        '[tables.trades.columns]\nprice = "p"\nsize = "q"\ntrade_id = "id"\n'
        'side = { column = "maker", values = { true = "sell", false = "buy" } }\n'
    )
    lines = [
        f"{START_MS},1.5,2,a,true,T,0",
        f"{START_MS},1.6,3,b,false,T,0",
        f"{START_MS},1.7,3,c,false,X,0",
        f"{START_MS},1.8,3,d,false,T,1",
        f"{START_MS},1.9,3,e,maybe,T,0",
    ]
    path = write_lines(tmp_path / "a.csv", *lines, header="t,p,q,id,maker,kind,flag")
    one = import_files(store, "csv", [path], mapping=write_mapping(tmp_path, text)).files[0]
    assert (one.accepted, one.rejected, one.filtered) == ({"trades": 2}, {"side_unknown": 1}, 2)
    assert one.notes == ("no receive clock in the file: recv_ns is filled from the exchange clock (t)",)
    trades = store.trades("gate", "A/USDT:USDT")
    assert trades["side"].to_list() == ["sell", "buy"]
    assert trades["trade_id"].to_list() == ["a", "b"]
    assert trades["event_ns"].to_list() == trades["recv_ns"].to_list() == [START_MS * 10**6] * 2


def test_one_file_may_feed_quotes_and_trades_with_both_clocks(store: TickStore, tmp_path: Path) -> None:
    text = HEAD.format(format="csv") + (
        'ignore = ["note"]\nevent = { column = "e", unit = "us" }\n'
        '[tables.quotes.columns]\nbid = "b"\nbid_size = "bs"\nask = "a"\nask_size = "as"\n'
        '[tables.trades.columns]\nprice = "b"\nsize = "bs"\nside = { constant = "sell" }\n'
    )
    path = write_lines(tmp_path / "a.csv", f"{START_MS},{START_MS}123,1,2,3,4,hello", header="t,e,b,bs,a,as,note")
    report = import_files(store, "csv", [path], mapping=write_mapping(tmp_path, text))
    assert report.accepted == {"quotes": 1, "trades": 1}
    assert store.trades("gate", "A/USDT:USDT").row(0, named=True) == {
        "recv_ns": START_MS * 10**6,
        "event_ns": START_MS * 10**6 + 123_000,
        "price": 1.0,
        "size": 2.0,
        "side": "sell",
        "trade_id": None,
    }


def test_funding_with_a_time_in_a_column(store: TickStore, tmp_path: Path) -> None:
    text = HEAD.format(format="csv") + (
        '[tables.funding.columns]\nrate = "r"\nmark_price = "m"\nnext_ns = { column = "n", unit = "s" }\n'
    )
    path = write_lines(tmp_path / "a.csv", f"{START_MS},0.0001,5,1760170000", header="t,r,m,n")
    import_files(store, "csv", [path], mapping=write_mapping(tmp_path, text))
    row = store.funding("gate", "A/USDT:USDT").row(0, named=True)
    assert (row["rate"], row["next_ns"], row["mark_price"]) == (0.0001, 1_760_170_000 * 10**9, 5.0)


def test_files_with_the_store_s_own_names_need_no_mapping(store: TickStore, tmp_path: Path) -> None:
    recv = START_MS * 10**6
    lines = [f"gate,A/USDT,{recv},1,1,2,1", f"mexc,A/USDT,{recv},1,1,2,1"]
    header = "venue,symbol,recv_ns,bid,bid_size,ask,ask_size"
    assert import_files(store, "csv", [write_lines(tmp_path / "q.csv", *lines, header=header)]).accepted == {
        "quotes": 2
    }
    path = write_lines(tmp_path / "t.csv", f"{recv},5,1,buy", header="recv_ns,price,size,side")
    import_files(store, "csv", [path], venue="okx", symbol="A/USDT")
    assert sorted(store.streams("quotes") + store.streams("trades")) == [
        ("gate", "A/USDT"),
        ("mexc", "A/USDT"),
        ("okx", "A/USDT"),
    ]


def test_a_large_csv_is_read_in_bounded_pieces(tmp_path: Path) -> None:
    count = 3_000_000
    times = np.arange(START_MS, START_MS + count)
    frame = pl.DataFrame({"time": times, "bid": 1.5, "bid_qty": 10.25, "ask": 1.75, "ask_qty": 7.5})
    frame.write_csv(tmp_path / "large.csv")
    source = Source(tmp_path / "large.csv", mapping=load_mapping(write_mapping(tmp_path)))
    rows = largest = batches = 0
    for batch in CsvFormat().read(source, 200_000):
        assert batch.rows[0] == rows + 2
        rows += batch.frame.height
        largest = max(largest, batch.frame.height)
        batches += 1
    assert rows == count
    assert largest <= 210_000
    assert batches <= 20


def test_wide_parquet_rows_are_read_in_small_batches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet_format, "_BATCH_BYTES", 2 << 20)
    lists = pl.Series(np.random.default_rng(5).random((1_000, 400))).cast(pl.List(pl.Float64))
    frame = pl.DataFrame({"t": range(START_MS, START_MS + 1_000), "b": lists, "bs": lists, "a": lists, "as": lists})
    frame.with_columns(unread=lists).write_parquet(tmp_path / "wide.parquet")
    text = (
        HEAD.format(format="parquet")
        + 'ignore = "*"\n[levels]\nbids = "b"\nbid_sizes = "bs"\nasks = "a"\nask_sizes = "as"\n'
    )
    source = Source(tmp_path / "wide.parquet", mapping=load_mapping(write_mapping(tmp_path, text)))
    heights = [batch.frame.height for batch in ParquetFormat().read(source, 500_000) if batch.table == "depth"]
    assert sum(heights) == 1_000
    assert 100 < max(heights) <= (2 << 20) / (4 * 400 * 8)


def test_small_batches_give_the_same_store_as_large_ones(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "a.csv", *good_lines(4_000), header=HEADER)
    frames = []
    for rows in (100, 500_000):
        with TickStore(tmp_path / f"store{rows}") as store:
            import_files(store, "csv", [path], mapping=write_mapping(tmp_path), batch_rows=rows)
            frames.append(store.quotes("mexc", "LUNC/USDT"))
    assert frames[0].equals(frames[1])
