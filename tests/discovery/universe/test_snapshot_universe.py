"""A whole universe at one instant: the Binance and OKX snapshot through the importer, and small books by hand."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from arbresearch.core import BadInput, FeeSchedule, SchemaError
from arbresearch.discovery import StreamPair
from arbresearch.discovery.universe.snapshot import edge_shares, snapshot_edges
from arbresearch.discovery.universe.universe import Universe, discover_common_symbols
from arbresearch.discovery.universe.withdrawals import withdrawal_fees
from arbresearch.store import NETWORKS, TickStore
from arbresearch.store.importers import import_files
from tests.store.quality_kit import SECOND, START, fill, quotes

PAIR = StreamPair("gate", "AAA/USDT", "mexc", "AAA/USDT")
FEES = {PAIR.streams[0]: FeeSchedule(0.0, 0.0010), PAIR.streams[1]: FeeSchedule(0.0, 0.0005)}
Books = dict[str, dict[str, dict[str, Any]]]


@pytest.fixture(scope="module")
def snapshot(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TickStore]:
    """Return a store with the books and networks of Binance and OKX in April 2025."""
    path = shared_data / "binance_okx_l5_snapshot" / "books_and_networks.json"
    with TickStore(tmp_path_factory.mktemp("snapshot")) as store:
        import_files(store, "networks", [path], at="2025-04-15T12:00:00Z")
        yield store


@pytest.fixture(scope="module")
def books(shared_data: Path) -> Books:
    """Return the file itself."""
    path = shared_data / "binance_okx_l5_snapshot" / "books_and_networks.json"
    found: Books = json.loads(path.read_text())
    return found


@pytest.fixture(scope="module")
def universe(snapshot: TickStore) -> Universe:
    """Return what both venues quote."""
    return discover_common_symbols(snapshot, without_instruments=True)


@pytest.fixture(scope="module")
def measured(snapshot: TickStore, universe: Universe) -> pl.DataFrame:
    """Return the edges of all of them before fees."""
    return snapshot_edges(snapshot, universe.stream_pairs())


def _levels(book: dict[str, Any], side: str) -> list[list[float]]:
    flat = book.get(side) or []
    return flat if flat and isinstance(flat[0], list) else [flat[at : at + 2] for at in range(0, len(flat), 2)]


def _both(books: Books) -> dict[str, dict[str, dict[str, list[list[float]]]]]:
    """Return the books of the symbols with four sides, by symbol without slash."""
    sides = {
        name: {venue.lower(): {side: _levels(one, side) for side in ("bid", "ask")} for venue, one in venues.items()}
        for name, venues in books.items()
    }
    return {
        name: venues
        for name, venues in sides.items()
        if len(venues) == 2 and all(levels for book in venues.values() for levels in book.values())
    }


def test_how_many_symbols_both_venues_quote(universe: Universe, books: Books) -> None:
    assert len(books) == 327
    assert universe.symbols.height == universe.pairs.height == 304
    assert {row.replace("/", "") for row in universe.pairs["symbol_a"]} == set(_both(books))
    assert universe.alone["venue"].unique().to_list() == ["okx"]
    assert {row.replace("/", "") for row in universe.alone["symbol"]} == set(books) - set(_both(books))


def test_shares_of_symbols_above_each_level(measured: pl.DataFrame) -> None:
    shares = edge_shares(measured, [0.0, 5.0, 10.0, 20.0, 50.0])
    assert shares["pairs"].unique().to_list() == [304]
    assert shares["gross_share"].to_list()[:3] == pytest.approx([0.132, 0.049, 0.030], abs=0.0005)
    assert shares["gross_share"][3] == pytest.approx(0.0066, abs=0.00005)
    assert shares["gross_pairs"].to_list() == [40, 15, 9, 2, 0]
    assert shares["net_share"].null_count() == 5
    best = measured.row(0, named=True)
    assert best["pair"] == "GMT/USDT binance-okx"
    assert best["gross_best_bps"] == pytest.approx(42.7, abs=0.05)
    assert (best["direction"], best["sell_venue"], best["buy_venue"]) == ("ba", "okx", "binance")


def _slow_trade(
    bids: list[list[float]], asks: list[list[float]], keep: float, pay: float
) -> tuple[float, float, float]:
    """Match level against level while a unit still pays; quantity, what is paid before fees, profit."""
    sells, buys = [list(level) for level in bids], [list(level) for level in asks]
    quantity = paid = profit = 0.0
    while sells and buys and sells[0][0] * keep > buys[0][0] * pay:
        size = min(sells[0][1], buys[0][1])
        quantity, paid = quantity + size, paid + size * buys[0][0]
        profit += size * (sells[0][0] * keep - buys[0][0] * pay)
        for side in (sells, buys):
            side[0][1] -= size
            if side[0][1] <= 0:
                side.pop(0)
    return quantity, paid, profit


@pytest.mark.parametrize("fee_bps", [0.0, 3.0])
def test_edges_and_sizes_recounted(snapshot: TickStore, universe: Universe, books: Books, fee_bps: float) -> None:
    pairs = universe.stream_pairs()
    fees = {stream: FeeSchedule.from_bps(fee_bps, fee_bps) for pair in pairs for stream in pair.streams}
    found = {
        row["symbol_a"].replace("/", ""): row for row in snapshot_edges(snapshot, pairs, fees).iter_rows(named=True)
    }
    keep, pay = 1 - fee_bps * 1e-4, 1 + fee_bps * 1e-4
    traded = 0
    for name, venues in _both(books).items():
        row, a, b = found[name], venues["binance"], venues["okx"]
        edges = [1e4 * (one["bid"][0][0] / two["ask"][0][0] - 1) for one, two in ((a, b), (b, a))]
        assert [row["gross_ab_bps"], row["gross_ba_bps"]] == pytest.approx(edges, rel=1e-9, abs=1e-9)
        net = [1e4 * ((1 + edge * 1e-4) * keep / pay - 1) for edge in edges]
        assert row["net_best_bps"] == pytest.approx(max(net), rel=1e-9, abs=1e-9)
        seller, buyer = (a, b) if edges[0] >= edges[1] else (b, a)
        quantity, paid, profit = _slow_trade(seller["bid"], buyer["ask"], keep, pay)
        assert row["quantity_base"] == pytest.approx(quantity, rel=1e-9)
        assert row["notional_quote"] == pytest.approx(paid, rel=1e-9)
        assert row["profit_quote"] == pytest.approx(profit, rel=1e-6, abs=1e-9)
        assert (row["executable_bps"] is None) == (quantity == 0)
        assert row["levels"] == min(len(seller["bid"]), len(buyer["ask"])) == 5
        traded += quantity > 0
    assert traded == (40 if fee_bps == 0 else sum(row["net_best_bps"] > 0 for row in found.values()))


def test_the_map_of_networks(universe: Universe) -> None:
    assert universe.venues.select("venue", "networks", "unmapped").rows() == [("binance", 405, 1), ("okx", 275, 5)]
    assert universe.unmapped.select("venue", "network", "assets").rows() == [
        ("binance", "Avalanche", ["AVAX"]), ("okx", "CELO-TOKEN", ["CELO"]), ("okx", "Chiliz Chain", ["CHZ"]),
        ("okx", "Metis (Token Transfer)", ["METIS"]), ("okx", "Optimism (V2)", ["VELODROME"]),
        ("okx", "Polygon (Bridged)", ["USDC"]),
    ]  # fmt: skip
    rows = {row["coin"]: row for row in universe.pairs.iter_rows(named=True)}
    for coin, home in {"XRP": "xrp_ledger", "DOGE": "dogecoin", "ADA": "cardano", "HBAR": "hedera"}.items():
        assert home in rows[coin]["networks"], coin
        assert (rows[coin]["identity"], rows[coin]["identity_ground"]) == ("verified", "native")
    assert (rows["GMT"]["open_ab"], rows["GMT"]["unknown_ab"] > 0) == (0, True)
    shared = universe.by_venue_pair().row(0, named=True)
    assert (shared["both_ways"], shared["one_way"], shared["unsaid"] + shared["shut"]) == (0, 0, 304)


def test_the_withdrawal_fee_of_every_symbol(snapshot: TickStore, measured: pl.DataFrame, books: Books) -> None:
    found = withdrawal_fees(snapshot.networks(), measured, notional_quote=500.0)
    rows = {(row["venue"], row["symbol"].replace("/", ""), row["network"]): row for row in found.iter_rows(named=True)}
    seen = 0
    for name, sides in _both(books).items():
        for venue, one in books[name].items():
            book = sides[venue.lower()]
            mid = (book["bid"][0][0] + book["ask"][0][0]) / 2
            # Binance lists Kadena twice for KDA: a network is one row in the store, the later one
            for chain in {chain["name"]: chain for chain in one["network"]}.values():
                row = rows[venue.lower(), name, chain["name"]]
                assert (row["fee"], row["min_withdraw"]) == (chain["fee"], chain["minWd"])
                assert row["mid"] == pytest.approx(mid, rel=1e-12)
                assert row["fee_quote"] == pytest.approx(chain["fee"] * mid, rel=1e-12)
                assert row["fee_bps"] == pytest.approx(1e4 * chain["fee"] * mid / 500.0, rel=1e-12)
                assert row["below_minimum"] == (chain["minWd"] * mid > 500.0)
                seen += 1
    assert seen == len(rows) == found.height
    assert found.select("venue", "symbol").unique().height == 608
    assert found["fee_quote"].null_count() == 0


def _store(store: TickStore, *mids: float, depth: bool = False) -> TickStore:
    for venue, mid in zip(("gate", "mexc"), mids, strict=True):
        fill(store, quotes([0.0, 10.0], venue=venue, mid=mid))
        if depth:
            best, none = round(mid, 6), [None] * 7
            row = {
                "venue": venue, "symbol": "AAA/USDT", "recv_ns": START + 9 * SECOND,
                "bids": [best, best - 0.02, best - 0.03, *none], "bid_sizes": [1.0, 5.0, 7.0, *none],
                "asks": [best, best + 0.02, best + 0.03, *none], "ask_sizes": [1.0, 6.0, 8.0, *none],
            }  # fmt: skip
            fill(store, pl.DataFrame([row], schema_overrides={name: pl.Array(pl.Float64, 10) for name in
                 ("bids", "bid_sizes", "asks", "ask_sizes")}), table="depth")  # fmt: skip
    return store


def test_top_of_book_where_there_is_no_depth(store: TickStore) -> None:
    row = snapshot_edges(_store(store, 101.0, 100.0), [PAIR], FEES).row(0, named=True)
    assert row["gross_ab_bps"] == pytest.approx(1e4 * (100.99 / 100.01 - 1))
    assert row["net_ab_bps"] == pytest.approx(1e4 * (100.99 * 0.9990 / (100.01 * 1.0005) - 1))
    assert row["net_ba_bps"] == pytest.approx(1e4 * (99.99 * 0.9995 / (101.01 * 1.0010) - 1))
    assert (row["sell_venue"], row["buy_venue"], row["levels"], row["exhausted"]) == ("gate", "mexc", 1, True)
    assert row["quantity_base"] == pytest.approx(2.0)  # both second rows: a bid of 2 and an ask of 3
    assert row["notional_quote"] == pytest.approx(2.0 * 100.01)
    assert row["executable_bps"] == pytest.approx(row["net_ab_bps"])
    assert row["reason"] == ""


def test_depth_below_the_latest_quote(store: TickStore) -> None:
    row = snapshot_edges(_store(store, 101.0, 100.0, depth=True), [PAIR]).row(0, named=True)
    # sold: the quote's 2 at 100.99, then 5 and 7 below; the depth row's own best (101.00) is not worse and is left out
    assert row["levels"] == 3
    assert row["quantity_base"] == pytest.approx(2.0 + 5.0 + 7.0)
    paid = 3.0 * 100.01 + 6.0 * 100.02 + 5.0 * 100.03
    assert row["notional_quote"] == pytest.approx(paid)
    assert row["profit_quote"] == pytest.approx(2.0 * 100.99 + 5.0 * 100.98 + 7.0 * 100.97 - paid)
    assert row["exhausted"]
    narrow = snapshot_edges(store, [PAIR], threshold_bps=97.0).row(0, named=True)
    assert 1e4 * (100.98 / 100.01 - 1) < 97.0 < 1e4 * (100.99 / 100.01 - 1)
    assert (narrow["quantity_base"], narrow["exhausted"]) == (pytest.approx(2.0), False)


def test_a_pair_without_an_edge_trades_nothing(store: TickStore) -> None:
    row = snapshot_edges(_store(store, 100.0, 100.0), [PAIR], FEES).row(0, named=True)
    assert row["net_best_bps"] == pytest.approx(1e4 * (99.99 * 0.9995 / (100.01 * 1.0010) - 1))
    assert row["direction"] == "ba"  # the venue with the larger fee is better bought on than sold on
    assert (row["quantity_base"], row["notional_quote"], row["profit_quote"]) == (0.0, 0.0, 0.0)
    assert row["executable_bps"] is None


def test_the_last_instant_of_both(store: TickStore) -> None:
    fill(store, quotes([0.0, 10.0, 20.0], venue="gate", mid=[100.0, 101.0, 99.0]), quotes([12.0], venue="mexc"))
    row = snapshot_edges(store, [PAIR]).row(0, named=True)
    assert [(row[name] - START) // SECOND for name in ("at_ns", "recv_a_ns", "recv_b_ns")] == [12, 10, 12]
    assert (row["mid_a"], row["mid_b"]) == (101.0, 100.0)
    early = snapshot_edges(store, [PAIR], at=START + 5 * SECOND).row(0, named=True)
    assert (early["mid_a"], early["mid_b"], early["gross_best_bps"], early["direction"]) == (100.0, None, None, None)
    assert early["reason"] == "no quote of mexc in the 60 s before"
    assert early["quantity_base"] is None
    stale = snapshot_edges(store, [PAIR], at=START + 70 * SECOND, max_age_s=55.0).row(0, named=True)
    assert stale["reason"] == "no quote of mexc in the 55 s before"


def test_a_side_that_is_empty(store: TickStore) -> None:
    bare = quotes([0.0], venue="mexc").with_columns(bid=pl.lit(None, pl.Float64), bid_size=pl.lit(None, pl.Float64))
    fill(store, quotes([0.0], venue="gate"), bare)
    row = snapshot_edges(store, [PAIR]).row(0, named=True)
    assert (row["reason"], row["gross_ab_bps"], row["gross_best_bps"]) == ("mexc has no bid", None, None)
    assert edge_shares(snapshot_edges(store, [PAIR]), [0.0])["pairs"].to_list() == [0]


def test_what_cannot_be_measured(store: TickStore) -> None:
    _store(store, 100.0, 100.0)
    with pytest.raises(BadInput, match="max_age_s: expected seconds above zero"):
        snapshot_edges(store, [PAIR], max_age_s=0.0)
    with pytest.raises(BadInput, match="fees: expected a schedule of mexc AAA/USDT"):
        snapshot_edges(store, [PAIR], {PAIR.streams[0]: FEES[PAIR.streams[0]]})
    with pytest.raises(BadInput, match="quotes of okx AAA/USDT: expected a stream in the store, was none"):
        snapshot_edges(store, [StreamPair("gate", "AAA/USDT", "okx", "AAA/USDT")])
    assert snapshot_edges(store, []).is_empty()


def test_fees_of_a_multiple_of_a_coin(store: TickStore) -> None:
    for venue, symbol, mid in (("gate", "1000PEPE/USDT", 0.01), ("mexc", "1000PEPE/USDT", 0.01)):
        fill(store, quotes([0.0], venue=venue, symbol=symbol, mid=mid, step=0.0001))
    networks = pl.DataFrame(
        [
            {"venue": "gate", "asset": "PEPE", "network": "ETH", "fee": 100_000.0, "fee_fraction": 0.001},
            {"venue": "mexc", "asset": "1000PEPE", "network": "Somewhere", "fee": 100.0, "min_withdraw": 200_000.0},
        ],
        schema={name: dtype for name, dtype in NETWORKS.schema.items() if name != "recv_ns"},
    )
    edges = snapshot_edges(store, [StreamPair("gate", "1000PEPE/USDT", "mexc", "1000PEPE/USDT")])
    found = withdrawal_fees(networks, edges).rows_by_key("venue", named=True, unique=True)
    assert (found["gate"]["asset"], found["mexc"]["asset"]) == ("PEPE", "1000PEPE")
    assert (found["gate"]["mid"], found["mexc"]["mid"]) == (pytest.approx(0.00001), pytest.approx(0.01))
    assert found["gate"]["fee_quote"] == pytest.approx(100_000 * 0.00001 + 0.001 * 1_000)
    assert found["gate"]["fee_bps"] == pytest.approx(20.0)
    assert found["mexc"]["network_canonical"] is None
    assert found["mexc"]["below_minimum"]
    nothing = withdrawal_fees(networks.clear(), edges)
    assert nothing.select("venue", "network", "fee_quote").rows() == [("gate", None, None), ("mexc", None, None)]


def test_fees_of_what_is_no_snapshot() -> None:
    with pytest.raises(SchemaError, match=r"frame of edges: expected columns .*was no venue_a"):
        withdrawal_fees(NETWORKS.empty(), pl.DataFrame())
    with pytest.raises(BadInput, match="notional_quote"):
        withdrawal_fees(NETWORKS.empty(), pl.DataFrame(), notional_quote=0.0)
