"""The order size that everything allows, at the thresholds that were chosen."""

from __future__ import annotations

import numpy as np

from arbresearch.backtest import GridRuns, Inputs, RunTerms
from arbresearch.core import NS_PER_SECOND
from arbresearch.thresholds.plateau import Plateau
from arbresearch.thresholds.points import ThresholdGrid
from arbresearch.thresholds.settings import OptimizerSettings
from arbresearch.thresholds.sizing import Sizing, VenueRisk, choose_size

__all__ = ["sized", "smallest_order_quote"]


def sized(
    inputs: Inputs,
    terms: RunTerms,
    grid: ThresholdGrid,
    runs: GridRuns,
    plateau: Plateau,
    settings: OptimizerSettings,
    largest_quote: float,
) -> Sizing:
    """Return what bounds the order size at the chosen thresholds.

    Profit by size is that of the grid's points which differ from the chosen one in nothing but size. What lies on the
    venues is what a run starts with, and as many orders of capital are held as the largest order goes into it. Half of
    a perpetual's margin counts as what may be sold, half as what may be bought with.

    Parameters
    ----------
    inputs, terms, grid, runs, plateau
        What was chosen on.
    settings
        Limits and the bootstrap.
    largest_quote
        Largest order that was tried, quote currency.
    """
    place = plateau.choice
    others = np.delete(grid.index, 3, axis=1)
    alike = np.flatnonzero((others == others[place]).all(axis=1))
    alike = alike[np.argsort(grid.coordinates[alike, 3])]
    streams = inputs.streams.all[:2]
    risks = [
        VenueRisk(
            venue=stream.name,
            base_quote=0.5 * venue.quote_start if venue.perpetual else venue.base_start * mid,
            cash_quote=0.5 * venue.quote_start if venue.perpetual else venue.quote_start,
            default_probability_year=settings.venue_default_year,
            loss_given_default=settings.loss_given_default,
        )
        for stream, venue, mid in zip(streams, terms.venues, inputs.first_mids, strict=False)
    ]
    return choose_size(
        grid.coordinates[alike, 3],
        runs.profit_quote[:, alike],
        runs.block_ns / NS_PER_SECOND,
        venues=risks,
        capital_quote=runs.capital_quote,
        orders_held=runs.capital_quote / largest_quote,
        drawdown_limit=settings.drawdown_limit,
        default_limit=settings.default_limit,
        confidence=settings.confidence,
        resamples=settings.resamples,
        seed=settings.seed,
    )


def smallest_order_quote(inputs: Inputs, terms: RunTerms) -> float:
    """Return the worth of the smallest order that both venues take, quote currency."""
    price = max(inputs.first_mids[:2])
    steps = [max(one.lot, one.min_quantity) * price for one in terms.venues[:2]]
    return max(terms.strategy.common_lot * price, *steps, *(one.min_notional for one in terms.venues[:2]))
