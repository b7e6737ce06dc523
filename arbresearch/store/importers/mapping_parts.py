"""The parts of a mapping: clocks, texts, levels, fields and filters."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Final, Literal, Self
from zoneinfo import available_timezones

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from arbresearch.core import BadInput
from arbresearch.core.units import parse_ns

__all__ = ["Clock", "FieldSpec", "Filter", "Levels", "MappingModel", "MidSpread", "TableSpec", "TextSpec", "short"]

_PLACEHOLDER: Final = re.compile(r"\{(\w+)\}")


class MappingModel(BaseModel):
    """Base of everything in a mapping: immutable, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)


def short(key: str) -> BeforeValidator:
    """Return a validator that lets a plain string stand for ``{key = string}``."""
    return BeforeValidator(lambda value: {key: value} if isinstance(value, str) else value)


class Clock(MappingModel):
    """Where a clock is read from.

    ``unit`` is ``s ms us ns`` for numbers, ``iso`` for text (with ``format``, strftime codes, unless it is ISO
    8601), ``datetime`` for a typed Parquet column. ``zone`` is that of text or types that carry none. ``origin`` is
    the instant that numbers count from; without it they count from 1970.
    """

    column: str
    unit: Literal["s", "ms", "us", "ns", "iso", "datetime"]
    format: str | None = None
    zone: str = "UTC"
    origin: str | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.format is not None and self.unit != "iso":
            raise ValueError(f"format goes with unit 'iso', not {self.unit!r}")
        if self.origin is not None and self.unit in ("iso", "datetime"):
            raise ValueError(f"origin goes with a numeric unit, not {self.unit!r}")
        if self.zone not in available_timezones():
            raise ValueError(f"zone {self.zone!r} is none of the IANA names such as UTC or Europe/Berlin")
        if self.origin is not None:
            try:
                parse_ns(self.origin)
            except BadInput as error:
                raise ValueError(f"origin: {error}") from error
        return self

    @property
    def origin_ns(self) -> int:
        """Return the instant that numbers count from, ns since the epoch."""
        return 0 if self.origin is None else parse_ns(self.origin)


class TextSpec(MappingModel):
    """Venue or symbol: a constant, or made from columns or from the file's name.

    ``column`` alone is taken as it is. ``pattern`` (a regular expression with named groups that covers the whole
    text) takes it apart and ``template`` puts it together. ``template`` without ``pattern`` names columns:
    ``{symbol_base}/{symbol_quote}``. ``file`` is a pattern that is searched in the file's name. ``values`` looks
    the result up at last. Texts that fit nothing are kept, and then refused row by row as no symbol.
    ``single``: the file holds one value only, and is refused when it holds more.
    """

    constant: str | None = None
    column: str | None = None
    file: str | None = None
    pattern: str | None = None
    template: str | None = None
    values: dict[str, str] = Field(default_factory=dict)
    single: bool = False

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        over_columns = self.template is not None and self.column is None and self.file is None
        if [self.constant is not None, self.column is not None, self.file is not None, over_columns].count(True) != 1:
            raise ValueError("give one of constant, column, file, or template over columns")
        if self.column is not None and (self.pattern is None) != (self.template is None):
            raise ValueError("with a column, pattern and template go together")
        if self.column is None and self.pattern is not None:
            raise ValueError("pattern goes with a column")
        if self.file is not None and self.template is None:
            raise ValueError("file goes with a template")
        if self.single and not self.columns:
            raise ValueError("single goes with columns")
        for one in (self.pattern, self.file):
            if one is not None:
                re.compile(one)
        return self

    @property
    def columns(self) -> tuple[str, ...]:
        """Return the columns of the file that it reads."""
        if self.column is not None:
            return (self.column,)
        if self.file is not None or self.constant is not None:
            return ()
        return tuple(dict.fromkeys(_PLACEHOLDER.findall(self.template or "")))

    def of_file(self, path: Path) -> str | None:
        """Return the constant, or what the file's name says; None when it says nothing."""
        if self.constant is not None:
            return self.constant
        match = re.search(self.file, path.name) if self.file is not None else None
        if match is None:
            return None
        made = (self.template or "").format(**match.groupdict())
        return self.values.get(made, made)

    def of_row(self, parts: tuple[str, ...]) -> str:
        """Return what the texts of :attr:`columns` in one row stand for."""
        made = parts[0]
        if self.column is None:
            made = (self.template or "").format(**dict(zip(self.columns, parts, strict=True)))
        elif self.pattern is not None and (match := re.fullmatch(self.pattern, made)):
            made = (self.template or "").format(**match.groupdict())
        return self.values.get(made, made)


class FieldSpec(MappingModel):
    """One logical column: the column of the file it comes from, or a constant; ``values`` translates texts."""

    column: str | None = None
    constant: str | float | bool | None = None
    values: dict[str, str | float | bool] | None = None
    unit: Literal["s", "ms", "us", "ns", "iso"] | None = None
    """Unit of a column that holds a time, such as ``next_ns`` of funding; nanoseconds when left out."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if (self.column is None) == (self.constant is None):
            raise ValueError("give a column or a constant")
        return self


class MidSpread(MappingModel):
    """Best bid and ask given as midpoint and spread; both prices are rounded to the tick."""

    mid: str
    spread: str
    tick: Annotated[Decimal, Field(gt=0)]


class Levels(MappingModel):
    """Several book levels a row: numbered columns (``b{i}``) or list columns.

    ``first`` is the number of the best level, ``count`` how many levels there are; ten at most are kept. The
    levels feed the tables ``into``; ``quotes`` gets the best one.
    """

    bids: str
    bid_sizes: str
    asks: str
    ask_sizes: str
    first: Annotated[int, Field(ge=0)] = 1
    count: Annotated[int, Field(ge=1)] = 10
    into: tuple[Literal["depth", "quotes"], ...] = ("depth", "quotes")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if len({"{i}" in name for name in self.names}) != 1:
            raise ValueError("either every name has {i} (numbered columns) or none has (list columns)")
        if not self.into:
            raise ValueError("into names at least one of depth, quotes")
        return self

    @property
    def names(self) -> tuple[str, str, str, str]:
        """Return the four names as written."""
        return self.bids, self.bid_sizes, self.asks, self.ask_sizes

    @property
    def listed(self) -> bool:
        """Return whether they are list columns."""
        return "{i}" not in self.bids

    def columns(self, name: str, kept: int | None = None) -> tuple[str, ...]:
        """Return the columns of the file behind one of :attr:`names`, best first."""
        if self.listed:
            return (name,)
        count = self.count if kept is None else min(self.count, kept)
        return tuple(name.replace("{i}", str(self.first + level)) for level in range(count))


class TableSpec(MappingModel):
    """What feeds one table besides its clocks, venue and symbol."""

    columns: dict[str, Annotated[FieldSpec, short("column")]] = Field(default_factory=dict)
    mid_spread: MidSpread | None = None


class Filter(MappingModel):
    """Which rows of the file are taken: those whose text in ``column`` is in ``keep``, or not in ``drop``."""

    column: str
    keep: tuple[str, ...] = ()
    drop: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if bool(self.keep) == bool(self.drop):
            raise ValueError("give keep or drop")
        return self
