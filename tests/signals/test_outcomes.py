"""What became of stretched edges, against an obvious slow version and by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from arbresearch.core import BadInput, FeeSchedule, ParameterError
from arbresearch.edges import align
from arbresearch.edges.arrays import Floats, Times
from arbresearch.signals.batch import SignalBatch
from arbresearch.signals.outcomes import label_outcomes, pool_outcomes, scan_outcomes
from arbresearch.signals.settings import SignalSettings
from arbresearch.signals.signal import EnhancedSpotArbitrageSignal

SECOND = 1_000_000_000
START = 1_736_121_600 * SECOND
SETTINGS = SignalSettings(
    fees_a=FeeSchedule.from_bps(1, 1),
    fees_b=FeeSchedule.from_bps(2, 2),
    horizons_s=(12, 60),
    target_horizon_s=12,
    max_age_s=5.0,
    max_skew_s=5.0,
)

Found = list[tuple[int, int, int, int]]


def slow(
    times: Times, edge: Floats, z: Floats, mean: Floats, horizon: int, spacing: int, least: float, age: int
) -> Found:
    """Walk forward from every candidate, one update at a time."""
    found = []
    for way in range(2):
        spaces: set[int] = set()
        for row in range(len(times)):
            space = int(times[row]) // spacing
            if not z[row, way] >= least or np.isnan(mean[row, way]) or space in spaces:
                continue
            spaces.add(space)
            until = times[row] + horizon
            if until > times[-1]:
                continue
            known, broken, back, last = times[row], False, -1, row
            for later in range(row + 1, len(times)):
                if np.isnan(edge[later, way]):
                    continue
                if times[later] - known > age and known + age < until:
                    broken = True
                if times[later] > until:
                    break
                known, last = times[later], later
                if back < 0 and edge[later, way] <= mean[row, way]:
                    back = later
            if known + age < until and not (edge[last + 1 :, way] == edge[last + 1 :, way]).any():
                broken = True
            if not broken:
                found.append((row, way, last, back))
    return sorted(found)


@pytest.mark.parametrize("seed", range(12))
def test_against_a_slow_version(seed: int) -> None:
    random = np.random.default_rng(seed)
    count = 400
    times = START + np.cumsum(random.integers(1, 40, count)) * SECOND // 10
    edge = np.cumsum(random.normal(size=(count, 2)), axis=0)
    edge[random.uniform(size=(count, 2)) < 0.1] = np.nan
    edge[200:230, 0] = np.nan
    z, mean = random.normal(size=(count, 2)), edge - random.exponential(2.0, size=(count, 2))
    mean[random.uniform(size=(count, 2)) < 0.05] = np.nan
    given = (times, edge, z, mean, 30 * SECOND, 3 * SECOND, 0.5, 6 * SECOND)
    found = np.stack(scan_outcomes(*given), axis=1)
    assert sorted(map(tuple, found.tolist())) == slow(*given)
    assert (np.diff(found[:, 0]) >= 0).all()
    assert 50 < len(found) < 266
    assert 0.1 < (found[:, 3] >= 0).mean() < 0.9


def test_by_hand() -> None:
    """Back at 2 s; back at 10 s; the third is not watched to its end. Silent from 3 to 12 s: known to 11 or to 9 s."""
    times = START + np.array([0, 1, 2, 3, 12, 13, 14]) * SECOND
    edge = np.stack([[9.0, 8.0, 3.0, 9.0, 9.0, 1.0, 9.0]] * 2, axis=1)
    z = np.stack([[2.0, 0.0, 0.0, 2.0, 2.0, 0.0, 2.0], [0.0] * 7], axis=1)
    mean = np.full((7, 2), 3.0)
    found = scan_outcomes(times, edge, z, mean, 10 * SECOND, 2 * SECOND, 1.0, 20 * SECOND)
    assert [one.tolist() for one in found] == [[0, 3], [0, 0], [3, 5], [2, 5]]
    silent = [scan_outcomes(times, edge, z, mean, 10 * SECOND, 2 * SECOND, 1.0, age * SECOND) for age in (8, 6)]
    assert [one[0].tolist() for one in silent] == [[0], []]
    assert all(one.size == 0 for one in scan_outcomes(times[:0], edge[:0], z[:0], mean[:0], 10, 2, 1.0, 8))


def make_batch(
    seed: int = 3, count: int = 3_000, settings: SignalSettings = SETTINGS, span_s: int = 900
) -> SignalBatch:
    """Return signals of a spread that comes back, both books updated at random times."""
    random = np.random.default_rng(seed)
    books = []
    spread = np.zeros(count)
    for step in range(1, count):
        spread[step] = 0.97 * spread[step - 1] + random.normal()
    for side in (0.0, 1.0):
        middle = 100.0 * (1.0 + 1e-4 * side * spread)
        times = START + np.sort(random.integers(0, span_s * SECOND, count))
        books.append(
            pl.DataFrame(
                {"recv_ns": times, "bid": middle - 0.001, "bid_size": 1.0, "ask": middle + 0.001, "ask_size": 1.0}
            ).with_columns(pl.col("bid_size", "ask_size").cast(pl.Float64))
        )
    pair = align(*books, max_age_ns=settings.max_age_ns, max_skew_ns=settings.max_skew_ns)
    return EnhancedSpotArbitrageSignal(settings).batch(pair)


@pytest.fixture(scope="module")
def batch() -> SignalBatch:
    """Return signals of fifteen minutes of a spread that comes back."""
    return make_batch()


def test_labels_are_those_of_the_frame(batch: SignalBatch) -> None:
    """Each candidate again from the frame of the batch: stretched, and back at the mean of its instant."""
    found, frame = label_outcomes(batch, name="X"), batch.frame()
    assert len(found) > 150
    assert 0.2 < found.reverted.mean() < 0.999
    times = frame["recv_ns"].to_numpy()
    for place in range(0, len(found), 7):
        way, other = ("ab", "ba") if found.direction[place] == 0 else ("ba", "ab")
        (row,) = np.flatnonzero(times == found.time_ns[place])
        now = frame.row(int(row), named=True)
        assert now[f"z_score_{way}"] >= 1.0
        later = frame.filter(pl.col("recv_ns").is_between(now["recv_ns"] + 1, now["recv_ns"] + 12 * SECOND))
        back = later.filter(pl.col(f"edge_{way}_bps") <= now[f"mean_{way}"])
        assert found.reverted[place] == (back.height > 0)
        left = (back if back.height else later.tail(1)).row(0, named=True)
        assert found.round_trip_bps[place] == now[f"edge_{way}_bps"] + left[f"edge_{other}_bps"]
        assert found.hoped_bps[place] == now[f"edge_{way}_bps"] + now[f"mean_{other}"]
        assert found.change_bps[place] == later[f"edge_{way}_bps"][-1] - now[f"edge_{way}_bps"]
        held = (left["recv_ns"] - now["recv_ns"]) / SECOND if back.height else 12.0
        assert found.held_s[place] == pytest.approx(held)
        np.testing.assert_equal(found.plain[place], now[f"reversion_probability_{way}"])


def test_orders_meet_the_books_of_a_latency_later(batch: SignalBatch) -> None:
    found, prompt = label_outcomes(batch, latency_s=0.7), label_outcomes(batch)
    np.testing.assert_array_equal(found.reverted, prompt.reverted)
    for place in range(0, len(found), 11):
        way = found.direction[place]
        begun = found.time_ns[place]
        ended = begun + round(found.held_s[place] * SECOND)
        rows = [int(np.flatnonzero(batch.recv_ns <= moment + 7 * SECOND // 10)[-1]) for moment in (begun, ended)]
        if not found.reverted[place]:
            last = np.flatnonzero((batch.recv_ns <= ended) & ~np.isnan(batch.edge_bps[:, way]))[-1]
            rows[1] = int(np.flatnonzero(batch.recv_ns <= batch.recv_ns[last] + 7 * SECOND // 10)[-1])
        both = batch.edge_bps[rows[0], way] + batch.edge_bps[rows[1], 1 - way]
        np.testing.assert_equal(found.round_trip_bps[place], both)


def test_at_most_one_a_spacing_and_direction(batch: SignalBatch) -> None:
    found = label_outcomes(batch)
    spaces = np.stack([found.time_ns // (SECOND // 10), found.direction], axis=1)
    assert len(np.unique(spaces, axis=0)) == len(found)
    assert len(label_outcomes(batch, min_z=2.0)) < len(found)


def test_several_pairs_in_order_of_time(batch: SignalBatch) -> None:
    one, other = label_outcomes(batch, name="X"), label_outcomes(make_batch(4), name="Y")
    both = pool_outcomes([one, other])
    assert both.names == ("X", "Y")
    assert (np.diff(both.time_ns) >= 0).all()
    np.testing.assert_array_equal(both.take(both.pair == 1).features, other.features)
    assert pool_outcomes([both, one]).names == ("X", "Y", "X")


def test_what_is_refused(batch: SignalBatch) -> None:
    with pytest.raises(ParameterError, match="min_z: expected standard deviations above zero, was 0"):
        label_outcomes(batch, min_z=0.0)
    with pytest.raises(ParameterError, match="latency_s: expected seconds, zero or more, was -1"):
        label_outcomes(batch, latency_s=-1.0)
    with pytest.raises(BadInput, match="outcomes: expected those of one pair or more, was none"):
        pool_outcomes([])
    other = label_outcomes(make_batch(settings=replace(SETTINGS, target_horizon_s=60)))
    with pytest.raises(BadInput, match=r"outcomes target_horizon_s: expected 12, was 60; label them all"):
        pool_outcomes([label_outcomes(batch), other])
    thinned = replace(batch, row=2 * batch.row)
    with pytest.raises(BadInput, match=r"batch: expected every row of a stretch.*without step and rows"):
        label_outcomes(thinned)
