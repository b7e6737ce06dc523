"""What a backtest found: frames, figures and a verdict, saved and read back as they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Self

import polars as pl

from arbresearch.backtest.equity import capital_at_start, day_frame, equity_frame, inventory_frame
from arbresearch.backtest.frames import cash_frame, event_frame, fill_frame, order_frame, transfer_frame
from arbresearch.backtest.log import RunLog
from arbresearch.backtest.market import Market
from arbresearch.backtest.markouts import markout_frame
from arbresearch.backtest.mids import Marks
from arbresearch.backtest.pair_accounts import pair_accounts, pair_frame
from arbresearch.backtest.plain import to_plain
from arbresearch.backtest.result_files import read_folder, write_folder
from arbresearch.backtest.summary import BacktestSummary, make_summary
from arbresearch.backtest.tables import TABLES
from arbresearch.backtest.terms import RunTerms
from arbresearch.backtest.waterfall import waterfall_frame
from arbresearch.core import NS_PER_DAY, BadInput, StoreError, expected

__all__ = ["BacktestResult"]

_LARGE_SHARE: Final = 0.25


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BacktestResult:
    """A run's records as frames, and what they amount to.

    Columns and types are in :data:`arbresearch.backtest.tables.TABLES`.

    Parameters
    ----------
    symbol, venues
        What was traded, and on which venues: A, B, and the hedge's (empty without one).
    fills, orders, order_events
        Each fill with role and reason, each order, each change of its state.
    pairs
        Each decision, from its gross edge to its profit; see :func:`~arbresearch.backtest.pair_accounts.pair_frame`.
    equity, inventory, days
        Profit by part, balances, and profit by day; see :mod:`arbresearch.backtest.equity`.
    waterfall
        From gross to net; see :func:`~arbresearch.backtest.waterfall.waterfall_frame`.
    markouts
        Prices after fills; see :func:`~arbresearch.backtest.markouts.markout_frame`.
    transfers, cash
        What was moved, and what was paid that no fill explains.
    summary
        The figures.
    config
        The settings of the run, as JSON can hold them.
    notes
        Where its terms came from.
    digest
        Of the data it ran on; empty where there is none.
    warnings
        What is to be known before the figures are trusted.
    """

    symbol: str
    venues: tuple[str, str, str]
    fills: pl.DataFrame
    orders: pl.DataFrame
    order_events: pl.DataFrame
    pairs: pl.DataFrame
    equity: pl.DataFrame
    inventory: pl.DataFrame
    days: pl.DataFrame
    waterfall: pl.DataFrame
    markouts: pl.DataFrame
    transfers: pl.DataFrame
    cash: pl.DataFrame
    summary: BacktestSummary
    config: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    digest: str = ""
    warnings: tuple[str, ...] = ()

    @classmethod
    def build(
        cls,
        log: RunLog,
        market: Market,
        terms: RunTerms,
        *,
        symbol: str,
        venues: tuple[str, str, str],
        config: Mapping[str, Any] = MappingProxyType({}),
        notes: Sequence[str] = (),
        digest: str = "",
        warnings: Sequence[str] = (),
    ) -> Self:
        """Return the result of a run.

        Parameters
        ----------
        log, market, terms
            The run's records, and what it ran on.
        symbol, venues, config, notes, digest
            Kept with the result; ``config`` is copied as JSON can hold it.
        warnings
            To be kept; what the result itself has to say comes after them.

        Raises
        ------
        BadInput
            The run has no sample, for its market has no row.
        """
        if not log.samples.size:
            raise BadInput(expected("market", "at least one recorded row", "none", "choose a time that has data"))
        marks = Marks(market)
        capital = capital_at_start(terms, marks)
        common_lot = terms.strategy.common_lot
        end_ns = int(log.samples["time_ns"][-1])
        length = (end_ns - int(log.samples["time_ns"][0])) / NS_PER_DAY
        accounts = pair_accounts(log, marks, end_ns, common_lot)
        fills = fill_frame(log, venues)
        equity = equity_frame(log, marks, terms, capital)
        days = day_frame(equity, capital)
        waterfall = waterfall_frame(log, accounts, marks, terms, end_ns=end_ns, capital_quote=capital, days=length)
        summary = make_summary(
            log, terms, accounts, equity, days, waterfall, capital_quote=capital, first_mark=marks.first_mark()
        )
        return cls(
            symbol=symbol,
            venues=venues,
            fills=fills,
            orders=order_frame(log, venues),
            order_events=event_frame(log),
            pairs=pair_frame(log, accounts, common_lot),
            equity=equity,
            inventory=inventory_frame(log, terms),
            days=days,
            waterfall=waterfall,
            markouts=markout_frame(fills, log, marks),
            transfers=transfer_frame(log, venues),
            cash=cash_frame(log, venues),
            summary=summary,
            config=to_plain(config),
            notes=tuple(notes),
            digest=digest,
            warnings=(*warnings, *_remarks(summary, days, waterfall)),
        )

    def frames(self) -> dict[str, pl.DataFrame]:
        """Return all frames by name."""
        return {name: getattr(self, name) for name in TABLES}

    def save(self, folder: Path | str) -> Path:
        """Write the result to a new folder, whole or not at all, and return the folder.

        A Parquet file a frame, ``summary.json`` and ``config.json``.

        Raises
        ------
        BadInput
            Something is there already.
        StoreError
            It cannot be written.
        """
        path = Path(folder)
        facts = {
            "symbol": self.symbol,
            "venues": list(self.venues),
            "digest": self.digest,
            "notes": list(self.notes),
            "warnings": list(self.warnings),
            "summary": self.summary.as_dict(),
        }
        write_folder(path, self.frames(), facts, self.config)
        return path

    @classmethod
    def load(cls, folder: Path | str) -> Self:
        """Return a saved result, equal to the one that was saved.

        Raises
        ------
        BadInput
            There is no result in the folder, or it is of another format.
        StoreError
            A file is missing or damaged.
        """
        frames, facts, config = read_folder(Path(folder))
        try:
            a, b, hedge = facts["venues"]
            summary = BacktestSummary.from_dict(facts["summary"])
            texts: dict[str, Any] = {name: str(facts[name]) for name in ("symbol", "digest")}
            texts |= {name: tuple(map(str, facts[name])) for name in ("notes", "warnings")}
        except (KeyError, TypeError, ValueError, BadInput) as error:
            raise StoreError(f"{folder}: summary.json is damaged ({error}); run the backtest again") from error
        rest: dict[str, Any] = {**texts, **frames}
        return cls(venues=(str(a), str(b), str(hedge)), summary=summary, config=config, **rest)


def _remarks(summary: BacktestSummary, days: pl.DataFrame, waterfall: pl.DataFrame) -> list[str]:
    remarks = []
    residual = float(waterfall.filter(pl.col("step") == "residual")["profit_quote"][0])
    if abs(residual) > _LARGE_SHARE * abs(summary.spread_quote - residual):
        remarks.append(
            f"of the spread profit of {summary.spread_quote:,.2f}, {residual:,.2f} is the price of coin that was left "
            f"unhedged ({summary.imbalance_quote:,.2f} at the end)"
        )
    cut = days.filter(~pl.col("complete"))
    if cut.height:
        names = ", ".join(f"{day} ({100.0 * share:.0f} %)" for day, share in cut.select("day", "share").iter_rows())
        remarks.append(f"daily figures leave out days that the run does not cover: {names}")
    if summary.pairs_open:
        remarks.append(f"pairs open at the end, counted as they stood: {summary.pairs_open}")
    if summary.halted:
        remarks.append("a position was liquidated, and trading ended there")
    return remarks
