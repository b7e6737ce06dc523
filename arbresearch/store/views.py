"""The store in SQL: one DuckDB view a table, over the parts that are live."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from arbresearch.core import BadInput, StoreError, expected
from arbresearch.store.commitlog import LogState
from arbresearch.store.physical import encode_frame
from arbresearch.store.schemas import TABLES, Column, Kind, Table

__all__ = ["Views", "view_sql"]

_QUERIES = ("SELECT", "EXPLAIN", "MULTI")
_EXPONENT = {Kind.PRICE: "price_exponent", Kind.SIZE: "size_exponent"}


def view_sql(schema: Table) -> str:
    """Return the columns of a table's view as SQL expressions over its files."""
    lines = []
    for column in schema.columns:
        if column.name == "event_ns":
            lines.append("event * event_unit AS event_ns")
        elif column.kind in _EXPONENT:
            lines += _exact_lines(column)
        else:
            lines.append(column.name)
    return ",\n    ".join([*lines, "date"])


def _exact_lines(column: Column) -> list[str]:
    names = [f"{column.name}_{level}" for level in range(column.levels)] if column.levels else [column.name]
    return [f"exact({name}, {_EXPONENT[column.kind]}) AS {name}" for name in names]


class Views:
    """A DuckDB connection whose views follow the log."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self.pid = os.getpid()
        self._connection = duckdb.connect(":memory:")
        self._connection.execute("SET TimeZone = 'UTC'")
        self._connection.execute("SET python_enable_replacements = false")  # a name is a table, never a variable here
        macro = resources.files("arbresearch.store").joinpath("sql/exact.sql").read_text()
        self._template = resources.files("arbresearch.store").joinpath("sql/view.sql").read_text()
        self._connection.execute(macro)
        self._made: dict[str, int] = {}

    def query(self, state: LogState, text: str, params: Sequence[Any] | Mapping[str, Any] | None) -> pl.DataFrame:
        """Run a query against the state; see :meth:`arbresearch.store.TickStore.sql`.

        Raises
        ------
        FileNotFoundError
            If a part of the state was removed meanwhile.
        BadInput
            If the text is no valid query.
        """
        for name in TABLES:
            if re.search(rf"\b{name}\b", text, re.IGNORECASE) and self._made.get(name) != state.number:
                self._make(TABLES[name], state)
        try:
            kinds = [one.type.name for one in self._connection.extract_statements(text)]
            if len(kinds) != 1 or kinds[0] not in _QUERIES:
                found = " and ".join(kinds) or "none"
                raise BadInput(expected("sql", "one query that returns rows, such as a SELECT", found))
            frame: pl.DataFrame = self._connection.sql(text, params=params).pl()
            return frame
        except duckdb.Error as error:
            raise self._worded(error, state) from error

    def _worded(self, error: duckdb.Error, state: LogState) -> Exception:
        """Tell a part that is gone or damaged from a query that is wrong."""
        if isinstance(error, duckdb.IOException) and any(not (self._root / path).exists() for path in state.parts):
            return FileNotFoundError(str(error).splitlines()[0])
        damaged = next((path for path in state.parts if path in str(error)), None)
        if damaged is not None:
            found = f"damaged ({str(error).splitlines()[0]})"
            return StoreError(expected(damaged, "a Parquet file as it was written", found, "restore it from a backup"))
        return BadInput(f"sql: {error}")

    def _make(self, schema: Table, state: LogState) -> None:
        paths = [str(self._root / part.path) for part in state.parts.values() if part.table == schema.name]
        if paths:
            listed = ", ".join("'" + path.replace("'", "''") + "'" for path in sorted(paths))
            source = (
                f"read_parquet([{listed}], hive_partitioning = true, hive_types = {{'date': DATE, 'venue': VARCHAR}})"
            )
        else:
            self._connection.register(f"_{schema.name}_empty", encode_frame(schema, schema.empty()))
            source = f"(SELECT '' AS venue, DATE '1970-01-01' AS date, * FROM _{schema.name}_empty)"
        try:
            self._connection.execute(self._template.format(name=schema.name, columns=view_sql(schema), source=source))
        except duckdb.Error as error:
            raise self._worded(error, state) from error
        self._made[schema.name] = state.number

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()
