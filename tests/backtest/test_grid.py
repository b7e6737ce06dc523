"""Grids: every setting as if run alone, and the index of instants, with which a run must not differ at all."""

from __future__ import annotations

from dataclasses import fields, replace
from math import inf, nan
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from arbresearch.backtest.codes import Rebalance
from arbresearch.backtest.config import BacktestConfig
from arbresearch.backtest.config_parts import Balances, InstrumentTerms
from arbresearch.backtest.engine import SpotArbitrageBacktester
from arbresearch.backtest.equity import block_profits, capital_at_start, equity_frame, inventory_frame
from arbresearch.backtest.grid import GridPoint, GridRuns, run_grid
from arbresearch.backtest.instants import index_of
from arbresearch.backtest.log import RunLog
from arbresearch.backtest.market import Market, VenueTape, no_trades
from arbresearch.backtest.mids import Marks
from arbresearch.backtest.run import run_market
from arbresearch.backtest.terms import RunTerms
from arbresearch.core import NS_PER_DAY, NS_PER_MS, NS_PER_SECOND, BadInput, FeeSchedule, ParameterError
from arbresearch.matching.rows import BookRows
from arbresearch.store import TickStore
from arbresearch.store.importers import import_files
from tests.backtest.by_hand import ns, tape
from tests.backtest.input_kit import add_instrument, add_quotes
from tests.backtest.markets import random_case, random_shape
from tests.backtest.random_draws import NEW_YEAR_NS

TAKERS = (True, True, False, False, False, False)
BLOCK_NS = 500 * NS_PER_MS
LISTED = ("pairs", "both_legs", "notional_quote", "tilt_base")


def takers_of(seed: int) -> tuple[Market, RunTerms]:
    """Return a random case in which nothing but takers and quotes is left, so that the index is used."""
    market, terms = random_case(seed)
    a, b, _ = (replace(one, trades=no_trades()) for one in market)
    bare = replace(terms, enabled=TAKERS, schedule=None, strategy=replace(terms.strategy, hedge=False))
    return (a, b, VenueTape()), bare


def points_of(seed: int, terms: RunTerms, count: int = 6) -> tuple[GridPoint, ...]:
    """Return random settings whose orders are of the size of those of the terms."""
    random = np.random.default_rng(seed)
    return tuple(
        GridPoint(
            sell_a_bps=float(random.choice([-8.0, -2.0, 0.0, 3.0, inf])),
            sell_b_bps=float(random.choice([-8.0, -2.0, 0.0, 3.0])),
            sell_a_exit_bps=float(random.choice([-6.0, 0.0, 2.0])),
            sell_b_exit_bps=float(random.choice([-6.0, 0.0, inf])),
            order_quote=terms.strategy.order_quote * float(random.choice([0.4, 1.0, 2.5])),
            max_hold_ns=int(random.choice([0, NS_PER_SECOND, NS_PER_DAY])),
            tilt_slope_bps=float(random.choice([0.0, 5.0])),
        )
        for _ in range(count)
    )


def alone(market: Market, terms: RunTerms, point: GridPoint, runs: GridRuns) -> RunLog:
    """Return the log of a single run of a setting, with samples where the blocks of a grid begin and end."""
    own = point.applied(terms)
    first_ns = int(runs.block_start_ns[0])
    return run_market(market, replace(own, strategy=replace(own.strategy, sample_ns=runs.block_ns, start_ns=first_ns)))


def assert_as_alone(market: Market, terms: RunTerms, runs: GridRuns) -> None:
    """Hold every figure of a grid against single runs and what the rest of the package makes of their logs."""
    marks = Marks(market)
    capital = capital_at_start(terms, marks)
    assert runs.capital_quote == capital
    for place, point in enumerate(runs.points):
        log = alone(market, terms, point, runs)
        assert runs.pairs[place] == log.pairs.size
        whole = sum(row["sold"] == row["bought"] > 0.0 for row in log.pairs)
        assert runs.both_legs[place] == whole
        assert runs.notional_quote[place] == pytest.approx(sum(log.fills["notional"].tolist()), rel=1e-12)
        profit = block_profits(equity_frame(log, marks, terms, capital), runs.block_ns)
        np.testing.assert_array_equal(runs.profit_quote[:, place], profit[: runs.block_start_ns.size])
        tilt = inventory_frame(log, terms)["tilt_base"][-1]
        assert runs.tilt_base[place] == pytest.approx(tilt, rel=1e-12, abs=1e-12)


def same(one: Any, other: Any) -> bool:
    """Return whether two fields of a log are equal in every column; bytes between columns do not count."""
    if not isinstance(one, np.ndarray):
        return bool(one == other)
    columns = one.dtype.names or (...,)
    return one.shape == other.shape and all(
        np.array_equal(one[name], other[name], equal_nan=one[name].dtype.kind == "f") for name in columns
    )


def assert_index_changes_nothing(market: Market, terms: RunTerms, workers: int = 1) -> int:
    """Run with the index and without; return how many pairs were begun."""
    plain, listed = run_market(market, terms), run_market(market, terms, index_of(market, workers=workers))
    differing = [one.name for one in fields(RunLog) if not same(getattr(plain, one.name), getattr(listed, one.name))]
    assert not differing
    return plain.pairs.size


def test_takers_as_alone() -> None:
    traded = 0
    for seed in range(40):
        market, terms = takers_of(seed)
        runs = run_grid(market, terms, points_of(seed, terms), BLOCK_NS)
        assert_as_alone(market, terms, runs)
        traded += int(runs.pairs.sum())
    assert traded > 1_000


def test_everything_else_as_alone() -> None:
    """Makers, hedges, transfers, perpetuals, trades and levels: none of them goes by the index."""
    kinds = set()
    for seed in range(100, 130):
        market, terms = random_case(seed)
        terms = replace(terms, schedule=None)
        assert_as_alone(market, terms, run_grid(market, terms, points_of(seed, terms, 3), BLOCK_NS))
        kinds |= {"maker"} if any(terms.enabled[2:]) else set()
        kinds |= {"hedge"} if terms.strategy.hedge else set()
        kinds |= {"transfer"} if terms.strategy.rebalance == Rebalance.TRANSFER else set()
        kinds |= {"perpetual"} if random_shape(seed + 2**32).perpetual >= 0 else set()
    assert kinds == {"maker", "hedge", "transfer", "perpetual"}


@pytest.mark.parametrize("workers", [2, 3, 50])
def test_threads_change_nothing(workers: int) -> None:
    market, terms = takers_of(7)
    points = points_of(7, terms, 11)
    one, many = run_grid(market, terms, points, BLOCK_NS), run_grid(market, terms, points, BLOCK_NS, workers=workers)
    np.testing.assert_array_equal(one.profit_quote, many.profit_quote)
    for name in LISTED:
        np.testing.assert_array_equal(getattr(one, name), getattr(many, name))
    assert one.pairs.any()


def test_an_index_that_is_given_changes_nothing() -> None:
    market, terms = takers_of(26)
    points = points_of(26, terms)
    made, given = (run_grid(market, terms, points, BLOCK_NS, instants=one) for one in (None, index_of(market)))
    np.testing.assert_array_equal(made.profit_quote, given.profit_quote)
    assert made.pairs.any()


def test_the_order_of_points_changes_nothing() -> None:
    """Runs share memory one after another; nothing of an earlier one may be left in a later one."""
    market, terms = takers_of(3)
    points = points_of(3, terms, 8)
    there, back = run_grid(market, terms, points, BLOCK_NS), run_grid(market, terms, points[::-1], BLOCK_NS)
    np.testing.assert_array_equal(there.profit_quote, back.profit_quote[:, ::-1])
    assert there.pairs.any()


def test_fees_in_another_coin_as_alone() -> None:
    market, terms = takers_of(21)
    a, b, h = terms.venues
    paid = replace(terms, venues=(replace(a, coin=True, received=False), replace(b, coin=False, received=True), h))
    runs = run_grid(market, paid, points_of(21, terms), BLOCK_NS)
    assert runs.pairs.any()
    assert_as_alone(market, paid, runs)


def test_an_index_changes_no_log() -> None:
    """Random markets have repeated times, missing prices and one-sided books; those with no trades use the index."""
    pairs = sum(assert_index_changes_nothing(*takers_of(seed), workers=1 + seed % 3) for seed in range(1_000, 1_200))
    scheduled = 0
    for seed in range(1_300, 1_380):
        market, terms = random_case(seed)
        pairs += assert_index_changes_nothing(market, terms)
        scheduled += terms.schedule is not None
    assert pairs > 1_000
    assert scheduled > 20


def quotes(*rows: tuple[float, float, float]) -> VenueTape:
    """Return a book of ms, bid and ask, ten coins each."""
    return tape(*((at, bid, 10.0, ask, 10.0) for at, bid, ask in rows))


@pytest.mark.parametrize(
    ("a", "b"),
    [
        pytest.param(quotes((0, 101.0, 101.1)), VenueTape(), id="no book on B"),
        pytest.param(VenueTape(), VenueTape(), id="no book at all"),
        pytest.param(quotes((0, nan, nan), (10, 101.0, 101.1)), quotes((0, 99.9, 100.0)), id="no price at first"),
        pytest.param(quotes((0, nan, 101.1), (10, 101.0, nan)), quotes((0, 99.9, 100.0)), id="one-sided"),
        pytest.param(quotes(*[(5, 101.0 - k, 101.1) for k in range(4)]), quotes((5, 99.9, 100.0)), id="one time"),
        pytest.param(quotes((0, 101.0, 101.1)), quotes((50, 99.9, 100.0), (50, 99.0, 99.1)), id="B after A ended"),
    ],
)
def test_an_index_of_odd_books_changes_no_log(a: VenueTape, b: VenueTape) -> None:
    _, terms = takers_of(1)
    run = replace(terms, entry_bps=(0.0,) * 6, exit_bps=(0.0,) * 6)
    assert_index_changes_nothing((a, b, VenueTape()), run)


def test_an_index_says_what_is_in_force() -> None:
    a = quotes((10, 100.0, 100.1), (20, 101.0, 101.1), (20, 102.0, 102.1))
    b = quotes((0, 99.0, 99.1), (20, 98.0, 98.1), (30, nan, 98.0))
    found = index_of((a, b, VenueTape()))
    assert found is not None
    assert found.rows_a.tolist() == [1, 2, 3, 3]
    assert found.rows_b.tolist() == [1, 2, 2, 3]
    assert found.ratio_ab.tolist() == pytest.approx([100 / 99.1, 101 / 98.1, 102 / 98.1, 102 / 98], rel=1e-7)
    assert found.ratio_ba.tolist() == pytest.approx([99 / 100.1, 98 / 101.1, 98 / 102.1, 0.0], rel=1e-7)
    assert found.since_ns.tolist() == [ns(10)]
    assert found.most_ab.tolist() == [found.ratio_ab.max()]
    assert found.most_ba.tolist() == [found.ratio_ba.max()]
    some = index_of((a, b, VenueTape()), (102 / 98.05, 98.5 / 100.1))
    assert some is not None
    assert list(zip(some.rows_a.tolist(), some.rows_b.tolist(), strict=True)) == [(1, 1), (3, 3)]


def test_blocks_of_an_index_hold_their_largest_ratio() -> None:
    random = np.random.default_rng(5)
    at = np.sort(random.choice(100_000, 500, replace=False)).reshape(2, 250)
    prices = 100.0 + random.normal(0.0, 1.0, (2, 250))
    one, other = (
        VenueTape(book=BookRows(times.astype(np.int64), bid, np.ones(250), bid + 0.1, np.ones(250)))
        for times, bid in zip(np.sort(at.T.reshape(2, 250)), prices, strict=True)
    )
    whole, parts = index_of((one, other, VenueTape())), index_of((one, other, VenueTape()), workers=7)
    assert whole is not None
    assert parts is not None
    for mine, theirs in zip(whole, parts, strict=True):
        np.testing.assert_array_equal(mine, theirs)
    blocks = [whole.ratio_ab[first : first + 64].max() for first in range(0, whole.ratio_ab.size, 64)]
    assert whole.most_ab.tolist() == blocks
    assert len(blocks) > 3


def test_profits_are_per_day_and_per_capital() -> None:
    market, terms = takers_of(5)
    runs = run_grid(market, terms, points_of(5, terms), BLOCK_NS)
    frame = runs.frame()
    days = runs.profit_quote.shape[0] * BLOCK_NS / 86_400e9
    for place, point in enumerate(runs.points):
        wanted = 1e4 * sum(runs.profit_quote[:, place].tolist()) / days / runs.capital_quote
        assert frame["profit_bps_day"][place] == pytest.approx(wanted, rel=1e-9, abs=1e-12)
        assert frame["max_hold_s"][place] == point.max_hold_ns / 1e9
    assert frame.columns[:2] == ["sell_a_bps", "sell_b_bps"]
    assert (np.diff(runs.block_start_ns) == BLOCK_NS).all()
    assert (runs.block_start_ns % BLOCK_NS == 0).all()
    assert runs.block_start_ns[0] >= NEW_YEAR_NS


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"sell_a_bps": nan}, "sell_a_bps: expected basis points"),
        ({"sell_b_exit_bps": nan}, "sell_b_exit_bps: expected basis points"),
        ({"order_quote": 0.0}, "order_quote: expected a positive finite amount"),
        ({"order_quote": inf}, "order_quote"),
        ({"order_quote": nan}, "order_quote"),
        ({"max_hold_ns": -1}, "max_hold_ns: expected 0 or more"),
        ({"tilt_slope_bps": -1.0}, "tilt_slope_bps"),
        ({"tilt_slope_bps": inf}, "tilt_slope_bps"),
    ],
)
def test_points_that_mean_nothing(values: dict[str, Any], told: str) -> None:
    (point,) = points_of(1, takers_of(1)[1], 1)
    with pytest.raises(ParameterError, match=told):
        replace(point, **values)


def test_grids_that_cannot_be_run() -> None:
    market, terms = takers_of(1)
    points = points_of(1, terms)
    with pytest.raises(BadInput, match="points: expected one setting or more"):
        run_grid(market, terms, [], BLOCK_NS)
    for workers in (0, -2):
        with pytest.raises(ParameterError, match="workers: expected one or more"):
            run_grid(market, terms, points, BLOCK_NS, workers=workers)
    with pytest.raises(ParameterError, match="block_ns: expected one or more"):
        run_grid(market, terms, points, 0)
    with pytest.raises(BadInput, match="a whole block of 86400 s"):
        run_grid(market, terms, points, NS_PER_DAY)
    with pytest.raises(BadInput, match="market: expected rows"):
        run_grid((VenueTape(), VenueTape(), VenueTape()), terms, points, BLOCK_NS)
    seed = next(one for one in range(100) if random_case(one).terms.schedule is not None)
    with pytest.raises(BadInput, match="a grid has thresholds of its own"):
        run_grid(*random_case(seed), points, BLOCK_NS)


def test_the_backtester_runs_grids(store: TickStore) -> None:
    """MEXC pays 50 bps more for ten seconds of every two hundred, Gate never does."""
    add_quotes(store, "mexc", range(600), [100.5 if 100 <= second % 200 < 110 else 100.0 for second in range(600)])
    add_quotes(store, "gate", range(600))
    for venue in ("mexc", "gate"):
        add_instrument(store, venue)
    engine = SpotArbitrageBacktester(store)
    config = BacktestConfig(
        fees={one: FeeSchedule(0.0, 0.0) for one in ("mexc", "gate")}, latency_ms=0.0, max_unchanged_s=1e6
    )
    terms = engine.conditions("A/USDT", config).terms
    high = GridPoint(
        sell_a_bps=40.0, sell_b_bps=40.0, sell_a_exit_bps=40.0, sell_b_exit_bps=40.0, order_quote=50.0,
        max_hold_ns=NS_PER_DAY,
    )  # fmt: skip
    points = (high, replace(high, sell_a_bps=60.0, sell_a_exit_bps=60.0), replace(high, order_quote=20.0))
    runs = engine.grid("A/USDT", config, points, block_s=60.0, workers=2)
    assert (runs.block_ns, runs.profit_quote.shape) == (60 * NS_PER_SECOND, (9, 3))
    assert runs.pairs.tolist() == [30, 0, 30]
    assert_as_alone(engine.load("A/USDT", config).market, terms, runs)


def test_a_recording_as_alone(shared_data: Path, tmp_path: Path) -> None:
    """Two hours of LINK on Binance and Huobi, best prices only: every setting, with a delay and without."""
    folder = shared_data / "link_binance_huobi_l10"
    free = FeeSchedule(0.0, 0.0)
    config = BacktestConfig(
        venue_a="binance",
        venue_b="huobi",
        fees={"binance": free, "huobi": free},
        instruments={one: InstrumentTerms(tick=0.0001, lot=0.001) for one in ("binance", "huobi")},
        balances_a=Balances(base=1e4, quote=1e6),
        balances_b=Balances(base=1e4, quote=1e6),
        use_depth=False,
        max_unchanged_s=1e6,
    )
    points = [
        GridPoint(
            sell_a_bps=width, sell_b_bps=width, sell_a_exit_bps=leave, sell_b_exit_bps=leave, order_quote=size,
            max_hold_ns=NS_PER_DAY,
        )
        for width in (0.0, 1.0, 3.0, 50.0) for leave in (-1.0, 1.0) for size in (10.0, 1_000.0)
    ]  # fmt: skip
    with TickStore(tmp_path / "store") as store:
        for venue, name in (("binance", "orderbook_bnc.csv"), ("huobi", "orderbook_hb.csv")):
            import_files(store, "csv", [folder / name], mapping="link_binance_huobi_l10", venue=venue)
        engine = SpotArbitrageBacktester(store)
        for latency_ms in (0.0, 1_500.0):
            chosen = replace(config, latency_ms=latency_ms)
            runs = engine.grid("LINK/USDT", chosen, points, workers=2)
            market, terms = engine.load("LINK/USDT", chosen).market, engine.conditions("LINK/USDT", chosen).terms
            assert_as_alone(market, terms, runs)
            assert_index_changes_nothing(market, points[0].applied(terms))
            few = pl.DataFrame({"width": [one.sell_a_bps for one in points], "pairs": runs.pairs})
            counts = few.group_by("width", maintain_order=True).agg(pl.col("pairs").sum())["pairs"].to_list()
            assert counts[0] > counts[1] > counts[2] > counts[3] == 0
