"""A result: its frames, and that what is saved comes back, or is said not to."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from arbresearch.backtest.result import BacktestResult
from arbresearch.backtest.run import run_market
from arbresearch.backtest.tables import TABLES
from arbresearch.core import BadInput, StoreError
from tests.backtest.markets import random_case
from tests.backtest.result_kit import MARKET, VENUES, at, log_of, minute, terms_of


@pytest.fixture
def result() -> BacktestResult:
    return BacktestResult.build(
        minute(),
        MARKET,
        terms_of(),
        symbol="X/USDT",
        venues=VENUES,
        config={"position_size_usd": 200.0, "max_tilt_quote": float("inf"), "modes": ("a", "b")},
        notes=["fees: published"],
        digest="abc",
        warnings=["one gap"],
    )


def test_every_frame_has_its_schema(result: BacktestResult) -> None:
    for name, frame in result.frames().items():
        assert frame.schema == TABLES[name], name


def test_empty_frames_have_their_schemas_too() -> None:
    log = minute()
    bare = BacktestResult.build(
        log_of(samples=log.samples), MARKET, terms_of(), symbol="X/USDT", venues=("mexc", "gate", "")
    )
    for name, frame in bare.frames().items():
        assert frame.schema == TABLES[name], name
    assert bare.fills.is_empty()
    assert bare.markouts.is_empty()
    assert bare.summary.pairs == 0


def test_fills_are_told_in_words(result: BacktestResult) -> None:
    fills = result.fills
    assert fills["venue"].to_list() == ["mexc", "gate", "gate", "mexc", "gate", "mexc", "mexc"]
    assert fills["account"].to_list() == ["a", "b", "b", "a", "b", "a", "a"]
    assert fills["side"].to_list() == ["sell", "buy", "buy", "sell", "buy", "buy", "sell"]
    assert fills["role"].to_list() == ["taker"] * 3 + ["maker"] + ["taker"] * 3
    assert fills["reason"].to_list() == ["leg", "leg", "complete", "leg", "hedge", "unwind", "leg"]
    assert fills["price"].to_list() == pytest.approx([100.8, 100.2, 100.4, 102.0, 100.0, 102.5, 102.0])
    assert fills["time_ns"][0] == at(1.5)


def test_orders_have_no_time_for_what_did_not_come(result: BacktestResult) -> None:
    orders = result.orders
    assert orders["state"].to_list() == ["filled", "cancelled", "cancelled", "sent"]
    assert orders["cancel_sent_ns"].to_list() == [None, None, at(14), None]
    assert orders["known_ns"].to_list() == [at(2), at(2), at(15), None]
    assert orders["average_price"].to_list()[:3] == pytest.approx([100.8, 100.2, 102.0])
    assert orders["average_price"].is_nan().to_list() == [False, False, False, True]


def test_transfers_name_venues_and_states(result: BacktestResult) -> None:
    columns = ("asset", "origin", "destination", "state", "ended_ns")
    assert result.transfers.select(columns).rows() == [
        ("base", "mexc", "gate", "arrived", at(40)),
        ("quote", "mexc", "gate", "refunded", at(50)),
    ]


def test_it_says_what_is_to_be_known(result: BacktestResult) -> None:
    assert result.warnings == (
        "one gap",
        "daily figures leave out days that the run does not cover: 2024-01-01 (0 %)",
        "pairs open at the end, counted as they stood: 1",
    )


def test_a_profit_that_is_the_coins_price_is_called_so() -> None:
    pairs, fills = minute().pairs[3:].copy(), minute().fills[6:].copy()
    fills["pair"] = 0
    samples = minute().samples[2:].copy()
    for name, value in (("base_a", 9.0), ("quote_a", 1_102.0), ("base_b", 10.0), ("quote_b", 1_000.0), ("coin_b", 0.0)):
        samples[name] = value
    pairs["closed_ns"] = at(59.5)
    log = log_of(pairs=pairs, fills=fills, samples=samples)
    result = BacktestResult.build(log, MARKET, terms_of(), symbol="X/USDT", venues=VENUES)
    words = "of the spread profit of 0.75, -0.75 is the price of coin that was left unhedged (-101.25 at the end)"
    assert words in result.warnings


def test_a_run_without_a_row_is_refused() -> None:
    empty = minute().samples[:0]
    log = log_of(samples=minute().samples)
    bare = type(log)(**{**{name: getattr(log, name) for name in log.__slots__}, "samples": empty})
    with pytest.raises(BadInput, match="market: expected at least one recorded row, was none"):
        BacktestResult.build(bare, MARKET, terms_of(), symbol="X/USDT", venues=VENUES)


def test_saved_and_loaded_it_is_the_same(result: BacktestResult, tmp_path: Path) -> None:
    folder = result.save(tmp_path / "deep" / "run")
    assert sorted(one.name for one in folder.iterdir()) == sorted(
        [*(f"{name}.parquet" for name in TABLES), "config.json", "summary.json"]
    )
    assert [one.name for one in folder.parent.iterdir()] == ["run"]
    back = BacktestResult.load(folder)
    for name, frame in result.frames().items():
        assert_frame_equal(getattr(back, name), frame, check_exact=True)
    assert back.summary.as_dict() == result.summary.as_dict()
    assert (back.symbol, back.venues, back.notes) == ("X/USDT", VENUES, ("fees: published",))
    assert (back.digest, back.warnings) == ("abc", result.warnings)
    assert back.config == {"position_size_usd": 200.0, "max_tilt_quote": "inf", "modes": ["a", "b"]} == result.config


def test_a_random_run_comes_back(tmp_path: Path) -> None:
    market, terms = random_case(11)
    result = BacktestResult.build(run_market(market, terms), market, terms, symbol="X/USDT", venues=VENUES)
    back = BacktestResult.load(result.save(tmp_path / "run"))
    for name, frame in result.frames().items():
        assert_frame_equal(getattr(back, name), frame, check_exact=True)
    assert back.summary.as_dict() == result.summary.as_dict()


def test_nothing_is_written_over(result: BacktestResult, tmp_path: Path) -> None:
    result.save(tmp_path / "run")
    with pytest.raises(BadInput, match="expected a new or empty folder"):
        result.save(tmp_path / "run")
    (tmp_path / "file").write_text("x")
    with pytest.raises(BadInput, match="expected a new or empty folder"):
        result.save(tmp_path / "file")
    (tmp_path / "empty").mkdir()
    assert BacktestResult.load(result.save(tmp_path / "empty")).symbol == "X/USDT"


def test_a_failed_save_leaves_nothing(result: BacktestResult, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(pl.DataFrame, "write_parquet", full)
        with pytest.raises(StoreError, match=r"cannot be written .*No space left"):
            result.save(tmp_path / "run")
    assert list(tmp_path.iterdir()) == []


def test_a_configuration_that_json_cannot_hold_is_refused(tmp_path: Path) -> None:
    odd = BacktestResult.build(minute(), MARKET, terms_of(), symbol="X", venues=VENUES, config={"store": object()})
    with pytest.raises(BadInput, match="config: expected what JSON can hold"):
        odd.save(tmp_path / "run")
    assert list(tmp_path.iterdir()) == []


def test_where_there_is_no_result_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"a saved result with its summary\.json, was no folder"):
        BacktestResult.load(tmp_path / "none")
    with pytest.raises(BadInput, match=r"a saved result with its summary\.json, was a folder without one"):
        BacktestResult.load(tmp_path)


@pytest.mark.parametrize("name", ["fills.parquet", "config.json"])
def test_a_missing_file_is_named(result: BacktestResult, tmp_path: Path, name: str) -> None:
    folder = result.save(tmp_path / "run")
    (folder / name).unlink()
    with pytest.raises(StoreError, match=rf"{name}: expected a file, was none"):
        BacktestResult.load(folder)


@pytest.mark.parametrize("name", ["pairs.parquet", "config.json", "summary.json"])
def test_a_damaged_file_is_named(result: BacktestResult, tmp_path: Path, name: str) -> None:
    folder = result.save(tmp_path / "run")
    content = (folder / name).read_bytes()
    (folder / name).write_bytes(content[: len(content) // 2])
    with pytest.raises(StoreError, match=rf"{name}: damaged"):
        BacktestResult.load(folder)


def test_another_frame_in_its_place_is_noticed(result: BacktestResult, tmp_path: Path) -> None:
    folder = result.save(tmp_path / "run")
    result.fills.head(2).write_parquet(folder / "fills.parquet")
    with pytest.raises(StoreError, match=r"fills\.parquet: expected 7 rows of fill, .*was 2 rows"):
        BacktestResult.load(folder)
    result.cash.write_parquet(folder / "fills.parquet")
    with pytest.raises(StoreError, match=r"fills\.parquet: expected 7 rows of fill"):
        BacktestResult.load(folder)


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"format": 99}, BadInput, "expected format 1"),
        ({"venues": ["a"]}, StoreError, "summary.json is damaged"),
        ({"summary": {}}, StoreError, "summary.json is damaged"),
        ({"warnings": None}, StoreError, "summary.json is damaged"),
    ],
)
def test_facts_that_are_not_ours_are_refused(
    result: BacktestResult, tmp_path: Path, change: dict[str, object], error: type[Exception], words: str
) -> None:
    folder = result.save(tmp_path / "run")
    path = folder / "summary.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(error, match=words):
        BacktestResult.load(folder)
