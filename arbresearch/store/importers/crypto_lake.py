"""Crypto Lake parquet: ``book`` (and ``level_1``), ``trades`` and ``funding``.

Columns as in the documentation of lakeapi and crypto-lake.com/data (read November 2026). Files as stored have
``timestamp`` and ``receipt_timestamp`` (integer nanoseconds), ``amount`` and ``id``; frames saved from lakeapi have
``origin_time``, ``received_time``, ``quantity`` and ``trade_id``. Both are taken, a time as integer nanoseconds or
as a timestamp of any precision. A book has ``bid_0_price``, ``bid_0_size`` to ``ask_19_size``, best first. Exchange
and symbol are columns, or folders of the path as in ``exchange=BINANCE/symbol=BTC-USDT/dt=2022-10-01``. An origin
time of zero or none means that the venue sends none.

A book gives depth and, whenever its best level changes, quotes; ``level_1`` only quotes. The columns of ``funding``
(``rate``, ``next_funding_time``, ``mark_price``) are not spelled out there and were not checked against a file of the
vendor; a file with others is refused and names them.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from itertools import pairwise
from typing import Final

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from arbresearch.core import BadInput, ImportFailed, expected
from arbresearch.store.importers.base import Batch, Rejection, Source, register
from arbresearch.store.importers.decode import scaled
from arbresearch.store.importers.names import CRYPTO_LAKE, listing, unified_symbol
from arbresearch.store.importers.rebuild import TOP
from arbresearch.store.importers.wire import reject_when
from arbresearch.store.schemas import DEPTH_LEVELS

__all__ = ["CryptoLake"]

_RENAMED: Final = {
    "timestamp": "origin_time", "receipt_timestamp": "received_time", "amount": "quantity", "id": "trade_id",
}  # fmt: skip
_LEVEL: Final = "{}_{}_{}"
_HEAD: Final = ("line", "venue", "symbol", "recv_ns", "event_ns")
_MARKS: Final = {"book": "bid_0_price", "trades": "price", "funding": "rate"}


class CryptoLake:
    """Books, trades and funding of Crypto Lake."""

    name = "crypto-lake"
    doc = "Crypto Lake parquet: book, level_1, trades, funding."
    extensions: tuple[str, ...] = (".parquet",)
    options: tuple[str, ...] = ("venue", "symbol", "contract_size")

    def read(self, source: Source, batch_rows: int) -> Iterator[Batch]:
        """Yield the tables of the file.

        Raises
        ------
        ImportFailed
            If the file is no whole Parquet file, has the columns of none of the tables, holds several markets, or its
            exchange or symbol is unknown and not given.
        """
        try:
            with pq.ParquetFile(source.path) as file:
                kind = _kind(source, file.schema_arrow.names)
                reader = _Reader(source, kind)
                size, row = source.path.stat().st_size, 1
                for batch in file.iter_batches(batch_size=batch_rows):
                    raw = pl.DataFrame(pl.from_arrow(batch))
                    done = size * (row - 1 + raw.height) // max(1, file.metadata.num_rows)
                    yield from reader.batches(raw, row, done)
                    row += raw.height
        except (pa.ArrowException, OSError) as error:
            raise ImportFailed(
                expected(
                    str(source.path),
                    "a whole Parquet file",
                    f"one that is cut, damaged or missing: {error}",
                    "fetch it again",
                )
            ) from error


def _kind(source: Source, names: list[str]) -> str:
    have = {_RENAMED.get(name, name) for name in names}
    kind = next((kind for kind, mark in _MARKS.items() if mark in have), None)
    if kind == "trades" and not {"quantity", "side"} <= have:
        kind = None
    if kind is None or "received_time" not in have:
        want = "received_time and those of book (bid_0_price ...), trades (price, quantity, side) or funding (rate)"
        found = ", ".join(names)[:300]
        raise ImportFailed(expected(f"{source.path}: columns", want, found, "other tables of Crypto Lake are not read"))
    return kind


class _Reader:
    """One file: which table it is, and which market."""

    def __init__(self, source: Source, kind: str) -> None:
        self._source = source
        self._kind = kind
        self._market: tuple[str, str, str, str] | None = None
        self._top: tuple[float | None, ...] | None = None

    def batches(self, raw: pl.DataFrame, first_row: int, consumed: int) -> Iterator[Batch]:
        """Yield what rows of the file give."""
        frame = raw.rename({name: _RENAMED[name] for name in raw.columns if name in _RENAMED})
        exchange, symbol = self._column(frame, "exchange"), self._column(frame, "symbol")
        if self._market is None:
            self._market = (exchange, symbol, *self._named(exchange, symbol))
        if self._market[:2] != (exchange, symbol):
            raise self._mixed(f"{self._market[:2]} and {(exchange, symbol)}")
        _, _, venue, unified = self._market
        named = frame.with_columns(
            pl.lit(venue).alias("venue"),
            pl.lit(unified).alias("symbol"),
            _time(frame, "received_time").alias("recv_ns"),
            _time(frame, "origin_time").alias("event_ns"),
            pl.int_range(first_row, first_row + frame.height, dtype=pl.Int64).alias("line"),
        ).with_columns(pl.when(pl.col("event_ns") != 0).then(pl.col("event_ns")).alias("event_ns"))
        if self._kind == "trades":
            yield _batch("trades", self._trades(named), consumed)
        elif self._kind == "funding":
            yield _batch("funding", self._funding(named), consumed)
        else:
            if "bid_1_price" in frame.columns:
                yield _batch("depth", self._depth(named), consumed)
            yield _batch("quotes", self._quotes(named), consumed)

    def _column(self, frame: pl.DataFrame, name: str) -> str:
        """Return the one value of a column, or what the path's folders say."""
        if name in frame.columns:
            values = frame[name].cast(pl.String).unique(maintain_order=True).to_list()
            if len(values) > 1:
                raise self._mixed(", ".join(map(repr, values[:5])))
            return str(values[0]) if values else ""
        folders = dict(part.split("=", 1) for part in self._source.path.parts if "=" in part)
        return folders.get(name, "")

    def _mixed(self, found: str) -> ImportFailed:
        return ImportFailed(
            expected(f"{self._source.path}", "one market", found, "split the file by exchange and symbol")
        )

    def _named(self, exchange: str, symbol: str) -> tuple[str, str]:
        given = self._source
        in_contracts = exchange in CRYPTO_LAKE and CRYPTO_LAKE[exchange].in_contracts
        if in_contracts and self._kind != "funding" and given.contract_size is None:
            raise ImportFailed(
                expected(
                    f"{given.path}: sizes of {exchange}",
                    "base coins",
                    "contracts",
                    "give --contract-size (coins a contract)",
                )
            )
        if given.venue and given.symbol:
            return given.venue, given.symbol
        try:
            listed = listing("Crypto Lake", CRYPTO_LAKE, exchange)
            return given.venue or listed.venue, given.symbol or unified_symbol(symbol, listed.market, listed.quotes)
        except BadInput as error:
            raise ImportFailed(f"{given.path}: {error}") from error

    def _sizes(self, frame: pl.DataFrame, *names: str) -> pl.DataFrame:
        if self._source.contract_size is None:
            return frame
        factor = Decimal(str(self._source.contract_size))
        return frame.with_columns(scaled(frame[name], factor) for name in names if name in frame.columns)

    def _trades(self, frame: pl.DataFrame) -> pl.DataFrame:
        side = pl.col("side").cast(pl.String).str.to_lowercase()
        ids = pl.col("trade_id").cast(pl.String) if "trade_id" in frame.columns else pl.lit(None, dtype=pl.String)
        return self._sizes(frame, "quantity").select(
            *_HEAD, "price", pl.col("quantity").alias("size"), side.alias("side"), ids.alias("trade_id"), _fine()
        )

    def _funding(self, frame: pl.DataFrame) -> pl.DataFrame:
        following = _time(frame, "next_funding_time").alias("next_ns")
        mark = ["mark_price"] if "mark_price" in frame.columns else []
        return frame.select(*_HEAD, "rate", following, *mark, _fine())

    def _levels(self, frame: pl.DataFrame, side: str, part: str) -> list[pl.Expr]:
        names = [_LEVEL.format(side, level, part) for level in range(DEPTH_LEVELS)]
        nothing = pl.lit(None, dtype=pl.Float64)
        return [pl.col(name).cast(pl.Float64) if name in frame.columns else nothing.alias(name) for name in names]

    def _depth(self, frame: pl.DataFrame) -> pl.DataFrame:
        sized = self._sizes(
            frame, *(_LEVEL.format(side, level, "size") for side in ("bid", "ask") for level in range(DEPTH_LEVELS))
        )
        bids, asks = self._levels(sized, "bid", "price"), self._levels(sized, "ask", "price")
        worse = [second >= first for first, second in pairwise(bids)]
        worse += [second <= first for first, second in pairwise(asks)]
        return sized.select(
            *_HEAD,
            reject_when([(pl.any_horizontal(worse), "levels_unordered")]),
            pl.concat_arr(bids).alias("bids"), pl.concat_arr(self._levels(sized, "bid", "size")).alias("bid_sizes"),
            pl.concat_arr(asks).alias("asks"), pl.concat_arr(self._levels(sized, "ask", "size")).alias("ask_sizes"),
        )  # fmt: skip

    def _quotes(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Return the rows whose best level is not that of the row before."""
        sized = self._sizes(frame, "bid_0_size", "ask_0_size")
        names = ("bid_0_price", "bid_0_size", "ask_0_price", "ask_0_size")
        best = (pl.col(of).cast(pl.Float64).fill_nan(None).alias(name) for of, name in zip(names, TOP, strict=True))
        tops = sized.select(*_HEAD, *best, _fine())
        moved = tops.select(
            pl.any_horizontal(pl.col(name).ne_missing(pl.col(name).shift(1)) for name in TOP)
        ).to_series()
        if tops.height:
            moved[0] = self._top != tops.select(TOP).row(0)
            self._top = tops.select(TOP).row(-1)
        return tops.filter(moved)


def _fine() -> pl.Expr:
    return pl.lit(None, dtype=pl.String).alias("reason")


def _time(frame: pl.DataFrame, name: str) -> pl.Expr:
    """Return a time as integer nanoseconds, null where the column is missing."""
    if name not in frame.columns:
        return pl.lit(None, dtype=pl.Int64)
    dtype = frame.schema[name]
    if isinstance(dtype, pl.Datetime):
        return pl.col(name).dt.epoch("ns")
    if dtype.is_integer() or dtype == pl.Null():
        return pl.col(name).cast(pl.Int64)
    raise ImportFailed(expected(f"column {name}", "integer nanoseconds or a timestamp", str(dtype), "convert it first"))


def _batch(name: str, frame: pl.DataFrame, consumed: int) -> Batch:
    bad = frame.filter(pl.col("reason").is_not_null())
    refused = tuple(
        Rejection(int(row["line"]), str(row["reason"]), str({key: row[key] for key in ("recv_ns", "event_ns")}))
        for row in bad.select("line", "reason", "recv_ns", "event_ns").iter_rows(named=True)
    )
    good = frame.filter(pl.col("reason").is_null())
    return Batch(name, good.drop("line", "reason"), good["line"], refused, consumed)


register(CryptoLake())
