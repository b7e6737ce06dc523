"""What is planted in the parameters is found again in the quotes, by other means."""

from __future__ import annotations

from math import log

import numpy as np
import pytest
from numpy.typing import NDArray

from arbresearch.sample import Kind, SampleSpec, StreamDay, plan_market, simulate_stream, truth_of
from tests.sample.board import board_of

SPEC = SampleSpec(seed=21, days=1, symbols=12)


def log_mid_on_grid(rows: StreamDay, times_ns: NDArray[np.int64]) -> NDArray[np.float64]:
    at = np.searchsorted(rows.recv_ns, times_ns, "right") - 1
    middle: NDArray[np.float64] = np.log(0.5 * (rows.bid + rows.ask))[at]
    return middle


def test_the_deviation_of_a_paying_pair_has_its_half_life_and_standard_deviation() -> None:
    spec = SampleSpec(seed=21, days=3, symbols=12, quotes_per_day=40_000)
    truth = truth_of(spec)
    for pair in truth.of_kind(Kind.PAYS)[:2]:
        covariance = np.zeros(2)
        variance = []
        for day in range(spec.days):
            begin = spec.day_ns(day)
            times = np.arange(begin + 60_000_000_000, begin + 86_390_000_000_000, 1_000_000_000)
            a, b = (simulate_stream(spec, venue, pair.symbol, day) for venue in (pair.venue_a, pair.venue_b))
            gap = 1e4 * (log_mid_on_grid(a, times) - log_mid_on_grid(b, times))
            covariance += [(gap[lag:] * gap[:-lag]).mean() for lag in (30, 60)]
            variance.append(gap.var())
        half_life = 30.0 * log(2) / log(covariance[0] / covariance[1])
        assert half_life == pytest.approx(pair.half_life_s, rel=0.15)
        assert np.sqrt(np.mean(variance)) == pytest.approx(pair.sd_bps, rel=0.08)


@pytest.mark.parametrize("seed", [21, 22, 23])
def test_paying_pairs_have_the_net_edge_for_the_stated_share_of_time(seed: int) -> None:
    spec = SampleSpec(seed=seed, days=1, symbols=12)
    truth = truth_of(spec)
    pairs = truth.of_kind(Kind.PAYS)
    assert len(pairs) == 2 * 2
    for pair in pairs:
        both = board_of(spec, truth, pair)
        assert pair.expected_share is not None
        assert pair.expected_gross_share is not None
        assert pair.expected_net_edge_bps is not None
        assert both.share(both.net_bps > 0) == pytest.approx(pair.expected_share, abs=0.06)
        assert both.share(both.gross_bps > 0) == pytest.approx(pair.expected_gross_share, abs=0.08)
        assert both.mean_net_bps() == pytest.approx(pair.expected_net_edge_bps, rel=0.2)
        starts, seconds = both.episodes()
        assert pair.expected_share > 0.12
        assert (seconds > 2.0).sum() > 100
        assert np.unique(starts[seconds > 2.0] // 3_600).size == 24
        assert np.average(both.notional, weights=both.lasts_s * (both.net_bps > 0)) > 500.0


def test_ordinary_pairs_stay_within_their_costs() -> None:
    truth = truth_of(SPEC)
    shares = []
    for pair in truth.of_kind(Kind.NONE):
        both = board_of(SPEC, truth, pair)
        shares.append(both.share(both.net_bps > 0))
    assert len(shares) == 3 * 3 + 9 + 3
    assert max(shares) < 0.001


def test_a_follower_moves_after_its_leader_by_its_lag_and_its_way_to_us() -> None:
    spec = SampleSpec(seed=4, days=1, symbols=12, quotes_per_day=400_000)
    truth = truth_of(spec)
    pair = truth.pair("SOL/USDT", "gate", "binance")
    leader, follower = (simulate_stream(spec, venue, pair.symbol, 0) for venue in ("binance", "gate"))
    gate, binance = truth.stream("gate", pair.symbol), truth.stream("binance", pair.symbol)
    assert pair.lag_ms == pytest.approx(binance.lag_ms - gate.lag_ms)
    assert binance.lag_ms == 0.0 < gate.lag_ms
    times = np.arange(spec.start_ns + 60_000_000_000, spec.start_ns + 86_000_000_000_000, 50_000_000)
    x, y = (np.diff(log_mid_on_grid(rows, times)[::1]) for rows in (leader, follower))
    x, y = (np.convolve(values, np.ones(10), "valid") for values in (x, y))
    lags = np.arange(-20, 21)
    products = [(x[20 : x.size - 20] * y[20 + lag : y.size - 20 + lag]).mean() for lag in lags]
    expected_ms = gate.lag_ms + gate.delay_ms + gate.jitter_ms - binance.delay_ms - binance.jitter_ms
    assert 50 * lags[int(np.argmax(products))] == pytest.approx(expected_ms, abs=110)


def test_about_as_many_quotes_as_asked_for() -> None:
    counts = []
    for seed in (1, 2, 3, 4):
        spec = SampleSpec(seed=seed, days=1, symbols=12)
        plan = plan_market(spec)
        counts += [simulate_stream(spec, one.venue, one.symbol, 0).recv_ns.size for _, one in plan.streams()]
    whole = SampleSpec()
    streams = sum(1 for _ in plan_market(whole).streams())
    assert np.mean(counts) == pytest.approx(whole.quotes_per_day, rel=0.06)
    assert np.mean(counts) * streams * whole.days == pytest.approx(6e6, rel=0.07)


def test_quotes_cluster_in_time_and_are_more_when_prices_move_more() -> None:
    rows = simulate_stream(SPEC, "gate", "ETH/USDT", 0)
    counts = np.histogram(rows.recv_ns, SPEC.start_ns + np.arange(0, 86_401, 30) * 1_000_000_000)[0]
    assert counts.var() / counts.mean() > 2.0
    minutes = np.arange(SPEC.start_ns + 60_000_000_000, SPEC.start_ns + 86_390_000_000_000, 60_000_000_000)
    moves = np.abs(np.diff(log_mid_on_grid(rows, minutes)))
    squares = moves**2
    centred = squares - squares.mean()
    assert (centred[1:] * centred[:-1]).mean() / centred.var() > 0.02
    per_minute = np.histogram(rows.recv_ns, minutes)[0]
    assert (
        per_minute[moves > np.quantile(moves, 0.9)].mean() > 1.15 * per_minute[moves < np.quantile(moves, 0.5)].mean()
    )
