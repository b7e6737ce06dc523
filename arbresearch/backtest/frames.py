"""The records of a run as frames."""

from __future__ import annotations

from enum import IntEnum
from typing import Final

import numpy as np
import polars as pl

from arbresearch.backtest.codes import Asset, CashKind, FillReason, TransferState
from arbresearch.backtest.log import Records, RunLog
from arbresearch.backtest.tables import TABLES
from arbresearch.edges.arrays import NEVER_NS, Floats, Times
from arbresearch.matching import OrderState

__all__ = [
    "ACCOUNTS",
    "cash_frame",
    "event_frame",
    "fill_frame",
    "frame_of",
    "names_of",
    "order_frame",
    "times_or_null",
    "transfer_frame",
]

ACCOUNTS: Final = ("a", "b", "h")
_SIDES: Final = ("buy", "sell")
_ROLES: Final = ("taker", "maker")

Venues = tuple[str, str, str]


def fill_frame(log: RunLog, venues: Venues) -> pl.DataFrame:
    """Return the fills, in the order in which they happened; a liquidation's order and pair are -1."""
    rows = log.fills
    return frame_of(
        "fills",
        fill=np.arange(rows.size),
        order=rows["order"],
        pair=rows["pair"],
        time_ns=rows["time_ns"],
        known_ns=times_or_null(rows["known_ns"]),
        **_where(rows["venue"], venues),
        **_how(rows),
        price=_ratio(rows["notional"], rows["quantity"]),
        quantity=rows["quantity"],
        notional_quote=rows["notional"],
        fee_base=rows["fee_base"],
        fee_quote=rows["fee_quote"],
        fee_coin_quote=rows["fee_coin_quote"],
        mid=rows["mid"],
    )


def order_frame(log: RunLog, venues: Venues) -> pl.DataFrame:
    """Return the orders as they stood at the end; ``average_price`` is NaN where nothing filled."""
    rows = log.orders
    return frame_of(
        "orders",
        order=np.arange(rows.size),
        pair=rows["pair"],
        **_where(rows["venue"], venues),
        **_how(rows),
        limit=rows["price"],
        quantity=rows["quantity"],
        filled=rows["filled"],
        average_price=_ratio(rows["notional"], rows["filled"]),
        sent_ns=rows["sent_ns"],
        meets_ns=rows["meets_ns"],
        cancel_sent_ns=times_or_null(rows["cancel_sent_ns"]),
        known_ns=times_or_null(rows["known_ns"]),
        state=names_of(OrderState, rows["state"]),
    )


def event_frame(log: RunLog) -> pl.DataFrame:
    """Return each change of an order's state."""
    rows = log.order_events
    state = names_of(OrderState, rows["state"])
    return frame_of("order_events", order=rows["order"], time_ns=rows["time_ns"], state=state, filled=rows["filled"])


def transfer_frame(log: RunLog, venues: Venues) -> pl.DataFrame:
    """Return the transfers; amounts, fees and losses in the asset that is moved."""
    rows = log.transfers
    return frame_of(
        "transfers",
        transfer=np.arange(rows.size),
        asset=names_of(Asset, rows["asset"]),
        origin=_gather(venues, rows["origin"]),
        destination=_gather(venues, rows["destination"]),
        amount=rows["amount"],
        fee=rows["fee"],
        sent_ns=rows["sent_ns"],
        due_ns=rows["due_ns"],
        state=names_of(TransferState, rows["state"]),
        lost=rows["lost"],
        received=rows["received"],
        ended_ns=times_or_null(np.where(rows["state"] == TransferState.IN_TRANSIT, NEVER_NS, rows["ended_ns"])),
    )


def cash_frame(log: RunLog, venues: Venues) -> pl.DataFrame:
    """Return the cash that no fill explains."""
    rows = log.cash
    return frame_of(
        "cash",
        **_where(rows["venue"], venues),
        kind=names_of(CashKind, rows["kind"]),
        time_ns=rows["time_ns"],
        amount_quote=rows["amount"],
    )


def frame_of(table: str, **columns: object) -> pl.DataFrame:
    """Return a frame of arrays and series with the columns, order and types of :data:`TABLES`."""
    schema = TABLES[table]
    series = {
        name: column if isinstance(column, pl.Series) else pl.Series(name, np.ascontiguousarray(column))
        for name, column in columns.items()
    }
    return pl.DataFrame(series).select(pl.col(name).cast(dtype) for name, dtype in schema.items())


def names_of(codes: type[IntEnum], values: Times) -> pl.Series:
    """Return the names of an enumeration's numbers, 0, 1, 2 and so on, in lower case."""
    return _gather([one.name.lower() for one in codes], values)


def times_or_null(times: Times) -> pl.Series:
    """Return times as a column; one that never comes is null."""
    column = pl.Series(np.ascontiguousarray(times))
    return column.set((column >= NEVER_NS) | (column < 0), None)


def _how(rows: Records) -> dict[str, pl.Series]:
    return {
        "side": _gather(_SIDES, rows["sell"].astype(np.int64)),
        "role": _gather(_ROLES, rows["maker"].astype(np.int64)),
        "reason": names_of(FillReason, rows["reason"]),
    }


def _where(venue: Times, venues: Venues) -> dict[str, pl.Series]:
    return {"account": _gather(ACCOUNTS, venue), "venue": _gather(venues, venue)}


def _gather(texts: tuple[str, ...] | list[str], places: Times) -> pl.Series:
    return pl.Series(list(texts), dtype=pl.String).gather(np.ascontiguousarray(places))


def _ratio(above: Floats, below: Floats) -> Floats:
    return np.asarray(np.divide(above, below, out=np.full(above.shape, np.nan), where=below != 0.0))
