"""Markets whose truth is known, judged by the candidate finder; and windows of a long history of pairs that pay."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np
import polars as pl

from arbresearch.core.units import NS_PER_DAY
from arbresearch.discovery import ScoreSettings, SpotArbitrageCandidateFinder, choose_pairs, find_fees
from arbresearch.discovery.blocks.measure_blocks import measure_blocks
from arbresearch.discovery.blocks.moves import MoveTable
from arbresearch.discovery.blocks.pair_blocks import PairBlocks, first_carry
from arbresearch.discovery.blocks.pair_terms import PairTerms, measured_latencies, pair_terms
from arbresearch.discovery.scoring.evidence import gather_evidence
from arbresearch.sample import TRAPS, Kind, SampleSpec, generate, plan_market, venue_frames
from arbresearch.sample.reference import instruments_frame, networks_frame
from arbresearch.store import TickStore

__all__ = ["NAMED", "SIZES", "held", "judge_market", "misnamed", "paying_windows", "reasons_by_kind", "recall_by_size"]

SIZES: Final = {
    "small": SampleSpec(symbols=12, days=1, venues=("mexc", "gate")),
    "middle": SampleSpec(symbols=24, days=1),
    "large": SampleSpec(symbols=60, days=2),
}

NAMED: Final = {
    Kind.FEES: {"fees", "never_crosses"},
    Kind.FLICKER: {"latency"},
    Kind.THIN: {"thin"},
    Kind.IDENTITY: {"different_coin", "unverified_coin"},
    Kind.FROZEN: {"frozen_book"},
    Kind.DEPOSIT_SHUT: {"one_way"},
    Kind.BAD_PRINT: {"isolated_print", "frozen_book"},
}
"""By which reasons each trap may be refused; a print that meets a book silent for over a minute has no edge at all."""


def seeded(spec: SampleSpec, seed: int) -> SampleSpec:
    """Return the same market with another seed."""
    return SampleSpec.from_dict({**spec.as_dict(), "seed": seed})


def judge_market(
    size: str, seed: int, settings: ScoreSettings | None = None, fees_bps: Mapping[str, float] | None = None
) -> pl.DataFrame:
    """Simulate and rank a market; return the scores with ``size``, ``seed`` and what is ``true`` of each pair."""
    with TemporaryDirectory() as folder, TickStore(Path(folder) / "store") as store:
        truth = generate(store, seeded(SIZES[size], seed))
        ranking = SpotArbitrageCandidateFinder(store, settings, fees_bps=fees_bps, cached=False).rank()
    assert ranking.skipped.is_empty()
    assert ranking.scores.height == len(truth.pairs)
    places = ranking.scores.select("symbol_a", "venue_a", "venue_b").iter_rows()
    kinds = pl.Series("true", [str(truth.pair(*place).kind) for place in places], pl.String)
    return ranking.scores.with_columns(kinds, pl.lit(size).alias("size"), pl.lit(seed).alias("seed"))


def misnamed(judged: pl.DataFrame) -> pl.DataFrame:
    """Return the traps that were not refused for what they are, with what was said of them."""
    fits = [reason in NAMED.get(Kind(kind), {reason}) for kind, reason in judged.select("true", "reason").iter_rows()]
    told = ("size", "seed", "pair", "true", "viable", "reason", "detail", "final_score", "net_episodes")
    return judged.filter(~pl.Series(fits)).select(told)


def recall_by_size(judged: pl.DataFrame) -> pl.DataFrame:
    """Return a row a size: pairs that pay, how many were found, and how many others were taken for such."""
    pays, viable = pl.col("true") == Kind.PAYS, pl.col("viable")
    return judged.group_by("size", maintain_order=True).agg(
        pl.col("seed").n_unique().alias("markets"),
        pl.len().alias("pairs"),
        pays.sum().alias("pay"),
        (pays & viable).sum().alias("found"),
        ((pays & viable).sum() / pays.sum()).alias("recall"),
        (pl.col("true").is_in([str(trap) for trap in TRAPS]) & viable).sum().alias("traps taken"),
        ((pl.col("true") == Kind.NONE) & viable).sum().alias("ordinary taken"),
    )


def reasons_by_kind(judged: pl.DataFrame) -> pl.DataFrame:
    """Return how often pairs of each kind were refused for what; no reason where they were viable."""
    return judged.group_by("true", "reason").len().sort("true", "len", "reason", descending=[False, True, False])


def paying_windows(
    seeds: Iterable[int], days: int, lengths: Sequence[int], candidates: Sequence[int] = (1, 50)
) -> pl.DataFrame:
    """Bound the profit of pairs that pay in every window of so many whole days of a long history.

    Windows of one length do not overlap. Inventory is that of the whole history, as with the finder's window of days.

    Returns
    -------
    polars.DataFrame
        seed, pair, length, blocks, ``true`` (mean over the whole history), ``mean`` and ``error`` (of the window) and
        ``bound_1`` and so on for each number of candidates, all in bps of capital a day.
    """
    settings = ScoreSettings()
    rows = []
    for seed in seeds:
        spec = SampleSpec(seed=seed, symbols=12, days=days, venues=("mexc", "gate"), include_depth=False)
        for pair, blocks, terms in _history(spec, settings):
            true = gather_evidence(blocks, terms, settings, 1).mean_bps_day
            for length in lengths:
                for day in range(0, days - length + 1, length):
                    start_ns = spec.day_ns(day)
                    seen = blocks.until(start_ns + length * NS_PER_DAY)
                    found = [gather_evidence(seen, terms, settings, many, start_ns) for many in candidates]
                    one = found[0]
                    bounds = {f"bound_{many}": each.final_score for many, each in zip(candidates, found, strict=True)}
                    rows.append({"seed": seed, "pair": pair, "length": length, "blocks": one.blocks, "true": true,
                                 "mean": one.mean_bps_day, "error": one.standard_error, **bounds})  # fmt: skip
    return pl.DataFrame(rows)


def _history(spec: SampleSpec, settings: ScoreSettings) -> Iterator[tuple[str, PairBlocks, PairTerms]]:
    """Simulate the coins that pay alone, as they are in the whole market, and measure all blocks of each."""
    plan = plan_market(spec)
    coins = [coin for coin in plan.coins if coin.kind is Kind.PAYS]
    with TemporaryDirectory() as folder, TickStore(Path(folder) / "store") as store:
        with store.transaction() as transaction:
            transaction.append("instruments", instruments_frame(plan, 0))
            transaction.append("networks", networks_frame(plan, 0))
            for day in range(spec.days):
                for name, frame in venue_frames(plan, coins, day):
                    if name == "quotes":
                        transaction.append(name, frame)
        pairs = choose_pairs(store)
        latencies = {name: one[0] for name, one in measured_latencies(store, spec.venues, settings).items()}
        terms = pair_terms(pairs, find_fees(store, pairs), store.instruments(), latencies)
        first = first_carry(spec.start_ns, 1 + len(settings.latencies_s))
        stop_ns = spec.start_ns + spec.days * NS_PER_DAY - settings.block_ns
        moves = MoveTable.of(store)
        for pair in pairs:
            yield pair.name, measure_blocks(store, pair, terms[pair], moves, settings, first, stop_ns)[0], terms[pair]


def held(windows: pl.DataFrame, bound: str = "bound_1") -> int:
    """Return in how many windows a bound was at most the true mean."""
    return int(np.count_nonzero(windows[bound].to_numpy() <= windows["true"].to_numpy()))
