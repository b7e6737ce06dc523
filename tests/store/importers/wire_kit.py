"""Raw Binance lines by hand, and what an importer makes of them."""

from __future__ import annotations

import gzip
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import orjson
import polars as pl

from arbresearch.store.importers import Batch, Source
from arbresearch.store.importers.binance_raw import BinanceRaw

RECV = 1_723_161_254_000_000_000
MS = 1_723_161_255_000
SPOT_SNAPSHOT = {"lastUpdateId": 100, "bids": [["10.0", "1.0"], ["9.9", "2.0"]], "asks": [["10.2", "3.0"]]}


def write(
    path: Path, messages: Iterable[dict[str, Any] | str], *, packed: bool = True, step_ns: int = 1_000_000
) -> Path:
    lines = [
        one if isinstance(one, str) else f"{RECV + number * step_ns} {orjson.dumps(one).decode()}"
        for number, one in enumerate(messages)
    ]
    data = ("\n".join(lines) + "\n").encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(data) if packed else data)
    return path


def stream(name: str, **data: Any) -> dict[str, Any]:
    return {"stream": f"{data['s'].lower()}@{name}", "data": data}


def spot_ticker(
    update: int, bid: str, bid_size: str, ask: str, ask_size: str, symbol: str = "BTCUSDT"
) -> dict[str, Any]:
    return stream("bookTicker", u=update, s=symbol, b=bid, B=bid_size, a=ask, A=ask_size)


def spot_diff(
    first: int, final: int, bids: list[list[str]], asks: list[list[str]], symbol: str = "BTCUSDT"
) -> dict[str, Any]:
    return stream("depth@100ms", e="depthUpdate", E=MS + final, s=symbol, U=first, u=final, b=bids, a=asks)


def swap_diff(first: int, final: int, previous: int, bids: list[list[str]], asks: list[list[str]]) -> dict[str, Any]:
    data = {
        "E": MS + final + 1,
        "T": MS + final,
        "s": "BTCUSDT",
        "U": first,
        "u": final,
        "pu": previous,
        "b": bids,
        "a": asks,
    }
    return stream("depth@0ms", e="depthUpdate", **data)


def read(path: Path, *, every_ms: int = 0, rows: int = 1000, symbol: str | None = None) -> list[Batch]:
    return list(BinanceRaw().read(Source(path, symbol=symbol, depth_interval_ms=every_ms), rows))


def rows(batches: list[Batch], table: str) -> pl.DataFrame:
    return pl.concat([one.frame for one in batches if one.table == table and one.frame.height], how="diagonal")


def refused(batches: list[Batch]) -> dict[tuple[int, str], str]:
    return {(one.line, one.reason): one.text for batch in batches for one in batch.rejected}


def notes(batches: list[Batch]) -> str:
    return "; ".join(note for batch in batches for note in batch.notes)


def levels(batches: list[Batch]) -> list[tuple[list[float], list[float], list[float], list[float]]]:
    found = rows(batches, "depth").select(
        pl.col(name).arr.to_list().list.eval(pl.element().drop_nans())
        for name in ("bids", "bid_sizes", "asks", "ask_sizes")
    )
    return found.rows()
