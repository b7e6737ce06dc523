"""What trading one pair is subject to: fees, lots, smallest orders, delays, and what moving coin back costs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import isnan, lcm, nan
from typing import Any, Final

import numpy as np
import polars as pl

from arbresearch.core import FeeSchedule
from arbresearch.core.units import NS_PER_HOUR, NS_PER_SECOND
from arbresearch.discovery.blocks.settings import ScoreSettings
from arbresearch.discovery.pairs import StreamPair
from arbresearch.store import TickStore

__all__ = ["Delays", "PairTerms", "measured_latencies", "pair_terms"]

Delays = dict[tuple[str, str, int], float]
"""Median delay of messages, seconds, by venue, symbol and first receive time; NaN where the venue sends no time."""

_SAMPLED: Final = 8
_LEAST_DELAY_S, _MOST_DELAY_S = 0.001, 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PairTerms:
    """What orders of a pair are subject to.

    Parameters
    ----------
    fees_a, fees_b
        Schedules of the account on each venue; both legs are takers.
    lot
        Common quantity step of both venues, base coin in the pair's own unit; 0 where neither is known.
    min_quantity, min_notional
        Smallest order that both take, base coin and quote currency; 0 where not known.
    latency_a_s, latency_b_s
        From a quote that is seen to what the order meets in the book that is seen, seconds.
    """

    fees_a: FeeSchedule
    fees_b: FeeSchedule
    lot: float
    min_quantity: float
    min_notional: float
    latency_a_s: float
    latency_b_s: float

    def as_dict(self) -> dict[str, Any]:
        """Return what the statistics of a block depend on, as JSON primitives."""
        return {
            "taker_a": self.fees_a.taker,
            "taker_b": self.fees_b.taker,
            "lot": self.lot,
            "min_quantity": self.min_quantity,
            "min_notional": self.min_notional,
            "latency_a_s": self.latency_a_s,
            "latency_b_s": self.latency_b_s,
        }


def pair_terms(
    pairs: Sequence[StreamPair],
    fees: dict[tuple[str, str], FeeSchedule],
    instruments: pl.DataFrame,
    latencies_s: dict[str, float],
) -> dict[StreamPair, PairTerms]:
    """Return the terms of every pair.

    Parameters
    ----------
    pairs, fees
        See :func:`arbresearch.discovery.find_fees`.
    instruments
        As :meth:`TickStore.instruments` gives them; a stream that is not in it has no known lot or smallest order.
    latencies_s
        By venue.
    """
    names = ("lot", "min_quantity", "min_notional")
    rows = instruments.select("venue", "symbol", *names).iter_rows()
    listed = {(venue, symbol): [_known(one) for one in values] for venue, symbol, *values in rows}
    nothing = [0.0, 0.0, 0.0]
    found = {}
    for pair in pairs:
        one, other = (
            [values[0] * unit, values[1] * unit, values[2]]
            for values, unit in zip((listed.get(stream, nothing) for stream in pair.streams), pair.units, strict=True)
        )
        found[pair] = PairTerms(
            fees_a=fees[pair.streams[0]],
            fees_b=fees[pair.streams[1]],
            lot=_common_lot(one[0], other[0]),
            min_quantity=max(one[1], other[1]),
            min_notional=max(one[2], other[2]),
            latency_a_s=latencies_s[pair.venue_a],
            latency_b_s=latencies_s[pair.venue_b],
        )
    return found


def measured_latencies(
    store: TickStore, venues: Sequence[str], settings: ScoreSettings, known: Delays | None = None
) -> dict[str, tuple[float, str]]:
    """Return for each venue the latency that scores use, seconds, and where it comes from.

    ``given`` where the settings name one; ``measured``: twice the median of receive less event time over the first
    hour of the eight streams that began first, so that streams which come later do not change it, plus the time of
    processing. A book is seen one way late and an order is another way
    under way, so what it meets is seen a round trip after the decision. The offset of the venue's clock is in it.
    ``default`` where the venue sends no time of its own or the median is no plausible delay. What was measured of
    streams whose first hour is over is kept in ``known`` and not read again.
    """
    found = {}
    streams = store.coverage("quotes").sort("first_ns", "symbol")
    kept = {} if known is None else known
    for venue in venues:
        if settings.latency_s is not None:
            found[venue] = (settings.latency_s, "given")
            continue
        here = streams.filter(pl.col("venue") == venue)
        delay = _median_delay(store, venue, here.head(_SAMPLED), kept)
        if isnan(delay):
            found[venue] = (settings.default_latency_s, "default")
        else:
            found[venue] = (round(2.0 * delay + settings.processing_s, 6), "measured")
    return found


def _median_delay(store: TickStore, venue: str, streams: pl.DataFrame, known: Delays) -> float:
    medians = []
    for symbol, first_ns, last_ns in streams.select("symbol", "first_ns", "last_ns").iter_rows():
        stream = (venue, symbol, first_ns)
        if stream in known:
            medians.append(known[stream])
            continue
        rows = store.quotes(venue, symbol, first_ns, first_ns + NS_PER_HOUR, columns=["recv_ns", "event_ns"])
        delays = (rows["recv_ns"] - rows["event_ns"]).drop_nulls().to_numpy()
        medians.append(float(np.median(delays)) / NS_PER_SECOND if delays.size else nan)
        if last_ns > first_ns + NS_PER_HOUR:
            known[stream] = medians[-1]
    measured = [one for one in medians if not isnan(one)]
    delay = float(np.median(measured)) if measured else nan
    return delay if _LEAST_DELAY_S <= delay <= _MOST_DELAY_S else nan


def _known(value: float | None) -> float:
    return 0.0 if value is None or isnan(value) else float(value)


def _common_lot(one: float, other: float) -> float:
    """Return the smallest quantity that is a whole number of both lots; the known one where the other is not."""
    if one <= 0.0 or other <= 0.0:
        return max(one, other)
    first, second = (Fraction(repr(lot)) for lot in (one, other))
    scale = lcm(first.denominator, second.denominator)
    return float(Fraction(lcm(int(first * scale), int(second * scale)), scale))
