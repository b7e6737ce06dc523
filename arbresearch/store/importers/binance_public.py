"""Binance's public data dumps (data.binance.vision): ``bookTicker`` and ``aggTrades``, spot and USD-M futures.

Columns as in the repository binance/binance-public-data, README (read November 2026): aggTrades are aggregate
trade id, price, quantity, first and last trade id, time, whether the buyer was the maker, and on spot whether it
was the best match; bookTicker (futures only) is update id, best bid and ask with quantities, transaction and event
time. Spot files have no header, futures files have one since 2022; either is taken.

Times are milliseconds; spot files from 2025-01-01 on have microseconds. They are told apart by magnitude
(:func:`~arbresearch.store.importers.wire.by_magnitude_ns`). The dumps know no receiver: ``recv_ns`` is set to the
exchange's time, which the report says, so they must not be compared with venues whose receive clock is real.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import polars as pl

from arbresearch.core import BadInput, ImportFailed, MarketType, Symbol, expected
from arbresearch.store.importers.base import Batch, Source, register
from arbresearch.store.importers.content import Block, line_blocks, open_content
from arbresearch.store.importers.names import BINANCE_SPOT_QUOTES, QUOTES, unified_symbol
from arbresearch.store.importers.vendor_csv import read_fields
from arbresearch.store.importers.wire import Lines, by_magnitude_ns, empty_side, make_batch, reject_when

__all__ = ["BinancePublic"]

_BOOK_TICKER: Final[tuple[str, ...]] = (
    "update_id", "best_bid_price", "best_bid_qty", "best_ask_price", "best_ask_qty",
    "transaction_time", "event_time",
)  # fmt: skip
_AGGREGATE: Final[tuple[str, ...]] = (
    "agg_trade_id", "price", "quantity", "first_trade_id", "last_trade_id",
    "transact_time", "is_buyer_maker", "is_best_match",
)  # fmt: skip
_FILE: Final = re.compile(r"^(?P<symbol>[A-Za-z0-9_]+)-(?P<kind>bookTicker|aggTrades)-\d{4}-\d{2}(-\d{2})?\b")
_FUTURES_FOLDERS: Final = frozenset({"um", "futures", "usdm"})
_NOTE: Final = "no receive clock in the dumps: recv_ns is the exchange's time"


class BinancePublic:
    """Book tickers and aggregate trades of the public dumps."""

    name = "binance-public"
    doc = "Binance public dumps (data.binance.vision): zipped bookTicker and aggTrades csv, spot and USD-M."
    extensions: tuple[str, ...] = (".zip", ".csv")
    options: tuple[str, ...] = ("venue", "symbol")

    def read(self, source: Source, batch_rows: int) -> Iterator[Batch]:
        """Yield quotes of a book ticker file, trades of an aggregate trade file.

        Raises
        ------
        ImportFailed
            If the file is cut or damaged, its columns are neither's, or its symbol cannot be known.
        """
        with open_content(source.path) as content:
            symbol, notes = None, (_NOTE,)
            columns: dict[str, type[pl.DataType]] = {}
            for block in line_blocks(content, batch_rows):
                if symbol is None:
                    columns, headed = _columns(source, block)
                    symbol = _symbol(source, columns)
                    block = _without_header(block) if headed else block
                if not block.data:
                    continue
                lines = Lines(block)
                raw, refused = read_fields(block, lines, columns)
                named = raw.with_columns(venue=pl.lit(source.venue or "binance"), symbol=pl.lit(symbol))
                table, frame = ("trades", _trades(named)) if "price" in columns else ("quotes", _quotes(named))
                yield make_batch(table, frame, lines, block.consumed, refused, notes=notes)


def _columns(source: Source, block: Block) -> tuple[dict[str, type[pl.DataType]], bool]:
    """Return the columns of the file, and whether its first line names them."""
    first = block.data.split(b"\n", 1)[0].decode("utf-8-sig", "replace").rstrip("\r").split(",")
    for names in (_BOOK_TICKER, _AGGREGATE, _AGGREGATE[:-1]):
        if tuple(first) == names:
            return {column: _type(column) for column in names}, True
    by_width: dict[int, tuple[str, ...]] = {
        7: _BOOK_TICKER if _is_number(first[-1]) else _AGGREGATE[:-1],
        8: _AGGREGATE,
    }
    names = by_width.get(len(first), ())
    if not names or not _is_number(first[0]):
        raise ImportFailed(
            expected(f"{source.path} line 1", f"{','.join(_BOOK_TICKER)} or {','.join(_AGGREGATE)}, or such fields",
                     ",".join(first)[:300], "only bookTicker and aggTrades are read")
        )  # fmt: skip
    return {column: _type(column) for column in names}, False


def _is_number(text: str) -> bool:
    return text.isdigit()


def _type(name: str) -> type[pl.DataType]:
    if name.startswith("is_"):
        return pl.String
    return pl.Int64 if name.endswith(("_id", "_time")) else pl.Float64


def _without_header(block: Block) -> Block:
    _, _, rest = block.data.partition(b"\n")
    return Block(rest, block.first_line + 1, block.consumed)


def _symbol(source: Source, columns: dict[str, type[pl.DataType]]) -> str:
    """Return the symbol of the file: as given, else from its name and folder."""
    named = _FILE.match(source.path.name)
    if source.symbol:
        if named and Symbol.parse(source.symbol).market is MarketType.SPOT and "best_bid_price" in columns:
            raise ImportFailed(
                expected(
                    f"{source.path}: --symbol",
                    "a perpetual such as BTC/USDT:USDT, for only futures have bookTicker dumps",
                    source.symbol,
                )
            )
        return source.symbol
    if named is None:
        raise ImportFailed(
            expected(
                f"{source.path}", "a name such as BTCUSDT-bookTicker-2024-03-01.zip", source.path.name, "give --symbol"
            )
        )
    folders = {part.lower() for part in source.path.parts[:-1]}
    futures = "best_bid_price" in columns or bool(folders & _FUTURES_FOLDERS) or "is_best_match" not in columns
    market = MarketType.SWAP if futures else MarketType.SPOT
    try:
        return unified_symbol(named["symbol"], market, QUOTES if futures else BINANCE_SPOT_QUOTES)
    except BadInput as error:
        raise ImportFailed(f"{source.path}: {error}") from error


def _quotes(raw: pl.DataFrame) -> pl.DataFrame:
    names = {"best_bid_price": "bid", "best_bid_qty": "bid_size", "best_ask_price": "ask", "best_ask_qty": "ask_size"}
    frame = raw.rename(names)
    missing = pl.any_horizontal(pl.col(name).is_null() for name in names.values())
    return frame.select(
        "line", "venue", "symbol",
        pl.coalesce("reason", reject_when([(missing, "field_missing")])),
        by_magnitude_ns("transaction_time").alias("recv_ns"), by_magnitude_ns("transaction_time").alias("event_ns"),
        *empty_side("bid", "bid_size"), *empty_side("ask", "ask_size"),
    )  # fmt: skip


def _trades(raw: pl.DataFrame) -> pl.DataFrame:
    maker = pl.col("is_buyer_maker").str.to_lowercase()
    return raw.select(
        "line", "venue", "symbol", "price", pl.col("quantity").alias("size"),
        pl.coalesce("reason", reject_when([(~maker.is_in(["true", "false"]), "side_unknown")])),
        by_magnitude_ns("transact_time").alias("recv_ns"), by_magnitude_ns("transact_time").alias("event_ns"),
        pl.when(maker == "true").then(pl.lit("sell")).otherwise(pl.lit("buy")).alias("side"),
        pl.col("agg_trade_id").cast(pl.String).alias("trade_id"),
    )  # fmt: skip


register(BinancePublic())
