"""Check every stream of a store."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import polars as pl

from arbresearch.core import BadInput, expected, parse_ns
from arbresearch.core.units import NS_PER_HOUR, NS_PER_SECOND
from arbresearch.store.quality.arrivals import Arrivals
from arbresearch.store.quality.books import Books, Changes, Identifiers
from arbresearch.store.quality.clocks import Clocks
from arbresearch.store.quality.prints import PRINTS_SCHEMA, Prints, mark_elsewhere
from arbresearch.store.quality.report import QualityReport
from arbresearch.store.quality.settings import QualitySettings
from arbresearch.store.quality.slices import Stream, slices
from arbresearch.store.quality.stale import Activity, Still, stale_spans
from arbresearch.store.quality.verdict import judge
from arbresearch.store.tickstore import Moment, TickStore

__all__ = ["CHECKED_TABLES", "check_store"]

CHECKED_TABLES: Final = ("quotes", "trades", "depth")
"""Tables that are checked, in the order of the report."""

_ORDER: Final = {name: place for place, name in enumerate(CHECKED_TABLES)}
_KEYS: Final = {"table": pl.String, "venue": pl.String, "symbol": pl.String}
_NOTHING: Final = {**_KEYS, "verdict": pl.String, "rows": pl.Int64}
_HOURS: Final = {**_KEYS, "hour_ns": pl.Int64, "rows": pl.Int64, "covered_share": pl.Float64}
_GAPS: Final = {**_KEYS, "start_ns": pl.Int64, "end_ns": pl.Int64, "duration_s": pl.Float64}
_CLOCKS: Final = {
    **_KEYS, "recv_ns": pl.Int64, "rows": pl.Int64, "offset_min_ms": pl.Float64, "offset_ms": pl.Float64,
    "offset_p99_ms": pl.Float64, "drift_ms": pl.Float64,
}  # fmt: skip


@dataclass(slots=True)
class _Findings:
    """What one stream gave; verdicts wait until all streams are known."""

    stream: Stream
    figures: dict[str, Any]
    hours: pl.DataFrame
    gaps: pl.DataFrame
    prints: pl.DataFrame
    clocks: pl.DataFrame
    still: Still | None


def check_store(
    store: TickStore,
    settings: QualitySettings | None = None,
    *,
    venues: Collection[str] | None = None,
    symbols: Collection[str] | None = None,
    tables: Collection[str] = CHECKED_TABLES,
    start: Moment | None = None,
    end: Moment | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> QualityReport:
    """Check the quotes, trades and depth of a store, stream by stream, and judge each stream.

    Parameters
    ----------
    store
        Any store; it is only read.
    settings
        Thresholds; the defaults when None.
    venues, symbols
        Only these; None or empty is all.
    tables
        Some of :data:`CHECKED_TABLES`.
    start, end
        Receive times, start included and end not; None is open.
    progress
        Called with streams done and in all.

    Raises
    ------
    BadInput
        If a venue, symbol or table is named that the store does not have.
    """
    chosen = settings or QualitySettings()
    streams = _streams(store, venues, symbols, tables, start, end)
    quotes = [one for one in streams if one.table == "quotes"]
    activity = Activity(min((s.first_ns for s in quotes), default=0), max((s.last_ns for s in quotes), default=0))
    found: list[_Findings] = []
    for done, stream in enumerate(streams):
        findings = _check_stream(store, stream, chosen, activity)
        if findings is not None:
            found.append(findings)
        if progress is not None:
            progress(done + 1, len(streams))
    activity.seal()
    stale = stale_spans([one.still for one in found if one.still is not None], activity, chosen.stale_expected)
    prints = mark_elsewhere(_stacked([one.prints for one in found], PRINTS_SCHEMA), chosen.elsewhere_s)
    rows = [_judged(one, stale, prints, chosen) for one in found]
    gaps = _with_venue(_stacked([one.gaps for one in found], _GAPS), activity)
    return QualityReport(
        chosen,
        pl.DataFrame(rows, infer_schema_length=None) if rows else pl.DataFrame(schema=_NOTHING),
        _stacked([one.hours for one in found], _HOURS),
        _worst(gaps, pl.col("duration_s"), chosen.listed),
        _worst(stale, pl.col("duration_s"), chosen.listed),
        _worst(prints, pl.col("distance_bps").abs(), chosen.listed),
        _stacked([one.clocks for one in found], _CLOCKS),
    )


def _streams(
    store: TickStore,
    venues: Collection[str] | None,
    symbols: Collection[str] | None,
    tables: Collection[str],
    start: Moment | None,
    end: Moment | None,
) -> list[Stream]:
    for name in tables:
        if name not in CHECKED_TABLES:
            raise BadInput(expected("tables", f"some of {', '.join(CHECKED_TABLES)}", repr(name)))
    held = store.coverage().filter(pl.col("table").is_in(list(CHECKED_TABLES)))
    for what, wanted in (("venue", venues), ("symbol", symbols)):
        known = sorted(held[what].unique())
        for one in wanted or ():
            if one not in known:
                raise BadInput(expected(what, f"one in the store: {', '.join(known[:12]) or 'it has none'}", repr(one)))
    low = parse_ns(start) if start is not None else -(2**63)
    high = parse_ns(end) if end is not None else 2**63 - 1
    for name, wanted in (("table", tables), ("venue", venues), ("symbol", symbols)):
        if wanted:
            held = held.filter(pl.col(name).is_in(list(wanted)))
    found = []
    for row in held.sort(pl.col("table").replace_strict(_ORDER), "symbol", "venue").iter_rows(named=True):
        first, last = max(row["first_ns"], low), min(row["last_ns"], high - 1)
        if first <= last:
            share = (last + 1 - first) / (row["last_ns"] + 1 - row["first_ns"])
            rows = max(1, round(row["rows"] * share))
            found.append(Stream(row["table"], row["venue"], row["symbol"], rows, first, last))
    return found


def _check_stream(store: TickStore, stream: Stream, chosen: QualitySettings, activity: Activity) -> _Findings | None:
    book = stream.table != "trades"
    arrivals = Arrivals(chosen, stream.stride)
    clocks = Clocks(stream.bin_ns(chosen), stream.stride)
    books, changes, prints = Books(chosen), Changes(chosen), Prints(chosen, stream)
    identifiers = Identifiers()
    for part in slices(store, stream, chosen):
        arrivals.add(part)
        clocks.add(part)
        prints.add(part)
        moments = changes.add(part)
        if book:
            books.add(part)
        if part.ids is not None:
            identifiers.add(part.ids)
        if stream.table == "quotes":
            activity.add(stream, moments)
    if not arrivals.rows:
        return None
    found = prints.finish()
    gaps = arrivals.gaps()
    length = (gaps[:, 1] - gaps[:, 0]) / NS_PER_SECOND
    span_s = (arrivals.last_ns - arrivals.first_ns) / NS_PER_SECOND
    covered_s = span_s - float(length.sum())
    least, median, late = clocks.offsets_ms()
    drift = clocks.drift()
    figures: dict[str, Any] = {
        "table": stream.table,
        "venue": stream.venue,
        "symbol": stream.symbol,
        "rows": arrivals.rows,
        "first_ns": arrivals.first_ns,
        "last_ns": arrivals.last_ns,
        "span_s": span_s,
        "covered_share": covered_s / span_s if span_s else float("nan"),
        "rows_per_hour": arrivals.rows / covered_s * (NS_PER_HOUR / NS_PER_SECOND) if covered_s else float("nan"),
        "median_interval_s": arrivals.median_interval_s,
        "gaps": len(gaps),
        "longest_gap_s": float(length.max(initial=0.0)),
        "gap_s": float(length.sum()),
        "repeated_rows": changes.repeats if book else None,
        "duplicate_rows": identifiers.repeated if identifiers.known else changes.duplicates,
        "outlier_prints": prints.count,
        "event_share": clocks.stamped / clocks.rows,
        "same_event_rows": clocks.repeated,
        "unordered_rows": clocks.unordered,
        "negative_share": clocks.negative / clocks.stamped if clocks.stamped else float("nan"),
        "offset_min_ms": least,
        "offset_median_ms": median,
        "offset_p99_ms": late,
        "clock_behind_s": max(0.0, -median / 1e3) if clocks.stamped else float("nan"),
        "drift_ppm": drift.ppm,
        "drift_low_ppm": drift.low_ppm,
        "drift_high_ppm": drift.high_ppm,
    }
    for name in ("crossed", "locked", "one_sided"):
        share = getattr(books, name)
        figures[f"{name}_rows"] = share.rows if book else None
        figures[f"{name}_time_share"] = books.share_of_time(share) if book else None
    still = None
    if stream.table == "quotes":
        still = Still(stream, changes.changes, changes.spans(), arrivals.first_ns, arrivals.last_ns)
    listed = pl.DataFrame({"start_ns": gaps[:, 0], "end_ns": gaps[:, 1], "duration_s": length})
    frames = [_keyed(stream, frame) for frame in (arrivals.hours(), listed, clocks.frame(drift))]
    return _Findings(stream, figures, frames[0], frames[1], found, frames[2], still)


def _judged(one: _Findings, stale: pl.DataFrame, prints: pl.DataFrame, chosen: QualitySettings) -> dict[str, Any]:
    stream, figures = one.stream, one.figures
    mine = (pl.col("venue") == stream.venue) & (pl.col("symbol") == stream.symbol)
    spans = stale.filter(mine) if stream.table == "quotes" else stale.clear()
    found = prints.filter(mine & (pl.col("table") == stream.table))
    isolated = found.filter(pl.col("isolated"))
    lone = isolated.filter(~pl.col("elsewhere"))
    figures |= {
        "stale_spans": spans.height,
        "longest_stale_s": _largest(spans["duration_s"]),
        "stale_share": float(spans["duration_s"].sum()) / figures["span_s"] if figures["span_s"] else 0.0,
        "isolated_prints": isolated.height,
        "shared_prints": isolated.height - lone.height,
        "lone_prints": lone["recv_ns"].n_unique(),
        "furthest_print_bps": _largest(found["distance_bps"].abs()),
        "furthest_shared_bps": _largest(isolated.filter(pl.col("elsewhere"))["distance_bps"].abs()),
        "furthest_lone_bps": _largest(lone["distance_bps"].abs()),
    }
    verdict, reasons = judge(figures, chosen)
    keys = {name: figures[name] for name in ("table", "venue", "symbol")}
    return {**keys, "verdict": str(verdict), "reasons": "; ".join(reasons), **figures}


def _largest(values: pl.Series) -> float:
    return float(np.max(values.to_numpy(), initial=0.0))


def _with_venue(gaps: pl.DataFrame, activity: Activity) -> pl.DataFrame:
    """Add ``moved_on_venue``: changes of the venue's other quotes in the gap; null where the venue has no quotes."""
    frames = [pl.DataFrame(schema=_GAPS | {"moved_on_venue": pl.Int64})]
    for (venue,), mine in gaps.group_by("venue", maintain_order=True):
        moved = activity.on_venue(str(venue), mine.select("start_ns", "end_ns").to_numpy())
        frames.append(mine.with_columns(pl.Series("moved_on_venue", moved, dtype=pl.Int64)))
    return pl.concat(frames)


def _keyed(stream: Stream, frame: pl.DataFrame) -> pl.DataFrame:
    keys = {"table": stream.table, "venue": stream.venue, "symbol": stream.symbol}
    return frame.select(*(pl.lit(value).alias(name) for name, value in keys.items()), pl.all())


def _stacked(frames: list[pl.DataFrame], schema: dict[str, Any]) -> pl.DataFrame:
    return pl.concat([pl.DataFrame(schema=schema), *frames])


def _worst(frame: pl.DataFrame, by: pl.Expr, limit: int) -> pl.DataFrame:
    """Keep the ``limit`` worst of each stream, and put all in order of time."""
    keys = ["venue", "symbol", *(["table"] if "table" in frame.columns else [])]
    clock = "recv_ns" if "recv_ns" in frame.columns else "start_ns"
    return frame.filter(by.rank("ordinal", descending=True).over(keys) <= limit).sort(clock, *keys)
