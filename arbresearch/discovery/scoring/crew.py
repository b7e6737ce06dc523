"""Measuring many pairs, in this process or in several side by side; the answer does not depend on how many."""

from __future__ import annotations

import os
import signal
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Final

import polars as pl

from arbresearch.core import BadInput
from arbresearch.discovery.blocks.cache import BlockCache, Cached
from arbresearch.discovery.blocks.measure_blocks import measure_blocks
from arbresearch.discovery.blocks.moves import MoveTable
from arbresearch.discovery.blocks.pair_blocks import PairBlocks, first_carry
from arbresearch.discovery.blocks.pair_terms import PairTerms
from arbresearch.discovery.blocks.settings import ScoreSettings
from arbresearch.discovery.blocks.stretch import Rates, daily_rates
from arbresearch.discovery.pairs import StreamPair
from arbresearch.discovery.scoring.evidence import Evidence, gather_evidence
from arbresearch.store import TickStore

__all__ = ["Crew", "Job"]

_BATCHES_A_WORKER: Final = 48


@dataclass(frozen=True, slots=True)
class Job:
    """A pair to measure, from the beginning of its first block to the end of its last; which blocks count."""

    pair: StreamPair
    terms: PairTerms
    begin_ns: int
    stop_ns: int
    since_ns: int | None


class Crew:
    """Does jobs, in their order.

    Parameters
    ----------
    store, settings, moves
        Where to read and what to assume.
    candidates
        How many pairs are compared.
    workers
        Processes; with one the work is done here.
    cached
        Whether blocks are taken from and added to the cache.
    """

    def __init__(
        self,
        store: TickStore,
        settings: ScoreSettings,
        moves: MoveTable,
        candidates: int,
        workers: int = 1,
        cached: bool = True,
    ) -> None:
        self._bench = _Bench(store, settings, moves, candidates, cached, daily_rates(store))
        self._workers = workers

    def work(self, jobs: Sequence[Job]) -> Iterator[Evidence]:
        """Yield the evidence of each job, in their order; this process works as well as those it starts."""
        workers = min(self._workers, len(jobs))
        if workers <= 1:
            for job in jobs:
                yield self._bench.do(job)
            return
        size = max(1, -(-len(jobs) // (workers * _BATCHES_A_WORKER)))
        batches = deque(jobs[first : first + size] for first in range(0, len(jobs), size))
        bench = self._bench
        arguments = (
            bench.store.root, bench.settings, bench.moves.rows, bench.candidates, bench.cached, bench.rates,
        )  # fmt: skip
        others = workers - 1
        pool = ProcessPoolExecutor(others, mp_context=get_context("spawn"), initializer=_begin, initargs=arguments)
        waiting: deque[Future[list[Evidence]]] = deque()
        try:
            while batches or waiting:
                while batches and sum(not one.done() for one in waiting) < 2 * others:
                    with _uninterrupted():
                        waiting.append(pool.submit(_work, batches.popleft()))
                if batches:
                    own: Future[list[Evidence]] = Future()
                    waiting.append(own)
                    own.set_result([bench.do(job) for job in batches.popleft()])
                while waiting and (waiting[0].done() or not batches):
                    yield from waiting.popleft().result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


@dataclass(frozen=True, slots=True)
class _Bench:
    """What a process needs to do a job."""

    store: TickStore
    settings: ScoreSettings
    moves: MoveTable
    candidates: int
    cached: bool
    rates: Rates

    def do(self, job: Job) -> Evidence:
        """Measure what is not known yet of a pair, and gather the evidence of all of it."""
        return gather_evidence(self._blocks(job), job.terms, self.settings, self.candidates, job.since_ns)

    def _blocks(self, job: Job) -> PairBlocks:
        latencies = 1 + len(self.settings.latencies_s)
        if not self.cached:
            carry = first_carry(job.begin_ns, latencies)
            return measure_blocks(
                self.store, job.pair, job.terms, self.moves, self.settings, carry, job.stop_ns, self.rates
            )[0]
        cache = BlockCache(self.store.root, self.settings)
        kept = cache.read(job.pair, job.terms, job.begin_ns)
        if kept is not None and not self._holds(job, kept):
            kept = None
        carry = kept.carry if kept is not None else first_carry(job.begin_ns, latencies)
        if carry.until_ns < job.stop_ns:
            new, after = measure_blocks(
                self.store, job.pair, job.terms, self.moves, self.settings, carry, job.stop_ns, self.rates
            )
            cache.write(job.pair, job.terms, job.begin_ns, kept, new, after)
            kept = Cached(new if kept is None else kept.blocks.followed_by(new), after)
        if kept is None:
            return PairBlocks.empty(self.settings)
        return kept.blocks.until(job.stop_ns)

    def _holds(self, job: Job, kept: Cached) -> bool:
        """Say whether what was counted before the last cached block is still all there is before it.

        Quotes that came late, for a time that was already measured, make the count differ.
        """
        for (venue, symbol), rows in zip(job.pair.streams, kept.carry.rows, strict=True):
            if self.store.count("quotes", venue, symbol, job.begin_ns, kept.carry.until_ns) != rows:
                return False
        return True


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Keep an interrupt from what is begun in the block: workers inherit it, and only this process is to stop."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


_bench: _Bench | None = None


def _begin(
    root: Path, settings: ScoreSettings, networks: pl.DataFrame, candidates: int, cached: bool, rates: Rates
) -> None:
    """Prepare a worker."""
    global _bench
    _bench = _Bench(TickStore(root, create=False), settings, MoveTable.mapped(networks), candidates, cached, rates)


def _work(jobs: Sequence[Job]) -> list[Evidence]:
    if _bench is None:
        raise BadInput(f"process {os.getpid()} was not prepared")
    return [_bench.do(job) for job in jobs]
