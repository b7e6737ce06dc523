"""Delays of a feed from the two clocks of a recorded stream."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from arbresearch.core import BadInput, SchemaError, expected
from arbresearch.matching.latency import MeasuredLatency

__all__ = ["LatencyFit", "fit_latency"]


@dataclass(frozen=True, slots=True)
class LatencyFit:
    """A measured feed delay, and what it rests on.

    Parameters
    ----------
    latency
        The model.
    rows, stamped
        Rows of the stream, and those that carry the exchange's clock.
    negative
        Rows that would have arrived before they happened under the clock offset; counted as arriving at once.
    clock_offset_ns
        Our clock less the exchange's, as given or assumed.
    """

    latency: MeasuredLatency
    rows: int
    stamped: int
    negative: int
    clock_offset_ns: int


def fit_latency(stream: pl.DataFrame, *, clock_offset_ns: int | None = None, points: int = 4096) -> LatencyFit:
    """Measure the delay of a feed: ``recv_ns - event_ns - clock_offset_ns`` of each row.

    One stream cannot tell a delay from an offset between the two clocks. Without a known offset the clocks are taken
    to agree, unless rows would arrive before they happened; then the exchange's clock is taken to be ahead by just as
    much as makes the smallest delay zero, which understates every delay by the true smallest one. Drift is not removed:
    measure over hours, or see :func:`~arbresearch.store.quality.check`. Each row counts alike, so bursts, in
    which messages queue up, weigh as much as they have messages.

    Parameters
    ----------
    stream
        Rows of a quotes, depth or trades stream of one venue: recv_ns and event_ns, Int64; null event times are left
        out.
    clock_offset_ns
        Our clock less the exchange's, from a time server or a ping; None: not known.
    points
        The distribution is kept as at most so many of its order statistics, evenly spaced from the smallest to the
        largest.

    Raises
    ------
    SchemaError
        A clock column is missing.
    BadInput
        No row carries an event time; a given offset that makes half of the delays negative; delays beyond an hour;
        fewer than two points.
    """
    for name in ("recv_ns", "event_ns"):
        if name not in stream.columns:
            raise SchemaError(expected("stream", f"a column {name}", ", ".join(stream.columns)))
    if points < 2:
        raise BadInput(expected("points", "two or more", points))
    offsets = np.sort((stream["recv_ns"] - stream["event_ns"]).drop_nulls().to_numpy())
    if not offsets.size:
        raise BadInput(expected("stream", "rows with event_ns", "none", "give a ConstantLatency for this venue"))
    offset = min(0, int(offsets[0])) if clock_offset_ns is None else clock_offset_ns
    delays = offsets - offset
    if delays[delays.size // 2] < 0:
        todo = "check its sign: it is our clock less the exchange's"
        raise BadInput(expected("clock_offset_ns", "below the median of recv_ns - event_ns", offset, todo))
    negative = int(np.searchsorted(delays, 0))
    if delays.size > points:
        delays = delays[np.linspace(0, delays.size - 1, points).round().astype(np.int64)]
    latency = MeasuredLatency(tuple(np.maximum(delays, 0).tolist()))
    return LatencyFit(latency, stream.height, int(offsets.size), negative, offset)
