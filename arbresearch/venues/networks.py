"""Networks under one name each: every venue spells them its own way, and some spellings mean two of them."""

from __future__ import annotations

from functools import lru_cache

import polars as pl

from arbresearch.core import BadInput, SchemaError, check_venue, expected
from arbresearch.venues.addresses import comparable_address
from arbresearch.venues.spellings import network_table

__all__ = ["canonical_network", "contract_on", "map_networks", "networks_frame", "unmapped_networks"]


@lru_cache(maxsize=65_536)
def canonical_network(venue: str, asset: str, spelling: str) -> str | None:
    """Return the one name of a network that a venue spells its own way.

    Case, blanks and punctuation do not matter. ``BNB Smart Chain (BEP20)`` and ``ETH/ERC20`` are understood when both
    parts mean the same network, ``USDT-TRC20`` when the coin is USDT. Nothing is guessed.

    Parameters
    ----------
    venue
        ccxt id; decides spellings that mean different networks on different venues.
    asset
        The coin that is moved, unified code.
    spelling
        The network as the venue writes it.

    Returns
    -------
    str or None
        Canonical id such as ``tron``; None when the spelling is unknown, or ambiguous on this venue.

    Raises
    ------
    BadInput
        If ``venue`` is no venue id.
    """
    return network_table().find(check_venue(venue), asset, spelling)


def contract_on(network: str, address: str | None) -> str | None:
    """Return a contract address of a canonical network in comparable form; None for the native coin or none given.

    Raises
    ------
    BadInput
        If there is no such canonical network.
    """
    known = network_table().networks.get(network)
    if known is None:
        raise BadInput(expected("network", "a canonical id such as ethereum", repr(network)))
    found = comparable_address(address, known.addresses)
    return None if found in known.markers else found


def map_networks(frame: pl.DataFrame) -> pl.DataFrame:
    """Return a frame with the canonical name of each row's network beside it.

    Parameters
    ----------
    frame
        Columns ``venue``, ``asset`` and ``network`` (text, without nulls), such as :meth:`TickStore.networks` gives.

    Returns
    -------
    DataFrame
        The same rows with ``network_canonical``, null where the spelling is unknown or ambiguous.

    Raises
    ------
    SchemaError
        If a column is missing.
    """
    _need(frame, ("venue", "asset", "network"))
    names = [canonical_network(*row) for row in frame.select("venue", "asset", "network").iter_rows()]
    return frame.with_columns(pl.Series("network_canonical", names, pl.String))


def unmapped_networks(frame: pl.DataFrame) -> pl.DataFrame:
    """List the spellings that have no canonical name.

    Parameters
    ----------
    frame
        As for :func:`map_networks`.

    Returns
    -------
    DataFrame
        ``venue``, ``network``, ``rows`` (how many), ``assets`` (sorted), most rows first.
    """
    left = map_networks(frame).filter(pl.col("network_canonical").is_null())
    grouped = left.group_by("venue", "network").agg(
        pl.len().cast(pl.Int64).alias("rows"), pl.col("asset").unique().sort().alias("assets")
    )
    return grouped.sort("rows", "venue", "network", descending=[True, False, False])


def networks_frame() -> pl.DataFrame:
    """Return the table as a frame: ``network``, ``name``, ``native``, ``memo``, ``addresses``, ``aliases``."""
    rows = [
        (one.id, one.name, list(one.native), one.memo, str(one.addresses), list(one.aliases))
        for one in network_table().networks.values()
    ]
    text, texts = pl.String(), pl.List(pl.String())
    schema = {"network": text, "name": text, "native": texts, "memo": pl.Boolean(), "addresses": text, "aliases": texts}
    return pl.DataFrame(rows, schema=schema, orient="row")


def _need(frame: pl.DataFrame, columns: tuple[str, ...]) -> None:
    missing = [one for one in columns if one not in frame.columns]
    if missing:
        raise SchemaError(expected("frame of networks", f"columns {', '.join(columns)}", f"no {', '.join(missing)}"))
