"""Real recordings: what was measured on them with independent code is what the backtester trades."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl
import pytest

from arbresearch.backtest import (
    BacktestConfig,
    BacktestResult,
    Balances,
    HedgeConfig,
    InstrumentTerms,
    SpotArbitrageBacktester,
    run_market,
)
from arbresearch.backtest.candles import candle_trap
from arbresearch.core import NS_PER_SECOND, FeeSchedule
from arbresearch.matching import Rule
from arbresearch.signals.modes import Mode
from arbresearch.store import TickStore
from arbresearch.store.importers import import_files
from tests.backtest.audits import faults
from tests.backtest.markets import Case

Floats = npt.NDArray[np.float64]
FREE = FeeSchedule(0.0, 0.0)
RICH = Balances(base=1e6, quote=1e8)
SELL_A, SELL_B = Mode.MARKET_A_SELL_MARKET_B_BUY, Mode.MARKET_B_SELL_MARKET_A_BUY
MAKERS = tuple(one for one in Mode if one > SELL_B)
CONTRACT = 10_000.0
"""Coins in a contract of the LUNC perpetual on Gate."""

LINK = BacktestConfig(
    venue_a="binance",
    venue_b="huobi",
    fees={"binance": FREE, "huobi": FREE},
    instruments={one: InstrumentTerms(tick=0.0001, lot=0.001) for one in ("binance", "huobi")},
    balances_a=RICH,
    balances_b=RICH,
    sell_a_threshold_bps=0.0,
    sell_b_threshold_bps=0.0,
    position_size_usd=0.04,
    latency_ms=0.0,
    max_unchanged_s=1e6,
)
"""Any edge is taken, in the smallest size, with nothing in the way."""

LUNC = BacktestConfig(
    symbol_b="LUNC/USDT:USDT",
    fees={"mexc": FeeSchedule.from_bps(0, 5), "gate": FeeSchedule.from_bps(2, 5)},
    instruments={
        "mexc": InstrumentTerms(tick=1e-9, lot=1.0),
        "gate": InstrumentTerms(tick=1e-9, lot=CONTRACT, contract_size=CONTRACT),
    },
    sell_a_threshold_bps=2.0,
    sell_b_threshold_bps=2.0,
)

BITCOIN = BacktestConfig(
    venue_a="binance",
    venue_b="binance",
    symbol_b="BTC/USDT:USDT",
    fees={"binance": FREE},
    instruments={
        "binance BTC/USDT": InstrumentTerms(tick=0.01, lot=0.001),
        "binance BTC/USDT:USDT": InstrumentTerms(tick=0.1, lot=0.001, contract_size=0.001),
    },
    balances_a=RICH,
    balances_b=Balances(quote=1e8),
)


class Book(NamedTuple):
    """A venue's ten levels a second as the file has them, shape (rows, 10) each."""

    bids: Floats
    bid_sizes: Floats
    asks: Floats
    ask_sizes: Floats


@pytest.fixture(scope="module")
def link(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SpotArbitrageBacktester]:
    """Binance (A) and Huobi (B) spot LINK/USDT, two hours, ten levels."""
    folder = shared_data / "link_binance_huobi_l10"
    with TickStore(tmp_path_factory.mktemp("link") / "store") as store:
        for venue, name in (("binance", "orderbook_bnc.csv"), ("huobi", "orderbook_hb.csv")):
            import_files(store, "csv", [folder / name], mapping="link_binance_huobi_l10", venue=venue)
        yield SpotArbitrageBacktester(store)


@pytest.fixture(scope="module")
def files(shared_data: Path) -> tuple[Book, Book]:
    """Return the same, read without the store."""
    found = []
    for name in ("bnc", "hb"):
        frame = pl.read_csv(shared_data / "link_binance_huobi_l10" / f"orderbook_{name}.csv", infer_schema_length=None)
        sides = ([f"{side}{level}" for level in range(1, 11)] for side in ("b", "bv", "a", "av"))
        found.append(Book(*(frame.select(pl.col(side).cast(pl.Float64)).to_numpy() for side in sides)))
    return found[0], found[1]


@pytest.fixture(scope="module")
def edges(files: tuple[Book, Book]) -> tuple[Floats, Floats]:
    """Return the gross edges of each row, bps: sell on Binance, and sell on Huobi."""
    a, b = files
    return 1e4 * (a.bids[:, 0] / b.asks[:, 0] - 1.0), 1e4 * (b.bids[:, 0] / a.asks[:, 0] - 1.0)


@pytest.fixture(scope="module")
def lunc(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SpotArbitrageBacktester]:
    """LUNC on MEXC spot and as Gate's perpetual; and the spot quotes once more under another venue's name."""
    folder = shared_data / "lunc_mexc_gate_bbo"
    with TickStore(tmp_path_factory.mktemp("lunc") / "store") as store:
        import_files(store, "parquet", [folder / "lunc_mexc_spot.parquet"], mapping="lunc_mexc_spot")
        import_files(store, "parquet", [folder / "lunc_gateio_futures.parquet"], mapping="lunc_gate_perpetual")
        again = store.quotes("mexc", "LUNC/USDT").with_columns(venue=pl.lit("okx"), symbol=pl.lit("LUNC/USDT"))
        store.append("quotes", again)
        yield SpotArbitrageBacktester(store)


@pytest.fixture(scope="module")
def streams(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SpotArbitrageBacktester]:
    """Binance spot (A) and perpetual (B) BTC: every best price and every trade of five minutes."""
    root = tmp_path_factory.mktemp("raw")
    paths = []
    for market in ("spot", "usdm"):
        lines = gzip.decompress((shared_data / "binance_bookticker_raw" / market / "btcusdt_20240808.gz").read_bytes())
        kept = [one for one in lines.splitlines(True) if b'@bookTicker"' in one or b'@trade"' in one]
        paths.append(root / market / "btcusdt_20240808.gz")
        paths[-1].parent.mkdir()
        paths[-1].write_bytes(gzip.compress(b"".join(kept), 1))
    with TickStore(root / "store") as store:
        import_files(store, "binance-raw", paths)
        yield SpotArbitrageBacktester(store)


@pytest.fixture(scope="module")
def depth(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SpotArbitrageBacktester]:
    """Binance spot (A) and perpetual (B) BTC with levels, five minutes."""
    paths = sorted((shared_data / "binance_btc_spot_perp_depth").glob("lobdeep_*.parquet"))
    with TickStore(tmp_path_factory.mktemp("depth") / "store") as store:
        import_files(store, "parquet", paths, mapping="binance_btc_depth")
        yield SpotArbitrageBacktester(store)


def fill_edges(result: BacktestResult) -> Floats:
    """Return the edge in bps at which the two legs of each pair filled, fees aside."""
    legs = {
        side: result.fills.filter(pl.col("side") == side)
        .group_by("pair")
        .agg(price=pl.col("notional_quote").sum() / pl.col("quantity").sum())
        for side in ("sell", "buy")
    }
    both = legs["sell"].join(legs["buy"], on="pair", suffix="_bought").sort("pair")
    found: Floats = 1e4 * (both["price"].to_numpy() / both["price_bought"].to_numpy() - 1.0)
    return found


def audited(backtester: SpotArbitrageBacktester, symbol: str, config: BacktestConfig) -> dict[str, list[str]]:
    """Return what the audits of a run's logs find wrong."""
    case = Case(backtester.load(symbol, config).market, backtester.conditions(symbol, config).terms)
    return faults(run_market(*case), case)


def test_link_is_under_the_fees_of_the_time(link: SpotArbitrageBacktester, edges: tuple[Floats, Floats]) -> None:
    """The answer is no, and why is said: the largest edge of two hours is less than the fees."""
    fees = {"binance": FeeSchedule.from_bps(10, 10), "huobi": FeeSchedule.from_bps(20, 20)}
    result = link.run("LINK/USDT", replace(LINK, fees=fees, latency_ms=None, position_size_usd=1_000.0))
    summary = result.summary
    assert (summary.answer, summary.pairs, summary.profit_quote - summary.inventory_quote) == ("no", 0, 0.0)
    assert "no net edge passed its threshold" in summary.verdict
    costs = (1 - 0.001) / (1 + 0.002), (1 - 0.002) / (1 + 0.001)
    largest = max(1e4 * ((1 + edge.max() / 1e4) * cost - 1) for edge, cost in zip(edges, costs, strict=True))
    (words,) = (one for one in result.warnings if "cannot trade" in one)
    assert f"the largest net edge that ever occurred was {largest:.2f} bps" in words
    assert round(max(edges[0].max(), edges[1].max()), 1) == 8.0
    assert largest < -20.0


def test_link_without_fees_and_delay_takes_every_edge(
    link: SpotArbitrageBacktester, edges: tuple[Floats, Floats]
) -> None:
    """As measured: above zero in 18.6 % of rows, in 750 episodes, the longest of 27 s; each row is decided at once."""
    best = np.maximum(*edges)
    rows = np.flatnonzero(best > 0.0)
    result = link.run("LINK/USDT", LINK)
    seconds = (result.pairs["decided_ns"].to_numpy() - 1_629_417_600 * NS_PER_SECOND) // NS_PER_SECOND
    np.testing.assert_array_equal(seconds, rows)
    np.testing.assert_array_equal(result.pairs["mode"] == SELL_A.name.lower(), edges[0][rows] > 0.0)
    assert result.pairs["edge_bps"].to_numpy() == pytest.approx(best[rows], abs=1e-9)
    assert fill_edges(result) == pytest.approx(best[rows], abs=1e-9)
    assert result.pairs["outcome"].unique().to_list() == ["complete"]
    assert round(100.0 * result.pairs.height / 7_200, 1) == 18.6
    lengths = np.diff(np.flatnonzero(np.diff(seconds, prepend=-9, append=9_999) > 1))
    assert (lengths.size, np.median(lengths), lengths.max()) == (750, 1, 27)


@pytest.mark.parametrize(("levels", "known"), [(10, True), (1, False)])
def test_link_levels_are_walked(
    link: SpotArbitrageBacktester, files: tuple[Book, Book], levels: int, known: bool
) -> None:
    """All that is displayed at an edge is taken, level against level, and no more."""
    found = np.array([_displayed_at_an_edge(*files, row, levels) for row in range(7_200)])
    config = replace(LINK, position_size_usd=1e6, use_depth=known)
    result = link.run("LINK/USDT", config)
    assert result.pairs["quantity"].sum() == pytest.approx(found[:, 0].sum(), rel=1e-9)
    assert result.summary.spread_quote == pytest.approx(found[:, 1].sum(), rel=1e-6)
    walked = result.pairs["depth_quote"].sum()
    assert walked < -100.0 if known else walked == pytest.approx(0.0, abs=1e-6)


def _displayed_at_an_edge(a: Book, b: Book, row: int, levels: int) -> tuple[float, float]:
    """Return the coins that can be sold above where they are bought, and the gain; whole lots of both books."""
    quantity = gain = 0.0
    for sell, buy in ((a, b), (b, a)):
        bids = [[price, size] for price, size in zip(sell.bids[row], sell.bid_sizes[row], strict=True)][:levels]
        asks = [[price, size] for price, size in zip(buy.asks[row], buy.ask_sizes[row], strict=True)][:levels]
        steps = []
        while bids and asks and bids[0][0] > asks[0][0]:
            part = min(bids[0][1], asks[0][1])
            steps.append((part, bids[0][0], asks[0][0]))
            for side in (bids, asks):
                side[0][1] -= part
                if side[0][1] <= 0.0:
                    side.pop(0)
        whole = np.floor(sum(part for part, _, _ in steps) / 0.001 + 1e-9) * 0.001
        quantity += whole
        for part, price, cost in steps:
            some = min(part, whole)
            gain += some * (price - cost)
            whole -= some
    return float(quantity), float(gain)


def test_link_a_second_later_the_edge_is_gone(link: SpotArbitrageBacktester, edges: tuple[Floats, Floats]) -> None:
    """Sold on Huobi above 2 bps: 2.63 bps at the decision, -0.20 bps in the books of the next second."""
    late = replace(LINK, modes=(SELL_B,), sell_b_threshold_bps=2.0, latency_ms=1_000.0, price_band_bps=1_000.0)
    result = link.run("LINK/USDT", late)
    rows = np.flatnonzero(edges[1] > 2.0)
    decided, filled = result.pairs["edge_bps"].to_numpy(), fill_edges(result)
    assert decided == pytest.approx(edges[1][rows], abs=1e-9)
    assert filled == pytest.approx(edges[1][rows + 1], abs=1e-9)
    assert (decided.size, round(decided.mean(), 2), round(filled.mean(), 2)) == (34, 2.63, -0.20)
    prompt = fill_edges(link.run("LINK/USDT", replace(late, latency_ms=0.0)))
    assert prompt == pytest.approx(decided, abs=1e-9)


def test_link_a_second_later_of_all_edges(link: SpotArbitrageBacktester, edges: tuple[Floats, Floats]) -> None:
    result = link.run("LINK/USDT", replace(LINK, latency_ms=1_000.0, price_band_bps=1_000.0))
    ab, ba = edges
    rows = np.flatnonzero(np.maximum(ab, ba)[:-1] > 0.0)
    wanted = np.where(ab > 0.0, np.append(ab[1:], 0.0), np.append(ba[1:], 0.0))[rows]
    assert fill_edges(result)[: rows.size] == pytest.approx(wanted, abs=1e-9)
    assert wanted.mean() < -0.4
    assert result.summary.spread_quote < 0.0


def test_link_candles_report_profit_where_ticks_report_none(
    link: SpotArbitrageBacktester, files: tuple[Book, Book]
) -> None:
    """Closes of minutes, here last middles, differ on two venues at any time; books a second later pay for none."""
    config = replace(LINK, position_size_usd=1_000.0, latency_ms=1_000.0)
    trap = candle_trap(link, "LINK/USDT", config)
    closes = [0.5 * (book.bids[59::60, 0] + book.asks[59::60, 0])[:-1] for book in files]
    low, high = np.minimum(*closes), np.maximum(*closes)
    quantity = np.floor(1_000.0 / low * 1_000.0 + 1e-9) / 1_000.0
    assert trap.candles == 119
    assert trap.trades.height == int((high > low).sum())
    assert trap.profits[0] == pytest.approx(float((quantity * (high - low)).sum()), rel=1e-9)
    assert trap.is_trap
    assert trap.profits[0] > 0.0 > max(trap.profits[1:])
    assert trap.profits[2] == pytest.approx(link.run("LINK/USDT", config).summary.spread_quote, rel=1e-9)


def test_lunc_positions_are_whole_contracts(lunc: SpotArbitrageBacktester) -> None:
    result = lunc.run("LUNC/USDT", LUNC)
    traded = result.fills.filter(pl.col("account") == "b")["quantity"].to_numpy()
    assert traded.size > 20
    np.testing.assert_array_equal(traded % CONTRACT, 0.0)
    np.testing.assert_array_equal(result.inventory["base_b"].to_numpy() % CONTRACT, 0.0)
    np.testing.assert_array_equal(result.pairs["quantity"].to_numpy() % CONTRACT, 0.0)
    assert "gate LUNC/USDT:USDT: no funding was recorded, so none is paid" in result.warnings
    assert result.cash.is_empty()
    assert audited(lunc, "LUNC/USDT", LUNC) == {}


def test_lunc_sizes_are_contracts_times_coins(lunc: SpotArbitrageBacktester, shared_data: Path) -> None:
    """No order takes more of the perpetual than the contracts that the file shows, ten thousand coins each."""
    result = lunc.run("LUNC/USDT", replace(LUNC, latency_ms=0.0, position_size_usd=5_000.0))
    raw = pl.read_parquet(shared_data / "lunc_mexc_gate_bbo" / "lunc_gateio_futures.parquet")
    shown = raw.select("bid_qty", "ask_qty", recv_ns=pl.col("timestamp").dt.epoch("ns")).sort("recv_ns")
    sold = pl.col("side") == "sell"
    met = (
        result.fills.filter(pl.col("account") == "b")
        .join_asof(shown, left_on="time_ns", right_on="recv_ns")
        .select(
            quantity=pl.col("quantity"),
            most=CONTRACT * pl.when(sold).then("bid_qty").otherwise("ask_qty"),
            share=pl.col("quantity") / (CONTRACT * pl.when(sold).then("bid_qty").otherwise("ask_qty")),
        )
    )
    assert met.height > 20
    assert (met["quantity"] <= met["most"]).all()
    assert (met["share"] == 1.0).sum() >= 1  # all that was shown, once at least


def test_lunc_hedged_with_contracts(lunc: SpotArbitrageBacktester) -> None:
    """Coin on two venues with the same quotes: the perpetual is short all of it but for a contract."""
    instruments = {**LUNC.instruments, "okx": InstrumentTerms(tick=1e-9, lot=1.0)}
    config = replace(
        LUNC,
        venue_b="okx",
        symbol_b=None,
        instruments=instruments,
        fees={**LUNC.fees, "okx": FREE},
        hedge=HedgeConfig(venue="gate"),
    )
    result = lunc.run("LUNC/USDT", config)
    hedges = result.fills.filter(pl.col("account") == "h")
    assert hedges["reason"].unique().to_list() == ["delta"]
    np.testing.assert_array_equal(hedges["quantity"].to_numpy() % CONTRACT, 0.0)
    a, b, h = (float(result.inventory[f"base_{one}"][-1]) for one in "abh")
    assert h % CONTRACT == 0.0
    assert h < -100 * CONTRACT
    assert abs(a + b + h) <= CONTRACT
    assert "gate LUNC/USDT:USDT: no funding was recorded, so none is paid" in result.warnings
    summary = result.summary
    assert abs(summary.hedge_quote + summary.inventory_quote) < 0.1 * abs(summary.inventory_quote)
    assert audited(lunc, "LUNC/USDT", config) == {}


@pytest.mark.parametrize("mode", MAKERS)
def test_resting_orders_fill_between_touch_and_through(streams: SpotArbitrageBacktester, mode: Mode) -> None:
    """Among some hundred orders: touch fills most, trade-through least, and the queue is between them."""
    config = replace(
        BITCOIN, modes=(mode,), sell_a_threshold_bps=0.0, sell_b_threshold_bps=-8.0, position_size_usd=2_000.0,
        latency_ms=20.0,
    )  # fmt: skip
    found = streams.bracket("BTC/USDT", config)
    made = {rule: one.fills.filter(pl.col("role") == "maker") for rule, one in found.items()}
    filled = {rule: float(one["quantity"].sum()) for rule, one in made.items()}
    ratios = {rule: one.summary.fill_ratio_maker for rule, one in found.items()}
    assert filled[Rule.TOUCH] > filled[Rule.QUEUE] > filled[Rule.THROUGH] > 1.0
    assert ratios[Rule.TOUCH] > ratios[Rule.QUEUE] > ratios[Rule.THROUGH] > 0.2
    limits = found[Rule.QUEUE].orders.select("order", "limit")
    priced = made[Rule.QUEUE].join(limits, on="order")
    assert priced["price"].to_list() == pytest.approx(priced["limit"].to_list(), rel=1e-12)
    assert audited(streams, "BTC/USDT", config) == {}


def test_levels_of_bitcoin_are_walked(depth: SpotArbitrageBacktester) -> None:
    """Sells into levels behind the best, within what was displayed; knowing the best price only fills less."""
    config = replace(
        BITCOIN, modes=(SELL_A,), sell_a_threshold_bps=4.0, position_size_usd=5e5, latency_ms=200.0, max_unchanged_s=1e6
    )
    result, best_only = (depth.run("BTC/USDT", replace(config, use_depth=known)) for known in (True, False))
    assert result.pairs["quantity"].sum() > best_only.pairs["quantity"].sum() > 10.0
    assert result.pairs["depth_quote"].sum() < -10.0
    assert best_only.pairs["depth_quote"].sum() == pytest.approx(0.0, abs=1e-6)
    assert audited(depth, "BTC/USDT", config) == {}
