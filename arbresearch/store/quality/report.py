"""What a check of a store found: frames for tables and charts, and one JSON form."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from math import isfinite
from typing import Any, Literal

import polars as pl

from arbresearch.core import format_ns
from arbresearch.store.quality.settings import QualitySettings
from arbresearch.store.quality.verdict import Verdict, duration_text

__all__ = ["QualityReport"]

_RANK = {str(Verdict.BAD): 0, str(Verdict.USABLE): 1, str(Verdict.GOOD): 2}


@dataclass(frozen=True, slots=True)
class QualityReport:
    """The result of :func:`arbresearch.store.quality.check_store`. All times are ns UTC by the receive clock.

    Parameters
    ----------
    settings
        The thresholds it was made with.
    streams
        A row a stream, quotes first: table, venue, symbol, verdict, reasons (one text); rows, first_ns, last_ns,
        span_s, covered_share, rows_per_hour, median_interval_s; gaps, longest_gap_s, gap_s; crossed_rows, locked_rows,
        one_sided_rows and each as ``_time_share``; stale_spans, longest_stale_s, stale_share; repeated_rows (rows that
        say what the one before said), duplicate_rows; outlier_prints (prices), isolated_prints (those that came back),
        shared_prints (those of them that another venue shows too), lone_prints (rows with one that none shows),
        furthest_print_bps, furthest_shared_bps, furthest_lone_bps; event_share (rows
        with an event time), same_event_rows, unordered_rows, negative_share, offset_min_ms, offset_median_ms,
        offset_p99_ms, clock_behind_s (least by which the local clock is behind), drift_ppm, drift_low_ppm,
        drift_high_ppm. Null where a figure means nothing for the table; NaN where it cannot be measured.
    hours
        table, venue, symbol, hour_ns, rows, covered_share of the hour.
    gaps
        table, venue, symbol, start_ns, end_ns, duration_s, moved_on_venue: changes of the venue's other quotes
        meanwhile (0: the whole venue, or the recorder, was silent; null: it has no quotes).
    stale
        See :func:`arbresearch.store.quality.stale.stale_spans`.
    prints
        Outliers: table, venue, symbol, recv_ns, side, price, median of its neighbours, distance_bps, isolated, back_s
        until it was back, elsewhere (another venue shows it too).
    clocks
        venue, symbol, table, recv_ns, rows, offset_min_ms, offset_ms (median), offset_p99_ms, drift_ms (fitted line).
    """

    settings: QualitySettings
    streams: pl.DataFrame
    hours: pl.DataFrame
    gaps: pl.DataFrame
    stale: pl.DataFrame
    prints: pl.DataFrame
    clocks: pl.DataFrame

    def count(self, verdict: Verdict | str) -> int:
        """Return how many streams have a verdict."""
        return int((self.streams["verdict"] == str(verdict)).sum())

    @property
    def rows(self) -> int:
        """Return how many rows were checked."""
        return int(self.streams["rows"].sum())

    def worst(self, limit: int | None = None) -> pl.DataFrame:
        """Return the streams, worst verdict first, then those with most rows."""
        rank = pl.col("verdict").replace_strict(_RANK, return_dtype=pl.Int64)
        ordered = self.streams.sort(rank, pl.col("rows"), descending=[False, True], maintain_order=True)
        return ordered if limit is None else ordered.head(limit)

    def named(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Return one of the frames with ``stream``: venue and symbol, and the table where it is not quotes."""
        table = pl.when(pl.col("table") == "quotes").then(pl.lit("")).otherwise(pl.format(" ({})", "table"))
        both = pl.concat_str("venue", pl.lit(" "), "symbol")
        return frame.with_columns((both + table if "table" in frame.columns else both).alias("stream"))

    def coverage(self, limit: int = 40) -> pl.DataFrame:
        """Return rows an hour of the worst streams of quotes, worst first: stream, hour_ns, rows, covered_share."""
        quotes = self.worst().filter(pl.col("table") == "quotes").head(limit).with_row_index("rank")
        keys = ["table", "venue", "symbol"]
        rows = self.hours.join(quotes.select("rank", *keys), on=keys).sort("rank", "hour_ns")
        return self.named(rows).select("stream", "hour_ns", "rows", "covered_share")

    def spans(self) -> pl.DataFrame:
        """Return gaps and stale spans of quotes, each span once: stream, start_ns, end_ns, duration_s, kind."""
        columns = ("stream", "start_ns", "end_ns", "duration_s", "kind")
        words = {"silent": "silent while others moved", "repeats": "same quote while others moved"}
        stale = self.stale.with_columns(pl.col("kind").replace(words))
        gaps = self.gaps.filter(pl.col("table") == "quotes").with_columns(pl.lit("gap").alias("kind"))
        others = gaps.join(stale, on=["venue", "symbol", "start_ns", "end_ns"], how="anti", maintain_order="left")
        frames = [self.named(one).select(columns) for one in (others, stale)]
        return pl.concat(frames).sort("start_ns", "stream", "kind")

    def offsets(self, streams: int = 6) -> pl.DataFrame:
        """Return the clock offsets over time of the fullest stream of quotes of each venue, for a chart.

        stream, recv_ns, offset_ms (median of the stretch), offset_min_ms, drift_ms (the fitted line).
        """
        stamped = self.streams.filter((pl.col("event_share") > 0) & (pl.col("table") == "quotes"))
        fullest = stamped.sort("rows", descending=True, maintain_order=True).unique("venue", keep="first")
        keys = ["table", "venue", "symbol"]
        rows = self.clocks.join(fullest.select(keys).head(streams), on=keys)
        return (
            self.named(rows)
            .select("stream", "recv_ns", "offset_ms", "offset_min_ms", "drift_ms")
            .sort("stream", "recv_ns")
        )

    def clock_table(self) -> pl.DataFrame:
        """Return what the clocks say of each venue and table, over its streams.

        venue, table, streams, offset_min_ms (the least), offset_median_ms and drift_ppm (the middle stream's),
        offset_p99_ms, negative_share and unordered_share (the worst stream's).
        """
        share = (pl.col("unordered_rows") / pl.col("rows")).alias("unordered_share")
        stamped = self.streams.filter(pl.col("event_share") > 0).with_columns(share, pl.col("drift_ppm").fill_nan(None))
        return (
            stamped.group_by("venue", "table")
            .agg(
                pl.len().alias("streams"),
                pl.col("offset_min_ms").min(),
                pl.col("offset_median_ms").median(),
                pl.col("offset_p99_ms").max(),
                pl.col("drift_ppm").median(),
                pl.col("negative_share").max(),
                pl.col("unordered_share").max(),
            )
            .sort("venue", "table")
        )

    def print_table(self, each: int = 3) -> pl.DataFrame:
        """Return the furthest isolated outliers, ``each`` of a stream, those seen nowhere else first.

        stream, recv_ns, side, price (text of six digits), distance_bps, back_s, elsewhere, alike (how many there are
        of the stream).
        """
        far = pl.col("distance_bps").abs()
        text = pl.col("price").map_elements(lambda price: f"{price:.6g}", return_dtype=pl.String)
        keys = ["table", "venue", "symbol"]
        found = self.named(self.prints.filter(pl.col("isolated"))).with_columns(
            text.alias("price"),
            pl.len().over(keys).alias("alike"),
            far.rank("ordinal", descending=True).over(keys).alias("place"),
        )
        shown = found.filter(pl.col("place") <= each).sort("elsewhere", far, descending=[False, True])
        return shown.select("stream", "recv_ns", "side", "price", "distance_bps", "back_s", "elsewhere", "alike")

    def key_figures(self) -> dict[str, dict[str, Any]]:
        """Return the figures a report puts first: name to value, unit and how it reads."""
        if not self.streams.height:
            return {}
        figures: dict[str, dict[str, Any]] = {
            "streams": {"value": self.streams.height},
            "rows": {"value": self.rows},
            "good": {"value": self.count(Verdict.GOOD)},
            "usable with care": {"value": self.count(Verdict.USABLE)},
            "bad": {"value": self.count(Verdict.BAD)},
            "covered": {"value": round(100.0 * self._covered(), 3), "unit": "% of time"},
            "longest gap": _duration(_top(self.streams["longest_gap_s"])),
            "stood still": {"value": int(self.streams["stale_spans"].sum()), "unit": "times"},
            "crossed books": {"value": int(self.streams["crossed_rows"].fill_null(0).sum()), "unit": "rows"},
            "lone prices": {"value": int(self.streams["lone_prints"].sum())},
            "duplicates": {"value": int(self.streams["duplicate_rows"].sum()), "unit": "rows"},
        }
        behind = _top(self.streams["clock_behind_s"])
        if behind > 0:
            figures["local clock behind by"] = _duration(behind)
        return figures

    def _covered(self) -> float:
        spans = self.streams.select(pl.col("span_s").sum(), pl.col("gap_s").sum()).row(0)
        return 1.0 - spans[1] / spans[0] if spans[0] else 1.0

    def status(self) -> Literal["ok", "warn", "no"]:
        """Return ``no`` when most streams are bad or there are none, ``ok`` when all are good, else ``warn``."""
        if not self.streams.height or 2 * self.count(Verdict.BAD) > self.streams.height:
            return "no"
        return "ok" if self.count(Verdict.GOOD) == self.streams.height else "warn"

    def sentence(self) -> str:
        """Return the verdict on the whole in one sentence."""
        if not self.streams.height:
            return "There is nothing to check: no stream matches."
        good, usable, bad = (self.count(one) for one in Verdict)
        first, last = int(self.streams["first_ns"].min()), int(self.streams["last_ns"].max())  # type: ignore[arg-type]
        span = f"{format_ns(first, 0)[:16].replace('T', ' ')} to {format_ns(last, 0)[:16].replace('T', ' ')} UTC"
        what = f"{self.rows:,} rows in {self.streams.height:,} streams, {span}"
        return f"{good} good, {usable} usable with care, {bad} bad: {what}."

    def result_tables(self, rows: int = 300) -> dict[str, pl.DataFrame]:
        """Return what later stages read: streams, gaps, stale and prints, the worst of each and at most ``rows``."""
        far = pl.col("distance_bps").abs()
        return {
            "streams": self.worst(rows),
            "gaps": self.gaps.sort("duration_s", descending=True).head(rows),
            "stale": self.stale.sort("duration_s", descending=True).head(rows),
            "prints": self.prints.sort("elsewhere", far, descending=[False, True]).head(rows),
        }

    def as_dict(self, listed: int = 50) -> dict[str, Any]:
        """Return everything but the charts' frames as JSON values; lists are cut to the ``listed`` worst."""
        counts = {str(one): self.count(one) for one in Verdict} | {"rows": self.rows, "streams": self.streams.height}
        return {
            "verdict": self.sentence(),
            "streams": _records(self.worst()),
            "gaps": _records(self.gaps.sort("duration_s", descending=True).head(listed)),
            "stale": _records(self.stale.sort("duration_s", descending=True).head(listed)),
            "prints": _records(self.prints.sort(pl.col("distance_bps").abs(), descending=True).head(listed)),
            "counts": counts,
            "settings": asdict(self.settings),
        }


def _top(values: pl.Series) -> float:
    known = values.drop_nulls().drop_nans()
    return float(known.max()) if known.len() else 0.0  # type: ignore[arg-type]


def _duration(seconds: float) -> dict[str, Any]:
    return {"value": round(seconds, 3), "unit": "s", "text": duration_text(seconds)}


def _records(frame: pl.DataFrame) -> list[dict[str, Any]]:
    return [
        {key: None if isinstance(value, float) and not isfinite(value) else value for key, value in row.items()}
        for row in frame.iter_rows(named=True)
    ]
