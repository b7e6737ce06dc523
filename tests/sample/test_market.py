from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from arbresearch.core import BadInput
from arbresearch.sample import (
    SampleSpec,
    depth_symbols,
    generate,
    is_stored,
    load_truth,
    market,
    plan_market,
    simulate_stream,
    truth_of,
)
from arbresearch.store import TickStore

SPEC = SampleSpec(seed=2, days=2, symbols=12, quotes_per_day=2_000)


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> TickStore:
    store = TickStore(tmp_path_factory.mktemp("sample") / "store", create=True)
    generate(store, SPEC)
    return store


def test_every_stream_is_in_the_store_as_it_was_simulated(filled: TickStore) -> None:
    streams = {(stream.venue, stream.symbol) for _, stream in plan_market(SPEC).streams()}
    assert set(filled.streams("quotes")) == set(filled.streams("trades")) == streams
    for venue, symbol in sorted(streams)[::5]:
        days = [simulate_stream(SPEC, venue, symbol, day) for day in range(2)]
        names = ("recv_ns", "event_ns", "bid", "bid_size", "ask", "ask_size")
        expected = pl.DataFrame({name: np.concatenate([getattr(day, name) for day in days]) for name in names})
        assert_frame_equal(filled.quotes(venue, symbol).select(names), expected)
        trades = filled.trades(venue, symbol)
        assert trades["price"].to_list() == np.concatenate([day.trade_price for day in days]).tolist()
        assert trades["trade_id"].n_unique() == trades.height
        assert trades["side"].is_in(["buy", "sell"]).all()


def test_depth_is_there_for_a_handful_and_begins_with_the_quote(filled: TickStore) -> None:
    symbols = depth_symbols(plan_market(SPEC))
    assert {"BTC/USDT", "ETH/USDT", "SOL/USDT"} < symbols
    assert len(symbols) == 6
    assert {symbol for _, symbol in filled.streams("depth")} == symbols
    depth, quotes = filled.depth("gate", "BTC/USDT"), filled.quotes("gate", "BTC/USDT")
    both = depth.join(quotes, on="recv_ns")
    assert both.height == depth.height > 400
    assert (both["bids"].arr.first() == both["bid"]).all()
    assert (both["ask_sizes"].arr.first() == both["ask_size"]).all()


def test_instruments_say_the_steps_fees_and_contracts(filled: TickStore) -> None:
    rows = filled.instruments()
    assert rows.height == 12 * 3 + 3 * 2
    for row in rows.iter_rows(named=True):
        quotes = filled.quotes(row["venue"], row["symbol"])
        assert np.allclose(quotes["bid"] / row["tick"], np.round(quotes["bid"] / row["tick"]), atol=1e-3)
        assert quotes["bid_size"].min() >= row["min_quantity"] == row["lot"]
    spot = rows.filter(pl.col("market") == "spot")
    fees = {row["venue"]: (row["maker_fee"], row["taker_fee"]) for row in spot.iter_rows(named=True)}
    assert fees == {"mexc": (0.0, 0.0005), "gate": (0.001, 0.001), "binance": (0.001, 0.001)}
    bitcoin = spot.filter(pl.col("base") == "BTC")
    assert bitcoin["contract_address"].is_null().all()
    swaps = rows.filter(pl.col("market") == "swap")
    assert swaps["symbol"].n_unique() == 3
    assert set(swaps["venue"]) == {"mexc", "binance"}
    assert (swaps["contract_size"] == swaps["lot"]).all()
    assert (swaps["settle"] == "USDT").all()


def test_networks_are_several_a_coin_spelled_as_each_venue_does(filled: TickStore) -> None:
    rows = filled.networks()
    spellings = {venue: set(part["network"]) for (venue,), part in rows.partition_by("venue", as_dict=True).items()}
    assert {"TRC20", "BEP20(BSC)", "ERC20"} <= spellings["mexc"]
    assert {"TRX", "BSC", "ETH"} <= spellings["gate"] & spellings["binance"]
    assert not {"TRC20", "ERC20"} & spellings["binance"]
    tether = rows.filter(pl.col("asset") == "USDT")
    assert tether.group_by("venue").len()["len"].min() >= 3
    per_coin = rows.group_by("venue", "asset").agg(pl.len(), pl.col("withdraw_open").any())
    assert set(per_coin["asset"]) == {*SPEC.coins, "USDT"}
    assert per_coin["len"].mean() > 1.5
    assert (rows["fee"] > 0).all()
    assert (rows["min_withdraw"] > rows["fee"]).all()


def test_some_networks_are_shut_on_some_days() -> None:
    spec = SampleSpec(seed=2, days=3)
    plan = plan_market(spec)
    days = [market.networks_frame(plan, day) for day in range(3)]
    shut = [frame.filter(~pl.col("deposit_open")).select("venue", "asset", "network") for frame in days]
    assert all(frame.height > 9 for frame in shut)
    assert not shut[0].equals(shut[1])
    prices = {coin.coin: coin.price for coin in plan.coins} | {"USDT": 1.0}
    usd = [fee * prices[asset] for asset, fee in days[0].select("asset", "fee").iter_rows()]
    assert 0.05 < min(usd) < max(usd) < 15.0


def test_funding_comes_every_eight_hours(filled: TickStore) -> None:
    rows = filled.funding("binance", "BTC/USDT:USDT")
    assert rows.height == 3 * SPEC.days
    assert (rows["event_ns"].diff().drop_nulls() == 8 * 3_600 * 10**9).all()
    assert (rows["next_ns"] - rows["event_ns"] == 8 * 3_600 * 10**9).all()
    assert rows["rate"].abs().max() <= 5e-4
    premium_bps = 1e4 * (rows["mark_price"] / rows["index_price"] - 1)
    assert premium_bps.abs().max() < 10.0
    spot = filled.quotes("binance", "BTC/USDT")
    for event_ns, index_price in rows.select("event_ns", "index_price").iter_rows():
        at = max(0, int(spot["event_ns"].search_sorted(event_ns)) - 1)
        assert spot["bid"][at] == pytest.approx(index_price, rel=0.005)


def test_the_same_market_twice_adds_nothing_and_can_be_asked_for(filled: TickStore) -> None:
    before = filled.digest()
    assert is_stored(filled, SPEC)
    calls: list[tuple[int, int]] = []
    (Path(filled.root) / "truth.json").unlink()
    truth = generate(filled, SPEC, lambda done, total: calls.append((done, total)))
    assert filled.digest() == before
    assert calls == []
    assert truth == load_truth(filled.root) == truth_of(SPEC)


def test_another_market_is_refused_where_one_is(filled: TickStore) -> None:
    before = filled.digest()
    other = SampleSpec(seed=3, days=1, symbols=12)
    assert not is_stored(filled, other)
    with pytest.raises(BadInput, match="no other sample market, was one of 12 symbols, 2 days and seed 2"):
        generate(filled, other)
    assert filled.digest() == before


def test_two_stores_of_one_seed_hold_the_same_data(filled: TickStore, store: TickStore) -> None:
    generate(store, SPEC)
    for venue, symbol in (("mexc", "BTC/USDT"), ("binance", "SOL/USDT:USDT")):
        assert_frame_equal(store.quotes(venue, symbol), filled.quotes(venue, symbol))
    count = "select count(*) n, sum(recv_ns % 1000003) s from quotes"
    assert store.sql(count).equals(filled.sql(count))


def test_progress_counts_every_stream_and_day(store: TickStore) -> None:
    calls: list[tuple[int, int]] = []
    generate(store, SampleSpec(seed=2, days=1, symbols=12, quotes_per_day=2_000), lambda *call: calls.append(call))
    assert calls[-1] == (42, 42)
    assert [done for done, _ in calls] == sorted({done for done, _ in calls})
    assert len(calls) == 12


def test_a_failure_half_way_leaves_nothing(store: TickStore, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = SampleSpec(seed=2, days=2, symbols=12, quotes_per_day=2_000)
    real = market.stream_day

    def fails_on_the_second_day(*given: object, **named: object) -> object:
        if given[3] == 1:
            raise RuntimeError("power cut")
        return real(*given, **named)  # type: ignore[arg-type]

    with monkeypatch.context() as patched:
        patched.setattr(market, "stream_day", fails_on_the_second_day)
        with pytest.raises(RuntimeError, match="power cut"):
            generate(store, spec)
    assert not is_stored(store, spec)
    assert not (Path(store.root) / "truth.json").exists()
    assert store.streams("quotes") == []
    generate(store, spec)
    assert len(store.streams("quotes")) == 42


def test_a_market_in_many_small_batches_is_the_same(
    store: TickStore, filled: TickStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(market, "ROWS_A_PART", 5_000)
    generate(store, SPEC)
    assert_frame_equal(store.quotes("gate", "ETH/USDT"), filled.quotes("gate", "ETH/USDT"))
    total = "select venue, count(*) n from quotes group by all order by venue"
    assert store.sql(total).equals(filled.sql(total))
