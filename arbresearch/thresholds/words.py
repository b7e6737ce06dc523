"""What an optimisation says, in words, key figures and the tables that later stages read."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite, nan
from typing import Any, Final, Literal

import orjson
import polars as pl

from arbresearch.backtest.views import money, number, percent
from arbresearch.backtest.words import run_name
from arbresearch.core import Symbol, format_ns
from arbresearch.thresholds.frames import out_of_sample_days
from arbresearch.thresholds.resample import Interval
from arbresearch.thresholds.result import OptimalThresholds
from arbresearch.thresholds.views import bps, bps_band, process_table, sides, size_table, skill_table, sure

__all__ = [
    "describe_doubts",
    "describe_folds",
    "describe_overfitting",
    "describe_process",
    "describe_regimes",
    "describe_sizing",
    "describe_surface",
    "describe_thresholds",
    "threshold_figures",
    "threshold_name",
    "threshold_row",
    "threshold_status",
    "threshold_tables",
    "threshold_verdict",
]

_LONGEST: Final = 1_000
_NONE: Final = Interval(nan, nan, nan, nan)
_STATUS: Final[dict[str, Literal["ok", "warn", "no"]]] = {"trade": "ok", "unclear": "warn", "no trade": "no"}


def threshold_name(found: OptimalThresholds) -> str:
    """Return how the pair is called: symbol, A and B, perpetuals marked, such as ``LUNC/USDT mexc-gate``."""
    return run_name(found.out_of_sample.result)


def threshold_verdict(found: OptimalThresholds) -> str:
    """Return the verdict in two sentences: the answer with what was kept; then the thresholds, or what was promised."""
    head = f"{threshold_name(found)}: {found.verdict[0].lower()}{found.verdict[1:]}"
    promised = bps(found.in_sample_bps_day)
    tried = f"{found.trials:,} settings tried"
    if found.answer == "no trade" or found.plateau is None:
        return f"{head} Where they were chosen thresholds promised {promised} a day ({tried})." if isfinite(
            found.in_sample_bps_day
        ) else head  # fmt: skip
    (a, b), (name_a, name_b) = (number(one) for one in (found.sell_a_bps, found.sell_b_bps)), sides(found)
    return (
        f"{head} Sell on {name_a} above {a} bps net and on {name_b} above {b}, "
        f"{money(found.order_quote)} {_quote(found)} an order; {promised} a day were promised ({tried})."
    )


def threshold_status(found: OptimalThresholds) -> Literal["ok", "warn", "no"]:
    """Return ``ok`` where the answer is to trade, ``no`` where it is not to, ``warn`` where the data do not say."""
    return _STATUS[found.answer]


def describe_thresholds(found: OptimalThresholds) -> str:
    """Return in Markdown the answer, what was kept of what was promised, and on how much data."""
    kept = found.out_of_sample
    lines = [f"**{found.verdict}**"]
    folds, traded = found.folds.height, int(found.folds["trades"].sum())
    if traded:
        share = f": {percent(found.efficiency, 0)} of it" if isfinite(found.efficiency) else ""
        lines.append(
            f"Where they were chosen, thresholds brought {bps(found.in_sample_bps_day)} of capital a day. On the "
            f"{_days(out_of_sample_days(found))} that followed, {traded} of {folds} folds traded, "
            f"{kept.result.summary.pairs_filled:,} pairs filled, and **{bps_band(kept.profit_bps_day)}** a day "
            f"({sure(found)} interval) were kept{share}."
        )
    if found.answer == "trade":
        lines.append("The table says what to use from the end of the data on. `arb optimize --out` saves it as a file.")
    elif found.plateau is not None:
        lines.append(
            "The table says what the last time to choose on would set. It is shown to be judged, not to be traded."
        )
    return "\n\n".join(lines)


def describe_process(found: OptimalThresholds) -> str:
    """Return in Markdown whether the spread reverts, and the levels of the closed form."""
    fit = found.fit
    if not fit.reverts:
        return (
            f"**Nothing to start from: {fit.reason}.** No process was fitted in its place; where settings could be "
            "tried, they lie at quantiles of the two net edges."
        )
    band = bps_band(Interval(fit.half_width_bps, fit.half_width_low_bps, fit.half_width_high_bps, nan))
    return (
        f"The spread reverts. If it were an Ornstein-Uhlenbeck process of these figures, traded all the time from one "
        f"level to the other, the best half width would be **{band}**, for {bps(fit.rate_bps_day)} a day of the "
        "notional that is tilted. That starts the search; what is chosen rests on backtests."
    )


def describe_surface(found: OptimalThresholds) -> str:
    """Return in Markdown how large the plateau is, where its middle lies, and whether the grid ends it."""
    grid, plateau = found.grid, found.plateau
    if grid is None or plateau is None:
        return f"**Nothing was tried: {found.folds['reason'][-1] or found.fit.reason}.**" if found.folds.height else ""
    members, points = int(plateau.members.sum()), len(grid.points)
    chosen, peak = found.profit_bps_day[plateau.choice], found.profit_bps_day.max()
    edge = f" It reaches the edge of the grid ({', '.join(plateau.at_edge)})." if plateau.at_edge else ""
    return (
        f"Of {points:,} settings {members:,} are as good as the best within what the data can tell.{edge} The best "
        f"alone made {bps(float(peak))} a day here, the middle of the plateau **{bps(float(chosen))}**: the middle is "
        "taken, as its neighbours would have done for it."
    )


def describe_folds(found: OptimalThresholds) -> str:
    """Return in Markdown how often thresholds were chosen anew, and how much lies between choosing and judging."""
    folds = found.folds
    gap_s = (folds["test_start_ns"][0] - folds["train_end_ns"][0]) / 1e9
    kind = "all that came before" if found.settings["walk"] == "anchored" else "a window of constant length before"
    test_s = (folds["test_end_ns"][0] - folds["test_start_ns"][0]) / 1e9
    return (
        f"{folds.height} times thresholds were chosen on {kind} and used for the {_days(test_s / 86_400)} after it, "
        f"with {number(gap_s / 60)} min left out in between, as long as a position may last."
    )


def describe_overfitting(found: OptimalThresholds) -> str:
    """Return in Markdown what picking the best would have promised, what was kept, and the odds of luck."""
    if found.overfitting is None or not found.profit_bps_day.size:
        return "Too little was tried, or too little data is there, to tell how much of it is luck."
    peak, kept = bps(float(found.profit_bps_day.max())), bps(found.out_of_sample.profit_bps_day.value)
    later = f"later data gave **{kept}**" if found.folds["trades"].any() else "on later data nothing was traded"
    return (
        f"Picking the best of {len(found.profit_bps_day):,} settings after the fact would have promised **{peak}** a "
        f"day; {later}. Over {found.overfitting.splits:,} ways to halve the time, the best setting "
        f"of one half was below the middle of the other in **{percent(found.overfitting.probability)}**. Against the "
        f"best of {found.trials:,} settings without any skill, the chance that there is some is "
        f"{percent(found.deflated_sharpe)}."
    )


def describe_regimes(found: OptimalThresholds) -> str:
    """Return in Markdown which thresholds that depend on a state did better out of sample."""
    if not found.regimes:
        return "Nothing was traded out of sample, so there is nothing that a state could improve."
    good = [one.name for one in found.regimes if one.offered]
    if not good:
        return "**Constant thresholds stay.** None of these did better on later data with confidence."
    return (
        f"**Offered: {', '.join(good)}**, better than constant thresholds on later data with {sure(found)} confidence."
    )


def describe_sizing(found: OptimalThresholds) -> str:
    """Return in Markdown the order size that all limits allow, and which one binds."""
    sizing = found.sizing
    if sizing is None:
        return "Nothing was tried, so nothing bounds a size."
    quote = _quote(found)
    if not sizing.size_quote > 0.0:
        return f"**No size is worth it** ({sizing.binding})."
    return (
        f"All limits together allow **{money(sizing.size_quote)} {quote}** an order; {sizing.binding} binds. It would "
        f"bring {money(sizing.profit_day)} {quote} a day where it was chosen, and the expected loss by default of a "
        f"venue is {money(sizing.default_loss_day)}. Kelly is shown and never followed: losses that "
        "are not in the data are not in it."
    )


def describe_doubts(found: OptimalThresholds) -> str:
    """Return in Markdown what to doubt, a line each."""
    always = (
        "Fills assume that what was displayed could be had, and that nobody reacts to our orders.",
        "Edges fade: thresholds are those of the recorded days, and want to be found anew every week.",
    )
    told = [f"{one[0].upper()}{one[1:].rstrip('.')}." for one in found.warnings]
    return "\n".join(f"- {one}" for one in (*told, *always))


def threshold_figures(found: OptimalThresholds) -> dict[str, dict[str, Any]]:
    """Return what a report puts first; value, text and note by name."""
    kept, over, fit = found.out_of_sample, found.overfitting, found.fit
    doubt = nan if over is None else over.probability
    first = found.folds["test_start_ns"][0] if found.folds.height else found.end_ns
    figures: dict[str, dict[str, Any]] = {
        "pair": {"value": threshold_name(found)},
        "answer": {"value": found.answer},
        "kept a day": _figure(kept.profit_bps_day.value, bps(kept.profit_bps_day.value), _span(kept.profit_bps_day)),
        "kept a day, at least": _figure(kept.lower_bound_bps_day, bps(kept.lower_bound_bps_day), f"{sure(found)} sure"),
        "judged on": _figure(out_of_sample_days(found), _days(out_of_sample_days(found)), f"from {_day(first)}"),
        "cost of a round trip": _figure(fit.cost_bps, bps(fit.cost_bps), f"deviation {bps(fit.stationary_sd_bps)}"),
    }
    if found.plateau is None:
        return figures
    for venue, name in zip(sides(found), ("sell_a_bps", "sell_b_bps"), strict=True):
        one = found.intervals[name]
        figures[f"sell on {venue} above"] = _figure(one.value, bps(one.value), _span(one))
    return {
        **figures,
        "order": _figure(found.order_quote, f"{money(found.order_quote)} {_quote(found)}", "largest of one action"),
        "promised a day": _figure(found.in_sample_bps_day, bps(found.in_sample_bps_day), "where it was chosen"),
        "kept of it": _figure(found.efficiency, percent(found.efficiency, 0)),
        "over-fitting": _figure(doubt, percent(doubt), f"{found.trials:,} settings"),
    }


def threshold_row(found: OptimalThresholds) -> dict[str, Any]:
    """Return what a later stage or week needs of it, as plain values: pair, data, thresholds with intervals, answer."""
    kept, row = found.out_of_sample, dict[str, Any]()
    for name in ("sell_a_bps", "sell_b_bps"):
        one, stem = found.intervals.get(name, _NONE), name.removesuffix("_bps")
        row |= {name: one.value, f"{stem}_low_bps": one.low, f"{stem}_high_bps": one.high}
    return {
        "pair": threshold_name(found),
        "symbol": found.symbol,
        "venue_a": found.venue_a,
        "venue_b": found.venue_b,
        "from": format_ns(found.start_ns),
        "until": format_ns(found.end_ns),
        "answer": found.answer,
        **row,
        "sell_a_exit_bps": found.sell_a_exit_bps,
        "sell_b_exit_bps": found.sell_b_exit_bps,
        "order_quote": found.order_quote,
        "max_hold_minutes": found.max_hold_minutes,
        "in_sample_bps_day": found.in_sample_bps_day,
        "out_of_sample_bps_day": kept.profit_bps_day.value,
        "out_of_sample_low_bps_day": kept.profit_bps_day.low,
        "out_of_sample_high_bps_day": kept.profit_bps_day.high,
        "lower_bound_bps_day": kept.lower_bound_bps_day,
        "trials": found.trials,
        "deflated_sharpe": found.deflated_sharpe,
        "overfitting": None if found.overfitting is None else found.overfitting.probability,
    }


def threshold_tables(
    found: OptimalThresholds, *, candidates: int = 1, shared: Mapping[str, Any] | None = None
) -> dict[str, pl.DataFrame | list[dict[str, Any]]]:
    """Return what later stages read.

    ``thresholds`` has one row (:func:`threshold_row`); ``schedules`` has one as parameters of ``30_backtest`` over the
    times to judge on, where any of them traded; then folds, regimes, sizes, skill, process and warnings.

    Parameters
    ----------
    found
        What was found.
    candidates
        Pairs compared.
    shared
        Parameters that the backtest must have alike.
    """
    return {
        "thresholds": [threshold_row(found)],
        "schedules": _schedule_rows(found, candidates, shared or {}),
        "folds": found.folds.head(_LONGEST),
        "regimes": found.regime_frame(),
        "sizes": size_table(found),
        "skill": skill_table(found),
        "process": process_table(found),
        "warnings": [{"warning": one} for one in found.warnings[:_LONGEST]],
    }


def _schedule_rows(found: OptimalThresholds, candidates: int, shared: Mapping[str, Any]) -> list[dict[str, Any]]:
    if not found.folds["trades"].any():
        return []
    start, end = found.folds["test_start_ns"][0], found.folds["test_end_ns"][-1]
    return [
        {
            "pair": threshold_name(found),
            "start": format_ns(start, 9),
            "end": format_ns(end, 9),
            "schedule": orjson.dumps(found.schedule.as_dict()).decode(),
            "candidates": candidates,
            **shared,
        }
    ]


def _quote(found: OptimalThresholds) -> str:
    return Symbol.parse(found.symbol).quote


def _span(interval: Interval) -> str:
    if not (isfinite(interval.low) and isfinite(interval.high)):
        return ""
    return f"{number(interval.low)} to {number(interval.high)}"


def _days(days: float) -> str:
    return f"{24.0 * days:,.1f} hours" if days < 2.0 else f"{days:,.1f} days"


def _day(time_ns: int) -> str:
    return format_ns(time_ns, 0)[:10]


def _figure(value: float, text: str, note: str = "") -> dict[str, Any]:
    return {"value": float(f"{value:.6g}") if isfinite(value) else None, "text": text, "note": note}
