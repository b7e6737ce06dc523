"""Listings that pair with nothing, each with its reason."""

from __future__ import annotations

from typing import Final

import polars as pl

__all__ = ["alone_listings"]

_SHOWN: Final = 3


def alone_listings(listings: pl.DataFrame, taken: pl.DataFrame) -> pl.DataFrame:
    """Say why each listing that is in no pair is in none.

    Parameters
    ----------
    listings
        As :func:`arbresearch.discovery.listings.complete_listings` gives them.
    taken
        Venue and symbol of those in a pair.

    Returns
    -------
    polars.DataFrame
        venue, symbol, coin, quote, kind, listed, reason and detail, sorted by reason, venue and symbol. A listing
        that is against it by itself keeps that reason; of the others: ``other_market`` (the coin is traded against the
        same quote on another venue, in another kind of market), ``other_quote`` (only against another currency),
        ``one_venue`` (nowhere else).
    """
    left = listings.join(taken, on=["venue", "symbol"], how="anti")
    mine = left.filter(pl.col("reason") == "").select("venue", "symbol", "coin", "quote")
    there = listings.select(
        "coin",
        pl.col("venue").alias("there"),
        pl.col("quote").alias("quote_there"),
        pl.format("{} {}", "venue", "symbol").alias("market_there"),
        (pl.col("reason") == "").alias("traded"),
    )
    elsewhere = mine.join(there, on="coin").filter(pl.col("there") != pl.col("venue"))
    same = pl.col("traded") & (pl.col("quote_there") == pl.col("quote"))
    found = elsewhere.group_by("venue", "symbol").agg(
        _some(pl.col("market_there").filter(same)).alias("same_quote"),
        _some(pl.col("market_there").filter(pl.col("traded"))).alias("traded"),
        _some(pl.col("market_there")).alias("shut"),
    )
    nowhere = pl.col("reason") == ""
    words = (
        pl.when(~nowhere)
        .then("detail")
        .when(pl.col("same_quote") != "")
        .then(pl.format("another kind of market elsewhere: {}", "same_quote"))
        .when(pl.col("traded") != "")
        .then(pl.format("another quote elsewhere: {}", "traded"))
        .when(pl.col("shut") != "")
        .then(pl.format("no orders are taken elsewhere: {}", "shut"))
        .otherwise(pl.format("only {} lists {}", "venue", "coin"))
    )
    key = (
        pl.when(~nowhere)
        .then("reason")
        .when(pl.col("same_quote") != "")
        .then(pl.lit("other_market"))
        .when(pl.col("traded") != "")
        .then(pl.lit("other_quote"))
        .otherwise(pl.lit("one_venue"))
    )
    return (
        left.join(found, on=["venue", "symbol"], how="left")
        .with_columns(pl.col("same_quote", "traded", "shut").fill_null(""))
        .select("venue", "symbol", "coin", "quote", "kind", "listed", key.alias("reason"), words.alias("detail"))
        .sort("reason", "venue", "symbol")
    )


def _some(markets: pl.Expr) -> pl.Expr:
    names = markets.unique().sort()
    more = pl.when(names.len() > _SHOWN).then(pl.format(" and {} more", names.len() - _SHOWN)).otherwise(pl.lit(""))
    return names.head(_SHOWN).str.join(", ") + more
