"""What a row must be to enter the store; shared by append and by every importer."""

from __future__ import annotations

import polars as pl

from arbresearch.core import SchemaError, expected
from arbresearch.core.units import MAX_NS, MIN_NS, time_unit_guess
from arbresearch.store.schemas import Column, Kind, Table

__all__ = ["REASONS", "check_rows", "conform", "require_valid"]

REASONS: dict[str, str] = {
    "venue_malformed": "a ccxt venue id: lower case letters, digits, underscores",
    "symbol_malformed": "a unified symbol such as LUNC/USDT or LUNC/USDT:USDT",
    "text_missing": "a text that is not empty",
    "time_missing": "a receive time",
    "time_unit": "nanoseconds between 2009 and 2100",
    "price_not_finite": "a finite price (or null for an empty side)",
    "price_not_positive": "a price above zero",
    "size_not_finite": "a finite size",
    "size_negative": "a size of zero or more",
    "size_not_positive": "a traded size above zero",
    "half_side": "price and size of a side both present or both null",
    "side_unknown": "buy or sell",
    "value_missing": "a value",
    "value_not_finite": "a finite value",
}
"""Reason codes and what was expected instead."""

_VENUE = r"^[a-z0-9][a-z0-9_]*$"
_SYMBOL = r"^[^\s/:]+/[^\s/:\-]+(:[^\s/:\-]+(-\d{6})?)?$"


def conform(table: Table, frame: pl.DataFrame) -> pl.DataFrame:
    """Return the frame with exactly the table's columns, in order and type.

    Absent optional columns are null, and so are NaN values outside columns of levels.

    Raises
    ------
    SchemaError
        If a required column is missing, a column is unknown, or one cannot be read as its type.
    """
    unknown = [name for name in frame.columns if name not in table.names]
    if unknown:
        raise SchemaError(expected(f"{table.name} columns", f"only {', '.join(table.names)}", ", ".join(unknown)))
    missing = [column.name for column in table.columns if column.required and column.name not in frame.columns]
    if missing:
        raise SchemaError(
            expected(f"{table.name} columns", ", ".join(missing), f"a frame with {', '.join(frame.columns)}")
        )
    try:
        whole = frame.select(_as_column(table, column, frame) for column in table.columns)
    except pl.exceptions.PolarsError as error:
        raise SchemaError(
            expected(f"{table.name} columns", "values that fit their types", str(error).splitlines()[0])
        ) from None
    return whole.with_columns(pl.col(pl.Float64).fill_nan(None))


def _as_column(table: Table, column: Column, frame: pl.DataFrame) -> pl.Expr:
    if column.name not in frame.columns:
        return pl.lit(None, dtype=column.dtype).alias(column.name)
    found = frame.schema[column.name]
    if found == column.dtype:
        return pl.col(column.name)
    numeric = found.is_numeric() or found == pl.Null()
    if column.levels:
        width = getattr(found, "size", None)
        if isinstance(found, pl.Array) and width is not None and found.inner.is_numeric() and width >= column.levels:
            return pl.col(column.name).arr.head(column.levels).list.to_array(column.levels).cast(column.dtype)
    elif column.kind is Kind.TEXT or column.kind is Kind.SIDE:
        if found in (pl.Categorical(), pl.Null()) or isinstance(found, pl.Enum | pl.Categorical):
            return pl.col(column.name).cast(pl.String)
    elif column.kind is Kind.TIME:
        if isinstance(found, pl.Datetime):
            return pl.col(column.name).dt.epoch("ns")
        if found.is_integer() or found == pl.Null():
            return pl.col(column.name).cast(pl.Int64)
    elif column.kind is Kind.FLAG:
        if found == pl.Null():
            return pl.col(column.name).cast(pl.Boolean)
    elif numeric:
        return pl.col(column.name).cast(column.dtype)
    raise SchemaError(expected(f"{table.name}.{column.name}", f"{column.dtype}", f"{found}", f"it holds {column.doc}"))


def check_rows(table: Table, frame: pl.DataFrame) -> pl.Series:
    """Say of each row what is wrong with it.

    Parameters
    ----------
    table, frame
        A frame that conforms to the table (see :func:`conform`).

    Returns
    -------
    polars.Series
        String, one a row: null where the row is fine, else the first code of :data:`REASONS` that applies.
    """
    rules: list[tuple[pl.Expr, str]] = []
    for column in table.columns:
        rules += _rules(column)
    for side in ("bid", "ask"):
        if side in table.names and f"{side}_size" in table.names:
            rules.append((pl.col(side).is_null() != pl.col(f"{side}_size").is_null(), "half_side"))
        elif f"{side}s" in table.names:
            rules.append((_half_level(f"{side}s", f"{side}_sizes", table.column(f"{side}s").levels), "half_side"))
    if table.name == "trades":
        rules.append((pl.col("size") <= 0, "size_not_positive"))
    reason = pl.coalesce([pl.when(bad.fill_null(False)).then(pl.lit(code)) for bad, code in rules])
    return frame.select(reason.cast(pl.String).alias("reason")).to_series()


def _half_level(prices: str, sizes: str, levels: int) -> pl.Expr:
    def held(name: str, level: int) -> pl.Expr:
        return pl.col(name).arr.get(level).is_not_nan().fill_null(False)

    return pl.any_horizontal(held(prices, level) != held(sizes, level) for level in range(levels))


def _rules(column: Column) -> list[tuple[pl.Expr, str]]:
    value = pl.col(column.name)
    if column.levels:
        # A level may be missing (null or NaN), never infinite or below zero.
        low, high = value.arr.min(), value.arr.max()
        kind = "price" if column.kind is Kind.PRICE else "size"
        floor = low <= 0 if column.kind is Kind.PRICE else low < 0
        return [
            (high.is_infinite(), f"{kind}_not_finite"),
            (floor, "price_not_positive" if kind == "price" else "size_negative"),
        ]
    match column.kind:
        case Kind.TEXT:
            if column.name == "venue":
                return [(value.is_null() | ~value.str.contains(_VENUE), "venue_malformed")]
            if column.name == "symbol":
                return [(value.is_null() | ~value.str.contains(_SYMBOL), "symbol_malformed")]
            return [(value.is_null() | (value == ""), "text_missing")] if column.required else []
        case Kind.TIME:
            outside = (value < MIN_NS) | (value >= MAX_NS)
            return (
                [(value.is_null(), "time_missing"), (outside, "time_unit")]
                if column.required
                else [(outside, "time_unit")]
            )
        case Kind.PRICE:
            bad = [(~value.is_finite(), "price_not_finite"), (value <= 0, "price_not_positive")]
            return [(value.is_null(), "price_not_finite"), *bad] if column.required else bad
        case Kind.SIZE:
            bad = [(~value.is_finite(), "size_not_finite"), (value < 0, "size_negative")]
            return [(value.is_null(), "size_not_finite"), *bad] if column.required else bad
        case Kind.SIDE:
            return [(~value.is_in(["buy", "sell"]), "side_unknown")]
        case Kind.REAL:
            infinite = [(~value.is_finite(), "value_not_finite")]
            return [(value.is_null(), "value_missing"), *infinite] if column.required else infinite
        case _:
            return [(value.is_null(), "value_missing")] if column.required else []


def require_valid(table: Table, frame: pl.DataFrame) -> None:
    """Refuse a conforming frame that has a bad row.

    Raises
    ------
    SchemaError
        Naming the first bad row, its reason and its values, and how many there are.
    """
    reasons = check_rows(table, frame)
    bad = reasons.is_not_null().arg_true()
    if bad.len() == 0:
        return
    row = int(bad[0])
    code = str(reasons[row])
    values = {name: value for name, value in frame.row(row, named=True).items() if value is not None}
    todo = f"{bad.len()} of {frame.height} rows are bad"
    if code == "time_unit":
        times = ((one.name, values.get(one.name)) for one in table.columns if one.kind is Kind.TIME)
        name, wrong = next((name, time) for name, time in times if time is not None and not MIN_NS <= time < MAX_NS)
        todo = f"{name} {time_unit_guess(wrong)}; {todo}"
    raise SchemaError(expected(f"{table.name} row {row} ({code})", REASONS[code], values, todo))
