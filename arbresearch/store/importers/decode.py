"""From the columns of somebody's file to the tables of the store, as a mapping says."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

import polars as pl

from arbresearch.core import BadInput, ImportFailed, MappingError, Symbol, expected
from arbresearch.core.units import MAX_NS, MIN_NS
from arbresearch.store.importers.base import Source
from arbresearch.store.importers.clocks import UNIT_NAMES, looks_like, read_clock
from arbresearch.store.importers.mapping import Mapping
from arbresearch.store.importers.mapping_parts import Clock, FieldSpec, Levels, TextSpec
from arbresearch.store.importers.values import as_kind, level_array, level_columns, mark, mid_spread, on_tick, scaled
from arbresearch.store.schemas import TABLES, Kind

__all__ = ["Decoded", "Decoder", "scaled"]

_ENOUGH_ROWS: Final = 50_000
"""Rows after which a time unit is judged without waiting for the end of the file."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """One table's rows of a piece of a file: logical columns, and why rows cannot be used (null: they can)."""

    table: str
    frame: pl.DataFrame
    reasons: pl.Series


@dataclass(slots=True)
class _UnitCount:
    rows: int = 0
    outside: int = 0
    example: Any = None


@dataclass(slots=True)
class Decoder:
    """Applies a mapping to the pieces of one file, and remembers what must be the same in all of them."""

    source: Source
    mapping: Mapping
    notes: tuple[str, ...] = ()
    _seen: dict[str, set[tuple[str, ...]]] = field(default_factory=dict)
    _units: dict[str, _UnitCount] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse a file whose venue or symbol nobody gave."""
        needs = {name for table in self.mapping.fed for name in ("venue", "symbol") if name in TABLES[table].names}
        for name in sorted(needs):
            spec: TextSpec | None = getattr(self.mapping, name)
            known = spec is not None and (bool(spec.columns) or spec.of_file(self.source.path) is not None)
            if getattr(self.source, name) is None and not known:
                raise MappingError(
                    expected(
                        f"{self.source.path} with mapping {self.mapping.name}", f"a {name}", "none", f"give --{name}"
                    )
                )
        if self.mapping.recv is None and self.mapping.event is not None:
            column = self.mapping.event.column
            self.notes = (f"no receive clock in the file: recv_ns is filled from the exchange clock ({column})",)

    @property
    def multiplier(self) -> Decimal | None:
        """Return what sizes are multiplied by; the caller's contract size goes before the mapping's."""
        if self.source.contract_size is not None:
            return Decimal(repr(float(self.source.contract_size)))
        return self.mapping.size_multiplier

    def sized(self, values: pl.Series) -> pl.Series:
        """Return sizes in base coin, rounded to the mapping's step where it has one."""
        sizes = scaled(values, self.multiplier)
        return sizes if self.mapping.size_step is None else on_tick(sizes, self.mapping.size_step)[0]

    def wanted_rows(self, raw: pl.DataFrame) -> pl.Series | None:
        """Return which rows the mapping's filters take; None when there are none."""
        mask: pl.Series | None = None
        for one in self.mapping.filter:
            text = raw[one.column].cast(pl.String)
            taken = text.is_in(list(one.keep)) if one.keep else ~text.is_in(list(one.drop))
            taken = taken.fill_null(not one.keep)
            mask = taken if mask is None else mask & taken
        return mask

    def decode(self, raw: pl.DataFrame) -> tuple[Decoded, ...]:
        """Return the rows of every fed table.

        Parameters
        ----------
        raw
            At least the columns the mapping wants: text, or numbers where it wants numbers.

        Raises
        ------
        ImportFailed
            If most times so far lie outside 2009 to 2100, or a file that holds one symbol holds several.
        MappingError
            If a column's type does not go with what it is mapped to.
        """
        common, reasons = self._clocks(raw)
        for name in ("venue", "symbol"):
            common[name] = self._text(raw, name)
        tables: list[Decoded] = []
        if self.mapping.levels is not None:
            tables += self._levels(raw, self.mapping.levels, common, reasons)
        for name, spec in self.mapping.tables.items():
            columns, own = self._fields(raw, name, spec.columns)
            if spec.mid_spread is not None:
                more, off = mid_spread(raw, spec.mid_spread)
                columns |= more
                own.append(off)
            tables.append(self._table(name, common, columns, [*reasons, *own], raw.height))
        return tuple(tables)

    def _table(
        self,
        name: str,
        common: dict[str, pl.Series | None],
        columns: dict[str, pl.Series],
        reasons: list[pl.Series],
        height: int,
    ) -> Decoded:
        table = TABLES[name]
        parts = {one: part for one, part in common.items() if part is not None and one in table.names} | columns
        frame = pl.DataFrame([part.rename(one) for one, part in parts.items()])
        nothing = pl.repeat(None, height, dtype=pl.String, eager=True)
        first = pl.select(pl.coalesce(nothing, *reasons)).to_series()
        return Decoded(name, frame, first.rename("reason"))

    def _clocks(self, raw: pl.DataFrame) -> tuple[dict[str, pl.Series | None], list[pl.Series]]:
        common: dict[str, pl.Series | None] = {"recv_ns": None, "event_ns": None}
        reasons: list[pl.Series] = []
        for name, clock in (("recv_ns", self.mapping.recv), ("event_ns", self.mapping.event)):
            if clock is not None:
                times, bad = read_clock(raw[clock.column], clock)
                self._count_outside(raw[clock.column], times, clock)
                common[name] = times
                reasons.append(bad)
        if common["recv_ns"] is None:
            common["recv_ns"] = common["event_ns"]
        return common, reasons

    def _count_outside(self, values: pl.Series, times: pl.Series, clock: Clock) -> None:
        outside = ((times < MIN_NS) | (times >= MAX_NS)).fill_null(False)
        count = self._units.setdefault(clock.column, _UnitCount())
        count.rows += len(times)
        count.outside += int(outside.sum())
        if count.outside and count.example is None:
            count.example = values.filter(outside)[0]
        if count.rows >= _ENOUGH_ROWS:
            self._check_unit(clock, count)

    def finish(self) -> None:
        """Refuse the file when most of its times lie outside 2009 to 2100: the time unit is another one.

        Raises
        ------
        ImportFailed
            Naming the column, the first such time and the unit it looks like.
        """
        for clock in (self.mapping.recv, self.mapping.event):
            if clock is not None and clock.column in self._units:
                self._check_unit(clock, self._units[clock.column])

    def _check_unit(self, clock: Clock, count: _UnitCount) -> None:
        if 2 * count.outside <= count.rows:
            return
        want = f"{UNIT_NAMES.get(clock.unit, clock.unit)} between 2009 and 2100, as mapping {self.mapping.name} says"
        unit = looks_like(float(count.example)) if clock.unit in UNIT_NAMES else None
        todo = f"it looks like {unit}: say so in the mapping (unit)" if unit else "correct the clock in the mapping"
        found = f"{count.example} ({count.outside:_} of {count.rows:_} rows)"
        raise ImportFailed(expected(f"{self.source.path} column {clock.column}", want, found, todo))

    def _text(self, raw: pl.DataFrame, name: str) -> pl.Series | None:
        spec: TextSpec | None = getattr(self.mapping, name)
        given: str | None = getattr(self.source, name)
        if spec is None or not spec.columns:
            constant = given if given is not None else spec.of_file(self.source.path) if spec else None
            return None if constant is None else pl.repeat(constant, raw.height, dtype=pl.String, eager=True)
        parts = raw.select(pl.col(one).cast(pl.String).fill_null("") for one in spec.columns)
        distinct = parts.unique()
        texts = {row: spec.of_row(row) for row in distinct.iter_rows()}
        if spec.single or given is not None:
            self._check_single(name, spec, texts, given)
        if given is not None:
            return pl.repeat(given, raw.height, dtype=pl.String, eager=True)
        if len(texts) == 1:
            return pl.repeat(next(iter(texts.values())), raw.height, dtype=pl.String, eager=True)
        made = distinct.with_columns(pl.Series("_made", [texts[row] for row in distinct.iter_rows()]))
        return parts.join(made, on=list(spec.columns), how="left", maintain_order="left")["_made"]

    def _check_single(self, name: str, spec: TextSpec, texts: dict[tuple[str, ...], str], given: str | None) -> None:
        seen = self._seen.setdefault(name, set())
        seen |= set(texts)
        what = f"{self.source.path} column {' and '.join(spec.columns)}"
        if len(seen) > 1:
            some = ", ".join(sorted("/".join(one) for one in seen)[:5])
            raise ImportFailed(
                expected(what, f"one {name} in the whole file", f"{len(seen)} of them ({some})",
                         f"split the file, or use a mapping that takes the {name} from the column")
            )  # fmt: skip
        made = next(iter(texts.values()))
        if given is not None and made != given and _well_formed(name, made):
            raise ImportFailed(
                expected(what, f"{given} as was given", made, f"leave --{name} out, or give the right one")
            )

    def _levels(
        self, raw: pl.DataFrame, levels: Levels, common: dict[str, pl.Series | None], reasons: list[pl.Series]
    ) -> list[Decoded]:
        sides: dict[str, list[pl.Series]] = {}
        faults: list[pl.Series] = list(reasons)
        for target, name in zip(("bids", "bid_sizes", "asks", "ask_sizes"), levels.names, strict=True):
            price = target in ("bids", "asks")
            found, bad = level_columns(raw, levels, name)
            faults += bad
            sides[target] = found if price else [self.sized(one) for one in found]
            code = "price_not_finite" if price else "size_not_finite"
            faults += [mark(one.is_nan(), code) for one in found]
        for prices, sizes in (("bids", "bid_sizes"), ("asks", "ask_sizes")):
            pairs = zip(sides[prices], sides[sizes], strict=True)
            faults += [mark(price.is_null() != size.is_null(), "half_side") for price, size in pairs]
        tables: list[Decoded] = []
        for table in levels.into:
            if table == "depth":
                columns = {target: level_array(target, parts) for target, parts in sides.items()}
            else:
                columns = {target[:-1]: parts[0] for target, parts in sides.items()}
            tables.append(self._table(table, common, columns, faults, raw.height))
        return tables

    def _fields(
        self, raw: pl.DataFrame, table: str, specs: dict[str, FieldSpec]
    ) -> tuple[dict[str, pl.Series], list[pl.Series]]:
        columns: dict[str, pl.Series] = {}
        reasons: list[pl.Series] = []
        for name, spec in specs.items():
            kind = TABLES[table].column(name).kind
            if spec.column is None:
                columns[name] = pl.repeat(spec.constant, raw.height, dtype=kind.dtype, eager=True)
                continue
            values = raw[spec.column]
            if kind is Kind.TIME:
                columns[name], bad = read_clock(values, Clock(column=spec.column, unit=spec.unit or "ns"))
            else:
                columns[name], bad = as_kind(values, kind, spec.values)
            if kind is Kind.SIZE:
                columns[name] = self.sized(columns[name])
            reasons.append(bad)
        return columns, reasons


def _well_formed(name: str, text: str) -> bool:
    if name == "venue":
        return bool(text)
    try:
        Symbol.parse(text)
    except BadInput:
        return False
    return True
