"""The candle trap: closing prices of candles report profit where the books that could be met had none.

A candle's close is a last trade. The closes of two venues are of different moments, and each was made at a bid or at an
ask: their difference holds the price's own move in between and half a spread of either book. Who buys one close and
sells the other trades at prices that were not offered, at once, in any size.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import polars as pl

from arbresearch.backtest.config import BacktestConfig
from arbresearch.backtest.engine import SpotArbitrageBacktester
from arbresearch.backtest.inputs import Inputs
from arbresearch.backtest.recordings import parts_of, read_trades
from arbresearch.backtest.result import BacktestResult
from arbresearch.backtest.terms import RunTerms
from arbresearch.core import BPS, NS_PER_SECOND, BadInput, ParameterError, expected, net_edge_bps
from arbresearch.edges.arrays import Bools, Floats, Times
from arbresearch.matching.taker_kernels import floor_to_lot
from arbresearch.signals.modes import AB, BA, MODES

__all__ = ["CandleTrap", "candle_trap", "closing_prices", "first_trap", "trade_closes", "trap_table"]

_TRADES: Final = {
    "time_ns": pl.Int64, "sell_a": pl.Boolean, "quantity": pl.Float64, "sell_price": pl.Float64,
    "buy_price": pl.Float64, "profit_quote": pl.Float64,
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CandleTrap:
    """The same data traded on closes of candles and on ticks.

    Parameters
    ----------
    symbol, venues
        What was traded: the symbol on A, and A and B.
    interval_s
        Length of a candle.
    closes
        What closes of A and of B are: ``last trade``, or ``last middle`` where no trades were recorded.
    candles
        At how many ends of candles both venues had a close.
    trades
        Those on closes: time_ns, sell_a, quantity, sell_price, buy_price, profit_quote, book_quote (what the same
        quantities would have brought at the best bid and ask of that very moment, after fees; NaN without a book).
    table
        One row each for ``closes of candles``, ``the same trades, in the books of that moment`` and ``ticks``: way,
        trades, profit_quote, bps_of_notional (NaN without trades).
    """

    symbol: str
    venues: tuple[str, str]
    interval_s: float
    closes: tuple[str, str]
    candles: int
    trades: pl.DataFrame
    table: pl.DataFrame

    @property
    def name(self) -> str:
        """Return symbol and venues as the pair is written."""
        return f"{self.symbol} {self.venues[0]}-{self.venues[1]}"

    @property
    def profits(self) -> tuple[float, float, float]:
        """Return the profit on closes, of the same trades in the books, and at ticks, quote currency."""
        first, second, third = self.table["profit_quote"]
        return float(first), float(second), float(third)

    @property
    def is_trap(self) -> bool:
        """Return whether candles report profit where ticks report none."""
        closes, _, ticks = self.profits
        return closes > 0.0 >= ticks


def candle_trap(
    backtester: SpotArbitrageBacktester,
    symbol: str,
    config: BacktestConfig,
    result: BacktestResult | None = None,
    *,
    interval_s: float = 60.0,
) -> CandleTrap:
    """Trade closes of candles as backtests on candles do, and hold that against the books and against ticks.

    Thresholds, fees, order size, lots and starting balances are those of the run. A candle backtest knows neither
    spread nor depth nor latency, so neither does this one: both legs fill whole, at both closes, once a candle.

    Parameters
    ----------
    backtester, symbol, config
        As :meth:`SpotArbitrageBacktester.run` takes them.
    result
        Of that run; run here when None.
    interval_s
        Length of a candle, seconds; candles end at whole multiples of it UTC. A close is the last trade before the
        end, of whatever candle: as charts fill empty candles.

    Raises
    ------
    BadInput
        As ``run``.
    ParameterError
        An interval below a second.
    """
    if not interval_s >= 1.0:
        raise ParameterError(expected("interval_s", "a second or more", interval_s))
    if config.schedule is not None:
        raise ParameterError(expected("schedule", "None: candles are traded at constant thresholds", "a schedule"))
    result = backtester.run(symbol, config) if result is None else result
    inputs, terms = backtester.load(symbol, config), backtester.conditions(symbol, config).terms
    step = round(interval_s * NS_PER_SECOND)
    ends = np.arange(inputs.start_ns // step + 1, inputs.span[1] // step + 1, dtype=np.int64) * step
    found = [_closes(backtester, inputs, venue, ends) for venue in (0, 1)]
    trades = trade_closes(ends, found[0][1], found[1][1], terms)
    trades = trades.with_columns(book_quote=pl.Series(_in_the_books(trades, inputs, terms), dtype=pl.Float64))
    known = np.isfinite(found[0][1]) & np.isfinite(found[1][1])
    return CandleTrap(
        symbol=symbol,
        venues=(inputs.streams.a.venue, inputs.streams.b.venue),
        interval_s=interval_s,
        closes=(found[0][0], found[1][0]),
        candles=int(known.sum()),
        trades=trades,
        table=_table(trades, result),
    )


def first_trap(
    backtester: SpotArbitrageBacktester, config: BacktestConfig, *, interval_s: float = 60.0, at_most: int = 12
) -> CandleTrap | None:
    """Return the first spot symbol of the same two venues, by alphabet, on which candles pay and ticks do not.

    Parameters
    ----------
    backtester, config, interval_s
        As for :func:`candle_trap`; a hedge and fees of single symbols do not count.
    at_most
        How many symbols are looked at; those that cannot be run are passed over.

    Returns
    -------
    CandleTrap or None
        None where there is none among them.
    """
    streams = set(backtester.store.streams("quotes"))
    shared = sorted(symbol for venue, symbol in streams if venue == config.venue_a and ":" not in symbol
                    and venue != config.venue_b and (config.venue_b, symbol) in streams)  # fmt: skip
    fees = {name: one for name, one in config.fees.items() if " " not in name}
    plain = replace(config, symbol_b=None, hedge=None, fees=fees)
    for symbol in shared[:at_most]:
        try:
            found = candle_trap(backtester, symbol, plain, interval_s=interval_s)
        except BadInput:
            continue
        if found.is_trap:
            return found
    return None


def trap_table(*traps: CandleTrap | None) -> pl.DataFrame:
    """Return the tables of several comparisons, one below the other, each row with its pair."""
    found = [one.table.select(pl.lit(one.name).alias("pair"), pl.all()) for one in traps if one is not None]
    return pl.concat(found) if found else pl.DataFrame()


def closing_prices(times: Times, prices: Floats, ends: Times) -> Floats:
    """Return the last price before each end of a candle, shape of ``ends``; NaN before the first.

    Parameters
    ----------
    times
        Of prices, ns, rising, shape (n,).
    prices
        Shape (n,).
    ends
        ns; a price at the very end belongs to the next candle.
    """
    rows = np.searchsorted(times, ends, side="left") - 1
    return np.where(rows >= 0, prices[np.maximum(rows, 0)], np.nan) if times.size else np.full(ends.shape, np.nan)


def trade_closes(ends: Times, close_a: Floats, close_b: Floats, terms: RunTerms) -> pl.DataFrame:
    """Trade closes against each other: the better direction above its threshold, at most one order a candle.

    Directions are those of the enabled modes. The threshold is the exit's where the trade brings inventory back, else
    the entry's, of the mode in which both legs take. The size is the order's, floored to the common lot, within coin on
    the seller and quote currency on the buyer (margin on a perpetual); what was bought is there for the next candle.

    Parameters
    ----------
    ends
        Ends of candles, ns, shape (n,).
    close_a, close_b
        Prices, shape (n,); NaN: none.
    terms
        Of the run.

    Returns
    -------
    polars.DataFrame
        time_ns, sell_a, quantity (base), sell_price, buy_price, profit_quote (after fees).
    """
    books = _Holdings(terms)
    fee = [one.taker_rate for one in terms.venues[:2]]
    closes = np.stack((close_a, close_b))
    allowed = sorted({mode.direction for mode, on in zip(MODES, terms.enabled, strict=True) if on})
    rows = []
    for place in np.flatnonzero(_worth_a_look(closes, terms, allowed)):
        best: tuple[float, int] | None = None
        for seller in allowed:
            edge = net_edge_bps(closes[seller, place], closes[1 - seller, place], fee[seller], fee[1 - seller])
            limits = terms.exit_bps if books.brings_back(seller) else terms.entry_bps
            if edge > limits[seller] and (best is None or edge > best[0]):
                best = edge, seller
        if best is not None:
            seller = best[1]
            sell, buy = float(closes[seller, place]), float(closes[1 - seller, place])
            quantity, profit = books.trade(seller, sell, buy)
            if quantity > 0.0:
                rows.append((int(ends[place]), seller == AB, quantity, sell, buy, profit))
    return pl.DataFrame(rows, schema=_TRADES, orient="row")


class _Holdings:
    """What A and B hold, and what of it an order on closes may use."""

    def __init__(self, terms: RunTerms) -> None:
        self._terms = terms
        self._base = [one.base_start for one in terms.venues[:2]]
        self._quote = [one.quote_start for one in terms.venues[:2]]
        self._tilt = 0.0

    def brings_back(self, seller: int) -> bool:
        return self._tilt < 0.0 if seller == AB else self._tilt > 0.0

    def trade(self, seller: int, sell: float, buy: float) -> tuple[float, float]:
        """Sell and buy what can be; return quantity and profit, 0 and 0 where an order would be too small."""
        strategy, venues, buyer = self._terms.strategy, self._terms.venues, 1 - seller
        paid = buy * (1.0 + venues[buyer].taker_rate)
        most = min(strategy.order_quote / buy, self._sellable(seller, sell), self._buyable(buyer, buy, paid))
        quantity = float(floor_to_lot(max(most, 0.0), strategy.common_lot))
        for known, price in ((venues[seller], sell), (venues[buyer], buy)):
            if quantity < known.min_quantity or quantity * price < known.min_notional or quantity <= 0.0:
                return 0.0, 0.0
        cash = quantity * sell * (1.0 - venues[seller].taker_rate), -quantity * paid
        for venue, coin, money in ((seller, -quantity, cash[0]), (buyer, quantity, cash[1])):
            self._base[venue] += coin
            self._quote[venue] += money
        self._tilt += quantity if seller == AB else -quantity
        return quantity, cash[0] + cash[1]

    def _sellable(self, venue: int, price: float) -> float:
        return self._base[venue] + self._margin(venue, price)

    def _buyable(self, venue: int, price: float, paid: float) -> float:
        known = self._terms.venues[venue]
        return self._margin(venue, price) - self._base[venue] if known.perpetual else self._quote[venue] / paid

    def _margin(self, venue: int, price: float) -> float:
        known = self._terms.venues[venue]
        equity = self._quote[venue] + self._base[venue] * price
        return known.leverage * equity / price if known.perpetual else 0.0


def _worth_a_look(closes: Floats, terms: RunTerms, allowed: list[int]) -> Bools:
    """Tell at which candles an edge is above the lowest threshold that it may ever have."""
    looked = np.zeros(closes.shape[1], dtype=np.bool_)
    for seller in allowed:
        kept = (1.0 - terms.venues[seller].taker_rate) / (1.0 + terms.venues[1 - seller].taker_rate)
        least = min(terms.entry_bps[seller], terms.exit_bps[seller])
        with np.errstate(invalid="ignore"):
            looked |= 1e4 * (closes[seller] / closes[1 - seller] * kept - 1.0) > least - 1e-6
    return looked


def _closes(backtester: SpotArbitrageBacktester, inputs: Inputs, venue: int, ends: Times) -> tuple[str, Floats]:
    stream, book = inputs.streams.all[venue], inputs.market[venue].book
    if parts_of(backtester.store, "trades", stream, inputs.span):
        trades = read_trades(backtester.store, stream, inputs.span)
        if trades.recv_ns.size:
            return "last trade", closing_prices(trades.recv_ns, trades.price, ends)
    return "last middle", closing_prices(book.recv_ns, 0.5 * (book.bid + book.ask), ends)


def _in_the_books(trades: pl.DataFrame, inputs: Inputs, terms: RunTerms) -> Floats:
    times, sell_a = trades["time_ns"].to_numpy(), trades["sell_a"].to_numpy()
    found = np.full(times.shape, np.nan)
    for seller, chosen in ((AB, sell_a), (BA, ~sell_a)):
        bids, asks = inputs.market[seller].book, inputs.market[1 - seller].book
        bid = closing_prices(bids.recv_ns, bids.bid, times[chosen])
        ask = closing_prices(asks.recv_ns, asks.ask, times[chosen])
        kept, paid = 1.0 - terms.venues[seller].taker_rate, 1.0 + terms.venues[1 - seller].taker_rate
        found[chosen] = trades["quantity"].to_numpy()[chosen] * (bid * kept - ask * paid)
    return found


def _table(trades: pl.DataFrame, result: BacktestResult) -> pl.DataFrame:
    notional = float((trades["quantity"] * trades["buy_price"]).sum())
    summary = result.summary
    net = float(result.waterfall.filter(pl.col("step") == "net")["bps_of_notional"][0])
    book = trades["book_quote"].fill_nan(None)
    return pl.DataFrame(
        {
            "way": ["closes of candles", "the same trades, in the books of that moment", "ticks"],
            "trades": [trades.height, book.count(), summary.pairs_filled],
            "profit_quote": [float(trades["profit_quote"].sum()), float(book.sum()), summary.spread_quote],
            "bps_of_notional": [
                _bps(float(trades["profit_quote"].sum()), notional),
                _bps(float(book.sum()), notional),
                net,
            ],
        }
    )


def _bps(profit: float, notional: float) -> float:
    return profit / notional / BPS if notional > 0.0 else float("nan")
