"""Import files: whole or not at all, once, in bounded memory, with an account of every row."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson
import polars as pl

from arbresearch.core import BadInput, ImportFailed, SchemaError, check_venue, expected, parse_ns
from arbresearch.core.types import Symbol
from arbresearch.store.commitlog import AlreadyStored
from arbresearch.store.importers.base import OPTIONS, Batch, Format, Rejection, Source, get_format
from arbresearch.store.importers.content import content_digest
from arbresearch.store.importers.mapping import Mapping, resolve_mapping
from arbresearch.store.importers.outcome import FileOutcome, ImportReport
from arbresearch.store.importers.rejects import RejectsFile
from arbresearch.store.importers.tally import Tally
from arbresearch.store.schemas import Table, table
from arbresearch.store.tickstore import TickStore
from arbresearch.store.transaction import Transaction
from arbresearch.store.validate import check_rows, conform

__all__ = ["Progress", "import_files"]

Progress = Callable[[Path, int, int], None]
"""Called with the file, the bytes of its content read so far, and how many there are."""

BATCH_ROWS = 500_000


def import_files(
    store: TickStore,
    format_name: str,
    paths: Sequence[str | Path],
    *,
    venue: str | None = None,
    symbol: str | None = None,
    mapping: str | Path | Mapping | None = None,
    contract_size: float | None = None,
    at: str | int | datetime | None = None,
    depth_interval_ms: int | None = None,
    batch_rows: int = BATCH_ROWS,
    progress: Progress | None = None,
) -> ImportReport:
    """Import files of one format into a store.

    Each file is one transaction: it is stored whole, or refused and nothing of it is stored. The same content
    read in the same way is stored once, whatever the file is called and however it is packed. Rows that cannot
    be stored are kept in ``<store>/rejected/`` with line number, table, reason and original text.

    Parameters
    ----------
    store
        Where to.
    format_name
        Name of a format; see :func:`arbresearch.store.importers.describe_formats`.
    paths
        The files, imported in this order. When one is refused, those before it are stored.
    venue, symbol, mapping, contract_size, at, depth_interval_ms
        What the caller says about the files (see :data:`arbresearch.store.importers.base.OPTIONS`); each only
        where the format understands it. ``mapping`` is the name of a shipped one, a path, or the object.
    batch_rows
        Rows held in memory at a time, about.
    progress
        Told about the progress inside each file.

    Raises
    ------
    ImportFailed, MappingError
        If a file as a whole cannot be used; the message names it.
    BadInput
        If the format is unknown, or does not understand an option.
    """
    form = get_format(format_name)
    given: dict[str, object] = {
        "venue": venue,
        "symbol": symbol,
        "mapping": mapping,
        "contract_size": contract_size,
        "at": at,
        "depth_interval_ms": depth_interval_ms,
    }
    _check_options(form, given)
    source = Source(
        path=Path(),
        venue=None if venue is None else check_venue(venue),
        symbol=None if symbol is None else str(Symbol.parse(symbol)),
        mapping=None if mapping is None else _mapping_for(form, mapping),
        contract_size=contract_size,
        at_ns=None if at is None else parse_ns(at),
        depth_interval_ms=depth_interval_ms,
    )
    if not paths:
        raise BadInput(expected("files to import", "at least one path", "none"))
    files = [_import_file(store, form, replace(source, path=Path(path)), batch_rows, progress) for path in paths]
    return ImportReport(format_name, tuple(files))


def _check_options(form: Format, given: dict[str, object]) -> None:
    for name, value in given.items():
        if value is not None and name not in form.options:
            takes = ", ".join(form.options) or "none"
            raise BadInput(expected(f"options of format {form.name}", takes, name, f"{name} is the {OPTIONS[name]}"))
    interval = given["depth_interval_ms"]
    if interval is not None and not (isinstance(interval, int) and 0 <= interval <= 3_600_000):
        want = "a whole number of milliseconds from 0 to an hour"
        raise BadInput(expected("depth_interval_ms", want, repr(interval)))
    size = given["contract_size"]
    if size is not None and not (isinstance(size, int | float) and 0 < size < float("inf")):
        raise BadInput(expected("contract_size", "a positive number of coins", repr(size)))


def _mapping_for(form: Format, mapping: str | Path | Mapping) -> Mapping:
    resolved = resolve_mapping(mapping)
    if resolved.format != form.name:
        raise BadInput(
            expected(f"mapping {resolved.name}", f"one for format {form.name}", f"one for {resolved.format}",
                     f"import with format {resolved.format}")
        )  # fmt: skip
    return resolved


def _key(form: Format, source: Source, content: str) -> str:
    mapping: Any = None
    if source.mapping is not None:
        mapping = source.mapping.model_dump(mode="json", exclude={"name", "doc", "files"})
    read_as = {
        "content": content,
        "format": form.name,
        "mapping": mapping,
        "venue": source.venue,
        "symbol": source.symbol,
        "contract_size": source.contract_size,
        "at_ns": source.at_ns,
        "depth_interval_ms": source.depth_interval_ms,
    }
    return sha256(orjson.dumps(read_as, option=orjson.OPT_SORT_KEYS)).hexdigest()


def _import_file(
    store: TickStore, form: Format, source: Source, batch_rows: int, progress: Progress | None
) -> FileOutcome:
    started = time.perf_counter()
    content, size = content_digest(source.path)
    key = _key(form, source, content)
    outcome = FileOutcome(source.path, key, skipped=True, content_bytes=size)
    if store.has_key(f"import:{key}"):
        return replace(outcome, seconds=time.perf_counter() - started)
    utc = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    rejects = RejectsFile(store.root / "rejected", utc, source.path.name, key)
    tally = Tally(source.path)
    note = {"file": source.path.name, "format": form.name, "content": content}
    try:
        with store.transaction(key=f"import:{key}", note=note) as transaction:
            for batch in form.read(source, batch_rows):
                _store_batch(transaction, tally, rejects, batch)
                if progress is not None:
                    progress(source.path, batch.consumed, size)
            tally.refuse_whole()
            kept = rejects.publish()
    except AlreadyStored:
        rejects.discard()
        return replace(outcome, seconds=time.perf_counter() - started)
    except SchemaError as error:
        rejects.discard()
        raise ImportFailed(f"{source.path}: {error}") from error
    except BaseException:
        rejects.discard()
        raise
    return replace(
        outcome,
        skipped=False,
        accepted=dict(tally.accepted),
        rejected=dict(tally.rejected),
        filtered=tally.filtered,
        out_of_order=tally.out_of_order,
        repeated=tally.repeated,
        crossed=max(tally.crossed.values(), default=0),
        notes=tuple(tally.notes),
        rejects=kept,
        seconds=time.perf_counter() - started,
    )


def _store_batch(transaction: Transaction, tally: Tally, rejects: RejectsFile, batch: Batch) -> None:
    schema = table(batch.table)
    frame = conform(schema, batch.frame)
    reasons = pl.select(pl.coalesce(_not_finite(schema, batch.frame), check_rows(schema, frame))).to_series()
    bad = reasons.is_not_null()
    refused = [*batch.rejected]
    if bad.any():
        positions = bad.arg_true().to_list()
        texts = batch.texts(positions) if batch.texts is not None else _values(frame, positions)
        lines, codes = batch.rows.gather(positions).to_list(), reasons.gather(positions).to_list()
        refused += [Rejection(*one) for one in zip(lines, codes, texts, strict=True)]
        frame = frame.filter(~bad)
    tally.batch(replace(batch, rejected=tuple(refused)))
    rejects.add(batch.table, sorted(refused, key=lambda one: one.line))
    tally.stored(batch.table, schema.key, frame)
    transaction.append(batch.table, frame)


def _not_finite(schema: Table, frame: pl.DataFrame) -> pl.Series:
    """Say which rows hold NaN: in a file that is a value gone wrong, while an empty side is null."""
    nothing = pl.lit(None, dtype=pl.String)
    reasons = [
        pl.when(pl.col(one.name).is_nan()).then(pl.lit(f"{one.kind}_not_finite".replace("real", "value")))
        for one in schema.columns
        if not one.levels and frame.schema.get(one.name) == pl.Float64()
    ]
    return frame.select(pl.coalesce(pl.repeat(nothing, pl.len()), *reasons).alias("reason")).to_series()


def _values(frame: pl.DataFrame, positions: Sequence[int]) -> list[str]:
    return [orjson.dumps(frame.row(position, named=True), default=str).decode() for position in positions]
