"""Random cases: a market and what a run of it is subject to, by a seed alone or drawn so that they shrink."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from hypothesis import strategies as st

from arbresearch.backtest.codes import OneLegPolicy, Rebalance
from arbresearch.backtest.market import Market
from arbresearch.backtest.terms import RunTerms
from tests.backtest.random_draws import MODE_SETS, Random, Shape, grid_of
from tests.backtest.random_schedules import schedule_of
from tests.backtest.random_tapes import market_of
from tests.backtest.random_terms import terms_of

__all__ = [
    "Case",
    "Shape",
    "case_of",
    "cases",
    "plain_case",
    "random_case",
    "random_market",
    "random_shape",
    "random_terms",
    "shapes",
]


class Case(NamedTuple):
    """A market and what a run of it is subject to."""

    market: Market
    terms: RunTerms


def random_shape(seed: int) -> Shape:
    draw = Random(seed)
    return Shape(
        rows=int(draw.between(70, 150)),
        modes=int(draw.between(0, len(MODE_SETS) - 1)),
        policy=draw.one(*OneLegPolicy),
        rebalance=draw.one(*Rebalance, Rebalance.TRANSFER),
        slots=draw.one(1, 1, 2, 3),
        perpetual=draw.one(-1, -1, -1, -1, -1, 0, 1),
        hedge=draw.often(0.4),
        trades=draw.often(0.85),
        ladders=draw.often(0.5),
        faults=draw.often(0.5),
        prompt=draw.often(0.2),
        limits=draw.often(0.2),
        calm=draw.often(0.2),
        schedule=draw.one(-1, -1, -1, -1, -1, -1, -1, -1, 0, 1, 2, 3, 4),
        tilted=draw.often(0.35),
    )


def shapes() -> st.SearchStrategy[Shape]:
    """Draw shapes that shrink towards few rows and nothing special."""
    return st.builds(
        Shape,
        rows=st.integers(2, 150),
        modes=st.integers(0, len(MODE_SETS) - 1),
        policy=st.integers(0, 2),
        rebalance=st.integers(0, 2),
        slots=st.integers(1, 3),
        perpetual=st.sampled_from([-1, 0, 1]),
        hedge=st.booleans(),
        trades=st.booleans(),
        ladders=st.booleans(),
        faults=st.booleans(),
        prompt=st.booleans(),
        limits=st.booleans(),
        calm=st.booleans(),
        schedule=st.integers(-1, 4),
        tilted=st.booleans(),
    )


def cases() -> st.SearchStrategy[tuple[int, Shape]]:
    return st.tuples(st.integers(0, 2**32 - 1), shapes())


def case_of(seed: int, shape: Shape) -> Case:
    draw = Random(seed)
    grid = grid_of(draw)
    market = market_of(draw, grid, shape)
    first_ns = min(int(tape.book.recv_ns[0]) for tape in market if tape.book.recv_ns.size)
    terms = terms_of(draw, grid, shape, first_ns)
    schedule = schedule_of(draw, grid, shape, market, terms)
    return Case(market, replace(terms, schedule=schedule))


def random_case(seed: int) -> Case:
    return case_of(seed, random_shape(seed + 2**32))


def plain_case(seed: int) -> Case:
    """Return that case without a schedule and without a slope."""
    return case_of(seed, replace(random_shape(seed + 2**32), schedule=-1, tilted=False))


def random_market(seed: int) -> Market:
    return random_case(seed).market


def random_terms(seed: int) -> RunTerms:
    return random_case(seed).terms
