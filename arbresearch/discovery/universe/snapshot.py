"""A whole universe at one instant: the best edge of each pair, and what its books hold."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, Literal

import numpy as np
import numpy.typing as npt
import polars as pl

from arbresearch.core import BadInput, expected, parse_ns
from arbresearch.core.units import NS_PER_SECOND
from arbresearch.discovery.pairs import Fees, StreamPair
from arbresearch.discovery.universe.latest import LatestBook, latest_book
from arbresearch.edges import executable_books
from arbresearch.store import Moment, TickStore
from arbresearch.store.schemas import DEPTH_LEVELS

__all__ = ["edge_shares", "snapshot_edges"]

_Floats = npt.NDArray[np.float64]
_BOTH: Final[tuple[Literal[0, 1], ...]] = (0, 1)


def snapshot_edges(
    store: TickStore,
    pairs: Iterable[StreamPair],
    fees: Fees | None = None,
    *,
    at: Moment | None = None,
    max_age_s: float = 60.0,
    threshold_bps: float = 0.0,
) -> pl.DataFrame:
    """Measure the latest books of many pairs against each other; both legs take.

    The instant of a pair is the last at which both of its streams still run, or ``at``. A book is the last quote at or
    before it, and below its best prices the levels of the last depth row, where there is one.

    Parameters
    ----------
    store, pairs
        Streams of quotes; see :func:`arbresearch.discovery.choose_pairs`.
    fees
        Of every stream; None: net columns are null, and direction and size are those before fees.
    at
        Receive time; None: the instant of each pair.
    max_age_s
        Quotes and depth older than this at the instant are not used, seconds.
    threshold_bps
        The edge of the last unit traded must be above it, net where there are fees.

    Returns
    -------
    polars.DataFrame
        A row a pair, largest edge first: pair, coin, venue and symbol of A and of B; at_ns, recv_a_ns, recv_b_ns;
        mid_a, mid_b (quote per base); gross_ab_bps (sell on A, buy on B), gross_ba_bps, gross_best_bps, net_ab_bps,
        net_ba_bps, net_best_bps; direction of the larger one, sell_venue, buy_venue; levels (known on either side of
        the trade, the fewer of both), quantity_base, notional_quote (paid, before fees), profit_quote and
        executable_bps (of the largest trade whose last unit is above the threshold; 0, 0, 0 and null where no unit
        is), exhausted (whether the levels ran out before that, so that more may be possible); reason, why there is no
        edge, empty where there is one. What is not known is null.

    Raises
    ------
    BadInput
        A stream is not in the store, its fees are missing, or ``max_age_s`` is not positive.
    """
    if not max_age_s > 0:
        raise BadInput(expected("max_age_s", "seconds above zero", max_age_s))
    chosen = list(pairs)
    instants = _instants(store, chosen, at)
    asked = sorted({(*pair.streams[side], now) for pair, now in zip(chosen, instants, strict=True) for side in _BOTH})
    deep, oldest = set(store.streams("depth")), round(max_age_s * NS_PER_SECOND)
    books = {one: latest_book(store, *one, oldest, deep=one[:2] in deep) for one in asked}
    a, b = ([books[*pair.streams[side], now] for pair, now in zip(chosen, instants, strict=True)] for side in _BOTH)
    rates = [np.array([_rate(fees, pair.streams[side]) for pair in chosen], dtype=np.float64) for side in _BOTH]
    named = _named(chosen, instants, a, b, max_age_s)
    priced = _priced(named, a, b, rates, net=fees is not None)
    sized = _sized(priced, a, b, rates, threshold_bps)
    best = "net_best_bps" if fees is not None else "gross_best_bps"
    found = pl.concat([priced.drop("reason"), sized, priced.select("reason")], how="horizontal")
    return found.sort(best, "pair", descending=[True, False], nulls_last=True)


def edge_shares(found: pl.DataFrame, levels_bps: Sequence[float]) -> pl.DataFrame:
    """Return how many pairs of a snapshot have an edge above each level.

    Parameters
    ----------
    found
        As :func:`snapshot_edges` gives it.
    levels_bps
        Levels, strictly exceeded.

    Returns
    -------
    polars.DataFrame
        above_bps, pairs (with an edge at all), gross_pairs and gross_share (whose best edge before fees is above it),
        net_pairs and net_share (after fees; null where fees were not given). Shares are NaN without pairs.
    """
    rows = []
    for level in levels_bps:
        row: dict[str, float | int | None] = {"above_bps": float(level), "pairs": found["gross_best_bps"].count()}
        for basis in ("gross", "net"):
            edge = found[f"{basis}_best_bps"].drop_nulls()
            known = basis == "gross" or found["net_best_bps"].count() > 0
            above = int((edge > level).sum())
            row[f"{basis}_pairs"] = above if known else None
            row[f"{basis}_share"] = (above / edge.len() if edge.len() else float("nan")) if known else None
        rows.append(row)
    counts, shares = dict.fromkeys(("gross_pairs", "net_pairs"), pl.Int64), dict.fromkeys(("gross_share", "net_share"))
    return pl.DataFrame(rows, schema_overrides={**counts, **dict.fromkeys(shares, pl.Float64)})


def _instants(store: TickStore, pairs: Sequence[StreamPair], at: Moment | None) -> list[int]:
    if at is not None:
        return [parse_ns(at)] * len(pairs)
    held = store.coverage("quotes").select("venue", "symbol", "last_ns")
    last = {(venue, symbol): last_ns for venue, symbol, last_ns in held.iter_rows()}
    for stream in (stream for pair in pairs for stream in pair.streams):
        if stream not in last:
            raise BadInput(expected(f"quotes of {' '.join(stream)}", "a stream in the store", "none"))
    return [min(last[one], last[other]) for one, other in (pair.streams for pair in pairs)]


def _rate(fees: Fees | None, stream: tuple[str, str]) -> float:
    if fees is None:
        return 0.0
    if stream not in fees:
        raise BadInput(expected("fees", f"a schedule of {' '.join(stream)}", "none", "find_fees gives them"))
    return fees[stream].taker


def _named(
    pairs: Sequence[StreamPair],
    instants: Sequence[int],
    a: Sequence[LatestBook],
    b: Sequence[LatestBook],
    max_age_s: float,
) -> pl.DataFrame:
    rows = [
        (pair.name, pair.coin, *pair.streams[0], *pair.streams[1], now, one.recv_ns, two.recv_ns,
         _reason(pair, one, two, max_age_s))
        for pair, now, one, two in zip(pairs, instants, a, b, strict=True)
    ]  # fmt: skip
    texts = ("pair", "coin", "venue_a", "symbol_a", "venue_b", "symbol_b")
    schema = dict.fromkeys(texts, pl.String) | dict.fromkeys(("at_ns", "recv_a_ns", "recv_b_ns"), pl.Int64)
    return pl.DataFrame(rows, schema=schema | {"reason": pl.String}, orient="row")


def _reason(pair: StreamPair, a: LatestBook, b: LatestBook, max_age_s: float) -> str:
    for side, book in ((pair.side_a, a), (pair.side_b, b)):
        if book.recv_ns is None:
            return f"no quote of {side} in the {max_age_s:g} s before"
    empty = [f"{side} has no {name}" for side, book in ((pair.side_a, a), (pair.side_b, b))
             for name, value in (("bid", book.bids[0]), ("ask", book.asks[0])) if np.isnan(value)]  # fmt: skip
    return " and ".join(empty)


def _priced(
    named: pl.DataFrame, a: Sequence[LatestBook], b: Sequence[LatestBook], rates: Sequence[_Floats], *, net: bool
) -> pl.DataFrame:
    tops = [
        pl.Series(f"{name}_{side}", [getattr(one, f"{name}s")[0] for one in some], dtype=pl.Float64)
        for side, some in (("a", a), ("b", b))
        for name in ("bid", "ask")
    ]
    keep = {side: 1.0 - pl.Series(rate) for side, rate in zip("ab", rates, strict=True)}
    pay = {side: 1.0 + pl.Series(rate) for side, rate in zip("ab", rates, strict=True)}
    edges = []
    for sell, buy in ("ab", "ba"):
        ratio = pl.col(f"bid_{sell}") / pl.col(f"ask_{buy}")
        edges.append((1e4 * (ratio - 1.0)).alias(f"gross_{sell}{buy}_bps"))
        after = 1e4 * (ratio * keep[sell] / pay[buy] - 1.0)
        edges.append((after if net else pl.lit(None, pl.Float64)).alias(f"net_{sell}{buy}_bps"))
    mids = [(0.5 * (pl.col(f"bid_{side}") + pl.col(f"ask_{side}"))).alias(f"mid_{side}") for side in "ab"]
    whole = named.with_columns(tops).with_columns(*mids, *edges).fill_nan(None)
    basis = "net" if net else "gross"
    # one empty side leaves one direction that could be priced; the pair has a reason instead of half an edge
    both = {way: pl.when(pl.col("reason") == "").then(f"{way}_bps") for way in _ways()}
    priced = whole.with_columns(expr.alias(f"{way}_bps") for way, expr in both.items()).with_columns(
        pl.max_horizontal(f"{kind}_ab_bps", f"{kind}_ba_bps").alias(f"{kind}_best_bps") for kind in ("gross", "net")
    )
    sells_a = pl.col(f"{basis}_ab_bps") >= pl.col(f"{basis}_ba_bps")
    choice = [("direction", "ab", "ba"), ("sell_venue", "venue_a", "venue_b"), ("buy_venue", "venue_b", "venue_a")]
    ways = [
        pl.when(sells_a).then(_value(yes)).when(~sells_a).then(_value(no)).alias(name) for name, yes, no in choice
    ]  # fmt: skip
    return priced.with_columns(ways).select(
        *(name for name in named.columns if name != "reason"), "mid_a", "mid_b", "gross_ab_bps", "gross_ba_bps",
        "gross_best_bps", "net_ab_bps", "net_ba_bps", "net_best_bps", "direction", "sell_venue", "buy_venue", "reason",
    )  # fmt: skip


def _ways() -> tuple[str, ...]:
    return tuple(f"{basis}_{way}" for basis in ("gross", "net") for way in ("ab", "ba"))


def _value(name: str) -> pl.Expr:
    return pl.lit(name) if name in ("ab", "ba") else pl.col(name)


def _sized(
    priced: pl.DataFrame,
    a: Sequence[LatestBook],
    b: Sequence[LatestBook],
    rates: Sequence[_Floats],
    threshold_bps: float,
) -> pl.DataFrame:
    """Return the largest trade of each pair in its better direction."""
    sells_a = (priced["direction"] == "ab").fill_null(True).to_list()
    sellers = [one if first else two for first, one, two in zip(sells_a, a, b, strict=True)]
    buyers = [two if first else one for first, one, two in zip(sells_a, a, b, strict=True)]
    keep = 1.0 - np.where(sells_a, rates[0], rates[1])
    pay = 1.0 + np.where(sells_a, rates[1], rates[0])
    shape = (len(a), 1 + DEPTH_LEVELS)
    bids, bid_sizes = (
        np.array([getattr(one, name) for one in sellers]).reshape(shape) for name in ("bids", "bid_sizes")
    )
    asks, ask_sizes = (
        np.array([getattr(one, name) for one in buyers]).reshape(shape) for name in ("asks", "ask_sizes")
    )
    traded = executable_books(
        bids * keep[:, None], bid_sizes, asks * pay[:, None], ask_sizes, threshold_bps=threshold_bps
    )
    levels = np.minimum(np.isfinite(bids).sum(axis=1), np.isfinite(asks).sum(axis=1))
    known = priced["direction"].is_not_null()
    quantity = pl.col("quantity")
    paid = pl.when(quantity > 0).then(quantity * pl.col("buy_vwap") / pl.Series(pay)).otherwise(0.0)
    sized = traded.select(
        pl.Series("levels", levels, dtype=pl.Int64),
        quantity.alias("quantity_base"),
        paid.alias("notional_quote"),
        "profit_quote",
        pl.col("edge_bps").fill_nan(None).alias("executable_bps"),
        "exhausted",
    )
    return sized.select(pl.when(known).then(name).alias(name) for name in sized.columns)
