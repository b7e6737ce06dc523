"""Flooring to ticks, lots and notionals, exactly.

A venue's steps are decimals, so the arithmetic is done in :class:`decimal.Decimal`: a float such as
``0.3`` is first read as the shortest decimal that names it, hence ``floor_to_step(0.3, "0.1")`` is 0.3 and
not 0.2. Results never exceed what was asked for.
"""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Context, Decimal, InvalidOperation
from math import lcm
from typing import Final

from arbresearch.core.errors import BadInput, expected
from arbresearch.core.types import Instrument, Side

__all__ = [
    "ceil_to_step",
    "common_lot",
    "decimal_of",
    "decimals_of",
    "floor_to_step",
    "order_quantity",
    "quantity_for_notional",
    "round_price",
]

_CONTEXT: Final = Context(prec=60)
Number = Decimal | str | int | float


def decimal_of(value: Number, what: str = "number") -> Decimal:
    """Read a number as the exact decimal it is written as (a float as its shortest representation).

    Raises
    ------
    BadInput
        If it is not a finite number.
    """
    try:
        result = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    except (InvalidOperation, ValueError, TypeError):
        raise BadInput(expected(what, "a decimal number", repr(value))) from None
    if not result.is_finite():
        raise BadInput(expected(what, "a finite number", repr(value)))
    return result


def decimals_of(value: Number) -> int:
    """Return how many decimals a number has after trailing zeros are dropped; 0 for whole numbers."""
    exponent = decimal_of(value).normalize(_CONTEXT).as_tuple().exponent
    return max(0, -int(exponent))


def _to_step(value: Number, step: Number, rounding: str, what: str) -> Decimal:
    exact_step = decimal_of(step, f"{what} step")
    if exact_step <= 0:
        raise BadInput(expected(f"{what} step", "a positive decimal", step))
    exact = decimal_of(value, what)
    whole, rest = _CONTEXT.divide_int(exact, exact_step), _CONTEXT.remainder(exact, exact_step)
    floor = whole if rest >= 0 else whole - 1
    below = rest if rest >= 0 else rest + exact_step
    up = (rounding == ROUND_CEILING and below > 0) or (
        rounding == ROUND_HALF_EVEN and (2 * below > exact_step or (2 * below == exact_step and floor % 2 == 1))
    )
    return _CONTEXT.multiply(floor + 1 if up else floor, exact_step)


def floor_to_step(value: Number, step: Number) -> Decimal:
    """Return the largest multiple of ``step`` that is not above ``value`` (towards minus infinity)."""
    return _to_step(value, step, ROUND_FLOOR, "value")


def ceil_to_step(value: Number, step: Number) -> Decimal:
    """Return the smallest multiple of ``step`` that is not below ``value``."""
    return _to_step(value, step, ROUND_CEILING, "value")


def round_price(price: Number, tick: Number, side: Side) -> Decimal:
    """Round a limit price to the tick so that the order is never worse for its owner than asked.

    A buy is rounded down and a sell up.
    """
    return floor_to_step(price, tick) if side is Side.BUY else ceil_to_step(price, tick)


def common_lot(first: Number, second: Number) -> Decimal:
    """Return the smallest quantity that is a whole number of both lots (their least common multiple).

    Lots of 0.04 and 0.06 give 0.12; 10 and 0.001 give 10.
    """
    lots = decimal_of(first, "lot"), decimal_of(second, "lot")
    if min(lots) <= 0:
        raise BadInput(expected("lot", "a positive decimal", min(lots)))
    scale = max(decimals_of(lot) for lot in lots)
    units = [int(lot.scaleb(scale, _CONTEXT)) for lot in lots]
    return Decimal(lcm(*units)).scaleb(-scale, _CONTEXT)


def quantity_for_notional(notional: Number, price: Number, lot: Number) -> Decimal:
    """Return the largest multiple of ``lot`` whose value at ``price`` is not above ``notional``."""
    exact_price = decimal_of(price, "price")
    if exact_price <= 0:
        raise BadInput(expected("price", "a positive decimal", price))
    budget, exact_lot = decimal_of(notional, "notional"), decimal_of(lot, "lot")
    if exact_lot <= 0:
        raise BadInput(expected("lot", "a positive decimal", lot))
    cost_of_lot = _CONTEXT.multiply(exact_price, exact_lot)
    return _CONTEXT.multiply(_CONTEXT.divide_int(max(budget, Decimal(0)), cost_of_lot), exact_lot)


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
