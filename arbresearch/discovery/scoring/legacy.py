"""The product formula that is often used to rank pairs, kept to compare ranks with."""

from __future__ import annotations

from math import isfinite
from typing import Final

from arbresearch.core import ParameterError, expected

__all__ = ["legacy_composite_score"]

_SLOW_MS: Final = 1_000.0
"""Execution time that halves the score."""


def legacy_composite_score(
    *,
    avg_spread_bps: float,
    opportunity_frequency: float,
    volume_weighted_spread: float,
    price_correlation: float,
    volatility_ratio: float,
    liquidity_depth_score: float,
    avg_execution_time_ms: float,
) -> float:
    """Return the product of a pair's figures that scanners commonly rank by.

    ``spread * frequency * weighted spread * correlation * (1 - r) * depth * speed`` with ``r = min(ratio, 1 / ratio)``
    and ``speed = 1 / (1 + ms / 1000)``. There is no paper behind it, and nothing here decides by it. Inside the
    domain below it still is

    - zero for two venues of equal volatility, which is what a good pair is;
    - blind to fees: at a spread under the fees it is positive;
    - in no unit: with spreads as fractions instead of basis points it is smaller by 1e8, and beside pairs in other
      units its order means nothing;
    - no statement about chance: it has no error, and few episodes count like many.

    Outside it is worse, so that is refused: the product of two negative spreads is positive, and a ratio above one
    turns the sign.

    Parameters
    ----------
    avg_spread_bps, volume_weighted_spread
        Basis points, zero or more.
    opportunity_frequency
        Episodes an hour, zero or more.
    price_correlation
        From -1 to 1; that of Hayashi and Yoshida may lie outside, and is refused there.
    volatility_ratio
        ``sigma_A / sigma_B``, above zero; its inverse gives the same.
    liquidity_depth_score
        From 0 to 1.
    avg_execution_time_ms
        Milliseconds, zero or more.

    Returns
    -------
    float
        In square basis points an hour; negative where the correlation is.

    Raises
    ------
    ParameterError
        A value outside its range, NaN or infinite.
    """
    positive: dict[str, float] = {
        "avg_spread_bps": avg_spread_bps,
        "opportunity_frequency": opportunity_frequency,
        "volume_weighted_spread": volume_weighted_spread,
        "avg_execution_time_ms": avg_execution_time_ms,
    }
    for name, value in positive.items():
        if not (isfinite(value) and value >= 0.0):
            raise ParameterError(expected(name, "a finite number, zero or more", value))
    for name, value, least in (
        ("price_correlation", price_correlation, -1.0),
        ("liquidity_depth_score", liquidity_depth_score, 0.0),
    ):
        if not least <= value <= 1.0:
            raise ParameterError(expected(name, f"a number from {least:g} to 1", value))
    if not (isfinite(volatility_ratio) and volatility_ratio > 0.0):
        raise ParameterError(expected("volatility_ratio", "a finite number above zero", volatility_ratio))
    unlike = 1.0 - min(volatility_ratio, 1.0 / volatility_ratio)
    speed = 1.0 / (1.0 + avg_execution_time_ms / _SLOW_MS)
    found = avg_spread_bps * opportunity_frequency * volume_weighted_spread
    return found * price_correlation * unlike * liquidity_depth_score * speed
