"""Flooring to ticks, lots and notionals, exactly.

A venue's steps are decimals, so the arithmetic is done in :class:`decimal.Decimal`: a float such as
``0.3`` is first read as the shortest decimal that names it, hence ``floor_to_step(0.3, "0.1")`` is 0.3 and
not 0.2. Results never exceed what was asked for.
"""

from __future__ import annotations

from decimal import Context, Decimal, DivisionByZero, Inexact, InvalidOperation, Overflow
from math import lcm
from operator import index
from typing import Final

from arbresearch.core.errors import BadInput, expected
from arbresearch.core.types import Instrument, Side

__all__ = [
    "ceil_to_step",
    "common_lot",
    "decimal_of",
    "decimals_of",
    "exact_product",
    "floor_to_step",
    "order_quantity",
    "quantity_for_notional",
    "round_price",
]

_PLACES: Final = 400
_CONTEXT: Final = Context(prec=6 * _PLACES, traps=[Inexact, InvalidOperation, Overflow, DivisionByZero])
"""Wide enough for any numbers that :func:`decimal_of` lets in; it would raise rather than round."""
Number = Decimal | str | int | float


def decimal_of(value: Number, what: str = "number") -> Decimal:
    """Read a number as the exact decimal it is written as (a float as its shortest representation).

    Raises
    ------
    BadInput
        If it is not a finite number, or has digits beyond 400 places on either side of the point.
    """
    try:
        if isinstance(value, float):
            result = Decimal(repr(float(value)))
        else:
            result = Decimal(value if isinstance(value, Decimal | str) else index(value))
    except (InvalidOperation, ValueError, TypeError):
        raise BadInput(expected(what, "a decimal number", repr(value))) from None
    if not result.is_finite():
        raise BadInput(expected(what, "a finite number", repr(value)))
    if result.adjusted() > _PLACES or int(result.as_tuple().exponent) < -_PLACES:
        raise BadInput(expected(what, f"at most {_PLACES} places before and after the point", repr(value)))
    return result


def exact_product(*factors: Decimal) -> Decimal:
    """Return the product without rounding it, whatever the caller's decimal context is."""
    product = Decimal(1)
    for factor in factors:
        product = _CONTEXT.multiply(product, factor)
    return product


def decimals_of(value: Number) -> int:
    """Return how many decimals a number has after trailing zeros are dropped; 0 for whole numbers."""
    exponent = decimal_of(value).normalize(_CONTEXT).as_tuple().exponent
    return max(0, -int(exponent))


def _positive(value: Number, what: str) -> Decimal:
    exact = decimal_of(value, what)
    if exact <= 0:
        raise BadInput(expected(what, "a positive decimal", value))
    return exact


def floor_to_step(value: Number, step: Number) -> Decimal:
    """Return the largest multiple of ``step`` that is not above ``value`` (towards minus infinity)."""
    exact, exact_step = decimal_of(value, "value"), _positive(step, "step")
    whole = _CONTEXT.divide_int(exact, exact_step)
    if _CONTEXT.remainder(exact, exact_step) < 0:
        whole = _CONTEXT.subtract(whole, Decimal(1))
    return _CONTEXT.add(_CONTEXT.multiply(whole, exact_step), Decimal(0))


def ceil_to_step(value: Number, step: Number) -> Decimal:
    """Return the smallest multiple of ``step`` that is not below ``value``."""
    return _CONTEXT.minus(floor_to_step(_CONTEXT.minus(decimal_of(value, "value")), step))


def round_price(price: Number, tick: Number, side: Side) -> Decimal:
    """Round a limit price to the tick so that the order is never worse for its owner than asked.

    A buy is rounded down and a sell up.
    """
    return floor_to_step(price, tick) if side == Side.BUY else ceil_to_step(price, tick)


def common_lot(first: Number, second: Number) -> Decimal:
    """Return the smallest quantity that is a whole number of both lots (their least common multiple).

    Lots of 0.04 and 0.06 give 0.12; 10 and 0.001 give 10.
    """
    lots = _positive(first, "lot"), _positive(second, "lot")
    scale = max(decimals_of(lot) for lot in lots)
    units = [int(lot.scaleb(scale, _CONTEXT)) for lot in lots]
    return Decimal(lcm(*units)).scaleb(-scale, _CONTEXT)


def quantity_for_notional(notional: Number, price: Number, lot: Number) -> Decimal:
    """Return the largest multiple of ``lot`` whose value at ``price`` is not above ``notional``."""
    exact_lot = _positive(lot, "lot")
    cost_of_lot = _CONTEXT.multiply(_positive(price, "price"), exact_lot)
    budget = max(decimal_of(notional, "notional"), Decimal(0))
    return _CONTEXT.multiply(_CONTEXT.divide_int(budget, cost_of_lot), exact_lot)


def order_quantity(quantity: Number, price: Number, *instruments: Instrument) -> Decimal:
    """Floor a quantity to what every one of the instruments accepts; zero when it is below a minimum.

    Parameters
    ----------
    quantity
        Wanted, in base coin.
    price
        Price at which the notional minimum is checked, in quote per base.
    instruments
        One or more; the quantity is floored to their common lot.

    Returns
    -------
    Decimal
        A multiple of every lot, at most ``quantity``, at least every minimum; else 0.
    """
    if not instruments:
        raise BadInput(expected("instruments", "at least one", "none"))
    lot = instruments[0].lot
    for other in instruments[1:]:
        lot = common_lot(lot, other.lot)
    floored = floor_to_step(max(decimal_of(quantity, "quantity"), Decimal(0)), lot)
    value = _CONTEXT.multiply(floored, decimal_of(price, "price"))
    enough = all(floored >= one.min_quantity and value >= one.min_notional for one in instruments)
    return floored if enough and floored > 0 else Decimal(0)
