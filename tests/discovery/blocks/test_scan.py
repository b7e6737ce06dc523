"""The scan against the functions of edges, which find the same in another way, and against itself in pieces."""

from __future__ import annotations

import numpy as np
import pytest

from arbresearch.core import FeeSchedule
from arbresearch.discovery.blocks.scan_kernels import COUNTS, Feed, Rules, Scan, new_memory, scan
from arbresearch.edges import align, episodes, time_share
from tests.discovery.blocks.books import SECOND, feed, frame, random_feeds

FEES = FeeSchedule(0.0, 0.0002), FeeSchedule(0.0, 0.0003)
BLOCK = 100 * SECOND
STOP = 1_800 * SECOND
NEVER = 10**15
SEEDS = range(12)


def rules(start: int = 0, stop: int = STOP, entry_bps: float = 1.7, gap_s: float = 2.0, age: int = NEVER,
          standing: int = NEVER) -> Rules:  # fmt: skip
    a, b = FEES[0].taker, FEES[1].taker
    return Rules(
        start, stop, BLOCK, 1 - a, 1 + a, 1 - b, 1 + b, 1 + entry_bps / 1e4, round(gap_s * SECOND), age, standing
    )


def scanned(a: Feed, b: Feed, given: Rules) -> Scan:
    return scan(a, b, given, new_memory(int(a.recv_ns[0]), int(b.recv_ns[0])))


def total(found: Scan, name: str) -> float:
    return float(found.sums[:, COUNTS.index(name)].sum())


def cut(one: Feed, stop: int) -> Feed:
    kept = one.recv_ns < stop
    return Feed(*(values[kept] for values in one))


@pytest.mark.parametrize("age", [NEVER, 20 * SECOND])
@pytest.mark.parametrize("seed", SEEDS)
def test_net_episodes_begin_where_edges_says(seed: int, age: int) -> None:
    a, b = (cut(one, STOP) for one in random_feeds(seed))
    found = scanned(a, b, rules(age=age))
    pair = align(frame(a), frame(b), max_age_ns=age)
    for code, direction in enumerate(("ab", "ba")):
        wanted = episodes(pair, 1.7, direction=direction, fees_a=FEES[0], fees_b=FEES[1], min_gap_s=2.0)  # type: ignore[arg-type]
        assert found.starts.time_ns[found.starts.direction == code].tolist() == wanted["start_ns"].to_list()
    assert found.starts.time_ns.size > 20


@pytest.mark.parametrize("seed", SEEDS)
def test_gross_episodes_and_times_are_those_of_edges(seed: int) -> None:
    a, b = (cut(one, STOP) for one in random_feeds(seed))
    age = 20 * SECOND
    found = scanned(a, b, rules(age=age))
    pair = align(frame(a), frame(b), max_age_ns=age)
    raw = sum(episodes(pair, 0.0, direction=one, min_gap_s=2.0).height for one in ("ab", "ba"))  # type: ignore[arg-type]
    assert total(found, "raw_episodes") == raw
    assert total(found, "updates") == len(pair)
    fees = {"fees_a": FEES[0], "fees_b": FEES[1]}
    for direction in ("ab", "ba"):
        wanted = time_share(pair, 1.7, direction=direction, **fees).row(0, named=True)  # type: ignore[arg-type]
        above = wanted["share_of_time"] * wanted["seconds"]
        assert total(found, f"net_{direction}_ns") / 1e9 == pytest.approx(above, abs=STOP / 1e9 * 0.002 + 20.5)


def slow_sums(a: Feed, b: Feed, given: Rules) -> np.ndarray:
    """Walk over a grid of tenths of a second, on which all times of the random books lie."""
    sums = np.zeros(((given.stop_ns - given.start_ns) // given.block_ns, len(COUNTS)))
    tick = SECOND // 10
    said = [0, 0]
    place = [-1, -1]
    for now in range(given.start_ns, given.stop_ns, tick):
        for side, one in enumerate((a, b)):
            while place[side] + 1 < one.recv_ns.size and one.recv_ns[place[side] + 1] <= now:
                place[side] += 1
                here = [float(one[k][place[side]]) for k in range(1, 5)]
                before = [float(one[k][place[side] - 1]) for k in range(1, 5)] if place[side] else None
                if before is None or repr(here) != repr(before):
                    said[side] = int(one.recv_ns[place[side]])
        if min(place) < 0:
            continue
        bid_a, ask_a = a.bid[place[0]], a.ask[place[0]]
        bid_b, ask_b = b.bid[place[1]], b.ask[place[1]]
        updated = [int(one.recv_ns[place[side]]) for side, one in enumerate((a, b))]
        row = sums[(now - given.start_ns) // given.block_ns]
        net_ab = bid_a * given.keep_a > ask_b * given.pay_b * given.entry
        net_ba = bid_b * given.keep_b > ask_a * given.pay_a * given.entry
        fresh = now < min(updated) + given.max_age_ns and now < min(said) + given.standing_ns
        heard = now < max(updated) + given.max_age_ns
        if fresh and not np.isnan([bid_a, ask_a, bid_b, ask_b]).any():
            gross = max(bid_a / ask_b, bid_b / ask_a) - 1.0
            flags = {"covered_ns": 1.0, "gross_ns": gross > 0, "net_ab_ns": net_ab, "net_ba_ns": net_ba,
                     "value_ab_ns": bid_a / ask_b, "value_ba_ns": bid_b / ask_a,
                     "gross_bps_ns": 1e4 * max(gross, 0.0)}  # fmt: skip
            for name, value in flags.items():
                row[COUNTS.index(name)] += float(value) * tick
        if (net_ab or net_ba) and not fresh and heard:
            row[COUNTS.index("standing_ns")] += tick
    return sums


@pytest.mark.parametrize("seed", SEEDS)
def test_sums_are_those_of_a_slow_walk(seed: int) -> None:
    a, b = random_feeds(seed)
    given = rules(age=20 * SECOND, standing=25 * SECOND)
    found, wanted = scanned(a, b, given).sums, slow_sums(a, b, given)
    timed = [n for n, name in enumerate(COUNTS) if name.endswith("_ns")]
    np.testing.assert_allclose(found[:, timed], wanted[:, timed], rtol=1e-9, atol=1.0)
    assert wanted[:, COUNTS.index("standing_ns")].sum() > 0


@pytest.mark.parametrize("seed", SEEDS)
def test_pieces_give_what_the_whole_gives(seed: int) -> None:
    a, b = random_feeds(seed)
    given = {"age": 20 * SECOND, "standing": 25 * SECOND}
    whole = scanned(a, b, rules(**given))  # type: ignore[arg-type]
    sums, starts = [], []
    memory = new_memory(int(a.recv_ns[0]), int(b.recv_ns[0]))
    for first, last in ((0, 300), (300, 400), (400, 1_100), (1_100, 1_800)):
        pieces, offsets = [], []
        for one in (a, b):
            row = max(0, int(np.searchsorted(one.recv_ns, first * SECOND)) - 1)
            pieces.append(Feed(*(values[row:] for values in one)))
            offsets.append(row)
        found = scan(pieces[0], pieces[1], rules(first * SECOND, last * SECOND, **given), memory)  # type: ignore[arg-type]
        sums.append(found.sums)
        starts += [(t, d, i + offsets[0], j + offsets[1]) for t, d, i, j in zip(*found.starts, strict=True)]
    np.testing.assert_array_equal(np.vstack(sums), whole.sums)
    assert starts == list(zip(*whole.starts, strict=True))


@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_depends_on_what_comes_later(seed: int) -> None:
    a, b = random_feeds(seed)
    later = 900 * SECOND
    other_a, other_b = random_feeds(seed + 100)
    mixed = []
    for one, other in ((a, other_a), (b, other_b)):
        early, late = one.recv_ns < later, other.recv_ns >= later
        mixed.append(Feed(*(np.concatenate((x[early], y[late])) for x, y in zip(one, other, strict=True))))
    given = rules(age=20 * SECOND, standing=25 * SECOND)
    before, after = scanned(a, b, given), scanned(mixed[0], mixed[1], given)
    np.testing.assert_array_equal(before.sums[:9], after.sums[:9])
    early = [found.starts.time_ns[found.starts.time_ns < later].tolist() for found in (before, after)]
    assert early[0] == early[1]


def test_a_book_that_repeats_itself_has_no_edge_after_a_while() -> None:
    still = [(float(second), 101.0, 1.0, 102.0, 1.0) for second in range(0, 400, 5)]
    moving = [(second + 0.5, 99.0 - 0.01 * (second % 3), 1.0, 100.0, 1.0) for second in range(0, 400, 5)]
    found = scanned(feed(still), feed(moving), rules(stop=400 * SECOND, standing=60 * SECOND, age=60 * SECOND))
    assert found.starts.time_ns.tolist() == [SECOND // 2]
    assert total(found, "net_ab_ns") == pytest.approx(59.5e9)
    assert total(found, "standing_ns") == pytest.approx(340e9)


def test_an_edge_counts_only_strictly_above_the_entry() -> None:
    ask = 100.0 / (FEES[1].taker + 1.0)
    exact = [(0.0, 100.0 * 1.00017 / (1.0 - FEES[0].taker), 1.0, 103.0, 1.0)]
    a, b = feed(exact), feed([(0.0, 90.0, 1.0, ask, 1.0)])
    bid, entered = a.bid[0] * (1.0 - FEES[0].taker), b.ask[0] * (1.0 + FEES[1].taker) * (1.0 + 1.7 / 1e4)
    found = scanned(a, b, rules(stop=BLOCK, age=NEVER))
    assert found.starts.time_ns.size == int(bid > entered)
    above = feed([(0.0, exact[0][1] + 0.01, 1.0, 103.0, 1.0)])
    assert scanned(above, b, rules(stop=BLOCK)).starts.time_ns.size == 1
