"""One stream as arrays, slice by slice, so that memory is bounded by a slice and not by the stream."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil

import numpy as np
import polars as pl

from arbresearch.core.units import NS_PER_SECOND
from arbresearch.store.quality.kernels import Floats, Times
from arbresearch.store.quality.settings import QualitySettings
from arbresearch.store.tickstore import TickStore

__all__ = ["NO_EVENT", "Slice", "Stream", "slices"]

NO_EVENT = -(2**63)
_DEPTH_COST = 8
_SAMPLE_ROWS = 1_000_000


@dataclass(frozen=True, slots=True)
class Stream:
    """Which rows are checked: one symbol of one venue in one table, over a span of receive time."""

    table: str
    venue: str
    symbol: str
    rows: int
    first_ns: int
    last_ns: int

    @property
    def coin(self) -> str:
        """Return base and quote, the same for spot and perpetual."""
        return self.symbol.split(":")[0]

    @property
    def name(self) -> str:
        """Return venue and symbol as charts and tables write them."""
        return f"{self.venue} {self.symbol}"

    @property
    def stride(self) -> int:
        """Return every how many rows a value is kept for quantiles; 1 up to a million rows."""
        return max(1, ceil(self.rows / _SAMPLE_ROWS))

    def bin_ns(self, settings: QualitySettings) -> int:
        """Return the length of a clock bin: at most the setting, shorter so that a minute's recording has sixty."""
        span_s = (self.last_ns - self.first_ns) / NS_PER_SECOND
        return round(min(settings.clock_bin_s, max(1.0, span_s / 60.0)) * NS_PER_SECOND)


@dataclass(frozen=True, slots=True)
class Slice:
    """Consecutive rows of a stream.

    ``event_ns`` is :data:`NO_EVENT` where there is none. ``values`` are what a row says: bid, bid size, ask, ask size
    for books (of depth the best prices and the sums of sizes), price and size for trades; NaN where missing. ``ids``
    are trade ids.
    """

    recv_ns: Times
    event_ns: Times
    values: tuple[Floats, ...]
    ids: pl.Series | None = None

    def __len__(self) -> int:
        """Return the number of rows."""
        return int(self.recv_ns.size)


def slices(store: TickStore, stream: Stream, settings: QualitySettings) -> Iterator[Slice]:
    """Read a stream in slices of about ``slice_rows`` rows, cut at whole clock bins."""
    rows = settings.slice_rows // (_DEPTH_COST if stream.table == "depth" else 1)
    step = stream.bin_ns(settings)
    count = max(1, ceil(stream.rows / rows))
    length = max(step, ceil((stream.last_ns + 1 - stream.first_ns) / count / step) * step)
    if count == 1:
        length += step
    start = stream.first_ns
    while start <= stream.last_ns:
        stop = min((start // step) * step + length, stream.last_ns + 1)
        frame = store.read(stream.table, stream.venue, stream.symbol, start, stop)
        if frame.height:
            yield _slice(stream.table, frame)
        start = stop


def _slice(table: str, frame: pl.DataFrame) -> Slice:
    recv = frame["recv_ns"].to_numpy()
    event = frame["event_ns"].fill_null(NO_EVENT).to_numpy()
    if table == "trades":
        values = (frame["price"].to_numpy(), frame["size"].to_numpy())
        return Slice(recv, event, values, frame["trade_id"])
    if table == "depth":
        books = [frame[name].to_numpy() for name in ("bids", "bid_sizes", "asks", "ask_sizes")]
        best = [np.ascontiguousarray(books[at][:, 0]) for at in (0, 2)]
        shown = [np.nansum(books[at], axis=1) for at in (1, 3)]
        return Slice(recv, event, (best[0], shown[0], best[1], shown[1]))
    return Slice(recv, event, tuple(frame[name].to_numpy() for name in ("bid", "bid_size", "ask", "ask_size")))
