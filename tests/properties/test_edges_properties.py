"""Properties of the edges package: compiled equals slow bit for bit, no look-ahead, equal times, staleness."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import polars as pl
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from arbresearch.core import FeeSchedule, Role
from arbresearch.edges import (
    Pair,
    align,
    edge_profile,
    edges,
    episodes,
    executable,
    survival,
    time_share,
    walk,
    walk_books,
)
from arbresearch.edges.kernels import scan_episodes
from arbresearch.edges.legs import legs_of
from tests.edges.slow import (
    GROSS,
    HOUR_NS,
    Merged,
    Row,
    Terms,
    directed,
    is_stale,
    quotes,
    slow_align,
    slow_episodes,
    slow_executable,
    slow_profile,
    slow_walk,
)

NAN = math.nan
COLUMNS = ("bid", "bid_size", "ask", "ask_size")
FEE_A, FEE_B = 0.0004, 0.0007
FEES_A, FEES_B = FeeSchedule(0.0, FEE_A), FeeSchedule(0.0, FEE_B)

prices = st.sampled_from([99.0, 99.5, 99.9, 100.0, 100.1, 100.3, 101.0, NAN])
sizes = st.sampled_from([0.0, 0.1, 1.0, 2.5, 7.0, NAN])
rows = st.tuples(st.integers(0, 30), prices, sizes, prices, sizes)
streams = st.lists(rows, min_size=1, max_size=25).map(
    lambda many: [Row(*one) for one in sorted(many, key=lambda x: x[0])]
)
limits = st.one_of(st.none(), st.integers(0, 12))
directions = st.sampled_from(["ab", "ba", "best"])
thresholds = st.sampled_from([-60.0, -10.0, 0.0, 5.0, 10.0, 30.0])


@st.composite
def terms(draw: st.DrawFn) -> Terms:
    net = draw(st.booleans())
    fees = (FEE_A, FEE_B) if net else (None, None)
    return Terms(*fees, draw(limits), draw(limits), draw(limits))


def overlapping(a: Sequence[Row], b: Sequence[Row]) -> bool:
    return a[-1].recv_ns >= b[0].recv_ns and b[-1].recv_ns >= a[0].recv_ns


def aligned(a: Sequence[Row], b: Sequence[Row], limit: Terms = GROSS) -> Pair:
    assume(overlapping(a, b))
    ages = (limit.max_age_a, limit.max_age_b)
    return align(quotes(a), quotes(b), max_age_ns=ages, max_skew_ns=limit.max_skew)


def fees_of(limit: Terms) -> dict[str, FeeSchedule | None]:
    return {"fees_a": None, "fees_b": None} if limit.fee_a is None else {"fees_a": FEES_A, "fees_b": FEES_B}


def table(records: list[dict[str, object]], like: pl.DataFrame) -> pl.DataFrame:
    return pl.DataFrame(records, schema=like.schema, orient="row")


def max_of(one: float, other: float) -> float:
    return other if math.isnan(one) else one if math.isnan(other) else max(one, other)


def slow_columns(merged: Sequence[Merged], limit: Terms) -> list[tuple[float, ...]]:
    """Return gross and net edges and sizes of both directions, row by row."""
    result = []
    for one in merged:
        values = []
        for fees in (Terms(), Terms(FEE_A, FEE_B)):
            for direction in ("ab", "ba"):
                edge, size, _ = directed(one.a, one.b, direction, fees)
                stale = is_stale(one.recv_ns, one.a, one.b, limit)
                values.append((NAN, NAN) if stale else (edge, size))
        result.append((values[0][0], values[1][0], values[2][0], values[3][0], values[2][1], values[3][1]))
    return result


@settings(deadline=None)
@given(a=streams, b=streams, limit=terms())
def test_align_is_a_look_up_at_every_instant(a: list[Row], b: list[Row], limit: Terms) -> None:
    pair = aligned(a, b, limit)
    merged = slow_align(a, b)
    frame = pair.frame()
    assert frame["recv_ns"].to_list() == [one.recv_ns for one in merged]
    for venue, place in (("a", 1), ("b", 2)):
        for name in COLUMNS:
            wanted = [getattr(one[place], name) for one in merged]
            assert np.array_equal(frame[f"{name}_{venue}"].to_numpy(), wanted, equal_nan=True)
        assert frame[f"age_{venue}_ns"].to_list() == [one.recv_ns - one[place].recv_ns for one in merged]
    assert frame["stale"].to_list() == [is_stale(one.recv_ns, one.a, one.b, limit) for one in merged]
    assert pair.stale.tolist() == frame["stale"].to_list()
    assert pair.skew_ns.tolist() == [abs(one.a.recv_ns - one.b.recv_ns) for one in merged]


@settings(deadline=None)
@given(a=streams, b=streams, limit=terms())
def test_edges_are_the_formula_at_every_row(a: list[Row], b: list[Row], limit: Terms) -> None:
    found = edges(aligned(a, b, limit), FEES_A, FEES_B)
    wanted = np.array(slow_columns(slow_align(a, b), limit))
    names = ["gross_ab_bps", "gross_ba_bps", "net_ab_bps", "net_ba_bps", "size_ab", "size_ba"]
    assert np.array_equal(found.select(names).to_numpy(), wanted, equal_nan=True)
    for kind, columns in (("gross", wanted[:, :2]), ("net", wanted[:, 2:4])):
        assert np.array_equal(found[f"{kind}_best_bps"].to_numpy(), [max_of(*both) for both in columns], equal_nan=True)
    best = [None if math.isnan(max_of(x, y)) else "ab" if max_of(x, y) == x else "ba" for x, y in wanted[:, 2:4]]
    assert found["best_direction"].to_list() == best


@settings(deadline=None, max_examples=300)
@given(
    a=streams,
    b=streams,
    limit=terms(),
    direction=directions,
    threshold=thresholds,
    min_gap_ns=st.integers(0, 8),
    latency_ns=st.integers(0, 12),
)
def test_episodes_are_the_runs_of_segments(
    a: list[Row], b: list[Row], limit: Terms, direction: str, threshold: float, min_gap_ns: int, latency_ns: int
) -> None:
    pair = aligned(a, b, limit)
    found = episodes(
        pair,
        threshold,
        direction=direction,  # type: ignore[arg-type]
        min_gap_s=min_gap_ns / 1e9,
        latency_s=latency_ns / 1e9,
        **fees_of(limit),
    )
    wanted = slow_episodes(
        slow_align(a, b),
        threshold,
        direction=direction,
        terms=limit,
        min_gap_ns=min_gap_ns,
        latency_ns=latency_ns,
    )
    assert found.equals(table(wanted, found))


@settings(deadline=None)
@given(a=streams, b=streams, limit=terms(), direction=directions, threshold=thresholds)
def test_the_scan_is_the_same_uncompiled(
    a: list[Row], b: list[Row], limit: Terms, direction: str, threshold: float
) -> None:
    legs = legs_of(aligned(a, b, limit), *fees_of(limit).values(), Role.TAKER, Role.TAKER)
    code = ["ab", "ba", "best"].index(direction)
    with np.errstate(invalid="ignore"):
        slow = scan_episodes.py_func(legs, code, threshold, 3)
    for ours, theirs in zip(scan_episodes(legs, code, threshold, 3), slow, strict=True):
        assert np.array_equal(ours, theirs, equal_nan=True)


@settings(deadline=None)
@given(a=streams, b=streams, limit=terms(), now=st.integers(0, 29), data=st.data())
def test_no_row_depends_on_a_later_one(a: list[Row], b: list[Row], limit: Terms, now: int, data: st.DataObject) -> None:
    """With two different futures, the rows up to now are the same, and so are the episodes that are over."""
    past = [[one for one in stream if one.recv_ns <= now] for stream in (a, b)]
    assume(all(past))
    future = streams.map(lambda many: [one._replace(recv_ns=one.recv_ns + now + 1) for one in many])
    worlds = [aligned(*(before + data.draw(future) for before in past), limit) for _ in range(2)]
    frames = [pair.frame().filter(pl.col("recv_ns") <= now) for pair in worlds]
    assert frames[0].equals(frames[1])
    priced = [edges(pair, FEES_A, FEES_B).filter(pl.col("recv_ns") <= now) for pair in worlds]
    assert priced[0].equals(priced[1])
    for gap_ns in (0, 4):
        settled = pl.max_horizontal(pl.col("end_ns") + gap_ns, pl.col("start_ns") + 2) <= now
        over = [episodes(pair, -10.0, min_gap_s=gap_ns / 1e9, latency_s=2e-9).filter(settled) for pair in worlds]
        assert over[0].equals(over[1])


@settings(deadline=None)
@given(a=streams, b=streams, limit=terms(), threshold=thresholds)
def test_swapping_the_venues_swaps_the_columns_and_nothing_else(
    a: list[Row], b: list[Row], limit: Terms, threshold: float
) -> None:
    """Which venue's row of an instant comes first has no place in the result, so the two roles are symmetric."""
    turned = Terms(limit.fee_b, limit.fee_a, limit.max_age_b, limit.max_age_a, limit.max_skew)
    pair, other = aligned(a, b, limit), aligned(b, a, turned)
    frame, swapped = pair.frame(), other.frame()
    assert frame["recv_ns"].equals(swapped["recv_ns"])
    assert frame["stale"].equals(swapped["stale"])
    for x, y in (("a", "b"), ("b", "a")):
        for name in COLUMNS:
            assert np.array_equal(frame[f"{name}_{x}"].to_numpy(), swapped[f"{name}_{y}"].to_numpy(), equal_nan=True)
        assert frame[f"age_{x}_ns"].to_list() == swapped[f"age_{y}_ns"].to_list()
    ours, theirs = episodes(pair, threshold, direction="ab"), episodes(other, threshold, direction="ba")
    assert ours.drop("direction").equals(theirs.drop("direction"))


@settings(deadline=None)
@given(a=streams, b=streams, limit=terms(), direction=directions)
def test_repeating_rows_changes_nothing(a: list[Row], b: list[Row], limit: Terms, direction: str) -> None:
    twice = [one for one in a for _ in range(2)]
    assert aligned(twice, b, limit).frame().equals(aligned(a, b, limit).frame())
    ours, theirs = (
        episodes(one, 0.0, direction=direction)  # type: ignore[arg-type]
        for one in (aligned(twice, b, limit), aligned(a, b, limit))
    )
    assert ours.equals(theirs)


@settings(deadline=None)
@given(a=streams, b=streams, limit=terms(), direction=directions, threshold=thresholds)
def test_episodes_fill_exactly_the_time_above(
    a: list[Row], b: list[Row], limit: Terms, direction: str, threshold: float
) -> None:
    pair = aligned(a, b, limit)
    found = episodes(pair, threshold, direction=direction)  # type: ignore[arg-type]
    share = time_share(pair, threshold, direction=direction).row(0, named=True)  # type: ignore[arg-type]
    held = (found["end_ns"] - found["start_ns"]).sum() / 1e9
    above = 0.0 if not share["seconds"] else share["share_of_time"] * share["seconds"]
    assert math.isclose(held, above, rel_tol=1e-12, abs_tol=1e-18)
    assert (found["peak_bps"] >= found["mean_bps"] - 1e-9).all()
    assert (found["mean_bps"] > threshold - 1e-9).all()
    assert (found["start_ns"][1:] >= found["end_ns"][:-1]).all()


@settings(deadline=None)
@given(a=streams, b=streams, limit=terms(), tighter=st.integers(0, 12), threshold=thresholds)
def test_a_tighter_age_limit_only_removes_time(
    a: list[Row], b: list[Row], limit: Terms, tighter: int, threshold: float
) -> None:
    shorter = [tighter if one is None else min(one, tighter) for one in (limit.max_age_a, limit.max_age_b)]
    strict = limit._replace(max_age_a=shorter[0], max_age_b=shorter[1])
    total = [
        (found["end_ns"] - found["start_ns"]).sum()
        for found in (episodes(aligned(a, b, one), threshold) for one in (limit, strict))
    ]
    assert total[1] <= total[0]


@settings(deadline=None)
@given(a=streams, b=streams, limit=terms(), direction=directions, threshold=thresholds, spread=st.integers(0, 20))
def test_profile_is_a_walk_through_the_calendar(
    a: list[Row], b: list[Row], limit: Terms, direction: str, threshold: float, spread: int
) -> None:
    scale = HOUR_NS * spread // 10 + 1
    a, b = ([one._replace(recv_ns=one.recv_ns * scale) for one in many] for many in (a, b))
    aged = [None if one is None else one * scale for one in (limit.max_age_a, limit.max_age_b, limit.max_skew)]
    limit = Terms(limit.fee_a, limit.fee_b, *aged)
    found = edge_profile(aligned(a, b, limit), threshold, by="hour_of_week", direction=direction, **fees_of(limit))  # type: ignore[arg-type]
    wanted = slow_profile(slow_align(a, b), threshold, direction=direction, terms=limit)
    for row in found.rows(named=True):
        updates, above, held, held_above = wanted.get((row["weekday"], row["hour"]), (0, 0, 0, 0))
        assert (row["updates"], row["seconds"]) == (updates, held / 1e9)
        assert math.isnan(row["share_of_updates"]) if not updates else row["share_of_updates"] == above / updates
        assert math.isnan(row["share_of_time"]) if not held else row["share_of_time"] == held_above / held


levels = st.lists(st.tuples(st.integers(1, 40), st.integers(0, 6), st.booleans()), min_size=1, max_size=8)


def ladder(raw: list[tuple[int, int, bool]], *, falling: bool, base: float = 100.0) -> tuple[list[float], list[float]]:
    ordered = sorted(raw, key=lambda one: one[0])
    sign = -1.0 if falling else 1.0
    return (
        [NAN if unknown else base + sign * step / 8 for step, _, unknown in ordered],
        [float(size) for _, size, _ in ordered],
    )


@settings(deadline=None)
@given(raw=levels, falling=st.booleans(), quantity=st.floats(0.0, 60.0))
def test_walk_takes_level_after_level(raw: list[tuple[int, int, bool]], falling: bool, quantity: float) -> None:
    ladder_prices, ladder_sizes = ladder(raw, falling=falling)
    paid, filled = slow_walk(ladder_prices, ladder_sizes, quantity)
    found = walk(ladder_prices, ladder_sizes, quantity)
    assert found.filled == filled
    assert found.vwap == paid / filled if filled else math.isnan(found.vwap)
    row = walk_books([ladder_prices] * 3, [ladder_sizes] * 3, [quantity, 0.0, quantity]).row(2, named=True)
    assert row["filled"] == filled
    assert row["notional"] == paid
    if filled:
        again = walk_books([ladder_prices], [ladder_sizes], notional=paid).row(0, named=True)
        assert math.isclose(again["filled"], filled, rel_tol=1e-12)


@settings(deadline=None)
@given(
    raw_bids=levels,
    raw_asks=levels,
    threshold=st.sampled_from([-50.0, 0.0, 12.5, 100.0]),
    fee=st.sampled_from([0.0, 0.0011]),
)
def test_executable_is_unit_by_unit(
    raw_bids: list[tuple[int, int, bool]], raw_asks: list[tuple[int, int, bool]], threshold: float, fee: float
) -> None:
    bids, bid_sizes = ladder(raw_bids, falling=True, base=103.0)
    asks, ask_sizes = ladder(raw_asks, falling=False)
    fees = FeeSchedule(0.0, fee)
    found = executable(bids, bid_sizes, asks, ask_sizes, sell_fees=fees, buy_fees=fees, threshold_bps=threshold)
    units = [
        [(price, int(size)) for price, size in zip(side, amounts, strict=True) if not math.isnan(price)]
        for side, amounts in ((bids, bid_sizes), (asks, ask_sizes))
    ]
    count, profit = slow_executable(*units, 1.0 - fee, 1.0 + fee, threshold)
    assert found.quantity == count
    assert math.isclose(found.profit_quote, profit, rel_tol=1e-9, abs_tol=1e-9)


lifetimes = st.lists(st.tuples(st.integers(0, 15), st.booleans()), min_size=1, max_size=40)


@settings(deadline=None)
@given(lives=lifetimes)
def test_survival_is_the_product_over_ends(lives: list[tuple[int, bool]]) -> None:
    frame = pl.DataFrame({"duration_s": [float(d) for d, _ in lives], "censored": [c for _, c in lives]})
    latencies = [float(one) for one in range(18)]
    found = survival(frame, latencies).frame
    for latency, value, at_risk in found.select("latency_s", "survival", "at_risk").rows():
        share = 1.0
        for moment in sorted({d for d, lost in lives if not lost and d <= latency}):
            ended = sum(d == moment and not lost for d, lost in lives)
            share *= 1.0 - ended / sum(d >= moment for d, _ in lives)
        known = latency <= max(d for d, _ in lives) or share == 0.0
        assert math.isclose(value, share, abs_tol=1e-12) if known else math.isnan(value)
        assert at_risk == sum(d >= latency for d, _ in lives)
    kept = found["survival"].drop_nans()
    assert (kept[1:] <= kept[:-1]).all()
    inside = found.filter(pl.col("low").is_not_nan())
    assert ((inside["low"] <= inside["survival"]) & (inside["survival"] <= inside["high"])).all()
