"""Whatever double goes in comes out to the last bit, and steps are floored as defined."""

from __future__ import annotations

import struct
from decimal import Decimal
from fractions import Fraction
from importlib import resources

import duckdb
import numpy as np
import numpy.typing as npt
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from arbresearch.core import ceil_to_step, floor_to_step
from arbresearch.store.exact import RAW_MARK, decode, encode

ANY_DOUBLE = st.floats(allow_nan=True, allow_infinity=True, width=64)
FINITE = st.floats(allow_nan=False, allow_infinity=False, width=64)
DECIMAL_DOUBLE = st.builds(
    lambda digits, places: float(f"{digits}e-{places}"), st.integers(-(10**15), 10**15), st.integers(0, 15)
)
SUMS = st.builds(lambda a, b: a + b, DECIMAL_DOUBLE, DECIMAL_DOUBLE)
VALUE = st.one_of(DECIMAL_DOUBLE, SUMS, st.just(float("nan")), ANY_DOUBLE)
HELD = st.one_of(DECIMAL_DOUBLE.map(lambda x: x if abs(x) < 1e12 else x / 1e6), st.just(float("nan")))


def bits(value: float) -> bytes:
    """Return the bits of a double; all NaN are one."""
    return b"nan" if value != value else struct.pack("<d", value)


def there_and_back(values: npt.NDArray[np.float64], groups: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    units, exponents = encode(values, groups)
    return np.column_stack([decode(units[k], exponents, np.isnan(values[:, k])) for k in range(values.shape[1])])


@settings(deadline=None)
@given(st.lists(st.tuples(VALUE, VALUE, st.integers(0, 2)), min_size=1, max_size=12))
def test_any_doubles_come_back_to_the_bit(rows: list[tuple[float, float, int]]) -> None:
    values = np.array([row[:2] for row in rows])
    groups = np.array([row[2] for row in rows], dtype=np.int64)
    found = there_and_back(values, groups)
    assert [bits(x) for x in found.ravel()] == [bits(x + 0.0) for x in values.ravel()]  # zero has no sign


@settings(deadline=None)
@given(st.lists(st.one_of(SUMS, FINITE), min_size=1, max_size=20))
def test_sql_reads_any_doubles_to_the_bit(values: list[float]) -> None:
    column = np.array(values).reshape(-1, 1)
    units, exponents = encode(column, np.zeros(len(values), dtype=np.int64))
    stored = pl.DataFrame({"row": range(len(values)), "units": units[0], "exponent": exponents})
    with duckdb.connect(":memory:") as connection:
        connection.execute(resources.files("arbresearch.store").joinpath("sql/exact.sql").read_text())
        connection.register("stored", stored)
        found = connection.sql("SELECT exact(units, exponent) FROM stored ORDER BY row").fetchall()
    assert [bits(value) for (value,) in found] == [bits(value + 0.0) for value in values]


@settings(deadline=None)
@given(st.lists(st.tuples(HELD, HELD), min_size=1, max_size=30))
def test_ordinary_prices_are_held_in_units(rows: list[tuple[float, float]]) -> None:
    values = np.array(rows)
    short = np.array([[float(f"{value:.9g}") for value in row] for row in rows])
    small = np.where(np.abs(short) > 1e5, np.round(short), np.round(short, 4))
    _, exponents = encode(small, np.zeros(len(rows), dtype=np.int64))
    assert (exponents < RAW_MARK).all()
    assert there_and_back(small, np.zeros(len(rows), dtype=np.int64)).shape == values.shape


@settings(deadline=None)
@given(
    st.decimals(allow_nan=False, allow_infinity=False, places=12, min_value=-(10**12), max_value=10**12),
    st.decimals(allow_nan=False, allow_infinity=False, places=10, min_value=Decimal("1e-10"), max_value=10**6),
)
def test_a_floor_is_the_nearest_multiple_below_and_a_ceiling_the_one_above(value: Decimal, step: Decimal) -> None:
    floor, ceiling = floor_to_step(value, step), ceil_to_step(value, step)
    assert Fraction(floor) == Fraction(value) // Fraction(step) * Fraction(step)
    assert Fraction(ceiling) == -(-Fraction(value) // Fraction(step)) * Fraction(step)
    assert floor_to_step(floor, step) == floor == ceil_to_step(floor, step)


@settings(deadline=None)
@given(st.floats(min_value=1e-9, max_value=1e12), st.integers(0, 9))
def test_a_float_is_floored_as_the_decimal_it_is_written_as(value: float, places: int) -> None:
    step = Decimal(1).scaleb(-places)
    assert Fraction(floor_to_step(value, step)) == Fraction(repr(value)) // Fraction(step) * Fraction(step)
