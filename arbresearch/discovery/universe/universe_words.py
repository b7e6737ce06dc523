"""A universe in words and in the small tables that a report keeps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import polars as pl

from arbresearch.discovery.universe.universe import Universe

__all__ = ["describe_universe", "universe_doubts", "universe_tables"]

_LONGEST: Final = 150
_NAMED: Final = 6
_ALONE: Final = {
    "one_venue": "listed by one venue only",
    "other_quote": "traded elsewhere against another quote only",
    "other_market": "traded elsewhere as another kind of market only",
    "inactive": "taking no orders",
    "gone": "gone from the newest snapshot",
}


def describe_universe(universe: Universe) -> str:
    """Return a few sentences in Markdown: what is shared, one coin, movable, alone and missing."""
    parts = [_shared(universe), _identity(universe), _routes(universe), _alone(universe), *_missing(universe)]
    return "\n\n".join(part for part in parts if part)


def universe_doubts(universe: Universe) -> pl.DataFrame:
    """Return what of a universe cannot be counted on: pairs that are not verified, then markets in no pair.

    Returns
    -------
    polars.DataFrame
        market (a pair's name, or venue and symbol), doubt (``different``, ``unverified``, or the reason of a lone
        market in words) and detail.
    """
    pairs = universe.pairs.filter(pl.col("identity") != "verified").sort("identity", "pair")
    alone = universe.alone.with_columns(pl.col("reason").replace(_ALONE))
    return pl.concat(
        [
            pairs.select(
                pl.col("pair").alias("market"),
                pl.col("identity").alias("doubt"),
                pl.col("identity_reason").alias("detail"),
            ),
            alone.select(
                pl.format("{} {}", "venue", "symbol").alias("market"), pl.col("reason").alias("doubt"), "detail"
            ),
        ]
    )


def universe_tables(universe: Universe) -> dict[str, pl.DataFrame]:
    """Return what a report keeps: ``universe`` (by venue pair), ``verdicts``, ``venues``, ``doubts``, ``unmapped``."""
    return {
        "universe": universe.by_venue_pair().head(_LONGEST),
        "verdicts": universe.verdicts(),
        "venues": universe.venues.head(_LONGEST),
        "doubts": universe_doubts(universe).head(_LONGEST),
        "unmapped": universe.unmapped.with_columns(pl.col("assets").list.join(", ")).head(_LONGEST),
    }


def _shared(universe: Universe) -> str:
    venues, symbols = universe.venues, universe.symbols
    names = _list(venues["venue"].to_list(), 20)
    if symbols.is_empty():
        return f"**{names} have no coin in common.**"
    coins = symbols["coin"].n_unique()
    everywhere = symbols.filter(pl.col("venue_count") == venues.height)["coin"].n_unique()
    head = f"**{names}** {'has' if venues.height == 1 else 'have'} {_count(coins, 'coin')} in common"
    both = f", {everywhere:,} on all of them" if venues.height > 2 else ""
    multiples = symbols.filter(pl.col("units").list.max() > 1)["coin"].to_list()
    more = f" Multiples are recognised: {_list(multiples)}." if multiples else ""
    quoted, pairs = universe.pairs.filter("quoted").height, universe.pairs.height
    held = "all" if quoted == pairs > 1 else f"{quoted:,}" if quoted else "none"
    tail = f"{_count(pairs, 'pair')} of markets, {held} with quotes of both in the store"
    return f"{head}{both}: {tail}.{more}"


def _identity(universe: Universe) -> str:
    if universe.pairs.is_empty():
        return ""
    verdict, ground = pl.col("identity"), pl.col("identity_ground")
    sure, other, open_ones = (
        universe.pairs.filter(verdict == one) for one in ("verified", "different", "unverified")
    )  # fmt: skip
    grounds = (("contract", "by contract address"), ("native", "as the native coin of a common network"))
    counted = [(sure.filter(ground == one).height, words) for one, words in grounds]
    by = ", ".join(f"{count:,} {words}" for count, words in counted if count)
    said = [
        f"{f'{sure.height:,}' if sure.height else 'none'} of {_count(universe.pairs.height, 'pair')} verified"
        + (f" ({by})" if by else "")
    ]
    if other.height:
        said.append(f"{other.height:,} **different coins under one ticker** ({_list(_coins(other))})")
    if open_ones.height:
        said.append(f"{open_ones.height:,} unverified before prices are compared ({_list(_coins(open_ones))})")
    return f"**The same coin?** {', '.join(said)}."


def _routes(universe: Universe) -> str:
    totals = universe.by_venue_pair().select(pl.selectors.integer().sum())
    if totals.is_empty() or not totals["known_routes"][0]:
        return ""
    ways = (("both_ways", "open in both directions"), ("one_way", "in one direction only"), ("shut", "in neither"),
            ("unsaid", "where the venues do not say"))  # fmt: skip
    said = ", ".join(f"{totals[name][0]:,} {words}" for name, words in ways if totals[name][0])
    known = _count(int(totals["known_routes"][0]), "pair")
    clash = universe.pairs.filter((pl.col("networks_clash") > 0) & (pl.col("identity") != "different")).height
    bridged = f" On {clash:,} of them some common network carries two contracts, which is no route." if clash else ""
    return f"**Can it be moved?** Of {known} whose networks both venues publish: {said}.{bridged}"


def _alone(universe: Universe) -> str:
    if universe.alone.is_empty():
        return ""
    counted = dict(universe.alone.group_by("reason").len().iter_rows())
    said = [f"{counted[reason]:,} {words}" for reason, words in _ALONE.items() if reason in counted]
    return f"**Alone:** {_count(universe.alone.height, 'market')} in no pair, {', '.join(said)}."


def _missing(universe: Universe) -> list[str]:
    venues = universe.venues
    bare = venues.filter(pl.col("instruments") == 0)["venue"].to_list()
    still = venues.filter(pl.col("networks") == 0)["venue"].to_list()
    lines = []
    if bare:
        lines.append(
            f"**Missing: instruments of {_list(bare)}.** Of their markets only names are known; whether they take "
            "orders, and what else is listed, is not (arb import instruments)."
        )
    if still:
        lines.append(
            f"**Missing: networks of {_list(still)}.** Whether a ticker is the same coin rests on prices alone there, "
            "and whether it can be moved is not known (arb import networks)."
        )
    if universe.unmapped.height:
        named = [f"{venue} {network}" for venue, network in universe.unmapped.select("venue", "network").iter_rows()]
        lines.append(f"Spellings of networks that stand for none known: {_list(named)}.")
    return lines


def _coins(pairs: pl.DataFrame) -> list[str]:
    return pairs["coin"].unique().sort().to_list()


def _count(number: int, what: str) -> str:
    return f"one {what}" if number == 1 else f"{number:,} {what}s"


def _list(names: Sequence[str], most: int = _NAMED) -> str:
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
