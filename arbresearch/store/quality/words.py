"""What a check found, part by part, in Markdown."""

from __future__ import annotations

from typing import Final

import polars as pl

from arbresearch.core import BadInput, expected
from arbresearch.store.quality.report import QualityReport
from arbresearch.store.quality.verdict import duration_text

__all__ = ["PARTS", "describe"]

PARTS: Final = ("gaps", "books", "prints", "clocks")


def describe(report: QualityReport, part: str) -> str:
    """Say in a sentence or two what was found.

    Parameters
    ----------
    report
        A check.
    part
        One of :data:`PARTS`: gaps and stale spans of quotes; crossed, locked and one-sided books; outlying prices;
        clocks.

    Raises
    ------
    BadInput
        An unknown part.
    """
    words = {"gaps": _gaps, "books": _books, "prints": _prints, "clocks": _clocks}
    if part not in words:
        raise BadInput(expected("part", f"one of {', '.join(PARTS)}", repr(part)))
    return words[part](report)


def _gaps(report: QualityReport) -> str:
    quotes = report.streams.filter(pl.col("table") == "quotes")
    if not quotes.height:
        return "There are no quotes."
    gaps, stale = int(quotes["gaps"].sum()), int(quotes["stale_spans"].sum())
    if not gaps and not stale:
        return f"**None**: no gap, and no quote that stood still, in {_count(quotes.height, 'stream')}."
    holed = quotes.filter((pl.col("gaps") > 0) | (pl.col("stale_spans") > 0))
    longest = duration_text(float(holed.select(pl.max_horizontal("longest_gap_s", "longest_stale_s").max()).item()))
    found = [_count(gaps, "gap")] if gaps else []
    found += [f"{_count(stale, 'span')} in which a quote stood still"] if stale else []
    where = f"in {holed.height:,} of {_count(quotes.height, 'stream')}"
    both = " A silent span may be a gap as well." if gaps and stale else ""
    return f"**{' and '.join(found)}** {where}, the longest {longest}.{both}"


def _books(report: QualityReport) -> str:
    books = report.streams.filter(pl.col("table") != "trades")
    rows = int(books["rows"].sum()) if books.height else 0
    if not rows:
        return "There are no books."
    counts = {
        words: int(books[f"{name}_rows"].sum())
        for name, words in (("crossed", "crossed"), ("locked", "locked"), ("one_sided", "with an empty side"))
    }
    if not any(counts.values()):
        return f"**None**: every one of {rows:,} books has a bid below its ask."
    return f"**{', '.join(f'{count:,} {words}' for words, count in counts.items() if count)}** of {rows:,} books."


def _prints(report: QualityReport) -> str:
    if not report.streams.height:
        return "There is nothing to judge."
    lone, shared = int(report.streams["lone_prints"].sum()), int(report.streams["shared_prints"].sum())
    if not lone and not shared:
        return "**None**: no price jumped far away and came back."
    found = []
    if lone:
        streams = report.streams.filter(pl.col("lone_prints") > 0).height
        far = f"up to {_furthest(report, 'furthest_lone_bps')} away"
        found.append(f"**{_count(lone, 'row')} with a lone price**, in {_count(streams, 'stream')}, {far}.")
    if shared:
        far = _furthest(report, "furthest_shared_bps")
        found.append(
            f"{_count(shared, 'price')} that jumped up to {far} are moves of the market: another venue shows them."
        )
    return " ".join(found)


def _clocks(report: QualityReport) -> str:
    stamped = report.streams.filter(pl.col("event_share") > 0) if report.streams.height else report.streams
    if not stamped.height:
        return "**Not measured**: no row carries the exchange's own time."
    median = float(stamped["offset_median_ms"].median())  # type: ignore[arg-type]
    behind = stamped.filter(pl.col("negative_share") > 0.5)
    without = report.streams.height - stamped.height
    rest = f" {_count(without, 'stream')} carry no event time." if without else ""
    if behind.height:
        least = duration_text(float(behind["clock_behind_s"].median()))  # type: ignore[arg-type]
        return f"**The local clock runs {least} behind** the exchange's, in {_count(behind.height, 'stream')}.{rest}"
    negative = stamped.filter(pl.col("negative_share") > 0).height
    early = f" Rows that arrive before they happen: in {_count(negative, 'stream')}." if negative else ""
    return f"Rows arrive {duration_text(median / 1e3)} after they happened, in the middle stream.{early}{rest}"


def _furthest(report: QualityReport, column: str) -> str:
    return f"{float(report.streams[column].to_numpy().max()):,.0f} bps"


def _count(number: int, word: str) -> str:
    return f"one {word}" if number == 1 else f"{number:,} {word}s"
