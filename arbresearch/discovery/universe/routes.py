"""Over which networks coins can move between two venues, as the venues publish it."""

from __future__ import annotations

from typing import Final

import polars as pl

from arbresearch.core import SchemaError, expected
from arbresearch.venues import contract_on, map_networks

__all__ = ["ROUTE", "transfer_routes"]

ROUTE: Final[dict[str, pl.DataType]] = {
    "networks": pl.List(pl.String()),
    "networks_common": pl.Int64(),
    "networks_clash": pl.Int64(),
    "open_ab": pl.Int64(),
    "open_ba": pl.Int64(),
    "unknown_ab": pl.Int64(),
    "unknown_ba": pl.Int64(),
    "network_ab": pl.String(),
    "fee_ab": pl.Float64(),
    "fee_fraction_ab": pl.Float64(),
    "network_ba": pl.String(),
    "fee_ba": pl.Float64(),
    "fee_fraction_ba": pl.Float64(),
}
"""Columns of a route; see :func:`transfer_routes`."""

_SIDES: Final = ("venue_a", "asset_a", "venue_b", "asset_b")
_FACTS: Final = ("withdraw_open", "deposit_open", "fee", "fee_fraction", "contract")


def transfer_routes(coins: pl.DataFrame, networks: pl.DataFrame) -> pl.DataFrame:
    """Say over which networks each coin can go from A to B and back.

    A network is common when both venues publish it under spellings of one canonical name and do not publish different
    contracts on it. A way is open when the sender's withdrawals and the receiver's deposits are said to be.

    Parameters
    ----------
    coins
        ``venue_a``, ``asset_a``, ``venue_b``, ``asset_b``.
    networks
        Snapshot as :meth:`TickStore.networks` gives it.

    Returns
    -------
    polars.DataFrame
        The same rows in the same order with: networks (canonical, sorted), networks_common (how many),
        networks_clash (on which both publish contracts that differ), open_ab and open_ba (how many are open that way),
        unknown_ab and unknown_ba (of which it is not known), and each way network_ab, fee_ab (the smallest fixed
        withdrawal fee among those not known to be shut, in the coin) and fee_fraction_ab (what that network takes
        besides, fraction of the amount). Null where either venue publishes no network of the coin, so that nothing is
        known, and where A and B are one venue, between whose accounts no network is needed.

    Raises
    ------
    SchemaError
        If ``coins`` misses a column.
    """
    missing = [name for name in _SIDES if name not in coins.columns]
    if missing:
        raise SchemaError(expected("frame of coins", f"columns {', '.join(_SIDES)}", f"no {', '.join(missing)}"))
    numbered = coins.with_row_index("row")
    mapped = map_networks(networks)
    contracts = [
        contract_on(network, address) if network else None
        for network, address in mapped.select("network_canonical", "contract_address").iter_rows()
    ]
    facts = mapped.with_columns(pl.Series("contract", contracts, pl.String))
    pairs = numbered.lazy().select("row", *_SIDES)
    for side in "ab":
        pairs = pairs.join(_side(facts, side), on=[f"venue_{side}", f"asset_{side}", *(["network"] * (side == "b"))])
    met = _ways(pairs).collect()
    published = networks.select("venue", "asset").unique()
    both = numbered.filter(pl.col("venue_a") != pl.col("venue_b"))
    for side in "ab":
        keys = [f"venue_{side}", f"asset_{side}"]
        both = both.join(published, left_on=keys, right_on=["venue", "asset"], how="semi")
    counts = [name for name, dtype in ROUTE.items() if dtype == pl.Int64]
    found = both.select("row").join(_summed(met), on="row", how="left").with_columns(
        pl.col(counts).fill_null(0), pl.col("networks").fill_null(pl.lit([], dtype=pl.List(pl.String)))
    )  # fmt: skip
    placed = numbered.join(found, on="row", how="left").sort("row")
    return placed.select(*coins.columns, *(pl.col(name).cast(dtype) for name, dtype in ROUTE.items()))


def _side(facts: pl.DataFrame, side: str) -> pl.LazyFrame:
    return (
        facts.lazy()
        .filter(pl.col("network_canonical").is_not_null())
        .select(
            pl.col("venue").alias(f"venue_{side}"),
            pl.col("asset").alias(f"asset_{side}"),
            pl.col("network_canonical").alias("network"),
            *(pl.col(name).alias(f"{name}_{side}") for name in _FACTS),
        )
    )


def _ways(pairs: pl.LazyFrame) -> pl.LazyFrame:
    """Return one row a pair and common network: whether it clashes, is open and what it costs, each way."""
    clash = (pl.col("contract_a") != pl.col("contract_b")).fill_null(False)
    found = pairs.with_columns(
        clash.alias("clash"),
        (pl.col("withdraw_open_a") & pl.col("deposit_open_b")).alias("ab"),
        (pl.col("withdraw_open_b") & pl.col("deposit_open_a")).alias("ba"),
    )
    sound = ~pl.col("clash")
    ways = []
    for way, sender in (("ab", "a"), ("ba", "b")):
        usable = sound & pl.col(way).fill_null(True)
        order = pl.struct(f"fee_{sender}", pl.col(f"fee_fraction_{sender}").fill_null(0.0))
        first = pl.struct(f"fee_{sender}", f"fee_fraction_{sender}").filter(
            usable & pl.col(f"fee_{sender}").is_not_null()
        )
        priced = order.filter(usable & pl.col(f"fee_{sender}").is_not_null())
        best = first.sort_by(priced).first()
        ways += [
            pl.col(way).filter(sound).any().alias(f"open_{way}"),
            (pl.col(way).filter(sound).is_null().any() & ~pl.col(way).filter(sound).any()).alias(f"unknown_{way}"),
            best.struct.field(f"fee_{sender}").alias(f"fee_{way}"),
            best.struct.field(f"fee_fraction_{sender}").alias(f"fee_fraction_{way}"),
        ]
    return found.group_by("row", "network").agg(pl.col("clash").all(), *ways)


def _summed(met: pl.DataFrame) -> pl.DataFrame:
    sound = ~pl.col("clash")
    ways = []
    for way in ("ab", "ba"):
        order = [f"fee_{way}", pl.col(f"fee_fraction_{way}").fill_null(0.0), "network"]
        priced = pl.struct("network", f"fee_{way}", f"fee_fraction_{way}").sort_by(order, nulls_last=True).first()
        known = pl.col(f"fee_{way}").is_not_null().any()
        ways += [
            pl.col(f"open_{way}").sum(),
            pl.col(f"unknown_{way}").sum(),
            pl.when(known).then(priced.struct.field("network")).alias(f"network_{way}"),
            pl.when(known).then(priced.struct.field(f"fee_{way}")).alias(f"fee_{way}"),
            pl.when(known).then(priced.struct.field(f"fee_fraction_{way}")).alias(f"fee_fraction_{way}"),
        ]
    return met.group_by("row").agg(
        pl.col("network").filter(sound).sort().alias("networks"),
        sound.sum().alias("networks_common"),
        pl.col("clash").sum().alias("networks_clash"),
        *ways,
    )
