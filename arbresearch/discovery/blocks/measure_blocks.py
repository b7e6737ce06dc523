"""Measuring the blocks of a pair, stretch by stretch, so that memory does not grow and work can be resumed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from arbresearch.core.units import NS_PER_MS, NS_PER_SECOND
from arbresearch.discovery.blocks.moves import MoveTable
from arbresearch.discovery.blocks.pair_blocks import VOLATILITY_NS, Carry, PairBlocks
from arbresearch.discovery.blocks.pair_terms import PairTerms
from arbresearch.discovery.blocks.scan_kernels import Rules, scan
from arbresearch.discovery.blocks.settings import LAGS_NS, ScoreSettings
from arbresearch.discovery.blocks.settle_kernels import settle
from arbresearch.discovery.blocks.settle_types import Terms
from arbresearch.discovery.blocks.stretch import Rates, Stretch, Tape, daily_rates
from arbresearch.discovery.pairs import StreamPair
from arbresearch.edges import lead_lag_blocks
from arbresearch.store import TickStore

__all__ = ["measure_blocks"]

SPACING_NS: Final = 100 * NS_PER_MS
"""Mids are compared at most this often; the smallest lag."""


def measure_blocks(
    store: TickStore,
    pair: StreamPair,
    terms: PairTerms,
    moves: MoveTable,
    settings: ScoreSettings,
    carry: Carry,
    stop_ns: int,
    rates: Rates | None = None,
) -> tuple[PairBlocks, Carry]:
    """Measure the complete blocks of a pair from where a carry ends.

    Parameters
    ----------
    store, pair, terms, moves, settings
        Where to read, what trading is subject to, what to assume.
    carry
        Of the blocks before, or :func:`first_carry`.
    stop_ns
        Where the last block ends, a whole number of blocks after ``carry.until_ns``; data up to
        :data:`~arbresearch.discovery.score_settings.HORIZON_NS` beyond it are used to settle orders sent before.
    rates
        Of :func:`~arbresearch.discovery.stretch.daily_rates`, where there are many pairs to measure; None: asked for.

    Returns
    -------
    PairBlocks, Carry
        However the time is cut into calls, the blocks are the same.
    """
    found, reached = [], carry
    tape = Tape(store, pair, carry.last, settings, carry.until_ns, stop_ns, rates or daily_rates(store))
    for stretch in tape.stretches():
        blocks, reached = _measure(stretch, pair, terms, moves, settings, reached)
        found.append(blocks)
        del stretch  # else it would live while the next one is read
    if not found:
        return PairBlocks.empty(settings), replace(carry, until_ns=max(stop_ns, carry.until_ns))
    joined = PairBlocks(np.concatenate([one.start_ns for one in found]), np.concatenate([one.values for one in found]))
    return joined, reached


def _measure(
    stretch: Stretch, pair: StreamPair, terms: PairTerms, moves: MoveTable, settings: ScoreSettings, carry: Carry
) -> tuple[PairBlocks, Carry]:
    """Measure one stretch within a day."""
    a, b = stretch.feeds
    rows = (carry.rows[0] + stretch.rows[0], carry.rows[1] + stretch.rows[1])
    if not a.recv_ns.size or not b.recv_ns.size:
        last = (stretch.last(0) or carry.last[0], stretch.last(1) or carry.last[1])
        changed = tuple(
            one.recv_ns[0] if one.recv_ns.size and before is None else old
            for one, before, old in zip((a, b), carry.last, carry.changed_ns, strict=True)
        )
        here = replace(carry, until_ns=stretch.stop_ns, rows=rows, last=last, changed_ns=tuple(int(x) for x in changed))
        return PairBlocks.empty(settings), here
    memory, stock = carry.memory(), carry.inventory()
    for side, feed in enumerate((a, b)):
        if carry.last[side] is None:
            memory.changed_ns[side] = feed.recv_ns[0]
    rules = _rules(stretch, terms, settings)
    scanned = scan(a, b, rules, memory)
    move = moves.both_ways(pair, stretch.start_ns, settings.capital_quote / 4.0)
    book = settle(
        scanned.starts, a, b, *stretch.ladders, _terms(terms, settings, *move),
        stretch.start_ns, stretch.stop_ns, settings.block_ns, stock,
    )  # fmt: skip
    blocks = scanned.sums.shape[0]
    coins, costs, _ = move
    back = np.array([cost if cost >= 0.0 else np.nan for cost in costs]) + np.outer(book.mid, coins)
    edges = stretch.start_ns + settings.block_ns * np.arange(blocks + 1)
    lags = lead_lag_blocks(
        a.recv_ns, a.bid, a.ask, b.recv_ns, b.bid, b.ask, edges, SPACING_NS, np.array(LAGS_NS), VOLATILITY_NS
    )
    values = np.hstack(
        (scanned.sums, book.money, back, book.profit, book.alive, book.moved, book.tilt, book.sizes, lags)
    )
    kept = (scanned.sums[:, 0] > 0.0) | (scanned.sums[:, 1] > 0.0)
    return PairBlocks(edges[:-1][kept], values[kept]), Carry(
        until_ns=stretch.stop_ns,
        rows=rows,
        last=(stretch.last(0), stretch.last(1)),
        states=tuple(memory.states.tolist()),
        gaps_ns=tuple(memory.gaps_ns.tolist()),
        changed_ns=tuple(memory.changed_ns.tolist()),
        stock=tuple(tuple(one.tolist()) for one in stock),
    )


def _rules(stretch: Stretch, terms: PairTerms, settings: ScoreSettings) -> Rules:
    return Rules(
        start_ns=stretch.start_ns,
        stop_ns=stretch.stop_ns,
        block_ns=settings.block_ns,
        keep_a=1.0 - terms.fees_a.taker,
        pay_a=1.0 + terms.fees_a.taker,
        keep_b=1.0 - terms.fees_b.taker,
        pay_b=1.0 + terms.fees_b.taker,
        entry=1.0 + settings.entry_bps / 1e4,
        min_gap_ns=round(settings.min_gap_s * NS_PER_SECOND),
        max_age_ns=round(settings.max_age_s * NS_PER_SECOND),
        standing_ns=round(settings.standing_s * NS_PER_SECOND),
    )


def _terms(
    terms: PairTerms, settings: ScoreSettings, coins: Sequence[float], costs: Sequence[float], times: Sequence[int]
) -> Terms:
    shown = settings.latencies_s
    delays = [np.array([own, *shown]) * NS_PER_SECOND for own in (terms.latency_a_s, terms.latency_b_s)]
    latency_a, latency_b = (np.round(one).astype(np.int64) for one in delays)
    return Terms(
        keep_a=1.0 - terms.fees_a.taker,
        pay_a=1.0 + terms.fees_a.taker,
        keep_b=1.0 - terms.fees_b.taker,
        pay_b=1.0 + terms.fees_b.taker,
        entry=1.0 + settings.entry_bps / 1e4,
        notional_quote=settings.notional_quote,
        side_quote=settings.capital_quote / 4.0,
        lot=terms.lot,
        min_quantity=terms.min_quantity,
        min_notional=terms.min_notional,
        latency_a_ns=latency_a,
        latency_b_ns=latency_b,
        sizes_quote=np.array(settings.sizes_quote),
        max_age_ns=round(settings.max_age_s * NS_PER_SECOND),
        depth_age_ns=round(settings.depth_age_s * NS_PER_SECOND),
        move_coin=np.array(coins, np.float64),
        move_quote=np.array(costs, np.float64),
        move_ns=np.array(times, np.int64),
    )
