"""Compaction: the many parts of a venue and day become one sorted file, in one commit."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

import polars as pl

from arbresearch.core import StoreError, SystemClock, expected
from arbresearch.core.units import NS_PER_SECOND
from arbresearch.store.checksum import MODULUS
from arbresearch.store.commitlog import Commit, CommitLog, Part
from arbresearch.store.layout import Layout
from arbresearch.store.parts import PartReader, PartWriter, take_back
from arbresearch.store.schemas import Table, table
from arbresearch.store.writers import Writer

__all__ = ["Compaction", "compact", "vacuum"]

ALL_TIMES = (-(2**63), 2**63 - 1)
SPAN_ROWS = 1_000_000
"""Rows of one key that are merged at once."""


@dataclass(frozen=True, slots=True)
class Compaction:
    """What a compaction did: partitions and parts merged, their bytes before and after, files freed."""

    partitions: int
    parts: int
    rows: int
    bytes_before: int
    bytes_after: int
    files_removed: int


def compact(
    layout: Layout,
    log: CommitLog,
    reader: PartReader,
    writer: Callable[[], Writer],
    grace_s: float,
    progress: Callable[[int, int], None] | None,
) -> Compaction:
    """Merge every partition of more than one part; see :meth:`arbresearch.store.TickStore.compact`."""
    partitions: dict[tuple[str, str, str], list[Part]] = defaultdict(list)
    for part in log.refresh().parts.values():
        partitions[part.table, part.venue, part.date].append(part)
    work = [sorted(parts, key=lambda part: part.arrival) for _, parts in sorted(partitions.items()) if len(parts) > 1]
    merged = [0, 0, 0, 0]
    for done, parts in enumerate(work):
        if progress is not None:
            progress(done, len(work))
        new, whole = _merge(layout, reader, writer(), parts)
        change = Commit("compact", SystemClock().now_ns(), add=(whole,), remove=tuple(part.path for part in parts))
        try:
            log.commit(change, writer().name)
        except BaseException:
            take_back(log, [(new, whole)])
            raise
        new.settle()
        for position, value in enumerate((len(parts), whole.rows, sum(p.bytes for p in parts), whole.bytes)):
            merged[position] += value
    if progress is not None:
        progress(len(work), len(work))
    return Compaction(len(work), merged[0], merged[1], merged[2], merged[3], vacuum(layout, log, writer, grace_s))


def _merge(layout: Layout, reader: PartReader, writer: Writer, parts: list[Part]) -> tuple[PartWriter, Part]:
    first = parts[0]
    schema = table(first.table)
    names = [name for name in schema.names if name != "venue"]
    new = PartWriter(layout, writer, schema, first.venue, first.date)
    try:
        for key in sorted({key for part in parts for key in part.keys}):
            holders = [part for part in parts if key in part.keys]
            for start_ns, stop_ns in _spans(reader, schema, holders, key):
                pieces = [reader.read(schema, part, names, key, start_ns, stop_ns) for part in holders]
                rows = pl.concat(pieces).sort("recv_ns", maintain_order=True)
                whole = rows.with_columns(pl.lit(first.venue).alias("venue"), pl.col(pl.Float64).fill_nan(None))
                new.write(whole.select(schema.names))
        part = replace(new.finish(), order=first.order)
        if part.rows != sum(p.rows for p in parts) or part.checksum != sum(p.checksum for p in parts) % MODULUS:
            raise StoreError(
                f"{first.path.rsplit('/', 1)[0]}: merged rows differ from those of the parts; nothing was replaced"
            )
    except FileNotFoundError as error:
        new.discard()
        raise StoreError(
            expected(first.path, "a part that the log names", error, "restore it from a backup")
        ) from error
    except BaseException:
        new.discard()
        raise
    return new, part


def _spans(reader: PartReader, schema: Table, parts: list[Part], key: str) -> Iterator[tuple[int, int]]:
    """Cut the times of one key so that about ``SPAN_ROWS`` rows lie in each piece."""
    cuts: list[int] = []
    if sum(part.keys[key][1] for part in parts) > 2 * SPAN_ROWS:
        times = pl.concat([reader.read(schema, part, ["recv_ns"], key, *ALL_TIMES) for part in parts])["recv_ns"].sort()
        cuts = times.gather_every(SPAN_ROWS, SPAN_ROWS).unique(maintain_order=True).to_list()
    return pairwise([ALL_TIMES[0], *cuts, ALL_TIMES[1]])


def vacuum(layout: Layout, log: CommitLog, writer: Callable[[], Writer], grace_s: float) -> int:
    """Remove the files of parts replaced more than ``grace_s`` seconds ago; return how many."""
    now = SystemClock().now_ns()
    old = [path for path, when in log.refresh().removed.items() if now - when >= grace_s * NS_PER_SECOND]
    if not old:
        return 0
    try:
        for path in old:
            (layout.root / path).unlink(missing_ok=True)
    except OSError as error:
        raise StoreError(f"store at {layout.root}: replaced parts cannot be removed ({error})") from error
    log.commit(Commit("vacuum", now, note={"vacuumed": old}), writer().name)
    return len(old)
