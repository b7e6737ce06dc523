"""How two venues diverge, over many pairs of streams: how often, how far, how long, at which hours."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl
from polars import selectors as cs

from arbresearch.core import BadInput, expected
from arbresearch.discovery.overview.lags import lagged_correlation
from arbresearch.discovery.overview.measure import Measured, measure
from arbresearch.discovery.overview.remarks import is_same_coin
from arbresearch.discovery.overview.settings import Basis, OverviewSettings
from arbresearch.discovery.pairs import Fees, StreamPair
from arbresearch.edges import Pair, Survival, align, edges, survival
from arbresearch.store import Moment, TickStore

__all__ = ["Overview", "load_pair", "pair_overview", "venue_matrix"]

_WAY: Final = pl.format("sell {}, buy {}", "sell_venue", "buy_venue")
_SKIPPED: Final = {"pair": pl.String, "reason": pl.String}


@dataclass(frozen=True, slots=True)
class Overview:
    """What :func:`pair_overview` found. ``ab`` sells on A and buys on B, ``ba`` the reverse, ``best`` is the larger.

    Parameters
    ----------
    settings
        What was measured.
    pairs
        A row a pair, those without a remark first, then the largest share of time above the threshold: pair (its
        name), coin, venue and symbol of A and B, fees_bps (both takers), updates (merged), hours (in which both books
        were known and fresh), gross_mean_bps, gross_p99_bps, gross_max_bps and net_max_bps (best direction, over
        updates), gross_share (of time with a gross edge above 0), share (of time with the edge above the threshold),
        share_of_updates, episodes, episodes_per_hour, median_s (Kaplan-Meier), longest_s, alive_share (of episodes,
        after ``latency_s``), peak_bps, mean_bps (mean of the episodes' means), median_quote (executable at the start
        of an episode, quote currency), one_way_share (of the time above the threshold in its commoner direction),
        one_way (that direction), standing_share (of the time above it against a book that says the same for long),
        price_ratio (median of A's mid over B's), stale_share (of updates), remark (why not to trust it at first
        sight, empty where nothing is known).
    directions
        pair, direction, sell_venue, buy_venue (perpetuals marked), basis, updates; mean_bps, median_bps, p99_bps and
        max_bps over updates, mean_at_a_bps and mean_at_b_bps over those of A and of B, time_mean_bps over time.
    levels
        pair, direction, basis, threshold_bps, share_of_updates, share_of_time.
    episodes
        pair, coin, sell_venue, buy_venue, then as :func:`arbresearch.edges.episodes`.
    hours
        weekday (1 is Monday), hour, seconds, share (of time above the threshold), mean_bps (over time): the pairs
        without a remark together (all of the same coin where each has one), by the best direction.
    first
        The edges of the first of ``pairs`` at every update, see :func:`arbresearch.edges.edges`.
    lags
        Lead and lag of the first of ``pairs``, see :func:`arbresearch.discovery.lagged_correlation`.
    skipped
        pair and reason of pairs that could not be measured.
    """

    settings: OverviewSettings
    pairs: pl.DataFrame
    directions: pl.DataFrame
    levels: pl.DataFrame
    episodes: pl.DataFrame
    hours: pl.DataFrame
    first: pl.DataFrame
    lags: pl.DataFrame
    skipped: pl.DataFrame

    @property
    def top(self) -> str:
        """Return the name of the first pair."""
        return str(self.pairs["pair"][0])

    def survival(self, pair: str | None = None) -> Survival:
        """Estimate how long an edge lasts, of one pair or of all without a remark (of all, where all have one)."""
        sound = self.pairs.filter(pl.col("remark") == "")
        chosen = [pair] if pair is not None else (sound if sound.height else self.pairs)["pair"].to_list()
        return survival(self.episodes.filter(pl.col("pair").is_in(chosen)), self.settings.latencies_s)

    def lifetimes(self, pairs: int = 4) -> pl.DataFrame:
        """Return the survival curves of the first pairs that have episodes: group, time_s, survival, lower, upper.

        Of each curve the first step at or below every half percent, and the last step.
        """
        names = self.pairs.filter(pl.col("episodes") > 0)["pair"].head(pairs)
        empty = dict.fromkeys(("time_s", "survival", "lower", "upper"), pl.Float64)
        frames = [pl.DataFrame(schema={"group": pl.String, **empty})]
        for name in names:
            steps = self.survival(name).steps.with_columns((pl.col("survival") * 200).ceil().alias("level"))
            kept = (pl.col("level") != pl.col("level").shift(1)).fill_null(True) | (
                pl.int_range(pl.len()) == pl.len() - 1
            )
            frames.append(
                steps.filter(kept).select(
                    pl.lit(name).alias("group"),
                    pl.col("duration_s").alias("time_s"),
                    "survival",
                    pl.col("low").alias("lower"),
                    pl.col("high").alias("upper"),
                )
            )
        return pl.concat(frames)

    def shares_of(self, pair: str) -> pl.DataFrame:
        """Return how often a pair's edge is above each level: direction in words, threshold_bps, and four shares.

        gross_updates, gross_time, net_updates and net_time, of updates and of time, before and after fees.
        """
        keys = ["direction", "threshold_bps"]
        sides = self.directions.filter((pl.col("pair") == pair) & (pl.col("basis") == "gross"))
        words = pl.when(pl.col("sell_venue").is_null()).then(pl.lit("the better of both")).otherwise(_WAY)
        mine = self.levels.filter(pl.col("pair") == pair)
        gross, net = (
            mine.filter(pl.col("basis") == basis).select(
                *keys,
                pl.col("share_of_updates").alias(f"{basis}_updates"),
                pl.col("share_of_time").alias(f"{basis}_time"),
            )
            for basis in ("gross", "net")
        )
        named = gross.join(net, on=keys, maintain_order="left").join(sides, on="direction", maintain_order="left")
        return named.select(words.alias("direction"), "threshold_bps", cs.matches("^(gross|net)_(updates|time)$"))

    def shown_episodes(self, pairs: int = 4, rows: int = 6_000) -> pl.DataFrame:
        """Return at most ``rows`` episodes for a scatter: of the one pair by direction, or of the first pairs."""
        several = self.pairs.filter(pl.col("episodes") > 0).height > 1
        names = self.pairs["pair"].head(pairs if several else 1)
        group = pl.col("pair") if several else _WAY
        mine = self.episodes.filter(pl.col("pair").is_in(names.implode()))
        order = pl.DataFrame({"pair": names, "place": range(len(names))})
        ordered = mine.join(order, on="pair").sort("place", "start_ns", maintain_order=True)
        step = max(1, -(-ordered.height // rows))
        return ordered.with_columns(group.alias("direction")).gather_every(step)

    def best_episodes(self, rows: int = 10) -> pl.DataFrame:
        """Return the episodes with most time times mean edge, of pairs without a remark where there are any."""
        sound = self.pairs.filter(pl.col("remark") == "")["pair"]
        mine = self.episodes.filter(pl.col("pair").is_in(sound.implode())) if len(sound) else self.episodes
        return mine.sort(pl.col("duration_s") * pl.col("mean_bps"), descending=True).head(rows)


def load_pair(
    store: TickStore,
    pair: StreamPair,
    settings: OverviewSettings,
    start: Moment | None = None,
    end: Moment | None = None,
) -> Pair:
    """Read and align two streams, up to where the first one ends.

    Raises
    ------
    BadInput
        A stream has no quotes in the range, or the two do not overlap in time.
    """
    books = [store.quotes(venue, symbol, start, end) for venue, symbol in pair.streams]
    return align(*books, max_age_ns=settings.max_age_ns).overlap()


def pair_overview(
    store: TickStore,
    pairs: Sequence[StreamPair],
    fees: Fees,
    settings: OverviewSettings | None = None,
    *,
    start: Moment | None = None,
    end: Moment | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Overview:
    """Measure pairs of streams, one at a time; both legs are takers.

    Parameters
    ----------
    store, pairs
        See :func:`arbresearch.discovery.choose_pairs`.
    fees
        Of every stream; see :func:`arbresearch.discovery.find_fees`.
    settings
        What to measure; the defaults when None.
    start, end
        Receive times, start included and end not; None is open.
    progress
        Called with pairs done and in all.

    Raises
    ------
    BadInput
        No pair could be measured; pairs without overlap are otherwise listed in ``skipped``.
    """
    chosen = settings or OverviewSettings()
    measured: list[Measured] = []
    skipped = []
    for done, pair in enumerate(pairs):
        try:
            books = load_pair(store, pair, chosen, start, end)
        except BadInput as error:
            skipped.append({"pair": pair.name, "reason": str(error)})
        else:
            measured.append(measure(pair, books, fees[pair.streams[0]], fees[pair.streams[1]], chosen))
        if progress is not None:
            progress(done + 1, len(pairs))
    if not measured:
        reason = skipped[0]["reason"] if skipped else "no pair was given"
        raise BadInput(expected("pairs", "two streams with quotes at the same time", reason))
    ranked = pl.DataFrame([one.figures for one in measured], infer_schema_length=None).sort(
        pl.col("remark") != "", "share", "gross_share", "gross_mean_bps",
        descending=[False, True, True, True], nulls_last=True, maintain_order=True,
    )  # fmt: skip
    top = next(one for one in pairs if one.name == ranked["pair"][0])
    books = load_pair(store, top, chosen, start, end)
    same_coin = [one for one in measured if is_same_coin(one.figures["price_ratio"], chosen)] or measured
    sound = [one for one in same_coin if not one.figures["remark"]] or same_coin
    return Overview(
        chosen,
        ranked,
        pl.concat([one.directions for one in measured]),
        pl.concat([one.levels for one in measured]),
        pl.concat([one.episodes for one in measured]),
        _hours([one.hours for one in sound]),
        edges(books, fees[top.streams[0]], fees[top.streams[1]]),
        lagged_correlation(books, step_s=chosen.lag_step_s),
        pl.DataFrame(skipped, schema=_SKIPPED),
    )


def _hours(profiles: list[pl.DataFrame]) -> pl.DataFrame:
    seconds = pl.col("seconds")
    known = pl.concat(profiles).filter(seconds > 0)
    return (
        known.group_by("weekday", "hour")
        .agg(
            ((pl.col("share_of_time") * seconds).sum() / seconds.sum()).alias("share"),
            ((pl.col("mean_bps") * seconds).sum() / seconds.sum()).alias("mean_bps"),
            seconds.sum().alias("seconds"),
        )
        .select("weekday", "hour", "seconds", "share", "mean_bps")
        .sort("weekday", "hour")
    )


def venue_matrix(overview: Overview, *, basis: Basis | None = None, threshold_bps: float | None = None) -> pl.DataFrame:
    """Say for each ordered pair of venues how often selling on one and buying on the other is above a threshold.

    Parameters
    ----------
    overview
        Of pairs of several venues.
    basis, threshold_bps
        Of the edge; those of the overview by default. The threshold must be one of its levels.

    Returns
    -------
    polars.DataFrame
        sell_venue, buy_venue (perpetuals marked); value, the mean over pairs of the share of time above the
        threshold, in [0, 1], without those whose prices say that they are different coins; pairs, how many there
        are; best, the pair with the largest share, and best_value, its share.

    Raises
    ------
    BadInput
        The threshold is no level of the overview.
    """
    chosen = overview.settings
    level = chosen.threshold_bps if threshold_bps is None else threshold_bps
    known = sorted(overview.levels["threshold_bps"].unique())
    if level not in known:
        raise BadInput(expected("threshold_bps", f"one of the levels {known}", level))
    ratios = overview.pairs.select("pair", "price_ratio").iter_rows()
    same_coin = [pair for pair, ratio in ratios if is_same_coin(ratio, chosen)]
    shares = overview.levels.filter(
        (pl.col("basis") == (basis or chosen.basis))
        & (pl.col("threshold_bps") == level)
        & (pl.col("direction") != "best")
        & pl.col("pair").is_in(same_coin)
    )
    venues = overview.directions.select("pair", "direction", "sell_venue", "buy_venue").unique()
    rows = shares.join(venues, on=["pair", "direction"]).with_columns(pl.col("share_of_time").fill_nan(None))
    return (
        rows.sort("share_of_time", "pair", descending=[True, False], nulls_last=True, maintain_order=True)
        .group_by("sell_venue", "buy_venue", maintain_order=True)
        .agg(
            pl.col("share_of_time").mean().alias("value"),
            pl.len().alias("pairs"),
            pl.col("pair").first().alias("best"),
            pl.col("share_of_time").first().alias("best_value"),
        )
        .sort("sell_venue", "buy_venue")
    )
