"""Lists of common symbols from files: what was listed where, and nothing more."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

import orjson
import polars as pl

from arbresearch.core import BadInput, MarketType, Symbol, expected, parse_ns
from arbresearch.discovery.pairs import Markets
from arbresearch.discovery.universe.listings import LISTING, complete_listings, markets_of
from arbresearch.discovery.universe.universe import Universe, universe_of
from arbresearch.store import INSTRUMENTS, NETWORKS
from arbresearch.venues import IdentitySettings, QuoteGroups, network_table

__all__ = ["load_common_symbols"]

_KINDS: Final = {
    "spot": MarketType.SPOT,
    "futures": MarketType.SWAP,
    "swap": MarketType.SWAP,
    "perpetual": MarketType.SWAP,
}
_FORM: Final = 'a JSON object with availability_matrix: {"LUNC/USDT": {"mexc_spot": true, ...}, ...}'


def load_common_symbols(
    path: str | Path,
    venues: Sequence[str] = (),
    *,
    quote_groups: QuoteGroups | None = None,
    markets: Markets = "same",
    identity: IdentitySettings | None = None,
) -> Universe:
    """Read a list of symbols with the markets they were listed on.

    The file carries names alone. So every identity is *unverified*, no network and no fee is known (null), nothing is
    quoted, and ``listed`` is false: no instrument says steps, minima or whether orders are accepted.

    Parameters
    ----------
    path
        A JSON object whose ``availability_matrix`` maps unified spot symbols to ``<venue>_<market>`` and true or
        false, market being ``spot``, ``futures``, ``swap`` or ``perpetual`` (the last three: linear, settled in the
        quote). Venues under an older name are read as the present one (``gateio`` is ``gate``). ``timestamp``, where
        given, is UTC; ``total_symbols``, where given, must be the number of symbols.
    venues
        Only these, the earlier one of two being A; none: all, in alphabetical order.
    quote_groups, markets, identity
        As in :func:`arbresearch.discovery.discover_common_symbols`.

    Raises
    ------
    BadInput
        The file cannot be read, is no such object, is cut short, or has none of a venue named; each names the file.
    """
    data = _object(Path(path))
    rows = [
        row for symbol, markets_said in data["availability_matrix"].items() for row in _rows(path, symbol, markets_said)
    ]
    known = sorted({venue for venue, _ in rows})
    for venue in venues:
        if venue not in known:
            raise BadInput(expected(f"{path} venue", f"one in the file: {', '.join(known) or 'none'}", repr(venue)))
    listings = complete_listings(_frame(path, data, rows, venues or known), quote_groups or QuoteGroups())
    return universe_of(
        listings, NETWORKS.empty(), INSTRUMENTS.empty(), order=venues, markets=markets, identity=identity
    )


def _object(path: Path) -> dict[str, Any]:
    data: Any
    try:
        data = orjson.loads(path.read_bytes())
    except OSError as error:
        raise BadInput(expected(str(path), "a readable file of common symbols", error.strerror or error)) from None
    except orjson.JSONDecodeError as error:
        raise BadInput(expected(str(path), _FORM, f"no JSON ({error})")) from None
    matrix = data.get("availability_matrix") if isinstance(data, dict) else None
    if not isinstance(data, dict) or not isinstance(matrix, dict):
        found = f"an object with {', '.join(data) or 'nothing'}" if isinstance(data, dict) else type(data).__name__
        raise BadInput(expected(str(path), _FORM, found))
    said = data.get("total_symbols", len(matrix))
    if said != len(matrix):
        raise BadInput(expected(str(path), f"{said} symbols, as total_symbols says", len(matrix), "fetch it again"))
    return data


def _rows(path: str | Path, symbol: str, said: Any) -> Iterable[tuple[str, str]]:
    """Return (venue, unified symbol) of each market that lists a symbol."""
    if not isinstance(said, dict) or not all(isinstance(one, bool) for one in said.values()):
        raise BadInput(expected(f"{path} {symbol}", 'markets such as {"mexc_spot": true}', repr(said)))
    try:
        spot = Symbol.parse(symbol)
    except BadInput as error:
        raise BadInput(f"{path} {error}") from None
    for name in (name for name, there in said.items() if there):
        venue, _, market = name.rpartition("_")
        if not venue or market not in _KINDS or spot.market is not MarketType.SPOT:
            want = f"a spot symbol on <venue>_<market>, market one of {', '.join(_KINDS)}"
            raise BadInput(expected(f"{path} {symbol}", want, repr(name)))
        swap = _KINDS[market] is MarketType.SWAP
        yield network_table().same_venue.get(venue, venue), f"{symbol}:{spot.quote}" if swap else symbol


def _frame(
    path: str | Path, data: dict[str, Any], rows: Iterable[tuple[str, str]], venues: Sequence[str]
) -> pl.DataFrame:
    try:
        at_ns = parse_ns(data["timestamp"]) if "timestamp" in data else None
    except BadInput as error:
        raise BadInput(f"{path} {error}") from None
    named = pl.DataFrame(
        list(rows), schema={"venue": pl.String, "symbol": pl.String}, orient="row"
    ).unique(maintain_order=True)  # fmt: skip
    kept = named.filter(pl.col("venue").is_in(list(venues)))
    if kept.is_empty():
        raise BadInput(expected(str(path), "at least one symbol that a market lists", "none"))
    facts = pl.lit(False).alias("listed"), pl.lit(at_ns, pl.Int64).alias("seen_ns")
    both = pl.concat([kept.select("venue"), markets_of(kept["symbol"])], how="horizontal").with_columns(*facts)
    full = pl.concat([both, pl.DataFrame(schema=LISTING)], how="diagonal").with_columns(
        pl.col("seen_ns").alias("newest_ns")
    )
    return full.select(pl.col(name).cast(dtype) for name, dtype in LISTING.items())
