"""Every trap shows the symptom it is named after, and nothing that pays."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from arbresearch.sample import TRAPS, Kind, PairTruth, SampleSpec, Truth, plan_market, simulate_stream, truth_of
from arbresearch.sample.incidents import plan_incidents
from arbresearch.sample.reference import instruments_frame, networks_frame
from tests.sample.board import Board, board_of

SPEC = SampleSpec(seed=31, days=2, symbols=60)


@pytest.fixture(scope="module")
def truth() -> Truth:
    return truth_of(SPEC)


def boards(truth: Truth, kind: Kind, day: int = 0) -> list[tuple[PairTruth, Board]]:
    pairs = truth.of_kind(kind)
    assert len(pairs) == 3 * 2
    return [(pair, board_of(SPEC, truth, pair, day)) for pair in pairs[::2]]


def test_the_default_size_has_several_of_each_and_nine_coins_that_pay(truth: Truth) -> None:
    coins = {kind: {pair.symbol for pair in truth.of_kind(kind)} for kind in Kind}
    assert len(coins[Kind.PAYS]) == 9
    assert all(len(coins[trap]) == 3 for trap in TRAPS)
    planted = [symbol for kind in Kind if kind is not Kind.NONE for symbol in coins[kind]]
    assert len(planted) == len(set(planted))
    assert not {"BTC/USDT", "ETH/USDT", "SOL/USDT"} & set(planted)


@pytest.mark.parametrize(("symbols", "paying", "each_trap"), [(12, 2, 1), (60, 9, 3), (200, 30, 10), (1_200, 180, 60)])
def test_the_number_of_plants_grows_with_the_market(symbols: int, paying: int, each_trap: int) -> None:
    kinds = [coin.kind for coin in plan_market(SampleSpec(seed=1, symbols=symbols)).coins]
    assert kinds.count(Kind.PAYS) == paying
    assert all(kinds.count(trap) == each_trap for trap in TRAPS)


def test_every_pair_with_the_odd_venue_has_its_kind_and_every_other_is_ordinary(truth: Truth) -> None:
    for pair in truth.pairs:
        odd = next((one for one in truth.streams if one.symbol == pair.symbol and one.kind is not Kind.NONE), None)
        planted = odd is not None and odd.venue in (pair.venue_a, pair.venue_b)
        assert pair.kind is (odd.kind if planted and odd is not None else Kind.NONE)
        assert pair.odd_venue == (odd.venue if planted and odd is not None else None)
        assert pair.reason


def test_fees_eat_an_edge_that_is_often_there(truth: Truth) -> None:
    for pair, both in boards(truth, Kind.FEES):
        assert both.share(both.gross_bps > 0) > 0.1
        assert both.share(both.net_bps > 0) < 0.0005
        assert pair.expected_share is not None
        assert pair.expected_share < 0.0005


def test_flickers_are_many_and_shorter_than_a_tenth_of_a_second(truth: Truth) -> None:
    for pair, both in boards(truth, Kind.FLICKER):
        _, seconds = both.episodes()
        assert seconds.size > 100
        assert np.quantile(seconds, 0.99) < 0.1
        assert both.mean_net_bps() > 15.0
        assert both.share(both.net_bps > 0) == pytest.approx(pair.expected_share, rel=0.25)


def test_thin_edges_are_real_but_smaller_than_any_order(truth: Truth) -> None:
    for pair, both in boards(truth, Kind.THIN):
        up = both.net_bps > 0
        assert both.share(up) == pytest.approx(pair.expected_share, abs=0.08)
        least = max(truth.stream(venue, pair.symbol).min_notional for venue in (pair.venue_a, pair.venue_b))
        assert both.share(up & (both.notional >= least)) < 0.002 * both.share(up)
        assert np.median(both.notional[both.gross_bps < 0]) > 20 * least
        assert pair.executable_notional is not None
        assert pair.executable_notional < least


def test_another_coin_under_the_same_ticker_does_not_move_with_it(truth: Truth) -> None:
    instruments = instruments_frame(plan_market(SPEC), 0)
    ratios = []
    for pair in truth.of_kind(Kind.IDENTITY):
        a, b = (simulate_stream(SPEC, venue, pair.symbol, 0) for venue in (pair.venue_a, pair.venue_b))
        times = np.arange(SPEC.start_ns + 300_000_000_000, SPEC.start_ns + 86_300_000_000_000, 60_000_000_000)
        x, y = (np.log(one.bid)[np.searchsorted(one.recv_ns, times, "right") - 1] for one in (a, b))
        assert abs(np.corrcoef(np.diff(x), np.diff(y))[0, 1]) < 0.12
        ratios.append(abs(float(np.mean(x - y))))
        rows = instruments.filter(pl.col("symbol") == pair.symbol, pl.col("venue").is_in([pair.venue_a, pair.venue_b]))
        first, second = rows["contract_address"]
        assert first != second
    assert sum(ratio > 1.0 for ratio in ratios) == 4
    assert sum(ratio < 0.3 for ratio in ratios) == 2


def test_one_of_the_other_coins_does_not_publish_its_contract(truth: Truth) -> None:
    instruments = instruments_frame(plan_market(SPEC), 0)
    hidden = [
        instruments.filter(pl.col("symbol") == pair.symbol, pl.col("venue") == pair.odd_venue)["contract_address"][0]
        for pair in truth.of_kind(Kind.IDENTITY)[::2]
    ]
    assert sum(address is None for address in hidden) == 1


def test_frozen_feeds_are_silent_or_repeat_themselves_while_the_price_goes_away(truth: Truth) -> None:
    seen = set()
    for pair, both in boards(truth, Kind.FROZEN):
        assert pair.odd_venue is not None
        stream = truth.stream(pair.odd_venue, pair.symbol)
        rows = simulate_stream(SPEC, pair.odd_venue, pair.symbol, 0)
        happenings = plan_incidents(SPEC, stream, 0)
        seen.add(happenings.repeats)
        for start, stop in zip(happenings.from_s, happenings.until_s, strict=True):
            assert 900.0 <= stop - start <= 2_400.0
            begin, end = (SPEC.start_ns + int(1e9 * (moment + 1.0)) for moment in (start, stop - 2.0))
            inside = (rows.recv_ns > begin) & (rows.recv_ns < end)
            if happenings.repeats:
                assert inside.sum() > 20
                assert np.unique(rows.bid[inside]).size == np.unique(rows.ask_size[inside]).size == 1
            else:
                assert not inside.any()
            assert not ((rows.trade_recv_ns > begin) & (rows.trade_recv_ns < end)).any()
        frozen = np.zeros(both.time_ns.size, bool)
        for start, stop in zip(happenings.from_s, happenings.until_s, strict=True):
            frozen |= (both.time_ns > SPEC.start_ns + 1e9 * start) & (
                both.time_ns < SPEC.start_ns + 1e9 * (stop + 60.0)
            )
        assert both.share((both.net_bps > 0) & frozen) > 0.005
        assert both.share((both.net_bps > 0) & ~frozen) < 0.002
    assert seen == {True, False}


def test_a_gap_persists_one_way_where_nothing_can_be_deposited(truth: Truth) -> None:
    networks = pl.concat(networks_frame(plan_market(SPEC), day) for day in range(SPEC.days))
    for pair, both in boards(truth, Kind.DEPOSIT_SHUT):
        assert both.share(both.net_bps > 0) > 0.5
        assert both.share(both.net_bps > 0) == pytest.approx(pair.expected_share, abs=0.15)
        a, b = (simulate_stream(SPEC, venue, pair.symbol, 0) for venue in (pair.venue_a, pair.venue_b))
        at = np.searchsorted(b.recv_ns, a.recv_ns, "right") - 1
        towards = np.log(a.bid / b.bid[at])[100:]
        assert (np.sign(towards) == np.sign(pair.mean_bps)).mean() > 0.99
        asset = pair.symbol.partition("/")[0]
        shut = networks.filter(pl.col("asset") == asset, pl.col("venue") == pair.odd_venue)
        assert shut.height >= SPEC.days
        assert not shut["deposit_open"].any()
        assert not shut["withdraw_open"].any()


def test_a_bad_print_is_the_only_edge_of_its_pair(truth: Truth) -> None:
    for pair in truth.of_kind(Kind.BAD_PRINT):
        first, second = (board_of(SPEC, truth, pair, day) for day in range(2))
        _, seconds = first.episodes()
        long = seconds[seconds > 0.5]
        assert long.size == 1
        assert long[0] < 3.5
        assert first.net_bps.max() > 200.0
        assert second.net_bps.max() < 40.0
        assert second.share(second.net_bps > 0) < 0.0005
