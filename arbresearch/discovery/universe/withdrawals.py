"""What withdrawing each coin costs, in the coin, in quote currency and against a notional."""

from __future__ import annotations

import polars as pl

from arbresearch.core import BadInput, SchemaError, expected
from arbresearch.venues import map_networks, with_units

__all__ = ["withdrawal_fees"]

_NEEDED = ("venue_a", "symbol_a", "mid_a", "venue_b", "symbol_b", "mid_b")


def withdrawal_fees(networks: pl.DataFrame, edges: pl.DataFrame, *, notional_quote: float = 1_000.0) -> pl.DataFrame:
    """Price the withdrawal fees of every coin at the mid prices of a snapshot.

    Parameters
    ----------
    networks
        As :meth:`TickStore.networks` gives it.
    edges
        As :func:`arbresearch.discovery.snapshot_edges` gives it.
    notional_quote
        Value that is moved, quote currency.

    Returns
    -------
    polars.DataFrame
        A row a venue, symbol and network: venue, symbol, asset, network (as the venue spells it), network_canonical
        (null where unmapped), withdraw_open (null where not said), mid (quote a coin, of a multiple such as 1000PEPE
        reduced to one coin), fee (fixed, in the coin), fee_fraction, min_withdraw (coin), fee_quote (both parts, of the
        notional), fee_bps (of the notional), below_minimum (whether the notional is less than may be withdrawn).
        Null where fee or mid is not known. Sorted by venue, symbol and fee; a symbol whose coin has no network is
        there once, without.

    Raises
    ------
    BadInput
        The notional is not positive.
    SchemaError
        A column is missing.
    """
    if not 0 < notional_quote < float("inf"):
        raise BadInput(expected("notional_quote", "quote currency above zero", notional_quote))
    missing = [name for name in _NEEDED if name not in edges.columns]
    if missing:
        raise SchemaError(expected("frame of edges", f"columns {', '.join(_NEEDED)}", f"no {', '.join(missing)}"))
    sides = [
        edges.select(
            pl.col(f"venue_{side}").alias("venue"),
            pl.col(f"symbol_{side}").alias("symbol"),
            pl.col(f"mid_{side}").alias("mid"),
        )
        for side in "ab"
    ]
    prices = pl.concat(sides).sort("venue", "symbol", "mid", nulls_last=True).unique(["venue", "symbol"], keep="first")
    named = with_units(prices.with_columns(pl.col("symbol").str.split("/").list.first().alias("base")))
    published = networks.select("venue", "asset").unique().with_columns(pl.lit(True).alias("own"))
    placed = named.join(published, left_on=["venue", "base"], right_on=["venue", "asset"], how="left")
    own = pl.col("own").fill_null(False)
    assets = placed.select(
        "venue",
        "symbol",
        pl.when(own).then("base").otherwise("unit_base").alias("asset"),
        pl.when(own).then("mid").otherwise(pl.col("mid") / pl.col("unit_multiplier")).alias("mid"),
    )
    columns = ("venue", "asset", "network", "network_canonical", "withdraw_open", "fee", "fee_fraction", "min_withdraw")
    rows = assets.join(map_networks(networks).select(columns), on=["venue", "asset"], how="left")
    fraction = pl.col("fee_fraction").fill_null(0.0)
    cost = pl.col("fee") * pl.col("mid") + fraction * notional_quote
    return rows.select(
        "venue", "symbol", "asset", "network", "network_canonical", "withdraw_open", "mid", "fee", "fee_fraction",
        "min_withdraw", cost.alias("fee_quote"), (1e4 * cost / notional_quote).alias("fee_bps"),
        (pl.col("min_withdraw") * pl.col("mid") > notional_quote).alias("below_minimum"),
    ).sort("venue", "symbol", "fee_quote", "network", nulls_last=True)  # fmt: skip
