"""Compaction: the many parts of a venue and day become one sorted file, in one commit."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, replace

import polars as pl

from arbresearch.core import StoreError, SystemClock
from arbresearch.core.units import NS_PER_SECOND
from arbresearch.store.checksum import MODULUS
from arbresearch.store.commitlog import Commit, CommitConflict, CommitLog, Part
from arbresearch.store.layout import Layout
from arbresearch.store.parts import PartReader, PartWriter
from arbresearch.store.schemas import table
from arbresearch.store.writers import Writer

__all__ = ["Compaction", "compact", "vacuum"]

ALL_TIMES = (-(2**63), 2**63 - 1)


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
    work = [sorted(parts, key=_by_order) for _, parts in sorted(partitions.items()) if len(parts) > 1]
    merged = [0, 0, 0, 0]
    for done, parts in enumerate(work):
        if progress is not None:
            progress(done, len(work))
        new = _merge(layout, reader, writer(), parts)
        change = Commit("compact", SystemClock().now_ns(), add=(new[1],), remove=tuple(part.path for part in parts))
        try:
            log.commit(change, writer().name)
        except CommitConflict:
            new[0].discard()
            continue
        except BaseException:
            new[0].discard()
            raise
        for position, value in enumerate((len(parts), new[1].rows, sum(p.bytes for p in parts), new[1].bytes)):
            merged[position] += value
    if progress is not None:
        progress(len(work), len(work))
    return Compaction(len(work), merged[0], merged[1], merged[2], merged[3], vacuum(layout, log, writer, grace_s))


def _by_order(part: Part) -> tuple[int, str]:
    writer, number = part.path.rsplit("/", 1)[1].removesuffix(".parquet").rsplit("-", 1)
    return part.order, f"{writer}{int(number):012d}"


def _merge(layout: Layout, reader: PartReader, writer: Writer, parts: list[Part]) -> tuple[PartWriter, Part]:
    first = parts[0]
    schema = table(first.table)
    names = [name for name in schema.names if name != "venue"]
    new = PartWriter(
        layout.root,
        layout.partition(first.table, first.venue, first.date),
        writer.next_part(),
        schema,
        first.venue,
        first.date,
    )
    try:
        for key in sorted({key for part in parts for key in part.keys}):
            pieces = [reader.read(schema, part, names, key, *ALL_TIMES) for part in parts if key in part.keys]
            rows = pl.concat(pieces).sort("recv_ns", maintain_order=True)
            whole = rows.with_columns(pl.lit(first.venue).alias("venue"), pl.col(pl.Float64).fill_nan(None))
            new.write(whole.select(schema.names))
        part = replace(new.finish(), order=min(part.order for part in parts))
    except BaseException:
        new.discard()
        raise
    if part.rows != sum(p.rows for p in parts) or part.checksum != sum(p.checksum for p in parts) % MODULUS:
        new.discard()
        raise StoreError(
            f"{first.path.rsplit('/', 1)[0]}: merged rows differ from the parts they came from; nothing was replaced"
        )
    return new, part


def vacuum(layout: Layout, log: CommitLog, writer: Callable[[], Writer], grace_s: float) -> int:
    """Remove the files of parts replaced more than ``grace_s`` seconds ago; return how many."""
    now = SystemClock().now_ns()
    old = [path for path, when in log.refresh().removed.items() if now - when >= grace_s * NS_PER_SECOND]
    if not old:
        return 0
    for path in old:
        (layout.root / path).unlink(missing_ok=True)
    log.commit(Commit("vacuum", now, note={"vacuumed": old}), writer().name)
    return len(old)
