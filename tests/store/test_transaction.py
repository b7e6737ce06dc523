"""Transactions: all of it or nothing, once a key, from threads, and beside other openers."""

from __future__ import annotations

import fcntl
import threading

import pyarrow.parquet as pq
import pytest

import arbresearch.store.transaction as transaction_module
from arbresearch.core import BadInput, SchemaError, StoreError
from arbresearch.store import AlreadyStored, TickStore
from tests.kit.ticks import numbers, part_paths, quotes, trade


def test_a_transaction_is_visible_when_it_ends(store: TickStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transaction_module, "BUFFER_ROWS", 1)
    other = TickStore(store.root)
    with store.transaction(note={"file": "a.csv"}, key="k") as transaction:
        assert transaction.append("quotes", quotes([1])) == 1
        transaction.append("trades", trade(1.0))
        assert part_paths(store)
        assert other.coverage().is_empty()
        assert not other.has_key("k")
    assert transaction.rows == {"quotes": 1, "trades": 1}
    assert transaction.commit_number == 1
    assert other.coverage()["table"].to_list() == ["quotes", "trades"]
    assert other.has_key("k")
    assert other.key_note("k")["file"] == "a.csv"
    other.close()


def test_a_transaction_that_raises_leaves_nothing(store: TickStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transaction_module, "BUFFER_ROWS", 1)

    def attempt() -> None:
        with store.transaction(key="k") as transaction:
            transaction.append("quotes", quotes([1]))
            assert part_paths(store)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        attempt()
    assert not part_paths(store)
    assert not store.has_key("k")
    store.append("quotes", quotes([2]), key="k")
    assert numbers(store) == [0.0]


def test_a_refused_frame_leaves_the_rest_of_a_transaction(store: TickStore) -> None:
    with store.transaction() as transaction:
        transaction.append("quotes", quotes([1, 2]))
        with pytest.raises(SchemaError, match="trades row 0"):
            transaction.append("trades", trade(-1.0))
    assert numbers(store) == [0.0, 1.0]
    assert store.coverage()["table"].to_list() == ["quotes"]


def test_a_part_that_could_not_be_written_loses_the_transaction_even_if_it_was_caught(
    store: TickStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    def attempt() -> None:
        with store.transaction() as transaction:
            transaction.append("quotes", quotes([1]))
            with monkeypatch.context() as patched:
                patched.setattr(transaction_module, "BUFFER_ROWS", 1)
                patched.setattr(pq.ParquetWriter, "write_table", refuse)
                with pytest.raises(StoreError, match=r"cannot be written .*No space left on device"):
                    transaction.append("quotes", quotes([1, 2], venue="gate"))

    with pytest.raises(StoreError, match="nothing of it is stored; begin it again"):
        attempt()
    assert store.coverage().is_empty()
    assert not part_paths(store)


def test_a_transaction_is_used_inside_its_block_only(store: TickStore) -> None:
    transaction = store.transaction()
    with pytest.raises(BadInput, match="transaction: expected an open one, was one outside its block"):
        transaction.append("quotes", quotes([1]))
    with transaction:
        transaction.append("quotes", quotes([1]))
    with pytest.raises(BadInput, match="transaction: expected an open one"):
        transaction.append("quotes", quotes([1]))
    assert numbers(store) == [0.0]


def test_a_key_is_stored_once(store: TickStore) -> None:
    store.append("quotes", quotes([1]), key="content")
    with pytest.raises(AlreadyStored, match="key content: already stored by commit 1"):
        store.append("quotes", quotes([2]), key="content")
    other = TickStore(store.root)
    with pytest.raises(AlreadyStored):
        other.append("quotes", quotes([2]), key="content")
    other.close()
    assert len(part_paths(store)) == 1
    assert numbers(store) == [0.0]


def test_a_key_may_stand_for_no_rows(store: TickStore) -> None:
    with store.transaction(key="empty file", note={"rows": 0, "number": "mine"}):
        pass
    assert store.has_key("empty file")
    assert store.key_note("empty file")["number"] == 1
    with pytest.raises(AlreadyStored), store.transaction(key="empty file"):
        pass
    with pytest.raises(BadInput, match="key: expected one that was committed, was 'other'"):
        store.key_note("other")


def test_keys_and_notes_are_checked(store: TickStore) -> None:
    with pytest.raises(BadInput, match="key: expected a text that names the content"), store.transaction(key=""):
        pass
    with pytest.raises(BadInput, match="note: expected values that JSON can hold"):
        store_with_note(store)
    assert not part_paths(store)


def store_with_note(store: TickStore) -> None:
    with store.transaction(note={"what": object()}) as transaction:
        transaction.append("quotes", quotes([1]))


def test_a_note_cannot_pass_for_a_vacuum(store: TickStore) -> None:
    store.append("quotes", quotes([1]))
    store.append("quotes", quotes([2]))
    store.compact()
    gone = sorted(set(part_paths(store)) - {store.parts()[0].path})
    with store.transaction(key="k", note={"vacuumed": gone}):
        pass
    store.compact(grace_s=0.0)
    assert len(part_paths(store)) == 1


def test_opening_leaves_the_work_of_a_living_writer_alone(store: TickStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transaction_module, "BUFFER_ROWS", 1)
    with store.transaction() as transaction:
        transaction.append("quotes", quotes([1]))
        with TickStore(store.root) as other:
            assert other.dropped == ()
        store.close()
        assert len(list((store.root / "_writers").iterdir())) == 1
        transaction.append("quotes", quotes([2], first=1))
        with TickStore(store.root) as other:
            assert other.dropped == ()
    assert numbers(store) == [0.0, 1.0]
    store.close()
    assert not list((store.root / "_writers").iterdir())


def test_threads_append_at_once(store: TickStore) -> None:
    errors: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for i in range(10):
                store.append("quotes", quotes([number * 100 + i], first=number * 100 + i))
                assert store.quotes("mexc", "A/B").height > 0
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    assert numbers(store) == [float(number * 100 + i) for number in range(4) for i in range(10)]


def test_a_writer_whose_lock_was_swept_before_it_held_it_takes_another(
    store: TickStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    flock = fcntl.flock
    swept: list[str] = []

    def late(handle: int, how: int) -> None:
        if not swept:
            (path,) = (store.root / "_writers").iterdir()
            swept.append(path.name)
            path.unlink()
        flock(handle, how)

    monkeypatch.setattr(fcntl, "flock", late)
    store.append("quotes", quotes([1]))
    (path,) = (store.root / "_writers").iterdir()
    assert swept
    assert path.name != swept[0]
    assert store.parts()[0].path.split("part-")[1].split("-")[0] == path.stem
