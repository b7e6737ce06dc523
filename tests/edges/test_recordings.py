"""Real recordings: the facts measured on them with independent code, gross and before fees."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from arbresearch.core import FeeSchedule
from arbresearch.edges import Pair, align, edges, episodes, survival, time_share, walk_books

FREE = FeeSchedule(0.0, 0.0)
SIDES = ["bid", "bid_size", "ask", "ask_size"]


@pytest.fixture(scope="module")
def link(shared_data: Path) -> Pair:
    """Binance (A) and Huobi (B) spot LINK/USDT on a one second grid."""
    columns = {"b1": "bid", "bv1": "bid_size", "a1": "ask", "av1": "ask_size"}
    frames = []
    for name in ("bnc", "hb"):
        frame = pl.read_csv(shared_data / "link_binance_huobi_l10" / f"orderbook_{name}.csv")
        time = pl.col("timestamp").str.to_datetime(time_unit="ns").dt.epoch("ns").alias("recv_ns")
        frames.append(frame.select(time, *(pl.col(old).cast(pl.Float64).alias(new) for old, new in columns.items())))
    return align(*frames)


@pytest.fixture(scope="module")
def lunc(shared_data: Path) -> Pair:
    """MEXC spot (A) and Gate perpetual (B) LUNC, receive clock only."""
    folder = shared_data / "lunc_mexc_gate_bbo"
    columns = {"bid_price": "bid", "bid_qty": "bid_size", "ask_price": "ask", "ask_qty": "ask_size"}
    frames = [
        pl.read_parquet(folder / f"{name}.parquet").select(
            pl.col("timestamp").dt.epoch("ns").alias("recv_ns"),
            *(pl.col(old).alias(new) for old, new in columns.items()),
        )
        for name in ("lunc_mexc_spot", "lunc_gateio_futures")
    ]
    return align(*frames).overlap()


@pytest.fixture(scope="module")
def bitcoin_depth(shared_data: Path) -> dict[str, pl.DataFrame]:
    """Binance spot and perpetual BTC books, ten levels kept."""
    folder = shared_data / "binance_btc_spot_perp_depth"
    return {
        name: pl.read_parquet(folder / f"lobdeep_btc_{name}_2026-02-16_04.parquet").select(
            recv_ns=pl.col("ts_ms") * 1_000_000,
            event_ns=pl.col("exch_ts_ms") * 1_000_000,
            **{side: pl.col(f"{side}s_px").list.first() for side in ("bid", "ask")},
            **{f"{side}_size": pl.col(f"{side}s_qty").list.first() for side in ("bid", "ask")},
            asks=pl.col("asks_px").list.head(10).list.to_array(10),
            ask_sizes=pl.col("asks_qty").list.head(10).list.to_array(10),
        )
        for name in ("spot", "fut")
    }


def test_link_edges(link: Pair) -> None:
    best = edges(link, FREE, FREE)["gross_best_bps"]
    assert len(link) == 7_200
    assert (best > 0.0).mean() == pytest.approx(0.186, abs=0.0005)
    assert (best > 5.0).mean() == pytest.approx(0.00056, abs=0.000005)
    assert best.max() == pytest.approx(8.0, abs=0.05)
    assert best.mean() == pytest.approx(-1.0, abs=0.05)
    assert best.quantile(0.99) == pytest.approx(2.2, abs=0.05)
    assert not (link.bid_a > link.ask_a).any()
    assert not (link.bid_b > link.ask_b).any()


def test_link_episodes(link: Pair) -> None:
    found = episodes(link, 0.0)
    assert found.height == 750
    assert found["duration_s"].median() == 1.0
    assert found["duration_s"].max() == 27.0
    assert not found["censored"].any()
    lasting = survival(found, [0.999, 1.0, 26.9, 27.0])
    assert lasting.median_s == 1.0
    assert lasting.frame["survival"].to_list() == pytest.approx([1.0, found["duration_s"].gt(1.0).mean(), 1 / 750, 0.0])


def test_lunc_edges(lunc: Pair) -> None:
    minutes = (lunc.recv_ns[-1] - lunc.recv_ns[0]) / 60e9
    assert minutes == pytest.approx(93 + 19 / 60, abs=1 / 60)
    shares = time_share(lunc, [0.0, 5.0, 10.0, 20.0, 50.0])
    wanted = [0.162, 0.056, 0.0073, 0.0015, 0.0007]
    assert shares["share_of_updates"].to_list() == pytest.approx(wanted, abs=0.0005)
    assert shares["share_of_time"][0] == pytest.approx(0.164, abs=0.0005)
    found = edges(lunc, FREE, FREE)
    assert found["gross_ab_bps"].median() == pytest.approx(-2.8, abs=0.05)
    assert found["gross_ab_bps"].quantile(0.99) == pytest.approx(8.4, abs=0.05)
    assert found["gross_ba_bps"].median() == pytest.approx(-11.3, abs=0.05)
    assert found["gross_ba_bps"].quantile(0.99) == pytest.approx(0.0, abs=0.05)


def test_lunc_episodes_fill_the_share_of_time(lunc: Pair) -> None:
    found = episodes(lunc, 0.0)
    total = (lunc.recv_ns[-1] - lunc.recv_ns[0]) / 1e9
    assert found["duration_s"].sum() / total == pytest.approx(time_share(lunc, 0.0)["share_of_time"][0], rel=1e-9)


def test_lunc_staleness_only_removes(lunc: Pair) -> None:
    limit = 2_000_000_000
    strict = align(_quotes(lunc, "a"), _quotes(lunc, "b"), max_age_ns=limit)
    found = episodes(strict, 0.0)
    assert found["censored"].sum() > 0
    ends = found.filter("censored")["end_ns"].to_numpy()
    rows = np.searchsorted(strict.recv_ns, ends, side="right") - 1
    updated = np.minimum(strict.recv_ns - strict.age_a_ns, strict.recv_ns - strict.age_b_ns)
    assert (np.isin(ends, updated[rows] + limit) | (ends == strict.recv_ns[-1])).all()
    assert found["duration_s"].sum() < episodes(lunc, 0.0)["duration_s"].sum()


def test_bitcoin_depth_edges(bitcoin_depth: dict[str, pl.DataFrame]) -> None:
    spot, perpetual = bitcoin_depth["spot"], bitcoin_depth["fut"]
    pair = align(spot, perpetual)
    found = edges(pair, FREE, FREE)
    assert found["gross_ab_bps"].mean() == pytest.approx(4.8, abs=0.05)
    assert (found["gross_ab_bps"] > 5.0).mean() == pytest.approx(0.33, abs=0.005)
    assert found["gross_ba_bps"].max() < 0.0
    assert episodes(pair, 0.0, direction="ba").height == 0
    for frame, delay_ms in ((spot, 187), (perpetual, 201)):
        assert not (frame["bid"] > frame["ask"]).any()
        assert (frame["recv_ns"] - frame["event_ns"]).median() == delay_ms * 1_000_000
    ages = pair.frame(event_ages=True)
    assert (ages["event_age_a_ns"] >= ages["age_a_ns"]).all()


def test_bitcoin_depth_walk(bitcoin_depth: dict[str, pl.DataFrame]) -> None:
    spot = bitcoin_depth["spot"]
    found = walk_books(spot["asks"], spot["ask_sizes"], spot["ask_size"].to_numpy())
    assert found["vwap"].to_list() == pytest.approx(spot["ask"].to_list(), rel=1e-12)
    assert found["slippage_bps"].max() == pytest.approx(0.0, abs=1e-6)
    deeper = walk_books(spot["asks"], spot["ask_sizes"], notional=200_000.0)
    assert (deeper["slippage_bps"] >= 0.0).all()
    assert deeper["slippage_bps"].max() > 0.0


@pytest.mark.parametrize(("coin", "wanted_bps"), [("btc", 3.8), ("eth", 4.4)])
def test_binance_spot_against_perpetual(shared_data: Path, coin: str, wanted_bps: float) -> None:
    folder = shared_data / "binance_bookticker_raw"
    spot = _book_tickers(folder / "spot" / f"{coin}usdt_20240808.gz")
    perpetual = _book_tickers(folder / "usdm" / f"{coin}usdt_20240808.gz")
    pair = align(spot, perpetual).overlap()
    found = edges(pair, FREE, FREE)
    on_spot_updates = found["gross_ab_bps"].filter(pl.Series(pair.age_a_ns == 0))
    assert on_spot_updates.mean() == pytest.approx(wanted_bps, abs=0.05)
    assert not (pair.bid_a > pair.ask_a).any()
    assert not (pair.bid_b > pair.ask_b).any()


def test_snapshot_of_binance_and_okx(shared_data: Path) -> None:
    books = json.loads((shared_data / "binance_okx_l5_snapshot" / "books_and_networks.json").read_text())
    best = {}
    for symbol, venues in books.items():
        sides = [
            [_top(venues.get(venue, {}), "bid"), _top(venues.get(venue, {}), "ask")] for venue in ("Binance", "OKX")
        ]
        if all(side for book in sides for side in book):
            rows = [(0, *book[0], *book[1]) for book in sides]
            frames = [pl.DataFrame([row], schema=["recv_ns", *SIDES], orient="row") for row in rows]
            frames = [one.with_columns(pl.col(SIDES).cast(pl.Float64)) for one in frames]
            best[symbol] = edges(align(*frames), FREE, FREE)["gross_best_bps"][0]
    values = pl.Series(list(best.values()))
    assert values.len() == 304
    assert (values > 0.0).mean() == pytest.approx(0.132, abs=0.0005)
    assert (values > 5.0).mean() == pytest.approx(0.049, abs=0.0005)
    assert (values > 10.0).mean() == pytest.approx(0.030, abs=0.0005)
    assert (values > 20.0).mean() == pytest.approx(0.0066, abs=0.00005)
    assert values.max() == pytest.approx(42.7, abs=0.05)
    assert max(best, key=lambda one: best[one]).startswith("GMT")


def _top(book: dict[str, list[list[float]]], side: str) -> list[float]:
    levels = book.get(side) or []
    return levels[0] if levels else []


def _quotes(pair: Pair, venue: str) -> pl.DataFrame:
    book = getattr(pair, f"book_{venue}")
    return pl.DataFrame({name: getattr(book, name) for name in ("recv_ns", *SIDES)})


def _book_tickers(path: Path) -> pl.DataFrame:
    rows = []
    with gzip.open(path, "rb") as lines:
        for line in lines:
            received, _, text = line.partition(b" ")
            if b'@bookTicker"' in text:
                data = json.loads(text)["data"]
                rows.append((int(received), *(float(data[key]) for key in "bBaA")))
    return pl.DataFrame(rows, schema=["recv_ns", *SIDES], orient="row")
