"""How fast the formats of venues and vendors are read, and how fast a book is rebuilt."""

from __future__ import annotations

import gzip
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import orjson

from arbresearch.store.importers import Source
from arbresearch.store.importers.binance_raw import BinanceRaw
from arbresearch.store.importers.book import OrderBook
from arbresearch.store.importers.tardis import Tardis
from tests.benchmarks.kit import Figure, bench, median_s, paired

RECV = 1_723_161_254_000_000_000
LINES = 100_000
CHANGES = 400_000


def _raw_lines(count: int) -> list[bytes]:
    """Write lines as Binance does: of ten, seven book tickers, two trades and a diff of twenty levels."""
    generator = np.random.default_rng(5)
    walk = np.cumsum(generator.integers(-1, 2, count))
    lines = [b'%d {"lastUpdateId":0,"bids":[["9000.00","1"]],"asks":[["11000.00","1"]]}' % RECV]
    for number in range(1, count):
        recv, price = RECV + number * 1_000_000, 10_000 + int(walk[number]) / 100
        size = f"{generator.integers(1, 10**8) / 10**5:.8f}"
        match number % 10:
            case 0:
                bids = [[f"{price - level / 100:.8f}", size] for level in range(10)]
                asks = [[f"{price + 10 + level / 100:.8f}", size] for level in range(10)]
                data = {
                    "e": "depthUpdate",
                    "E": RECV // 10**6,
                    "s": "BTCUSDT",
                    "U": number - 9,
                    "u": number,
                    "b": bids,
                    "a": asks,
                }
                stream = "btcusdt@depth@100ms"
            case 3 | 6:
                data = {"e": "trade", "E": RECV // 10**6, "s": "BTCUSDT", "t": number, "p": f"{price:.8f}", "q": size}
                data |= {"T": RECV // 10**6, "m": bool(number % 2), "M": True}
                stream = "btcusdt@trade"
            case _:
                data = {"u": number, "s": "BTCUSDT", "b": f"{price:.8f}", "B": size, "a": f"{price + 1:.8f}", "A": size}
                stream = "btcusdt@bookTicker"
        lines.append(b"%d %s" % (recv, orjson.dumps({"stream": stream, "data": data})))
    return lines


def _read(form: BinanceRaw | Tardis, path: Path) -> None:
    for _ in form.read(Source(path), 500_000):
        pass


@bench("import")
def raw_lines() -> Iterator[Figure]:
    """Measure raw Binance lines read into frames, book rebuilt, against parsing each line's JSON and nothing more."""
    folder = Path(tempfile.mkdtemp())
    try:
        lines = _raw_lines(LINES)
        path = folder / "btcusdt.gz"
        path.write_bytes(gzip.compress(b"\n".join(lines), 6))
        ours, theirs, ratio = paired(
            lambda: _read(BinanceRaw(), path),
            lambda: [orjson.loads(line.split(b" ", 1)[1]) for line in lines],
            rounds=3,
        )
        rate = LINES / ours
        yield Figure("import", "binance-raw lines", rate, "lines/s", ">= 200_000", LINES / theirs, ratio)
    finally:
        shutil.rmtree(folder)


@bench("import")
def tardis_changes() -> Iterator[Figure]:
    """Measure incremental_book_L2 rows read, rebuilt and turned into depth and quotes."""
    folder = Path(tempfile.mkdtemp())
    try:
        generator = np.random.default_rng(6)
        prices, sides = generator.integers(0, 400, CHANGES), generator.integers(0, 2, CHANGES)
        amounts = generator.integers(0, 50, CHANGES)
        lines = [b"exchange,symbol,timestamp,local_timestamp,is_snapshot,side,price,amount"]
        for row, (price, ask, amount) in enumerate(zip(prices.tolist(), sides.tolist(), amounts.tolist(), strict=True)):
            time = RECV // 1000 + row // 8 * 500
            side, level = (b"ask", 10_000 + price) if ask else (b"bid", 9_999 - price)
            snapshot = b"true" if row < 8 else b"false"
            fields = (time, time + 40, snapshot, side, level / 100, amount / 10)
            lines.append(b"binance,BTCUSDT,%d,%d,%s,%s,%.2f,%.1f" % fields)
        path = folder / "book.csv.gz"
        path.write_bytes(gzip.compress(b"\n".join(lines), 6))
        seconds = median_s(lambda: _read(Tardis(), path), rounds=3)
        yield Figure("import", "tardis incremental_book_L2 rows", CHANGES / seconds, "rows/s")
    finally:
        shutil.rmtree(folder)


@bench("import")
def book_changes() -> Iterator[Figure]:
    """Measure level changes replayed into a book with its top after each message, against a sorted dictionary."""
    generator = np.random.default_rng(7)
    count, size = 200_000, 20
    is_bid = generator.random(count) < 0.5
    prices = (
        np.where(is_bid, 9_999 - generator.integers(0, 300, count), 10_000 + generator.integers(0, 300, count)) / 100
    )
    amounts = np.where(generator.random(count) < 0.3, 0.0, generator.random(count))
    starts = np.arange(0, count + 1, size)
    never = np.zeros(starts.size - 1, dtype=bool)

    def fast() -> None:
        OrderBook().replay(starts, never, ~never, is_bid, prices, amounts)

    flat = list(zip(is_bid.tolist(), prices.tolist(), amounts.tolist(), strict=True))

    def slow() -> None:
        sides: tuple[dict[float, float], dict[float, float]] = ({}, {})
        for first in range(0, count, size):
            for bid, price, amount in flat[first : first + size]:
                side = sides[0 if bid else 1]
                side.pop(price, None)
                if amount:
                    side[price] = amount
            sorted(sides[0], reverse=True)[:10]
            sorted(sides[1])[:10]

    ours, theirs, ratio = paired(fast, slow, rounds=3)
    yield Figure("import", "book level changes", count / ours, "changes/s", None, count / theirs, ratio)
