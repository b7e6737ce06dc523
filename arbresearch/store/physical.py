"""Between logical frames and what lies in a Parquet file.

Prices of a row share one exponent, sizes another; ``event_ns`` is held in the coarsest of s, ms, us and ns
that keeps it exact. The venue is in the path alone.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from arbresearch.store.exact import decode, encode
from arbresearch.store.schemas import Column, Kind, Table

__all__ = ["column_encodings", "decode_columns", "encode_frame", "flat_frame", "needed_columns"]

_EXACT: Final = {Kind.PRICE: "price_exponent", Kind.SIZE: "size_exponent"}
_UNITS: Final = (1_000_000_000, 1_000_000, 1_000)


def _flat_names(column: Column) -> list[str]:
    return [f"{column.name}_{level}" for level in range(column.levels)] if column.levels else [column.name]


def flat_frame(table: Table, frame: pl.DataFrame) -> pl.DataFrame:
    """Return the frame with each column of levels spread over one column a level."""
    if not any(column.levels for column in table.columns):
        return frame
    expressions = []
    for column in table.columns:
        if column.levels:
            expressions += [pl.col(column.name).arr.get(i).alias(name) for i, name in enumerate(_flat_names(column))]
        else:
            expressions.append(pl.col(column.name))
    return frame.select(expressions)


def encode_frame(table: Table, frame: pl.DataFrame) -> pa.Table:
    """Encode a conforming, sorted frame of one venue for a file."""
    flat = flat_frame(table, frame)
    groups = flat[table.key].rle_id().to_numpy().astype(np.int64) if flat.height else np.zeros(0, dtype=np.int64)
    arrays: dict[str, pa.Array] = {}
    exponents: dict[Kind, npt.NDArray[np.int8]] = {}
    units: dict[str, pa.Array] = {}
    for kind, exponent_name in _EXACT.items():
        names = [name for column in table.columns if column.kind is kind for name in _flat_names(column)]
        if not names:
            continue
        values = np.column_stack([flat[name].cast(pl.Float64).to_numpy() for name in names])
        encoded, exponents[kind] = encode(values, groups)
        for position, name in enumerate(names):
            missing = np.isnan(values[:, position])
            units[name] = pa.array(encoded[position], mask=missing if missing.any() else None)
        arrays[exponent_name] = pa.array(exponents[kind])
    for column in table.columns:
        if column.name == "venue":
            continue
        if column.kind in _EXACT:
            arrays.update({name: units[name] for name in _flat_names(column)})
        elif column.name == "event_ns":
            arrays["event"], arrays["event_unit"] = _encode_event(flat[column.name])
        elif column.kind in (Kind.TEXT, Kind.SIDE):
            text = flat[column.name].to_arrow().cast(pa.string())
            arrays[column.name] = (
                text.dictionary_encode() if column.name == table.key or column.kind is Kind.SIDE else text
            )
        else:
            arrays[column.name] = flat[column.name].to_arrow()
    return pa.table(arrays)


def _encode_event(series: pl.Series) -> tuple[pa.Array, pa.Array]:
    values = series.fill_null(0).to_numpy()
    unit = next((unit for unit in _UNITS if not (values % unit).any()), 1)
    missing = series.is_null().to_numpy()
    return pa.array(values // unit, mask=missing if missing.any() else None), pa.array(
        np.full(len(series), unit, np.int32)
    )


def needed_columns(table: Table, names: list[str]) -> list[str]:
    """Return the columns of the file that the named logical columns are made from."""
    physical: list[str] = []
    for name in names:
        column = table.column(name)
        if name == "venue":
            continue
        if name == "event_ns":
            physical += ["event", "event_unit"]
        else:
            physical += _flat_names(column)
        if column.kind in _EXACT and _EXACT[column.kind] not in physical:
            physical.append(_EXACT[column.kind])
    return physical


def decode_columns(table: Table, names: list[str], data: pa.Table) -> pl.DataFrame:
    """Decode logical columns from what was read of a file; the venue is not among them.

    Prices and sizes come out as float64 with NaN where missing, other missing values as null.
    """
    out: list[pl.Series] = []
    exponents = {name: data.column(name).to_numpy() for name in _EXACT.values() if name in data.column_names}
    for name in names:
        column = table.column(name)
        if column.kind in _EXACT:
            exponent = exponents[_EXACT[column.kind]]
            levels = [_decode(data.column(flat), exponent) for flat in _flat_names(column)]
            values: Any = np.column_stack(levels) if column.levels else levels[0]
            out.append(pl.Series(name, values, dtype=column.dtype))
        elif name == "event_ns":
            unit = pl.Series(name, data.column("event_unit"))
            event = pl.Series(name, data.column("event"))
            out.append(event if unit.len() == 0 else event * unit.cast(pl.Int64))
        else:
            out.append(pl.Series(name, data.column(name)).cast(column.dtype))
    return pl.DataFrame(out)


def _decode(column: pa.ChunkedArray, exponents: npt.NDArray[np.int8]) -> npt.NDArray[np.float64]:
    if column.null_count == 0:
        return decode(column.to_numpy(), exponents)
    missing = column.is_null().to_numpy()
    return decode(column.fill_null(0).to_numpy(), exponents, missing)


def column_encodings(table: Table, data: pa.Table) -> tuple[list[str], dict[str, str]]:
    """Choose for each column of a file between a dictionary and packed differences.

    Returns
    -------
    dictionary, encodings
        Names of the columns kept as a dictionary, and the encoding of the others.
    """
    dictionary, encodings = [], {}
    for name in data.column_names:
        kind = data.schema.field(name).type
        if name == "event_unit" or name in _EXACT.values() or pa.types.is_dictionary(kind):
            dictionary.append(name)
        elif pa.types.is_integer(kind):
            if table.name in ("quotes", "trades", "depth") and "size" in name and _few_values(data.column(name)):
                dictionary.append(name)
            else:
                encodings[name] = "DELTA_BINARY_PACKED"
        elif not pa.types.is_boolean(kind):
            dictionary.append(name)
    return dictionary, encodings


def _few_values(column: pa.ChunkedArray) -> bool:
    """Say whether a column repeats itself enough for a dictionary to be the smaller form."""
    sample = column.slice(0, 65_536)
    return len(sample) > 0 and len(sample.unique()) * 8 < len(sample)
