"""What a backtest says, in words and key figures."""

from __future__ import annotations

from math import isfinite
from typing import Any, Final, Literal

import polars as pl

from arbresearch.backtest.candles import CandleTrap
from arbresearch.backtest.judged import status_of_answer
from arbresearch.backtest.result import BacktestResult
from arbresearch.backtest.summary import BacktestSummary
from arbresearch.backtest.sweeps import median_latency_s
from arbresearch.backtest.verdict import (
    WANTED_ANNUAL_RETURN,
    WANTED_DRAWDOWN,
    WANTED_REWARD_TO_RISK,
    WANTED_WIN_RATE,
)
from arbresearch.backtest.views import check_table, money, number, percent, seconds
from arbresearch.core import Symbol

__all__ = [
    "backtest_figures",
    "backtest_status",
    "backtest_tables",
    "backtest_verdict",
    "describe_backtest",
    "describe_data",
    "describe_latency",
    "describe_trap",
    "run_name",
]

_ANSWERS: Final = {
    "yes": "it meets what is wanted",
    "no": "it falls short of what is wanted",
    "not enough data": "too little data to tell",
}
_LONGEST: Final = 1_000
_WANTED: Final = (
    f"Wanted are more than {percent(WANTED_ANNUAL_RETURN, 0)} a year and a drawdown under "
    f"{percent(WANTED_DRAWDOWN, 0)}, which decide; of a signal, a win rate above {percent(WANTED_WIN_RATE, 0)} and a "
    f"reward to risk of {WANTED_REWARD_TO_RISK:g}."
)


def run_name(result: BacktestResult) -> str:
    """Return how a run is called: symbol, A and B, perpetuals marked, such as ``LUNC/USDT mexc-gate``."""
    first, second = result.symbol, str(result.config.get("symbol_b") or result.symbol)
    a, b = (f"{venue} perp" if ":" in symbol else venue
            for venue, symbol in zip(result.venues[:2], (first, second), strict=True))  # fmt: skip
    coin, other = first.split(":")[0], second.split(":")[0]
    return f"{coin} {a}-{b}" + ("" if coin == other else f" {other}")


def backtest_verdict(result: BacktestResult, summary: BacktestSummary, candidates: int = 1) -> str:
    """Return the verdict in two sentences: the answer; then profit, bound, trials and where the edge went."""
    head = f"{run_name(result)}: {_ANSWERS[summary.answer]}{_short_of(summary)}."
    if not summary.pairs_filled:
        return f"{head} {_nothing(summary)}"
    known = isfinite(summary.annual_return_bound)
    bound = f"at least {percent(summary.annual_return_bound)} with 95 % confidence" if known else "without a bound"
    return (
        f"{head} {summary.pairs_filled:,} pairs in {_length(summary.days)} {_earned(summary.spread_quote)} "
        f"{_quote(result)} on {money(summary.capital_quote)}: {percent(summary.annual_return)} a year, {bound} "
        f"({_compared(candidates)}); {_costs(result)}; drawdown {percent(-summary.max_drawdown)}."
    )


def backtest_status(summary: BacktestSummary) -> Literal["ok", "warn", "no"]:
    """Return ``ok`` where annual return and drawdown are as wanted, ``no`` where one is not, else ``warn``."""
    return status_of_answer(summary.answer)


def describe_backtest(result: BacktestResult, summary: BacktestSummary, candidates: int = 1) -> str:
    """Return in Markdown the answer, what was earned on what, where the edge went, and what to doubt."""
    lines = [f"**{_sentence(_ANSWERS[summary.answer])}{_short_of(summary)}.** {_WANTED}"]
    if not summary.pairs_filled:
        return "\n\n".join([*lines, _nothing(summary)])
    quote, least = _quote(result), number(summary.lower_bound_bps_day)
    bound = "without a bound, for that takes 20 whole blocks"
    if isfinite(summary.lower_bound_bps_day):
        bound = f"at least **{least}** with 95 % confidence ({_compared(candidates)})"
    lines.append(
        f"**{money(summary.spread_quote)} {quote}** in {_length(summary.days)}, "
        f"{money(summary.spread_quote / summary.days)} a day, on {money(summary.capital_quote)} that lie on both "
        f"venues: {number(summary.mean_bps_day)} bps of capital a day, {bound}. That is the spread profit, the coin's "
        f"own price taken out. What that price did to the inventory, {money(summary.inventory_quote)} {quote}, is "
        "counted apart."
    )
    lines.append(
        f"{summary.pairs:,} pairs were decided and {summary.pairs_filled:,} filled; {_costs(result)}. One leg filled "
        f"more than the other in {percent(summary.one_leg_rate, 2)} of them. The median order met a book "
        f"{seconds(median_latency_s(result))} after it was sent."
    )
    if summary.checks[1].answer == "not enough data":
        lines.append(
            f"{_days(summary.complete_days)} little about drawdown and nothing about months to come: edges fade. Fills "
            "assume that what was displayed could be had, once for each update of the book, and that nobody reacts to "
            "our orders."
        )
    return "\n\n".join(lines)


def describe_data(result: BacktestResult) -> str:
    """Return in Markdown what was read and what is to be known before the figures are trusted, a line a warning."""
    lead = f"{result.summary.rows:,} recorded rows."
    if not result.warnings:
        return f"{lead} No warning."
    return f"{lead} To be known before the figures are trusted:\n\n" + "\n".join(f"- {one}" for one in result.warnings)


def describe_latency(sweep: pl.DataFrame, assumed_s: float) -> str:
    """Return in Markdown what latency costs, from the fastest to the slowest of a sweep."""
    if not sweep["pairs"].sum():
        return "No pair was decided at any latency."
    first, last = sweep.row(0, named=True), sweep.row(-1, named=True)
    ends = " to ".join(number(one["bps_day"]) for one in (first, last))
    kept = " to ".join(percent(one["both_legs"]) for one in (first, last))
    known = f" In the run itself the median order met a book after {seconds(assumed_s)}." if isfinite(assumed_s) else ""
    return (
        f"From {seconds(first['latency_s'])} to {seconds(last['latency_s'])} the profit goes from **{ends}** bps a "
        f"day, and the share of pairs whose legs both filled from {kept}.{known}"
    )


def describe_trap(trap: CandleTrap | None) -> str:
    """Return in Markdown what candles report beside what the books and the ticks say; empty where there is none."""
    if trap is None:
        return ""
    quote = Symbol.parse(trap.symbol).quote
    closes, books, ticks = (f"**{money(one)} {quote}**" for one in trap.profits)
    many, _, pairs = trap.table["trades"]
    kinds = " and the ".join(dict.fromkeys(trap.closes))
    return (
        f"**{trap.name}.** A backtest on closes of {seconds(trap.interval_s)} (the {kinds} of each) makes {many:,} "
        f"trades and reports {closes}. At the best prices of those very moments the same trades come to {books}. "
        f"{_decided(int(pairs))} {ticks}."
    )


def backtest_figures(
    result: BacktestResult, summary: BacktestSummary, candidates: int = 1
) -> dict[str, dict[str, Any]]:
    """Return what a report puts first; value, text and note by name."""
    sure, daily = f"95 % confidence, {_compared(candidates)}", (summary.mean_bps_day, summary.lower_bound_bps_day)
    years, depth = (summary.annual_return, summary.annual_return_bound), -summary.max_drawdown
    profit, win, ratio = summary.spread_quote, summary.win_rate_pairs, summary.reward_to_risk
    gross, net = (_bps(_step(result, step), 2) for step in ("gross", "net"))
    return {
        "pair": {"value": run_name(result)},
        "annual return": _figure(years[0], percent(years[0]), "not compounded"),
        "annual return, at least": _figure(years[1], percent(years[1]), sure),
        "profit a day": _figure(daily[0], _bps(daily[0]), "of capital"),
        "profit a day, at least": _figure(daily[1], _bps(daily[1]), sure),
        "spread profit": _figure(profit, f"{money(profit)} {_quote(result)}", f"on {money(summary.capital_quote)}"),
        "drawdown": _figure(depth, percent(depth), f"{summary.complete_days:,} complete days"),
        "win rate": _figure(win, percent(win), "by pair"),
        "reward to risk": _figure(ratio, number(ratio, 2), "by pair"),
        "pairs filled": {"value": summary.pairs_filled, "note": f"of {summary.pairs:,} decided"},
        "gross": _figure(_step(result, "gross"), gross, "of notional"),
        "net": _figure(_step(result, "net"), net, "of notional"),
        "one leg more": _figure(summary.one_leg_rate, percent(summary.one_leg_rate, 2), "of pairs"),
    }


def backtest_tables(
    result: BacktestResult,
    summary: BacktestSummary,
    *,
    latency: pl.DataFrame,
    bracket: pl.DataFrame,
    traps: list[CandleTrap | None],
    candidates: int = 1,
) -> dict[str, pl.DataFrame | list[dict[str, Any]]]:
    """Return what later stages read: the summary as judged, checks, waterfall, days, sweeps, candles, warnings."""
    plain = {key: value for key, value in summary.as_dict().items() if not isinstance(value, dict | list)}
    name = run_name(result)
    found = [trap.table.with_columns(pl.lit(trap.name).alias("pair")) for trap in traps if trap is not None]
    return {
        "summary": [{"pair": name, "candidates": candidates, **plain, "digest": result.digest}],
        "checks": check_table(summary),
        "waterfall": result.waterfall,
        "days": result.days.head(_LONGEST),
        "latency": latency,
        "fill_rules": bracket,
        "markouts": result.markouts,
        "candles": pl.concat(found) if found else [],
        "warnings": [{"warning": one} for one in result.warnings[:_LONGEST]],
    }


def _short_of(summary: BacktestSummary) -> str:
    deciding = summary.checks[:2]
    if summary.answer == "no":
        return f" ({', '.join(one.name for one in deciding if one.answer == 'no')})"
    unsure = [one.name for one in deciding if one.answer == "not enough data"]
    return f" (open: {', '.join(unsure)})" if unsure else ""


def _nothing(summary: BacktestSummary) -> str:
    if summary.pairs:
        return f"Of {summary.pairs:,} pairs decided in {_length(summary.days)} none filled."
    return f"In {_length(summary.days)} no pair was decided: no net edge passed its threshold."


def _costs(result: BacktestResult) -> str:
    steps = result.waterfall.filter((pl.col("part") == "spread") & ~pl.col("is_sum")).slice(1)
    worst = steps.sort("bps_of_notional", maintain_order=True).row(0, named=True)
    took = -worst["bps_of_notional"]
    most = f", {worst['step']} took {number(took)}" if took > 0.0 else ""
    return f"of {number(_step(result, 'gross'))} bps gross {number(_step(result, 'net'))} are left{most}"


def _step(result: BacktestResult, step: str) -> float:
    return float(result.waterfall.filter(pl.col("step") == step)["bps_of_notional"][0])


def _quote(result: BacktestResult) -> str:
    return Symbol.parse(result.symbol).quote


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}"


def _length(days: float) -> str:
    return f"{24.0 * days:,.1f} hours" if days < 2.0 else f"{days:,.1f} days"


def _bps(value: float, digits: int = 1) -> str:
    return f"{number(value, digits)} bps" if isfinite(value) else number(value)


def _earned(profit: float) -> str:
    return f"lost {money(-profit)}" if profit < 0.0 else f"earned {money(profit)}"


def _days(complete: int) -> str:
    return (
        "No complete day says" if not complete else f"{complete:,} complete day{'s say' if complete > 1 else ' says'}"
    )


def _decided(pairs: int) -> str:
    return f"On ticks {pairs:,} pairs fill and come to" if pairs else "On ticks no pair fills:"


def _compared(candidates: int) -> str:
    return "one candidate" if candidates == 1 else f"{candidates:,} compared"


def _figure(value: float, text: str, note: str = "") -> dict[str, Any]:
    return {"value": float(f"{value:.6g}") if isfinite(value) else None, "text": text, "note": note}
