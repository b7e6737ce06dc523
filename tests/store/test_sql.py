"""Views over every table: columns, values, parameters, and what a wrong query gets."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl
import pytest

from arbresearch.core import BadInput
from arbresearch.core.units import NS_PER_DAY
from arbresearch.store import TABLES, TickStore
from tests.kit.ticks import DAY, quotes, trade


@pytest.mark.parametrize("name", list(TABLES))
def test_every_table_has_a_view_before_it_has_rows(store: TickStore, name: str) -> None:
    schema = TABLES[name]
    frame = store.sql(f"SELECT * FROM {name}")
    assert frame.is_empty()
    spread = [
        f"{column.name}_{level}" if column.levels else column.name
        for column in schema.columns
        for level in range(max(column.levels, 1))
    ]
    assert frame.columns == [*spread, "date"]
    for column in schema.columns:
        held = frame.schema[f"{column.name}_0" if column.levels else column.name]
        assert held == column.kind.dtype, column.name
    assert frame.schema["date"] == pl.Date


def test_a_view_has_the_rows_of_all_venues_and_days(store: TickStore) -> None:
    store.append("quotes", quotes([1, 2, NS_PER_DAY], venue="gate"))
    store.append("quotes", quotes([1], symbol="C/D:D").with_columns(pl.lit(DAY + 9).alias("event_ns")))
    rows = store.sql("SELECT venue, symbol, date, recv_ns, event_ns, bid_size FROM quotes ORDER BY ALL").rows()
    assert rows == [
        ("gate", "A/B", date(2024, 10, 4), DAY + 1, None, 0.0),
        ("gate", "A/B", date(2024, 10, 4), DAY + 2, None, 1.0),
        ("gate", "A/B", date(2024, 10, 5), DAY + NS_PER_DAY, None, 2.0),
        ("mexc", "C/D:D", date(2024, 10, 4), DAY + 1, DAY + 9, 0.0),
    ]
    assert store.sql("SELECT count(*) FROM quotes WHERE venue = 'gate' AND date = '2024-10-05'").item() == 1


def test_missing_values_are_null(store: TickStore) -> None:
    gone = [pl.lit(None, pl.Float64).alias(name) for name in ("ask", "ask_size")]
    store.append("quotes", quotes([1, 2]).with_columns(gone))
    assert store.sql("SELECT count(ask), count(bid), count(event_ns) FROM quotes").row(0) == (0, 2, 0)


@pytest.mark.parametrize(
    ("text", "params"),
    [
        ("SELECT bid_size FROM quotes WHERE recv_ns = ? AND venue = ?", [DAY + 2, "mexc"]),
        ("SELECT bid_size FROM quotes WHERE recv_ns = $t AND venue = $v", {"t": DAY + 2, "v": "mexc"}),
        ("WITH quotes_of AS (SELECT * FROM QUOTES) SELECT max(bid_size) FROM quotes_of", None),
    ],
)
def test_parameters_and_spellings(store: TickStore, text: str, params: Any) -> None:
    store.append("quotes", quotes([1, 2]))
    assert store.sql(text, params).item() == 1.0


def test_tables_can_be_joined_and_follow_the_log(store: TickStore) -> None:
    text = "SELECT count(*) FROM trades t ASOF JOIN quotes q ON t.symbol = q.symbol AND t.recv_ns >= q.recv_ns"
    assert store.sql(text).item() == 0
    store.append("trades", trade(2.0))
    store.append("quotes", quotes([0]))
    assert store.sql(text).item() == 1
    store.append("trades", trade(3.0))
    assert store.sql(text).item() == 2
    store.compact(grace_s=0.0)
    assert store.sql(text).item() == 2


def test_a_root_with_a_quote_in_its_name(tmp_path: Any) -> None:
    with TickStore(tmp_path / "o'brien {x}") as store:
        store.append("quotes", quotes([1]))
        assert store.sql("SELECT count(*) FROM quotes").item() == 1


@pytest.mark.parametrize(
    ("text", "params", "message"),
    [
        ("SELEC 1", None, "sql: .*syntax error"),
        ("SELECT * FROM candles", None, "sql: .*candles"),
        ("SELECT mid FROM quotes", None, "sql: .*mid"),
        ("SELECT * FROM quotes WHERE venue = ?", None, "sql: .*parameter"),
        ("SELECT * FROM quotes", [1], "sql: .*Expected 0, got 1"),
        ("SELECT CAST('x' AS INTEGER)", None, "sql: .*Could not convert"),
        ("SET threads = 1", None, "sql: expected one query that returns rows, such as a SELECT, was SET"),
        ("DROP VIEW quotes", None, "sql: expected one query .*, was DROP"),
        ("COPY (SELECT 1) TO 'file.csv'", None, "sql: expected one query .*, was COPY"),
        ("SELECT 1; SELECT 2", None, "sql: expected one query .*, was SELECT and SELECT"),
        ("", None, "sql: expected one query .*, was none"),
        ("SELECT * FROM read_parquet('nowhere.parquet')", None, "sql: .*No files found"),
        ("SELECT * FROM text", None, "sql: .*text does not exist"),
    ],
)
def test_a_wrong_query_is_bad_input(store: TickStore, text: str, params: Any, message: str) -> None:
    store.append("quotes", quotes([1]))
    with pytest.raises(BadInput, match=message):
        store.sql(text, params)
    assert store.sql("SELECT count(*) FROM quotes").item() == 1
