"""One pair of streams, measured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt
import polars as pl

from arbresearch.core import FeeSchedule
from arbresearch.discovery.overview.remarks import remark
from arbresearch.discovery.overview.settings import OverviewSettings
from arbresearch.discovery.pairs import StreamPair
from arbresearch.edges import Book, Pair, edge_profile, edges, episodes, survival, time_share

__all__ = ["Measured", "measure"]

_DIRECTIONS: Final[tuple[Literal["ab", "ba", "best"], ...]] = ("ab", "ba", "best")
_BASES: Final = ("gross", "net")


@dataclass(frozen=True, slots=True)
class Measured:
    """What one pair contributes to each frame of an overview."""

    figures: dict[str, Any]
    directions: pl.DataFrame
    levels: pl.DataFrame
    episodes: pl.DataFrame
    hours: pl.DataFrame


def measure(
    pair: StreamPair, books: Pair, fees_a: FeeSchedule, fees_b: FeeSchedule, chosen: OverviewSettings
) -> Measured:
    """Measure a pair; both legs are takers."""
    both: dict[str, Any] = {"fees_a": fees_a, "fees_b": fees_b}
    charged = both if chosen.basis == "net" else {}
    priced = edges(books, fees_a, fees_b)
    shares = _shares(books, both, chosen)
    found = episodes(
        books, chosen.threshold_bps, direction="best", min_gap_s=chosen.min_gap_s, latency_s=chosen.latency_s, **charged
    )
    directions = _directions(pair, books, priced, shares)
    figures = {
        "pair": pair.name,
        "coin": pair.coin,
        "venue_a": pair.venue_a,
        "symbol_a": pair.symbol_a,
        "venue_b": pair.venue_b,
        "symbol_b": pair.symbol_b,
        "fees_bps": 1e4 * (fees_a.taker + fees_b.taker),
        "updates": len(books),
        **_levels_reached(directions, shares, chosen),
        **_lives(found, chosen),
        **_doubts(pair, books, priced[f"{chosen.basis}_best_bps"].to_numpy(), found, shares, chosen),
    }
    figures["episodes_per_hour"] = found.height / figures["hours"] if figures["hours"] else float("nan")
    figures["remark"] = remark(figures, chosen)
    return Measured(
        figures,
        directions,
        shares.select(pl.lit(pair.name).alias("pair"), pl.exclude("seconds", "mean_bps")),
        _named(pair, found),
        edge_profile(books, chosen.threshold_bps, by="hour_of_week", **charged),
    )


def _shares(books: Pair, both: dict[str, Any], chosen: OverviewSettings) -> pl.DataFrame:
    """Return shares of updates and time above each level, for each direction before and after fees."""
    wanted = sorted({0.0, *chosen.levels_bps, chosen.threshold_bps})
    return pl.concat(
        time_share(books, wanted, direction=direction, **(both if basis == "net" else {})).select(
            pl.lit(direction).alias("direction"), pl.lit(basis).alias("basis"), pl.exclude("updates")
        )
        for direction in _DIRECTIONS
        for basis in _BASES
    )


def _directions(pair: StreamPair, books: Pair, priced: pl.DataFrame, shares: pl.DataFrame) -> pl.DataFrame:
    venues = {"ab": (pair.side_a, pair.side_b), "ba": (pair.side_b, pair.side_a), "best": (None, None)}
    over_time = {row[:2]: row[2] for row in shares.select("direction", "basis", "mean_bps").unique().iter_rows()}
    at_a, at_b = books.age_a_ns == 0, books.age_b_ns == 0
    rows = []
    for direction, (sell, buy) in venues.items():
        for basis in _BASES:
            edge = priced[f"{basis}_{direction}_bps"].to_numpy()
            values = edge[~np.isnan(edge)]
            median, high, top = np.quantile(values, [0.5, 0.99, 1.0]) if values.size else (np.nan, np.nan, np.nan)
            rows.append(
                {
                    "pair": pair.name,
                    "direction": direction,
                    "sell_venue": sell,
                    "buy_venue": buy,
                    "basis": basis,
                    "updates": int(values.size),
                    "mean_bps": _mean(edge),
                    "mean_at_a_bps": _mean(edge[at_a]),
                    "mean_at_b_bps": _mean(edge[at_b]),
                    "median_bps": float(median),
                    "p99_bps": float(high),
                    "max_bps": float(top),
                    "time_mean_bps": over_time[direction, basis],
                }
            )
    return pl.DataFrame(rows, schema_overrides={"sell_venue": pl.String, "buy_venue": pl.String})


def _levels_reached(directions: pl.DataFrame, shares: pl.DataFrame, chosen: OverviewSettings) -> dict[str, Any]:
    best = directions.filter(pl.col("direction") == "best")
    gross = best.filter(pl.col("basis") == "gross").row(0, named=True)
    net = best.filter(pl.col("basis") == "net").row(0, named=True)
    mine = shares.filter(pl.col("direction") == "best")
    before = mine.filter((pl.col("basis") == "gross") & (pl.col("threshold_bps") == 0.0)).row(0, named=True)
    wanted = (pl.col("basis") == chosen.basis) & (pl.col("threshold_bps") == chosen.threshold_bps)
    here = mine.filter(wanted).row(0, named=True)
    return {
        "hours": here["seconds"] / 3600.0,
        "gross_mean_bps": gross["mean_bps"],
        "gross_p99_bps": gross["p99_bps"],
        "gross_max_bps": gross["max_bps"],
        "net_max_bps": net["max_bps"],
        "gross_share": before["share_of_time"],
        "share": here["share_of_time"],
        "share_of_updates": here["share_of_updates"],
    }


def _lives(found: pl.DataFrame, chosen: OverviewSettings) -> dict[str, Any]:
    lives = survival(found, [chosen.latency_s])
    durations, peaks, means = (found[name].to_numpy() for name in ("duration_s", "peak_bps", "mean_bps"))
    return {
        "episodes": found.height,
        "median_s": lives.median_s,
        "longest_s": float(durations.max()) if durations.size else np.nan,
        "alive_share": float(lives.frame["survival"][0]),
        "peak_bps": float(peaks.max()) if peaks.size else np.nan,
        "mean_bps": float(means.mean()) if means.size else np.nan,
    }


def _doubts(
    pair: StreamPair,
    books: Pair,
    edge_bps: npt.NDArray[np.float64],
    found: pl.DataFrame,
    shares: pl.DataFrame,
    chosen: OverviewSettings,
) -> dict[str, Any]:
    mid_a, mid_b = 0.5 * (books.bid_a + books.ask_a), 0.5 * (books.bid_b + books.ask_b)
    ratio = mid_a / mid_b
    value = found["size_start"].to_numpy() * mid_a[np.searchsorted(books.recv_ns, found["start_ns"].to_numpy())]
    here = (pl.col("basis") == chosen.basis) & (pl.col("threshold_bps") == chosen.threshold_bps)
    spans = dict(shares.filter(here & (pl.col("direction") != "best")).select("direction", "share_of_time").iter_rows())
    way, total = max(spans, key=lambda one: spans[one]), sum(spans.values())
    return {
        "median_quote": _median(value),
        "one_way_share": spans[way] / total if total > 0 else np.nan,
        "one_way": f"sell {pair.side_a if way == 'ab' else pair.side_b}",
        "standing_share": _standing_share(books, edge_bps, chosen),
        "price_ratio": _median(ratio),
        "stale_share": float(books.stale.mean()) if len(books) else np.nan,
    }


def _mean(values: npt.NDArray[np.float64]) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if known.size else float("nan")


def _median(values: npt.NDArray[np.float64]) -> float:
    known = values[np.isfinite(values)]
    return float(np.median(known)) if known.size else float("nan")


def _standing_share(books: Pair, edge_bps: npt.NDArray[np.float64], chosen: OverviewSettings) -> float:
    """Return the share of the time above the threshold in which a book had long said the same; NaN without any."""
    held = np.append(np.diff(books.recv_ns), 0)
    above = edge_bps > chosen.threshold_bps
    standing = np.zeros(held.size, dtype=np.bool_)
    for book, rows in ((books.book_a, books.row_a), (books.book_b, books.row_b)):
        standing |= books.recv_ns - _changed_ns(book)[rows] > chosen.standing_s * 1e9
    total = int(held[above].sum())
    return float(held[above & standing].sum()) / total if total else float("nan")


def _changed_ns(book: Book) -> npt.NDArray[np.int64]:
    """Return when each row's prices and sizes were first said."""
    new = np.zeros(len(book), dtype=np.bool_)
    new[0] = True
    for values in (book.bid, book.bid_size, book.ask, book.ask_size):
        new[1:] |= (values[1:] != values[:-1]) & ~(np.isnan(values[1:]) & np.isnan(values[:-1]))
    changed: npt.NDArray[np.int64] = book.recv_ns[np.maximum.accumulate(np.where(new, np.arange(len(book)), 0))]
    return changed


def _named(pair: StreamPair, found: pl.DataFrame) -> pl.DataFrame:
    sells_on_a = pl.col("direction") == "ab"
    return found.select(
        pl.lit(pair.name).alias("pair"),
        pl.lit(pair.coin).alias("coin"),
        pl.when(sells_on_a).then(pl.lit(pair.side_a)).otherwise(pl.lit(pair.side_b)).alias("sell_venue"),
        pl.when(sells_on_a).then(pl.lit(pair.side_b)).otherwise(pl.lit(pair.side_a)).alias("buy_venue"),
        pl.all(),
    )
