"""The coins that venues have in common: who lists what, whether it is the same coin, and how it moves between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from arbresearch.core import BadInput, expected
from arbresearch.core.units import NS_PER_SECOND
from arbresearch.discovery.pairs import Markets, StreamPair
from arbresearch.discovery.universe.alone import alone_listings
from arbresearch.discovery.universe.listings import complete_listings, store_listings
from arbresearch.discovery.universe.routes import ROUTE, transfer_routes
from arbresearch.store import Moment, TickStore
from arbresearch.venues import IdentitySettings, QuoteGroups, identify_pairs, unit_of, unmapped_networks

__all__ = ["Universe", "discover_common_symbols", "universe_of"]

_COINS = ("venue_a", "base_a", "venue_b", "base_b")


@dataclass(frozen=True, slots=True)
class Universe:
    """What venues have in common. A coin is the ticker without its multiple; a quote stands for its group.

    Parameters
    ----------
    symbols
        A row a coin and quote that two markets share: coin, quote, venues (sorted), venue_count, symbols (such as
        ``gate LUNC/USDT``, sorted), currencies (the quotes themselves), units (coins one unit of a ticker is, more
        than one where some venue lists a multiple), pairs (how many).
    pairs
        A row a symbol and two venues: pair (its name), coin, quote; venue, symbol, base, kind, unit and contract_size
        of A and of B; listed (whether an instrument describes both), comparable (whether prices compare as they are:
        units are equal), price_factor (what makes A's price over B's one of a coin each); identity, identity_ground
        and identity_reason (without prices; see :func:`arbresearch.venues.identify_pairs`); the columns of
        :func:`arbresearch.discovery.transfer_routes`; quoted (whether the store has quotes of both), overlaps (whether
        both ran at one time) and overlap_h (for how many hours; both null unless quoted). Sorted by coin, quote, venues
        and symbols.
    venues
        A row a venue: venue, snapshot_ns (newest instruments, null without), instruments, tradable (of them, active
        and in the newest snapshot), streams (with quotes), unlisted (streams no instrument describes), common
        (markets in a pair), coins (in a pair), alone (markets in none), networks and unmapped (rows).
    unmapped
        Spellings of networks without canonical name: venue, network, rows, assets.
    alone
        Markets in no pair: venue, symbol, coin, quote, kind, listed, reason (``one_venue``, ``other_quote``,
        ``other_market``, ``inactive``, ``gone`` from the newest snapshot) and detail (words).
    """

    symbols: pl.DataFrame
    pairs: pl.DataFrame
    venues: pl.DataFrame
    unmapped: pl.DataFrame
    alone: pl.DataFrame

    def stream_pairs(self) -> tuple[StreamPair, ...]:
        """Return the pairs that can be scored: both quoted at the same time; multiples are brought to one coin then."""
        found = self.pairs.filter(pl.col("overlaps"))
        columns = ("venue_a", "symbol_a", "venue_b", "symbol_b")
        return tuple(StreamPair(*row) for row in found.select(columns).iter_rows())

    def by_venue_pair(self) -> pl.DataFrame:
        """Count what each two venues share.

        Returns
        -------
        polars.DataFrame
            venue_a, venue_b; coins and pairs; verified, different and unverified; quoted (pairs); known_routes (pairs
            not of different coins of which both venues publish networks) and of those both_ways, one_way and shut (open
            in both directions, in one, in neither) and unsaid (whether a direction is open is not said).
        """
        verdict = pl.col("identity")
        known = pl.col("networks_common").is_not_null() & (verdict != "different")
        open_ab, open_ba = ((pl.col(f"open_{way}") > 0).fill_null(False) for way in ("ab", "ba"))
        unsaid = pl.any_horizontal(
            (pl.col(f"open_{way}") == 0) & (pl.col(f"unknown_{way}") > 0) for way in ("ab", "ba")
        )
        ways = {"known_routes": known, "both_ways": known & open_ab & open_ba}
        ways |= {"one_way": known & ~unsaid & (open_ab ^ open_ba), "shut": known & ~unsaid & ~open_ab & ~open_ba}
        ways |= {"unsaid": known & unsaid}
        return (
            self.pairs.group_by("venue_a", "venue_b", maintain_order=True)
            .agg(
                pl.col("coin").n_unique().cast(pl.Int64).alias("coins"),
                pl.len().cast(pl.Int64).alias("pairs"),
                *((verdict == one).sum().cast(pl.Int64).alias(one) for one in ("verified", "different", "unverified")),
                pl.col("quoted").sum().cast(pl.Int64),
                *(one.sum().cast(pl.Int64).alias(name) for name, one in ways.items()),
            )
            .sort(pl.col("pairs"), "venue_a", "venue_b", descending=[True, False, False])
        )

    def verdicts(self) -> pl.DataFrame:
        """Count pairs by verdict: identity, identity_ground, pairs, coins, example (a pair) and its reason."""
        return (
            self.pairs.group_by("identity", "identity_ground")
            .agg(
                pl.len().cast(pl.Int64).alias("pairs"),
                pl.col("coin").n_unique().cast(pl.Int64).alias("coins"),
                pl.col("pair").first().alias("example"),
                pl.col("identity_reason").first().alias("reason"),
            )
            .sort(pl.col("pairs"), "identity", "identity_ground", descending=[True, False, False])
        )


def discover_common_symbols(
    store: TickStore,
    venues: Sequence[str] = (),
    *,
    quote_groups: QuoteGroups | None = None,
    markets: Markets = "same",
    at: Moment | None = None,
    identity: IdentitySettings | None = None,
    symbols: Sequence[str] = (),
    without_instruments: bool = False,
) -> Universe:
    """Find the symbols that venues have in common.

    Parameters
    ----------
    store
        Its ``instruments`` say what is listed, its ``networks`` how coins move. Streams of quotes that no instrument
        describes take part too, marked ``listed`` false.
    venues
        ccxt ids, the earlier one of two being A; none: all in the store, in alphabetical order.
    quote_groups
        Quote currencies taken for equal; None: each is equal to itself alone.
    markets
        ``same``: one kind of market on two venues; ``any``: also spot against perpetual, on two venues or on one.
    at
        The newest snapshot at or before it counts, receive time; None: the newest of all. A market that is missing
        from its venue's newest snapshot (of a UTC day) is no longer listed.
    identity
        Settings of the verdict on a coin; the defaults when None. Prices are not looked at here.
    symbols
        Only the coins and quotes of these unified symbols; none: all.
    without_instruments
        Whether to go on from the quote streams alone where the venues have no instruments at all.

    Raises
    ------
    BadInput
        A venue or symbol is not in the store, a venue is named twice, or there are no instruments at all.
    """
    if len(set(venues)) < len(venues):
        raise BadInput(expected("venues", "each venue once", ", ".join(venues)))
    listings = store_listings(store, venues, at, without_instruments=without_instruments)
    groups = quote_groups or QuoteGroups()
    return universe_of(
        complete_listings(listings, groups, symbols),
        store.networks(at),
        store.instruments(at),
        order=venues,
        markets=markets,
        identity=identity,
    )


def universe_of(
    listings: pl.DataFrame,
    networks: pl.DataFrame,
    instruments: pl.DataFrame,
    *,
    order: Sequence[str] = (),
    markets: Markets = "same",
    identity: IdentitySettings | None = None,
) -> Universe:
    """Pair up listings as :func:`arbresearch.discovery.listings.complete_listings` gives them.

    Parameters
    ----------
    listings, networks, instruments
        Markets, and the snapshots of networks and contracts that say what is the same coin.
    order
        Venues, the earlier one being A; those not named follow in alphabetical order.
    markets, identity
        As in :func:`discover_common_symbols`.
    """
    names = [*order, *sorted(set(listings["venue"]) - set(order))]
    networks = networks.filter(pl.col("venue").is_in(names))
    matched = _matched(listings, names, markets)
    contracts = instruments.select("venue", "base", "contract_address")
    listed = listings.filter(~pl.col("listed")).select(
        "venue", "base", pl.lit(None, dtype=pl.String).alias("contract_address")
    )
    coins = matched.select(_COINS).unique().sort(_COINS)
    judged = _judged(coins, networks, pl.concat([contracts, listed]), identity)
    pairs = _described(matched, judged)
    taken = pl.concat(
        [
            pairs.select(pl.col(f"venue_{side}").alias("venue"), pl.col(f"symbol_{side}").alias("symbol"))
            for side in "ab"
        ]
    ).unique()
    unmapped = unmapped_networks(networks)
    alone = alone_listings(listings, taken)
    shared = listings.join(taken, on=["venue", "symbol"], how="semi")
    return Universe(
        _symbols(shared, pairs), pairs, _venues(names, listings, shared, networks, unmapped), unmapped, alone
    )


def _matched(listings: pl.DataFrame, names: Sequence[str], markets: Markets) -> pl.DataFrame:
    """Return a row each two tradable listings of one coin and quote, A and B in order."""
    rank = pl.DataFrame({"venue": names, "rank": range(len(names))}, schema={"venue": pl.String, "rank": pl.Int64})
    facts = ["venue", "symbol", "base", "kind", "unit", "contract_size", "listed", "first_ns", "last_ns", "rank"]
    tradable = listings.filter(pl.col("reason") == "").join(rank, on="venue").select("coin", "quote", *facts)
    keys = ["coin", "quote", *(["kind"] if markets == "same" else [])]
    a = tradable.with_columns(pl.col("kind").alias("kind_a")).rename({x: f"{x}_a" for x in facts if x != "kind"})
    b = tradable.with_columns(pl.col("kind").alias("kind_b")).rename({x: f"{x}_b" for x in facts if x != "kind"})
    if markets == "any":
        a, b = a.drop("kind"), b.drop("kind")
    on_one = (pl.col("rank_a") == pl.col("rank_b")) & (pl.col("symbol_a") < pl.col("symbol_b"))
    kept = (pl.col("rank_a") < pl.col("rank_b")) | (on_one & (pl.col("kind_a") != pl.col("kind_b")))
    found = a.lazy().join(b.lazy(), on=keys).filter(kept)
    return found.sort("coin", "quote", "rank_a", "rank_b", "symbol_a", "symbol_b").collect()


def _judged(
    coins: pl.DataFrame, networks: pl.DataFrame, instruments: pl.DataFrame, identity: IdentitySettings | None
) -> pl.DataFrame:
    """Return the verdict on, and the routes of, each two tickers."""
    named = coins.rename({"base_a": "asset", "base_b": "asset_b"})
    found = identify_pairs(named, networks, instruments, settings=identity)
    verdict = found.select(
        pl.col("verdict").alias("identity"),
        pl.col("ground").alias("identity_ground"),
        pl.col("reason").alias("identity_reason"),
    )
    moved = coins.select("venue_a", "venue_b", *(_moved_asset(coins, networks, side) for side in "ab"))
    return pl.concat([coins, verdict, transfer_routes(moved, networks).select(*ROUTE)], how="horizontal")


def _moved_asset(coins: pl.DataFrame, networks: pl.DataFrame, side: str) -> pl.Series:
    """Return the asset that a venue moves: the ticker, or the coin where only that has networks."""
    published = set(networks.select("venue", "asset").unique().iter_rows())
    keys = coins.select(f"venue_{side}", f"base_{side}").iter_rows()
    named = [base if (venue, base) in published else unit_of(base).base for venue, base in keys]
    return pl.Series(f"asset_{side}", named, dtype=pl.String)


def _described(matched: pl.DataFrame, judged: pl.DataFrame) -> pl.DataFrame:
    """Return pairs with their names, verdicts, routes and the time in which both have quotes."""
    quoted = pl.col("first_ns_a").is_not_null() & pl.col("first_ns_b").is_not_null()
    both_ns = pl.min_horizontal("last_ns_a", "last_ns_b") - pl.max_horizontal("first_ns_a", "first_ns_b")
    sides = [f"{name}_{side}" for side in "ab" for name in ("venue", "symbol", "base", "kind", "unit", "contract_size")]
    found = matched.join(judged, on=_COINS, how="left", maintain_order="left")
    return found.select(
        _name().alias("pair"),
        "coin",
        "quote",
        *sides,
        (pl.col("listed_a") & pl.col("listed_b")).alias("listed"),
        (pl.col("unit_a") == pl.col("unit_b")).alias("comparable"),
        (pl.col("unit_b") / pl.col("unit_a")).alias("price_factor"),
        "identity",
        "identity_ground",
        "identity_reason",
        *ROUTE,
        quoted.alias("quoted"),
        pl.when(quoted).then(both_ns >= 0).alias("overlaps"),
        pl.when(quoted).then(both_ns.clip(lower_bound=0) / (3600 * NS_PER_SECOND)).alias("overlap_h"),
    )


def _name() -> pl.Expr:
    """Return the name of a :class:`StreamPair`, with both coins where the tickers or quotes differ."""
    spot = {side: pl.col(f"symbol_{side}").str.split(":").list.first() for side in "ab"}
    marked = {
        side: pl.when(pl.col(f"symbol_{side}").str.contains(":", literal=True))
        .then(pl.format("{} perp", f"venue_{side}"))
        .otherwise(pl.col(f"venue_{side}"))
        for side in "ab"
    }
    return (
        pl.when(spot["a"] == spot["b"])
        .then(pl.format("{} {}-{}", spot["a"], marked["a"], marked["b"]))
        .otherwise(pl.format("{} {}-{} {}", spot["a"], marked["a"], spot["b"], marked["b"]))
    )


def _symbols(shared: pl.DataFrame, pairs: pl.DataFrame) -> pl.DataFrame:
    counted = pairs.group_by("coin", "quote").agg(pl.len().cast(pl.Int64).alias("pairs"))
    market = pl.format("{} {}", "venue", "symbol")
    return (
        shared.group_by("coin", "quote")
        .agg(
            pl.col("venue").unique().sort().alias("venues"),
            pl.col("venue").n_unique().cast(pl.Int64).alias("venue_count"),
            market.sort().alias("symbols"),
            pl.col("currency").unique().sort().alias("currencies"),
            pl.col("unit").unique().sort().alias("units"),
        )
        .join(counted, on=["coin", "quote"])
        .sort("coin", "quote")
    )


def _venues(
    names: Sequence[str], listings: pl.DataFrame, shared: pl.DataFrame, networks: pl.DataFrame, unmapped: pl.DataFrame
) -> pl.DataFrame:
    count = pl.len().cast(pl.Int64)
    quoted = pl.col("first_ns").is_not_null()
    here = listings.group_by("venue").agg(
        pl.col("newest_ns").max().alias("snapshot_ns"),
        pl.col("listed").sum().cast(pl.Int64).alias("instruments"),
        (pl.col("listed") & (pl.col("reason") == "")).sum().cast(pl.Int64).alias("tradable"),
        quoted.sum().cast(pl.Int64).alias("streams"),
        (~pl.col("listed")).sum().cast(pl.Int64).alias("unlisted"),
        count.alias("markets"),
    )
    common = shared.group_by("venue").agg(
        count.alias("common"), pl.col("coin").n_unique().cast(pl.Int64).alias("coins")
    )
    rows = networks.group_by("venue").agg(count.alias("networks"))
    left = unmapped.group_by("venue").agg(pl.col("rows").sum().alias("unmapped"))
    found = pl.DataFrame({"venue": names}, schema={"venue": pl.String})
    for frame in (here, common, rows, left):
        found = found.join(frame, on="venue", how="left", maintain_order="left")
    counts = pl.selectors.integer() - pl.selectors.by_name("snapshot_ns")
    return found.with_columns(counts.fill_null(0)).select(
        "venue", "snapshot_ns", "instruments", "tradable", "streams", "unlisted", "common", "coins",
        (pl.col("markets") - pl.col("common")).alias("alone"), "networks", "unmapped",
    )  # fmt: skip
