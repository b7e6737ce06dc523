"""Lists of common symbols as universes: what they carry, what is unknown, and files that are none."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import polars as pl
import pytest

from arbresearch.core import BadInput
from arbresearch.discovery.universe.common_file import load_common_symbols
from arbresearch.venues import QuoteGroups
from tests.discovery.universe.told import lone_of, names_of


def _file(folder: Path, content: object) -> Path:
    path = folder / "common.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def test_a_list_of_common_symbols(tmp_path: Path) -> None:
    spot = {"mexc_spot": True, "gateio_spot": True, "gateio_futures": False}
    matrix = {"AAA/USDT": spot, "1000BBB/USDT": spot, "CCC/USDT": {**spot, "mexc_spot": False, "gateio_futures": True}}
    path = _file(tmp_path, {"timestamp": "2025-09-21T22:32:33", "total_symbols": 3, "availability_matrix": matrix})
    found = load_common_symbols(path, ["mexc", "gate"])
    assert names_of(found) == ["AAA/USDT mexc-gate", "1000BBB/USDT mexc-gate"]
    assert found.pairs.select("identity", "identity_ground", "listed", "quoted").unique().rows() == [
        ("unverified", "none", False, False)
    ]
    unknown = ("networks_common", "open_ab", "fee_ab", "overlap_h", "contract_size_a")
    assert found.pairs.select(pl.col(unknown).is_null().all()).row(0) == (True,) * 5
    assert lone_of(found) == {
        "gate CCC/USDT": ("one_venue", "only gate lists CCC"),
        "gate CCC/USDT:USDT": ("one_venue", "only gate lists CCC"),
    }  # fmt: skip
    assert found.venues["snapshot_ns"].unique().to_list() == [1_758_493_953_000_000_000]
    assert load_common_symbols(path, ["gate"], markets="any").pairs.select("symbol_a", "symbol_b").rows() == [
        ("CCC/USDT", "CCC/USDT:USDT")
    ]
    with pytest.raises(BadInput, match=r"common\.json venue: expected one in the file: gate, mexc, was 'okx'"):
        load_common_symbols(path, ["okx"])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "expected a JSON object with availability_matrix.*no JSON"),
        (["AAA/USDT"], "was list"),
        ({"symbols": []}, "was an object with symbols"),
        ({"availability_matrix": {}}, "at least one symbol that a market lists, was none"),
        ({"availability_matrix": {"AAA/USDT": {"mexc_spot": False}}}, "at least one symbol"),
        ({"total_symbols": 2, "availability_matrix": {"AAA/USDT": {"mexc_spot": True}}}, "2 symbols, as total_symbols"),
        ({"availability_matrix": {"AAAUSDT": {"mexc_spot": True}}}, "BASE/QUOTE"),
        ({"availability_matrix": {"AAA/USDT": ["mexc"]}}, "AAA/USDT: expected markets such as"),
        ({"availability_matrix": {"AAA/USDT": {"mexc": True}}}, "<venue>_<market>"),
        ({"availability_matrix": {"AAA/USDT": {"mexc_margin": True}}}, "<venue>_<market>.*was 'mexc_margin'"),
        ({"availability_matrix": {"AAA/USDT": {"mexc_spot": True}}, "timestamp": "soon"}, "ISO 8601"),
    ],
)
def test_files_that_are_no_such_list(tmp_path: Path, content: object, message: str) -> None:
    path = _file(tmp_path, content)
    with pytest.raises(BadInput, match=rf"common\.json.*{message}"):
        load_common_symbols(path)


def test_a_list_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"nowhere\.json: expected a readable file of common symbols, was No such file"):
        load_common_symbols(tmp_path / "nowhere.json")


def test_the_coins_that_mexc_and_gate_had_in_common(shared_data: Path) -> None:
    path = shared_data / "lunc_mexc_gate_bbo" / "common_symbols_2025-09-21.json"
    listed = json.loads(path.read_text())["availability_matrix"]
    found = load_common_symbols(path)
    assert found.symbols.height == found.pairs.height == len(listed) == 1_217
    assert set(found.pairs["symbol_a"]) == set(found.pairs["symbol_b"]) == set(listed)
    assert found.by_venue_pair().row(0)[:4] == ("gate", "mexc", len({one.split("/")[0] for one in listed}), 1_217)
    assert found.pairs["identity"].unique().to_list() == ["unverified"]
    assert found.alone.is_empty()
    coins = [one.split("/")[0] for one in listed]
    per_coin = [len(list(rows)) for _, rows in itertools.groupby(sorted(coins))]
    equal = load_common_symbols(path, quote_groups=QuoteGroups.parse(["USDT=USDC"]))
    assert equal.symbols.height == len(per_coin)
    assert equal.pairs.height == sum(count**2 for count in per_coin)
