"""Fees: what a fill costs, by role, and in which coin."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from arbresearch.core.errors import BadInput, expected
from arbresearch.core.precision import decimal_of, exact_product
from arbresearch.core.types import Side

__all__ = ["FeeCurrency", "FeeSchedule", "Role", "net_edge_bps"]


class Role(StrEnum):
    """Whether an order rested in the book or took from it."""

    MAKER = "maker"
    TAKER = "taker"


class FeeCurrency(StrEnum):
    """The coin a fee is taken in."""

    QUOTE = "quote"
    RECEIVED = "received"
    COIN = "coin"


@dataclass(frozen=True, slots=True)
class FeeSchedule:
    """Maker and taker fee of one account tier on one venue.

    Parameters
    ----------
    maker, taker
        Fractions of the notional (10 bps is 0.001). Negative is a rebate.
    paid_in
        ``quote``: always quote currency; ``received``: what the fill brings in (base on a buy, quote on a
        sell: the default of most spot venues); ``coin``: a fee coin such as GT or MX.
    coin
        The fee coin, required with ``paid_in="coin"``.
    tier
        Name of the account tier the rates hold for.
    """

    maker: float
    taker: float
    paid_in: FeeCurrency = FeeCurrency.QUOTE
    coin: str | None = None
    tier: str = "default"

    def __post_init__(self) -> None:
        """Refuse fees that are clearly percentages or basis points rather than fractions."""
        for name in ("maker", "taker"):
            rate = getattr(self, name)
            if not -0.01 <= rate <= 0.05:
                raise BadInput(expected(f"{name} fee", "a fraction such as 0.001 for 10 bps (-0.01 to 0.05)", rate))
        if (self.paid_in == FeeCurrency.COIN) != (self.coin is not None):
            raise BadInput(
                expected("fee coin", "a coin exactly when paid_in is 'coin'", f"{self.coin!r} with {self.paid_in}")
            )

    @classmethod
    def from_bps(cls, maker_bps: float, taker_bps: float, tier: str = "default") -> FeeSchedule:
        """Build a schedule from basis points of notional."""
        return cls(maker_bps / 1e4, taker_bps / 1e4, tier=tier)

    def rate(self, role: Role) -> float:
        """Return the fee of a role as a fraction of notional."""
        return self.maker if role == Role.MAKER else self.taker

    def charge(
        self, role: Role, side: Side, quantity: Decimal, price: Decimal, base: str, quote: str
    ) -> tuple[str, Decimal]:
        """Return the currency and the amount that a fill is charged.

        With a fee coin the amount is given in quote currency, to be converted at the coin's price.
        """
        rate = decimal_of(self.rate(role), f"{role} fee")
        if self.paid_in == FeeCurrency.RECEIVED and side == Side.BUY:
            return base, exact_product(quantity, rate)
        currency = self.coin if self.paid_in == FeeCurrency.COIN and self.coin else quote
        return currency, exact_product(quantity, price, rate)


def net_edge_bps(sell_price: float, buy_price: float, sell_fee: float, buy_fee: float) -> float:
    """Return the net edge of selling at one price and buying at another, in basis points of what is paid.

    ``1e4 * (sell (1 - f_sell) / (buy (1 + f_buy)) - 1)``; fees are fractions by role and venue. NaN in, NaN out.
    """
    return 1e4 * (sell_price * (1.0 - sell_fee) / (buy_price * (1.0 + buy_fee)) - 1.0)
