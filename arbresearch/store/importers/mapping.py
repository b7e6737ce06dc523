"""Declarative mappings: what the columns of somebody's file mean, in TOML.

A mapping is data, not code: it can be read, reviewed and reused. Those shipped lie in ``mappings/`` beside this
file; ``arb import csv PATH --mapping NAME`` takes one of them by name, and any other by its path.
"""

from __future__ import annotations

import tomllib
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

from pydantic import Field, ValidationError, model_validator

from arbresearch.core import MappingError, expected
from arbresearch.store.importers.mapping_parts import Clock, Filter, Levels, MappingModel, TableSpec, TextSpec, short
from arbresearch.store.schemas import TABLES, Kind

__all__ = ["Mapping", "list_mappings", "load_mapping", "resolve_mapping"]

SHIPPED: Final = Path(__file__).with_name("mappings")
"""Folder of the mappings that come with the package."""


class Mapping(MappingModel):
    """What the columns of a file mean; see the shipped ones for examples."""

    name: str
    doc: str
    format: Literal["csv", "parquet"]
    files: str = ""
    """What the files it is meant for are called; for people."""
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] = ","
    header: tuple[str, ...] | None = None
    """Column names of a csv without a header line; None: its first line names them."""
    missing: tuple[str, ...] = ()
    """Texts that mean "no value" in a csv, beside the empty one."""
    ignore: tuple[str, ...] | Literal["*"] = ()
    """Columns that are known and not wanted; ``"*"`` is all that are not named. Others are refused."""
    venue: Annotated[TextSpec, short("constant")] | None = None
    symbol: Annotated[TextSpec, short("constant")] | None = None
    recv: Clock | None = None
    event: Clock | None = None
    size_multiplier: Annotated[Decimal, Field(gt=0)] | None = None
    """What sizes are multiplied by to be base coin, such as the coins of one contract."""
    size_step: Annotated[Decimal, Field(gt=0)] | None = None
    """What sizes are rounded to, for files whose sizes are sums of doubles (0.040789309999999995)."""
    filter: tuple[Filter, ...] = ()
    levels: Levels | None = None
    tables: dict[str, TableSpec] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.recv is None and self.event is None:
            raise ValueError("give a clock: recv, event or both")
        if not self.fed:
            raise ValueError("feeds no table: give levels or [tables.<name>]")
        for name, spec in self.tables.items():
            self._check_table(name, spec)
        return self

    def _check_table(self, name: str, spec: TableSpec) -> None:
        if name not in TABLES or name in ("runs", "transfers"):
            raise ValueError(f"tables.{name}: expected one of quotes, trades, depth, funding, instruments, networks")
        if self.levels is not None and name in self.levels.into:
            raise ValueError(f"tables.{name} is fed by levels already")
        known = {column.name for column in TABLES[name].columns if not column.levels} - {"venue", "symbol", "recv_ns"}
        unknown = sorted(set(spec.columns) - known - ({"event_ns"} & known))
        if unknown or "event_ns" in spec.columns:
            names = ", ".join(sorted(known - {"event_ns"}))
            raise ValueError(f"tables.{name}.columns: expected {names}, was {', '.join(unknown) or 'event_ns'}")
        if spec.mid_spread is not None and name != "quotes":
            raise ValueError(f"tables.{name}.mid_spread: only quotes have a midpoint and a spread")

    @property
    def fed(self) -> tuple[str, ...]:
        """Return the tables that a file with this mapping feeds."""
        return tuple(dict.fromkeys([*(self.levels.into if self.levels else ()), *self.tables]))

    def wanted(self) -> dict[str, Kind]:
        """Return the columns of the file that are read, with what each holds."""
        wanted: dict[str, Kind] = {}
        for clock in (self.recv, self.event):
            if clock is not None:
                wanted[clock.column] = Kind.TIME
        for text in (self.venue, self.symbol):
            wanted |= dict.fromkeys(text.columns if text else (), Kind.TEXT)
        wanted |= {one.column: Kind.TEXT for one in self.filter}
        if self.levels is not None:
            for name in self.levels.names:
                wanted |= dict.fromkeys(self.levels.columns(name, 10), Kind.REAL)
        for table, spec in self.tables.items():
            for logical, one in spec.columns.items():
                if one.column is not None:
                    kind = Kind.TEXT if one.values is not None else TABLES[table].column(logical).kind
                    wanted.setdefault(one.column, kind)
            if spec.mid_spread is not None:
                wanted |= dict.fromkeys((spec.mid_spread.mid, spec.mid_spread.spread), Kind.REAL)
        return wanted

    def check_columns(self, path: Path, present: tuple[str, ...]) -> None:
        """Refuse a file that lacks a column this mapping names, or has one that it does not know.

        Raises
        ------
        MappingError
            Listing what is there.
        """
        there = ", ".join(present)
        missing = [name for name in self.wanted() if name not in present]
        if missing:
            raise MappingError(
                expected(f"{path} with mapping {self.name}", f"columns {', '.join(missing)}", f"a file with {there}",
                         "name the columns as the file does, or choose another mapping")
            )  # fmt: skip
        known = {*self.wanted(), *(present if self.ignore == "*" else self.ignore)}
        if self.levels is not None:
            known |= {name for one in self.levels.names for name in self.levels.columns(one)}
        unknown = [name for name in present if name not in known]
        if unknown:
            raise MappingError(
                expected(f"{path} with mapping {self.name}", f"only columns it knows ({', '.join(sorted(known))})",
                         f"also {', '.join(unknown)}", "map them, or list them under ignore")
            )  # fmt: skip


def load_mapping(path: Path) -> Mapping:
    """Read a mapping file.

    Raises
    ------
    MappingError
        If it is missing, no TOML, or malformed; the message names each key that is wrong.
    """
    try:
        data: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise MappingError(expected(f"mapping {path}", "a readable file", error.strerror)) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise MappingError(expected(f"mapping {path}", "TOML", f"a file that is not: {error}")) from error
    try:
        return Mapping.model_validate({"name": path.stem, **data})
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, one['loc'])) or 'file'}: {_fault(one)}" for one in error.errors())
        raise MappingError(expected(f"mapping {path}", "a well-formed mapping", faults)) from error


def _fault(one: Any) -> str:
    if one["type"] == "extra_forbidden":
        return "unknown key"
    return str(one["msg"]).removeprefix("Value error, ")


@lru_cache(maxsize=1)
def list_mappings() -> dict[str, Mapping]:
    """Return the shipped mappings by name."""
    return {path.stem: load_mapping(path) for path in sorted(SHIPPED.glob("*.toml"))}


def resolve_mapping(mapping: str | Path | Mapping) -> Mapping:
    """Return a mapping as it is, a shipped one by its name, or any by its path.

    Raises
    ------
    MappingError
        If there is none; the message lists those that are shipped.
    """
    if isinstance(mapping, Mapping):
        return mapping
    if str(mapping) in list_mappings():
        return list_mappings()[str(mapping)]
    path = Path(mapping)
    if not path.is_file():
        raise MappingError(expected("mapping", f"a path, or one of {', '.join(list_mappings())}", repr(str(mapping))))
    return load_mapping(path)
