"""The decision for one pair of quotes: the same compiled function that the backtest calls on every quote."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf, isfinite, nan
from types import MappingProxyType
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from arbresearch.core import NS_PER_SECOND, BadInput, FeeSchedule, Quote, expected
from arbresearch.signals.decision_kernels import DECISION, choose
from arbresearch.signals.modes import MODES, Mode

__all__ = ["Decision", "DecisionTerms", "Holdings", "Level", "VenueRules", "decide"]

Level = tuple[float, float]
"""Price, quote per base, and size, base coin."""

_VENUE: Final = np.dtype([
    ("maker_rate", np.float64), ("taker_rate", np.float64), ("tick", np.float64), ("min_quantity", np.float64),
    ("min_notional", np.float64), ("max_age_ns", np.int64),
], align=True)  # fmt: skip
_STRATEGY: Final = np.dtype([
    ("order_quote", np.float64), ("common_lot", np.float64), ("band_bps", np.float64), ("improve_ticks", np.float64),
    ("quote_depth_bps", np.float64), ("max_skew_ns", np.int64), ("max_unchanged_ns", np.int64),
], align=True)  # fmt: skip
_BOOK: Final = np.dtype([
    ("recv_ns", np.int64), ("changed_ns", np.int64), ("bid", np.float64), ("ask", np.float64),
], align=True)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueRules:
    """What an order on one venue is subject to.

    Parameters
    ----------
    fees
        Of the account; the coin they are paid in does not matter to the edge.
    tick
        Price step, quote per base; 0: none.
    min_quantity, min_notional
        Smallest order, base coin and quote currency.
    max_age_ns
        A quote received longer ago is no quote.

    Raises
    ------
    BadInput
        A number that is negative or not finite.
    """

    fees: FeeSchedule
    tick: float = 0.0
    min_quantity: float = 0.0
    min_notional: float = 0.0
    max_age_ns: int = 60 * NS_PER_SECOND

    def __post_init__(self) -> None:
        """Refuse what no venue has."""
        for name in ("tick", "min_quantity", "min_notional", "max_age_ns"):
            value = getattr(self, name)
            if not (isfinite(value) and value >= 0):
                raise BadInput(expected(name, "a finite number of zero or more", value))


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionTerms:
    """What a decision depends on besides quotes and inventory.

    Parameters
    ----------
    venue_a, venue_b
        Rules of the two venues.
    thresholds_bps
        What the net edge of each mode must exceed, basis points; modes that are not in it are not taken.
    order_quote
        Largest notional, quote currency.
    common_lot
        Quantity step of both venues, base coin (see :func:`arbresearch.core.common_lot`); 0: none.
    band_bps
        How far beyond the price seen a taker leg may fill, basis points.
    improve_ticks
        How many ticks inside the spread a resting order is quoted.
    quote_depth_bps
        How far behind the best price it may be where costs demand it, basis points.
    fill_probabilities
        How likely a resting order fills, by mode; those not named 1.
    max_skew_ns, max_unchanged_ns
        Quotes received further apart, and a book that has said the same for longer, are no signal.

    Raises
    ------
    BadInput
        A threshold or probability that is not a number, or a number out of its range.
    """

    venue_a: VenueRules
    venue_b: VenueRules
    thresholds_bps: Mapping[Mode, float]
    order_quote: float
    common_lot: float = 0.0
    band_bps: float = 10.0
    improve_ticks: float = 0.0
    quote_depth_bps: float = 0.0
    fill_probabilities: Mapping[Mode, float] = field(default_factory=lambda: MappingProxyType({}))
    max_skew_ns: int = 60 * NS_PER_SECOND
    max_unchanged_ns: int = 60 * NS_PER_SECOND

    def __post_init__(self) -> None:
        """Refuse what cannot be meant, and keep the mappings from change."""
        if not 0.0 < self.order_quote < inf:
            raise BadInput(expected("order_quote", "a positive finite amount of quote currency", self.order_quote))
        for name in ("common_lot", "band_bps", "quote_depth_bps", "max_skew_ns", "max_unchanged_ns"):
            value = getattr(self, name)
            if not (isfinite(value) and value >= 0):
                raise BadInput(expected(name, "a finite number of zero or more", value))
        if not isfinite(self.improve_ticks):
            raise BadInput(expected("improve_ticks", "a finite number", self.improve_ticks))
        for name, least, most in (("thresholds_bps", -1e4, inf), ("fill_probabilities", 0.0, 1.0)):
            values = dict(getattr(self, name))
            for mode, value in values.items():
                if mode not in MODES or not least <= value <= most or value == inf:
                    raise BadInput(expected(f"{name} of {mode!r}", f"a mode, and a number from {least:g} on", value))
            object.__setattr__(self, name, MappingProxyType({Mode(mode): float(one) for mode, one in values.items()}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Holdings:
    """What is free on the two venues: base coin that may be sold, quote currency that may be spent.

    ``headroom_ab_base`` and ``headroom_ba_base`` limit how much coin may be shifted by selling on A and by selling
    on B.
    """

    base_a: float
    quote_a: float
    base_b: float
    quote_b: float
    headroom_ab_base: float = inf
    headroom_ba_base: float = inf


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What to do.

    Parameters
    ----------
    mode
        One of the six, or HOLD; then every number is NaN and the quantity 0.
    quantity
        Base coin of both legs, whole common lots.
    edge_bps
        Net of fees, at the mean prices of the size, basis points of what is paid.
    profit_quote
        Expected, quote currency: edge times size, times the fill probability where a leg rests.
    sell_price, buy_price
        Mean prices that a taker leg is expected to meet, or the price of the resting leg, quote per base.
    sell_limit, buy_limit
        Limits of the orders to send now; NaN for the taker leg that waits for the resting one.
    """

    mode: Mode
    quantity: float
    edge_bps: float
    profit_quote: float
    sell_price: float
    buy_price: float
    sell_limit: float
    buy_limit: float


_HOLD: Final = Decision(
    mode=Mode.HOLD, quantity=0.0, edge_bps=nan, profit_quote=nan, sell_price=nan, buy_price=nan, sell_limit=nan,
    buy_limit=nan,
)  # fmt: skip


def decide(
    a: Quote, b: Quote, holdings: Holdings, terms: DecisionTerms, *, now_ns: int | None = None,
    changed_ns: tuple[int, int] | None = None, behind_a: tuple[list[Level], list[Level]] = ([], []),
    behind_b: tuple[list[Level], list[Level]] = ([], []),
) -> Decision:  # fmt: skip
    """Decide on two quotes: which mode, how much, at which limits.

    A mode qualifies when both quotes are fresh, its net edge exceeds its threshold at the size the books, the
    balances and the lots allow, and that size is an order on both venues. Of those that qualify the one with the
    largest expected profit is taken; a tie goes to the mode that comes first, so taker and taker before a resting leg.

    Parameters
    ----------
    a, b
        Best bid and ask of the two venues.
    holdings
        What is free.
    terms
        Costs, thresholds, sizes.
    now_ns
        In our clock; None: when the later quote was received.
    changed_ns
        Since when each book says the same; None: since it was received.
    behind_a, behind_b
        Bids and asks behind the best ones, best first, where levels are known.

    Returns
    -------
    Decision
        ``mode`` HOLD where nothing qualifies, also where a price is NaN.
    """
    books = np.zeros(2, dtype=_BOOK)
    most = 1 + max(len(side) for behind in (behind_a, behind_b) for side in behind)
    prices, sizes = np.zeros((2, 2, most)), np.zeros((2, 2, most))
    counts = np.zeros((2, 2), dtype=np.int64)
    for venue, (book, behind) in enumerate(((a, behind_a), (b, behind_b))):
        since = book.recv_ns if changed_ns is None else changed_ns[venue]
        books[venue] = (book.recv_ns, since, book.bid, book.ask)
        for side, best in enumerate(((book.bid, book.bid_size), (book.ask, book.ask_size))):
            levels = [best, *behind[side]]
            counts[venue, side] = len(levels)
            for level, (price, size) in enumerate(levels):
                prices[venue, side, level] = price
                sizes[venue, side, level] = size if size > 0.0 else 0.0
    allowed = np.array([mode in terms.thresholds_bps for mode in MODES])
    thresholds = np.array([terms.thresholds_bps.get(mode, nan) for mode in MODES])
    probabilities = np.array([terms.fill_probabilities.get(mode, 1.0) for mode in MODES])
    out = np.zeros(2, dtype=DECISION)
    base, quote = np.array([holdings.base_a, holdings.base_b]), np.array([holdings.quote_a, holdings.quote_b])
    headroom = np.array([holdings.headroom_ab_base, holdings.headroom_ba_base])
    now_ns = max(a.recv_ns, b.recv_ns) if now_ns is None else now_ns
    mode = choose(
        now_ns, books, prices, sizes, counts, base, quote, allowed, thresholds, probabilities, headroom,
        *_records(terms), out,
    )  # fmt: skip
    if mode == Mode.HOLD:
        return _HOLD
    found = out[0]
    return Decision(
        mode=Mode(mode),
        quantity=float(found["quantity"]),
        edge_bps=float(found["edge_bps"]),
        profit_quote=float(found["profit_quote"]),
        sell_price=float(found["plan_sell"]),
        buy_price=float(found["plan_buy"]),
        sell_limit=float(found["sell_limit"]),
        buy_limit=float(found["buy_limit"]),
    )


def _records(terms: DecisionTerms) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    venues = np.zeros(2, dtype=_VENUE)
    for row, rules in zip(venues, (terms.venue_a, terms.venue_b), strict=True):
        for name in ("tick", "min_quantity", "min_notional", "max_age_ns"):
            row[name] = getattr(rules, name)
        row["maker_rate"], row["taker_rate"] = rules.fees.maker, rules.fees.taker
    strategy = np.zeros(1, dtype=_STRATEGY)
    for name in _STRATEGY.names or ():
        strategy[0][name] = getattr(terms, name)
    return venues, strategy
