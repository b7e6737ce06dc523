"""What an order of our own moves the price by, where the recorded book does not know of it."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, sqrt

from arbresearch.core import BPS, BadInput, expected

__all__ = ["SquareRootImpact", "impact_bps", "size_for_edge"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SquareRootImpact:
    """The square-root law ``I = Y sigma sqrt(Q / V)``, as a shift of the whole price against the order.

    Almgren, Thum, Hauptmann, Li (2005), "Direct estimation of equity market impact", Risk; Toth and others (2011),
    "Anomalous price impact and the critical nature of liquidity", Physical Review X 1, 021006.

    Parameters
    ----------
    sigma_daily_bps
        Volatility of a day, basis points; positive.
    volume_daily_base
        Traded on the venue in a day, base coin; positive.
    coefficient
        ``Y``, of order one; zero or more.

    Raises
    ------
    BadInput
        A number out of range or not finite.
    """

    sigma_daily_bps: float
    volume_daily_base: float
    coefficient: float = 1.0

    def __post_init__(self) -> None:
        """Refuse numbers out of range."""
        _check(self.sigma_daily_bps, self.volume_daily_base, self.coefficient)

    @property
    def per_root_base(self) -> float:
        """Return the shift as a fraction of the price for one base coin; it grows with the root of the quantity."""
        return self.coefficient * self.sigma_daily_bps * BPS / sqrt(self.volume_daily_base)

    def shift_bps(self, quantity: float) -> float:
        """Return the shift for a quantity in base coin, in basis points of the price; NaN in, NaN out."""
        return impact_bps(quantity, self.volume_daily_base, self.sigma_daily_bps, self.coefficient)


def impact_bps(quantity: float, volume: float, sigma_bps: float, coefficient: float = 1.0) -> float:
    """Return the peak impact of an order by the square-root law, in basis points.

    Parameters
    ----------
    quantity, volume
        Of the order and of the market in a day, in one unit (base coin, or quote currency); NaN in, NaN out.
    sigma_bps
        Volatility of a day, basis points.
    coefficient
        ``Y``, near 1.

    Raises
    ------
    BadInput
        A negative quantity, a volume or volatility that is not positive and finite, a negative coefficient.
    """
    _check(sigma_bps, volume, coefficient)
    if quantity < 0.0:
        raise BadInput(expected("quantity", "zero or more", quantity))
    return coefficient * sigma_bps * sqrt(quantity / volume)


def size_for_edge(edge_bps: float, sigma_bps: float, volume: float, coefficient: float = 1.0) -> float:
    """Return the size with the most profit for an edge, when the whole of it pays the impact.

    ``Q (e - Y sigma sqrt(Q / V))`` is largest at ``Q = V (2 e / (3 Y sigma))^2``.

    Parameters
    ----------
    edge_bps
        Before impact; an edge of zero or less has size 0, NaN gives NaN.
    sigma_bps, volume, coefficient
        As in :func:`impact_bps`, the coefficient positive.

    Returns
    -------
    float
        In the unit of the volume.

    Raises
    ------
    BadInput
        As :func:`impact_bps`, or a coefficient of zero, for which no size is best.
    """
    _check(sigma_bps, volume, coefficient)
    if coefficient == 0.0:
        raise BadInput(expected("coefficient", "a positive number", coefficient, "without impact no size is best"))
    if edge_bps <= 0.0:
        return 0.0
    ratio = 2.0 * edge_bps / (3.0 * coefficient * sigma_bps)
    return volume * ratio * ratio


def _check(sigma_bps: float, volume: float, coefficient: float) -> None:
    for name, value in (("volatility", sigma_bps), ("volume", volume)):
        if not 0.0 < value < inf:
            raise BadInput(expected(name, "a positive finite number", value))
    if not 0.0 <= coefficient < inf:
        raise BadInput(expected("impact coefficient", "a finite number of zero or more", coefficient))
