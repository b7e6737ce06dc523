"""Many taking orders against a recorded book."""

from __future__ import annotations

import numpy as np
import polars as pl

from arbresearch.core import BadInput, FeeSchedule, Role, Side, expected
from arbresearch.edges.pair import frozen
from arbresearch.matching.impact import SquareRootImpact
from arbresearch.matching.rows import TakerRows, book_rows, check_columns, floats_of, ladder_rows, times_of
from arbresearch.matching.taker import DEPTH_AGE_NS, TimeInForce, checked_lot, fee_of
from arbresearch.matching.taker_kernels import take_rows

__all__ = ["take_at_arrivals"]

_ORDERS = ("meets_ns", "side", "quantity")


def take_at_arrivals(
    quotes: pl.DataFrame,
    orders: pl.DataFrame,
    *,
    depth: pl.DataFrame | None = None,
    lot: float = 0.0,
    depth_age_ns: int = DEPTH_AGE_NS,
    fees: FeeSchedule | None = None,
    impact: SquareRootImpact | None = None,
) -> pl.DataFrame:
    """Fill orders against the book that each meets on arrival, displayed size once an update.

    Parameters
    ----------
    quotes
        Of one stream as :meth:`~arbresearch.store.TickStore.quotes` returns them, rising in recv_ns.
    orders
        In order of arrival: meets_ns (see :meth:`~arbresearch.matching.VenueLatency.meets_ns`), side (``buy`` or
        ``sell``), quantity (base coin); limit (quote per base; null or no column: any price) and time_in_force
        (``ioc`` or ``fok``; no column: ``ioc``).
    depth
        Ladders of the stream; None: only the top of the book is known.
    lot
        Quantity step, base coin; 0: none.
    depth_age_ns
        How long a ladder counts after it was received.
    fees, impact
        As in :class:`~arbresearch.matching.DisplayedBook`, whose fills these are.

    Returns
    -------
    polars.DataFrame
        One row an order: filled (base), notional_quote (before fees), price (average, NaN when nothing filled),
        fee_base, fee_quote, book_ns (receive time of the quote that was met, null when there was none yet).

    Raises
    ------
    SchemaError
        A column is missing, or times go back.
    BadInput
        A side, time in force, quantity or limit that is none; a negative lot or age.
    """
    if depth_age_ns < 0:
        raise BadInput(expected("depth_age_ns", "zero or more", depth_age_ns))
    book = book_rows(quotes)
    terms = _terms(orders)
    shift = 0.0 if impact is None else impact.per_root_base
    filled, notional, met = take_rows(book, ladder_rows(depth), terms, checked_lot(lot), depth_age_ns, shift)
    sides = [Side.SELL if sell else Side.BUY for sell in terms.sell]
    charged = [fee_of(fees, Role.TAKER, *row) for row in zip(sides, filled, notional, strict=True)]
    with np.errstate(invalid="ignore"):
        price = notional / filled
    return pl.DataFrame(
        {
            "filled": filled,
            "notional_quote": notional,
            "price": price,
            "fee_base": pl.Series([base for base, _ in charged], dtype=pl.Float64),
            "fee_quote": pl.Series([quote for _, quote in charged], dtype=pl.Float64),
            "book_ns": pl.Series([int(book.recv_ns[row]) if row >= 0 else None for row in met], dtype=pl.Int64),
        }
    )


def _terms(orders: pl.DataFrame) -> TakerRows:
    check_columns(orders, _ORDERS, "orders")
    known = {side.value for side in Side}
    if not set(orders["side"].unique()) <= known:
        raise BadInput(expected("orders side", "buy or sell", orders["side"].unique().to_list()))
    sell = (orders["side"] == Side.SELL.value).to_numpy()
    quantity = floats_of(orders["quantity"])
    limit = floats_of(orders["limit"]) if "limit" in orders.columns else np.full(sell.size, np.nan)
    for name, values, low in (("quantity", quantity, True), ("limit", limit[np.isfinite(limit)], False)):
        if not bool(np.all((values > 0.0) & (values < np.inf))):
            raise BadInput(expected(f"orders {name}", "positive finite numbers", "others", "" if low else "or null"))
    force = orders["time_in_force"] if "time_in_force" in orders.columns else pl.Series(["ioc"] * sell.size)
    if not set(force.unique()) <= {one.value for one in TimeInForce}:
        raise BadInput(expected("orders time_in_force", "ioc or fok", force.unique().to_list()))
    worst = np.where(np.isnan(limit), np.where(sell, 0.0, np.inf), limit)
    kill = (force == TimeInForce.FOK.value).to_numpy()
    return TakerRows(times_of(orders["meets_ns"]), frozen(sell), quantity, frozen(worst), frozen(kill))
