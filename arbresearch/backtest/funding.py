"""When funding was paid, from a feed that announces it."""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl

from arbresearch.backtest.market import FundingRows, no_funding
from arbresearch.backtest.recordings import Span, parts_of
from arbresearch.backtest.streams import Stream
from arbresearch.core import NS_PER_DAY, NS_PER_HOUR, format_ns
from arbresearch.store import TickStore

__all__ = ["funding_gaps", "payments_of", "read_funding"]

_SOME: Final = 3


def payments_of(rows: pl.DataFrame) -> FundingRows:
    """Return the payments that a feed of funding rates announced.

    Parameters
    ----------
    rows
        ``recv_ns``, ``rate`` and ``next_ns``, rising in receive time. Each row says what is paid at ``next_ns``; of
        several that announce one payment the last before it counts. A row without ``next_ns`` is a payment itself.

    Returns
    -------
    FundingRows
        Rising in time, each payment once.
    """
    due = pl.coalesce("next_ns", "recv_ns").alias("due_ns")
    told = rows.select("recv_ns", "rate", due).filter(pl.col("recv_ns") <= pl.col("due_ns"), pl.col("rate").is_finite())
    last = told.unique("due_ns", keep="last", maintain_order=True).sort("due_ns")
    return FundingRows(
        np.ascontiguousarray(last["due_ns"].to_numpy()), np.ascontiguousarray(last["rate"].cast(pl.Float64).to_numpy())
    )


def read_funding(store: TickStore, stream: Stream, span: Span) -> tuple[FundingRows, tuple[str, ...]]:
    """Return the payments of a perpetual within a span, and what is wrong with them.

    What was announced up to a day before the span counts too.
    """
    start_ns, end_ns = span
    before = (start_ns - NS_PER_DAY, end_ns)
    if not parts_of(store, "funding", stream, before):
        return no_funding(), (f"{stream.name}: no funding was recorded, so none is paid",)
    rows = store.read("funding", stream.venue, stream.symbol, *before, columns=["recv_ns", "rate", "next_ns"])
    paid = payments_of(rows)
    inside = slice(*np.searchsorted(paid.recv_ns, [start_ns, end_ns]).tolist())
    kept = FundingRows(paid.recv_ns[inside], paid.rate[inside])
    return kept, funding_gaps(stream.name, kept, span)


def funding_gaps(name: str, paid: FundingRows, span: Span) -> tuple[str, ...]:
    """Say where payments are missing: between two further apart than one and a half of their usual interval.

    The usual interval is the median one; eight hours where there are fewer than two payments.
    """
    times = paid.recv_ns
    usual = float(np.median(np.diff(times))) if times.size > 1 else 8.0 * NS_PER_HOUR
    edges = np.concatenate(([span[0]], times, [span[1]]))
    long = np.flatnonzero(np.diff(edges) > 1.5 * usual)
    if not long.size:
        return ()
    where = ", ".join(f"{format_ns(edges[at], 0)} to {format_ns(edges[at + 1], 0)}" for at in long[:_SOME])
    more = f" and {long.size - _SOME} more" if long.size > _SOME else ""
    return (f"{name}: funding is missing, for it is paid every {usual / NS_PER_HOUR:g} h: nothing {where}{more}",)
