"""A whole simulated market into a store, in bounded memory and one commit."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from arbresearch.core import BadInput, expected
from arbresearch.sample.plan import CoinPlan, Kind, MarketPlan, StreamPlan, plan_market
from arbresearch.sample.reference import funding_rows, instruments_frame, networks_frame
from arbresearch.sample.spec import SampleSpec
from arbresearch.sample.streams import DepthDay, StreamDay, coin_grid, stream_day
from arbresearch.sample.truth import TRUTH_FILE, Truth, load_truth, truth_of
from arbresearch.store.schemas import DEPTH_LEVELS

if TYPE_CHECKING:
    from arbresearch.store import TickStore

__all__ = ["Progress", "depth_symbols", "generate", "is_stored", "venue_frames"]

Progress = Callable[[int, int], None]
"""Called with stream-days done and their total."""

ROWS_A_PART: Final = 700_000
"""About so many quotes of one venue and day go into one part; what a market needs in memory is this times venues."""


def is_stored(store: TickStore, spec: SampleSpec) -> bool:
    """Return whether the store already holds exactly this market; :func:`generate` would add nothing."""
    return bool(store.has_key(spec.key))


def generate(store: TickStore, spec: SampleSpec, progress: Progress | None = None) -> Truth:
    """Write the market of a spec into a store, and its truth beside it.

    All of it becomes visible in one commit; until then, and after any failure, nothing of it is there. A market
    that is already stored is not made again (see :func:`is_stored`).

    Parameters
    ----------
    store
        Where to write; it may hold anything but another sample market.
    spec
        What to simulate.
    progress
        Called after each coin and day with stream-days done and their total.

    Returns
    -------
    Truth
        Also written to ``truth.json`` in the store's folder.

    Raises
    ------
    BadInput
        If the store holds the sample market of another spec: their streams would mix.
    """
    path = Path(store.root) / TRUTH_FILE
    truth = truth_of(spec)
    if is_stored(store, spec):
        truth.write(path)
        return truth
    _refuse_another(store, path)
    plan = plan_market(spec)
    total = len(truth.streams) * spec.days
    done = 0

    def advance(streams: int) -> None:
        nonlocal done
        done += streams
        if progress is not None:
            progress(done, total)

    with store.transaction(key=spec.key, note={"sample": spec.as_dict()}) as transaction:
        for day in range(spec.days):
            transaction.append("instruments", instruments_frame(plan, day))
            transaction.append("networks", networks_frame(plan, day))
            for coins in _batches(plan):
                for name, frame in venue_frames(plan, coins, day, advance):
                    transaction.append(name, frame)
    truth.write(path)
    return truth


def _refuse_another(store: TickStore, path: Path) -> None:
    if not path.exists():
        return
    before = load_truth(path).spec
    if store.has_key(before.key):
        found = f"one of {before.symbols} symbols, {before.days} days and seed {before.seed}"
        raise BadInput(expected("store", "no other sample market", found, "choose an empty store"))


def _batches(plan: MarketPlan) -> Iterator[Sequence[CoinPlan]]:
    size = max(1, ROWS_A_PART // plan.spec.quotes_per_day)
    for first in range(0, len(plan.coins), size):
        yield plan.coins[first : first + size]


def depth_symbols(plan: MarketPlan) -> frozenset[str]:
    """Return the spot symbols with ten-level books: the majors, and the first that pays, is thin or loses to fees."""
    if not plan.spec.include_depth:
        return frozenset()
    kinds = (Kind.PAYS, Kind.THIN, Kind.FEES)
    planted = [next(coin for coin in plan.coins if coin.kind is kind) for kind in kinds]
    return frozenset(coin.streams[0].symbol for coin in (*plan.coins[:3], *planted))


@dataclass(slots=True)
class _Batch:
    """Days of one venue's streams, waiting to become frames."""

    quotes: list[tuple[StreamPlan, StreamDay]] = field(default_factory=list)
    funding: list[pl.DataFrame] = field(default_factory=list)


def venue_frames(
    plan: MarketPlan, coins: Sequence[CoinPlan], day: int, advance: Callable[[int], None] | None = None
) -> Iterator[tuple[str, pl.DataFrame]]:
    """Simulate some coins on all venues for a day.

    Parameters
    ----------
    plan, coins
        The market and those of its coins to simulate; all their quotes of the day are held at once.
    day
        Counted from 0.
    advance
        Called after each coin with its number of streams.

    Yields
    ------
    table, frame
        ``quotes`` and ``trades`` of one venue at a time, sorted by symbol and receive time, and ``depth`` and
        ``funding`` where there are any.
    """
    with_depth = depth_symbols(plan)
    batches = {venue: _Batch() for venue in plan.spec.venues}
    for coin in sorted(coins, key=lambda one: one.coin):
        grid = coin_grid(plan.spec, coin, day)
        for stream in coin.streams:
            its_grid = coin_grid(plan.spec, coin, day, other=True) if stream.other_coin else grid
            rows = stream_day(plan.spec, coin, stream, day, its_grid, stream.symbol in with_depth)
            batches[stream.venue].quotes.append((stream, rows))
            if stream.swap:
                batches[stream.venue].funding.append(funding_rows(plan, stream, day, grid))
        if advance is not None:
            advance(len(coin.streams))
    for venue in list(batches):
        batch = batches.pop(venue)
        yield "quotes", _quotes_frame(venue, batch.quotes)
        yield "trades", _trades_frame(venue, batch.quotes, day)
        books = [(stream, rows.depth) for stream, rows in batch.quotes if rows.depth is not None]
        if books:
            yield "depth", _depth_frame(venue, books)
        if batch.funding:
            yield "funding", pl.concat(batch.funding)


def _names(venue: str, streams: Sequence[StreamPlan], counts: Sequence[int]) -> list[pl.Series]:
    symbols = pl.Series("symbol", [stream.symbol for stream in streams], dtype=pl.String)
    places = np.repeat(np.arange(len(streams)), counts)
    return [pl.repeat(venue, places.size, dtype=pl.String, eager=True).alias("venue"), symbols.gather(places)]


def _quotes_frame(venue: str, batch: Sequence[tuple[StreamPlan, StreamDay]]) -> pl.DataFrame:
    names = _names(venue, [stream for stream, _ in batch], [rows.recv_ns.size for _, rows in batch])
    columns = ("recv_ns", "event_ns", "bid", "bid_size", "ask", "ask_size")
    return pl.DataFrame([*names, *_joined([rows for _, rows in batch], columns)])


def _joined(days: Sequence[StreamDay | DepthDay], columns: Sequence[str], prefix: str = "") -> list[pl.Series]:
    return [pl.Series(one, np.concatenate([getattr(day, prefix + one) for day in days])) for one in columns]


def _trades_frame(venue: str, batch: Sequence[tuple[StreamPlan, StreamDay]], day: int) -> pl.DataFrame:
    names = _names(venue, [stream for stream, _ in batch], [rows.trade_recv_ns.size for _, rows in batch])
    columns = ("recv_ns", "event_ns", "price", "size")
    values = _joined([rows for _, rows in batch], columns, "trade_")
    numbers = np.concatenate([np.arange(rows.trade_recv_ns.size) for _, rows in batch]) + (day + 1) * 10_000_000
    buys = pl.Series("buys", np.concatenate([rows.trade_buys for _, rows in batch]))
    frame = pl.DataFrame([*names, *values, buys, pl.Series("trade_id", numbers).cast(pl.String)])
    side = pl.when("buys").then(pl.lit("buy")).otherwise(pl.lit("sell")).alias("side")
    return frame.select("venue", "symbol", *columns, side, "trade_id")


def _depth_frame(venue: str, books: Sequence[tuple[StreamPlan, DepthDay]]) -> pl.DataFrame:
    names = _names(venue, [stream for stream, _ in books], [book.recv_ns.size for _, book in books])
    days = [book for _, book in books]
    levels = [
        one.cast(pl.Array(pl.Float64, DEPTH_LEVELS))
        for one in _joined(days, ("bids", "bid_sizes", "asks", "ask_sizes"))
    ]
    return pl.DataFrame([*names, *_joined(days, ("recv_ns", "event_ns")), *levels])
