"""What a study of signals says, in words and key figures."""

from __future__ import annotations

from math import isfinite
from typing import Any, Final, Literal

import numpy as np
import polars as pl

from arbresearch.signals.calibration_folds import separate_windows
from arbresearch.signals.study import WANTED_ERROR, SignalStudy, above_costs, calibrated_answer, pays_answer
from arbresearch.signals.views import acting_table, horizon_table, number, payoff_table, percent

__all__ = [
    "describe_acting",
    "describe_calibration",
    "describe_signals",
    "signal_caveats",
    "signal_figures",
    "signal_status",
    "signal_tables",
    "signal_verdict",
]

_CALIBRATED: Final = {
    "yes": "confidence is calibrated",
    "no": "confidence is not calibrated",
    "not enough data": "too little data to tell whether confidence is calibrated",
}
_CAVEATS: Final = (
    (
        "Coming back in time is not yet a profit: the way must be wider than both spreads and four fees. Other ways "
        "out of a tilted inventory, such as waiting for the other direction to pay, are judged by a backtest as well."
    ),
    (
        "Outcomes of neighbouring signals overlap, so that many outcomes are few observations; intervals resample "
        "whole blocks of time for that reason."
    ),
)
_LAST: Final = "Confidence holds as long as the market behaves alike; it was fitted on earlier data and judged on later"


def signal_verdict(study: SignalStudy) -> str:
    """Return the verdict: how often there is a signal, whether confidence is calibrated, whether acting on it paid."""
    return f"{study.name}: {_often(study)}; {_calibration(study)}; {_paid(study)}."


def signal_status(study: SignalStudy) -> Literal["ok", "warn", "no"]:
    """Return ``ok`` where confidence is calibrated and acting on it paid, ``no`` where that did not, else ``warn``."""
    answers = calibrated_answer(study.report), pays_answer(study)
    if answers[1] == "no":
        return "no"
    return "ok" if answers == ("yes", "yes") else "warn"


def describe_signals(study: SignalStudy) -> str:
    """Return in Markdown the verdict line by line: how often, how sure, how well it paid."""
    lines = {"How often": _often(study), "How sure": _calibration(study), "How well it paid": _paid(study)}
    return "\n".join(f"- **{name}.** {_sentence(text)}." for name, text in lines.items())


def describe_calibration(study: SignalStudy) -> str:
    """Return in Markdown on what confidence was calibrated and how far to trust it."""
    outcomes = study.outcomes
    target = _time(outcomes.target_horizon_s)
    lead = (
        f"{len(outcomes):,} times in {len(outcomes.names)} pair{'s' if len(outcomes.names) > 1 else ''} an edge stood "
        f"{outcomes.min_z:g} standard deviation or more above its mean, and what it did in the {target} after is known."
    )
    if study.report is None or study.plain is None:
        return f"{lead} **Nothing could be calibrated**: {study.reason}."
    report, plain = study.report, study.plain
    return (
        f"{lead} {percent(report.base_rate)} of those that were held out came back. Stated and seen differ by "
        f"**{number(100 * report.ece)} points** on average, where {number(100 * report.ece_chance)} would be "
        f"chance and at most {number(100 * WANTED_ERROR, 0)} are wanted; the chance by the fitted process alone is "
        f"{number(100 * plain.ece)} points off. Bars are 95 % intervals from blocks of time."
    )


def describe_acting(study: SignalStudy) -> str:
    """Return in Markdown what acting on signals above costs brought, by the confidence asked for."""
    if study.own is None:
        return "Without held-out confidence there is nothing to act on."
    table = acting_table(study)
    if not table["trips"].sum():
        return "No held-out edge was above its threshold and far enough from its mean: there was nothing to act on."
    some = table.filter(pl.col("trips") > 0)
    first, last = some.row(0, named=True), some.row(-1, named=True)
    return (
        f"Acting whatever the confidence makes {first['trips']:,} round trips of "
        f"**{number(first['round_trip_bps'])} bps** on average, net of all costs; asking for a confidence of "
        f"{percent(last['least_confidence'], 0)}, {last['trips']:,} of **{number(last['round_trip_bps'])} bps**."
    )


def signal_caveats(study: SignalStudy) -> str:
    """Return in Markdown what these figures do not know."""
    days = _length(above_costs(study.batch)[2])
    prices = (
        f"Entries and exits meet the best prices {_time(study.outcomes.latency_s)} after the quote that calls for them"
    )
    first = f"{prices}: no depth, no partial fill, no limit of inventory. A backtest plays all of them."
    return "\n".join(f"- {one}" for one in (first, *_CAVEATS, f"{_LAST}, in {days} in all."))


def signal_figures(study: SignalStudy) -> dict[str, dict[str, Any]]:
    """Return what a report puts first; value, text and note by name."""
    begun, share, days = above_costs(study.batch)
    report, result = study.report, study.result
    error = None if report is None else report.ece
    interval = "not calibrated"
    if report is not None:
        bounds = f"{number(100 * report.ece_lower)} to {number(100 * report.ece_upper)} points"
        interval = f"held out, {bounds}" if isfinite(report.ece_upper) else "held out, too short for an interval"
    own = study.own_report
    return {
        "pair": {"value": study.name},
        "signals above costs": {"value": begun, "note": f"in {_length(days)}"},
        "time above costs": _figure(share, percent(share, 2)),
        "largest net edge": _figure(_largest(study), f"{number(_largest(study))} bps"),
        "calibration error": _figure(error, "–" if error is None else f"{number(100 * error)} points", interval),
        "of this pair alone": _figure(own.ece if own else None, f"{number(100 * own.ece)} points" if own else "–"),
        "came back in time": _figure(
            report.base_rate if report else None, percent(report.base_rate) if report else "–",
            f"within {_time(study.outcomes.target_horizon_s)}",
        ),
        "round trip": _figure(result.mean, f"{number(result.mean)} bps" if result.observations else "–",
                              f"confidence {percent(study.high_confidence, 0)} or more, {result.observations:,} trips"),
        "round trip, at least": _figure(result.lower_bound, _bps(result.lower_bound), "95 % confidence"),
    }  # fmt: skip


def signal_tables(study: SignalStudy) -> dict[str, pl.DataFrame | list[dict[str, Any]]]:
    """Return what later stages read: summary, horizons, reliability, payoff, acting."""
    begun, share, days = above_costs(study.batch)
    result, report = study.result, study.report
    summary = {
        "pair": study.name,
        "signals": begun,
        "time_share": share,
        "days": days,
        "largest_edge_bps": _largest(study),
        "calibrated": calibrated_answer(report),
        "ece": None if report is None else report.ece,
        "ece_lower": None if report is None else report.ece_lower,
        "ece_upper": None if report is None else report.ece_upper,
        "ece_plain": None if study.plain is None else study.plain.ece,
        "brier": None if report is None else report.brier,
        "base_rate": None if report is None else report.base_rate,
        "outcomes": len(study.outcomes),
        "held_out": 0 if report is None else report.outcomes,
        "pays": pays_answer(study),
        "trips": result.observations,
        "round_trip_bps": result.mean,
        "round_trip_bound_bps": result.lower_bound,
        "reason": study.reason,
    }
    return {
        "summary": [summary],
        "horizons": horizon_table(study.batch),
        "reliability": [] if report is None else report.table,
        "payoff": payoff_table(study),
        "acting": acting_table(study),
    }


def _often(study: SignalStudy) -> str:
    begun, share, days = above_costs(study.batch)
    limits = {study.batch.settings.sell_a_bps, study.batch.settings.sell_b_bps}
    level = " or ".join(f"{one:g}" for one in sorted(limits))
    if not days:
        return f"no signal, for {_time(study.outcomes.target_horizon_s)} of data never passed in one piece"
    if not begun:
        most = f"its largest was {number(_largest(study))} bps"
        return f"the net edge never rose above {level} bps in {_length(days)}, {most}"
    return (
        f"the net edge rose above {level} bps {begun:,} times in {_length(days)}, {number(begun / days, 0)} a day, for "
        f"{percent(share, 2)} of the time"
    )


def _calibration(study: SignalStudy) -> str:
    if study.report is None:
        return f"confidence could not be calibrated ({_why(study)})"
    report, own = study.report, study.own_report
    many, alone = len(study.outcomes.names), ""
    if many > 1 and own is not None:
        alone = f" in {many} pairs, {number(100 * own.ece)} in this one"
    return f"{_CALIBRATED[calibrated_answer(report)]} (held-out error {number(100 * report.ece)} points{alone})"


def _why(study: SignalStudy) -> str:
    if not len(study.outcomes):
        return "no stretched edge was watched to its end"
    if "came back" in study.reason:
        return f"{percent(study.outcomes.reverted.mean())} of the stretched edges came back in time"
    return f"{len(study.outcomes):,} outcomes in {separate_windows(study.outcomes):,} windows are too few"


def _paid(study: SignalStudy) -> str:
    result, least = study.result, percent(study.high_confidence, 0)
    if study.own is None and above_costs(study.batch)[0]:
        return "so there was no confidence to act on"
    if not result.observations:
        return "there was nothing to act on" if study.own is None or not above_costs(study.batch)[0] else (
            f"no held-out signal above costs had a confidence of {least} or more"
        )  # fmt: skip
    bound = f", at least {number(result.lower_bound)}" if isfinite(result.lower_bound) else ", too few for a bound"
    return (
        f"acting on a confidence of {least} or more would have {'lost' if result.mean < 0 else 'brought'} "
        f"{number(abs(result.mean))} bps a round trip after costs ({result.observations:,} trips{bound}; "
        f"{_delay(study)})"
    )


def _delay(study: SignalStudy) -> str:
    latency_s = study.outcomes.latency_s
    return f"orders {_time(latency_s)} later" if latency_s else "without latency"


def _largest(study: SignalStudy) -> float:
    edges = study.batch.edge_bps
    known = edges[~np.isnan(edges)]
    return float(known.max()) if known.size else np.nan


def _time(seconds: float) -> str:
    for unit, size in (("h", 3_600.0), ("min", 60.0)):
        if seconds >= size:
            return f"{seconds / size:g} {unit}"
    return f"{seconds:g} s"


def _length(days: float) -> str:
    return f"{24.0 * days:,.1f} hours" if days < 2.0 else f"{days:,.1f} days"


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}"


def _bps(value: float) -> str:
    return f"{number(value)} bps" if isfinite(value) else "–"


def _figure(value: float | None, text: str, note: str = "") -> dict[str, Any]:
    known = value is not None and isfinite(value)
    return {"value": float(f"{value:.6g}") if known else None, "text": text, "note": note}
