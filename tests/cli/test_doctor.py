"""The doctor finds what is wrong and says what to do."""

from __future__ import annotations

import sys
from pathlib import Path

import orjson
import polars as pl
import pytest

from arbresearch.doctor import Finding, State, examine
from arbresearch.settings import Settings
from arbresearch.store import TickStore


def _of(findings: list[Finding], what: str) -> Finding:
    return next(one for one in findings if one.what == what)


def test_a_missing_store_is_a_warning_with_the_remedy(tmp_path: Path) -> None:
    findings = examine(Settings(store=tmp_path / "none", reports=tmp_path))
    store = _of(findings, "store")
    assert store.state is State.WARN
    assert "arb sample" in store.todo
    assert _of(findings, "polars").state is State.OK


def test_a_store_is_counted(tmp_path: Path) -> None:
    with TickStore(tmp_path / "store") as ticks:
        moment = 1_700_000_000_000_000_000
        row = {
            "venue": "mexc",
            "symbol": "A/USDT",
            "recv_ns": moment,
            "bid": 1.0,
            "bid_size": 1.0,
            "ask": 2.0,
            "ask_size": 1.0,
        }
        ticks.append("quotes", pl.DataFrame([row]))
    store = _of(examine(Settings(store=tmp_path / "store", reports=tmp_path)), "store")
    assert store.state is State.OK
    assert "1 rows, 1 streams" in store.found


def test_a_store_of_a_newer_format_fails(tmp_path: Path) -> None:
    TickStore(tmp_path / "store").close()
    (tmp_path / "store" / "store.json").write_bytes(orjson.dumps({"format": 99}))
    store = _of(examine(Settings(store=tmp_path / "store", reports=tmp_path)), "store")
    assert store.state is State.FAIL
    assert "upgrade arbresearch" in store.found


def test_byte_code_off_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    finding = _of(examine(Settings(store=tmp_path, reports=tmp_path)), "byte code cache")
    assert finding.state is State.WARN
    assert "PYTHONDONTWRITEBYTECODE" in finding.todo


def test_a_full_disk_is_a_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import shutil
    from collections import namedtuple

    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(10, 9, 1))
    assert _of(examine(Settings(store=tmp_path, reports=tmp_path)), "disk of store").state is State.WARN
