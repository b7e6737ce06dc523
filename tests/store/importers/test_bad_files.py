"""Files that are refused as a whole: each with its message, and nothing of them stored."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from arbresearch.core import ArbError, BadInput, ImportFailed, MappingError
from arbresearch.store import TickStore
from arbresearch.store.importers import import_files
from tests.store.importers.kit import HEADER, QUOTES_MAPPING, START_MS, good_lines, write_lines, write_mapping


def _refused(store: TickStore, error: type[ArbError], message: str, act: Callable[[], object]) -> None:
    with pytest.raises(error, match=message):
        act()
    assert store.coverage().height == 0
    assert not list((store.root / "rejected").glob("*"))


def test_truncated_gzip(store: TickStore, tmp_path: Path) -> None:
    path = tmp_path / "day.csv.gz"
    whole = gzip.compress("\n".join([HEADER, *good_lines(20_000)]).encode())
    path.write_bytes(whole[: len(whole) // 2])
    message = (
        r"day\.csv\.gz: expected a whole gzip file, was cut or damaged after [\d_]+ lines.*nothing of it was stored"
    )
    _refused(store, ImportFailed, message, lambda: import_files(store, "csv", [path], mapping=write_mapping(tmp_path)))


def test_empty_file_and_header_alone(store: TickStore, tmp_path: Path) -> None:
    empty = tmp_path / "empty.csv"
    empty.write_bytes(b"")
    mapping = write_mapping(tmp_path)
    _refused(store, ImportFailed, "an empty file", lambda: import_files(store, "csv", [empty], mapping=mapping))
    header = write_lines(tmp_path / "header.csv")
    _refused(store, ImportFailed, "one without any", lambda: import_files(store, "csv", [header], mapping=mapping))


def test_mapping_that_names_a_missing_column_lists_what_there_is(store: TickStore, tmp_path: Path) -> None:
    path = write_lines(tmp_path / "a.csv", *good_lines(3), header="time,bid,bid_size,ask,ask_qty")
    message = r"with mapping mine: expected columns bid_qty, was a file with time, bid, bid_size, ask, ask_qty"
    _refused(store, MappingError, message, lambda: import_files(store, "csv", [path], mapping=write_mapping(tmp_path)))
    frame = pl.DataFrame({"time": [START_MS], "bid": [1.0]})
    frame.write_parquet(tmp_path / "a.parquet")
    mapping = write_mapping(tmp_path, QUOTES_MAPPING.replace('"csv"', '"parquet"'), "packed")
    message = "expected columns bid_qty, ask, ask_qty, was a file with time, bid"
    act = lambda: import_files(store, "parquet", [tmp_path / "a.parquet"], mapping=mapping)  # noqa: E731
    _refused(store, MappingError, message, act)


def test_unknown_columns(store: TickStore, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f"{HEADER},mark,note\n{START_MS},1,1,2,1,5,x\n")
    message = r"only columns it knows \(ask, .*\), was also mark, note; map them, or list them under ignore"
    _refused(store, MappingError, message, lambda: import_files(store, "csv", [path], mapping=write_mapping(tmp_path)))
    message = r"without a mapping: expected the column names of a table \(quotes: venue, symbol, recv_ns.*was time, bid"
    _refused(store, MappingError, message, lambda: import_files(store, "csv", [path]))


@pytest.mark.parametrize(
    ("declared", "factor", "message"),
    [
        ("ms", 1e-3, r"expected milliseconds between 2009 and 2100.*was 1760156313 .*looks like seconds"),
        ("s", 1.0, r"expected seconds between 2009 and 2100.*looks like milliseconds"),
        ("ms", 1e6, r"looks like nanoseconds"),
    ],
)
def test_wrong_time_unit(store: TickStore, tmp_path: Path, declared: str, factor: float, message: str) -> None:
    lines = [f"{int((START_MS + row) * factor)},1,1,2,1" for row in range(50)]
    path = write_lines(tmp_path / "a.csv", *lines)
    mapping = write_mapping(tmp_path, QUOTES_MAPPING.replace('unit = "ms"', f'unit = "{declared}"'))
    _refused(store, ImportFailed, message, lambda: import_files(store, "csv", [path], mapping=mapping))


def test_wrong_time_unit_of_a_plain_parquet_file(store: TickStore, tmp_path: Path) -> None:
    rows = {"venue": "mexc", "symbol": "A/USDT", "recv_ns": [START_MS] * 5, "bid": 1.0, "bid_size": 1.0, "ask": 2.0}
    pl.DataFrame(rows | {"ask_size": 1.0}).write_parquet(tmp_path / "a.parquet")
    message = "column recv_ns: expected nanoseconds between 2009 and 2100.*looks like milliseconds"
    _refused(store, ImportFailed, message, lambda: import_files(store, "parquet", [tmp_path / "a.parquet"]))


PAIR = 'symbol = { column = "pair", pattern = "(?P<b>[A-Z]+)_(?P<q>[A-Z]+)", template = "{b}/{q}"SINGLE }'
SYMBOLS = QUOTES_MAPPING.replace('symbol = "LUNC/USDT"', PAIR)


def _two_symbols(folder: Path) -> Path:
    lines = [f"{START_MS + row},1,1,2,1,{'LUNC' if row < 900 else 'BTC'}_USDT" for row in range(1000)]
    return write_lines(folder / "mixed.csv", *lines, header=f"{HEADER},pair")


def test_mixed_symbols_in_a_file_of_one(store: TickStore, tmp_path: Path) -> None:
    path = _two_symbols(tmp_path)
    single = write_mapping(tmp_path, SYMBOLS.replace("SINGLE", ", single = true"), "single")
    message = r"mixed\.csv column pair: expected one symbol in the whole file, was 2 of them \(BTC_USDT, LUNC_USDT\)"
    _refused(store, ImportFailed, message, lambda: import_files(store, "csv", [path], mapping=single))
    free = write_mapping(tmp_path, SYMBOLS.replace("SINGLE", ""), "free")
    act = lambda: import_files(store, "csv", [path], mapping=free, symbol="LUNC/USDT")  # noqa: E731
    _refused(store, ImportFailed, message, act)


def test_another_symbol_than_the_one_given(store: TickStore, tmp_path: Path) -> None:
    path = write_lines(tmp_path / "a.csv", f"{START_MS},1,1,2,1,BTC_USDT", header=f"{HEADER},pair")
    free = write_mapping(tmp_path, SYMBOLS.replace("SINGLE", ""))
    message = "column pair: expected LUNC/USDT as was given, was BTC/USDT"
    act = lambda: import_files(store, "csv", [path], mapping=free, symbol="LUNC/USDT")  # noqa: E731
    _refused(store, ImportFailed, message, act)


def test_several_symbols_are_stored_where_nobody_said_one(store: TickStore, tmp_path: Path) -> None:
    free = write_mapping(tmp_path, SYMBOLS.replace("SINGLE", ""))
    import_files(store, "csv", [_two_symbols(tmp_path)], mapping=free)
    assert store.quotes("mexc", "LUNC/USDT").height == 900
    assert store.quotes("mexc", "BTC/USDT").height == 100


def test_swapped_columns(store: TickStore, tmp_path: Path) -> None:
    path = write_lines(tmp_path / "a.csv", *good_lines(50))
    swapped = QUOTES_MAPPING.replace('bid = "bid"', 'bid = "ask"').replace('ask = "ask"', 'ask = "bid"')
    message = r"\(quotes\): expected bids below asks, was 50 of 50 rows crossed; bid and ask columns swapped\?"
    mapping = write_mapping(tmp_path, swapped)
    _refused(store, ImportFailed, message, lambda: import_files(store, "csv", [path], mapping=mapping))


def test_a_file_with_bad_rows_alone_is_refused(store: TickStore, tmp_path: Path) -> None:
    path = write_lines(tmp_path / "a.csv", f"{START_MS},-1,1,2,1", f"{START_MS},nan,1,2,1")
    message = "rows that can be stored, was none; rejected 1 price_not_(positive|finite), 1 price_not_(positive|finite)"
    _refused(store, ImportFailed, message, lambda: import_files(store, "csv", [path], mapping=write_mapping(tmp_path)))


def test_what_nobody_said(store: TickStore, tmp_path: Path) -> None:
    path = write_lines(tmp_path / "a.csv", *good_lines(3))
    mapping = write_mapping(tmp_path, QUOTES_MAPPING.replace('venue = "mexc"', ""))
    message = "expected a venue, was none; give --venue"
    _refused(store, MappingError, message, lambda: import_files(store, "csv", [path], mapping=mapping))
    assert import_files(store, "csv", [path], mapping=mapping, venue="gate").accepted == {"quotes": 3}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"venue": "MEXC"}, "venue: expected a ccxt id"),
        ({"symbol": "LUNCUSDT"}, "symbol: expected BASE/QUOTE"),
        ({"at": "2025-01-01"}, "options of format csv: expected venue, symbol, mapping, contract_size, was at"),
        ({"contract_size": 0.0}, "contract_size: expected a positive number"),
        ({"mapping": "lunc_mexc_spot"}, "expected one for format csv, was one for parquet"),
    ],
)
def test_options_that_cannot_be(store: TickStore, tmp_path: Path, options: dict[str, object], message: str) -> None:
    path = write_lines(tmp_path / "a.csv", *good_lines(3))
    merged = {"mapping": write_mapping(tmp_path)} | options
    _refused(store, BadInput, message, lambda: import_files(store, "csv", [path], **merged))


def test_unknown_format_lists_the_known_ones(store: TickStore) -> None:
    with pytest.raises(
        BadInput, match=r"import format: expected one of .*csv.*instruments.*networks.*parquet.*'excel'"
    ):
        import_files(store, "excel", ["x"])
    with pytest.raises(BadInput, match="at least one path"):
        import_files(store, "csv", [])


def test_csv_headers_that_cannot_be(store: TickStore, tmp_path: Path) -> None:
    mapping = write_mapping(tmp_path)
    twice = write_lines(tmp_path / "twice.csv", "1,2,3", header="time,bid,bid")
    _refused(
        store,
        MappingError,
        "a name once, was bid more than",
        lambda: import_files(store, "csv", [twice], mapping=mapping),
    )
    blank = write_lines(tmp_path / "blank.csv", "1,2,3", header="")
    _refused(
        store, ImportFailed, "line 1: expected column", lambda: import_files(store, "csv", [blank], mapping=mapping)
    )
