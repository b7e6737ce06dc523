"""A result as the small tables that a report shows, numbers as text where their units differ."""

from __future__ import annotations

from math import isfinite, nan
from types import MappingProxyType
from typing import Final

import polars as pl

from arbresearch.backtest.codes import OneLegPolicy, Rebalance
from arbresearch.backtest.config import TAKER_MODES, BacktestConfig
from arbresearch.backtest.judged import status_of_answer
from arbresearch.backtest.result import BacktestResult
from arbresearch.backtest.summary import BacktestSummary
from arbresearch.core import Symbol, format_ns
from arbresearch.signals.modes import MODES

__all__ = [
    "assumptions",
    "check_table",
    "cost_table",
    "money",
    "number",
    "order_table",
    "outcome_table",
    "percent",
    "seconds",
]

_STEPS: Final = MappingProxyType(
    {
        "gross": "best bid less best ask when it was decided",
        "missed": "the part of it that did not fill on both legs",
        "depth": "planned average prices against the best ones: walking the books",
        "latency": "prices met against those planned: the books had moved",
        "maker fees": "of orders that rested",
        "taker fees": "of orders that took",
        "one leg": "completing or undoing what one leg filled more",
        "transfers": "network fees, and losses on the way",
        "funding": "of perpetuals that are A or B",
        "liquidation": "of perpetuals that are A or B",
        "residual": "coin left over, from its mark then to the last",
        "net": "hedged spread profit: what trading earned",
        "inventory": "the coin's own rise or fall on what was held at the start",
        "hedge price": "the perpetual's price",
        "hedge fees": "of hedging",
        "hedge funding": "received or paid",
        "hedge liquidation": "penalty",
        "hedge": "the perpetual in all",
        "total": "everything",
    }
)
_OUTCOMES: Final = MappingProxyType(
    {
        "complete": "both legs filled whole",
        "partial": "both legs filled alike, but less than was wanted",
        "repaired": "one leg filled more and was made even",
        "residual": "one leg filled more and could not be made even",
        "unfilled": "neither leg filled",
        "open": "not closed at the end",
    }
)
_REASONS: Final = MappingProxyType(
    {
        "leg": "leg as decided",
        "hedge": "taker leg of a maker's fill",
        "complete": "completing a leg",
        "unwind": "undoing a leg",
        "deadline": "undoing at the deadline",
        "delta": "perpetual hedge",
    }
)

_POLICIES: Final = MappingProxyType(
    {
        OneLegPolicy.COMPLETE: "what is missing is sent again",
        OneLegPolicy.UNWIND: "the excess is undone",
        OneLegPolicy.HOLD: "the price of the decision is waited for",
    }
)
_WAYS: Final = MappingProxyType(
    {
        Rebalance.NONE: "only by edges of the other direction",
        Rebalance.REVERSE: "by the other direction at rebalancing cost",
        Rebalance.TRANSFER: "by transfers",
    }
)


def check_table(summary: BacktestSummary) -> pl.DataFrame:
    """List what is wanted and what was found: figure, wanted, found, at_least, status (ok, warn, no) and answer."""
    rows = []
    for one in summary.checks:
        ratio = one.name == "reward to risk"
        shown = (lambda value: number(value, 2)) if ratio else percent
        rows.append(
            {
                "figure": one.name,
                "wanted": f"{'under' if one.name == 'drawdown' else 'above'} {shown(one.wanted)}",
                "found": shown(one.found),
                "at_least": shown(one.lower_bound),
                "status": status_of_answer(one.answer),
                "answer": one.answer,
            }
        )
    return pl.DataFrame(rows)


def _levels(config: BacktestConfig) -> list[tuple[str, str]]:
    if config.schedule is not None:
        trading = sum(row.trades for row in config.schedule.rows)
        since = _moment(config.schedule.rows[0].since_ns)
        return [("thresholds", f"a schedule of {len(config.schedule)} rows from {since} on, {trading} of them trade")]
    levels = [
        ("net edge above, to tilt inventory", f"{_both(config.entry_bps)} bps"),
        ("net edge above, to bring it back", f"{_both(config.exit_bps)} bps"),
    ]
    if config.tilt_slope_bps:
        levels.append(("higher when all coin is gone", f"by {config.tilt_slope_bps:g} bps"))
    return levels


def assumptions(result: BacktestResult) -> pl.DataFrame:
    """List what the run assumes, each with its value in words: assumption, value."""
    config, quote = BacktestConfig.from_dict(result.config), Symbol.parse(result.symbol).quote
    summary, (a, b, _) = result.summary, result.venues
    held = result.inventory["base_a"][0] + result.inventory["base_b"][0]
    coin = percent(held * result.equity["mark"][0] / summary.capital_quote if summary.capital_quote > 0.0 else nan)
    loss = "no limit" if config.daily_loss_quote is None else f"{money(config.daily_loss_quote)} {quote}"
    rows = [
        ("A and B", f"{a} {result.symbol} and {b} {config.symbol_b or result.symbol}"),
        ("time", f"{_moment(summary.start_ns)} to {_moment(summary.end_ns)} UTC, {summary.days:,.2f} days"),
        ("modes", _mode_words(config)),
        *_levels(config),
        ("largest order", f"{money(config.largest_order_quote)} {quote}"),
        ("capital", f"{money(summary.capital_quote)} {quote}, {coin} in coin"),
        ("where one leg fills more", f"{_POLICIES[config.one_leg]}; undone after {config.deadline_s:g} s"),
        ("orders fill up to", f"{config.price_band_bps:g} bps beyond the price seen"),
        ("inventory comes back", f"{_WAYS[config.rebalancing]}, after {config.max_hold_time_minutes:,g} min of tilt"),
        ("a quote is stale after", f"{config.max_age_s:g} s, unchanged {config.max_unchanged_s:g} s"),
        ("pairs open at once, most", str(config.max_in_flight)),
        ("a day ends at a loss of", loss),
        ("resting orders fill by", config.fill_rule.value if config.makes else "no order rests"),
        ("hedge", _hedge_words(config)),
    ]  # fmt: skip
    for note in result.notes:
        what, colon, value = note.partition(": ")
        rows.append((what, value) if colon else ("note", what))
    return pl.DataFrame(rows, schema=["assumption", "value"], orient="row")


def cost_table(result: BacktestResult) -> pl.DataFrame:
    """List the steps from gross to all: step, profit_quote, bps_of_notional, bps_day, meaning; those of nothing not."""
    always = ("gross", "net", "inventory", "total")
    shown = result.waterfall.filter((pl.col("profit_quote").abs() > 5e-7) | pl.col("step").is_in(always))
    meaning = pl.col("step").replace_strict(dict(_STEPS), return_dtype=pl.String).alias("meaning")
    return shown.select("step", "profit_quote", "bps_of_notional", "bps_day", meaning)


def outcome_table(result: BacktestResult) -> pl.DataFrame:
    """Count pairs by what became of them, where any did: outcome, pairs, share, profit_quote, hold_s, meaning."""
    found = result.pairs.group_by("outcome").agg(
        pl.len().alias("pairs"), pl.col("profit_quote").sum(), pl.col("hold_s").fill_nan(None).median()
    )
    order = pl.DataFrame({"outcome": list(_OUTCOMES), "meaning": list(_OUTCOMES.values())})
    joined = order.join(found, on="outcome", maintain_order="left")
    share = (pl.col("pairs") / max(result.pairs.height, 1)).alias("share")
    return joined.select("outcome", "pairs", share, "profit_quote", "hold_s", "meaning")


def order_table(result: BacktestResult) -> pl.DataFrame:
    """Count orders by venue, role and reason.

    Returns
    -------
    polars.DataFrame
        venue, role, why, orders, filled (share of the quantity sent), not_filled and rejected (orders).
    """
    return (
        result.orders.group_by("account", "venue", "role", "reason", maintain_order=True)
        .agg(
            pl.len().alias("orders"),
            (pl.col("filled").sum() / pl.col("quantity").sum()).alias("filled"),
            (pl.col("filled") == 0.0).sum().alias("not_filled"),
            (pl.col("state") == "rejected").sum().alias("rejected"),
        )
        .sort("account", "role", "orders", descending=[False, False, True], maintain_order=True)
        .with_columns(pl.col("reason").replace_strict(dict(_REASONS), return_dtype=pl.String).alias("why"))
        .select("venue", "role", "why", "orders", "filled", "not_filled", "rejected")
    )


def number(value: float | None, digits: int = 1) -> str:
    """Return a number as text; a dash where it is not known."""
    return "–" if value is None or not isfinite(value) else f"{value:,.{digits}f}".replace("-", "−")


def money(value: float | None) -> str:
    """Return an amount as text: whole from 1,000 on, else with two decimals; a dash where it is not known."""
    return number(value, 0 if value is not None and abs(value) >= 1_000 else 2)


def percent(share: float | None, digits: int | None = None) -> str:
    """Return a share as text in percent: two decimals below 10 %, one below 1,000 %; a dash where it is not known."""
    if share is None or not isfinite(share):
        return "–"
    size = abs(100.0 * share)
    return f"{number(100.0 * share, (2 if size < 10 else 1 if size < 1_000 else 0) if digits is None else digits)} %"


def seconds(value: float) -> str:
    """Return a time as text in ms, s, min or h; a dash where it is not known."""
    if not isfinite(value):
        return "–"
    for limit, unit, name in ((1.0, 1e-3, "ms"), (60.0, 1.0, "s"), (3_600.0, 60.0, "min")):
        if value < limit:
            return f"{value / unit:,.3g} {name}"
    return f"{value / 3_600.0:,.3g} h"


def _both(values: tuple[float, float]) -> str:
    sell_a, sell_b = values
    return f"{sell_a:g}" if sell_a == sell_b else f"{sell_a:g} selling on A, {sell_b:g} on B"


def _mode_words(config: BacktestConfig) -> str:
    if set(config.modes) == set(MODES):
        return "all six: both legs take, or one of them rests"
    if config.modes == TAKER_MODES:
        return "both legs take, either direction"
    return ", ".join(mode.name.lower().replace("_", " ") for mode in config.modes)


def _hedge_words(config: BacktestConfig) -> str:
    hedge = config.hedge
    return "none" if hedge is None else f"perpetual on {hedge.venue}, band {hedge.band_contracts:g} contracts"


def _moment(time_ns: int) -> str:
    return format_ns(time_ns, 0)[:16].replace("T", " ")
