"""What a venue says of a market: steps, smallest orders, contract, published fees."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import nan
from typing import Final

import polars as pl

from arbresearch.backtest.config_parts import InstrumentTerms
from arbresearch.backtest.streams import Stream
from arbresearch.core import FeeSchedule
from arbresearch.store import TickStore

__all__ = ["Listed", "listed_of"]

_COLUMNS: Final = ("tick", "lot", "min_quantity", "min_notional", "contract_size", "maker_fee", "taker_fee")


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """Terms of a market in units of the pair's coin; 0 is none or not known, NaN a fee that is not.

    Parameters
    ----------
    tick, lot, min_quantity, min_notional, contract_size
        Quote per base, base coin, base coin, quote currency, base coin.
    maker_fee, taker_fee
        Published fees, fractions.
    """

    tick: float = 0.0
    lot: float = 0.0
    min_quantity: float = 0.0
    min_notional: float = 0.0
    contract_size: float = 0.0
    maker_fee: float = nan
    taker_fee: float = nan

    @property
    def published(self) -> FeeSchedule | None:
        """Return the published fees; None where they are not known."""
        if self.maker_fee != self.maker_fee or self.taker_fee != self.taker_fee:
            return None
        return FeeSchedule(self.maker_fee, self.taker_fee, tier="published")

    def overridden(self, given: InstrumentTerms | None) -> Listed:
        """Return the same with what is given instead."""
        if given is None:
            return self
        values = {name: value for name in _COLUMNS[:5] if (value := getattr(given, name)) is not None}
        return replace(self, **values)


def listed_of(store: TickStore, streams: tuple[Stream, ...], start_ns: int) -> tuple[list[Listed], tuple[str, ...]]:
    """Return what was known of each stream as the run starts, and what was not.

    The snapshot in force at the start counts; where a stream is only in later ones, the first of those is taken.
    """
    rows, warnings = [], []
    before, later = store.instruments(start_ns), None
    for stream in streams:
        row = _row(before, stream)
        if row is None:
            later = _first_rows(store) if later is None else later
            row = _row(later, stream)
            if row is not None:
                warnings.append(f"{stream.name}: its lots, ticks and fees were published after the start")
        rows.append(Listed() if row is None else row)
    return rows, tuple(warnings)


def _first_rows(store: TickStore) -> pl.DataFrame:
    return store.sql(
        "SELECT * FROM instruments QUALIFY row_number() OVER (PARTITION BY venue, symbol ORDER BY recv_ns) = 1"
    )


def _row(frame: pl.DataFrame, stream: Stream) -> Listed | None:
    found = frame.filter(pl.col("venue") == stream.venue, pl.col("symbol") == stream.symbol)
    if not found.height:
        return None
    values = dict(zip(_COLUMNS, found.select(_COLUMNS).row(0), strict=True))
    known = {name: float(value) for name, value in values.items() if value is not None and value == value}
    for name in ("lot", "min_quantity", "contract_size"):
        known[name] = known.get(name, 0.0) * stream.unit
    known["tick"] = known.get("tick", 0.0) / stream.unit
    return Listed(**known)
