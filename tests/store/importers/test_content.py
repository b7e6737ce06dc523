"""Unpacking, blocks of lines, and the digest that does not depend on packing."""

from __future__ import annotations

import gzip
import hashlib
import zipfile
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from arbresearch.core import ImportFailed
from arbresearch.store.importers.content import content_digest, line_blocks, open_content

TEXT = b"a,b\n1,2\n3,4\n" * 50


def _packed(folder: Path, kind: str, data: bytes) -> Path:
    path = folder / f"file.{kind}"
    if kind == "gz":
        path.write_bytes(gzip.compress(data))
    elif kind == "zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("inner.csv", data)
    elif kind == "zst":
        with pa.CompressedOutputStream(str(path), "zstd") as stream:
            stream.write(data)
    else:
        path.write_bytes(data)
    return path


@pytest.mark.parametrize("kind", ["csv", "gz", "zip", "zst"])
def test_digest_is_that_of_the_unpacked_text(tmp_path: Path, kind: str) -> None:
    assert content_digest(_packed(tmp_path, kind, TEXT)) == (hashlib.sha256(TEXT).hexdigest(), len(TEXT))


def test_two_gzip_members_are_one_content(tmp_path: Path) -> None:
    path = tmp_path / "two.gz"
    path.write_bytes(gzip.compress(TEXT[:100]) + gzip.compress(TEXT[100:]))
    assert content_digest(path)[0] == hashlib.sha256(TEXT).hexdigest()


def test_parquet_digest_ignores_codec_and_row_groups_but_not_values(tmp_path: Path) -> None:
    frame = pl.DataFrame({"a": list(range(1000)), "b": [None, 1.5] * 500, "c": [[1.0, 2.0], []] * 500})
    table = frame.to_arrow()
    pq.write_table(table, tmp_path / "one.parquet", compression="zstd")
    pq.write_table(table, tmp_path / "two.parquet", compression="none", row_group_size=77)
    pq.write_table(table.slice(0, 999), tmp_path / "three.parquet")
    one, two, three = (content_digest(tmp_path / f"{name}.parquet")[0] for name in ("one", "two", "three"))
    assert one == two
    assert one != three


def test_truncated_gzip_says_file_and_how_far_it_got(tmp_path: Path) -> None:
    lines = b"".join(b"%d,%d\n" % (row, row * row % 7919) for row in range(200_000))
    path = tmp_path / "cut.csv.gz"
    path.write_bytes(gzip.compress(lines)[:400_000])
    with pytest.raises(ImportFailed, match=r"cut\.csv\.gz: expected a whole gzip file.*after [1-9][\d_]+ lines"):
        content_digest(path)


@pytest.mark.parametrize("keep", [3, 30])
def test_truncated_zip_is_refused(tmp_path: Path, keep: int) -> None:
    path = _packed(tmp_path, "zip", TEXT)
    path.write_bytes(path.read_bytes()[:-keep])
    with pytest.raises(ImportFailed, match="cut or damaged"):
        content_digest(path)


def test_truncated_parquet_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "cut.parquet"
    pl.DataFrame({"a": range(1000)}).write_parquet(path)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(ImportFailed, match=r"cut\.parquet.*whole Parquet file"):
        content_digest(path)


def test_empty_missing_and_folder_are_refused(tmp_path: Path) -> None:
    (tmp_path / "empty.csv").write_bytes(b"")
    (tmp_path / "empty.csv.gz").write_bytes(gzip.compress(b""))
    for name, message in (("empty.csv", "an empty file"), ("empty.csv.gz", "empty file"), ("none.csv", "readable")):
        with pytest.raises(ImportFailed, match=message):
            content_digest(tmp_path / name)
    with pytest.raises(ImportFailed, match="readable"):
        content_digest(tmp_path)


def test_zip_of_two_files_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "two.zip", "w") as archive:
        archive.writestr("a.csv", "1")
        archive.writestr("b.csv", "2")
    with pytest.raises(ImportFailed, match=r"a zip of one file, was 2 files"):
        content_digest(tmp_path / "two.zip")


@given(
    lines=st.lists(st.text("ab,\r", max_size=9).map(str.encode), min_size=1, max_size=60),
    size=st.integers(1, 40),
    ends=st.booleans(),
)
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_blocks_put_together_are_the_text_and_number_its_lines(
    tmp_path: Path, lines: list[bytes], size: int, ends: bool
) -> None:
    data = b"\n".join(lines) + (b"\n" if ends else b"")
    path = tmp_path / "text"
    path.write_bytes(data or b"\n")
    with open_content(path) as content:
        blocks = list(line_blocks(content, block_bytes=size))
    assert b"".join(block.data for block in blocks) == path.read_bytes()
    assert all(block.data.endswith(b"\n") for block in blocks[:-1])
    seen = 1
    for block in blocks:
        assert block.first_line == seen
        seen += block.data.count(b"\n")
    assert blocks[-1].consumed == len(path.read_bytes())


def test_blocks_follow_the_number_of_lines_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "text"
    path.write_bytes(b"0123456789" * 2 + b"\n")
    path.write_bytes((b"0123456789" * 2 + b"\n") * 100_000)
    with open_content(path) as content:
        counts = [block.data.count(b"\n") for block in line_blocks(content, lines=20_000)]
    assert sum(counts) == 100_000
    assert max(counts) <= 20_001
    assert len(counts) <= 7
