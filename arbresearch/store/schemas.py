"""The tables of the store, one immutable schema object each.

A frame handed to the store has the *logical* columns named here. On disk a price or a size is an integer with
a decimal exponent (see :mod:`arbresearch.store.exact`), so nothing is lost and files are small.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import polars as pl

from arbresearch.core import SchemaError, expected

__all__ = [
    "DEPTH",
    "DEPTH_LEVELS",
    "FORMAT_VERSION",
    "FUNDING",
    "INSTRUMENTS",
    "NETWORKS",
    "QUOTES",
    "RUNS",
    "TABLES",
    "TRADES",
    "TRANSFERS",
    "Column",
    "Kind",
    "Table",
    "table",
]

FORMAT_VERSION: Final = 1
"""Version of the layout on disk. A store with a higher one is refused."""

DEPTH_LEVELS: Final = 10


class Kind(StrEnum):
    """What a column holds; decides its type in frames, its form on disk and how it is checked."""

    TEXT = "text"
    TIME = "time"
    PRICE = "price"
    SIZE = "size"
    REAL = "real"
    COUNT = "count"
    SIDE = "side"
    FLAG = "flag"

    @property
    def dtype(self) -> pl.DataType:
        """Return the Polars type in a frame."""
        return _DTYPES[self]


_DTYPES: Final[dict[Kind, pl.DataType]] = {
    Kind.TEXT: pl.String(),
    Kind.TIME: pl.Int64(),
    Kind.PRICE: pl.Float64(),
    Kind.SIZE: pl.Float64(),
    Kind.REAL: pl.Float64(),
    Kind.COUNT: pl.Int64(),
    Kind.SIDE: pl.String(),
    Kind.FLAG: pl.Boolean(),
}


@dataclass(frozen=True, slots=True)
class Column:
    """One logical column: its name, what it holds, its unit, and whether it may be null."""

    name: str
    kind: Kind
    doc: str
    required: bool = True
    levels: int = 0
    """0 for a scalar column; otherwise each row holds that many values, best first (a Polars Array)."""

    @property
    def dtype(self) -> pl.DataType:
        """Return the Polars type in a frame."""
        return pl.Array(self.kind.dtype, self.levels) if self.levels else self.kind.dtype


@dataclass(frozen=True, slots=True)
class Table:
    """One table: its columns, its clock, and what its rows are sorted by inside a file."""

    name: str
    columns: tuple[Column, ...]
    doc: str
    key: str = "symbol"
    snapshot: bool = False
    """Whether rows are full snapshots of a slowly changing state rather than events of a stream."""

    @property
    def time(self) -> str:
        """Return the name of the column that partitions by day and orders rows."""
        return "recv_ns"

    @property
    def names(self) -> tuple[str, ...]:
        """Return the column names in order."""
        return tuple(column.name for column in self.columns)

    @property
    def schema(self) -> dict[str, pl.DataType]:
        """Return the Polars schema of a frame of this table."""
        return {column.name: column.dtype for column in self.columns}

    def column(self, name: str) -> Column:
        """Return a column by name; :class:`SchemaError` when there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise SchemaError(expected(f"{self.name} column", f"one of {', '.join(self.names)}", repr(name)))

    def empty(self) -> pl.DataFrame:
        """Return a frame of this table without rows."""
        return pl.DataFrame(schema=self.schema)


_VENUE: Final = Column("venue", Kind.TEXT, "ccxt venue id")
_SYMBOL: Final = Column("symbol", Kind.TEXT, "unified symbol")
_RECV: Final = Column("recv_ns", Kind.TIME, "local receive clock, ns UTC: the one that compares across venues")
_EVENT: Final = Column("event_ns", Kind.TIME, "exchange clock, ns UTC; null where the venue sends none", required=False)


def _optional(name: str, kind: Kind, doc: str) -> Column:
    return Column(name, kind, doc, required=False)


QUOTES: Final = Table(
    "quotes",
    (
        _VENUE,
        _SYMBOL,
        _RECV,
        _EVENT,
        _optional("bid", Kind.PRICE, "best bid, quote per base; null when the side is empty"),
        _optional("bid_size", Kind.SIZE, "size at the best bid, base coin (never contracts)"),
        _optional("ask", Kind.PRICE, "best ask, quote per base; null when the side is empty"),
        _optional("ask_size", Kind.SIZE, "size at the best ask, base coin (never contracts)"),
    ),
    "Best bid and ask of one book, a row an update.",
)

TRADES: Final = Table(
    "trades",
    (
        _VENUE,
        _SYMBOL,
        _RECV,
        _EVENT,
        Column("price", Kind.PRICE, "quote per base"),
        Column("size", Kind.SIZE, "base coin"),
        _optional("side", Kind.SIDE, "side of the aggressor, 'buy' or 'sell'; null where not known"),
        _optional("trade_id", Kind.TEXT, "the venue's id of the trade"),
    ),
    "Public trades, a row each.",
)

DEPTH: Final = Table(
    "depth",
    (
        _VENUE,
        _SYMBOL,
        _RECV,
        _EVENT,
        Column("bids", Kind.PRICE, "bid prices, best first; null below the last level", False, DEPTH_LEVELS),
        Column("bid_sizes", Kind.SIZE, "base coin at each bid", False, DEPTH_LEVELS),
        Column("asks", Kind.PRICE, "ask prices, best first; null above the last level", False, DEPTH_LEVELS),
        Column("ask_sizes", Kind.SIZE, "base coin at each ask", False, DEPTH_LEVELS),
    ),
    "Ten levels a side, a row an update.",
)

FUNDING: Final = Table(
    "funding",
    (
        _VENUE,
        _SYMBOL,
        _RECV,
        _EVENT,
        Column("rate", Kind.REAL, "funding of the current interval as a fraction; positive: longs pay"),
        _optional("next_ns", Kind.TIME, "when it is next paid, ns UTC"),
        _optional("mark_price", Kind.PRICE, "mark price, quote per base"),
        _optional("index_price", Kind.PRICE, "index price, quote per base"),
        _optional("open_interest", Kind.SIZE, "open interest, base coin"),
    ),
    "Funding rate, mark and index of perpetuals, a row an update.",
)

INSTRUMENTS: Final = Table(
    "instruments",
    (
        _VENUE,
        _SYMBOL,
        _RECV,
        Column("base", Kind.TEXT, "base coin, unified code"),
        Column("quote", Kind.TEXT, "quote currency, unified code"),
        _optional("settle", Kind.TEXT, "settlement currency of a derivative; null on spot"),
        Column("market", Kind.TEXT, "spot, swap or future"),
        Column("active", Kind.FLAG, "whether the venue accepts orders"),
        Column("tick", Kind.REAL, "price step, quote per base"),
        Column("lot", Kind.REAL, "quantity step, base coin"),
        _optional("min_quantity", Kind.REAL, "smallest order, base coin"),
        _optional("min_notional", Kind.REAL, "smallest order, quote currency"),
        _optional("contract_size", Kind.REAL, "base coin of one contract; 1 on spot"),
        _optional("maker_fee", Kind.REAL, "published maker fee, fraction"),
        _optional("taker_fee", Kind.REAL, "published taker fee, fraction"),
        _optional("contract_address", Kind.TEXT, "token contract of the base coin where the venue says it"),
    ),
    "What can be traded and in which steps; a snapshot a day.",
    snapshot=True,
)

NETWORKS: Final = Table(
    "networks",
    (
        _VENUE,
        Column("asset", Kind.TEXT, "coin, unified code"),
        Column("network", Kind.TEXT, "network as the venue spells it"),
        _RECV,
        _optional("withdraw_open", Kind.FLAG, "whether withdrawals are open; null where not known"),
        _optional("deposit_open", Kind.FLAG, "whether deposits are open; null where not known"),
        _optional("fee", Kind.REAL, "fixed withdrawal fee, in the coin"),
        _optional("fee_fraction", Kind.REAL, "withdrawal fee as a fraction of the amount"),
        _optional("min_withdraw", Kind.REAL, "smallest withdrawal, in the coin"),
        _optional("max_withdraw", Kind.REAL, "largest withdrawal, in the coin"),
        _optional("min_deposit", Kind.REAL, "smallest deposit, in the coin"),
        _optional("precision", Kind.REAL, "step of the withdrawn amount, in the coin"),
        _optional("confirmations", Kind.COUNT, "block confirmations until a deposit is credited"),
        _optional("minutes", Kind.REAL, "arrival time the venue states, minutes"),
        _optional("memo", Kind.FLAG, "whether a memo or tag is needed"),
        _optional("contract_address", Kind.TEXT, "token contract on this network"),
    ),
    "Over which networks a coin moves, at what fee, open or shut; a snapshot a day.",
    key="asset",
    snapshot=True,
)

TRANSFERS: Final = Table(
    "transfers",
    (
        _VENUE,
        Column("asset", Kind.TEXT, "coin, unified code"),
        _RECV,
        Column("venue_to", Kind.TEXT, "destination venue"),
        Column("network", Kind.TEXT, "network as the sending venue spells it"),
        Column("amount", Kind.SIZE, "amount withdrawn, in the coin"),
        _optional("fee", Kind.SIZE, "fee charged, in the coin"),
        _optional("received", Kind.SIZE, "amount credited, in the coin"),
        Column(
            "status",
            Kind.TEXT,
            "planned, requested, accepted, sent, seen, credited, rejected, failed, refunded or stuck",
        ),
        _optional("requested_ns", Kind.TIME, "request, ns UTC"),
        _optional("sent_ns", Kind.TIME, "on chain, ns UTC"),
        _optional("credited_ns", Kind.TIME, "credited, ns UTC"),
        _optional("transfer_id", Kind.TEXT, "the venue's withdrawal id"),
        _optional("transaction_id", Kind.TEXT, "transaction on the network"),
    ),
    "Own transfers between venues, a row a change of state; venue is the sender.",
    key="asset",
)

RUNS: Final = Table(
    "runs",
    (
        Column("venue", Kind.TEXT, "always 'local': runs belong to no venue"),
        Column("name", Kind.TEXT, "notebook or pipeline"),
        _RECV,
        Column("run_id", Kind.TEXT, "folder of the run under reports/<name>/"),
        Column("status", Kind.TEXT, "ok or failed"),
        Column("seconds", Kind.REAL, "wall time"),
        _optional("verdict", Kind.TEXT, "the result's verdict"),
        _optional("data_hash", Kind.TEXT, "digest of the data it read"),
        _optional("result", Kind.TEXT, "result.json as text"),
    ),
    "History of notebook and pipeline runs.",
    key="name",
)

TABLES: Final[dict[str, Table]] = {
    one.name: one for one in (QUOTES, TRADES, DEPTH, FUNDING, INSTRUMENTS, NETWORKS, TRANSFERS, RUNS)
}


def table(name: str) -> Table:
    """Return the schema object of a table; :class:`SchemaError` for an unknown name."""
    try:
        return TABLES[name]
    except KeyError:
        raise SchemaError(expected("table", f"one of {', '.join(TABLES)}", repr(name))) from None
