"""Stretches of a stream with both clocks: how long its messages take, and whether it is in order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from arbresearch.backtest.config import BacktestConfig
from arbresearch.backtest.config_parts import LatencyModel
from arbresearch.backtest.faults import event_faults
from arbresearch.backtest.recordings import Span, parts_of
from arbresearch.backtest.streams import Stream, named
from arbresearch.core import NS_PER_MS, NS_PER_SECOND, BadInput
from arbresearch.matching import ConstantLatency, Latency, MeasuredLatency, VenueLatency, fit_latency
from arbresearch.store import TickStore

__all__ = ["ClockSample", "latency_of", "sample_clocks"]

_COLUMNS: Final = ("recv_ns", "event_ns", "bid", "bid_size", "ask", "ask_size")
_STRETCHES: Final = 4
_ROWS: Final = 20_000
_LEAST_NS, _MOST_NS = NS_PER_MS, 5 * NS_PER_SECOND
"""A median delay outside this is the offset of two clocks rather than a delay."""


@dataclass(frozen=True, slots=True)
class ClockSample:
    """What a few stretches of a stream say.

    Parameters
    ----------
    median_ns
        Median of receive less event time, which holds the offset between the clocks; None: no event times.
    delays
        Their distribution; None where the median is no plausible delay.
    warnings
        Rows that are there twice or out of order.
    """

    median_ns: int | None
    delays: MeasuredLatency | None
    warnings: tuple[str, ...]


def sample_clocks(store: TickStore, stream: Stream, span: Span) -> ClockSample:
    """Read a few stretches of a stream, spread over the span; all of it where it is short."""
    stretches = [
        store.read("quotes", stream.venue, stream.symbol, start, stop, _COLUMNS)
        for start, stop in _stretches(store, stream, span)
    ]
    told = next((found for one in stretches if (found := event_faults(one, stream.name))), ())
    rows = pl.concat(stretches)
    offsets = (rows["recv_ns"] - rows["event_ns"]).drop_nulls()
    if not offsets.len():
        return ClockSample(None, None, told)
    median = round(float(np.median(offsets.to_numpy())))
    delays = None
    if _LEAST_NS <= median <= _MOST_NS:
        try:
            delays = fit_latency(rows.select("recv_ns", "event_ns")).latency
        except BadInput:  # a few delays beyond an hour: a clock was set meanwhile
            delays = None
    return ClockSample(median, delays, told)


def latency_of(stream: Stream, config: BacktestConfig, sample: ClockSample | None) -> tuple[VenueLatency, str]:
    """Return the delays of a stream's venue, and where they come from.

    Given ones first, then what was measured, then the default. ``latency_ms`` is a round trip: half of it passes
    before a book is seen, half before an order reaches the venue, and half again before it is heard of.
    """
    given = named(config.latencies, stream)
    if given is not None:
        return given, f"latency of {stream.name}: given"
    if config.latency_ms is not None:
        return _round_trip(
            stream.venue, config.latency_ms
        ), f"latency of {stream.name}: {config.latency_ms:g} ms, given"
    extra = round(config.processing_ms * NS_PER_MS)
    if sample is not None and sample.delays is not None and sample.median_ns is not None:
        one_way = f"{sample.median_ns / NS_PER_MS:.1f} ms one way"
        feed: Latency = sample.delays
        if config.latency_model is LatencyModel.MEDIAN:
            feed = ConstantLatency(sample.median_ns)
        found = VenueLatency.from_feed(stream.venue, feed, processing_ns=extra, seed=config.seed)
        return (
            found,
            f"latency of {stream.name}: measured, median {one_way}, and {config.processing_ms:g} ms of processing",
        )
    why = "its quotes carry no event time"
    if sample is not None and sample.median_ns is not None:
        why = f"its clock and ours are {sample.median_ns / NS_PER_MS:,.0f} ms apart, which is no delay"
    default = config.default_latency_ms
    return _round_trip(stream.venue, default), f"latency of {stream.name}: {default:g} ms by default, for {why}"


def _round_trip(venue: str, latency_ms: float) -> VenueLatency:
    whole = round(latency_ms * NS_PER_MS)
    half = whole // 2
    return VenueLatency.constant(
        venue, feed_ns=half, entry_ns=whole - half, acknowledgement_ns=half, cancel_ns=whole - half
    )


def _stretches(store: TickStore, stream: Stream, span: Span) -> list[Span]:
    parts = parts_of(store, "quotes", stream, span)
    first = max(span[0], min((one.keys[stream.symbol][2] for one in parts), default=span[0]))
    stop = min(span[1], max((one.keys[stream.symbol][3] + 1 for one in parts), default=span[1]))
    rows = sum(one.keys[stream.symbol][1] for one in parts)
    if rows <= _STRETCHES * _ROWS:
        return [(first, max(stop, first + 1))]
    length = (stop - first) * _ROWS // rows
    return [
        (begin, begin + length)
        for begin in (first + (stop - length - first) * place // (_STRETCHES - 1) for place in range(_STRETCHES))
    ]
