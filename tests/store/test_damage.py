"""Newer formats, foreign folders and damaged files are told from each other, and named."""

from __future__ import annotations

import json
import os
import random
import re
import threading
from pathlib import Path
from typing import Any
from zlib import crc32

import polars as pl
import pyarrow.parquet as pq
import pytest

import arbresearch.store.parts as parts_module
from arbresearch.core import BadInput, StoreError, StoreVersionError
from arbresearch.store import TickStore
from tests.kit.ticks import numbers, part_paths, quotes


def rewrite(path: Path, **changed: Any) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **changed}))


def first_commit(store: TickStore) -> Path:
    return store.root / "_log" / f"{1:020d}.json"


def only_part(store: TickStore) -> Path:
    (path,) = part_paths(store)
    return store.root / path


def test_a_store_of_a_newer_format_is_refused(store: TickStore) -> None:
    rewrite(store.root / "store.json", format=2)
    with pytest.raises(StoreVersionError, match="expected format 1 or older, was format 2; upgrade arbresearch"):
        TickStore(store.root)


def test_a_commit_of_a_newer_format_is_refused(store: TickStore) -> None:
    store.append("quotes", quotes([1]))
    rewrite(first_commit(store), format=7)
    with pytest.raises(StoreVersionError, match=r"0001\.json: expected format 1 or older, was format 7; upgrade"):
        TickStore(store.root)


def test_a_part_of_a_newer_format_is_refused(store: TickStore) -> None:
    store.append("quotes", quotes([1]))
    path = only_part(store)
    content = path.read_bytes()
    newer = content.replace(b"arbresearch.format\x18\x011", b"arbresearch.format\x18\x013")
    path.write_bytes(newer)
    commit = json.loads(first_commit(store).read_text())
    length = int.from_bytes(newer[-8:-4], "little") + 8
    rewrite(first_commit(store), add=[{**commit["add"][0], "footer_crc": crc32(newer[-length:])}])
    assert newer != content
    with pytest.raises(StoreVersionError, match=r"part-.*parquet: expected format 1 or older, was format 3"):
        TickStore(store.root).quotes("mexc", "A/B")


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"format": "one"}', '{"format": null}'])
def test_a_store_file_that_makes_no_sense_is_named(store: TickStore, content: str) -> None:
    (store.root / "store.json").write_text(content)
    with pytest.raises(StoreError, match=r'store\.json: expected JSON with a whole number "format"'):
        TickStore(store.root)


@pytest.mark.parametrize(
    "content", [b"", b"{", b"\xff", b"[]", b"{}", b'{"format": 1}', b'{"format": 1, "operation": 3}']
)
def test_a_damaged_commit_is_named(store: TickStore, content: bytes) -> None:
    store.append("quotes", quotes([1]))
    first_commit(store).write_bytes(content)
    with pytest.raises(StoreError, match=r"0001\.json: expected a commit as JSON, was unreadable .* from a backup"):
        TickStore(store.root)


def test_a_damaged_checkpoint_is_named(store: TickStore) -> None:
    (store.root / "_log" / f"{9:020d}.checkpoint.json").write_text('{"format": 1, "parts": [{"path": 3}]}')
    with pytest.raises(StoreError, match=r"0009\.checkpoint\.json: expected a commit as JSON, was unreadable"):
        TickStore(store.root)


def test_a_missing_commit_is_noticed(store: TickStore) -> None:
    for number in range(3):
        store.append("quotes", quotes([number]))
    first_commit(store).with_name(f"{2:020d}.json").unlink()
    with pytest.raises(StoreError, match="commits are missing between checkpoints; restore the folder from a backup"):
        TickStore(store.root)


@pytest.mark.parametrize("damage", ["emptied", "cut", "garbage"])
def test_a_damaged_part_is_named_in_frames_and_in_sql(store: TickStore, damage: str) -> None:
    store.append("quotes", quotes(list(range(100))))
    path = only_part(store)
    content = path.read_bytes()
    path.write_bytes({"emptied": b"", "cut": content[:-20], "garbage": os.urandom(len(content))}[damage])
    with pytest.raises(StoreError, match=r"part-.*parquet: expected a Parquet file as it was written, was damaged"):
        store.quotes("mexc", "A/B")
    with pytest.raises(StoreError, match=r"part-.*parquet: expected a Parquet file as it was written, was damaged"):
        store.sql("SELECT * FROM quotes")
    with pytest.raises(StoreError, match=r"damaged"):
        TickStore(store.root).quotes("mexc", "A/B")


def test_a_flipped_bit_is_noticed_or_changes_nothing(store: TickStore) -> None:
    rng = random.Random(13)
    store.append("quotes", quotes([(number * 7919) % 100_003 for number in range(20_000)]))
    path = only_part(store)
    content, truth = path.read_bytes(), store.quotes("mexc", "A/B")
    noticed = 0
    for position in rng.sample(range(4, len(content)), 100):
        spoiled = bytearray(content)
        spoiled[position] ^= 1 << rng.randrange(8)
        path.write_bytes(spoiled)
        try:
            assert TickStore(store.root).quotes("mexc", "A/B").equals(truth), position
        except StoreError as error:
            assert re.search(r"part-.*parquet: expected a Parquet file as it was written, was damaged", str(error))  # noqa: PT017
            noticed += 1
    assert noticed > 70


def test_a_part_that_is_gone_is_named(store: TickStore) -> None:
    store.append("quotes", quotes([1]))
    only_part(store).unlink()
    message = r"expected every part that the log names, was one is missing .*part-.*restore it from a backup"
    with pytest.raises(StoreError, match=message):
        store.quotes("mexc", "A/B")
    with pytest.raises(StoreError, match=message):
        store.sql("SELECT * FROM quotes")
    store.append("quotes", quotes([2]))
    with pytest.raises(StoreError, match=r"expected a part that the log names, was .*No such file.*restore it"):
        store.compact()
    assert len(store.parts()) == 2


def test_only_the_row_groups_that_are_asked_for_are_read(store: TickStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts_module, "GROUP_ROWS", 16)
    frame = pl.concat([quotes(list(range(200)), symbol=f"{coin}/B") for coin in "ACD"])
    store.append("quotes", frame)
    path = only_part(store)
    footer = pq.read_metadata(path)
    assert footer.num_row_groups > 20
    last = footer.row_group(footer.num_row_groups - 1)
    content = bytearray(path.read_bytes())
    end = last.column(0).dictionary_page_offset or last.column(0).data_page_offset
    content[4:end] = bytes(end - 4)
    path.write_bytes(content)
    whole = TickStore(store.root)
    day = 20_000 * 86_400 * 10**9
    assert whole.quotes("mexc", "D/B", day + 190)["bid_size"].to_list() == [float(i) for i in range(190, 200)]
    for symbol, start in (("A/B", day + 190), ("D/B", day)):
        with pytest.raises(StoreError, match="damaged"):
            whole.quotes("mexc", symbol, start)
    whole.close()


def test_a_file_or_a_foreign_folder_is_no_store(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("x")
    for place in (file, tmp_path):
        with pytest.raises(
            BadInput, match=r"store: expected an empty or new folder, or a store, was .* with other files"
        ):
            TickStore(place)
    assert sorted(tmp_path.iterdir()) == [file]
    assert file.read_text() == "x"


def test_a_store_below_a_file_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(StoreError, match="cannot be made"):
        TickStore(tmp_path / "file" / "store")


def test_a_missing_store_is_made_only_when_that_is_wanted(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"store: expected an existing store, was nothing at .*make one with"):
        TickStore(tmp_path / "none", create=False)
    assert not (tmp_path / "none").exists()
    TickStore(tmp_path / "none" / "deeper").close()
    TickStore(str(tmp_path / "none" / "deeper"), create=False).close()


@pytest.mark.parametrize("root", ["s3://bucket/store", "gs://bucket/store", "https://host/store"])
def test_an_object_store_is_refused_with_the_way_out(
    root: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BadInput, match=r"store: expected a folder .* mount the bucket, or sync it"):
        TickStore(root)
    assert not list(tmp_path.iterdir())


def test_a_store_whose_making_was_cut_off_is_made_anew(tmp_path: Path) -> None:
    root = tmp_path / "store"
    (root / "_log").mkdir(parents=True)
    (root / ".store.json.tmp").write_text("{")
    with TickStore(root) as store:
        store.append("quotes", quotes([1]))
    assert sorted(path.name for path in root.iterdir()) == ["_locks", "_log", "_writers", "quotes", "store.json"]


def test_many_may_make_the_same_store_at_once(tmp_path: Path) -> None:
    errors: list[BaseException] = []

    def work(number: int) -> None:
        try:
            with TickStore(tmp_path / "store") as store:
                store.append("quotes", quotes([number], first=number))
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    assert numbers(TickStore(tmp_path / "store")) == [float(number) for number in range(8)]


def test_what_a_dead_writer_left_is_told_once(store: TickStore) -> None:
    store.append("quotes", quotes([1]))
    orphan = only_part(store).with_name("part-0123456789ab-1.parquet")
    orphan.write_bytes(b"half")
    (store.root / "_writers" / "0123456789ab.lock").touch()
    (store.root / "_log" / ".commit-0123456789ab.tmp").touch()
    (store.root / "_log" / ".checkpoint-0123456789ab.tmp").touch()
    with TickStore(store.root) as first, TickStore(store.root) as second:
        assert [(one.path, one.bytes) for one in first.dropped] == [(orphan.relative_to(store.root).as_posix(), 4)]
        assert second.dropped == ()
    assert not orphan.exists()
    assert not list(store.root.rglob("*0123456789ab*"))
    assert numbers(store) == [0.0]


@pytest.mark.parametrize("number", [1, 13, 30])
def test_what_cannot_be_cleaned_is_left_to_others(
    store: TickStore, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    lock = store.root / "_writers" / "0123456789ab.lock"
    lock.touch()
    real = os.open

    def refuse(path: Any, *arguments: Any, **named: Any) -> int:
        if str(path) == str(lock):
            raise OSError(number, os.strerror(number))
        return real(path, *arguments, **named)

    monkeypatch.setattr(os, "open", refuse)
    with TickStore(store.root) as reader:
        assert reader.dropped == ()
    assert lock.exists()
