"""Spans in which a quote stood still although, by the pace of its neighbours, it should have moved."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from arbresearch.store.quality.kernels import Times
from arbresearch.store.quality.slices import Stream

__all__ = ["STALE_SCHEMA", "Activity", "Still", "stale_spans"]

_BUCKETS = 200_000
STALE_SCHEMA = {
    "venue": pl.String, "symbol": pl.String, "start_ns": pl.Int64, "end_ns": pl.Int64, "duration_s": pl.Float64,
    "kind": pl.String, "repeats": pl.Int64, "due": pl.Float64, "moved_on_venue": pl.Int64, "moved_elsewhere": pl.Int64,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Still:
    """A stream's spans without a change, to be judged once the pace of all streams is known."""

    stream: Stream
    changes: int
    spans: Times
    first_ns: int
    last_ns: int


@dataclass(slots=True)
class Activity:
    """Counts changes of all quotes by venue and by coin over equal stretches of time.

    At most 200,000 stretches whatever the span, so memory grows with venues and coins alone.
    """

    first_ns: int
    last_ns: int
    _venues: dict[str, Times] = field(default_factory=dict)
    _coins: dict[str, Times] = field(default_factory=dict)

    @property
    def bucket_ns(self) -> int:
        """Return the length of a stretch: a second, or more where the whole is long."""
        return max(1_000_000_000, (self.last_ns - self.first_ns) // _BUCKETS + 1)

    def add(self, stream: Stream, change_ns: Times) -> None:
        """Take in the changes of one stream."""
        size = int((self.last_ns - self.first_ns) // self.bucket_ns) + 1
        counts = np.bincount((change_ns - self.first_ns) // self.bucket_ns, minlength=size)
        for totals, key in ((self._venues, stream.venue), (self._coins, stream.coin)):
            totals[key] = totals[key] + counts if key in totals else counts

    def seal(self) -> None:
        """Turn counts into running totals; nothing can be added afterwards."""
        for totals in (self._venues, self._coins):
            for key, counts in totals.items():
                totals[key] = np.concatenate([[0], np.cumsum(counts)])

    def between(self, stream: Stream, spans: Times) -> tuple[Times, Times]:
        """Return changes on the stream's venue and of its coin, in the whole stretches inside each span."""
        return self._inside(self._venues[stream.venue], spans), self._inside(self._coins[stream.coin], spans)

    def on_venue(self, venue: str, spans: Times) -> Times | None:
        """Return changes on a venue in the whole stretches inside each span; None for a venue without quotes."""
        totals = self._venues.get(venue)
        return None if totals is None else self._inside(totals, spans)

    def _inside(self, totals: Times, spans: Times) -> Times:
        first = np.clip(-(-(spans[:, 0] + 1 - self.first_ns) // self.bucket_ns), 0, totals.size - 1)
        last = np.maximum(np.clip((spans[:, 1] - self.first_ns) // self.bucket_ns, 0, totals.size - 1), first)
        result: Times = totals[last] - totals[first]
        return result


def stale_spans(still: Iterable[Still], activity: Activity, expected_changes: float) -> pl.DataFrame:
    """Return the spans in which at least ``expected_changes`` were due and none came.

    Due is the larger of two estimates: changes of the venue's other streams, and of the same coin in other streams, in
    the span, each times this stream's changes for each of theirs over its whole time.

    Returns
    -------
    polars.DataFrame
        venue, symbol, start_ns, end_ns, duration_s; kind, ``repeats`` where the same quote came again and ``silent``
        where nothing came; repeats, rows that came; due; moved_on_venue and moved_elsewhere, changes of the venue's
        other streams and of the same coin in other streams.
    """
    frames = [pl.DataFrame(schema=STALE_SCHEMA)]
    for one in still:
        if not one.spans.size:
            continue
        whole = np.array([[one.first_ns, one.last_ns]])
        pace = [max(int(total[0]) - one.changes, 0) for total in activity.between(one.stream, whole)]
        moved = activity.between(one.stream, one.spans)
        due = np.maximum(*(here * one.changes / max(others, 1) for here, others in zip(moved, pace, strict=True)))
        start, end, repeats = one.spans.T
        frames.append(
            pl.DataFrame(
                {
                    "venue": [one.stream.venue] * due.size,
                    "symbol": [one.stream.symbol] * due.size,
                    "start_ns": start,
                    "end_ns": end,
                    "duration_s": (end - start) / 1e9,
                    "kind": np.where(repeats > 0, "repeats", "silent"),
                    "repeats": repeats,
                    "due": due,
                    "moved_on_venue": moved[0],
                    "moved_elsewhere": moved[1],
                },
                schema=STALE_SCHEMA,
            ).filter(pl.col("due") >= expected_changes)
        )
    return pl.concat(frames)
