"""Walk books: what a size costs beyond the best price, and how large an edge is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from arbresearch.core import BadInput, FeeSchedule, SchemaError, expected
from arbresearch.edges.arrays import Floats
from arbresearch.edges.legs import check_threshold
from arbresearch.edges.levels import disordered_row, match_rows, walk_rows

__all__ = ["Executable", "Walk", "executable", "executable_books", "slippage_bps", "walk", "walk_books"]

Levels = npt.ArrayLike | pl.Series


class Walk(NamedTuple):
    """Average price of a fill in quote per base (NaN when nothing fills), and the base quantity filled."""

    vwap: float
    filled: float


@dataclass(frozen=True, slots=True)
class Executable:
    """The largest trade between two books whose last unit still pays.

    Parameters
    ----------
    quantity
        Base coin, sold into the bids and bought from the asks.
    sell_vwap, buy_vwap
        Average prices before fees, quote per base; NaN when the quantity is 0.
    profit_quote
        Received less paid, both after fees, in quote currency.
    edge_bps
        Net edge of the whole, in basis points of what is paid; NaN when the quantity is 0.
    exhausted
        Whether the given levels ran out while the edge still exceeded the threshold, so that more may be possible.
    """

    quantity: float
    sell_vwap: float
    buy_vwap: float
    profit_quote: float
    edge_bps: float
    exhausted: bool


def slippage_bps(vwap: float, best: float) -> float:
    """Return how much worse an average price is than the best price, in basis points of it; never negative."""
    return abs(vwap - best) / best * 1e4


def walk(prices: Levels, sizes: Levels, quantity: float) -> Walk:
    """Fill a quantity against one side of a book.

    Parameters
    ----------
    prices, sizes : array of shape (levels,)
        Best first, quote per base and base coin. Levels with a NaN or a zero size are skipped.
    quantity
        Base coin, zero or more.

    Returns
    -------
    Walk
        ``filled`` is below ``quantity`` when the levels do not hold enough.

    Raises
    ------
    SchemaError
        The levels are not in order, or a price or size is negative or infinite.
    BadInput
        The quantity is negative or no finite number.
    """
    grid, amounts = _side(prices, sizes, "prices", 0, dimensions=1)
    filled, quote, _ = walk_rows(grid, amounts, _wanted(quantity, 1, "quantity"), False)
    return Walk(float(quote[0] / filled[0]) if filled[0] > 0.0 else float("nan"), float(filled[0]))


def walk_books(
    prices: Levels,
    sizes: Levels,
    quantity: float | Sequence[float] | Floats | None = None,
    *,
    notional: float | Sequence[float] | Floats | None = None,
) -> pl.DataFrame:
    """Fill a quantity, or spend a notional, against one side of many books.

    Parameters
    ----------
    prices, sizes : array of shape (books, levels)
        Best first; also Polars columns of a fixed number of levels. NaN levels and sizes of zero are skipped.
    quantity
        Base coin, one for all books or one each.
    notional
        Quote currency at the walked prices, instead of a quantity.

    Returns
    -------
    polars.DataFrame
        One row a book: vwap (quote per base), filled (base), notional (quote exchanged), slippage_bps (of the best
        price), complete (whether all that was wanted was filled). NaN vwap and slippage when nothing fills.

    Raises
    ------
    SchemaError
        As :func:`walk`, naming row and level.
    BadInput
        Not exactly one of quantity and notional, or one that is negative or not finite.
    """
    if (quantity is None) == (notional is None):
        found = "neither" if quantity is None else "both"
        raise BadInput(expected("walk_books", "either quantity or notional", found))
    grid, amounts = _side(prices, sizes, "prices", 0, dimensions=2)
    name, given = ("quantity", quantity) if notional is None else ("notional", notional)
    wanted = _wanted(given, grid.shape[0], name)
    filled, quote, best = walk_rows(grid, amounts, wanted, notional is not None)
    with np.errstate(invalid="ignore"):
        vwap = quote / filled
    done = filled if notional is None else quote
    return pl.DataFrame(
        {
            "vwap": vwap,
            "filled": filled,
            "notional": quote,
            "slippage_bps": np.abs(vwap - best) / best * 1e4,
            "complete": done >= wanted * (1.0 - 1e-12),
        }
    )


def executable(
    bids: Levels,
    bid_sizes: Levels,
    asks: Levels,
    ask_sizes: Levels,
    *,
    sell_fees: FeeSchedule | None = None,
    buy_fees: FeeSchedule | None = None,
    threshold_bps: float = 0.0,
    max_quantity: float | None = None,
) -> Executable:
    """Find the largest trade between two books whose marginal edge exceeds a threshold.

    Sells into the bids of one venue and buys from the asks of the other as a taker on both, level against level,
    as long as the next unit's net edge ``1e4 * (bid (1 - f_sell) / (ask (1 + f_buy)) - 1)`` is above the threshold.

    Parameters
    ----------
    bids, bid_sizes, asks, ask_sizes : array of shape (levels,)
        Best first; NaN levels and sizes of zero are skipped. The two sides may have different numbers of levels.
    sell_fees, buy_fees
        Schedules of the selling and of the buying venue; None: no fee.
    threshold_bps
        For the marginal unit, strictly exceeded.
    max_quantity
        Bound in base coin; None: the books are the only bound.

    Returns
    -------
    Executable
        Quantity 0 when even the best levels do not exceed the threshold.

    Raises
    ------
    SchemaError
        Levels out of order, or a price or size that is negative or infinite.
    BadInput
        A threshold or bound that is no number.
    """
    sides = [_side(bids, bid_sizes, "bids", -1, dimensions=1), _side(asks, ask_sizes, "asks", 1, dimensions=1)]
    frame = _matched(sides, sell_fees, buy_fees, threshold_bps, max_quantity)
    return Executable(*frame.row(0))


def executable_books(
    bids: Levels,
    bid_sizes: Levels,
    asks: Levels,
    ask_sizes: Levels,
    *,
    sell_fees: FeeSchedule | None = None,
    buy_fees: FeeSchedule | None = None,
    threshold_bps: float = 0.0,
    max_quantity: float | None = None,
) -> pl.DataFrame:
    """Find the same as :func:`executable` for many pairs of books at once.

    Parameters
    ----------
    bids, bid_sizes, asks, ask_sizes : array of shape (books, levels)
        As in :func:`executable`, one row a pair of books.
    sell_fees, buy_fees, threshold_bps, max_quantity
        As in :func:`executable`.

    Returns
    -------
    polars.DataFrame
        One row a pair of books, with the fields of :class:`Executable` as columns.

    Raises
    ------
    SchemaError
        As :func:`executable`, or the two sides have different numbers of books.
    BadInput
        As :func:`executable`.
    """
    sides = [_side(bids, bid_sizes, "bids", -1, dimensions=2), _side(asks, ask_sizes, "asks", 1, dimensions=2)]
    if sides[0][0].shape[0] != sides[1][0].shape[0]:
        raise SchemaError(expected("bids and asks", f"{sides[0][0].shape[0]} books each", sides[1][0].shape[0]))
    return _matched(sides, sell_fees, buy_fees, threshold_bps, max_quantity)


def _matched(
    sides: list[tuple[Floats, Floats]],
    sell_fees: FeeSchedule | None,
    buy_fees: FeeSchedule | None,
    threshold_bps: float,
    max_quantity: float | None,
) -> pl.DataFrame:
    keep = 1.0 - (0.0 if sell_fees is None else sell_fees.taker)
    pay = 1.0 + (0.0 if buy_fees is None else buy_fees.taker)
    rows = sides[0][0].shape[0]
    most = np.full(rows, np.inf) if max_quantity is None else _wanted(max_quantity, rows, "max_quantity")
    threshold = check_threshold(threshold_bps)
    quantity, sold, bought, exhausted = match_rows(*sides[0], *sides[1], keep, pay, threshold, most)
    with np.errstate(invalid="ignore"):
        edge = 1e4 * (sold * keep / (bought * pay) - 1.0)
        return pl.DataFrame(
            {
                "quantity": quantity,
                "sell_vwap": sold / quantity,
                "buy_vwap": bought / quantity,
                "profit_quote": sold * keep - bought * pay,
                "edge_bps": edge,
                "exhausted": exhausted,
            }
        )


def _side(prices: Levels, sizes: Levels, name: str, sign: int, *, dimensions: int) -> tuple[Floats, Floats]:
    grid, amounts = _array(prices), _array(sizes)
    if grid.ndim != dimensions or grid.shape != amounts.shape:
        shape = "(levels,)" if dimensions == 1 else "(books, levels)"
        found = f"{grid.shape} and {amounts.shape}"
        raise SchemaError(expected(f"{name} and their sizes", f"arrays of one shape {shape}", found))
    grid, amounts = np.atleast_2d(grid), np.atleast_2d(amounts)
    row, level = disordered_row(grid, amounts, sign)
    if row >= 0:
        order = {1: "rising", -1: "falling", 0: "best first"}[sign]
        want = f"positive finite prices, {order}, and sizes of zero or more"
        found = f"price {grid[row, level]} size {amounts[row, level]}"
        place = f"{name} row {row} level {level}" if dimensions == 2 else f"{name} level {level}"
        raise SchemaError(expected(place, want, found, "NaN marks a level that is not there"))
    return grid, amounts


def _array(values: Levels) -> Floats:
    array = values.to_numpy() if isinstance(values, pl.Series) else values
    return np.ascontiguousarray(array, dtype=np.float64)


def _wanted(value: float | Sequence[float] | Floats | None, rows: int, name: str) -> Floats:
    wanted = np.asarray(value, dtype=np.float64)
    if wanted.ndim > 1 or (wanted.ndim == 1 and wanted.size != rows):
        raise BadInput(expected(name, f"one number, or one for each of {rows} books", f"shape {wanted.shape}"))
    if not bool(np.all((wanted >= 0.0) & (wanted < np.inf))):
        raise BadInput(expected(name, "finite numbers of zero or more", value))
    return np.ascontiguousarray(np.broadcast_to(wanted, (rows,)))
