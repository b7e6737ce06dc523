"""The transfers that a run may make: each asset, each way."""

from __future__ import annotations

from arbresearch.backtest.codes import Asset
from arbresearch.backtest.config import BacktestConfig
from arbresearch.backtest.inputs import Inputs
from arbresearch.backtest.routes import cheapest_route, route_terms
from arbresearch.backtest.terms import TransferTerms, VenueTerms
from arbresearch.core import Symbol

__all__ = ["Transfers", "transfer_terms"]

Way = tuple[TransferTerms | None, TransferTerms | None]
Transfers = tuple[Way, Way]
"""By asset and destination; None: closed."""


def transfer_terms(
    inputs: Inputs, config: BacktestConfig, venues: list[VenueTerms]
) -> tuple[Transfers, tuple[str, ...], list[str]]:
    """Return the terms of each asset to A and to B, the networks that were chosen, and what is closed and why."""
    moving, streams = config.moving, inputs.streams
    if moving is None or inputs.networks is None:
        return ((None, None), (None, None)), (), []
    if streams.a.perpetual or streams.b.perpetual:
        return ((None, None), (None, None)), (), ["transfers need two spot venues; none will be made"]
    found: list[list[TransferTerms | None]] = [[None, None], [None, None]]
    notes, warnings = [], []
    for asset in Asset:
        for destination in range(2):
            origin = 1 - destination
            one, other = streams.all[origin], streams.all[destination]
            parsed, there = Symbol.parse(one.symbol), Symbol.parse(other.symbol)
            codes = (parsed.base, there.base) if asset is Asset.BASE else (parsed.quote, there.quote)
            unit = one.unit if asset is Asset.BASE else 1.0
            way = f"{codes[0]} from {one.venue} to {other.venue}"
            route = moving.base if asset is Asset.BASE else moving.quote
            if route is None and codes[0] == codes[1]:
                terms = venues[origin]
                held = terms.base_start if asset is Asset.BASE else terms.quote_start
                size = config.largest_order_quote / (inputs.first_mids[origin] if asset is Asset.BASE else 1.0)
                chosen = cheapest_route(
                    inputs.networks, one.venue, other.venue, codes[0], (held or size) / unit, moving
                )
                if chosen is not None:
                    route = chosen[0]
                    notes.append(
                        f"{way}: over {chosen[1]}, fee {route.fee_fixed:g} and {1e4 * route.fee_rate:g} bps, "
                        f"{route.delay_minutes[0]:g} minutes"
                    )
            if route is None:
                warnings.append(f"{way}: no network is known to be open on both venues; none will be moved")
                continue
            found[asset][destination] = route_terms(
                route, moving, unit=unit, seed=config.seed, asset=asset.name.lower(), destination=other.venue
            )
    return ((found[0][0], found[0][1]), (found[1][0], found[1][1])), tuple(notes), warnings
