"""What moving an asset from one venue to the other costs and takes, from the networks that both have open."""

from __future__ import annotations

from hashlib import blake2b
from typing import Any, Final

import polars as pl

from arbresearch.backtest.config_parts import TransferConfig, TransferRoute
from arbresearch.backtest.terms import TransferTerms
from arbresearch.core import NS_PER_MINUTE
from arbresearch.venues import map_networks

__all__ = ["cheapest_route", "route_terms"]

_COLUMNS: Final = ("fee", "fee_fraction", "min_withdraw", "precision", "minutes")


def cheapest_route(
    networks: pl.DataFrame, origin: str, destination: str, asset: str, amount: float, config: TransferConfig
) -> tuple[TransferRoute, str] | None:
    """Return the terms of the cheapest network for an amount, and its name; None where none is open on both sides.

    Parameters
    ----------
    networks
        As :meth:`TickStore.networks` gives them.
    origin, destination
        ccxt ids.
    asset, amount
        What is moved, and how much of it.
    config
        Times that no venue states.

    Notes
    -----
    Networks are compared by their canonical names; a spelling that has none is not used. What is not known to be open,
    and a fee that is not stated, counts as shut. Of equally cheap networks the faster one is taken.
    """
    here = map_networks(networks.filter(pl.col("asset") == asset, pl.col("venue").is_in([origin, destination])))
    known = here.filter(pl.col("network_canonical").is_not_null())
    sending = known.filter(pl.col("venue") == origin, pl.col("withdraw_open"), pl.col("fee").is_not_null())
    receiving = known.filter(pl.col("venue") == destination, pl.col("deposit_open"))
    common = sending.join(
        receiving.select("network_canonical", "min_deposit").unique("network_canonical", keep="first"),
        on="network_canonical",
        suffix="_there",
    )
    best: tuple[float, float, str, dict[str, Any]] | None = None
    for row in common.sort("network_canonical").iter_rows(named=True):
        minutes = row["minutes"] if row["minutes"] is not None else config.default_minutes
        cost = row["fee"] + (row["fee_fraction"] or 0.0) * amount
        if best is None or (cost, minutes) < best[:2]:
            best = (cost, minutes, row["network_canonical"], row)
    if best is None:
        return None
    _, minutes, name, row = best
    least = max(row["min_withdraw"] or 0.0, (row["min_deposit_there"] or 0.0) + row["fee"])
    route = TransferRoute(
        fee_fixed=row["fee"],
        fee_rate=row["fee_fraction"] or 0.0,
        min_amount=least,
        step=row["precision"] or 0.0,
        delay_minutes=(minutes + config.processing_minutes,),
    )
    return route, name


def route_terms(
    route: TransferRoute, config: TransferConfig, *, unit: float, seed: int, asset: str, destination: str
) -> TransferTerms:
    """Return the terms as the run takes them: in units of the pair's coin, with a key for its draws."""
    text = f"{seed} transfer {asset} {destination}"
    return TransferTerms(
        fee_fixed=route.fee_fixed * unit,
        fee_rate=route.fee_rate,
        min_amount=route.min_amount * unit,
        step=route.step * unit,
        delays_ns=tuple(round(minutes * NS_PER_MINUTE) for minutes in route.delay_minutes),
        key=int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big"),
        failure_probability=config.failure_probability,
        loss_given_failure=config.loss_given_failure,
    )
