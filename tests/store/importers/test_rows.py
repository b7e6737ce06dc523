"""Rows: what is kept, what is refused with which line number, what is counted."""

from __future__ import annotations

import csv
import gzip
import random
import zipfile
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from arbresearch.store import TickStore
from arbresearch.store.importers import Source, import_files, load_mapping
from arbresearch.store.importers.csv_format import CsvFormat
from tests.store.importers.kit import (
    HEADER,
    QUOTES_MAPPING,
    START_MS,
    good_lines,
    rejects_of,
    write_lines,
    write_mapping,
)

BAD_LINES = {
    5: (f"{START_MS + 4},-1.0,1,2,1", "price_not_positive"),
    6: (f"{START_MS + 5},nan,1,2,1", "price_not_finite"),
    7: (f"{START_MS + 6},1.0,-3,2,1", "size_negative"),
    9: (f"{START_MS + 7},abc,1,2,1", "not_a_number"),
    10: ("yesterday,1,1,2,1", "time_malformed"),
    12: (f"{START_MS + 8},1,1,2", "field_count"),
    13: (f"{START_MS + 9},1,1,2,1,9", "field_count"),
    14: (f"{START_MS + 10},1,,2,1", "half_side"),
    15: (",1,1,2,1", "time_missing"),
    16: ("12345,1,1,2,1", "time_unit"),
}


def _with_bad_lines(path: Path, count: int) -> Path:
    lines = good_lines(count)
    for number, (text, _) in BAD_LINES.items():
        lines[number - 2] = text
    return write_lines(path, *lines)


@pytest.mark.parametrize("batch_rows", [500_000, 1])
def test_bad_rows_are_kept_with_their_line_numbers_and_texts(store: TickStore, tmp_path: Path, batch_rows: int) -> None:
    path = _with_bad_lines(tmp_path / "some name.csv", 5_000)
    report = import_files(store, "csv", [path], mapping=write_mapping(tmp_path), batch_rows=batch_rows)
    assert report.accepted == {"quotes": 5_000 - len(BAD_LINES)}
    assert sum(report.rejected.values()) == len(BAD_LINES)
    assert report.rejected["field_count"] == 2
    kept = report.files[0].rejects
    assert kept is not None
    assert kept.parent == store.root / "rejected"
    assert "some_name.csv" in kept.name
    found = {int(row["line"]): (row["text"], row["reason"]) for row in rejects_of(kept)}
    assert found == BAD_LINES
    assert {row["table"] for row in rejects_of(kept)} == {"quotes"}
    assert f"see {kept}" in "\n".join(report.lines())


FIELDS = st.sampled_from(["1", "2.5", "", "nan", "x", "4 ", '"3"', '"4,5"', " 6", "1e3", "-7"])


@given(
    rests=st.lists(st.lists(FIELDS, min_size=1, max_size=6).map(",".join) | st.just(""), min_size=1, max_size=30),
    ending=st.sampled_from(["\n", "\r\n"]),
)
@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_is_read_as_python_s_csv_module_reads_it(tmp_path: Path, rests: list[str], ending: str) -> None:
    lines = [f"{START_MS},{rest}" if rest else "" for rest in rests]
    path = tmp_path / "a.csv"
    path.write_bytes(ending.join([HEADER, *lines]).encode())
    source = Source(path, mapping=load_mapping(write_mapping(tmp_path)))
    fields = {number: next(csv.reader([line])) for number, line in enumerate(lines, start=2) if line}
    numbers = {number: [_number(text) for text in row[1:]] for number, row in fields.items() if len(row) == 5}
    fine = {number: values for number, values in numbers.items() if "bad" not in values}
    rows: dict[int, list[float | str | None]] = {}
    refused: set[int] = set()
    for batch in CsvFormat().read(source, 1_000):
        kept = batch.frame.select("bid", "bid_size", "ask", "ask_size").fill_nan(-99.0).rows()
        rows |= dict(zip(batch.rows.to_list(), map(list, kept), strict=True))
        refused |= {one.line for one in batch.rejected}
    assert rows == fine
    assert refused == set(fields) - set(fine)


def _number(text: str) -> float | str | None:
    try:
        value = float(text) if text else None
    except ValueError:
        return "bad"
    return -99.0 if value != value else value


def test_blank_lines_windows_ends_and_quotes_change_nothing(store: TickStore, tmp_path: Path) -> None:
    lines = good_lines(6)
    lines[2] = ",".join(f'"{field}"' for field in lines[2].split(","))
    path = tmp_path / "a.csv"
    path.write_bytes(("\ufeff" + "\r\n".join([HEADER, lines[0], "", *lines[1:]])).encode("utf-8"))
    report = import_files(store, "csv", [path], mapping=write_mapping(tmp_path))
    assert (report.accepted, report.rejected) == ({"quotes": 6}, {})
    assert store.quotes("mexc", "LUNC/USDT")["recv_ns"].to_list() == [
        (START_MS + 100 * row) * 10**6 for row in range(6)
    ]


def test_decimals_survive_as_the_nearest_double(store: TickStore, tmp_path: Path) -> None:
    rng = random.Random(7)
    texts = [f"{rng.random() * 10 ** rng.randint(-6, 5):.{rng.randint(6, 12)}f}" for _ in range(3_000)]
    texts = [text for text in texts if float(text) > 0]
    lines = [f"{START_MS + row},{text},{text},1000000,{text}" for row, text in enumerate(texts)]
    import_files(store, "csv", [write_lines(tmp_path / "a.csv", *lines)], mapping=write_mapping(tmp_path))
    frame = store.quotes("mexc", "LUNC/USDT")
    assert frame["bid"].to_list() == [float(text) for text in texts]
    assert frame["ask_size"].to_list() == [float(text) for text in texts]


def test_empty_sides_are_stored_as_missing(store: TickStore, tmp_path: Path) -> None:
    path = write_lines(tmp_path / "a.csv", f"{START_MS},,,2,1", f"{START_MS + 1},-,-,2,1", *good_lines(4, start=9))
    mapping = write_mapping(tmp_path, QUOTES_MAPPING.replace('format = "csv"', 'format = "csv"\nmissing = ["-"]'))
    assert import_files(store, "csv", [path], mapping=mapping).rejected == {}
    assert store.quotes("mexc", "LUNC/USDT")["bid"].is_nan().to_list() == [True, True, False, False, False, False]


def test_crossed_disordered_and_repeated_rows_are_stored_and_counted(store: TickStore, tmp_path: Path) -> None:
    lines = good_lines(20)
    lines[4] = f"{START_MS + 400},2.0,1,1.5,1"
    lines[10], lines[12] = lines[12], lines[10]
    lines.insert(16, lines[15])
    path = write_lines(tmp_path / "a.csv", *lines)
    one = import_files(store, "csv", [path], mapping=write_mapping(tmp_path)).files[0]
    assert (one.crossed, one.out_of_order, one.repeated) == (1, 2, 1)
    assert one.accepted == {"quotes": 21}
    text = "\n".join(one.warnings())
    assert "2 rows were out of order; the store sorts them" in text
    assert "1 books are crossed" in text
    times = store.quotes("mexc", "LUNC/USDT")["recv_ns"]
    assert times.is_sorted()
    assert times.len() == 21


def test_rows_out_of_order_are_counted_across_batches(store: TickStore, tmp_path: Path) -> None:
    lines = good_lines(6_000)
    lines.append(lines.pop(0))
    path = write_lines(tmp_path / "a.csv", *lines)
    report = import_files(store, "csv", [path], mapping=write_mapping(tmp_path), batch_rows=500)
    assert report.files[0].out_of_order == 1


def test_the_same_content_is_stored_once_whatever_it_is_called_or_packed_in(store: TickStore, tmp_path: Path) -> None:
    mapping = write_mapping(tmp_path)
    path = _with_bad_lines(tmp_path / "a.csv", 100)
    first = import_files(store, "csv", [path], mapping=mapping)
    renamed, packed, archive = tmp_path / "b.csv", tmp_path / "c.csv.gz", tmp_path / "d.zip"
    renamed.write_bytes(path.read_bytes())
    packed.write_bytes(gzip.compress(path.read_bytes()))
    with zipfile.ZipFile(archive, "w") as target:
        target.write(path, "inner.csv")
    before = store.digest()
    again = import_files(store, "csv", [path, renamed, packed, archive], mapping=mapping)
    assert again.skipped == 4
    assert again.accepted == {}
    assert "already imported" in again.lines()[0]
    assert store.digest() == before
    assert store.coverage()["rows"].sum() == first.accepted["quotes"]
    assert len(list((store.root / "rejected").iterdir())) == 1


def test_another_reading_of_the_same_content_is_another_import(store: TickStore, tmp_path: Path) -> None:
    path = write_lines(tmp_path / "a.csv", *good_lines(5))
    mapping = write_mapping(tmp_path)
    import_files(store, "csv", [path], mapping=mapping)
    report = import_files(store, "csv", [path], mapping=mapping, symbol="LUNC/USDC", contract_size=100.0)
    assert report.skipped == 0
    assert store.quotes("mexc", "LUNC/USDC")["bid_size"].to_list() == [1050.0] * 5


def test_repacked_parquet_is_the_same_content(store: TickStore, tmp_path: Path) -> None:
    mapping = write_mapping(tmp_path, QUOTES_MAPPING.replace('"csv"', '"parquet"'))
    frame = pl.read_csv("\n".join([HEADER, *good_lines(500)]).encode())
    frame.write_parquet(tmp_path / "a.parquet", compression="zstd")
    frame.write_parquet(tmp_path / "b.parquet", compression="uncompressed", row_group_size=64)
    report = import_files(store, "parquet", [tmp_path / "a.parquet", tmp_path / "b.parquet"], mapping=mapping)
    assert report.skipped == 1
    assert report.accepted == {"quotes": 500}


def test_files_before_a_refused_one_are_stored(store: TickStore, tmp_path: Path) -> None:
    good, bad = write_lines(tmp_path / "a.csv", *good_lines(5)), tmp_path / "b.csv"
    bad.write_bytes(b"")
    mapping = write_mapping(tmp_path)
    with pytest.raises(Exception, match=r"b\.csv"):
        import_files(store, "csv", [good, bad], mapping=mapping)
    assert store.quotes("mexc", "LUNC/USDT").height == 5


def test_rejected_parquet_rows_have_row_numbers_and_values(store: TickStore, tmp_path: Path) -> None:
    mapping = write_mapping(tmp_path, QUOTES_MAPPING.replace('"csv"', '"parquet"'))
    frame = pl.read_csv("\n".join([HEADER, *good_lines(50)]).encode())
    frame = frame.with_columns(bid=pl.when(pl.int_range(pl.len()) == 30).then(-7.5).otherwise("bid"))
    frame.write_parquet(tmp_path / "a.parquet")
    report = import_files(store, "parquet", [tmp_path / "a.parquet"], mapping=mapping, batch_rows=8)
    assert report.files[0].rejects is not None
    (row,) = rejects_of(report.files[0].rejects)
    assert (row["line"], row["reason"]) == ("31", "price_not_positive")
    assert '"bid":-7.5' in row["text"]


def test_progress_reaches_the_whole_file(store: TickStore, tmp_path: Path) -> None:
    path = write_lines(tmp_path / "a.csv", *good_lines(8_000))
    seen: list[tuple[Path, int, int]] = []
    import_files(
        store, "csv", [path], mapping=write_mapping(tmp_path), batch_rows=500, progress=lambda *now: seen.append(now)
    )
    assert [consumed for _, consumed, _ in seen] == sorted(consumed for _, consumed, _ in seen)
    assert len(seen) > 3
    assert seen[-1] == (path, path.stat().st_size, path.stat().st_size)
