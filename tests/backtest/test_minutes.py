"""The best and the worst minute, and the books around it."""

from __future__ import annotations

from dataclasses import replace

import polars as pl
import pytest

from arbresearch.backtest.market import VenueTape
from arbresearch.backtest.minutes import best_and_worst, books_of
from arbresearch.backtest.result import BacktestResult
from arbresearch.core import NS_PER_MINUTE
from tests.backtest.result_kit import MARKET, START_NS, VENUES, at, minute, terms_of

RESULT = BacktestResult.build(minute(), MARKET, terms_of(), symbol="A/USDT", venues=VENUES)


def _with_pairs(*pairs: tuple[float, float, float]) -> BacktestResult:
    """Return a result of pairs of (decided in seconds, notional, profit)."""
    frame = pl.DataFrame(
        [{"decided_ns": at(second), "notional_quote": notional, "profit_quote": profit}
         for second, notional, profit in pairs],
        schema={"decided_ns": pl.Int64, "notional_quote": pl.Float64, "profit_quote": pl.Float64},
    )  # fmt: skip
    return replace(RESULT, pairs=frame)


def test_minutes_are_ranked_by_the_sum_of_their_pairs() -> None:
    result = _with_pairs((1, 10, 3), (61, 10, 2), (119, 10, 2), (130, 10, -1.5), (190, 0, 99), (250, 10, 0.5))
    best, worst = best_and_worst(result)
    assert best is not None
    assert worst is not None
    assert (best.start_ns, best.pairs, best.profit_quote) == (START_NS + NS_PER_MINUTE, 2, 4.0)
    assert best.title == "Best minute, 2024-01-01 00:01: +4.00 USDT in 2 pairs"
    assert worst.title == "Worst minute, 2024-01-01 00:02: −1.50 USDT in one pair"
    assert best.span == (at(55), at(125))


def test_equal_minutes_and_few_of_them() -> None:
    best, worst = best_and_worst(_with_pairs((1, 10, 1), (61, 10, 1), (121, 10, 1)))
    assert best is not None
    assert worst is not None
    assert (best.start_ns, worst.start_ns) == (at(0), at(0))
    alone, none = best_and_worst(RESULT)
    assert alone is not None
    assert alone.pairs == 3
    assert alone.profit_quote == pytest.approx(RESULT.pairs["profit_quote"].sum())
    assert none is None
    assert best_and_worst(_with_pairs((1, 0, 0))) == (None, None)


def test_books_hold_from_before_the_minute_to_after_it() -> None:
    (best, _) = best_and_worst(_with_pairs((61, 10, 1)))
    assert best is not None
    books = books_of(MARKET, best)
    assert books.filter(pl.col("account") == "a").rows() == [
        (at(55), "a", 101.0, 102.0),
        (at(60), "a", 102.0, 103.0),
        (at(125), "a", 102.0, 103.0),
    ]
    assert books.filter(pl.col("account") == "b")["bid"].to_list() == [99.0, 99.5, 99.5]
    assert books.filter(pl.col("account") == "h").is_empty()
    assert books_of((VenueTape(), MARKET[1], VenueTape()), best)["account"].unique().to_list() == ["b"]
