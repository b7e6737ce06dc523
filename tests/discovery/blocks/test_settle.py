"""Settling episodes, worked out by hand: sizes, latency, unequal fills, depth, lots, inventory, transfers."""

from __future__ import annotations

import numpy as np
import pytest

from arbresearch.discovery.blocks.scan_kernels import Feed, Starts
from arbresearch.discovery.blocks.settle_kernels import settle
from arbresearch.discovery.blocks.settle_types import MONEY, Book, Ladder, Stock, Terms, empty_ladder
from arbresearch.edges import walk
from tests.discovery.blocks.books import SECOND, feed, ladder, terms

AB, BA = 0, 1


def starts(*events: tuple[float, int], a: Feed, b: Feed) -> Starts:
    times = np.array([round(second * SECOND) for second, _ in events], np.int64)
    rows = [np.searchsorted(one.recv_ns, times, side="right") - 1 for one in (a, b)]
    return Starts(times, np.array([way for _, way in events], np.int64), *(one.astype(np.int64) for one in rows))


def settled(
    events: list[tuple[float, int]], a: Feed, b: Feed, given: Terms, stock: Stock | None = None,
    ladders: tuple[Ladder, Ladder] | None = None, stop_s: int = 100,
) -> tuple[Book, Stock]:  # fmt: skip
    held = stock if stock is not None else untouched(given.latency_a_ns.size)
    deep = ladders or (empty_ladder(), empty_ladder())
    began = starts(*events, a=a, b=b)
    return settle(began, a, b, *deep, given, 0, stop_s * SECOND, 100 * SECOND, held), held


def untouched(latencies: int) -> Stock:
    reals, whole = np.zeros((3, latencies)), np.zeros((2, latencies), np.int64)
    return Stock(reals[0].copy(), reals[1].copy(), whole[0].copy(), whole[1].copy(), reals[2].copy())


def money(book: Book, name: str) -> float:
    return float(book.money[:, MONEY.index(name)].sum())


def test_each_leg_meets_its_own_book_a_latency_later() -> None:
    a = feed([(0, 101.0, 20.0, 102.0, 20.0), (10.4, 100.8, 20.0, 101.5, 20.0), (10.6, 90.0, 20.0, 91.0, 20.0)])
    b = feed([(0, 99.0, 20.0, 100.0, 20.0), (11.5, 99.0, 20.0, 100.3, 20.0), (12.5, 99.0, 20.0, 120.0, 20.0)])
    given = terms(latency_a_ns=np.array([SECOND // 2]), latency_b_ns=np.array([2 * SECOND]))
    book, stock = settled([(10.0, AB)], a, b, given)
    assert book.profit[0, 0] == pytest.approx(10.0 * (100.8 - 100.3))
    assert money(book, "gross_quote") == pytest.approx(10.0 * 1.0)
    assert money(book, "latency_quote") == pytest.approx(10.0 * (0.5 - 1.0))
    assert money(book, "slippage_bps") == pytest.approx(1e4 * (101 / 100 - 100.8 / 100.3), rel=1e-6)
    assert stock.tilt[0] == pytest.approx(10.0)


def test_fees_are_paid_on_both_legs() -> None:
    a, b = feed([(0, 101.0, 20.0, 102.0, 20.0)]), feed([(0, 99.0, 20.0, 100.0, 20.0)])
    given = terms(keep_a=0.999, pay_a=1.001, keep_b=0.998, pay_b=1.002)
    book, _ = settled([(10.0, AB)], a, b, given)
    assert book.profit[0, 0] == pytest.approx(10.0 * (101.0 * 0.999 - 100.0 * 1.002))
    assert money(book, "fees_quote") == pytest.approx(-10.0 * (0.101 + 0.2))
    other, _ = settled([(10.0, BA)], b, a, terms(keep_a=0.998, pay_a=1.002, keep_b=0.999, pay_b=1.001))
    assert other.profit[0, 0] == pytest.approx(book.profit[0, 0])


def test_what_one_leg_fills_more_is_undone_on_its_own_venue() -> None:
    a = feed([(0, 101.0, 20.0, 102.0, 20.0)])
    b = feed([(0, 99.0, 20.0, 100.0, 20.0), (10.5, 99.0, 5.0, 100.0, 4.0)])
    book, stock = settled([(10.0, AB)], a, b, terms(pay_a=1.001))
    assert stock.tilt[0] == pytest.approx(4.0)
    assert book.profit[0, 0] == pytest.approx(10.0 * 101.0 - 4.0 * 100.0 - 6.0 * 102.0 * 1.001)
    assert money(book, "edge_bps") == pytest.approx(1e4 * book.profit[0, 0] / 400.0)


def test_a_leg_whose_book_is_empty_or_stale_fills_nothing() -> None:
    nan = float("nan")
    a = feed([(0, 101.0, 20.0, 102.0, 20.0)])
    b = feed([(0, 99.0, 20.0, 100.0, 20.0), (10.5, 99.0, 5.0, nan, nan)])
    book, stock = settled([(10.0, AB)], a, b, terms())
    assert stock.tilt[0] == 0.0
    assert book.profit[0, 0] == pytest.approx(10.0 * 101.0 - 10.0 * 102.0)
    stale, _ = settled([(10.0, AB)], a, feed([(0, 99.0, 20.0, 100.0, 20.0)]), terms(max_age_ns=10 * SECOND))
    assert stale.profit[0, 0] == 0.0


def test_levels_are_walked_to_the_printed_average() -> None:
    asks = [(100.0, 1.0), (100.1, 2.0), (100.5, 5.0)]
    a = feed([(9, 103.0, 50.0, 104.0, 50.0)])
    b = feed([(9, 99.0, 1.0, 100.0, 1.0)])
    deep = (empty_ladder(), ladder([(9.0, [(99.0, 1.0)], asks)]))
    book, stock = settled([(10.0, AB)], a, b, terms(notional_quote=400.0), ladders=deep)
    moved, paid = stock.tilt[0], money(book, "paid_quote")
    assert (moved, paid / moved) == pytest.approx((4.0, 100.175))
    assert walk([p for p, _ in asks], [s for _, s in asks], 4.0).vwap == pytest.approx(paid / moved)
    assert book.profit[0, 0] == pytest.approx(4.0 * 103.0 - 400.7)


def test_the_size_ends_where_the_next_level_no_longer_pays() -> None:
    a = feed([(9, 100.4, 50.0, 104.0, 50.0)])
    b = feed([(9, 99.0, 1.0, 100.0, 1.0)])
    deep = (empty_ladder(), ladder([(9.0, [(99.0, 1.0)], [(100.0, 1.0), (100.1, 2.0), (100.5, 5.0)])]))
    book, stock = settled([(10.0, AB)], a, b, terms(), ladders=deep)
    assert stock.tilt[0] == pytest.approx(3.0)
    assert book.profit[0, 0] == pytest.approx(0.4 + 2 * 0.3)
    assert money(book, "depth_score") == pytest.approx(3.0 / 10.0)
    assert book.sizes[0].tolist() == pytest.approx([0.4 + 2 * 0.3 - 2 * 0.1, 0.4 + 2 * 0.3 - 5 * 0.1])


def test_old_levels_do_not_count() -> None:
    a, b = feed([(0, 103.0, 50.0, 104.0, 50.0)]), feed([(0, 99.0, 1.0, 100.0, 1.0)])
    deep = (empty_ladder(), ladder([(0.0, [(99.0, 1.0)], [(100.0, 1.0), (100.1, 2.0)])]))
    _, stock = settled([(10.0, AB)], a, b, terms(), ladders=deep)
    assert stock.tilt[0] == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("changes", "quantity"),
    [
        ({}, 7.77),
        ({"lot": 0.5}, 7.5),
        ({"lot": 8.0}, 0.0),
        ({"min_quantity": 8.0}, 0.0),
        ({"min_notional": 785.0}, 0.0),
        ({"min_notional": 784.0}, 7.77),
        ({"notional_quote": 200.0}, 2.0),
    ],
)
def test_sizes_are_whole_lots_above_both_minimums(changes: dict[str, object], quantity: float) -> None:
    a, b = feed([(0, 101.0, 20.0, 102.0, 20.0)]), feed([(0, 99.0, 20.0, 100.0, 7.77)])
    book, stock = settled([(10.0, AB)], a, b, terms(**changes))
    assert stock.tilt[0] == pytest.approx(quantity)
    assert money(book, "sized_episodes") == float(quantity > 0)
    assert money(book, "net_episodes") == 1.0


def test_inventory_runs_out_and_comes_back_by_the_other_direction() -> None:
    a, b = feed([(0, 101.0, 99.0, 102.0, 99.0)]), feed([(0, 99.0, 99.0, 100.0, 99.0)])
    crossed = feed([(0, 101.0, 99.0, 100.5, 99.0)]), feed([(0, 100.6, 99.0, 100.0, 99.0)])
    given = terms(side_quote=2_500.0, max_age_ns=10**13)
    events = [(10.0 * n, AB) for n in range(1, 6)]
    book, stock = settled(events, a, b, given)
    assert stock.tilt[0] == pytest.approx(25.0)
    assert book.profit[0, 0] == pytest.approx(25.0 * 1.0)
    assert money(book, "capital_quote") == pytest.approx(-25.0)
    assert (money(book, "alive_episodes"), money(book, "executed_episodes")) == (5.0, 3.0)
    back, stock = settled([(60.0, BA)], *crossed, given, stock=stock)
    assert stock.tilt[0] == pytest.approx(25.0 - 1_000.0 / 100.5)
    assert back.tilt[0, 0] == pytest.approx(stock.tilt[0] * 100.75)


def test_only_one_order_is_out_at_a_time() -> None:
    a, b = feed([(0, 101.0, 99.0, 102.0, 99.0)]), feed([(0, 99.0, 99.0, 100.0, 99.0)])
    given = terms(latency_a_ns=np.array([SECOND, 3 * SECOND]), latency_b_ns=np.array([SECOND, 3 * SECOND]))
    book, _ = settled([(10.0, AB), (12.0, AB), (14.0, AB)], a, b, given)
    assert book.profit[0].tolist() == pytest.approx([30.0, 20.0])
    assert book.alive[0].tolist() == [3.0, 3.0]


def test_coin_is_moved_back_when_what_was_earned_pays_for_it() -> None:
    a, b = feed([(0, 101.0, 99.0, 102.0, 99.0)]), feed([(0, 99.0, 99.0, 100.0, 99.0)])
    changes = {"side_quote": 2_000.0, "max_age_ns": 10**13, "move_ns": np.array([25 * SECOND, 25 * SECOND])}
    events = [(10.0, AB), (20.0, AB), (30.0, AB), (40.0, AB), (60.0, AB), (70.0, AB)]
    coin = np.array([0.1, 0.0])
    cheap, stock = settled(events, a, b, terms(move_coin=coin, move_quote=np.array([9.0, -1.0]), **changes))
    assert cheap.moved[0, 0] == 19.0
    assert cheap.profit[0, 0] == pytest.approx(4 * 10.0)
    assert stock.tilt[0] == pytest.approx(20.0)
    dear, stock = settled(events, a, b, terms(move_quote=np.array([21.0, -1.0]), **changes))
    assert (dear.moved[0, 0], dear.profit[0, 0]) == (0.0, pytest.approx(20.0))
    shut, _ = settled(events, a, b, terms(move_quote=np.array([-1.0, 1.0]), **changes))
    assert (shut.moved[0, 0], shut.profit[0, 0]) == (0.0, pytest.approx(20.0))


def test_coin_under_way_is_on_neither_venue() -> None:
    a, b = feed([(0, 101.0, 99.0, 100.5, 99.0)]), feed([(0, 100.6, 99.0, 100.0, 99.0)])
    given = terms(side_quote=1_000.0, max_age_ns=10**13, move_quote=np.array([1.0, 1.0]),
                  move_ns=np.array([1_000 * SECOND] * 2))  # fmt: skip
    _, stock = settled([(10.0, AB), (20.0, AB), (30.0, BA), (40.0, BA)], a, b, given)
    assert stock.transit[0] == pytest.approx(10.0)
    assert stock.tilt[0] == pytest.approx(10.0 - 1_000.0 / 100.5)


def test_survival_counts_edges_still_above_the_entry_at_each_latency() -> None:
    a = feed([(0, 101.0, 20.0, 102.0, 20.0), (11.2, 100.3, 20.0, 102.0, 20.0), (13.0, 99.0, 20.0, 102.0, 20.0)])
    b = feed([(0, 99.0, 20.0, 100.0, 20.0)])
    moments = np.array([0, SECOND, 2 * SECOND, 4 * SECOND])
    given = terms(entry=1.005, latency_a_ns=moments, latency_b_ns=moments)
    book, _ = settled([(10.0, AB)], a, b, given)
    assert book.alive[0].tolist() == [1.0, 1.0, 0.0, 0.0]
    assert book.profit[0].tolist() == pytest.approx([10.0, 10.0, 3.0, -10.0])


def test_the_waterfall_adds_up() -> None:
    rng = np.random.default_rng(5)
    rows = [(n / 2.0, 101.0 + rng.normal(0, 0.2), rng.integers(1, 20), 102.5, 9.0) for n in range(200)]
    other = [(n / 2.0 + 0.2, 99.0, 9.0, 100.0 + rng.normal(0, 0.2), rng.integers(1, 20)) for n in range(200)]
    a, b = feed(rows), feed(other)
    given = terms(keep_a=0.999, pay_b=1.001, side_quote=4_000.0, lot=0.1, min_quantity=2.0)
    book, _ = settled([(float(n), AB) for n in range(5, 95, 3)], a, b, given)
    parts = ("gross_quote", "fees_quote", "depth_quote", "latency_quote", "capital_quote")
    assert sum(money(book, name) for name in parts) == pytest.approx(book.profit[:, 0].sum())
    assert min(abs(money(book, name)) for name in parts) > 1.0
