"""Tardis.dev downloadable csv files (plain or gzipped).

Columns as in docs.tardis.dev, "Downloadable CSV files", data types (read November 2026): ``quotes`` and
``book_ticker``, ``trades``, ``book_snapshot_5`` and ``_25``, ``derivative_ticker``, ``incremental_book_L2``.
Times are integer microseconds: ``timestamp`` is the exchange's (the local one where it sends none) and
``local_timestamp`` the receiver's. An empty field means there is none. Amounts are what the exchange sends,
contracts on some futures venues: those need the size of a contract.

Books also give quotes, a row whenever the best level changes. Import the quotes or the book of a day, not both:
a quote is stored from each.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Final

import polars as pl

from arbresearch.core import BadInput, ImportFailed, expected
from arbresearch.store.importers.base import Batch, Rejection, Source, register
from arbresearch.store.importers.content import line_blocks, open_content
from arbresearch.store.importers.decode import scaled
from arbresearch.store.importers.levels import LevelBooks
from arbresearch.store.importers.names import TARDIS, listing, unified_symbol
from arbresearch.store.importers.rebuild import TOP
from arbresearch.store.importers.vendor_csv import read_fields, read_header
from arbresearch.store.importers.wire import Lines, make_batch, micros_ns, no_rows, reject_when
from arbresearch.store.schemas import DEPTH_LEVELS

__all__ = ["Tardis"]

_HEAD: Final = ("exchange", "symbol", "timestamp", "local_timestamp")
_KINDS: Final[dict[str, tuple[str, ...]]] = {
    "quotes": ("ask_amount", "ask_price", "bid_price", "bid_amount"),
    "trades": ("id", "side", "price", "amount"),
    "derivative_ticker": (
        "funding_timestamp", "funding_rate", "predicted_funding_rate", "open_interest",
        "last_price", "index_price", "mark_price",
    ),
    "incremental_book_L2": ("is_snapshot", "side", "price", "amount"),
}  # fmt: skip
_TEXTS: Final = frozenset({"exchange", "symbol", "id", "side", "is_snapshot"})
_COUNTS: Final = frozenset({"timestamp", "local_timestamp", "funding_timestamp"})
_PARTS: Final = ("asks[{}].price", "asks[{}].amount", "bids[{}].price", "bids[{}].amount")
_TRADE_SIDES: Final = ("buy", "sell", "unknown")


class Tardis:
    """Quotes, trades, book snapshots, incremental books and derivative tickers of Tardis.dev."""

    name = "tardis"
    doc = "Tardis.dev csv: quotes, trades, book_snapshot_5/25, incremental_book_L2, derivative_ticker."
    extensions: tuple[str, ...] = (".csv.gz", ".csv")
    options: tuple[str, ...] = ("venue", "symbol", "contract_size")

    def read(self, source: Source, batch_rows: int) -> Iterator[Batch]:
        """Yield the rows of whichever of the data types the header names.

        Raises
        ------
        ImportFailed
            If the file is cut or damaged, its header is that of no data type, its exchange or symbol is unknown
            and not given, or its amounts are contracts and no contract size is given.
        """
        with open_content(source.path) as content:
            header = read_header(content)
            reader = _Reader(source, header)
            lines, consumed = None, 0
            for block in line_blocks(content, batch_rows):
                lines, consumed = Lines(block), block.consumed
                frame, refused = read_fields(block, lines, reader.columns)
                yield from reader.batches(frame, refused, lines, consumed)
            if lines is not None:
                yield from reader.end(lines, consumed)


def _kind(source: Source, header: tuple[str, ...]) -> tuple[str, int]:
    """Return the data type of a header, and how many levels a side it has."""
    rest = header[len(_HEAD) :]
    if header[: len(_HEAD)] == _HEAD:
        for kind, columns in _KINDS.items():
            if rest == columns:
                return kind, 0
        levels = len(rest) // len(_PARTS)
        if levels and rest == tuple(part.format(level) for level in range(levels) for part in _PARTS):
            return "book_snapshot", levels
    known = "; ".join(f"{kind}: {','.join(columns)}" for kind, columns in _KINDS.items())
    want = f"{','.join(_HEAD)} and then one of {known}; book_snapshot: asks[0].price,asks[0].amount,..."
    raise ImportFailed(expected(f"{source.path} line 1", want, ",".join(header)[:300], "is it another format?"))


class _Reader:
    """The data type of one file, its markets, and (of an incremental file) its books."""

    def __init__(self, source: Source, header: tuple[str, ...]) -> None:
        self._source = source
        self.kind, self._levels = _kind(source, header)
        self.columns: dict[str, type[pl.DataType]] = {
            name: pl.String if name in _TEXTS else pl.Int64 if name in _COUNTS else pl.Float64 for name in header
        }
        self._markets: dict[tuple[str, str], tuple[str, str] | None] = {}
        self._books = LevelBooks()
        self._tops = pl.DataFrame(schema={"venue": pl.String, "symbol": pl.String} | dict.fromkeys(TOP, pl.Float64))

    def batches(self, raw: pl.DataFrame, refused: list[Rejection], lines: Lines, consumed: int) -> Iterator[Batch]:
        """Yield the tables a block of records feeds."""
        frame = self._named(raw)
        if self.kind == "quotes":
            yield make_batch("quotes", self._quotes(frame), lines, consumed, refused)
        elif self.kind == "trades":
            yield make_batch("trades", self._trades(frame), lines, consumed, refused)
        elif self.kind == "derivative_ticker":
            without = pl.col("funding_rate").is_null() & pl.col("reason").is_null()
            left_out = frame.filter(without).height
            funding = self._funding(frame.filter(~without))
            notes = ("rows without a funding rate are left out",) if left_out else ()
            yield make_batch("funding", funding, lines, consumed, refused, left_out, notes)
        elif self.kind == "book_snapshot":
            yield from self._book_batches(self._snapshots(frame), lines, consumed, refused)
        else:
            yield from self._book_batches(self._books.feed(self._changes(frame)), lines, consumed, refused)

    def end(self, lines: Lines, consumed: int) -> Iterator[Batch]:
        """Yield what waited for the next block."""
        if self.kind == "incremental_book_L2":
            yield from self._book_batches(self._books.end(), lines, consumed, [])

    def _named(self, raw: pl.DataFrame) -> pl.DataFrame:
        """Add venue, unified symbol and both times; refuse rows of markets that are not known."""
        pairs = raw.filter(pl.col("reason").is_null()).select("exchange", "symbol").unique(maintain_order=True)
        for exchange, symbol in pairs.iter_rows():
            if (exchange, symbol) not in self._markets:
                self._markets[exchange, symbol] = self._market(exchange or "", symbol or "")
        known = [(*pair, *market) for pair, market in self._markets.items() if market is not None]
        names = pl.DataFrame(
            known, schema=dict.fromkeys(("exchange", "symbol", "venue", "unified"), pl.String), orient="row"
        )
        return (
            raw.join(names, on=["exchange", "symbol"], how="left", maintain_order="left")
            .with_columns(
                pl.coalesce("reason", reject_when([(pl.col("unified").is_null(), "symbol_unknown")])),
                micros_ns("local_timestamp").alias("recv_ns"),
                micros_ns("timestamp").alias("event_ns"),
            )
            .drop("exchange", "symbol", "timestamp", "local_timestamp")
            .rename({"unified": "symbol"})
        )

    def _market(self, exchange: str, raw: str) -> tuple[str, str] | None:
        """Return venue and symbol of a market; None for an unknown one of a file that has known ones."""
        given, first = self._source, not any(self._markets.values())
        try:
            if given.venue and given.symbol:
                market = (given.venue, given.symbol)
            else:
                listed = listing("Tardis", TARDIS, exchange)
                market = (
                    given.venue or listed.venue,
                    given.symbol or unified_symbol(raw, listed.market, listed.quotes),
                )
        except BadInput as error:
            if first:
                raise ImportFailed(f"{given.path}: {error}") from error
            return None
        if not first and (given.symbol or given.contract_size is not None):
            one = "--symbol" if given.symbol else "--contract-size"
            found = f"{raw} beside {next(iter(self._markets))[1]}"
            todo = f"leave {one} out or split the file"
            raise ImportFailed(expected(f"{given.path}", f"one symbol, since {one} is given", found, todo))
        if exchange in TARDIS and TARDIS[exchange].in_contracts and given.contract_size is None:
            todo = "give --contract-size (coins a contract)"
            raise ImportFailed(expected(f"{given.path}: amounts of {exchange}", "base coins", "contracts", todo))
        return market

    def _sizes(self, frame: pl.DataFrame, *names: str) -> pl.DataFrame:
        if self._source.contract_size is None:
            return frame
        factor = Decimal(str(self._source.contract_size))
        return frame.with_columns(scaled(frame[name], factor) for name in names)

    def _quotes(self, frame: pl.DataFrame) -> pl.DataFrame:
        names = {"bid_price": "bid", "bid_amount": "bid_size", "ask_price": "ask", "ask_amount": "ask_size"}
        return self._sizes(frame.rename(names), "bid_size", "ask_size")

    def _trades(self, frame: pl.DataFrame) -> pl.DataFrame:
        known = pl.col("side").is_in(_TRADE_SIDES)
        checked = frame.with_columns(
            pl.coalesce("reason", reject_when([(~known, "side_unknown")])), pl.col("side").replace({"unknown": None})
        )
        return self._sizes(checked.rename({"id": "trade_id", "amount": "size"}), "size")

    def _funding(self, frame: pl.DataFrame) -> pl.DataFrame:
        named = frame.with_columns(micros_ns("funding_timestamp").alias("next_ns")).rename({"funding_rate": "rate"})
        return self._sizes(named.drop("funding_timestamp", "predicted_funding_rate", "last_price"), "open_interest")

    def _snapshots(self, frame: pl.DataFrame) -> pl.DataFrame:
        taken = min(self._levels, DEPTH_LEVELS)
        amounts = [f"{side}[{level}].amount" for side in ("bids", "asks") for level in range(taken)]
        scaled_frame = self._sizes(frame, *amounts)
        nothing = [pl.lit(None, dtype=pl.Float64)] * (DEPTH_LEVELS - taken)
        arrays = [
            pl.concat_arr([*(pl.col(f"{side}s[{level}].{part}") for level in range(taken)), *nothing]).alias(name)
            for side in ("bid", "ask")
            for part, name in (("price", f"{side}s"), ("amount", f"{side}_sizes"))
        ]
        return scaled_frame.select("line", "reason", "venue", "symbol", "recv_ns", "event_ns", *arrays)

    def _changes(self, frame: pl.DataFrame) -> pl.DataFrame:
        price, amount = pl.col("price"), pl.col("amount")
        checked = frame.with_columns(
            pl.coalesce(
                "reason",
                reject_when(
                    [
                        (~pl.col("side").is_in(["bid", "ask"]), "side_unknown"),
                        (~pl.col("is_snapshot").is_in(["true", "false"]), "flag_unknown"),
                        (price.is_null() | ~price.is_finite() | (price <= 0), "price_not_positive"),
                        (amount.is_null() | ~amount.is_finite() | (amount < 0), "size_negative"),
                        (
                            pl.col("recv_ns").is_null() | (pl.col("recv_ns") == 0) | (pl.col("event_ns") == 0),
                            "time_unit",
                        ),
                    ]
                ),
            ),
            is_bid=pl.col("side") == "bid",
            is_snapshot=pl.col("is_snapshot") == "true",
        )
        return self._sizes(checked, "amount")

    def _book_batches(
        self, depth: pl.DataFrame, lines: Lines, consumed: int, refused: list[Rejection]
    ) -> Iterator[Batch]:
        yield make_batch("depth", depth, lines, consumed, refused)
        quotes = self._changed_tops(depth.filter(pl.col("reason").is_null()))
        yield make_batch("quotes", quotes if quotes.height else no_rows("quotes"), lines, consumed)

    def _changed_tops(self, depth: pl.DataFrame) -> pl.DataFrame:
        """Return quotes of the rows whose best level is not that of the market's row before."""
        columns = {"bid": "bids", "bid_size": "bid_sizes", "ask": "asks", "ask_size": "ask_sizes"}
        tops = depth.with_columns(
            pl.col(of).arr.get(0).fill_nan(None).alias(name) for name, of in columns.items()
        ).drop(*columns.values())
        market = ["venue", "symbol"]
        joined = pl.concat(
            [self._tops.with_columns(old=pl.lit(True)), tops.with_columns(old=pl.lit(False))], how="diagonal"
        )
        moved = pl.any_horizontal(pl.col(name).ne_missing(pl.col(name).shift(1).over(market)) for name in TOP)
        first = pl.int_range(pl.len()).over(market) == 0
        self._tops = joined.group_by(market, maintain_order=True).last().select(*market, *TOP)
        return joined.filter((moved | first) & ~pl.col("old")).drop("old")


register(Tardis())
