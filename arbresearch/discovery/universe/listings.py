"""What is listed where: the instruments of a store, and its quote streams that no instrument describes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import polars as pl

from arbresearch.core import BadInput, check_venue, expected, format_ns
from arbresearch.core.units import NS_PER_DAY
from arbresearch.store import Moment, TickStore
from arbresearch.venues import QuoteGroups, with_units

__all__ = ["LISTING", "complete_listings", "markets_of", "store_listings"]

LISTING: Final = {
    "venue": pl.String,
    "symbol": pl.String,
    "base": pl.String,
    "currency": pl.String,
    "kind": pl.String,
    "contract_size": pl.Float64,
    "listed": pl.Boolean,
    "active": pl.Boolean,
    "seen_ns": pl.Int64,
    "newest_ns": pl.Int64,
    "first_ns": pl.Int64,
    "last_ns": pl.Int64,
}
"""What :func:`complete_listings` is given: a row a market of a venue. ``kind`` as :func:`markets_of` says; ``listed``,
whether an instrument describes it; ``active``, null where not known; ``seen_ns``, the snapshot that has it last, and
``newest_ns``, the newest one of that venue and market; ``first_ns`` and ``last_ns`` of its quotes, null without any."""

_SYMBOL: Final = r"^([^\s/:]+)/([^\s/:\-]+)(?::([^\s/:\-]+)(?:-(\d{6}))?)?$"
_NAMED: Final = 8
_HOW: Final = "import a snapshot (arb import instruments FILE --at TIME)"


def markets_of(symbols: pl.Series) -> pl.DataFrame:
    """Read unified symbols: symbol, base, currency and kind.

    ``kind`` is ``spot``, ``swap`` or ``future YYMMDD``, with ``inverse`` before it where the coin itself settles it.
    """
    text = pl.col("symbol")
    base, currency, settle, expiry = (text.str.extract(_SYMBOL, group) for group in (1, 2, 3, 4))
    dated = pl.when(expiry.is_null()).then(pl.lit("swap")).otherwise(pl.format("future {}", expiry))
    kind = pl.when(settle.is_null()).then(pl.lit("spot")).when(settle == base).then(pl.format("inverse {}", dated))
    return pl.DataFrame({"symbol": symbols}).select(
        text,
        base.alias("base"),
        currency.alias("currency"),
        kind.otherwise(dated).alias("kind"),
    )


def store_listings(
    store: TickStore, venues: Sequence[str], at: Moment | None, *, without_instruments: bool
) -> pl.DataFrame:
    """Return every market that the store knows of some venues, with the columns of :data:`LISTING`.

    Parameters
    ----------
    store
        Its ``instruments`` and ``quotes``.
    venues
        ccxt ids; none: all that have either.
    at
        The newest snapshot at or before it counts; None: the newest of all. Quotes count whenever they were.
    without_instruments
        Whether to go on from the quote streams alone where no venue has an instrument.

    Raises
    ------
    BadInput
        The store has neither, a venue is not in it, or no instruments are and that was not allowed.
    """
    streams = store.coverage("quotes").select("venue", "symbol", "first_ns", "last_ns")
    known = sorted(set(streams["venue"]) | set(store.coverage("instruments")["venue"]))
    if not known:
        raise BadInput(expected("store", "instruments or quotes of some venue", "neither", _HOW))
    for venue in venues:
        if check_venue(venue) not in known:
            there = ", ".join(known) or "none at all"
            raise BadInput(expected("venue", f"one with instruments or quotes in the store: {there}", repr(venue)))
    chosen = list(venues) or known
    instruments = store.instruments(at).filter(pl.col("venue").is_in(chosen))
    if instruments.is_empty() and not without_instruments:
        raise BadInput(_none_there(store, at))
    kinds = markets_of(instruments["symbol"])
    newest = (pl.col("recv_ns").max().over("venue", "market")).alias("newest_ns")
    rows = instruments.with_columns(kinds["kind"], newest).select(
        "venue", "symbol", "base", pl.col("quote").alias("currency"), "kind", "contract_size",
        pl.lit(True).alias("listed"), "active", pl.col("recv_ns").alias("seen_ns"), "newest_ns",
    )  # fmt: skip
    unlisted = streams.filter(pl.col("venue").is_in(chosen)).join(rows, on=["venue", "symbol"], how="anti")
    others = pl.concat([unlisted.select("venue"), markets_of(unlisted["symbol"])], how="horizontal").with_columns(
        pl.lit(False).alias("listed")
    )
    every = pl.concat([rows, others], how="diagonal").join(streams, on=["venue", "symbol"], how="left")
    return every.select(pl.col(name).cast(dtype) for name, dtype in LISTING.items())


def _none_there(store: TickStore, at: Moment | None) -> str:
    held = store.coverage("instruments")
    found, todo = "none in the store", f"{_HOW}, or go on from the quote streams alone: without_instruments=True"
    if at is not None and held.height:
        found = f"none: the first snapshot is of {format_ns(int(held['first_ns'].min()), 0)}"  # type: ignore[arg-type]
    what = "instruments" if at is None else f"instruments at or before {at}"
    return expected(what, "a snapshot of what each venue lists", found, todo)


def complete_listings(listings: pl.DataFrame, groups: QuoteGroups, symbols: Sequence[str] = ()) -> pl.DataFrame:
    """Return listings with coin, quote and unit beside them, and why one is no candidate at all.

    Parameters
    ----------
    listings
        With the columns of :data:`LISTING`, each venue and symbol once.
    groups
        Quote currencies taken for equal.
    symbols
        Unified symbols, of which only the coins and quote groups are kept; none: all.

    Returns
    -------
    polars.DataFrame
        Besides the columns given: coin (of which the ticker may be a multiple), quote (the currency that stands for
        its group), unit (coins a unit of the ticker), reason and detail (``inactive`` or ``gone`` and words; empty
        where nothing is against it). Sorted by venue and symbol.

    Raises
    ------
    BadInput
        A symbol is none of the listings'.
    """
    currencies = listings["currency"].unique()
    stands = pl.DataFrame(
        {"currency": currencies, "quote": pl.Series([groups.key(one) for one in currencies], dtype=pl.String)}
    )
    found = (
        with_units(listings)
        .join(stands, on="currency", how="left")
        .rename({"unit_base": "coin", "unit_multiplier": "unit"})
        .with_columns(_reason(), _detail())
        .sort("venue", "symbol")
    )
    return found if not symbols else found.join(_asked(found, symbols), on=["coin", "quote"], how="semi").sort(
        "venue", "symbol"
    )  # fmt: skip


def _gone() -> pl.Expr:
    return pl.col("seen_ns") // NS_PER_DAY < pl.col("newest_ns") // NS_PER_DAY


def _reason() -> pl.Expr:
    return (
        pl.when(_gone())
        .then(pl.lit("gone"))
        .when(~pl.col("active"))
        .then(pl.lit("inactive"))
        .otherwise(pl.lit(""))
        .alias("reason")
    )


def _detail() -> pl.Expr:
    last, newest = (pl.from_epoch(name, time_unit="ns").dt.strftime("%Y-%m-%d") for name in ("seen_ns", "newest_ns"))
    return (
        pl.when(_gone())
        .then(pl.format("not in the snapshot of {}, last in that of {}", newest, last))
        .when(~pl.col("active"))
        .then(pl.format("{} accepts no orders", "venue"))
        .otherwise(pl.lit(""))
        .alias("detail")
    )


def _asked(found: pl.DataFrame, symbols: Sequence[str]) -> pl.DataFrame:
    spot = pl.col("symbol").str.split(":").list.first()
    for symbol in symbols:
        if found.filter((pl.col("symbol") == symbol) | (spot == symbol)).is_empty():
            some = ", ".join(found["symbol"].unique().sort().head(_NAMED)) or "none"
            raise BadInput(expected("symbol", f"one that a venue lists: {some} ...", repr(symbol)))
    return found.filter(pl.col("symbol").is_in(list(symbols)) | spot.is_in(list(symbols))).select("coin", "quote")
