"""Compiled: what a fill is charged."""

from __future__ import annotations

from numba import njit

__all__ = ["charge"]


@njit(cache=True, error_model="numpy")
def charge(rate: float, received: bool, sell: bool, quantity: float, notional: float) -> tuple[float, float]:
    """Return the fee of a fill in base coin and in quote currency, one of them 0.

    Parameters
    ----------
    rate
        Fraction of the notional; negative is a rebate.
    received
        Whether the fee is taken from what the fill brings in: base coin of a buy. Else it is in quote currency, or in
        a fee coin to be bought for so much quote currency.
    sell
        Side of the order.
    quantity, notional
        Base coin filled and quote currency exchanged. NaN in, NaN out.
    """
    if received and not sell:
        return quantity * rate, 0.0
    return 0.0, notional * rate
