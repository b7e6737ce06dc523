"""How large an order may be: what the market takes, what is held, and what may be lost."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import scipy

from arbresearch.core import BadInput, ParameterError, expected
from arbresearch.edges.arrays import Floats
from arbresearch.stats.series import known_values
from arbresearch.thresholds.capacity import CapacityCurve, best_size, capacity_curve
from arbresearch.thresholds.resample import Places, bootstrap_rows, check_profit, joint_block_size, row_weights

__all__ = ["SizeBound", "Sizing", "VenueRisk", "choose_size", "drawdown_quantile", "kelly_fraction"]

_DAYS_A_YEAR: Final = 365.0
_MOST: Final = 1e12


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueRisk:
    """What lies on a venue, and how it may be lost.

    Parameters
    ----------
    venue
        Its name.
    base_quote, cash_quote
        Coin, at its worth, and cash held there; quote currency, zero or more.
    default_probability_year
        That it fails within a year, in [0, 1].
    loss_given_default
        Fraction of what lies there that is lost then, in [0, 1].
    """

    venue: str
    base_quote: float
    cash_quote: float
    default_probability_year: float
    loss_given_default: float

    def __post_init__(self) -> None:
        """Refuse what is no amount or no probability; ``ParameterError``."""
        for name in ("base_quote", "cash_quote", "default_probability_year", "loss_given_default"):
            value, most = getattr(self, name), _MOST if name.endswith("_quote") else 1.0
            if not 0.0 <= value <= most:
                raise ParameterError(expected(f"{name} of {self.venue}", f"a number from 0 to {most:g}", value))

    @property
    def held_quote(self) -> float:
        """Return all that lies there, quote currency."""
        return self.base_quote + self.cash_quote


@dataclass(frozen=True, slots=True)
class SizeBound:
    """One limit of the order size.

    Parameters
    ----------
    name
        ``capacity``, ``inventory``, ``venue default``, ``worst default``, ``drawdown`` or ``kelly``.
    size_quote
        Largest order it allows, quote currency; infinite where it allows any.
    counts
        Whether it takes part in the choice; Kelly's never does.
    note
        What it rests on.
    """

    name: str
    size_quote: float
    counts: bool
    note: str


@dataclass(frozen=True, slots=True, eq=False)
class Sizing:
    """What :func:`choose_size` returns.

    Parameters
    ----------
    size_quote
        Largest order that all bounds that count allow; 0: none.
    binding
        Name of the bound that decides.
    bounds
        All of them.
    curve
        Profit by size.
    kelly
        Fraction of the capital that would grow fastest by the profits of the largest size measured.
    profit_day
        Of the chosen size by the fitted curve, quote currency.
    default_loss_day
        Expected loss a day by default of a venue at the chosen size, quote currency.
    """

    size_quote: float
    binding: str
    bounds: tuple[SizeBound, ...]
    curve: CapacityCurve
    kelly: float
    profit_day: float
    default_loss_day: float


def kelly_fraction(returns: npt.ArrayLike) -> float:
    """Return the fraction of capital whose logarithm grows fastest, from returns by block.

    It maximises ``mean(log(1 + f r))`` (Kelly 1956). Shown beside other bounds and never followed alone: for an
    arbitrage it is far above one, as losses that are not in the data are not in it.

    Parameters
    ----------
    returns : array-like, shape (n,)
        As fractions of the capital; NaN is left out.

    Returns
    -------
    float
        Zero where the mean is zero or less, infinite where there is no loss, NaN for no value.

    Raises
    ------
    BadInput
        Not a series of numbers, or one is infinite.
    """
    values = known_values(returns, "returns")
    if not values.size:
        return math.nan
    if not values.mean() > 0.0:
        return 0.0
    if values.min() >= 0.0:
        return math.inf
    ruin = -1.0 / float(values.min())
    return float(
        scipy.optimize.brentq(
            lambda f: float((values / (1.0 + f * values)).mean()), 0.0, ruin * (1.0 - 1e-12), xtol=1e-300, rtol=1e-12
        )
    )


def drawdown_quantile(profits: npt.ArrayLike, rows: Places, confidence: float = 0.95) -> float:
    """Return the quantile of the largest fall from a peak over resamples of a series, the start counted as a peak.

    Parameters
    ----------
    profits : array-like, shape (T,)
        By block, any unit of money.
    rows : array of int64, shape (B, T)
        Which block stands where; see :func:`arbresearch.thresholds.resample.bootstrap_rows`.
    confidence
        That it is not exceeded.

    Returns
    -------
    float
        Zero or more, in the unit of the profits.

    Raises
    ------
    BadInput
        Profits that do not fit the rows.
    """
    values = known_values(profits, "profits")
    if rows.ndim != 2 or rows.shape[1] != values.size:
        raise BadInput(expected("rows", f"resamples x {values.size} blocks", rows.shape))
    equity = np.cumsum(values[rows], axis=1)
    peaks = np.maximum(np.maximum.accumulate(equity, axis=1), 0.0)
    return float(np.quantile((peaks - equity).max(axis=1), confidence, method="inverted_cdf"))


def choose_size(
    sizes_quote: npt.ArrayLike,
    block_profits: npt.ArrayLike,
    block_s: float,
    *,
    venues: Sequence[VenueRisk],
    capital_quote: float,
    orders_held: float,
    drawdown_limit: float = 0.1,
    default_limit: float = 0.5,
    confidence: float = 0.95,
    resamples: int = 999,
    seed: int = 0,
) -> Sizing:
    """Return the order size that all limits allow, and every limit.

    ``capacity``: where more size adds no profit (:func:`arbresearch.thresholds.capacity.capacity_curve`).
    ``inventory``: the smallest of coin and cash on all venues, so that either direction can be filled once.
    ``venue default``: where more size adds less profit than expected loss. A size x needs ``orders_held x`` of capital,
    spread over the venues as it lies now; a day's expected loss is that times chance a year over 365 times loss given
    default. ``worst default``: what lies on one venue and would be lost is at most ``default_limit`` of the capital.
    ``drawdown``: the drawdown over as long a time as was measured, at ``confidence``, is at most ``drawdown_limit`` of
    the capital; between sizes it is taken as straight, beyond the largest as in proportion. ``kelly``: shown only.

    Parameters
    ----------
    sizes_quote : array-like, shape (K,)
        Order sizes, rising.
    block_profits : array-like, shape (T, K)
        By block and size, quote currency.
    block_s
        Length of a block, seconds.
    venues
        One or more, with what is held there.
    capital_quote
        That limits and Kelly's fraction are of.
    orders_held
        Capital needed on all venues together, in order sizes.
    drawdown_limit, default_limit
        Fractions of the capital, in (0, 1].
    confidence
        Of the drawdown and of the interval of the capacity.
    resamples, seed
        Of the stationary bootstrap.

    Raises
    ------
    BadInput
        Arrays that do not fit together, sizes that do not rise.
    ParameterError
        A parameter out of its range.
    """
    for name, value, most in (
        ("capital_quote", capital_quote, _MOST), ("orders_held", orders_held, _MOST),
        ("drawdown_limit", drawdown_limit, 1.0), ("default_limit", default_limit, 1.0),
    ):  # fmt: skip
        if not 0.0 < value <= most:
            raise ParameterError(expected(name, f"a number above 0 and at most {most:g}", value))
    held = sum(one.held_quote for one in venues)
    if not held > 0.0:
        raise ParameterError(expected("venues", "one or more on which something lies", f"{held:g} in all"))
    profits = check_profit(block_profits)
    rows = bootstrap_rows(profits.shape[0], joint_block_size(profits), resamples, seed)
    weights = row_weights(rows)
    curve = capacity_curve(sizes_quote, profits, block_s, weights, confidence=confidence)
    charge = orders_held * sum(
        one.held_quote / held * one.default_probability_year * one.loss_given_default / _DAYS_A_YEAR for one in venues
    )
    most_lost = max(one.held_quote / held * one.loss_given_default for one in venues)
    falls = np.array([drawdown_quantile(profits[:, k], rows, confidence) for k in range(profits.shape[1])])
    kelly = kelly_fraction(profits[:, -1] / capital_quote)
    bounds = (
        SizeBound("capacity", curve.capacity_quote, True, "marginal profit is zero beyond"
                  if curve.reached else "still rising at the largest size measured"),
        SizeBound("inventory", min(min(one.base_quote, one.cash_quote) for one in venues), True,
                  "smallest of coin and cash on a venue"),
        SizeBound("venue default", best_size(curve, charge), True, "marginal profit is the expected loss"),
        SizeBound("worst default", default_limit * capital_quote / (orders_held * most_lost) if most_lost else math.inf,
                  True, f"one venue lost costs at most {default_limit:.0%} of the capital"),
        SizeBound("drawdown", _size_at(curve.sizes_quote, falls, drawdown_limit * capital_quote), True,
                  f"drawdown at {confidence:.0%} is at most {drawdown_limit:.0%} of the capital"),
        SizeBound("kelly", kelly * float(curve.sizes_quote[-1]), False, "fastest growth; shown, never followed"),
    )  # fmt: skip
    least = min((one for one in bounds if one.counts), key=lambda one: one.size_quote)
    size = least.size_quote
    return Sizing(size, least.name, bounds, curve, kelly, curve.at(size), charge * size)


def _size_at(sizes: Floats, falls: Floats, limit: float) -> float:
    """Return the largest size up to which the drawdown stays within a limit."""
    x, y = np.concatenate(([0.0], sizes)), np.maximum.accumulate(np.concatenate(([0.0], falls)))
    if y[-1] <= limit:
        return math.inf if y[-1] == 0.0 else float(x[-1] * limit / y[-1])
    k = int(np.argmax(y > limit))
    return float(x[k - 1] + (x[k] - x[k - 1]) * (limit - y[k - 1]) / (y[k] - y[k - 1]))
