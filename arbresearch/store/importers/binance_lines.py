"""From the lines of a raw Binance recording to rows: JSON understood, symbols named, bad lines refused.

Lines written as Binance writes them are read by :mod:`arbresearch.store.importers.scan`; all others, and the
first of each symbol, here. Both give the same rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final

import numpy as np
import orjson
import polars as pl

from arbresearch.core import BadInput, ImportFailed, MarketType, Symbol, expected
from arbresearch.store.importers.base import Rejection, Source
from arbresearch.store.importers.content import Block
from arbresearch.store.importers.names import BINANCE_SPOT_QUOTES, QUOTES, unified_symbol
from arbresearch.store.importers.rebuild import TOP
from arbresearch.store.importers.scan import DIFF, QUOTE, SLOW, TRADE, Ints, Scanned, scan
from arbresearch.store.importers.sequence import DepthMessage
from arbresearch.store.importers.wire import Lines, by_magnitude_ns, empty_side, numbers, reject_when

__all__ = ["BinanceLines", "Parsed"]

_SPOT_FOLDERS: Final = frozenset({"spot"})
_SWAP_FOLDERS: Final = frozenset({"usdm", "um", "usd-m", "fapi", "futures", "swap", "perp", "perpetual"})
_FAULTS: Final = (ValueError, KeyError, TypeError, AttributeError)
_QUOTE_SCHEMA: Final[dict[str, Any]] = {
    "line": pl.Int64, "recv_ns": pl.Int64, "event": pl.Int64, "update": pl.Int64,
    "bid": pl.String, "bid_size": pl.String, "ask": pl.String, "ask_size": pl.String, "symbol": pl.String,
}  # fmt: skip
_TRADE_SCHEMA: Final[dict[str, Any]] = {
    "line": pl.Int64, "recv_ns": pl.Int64, "event": pl.Int64,
    "price": pl.String, "size": pl.String, "side": pl.String, "trade_id": pl.String, "symbol": pl.String,
}  # fmt: skip

Handler = Callable[[dict[str, Any], int, int], None]


class _Refused(ValueError):
    """A line that is not taken, with its reason code."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """What the lines of a block say.

    Parameters
    ----------
    quotes, trades
        Rows of the tables without ``venue``, with ``line`` and ``reason`` (null: fine); quotes also with ``update``.
    messages
        Symbol and depth message, in the order of the file.
    rejected, filtered
        Lines that are none of these: refused, or of streams that are left out.
    """

    quotes: pl.DataFrame
    trades: pl.DataFrame
    messages: list[tuple[str, DepthMessage]]
    rejected: list[Rejection]
    filtered: int


class BinanceLines:
    """Reads the blocks of one file and remembers its symbols.

    Parameters
    ----------
    source
        Its ``symbol``, when given, is the only one taken.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self._symbols: dict[tuple[str, bool], str | None] = {}
        self._routes: dict[str, Handler | None] = {}
        self._single: dict[str, bool] = {}
        self._block = b""
        self._early: list[tuple[dict[str, Any], int, int]] = []
        self.unread: set[str] = set()
        """Streams that were left out."""
        self.aggregates = 0
        """Aggregate trades that were left out because the single ones are there."""
        self._start()

    def _start(self) -> None:
        self._quotes: list[tuple[Any, ...]] = []
        self._trades: list[tuple[Any, ...]] = []
        self._heads: list[tuple[Any, ...]] = []
        self._levels: list[str] = []
        self._rejected: list[Rejection] = []
        self._filtered = 0

    def parse(self, block: Block, lines: Lines) -> Parsed:
        """Read the lines of the next block.

        Raises
        ------
        ImportFailed
            If the first symbol of the file is unknown, or its folder is named after the other market.
        """
        self._start()
        self._block = block.data
        self._single = {symbol: True for symbol, single in self._single.items() if single}
        markets = [(market, symbol) for market, symbol in self._symbols.items() if symbol is not None]
        scanned = scan(block.data, [market for market, _ in markets])
        names = pl.Series([symbol for _, symbol in markets], dtype=pl.String)
        self._parse_slowly(np.flatnonzero(scanned.kind == SLOW), lines)
        messages = [*_fast_messages(scanned, names, lines), *self._slow_messages(lines)]
        messages.sort(key=lambda one: one[1].line)
        return Parsed(
            pl.concat([_fast_quotes(scanned, names, lines), self._slow_quotes()]).sort("line"),
            pl.concat([_fast_trades(scanned, names, lines), self._slow_trades()]).sort("line"),
            messages,
            self._rejected,
            self._filtered,
        )

    def _parse_slowly(self, places: Iterable[int], lines: Lines) -> None:
        for place in places:
            line, number = lines.lines[place], lines.first + int(place)
            if not line:
                continue
            try:
                head, body = line.split(b" ", 1)
                message = orjson.loads(body)
                stream = message.get("stream")
                if stream is None:
                    data, handler = message, self._by_fields(message)
                else:
                    data = message["data"]
                    handler = self._routes[stream] if stream in self._routes else self._route(stream)
                if handler is None:
                    self._filtered += 1
                else:
                    handler(data, int(head), number)
            except _FAULTS as error:
                reason = str(error) if isinstance(error, _Refused) else _reason(error)
                self._rejected.append(Rejection(number, reason, lines.text(number)))
        if self._early and any(self._symbols.values()):
            waiting, self._early = self._early, []
            for snapshot in waiting:
                self._snapshot(*snapshot, early=True)

    def _route(self, stream: str) -> Handler | None:
        """Say what reads a stream; None for those that are not read (partial books, candles, prices ...)."""
        kind = stream.rpartition("!")[2] if stream.startswith("!") else stream.partition("@")[2]
        handler: Handler | None = {"bookTicker": self._quote, "trade": self._trade, "aggTrade": self._aggregate}.get(
            kind
        )
        if kind == "depth" or (kind.startswith("depth@") and kind.endswith("ms")):
            handler = self._diff
        if handler is None:
            self.unread.add(kind)
        self._routes[stream] = handler
        return handler

    def _by_fields(self, message: dict[str, Any]) -> Handler | None:
        match message.get("e"):
            case "bookTicker":
                return self._quote
            case "trade":
                return self._trade
            case "aggTrade":
                return self._aggregate
            case "depthUpdate":
                return self._diff
            case None if "lastUpdateId" in message:
                return self._snapshot
            case None if "u" in message and "B" in message:
                return self._quote
            case None if "result" not in message:
                raise _Refused("message_unknown")
        return None

    def _quote(self, data: dict[str, Any], recv_ns: int, line: int) -> None:
        stamp = data.get("T")
        symbol = self._symbol(data["s"], stamp is not None)
        self._quotes.append((line, recv_ns, stamp, int(data["u"]), data["b"], data["B"], data["a"], data["A"], symbol))

    def _trade(self, data: dict[str, Any], recv_ns: int, line: int, key: str = "t") -> None:
        symbol = self._symbol(data["s"], "M" not in data)
        side = "sell" if data["m"] else "buy"
        self._trades.append((line, recv_ns, int(data["T"]), data["p"], data["q"], side, str(data[key]), symbol))

    def _aggregate(self, data: dict[str, Any], recv_ns: int, line: int) -> None:
        if self._has_single_trades(data["s"]):
            self.aggregates += 1
            self._filtered += 1
        else:
            self._trade(data, recv_ns, line, "a")

    def _has_single_trades(self, raw: str) -> bool:
        """Return whether single trades of a symbol were seen in this block or before."""
        if raw not in self._single:
            stream = f'{raw.lower()}@trade"'.encode()
            self._single[raw] = stream in self._block or b' {"e":"trade"' in self._block
        return self._single[raw]

    def _diff(self, data: dict[str, Any], recv_ns: int, line: int) -> None:
        previous = data.get("pu")
        symbol = self._symbol(data["s"], previous is not None)
        stamp = int(data.get("T", data["E"]))
        self._book_message(
            symbol, data["b"], data["a"], (line, recv_ns, stamp, int(data["U"]), int(data["u"]), previous)
        )

    def _snapshot(self, data: dict[str, Any], recv_ns: int, line: int, *, early: bool = False) -> None:
        """Take a REST snapshot, which does not say whose it is, for the only symbol known or the first to come."""
        symbols = [symbol for symbol in self._symbols.values() if symbol is not None]
        if not symbols:
            self._early.append((data, recv_ns, line))
            return
        if len(symbols) > 1 and not early:
            raise _Refused("snapshot_ambiguous")
        last, stamp = int(data["lastUpdateId"]), data.get("T")
        self._book_message(
            symbols[0], data["bids"], data["asks"], (line, recv_ns, stamp, last, last, None), snapshot=True
        )

    def _book_message(
        self,
        symbol: str,
        bids: list[list[str]],
        asks: list[list[str]],
        head: tuple[Any, ...],
        *,
        snapshot: bool = False,
    ) -> None:
        before = len(self._levels)
        self._levels.extend(chain.from_iterable(bids))
        self._levels.extend(chain.from_iterable(asks))
        if len(self._levels) - before != 2 * (len(bids) + len(asks)):
            del self._levels[before:]
            raise _Refused("level_malformed")
        self._heads.append((*head, snapshot, len(bids), len(asks), symbol))

    def _symbol(self, raw: str, swap: bool) -> str:
        try:
            symbol = self._symbols[raw, swap]
        except KeyError:
            symbol = self._new_symbol(raw, swap)
        if symbol is None:
            raise _Refused("symbol_mixed" if self._source.symbol else "symbol_unknown")
        return symbol

    def _new_symbol(self, raw: str, swap: bool) -> str | None:
        folders = {part.lower() for part in self._source.path.parts[:-1]}
        if (
            self._source.symbol is None
            and folders & (_SPOT_FOLDERS if swap else _SWAP_FOLDERS)
            and not folders & (_SWAP_FOLDERS if swap else _SPOT_FOLDERS)
        ):
            raise ImportFailed(
                expected(
                    f"{self._source.path}: {raw}", f"a {'spot' if swap else 'futures'} market, as its folder says",
                    f"messages of a {'futures' if swap else 'spot'} market", "move the file, or give --symbol",
                )
            )  # fmt: skip
        self._symbols[raw, swap] = symbol = self._resolve(raw, swap)
        return symbol

    def _resolve(self, raw: str, swap: bool) -> str | None:
        given = self._source.symbol
        market = MarketType.SWAP if swap else MarketType.SPOT
        try:
            symbol = unified_symbol(raw, market, QUOTES if swap else BINANCE_SPOT_QUOTES)
        except BadInput as error:
            if given and not self._symbols and (Symbol.parse(given).market is not MarketType.SPOT) == swap:
                return given
            if given or self._symbols:
                return None
            raise ImportFailed(f"{self._source.path}: {error}") from error
        return symbol if given in (None, symbol) else None

    def _slow_quotes(self) -> pl.DataFrame:
        raw = _frame(self._quotes, _QUOTE_SCHEMA)
        parsed = [numbers(raw[name]) for name in TOP]
        bad = pl.any_horizontal(pl.lit(part) | raw[name].is_null() for name, (_, part) in zip(TOP, parsed, strict=True))
        reason = reject_when([(bad, "not_a_number")])
        return _quote_rows(raw.with_columns(*(values for values, _ in parsed), reason))

    def _slow_trades(self) -> pl.DataFrame:
        raw = _frame(self._trades, _TRADE_SCHEMA)
        (price, bad_price), (size, bad_size) = numbers(raw["price"]), numbers(raw["size"])
        reason = reject_when([(pl.lit(bad_price | bad_size), "not_a_number")])
        return _trade_rows(raw.with_columns(price, size, reason))

    def _slow_messages(self, lines: Lines) -> list[tuple[str, DepthMessage]]:
        """Return the depth messages with their levels as numbers, those with a bad level refused."""
        flat = pl.Series(self._levels, dtype=pl.String, strict=False).cast(pl.Float64, strict=False)
        values = flat.fill_null(float("nan")).to_numpy()
        prices, amounts = values[0::2].copy(), values[1::2].copy()
        fine = (prices > 0) & (prices < np.inf) & (amounts >= 0) & (amounts < np.inf)
        messages: list[tuple[str, DepthMessage]] = []
        end = 0
        for line, recv_ns, event, first, final, previous, snapshot, bids, asks, symbol in self._heads:
            part = slice(end, end + bids + asks)
            end = part.stop
            if not fine[part].all():
                self._rejected.append(Rejection(line, "level_malformed", lines.text(line)))
                continue
            is_bid = np.arange(bids + asks) < bids
            span = (prices[part], amounts[part])
            message = DepthMessage(
                line, lines.raw(line), recv_ns, event, first, final, previous, snapshot, is_bid, *span
            )
            messages.append((symbol, message))
        return messages


def _fast_quotes(scanned: Scanned, names: pl.Series, lines: Lines) -> pl.DataFrame:
    at = np.flatnonzero(scanned.kind == QUOTE)
    fields, values = scanned.fields[at], scanned.numbers[at]
    raw = pl.DataFrame(
        {"line": at + lines.first, "recv_ns": fields[:, 0], "event": fields[:, 2], "update": fields[:, 3]}
        | {name: values[:, place] for place, name in enumerate(TOP)}
    )
    return _quote_rows(raw.with_columns(*_known(fields[:, 8], names)))


def _fast_trades(scanned: Scanned, names: pl.Series, lines: Lines) -> pl.DataFrame:
    at = np.flatnonzero(scanned.kind == TRADE)
    fields, values = scanned.fields[at], scanned.numbers[at]
    raw = pl.DataFrame(
        {
            "line": at + lines.first, "recv_ns": fields[:, 0], "event": fields[:, 2], "trade_id": fields[:, 3],
            "maker": fields[:, 6], "price": values[:, 0], "size": values[:, 1],
        }
    )  # fmt: skip
    side = pl.when(pl.col("maker") == 1).then(pl.lit("sell")).otherwise(pl.lit("buy")).alias("side")
    return _trade_rows(raw.with_columns(*_known(fields[:, 8], names), side, pl.col("trade_id").cast(pl.String)))


def _fast_messages(scanned: Scanned, names: pl.Series, lines: Lines) -> list[tuple[str, DepthMessage]]:
    at = np.flatnonzero(scanned.kind == DIFF)
    symbols = names.to_list()
    messages: list[tuple[str, DepthMessage]] = []
    rows = zip(at.tolist(), scanned.fields[at].tolist(), scanned.levels[at].tolist(), strict=True)
    for place, (recv_ns, sent, matched, final, first, previous, _, _, market), (begin, bids, asks) in rows:
        line, part = place + lines.first, slice(begin, begin + bids + asks)
        is_bid = np.arange(bids + asks) < bids
        message = DepthMessage(
            line, lines.lines[place], recv_ns, matched if matched >= 0 else sent, first, final,
            previous if previous >= 0 else None, False, is_bid, scanned.prices[part], scanned.amounts[part],
        )  # fmt: skip
        messages.append((symbols[market], message))
    return messages


def _known(places: Ints, names: pl.Series) -> list[pl.Series | pl.Expr]:
    symbol = names.gather(places).alias("symbol")
    return [symbol, pl.lit(None, dtype=pl.String).alias("reason"), pl.when(pl.col("event") >= 0).then(pl.col("event"))]


def _quote_rows(raw: pl.DataFrame) -> pl.DataFrame:
    return raw.select(
        "line", "reason", "update", "symbol", "recv_ns", by_magnitude_ns("event").alias("event_ns"),
        *empty_side("bid", "bid_size"), *empty_side("ask", "ask_size"),
    )  # fmt: skip


def _trade_rows(raw: pl.DataFrame) -> pl.DataFrame:
    event = by_magnitude_ns("event").alias("event_ns")
    return raw.select("line", "reason", "symbol", "recv_ns", event, "price", "size", "side", "trade_id")


def _reason(error: Exception) -> str:
    if isinstance(error, orjson.JSONDecodeError):
        return "not_json"
    return "field_missing" if isinstance(error, KeyError) else "not_a_message"


def _frame(rows: Sequence[tuple[Any, ...]], schema: dict[str, Any]) -> pl.DataFrame:
    columns = zip(*rows, strict=True) if rows else ((),) * len(schema)
    named = zip(schema.items(), columns, strict=True)
    return pl.DataFrame([pl.Series(name, values, dtype=dtype, strict=False) for (name, dtype), values in named])
