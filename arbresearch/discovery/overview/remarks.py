"""Why an edge that is there may still be none: remarks on a pair, from its figures alone."""

from __future__ import annotations

from collections.abc import Mapping
from math import exp, log
from typing import Any

from arbresearch.discovery.overview.settings import OverviewSettings

__all__ = ["is_same_coin", "remark"]


def is_same_coin(price_ratio: float, settings: OverviewSettings) -> bool:
    """Say whether prices are close enough for two streams to be of one coin; NaN is given the benefit of the doubt."""
    return not abs(log(price_ratio)) > log(settings.other_coin_ratio)


def remark(figures: Mapping[str, Any], settings: OverviewSettings) -> str:
    """Return what speaks against a pair at first sight, or an empty text.

    Parameters
    ----------
    figures
        A row of :attr:`arbresearch.discovery.Overview.pairs`.
    settings
        Holds the limits.
    """
    ratio = figures["price_ratio"]
    if not is_same_coin(ratio, settings):
        return f"another coin? prices differ by a factor of {exp(abs(log(ratio))):.3g}"
    if not figures["episodes"]:
        return "never above the threshold"
    found = []
    if figures["share"] < settings.rare_share:
        found.append("hardly ever")
    if figures["alive_share"] < settings.fleeting_share:
        found.append(f"over within {1e3 * settings.latency_s:g} ms")
    if figures["standing_share"] > settings.standing_share:
        found.append("a book stands still")
    if figures["median_quote"] < settings.thin_quote:
        found.append(f"thin: {figures['median_quote']:.3g} on the book")
    if figures["one_way_share"] > settings.one_way_share:
        found.append(f"one way: {figures['one_way']}")
    return "; ".join(found)
