"""Bad input is refused with a message that names the column, the row and the value, and nothing of it is stored."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from math import inf, isnan, nan
from typing import Any

import polars as pl
import pytest

from arbresearch.core import SchemaError
from arbresearch.store import DEPTH, QUOTES, TABLES, TRADES, TickStore, check_rows, table
from arbresearch.store.validate import REASONS, conform

NS = 1_760_156_313_000_000_000
GOOD: dict[str, Any] = {
    "venue": "mexc",
    "symbol": "A/B",
    "recv_ns": NS,
    "event_ns": NS - 5,
    "bid": 1.0,
    "bid_size": 2.0,
    "ask": 1.5,
    "ask_size": 3.0,
}
TRADE: dict[str, Any] = {"venue": "mexc", "symbol": "A/B", "recv_ns": NS, "price": 1.0, "size": 2.0, "side": "buy"}


def quotes(rows: int = 3, at: int = 1, **changed: Any) -> pl.DataFrame:
    """Return good quotes but for one row."""
    return pl.DataFrame([{**GOOD, **(changed if row == at else {})} for row in range(rows)], schema=QUOTES.schema)


def levels(*values: float | None) -> pl.Series:
    return pl.Series([[*values, *([None] * (10 - len(values)))]], dtype=pl.Array(pl.Float64, 10))


def book(**changed: pl.Series) -> pl.DataFrame:
    full = {"bids": levels(2.0, 1.5), "bid_sizes": levels(1.0, 0.0), "asks": levels(2.5), "ask_sizes": levels(4.0)}
    return pl.DataFrame({"venue": ["mexc"], "symbol": ["A/B"], "recv_ns": [NS], **full, **changed})


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"bid": inf}, "price_not_finite"),
        ({"bid": -inf}, "price_not_finite"),
        ({"bid": -1.0}, "price_not_positive"),
        ({"ask": 0.0}, "price_not_positive"),
        ({"bid_size": inf}, "size_not_finite"),
        ({"ask_size": -0.5}, "size_negative"),
        ({"bid": None}, "half_side"),
        ({"bid": nan}, "half_side"),
        ({"ask_size": None}, "half_side"),
        ({"ask_size": nan}, "half_side"),
        ({"venue": "MEXC"}, "venue_malformed"),
        ({"venue": "a/../b"}, "venue_malformed"),
        ({"venue": "mexc\n"}, "venue_malformed"),
        ({"venue": ""}, "venue_malformed"),
        ({"venue": None}, "venue_malformed"),
        ({"symbol": "LUNCUSDT"}, "symbol_malformed"),
        ({"symbol": None}, "symbol_malformed"),
        ({"symbol": "A/B\n"}, "symbol_malformed"),
        ({"recv_ns": None}, "time_missing"),
        ({"recv_ns": NS // 10**9}, "time_unit"),
        ({"recv_ns": NS // 10**6}, "time_unit"),
        ({"recv_ns": NS // 10**3}, "time_unit"),
        ({"recv_ns": 0}, "time_unit"),
        ({"recv_ns": -NS}, "time_unit"),
        ({"event_ns": NS // 10**9}, "time_unit"),
    ],
)
def test_a_bad_quote_is_named_and_nothing_is_stored(store: TickStore, changed: dict[str, Any], code: str) -> None:
    frame = quotes(**changed)
    assert check_rows(QUOTES, conform(QUOTES, frame)).to_list() == [None, code, None]
    with pytest.raises(
        SchemaError, match=rf"quotes row 1 \({code}\): expected {re.escape(REASONS[code])}, was"
    ) as caught:
        store.append("quotes", frame)
    assert "1 of 3 rows are bad" in str(caught.value)
    assert store.coverage().is_empty()
    assert not list(store.root.glob("quotes/**/*.parquet"))


@pytest.mark.parametrize(
    ("column", "divisor", "unit"),
    [
        ("recv_ns", 10**9, "seconds"),
        ("recv_ns", 10**6, "milliseconds"),
        ("recv_ns", 10**3, "microseconds"),
        ("event_ns", 10**6, "milliseconds"),
    ],
)
def test_a_wrong_time_unit_is_named(store: TickStore, column: str, divisor: int, unit: str) -> None:
    with pytest.raises(SchemaError, match=f"{column} looks like {unit}: give that time unit"):
        store.append("quotes", quotes(**{column: NS // divisor}))


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"price": nan}, "price_not_finite"),
        ({"price": None}, "price_not_finite"),
        ({"price": -1.0}, "price_not_positive"),
        ({"size": 0.0}, "size_not_positive"),
        ({"size": None}, "size_not_finite"),
        ({"size": -1.0}, "size_negative"),
        ({"side": "Buy"}, "side_unknown"),
        ({"side": ""}, "side_unknown"),
    ],
)
def test_a_bad_trade_is_named(store: TickStore, changed: dict[str, Any], code: str) -> None:
    frame = pl.DataFrame([TRADE, {**TRADE, **changed}], schema_overrides={"price": pl.Float64, "size": pl.Float64})
    assert check_rows(TRADES, conform(TRADES, frame)).to_list() == [None, code]
    with pytest.raises(SchemaError, match=rf"trades row 1 \({code}\)"):
        store.append("trades", frame)


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({}, None),
        ({"bids": levels(2.0, nan), "bid_sizes": levels(1.0, nan)}, None),
        ({"bids": levels(nan, nan), "bid_sizes": levels(nan)}, None),
        ({"asks": levels(inf)}, "price_not_finite"),
        ({"asks": levels(2.0, nan, inf), "ask_sizes": levels(1.0, nan, 1.0)}, "price_not_finite"),
        ({"bids": levels(2.0, -inf)}, "price_not_positive"),
        ({"bids": levels(2.0, nan, -1.0), "bid_sizes": levels(1.0, nan, 1.0)}, "price_not_positive"),
        ({"bids": levels(0.0)}, "price_not_positive"),
        ({"bid_sizes": levels(1.0, -2.0)}, "size_negative"),
        ({"bid_sizes": levels(1.0, inf)}, "size_not_finite"),
        ({"bid_sizes": levels(1.0)}, "half_side"),
        ({"asks": levels(2.5, 2.6)}, "half_side"),
    ],
)
def test_a_bad_level_is_found_among_missing_ones(
    store: TickStore, changed: dict[str, pl.Series], code: str | None
) -> None:
    frame = book(**changed)
    assert check_rows(DEPTH, conform(DEPTH, frame)).to_list() == [code]
    if code is None:
        assert store.append("depth", frame) == 1
    else:
        with pytest.raises(SchemaError, match=rf"depth row 0 \({code}\)"):
            store.append("depth", frame)


def test_a_whole_side_may_be_missing(store: TickStore) -> None:
    nothing = pl.Series([None], dtype=pl.Array(pl.Float64, 10))
    store.append("depth", book(bids=nothing, bid_sizes=nothing))
    row = store.depth("mexc", "A/B").row(0, named=True)
    assert all(isnan(x) for x in [*row["bids"], *row["bid_sizes"], *row["asks"][1:]])
    assert row["asks"][0] == 2.5


def test_levels_come_as_wider_arrays_or_other_numbers(store: TickStore) -> None:
    wide = pl.Series([[float(i) for i in range(20, 0, -1)]], dtype=pl.Array(pl.Float64, 20))
    whole = pl.Series([list(range(1, 11))], dtype=pl.Array(pl.Int32, 10))
    store.append("depth", book(bids=wide, bid_sizes=wide, asks=whole, ask_sizes=whole))
    row = store.depth("mexc", "A/B").row(0, named=True)
    assert list(row["bids"]) == [float(i) for i in range(20, 10, -1)]
    assert list(row["asks"]) == [float(i) for i in range(1, 11)]


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (quotes().with_columns(pl.lit(1).alias("mid")), r"quotes columns: expected only venue, .*, was mid"),
        (quotes().drop("recv_ns"), r"quotes columns: expected recv_ns, was a frame with venue, symbol"),
        (quotes().with_columns(pl.col("bid").cast(pl.String)), r"quotes\.bid: expected Float64, was String"),
        (quotes().with_columns(pl.lit(1.5).alias("recv_ns")), r"quotes\.recv_ns: expected Int64, was Float64"),
        (quotes().with_columns(pl.lit(5).alias("symbol")), r"quotes\.symbol: expected String, was Int32"),
        (quotes().with_columns(pl.lit(2**63, pl.UInt64).alias("recv_ns")), r"quotes columns: expected values that fit"),
        (pl.DataFrame(), r"quotes columns: expected venue, symbol, recv_ns"),
    ],
)
def test_a_frame_that_does_not_fit_is_refused(store: TickStore, frame: pl.DataFrame, message: str) -> None:
    with pytest.raises(SchemaError, match=message):
        store.append("quotes", frame)
    assert store.coverage().is_empty()


def test_a_column_of_lists_is_no_column_of_levels(store: TickStore) -> None:
    with pytest.raises(SchemaError, match=r"depth\.bids: expected Array.*, was List"):
        store.append("depth", book().with_columns(pl.Series("bids", [[1.0, 2.0]])))
    with pytest.raises(SchemaError, match=r"depth\.bids: expected Array.*, was Array"):
        store.append("depth", book().with_columns(pl.Series("bids", [[1.0, 2.0]], dtype=pl.Array(pl.Float64, 2))))


def test_an_unknown_table_is_named() -> None:
    with pytest.raises(SchemaError, match=r"table: expected one of quotes, trades, depth, .* was 'candles'"):
        table("candles")


def test_other_types_of_the_same_meaning_are_taken(store: TickStore) -> None:
    times = [datetime(2025, 10, 11, 4, 18, 33, 1, tzinfo=UTC)]
    frame = pl.DataFrame(
        {
            "venue": pl.Series(["gate"], dtype=pl.Categorical),
            "symbol": pl.Series(["A/B"], dtype=pl.Enum(["A/B"])),
            "recv_ns": pl.Series(times, dtype=pl.Datetime("us", "UTC")),
            "event_ns": pl.Series([None], dtype=pl.Null),
            "bid": pl.Series([3], dtype=pl.Int16),
            "bid_size": pl.Series([0.5], dtype=pl.Float32),
        }
    )
    store.append("quotes", frame)
    row = store.quotes("gate", "A/B").row(0)
    assert row[:4] == (NS + 1_000, None, 3.0, 0.5)
    assert isnan(row[4])
    assert isnan(row[5])


def test_missing_in_single_precision_is_missing_too(store: TickStore) -> None:
    nothing = pl.Series([nan] * 3, dtype=pl.Float32)
    store.append("quotes", quotes().with_columns(nothing.alias("ask"), nothing.alias("ask_size")))
    assert store.quotes("mexc", "A/B")["ask"].is_nan().all()


def test_an_empty_book_and_a_crossed_one_are_data(store: TickStore) -> None:
    store.append("quotes", quotes(bid=None, bid_size=None, ask=nan, ask_size=nan))
    store.append("quotes", quotes(bid=9.0))
    found = store.quotes("mexc", "A/B")
    assert found.height == 6
    assert (found["bid"] > found["ask"]).sum() == 1
    assert found["bid"].is_nan().sum() == 1
    assert found.null_count().sum_horizontal().item() == 0


@pytest.mark.parametrize("name", list(TABLES))
def test_every_table_stores_a_full_row_and_a_bare_one(store: TickStore, name: str) -> None:
    schema = TABLES[name]
    full = {}
    for column in schema.columns:
        sample: Any = {
            "text": "x",
            "time": NS,
            "price": 1.25,
            "size": 2.5,
            "real": 0.125,
            "count": 7,
            "side": "sell",
            "flag": True,
        }[column.kind.value]
        full[column.name] = [sample] * column.levels if column.levels else sample
    full["venue"] = "mexc"
    if "symbol" in full:
        full["symbol"] = "A/B"
    bare = {column.name: full[column.name] if column.required else None for column in schema.columns}
    assert store.append(name, pl.DataFrame([full, bare], schema=schema.schema)) == 2
    store.compact()
    rows = store.read(name, "mexc", full[schema.key]).to_dicts()
    for found, given in zip(rows, (full, bare), strict=True):
        for key, value in found.items():
            wanted = given[key]
            if isinstance(value, float) and isnan(value):
                assert wanted is None
            elif isinstance(value, list):
                assert all(isnan(x) for x in value) if wanted is None else value == wanted
            else:
                assert value == wanted
    assert store.sql(f"SELECT count(*) FROM {name}").item() == 2


@pytest.mark.parametrize("name", list(TABLES))
def test_a_required_text_is_not_empty(store: TickStore, name: str) -> None:
    schema = TABLES[name]
    texts = [c.name for c in schema.columns if c.kind == "text" and c.required and c.name not in ("venue", "symbol")]
    for text in texts:
        row: dict[str, Any] = {"venue": "mexc", "symbol": "A/B", "recv_ns": NS, text: ""}
        frame = pl.DataFrame([{k: v for k, v in row.items() if k in schema.names}]).cast({"recv_ns": pl.Int64})
        other = {c.name: c.dtype for c in schema.columns if c.name not in frame.columns}
        filled = frame.with_columns(pl.lit(None, dtype=dtype).alias(key) for key, dtype in other.items())
        codes = check_rows(schema, conform(schema, filled)).to_list()
        assert codes == ["text_missing"]
